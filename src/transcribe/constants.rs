//! Numbers and tables as literals.

use super::position::number;
use super::text::{Level, Text};
use crate::ir::{ElementType, Table};

/// A scalar of these bits. A real without a fraction is written without a point.
pub(super) fn scalar(element: ElementType, bits: u64) -> Text {
    match element {
        ElementType::Bool => Text::atom(if bits == 0 { "false" } else { "true" }),
        ElementType::I64 => number(bits as i64),
        ElementType::F64 => real(f64::from_bits(bits), &|value| decimal(&value.to_string(), &format!("{value:e}"))),
        ElementType::F32 => real(f64::from(f32::from_bits(bits as u32)), &|value| {
            let value = value as f32;
            decimal(&value.to_string(), &format!("{value:e}"))
        }),
    }
}

/// A scalar that is typed by itself, as the initial state of a loop is.
pub(super) fn typed(element: ElementType, bits: u64) -> Text {
    let text = scalar(element, bits);
    if element == ElementType::I64 { Text::call("int", &[text]) } else { text }
}

fn decimal(plain: &str, scientific: &str) -> String {
    let short = if plain.trim_start_matches("0.").len() > 18 { scientific } else { plain };
    short.to_string()
}

fn real(value: f64, digits: &dyn Fn(f64) -> String) -> Text {
    let magnitude = value.abs();
    let text = if value.is_nan() {
        return Text::atom("nan");
    } else if magnitude.is_infinite() {
        "inf".to_string()
    } else if value == 0.0 && value.is_sign_negative() {
        "0.0".to_string()
    } else {
        digits(magnitude)
    };
    if value.is_sign_negative() { Text::new(format!("-{text}"), Level::Negation) } else { Text::atom(text) }
}

/// A constant as nested brackets.
pub fn literal(table: &Table) -> String {
    nested(table.ty.element, table.ty.shape.sizes(), &table.bits)
}

fn nested(element: ElementType, sizes: &[usize], bits: &[u64]) -> String {
    let Some((count, rest)) = sizes.split_first() else { return scalar(element, bits[0]).text };
    let length: usize = rest.iter().product();
    let rows: Vec<String> =
        (0..*count).map(|row| nested(element, rest, &bits[row * length..(row + 1) * length])).collect();
    format!("[{}]", rows.join(", "))
}
