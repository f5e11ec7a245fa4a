//! The library for programs in Rust that embed nd: a [`Program`] is read, a function of it asked for with a
//! [`FunctionBuilder`], and the compiled [`Function`] called.
//!
//! Nothing here prints, reads standard input or ends the process; files are touched for programs, what they import, their
//! data, and where a call says so. Every error is an [`Error`].

mod ahead;
mod builder;
mod compiled;
mod derive;
mod error;
#[cfg(feature = "faer")]
mod faer;
mod function;
mod kernel;
#[cfg(feature = "ndarray")]
mod ndarray;
mod options;
mod program;
mod question;
mod record;
mod signature;
mod tensors;
mod training;

pub use crate::codegen::Space as Workspace;
pub use crate::runtime::{Element, Input, Output, Tensor, TensorData, View, ViewMut};
pub(crate) use ahead::Ahead;
pub use builder::FunctionBuilder;
pub use error::{Diagnostics, Error};
pub use function::Function;
pub use kernel::Kernel;
pub use options::{Options, Precision, set_threads};
pub use program::Program;
pub use record::Record;
pub(crate) use signature::type_text;
pub use signature::{Port, Signature};
pub use training::Training;
