//! The means and deviations of columns.

use crate::ir::{Shape, Table, TensorType};

/// The mean and the standard deviation of the entries of a column, of each of their elements apart.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// The mean.
    pub mean: Table,
    /// The square root of the mean squared difference from the mean; 1 where all entries are equal.
    pub deviation: Table,
}

/// The statistics of a column, rows leading, which has at least one row.
pub(super) fn statistics(column: &Table) -> Statistics {
    let element = column.ty.element;
    let shape = Shape::new(&column.ty.shape.sizes()[1..]);
    let count = shape.count();
    let rows = column.ty.shape.sizes()[0];
    let ty = TensorType::new(element, shape);
    let mut mean = Table { ty: ty.clone(), bits: Vec::with_capacity(count) };
    let mut deviation = Table { ty, bits: Vec::with_capacity(count) };
    for place in 0..count {
        let values = || (0..rows).map(|row| element.number(column.bits[row * count + place]));
        let (center, spread) = mean_and_deviation(values);
        mean.bits.push(element.word(center));
        deviation.bits.push(element.word(spread));
    }
    Statistics { mean, deviation }
}

/// The mean of numbers, and their standard deviation, or 1 if all are equal.
pub(super) fn mean_and_deviation<I: Iterator<Item = f64>>(values: impl Fn() -> I) -> (f64, f64) {
    let (mut least, mut greatest, mut count) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
    for value in values() {
        (least, greatest, count) = (value.min(least), value.max(greatest), count + 1.0);
    }
    if least == greatest {
        return (least, 1.0);
    }
    let mean = sum(values()) / count;
    // What rounding the mean adds to the squares is taken off again.
    let rest = sum(values().map(|value| value - mean));
    let squares = sum(values().map(|value| (value - mean) * (value - mean)));
    (mean, ((squares - rest * rest / count) / count).max(0.0).sqrt())
}

/// A sum with the rounding errors of its additions added at the end (Neumaier 1974).
fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut rest) = (0.0_f64, 0.0);
    for value in values {
        let next = sum + value;
        rest += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    sum + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::ElementType;

    fn of(values: &[f64]) -> (f64, f64) {
        mean_and_deviation(|| values.iter().copied())
    }

    #[test]
    fn means_and_deviations() {
        assert_eq!(of(&[1.0, 3.0]), (2.0, 1.0));
        assert_eq!(of(&[2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]), (5.0, 2.0));
        assert_eq!(of(&[0.1, 0.1, 0.1]), (0.1, 1.0), "equal entries have the scale 1");
        assert_eq!(of(&[7.0]), (7.0, 1.0));
        let (mean, deviation) = of(&[1e16, 1e16 + 2.0]);
        assert_eq!((mean, deviation), (1e16, 1.0));
    }

    #[test]
    fn each_element_has_its_own() {
        let ty = TensorType::new(ElementType::F64, Shape::new(&[2, 2]));
        let bits = [1.0, 5.0, 3.0, 5.0].map(f64::to_bits).to_vec();
        let Statistics { mean, deviation } = statistics(&Table { ty, bits });
        assert_eq!(mean.bits, [2.0, 5.0].map(f64::to_bits));
        assert_eq!(deviation.bits, [1.0, 1.0].map(f64::to_bits));
        assert_eq!(mean.ty.shape.sizes(), [2]);
    }
}
