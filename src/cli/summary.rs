//! `ndc summary FILE`.

use super::Settings;
use super::output::{report, say};
use crate::check::Options;
use crate::check::program::Param;
use crate::data::csv::FileLoader;
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

/// A line for each layer, and for each parameter of none (path, parameters with shapes, numbers, bytes), then the sums.
fn table(checked: &Checked) -> String {
    let mut layers: Vec<(&str, Vec<&Param>)> = Vec::new();
    for param in &checked.program.params {
        let layer = param.name.rsplit_once('.').map_or("", |(layer, _)| layer);
        match layers.iter_mut().find(|(name, _)| *name == layer && !layer.is_empty()) {
            Some((_, params)) => params.push(param),
            None => layers.push((layer, vec![param])),
        }
    }
    let heading = ["layer", "parameters", "numbers", "bytes"].map(str::to_string);
    let mut rows = vec![heading];
    rows.extend(layers.iter().map(|(layer, params)| row(checked, layer, params)));
    rows.push(row_of("all", String::new(), size(checked, checked.program.params.iter())));
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (path, parameters, numbers, bytes) = (width(0), width(1), width(2), width(3));
    let mut out = String::new();
    for [layer, shapes, count, memory] in &rows {
        let _ = writeln!(out, "{layer:path$}  {shapes:parameters$}  {count:>numbers$}  {memory:>bytes$}");
    }
    out
}

fn row(checked: &Checked, layer: &str, params: &[&Param]) -> [String; 4] {
    let shape = |param: &&Param| {
        let name = param.name.rsplit_once('.').map_or(param.name.as_str(), |(_, name)| name);
        let sizes: Vec<String> = param.shape.sizes().iter().map(usize::to_string).collect();
        let sizes = if sizes.is_empty() { String::new() } else { format!(" [{}]", sizes.join(", ")) };
        let special = if param.running {
            " (running)"
        } else if param.frozen {
            " (frozen)"
        } else {
            ""
        };
        format!("{name}{sizes}{special}")
    };
    let shapes: Vec<String> = params.iter().map(shape).collect();
    row_of(layer, shapes.join(", "), size(checked, params.iter().copied()))
}

fn row_of(layer: &str, shapes: String, (numbers, bytes): (u64, u64)) -> [String; 4] {
    [layer.to_string(), shapes, thousands(numbers), thousands(bytes)]
}

/// The numbers of parameters, and their bytes.
fn size<'a>(checked: &Checked, params: impl Iterator<Item = &'a Param>) -> (u64, u64) {
    let numbers: usize = params.map(|param| param.shape.count()).sum();
    (numbers as u64, (numbers * checked.program.real().bytes()) as u64)
}

/// What a step of a training needs.
fn describe(checked: &Checked, step: &Step, out: &mut String) {
    let params = step.train.params.iter().map(|id| &checked.program.params[id.0 as usize]);
    let (numbers, bytes) = size(checked, params);
    let name = step.train.name.as_ref().map_or(String::new(), |name| format!(" {name}"));
    let (workspace, operations) = (step.workspace_bytes() as u64, step.flops());
    let remembered: usize = step.train.state.iter().map(|tensor| tensor.shape.count()).sum();
    let state = (remembered * checked.program.real().bytes()) as u64;
    let examples = match step.train.data {
        None => "no data".to_string(),
        Some(_) if step.examples == 1 => "1 example".to_string(),
        Some(_) => format!("{} examples", thousands(step.examples as u64)),
    };
    let _ = writeln!(out, "\ntrain{name} at {}, a step of {examples}:", step.place);
    let _ = writeln!(out, "  trained parameters  {} numbers, {} bytes", thousands(numbers), thousands(bytes));
    let _ = writeln!(out, "  optimiser state     {} bytes", thousands(state));
    let _ = writeln!(out, "  workspace           {} bytes", thousands(workspace));
    let _ = writeln!(out, "  operations          {} flops", thousands(operations));
}
