//! The gamma function, its logarithm and the derivatives of that, in double precision.

use super::real::Real;
use crate::runtime::math::double;
use std::f64::consts::PI;

pub fn gamma(x: f64) -> f64 {
    double::tgamma(x)
}

pub fn lgamma(x: f64) -> f64 {
    if is_pole(x) {
        return f64::INFINITY;
    }
    if x > 0.0 || x.is_nan() || x > -1e-5 {
        return double::lgamma(x);
    }
    // log(pi / |x sin(pi x)|) - lgamma(-x); the quotient is kept in two parts, since the logarithms nearly cancel.
    let divisor = x * sine_of_turns(x).0;
    let quotient = PI / divisor.abs();
    let rest = (f64::mul_add(-quotient, divisor.abs(), PI) + PI_REST) / (divisor.abs() * quotient);
    Real::log(quotient) - double::lgamma(-x) + rest
}

/// What pi loses in rounding to double precision.
const PI_REST: f64 = 1.224_646_799_147_353_2e-16;

/// The positive zero of digamma, in two parts.
const ROOT: f64 = 1.461_632_144_968_362_3;
const ROOT_REST: f64 = 9.549_995_429_965_697e-17;

/// Chebyshev coefficients of `digamma(x) / (x - root)` on [1, 2], computed for this file with 60 digits.
const NEAR_ROOT: [f64; 24] = [
    0.983570260441567,
    -0.2270640863346444,
    0.03336889902393011,
    -0.005320077271596548,
    0.0008788656937820505,
    -0.00014773492650606044,
    2.5060543468359146e-05,
    -4.2721034029993324e-06,
    7.302769272465923e-07,
    -1.2502886813559594e-07,
    2.1425009322359472e-08,
    -3.673295918565179e-09,
    6.299717236108931e-10,
    -1.080593028883266e-10,
    1.853735192053638e-11,
    -3.18023536582553e-12,
    5.456147570322795e-13,
    -9.360993131036438e-14,
    1.606064636295075e-14,
    -2.7555431377438815e-15,
    4.727736178601912e-16,
    -8.11148420346509e-17,
    1.391707769474154e-17,
    -2.3877901082188625e-18,
];

/// Bernoulli numbers B₂, B₄, ….
const BERNOULLI: [f64; 12] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174611.0 / 330.0,
    854513.0 / 138.0,
    -236364091.0 / 2730.0,
];

/// `(sin(pi r), cos(pi r))` for the part `r` of x above the integer below it. The distance to the nearest integer or half
/// is exact.
fn sine_of_turns(x: f64) -> (f64, f64) {
    let rest = x - x.round_ties_even();
    let distance = rest.abs();
    let (sine, cosine) = if distance <= 0.25 {
        (Real::sin(PI * distance), Real::cos(PI * distance))
    } else {
        (Real::cos(PI * (0.5 - distance)), Real::sin(PI * (0.5 - distance)))
    };
    (sine, if rest < 0.0 { -cosine } else { cosine })
}

fn is_pole(x: f64) -> bool {
    x <= 0.0 && x == x.floor()
}

pub fn digamma(x: f64) -> f64 {
    if x == 0.0 {
        return -1.0 / x;
    }
    if x == f64::INFINITY || x.is_nan() {
        return x;
    }
    if is_pole(x) {
        return f64::NAN;
    }
    if x < 0.0 {
        let (sine, cosine) = sine_of_turns(x);
        return digamma_positive(1.0 - x) - PI * cosine / sine;
    }
    digamma_positive(x)
}

fn digamma_positive(x: f64) -> f64 {
    if x >= 10.0 {
        return digamma_asymptotic(x);
    }
    let mut at = x;
    let mut sum = 0.0;
    if at < 1.0 {
        sum -= 1.0 / at;
        at += 1.0;
    }
    while at > 2.0 {
        at -= 1.0;
        sum += 1.0 / at;
    }
    sum + digamma_near_root(at)
}

/// By Clenshaw's recurrence, on [1, 2].
fn digamma_near_root(x: f64) -> f64 {
    let t = 2.0 * (x - 1.5);
    let (mut one, mut two) = (0.0, 0.0);
    for coefficient in NEAR_ROOT[1..].iter().rev() {
        (one, two) = (coefficient + 2.0 * t * one - two, one);
    }
    ((x - ROOT) - ROOT_REST) * (NEAR_ROOT[0] + t * one - two)
}

fn digamma_asymptotic(x: f64) -> f64 {
    let inverse = 1.0 / (x * x);
    let mut power = 1.0;
    let mut sum = 0.0;
    for (k, bernoulli) in BERNOULLI.iter().enumerate().take(9) {
        power *= inverse;
        sum += bernoulli * power / (2 * k + 2) as f64;
    }
    Real::log(x) - 0.5 / x - sum
}

pub fn trigamma(x: f64) -> f64 {
    if is_pole(x) {
        return f64::INFINITY;
    }
    if x < 0.0 {
        let chord = PI / sine_of_turns(x).0;
        return chord * chord - hurwitz(2.0, 1.0 - x);
    }
    if x.is_nan() { x } else { hurwitz(2.0, x) }
}

/// The sum over k ≥ 0 of `1 / (x + k)^s`, for positive x, by the Euler-Maclaurin formula after some terms.
fn hurwitz(s: f64, x: f64) -> f64 {
    if x == f64::INFINITY {
        return 0.0;
    }
    let (mut at, mut head) = (x, 0.0);
    while at < 16.0 + s {
        head += power(at, -s);
        at += 1.0;
    }
    let base = power(at, -s);
    let mut rest = base * at / (s - 1.0) + 0.5 * base;
    let (mut term, inverse) = (base * s / at, 1.0 / (at * at));
    let mut factorial = 2.0;
    for (k, bernoulli) in BERNOULLI.iter().enumerate() {
        rest += bernoulli * term / factorial;
        let order = (2 * k + 1) as f64;
        term *= (s + order) * (s + order + 1.0) * inverse;
        factorial *= (order + 2.0) * (order + 3.0);
    }
    head + rest
}

/// A power with a whole exponent, by repeated multiplication where that is exact enough.
fn power(x: f64, exponent: f64) -> f64 {
    if exponent == -2.0 { 1.0 / (x * x) } else { Real::power(x, exponent) }
}

/// `(-1)^(n+1) n! Σ 1/(x + k)^(n+1)`; negative arguments by reflection, or by adding terms up to the positive
/// ones.
pub fn polygamma(order: f64, x: f64) -> f64 {
    if order == 1.0 {
        return trigamma(x);
    }
    let whole = (1.0..=100.0).contains(&order) && order == order.floor();
    if !whole || x.is_nan() || x < -1e6 {
        return f64::NAN;
    }
    if is_pole(x) {
        return match order % 2.0 == 0.0 {
            false => f64::INFINITY,
            true if x == 0.0 => -1.0 / x,
            true => f64::NAN,
        };
    }
    if order == 2.0 && x < 0.0 {
        let (sine, cosine) = sine_of_turns(x);
        let chord = PI / sine;
        return -2.0 * (hurwitz(3.0, 1.0 - x) + chord * chord * chord * cosine);
    }
    let exponent = order + 1.0;
    let (mut at, mut head) = (x, 0.0);
    while at < 0.0 {
        head += Real::power(at, -exponent);
        at += 1.0;
    }
    let factorial = gamma(exponent);
    let sign = if order % 2.0 == 0.0 { -1.0 } else { 1.0 };
    sign * factorial * (head + hurwitz(exponent, at))
}

/// The logarithm of the beta function, for positive arguments. Where an argument is large, the large parts of the
/// logarithms of the three gamma functions are cancelled by hand: `lgamma(x) = (x - 1/2) log(x) - x + log(2 pi)/2 + r(x)`.
pub fn lbeta(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() || a < 0.0 || b < 0.0 {
        return f64::NAN;
    }
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    if small == 0.0 {
        return if large == f64::INFINITY { f64::NAN } else { f64::INFINITY };
    }
    if large == f64::INFINITY {
        return f64::NEG_INFINITY;
    }
    let share = small / (small + large);
    if small >= 10.0 {
        let rests = stirling_rest(small) + stirling_rest(large) - stirling_rest(small + large);
        let half_log_two_pi = 0.918_938_533_204_672_7;
        let by_small = (small - 0.5) * Real::log(share);
        by_small + large * Real::log1p(-share) + (half_log_two_pi - 0.5 * Real::log(large) + rests)
    } else if large >= 10.0 {
        let rests = stirling_rest(large) - stirling_rest(small + large);
        let by_small = small - small * Real::log(small + large);
        lgamma(small) + (rests + by_small + (large - 0.5) * Real::log1p(-share))
    } else if small < 1e-20 {
        // The gamma function of so small a number may overflow; it is the number's reciprocal, to all digits.
        Real::log1p(small / large) - Real::log(small)
    } else {
        Real::log(gamma(small) * (gamma(large) / gamma(small + large)))
    }
}

/// `lgamma(x) - (x - 1/2) log(x) + x - log(2 pi)/2` for x ≥ 10.
fn stirling_rest(x: f64) -> f64 {
    let inverse = 1.0 / (x * x);
    let term = |k: usize| BERNOULLI[k] / ((2 * k + 1) * (2 * k + 2)) as f64;
    (0..9).rev().fold(0.0, |sum, k| sum * inverse + term(k)) / x
}

/// `digamma(a) - digamma(a + b)` for positive arguments: the recurrence and the asymptotic series are subtracted term by
/// term, so that nothing cancels however near the two are.
pub fn digamma_drop(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() || a < 0.0 || b < 0.0 {
        return f64::NAN;
    }
    if a == 0.0 {
        return f64::NEG_INFINITY;
    }
    if b == f64::INFINITY || a == f64::INFINITY {
        return if a == b {
            f64::NAN
        } else if a < b {
            f64::NEG_INFINITY
        } else {
            -0.0
        };
    }
    let (mut at, mut drop) = (a, 0.0);
    while at < 10.0 {
        drop += b / at / (at + b);
        at += 1.0;
    }
    -(drop + digamma_rise(at, b))
}

/// `digamma(a + b) - digamma(a)` for a ≥ 10.
fn digamma_rise(a: f64, b: f64) -> f64 {
    let ratio = b / a;
    let growth = Real::log1p(ratio);
    // The terms of the series fall by (a / (a + b))^2k, of which expm1 gives the part that is lost.
    let squared = 1.0 / (a * a);
    let mut power = 1.0;
    let mut sum = 0.0;
    for (k, bernoulli) in BERNOULLI.iter().enumerate().take(9) {
        power *= squared;
        let twice = (2 * k + 2) as f64;
        sum -= bernoulli * power * Real::expm1(-twice * growth) / twice;
    }
    growth + 0.5 * ratio / (a + b) + sum
}
