//! Checked integer arithmetic over strips. A strip function returns what went wrong as a set of bits; the elements it
//! went wrong for hold the wrapped result, or 0 after a division by zero.

use super::Form;
use super::binary::{Operands, ScalarScalar, ScalarVector, VectorScalar, VectorVector};
use super::levels::{PerLevel, for_each_level, per_level};

/// A result did not fit into 64 bits.
pub const OVERFLOW: u64 = 1;
/// A divisor was 0.
pub const ZERO_DIVISION: u64 = 2;

/// `out[i] = f(a[i], b[i])`; returns a set of [`OVERFLOW`] and [`ZERO_DIVISION`].
pub type IntegerBinaryStrip = unsafe extern "C" fn(out: *mut i64, a: *const i64, b: *const i64, n: usize) -> u64;

/// `out[i] = f(a[i])`; returns a set of [`OVERFLOW`] and [`ZERO_DIVISION`].
pub type IntegerUnaryStrip = unsafe extern "C" fn(out: *mut i64, a: *const i64, n: usize) -> u64;

trait IntegerBinary {
    /// The result and the mark of what went wrong.
    fn apply(a: i64, b: i64) -> (i64, u64);
}

struct Add;
struct Subtract;
struct Multiply;
struct DivideFloor;
struct RemainderFloor;
struct Minimum;
struct Maximum;

impl IntegerBinary for Add {
    #[inline(always)]
    fn apply(a: i64, b: i64) -> (i64, u64) {
        let sum = a.wrapping_add(b);
        (sum, sign_bit((a ^ sum) & (b ^ sum)) * OVERFLOW)
    }
}

impl IntegerBinary for Subtract {
    #[inline(always)]
    fn apply(a: i64, b: i64) -> (i64, u64) {
        let difference = a.wrapping_sub(b);
        (difference, sign_bit((a ^ b) & (a ^ difference)) * OVERFLOW)
    }
}

impl IntegerBinary for Multiply {
    #[inline(always)]
    fn apply(a: i64, b: i64) -> (i64, u64) {
        let (product, overflow) = a.overflowing_mul(b);
        (product, u64::from(overflow) * OVERFLOW)
    }
}

impl IntegerBinary for DivideFloor {
    #[inline(always)]
    fn apply(a: i64, b: i64) -> (i64, u64) {
        if b == 0 {
            return (0, ZERO_DIVISION);
        }
        let (quotient, overflow) = a.overflowing_div(b);
        let remainder = a.wrapping_rem(b);
        let below = remainder != 0 && (remainder < 0) != (b < 0);
        (quotient - i64::from(below), u64::from(overflow) * OVERFLOW)
    }
}

impl IntegerBinary for RemainderFloor {
    #[inline(always)]
    fn apply(a: i64, b: i64) -> (i64, u64) {
        if b == 0 {
            return (0, ZERO_DIVISION);
        }
        let remainder = a.wrapping_rem(b);
        let below = remainder != 0 && (remainder < 0) != (b < 0);
        (if below { remainder + b } else { remainder }, 0)
    }
}

impl IntegerBinary for Minimum {
    #[inline(always)]
    fn apply(a: i64, b: i64) -> (i64, u64) {
        (a.min(b), 0)
    }
}

impl IntegerBinary for Maximum {
    #[inline(always)]
    fn apply(a: i64, b: i64) -> (i64, u64) {
        (a.max(b), 0)
    }
}

#[inline(always)]
fn sign_bit(x: i64) -> u64 {
    x.cast_unsigned() >> 63
}

/// # Safety
/// The rules of strip functions.
#[inline(always)]
unsafe fn zip_integers<O: IntegerBinary, S: Operands>(out: *mut i64, a: *const i64, b: *const i64, n: usize) -> u64 {
    let mut marks = 0;
    if n == 0 {
        return marks;
    }
    // SAFETY: all indices are below `n`; `n` is not 0, so scalars can be read.
    unsafe {
        let (first_a, first_b) = (*a, *b);
        let same_a = !S::A_SCALAR && std::ptr::eq(out, a);
        let same_b = !S::B_SCALAR && std::ptr::eq(out, b);
        macro_rules! run {
            ($a:expr, $b:expr) => {
                for i in 0..n {
                    let left = if S::A_SCALAR { first_a } else { *$a.add(i) };
                    let right = if S::B_SCALAR { first_b } else { *$b.add(i) };
                    let (result, mark) = O::apply(left, right);
                    *out.add(i) = result;
                    marks |= mark;
                }
            };
        }
        match (same_a, same_b) {
            (false, false) => run!(a, b),
            (true, false) => run!(out, b),
            (false, true) => run!(a, out),
            (true, true) => run!(out, out),
        }
    }
    marks
}

/// # Safety
/// The rules of strip functions.
#[inline(always)]
unsafe fn negate_strip(out: *mut i64, a: *const i64, n: usize) -> u64 {
    let mut marks = 0;
    for i in 0..n {
        // SAFETY: `i` is below `n`.
        unsafe {
            let x = *a.add(i);
            *out.add(i) = x.wrapping_neg();
            marks |= u64::from(x == i64::MIN) * OVERFLOW;
        }
    }
    marks
}

for_each_level! {
    fn zip[O: IntegerBinary, S: Operands](out: *mut i64, a: *const i64, b: *const i64, n: usize) -> u64 {
        zip_integers::<O, S>(out, a, b, n)
    }
    fn negate[](out: *mut i64, a: *const i64, n: usize) -> u64 { negate_strip(out, a, n) }
}

/// All versions of a checked integer function of two arguments.
#[derive(Debug, Clone, Copy)]
pub struct IntegerBinaryKernel {
    strips: [PerLevel<IntegerBinaryStrip>; 4],
    scalar: fn(i64, i64) -> (i64, u64),
}

impl IntegerBinaryKernel {
    const fn of<O: IntegerBinary>() -> Self {
        Self {
            strips: [
                per_level!(zip::<O, VectorVector>),
                per_level!(zip::<O, VectorScalar>),
                per_level!(zip::<O, ScalarVector>),
                per_level!(zip::<O, ScalarScalar>),
            ],
            scalar: O::apply,
        }
    }

    /// The strip functions of one form.
    pub const fn strip(&self, form: Form) -> &PerLevel<IntegerBinaryStrip> {
        &self.strips[form as usize]
    }

    /// The address of the strip function, `extern "C" fn(out, a, b, n) -> u64`.
    pub fn address(&self, form: Form) -> usize {
        self.strip(form).get() as usize
    }

    /// The function of two integers: the result, and a set of [`OVERFLOW`] and [`ZERO_DIVISION`].
    pub fn apply(&self, a: i64, b: i64) -> (i64, u64) {
        (self.scalar)(a, b)
    }
}

/// Addition.
pub static ADD: IntegerBinaryKernel = IntegerBinaryKernel::of::<Add>();
/// Subtraction.
pub static SUB: IntegerBinaryKernel = IntegerBinaryKernel::of::<Subtract>();
/// Multiplication.
pub static MUL: IntegerBinaryKernel = IntegerBinaryKernel::of::<Multiply>();
/// Division rounded towards negative infinity.
pub static DIV_FLOOR: IntegerBinaryKernel = IntegerBinaryKernel::of::<DivideFloor>();
/// The remainder of [`DIV_FLOOR`]; it has the divisor's sign.
pub static REM_FLOOR: IntegerBinaryKernel = IntegerBinaryKernel::of::<RemainderFloor>();
/// The smaller of two.
pub static MIN: IntegerBinaryKernel = IntegerBinaryKernel::of::<Minimum>();
/// The larger of two.
pub static MAX: IntegerBinaryKernel = IntegerBinaryKernel::of::<Maximum>();

/// Negation: the address of its strip function, `extern "C" fn(out, a, n) -> u64`, is that of this pointer.
pub fn integer_negate() -> IntegerUnaryStrip {
    per_level!(negate).get()
}
