//! Rounding, sign and floor division: piecewise constant functions.

use super::declare::*;
use super::real::Real;
use crate::ir::{Instruction, Meaning, Pointwise};

#[inline(always)]
fn floor<R: Real>(x: R) -> R {
    x.floor()
}
#[inline(always)]
fn ceil<R: Real>(x: R) -> R {
    x.ceil()
}
#[inline(always)]
fn round<R: Real>(x: R) -> R {
    x.round()
}
#[inline(always)]
fn trunc<R: Real>(x: R) -> R {
    x.trunc()
}
#[inline(always)]
fn sign<R: Real>(x: R) -> R {
    let zero = R::of(0.0);
    if x > zero {
        R::of(1.0)
    } else if x < zero {
        R::of(-1.0)
    } else {
        x
    }
}

/// The largest integer not above the exact quotient: the quotient of `a` less its remainder, which is near an integer.
#[inline(always)]
fn floor_divide<R: Real>(a: R, b: R) -> R {
    let zero = R::of(0.0);
    let rest = a.truncated_remainder(b);
    if b == zero || rest.is_nan() {
        return (a / b).floor();
    }
    let quotient = ((a - rest) / b).round();
    if rest != zero && (rest < zero) != (b < zero) { quotient - R::of(1.0) } else { quotient }
}

fn integer_floor_divide(a: i64, b: i64) -> Option<i64> {
    let quotient = a.checked_div(b)?;
    Some(if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient })
}

unary_meanings!(Floor = floor, Ceil = ceil, Round = round, Trunc = trunc, Sign = sign);
binary_meanings!(FloorDivide = floor_divide);

const STEPS: &[&[f64]] = &[&[0.3], &[-1.2], &[2.0], &[2.5], &[-0.5], &[0.0], &[1e300], &[f64::NEG_INFINITY]];
const FLAT: &str = "The derivative is 0 everywhere, at the jumps too.";

/// `floor(x)`
pub static FLOOR: Pointwise = Pointwise {
    name: "floor",
    documentation: "The largest integer not above.",
    example: ("floor(-1.2)", "-2"),
    instruction: Some(Instruction::Floor),
    probes: STEPS,
    kinks: &[kink(&[2.0], &[0.0])],
    conventions: FLAT,
    ..unary::<Floor>()
};

/// `ceil(x)`
pub static CEIL: Pointwise = Pointwise {
    name: "ceil",
    documentation: "The smallest integer not below.",
    example: ("ceil(1.2)", "2"),
    instruction: Some(Instruction::Ceiling),
    probes: STEPS,
    kinks: &[kink(&[2.0], &[0.0])],
    conventions: FLAT,
    ..unary::<Ceil>()
};

/// `round(x)`
pub static ROUND: Pointwise = Pointwise {
    name: "round",
    documentation: "The nearest integer; halves go to the even one.",
    example: ("round(2.5)", "2"),
    probes: STEPS,
    kinks: &[kink(&[2.5], &[0.0])],
    conventions: FLAT,
    ..unary::<Round>()
};

/// `trunc(x)`
pub static TRUNC: Pointwise = Pointwise {
    name: "trunc",
    documentation: "The nearest integer toward zero.",
    example: ("trunc(-1.7)", "-1"),
    instruction: Some(Instruction::Truncate),
    probes: STEPS,
    kinks: &[kink(&[2.0], &[0.0])],
    conventions: FLAT,
    ..unary::<Trunc>()
};

/// `sign(x)`
pub static SIGN: Pointwise = Pointwise {
    name: "sign",
    documentation: "1 for positive, -1 for negative numbers, 0 for 0.",
    example: ("sign(-3)", "-1"),
    meaning: Meaning::unary_with_integer::<Sign>(|x| Some(x.signum())),
    probes: STEPS,
    kinks: &[kink(&[0.0], &[0.0])],
    conventions: FLAT,
    ..unary::<Sign>()
};

/// `div(a, b)`
pub static FLOOR_DIVIDE: Pointwise = Pointwise {
    name: "div",
    documentation: "The quotient rounded down; of integers an integer.",
    example: ("div(-7, 2)", "-4"),
    meaning: Meaning::binary_with_integer::<FloorDivide>(integer_floor_divide),
    probes: &[&[7.3, 2.3], &[-3.1, 0.7], &[5.0, -3.2], &[1.0, 0.1], &[1.0, 0.0]],
    domain: "a and b not both 0 or infinite",
    kinks: &[kink(&[4.0, 2.0], &[0.0, 0.0]), kink(&[1.0, 0.0], &[0.0, 0.0])],
    conventions: "The derivative is 0 everywhere. An integer divisor of zero is an error.",
    ..binary::<FloorDivide>()
};

/// The operations of this file.
pub static ALL: &[&Pointwise] = &[&FLOOR, &CEIL, &ROUND, &TRUNC, &SIGN, &FLOOR_DIVIDE];
