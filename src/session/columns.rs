//! Values of data columns, computed at their first use.

use super::{Leaves, Session, native};
use crate::check::program::{ColumnSource, DataId, DataSet};
use crate::diagnostics::Diagnostic;
use crate::ir::{Shape, Table, TensorType};
use crate::lower::Source;
use crate::lower::column::lower_column;

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
        let outer = self.compiler.enter(format!("column {}.{index}", data.0), "column", Some(column.span));
        let table = self.computed_column(&column.source, set);
        self.compiler.leave(outer);
        let table = table?;
        self.columns.insert(key, table.clone());
        Ok(table)
    }

    fn computed_column(&mut self, source: &ColumnSource, set: &DataSet) -> Result<Table, Box<Diagnostic>> {
        let (program, rows) = (self.program, set.rows);
        match source {
            ColumnSource::Whole(typed) => {
                let Leaves { mut tables, .. } = self.evaluate(&[typed])?.remove(0);
                let whole = tables.remove(0);
                Ok(set.selection.as_deref().map_or_else(|| whole.clone(), |selection| selected(&whole, selection)))
            }
            ColumnSource::Rows { expression, columns } => {
                let native = self.compiler.next(|| lower_column(program, expression, columns, rows))?;
                let inputs = columns.iter().map(|column| {
                    let shape = Shape::new(column.entry_shape()).with_leading(rows);
                    let entries = match &set.selection {
                        Some(selection) => {
                            let mut entries: Vec<f64> = Vec::with_capacity(shape.count());
                            selection.iter().for_each(|row| column.append_row(*row as usize, &mut entries));
                            entries
                        }
                        None => column.reals(),
                    };
                    native::from_reals(TensorType::new(program.real(), shape), &entries)
                });
                let inputs: Vec<Table> = inputs.collect();
                Ok(native.call(&inputs)?.remove(0))
            }
        }
    }
}

/// Some rows of a table.
fn selected(whole: &Table, rows: &[u32]) -> Table {
    let shape = Shape::new(&whole.ty.shape.sizes()[1..]);
    let count = shape.count();
    let bits = rows.iter().flat_map(|row| &whole.bits[*row as usize * count..][..count]).copied().collect();
    Table { ty: TensorType::new(whole.ty.element, shape.with_leading(rows.len())), bits }
}
