//! Values beside gates, as text.

use super::gates::{Gate, Kind, type_of};
use crate::ir::{Graph, Table, TensorType};
use crate::report::significant;

/// The digits of a number in a picture.
const DIGITS: usize = 4;
/// The digits of a number in a list.
const FEW_DIGITS: usize = 3;
/// The most elements whose values are all shown.
const MOST_ELEMENTS: usize = 6;
/// The most characters of a list of elements.
const LONGEST: usize = 22;

/// What is written at a gate.
#[derive(Clone, Debug, Default)]
pub(super) struct Caption {
    /// The shape of its value, where that is not one number.
    pub shape: Option<String>,
    /// Its value, above it.
    pub value: Option<String>,
    /// The derivative by it, below it.
    pub derivative: Option<String>,
}

impl Caption {
    /// The caption of a gate before its values are known.
    pub(super) fn of(graph: &Graph, gate: &Gate) -> Caption {
        let shape = match (gate.kind, type_of(graph, gate)) {
            (Kind::Output, _) => None,
            (_, Some(ty)) => shape_text(ty),
            (_, None) if gate.results > 1 => Some(format!("{} results", gate.results)),
            _ => None,
        };
        Caption { shape, ..Caption::default() }
    }
}

fn shape_text(ty: &TensorType) -> Option<String> {
    let sizes: Vec<String> = ty.shape.sizes().iter().map(usize::to_string).collect();
    (!sizes.is_empty()).then(|| format!("[{}]", sizes.join(", ")))
}

/// A value: a number, a short list, or the least and the greatest element.
pub(super) fn text(table: &Table) -> String {
    let element = table.ty.element;
    let numbers: Vec<f64> = table.bits.iter().map(|bits| element.number(*bits)).collect();
    let written = |value: f64, digits| match element {
        crate::ir::ElementType::Bool => (value != 0.0).to_string(),
        // The sign of a zero says nothing to a reader.
        _ => significant(if value == 0.0 { 0.0 } else { value }, digits),
    };
    if table.ty.shape.rank() == 0 {
        return written(numbers[0], DIGITS);
    }
    if numbers.is_empty() {
        return "[]".to_string();
    }
    if numbers.len() <= MOST_ELEMENTS {
        let list = nested(table.ty.shape.sizes(), &numbers, &|value| written(value, FEW_DIGITS));
        if list.chars().count() <= LONGEST {
            return list;
        }
    }
    if numbers.iter().any(|value| value.is_nan()) {
        return "nan among them".to_string();
    }
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    match least == greatest {
        true => format!("all {}", written(least, FEW_DIGITS)),
        false => format!("{} … {}", written(least, FEW_DIGITS), written(greatest, FEW_DIGITS)),
    }
}

/// `[[1, 2], [3, 4]]`
fn nested(sizes: &[usize], numbers: &[f64], written: &dyn Fn(f64) -> String) -> String {
    let Some((size, inner)) = sizes.split_first() else { return written(numbers[0]) };
    let rows = numbers.chunks((numbers.len() / size).max(1)).map(|row| nested(inner, row, written));
    format!("[{}]", rows.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::ir::{ElementType, Shape, Table, TensorType};

    #[test]
    fn values_are_short() {
        let table = |sizes: &[usize], numbers: &[f64]| Table {
            ty: TensorType::new(ElementType::F64, Shape::new(sizes)),
            bits: numbers.iter().map(|number| number.to_bits()).collect(),
        };
        assert_eq!(text(&table(&[], &[0.731_058_578_6])), "0.7311");
        assert_eq!(text(&table(&[2], &[1.0, -0.5])), "[1, -0.5]");
        assert_eq!(text(&table(&[2, 2], &[1.0, 2.0, 3.0, 4.0])), "[[1, 2], [3, 4]]");
        assert_eq!(text(&table(&[2, 4], &[-1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0])), "-1 … 8");
        assert_eq!(text(&table(&[8], &[0.0; 8])), "all 0");
        assert_eq!(text(&table(&[0], &[])), "[]");
        assert_eq!(text(&table(&[9], &[f64::NAN; 9])), "nan among them");
    }
}
