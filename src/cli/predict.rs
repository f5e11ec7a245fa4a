//! `ndc predict FILE --input new.csv`.

use super::Settings;
use super::compiling::Compiling;
use super::output::{report, say_bytes};
use super::set::Set;
use super::trained::Which;
use crate::check::Options;
use crate::check::program::{DataId, Prediction, Program, Train};
use crate::check::table::{RawTable, TableLoader};
use crate::data::{FileLoader, format_of, npy_bytes};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::files::{cannot_read, cannot_write};
use crate::diagnostics::catalog::sources::arrays_differ;
use crate::diagnostics::catalog::trained as errors;
use crate::driver::{check_file_with, on_large_stack};
use crate::ir::{ElementType, Table};
use crate::lower::prediction::lower_prediction;
use crate::overrides::Override;
use crate::report::predictions::Predictions;
use crate::session::compiler::Compiler;
use crate::session::{Session, native};
use crate::source::{SourceMap, Span};
use crate::train::prediction::predict_columns;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    let result = on_large_stack(|| predictions(arguments, &checked.program, &mut checked.sources, compiler));
    let written = result.and_then(|predictions| write(&predictions, arguments));
    if let Err(diagnostic) = &written {
        report(std::slice::from_ref(&**diagnostic), &checked.sources, settings);
    }
    written.is_ok()
}

/// What the model says of the examples of the input.
fn predictions(
    arguments: &Arguments,
    program: &Program,
    sources: &mut SourceMap,
    compiler: Compiler,
) -> Result<Predictions, Box<Diagnostic>> {
    let Arguments { file, input, which, .. } = arguments;
    let (block, train) = which.block(program)?;
    let Some(data) = train.data else { return Err(Box::new(errors::no_data(train.span))) };
    let Some(prediction) = &train.prediction else {
        return Err(Box::new(errors::no_prediction(train.loss.span)));
    };
    let (table, used) = table_of("--input", input, sources)?;
    let mut session = Session::with_compiler(program, compiler);
    session.initialize()?;
    let needed = lower_prediction(program, prediction, data, 1).sources;
    which.restore(&mut session, block, &needed, file)?;
    let (columns, examples) = columns_over(&mut session, data, &prediction.inputs(), &table, used)?;
    let values = predict_columns(&mut session, prediction, data, &columns, examples)?;
    session.compiler.save();
    Ok(Predictions { values, labels: labels(program, train, prediction) })
}

/// The table of a file that an option names, and its path in a text that messages can show.
pub(super) fn table_of(
    option: &str,
    path: &Path,
    sources: &mut SourceMap,
) -> Result<(Arc<RawTable>, Span), Box<Diagnostic>> {
    let shown = path.display().to_string();
    std::fs::File::open(path).map_err(|error| Box::new(cannot_read(&shown, &error)))?;
    let id = sources.add(option, None, shown.clone());
    let used = Span::new(id, 0, shown.len());
    Ok((FileLoader::new().load(path, format_of(path), used, sources)?, used))
}

/// Columns of a set over a table, and the number of rows.
pub(super) fn columns_over(
    session: &mut Session<'_>,
    data: DataId,
    columns: &[u32],
    table: &RawTable,
    used: Span,
) -> Result<(Vec<Table>, usize), Box<Diagnostic>> {
    let values = session.columns_over(data, columns, table, used)?;
    let set = &session.program.data[data.0 as usize];
    let names = columns.iter().map(|index| set.columns[*index as usize].name.as_str());
    let mut rows = names.zip(&values).map(|(name, value)| (name, value.ty.shape.sizes()[0]));
    let Some(first) = rows.next() else { return Ok((values, table.rows)) };
    match rows.find(|other| other.1 != first.1) {
        Some(other) => Err(Box::new(arrays_differ(&table.name, first, other, used))),
        None => Ok((values, first.1)),
    }
}

/// The one column with labels that the block reads and the prediction does not.
fn labels(program: &Program, train: &Train, prediction: &Prediction) -> Option<(String, Vec<String>)> {
    let set = &program.data[train.data?.0 as usize];
    let inputs = prediction.inputs();
    let others = train.columns.iter().filter(|index| !inputs.contains(index));
    let mut labelled = others.filter_map(|index| {
        let column = &set.columns[*index as usize];
        Some((column.name.clone(), column.categories.as_ref()?.names()))
    });
    labelled.next().filter(|_| labelled.next().is_none())
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
