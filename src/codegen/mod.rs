//! From a schedule to native code.
//!
//! The only room that names cranelift. A program becomes one entry function and, when it is long, pieces that the
//! entry calls; all have the signature
//!
//! | register (System V) | argument |
//! | --- | --- |
//! | first | table of pointers to the inputs |
//! | second | table of pointers to the outputs |
//! | third | the workspace |
//! | returned | 0, or `node << 8 | kind` of a run-time error |
//!
//! Everything else that the code names (constants, descriptors of copies, strip kernels) it names by address; the
//! [`Executable`] owns what is not static.
#![allow(unsafe_code, reason = "runs generated code and gives it pointers")]

mod address;
mod calls;
mod chain;
mod divide;
mod draws;
mod execute;
mod fallback;
mod folds;
mod inline;
mod keep;
mod lanes;
mod loops;
mod lower;
mod module;
mod operation;
mod replay;
mod scalar;
mod shared;
mod strip;

pub use shared::{BindError, MemoryId, ProgramId, Programs};

pub use execute::{BoundCall, CallError, Executable, RunError, RunErrorKind, Workspace};

use crate::schedule::Schedule;

/// The code generator refused a program: always our bug.
#[derive(Debug, thiserror::Error)]
#[error("code generation: {0}")]
pub struct CodegenError(String);

impl CodegenError {
    fn new(error: impl std::fmt::Display) -> Self {
        CodegenError(error.to_string())
    }
}

/// Native code for a schedule.
///
/// # Errors
/// When cranelift refuses the code or there is no executable memory.
pub fn compile(schedule: &Schedule) -> Result<Executable, CodegenError> {
    let (keep, code) = module::generate(schedule, None)?;
    Ok(Executable::new(schedule, keep, code))
}

/// The code in cranelift's intermediate form.
///
/// # Errors
/// As [`compile`].
pub fn clif_text(schedule: &Schedule) -> Result<String, CodegenError> {
    let mut texts = module::Texts::default();
    module::generate(schedule, Some(&mut texts))?;
    Ok(texts.clif)
}

/// The code as assembly of this machine.
///
/// # Errors
/// As [`compile`].
pub fn asm_text(schedule: &Schedule) -> Result<String, CodegenError> {
    let mut texts = module::Texts::default();
    module::generate(schedule, Some(&mut texts))?;
    Ok(texts.assembly)
}
