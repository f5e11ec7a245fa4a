//! Exponentials and logarithms, written once for both real types.
//!
//! Every step is an addition, multiplication, division, fused multiply-add, comparison or bit operation, and choices are
//! selects, so that loops become vector code and all processors agree.

use super::real::Real;

#[inline(always)]
pub(super) fn choose<T>(condition: bool, yes: T, no: T) -> T {
    if condition { yes } else { no }
}

/// `x` moved into `low ..= high`; NaN stays.
#[inline(always)]
pub(super) fn clamp<T: Real>(x: T, low: T, high: T) -> T {
    let x = choose(x < low, low, x);
    choose(x > high, high, x)
}

/// The sum and its rounding error, where `a` is the greater or 0.
#[inline(always)]
pub(super) fn quick_sum<T: Real>(a: T, b: T) -> (T, T) {
    let sum = a + b;
    (sum, b - (sum - a))
}

/// `e^(x + low) = 2^n (power + power_low)`, where `shifted = n + SHIFT`, for `x` in the range of the exponential.
pub(super) struct ExpParts<T> {
    pub(super) shifted: T,
    pub(super) power: T,
    pub(super) power_low: T,
}

#[inline(always)]
pub(super) fn exp_parts<T: Real>(x: T, low: T) -> ExpParts<T> {
    let shifted = x.fma(T::LOG2_E, T::SHIFT);
    let n = shifted - T::SHIFT;
    let (r, r_low) = quick_sum(n.fma(-T::LN_2, x), n.fma(-T::LN_2_LOW, low));
    let (sum, sum_low) = quick_sum(T::ONE, r);
    let rest = sum_low + (r * r).fma(T::exp_tail(r), r_low);
    let (power, power_low) = quick_sum(sum, rest);
    ExpParts { shifted, power, power_low }
}

#[inline(always)]
pub(super) fn exp<T: Real>(x: T) -> T {
    let x = clamp(x, T::EXP_LOW, T::EXP_HIGH);
    let shifted = x.fma(T::LOG2_E, T::SHIFT);
    let n = shifted - T::SHIFT;
    let r = n.fma(-T::LN_2_LOW, n.fma(-T::LN_2, x));
    let (sum, sum_low) = quick_sum(T::ONE, r);
    let power = sum + (r * r).fma(T::exp_tail(r), sum_low);
    power.scaled(shifted)
}

#[inline(always)]
pub(super) fn exp2<T: Real>(x: T) -> T {
    let x = clamp(x, T::EXP2_LOW, T::EXP2_HIGH);
    let shifted = x + T::SHIFT;
    let part = x - (shifted - T::SHIFT);
    let r = part * T::LN_2;
    let low = part.fma(T::LN_2_LOW, part.fma(T::LN_2, -r));
    let power = T::ONE + (r + (r * r).fma(T::exp_tail(r), low));
    power.scaled(shifted)
}

/// `exp(x) - 1` as four times an unevaluated sum of a number and a correction, for `x` in the range of the exponential.
#[inline(always)]
pub(super) fn quarter_expm1<T: Real>(x: T) -> (T, T) {
    let shifted = x.fma(T::LOG2_E, T::SHIFT);
    let n = shifted - T::SHIFT;
    let coarse = n.fma(-T::LN_2, x);
    let r = n.fma(-T::LN_2_LOW, coarse);
    let r_low = n.fma(-T::LN_2_LOW, coarse - r);
    let tail = (r * r).fma(T::exp_tail(r), r_low);
    let power = r + tail;
    let power_low = (r - power) + tail;
    let factor = T::power_of_two(shifted - T::TWO);
    let base = factor - T::QUARTER;
    let high = power.fma(factor, base);
    let low = power_low.fma(factor, power.fma(factor, base - high));
    (high, low)
}

#[inline(always)]
pub(super) fn expm1<T: Real>(x: T) -> T {
    let (high, low) = quarter_expm1(clamp(x, T::EXPM1_LOW, T::EXP_HIGH));
    choose(x.magnitude() < T::TINY, x, T::FOUR * (high + low))
}

/// What the logarithms share: `x = 2^k (1 + f)`, `square = f^2 / 2`, and the rest of `log(1 + f) = f - square + rest`.
struct LogParts<T> {
    k: T,
    f: T,
    square: T,
    rest: T,
}

#[inline(always)]
fn log_parts<T: Real>((k, m): (T, T)) -> LogParts<T> {
    let f = m - T::ONE;
    let square = T::HALF * f * f;
    LogParts { k, f, square, rest: f.log_rest(square) }
}

/// [`Real::split`] for all positive numbers, subnormal ones included.
#[inline(always)]
pub(super) fn split_positive<T: Real>(x: T) -> (T, T) {
    let low = x < T::MIN_NORMAL;
    let (k, m) = choose(low, x * T::LIFT, x).split();
    (k - choose(low, T::LIFT_EXPONENT, T::ZERO), m)
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
    let LogParts { k, f, square, rest } = log_parts(split_positive(x));
    log_edges(x, k.fma(T::LN_2, f - (square - k.fma(T::LN_2_LOW, rest))))
}

#[inline(always)]
pub(super) fn log1p<T: Real>(x: T) -> T {
    let u = T::ONE + x;
    let back = u - T::ONE;
    let error = (T::ONE - (u - back)) + (x - back);
    let LogParts { k, f, square, rest } = log_parts(u.split());
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
    let parts = log_parts(split_positive(x));
    let (high, low) = log_fraction(&parts);
    let product = high * T::LOG2_E;
    let error = high.fma(T::LOG2_E, -product) + high.fma(T::LOG2_E_LOW, low * T::LOG2_E);
    let sum = parts.k + product;
    log_edges(x, sum + (((parts.k - sum) + product) + error))
}

#[inline(always)]
pub(super) fn log10<T: Real>(x: T) -> T {
    let parts = log_parts(split_positive(x));
    let (high, low) = log_fraction(&parts);
    let product = high * T::LOG10_E;
    let error = high.fma(T::LOG10_E, -product) + high.fma(T::LOG10_E_LOW, low * T::LOG10_E);
    let base = parts.k * T::LOG10_2;
    let base_error = parts.k.fma(T::LOG10_2_LOW, parts.k.fma(T::LOG10_2, -base));
    let sum = base + product;
    log_edges(x, sum + (((base - sum) + product) + (error + base_error)))
}

/// `top / (1 + power)`, corrected for what its divisor lost: with `power = exp(-|x|)` the logistic function of `|x|` where the
/// top is 1, and of `-|x|` where it is the power.
#[inline(always)]
pub(super) fn logistic<T: Real>(top: T, power: T) -> T {
    let (sum, sum_low) = quick_sum(T::ONE, power);
    let inverse = T::ONE / sum;
    let quotient = top * inverse;
    let remainder = quotient.fma(-sum_low, quotient.fma(-sum, top));
    remainder.fma(inverse, quotient)
}

#[inline(always)]
pub(super) fn sigmoid<T: Real>(x: T) -> T {
    let power = exp(-x.magnitude());
    logistic(choose(x < T::ZERO, power, T::ONE), power)
}

#[inline(always)]
pub(super) fn softplus<T: Real>(x: T) -> T {
    let high = choose(x < T::ZERO, T::ZERO, x);
    high + log1p(exp(-x.magnitude()))
}
