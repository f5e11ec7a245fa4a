//! The usual approximation of the Gaussian error linear unit, written once for both real types.

use super::elementary::{ExpParts, choose, clamp, exp_parts, logistic, quick_sum};
use super::real::Real;

/// The argument of the logistic function in `gelu_tanh(x) = x sigmoid(u)` for a magnitude, and what `u` lost in rounding: the
/// exponential would turn that into as many units in the last place as `u` is large.
#[inline(always)]
fn argument<T: Real>(t: T) -> (T, T) {
    let square = t * t;
    let square_low = t.fma(t, -square);
    let cubic = T::GELU_CUBIC * square;
    let cubic_low = T::GELU_CUBIC.fma(square, -cubic) + T::GELU_CUBIC.fma(square_low, T::GELU_CUBIC_LOW * square);
    let sum = T::ONE + cubic;
    let back = sum - T::ONE;
    let sum_low = ((T::ONE - (sum - back)) + (cubic - back)) + cubic_low;
    let product = t * sum;
    let product_low = t.fma(sum_low, t.fma(sum, -product));
    let whole = T::GELU_RATE * product;
    let low = T::GELU_RATE.fma(product, -whole) + T::GELU_RATE.fma(product_low, T::GELU_RATE_LOW * product);
    quick_sum(whole, low)
}

/// `exp(-u)` for the argument of a magnitude up to 100, beyond which it is 0 long since.
#[inline(always)]
fn exp_minus<T: Real>((u, low): (T, T)) -> ExpParts<T> {
    // So low that a hundred times the power is 0 too.
    let least = T::EXP_LOW - T::FOUR * T::FOUR;
    let low = choose(-u < least, T::ZERO, low);
    exp_parts(clamp(-u, least, T::ZERO), -low)
}

/// Below 0 the power of two comes last, so that a subnormal result is rounded once.
#[inline(always)]
pub(super) fn gelu_tanh<T: Real>(x: T) -> T {
    let t = clamp(x.magnitude(), T::ZERO, T::HUNDRED);
    let ExpParts { shifted, power, .. } = exp_minus(argument(t));
    let negative = x < T::ZERO;
    let share = logistic(choose(negative, power, T::ONE), power.scaled(shifted));
    choose(negative, (-t * share).scaled(shifted), x * share)
}

/// `t u'(t) = 3 u - 2 rate t` for a magnitude and its argument, as an unevaluated sum.
#[inline(always)]
fn rise<T: Real>(t: T, (u, u_low): (T, T)) -> (T, T) {
    let rate = T::TWO * T::GELU_RATE;
    let straight = rate * t;
    let straight_low = (T::TWO * T::GELU_RATE_LOW).fma(t, rate.fma(t, -straight));
    let (thrice, thrice_low) = quick_sum(T::TWO * u, u);
    let (sum, sum_low) = quick_sum(thrice, -straight);
    (sum, (sum_low + thrice_low) + (T::FOUR.fma(u_low, -u_low) - straight_low))
}

/// At minus a magnitude it is `p (1 + p - t u'(t)) / (1 + p)^2` with `p = exp(-u)`, and at the magnitude the rest to 1. One
/// fraction for both, since a sum of two would cancel around its zero.
#[inline(always)]
pub(super) fn gelu_tanh_slope<T: Real>(x: T) -> T {
    let t = clamp(x.magnitude(), T::ZERO, T::HUNDRED);
    let argument = argument(t);
    let ExpParts { shifted, power, .. } = exp_minus(argument);
    let (rise, rise_low) = rise(t, argument);
    let small = power.scaled(shifted);
    let whole = T::ONE + small;
    let top = (T::ONE - rise) + (small - rise_low);
    let below = (power * top / (whole * whole)).scaled(shifted);
    choose(x < T::ZERO, below, T::ONE - below)
}
