//! Error functions and what is made of them, written once for both real types.

use super::elementary::{ExpParts, choose, clamp, exp_parts};
use super::real::Real;

/// `exp(-square)` as `2^n power`, where `shifted = n + SHIFT`, and that times `exp(x^2) erfc(x)` as `2^n (high + low)`.
struct Tail<T> {
    shifted: T,
    power: T,
    high: T,
    low: T,
}

/// For `x` (and what it lost) from 0.47 on; below, the error function's part is meaningless. The square comes as an unevaluated sum: rounding it would cost as many units in the
/// last place as it is large.
#[inline(always)]
fn tail<T: Real>((x, x_low): (T, T), (square, square_low): (T, T)) -> Tail<T> {
    let ExpParts { shifted, power, power_low } = exp_parts(-square, -square_low);
    let sum = x + T::TWO;
    let back = sum - x;
    let sum_low = ((x - (sum - back)) + (T::TWO - back)) + x_low;
    let inverse = T::ONE / sum;
    let inverse_low = inverse * (inverse.fma(-sum, T::ONE) - inverse * sum_low);
    let ratio = T::tail_ratio(inverse_low.fma(-T::FOUR, inverse.fma(-T::FOUR, T::ONE)));
    let scaled = ratio * inverse;
    let scaled_low = ratio.fma(inverse_low, ratio.fma(inverse, -scaled));
    let high = power * scaled;
    let low = power.fma(scaled_low, power_low.fma(scaled, power.fma(scaled, -high)));
    Tail { shifted, power, high, low }
}

/// The complementary error function of a magnitude from 0.47 on.
#[inline(always)]
fn erfc_tail<T: Real>(t: T) -> T {
    let t = clamp(t, T::ZERO, T::ERFC_HIGH);
    let square = t * t;
    let Tail { shifted, high, low, .. } = tail((t, T::ZERO), (square, t.fma(t, -square)));
    (high + low).scaled(shifted)
}

#[inline(always)]
pub(super) fn erf<T: Real>(x: T) -> T {
    let t = x.magnitude();
    let near = x.fma(T::erf_tail(t * t), x);
    choose(t > T::ONE, (T::ONE - erfc_tail(t)).with_sign(x), near)
}

#[inline(always)]
pub(super) fn erfc<T: Real>(x: T) -> T {
    let t = x.magnitude();
    let near = x.fma(-T::erf_tail(t * t), T::ONE - x);
    let tail = erfc_tail(t);
    choose(t < T::ERF_LOW, near, choose(x < T::ZERO, T::TWO - tail, tail))
}

/// `factor exp(-square)`, where both come as unevaluated sums.
#[inline(always)]
fn bell<T: Real>((square, square_low): (T, T), (factor, factor_low): (T, T)) -> T {
    let ExpParts { shifted, power, power_low } = exp_parts(-square, -square_low);
    let high = power * factor;
    let low = power_low.fma(factor, power.fma(factor_low, power.fma(factor, -high)));
    (high + low).scaled(shifted)
}

/// The derivative of the error function.
#[inline(always)]
pub(super) fn erf_slope<T: Real>(x: T) -> T {
    let t = clamp(x.magnitude(), T::ZERO, T::ERFC_HIGH);
    let square = t * t;
    bell((square, t.fma(t, -square)), (T::TWO_OVER_ROOT_PI, T::TWO_OVER_ROOT_PI_LOW))
}

/// The density of the standard normal distribution.
#[inline(always)]
pub(super) fn normpdf<T: Real>(x: T) -> T {
    let t = clamp(x.magnitude(), T::ZERO, T::NORMAL_HIGH);
    let square = t * t;
    let half = (T::HALF * square, T::HALF * t.fma(t, -square));
    bell(half, (T::NORMAL_DENSITY, T::NORMAL_DENSITY_LOW))
}

/// The distribution function of the standard normal distribution at minus a magnitude, from 0.665 on.
#[inline(always)]
fn normal_tail<T: Real>(t: T) -> Tail<T> {
    let x = t * T::ROOT_HALF;
    let x_low = t.fma(T::ROOT_HALF_LOW, t.fma(T::ROOT_HALF, -x));
    let square = t * t;
    let square_low = t.fma(t, -square);
    let tail = tail((x, x_low), (T::HALF * square, T::HALF * square_low));
    Tail { high: T::HALF * tail.high, low: T::HALF * tail.low, ..tail }
}

/// The distribution function near 0: a half, and `x / sqrt(8)` times `erf(y) / y` at `y = x / sqrt(2)`.
#[inline(always)]
fn normal_middle<T: Real>(x: T) -> T {
    let slope = T::ONE + T::erf_tail(T::HALF * (x * x));
    (T::HALF * T::ROOT_HALF * x).fma(slope, T::HALF)
}

#[inline(always)]
pub(super) fn normcdf<T: Real>(x: T) -> T {
    let t = clamp(x.magnitude(), T::ZERO, T::NORMAL_HIGH);
    let Tail { shifted, high, low, .. } = normal_tail(t);
    let tail = (high + low).scaled(shifted);
    let outside = choose(x < T::ZERO, tail, T::ONE - tail);
    choose(t < T::NORMAL_LOW, normal_middle(x), outside)
}

/// `x` times the distribution function, scaled last, so that a subnormal result is rounded once.
#[inline(always)]
pub(super) fn gelu<T: Real>(x: T) -> T {
    let t = clamp(x.magnitude(), T::ZERO, T::NORMAL_HIGH);
    let Tail { shifted, high, low, .. } = normal_tail(t);
    let missed = (t * (high + low)).scaled(shifted);
    let outside = choose(x < T::ZERO, -missed, x - missed);
    choose(t < T::NORMAL_LOW, x * normal_middle(x), outside)
}

/// The distribution function, and `x` times the density.
#[inline(always)]
pub(super) fn gelu_slope<T: Real>(x: T) -> T {
    let t = clamp(x.magnitude(), T::ZERO, T::NORMAL_HIGH);
    let Tail { shifted, power, high, low } = normal_tail(t);
    let rise = (t * T::NORMAL_DENSITY) * power;
    let missed = ((high - rise) + low).scaled(shifted);
    let outside = choose(x < T::ZERO, missed, T::ONE - missed);
    let inside = normal_middle(x) + rise.scaled(shifted).with_sign(x);
    choose(t < T::NORMAL_LOW, inside, outside)
}
