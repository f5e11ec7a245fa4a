//! The elementary functions, written once for both real types.
//!
//! Every step is an addition, multiplication, division, fused multiply-add, comparison or bit operation, and choices are
//! selects, so that loops become vector code and all processors agree.

use super::real::Real;

#[inline(always)]
fn choose<T>(condition: bool, yes: T, no: T) -> T {
    if condition { yes } else { no }
}

/// `x` moved into `low ..= high`; NaN stays.
#[inline(always)]
fn clamp<T: Real>(x: T, low: T, high: T) -> T {
    let x = choose(x < low, low, x);
    choose(x > high, high, x)
}

/// `y * 2^n` for an integer `n` as far out as twice the exponent range, rounded once.
#[inline(always)]
fn scale<T: Real>(y: T, n: T) -> T {
    let shifted_half = n.fma(T::HALF, T::SHIFT);
    let rest = n - (shifted_half - T::SHIFT);
    y * T::power_of_two(shifted_half) * T::power_of_two(rest + T::SHIFT)
}

#[inline(always)]
pub(super) fn exp<T: Real>(x: T) -> T {
    let x = clamp(x, T::EXP_LOW, T::EXP_HIGH);
    let n = x.fma(T::LOG2_E, T::SHIFT) - T::SHIFT;
    let r = n.fma(-T::LN_2_LOW, n.fma(-T::LN_2, x));
    let power = T::ONE + (r * r).fma(T::exp_tail(r), r);
    scale(power, n)
}

#[inline(always)]
pub(super) fn exp2<T: Real>(x: T) -> T {
    let x = clamp(x, T::EXP2_LOW, T::EXP2_HIGH);
    let n = (x + T::SHIFT) - T::SHIFT;
    let part = x - n;
    let r = part * T::LN_2;
    let low = part.fma(T::LN_2_LOW, part.fma(T::LN_2, -r));
    let power = T::ONE + (r + (r * r).fma(T::exp_tail(r), low));
    scale(power, n)
}

/// `exp(x) - 1` as twice an unevaluated sum of a number and a correction, for `x` in the range of the exponential.
#[inline(always)]
fn half_expm1<T: Real>(x: T) -> (T, T) {
    let shifted = x.fma(T::LOG2_E, T::SHIFT);
    let n = shifted - T::SHIFT;
    let coarse = n.fma(-T::LN_2, x);
    let r = n.fma(-T::LN_2_LOW, coarse);
    let r_low = n.fma(-T::LN_2_LOW, coarse - r);
    let tail = (r * r).fma(T::exp_tail(r), r_low);
    let power = r + tail;
    let power_low = (r - power) + tail;
    let factor = T::power_of_two(shifted - T::ONE);
    let base = factor - T::HALF;
    let high = power.fma(factor, base);
    let low = power_low.fma(factor, power.fma(factor, base - high));
    (high, low)
}

#[inline(always)]
pub(super) fn expm1<T: Real>(x: T) -> T {
    let (high, low) = half_expm1(clamp(x, T::EXPM1_LOW, T::EXP_HIGH));
    choose(x.magnitude() < T::TINY, x, T::TWO * (high + low))
}

/// What the logarithms share: `x = 2^k (1 + f)`, `square = f^2 / 2`, and the rest of `log(1 + f) = f - square + rest`.
struct LogParts<T> {
    k: T,
    f: T,
    square: T,
    rest: T,
}

#[inline(always)]
fn log_parts<T: Real>(x: T) -> LogParts<T> {
    let (k, m) = x.split();
    let f = m - T::ONE;
    let square = T::HALF * f * f;
    let s = f / (T::TWO + f);
    let z = s * s;
    let rest = s * z.fma(T::log_series(z), square);
    LogParts { k, f, square, rest }
}

/// The parts of a positive number, subnormal ones included.
#[inline(always)]
fn lifted_log_parts<T: Real>(x: T) -> LogParts<T> {
    let low = x < T::MIN_NORMAL;
    let parts = log_parts(choose(low, x * T::LIFT, x));
    LogParts { k: parts.k - choose(low, T::LIFT_EXPONENT, T::ZERO), ..parts }
}

/// The logarithm to any base at arguments that are not positive numbers: `y` elsewhere.
#[inline(always)]
fn log_edges<T: Real>(x: T, y: T) -> T {
    let y = choose(x < T::INFINITY, y, x);
    let y = choose(x < T::ZERO, T::NAN, y);
    choose(x == T::ZERO, -T::INFINITY, y)
}

#[inline(always)]
pub(super) fn log<T: Real>(x: T) -> T {
    let LogParts { k, f, square, rest } = lifted_log_parts(x);
    log_edges(x, k.fma(T::LN_2, f - (square - k.fma(T::LN_2_LOW, rest))))
}

#[inline(always)]
pub(super) fn log1p<T: Real>(x: T) -> T {
    let u = T::ONE + x;
    let back = u - T::ONE;
    let error = (T::ONE - (u - back)) + (x - back);
    let LogParts { k, f, square, rest } = log_parts(u);
    let y = k.fma(T::LN_2, f - (square - (rest + k.fma(T::LN_2_LOW, error / u))));
    choose(x.magnitude() < T::TINY, x, log_edges(u, y))
}

/// `log(1 + f)` of the parts as an unevaluated sum.
#[inline(always)]
fn log_fraction<T: Real>(parts: &LogParts<T>) -> (T, T) {
    let &LogParts { f, square, rest, .. } = parts;
    let square_error = (T::HALF * f).fma(f, -square);
    let high = f - square;
    (high, ((f - high) - square) + (rest - square_error))
}

#[inline(always)]
pub(super) fn log2<T: Real>(x: T) -> T {
    let parts = lifted_log_parts(x);
    let (high, low) = log_fraction(&parts);
    let product = high * T::LOG2_E;
    let error = high.fma(T::LOG2_E, -product) + high.fma(T::LOG2_E_LOW, low * T::LOG2_E);
    let sum = parts.k + product;
    log_edges(x, sum + (((parts.k - sum) + product) + error))
}

#[inline(always)]
pub(super) fn log10<T: Real>(x: T) -> T {
    let parts = lifted_log_parts(x);
    let (high, low) = log_fraction(&parts);
    let product = high * T::LOG10_E;
    let error = high.fma(T::LOG10_E, -product) + high.fma(T::LOG10_E_LOW, low * T::LOG10_E);
    let base = parts.k * T::LOG10_2;
    let base_error = parts.k.fma(T::LOG10_2_LOW, parts.k.fma(T::LOG10_2, -base));
    let sum = base + product;
    log_edges(x, sum + (((base - sum) + product) + (error + base_error)))
}

/// With `t = (exp(2x) - 1) / 2` this is `t / (t + 1)`, where both the numerator and the denominator carry a correction.
#[inline(always)]
pub(super) fn tanh<T: Real>(x: T) -> T {
    let magnitude = clamp(x.magnitude(), T::ZERO, T::TANH_HIGH);
    let (t, t_low) = half_expm1(T::TWO * magnitude);
    let sum = t + T::ONE;
    let back = sum - t;
    let sum_low = ((t - (sum - back)) + (T::ONE - back)) + t_low;
    let reciprocal = T::ONE / sum;
    let quotient = t * reciprocal;
    let remainder = quotient.fma(-sum, t) + quotient.fma(-sum_low, t_low);
    let y = remainder.fma(reciprocal, quotient).with_sign(x);
    choose(x.magnitude() < T::SMALL, x, y)
}

#[inline(always)]
pub(super) fn sigmoid<T: Real>(x: T) -> T {
    let power = exp(-x.magnitude());
    choose(x < T::ZERO, power, T::ONE) / (T::ONE + power)
}

#[inline(always)]
pub(super) fn softplus<T: Real>(x: T) -> T {
    let high = choose(x < T::ZERO, T::ZERO, x);
    high + log1p(exp(-x.magnitude()))
}

/// The sine (`quarter` false) or the cosine (true) of an argument small enough that its number of quarter turns is exact.
#[inline(always)]
pub(super) fn sine<T: Real>(x: T, quarter: bool) -> T {
    let shifted = x.fma(T::TWO_OVER_PI, T::SHIFT);
    let n = shifted - T::SHIFT;
    let coarse = n.fma(-T::HALF_PI, x);
    let middle = n * T::HALF_PI_MIDDLE;
    let middle_low = n.fma(T::HALF_PI_MIDDLE, -middle);
    let r = coarse - middle;
    let r_low = n.fma(-T::HALF_PI_LOW, ((coarse - r) - middle) - middle_low);
    let z = r * r;
    let half_z = T::HALF * z;
    let sine = r + (z * r).fma(T::sin_tail(z), half_z.fma(-r_low, r_low));
    let flat = T::ONE - half_z;
    let cosine = flat + (((T::ONE - flat) - half_z) + (z * z).fma(T::cos_tail(z), -(r * r_low)));
    let turned = choose(quarter, shifted + T::ONE, shifted);
    let y = choose(T::has_bit(turned, 1), cosine, sine);
    let y = choose(T::has_bit(turned, 2), -y, y);
    choose(!quarter && x.magnitude() < T::SMALL, x, y)
}
