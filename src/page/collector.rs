//! What a report tells, gathered while a run goes on.

use crate::chart::Chart;
use crate::check::plots::Plot;
use crate::ir::Shape;
use crate::report::value_text;
use crate::session::{EpochRecord, Examination, Leaves, Observer, TrainingEnd, TrainingStart};
use crate::source::Span;

/// The most letters of a printed value.
const LONGEST: usize = 4000;

/// Named values with their shapes.
pub(super) type Parameters = Vec<(String, Shape, Vec<f64>)>;

/// What happened, in order.
pub(super) enum Event {
    Printed(String),
    Asserted(Span, bool),
    Plotted(Chart),
    Trained(Box<Training>),
}

/// A training.
pub(super) struct Training {
    pub(super) start: TrainingStart,
    pub(super) records: Vec<EpochRecord>,
    pub(super) first: Parameters,
    /// Nothing if it failed.
    pub(super) end: Option<TrainingEnd>,
    pub(super) before: Option<Examination>,
    pub(super) after: Option<Examination>,
}

/// Gathers what a report tells.
#[derive(Default)]
pub struct Collector {
    pub(super) events: Vec<Event>,
    /// What was examined before the training that has not started yet.
    examined: Option<Examination>,
}

impl Collector {
    fn training(&mut self) -> Option<&mut Training> {
        match self.events.last_mut() {
            Some(Event::Trained(training)) => Some(training),
            _ => None,
        }
    }
}

impl Observer for Collector {
    fn text(&mut self, text: &str) {
        self.events.push(Event::Printed(text.to_string()));
    }
    fn value(&mut self, source: &str, value: &Leaves) {
        let source = source.split_whitespace().collect::<Vec<_>>().join(" ");
        let value: String = value_text(value).chars().take(LONGEST).collect();
        self.events.push(Event::Printed(format!("{source} = {value}")));
    }
    fn asserted(&mut self, place: Span, holds: bool) {
        self.events.push(Event::Asserted(place, holds));
    }
    fn wants_plot(&mut self, _: &Plot) -> bool {
        true
    }
    fn plotted(&mut self, _: &Plot, chart: &Chart) {
        self.events.push(Event::Plotted(chart.clone()));
    }
    fn wants_examination(&self) -> bool {
        true
    }
    fn examined(&mut self, examination: &Examination) {
        match self.training().filter(|training| training.end.is_some() && training.after.is_none()) {
            Some(training) => training.after = Some(examination.clone()),
            None => self.examined = Some(examination.clone()),
        }
    }
    fn training_started(&mut self, start: &TrainingStart) {
        let training = Training {
            start: start.clone(),
            records: Vec::new(),
            first: Vec::new(),
            end: None,
            before: self.examined.take(),
            after: None,
        };
        self.events.push(Event::Trained(Box::new(training)));
    }
    fn wants_parameters(&self, epoch: u64) -> bool {
        epoch == 0
    }
    fn parameters(&mut self, _: u64, parameters: &[(String, Shape, Vec<f64>)]) {
        if let Some(training) = self.training() {
            training.first = parameters.to_vec();
        }
    }
    fn epoch_ended(&mut self, record: &EpochRecord) {
        if let Some(training) = self.training() {
            training.records.push(record.clone());
        }
    }
    fn training_ended(&mut self, end: &TrainingEnd) {
        if let Some(training) = self.training() {
            training.end = Some(end.clone());
        }
    }
}
