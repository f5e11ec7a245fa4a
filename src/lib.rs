//! **ndc**: the compiler of nd, a small language for differentiable programs.

pub mod autodiff;
pub mod codegen;
pub mod diagnostics;
pub mod eval;
pub mod ir;
pub mod lower;
pub mod ops;
pub mod optimize;
pub mod runtime;
pub mod schedule;
pub mod source;
pub mod syntax;
