//! The intermediate representation: a hash-consed directed acyclic graph of tensor operations with known sizes.
//!
//! The graph knows nothing of syntax, and nothing of how code is made from it. Passes are functions from graphs to
//! graphs; [`verify::verify`] runs between them, and a verified graph never makes a later stage panic.

pub mod build;
mod build_index;
pub mod custom;
pub mod definition;
pub mod graph;
mod ids;
pub mod linear_algebra;
pub mod loops;
pub mod op;
pub mod pattern;
pub mod print;
pub mod replay;
pub mod rewrite;
pub mod types;
pub mod verify;

pub use custom::{Custom, CustomRule};
pub use definition::{Accuracy, Differential, Instruction, Kink, Known, Meaning, Partial, Pointwise};
pub use graph::{Graph, IndexRange, Input, Node, NodeId, Output, Remark, Scope, ScopeId, ScopeKind, Table};
pub use loops::{Ends, Loop};
pub use op::{BatchReduction, Distribution, Extreme, LinearAlgebra, Op, Outside, PointwiseRef, Reduction, Steps};
pub use pattern::Pattern;
pub use replay::{Replay, ReplayArguments};
pub use types::{Axes, ElementType, MAX_RANK, Shape, TensorType};
