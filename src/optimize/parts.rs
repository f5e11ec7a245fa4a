//! Sums of tensors that are zero but for parts along an axis, as the adjoints of parts of a vector are: the parts stand beside
//! each other, and only those that lie over each other are added.

use super::{Rule, arguments_of};
use crate::ir::{Graph, NodeId, Op};
use crate::ops::arithmetic::ADD;

/// The rules of this file.
pub static RULES: &[Rule] = &[Rule::up_to_sign(
    "pad(x) + pad(y) = concatenate(x, 0, y) along an axis most of which has no place in both",
    sum_of_parts,
)];

/// The most parts of one tensor.
const PARTS: usize = 64;

/// A tensor that begins at a place of an axis, beside which there are zeros.
#[derive(Clone, Copy)]
struct Part {
    start: usize,
    end: usize,
    node: NodeId,
}

fn sum_of_parts(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let both = arguments_of::<2>(graph, id, &ADD)?;
    let axis = both.iter().find_map(|term| match graph.node(*term).op {
        Op::Pad { axis, .. } | Op::Concatenate(axis) => Some(usize::from(axis)),
        _ => None,
    })?;
    let left = parts(graph, both[0], axis)?;
    let right = parts(graph, both[1], axis)?;
    let size = graph.ty(id).shape[axis];
    let overlaps = overlaps(&left, &right);
    let added: usize = overlaps.iter().map(|(start, end)| end - start).sum();
    if left.is_empty() || right.is_empty() || left.len() + right.len() > PARTS || 2 * added > size {
        return None;
    }
    let is_alone = |part: &&Part| !overlaps.iter().any(|(start, end)| *start <= part.start && part.end <= *end);
    let mut all: Vec<Part> = left.iter().chain(&right).filter(is_alone).copied().collect();
    for (start, end) in overlaps {
        let [a, b] = [&left, &right].map(|parts| {
            let within: Vec<Part> =
                parts.iter().filter(|part| start <= part.start && part.end <= end).copied().collect();
            placed(graph, within, axis, start, end)
        });
        let node = graph.pointwise(&ADD, &[a, b]);
        all.push(Part { start, end, node });
    }
    Some(placed(graph, all, axis, 0, size))
}

/// The parts of a tensor, in order: what a pad places, or what is not 0 in a row of tensors.
fn parts(graph: &Graph, id: NodeId, axis: usize) -> Option<Vec<Part>> {
    let node = graph.node(id);
    let length = |node: NodeId| graph.ty(node).shape[axis];
    match node.op {
        Op::Pad { axis: along, low, step: 1 } if usize::from(along) == axis => {
            let (start, node) = (low as usize, node.arguments[0]);
            let part = Part { start, end: start + length(node), node };
            Some(if part.start < part.end { vec![part] } else { Vec::new() })
        }
        Op::Concatenate(along) if usize::from(along) == axis => {
            let mut end = 0;
            let all = node.arguments.iter().map(|node| {
                end += length(*node);
                Part { start: end - length(*node), end, node: *node }
            });
            let is_there = |part: &Part| part.start < part.end && graph.constant_value(part.node) != Some(0.0);
            Some(all.filter(is_there).collect())
        }
        _ => None,
    }
}

/// The stretches in which parts of both lie over each other, each as long as its parts.
fn overlaps(left: &[Part], right: &[Part]) -> Vec<(usize, usize)> {
    let mut all: Vec<(&Part, bool)> =
        left.iter().map(|part| (part, false)).chain(right.iter().map(|part| (part, true))).collect();
    all.sort_by_key(|(part, _)| part.start);
    let mut stretches: Vec<(usize, usize, [bool; 2])> = Vec::new();
    for (part, is_right) in all {
        match stretches.last_mut().filter(|(_, end, _)| part.start < *end) {
            Some((_, end, of)) => {
                *end = part.end.max(*end);
                of[usize::from(is_right)] = true;
            }
            None => stretches.push((part.start, part.end, [!is_right, is_right])),
        }
    }
    stretches.into_iter().filter(|(.., of)| of[0] && of[1]).map(|(start, end, _)| (start, end)).collect()
}

/// Parts within a stretch of the axis, with zeros between them.
fn placed(graph: &mut Graph, mut parts: Vec<Part>, axis: usize, start: usize, end: usize) -> NodeId {
    parts.sort_by_key(|part| part.start);
    if let [part] = parts[..] {
        return graph.pad(part.node, axis, part.start - start, 1, end - start);
    }
    let mut row = Vec::new();
    let mut filled = start;
    for part in &parts {
        zeros(graph, &mut row, axis, part.start - filled, part.node);
        row.push(part.node);
        filled = part.end;
    }
    if let Some(last) = parts.last() {
        zeros(graph, &mut row, axis, end - filled, last.node);
    }
    graph.concatenate(&row, axis)
}

/// So many zeros, where any are wanted, beside a tensor.
fn zeros(graph: &mut Graph, row: &mut Vec<NodeId>, axis: usize, count: usize, beside: NodeId) {
    if count > 0 {
        let ty = graph.ty(beside).clone();
        let sizes = ty.shape.sizes().iter().enumerate();
        let shape = sizes.map(|(place, size)| if place == axis { count } else { *size }).collect();
        let zero = graph.real(ty.element, 0.0);
        row.push(graph.splat(zero, &shape));
    }
}
