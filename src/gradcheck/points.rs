//! Points to try: numbers of several kinds, until one suits the function.

use super::{Problem, Start};
use crate::ir::{ElementType, Shape, Table, TensorType};
use crate::ops::structural::table::{numbers, reals};
use crate::runtime::random::{Key, Sequence};

/// What kind of numbers an input gets.
#[derive(Clone, Copy)]
enum Numbers {
    /// Evenly between two bounds.
    Between(f64, f64),
    /// Whole numbers from 0 on.
    Whole,
    /// Positive, with sum 1 along the last axis.
    Shares,
    /// Matrices that are symmetric and positive definite; other shapes get positive numbers.
    Definite,
}

use Numbers::{Between, Definite, Shares, Whole};

/// The kinds in the order they are tried: the first for every input, then the second, and so on.
const KINDS: [Numbers; 9] = [
    Between(-2.0, 2.0),
    Between(0.1, 2.0),
    Between(0.05, 0.95),
    Between(-0.9, 0.9),
    Definite,
    Shares,
    Between(1.0, 10.0),
    Between(-0.1, 0.1),
    Between(-30.0, 30.0),
];
/// How many points of the series begin with a kind of their own.
const FIRST_KINDS: u64 = 3;
/// After these, each input gets one of these kinds by itself.
const MIXED_KINDS: [Numbers; 5] = [Between(-2.0, 2.0), Between(0.1, 2.0), Between(0.05, 0.95), Whole, Shares];
/// How often that is tried.
const MIXED: u64 = 24;
/// How many points are tried in place of one.
pub(super) const ATTEMPTS: u64 = KINDS.len() as u64 + MIXED;

/// The values of all inputs for one attempt at a point. Equal keys give equal points.
pub(super) fn point(problem: &Problem, key: Key, number: u64, attempt: u64) -> Vec<Table> {
    let mut random = key.child(number).child(attempt).sequence();
    let kinds = KINDS.len() as u64;
    let common = (attempt < kinds).then(|| KINDS[((number % FIRST_KINDS + attempt) % kinds) as usize]);
    let mut values = Vec::with_capacity(problem.inputs.len());
    for (input, declared) in problem.inputs.iter().zip(problem.graph.inputs()) {
        values.push(match &input.start {
            Start::Fixed(table) => table.clone(),
            Start::Around(table) if number == 0 && attempt == 0 => table.clone(),
            Start::Around(table) => near(table, attempt, &mut random),
            Start::Any => {
                let mixed = random.below(MIXED_KINDS.len() as u64) as usize;
                let kind = common.unwrap_or(MIXED_KINDS[mixed]);
                any(&declared.ty, kind, attempt, &mut random)
            }
        });
    }
    values
}

/// Numbers around given ones, nearer at every attempt.
fn near(table: &Table, attempt: u64, random: &mut Sequence) -> Table {
    if !table.ty.element.is_real() {
        return table.clone();
    }
    let values = numbers(table);
    let typical = (values.iter().map(|value| value * value).sum::<f64>() / values.len().max(1) as f64).sqrt();
    let spread = if typical == 0.0 { 0.5 } else { 0.3 * typical } / (1u64 << attempt.min(20)) as f64;
    let moved: Vec<f64> = values.iter().map(|value| value + spread * random.normal()).collect();
    reals(table.ty.element, table.ty.shape.clone(), &moved)
}

fn any(ty: &TensorType, kind: Numbers, attempt: u64, random: &mut Sequence) -> Table {
    let count = ty.shape.count();
    match ty.element {
        ElementType::Bool => Table { ty: ty.clone(), bits: (0..count).map(|_| random.below(2)).collect() },
        ElementType::I64 => {
            let bound = if attempt.is_multiple_of(2) { 4 } else { 2 };
            Table { ty: ty.clone(), bits: (0..count).map(|_| random.below(bound)).collect() }
        }
        _ => reals(ty.element, ty.shape.clone(), &real_numbers(&ty.shape, kind, random)),
    }
}

fn real_numbers(shape: &Shape, kind: Numbers, random: &mut Sequence) -> Vec<f64> {
    let mut between = |low: f64, high: f64| -> Vec<f64> {
        (0..shape.count()).map(|_| low + (high - low) * random.uniform()).collect()
    };
    match kind {
        Between(low, high) => between(low, high),
        Whole => between(0.0, 4.0).into_iter().map(f64::floor).collect(),
        Shares => {
            let mut values = between(0.1, 1.0);
            let row = shape.sizes().last().copied().unwrap_or(1).max(1);
            for row in values.chunks_mut(row).filter(|row| row.len() > 1) {
                let sum: f64 = row.iter().sum();
                row.iter_mut().for_each(|value| *value /= sum);
            }
            values
        }
        Definite => match shape.sizes() {
            [.., rows, columns] if rows == columns => {
                between(-1.0, 1.0).chunks(rows * columns).flat_map(|matrix| definite(matrix, *rows)).collect()
            }
            _ => between(0.1, 2.0),
        },
    }
}

/// A matrix times its transpose, with a larger diagonal.
fn definite(matrix: &[f64], size: usize) -> Vec<f64> {
    let entry = |row: usize, column: usize| -> f64 {
        let product: f64 = (0..size).map(|k| matrix[row * size + k] * matrix[column * size + k]).sum();
        product + if row == column { size as f64 } else { 0.0 }
    };
    (0..size * size).map(|at| entry(at / size, at % size)).collect()
}
