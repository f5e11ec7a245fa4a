//! What a run tells whoever watches it.

use super::{Examination, LearningRates, Leaves};
use crate::chart::Chart;
use crate::check::plots::Plot;
use crate::diagnostics::Diagnostic;
use crate::ir::Shape;
use crate::source::Span;
use std::time::Duration;

/// Watches a run. All methods may be left out.
pub trait Observer {
    /// A printed text.
    fn text(&mut self, _text: &str) {}
    /// A printed value, with its source text.
    fn value(&mut self, _source: &str, _value: &Leaves) {}
    /// Something that the user should know, without which the run goes on.
    fn warned(&mut self, _warning: &Diagnostic) {}
    /// The assertion at a place was checked.
    fn asserted(&mut self, _place: Span, _holds: bool) {}
    /// A plot was computed, because it was wanted.
    fn plotted(&mut self, _plot: &Plot, _chart: &Chart) {}
    /// Whether somebody looks at a plot; else it is not computed.
    fn wants_plot(&mut self, _plot: &Plot) -> bool {
        false
    }
    /// Training begins.
    fn training_started(&mut self, _start: &TrainingStart) {}
    /// Training goes on; called often, cheap to ignore.
    fn training_progress(&mut self, _progress: &TrainingProgress) {}
    /// An epoch that is recorded has ended.
    fn epoch_ended(&mut self, _record: &EpochRecord) {}
    /// Whether the trained parameters at the end of an epoch are wanted; epoch 0 is before the first step.
    fn wants_parameters(&self, _epoch: u64) -> bool {
        false
    }
    /// The trained parameters at the end of an epoch: name, shape, values.
    fn parameters(&mut self, _epoch: u64, _parameters: &[(String, Shape, Vec<f64>)]) {}
    /// Training ended.
    fn training_ended(&mut self, _end: &TrainingEnd) {}
    /// Learning rates were tried, in place of a training.
    fn learning_rates_tried(&mut self, _found: &LearningRates) {}
    /// Whether trainings are examined, before they start and after they end.
    fn wants_examination(&self) -> bool {
        false
    }
    /// A training was examined, because it was wanted.
    fn examined(&mut self, _examination: &Examination) {}
    /// Whether every epoch is to be recorded, at the price of computing the loss of every step.
    fn wants_every_epoch(&self) -> bool {
        false
    }
    /// Whether the user asked to stop; training then ends after the step at hand.
    fn interrupted(&self) -> bool {
        false
    }
}

/// Tells several watchers.
#[derive(Default)]
pub struct Several<'o>(pub Vec<&'o mut dyn Observer>);

impl Observer for Several<'_> {
    fn text(&mut self, text: &str) {
        self.0.iter_mut().for_each(|observer| observer.text(text));
    }
    fn value(&mut self, source: &str, value: &Leaves) {
        self.0.iter_mut().for_each(|observer| observer.value(source, value));
    }
    fn warned(&mut self, warning: &Diagnostic) {
        self.0.iter_mut().for_each(|observer| observer.warned(warning));
    }
    fn asserted(&mut self, place: Span, holds: bool) {
        self.0.iter_mut().for_each(|observer| observer.asserted(place, holds));
    }
    fn plotted(&mut self, plot: &Plot, chart: &Chart) {
        self.0.iter_mut().for_each(|observer| observer.plotted(plot, chart));
    }
    fn wants_plot(&mut self, plot: &Plot) -> bool {
        // All are asked: some count the plots that nobody wants.
        let answers: Vec<bool> = self.0.iter_mut().map(|observer| observer.wants_plot(plot)).collect();
        answers.contains(&true)
    }
    fn training_started(&mut self, start: &TrainingStart) {
        self.0.iter_mut().for_each(|observer| observer.training_started(start));
    }
    fn training_progress(&mut self, progress: &TrainingProgress) {
        self.0.iter_mut().for_each(|observer| observer.training_progress(progress));
    }
    fn epoch_ended(&mut self, record: &EpochRecord) {
        self.0.iter_mut().for_each(|observer| observer.epoch_ended(record));
    }
    fn wants_parameters(&self, epoch: u64) -> bool {
        self.0.iter().any(|observer| observer.wants_parameters(epoch))
    }
    fn parameters(&mut self, epoch: u64, parameters: &[(String, Shape, Vec<f64>)]) {
        for observer in self.0.iter_mut().filter(|observer| observer.wants_parameters(epoch)) {
            observer.parameters(epoch, parameters);
        }
    }
    fn training_ended(&mut self, end: &TrainingEnd) {
        self.0.iter_mut().for_each(|observer| observer.training_ended(end));
    }
    fn learning_rates_tried(&mut self, found: &LearningRates) {
        self.0.iter_mut().for_each(|observer| observer.learning_rates_tried(found));
    }
    fn wants_examination(&self) -> bool {
        self.0.iter().any(|observer| observer.wants_examination())
    }
    fn examined(&mut self, examination: &Examination) {
        for observer in self.0.iter_mut().filter(|observer| observer.wants_examination()) {
            observer.examined(examination);
        }
    }
    fn wants_every_epoch(&self) -> bool {
        self.0.iter().any(|observer| observer.wants_every_epoch())
    }
    fn interrupted(&self) -> bool {
        self.0.iter().any(|observer| observer.interrupted())
    }
}

/// Watches nothing.
pub struct Silent;

impl Observer for Silent {}

/// What is about to be trained.
#[derive(Clone, Debug)]
pub struct TrainingStart {
    /// The block's name.
    pub name: Option<String>,
    /// The data's name and number of examples.
    pub data: Option<(String, usize)>,
    /// The number of trainable values.
    pub trainable: usize,
    /// Examples per batch.
    pub batch: usize,
    /// Batches per step.
    pub accumulate: usize,
    /// The seed of the order of the examples.
    pub seed: u64,
    /// Steps per epoch.
    pub steps_per_epoch: u64,
    /// The most steps that may be taken; `None` when only `stop` ends the run.
    pub steps: Option<u64>,
    /// The time that making native code took.
    pub compiled_in: Duration,
    /// The checkpoint that it goes on from, with the steps done there.
    pub resumed: Option<(String, u64)>,
}

impl TrainingStart {
    /// Examples per step.
    pub fn examples_per_step(&self) -> usize {
        let examples = self.data.as_ref().map_or(1, |(_, examples)| *examples);
        self.batch.saturating_mul(self.accumulate).min(examples)
    }
}

/// Where training is.
#[derive(Clone, Debug)]
pub struct TrainingProgress {
    /// Steps done.
    pub step: u64,
    /// The epoch of the last step, from 1.
    pub epoch: u64,
    /// Loss and metrics over the batches of the epoch so far; in an epoch that is not recorded those of the last batch.
    pub loss: f64,
    /// Names and values of the metrics.
    pub metrics: Vec<(String, f64)>,
    /// Loss and metrics over the validation set, where an epoch has ended here.
    pub validation: Option<(f64, Vec<(String, f64)>)>,
    /// Since training began.
    pub elapsed: Duration,
    /// Whether this point is one of the few that a log keeps.
    pub milestone: bool,
}

/// What an epoch came to. Without `data`, and where epochs are single steps, an epoch is a step.
#[derive(Clone, Debug, Default)]
pub struct EpochRecord {
    /// The epoch, from 1.
    pub epoch: u64,
    /// Steps done at its end.
    pub step: u64,
    /// The mean loss of its batches, each before its update.
    pub loss: f64,
    /// Names and values of the metrics over its batches.
    pub metrics: Vec<(String, f64)>,
    /// Loss and metrics over the validation set, with the parameters as they are at the epoch's end.
    pub validation: Option<(f64, Vec<(String, f64)>)>,
    /// Metrics that are tables: over the validation set if there is one, else over the epoch's batches.
    pub confusions: Vec<Confusion>,
    /// The learning rate of its last step, where the update rule has one.
    pub learning_rate: Option<f64>,
    /// The Euclidean norm of the last step's gradient, before clipping, where it was computed.
    pub gradient_norm: Option<f64>,
    /// Since training began.
    pub elapsed: Duration,
}

/// How often each class was taken for which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Confusion {
    /// The metric's name.
    pub name: String,
    /// The names of the classes.
    pub classes: Vec<String>,
    /// A row for each true class, with the number of examples that were taken for each class.
    pub counts: Vec<Vec<u64>>,
}

/// The best epoch of a run with early stopping.
#[derive(Clone, Debug, PartialEq)]
pub struct BestEpoch {
    /// The epoch, from 1.
    pub epoch: u64,
    /// The name of what was watched.
    pub monitor: String,
    /// Its value there.
    pub value: f64,
    /// Whether the parameters are those of the end of that epoch.
    pub restored: bool,
}

/// Why training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All epochs or steps are done.
    Done,
    /// The block's `stop` became true.
    Stopped,
    /// The optimizer says that it cannot get better.
    Converged,
    /// It did not get better for as long as the block's `patience` lasts.
    NoImprovement,
    /// The user asked for it.
    Interrupted,
}

impl Ending {
    /// What stands behind the number of steps; nothing for the usual end.
    pub fn told(self) -> &'static str {
        match self {
            Ending::Done => "",
            Ending::Stopped => ", ended by `stop`",
            Ending::Converged => ", converged",
            Ending::NoImprovement => ", ended by `patience`",
            Ending::Interrupted => ", interrupted",
        }
    }
}

/// What training came to.
#[derive(Clone, Debug)]
pub struct TrainingEnd {
    /// The block's name.
    pub name: Option<String>,
    /// Why it ended.
    pub ending: Ending,
    /// Steps done.
    pub steps: u64,
    /// Epochs begun.
    pub epochs: u64,
    /// The loss over all examples, with the parameters as they are now.
    pub loss: f64,
    /// The metrics over all examples.
    pub metrics: Vec<(String, f64)>,
    /// Loss and metrics over the validation set.
    pub validation: Option<(f64, Vec<(String, f64)>)>,
    /// Metrics that are tables: over the validation set if there is one, else over all examples.
    pub confusions: Vec<Confusion>,
    /// The best epoch, where early stopping looked for it.
    pub best: Option<BestEpoch>,
    /// The time of the steps.
    pub elapsed: Duration,
    /// The trained parameters: name, shape, values.
    pub params: Vec<(String, Shape, Vec<f64>)>,
    /// The newest checkpoint.
    pub checkpoint: Option<String>,
}
