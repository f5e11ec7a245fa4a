//! Runs a program and keeps what it tells of its trainings.

use ndc::check::Options;
use ndc::data::FileLoader;
use ndc::diagnostics::Diagnostic;
use ndc::driver::{check_file, on_large_stack};
use ndc::session::{EpochRecord, LearningRates, Observer, RunOptions, Session, TrainingEnd, TrainingStart};
use std::path::Path;

/// What a run told of its trainings.
#[derive(Default)]
pub struct Records {
    pub starts: Vec<TrainingStart>,
    pub epochs: Vec<EpochRecord>,
    pub ends: Vec<TrainingEnd>,
    pub rates: Vec<LearningRates>,
}

impl Observer for Records {
    fn training_started(&mut self, start: &TrainingStart) {
        self.starts.push(start.clone());
    }
    fn epoch_ended(&mut self, record: &EpochRecord) {
        self.epochs.push(record.clone());
    }
    fn training_ended(&mut self, end: &TrainingEnd) {
        self.ends.push(end.clone());
    }
    fn learning_rates_tried(&mut self, found: &LearningRates) {
        self.rates.push(found.clone());
    }
}

/// Runs a program, with names for its file that no other test uses.
pub fn run(name: &str, text: &str, options: RunOptions) -> Records {
    try_run(name, text, options).unwrap()
}

/// The same; the messages if it fails.
pub fn try_run(name: &str, text: &str, options: RunOptions) -> Result<Records, Vec<Diagnostic>> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("records_{name}.nd"));
    std::fs::write(&path, text).unwrap();
    let find_learning_rate = options.find_learning_rate.is_some();
    let checked = check_file(&path, &mut FileLoader::new(), Options { find_learning_rate, ..Options::default() });
    assert!(!checked.has_errors(), "{name}, {text}: {:#?}", checked.diagnostics);
    on_large_stack(|| {
        let mut session = Session::new(&checked.program).unwrap();
        session.options = options;
        let mut records = Records::default();
        session.run(&mut records).map(|()| records)
    })
}
