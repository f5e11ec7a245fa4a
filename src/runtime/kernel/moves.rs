//! Strips that choose, combine bits, convert, fill and copy.

use super::Form;
use super::binary::{Operands, ScalarScalar, ScalarVector, VectorScalar, VectorVector, Zip};
use super::levels::{PerLevel, Strip1, Strip2, for_each_level, per_level};
use crate::runtime::Element;

/// `out[i] = condition[i] != 0 ? a[i] : b[i]`.
pub type SelectStrip = unsafe extern "C" fn(out: *mut u8, condition: *const u8, a: *const u8, b: *const u8, n: usize);

/// # Safety
/// The rules of strip functions; the pointers are to elements of type `T`.
#[inline(always)]
unsafe fn select_strip<T: Copy, S: Operands>(out: *mut u8, condition: *const u8, a: *const u8, b: *const u8, n: usize) {
    if n == 0 {
        return;
    }
    let (out, a, b) = (out.cast::<T>(), a.cast::<T>(), b.cast::<T>());
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
                    *out.add(i) = if *condition.add(i) != 0 { left } else { right };
                }
            };
        }
        match (same_a, same_b) {
            (false, false) => run!(a, b),
            (true, false) => run!(out, b),
            (false, true) => run!(a, out),
            (true, true) => {}
        }
    }
}

/// A way to combine two truth values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Logic {
    /// Both.
    And,
    /// At least one.
    Or,
    /// Exactly one.
    Xor,
}

struct And;
struct Or;
struct Xor;

impl Zip<u8, u8> for And {
    #[inline(always)]
    fn zip(a: u8, b: u8) -> u8 {
        a & b
    }
}

impl Zip<u8, u8> for Or {
    #[inline(always)]
    fn zip(a: u8, b: u8) -> u8 {
        a | b
    }
}

impl Zip<u8, u8> for Xor {
    #[inline(always)]
    fn zip(a: u8, b: u8) -> u8 {
        a ^ b
    }
}

/// # Safety
/// The rules of strip functions.
#[inline(always)]
unsafe fn logic_strip<O: Zip<u8, u8>, S: Operands>(out: *mut u8, a: *const u8, b: *const u8, n: usize) {
    // SAFETY: promised by the caller.
    unsafe { super::binary::zip_strips::<u8, O, S>(out, a, b, n) };
}

/// # Safety
/// The rules of strip functions.
#[inline(always)]
unsafe fn not_strip(out: *mut u8, a: *const u8, n: usize) {
    // SAFETY: the indices are below `n`.
    unsafe {
        if std::ptr::eq(out, a) {
            for i in 0..n {
                *out.add(i) ^= 1;
            }
        } else {
            for i in 0..n {
                *out.add(i) = *a.add(i) ^ 1;
            }
        }
    }
}

/// The conversion of one element. Real numbers go to integers by truncation towards zero, saturating, NaN to 0; numbers go
/// to truth values by comparison with 0.
trait Convert<T>: Copy {
    fn convert(self) -> T;
}

macro_rules! converts {
    ($($from:ty => $to:ty: $x:ident => $result:expr;)*) => {
        $(impl Convert<$to> for $from {
            #[inline(always)]
            fn convert(self) -> $to {
                let $x = self;
                $result
            }
        })*
    };
}

converts! {
    f32 => f64: x => f64::from(x);
    f32 => i64: x => x as i64;
    f32 => u8: x => u8::from(x != 0.0);
    f64 => f32: x => x as f32;
    f64 => i64: x => x as i64;
    f64 => u8: x => u8::from(x != 0.0);
    i64 => f32: x => x as f32;
    i64 => f64: x => x as f64;
    i64 => u8: x => u8::from(x != 0);
    u8 => f32: x => f32::from(x);
    u8 => f64: x => f64::from(x);
    u8 => i64: x => i64::from(x);
}

/// # Safety
/// The rules of strip functions; the pointers are to elements of types `T` and `A`.
#[inline(always)]
unsafe fn convert_strip<A: Convert<T>, T>(out: *mut u8, a: *const u8, n: usize) {
    let (out, a) = (out.cast::<T>(), a.cast::<A>());
    for i in 0..n {
        // SAFETY: the index is below `n`.
        unsafe { *out.add(i) = (*a.add(i)).convert() };
    }
}

/// # Safety
/// The rules of strip functions; the pointers are to elements of type `T`.
#[inline(always)]
unsafe fn fill_strip<T: Copy>(out: *mut u8, value: *const u8, n: usize) {
    if n == 0 {
        return;
    }
    // SAFETY: `out` is valid for `n` elements, `value` for one.
    unsafe {
        let value = *value.cast::<T>();
        for i in 0..n {
            *out.cast::<T>().add(i) = value;
        }
    }
}

/// # Safety
/// The rules of strip functions; the pointers are to elements of type `T`.
#[inline(always)]
unsafe fn copy_strip<T: Copy>(out: *mut u8, a: *const u8, n: usize) {
    // SAFETY: both are valid for `n` elements; they may be equal.
    unsafe { std::ptr::copy(a.cast::<T>(), out.cast::<T>(), n) };
}

for_each_level! {
    fn select_at[T: Copy, S: Operands](
        out: *mut u8, condition: *const u8, a: *const u8, b: *const u8, n: usize
    ) { select_strip::<T, S>(out, condition, a, b, n) }
    fn logic_at[O: Zip<u8, u8>, S: Operands](out: *mut u8, a: *const u8, b: *const u8, n: usize) {
        logic_strip::<O, S>(out, a, b, n)
    }
    fn not_at[](out: *mut u8, a: *const u8, n: usize) { not_strip(out, a, n) }
    fn convert_at[A: Convert<T>, T](out: *mut u8, a: *const u8, n: usize) { convert_strip::<A, T>(out, a, n) }
    fn fill_at[T: Copy](out: *mut u8, value: *const u8, n: usize) { fill_strip::<T>(out, value, n) }
    fn copy_at[T: Copy](out: *mut u8, a: *const u8, n: usize) { copy_strip::<T>(out, a, n) }
}

macro_rules! by_form {
    ($form:expr, $name:ident::<$type:ty>) => {
        match $form {
            Form::VectorVector => per_level!($name::<$type, VectorVector>),
            Form::VectorScalar => per_level!($name::<$type, VectorScalar>),
            Form::ScalarVector => per_level!($name::<$type, ScalarVector>),
            Form::ScalarScalar => per_level!($name::<$type, ScalarScalar>),
        }
    };
}

/// Choice between two operands: `out[i] = condition[i] ? a[i] : b[i]`, where `form` tells which of `a` and `b` is scalar.
/// The pointers are to elements of the given type.
pub fn select(element: Element, form: Form) -> PerLevel<SelectStrip> {
    match element.bytes() {
        1 => by_form!(form, select_at::<u8>),
        4 => by_form!(form, select_at::<u32>),
        _ => by_form!(form, select_at::<u64>),
    }
}

/// A combination of two strips of truth values.
pub fn logic(logic: Logic, form: Form) -> PerLevel<Strip2<u8, u8>> {
    match logic {
        Logic::And => by_form!(form, logic_at::<And>),
        Logic::Or => by_form!(form, logic_at::<Or>),
        Logic::Xor => by_form!(form, logic_at::<Xor>),
    }
}

/// The negation of a strip of truth values.
pub fn logic_not() -> PerLevel<Strip1<u8, u8>> {
    per_level!(not_at)
}

/// Conversion from one element type to another: truncation towards zero, saturating, NaN to 0, from real numbers to
/// integers; comparison with 0 to truth values; rounding to nearest otherwise. In place only where the sizes are equal.
pub fn convert(from: Element, to: Element) -> PerLevel<Strip1<u8, u8>> {
    use Element::{Bool, F32, F64, I64};
    match (from, to) {
        (F32, F64) => per_level!(convert_at::<f32, f64>),
        (F32, I64) => per_level!(convert_at::<f32, i64>),
        (F32, Bool) => per_level!(convert_at::<f32, u8>),
        (F64, F32) => per_level!(convert_at::<f64, f32>),
        (F64, I64) => per_level!(convert_at::<f64, i64>),
        (F64, Bool) => per_level!(convert_at::<f64, u8>),
        (I64, F32) => per_level!(convert_at::<i64, f32>),
        (I64, F64) => per_level!(convert_at::<i64, f64>),
        (I64, Bool) => per_level!(convert_at::<i64, u8>),
        (Bool, F32) => per_level!(convert_at::<u8, f32>),
        (Bool, F64) => per_level!(convert_at::<u8, f64>),
        (Bool, I64) => per_level!(convert_at::<u8, i64>),
        (F32, F32) | (F64, F64) | (I64, I64) | (Bool, Bool) => copy(from),
    }
}

/// `out[i] = *value`.
pub fn fill(element: Element) -> PerLevel<Strip1<u8, u8>> {
    match element.bytes() {
        1 => per_level!(fill_at::<u8>),
        4 => per_level!(fill_at::<u32>),
        _ => per_level!(fill_at::<u64>),
    }
}

/// `out[i] = a[i]`.
pub fn copy(element: Element) -> PerLevel<Strip1<u8, u8>> {
    match element.bytes() {
        1 => per_level!(copy_at::<u8>),
        4 => per_level!(copy_at::<u32>),
        _ => per_level!(copy_at::<u64>),
    }
}
