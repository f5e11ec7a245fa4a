//! Typed constructors of windows, rows chosen by indices, random numbers and reductions over a mini-batch.

use super::build::replace;
use super::graph::{Graph, NodeId};
use super::op::{BatchReduction, Distribution, Op, Outside, Reduction, Steps};
use super::types::{Axes, ElementType, Shape, TensorType};

impl Graph {
    /// One axis as two of the given sizes: element `[a, b]` is the argument's `start + a * outer + b * inner`.
    ///
    /// Windows in which every element has its own place in order are slices; steps of zero are repetitions.
    pub fn window(&mut self, argument: NodeId, axis: usize, counts: [usize; 2], steps: Steps) -> NodeId {
        let ty = self.ty(argument).clone();
        let shape = parted(&ty.shape, axis, counts);
        if let Some((step, count)) = single_step(counts, steps) {
            let line = self.slice(argument, axis, start(steps, count), step, count);
            return self.reshape(line, &shape);
        }
        if let Some((kept, step)) = repeated(steps) {
            let line = self.slice(argument, axis, steps.start as usize, step, counts[kept]);
            let axes = Axes::new((0..shape.rank()).filter(|place| *place != axis + 1 - kept));
            return self.broadcast(line, axes, &shape);
        }
        let op = Op::Window { axis: axis as u8, steps };
        self.intern(op, &[argument], TensorType::new(ty.element, shape))
    }

    /// Two neighbouring axes as one of `size`: argument element `[a, b]` is added to `start + a * outer + b * inner`.
    pub fn unwindow(&mut self, argument: NodeId, axis: usize, size: usize, steps: Steps) -> NodeId {
        let ty = self.ty(argument).clone();
        let counts = [ty.shape[axis], ty.shape[axis + 1]];
        if let Some((step, count)) = single_step(counts, steps) {
            let line = self.reshape(argument, &joined(&ty.shape, axis, count));
            return self.pad(line, axis, start(steps, count), step, size);
        }
        if let Some((kept, step)) = repeated(steps) {
            let line = self.reduce(Reduction::Sum, argument, Axes::new([axis + 1 - kept]));
            return self.pad(line, axis, steps.start as usize, step, size);
        }
        let op = Op::Unwindow { axis: axis as u8, steps };
        self.intern(op, &[argument], TensorType::new(ty.element, joined(&ty.shape, axis, size)))
    }

    /// Rows of an operand along axis `batch`, chosen by integer indices whose first `batch` axes are the operand's; an
    /// index outside is a run-time error.
    pub fn gather(&mut self, operand: NodeId, indices: NodeId, batch: usize) -> NodeId {
        self.gather_or(operand, indices, batch, Outside::Error)
    }

    /// Like [`Graph::gather`], saying what an index outside means.
    pub fn gather_or(&mut self, operand: NodeId, indices: NodeId, batch: usize, outside: Outside) -> NodeId {
        let (o, i) = (self.ty(operand).clone(), self.ty(indices).clone());
        let shape = i.shape.sizes().iter().chain(&o.shape.sizes()[batch + 1..]).copied().collect::<Shape>();
        if outside == Outside::Zero && o.shape[batch] == 0 {
            let zero = self.real(o.element, 0.0);
            return self.splat(zero, &shape);
        }
        let op = Op::Gather { batch: batch as u8, outside };
        self.intern(op, &[operand, indices], TensorType::new(o.element, shape))
    }

    /// From zeros of `rows` rows (along axis `batch`), adds each update to the row that its index names; an index
    /// outside is a run-time error.
    pub fn scatter_add(&mut self, indices: NodeId, updates: NodeId, rows: usize, batch: usize) -> NodeId {
        self.scatter_add_or(indices, updates, rows, batch, Outside::Error)
    }

    /// Like [`Graph::scatter_add`], saying what an index outside means.
    pub fn scatter_add_or(
        &mut self,
        indices: NodeId,
        updates: NodeId,
        rows: usize,
        batch: usize,
        outside: Outside,
    ) -> NodeId {
        let (i, u) = (self.ty(indices).clone(), self.ty(updates).clone());
        let (before, rest) = (&i.shape.sizes()[..batch], &u.shape.sizes()[i.shape.rank()..]);
        let shape = before.iter().copied().chain([rows]).chain(rest.iter().copied()).collect();
        let op = Op::ScatterAdd { batch: batch as u8, outside };
        self.intern(op, &[indices, updates], TensorType::new(u.element, shape))
    }

    /// Two integers of equal shapes mixed into one.
    pub fn mix(&mut self, first: NodeId, second: NodeId) -> NodeId {
        let ty = self.ty(first).clone();
        self.intern(Op::Mix, &[first, second], ty)
    }

    /// A random number for each integer key.
    pub fn random(&mut self, distribution: Distribution, keys: NodeId, element: ElementType) -> NodeId {
        let shape = self.ty(keys).shape.clone();
        self.intern(Op::Random(distribution), &[keys], TensorType::new(element, shape))
    }

    /// A value of one example combined with those of all examples of the mini-batch.
    pub fn batch_reduce(&mut self, reduction: BatchReduction, argument: NodeId) -> NodeId {
        let ty = self.ty(argument).clone();
        self.intern(Op::BatchReduce(reduction), &[argument], ty)
    }
}

/// A shape with one axis replaced by two.
fn parted(shape: &Shape, axis: usize, counts: [usize; 2]) -> Shape {
    let sizes = shape.sizes();
    sizes[..axis].iter().chain(&counts).chain(&sizes[axis + 1..]).copied().collect()
}

/// A shape with two neighbouring axes replaced by one.
fn joined(shape: &Shape, axis: usize, size: usize) -> Shape {
    let rest: Shape =
        shape.sizes().iter().enumerate().filter(|(place, _)| *place != axis + 1).map(|(_, each)| *each).collect();
    replace(&rest, axis, size)
}

/// The step and number of the elements where all places of a window follow one another in equal steps.
fn single_step([outer, inner]: [usize; 2], steps: Steps) -> Option<(usize, usize)> {
    let (across, along) = (steps.outer as usize, steps.inner as usize);
    match (outer, inner) {
        (0, _) | (_, 0) => Some((1, 0)),
        (1, 1) => Some((1, 1)),
        (_, 1) if across > 0 => Some((across, outer)),
        (1, _) if along > 0 => Some((along, inner)),
        _ if along > 0 && across == along * inner => Some((along, outer * inner)),
        _ => None,
    }
}

/// Where one of the steps is zero: the axis, 0 or 1, whose places differ, and its step.
fn repeated(steps: Steps) -> Option<(usize, usize)> {
    match (steps.outer as usize, steps.inner as usize) {
        (0, 0) => None,
        (0, inner) => Some((1, inner)),
        (outer, 0) => Some((0, outer)),
        _ => None,
    }
}

/// The first place, or 0 where there are no elements.
fn start(steps: Steps, count: usize) -> usize {
    if count == 0 { 0 } else { steps.start as usize }
}
