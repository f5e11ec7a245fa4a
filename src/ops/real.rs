//! Real arithmetic in both precisions, so that the meaning of an operation is written once.
//!
//! Elementary functions are ours, not the platform's: equal programs give bit-equal results everywhere.

use crate::runtime::math::{double, single};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A floating-point number of either precision.
pub trait Real:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    /// The nearest number of this precision.
    fn of(value: f64) -> Self;
    /// Whether it is not a number.
    fn is_nan(self) -> bool;
    /// Whether it is neither infinite nor NaN.
    fn is_finite(self) -> bool;
    /// Absolute value.
    fn absolute(self) -> Self;
    /// The magnitude of `self` with the sign of another.
    fn with_sign_of(self, sign: Self) -> Self;
    /// Square root.
    fn root(self) -> Self;
    /// Largest integer not above.
    fn floor(self) -> Self;
    /// Smallest integer not below.
    fn ceil(self) -> Self;
    /// Nearest integer, halves to even.
    fn round(self) -> Self;
    /// Nearest integer toward zero.
    fn trunc(self) -> Self;
    /// The remainder of division rounded toward zero, exact.
    fn truncated_remainder(self, divisor: Self) -> Self;
    /// e to this power.
    fn exp(self) -> Self;
    /// 2 to this power.
    fn exp2(self) -> Self;
    /// `exp(x) - 1` without cancellation.
    fn expm1(self) -> Self;
    /// Natural logarithm.
    fn log(self) -> Self;
    /// Logarithm to base 2.
    fn log2(self) -> Self;
    /// Logarithm to base 10.
    fn log10(self) -> Self;
    /// `log(1 + x)` without cancellation.
    fn log1p(self) -> Self;
    /// Cube root.
    fn cbrt(self) -> Self;
    /// Power with a real exponent, by the rules of IEEE 754.
    fn power(self, exponent: Self) -> Self;
    /// Sine.
    fn sin(self) -> Self;
    /// Cosine.
    fn cos(self) -> Self;
    /// Tangent.
    fn tan(self) -> Self;
    /// Sine of an argument within the trigonometric limit, without branches.
    fn sin_reduced(self) -> Self;
    /// Cosine of such an argument.
    fn cos_reduced(self) -> Self;
    /// Tangent of such an argument.
    fn tan_reduced(self) -> Self;
    /// Inverse sine.
    fn asin(self) -> Self;
    /// Inverse cosine.
    fn acos(self) -> Self;
    /// Inverse tangent.
    fn atan(self) -> Self;
    /// The angle of the point `(x, self)`.
    fn atan2(self, x: Self) -> Self;
    /// Hyperbolic sine.
    fn sinh(self) -> Self;
    /// Hyperbolic cosine.
    fn cosh(self) -> Self;
    /// Hyperbolic tangent.
    fn tanh(self) -> Self;
    /// Inverse hyperbolic sine.
    fn asinh(self) -> Self;
    /// Inverse hyperbolic cosine.
    fn acosh(self) -> Self;
    /// Inverse hyperbolic tangent.
    fn atanh(self) -> Self;
    /// Logistic function.
    fn sigmoid(self) -> Self;
    /// `log(1 + exp(x))` without overflow.
    fn softplus(self) -> Self;
    /// Error function.
    fn erf(self) -> Self;
    /// `1 - erf(x)` without cancellation.
    fn erfc(self) -> Self;
    /// The derivative of the error function.
    fn erf_slope(self) -> Self;
    /// Density of the standard normal distribution.
    fn normpdf(self) -> Self;
    /// Distribution function of the standard normal distribution.
    fn normcdf(self) -> Self;
    /// `x` times that.
    fn gelu(self) -> Self;
    /// The derivative of that product.
    fn gelu_slope(self) -> Self;
    /// The usual approximation of `gelu` by a hyperbolic tangent.
    fn gelu_tanh(self) -> Self;
    /// Its derivative.
    fn gelu_tanh_slope(self) -> Self;
    /// `sqrt(x² + y²)` without overflow.
    fn hypot(self, other: Self) -> Self;
}

macro_rules! real {
    ($type:ty, { $($method:ident = $function:path),* $(,)? }, { $($method2:ident = $function2:path),* $(,)? }) => {
        impl Real for $type {
            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $type
            }
            #[inline(always)]
            fn is_nan(self) -> bool {
                self != self
            }
            #[inline(always)]
            fn is_finite(self) -> bool {
                self.abs() < <$type>::INFINITY
            }
            #[inline(always)]
            fn truncated_remainder(self, divisor: Self) -> Self {
                self % divisor
            }
            $(#[inline(always)]
            fn $method(self) -> Self {
                $function(self)
            })*
            $(#[inline(always)]
            fn $method2(self, other: Self) -> Self {
                $function2(self, other)
            })*
        }
    };
}

real!(f64, {
    absolute = f64::abs, root = f64::sqrt, floor = f64::floor, ceil = f64::ceil, round = f64::round_ties_even,
    trunc = f64::trunc, exp = double::exp, exp2 = double::exp2, expm1 = double::expm1, log = double::log, log2 = double::log2,
    log10 = double::log10, log1p = double::log1p, cbrt = double::cbrt, sin = double::sin, cos = double::cos, tan = double::tan,
    asin = double::asin, acos = double::acos, atan = double::atan, sinh = double::sinh, cosh = double::cosh, tanh = double::tanh,
    asinh = double::asinh, acosh = double::acosh, atanh = double::atanh,
    sin_reduced = double::sin_reduced, cos_reduced = double::cos_reduced, tan_reduced = double::tan_reduced,
    sigmoid = double::sigmoid, softplus = double::softplus, erf = double::erf, erfc = double::erfc, erf_slope = double::erf_slope, normpdf = double::normpdf, normcdf = double::normcdf, gelu = double::gelu, gelu_slope = double::gelu_slope, gelu_tanh = double::gelu_tanh, gelu_tanh_slope = double::gelu_tanh_slope,
}, { with_sign_of = f64::copysign, power = double::pow, atan2 = double::atan2, hypot = double::hypot });

real!(f32, {
    absolute = f32::abs, root = f32::sqrt, floor = f32::floor, ceil = f32::ceil, round = f32::round_ties_even,
    trunc = f32::trunc, exp = single::exp, exp2 = single::exp2, expm1 = single::expm1, log = single::log,
    log2 = single::log2, log10 = single::log10, log1p = single::log1p, cbrt = single::cbrt, sin = single::sin,
    cos = single::cos, tan = single::tan, asin = single::asin, acos = single::acos, atan = single::atan,
    sinh = single::sinh, cosh = single::cosh, tanh = single::tanh, asinh = single::asinh, acosh = single::acosh,
    atanh = single::atanh, sin_reduced = single::sin_reduced, cos_reduced = single::cos_reduced, tan_reduced = single::tan_reduced,
    sigmoid = single::sigmoid, softplus = single::softplus, erf = single::erf, erfc = single::erfc, erf_slope = single::erf_slope, normpdf = single::normpdf, normcdf = single::normcdf, gelu = single::gelu, gelu_slope = single::gelu_slope, gelu_tanh = single::gelu_tanh, gelu_tanh_slope = single::gelu_tanh_slope,
}, { with_sign_of = f32::copysign, power = single::pow, atan2 = single::atan2, hypot = single::hypot });
