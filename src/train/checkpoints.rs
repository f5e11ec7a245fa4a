//! Checkpoints of a run: when they are written, what is in them, and going on from one.
//!
//! A checkpoint is one file: the parameters of the program as `save` writes them, what the update rule remembers
//! (`path/m`), and the [`RunState`] as bytes. Its note says, for people and for the checks of a resumed run, of which
//! training it is. Writing changes nothing of the run, so when it happens may depend on time.

use super::resume::{Facts, Note, Resumed};
use super::rows::Rows;
use super::state::RunState;
use super::steps::Steps;
use super::terms::Terms;
use crate::check::program::{Checkpoint, Train};
use crate::checkpoint::{BEST, LAST, OpenError, RunFolder, Tensors, write_whole};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::{checkpoints as errors, tensors};
use crate::ir::Table;
use crate::lower::Source;
use crate::session::{Ending, SEPARATOR, Session, native};
use serde::{Deserialize, Serialize};
use std::io;
use std::time::{Duration, Instant};

/// What is kept of a run beside its tensors.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Where it is.
    pub(super) state: RunState,
    /// The least of what is watched.
    pub(super) best: Option<f64>,
    /// Why it ended, if it did before its last epoch.
    pub(super) ended: Option<Ended>,
    /// What decides when it ends.
    pub(super) terms: Terms,
}

/// Why a run ended before its last epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Ended {
    Stopped,
    NoImprovement,
    Converged,
}

impl Ended {
    pub(super) fn new(ending: Ending) -> Option<Self> {
        match ending {
            Ending::Stopped => Some(Ended::Stopped),
            Ending::NoImprovement => Some(Ended::NoImprovement),
            Ending::Converged => Some(Ended::Converged),
            Ending::Done | Ending::Interrupted => None,
        }
    }

    pub(super) fn ending(self) -> Ending {
        match self {
            Ended::Stopped => Ending::Stopped,
            Ended::NoImprovement => Ending::NoImprovement,
            Ended::Converged => Ending::Converged,
        }
    }
}

/// The checkpoints of a run.
pub(super) struct Checkpoints {
    folder: RunFolder,
    rule: Checkpoint,
    note: Note,
    terms: Terms,
    /// Values of `let` that the trained model reads.
    lets: Vec<(String, Table)>,
    /// The least of what is watched so far.
    best: Option<f64>,
    /// The best epoch, until it is written together with the newest state.
    unwritten: Option<Vec<u8>>,
    /// The step of the newest checkpoint.
    written: Option<u64>,
    when: Instant,
}

/// The name of what a parameter is where its own name has the moving average.
pub(super) fn raw_name(name: &str) -> String {
    format!("{name}{SEPARATOR}raw")
}

impl Checkpoints {
    /// Opens the folder of a training, if it has one. A training that begins puts aside what another one left there.
    pub(super) fn open(
        session: &mut Session<'_>,
        train: &Train,
        (rule, terms): (Option<Checkpoint>, Terms),
        resumed: Option<&Resumed>,
    ) -> Result<Option<Self>, Box<Diagnostic>> {
        let Some(rule) = rule else { return Ok(None) };
        let shown = rule.folder.display().to_string();
        let folder = RunFolder::open(&rule.folder).map_err(|error| match error {
            OpenError::InUse(process) => Box::new(errors::folder_in_use(&shown, process, Some(rule.span))),
            OpenError::File(error) => Box::new(tensors::cannot_write(&shown, &error, Some(rule.span))),
        })?;
        if resumed.is_none_or(|resumed| !folder.contains(&resumed.path)) {
            folder.put_aside().map_err(|error| tensors::cannot_write(&shown, &error, Some(rule.span)))?;
        }
        let facts = Facts::new(session, train)?;
        let note = Note::new(session, train, facts)?;
        let lets = session.lets_of(&session.trainings_until(train.span));
        let best = resumed.and_then(|resumed| resumed.kept.best);
        let when = Instant::now();
        Ok(Some(Checkpoints { folder, rule, note, terms, lets, best, unwritten: None, written: None, when }))
    }

    /// The path of the newest checkpoint.
    pub(super) fn last(&self) -> String {
        self.folder.file(LAST).display().to_string()
    }

    /// The next step after which a file of its own is written, or may be.
    pub(super) fn next_stop(&self, step: u64, rows: &Rows) -> u64 {
        let step_of_own = self.rule.steps.map_or(u64::MAX, |every| (step + 1).next_multiple_of(every));
        let epoch_of_own = self
            .rule
            .epochs
            .map_or(u64::MAX, |every| rows.epoch().next_multiple_of(every).saturating_mul(rows.steps_per_epoch()));
        step_of_own.min(epoch_of_own)
    }

    /// Whether something is to be written after a step; `ended` is the epoch that ended with it.
    pub(super) fn is_due(&self, step: u64, ended: Option<u64>) -> bool {
        self.number(step, ended).is_some() || self.when.elapsed() >= Duration::from_secs_f64(self.rule.seconds)
    }

    /// The name of the file that a step or epoch gets for itself.
    fn number(&self, step: u64, ended: Option<u64>) -> Option<(&'static str, u64)> {
        let is_one = |every: Option<u64>, count: u64| every.is_some_and(|every| count.is_multiple_of(every));
        match ended {
            Some(epoch) if is_one(self.rule.epochs, epoch) => Some(("epoch", epoch)),
            _ if is_one(self.rule.steps, step) => Some(("step", step)),
            _ => None,
        }
    }

    /// Takes note of what is watched at the end of an epoch. The best epoch is written with the next checkpoint, so
    /// that epochs of milliseconds do not wait for the disk.
    pub(super) fn epoch_ended(
        &mut self,
        session: &mut Session<'_>,
        steps: &Steps,
        state: &RunState,
        (value, higher): (f64, bool),
    ) -> Result<(), Box<Diagnostic>> {
        let is_better = match self.best {
            None => !value.is_nan(),
            Some(best) if higher => value > best,
            Some(best) => value < best,
        };
        if is_better {
            self.best = Some(value);
            self.unwritten = Some(self.bytes(session, steps, state, None)?);
        }
        Ok(())
    }

    /// Writes the newest checkpoint, the best if there is a new one, and one of its own if it is time for it.
    pub(super) fn write(
        &mut self,
        session: &mut Session<'_>,
        steps: &Steps,
        state: &RunState,
        ended: (Option<u64>, Option<Ended>),
    ) -> Result<(), Box<Diagnostic>> {
        let (epoch, ending) = ended;
        let bytes = self.bytes(session, steps, state, ending)?;
        let number = self.number(state.step, epoch);
        if let Some((word, number)) = number {
            self.put(&format!("{word}-{number}.safetensors"), &bytes)?;
        }
        if let Some(best) = self.unwritten.take() {
            self.put(BEST, &best)?;
        }
        self.put(LAST, &bytes)?;
        if let Some((word, _)) = number {
            let kept = self.folder.keep_newest(word, self.rule.keep);
            kept.map_err(|error| self.failed(LAST, &error))?;
        }
        self.written = Some(state.step);
        self.when = Instant::now();
        Ok(())
    }

    /// Writes the state before a step that fails; the path.
    pub(super) fn write_before(
        &mut self,
        session: &mut Session<'_>,
        steps: &Steps,
        state: &RunState,
    ) -> Result<String, Box<Diagnostic>> {
        let name = format!("before-{}.safetensors", state.step + 1);
        let bytes = self.bytes(session, steps, state, None)?;
        self.put(&name, &bytes)?;
        Ok(self.folder.file(&name).display().to_string())
    }

    /// Whether a state is the newest checkpoint.
    pub(super) fn is_written(&self, step: u64) -> bool {
        self.written == Some(step)
    }

    /// A run that went on from this step has nothing to write yet.
    pub(super) fn resumed_at(&mut self, resumed: &Resumed) {
        if self.folder.is_last(&resumed.path) {
            self.written = Some(resumed.kept.state.step);
        }
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Box<Diagnostic>> {
        write_whole(&self.folder.file(name), bytes).map_err(|error| self.failed(name, &error))
    }

    fn failed(&self, name: &str, error: &io::Error) -> Box<Diagnostic> {
        let path = self.folder.file(name).display().to_string();
        Box::new(tensors::cannot_write(&path, error, Some(self.rule.span)))
    }

    /// The file of a state.
    fn bytes(
        &self,
        session: &mut Session<'_>,
        steps: &Steps,
        state: &RunState,
        ended: Option<Ended>,
    ) -> Result<Vec<u8>, Box<Diagnostic>> {
        steps.store(&mut session.params);
        let mut entries: Vec<(String, Table)> = self.lets.clone();
        let all = session.all_params();
        session.stored_params(&all, &mut entries)?;
        for (tensor, bytes) in steps.state().iter().zip(steps.state_bytes()) {
            let name = match tensor.source {
                Source::Param(id) if steps.is_averaged(id) => raw_name(&tensor.name),
                Source::Param(_) => continue,
                _ => tensor.name.clone(),
            };
            let bits = native::from_bytes(tensor.ty.element, &bytes);
            entries.push((name, Table { ty: tensor.ty.clone(), bits }));
        }
        let mut note = self.note.clone();
        (note.step, note.epoch) = (state.step, state.place.0);
        let kept = Kept { state: state.clone(), best: self.best, ended, terms: self.terms.clone() };
        let mut file = Tensors::new(entries, serde_json::to_string(&note).ok());
        file.state = postcard::to_stdvec(&kept).ok();
        file.to_bytes().map_err(native::internal)
    }
}
