//! Error functions, the normal distribution, gamma functions.
//!
//! Those without a kernel of their own in single precision are computed in double precision and rounded once.

use super::declare::*;
use super::real::Real;
use super::special_gamma::{digamma, digamma_drop, gamma, lbeta, lgamma, polygamma, trigamma};
use super::special_normal::{hazard, hazard_slope, lognormcdf, quantile, quantile_slope};
use crate::ir::{Accuracy, Differential, Graph, NodeId, Partial, Pointwise};
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

unary_meanings!(
    Erf = Real::erf,
    Erfc = Real::erfc,
    ErfSlope = Real::erf_slope,
    NormPdf = Real::normpdf,
    NormCdf = Real::normcdf,
    Gelu = Real::gelu,
    GeluSlope = Real::gelu_slope,
);

unary_meanings_by_f64!(
    ErfInv = erfinv,
    ErfInvSlope = erfinv_slope,
    LogNormCdf = lognormcdf,
    NormQuantile = quantile,
    QuantileSlope = quantile_slope,
    Hazard = hazard,
    HazardSlope = hazard_slope,
    LGamma = lgamma,
    Gamma = gamma,
    Digamma = digamma,
    Trigamma = trigamma,
);

binary_meanings_by_f64!(Polygamma = polygamma, LBeta = lbeta, DigammaDrop = digamma_drop);

const BELL: &[&[f64]] = &[&[0.0], &[0.3], &[-1.2], &[2.0], &[-5.0], &[1e-10], &[26.0], &[f64::INFINITY]];
const TAIL: &[&[f64]] = &[&[0.0], &[0.3], &[-1.2], &[2.0], &[-10.0], &[-30.0], &[9.0], &[40.0]];
const UNIT: &[&[f64]] = &[&[0.0], &[0.3], &[-0.45], &[0.55], &[-0.9], &[0.999], &[1e-9], &[1.0], &[-1.0], &[1.5]];
const GAMMA_PROBES: &[&[f64]] = &[&[0.3], &[1.0], &[1.7], &[2.0], &[6.5], &[30.0], &[-0.5], &[-2.5], &[-3.7], &[1e-10]];
const POLES: &str = "Zero and the negative integers are poles, where the derivative is NaN or infinite.";

/// Towards the ends by the quantile of the tail, which keeps its digits; in between by Newton's method, of which five steps
/// are enough in practice.
fn erfinv(x: f64) -> f64 {
    let tail = 1.0 - x.abs();
    if tail <= 0.5 || x.is_nan() {
        return (-quantile(0.5 * tail) * FRAC_1_SQRT_2).copysign(x);
    }
    let mut inverse = x / FRAC_2_SQRT_PI;
    for _ in 0..20 {
        let step = (x - Real::erf(inverse)) / Real::erf_slope(inverse);
        inverse += step;
        if step.abs() <= 1e-16 * inverse.abs() {
            break;
        }
    }
    inverse
}

/// `1 / erf_slope(erfinv(x))`, corrected for the rounding of the inverse, which costs up to twice its square in units.
fn erfinv_slope(x: f64) -> f64 {
    let inverse = erfinv(x.abs());
    let density = Real::erf_slope(inverse);
    if density == 0.0 || inverse.is_nan() {
        return 1.0 / density;
    }
    let tail = 1.0 - x.abs();
    let missed = if tail <= 0.5 { Real::erfc(inverse) - tail } else { x.abs() - Real::erf(inverse) };
    Real::exp(2.0 * inverse * (missed / density)) / density
}

/// `factor x y`, 0 where the density is.
fn gaussian_slope(g: &mut Graph, x: NodeId, y: NodeId, factor: f64) -> NodeId {
    let product = g.apply2(&super::arithmetic::MASKED_MULTIPLY, y, x);
    g.scale(product, factor)
}

/// `erf(x)`
pub static ERF: Pointwise = Pointwise {
    name: "erf",
    documentation: "The error function.",
    example: ("erf(0)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&ERF_SLOPE, a[0]))),
    probes: BELL,
    accuracy: Accuracy::units(1.0, 2.0),
    ..special::<Erf>()
};

/// `erfc(x)`
pub static ERFC: Pointwise = Pointwise {
    name: "erfc",
    documentation: "The complementary error function, `1 - erf(x)`, exact far out too.",
    example: ("erfc(0)", "1"),
    differential: Differential::Partials(|g, a, _| {
        let slope = g.apply(&ERF_SLOPE, a[0]);
        only(g.negate(slope))
    }),
    probes: BELL,
    accuracy: Accuracy::units(3.0, 2.0),
    ..special::<Erfc>()
};

/// The derivative of [`ERF`].
pub static ERF_SLOPE: Pointwise = Pointwise {
    name: "erf_slope",
    documentation: "`2 / sqrt(pi) exp(-x^2)`, the derivative of `erf`.",
    definition: "(x: real) = grad(erf)(x)",
    differential: Differential::Partials(|g, a, y| only(gaussian_slope(g, a[0], y, -2.0))),
    probes: BELL,
    ..unary_helper::<ErfSlope>()
};

/// `erfinv(x)`
pub static ERFINV: Pointwise = Pointwise {
    name: "erfinv",
    documentation: "The inverse of `erf`.",
    example: ("erfinv(0)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&ERFINV_SLOPE, a[0]))),
    probes: UNIT,
    domain: "-1 < x < 1",
    kinks: &[kink(&[1.0], &[f64::INFINITY]), kink(&[-1.0], &[f64::INFINITY])],
    ends: &[&[1.5]],
    conventions: "Infinite at -1 and 1, NaN outside.",
    accuracy: Accuracy::units(4.0, 4.0),
    known: &[
        known(&[0.0], 0.0, &[0.886226925452758]),
        known(&[1e-9], 8.86226925452758e-10, &[0.886226925452758]),
        known(&[0.25], 0.2253120550121781, &[0.9323782346059726]),
        known(&[0.5], 0.4769362762044699, &[1.1125848189719498]),
        known(&[-0.7], -0.7328690779592167, &[1.5163632173337642]),
        known(&[0.9], 1.1630871536766743, &[3.428042811451841]),
        known(&[-0.999], -2.3267537655135246, &[198.93951776442475]),
        known(&[0.9999999999], 4.572824958544925, &[1068953387.1289288]),
        known(&[0.9999999999999999], 5.8635847487551676, &[757347920544974.0]),
    ],
    ..special::<ErfInv>()
};

/// The derivative of [`ERFINV`].
pub static ERFINV_SLOPE: Pointwise = Pointwise {
    name: "erfinv_slope",
    documentation: "`sqrt(pi) / 2 exp(y^2)` at `y = erfinv(x)`, the derivative of `erfinv`.",
    definition: "(x: real) = grad(erfinv)(x)",
    differential: Differential::Partials(|g, a, slope| {
        let inverse = g.apply(&ERFINV, a[0]);
        let twice = g.scale(inverse, 2.0);
        let product = g.multiply(twice, slope);
        only(g.multiply(product, slope))
    }),
    probes: UNIT,
    domain: "-1 < x < 1",
    kinks: &[kink(&[1.0], &[f64::INFINITY]), kink(&[-1.0], &[f64::NEG_INFINITY])],
    ..unary_helper::<ErfInvSlope>()
};

/// `normpdf(x)`
pub static NORMPDF: Pointwise = Pointwise {
    name: "normpdf",
    documentation: "The density of the standard normal distribution.",
    example: ("normpdf(0)", "1 / sqrt(2 * pi)"),
    differential: Differential::Partials(|g, a, y| only(gaussian_slope(g, a[0], y, -1.0))),
    probes: BELL,
    accuracy: Accuracy::units(4.0, 4.0),
    ..special::<NormPdf>()
};

/// `normcdf(x)`
pub static NORMCDF: Pointwise = Pointwise {
    name: "normcdf",
    documentation: "The standard normal distribution function.",
    example: ("normcdf(0)", "0.5"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&NORMPDF, a[0]))),
    probes: TAIL,
    accuracy: Accuracy::units(3.0, 2.0),
    ..special::<NormCdf>()
};

/// `normquantile(p)`
pub static NORMQUANTILE: Pointwise = Pointwise {
    name: "normquantile",
    documentation: "The inverse of `normcdf`: the number below which a standard normal variable lies with this probability.",
    example: ("normquantile(0.5)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&NORMQUANTILE_SLOPE, a[0]))),
    probes: &[&[0.5], &[0.3], &[0.251], &[0.249], &[0.9], &[1e-3], &[0.999], &[1e-12]],
    domain: "0 < x < 1",
    kinks: &[kink(&[0.0], &[f64::INFINITY]), kink(&[1.0], &[f64::INFINITY])],
    ends: &[&[1.5]],
    conventions: "Infinite at 0 and 1, NaN outside.",
    accuracy: Accuracy::units(4.0, 8.0),
    ..special::<NormQuantile>()
};

/// The derivative of [`NORMQUANTILE`].
pub static NORMQUANTILE_SLOPE: Pointwise = Pointwise {
    name: "normquantile_slope",
    documentation: "The derivative of `normquantile`.",
    definition: "(x: real) = grad(normquantile)(x)",
    differential: Differential::Partials(|g, a, y| {
        let z = g.apply(&NORMQUANTILE, a[0]);
        let product = g.multiply(z, y);
        only(g.multiply(product, y))
    }),
    probes: &[&[0.5], &[0.3], &[0.251], &[0.9], &[1e-3], &[0.999]],
    domain: "0 < x < 1",
    ..unary_helper::<QuantileSlope>()
};

/// `lognormcdf(x)`
pub static LOGNORMCDF: Pointwise = Pointwise {
    name: "lognormcdf",
    documentation: "The logarithm of the standard normal distribution function, exact far out too.",
    example: ("lognormcdf(0)", "-log(2)"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&HAZARD, a[0]))),
    probes: TAIL,
    accuracy: Accuracy::units(4.0, 4.0),
    ..special::<LogNormCdf>()
};

/// The derivative of [`LOGNORMCDF`].
pub static HAZARD: Pointwise = Pointwise {
    name: "normal_hazard",
    documentation: "The density of the standard normal distribution divided by its distribution function.",
    definition: "(x: real) = grad(lognormcdf)(x)",
    differential: Differential::Partials(|g, a, _| only(g.apply(&HAZARD_SLOPE, a[0]))),
    probes: TAIL,
    ..unary_helper::<Hazard>()
};

/// The derivative of [`HAZARD`].
pub static HAZARD_SLOPE: Pointwise = Pointwise {
    name: "normal_hazard_slope",
    documentation: "The derivative of `normal_hazard`.",
    definition: "(x: real) = grad(grad(lognormcdf))(x)",
    // Of -h (x + h): -h' (x + 2 h) - h.
    differential: Differential::Partials(|g, a, y| {
        let hazard = g.apply(&HAZARD, a[0]);
        let twice = g.scale(hazard, 2.0);
        let sum = g.add(a[0], twice);
        let product = g.apply2(&super::arithmetic::MASKED_MULTIPLY, y, sum);
        let sum = g.add(product, hazard);
        only(g.negate(sum))
    }),
    probes: &[&[0.0], &[0.3], &[-1.2], &[2.0], &[-10.0], &[9.0]],
    ..unary_helper::<HazardSlope>()
};

/// `gelu(x)`
pub static GELU: Pointwise = Pointwise {
    name: "gelu",
    documentation: "`x * normcdf(x)`, the Gaussian error linear unit.",
    example: ("gelu(0)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&GELU_SLOPE, a[0]))),
    conventions: "Near the zero of the derivative its error is relative to the size of its terms.",
    accuracy: Accuracy::units(4.0, 8.0),
    ..unary::<Gelu>()
};

/// The derivative of [`GELU`].
pub static GELU_SLOPE: Pointwise = Pointwise {
    name: "gelu_slope",
    documentation: "The derivative of `gelu`.",
    definition: "(x: real) = grad(gelu)(x)",
    differential: Differential::Partials(|g, a, _| {
        let density = g.apply(&NORMPDF, a[0]);
        let squared = g.apply(&super::roots::SQUARE, a[0]);
        let opposite = g.negate(squared);
        let factor = g.offset(opposite, 2.0);
        only(g.apply2(&super::arithmetic::MASKED_MULTIPLY, density, factor))
    }),
    ..unary_helper::<GeluSlope>()
};

/// `lgamma(x)`
pub static LGAMMA: Pointwise = Pointwise {
    name: "lgamma",
    documentation: "The logarithm of the absolute value of the gamma function.",
    example: ("lgamma(1)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&DIGAMMA, a[0]))),
    probes: GAMMA_PROBES,
    domain: "x not 0, -1, -2, …",
    ends: &[&[-1.0]],
    conventions: POLES,
    accuracy: Accuracy::units(4.0, 4.0).above(1.0),
    ..special::<LGamma>()
};

/// `lbeta(a, b)`
pub static LBETA: Pointwise = Pointwise {
    name: "lbeta",
    documentation: "The logarithm of the beta function, `lgamma(a) + lgamma(b) - lgamma(a + b)`, exact for large arguments too.",
    example: ("lbeta(2, 3)", "-log(12)"),
    differential: Differential::Partials(|g, a, _| {
        both(g.apply2(&DIGAMMA_DROP, a[0], a[1]), g.apply2(&DIGAMMA_DROP, a[1], a[0]))
    }),
    probes: &[&[0.7, 2.3], &[2.0, 3.0], &[0.3, 15.0], &[12.0, 30.0], &[40.0, 0.2]],
    domain: "a > 0, b > 0",
    ends: &[&[0.0, 1.0]],
    conventions: "Infinite where one argument is 0, NaN for negative ones.",
    accuracy: Accuracy::units(4.0, 8.0).above(1.0),
    ..special2::<LBeta>()
};

/// The derivative of [`LBETA`].
pub static DIGAMMA_DROP: Pointwise = Pointwise {
    name: "digamma_drop",
    documentation: "`digamma(a) - digamma(a + b)`, without cancellation.",
    definition: "(a: real, b: real) = grad(|s| lbeta(s, b))(a)",
    differential: Differential::Partials(|g, a, _| {
        let sum = g.add(a[0], a[1]);
        let [first, of_sum] = [a[0], sum].map(|at| g.apply(&TRIGAMMA, at));
        both(g.subtract(first, of_sum), g.negate(of_sum))
    }),
    probes: &[&[0.7, 2.3], &[2.0, 3.0], &[0.3, 15.0], &[12.0, 30.0], &[40.0, 0.2]],
    domain: "a > 0, b > 0",
    ..binary_helper::<DigammaDrop>()
};

/// `gamma(x)`
pub static GAMMA: Pointwise = Pointwise {
    name: "gamma",
    documentation: "The gamma function: `gamma(n + 1)` is the factorial of `n`.",
    example: ("gamma(5)", "24"),
    differential: Differential::Partials(|g, a, y| {
        let slope = g.apply(&DIGAMMA, a[0]);
        only(g.multiply(y, slope))
    }),
    probes: GAMMA_PROBES,
    domain: "x not 0, -1, -2, …",
    ends: &[&[-1.0]],
    conventions: POLES,
    accuracy: Accuracy::units(10.0, 10.0),
    ..special::<Gamma>()
};

/// `digamma(x)`
pub static DIGAMMA: Pointwise = Pointwise {
    name: "digamma",
    documentation: "The derivative of `lgamma`.",
    example: ("digamma(2) - digamma(1)", "1"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&TRIGAMMA, a[0]))),
    probes: GAMMA_PROBES,
    domain: "x not 0, -1, -2, …",
    ends: &[&[-1.0]],
    conventions: "Zero and the negative integers are poles, where value and derivative are NaN or infinite. Near the \
                  zeros between negative poles the error is relative to the size of `digamma(1 - x)`.",
    accuracy: Accuracy::units(5.0, 4.0).above(1.0),
    ..special::<Digamma>()
};

/// `trigamma(x)`
pub static TRIGAMMA: Pointwise = Pointwise {
    name: "trigamma",
    documentation: "The derivative of `digamma`.",
    example: ("trigamma(1)", "pi^2 / 6"),
    differential: Differential::Partials(|g, a, _| {
        let order = g.constant_like(a[0], 2.0);
        only(g.apply2(&POLYGAMMA, order, a[0]))
    }),
    probes: GAMMA_PROBES,
    domain: "x not 0, -1, -2, …",
    ends: &[&[-1.0]],
    conventions: POLES,
    accuracy: Accuracy::units(4.0, 8.0),
    ..special::<Trigamma>()
};

/// `polygamma(n, x)`
pub static POLYGAMMA: Pointwise = Pointwise {
    name: "polygamma",
    documentation: "The derivative of `digamma` of the given whole order, from 1.",
    example: ("polygamma(1, 1)", "pi^2 / 6"),
    differential: Differential::Partials(|g, a, _| {
        let next = g.offset(a[0], 1.0);
        vec![Partial::Zero, Partial::Value(g.apply2(&POLYGAMMA, next, a[1]))]
    }),
    probes: &[&[1.0, 0.7], &[2.0, 0.7], &[2.0, 6.5], &[3.0, 1.7], &[2.0, -2.5], &[4.0, 30.0]],
    domain: "a whole, 1 <= a <= 100; b not 0, -1, -2, …",
    ends: &[&[1.0, -1.0], &[2.0, -1.0]],
    conventions: "NaN for other orders and, where the sides differ, at the poles; the derivative by the order is 0. For negative \
                  `b` the error is relative to the largest term of the sum.",
    accuracy: Accuracy::units(8.0, 8.0),
    ..special2::<Polygamma>()
};

/// The operations of this file.
pub static ALL: &[&Pointwise] = &[
    &ERF,
    &ERFC,
    &ERF_SLOPE,
    &ERFINV,
    &ERFINV_SLOPE,
    &NORMPDF,
    &NORMCDF,
    &LOGNORMCDF,
    &NORMQUANTILE,
    &NORMQUANTILE_SLOPE,
    &HAZARD,
    &HAZARD_SLOPE,
    &GELU,
    &GELU_SLOPE,
    &LGAMMA,
    &LBETA,
    &DIGAMMA_DROP,
    &GAMMA,
    &DIGAMMA,
    &TRIGAMMA,
    &POLYGAMMA,
];
