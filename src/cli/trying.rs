//! The options of `ndc run` that try something out.

use crate::session::RunOptions;
use clap::{Args, ValueEnum};

/// What is done when a loss is NaN or infinite.
#[derive(Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum NotFinite {
    /// Stop, and show the first operation that made it
    #[default]
    Stop,
    /// Go on
    Ignore,
}

/// Trying something out.
#[derive(Args)]
pub(super) struct Trying {
    /// Take one step of every `train` and validate on a few examples, to see that all of the file runs
    #[arg(long)]
    fast_dev_run: bool,
    /// Train on the first N batches only, again and again, to see that the model can learn them by heart
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    overfit_batches: Option<u32>,
    /// What to do when a loss is NaN or infinite
    #[arg(long, value_name = "WHAT", value_enum, default_value = "stop")]
    nan: NotFinite,
}

impl Trying {
    /// Enters them.
    pub(super) fn enter(&self, options: &mut RunOptions) {
        options.fast_dev_run = self.fast_dev_run;
        options.overfit_batches = self.overfit_batches.map(|count| count as usize);
        options.ignore_not_finite = self.nan == NotFinite::Ignore;
    }
}
