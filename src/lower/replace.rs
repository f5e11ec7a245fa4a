//! Copies of tensors with other elements at some places, in time linear in the size of the tensor.

use super::Lowerer;
use crate::check::program::Place;
use crate::ir::{Axes, NodeId, Shape};
use crate::ops::choice::SELECT;
use crate::ops::comparison::EQUAL;

impl Lowerer<'_> {
    /// A copy of `base` with `new` at the places; `new` has the shape that reading them would give.
    pub(super) fn replace(&mut self, base: NodeId, places: &[Place], new: NodeId) -> NodeId {
        let mut sizes = self.graph.ty(new).shape.sizes().to_vec();
        for (axis, place) in places.iter().enumerate() {
            if !matches!(place, Place::Slice { .. }) {
                sizes.insert(axis, 1);
            }
        }
        let new = self.graph.reshape(new, &Shape::new(&sizes));
        self.replace_from(base, 0, places, new)
    }

    /// Replaces along one axis after another; `new` has every axis, of size 1 where there is a single position.
    fn replace_from(&mut self, base: NodeId, axis: usize, places: &[Place], new: NodeId) -> NodeId {
        let Some((place, rest)) = places.split_first() else { return new };
        let (start, count) = match place {
            Place::Split(_) => unreachable!("the checker refuses changes by split axes"),
            Place::At(position) => (*position, 1),
            Place::Slice { start, count } => (*start, *count),
            Place::Computed(position) | Place::Inside(position) => {
                let position = self.tensor(position);
                let shape = self.graph.ty(base).shape.clone();
                let at = self.checked_position(position, shape[axis]);
                let new = self.repeated(new, axis, shape[axis]);
                let changed = self.replace_from(base, axis + 1, rest, new);
                let here = self.graph.iota(axis, shape.clone());
                let at = self.graph.splat(at, &shape);
                let chosen = self.pair(&EQUAL, here, at);
                return self.graph.pointwise(&SELECT, &[chosen, changed, base]);
            }
        };
        let size = self.graph.ty(base).shape[axis];
        let end = start + count;
        let middle = self.graph.slice(base, axis, start, 1, count);
        let changed = self.replace_from(middle, axis + 1, rest, new);
        let mut pieces = Vec::with_capacity(3);
        if start > 0 {
            pieces.push(self.graph.slice(base, axis, 0, 1, start));
        }
        pieces.push(changed);
        if end < size {
            pieces.push(self.graph.slice(base, axis, end, 1, size - end));
        }
        self.graph.concatenate(&pieces, axis)
    }

    /// The position itself, read from a list of all positions of an axis, so that one outside is a run-time
    /// error; in a branch that is not taken, none is.
    fn checked_position(&mut self, position: NodeId, size: usize) -> NodeId {
        let positions = self.graph.iota(0, Shape::new(&[size]));
        let position = match self.guard {
            Some(taken) => {
                let first = self.graph.integer(0);
                self.graph.pointwise(&SELECT, &[taken, position, first])
            }
            None => position,
        };
        self.graph.gather(positions, position, 0)
    }

    /// An axis of size 1 repeated to a size.
    fn repeated(&mut self, node: NodeId, axis: usize, size: usize) -> NodeId {
        let sizes = self.graph.ty(node).shape.sizes().to_vec();
        let kept: Shape = sizes.iter().enumerate().filter(|(place, _)| *place != axis).map(|(_, size)| *size).collect();
        let wide: Shape =
            sizes.iter().enumerate().map(|(place, old)| if place == axis { size } else { *old }).collect();
        let narrow = self.graph.reshape(node, &kept);
        let axes = Axes::new((0..sizes.len()).filter(|place| *place != axis));
        self.graph.broadcast(narrow, axes, &wide)
    }
}
