//! Rows chosen by run-time indices, and positions of extremes.

use super::support_add::Accumulate;
use super::support_move::{MoveDescriptor, move_elements};

/// `(operand [batch, rows, …], indices [batch, at]) → [batch, at, …]`
#[derive(Debug, Clone)]
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
pub unsafe extern "C" fn gather_rows(
    descriptor: *const GatherDescriptor,
    operand: *const u8,
    indices: *const i64,
    to: *mut u8,
) -> u8 {
    // SAFETY: promised by the caller; indices are checked.
    unsafe {
        let gather = &*descriptor;
        let bytes = gather.row.element_bytes;
        for entry in 0..gather.batch {
            for place in entry * gather.at..(entry + 1) * gather.at {
                let index = *indices.add(place);
                let target = to.add(place * gather.row_elements * bytes);
                if index < 0 || index as usize >= gather.rows {
                    if !gather.lenient {
                        return 1;
                    }
                    std::ptr::write_bytes(target, 0, gather.row_elements * bytes);
                    continue;
                }
                let start = entry as isize * gather.batch_stride + index as isize * gather.row_stride;
                let from = operand.offset(start * bytes as isize);
                if gather.row_elements > 0 {
                    move_elements(&raw const gather.row, from, target);
                }
            }
        }
        0
    }
}

/// `(indices [batch, at], updates [batch, at, rest]) → [batch, rows, rest]`
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct ScatterDescriptor {
    /// Batch entries.
    pub batch: usize,
    /// Rows of each batch entry of the result.
    pub rows: usize,
    /// Indices of each batch entry.
    pub at: usize,
    /// Elements of a row.
    pub rest: usize,
    /// Whether an index outside the rows drops its update instead of an error.
    pub lenient: bool,
}

/// Adds updates to their rows in order; returns 1 where an index is outside the rows, unless it is lenient, and 2 where
/// integers overflow.
///
/// # Safety
/// The descriptor is valid and fits the buffers, which do not overlap.
pub unsafe extern "C" fn scatter_add<T: Accumulate>(
    descriptor: *const ScatterDescriptor,
    indices: *const i64,
    updates: *const T,
    to: *mut T,
) -> u8 {
    // SAFETY: promised by the caller; indices are checked.
    unsafe {
        let ScatterDescriptor { batch, rows, at, rest, lenient } = *descriptor;
        std::slice::from_raw_parts_mut(to, batch * rows * rest).fill(T::ZERO);
        for place in 0..batch * at {
            let index = *indices.add(place);
            if index < 0 || index as usize >= rows {
                if !lenient {
                    return 1;
                }
                continue;
            }
            let row = to.add((place / at * rows + index as usize) * rest);
            for column in 0..rest {
                match (*row.add(column)).plus(*updates.add(place * rest + column)) {
                    Some(sum) => *row.add(column) = sum,
                    None => return 2,
                }
            }
        }
        0
    }
}

/// `[outer, n, inner] → [outer, inner]`
#[derive(Debug, Clone, Copy)]
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
pub unsafe extern "C" fn arg_extreme<T: PartialOrd + Copy, const GREATEST: bool>(
    descriptor: *const FoldDescriptor,
    from: *const T,
    to: *mut i64,
) {
    // SAFETY: promised by the caller.
    unsafe {
        let FoldDescriptor { outer, n, inner } = *descriptor;
        for place in 0..outer * inner {
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
}

#[expect(clippy::eq_op, reason = "a NaN differs from itself")]
fn beats<T: PartialOrd + Copy, const GREATEST: bool>(value: T, best: T) -> bool {
    let further = if GREATEST { value > best } else { value < best };
    further || (value != value && best == best)
}
