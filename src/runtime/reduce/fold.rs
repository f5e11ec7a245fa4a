//! Reductions by an operation on two elements.

use super::{Accumulate, BLOCK_ROWS, Begin, FEW_LANES, Lanes, ReduceKernel, ReduceShape, UNIT_LEVELS, Whole};
use crate::runtime::Element;
use crate::runtime::kernel::levels::{PerLevel, for_each_level, per_level};

/// An operation on two elements with its identity.
pub(super) trait Fold<T> {
    const IDENTITY: T;
    fn fold(a: T, b: T) -> T;
}

/// Addition.
pub(super) struct Sum;
/// Multiplication.
pub(super) struct Product;
/// The greater of two.
pub(super) struct Max;
/// The lesser of two.
pub(super) struct Min;
/// Disjunction.
pub(super) struct Any;
/// Conjunction.
pub(super) struct All;

macro_rules! folds {
    ($($operation:ty, $type:ty: $identity:expr, |$a:ident, $b:ident| $result:expr;)*) => {
        $(impl Fold<$type> for $operation {
            const IDENTITY: $type = $identity;
            #[inline(always)]
            fn fold($a: $type, $b: $type) -> $type {
                $result
            }
        })*
    };
}

folds! {
    Sum, f64: -0.0, |a, b| a + b;
    Sum, f32: -0.0, |a, b| a + b;
    Sum, i64: 0, |a, b| a.wrapping_add(b);
    Product, f64: 1.0, |a, b| a * b;
    Product, f32: 1.0, |a, b| a * b;
    Product, i64: 1, |a, b| a.wrapping_mul(b);
    Max, f64: f64::NEG_INFINITY, |a, b| if a > b || a.is_nan() { a } else { b };
    Max, f32: f32::NEG_INFINITY, |a, b| if a > b || a.is_nan() { a } else { b };
    Max, i64: i64::MIN, |a, b| a.max(b);
    Min, f64: f64::INFINITY, |a, b| if a < b || a.is_nan() { a } else { b };
    Min, f32: f32::INFINITY, |a, b| if a < b || a.is_nan() { a } else { b };
    Min, i64: i64::MAX, |a, b| a.min(b);
    Any, u8: 0, |a, b| a | b;
    All, u8: 1, |a, b| a & b;
}

/// The number of inner rows side by side in one super-row: a power of two that makes the lanes a multiple of 16 and at
/// least 32 where the inner size is small.
fn rows_abreast(inner: usize) -> usize {
    if inner >= 64 {
        return 1;
    }
    let mut rows = 1;
    while rows * inner < 32 || !(rows * inner).is_multiple_of(16) {
        rows *= 2;
    }
    rows
}

/// The number of lanes of a super-row.
pub(super) fn lane_count(inner: usize) -> usize {
    rows_abreast(inner) * inner
}

/// The number of finished lane vectors that can wait at once.
fn levels(slab: usize, lanes: usize) -> usize {
    let blocks = slab / (lanes * BLOCK_ROWS);
    (usize::BITS - blocks.leading_zeros()) as usize
}

/// The number of elements of scratch memory: the lanes of the current block, and those that wait.
pub(super) fn state_elements(shape: &ReduceShape) -> usize {
    if shape.inner == 0 {
        return 0;
    }
    let lanes = lane_count(shape.inner);
    lanes * (1 + levels(shape.length * shape.inner, lanes))
}

/// # Safety
/// Both are valid for `n` elements and do not overlap.
#[inline(always)]
unsafe fn fold_into<T: Copy, O: Fold<T>>(into: *mut T, from: *const T, n: usize) {
    for i in 0..n {
        // SAFETY: `i` is below `n`.
        unsafe { *into.add(i) = O::fold(*into.add(i), *from.add(i)) };
    }
}

/// The length up to which a slab with inner size 1 is reduced in one go.
const SHORT: usize = 4 * FEW_LANES;

/// The result of such a slab, all in registers: as many lanes as it fills, up to [`FEW_LANES`]. The others hold the identity,
/// which changes nothing.
///
/// # Safety
/// `n` elements of `row` are to be reduced, and `valid` are valid, which are not fewer.
#[inline(always)]
unsafe fn fold_row<T: Copy, O: Fold<T>>(row: *const T, n: usize, valid: usize) -> T {
    // SAFETY: promised by the caller.
    unsafe {
        match n {
            0..=4 => fold_lanes::<T, O, 4>(row, n, valid),
            5..=8 => fold_lanes::<T, O, 8>(row, n, valid),
            9..=16 => fold_lanes::<T, O, 16>(row, n, valid),
            _ => fold_lanes::<T, O, FEW_LANES>(row, n, valid),
        }
    }
}

/// The same in `LANES` lanes.
///
/// # Safety
/// As above.
#[inline(always)]
unsafe fn fold_lanes<T: Copy, O: Fold<T>, const LANES: usize>(row: *const T, n: usize, valid: usize) -> T {
    let mut lanes = [O::IDENTITY; LANES];
    let full = n / LANES * LANES;
    // SAFETY: every index is below `n`, or below `valid` for elements that are read and dropped.
    unsafe {
        for start in (0..full).step_by(LANES) {
            let next = row.add(start).cast::<[T; LANES]>().read_unaligned();
            for i in 0..LANES {
                lanes[i] = O::fold(lanes[i], next[i]);
            }
        }
        if full < n {
            let rest = n - full;
            let mut next = [O::IDENTITY; LANES];
            if full + LANES <= valid {
                next = row.add(full).cast::<[T; LANES]>().read_unaligned();
            } else {
                std::ptr::copy_nonoverlapping(row.add(full), next.as_mut_ptr(), rest);
            }
            for i in 0..LANES {
                lanes[i] = O::fold(lanes[i], if i < rest { next[i] } else { O::IDENTITY });
            }
        }
    }
    halve::<T, O, LANES>(lanes)
}

/// The halves of the lanes folded until one is left.
#[inline(always)]
fn halve<T: Copy, O: Fold<T>, const LANES: usize>(mut lanes: [T; LANES]) -> T {
    const { assert!(LANES <= 32) };
    macro_rules! fold_to {
        ($($width:literal)*) => {$(
            if LANES > $width {
                for i in 0..$width {
                    lanes[i] = O::fold(lanes[i], lanes[i + $width]);
                }
            }
        )*};
    }
    fold_to!(16 8 4 2 1);
    lanes[0]
}

/// Lanes, waiting lane vectors and sizes of the slab that is being reduced.
struct Slab<T> {
    lanes: *mut T,
    count: usize,
    inner: usize,
    length: usize,
}

impl<T: Copy> Slab<T> {
    const fn block(&self) -> usize {
        self.count * BLOCK_ROWS
    }

    /// Takes in elements of a block whose lanes fit into registers, from the first lane on.
    ///
    /// # Safety
    /// The state is valid and has [`FEW_LANES`] lanes, and `n` elements of `piece` are valid.
    #[inline(always)]
    unsafe fn take_in_registers<O: Fold<T>>(&self, piece: *const T, at: usize, n: usize) {
        let full = n / FEW_LANES * FEW_LANES;
        // SAFETY: every index is below `n`; behind the start of a block the lanes were written before.
        unsafe {
            let mut lanes =
                if at == 0 { [O::IDENTITY; FEW_LANES] } else { self.lanes.cast::<[T; FEW_LANES]>().read_unaligned() };
            for start in (0..full).step_by(FEW_LANES) {
                let row = piece.add(start).cast::<[T; FEW_LANES]>().read_unaligned();
                for i in 0..FEW_LANES {
                    lanes[i] = O::fold(lanes[i], row[i]);
                }
            }
            self.lanes.cast::<[T; FEW_LANES]>().write_unaligned(lanes);
            fold_into::<T, O>(self.lanes, piece.add(full), n - full);
        }
    }

    /// Takes in a piece of one block, at position `at` of the block.
    ///
    /// # Safety
    /// The state is valid, and so are `n` elements of `piece`.
    #[inline(always)]
    unsafe fn take<O: Fold<T>>(&self, piece: *const T, at: usize, n: usize) {
        // SAFETY: every index is below `count` in the lanes and below `n` in the piece.
        unsafe {
            if self.count == FEW_LANES && at.is_multiple_of(FEW_LANES) {
                return self.take_in_registers::<O>(piece, at, n);
            }
            if at == 0 {
                for i in 0..self.count {
                    *self.lanes.add(i) = O::IDENTITY;
                }
            }
            let mut done = 0;
            while done < n {
                let lane = (at + done) % self.count;
                let width = (self.count - lane).min(n - done);
                fold_into::<T, O>(self.lanes.add(lane), piece.add(done), width);
                done += width;
            }
        }
    }

    /// Adds the lanes of a finished block to those that wait; `index` is the number of blocks before it.
    ///
    /// # Safety
    /// The state is valid.
    #[inline(always)]
    unsafe fn finish_block<O: Fold<T>>(&self, index: usize) {
        let carries = index.trailing_ones() as usize;
        // SAFETY: the state has a place for every bit of the number of blocks.
        unsafe {
            for level in 0..carries {
                let waiting = self.lanes.add((1 + level) * self.count);
                for i in 0..self.count {
                    *self.lanes.add(i) = O::fold(*waiting.add(i), *self.lanes.add(i));
                }
            }
            let place = self.lanes.add((1 + carries) * self.count);
            std::ptr::copy_nonoverlapping(self.lanes, place, self.count);
        }
    }

    /// Writes the results of the slab.
    ///
    /// # Safety
    /// The state is valid, and `out` for `inner` elements.
    #[inline(always)]
    unsafe fn finish<O: Fold<T>>(&self, out: *mut T) {
        let blocks = self.length / self.block();
        // SAFETY: the state has a place for every bit of the number of blocks.
        unsafe {
            let mut empty = self.length.is_multiple_of(self.block());
            for level in 0..(usize::BITS - blocks.leading_zeros()) as usize {
                if blocks >> level & 1 == 0 {
                    continue;
                }
                let waiting = self.lanes.add((1 + level) * self.count);
                for i in 0..self.count {
                    *self.lanes.add(i) =
                        if empty { *waiting.add(i) } else { O::fold(*waiting.add(i), *self.lanes.add(i)) };
                }
                empty = false;
            }
            let mut width = self.count;
            while width > self.inner {
                width /= 2;
                fold_into::<T, O>(self.lanes, self.lanes.add(width), width);
            }
            std::ptr::copy_nonoverlapping(self.lanes, out, self.inner);
        }
    }
}

/// # Safety
/// See [`Begin`].
#[inline(always)]
unsafe fn begin<T: Copy, O: Fold<T>>(out: *mut u8, shape: *const ReduceShape) {
    // SAFETY: `out` is valid for the results.
    unsafe {
        if (*shape).length == 0 {
            for i in 0..(*shape).outer * (*shape).inner {
                *out.cast::<T>().add(i) = O::IDENTITY;
            }
        }
    }
}

/// # Safety
/// See [`Accumulate`].
#[inline(always)]
unsafe fn accumulate<T: Copy, O: Fold<T>>(
    state: *mut u8,
    out: *mut u8,
    strip: *const u8,
    start: usize,
    n: usize,
    shape: *const ReduceShape,
) {
    if n == 0 {
        return;
    }
    // SAFETY: pieces lie within the strip, the state has the size asked for, `out` has `outer * inner` elements.
    unsafe {
        let ReduceShape { length, inner, .. } = *shape;
        let slab = Slab { lanes: state.cast::<T>(), count: lane_count(inner), inner, length: length * inner };
        let block = slab.block();
        let mut out = out.cast::<T>().add(start / slab.length * inner);
        let mut position = start % slab.length;
        let mut done = 0;
        while done < n {
            if inner == 1 && position == 0 && length <= SHORT && length <= n - done {
                *out = fold_row::<T, O>(strip.cast::<T>().add(done), length, n - done);
                out = out.add(1);
                done += length;
                continue;
            }
            let at = position % block;
            let width = (block - at).min(slab.length - position).min(n - done);
            slab.take::<O>(strip.cast::<T>().add(done), at, width);
            done += width;
            position += width;
            if at + width == block {
                slab.finish_block::<O>(position / block - 1);
            }
            if position == slab.length {
                slab.finish::<O>(out);
                out = out.add(inner);
                position = 0;
            }
        }
    }
}

/// # Safety
/// See [`Open`].
#[inline(always)]
unsafe fn open<T: Copy, O: Fold<T>>(state: *mut u8) {
    // SAFETY: the state has so many lanes.
    unsafe { state.cast::<[T; FEW_LANES]>().write_unaligned([O::IDENTITY; FEW_LANES]) };
}

/// # Safety
/// See [`CloseBlock`].
#[inline(always)]
unsafe fn close_block<T: Copy, O: Fold<T>>(state: *mut u8, index: usize) {
    // SAFETY: promised by the caller.
    unsafe {
        Slab { lanes: state.cast::<T>(), count: FEW_LANES, inner: 1, length: 0 }.finish_block::<O>(index);
        open::<T, O>(state);
    }
}

/// # Safety
/// See [`Join`].
#[inline(always)]
unsafe fn join<T: Copy, O: Fold<T>>(state: *mut u8, units: *const u8, count: usize) {
    let waiting = state.cast::<[T; FEW_LANES]>();
    for unit in 0..count {
        let place = 1 + UNIT_LEVELS + unit.trailing_ones() as usize;
        // SAFETY: there are so many units, and the state has a place for every bit of the number of blocks.
        unsafe {
            let mut lanes = units.cast::<[T; FEW_LANES]>().add(unit).read_unaligned();
            for level in 1 + UNIT_LEVELS..place {
                let earlier = waiting.add(level).read_unaligned();
                for i in 0..FEW_LANES {
                    lanes[i] = O::fold(earlier[i], lanes[i]);
                }
            }
            waiting.add(place).write_unaligned(lanes);
        }
    }
}

/// # Safety
/// See [`Finish`].
#[inline(always)]
unsafe fn finish<T: Copy, O: Fold<T>>(state: *mut u8, out: *mut u8, shape: *const ReduceShape) {
    // SAFETY: promised by the caller.
    unsafe {
        let ReduceShape { length, inner, .. } = *shape;
        let slab = Slab { lanes: state.cast::<T>(), count: FEW_LANES, inner, length: length * inner };
        slab.finish::<O>(out.cast::<T>());
    }
}

/// # Safety
/// See [`Whole`].
#[inline(always)]
unsafe fn whole<T: Copy, O: Fold<T>>(state: *mut u8, out: *mut u8, a: *const u8, shape: *const ReduceShape) {
    // SAFETY: promised by the caller.
    unsafe {
        begin::<T, O>(out, shape);
        let ReduceShape { outer, length, inner } = *shape;
        accumulate::<T, O>(state, out, a, 0, outer * length * inner, shape);
    }
}

for_each_level! {
    fn begin_at[T: Copy, O: Fold<T>](out: *mut u8, shape: *const ReduceShape) { begin::<T, O>(out, shape) }
    fn accumulate_at[T: Copy, O: Fold<T>](
        state: *mut u8, out: *mut u8, strip: *const u8, start: usize, n: usize, shape: *const ReduceShape
    ) { accumulate::<T, O>(state, out, strip, start, n, shape) }
    fn open_at[T: Copy, O: Fold<T>](state: *mut u8) { open::<T, O>(state) }
    fn close_block_at[T: Copy, O: Fold<T>](state: *mut u8, index: usize) { close_block::<T, O>(state, index) }
    fn join_at[T: Copy, O: Fold<T>](state: *mut u8, units: *const u8, count: usize) {
        join::<T, O>(state, units, count)
    }
    fn finish_at[T: Copy, O: Fold<T>](state: *mut u8, out: *mut u8, shape: *const ReduceShape) {
        finish::<T, O>(state, out, shape)
    }
    fn whole_at[T: Copy, O: Fold<T>](state: *mut u8, out: *mut u8, a: *const u8, shape: *const ReduceShape) {
        whole::<T, O>(state, out, a, shape)
    }
}

/// The functions of a fold over elements of one type.
pub(super) fn kernel<T: Copy, O: Fold<T>>(result: Element) -> ReduceKernel {
    let begin: PerLevel<Begin> = per_level!(begin_at::<T, O>);
    let accumulate: PerLevel<Accumulate> = per_level!(accumulate_at::<T, O>);
    let whole: PerLevel<Whole> = per_level!(whole_at::<T, O>);
    let lanes = Lanes {
        open: per_level!(open_at::<T, O>),
        close_block: per_level!(close_block_at::<T, O>),
        join: per_level!(join_at::<T, O>),
        finish: per_level!(finish_at::<T, O>),
    };
    ReduceKernel { begin, accumulate, whole, lanes: Some(lanes), result }
}
