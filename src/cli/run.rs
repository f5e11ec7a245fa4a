//! `ndc run FILE`.

use super::Common;
use super::compiling::{Compiling, Times};
use super::output::{report, say};
use super::set::Set;
use super::watch_training::Watcher;
use crate::data::csv::FileLoader;
use crate::driver::{check_file_with, emit, on_large_stack};
use crate::session::{RunOptions, Session, Several};
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
}

impl RunArguments {
    /// What the session needs to know of it.
    fn options(&self) -> RunOptions {
        RunOptions { set: self.set.named(), ..RunOptions::default() }
    }
}

/// Checks and runs a file; whether all went well.
pub(super) fn run(file: &Path, arguments: &RunArguments, begun: Instant) -> bool {
    let RunArguments { common, compiling, .. } = arguments;
    let mut loader = FileLoader::new();
    let checked = check_file_with(file, &arguments.set.overrides, &mut loader, common.options());
    report(&checked.diagnostics, &checked.sources, common);
    if checked.has_errors() {
        return false;
    }
    if let Some(stage) = common.emit {
        return match emit(&checked, stage) {
            Ok(text) => {
                say(&text);
                true
            }
            Err(diagnostic) => {
                report(&[*diagnostic], &checked.sources, common);
                false
            }
        };
    }
    let started = Instant::now();
    let compiler = compiling.compiler(&checked, &loader, common);
    let (result, compiler) = on_large_stack(|| {
        let mut session = Session::with_compiler(&checked.program, compiler);
        session.options = arguments.options();
        let ready = session.initialize().map_err(|diagnostic| vec![*diagnostic]);
        let result = ready.and_then(|()| session.run(&mut Several(vec![Box::new(Watcher::new())])));
        (result, session.compiler)
    });
    if compiling.time {
        let mut times = Times::new(begun, &checked);
        times.ran(&checked, &compiler, started.elapsed());
        times.show();
    }
    match result {
        Ok(()) => true,
        Err(diagnostics) => {
            report(&diagnostics, &checked.sources, common);
            false
        }
    }
}
