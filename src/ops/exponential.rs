//! Exponentials and logarithms.

use super::declare::*;
use super::real::Real;
use super::roots::RECIPROCAL;
use crate::ir::{Differential, Pointwise};
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
fn logaddexp<R: Real>(a: R, b: R) -> R {
    let greater = if a > b || a.is_nan() { a } else { b };
    let distance = (a - b).absolute();
    if a == b { greater + R::of(LN_2) } else { greater + (-distance).exp().log1p() }
}

/// The weight of `a` in the derivative of `logaddexp(a, b)`: a half where they are equal, infinities too.
#[inline(always)]
fn logistic_share<R: Real>(a: R, b: R) -> R {
    if a == b { R::of(0.5) } else { super::activation::sigmoid(a - b) }
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
    Exp = exp,
    Exp2 = exp2,
    Expm1 = expm1,
    Log = log,
    Log2 = log2,
    Log10 = log10,
    Log1p = log1p,
    Logit = logit,
    LogCosh = logcosh,
);
binary_meanings!(LogAddExp = logaddexp, LogisticShare = logistic_share, XLogY = xlogy, XLog1pY = xlog1py);

const LOG_PROBES: &[&[f64]] =
    &[&[0.7], &[1.0], &[1.0 + f64::EPSILON], &[11.25], &[1e-300], &[1e300], &[0.0], &[-1.0], &[f64::INFINITY]];
const LOG_CONVENTIONS: &str = "At 0 the value is -inf and the derivative inf; below 0 the value is NaN.";

/// `exp(x)`
pub static EXP: Pointwise = Pointwise {
    name: "exp",
    documentation: "e to this power.",
    example: ("exp(0)", "1"),
    differential: Differential::Partials(|_, _, y| only(y)),
    ..unary::<Exp>()
};

/// `exp2(x)`
pub static EXP2: Pointwise = Pointwise {
    name: "exp2",
    documentation: "2 to this power.",
    example: ("exp2(10)", "1024"),
    differential: Differential::Partials(|g, _, y| only(g.scale(y, LN_2))),
    ..unary::<Exp2>()
};

/// `expm1(x)`
pub static EXPM1: Pointwise = Pointwise {
    name: "expm1",
    documentation: "`exp(x) - 1`, exact for small numbers too.",
    example: ("expm1(0)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&EXP, a[0]))),
    ..unary::<Expm1>()
};

/// `log(x)`
pub static LOG: Pointwise = Pointwise {
    name: "log",
    documentation: "The natural logarithm.",
    example: ("log(1)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&RECIPROCAL, a[0]))),
    probes: LOG_PROBES,
    conventions: LOG_CONVENTIONS,
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
    conventions: LOG_CONVENTIONS,
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
    conventions: LOG_CONVENTIONS,
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
    conventions: "At -1 the value is -inf and the derivative inf; below -1 the value is NaN.",
    ..unary::<Log1p>()
};

/// `logit(x)`
pub static LOGIT: Pointwise = Pointwise {
    name: "logit",
    documentation: "The logarithm of the odds, `log(x / (1 - x))`: the inverse of `sigmoid`.",
    example: ("logit(0.5)", "0"),
    differential: Differential::Partials(|g, a, _| {
        let opposite = g.negate(a[0]);
        let rest = g.offset(opposite, 1.0);
        let product = g.multiply(a[0], rest);
        only(g.apply(&RECIPROCAL, product))
    }),
    probes: &[&[0.3], &[0.5], &[0.9], &[1e-9], &[0.0], &[1.0], &[1.5]],
    conventions: "Infinite at 0 and 1, NaN outside.",
    ..unary::<Logit>()
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

/// `xlogy(x, y)`
pub static XLOGY: Pointwise = Pointwise {
    name: "xlogy",
    documentation: "`x * log(y)`, and 0 where `x` is 0.",
    example: ("xlogy(0, 0)", "0"),
    differential: Differential::Partials(|g, a, _| {
        let zero = g.constant_like(a[0], 0.0);
        let empty = g.apply2(&super::comparison::EQUAL, a[0], zero);
        let ratio = g.divide(a[0], a[1]);
        both(g.apply(&LOG, a[1]), g.select(empty, zero, ratio))
    }),
    probes: &[&[-3.0, 0.2], &[0.7, 2.3], &[0.0, 2.0], &[0.0, 0.0], &[1.0, 0.0]],
    conventions: "Where `x` is 0 the derivative by `y` is 0, and that by `x` is `log(y)`.",
    ..binary::<XLogY>()
};

/// `xlog1py(x, y)`
pub static XLOG1PY: Pointwise = Pointwise {
    name: "xlog1py",
    documentation: "`x * log1p(y)`, and 0 where `x` is 0.",
    example: ("xlog1py(0, -1)", "0"),
    differential: Differential::Partials(|g, a, _| {
        let (zero, one) = (g.constant_like(a[0], 0.0), g.constant_like(a[1], 1.0));
        let empty = g.apply2(&super::comparison::EQUAL, a[0], zero);
        let shifted = g.apply2(&super::arithmetic::ADD, a[1], one);
        let ratio = g.divide(a[0], shifted);
        both(g.apply(&LOG1P, a[1]), g.select(empty, zero, ratio))
    }),
    probes: &[&[-3.0, 0.2], &[0.7, 2.3], &[0.0, 2.0], &[0.0, -1.0], &[1.0, -1.0], &[2.0, 1e-9]],
    conventions: "Where `x` is 0 the derivative by `y` is 0, and that by `x` is `log1p(y)`.",
    ..binary::<XLog1pY>()
};

/// The operations of this file.
pub static ALL: &[&Pointwise] = &[
    &EXP,
    &EXP2,
    &EXPM1,
    &LOG,
    &LOG2,
    &LOG10,
    &LOG1P,
    &LOGIT,
    &LOGCOSH,
    &LOGADDEXP,
    &LOGISTIC_SHARE,
    &XLOGY,
    &XLOG1PY,
];
