//! The analytic continuations of pointwise operations: each from the operation's meaning, none from its derivative.
//!
//! The imaginary part is far below the last place of the real one, so formulas must not cancel in it: where one would, the
//! part is written out. Where an operation has pieces, the real parts say which piece it is.

use crate::ir::Pointwise;
use crate::ops::{activation, arithmetic, choice, exponential, loss, roots, rounding, trigonometric};
use crate::runtime::math::double;
use std::f64::consts::{LN_2, LN_10};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A complex number.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Complex {
    pub re: f64,
    pub im: f64,
}

/// A continuation.
#[derive(Clone, Copy)]
pub(super) enum Continuation {
    One(fn(Complex) -> Complex),
    Two(fn(Complex, Complex) -> Complex),
}

use Continuation::{One, Two};

/// The continuation of an operation, if it is known.
pub(super) fn continuation(definition: &Pointwise) -> Option<Continuation> {
    TABLE.iter().find(|(each, _)| std::ptr::eq(*each, definition)).map(|(_, rule)| *rule)
}

static TABLE: &[(&Pointwise, Continuation)] = &[
    (&arithmetic::ADD, Two(|a, b| a + b)),
    (&arithmetic::SUBTRACT, Two(|a, b| a - b)),
    (&arithmetic::EXCESS, Two(|a, b| a - b)),
    (&arithmetic::EXCESS_LIMIT, Two(|a, b| a - b)),
    (&arithmetic::MULTIPLY, Two(|a, b| a * b)),
    (&arithmetic::DIVIDE, Two(|a, b| a / b)),
    (&arithmetic::NEGATE, One(|z| -z)),
    (&arithmetic::ABSOLUTE, One(|z| if z.re < 0.0 { -z } else { z })),
    (&arithmetic::POWER, Two(power)),
    (&arithmetic::MASKED_MULTIPLY, Two(|a, b| if a.re == 0.0 { a.scaled(0.0) } else { a * b })),
    (&arithmetic::SELECTED_MULTIPLY, Two(|a, b| if a.re == 0.0 { a.scaled(0.0) } else { a * b })),
    (&roots::SQUARE, One(|z| z * z)),
    (&roots::RECIPROCAL, One(|z| real(1.0) / z)),
    (&roots::SQRT, One(sqrt)),
    (&roots::RSQRT, One(|z| real(1.0) / sqrt(z))),
    (&roots::HYPOT, Two(hypot)),
    (&exponential::EXP, One(exp)),
    (&exponential::EXP2, One(|z| exp(z.scaled(LN_2)))),
    (&exponential::EXPM1, One(expm1)),
    (&exponential::LOG, One(log)),
    (&exponential::LOG2, One(|z| log(z).scaled(1.0 / LN_2))),
    (&exponential::LOG10, One(|z| log(z).scaled(1.0 / LN_10))),
    (&exponential::LOG1P, One(log1p)),
    (&exponential::LOGIT, One(|z| log(z) - log1p(-z))),
    (&exponential::LOGADDEXP, Two(|a, b| if a.re > b.re { a + softplus(b - a) } else { b + softplus(a - b) })),
    (&exponential::LOGCOSH, One(logcosh)),
    (&exponential::XLOGY, Two(|x, y| if x.re == 0.0 && x.im == 0.0 { x } else { x * log(y) })),
    (&exponential::XLOG1PY, Two(|x, y| if x.re == 0.0 && x.im == 0.0 { x } else { x * log1p(y) })),
    (&trigonometric::SIN, One(sin)),
    (&trigonometric::COS, One(cos)),
    (&trigonometric::TAN, One(|z| times_minus_i(tanh(times_i(z))))),
    (&trigonometric::SINH, One(|z| times_minus_i(sin(times_i(z))))),
    (&trigonometric::COSH, One(cosh)),
    (&trigonometric::TANH, One(tanh)),
    (&trigonometric::SECH_SQUARED, One(|z| (real(1.0) / cosh(z)).squared())),
    (&trigonometric::LORENTZIAN, One(|z| real(1.0) / (real(1.0) + z.squared()))),
    (&trigonometric::ATAN, One(atan)),
    (&trigonometric::ATANH, One(atanh)),
    (&trigonometric::ASINH, One(|z| if z.re < 0.0 { -asinh(-z) } else { asinh(z) })),
    (&trigonometric::SINC, One(|z| if z.re == 0.0 && z.im == 0.0 { real(1.0) } else { sin(z) / z })),
    (&activation::RELU, One(|z| if z.re > 0.0 { z } else { z.scaled(0.0) })),
    (&activation::SIGMOID, One(sigmoid)),
    (&activation::SIGMOID_SLOPE, One(|z| sigmoid(z) * sigmoid(-z))),
    (&activation::SOFTPLUS, One(softplus)),
    (&activation::LOGSIGMOID, One(|z| -softplus(-z))),
    (&activation::SILU, One(|z| z * sigmoid(z))),
    (&activation::MISH, One(|z| z * tanh(softplus(z)))),
    (&activation::ELU, One(|z| if z.re > 0.0 { z } else { expm1(z) })),
    (&activation::SOFTSIGN, One(|z| z / (real(1.0) + if z.re < 0.0 { -z } else { z }))),
    (&activation::STEP, One(|z| real(if z.re > 0.0 { 1.0 } else { 0.0 }))),
    (&loss::BCE_LOGITS, Two(|z, y| softplus(z) - z * y)),
    (&choice::MAX, Two(|a, b| if a.re >= b.re { a } else { b })),
    (&choice::MIN, Two(|a, b| if a.re <= b.re { a } else { b })),
    (&rounding::FLOOR, One(|z| real(z.re.floor()))),
    (&rounding::CEIL, One(|z| real(z.re.ceil()))),
    (&rounding::TRUNC, One(|z| real(z.re.trunc()))),
];

/// A real number.
fn real(re: f64) -> Complex {
    Complex { re, im: 0.0 }
}

fn times_i(z: Complex) -> Complex {
    Complex { re: -z.im, im: z.re }
}

fn times_minus_i(z: Complex) -> Complex {
    Complex { re: z.im, im: -z.re }
}

impl Complex {
    fn scaled(self, factor: f64) -> Complex {
        Complex { re: factor * self.re, im: factor * self.im }
    }

    fn squared(self) -> Complex {
        self * self
    }
}

impl Add for Complex {
    type Output = Complex;
    fn add(self, other: Complex) -> Complex {
        Complex { re: self.re + other.re, im: self.im + other.im }
    }
}

impl Sub for Complex {
    type Output = Complex;
    fn sub(self, other: Complex) -> Complex {
        Complex { re: self.re - other.re, im: self.im - other.im }
    }
}

impl Mul for Complex {
    type Output = Complex;
    fn mul(self, other: Complex) -> Complex {
        Complex { re: self.re * other.re - self.im * other.im, im: self.re * other.im + self.im * other.re }
    }
}

impl Div for Complex {
    type Output = Complex;
    fn div(self, other: Complex) -> Complex {
        let ratio = other.im / other.re;
        let whole = other.re + other.im * ratio;
        Complex { re: (self.re + self.im * ratio) / whole, im: (self.im - self.re * ratio) / whole }
    }
}

impl Neg for Complex {
    type Output = Complex;
    fn neg(self) -> Complex {
        Complex { re: -self.re, im: -self.im }
    }
}

fn exp(z: Complex) -> Complex {
    let size = double::exp(z.re);
    Complex { re: size * double::cos(z.im), im: size * double::sin(z.im) }
}

fn expm1(z: Complex) -> Complex {
    let half = double::sin(z.im / 2.0);
    let re = double::expm1(z.re) * double::cos(z.im) - 2.0 * half * half;
    Complex { re, im: double::exp(z.re) * double::sin(z.im) }
}

fn log(z: Complex) -> Complex {
    if z.re < 0.0 {
        return real(f64::NAN);
    }
    Complex { re: double::log(double::hypot(z.re, z.im)), im: double::atan2(z.im, z.re) }
}

fn log1p(z: Complex) -> Complex {
    let beyond = 2.0 * z.re + z.re * z.re + z.im * z.im;
    Complex { re: double::log1p(beyond) / 2.0, im: double::atan2(z.im, 1.0 + z.re) }
}

fn sqrt(z: Complex) -> Complex {
    let re = ((z.re + double::hypot(z.re, z.im)) / 2.0).sqrt();
    if re == 0.0 { real(0.0) } else { Complex { re, im: z.im / (2.0 * re) } }
}

fn hypot(a: Complex, b: Complex) -> Complex {
    let largest = a.re.abs().max(b.re.abs());
    if largest == 0.0 {
        return real(0.0);
    }
    let (a, b) = (a.scaled(1.0 / largest), b.scaled(1.0 / largest));
    sqrt(a.squared() + b.squared()).scaled(largest)
}

fn sin(z: Complex) -> Complex {
    Complex { re: double::sin(z.re) * double::cosh(z.im), im: double::cos(z.re) * double::sinh(z.im) }
}

fn cos(z: Complex) -> Complex {
    Complex { re: double::cos(z.re) * double::cosh(z.im), im: -double::sin(z.re) * double::sinh(z.im) }
}

fn atan(z: Complex) -> Complex {
    let (x, y) = (z.re, z.im);
    let im = double::log1p(4.0 * y / (x * x + (y - 1.0) * (y - 1.0))) / 4.0;
    Complex { re: double::atan2(2.0 * x, 1.0 - x * x - y * y) / 2.0, im }
}

fn cosh(z: Complex) -> Complex {
    Complex { re: double::cosh(z.re) * double::cos(z.im), im: double::sinh(z.re) * double::sin(z.im) }
}

/// `1 - tanh^2` is written as `1 / cosh^2` where it stands in a part.
fn tanh(z: Complex) -> Complex {
    let (t, u) = (double::tanh(z.re), double::tan(z.im));
    let (cosh, cos) = (double::cosh(z.re), double::cos(z.im));
    let below = 1.0 + t * t * u * u;
    Complex { re: t / (cos * cos) / below, im: u / (cosh * cosh) / below }
}

fn atanh(z: Complex) -> Complex {
    (log1p(z) - log1p(-z)).scaled(0.5)
}

/// Of numbers with a real part of at least 0.
fn asinh(z: Complex) -> Complex {
    let root = sqrt(real(1.0) + z.squared());
    log1p(z + z.squared() / (real(1.0) + root))
}

fn sigmoid(z: Complex) -> Complex {
    if z.re >= 0.0 {
        return real(1.0) / (real(1.0) + exp(-z));
    }
    let small = exp(z);
    small / (real(1.0) + small)
}

fn softplus(z: Complex) -> Complex {
    if z.re > 0.0 { z + log1p(exp(-z)) } else { log1p(exp(z)) }
}

fn logcosh(z: Complex) -> Complex {
    let z = if z.re < 0.0 { -z } else { z };
    z + log1p(exp(z.scaled(-2.0))) - real(LN_2)
}

/// A negative base has powers with a constant whole exponent only.
fn power(base: Complex, exponent: Complex) -> Complex {
    let whole = exponent.im == 0.0 && exponent.re.fract() == 0.0;
    if whole && exponent.re == 0.0 {
        return real(1.0);
    }
    if base.re < 0.0 {
        if !whole {
            return real(f64::NAN);
        }
        let positive = power(-base, exponent);
        return if exponent.re % 2.0 == 0.0 { positive } else { -positive };
    }
    if base.re == 0.0 && base.im == 0.0 {
        return real(double::pow(0.0, exponent.re));
    }
    exp(exponent * log(base))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Meaning;

    const TINY: f64 = 1e-30;

    /// On the real axis a continuation is the operation, and its slope there is that of differences.
    #[test]
    fn continuations_continue_the_operations() {
        let mut wrong = Vec::new();
        for (definition, rule) in TABLE {
            for probe in [&[0.3, 0.8][..], &[-0.4, 1.7], &[0.9, -0.6], &[2.3, 2.0], &[-1.7, 3.0]] {
                for varied in 0..definition.meaning.arity() {
                    let meaning = |step: f64| {
                        let mut at = probe.to_vec();
                        at[varied] += step;
                        match definition.meaning {
                            Meaning::Unary { f64, .. } => f64(at[0]),
                            Meaning::Binary { f64, .. } => f64(at[0], at[1]),
                            _ => f64::NAN,
                        }
                    };
                    let number = |at: usize| Complex { re: probe[at], im: if at == varied { TINY } else { 0.0 } };
                    let continued = match rule {
                        One(rule) => rule(number(0)),
                        Two(rule) => rule(number(0), number(1)),
                    };
                    let (value, slope) = (meaning(0.0), (meaning(1e-5) - meaning(-1e-5)) / 2e-5);
                    if !value.is_finite() || !slope.is_finite() {
                        continue;
                    }
                    let near = |a: f64, b: f64, tolerance: f64| (a - b).abs() <= tolerance * b.abs().max(1.0);
                    if !near(continued.re, value, 1e-13) || !near(continued.im / TINY, slope, 1e-7) {
                        wrong.push(format!(
                            "{} at {probe:?} by {varied}: {continued:?}, not {value} and {slope}",
                            definition.name
                        ));
                    }
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn saturated_functions_keep_their_slopes() {
        for (name, slope, expected) in [
            ("tanh", tanh(Complex { re: 20.0, im: TINY }).im / TINY, 4.0 * double::exp(-40.0)),
            ("sigmoid", sigmoid(Complex { re: 30.0, im: TINY }).im / TINY, double::exp(-30.0)),
            ("sigmoid below", sigmoid(Complex { re: -800.0, im: TINY }).im / TINY, 0.0),
        ] {
            assert!((slope - expected).abs() <= 1e-12 * expected, "{name}: {slope} and {expected}");
        }
    }
}
