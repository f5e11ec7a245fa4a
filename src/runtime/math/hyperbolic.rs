//! Hyperbolic functions and their inverses, written once for both real types.

use super::elementary::{ExpParts, choose, clamp, exp_parts, log1p, quarter_expm1};
use super::real::Real;

/// With `t = (exp(2x) - 1) / 4` this is `t / (t + 1/2)`, where both the numerator and the denominator carry a correction.
#[inline(always)]
pub(super) fn tanh<T: Real>(x: T) -> T {
    let magnitude = clamp(x.magnitude(), T::ZERO, T::TANH_HIGH);
    let (t, t_low) = quarter_expm1(T::TWO * magnitude);
    let sum = t + T::HALF;
    let back = sum - t;
    let sum_low = ((t - (sum - back)) + (T::HALF - back)) + t_low;
    let reciprocal = T::ONE / sum;
    let quotient = t * reciprocal;
    let remainder = quotient.fma(-sum, t) + quotient.fma(-sum_low, t_low);
    let y = remainder.fma(reciprocal, quotient).with_sign(x);
    choose(x.magnitude() < T::SMALL, x, y)
}

/// With `t = (exp(x) - 1) / 4` this is `2t + 2t / (4t + 1)`.
#[inline(always)]
pub(super) fn sinh<T: Real>(x: T) -> T {
    let (t, t_low) = quarter_expm1(clamp(x.magnitude(), T::ZERO, T::EXP_HIGH));
    let quotient = t / t.fma(T::FOUR, T::ONE);
    let y = (T::TWO * (t + (quotient + t_low))).with_sign(x);
    choose(x.magnitude() < T::TINY, x, y)
}

#[inline(always)]
pub(super) fn cosh<T: Real>(x: T) -> T {
    let ExpParts { shifted, power, .. } = exp_parts(clamp(x.magnitude(), T::ZERO, T::EXP_HIGH), T::ZERO);
    let half = power.scaled(shifted - T::ONE);
    half + T::QUARTER / half
}

/// `log1p(t + t^2 / (1 + sqrt(1 + t^2)))`, and `log(2t)` where the square is nearly all there is.
#[inline(always)]
pub(super) fn asinh<T: Real>(x: T) -> T {
    let t = x.magnitude();
    let far = t > T::LARGE;
    let square = t * t;
    let near = t + square / (T::ONE + (T::ONE + square).root());
    let y = log1p(choose(far, t, near)) + choose(far, T::LN_2, T::ZERO);
    choose(t < T::SMALL, x, y.with_sign(x))
}

/// With `t = x - 1`, `log1p(t + sqrt(2t + t^2))`, and `log(2x)` where the square is nearly all there is.
#[inline(always)]
pub(super) fn acosh<T: Real>(x: T) -> T {
    let t = x - T::ONE;
    let far = x > T::LARGE;
    let near = t + t.fma(t, T::TWO * t).root();
    let y = log1p(choose(far, x, near)) + choose(far, T::LN_2, T::ZERO);
    choose(x < T::ONE, T::NAN, y)
}

/// `log1p(2t / (1 - t)) / 2`
#[inline(always)]
pub(super) fn atanh<T: Real>(x: T) -> T {
    let t = x.magnitude();
    let low = t < T::HALF;
    let twice = T::TWO * t;
    let quotient = choose(low, twice * t, twice) / (T::ONE - t);
    let y = T::HALF * log1p(choose(low, twice + quotient, quotient));
    choose(t < T::SMALL, x, y.with_sign(x))
}
