//! Powers and roots, written once for both real types.

use super::elementary::{ExpParts, choose, clamp, exp_parts, quick_sum, split_positive};
use super::real::Real;

/// The logarithm of a positive number as an unevaluated sum, to half as many digits again as one number has: with
/// `s = f / (2 + f)` it is `2s + 2 s^3 / 3` in such sums, and a series in single numbers.
#[inline(always)]
fn log_pair<T: Real>(x: T) -> (T, T) {
    let (k, m) = split_positive(x);
    let f = m - T::ONE;
    let (sum, sum_low) = quick_sum(T::TWO, f);
    let inverse = T::ONE / sum;
    let s = f * inverse;
    let s_low = (s.fma(-sum, f) - s * sum_low) * inverse;
    let z = s * s;
    let z_low = (T::TWO * s).fma(s_low, s.fma(s, -z));
    let cube = s * z;
    let cube_low = s.fma(z, -cube) + s.fma(z_low, s_low * z);
    let third = cube * T::TWO_THIRDS;
    let third_low = cube.fma(T::TWO_THIRDS, -third) + cube.fma(T::TWO_THIRDS_LOW, cube_low * T::TWO_THIRDS);
    let rest = (cube * z).fma(T::power_series(z), T::TWO.fma(s_low, third_low));
    let base = k * T::LN_2;
    let base_low = k.fma(T::LN_2_LOW, k.fma(T::LN_2, -base));
    let (high, first) = quick_sum(base, T::TWO * s);
    let (high, second) = quick_sum(high, third);
    quick_sum(high, (first + second) + (base_low + rest))
}

/// `|x|` to the power of `y`, for all of both.
#[inline(always)]
fn magnitude_to_power<T: Real>(t: T, y: T) -> T {
    let (high, low) = log_pair(t);
    let ordinary = t > T::ZERO && t < T::INFINITY;
    let high = choose(ordinary, high, choose(t == T::ZERO, -T::INFINITY, t));
    let product = y * high;
    let usual = ordinary && product.magnitude() < T::EXP_HIGH - T::EXP_LOW;
    let product_low = choose(usual, y.fma(low, y.fma(high, -product)), T::ZERO);
    let ExpParts { shifted, power, .. } = exp_parts(clamp(product, T::EXP_LOW, T::EXP_HIGH), product_low);
    let z = power.scaled(shifted);
    choose(t == T::ONE && y.magnitude() == T::INFINITY, T::ONE, z)
}

/// By the rules of IEEE 754.
#[inline(always)]
pub(super) fn pow<T: Real>(x: T, y: T) -> T {
    let z = magnitude_to_power(x.magnitude(), y);
    let half = T::HALF * y;
    let whole = y.truncated() == y;
    let odd = whole && half.truncated() != half;
    let z = choose(odd, z.with_sign(x), z);
    let z = choose(x < T::ZERO && x > -T::INFINITY && !whole, T::NAN, z);
    choose(y == T::ZERO || x == T::ONE, T::ONE, z)
}

/// The inverse of the root by a polynomial and a step of Newton's method, then a step for the root itself.
#[inline(always)]
pub(super) fn cbrt<T: Real>(x: T) -> T {
    let t = x.magnitude();
    let (k, m) = split_positive(t);
    let shifted = k.fma(T::THIRD, T::SHIFT);
    let rest = k - (T::TWO + T::ONE) * (shifted - T::SHIFT);
    let (up, down) = (rest > T::ZERO, rest < T::ZERO);
    let inverse = T::inverse_cube_root(m);
    let m = choose(up, T::TWO * m, choose(down, T::HALF * m, m));
    let inverse = inverse * choose(up, T::HALF * T::CBRT_4, choose(down, T::CBRT_2, T::ONE));
    let error = (m * (inverse * inverse)).fma(-inverse, T::ONE);
    let inverse = (inverse * error).fma(T::THIRD, inverse);
    let square = inverse * inverse;
    let root = m * square;
    let root_square = root * root;
    let remainder = root_square.fma(-root, m) - root.fma(root, -root_square) * root;
    let root = (remainder * T::THIRD).fma(square, root);
    let y = (root * T::power_of_two(shifted)).with_sign(x);
    choose(t > T::ZERO && t < T::INFINITY, y, x)
}

/// The root of the sum of squares, which stay within the range of numbers by a power of two, with what they lost.
#[inline(always)]
pub(super) fn hypot<T: Real>(x: T, y: T) -> T {
    let (a, b) = (x.magnitude(), y.magnitude());
    let (great, small) = (choose(a < b, b, a), choose(a < b, a, b));
    let (high, low) = (great > T::HUGE, great < T::MINUTE);
    let factor = choose(high, T::MIN_FACTOR, choose(low, T::MAX_FACTOR, T::ONE));
    let back = choose(high, T::MAX_FACTOR, choose(low, T::MIN_FACTOR, T::ONE));
    let (great, small) = (great * factor, small * factor);
    let (great_square, small_square) = (great * great, small * small);
    let lost = great.fma(great, -great_square) + small.fma(small, -small_square);
    let (sum, sum_low) = quick_sum(great_square, small_square);
    let root = sum.root();
    let remainder = root.fma(-root, sum) + (sum_low + lost);
    let root = choose(root > T::ZERO, remainder.fma(T::HALF / root, root), root);
    choose(a == T::INFINITY || b == T::INFINITY, T::INFINITY, root * back)
}
