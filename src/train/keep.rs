//! A run and its checkpoints: going on from one, and when the next is written.

use super::checkpoints::{Checkpoints, Ended};
use super::records::Calendar;
use super::resume::Resumed;
use super::run::Run;
use super::state::RunState;
use crate::diagnostics::Diagnostic;
use crate::session::{Ending, Session};

impl Run<'_> {
    /// Takes the checkpoints of the run, and goes to where the one that it goes on from was.
    pub(super) fn keep_checkpoints(
        &mut self,
        session: &Session<'_>,
        checkpoints: Option<Checkpoints>,
        resumed: Option<Resumed>,
    ) -> Result<(), Box<Diagnostic>> {
        self.checkpoints = checkpoints;
        let Some(resumed) = resumed else { return Ok(()) };
        resumed.restore(session, self.train, &mut self.steps)?;
        self.resumed = Some((resumed.path.display().to_string(), resumed.kept.state.step));
        if session.options.overfit_batches.is_some() {
            // It begins anew, on batches of its own, with what was learnt.
            self.keep_point();
            return Ok(());
        }
        self.state = resumed.kept.state.clone();
        self.rows.go_to(self.state.place);
        self.steps.set_watched(&self.state);
        self.keep_point();
        if let Some(checkpoints) = &mut self.checkpoints {
            checkpoints.resumed_at(&resumed);
        }
        self.ended = resumed.kept.ended;
        if session.options.fast_dev_run {
            self.one_more_step();
        }
        Ok(())
    }

    /// A trial takes the step after the checkpoint, whether the run had ended there or not.
    fn one_more_step(&mut self) {
        self.ended = None;
        self.limit = Some(self.state.step + 1);
        self.calendar = Calendar::new(self.limit, self.rows.steps_per_epoch(), true);
    }

    /// Writes a checkpoint if it is time for one, after a step.
    pub(super) fn keep(&mut self, session: &mut Session<'_>) -> Result<(), Box<Diagnostic>> {
        let epoch = self.ended_epoch();
        let is_due = self.checkpoints.as_ref().is_some_and(|checkpoints| checkpoints.is_due(self.state.step, epoch));
        // A run whose parameters are no numbers any more keeps the last checkpoint at which they were.
        if !is_due || !self.may_be_kept(session) {
            return Ok(());
        }
        self.write(session, epoch, None)
    }

    /// Writes the state at the end of a run, before the best parameters take the place of the last ones: a run with
    /// more epochs goes on from it.
    pub(super) fn keep_end(&mut self, session: &mut Session<'_>, ending: Ending) -> Result<(), Box<Diagnostic>> {
        let step = self.state.step;
        match &self.checkpoints {
            Some(checkpoints) if !(checkpoints.is_written(step) && self.ended == Ended::new(ending)) => {
                self.write(session, self.ended_epoch(), Ended::new(ending))
            }
            _ => Ok(()),
        }
    }

    /// Writes the state before the step that failed; its path.
    pub(super) fn keep_failure(&mut self, session: &mut Session<'_>) -> Result<Option<String>, Box<Diagnostic>> {
        match &mut self.checkpoints {
            Some(checkpoints) => checkpoints.write_before(session, &self.steps, &self.before).map(Some),
            None => Ok(None),
        }
    }

    /// Takes note of what is watched at the end of an epoch.
    pub(super) fn keep_best(
        &mut self,
        session: &mut Session<'_>,
        watched: Option<(f64, bool)>,
    ) -> Result<(), Box<Diagnostic>> {
        let state = self.state_now();
        match (&mut self.checkpoints, watched) {
            (Some(checkpoints), Some(watched)) => checkpoints.epoch_ended(session, &self.steps, &state, watched),
            _ => Ok(()),
        }
    }

    fn write(
        &mut self,
        session: &mut Session<'_>,
        epoch: Option<u64>,
        ended: Option<Ended>,
    ) -> Result<(), Box<Diagnostic>> {
        self.note_time();
        let state = self.state_now();
        match &mut self.checkpoints {
            Some(checkpoints) => checkpoints.write(session, &self.steps, &state, (epoch, ended)),
            None => Ok(()),
        }
    }

    fn state_now(&self) -> RunState {
        RunState { place: self.rows.place(), ..self.state.clone() }
    }

    fn may_be_kept(&self, session: &Session<'_>) -> bool {
        session.options.ignore_not_finite || self.steps.params_are_finite()
    }

    /// The epoch that ended with the last step.
    fn ended_epoch(&self) -> Option<u64> {
        let (epoch, _) = self.rows.place();
        (self.rows.ends_epoch() && epoch > 0).then_some(epoch)
    }
}
