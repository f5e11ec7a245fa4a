//! Strided layouts: how the elements of a tensor lie in a buffer. Views change the layout and move nothing.

use crate::ir::{Axes, Shape, Steps};
use smallvec::SmallVec;

/// Sizes of a tensor with the distance, in elements of its buffer, between neighbours along each axis.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Layout {
    /// The buffer position of the first element.
    pub offset: isize,
    /// The sizes.
    pub sizes: SmallVec<[usize; 4]>,
    /// The distances.
    pub strides: SmallVec<[isize; 4]>,
}

impl Layout {
    /// Row-major order without gaps.
    pub fn contiguous(shape: &Shape) -> Self {
        let strides = shape.strides().iter().map(|stride| *stride as isize).collect();
        Layout { offset: 0, sizes: SmallVec::from_slice(shape.sizes()), strides }
    }

    /// The number of elements seen.
    pub fn count(&self) -> usize {
        self.sizes.iter().product()
    }

    /// Whether the elements lie in row-major order without gaps, from the offset on.
    pub fn is_contiguous(&self) -> bool {
        let mut expected = 1;
        for (size, stride) in self.sizes.iter().zip(&self.strides).rev() {
            if *size != 1 && *stride != expected {
                return self.count() == 0;
            }
            expected *= *size as isize;
        }
        true
    }

    /// Whether it shows exactly the whole of a buffer of `count` elements in its own order.
    pub fn is_whole(&self, count: usize) -> bool {
        self.offset == 0 && self.count() == count && self.is_contiguous()
    }

    /// Whether it shows each of a buffer's `outer` elements, in order, `row` times.
    pub fn repeats_rows(&self, outer: usize, row: usize) -> bool {
        let merged = self.merged();
        self.offset == 0 && merged.sizes[..] == [outer, row] && merged.strides[..] == [1, 0]
    }

    /// Whether every element seen is the same one.
    pub fn is_splat(&self) -> bool {
        self.sizes.iter().zip(&self.strides).all(|(size, stride)| *size == 1 || *stride == 0) && self.count() > 0
    }

    /// Argument axis `i` becomes axis `axes[i]` of `shape`.
    pub fn broadcast(&self, axes: Axes, shape: &Shape) -> Self {
        let mut strides: SmallVec<[isize; 4]> = SmallVec::from_elem(0, shape.rank());
        for (from, to) in axes.iter().enumerate() {
            strides[to] = self.strides[from];
        }
        Layout { offset: self.offset, sizes: SmallVec::from_slice(shape.sizes()), strides }
    }

    /// Result axis `i` is axis `axes[i]`.
    pub fn transpose(&self, axes: Axes) -> Self {
        Layout {
            offset: self.offset,
            sizes: axes.iter().map(|axis| self.sizes[axis]).collect(),
            strides: axes.iter().map(|axis| self.strides[axis]).collect(),
        }
    }

    /// `count` elements from `start` on in steps along an axis.
    pub fn slice(&self, axis: usize, start: usize, step: usize, count: usize) -> Self {
        let mut layout = self.clone();
        layout.sizes[axis] = count;
        if count > 0 {
            layout.offset += start as isize * self.strides[axis];
        }
        layout.strides[axis] *= step as isize;
        layout
    }

    /// One axis as two of the given sizes: `[a, b]` at `start + a * outer + b * inner` along it.
    pub fn window(&self, axis: usize, counts: [usize; 2], steps: Steps) -> Self {
        let mut layout = self.clone();
        let stride = self.strides[axis];
        layout.sizes[axis] = counts[0];
        layout.strides[axis] = stride * steps.outer as isize;
        layout.sizes.insert(axis + 1, counts[1]);
        layout.strides.insert(axis + 1, stride * steps.inner as isize);
        if layout.count() > 0 {
            layout.offset += steps.start as isize * stride;
        }
        layout
    }

    /// From last to first along an axis.
    pub fn reverse(&self, axis: usize) -> Self {
        let mut layout = self.clone();
        layout.offset += (self.sizes[axis] as isize - 1).max(0) * self.strides[axis];
        layout.strides[axis] = -self.strides[axis];
        layout
    }

    /// The same elements in row-major order under another shape, where strides can express it.
    pub fn reshape(&self, shape: &Shape) -> Option<Self> {
        if self.is_contiguous() {
            let mut layout = Layout::contiguous(shape);
            layout.offset = self.offset;
            return Some(layout);
        }
        let merged = self.merged();
        let mut strides: SmallVec<[isize; 4]> = SmallVec::from_elem(0, shape.rank());
        let mut axis = shape.rank();
        for (size, stride) in merged.sizes.iter().zip(&merged.strides).rev() {
            let (mut covered, mut step) = (1, *stride);
            while covered < *size {
                axis = axis.checked_sub(1)?;
                strides[axis] = step;
                covered *= shape[axis];
                step *= shape[axis] as isize;
            }
            if covered != *size {
                return None;
            }
        }
        Some(Layout { offset: self.offset, sizes: SmallVec::from_slice(shape.sizes()), strides })
    }

    /// The same walk with neighbouring axes joined where one stride serves both, and axes of size one dropped.
    pub fn merged(&self) -> Self {
        let mut result = Layout { offset: self.offset, sizes: SmallVec::new(), strides: SmallVec::new() };
        for (size, stride) in self.sizes.iter().zip(&self.strides) {
            if *size == 1 {
                continue;
            }
            match (result.sizes.last_mut(), result.strides.last_mut()) {
                (Some(outer), Some(step)) if *step == *stride * *size as isize => {
                    *outer *= *size;
                    *step = *stride;
                }
                _ => {
                    result.sizes.push(*size);
                    result.strides.push(*stride);
                }
            }
        }
        result
    }

    /// The part made of some neighbouring axes, from `offset` on.
    pub fn axes(&self, range: std::ops::Range<usize>, offset: isize) -> Self {
        Layout {
            offset,
            sizes: SmallVec::from_slice(&self.sizes[range.clone()]),
            strides: SmallVec::from_slice(&self.strides[range]),
        }
    }

    /// The one size and stride that walk all axes, where there are such.
    pub fn single(&self) -> Option<(usize, isize)> {
        let merged = self.merged();
        match merged.sizes.len() {
            0 => Some((1, 0)),
            1 => Some((merged.sizes[0], merged.strides[0])),
            _ if self.count() == 0 => Some((0, 0)),
            _ => None,
        }
    }

    /// The buffer position of the element at a row-major place.
    pub fn position(&self, place: usize) -> usize {
        let (mut rest, mut position) = (place, self.offset);
        for (size, stride) in self.sizes.iter().zip(&self.strides).rev() {
            // A size of zero is that of the rows an index is checked against before anything is read.
            let size = (*size).max(1);
            position += (rest % size) as isize * stride;
            rest /= size;
        }
        position as usize
    }

    /// The least and greatest buffer position seen; none when there are no elements.
    pub fn bounds(&self) -> Option<(isize, isize)> {
        if self.count() == 0 {
            return None;
        }
        let reach = |keep: fn(isize) -> bool| -> isize {
            let axes = self.sizes.iter().zip(&self.strides);
            axes.map(|(size, stride)| (*size as isize - 1) * stride).filter(|span| keep(*span)).sum()
        };
        Some((self.offset + reach(|span| span < 0), self.offset + reach(|span| span > 0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn positions(layout: &Layout) -> Vec<usize> {
        (0..layout.count()).map(|place| layout.position(place)).collect()
    }

    #[test]
    fn reshape_keeps_the_order_or_refuses() {
        let grid = Layout::contiguous(&Shape::new(&[4, 6]));
        let columns = grid.slice(1, 1, 2, 2);
        let split = columns.reshape(&Shape::new(&[2, 2, 1, 2])).expect("the row axis splits");
        assert_eq!(positions(&split), positions(&columns));
        assert_eq!(columns.reshape(&Shape::new(&[8])), None);
        let turned = grid.transpose(Axes::new([1, 0]));
        assert_eq!(turned.reshape(&Shape::new(&[24])), None);
        let split = turned.reshape(&Shape::new(&[3, 2, 4])).expect("an axis splits");
        assert_eq!(positions(&split), positions(&turned));
        let splat = Layout::contiguous(&Shape::scalar()).broadcast(Axes::default(), &Shape::new(&[3, 4]));
        assert!(splat.reshape(&Shape::new(&[2, 6])).expect("all strides are zero").is_splat());
    }

    #[test]
    fn reversed_layouts_stay_in_bounds() {
        let grid = Layout::contiguous(&Shape::new(&[2, 3])).reverse(1);
        assert_eq!(positions(&grid), [2, 1, 0, 5, 4, 3]);
        assert_eq!(grid.bounds(), Some((0, 5)));
        assert_eq!(grid.merged().sizes.len(), 2);
    }
}
