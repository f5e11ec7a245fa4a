//! **ndc**: the compiler of nd, a small language for differentiable programs.

pub mod codegen;
pub mod diagnostics;
pub mod ir;
pub mod runtime;
pub mod schedule;
pub mod source;
pub mod syntax;
