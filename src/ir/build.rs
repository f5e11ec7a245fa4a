//! Typed constructors of nodes: each computes the result's type and drops what changes nothing.
//!
//! Callers pass arguments that fit (the checker has reported everything a user can get wrong); a misfit is our bug
//! and is caught by `verify`.

use super::definition::{Meaning, Pointwise};
use super::graph::{Graph, NodeId, Table};
use super::op::{Extreme, Op, PointwiseRef, Reduction};
use super::types::{Axes, ElementType, Shape, TensorType};

impl Graph {
    /// A real scalar constant of the given precision.
    pub fn real(&mut self, element: ElementType, value: f64) -> NodeId {
        self.intern(Op::Scalar(element.word(value)), &[], TensorType::scalar(element))
    }

    /// An integer scalar constant.
    pub fn integer(&mut self, value: i64) -> NodeId {
        self.intern(Op::Scalar(value as u64), &[], TensorType::scalar(ElementType::I64))
    }

    /// A truth value.
    pub fn boolean(&mut self, value: bool) -> NodeId {
        self.intern(Op::Scalar(u64::from(value)), &[], TensorType::scalar(ElementType::Bool))
    }

    /// A constant of a node's element type, repeated to its shape.
    pub fn constant_like(&mut self, like: NodeId, value: f64) -> NodeId {
        let ty = self.ty(like).clone();
        let scalar = self.real(ty.element, value);
        self.splat(scalar, &ty.shape)
    }

    /// A constant tensor of reals of the given precision, row-major.
    pub fn real_table(&mut self, element: ElementType, shape: Shape, values: &[f64]) -> NodeId {
        let bits = values.iter().map(|value| element.word(*value)).collect();
        self.constant_table(Table { ty: TensorType::new(element, shape), bits })
    }

    /// A pointwise operation on arguments of equal shapes.
    pub fn pointwise(&mut self, definition: &'static Pointwise, arguments: &[NodeId]) -> NodeId {
        let shape = self.ty(arguments[0]).shape.clone();
        let element = match &definition.meaning {
            Meaning::Unary { .. } | Meaning::Binary { .. } => self.ty(arguments[0]).element,
            Meaning::Comparison { .. } | Meaning::Logic(_) | Meaning::Not => ElementType::Bool,
            Meaning::Select => self.ty(arguments[1]).element,
            Meaning::Convert(target) => *target,
        };
        if matches!(definition.meaning, Meaning::Convert(target) if target == self.ty(arguments[0]).element) {
            return arguments[0];
        }
        self.intern(Op::Pointwise(PointwiseRef(definition)), arguments, TensorType::new(element, shape))
    }

    /// A scalar repeated to a shape.
    pub fn splat(&mut self, scalar: NodeId, shape: &Shape) -> NodeId {
        self.broadcast(scalar, Axes::default(), shape)
    }

    /// Argument axis `i` becomes axis `axes[i]` of `shape`.
    pub fn broadcast(&mut self, argument: NodeId, axes: Axes, shape: &Shape) -> NodeId {
        let ty = self.ty(argument).clone();
        if ty.shape == *shape {
            return argument;
        }
        if let Op::Broadcast(inner) = self.node(argument).op {
            let source = self.node(argument).arguments[0];
            let composed = Axes::new(inner.iter().map(|axis| axes.get(axis)));
            return self.broadcast(source, composed, shape);
        }
        self.intern(Op::Broadcast(axes), &[argument], TensorType::new(ty.element, shape.clone()))
    }

    /// The same elements under another shape of the same count.
    pub fn reshape(&mut self, argument: NodeId, shape: &Shape) -> NodeId {
        let ty = self.ty(argument).clone();
        if ty.shape == *shape {
            return argument;
        }
        if matches!(self.node(argument).op, Op::Reshape) {
            let source = self.node(argument).arguments[0];
            return self.reshape(source, shape);
        }
        self.intern(Op::Reshape, &[argument], TensorType::new(ty.element, shape.clone()))
    }

    /// Result axis `i` is argument axis `axes[i]`.
    pub fn transpose(&mut self, argument: NodeId, axes: Axes) -> NodeId {
        if axes.iter().enumerate().all(|(place, axis)| place == axis) {
            return argument;
        }
        if let Op::Transpose(inner) = self.node(argument).op {
            let source = self.node(argument).arguments[0];
            return self.transpose(source, Axes::new(axes.iter().map(|axis| inner.get(axis))));
        }
        let ty = self.ty(argument).clone();
        let shape = axes.iter().map(|axis| ty.shape[axis]).collect();
        self.intern(Op::Transpose(axes), &[argument], TensorType::new(ty.element, shape))
    }

    /// `count` elements `start, start + step, …` along an axis.
    pub fn slice(&mut self, argument: NodeId, axis: usize, start: usize, step: usize, count: usize) -> NodeId {
        let ty = self.ty(argument).clone();
        if start == 0 && step == 1 && count == ty.shape[axis] {
            return argument;
        }
        let shape = replace(&ty.shape, axis, count);
        let op = Op::Slice { axis: axis as u8, start: start as u32, step: step as u32 };
        self.intern(op, &[argument], TensorType::new(ty.element, shape))
    }

    /// Zeros of `size` along an axis, with the argument's elements at `low, low + step, …`.
    pub fn pad(&mut self, argument: NodeId, axis: usize, low: usize, step: usize, size: usize) -> NodeId {
        let ty = self.ty(argument).clone();
        if low == 0 && step == 1 && size == ty.shape[axis] {
            return argument;
        }
        let shape = replace(&ty.shape, axis, size);
        let op = Op::Pad { axis: axis as u8, low: low as u32, step: step as u32 };
        self.intern(op, &[argument], TensorType::new(ty.element, shape))
    }

    /// The arguments one after another along an axis.
    pub fn concatenate(&mut self, arguments: &[NodeId], axis: usize) -> NodeId {
        if arguments.len() == 1 {
            return arguments[0];
        }
        let ty = self.ty(arguments[0]).clone();
        let size = arguments.iter().map(|argument| self.ty(*argument).shape[axis]).sum();
        let shape = replace(&ty.shape, axis, size);
        self.intern(Op::Concatenate(axis as u8), arguments, TensorType::new(ty.element, shape))
    }

    /// Tensors of equal shape as the slices of a new leading axis.
    pub fn stack(&mut self, arguments: &[NodeId]) -> NodeId {
        let rows: Vec<NodeId> = arguments
            .iter()
            .map(|argument| {
                let shape = self.ty(*argument).shape.with_leading(1);
                self.reshape(*argument, &shape)
            })
            .collect();
        self.concatenate(&rows, 0)
    }

    /// The elements along an axis from last to first.
    pub fn reverse(&mut self, argument: NodeId, axis: usize) -> NodeId {
        let ty = self.ty(argument).clone();
        self.intern(Op::Reverse(axis as u8), &[argument], ty)
    }

    /// The position along an axis of a shape.
    pub fn iota(&mut self, axis: usize, shape: Shape) -> NodeId {
        self.intern(Op::Iota(axis as u8), &[], TensorType::new(ElementType::I64, shape))
    }

    /// Folds axes away.
    pub fn reduce(&mut self, reduction: Reduction, argument: NodeId, axes: Axes) -> NodeId {
        if axes.is_empty() {
            return argument;
        }
        let ty = self.ty(argument).clone();
        let shape = without(&ty.shape, axes);
        self.intern(Op::Reduce(reduction, axes), &[argument], TensorType::new(ty.element, shape))
    }

    /// Folds all axes away.
    pub fn reduce_all(&mut self, reduction: Reduction, argument: NodeId) -> NodeId {
        let rank = self.ty(argument).shape.rank();
        self.reduce(reduction, argument, Axes::new(0..rank))
    }

    /// The position of an extreme along an axis.
    pub fn arg_reduce(&mut self, extreme: Extreme, argument: NodeId, axis: usize) -> NodeId {
        let shape = without(&self.ty(argument).shape, Axes::new([axis]));
        let ty = TensorType::new(ElementType::I64, shape);
        self.intern(Op::ArgReduce(extreme, axis as u8), &[argument], ty)
    }

    /// `[batch…, m…, k…] × [batch…, n…, k…] → [batch…, m…, n…]`.
    pub fn contract(&mut self, left: NodeId, right: NodeId, batch: usize, contract: usize) -> NodeId {
        let (l, r) = (self.ty(left).clone(), self.ty(right).clone());
        let free_left = &l.shape.sizes()[..l.shape.rank() - contract];
        let free_right = &r.shape.sizes()[batch..r.shape.rank() - contract];
        let shape = free_left.iter().chain(free_right).copied().collect();
        let op = Op::Contract { batch: batch as u8, contract: contract as u8 };
        self.intern(op, &[left, right], TensorType::new(l.element, shape))
    }
}

/// A shape with the size of one axis replaced.
pub(super) fn replace(shape: &Shape, axis: usize, size: usize) -> Shape {
    shape.sizes().iter().enumerate().map(|(place, old)| if place == axis { size } else { *old }).collect()
}

/// A shape without some axes.
pub fn without(shape: &Shape, axes: Axes) -> Shape {
    let kept = shape.sizes().iter().enumerate().filter(|(place, _)| !axes.contains(*place));
    kept.map(|(_, size)| *size).collect()
}
