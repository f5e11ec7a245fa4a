//! The training loop: batches in order, one native call per step, reports, and what went wrong.
//!
//! A step comes in two versions of native code with bit-equal updates: one that also computes loss and metrics, run
//! where they are reported, and one that does not, run elsewhere. Because they agree, a loss that is found to be no
//! number can be traced to its step by running again from the last point that was checked.

mod milestones;
pub mod prediction;
mod rows;
mod steps;
mod trace;

use crate::check::program::Train;
use crate::diagnostics::Diagnostic;
use crate::lower::training::Report;
use crate::session::{Ending, Observer, Session, TrainingEnd, TrainingProgress, TrainingStart};
use milestones::Milestones;
pub use rows::Rows;
use std::time::{Duration, Instant};
use steps::{At, Steps};

/// How often an interruption is looked for and progress may be shown, in steps that take no time to speak of.
const CHECK_EVERY: u64 = 1024;
/// How often progress is computed at least.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// Trains the parameters of the session.
///
/// # Errors
/// A loss that is NaN or infinite, with its first cause; run-time errors of the program.
pub fn train(session: &mut Session<'_>, train: &Train, observer: &mut dyn Observer) -> Result<(), Box<Diagnostic>> {
    let begun = Instant::now();
    let mut run = Run::new(session, train)?;
    // A long run may be ended in the middle.
    session.compiler.save();
    observer.training_started(&run.start(session, begun.elapsed()));
    let result = run.go(session, observer);
    run.steps.store(session);
    let ending = match result? {
        Some(ending) => ending,
        None => return Err(trace::first_bad_value(session, train, &run.failure)),
    };
    let end = run.end(session, ending)?;
    observer.training_ended(&end);
    Ok(())
}

/// A training run.
struct Run<'t> {
    train: &'t Train,
    steps: Steps,
    rows: Rows,
    step: u64,
    /// The most steps that may be taken.
    limit: Option<u64>,
    milestones: Milestones,
    elapsed: Duration,
    failure: trace::Failure,
}

/// Where a run can be taken up again.
struct Point {
    step: u64,
    rows: Rows,
    params: Vec<Vec<u8>>,
}

impl<'t> Run<'t> {
    fn new(session: &mut Session<'_>, train: &'t Train) -> Result<Self, Box<Diagnostic>> {
        let examples = train.data.map_or(1, |data| session.program.data[data.0 as usize].rows);
        let rows = Rows::new(examples, train.batch, train.shuffle, train.seed);
        let per_epoch = rows.steps_per_epoch();
        let by_epochs = train.epochs.map(|epochs| epochs.saturating_mul(per_epoch));
        let limit = match (by_epochs, train.steps) {
            (Some(epochs), Some(steps)) => Some(epochs.min(steps)),
            (epochs, steps) => epochs.or(steps),
        };
        let milestones = Milestones::new(limit, per_epoch);
        let first = if milestones.is_next(1) { Report::Full } else { Report::Quiet };
        let steps = Steps::new(session, train, &rows, first)?;
        let failure = trace::Failure::default();
        Ok(Run { train, steps, rows, step: 0, limit, milestones, elapsed: Duration::ZERO, failure })
    }

    fn start(&self, session: &Session<'_>, compiled_in: Duration) -> TrainingStart {
        let program = session.program;
        let data = self.train.data.map(|data| &program.data[data.0 as usize]);
        TrainingStart {
            name: self.train.name.clone(),
            data: data.map(|set| (set.name.clone(), set.rows)),
            trainable: self.train.params.iter().map(|id| program.params[id.0 as usize].shape.count()).sum(),
            batch: self.rows.batch(),
            steps_per_epoch: self.rows.steps_per_epoch(),
            steps: self.limit,
            compiled_in,
        }
    }

    /// Steps until the end; `None` when a loss was no number.
    fn go(
        &mut self,
        session: &mut Session<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Option<Ending>, Box<Diagnostic>> {
        let begun = Instant::now();
        let mut shown = Instant::now();
        let mut point = self.point();
        let ending = loop {
            if self.limit.is_some_and(|limit| self.step >= limit) {
                break Ending::Done;
            }
            let milestone = self.milestones.is_next(self.step + 1);
            let look = (self.step + 1).is_multiple_of(self.steps.check_every());
            let due = milestone || (look && shown.elapsed() >= PROGRESS_EVERY);
            let report = if due { Report::Full } else { Report::Quiet };
            let stopped = self.step(session, report)?;
            if due || stopped {
                if !self.is_healthy(due) {
                    self.find_failure(session, point)?;
                    return Ok(None);
                }
                self.elapsed = begun.elapsed().saturating_sub(self.steps.compiling);
                shown = Instant::now();
                if due {
                    self.tell(observer, milestone);
                }
                point = self.point();
            }
            if stopped {
                break Ending::Stopped;
            }
            if look && observer.interrupted() {
                break Ending::Interrupted;
            }
        };
        self.elapsed = begun.elapsed().saturating_sub(self.steps.compiling);
        if !self.is_healthy(false) {
            self.find_failure(session, point)?;
            return Ok(None);
        }
        Ok(Some(ending))
    }

    /// One step; whether the block's `stop` became true.
    #[inline]
    fn step(&mut self, session: &mut Session<'_>, report: Report) -> Result<bool, Box<Diagnostic>> {
        let whole = self.rows.is_whole();
        let epoch = self.rows.epoch();
        let batch = self.rows.next_batch();
        self.step += 1;
        self.steps.run(session, self.train, report, At { batch, whole, step: self.step, epoch })
    }

    /// Whether loss (if it was computed) and parameters are finite.
    fn is_healthy(&self, computed: bool) -> bool {
        (!computed || self.steps.loss().is_finite()) && self.steps.params_are_finite()
    }

    fn point(&self) -> Point {
        Point { step: self.step, rows: self.rows.clone(), params: self.steps.params() }
    }

    /// Runs again from a healthy point, with reports, to the first step whose loss is no number.
    fn find_failure(&mut self, session: &mut Session<'_>, point: Point) -> Result<(), Box<Diagnostic>> {
        let last = self.step;
        self.steps.set_params(&point.params);
        self.step = point.step;
        self.rows = point.rows;
        while self.step < last.max(point.step + 1) + 1 {
            let before = self.steps.params();
            let epoch = self.rows.epoch();
            let rows = self.rows.clone();
            self.step(session, Report::Full)?;
            let loss = self.steps.loss();
            if !loss.is_finite() || !self.steps.params_are_finite() {
                let batch = rows.clone().next_batch().to_vec();
                let whole = rows.is_whole();
                self.failure = trace::Failure { step: self.step, epoch, loss, batch, whole };
                self.steps.set_params(&before);
                return Ok(());
            }
        }
        Ok(())
    }

    fn tell(&self, observer: &mut dyn Observer, milestone: bool) {
        observer.training_progress(&TrainingProgress {
            step: self.step,
            epoch: self.rows.epoch_of(self.step),
            loss: self.steps.loss(),
            metrics: self.steps.metrics(self.train),
            elapsed: self.elapsed,
            milestone,
        });
    }

    fn end(&self, session: &mut Session<'_>, ending: Ending) -> Result<TrainingEnd, Box<Diagnostic>> {
        let (loss, metrics) = steps::evaluate(session, self.train)?;
        let program = session.program;
        let params = self.train.params.iter().map(|id| {
            let param = &program.params[id.0 as usize];
            let values = crate::session::native::to_reals(&session.param_value(*id)?);
            Ok((param.name.clone(), param.shape.clone(), values))
        });
        Ok(TrainingEnd {
            name: self.train.name.clone(),
            ending,
            steps: self.step,
            epochs: self.rows.epoch_of(self.step),
            loss,
            metrics,
            elapsed: self.elapsed,
            params: params.collect::<Result<_, Box<Diagnostic>>>()?,
        })
    }
}
