//! `ndc summary FILE`.

use super::Settings;
use super::layers::{HEADINGS, layers, size};
use super::output::{report, say};
use crate::check::Options;
use crate::data::FileLoader;
use crate::driver::{Checked, Step, check_file_with, steps};
use crate::overrides::Override;
use crate::report::thousands;
use std::fmt::Write;
use std::path::Path;

/// Shows the layers of a file with their parameters, and what a step of each training needs; whether the file has no
/// error.
pub(super) fn summary(file: &Path, overrides: &[Override], options: Options, settings: &Settings) -> bool {
    let checked = check_file_with(file, overrides, &mut FileLoader::new(), options);
    report(&checked.diagnostics, &checked.sources, settings);
    if checked.has_errors() {
        return false;
    }
    let mut out = table(&checked);
    for step in steps(&checked) {
        describe(&checked, &step, &mut out);
    }
    say(&out);
    true
}

/// The layers in columns, the numbers to the right.
fn table(checked: &Checked) -> String {
    let mut rows = vec![HEADINGS.map(str::to_string)];
    rows.extend(layers(&checked.program));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3, 4].map(width);
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        // A column that is empty throughout is left out.
        for column in (0..row.len()).filter(|column| rows.iter().skip(1).any(|row| !row[*column].is_empty())) {
            let (text, width) = (&row[column], widths[column]);
            let _ = if column < 3 { write!(line, "{text:width$}  ") } else { write!(line, "{text:>width$}  ") };
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out
}

/// What a step of a training needs.
fn describe(checked: &Checked, step: &Step, out: &mut String) {
    let params = step.train.params.iter().map(|id| &checked.program.params[id.0 as usize]);
    let (numbers, bytes) = size(&checked.program, params);
    let name = step.train.name.as_ref().map_or(String::new(), |name| format!(" {name}"));
    let (workspace, operations) = (step.workspace_bytes() as u64, step.flops());
    let remembered: usize = step.train.state.iter().map(|tensor| tensor.shape.count()).sum();
    let state = (remembered * checked.program.real().bytes()) as u64;
    let examples = match step.train.data {
        None => "no data".to_string(),
        Some(_) if step.examples == 1 => "1 example".to_string(),
        Some(_) => format!("{} examples", thousands(step.examples as u64)),
    };
    let what = match step.train.batches_per_step() {
        1 => format!("a step of {examples}"),
        batches => format!("a batch of {examples}, {batches} for each step"),
    };
    let _ = writeln!(out, "\ntrain{name} at {}, {what}:", step.place);
    let _ = writeln!(out, "  trained parameters  {} numbers, {} bytes", thousands(numbers), thousands(bytes));
    let _ = writeln!(out, "  optimiser state     {} bytes", thousands(state));
    let _ = writeln!(out, "  workspace           {} bytes", thousands(workspace));
    let _ = writeln!(out, "  operations          {} flops", thousands(operations));
}
