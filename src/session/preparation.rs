//! Entries of a large column for one batch after another, so that the whole column is never computed.

use super::compiler::Native;
use super::{Session, native};
use crate::check::data_set::ColumnSource;
use crate::check::program::DataId;
use crate::check::raw::{FromReal, RawValues};
use crate::diagnostics::Diagnostic;
use crate::ir::{ElementType, Shape};
use crate::lower::Source;
use crate::lower::column::lower_column;
use std::sync::Arc;

/// Columns of more bytes are computed batch by batch, unless the run says another number.
const WHOLE_COLUMNS: usize = 64 << 20;

/// Computes the entries of a column for batches of one size. It holds all that it needs, so that any thread can run it.
pub struct Preparation {
    native: Native,
    inputs: Vec<Input>,
    /// The rows of the source by the rows of the set; `None` if they are the same.
    selection: Option<Arc<Vec<u32>>>,
    real: ElementType,
}

/// What an input of the program is bound to.
enum Input {
    /// The batch's rows of a source column.
    Rows(Raw),
    /// The same for every batch.
    Fixed(Vec<u64>),
}

/// A column of the source.
struct Raw {
    name: String,
    values: RawValues,
    /// What stands in place of missing numbers.
    fill: Option<f64>,
}

impl Session<'_> {
    /// The columns that are so large that training computes their entries batch by batch.
    pub fn prepared_columns(&self) -> Vec<(DataId, u32)> {
        let sets = self.program.data.iter().enumerate();
        let columns =
            sets.flat_map(|(data, set)| (0..set.columns.len() as u32).map(move |index| (DataId(data as u32), index)));
        columns.filter(|(data, index)| self.is_large(*data, *index)).collect()
    }

    fn is_large(&self, data: DataId, index: u32) -> bool {
        let set = &self.program.data[data.0 as usize];
        let column = &set.columns[index as usize];
        let mut shape = Vec::new();
        for size in column.ty.sizes() {
            shape.push(size.value().and_then(|size| usize::try_from(size).ok()).unwrap_or(0));
        }
        let real = crate::runtime::Element::F64.bytes();
        let bytes = Shape::new(&shape).count().saturating_mul(set.rows).saturating_mul(real);
        let is_computed = matches!(column.source, ColumnSource::Rows { .. });
        is_computed && bytes > self.options.whole_columns.unwrap_or(WHOLE_COLUMNS)
    }

    /// What computes the entries of a column for batches of `size` rows.
    ///
    /// # Errors
    /// Run-time errors in statistics of the column.
    pub fn preparation(&mut self, data: DataId, index: u32, size: usize) -> Result<Preparation, Box<Diagnostic>> {
        let program = self.program;
        let set = &program.data[data.0 as usize];
        let column = &set.columns[index as usize];
        let ColumnSource::Rows { expression, columns } = &column.source else {
            return Err(native::internal("a column of a table is prepared by batches"));
        };
        let fitted = self.column_statistics(data, index)?;
        let outer = self.compiler.enter(format!("entries {}.{index}", data.0), "column", Some(column.span));
        let lower = || lower_column(program, expression, columns, size);
        let native = self.compiler.program(&size.to_string(), "column by batches", lower);
        self.compiler.leave(outer);
        let native = native?;
        let mut inputs = Vec::with_capacity(native.sources.len());
        for source in &native.sources {
            inputs.push(match source {
                Source::Raw(place) => {
                    let place = *place as usize;
                    let (name, values) = (columns[place].name.clone(), columns[place].values.clone());
                    Input::Rows(Raw { name, values, fill: fitted.fills[place] })
                }
                Source::Mean(number) => Input::Fixed(native::to_words(&fitted.statistics[number].mean)),
                Source::Deviation(number) => Input::Fixed(native::to_words(&fitted.statistics[number].deviation)),
                source => Input::Fixed(native::to_words(&self.inputs(&[*source])?.remove(0))),
            });
        }
        Ok(Preparation { native, inputs, selection: set.selection.clone(), real: program.real() })
    }

    /// A run-time error of a column, with the first row that has it.
    pub(super) fn with_row(&mut self, data: DataId, index: u32, error: Box<Diagnostic>) -> Box<Diagnostic> {
        let rows = 0..self.program.data[data.0 as usize].rows as i64;
        match self.preparation(data, index, 1) {
            Ok(single) => rows.into_iter().find_map(|row| single.entries(&[row]).err()).unwrap_or(error),
            Err(_) => error,
        }
    }
}

impl Preparation {
    /// The entries in these rows of the set, as they lie in memory.
    ///
    /// # Errors
    /// A run-time error of the column's expression.
    pub fn entries(&self, rows: &[i64]) -> Result<Vec<u64>, Box<Diagnostic>> {
        self.computed(rows).map_err(|error| {
            // A batch of one row alone tells whether it is that row.
            let fails = |row: &&i64| self.computed(&vec![**row; rows.len()]).is_err();
            match rows.iter().find(fails) {
                Some(row) => Box::new(error.note(self.described(*row))),
                None => error,
            }
        })
    }

    /// A row of the source for messages, with the numbers that the expression reads there.
    fn described(&self, row: i64) -> String {
        let row = self.source_row(row);
        let numbers = self.inputs.iter().filter_map(|input| match input {
            Input::Rows(Raw { name, values, .. }) if values.entry_shape().is_empty() => {
                let mut number: Vec<f64> = Vec::new();
                values.append_row(row, &mut number);
                Some(format!("{name} = {}", number.first()?))
            }
            _ => None,
        });
        let numbers: Vec<String> = numbers.take(4).collect();
        let at = format!("in row {row} of the source, counted from 0");
        if numbers.is_empty() { at } else { format!("{at}: {}", numbers.join(", ")) }
    }

    fn computed(&self, rows: &[i64]) -> Result<Vec<u64>, Box<Diagnostic>> {
        let executable = &self.native.executable;
        let mut raw: Vec<Vec<u64>> = Vec::with_capacity(self.inputs.len());
        for input in &self.inputs {
            raw.push(match input {
                Input::Fixed(_) => Vec::new(),
                Input::Rows(column) => match self.real {
                    ElementType::F32 => words(&self.gathered::<f32>(column, rows)),
                    _ => words(&self.gathered::<f64>(column, rows)),
                },
            });
        }
        let bound = self.inputs.iter().zip(&raw).map(|(input, raw)| match input {
            Input::Fixed(words) => words,
            Input::Rows(_) => raw,
        });
        let bytes: Vec<&[u8]> = bound
            .zip(executable.inputs())
            .map(|(words, port)| &bytemuck::cast_slice(words)[..port.ty.bytes()])
            .collect();
        let length = executable.outputs()[0].ty.bytes();
        let mut output: Vec<u64> = vec![0; length.div_ceil(8)];
        let place = &mut bytemuck::cast_slice_mut(&mut output)[..length];
        let mut workspace = executable.workspace();
        executable
            .call_bytes(&bytes, &mut [place], &mut workspace)
            .map_err(|error| native::call_error(&self.native.divisions, error))?;
        Ok(output)
    }

    /// The row of the source that is this row of the set.
    fn source_row(&self, row: i64) -> usize {
        self.selection.as_ref().map_or(row as usize, |selection| selection[row as usize] as usize)
    }

    fn gathered<R: FromReal>(&self, column: &Raw, rows: &[i64]) -> Vec<R>
    where
        f64: From<R>,
    {
        let mut entries = Vec::with_capacity(rows.len() * column.values.entry_count());
        for row in rows {
            column.values.append_row(self.source_row(*row), &mut entries);
        }
        if let Some(fill) = column.fill {
            let missing = entries.iter_mut().filter(|entry| f64::from(**entry).is_nan());
            missing.for_each(|entry| *entry = R::from_real(fill));
        }
        entries
    }
}

/// Numbers in words, so that they are aligned.
fn words<R: bytemuck::NoUninit>(numbers: &[R]) -> Vec<u64> {
    let bytes: &[u8] = bytemuck::cast_slice(numbers);
    let mut words = vec![0; bytes.len().div_ceil(8)];
    bytemuck::cast_slice_mut(&mut words)[..bytes.len()].copy_from_slice(bytes);
    words
}
