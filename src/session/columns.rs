//! Values of data columns, computed at their first use.

use super::statistics::{Statistics, Unfit, mean_and_deviation, statistics};
use super::{Leaves, Session, native};
use crate::check::data_set::SourceColumn;
use crate::check::program::{ColumnSource, DataId, DataSet, Kind, Typed};
use crate::check::table::RawTable;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::{columns as errors, stored};
use crate::ir::{Shape, Table, TensorType};
use crate::lower::Source;
use crate::lower::column::lower_column;
use crate::source::Span;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What is known of the rows that a column's statistics are taken of.
#[derive(Clone, Debug, Default)]
pub struct Fitted {
    /// Of each `standardize`, by its number.
    pub statistics: BTreeMap<u32, Statistics>,
    /// For each source column what takes the place of missing values, if anything does.
    pub fills: Vec<Option<f64>>,
}

/// The name of the program that computes a column; those of its statistics, which may be known already, have names of their own.
const ENTRIES: &str = "entries";

/// The statistics of a `standardize` over some rows, which several sets may be fitted on.
pub(super) struct Known {
    number: u32,
    rows: Option<Arc<Vec<u32>>>,
    found: Statistics,
}

/// Rows of a source: some, in this order, or as many as there are.
#[derive(Clone, Copy)]
enum Choice<'r> {
    All(usize),
    Some(&'r [u32]),
}

impl Choice<'_> {
    fn count(self) -> usize {
        match self {
            Choice::All(count) => count,
            Choice::Some(rows) => rows.len(),
        }
    }

    fn rows(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        match self {
            Choice::All(count) => Box::new(0..*count),
            Choice::Some(rows) => Box::new(rows.iter().map(|row| *row as usize)),
        }
    }
}

impl Session<'_> {
    /// A whole column, rows leading.
    pub(super) fn column_values(&mut self, data: DataId, index: u32) -> Result<Table, Box<Diagnostic>> {
        let key = Source::Column(data, index);
        if let Some(table) = self.columns.get(&key) {
            return Ok(table.clone());
        }
        let program = self.program;
        let set = &program.data[data.0 as usize];
        let column = &set.columns[index as usize];
        if self.absent.contains(&data) {
            return Err(Box::new(stored::rows_needed(&set.name, column.span)));
        }
        let outer = self.compiler.enter(format!("column {}.{index}", data.0), "column", Some(column.span));
        let table = self.computed_column((data, index), &column.source);
        self.compiler.leave(outer);
        let table = match table {
            Err(error) if error.code.starts_with("E07") => return Err(self.with_row(data, index, error)),
            table => table?,
        };
        self.columns.insert(key, table.clone());
        Ok(table)
    }

    /// Columns of a set as they are over the rows of another table: with the statistics of the set's own rows and with
    /// its categories, as a model that was trained on the set must see them.
    ///
    /// # Errors
    /// What [`crate::check::read_from`] finds wrong with the table, told at `used`, and run-time errors.
    pub fn columns_over(
        &mut self,
        data: DataId,
        columns: &[u32],
        table: &RawTable,
        used: Span,
    ) -> Result<Vec<Table>, Box<Diagnostic>> {
        let set = &self.program.data[data.0 as usize];
        let mut values = Vec::with_capacity(columns.len());
        for index in columns {
            let column = &set.columns[*index as usize];
            let name = format!("column {}.{index} over {}", data.0, table.rows);
            let outer = self.compiler.enter(name, "column", Some(column.span));
            let value = match &column.source {
                ColumnSource::Whole(_) => Err(Box::new(errors::no_source(&set.name, column.span))),
                ColumnSource::Rows { expression, columns } => {
                    let fitted = self.column_statistics(data, *index);
                    let others = crate::check::read_from(table, columns, used);
                    fitted.and_then(|fitted| {
                        let others = others?;
                        crate::check::check_labels(expression, &others, used)?;
                        let rows = others.first().map_or(table.rows, |column| column.values.rows());
                        self.rows_of(ENTRIES, expression, &others, Choice::All(rows), &fitted)
                    })
                }
            };
            self.compiler.leave(outer);
            values.push(value?);
        }
        Ok(values)
    }

    /// Says what a column of a set is computed with, in place of what its own rows say.
    pub fn fit(&mut self, data: DataId, index: u32, fitted: Fitted) {
        self.fitted.insert((data, index), fitted);
    }

    /// Sets the values of columns of a data set, in place of those of its source.
    pub fn set_columns(&mut self, data: DataId, columns: &[u32], values: Vec<Table>) {
        self.columns.extend(columns.iter().map(|index| Source::Column(data, *index)).zip(values));
    }

    /// The statistics that a column of a set is computed with.
    ///
    /// # Errors
    /// Run-time errors of its expression.
    pub fn column_statistics(&mut self, data: DataId, index: u32) -> Result<Fitted, Box<Diagnostic>> {
        if let Some(fitted) = self.fitted.get(&(data, index)) {
            return Ok(fitted.clone());
        }
        let set = &self.program.data[data.0 as usize];
        let column = &set.columns[index as usize];
        let ColumnSource::Rows { expression, columns } = &column.source else { return Ok(Fitted::default()) };
        if self.absent.contains(&data) && column.source.is_prepared() {
            return Err(Box::new(stored::rows_needed(&set.name, column.span)));
        }
        let outer = self.compiler.enter(format!("statistics {}.{index}", data.0), "column", Some(column.span));
        let fitted = self.fitted_on(set, expression, columns, column.span);
        self.compiler.leave(outer);
        let fitted = fitted?;
        self.fitted.insert((data, index), fitted.clone());
        Ok(fitted)
    }

    fn computed_column(
        &mut self,
        (data, index): (DataId, u32),
        source: &ColumnSource,
    ) -> Result<Table, Box<Diagnostic>> {
        let set = &self.program.data[data.0 as usize];
        match source {
            ColumnSource::Whole(typed) => {
                let Leaves { mut tables, .. } = self.evaluate(&[typed])?.remove(0);
                let whole = tables.remove(0);
                Ok(set.selection.as_deref().map_or_else(|| whole.clone(), |selection| selected(&whole, selection)))
            }
            ColumnSource::Rows { expression, columns } => {
                let fitted = self.column_statistics(data, index)?;
                let rows = set.selection.as_ref().map_or(Choice::All(set.rows), |rows| Choice::Some(rows));
                self.rows_of(ENTRIES, expression, columns, rows, &fitted)
            }
        }
    }

    /// The statistics of an expression over the rows of a set that are fitted on.
    fn fitted_on(
        &mut self,
        set: &DataSet,
        expression: &Typed,
        columns: &[SourceColumn],
        span: Span,
    ) -> Result<Fitted, Box<Diagnostic>> {
        let fitted_on = set.fitted_on.as_ref().or(set.selection.as_ref());
        let rows = fitted_on.map_or(Choice::All(set.rows), |rows| Choice::Some(rows));
        let mut fitted = Fitted::default();
        for column in columns {
            fitted.fills.push(if column.filled { mean_of_present(column, rows, span)? } else { None });
        }
        for (number, value) in standardized(expression) {
            let known = self.statistics.iter().find(|known| known.number == number && same(&known.rows, fitted_on));
            let found = match known {
                Some(known) => known.found.clone(),
                None => {
                    let values = self.rows_of(&format!("statistics {number}"), value, columns, rows, &fitted)?;
                    let found = statistics(&values).map_err(|unfit| unfit_error(unfit, rows, value.span))?;
                    self.statistics.push(Known { number, rows: fitted_on.cloned(), found: found.clone() });
                    found
                }
            };
            fitted.statistics.insert(number, found);
        }
        Ok(fitted)
    }

    /// An expression of one row over some rows of the source; `name` tells it from others of the same column.
    fn rows_of(
        &mut self,
        name: &str,
        expression: &Typed,
        columns: &[SourceColumn],
        rows: Choice<'_>,
        fitted: &Fitted,
    ) -> Result<Table, Box<Diagnostic>> {
        let program = self.program;
        let lower = || lower_column(program, expression, columns, rows.count());
        let native = self.compiler.program(name, "column", lower)?;
        let bytes = native.executable.outputs().first().map_or(0, |port| port.ty.bytes());
        if !can_hold(bytes) {
            return Err(Box::new(errors::too_large(bytes, rows.count(), expression.span)));
        }
        let mut inputs = Vec::with_capacity(native.sources.len());
        for source in &native.sources {
            inputs.push(match source {
                Source::Raw(place) => {
                    let place = *place as usize;
                    self.raw_rows(&columns[place], rows, fitted.fills[place])
                }
                Source::Mean(number) => fitted.statistics[number].mean.clone(),
                Source::Deviation(number) => fitted.statistics[number].deviation.clone(),
                source => self.input(*source)?,
            });
        }
        Ok(native.call(&inputs)?.remove(0))
    }

    /// Rows of a source column as reals.
    fn raw_rows(&self, column: &SourceColumn, rows: Choice<'_>, fill: Option<f64>) -> Table {
        let shape = Shape::new(column.values.entry_shape()).with_leading(rows.count());
        let mut entries: Vec<f64> = Vec::with_capacity(shape.count());
        match rows {
            Choice::All(_) => entries = column.values.reals(),
            Choice::Some(rows) => rows.iter().for_each(|row| column.values.append_row(*row as usize, &mut entries)),
        }
        if let Some(fill) = fill {
            entries.iter_mut().filter(|entry| entry.is_nan()).for_each(|entry| *entry = fill);
        }
        native::from_reals(TensorType::new(self.program.real(), shape), &entries)
    }
}

/// Whether the rows of two sets are one list; `None` stands for all.
fn same(left: &Option<Arc<Vec<u32>>>, right: Option<&Arc<Vec<u32>>>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => Arc::ptr_eq(left, right),
        (left, right) => left.is_none() && right.is_none(),
    }
}

/// Whether there is memory for so many bytes, as native code writes them and as the words of a table.
fn can_hold(bytes: usize) -> bool {
    Vec::<u8>::new().try_reserve_exact(bytes.saturating_mul(2)).is_ok()
}

/// The mean of the numbers of a column that are there, unless there is none and nothing is missing.
fn mean_of_present(column: &SourceColumn, rows: Choice<'_>, span: Span) -> Result<Option<f64>, Box<Diagnostic>> {
    let numbers = column.values.reals();
    let present: Vec<f64> = rows.rows().map(|row| numbers[row]).filter(|number| !number.is_nan()).collect();
    if present.is_empty() {
        return Err(Box::new(errors::all_missing(&column.name, span)));
    }
    match rows.rows().find(|row| numbers[*row].is_infinite()) {
        None => Ok(Some(mean_and_deviation(|| present.iter().copied()).0)),
        Some(_) if column.values.first_nan().is_none() => Ok(None),
        Some(row) => Err(Box::new(errors::no_statistics_of_infinite(numbers[row], row, span))),
    }
}

fn unfit_error(unfit: Unfit, rows: Choice<'_>, span: Span) -> Box<Diagnostic> {
    Box::new(match unfit {
        Unfit::NotFinite(place, value) => {
            let row = rows.rows().nth(place).unwrap_or(place);
            errors::no_statistics_of_infinite(value, row, span)
        }
        Unfit::TooFar(least, greatest) => errors::no_scale(least, greatest, "far apart", span),
        Unfit::TooClose(least, greatest) => errors::no_scale(least, greatest, "close", span),
    })
}

/// What an expression standardizes, each once with its number, what stands inside another first.
pub(super) fn standardized(expression: &Typed) -> Vec<(u32, &Typed)> {
    let (mut all, mut found) = (Vec::new(), Vec::new());
    inner_first(expression, &mut all);
    for (number, value) in all {
        if !found.iter().any(|(known, _)| *known == number) {
            found.push((number, value));
        }
    }
    found
}

fn inner_first<'t>(typed: &'t Typed, found: &mut Vec<(u32, &'t Typed)>) {
    typed.kind.for_each_part(&mut |part| inner_first(part, found));
    if let Kind::Standardized(number, value) = &*typed.kind {
        found.push((*number, value));
    }
}

/// Some rows of a table.
fn selected(whole: &Table, rows: &[u32]) -> Table {
    let shape = Shape::new(&whole.ty.shape.sizes()[1..]);
    let count = shape.count();
    let bits = rows.iter().flat_map(|row| &whole.bits[*row as usize * count..][..count]).copied().collect();
    Table { ty: TensorType::new(whole.ty.element, shape.with_leading(rows.len())), bits }
}
