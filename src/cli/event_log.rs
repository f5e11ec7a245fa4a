//! `--log-dir`: the curves of a run as TensorBoard's event files.
//!
//! Each run has a folder of its own, with a file for what is measured while training and one for validation, so that both
//! curves come to lie in one chart. An epoch is written at once.

use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::files::cannot_write;
use crate::driver::Checked;
use crate::ir::Shape;
use crate::report::event_file::At;
use crate::session::{EpochRecord, Observer, TrainingStart};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// About how many histograms of a parameter are written in a run of known length.
const HISTOGRAMS: u64 = 100;

/// Writes what is measured in a run.
pub(super) struct EventLog {
    folder: PathBuf,
    program: String,
    training: Option<File>,
    validation: Option<File>,
    /// The `train` items begun so far, and what the tags of the last one begin with.
    trains: usize,
    prefix: String,
    /// After how many epochs histograms are written, in a run of known length, and the next epoch that has some.
    every: Option<u64>,
    next: u64,
    failure: Option<Box<Diagnostic>>,
}

impl EventLog {
    /// Makes a folder that no other run has, named after the program.
    pub(super) fn create(parent: &Path, file: &Path, checked: &Checked) -> Result<Self, Box<Diagnostic>> {
        let name = file.file_stem().map_or("run".into(), |stem| stem.to_string_lossy());
        let folder = new_folder(parent, &name).map_err(|error| unwritten(parent, &error))?;
        let program = checked.sources.iter().find(|(_, source)| !source.library);
        let program = program.map_or(String::new(), |(_, source)| source.text.clone());
        let (training, validation, failure) = (None, None, None);
        Ok(EventLog {
            folder,
            program,
            training,
            validation,
            trains: 0,
            prefix: String::new(),
            every: None,
            next: 0,
            failure,
        })
    }

    /// Where the run is written.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Why the log is not whole, if it is not.
    pub(super) fn failure(self) -> Option<Diagnostic> {
        self.failure.map(|failure| *failure)
    }

    fn write(&mut self, curves: Curves, records: &[u8]) {
        if self.failure.is_some() || records.is_empty() {
            return;
        }
        let folder = self.folder.join(curves.folder());
        let file = match curves {
            Curves::Training => &mut self.training,
            Curves::Validation => &mut self.validation,
        };
        if let Err(error) = append(file, &folder, records) {
            self.failure = Some(unwritten(&folder, &error));
        }
    }
}

#[derive(Clone, Copy)]
enum Curves {
    Training,
    Validation,
}

impl Curves {
    fn folder(self) -> &'static str {
        match self {
            Curves::Training => "train",
            Curves::Validation => "validation",
        }
    }
}

fn unwritten(path: &Path, error: &io::Error) -> Box<Diagnostic> {
    Box::new(cannot_write(&path.display().to_string(), error))
}

/// The first of `name-1`, `name-2`, … that is not there yet.
fn new_folder(parent: &Path, name: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(parent)?;
    let mut number = 1_u64;
    loop {
        let folder = parent.join(format!("{name}-{number}"));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
}

/// Adds records to a file, which is made for the first of them.
fn append(file: &mut Option<File>, folder: &Path, records: &[u8]) -> io::Result<()> {
    if let Some(file) = file {
        return file.write_all(records);
    }
    fs::create_dir_all(folder)?;
    let name = format!("events.out.tfevents.{:.0}.{}", now(), std::process::id());
    let mut made = File::create_new(folder.join(name))?;
    made.write_all(&At { time: now(), epoch: 0 }.version())?;
    made.write_all(records)?;
    *file = Some(made);
    Ok(())
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

impl Observer for EventLog {
    fn training_started(&mut self, start: &TrainingStart) {
        self.trains += 1;
        self.prefix = match &start.name {
            Some(name) => format!("{name}/"),
            None if self.trains > 1 => format!("train {}/", self.trains),
            None => String::new(),
        };
        self.every = start.steps.map(|steps| (steps / start.steps_per_epoch.max(1)).div_ceil(HISTOGRAMS));
        self.next = 0;
        let at = At { time: now(), epoch: 0 };
        let mut records = at.text(&format!("{}settings", self.prefix), &settings(start));
        if self.trains == 1 {
            let program: String = self.program.lines().map(|line| format!("    {line}\n")).collect();
            records.extend(at.text("program", &program));
        }
        self.write(Curves::Training, &records);
    }

    fn epoch_ended(&mut self, record: &EpochRecord) {
        let at = At { time: now(), epoch: record.epoch };
        let scalar = |name: &str, value: f64| at.scalar(&format!("{}{name}", self.prefix), value);
        let measured = |loss: f64, metrics: &[(String, f64)]| {
            let mut records = scalar("loss", loss);
            metrics.iter().for_each(|(name, value)| records.extend(scalar(name, *value)));
            records
        };
        let mut training = measured(record.loss, &record.metrics);
        let rest = [("learning_rate", record.learning_rate), ("gradient_norm", record.gradient_norm)];
        for (name, value) in rest {
            training.extend(value.iter().flat_map(|value| scalar(name, *value)));
        }
        let validation = record.validation.as_ref().map(|(loss, metrics)| measured(*loss, metrics));
        self.write(Curves::Training, &training);
        self.write(Curves::Validation, &validation.unwrap_or_default());
    }

    fn wants_parameters(&self, epoch: u64) -> bool {
        epoch >= self.next
    }

    fn parameters(&mut self, epoch: u64, parameters: &[(String, Shape, Vec<f64>)]) {
        let at = At { time: now(), epoch };
        let tag = |name: &String| format!("{}parameters/{name}", self.prefix);
        let histogram = |(name, _, values): &(String, _, Vec<f64>)| at.histogram(&tag(name), values);
        let records: Vec<u8> = parameters.iter().flat_map(histogram).collect();
        self.write(Curves::Training, &records);
        // Without a known length they become rarer as the run goes on.
        self.next = epoch + self.every.unwrap_or(epoch / 20).max(1);
    }
}

/// What a training is told, as a table in Markdown.
fn settings(start: &TrainingStart) -> String {
    let mut rows = vec![
        ("command".to_string(), std::env::args().collect::<Vec<_>>().join(" ")),
        ("ndc".to_string(), env!("CARGO_PKG_VERSION").to_string()),
    ];
    if let Some((name, examples)) = &start.data {
        rows.push(("data".to_string(), format!("{name}, {examples} examples")));
    }
    rows.push(("trainable values".to_string(), start.trainable.to_string()));
    rows.push(("batch".to_string(), start.batch.to_string()));
    if start.accumulate > 1 {
        rows.push(("accumulate".to_string(), start.accumulate.to_string()));
    }
    rows.push(("steps per epoch".to_string(), start.steps_per_epoch.to_string()));
    rows.push(("steps".to_string(), start.steps.map_or("until `stop`".to_string(), |steps| steps.to_string())));
    let mut table = "| | |\n| --- | --- |\n".to_string();
    for (name, value) in rows {
        let _ = writeln!(table, "| {name} | {} |", value.replace('|', "\\|").replace('\n', " "));
    }
    table
}
