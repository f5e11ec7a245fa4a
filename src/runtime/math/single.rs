//! Single precision.

/// The exponential function.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    libm::expf(x)
}

/// `exp(x) - 1`, accurate near 0.
#[inline(always)]
pub fn expm1(x: f32) -> f32 {
    libm::expm1f(x)
}

/// Two to the power of `x`.
#[inline(always)]
pub fn exp2(x: f32) -> f32 {
    libm::exp2f(x)
}

/// The natural logarithm.
#[inline(always)]
pub fn log(x: f32) -> f32 {
    libm::logf(x)
}

/// `log(1 + x)`, accurate near 0.
#[inline(always)]
pub fn log1p(x: f32) -> f32 {
    libm::log1pf(x)
}

/// The logarithm to base 2.
#[inline(always)]
pub fn log2(x: f32) -> f32 {
    libm::log2f(x)
}

/// The logarithm to base 10.
#[inline(always)]
pub fn log10(x: f32) -> f32 {
    libm::log10f(x)
}

/// The hyperbolic tangent.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    libm::tanhf(x)
}

/// The sine.
#[inline(always)]
pub fn sin(x: f32) -> f32 {
    libm::sinf(x)
}

/// The cosine.
#[inline(always)]
pub fn cos(x: f32) -> f32 {
    libm::cosf(x)
}

/// The tangent.
#[inline(always)]
pub fn tan(x: f32) -> f32 {
    libm::tanf(x)
}

/// The inverse sine.
#[inline(always)]
pub fn asin(x: f32) -> f32 {
    libm::asinf(x)
}

/// The inverse cosine.
#[inline(always)]
pub fn acos(x: f32) -> f32 {
    libm::acosf(x)
}

/// The inverse tangent.
#[inline(always)]
pub fn atan(x: f32) -> f32 {
    libm::atanf(x)
}

/// The hyperbolic sine.
#[inline(always)]
pub fn sinh(x: f32) -> f32 {
    libm::sinhf(x)
}

/// The hyperbolic cosine.
#[inline(always)]
pub fn cosh(x: f32) -> f32 {
    libm::coshf(x)
}

/// The inverse hyperbolic sine.
#[inline(always)]
pub fn asinh(x: f32) -> f32 {
    libm::asinhf(x)
}

/// The inverse hyperbolic cosine.
#[inline(always)]
pub fn acosh(x: f32) -> f32 {
    libm::acoshf(x)
}

/// The inverse hyperbolic tangent.
#[inline(always)]
pub fn atanh(x: f32) -> f32 {
    libm::atanhf(x)
}

/// The cube root.
#[inline(always)]
pub fn cbrt(x: f32) -> f32 {
    libm::cbrtf(x)
}

/// The error function.
#[inline(always)]
pub fn erf(x: f32) -> f32 {
    libm::erff(x)
}

/// The complementary error function, `1 - erf(x)`.
#[inline(always)]
pub fn erfc(x: f32) -> f32 {
    libm::erfcf(x)
}

/// The gamma function.
#[inline(always)]
pub fn tgamma(x: f32) -> f32 {
    libm::tgammaf(x)
}

/// The logistic function `1 / (1 + exp(-x))`.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `log(1 + exp(x))`.
#[inline(always)]
pub fn softplus(x: f32) -> f32 {
    x.max(0.0) + log1p(exp(-x.abs()))
}

/// `base` to the power of `exponent`.
#[inline(always)]
pub fn pow(base: f32, exponent: f32) -> f32 {
    libm::powf(base, exponent)
}

/// The angle of the point (`x`, `y`).
#[inline(always)]
pub fn atan2(y: f32, x: f32) -> f32 {
    libm::atan2f(y, x)
}

/// The length of the vector (`x`, `y`).
#[inline(always)]
pub fn hypot(x: f32, y: f32) -> f32 {
    libm::hypotf(x, y)
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
