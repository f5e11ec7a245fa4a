//! Elementary and special functions, in double precision in [`double`] and in single precision in [`single`].
//!
//! The functions that matter for speed are written here without branches, so that a loop over them becomes vector
//! instructions; the others come from the `libm` crate. Equal arguments give bit-equal results (up to the payload of
//! NaN) on every processor, in scalar calls and in strips, because every step is an exactly rounded operation.

pub mod double;
mod elementary;
mod hyperbolic;
mod normal;
mod polynomials;
mod power;
mod real;
pub mod single;
mod trigonometric;

#[cfg(test)]
mod tests;
