//! Columns of a table as expressions read them: numbers, labels by their positions, and missing cells.

use super::cells::Categories;
use super::data_set::SourceColumn;
use super::raw::RawValues;
use super::table::{CellProblem, CellProblemKind, RawColumn, RawTable};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::{columns as column_errors, data as errors, sources};
use crate::source::Span;
use std::sync::Arc;

/// What is done about missing cells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Missing {
    /// They are errors.
    Error,
    /// Their rows are left out.
    Drop,
    /// The mean of the column takes their place.
    Mean,
}

/// The numbers of a source column, or what is wrong with them: a cell that is none, no elements, an integer that is no
/// real number, nothing that a mean could be taken of.
pub(super) fn usable(
    table: &RawTable,
    index: usize,
    missing: Missing,
    used: Span,
) -> Result<SourceColumn, Box<Diagnostic>> {
    let column = &table.columns[index];
    let name = column.name.as_str();
    let values = numbers(table, index, missing, used)?;
    let has_gaps = missing == Missing::Mean && has_missing(&values);
    if has_gaps && values.entry_count() > 1 {
        return Err(Box::new(column_errors::no_mean_of_tensors(name, used)));
    }
    if has_gaps && (0..values.rows()).all(|row| misses(&values, row)) {
        return Err(Box::new(column_errors::all_missing(name, used)));
    }
    // Other tables may have gaps where this one has none. A mean is no whole number.
    let may_have_gaps = missing == Missing::Mean && values.entry_shape().is_empty() && !column.whole;
    let filled = has_gaps || may_have_gaps;
    Ok(SourceColumn { name: name.to_string(), values, categories: None, filled })
}

/// The numbers of a source column, with NaN where they are missing, unless that is an error.
fn numbers(table: &RawTable, index: usize, missing: Missing, used: Span) -> Result<RawValues, Box<Diagnostic>> {
    let column = &table.columns[index];
    let name = column.name.as_str();
    let values = match (&column.values, &column.cells) {
        (Ok(values), _) => values,
        (Err(first), cells) => {
            let numbers = cells.as_ref().and_then(|cells| cells.numbers.as_ref());
            // Missing cells are not what is wrong if they are dealt with.
            let other = cells.iter().flat_map(|cells| &cells.problems).find(|problem| !problem.is_missing());
            let problem = other.filter(|_| missing != Missing::Error).unwrap_or(first);
            let numbers = numbers.filter(|_| missing != Missing::Error);
            numbers.ok_or_else(|| Box::new(cell_error(name, problem, used)))?
        }
    };
    let count = values.entry_count();
    if values.rows() == 0 || count == 0 {
        let shape: Vec<usize> = std::iter::once(values.rows()).chain(values.entry_shape().iter().copied()).collect();
        return Err(Box::new(sources::empty_column(&table.name, name, &format!("{shape:?}"), used)));
    }
    if let Some((place, value)) = values.first_inexact() {
        return Err(Box::new(sources::inexact_integer(name, place / count, &value.to_string(), used)));
    }
    match values.first_nan() {
        Some(place) if missing == Missing::Error => Err(Box::new(nan_error(name, values, place, used))),
        _ => Ok(values.clone()),
    }
}

/// The message about an element of an array that is missing.
fn nan_error(column: &str, values: &RawValues, place: usize, used: Span) -> Diagnostic {
    let count = values.entry_count();
    let mut rest = place % count;
    let mut within = vec![0; values.entry_shape().len()];
    for (axis, size) in values.entry_shape().iter().enumerate().rev() {
        (within[axis], rest) = (rest % size, rest / size);
    }
    errors::missing_element(column, place / count, &within, used)
}

/// The message about a cell that is no number.
pub(super) fn cell_error(column: &str, problem: &CellProblem, used: Span) -> Diagnostic {
    let (line, place) = (problem.line, problem.place);
    match problem.kind {
        CellProblemKind::NotANumber => errors::not_a_number(column, &problem.cell, line, place, used),
        CellProblemKind::Missing => errors::missing_cell(column, line, place, used),
        CellProblemKind::NotFinite => errors::not_finite(column, &problem.cell, line, place, used),
        CellProblemKind::NoNumbers => sources::no_numbers(column, &problem.cell, used),
    }
}

/// The message about the first label of a column that is missing, where that is an error or the mean is to take its place.
pub(super) fn missing_label(column: &RawColumn, missing: Missing, used: Span) -> Option<Diagnostic> {
    let name = column.name.as_str();
    let cell = column.cells.iter().flat_map(|cells| &cells.problems).find(|problem| problem.is_missing());
    let element = || Some((column.values.as_ref().ok()?, column.values.as_ref().ok()?.first_nan()?));
    match (missing, cell) {
        (Missing::Drop, _) => None,
        (Missing::Error, Some(cell)) => Some(cell_error(name, cell, used)),
        (Missing::Mean, Some(cell)) => Some(column_errors::no_mean(name, Some((cell.line, cell.place)), used)),
        (Missing::Error, None) => element().map(|(values, place)| nan_error(name, values, place, used)),
        (Missing::Mean, None) => element().map(|_| column_errors::no_mean(name, None, used)),
    }
}

/// The labels of a column in order, and the position of each row's.
pub(super) fn numbered(column: &RawColumn, used: Span) -> Result<(Arc<Categories>, Vec<f64>), Box<Diagnostic>> {
    if let Some(known) = column.labels.get() {
        return Ok((known.clone(), positions(column, known, used)?));
    }
    let (categories, positions) = newly_numbered(column, used)?;
    Ok((column.labels.get_or_init(|| Arc::new(categories)).clone(), positions))
}

fn newly_numbered(column: &RawColumn, used: Span) -> Result<(Categories, Vec<f64>), Box<Diagnostic>> {
    let texts = column.cells.as_ref().and_then(|cells| cells.texts.as_ref());
    let numbers = column.cells.as_ref().and_then(|cells| cells.numbers.as_ref());
    match (&column.values, texts, numbers) {
        (Ok(values), ..) if values.entry_shape().is_empty() => Ok(Categories::of_numbers(&values.reals())),
        (Ok(_), ..) => Err(Box::new(column_errors::category_of_tensors(&column.name, used))),
        (Err(_), Some(texts), _) => Ok(Categories::of_texts(texts)),
        (Err(_), None, Some(numbers)) => Ok(Categories::of_numbers(&numbers.reals())),
        (Err(problem), None, None) => Err(Box::new(cell_error(&column.name, problem, used))),
    }
}

/// The position of each row's label among known ones: NaN where the cell is missing.
fn positions(column: &RawColumn, categories: &Categories, used: Span) -> Result<Vec<f64>, Box<Diagnostic>> {
    let cells = column.cells.as_ref();
    let texts = cells.and_then(|cells| cells.texts.as_ref());
    let numbers = column.values.as_ref().ok().or_else(|| cells.and_then(|cells| cells.numbers.as_ref()));
    let positions = match (numbers, texts, &column.values) {
        (Some(values), ..) if !values.entry_shape().is_empty() => {
            return Err(Box::new(column_errors::category_of_tensors(&column.name, used)));
        }
        (Some(values), ..) => categories.positions_of_numbers(&values.reals()),
        (None, Some(texts), _) => categories.positions_of_texts(texts),
        (None, None, Err(problem)) => return Err(Box::new(cell_error(&column.name, problem, used))),
        (None, None, Ok(_)) => Ok(Vec::new()),
    };
    positions.map_err(|(row, label)| {
        let names = categories.names();
        Box::new(column_errors::unknown_label(&column.name, &label, row, &names, column.header, used))
    })
}

pub(super) fn has_missing(values: &RawValues) -> bool {
    values.first_nan().is_some()
}

/// The rows that have a missing value.
pub(super) fn missing_rows(values: &RawValues) -> Vec<usize> {
    if !has_missing(values) {
        return Vec::new();
    }
    (0..values.rows()).filter(|row| misses(values, *row)).collect()
}

/// Whether a row's entry has a missing value.
pub(super) fn misses(values: &RawValues, row: usize) -> bool {
    let mut entry: Vec<f64> = Vec::with_capacity(values.entry_count());
    values.append_row(row, &mut entry);
    entry.iter().any(|value| value.is_nan())
}

/// The columns that an expression reads, taken from another table: numbers, and the positions of its labels among the
/// categories that are known.
///
/// # Errors
/// A column that the table does not have, a cell that is no number, a missing cell where the mean does not take its
/// place, a label that is none of the categories.
pub fn read_from(table: &RawTable, columns: &[SourceColumn], used: Span) -> Result<Vec<SourceColumn>, Box<Diagnostic>> {
    columns.iter().map(|column| read_one(table, column, used)).collect()
}

fn read_one(table: &RawTable, known: &SourceColumn, used: Span) -> Result<SourceColumn, Box<Diagnostic>> {
    let Some(index) = table.columns.iter().position(|column| column.name == known.name) else {
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        return Err(Box::new(column_errors::not_in_other_table(&table.name, &known.name, &names, used)));
    };
    let column = &table.columns[index];
    let Some(categories) = &known.categories else {
        // The mean is that of the known column, whatever is missing here.
        let missing = if known.filled { Missing::Mean } else { Missing::Error };
        let values = numbers(table, index, missing, used)?;
        if values.entry_shape() != known.values.entry_shape() {
            let (expected, found) = (known.values.entry_shape(), values.entry_shape());
            return Err(Box::new(column_errors::other_shape(&known.name, expected, found, used)));
        }
        return Ok(SourceColumn { name: known.name.clone(), values, categories: None, filled: known.filled });
    };
    if let Some(error) = missing_label(column, Missing::Error, used) {
        return Err(Box::new(error));
    }
    let values = RawValues::from_reals(positions(column, categories, used)?);
    Ok(SourceColumn { name: known.name.clone(), values, categories: Some(categories.clone()), filled: false })
}
