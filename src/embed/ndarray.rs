//! Arrays of the crate `ndarray`: arguments and results where they lie row by row, and conversions.

use crate::runtime::{Input, Output, Tensor, TensorData, View, ViewMut};
use ::ndarray::{ArrayBase, ArrayD, Data, DataMut, Dimension, IxDyn};

impl<S: Data<Elem = T>, D: Dimension, T: TensorData> Input for ArrayBase<S, D> {
    fn view(&self) -> View<'_> {
        self.as_slice().map_or_else(View::scattered::<T>, View::shaped)
    }

    fn view_shape(&self) -> &[usize] {
        self.shape()
    }
}

impl<S: DataMut<Elem = T>, D: Dimension, T: TensorData> Output for ArrayBase<S, D> {
    fn view_mut(&mut self) -> ViewMut<'_> {
        self.as_slice_mut().map_or_else(ViewMut::scattered::<T>, ViewMut::shaped)
    }

    fn view_shape(&self) -> &[usize] {
        self.shape()
    }
}

impl<S: Data<Elem = T>, D: Dimension, T: TensorData> From<&ArrayBase<S, D>> for Tensor {
    fn from(array: &ArrayBase<S, D>) -> Tensor {
        let elements: Vec<T> = array.iter().copied().collect();
        Tensor::vector(&elements).reshaped(array.shape())
    }
}

impl Tensor {
    /// The elements as an array, if they are of this type.
    pub fn to_array<T: TensorData>(&self) -> Option<ArrayD<T>> {
        let elements = self.as_slice::<T>()?.to_vec();
        ArrayD::from_shape_vec(IxDyn(self.shape()), elements).ok()
    }
}
