//! `ndc check FILE`.

use super::Common;
use super::output::{report, say};
use crate::data::csv::FileLoader;
use crate::driver::{Stage, check_file, emit};
use std::path::Path;

/// Checks a file; whether it has no error. Words and tree are shown even of a file with errors.
pub(super) fn check(file: &Path, params: bool, common: &Common) -> bool {
    let checked = check_file(file, &mut FileLoader::new(), common.options());
    report(&checked.diagnostics, &checked.sources, common);
    if params && !checked.has_errors() {
        say(&super::params::table(&checked));
    }
    let Some(stage) = common.emit else { return !checked.has_errors() };
    if checked.has_errors() && !matches!(stage, Stage::Tokens | Stage::Ast) {
        return false;
    }
    match emit(&checked, stage) {
        Ok(text) => say(&text),
        Err(diagnostic) => {
            report(&[*diagnostic], &checked.sources, common);
            return false;
        }
    }
    !checked.has_errors()
}
