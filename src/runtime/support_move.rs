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

/// A strided layout to be read in row-major order.
#[derive(Debug, Clone)]
pub struct ReadDescriptor {
    /// Bytes of an element: 1, 4 or 8.
    pub element_bytes: usize,
    /// Each axis: size and distance; no axis of size one.
    pub axes: Vec<(usize, isize)>,
    /// The position of the first element.
    pub offset: isize,
}

/// Writes elements `start..start + n` of a layout, in row-major order, to `out`.
///
/// # Safety
/// The descriptor is valid, its positions lie within the source, and `out` has room.
pub unsafe extern "C" fn read_strided(
    descriptor: *const ReadDescriptor,
    from: *const u8,
    out: *mut u8,
    start: usize,
    n: usize,
) {
    // SAFETY: promised by the caller.
    unsafe {
        let read = &*descriptor;
        match read.element_bytes {
            1 => read_elements::<u8>(read, from, out, start, n),
            4 => read_elements::<u32>(read, from.cast(), out.cast(), start, n),
            _ => read_elements::<u64>(read, from.cast(), out.cast(), start, n),
        }
    }
}

unsafe fn read_elements<T: Copy>(read: &ReadDescriptor, from: *const T, out: *mut T, start: usize, n: usize) {
    let Some(((width, step), outer)) = read.axes.split_last() else {
        // SAFETY: the caller of `read_strided` promises a source element and room for `n`.
        unsafe { std::slice::from_raw_parts_mut(out, n).fill(*from.offset(read.offset)) };
        return;
    };
    let mut done = 0;
    while done < n {
        let at = start + done;
        let (mut row, column) = (at / width, at % width);
        let mut position = read.offset + column as isize * step;
        for (size, stride) in outer.iter().rev() {
            position += (row % size) as isize * stride;
            row /= size;
        }
        let run = (width - column).min(n - done);
        // SAFETY: the caller of `read_strided` promises that all positions are inside.
        unsafe {
            let (source, target) = (from.offset(position), out.add(done));
            match step {
                1 => std::ptr::copy_nonoverlapping(source, target, run),
                0 => std::slice::from_raw_parts_mut(target, run).fill(*source),
                _ => (0..run).for_each(|place| *target.add(place) = *source.offset(place as isize * step)),
            }
        }
        done += run;
    }
}
