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
//! Everything else that the code names (constants, descriptors of copies, strip kernels) has a symbol in the [`Object`]
//! that is made first, and an address once that is linked; the [`Executable`] owns what is not static.
#![allow(unsafe_code, reason = "runs generated code and gives it pointers")]

mod address;
mod calls;
mod chain;
mod divide;
mod draws;
mod folds;
mod inline;
mod keep;
mod lanes;
mod loops;
mod lower;
mod module;
mod object;
mod operation;
mod pairs;
pub mod portable;
mod replay;
mod rows;
mod scalar;
mod strip;

pub use object::Object;

pub use crate::native::{
    BindError, BoundCall, CallError, CallFault, Caller, Executable, MemoryId, Place, ProgramId, Programs, RunError,
    RunErrorKind, Side, Space, Workspace,
};

use crate::runtime::clock::Clock;
use crate::schedule::{Schedule, programs};
use module::Wishes;
use std::sync::Arc;

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
    object(schedule)?.link()
}

/// Machine code for a schedule that can be stored, and linked any number of times.
///
/// # Errors
/// When cranelift refuses the code.
pub fn object(schedule: &Schedule) -> Result<Object, CodegenError> {
    Ok(module::generate(schedule, Wishes::default())?.0)
}

/// What decides the code beside the schedule: the machine that it is for, as far as cranelift looks at it.
///
/// # Errors
/// When there is no code generator for this machine.
pub fn machine() -> Result<String, CodegenError> {
    let isa = module::isa()?;
    let flags: Vec<String> = isa.isa_flags().iter().map(|flag| flag.to_string()).collect();
    Ok(format!("{} {} {}", isa.triple(), isa.flags(), flags.join(" ")))
}

/// Native code for a schedule that measures itself, with its clock. The parts of the clock are, for each of
/// [`programs`], the time before its first kernel, then each kernel; the first of all counts from the end of the last run.
///
/// # Errors
/// As [`compile`].
pub fn compile_timed(schedule: &Schedule) -> Result<(Executable, Arc<Clock>), CodegenError> {
    let parts = programs(schedule).iter().map(|program| 1 + program.kernels.len()).sum();
    let clock = Arc::new(Clock::new(parts));
    let wishes = Wishes { clock: Some(Arc::as_ptr(&clock)), ..Wishes::default() };
    let executable = module::generate(schedule, wishes)?.0.link()?;
    Ok((executable.with_clock(clock.clone()), clock))
}

/// The code in cranelift's intermediate form.
///
/// # Errors
/// As [`compile`].
pub fn clif_text(schedule: &Schedule) -> Result<String, CodegenError> {
    let mut texts = module::Texts::default();
    module::generate(schedule, Wishes { texts: Some(&mut texts), ..Wishes::default() })?;
    Ok(texts.clif)
}

/// The code as assembly of this machine.
///
/// # Errors
/// As [`compile`].
pub fn asm_text(schedule: &Schedule) -> Result<String, CodegenError> {
    let mut texts = module::Texts::default();
    module::generate(schedule, Wishes { texts: Some(&mut texts), ..Wishes::default() })?;
    Ok(texts.assembly)
}
