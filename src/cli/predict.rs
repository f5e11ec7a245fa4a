//! `ndc predict FILE --input new.csv`.

use super::Settings;
use super::compiling::Compiling;
use super::output::{report, say_bytes};
use super::set::Set;
use crate::check::Options;
use crate::data::{FileLoader, npy_bytes};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::files::cannot_write;
use crate::driver::{check_file_with, on_large_stack};
use crate::ir::{ElementType, Table};
use crate::overrides::Override;
use crate::report::predictions::Predictions;
use crate::session::native;
use crate::trained::{Which, predictions};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// What `ndc predict` is told.
#[derive(Args)]
pub(super) struct Arguments {
    /// The .nd file
    file: PathBuf,
    /// The examples: a file of any format that `data` reads, with the columns that the prediction needs
    #[arg(short, long, value_name = "FILE")]
    input: PathBuf,
    /// The file to write; without it, standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What is written; without it, what the name of the output says, or CSV
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
    /// What is predicted, in place of the block's `predict`: an expression of one example
    #[arg(long, value_name = "EXPRESSION", allow_hyphen_values = true)]
    of: Option<String>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    set: Set,
    #[command(flatten)]
    compiling: Compiling,
    /// Simplify further, with results that round differently and hold where everything is finite
    #[arg(long)]
    fast_math: bool,
    #[command(flatten)]
    pub(super) settings: Settings,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line of names, then a line for each example
    Csv,
    /// A line of JSON for each example
    Json,
    /// An array of NumPy
    Npy,
}

/// Predicts and writes; whether all went well.
pub(super) fn predict(arguments: &Arguments) -> bool {
    let Arguments { file, of, which, set, settings, .. } = arguments;
    let mut overrides = set.overrides.clone();
    overrides.extend(of.as_ref().map(|of| Override {
        name: format!("{}.predict", which.train.as_deref().unwrap_or("train")),
        value: of.clone(),
    }));
    let mut loader = FileLoader::new();
    let options = Options { fast_math: arguments.fast_math, ..settings.options() };
    let mut checked = check_file_with(file, &overrides, &mut loader, options);
    // What is only to be noted of the data for training does not concern other data.
    if checked.has_errors() {
        report(&checked.diagnostics, &checked.sources, settings);
        return false;
    }
    let compiler = arguments.compiling.compiler(&checked, &loader, options);
    let result = on_large_stack(|| {
        predictions(which, (file, &arguments.input), &checked.program, &mut checked.sources, compiler)
    });
    let written = result.and_then(|predictions| write(&predictions, arguments));
    if let Err(diagnostic) = &written {
        report(std::slice::from_ref(&**diagnostic), &checked.sources, settings);
    }
    written.is_ok()
}

fn write(predictions: &Predictions, arguments: &Arguments) -> Result<(), Box<Diagnostic>> {
    let by_name = arguments.output.as_deref().and_then(Path::extension).and_then(|ending| ending.to_str());
    let format = arguments.format.unwrap_or(match by_name {
        Some("npy") => Format::Npy,
        Some("json" | "jsonl" | "ndjson") => Format::Json,
        _ => Format::Csv,
    });
    let bytes = match format {
        Format::Csv => predictions.csv().into_bytes(),
        Format::Json => predictions.json_lines().into_bytes(),
        Format::Npy => npy(&predictions.values),
    };
    match &arguments.output {
        Some(path) => {
            std::fs::write(path, bytes).map_err(|error| Box::new(cannot_write(&path.display().to_string(), &error)))
        }
        None => {
            say_bytes(&bytes);
            Ok(())
        }
    }
}

fn npy(table: &Table) -> Vec<u8> {
    let kind = match table.ty.element {
        ElementType::F64 => "f8",
        ElementType::F32 => "f4",
        ElementType::I64 => "i8",
        ElementType::Bool => "b1",
    };
    npy_bytes(kind, table.ty.shape.sizes(), &native::to_bytes(table))
}
