//! Error functions and the normal distribution in double precision, accurate in the tails.
//!
//! The exponent `x²/2` is formed in two parts: rounding it would cost `x²/2` units in the last place.

use super::real::Real;
use crate::runtime::math::double;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

/// `1 / sqrt(2 pi)`
const DENSITY: f64 = 0.398_942_280_401_432_7;
/// What `1/sqrt(2)` loses in rounding to double precision.
const FRAC_1_SQRT_2_REST: f64 = -4.833_646_656_726_457e-17;
/// Below this the distribution function is replaced by its asymptotic series.
const FAR: f64 = -30.0;

pub fn erf(x: f64) -> f64 {
    double::erf(x)
}

pub fn erfc(x: f64) -> f64 {
    double::erfc(x)
}

/// `factor exp(-rate x²)`, for a rate that is a power of two.
fn gaussian(x: f64, rate: f64, factor: f64) -> f64 {
    // Beyond this the result underflows to zero, factor included; infinities end here too.
    if x.abs() > 60.0 {
        return 0.0;
    }
    let high = x * x;
    let low = f64::mul_add(x, x, -high);
    // The product is formed e^40 too large, so that a subnormal result is rounded only once.
    let scale = 4.248_354_255_291_589e-18;
    let exponent = -rate * high;
    if exponent > -600.0 {
        Real::exp(exponent) * factor * (1.0 - rate * low)
    } else {
        Real::exp(exponent + 40.0) * factor * (1.0 - rate * low) * scale
    }
}

pub fn erf_slope(x: f64) -> f64 {
    if x.is_nan() { x } else { gaussian(x, 1.0, FRAC_2_SQRT_PI) }
}

pub fn normpdf(x: f64) -> f64 {
    if x.is_nan() { x } else { gaussian(x, 0.5, DENSITY) }
}

/// `erfc(-x/sqrt(2))/2`, corrected for the rounding of the argument.
pub fn normcdf(x: f64) -> f64 {
    if x.abs() > 60.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let argument = -x * FRAC_1_SQRT_2;
    let whole = 0.5 * double::erfc(argument);
    let rest = f64::mul_add(-x, FRAC_1_SQRT_2, -argument) - x * FRAC_1_SQRT_2_REST;
    if x.abs() < 1.0 {
        whole - rest * DENSITY * std::f64::consts::SQRT_2
    } else if x < 0.0 {
        whole * (1.0 - 2.0 * argument * rest)
    } else {
        whole
    }
}

/// `normcdf(x) |x| / normpdf(x)` far below zero: `1 - 1/x² + 3/x⁴ - 15/x⁶ + …`.
fn tail_ratio(x: f64) -> f64 {
    let inverse = 1.0 / (x * x);
    (0..9).rev().fold(1.0, |sum, k| 1.0 - f64::from(2 * k + 1) * inverse * sum)
}

pub fn lognormcdf(x: f64) -> f64 {
    if x > 0.0 {
        Real::log1p(-normcdf(-x))
    } else if x > FAR || x.is_nan() {
        Real::log(normcdf(x))
    } else {
        let half_log_two_pi = 0.918_938_533_204_672_7;
        -0.5 * x * x - Real::log(-x) - half_log_two_pi + Real::log(tail_ratio(x))
    }
}

/// `normpdf(x) / normcdf(x)`
pub fn hazard(x: f64) -> f64 {
    if x > FAR || x.is_nan() { normpdf(x) / normcdf(x) } else { -x / tail_ratio(x) }
}

/// The derivative of the hazard, `-h (x + h)`; far below zero by the series, since the sum cancels.
pub fn hazard_slope(x: f64) -> f64 {
    if x > FAR || x.is_nan() {
        let hazard = hazard(x);
        if hazard == 0.0 { -0.0 } else { -hazard * (x + hazard) }
    } else {
        let inverse = 1.0 / (x * x);
        let ratio = tail_ratio(x);
        let lost = (1..9).rev().fold(1.0, |sum, k| 1.0 - f64::from(2 * k + 1) * inverse * sum);
        -lost / (ratio * ratio)
    }
}

pub fn gelu(x: f64) -> f64 {
    if x > FAR || x.is_nan() {
        x * normcdf(x)
    } else {
        // x Φ(x) = -φ(x) · ratio; for -∞ the product is -0.
        -gaussian(x, 0.5, DENSITY * tail_ratio(x))
    }
}

/// `normcdf(x) + x normpdf(x)`
pub fn gelu_slope(x: f64) -> f64 {
    if x > 60.0 {
        1.0
    } else if x > FAR || x.is_nan() {
        normcdf(x) + gaussian(x, 0.5, DENSITY * x)
    } else if x < -60.0 {
        -0.0
    } else {
        gaussian(x, 0.5, DENSITY * (x - tail_ratio(x) / x))
    }
}

/// The number below which a standard normal variable lies with probability `p`.
pub fn quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.0 || p == 1.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    // Both differences are exact where they are used.
    if (p - 0.5).abs() <= 0.25 {
        central_quantile(p - 0.5)
    } else if p < 0.5 {
        -tail_quantile(p)
    } else {
        tail_quantile(1.0 - p)
    }
}

/// `1 / normpdf(quantile(p))`, corrected for the rounding of the quantile, which costs up to `z²/2` units.
pub fn quantile_slope(p: f64) -> f64 {
    let z = quantile(p);
    let density = normpdf(z);
    if density == 0.0 || z.is_nan() {
        return 1.0 / density;
    }
    // Of the tail that is small, so that the difference keeps its digits.
    let missed = if z < 0.0 { p - normcdf(z) } else { normcdf(-z) - (1.0 - p) };
    Real::exp(z * (missed / density)) / density
}

/// The most steps of Newton's method; each doubles the digits, and five are enough in practice.
const STEPS: usize = 20;

/// `z` with `erf(z / sqrt(2)) / 2 = d`.
fn central_quantile(d: f64) -> f64 {
    let mut z = d / DENSITY;
    for _ in 0..STEPS {
        let step = (d - 0.5 * erf(z * FRAC_1_SQRT_2)) / normpdf(z);
        z += step;
        if step.abs() <= 1e-16 * z.abs() {
            break;
        }
    }
    z
}

/// The positive `z` above which a variable lies with probability `q`, at most 1/4: Newton's method on the logarithm of
/// the distribution function, which is concave.
fn tail_quantile(q: f64) -> f64 {
    let target = Real::log(q);
    let mut z = (-2.0 * target).sqrt() - 0.5;
    for _ in 0..STEPS {
        let step = (lognormcdf(-z) - target) / hazard(-z);
        z += step;
        if step.abs() <= 1e-16 * z {
            break;
        }
    }
    z
}
