//! **ndc**: the compiler of nd, a small language for differentiable programs.

pub mod adjoint;
pub mod autodiff;
pub mod check;
pub mod cli;
pub mod codegen;
pub mod data;
pub mod diagnostics;
pub mod doc;
pub mod driver;
pub mod eval;
pub mod imports;
pub mod ir;
pub mod library;
pub mod lower;
pub mod ops;
pub mod optimize;
pub mod picture;
pub mod report;
pub mod runtime;
pub mod schedule;
pub mod session;
pub mod source;
pub mod subject;
pub mod syntax;
pub mod train;
pub mod transcribe;
