//! Squared distances between the rows of two matrices, `C[i, j] = sum over t of (A[i, t] - B[j, t])^2`, or for each row of
//! `B` the least or the greatest of them alone: then no table of distances is in memory.
//!
//! Each distance is the same sum in order of its terms wherever it is computed, with one rounding for each term, so that
//! neither threads nor the processor level change a bit.

#![allow(clippy::needless_range_loop, reason = "indices of constant range name registers")]

#[cfg(test)]
mod tests;

use super::packing::pack_panel;
use super::product::{Operands, store};
use super::vector::{MOST_LANES, Vector};
use crate::runtime::kernel::PerLevel;
use crate::runtime::threads::{self, Shared};
use std::ops::Range;

/// The vectors of a panel.
const VECTORS: usize = 2;
/// The most rows of `B` in a panel.
const WIDTH: usize = VECTORS * MOST_LANES;
/// The terms of a panel; the most of all where an extreme is sought.
pub const DEPTH: usize = 256;
/// The rows of `A` at once.
const ROWS: usize = 4;
/// The most rows of `A` among which an extreme is sought: their numbers are numbers in single precision.
pub const MOST_ROWS: usize = 1 << 24;
/// The terms that are worth a part of their own.
const LEAST: usize = 1 << 17;
/// Rows are divided by a multiple of these.
const STEP: usize = 64;

/// What is wanted of the distances.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Wanted {
    /// All of them, `[batch, m, n]`.
    All,
    /// The least or greatest of each row of `B`, `[batch, n]`; NaN counts as both.
    Extreme { greatest: bool },
    /// The number of the row of `A` that is nearest or farthest, the first of several; NaN is nearer and farther than numbers.
    Place { greatest: bool },
}

/// The sizes, and strides in elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct DistancesDescriptor {
    /// The number of pairs of matrices.
    pub batch: usize,
    /// The rows of `A`.
    pub m: usize,
    /// The rows of `B`.
    pub n: usize,
    /// The terms of a distance.
    pub k: usize,
    /// Of `A`: from one matrix, row, term to the next.
    pub a: [isize; 3],
    /// Of `B`.
    pub b: [isize; 3],
    /// What is wanted.
    pub wanted: Wanted,
    /// The size of a number: of one in single precision, or in double.
    pub bytes: usize,
}

impl DistancesDescriptor {
    /// The bytes of an element of the result.
    fn result_bytes(&self) -> usize {
        if matches!(self.wanted, Wanted::Place { .. }) { size_of::<i64>() } else { self.bytes }
    }
}

/// Some rows of `A` and of `B` of one pair of matrices.
struct Part {
    rows: Range<usize>,
    columns: Range<usize>,
}

/// Computes the rows and columns of a part, from places of the whole pair of matrices.
type Kernel = unsafe fn(shape: &DistancesDescriptor, part: &Part, c: *mut u8, a: *const u8, b: *const u8);

/// Computes what is wanted of all distances.
///
/// # Safety
/// The pointers are valid for every element that the descriptor names; `c` overlaps neither `a` nor `b`; where an extreme is
/// wanted, `m` and `k` are not zero, `k` is at most [`DEPTH`] and `m` at most [`MOST_ROWS`].
#[inline(never)]
pub unsafe extern "C" fn distances(descriptor: *const DistancesDescriptor, c: *mut u8, a: *const u8, b: *const u8) {
    // SAFETY: promised by the caller; parts write different places of the result.
    let (shape, places) = unsafe { (&*descriptor, Shared::new((c, a, b))) };
    let kernel = versions(shape.bytes).get();
    let items = threads::items(shape.m * shape.n * shape.k, LEAST);
    let by_rows = shape.wanted == Wanted::All && shape.m > shape.n;
    let bytes = shape.bytes as isize;
    let results = if shape.wanted == Wanted::All { shape.m * shape.n } else { shape.n };
    for entry in 0..shape.batch {
        threads::divide(if by_rows { shape.m } else { shape.n }, STEP, items, &|range| {
            let (c, a, b) = places.get();
            let part = match by_rows {
                true => Part { rows: range, columns: 0..shape.n },
                false => Part { rows: 0..shape.m, columns: range },
            };
            // SAFETY: these are the places of the pair.
            unsafe {
                let a = a.offset(entry as isize * shape.a[0] * bytes);
                let b = b.offset(entry as isize * shape.b[0] * bytes);
                kernel(shape, &part, c.add(entry * results * shape.result_bytes()), a, b);
            }
        });
    }
}

fn versions(bytes: usize) -> PerLevel<Kernel> {
    let is_single = bytes == size_of::<f32>();
    #[cfg(target_arch = "x86_64")]
    return match is_single {
        true => PerLevel([baseline::<f32>, levels::avx2_f32, levels::avx512_f32]),
        false => PerLevel([baseline::<f64>, levels::avx2_f64, levels::avx512_f64]),
    };
    #[cfg(not(target_arch = "x86_64"))]
    return if is_single { PerLevel([baseline::<f32>; 3]) } else { PerLevel([baseline::<f64>; 3]) };
}

unsafe fn baseline<T>(shape: &DistancesDescriptor, part: &Part, c: *mut u8, a: *const u8, b: *const u8)
where
    super::vector::Portable<T>: Vector<Number = T>,
{
    // SAFETY: promised by the caller.
    unsafe { panels::<super::vector::Portable<T>>(shape, part, c, a, b) }
}

#[cfg(target_arch = "x86_64")]
mod levels {
    use super::super::vector::{Avx2F32, Avx2F64, Avx512F32, Avx512F64};
    use super::{DistancesDescriptor, Part, panels};

    macro_rules! versions {
        ($($name:ident $vector:ty: $features:literal;)*) => {
            $(
                #[target_feature(enable = $features)]
                pub(super) unsafe fn $name(
                    shape: &DistancesDescriptor,
                    part: &Part,
                    c: *mut u8,
                    a: *const u8,
                    b: *const u8,
                ) {
                    // SAFETY: promised by the caller.
                    unsafe { panels::<$vector>(shape, part, c, a, b) }
                }
            )*
        };
    }

    versions! {
        avx2_f64 Avx2F64: "avx2,fma";
        avx2_f32 Avx2F32: "avx2,fma";
        avx512_f64 Avx512F64: "avx2,fma,avx512f,avx512dq,avx512vl,avx512bw";
        avx512_f32 Avx512F32: "avx2,fma,avx512f,avx512dq,avx512vl,avx512bw";
    }
}

/// The memory of the terms of some rows of `B`, those of one term side by side, in vectors of 64 bytes at most.
#[repr(align(64))]
struct Panel {
    _bytes: [u8; DEPTH * VECTORS * 64],
}

/// Panels of rows of `B`, in each of them blocks of `DEPTH` terms.
///
/// # Safety
/// See [`distances`]; the processor has the vector's level.
#[inline(always)]
unsafe fn panels<V: Vector>(shape: &DistancesDescriptor, part: &Part, c: *mut u8, a: *const u8, b: *const u8) {
    let mut memory = std::mem::MaybeUninit::<Panel>::uninit();
    let packed = memory.as_mut_ptr().cast::<V::Number>();
    let (a, b) = (a.cast::<V::Number>(), b.cast::<V::Number>());
    let width = VECTORS * V::LANES;
    let mut column = part.columns.start;
    while column < part.columns.end {
        let n = (part.columns.end - column).min(width);
        let mut depth = 0;
        while depth < shape.k.max(1) {
            // SAFETY: a panel fits its memory; rows and terms are those of the matrices.
            unsafe {
                let block = Block {
                    a: a.offset(depth as isize * shape.a[2]),
                    steps: (shape.a[1], shape.a[2]),
                    k: (shape.k - depth).min(DEPTH),
                    packed,
                    n,
                };
                pack::<V>(&block, shape, b.offset(column as isize * shape.b[1] + depth as isize * shape.b[2]));
                match shape.wanted {
                    Wanted::All => {
                        let c = c.cast::<V::Number>().add(column);
                        table::<V>(&block, part.rows.clone(), c, shape.n, depth > 0);
                    }
                    Wanted::Extreme { greatest } => {
                        let found = extremes::<V>(&block, shape.m, greatest);
                        std::ptr::copy_nonoverlapping(found.best.as_ptr(), c.cast::<V::Number>().add(column), n);
                    }
                    Wanted::Place { greatest } => {
                        let found = extremes::<V>(&block, shape.m, greatest);
                        std::ptr::copy_nonoverlapping(found.places.as_ptr(), c.cast::<i64>().add(column), n);
                    }
                }
            }
            depth += DEPTH;
        }
        column += n;
    }
}

/// Rows of `A`, and a panel of rows of `B`.
struct Block<T> {
    a: *const T,
    /// From one row of `A` to the next, and from one term.
    steps: (isize, isize),
    k: usize,
    packed: *mut T,
    /// The rows of `B` in the panel.
    n: usize,
}

#[inline(always)]
unsafe fn pack<V: Vector>(block: &Block<V::Number>, shape: &DistancesDescriptor, b: *const V::Number) {
    let width = VECTORS * V::LANES;
    let panel = Operands {
        m: 0,
        k: block.k,
        n: block.n,
        a: block.a,
        a_row: 0,
        a_column: 0,
        b,
        b_row: shape.b[2],
        b_column: shape.b[1],
        c: block.packed,
        c_row: 0,
        accumulate: false,
    };
    // SAFETY: promised by the caller.
    unsafe {
        if block.n < width {
            std::ptr::write_bytes(block.packed, 0, block.k * width);
        }
        pack_panel::<V>(block.packed, width, &panel);
    }
}

/// Distances to a table, whose rows are `row` numbers apart, or added to it.
#[inline(always)]
unsafe fn table<V: Vector>(
    block: &Block<V::Number>,
    mut rows: Range<usize>,
    c: *mut V::Number,
    row: usize,
    adds: bool,
) {
    // SAFETY: promised by the caller.
    unsafe {
        while rows.len() >= ROWS {
            table_rows::<V, ROWS>(block, rows.start, c, row, adds);
            rows.start += ROWS;
        }
        while !rows.is_empty() {
            table_rows::<V, 1>(block, rows.start, c, row, adds);
            rows.start += 1;
        }
    }
}

#[inline(always)]
unsafe fn table_rows<V: Vector, const COUNT: usize>(
    block: &Block<V::Number>,
    first: usize,
    c: *mut V::Number,
    row: usize,
    adds: bool,
) {
    // SAFETY: promised by the caller; only the panel's rows are written.
    unsafe {
        let c = c.add(first * row);
        // A block's terms are summed by themselves, which keeps the rounding of long sums small.
        let sums = terms::<V, COUNT>(block, first, [[V::splat(V::ZERO); VECTORS]; COUNT]);
        for i in 0..COUNT {
            for half in 0..VECTORS {
                store::<V>(sums[i][half], c.add(i * row), half * V::LANES, block.n, adds);
            }
        }
    }
}

/// Sums to which the terms of a block are added: the distances of some rows of `A` from the panel.
#[inline(always)]
unsafe fn terms<V: Vector, const COUNT: usize>(
    block: &Block<V::Number>,
    first: usize,
    mut sums: [[V; VECTORS]; COUNT],
) -> [[V; VECTORS]; COUNT] {
    // SAFETY: promised by the caller.
    unsafe {
        let (row, term) = block.steps;
        let mut a = block.a.offset(first as isize * row);
        let mut b = block.packed.cast_const();
        for _ in 0..block.k {
            let mut panel = [V::splat(V::ZERO); VECTORS];
            for half in 0..VECTORS {
                panel[half] = V::load(b.add(half * V::LANES));
            }
            for i in 0..COUNT {
                let number = V::splat(*a.offset(i as isize * row));
                for half in 0..VECTORS {
                    let difference = number.subtract(panel[half]);
                    sums[i][half] = difference.fma(difference, sums[i][half]);
                }
            }
            a = a.wrapping_offset(term);
            b = b.wrapping_add(VECTORS * V::LANES);
        }
        sums
    }
}

/// The extremes of the rows of a panel.
struct Extremes<T> {
    best: [T; WIDTH],
    /// The rows of `A` at these distances.
    places: [i64; WIDTH],
}

/// The extremes that were found so far.
#[derive(Clone, Copy)]
struct Found<V> {
    best: [V; VECTORS],
    places: [V; VECTORS],
    /// The sums of all distances: NaN where one was.
    sums: [V; VECTORS],
    /// The number of the next row of `A`.
    next: V,
}

/// Of each row of the panel the extreme of its distances from the first `m` rows of `A`, and its place.
#[inline(always)]
unsafe fn extremes<V: Vector>(block: &Block<V::Number>, m: usize, greatest: bool) -> Extremes<V::Number> {
    // SAFETY: promised by the caller.
    unsafe {
        let zero = V::splat(V::ZERO);
        // No distance is less than zero.
        let start = if greatest { zero.subtract(V::splat(V::ONE)) } else { V::splat(V::INFINITE) };
        let mut found = Found { best: [start; VECTORS], places: [zero; VECTORS], sums: [zero; VECTORS], next: zero };
        let mut row = 0;
        while row + ROWS <= m {
            found = compare::<V, ROWS>(block, row, greatest, found);
            row += ROWS;
        }
        if row + 2 <= m {
            found = compare::<V, 2>(block, row, greatest, found);
            row += 2;
        }
        if row < m {
            found = compare::<V, 1>(block, row, greatest, found);
        }
        let mut extremes = Extremes { best: numbers(found.best), places: [0; WIDTH] };
        let (places, sums) = (numbers(found.places), numbers(found.sums));
        for lane in 0..block.n {
            if V::whole(sums[lane]).is_none() {
                extremes.best[lane] = sums[lane];
                extremes.places[lane] = first_nan::<V>(block, m, lane) as i64;
            } else {
                extremes.places[lane] = V::whole(places[lane]).unwrap_or(0);
            }
        }
        extremes
    }
}

#[inline(always)]
unsafe fn compare<V: Vector, const COUNT: usize>(
    block: &Block<V::Number>,
    first: usize,
    greatest: bool,
    mut found: Found<V>,
) -> Found<V> {
    // SAFETY: promised by the caller.
    unsafe {
        let distances = terms::<V, COUNT>(block, first, [[V::splat(V::ZERO); VECTORS]; COUNT]);
        for i in 0..COUNT {
            for half in 0..VECTORS {
                let (distance, best, place) = (distances[i][half], found.best[half], found.places[half]);
                if greatest {
                    found.best[half] = best.where_less(distance, (distance, best));
                    found.places[half] = best.where_less(distance, (found.next, place));
                } else {
                    found.best[half] = distance.where_less(best, (distance, best));
                    found.places[half] = distance.where_less(best, (found.next, place));
                }
                found.sums[half] = found.sums[half].add(distance);
            }
            found.next = found.next.add(V::splat(V::ONE));
        }
        found
    }
}

#[inline(always)]
unsafe fn numbers<V: Vector>(vectors: [V; VECTORS]) -> [V::Number; WIDTH] {
    let mut numbers = [V::ZERO; WIDTH];
    for half in 0..VECTORS {
        // SAFETY: the numbers have a place for each lane.
        unsafe { vectors[half].store(numbers.as_mut_ptr().add(half * V::LANES)) };
    }
    numbers
}

/// The first row of `A` whose distance from a row of the panel is NaN.
#[inline(always)]
unsafe fn first_nan<V: Vector>(block: &Block<V::Number>, m: usize, lane: usize) -> usize {
    let mut row = 0;
    while row < m {
        // SAFETY: promised by the caller.
        let sums = unsafe { numbers(terms::<V, 1>(block, row, [[V::splat(V::ZERO); VECTORS]])[0]) };
        if V::whole(sums[lane]).is_none() {
            break;
        }
        row += 1;
    }
    row
}
