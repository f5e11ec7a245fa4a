//! Triangular factors: Cholesky's, and elimination with partial or complete pivoting. Matrices are row-major.

use crate::runtime::math::double;

/// How a triangle is read.
#[derive(Clone, Copy)]
pub struct Triangle {
    /// The upper one, else the lower.
    pub upper: bool,
    /// Rows and columns exchanged.
    pub transposed: bool,
    /// With ones on the diagonal, whatever is stored there.
    pub unit: bool,
}

/// The sum of products, in eight interleaved partial sums.
fn dot(left: &[f64], right: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (left_strips, right_strips) = (left.chunks_exact(8), right.chunks_exact(8));
    let rest: f64 = left_strips.remainder().iter().zip(right_strips.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in left_strips.zip(right_strips) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + b) + (c + d)) + ((e + f) + (g + h)) + rest
}

/// `row -= factor * other`
#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "a zip is a call here, which rows as short as these feel")]
fn subtract_multiple(row: &mut [f64], factor: f64, other: &[f64]) {
    let other = &other[..row.len()];
    for place in 0..row.len() {
        row[place] -= factor * other[place];
    }
}

/// Two rows of `width` entries, the first to be changed.
#[inline(always)]
fn two_rows(matrix: &mut [f64], width: usize, changed: usize, read: usize) -> (&mut [f64], &[f64]) {
    if changed < read {
        let (before, from) = matrix.split_at_mut(read * width);
        (&mut before[changed * width..][..width], &from[..width])
    } else {
        let (before, from) = matrix.split_at_mut(changed * width);
        (&mut from[..width], &before[read * width..][..width])
    }
}

fn swap_rows(matrix: &mut [f64], width: usize, one: usize, other: usize) {
    if one != other {
        let (low, high) = (one.min(other), one.max(other));
        let (before, from) = matrix.split_at_mut(high * width);
        before[low * width..][..width].swap_with_slice(&mut from[..width]);
    }
}

/// Replaces a symmetric matrix by its lower factor; false where it is not positive definite.
pub fn cholesky(matrix: &mut [f64], n: usize) -> bool {
    for row in 0..n {
        let (done, from) = matrix.split_at_mut(row * n);
        let own = &mut from[..n];
        for column in 0..row {
            let other = &done[column * n..][..n];
            own[column] = (own[column] - dot(&own[..column], &other[..column])) / other[column];
        }
        let square = own[row] - dot(&own[..row], &own[..row]);
        // Not for a NaN either.
        if !(square > 0.0 && square.is_finite()) {
            return false;
        }
        own[row] = square.sqrt();
        own[row + 1..].fill(0.0);
    }
    true
}

/// Replaces right-hand sides `[n, k]` by the solutions of `op(T) X = B`; false where the diagonal has a zero.
pub fn substitute(triangle: &[f64], n: usize, read: Triangle, right: &mut [f64]) -> bool {
    let width = right.len().checked_div(n).unwrap_or(0);
    let entry = |row: usize, column: usize| {
        if read.transposed { triangle[column * n + row] } else { triangle[row * n + column] }
    };
    let forwards = read.upper == read.transposed;
    for step in 0..n {
        let row = if forwards { step } else { n - 1 - step };
        for before in 0..step {
            let column = if forwards { before } else { n - 1 - before };
            let (own, other) = two_rows(right, width, row, column);
            subtract_multiple(own, entry(row, column), other);
        }
        let diagonal = entry(row, row);
        if !read.unit {
            if diagonal == 0.0 {
                return false;
            }
            right[row * width..][..width].iter_mut().for_each(|value| *value /= diagonal);
        }
    }
    true
}

/// Gaussian elimination with row exchanges, of which `exchange` is told: the multipliers stand below the diagonal, the
/// upper factor on and above it. Whether the exchanges were odd in number. A column without a pivot is left as it is,
/// with a zero on the diagonal.
pub fn eliminate(matrix: &mut [f64], n: usize, mut exchange: impl FnMut(usize, usize)) -> bool {
    let mut odd = false;
    for step in 0..n {
        let magnitude = |row: usize| matrix[row * n + step].abs();
        let pivot = (step + 1..n).fold(step, |best, row| if magnitude(row) > magnitude(best) { row } else { best });
        swap_rows(matrix, n, step, pivot);
        exchange(step, pivot);
        odd ^= pivot != step;
        clear_below(matrix, n, step);
    }
    odd
}

/// One step of elimination: multiples of the pivot's row are taken from the rows below.
fn clear_below(matrix: &mut [f64], n: usize, step: usize) {
    let pivot = matrix[step * n + step];
    if pivot == 0.0 {
        return;
    }
    for row in step + 1..n {
        let (own, other) = two_rows(matrix, n, row, step);
        let factor = own[step] / pivot;
        own[step] = factor;
        subtract_multiple(&mut own[step + 1..], factor, &other[step + 1..]);
    }
}

/// Replaces right-hand sides by the solutions of `A X = B`; false for a singular matrix.
pub fn solve(matrix: &mut [f64], n: usize, right: &mut [f64]) -> bool {
    let width = right.len().checked_div(n).unwrap_or(0);
    eliminate(matrix, n, |step, pivot| swap_rows(right, width, step, pivot));
    substitute(matrix, n, Triangle { upper: false, transposed: false, unit: true }, right)
        && substitute(matrix, n, Triangle { upper: true, transposed: false, unit: false }, right)
}

/// Replaces right-hand sides by the solutions of `A X = B` or `A' X = B`, given the factors of `A` and the row that was
/// exchanged in each step; false for a singular matrix.
pub fn solve_factored(factors: &[f64], exchanges: &[f64], transposed: bool, right: &mut [f64]) -> bool {
    let n = exchanges.len();
    let width = right.len().checked_div(n).unwrap_or(0);
    let lower = Triangle { upper: false, transposed, unit: true };
    let upper = Triangle { upper: true, transposed, unit: false };
    if !transposed {
        exchanges.iter().enumerate().for_each(|(step, pivot)| swap_rows(right, width, step, *pivot as usize));
        return substitute(factors, n, lower, right) && substitute(factors, n, upper, right);
    }
    let solved = substitute(factors, n, upper, right) && substitute(factors, n, lower, right);
    exchanges.iter().enumerate().rev().for_each(|(step, pivot)| swap_rows(right, width, step, *pivot as usize));
    solved
}

/// The product of pivots, negated if `odd`.
pub fn product(pivots: impl Iterator<Item = f64>, odd: bool) -> f64 {
    let start = if odd { -1.0 } else { 1.0 };
    pivots.fold(start, |product, pivot| product * pivot)
}

/// The logarithm of the absolute value of the product of pivots.
pub fn log_product(pivots: impl Iterator<Item = f64>) -> f64 {
    pivots.map(|pivot| double::log(pivot.abs())).sum()
}

/// The sign of the product of pivots; NaN if one is.
pub fn sign(pivots: impl Iterator<Item = f64>, odd: bool) -> f64 {
    product(pivots.map(|pivot| if pivot == 0.0 || pivot.is_nan() { pivot } else { pivot.signum() }), odd)
}

/// The cofactors of a matrix, which is overwritten; `work` has `3 n` entries.
///
/// Elimination with complete pivoting gives `A = P' L D U Q'` with unit triangular `L` and `U`, well conditioned even
/// where `A` is singular: all of that is in the diagonal `D`, whose adjugate needs no division. Then
/// `adj(A) = det(P) det(Q) Q U^-1 adj(D) L^-1 P`, and the cofactors are its transpose.
pub fn cofactors(matrix: &mut [f64], n: usize, result: &mut [f64], work: &mut [f64]) {
    let (columns, rest) = work.split_at_mut(n);
    let (others, rows) = rest.split_at_mut(n);
    let odd = eliminate_completely(matrix, n, rows, columns);
    products_of_others(matrix, n, others);
    invert_unit_lower(matrix, n, result);
    for (place, other) in others.iter().enumerate() {
        let scale = if odd { -other } else { *other };
        result[place * n..][..n].iter_mut().for_each(|value| *value *= scale);
    }
    scale_upper_rows(matrix, n);
    substitute(matrix, n, Triangle { upper: true, transposed: false, unit: true }, result);
    // P and Q: what was computed at place `(i, j)` is the adjugate's entry in row `columns[i]` and column `rows[j]`, and the
    // cofactors are the transpose.
    matrix.copy_from_slice(result);
    for (place, column) in columns.iter().enumerate() {
        for (entry, row) in matrix[place * n..][..n].iter().zip(&*rows) {
            result[*row as usize * n + *column as usize] = *entry;
        }
    }
}

/// The inverse of the unit lower triangle that stands below the diagonal: row `i` ends with its place `i`.
fn invert_unit_lower(triangle: &[f64], n: usize, result: &mut [f64]) {
    result.fill(0.0);
    for row in 0..n {
        for column in 0..row {
            let (own, other) = two_rows(result, n, row, column);
            subtract_multiple(&mut own[..=column], triangle[row * n + column], &other[..=column]);
        }
        result[row * n + row] = 1.0;
    }
}

/// Row and column of the first entry of the greatest magnitude at or behind a step of elimination; the first of all if that
/// is NaN.
fn greatest_entry(matrix: &[f64], n: usize, step: usize) -> (usize, usize) {
    let first = matrix[step * n + step].abs();
    if first.is_nan() {
        return (step, step);
    }
    // Several at once, to be vectorised.
    let mut greatest = [first; 8];
    for row in step..n {
        for entries in matrix[row * n + step..(row + 1) * n].chunks(greatest.len()) {
            for (lane, entry) in entries.iter().enumerate() {
                greatest[lane] = if entry.abs() > greatest[lane] { entry.abs() } else { greatest[lane] };
            }
        }
    }
    let greatest = greatest.into_iter().fold(first, f64::max);
    let place = |row: usize| matrix[row * n + step..(row + 1) * n].iter().position(|entry| entry.abs() == greatest);
    (step..n).find_map(|row| place(row).map(|column| (row, step + column))).unwrap_or((step, step))
}

/// Elimination with row and column exchanges, which are recorded: place `i` holds what stood in row `rows[i]` and
/// column `columns[i]`. Whether they were odd in number.
fn eliminate_completely(matrix: &mut [f64], n: usize, rows: &mut [f64], columns: &mut [f64]) -> bool {
    for order in [&mut *rows, &mut *columns] {
        order.iter_mut().enumerate().for_each(|(place, entry)| *entry = place as f64);
    }
    let mut odd = false;
    for step in 0..n {
        let (row, column) = greatest_entry(matrix, n, step);
        swap_rows(matrix, n, step, row);
        rows.swap(step, row);
        columns.swap(step, column);
        if column != step {
            (0..n).for_each(|each| matrix.swap(each * n + step, each * n + column));
        }
        odd ^= (row != step) != (column != step);
        clear_below(matrix, n, step);
    }
    odd
}

/// For each pivot the product of all others.
fn products_of_others(matrix: &[f64], n: usize, others: &mut [f64]) {
    let mut before = 1.0;
    for (place, other) in others.iter_mut().enumerate() {
        *other = before;
        before *= matrix[place * n + place];
    }
    let mut behind = 1.0;
    for (place, other) in others.iter_mut().enumerate().rev() {
        *other *= behind;
        behind *= matrix[place * n + place];
    }
}

/// Divides the entries right of each pivot by it. Behind a pivot of zero there are only zeros.
fn scale_upper_rows(matrix: &mut [f64], n: usize) {
    for row in 0..n {
        let own = &mut matrix[row * n..][..n];
        let pivot = own[row];
        if pivot != 0.0 {
            own[row + 1..].iter_mut().for_each(|entry| *entry /= pivot);
        }
    }
}
