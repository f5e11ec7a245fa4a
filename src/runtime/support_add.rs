//! Adding elements to their places, which several may share.

use std::sync::atomic::{AtomicBool, Ordering};

use super::support_move::MoveDescriptor;
use super::threads::Shared;

/// What a sum of two elements is.
pub trait Accumulate: Copy {
    /// Zero.
    const ZERO: Self;
    /// Whether a sum may overflow.
    const OVERFLOWS: bool;
    /// The sum; none where it overflows.
    fn plus(self, other: Self) -> Option<Self>;
    /// Adds a run to another of the same length; false where a sum overflows.
    fn add_run(to: &mut [Self], from: &[Self]) -> bool {
        to.iter_mut().zip(from).all(|(sum, each)| {
            let next = sum.plus(*each);
            next.is_some_and(|next| {
                *sum = next;
                true
            })
        })
    }
}

macro_rules! accumulate_real {
    ($($real:ty),*) => {$(
        impl Accumulate for $real {
            const ZERO: Self = 0.0;
            const OVERFLOWS: bool = false;
            fn plus(self, other: Self) -> Option<Self> {
                Some(self + other)
            }
            fn add_run(to: &mut [Self], from: &[Self]) -> bool {
                for (sum, each) in to.iter_mut().zip(from) {
                    *sum += *each;
                }
                true
            }
        }
    )*};
}
accumulate_real!(f32, f64);

impl Accumulate for i64 {
    const ZERO: Self = 0;
    const OVERFLOWS: bool = true;
    fn plus(self, other: Self) -> Option<Self> {
        self.checked_add(other)
    }
}

/// Adds the elements to their places in row-major order of the axes; returns 2 where integers overflow.
///
/// # Safety
/// The descriptor is valid and its positions lie within the buffers, which do not overlap.
#[inline(never)]
pub unsafe extern "C" fn add_elements<T: Accumulate>(
    descriptor: *const MoveDescriptor,
    from: *const T,
    to: *mut T,
) -> u8 {
    // SAFETY: promised by the caller; parts of the walk share no place.
    let (walk, places) = unsafe { (&*descriptor, Shared::new((from, to))) };
    let overflows = AtomicBool::new(false);
    walk.divide(false, &|axes, first, last| {
        let (from, to) = places.get();
        // SAFETY: the parts are those of the walk.
        if !unsafe { add_axes(axes, from.offset(first), to.offset(last)) } {
            overflows.store(true, Ordering::Relaxed);
        }
    });
    if overflows.into_inner() { 2 } else { 0 }
}

/// # Safety
/// All positions are inside.
unsafe fn add_axes<T: Accumulate>(axes: &[(usize, isize, isize)], from: *const T, to: *mut T) -> bool {
    // SAFETY: promised by the caller; the runs of two buffers do not overlap.
    unsafe {
        match axes {
            [] => add_strided(1, from, 1, to, 1),
            [(size, 1, 1)] => {
                let from = std::slice::from_raw_parts(from, *size);
                T::add_run(std::slice::from_raw_parts_mut(to, *size), from)
            }
            [(size, source, target)] => add_strided(*size, from, *source, to, *target),
            [(size, source, target), inner @ ..] => {
                (0..*size as isize).all(|place| add_axes(inner, from.offset(place * source), to.offset(place * target)))
            }
        }
    }
}

/// # Safety
/// All positions are inside.
unsafe fn add_strided<T: Accumulate>(size: usize, from: *const T, source: isize, to: *mut T, target: isize) -> bool {
    (0..size as isize).all(|place| {
        // SAFETY: promised by the caller.
        unsafe {
            let place_of = to.offset(place * target);
            let sum = (*place_of).plus(*from.offset(place * source));
            sum.is_some_and(|sum| {
                *place_of = sum;
                true
            })
        }
    })
}
