//! Values of data columns, computed at their first use.

use super::{Leaves, Session, native};
use crate::check::program::{ColumnSource, DataId};
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
        let table = self.computed_column(&column.source, set.rows);
        self.compiler.leave(outer);
        let table = table?;
        self.columns.insert(key, table.clone());
        Ok(table)
    }

    fn computed_column(&mut self, source: &ColumnSource, rows: usize) -> Result<Table, Box<Diagnostic>> {
        let program = self.program;
        match source {
            ColumnSource::Whole(typed) => {
                let Leaves { mut tables, .. } = self.evaluate(&[typed])?.remove(0);
                Ok(tables.remove(0))
            }
            ColumnSource::Rows { expression, columns } => {
                let native = self.compiler.next(|| lower_column(program, expression, columns.len(), rows))?;
                let ty = TensorType::new(program.real(), Shape::new(&[rows]));
                let inputs: Vec<Table> = columns.iter().map(|column| native::from_reals(ty.clone(), column)).collect();
                Ok(native.call(&inputs)?.remove(0))
            }
        }
    }
}
