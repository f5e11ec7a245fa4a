//! Checked sums and products of integers: what reductions and matrix products of the other files do not check.

use super::support_rows::FoldDescriptor;

/// Sets the results to what folding starts from: 0, or 1 for products.
///
/// # Safety
/// The descriptor is valid and `to` has `outer * inner` elements.
#[inline(never)]
pub unsafe extern "C" fn integers_begin<const PRODUCT: bool>(descriptor: *const FoldDescriptor, to: *mut i64) {
    // SAFETY: promised by the caller.
    unsafe {
        let FoldDescriptor { outer, inner, .. } = *descriptor;
        std::slice::from_raw_parts_mut(to, outer * inner).fill(i64::from(PRODUCT));
    }
}

/// Adds (or multiplies) elements `start..start + length` of `[outer, n, inner]` to the results; returns 2 where they
/// overflow.
///
/// # Safety
/// The descriptor is valid, `strip` has `length` elements and `to` has `outer * inner`.
#[inline(never)]
pub unsafe extern "C" fn integers_fold<const PRODUCT: bool>(
    descriptor: *const FoldDescriptor,
    to: *mut i64,
    strip: *const i64,
    start: usize,
    length: usize,
) -> u8 {
    // SAFETY: promised by the caller.
    unsafe {
        let FoldDescriptor { n, inner, .. } = *descriptor;
        let strip = std::slice::from_raw_parts(strip, length);
        let (mut row, mut column) = (start / inner / n, start % inner);
        let mut along = start / inner % n;
        for value in strip {
            let result = to.add(row * inner + column);
            let folded = if PRODUCT { (*result).checked_mul(*value) } else { (*result).checked_add(*value) };
            let Some(folded) = folded else { return 2 };
            *result = folded;
            column += 1;
            if column == inner {
                (column, along) = (0, along + 1);
                if along == n {
                    (along, row) = (0, row + 1);
                }
            }
        }
        0
    }
}

/// The sum of each of so many rows of `n` elements; returns 2 where one overflows.
///
/// # Safety
/// `from` has `rows * n` elements and `to` has `rows`.
#[inline(never)]
pub unsafe extern "C" fn integer_sums(to: *mut i64, from: *const i64, rows: usize, n: usize) -> u8 {
    // SAFETY: promised by the caller.
    unsafe {
        fold_rows(to, from, rows, n, |row| {
            // Sums of as many numbers as this have room where all are small.
            let greatest = row.iter().fold(0, |all, value| all | (value ^ (value >> 63)));
            if greatest < 1 << 32 && row.len() < 1 << 30 {
                return Some(row.iter().sum());
            }
            row.iter().try_fold(0i64, |sum, value| sum.checked_add(*value))
        })
    }
}

/// The product of each of so many rows of `n` elements; returns 2 where one overflows.
///
/// # Safety
/// `from` has `rows * n` elements and `to` has `rows`.
#[inline(never)]
pub unsafe extern "C" fn integer_products(to: *mut i64, from: *const i64, rows: usize, n: usize) -> u8 {
    // SAFETY: promised by the caller.
    unsafe {
        fold_rows(to, from, rows, n, |row| row.iter().try_fold(1i64, |product, value| product.checked_mul(*value)))
    }
}

/// # Safety
/// See [`integer_sums`].
#[inline(always)]
unsafe fn fold_rows(to: *mut i64, from: *const i64, rows: usize, n: usize, fold: impl Fn(&[i64]) -> Option<i64>) -> u8 {
    for row in 0..rows {
        // SAFETY: the row lies within what the caller promises.
        let folded = unsafe { fold(std::slice::from_raw_parts(from.add(row * n), n)) };
        let Some(folded) = folded else { return 2 };
        // SAFETY: there are so many results.
        unsafe { *to.add(row) = folded };
    }
    0
}

/// `[batch, m, k] × [batch, n, k] → [batch, m, n]` with strides in elements.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
#[repr(C)]
pub struct ContractDescriptor {
    /// batch, m, n, k
    pub sizes: [usize; 4],
    /// batch, m, k
    pub left: [isize; 3],
    /// batch, n, k
    pub right: [isize; 3],
}

/// Sums of products; returns 2 where they overflow.
///
/// # Safety
/// The descriptor is valid and fits the buffers; the result overlaps neither operand.
#[inline(never)]
pub unsafe extern "C" fn contract_integers(
    descriptor: *const ContractDescriptor,
    left: *const i64,
    right: *const i64,
    to: *mut i64,
) -> u8 {
    // SAFETY: promised by the caller.
    unsafe {
        let ContractDescriptor { sizes: [batch, m, n, k], left: l, right: r } = *descriptor;
        for place in 0..batch * m * n {
            let (entry, row, column) = ((place / (m * n)) as isize, (place / n % m) as isize, (place % n) as isize);
            let mut sum = 0i64;
            for along in 0..k as isize {
                let a = *left.offset(entry * l[0] + row * l[1] + along * l[2]);
                let b = *right.offset(entry * r[0] + column * r[1] + along * r[2]);
                match a.checked_mul(b).and_then(|product| sum.checked_add(product)) {
                    Some(next) => sum = next,
                    None => return 2,
                }
            }
            *to.add(place) = sum;
        }
        0
    }
}
