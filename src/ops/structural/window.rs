//! Windows: one axis seen as two, elements possibly several times; and their transpose, which adds.

use super::{Batching, Call, Cotangent, Dependence, Fault, Structural, linear_forward, table};
use crate::ir::{Graph, NodeId, Op, Steps, Table};

/// One axis as two.
pub static WINDOW: Structural = Structural {
    name: "window",
    documentation: "One axis becomes two: element `[a, b]` is the argument's `start + a * outer + b * inner`.",
    evaluate: window,
    reverse: |graph, id, _, cotangent| {
        let (axis, steps) = place(graph.node(id).op);
        let size = graph.ty(graph.node(id).arguments[0]).shape[axis];
        cotangent.with(graph.unwindow(cotangent.node, axis, size, steps))
    },
    forward: |graph, id, tangents, _| linear_forward(graph, id, 0, tangents),
    batch: |graph: &mut Graph, batching: &Batching| {
        let (axis, steps) = place(batching.node.op);
        let shape = &batching.node.ty.shape;
        graph.window(batching.arguments[0], axis + 1, [shape[axis], shape[axis + 1]], steps)
    },
    dependence: |_, _| Dependence::Moves,
};

/// Two axes added up into one.
pub static UNWINDOW: Structural = Structural {
    name: "unwindow",
    documentation: "Two axes become one: element `[a, b]` is added to `start + a * outer + b * inner`, from zero.",
    evaluate: unwindow,
    reverse: unwindow_reverse,
    forward: |graph, id, tangents, _| linear_forward(graph, id, 0, tangents),
    batch: |graph: &mut Graph, batching: &Batching| {
        let (axis, steps) = place(batching.node.op);
        graph.unwindow(batching.arguments[0], axis + 1, batching.node.ty.shape[axis], steps)
    },
    dependence: |_, node| {
        let (axis, steps) = place(node.op);
        Dependence::Collects { argument: 0, transpose: Op::Window { axis: axis as u8, steps } }
    },
};

fn place(op: Op) -> (usize, Steps) {
    match op {
        Op::Window { axis, steps } | Op::Unwindow { axis, steps } => (axis as usize, steps),
        _ => unreachable!("only windows come here"),
    }
}

/// The position in the whole of an index into its windows.
fn position(strides: &[usize], index: &[usize], axis: usize, steps: Steps) -> usize {
    let along = steps.start as usize + index[axis] * steps.outer as usize + index[axis + 1] * steps.inner as usize;
    let places = index[..axis].iter().chain([&along]).chain(&index[axis + 2..]);
    table::position(strides, places.copied())
}

fn window(call: &Call) -> Result<Table, Fault> {
    let (axis, steps) = place(call.node.op);
    let strides = call.arguments[0].ty.shape.strides();
    Ok(table::by_index(&call.node.ty, |index| call.arguments[0].bits[position(&strides, index, axis, steps)]))
}

fn unwindow(call: &Call) -> Result<Table, Fault> {
    let (axis, steps) = place(call.node.op);
    let (parts, strides) = (call.arguments[0], call.node.ty.shape.strides());
    let mut positions = Vec::with_capacity(parts.bits.len());
    table::each_index(&parts.ty.shape, |index| positions.push(position(&strides, index, axis, steps)));
    table::added_up(call.node.ty.clone(), positions.into_iter().zip(parts.bits.iter().copied()))
}

fn unwindow_reverse(graph: &mut Graph, id: NodeId, _: usize, cotangent: Cotangent) -> Option<Cotangent> {
    let (axis, steps) = place(graph.node(id).op);
    let parts = &graph.ty(graph.node(id).arguments[0]).shape;
    let counts = [parts[axis], parts[axis + 1]];
    cotangent.with(graph.window(cotangent.node, axis, counts, steps))
}
