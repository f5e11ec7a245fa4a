//! `schedule = plateau(…)`: a lower learning rate when training does not get better.

use super::adjust::Watchable;
use super::rule_settings::out_of_range;
use crate::check::Checker;
use crate::check::program::{Monitor, Plateau};
use crate::diagnostics::catalog::{actions, training};
use crate::source::Span;
use crate::syntax::ast::Argument;

const ARGUMENTS: &[&str] = &["patience", "factor", "min_delta", "cooldown", "min_lr", "monitor", "mode"];

impl<'a> Checker<'a, '_> {
    /// `plateau(patience = 10, factor = 0.1, min_delta = 0, cooldown = 0, min_lr = 0, monitor = accuracy, mode = max)`.
    pub(super) fn plateau(
        &mut self,
        arguments: &'a [Argument],
        watchable: &Watchable<'_>,
        span: Span,
    ) -> Option<Plateau> {
        let [patience, factor, min_delta, cooldown, min_lr, monitor, mode] =
            self.given("plateau", arguments, ARGUMENTS)?;
        let watched = if watchable.validates { Monitor::ValidationLoss } else { Monitor::Loss };
        let mut plateau = Plateau {
            patience: 10,
            factor: 0.1,
            min_delta: 0.0,
            cooldown: 0,
            min_lr: 0.0,
            monitor: watched,
            higher: false,
        };
        if let Some(argument) = patience {
            plateau.patience = self.whole_value("patience", &argument.value, 0)?;
        }
        if let Some(argument) = factor {
            let value = self.value(&argument.value, None);
            plateau.factor = self.constant_number(value)?;
            if !(plateau.factor > 0.0 && plateau.factor < 1.0) {
                let help = "what the learning rate is multiplied by: `factor = 0.1`";
                self.report(actions::bad_setting("factor", "lies between 0 and 1", argument.value.span, help));
                return None;
            }
        }
        if let Some(argument) = min_delta {
            plateau.min_delta = self.min_delta(argument)?;
        }
        if let Some(argument) = cooldown {
            plateau.cooldown = self.whole_value("cooldown", &argument.value, 0)?;
        }
        if let Some(argument) = min_lr {
            let value = self.value(&argument.value, None);
            plateau.min_lr = self.constant_number(value)?;
            if let Some((problem, help)) = out_of_range("min_lr", plateau.min_lr) {
                self.report(actions::bad_setting("min_lr", problem, argument.value.span, help));
                return None;
            }
        }
        let mut higher = Some(false);
        if let Some(argument) = monitor {
            (plateau.monitor, higher) = self.monitor(argument, watchable.validates, watchable.metrics)?;
        }
        if let Some(argument) = mode {
            higher = Some(self.mode(argument)?);
        }
        let Some(higher) = higher else {
            let name = monitor.map_or(String::new(), |argument| self.text(argument.value.span));
            self.report(training::mode_unknown(&name, span));
            return None;
        };
        plateau.higher = higher;
        Some(plateau)
    }
}
