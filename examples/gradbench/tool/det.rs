//! Determinants by expansion in minors: which minors of the first rows there are, and which each is made of.

use super::arrays::Array;
use super::call::{Call, Outcome, Output, Question};

/// The largest matrix: it has 2^20 minors of first rows.
const MOST: usize = 20;

pub fn primal(call: &Call) -> Result<Outcome, String> {
    ask(call)?.outcome()
}

/// The gradient, as one list.
pub fn gradient(call: &Call) -> Result<Outcome, String> {
    let mut outcome = ask(call)?.gradient(&["A"]).outcome()?;
    if let Output::Reals { shape, elements } = &mut outcome.output {
        *shape = vec![elements.len()];
    }
    Ok(outcome)
}

fn ask<'a>(call: &Call<'a>) -> Result<Question<'a>, String> {
    let size = call.size("ell")?;
    if !(1..=MOST).contains(&size) {
        return Err(format!("matrices have 1 to {MOST} rows"));
    }
    let (parts, signs) = expansion(size);
    let matrix = call.array("A")?.reshaped(&[size, size])?;
    Ok(call.ask("by_minors").argument("A", matrix).argument("parts", parts).argument("signs", signs))
}

/// For each row, minor and column: the minor of the rows before at the other columns, and the sign of the column's
/// entry in the expansion along the row; 0 for columns that the minor has not.
fn expansion(size: usize) -> (Array, Array) {
    // A minor is a set of columns, as the bits of a number; those of each count, in order.
    let mut minors = vec![Vec::new(); size + 1];
    let mut places = vec![0; 1 << size];
    for columns in 0_usize..1 << size {
        let same: &mut Vec<usize> = &mut minors[columns.count_ones() as usize];
        places[columns] = same.len();
        same.push(columns);
    }
    let width = minors.iter().map(Vec::len).max().unwrap_or(1);
    let mut parts = vec![0.0; size * width * size];
    let mut signs = parts.clone();
    for (row, minors) in minors[1..].iter().enumerate() {
        for (place, columns) in minors.iter().enumerate() {
            for column in (0..size).filter(|column| columns >> column & 1 == 1) {
                let entry = (row * width + place) * size + column;
                let before = (columns & ((1 << column) - 1)).count_ones() as usize;
                parts[entry] = places[columns & !(1 << column)] as f64;
                signs[entry] = if (row + before).is_multiple_of(2) { 1.0 } else { -1.0 };
            }
        }
    }
    let shape = vec![size, width, size];
    (Array { shape: shape.clone(), elements: parts }, Array { shape, elements: signs })
}
