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

/// Why a column has no statistics that its values could be standardized with.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Unfit {
    /// A value is NaN or infinite: its row among those of the column, and the value.
    NotFinite(usize, f64),
    /// The difference of the least and the greatest value is beyond the numbers of the column.
    TooFar(f64, f64),
    /// The deviation is below the numbers of the column.
    TooClose(f64, f64),
}

/// The statistics of a column, rows leading, which has at least one row.
///
/// # Errors
/// The first value that is not finite, or values that are too far apart or too close.
pub(super) fn statistics(column: &Table) -> Result<Statistics, Unfit> {
    let element = column.ty.element;
    let shape = Shape::new(&column.ty.shape.sizes()[1..]);
    let count = shape.count();
    let rows = column.ty.shape.sizes()[0];
    let ty = TensorType::new(element, shape);
    let mut mean = Table { ty: ty.clone(), bits: Vec::with_capacity(count) };
    let mut deviation = Table { ty, bits: Vec::with_capacity(count) };
    for place in 0..count {
        let values = || (0..rows).map(|row| element.number(column.bits[row * count + place]));
        if let Some((row, value)) = values().enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(Unfit::NotFinite(row, value));
        }
        let (least, greatest) = ends(values());
        if !element.number(element.word(greatest - least)).is_finite() {
            return Err(Unfit::TooFar(least, greatest));
        }
        let (center, spread) = mean_and_deviation(values);
        if element.number(element.word(spread)) == 0.0 {
            return Err(Unfit::TooClose(least, greatest));
        }
        mean.bits.push(element.word(center));
        deviation.bits.push(element.word(spread));
    }
    Ok(Statistics { mean, deviation })
}

/// The mean of finite numbers, and their standard deviation, or 1 if all are equal.
pub(super) fn mean_and_deviation<I: Iterator<Item = f64>>(values: impl Fn() -> I) -> (f64, f64) {
    let (least, greatest) = ends(values());
    if least == greatest {
        return (least, 1.0);
    }
    let scale = scale(least.abs().max(greatest.abs()));
    let scaled = || values().map(|value| value * scale);
    let count = values().count() as f64;
    let mean = sum(scaled()) / count;
    // What rounding the mean adds to the squares is taken off again.
    let rest = sum(scaled().map(|value| value - mean));
    let squares = sum(scaled().map(|value| (value - mean) * (value - mean)));
    let deviation = ((squares - rest * rest / count) / count).max(0.0).sqrt();
    (mean / scale, deviation / scale)
}

/// The least and the greatest of numbers.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, greatest), value| (value.min(least), value.max(greatest)))
}

/// What brings numbers up to `largest` to where neither their sums nor their squares overflow or vanish: a power of two,
/// so that nothing is rounded. It is 1 for all but extreme numbers.
fn scale(largest: f64) -> f64 {
    match largest {
        _ if largest > power(400) => power(-600),
        _ if largest < power(-400) => power(600),
        _ => 1.0,
    }
}

/// 2 to a power that a number has.
const fn power(exponent: i64) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
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
        let Statistics { mean, deviation } = statistics(&Table { ty, bits }).unwrap();
        assert_eq!(mean.bits, [2.0, 5.0].map(f64::to_bits));
        assert_eq!(deviation.bits, [1.0, 1.0].map(f64::to_bits));
        assert_eq!(mean.ty.shape.sizes(), [2]);
    }

    #[test]
    fn extreme_numbers_have_statistics() {
        assert_eq!(of(&[power(1000), 3.0 * power(1000)]), (power(1001), power(1000)));
        assert_eq!(of(&[f64::MAX, f64::MAX, 0.0, 0.0]), (f64::MAX / 2.0, f64::MAX / 2.0));
        let tiny = |units: u64| f64::from_bits(units);
        assert_eq!(of(&[tiny(2024), tiny(6072)]), (tiny(4048), tiny(2024)), "1e-320 and 3e-320");
        assert_eq!(of(&[power(-500), 3.0 * power(-500)]), (power(-499), power(-500)));
        // Both sides of where scaling begins agree.
        let (mean, deviation) = of(&[power(400), 3.0 * power(399)]);
        assert_eq!((mean, deviation), (5.0 * power(398), power(398)));
    }

    #[test]
    fn what_cannot_be_standardized_is_told() {
        let column = |element: ElementType, values: &[f64]| {
            let ty = TensorType::new(element, Shape::new(&[values.len()]));
            statistics(&Table { ty, bits: values.iter().map(|value| element.word(*value)).collect() }).err()
        };
        let (wide, narrow) = (ElementType::F64, ElementType::F32);
        assert_eq!(column(wide, &[1.0, f64::INFINITY]), Some(Unfit::NotFinite(1, f64::INFINITY)));
        assert!(matches!(column(wide, &[f64::NAN, 1.0]), Some(Unfit::NotFinite(0, _))));
        assert_eq!(column(wide, &[-1e308, 1e308]), Some(Unfit::TooFar(-1e308, 1e308)));
        assert!(matches!(column(narrow, &[-3e38, 3e38]), Some(Unfit::TooFar(..))));
        assert_eq!(column(narrow, &[1e38, 2e38]), None);
        assert!(matches!(column(wide, &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, f64::from_bits(1)]), Some(Unfit::TooClose(..))));
        assert_eq!(column(wide, &[0.0, f64::from_bits(1)]), Some(Unfit::TooClose(0.0, f64::from_bits(1))));
        assert_eq!(column(wide, &[0.0, f64::from_bits(4)]), None);
    }
}
