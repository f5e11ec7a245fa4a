//! Steps of training, one at a time, for a program that runs the loop itself.

use super::rows::Rows;
use super::steps::{At, Steps};
use crate::check::program::Train;
use crate::diagnostics::Diagnostic;
use crate::ir::Table;
use crate::lower::training::{Part, Report};
use crate::session::Session;

/// Steps in the order of a block, without records, validation, or an end.
pub struct Stepper {
    steps: Steps,
    rows: Rows,
    step: u64,
    stopped: bool,
}

fn report(with_loss: bool) -> Report {
    if with_loss { Report::Full } else { Report::Quiet }
}

impl Stepper {
    /// The steps of a block from the parameters of the session on.
    ///
    /// # Errors
    /// A run-time error in a column's expression, or our own mistakes.
    pub fn new(session: &mut Session<'_>, train: &Train) -> Result<Self, Box<Diagnostic>> {
        let rows = Rows::new(train.examples().count(session.program), train.batch, train.shuffle, train.seed);
        let rows = rows.accumulating(train.batches_per_step());
        let steps = Steps::new(session, train, &rows, Report::Quiet)?;
        Ok(Stepper { steps, rows, step: 0, stopped: false })
    }

    /// What the next step does with its batches: with all but the last, if there are such, and with the last.
    fn next_parts(&self) -> impl Iterator<Item = (Part, usize)> + use<> {
        let ((batches, examples), size) = (self.rows.next_step(), self.rows.batch());
        let before = (batches > 1).then_some((Part::Gather, size));
        before.into_iter().chain([(Part::Update, examples - size * (batches - 1))])
    }

    /// Whether the next step is compiled.
    pub fn is_ready(&mut self, with_loss: bool) -> bool {
        self.next_parts().all(|batch| self.steps.is_ready(batch, report(with_loss)))
    }

    /// Compiles the next step.
    ///
    /// # Errors
    /// As [`Stepper::new`].
    pub fn compile(
        &mut self,
        session: &mut Session<'_>,
        train: &Train,
        with_loss: bool,
    ) -> Result<(), Box<Diagnostic>> {
        for batch in self.next_parts() {
            if !self.steps.is_ready(batch, report(with_loss)) {
                self.steps.compile(session, train, batch, report(with_loss))?;
            }
        }
        Ok(())
    }

    /// Does the next step, which is compiled; gives the loss before it, NaN where it is not computed.
    ///
    /// # Errors
    /// A run-time error.
    pub fn step(&mut self, with_loss: bool) -> Result<f64, Box<Diagnostic>> {
        let (epoch, whole) = (self.rows.epoch(), self.rows.is_whole());
        let (batches, examples) = self.rows.next_step();
        let mut loss = if with_loss { 0.0 } else { f64::NAN };
        self.step += 1;
        self.steps.clear_sums();
        for number in 1..=batches {
            let (batch, upcoming) = self.rows.next_batches();
            let part = if number == batches { Part::Update } else { Part::Gather };
            let share = batch.len() as f64 / examples as f64;
            let at = At { batch, upcoming, whole, part, share, step: self.step, epoch };
            self.stopped = self.steps.run_compiled(report(with_loss), at)?;
            loss += share * self.steps.loss();
        }
        Ok(loss)
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// The epoch of the last step, from 1.
    pub fn epoch(&self) -> u64 {
        self.rows.place().0
    }

    /// Whether the block's `stop` was true after the last step.
    pub fn stopped(&self) -> bool {
        self.stopped
    }

    /// Copies the parameters to those of a session.
    pub fn store(&self, params: &mut [Table]) {
        self.steps.store(params);
    }
}
