//! Slice, pad, concatenate, reverse: elements along one axis.

use super::{Batching, Call, Cotangent, Dependence, Fault, Mask, Structural, linear_forward, table};
use crate::ir::{Graph, NodeId, Op, Table};

/// Every `step`-th element from `start` along an axis.
pub static SLICE: Structural = Structural {
    name: "slice",
    documentation: "Along one axis, the elements `start, start + step, …`.",
    evaluate: slice,
    reverse: |graph, id, _, cotangent| {
        let (axis, start, step) = placement(graph.node(id).op);
        let size = graph.ty(graph.node(id).arguments[0]).shape[axis];
        // What the slice leaves out has no part in the value.
        let node = graph.pad(cotangent.node, axis, start, step, size);
        Some(Cotangent { node, mask: cotangent.mask.max(Mask::Routed) })
    },
    forward: |graph, id, tangents, _| linear_forward(graph, id, 0, tangents),
    batch: |graph, batching| {
        let (axis, start, step) = placement(batching.node.op);
        graph.slice(batching.arguments[0], axis + 1, start, step, batching.node.ty.shape[axis])
    },
    dependence: |_, _| Dependence::Moves,
};

/// Elements placed among zeros.
pub static PAD: Structural = Structural {
    name: "pad",
    documentation: "Along one axis, zeros with the argument's elements at `low, low + step, …`.",
    evaluate: pad,
    reverse: |graph, id, _, cotangent| {
        let (axis, low, step) = placement(graph.node(id).op);
        let count = graph.ty(graph.node(id).arguments[0]).shape[axis];
        cotangent.with(graph.slice(cotangent.node, axis, low, step, count))
    },
    forward: |graph, id, tangents, _| linear_forward(graph, id, 0, tangents),
    batch: |graph, batching| {
        let (axis, low, step) = placement(batching.node.op);
        graph.pad(batching.arguments[0], axis + 1, low, step, batching.node.ty.shape[axis])
    },
    dependence: |_, _| Dependence::Moves,
};

/// The arguments one after another along an axis.
pub static CONCATENATE: Structural = Structural {
    name: "concatenate",
    documentation: "The arguments one after another along an axis.",
    evaluate: concatenate,
    reverse: concatenate_reverse,
    forward: concatenate_forward,
    batch: |graph, batching| {
        let (axis, _, _) = placement(batching.node.op);
        let parts: Vec<NodeId> = (0..batching.arguments.len()).map(|at| batching.carry(graph, at)).collect();
        graph.concatenate(&parts, axis + 1)
    },
    dependence: |_, _| Dependence::Moves,
};

/// From last to first along an axis.
pub static REVERSE: Structural = Structural {
    name: "reverse",
    documentation: "Along one axis, the elements from last to first.",
    evaluate: reverse,
    reverse: |graph, id, _, cotangent| {
        let (axis, _, _) = placement(graph.node(id).op);
        cotangent.with(graph.reverse(cotangent.node, axis))
    },
    forward: |graph, id, tangents, _| linear_forward(graph, id, 0, tangents),
    batch: |graph: &mut Graph, batching: &Batching| {
        let (axis, _, _) = placement(batching.node.op);
        graph.reverse(batching.arguments[0], axis + 1)
    },
    dependence: |_, _| Dependence::Moves,
};

/// Axis, first place and step.
fn placement(op: Op) -> (usize, usize, usize) {
    match op {
        Op::Slice { axis, start, step } => (axis as usize, start as usize, step as usize),
        Op::Pad { axis, low, step } => (axis as usize, low as usize, step as usize),
        Op::Concatenate(axis) | Op::Reverse(axis) => (axis as usize, 0, 1),
        _ => unreachable!("only placements have an axis here"),
    }
}

/// The word of an argument at an index whose entry along an axis is replaced.
fn at(source: &Table, index: &[usize], axis: usize, place: usize) -> u64 {
    let places = index.iter().enumerate().map(|(each, entry)| if each == axis { place } else { *entry });
    source.bits[table::position(&source.ty.shape.strides(), places)]
}

fn slice(call: &Call) -> Result<Table, Fault> {
    let (axis, start, step) = placement(call.node.op);
    Ok(table::by_index(&call.node.ty, |index| at(call.arguments[0], index, axis, start + index[axis] * step)))
}

fn pad(call: &Call) -> Result<Table, Fault> {
    let (axis, low, step) = placement(call.node.op);
    let source = call.arguments[0];
    Ok(table::by_index(&call.node.ty, |index| match index[axis].checked_sub(low) {
        Some(past) if past % step == 0 && past / step < source.ty.shape[axis] => at(source, index, axis, past / step),
        _ => 0,
    }))
}

fn reverse(call: &Call) -> Result<Table, Fault> {
    let (axis, _, _) = placement(call.node.op);
    let last = call.node.ty.shape[axis].saturating_sub(1);
    Ok(table::by_index(&call.node.ty, |index| at(call.arguments[0], index, axis, last - index[axis])))
}

fn concatenate(call: &Call) -> Result<Table, Fault> {
    let (axis, _, _) = placement(call.node.op);
    let places: Vec<(usize, usize)> = (call.arguments.iter().enumerate())
        .flat_map(|(part, table)| (0..table.ty.shape[axis]).map(move |place| (part, place)))
        .collect();
    Ok(table::by_index(&call.node.ty, |index| {
        let (part, place) = places[index[axis]];
        at(call.arguments[part], index, axis, place)
    }))
}

fn concatenate_reverse(graph: &mut Graph, id: NodeId, argument: usize, cotangent: Cotangent) -> Option<Cotangent> {
    let (axis, _, _) = placement(graph.node(id).op);
    let sizes: Vec<usize> = graph.node(id).arguments.iter().map(|part| graph.ty(*part).shape[axis]).collect();
    let start = sizes[..argument].iter().sum();
    cotangent.with(graph.slice(cotangent.node, axis, start, 1, sizes[argument]))
}

fn concatenate_forward(graph: &mut Graph, id: NodeId, tangents: &[Option<NodeId>], _: Mask) -> Option<NodeId> {
    if tangents.iter().all(Option::is_none) {
        return None;
    }
    let (axis, _, _) = placement(graph.node(id).op);
    let arguments = graph.node(id).arguments.clone();
    let mut parts = Vec::with_capacity(arguments.len());
    for (argument, tangent) in arguments.iter().zip(tangents) {
        parts.push(tangent.unwrap_or_else(|| graph.constant_like(*argument, 0.0)));
    }
    Some(graph.concatenate(&parts, axis))
}
