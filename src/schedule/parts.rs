//! Parts in place: what a padding or a concatenation is made of is computed where it belongs, so that only the rest is
//! written when its turn comes.

use super::build::{Builder, Finals};
use super::group::{Class, Groups};
use super::layout::Layout;
use super::resolve::{Resolved, Sight};
use super::{Body, BufferId, Place, SMALL_COPY, View};
use crate::ir::{Graph, NodeId, Op};
use smallvec::SmallVec;
use std::ops::Range;

/// A part has at least one of so many elements of the whole: the memory of the whole is taken as long as that of the part.
const SHARE: usize = 4;

/// A buffer that lies in another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Part<T = BufferId> {
    /// The buffer.
    pub part: T,
    /// The one it lies in.
    pub whole: T,
    /// The element of that at which it begins.
    pub start: usize,
}

impl Part {
    /// Whether two buffers are these.
    pub fn joins(&self, a: BufferId, b: BufferId) -> bool {
        [(a, b), (b, a)].contains(&(self.part, self.whole))
    }
}

/// The nodes that are computed in place.
pub(super) fn find(graph: &Graph, resolved: &Resolved, groups: &Groups, finals: &Finals) -> Vec<Part<NodeId>> {
    let mut parts: Vec<Part<NodeId>> = Vec::new();
    let mut taken = vec![false; graph.len()];
    finals.direct.iter().for_each(|(id, _)| taken[id.index()] = true);
    for id in graph.ids().filter(|id| own(groups, *id)) {
        if taken[id.index()] {
            continue;
        }
        let count = graph.ty(id).shape.count();
        for (argument, range) in ranges(graph, id) {
            let Sight { base, layout } = resolved.sight(argument);
            let fits = layout.is_whole(graph.ty(*base).shape.count()) && range.len() * SHARE >= count;
            if fits && is_computed_alone(graph, groups, *base) && !taken[base.index()] {
                parts.push(Part { part: *base, whole: id, start: range.start });
                taken[base.index()] = true;
                // What has parts is no part itself.
                taken[id.index()] = true;
            }
        }
    }
    parts
}

/// The arguments that a padding or a concatenation has in one piece, and where.
fn ranges(graph: &Graph, id: NodeId) -> Vec<(NodeId, Range<usize>)> {
    let node = graph.node(id);
    let (axis, low) = match node.op {
        Op::Pad { axis, low, step: 1 } => (usize::from(axis), low as usize),
        Op::Concatenate(axis) => (usize::from(axis), 0),
        _ => return Vec::new(),
    };
    let sizes = node.ty.shape.sizes();
    if node.ty.shape.count() == 0 || sizes[..axis].iter().any(|size| *size != 1) {
        return Vec::new();
    }
    let mut start = low * sizes[axis + 1..].iter().product::<usize>();
    let ranges = node.arguments.iter().map(|argument| {
        let range = start..start + graph.ty(*argument).shape.count();
        start = range.end;
        (*argument, range)
    });
    ranges.collect()
}

fn own(groups: &Groups, id: NodeId) -> bool {
    groups.of(id).is_some_and(|group| groups.list[group].class == Class::Own(id))
}

/// Whether a node is the result of a kernel that writes each of its elements once.
fn is_computed_alone(graph: &Graph, groups: &Groups, id: NodeId) -> bool {
    match groups.of(id).map(|group| groups.list[group].class) {
        Some(Class::Strip(_) | Class::Rows { .. }) => true,
        // Copies may be in a loop in line, whose elements are in registers by the buffer they are written to.
        Some(Class::Own(_)) => !matches!(graph.node(id).op, Op::Result(_) | Op::Pad { .. } | Op::Concatenate(_)),
        Some(Class::Scalar) | None => false,
    }
}

impl Builder<'_> {
    /// Zeros of which some, `step` apart from `low` on, are replaced.
    pub(super) fn pad(&mut self, id: NodeId, to: BufferId, axis: usize, (low, step): (usize, usize)) {
        let (graph, shape) = (self.graph, &self.graph.ty(id).shape);
        let from = self.view(graph.node(id).arguments[0]);
        let range = ranges(graph, id).pop().map(|(_, range)| range);
        let in_place = range.as_ref().is_some_and(|range| self.is_in_place(id, from.buffer, range.start));
        let border = shape.count() - from.layout.count();
        if let Some(range) = range.filter(|_| in_place || border <= SMALL_COPY) {
            self.zeros(id, to, 0..range.start);
            self.zeros(id, to, range.end..shape.count());
        } else {
            self.push(id, Body::Zero { to });
        }
        if !in_place {
            let layout = Layout::contiguous(shape).slice(axis, low, step, from.layout.sizes[axis]);
            self.push(id, Body::Copy { from, to: View { buffer: to, layout } });
        }
    }

    /// Tensors one after another.
    pub(super) fn concatenate(&mut self, id: NodeId, to: BufferId, axis: usize) {
        let (graph, whole) = (self.graph, Layout::contiguous(&self.graph.ty(id).shape));
        let mut start = 0;
        for argument in &graph.node(id).arguments {
            let from = self.view(*argument);
            let count = from.layout.sizes[axis];
            let layout = whole.slice(axis, start, 1, count);
            start += count;
            if !self.is_in_place(id, from.buffer, layout.offset as usize) {
                self.push(id, Body::Copy { from, to: View { buffer: to, layout } });
            }
        }
    }

    /// Whether a buffer lies in that of a node, from this element on.
    fn is_in_place(&self, whole: NodeId, buffer: BufferId, start: usize) -> bool {
        let is = |part: &&Part<NodeId>| (part.whole, part.start) == (whole, start);
        self.parts.iter().filter(is).any(|part| self.memory.of[part.part.index()] == Some(buffer))
    }

    fn zeros(&mut self, id: NodeId, to: BufferId, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let zero = self.memory.add(self.graph.ty(id).element, 1, Place::Constant(vec![0]));
        let layout = |offset: usize, stride: isize| Layout {
            offset: offset as isize,
            sizes: SmallVec::from_slice(&[range.len()]),
            strides: SmallVec::from_slice(&[stride]),
        };
        let (from, to) =
            (View { buffer: zero, layout: layout(0, 0) }, View { buffer: to, layout: layout(range.start, 1) });
        self.push(id, Body::Copy { from, to });
    }

    /// The buffers of the nodes that lie in others.
    pub(super) fn placed_parts(&mut self) -> Vec<Part> {
        let parts = std::mem::take(&mut self.parts);
        let placed = parts.iter().map(|each| {
            let [part, whole] = [each.part, each.whole].map(|id| self.memory.of(self.graph, id));
            Part { part, whole, start: each.start }
        });
        placed.collect()
    }
}
