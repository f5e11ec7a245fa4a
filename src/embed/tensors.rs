//! Tensors as the interface has them, and tables as the compiler has them.

use crate::ir::{ElementType, Shape, Table, TensorType};
use crate::runtime::{AlignedBytes, Element, Tensor};
use crate::session::native::to_bytes;

/// A table as a tensor.
pub(super) fn tensor_of(table: &Table) -> Tensor {
    let sizes = table.ty.shape.sizes();
    let bits = &table.bits;
    let (element, count) = (table.ty.element, table.ty.shape.count());
    debug_assert_eq!(bits.len(), count);
    let tensor = match element {
        ElementType::F64 => Tensor::from(bits.iter().map(|bits| f64::from_bits(*bits)).collect::<Vec<_>>()),
        ElementType::F32 => Tensor::from(bits.iter().map(|bits| f32::from_bits(*bits as u32)).collect::<Vec<_>>()),
        ElementType::I64 => Tensor::from(bits.iter().map(|bits| *bits as i64).collect::<Vec<_>>()),
        ElementType::Bool => Tensor::from(bits.iter().map(|bits| *bits != 0).collect::<Vec<_>>()),
    };
    tensor.reshaped(sizes)
}

/// A tensor as a table.
pub(super) fn table_of(tensor: &Tensor) -> Table {
    fn words<T: crate::runtime::TensorData>(tensor: &Tensor, word: impl Fn(T) -> u64) -> Vec<u64> {
        tensor.as_slice::<T>().unwrap_or_default().iter().map(|each| word(*each)).collect()
    }
    let (element, bits) = match tensor.element() {
        Element::F64 => (ElementType::F64, words::<f64>(tensor, f64::to_bits)),
        Element::F32 => (ElementType::F32, words::<f32>(tensor, |each| u64::from(each.to_bits()))),
        Element::I64 => (ElementType::I64, words::<i64>(tensor, |each| each as u64)),
        Element::Bool => (ElementType::Bool, words::<bool>(tensor, u64::from)),
    };
    Table { ty: TensorType::new(element, Shape::new(tensor.shape())), bits }
}

/// The bytes of a table, where code can read them.
pub(super) fn bytes_of(table: &Table) -> AlignedBytes {
    let bytes = to_bytes(table);
    let mut block = AlignedBytes::zeroed(bytes.len());
    block.as_mut_slice().copy_from_slice(&bytes);
    block
}

/// A tensor of zeros.
pub(super) fn zeros(ty: &TensorType) -> Tensor {
    tensor_of(&Table { ty: ty.clone(), bits: vec![0; ty.shape.count()] })
}
