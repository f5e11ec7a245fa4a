//! `optimizer = lbfgs(…)`: no function of one parameter and its gradient, so it is known by name.

use super::adjust::Adjustments;
use super::rule_settings::out_of_range;
use crate::check::Checker;
use crate::check::params::folded;
use crate::check::program::{Lbfgs, Optimizer, ParamId, StateTensor};
use crate::diagnostics::catalog::{actions, names, optimizers};
use crate::ir::Shape;
use crate::syntax::ast::{Argument, Expr, ExprKind, Setting};

/// Its name.
pub(super) const LBFGS: &str = "lbfgs";
/// Its settings, in order.
const SETTINGS: [&str; 5] = ["lr", "memory", "tolerance_gradient", "tolerance_change", "evaluations"];

impl<'a> Checker<'a, '_> {
    /// Whether an `optimizer` is L-BFGS and not a function of the file.
    pub(super) fn is_lbfgs(&self, value: &Expr) -> bool {
        matches!(&*value.kind, ExprKind::Call { callee, .. }
            if matches!(&*callee.kind, ExprKind::Name(name) if name == LBFGS && !self.globals.contains_key(LBFGS)))
    }

    /// L-BFGS compares losses and gradients from step to step, so that all must be of the same examples.
    pub(super) fn every_step_sees_all(
        &mut self,
        optimizer: &Setting,
        setting: Option<&Setting>,
        batch: Option<usize>,
        rows: Option<usize>,
    ) -> Option<()> {
        match (batch, rows) {
            (Some(batch), Some(rows)) if batch < rows => {
                let span = setting.map_or(optimizer.value.span, |setting| setting.value.span);
                self.report(optimizers::needs_all_examples(batch, rows, setting.is_some(), span));
                None
            }
            _ => Some(()),
        }
    }

    /// L-BFGS with its settings, and what it remembers.
    pub(super) fn lbfgs(
        &mut self,
        value: &'a Expr,
        adjustments: &Adjustments<'a, '_>,
        params: &[ParamId],
    ) -> Option<(Optimizer, Vec<StateTensor>)> {
        let others = [
            adjustments.schedule,
            adjustments.clip,
            adjustments.weight_decay,
            adjustments.average,
            adjustments.groups,
            adjustments.accumulate,
        ];
        let others: Vec<&Setting> = others.into_iter().flatten().collect();
        for setting in &others {
            self.report(optimizers::not_with_lbfgs(&setting.name.text, setting.name.span));
        }
        if !others.is_empty() {
            return None;
        }
        let ExprKind::Call { arguments, .. } = &*value.kind else { return None };
        let lbfgs = self.lbfgs_settings(arguments, value)?;
        let mut state = Vec::new();
        for id in params {
            let param = &self.program.params[id.0 as usize];
            let shape = param.domain.stored_shape(&param.shape).with_leading(lbfgs.memory);
            for part in ["changes", "gradient_changes"] {
                state.push(StateTensor { name: format!("{}/{part}", param.name), shape: shape.clone(), initial: 0.0 });
            }
        }
        state.push(StateTensor { name: format!("{LBFGS}/kept"), shape: Shape::new(&[]), initial: 0.0 });
        let optimizer = Optimizer {
            rule: LBFGS.to_string(),
            updates: Vec::new(),
            learning_rate: None,
            first_average: None,
            accumulation: None,
            step_norm: None,
            lbfgs: Some(lbfgs),
        };
        Some((optimizer, state))
    }

    fn lbfgs_settings(&mut self, arguments: &'a [Argument], value: &Expr) -> Option<Lbfgs> {
        let mut lbfgs =
            Lbfgs { lr: 1.0, memory: 10, tolerance_gradient: 1e-7, tolerance_change: 1e-9, evaluations: 25 };
        let mut given: Vec<&str> = Vec::new();
        for (order, argument) in arguments.iter().enumerate() {
            let name = match &argument.name {
                Some(name) => SETTINGS.into_iter().find(|known| *known == name.text),
                None => SETTINGS.get(order).copied(),
            };
            let (Some(name), false) = (name, name.is_some_and(|name| given.contains(&name))) else {
                self.bad_lbfgs_argument(argument, name, arguments.len(), value);
                return None;
            };
            given.push(name);
            match name {
                "memory" => lbfgs.memory = self.whole_value(name, &argument.value, 1)? as usize,
                "evaluations" => lbfgs.evaluations = self.whole_value(name, &argument.value, 1)?,
                "lr" => lbfgs.lr = self.lbfgs_number(name, &argument.value)?,
                "tolerance_gradient" => lbfgs.tolerance_gradient = self.lbfgs_number(name, &argument.value)?,
                _ => lbfgs.tolerance_change = self.lbfgs_number(name, &argument.value)?,
            }
        }
        Some(lbfgs)
    }

    fn bad_lbfgs_argument(&mut self, argument: &Argument, twice: Option<&str>, count: usize, value: &Expr) {
        let span = argument.name.as_ref().map_or(argument.value.span, |name| name.span);
        let error = match (&argument.name, twice) {
            (_, Some(name)) => names::bad_named_argument(LBFGS, name, span, "is given twice the argument", &SETTINGS),
            (Some(name), None) => {
                names::bad_named_argument(LBFGS, &name.text, span, "takes no argument called", &SETTINGS)
            }
            (None, None) => {
                let expected = format!("at most {}", SETTINGS.len());
                names::wrong_argument_count(LBFGS, &expected, count, value.span, None)
            }
        };
        self.report(error);
    }

    /// A setting that is one constant number.
    fn lbfgs_number(&mut self, name: &str, value: &'a Expr) -> Option<f64> {
        let typed = self.value(value, None);
        if typed.ty.is_error() {
            return None;
        }
        let Some(number) = folded(&typed) else {
            self.report(actions::bad_setting(
                name,
                "is one constant number",
                value.span,
                "a line search finds the rest",
            ));
            return None;
        };
        match out_of_range(name, number) {
            Some((problem, help)) => {
                self.report(actions::bad_setting(name, problem, value.span, help));
                None
            }
            None => Some(number),
        }
    }
}
