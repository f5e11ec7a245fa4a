//! The graph of what a trained model says of some examples.

use super::{Lowered, Lowerer, Source};
use crate::check::program::{DataId, Prediction, Program};
use crate::ir::{Axes, NodeId, TensorType};
use crate::ops::structural::batch::batch;

/// A graph whose one output is the prediction for `size` examples, examples leading. Its inputs are parameters, and as
/// arguments the entries of the columns that the prediction reads, in the order of [`Prediction::inputs`]; `data` is the set
/// that the block trains on, or another one with its columns.
///
/// Each example is predicted alone: what others are beside it makes no difference.
pub fn lower_prediction(program: &Program, prediction: &Prediction, data: DataId, size: usize) -> Lowered {
    let mut lowerer = Lowerer::new(program);
    let inputs = prediction.inputs();
    let set = &program.data[data.0 as usize];
    let mut batches: Vec<NodeId> = Vec::with_capacity(inputs.len());
    let mut types: Vec<TensorType> = Vec::with_capacity(inputs.len());
    for (place, index) in inputs.iter().enumerate() {
        let column = &set.columns[*index as usize];
        let entry = lowerer.tensor_type(&column.ty);
        let ty = TensorType::new(entry.element, entry.shape.with_leading(size));
        batches.push(lowerer.source(Source::Argument(place as u32), &column.name, ty));
        types.push(entry);
    }
    let variables: Vec<NodeId> = types.into_iter().map(|entry| lowerer.graph.placeholder(entry)).collect();
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
