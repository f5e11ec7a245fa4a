//! Squares, roots and reciprocals.

use super::declare::*;
use super::real::Real;
use crate::ir::{Accuracy, Differential, Instruction, Meaning, Pointwise};

#[inline(always)]
fn square<R: Real>(x: R) -> R {
    x * x
}
#[inline(always)]
fn reciprocal<R: Real>(x: R) -> R {
    R::of(1.0) / x
}
#[inline(always)]
fn sqrt<R: Real>(x: R) -> R {
    x.root()
}
/// Positive infinity at both zeros, so that `sqrt'(-0)` is the limit of `sqrt'`.
#[inline(always)]
fn rsqrt<R: Real>(x: R) -> R {
    R::of(1.0) / x.root().absolute()
}
#[inline(always)]
fn inverse_square<R: Real>(x: R) -> R {
    R::of(1.0) / (x * x)
}
#[inline(always)]
fn cbrt<R: Real>(x: R) -> R {
    x.cbrt()
}

/// `a / hypot(a, b)` given the quotient's divisor: 0 at the origin, ±1 where both are infinite.
#[inline(always)]
fn direction<R: Real>(a: R, length: R) -> R {
    if length == R::of(0.0) {
        R::of(0.0)
    } else if a.absolute() == length {
        R::of(1.0).with_sign_of(a)
    } else {
        a / length
    }
}

#[inline(always)]
fn hypot<R: Real>(a: R, b: R) -> R {
    a.hypot(b)
}

unary_meanings!(
    light:
    Square = square,
    Reciprocal = reciprocal,
    Sqrt = sqrt,
    Rsqrt = rsqrt,
    InverseSquare = inverse_square,
);
unary_meanings!(Cbrt = cbrt);
binary_meanings!(Hypot = hypot, Direction = direction);

/// `square(x)`
pub static SQUARE: Pointwise = Pointwise {
    name: "square",
    documentation: "The number times itself.",
    example: ("square(3)", "9"),
    meaning: Meaning::unary_with_integer::<Square>(|x| x.checked_mul(x)),
    instruction: Some(Instruction::Square),
    differential: Differential::Partials(|g, a, _| only(g.scale(a[0], 2.0))),
    conventions: "Integer overflow is an error.",
    ..unary::<Square>()
};

/// `reciprocal(x)`
pub static RECIPROCAL: Pointwise = Pointwise {
    name: "reciprocal",
    documentation: "One divided by the number.",
    example: ("reciprocal(4)", "0.25"),
    instruction: Some(Instruction::Reciprocal),
    differential: Differential::Partials(|g, _, y| {
        let squared = g.apply(&SQUARE, y);
        only(g.negate(squared))
    }),
    probes: &[&[0.3], &[-1.2], &[1e-300], &[1e300], &[0.0], &[f64::INFINITY]],
    domain: "x not 0",
    kinks: &[kink(&[0.0], &[f64::NEG_INFINITY])],
    conventions: "At 0 the value is an infinity of its sign and the derivative is -inf.",
    ..unary::<Reciprocal>()
};

/// `sqrt(x)`
pub static SQRT: Pointwise = Pointwise {
    name: "sqrt",
    documentation: "The square root.",
    example: ("sqrt(9)", "3"),
    instruction: Some(Instruction::SquareRoot),
    differential: Differential::Partials(|g, a, _| {
        let inverse = g.apply(&RSQRT, a[0]);
        only(g.scale(inverse, 0.5))
    }),
    probes: &[&[0.7], &[4.0], &[1e-9], &[1e300], &[0.0], &[-0.0], &[-1.0], &[f64::INFINITY]],
    domain: "x >= 0",
    kinks: &[kink(&[0.0], &[f64::INFINITY]), kink(&[-0.0], &[f64::INFINITY])],
    ends: &[&[-1.0]],
    conventions: "The derivative at 0 is inf; below 0 both are NaN.",
    ..unary::<Sqrt>()
};

/// `rsqrt(x)`
pub static RSQRT: Pointwise = Pointwise {
    name: "rsqrt",
    documentation: "One divided by the square root.",
    example: ("rsqrt(4)", "0.5"),
    differential: Differential::Partials(|g, a, y| {
        // The magnitude, for the limit at -0; below 0 the root is NaN anyway.
        let magnitude = g.apply(&super::arithmetic::ABSOLUTE, a[0]);
        let ratio = g.divide(y, magnitude);
        only(g.scale(ratio, -0.5))
    }),
    probes: &[&[0.7], &[4.0], &[1e-9], &[0.0], &[-1.0], &[f64::INFINITY]],
    domain: "x > 0",
    kinks: &[kink(&[0.0], &[f64::NEG_INFINITY]), kink(&[-0.0], &[f64::NEG_INFINITY])],
    ends: &[&[-1.0]],
    conventions: "At 0 the value is inf; below 0 it is NaN.",
    ..unary::<Rsqrt>()
};

/// `cbrt(x)`
pub static CBRT: Pointwise = Pointwise {
    name: "cbrt",
    documentation: "The cube root, of negative numbers too.",
    example: ("cbrt(-8)", "-2"),
    differential: Differential::Partials(|g, _, y| {
        let inverse = g.apply(&INVERSE_SQUARE, y);
        let three = g.constant_like(y, 3.0);
        only(g.divide(inverse, three))
    }),
    kinks: &[kink(&[0.0], &[f64::INFINITY]), kink(&[-0.0], &[f64::INFINITY])],
    conventions: "The derivative at 0 is inf.",
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Cbrt>()
};

/// `1 / x²`
pub static INVERSE_SQUARE: Pointwise = Pointwise {
    name: "inverse_square",
    documentation: "One divided by the square, with which `cbrt` is differentiated.",
    definition: "(x) = (1 / x) * (1 / x)",
    differential: Differential::Partials(|g, a, y| {
        let ratio = g.divide(y, a[0]);
        only(g.scale(ratio, -2.0))
    }),
    probes: &[&[0.3], &[-1.2], &[1e-100], &[0.0], &[f64::INFINITY]],
    domain: "x not 0",
    kinks: &[kink(&[0.0], &[f64::NEG_INFINITY])],
    ..unary_helper::<InverseSquare>()
};

/// `hypot(a, b)`
pub static HYPOT: Pointwise = Pointwise {
    name: "hypot",
    documentation: "The length of the vector `(a, b)`, without overflow on the way.",
    example: ("hypot(3, 4)", "5"),
    differential: Differential::Partials(|g, a, y| both(g.apply2(&DIRECTION, a[0], y), g.apply2(&DIRECTION, a[1], y))),
    probes: &[&[0.7, 2.3], &[3e200, 4e200], &[1.0, 1e-30], &[0.0, 2.0], &[0.0, 0.0]],
    kinks: &[kink(&[0.0, 0.0], &[0.0, 0.0])],
    conventions: "Both derivatives at the origin are 0.",
    accuracy: Accuracy::units(2.0, 4.0),
    ..binary::<Hypot>()
};

/// A coordinate divided by the vector's length.
pub static DIRECTION: Pointwise = Pointwise {
    name: "direction",
    documentation: "A coordinate divided by the length of its vector, 0 for the zero vector.",
    definition: "(a, length) = where(length == 0, 0, a / length)",
    differential: Differential::Partials(|g, a, y| {
        let inverse = g.apply(&RECIPROCAL, a[1]);
        let ratio = g.divide(y, a[1]);
        both(inverse, g.negate(ratio))
    }),
    probes: &[&[0.7, 2.3], &[-3.0, 4.0], &[0.0, 0.0]],
    conventions: "0 where the length is 0.",
    ..binary_helper::<Direction>()
};

/// The operations of this file.
pub static ALL: &[&Pointwise] = &[&SQUARE, &RECIPROCAL, &SQRT, &RSQRT, &CBRT, &INVERSE_SQUARE, &HYPOT, &DIRECTION];
