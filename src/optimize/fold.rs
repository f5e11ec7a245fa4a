//! Constant folding: small nodes whose arguments are constants are evaluated now, by their own definitions.

use super::Rule;
use crate::ir::{Graph, NodeId, Op, Shape, Table, TensorType};
use crate::ops::structural::{Call, definition};

/// Tables of at most this many elements are made; larger ones would cost more space than they save time.
const LIMIT: usize = 1024;

/// The rules of this file.
pub static RULES: &[Rule] = &[Rule::exact("f(constants) = constant", fold)];

/// Whether a node is a constant, a position along an axis, or a small repetition of either.
pub(super) fn is_known(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    let known = matches!(node.op, Op::Scalar(_) | Op::Table(_) | Op::Iota(_) | Op::Broadcast(_));
    known && node.ty.shape.count() <= 4 * LIMIT && node.arguments.iter().all(|argument| is_known(graph, *argument))
}

pub(super) fn known(graph: &Graph, id: NodeId) -> Option<Table> {
    let arguments = graph.node(id).arguments.iter().map(|argument| known(graph, *argument));
    evaluate(graph, id, &arguments.collect::<Option<Vec<Table>>>()?)
}

/// A node with a fault has no value here; it keeps its fault for the run.
fn evaluate(graph: &Graph, id: NodeId, arguments: &[Table]) -> Option<Table> {
    let node = graph.node(id);
    let arguments: Vec<&Table> = arguments.iter().collect();
    (definition(&node.op).evaluate)(&Call { graph, node, inputs: &[], arguments: &arguments }).ok()
}

fn fold(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let node = graph.node(id);
    // The sum of a constant over a mini-batch is known when the mini-batch is.
    let stays = node.arguments.is_empty()
        || matches!(node.op, Op::Broadcast(_) | Op::BatchReduce(_) | Op::Loop(_) | Op::Replay(_))
        || node.ty.shape.count() > LIMIT;
    if stays || !node.arguments.iter().all(|argument| is_known(graph, *argument)) {
        return None;
    }
    let value = known(graph, id)?;
    Some(as_node(graph, value))
}

/// A table of equal elements is a repeated scalar.
fn as_node(graph: &mut Graph, value: Table) -> NodeId {
    match value.bits.first() {
        Some(first) if value.bits.iter().all(|bits| bits == first) => {
            let scalar = TensorType::new(value.ty.element, Shape::scalar());
            let scalar = graph.intern(Op::Scalar(*first), &[], scalar);
            graph.splat(scalar, &value.ty.shape)
        }
        _ => graph.constant_table(value),
    }
}
