//! `ndc run FILE`.

use super::Common;
use super::checkpointing::{Brakes, Checkpointing};
use super::compiling::{Compiling, Times};
use super::event_log::EventLog;
use super::json_lines::JsonLines;
use super::logging::Logging;
use super::output::say;
use super::rate_finding::RateFinding;
use super::report_page::page;
use super::reporting::{Charts, Reporting};
use super::set::Set;
use super::trying::Trying;
use super::watch_training::Watcher;
use super::write::write_whole;
use crate::check;
use crate::data::FileLoader;
use crate::diagnostics::Diagnostic;
use crate::driver::{check_file_with, emit, on_large_stack};
use crate::page::Collector;
use crate::session::{Observer, RunOptions, Session, Several};
use clap::Args;
use std::path::Path;
use std::time::Instant;

/// What `ndc run` is told.
#[derive(Args)]
pub(super) struct RunArguments {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(flatten)]
    compiling: Compiling,
    #[command(flatten)]
    set: Set,
    #[command(flatten)]
    logging: Logging,
    #[command(flatten)]
    trying: Trying,
    #[command(flatten)]
    finding: RateFinding,
    #[command(flatten)]
    checkpointing: Checkpointing,
    #[command(flatten)]
    reporting: Reporting,
}

impl RunArguments {
    /// What the checker needs to know of it.
    fn check_options(&self) -> check::Options {
        check::Options { find_learning_rate: self.finding.range().is_some(), ..self.common.options() }
    }

    /// What the session needs to know of it.
    fn options(&self, brakes: &Brakes) -> RunOptions {
        let mut options = RunOptions { set: self.set.named(), ..RunOptions::default() };
        self.trying.enter(&mut options);
        options.find_learning_rate = self.finding.range();
        self.checkpointing.options(brakes, options)
    }
}

/// Checks and runs a file; whether all went well.
pub(super) fn run(file: &Path, arguments: &RunArguments, begun: Instant) -> bool {
    arguments.logging.begin(file, &arguments.common);
    let mut brakes = Brakes::new();
    let succeeded = check_and_run(file, arguments, &mut brakes, begun);
    arguments.logging.end(succeeded && !brakes.interrupted(), begun.elapsed());
    brakes.end(file);
    succeeded
}

fn check_and_run(file: &Path, arguments: &RunArguments, brakes: &mut Brakes, begun: Instant) -> bool {
    let RunArguments { common, compiling, logging, .. } = arguments;
    let mut loader = FileLoader::new();
    let checked = check_file_with(file, &arguments.set.overrides, &mut loader, arguments.check_options());
    let failed = |diagnostics: &[Diagnostic]| {
        logging.report(diagnostics, &checked.sources, common);
        false
    };
    logging.report(&checked.diagnostics, &checked.sources, common);
    if checked.has_errors() {
        return false;
    }
    if let Some(stage) = common.emit {
        return match emit(&checked, stage) {
            Ok(text) => {
                say(&text);
                true
            }
            Err(diagnostic) => failed(&[*diagnostic]),
        };
    }
    if let Err(diagnostic) = arguments.reporting.could_be_written(file, &checked, &loader) {
        return failed(&[*diagnostic]);
    }
    let mut event_log = match logging.event_log(file, &checked) {
        Ok(event_log) => event_log,
        Err(diagnostic) => return failed(&[*diagnostic]),
    };
    let started = Instant::now();
    let compiler = compiling.compiler(&checked, loader.fingerprint(), arguments.check_options());
    let options = arguments.options(brakes);
    let mut charts = Charts::new(&arguments.reporting, file);
    let mut seen = arguments.reporting.report.as_ref().map(|_| Collector::default());
    let tell = |warning: &Diagnostic| logging.report(std::slice::from_ref(warning), &checked.sources, common);
    let mut warnings = Warnings(&tell);
    let (result, compiler) = on_large_stack(|| {
        let (mut watcher, mut lines) = (Watcher::new(), JsonLines::new(&checked.sources));
        let shown: &mut dyn Observer = if logging.json { &mut lines } else { &mut watcher };
        let logged = event_log.as_mut().map(|log| log as &mut dyn Observer);
        let seen = seen.as_mut().map(|seen| seen as &mut dyn Observer);
        let others = logged.into_iter().chain([&mut charts as &mut dyn Observer]).chain(seen);
        let braked: &mut dyn Observer = brakes;
        let mut watchers = Several([&mut warnings, braked, shown].into_iter().chain(others).collect());
        let mut session = Session::with_compiler(&checked.program, compiler);
        session.options = options;
        let ready = session.initialize().map_err(|diagnostic| vec![*diagnostic]);
        (ready.and_then(|()| session.run(&mut watchers)), session.compiler)
    });
    if compiling.time {
        let mut times = Times::new(begun, &checked);
        times.ran(&checked, &compiler, started.elapsed());
        times.show();
    }
    let mut failures = result.err().unwrap_or_default();
    failures.extend(event_log.and_then(EventLog::failure));
    failures.extend(charts.finish());
    if let (Some(path), Some(seen)) = (&arguments.reporting.report, &seen) {
        let page = on_large_stack(|| page(file, &checked, seen, &failures, begun.elapsed()));
        failures.extend(write_whole(path, page.as_bytes()).err().map(|failed| *failed));
    }
    failures.is_empty() || failed(&failures)
}

/// Tells what a run warns of, when it does.
struct Warnings<'w>(&'w (dyn Fn(&Diagnostic) + Sync));

impl Observer for Warnings<'_> {
    fn warned(&mut self, warning: &Diagnostic) {
        self.0(warning);
    }
}
