//! Exponentials and logarithms.

use super::declare::*;
use super::real::Real;
use super::roots::RECIPROCAL;
use crate::ir::{Accuracy, Differential, Graph, NodeId, Partial, Pointwise};
use std::f64::consts::{LN_2, LOG2_E, LOG10_E};

#[inline(always)]
fn exp<R: Real>(x: R) -> R {
    x.exp()
}
#[inline(always)]
fn exp2<R: Real>(x: R) -> R {
    x.exp2()
}
#[inline(always)]
fn expm1<R: Real>(x: R) -> R {
    x.expm1()
}
#[inline(always)]
fn log<R: Real>(x: R) -> R {
    x.log()
}
#[inline(always)]
fn log2<R: Real>(x: R) -> R {
    x.log2()
}
#[inline(always)]
fn log10<R: Real>(x: R) -> R {
    x.log10()
}
#[inline(always)]
fn log1p<R: Real>(x: R) -> R {
    x.log1p()
}

/// Far out in two halves, since the exponential overflows before the quotient does.
#[inline(always)]
fn exprel<R: Real>(x: R) -> R {
    let (zero, one, half) = (R::of(0.0), R::of(1.0), (x * R::of(0.5)).exp());
    let far = half * (half / x);
    let near = x.expm1() / x;
    let quotient = if x > zero && !near.is_finite() { far } else { near };
    if x == zero {
        one
    } else if x > zero && !x.is_finite() {
        x
    } else {
        quotient
    }
}

/// The integral of `t^n e^(x t)` over t from 0 to 1, whose derivative by x is that of order n + 1. Near 0 a series of
/// positive terms; far out the recurrence upwards, which loses nothing there.
fn exponential_moment(n: f64, x: f64) -> f64 {
    let whole = (0.0..=100.0).contains(&n) && n == n.trunc();
    if !whole || x.is_nan() {
        return f64::NAN;
    }
    if x.abs() > 2.0 + 2.0 * n {
        // Half of the exponential is multiplied at the end, since the whole overflows too early.
        let half = if x > 0.0 { Real::exp(0.5 * x) } else { 1.0 };
        let (top, rest) = if x > 0.0 { (half, 1.0 / half) } else { (Real::exp(x), 1.0) };
        if half == f64::INFINITY {
            return half;
        }
        let moment = (1..=n as u32).fold((top - rest) / x, |moment, order| (top - f64::from(order) * moment) / x);
        return half * moment;
    }
    moment_near_zero(n, x)
}

/// `Σ x^k / (k! (n + k + 1))`, for x < 0 as `e^x Σ |x|^k n! / (n + k + 1)!`, from the last term back.
fn moment_near_zero(n: f64, x: f64) -> f64 {
    let terms = 40 + (6.0 * x.abs()) as u32;
    if x < 0.0 {
        let sum = (1..=terms).rev().fold(1.0, |sum, k| 1.0 - x * sum / (n + f64::from(k) + 1.0));
        return Real::exp(x) * sum / (n + 1.0);
    }
    (1..=terms).rev().fold(0.0, |sum, k| {
        let k = f64::from(k);
        x / k * (1.0 / (n + k + 1.0) + sum)
    }) + 1.0 / (n + 1.0)
}

/// Two formulas, since the difference of logarithms cancels around 1/2.
#[inline(always)]
fn logit<R: Real>(x: R) -> R {
    let (half, one) = (R::of(0.5), R::of(1.0));
    if (x - half).absolute() < R::of(0.25) {
        ((x - half + (x - half)) / (one - x)).log1p()
    } else {
        x.log() - (-x).log1p()
    }
}

#[inline(always)]
fn logit_slope<R: Real>(x: R) -> R {
    R::of(1.0) / (x * (R::of(1.0) - x))
}

#[inline(always)]
fn logaddexp<R: Real>(a: R, b: R) -> R {
    let greater = if a > b || a.is_nan() { a } else { b };
    let distance = (a - b).absolute();
    if a == b { greater + R::of(LN_2) } else { greater + (-distance).exp().log1p() }
}

/// The weight of `a` in the derivative of `logaddexp(a, b)`: a half where they are equal, infinities too.
#[inline(always)]
fn logistic_share<R: Real>(a: R, b: R) -> R {
    let (half, one) = (R::of(0.5), R::of(1.0));
    let distance = a - b;
    // What the difference lost in rounding, which the exponential would turn into as many units as the distance is large.
    let of_b = a - distance;
    let lost = (a - (distance + of_b)) + (of_b - b);
    let share = distance.sigmoid();
    let corrected = if lost.is_finite() { share * (one + lost * (one - share)) } else { share };
    if a == b { half } else { corrected }
}

#[inline(always)]
fn xlogy<R: Real>(x: R, y: R) -> R {
    if x == R::of(0.0) && !y.is_nan() { R::of(0.0) } else { x * y.log() }
}

#[inline(always)]
fn xlog1py<R: Real>(x: R, y: R) -> R {
    if x == R::of(0.0) && !y.is_nan() { R::of(0.0) } else { x * y.log1p() }
}

/// Two formulas, since `log(cosh(x))` cancels near 0 and overflows far away.
#[inline(always)]
fn logcosh<R: Real>(x: R) -> R {
    let magnitude = x.absolute();
    if magnitude < R::of(1.0) {
        let half = (magnitude * R::of(0.5)).sinh();
        (R::of(2.0) * half * half).log1p()
    } else {
        magnitude - R::of(LN_2) + (R::of(-2.0) * magnitude).exp().log1p()
    }
}

unary_meanings!(
    abreast:
    Exp = exp,
    Exp2 = exp2,
    Expm1 = expm1,
    Log = log,
    Log2 = log2,
    Log10 = log10,
    Log1p = log1p,
);
unary_meanings!(ExpRel = exprel, Logit = logit, LogitSlope = logit_slope, LogCosh = logcosh,);
binary_meanings!(LogAddExp = logaddexp, LogisticShare = logistic_share, XLogY = xlogy, XLog1pY = xlog1py);
binary_meanings_by_f64!(ExponentialMoment = exponential_moment);

const LOG_PROBES: &[&[f64]] =
    &[&[0.7], &[1.0], &[1.0 + f64::EPSILON], &[11.25], &[1e-300], &[1e300], &[0.0], &[-1.0], &[f64::INFINITY]];
const LOG_CONVENTIONS: &str = "At 0 the value is -inf and the derivative inf; below 0 the value is NaN.";

/// `exp(x)`
pub static EXP: Pointwise = Pointwise {
    name: "exp",
    documentation: "e to this power.",
    example: ("exp(0)", "1"),
    differential: Differential::Partials(|_, _, y| only(y)),
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Exp>()
};

/// `exp2(x)`
pub static EXP2: Pointwise = Pointwise {
    name: "exp2",
    documentation: "2 to this power.",
    example: ("exp2(10)", "1024"),
    differential: Differential::Partials(|g, _, y| only(g.scale(y, LN_2))),
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Exp2>()
};

/// `expm1(x)`
pub static EXPM1: Pointwise = Pointwise {
    name: "expm1",
    documentation: "`exp(x) - 1`, exact for small numbers too.",
    example: ("expm1(0)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&EXP, a[0]))),
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Expm1>()
};

/// `exprel(x)`
pub static EXPREL: Pointwise = Pointwise {
    name: "exprel",
    documentation: "`(exp(x) - 1) / x`, and 1 at 0: the relative growth.",
    example: ("exprel(0)", "1"),
    differential: Differential::Partials(|g, a, _| {
        let order = g.constant_like(a[0], 1.0);
        only(g.apply2(&EXPONENTIAL_MOMENT, order, a[0]))
    }),
    conventions: "Derivatives of all orders are right at 0.",
    known: &[
        known(&[0.0], 1.0, &[0.5]),
        known(&[1e-9], 1.0000000005, &[0.5000000003333334]),
        known(&[-1e-5], 0.9999950000166666, &[0.49999666667916665]),
        known(&[0.25], 1.136101666750966, &[0.5916949997471022]),
        known(&[-0.7], 0.7191638517265578, &[0.31796935419306904]),
        known(&[1.5], 2.321126046892043, &[1.4403753489640143]),
        known(&[-3.0], 0.3167376438773787, &[0.08898352516983825]),
        known(&[20.0], 24258259.720489513, &[23045346.784465037]),
        known(&[-40.0], 0.025, &[0.0006249999999999999]),
        known(&[100.0], 2.6881171418161353e41, &[2.661235970397974e41]),
        known(&[-700.0], 0.0014285714285714286, &[2.040816326530612e-6]),
        known(&[712.0], 2.3184146982986436e306, &[2.315158497879685e306]),
    ],
    ..unary::<ExpRel>()
};

/// The derivatives of [`EXPREL`].
pub static EXPONENTIAL_MOMENT: Pointwise = Pointwise {
    name: "exponential_moment",
    documentation: "The integral of `t^a exp(b t)` over `t` from 0 to 1: the derivative of `exprel` of a whole order `a`.",
    definition: "(a: real, b: real) = { let n = stop_gradient(a); \
        if b < -500 { gamma(n + 1) / (-b)^(n + 1) } \
        else if b < 0 { exp(b) / (n + 1) * fold((1.0, 1.0), 1..4000, |(s, t), k| { let u = -t * b / (n + k + 1); (s + u, u) }).0 } \
        else { fold((0.0, 1.0), 0..4000, |(s, t), k| (s + t / (n + k + 1), t * b / (k + 1))).0 } }",
    differential: Differential::Partials(|g, a, _| {
        let next = g.offset(a[0], 1.0);
        vec![Partial::Zero, Partial::Value(g.apply2(&EXPONENTIAL_MOMENT, next, a[1]))]
    }),
    probes: &[&[1.0, 0.0], &[1.0, 0.3], &[2.0, -1.2], &[1.0, 45.0], &[1.0, -50.0], &[3.0, 12.0]],
    domain: "a whole, 0 <= a <= 100",
    ..binary_helper::<ExponentialMoment>()
};

/// `log(x)`
pub static LOG: Pointwise = Pointwise {
    name: "log",
    documentation: "The natural logarithm.",
    example: ("log(1)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&RECIPROCAL, a[0]))),
    probes: LOG_PROBES,
    domain: "x > 0",
    kinks: &[kink(&[0.0], &[f64::INFINITY])],
    ends: &[&[-1.0]],
    conventions: LOG_CONVENTIONS,
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Log>()
};

/// `log2(x)`
pub static LOG2: Pointwise = Pointwise {
    name: "log2",
    documentation: "The logarithm to base 2.",
    example: ("log2(8)", "3"),
    differential: Differential::Partials(|g, a, _| {
        let scale = g.constant_like(a[0], LOG2_E);
        only(g.divide(scale, a[0]))
    }),
    probes: LOG_PROBES,
    domain: "x > 0",
    kinks: &[kink(&[0.0], &[f64::INFINITY])],
    ends: &[&[-1.0]],
    conventions: LOG_CONVENTIONS,
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Log2>()
};

/// `log10(x)`
pub static LOG10: Pointwise = Pointwise {
    name: "log10",
    documentation: "The logarithm to base 10.",
    example: ("log10(1000)", "3"),
    differential: Differential::Partials(|g, a, _| {
        let scale = g.constant_like(a[0], LOG10_E);
        only(g.divide(scale, a[0]))
    }),
    probes: LOG_PROBES,
    domain: "x > 0",
    kinks: &[kink(&[0.0], &[f64::INFINITY])],
    ends: &[&[-1.0]],
    conventions: LOG_CONVENTIONS,
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Log10>()
};

/// `log1p(x)`
pub static LOG1P: Pointwise = Pointwise {
    name: "log1p",
    documentation: "`log(1 + x)`, exact for small numbers too.",
    example: ("log1p(0)", "0"),
    differential: Differential::Partials(|g, a, _| {
        let above = g.offset(a[0], 1.0);
        only(g.apply(&RECIPROCAL, above))
    }),
    probes: &[&[0.0], &[1e-18], &[-1e-10], &[11.25], &[-0.75], &[-1.0], &[-2.0], &[f64::INFINITY]],
    domain: "x > -1",
    kinks: &[kink(&[-1.0], &[f64::INFINITY])],
    ends: &[&[-2.0]],
    conventions: "At -1 the value is -inf and the derivative inf; below -1 the value is NaN.",
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Log1p>()
};

/// `logit(x)`
pub static LOGIT: Pointwise = Pointwise {
    name: "logit",
    documentation: "The logarithm of the odds, `log(x / (1 - x))`: the inverse of `sigmoid`.",
    example: ("logit(0.5)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&LOGIT_SLOPE, a[0]))),
    probes: &[&[0.3], &[0.5], &[0.9], &[1e-9], &[0.0], &[1.0], &[1.5]],
    domain: "0 < x < 1",
    kinks: &[kink(&[0.0], &[f64::INFINITY]), kink(&[1.0], &[f64::INFINITY])],
    ends: &[&[1.5]],
    conventions: "Infinite at 0 and 1, NaN outside.",
    ..unary::<Logit>()
};

/// The derivative of [`LOGIT`].
pub static LOGIT_SLOPE: Pointwise = Pointwise {
    name: "logit_slope",
    documentation: "`1 / (x * (1 - x))`, the derivative of `logit`.",
    definition: "(x: real) = grad(logit)(x)",
    differential: Differential::Partials(|g, a, y| {
        let twice = g.scale(a[0], 2.0);
        let lean = g.offset(twice, -1.0);
        let product = g.multiply(lean, y);
        only(g.multiply(product, y))
    }),
    probes: &[&[0.3], &[0.5], &[0.9], &[1e-9], &[0.0], &[1.0]],
    domain: "0 < x < 1",
    kinks: &[kink(&[0.0], &[f64::NEG_INFINITY]), kink(&[1.0], &[f64::INFINITY])],
    ..unary_helper::<LogitSlope>()
};

/// `logcosh(x)`
pub static LOGCOSH: Pointwise = Pointwise {
    name: "logcosh",
    documentation: "The logarithm of the hyperbolic cosine: a smooth absolute value.",
    example: ("logcosh(0)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&super::trigonometric::TANH, a[0]))),
    ..unary::<LogCosh>()
};

/// `logaddexp(a, b)`
pub static LOGADDEXP: Pointwise = Pointwise {
    name: "logaddexp",
    documentation: "`log(exp(a) + exp(b))`, without overflow.",
    example: ("logaddexp(0, -inf)", "0"),
    differential: Differential::Partials(|g, a, _| {
        both(g.apply2(&LOGISTIC_SHARE, a[0], a[1]), g.apply2(&LOGISTIC_SHARE, a[1], a[0]))
    }),
    probes: &[&[0.7, 2.3], &[1000.0, 1000.5], &[-1000.0, -1001.0], &[0.0, -800.0], &[2.0, 2.0]],
    kinks: &[
        kink(&[f64::INFINITY, f64::INFINITY], &[0.5, 0.5]),
        kink(&[f64::NEG_INFINITY, f64::NEG_INFINITY], &[0.5, 0.5]),
    ],
    conventions: "Equal infinities share the derivative evenly.",
    ..binary::<LogAddExp>()
};

/// `sigmoid(a - b)`, a half for equal arguments.
pub static LOGISTIC_SHARE: Pointwise = Pointwise {
    name: "logistic_share",
    documentation: "The weight `exp(a) / (exp(a) + exp(b))`.",
    definition: "(a, b) = where(a == b and abs(a) == inf, 0.5, sigmoid(a - b))",
    differential: Differential::Partials(|g, a, _| {
        let equal = g.apply2(&super::comparison::EQUAL, a[0], a[1]);
        let distance = g.subtract(a[0], a[1]);
        let slope = g.apply(&super::activation::SIGMOID_SLOPE, distance);
        let quarter = g.constant_like(distance, 0.25);
        let slope = g.select(equal, quarter, slope);
        both(slope, g.negate(slope))
    }),
    probes: &[&[0.7, 2.3], &[1000.0, 1000.5], &[2.0, 2.0], &[0.0, -800.0]],
    conventions: "A half for equal arguments, infinities too.",
    ..binary_helper::<LogisticShare>()
};

/// `x / y`, but 0 where both are 0 or `y` is NaN beside the 0. Where only `x` is 0, its derivative `1 / y` remains.
fn ratio_or_nothing(g: &mut Graph, x: NodeId, y: NodeId) -> NodeId {
    let zero = g.constant_like(x, 0.0);
    let empty = g.apply2(&super::comparison::EQUAL, x, zero);
    let size = g.apply(&super::arithmetic::ABSOLUTE, y);
    let defined = g.apply2(&super::comparison::GREATER, size, zero);
    let undefined = g.apply(&super::comparison::NOT, defined);
    let nothing = g.apply2(&super::comparison::AND, empty, undefined);
    let ratio = g.divide(x, y);
    g.select(nothing, zero, ratio)
}

/// `xlogy(x, y)`
pub static XLOGY: Pointwise = Pointwise {
    name: "xlogy",
    documentation: "`x * log(y)`, and 0 where `x` is 0.",
    example: ("xlogy(0, 0)", "0"),
    differential: Differential::Partials(|g, a, _| {
        let ratio = ratio_or_nothing(g, a[0], a[1]);
        both(g.apply(&LOG, a[1]), ratio)
    }),
    probes: &[&[-3.0, 0.2], &[0.7, 2.3], &[0.0, 2.0], &[0.0, 0.0], &[1.0, 0.0]],
    domain: "b > 0, or a is 0",
    kinks: &[kink(&[0.0, 0.0], &[f64::NEG_INFINITY, 0.0])],
    conventions: "Where `x` is 0 the derivative by `y` is 0, and that by `x` is `log(y)`.",
    ..binary::<XLogY>()
};

/// `xlog1py(x, y)`
pub static XLOG1PY: Pointwise = Pointwise {
    name: "xlog1py",
    documentation: "`x * log1p(y)`, and 0 where `x` is 0.",
    example: ("xlog1py(0, -1)", "0"),
    differential: Differential::Partials(|g, a, _| {
        let one = g.constant_like(a[1], 1.0);
        let shifted = g.apply2(&super::arithmetic::ADD, a[1], one);
        let ratio = ratio_or_nothing(g, a[0], shifted);
        both(g.apply(&LOG1P, a[1]), ratio)
    }),
    probes: &[&[-3.0, 0.2], &[0.7, 2.3], &[0.0, 2.0], &[0.0, -1.0], &[1.0, -1.0], &[2.0, 1e-9]],
    domain: "b > -1, or a is 0",
    kinks: &[kink(&[0.0, -1.0], &[f64::NEG_INFINITY, 0.0])],
    conventions: "Where `x` is 0 the derivative by `y` is 0, and that by `x` is `log1p(y)`.",
    ..binary::<XLog1pY>()
};

/// The operations of this file.
pub static ALL: &[&Pointwise] = &[
    &EXP,
    &EXP2,
    &EXPM1,
    &EXPREL,
    &EXPONENTIAL_MOMENT,
    &LOG,
    &LOG2,
    &LOG10,
    &LOG1P,
    &LOGIT,
    &LOGIT_SLOPE,
    &LOGCOSH,
    &LOGADDEXP,
    &LOGISTIC_SHARE,
    &XLOGY,
    &XLOG1PY,
];
