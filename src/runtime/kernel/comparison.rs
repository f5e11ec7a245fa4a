//! Comparisons over strips: two strips of numbers to a strip of bytes 0 or 1.

use super::Form;
use super::binary::{Operands, ScalarScalar, ScalarVector, VectorScalar, VectorVector};
use super::levels::{PerLevel, Versions, for_each_level, per_level};
use super::unary::{CHUNK, load_tail, store_tail};
use crate::runtime::Element;

/// A comparison of two numbers. Implementations are `#[inline(always)]`.
pub trait Comparison {
    /// The comparison of doubles.
    fn f64(a: f64, b: f64) -> bool;
    /// The comparison of singles.
    fn f32(a: f32, b: f32) -> bool;
    /// The comparison of integers.
    fn i64(a: i64, b: i64) -> bool;
}

/// A strip function that compares.
pub type ComparisonStrip<A> = super::Strip2<u8, A>;

/// [`Comparison`] seen from one element type.
trait Compare<A> {
    fn compare(a: A, b: A) -> bool;
}

impl<O: Comparison> Compare<f64> for O {
    #[inline(always)]
    fn compare(a: f64, b: f64) -> bool {
        O::f64(a, b)
    }
}

impl<O: Comparison> Compare<f32> for O {
    #[inline(always)]
    fn compare(a: f32, b: f32) -> bool {
        O::f32(a, b)
    }
}

impl<O: Comparison> Compare<i64> for O {
    #[inline(always)]
    fn compare(a: i64, b: i64) -> bool {
        O::i64(a, b)
    }
}

/// # Safety
/// The rules of strip functions; `out` overlaps no operand.
#[inline(always)]
unsafe fn compare_strips<A: Copy, O: Compare<A>, S: Operands>(out: *mut u8, a: *const A, b: *const A, n: usize) {
    if n == 0 {
        return;
    }
    let full = n / CHUNK * CHUNK;
    let rest = n - full;
    // SAFETY: all indices are below `n`, or below `CHUNK` in the local buffers; `n` is not 0, so scalars can be read.
    unsafe {
        let (first_a, first_b) = (*a, *b);
        for i in 0..full {
            let left = if S::A_SCALAR { first_a } else { *a.add(i) };
            let right = if S::B_SCALAR { first_b } else { *b.add(i) };
            *out.add(i) = u8::from(O::compare(left, right));
        }
        if rest > 0 {
            let mut left = [first_a; CHUNK];
            let mut right = [first_b; CHUNK];
            let mut result = [0u8; CHUNK];
            if !S::A_SCALAR {
                load_tail(&mut left, a.add(full), rest);
            }
            if !S::B_SCALAR {
                load_tail(&mut right, b.add(full), rest);
            }
            for i in 0..CHUNK {
                result[i] = u8::from(O::compare(left[i], right[i]));
            }
            store_tail(out.add(full), &result, rest);
        }
    }
}

for_each_level! {
    fn strip_f64[O: Comparison, S: Operands](out: *mut u8, a: *const f64, b: *const f64, n: usize) {
        compare_strips::<f64, O, S>(out, a, b, n)
    }
    fn strip_f32[O: Comparison, S: Operands](out: *mut u8, a: *const f32, b: *const f32, n: usize) {
        compare_strips::<f32, O, S>(out, a, b, n)
    }
    fn strip_i64[O: Comparison, S: Operands](out: *mut u8, a: *const i64, b: *const i64, n: usize) {
        compare_strips::<i64, O, S>(out, a, b, n)
    }
}

/// All versions of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct ComparisonKernel {
    strip_f64: [PerLevel<ComparisonStrip<f64>>; 4],
    strip_f32: [PerLevel<ComparisonStrip<f32>>; 4],
    strip_i64: [PerLevel<ComparisonStrip<i64>>; 4],
    compare_f64: fn(f64, f64) -> bool,
    compare_f32: fn(f32, f32) -> bool,
    compare_i64: fn(i64, i64) -> bool,
}

macro_rules! all_forms {
    ($name:ident, $operation:ty) => {
        [
            per_level!($name::<$operation, VectorVector>),
            per_level!($name::<$operation, VectorScalar>),
            per_level!($name::<$operation, ScalarVector>),
            per_level!($name::<$operation, ScalarScalar>),
        ]
    };
}

impl ComparisonKernel {
    /// The kernel of a comparison.
    pub const fn of<O: Comparison>() -> Self {
        Self {
            strip_f64: all_forms!(strip_f64, O),
            strip_f32: all_forms!(strip_f32, O),
            strip_i64: all_forms!(strip_i64, O),
            compare_f64: O::f64,
            compare_f32: O::f32,
            compare_i64: O::i64,
        }
    }

    /// The strip functions of one form on doubles.
    pub const fn strip_f64(&self, form: Form) -> &PerLevel<ComparisonStrip<f64>> {
        &self.strip_f64[form as usize]
    }

    /// The strip functions of one form on singles.
    pub const fn strip_f32(&self, form: Form) -> &PerLevel<ComparisonStrip<f32>> {
        &self.strip_f32[form as usize]
    }

    /// The strip functions of one form on integers.
    pub const fn strip_i64(&self, form: Form) -> &PerLevel<ComparisonStrip<i64>> {
        &self.strip_i64[form as usize]
    }

    /// Every function of the kernel, with a name for it.
    pub fn all_versions(&self) -> impl Iterator<Item = (String, Versions)> {
        Form::ALL.into_iter().flat_map(|form| {
            let name = |element: &str| format!("strip_{element} {form:?}");
            [
                (name("f64"), self.strip_f64(form).addresses()),
                (name("f32"), self.strip_f32(form).addresses()),
                (name("i64"), self.strip_i64(form).addresses()),
            ]
        })
    }

    /// The address of the strip function, `extern "C" fn(out: *mut u8, a, b, n)`; `None` for truth values.
    pub fn address(&self, element: Element, form: Form) -> Option<usize> {
        match element {
            Element::F64 => Some(self.strip_f64(form).get() as usize),
            Element::F32 => Some(self.strip_f32(form).get() as usize),
            Element::I64 => Some(self.strip_i64(form).get() as usize),
            Element::Bool => None,
        }
    }

    /// The comparison of two doubles.
    pub fn apply_f64(&self, a: f64, b: f64) -> bool {
        (self.compare_f64)(a, b)
    }

    /// The comparison of two singles.
    pub fn apply_f32(&self, a: f32, b: f32) -> bool {
        (self.compare_f32)(a, b)
    }

    /// The comparison of two integers.
    pub fn apply_i64(&self, a: i64, b: i64) -> bool {
        (self.compare_i64)(a, b)
    }
}
