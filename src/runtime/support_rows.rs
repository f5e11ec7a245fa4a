//! Rows chosen by run-time indices, and positions of extremes.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::support_move::{MoveDescriptor, move_elements};
use super::threads::{self, LEAST_BYTES, Shared};

/// Longer rows are copied by a call.
const MOST_IN_PIECES: usize = 256;

/// `(operand [batch, rows, …], indices [batch, at]) → [batch, at, …]`
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct GatherDescriptor {
    /// Batch entries.
    pub batch: usize,
    /// Distance between batch entries of the operand, in elements.
    pub batch_stride: isize,
    /// Rows of each batch entry of the operand.
    pub rows: usize,
    /// Distance between rows, in elements.
    pub row_stride: isize,
    /// Indices of each batch entry.
    pub at: usize,
    /// Elements of a row.
    pub row_elements: usize,
    /// How a row is copied.
    pub row: MoveDescriptor,
    /// Whether an index outside the rows gives zeros instead of an error.
    pub lenient: bool,
}

/// Copies rows; returns 1 where an index is outside the rows, unless it is lenient.
///
/// # Safety
/// The descriptor is valid and fits the buffers, which do not overlap.
#[inline(never)]
pub unsafe extern "C" fn gather_rows(
    descriptor: *const GatherDescriptor,
    operand: *const u8,
    indices: *const i64,
    to: *mut u8,
) -> u8 {
    // SAFETY: promised by the caller; each place of the result is written once.
    let (gather, places) = unsafe { (&*descriptor, Shared::new((operand, indices, to))) };
    let count = gather.batch * gather.at;
    let items = threads::items(count * gather.row_elements * gather.row.element_bytes, LEAST_BYTES);
    let outside = AtomicBool::new(false);
    threads::divide(count, 1, items, &|range| {
        let (operand, indices, to) = places.get();
        // SAFETY: as above; indices are checked.
        if !unsafe { gather_range(gather, operand, indices, to, range) } {
            outside.store(true, Ordering::Relaxed);
        }
    });
    outside.into_inner().into()
}

/// Copies the rows of a range of the indices; whether none is outside the rows, or it is lenient.
///
/// # Safety
/// As of [`gather_rows`].
unsafe fn gather_range(
    gather: &GatherDescriptor,
    operand: *const u8,
    indices: *const i64,
    to: *mut u8,
    range: Range<usize>,
) -> bool {
    let bytes = gather.row.element_bytes;
    let is_run = gather.row.is_run();
    for place in range {
        // SAFETY: promised by the caller; the index is checked.
        unsafe {
            let index = *indices.add(place);
            let target = to.add(place * gather.row_elements * bytes);
            if index < 0 || index as usize >= gather.rows {
                if !gather.lenient {
                    return false;
                }
                std::ptr::write_bytes(target, 0, gather.row_elements * bytes);
                continue;
            }
            let entry = if gather.batch == 1 { 0 } else { (place / gather.at) as isize };
            let start = entry * gather.batch_stride + index as isize * gather.row_stride;
            let from = operand.offset(start * bytes as isize);
            if is_run {
                copy_run(from.offset(gather.row.from_offset * bytes as isize), target, gather.row_elements * bytes);
            } else if gather.row_elements > 0 {
                move_elements(&raw const gather.row, from, target);
            }
        }
    }
    true
}

/// Copies bytes, without a call where they are few.
///
/// # Safety
/// Both have so many bytes and do not overlap.
#[inline(always)]
unsafe fn copy_run(from: *const u8, to: *mut u8, bytes: usize) {
    const PIECE: usize = 32;
    // SAFETY: promised by the caller; pieces lie within the bytes.
    unsafe {
        if bytes > MOST_IN_PIECES || !bytes.is_multiple_of(PIECE) {
            return std::ptr::copy_nonoverlapping(from, to, bytes);
        }
        for start in (0..bytes).step_by(PIECE) {
            to.add(start).cast::<[u8; PIECE]>().write(from.add(start).cast::<[u8; PIECE]>().read());
        }
    }
}

/// Of each of so many rows of `n` elements the one at the row's index; returns 1 where that is outside the row, unless
/// that is to give zero.
///
/// # Safety
/// `from` has `rows * n` elements, `indices` and `to` have `rows`.
#[inline(never)]
pub unsafe extern "C" fn pick_in_rows<T: Copy + Default>(
    to: *mut T,
    from: *const T,
    indices: *const i64,
    rows: usize,
    n: usize,
    lenient: usize,
) -> u8 {
    for row in 0..rows {
        // SAFETY: promised by the caller; the index is checked.
        unsafe {
            let index = *indices.add(row);
            let inside = index >= 0 && (index as usize) < n;
            if !inside && lenient == 0 {
                return 1;
            }
            *to.add(row) = if inside { *from.add(row * n + index as usize) } else { T::default() };
        }
    }
    0
}

/// In each of so many rows of `n` elements the row's value added to zero at the row's index, and zero elsewhere; returns 1
/// where the index is outside the row, unless such values are to be dropped.
///
/// # Safety
/// `to` has `rows * n` elements, `indices` and `values` have `rows`.
#[inline(never)]
pub unsafe extern "C" fn place_in_rows<T: Copy + Default + std::ops::Add<Output = T>>(
    to: *mut T,
    indices: *const i64,
    values: *const T,
    rows: usize,
    n: usize,
    lenient: usize,
) -> u8 {
    // SAFETY: promised by the caller; indices are checked.
    unsafe {
        std::slice::from_raw_parts_mut(to, rows * n).fill(T::default());
        for row in 0..rows {
            let index = *indices.add(row);
            if index >= 0 && (index as usize) < n {
                *to.add(row * n + index as usize) = T::default() + *values.add(row);
            } else if lenient == 0 {
                return 1;
            }
        }
    }
    0
}

/// `[outer, n, inner] → [outer, inner]`
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
#[repr(C)]
pub struct FoldDescriptor {
    /// The axes before.
    pub outer: usize,
    /// The folded axes.
    pub n: usize,
    /// The axes behind.
    pub inner: usize,
}

/// The positions of the first greatest (or least) elements; NaN counts as more extreme than numbers.
///
/// # Safety
/// The descriptor is valid and fits the buffers; `n` is not zero.
#[inline(never)]
pub unsafe extern "C" fn arg_extreme<T: PartialOrd + Copy, const GREATEST: bool>(
    descriptor: *const FoldDescriptor,
    from: *const T,
    to: *mut i64,
) {
    // SAFETY: promised by the caller; each result is written once.
    let (FoldDescriptor { outer, n, inner }, places) = unsafe { (*descriptor, Shared::new((from, to))) };
    let items = threads::items(outer * n * inner * size_of::<T>(), LEAST_BYTES);
    threads::divide(outer * inner, 1, items, &|range| {
        let (from, to) = places.get();
        for place in range {
            // SAFETY: the positions are those of the shape.
            unsafe {
                let first = from.add(place / inner * n * inner + place % inner);
                let (mut best, mut at) = (*first, 0);
                for along in 1..n {
                    let value = *first.add(along * inner);
                    if beats::<T, GREATEST>(value, best) {
                        (best, at) = (value, along);
                    }
                }
                *to.add(place) = at as i64;
            }
        }
    });
}

#[expect(clippy::eq_op, reason = "a NaN differs from itself")]
fn beats<T: PartialOrd + Copy, const GREATEST: bool>(value: T, best: T) -> bool {
    let further = if GREATEST { value > best } else { value < best };
    further || (value != value && best == best)
}
