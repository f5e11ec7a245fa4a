//! Activation functions of neural networks, with derivatives that keep their accuracy in the tails.

use super::declare::*;
use super::real::Real;
use crate::ir::{Accuracy, Differential, Instruction, Pointwise};

/// The slope of `leaky_relu` below zero.
pub const LEAK: f64 = 0.01;
/// The outer factor of `selu`.
pub const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
/// The inner factor of `selu`.
pub const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;
/// `2 sqrt(2 / pi)`
const GELU_RATE: f64 = 1.595_769_121_605_730_9;
const GELU_CUBIC: f64 = 0.044715;

#[inline(always)]
fn relu<R: Real>(x: R) -> R {
    let zero = R::of(0.0);
    if x > zero || x.is_nan() { x } else { zero }
}

#[inline(always)]
fn step<R: Real>(x: R) -> R {
    if x > R::of(0.0) { R::of(1.0) } else { R::of(0.0) }
}

#[inline(always)]
fn leaky_relu<R: Real>(x: R) -> R {
    if x > R::of(0.0) { x } else { x * R::of(LEAK) }
}

#[inline(always)]
fn leaky_step<R: Real>(x: R) -> R {
    if x > R::of(0.0) { R::of(1.0) } else { R::of(LEAK) }
}

#[inline(always)]
fn sigmoid_slope<R: Real>(x: R) -> R {
    let small = (-x.absolute()).exp();
    let whole = R::of(1.0) + small;
    small / (whole * whole)
}

#[inline(always)]
fn logsigmoid<R: Real>(x: R) -> R {
    -(-x).softplus()
}

#[inline(always)]
fn elu<R: Real>(x: R) -> R {
    if x > R::of(0.0) { x } else { x.expm1() }
}

#[inline(always)]
fn elu_slope<R: Real>(x: R) -> R {
    if x > R::of(0.0) { R::of(1.0) } else { x.exp() }
}

#[inline(always)]
fn selu<R: Real>(x: R) -> R {
    R::of(SELU_SCALE) * if x > R::of(0.0) { x } else { R::of(SELU_ALPHA) * x.expm1() }
}

/// `x * share`, where a share of 0 wins over an infinite `x`.
#[inline(always)]
fn product_with_share<R: Real>(x: R, share: R) -> R {
    if share == R::of(0.0) { R::of(0.0).with_sign_of(x) } else { x * share }
}

#[inline(always)]
fn silu<R: Real>(x: R) -> R {
    product_with_share(x, x.sigmoid())
}

/// One fraction for each side, since `s + x s'` cancels around its zero.
#[inline(always)]
fn silu_slope<R: Real>(x: R) -> R {
    let (zero, one) = (R::of(0.0), R::of(1.0));
    let small = (-x.absolute()).exp();
    let whole = one + small;
    if small == zero {
        return if x > zero { one } else { R::of(-0.0) };
    }
    let top = if x >= zero { one + small * (one + x) } else { small * (small + (one + x)) };
    top / (whole * whole)
}

/// `tanh(softplus(x))` as a fraction in `exp(-|x|)`.
#[inline(always)]
fn mish_share<R: Real>(x: R) -> R {
    let (one, two) = (R::of(1.0), R::of(2.0));
    let small = (-x.absolute()).exp();
    let top = if x >= R::of(0.0) { one + two * small } else { small * (small + two) };
    let rest = if x >= R::of(0.0) { two * small * small } else { two };
    top / (top + rest)
}

#[inline(always)]
fn mish<R: Real>(x: R) -> R {
    product_with_share(x, mish_share(x))
}

/// One fraction for each side, since the sum of the product rule cancels around its zero.
#[inline(always)]
fn mish_slope<R: Real>(x: R) -> R {
    let (zero, one, two, four) = (R::of(0.0), R::of(1.0), R::of(2.0), R::of(4.0));
    let q = (-x.absolute()).exp();
    if q == zero {
        return if x > zero { one } else { R::of(-0.0) };
    }
    let linear = R::of(3.0) + two * x;
    if x >= zero {
        let bottom = one + two * q * (one + q);
        (one + q * (four + q * (two * linear + four * q * (one + x)))) / (bottom * bottom)
    } else {
        let bottom = q * (q + two) + two;
        q * (four * (one + x) + q * (two * linear + q * (four + q))) / (bottom * bottom)
    }
}

#[inline(always)]
fn softsign<R: Real>(x: R) -> R {
    let magnitude = x.absolute();
    let share = if magnitude.is_finite() || x.is_nan() { magnitude / (R::of(1.0) + magnitude) } else { R::of(1.0) };
    share.with_sign_of(x)
}

unary_meanings!(light: Relu = relu, Step = step, LeakyRelu = leaky_relu, LeakyStep = leaky_step);
unary_meanings!(abreast: Sigmoid = Real::sigmoid, SigmoidSlope = sigmoid_slope, Softplus = Real::softplus, Silu = silu);
unary_meanings!(
    GeluTanh = Real::gelu_tanh,
    GeluTanhSlope = Real::gelu_tanh_slope,
    LogSigmoid = logsigmoid,
    Elu = elu,
    EluSlope = elu_slope,
    Selu = selu,
    SiluSlope = silu_slope,
    Mish = mish,
    MishSlope = mish_slope,
    Softsign = softsign,
);

/// `relu(x)`
pub static RELU: Pointwise = Pointwise {
    name: "relu",
    documentation: "The number where it is positive, else 0.",
    example: ("relu(-2)", "0"),
    instruction: Some(Instruction::PositivePart),
    differential: Differential::Partials(|g, a, _| only(g.apply(&STEP, a[0]))),
    routes: true,
    kinks: &[kink(&[0.0], &[0.0]), kink(&[-0.0], &[0.0])],
    conventions: "The derivative at 0 is 0.",
    ..unary::<Relu>()
};

/// `step(x)`
pub static STEP: Pointwise = Pointwise {
    name: "step",
    documentation: "1 for positive numbers, else 0.",
    example: ("step(2)", "1"),
    instruction: Some(Instruction::Step),
    kinks: &[kink(&[0.0], &[0.0])],
    conventions: "0 at 0 and for NaN; the derivative is 0 everywhere.",
    ..unary::<Step>()
};

/// `leaky_relu(x)`
pub static LEAKY_RELU: Pointwise = Pointwise {
    name: "leaky_relu",
    documentation: "The number where it is positive, else a hundredth of it.",
    example: ("leaky_relu(-2)", "-0.02"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&LEAKY_STEP, a[0]))),
    kinks: &[kink(&[0.0], &[LEAK])],
    conventions: "The derivative at 0 is 0.01, the smallest of the subgradients.",
    ..unary::<LeakyRelu>()
};

/// The derivative of [`LEAKY_RELU`].
pub static LEAKY_STEP: Pointwise = Pointwise {
    name: "leaky_step",
    documentation: "1 for positive numbers, else 0.01.",
    kinks: &[kink(&[0.0], &[0.0])],
    definition: "(x) = where(x > 0, 1, 0.01)",
    conventions: "The derivative is 0 everywhere.",
    ..unary_helper::<LeakyStep>()
};

/// `sigmoid(x)`
pub static SIGMOID: Pointwise = Pointwise {
    name: "sigmoid",
    documentation: "The logistic function, `1 / (1 + exp(-x))`.",
    example: ("sigmoid(0)", "0.5"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&SIGMOID_SLOPE, a[0]))),
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Sigmoid>()
};

/// The derivative of [`SIGMOID`].
pub static SIGMOID_SLOPE: Pointwise = Pointwise {
    name: "sigmoid_slope",
    documentation: "The derivative of `sigmoid`.",
    definition: "(x) = sigmoid(x) * sigmoid(-x)",
    differential: Differential::Partials(|g, a, y| {
        let half = g.scale(a[0], 0.5);
        let lean = g.apply(&super::trigonometric::TANH, half);
        let product = g.multiply(lean, y);
        only(g.negate(product))
    }),
    ..unary_helper::<SigmoidSlope>()
};

/// `softplus(x)`
pub static SOFTPLUS: Pointwise = Pointwise {
    name: "softplus",
    documentation: "`log(1 + exp(x))`, without overflow.",
    example: ("softplus(0)", "log(2)"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&SIGMOID, a[0]))),
    accuracy: Accuracy::units(2.0, 4.0),
    ..unary::<Softplus>()
};

/// `logsigmoid(x)`
pub static LOGSIGMOID: Pointwise = Pointwise {
    name: "logsigmoid",
    documentation: "The logarithm of the logistic function, without overflow.",
    example: ("logsigmoid(0)", "-log(2)"),
    differential: Differential::Partials(|g, a, _| {
        let opposite = g.negate(a[0]);
        only(g.apply(&SIGMOID, opposite))
    }),
    ..unary::<LogSigmoid>()
};

/// `elu(x)`
pub static ELU: Pointwise = Pointwise {
    name: "elu",
    documentation: "The number where it is positive, else `exp(x) - 1`.",
    example: ("elu(2)", "2"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&ELU_SLOPE, a[0]))),
    ..unary::<Elu>()
};

/// The derivative of [`ELU`].
pub static ELU_SLOPE: Pointwise = Pointwise {
    name: "elu_slope",
    documentation: "1 for positive numbers, else `exp(x)`.",
    definition: "(x) = where(x >= 0, 1, exp(x))",
    differential: Differential::Partials(|g, a, y| {
        let zero = g.constant_like(a[0], 0.0);
        let below = g.apply2(&super::comparison::LESS, a[0], zero);
        only(g.select(below, y, zero))
    }),
    kinks: &[kink(&[0.0], &[0.0])],
    conventions: "The derivative at 0 is 0.",
    ..unary_helper::<EluSlope>()
};

/// `selu(x)`
pub static SELU: Pointwise = Pointwise {
    name: "selu",
    documentation: "The self-normalising linear unit: a scaled `elu`.",
    example: ("selu(0)", "0"),
    differential: Differential::Partials(|g, a, _| {
        let zero = g.constant_like(a[0], 0.0);
        let below = g.apply2(&super::comparison::LESS, a[0], zero);
        let above = g.constant_like(a[0], SELU_SCALE);
        let curve = g.apply(&ELU_SLOPE, a[0]);
        let curve = g.scale(curve, SELU_SCALE * SELU_ALPHA);
        only(g.select(below, curve, above))
    }),
    kinks: &[kink(&[0.0], &[SELU_SCALE])],
    conventions: "The derivative at 0 is 1.0507…, the smallest of the subgradients.",
    ..unary::<Selu>()
};

/// `gelu_tanh(x)`
pub static GELU_TANH: Pointwise = Pointwise {
    name: "gelu_tanh",
    documentation: "The usual approximation of `gelu` by a hyperbolic tangent.",
    example: ("gelu_tanh(0)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&GELU_TANH_SLOPE, a[0]))),
    conventions: "Near the zero of the derivative its error is relative to the size of its terms.",
    accuracy: Accuracy::units(4.0, 64.0),
    ..unary::<GeluTanh>()
};

/// The derivative of [`GELU_TANH`].
pub static GELU_TANH_SLOPE: Pointwise = Pointwise {
    name: "gelu_tanh_slope",
    documentation: "The derivative of `gelu_tanh`.",
    definition: "(x: real) = grad(gelu_tanh)(x)",
    // Of s(u) + x s'(u) u': s'(u) (2 u' + x u'') + x u'^2 s''(u), with s'' = -s' tanh(u / 2).
    differential: Differential::Partials(|g, a, _| {
        let squared = g.apply(&super::roots::SQUARE, a[0]);
        let [once, thrice, six] = [1.0, 3.0, 6.0].map(|times| g.scale(squared, times * GELU_CUBIC * GELU_RATE));
        let (inner, rate) = (g.offset(once, GELU_RATE), g.offset(thrice, GELU_RATE));
        let inner = g.multiply(a[0], inner);
        let twice = g.scale(rate, 2.0);
        let straight = g.add(twice, six);
        let half = g.scale(inner, 0.5);
        let lean = g.apply(&super::trigonometric::TANH, half);
        let bend = g.multiply(rate, rate);
        let bend = g.multiply(bend, a[0]);
        let bend = g.multiply(bend, lean);
        let sum = g.subtract(straight, bend);
        let slope = g.apply(&SIGMOID_SLOPE, inner);
        only(g.apply2(&super::arithmetic::MASKED_MULTIPLY, slope, sum))
    }),
    ..unary_helper::<GeluTanhSlope>()
};

/// `silu(x)`
pub static SILU: Pointwise = Pointwise {
    name: "silu",
    documentation: "`x * sigmoid(x)`, also known as swish.",
    example: ("silu(0)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&SILU_SLOPE, a[0]))),
    conventions: "Near the zero of the derivative its error is relative to the size of its terms.",
    accuracy: Accuracy::units(4.0, 16.0),
    ..unary::<Silu>()
};

/// The derivative of [`SILU`].
pub static SILU_SLOPE: Pointwise = Pointwise {
    name: "silu_slope",
    documentation: "The derivative of `silu`.",
    definition: "(x: real) = grad(silu)(x)",
    differential: Differential::Partials(|g, a, _| {
        let half = g.scale(a[0], 0.5);
        let lean = g.apply(&super::trigonometric::TANH, half);
        let product = g.multiply(a[0], lean);
        let opposite = g.negate(product);
        let factor = g.offset(opposite, 2.0);
        let slope = g.apply(&SIGMOID_SLOPE, a[0]);
        only(g.apply2(&super::arithmetic::MASKED_MULTIPLY, slope, factor))
    }),
    ..unary_helper::<SiluSlope>()
};

/// `mish(x)`
pub static MISH: Pointwise = Pointwise {
    name: "mish",
    documentation: "`x * tanh(softplus(x))`.",
    example: ("mish(0)", "0"),
    differential: Differential::Partials(|g, a, _| only(g.apply(&MISH_SLOPE, a[0]))),
    conventions: "Near the zero of the derivative its error is relative to the size of its terms.",
    accuracy: Accuracy::units(4.0, 64.0),
    ..unary::<Mish>()
};

/// The derivative of [`MISH`].
pub static MISH_SLOPE: Pointwise = Pointwise {
    name: "mish_slope",
    documentation: "The derivative of `mish`.",
    // With t = tanh(softplus(x)), k = 1 - t² and s = sigmoid(x): t' = k s and t'' = k (s' - 2 t s²).
    definition: "(x: real) = grad(mish)(x)",
    differential: Differential::Partials(|g, a, _| {
        let plus = g.apply(&SOFTPLUS, a[0]);
        let t = g.apply(&super::trigonometric::TANH, plus);
        let k = g.apply(&super::trigonometric::SECH_SQUARED, plus);
        let s = g.apply(&SIGMOID, a[0]);
        let slope = g.apply(&SIGMOID_SLOPE, a[0]);
        let (squared, twice) = (g.multiply(s, s), g.scale(t, 2.0));
        let drop = g.multiply(twice, squared);
        let bend = g.subtract(slope, drop);
        let bend = g.apply2(&super::arithmetic::MASKED_MULTIPLY, bend, a[0]);
        let twice = g.scale(s, 2.0);
        let sum = g.add(twice, bend);
        only(g.apply2(&super::arithmetic::MASKED_MULTIPLY, k, sum))
    }),
    ..unary_helper::<MishSlope>()
};

/// `softsign(x)`
pub static SOFTSIGN: Pointwise = Pointwise {
    name: "softsign",
    documentation: "`x / (1 + abs(x))`.",
    example: ("softsign(1)", "0.5"),
    differential: Differential::Partials(|g, a, _| {
        let magnitude = g.apply(&super::arithmetic::ABSOLUTE, a[0]);
        let above = g.offset(magnitude, 1.0);
        let inverse = g.apply(&super::roots::RECIPROCAL, above);
        only(g.apply(&super::roots::SQUARE, inverse))
    }),
    ..unary::<Softsign>()
};

/// The operations of this file.
pub static ALL: &[&Pointwise] = &[
    &RELU,
    &STEP,
    &LEAKY_RELU,
    &LEAKY_STEP,
    &SIGMOID,
    &SIGMOID_SLOPE,
    &SOFTPLUS,
    &LOGSIGMOID,
    &ELU,
    &ELU_SLOPE,
    &SELU,
    &GELU_TANH,
    &GELU_TANH_SLOPE,
    &SILU,
    &SILU_SLOPE,
    &MISH,
    &MISH_SLOPE,
    &SOFTSIGN,
];
