//! Reductions over the examples of a mini-batch, as the program of one example sees them.
//!
//! Over all examples together each is an ordinary reduction whose result every example receives. Sum and mean are
//! their own transposes; an extreme is, near a point, the sum of the examples that attain it, in equal shares.

use super::{Batching, Call, Cotangent, Dependence, Fault, Mask, Over, Structural};
use crate::ir::{Axes, BatchReduction, Graph, NodeId, Op, Reduction, Table};
use crate::ops::arithmetic::{DIVIDE, MULTIPLY, ROUTED_MULTIPLY};
use crate::ops::choice::conversion;
use crate::ops::comparison::EQUAL;

/// A reduction over the mini-batch.
pub static BATCH_REDUCE: Structural = Structural {
    name: "batch_reduce",
    documentation: "The sum, mean, greatest or least over the examples of the mini-batch; of one alone, itself.",
    evaluate,
    reverse,
    forward,
    batch,
    dependence: |_, _| Dependence::Elementwise,
};

fn reduction(op: Op) -> BatchReduction {
    match op {
        Op::BatchReduce(reduction) => reduction,
        _ => unreachable!("only reductions over the mini-batch come here"),
    }
}

/// The value of an example that is alone.
fn evaluate(call: &Call) -> Result<Table, Fault> {
    Ok(call.arguments[0].clone())
}

/// Over examples the leading axis is folded, and the result is one for all of them.
fn batch(graph: &mut Graph, batching: &Batching) -> NodeId {
    let (reduction, argument) = (reduction(batching.node.op), batching.arguments[0]);
    if batching.over == Over::Indices {
        return graph.batch_reduce(reduction, argument);
    }
    let first = Axes::new([0]);
    match (reduction, batching.carried[0]) {
        (BatchReduction::Sum, true) => graph.reduce(Reduction::Sum, argument, first),
        (BatchReduction::Mean, true) => {
            let sum = graph.reduce(Reduction::Sum, argument, first);
            let size = graph.constant_like(sum, batching.size as f64);
            graph.pointwise(&DIVIDE, &[sum, size])
        }
        (BatchReduction::Max, true) => graph.reduce(Reduction::Max, argument, first),
        (BatchReduction::Min, true) => graph.reduce(Reduction::Min, argument, first),
        (BatchReduction::Sum, false) => {
            let size = graph.constant_like(argument, batching.size as f64);
            graph.pointwise(&MULTIPLY, &[argument, size])
        }
        (_, false) => argument,
    }
}

/// The share that an example has in an extreme: the same among all that attain it.
fn share(graph: &mut Graph, id: NodeId) -> NodeId {
    let argument = graph.node(id).arguments[0];
    let hit = graph.pointwise(&EQUAL, &[argument, id]);
    let hit = graph.pointwise(conversion(graph.ty(id).element), &[hit]);
    let count = graph.batch_reduce(BatchReduction::Sum, hit);
    graph.pointwise(&DIVIDE, &[hit, count])
}

fn reverse(graph: &mut Graph, id: NodeId, _: usize, cotangent: Cotangent) -> Option<Cotangent> {
    let reduction = reduction(graph.node(id).op);
    if !graph.ty(id).element.is_real() {
        return None;
    }
    if matches!(reduction, BatchReduction::Sum | BatchReduction::Mean) {
        return cotangent.with(graph.batch_reduce(reduction, cotangent.node));
    }
    let total = graph.batch_reduce(BatchReduction::Sum, cotangent.node);
    let share = share(graph, id);
    let node = graph.pointwise(&ROUTED_MULTIPLY, &[share, total]);
    Some(Cotangent { node, mask: cotangent.mask.max(Mask::Routed) })
}

fn forward(graph: &mut Graph, id: NodeId, tangents: &[Option<NodeId>], _: Mask) -> Option<NodeId> {
    let (reduction, tangent) = (reduction(graph.node(id).op), tangents[0]?);
    if matches!(reduction, BatchReduction::Sum | BatchReduction::Mean) {
        return Some(graph.batch_reduce(reduction, tangent));
    }
    let share = share(graph, id);
    let weighted = graph.pointwise(&ROUTED_MULTIPLY, &[share, tangent]);
    Some(graph.batch_reduce(BatchReduction::Sum, weighted))
}
