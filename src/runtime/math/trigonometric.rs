//! Trigonometric functions and their inverses, written once for both real types.

use super::elementary::{choose, clamp, quick_sum};
use super::real::Real;

/// An angle within a quarter of pi of a whole number `n` of quarter turns: `n + SHIFT`, and the sine and cosine of the rest,
/// each as an unevaluated sum.
struct Turned<T> {
    shifted: T,
    sine: (T, T),
    cosine: (T, T),
}

/// An argument must be small enough that its number of quarter turns is exact.
#[inline(always)]
fn turned<T: Real>(x: T) -> Turned<T> {
    let shifted = x.fma(T::TWO_OVER_PI, T::SHIFT);
    let n = shifted - T::SHIFT;
    let coarse = n.fma(-T::HALF_PI, x);
    let middle = n * T::HALF_PI_MIDDLE;
    let middle_low = n.fma(T::HALF_PI_MIDDLE, -middle);
    let r = coarse - middle;
    let r_low = n.fma(-T::HALF_PI_LOW, ((coarse - r) - middle) - middle_low);
    let z = r * r;
    let half_z = T::HALF * z;
    let sine_low = (z * r).fma(T::sin_tail(z), half_z.fma(-r_low, r_low));
    let flat = T::ONE - half_z;
    let cosine_low = ((T::ONE - flat) - half_z) + (z * z).fma(T::cos_tail(z), -(r * r_low));
    Turned { shifted, sine: (r, sine_low), cosine: (flat, cosine_low) }
}

/// The sine (`quarter` false) or the cosine (true) of an argument small enough that its number of quarter turns is exact.
#[inline(always)]
pub(super) fn sine<T: Real>(x: T, quarter: bool) -> T {
    let Turned { shifted, sine, cosine } = turned(x);
    let turned = choose(quarter, shifted + T::ONE, shifted);
    let y = choose(T::has_bit(turned, 1), cosine.0 + cosine.1, sine.0 + sine.1);
    let y = choose(T::has_bit(turned, 2), -y, y);
    choose(!quarter && x.magnitude() < T::SMALL, x, y)
}

/// The tangent, as a quotient of corrected numbers.
#[inline(always)]
pub(super) fn tan<T: Real>(x: T) -> T {
    let Turned { shifted, sine, cosine } = turned(x);
    let odd = T::has_bit(shifted, 1);
    let top = choose(odd, cosine, sine);
    let bottom = choose(odd, sine, cosine);
    let (sum, sum_low) = quick_sum(bottom.0, bottom.1);
    let reciprocal = T::ONE / sum;
    let (high, low) = quick_sum(top.0, top.1);
    let quotient = high * reciprocal;
    let remainder = quotient.fma(-sum, high) + quotient.fma(-sum_low, low);
    let y = remainder.fma(reciprocal, quotient);
    let y = choose(odd, -y, y);
    choose(x.magnitude() < T::SMALL, x, y)
}

/// Beyond `tan(pi / 8)` the angle is `pi / 4` and that of `(t - 1) / (t + 1)`, and beyond `tan(3 pi / 8)` it is `pi / 2` and
/// that of `-1 / t`.
#[inline(always)]
pub(super) fn atan<T: Real>(x: T) -> T {
    let t = clamp(x.magnitude(), T::ZERO, T::LARGE);
    let (middle, steep) = (t > T::TAN_EIGHTH_PI, t > T::TAN_THREE_EIGHTHS_PI);
    let (less, more) = (t - T::ONE, t + T::ONE);
    let top = choose(steep, -T::ONE, choose(middle, less, t));
    let bottom = choose(steep, t, choose(middle, more, T::ONE));
    let s = top / bottom;
    let between = middle && !steep;
    let top_low = choose(between, t - (less + T::ONE), T::ZERO);
    let bottom_low = choose(between, t - (more - T::ONE), T::ZERO);
    let s_low = (s.fma(-bottom, top) + s.fma(-bottom_low, top_low)) / bottom;
    let base = choose(steep, T::HALF_PI, choose(middle, T::QUARTER_PI, T::ZERO));
    let base_low = choose(steep, T::HALF_PI_MIDDLE, choose(middle, T::HALF * T::HALF_PI_MIDDLE, T::ZERO));
    let z = s * s;
    let tail = (z * s).fma(T::atan_tail(z), z.fma(-s_low, s_low));
    let (sum, sum_low) = quick_sum(base, s);
    (sum + (sum_low + (tail + base_low))).with_sign(x)
}

/// What the inverse sine and cosine share: with `t = |x|`, whether it is above a half; then the inverse sine of
/// `sqrt((1 - t) / 2)`, elsewhere that of `t`, as an unevaluated sum.
#[inline(always)]
fn asin_parts<T: Real>(t: T) -> (bool, T, T) {
    let high = t > T::HALF;
    let z = choose(high, T::HALF * (T::ONE - t), t * t);
    let s = choose(high, z.root(), t);
    let s_low = choose(high && z > T::ZERO, s.fma(-s, z) * (T::HALF / s), T::ZERO);
    (high, s, (s * z).fma(T::asin_tail(z), s_low))
}

#[inline(always)]
pub(super) fn asin<T: Real>(x: T) -> T {
    let (high, s, low) = asin_parts(x.magnitude());
    let (sum, sum_low) = quick_sum(T::HALF_PI, -T::TWO * s);
    let turned = sum + (sum_low + low.fma(-T::TWO, T::HALF_PI_MIDDLE));
    choose(high, turned, s + low).with_sign(x)
}

/// Twice the angle of `s` beyond a half, `pi` less that below minus a half, and `pi / 2 - asin(x)` between.
#[inline(always)]
pub(super) fn acos<T: Real>(x: T) -> T {
    let (high, s, low) = asin_parts(x.magnitude());
    let twice = T::TWO * (s + low);
    let negative = x < T::ZERO;
    let base = choose(high, T::TWO * T::HALF_PI, T::HALF_PI);
    let base_low = choose(high, T::TWO * T::HALF_PI_MIDDLE, T::HALF_PI_MIDDLE);
    let (s, low) = (choose(high, T::TWO * s, s.with_sign(x)), choose(high, T::TWO * low, choose(negative, -low, low)));
    let (sum, sum_low) = quick_sum(base, -s);
    choose(high && !negative, twice, sum + (sum_low + (base_low - low)))
}

/// The angle of the point (`x`, `y`): that of the smaller magnitude over the greater, or of `(small - great) / (small + great)`
/// beyond an eighth of pi, moved into its octant.
#[inline(always)]
pub(super) fn atan2<T: Real>(y: T, x: T) -> T {
    let (up, across) = (y.magnitude(), x.magnitude());
    let swapped = up > across;
    let (great, small) = (choose(swapped, up, across), choose(swapped, across, up));
    let infinite = great == T::INFINITY;
    let factor = choose(great > T::HUGE, T::QUARTER, choose(great < T::MINUTE, T::MAX_FACTOR, T::ONE));
    let small = choose(infinite, choose(small == T::INFINITY, T::ONE, T::ZERO * small), small * factor);
    let great = choose(infinite || great == T::ZERO, T::ONE, great * factor);
    let middle = small > T::TAN_EIGHTH_PI * great;
    let (top, top_low) = quick_sum(-great, small);
    let (bottom, bottom_low) = quick_sum(great, small);
    let (top, top_low) = (choose(middle, top, small), choose(middle, top_low, T::ZERO));
    let (bottom, bottom_low) = (choose(middle, bottom, great), choose(middle, bottom_low, T::ZERO));
    let s = top / bottom;
    let s_low = (s.fma(-bottom, top) + s.fma(-bottom_low, top_low)) / bottom;
    let z = s * s;
    let tail = (z * s).fma(T::atan_tail(z), z.fma(-s_low, s_low));
    let quarters = choose(middle, T::HALF, T::ZERO);
    let quarters = choose(swapped, T::ONE - quarters, quarters);
    let back = T::ONE.with_sign(x) < T::ZERO;
    let quarters = choose(back, T::TWO - quarters, quarters);
    let opposed = swapped != back;
    let (s, tail) = (choose(opposed, -s, s), choose(opposed, -tail, tail));
    let base = quarters * T::HALF_PI;
    let base_low = quarters.fma(T::HALF_PI_MIDDLE, quarters.fma(T::HALF_PI, -base));
    let (sum, sum_low) = quick_sum(base, s);
    (sum + (sum_low + (base_low + tail))).with_sign(y)
}
