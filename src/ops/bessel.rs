//! Bessel functions of whole order: of the first kind, and modified.

use super::declare::*;
use super::real::Real;
use crate::ir::{Accuracy, Differential, Graph, NodeId, Partial, Pointwise};
use crate::runtime::math::double;
use std::f64::consts::PI;

unary_meanings_by_f64!(BesselJ0 = double::j0, BesselJ1 = double::j1, BesselI0 = i0, BesselI1 = i1);
binary_meanings_by_f64!(BesselJ = jn, BesselI = in_);

/// The order as a whole number, if it is one of those that are computed.
fn whole(order: f64) -> Option<i32> {
    (order.abs() <= 100.0 && order == order.trunc()).then_some(order as i32)
}

fn jn(order: f64, x: f64) -> f64 {
    whole(order).map_or(f64::NAN, |order| double::jn(order, x))
}

fn i0(x: f64) -> f64 {
    modified(0, x)
}

fn i1(x: f64) -> f64 {
    modified(1, x)
}

fn in_(order: f64, x: f64) -> f64 {
    whole(order).map_or(f64::NAN, |order| modified(order.unsigned_abs(), x))
}

/// The modified Bessel function of the first kind.
fn modified(order: u32, x: f64) -> f64 {
    if x.is_nan() || (x == 0.0 && order % 2 == 1) {
        return x;
    }
    let magnitude = x.abs();
    let far = f64::from(order * order).max(25.0);
    let value = if magnitude == f64::INFINITY {
        f64::INFINITY
    } else if magnitude < far {
        by_power_series(order, magnitude)
    } else {
        by_asymptotic_series(order, magnitude)
    };
    if x < 0.0 && order % 2 == 1 { -value } else { value }
}

/// `(x/2)^n / n! (1 + q / (1 (1 + n)) (1 + q / (2 (2 + n)) (1 + …)))` with `q = x²/4`.
///
/// `q` and the sum are carried in two parts each: all terms are positive, but an error of `q` counts as often as the
/// index of the greatest term.
fn by_power_series(order: u32, x: f64) -> f64 {
    let square = x * x;
    let (q, q_rest) = (0.25 * square, 0.25 * f64::mul_add(x, x, -square));
    // Behind twice the index of the greatest term, which is below x/2, terms fall faster than by a factor of 4.
    let terms = 20 + (1.7 * x.min(1e4)) as u32;
    let (mut sum, mut rest) = (1.0, 0.0);
    for k in (1..=terms).rev() {
        let divisor = f64::from(k) * f64::from(k + order);
        let product = sum * q;
        let product_rest = f64::mul_add(sum, q, -product) + (sum * q_rest + rest * q);
        let quotient = product / divisor;
        let quotient_rest = f64::mul_add(-quotient, divisor, product) / divisor + product_rest / divisor;
        sum = 1.0 + quotient;
        let lost = if quotient < 1.0 { (1.0 - sum) + quotient } else { (quotient - sum) + 1.0 };
        rest = lost + quotient_rest;
    }
    let (mut value, mut value_rest) = (sum, rest);
    for k in (1..=order).map(f64::from) {
        let factor = 0.5 * x / k;
        let factor_rest = f64::mul_add(-factor, k, 0.5 * x) / k;
        let product = value * factor;
        value_rest = f64::mul_add(value, factor, -product) + value * factor_rest + value_rest * factor;
        value = product;
    }
    value + value_rest
}

/// `e^x / sqrt(2 pi x) (1 - (4n² - 1²) / (8 x) (1 - (4n² - 3²) / (2 · 8 x) (1 - …)))`; the exponential is applied in two
/// halves, since it overflows before the result does.
fn by_asymptotic_series(order: u32, x: f64) -> f64 {
    let fourfold = 4.0 * f64::from(order * order);
    let factor = |k: u32| {
        let odd = f64::from(2 * k - 1);
        (odd * odd - fourfold) / (8.0 * f64::from(k) * x)
    };
    // Terms grow again where k is above 2x, and are below the rounding error long before.
    let mut terms = 0;
    let mut term: f64 = 1.0;
    while term.abs() > 1e-18 && terms < 40 + order {
        terms += 1;
        term *= factor(terms);
    }
    let sum = (1..=terms).rev().fold(1.0, |sum, k| 1.0 + sum * factor(k));
    let half = Real::exp(0.5 * x);
    half * (half * (sum / (2.0 * PI * x).sqrt()))
}

const WAVES: &[&[f64]] = &[&[0.0], &[0.3], &[-1.2], &[2.0], &[-5.5], &[14.0], &[60.5], &[1e-9]];
const GROWING: &[&[f64]] = &[&[0.0], &[0.3], &[-1.2], &[2.0], &[-5.5], &[24.5], &[26.0], &[300.0], &[1e-9]];
const NEAR_ZEROS: &str = "Near its zeros the error is relative to the amplitude of the wave.";
const BY_ORDER: &[&[f64]] = &[&[0.0, 0.7], &[1.0, 0.0], &[2.0, -1.3], &[3.0, 7.5], &[5.0, 26.0], &[-2.0, 1.4]];
const ORDERS: &str = "NaN for other orders than whole ones from -100 to 100; the derivative by the order is 0.";

/// Half of the function of the order below, plus or minus half of that of the order above.
fn neighbours(g: &mut Graph, function: &'static Pointwise, order: NodeId, x: NodeId, plus: bool) -> NodeId {
    let (below, above) = (g.offset(order, -1.0), g.offset(order, 1.0));
    let (below, above) = (g.apply2(function, below, x), g.apply2(function, above, x));
    // Halved first: the sum may overflow where the mean does not.
    let (below, above) = (g.scale(below, 0.5), g.scale(above, 0.5));
    if plus { g.add(below, above) } else { g.subtract(below, above) }
}

/// `bessel_j0(x)`
pub static BESSEL_J0: Pointwise = Pointwise {
    name: "bessel_j0",
    documentation: "The Bessel function of the first kind of order 0.",
    example: ("bessel_j0(0)", "1"),
    differential: Differential::Partials(|g, a, _| {
        let slope = g.apply(&BESSEL_J1, a[0]);
        only(g.negate(slope))
    }),
    probes: WAVES,
    conventions: NEAR_ZEROS,
    accuracy: Accuracy::units(4.0, 4.0).above(0.1),
    ..special::<BesselJ0>()
};

/// `bessel_j1(x)`
pub static BESSEL_J1: Pointwise = Pointwise {
    name: "bessel_j1",
    documentation: "The Bessel function of the first kind of order 1.",
    example: ("bessel_j1(0)", "0"),
    differential: Differential::Partials(|g, a, _| {
        let order = g.constant_like(a[0], 1.0);
        only(neighbours(g, &BESSEL_JN, order, a[0], false))
    }),
    probes: WAVES,
    conventions: NEAR_ZEROS,
    accuracy: Accuracy::units(2.0, 8.0).above(0.1),
    ..special::<BesselJ1>()
};

/// `bessel_jn(n, x)`
pub static BESSEL_JN: Pointwise = Pointwise {
    name: "bessel_jn",
    documentation: "The Bessel function of the first kind of a whole order.",
    example: ("bessel_jn(1, 2)", "bessel_j1(2)"),
    differential: Differential::Partials(|g, a, _| {
        vec![Partial::Zero, Partial::Value(neighbours(g, &BESSEL_JN, a[0], a[1], false))]
    }),
    probes: BY_ORDER,
    domain: "a whole, -100 <= a <= 100",
    conventions: ORDERS,
    accuracy: Accuracy::units(10.0, 10.0).above(0.1),
    ..special2::<BesselJ>()
};

/// `bessel_i0(x)`
pub static BESSEL_I0: Pointwise = Pointwise {
    name: "bessel_i0",
    documentation: "The modified Bessel function of the first kind of order 0.",
    example: ("bessel_i0(0)", "1"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&BESSEL_I1, a[0]))),
    probes: GROWING,
    accuracy: Accuracy::units(4.0, 4.0),
    ..special::<BesselI0>()
};

/// `bessel_i1(x)`
pub static BESSEL_I1: Pointwise = Pointwise {
    name: "bessel_i1",
    documentation: "The modified Bessel function of the first kind of order 1.",
    example: ("bessel_i1(0)", "0"),
    differential: Differential::Partials(|g, a, _| {
        let order = g.constant_like(a[0], 1.0);
        only(neighbours(g, &BESSEL_IN, order, a[0], true))
    }),
    probes: GROWING,
    accuracy: Accuracy::units(4.0, 4.0),
    ..special::<BesselI1>()
};

/// `bessel_in(n, x)`
pub static BESSEL_IN: Pointwise = Pointwise {
    name: "bessel_in",
    documentation: "The modified Bessel function of the first kind of a whole order.",
    example: ("bessel_in(1, 2)", "bessel_i1(2)"),
    differential: Differential::Partials(|g, a, _| {
        vec![Partial::Zero, Partial::Value(neighbours(g, &BESSEL_IN, a[0], a[1], true))]
    }),
    probes: BY_ORDER,
    domain: "a whole, -100 <= a <= 100",
    conventions: ORDERS,
    accuracy: Accuracy::units(6.0, 6.0),
    ..special2::<BesselI>()
};

/// The operations of this file.
pub static ALL: &[&Pointwise] = &[&BESSEL_J0, &BESSEL_J1, &BESSEL_JN, &BESSEL_I0, &BESSEL_I1, &BESSEL_IN];
