//! Transposes move outwards, past what is computed of elements, to where they cost nothing: a sum over an axis is as well one
//! over the axis that it was, and a product whose operands change places is its transpose.
//!
//! Comprehensions put the axes of their indices in the order they are written, and reductions behind them: without these
//! rules, each would read its argument across the rows in which it lies.

use super::shapes::reduction;
use super::{Rule, Uses};
use crate::ir::{Axes, Graph, NodeId, Op, Shape};

/// The rules of this file for all graphs: those of products come before the others can move the transpose away.
pub static RULES: &[Rule] = &[Rule::exact_with_uses(
    "transpose(contract(a, b)) = contract(b, a) where nothing else needs contract(a, b)",
    product_turned,
)];

/// The rules of this file for finished graphs.
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

fn product_turned(graph: &mut Graph, id: NodeId, uses: &Uses) -> Option<NodeId> {
    let (order, product) = turned(graph, id)?;
    let Op::Contract { batch, contract } = graph.node(product).op else { return None };
    let [left, right] = graph.node(product).arguments[..] else { return None };
    let (batch, contract) = (usize::from(batch), usize::from(contract));
    let rows = graph.ty(left).shape.rank() - contract;
    let exchanged = (0..batch).chain(rows..order.len()).chain(batch..rows);
    (uses.is_one(product) && order.iter().eq(exchanged)).then(|| graph.contract(right, left, batch, contract))
}

/// At least one argument is a transpose; the others are in the same order, or repeat what is in any order.
fn pointwise_of_turned(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let definition = graph.pointwise_of(id)?;
    let arguments = graph.node(id).arguments.clone();
    let (order, _) = arguments.iter().find_map(|argument| turned(graph, *argument))?;
    let arguments =
        arguments.iter().map(|argument| turned_back(graph, *argument, order)).collect::<Option<Vec<_>>>()?;
    let inner = graph.pointwise(definition, &arguments);
    Some(graph.transpose(inner, order))
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

fn reduce_of_turned(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (reduction, axes, argument) = reduction(graph, id)?;
    let (order, source) = turned(graph, argument)?;
    let mut folded: Vec<usize> = axes.iter().map(|place| order.get(place)).collect();
    folded.sort_unstable();
    let wanted = (0..order.len()).filter(|place| !axes.contains(*place)).map(|place| order.get(place));
    let kept: Vec<usize> = (0..order.len()).filter(|axis| !folded.contains(axis)).collect();
    let places: Vec<usize> = wanted.filter_map(|axis| kept.iter().position(|each| *each == axis)).collect();
    let value = graph.reduce(reduction, source, Axes::new(folded));
    Some(graph.transpose(value, Axes::new(places)))
}
