//! What functions are called with: elements that lie side by side, wherever they are kept.
//!
//! An [`Input`] shows its elements as a [`View`], an [`Output`] those that are to be written as a [`ViewMut`]. Numbers, arrays,
//! vectors and slices are known by their number of elements alone; values with a shape of their own, such as a
//! [`Tensor`](super::Tensor) or an array of arrays, must have the very shape that the function takes.
//!
//! Views are two words, which a virtual call returns in registers: the first element, and what there is to know of it.

use super::{Element, Tensor, TensorData};
use std::marker::PhantomData;

/// The element type and the number of elements in one word, with [`SHAPED`] or [`SCATTERED`] where it is so.
pub(crate) const fn about(element: Element, count: usize) -> usize {
    count << 4 | element as usize
}

/// The value says its shape.
pub(crate) const SHAPED: usize = 4;
/// The elements do not lie row by row.
pub(crate) const SCATTERED: usize = 8;

/// The parts of [`about`]: the element type, and the number of elements.
pub(crate) fn parts(about: usize) -> (Element, usize) {
    let element = [Element::F32, Element::F64, Element::I64, Element::Bool][about & 3];
    (element, about >> 4)
}

/// Elements that a function reads.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub(crate) start: *const u8,
    pub(crate) about: usize,
    borrowed: PhantomData<&'a u8>,
}

impl<'a> View<'a> {
    /// Elements row by row, of whatever shape the function takes.
    #[inline]
    pub fn of<T: TensorData>(elements: &'a [T]) -> Self {
        View { start: elements.as_ptr().cast(), about: about(T::ELEMENT, elements.len()), borrowed: PhantomData }
    }

    /// Elements row by row of a tensor whose shape [`Input::view_shape`] tells.
    #[inline]
    pub fn shaped<T: TensorData>(elements: &'a [T]) -> Self {
        let view = View::of(elements);
        View { about: view.about | SHAPED, ..view }
    }

    /// A tensor whose elements do not lie side by side, row by row: calls refuse it.
    pub fn scattered<T: TensorData>() -> Self {
        View { start: std::ptr::null(), about: about(T::ELEMENT, 0) | SCATTERED, borrowed: PhantomData }
    }
}

/// Elements that a function writes.
#[derive(Debug)]
pub struct ViewMut<'a> {
    pub(crate) start: *mut u8,
    pub(crate) about: usize,
    borrowed: PhantomData<&'a mut u8>,
}

impl<'a> ViewMut<'a> {
    /// Elements row by row, of whatever shape the function gives.
    #[inline]
    pub fn of<T: TensorData>(elements: &'a mut [T]) -> Self {
        ViewMut { about: about(T::ELEMENT, elements.len()), start: elements.as_mut_ptr().cast(), borrowed: PhantomData }
    }

    /// Elements row by row of a tensor whose shape [`Output::view_shape`] tells.
    #[inline]
    pub fn shaped<T: TensorData>(elements: &'a mut [T]) -> Self {
        let view = ViewMut::of(elements);
        ViewMut { about: view.about | SHAPED, ..view }
    }

    /// A tensor whose elements do not lie side by side, row by row: calls refuse it.
    pub fn scattered<T: TensorData>() -> Self {
        ViewMut { start: std::ptr::null_mut(), about: about(T::ELEMENT, 0) | SCATTERED, borrowed: PhantomData }
    }
}

/// A value that a function is called with.
pub trait Input {
    /// Its elements.
    fn view(&self) -> View<'_>;

    /// Its shape, where [`View::shaped`] says that it has one.
    fn view_shape(&self) -> &[usize] {
        &[]
    }
}

/// A place that a function writes a result to.
pub trait Output {
    /// Its elements.
    fn view_mut(&mut self) -> ViewMut<'_>;

    /// Its shape, where [`ViewMut::shaped`] says that it has one.
    fn view_shape(&self) -> &[usize] {
        &[]
    }
}

impl<T: Input + ?Sized> Input for &T {
    #[inline]
    fn view(&self) -> View<'_> {
        (**self).view()
    }

    fn view_shape(&self) -> &[usize] {
        (**self).view_shape()
    }
}

impl<T: Input + ?Sized> Input for &mut T {
    #[inline]
    fn view(&self) -> View<'_> {
        (**self).view()
    }

    fn view_shape(&self) -> &[usize] {
        (**self).view_shape()
    }
}

impl<T: Output + ?Sized> Output for &mut T {
    #[inline]
    fn view_mut(&mut self) -> ViewMut<'_> {
        (**self).view_mut()
    }

    fn view_shape(&self) -> &[usize] {
        (**self).view_shape()
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
        View::shaped(self.as_flattened())
    }

    fn view_shape(&self) -> &[usize] {
        &[ROWS, COLUMNS]
    }
}

impl<T: TensorData, const ROWS: usize, const COLUMNS: usize> Output for [[T; COLUMNS]; ROWS] {
    #[inline]
    fn view_mut(&mut self) -> ViewMut<'_> {
        ViewMut::shaped(self.as_flattened_mut())
    }

    fn view_shape(&self) -> &[usize] {
        &[ROWS, COLUMNS]
    }
}

impl Input for Tensor {
    fn view(&self) -> View<'_> {
        View { start: self.as_ptr(), about: about(self.element(), self.len()) | SHAPED, borrowed: PhantomData }
    }

    fn view_shape(&self) -> &[usize] {
        self.shape()
    }
}

impl Output for Tensor {
    fn view_mut(&mut self) -> ViewMut<'_> {
        ViewMut { about: about(self.element(), self.len()) | SHAPED, start: self.as_mut_ptr(), borrowed: PhantomData }
    }

    fn view_shape(&self) -> &[usize] {
        self.shape()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_know_types_and_counts() {
        let nested = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        assert_eq!((parts(nested.view().about), Input::view_shape(&nested)), ((Element::F64, 6), &[2, 3][..]));
        assert_eq!(2.5f32.view().about, about(Element::F32, 1));
        let mut tensor = Tensor::zeros(Element::Bool, &[4, 0]);
        assert_eq!(tensor.view_mut().about, about(Element::Bool, 0) | SHAPED);
        let slice: &mut [i64] = &mut [1, 2];
        assert_eq!(parts((&mut &mut *slice).view_mut().about), (Element::I64, 2));
        for element in [Element::F32, Element::F64, Element::I64, Element::Bool] {
            assert_eq!(parts(about(element, 7)), (element, 7));
        }
    }
}
