//! Double precision.

use super::{elementary, gelu, hyperbolic, normal, power, trigonometric};

/// The greatest magnitude for which sine and cosine need no long reduction of the argument.
pub const TRIGONOMETRIC_LIMIT: f64 = 1.0e5;

/// The exponential function.
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    elementary::exp(x)
}

/// `exp(x) - 1`, accurate near 0.
#[inline(always)]
pub fn expm1(x: f64) -> f64 {
    elementary::expm1(x)
}

/// Two to the power of `x`.
#[inline(always)]
pub fn exp2(x: f64) -> f64 {
    elementary::exp2(x)
}

/// The natural logarithm.
#[inline(always)]
pub fn log(x: f64) -> f64 {
    elementary::log(x)
}

/// `log(1 + x)`, accurate near 0.
#[inline(always)]
pub fn log1p(x: f64) -> f64 {
    elementary::log1p(x)
}

/// The logarithm to base 2.
#[inline(always)]
pub fn log2(x: f64) -> f64 {
    elementary::log2(x)
}

/// The logarithm to base 10.
#[inline(always)]
pub fn log10(x: f64) -> f64 {
    elementary::log10(x)
}

/// The hyperbolic tangent.
#[inline(always)]
pub fn tanh(x: f64) -> f64 {
    hyperbolic::tanh(x)
}

/// The sine.
#[inline(always)]
pub fn sin(x: f64) -> f64 {
    if x.abs() <= TRIGONOMETRIC_LIMIT { sin_reduced(x) } else { libm::sin(x) }
}

/// The sine of an argument not above [`TRIGONOMETRIC_LIMIT`], without branches.
#[inline(always)]
pub fn sin_reduced(x: f64) -> f64 {
    trigonometric::sine(x, false)
}

/// The cosine.
#[inline(always)]
pub fn cos(x: f64) -> f64 {
    if x.abs() <= TRIGONOMETRIC_LIMIT { cos_reduced(x) } else { libm::cos(x) }
}

/// The cosine of an argument not above [`TRIGONOMETRIC_LIMIT`], without branches.
#[inline(always)]
pub fn cos_reduced(x: f64) -> f64 {
    trigonometric::sine(x, true)
}

/// The tangent.
#[inline(always)]
pub fn tan(x: f64) -> f64 {
    if x.abs() <= TRIGONOMETRIC_LIMIT { tan_reduced(x) } else { libm::tan(x) }
}

/// The tangent of an argument not above [`TRIGONOMETRIC_LIMIT`], without branches.
#[inline(always)]
pub fn tan_reduced(x: f64) -> f64 {
    trigonometric::tan(x)
}

/// The inverse sine.
#[inline(always)]
pub fn asin(x: f64) -> f64 {
    trigonometric::asin(x)
}

/// The inverse cosine.
#[inline(always)]
pub fn acos(x: f64) -> f64 {
    trigonometric::acos(x)
}

/// The inverse tangent.
#[inline(always)]
pub fn atan(x: f64) -> f64 {
    trigonometric::atan(x)
}

/// The hyperbolic sine.
#[inline(always)]
pub fn sinh(x: f64) -> f64 {
    hyperbolic::sinh(x)
}

/// The hyperbolic cosine.
#[inline(always)]
pub fn cosh(x: f64) -> f64 {
    hyperbolic::cosh(x)
}

/// The inverse hyperbolic sine.
#[inline(always)]
pub fn asinh(x: f64) -> f64 {
    hyperbolic::asinh(x)
}

/// The inverse hyperbolic cosine.
#[inline(always)]
pub fn acosh(x: f64) -> f64 {
    hyperbolic::acosh(x)
}

/// The inverse hyperbolic tangent.
#[inline(always)]
pub fn atanh(x: f64) -> f64 {
    hyperbolic::atanh(x)
}

/// The cube root.
#[inline(always)]
pub fn cbrt(x: f64) -> f64 {
    power::cbrt(x)
}

/// The error function.
#[inline(always)]
pub fn erf(x: f64) -> f64 {
    normal::erf(x)
}

/// The complementary error function, `1 - erf(x)`.
#[inline(always)]
pub fn erfc(x: f64) -> f64 {
    normal::erfc(x)
}

/// The Bessel function of the first kind of order 0.
pub fn j0(x: f64) -> f64 {
    libm::j0(x)
}

/// The Bessel function of the first kind of order 1.
pub fn j1(x: f64) -> f64 {
    libm::j1(x)
}

/// The Bessel function of the first kind of a whole order.
pub fn jn(order: i32, x: f64) -> f64 {
    libm::jn(order, x)
}

/// The derivative of [`erf`].
#[inline(always)]
pub fn erf_slope(x: f64) -> f64 {
    normal::erf_slope(x)
}

/// The density of the standard normal distribution.
#[inline(always)]
pub fn normpdf(x: f64) -> f64 {
    normal::normpdf(x)
}

/// The distribution function of the standard normal distribution.
#[inline(always)]
pub fn normcdf(x: f64) -> f64 {
    normal::normcdf(x)
}

/// `x` times the distribution function of the standard normal distribution.
#[inline(always)]
pub fn gelu(x: f64) -> f64 {
    normal::gelu(x)
}

/// The derivative of [`fn@gelu`].
#[inline(always)]
pub fn gelu_slope(x: f64) -> f64 {
    normal::gelu_slope(x)
}

/// The usual approximation of [`fn@gelu`] by a hyperbolic tangent.
#[inline(always)]
pub fn gelu_tanh(x: f64) -> f64 {
    gelu::gelu_tanh(x)
}

/// The derivative of [`gelu_tanh`].
#[inline(always)]
pub fn gelu_tanh_slope(x: f64) -> f64 {
    gelu::gelu_tanh_slope(x)
}

/// The gamma function.
#[inline(always)]
pub fn tgamma(x: f64) -> f64 {
    libm::tgamma(x)
}

/// The logistic function `1 / (1 + exp(-x))`.
#[inline(always)]
pub fn sigmoid(x: f64) -> f64 {
    elementary::sigmoid(x)
}

/// `log(1 + exp(x))`.
#[inline(always)]
pub fn softplus(x: f64) -> f64 {
    elementary::softplus(x)
}

/// `base` to the power of `exponent`.
#[inline(always)]
pub fn pow(base: f64, exponent: f64) -> f64 {
    power::pow(base, exponent)
}

/// The angle of the point (`x`, `y`).
#[inline(always)]
pub fn atan2(y: f64, x: f64) -> f64 {
    trigonometric::atan2(y, x)
}

/// The length of the vector (`x`, `y`).
#[inline(always)]
pub fn hypot(x: f64, y: f64) -> f64 {
    power::hypot(x, y)
}

/// The logarithm of the absolute value of the gamma function.
#[inline(always)]
pub fn lgamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// The logarithmic derivative of the gamma function. The poles at 0, -1, -2, ... give NaN, except 0, which gives the
/// infinity of the sign opposite to its own.
pub fn digamma(x: f64) -> f64 {
    if x == 0.0 {
        return -1.0 / x;
    }
    if x < 0.0 {
        return if x == x.floor() { f64::NAN } else { digamma_reflected(x) };
    }
    digamma_positive(x)
}

/// The reflection `digamma(1 - x) - pi / tan(pi x)` for a negative `x` that is no integer.
fn digamma_reflected(x: f64) -> f64 {
    let fraction = x - x.round_ties_even();
    digamma_positive(1.0 - x) - std::f64::consts::PI / libm::tan(std::f64::consts::PI * fraction)
}

/// Recurrence up to 10, then the asymptotic series. The terms of the recurrence are summed with their rounding errors,
/// since they cancel against the logarithm.
fn digamma_positive(mut x: f64) -> f64 {
    let (mut shift, mut shift_low) = (0.0f64, 0.0f64);
    while x < 10.0 {
        let term = 1.0 / x;
        let sum = shift + term;
        let back = sum - shift;
        shift_low += (shift - (sum - back)) + (term - back) + term.mul_add(-x, 1.0) * term;
        shift = sum;
        x += 1.0;
    }
    let z = 1.0 / (x * x);
    let series = BERNOULLI_TERMS.iter().rev().fold(0.0, |sum: f64, &term| sum.mul_add(z, term));
    (log(x) - shift) - (0.5 / x + (z * series + shift_low))
}

/// The terms `B(2k) / 2k` of the asymptotic series, for k from 1.
const BERNOULLI_TERMS: [f64; 8] =
    [1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32760.0, 1.0 / 12.0, -3617.0 / 8160.0];
