//! Where the greatest or the least element is.

use super::{Begin, ReduceKernel, ReduceShape, Whole};
use crate::runtime::Element;
use crate::runtime::kernel::levels::{PerLevel, for_each_level, per_level};

/// Which of two elements is sought.
pub(super) trait Order<T> {
    /// Whether `a` comes before `b`; NaN comes before every number, equal elements do not.
    fn before(a: T, b: T) -> bool;
}

/// The greatest first.
pub(super) struct Greatest;
/// The least first.
pub(super) struct Least;

macro_rules! real_orders {
    ($($type:ty)*) => {
        $(
            impl Order<$type> for Greatest {
                #[inline(always)]
                fn before(a: $type, b: $type) -> bool {
                    a > b || (a.is_nan() && !b.is_nan())
                }
            }

            impl Order<$type> for Least {
                #[inline(always)]
                fn before(a: $type, b: $type) -> bool {
                    a < b || (a.is_nan() && !b.is_nan())
                }
            }
        )*
    };
}

real_orders! { f64 f32 }

impl Order<i64> for Greatest {
    #[inline(always)]
    fn before(a: i64, b: i64) -> bool {
        a > b
    }
}

impl Order<i64> for Least {
    #[inline(always)]
    fn before(a: i64, b: i64) -> bool {
        a < b
    }
}

/// # Safety
/// See [`Begin`].
#[inline(always)]
unsafe fn begin(out: *mut u8, shape: *const ReduceShape) {
    // SAFETY: `out` is valid for the results.
    unsafe {
        if (*shape).length == 0 {
            for i in 0..(*shape).outer * (*shape).inner {
                *out.cast::<i64>().add(i) = 0;
            }
        }
    }
}

/// The state holds the best element of each inner index so far; its place is in `out`.
///
/// # Safety
/// See [`super::Accumulate`].
#[inline(always)]
unsafe fn accumulate<T: Copy, O: Order<T>>(
    state: *mut u8,
    out: *mut u8,
    strip: *const u8,
    start: usize,
    n: usize,
    shape: *const ReduceShape,
) {
    let (best, strip) = (state.cast::<T>(), strip.cast::<T>());
    // SAFETY: rows lie within the strip, `best` has `inner` elements, `out` has `outer * inner`.
    unsafe {
        let ReduceShape { length, inner, .. } = *shape;
        if n == 0 {
            return;
        }
        let mut row = start / inner % length;
        let mut column = start % inner;
        let mut out = out.cast::<i64>().add(start / inner / length * inner);
        let mut place = 0;
        while place < n {
            let width = (inner - column).min(n - place);
            for i in 0..width {
                let x = *strip.add(place + i);
                if row == 0 || O::before(x, *best.add(column + i)) {
                    *best.add(column + i) = x;
                    *out.add(column + i) = row as i64;
                }
            }
            place += width;
            column += width;
            if column == inner {
                column = 0;
                row += 1;
            }
            if row == length {
                row = 0;
                out = out.add(inner);
            }
        }
    }
}

/// # Safety
/// See [`super::Whole`].
#[inline(always)]
unsafe fn whole<T: Copy, O: Order<T>>(state: *mut u8, out: *mut u8, a: *const u8, shape: *const ReduceShape) {
    // SAFETY: promised by the caller.
    unsafe {
        begin(out, shape);
        let ReduceShape { outer, length, inner } = *shape;
        accumulate::<T, O>(state, out, a, 0, outer * length * inner, shape);
    }
}

for_each_level! {
    fn begin_at[](out: *mut u8, shape: *const ReduceShape) { begin(out, shape) }
    fn accumulate_at[T: Copy, O: Order<T>](
        state: *mut u8, out: *mut u8, strip: *const u8, start: usize, n: usize, shape: *const ReduceShape
    ) { accumulate::<T, O>(state, out, strip, start, n, shape) }
    fn whole_at[T: Copy, O: Order<T>](state: *mut u8, out: *mut u8, a: *const u8, shape: *const ReduceShape) {
        whole::<T, O>(state, out, a, shape)
    }
}

/// The functions that find a place.
pub(super) fn kernel<T: Copy, O: Order<T>>() -> ReduceKernel {
    let begin: PerLevel<Begin> = per_level!(begin_at);
    let whole: PerLevel<Whole> = per_level!(whole_at::<T, O>);
    ReduceKernel { begin, accumulate: per_level!(accumulate_at::<T, O>), whole, lanes: None, result: Element::I64 }
}
