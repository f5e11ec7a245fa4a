//! Addition, multiplication and their kin; products that keep NaN from crossing a branch not taken.

use super::declare::*;
use super::real::Real;
use super::rounding::FLOOR_DIVIDE;
use crate::ir::{Differential, Graph, Instruction, Meaning, NodeId, Partial, Pointwise};

#[inline(always)]
fn add<R: Real>(a: R, b: R) -> R {
    a + b
}
#[inline(always)]
fn subtract<R: Real>(a: R, b: R) -> R {
    a - b
}
/// `a - b`, but 0 where both are one infinity.
#[inline(always)]
fn excess<R: Real>(a: R, b: R) -> R {
    if a == b { R::of(0.0) } else { a - b }
}
/// 1, but 0 at infinities.
#[inline(always)]
fn finite_share<R: Real>(x: R) -> R {
    if x.is_finite() || x.is_nan() { R::of(1.0) } else { R::of(0.0) }
}
#[inline(always)]
fn multiply<R: Real>(a: R, b: R) -> R {
    a * b
}
#[inline(always)]
fn divide<R: Real>(a: R, b: R) -> R {
    a / b
}
#[inline(always)]
fn negate<R: Real>(x: R) -> R {
    -x
}
#[inline(always)]
fn absolute<R: Real>(x: R) -> R {
    x.absolute()
}

/// The remainder with the divisor's sign.
#[inline(always)]
fn remainder<R: Real>(a: R, b: R) -> R {
    let zero = R::of(0.0);
    let rest = a.truncated_remainder(b);
    if rest != zero && (rest < zero) != (b < zero) { rest + b } else { rest }
}

fn integer_remainder(a: i64, b: i64) -> Option<i64> {
    if b == 0 {
        return None;
    }
    let rest = a.wrapping_rem(b);
    Some(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest })
}

#[inline(always)]
fn power<R: Real>(a: R, b: R) -> R {
    a.power(b)
}

/// `a^(b - 1)`, where `b - 1` is not rounded: that would cost as many units as the logarithm of `a` is large.
#[inline(always)]
fn power_below<R: Real>(a: R, b: R) -> R {
    let (zero, one) = (R::of(0.0), R::of(1.0));
    let lower = b - one;
    let of_b = lower + one;
    let lost = (b - of_b) + ((of_b - lower) - one);
    let power = a.power(lower);
    let rounded = lost.absolute() > zero && a > zero && a.is_finite() && power.is_finite();
    if rounded { power * (one + lost * a.log()) } else { power }
}

#[inline(always)]
fn masked_multiply<R: Real>(g: R, p: R) -> R {
    if g == R::of(0.0) { R::of(0.0) } else { g * p }
}

#[inline(always)]
fn routed_multiply<R: Real>(p: R, g: R) -> R {
    let zero = R::of(0.0);
    if p == zero || g == zero { zero } else { p * g }
}

/// `p`, but zero where it is not finite and `g` is zero.
#[inline(always)]
fn masked_pass<R: Real>(g: R, p: R) -> R {
    if g == R::of(0.0) && !p.is_finite() { R::of(0.0) } else { p }
}

/// One, but zero where `masked_pass` drops.
#[inline(always)]
fn masked_pass_share<R: Real>(g: R, p: R) -> R {
    if g == R::of(0.0) && !p.is_finite() { R::of(0.0) } else { R::of(1.0) }
}

unary_meanings!(light: Negate = negate, Absolute = absolute, FiniteShare = finite_share);
binary_meanings!(
    light:
    Add = add,
    Subtract = subtract,
    Excess = excess,
    Multiply = multiply,
    Divide = divide,
    MaskedMultiply = masked_multiply,
    RoutedMultiply = routed_multiply,
);
binary_meanings!(
    Remainder = remainder,
    Power = power,
    PowerBelow = power_below,
    MaskedPass = masked_pass,
    MaskedPassShare = masked_pass_share,
);

/// `a + b`
pub static ADD: Pointwise = Pointwise {
    name: "add",
    documentation: "The sum, written `a + b`.",
    builtin: false,
    operator: "a + b",
    meaning: Meaning::binary_with_integer::<Add>(i64::checked_add),
    instruction: Some(Instruction::Add),
    differential: Differential::Partials(|_, _, _| vec![Partial::One, Partial::One]),
    conventions: "Integer overflow is an error.",
    ..binary::<Add>()
};

/// `a - b`
pub static SUBTRACT: Pointwise = Pointwise {
    name: "subtract",
    documentation: "The difference, written `a - b`.",
    builtin: false,
    operator: "a - b",
    meaning: Meaning::binary_with_integer::<Subtract>(i64::checked_sub),
    instruction: Some(Instruction::Subtract),
    differential: Differential::Partials(|_, _, _| vec![Partial::One, Partial::MinusOne]),
    conventions: "Integer overflow is an error.",
    ..binary::<Subtract>()
};

const EXCESS_PROBES: &[&[f64]] = &[&[0.7, 2.3], &[-3.0, 0.2], &[0.5, 0.5], &[0.0, 0.0], &[1e200, -1e200]];

/// `excess(a, b)`
pub static EXCESS: Pointwise = Pointwise {
    name: "excess",
    documentation: "How far `a` lies above `b`: `a - b`, but 0 where both are the same infinity.",
    example: ("excess(-inf, -inf)", "0"),
    instruction: Some(Instruction::Excess),
    differential: Differential::Partials(|g, a, _| {
        let share = g.apply(&FINITE_SHARE, a[1]);
        both(share, g.negate(share))
    }),
    probes: EXCESS_PROBES,
    conventions: "Where b is infinite, the derivatives are 0.",
    known: &[
        known(&[2.5, 1.0], 1.5, &[1.0, -1.0]),
        known(&[-2.0, 3.0], -5.0, &[1.0, -1.0]),
        known(&[0.75, 0.75], 0.0, &[1.0, -1.0]),
        known(&[f64::INFINITY, f64::INFINITY], 0.0, &[0.0, -0.0]),
        known(&[f64::NEG_INFINITY, f64::NEG_INFINITY], 0.0, &[0.0, -0.0]),
        known(&[f64::NEG_INFINITY, 1.0], f64::NEG_INFINITY, &[1.0, -1.0]),
    ],
    ..binary::<Excess>()
};

/// `excess_limit(a, b)`
pub static EXCESS_LIMIT: Pointwise = Pointwise {
    name: "excess_limit",
    documentation: "The same number as `excess(a, b)`, whose derivatives do not end at infinities: those of `a - b` as both grow.",
    example: ("excess_limit(-inf, -inf)", "0"),
    instruction: Some(Instruction::Excess),
    differential: Differential::Partials(|_, _, _| vec![Partial::One, Partial::MinusOne]),
    probes: EXCESS_PROBES,
    conventions: "The derivatives are 1 and -1 everywhere, at infinities too.",
    known: &[
        known(&[2.5, 1.0], 1.5, &[1.0, -1.0]),
        known(&[-2.0, 3.0], -5.0, &[1.0, -1.0]),
        known(&[0.75, 0.75], 0.0, &[1.0, -1.0]),
        known(&[f64::INFINITY, f64::INFINITY], 0.0, &[1.0, -1.0]),
        known(&[f64::NEG_INFINITY, f64::NEG_INFINITY], 0.0, &[1.0, -1.0]),
        known(&[f64::NEG_INFINITY, 1.0], f64::NEG_INFINITY, &[1.0, -1.0]),
    ],
    ..binary::<Excess>()
};

/// 1, but 0 at infinities.
pub static FINITE_SHARE: Pointwise = Pointwise {
    name: "finite_share",
    documentation: "1, but 0 where the argument is infinite.",
    definition: "(x) = where(abs(x) == inf, 0, 1)",
    probes: &[&[0.7], &[0.0], &[f64::INFINITY], &[f64::NEG_INFINITY]],
    conventions: "Piecewise constant: no derivative.",
    ..unary_helper::<FiniteShare>()
};

/// `a * b`
pub static MULTIPLY: Pointwise = Pointwise {
    name: "multiply",
    documentation: "The product, written `a * b`.",
    builtin: false,
    operator: "a * b",
    meaning: Meaning::binary_with_integer::<Multiply>(i64::checked_mul),
    instruction: Some(Instruction::Multiply),
    differential: Differential::Partials(|_, a, _| both(a[1], a[0])),
    probes: &[&[0.7, 2.3], &[-3.0, 0.2], &[0.0, 5.0], &[0.0, 0.0], &[1e-200, 1e-200], &[1e200, 1e-200]],
    conventions: "Integer overflow is an error.",
    ..binary::<Multiply>()
};

/// `a / b`
pub static DIVIDE: Pointwise = Pointwise {
    name: "divide",
    documentation: "The quotient of reals, written `a / b`.",
    builtin: false,
    operator: "a / b",
    instruction: Some(Instruction::Divide),
    differential: Differential::Partials(|g, a, y| {
        let inverse = g.apply(&super::roots::RECIPROCAL, a[1]);
        let ratio = g.divide(y, a[1]);
        both(inverse, g.negate(ratio))
    }),
    probes: &[&[0.7, 2.3], &[-3.0, 0.2], &[1e-200, 1e-200], &[0.0, 2.0], &[1.0, 0.0], &[0.0, 0.0]],
    domain: "a and b not both 0 or infinite",
    conventions: "Division by zero gives an infinity or NaN, by IEEE 754.",
    ..binary::<Divide>()
};

/// `-a`
pub static NEGATE: Pointwise = Pointwise {
    name: "negate",
    documentation: "The opposite, written `-x`.",
    builtin: false,
    operator: "-x",
    meaning: Meaning::unary_with_integer::<Negate>(i64::checked_neg),
    instruction: Some(Instruction::Negate),
    differential: Differential::Partials(|_, _, _| vec![Partial::MinusOne]),
    conventions: "Integer overflow is an error.",
    ..unary::<Negate>()
};

/// `abs(x)`
pub static ABSOLUTE: Pointwise = Pointwise {
    name: "abs",
    documentation: "The absolute value.",
    example: ("abs(-3.5)", "3.5"),
    meaning: Meaning::unary_with_integer::<Absolute>(i64::checked_abs),
    instruction: Some(Instruction::Absolute),
    differential: Differential::Partials(|g, a, _| only(g.apply(&super::rounding::SIGN, a[0]))),
    routes: true,
    kinks: &[kink(&[0.0], &[0.0])],
    conventions: "The derivative at 0 is 0. Integer overflow is an error.",
    ..unary::<Absolute>()
};

/// `a % b`
pub static REMAINDER: Pointwise = Pointwise {
    name: "remainder",
    documentation: "What floor division leaves, written `a % b`: it has the sign of `b`.",
    builtin: false,
    operator: "a % b",
    meaning: Meaning::binary_with_integer::<Remainder>(integer_remainder),
    differential: Differential::Partials(|g, a, _| {
        let quotient = g.apply2(&FLOOR_DIVIDE, a[0], a[1]);
        vec![Partial::One, Partial::Value(g.negate(quotient))]
    }),
    probes: &[&[7.3, 2.3], &[-3.1, 0.7], &[5.0, -3.2], &[-0.5, -2.0], &[1.0, 0.0]],
    domain: "a finite, b not 0",
    kinks: &[
        kink(&[4.0, 2.0], &[1.0, -2.0]),
        kink(&[-4.0, 2.0], &[1.0, 2.0]),
        kink(&[1.0, 0.0], &[1.0, f64::NEG_INFINITY]),
    ],
    conventions: "At multiples of `b` the derivative is that from above. An integer divisor of zero is an error.",
    ..binary::<Remainder>()
};

/// `a ^ b`
pub static POWER: Pointwise = Pointwise {
    name: "power",
    documentation: "A power with a real exponent, written `a^b`.",
    builtin: false,
    operator: "a ^ b",
    differential: Differential::Partials(|g, a, y| {
        let (base, exponent) = (a[0], a[1]);
        let below = lower_power(g, base, exponent);
        // The power jumps at the exponent 0 where the base is 0, and is constant beyond.
        let [zero, nothing] = [exponent, base].map(|each| g.constant_like(each, 0.0));
        let constant = g.apply2(&super::comparison::EQUAL, exponent, zero);
        let origin = g.apply2(&super::comparison::EQUAL, base, nothing);
        let jump = g.apply2(&super::comparison::AND, origin, constant);
        let power = g.select(jump, zero, y);
        power_partials(g, base, exponent, power, below)
    }),
    probes: &[
        &[0.7, 2.3],
        &[2.3, -1.7],
        &[11.0, 0.5],
        &[2.0, 3.0],
        &[0.0, 2.0],
        &[0.0, 1.0],
        &[0.0, 0.5],
        &[0.0, -1.0],
        &[1.5, 0.0],
        &[-8.0, 1.0 / 3.0],
    ],
    domain: "a >= 0, or b whole",
    kinks: &[
        kink(&[0.0, 0.0], &[0.0, 0.0]),
        kink(&[0.0, 0.5], &[f64::INFINITY, 0.0]),
        kink(&[0.0, 1.0], &[1.0, 0.0]),
        kink(&[0.0, -1.0], &[f64::NEG_INFINITY, f64::NEG_INFINITY]),
    ],
    ends: &[&[0.0, 2.0], &[0.0, 0.5], &[-8.0, 1.0 / 3.0], &[-2.0, 2.0], &[-2.0, 3.0]],
    conventions: "`0^0` is 1. A negative base with a fractional exponent is NaN. The derivative by the exponent at \
                  base 0 is 0 unless the exponent is negative.",
    ..binary::<Power>()
};

/// The partial derivatives of a power, from its value and that of `base^(exponent - 1)`.
fn power_partials(g: &mut Graph, base: NodeId, exponent: NodeId, power: NodeId, below: NodeId) -> Vec<Partial> {
    // Zero where either is: at the exponent 0, whose own derivative `1 / base` remains, and where the lower power vanishes.
    let by_base = g.apply2(&ROUTED_MULTIPLY, exponent, below);
    // At base 0 with an exponent above 1, further derivatives are zero too; those of the logarithm are not finite.
    let [zero, one] = [0.0, 1.0].map(|value| g.constant_like(exponent, value));
    let origin = g.apply2(&super::comparison::EQUAL, base, zero);
    let above = g.apply2(&super::comparison::GREATER, exponent, one);
    let flat = g.apply2(&super::comparison::AND, origin, above);
    let by_exponent = g.apply2(&super::exponential::XLOGY, power, base);
    both(by_base, g.select(flat, zero, by_exponent))
}

/// `base^(exponent - 1)`; a plain power where the exponent is a constant that loses nothing.
fn lower_power(g: &mut Graph, base: NodeId, exponent: NodeId) -> NodeId {
    let exact = |exponent: f64| (exponent - 1.0) as f32 as f64 + 1.0 == exponent;
    match g.constant_value(exponent) {
        Some(constant) if exact(constant) => {
            let lower = g.constant_like(exponent, constant - 1.0);
            g.apply2(&POWER, base, lower)
        }
        _ => g.apply2(&POWER_BELOW, base, exponent),
    }
}

/// `a^(b - 1)`
pub static POWER_BELOW: Pointwise = Pointwise {
    name: "power_below",
    documentation: "`a^(b - 1)`, with which powers are differentiated.",
    definition: "(a, b) = a^(b - 1)",
    differential: Differential::Partials(|g, a, y| {
        let (base, lower) = (a[0], g.offset(a[1], -1.0));
        let below = g.apply2(&POWER_BELOW, base, lower);
        power_partials(g, base, lower, y, below)
    }),
    probes: &[&[0.7, 2.3], &[2.3, -1.7], &[11.0, 0.5], &[2.0, 3.0], &[0.0, 3.0], &[0.0, 2.0], &[1.5, 1.0]],
    domain: "a >= 0, or b whole",
    ..binary_helper::<PowerBelow>()
};

const MASKED_PROBES: &[&[f64]] = &[&[0.7, 2.3], &[-3.0, 0.2], &[0.0, f64::INFINITY], &[0.0, f64::NAN], &[2.0, 0.0]];

/// `g * p`, but exactly 0 where `g` is 0.
pub static MASKED_MULTIPLY: Pointwise = Pointwise {
    name: "masked_multiply",
    documentation: "A product that is 0 wherever its first factor is 0, whatever the second is.",
    instruction: Some(Instruction::MaskedMultiply),
    definition: "(g, p) = where(g == 0 and p - p != 0, 0, g * p)",
    differential: Differential::Partials(|g, a, _| both(g.apply2(&MASKED_PASS, a[0], a[1]), a[0])),
    routes: true,
    probes: MASKED_PROBES,
    conventions: "0 times infinity or NaN is 0 if the first factor is the 0.",
    ..binary_helper::<MaskedMultiply>()
};

/// [`MASKED_MULTIPLY`] behind a selection: its own derivatives are masked in contractions too.
pub static SELECTED_MULTIPLY: Pointwise = Pointwise {
    name: "selected_multiply",
    documentation: "A product that is 0 wherever its first factor is 0, as an argument that was not selected makes it.",
    instruction: Some(Instruction::MaskedMultiply),
    definition: "(g, p) = where(g == 0 and p - p != 0, 0, g * p)",
    differential: Differential::Partials(|g, a, _| both(g.apply2(&SELECTED_PASS, a[0], a[1]), a[0])),
    routes: true,
    probes: MASKED_PROBES,
    conventions: "0 times infinity or NaN is 0 if the first factor is the 0.",
    ..binary_helper::<MaskedMultiply>()
};

/// `p * g`, but exactly 0 where either is 0.
pub static ROUTED_MULTIPLY: Pointwise = Pointwise {
    name: "routed_multiply",
    documentation: "A product that is 0 wherever one of its factors is 0, whatever the other is.",
    instruction: Some(Instruction::RoutedMultiply),
    definition: "(p, g) = where((p == 0 and g - g != 0) or (g == 0 and p - p != 0), 0, p * g)",
    differential: Differential::Partials(|g, a, _| {
        both(g.apply2(&MASKED_PASS, a[0], a[1]), g.apply2(&MASKED_PASS, a[1], a[0]))
    }),
    routes: true,
    probes: &[&[0.7, 2.3], &[-3.0, 0.2], &[0.0, f64::INFINITY], &[f64::NAN, 0.0]],
    conventions: "0 times infinity or NaN is 0.",
    ..binary_helper::<RoutedMultiply>()
};

/// `p`, but 0 where it is not finite and `g` is 0.
pub static MASKED_PASS: Pointwise = Pointwise {
    name: "masked_pass",
    documentation: "The second argument, but 0 where it is not finite and the first is 0.",
    definition: "(g, p) = where(g == 0 and p - p != 0, 0, p)",
    differential: Differential::Partials(by_passed),
    routes: true,
    probes: &[&[0.7, 2.3], &[0.0, 2.0], &[0.0, f64::INFINITY]],
    conventions: "The derivative by the second argument is 0 where it is dropped.",
    ..binary_helper::<MaskedPass>()
};

/// [`MASKED_PASS`] behind a selection.
pub static SELECTED_PASS: Pointwise = Pointwise {
    name: "selected_pass",
    documentation: "The second argument, but 0 where it is not finite and the first is 0.",
    definition: "(g, p) = where(g == 0 and p - p != 0, 0, p)",
    differential: Differential::Partials(by_passed),
    routes: true,
    probes: MASKED_PROBES,
    conventions: "The derivative by the second argument is 0 where it is dropped.",
    ..binary_helper::<MaskedPass>()
};

/// The partials of a masked pass: by the argument that passes, where it does.
fn by_passed(g: &mut Graph, a: &[NodeId], _: NodeId) -> Vec<Partial> {
    vec![Partial::Zero, Partial::Value(g.apply2(&MASKED_PASS_SHARE, a[0], a[1]))]
}

/// Whether derivatives behind an operation are masked as behind a selection.
pub fn selects(definition: &'static Pointwise) -> bool {
    [&SELECTED_MULTIPLY, &SELECTED_PASS].into_iter().any(|each| std::ptr::eq(each, definition))
}

/// The derivative of [`MASKED_PASS`] by its second argument.
pub static MASKED_PASS_SHARE: Pointwise = Pointwise {
    name: "masked_pass_share",
    documentation: "1, but 0 where the first argument is 0 and the second is not finite.",
    definition: "(g, p) = where(g == 0 and p - p != 0, 0, 1)",
    probes: &[&[0.7, 2.3], &[0.0, 2.0], &[0.0, f64::INFINITY]],
    conventions: "Piecewise constant: no derivative.",
    ..binary_helper::<MaskedPassShare>()
};

/// The operations of this file.
pub static ALL: &[&Pointwise] = &[
    &ADD,
    &SUBTRACT,
    &EXCESS,
    &EXCESS_LIMIT,
    &FINITE_SHARE,
    &MULTIPLY,
    &DIVIDE,
    &NEGATE,
    &ABSOLUTE,
    &REMAINDER,
    &POWER,
    &POWER_BELOW,
    &MASKED_MULTIPLY,
    &SELECTED_MULTIPLY,
    &ROUTED_MULTIPLY,
    &MASKED_PASS,
    &SELECTED_PASS,
    &MASKED_PASS_SHARE,
];
