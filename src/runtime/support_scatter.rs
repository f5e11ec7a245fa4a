//! Rows of updates added to the rows that run-time indices say.

use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};

use super::kernel::PerLevel;
use super::matmul::vector::Vector;
use super::support_add::Accumulate;
use super::threads::{self, LEAST_BYTES, Shared};

/// Ranges of the elements of a row begin at multiples of this.
const RUN: usize = 16;

/// `(indices [batch, at], updates [batch, at, rest]) → [batch, rows, rest]`
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
#[repr(C)]
pub struct ScatterDescriptor {
    /// Batch entries.
    pub batch: usize,
    /// Rows of each batch entry of the result.
    pub rows: usize,
    /// Indices of each batch entry.
    pub at: usize,
    /// Elements of a row.
    pub rest: usize,
    /// Whether an index outside the rows drops its update instead of an error.
    pub lenient: bool,
}

/// Adds updates to their rows in order; returns 1 where an index is outside the rows, unless it is lenient, and 2 where
/// integers overflow.
///
/// # Safety
/// The descriptor is valid and fits the buffers, which do not overlap.
#[inline(never)]
pub unsafe extern "C" fn scatter_add<T: Scatter>(
    descriptor: *const ScatterDescriptor,
    indices: *const i64,
    updates: *const T,
    to: *mut T,
) -> u8 {
    // SAFETY: promised by the caller; parts write different columns of the result.
    let (scatter, places) = unsafe { (&*descriptor, Shared::new((indices, updates, to))) };
    let bytes = (scatter.at + scatter.rows) * scatter.batch * scatter.rest * size_of::<T>();
    // Where sums may overflow, the first mistake counts.
    let items = if T::OVERFLOWS { 1 } else { threads::items(bytes, LEAST_BYTES) };
    let status = AtomicU8::new(0);
    threads::divide(scatter.rest, RUN, items, &|columns| {
        let (indices, updates, to) = places.get();
        // SAFETY: as above; indices are checked.
        let own = unsafe { T::columns()(scatter, indices, updates, to, columns) };
        status.fetch_max(own, Ordering::Relaxed);
    });
    status.into_inner()
}

/// Adds some columns of the updates.
///
/// # Safety
/// As of [`scatter_add`]; the processor has the level of `A`.
#[inline(always)]
unsafe fn scatter_columns<T: Accumulate, A: AddRun<T>>(
    scatter: &ScatterDescriptor,
    indices: *const i64,
    updates: *const T,
    to: *mut T,
    columns: Range<usize>,
) -> u8 {
    let ScatterDescriptor { batch, rows, at, rest, lenient } = *scatter;
    // SAFETY: promised by the caller; indices are checked.
    unsafe {
        for row in 0..batch * rows {
            std::slice::from_raw_parts_mut(to.add(row * rest + columns.start), columns.len()).fill(T::ZERO);
        }
        for place in 0..batch * at {
            let index = *indices.add(place);
            if index < 0 || index as usize >= rows {
                if !lenient {
                    return 1;
                }
                continue;
            }
            let entry = if batch == 1 { 0 } else { place / at };
            let row = to.add((entry * rows + index as usize) * rest + columns.start);
            if !A::add_run(row, updates.add(place * rest + columns.start), columns.len()) {
                return 2;
            }
        }
        0
    }
}

/// [`scatter_columns`] for an element type.
type Columns<T> = unsafe fn(&ScatterDescriptor, *const i64, *const T, *mut T, Range<usize>) -> u8;

/// What can be scattered.
pub trait Scatter: Accumulate {
    /// How some columns of updates are added.
    fn columns() -> Columns<Self>;
}

impl Scatter for i64 {
    fn columns() -> Columns<Self> {
        scatter_columns::<i64, Plain>
    }
}

/// How a run is added.
trait AddRun<T> {
    /// Adds a run of so many elements to another; false where a sum overflows.
    ///
    /// # Safety
    /// Both are valid and do not overlap; the processor has the level.
    unsafe fn add_run(to: *mut T, from: *const T, count: usize) -> bool;
}

/// Element by element.
struct Plain;

impl<T: Accumulate> AddRun<T> for Plain {
    #[inline(always)]
    unsafe fn add_run(to: *mut T, from: *const T, count: usize) -> bool {
        // SAFETY: promised by the caller.
        unsafe { T::add_run(std::slice::from_raw_parts_mut(to, count), std::slice::from_raw_parts(from, count)) }
    }
}

/// In vectors. They are loaded and stored as wholes, so that a sum that comes again soon need not wait for memory.
struct Vectors<V>(std::marker::PhantomData<V>);

impl<V: Vector> AddRun<V::Number> for Vectors<V> {
    #[inline(always)]
    unsafe fn add_run(to: *mut V::Number, from: *const V::Number, count: usize) -> bool {
        let mut place = 0;
        // SAFETY: promised by the caller.
        unsafe {
            while place + V::LANES <= count {
                V::load(to.add(place)).add(V::load(from.add(place))).store(to.add(place));
                place += V::LANES;
            }
            while place < count {
                *to.add(place) = V::add_numbers(*to.add(place), *from.add(place));
                place += 1;
            }
        }
        true
    }
}

macro_rules! scatter_reals {
    ($($real:ty, $avx2:ident, $vector:ident;)*) => {$(
        impl Scatter for $real {
            fn columns() -> Columns<Self> {
                #[cfg(target_arch = "x86_64")]
                let vectors: Columns<Self> = $avx2;
                #[cfg(not(target_arch = "x86_64"))]
                let vectors: Columns<Self> = scatter_columns::<$real, Plain>;
                PerLevel([scatter_columns::<$real, Plain>, vectors, vectors]).get()
            }
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        unsafe fn $avx2(
            scatter: &ScatterDescriptor,
            indices: *const i64,
            updates: *const $real,
            to: *mut $real,
            columns: Range<usize>,
        ) -> u8 {
            // SAFETY: promised by the caller.
            unsafe { scatter_columns::<_, Vectors<super::matmul::vector::$vector>>(scatter, indices, updates, to, columns) }
        }
    )*};
}

scatter_reals! {
    f32, avx2_f32, Avx2F32;
    f64, avx2_f64, Avx2F64;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of parts of vectors and of several, sums that come again at once, and rows that get nothing.
    #[test]
    fn sums_are_those_of_single_elements_in_order() {
        for rest in [1, 2, 3, 4, 7, 8, 9, 31, 40] {
            for (batch, at, rows) in [(1, 50, 3), (2, 17, 5), (1, 0, 2)] {
                let scatter = ScatterDescriptor { batch, rows, at, rest, lenient: true };
                let indices: Vec<i64> = (0..batch * at).map(|i| (i * i % (rows + 1)) as i64 - 1).collect();
                let updates: Vec<f64> = (0..batch * at * rest).map(|i| ((i * 7919) % 1009) as f64 / 317.0).collect();
                let mut expected = vec![0.0; batch * rows * rest];
                for (place, index) in indices.iter().enumerate().filter(|(_, index)| **index >= 0) {
                    for column in 0..rest {
                        let row = place / at * rows + *index as usize;
                        expected[row * rest + column] += updates[place * rest + column];
                    }
                }
                let mut found = vec![f64::NAN; expected.len()];
                // SAFETY: the buffers are as large as the descriptor says.
                let status = unsafe { scatter_add(&scatter, indices.as_ptr(), updates.as_ptr(), found.as_mut_ptr()) };
                assert_eq!((status, found), (0, expected), "{rest} {batch} {at} {rows}");

                let single: Vec<f32> = updates.iter().map(|update| *update as f32).collect();
                let mut of_rows = vec![f32::NAN; batch * rows * rest];
                let mut of_columns = of_rows.clone();
                // SAFETY: as above.
                unsafe {
                    scatter_add(&scatter, indices.as_ptr(), single.as_ptr(), of_rows.as_mut_ptr());
                    let whole = (indices.as_ptr(), single.as_ptr(), of_columns.as_mut_ptr());
                    for columns in [0..rest / 2, rest / 2..rest] {
                        scatter_columns::<f32, Plain>(&scatter, whole.0, whole.1, whole.2, columns);
                    }
                }
                assert_eq!(of_rows, of_columns, "{rest} {batch} {at} {rows}");
            }
        }
    }
}
