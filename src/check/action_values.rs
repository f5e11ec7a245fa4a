//! What actions compute, whatever they do with it.

use super::program::{Action, Claim, Typed};
use super::types::Type;

impl Action {
    /// The word that it begins with.
    pub fn word(&self) -> &'static str {
        match self {
            Action::Let { .. } => "let",
            Action::Print(_) => "print",
            Action::Assert(_) => "assert",
            Action::Plot(_) => "plot",
            Action::Train(_) => "train",
            Action::Save(_) => "save",
            Action::Load(_) => "load",
        }
    }

    /// The expressions that it computes; none of a training, whose steps are programs of their own.
    pub fn values(&self) -> Vec<&Typed> {
        match self {
            Action::Let { value, .. } => vec![value],
            Action::Print(values) => {
                values.iter().map(|(_, value)| value).filter(|value| value.ty != Type::Text).collect()
            }
            Action::Assert(assert) => match &assert.claim {
                Claim::Condition(value) => vec![value],
                Claim::Equal(left, right, _) => vec![left, right],
                Claim::Fails { .. } => vec![],
            },
            Action::Plot(plot) => plot.values(),
            Action::Save(save) => save.computed(),
            Action::Train(_) | Action::Load(_) => vec![],
        }
    }
}
