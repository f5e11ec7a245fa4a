//! The two real types, with the constants and polynomials that the elementary functions need in each.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// A real type. All methods are exactly rounded or exact, and free of branches.
pub(super) trait Real:
    Copy
    + PartialOrd
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
{
    const ZERO: Self;
    const HALF: Self;
    const ONE: Self;
    const TWO: Self;
    const INFINITY: Self;
    const NAN: Self;
    /// One and a half times the first number whose unit in the last place is 1: adding it rounds to an integer, which then
    /// stands in the low bits.
    const SHIFT: Self;
    /// The least normal number, a power of two that lifts subnormal numbers above it, and the exponent of that power.
    const MIN_NORMAL: Self;
    const LIFT: Self;
    const LIFT_EXPONENT: Self;
    /// Arguments of the exponential beyond which the result is 0 or infinite.
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
    const LOG2_E: Self;
    const LOG2_E_LOW: Self;
    const LN_2: Self;
    const LN_2_LOW: Self;
    const LOG10_E: Self;
    const LOG10_E_LOW: Self;
    const LOG10_2: Self;
    const LOG10_2_LOW: Self;
    const TWO_OVER_PI: Self;
    const HALF_PI: Self;
    const HALF_PI_MIDDLE: Self;
    const HALF_PI_LOW: Self;

    fn fma(self, factor: Self, addend: Self) -> Self;
    fn magnitude(self) -> Self;
    fn with_sign(self, sign: Self) -> Self;
    /// `2^n`, where `shifted` is `n + SHIFT` and `2^n` is normal.
    fn power_of_two(shifted: Self) -> Self;
    /// Whether the bit of this weight (a power of two) is set in the integer `n`, where `shifted` is `n + SHIFT`.
    fn has_bit(shifted: Self, weight: u8) -> bool;
    /// `e` and `m` with `x = 2^e * m` and `m` between the square roots of 1/2 and 2, for a positive normal `x`.
    fn split(self) -> (Self, Self);
    /// `(exp(r) - 1 - r) / r^2` for `r` within half of log 2.
    fn exp_tail(r: Self) -> Self;
    /// `(2 atanh(s) / s - 2) / s^2`, where `z = s^2` and `s` is below `(sqrt(2) - 1) / (sqrt(2) + 1)`.
    fn log_series(z: Self) -> Self;
    /// `(sin(x) - x) / x^3`, where `z = x^2` and `x` is within a quarter of pi.
    fn sin_tail(z: Self) -> Self;
    /// `(cos(x) - 1 + x^2 / 2) / x^4`, where `z = x^2` and `x` is within a quarter of pi.
    fn cos_tail(z: Self) -> Self;
}

/// A polynomial by Horner's rule, the highest coefficient first.
macro_rules! polynomial {
    ($x:expr, $highest:expr $(, $coefficient:expr)*) => {{
        let sum = $highest;
        $(let sum = sum.mul_add($x, $coefficient);)*
        sum
    }};
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const HALF: Self = 0.5;
    const ONE: Self = 1.0;
    const TWO: Self = 2.0;
    const INFINITY: Self = Self::INFINITY;
    const NAN: Self = Self::NAN;
    const MIN_NORMAL: Self = Self::MIN_POSITIVE;
    const SHIFT: Self = 6755399441055744.0;
    const LIFT: Self = 18014398509481984.0;
    const LIFT_EXPONENT: Self = 54.0;
    const EXP_LOW: Self = -746.0;
    const EXP_HIGH: Self = 710.0;
    const EXP2_LOW: Self = -1076.0;
    const EXP2_HIGH: Self = 1024.0;
    const EXPM1_LOW: Self = -38.0;
    const TANH_HIGH: Self = 20.0;
    const TINY: Self = 2.7e-17;
    const SMALL: Self = 1.0e-9;
    const LOG2_E: Self = std::f64::consts::LOG2_E;
    const LOG2_E_LOW: Self = 2.0355273740931033e-17;
    const LN_2: Self = std::f64::consts::LN_2;
    const LN_2_LOW: Self = 2.3190468138462996e-17;
    const LOG10_E: Self = std::f64::consts::LOG10_E;
    const LOG10_E_LOW: Self = 1.098319650216765e-17;
    const LOG10_2: Self = std::f64::consts::LOG10_2;
    const LOG10_2_LOW: Self = -2.8037281277851704e-18;
    const TWO_OVER_PI: Self = std::f64::consts::FRAC_2_PI;
    const HALF_PI: Self = std::f64::consts::FRAC_PI_2;
    const HALF_PI_MIDDLE: Self = 6.123233995736766e-17;
    const HALF_PI_LOW: Self = -1.4973849048591698e-33;

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
    fn power_of_two(shifted: Self) -> Self {
        Self::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
    }

    #[inline(always)]
    fn has_bit(shifted: Self, weight: u8) -> bool {
        shifted.to_bits() & u64::from(weight) != 0
    }

    #[inline(always)]
    fn split(self) -> (Self, Self) {
        // The exponent is biased so that it stays positive and can be read as the low bits of a float: not all
        // processors convert vectors of integers.
        const ROOT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
        const BIAS: u64 = 1024;
        let exponent = (self.to_bits().wrapping_sub(ROOT_HALF).wrapping_add(BIAS << 52)) >> 52;
        let fraction = Self::from_bits(self.to_bits().wrapping_sub(exponent.wrapping_sub(BIAS) << 52));
        let integer =
            Self::from_bits(4_503_599_627_370_496_f64.to_bits() | exponent) - (4_503_599_627_370_496.0 + 1024.0);
        (integer, fraction)
    }

    #[inline(always)]
    fn exp_tail(r: Self) -> Self {
        polynomial!(
            r,
            2.0914680780540263e-09_f64,
            2.5105208339987698e-08,
            2.7557273657975953e-07,
            2.7557255421023506e-06,
            2.4801587325536023e-05,
            0.00019841269874804214,
            0.0013888888888883752,
            0.00833333333332614,
            0.04166666666666667,
            0.1666666666666667,
            0.5
        )
    }

    #[inline(always)]
    fn log_series(z: Self) -> Self {
        polynomial!(
            z,
            0.14616585424888623_f64,
            0.15331710618210773,
            0.18182889455674947,
            0.22222211130259878,
            0.2857142862600327,
            0.39999999999899444,
            0.666666666666667
        )
    }

    #[inline(always)]
    fn sin_tail(z: Self) -> Self {
        polynomial!(
            z,
            1.5918115263265974e-10_f64,
            -2.505113165023518e-08,
            2.7557316101617874e-06,
            -0.00019841269836756774,
            0.008333333333330948,
            -0.16666666666666666
        )
    }

    #[inline(always)]
    fn cos_tail(z: Self) -> Self {
        polynomial!(
            z,
            -1.1382623647474604e-11_f64,
            2.087614614655861e-09,
            -2.7557317271145144e-07,
            2.480158729876456e-05,
            -0.0013888888888887398,
            0.041666666666666664
        )
    }
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const HALF: Self = 0.5;
    const ONE: Self = 1.0;
    const TWO: Self = 2.0;
    const INFINITY: Self = Self::INFINITY;
    const NAN: Self = Self::NAN;
    const MIN_NORMAL: Self = Self::MIN_POSITIVE;
    const SHIFT: Self = 12582912.0;
    const LIFT: Self = 33554432.0;
    const LIFT_EXPONENT: Self = 25.0;
    const EXP_LOW: Self = -105.0;
    const EXP_HIGH: Self = 89.0;
    const EXP2_LOW: Self = -151.0;
    const EXP2_HIGH: Self = 128.0;
    const EXPM1_LOW: Self = -18.0;
    const TANH_HIGH: Self = 10.0;
    const TINY: Self = 1.4e-8;
    const SMALL: Self = 5.0e-5;
    const LOG2_E: Self = std::f32::consts::LOG2_E;
    const LOG2_E_LOW: Self = 1.925963e-8;
    const LN_2: Self = std::f32::consts::LN_2;
    const LN_2_LOW: Self = -1.9046542e-9;
    const LOG10_E: Self = std::f32::consts::LOG10_E;
    const LOG10_E_LOW: Self = -1.010305e-8;
    const LOG10_2: Self = std::f32::consts::LOG10_2;
    const LOG10_2_LOW: Self = -1.4320989e-8;
    const TWO_OVER_PI: Self = std::f32::consts::FRAC_2_PI;
    const HALF_PI: Self = std::f32::consts::FRAC_PI_2;
    const HALF_PI_MIDDLE: Self = -4.371139e-8;
    const HALF_PI_LOW: Self = -1.7151245e-15;

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
    fn power_of_two(shifted: Self) -> Self {
        Self::from_bits(shifted.to_bits().wrapping_add(127) << 23)
    }

    #[inline(always)]
    fn has_bit(shifted: Self, weight: u8) -> bool {
        shifted.to_bits() & u32::from(weight) != 0
    }

    #[inline(always)]
    fn split(self) -> (Self, Self) {
        // The exponent is biased so that it stays positive and can be read as the low bits of a float: not all
        // processors convert vectors of integers.
        const ROOT_HALF: u32 = 0x3f35_04f3;
        const BIAS: u32 = 128;
        let exponent = (self.to_bits().wrapping_sub(ROOT_HALF).wrapping_add(BIAS << 23)) >> 23;
        let fraction = Self::from_bits(self.to_bits().wrapping_sub(exponent.wrapping_sub(BIAS) << 23));
        let integer = Self::from_bits(8_388_608_f32.to_bits() | exponent) - (8_388_608.0 + 128.0);
        (integer, fraction)
    }

    #[inline(always)]
    fn exp_tail(r: Self) -> Self {
        polynomial!(r, 0.00019890982_f32, 0.0013933643, 0.0083333105, 0.041666467, 0.16666667, 0.5)
    }

    #[inline(always)]
    fn log_series(z: Self) -> Self {
        polynomial!(z, 0.23330583_f32, 0.28550816, 0.40000123, 0.6666667)
    }

    #[inline(always)]
    fn sin_tail(z: Self) -> Self {
        polynomial!(z, 2.7249896e-06_f32, -0.00019840087, 0.008333332, -0.16666667)
    }

    #[inline(always)]
    fn cos_tail(z: Self) -> Self {
        polynomial!(z, -2.7300933e-07_f32, 2.48006e-05, -0.0013888888, 0.041666668)
    }
}
