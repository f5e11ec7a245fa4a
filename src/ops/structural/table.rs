//! Reading and writing the words of constant tables.

use super::Fault;
use crate::ir::{ElementType, Shape, Table, TensorType};

/// The number that a word stands for.
pub fn real(element: ElementType, bits: u64) -> f64 {
    element.number(bits)
}

/// The word of a number, rounded to its element type; integers toward zero, truth by `!= 0`.
pub fn word(element: ElementType, value: f64) -> u64 {
    element.word(value)
}

/// A table of real numbers.
pub fn reals(element: ElementType, shape: Shape, values: &[f64]) -> Table {
    let bits = values.iter().map(|value| word(element, *value)).collect();
    Table { ty: TensorType::new(element, shape), bits }
}

/// The numbers of a table.
pub fn numbers(table: &Table) -> Vec<f64> {
    table.bits.iter().map(|bits| real(table.ty.element, *bits)).collect()
}

/// Calls with every index of a shape, in row-major order.
pub fn each_index(shape: &Shape, mut visit: impl FnMut(&[usize])) {
    let mut index = vec![0; shape.rank()];
    for _ in 0..shape.count() {
        visit(&index);
        for axis in (0..shape.rank()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
}

/// A table whose every element is given by its index.
pub fn by_index(ty: &TensorType, mut element: impl FnMut(&[usize]) -> u64) -> Table {
    let mut bits = Vec::with_capacity(ty.shape.count());
    each_index(&ty.shape, |index| bits.push(element(index)));
    Table { ty: ty.clone(), bits }
}

/// The row-major position of an index.
pub fn position(strides: &[usize], index: impl IntoIterator<Item = usize>) -> usize {
    strides.iter().zip(index).map(|(stride, at)| stride * at).sum()
}

/// From zero, each word added at its position. Real sums are formed in double precision and rounded once.
pub fn added_up(ty: TensorType, words: impl Iterator<Item = (usize, u64)>) -> Result<Table, Fault> {
    let (element, count) = (ty.element, ty.shape.count());
    if element.is_real() {
        let mut sums = vec![0.0; count];
        for (place, bits) in words {
            sums[place] += real(element, bits);
        }
        return Ok(Table { bits: sums.into_iter().map(|sum| word(element, sum)).collect(), ty });
    }
    let mut sums = vec![0_i64; count];
    for (place, bits) in words {
        sums[place] = sums[place].checked_add(bits as i64).ok_or(Fault::Overflow)?;
    }
    Ok(Table { bits: sums.into_iter().map(|sum| sum as u64).collect(), ty })
}
