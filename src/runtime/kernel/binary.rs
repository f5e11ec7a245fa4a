//! Functions of two arguments over strips.

use super::Form;
use super::levels::{PerLevel, Strip2, Versions, for_each_level, per_level};
use super::unary::{CHUNK, load_tail, store_tail};
use crate::runtime::Element;

/// A function of two real arguments. Implementations are `#[inline(always)]` and free of branches where speed matters.
pub trait Binary {
    /// The function in double precision.
    fn f64(a: f64, b: f64) -> f64;
    /// The function in single precision.
    fn f32(a: f32, b: f32) -> f32;

    /// Whether it is an instruction or two. The loops of such functions are compiled for every form and every way in which
    /// operands may be equal; those of others once.
    const LIGHT: bool = false;
}

/// A strip function of two operands.
pub type BinaryStrip<T> = Strip2<T, T>;

/// [`Binary`] seen from one element type, so that loops are written once.
pub(super) trait Zip<A, T> {
    fn zip(a: A, b: A) -> T;
}

impl<O: Binary> Zip<f64, f64> for O {
    #[inline(always)]
    fn zip(a: f64, b: f64) -> f64 {
        O::f64(a, b)
    }
}

impl<O: Binary> Zip<f32, f32> for O {
    #[inline(always)]
    fn zip(a: f32, b: f32) -> f32 {
        O::f32(a, b)
    }
}

/// Which operands are scalar, as a type.
pub(super) trait Operands {
    const A_SCALAR: bool;
    const B_SCALAR: bool;
}

/// Both operands are strips.
pub(super) struct VectorVector;
/// The second operand is one value.
pub(super) struct VectorScalar;
/// The first operand is one value.
pub(super) struct ScalarVector;
/// Both operands are one value.
pub(super) struct ScalarScalar;

impl Operands for VectorVector {
    const A_SCALAR: bool = false;
    const B_SCALAR: bool = false;
}

impl Operands for VectorScalar {
    const A_SCALAR: bool = false;
    const B_SCALAR: bool = true;
}

impl Operands for ScalarVector {
    const A_SCALAR: bool = true;
    const B_SCALAR: bool = false;
}

impl Operands for ScalarScalar {
    const A_SCALAR: bool = true;
    const B_SCALAR: bool = true;
}

/// Applies an operation along strips. Each way in which `out` may equal an operand has its own loop, so that all are
/// vectorised.
///
/// # Safety
/// The rules of strip functions.
#[inline(always)]
pub(super) unsafe fn zip_strips<T: Copy, O: Zip<T, T>, S: Operands>(out: *mut T, a: *const T, b: *const T, n: usize) {
    if n == 0 {
        return;
    }
    let full = n / CHUNK * CHUNK;
    let rest = n - full;
    // SAFETY: all indices are below `n`, or below `CHUNK` in the local buffers; `n` is not 0, so scalars can be read.
    unsafe {
        let (first_a, first_b) = (*a, *b);
        let same_a = !S::A_SCALAR && std::ptr::eq(out, a);
        let same_b = !S::B_SCALAR && std::ptr::eq(out, b);
        macro_rules! run {
            ($a:expr, $b:expr) => {
                for i in 0..full {
                    let left = if S::A_SCALAR { first_a } else { *$a.add(i) };
                    let right = if S::B_SCALAR { first_b } else { *$b.add(i) };
                    *out.add(i) = O::zip(left, right);
                }
            };
        }
        match (same_a, same_b) {
            (false, false) => run!(a, b),
            (true, false) => run!(out, b),
            (false, true) => run!(a, out),
            (true, true) => run!(out, out),
        }
        if rest > 0 {
            let mut left = [first_a; CHUNK];
            let mut right = [first_b; CHUNK];
            if !S::A_SCALAR {
                load_tail(&mut left, a.add(full), rest);
            }
            if !S::B_SCALAR {
                load_tail(&mut right, b.add(full), rest);
            }
            for i in 0..CHUNK {
                left[i] = O::zip(left[i], right[i]);
            }
            store_tail(out.add(full), &left, rest);
        }
    }
}

/// Applies an operation along strips, a chunk in registers at a time; an operand that is one value fills its chunk. The rest
/// takes its turn as a padded chunk in the same loop.
///
/// # Safety
/// The rules of strip functions.
#[inline(always)]
unsafe fn zip_chunks<T: Copy, O: Zip<T, T>>(out: *mut T, a: Operand<T>, b: Operand<T>, n: usize, vectors: bool) {
    // SAFETY: all indices are below `n`, or 0 for an operand that is one value and there is an element.
    unsafe {
        if !vectors {
            for i in 0..n {
                *out.add(i) = O::zip(a.at(i), b.at(i));
            }
            return;
        }
        if n == 0 {
            return;
        }
        let full = n / CHUNK * CHUNK;
        let mut padded_a = [*a.start; CHUNK];
        let mut padded_b = [*b.start; CHUNK];
        if !a.scalar {
            load_tail(&mut padded_a, a.start.add(full), n - full);
        }
        if !b.scalar {
            load_tail(&mut padded_b, b.start.add(full), n - full);
        }
        let (last_a, last_b) = (padded_a.as_mut_ptr(), padded_b.as_ptr());
        for start in (0..n).step_by(CHUNK) {
            let whole = start < full;
            let from_a = if whole && !a.scalar { a.start.add(start) } else { last_a.cast_const() };
            let from_b = if whole && !b.scalar { b.start.add(start) } else { last_b };
            let to = if whole { out.add(start) } else { last_a };
            let mut left = from_a.cast::<[T; CHUNK]>().read_unaligned();
            let right = from_b.cast::<[T; CHUNK]>().read_unaligned();
            for i in 0..CHUNK {
                left[i] = O::zip(left[i], right[i]);
            }
            to.cast::<[T; CHUNK]>().write_unaligned(left);
        }
        if full < n {
            store_tail(out.add(full), &padded_a, n - full);
        }
    }
}

/// An operand of a strip: a strip or one value.
#[derive(Clone, Copy)]
struct Operand<T> {
    start: *const T,
    scalar: bool,
}

impl<T> Operand<T> {
    #[inline(always)]
    const fn new(start: *const T, scalar: bool) -> Self {
        Self { start, scalar }
    }

    /// # Safety
    /// The strip has an element `i`, or is one value.
    #[inline(always)]
    unsafe fn at(self, i: usize) -> T
    where
        T: Copy,
    {
        // SAFETY: promised by the caller.
        unsafe { *self.start.add(if self.scalar { 0 } else { i }) }
    }
}

for_each_level! {
    fn strip_f64[O: Binary, S: Operands](out: *mut f64, a: *const f64, b: *const f64, n: usize) {
        if O::LIGHT { zip_strips::<f64, O, S>(out, a, b, n) } else { chunks_f64::<O>(out, a, b, n, S::A_SCALAR, S::B_SCALAR) }
    }
    fn strip_f32[O: Binary, S: Operands](out: *mut f32, a: *const f32, b: *const f32, n: usize) {
        if O::LIGHT { zip_strips::<f32, O, S>(out, a, b, n) } else { chunks_f32::<O>(out, a, b, n, S::A_SCALAR, S::B_SCALAR) }
    }
    fn chunks_f64[O: Binary](out: *mut f64, a: *const f64, b: *const f64, n: usize, a_scalar: bool, b_scalar: bool) {
        zip_chunks::<f64, O>(out, Operand::new(a, a_scalar), Operand::new(b, b_scalar), n, VECTORS)
    }
    fn chunks_f32[O: Binary](out: *mut f32, a: *const f32, b: *const f32, n: usize, a_scalar: bool, b_scalar: bool) {
        zip_chunks::<f32, O>(out, Operand::new(a, a_scalar), Operand::new(b, b_scalar), n, VECTORS)
    }
    fn scalar_f64[O: Binary](a: f64, b: f64) -> f64 { O::f64(a, b) }
    fn scalar_f32[O: Binary](a: f32, b: f32) -> f32 { O::f32(a, b) }
}

/// All versions of a function of two arguments.
#[derive(Debug, Clone, Copy)]
pub struct BinaryKernel {
    strip_f64: [PerLevel<BinaryStrip<f64>>; 4],
    strip_f32: [PerLevel<BinaryStrip<f32>>; 4],
    scalar_f64: PerLevel<unsafe extern "C" fn(f64, f64) -> f64>,
    scalar_f32: PerLevel<unsafe extern "C" fn(f32, f32) -> f32>,
}

impl BinaryKernel {
    /// The kernel of an operation.
    pub const fn of<O: Binary>() -> Self {
        Self {
            strip_f64: [
                per_level!(strip_f64::<O, VectorVector>),
                per_level!(strip_f64::<O, VectorScalar>),
                per_level!(strip_f64::<O, ScalarVector>),
                per_level!(strip_f64::<O, ScalarScalar>),
            ],
            strip_f32: [
                per_level!(strip_f32::<O, VectorVector>),
                per_level!(strip_f32::<O, VectorScalar>),
                per_level!(strip_f32::<O, ScalarVector>),
                per_level!(strip_f32::<O, ScalarScalar>),
            ],
            scalar_f64: per_level!(scalar_f64::<O>),
            scalar_f32: per_level!(scalar_f32::<O>),
        }
    }

    /// The strip functions of one form in double precision.
    pub const fn strip_f64(&self, form: Form) -> &PerLevel<BinaryStrip<f64>> {
        &self.strip_f64[form as usize]
    }

    /// The strip functions of one form in single precision.
    pub const fn strip_f32(&self, form: Form) -> &PerLevel<BinaryStrip<f32>> {
        &self.strip_f32[form as usize]
    }

    /// Every function of the kernel, with a name for it.
    pub fn all_versions(&self) -> impl Iterator<Item = (String, Versions)> {
        let strips = Form::ALL.into_iter().flat_map(|form| {
            let (double, single) = (self.strip_f64(form).addresses(), self.strip_f32(form).addresses());
            [(format!("strip_f64 {form:?}"), double), (format!("strip_f32 {form:?}"), single)]
        });
        let (double, single) = (self.scalar_f64.addresses(), self.scalar_f32.addresses());
        strips.chain([("scalar_f64".to_string(), double), ("scalar_f32".to_string(), single)])
    }

    /// The address of the strip function, `extern "C" fn(out, a, b, n)`; `None` for elements that are not real numbers.
    pub fn address(&self, element: Element, form: Form) -> Option<usize> {
        match element {
            Element::F64 => Some(self.strip_f64(form).get() as usize),
            Element::F32 => Some(self.strip_f32(form).get() as usize),
            Element::I64 | Element::Bool => None,
        }
    }

    /// The address of the scalar function, `extern "C" fn(T, T) -> T`; `None` for elements that are not real numbers.
    pub fn scalar_address(&self, element: Element) -> Option<usize> {
        match element {
            Element::F64 => Some(self.scalar_f64.get() as usize),
            Element::F32 => Some(self.scalar_f32.get() as usize),
            Element::I64 | Element::Bool => None,
        }
    }

    /// The function of two doubles.
    #[inline]
    pub fn apply_f64(&self, a: f64, b: f64) -> f64 {
        // SAFETY: `get` returns a version this processor can run.
        unsafe { (self.scalar_f64.get())(a, b) }
    }

    /// The function of two singles.
    #[inline]
    pub fn apply_f32(&self, a: f32, b: f32) -> f32 {
        // SAFETY: `get` returns a version this processor can run.
        unsafe { (self.scalar_f32.get())(a, b) }
    }
}
