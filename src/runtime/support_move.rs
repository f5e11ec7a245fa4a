//! Moving elements between strided layouts.

/// A copy between two strided layouts of the same sizes, in elements.
#[derive(Debug, Clone)]
pub struct MoveDescriptor {
    /// Bytes of an element: 1, 4 or 8.
    pub element_bytes: usize,
    /// Each axis: size, distance in the source, distance in the target.
    pub axes: Vec<(usize, isize, isize)>,
    /// The position of the first element in the source.
    pub from_offset: isize,
    /// The position of the first element in the target.
    pub to_offset: isize,
}

impl MoveDescriptor {
    /// A copy with axes of size one dropped and neighbours joined where one stride serves them on both sides.
    pub fn new(element_bytes: usize, axes: Vec<(usize, isize, isize)>, from_offset: isize, to_offset: isize) -> Self {
        let mut joined: Vec<(usize, isize, isize)> = Vec::new();
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
}

/// Copies the elements; the buffers do not overlap.
///
/// # Safety
/// The descriptor is valid and its positions lie within the buffers.
pub unsafe extern "C" fn move_elements(descriptor: *const MoveDescriptor, from: *const u8, to: *mut u8) {
    // SAFETY: promised by the caller.
    unsafe {
        let move_ = &*descriptor;
        let (first, last) = (move_.from_offset, move_.to_offset);
        match move_.element_bytes {
            1 => move_axes::<u8>(&move_.axes, from.cast::<u8>().offset(first), to.offset(last)),
            4 => move_axes::<u32>(&move_.axes, from.cast::<u32>().offset(first), to.cast::<u32>().offset(last)),
            _ => move_axes::<u64>(&move_.axes, from.cast::<u64>().offset(first), to.cast::<u64>().offset(last)),
        }
    }
}

unsafe fn move_axes<T: Copy>(axes: &[(usize, isize, isize)], from: *const T, to: *mut T) {
    // SAFETY: the caller of `move_elements` promises that all positions are inside.
    unsafe {
        match axes {
            [] => *to = *from,
            [(size, 1, 1)] => std::ptr::copy_nonoverlapping(from, to, *size),
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
