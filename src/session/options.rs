//! What a user asks of a run beside what the file says.

use std::path::PathBuf;

/// What a user asks of a run beside what the file says.
#[derive(Clone, Debug, Default)]
pub struct RunOptions {
    /// A run's folder, or one of its checkpoints, to go on from.
    pub resume: Option<PathBuf>,
    /// One step of training and of validation for each `train`, to see that everything runs; nothing is saved.
    pub fast_dev_run: bool,
    /// Train on the first so many batches only, again and again, to see that the model can learn them by heart.
    pub overfit_batches: Option<usize>,
    /// Search for a learning rate in place of training.
    pub find_learning_rate: bool,
    /// What was set in place of values that the file states: names and values as they were written.
    pub set: Vec<(String, String)>,
    /// Columns that take more bytes than this are computed batch by batch; without a number, those of more than 64 MiB.
    pub whole_columns: Option<usize>,
    /// Go on when the loss is NaN or infinite.
    pub ignore_not_finite: bool,
}
