//! Predictions for the examples of a file.

use super::{Model, Which};
use crate::check::program::{DataId, Prediction, Program, Train};
use crate::check::table::{RawTable, TableLoader};
use crate::data::{FileLoader, format_of, open_file};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::files::cannot_read;
use crate::diagnostics::catalog::sources::arrays_differ;
use crate::diagnostics::catalog::trained as errors;
use crate::ir::Table;
use crate::lower::prediction::lower_prediction;
use crate::report::predictions::Predictions;
use crate::session::Session;
use crate::session::compiler::Compiler;
use crate::source::{SourceMap, Span};
use crate::train::prediction::predict_columns;
use std::path::Path;
use std::sync::Arc;

/// What the model says of the examples of the input.
///
/// # Errors
/// What is wrong with the choice of the model, its parameters or the input.
pub fn predictions(
    which: &Which,
    (file, input): (&Path, &Path),
    model: &mut Model,
    compiler: Compiler,
) -> Result<Predictions, Box<Diagnostic>> {
    model.with_texts(|model, sources| predicted(which, (file, input), model, sources, compiler))
}

fn predicted(
    which: &Which,
    (file, input): (&Path, &Path),
    model: &Model,
    sources: &mut SourceMap,
    compiler: Compiler,
) -> Result<Predictions, Box<Diagnostic>> {
    let program = &model.checked.program;
    let (block, train) = which.block(program)?;
    let Some(data) = train.data else { return Err(Box::new(errors::no_data(train.span))) };
    let Some(prediction) = &train.prediction else {
        return Err(Box::new(errors::no_prediction(train.loss.span)));
    };
    let (table, used) = table_of("--input", input, sources)?;
    let mut session = Session::with_compiler(program, compiler);
    session.initialize()?;
    let needed = lower_prediction(program, prediction, data, 1).sources;
    let own: Vec<(u32, DataId, u32)> = train.columns_read().into_iter().map(|index| (index, data, index)).collect();
    model.prepare(&mut session, (block, train), &own)?;
    which.restore(&mut session, block, &needed, (model, file))?;
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
    open_file(path).map_err(|error| Box::new(cannot_read(&shown, &error)))?;
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
        Some((column.name.clone(), column.categories.as_ref()?.texts()))
    });
    labelled.next().filter(|_| labelled.next().is_none())
}
