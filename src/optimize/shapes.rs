//! Rules on operations that move, place and fold elements.

use super::{Rule, arguments_of};
use crate::ir::{Axes, Graph, NodeId, Op, Reduction, Shape};
use crate::ops::arithmetic::{MULTIPLY, NEGATE};

/// The rules of this file.
pub static RULES: &[Rule] = &[
    Rule::exact("broadcasts, reshapes and transposes of themselves are one, or none", rebuilt),
    Rule::exact("a transpose that moves only axes of size 1 is a reshape", transpose_as_reshape),
    Rule::exact("reverse(reverse(x)) = x", reversed_twice),
    Rule::exact("f(repeated a, repeated b) = repeated f(a, b)", pointwise_of_broadcasts),
    Rule::exact("slice(slice(x)) is one slice", slice_of_slice),
    Rule::exact("slice(pad(x)) is a slice of x, or zeros", slice_of_pad),
    Rule::exact("slice(concatenate(…, x, …)) = slice(x) inside one part", slice_of_concatenate),
    Rule::exact("slice(repeated x) = repeated x along a new axis", slice_of_broadcast),
    Rule::exact("pad(pad(x)) is one pad", pad_of_pad),
    Rule::up_to_sign("reduce over axes of size 1 is a reshape", reduce_of_units),
    Rule::rounding("sum(repeated x) = n x (rounds once), max(repeated x) = x", reduce_of_broadcast),
    Rule::rounding("sum(sum(x)) = sum(x) over both axes (order of adding)", reduce_of_reduce),
    Rule::rounding("sum(transpose(x)) = sum(x) where the order of axes stays", reduce_of_transpose),
    Rule::up_to_sign("sum(-x) = -sum(x)", sum_of_negated),
];

/// The typed constructors merge what they are applied to.
fn rebuilt(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let node = graph.node(id);
    if !matches!(node.op, Op::Broadcast(_) | Op::Reshape | Op::Transpose(_)) {
        return None;
    }
    let (op, argument, shape) = (node.op, node.arguments[0], node.ty.shape.clone());
    let again = match op {
        Op::Broadcast(axes) => graph.broadcast(argument, axes, &shape),
        Op::Transpose(axes) => graph.transpose(argument, axes),
        _ => graph.reshape(argument, &shape),
    };
    (again != id).then_some(again)
}

fn transpose_as_reshape(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Transpose(axes) = graph.node(id).op else { return None };
    let argument = graph.node(id).arguments[0];
    let moved: Vec<usize> = axes.iter().filter(|axis| graph.ty(argument).shape[*axis] != 1).collect();
    let shape = graph.ty(id).shape.clone();
    moved.is_sorted().then(|| graph.reshape(argument, &shape))
}

fn reversed_twice(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let node = graph.node(id);
    let inner = graph.node(*node.arguments.first()?);
    (matches!(node.op, Op::Reverse(_)) && inner.op == node.op).then(|| inner.arguments[0])
}

/// At least one argument is a repetition; the others repeat along the same axes or are scalars everywhere.
fn pointwise_of_broadcasts(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let definition = graph.pointwise_of(id)?;
    let repeated = |argument: &NodeId| matches!(graph.node(*argument).op, Op::Broadcast(_));
    // Where there are no elements, a scalar could have a fault that the whole has not.
    if graph.ty(id).shape.count() == 0 || !graph.node(id).arguments.iter().all(repeated) {
        return None;
    }
    let node = graph.node(id).clone();
    let source = |argument: NodeId| match graph.node(argument).op {
        Op::Broadcast(axes) => Some((axes, graph.node(argument).arguments[0])),
        _ => None,
    };
    let sources: Vec<(Axes, NodeId)> =
        node.arguments.iter().map(|argument| source(*argument)).collect::<Option<_>>()?;
    let &(axes, first) = sources.iter().max_by_key(|(axes, _)| axes.len())?;
    if sources.iter().any(|(each, _)| *each != axes && !each.is_empty()) {
        return None;
    }
    let shape = graph.ty(first).shape.clone();
    let arguments: Vec<NodeId> = sources.iter().map(|(_, source)| splat_to(graph, *source, &shape)).collect();
    let inner = graph.pointwise(definition, &arguments);
    Some(graph.broadcast(inner, axes, &node.ty.shape))
}

/// A scalar repeated, a tensor of the shape as it is.
fn splat_to(graph: &mut Graph, source: NodeId, shape: &Shape) -> NodeId {
    if graph.ty(source).shape == *shape { source } else { graph.splat(source, shape) }
}

/// Axis, start, step and count of a slice, and its argument.
fn slice(graph: &Graph, id: NodeId) -> Option<(usize, usize, usize, usize, NodeId)> {
    let node = graph.node(id);
    let Op::Slice { axis, start, step } = node.op else { return None };
    let count = node.ty.shape[axis as usize];
    (count > 0).then(|| (axis as usize, start as usize, step as usize, count, node.arguments[0]))
}

fn slice_of_slice(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (axis, start, step, count, inner) = slice(graph, id)?;
    let (inner_axis, inner_start, inner_step, _, source) = slice(graph, inner)?;
    (axis == inner_axis).then(|| graph.slice(source, axis, inner_start + start * inner_step, step * inner_step, count))
}

fn slice_of_pad(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (axis, start, step, count, pad) = slice(graph, id)?;
    let Op::Pad { axis: pad_axis, low, step: stride } = graph.node(pad).op else { return None };
    if axis != pad_axis as usize {
        return None;
    }
    let source = graph.node(pad).arguments[0];
    let (low, stride, size) = (low as usize, stride as usize, graph.ty(source).shape[axis]);
    let hits = |place: usize| place >= low && (place - low).is_multiple_of(stride) && (place - low) / stride < size;
    let places = (0..count).map(|each| start + each * step);
    let hit = places.filter(|place| hits(*place)).count();
    if hit == 0 {
        return Some(graph.constant_like(id, 0.0));
    }
    // With one element any step will do; with more, all are hit only if the steps fit.
    let step = if count == 1 { stride } else { step };
    (hit == count && step.is_multiple_of(stride))
        .then(|| graph.slice(source, axis, (start - low) / stride, step / stride, count))
}

fn slice_of_concatenate(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (axis, start, step, count, whole) = slice(graph, id)?;
    let Op::Concatenate(along) = graph.node(whole).op else { return None };
    if axis != along as usize {
        return None;
    }
    let last = start + (count - 1) * step;
    let mut before = 0;
    for part in graph.node(whole).arguments.clone() {
        let after = before + graph.ty(part).shape[axis];
        if before <= start && last < after {
            return Some(graph.slice(part, axis, start - before, step, count));
        }
        before = after;
    }
    None
}

fn slice_of_broadcast(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (axis, _, _, _, repeated) = slice(graph, id)?;
    let Op::Broadcast(axes) = graph.node(repeated).op else { return None };
    let (source, shape) = (graph.node(repeated).arguments[0], graph.ty(id).shape.clone());
    (!axes.contains(axis)).then(|| graph.broadcast(source, axes, &shape))
}

fn pad_of_pad(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Pad { axis, low, step } = graph.node(id).op else { return None };
    let inner = graph.node(id).arguments[0];
    let Op::Pad { axis: inner_axis, low: inner_low, step: inner_step } = graph.node(inner).op else { return None };
    let (source, size) = (graph.node(inner).arguments[0], graph.ty(id).shape[axis as usize]);
    let low = (low + inner_low * step) as usize;
    (axis == inner_axis).then(|| graph.pad(source, axis as usize, low, (step * inner_step) as usize, size))
}

pub(super) fn reduction(graph: &Graph, id: NodeId) -> Option<(Reduction, Axes, NodeId)> {
    match graph.node(id).op {
        Op::Reduce(reduction, axes) => Some((reduction, axes, graph.node(id).arguments[0])),
        _ => None,
    }
}

fn reduce_of_units(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (_, axes, argument) = reduction(graph, id)?;
    let shape = graph.ty(id).shape.clone();
    let units = axes.iter().all(|axis| graph.ty(argument).shape[axis] == 1);
    units.then(|| graph.reshape(argument, &shape))
}

/// The repeated axes are taken out; axes of the source that are folded too remain to be folded.
fn reduce_of_broadcast(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (reduction, axes, repeated) = reduction(graph, id)?;
    let Op::Broadcast(kept) = graph.node(repeated).op else { return None };
    let (source, shape) = (graph.node(repeated).arguments[0], graph.ty(repeated).shape.clone());
    let count: usize = axes.iter().filter(|axis| !kept.contains(*axis)).map(|axis| shape[axis]).product();
    let any = axes.iter().any(|axis| !kept.contains(axis));
    let ty = graph.ty(id).clone();
    // Counts beyond this are not exact in single precision.
    let counted = reduction == Reduction::Sum && ty.element.is_real() && count <= 1 << 24;
    if !any || count == 0 || !(counted || matches!(reduction, Reduction::Max | Reduction::Min)) {
        return None;
    }
    let inner = Axes::new((0..kept.len()).filter(|place| axes.contains(kept.get(*place))));
    let folded = graph.reduce(reduction, source, inner);
    let rest: Vec<usize> = (0..shape.rank()).filter(|axis| !axes.contains(*axis)).collect();
    let places = (0..rest.len()).filter(|place| kept.contains(rest[*place]));
    let value = graph.broadcast(folded, Axes::new(places), &ty.shape);
    if reduction != Reduction::Sum {
        return Some(value);
    }
    let count = graph.constant_like(value, count as f64);
    Some(graph.pointwise(&MULTIPLY, &[value, count]))
}

fn reduce_of_reduce(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (outer, axes, inner) = reduction(graph, id)?;
    let (same, inner_axes, source) = reduction(graph, inner)?;
    if outer != same {
        return None;
    }
    let rank = graph.ty(source).shape.rank();
    let kept: Vec<usize> = (0..rank).filter(|axis| !inner_axes.contains(*axis)).collect();
    let folded = |axis: &usize| inner_axes.contains(*axis) || axes.iter().any(|place| kept[place] == *axis);
    Some(graph.reduce(outer, source, Axes::new((0..rank).filter(folded))))
}

fn reduce_of_transpose(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (reduction, axes, moved) = reduction(graph, id)?;
    let Op::Transpose(order) = graph.node(moved).op else { return None };
    let source = graph.node(moved).arguments[0];
    let kept: Vec<usize> =
        (0..order.len()).filter(|place| !axes.contains(*place)).map(|place| order.get(place)).collect();
    let mut folded: Vec<usize> = axes.iter().map(|place| order.get(place)).collect();
    folded.sort_unstable();
    kept.is_sorted().then(|| graph.reduce(reduction, source, Axes::new(folded)))
}

fn sum_of_negated(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (Reduction::Sum, axes, argument) = reduction(graph, id)? else { return None };
    if !graph.ty(id).element.is_real() {
        return None;
    }
    let [x] = arguments_of(graph, argument, &NEGATE)?;
    let sum = graph.reduce(Reduction::Sum, x, axes);
    Some(graph.pointwise(&NEGATE, &[sum]))
}
