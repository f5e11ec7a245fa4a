//! The `optimizer` of a `train` block.

use crate::check::Checker;
use crate::check::program::Optimizer;
use crate::check::types::Element;
use crate::diagnostics::catalog::{actions, names};
use crate::syntax::ast::{Expr, ExprKind};

/// Update rules of nd that this version does not run.
const LATER_OPTIMIZERS: &[&str] =
    &["momentum", "nesterov", "adam", "adamw", "rmsprop", "adagrad", "adadelta", "lion", "lbfgs"];

impl<'a> Checker<'a, '_> {
    pub(super) fn optimizer(&mut self, value: &'a Expr) -> Option<Optimizer> {
        let help = "write `optimizer = sgd(lr = 0.1)`";
        let ExprKind::Call { callee, arguments } = &*value.kind else {
            self.report(actions::bad_setting("optimizer", "is an update rule with its settings", value.span, help));
            return None;
        };
        let name = self.text(callee.span);
        if LATER_OPTIMIZERS.contains(&name.as_str()) {
            self.later(&format!("the optimizer `{name}`"), callee.span, "use `sgd(lr = …)`");
            return None;
        }
        if name != "sgd" {
            self.report(actions::unknown_optimizer(&name, callee.span, &["sgd"]));
            return None;
        }
        let mut rate = None;
        for argument in arguments {
            match &argument.name {
                None if rate.is_none() => rate = Some(&argument.value),
                Some(name) if name.text == "lr" && rate.is_none() => rate = Some(&argument.value),
                Some(name) => {
                    let twice = name.text == "lr";
                    let problem = if twice { "is given twice the argument" } else { "takes no argument called" };
                    self.report(names::bad_named_argument("sgd", &name.text, name.span, problem, &["lr"]));
                    return None;
                }
                None => {
                    self.report(names::wrong_argument_count("sgd", "1", arguments.len(), value.span, None));
                    return None;
                }
            }
        }
        let Some(rate) = rate else {
            self.report(actions::missing_setting("sgd", "lr", value.span, "sgd(lr = 0.1)"));
            return None;
        };
        let typed = self.value(rate, None);
        if typed.ty.is_error() {
            return None;
        }
        if !typed.ty.is_scalar() || typed.ty.element() == Some(Element::Bool) {
            self.report(actions::bad_setting("lr", "is one number", rate.span, help));
            return None;
        }
        Some(Optimizer::Sgd { learning_rate: self.convert_element(typed, Element::Real) })
    }
}
