//! Operations that let one argument through: extremes, selection, conversion, a stop to gradients.

use super::declare::*;
use super::real::Real;
use crate::ir::{Differential, ElementType, Instruction, Meaning, Partial, Pointwise};

#[inline(always)]
fn max<R: Real>(a: R, b: R) -> R {
    if a > b || a.is_nan() { a } else { b }
}

#[inline(always)]
fn min<R: Real>(a: R, b: R) -> R {
    if a < b || a.is_nan() { a } else { b }
}

/// 1 where `a` is greater, a half where both are equal, else 0.
#[inline(always)]
fn greater_share<R: Real>(a: R, b: R) -> R {
    if a > b {
        R::of(1.0)
    } else if a == b {
        R::of(0.5)
    } else {
        R::of(0.0)
    }
}

#[inline(always)]
fn copysign<R: Real>(a: R, b: R) -> R {
    a.with_sign_of(b)
}

#[inline(always)]
fn identity<R: Real>(x: R) -> R {
    x
}

binary_meanings!(light: Max = max, Min = min);
/// Nothing, so that adding it changes no bit of any number.
#[inline(always)]
fn nothing<R: Real>(_: R, _: R) -> R {
    R::of(-0.0)
}

binary_meanings!(GreaterShare = greater_share, CopySign = copysign, OwnSlope = nothing);
unary_meanings!(StopGradient = identity);

const TIES: &str = "Equal arguments share the derivative evenly. NaN propagates.";
const CORNERS: &[&[f64]] =
    &[&[0.7, 2.3], &[2.3, -1.7], &[1.0, 1.0], &[0.0, -0.0], &[f64::INFINITY, 0.0], &[1.0, f64::NAN]];

/// `max(a, b)`
pub static MAX: Pointwise = Pointwise {
    name: "max",
    documentation: "The greater of two numbers.",
    example: ("max(2, 3)", "3"),
    meaning: Meaning::binary_with_integer::<Max>(|a, b| Some(a.max(b))),
    instruction: Some(Instruction::Maximum),
    differential: Differential::Partials(|g, a, _| {
        both(g.apply2(&GREATER_SHARE, a[0], a[1]), g.apply2(&GREATER_SHARE, a[1], a[0]))
    }),
    routes: true,
    probes: CORNERS,
    kinks: &[kink(&[1.0, 1.0], &[0.5, 0.5]), kink(&[0.0, -0.0], &[0.5, 0.5])],
    conventions: TIES,
    ..binary::<Max>()
};

/// `min(a, b)`
pub static MIN: Pointwise = Pointwise {
    name: "min",
    documentation: "The lesser of two numbers.",
    example: ("min(2, 3)", "2"),
    meaning: Meaning::binary_with_integer::<Min>(|a, b| Some(a.min(b))),
    instruction: Some(Instruction::Minimum),
    differential: Differential::Partials(|g, a, _| {
        both(g.apply2(&GREATER_SHARE, a[1], a[0]), g.apply2(&GREATER_SHARE, a[0], a[1]))
    }),
    routes: true,
    probes: CORNERS,
    kinks: &[kink(&[1.0, 1.0], &[0.5, 0.5]), kink(&[0.0, -0.0], &[0.5, 0.5])],
    conventions: TIES,
    ..binary::<Min>()
};

/// The share of the first argument in a maximum.
pub static GREATER_SHARE: Pointwise = Pointwise {
    name: "greater_share",
    documentation: "1 where the first argument is greater, a half where both are equal, else 0.",
    kinks: &[kink(&[1.0, 1.0], &[0.0, 0.0])],
    conventions: "0 for NaN; the derivative is 0 everywhere.",
    ..binary_helper::<GreaterShare>()
};

/// `copysign(a, b)`
pub static COPYSIGN: Pointwise = Pointwise {
    name: "copysign",
    documentation: "The magnitude of the first with the sign of the second.",
    example: ("copysign(3, -1)", "-3"),
    differential: Differential::Partials(|g, a, _| {
        let sign = g.apply(&super::rounding::SIGN, a[0]);
        let one = g.constant_like(a[1], 1.0);
        let other = g.apply2(&COPYSIGN, one, a[1]);
        let slope = g.multiply(sign, other);
        let zero = g.constant_like(a[1], 0.0);
        both(slope, zero)
    }),
    routes: true,
    kinks: &[kink(&[0.0, 1.0], &[0.0, 0.0]), kink(&[-2.5, 0.0], &[-1.0, 0.0])],
    conventions: "The derivative by the first is 0 where it is 0; the one by the second is 0 everywhere.",
    ..binary::<CopySign>()
};

/// `where(c, a, b)`
pub static SELECT: Pointwise = Pointwise {
    name: "where",
    documentation: "The second argument where the first is true, else the third.",
    example: ("where(2 > 1, 5, 7)", "5"),
    instruction: Some(Instruction::Select),
    differential: Differential::Select,
    routes: true,
    conventions: "The argument not chosen gets the derivative 0, whatever happened in it.",
    ..other(Meaning::Select)
};

macro_rules! conversions {
    ($($constant:ident $name:literal $element:ident $documentation:literal;)*) => {$(
        #[doc = $documentation]
        pub static $constant: Pointwise = Pointwise {
            name: $name,
            documentation: $documentation,
            builtin: false,
            instruction: Some(Instruction::Convert),
            differential: Differential::Convert,
            conventions: "To bool by `!= 0`; to int toward zero, saturating, NaN to 0.",
            ..other(Meaning::Convert(ElementType::$element))
        };
    )*};
}

conversions! {
    TO_F32 "to_f32" F32 "The nearest single-precision number.";
    TO_F64 "to_f64" F64 "The nearest double-precision number.";
    TO_I64 "to_i64" I64 "The integer part.";
    TO_BOOL "to_bool" Bool "Whether it is not zero.";
}

/// The conversion to an element type.
pub fn conversion(element: ElementType) -> &'static Pointwise {
    match element {
        ElementType::F32 => &TO_F32,
        ElementType::F64 => &TO_F64,
        ElementType::I64 => &TO_I64,
        ElementType::Bool => &TO_BOOL,
    }
}

/// `stop_gradient(x)`
pub static STOP_GRADIENT: Pointwise = Pointwise {
    name: "stop_gradient",
    documentation: "The value itself, as a constant for differentiation.",
    example: ("stop_gradient(3)", "3"),
    meaning: Meaning::unary_with_integer::<StopGradient>(Some),
    instruction: Some(Instruction::Identity),
    conventions: "The derivative is 0 everywhere.",
    ..unary::<StopGradient>()
};

/// What `derivative f(x) = e` adds to a value: nothing, with the derivative `e` by `x`. Being differentiated is all that it is
/// for; `-0` in its place afterwards.
pub static OWN_SLOPE: Pointwise = Pointwise {
    name: "own_slope",
    documentation: "-0, whose derivative by the first argument is the second one.",
    differential: Differential::Partials(|_, a, _| vec![Partial::Value(a[1]), Partial::Zero]),
    probes: &[],
    conventions: "The derivative by the second argument is 0.",
    ..binary_helper::<OwnSlope>()
};

/// The operations of this file.
pub static ALL: &[&Pointwise] =
    &[&MAX, &MIN, &GREATER_SHARE, &COPYSIGN, &SELECT, &TO_F32, &TO_F64, &TO_I64, &TO_BOOL, &STOP_GRADIENT, &OWN_SLOPE];
