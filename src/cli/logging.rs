//! `--json` and `--log-dir`: what other programs read of a run.

use super::Common;
use super::event_log::EventLog;
use super::json_lines;
use super::output::{explain, report};
use crate::diagnostics::Diagnostic;
use crate::driver::Checked;
use crate::source::SourceMap;
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What other programs are to read of a run.
#[derive(Args)]
pub(super) struct Logging {
    /// Print a line of JSON for each epoch and whatever else happens, and nothing else
    #[arg(long, conflicts_with = "emit")]
    pub(super) json: bool,
    /// Write curves for TensorBoard into a new folder within this one
    #[arg(long, value_name = "DIR", conflicts_with = "emit")]
    log_dir: Option<PathBuf>,
}

impl Logging {
    /// Before the file is looked at.
    pub(super) fn begin(&self, file: &Path, common: &Common) {
        if self.json {
            json_lines::begin(file, common.settings.seed);
        }
    }

    /// Messages, where they are read.
    pub(super) fn report(&self, diagnostics: &[Diagnostic], sources: &SourceMap, common: &Common) {
        report(diagnostics, sources, common);
        if self.json {
            json_lines::messages(diagnostics, sources);
        }
    }

    /// The event log that was asked for, in a folder of its own.
    pub(super) fn event_log(&self, file: &Path, checked: &Checked) -> Result<Option<EventLog>, Box<Diagnostic>> {
        let Some(folder) = &self.log_dir else { return Ok(None) };
        let log = EventLog::create(folder, file, checked)?;
        explain(&format!("logging to {}\n", log.folder().display()));
        Ok(Some(log))
    }

    /// After everything.
    pub(super) fn end(&self, succeeded: bool, time: Duration) {
        if self.json {
            json_lines::finish(succeeded, time);
        }
    }
}
