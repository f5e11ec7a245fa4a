//! Moving elements between strided layouts.

use super::threads::{self, LEAST_BYTES, Shared};

/// An axis of a walk: its size, and the distances in the source and in the target.
type Axis = (usize, isize, isize);

/// Ranges of an innermost axis begin at multiples of this.
const RUN: usize = 64;

/// A copy between two strided layouts of the same sizes, in elements.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct MoveDescriptor {
    /// Bytes of an element: 1, 4 or 8.
    pub element_bytes: usize,
    /// Each axis: size, distance in the source, distance in the target.
    pub axes: Vec<Axis>,
    /// The position of the first element in the source.
    pub from_offset: isize,
    /// The position of the first element in the target.
    pub to_offset: isize,
}

impl MoveDescriptor {
    /// A copy with axes of size one dropped and neighbours joined where one stride serves them on both sides.
    pub fn new(element_bytes: usize, axes: Vec<Axis>, from_offset: isize, to_offset: isize) -> Self {
        let mut joined: Vec<Axis> = Vec::new();
        for (size, from, to) in axes.into_iter().filter(|axis| axis.0 != 1) {
            match joined.last_mut() {
                Some(outer) if outer.1 == from * size as isize && outer.2 == to * size as isize => {
                    *outer = (outer.0 * size, from, to);
                }
                _ => joined.push((size, from, to)),
            }
        }
        MoveDescriptor { element_bytes, axes: joined, from_offset, to_offset }
    }

    /// Whether the elements lie side by side on both sides, in the target from its start on.
    pub fn is_run(&self) -> bool {
        self.to_offset == 0 && matches!(self.axes[..], [] | [(_, 1, 1)])
    }

    /// Calls back with the axes and the first positions of each part of the walk, on several threads if it is long. No two
    /// parts share a place of the target, and each has the order of the whole; `distinct` says that no two elements do.
    pub fn divide(&self, distinct: bool, work: &(dyn Fn(&[Axis], isize, isize) + Sync)) {
        let count = self.axes.iter().map(|axis| axis.0).product::<usize>();
        let items = threads::items(count * self.element_bytes, LEAST_BYTES);
        let axis = (items > 1).then(|| (0..self.axes.len()).find(|axis| self.can_divide(*axis, distinct))).flatten();
        let Some(axis) = axis else { return work(&self.axes, self.from_offset, self.to_offset) };
        let (size, from, to) = self.axes[axis];
        let step = if axis + 1 == self.axes.len() { RUN } else { 1 };
        threads::divide(size, step, items, &|range| {
            let mut axes = self.axes.clone();
            axes[axis].0 = range.len();
            let start = range.start as isize;
            work(&axes, self.from_offset + start * from, self.to_offset + start * to);
        });
    }

    /// Whether an axis is long and no two of its turns share a place of the target.
    fn can_divide(&self, axis: usize, distinct: bool) -> bool {
        let extent = |(size, _, to): &Axis| to.unsigned_abs() * size.saturating_sub(1);
        let others: usize = self.axes.iter().enumerate().filter(|each| each.0 != axis).map(|each| extent(each.1)).sum();
        let (size, _, to) = self.axes[axis];
        size >= threads::count() && (distinct || to.unsigned_abs() > others)
    }
}

/// Copies the elements; the buffers do not overlap.
///
/// # Safety
/// The descriptor is valid and its positions lie within the buffers.
#[inline(never)]
pub unsafe extern "C" fn move_elements(descriptor: *const MoveDescriptor, from: *const u8, to: *mut u8) {
    // SAFETY: promised by the caller.
    unsafe {
        match (*descriptor).element_bytes {
            1 => move_all::<u8>(&*descriptor, from, to),
            4 => move_all::<u32>(&*descriptor, from.cast(), to.cast()),
            _ => move_all::<u64>(&*descriptor, from.cast(), to.cast()),
        }
    }
}

/// # Safety
/// All positions are inside.
unsafe fn move_all<T: Copy>(walk: &MoveDescriptor, from: *const T, to: *mut T) {
    // SAFETY: promised by the caller; elements have places of their own.
    let places = unsafe { Shared::new((from, to)) };
    walk.divide(true, &|axes, first, last| {
        let (from, to) = places.get();
        // SAFETY: the parts are those of the walk.
        unsafe { move_axes(axes, from.offset(first), to.offset(last)) };
    });
}

/// # Safety
/// All positions are inside.
unsafe fn move_axes<T: Copy>(axes: &[Axis], from: *const T, to: *mut T) {
    // SAFETY: promised by the caller.
    unsafe {
        match axes {
            [] => *to = *from,
            [(size, 1, 1)] => std::ptr::copy_nonoverlapping(from, to, *size),
            [(0, ..), ..] => {}
            [(size, 0, 1)] => std::slice::from_raw_parts_mut(to, *size).fill(*from),
            [(size, source, target)] => {
                for place in 0..*size as isize {
                    *to.offset(place * target) = *from.offset(place * source);
                }
            }
            [(size, source, target), inner @ ..] => {
                for place in 0..*size as isize {
                    move_axes(inner, from.offset(place * source), to.offset(place * target));
                }
            }
        }
    }
}
