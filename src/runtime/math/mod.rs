//! Elementary and special functions, in double precision in [`double`] and in single precision in [`single`].
//!
//! The functions that matter for speed are written here without branches, so that a loop over them becomes vector
//! instructions; the gamma and Bessel functions come from the `libm` crate, and so do sine, cosine and tangent of angles beyond
//! [`double::TRIGONOMETRIC_LIMIT`]. Equal arguments give bit-equal results (up to the payload of NaN) on every processor, in
//! scalar calls and in strips, because every step is an exactly rounded operation: fused multiply-adds are part of the
//! definition. The coefficients are made by `tests/data/polynomials.py`.
//!
//! Greatest errors found, in units in the last place, against 113-bit arithmetic at about 600,000 points each of all sizes
//! (the bounds that tests hold stand with the definitions of the operations), and nanoseconds an element of a strip of
//! 256 elements in the first cache, on one core of an AMD EPYC 9004 at 3.7 GHz (`cargo bench --bench kernels`; a copy takes
//! 0.04 in single and 0.07 in double precision):
//!
//! | function | error, f64 | f32 | f32, AVX2 | AVX-512 | f64, AVX2 | AVX-512 |
//! | --- | --- | --- | --- | --- | --- | --- |
//! | `exp` | 0.75 | 0.76 | 0.37 | 0.26 | 1.07 | 0.67 |
//! | `expm1` | 1.07 | 1.00 | 0.57 | 0.35 | 1.45 | 0.86 |
//! | `exp2` | 0.86 | 0.85 | 0.35 | 0.26 | 1.04 | 0.63 |
//! | `log` | 0.75 | 0.79 | 0.75 | 0.47 | 1.65 | 1.06 |
//! | `log1p` | 0.76 | 0.78 | 0.76 | 0.48 | 1.87 | 1.09 |
//! | `log2` | 0.62 | 0.69 | 0.80 | 0.62 | 2.00 | 1.35 |
//! | `log10` | 0.60 | 0.63 | 0.87 | 0.68 | 2.14 | 1.48 |
//! | `tanh` | 0.85 | 0.89 | 0.88 | 0.55 | 2.11 | 1.36 |
//! | `sigmoid` | 1.43 | 1.44 | 0.68 | 0.42 | 1.85 | 1.04 |
//! | `softplus` | 1.48 | 1.45 | 1.79 | 1.00 | 4.56 | 2.35 |
//! | `sin` | 0.77 | 0.74 | 0.57 | 0.43 | 1.38 | 1.06 |
//! | `cos` | 0.76 | 0.75 | 0.51 | 0.41 | 1.31 | 0.99 |
//! | `tan` | 0.87 | 0.85 | 0.85 | 0.60 | 2.06 | 1.42 |
//! | `gelu_tanh` | 2.03 | 2.28 | 1.97 | 1.07 | 4.39 | 2.41 |
//! | `gelu_tanh_slope` | 2 of its terms | 2 of its terms | 1.96 | 1.13 | 4.45 | 2.44 |
//! | `erf_slope` | 0.74 | 0.75 | 0.65 | 0.45 | 1.68 | 1.07 |
//! | `normpdf` | 0.74 | 0.77 | 0.65 | 0.47 | 1.82 | 1.12 |
//! | `normcdf` | 2.34 | 2.09 | 2.24 | 1.19 | 5.95 | 3.50 |
//! | `gelu` | 2.56 | 2.21 | 2.33 | 1.25 | 6.09 | 3.57 |
//! | `gelu_slope` | 2 of its terms | 2 of its terms | 2.33 | 1.26 | 6.24 | 3.68 |
//! | `asin` | 0.59 | 0.61 | 0.57 | 0.38 | 1.59 | 1.07 |
//! | `acos` | 0.58 | 0.57 | 0.76 | 0.51 | 2.05 | 1.30 |
//! | `atan` | 0.60 | 0.65 | 0.69 | 0.47 | 1.78 | 1.16 |
//! | `sinh` | 1.82 | 1.77 | 0.67 | 0.42 | 1.88 | 1.05 |
//! | `cosh` | 1.04 | 1.06 | 0.46 | 0.37 | 1.18 | 0.91 |
//! | `asinh` | 1.45 | 1.50 | 2.73 | 1.22 | 5.90 | 2.92 |
//! | `acosh` | 1.99 | 2.02 | 2.14 | 1.11 | 5.24 | 2.59 |
//! | `atanh` | 1.53 | 1.63 | 1.16 | 0.80 | 2.56 | 1.85 |
//! | `cbrt` | 0.50 | 0.51 | 1.62 | 0.68 | 3.00 | 1.40 |
//! | `erf` | 0.94 | 0.94 | 1.93 | 0.99 | 5.44 | 3.17 |
//! | `erfc` | 2.06 | 2.02 | 1.98 | 1.00 | 5.55 | 3.15 |
//! | `tgamma` | 8 | 1 | 86.86 | 86.85 | 85.46 | 85.43 |
//! | `lgamma` | 2 above 1 | 2 above 1 | 9.29 | 9.28 | 10.69 | 10.71 |
//! | `digamma` | 4 above 1 | 1 | 50.23 | 50.27 | 50.12 | 50.11 |
//! | `pow` | 0.77 | 0.76 | 3.13 | 1.85 | 6.95 | 4.11 |
//! | `atan2` | 0.74 | 0.78 | 1.31 | 0.76 | 3.05 | 1.91 |
//! | `hypot` | 0.50 | 0.58 | 0.53 | 0.36 | 1.38 | 0.86 |
//!
//! Below AVX2 on x86-64, where a fused multiply-add is a call, they take 10 to 140 nanoseconds. On aarch64 the level is the
//! baseline, whose loops become NEON code: that has vectors of 128 bits and fused multiply-adds always.

pub mod double;
mod elementary;
mod gelu;
mod hyperbolic;
mod normal;
mod polynomials;
mod power;
mod real;
pub mod single;
mod trigonometric;

#[cfg(test)]
mod tests;
