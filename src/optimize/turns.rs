//! Transposes move outwards, past what is computed of elements, to where they cost nothing: a sum over an axis of a transpose is
//! one over the axis that it was. Comprehensions put the axes of their indices first, in the order in which they are written, and
//! those of reductions last: without these rules, each would read its argument across the rows in which it lies.

use super::Rule;
use super::shapes::reduction;
use crate::ir::{Axes, Graph, NodeId, Op, Shape};

/// The rules of this file.
pub static FINAL: &[Rule] = &[
    Rule::exact("f(transpose a, transpose b) = transpose f(a, b)", pointwise_of_turned),
    Rule::rounding("reduce(transpose(x)) = transpose(reduce(x))", reduce_of_turned),
];

fn turned(graph: &Graph, id: NodeId) -> Option<(Axes, NodeId)> {
    match graph.node(id).op {
        Op::Transpose(order) => Some((order, graph.node(id).arguments[0])),
        _ => None,
    }
}

/// At least one argument is a transpose; the others are in the same order, or repeat what is in any order.
fn pointwise_of_turned(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let definition = graph.pointwise_of(id)?;
    let arguments = graph.node(id).arguments.clone();
    let (order, source) = arguments.iter().find_map(|argument| turned(graph, *argument))?;
    if !crosses_rows(&graph.ty(source).shape, order) || is_product(graph, source) {
        return None;
    }
    let arguments =
        arguments.iter().map(|argument| turned_back(graph, *argument, order)).collect::<Option<Vec<_>>>()?;
    let inner = graph.pointwise(definition, &arguments);
    Some(graph.transpose(inner, order))
}

/// Whether neighbours in a transpose are none in memory. Where rows stay rows, reading them costs little.
fn crosses_rows(shape: &Shape, order: Axes) -> bool {
    let long = |axis: &usize| shape[*axis] != 1;
    order.iter().rfind(long) != (0..order.len()).rfind(long)
}

/// What is computed of a transposed product reads it once; more than that may read the result.
fn is_product(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    let source = if node.op == Op::Reshape { graph.node(node.arguments[0]) } else { node };
    matches!(source.op, Op::Contract { .. })
}

/// The tensor that is this one when it is transposed, where that is a view.
fn turned_back(graph: &mut Graph, id: NodeId, order: Axes) -> Option<NodeId> {
    let (op, source) = (graph.node(id).op, *graph.node(id).arguments.first()?);
    match op {
        Op::Transpose(same) if same == order => Some(source),
        Op::Broadcast(axes) => {
            let places: Vec<usize> = axes.iter().map(|axis| order.get(axis)).collect();
            let seen = graph.ty(id).shape.clone();
            let shape: Shape =
                (0..order.len()).filter_map(|axis| order.position(axis)).map(|axis| seen[axis]).collect();
            places.is_sorted().then(|| graph.broadcast(source, Axes::new(places), &shape))
        }
        _ => None,
    }
}

/// Axes that are folded together are neighbours there too, since only such are folded where they lie.
fn reduce_of_turned(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (reduction, axes, argument) = reduction(graph, id)?;
    let (order, source) = turned(graph, argument)?;
    let mut folded: Vec<usize> = axes.iter().map(|place| order.get(place)).collect();
    folded.sort_unstable();
    let wanted = (0..order.len()).filter(|place| !axes.contains(*place)).map(|place| order.get(place));
    let kept: Vec<usize> = (0..order.len()).filter(|axis| !folded.contains(axis)).collect();
    let (first, last) = (*folded.first()?, *folded.last()?);
    if kept.iter().any(|axis| (first..last).contains(axis)) {
        return None;
    }
    let places: Vec<usize> = wanted.filter_map(|axis| kept.iter().position(|each| *each == axis)).collect();
    let value = graph.reduce(reduction, source, Axes::new(folded));
    Some(graph.transpose(value, Axes::new(places)))
}
