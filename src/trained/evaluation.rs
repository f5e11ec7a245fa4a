//! Loss and metrics of a trained model over a data set or a file.

use super::prediction::{columns_over, table_of};
use super::{Model, Which};
use crate::check::program::{DataId, DataSet, Examples, Program, Train};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::trained as errors;
use crate::lower::training::lower_evaluation;
use crate::session::Session;
use crate::session::compiler::Compiler;
use crate::source::SourceMap;
use crate::train::{Measures, evaluate};
use std::path::Path;

/// What was evaluated, and what it came to.
pub struct Evaluated {
    /// The data's name.
    pub data: String,
    /// The number of examples.
    pub examples: usize,
    /// Loss and metrics.
    pub measures: Measures,
}

/// Loss and metrics of a trained model over a data set of the program, or over a file.
///
/// # Errors
/// What is wrong with the choice of the model, its parameters or the examples.
pub fn evaluated(
    which: &Which,
    (file, data): (&Path, Option<&str>),
    model: &mut Model,
    compiler: Compiler,
) -> Result<Evaluated, Box<Diagnostic>> {
    model.with_texts(|model, sources| over(which, (file, data), model, sources, compiler))
}

fn over(
    which: &Which,
    (file, data): (&Path, Option<&str>),
    model: &Model,
    sources: &mut SourceMap,
    compiler: Compiler,
) -> Result<Evaluated, Box<Diagnostic>> {
    let program = &model.checked.program;
    let (block, train) = which.block(program)?;
    let (set, input) = match (train.data, data) {
        (None, None) => (None, None),
        (None, Some(_)) => return Err(Box::new(errors::no_data(train.span))),
        (Some(data), None) => (Some(data), None),
        (Some(data), Some(name)) => match set_of(program, data, Some(name)) {
            Some(set) => (Some(set), None),
            None if !Path::new(name).exists() => {
                let mut sets: Vec<&str> = Vec::new();
                for set in &program.data {
                    if !sets.contains(&set.name.as_str()) {
                        sets.push(&set.name);
                    }
                }
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
            model.prepare(&mut session, (block, train), &in_place_of(train, data, &train.columns))?;
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
    if let Some(set) = set {
        model.prepare(&mut session, (block, train), &in_place_of(train, set, &examples.columns))?;
    }
    which.restore(&mut session, block, &needed, (model, file))?;
    if let Some((_, set)) = with_input {
        session.set_columns(set, &train.columns, values);
    }
    let measures = evaluate(&mut session, train, examples.clone())?;
    session.compiler.save();
    let data = match (data, set) {
        (Some(name), _) => name.to_string(),
        (None, Some(set)) => program.data[set.0 as usize].name.clone(),
        (None, None) => "no data".to_string(),
    };
    Ok(Evaluated { data, examples: examples.count(program), measures })
}

/// The set that is evaluated: that of a name, or without one that of the block; none where it is a file.
pub(super) fn set_of(program: &Program, data: DataId, name: Option<&str>) -> Option<DataId> {
    match name {
        None => Some(data),
        Some(name) => program.data.iter().position(|set| set.name == name).map(|place| DataId(place as u32)),
    }
}

/// The columns of a set with those of the block in whose place they are.
fn in_place_of(train: &Train, set: DataId, columns: &[u32]) -> Vec<(u32, DataId, u32)> {
    train.columns.iter().zip(columns).map(|(trained, index)| (*trained, set, *index)).collect()
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
pub(super) fn columns_of(program: &Program, train: &Train, set: Option<DataId>) -> Result<Examples, Box<Diagnostic>> {
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
