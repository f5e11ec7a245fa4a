//! `--json`: a run as lines of JSON on standard output.

use super::output::say;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::render::{MessageFormat, render};
use crate::report::events::{Ended, Epoch, Event, Number, Rates, Started, Structured};
use crate::session::{EpochRecord, LearningRates, Leaves, Observer, TrainingEnd, TrainingStart};
use crate::source::{SourceMap, Span};
use std::path::Path;
use std::time::Duration;

/// Writes what happens in a run.
pub(super) struct JsonLines<'s> {
    sources: &'s SourceMap,
    /// The `train` items begun so far, and the name of the last one.
    trains: usize,
    name: Option<String>,
}

impl<'s> JsonLines<'s> {
    pub(super) fn new(sources: &'s SourceMap) -> Self {
        JsonLines { sources, trains: 0, name: None }
    }
}

/// The first line.
pub(super) fn begin(file: &Path, seed: u64) {
    let file = file.display().to_string();
    say(&Event::Run { file: &file, version: env!("CARGO_PKG_VERSION"), seed }.line());
}

/// A line for each message.
pub(super) fn messages(diagnostics: &[Diagnostic], sources: &SourceMap) {
    for line in render(diagnostics, sources, MessageFormat::Json, false).lines() {
        if let Ok(diagnostic) = serde_json::from_str(line) {
            say(&Event::Message { diagnostic: &diagnostic }.line());
        }
    }
}

/// The last line.
pub(super) fn finish(succeeded: bool, time: Duration) {
    say(&Event::Finished { succeeded, seconds: Number(time.as_secs_f64()) }.line());
}

/// A text on one line, its blanks as single ones.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Observer for JsonLines<'_> {
    fn text(&mut self, text: &str) {
        say(&Event::Text { text }.line());
    }

    fn value(&mut self, source: &str, value: &Leaves) {
        say(&Event::Value { source: &one_line(source), value: Structured(value) }.line());
    }

    fn asserted(&mut self, place: Span, holds: bool) {
        let file = self.sources.get(place.source);
        let (line, _) = file.line_column(place.start as usize);
        let source = one_line(self.sources.text(place));
        say(&Event::Assertion { file: &file.name, line, source: &source, holds }.line());
    }

    fn training_started(&mut self, start: &TrainingStart) {
        self.trains += 1;
        self.name.clone_from(&start.name);
        say(&Event::Started(Started::new(self.trains, start)).line());
    }

    fn epoch_ended(&mut self, record: &EpochRecord) {
        say(&Event::Epoch(Epoch::new(self.trains, self.name.as_deref(), record)).line());
    }

    fn training_ended(&mut self, end: &TrainingEnd) {
        say(&Event::Ended(Ended::new(self.trains, end)).line());
    }

    fn learning_rates_tried(&mut self, found: &LearningRates) {
        say(&Event::LearningRates(Rates::new(found)).line());
    }

    fn wants_every_epoch(&self) -> bool {
        true
    }
}
