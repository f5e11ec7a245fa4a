//! The product of all other elements, without dividing by the element itself: right with any number of zeros, and
//! differentiable again.
//!
//! A tree of pairwise products is built upward; downward, what surrounds a pair is multiplied by each one's sibling.

use crate::ir::{Axes, Graph, NodeId, Shape};
use crate::ops::arithmetic::{ADD, MULTIPLY};

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
        let (even, odd, half) = pairs(graph, level, size);
        levels.push((even, odd, size));
        (level, size) = (graph.pointwise(&MULTIPLY, &[even, odd]), half);
    }
    let mut outside = graph.constant_like(level, 1.0);
    for (even, odd, size) in levels.into_iter().rev() {
        let beside_even = graph.pointwise(&MULTIPLY, &[outside, odd]);
        let beside_odd = graph.pointwise(&MULTIPLY, &[outside, even]);
        let whole = size.next_multiple_of(2);
        let placed_even = graph.pad(beside_even, 1, 0, 2, whole);
        let placed_odd = graph.pad(beside_odd, 1, 1, 2, whole);
        let both = graph.pointwise(&ADD, &[placed_even, placed_odd]);
        outside = graph.slice(both, 1, 0, 1, size);
    }
    outside
}

/// The elements at even and at odd places, filled up with a one, and how many pairs there are.
fn pairs(graph: &mut Graph, level: NodeId, size: usize) -> (NodeId, NodeId, usize) {
    let half = size.div_ceil(2);
    let even = graph.slice(level, 1, 0, 2, half);
    let mut odd = graph.slice(level, 1, 1, 2, size / 2);
    if size % 2 == 1 {
        let last = graph.slice(level, 1, size - 1, 1, 1);
        let one = graph.constant_like(last, 1.0);
        odd = graph.concatenate(&[odd, one], 1);
    }
    (even, odd, half)
}
