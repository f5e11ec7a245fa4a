//! What decides when a run ends and which epoch is its best. A run that goes on compares its own terms with those of the
//! checkpoint: what was counted under other terms does not count.

use super::checkpoints::{Ended, Kept};
use super::state::RunState;
use crate::check::program::{Monitor, Train};
use crate::diagnostics::Diagnostic;
use crate::ir::print::print;
use crate::lower::Source;
use crate::lower::value::lower_value;
use crate::session::{Session, native};
use serde::{Deserialize, Serialize};

/// What decides when a run ends and which epoch is its best.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Terms {
    /// A hash of the meaning of `stop`.
    stop: Option<String>,
    /// What decides which epoch is the best.
    watched: Option<Watched>,
    /// How much better an epoch must be for `patience`.
    min_delta: Option<f64>,
    /// What `schedule = plateau(…)` watches.
    plateau: Option<Watched>,
    /// The settings of L-BFGS, which say when it has converged.
    #[serde(default)]
    lbfgs: Option<String>,
}

/// Something watched, and whether higher is better.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Watched {
    name: String,
    higher: bool,
}

impl Terms {
    pub(super) fn new(session: &mut Session<'_>, train: &Train) -> Result<Self, Box<Diagnostic>> {
        let watched = |monitor, higher| Watched { name: monitor_name(train, monitor).to_string(), higher };
        let validates = train.validation.is_some().then(|| watched(Monitor::ValidationLoss, false));
        let patience = train.patience.as_ref();
        Ok(Terms {
            stop: stop_meaning(session, train)?,
            watched: patience.map(|patience| watched(patience.monitor, patience.higher)).or(validates),
            min_delta: patience.map(|patience| patience.min_delta),
            plateau: train.plateau.as_ref().map(|plateau| watched(plateau.monitor, plateau.higher)),
            lbfgs: train.optimizer.lbfgs.as_ref().map(|settings| format!("{settings:?}")),
        })
    }

    /// Drops from a checkpoint what was counted under other terms: the best epoch where something else is watched now,
    /// the epochs without improvement where improvement is another, and its end where it is none under these terms.
    pub(super) fn enter(&self, train: &Train, kept: &mut Kept) {
        let RunState { stopping, plateau, .. } = &mut kept.state;
        if self.watched != kept.terms.watched {
            (*stopping, kept.best) = (Default::default(), None);
        }
        if self.min_delta != kept.terms.min_delta {
            stopping.waited = 0;
        }
        if self.plateau != kept.terms.plateau {
            plateau.forget();
        }
        let still_ends = match kept.ended {
            Some(Ended::Stopped) => self.stop.is_some() && self.stop == kept.terms.stop,
            Some(Ended::NoImprovement) => {
                train.patience.as_ref().is_some_and(|patience| stopping.waited >= patience.epochs)
            }
            Some(Ended::Converged) => self.lbfgs == kept.terms.lbfgs,
            None => false,
        };
        kept.ended = kept.ended.filter(|_| still_ends);
    }
}

/// The name of what is watched.
pub(super) fn monitor_name(train: &Train, monitor: Monitor) -> &str {
    match monitor {
        Monitor::Loss => "loss",
        Monitor::ValidationLoss => "validation_loss",
        Monitor::Metric(place) => &train.metrics[place].name,
    }
}

/// A hash of what `stop` computes, with the values that it reads. Its text would not do: functions and constants that it
/// names may change.
fn stop_meaning(session: &mut Session<'_>, train: &Train) -> Result<Option<String>, Box<Diagnostic>> {
    let Some(stop) = &train.stop else { return Ok(None) };
    let lowered = lower_value(session.program, stop);
    let mut hasher = blake3::Hasher::new();
    hasher.update(print(&lowered.graph).as_bytes());
    for source in lowered.sources.iter().filter(|source| matches!(source, Source::Global(..))) {
        hasher.update(&native::to_bytes(&session.inputs(&[*source])?.remove(0)));
    }
    Ok(Some(hasher.finalize().to_hex().to_string()))
}
