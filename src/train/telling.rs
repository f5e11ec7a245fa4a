//! What a run tells those who watch it: where it is, what its epochs came to, how it ended.

use super::checkpoints::Checkpoints;
use super::run::Run;
use super::tally::Measures;
use super::terms::monitor_name;
use super::validation::Evaluation;
use crate::diagnostics::Diagnostic;
use crate::ir::Shape;
use crate::session::{
    BestEpoch, Confusion, Ending, EpochRecord, Observer, Session, TrainingEnd, TrainingProgress, TrainingStart, native,
};
use std::time::{Duration, Instant};

/// Parameters by name: shape and values.
type Parameters = Vec<(String, Shape, Vec<f64>)>;

impl Run<'_> {
    pub(super) fn start(&self, session: &Session<'_>, compiled_in: Duration) -> TrainingStart {
        let program = session.program;
        let data = self.train.data.map(|data| &program.data[data.0 as usize]);
        TrainingStart {
            name: self.train.name.clone(),
            data: data.map(|set| (set.name.clone(), set.rows)),
            trainable: self.train.params.iter().map(|id| program.params[id.0 as usize].shape.count()).sum(),
            batch: self.rows.batch(),
            accumulate: self.train.batches_per_step(),
            seed: self.train.seed,
            steps_per_epoch: self.rows.steps_per_epoch(),
            steps: self.limit,
            compiled_in,
            resumed: self.resumed.clone(),
        }
    }

    pub(super) fn note_time(&mut self) {
        self.state.elapsed = self.clock.begun.elapsed().saturating_sub(self.steps.bound.compiling);
    }

    pub(super) fn tell(
        &mut self,
        observer: &mut dyn Observer,
        measures: &Measures,
        validation: Option<&Measures>,
        milestone: bool,
    ) {
        self.note_time();
        self.clock.shown = Instant::now();
        observer.training_progress(&TrainingProgress {
            step: self.state.step,
            epoch: self.rows.epoch_of(self.state.step),
            loss: measures.loss,
            metrics: measures.metrics.clone(),
            validation: validation.map(|validation| (validation.loss, validation.metrics.clone())),
            elapsed: self.state.elapsed,
            milestone,
        });
    }

    /// The record of the epoch that has ended, or of as much as there is of the last one.
    pub(super) fn record(
        &mut self,
        session: &mut Session<'_>,
        observer: &mut dyn Observer,
        measures: Measures,
        validation: Option<Measures>,
    ) -> Result<(), Box<Diagnostic>> {
        self.note_time();
        let (validation, confusions) = apart(validation, measures.confusions);
        observer.epoch_ended(&EpochRecord {
            epoch: self.rows.epoch_of(self.state.step),
            step: self.state.step,
            loss: measures.loss,
            metrics: measures.metrics,
            validation,
            confusions,
            learning_rate: self.steps.learning_rate(),
            gradient_norm: self.steps.gradient_norm(),
            elapsed: self.state.elapsed,
        });
        self.show_parameters(session, observer, self.rows.epoch_of(self.state.step))
    }

    /// The parameters as they are now, if anybody wants them.
    pub(super) fn show_parameters(
        &self,
        session: &mut Session<'_>,
        observer: &mut dyn Observer,
        epoch: u64,
    ) -> Result<(), Box<Diagnostic>> {
        if observer.wants_parameters(epoch) {
            self.steps.store(&mut session.params);
            observer.parameters(epoch, &self.params(session)?);
        }
        Ok(())
    }

    /// The session's trained parameters: name, shape, values.
    fn params(&self, session: &mut Session<'_>) -> Result<Parameters, Box<Diagnostic>> {
        let program = session.program;
        let params = self.train.params.iter().map(|id| {
            let param = &program.params[id.0 as usize];
            let values = native::to_reals(&session.param_value(*id)?);
            Ok((param.name.clone(), param.shape.clone(), values))
        });
        params.collect()
    }

    /// What training came to: everything is evaluated with the parameters as they are now.
    pub(super) fn end(&mut self, session: &mut Session<'_>, ending: Ending) -> Result<TrainingEnd, Box<Diagnostic>> {
        let chunks = session.options.fast_dev_run.then_some(1);
        let what = "train: loss at the end";
        let mut evaluation = Evaluation::new(session, self.train, self.train.examples(), what);
        let tally = evaluation.run(session, &mut self.steps.bound, self.train, self.state.step, chunks)?;
        let measures = tally.measures(&self.train.metrics);
        let validation = self.validate(session)?.map(|tally| tally.measures(&self.train.metrics));
        let (validation, confusions) = apart(validation, measures.confusions);
        Ok(TrainingEnd {
            name: self.train.name.clone(),
            ending,
            steps: self.state.step,
            epochs: self.rows.epoch_of(self.state.step),
            loss: measures.loss,
            metrics: measures.metrics,
            validation,
            confusions,
            best: self.best(),
            elapsed: self.state.elapsed,
            checkpoint: self.checkpoints.as_ref().map(Checkpoints::last),
            params: self.params(session)?,
        })
    }

    fn best(&self) -> Option<BestEpoch> {
        let patience = self.train.patience.as_ref()?;
        let best = self.state.stopping.best.as_ref()?;
        let monitor = monitor_name(self.train, patience.monitor).to_string();
        let restored = patience.restore && !best.params.is_empty();
        Some(BestEpoch { epoch: best.epoch, monitor, value: best.value, restored })
    }
}

/// A loss with the metrics that are numbers.
type Numbers = (f64, Vec<(String, f64)>);

/// The numbers of a validation, and the tables of it if there is one, else those of training.
fn apart(validation: Option<Measures>, trained: Vec<Confusion>) -> (Option<Numbers>, Vec<Confusion>) {
    match validation {
        Some(validation) => (Some((validation.loss, validation.metrics)), validation.confusions),
        None => (None, trained),
    }
}
