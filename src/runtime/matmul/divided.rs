//! Which axis of a product and its loops is divided among threads.
//!
//! Every element of `C` belongs to one part, and a part is cut so that it goes the way of the whole: rows in multiples of
//! all tiles, columns in multiples of all panels. So no division changes a bit.

use std::ops::Range;

use super::looped::LoopedProduct;
use super::product::{ROW_STEP, WIDE_ROW};
use crate::runtime::threads::{self, Shared};

/// Rows are divided by a multiple of those of all tiles.
const ROWS: usize = ROW_STEP;
/// The columns of any panel, and enough for the way of long rows.
const COLUMNS: usize = WIDE_ROW;
/// The multiply-adds that are worth a part of their own.
const LEAST: usize = 1 << 18;
/// An axis with so many parts is as good as any other with more.
const ENOUGH: usize = 32;

/// What is divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum Axis {
    /// The turns of a loop.
    Loop(usize),
    /// The products of a batch.
    Batch,
    /// The rows of `C`.
    Rows,
    /// The columns of `C`.
    Columns,
}

/// An axis and how it is divided.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub struct Division {
    axis: Axis,
    length: usize,
    step: usize,
    /// The multiply-adds of the whole.
    work: usize,
}

impl Division {
    fn parts(&self) -> usize {
        self.length / self.step
    }
}

/// How a product is divided when there are threads for it: none for small ones, and where no axis can be.
pub(super) fn division(product: &LoopedProduct) -> Option<Division> {
    let shape = &product.shape;
    let turns: usize = product.loops.iter().map(|each| each.count).product();
    let work = [turns, shape.batch, shape.m, shape.k, shape.n].into_iter().fold(1usize, usize::saturating_mul);
    if work / 2 < LEAST {
        return None;
    }
    let loops = product.loops.iter().enumerate().map(|(place, each)| (Axis::Loop(place), each.count, 1));
    // A single column is computed as a row.
    let rows = if shape.n == 1 && shape.c_row == 1 { COLUMNS } else { ROWS };
    let inner = [(Axis::Batch, shape.batch, 1), (Axis::Columns, shape.n, COLUMNS), (Axis::Rows, shape.m, rows)];
    let mut best: Option<Division> = None;
    for (axis, length, step) in loops.chain(inner) {
        let candidate = Division { axis, length, step, work };
        let parts = |best: Division| best.parts().min(ENOUGH);
        if parts(candidate) > best.map_or(1, parts) && is_apart(product, axis) {
            best = Some(candidate);
        }
    }
    best
}

/// Whether no two turns of an axis touch the same place.
fn is_apart(product: &LoopedProduct, axis: Axis) -> bool {
    let summed = matches!(axis, Axis::Loop(place) if product.loops[place].sums);
    if !product.adds || summed {
        return !summed;
    }
    let shape = &product.shape;
    let bytes = product.bytes as isize;
    let loops = product.loops.iter().enumerate().map(|(place, each)| (Axis::Loop(place), each.count, each.c));
    let inner = [
        (Axis::Batch, shape.batch, shape.c_batch * bytes),
        (Axis::Rows, shape.m, shape.c_row as isize * bytes),
        (Axis::Columns, shape.n, bytes),
    ];
    let (mut own, mut others) = (0, bytes.unsigned_abs());
    for (each, count, distance) in loops.chain(inner) {
        match each == axis {
            true => own = distance.unsigned_abs(),
            false => others += distance.unsigned_abs() * count.saturating_sub(1),
        }
    }
    own >= others
}

/// Calls back with each part of a product and its operands, on several threads if there are some.
///
/// # Safety
/// The operands are those of the product.
pub(super) unsafe fn divided(
    product: &LoopedProduct,
    division: Division,
    (c, a, b): (*mut u8, *const u8, *const u8),
    run: unsafe fn(&LoopedProduct, (*mut u8, *const u8, *const u8)),
) {
    let items = threads::items(division.work, LEAST);
    // SAFETY: the parts of a product write different places of `C` and only read `A` and `B`.
    let operands = unsafe { Shared::new((c, a, b)) };
    threads::divide(division.length, division.step, items, &|range| {
        let (c, a, b) = operands.get();
        // SAFETY: a part names elements of the whole.
        unsafe {
            if range.len() == division.length {
                return run(product, (c, a, b));
            }
            let (part, starts) = part(product, division.axis, range);
            run(&part, (c.offset(starts[0]), a.offset(starts[1]), b.offset(starts[2])));
        }
    });
}

/// A range of an axis: the product, and how many bytes its operands begin behind those of the whole.
fn part(product: &LoopedProduct, axis: Axis, range: Range<usize>) -> (LoopedProduct, [isize; 3]) {
    let mut part = product.clone();
    let (start, length) = (range.start as isize, range.len());
    let bytes = start * product.bytes as isize;
    let shape = &mut part.shape;
    let starts = match axis {
        Axis::Loop(place) => {
            let each = &mut part.loops[place];
            each.count = length;
            [each.c, each.a, each.b].map(|distance| distance * start)
        }
        Axis::Batch => {
            shape.batch = length;
            [shape.c_batch, shape.a_batch, shape.b_batch].map(|distance| distance * bytes)
        }
        Axis::Rows => {
            shape.m = length;
            [shape.c_row as isize, shape.a_row, 0].map(|distance| distance * bytes)
        }
        Axis::Columns => {
            shape.n = length;
            [1, 0, shape.b_column].map(|distance| distance * bytes)
        }
    };
    (part, starts)
}
