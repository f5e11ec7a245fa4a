//! The two real types: the constants that the elementary functions need in each, and their bits.

use super::polynomials::{Polynomials, log_tail};
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A real type. All methods are exactly rounded or exact, and free of branches.
pub(super) trait Real:
    Polynomials
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    const ZERO: Self;
    const QUARTER: Self;
    const THIRD: Self;
    const HALF: Self;
    const ONE: Self;
    const TWO: Self;
    const FOUR: Self;
    const HUNDRED: Self;
    const INFINITY: Self;
    const NAN: Self;
    /// One and a half times the first number whose unit in the last place is 1: adding it rounds to an integer, which then
    /// stands in the low bits.
    const SHIFT: Self;
    /// The least normal number, a power of two that lifts subnormal numbers above it, and the exponent of that power.
    const MIN_NORMAL: Self;
    const LIFT: Self;
    const LIFT_EXPONENT: Self;
    /// Arguments of the exponential beyond which the result is 0, or infinite even when halved.
    const EXP_LOW: Self;
    const EXP_HIGH: Self;
    const EXP2_LOW: Self;
    const EXP2_HIGH: Self;
    /// An argument below which `exp(x) - 1` rounds to -1.
    const EXPM1_LOW: Self;
    /// An argument above which the hyperbolic tangent rounds to 1.
    const TANH_HIGH: Self;
    /// A magnitude below which `x + x^2` rounds to `x`.
    const TINY: Self;
    /// A magnitude below which `x + x^3` rounds to `x`.
    const SMALL: Self;
    /// A number so large that 1 is nothing beside it, nor its inverse beside 1.
    const LARGE: Self;
    /// Magnitudes beyond which squares would overflow or lose bits, and the powers of two that bring them back.
    const HUGE: Self;
    const MINUTE: Self;
    const MAX_FACTOR: Self;
    const MIN_FACTOR: Self;
    /// Magnitudes below which the series of the error function and of the normal distribution hold.
    const ERF_LOW: Self;
    const NORMAL_LOW: Self;
    /// Magnitudes above which their tails are 0.
    const ERFC_HIGH: Self;
    const NORMAL_HIGH: Self;
    const LOG2_E: Self;
    const LOG2_E_LOW: Self;
    const LN_2: Self;
    const LN_2_LOW: Self;
    const LOG10_E: Self;
    const LOG10_E_LOW: Self;
    const LOG10_2: Self;
    const LOG10_2_LOW: Self;
    const ROOT_HALF: Self;
    const ROOT_HALF_LOW: Self;
    const TWO_THIRDS: Self;
    const TWO_THIRDS_LOW: Self;
    /// `1 / sqrt(2 pi)`
    const NORMAL_DENSITY: Self;
    const NORMAL_DENSITY_LOW: Self;
    const TWO_OVER_ROOT_PI: Self;
    const TWO_OVER_ROOT_PI_LOW: Self;
    /// The factors `2 sqrt(2 / pi)` and 0.044715 of the usual approximation of `gelu`.
    const GELU_RATE: Self;
    const GELU_RATE_LOW: Self;
    const GELU_CUBIC: Self;
    const GELU_CUBIC_LOW: Self;
    const CBRT_2: Self;
    const CBRT_4: Self;
    const TAN_EIGHTH_PI: Self;
    const TAN_THREE_EIGHTHS_PI: Self;
    const TWO_OVER_PI: Self;
    const QUARTER_PI: Self;
    /// Half of pi as an unevaluated sum of three.
    const HALF_PI: Self;
    const HALF_PI_MIDDLE: Self;
    const HALF_PI_LOW: Self;

    fn fma(self, factor: Self, addend: Self) -> Self;
    fn magnitude(self) -> Self;
    fn with_sign(self, sign: Self) -> Self;
    fn root(self) -> Self;
    fn truncated(self) -> Self;
    /// `2^n`, where `shifted` is `n + SHIFT` and `2^n` is normal.
    fn power_of_two(shifted: Self) -> Self;
    /// `2^n` times a number about as large as 1, for an `n` as far out as twice the exponent range, rounded once.
    fn scaled(self, shifted: Self) -> Self;
    /// Whether the bit of this weight (a power of two) is set in the integer `n`, where `shifted` is `n + SHIFT`.
    fn has_bit(shifted: Self, weight: u8) -> bool;
    /// `e` and `m` with `x = 2^e * m` and `m` between the square roots of 1/2 and 2, for a positive normal `x`.
    fn split(self) -> (Self, Self);
    /// `log(1 + f) - f + f^2 / 2` for `1 + f` between the square roots of 1/2 and 2; `square` is `f^2 / 2`.
    fn log_rest(self, square: Self) -> Self;
}

macro_rules! real {
    ($type:ident as $bits:ident, exponent at $place:literal from $bias:literal; $root_half:literal; $($name:ident = $value:expr,)*) => {
        impl Real for $type {
            $(const $name: Self = $value;)*

            #[inline(always)]
            fn fma(self, factor: Self, addend: Self) -> Self {
                self.mul_add(factor, addend)
            }

            #[inline(always)]
            fn magnitude(self) -> Self {
                self.abs()
            }

            #[inline(always)]
            fn with_sign(self, sign: Self) -> Self {
                self.copysign(sign)
            }

            #[inline(always)]
            fn root(self) -> Self {
                self.sqrt()
            }

            #[inline(always)]
            fn truncated(self) -> Self {
                self.trunc()
            }

            #[inline(always)]
            fn power_of_two(shifted: Self) -> Self {
                Self::from_bits(shifted.to_bits().wrapping_add($bias) << $place)
            }

            #[inline(always)]
            fn scaled(self, shifted: Self) -> Self {
                // The integer stands in the low bits; those of the shift above them leave on the left.
                let whole = shifted.to_bits();
                let half = whole >> 1;
                let rest = whole.wrapping_sub(half);
                self * Self::from_bits(half.wrapping_add($bias) << $place)
                    * Self::from_bits(rest.wrapping_add($bias) << $place)
            }

            #[inline(always)]
            fn has_bit(shifted: Self, weight: u8) -> bool {
                shifted.to_bits() & $bits::from(weight) != 0
            }

            #[inline(always)]
            fn split(self) -> (Self, Self) {
                // The exponent is biased so that it stays positive and can be read as the low bits of a float: not all
                // processors convert vectors of integers.
                const BIAS: $bits = $bias + 1;
                const READ: $type = ((1 as $bits) << $place) as $type;
                let exponent = (self.to_bits().wrapping_sub($root_half).wrapping_add(BIAS << $place)) >> $place;
                let fraction = Self::from_bits(self.to_bits().wrapping_sub(exponent.wrapping_sub(BIAS) << $place));
                let integer = Self::from_bits(READ.to_bits() | exponent) - (READ + BIAS as $type);
                (integer, fraction)
            }

            #[inline(always)]
            fn log_rest(self, square: Self) -> Self {
                log_rest::$type(self, square)
            }
        }
    };
}

/// The rest of the logarithm, by a series in `f / (2 + f)` where a division is cheaper than the terms it saves.
mod log_rest {
    use super::{Polynomials, log_tail};

    #[inline(always)]
    pub(super) fn f64(f: f64, square: f64) -> f64 {
        let s = f / (2.0 + f);
        let z = s * s;
        s * z.mul_add(f64::log_series(z), square)
    }

    #[inline(always)]
    pub(super) fn f32(f: f32, square: f32) -> f32 {
        (2.0 * square) * (f * log_tail(f))
    }
}

real! {
    f64 as u64, exponent at 52 from 1023; 0x3fe6_a09e_667f_3bcd;
    ZERO = 0.0,
    QUARTER = 0.25,
    THIRD = 1.0 / 3.0,
    HALF = 0.5,
    ONE = 1.0,
    TWO = 2.0,
    FOUR = 4.0,
    HUNDRED = 100.0,
    INFINITY = Self::INFINITY,
    NAN = Self::NAN,
    SHIFT = 6755399441055744.0,
    MIN_NORMAL = Self::MIN_POSITIVE,
    LIFT = 18014398509481984.0,
    LIFT_EXPONENT = 54.0,
    EXP_LOW = -746.0,
    EXP_HIGH = 710.5,
    EXP2_LOW = -1076.0,
    EXP2_HIGH = 1024.0,
    EXPM1_LOW = -38.0,
    TANH_HIGH = 20.0,
    TINY = 2.7e-17,
    SMALL = 1.0e-9,
    LARGE = 1.0e17,
    HUGE = Self::from_bits((1023 + 500) << 52),
    MINUTE = Self::from_bits((1023 - 459) << 52),
    MAX_FACTOR = Self::from_bits((1023 + 600) << 52),
    MIN_FACTOR = Self::from_bits((1023 - 600) << 52),
    ERF_LOW = 0.47,
    NORMAL_LOW = 0.665,
    ERFC_HIGH = 28.0,
    NORMAL_HIGH = 39.5,
    LOG2_E = std::f64::consts::LOG2_E,
    LOG2_E_LOW = 2.0355273740931033e-17,
    LN_2 = std::f64::consts::LN_2,
    LN_2_LOW = 2.3190468138462996e-17,
    LOG10_E = std::f64::consts::LOG10_E,
    LOG10_E_LOW = 1.098319650216765e-17,
    LOG10_2 = std::f64::consts::LOG10_2,
    LOG10_2_LOW = -2.8037281277851704e-18,
    ROOT_HALF = std::f64::consts::FRAC_1_SQRT_2,
    ROOT_HALF_LOW = -4.833646656726457e-17,
    TWO_THIRDS = 2.0 / 3.0,
    TWO_THIRDS_LOW = 3.700743415417188e-17,
    NORMAL_DENSITY = 0.3989422804014327,
    NORMAL_DENSITY_LOW = -2.49232720227773e-17,
    TWO_OVER_ROOT_PI = std::f64::consts::FRAC_2_SQRT_PI,
    TWO_OVER_ROOT_PI_LOW = 1.533545961316588e-17,
    GELU_RATE = 1.5957691216057308,
    GELU_RATE_LOW = -9.96930880911092e-17,
    GELU_CUBIC = 0.044715,
    GELU_CUBIC_LOW = 2.1960211427085595e-18,
    CBRT_2 = 1.2599210498948732,
    CBRT_4 = 1.5874010519681996,
    TAN_EIGHTH_PI = 0.41421356237309503,
    TAN_THREE_EIGHTHS_PI = 2.414213562373095,
    TWO_OVER_PI = std::f64::consts::FRAC_2_PI,
    QUARTER_PI = std::f64::consts::FRAC_PI_4,
    HALF_PI = std::f64::consts::FRAC_PI_2,
    HALF_PI_MIDDLE = 6.123233995736766e-17,
    HALF_PI_LOW = -1.4973849048591698e-33,
}

real! {
    f32 as u32, exponent at 23 from 127; 0x3f35_04f3;
    ZERO = 0.0,
    QUARTER = 0.25,
    THIRD = 1.0 / 3.0,
    HALF = 0.5,
    ONE = 1.0,
    TWO = 2.0,
    FOUR = 4.0,
    HUNDRED = 100.0,
    INFINITY = Self::INFINITY,
    NAN = Self::NAN,
    SHIFT = 12582912.0,
    MIN_NORMAL = Self::MIN_POSITIVE,
    LIFT = 33554432.0,
    LIFT_EXPONENT = 25.0,
    EXP_LOW = -105.0,
    EXP_HIGH = 89.45,
    EXP2_LOW = -151.0,
    EXP2_HIGH = 128.0,
    EXPM1_LOW = -18.0,
    TANH_HIGH = 10.0,
    TINY = 1.4e-8,
    SMALL = 5.0e-5,
    LARGE = 1.0e9,
    HUGE = Self::from_bits((127 + 60) << 23),
    MINUTE = Self::from_bits((127 - 50) << 23),
    MAX_FACTOR = Self::from_bits((127 + 90) << 23),
    MIN_FACTOR = Self::from_bits((127 - 90) << 23),
    ERF_LOW = 0.47,
    NORMAL_LOW = 0.665,
    ERFC_HIGH = 10.8,
    NORMAL_HIGH = 15.3,
    LOG2_E = std::f32::consts::LOG2_E,
    LOG2_E_LOW = 1.925963e-8,
    LN_2 = std::f32::consts::LN_2,
    LN_2_LOW = -1.9046542e-9,
    LOG10_E = std::f32::consts::LOG10_E,
    LOG10_E_LOW = -1.010305e-8,
    LOG10_2 = std::f32::consts::LOG10_2,
    LOG10_2_LOW = -1.4320989e-8,
    ROOT_HALF = std::f32::consts::FRAC_1_SQRT_2,
    ROOT_HALF_LOW = 1.2101617e-8,
    TWO_THIRDS = 2.0 / 3.0,
    TWO_THIRDS_LOW = -1.9868216e-8,
    NORMAL_DENSITY = 0.3989423,
    NORMAL_DENSITY_LOW = -1.133517e-8,
    TWO_OVER_ROOT_PI = std::f32::consts::FRAC_2_SQRT_PI,
    TWO_OVER_ROOT_PI_LOW = -5.8635383e-08,
    GELU_RATE = 1.5957692,
    GELU_RATE_LOW = -4.534068e-8,
    GELU_CUBIC = 0.044715,
    GELU_CUBIC_LOW = 1.5461444e-9,
    CBRT_2 = 1.2599211,
    CBRT_4 = 1.587401,
    TAN_EIGHTH_PI = 0.41421357,
    TAN_THREE_EIGHTHS_PI = 2.4142137,
    TWO_OVER_PI = std::f32::consts::FRAC_2_PI,
    QUARTER_PI = std::f32::consts::FRAC_PI_4,
    HALF_PI = std::f32::consts::FRAC_PI_2,
    HALF_PI_MIDDLE = -4.371139e-8,
    HALF_PI_LOW = -1.7151245e-15,
}
