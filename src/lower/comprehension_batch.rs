//! Batching over an index: what is written for one value of the index is computed for all, along a leading axis.
//!
//! A gather whose position is affine in the index chooses elements at equal distances, so it becomes a slice, and with
//! another index in the position, windows. What is left is a gather of many rows at once.

use super::comprehension_affine::Affine;
use crate::ir::{Axes, Graph, IndexRange, Node, NodeId, Op, Outside, Shape, Steps};
use crate::ops::arithmetic::ADD;
use crate::ops::structural::batch::{Scan, batch_scan};

/// The roots for all values of an index, each with whether it has the leading axis.
pub(super) fn batch_index(graph: &mut Graph, roots: &[NodeId], index: NodeId) -> Vec<(NodeId, bool)> {
    let Some(range) = graph.range_of(index) else { return roots.iter().map(|root| (*root, false)).collect() };
    let values = index_values(graph, range);
    let special = |graph: &mut Graph, node: &Node, scan: &Scan| gather(graph, node, scan, index, range);
    batch_scan(graph, roots, &[index], &[values], range.count, &special)
}

/// All values of an index in order.
fn index_values(graph: &mut Graph, range: IndexRange) -> NodeId {
    let shape = Shape::new(&[range.count]);
    let values = graph.iota(0, shape.clone());
    if range.start == 0 {
        return values;
    }
    let start = graph.integer(range.start);
    let start = graph.splat(start, &shape);
    graph.pointwise(&ADD, &[values, start])
}

/// A gather of shared batch axes 0, for all values of the index; `None` where the general rule is as good.
fn gather(graph: &mut Graph, node: &Node, scan: &Scan, index: NodeId, range: IndexRange) -> Option<NodeId> {
    let (Op::Gather { batch: 0, outside }, [operand, position]) = (node.op, &node.arguments[..]) else { return None };
    let (operand, position) = (*operand, *position);
    let all = scan.get(operand);
    if scan.get(position).is_none() {
        return Some(rows_of_each(graph, all?, position, outside));
    }
    if graph.ty(position).shape.rank() != 0 || range.count == 0 {
        return None;
    }
    let affine = Affine::of(graph, position);
    let others = affine.without(index);
    if others.terms.iter().any(|(each, _)| scan.get(*each).is_some()) {
        return None;
    }
    let size = i64::try_from(graph.ty(operand).shape[0]).ok()?;
    let coefficient = affine.coefficient(index);
    let (least, greatest) = affine.extent(graph)?;
    if least < 0 || greatest >= size {
        return None;
    }
    let places = Places::new(graph, &others, coefficient, range)?;
    match all {
        None if coefficient == 0 => None,
        None => places.choose(graph, operand),
        Some(all) => {
            // Row `t` of the operand's own axis of values begins `size` further on for each value.
            let sizes = graph.ty(all).shape.sizes().to_vec();
            let flat: Shape = std::iter::once(sizes[0] * sizes[1]).chain(sizes[2..].iter().copied()).collect();
            let flat = graph.reshape(all, &flat);
            Places { step: places.step.checked_add(size)?, ..places }.choose(graph, flat)
        }
    }
}

/// The same rows of each of several operands.
fn rows_of_each(graph: &mut Graph, operands: NodeId, rows: NodeId, outside: Outside) -> NodeId {
    let rank = graph.ty(operands).shape.rank();
    let turned = graph.transpose(operands, Axes::new([1, 0].into_iter().chain(2..rank)));
    let gathered = graph.gather_or(turned, rows, 0, outside);
    let places = graph.ty(rows).shape.rank();
    let rank = graph.ty(gathered).shape.rank();
    graph.transpose(gathered, Axes::new(std::iter::once(places).chain(0..places).chain(places + 1..rank)))
}

/// Positions `offset + step * t` for `t` in `0..count`, where the offset is affine in other indices.
struct Places {
    offset: Affine,
    /// The least and the greatest offset.
    extent: (i64, i64),
    step: i64,
    count: usize,
}

impl Places {
    fn new(graph: &Graph, others: &Affine, coefficient: i64, range: IndexRange) -> Option<Places> {
        let mut offset = others.clone();
        offset.constant = offset.constant.checked_add(coefficient.checked_mul(range.start)?)?;
        Some(Places { extent: offset.extent(graph)?, offset, step: coefficient, count: range.count })
    }

    /// The elements of an operand at these positions, along a leading axis.
    fn choose(&self, graph: &mut Graph, operand: NodeId) -> Option<NodeId> {
        let (least, greatest) = self.extent;
        if self.offset.terms.is_empty() {
            return Some(along(graph, operand, least, self.step, self.count));
        }
        let stride = self.offset.stride();
        let outer = usize::try_from((greatest - least) / stride + 1).ok()?;
        let windows = self.windows(graph, operand, stride, outer)?;
        let place = self.offset.scaled(least, stride).build(graph);
        Some(graph.gather(windows, place, 0))
    }

    /// A tensor `[outer, count, …]` whose entry at `o, t` is the operand's at `least + stride * o + step * t`.
    fn windows(&self, graph: &mut Graph, operand: NodeId, stride: i64, outer: usize) -> Option<NodeId> {
        let step = self.step.checked_abs()?;
        let back = self.step.min(0).checked_mul(i64::try_from(self.count).ok()? - 1)?;
        let start = u32::try_from(self.extent.0.checked_add(back)?).ok()?;
        let (along, across) = (u32::try_from(step).ok()?, u32::try_from(stride).ok()?);
        let windows = if step == stride.checked_mul(i64::try_from(outer).ok()?)? {
            // One block of `outer` elements after another: windows of the blocks are a reshape.
            let blocks = Steps { start, outer: along, inner: across };
            let blocks = graph.window(operand, 0, [self.count, outer], blocks);
            exchanged(graph, blocks)
        } else {
            graph.window(operand, 0, [outer, self.count], Steps { start, outer: across, inner: along })
        };
        Some(if self.step < 0 && self.count > 1 { graph.reverse(windows, 1) } else { windows })
    }
}

/// `count` elements of the first axis from `start` on, `step` apart; a step below zero goes backwards.
fn along(graph: &mut Graph, operand: NodeId, start: i64, step: i64, count: usize) -> NodeId {
    let last = start + step * (count as i64 - 1);
    if count == 1 || step > 0 {
        return graph.slice(operand, 0, start as usize, step.max(1) as usize, count);
    }
    let forwards = graph.slice(operand, 0, last as usize, step.unsigned_abs() as usize, count);
    graph.reverse(forwards, 0)
}

fn exchanged(graph: &mut Graph, node: NodeId) -> NodeId {
    let rank = graph.ty(node).shape.rank();
    graph.transpose(node, Axes::new([1, 0].into_iter().chain(2..rank)))
}
