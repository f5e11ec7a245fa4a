//! Error functions, the normal distribution, gamma functions.
//!
//! Their meanings are computed in double precision; single precision rounds the result once.

use super::declare::*;
use super::special_gamma::{digamma, gamma, lbeta, lgamma, polygamma, trigamma};
use super::special_normal::{erf, erf_slope, erfc, gelu, gelu_slope, hazard, lognormcdf, normcdf, normpdf, quantile};
use crate::ir::{Differential, Graph, NodeId, Partial, Pointwise};

unary_meanings_by_f64!(
    Erf = erf,
    Erfc = erfc,
    ErfSlope = erf_slope,
    NormPdf = normpdf,
    NormCdf = normcdf,
    LogNormCdf = lognormcdf,
    NormQuantile = quantile,
    Hazard = hazard,
    Gelu = gelu,
    GeluSlope = gelu_slope,
    LGamma = lgamma,
    Gamma = gamma,
    Digamma = digamma,
    Trigamma = trigamma,
);

binary_meanings_by_f64!(Polygamma = polygamma, LBeta = lbeta);

const BELL: &[&[f64]] = &[&[0.0], &[0.3], &[-1.2], &[2.0], &[-5.0], &[1e-10], &[26.0], &[f64::INFINITY]];
const TAIL: &[&[f64]] = &[&[0.0], &[0.3], &[-1.2], &[2.0], &[-10.0], &[-30.0], &[9.0], &[40.0]];
const GAMMA_PROBES: &[&[f64]] = &[&[0.3], &[1.0], &[1.7], &[2.0], &[6.5], &[30.0], &[-0.5], &[-2.5], &[-3.7], &[1e-10]];
const POLES: &str = "Zero and the negative integers are poles, where the derivative is NaN or infinite.";

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
    ..unary::<Erf>()
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
    ..unary::<Erfc>()
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

/// `normpdf(x)`
pub static NORMPDF: Pointwise = Pointwise {
    name: "normpdf",
    documentation: "The density of the standard normal distribution.",
    example: ("normpdf(0)", "1 / sqrt(2 * pi)"),
    differential: Differential::Partials(|g, a, y| only(gaussian_slope(g, a[0], y, -1.0))),
    probes: BELL,
    ..unary::<NormPdf>()
};

/// `normcdf(x)`
pub static NORMCDF: Pointwise = Pointwise {
    name: "normcdf",
    documentation: "The standard normal distribution function.",
    example: ("normcdf(0)", "0.5"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&NORMPDF, a[0]))),
    probes: TAIL,
    ..unary::<NormCdf>()
};

/// `normquantile(p)`
pub static NORMQUANTILE: Pointwise = Pointwise {
    name: "normquantile",
    documentation: "The inverse of `normcdf`: the number below which a standard normal variable lies with this probability.",
    example: ("normquantile(0.5)", "0"),
    differential: Differential::Partials(|g, _, y| {
        let density = g.apply(&NORMPDF, y);
        only(g.apply(&super::roots::RECIPROCAL, density))
    }),
    probes: &[&[0.5], &[0.3], &[0.251], &[0.249], &[0.9], &[1e-3], &[0.999], &[1e-12]],
    conventions: "Infinite at 0 and 1, NaN outside.",
    ..unary::<NormQuantile>()
};

/// `lognormcdf(x)`
pub static LOGNORMCDF: Pointwise = Pointwise {
    name: "lognormcdf",
    documentation: "The logarithm of the standard normal distribution function, exact far out too.",
    example: ("lognormcdf(0)", "-log(2)"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&HAZARD, a[0]))),
    probes: TAIL,
    ..unary::<LogNormCdf>()
};

/// The derivative of [`LOGNORMCDF`].
pub static HAZARD: Pointwise = Pointwise {
    name: "normal_hazard",
    documentation: "The density of the standard normal distribution divided by its distribution function.",
    definition: "(x: real) = grad(lognormcdf)(x)",
    differential: Differential::Partials(|g, a, y| {
        let sum = g.add(a[0], y);
        let product = g.apply2(&super::arithmetic::MASKED_MULTIPLY, y, sum);
        only(g.negate(product))
    }),
    probes: TAIL,
    ..unary_helper::<Hazard>()
};

/// `gelu(x)`
pub static GELU: Pointwise = Pointwise {
    name: "gelu",
    documentation: "`x * normcdf(x)`, the Gaussian error linear unit.",
    example: ("gelu(0)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&GELU_SLOPE, a[0]))),
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
    conventions: POLES,
    ..unary::<LGamma>()
};

/// `lbeta(a, b)`
pub static LBETA: Pointwise = Pointwise {
    name: "lbeta",
    documentation: "The logarithm of the beta function, `lgamma(a) + lgamma(b) - lgamma(a + b)`, exact for large arguments too.",
    example: ("lbeta(2, 3)", "-log(12)"),
    differential: Differential::Partials(|g, a, _| {
        let sum = g.add(a[0], a[1]);
        let of_sum = g.apply(&DIGAMMA, sum);
        let [first, second] = [0, 1].map(|at| g.apply(&DIGAMMA, a[at]));
        both(g.subtract(first, of_sum), g.subtract(second, of_sum))
    }),
    probes: &[&[0.7, 2.3], &[2.0, 3.0], &[0.3, 15.0], &[12.0, 30.0], &[40.0, 0.2]],
    conventions: "Infinite where one argument is 0, NaN for negative ones.",
    ..binary::<LBeta>()
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
    conventions: POLES,
    ..unary::<Gamma>()
};

/// `digamma(x)`
pub static DIGAMMA: Pointwise = Pointwise {
    name: "digamma",
    documentation: "The derivative of `lgamma`.",
    example: ("digamma(2) - digamma(1)", "1"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&TRIGAMMA, a[0]))),
    probes: GAMMA_PROBES,
    conventions: "Zero and the negative integers are poles, where value and derivative are NaN or infinite. Near the \
                  zeros between negative poles the error is relative to the size of `digamma(1 - x)`.",
    ..unary::<Digamma>()
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
    conventions: POLES,
    ..unary::<Trigamma>()
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
    conventions: "NaN for other orders and at the poles; the derivative by the order is 0.",
    ..binary::<Polygamma>()
};

/// The operations of this file.
pub static ALL: &[&Pointwise] = &[
    &ERF,
    &ERFC,
    &ERF_SLOPE,
    &NORMPDF,
    &NORMCDF,
    &LOGNORMCDF,
    &NORMQUANTILE,
    &HAZARD,
    &GELU,
    &GELU_SLOPE,
    &LGAMMA,
    &LBETA,
    &GAMMA,
    &DIGAMMA,
    &TRIGAMMA,
    &POLYGAMMA,
];
