//! Where a run is: everything beside the tensors of [`Steps::state`](super::steps::Steps::state) that a run needs to go
//! on as if it had never stopped.

use super::plateau::Reduced;
use super::stopping::Stopping;
use super::tally::Tally;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Where a run is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct RunState {
    /// Steps done.
    pub(super) step: u64,
    /// The epoch of the last step and how many of its examples were seen: [`Rows::place`](super::Rows::place).
    pub(super) place: (u64, usize),
    /// Loss and metrics of the batches of the epoch at hand, where it is recorded.
    pub(super) tally: Tally,
    /// The last loss over the validation set.
    pub(super) validation_loss: Option<f64>,
    /// Where early stopping is.
    pub(super) stopping: Stopping,
    /// Where `schedule = plateau(…)` is.
    pub(super) plateau: Reduced,
    /// The time of the steps so far.
    pub(super) elapsed: Duration,
}
