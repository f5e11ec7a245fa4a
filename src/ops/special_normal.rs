//! The logarithm, the hazard and the quantile of the normal distribution in double precision, accurate in the tails.

use super::real::Real;
use std::f64::consts::FRAC_1_SQRT_2;

/// `1 / sqrt(2 pi)`
const DENSITY: f64 = 0.398_942_280_401_432_7;
/// Below this the distribution function is replaced by its asymptotic series.
const FAR: f64 = -30.0;

/// `normcdf(x) |x| / normpdf(x)` far below zero: `1 - 1/x² + 3/x⁴ - 15/x⁶ + …`.
#[inline(always)]
fn tail_ratio(x: f64) -> f64 {
    let inverse = 1.0 / (x * x);
    (0..9).rev().fold(1.0, |sum, k| 1.0 - f64::from(2 * k + 1) * inverse * sum)
}

pub fn lognormcdf(x: f64) -> f64 {
    if x > 0.0 {
        Real::log1p(-Real::normcdf(-x))
    } else if x > FAR || x.is_nan() {
        Real::log(Real::normcdf(x))
    } else {
        let half_log_two_pi = 0.918_938_533_204_672_7;
        -0.5 * x * x - Real::log(-x) - half_log_two_pi + Real::log(tail_ratio(x))
    }
}

/// `normpdf(x) / normcdf(x)`
#[inline(always)]
pub fn hazard(x: f64) -> f64 {
    if x > FAR || x.is_nan() { Real::normpdf(x) / Real::normcdf(x) } else { -x / tail_ratio(x) }
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
    let density = Real::normpdf(z);
    if density == 0.0 || z.is_nan() {
        return 1.0 / density;
    }
    // Of the tail that is small, so that the difference keeps its digits.
    let missed = if z < 0.0 { p - Real::normcdf(z) } else { Real::normcdf(-z) - (1.0 - p) };
    Real::exp(z * (missed / density)) / density
}

/// The most steps of Newton's method; each doubles the digits, and five are enough in practice.
const STEPS: usize = 20;

/// `z` with `erf(z / sqrt(2)) / 2 = d`.
fn central_quantile(d: f64) -> f64 {
    let mut z = d / DENSITY;
    for _ in 0..STEPS {
        let step = (d - 0.5 * Real::erf(z * FRAC_1_SQRT_2)) / Real::normpdf(z);
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
