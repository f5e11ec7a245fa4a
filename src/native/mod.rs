//! Programs of native code: what they stand on beside the runtime, how they are called, and what they are told of errors.
//!
//! The same for code that was made in this process and for code that was built ahead of time; nothing here makes code.
#![allow(unsafe_code, reason = "runs generated code and gives it pointers")]

pub mod built;
mod caller;
mod execute;
pub mod fallback;
pub mod keep;
mod port;
mod registry;
mod shared;
pub mod support;

pub use caller::{CallFault, Caller, Place, Side, Space};
pub use execute::{BoundCall, CallError, Entry, Executable, Frame, RunError, RunErrorKind, Workspace};
pub use port::{Port, element};
pub use registry::Registry;
pub use shared::{BindError, MemoryId, ProgramId, Programs};
