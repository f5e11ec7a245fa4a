//! Reductions of a contiguous array seen as [outer, length, inner] to [outer, inner].
//!
//! The order of operations is a function of the shape alone, so that a whole array and its strips of any length give the
//! same bits. One *slab*, the `length * inner` elements of one outer index, is cut into super-rows of a fixed number of
//! *lanes* (a multiple of `inner`); each lane accumulates down a block of [`BLOCK_ROWS`] super-rows; the lane vectors of
//! finished blocks are added pairwise, like the digits of a binary counter; and at the end of the slab the lanes that
//! belong to the same inner index are halved down to one. The error of a sum of `n` elements grows like `log n`.

mod arg;
mod fold;

#[cfg(test)]
mod tests;

use super::Element;
use super::kernel::PerLevel;

/// The number of super-rows that a lane accumulates one after the other.
pub const BLOCK_ROWS: usize = 32;

/// The number of lanes where the inner size is 1, or divides it.
pub const FEW_LANES: usize = 32;

/// The lane vectors that wait in the state of a unit, but for that of the whole unit.
pub const UNIT_LEVELS: usize = 5;

/// The elements of a unit: so many can be accumulated in a state of their own, from the first block on, and be joined with the
/// others. The lane vector of a whole unit then waits behind [`UNIT_LEVELS`] others.
pub const UNIT: usize = (BLOCK_ROWS * FEW_LANES) << UNIT_LEVELS;

/// What to reduce with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum Reduction {
    /// The sum; integers wrap around.
    Sum,
    /// The product; integers wrap around.
    Product,
    /// The greatest; NaN if any is NaN. Of nothing: negative infinity or the least integer.
    Max,
    /// The least; NaN if any is NaN. Of nothing: infinity or the greatest integer.
    Min,
    /// Whether any is true.
    Any,
    /// Whether all are true.
    All,
    /// The index (`i64`) of the first greatest; the first NaN if there is one. Of nothing: 0.
    ArgMax,
    /// The index (`i64`) of the first least; the first NaN if there is one. Of nothing: 0.
    ArgMin,
}

/// An array seen as [outer, length, inner].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[repr(C)]
pub struct ReduceShape {
    /// The product of the sizes before the reduced axes.
    pub outer: usize,
    /// The product of the sizes of the reduced axes.
    pub length: usize,
    /// The product of the sizes after the reduced axes.
    pub inner: usize,
}

/// Writes the result of a reduction of nothing if `shape.length` is 0, and does nothing otherwise. Call it once before the
/// strips.
pub type Begin = unsafe extern "C" fn(out: *mut u8, shape: *const ReduceShape);

/// Takes in the strip of `n` elements at row-major positions `start ..` of the array; results are written to `out` as they
/// are complete. Strips come in order. `state` is [`state_bytes`] of scratch memory, 64-byte aligned, kept between strips,
/// its first contents arbitrary.
pub type Accumulate = unsafe extern "C" fn(
    state: *mut u8,
    out: *mut u8,
    strip: *const u8,
    start: usize,
    n: usize,
    shape: *const ReduceShape,
);

/// Reduces the whole array `a`; the same as [`Begin`] and one [`Accumulate`].
pub type Whole = unsafe extern "C" fn(state: *mut u8, out: *mut u8, a: *const u8, shape: *const ReduceShape);

/// Fills the lanes, which are the first [`FEW_LANES`] elements of the state, with the identity.
pub type Open = unsafe extern "C" fn(state: *mut u8);

/// Puts the lanes of a whole block of [`BLOCK_ROWS`] rows of [`FEW_LANES`] to those that wait, and fills them with the identity;
/// `index` is the number of blocks before it.
pub type CloseBlock = unsafe extern "C" fn(state: *mut u8, index: usize);

/// Puts the lane vectors of the first whole units of [`UNIT`] elements, which stand behind each other at `units`, to those that
/// wait in the state.
pub type Join = unsafe extern "C" fn(state: *mut u8, units: *const u8, count: usize);

/// Writes the results when all elements are in the state.
pub type Finish = unsafe extern "C" fn(state: *mut u8, out: *mut u8, shape: *const ReduceShape);

/// What accumulating elements in the lanes of the state leaves to do, for callers that do that themselves: element by element, in
/// order of position, into the lane `position % FEW_LANES`.
#[derive(Debug, Clone, Copy)]
pub struct Lanes {
    /// See [`Open`].
    pub open: PerLevel<Open>,
    /// See [`CloseBlock`].
    pub close_block: PerLevel<CloseBlock>,
    /// See [`Join`].
    pub join: PerLevel<Join>,
    /// See [`Finish`].
    pub finish: PerLevel<Finish>,
}

/// The functions of one reduction on one element type.
#[derive(Debug, Clone, Copy)]
pub struct ReduceKernel {
    /// See [`Begin`].
    pub begin: PerLevel<Begin>,
    /// See [`Accumulate`].
    pub accumulate: PerLevel<Accumulate>,
    /// See [`Whole`].
    pub whole: PerLevel<Whole>,
    /// See [`Lanes`]; for shapes that have them.
    pub lanes: Option<Lanes>,
    /// The element type of the result.
    pub result: Element,
}

impl ReduceShape {
    /// Whether elements are accumulated in [`FEW_LANES`] lanes in one slab.
    pub fn has_few_lanes(&self) -> bool {
        self.outer == 1 && self.inner > 0 && fold::lane_count(self.inner) == FEW_LANES
    }

    /// The number of whole units, where elements are accumulated so.
    pub fn units(&self) -> usize {
        if self.has_few_lanes() { self.length * self.inner / UNIT } else { 0 }
    }

    /// The bytes of the state before the lane vectors of units.
    pub fn units_at(&self, element: Element) -> usize {
        fold::state_elements(self) * element.bytes()
    }
}

/// The functions of a reduction; `None` where it has no meaning for the element type.
pub fn kernel(reduction: Reduction, element: Element) -> Option<ReduceKernel> {
    use Reduction::{All, Any, ArgMax, ArgMin, Max, Min, Product, Sum};
    match (reduction, element) {
        (Sum, Element::F64) => Some(fold::kernel::<f64, fold::Sum>(element)),
        (Sum, Element::F32) => Some(fold::kernel::<f32, fold::Sum>(element)),
        (Sum, Element::I64) => Some(fold::kernel::<i64, fold::Sum>(element)),
        (Product, Element::F64) => Some(fold::kernel::<f64, fold::Product>(element)),
        (Product, Element::F32) => Some(fold::kernel::<f32, fold::Product>(element)),
        (Product, Element::I64) => Some(fold::kernel::<i64, fold::Product>(element)),
        (Max, Element::F64) => Some(fold::kernel::<f64, fold::Max>(element)),
        (Max, Element::F32) => Some(fold::kernel::<f32, fold::Max>(element)),
        (Max, Element::I64) => Some(fold::kernel::<i64, fold::Max>(element)),
        (Min, Element::F64) => Some(fold::kernel::<f64, fold::Min>(element)),
        (Min, Element::F32) => Some(fold::kernel::<f32, fold::Min>(element)),
        (Min, Element::I64) => Some(fold::kernel::<i64, fold::Min>(element)),
        (Any, Element::Bool) => Some(fold::kernel::<u8, fold::Any>(element)),
        (All, Element::Bool) => Some(fold::kernel::<u8, fold::All>(element)),
        (ArgMax, Element::F64) => Some(arg::kernel::<f64, arg::Greatest>()),
        (ArgMax, Element::F32) => Some(arg::kernel::<f32, arg::Greatest>()),
        (ArgMax, Element::I64) => Some(arg::kernel::<i64, arg::Greatest>()),
        (ArgMin, Element::F64) => Some(arg::kernel::<f64, arg::Least>()),
        (ArgMin, Element::F32) => Some(arg::kernel::<f32, arg::Least>()),
        (ArgMin, Element::I64) => Some(arg::kernel::<i64, arg::Least>()),
        _ => None,
    }
}

/// The bytes of scratch memory that a reduction needs: behind the state stand the lane vectors of whole units.
pub fn state_bytes(reduction: Reduction, element: Element, shape: ReduceShape) -> usize {
    match reduction {
        Reduction::ArgMax | Reduction::ArgMin => shape.inner * 8,
        _ => (fold::state_elements(&shape) + shape.units() * FEW_LANES) * element.bytes(),
    }
}
