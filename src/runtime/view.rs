//! Strided views: copying the elements of a view into a contiguous strip, and back.

use serde::{Deserialize, Serialize};

/// The greatest number of dimensions of a [`View`].
pub const MAX_RANK: usize = 15;
/// The greatest number of elements of a block, whose places are known in advance.
const BLOCK: usize = 64;
/// Innermost runs of this length or more are copied one by one; of shorter ones whole blocks are.
const LONG_RUN: usize = 16;

/// A view of a buffer: element (i, j, ...) of the iteration space lies `offset + i * strides[0] + j * strides[1] + ...`
/// elements from the base. A stride of 0 repeats; negative strides run backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
#[repr(C)]
pub struct View {
    /// The number of dimensions.
    pub rank: usize,
    /// Where element (0, 0, ...) lies, in elements.
    pub offset: i64,
    /// The size of each dimension, outermost first.
    pub sizes: [usize; MAX_RANK],
    /// The stride of each dimension, in elements.
    pub strides: [i64; MAX_RANK],
    /// How many of the innermost dimensions make a block; 0 where runs are long.
    block_rank: usize,
    /// How many elements a block has.
    block: usize,
    /// Where the elements of a block lie, from its first.
    places: [i64; BLOCK],
}

/// What a [`View`] is made from.
#[derive(Serialize, Deserialize)]
struct Stored {
    offset: i64,
    sizes: Vec<usize>,
    strides: Vec<i64>,
}

impl From<View> for Stored {
    fn from(view: View) -> Self {
        let (sizes, strides) = (view.sizes[..view.rank].to_vec(), view.strides[..view.rank].to_vec());
        Stored { offset: view.offset, sizes, strides }
    }
}

impl TryFrom<Stored> for View {
    type Error = &'static str;
    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        View::new(stored.offset, &stored.sizes, &stored.strides).ok_or("a view of too many axes")
    }
}

impl View {
    /// A view in its simplest form: dimensions of size 1 are dropped, and dimensions that continue one another merged, so
    /// that runs are as long as they can be. `None` when more than [`MAX_RANK`] dimensions remain.
    pub fn new(offset: i64, sizes: &[usize], strides: &[i64]) -> Option<Self> {
        let mut view = Self {
            rank: 0,
            offset,
            sizes: [1; MAX_RANK],
            strides: [0; MAX_RANK],
            block_rank: 0,
            block: 1,
            places: [0; BLOCK],
        };
        for (&size, &stride) in sizes.iter().zip(strides) {
            if size == 1 {
                continue;
            }
            if let Some(last) = view.rank.checked_sub(1)
                && view.strides[last] == stride.wrapping_mul(size as i64)
            {
                view.sizes[last] *= size;
                view.strides[last] = stride;
                continue;
            }
            if view.rank == MAX_RANK {
                return None;
            }
            view.sizes[view.rank] = size;
            view.strides[view.rank] = stride;
            view.rank += 1;
        }
        view.find_block();
        Some(view)
    }

    /// As many of the innermost dimensions as a block can hold, where runs are short.
    fn find_block(&mut self) {
        let innermost = self.rank.checked_sub(1).map_or(0, |last| self.sizes[last]);
        if self.is_empty() || innermost >= LONG_RUN {
            return;
        }
        while self.block_rank < self.rank {
            let dimension = self.rank - 1 - self.block_rank;
            let (size, stride) = (self.sizes[dimension], self.strides[dimension]);
            if self.block * size > BLOCK {
                return;
            }
            for place in self.block..self.block * size {
                self.places[place] = self.places[place - self.block] + stride;
            }
            self.block *= size;
            self.block_rank += 1;
        }
    }

    /// The number of elements of the iteration space.
    pub fn len(&self) -> usize {
        self.sizes[..self.rank].iter().product()
    }

    /// Whether the iteration space has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One run along the innermost dimension: where it lies in the strip and in the buffer.
#[derive(Clone, Copy)]
struct Run {
    strip: usize,
    place: i64,
    stride: i64,
    length: usize,
}

/// Calls `visit` for each innermost run of the positions `start .. start + n`.
#[inline(always)]
fn for_each_run(view: &View, start: usize, n: usize, mut visit: impl FnMut(Run)) {
    if n == 0 {
        return;
    }
    let Some(outer) = view.rank.checked_sub(1) else {
        return visit(Run { strip: 0, place: view.offset, stride: 0, length: n });
    };
    let stride = view.strides[outer];
    for_each_part(view, (outer, view.sizes[outer]), start, n, |strip, row, within, length| {
        visit(Run { strip, place: row + within as i64 * stride, stride, length });
    });
}

/// Calls `visit` for each part of the positions `start .. start + n` that lies in one block of `size` elements, of which the
/// dimensions from `outer` on consist: where it lies in the strip, where its block lies in the buffer, where in the block it
/// begins, and its length.
#[inline(always)]
fn for_each_part(
    view: &View,
    (outer, size): (usize, usize),
    start: usize,
    n: usize,
    mut visit: impl FnMut(usize, i64, usize, usize),
) {
    let mut index = [0usize; MAX_RANK];
    let mut rest = start / size;
    let mut row = view.offset;
    for dimension in (0..outer).rev() {
        index[dimension] = rest % view.sizes[dimension];
        rest /= view.sizes[dimension];
        row += index[dimension] as i64 * view.strides[dimension];
    }
    let mut within = start % size;
    let mut strip = 0;
    while strip < n {
        let length = (size - within).min(n - strip);
        visit(strip, row, within, length);
        strip += length;
        within = 0;
        for dimension in (0..outer).rev() {
            index[dimension] += 1;
            row += view.strides[dimension];
            if index[dimension] < view.sizes[dimension] {
                break;
            }
            row -= view.sizes[dimension] as i64 * view.strides[dimension];
            index[dimension] = 0;
        }
    }
}

/// # Safety
/// See [`expand_8`].
#[inline(always)]
unsafe fn expand<T: Copy>(out: *mut T, base: *const T, view: *const View, start: usize, n: usize) {
    // SAFETY: the caller promises that the view's places for these positions lie in the buffer.
    unsafe {
        let seen = &*view;
        if seen.block_rank > 0 {
            let block = (seen.rank - seen.block_rank, seen.block);
            return for_each_part(seen, block, start, n, |strip, row, within, length| {
                let (source, target) = (base.offset(row as isize), out.add(strip));
                let places = &seen.places[within..within + length];
                for (i, place) in places.iter().enumerate() {
                    *target.add(i) = *source.offset(*place as isize);
                }
            });
        }
        for_each_run(seen, start, n, |run| {
            let source = base.offset(run.place as isize);
            let target = out.add(run.strip);
            match run.stride {
                1 if run.length > 16 => std::ptr::copy_nonoverlapping(source, target, run.length),
                0 => {
                    let value = *source;
                    (0..run.length).for_each(|i| *target.add(i) = value);
                }
                stride => (0..run.length).for_each(|i| *target.add(i) = *source.offset(i as isize * stride as isize)),
            }
        });
    }
}

/// # Safety
/// See [`scatter_8`].
#[inline(always)]
unsafe fn scatter<T: Copy>(base: *mut T, view: *const View, strip: *const T, start: usize, n: usize) {
    // SAFETY: the caller promises that the view's places for these positions lie in the buffer.
    unsafe {
        for_each_run(&*view, start, n, |run| {
            let source = strip.add(run.strip);
            let target = base.offset(run.place as isize);
            match run.stride {
                1 if run.length > 16 => std::ptr::copy_nonoverlapping(source, target, run.length),
                stride => (0..run.length).for_each(|i| *target.offset(i as isize * stride as isize) = *source.add(i)),
            }
        });
    }
}

macro_rules! by_width {
    ($($bytes:literal $type:ty: $expand:ident $scatter:ident;)*) => {
        $(
            #[doc = concat!("Copies the ", $bytes, "-byte elements at row-major positions `start .. start + n` of a view into a strip.")]
            ///
            /// # Safety
            /// `out` is valid for `n` elements; the view's places for these positions, counted from `base`, are valid
            /// elements and do not overlap `out`; `start + n` is at most the view's length.
            #[inline(never)]
            pub unsafe extern "C" fn $expand(out: *mut u8, base: *const u8, view: *const View, start: usize, n: usize) {
                // SAFETY: promised by the caller.
                unsafe { expand::<$type>(out.cast(), base.cast(), view, start, n) }
            }

            #[doc = concat!("Writes a strip of ", $bytes, "-byte elements to the row-major positions `start .. start + n` of a view.")]
            /// Where places coincide the last position wins.
            ///
            /// # Safety
            /// `strip` is valid for `n` elements; the view's places for these positions, counted from `base`, are valid
            /// elements and do not overlap `strip`; `start + n` is at most the view's length.
            pub unsafe extern "C" fn $scatter(base: *mut u8, view: *const View, strip: *const u8, start: usize, n: usize) {
                // SAFETY: promised by the caller.
                unsafe { scatter::<$type>(base.cast(), view, strip.cast(), start, n) }
            }
        )*
    };
}

by_width! {
    1 u8: expand_1 scatter_1;
    4 u32: expand_4 scatter_4;
    8 u64: expand_8 scatter_8;
}

/// The type of [`expand_8`] and its siblings.
pub type Expand = unsafe extern "C" fn(out: *mut u8, base: *const u8, view: *const View, start: usize, n: usize);

/// The type of [`scatter_8`] and its siblings.
pub type Scatter = unsafe extern "C" fn(base: *mut u8, view: *const View, strip: *const u8, start: usize, n: usize);

/// The function that expands elements of this type.
pub fn expand_function(element: super::Element) -> Expand {
    match element.bytes() {
        1 => expand_1,
        4 => expand_4,
        _ => expand_8,
    }
}

/// The function that scatters elements of this type.
pub fn scatter_function(element: super::Element) -> Scatter {
    match element.bytes() {
        1 => scatter_1,
        4 => scatter_4,
        _ => scatter_8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::Element;

    fn places(sizes: &[usize], strides: &[i64], offset: i64) -> Vec<i64> {
        let mut all = vec![offset];
        for (&size, &stride) in sizes.iter().zip(strides) {
            all = all.iter().flat_map(|&place| (0..size as i64).map(move |i| place + i * stride)).collect();
        }
        all
    }

    const VIEWS: [(&[usize], &[i64], i64); 12] = [
        (&[], &[], 3),
        (&[40], &[1], 2),
        (&[40], &[-1], 39),
        (&[40], &[0], 5),
        (&[4, 25], &[25, 1], 0),
        (&[25, 4], &[1, 25], 0),
        (&[7, 40], &[0, 1], 1),
        (&[40, 3], &[1, 0], 0),
        (&[2, 3, 1, 4], &[50, -4, 9, 1], 20),
        (&[3, 5, 7], &[1, 3, 15], 0),
        (&[1, 1], &[4, 4], 6),
        (&[2, 2, 2, 2, 2], &[1, 2, 4, 8, 16], 0),
    ];

    #[test]
    fn strips_hold_the_elements_of_the_view() {
        let bytes: Vec<u8> = (0..200).collect();
        let words: Vec<u32> = (0..200).collect();
        let doubles: Vec<f64> = (0..200).map(f64::from).collect();
        for (sizes, strides, offset) in VIEWS {
            let view = View::new(offset, sizes, strides).unwrap();
            let places = places(sizes, strides, offset);
            assert_eq!(view.len(), places.len());
            for start in [0, 1, 5, places.len() / 2] {
                for n in [0, 1, 3, 17, places.len()] {
                    let Some(n) = places.len().checked_sub(start).map(|left| left.min(n)) else { continue };
                    let expected = &places[start..start + n];
                    let (mut b, mut w, mut d) = (vec![0u8; n], vec![0u32; n], vec![0f64; n]);
                    unsafe {
                        expand_function(Element::Bool)(b.as_mut_ptr(), bytes.as_ptr(), &view, start, n);
                        expand_function(Element::F32)(w.as_mut_ptr().cast(), words.as_ptr().cast(), &view, start, n);
                        expand_function(Element::F64)(d.as_mut_ptr().cast(), doubles.as_ptr().cast(), &view, start, n);
                    }
                    assert!((0..n).all(|i| i64::from(b[i]) == expected[i]), "{sizes:?} {strides:?}");
                    assert!((0..n).all(|i| i64::from(w[i]) == expected[i]), "{sizes:?} {strides:?}");
                    assert!((0..n).all(|i| d[i] == expected[i] as f64), "{sizes:?} {strides:?}");
                }
            }
        }
    }

    #[test]
    fn scattering_inverts_expansion() {
        for (sizes, strides, offset) in VIEWS {
            let view = View::new(offset, sizes, strides).unwrap();
            let places = places(sizes, strides, offset);
            let mut target = vec![-1i64; 200];
            let strip: Vec<i64> = (0..places.len() as i64).collect();
            for start in (0..places.len()).step_by(7) {
                let n = 7.min(places.len() - start);
                let part = strip[start..].as_ptr().cast();
                unsafe { scatter_function(Element::I64)(target.as_mut_ptr().cast(), &view, part, start, n) };
            }
            let mut expected = vec![-1i64; 200];
            places.iter().zip(&strip).for_each(|(&place, &value)| expected[place as usize] = value);
            assert_eq!(target, expected, "{sizes:?} {strides:?}");
        }
    }

    #[test]
    fn views_are_made_simple() {
        let view = View::new(0, &[2, 1, 3, 4], &[12, 7, 4, 1]).unwrap();
        assert_eq!((view.rank, view.sizes[0], view.strides[0]), (1, 24, 1));
        assert!(View::new(0, &[2; 16], &[1; 16]).is_none());
        assert!(View::new(0, &[0, 3], &[3, 1]).unwrap().is_empty());
    }
}
