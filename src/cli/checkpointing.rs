//! `--checkpoint`, `--resume`, and what Ctrl-C does.

use super::output::explain;
use crate::session::{Observer, Resume, RunOptions, TrainingEnd, TrainingStart};
use clap::Args;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The exit code of a run that the user ended.
pub(super) const INTERRUPTED: i32 = 130;

/// Where the state of training is kept, and taken up again.
#[derive(Args)]
pub(super) struct Checkpointing {
    /// Keep checkpoints of each `train` that states no folder in this one
    #[arg(long, value_name = "DIR", conflicts_with = "emit")]
    checkpoint: Option<PathBuf>,
    /// Go on from the checkpoints of a folder, or from one of them; without a path, from those of the run's own folders
    #[arg(long, value_name = "PATH", num_args = 0..=1, conflicts_with = "emit")]
    resume: Option<Option<PathBuf>>,
}

impl Checkpointing {
    /// Adds what the session needs to know of it.
    pub(super) fn options(&self, brakes: &Brakes, options: RunOptions) -> RunOptions {
        let resume = self.resume.clone().map(|path| path.map_or(Resume::Own, Resume::From));
        RunOptions { resume, checkpoint: self.checkpoint.clone(), interrupt: brakes.interrupt.clone(), ..options }
    }
}

/// Ends a run when the user asks for it: a training after the step at hand, everything else, and whoever asks twice,
/// at once.
pub(super) struct Brakes {
    interrupt: Arc<AtomicBool>,
    /// Whether a signal ends the process at once.
    at_once: Arc<AtomicBool>,
    /// The newest checkpoint.
    checkpoint: Option<String>,
}

impl Brakes {
    /// Listens to Ctrl-C and to what asks a process to end. Where that is not possible, signals end the process at once.
    pub(super) fn new() -> Self {
        let interrupt = Arc::new(AtomicBool::new(false));
        let at_once = Arc::new(AtomicBool::new(true));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal during training sets both flags, the second finds them set.
            let _ = register_conditional_shutdown(signal, INTERRUPTED, at_once.clone())
                .and_then(|_| register(signal, interrupt.clone()))
                .and_then(|_| register(signal, at_once.clone()));
        }
        Brakes { interrupt, at_once, checkpoint: None }
    }

    /// If the user ended the run, says how to go on, and ends the process.
    pub(super) fn end(&self, file: &Path) {
        if !self.interrupt.load(Ordering::Relaxed) {
            return;
        }
        let folder = self.checkpoint.as_ref().and_then(|path| Path::new(path).parent());
        explain(&match folder {
            Some(folder) => {
                format!("interrupted; to go on: ndc run {} --resume {}\n", file.display(), folder.display())
            }
            None => "interrupted; nothing is kept of the run: `--checkpoint DIR` would keep its state\n".to_string(),
        });
        std::process::exit(INTERRUPTED);
    }
}

impl Observer for Brakes {
    fn training_started(&mut self, _: &TrainingStart) {
        self.at_once.store(false, Ordering::Relaxed);
    }
    fn training_ended(&mut self, end: &TrainingEnd) {
        self.checkpoint.clone_from(&end.checkpoint);
        self.at_once.store(true, Ordering::Relaxed);
    }
    fn interrupted(&self) -> bool {
        self.interrupt.load(Ordering::Relaxed)
    }
}
