//! The graph of a data column: an expression of one row, batched over all rows.

use super::{Lowered, Lowerer, Source};
use crate::check::data_set::SourceColumn;
use crate::check::program::{Program, Typed};
use crate::ir::{NodeId, Shape, TensorType};
use crate::ops::structural::batch::batch;

/// A graph whose inputs are the raw columns (as reals, `rows` entries each) and whose one output is the column, rows leading.
pub fn lower_column(program: &Program, expression: &Typed, raw: &[SourceColumn], rows: usize) -> Lowered {
    let mut lowerer = Lowerer::new(program);
    let mut columns: Vec<NodeId> = Vec::with_capacity(raw.len());
    for (index, column) in raw.iter().enumerate() {
        let entry = Shape::new(column.values.entry_shape());
        let ty = TensorType::new(lowerer.real, entry.with_leading(rows));
        columns.push(lowerer.source(Source::Raw(index as u32), format!("column {index}"), ty));
        let variable = lowerer.graph.placeholder(TensorType::new(lowerer.real, entry));
        lowerer.examples.push(variable);
    }
    let entry = lowerer.tensor(expression);
    let variables = lowerer.examples.clone();
    let (node, batched) = batch(&mut lowerer.graph, &[entry], &variables, &columns, rows)[0];
    let node = if batched {
        node
    } else {
        let shape = lowerer.graph.ty(node).shape.with_leading(rows);
        let axes = crate::ir::Axes::new(1..shape.rank());
        lowerer.graph.broadcast(node, axes, &shape)
    };
    lowerer.graph.output("column", node);
    lowerer.finish()
}
