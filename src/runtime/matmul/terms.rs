//! Products whose terms lie at any places, such as those of a convolution: the places are known in advance, and a tile of
//! `C` stays in registers while all terms run.

use super::MatmulShape;
use super::looped::ProductLoop;
use super::product::{load, store};
use super::vector::Vector;
use crate::runtime::kernel::PerLevel;

/// Products of more terms than this in one step are as good one after another.
const LONG: usize = 64;
/// The most terms of a list.
const MOST: usize = 1 << 12;

/// Where a term lies, from the first: in `A` and in `B`, in elements.
pub(super) type Term = [isize; 2];

/// [`batched`] for a level.
pub(super) type TermsProduct =
    unsafe extern "C" fn(shape: *const MatmulShape, terms: *const Term, c: *mut u8, a: *const u8, b: *const u8);

/// The terms of a product and of the loops that sum, outermost first; none where the loops are better run.
pub(super) fn terms(shape: &MatmulShape, bytes: usize, sums: &[ProductLoop]) -> Option<Vec<Term>> {
    let count = sums.iter().map(|each| each.count).try_fold(shape.k, usize::checked_mul)?;
    let fits = !sums.is_empty() && shape.b_column == 1 && shape.m > 1 && shape.k <= LONG && count <= MOST;
    if !fits {
        return None;
    }
    let bytes = bytes as isize;
    let mut terms = vec![[0, 0]];
    let own = (shape.k, shape.a_column, shape.b_row);
    let steps = sums.iter().map(|each| (each.count, each.a / bytes, each.b / bytes)).chain([own]);
    for (count, a, b) in steps {
        let places = |[start_a, start_b]: Term| (0..count as isize).map(move |at| [start_a + at * a, start_b + at * b]);
        terms = terms.into_iter().flat_map(places).collect();
    }
    Some(terms)
}

/// The products of a batch, each over `k` terms of the list.
///
/// # Safety
/// As of [`super::matmul_f64`], for all terms; the processor has the vector's level.
#[inline(always)]
unsafe fn batched<V: Vector>(shape: *const MatmulShape, terms: *const Term, c: *mut u8, a: *const u8, b: *const u8) {
    // SAFETY: promised by the caller; rows are below `m` and columns below `n`.
    unsafe {
        let shape = &*shape;
        let terms = std::slice::from_raw_parts(terms, shape.k);
        for index in 0..shape.batch as isize {
            let c = c.cast::<V::Number>().offset(index * shape.c_batch);
            let a = a.cast::<V::Number>().offset(index * shape.a_batch);
            let b = b.cast::<V::Number>().offset(index * shape.b_batch);
            let mut column = 0;
            while column < shape.n {
                let vectors = (shape.n - column).div_ceil(V::LANES).min(if V::WIDE { 4 } else { 2 });
                let n = (shape.n - column).min(vectors * V::LANES);
                let panel = Panel { shape, terms, n, c: c.add(column), a, b: b.add(column) };
                match vectors {
                    1 => rows::<V, 12, 1>(&panel),
                    2 if V::WIDE => rows::<V, 12, 2>(&panel),
                    2 => rows::<V, 6, 2>(&panel),
                    3 => rows::<V, 8, 3>(&panel),
                    _ => rows::<V, 6, 4>(&panel),
                }
                column += n;
            }
        }
    }
}

/// Some columns of a product.
struct Panel<'p, T> {
    shape: &'p MatmulShape,
    terms: &'p [Term],
    n: usize,
    c: *mut T,
    a: *const T,
    b: *const T,
}

/// All rows, in tiles of `ROWS`, then of fewer.
#[inline(always)]
unsafe fn rows<V: Vector, const ROWS: usize, const VECTORS: usize>(panel: &Panel<V::Number>) {
    let mut row = 0;
    // SAFETY: tiles lie within the panel.
    unsafe {
        while panel.shape.m - row >= ROWS {
            tile::<V, ROWS, VECTORS>(panel, row);
            row += ROWS;
        }
        while panel.shape.m - row >= 4 {
            tile::<V, 4, VECTORS>(panel, row);
            row += 4;
        }
        while panel.shape.m - row >= 1 {
            tile::<V, 1, VECTORS>(panel, row);
            row += 1;
        }
    }
}

#[inline(always)]
unsafe fn tile<V: Vector, const ROWS: usize, const VECTORS: usize>(panel: &Panel<V::Number>, row: usize) {
    // SAFETY: the tile lies within the panel.
    unsafe {
        if panel.n == VECTORS * V::LANES {
            tile_of_width::<V, ROWS, VECTORS>(panel, row, VECTORS * V::LANES);
        } else {
            tile_of_width::<V, ROWS, VECTORS>(panel, row, panel.n);
        }
    }
}

#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "indices of constant range name registers")]
unsafe fn tile_of_width<V: Vector, const ROWS: usize, const VECTORS: usize>(
    panel: &Panel<V::Number>,
    row: usize,
    n: usize,
) {
    let a_row = panel.shape.a_row;
    // SAFETY: rows of the tile are below `m` and its columns below `n`; the list has places of terms.
    unsafe {
        let mut sums = [[V::splat(V::ZERO); VECTORS]; ROWS];
        let first = panel.a.offset(row as isize * a_row);
        for [in_a, in_b] in panel.terms {
            let (a, b) = (first.offset(*in_a), panel.b.offset(*in_b));
            let mut values = [V::splat(V::ZERO); VECTORS];
            for j in 0..VECTORS {
                values[j] = load::<V>(b, j * V::LANES, n);
            }
            for i in 0..ROWS {
                let factor = V::splat(*a.offset(i as isize * a_row));
                for j in 0..VECTORS {
                    sums[i][j] = factor.fma(values[j], sums[i][j]);
                }
            }
        }
        for i in 0..ROWS {
            let to = panel.c.add((row + i) * panel.shape.c_row);
            for j in 0..VECTORS {
                store::<V>(sums[i][j], to, j * V::LANES, n, panel.shape.accumulate != 0);
            }
        }
    }
}

macro_rules! versions {
    ($($name:ident $vector:ty $(: $features:literal)?;)*) => {
        $(
            $(#[target_feature(enable = $features)])?
            unsafe extern "C" fn $name(
                shape: *const MatmulShape,
                terms: *const Term,
                c: *mut u8,
                a: *const u8,
                b: *const u8,
            ) {
                // SAFETY: promised by the caller.
                unsafe { batched::<$vector>(shape, terms, c, a, b) }
            }
        )*
    };
}

versions! {
    baseline_f32 super::vector::Portable<f32>;
    baseline_f64 super::vector::Portable<f64>;
}

#[cfg(target_arch = "x86_64")]
versions! {
    avx2_f64 super::vector::Avx2F64: "avx2,fma";
    avx2_f32 super::vector::Avx2F32: "avx2,fma";
    avx512_f64 super::vector::Avx512F64: "avx2,fma,avx512f,avx512dq,avx512vl,avx512bw";
    avx512_f32 super::vector::Avx512F32: "avx2,fma,avx512f,avx512dq,avx512vl,avx512bw";
}

/// The versions for real numbers of so many bytes.
pub(super) fn versions(bytes: usize) -> PerLevel<TermsProduct> {
    #[cfg(target_arch = "x86_64")]
    return match bytes {
        4 => PerLevel([baseline_f32, avx2_f32, avx512_f32]),
        _ => PerLevel([baseline_f64, avx2_f64, avx512_f64]),
    };
    #[cfg(not(target_arch = "x86_64"))]
    return PerLevel([if bytes == 4 { baseline_f32 } else { baseline_f64 }; 3]);
}
