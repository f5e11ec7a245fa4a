//! Reductions strip by strip, and contractions, of any element type: what the fast kernels do not cover.

use super::support_rows::FoldDescriptor;

/// A way to combine two elements; none where integers overflow.
pub trait Fold<T> {
    /// What folding starts from.
    const START: T;
    /// One more element.
    fn fold(before: T, value: T) -> Option<T>;
}

/// Sum.
#[derive(Debug)]
pub struct Sum;
/// Product.
#[derive(Debug)]
pub struct Product;
/// Greatest; NaN propagates.
#[derive(Debug)]
pub struct Greatest;
/// Least; NaN propagates.
#[derive(Debug)]
pub struct Least;

macro_rules! fold_real {
    ($($real:ty),*) => {$(
        impl Fold<$real> for Sum {
            const START: $real = 0.0;
            fn fold(before: $real, value: $real) -> Option<$real> {
                Some(before + value)
            }
        }
        impl Fold<$real> for Product {
            const START: $real = 1.0;
            fn fold(before: $real, value: $real) -> Option<$real> {
                Some(before * value)
            }
        }
        impl Fold<$real> for Greatest {
            const START: $real = <$real>::NEG_INFINITY;
            fn fold(before: $real, value: $real) -> Option<$real> {
                Some(if value > before || value.is_nan() { value } else { before })
            }
        }
        impl Fold<$real> for Least {
            const START: $real = <$real>::INFINITY;
            fn fold(before: $real, value: $real) -> Option<$real> {
                Some(if value < before || value.is_nan() { value } else { before })
            }
        }
    )*};
}
fold_real!(f32, f64);

impl Fold<i64> for Sum {
    const START: i64 = 0;
    fn fold(before: i64, value: i64) -> Option<i64> {
        before.checked_add(value)
    }
}
impl Fold<i64> for Product {
    const START: i64 = 1;
    fn fold(before: i64, value: i64) -> Option<i64> {
        before.checked_mul(value)
    }
}
impl Fold<i64> for Greatest {
    const START: i64 = i64::MIN;
    fn fold(before: i64, value: i64) -> Option<i64> {
        Some(before.max(value))
    }
}
impl Fold<i64> for Least {
    const START: i64 = i64::MAX;
    fn fold(before: i64, value: i64) -> Option<i64> {
        Some(before.min(value))
    }
}
impl Fold<u8> for Greatest {
    const START: u8 = 0;
    fn fold(before: u8, value: u8) -> Option<u8> {
        Some(before | value)
    }
}
impl Fold<u8> for Least {
    const START: u8 = 1;
    fn fold(before: u8, value: u8) -> Option<u8> {
        Some(before & value)
    }
}

/// Sets the results to what folding starts from.
///
/// # Safety
/// The descriptor is valid and `to` has `outer * inner` elements.
pub unsafe extern "C" fn fold_start<T: Copy, F: Fold<T>>(descriptor: *const FoldDescriptor, to: *mut T) {
    // SAFETY: promised by the caller.
    unsafe {
        let FoldDescriptor { outer, inner, .. } = *descriptor;
        std::slice::from_raw_parts_mut(to, outer * inner).fill(F::START);
    }
}

/// Folds elements `start..start + length` of `[outer, n, inner]` into the results; returns 2 where integers overflow.
///
/// # Safety
/// The descriptor is valid, `strip` has `length` elements and `to` has `outer * inner`.
pub unsafe extern "C" fn fold_strip<T: Copy, F: Fold<T>>(
    descriptor: *const FoldDescriptor,
    to: *mut T,
    strip: *const T,
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
            match F::fold(*result, *value) {
                Some(folded) => *result = folded,
                None => return 2,
            }
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

/// `[batch, m, k] × [batch, n, k] → [batch, m, n]` with strides in elements.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct ContractDescriptor {
    /// batch, m, n, k
    pub sizes: [usize; 4],
    /// batch, m, k
    pub left: [isize; 3],
    /// batch, n, k
    pub right: [isize; 3],
}

/// Products and sums in order; returns 2 where integers overflow.
///
/// # Safety
/// The descriptor is valid and fits the buffers; the result overlaps neither operand.
pub unsafe extern "C" fn contract_elements<T: Copy>(
    descriptor: *const ContractDescriptor,
    left: *const T,
    right: *const T,
    to: *mut T,
) -> u8
where
    Sum: Fold<T>,
    Product: Fold<T>,
{
    // SAFETY: promised by the caller.
    unsafe {
        let ContractDescriptor { sizes: [batch, m, n, k], left: l, right: r } = *descriptor;
        for place in 0..batch * m * n {
            let (entry, row, column) = ((place / (m * n)) as isize, (place / n % m) as isize, (place % n) as isize);
            let mut sum = Sum::START;
            for along in 0..k as isize {
                let a = *left.offset(entry * l[0] + row * l[1] + along * l[2]);
                let b = *right.offset(entry * r[0] + column * r[1] + along * r[2]);
                match Product::fold(a, b).and_then(|product| Sum::fold(sum, product)) {
                    Some(next) => sum = next,
                    None => return 2,
                }
            }
            *to.add(place) = sum;
        }
        0
    }
}
