//! The operations of the IR: a closed, `Copy`, hashable set of families with small payloads.
//!
//! What an operation *means* is not here: pointwise operations carry a reference to their one [`Pointwise`]
//! definition; the structural families are defined one file each in the `ops` room.

use super::definition::Pointwise;
use super::types::Axes;
use std::fmt;
use std::hash::{Hash, Hasher};

pub use crate::runtime::linear_algebra::LinearAlgebra;

/// A reference to the one definition of a pointwise operation, compared by identity.
#[derive(Clone, Copy)]
pub struct PointwiseRef(pub &'static Pointwise);

impl PartialEq for PointwiseRef {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}
impl Eq for PointwiseRef {}
impl Hash for PointwiseRef {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::hash(self.0, state);
    }
}
impl fmt::Debug for PointwiseRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.0.name)
    }
}

/// How a reduction combines elements.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reduction {
    /// `+`, from 0.
    Sum,
    /// `*`, from 1.
    Product,
    /// The greatest; NaN propagates. Of booleans: any.
    Max,
    /// The least; NaN propagates. Of booleans: all.
    Min,
}

/// Which extreme an arg-reduction looks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Extreme {
    /// The first greatest element.
    Max,
    /// The first least element.
    Min,
}

/// Where the elements of a window are: `start + a * outer + b * inner` along the axis that becomes two.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Steps {
    /// The place of the first element.
    pub start: u32,
    /// The distance between neighbours along the first of the two axes.
    pub outer: u32,
    /// The distance between neighbours along the second.
    pub inner: u32,
}

/// What an index outside the rows means.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outside {
    /// A run-time error.
    Error,
    /// A row of zeros: a gather gives zeros there, a scatter drops the update.
    Zero,
}

/// How random numbers are distributed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Distribution {
    /// Evenly in [0, 1).
    Uniform,
    /// Standard normal.
    Normal,
}

/// How the examples of a mini-batch are combined.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BatchReduction {
    /// The sum.
    Sum,
    /// The mean, of reals.
    Mean,
    /// The greatest; NaN propagates.
    Max,
    /// The least; NaN propagates.
    Min,
}

/// An operation.
///
/// Shapes that the arguments do not determine (broadcast, reshape, slice, iota, …) are read from the node's type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Op {
    /// The value supplied for `Graph::inputs()[index]`.
    Input(u32),
    /// A variable that a transformation introduces and replaces; never in a finished graph.
    Placeholder(u32),
    /// A scalar constant, as the bits of its element type (f32 in the low half; bool 0 or 1).
    Scalar(u64),
    /// A constant tensor, `Graph::table(index)`.
    Table(u32),
    /// The same scalar function at every element; arguments and result have equal shapes.
    Pointwise(PointwiseRef),
    /// Argument axis `i` becomes result axis `axes[i]` (ascending); the result repeats along the others.
    Broadcast(Axes),
    /// The same elements in row-major order under another shape.
    Reshape,
    /// Result axis `i` is argument axis `axes[i]`.
    Transpose(Axes),
    /// Along one axis: elements `start, start + step, …`; how many, the result's type says.
    Slice { axis: u8, start: u32, step: u32 },
    /// Along one axis: argument element `i` goes to `low + i * step`, zero elsewhere; the transpose of a slice.
    Pad { axis: u8, low: u32, step: u32 },
    /// One axis becomes two: argument element `start + a * outer + b * inner` goes to `[a, b]`; how many there are, the
    /// result's type says. An element may be in several places.
    Window { axis: u8, steps: Steps },
    /// The two axes from `axis` on become one: argument element `[a, b]` is added to `start + a * outer + b * inner`,
    /// from zero; the transpose of a window.
    Unwindow { axis: u8, steps: Steps },
    /// The arguments one after another along an axis.
    Concatenate(u8),
    /// Along one axis: the elements from last to first.
    Reverse(u8),
    /// The position along an axis, as i64.
    Iota(u8),
    /// Folds the axes (ascending) away.
    Reduce(Reduction, Axes),
    /// The position, as i64, of an extreme along one axis, which is folded away; NaN is the greatest and least.
    ArgReduce(Extreme, u8),
    /// `[batch…, m…, k…] × [batch…, n…, k…] → [batch…, m…, n…]`: the sum over the last `contract` axes of both of the
    /// products; the first `batch` axes of both go together.
    Contract { batch: u8, contract: u8 },
    /// `(operand [batch…, n, rest…], indices i64 [batch…, at…]) → [batch…, at…, rest…]`: rows of the operand, each
    /// batch entry from its own; the first `batch` axes go together.
    Gather { batch: u8, outside: Outside },
    /// `(indices i64 [batch…, at…], updates [batch…, at…, rest…]) → [batch…, n, rest…]`: from zero, each update is added
    /// to its row; the transpose of a gather.
    ScatterAdd { batch: u8, outside: Outside },
    /// `(i64, i64) → i64` of equal shapes: two words mixed into one, never an error.
    Mix,
    /// i64 keys to random numbers of the result's element type: the same number for the same key.
    Random(Distribution),
    /// In a program for one example: a reduction over the examples of the mini-batch, of the argument's type. Batching
    /// over examples carries it out; elsewhere the example is alone, and it changes nothing.
    BatchReduce(BatchReduction),
    /// A loop, `Graph::loop_at(index)`: all its results together.
    Loop(u32),
    /// A loop over the states of another that are computed again, `Graph::replay_at(index)`: all results together.
    Replay(u32),
    /// One result of a loop or replay, which is the only argument.
    Result(u32),
    /// Its first argument, with the derivative that `Graph::custom_at(index)` says. A finished graph needs none.
    Custom(u32),
    /// A function of the matrices `[batch…, n, n]`, where it solves also of right-hand sides `[batch…, n, k]`.
    LinearAlgebra(LinearAlgebra),
}
