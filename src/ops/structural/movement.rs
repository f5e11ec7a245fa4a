//! Broadcast, reshape and transpose: the same elements in other places.

use super::{Batching, Call, Cotangent, Dependence, Fault, Structural, linear_forward, table};
use crate::ir::{Axes, Graph, NodeId, Op, Reduction, Table};

/// Repetition along new axes.
pub static BROADCAST: Structural = Structural {
    name: "broadcast",
    documentation: "The argument's axes become some of the result's; along the others it repeats.",
    evaluate: |call| {
        let axes = axes(call.node.op);
        let strides = call.arguments[0].ty.shape.strides();
        Ok(moved(call, |index| table::position(&strides, axes.iter().map(|axis| index[axis]))))
    },
    reverse: |graph, id, _, cotangent| {
        let (axes, rank) = (axes(graph.node(id).op), graph.ty(id).shape.rank());
        let repeated = Axes::new((0..rank).filter(|axis| !axes.contains(*axis)));
        cotangent.with(graph.reduce(Reduction::Sum, cotangent.node, repeated))
    },
    forward: |graph, id, tangents, _| {
        let shape = graph.ty(id).shape.clone();
        tangents[0].map(|tangent| graph.broadcast(tangent, axes(graph.node(id).op), &shape))
    },
    batch: |graph, batching| {
        let axes = shifted(axes(batching.node.op));
        graph.broadcast(batching.arguments[0], axes, &batching.shape())
    },
    dependence: |_, _| Dependence::Moves,
};

/// Another shape of the same count.
pub static RESHAPE: Structural = Structural {
    name: "reshape",
    documentation: "The same elements in row-major order under another shape.",
    evaluate: |call| Ok(Table { ty: call.node.ty.clone(), bits: call.arguments[0].bits.clone() }),
    reverse: |graph, id, _, cotangent| {
        let argument = graph.node(id).arguments[0];
        let shape = graph.ty(argument).shape.clone();
        cotangent.with(graph.reshape(cotangent.node, &shape))
    },
    forward: |graph, id, tangents, _| linear_forward(graph, id, 0, tangents),
    batch: |graph, batching| graph.reshape(batching.arguments[0], &batching.shape()),
    dependence: |_, _| Dependence::Moves,
};

/// A permutation of the axes.
pub static TRANSPOSE: Structural = Structural {
    name: "transpose",
    documentation: "Result axis `i` is argument axis `axes[i]`.",
    evaluate: transpose,
    reverse: transpose_reverse,
    forward: |graph, id, tangents, _| linear_forward(graph, id, 0, tangents),
    batch: transpose_batch,
    dependence: |_, _| Dependence::Moves,
};

fn axes(op: Op) -> Axes {
    match op {
        Op::Broadcast(axes) | Op::Transpose(axes) => axes,
        _ => unreachable!("only broadcasts and transposes have axes here"),
    }
}

/// `0`, then each axis one further.
pub(super) fn shifted(axes: Axes) -> Axes {
    Axes::new(std::iter::once(0).chain(axes.iter().map(|axis| axis + 1)))
}

/// The result of moving words: `from` gives the position in the argument.
fn moved(call: &Call, from: impl Fn(&[usize]) -> usize) -> Table {
    table::by_index(&call.node.ty, |index| call.arguments[0].bits[from(index)])
}

fn transpose(call: &Call) -> Result<Table, Fault> {
    let axes = axes(call.node.op);
    let strides = call.arguments[0].ty.shape.strides();
    let strides: Vec<usize> = axes.iter().map(|axis| strides[axis]).collect();
    Ok(moved(call, |index| table::position(&strides, index.iter().copied())))
}

fn transpose_reverse(graph: &mut Graph, id: NodeId, _: usize, cotangent: Cotangent) -> Option<Cotangent> {
    let axes = axes(graph.node(id).op);
    let inverse = Axes::new((0..axes.len()).map(|axis| axes.position(axis).unwrap_or(axis)));
    cotangent.with(graph.transpose(cotangent.node, inverse))
}

fn transpose_batch(graph: &mut Graph, batching: &Batching) -> NodeId {
    graph.transpose(batching.arguments[0], shifted(axes(batching.node.op)))
}
