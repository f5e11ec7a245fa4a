//! Single precision.

use super::{elementary, gelu, hyperbolic, normal, power, trigonometric};

/// The greatest magnitude for which sine and cosine need no long reduction of the argument.
pub const TRIGONOMETRIC_LIMIT: f32 = 1.0e5;

/// The exponential function.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    elementary::exp(x)
}

/// `exp(x) - 1`, accurate near 0.
#[inline(always)]
pub fn expm1(x: f32) -> f32 {
    elementary::expm1(x)
}

/// Two to the power of `x`.
#[inline(always)]
pub fn exp2(x: f32) -> f32 {
    elementary::exp2(x)
}

/// The natural logarithm.
#[inline(always)]
pub fn log(x: f32) -> f32 {
    elementary::log(x)
}

/// `log(1 + x)`, accurate near 0.
#[inline(always)]
pub fn log1p(x: f32) -> f32 {
    elementary::log1p(x)
}

/// The logarithm to base 2.
#[inline(always)]
pub fn log2(x: f32) -> f32 {
    elementary::log2(x)
}

/// The logarithm to base 10.
#[inline(always)]
pub fn log10(x: f32) -> f32 {
    elementary::log10(x)
}

/// The hyperbolic tangent.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    hyperbolic::tanh(x)
}

/// The sine.
#[inline(always)]
pub fn sin(x: f32) -> f32 {
    if x.abs() <= TRIGONOMETRIC_LIMIT { sin_reduced(x) } else { libm::sinf(x) }
}

/// The sine of an argument not above [`TRIGONOMETRIC_LIMIT`], without branches.
#[inline(always)]
pub fn sin_reduced(x: f32) -> f32 {
    trigonometric::sine(x, false)
}

/// The cosine.
#[inline(always)]
pub fn cos(x: f32) -> f32 {
    if x.abs() <= TRIGONOMETRIC_LIMIT { cos_reduced(x) } else { libm::cosf(x) }
}

/// The cosine of an argument not above [`TRIGONOMETRIC_LIMIT`], without branches.
#[inline(always)]
pub fn cos_reduced(x: f32) -> f32 {
    trigonometric::sine(x, true)
}

/// The tangent.
#[inline(always)]
pub fn tan(x: f32) -> f32 {
    if x.abs() <= TRIGONOMETRIC_LIMIT { tan_reduced(x) } else { libm::tanf(x) }
}

/// The tangent of an argument not above [`TRIGONOMETRIC_LIMIT`], without branches.
#[inline(always)]
pub fn tan_reduced(x: f32) -> f32 {
    trigonometric::tan(x)
}

/// The inverse sine.
#[inline(always)]
pub fn asin(x: f32) -> f32 {
    trigonometric::asin(x)
}

/// The inverse cosine.
#[inline(always)]
pub fn acos(x: f32) -> f32 {
    trigonometric::acos(x)
}

/// The inverse tangent.
#[inline(always)]
pub fn atan(x: f32) -> f32 {
    trigonometric::atan(x)
}

/// The hyperbolic sine.
#[inline(always)]
pub fn sinh(x: f32) -> f32 {
    hyperbolic::sinh(x)
}

/// The hyperbolic cosine.
#[inline(always)]
pub fn cosh(x: f32) -> f32 {
    hyperbolic::cosh(x)
}

/// The inverse hyperbolic sine.
#[inline(always)]
pub fn asinh(x: f32) -> f32 {
    hyperbolic::asinh(x)
}

/// The inverse hyperbolic cosine.
#[inline(always)]
pub fn acosh(x: f32) -> f32 {
    hyperbolic::acosh(x)
}

/// The inverse hyperbolic tangent.
#[inline(always)]
pub fn atanh(x: f32) -> f32 {
    hyperbolic::atanh(x)
}

/// The cube root.
#[inline(always)]
pub fn cbrt(x: f32) -> f32 {
    power::cbrt(x)
}

/// The error function.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    normal::erf(x)
}

/// The complementary error function, `1 - erf(x)`.
#[inline(always)]
pub fn erfc(x: f32) -> f32 {
    normal::erfc(x)
}

/// The derivative of [`erf`].
#[inline(always)]
pub fn erf_slope(x: f32) -> f32 {
    normal::erf_slope(x)
}

/// The density of the standard normal distribution.
#[inline(always)]
pub fn normpdf(x: f32) -> f32 {
    normal::normpdf(x)
}

/// The distribution function of the standard normal distribution.
#[inline(always)]
pub fn normcdf(x: f32) -> f32 {
    normal::normcdf(x)
}

/// `x` times the distribution function of the standard normal distribution.
#[inline(always)]
pub fn gelu(x: f32) -> f32 {
    normal::gelu(x)
}

/// The derivative of [`fn@gelu`].
#[inline(always)]
pub fn gelu_slope(x: f32) -> f32 {
    normal::gelu_slope(x)
}

/// The usual approximation of [`fn@gelu`] by a hyperbolic tangent.
#[inline(always)]
pub fn gelu_tanh(x: f32) -> f32 {
    gelu::gelu_tanh(x)
}

/// The derivative of [`gelu_tanh`].
#[inline(always)]
pub fn gelu_tanh_slope(x: f32) -> f32 {
    gelu::gelu_tanh_slope(x)
}

/// The gamma function.
#[inline(always)]
pub fn tgamma(x: f32) -> f32 {
    libm::tgammaf(x)
}

/// The logistic function `1 / (1 + exp(-x))`.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    elementary::sigmoid(x)
}

/// `log(1 + exp(x))`.
#[inline(always)]
pub fn softplus(x: f32) -> f32 {
    elementary::softplus(x)
}

/// `base` to the power of `exponent`.
#[inline(always)]
pub fn pow(base: f32, exponent: f32) -> f32 {
    power::pow(base, exponent)
}

/// The angle of the point (`x`, `y`).
#[inline(always)]
pub fn atan2(y: f32, x: f32) -> f32 {
    trigonometric::atan2(y, x)
}

/// The length of the vector (`x`, `y`).
#[inline(always)]
pub fn hypot(x: f32, y: f32) -> f32 {
    power::hypot(x, y)
}

/// The logarithm of the absolute value of the gamma function.
#[inline(always)]
pub fn lgamma(x: f32) -> f32 {
    libm::lgammaf(x)
}

/// The logarithmic derivative of the gamma function.
#[inline(always)]
pub fn digamma(x: f32) -> f32 {
    super::double::digamma(f64::from(x)) as f32
}
