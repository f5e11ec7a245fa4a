//! Arrays with an element type and a shape.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Element;

/// A block of bytes at a multiple of 64, zero at first.
#[derive(Debug)]
pub struct AlignedBytes {
    start: NonNull<u8>,
    length: usize,
    /// Bytes of the allocation before the start.
    skipped: usize,
}

/// Blocks of at least so many bytes start at different places of their pages: allocators put them all at the same, where a
/// processor takes a load for one of what was just stored to another, and few of them fit the first cache.
const STAGGERED: usize = 1 << 16;
/// From the place of one to that of the next.
const STAGGER: usize = 1088;
const PAGE: usize = 4096;

/// How many such blocks there were.
static BLOCKS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: the block is owned and plain bytes.
unsafe impl Send for AlignedBytes {}
// SAFETY: shared access only reads.
unsafe impl Sync for AlignedBytes {}

impl AlignedBytes {
    /// The alignment of every block.
    pub const ALIGNMENT: usize = 64;

    /// A block of `length` zero bytes.
    pub fn zeroed(length: usize) -> Self {
        Self::try_zeroed(length).unwrap_or_else(|| handle_alloc_error(Self::layout(length)))
    }

    /// A block of `length` zero bytes; `None` where there is not so much memory.
    pub fn try_zeroed(length: usize) -> Option<Self> {
        if length == 0 {
            return Some(Self { start: NonNull::<Line>::dangling().cast(), length, skipped: 0 });
        }
        let turns = if length < STAGGERED { 0 } else { BLOCKS.fetch_add(1, Ordering::Relaxed) };
        let skipped = turns.wrapping_mul(STAGGER) % PAGE;
        let layout = Layout::from_size_align(length.checked_add(skipped)?, Self::ALIGNMENT).ok()?;
        // SAFETY: the layout is not empty.
        let start = NonNull::new(unsafe { alloc_zeroed(layout) })?;
        // SAFETY: so many bytes are allocated and more.
        Some(Self { start: unsafe { start.add(skipped) }, length, skipped })
    }

    fn layout(length: usize) -> Layout {
        Layout::from_size_align(length, Self::ALIGNMENT).expect("a block is smaller than the address space")
    }

    /// The number of bytes.
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The first byte.
    pub const fn as_ptr(&self) -> *const u8 {
        self.start.as_ptr()
    }

    /// The first byte, for writing.
    pub const fn as_mut_ptr(&mut self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// The bytes.
    pub const fn as_slice(&self) -> &[u8] {
        // SAFETY: the block is owned and initialised.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }

    /// The bytes, for writing.
    pub const fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: the block is owned and initialised.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.length) }
    }
}

/// A type with the alignment of a block.
#[repr(align(64))]
struct Line;

impl Drop for AlignedBytes {
    fn drop(&mut self) {
        if self.length > 0 {
            // SAFETY: the block was allocated with this layout, so many bytes before its start.
            unsafe { dealloc(self.start.as_ptr().sub(self.skipped), Self::layout(self.length + self.skipped)) }
        }
    }
}

impl Clone for AlignedBytes {
    fn clone(&self) -> Self {
        let mut copy = Self::zeroed(self.length);
        copy.as_mut_slice().copy_from_slice(self.as_slice());
        copy
    }
}

impl PartialEq for AlignedBytes {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

/// A type that tensors hold.
pub trait TensorData: Copy + sealed::Sealed + 'static {
    /// Its element type.
    const ELEMENT: Element;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    impl Sealed for i64 {}
    impl Sealed for bool {}
}

impl TensorData for f32 {
    const ELEMENT: Element = Element::F32;
}

impl TensorData for f64 {
    const ELEMENT: Element = Element::F64;
}

impl TensorData for i64 {
    const ELEMENT: Element = Element::I64;
}

impl TensorData for bool {
    const ELEMENT: Element = Element::Bool;
}

/// The most elements that are shown.
const MOST_SHOWN: usize = 16;

/// Type, shape and the first elements: `F64[2, 2] [1.0, 0.0, 0.0, 1.0]`.
impl std::fmt::Debug for Tensor {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?}{:?} ", self.element, self.shape)?;
        let shown: Vec<f64> = (0..self.len().min(MOST_SHOWN)).filter_map(|position| self.get(position)).collect();
        write!(out, "{shown:?}")?;
        if self.len() > MOST_SHOWN { write!(out, " and {} more", self.len() - MOST_SHOWN) } else { Ok(()) }
    }
}

/// An array: elements in row-major order, 64-byte aligned. Two tensors are equal when their types, shapes and bits are.
#[derive(Clone, PartialEq)]
pub struct Tensor {
    element: Element,
    shape: Vec<usize>,
    bytes: AlignedBytes,
}

impl Tensor {
    /// An array of zeros (or `false`).
    pub fn zeros(element: Element, shape: &[usize]) -> Self {
        let count: usize = shape.iter().product();
        Self { element, shape: shape.to_vec(), bytes: AlignedBytes::zeroed(count * element.bytes()) }
    }

    /// An array of given elements; `None` when their number is not the product of the sizes.
    pub fn new<T: TensorData>(shape: &[usize], elements: &[T]) -> Option<Self> {
        if shape.iter().product::<usize>() != elements.len() {
            return None;
        }
        let mut tensor = Self::zeros(T::ELEMENT, shape);
        tensor.as_mut_slice::<T>()?.copy_from_slice(elements);
        Some(tensor)
    }

    /// An array without dimensions.
    pub fn scalar<T: TensorData>(value: T) -> Self {
        Self::vector(&[value]).reshaped(&[])
    }

    /// An array of one dimension.
    pub fn vector<T: TensorData>(elements: &[T]) -> Self {
        let mut tensor = Self::zeros(T::ELEMENT, &[elements.len()]);
        if let Some(slice) = tensor.as_mut_slice::<T>() {
            slice.copy_from_slice(elements);
        }
        tensor
    }

    /// The same elements in another shape.
    ///
    /// # Panics
    /// When the number of elements differs.
    #[must_use]
    pub fn reshaped(mut self, shape: &[usize]) -> Self {
        assert_eq!(self.len(), shape.iter().product::<usize>(), "a reshape keeps the number of elements");
        self.shape = shape.to_vec();
        self
    }

    /// The element type.
    pub const fn element(&self) -> Element {
        self.element
    }

    /// The size of each dimension, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements, if they are of this type.
    pub fn as_slice<T: TensorData>(&self) -> Option<&[T]> {
        // SAFETY: the buffer holds `len` valid elements of the type named by `element`; truth values are 0 or 1 by the
        // invariant that `bytes_mut` asks its callers to keep.
        (T::ELEMENT == self.element)
            .then(|| unsafe { std::slice::from_raw_parts(self.bytes.as_ptr().cast(), self.len()) })
    }

    /// The elements for writing, if they are of this type.
    pub fn as_mut_slice<T: TensorData>(&mut self) -> Option<&mut [T]> {
        let length = self.len();
        // SAFETY: as in `as_slice`; the borrow is exclusive.
        (T::ELEMENT == self.element)
            .then(|| unsafe { std::slice::from_raw_parts_mut(self.bytes.as_mut_ptr().cast(), length) })
    }

    /// The element at a row-major position as a double; `None` beyond the end. Truth values are 0 and 1.
    pub fn get(&self, position: usize) -> Option<f64> {
        match self.element {
            Element::F32 => self.as_slice::<f32>()?.get(position).map(|&x| f64::from(x)),
            Element::F64 => self.as_slice::<f64>()?.get(position).copied(),
            Element::I64 => self.as_slice::<i64>()?.get(position).map(|&x| x as f64),
            Element::Bool => self.as_slice::<bool>()?.get(position).map(|&x| f64::from(u8::from(x))),
        }
    }

    /// All elements as doubles, in row-major order.
    pub fn to_f64(&self) -> Vec<f64> {
        (0..self.len()).filter_map(|position| self.get(position)).collect()
    }

    /// The bytes of the elements.
    pub const fn bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// The bytes of the elements, for writing.
    ///
    /// # Safety
    /// Each byte of an array of truth values stays 0 or 1.
    pub const unsafe fn bytes_mut(&mut self) -> &mut [u8] {
        self.bytes.as_mut_slice()
    }

    /// The first element.
    pub const fn as_ptr(&self) -> *const u8 {
        self.bytes.as_ptr()
    }

    /// The first element, for writing. Whoever writes keeps each truth value 0 or 1.
    pub const fn as_mut_ptr(&mut self) -> *mut u8 {
        self.bytes.as_mut_ptr()
    }
}

macro_rules! from_vectors {
    ($($type:ty)*) => {
        $(impl From<$type> for Tensor {
            fn from(element: $type) -> Self {
                Self::scalar(element)
            }
        }

        impl<const COUNT: usize> From<[$type; COUNT]> for Tensor {
            fn from(elements: [$type; COUNT]) -> Self {
                Self::vector(&elements)
            }
        }

        impl<const ROWS: usize, const COLUMNS: usize> From<[[$type; COLUMNS]; ROWS]> for Tensor {
            fn from(elements: [[$type; COLUMNS]; ROWS]) -> Self {
                Self::vector(elements.as_flattened()).reshaped(&[ROWS, COLUMNS])
            }
        }

        impl From<Vec<$type>> for Tensor {
            fn from(elements: Vec<$type>) -> Self {
                Self::vector(&elements)
            }
        })*
    };
}

from_vectors! { f32 f64 i64 bool }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_it_was_given() {
        let tensor = Tensor::new(&[2, 3], &[1.0f32, 2.0, 3.0, 4.0, 5.0, 6.5]).unwrap();
        assert_eq!(tensor.shape(), [2, 3]);
        assert_eq!(tensor.element(), Element::F32);
        assert_eq!(tensor.get(5), Some(6.5));
        assert_eq!(tensor.get(6), None);
        assert!(tensor.as_slice::<f64>().is_none());
        assert_eq!(tensor.as_slice::<f32>().unwrap()[3], 4.0);
        assert_eq!(tensor.as_ptr() as usize % 64, 0);
    }

    #[test]
    fn wrong_counts_are_refused() {
        assert!(Tensor::new(&[2, 3], &[1.0f64; 5]).is_none());
    }

    #[test]
    fn scalars_empties_and_truth_values() {
        assert_eq!(Tensor::scalar(7i64).to_f64(), [7.0]);
        assert_eq!(Tensor::scalar(7i64).shape(), [0usize; 0]);
        assert!(Tensor::zeros(Element::F64, &[3, 0]).is_empty());
        assert_eq!(Tensor::from(vec![true, false]).to_f64(), [1.0, 0.0]);
        let tensor = Tensor::from(vec![1.0f64, 2.0]);
        assert_eq!(tensor.clone(), tensor);
    }
}
