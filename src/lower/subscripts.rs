//! Elements and slices: one axis after another.
//!
//! In a branch that is not taken nothing is read: a position there is replaced by one that is inside, or the axis is
//! extended by zeros to both sides where the position is affine in indices.

use super::comprehension_affine::Affine;
use super::{Lowerer, Value};
use crate::check::program::{Place, Typed};
use crate::ir::{Axes, ElementType, NodeId, Outside, Shape};
use crate::ops::arithmetic::ADD;
use crate::ops::choice::SELECT;
use crate::ops::comparison::{AND, GREATER_EQUAL, LESS};

/// An axis is extended by at most this many times its size (and this many elements).
const MOST_EXTENSION: i64 = 4;

impl Lowerer<'_> {
    /// `base[places]`.
    pub(super) fn index(&mut self, base: NodeId, places: &[Place]) -> NodeId {
        let (mut node, mut axis) = (base, 0);
        for place in places {
            (node, axis) = self.place(node, axis, place);
        }
        node
    }

    /// `(base[places] else fallback)`.
    pub(super) fn index_or(&mut self, base: &Typed, places: &[Place], fallback: &Typed) -> NodeId {
        let (mut node, mut axis) = (self.tensor(base), 0);
        let mut inside: Option<NodeId> = None;
        for place in places {
            let Place::Computed(position) = place else {
                (node, axis) = self.place(node, axis, place);
                continue;
            };
            let position = self.tensor(position);
            let size = self.graph.ty(node).shape[axis];
            let affine = Affine::of(&self.graph, position);
            if self.is_inside(&affine, size) {
                node = self.take(node, axis, position, Outside::Error);
                continue;
            }
            let within = self.is_within(position, size);
            node = self.or_zero(node, axis, &affine, position);
            inside = Some(inside.map_or(within, |inside| self.pair(&AND, inside, within)));
        }
        let Some(inside) = inside else { return node };
        let outside = self.graph.pointwise(&crate::ops::comparison::NOT, &[inside]);
        let fallback = self.under(outside, |lowerer| lowerer.tensor(fallback));
        let is_zero = self.graph.constant_value(fallback).is_some_and(|value| value.to_bits() == 0);
        if is_zero {
            return node;
        }
        self.choose(inside, &Value::Node(node), &Value::Node(fallback)).node()
    }

    /// What a place chooses along an axis, and the axis that the next place belongs to.
    fn place(&mut self, node: NodeId, axis: usize, place: &Place) -> (NodeId, usize) {
        match place {
            Place::At(position) => {
                let row = self.graph.slice(node, axis, *position, 1, 1);
                (self.without_axis(row, axis), axis)
            }
            Place::Slice { start, count } => (self.graph.slice(node, axis, *start, 1, *count), axis + 1),
            Place::Computed(position) => {
                let position = self.tensor(position);
                let rank = self.graph.ty(position).shape.rank();
                (self.element(node, axis, position, Outside::Error), axis + rank)
            }
            Place::Inside(position) => {
                let position = self.tensor(position);
                (self.element(node, axis, position, Outside::Zero), axis)
            }
            Place::Split(parts) => {
                let sizes: Vec<usize> = parts.iter().map(|(_, size)| size.count().unwrap_or(0)).collect();
                let shape = self.graph.ty(node).shape.sizes().to_vec();
                let split: Shape = shape[..axis].iter().chain(&sizes).chain(&shape[axis + 1..]).copied().collect();
                let mut node = self.graph.reshape(node, &split);
                for (position, _) in parts {
                    let position = self.tensor(position);
                    node = self.element(node, axis, position, Outside::Error);
                }
                (node, axis)
            }
        }
    }

    /// The rows at a position, which may be a tensor of positions. Outside is a run-time error, unless the branch at hand
    /// is not taken; or zero, where it is known that nothing outside is read in a branch that is taken.
    fn element(&mut self, node: NodeId, axis: usize, position: NodeId, outside: Outside) -> NodeId {
        let shape = self.graph.ty(position).shape.clone();
        let affine = Affine::of(&self.graph, position);
        if shape.rank() == 0 && self.is_inside(&affine, self.graph.ty(node).shape[axis]) {
            return self.take(node, axis, position, Outside::Error);
        }
        if outside == Outside::Zero {
            return self.or_zero(node, axis, &affine, position);
        }
        match self.guard {
            Some(guard) => {
                let guard = self.graph.splat(guard, &shape);
                self.guarded(node, axis, position, guard)
            }
            None => self.take(node, axis, position, Outside::Error),
        }
    }

    fn is_inside(&self, affine: &Affine, size: usize) -> bool {
        affine.extent(&self.graph).is_some_and(|(least, greatest)| least >= 0 && greatest < size as i64)
    }

    /// Whether positions are inside an axis.
    fn is_within(&mut self, position: NodeId, size: usize) -> NodeId {
        let (zero, size) = (self.graph.constant_like(position, 0.0), self.graph.constant_like(position, size as f64));
        let not_below = self.pair(&GREATER_EQUAL, position, zero);
        let not_above = self.pair(&LESS, position, size);
        self.pair(&AND, not_below, not_above)
    }

    /// The rows at a position, zeros where it is outside.
    fn or_zero(&mut self, node: NodeId, axis: usize, affine: &Affine, position: NodeId) -> NodeId {
        match self.extended(node, axis, affine) {
            Some((extended, low)) => {
                let low = self.graph.integer(low);
                let position = self.graph.pointwise(&ADD, &[position, low]);
                self.take(extended, axis, position, Outside::Error)
            }
            None => self.take(node, axis, position, Outside::Zero),
        }
    }

    /// An axis with as many zeros on both sides as a position needs, and how many come before.
    fn extended(&mut self, node: NodeId, axis: usize, affine: &Affine) -> Option<(NodeId, i64)> {
        let size = self.graph.ty(node).shape[axis] as i64;
        let (least, greatest) = affine.extent(&self.graph)?;
        let (low, high) = (least.checked_neg()?.max(0), greatest.checked_sub(size - 1)?.max(0));
        if low.checked_add(high)? > MOST_EXTENSION.checked_mul(size + MOST_EXTENSION)? {
            return None;
        }
        Some((self.graph.pad(node, axis, low as usize, 1, (low + size + high) as usize), low))
    }

    /// The element where a condition holds, and some element elsewhere.
    fn guarded(&mut self, node: NodeId, axis: usize, position: NodeId, condition: NodeId) -> NodeId {
        let zero = self.graph.constant_like(position, 0.0);
        if self.graph.ty(node).shape[axis] > 0 {
            let position = self.graph.pointwise(&SELECT, &[condition, position, zero]);
            return self.take(node, axis, position, Outside::Error);
        }
        // An empty axis has no element to read instead: one of zero is put there, and any other position is outside.
        let one = self.graph.pad(node, axis, 0, 1, 1);
        let outside = self.graph.constant_like(position, 1.0);
        let position = self.graph.pointwise(&SELECT, &[condition, outside, zero]);
        self.take(one, axis, position, Outside::Error)
    }

    /// Rows along an axis; the axes of the positions take its place.
    fn take(&mut self, node: NodeId, axis: usize, position: NodeId, outside: Outside) -> NodeId {
        let rank = self.graph.ty(node).shape.rank();
        let order = std::iter::once(axis).chain((0..rank).filter(|each| *each != axis));
        let front = self.graph.transpose(node, Axes::new(order));
        let rows = self.graph.gather_or(front, position, 0, outside);
        let places = self.graph.ty(position).shape.rank();
        let rank = self.graph.ty(rows).shape.rank();
        let order = (places..places + axis).chain(0..places).chain(places + axis..rank);
        self.graph.transpose(rows, Axes::new(order))
    }

    fn without_axis(&mut self, node: NodeId, axis: usize) -> NodeId {
        let sizes = self.graph.ty(node).shape.sizes().to_vec();
        let kept: Shape = sizes.iter().enumerate().filter(|(place, _)| *place != axis).map(|(_, size)| *size).collect();
        self.graph.reshape(node, &kept)
    }

    /// Works where a condition holds too.
    pub(super) fn under<T>(&mut self, condition: NodeId, work: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.guard;
        let both = outer.map_or(condition, |outer| self.pair(&AND, outer, condition));
        self.guard = Some(both);
        let result = work(self);
        self.guard = outer;
        result
    }

    /// The divisor of an integer division, 1 where the branch at hand is not taken.
    pub(super) fn guarded_divisor(&mut self, divisor: NodeId) -> NodeId {
        let ty = self.graph.ty(divisor).clone();
        match self.guard {
            Some(guard) if ty.element == ElementType::I64 && self.graph.constant_value(divisor).is_none() => {
                let guard = self.graph.splat(guard, &ty.shape);
                let one = self.graph.constant_like(divisor, 1.0);
                self.graph.pointwise(&SELECT, &[guard, divisor, one])
            }
            _ => divisor,
        }
    }
}
