//! `patience`: how long training goes on without getting better.

use crate::check::Checker;
use crate::check::annotations::is_name;
use crate::check::program::{Metric, Monitor, Patience};
use crate::diagnostics::catalog::{actions, names, training};
use crate::syntax::ast::{Argument, ExprKind, Setting};

const ARGUMENTS: &[&str] = &["epochs", "min_delta", "monitor", "mode", "restore"];

impl<'a> Checker<'a, '_> {
    /// `patience = 10`, or `patience = early_stopping(10, min_delta = 1e-4, monitor = accuracy, mode = max, restore = false)`.
    pub(super) fn patience_setting(
        &mut self,
        setting: &'a Setting,
        validates: bool,
        metrics: &[Metric],
    ) -> Option<Patience> {
        let monitor = if validates { Monitor::ValidationLoss } else { Monitor::Loss };
        let mut patience = Patience { epochs: 0, min_delta: 0.0, monitor, higher: false, restore: true };
        let arguments = match &*setting.value.kind {
            ExprKind::Call { callee, arguments } if is_name(callee, "early_stopping") => arguments,
            _ => {
                patience.epochs = self.whole_value("patience", &setting.value, 1)?;
                return Some(patience);
            }
        };
        let [epochs, min_delta, monitor, mode, restore] = self.given("early_stopping", arguments, ARGUMENTS)?;
        let Some(epochs) = epochs else {
            let example = "early_stopping(10)";
            self.report(actions::missing_setting("early_stopping", "epochs", setting.value.span, example));
            return None;
        };
        patience.epochs = self.whole_value("epochs", &epochs.value, 1)?;
        if let Some(argument) = min_delta {
            patience.min_delta = self.min_delta(argument)?;
        }
        let mut higher = Some(false);
        if let Some(argument) = monitor {
            (patience.monitor, higher) = self.monitor(argument, validates, metrics)?;
        }
        if let Some(argument) = mode {
            higher = Some(self.mode(argument)?);
        }
        let Some(higher) = higher else {
            let name = monitor.map_or(String::new(), |argument| self.text(argument.value.span));
            self.report(training::mode_unknown(&name, setting.value.span));
            return None;
        };
        patience.higher = higher;
        if let Some(argument) = restore {
            patience.restore = self.truth_value("restore", &argument.value)?;
        }
        Some(patience)
    }

    /// The arguments of a form by the places of their names; only the first may come without its name.
    pub(super) fn given<const N: usize>(
        &mut self,
        form: &str,
        arguments: &'a [Argument],
        known: &[&str],
    ) -> Option<[Option<&'a Argument>; N]> {
        let mut given: [Option<&'a Argument>; N] = [None; N];
        for (order, argument) in arguments.iter().enumerate() {
            let place = match &argument.name {
                None => (order == 0).then_some(0),
                Some(name) => known.iter().position(|known| *known == name.text),
            };
            match place.filter(|place| given[*place].is_none()) {
                Some(place) => given[place] = Some(argument),
                None => {
                    let (name, span) = match &argument.name {
                        Some(name) => (name.text.clone(), name.span),
                        None => (self.text(argument.value.span), argument.value.span),
                    };
                    let problem =
                        if place.is_some() { "is given twice the argument" } else { "takes no argument called" };
                    self.report(names::bad_named_argument(form, &name, span, problem, known));
                    return None;
                }
            }
        }
        Some(given)
    }

    /// The least change that counts as better.
    pub(super) fn min_delta(&mut self, argument: &'a Argument) -> Option<f64> {
        let value = self.value(&argument.value, None);
        let number = self.constant_number(value)?;
        if number.is_nan() || number < 0.0 {
            let help = "the least change that counts as better: `min_delta = 1e-4`";
            self.report(actions::bad_setting("min_delta", "is a number of 0 or more", argument.value.span, help));
            return None;
        }
        Some(number)
    }

    /// Whether higher is better.
    pub(super) fn mode(&mut self, argument: &'a Argument) -> Option<bool> {
        match () {
            () if is_name(&argument.value, "min") => Some(false),
            () if is_name(&argument.value, "max") => Some(true),
            () => {
                let help = "`mode = min` where less is better, `mode = max` where more is";
                self.report(actions::bad_setting("mode", "is `min` or `max`", argument.value.span, help));
                None
            }
        }
    }

    /// What is watched, and whether higher is better if that is known.
    pub(super) fn monitor(
        &mut self,
        argument: &'a Argument,
        validates: bool,
        metrics: &[Metric],
    ) -> Option<(Monitor, Option<bool>)> {
        let span = argument.value.span;
        let name = self.text(span);
        match name.as_str() {
            "loss" => return Some((Monitor::Loss, Some(false))),
            "validation_loss" if validates => return Some((Monitor::ValidationLoss, Some(false))),
            "validation_loss" => {
                self.report(training::no_validation(span));
                return None;
            }
            _ => {}
        }
        match metrics.iter().position(|metric| metric.name == name) {
            Some(place) if metrics[place].kind.is_number() => Some((Monitor::Metric(place), metrics[place].higher)),
            Some(_) => {
                let help = "watch a metric that is one number";
                self.report(actions::bad_setting("monitor", "is a metric with one number", span, help));
                None
            }
            None => {
                let metrics = metrics.iter().map(|metric| metric.name.as_str());
                let known: Vec<&str> = ["loss", "validation_loss"].into_iter().chain(metrics).collect();
                self.report(training::unknown_monitor(&name, span, &known));
                None
            }
        }
    }
}
