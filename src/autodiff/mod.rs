//! Differentiation of graphs, in both modes. It knows nothing of syntax and no operation by name: every rule is the
//! operation's own.

pub mod forward;
mod loops;
mod loops_forward;
pub mod reverse;

pub use forward::forward;
pub use reverse::reverse;
