//! Copies of parts of the operands, in the order in which tiles read them.

use super::product::Operands;
use super::vector::{MOST_LANES, Vector};

/// Copies a panel of `B` into rows of `width` numbers, a multiple of the lanes. Numbers beyond the panel's columns are
/// left as they are, or become zeros.
///
/// # Safety
/// The panel is valid, and `packed` has `k` rows of `width`.
#[inline(always)]
pub(super) unsafe fn pack_panel<V: Vector>(packed: *mut V::Number, width: usize, panel: &Operands<V::Number>) {
    // SAFETY: rows are below `k` and columns below `n`.
    unsafe {
        if panel.b_column == 1 {
            for k in 0..panel.k {
                copy::<V>(packed.add(k * width), panel.b.offset(k as isize * panel.b_row), panel.n);
            }
        } else if panel.b_row == 1 {
            for column in (0..panel.n).step_by(V::LANES) {
                transpose_columns::<V>(packed.add(column), width, panel, column);
            }
        } else {
            for j in 0..panel.n {
                let source = panel.b.offset(j as isize * panel.b_column);
                for k in 0..panel.k {
                    *packed.add(k * width + j) = *source.offset(k as isize * panel.b_row);
                }
            }
        }
    }
}

/// Copies columns of `B` that are contiguous along `k`, as many as there are lanes, by squares turned in registers.
#[inline(always)]
unsafe fn transpose_columns<V: Vector>(
    packed: *mut V::Number,
    width: usize,
    panel: &Operands<V::Number>,
    column: usize,
) {
    let columns = (panel.n - column).min(V::LANES);
    // SAFETY: columns are below `n` and rows below `k`.
    unsafe {
        let source = panel.b.offset(column as isize * panel.b_column);
        let mut k = 0;
        while k < panel.k {
            let rows = (panel.k - k).min(V::LANES);
            let mut square = [V::splat(V::ZERO); MOST_LANES];
            for (j, vector) in square.iter_mut().enumerate().take(V::LANES) {
                let place = source.wrapping_offset(j as isize * panel.b_column).wrapping_add(k);
                if rows == V::LANES && columns == V::LANES {
                    *vector = V::load(place);
                } else if j < columns {
                    *vector = V::load_part(place, rows);
                }
            }
            transpose::<V>(&mut square);
            for (i, vector) in square.iter().enumerate().take(V::LANES) {
                if i < rows {
                    vector.store(packed.add((k + i) * width));
                }
            }
            k += rows;
        }
    }
}

/// Turns a square of as many vectors as each has lanes.
#[inline(always)]
unsafe fn transpose<V: Vector>(square: &mut [V; MOST_LANES]) {
    let mut stage = 1;
    while stage < V::LANES {
        let old = *square;
        for i in 0..V::LANES / 2 {
            // SAFETY: the processor has the level.
            let (low, high) = unsafe { old[i].interleave(old[i + V::LANES / 2]) };
            square[2 * i] = low;
            square[2 * i + 1] = high;
        }
        stage *= 2;
    }
}

/// Copies a block of `A` with its contiguous axis as it is, and returns the steps of the copy from row to row and from
/// column to column.
///
/// # Safety
/// The block is valid, and `packed` has as many places.
#[inline(always)]
pub(super) unsafe fn pack_block<V: Vector>(packed: *mut V::Number, block: &Operands<V::Number>) -> (isize, isize) {
    // SAFETY: rows are below `m` and columns below `k`.
    unsafe {
        if block.a_row == 1 {
            for k in 0..block.k {
                copy::<V>(packed.add(k * block.m), block.a.offset(k as isize * block.a_column), block.m);
            }
            return (1, block.m as isize);
        }
        for i in 0..block.m {
            let (to, from) = (packed.add(i * block.k), block.a.offset(i as isize * block.a_row));
            if block.a_column == 1 {
                copy::<V>(to, from, block.k);
            } else {
                for k in 0..block.k {
                    *to.add(k) = *from.offset(k as isize * block.a_column);
                }
            }
        }
        (block.k as isize, 1)
    }
}

#[inline(always)]
unsafe fn copy<V: Vector>(to: *mut V::Number, from: *const V::Number, count: usize) {
    let mut place = 0;
    // SAFETY: both have `count` numbers.
    unsafe {
        while place + V::LANES <= count {
            V::load(from.add(place)).store(to.add(place));
            place += V::LANES;
        }
        if place < count {
            V::load_part(from.add(place), count - place).store_part(to.add(place), count - place);
        }
    }
}
