//! What generated code calls and stands on: elementary functions, strip kernels, views, reductions, matrix products,
//! functions of matrices, tensors and random numbers.
//!
//! The room imports nothing from the rest of the crate. Every result is a function of the inputs and shapes alone: no
//! thread count, strip length or processor level changes a bit, except that matrix products may round differently on
//! different processor levels.

#![allow(unsafe_code, reason = "strip kernels work on raw pointers and use processor-specific instructions")]

pub mod argument;
pub mod clock;
mod cpu;
pub mod divided_strips;
pub mod guard;
pub mod image;
pub mod kernel;
pub mod linear_algebra;
#[cfg(feature = "compiler")]
pub mod mapped;
pub mod math;
pub mod matmul;
pub mod random;
pub mod reduce;
pub mod replay;
pub mod revolve;
pub mod support_add;
pub mod support_fold;
pub mod support_move;
pub mod support_rows;
pub mod support_scatter;
pub mod tensor;
pub mod threads;
pub mod view;

pub use argument::{Input, Output, View, ViewMut};
pub use cpu::{Level, cpu, detected, detected_features};
pub use tensor::{AlignedBytes, Tensor, TensorData};

/// The type of one element as it lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Element {
    /// IEEE single precision.
    F32,
    /// IEEE double precision.
    F64,
    /// Signed 64-bit integer.
    I64,
    /// One byte, 0 or 1.
    Bool,
}

impl Element {
    /// The size of one element in bytes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 | Self::I64 => 8,
            Self::Bool => 1,
        }
    }
}

/// The number of elements of a strip as the generated drivers cut them. No result depends on it.
pub const STRIP: usize = 256;
