//! The product of all other elements, without dividing by the element itself: right with any number of zeros, and
//! differentiable again.
//!
//! A tree of pairwise products is built upward, each half times the other; downward, what surrounds a pair is multiplied
//! by each one's sibling.

use crate::ir::{Axes, Graph, NodeId, Shape};
use crate::ops::arithmetic::MULTIPLY;

/// For each element, the product along `axes` of all elements but itself.
pub fn of_others(graph: &mut Graph, argument: NodeId, axes: Axes) -> NodeId {
    let shape = graph.ty(argument).shape.clone();
    let kept: Vec<usize> = (0..shape.rank()).filter(|axis| !axes.contains(*axis)).collect();
    let order = Axes::new(kept.iter().copied().chain(axes.iter()));
    let moved = graph.transpose(argument, order);
    let moved_shape = graph.ty(moved).shape.clone();
    let rows: usize = kept.iter().map(|axis| shape[*axis]).product();
    let length: usize = axes.iter().map(|axis| shape[axis]).product();
    let flat = graph.reshape(moved, &Shape::new(&[rows, length]));
    let others = of_others_in_rows(graph, flat, length);
    let others = graph.reshape(others, &moved_shape);
    let back = Axes::new((0..shape.rank()).map(|axis| order.position(axis).unwrap_or(axis)));
    graph.transpose(others, back)
}

fn of_others_in_rows(graph: &mut Graph, rows: NodeId, length: usize) -> NodeId {
    if length <= 1 {
        return graph.constant_like(rows, 1.0);
    }
    let mut levels = Vec::new();
    let (mut level, mut size) = (rows, length);
    while size > 1 {
        let (first, second, half) = halves(graph, level, size);
        levels.push((first, second, size));
        (level, size) = (graph.pointwise(&MULTIPLY, &[first, second]), half);
    }
    let mut outside = graph.constant_like(level, 1.0);
    for (first, second, size) in levels.into_iter().rev() {
        let beside_first = graph.pointwise(&MULTIPLY, &[outside, second]);
        let beside_second = graph.pointwise(&MULTIPLY, &[outside, first]);
        let both = graph.concatenate(&[beside_first, beside_second], 1);
        outside = graph.slice(both, 1, 0, 1, size);
    }
    outside
}

/// The elements of the first and of the second half, which is filled up with a one, and how many pairs there are.
fn halves(graph: &mut Graph, level: NodeId, size: usize) -> (NodeId, NodeId, usize) {
    let half = size.div_ceil(2);
    let first = graph.slice(level, 1, 0, 1, half);
    let mut second = graph.slice(level, 1, half, 1, size - half);
    if size % 2 == 1 {
        let last = graph.slice(level, 1, size - 1, 1, 1);
        let one = graph.constant_like(last, 1.0);
        second = graph.concatenate(&[second, one], 1);
    }
    (first, second, half)
}
