//! `ndc run FILE`.

use super::Common;
use super::output::{report, say};
use super::watch_training::Watcher;
use crate::data::csv::FileLoader;
use crate::driver::{check_file, emit, on_large_stack};
use crate::session::Session;
use std::path::Path;

/// Checks and runs a file; whether all went well.
pub(super) fn run(file: &Path, common: &Common) -> bool {
    let checked = check_file(file, &mut FileLoader::new(), common.options());
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
    let result = on_large_stack(|| {
        let mut session = Session::new(&checked.program).map_err(|diagnostic| vec![*diagnostic])?;
        session.run(&mut Watcher::new())
    });
    match result {
        Ok(()) => true,
        Err(diagnostics) => {
            report(&diagnostics, &checked.sources, common);
            false
        }
    }
}
