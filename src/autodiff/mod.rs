//! Differentiation of graphs, in both modes, and Jacobians from both. It knows nothing of syntax, and no operation by name
//! but those it adds and chooses with: every rule is the operation's own.

pub mod forward;
pub mod jacobian;
mod loops;
mod loops_forward;
pub mod reverse;
mod sparsity;

pub use forward::forward;
pub use reverse::reverse;
