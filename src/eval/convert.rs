//! Between tensors, as callers hold them, and tables of words, as the evaluator does.

use crate::ir::{ElementType, Shape, Table, TensorType};
use crate::runtime::{Element, Tensor, TensorData};

/// The table of a tensor.
pub fn table(tensor: &Tensor) -> Table {
    let (element, bits) = match tensor.element() {
        Element::F32 => (ElementType::F32, words(tensor, |x: f32| u64::from(x.to_bits()))),
        Element::F64 => (ElementType::F64, words(tensor, f64::to_bits)),
        Element::I64 => (ElementType::I64, words(tensor, |x: i64| x as u64)),
        Element::Bool => (ElementType::Bool, words(tensor, |x: bool| u64::from(x))),
    };
    Table { ty: TensorType::new(element, Shape::new(tensor.shape())), bits }
}

/// The tensor of a table.
pub fn tensor(table: &Table) -> Tensor {
    let flat: Tensor = match table.ty.element {
        ElementType::F32 => elements(table, |bits| f32::from_bits(bits as u32)).into(),
        ElementType::F64 => elements(table, f64::from_bits).into(),
        ElementType::I64 => elements(table, |bits| bits as i64).into(),
        ElementType::Bool => elements(table, |bits| bits != 0).into(),
    };
    flat.reshaped(table.ty.shape.sizes())
}

fn words<T: TensorData>(tensor: &Tensor, word: impl Fn(T) -> u64) -> Vec<u64> {
    tensor.as_slice::<T>().unwrap_or_default().iter().map(|element| word(*element)).collect()
}

fn elements<T>(table: &Table, element: impl Fn(u64) -> T) -> Vec<T> {
    table.bits.iter().map(|bits| element(*bits)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tensors_survive_the_round_trip() {
        let matrix = Tensor::from(vec![1.5_f64, -0.0, f64::NAN, f64::INFINITY]).reshaped(&[2, 2]);
        let tensors = [
            matrix,
            Tensor::from(vec![0.1_f32, -2.0]),
            Tensor::scalar(i64::MIN),
            Tensor::from(vec![true, false, true]).reshaped(&[3, 1]),
            Tensor::zeros(Element::F32, &[2, 0]),
        ];
        for original in tensors {
            assert_eq!(tensor(&table(&original)), original);
        }
    }
}
