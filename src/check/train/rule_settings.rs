//! The arguments of update rules and schedules that a block gives, and the ranges of those of the library.

use super::optimizer::PROGRESS;
use crate::check::Checker;
use crate::check::defaults::name_of;
use crate::check::params::folded;
use crate::check::program::Typed;
use crate::check::types::{Element, Type};
use crate::diagnostics::catalog::{actions, names};
use crate::source::Span;
use crate::syntax::ast::{Argument, Expr, Parameter};

/// Arguments of rules and schedules that training gives beside what it is at.
const GIVEN: [&str; 4] = ["parameter", "gradient", "state", "steps"];

/// Whether training gives an argument of this name.
pub(super) fn is_given(name: &str) -> bool {
    GIVEN.contains(&name) || PROGRESS.iter().any(|(each, _)| *each == name)
}

impl<'a> Checker<'a, '_> {
    /// The arguments of the rule that the block gives.
    pub(super) fn rule_settings(
        &mut self,
        function: &str,
        parameters: &'a [Parameter],
        arguments: &'a [Argument],
        span: Span,
        library: bool,
    ) -> Option<Vec<Option<Typed>>> {
        let places: Vec<usize> =
            (0..parameters.len()).filter(|place| !name_of(&parameters[*place].pattern).is_some_and(is_given)).collect();
        let known: Vec<&str> = places.iter().filter_map(|place| name_of(&parameters[*place].pattern)).collect();
        let mut settings: Vec<Option<Typed>> = vec![None; parameters.len()];
        let mut failed = false;
        for (order, argument) in arguments.iter().enumerate() {
            let place = match &argument.name {
                None => places.get(order).copied(),
                Some(name) => {
                    let has_name = |place: &usize| name_of(&parameters[*place].pattern) == Some(name.text.as_str());
                    let place = places.iter().copied().find(has_name);
                    if place.is_none() {
                        let problem = "takes no argument called";
                        self.report(names::bad_named_argument(function, &name.text, name.span, problem, &known));
                        failed = true;
                        continue;
                    }
                    place
                }
            };
            let Some(place) = place else {
                let expected = format!("at most {}", places.len());
                self.report(names::wrong_argument_count(function, &expected, arguments.len(), span, None));
                return None;
            };
            let name = name_of(&parameters[place].pattern).unwrap_or_default();
            if settings[place].is_some() {
                let problem = "is given twice the argument";
                let place = argument.name.as_ref().map_or(argument.value.span, |name| name.span);
                self.report(names::bad_named_argument(function, name, place, problem, &known));
                failed = true;
                continue;
            }
            match self.rule_setting(name, &argument.value, library) {
                Some(value) => settings[place] = Some(value),
                None => failed = true,
            }
        }
        for place in places {
            if settings[place].is_none() && parameters[place].default.is_none() && !failed {
                let name = name_of(&parameters[place].pattern).unwrap_or_default();
                let example = format!("{function}({name} = 0.1)");
                self.report(actions::missing_setting(function, name, span, &example));
                failed = true;
            }
        }
        (!failed).then_some(settings)
    }

    /// A setting of a rule: one number, inside its range where it is the library's and known.
    pub(super) fn rule_setting(&mut self, name: &str, value: &'a Expr, library: bool) -> Option<Typed> {
        let typed = self.value(value, None);
        if typed.ty.is_error() || !self.reads_no_parameter(name, &typed) {
            return None;
        }
        if !library && typed.ty == Type::bool() {
            return Some(typed);
        }
        if !typed.ty.is_scalar() || typed.ty.element() == Some(Element::Bool) {
            let help = format!("for example `{name} = 0.1`; it may be an expression of `step` and `epoch`");
            self.report(actions::bad_setting(name, "is one number", value.span, &help));
            return None;
        }
        if library
            && let Some(number) = folded(&typed)
            && let Some((problem, help)) = out_of_range(name, number)
        {
            self.report(actions::bad_setting(name, problem, value.span, help));
            return None;
        }
        Some(self.convert_element(typed, Element::Real))
    }

    /// What decides a step is no value that the step changes.
    pub(super) fn reads_no_parameter(&mut self, name: &str, value: &Typed) -> bool {
        let Some(param) = self.params_read(value).first().copied() else { return true };
        let read = self.program.params[param.0 as usize].name.clone();
        let problem = format!("cannot follow the parameter `{read}`");
        let help = format!("`let value = {read}` before the block has what it is then");
        self.report(actions::bad_setting(name, &problem, value.span, &help));
        false
    }
}

/// What is wrong with a number as a setting of one of the library's rules, and what to do.
pub(super) fn out_of_range(name: &str, number: f64) -> Option<(&'static str, &'static str)> {
    let (inside, problem, help) = match name {
        "lr" => (number > 0.0, "is a number above zero", "a usual one is `lr = 0.001`"),
        "momentum" | "beta1" | "beta2" | "alpha" | "rho" => {
            ((0.0..1.0).contains(&number), "lies from 0 to 1, without 1", "a usual one is 0.9")
        }
        "every" | "factor" | "clip" => (number > 0.0, "is a number above zero", "write one"),
        "schedule" => (number > 0.0, "is a factor above zero", "it multiplies `lr`: `schedule = 1 / sqrt(step)`"),
        "rise" => (number > 0.0 && number < 1.0, "is a share of the run, between 0 and 1", "a usual one is 0.3"),
        "start" | "end" => {
            ((0.0..=1.0).contains(&number), "is a share of `lr`, from 0 to 1", "write the greatest rate as `lr`")
        }
        "average" => ((0.0..1.0).contains(&number), "lies from 0 to 1, without 1", "a usual one is 0.999"),
        "epsilon" | "tolerance_gradient" | "tolerance_change" | "weight_decay" | "lr_decay" | "warmup" | "min_lr" => {
            (number >= 0.0, "is not below zero", "leave it out for the usual one")
        }
        _ => return None,
    };
    if number.is_infinite() {
        return Some(("is a finite number", help));
    }
    (!inside).then_some((problem, help))
}
