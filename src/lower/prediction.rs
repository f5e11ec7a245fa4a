//! The graph of what a trained model says of some examples.

use super::{Lowered, Lowerer, Source};
use crate::check::program::{DataId, Prediction, Program};
use crate::ir::{Axes, ElementType, NodeId, Shape, TensorType};
use crate::ops::structural::batch::batch;

/// A graph whose one output is the prediction for `size` examples of a data set, examples leading. Its inputs are
/// parameters, the columns that the prediction reads, and the rows of the examples.
///
/// The set has the columns of the block's own data. Each example is predicted alone: what others are beside it makes no
/// difference.
pub fn lower_prediction(program: &Program, prediction: &Prediction, data: DataId, size: usize) -> Lowered {
    let mut lowerer = Lowerer::new(program);
    let rows = lowerer.source(Source::Rows, "rows", TensorType::new(ElementType::I64, Shape::new(&[size])));
    let inputs = prediction.inputs();
    let mut batches: Vec<NodeId> = Vec::with_capacity(inputs.len());
    for index in &inputs {
        let column = lowerer.column(data, *index);
        batches.push(lowerer.graph.gather(column, rows, 0));
    }
    let mut variables: Vec<NodeId> = Vec::with_capacity(inputs.len());
    for index in &inputs {
        let ty = lowerer.tensor_type(&program.data[data.0 as usize].columns[*index as usize].ty);
        variables.push(lowerer.graph.placeholder(ty));
    }
    let unread = lowerer.graph.real(lowerer.real, 0.0);
    for column in &prediction.columns {
        let place = inputs.iter().position(|input| input == column);
        lowerer.examples.push(place.map_or(unread, |place| variables[place]));
    }
    let entry = lowerer.tensor(&prediction.value);
    let (node, batched) = batch(&mut lowerer.graph, &[entry], &variables, &batches, size)[0];
    let node = if batched {
        node
    } else {
        let shape = lowerer.graph.ty(node).shape.with_leading(size);
        let axes = Axes::new(1..shape.rank());
        lowerer.graph.broadcast(node, axes, &shape)
    };
    lowerer.graph.output("prediction", node);
    lowerer.finish()
}
