//! Incomplete gamma functions, in double precision; single precision rounds the result once.
//!
//! Below `a + 1` the lower function is a series of positive terms, above it the upper one is a continued fraction; the other
//! of the two is the rest to 1. Derivatives by the order are those of the same series and fraction, term by term.

use super::declare::*;
use super::real::Real;
use super::special_gamma::{digamma, gamma, lgamma};
use crate::ir::{Accuracy, Differential, Graph, Known, NodeId, Partial, Pointwise};

binary_meanings_by_f64!(GammaInc = lower, GammaIncC = upper, GammaDensity = density, GammaIncByOrder = lower_by_order,);

/// The most terms of a series or fraction: far more than arguments up to 1e9 need.
const MOST_TERMS: usize = 300_000;
/// Terms below this share of the sum change no digit.
const NEGLIGIBLE: f64 = 1e-18;

/// Where there is nothing to compute: outside the domain and at its ends, the lower function.
fn at_ends(a: f64, x: f64) -> Option<f64> {
    if a.is_nan() || x.is_nan() || a < 0.0 || x < 0.0 || (a == 0.0 && x == 0.0) || (a == x && a == f64::INFINITY) {
        return Some(f64::NAN);
    }
    if x == 0.0 || a == f64::INFINITY {
        return Some(0.0);
    }
    (a == 0.0 || x == f64::INFINITY).then_some(1.0)
}

/// `x^a e^-x / gamma(a + 1)`, the logarithm of which is taken only where it cannot be avoided: it costs as many units as it
/// is large.
fn factor(a: f64, x: f64) -> f64 {
    let power = Real::power(x, a);
    if a < 140.0 && x < 700.0 && power > 1e-290 && power < 1e290 {
        return power * Real::exp(-x) / gamma(a + 1.0);
    }
    if a < 10.0 {
        return Real::exp(a * Real::log(x) - x - lgamma(a + 1.0));
    }
    // Stirling's formula: with d = (x - a) / a the exponent is a (log(1 + d) - d), small where the factor is not.
    let distance = (x - a) / a;
    let inverse = 1.0 / (a * a);
    let rest = (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / a;
    Real::exp(a * log1p_less(distance) - rest) / (2.0 * std::f64::consts::PI * a).sqrt()
}

/// `log(1 + d) - d` without cancellation.
fn log1p_less(d: f64) -> f64 {
    if d.abs() > 0.3 {
        return Real::log1p(d) - d;
    }
    // With s = d / (2 + d): log(1 + d) = 2 (s + s³/3 + s⁵/5 + …), and d = 2 s / (1 - s).
    let s = d / (2.0 + d);
    let squared = s * s;
    let tail = (0..20).rev().fold(0.0, |sum, k| sum * squared + 1.0 / f64::from(2 * k + 3));
    2.0 * s * squared * tail - s * d
}

/// `log(x) - digamma(a)`; where `a` is large by the asymptotic series, since the two nearly cancel.
fn log_less_digamma(x: f64, a: f64) -> f64 {
    if a < 10.0 {
        return Real::log(x) - digamma(a);
    }
    let inverse = 1.0 / (a * a);
    let terms = [1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32760.0, 1.0 / 12.0];
    let series = terms.iter().rev().fold(0.0, |sum, term| (sum + term) * inverse);
    Real::log1p((x - a) / a) + (0.5 / a + series)
}

/// The sum `1 + x / (a + 1) + x² / ((a + 1) (a + 2)) + …` and its derivative by `a` with the opposite sign, from the last
/// term back, so that errors shrink.
fn series(a: f64, x: f64) -> (f64, f64) {
    let (mut term, mut terms) = (1.0, 0);
    while term > NEGLIGIBLE && terms < MOST_TERMS {
        terms += 1;
        term *= x / (a + terms as f64);
    }
    let (mut sum, mut slope) = (1.0, 0.0);
    for k in (1..=terms).rev() {
        let order = a + k as f64;
        let ratio = x / order;
        slope = ratio * (sum / order + slope);
        sum = 1.0 + ratio * sum;
    }
    (sum, slope)
}

/// The continued fraction `1 / (x + 1 - a - (1 - a) / (x + 3 - a - 2 (2 - a) / (x + 5 - a - …)))` and its derivative by `a`:
/// Lentz's method tells how many steps are needed, and they are taken from the last one back, so that errors shrink.
fn fraction(a: f64, x: f64) -> (f64, f64) {
    let bottom = |step: usize| x + 1.0 - a + 2.0 * step as f64;
    let top = |step: usize| -(step as f64) * (step as f64 - a);
    let (mut inverse, mut ratio) = (1.0 / bottom(0), f64::INFINITY);
    let mut steps = 0;
    while steps < MOST_TERMS && (steps == 0 || (ratio * inverse - 1.0).abs() > NEGLIGIBLE) {
        steps += 1;
        inverse = 1.0 / (bottom(steps) + top(steps) * inverse);
        ratio = bottom(steps) + top(steps) / ratio;
    }
    // The derivative takes some more.
    steps += steps / 4 + 10;
    let (mut value, mut slope) = (bottom(steps), -1.0);
    for step in (1..=steps).rev() {
        let quotient = top(step) / value;
        slope = -1.0 + (step as f64 - quotient * slope) / value;
        value = bottom(step - 1) + quotient;
    }
    (1.0 / value, -slope / (value * value))
}

fn lower(a: f64, x: f64) -> f64 {
    if let Some(end) = at_ends(a, x) {
        return end;
    }
    if x < a + 1.0 { factor(a, x) * series(a, x).0 } else { 1.0 - a * factor(a, x) * fraction(a, x).0 }
}

fn upper(a: f64, x: f64) -> f64 {
    if let Some(end) = at_ends(a, x) {
        return 1.0 - end;
    }
    if x >= a + 1.0 {
        return a * factor(a, x) * fraction(a, x).0;
    }
    if a < 1.0 { upper_of_small_order(a, x) } else { 1.0 - factor(a, x) * series(a, x).0 }
}

/// For orders below 1 the lower function may be near 1: `1 - x^a / gamma(a + 1) + a x^a / gamma(a + 1) Σ …`, where the
/// first difference is one of an exponential.
fn upper_of_small_order(a: f64, x: f64) -> f64 {
    let exponent = a * Real::log(x) - lgamma(a + 1.0);
    let (mut power, mut sum) = (1.0, 0.0);
    for n in 1..MOST_TERMS {
        let k = n as f64;
        power *= -x / k;
        let term = -power / (a + k);
        sum += term;
        if term.abs() < NEGLIGIBLE * sum.abs() {
            break;
        }
    }
    a * Real::exp(exponent) * sum - Real::expm1(exponent)
}

/// `x^(a - 1) e^-x / gamma(a)`
fn density(a: f64, x: f64) -> f64 {
    if a.is_nan() || x.is_nan() || a < 0.0 || x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 {
        return if a > 1.0 {
            0.0
        } else if a == 1.0 {
            1.0
        } else {
            f64::INFINITY
        };
    }
    if a == 0.0 || x == f64::INFINITY || a == f64::INFINITY {
        return 0.0;
    }
    a * factor(a, x) / x
}

/// The derivative of the lower function by the order.
fn lower_by_order(a: f64, x: f64) -> f64 {
    if let Some(end) = at_ends(a, x) {
        return if end.is_nan() || (a == 0.0 && x > 0.0) { f64::NAN } else { 0.0 };
    }
    if x < a + 1.0 {
        let (sum, slope) = series(a, x);
        factor(a, x) * (sum * log_less_digamma(x, a + 1.0) - slope)
    } else {
        let (value, slope) = fraction(a, x);
        -a * factor(a, x) * (value * log_less_digamma(x, a) + slope)
    }
}

const CONVENTIONS: &str = "0 and 1 at the ends. The derivative by the order loses digits as the order grows. Where the value is small, its logarithm costs as many units as it is large. The \
                           derivative by the order has no further derivative by the order: that is NaN.";
const PROBES: &[&[f64]] =
    &[&[0.7, 2.3], &[2.0, 0.5], &[0.3, 0.1], &[5.0, 5.0], &[1.0, 1.0], &[12.5, 20.0], &[30.0, 14.0], &[0.5, 8.0]];

/// Values of the lower function, computed with 60 digits.
const KNOWN_LOWER: [Known; 14] = [
    known(&[0.7, 2.3], 0.9452542992783648, &[-0.12907911334296418, 0.06016045817599456]),
    known(&[2.0, 0.5], 0.09020401043104986, &[-0.1510342369091705, 0.3032653298563167]),
    known(&[0.3, 0.125], 0.5804747240218072, &[-1.1513055860857357, 1.2646698302508534]),
    known(&[5.0, 5.0], 0.5595067149347875, &[-0.18141910926729707, 0.1754673697678507]),
    known(&[1.0, 1.0], 0.6321205588285577, &[-0.4317297106348987, 0.36787944117144233]),
    known(&[12.5, 20.0], 0.9708356043768477, &[-0.01752126512662879, 0.013795313222442917]),
    known(&[30.0, 14.0], 0.00013579572275041501, &[-0.00010900820732610799, 0.00016257414093703775]),
    known(&[0.5, 8.0], 0.9999366575163338, &[-0.0002628846763046647, 6.691511288244267e-05]),
    known(&[0.01, 0.001], 0.938570652526129, &[-5.957905603446865, 9.37641832253114]),
    known(&[100.0, 110.0], 0.8417213299399129, &[-0.023808656854890385, 0.022671443180423363]),
    known(&[250.0, 240.0], 0.2676500698540158, &[-0.02097355912179624, 0.021393268535884153]),
    known(&[0.001, 3.0], 0.9999869268601987, &[-0.013097911478885033, 1.662351062729959e-05]),
    known(&[3.0, 40.0], 0.9999999999999964, &[-9.974330300089282e-15, 3.3986834042332714e-15]),
    known(&[1000.0, 1010.0], 0.6276789447369947, &[-0.011945731337225441, 0.01188451503603511]),
];

/// Values of the upper function.
const KNOWN_UPPER: [Known; 14] = [
    known(&[0.7, 2.3], 0.054745700721635156, &[0.12907911334296418, -0.06016045817599456]),
    known(&[2.0, 0.5], 0.9097959895689501, &[0.1510342369091705, -0.3032653298563167]),
    known(&[0.3, 0.125], 0.41952527597819284, &[1.1513055860857357, -1.2646698302508534]),
    known(&[5.0, 5.0], 0.4404932850652124, &[0.18141910926729707, -0.1754673697678507]),
    known(&[1.0, 1.0], 0.36787944117144233, &[0.4317297106348987, -0.36787944117144233]),
    known(&[12.5, 20.0], 0.0291643956231523, &[0.01752126512662879, -0.013795313222442917]),
    known(&[30.0, 14.0], 0.9998642042772495, &[0.00010900820732610799, -0.00016257414093703775]),
    known(&[0.5, 8.0], 6.334248366623985e-05, &[0.0002628846763046647, -6.691511288244267e-05]),
    known(&[0.01, 0.001], 0.061429347473871014, &[5.957905603446865, -9.37641832253114]),
    known(&[100.0, 110.0], 0.15827867006008708, &[0.023808656854890385, -0.022671443180423363]),
    known(&[250.0, 240.0], 0.7323499301459842, &[0.02097355912179624, -0.021393268535884153]),
    known(&[0.001, 3.0], 1.3073139801213742e-05, &[0.013097911478885033, -1.662351062729959e-05]),
    known(&[3.0, 40.0], 3.572865928700226e-15, &[9.974330300089282e-15, -3.3986834042332714e-15]),
    known(&[1000.0, 1010.0], 0.3723210552630053, &[0.011945731337225441, -0.01188451503603511]),
];

/// The partials of the lower function.
fn by_both(g: &mut Graph, a: &[NodeId]) -> (NodeId, NodeId) {
    (g.apply2(&GAMMAINC_BY_ORDER, a[0], a[1]), g.apply2(&GAMMA_DENSITY, a[0], a[1]))
}

/// `gammainc(a, x)`
pub static GAMMAINC: Pointwise = Pointwise {
    name: "gammainc",
    documentation: "The regularised lower incomplete gamma function: the probability that a gamma variable of shape `a` and \
                    rate 1 is at most `b`.",
    example: ("gammainc(1, 2)", "1 - exp(-2)"),
    differential: Differential::Partials(|g, a, _| {
        let (by_order, by_x) = by_both(g, a);
        both(by_order, by_x)
    }),
    probes: PROBES,
    domain: "a >= 0, b >= 0, not both 0",
    ends: &[&[0.5, 0.0], &[2.0, 0.0]],
    conventions: CONVENTIONS,
    known: &KNOWN_LOWER,
    accuracy: Accuracy::units(8.0, 64.0),
    ..special2::<GammaInc>()
};

/// `gammaincc(a, x)`
pub static GAMMAINCC: Pointwise = Pointwise {
    name: "gammaincc",
    documentation: "The regularised upper incomplete gamma function, `1 - gammainc(a, b)`, exact far out too.",
    example: ("gammaincc(1, 2)", "exp(-2)"),
    differential: Differential::Partials(|g, a, _| {
        let (by_order, by_x) = by_both(g, a);
        both(g.negate(by_order), g.negate(by_x))
    }),
    probes: PROBES,
    domain: "a >= 0, b >= 0, not both 0",
    ends: &[&[0.5, 0.0], &[2.0, 0.0]],
    conventions: CONVENTIONS,
    known: &KNOWN_UPPER,
    accuracy: Accuracy::units(8.0, 64.0),
    ..special2::<GammaIncC>()
};

/// `x^(a - 1) e^-x / gamma(a)`
pub static GAMMA_DENSITY: Pointwise = Pointwise {
    name: "gamma_density",
    documentation: "The density of a gamma variable of shape `a` and rate 1 at `b`.",
    definition: "(a: real, b: real) = grad(|y| gammainc(a, y))(b)",
    differential: Differential::Partials(|g, a, y| {
        let (logarithm, slope) = (g.apply(&super::exponential::LOG, a[1]), g.apply(&super::special::DIGAMMA, a[0]));
        let by_order = g.subtract(logarithm, slope);
        let below = g.offset(a[0], -1.0);
        let ratio = g.divide(below, a[1]);
        let by_x = g.offset(ratio, -1.0);
        both(g.multiply(y, by_order), g.multiply(y, by_x))
    }),
    probes: PROBES,
    domain: "a >= 0, b >= 0",
    ..binary_helper::<GammaDensity>()
};

/// The derivative of [`GAMMAINC`] by its order.
pub static GAMMAINC_BY_ORDER: Pointwise = Pointwise {
    name: "gammainc_by_order",
    documentation: "The derivative of `gammainc` by `a`.",
    definition: "(a: real, b: real) = grad(|s| gammainc(s, b))(a)",
    differential: Differential::Partials(|g, a, _| {
        let unknown = g.constant_like(a[0], f64::NAN);
        let (logarithm, slope) = (g.apply(&super::exponential::LOG, a[1]), g.apply(&super::special::DIGAMMA, a[0]));
        let rate = g.subtract(logarithm, slope);
        let density = g.apply2(&GAMMA_DENSITY, a[0], a[1]);
        vec![Partial::Value(unknown), Partial::Value(g.multiply(density, rate))]
    }),
    probes: &[],
    domain: "a > 0, b >= 0",
    conventions: "The derivative by `a` is NaN.",
    ..binary_helper::<GammaIncByOrder>()
};

/// The operations of this file.
pub static ALL: &[&Pointwise] = &[&GAMMAINC, &GAMMAINCC, &GAMMA_DENSITY, &GAMMAINC_BY_ORDER];
