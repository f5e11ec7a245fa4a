//! Values as nested lists.

use super::number::number;
use crate::check::types::Type;
use crate::ir::{ElementType, Table};
use crate::session::Leaves;
use crate::session::native::to_reals;

/// Entries of an axis beyond which the middle is left out.
const LONGEST: usize = 1000;
/// Entries shown at either end of a long axis.
const ENDS: usize = 3;

/// A value as nd would write it; the middle of long tensors is left out.
pub fn value_text(value: &Leaves) -> String {
    let mut tables = value.tables.iter();
    structured(&value.ty, &mut tables)
}

fn structured(ty: &Type, tables: &mut std::slice::Iter<'_, Table>) -> String {
    match ty {
        Type::Tuple(parts) => {
            let texts: Vec<String> = parts.iter().map(|part| structured(part, tables)).collect();
            format!("({}{})", texts.join(", "), if texts.len() == 1 { "," } else { "" })
        }
        Type::Record(fields, parts) => {
            let fields = fields.names.iter().zip(parts);
            let texts: Vec<String> =
                fields.map(|(name, part)| format!("{name} = {}", structured(part, tables))).collect();
            format!("({})", texts.join(", "))
        }
        _ => tables.next().map(tensor).unwrap_or_default(),
    }
}

fn tensor(table: &Table) -> String {
    let limit = if table.bits.len() > LONGEST { ENDS } else { usize::MAX };
    nested(table.ty.shape.sizes(), &elements(table), limit)
}

/// The elements of a tensor, each as it is read back.
pub(super) fn elements(table: &Table) -> Vec<String> {
    match table.ty.element {
        ElementType::Bool => table.bits.iter().map(|bit| (*bit != 0).to_string()).collect(),
        ElementType::I64 => table.bits.iter().map(|bits| (*bits as i64).to_string()).collect(),
        ElementType::F32 => table.bits.iter().map(|bits| single(f32::from_bits(*bits as u32))).collect(),
        ElementType::F64 => to_reals(table).into_iter().map(number).collect(),
    }
}

fn single(value: f32) -> String {
    let magnitude = value.abs();
    let plain = !magnitude.is_finite() || magnitude == 0.0 || (1e-5..1e8).contains(&magnitude);
    match (value.is_nan(), plain) {
        (true, _) => "nan".to_string(),
        (_, true) => format!("{value}"),
        (_, false) => format!("{value:e}"),
    }
}

fn nested(sizes: &[usize], cells: &[String], limit: usize) -> String {
    let Some((size, rest)) = sizes.split_first() else { return cells.first().cloned().unwrap_or_default() };
    let stride: usize = rest.iter().product();
    let row = |place: usize| nested(rest, &cells[place * stride..(place + 1) * stride], limit);
    let rows: Vec<String> = if *size > limit.saturating_mul(2) {
        let ends = (0..limit).map(row).chain(["…".to_string()]);
        ends.chain((size - limit..*size).map(row)).collect()
    } else {
        (0..*size).map(row).collect()
    };
    format!("[{}]", rows.join(", "))
}
