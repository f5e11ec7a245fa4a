//! Settings of a `train` block: which there are, and those that are one number or truth value.

use crate::check::Checker;
use crate::check::params::folded;
use crate::check::program::{DataId, Kind};
use crate::diagnostics::catalog::actions;
use crate::syntax::ast::{Expr, ExprKind, Setting};

const SETTINGS: &[&str] = &[
    "data",
    "loss",
    "metric",
    "optimizer",
    "epochs",
    "steps",
    "batch",
    "shuffle",
    "seed",
    "stop",
    "validate",
    "patience",
    "checkpoint",
    "predict",
    "schedule",
    "clip",
    "weight_decay",
    "average",
    "groups",
    "accumulate",
];

impl<'a> Checker<'a, '_> {
    /// The settings that exist, each at most once; others are reported.
    pub(super) fn known_settings(&mut self, settings: &'a [Setting]) -> Vec<&'a Setting> {
        let mut known: Vec<&'a Setting> = Vec::new();
        for setting in settings {
            let name = setting.name.text.as_str();
            if let Some(first) = known.iter().find(|first| first.name.text == name && first.metric == setting.metric) {
                self.report(actions::duplicate_setting(name, setting.name.span, first.name.span));
            } else if setting.metric || (SETTINGS.contains(&name) && name != "metric") {
                known.push(setting);
            } else {
                self.report(actions::unknown_setting("train", name, setting.name.span, SETTINGS));
            }
        }
        known
    }

    pub(super) fn data_setting(&mut self, setting: &'a Setting) -> Option<DataId> {
        match &*setting.value.kind {
            ExprKind::Name(name) if self.is_data(name) || !self.globals.contains_key(name.as_str()) => {
                self.data_named(name, setting.value.span)
            }
            ExprKind::Error => None,
            _ => {
                let text = "names a data set";
                self.report(actions::bad_setting(
                    "data",
                    text,
                    setting.value.span,
                    "declare one: `data d = csv(\"d.csv\")`",
                ));
                None
            }
        }
    }

    pub(super) fn whole_setting(&mut self, setting: &'a Setting, least: u64) -> Option<u64> {
        self.whole_value(&setting.name.text, &setting.value, least)
    }

    pub(super) fn whole_value(&mut self, name: &str, expression: &'a Expr, least: u64) -> Option<u64> {
        let typed = self.value(expression, None);
        if typed.ty.is_error() {
            return None;
        }
        let value = match &*typed.kind {
            Kind::Integer(value) => u64::try_from(*value).ok(),
            // 1e6 is a usual way to write a number of steps.
            _ => folded(&typed)
                .filter(|value| value.fract() == 0.0 && (0.0..9e15).contains(value))
                .map(|value| value as u64),
        };
        match value {
            Some(value) if value >= least => Some(value),
            _ => {
                let text = if least == 0 { "is a whole number" } else { "is a whole number above zero" };
                let help = format!("for example `{name} = 100`");
                self.report(actions::bad_setting(name, text, expression.span, &help));
                None
            }
        }
    }

    pub(super) fn truth_setting(&mut self, setting: &'a Setting) -> Option<bool> {
        self.truth_value(&setting.name.text, &setting.value)
    }

    pub(super) fn truth_value(&mut self, name: &str, expression: &'a Expr) -> Option<bool> {
        let typed = self.value(expression, None);
        match &*typed.kind {
            Kind::Bool(value) => Some(*value),
            Kind::Error => None,
            _ => {
                let help = format!("`{name} = true`");
                self.report(actions::bad_setting(name, "is true or false", expression.span, &help));
                None
            }
        }
    }
}
