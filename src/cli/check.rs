//! `ndc check FILE`.

use super::Common;
use super::compiling::Times;
use super::output::{report, say};
use crate::data::FileLoader;
use crate::driver::{Stage, check_file_with, emit};
use crate::overrides::Override;
use std::path::Path;
use std::time::Instant;

/// Checks a file; whether it has no error. Words and tree are shown even of a file with errors. With a moment, the times since
/// then are shown.
pub(super) fn check(
    file: &Path,
    overrides: &[Override],
    params: bool,
    begun: Option<Instant>,
    common: &Common,
) -> bool {
    let checked = check_file_with(file, overrides, &mut FileLoader::new(), common.options());
    if let Some(begun) = begun {
        Times::new(begun, &checked).show();
    }
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
