//! From a graph to a linear list of kernels over buffers in one planned workspace.
//!
//! 1. `resolve`: broadcast, transpose, reshape, slice and reverse become strided layouts of other nodes' buffers.
//! 2. `group`: every remaining node gets a class (scalar code, strips over `n` elements, a kernel of its own) and a
//!    level; nodes of one class and level run together. An edge inside a group keeps the level and any other edge
//!    raises it, so groups cannot depend on each other in a circle.
//! 3. `build`: one kernel per group (long scalar blocks are cut), outputs placed in the caller's memory.
//! 4. `memory`: lifetimes to offsets.
//!
//! The result is plain data; [`verify::verify`] checks it and [`print::print`] shows it.

mod abreast;
mod build;
mod chains;
mod counts;
mod distances;
mod explode;
mod flops;
mod group;
mod inline;
pub mod layout;
mod looped;
mod loops;
mod memory;
pub mod names;
pub mod print;
mod replay;
mod resolve;
mod rows;
mod strips;
pub mod verify;
mod windowed;
mod work;

pub use abreast::calls_at;
pub use build::schedule;
pub use counts::{Kind, bytes_of, describe, origins, programs};
pub use flops::{flops, flops_of};
pub use inline::{in_memory, operations};
pub use layout::Layout;
pub use loops::{LoopKernel, LoopState};
pub use replay::ReplayKernel;
pub use work::work;

use crate::ir::{Distribution, ElementType, Extreme, NodeId, Outside, PointwiseRef, Reduction};
use crate::source::Span;

/// Copies of at most so many elements are written in line.
pub const SMALL_COPY: usize = 8;

pub use crate::native::Port;
pub use crate::runtime::STRIP;
use crate::runtime::linear_algebra::MatrixDescriptor;
use crate::runtime::matmul::distances::Wanted;

/// A program in the order of its execution.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// What the caller supplies.
    pub inputs: Vec<Port>,
    /// What the caller receives.
    pub outputs: Vec<Port>,
    /// All memory that kernels name.
    pub buffers: Vec<Buffer>,
    /// What to run, in order.
    pub kernels: Vec<Kernel>,
    /// The size of the workspace; its start is aligned to 64 bytes.
    pub workspace_bytes: usize,
    /// The most of it that the lifetimes of buffers need at once.
    pub required_bytes: usize,
    /// The source places of computed nodes, those of bodies included.
    pub spans: Vec<(NodeId, Option<Span>)>,
    /// The most steps of each loop, those of bodies included.
    pub limits: Vec<(NodeId, usize)>,
    /// The bodies of loops; no two schedules of a program name different nodes by one number.
    pub bodies: Vec<Schedule>,
    /// Numbers of nodes are below this.
    pub nodes: u32,
}

/// Identifies a buffer of a schedule.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BufferId(pub u32);

impl BufferId {
    /// As an index of side tables.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A run of elements in memory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Buffer {
    /// Element type.
    pub element: ElementType,
    /// Number of elements.
    pub count: usize,
    /// Where it is.
    pub place: Place,
}

impl Buffer {
    /// Size in bytes.
    pub fn bytes(&self) -> usize {
        self.count * self.element.bytes()
    }
}

/// Where a buffer is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// In the caller's memory of an input.
    Input(u32),
    /// In the caller's memory of an output.
    Output(u32),
    /// In the workspace, this many bytes from its start.
    Workspace(usize),
    /// In the program; one word of bits per element.
    Constant(Vec<u64>),
}

/// A buffer under a layout.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct View {
    /// The buffer.
    pub buffer: BufferId,
    /// How its elements are seen.
    pub layout: Layout,
}

/// One step of the program.
#[derive(Clone, Debug)]
pub struct Kernel {
    /// The first node that it computes.
    pub origin: NodeId,
    /// What it does.
    pub body: Body,
}

/// What a kernel does. Unless said otherwise the result fills its buffer in row-major order.
#[derive(Clone, Debug)]
pub enum Body {
    /// Straight-line code.
    Scalar(ScalarBlock),
    /// Pointwise operations, copies and reductions over strips.
    Strip(StripKernel),
    /// Elements of one view to the places of another of the same sizes.
    Copy { from: View, to: View },
    /// Elements of one view added to the places of another of the same sizes, in row-major order of the sizes; places
    /// may be the same.
    Add { from: View, to: View },
    /// Zero everywhere.
    Zero { to: BufferId },
    /// `[batch, m, k] × [batch, n, k] → [batch, m, n]`: the sum over `k`; within loops where an axis has no one step.
    Contract { left: View, right: View, to: BufferId, places: ContractPlaces },
    /// `[batch, m, k], [batch, n, k] → [batch, m, n]`: sums over `k` of squared differences; or `[batch, n]`, of each row on the
    /// right an extreme.
    Distances { left: View, right: View, to: BufferId, wanted: Wanted },
    /// `(operand [batch, n, rest…], indices [batch, at]) → [batch, at, rest…]`
    Gather { operand: View, indices: BufferId, at: usize, outside: Outside, to: BufferId },
    /// `(indices [batch, at], updates [batch, at, rest]) → [batch, n, rest]`
    ScatterAdd { indices: BufferId, updates: BufferId, to: BufferId, rows: ScatterRows },
    /// `[outer, n, inner] → [outer, inner]`
    ArgReduce { extreme: Extreme, from: BufferId, to: BufferId, outer: usize, n: usize, inner: usize },
    /// A function of the matrices `[batch, n, n]` and, where it solves, right-hand sides `[batch, n, k]`.
    LinearAlgebra(Box<MatrixKernel>),
    /// A loop.
    Loop(Box<LoopKernel>),
    /// A loop over the states of another, which are computed again.
    Replay(Box<ReplayKernel>),
}

/// Where the results of a contraction go, and the loops around it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ContractPlaces {
    /// The place of the first.
    pub start: usize,
    /// Whether they are added to what is there.
    pub adds: bool,
    /// From one row of the result to the next.
    pub row: usize,
    /// From one batch entry of the result to the next.
    pub batch: usize,
    /// The loops, outermost first.
    pub loops: Vec<ContractLoop>,
}

/// A loop around a contraction; distances in elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContractLoop {
    /// How often.
    pub count: usize,
    /// From one left operand to the next.
    pub left: isize,
    /// From one right operand to the next.
    pub right: isize,
    /// From one result to the next.
    pub to: isize,
    /// Whether the results are summed.
    pub sums: bool,
}

/// The sizes of a scatter-add.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ScatterRows {
    /// Batch entries.
    pub batch: usize,
    /// Indices of each batch entry.
    pub at: usize,
    /// Rows of each batch entry of the result.
    pub rows: usize,
    /// Elements of a row.
    pub rest: usize,
    /// What an index outside the rows means.
    pub outside: Outside,
}

/// A function of matrices.
#[derive(Clone, Debug)]
pub struct MatrixKernel {
    /// The function and its sizes.
    pub descriptor: MatrixDescriptor,
    /// Matrices, then right-hand sides.
    pub arguments: smallvec::SmallVec<[BufferId; 2]>,
    /// The results.
    pub to: BufferId,
    /// Working memory, in double precision.
    pub memory: BufferId,
}

/// A value of a scalar block: the instruction that makes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ValueId(pub u32);

impl ValueId {
    /// As an index of side tables.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Straight-line code: instructions in order, then stores.
///
/// All stores stand at the end, so that a block can replace in place what it reads.
#[derive(Clone, Debug, Default)]
pub struct ScalarBlock {
    /// The instructions; arguments come before users.
    pub instructions: Vec<ScalarInstruction>,
    /// What is written when all instructions are done.
    pub stores: Vec<Store>,
}

/// A value written to memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Store {
    /// The value.
    pub value: ValueId,
    /// The buffer.
    pub buffer: BufferId,
    /// The element.
    pub position: usize,
}

/// One scalar operation.
#[derive(Clone, Debug)]
pub struct ScalarInstruction {
    /// What it does.
    pub op: ScalarOp,
    /// Operands.
    pub arguments: smallvec::SmallVec<[ValueId; 3]>,
    /// The type of its value.
    pub element: ElementType,
    /// The node that it is part of.
    pub origin: NodeId,
}

/// The operations of scalar code.
#[derive(Clone, Copy, Debug)]
pub enum ScalarOp {
    /// The bits of a constant.
    Constant(u64),
    /// An element of a buffer.
    Load { buffer: BufferId, position: usize },
    /// The element at `position + index * stride`, the index below `limit` or else a run-time error or zero.
    LoadAt { buffer: BufferId, position: isize, stride: isize, limit: usize, outside: Outside },
    /// A pointwise operation.
    Pointwise(PointwiseRef),
    /// A sum; of integers, checked.
    Add,
    /// A product; of integers, checked.
    Multiply,
    /// The greater, NaN propagates; of booleans, or.
    Greater,
    /// The lesser, NaN propagates; of booleans, and.
    Lesser,
    /// The position (first argument: candidate, second: best so far) choice of an arg-reduction: whether the
    /// candidate takes the place of the best.
    Beats(Extreme),
    /// The second argument where the first is true, else the third.
    Choose,
    /// Two words mixed into one.
    Mix,
    /// The random number of a key.
    Random(Distribution),
}

/// Operations over one flat iteration space, walked in strips.
#[derive(Clone, Debug)]
pub struct StripKernel {
    /// The number of elements.
    pub count: usize,
    /// The elements of a row, where the kernel has values of rows; a strip then is a number of whole rows.
    pub row: Option<usize>,
    /// The elements of a strip; the last may have fewer.
    pub strip: usize,
    /// The instructions of one strip, in order.
    pub instructions: Vec<StripInstruction>,
    /// Which of them run in one loop over the strip, in order.
    pub chains: Vec<std::ops::Range<usize>>,
    /// Memory for the strips of values that are not stored.
    pub scratch: Option<BufferId>,
}

/// One operation on a strip.
#[derive(Clone, Debug)]
pub struct StripInstruction {
    /// What it does.
    pub op: StripOp,
    /// Operands.
    pub arguments: smallvec::SmallVec<[Operand; 3]>,
    /// The type of its value.
    pub element: ElementType,
    /// What its value has an element for.
    pub extent: Extent,
    /// Where its strip goes.
    pub target: Target,
    /// The node that it is part of.
    pub origin: NodeId,
}

/// What the strip of a value has an element for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Extent {
    /// Each element of the iteration space.
    Elements,
    /// Each row of it.
    Rows,
}

/// The operations on strips.
#[derive(Clone, Debug)]
pub enum StripOp {
    /// A pointwise operation.
    Pointwise(PointwiseRef),
    /// The elements of a view.
    Expand(View),
    /// The argument, copied.
    Copy,
    /// Two words mixed into one.
    Mix,
    /// The random numbers of keys.
    Random(Distribution),
    /// Folds the value as `[outer, n, inner]` into `[outer, inner]`; the target is the result's buffer. What is kept
    /// between strips is in `state`, when something is.
    Accumulate { reduction: Reduction, outer: usize, n: usize, inner: usize, state: Option<BufferId> },
    /// Folds each row to one element. Memory for a row that is being folded is so many bytes from the start of the scratch
    /// memory.
    FoldRows { reduction: Reduction, state: usize },
    /// The element of each row, for all elements of the row.
    SpreadRows,
    /// `(elements, index)`: the element of each row at the row's index.
    PickInRows(Outside),
    /// `(index, value)`: the value of each row at the row's index, and zero elsewhere.
    PlaceInRows(Outside),
}

/// Where a strip instruction finds an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// The strip of an earlier instruction.
    Value(usize),
    /// A buffer with an element for each of the reader's, from this element on.
    Direct { buffer: BufferId, offset: usize },
    /// One element for all.
    Splat { buffer: BufferId, position: usize },
}

/// Where a strip instruction leaves its result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// In the scratch memory, so many bytes from its start.
    Slot(usize),
    /// Nowhere: only its own chain reads it.
    Register,
    /// In a buffer: at the strip's own place, or, of a reduction, where it belongs.
    Buffer(BufferId),
}

impl StripKernel {
    /// The elements of all values of an extent.
    pub fn elements(&self, extent: Extent) -> usize {
        match extent {
            Extent::Elements => self.count,
            Extent::Rows => self.count / self.row.unwrap_or(1),
        }
    }

    /// The elements of a whole strip of an extent.
    pub fn strip_elements(&self, extent: Extent) -> usize {
        match extent {
            Extent::Elements => self.strip.min(self.count),
            Extent::Rows => self.strip.min(self.count) / self.row.unwrap_or(1),
        }
    }

    /// The bytes of the strip of an instruction.
    pub fn strip_bytes(&self, instruction: &StripInstruction) -> usize {
        self.strip_elements(instruction.extent) * instruction.element.bytes()
    }
}

impl StripInstruction {
    /// What an operand has an element for.
    pub fn operand_extent(&self, place: usize) -> Extent {
        match (&self.op, place) {
            (StripOp::FoldRows { .. } | StripOp::PickInRows(_), 0) => Extent::Elements,
            (StripOp::SpreadRows | StripOp::PickInRows(_) | StripOp::PlaceInRows(_), _) => Extent::Rows,
            _ => self.extent,
        }
    }
}

impl Schedule {
    /// A buffer.
    pub fn buffer(&self, id: BufferId) -> &Buffer {
        &self.buffers[id.index()]
    }

    /// Whether a body belongs to a loop that is written in line.
    pub fn is_inline(&self, body: usize) -> bool {
        let belongs = |kernel: &Kernel| matches!(&kernel.body, Body::Loop(run) if run.body == body && run.inline);
        self.kernels.iter().any(belongs)
    }

    /// The source place of a computed node.
    pub fn span(&self, node: NodeId) -> Option<Span> {
        let place = self.spans.binary_search_by_key(&node, |(each, _)| *each).ok()?;
        self.spans[place].1
    }
}
