//! **ndc**: the compiler of nd, a small language for differentiable programs.

pub mod diagnostics;
pub mod runtime;
pub mod source;
pub mod syntax;
