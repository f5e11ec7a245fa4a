//! The structural operations: how each is evaluated, differentiated and batched.
//!
//! [`definition`] is the only place that lists them. The evaluator, both modes of differentiation and batching reach
//! an operation through its [`Structural`] value and know none by name.

pub mod batch;
mod batch_reduce;
mod constants;
mod contract;
mod draws;
pub mod examples;
mod linear_algebra;
mod linear_algebra_derivatives;
mod loops;
mod loops_batch;
mod movement;
mod placement;
mod pointwise;
mod product;
mod reduce;
mod rows;
pub mod table;
mod window;

use crate::ir::{Graph, Node, NodeId, Op, Shape, Table};
use crate::ops::arithmetic::{MASKED_MULTIPLY, MULTIPLY, SELECTED_MULTIPLY};

/// How the tangent of a node is made.
pub type ForwardRule = fn(&mut Graph, NodeId, &[Option<NodeId>], Mask) -> Option<NodeId>;

/// Everything the compiler knows about one structural operation, or about the pointwise operations as a family.
pub struct Structural {
    /// Its name in printed IR.
    pub name: &'static str,
    /// One or two sentences for the reference.
    pub documentation: &'static str,
    /// Its meaning.
    pub evaluate: fn(&Call) -> Result<Table, Fault>,
    /// What the cotangent of a node contributes to the cotangent of one of its arguments.
    pub reverse: fn(&mut Graph, NodeId, usize, Cotangent) -> Option<Cotangent>,
    /// The tangent of a node from those of its arguments; `None` is zero. The mask says how zeros among them are meant.
    pub forward: ForwardRule,
    /// The node for `size` examples at once, examples leading, but for reductions over them.
    pub batch: fn(&mut Graph, &Batching) -> NodeId,
    /// Which elements of its real arguments an element of the result depends on, whatever their values are.
    pub dependence: fn(&Graph, &Node) -> Dependence,
}

/// Which elements of the real arguments an element of a result depends on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dependence {
    /// On none, as far as derivatives go.
    None,
    /// On those at the same place of all arguments.
    Elementwise,
    /// On that at the same place of the second argument where the first argument holds, else of the third.
    Chosen,
    /// Each is an element of an argument or a constant: evaluation says which, with numbers of places for words.
    Moves,
    /// Each is a function of some elements of this argument, and each element belongs to one: evaluation says which, with
    /// the argument and the result exchanged, as the given operation.
    Collects {
        /// The argument.
        argument: usize,
        /// The transpose, which takes the integer arguments as they are.
        transpose: Op,
    },
    /// On a row of the first argument and a row of the second: a contraction.
    Rows {
        /// How many pairs of matrices.
        batches: usize,
        /// Rows of each left matrix.
        left: usize,
        /// Rows of each right matrix.
        right: usize,
        /// Elements of a row.
        inner: usize,
    },
    /// On all elements of all arguments.
    All,
}

/// One evaluation of a node.
pub struct Call<'a> {
    /// The graph.
    pub graph: &'a Graph,
    /// The node.
    pub node: &'a Node,
    /// The values of the graph's inputs.
    pub inputs: &'a [Table],
    /// The values of the node's arguments.
    pub arguments: &'a [&'a Table],
}

/// Why a node has no value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    /// The result does not fit 64 bits.
    #[error("integer overflow")]
    Overflow,
    /// An integer was divided by zero.
    #[error("integer division by zero")]
    DivisionByZero,
    /// A row was asked for that is not there.
    #[error("the index {index} is outside 0..{size}")]
    OutOfRange {
        /// The index.
        index: i64,
        /// How many rows there are.
        size: usize,
    },
    /// A loop went on after as many steps as it may do.
    #[error("the loop goes on after {steps} steps")]
    TooManySteps {
        /// The most steps.
        steps: usize,
    },
    /// A placeholder was left in the graph, or an input was not supplied with its type.
    #[error("a variable has no value")]
    Unbound,
}

/// How a cotangent came about; ordered by how much care it needs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Mask {
    /// Through differentiable operations only.
    #[default]
    None,
    /// Behind an operation that drops arguments, such as `max`: where it is zero, partial derivatives are masked.
    Routed,
    /// Behind a selection: in contractions too.
    Masked,
}

/// The derivative of a scalar by a node.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cotangent {
    /// Its value, of the node's type.
    pub node: NodeId,
    /// How it came about.
    pub mask: Mask,
}

impl Cotangent {
    /// The same care for another value.
    fn with(self, node: NodeId) -> Option<Cotangent> {
        Some(Cotangent { node, mask: self.mask })
    }
}

/// A cotangent times a partial derivative; behind operations that drop arguments, zero where the cotangent is zero.
fn guarded_product(graph: &mut Graph, mask: Mask, cotangent: NodeId, partial: NodeId) -> NodeId {
    let multiply = match mask {
        Mask::None => &MULTIPLY,
        Mask::Routed => &MASKED_MULTIPLY,
        Mask::Masked => &SELECTED_MULTIPLY,
    };
    graph.pointwise(multiply, &[cotangent, partial])
}

/// What an axis that batching puts in front stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Over {
    /// The examples of a mini-batch: reductions over it are carried out.
    Examples,
    /// The values of an index, or rows: plain vectorisation.
    Indices,
}

/// A node to be computed for several examples at once.
pub struct Batching {
    /// The node for one example.
    pub node: Node,
    /// Its arguments; those that are `carried` have an axis of examples in front.
    pub arguments: Vec<NodeId>,
    /// Which arguments depend on the example; at least one does.
    pub carried: Vec<bool>,
    /// The number of examples.
    pub size: usize,
    /// What they are.
    pub over: Over,
}

impl Batching {
    /// The result's shape.
    fn shape(&self) -> Shape {
        self.node.ty.shape.with_leading(self.size)
    }

    /// An argument with the axis of examples, repeated along it where the argument does not depend on the example.
    fn carry(&self, graph: &mut Graph, argument: usize) -> NodeId {
        let node = self.arguments[argument];
        if self.carried[argument] {
            return node;
        }
        let shape = graph.ty(node).shape.with_leading(self.size);
        graph.broadcast(node, crate::ir::Axes::new(1..shape.rank()), &shape)
    }
}

/// The tangent of an operation that is linear in one argument, the others having no part in differentiation.
fn linear_forward(graph: &mut Graph, id: NodeId, argument: usize, tangents: &[Option<NodeId>]) -> Option<NodeId> {
    let tangent = tangents[argument]?;
    let node = graph.node(id).clone();
    let mut arguments = node.arguments.clone();
    arguments[argument] = tangent;
    Some(graph.intern(node.op, &arguments, node.ty))
}

/// The definition of an operation.
pub fn definition(op: &Op) -> &'static Structural {
    match op {
        Op::Input(_) => &constants::INPUT,
        Op::Placeholder(_) => &constants::PLACEHOLDER,
        Op::Scalar(_) => &constants::SCALAR,
        Op::Table(_) => &constants::TABLE,
        Op::Iota(_) => &constants::IOTA,
        Op::Pointwise(_) => &pointwise::POINTWISE,
        Op::Broadcast(_) => &movement::BROADCAST,
        Op::Reshape => &movement::RESHAPE,
        Op::Transpose(_) => &movement::TRANSPOSE,
        Op::Slice { .. } => &placement::SLICE,
        Op::Pad { .. } => &placement::PAD,
        Op::Window { .. } => &window::WINDOW,
        Op::Unwindow { .. } => &window::UNWINDOW,
        Op::Concatenate(_) => &placement::CONCATENATE,
        Op::Reverse(_) => &placement::REVERSE,
        Op::Reduce(..) => &reduce::REDUCE,
        Op::ArgReduce(..) => &reduce::ARG_REDUCE,
        Op::Contract { .. } => &contract::CONTRACT,
        Op::Gather { .. } => &rows::GATHER,
        Op::ScatterAdd { .. } => &rows::SCATTER_ADD,
        Op::Mix => &draws::MIX,
        Op::Random(_) => &draws::RANDOM,
        Op::BatchReduce(_) => &batch_reduce::BATCH_REDUCE,
        Op::Loop(_) => &loops::LOOP,
        Op::Result(_) => &loops::RESULT,
        Op::LinearAlgebra(_) => &linear_algebra::LINEAR_ALGEBRA,
    }
}
