//! Names in expressions: what each stands for where it is used.

use super::program::{Closure, Kind, Typed};
use super::scope::Bound;
use super::types::Type;
use super::{Checker, Context, Global};
use crate::diagnostics::catalog::{data as errors, models, names};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};

impl<'a> Checker<'a, '_> {
    /// A name used as a value.
    pub(super) fn name(&mut self, name: &'a str, span: Span) -> Typed {
        if let Some(bound) = self.frame.find(name).cloned() {
            return self.bound_name(name, bound, span);
        }
        if self.at_home()
            && let Some((_, id, ty, _)) =
                self.lets.iter().rev().find(|(each, _, _, position)| each == name && *position <= self.position)
        {
            return Typed::new(Kind::Global(*id), ty.clone(), span);
        }
        if let Some(key) = self.globals.get_key_value(name).map(|(key, _)| *key) {
            return self.global_name(key, span);
        }
        if self.is_unbound_let(name) {
            let help = "actions of an imported file never run: write a `const` or a `fn`";
            return self.fail(names::not_a_value(name, "a `let` of an imported file", span, help), span);
        }
        if let Some((_, binding)) = self.later_lets.iter().find(|(each, _)| *each == name).copied() {
            if self.context == Context::Before {
                return self.fail(names::not_before_the_run(name, "a `let`", span), span);
            }
            return self.fail(names::used_before_let(name, span, binding), span);
        }
        if let Some(value) = prelude_constant(name) {
            return Typed::new(Kind::Number(value), Type::real(), span);
        }
        if name == "training" {
            return Typed::new(Kind::Training, Type::bool(), span);
        }
        if let Some(builtin) = super::builtins::canonical_name(name) {
            let id = self.closure(Closure::Builtin(builtin));
            return Typed::new(Kind::Closure(Vec::new()), Type::Function(id), span);
        }
        if name == "split" {
            return self.fail(errors::misplaced_split(span), span);
        }
        if let Some(table) = self.frame.source.clone() {
            return self.missing_source_column(&table, name, span);
        }
        if let Some(id) = self.frame.data.as_ref().and_then(|data| data.data)
            && self.unusable_column(id, name, span)
        {
            return Typed::error(span);
        }
        if super::params::is_initializer(name) {
            return self.fail(names::initializer_as_value(name, span), span);
        }
        let known = self.known_names();
        let diagnostic = names::unknown_name(name, span, known.iter().map(String::as_str));
        self.fail(diagnostic, span)
    }

    pub(super) fn bound_name(&mut self, name: &str, bound: Bound, span: Span) -> Typed {
        match bound {
            Bound::Local(id, ty) => Typed::new(Kind::Local(id), self.refreshed(ty), span),
            Bound::Known(value) => Typed { span, ..value },
            Bound::Global(id, ty) => Typed::new(Kind::Global(id), ty, span),
            Bound::Size(size) => Typed::new(Kind::Size(size), Type::int(), span),
            Bound::Progress(progress) => Typed::new(Kind::Progress(progress), Type::real(), span),
            Bound::Example { index, ty, declared } => {
                let in_action = self.frame.data.as_ref().is_some_and(|data| data.data.is_some());
                if in_action && let Some(other) = self.defined_outside(name) {
                    return self.fail(names::column_hides_name(name, span, declared, other), span);
                }
                let place = self.use_column(index);
                Typed::new(Kind::Example(place), ty, span)
            }
        }
    }

    /// Where the file itself defines a name, if it does above the item at hand.
    fn defined_outside(&self, name: &str) -> Option<Span> {
        let global = self.globals.get(name).map(|(_, span)| *span);
        global.or_else(|| {
            let is_bound = self.lets.iter().any(|(each, ..)| each == name);
            let place = self.later_lets.iter().find(|(each, _)| *each == name);
            place.filter(|_| is_bound).map(|(_, span)| *span)
        })
    }

    pub(super) fn global_name(&mut self, name: &'a str, span: Span) -> Typed {
        let (mut global, _) = self.globals[name];
        // A function with the name of its file, as a value; before a point the name is the module's.
        if let Global::Module(index) = global
            && let Some(function @ Global::Function(_)) = self.global_of_module(index as usize, name)
        {
            global = function;
        }
        match global {
            Global::Function(index) => {
                let id = self.closure(Closure::Item(index));
                Typed::new(Kind::Closure(Vec::new()), Type::Function(id), span)
            }
            Global::Param if self.context == Context::Before => {
                self.fail(names::not_before_the_run(name, "a parameter", span), span)
            }
            Global::Param => match self.params.get(name) {
                Some(id) => Typed::new(Kind::Param(*id), self.param_type(*id), span),
                None => Typed::error(span),
            },
            Global::Const(_) => match self.constant(name) {
                Some(constant) => Typed { span, ..constant },
                None => Typed::error(span),
            },
            Global::Type(..) => self.fail(names::not_a_value(name, "a type", span, "use it after `:`"), span),
            Global::Data => {
                let help = format!("name one of its columns: `{name}.x`");
                self.fail(names::not_a_value(name, "a data set", span, &help), span)
            }
            Global::Builtin(builtin) => {
                let id = self.closure(Closure::Builtin(builtin));
                Typed::new(Kind::Closure(Vec::new()), Type::Function(id), span)
            }
            Global::Module(_) => {
                let help = format!("name one of its functions: `{name}.f(…)`");
                self.fail(names::not_a_value(name, "a module", span, &help), span)
            }
            Global::Ambiguous(first, second) => self.fail(names::ambiguous(name, span, first, second), span),
            Global::Layer(_) => self.fail(models::layer_outside_model(name, span), span),
            Global::Model(index) => self.model_name(name, index, span),
        }
    }

    /// Every name that an expression here could use, in order.
    fn known_names(&self) -> Vec<String> {
        let lets = self.lets.iter().map(|(name, ..)| name.clone());
        let mut known: Vec<String> = self.frame.names().map(str::to_string).chain(lets).collect();
        known.extend(self.globals.keys().map(|name| (*name).to_string()));
        known.extend(super::builtins::names().map(str::to_string));
        known.extend(["pi", "inf", "nan", "training"].map(str::to_string));
        known.sort();
        known.dedup();
        known
    }
}

fn prelude_constant(name: &str) -> Option<f64> {
    match name {
        "pi" => Some(std::f64::consts::PI),
        "inf" => Some(f64::INFINITY),
        "nan" => Some(f64::NAN),
        _ => None,
    }
}

/// Whether an expression is the name of `split`, which only a `let` of the file calls.
pub(super) fn is_split(expression: &Expr) -> bool {
    matches!(&*expression.kind, ExprKind::Name(name) if name == "split")
}
