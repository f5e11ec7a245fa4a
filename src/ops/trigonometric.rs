//! Trigonometric and hyperbolic functions and their inverses.

use super::declare::*;
use super::real::Real;
use super::roots::{HYPOT, RECIPROCAL, RSQRT, SQUARE};
use crate::ir::{Accuracy, Differential, Pointwise};
use std::f64::consts::PI;

/// `1 / sqrt((1 - x) (1 + x))`
#[inline(always)]
fn inverse_chord<R: Real>(x: R) -> R {
    let one = R::of(1.0);
    // Near 0 the two factors are rounded more than the square is.
    let rest = if x.absolute() < R::of(0.5) { one - x * x } else { (one - x) * (one + x) };
    one / rest.root()
}

/// `1 / ((1 - x) (1 + x))`
#[inline(always)]
fn atanh_slope<R: Real>(x: R) -> R {
    let one = R::of(1.0);
    let rest = if x.absolute() < R::of(0.5) { one - x * x } else { (one - x) * (one + x) };
    one / rest
}

/// `1 / (1 + x²)`, without overflow of the square.
#[inline(always)]
fn lorentzian<R: Real>(x: R) -> R {
    let one = R::of(1.0);
    if x.absolute() < one {
        one / (one + x * x)
    } else {
        let inverse = one / x;
        let squared = inverse * inverse;
        squared / (one + squared)
    }
}

/// `a / (a² + b²)`, without overflow or underflow on the way; 0 at the origin and where both are infinite.
#[inline(always)]
fn inverse_component<R: Real>(a: R, b: R) -> R {
    let (zero, one) = (R::of(0.0), R::of(1.0));
    if (a == zero && b == zero) || (!a.is_finite() && !b.is_finite() && !a.is_nan() && !b.is_nan()) {
        zero
    } else if a.absolute() >= b.absolute() {
        let ratio = b / a;
        one / a / (one + ratio * ratio)
    } else {
        let ratio = a / b;
        ratio / b / (one + ratio * ratio)
    }
}

/// `1 - tanh(x)²` without cancellation.
#[inline(always)]
fn sech_squared<R: Real>(x: R) -> R {
    let one = R::of(1.0);
    let small = (R::of(-2.0) * x.absolute()).exp();
    let whole = one + small;
    R::of(4.0) * small / (whole * whole)
}

/// `sin(x) / x` from the sine.
#[inline(always)]
fn sinc_of<R: Real>(x: R, sine: R) -> R {
    if x == R::of(0.0) { R::of(1.0) } else { sine / x }
}

#[inline(always)]
fn sinc<R: Real>(x: R) -> R {
    sinc_of(x, x.sin())
}

#[inline(always)]
fn sinc_within<R: Real>(x: R) -> R {
    sinc_of(x, x.sin_reduced())
}

#[inline(always)]
fn sinc_slope<R: Real>(x: R) -> R {
    sinc_slope_of(x, x.sin(), x.cos())
}

#[inline(always)]
fn sinc_slope_within<R: Real>(x: R) -> R {
    sinc_slope_of(x, x.sin_reduced(), x.cos_reduced())
}

/// `(cos(x) - sinc(x)) / x` from sine and cosine; near 0 its Taylor series, since the difference cancels.
#[inline(always)]
fn sinc_slope_of<R: Real>(x: R, sine: R, cosine: R) -> R {
    let squared = x * x;
    if squared < R::of(1.0) {
        let terms = [-1.0 / 3.0, 1.0 / 30.0, -1.0 / 840.0, 1.0 / 45360.0, -1.0 / 3991680.0, 1.0 / 518918400.0];
        let tail = R::of(-1.0 / 93405312000.0) + squared * R::of(1.0 / 22230464256000.0);
        x * terms.iter().rev().fold(tail, |sum, term| R::of(*term) + squared * sum)
    } else {
        (cosine - sine / x) / x
    }
}

/// The sine and cosine of `x` half turns. The distances to whole and half numbers are exact, so that zeros and extremes are.
#[inline(always)]
fn half_turns<R: Real>(x: R) -> (R, R) {
    let (half, one, pi) = (R::of(0.5), R::of(1.0), R::of(PI));
    let rest = x - R::of(2.0) * (x * half).round();
    let distance = rest.absolute();
    let to_whole = if distance > half { one - distance } else { distance };
    let near = to_whole <= R::of(0.25);
    let angle = pi * if near { to_whole } else { half - to_whole };
    let (sine, cosine) = (angle.sin_reduced(), angle.cos_reduced());
    let (sine, cosine) = if near { (sine, cosine) } else { (cosine, sine) };
    let sign = if rest == R::of(0.0) { x } else { rest };
    (sine.with_sign_of(sign), if distance > half { -cosine } else { cosine })
}

#[inline(always)]
fn sinpi<R: Real>(x: R) -> R {
    half_turns(x).0
}

#[inline(always)]
fn cospi<R: Real>(x: R) -> R {
    half_turns(x).1
}

unary_meanings!(abreast: Tanh = Real::tanh, SechSquared = sech_squared);
unary_meanings! {
    SinPi = sinpi, CosPi = cospi, Asin = Real::asin, Acos = Real::acos, Atan = Real::atan, Sinh = Real::sinh,
    Cosh = Real::cosh, Asinh = Real::asinh, Acosh = Real::acosh, Atanh = Real::atanh,
    InverseChord = inverse_chord, AtanhSlope = atanh_slope, Lorentzian = lorentzian,
}
unary_meanings! {
    turning:
    Sin = Real::sin, Real::sin_reduced;
    Cos = Real::cos, Real::cos_reduced;
    Tan = Real::tan, Real::tan_reduced;
    Sinc = sinc, sinc_within;
    SincSlope = sinc_slope, sinc_slope_within;
}
binary_meanings!(Atan2 = Real::atan2, InverseComponent = inverse_component);

const ANGLES: &[&[f64]] = &[&[0.0], &[0.3], &[-2.3], &[11.25], &[1e-9], &[1e8], &[f64::INFINITY]];
const TURNS: &[&[f64]] = &[&[0.0], &[0.3], &[-2.3], &[0.5], &[1.0], &[11.25], &[1e-9], &[1e17], &[f64::INFINITY]];
const UNIT: &[&[f64]] = &[&[0.0], &[0.3], &[-0.85], &[0.5], &[1e-9], &[1.0], &[-1.0], &[1.5]];
const PERIODIC: &str = "NaN at infinities.";

/// `sin(x)`
pub static SIN: Pointwise = Pointwise {
    name: "sin",
    documentation: "The sine of an angle in radians.",
    example: ("sin(0)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&COS, a[0]))),
    probes: ANGLES,
    domain: "x finite",
    conventions: PERIODIC,
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Sin>()
};

/// `cos(x)`
pub static COS: Pointwise = Pointwise {
    name: "cos",
    documentation: "The cosine of an angle in radians.",
    example: ("cos(0)", "1"),
    differential: Differential::Partials(|g, a, _| {
        let sine = g.apply(&SIN, a[0]);
        only(g.negate(sine))
    }),
    probes: ANGLES,
    domain: "x finite",
    conventions: PERIODIC,
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Cos>()
};

/// `sinpi(x)`
pub static SINPI: Pointwise = Pointwise {
    name: "sinpi",
    documentation: "The sine of `pi * x`, exact at whole and half numbers.",
    example: ("sinpi(0.5)", "1"),
    differential: Differential::Partials(|g, a, _| {
        let cosine = g.apply(&COSPI, a[0]);
        only(g.scale(cosine, PI))
    }),
    probes: TURNS,
    domain: "x finite",
    ends: &[&[0.5], &[1.0], &[1.5]],
    conventions: PERIODIC,
    known: &[
        known(&[1e-9], 3.1415926535897936e-9, &[PI]),
        known(&[0.2], 0.5877852522924731, &[2.5416018461576297]),
        known(&[0.4], 0.9510565162951536, &[0.9708055193627331]),
        known(&[0.5], 1.0, &[0.0]),
        known(&[-0.7], -0.8090169943749475, &[-1.8465818304904564]),
        known(&[1.0], 0.0, &[-PI]),
        known(&[-1000.9], -0.30901699437501534, &[-2.9878321647414867]),
        known(&[123456789.1], -0.3090169765660799, &[-2.98783218292023]),
    ],
    ..unary::<SinPi>()
};

/// `cospi(x)`
pub static COSPI: Pointwise = Pointwise {
    name: "cospi",
    documentation: "The cosine of `pi * x`, exact at whole and half numbers.",
    example: ("cospi(1)", "-1"),
    differential: Differential::Partials(|g, a, _| {
        let sine = g.apply(&SINPI, a[0]);
        only(g.scale(sine, -PI))
    }),
    probes: TURNS,
    domain: "x finite",
    ends: &[&[0.5], &[1.0], &[1.5]],
    conventions: PERIODIC,
    known: &[
        known(&[1e-9], 1.0, &[-9.869604401089358e-9]),
        known(&[0.2], 0.8090169943749475, &[-1.8465818304904569]),
        known(&[0.4], 0.30901699437494734, &[-2.987832164741556]),
        known(&[0.5], 0.0, &[-PI]),
        known(&[-0.7], -0.587785252292473, &[2.54160184615763]),
        known(&[1.0], -1.0, &[0.0]),
        known(&[-1000.9], -0.9510565162951315, &[0.9708055193629467]),
        known(&[123456789.1], -0.9510565220816052, &[0.9708054634145259]),
    ],
    ..unary::<CosPi>()
};

/// `tan(x)`
pub static TAN: Pointwise = Pointwise {
    name: "tan",
    documentation: "The tangent of an angle in radians.",
    example: ("tan(0)", "0"),
    differential: Differential::Partials(|g, _, y| {
        let squared = g.apply(&SQUARE, y);
        only(g.offset(squared, 1.0))
    }),
    probes: &[&[0.0], &[0.3], &[-2.3], &[4.0], &[1e-9], &[f64::INFINITY]],
    domain: "x finite",
    conventions: PERIODIC,
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Tan>()
};

/// `asin(x)`
pub static ASIN: Pointwise = Pointwise {
    name: "asin",
    documentation: "The inverse sine, between -pi/2 and pi/2.",
    example: ("asin(1)", "pi / 2"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&INVERSE_CHORD, a[0]))),
    probes: UNIT,
    domain: "-1 <= x <= 1",
    kinks: &[kink(&[1.0], &[f64::INFINITY]), kink(&[-1.0], &[f64::INFINITY])],
    ends: &[&[1.5]],
    conventions: "The derivative at -1 and 1 is inf; outside both are NaN.",
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Asin>()
};

/// `acos(x)`
pub static ACOS: Pointwise = Pointwise {
    name: "acos",
    documentation: "The inverse cosine, between 0 and pi.",
    example: ("acos(1)", "0"),
    differential: Differential::Partials(|g, a, _| {
        let slope = g.apply(&INVERSE_CHORD, a[0]);
        only(g.negate(slope))
    }),
    probes: UNIT,
    domain: "-1 <= x <= 1",
    kinks: &[kink(&[1.0], &[f64::NEG_INFINITY]), kink(&[-1.0], &[f64::NEG_INFINITY])],
    ends: &[&[1.5]],
    conventions: "The derivative at -1 and 1 is -inf; outside both are NaN.",
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Acos>()
};

/// The derivative of [`ASIN`].
pub static INVERSE_CHORD: Pointwise = Pointwise {
    name: "inverse_chord",
    documentation: "`1 / sqrt((1 - x) * (1 + x))`, the derivative of `asin`.",
    definition: "(x: real) = grad(asin)(x)",
    differential: Differential::Partials(|g, a, y| {
        let squared = g.apply(&SQUARE, y);
        let product = g.multiply(a[0], y);
        only(g.multiply(product, squared))
    }),
    probes: UNIT,
    domain: "-1 < x < 1",
    kinks: &[kink(&[1.0], &[f64::INFINITY]), kink(&[-1.0], &[f64::NEG_INFINITY])],
    ..unary_helper::<InverseChord>()
};

/// `atan(x)`
pub static ATAN: Pointwise = Pointwise {
    name: "atan",
    documentation: "The inverse tangent, between -pi/2 and pi/2.",
    example: ("atan(1)", "pi / 4"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&LORENTZIAN, a[0]))),
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Atan>()
};

/// `1 / (1 + x²)`
pub static LORENTZIAN: Pointwise = Pointwise {
    name: "lorentzian",
    documentation: "`1 / (1 + x^2)`, the derivative of `atan`.",
    definition: "(x: real) = grad(atan)(x)",
    differential: Differential::Partials(|g, a, y| {
        // Infinite arguments have the limit 0, and so small a square would underflow.
        let product = g.apply2(&super::arithmetic::MASKED_MULTIPLY, y, a[0]);
        let product = g.multiply(product, y);
        only(g.scale(product, -2.0))
    }),
    probes: &[&[0.0], &[0.3], &[-1.2], &[20.0], &[1e100], &[f64::INFINITY]],
    ..unary_helper::<Lorentzian>()
};

/// `atan2(y, x)`
pub static ATAN2: Pointwise = Pointwise {
    name: "atan2",
    documentation: "The angle of the point with the coordinates `x` and `y`, between -pi and pi; `y` comes first.",
    example: ("atan2(1, 0)", "pi / 2"),
    differential: Differential::Partials(|g, a, _| {
        let by_x = g.apply2(&INVERSE_COMPONENT, a[0], a[1]);
        both(g.apply2(&INVERSE_COMPONENT, a[1], a[0]), g.negate(by_x))
    }),
    probes: &[&[-0.7, -2.3], &[-1.0, 0.0], &[1e-300, 1.0], &[3e200, 4e200], &[0.0, -1.0], &[0.0, 0.0]],
    kinks: &[kink(&[0.0, 0.0], &[0.0, 0.0]), kink(&[f64::INFINITY, f64::INFINITY], &[0.0, 0.0])],
    ends: &[&[0.0, -1.0], &[-0.0, -1.0]],
    conventions: "Both derivatives at the origin are 0.",
    accuracy: Accuracy::units(2.0, 4.0),
    ..binary::<Atan2>()
};

/// `a / (a² + b²)`
pub static INVERSE_COMPONENT: Pointwise = Pointwise {
    name: "inverse_component",
    documentation: "`a / (a^2 + b^2)`, a derivative of `atan2`.",
    definition: "(a: real, b: real) = grad(atan2)(b, a).0",
    differential: Differential::Partials(|g, a, y| {
        let other = g.apply2(&INVERSE_COMPONENT, a[1], a[0]);
        let (mine, its) = (g.apply(&SQUARE, y), g.apply(&SQUARE, other));
        let cross = g.multiply(y, other);
        both(g.subtract(its, mine), g.scale(cross, -2.0))
    }),
    probes: &[&[0.7, 2.3], &[-3.0, 0.2], &[0.0, 1.0], &[0.0, 0.0]],
    conventions: "0 at the origin.",
    ..binary_helper::<InverseComponent>()
};

/// `sinh(x)`
pub static SINH: Pointwise = Pointwise {
    name: "sinh",
    documentation: "The hyperbolic sine.",
    example: ("sinh(0)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&COSH, a[0]))),
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Sinh>()
};

/// `cosh(x)`
pub static COSH: Pointwise = Pointwise {
    name: "cosh",
    documentation: "The hyperbolic cosine.",
    example: ("cosh(0)", "1"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&SINH, a[0]))),
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Cosh>()
};

/// `tanh(x)`
pub static TANH: Pointwise = Pointwise {
    name: "tanh",
    documentation: "The hyperbolic tangent.",
    example: ("tanh(0)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&SECH_SQUARED, a[0]))),
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Tanh>()
};

/// `1 - tanh(x)²`
pub static SECH_SQUARED: Pointwise = Pointwise {
    name: "sech_squared",
    documentation: "`1 / cosh(x)^2`, the derivative of `tanh`.",
    definition: "(x) = 4 * sigmoid(2 * x) * sigmoid(-2 * x)",
    differential: Differential::Partials(|g, a, y| {
        let slope = g.apply(&TANH, a[0]);
        let product = g.multiply(slope, y);
        only(g.scale(product, -2.0))
    }),
    ..unary_helper::<SechSquared>()
};

/// `asinh(x)`
pub static ASINH: Pointwise = Pointwise {
    name: "asinh",
    documentation: "The inverse hyperbolic sine.",
    example: ("asinh(0)", "0"),
    differential: Differential::Partials(|g, a, _| {
        let one = g.constant_like(a[0], 1.0);
        let length = g.apply2(&HYPOT, one, a[0]);
        only(g.apply(&RECIPROCAL, length))
    }),
    probes: &[&[0.0], &[0.3], &[-4.5], &[1e-9], &[1e160], &[f64::INFINITY]],
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Asinh>()
};

/// `acosh(x)`
pub static ACOSH: Pointwise = Pointwise {
    name: "acosh",
    documentation: "The inverse hyperbolic cosine.",
    example: ("acosh(1)", "0"),
    differential: Differential::Partials(|g, a, _| {
        let (below, above) = (g.offset(a[0], -1.0), g.offset(a[0], 1.0));
        let (below, above) = (g.apply(&RSQRT, below), g.apply(&RSQRT, above));
        only(g.multiply(below, above))
    }),
    probes: &[&[1.3], &[20.0], &[1.0 + f64::EPSILON], &[1.0], &[0.5], &[f64::INFINITY]],
    domain: "x >= 1",
    kinks: &[kink(&[1.0], &[f64::INFINITY])],
    ends: &[&[0.5]],
    conventions: "The derivative at 1 is inf; below both are NaN.",
    ..unary::<Acosh>()
};

/// `atanh(x)`
pub static ATANH: Pointwise = Pointwise {
    name: "atanh",
    documentation: "The inverse hyperbolic tangent.",
    example: ("atanh(0)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&ATANH_SLOPE, a[0]))),
    probes: UNIT,
    domain: "-1 < x < 1",
    kinks: &[kink(&[1.0], &[f64::INFINITY]), kink(&[-1.0], &[f64::INFINITY])],
    ends: &[&[1.5]],
    conventions: "Infinite at -1 and 1, with derivative inf; outside the value is NaN.",
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Atanh>()
};

/// The derivative of [`ATANH`].
pub static ATANH_SLOPE: Pointwise = Pointwise {
    name: "atanh_slope",
    documentation: "`1 / ((1 - x) * (1 + x))`, the derivative of `atanh`.",
    definition: "(x: real) = grad(atanh)(x)",
    differential: Differential::Partials(|g, a, y| {
        let squared = g.apply(&SQUARE, y);
        let product = g.multiply(a[0], squared);
        only(g.scale(product, 2.0))
    }),
    probes: &[&[0.0], &[0.3], &[-0.85], &[0.5], &[1e-9], &[1.0], &[-1.0]],
    domain: "-1 < x < 1",
    kinks: &[kink(&[1.0], &[f64::INFINITY]), kink(&[-1.0], &[f64::NEG_INFINITY])],
    ..unary_helper::<AtanhSlope>()
};

/// `sinc(x)`
pub static SINC: Pointwise = Pointwise {
    name: "sinc",
    documentation: "`sin(x) / x`, and 1 at 0.",
    example: ("sinc(0)", "1"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&SINC_SLOPE, a[0]))),
    probes: ANGLES,
    domain: "x finite",
    conventions: PERIODIC,
    ..unary::<Sinc>()
};

/// The derivative of [`SINC`].
pub static SINC_SLOPE: Pointwise = Pointwise {
    name: "sinc_slope",
    documentation: "The derivative of `sinc`.",
    definition: "(x: real) = grad(sinc)(x)",
    differential: Differential::Partials(|g, a, y| {
        let zero = g.constant_like(a[0], 0.0);
        let origin = g.apply2(&super::comparison::EQUAL, a[0], zero);
        let (limit, ratio) = (g.constant_like(a[0], -1.0 / 3.0), g.divide(y, a[0]));
        let ratio = g.select(origin, limit, ratio);
        let (twice, value) = (g.scale(ratio, 2.0), g.apply(&SINC, a[0]));
        let sum = g.add(value, twice);
        only(g.negate(sum))
    }),
    probes: &[&[0.0], &[0.3], &[-2.3], &[11.25]],
    conventions: "Derivatives of `sinc` are right at 0 up to the third.",
    ..unary_helper::<SincSlope>()
};

/// The operations of this file.
pub static ALL: &[&Pointwise] = &[
    &SIN,
    &COS,
    &SINPI,
    &COSPI,
    &TAN,
    &ASIN,
    &ACOS,
    &INVERSE_CHORD,
    &ATAN,
    &LORENTZIAN,
    &ATAN2,
    &INVERSE_COMPONENT,
    &SINH,
    &COSH,
    &TANH,
    &SECH_SQUARED,
    &ASINH,
    &ACOSH,
    &ATANH,
    &ATANH_SLOPE,
    &SINC,
    &SINC_SLOPE,
];
