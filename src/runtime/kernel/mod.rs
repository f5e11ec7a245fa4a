//! Strip kernels: one operation over a contiguous run of elements, in a version for each processor level.
//!
//! An operation is a zero-sized type that implements [`Unary`], [`Binary`] or [`Comparison`] with `#[inline(always)]`
//! functions; [`UnaryKernel::of`], [`BinaryKernel::of`] and [`ComparisonKernel::of`] make all versions from it, so a new
//! operation needs no unsafe code.
//!
//! All strip functions share these rules. Pointers need only the natural alignment of an element. Any `n` is allowed,
//! also 0. `out` may be exactly one of the operands (in place); ranges never overlap otherwise. A scalar operand is a
//! pointer to one value and does not lie in `out`. Strips of truth values are bytes 0 or 1.

mod binary;
mod comparison;
pub mod draws;
mod integer;
mod lanes;
pub(crate) mod levels;
mod moves;
mod unary;

#[cfg(test)]
mod tests;

pub use binary::{Binary, BinaryKernel, BinaryStrip};
pub use comparison::{Comparison, ComparisonKernel, ComparisonStrip};
pub use integer::{
    IntegerBinaryKernel, IntegerBinaryStrip, IntegerUnaryStrip, OVERFLOW, ZERO_DIVISION, integer_negate,
};
pub use lanes::LANES;
pub use levels::{PerLevel, Strip1, Strip2, Versions};
pub use moves::{Logic, SelectStrip, convert, copy, fill, logic, logic_not, select};
pub use unary::{Unary, UnaryKernel, UnaryStrip};

/// Integer arithmetic on strips of `i64`: each kernel reports overflow and division by zero.
pub mod integers {
    pub use super::integer::{ADD, DIV_FLOOR, MAX, MIN, MUL, REM_FLOOR, SUB};
}

/// Which operands of a two-operand strip function run along the strip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Form {
    /// Both operands are strips.
    VectorVector = 0,
    /// The second operand is one value.
    VectorScalar = 1,
    /// The first operand is one value.
    ScalarVector = 2,
    /// Both operands are one value; the result fills the strip.
    ScalarScalar = 3,
}

impl Form {
    /// All forms in order of their discriminants.
    pub const ALL: [Self; 4] = [Self::VectorVector, Self::VectorScalar, Self::ScalarVector, Self::ScalarScalar];

    /// The form for operands that are scalar or not.
    pub const fn of(a_scalar: bool, b_scalar: bool) -> Self {
        match (a_scalar, b_scalar) {
            (false, false) => Self::VectorVector,
            (false, true) => Self::VectorScalar,
            (true, false) => Self::ScalarVector,
            (true, true) => Self::ScalarScalar,
        }
    }
}
