//! `ndc eval FILE --data new.csv`.

use super::Settings;
use super::compiling::Compiling;
use super::output::{report, say};
use super::predict::{columns_over, table_of};
use super::set::Set;
use super::trained::Which;
use super::watch_training::confusion_table;
use crate::check::Options;
use crate::check::program::{DataId, DataSet, Examples, Program, Train};
use crate::data::FileLoader;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::trained as errors;
use crate::driver::{check_file_with, on_large_stack};
use crate::lower::training::lower_evaluation;
use crate::report::{counted, significant};
use crate::session::Session;
use crate::session::compiler::Compiler;
use crate::source::SourceMap;
use crate::train::{Measures, evaluate};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// The digits of losses and metrics on a terminal.
const DIGITS: usize = 6;

/// What `ndc eval` is told.
#[derive(Args)]
pub(super) struct Arguments {
    /// The .nd file
    file: PathBuf,
    /// The examples: a data set of the file by its name, or a file with the columns that loss and metrics need; without it,
    /// the data that the model was trained on
    #[arg(short, long, value_name = "SET|FILE")]
    data: Option<String>,
    /// How results are written
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
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
    /// A line for each number, six digits
    Text,
    /// One line of JSON, all digits
    Json,
}

/// What was evaluated, and what it came to.
struct Evaluated {
    data: String,
    examples: usize,
    measures: Measures,
}

/// Evaluates a trained model; whether all went well.
pub(super) fn eval(arguments: &Arguments) -> bool {
    let Arguments { file, set, settings, .. } = arguments;
    let mut loader = FileLoader::new();
    let options = Options { fast_math: arguments.fast_math, ..settings.options() };
    let mut checked = check_file_with(file, &set.overrides, &mut loader, options);
    if checked.has_errors() {
        report(&checked.diagnostics, &checked.sources, settings);
        return false;
    }
    let compiler = arguments.compiling.compiler(&checked, &loader, options);
    let result = on_large_stack(|| evaluated(arguments, &checked.program, &mut checked.sources, compiler));
    match result {
        Ok(evaluated) => {
            say(&match arguments.format {
                Format::Text => text(&evaluated),
                Format::Json => json(&evaluated),
            });
            true
        }
        Err(diagnostic) => {
            report(&[*diagnostic], &checked.sources, settings);
            false
        }
    }
}

fn evaluated(
    arguments: &Arguments,
    program: &Program,
    sources: &mut SourceMap,
    compiler: Compiler,
) -> Result<Evaluated, Box<Diagnostic>> {
    let Arguments { file, which, .. } = arguments;
    let (block, train) = which.block(program)?;
    let named = |name: &String| program.data.iter().position(|set| set.name == *name);
    let (set, input) = match (train.data, &arguments.data) {
        (None, None) => (None, None),
        (None, Some(_)) => return Err(Box::new(errors::no_data(train.span))),
        (Some(data), None) => (Some(data), None),
        (Some(data), Some(name)) => match named(name) {
            Some(place) => (Some(DataId(place as u32)), None),
            None if !Path::new(name).exists() => {
                let sets: Vec<&str> = program.data.iter().map(|set| set.name.as_str()).collect();
                return Err(Box::new(errors::no_examples(name, &sets)));
            }
            None => (Some(data), Some(Path::new(name))),
        },
    };
    let mut compiler = compiler;
    let mut values = Vec::new();
    let with_input = match input.zip(train.data) {
        None => None,
        Some((input, data)) => {
            let (table, used) = table_of("--data", input, sources)?;
            let mut session = Session::with_compiler(program, compiler);
            session.initialize()?;
            let (columns, rows) = columns_over(&mut session, data, &train.columns, &table, used)?;
            (values, compiler) = (columns, session.compiler);
            Some(with_other_rows(program, data, rows))
        }
    };
    let (program, set) = match &with_input {
        Some((program, set)) => (program, Some(*set)),
        None => (program, set),
    };
    let examples = columns_of(program, train, set)?;
    let mut session = Session::with_compiler(program, compiler);
    session.initialize()?;
    let needed = lower_evaluation(program, train, 1, false, false).sources;
    which.restore(&mut session, block, &needed, file)?;
    if let Some((_, set)) = with_input {
        session.set_columns(set, &train.columns, values);
    }
    let measures = evaluate(&mut session, train, examples.clone())?;
    session.compiler.save();
    let data = match (&arguments.data, set) {
        (Some(name), _) => name.clone(),
        (None, Some(set)) => program.data[set.0 as usize].name.clone(),
        (None, None) => "no data".to_string(),
    };
    Ok(Evaluated { data, examples: examples.count(program), measures })
}

/// The program with one data set more: the columns of a set, over another number of rows.
fn with_other_rows(program: &Program, data: DataId, rows: usize) -> (Program, DataId) {
    let mut program = program.clone();
    let set = DataSet { rows, selection: None, ..program.data[data.0 as usize].clone() };
    program.data.push(set);
    let id = DataId(program.data.len() as u32 - 1);
    (program, id)
}

/// A set with its columns in the places of those that the block reads.
fn columns_of(program: &Program, train: &Train, set: Option<DataId>) -> Result<Examples, Box<Diagnostic>> {
    let (Some(data), Some(set)) = (train.data, set) else { return Ok(train.examples()) };
    let (trained, other) = (&program.data[data.0 as usize], &program.data[set.0 as usize]);
    let place = |index: &u32| {
        let column = &trained.columns[*index as usize];
        let same = |each: &crate::check::program::DataColumn| {
            each.name == column.name && each.ty.settled() == column.ty.settled()
        };
        let found = other.columns.iter().position(same).map(|place| place as u32);
        found.ok_or_else(|| {
            Box::new(errors::other_columns(&other.name, &column.name, &column.ty.to_string(), column.span))
        })
    };
    let columns: Result<Vec<u32>, Box<Diagnostic>> = train.columns.iter().map(place).collect();
    Ok(Examples { data: Some(set), columns: columns? })
}

fn text(evaluated: &Evaluated) -> String {
    let Evaluated { data, examples, measures } = evaluated;
    let mut out = format!("{data}: {}\n", counted(*examples as u64, "example"));
    let rows = std::iter::once(("loss", measures.loss));
    for (name, value) in rows.chain(measures.metrics.iter().map(|(name, value)| (name.as_str(), *value))) {
        out.push_str(&format!("  {name:<12} {}\n", significant(value, DIGITS)));
    }
    out.extend(measures.confusions.iter().map(confusion_table));
    out
}

fn json(evaluated: &Evaluated) -> String {
    let Evaluated { data, examples, measures } = evaluated;
    // Numbers that are not finite become null.
    let metrics: serde_json::Map<String, serde_json::Value> =
        measures.metrics.iter().map(|(name, value)| (name.clone(), serde_json::json!(value))).collect();
    let confusions: serde_json::Map<String, serde_json::Value> = measures
        .confusions
        .iter()
        .map(|table| (table.name.clone(), serde_json::json!({ "classes": table.classes, "counts": table.counts })))
        .collect();
    let mut object =
        serde_json::json!({ "data": data, "examples": examples, "loss": measures.loss, "metrics": metrics });
    if !confusions.is_empty() {
        object["confusion"] = serde_json::Value::Object(confusions);
    }
    format!("{object}\n")
}
