//! The kernels of the matrix product over one type of vector.

#![allow(clippy::needless_range_loop, reason = "indices of constant range name registers")]

use std::cell::RefCell;
use std::mem::MaybeUninit;

use super::MatmulShape;
use super::packing::{pack_block, pack_panel};
use super::vector::Vector;
use crate::runtime::guard::{self, Trouble};

/// The rows of a panel of `B` that a tile runs through before the next panel.
const DEPTH: usize = 256;
/// The bytes of a packed panel: `DEPTH` rows of at most four 64-byte vectors.
const PANEL_BYTES: usize = DEPTH * 256;
/// The distance in bytes between rows of `B` from which packing pays even when they are contiguous.
const DISTANT: usize = 1024;

/// The distance in bytes between columns of `A` from which it is copied in blocks.
const FAR: usize = 3500;
/// The bytes of such a block: half of the second cache.
const BLOCK_BYTES: usize = 1 << 19;
/// A multiple of the rows of all tiles.
pub(super) const ROW_STEP: usize = 24;
/// The columns from which a single row is summed in memory, several rows of `B` at a time, as they lie.
pub(super) const WIDE_ROW: usize = 64;

/// The number of terms up to which an inner product of strided operands is summed one number at a time.
const SHORT: usize = 8;

/// The memory of a packed panel.
#[repr(align(64))]
struct Panel {
    _bytes: [u8; PANEL_BYTES],
}

/// [`packed`] compiled for a level.
pub(super) type Packing<T> = unsafe fn(&Operands<T>);

/// One product, or one panel of it.
#[derive(Clone, Copy)]
pub(super) struct Operands<T> {
    pub(super) m: usize,
    pub(super) k: usize,
    pub(super) n: usize,
    pub(super) a: *const T,
    pub(super) a_row: isize,
    pub(super) a_column: isize,
    pub(super) b: *const T,
    pub(super) b_row: isize,
    pub(super) b_column: isize,
    pub(super) c: *mut T,
    pub(super) c_row: usize,
    pub(super) accumulate: bool,
}

impl<T> Operands<T> {
    /// The product of the transposes, for a `C` of one column or one row: it has the same places.
    #[inline(always)]
    const fn transposed(self) -> Self {
        Self {
            m: self.n,
            n: self.m,
            a: self.b,
            a_row: self.b_column,
            a_column: self.b_row,
            b: self.a,
            b_row: self.a_column,
            b_column: self.a_row,
            c_row: self.m,
            ..self
        }
    }
}

/// The batched product.
///
/// # Safety
/// See [`super::matmul_f64`]; the processor has the vector's level.
#[inline(always)]
pub(super) unsafe fn batched<V: Vector>(
    shape: *const MatmulShape,
    c: *mut u8,
    a: *const u8,
    b: *const u8,
    packing: Packing<V::Number>,
) {
    // SAFETY: promised by the caller.
    unsafe {
        let shape = &*shape;
        for index in 0..shape.batch as isize {
            let operands = Operands {
                m: shape.m,
                k: shape.k,
                n: shape.n,
                a: a.cast::<V::Number>().offset(index * shape.a_batch),
                a_row: shape.a_row,
                a_column: shape.a_column,
                b: b.cast::<V::Number>().offset(index * shape.b_batch),
                b_row: shape.b_row,
                b_column: shape.b_column,
                c: c.cast::<V::Number>().offset(index * shape.c_batch),
                c_row: shape.c_row,
                accumulate: shape.accumulate != 0,
            };
            product::<V>(operands, packing);
        }
    }
}

/// Chooses by the shape: inner products for matrix times vector with contiguous rows, tiles otherwise.
#[inline(always)]
unsafe fn product<V: Vector>(mut x: Operands<V::Number>, packing: Packing<V::Number>) {
    if x.n == 1 && x.m != 1 && x.c_row == 1 {
        x = x.transposed();
    }
    if x.m == 0 || x.n == 0 {
        return;
    }
    // SAFETY: the operands are valid.
    unsafe {
        if super::narrow::narrow::<V>(&x) {
        } else if x.m == 1 && x.k <= SHORT && x.b_column != 1 {
            short_products::<V>(x);
        } else if x.m == 1 && x.a_column == 1 && x.b_row == 1 && (x.b_column != 1 || x.n == 1) {
            inner_products::<V>(x);
        } else if x.m == 1 && x.b_column == 1 && x.n >= WIDE_ROW {
            wide_row::<V>(&x);
        } else if x.b_column != 1
            || (x.m > 32 && x.b_row.unsigned_abs() * size_of::<V::Number>() >= DISTANT)
            || is_far::<V>(&x)
        {
            // Opaque, so that its large frame stays out of this one, whose every page would be touched on entry.
            std::hint::black_box(packing)(&x);
        } else {
            panels::<V>(&x, None);
        }
    }
}

/// A row `A` times each column of `B`, for few terms and strided columns: one number at a time.
#[inline(always)]
unsafe fn short_products<V: Vector>(x: Operands<V::Number>) {
    // SAFETY: columns are below `n`, and indices along `k` below `k`.
    unsafe {
        let mut b = x.b;
        for column in 0..x.n {
            let place = x.c.add(column);
            let mut sum = if x.accumulate { *place } else { V::ZERO };
            for k in 0..x.k as isize {
                sum = V::fma_number(*x.a.offset(k * x.a_column), *b.offset(k * x.b_row), sum);
            }
            *place = sum;
            b = b.wrapping_offset(x.b_column);
        }
    }
}

/// A long row of `C`, to which rows of `B` are added, eight at a time.
#[inline(always)]
unsafe fn wide_row<V: Vector>(x: &Operands<V::Number>) {
    const ROWS: usize = 8;
    // SAFETY: terms are below `k`.
    unsafe {
        let first = x.k % ROWS;
        row_terms::<V>(x, first, x.accumulate);
        for k in (first..x.k).step_by(ROWS) {
            let k = k as isize;
            let a: [V; ROWS] = std::array::from_fn(|i| V::splat(*x.a.offset((k + i as isize) * x.a_column)));
            let b: [*const V::Number; ROWS] = std::array::from_fn(|i| x.b.offset((k + i as isize) * x.b_row));
            for column in (0..x.n).step_by(V::LANES) {
                let mut sum = load::<V>(x.c, column, x.n);
                for i in 0..ROWS {
                    sum = a[i].fma(load::<V>(b[i], column, x.n), sum);
                }
                store::<V>(sum, x.c, column, x.n, false);
            }
        }
    }
}

/// The first few terms of a long row.
#[inline(always)]
unsafe fn row_terms<V: Vector>(x: &Operands<V::Number>, terms: usize, accumulate: bool) {
    // SAFETY: terms are below `k`.
    unsafe {
        for column in (0..x.n).step_by(V::LANES) {
            let mut sum = if accumulate { load::<V>(x.c, column, x.n) } else { V::splat(V::ZERO) };
            for k in 0..terms as isize {
                let factor = V::splat(*x.a.offset(k * x.a_column));
                sum = factor.fma(load::<V>(x.b.offset(k * x.b_row), column, x.n), sum);
            }
            store::<V>(sum, x.c, column, x.n, false);
        }
    }
}

/// A row `A` times each column of `B`, both contiguous along `k`; four columns at a time share the loads of `A`.
#[inline(always)]
unsafe fn inner_products<V: Vector>(x: Operands<V::Number>) {
    // SAFETY: columns are below `n`.
    unsafe {
        let mut column = 0;
        while column + 4 <= x.n {
            inner_columns::<V, 4>(x, column);
            column += 4;
        }
        while column < x.n {
            inner_columns::<V, 1>(x, column);
            column += 1;
        }
    }
}

#[inline(always)]
unsafe fn inner_columns<V: Vector, const COLUMNS: usize>(x: Operands<V::Number>, column: usize) {
    // SAFETY: indices along `k` stay below `k`.
    unsafe {
        let b: [*const V::Number; COLUMNS] = std::array::from_fn(|i| x.b.offset((column + i) as isize * x.b_column));
        let mut sums = [[V::splat(V::ZERO); 2]; COLUMNS];
        let mut k = 0;
        while k + 2 * V::LANES <= x.k {
            for half in 0..2 {
                let place = k + half * V::LANES;
                let a = V::load(x.a.add(place));
                for i in 0..COLUMNS {
                    sums[i][half] = a.fma(V::load(b[i].add(place)), sums[i][half]);
                }
            }
            k += 2 * V::LANES;
        }
        while k < x.k {
            let count = (x.k - k).min(V::LANES);
            let a = V::load_part(x.a.add(k), count);
            for i in 0..COLUMNS {
                sums[i][0] = a.fma(V::load_part(b[i].add(k), count), sums[i][0]);
            }
            k += count;
        }
        for i in 0..COLUMNS {
            let place = x.c.add(column + i);
            let sum = V::splat(sums[i][0].add(sums[i][1]).sum());
            let start = V::load_part(place, usize::from(x.accumulate));
            start.add(sum).store_part(place, 1);
        }
    }
}

/// The whole product by packed panels. Its frame holds the buffer, so it must not be inlined into the other paths.
///
/// # Safety
/// The operands are valid; the processor has the vector's level.
#[inline(always)]
pub(super) unsafe fn packed<V: Vector>(x: &Operands<V::Number>) {
    let mut buffer = MaybeUninit::<Panel>::uninit();
    let panel = buffer.as_mut_ptr().cast();
    // SAFETY: the buffer holds any panel.
    unsafe {
        if is_far::<V>(x) {
            blocks::<V>(x, panel);
        } else {
            panels::<V>(x, Some(panel));
        }
    }
}

/// Whether a tile would fetch every column of `A` from a page of its own, so that `A` is better copied.
fn is_far<V: Vector>(x: &Operands<V::Number>) -> bool {
    let far = x.a_column.unsigned_abs() * size_of::<V::Number>() >= FAR;
    far && x.k > 0 && x.a_row.abs() < x.a_column.abs() && x.m > 32 && x.n >= 2 * WIDE_ROW
}

thread_local! {
    /// The memory of a block of `A`, made when a product first needs it.
    static BLOCK: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// The memory of a block; `None` where there is not so much.
fn block_memory(memory: &mut Vec<u64>) -> Option<*mut u64> {
    let words = BLOCK_BYTES / size_of::<u64>();
    memory.try_reserve_exact(words.saturating_sub(memory.len())).ok()?;
    memory.resize(words, 0);
    Some(memory.as_mut_ptr())
}

/// The product by copied blocks of `A`.
#[inline(always)]
unsafe fn blocks<V: Vector>(x: &Operands<V::Number>, panel: *mut V::Number) {
    let mut own = Vec::new();
    // A thread that ends has no memory to keep any more: the destructor of another value may call.
    let packed = BLOCK.try_with(|kept| block_memory(&mut kept.borrow_mut())).unwrap_or_else(|_| block_memory(&mut own));
    let Some(packed) = packed.map(|memory| memory.cast::<V::Number>()) else {
        return guard::note(Trouble::Memory(BLOCK_BYTES));
    };
    let most = BLOCK_BYTES / size_of::<V::Number>() / DEPTH / ROW_STEP * ROW_STEP;
    for depth in (0..x.k).step_by(DEPTH) {
        for row in (0..x.m).step_by(most) {
            // SAFETY: blocks lie within the operands, and a copied block within the memory, which no other code of this
            // thread uses before the return.
            unsafe {
                let mut block = Operands {
                    m: (x.m - row).min(most),
                    k: (x.k - depth).min(DEPTH),
                    a: x.a.offset(row as isize * x.a_row + depth as isize * x.a_column),
                    b: x.b.offset(depth as isize * x.b_row),
                    c: x.c.add(row * x.c_row),
                    accumulate: x.accumulate || depth > 0,
                    ..*x
                };
                (block.a_row, block.a_column) = pack_block::<V>(packed, &block);
                block.a = packed;
                panels::<V>(&block, Some(panel));
            }
        }
    }
}

/// Panels of columns, in each of them blocks of `DEPTH` rows of `B`, copied to `packed` if it is there.
#[inline(always)]
unsafe fn panels<V: Vector>(x: &Operands<V::Number>, packed: Option<*mut V::Number>) {
    // SAFETY: panels lie within the operands, and a packed panel within the buffer.
    unsafe {
        let mut column = 0;
        while column < x.n {
            let vectors = (x.n - column).div_ceil(V::LANES).min(if V::WIDE { 4 } else { 2 });
            let width = vectors * V::LANES;
            let n = (x.n - column).min(width);
            let mut depth = 0;
            loop {
                let k = (x.k - depth).min(DEPTH);
                let mut panel = Operands {
                    k,
                    n,
                    a: x.a.offset(depth as isize * x.a_column),
                    b: x.b.offset(depth as isize * x.b_row + column as isize * x.b_column),
                    c: x.c.add(column),
                    accumulate: x.accumulate || depth > 0,
                    ..*x
                };
                if let Some(packed) = packed {
                    pack_panel::<V>(packed, width, &panel);
                    panel.b = packed;
                    panel.b_row = width as isize;
                }
                match vectors {
                    1 => rows::<V, 12, 1>(panel),
                    2 if V::WIDE => rows::<V, 12, 2>(panel),
                    2 => rows::<V, 6, 2>(panel),
                    3 => rows::<V, 8, 3>(panel),
                    _ => rows::<V, 6, 4>(panel),
                }
                depth += k;
                if depth == x.k {
                    break;
                }
            }
            column += n;
        }
    }
}

/// All rows of a panel, in tiles of `ROWS`, then of fewer.
#[inline(always)]
unsafe fn rows<V: Vector, const ROWS: usize, const VECTORS: usize>(mut x: Operands<V::Number>) {
    // SAFETY: tiles lie within the panel.
    unsafe {
        while x.m >= ROWS {
            tile::<V, ROWS, VECTORS>(&x);
            skip(&mut x, ROWS);
        }
        while x.m >= 4 {
            tile::<V, 4, VECTORS>(&x);
            skip(&mut x, 4);
        }
        if x.m >= 2 {
            tile::<V, 2, VECTORS>(&x);
            skip(&mut x, 2);
        }
        if x.m == 1 {
            single_row::<V, VECTORS>(&x);
        }
    }
}

#[inline(always)]
unsafe fn skip<T>(x: &mut Operands<T>, rows: usize) {
    // SAFETY: the panel has at least so many rows.
    unsafe {
        x.a = x.a.offset(rows as isize * x.a_row);
        x.c = x.c.add(rows * x.c_row);
    }
    x.m -= rows;
}

/// A vector of a row from a column on, whole or the part that there is of `n` columns.
///
/// # Safety
/// The row has `n` numbers; the processor has the vector's level.
#[inline(always)]
pub(super) unsafe fn load<V: Vector>(row: *const V::Number, start: usize, n: usize) -> V {
    // SAFETY: only numbers below `n` are read.
    unsafe {
        if start + V::LANES <= n {
            V::load(row.add(start))
        } else {
            V::load_part(row.wrapping_add(start), n.saturating_sub(start))
        }
    }
}

/// Writes such a vector, or adds it.
///
/// # Safety
/// As of [`load`].
#[inline(always)]
pub(super) unsafe fn store<V: Vector>(sum: V, row: *mut V::Number, start: usize, n: usize, accumulate: bool) {
    // SAFETY: only numbers below `n` are read and written.
    unsafe {
        let sum = if accumulate { load::<V>(row, start, n).add(sum) } else { sum };
        if start + V::LANES <= n {
            sum.store(row.add(start));
        } else {
            sum.store_part(row.wrapping_add(start), n.saturating_sub(start));
        }
    }
}

/// A tile of `C`, held in registers while `k` runs; a panel of full width needs no masks.
#[inline(always)]
unsafe fn tile<V: Vector, const ROWS: usize, const VECTORS: usize>(x: &Operands<V::Number>) {
    // SAFETY: the tile lies within the panel.
    unsafe {
        if x.n == VECTORS * V::LANES {
            tile_of_width::<V, ROWS, VECTORS>(x, VECTORS * V::LANES);
        } else {
            tile_of_width::<V, ROWS, VECTORS>(x, x.n);
        }
    }
}

#[inline(always)]
unsafe fn tile_of_width<V: Vector, const ROWS: usize, const VECTORS: usize>(x: &Operands<V::Number>, n: usize) {
    // SAFETY: the tile lies within the panel.
    unsafe {
        let mut sums = [[V::splat(V::ZERO); VECTORS]; ROWS];
        let mut a = x.a;
        let mut b = x.b;
        for _ in 0..x.k {
            let mut row = [V::splat(V::ZERO); VECTORS];
            for j in 0..VECTORS {
                row[j] = load::<V>(b, j * V::LANES, n);
            }
            for i in 0..ROWS {
                let factor = V::splat(*a.offset(i as isize * x.a_row));
                for j in 0..VECTORS {
                    sums[i][j] = factor.fma(row[j], sums[i][j]);
                }
            }
            a = a.wrapping_offset(x.a_column);
            b = b.wrapping_offset(x.b_row);
        }
        for i in 0..ROWS {
            for j in 0..VECTORS {
                store::<V>(sums[i][j], x.c.add(i * x.c_row), j * V::LANES, n, x.accumulate);
            }
        }
    }
}

/// One row of `C`: four sums over interleaved `k`, so that one addition need not wait for the last.
#[inline(always)]
unsafe fn single_row<V: Vector, const VECTORS: usize>(x: &Operands<V::Number>) {
    const STREAMS: usize = 4;
    // SAFETY: the row lies within the panel.
    unsafe {
        let mut sums = [[V::splat(V::ZERO); VECTORS]; STREAMS];
        let mut k = 0;
        while k + STREAMS <= x.k {
            for stream in 0..STREAMS {
                let index = (k + stream) as isize;
                let factor = V::splat(*x.a.offset(index * x.a_column));
                for j in 0..VECTORS {
                    let b = load::<V>(x.b.offset(index * x.b_row), j * V::LANES, x.n);
                    sums[stream][j] = factor.fma(b, sums[stream][j]);
                }
            }
            k += STREAMS;
        }
        while k < x.k {
            let factor = V::splat(*x.a.offset(k as isize * x.a_column));
            for j in 0..VECTORS {
                let b = load::<V>(x.b.offset(k as isize * x.b_row), j * V::LANES, x.n);
                sums[0][j] = factor.fma(b, sums[0][j]);
            }
            k += 1;
        }
        for j in 0..VECTORS {
            let sum = sums[0][j].add(sums[2][j]).add(sums[1][j].add(sums[3][j]));
            store::<V>(sum, x.c, j * V::LANES, x.n, x.accumulate);
        }
    }
}
