//! Functions of one argument over strips.

use super::levels::{PerLevel, Strip1, for_each_level, per_level};
use crate::runtime::Element;

/// A function of one real argument. Implementations are `#[inline(always)]` and free of branches where speed matters.
pub trait Unary {
    /// The function in double precision.
    fn f64(x: f64) -> f64;
    /// The function in single precision.
    fn f32(x: f32) -> f32;
}

/// A strip function of one operand.
pub type UnaryStrip<T> = Strip1<T, T>;

/// [`Unary`] seen from one element type, so that loops are written once.
pub(super) trait Map<A, T> {
    fn map(x: A) -> T;
}

impl<O: Unary> Map<f64, f64> for O {
    #[inline(always)]
    fn map(x: f64) -> f64 {
        O::f64(x)
    }
}

impl<O: Unary> Map<f32, f32> for O {
    #[inline(always)]
    fn map(x: f32) -> f32 {
        O::f32(x)
    }
}

/// The length that full loops are a multiple of, and the length of the padded tail.
pub(super) const CHUNK: usize = 32;

/// Applies an operation along a strip.
///
/// The in-place loop is separate: with two pointers the compiler guards its vector loop by an overlap check, which an
/// exact overlap fails.
///
/// # Safety
/// The rules of strip functions.
#[inline(always)]
unsafe fn map_strip<T: Copy + Default, O: Map<T, T>>(out: *mut T, a: *const T, n: usize) {
    let full = n / CHUNK * CHUNK;
    // SAFETY: all indices are below `n`, or below `CHUNK` in the local buffer.
    unsafe {
        if std::ptr::eq(out, a) {
            in_place::<T, O>(out, full);
        } else {
            for i in 0..full {
                *out.add(i) = O::map(*a.add(i));
            }
        }
        let rest = n - full;
        if rest > 0 {
            let mut tail = [*a.add(full); CHUNK];
            load_tail(&mut tail, a.add(full), rest);
            in_place::<T, O>(tail.as_mut_ptr(), CHUNK);
            store_tail(out.add(full), &tail, rest);
        }
    }
}

/// # Safety
/// `out` is valid for `n` elements.
#[inline(always)]
unsafe fn in_place<T: Copy, O: Map<T, T>>(out: *mut T, n: usize) {
    for i in 0..n {
        // SAFETY: `i` is below `n`.
        unsafe { *out.add(i) = O::map(*out.add(i)) };
    }
}

/// # Safety
/// `a` is valid for `rest` elements, and `rest` is at most [`CHUNK`].
#[inline(always)]
pub(super) unsafe fn load_tail<T: Copy>(tail: &mut [T; CHUNK], a: *const T, rest: usize) {
    // SAFETY: promised by the caller.
    unsafe { std::ptr::copy_nonoverlapping(a, tail.as_mut_ptr(), rest) };
}

/// # Safety
/// `out` is valid for `rest` elements, and `rest` is at most [`CHUNK`].
#[inline(always)]
pub(super) unsafe fn store_tail<T: Copy>(out: *mut T, tail: &[T; CHUNK], rest: usize) {
    // SAFETY: promised by the caller.
    unsafe { std::ptr::copy_nonoverlapping(tail.as_ptr(), out, rest) };
}

for_each_level! {
    fn strip_f64[O: Unary](out: *mut f64, a: *const f64, n: usize) { map_strip::<f64, O>(out, a, n) }
    fn strip_f32[O: Unary](out: *mut f32, a: *const f32, n: usize) { map_strip::<f32, O>(out, a, n) }
    fn scalar_f64[O: Unary](x: f64) -> f64 { O::f64(x) }
    fn scalar_f32[O: Unary](x: f32) -> f32 { O::f32(x) }
}

/// All versions of a function of one argument.
#[derive(Debug, Clone, Copy)]
pub struct UnaryKernel {
    strip_f64: PerLevel<UnaryStrip<f64>>,
    strip_f32: PerLevel<UnaryStrip<f32>>,
    scalar_f64: PerLevel<unsafe extern "C" fn(f64) -> f64>,
    scalar_f32: PerLevel<unsafe extern "C" fn(f32) -> f32>,
}

impl UnaryKernel {
    /// The kernel of an operation.
    pub const fn of<O: Unary>() -> Self {
        Self {
            strip_f64: per_level!(strip_f64::<O>),
            strip_f32: per_level!(strip_f32::<O>),
            scalar_f64: per_level!(scalar_f64::<O>),
            scalar_f32: per_level!(scalar_f32::<O>),
        }
    }

    /// The strip functions in double precision.
    pub const fn strip_f64(&self) -> &PerLevel<UnaryStrip<f64>> {
        &self.strip_f64
    }

    /// The strip functions in single precision.
    pub const fn strip_f32(&self) -> &PerLevel<UnaryStrip<f32>> {
        &self.strip_f32
    }

    /// The address of the strip function, `extern "C" fn(out, a, n)`; `None` for elements that are not real numbers.
    pub fn address(&self, element: Element) -> Option<usize> {
        match element {
            Element::F64 => Some(self.strip_f64.get() as usize),
            Element::F32 => Some(self.strip_f32.get() as usize),
            Element::I64 | Element::Bool => None,
        }
    }

    /// The address of the scalar function, `extern "C" fn(T) -> T`; `None` for elements that are not real numbers.
    pub fn scalar_address(&self, element: Element) -> Option<usize> {
        match element {
            Element::F64 => Some(self.scalar_f64.get() as usize),
            Element::F32 => Some(self.scalar_f32.get() as usize),
            Element::I64 | Element::Bool => None,
        }
    }

    /// The function of one double.
    #[inline]
    pub fn apply_f64(&self, x: f64) -> f64 {
        // SAFETY: `get` returns a version this processor can run.
        unsafe { (self.scalar_f64.get())(x) }
    }

    /// The function of one single.
    #[inline]
    pub fn apply_f32(&self, x: f32) -> f32 {
        // SAFETY: `get` returns a version this processor can run.
        unsafe { (self.scalar_f32.get())(x) }
    }
}
