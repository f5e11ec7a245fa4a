//! A vector times a long narrow matrix, and its transpose: the products of models with a few inputs and many examples.
//!
//! The number of terms or columns is known when compiling, so that the loops over examples fill whole registers.

use super::product::Operands;
use super::vector::Vector;

/// The rows that are summed side by side.
const LANES: usize = 8;

/// Computes `C[1, n]` if the matrix has at most four contiguous columns and its shape fits; whether it did.
///
/// # Safety
/// The operands are valid; the processor has the vector's level.
#[inline(always)]
pub(super) unsafe fn narrow<V: Vector>(x: &Operands<V::Number>) -> bool {
    let rows_hold_terms = x.m == 1 && x.b_row == 1 && x.b_column == x.k as isize && x.n > x.k;
    let rows_hold_columns = x.m == 1 && x.a_column == 1 && x.b_column == 1 && x.b_row == x.n as isize && x.k > LANES;
    // SAFETY: the shapes are those that the functions state.
    unsafe {
        match (rows_hold_terms, x.k, rows_hold_columns, x.n) {
            (true, 2, ..) => few_terms::<V, 2>(x),
            (true, 3, ..) => few_terms::<V, 3>(x),
            (true, 4, ..) => few_terms::<V, 4>(x),
            (_, _, true, 2) => few_columns::<V, 2>(x),
            (_, _, true, 3) => few_columns::<V, 3>(x),
            (_, _, true, 4) => few_columns::<V, 4>(x),
            _ => return false,
        }
    }
    true
}

/// `C[i]` is the sum over `K` terms of `A[k]` and row `i` of a matrix whose rows are contiguous.
///
/// # Safety
/// `B` has `n` rows of `K` numbers.
#[inline(always)]
unsafe fn few_terms<V: Vector, const K: usize>(x: &Operands<V::Number>) {
    // SAFETY: rows are below `n` and terms below `K`.
    unsafe {
        let weights: [V::Number; K] = std::array::from_fn(|k| *x.a.offset(k as isize * x.a_column));
        for i in 0..x.n {
            let row = x.b.add(i * K);
            let mut sum = if x.accumulate { *x.c.add(i) } else { V::ZERO };
            for (k, weight) in weights.iter().enumerate() {
                sum = V::fma_number(*weight, *row.add(k), sum);
            }
            *x.c.add(i) = sum;
        }
    }
}

/// `C[j]` is the sum over `k` rows of `A[i]` and column `j` of a matrix of `N` contiguous columns, in [`LANES`] sums.
///
/// # Safety
/// `A` and `B` have `k` contiguous rows.
#[inline(always)]
unsafe fn few_columns<V: Vector, const N: usize>(x: &Operands<V::Number>) {
    let mut sums = [[V::ZERO; LANES]; N];
    let whole = x.k - x.k % LANES;
    // SAFETY: rows are below `k` and columns below `N`.
    unsafe {
        for start in (0..whole).step_by(LANES) {
            for lane in 0..LANES {
                let weight = *x.a.add(start + lane);
                for (j, sum) in sums.iter_mut().enumerate() {
                    sum[lane] = V::fma_number(weight, *x.b.add((start + lane) * N + j), sum[lane]);
                }
            }
        }
        for row in whole..x.k {
            for (j, sum) in sums.iter_mut().enumerate() {
                let lane = row - whole;
                sum[lane] = V::fma_number(*x.a.add(row), *x.b.add(row * N + j), sum[lane]);
            }
        }
        for (j, sum) in sums.iter().enumerate() {
            let total = V::sum_numbers(*sum);
            let place = x.c.add(j);
            *place = if x.accumulate { V::add_numbers(*place, total) } else { total };
        }
    }
}
