//! Columns and matrices of the crate `faer`. Columns are arguments and results where they lie; matrices, which that crate
//! stores column by column, are converted.

use crate::runtime::{Input, Output, Tensor, TensorData, View, ViewMut};
use ::faer::{Col, Mat};

impl<T: TensorData> Input for Col<T> {
    fn view(&self) -> View<'_> {
        match self.try_as_col_major() {
            Some(column) => View::of(column.as_slice()),
            None => View::scattered::<T>(),
        }
    }
}

impl<T: TensorData> Output for Col<T> {
    fn view_mut(&mut self) -> ViewMut<'_> {
        match self.try_as_col_major_mut() {
            Some(column) => ViewMut::of(column.as_slice_mut()),
            None => ViewMut::scattered::<T>(),
        }
    }
}

impl<T: TensorData> From<&Col<T>> for Tensor {
    fn from(column: &Col<T>) -> Tensor {
        let elements: Vec<T> = (0..column.nrows()).map(|row| column[row]).collect();
        Tensor::vector(&elements)
    }
}

impl<T: TensorData> From<&Mat<T>> for Tensor {
    fn from(matrix: &Mat<T>) -> Tensor {
        let (rows, columns) = (matrix.nrows(), matrix.ncols());
        let places = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let elements: Vec<T> = places.map(|place| matrix[place]).collect();
        Tensor::vector(&elements).reshaped(&[rows, columns])
    }
}

impl Tensor {
    /// The elements as a matrix, if they are of this type and the tensor has two axes.
    pub fn to_mat<T: TensorData>(&self) -> Option<Mat<T>> {
        let (elements, &[rows, columns]) = (self.as_slice::<T>()?, self.shape()) else { return None };
        Some(Mat::from_fn(rows, columns, |row, column| elements[row * columns + column]))
    }
}
