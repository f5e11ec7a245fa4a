//! What a user asks of a run beside what the file says.

use super::LearningRateRange;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a user asks of a run beside what the file says.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// Where to go on from.
    pub resume: Option<Resume>,
    /// The folder for the checkpoints of `train` blocks that state none.
    pub checkpoint: Option<PathBuf>,
    /// Becomes true when the user asks to stop: training then ends after the step at hand, and what follows is left out.
    pub interrupt: Arc<AtomicBool>,
    /// One step of training and of validation for each `train`, to see that everything runs; nothing is saved.
    pub fast_dev_run: bool,
    /// Train on the first so many batches only, again and again, to see that the model can learn them by heart.
    pub overfit_batches: Option<usize>,
    /// What was set in place of values that the file states: names and values as they were written.
    pub set: Vec<(String, String)>,
    /// Columns that take more bytes than this are computed batch by batch; without a number, those of more than 64 MiB.
    pub whole_columns: Option<usize>,
    /// Find a learning rate for a training, and end there.
    pub find_learning_rate: Option<LearningRateRange>,
    /// Go on when the loss is NaN or infinite.
    pub ignore_not_finite: bool,
}

/// Where a run goes on from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Resume {
    /// From what is in its own folders; from the start where there is nothing.
    Own,
    /// From a folder of checkpoints, or from one checkpoint.
    From(PathBuf),
}

impl RunOptions {
    /// Whether the user asked to stop.
    #[inline]
    pub fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }

    /// Whether this run is a trial, whose state is not kept.
    pub fn is_trial(&self) -> bool {
        self.fast_dev_run || self.overfit_batches.is_some() || self.find_learning_rate.is_some()
    }
}
