//! Functions of one argument of a few numbers at once, as scalar code has them: they come in registers, since a vector
//! cannot be read from where its parts were just stored without waiting for all of them, and their values are stored.

use super::levels::{PerLevel, Versions, for_each_level, per_level};
use super::unary::{Map, Unary};
use crate::runtime::{Element, Level, cpu};

/// Computes all lanes at once.
///
/// # Safety
/// `out` is valid for `N` elements.
#[inline(always)]
unsafe fn map_lanes<T: Copy, O: Map<T>, const N: usize>(out: *mut T, mut lanes: [T; N]) {
    let mut any_beyond = false;
    if O::LIMITED {
        for lane in &lanes {
            any_beyond |= O::beyond_limit(*lane);
        }
    }
    if any_beyond {
        for lane in &mut lanes {
            *lane = O::map(*lane);
        }
    } else {
        for lane in &mut lanes {
            *lane = O::within(*lane);
        }
    }
    // SAFETY: promised by the caller.
    unsafe { out.cast::<[T; N]>().write_unaligned(lanes) };
}

for_each_level! {
    fn four_f64[O: Unary](out: *mut f64, a: f64, b: f64, c: f64, d: f64) {
        map_lanes::<f64, O, 4>(out, [a, b, c, d])
    }
    fn four_f32[O: Unary](out: *mut f32, a: f32, b: f32, c: f32, d: f32) {
        map_lanes::<f32, O, 4>(out, [a, b, c, d])
    }
    fn eight_f64[O: Unary](out: *mut f64, a: f64, b: f64, c: f64, d: f64, e: f64, f: f64, g: f64, h: f64) {
        map_lanes::<f64, O, 8>(out, [a, b, c, d, e, f, g, h])
    }
    fn eight_f32[O: Unary](out: *mut f32, a: f32, b: f32, c: f32, d: f32, e: f32, f: f32, g: f32, h: f32) {
        map_lanes::<f32, O, 8>(out, [a, b, c, d, e, f, g, h])
    }
}

/// The most numbers that one call takes.
pub const LANES: usize = 8;

type Four<T> = unsafe extern "C" fn(*mut T, T, T, T, T);
type Eight<T> = unsafe extern "C" fn(*mut T, T, T, T, T, T, T, T, T);

/// All versions of a function of four or eight numbers.
#[derive(Debug, Clone, Copy)]
pub struct LanesKernel {
    pub(super) four_f64: PerLevel<Four<f64>>,
    pub(super) four_f32: PerLevel<Four<f32>>,
    pub(super) eight_f64: PerLevel<Eight<f64>>,
    pub(super) eight_f32: PerLevel<Eight<f32>>,
}

impl LanesKernel {
    pub(super) const fn of<O: Unary>() -> Self {
        LanesKernel {
            four_f64: per_level!(four_f64::<O>),
            four_f32: per_level!(four_f32::<O>),
            eight_f64: per_level!(eight_f64::<O>),
            eight_f32: per_level!(eight_f32::<O>),
        }
    }

    /// Every function of the kernel, with a name for it.
    pub(super) fn all_versions(&self) -> [(&'static str, Versions); 4] {
        [
            ("four_f64", self.four_f64.addresses()),
            ("four_f32", self.four_f32.addresses()),
            ("eight_f64", self.eight_f64.addresses()),
            ("eight_f32", self.eight_f32.addresses()),
        ]
    }

    /// The function for so many numbers, and how many it takes: `extern "C" fn(out, a, b, …)`. `None` where one after
    /// another is as fast, and for elements that are not real numbers.
    pub fn address(&self, element: Element, count: usize) -> Option<(usize, usize)> {
        let vectors = cfg!(not(target_arch = "x86_64")) || cpu() != Level::Baseline;
        match (element, count) {
            (Element::F64, 2..=4) if vectors => Some((self.four_f64.get() as usize, 4)),
            (Element::F32, 2..=4) if vectors => Some((self.four_f32.get() as usize, 4)),
            (Element::F64, 5..=LANES) if vectors => Some((self.eight_f64.get() as usize, 8)),
            (Element::F32, 5..=LANES) if vectors => Some((self.eight_f32.get() as usize, 8)),
            _ => None,
        }
    }
}
