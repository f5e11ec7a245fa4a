//! Trigonometric and hyperbolic functions and their inverses.

use super::declare::*;
use super::real::Real;
use super::roots::{HYPOT, RECIPROCAL, RSQRT, SQUARE};
use crate::ir::{Differential, Graph, NodeId, Pointwise};

#[inline(always)]
fn sin<R: Real>(x: R) -> R {
    x.sin()
}
#[inline(always)]
fn cos<R: Real>(x: R) -> R {
    x.cos()
}
#[inline(always)]
fn tan<R: Real>(x: R) -> R {
    x.tan()
}
#[inline(always)]
fn asin<R: Real>(x: R) -> R {
    x.asin()
}
#[inline(always)]
fn acos<R: Real>(x: R) -> R {
    x.acos()
}
#[inline(always)]
fn atan<R: Real>(x: R) -> R {
    x.atan()
}
#[inline(always)]
fn atan2<R: Real>(y: R, x: R) -> R {
    y.atan2(x)
}
#[inline(always)]
fn sinh<R: Real>(x: R) -> R {
    x.sinh()
}
#[inline(always)]
fn cosh<R: Real>(x: R) -> R {
    x.cosh()
}
#[inline(always)]
fn tanh<R: Real>(x: R) -> R {
    x.tanh()
}
#[inline(always)]
fn asinh<R: Real>(x: R) -> R {
    x.asinh()
}
#[inline(always)]
fn acosh<R: Real>(x: R) -> R {
    x.acosh()
}
#[inline(always)]
fn atanh<R: Real>(x: R) -> R {
    x.atanh()
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

#[inline(always)]
fn sinc<R: Real>(x: R) -> R {
    if x == R::of(0.0) { R::of(1.0) } else { x.sin() / x }
}

/// `(cos(x) - sinc(x)) / x`; near 0 its Taylor series, since the difference cancels.
#[inline(always)]
fn sinc_slope<R: Real>(x: R) -> R {
    let squared = x * x;
    if squared < R::of(1.0) {
        let terms = [-1.0 / 3.0, 1.0 / 30.0, -1.0 / 840.0, 1.0 / 45360.0, -1.0 / 3991680.0, 1.0 / 518918400.0];
        let tail = R::of(-1.0 / 93405312000.0) + squared * R::of(1.0 / 22230464256000.0);
        x * terms.iter().rev().fold(tail, |sum, term| R::of(*term) + squared * sum)
    } else {
        (x.cos() - x.sin() / x) / x
    }
}

unary_meanings!(
    Sin = sin,
    Cos = cos,
    Tan = tan,
    Asin = asin,
    Acos = acos,
    Atan = atan,
    Sinh = sinh,
    Cosh = cosh,
    Tanh = tanh,
    Asinh = asinh,
    Acosh = acosh,
    Atanh = atanh,
    Lorentzian = lorentzian,
    SechSquared = sech_squared,
    Sinc = sinc,
    SincSlope = sinc_slope,
);
binary_meanings!(Atan2 = atan2, InverseComponent = inverse_component);

const ANGLES: &[&[f64]] = &[&[0.0], &[0.3], &[-2.3], &[11.25], &[1e-9], &[1e8], &[f64::INFINITY]];
const UNIT: &[&[f64]] = &[&[0.0], &[0.3], &[-0.85], &[0.5], &[1e-9], &[1.0], &[-1.0], &[1.5]];
const PERIODIC: &str = "NaN at infinities.";

/// `1 / sqrt((1 - x) (1 + x))`
fn inverse_chord(g: &mut Graph, x: NodeId) -> NodeId {
    let opposite = g.negate(x);
    let (below, above) = (g.offset(opposite, 1.0), g.offset(x, 1.0));
    let product = g.multiply(below, above);
    g.apply(&RSQRT, product)
}

/// `sin(x)`
pub static SIN: Pointwise = Pointwise {
    name: "sin",
    documentation: "The sine of an angle in radians.",
    example: ("sin(0)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&COS, a[0]))),
    probes: ANGLES,
    conventions: PERIODIC,
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
    conventions: PERIODIC,
    ..unary::<Cos>()
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
    conventions: PERIODIC,
    ..unary::<Tan>()
};

/// `asin(x)`
pub static ASIN: Pointwise = Pointwise {
    name: "asin",
    documentation: "The inverse sine, between -pi/2 and pi/2.",
    example: ("asin(1)", "pi / 2"),
    differential: Differential::Partials(|g, a, _| only(inverse_chord(g, a[0]))),
    probes: UNIT,
    conventions: "The derivative at -1 and 1 is inf; outside both are NaN.",
    ..unary::<Asin>()
};

/// `acos(x)`
pub static ACOS: Pointwise = Pointwise {
    name: "acos",
    documentation: "The inverse cosine, between 0 and pi.",
    example: ("acos(1)", "0"),
    differential: Differential::Partials(|g, a, _| {
        let slope = inverse_chord(g, a[0]);
        only(g.negate(slope))
    }),
    probes: UNIT,
    conventions: "The derivative at -1 and 1 is -inf; outside both are NaN.",
    ..unary::<Acos>()
};

/// `atan(x)`
pub static ATAN: Pointwise = Pointwise {
    name: "atan",
    documentation: "The inverse tangent, between -pi/2 and pi/2.",
    example: ("atan(1)", "pi / 4"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&LORENTZIAN, a[0]))),
    ..unary::<Atan>()
};

/// `1 / (1 + x²)`
pub static LORENTZIAN: Pointwise = Pointwise {
    name: "lorentzian",
    documentation: "`1 / (1 + x^2)`, the derivative of `atan`.",
    definition: "(x) = 1 / (1 + x^2)",
    differential: Differential::Partials(|g, a, y| {
        let squared = g.apply(&SQUARE, y);
        let product = g.multiply(a[0], squared);
        only(g.scale(product, -2.0))
    }),
    probes: &[&[0.0], &[0.3], &[-1.2], &[20.0], &[1e100]],
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
    conventions: "Both derivatives at the origin are 0.",
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
    ..unary::<Sinh>()
};

/// `cosh(x)`
pub static COSH: Pointwise = Pointwise {
    name: "cosh",
    documentation: "The hyperbolic cosine.",
    example: ("cosh(0)", "1"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&SINH, a[0]))),
    ..unary::<Cosh>()
};

/// `tanh(x)`
pub static TANH: Pointwise = Pointwise {
    name: "tanh",
    documentation: "The hyperbolic tangent.",
    example: ("tanh(0)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&SECH_SQUARED, a[0]))),
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
    conventions: "The derivative at 1 is inf; below both are NaN.",
    ..unary::<Acosh>()
};

/// `atanh(x)`
pub static ATANH: Pointwise = Pointwise {
    name: "atanh",
    documentation: "The inverse hyperbolic tangent.",
    example: ("atanh(0)", "0"),
    differential: Differential::Partials(|g, a, _| {
        let opposite = g.negate(a[0]);
        let (below, above) = (g.offset(opposite, 1.0), g.offset(a[0], 1.0));
        let product = g.multiply(below, above);
        only(g.apply(&RECIPROCAL, product))
    }),
    probes: UNIT,
    conventions: "Infinite at -1 and 1, with derivative inf; outside the value is NaN.",
    ..unary::<Atanh>()
};

/// `sinc(x)`
pub static SINC: Pointwise = Pointwise {
    name: "sinc",
    documentation: "`sin(x) / x`, and 1 at 0.",
    example: ("sinc(0)", "1"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&SINC_SLOPE, a[0]))),
    probes: ANGLES,
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
    &TAN,
    &ASIN,
    &ACOS,
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
    &SINC,
    &SINC_SLOPE,
];
