//! Nodes that no output needs are dropped; inputs stay, so that calls keep their signature.

pub use crate::ir::rewrite::without_dead_code;
