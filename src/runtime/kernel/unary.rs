//! Functions of one argument over strips.

use super::lanes::LanesKernel;
use super::levels::{PerLevel, Strip1, Versions, for_each_level, per_level};
use crate::runtime::Element;

/// A function of one real argument. Implementations are `#[inline(always)]` and free of branches where speed matters.
pub trait Unary {
    /// The function in double precision.
    fn f64(x: f64) -> f64;
    /// The function in single precision.
    fn f32(x: f32) -> f32;

    /// Whether it is an instruction or two, for which a chunk's way through registers would cost more than the function.
    const LIGHT: bool = false;

    /// Whether a few numbers at once cost hardly more than one: it has no branches, and is more than an instruction or two.
    const ABREAST: bool = false;

    /// The greatest magnitude for which [`Unary::within_f64`] may stand in. Strips whose elements are all within it take
    /// that function, which should be free of branches; it must give the same bits as [`Unary::f64`].
    const LIMIT_F64: f64 = f64::INFINITY;
    /// The same for singles.
    const LIMIT_F32: f32 = f32::INFINITY;

    /// [`Unary::f64`] for magnitudes up to [`Unary::LIMIT_F64`].
    #[inline(always)]
    fn within_f64(x: f64) -> f64 {
        Self::f64(x)
    }

    /// [`Unary::f32`] for magnitudes up to [`Unary::LIMIT_F32`].
    #[inline(always)]
    fn within_f32(x: f32) -> f32 {
        Self::f32(x)
    }
}

/// A strip function of one operand.
pub type UnaryStrip<T> = Strip1<T, T>;

/// [`Unary`] seen from one element type, so that loops are written once.
pub(super) trait Map<T>: Unary {
    /// Whether magnitudes are limited for `within`.
    const LIMITED: bool;
    fn map(x: T) -> T;
    fn within(x: T) -> T;
    fn beyond_limit(x: T) -> bool;
}

macro_rules! maps {
    ($($type:ident $within:ident $limit:ident;)*) => {
        $(impl<O: Unary> Map<$type> for O {
            const LIMITED: bool = O::$limit < $type::INFINITY;
            #[inline(always)]
            fn map(x: $type) -> $type {
                O::$type(x)
            }
            #[inline(always)]
            fn within(x: $type) -> $type {
                O::$within(x)
            }
            #[inline(always)]
            fn beyond_limit(x: $type) -> bool {
                x.abs() > O::$limit
            }
        })*
    };
}

maps! {
    f64 within_f64 LIMIT_F64;
    f32 within_f32 LIMIT_F32;
}

/// The length that loops over two operands are a multiple of, and the length of the padded tail.
pub(super) const CHUNK: usize = 32;

/// Applies an operation along a strip, a chunk of `COUNT` elements in registers at a time. The rest of a strip takes its
/// turn as a padded chunk in the same loop, so that the operation is compiled once for separate, equal and padded operands
/// alike. Without vectors the loop is plain.
///
/// # Safety
/// The rules of strip functions.
#[inline(always)]
unsafe fn map_strip<T: Copy, O: Map<T>, const COUNT: usize>(out: *mut T, a: *const T, n: usize, vectors: bool) {
    // SAFETY: all indices are below `n`, or below `COUNT` in the local buffer.
    unsafe {
        if O::LIGHT {
            return map_light::<T, O>(out, a, n);
        }
        if n == 0 {
            return;
        }
        if !vectors || (O::LIMITED && any_beyond_limit::<T, O>(a, n)) {
            for i in 0..n {
                *out.add(i) = O::map(*a.add(i));
            }
            return;
        }
        let full = n / COUNT * COUNT;
        let mut padded = [*a; COUNT];
        if full < n {
            load_tail(&mut padded, a.add(full), n - full);
        }
        let last = padded.as_mut_ptr();
        for start in (0..n).step_by(COUNT) {
            let whole = start < full;
            let from = if whole { a.add(start) } else { last };
            let to = if whole { out.add(start) } else { last };
            let mut chunk = from.cast::<[T; COUNT]>().read_unaligned();
            for x in &mut chunk {
                *x = O::within(*x);
            }
            to.cast::<[T; COUNT]>().write_unaligned(chunk);
        }
        if full < n {
            store_tail(out.add(full), &padded, n - full);
        }
    }
}

/// Applies an operation of an instruction or two; a loop for each way in which the operands may be equal, so that both are
/// vectorised.
///
/// # Safety
/// The rules of strip functions.
#[inline(always)]
unsafe fn map_light<T: Copy, O: Map<T>>(out: *mut T, a: *const T, n: usize) {
    // SAFETY: all indices are below `n`.
    unsafe {
        if std::ptr::eq(out, a) {
            for i in 0..n {
                *out.add(i) = O::map(*out.add(i));
            }
        } else {
            for i in 0..n {
                *out.add(i) = O::map(*a.add(i));
            }
        }
    }
}

/// # Safety
/// `a` is valid for `n` elements.
#[inline(always)]
unsafe fn any_beyond_limit<T: Copy, O: Map<T>>(a: *const T, n: usize) -> bool {
    let mut any = false;
    for i in 0..n {
        // SAFETY: `i` is below `n`.
        any |= O::beyond_limit(unsafe { *a.add(i) });
    }
    any
}

/// # Safety
/// `a` is valid for `rest` elements, and the tail has not fewer.
#[inline(always)]
pub(super) unsafe fn load_tail<T: Copy>(tail: &mut [T], a: *const T, rest: usize) {
    // SAFETY: promised by the caller.
    unsafe { std::ptr::copy_nonoverlapping(a, tail.as_mut_ptr(), rest) };
}

/// # Safety
/// `out` is valid for `rest` elements, and the tail has not fewer.
#[inline(always)]
pub(super) unsafe fn store_tail<T: Copy>(out: *mut T, tail: &[T], rest: usize) {
    // SAFETY: promised by the caller.
    unsafe { std::ptr::copy_nonoverlapping(tail.as_ptr(), out, rest) };
}

// Chunks of 128 bytes: two vectors at the highest level.
for_each_level! {
    fn strip_f64[O: Unary](out: *mut f64, a: *const f64, n: usize) { map_strip::<f64, O, 16>(out, a, n, VECTORS) }
    fn strip_f32[O: Unary](out: *mut f32, a: *const f32, n: usize) { map_strip::<f32, O, 32>(out, a, n, VECTORS) }
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
    lanes: Option<LanesKernel>,
}

impl UnaryKernel {
    /// The kernel of an operation.
    pub const fn of<O: Unary>() -> Self {
        Self {
            strip_f64: per_level!(strip_f64::<O>),
            strip_f32: per_level!(strip_f32::<O>),
            scalar_f64: per_level!(scalar_f64::<O>),
            scalar_f32: per_level!(scalar_f32::<O>),
            lanes: if O::ABREAST { Some(LanesKernel::of::<O>()) } else { None },
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

    /// Every function of the kernel, with a name for it.
    pub fn all_versions(&self) -> impl Iterator<Item = (&'static str, Versions)> {
        let own = [
            ("strip_f64", self.strip_f64.addresses()),
            ("strip_f32", self.strip_f32.addresses()),
            ("scalar_f64", self.scalar_f64.addresses()),
            ("scalar_f32", self.scalar_f32.addresses()),
        ];
        own.into_iter().chain(self.lanes.into_iter().flat_map(|lanes| lanes.all_versions()))
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

    /// The functions of a few numbers at once.
    #[cfg(test)]
    pub(super) const fn lanes(&self) -> Option<&LanesKernel> {
        self.lanes.as_ref()
    }

    /// Whether [`UnaryKernel::lanes_address`] has functions.
    pub const fn is_abreast(&self) -> bool {
        self.lanes.is_some()
    }

    /// The address of a function of so many numbers at once, `extern "C" fn(out, a, b, …)`, and how many it takes, which
    /// may be more; `None` where calls one after another are as good, and for elements that are not real numbers.
    pub fn lanes_address(&self, element: Element, count: usize) -> Option<(usize, usize)> {
        self.lanes.as_ref()?.address(element, count)
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
