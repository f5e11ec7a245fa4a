//! Losses that are operations of their own, because no composition keeps both their value and their slope accurate.

use super::activation::SIGMOID_SLOPE;
use super::declare::{Express, binary, binary_helper, binary_meanings, both};
use super::real::Real;
use crate::ir::{Accuracy, Differential, Pointwise};

binary_meanings!(BceLogits = bce_logits, LogisticResidual = logistic_residual);

const SCORES: &[&[f64]] = &[
    &[0.0, 1.0],
    &[1.5, 1.0],
    &[1.5, 0.0],
    &[-2.0, 0.3],
    &[60.0, 1.0],
    &[-60.0, 0.0],
    &[1000.0, 0.0],
    &[-1000.0, 1.0],
];

/// `bce_logits(z, y)`
pub static BCE_LOGITS: Pointwise = Pointwise {
    name: "bce_logits",
    documentation: "Binary cross-entropy of a score `z`, whose probability is `sigmoid(z)`, for a label `y` from 0 to 1: \
                    `y * softplus(-z) + (1 - y) * softplus(z)`. It does not overflow, and keeps its digits however certain \
                    the score is.",
    example: ("bce_logits(0, 1) - log(2)", "0"),
    differential: Differential::Partials(|g, a, _| both(g.apply2(&LOGISTIC_RESIDUAL, a[0], a[1]), g.negate(a[0]))),
    probes: SCORES,
    domain: "0 <= b <= 1",
    conventions: "A certain and right score costs 0. The derivative by the score is `sigmoid(z) - y`.",
    accuracy: Accuracy::units(4.0, 4.0).above(0.1),
    ..binary::<BceLogits>()
};

/// `sigmoid(z) - y`, accurate in both tails.
pub static LOGISTIC_RESIDUAL: Pointwise = Pointwise {
    name: "logistic_residual",
    documentation: "`(1 - y) * sigmoid(z) - y * sigmoid(-z)`: the probability less the label, without cancellation.",
    differential: Differential::Partials(|g, a, _| {
        let minus_one = g.constant_like(a[1], -1.0);
        both(g.apply(&SIGMOID_SLOPE, a[0]), minus_one)
    }),
    probes: SCORES,
    ..binary_helper::<LogisticResidual>()
};

/// The operations of this file.
pub static ALL: &[&Pointwise] = &[&BCE_LOGITS, &LOGISTIC_RESIDUAL];

/// The part of the certain side is left out where its weight is 0, since it may be infinite.
#[inline(always)]
fn bce_logits<R: Real>(z: R, y: R) -> R {
    let (zero, one) = (R::of(0.0), R::of(1.0));
    let small = (-z.absolute()).exp().log1p();
    let (above, below) = if z > zero { (z + small, small) } else { (small, small - z) };
    let if_one = if y == zero { zero } else { y * below };
    let if_zero = if y == one { zero } else { (one - y) * above };
    if z.is_nan() { z } else { if_one + if_zero }
}

#[inline(always)]
fn logistic_residual<R: Real>(z: R, y: R) -> R {
    let one = R::of(1.0);
    let small = (-z.absolute()).exp();
    let share = one / (one + small);
    let rest = small * share;
    let (above, below) = if z >= R::of(0.0) { (share, rest) } else { (rest, share) };
    (one - y) * above - y * below
}
