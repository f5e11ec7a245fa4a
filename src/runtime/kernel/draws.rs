//! Random numbers along strips: words mixed, and numbers drawn by keys.

use super::Form;
use super::binary::{Operands, ScalarScalar, ScalarVector, VectorScalar, VectorVector, Zip, zip_strips};
use super::levels::{PerLevel, Strip1, Strip2, for_each_level, per_level};
use crate::runtime::Element;
use crate::runtime::random::{draw_normal, draw_uniform, mix_words};

struct Mix;

impl Zip<u64, u64> for Mix {
    #[inline(always)]
    fn zip(a: u64, b: u64) -> u64 {
        mix_words(a, b)
    }
}

/// A distribution as a type.
trait Draw {
    fn draw(key: u64) -> f64;
}

struct Uniform;
struct Normal;

impl Draw for Uniform {
    #[inline(always)]
    fn draw(key: u64) -> f64 {
        draw_uniform(key)
    }
}

impl Draw for Normal {
    #[inline(always)]
    fn draw(key: u64) -> f64 {
        draw_normal(key)
    }
}

/// A real number made from double precision.
trait Rounded: Copy {
    fn rounded(number: f64) -> Self;
}

impl Rounded for f64 {
    #[inline(always)]
    fn rounded(number: f64) -> Self {
        number
    }
}

impl Rounded for f32 {
    #[inline(always)]
    fn rounded(number: f64) -> Self {
        number as f32
    }
}

/// # Safety
/// The rules of strip functions; the operands are of 64-bit words.
#[inline(always)]
unsafe fn mix_strip<S: Operands>(out: *mut u8, a: *const u8, b: *const u8, n: usize) {
    // SAFETY: promised by the caller.
    unsafe { zip_strips::<u64, Mix, S>(out.cast(), a.cast(), b.cast(), n) };
}

/// # Safety
/// The rules of strip functions; the keys are 64-bit words, the results of type `T`.
#[inline(always)]
unsafe fn draw_strip<D: Draw, T: Rounded>(out: *mut u8, keys: *const u8, n: usize) {
    let (out, keys) = (out.cast::<T>(), keys.cast::<u64>());
    for i in 0..n {
        // SAFETY: the index is below `n`.
        unsafe { *out.add(i) = T::rounded(D::draw(*keys.add(i))) };
    }
}

for_each_level! {
    fn mix_at[S: Operands](out: *mut u8, a: *const u8, b: *const u8, n: usize) { mix_strip::<S>(out, a, b, n) }
    fn draw_at[D: Draw, T: Rounded](out: *mut u8, keys: *const u8, n: usize) { draw_strip::<D, T>(out, keys, n) }
}

/// `out[i]` mixed from `a[i]` and `b[i]`, 64-bit words.
pub fn mix(form: Form) -> PerLevel<Strip2<u8, u8>> {
    match form {
        Form::VectorVector => per_level!(mix_at::<VectorVector>),
        Form::VectorScalar => per_level!(mix_at::<VectorScalar>),
        Form::ScalarVector => per_level!(mix_at::<ScalarVector>),
        Form::ScalarScalar => per_level!(mix_at::<ScalarScalar>),
    }
}

/// `out[i]` uniform in [0, 1) for the key `a[i]`. In place only where the elements are equally wide.
pub fn uniform(element: Element) -> PerLevel<Strip1<u8, u8>> {
    match element {
        Element::F32 => per_level!(draw_at::<Uniform, f32>),
        _ => per_level!(draw_at::<Uniform, f64>),
    }
}

/// `out[i]` standard normal for the key `a[i]`. In place only where the elements are equally wide.
pub fn normal(element: Element) -> PerLevel<Strip1<u8, u8>> {
    match element {
        Element::F32 => per_level!(draw_at::<Normal, f32>),
        _ => per_level!(draw_at::<Normal, f64>),
    }
}
