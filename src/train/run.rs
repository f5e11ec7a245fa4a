//! A training run: quiet steps where nothing is recorded, epochs with all their losses elsewhere.

use super::checkpoints::{Checkpoints, Ended};
use super::records::Calendar;
use super::rows::Rows;
use super::state::RunState;
use super::steps::{At, Steps};
use super::tally::Tally;
use super::trace;
use super::validation::Evaluation;
use crate::check::program::{Monitor, Train};
use crate::diagnostics::Diagnostic;
use crate::lower::training::{Part, Report};
use crate::session::{Ending, Observer, Session};
use std::time::{Duration, Instant};

/// How often progress is computed at least.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

/// A training run.
pub(super) struct Run<'t> {
    pub(super) train: &'t Train,
    pub(super) steps: Steps,
    pub(super) rows: Rows,
    /// Where it is; its place is that of `rows`.
    pub(super) state: RunState,
    /// The loss of the last step that reported.
    pub(super) loss: f64,
    /// The most steps that may be taken.
    pub(super) limit: Option<u64>,
    pub(super) calendar: Calendar,
    /// Whether every epoch is measured, recorded or not: early stopping or another setting looks at it.
    every_epoch: bool,
    /// Whether it is to learn a few batches by heart, whatever becomes of others.
    learns_by_heart: bool,
    validation: Option<Evaluation>,
    pub(super) clock: Clock,
    /// The last point at which everything was finite.
    healthy: Point,
    pub(super) failure: trace::Failure,
    /// Where it was before the step that failed.
    pub(super) before: RunState,
    pub(super) checkpoints: Option<Checkpoints>,
    /// The checkpoint that it went on from, with its step.
    pub(super) resumed: Option<(String, u64)>,
    /// How the run had ended there.
    pub(super) ended: Option<Ended>,
}

/// Where a run can be taken up again.
struct Point {
    state: RunState,
    tensors: Vec<Vec<u8>>,
}

/// When steps began, and when something was last shown.
pub(super) struct Clock {
    pub(super) begun: Instant,
    pub(super) shown: Instant,
}

/// What a step led to.
enum Outcome {
    Goes,
    Ends(Ending),
    /// A loss or a parameter is no number.
    Fails,
}

impl<'t> Run<'t> {
    pub(super) fn new(session: &mut Session<'_>, train: &'t Train, all: bool) -> Result<Self, Box<Diagnostic>> {
        let examples = train.examples().count(session.program);
        let mut rows = Rows::new(examples, train.batch, train.shuffle, train.seed);
        rows = rows.accumulating(train.batches_per_step());
        if let Some(batches) = session.options.overfit_batches {
            rows = rows.first_batches(batches);
        }
        let per_epoch = rows.steps_per_epoch();
        let by_epochs = train.epochs.map(|epochs| epochs.saturating_mul(per_epoch));
        let limit = match (by_epochs, train.steps) {
            (Some(epochs), Some(steps)) => Some(epochs.min(steps)),
            (epochs, steps) => epochs.or(steps),
        };
        let limit = if session.options.fast_dev_run { Some(1) } else { limit };
        let calendar = Calendar::new(limit, per_epoch, all);
        let every_epoch = train.patience.is_some() || train.watches_validation || train.plateau.is_some();
        let learns_by_heart = session.options.overfit_batches.is_some();
        let validation = train.validation.clone();
        let validation = validation.map(|examples| Evaluation::new(session, train, examples, "validation"));
        let first = if calendar.is_recorded(1) { Report::Full } else { Report::Quiet };
        let steps = Steps::new(session, train, &rows, first)?;
        let tally = Tally::new(&train.metrics);
        let state = RunState { place: rows.place(), tally, ..RunState::default() };
        let healthy = Point { state: state.clone(), tensors: steps.state_bytes() };
        let clock = Clock { begun: Instant::now(), shown: Instant::now() };
        let failure = trace::Failure::default();
        Ok(Run {
            train,
            steps,
            rows,
            state,
            loss: f64::NAN,
            limit,
            calendar,
            every_epoch,
            learns_by_heart,
            validation,
            clock,
            healthy,
            failure,
            before: RunState::default(),
            checkpoints: None,
            resumed: None,
            ended: None,
        })
    }

    /// Steps until the end; `None` when a loss was no number.
    pub(super) fn go(
        &mut self,
        session: &mut Session<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Option<Ending>, Box<Diagnostic>> {
        self.show_parameters(session, observer, 0)?;
        let now = Instant::now();
        self.steps.bound.compiling = Duration::ZERO;
        self.clock = Clock { begun: now.checked_sub(self.state.elapsed).unwrap_or(now), shown: now };
        let ending = loop {
            if let Some(ended) = self.ended {
                break ended.ending();
            }
            if self.limit.is_some_and(|limit| self.state.step >= limit) {
                break Ending::Done;
            }
            let outcome = if self.every_epoch || self.calendar.is_recorded(self.rows.epoch()) {
                self.measured_step(session, observer)?
            } else {
                self.quiet_steps(session, observer)?
            };
            match outcome {
                Outcome::Goes if session.options.interrupted() => break Ending::Interrupted,
                Outcome::Goes => self.keep(session)?,
                Outcome::Ends(ending) => break ending,
                Outcome::Fails => {
                    self.find_failure(session)?;
                    return Ok(None);
                }
            }
        };
        self.note_time();
        if !session.options.ignore_not_finite && !self.steps.params_are_finite() {
            self.find_failure(session)?;
            return Ok(None);
        }
        self.keep_end(session, ending)?;
        if !self.state.tally.is_empty() {
            self.finish_epoch(session, observer)?;
        }
        self.restore_best();
        Ok(Some(ending))
    }

    /// Steps whose losses nobody asked for, until the next recorded epoch or until it is time to look round.
    fn quiet_steps(
        &mut self,
        session: &mut Session<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, Box<Diagnostic>> {
        let look = (self.state.step + 1).next_multiple_of(self.steps.check_every());
        let last = self.calendar.last_unrecorded_step(self.rows.epoch()).min(look);
        let last = self.limit.map_or(last, |limit| last.min(limit));
        let kept = self.checkpoints.as_ref().map_or(u64::MAX, |kept| kept.next_stop(self.state.step, &self.rows));
        let last = last.min(kept);
        while self.state.step + 1 < last && !session.options.interrupted() {
            if self.step(session, None)? {
                return Ok(Outcome::Ends(self.steps.ending()));
            }
        }
        let show = last == look && self.clock.shown.elapsed() >= PROGRESS_EVERY;
        let mut seen = Tally::new(&self.train.metrics);
        let stopped = self.step(session, show.then_some(&mut seen))?;
        if show {
            if !self.is_healthy(session) {
                return Ok(Outcome::Fails);
            }
            self.tell(observer, &seen.measures(&self.train.metrics), None, false);
        }
        Ok(self.outcome(observer, stopped, last == look))
    }

    /// A step of an epoch that is measured, and what follows from the epoch if it is the last one.
    fn measured_step(
        &mut self,
        session: &mut Session<'_>,
        observer: &mut dyn Observer,
    ) -> Result<Outcome, Box<Diagnostic>> {
        let mut tally = std::mem::take(&mut self.state.tally);
        let stopped = self.step(session, Some(&mut tally))?;
        self.state.tally = tally;
        if !session.options.ignore_not_finite && !self.loss.is_finite() {
            return Ok(Outcome::Fails);
        }
        let look = self.state.step.is_multiple_of(self.steps.check_every());
        let ends_epoch = self.rows.ends_epoch();
        let milestone = self.calendar.is_milestone(self.state.step);
        let show = milestone || ((look || ends_epoch) && self.clock.shown.elapsed() >= PROGRESS_EVERY);
        if (show || ends_epoch) && !self.is_healthy(session) {
            return Ok(Outcome::Fails);
        }
        if show && !ends_epoch {
            self.tell(observer, &self.state.tally.measures(&self.train.metrics), None, milestone);
        }
        let patient = if ends_epoch { self.end_epoch(session, observer, (show, milestone))? } else { true };
        if show || ends_epoch {
            self.keep_point();
        }
        match patient {
            false if !stopped => Ok(Outcome::Ends(Ending::NoImprovement)),
            _ => Ok(self.outcome(observer, stopped, look)),
        }
    }

    /// Validates, looks at `patience`, tells of the epoch; whether training goes on.
    fn end_epoch(
        &mut self,
        session: &mut Session<'_>,
        observer: &mut dyn Observer,
        (show, milestone): (bool, bool),
    ) -> Result<bool, Box<Diagnostic>> {
        let epoch = self.rows.epoch_of(self.state.step);
        let validation = self.validate(session)?;
        let watched = self.watched(validation.as_ref());
        let patient = self.is_patient(epoch, watched);
        self.reduce(validation.as_ref());
        let measures = self.state.tally.measures(&self.train.metrics);
        let validation = validation.map(|tally| tally.measures(&self.train.metrics));
        if show {
            self.tell(observer, &measures, validation.as_ref(), milestone);
        }
        if self.calendar.is_recorded(epoch) || !patient {
            self.record(session, observer, measures, validation)?;
        }
        self.state.tally = Tally::new(&self.train.metrics);
        self.keep_best(session, watched)?;
        Ok(patient)
    }

    /// What there is of the last epoch, when training ends within it.
    fn finish_epoch(&mut self, session: &mut Session<'_>, observer: &mut dyn Observer) -> Result<(), Box<Diagnostic>> {
        let validation = self.validate(session)?;
        let validation = validation.map(|tally| tally.measures(&self.train.metrics));
        let measures = self.state.tally.measures(&self.train.metrics);
        self.record(session, observer, measures, validation)?;
        self.state.tally = Tally::new(&self.train.metrics);
        Ok(())
    }

    /// Loss and metrics over the validation set, with the parameters as they are now.
    pub(super) fn validate(&mut self, session: &mut Session<'_>) -> Result<Option<Tally>, Box<Diagnostic>> {
        let Some(validation) = &mut self.validation else { return Ok(None) };
        let chunks = session.options.fast_dev_run.then_some(1);
        let tally = validation.run(session, &mut self.steps.bound, self.train, self.state.step, chunks)?;
        self.state.validation_loss = Some(tally.loss());
        self.steps.set_watched(&self.state);
        Ok(Some(tally))
    }

    /// Whether `patience`, if there is one, lasts beyond this epoch.
    fn is_patient(&mut self, epoch: u64, watched: Option<(f64, bool)>) -> bool {
        let Some(patience) = self.train.patience.as_ref().filter(|_| !self.learns_by_heart) else { return true };
        let value = watched.map_or(f64::NAN, |(value, _)| value);
        let steps = &self.steps;
        !self.state.stopping.epoch_ended(patience, epoch, value, || steps.param_bytes())
    }

    /// The learning rate of the next epoch by `schedule = plateau(…)`.
    fn reduce(&mut self, validation: Option<&Tally>) {
        let Some(plateau) = &self.train.plateau else { return };
        let value = self.monitored(plateau.monitor, validation);
        self.state.plateau.epoch_ended(plateau, value);
        self.steps.set_watched(&self.state);
    }

    /// What decides which epoch is the best, and whether higher is better: what `patience` watches, else the
    /// validation loss.
    fn watched(&self, validation: Option<&Tally>) -> Option<(f64, bool)> {
        let Some(patience) = &self.train.patience else {
            return validation.map(|validation| (validation.loss(), false));
        };
        Some((self.monitored(patience.monitor, validation), patience.higher))
    }

    /// The value of an epoch that is watched.
    fn monitored(&self, monitor: Monitor, validation: Option<&Tally>) -> f64 {
        let tally = &self.state.tally;
        match monitor {
            Monitor::Loss => tally.loss(),
            Monitor::ValidationLoss => validation.map_or(f64::NAN, Tally::loss),
            Monitor::Metric(place) => validation.unwrap_or(tally).metric(&self.train.metrics, place),
        }
    }

    /// Goes back to the parameters of the best epoch, if the block asks for them.
    fn restore_best(&mut self) {
        let restores = self.train.patience.as_ref().is_some_and(|patience| patience.restore);
        let best = self.state.stopping.best.as_ref().filter(|best| restores && !best.params.is_empty());
        if let Some(best) = best {
            self.steps.set_param_bytes(&best.params);
        }
    }

    fn outcome(&self, observer: &mut dyn Observer, stopped: bool, look: bool) -> Outcome {
        match stopped {
            true => Outcome::Ends(self.steps.ending()),
            false if look && observer.interrupted() => Outcome::Ends(Ending::Interrupted),
            false => Outcome::Goes,
        }
    }

    /// One step; whether the block's `stop` became true. With a tally it reports, and adds its batches to that.
    #[inline]
    pub(super) fn step(
        &mut self,
        session: &mut Session<'_>,
        mut tally: Option<&mut Tally>,
    ) -> Result<bool, Box<Diagnostic>> {
        let whole = self.rows.is_whole();
        let epoch = self.rows.epoch();
        let (batches, examples) = self.rows.next_step();
        let report = if tally.is_some() { Report::Full } else { Report::Quiet };
        let mut stopped = false;
        self.state.step += 1;
        self.loss = 0.0;
        self.steps.clear_sums();
        for number in 1..=batches {
            let (batch, upcoming) = self.rows.next_batches();
            let part = if number == batches { Part::Update } else { Part::Gather };
            let (size, step) = (batch.len(), self.state.step);
            let share = size as f64 / examples as f64;
            let at = At { batch, upcoming, whole, part, share, step, epoch };
            stopped = self.steps.run(session, self.train, report, at)?;
            if let Some(tally) = &mut tally {
                self.loss += share * self.steps.loss();
                self.steps.add_to(tally, size, self.train);
            }
        }
        Ok(stopped)
    }

    /// Whether the loss of the last step, which reported, and the parameters are finite.
    fn is_healthy(&self, session: &Session<'_>) -> bool {
        session.options.ignore_not_finite || (self.loss.is_finite() && self.steps.params_are_finite())
    }

    pub(super) fn keep_point(&mut self) {
        self.state.place = self.rows.place();
        self.healthy = Point { state: self.state.clone(), tensors: self.steps.state_bytes() };
    }

    /// Runs again from a healthy point, with reports, to the first step whose loss is no number.
    fn find_failure(&mut self, session: &mut Session<'_>) -> Result<(), Box<Diagnostic>> {
        let last = self.state.step;
        self.steps.set_state_bytes(&self.healthy.tensors);
        self.state = self.healthy.state.clone();
        self.steps.set_watched(&self.state);
        self.rows.go_to(self.state.place);
        while self.state.step < last + 1 {
            let before = self.steps.state_bytes();
            let state = RunState { place: self.rows.place(), ..self.state.clone() };
            let epoch = self.rows.epoch();
            let rows = self.rows.clone();
            self.step(session, Some(&mut Tally::new(&self.train.metrics)))?;
            let loss = self.loss;
            if !loss.is_finite() || !self.steps.params_are_finite() {
                let mut seen = rows.clone();
                let batches = (0..rows.next_step().0).map(|_| seen.next_batch().to_vec()).collect();
                let whole = rows.is_whole();
                self.steps.set_state_bytes(&before);
                self.before = state;
                let remembered = self.steps.remembered();
                let validation_loss = self.state.validation_loss.unwrap_or(f64::NAN);
                let step = self.state.step;
                self.failure = trace::Failure { step, epoch, loss, validation_loss, batches, whole, remembered };
                return Ok(());
            }
        }
        Ok(())
    }
}
