//! What functions are called with: elements that lie side by side, wherever they are kept.
//!
//! An [`Input`] shows its elements as a [`View`], an [`Output`] those that are to be written as a [`ViewMut`]. Numbers, arrays,
//! vectors and slices are known by their number of elements alone; values with a shape of their own, such as a
//! [`Tensor`](super::Tensor) or an array of arrays, must have the very shape that the function takes.

use super::{Element, Tensor, TensorData};
use std::marker::PhantomData;

/// Elements that a function reads.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub(crate) element: Element,
    pub(crate) start: *const u8,
    pub(crate) count: usize,
    pub(crate) shape: Option<&'a [usize]>,
    pub(crate) contiguous: bool,
}

impl<'a> View<'a> {
    /// Elements row by row, of whatever shape the function takes.
    #[inline]
    pub fn of<T: TensorData>(elements: &'a [T]) -> Self {
        View {
            element: T::ELEMENT,
            start: elements.as_ptr().cast(),
            count: elements.len(),
            shape: None,
            contiguous: true,
        }
    }

    /// Elements row by row of a tensor of this shape.
    #[inline]
    pub fn shaped<T: TensorData>(elements: &'a [T], shape: &'a [usize]) -> Self {
        View { shape: Some(shape), ..View::of(elements) }
    }

    /// A tensor whose elements do not lie side by side, row by row: calls refuse it.
    pub fn scattered<T: TensorData>(shape: &'a [usize]) -> Self {
        View { contiguous: false, ..View::shaped::<T>(&[], shape) }
    }
}

/// Elements that a function writes.
#[derive(Debug)]
pub struct ViewMut<'a> {
    pub(crate) element: Element,
    pub(crate) start: *mut u8,
    pub(crate) count: usize,
    pub(crate) shape: Option<&'a [usize]>,
    pub(crate) contiguous: bool,
    borrowed: PhantomData<&'a mut u8>,
}

impl<'a> ViewMut<'a> {
    /// Elements row by row, of whatever shape the function gives.
    #[inline]
    pub fn of<T: TensorData>(elements: &'a mut [T]) -> Self {
        ViewMut {
            element: T::ELEMENT,
            start: elements.as_mut_ptr().cast(),
            count: elements.len(),
            shape: None,
            contiguous: true,
            borrowed: PhantomData,
        }
    }

    /// Elements row by row of a tensor of this shape.
    #[inline]
    pub fn shaped<T: TensorData>(elements: &'a mut [T], shape: &'a [usize]) -> Self {
        ViewMut { shape: Some(shape), ..ViewMut::of(elements) }
    }

    /// So many elements that are borrowed with the shape.
    #[cfg(feature = "ndarray")]
    pub(crate) fn at<T: TensorData>(start: *mut T, count: usize, shape: &'a [usize]) -> Self {
        let (element, start) = (T::ELEMENT, start.cast());
        ViewMut { element, start, count, shape: Some(shape), contiguous: true, borrowed: PhantomData }
    }

    /// A tensor whose elements do not lie side by side, row by row: calls refuse it.
    pub fn scattered<T: TensorData>(shape: &'a [usize]) -> Self {
        ViewMut { contiguous: false, ..ViewMut::shaped::<T>(&mut [], shape) }
    }
}

/// A value that a function is called with.
pub trait Input {
    /// Its elements.
    fn view(&self) -> View<'_>;
}

/// A place that a function writes a result to.
pub trait Output {
    /// Its elements.
    fn view_mut(&mut self) -> ViewMut<'_>;
}

impl<T: Input + ?Sized> Input for &T {
    #[inline]
    fn view(&self) -> View<'_> {
        (**self).view()
    }
}

impl<T: Input + ?Sized> Input for &mut T {
    #[inline]
    fn view(&self) -> View<'_> {
        (**self).view()
    }
}

impl<T: Output + ?Sized> Output for &mut T {
    #[inline]
    fn view_mut(&mut self) -> ViewMut<'_> {
        (**self).view_mut()
    }
}

macro_rules! numbers {
    ($($type:ty)*) => {
        $(impl Input for $type {
            #[inline]
            fn view(&self) -> View<'_> {
                View::of(std::slice::from_ref(self))
            }
        }

        impl Output for $type {
            #[inline]
            fn view_mut(&mut self) -> ViewMut<'_> {
                ViewMut::of(std::slice::from_mut(self))
            }
        })*
    };
}

numbers! { f32 f64 i64 bool }

impl<T: TensorData> Input for [T] {
    #[inline]
    fn view(&self) -> View<'_> {
        View::of(self)
    }
}

impl<T: TensorData> Output for [T] {
    #[inline]
    fn view_mut(&mut self) -> ViewMut<'_> {
        ViewMut::of(self)
    }
}

impl<T: TensorData> Input for Vec<T> {
    #[inline]
    fn view(&self) -> View<'_> {
        View::of(self)
    }
}

impl<T: TensorData> Output for Vec<T> {
    #[inline]
    fn view_mut(&mut self) -> ViewMut<'_> {
        ViewMut::of(self)
    }
}

impl<T: TensorData, const COUNT: usize> Input for [T; COUNT] {
    #[inline]
    fn view(&self) -> View<'_> {
        View::of(self)
    }
}

impl<T: TensorData, const COUNT: usize> Output for [T; COUNT] {
    #[inline]
    fn view_mut(&mut self) -> ViewMut<'_> {
        ViewMut::of(self)
    }
}

impl<T: TensorData, const ROWS: usize, const COLUMNS: usize> Input for [[T; COLUMNS]; ROWS] {
    #[inline]
    fn view(&self) -> View<'_> {
        View::shaped(self.as_flattened(), &[ROWS, COLUMNS])
    }
}

impl<T: TensorData, const ROWS: usize, const COLUMNS: usize> Output for [[T; COLUMNS]; ROWS] {
    #[inline]
    fn view_mut(&mut self) -> ViewMut<'_> {
        ViewMut::shaped(self.as_flattened_mut(), &[ROWS, COLUMNS])
    }
}

impl Input for Tensor {
    fn view(&self) -> View<'_> {
        View {
            element: self.element(),
            start: self.as_ptr(),
            count: self.len(),
            shape: Some(self.shape()),
            contiguous: true,
        }
    }
}

impl Output for Tensor {
    fn view_mut(&mut self) -> ViewMut<'_> {
        let (element, count, start) = (self.element(), self.len(), self.as_mut_ptr());
        ViewMut { element, start, count, shape: Some(self.shape()), contiguous: true, borrowed: PhantomData }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_known_where_a_value_has_one() {
        let nested = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        assert_eq!((nested.view().count, nested.view().shape), (6, Some(&[2, 3][..])));
        assert_eq!((2.5f32.view().count, 2.5f32.view().shape), (1, None));
        let mut tensor = Tensor::zeros(Element::Bool, &[4, 0]);
        assert_eq!((tensor.view_mut().element, tensor.view().shape), (Element::Bool, Some(&[4, 0][..])));
        let slice: &mut [i64] = &mut [1, 2];
        assert_eq!((slice.view().count, (&mut &mut *slice).view_mut().element), (2, Element::I64));
    }
}
