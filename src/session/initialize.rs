//! Initial values of parameters.
//!
//! Draws are keyed by (seed, path): adding a parameter changes no other.

use super::Session;
use super::native::from_reals;
use crate::check::fans;
use crate::check::program::{Initial, Initializer, Param};
use crate::diagnostics::Diagnostic;
use crate::ir::{Shape, Table, TensorType};
use crate::runtime::random::{Key, Sequence};

impl Session<'_> {
    /// The initial value of a parameter.
    pub(super) fn initial(&mut self, param: &Param) -> Result<Table, Box<Diagnostic>> {
        match &param.initial {
            Initial::Value(typed) => {
                let mut leaves = self.evaluate(&[typed])?.remove(0);
                Ok(leaves.tables.remove(0))
            }
            Initial::Random(initializer) => {
                let key = Key { seed: self.program.seed, stream: path_hash(&param.name) };
                let values = draw(*initializer, &param.shape, key);
                Ok(from_reals(TensorType::new(self.program.real(), param.shape.clone()), &values))
            }
        }
    }
}

/// The values of a random initialiser, row-major.
pub fn draw(initializer: Initializer, shape: &Shape, key: Key) -> Vec<f64> {
    let mut sequence = key.sequence();
    let (fan_in, fan_out) = fans(shape);
    let uniform = |low: f64, high: f64, sequence: &mut Sequence| {
        (0..shape.count()).map(|_| low + (high - low) * sequence.uniform()).collect()
    };
    let normal = |mean: f64, deviation: f64, sequence: &mut Sequence| {
        (0..shape.count()).map(|_| mean + deviation * sequence.normal()).collect()
    };
    let sequence = &mut sequence;
    match initializer {
        Initializer::Uniform(low, high) => uniform(low, high, sequence),
        Initializer::Normal(mean, deviation) => normal(mean, deviation, sequence),
        Initializer::GlorotUniform => {
            let bound = (6.0 / (fan_in + fan_out)).sqrt();
            uniform(-bound, bound, sequence)
        }
        Initializer::GlorotNormal => normal(0.0, (2.0 / (fan_in + fan_out)).sqrt(), sequence),
        Initializer::HeUniform => {
            let bound = (6.0 / fan_in).sqrt();
            uniform(-bound, bound, sequence)
        }
        Initializer::HeNormal => normal(0.0, (2.0 / fan_in).sqrt(), sequence),
        Initializer::Orthogonal => orthogonal(shape, normal(0.0, 1.0, sequence)),
    }
}

/// Orthonormal rows (or columns, if there are fewer) from a matrix of normal draws, by Gram and Schmidt, done twice
/// for accuracy. Axes after the first count as one.
fn orthogonal(shape: &Shape, draws: Vec<f64>) -> Vec<f64> {
    let rows = shape.sizes().first().copied().unwrap_or(1);
    let columns = draws.len().checked_div(rows).unwrap_or(0);
    let tall = rows > columns;
    let (count, length) = if tall { (columns, rows) } else { (rows, columns) };
    let entry = |vector: usize, place: usize| if tall { place * columns + vector } else { vector * columns + place };
    let mut vectors: Vec<Vec<f64>> =
        (0..count).map(|vector| (0..length).map(|place| draws[entry(vector, place)]).collect()).collect();
    for current in 0..count {
        for _ in 0..2 {
            for earlier in 0..current {
                let product: f64 = vectors[current].iter().zip(&vectors[earlier]).map(|(a, b)| a * b).sum();
                let (done, rest) = vectors.split_at_mut(current);
                for (value, base) in rest[0].iter_mut().zip(&done[earlier]) {
                    *value -= product * base;
                }
            }
        }
        let norm = vectors[current].iter().map(|value| value * value).sum::<f64>().sqrt();
        vectors[current].iter_mut().for_each(|value| *value /= norm);
    }
    let mut values = vec![0.0; draws.len()];
    for (vector, values_of) in vectors.iter().enumerate() {
        for (place, value) in values_of.iter().enumerate() {
            values[entry(vector, place)] = *value;
        }
    }
    values
}

/// A hash of a path that is the same everywhere (FNV-1a, 64 bits).
pub fn path_hash(path: &str) -> u64 {
    path.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orthogonal_rows_have_unit_products() {
        for sizes in [[3, 5], [5, 3], [4, 4]] {
            let shape = Shape::new(&sizes);
            let values = draw(Initializer::Orthogonal, &shape, Key { seed: 1, stream: 2 });
            let (rows, columns) = (sizes[0], sizes[1]);
            let by_rows = rows <= columns;
            let count = rows.min(columns);
            for a in 0..count {
                for b in 0..count {
                    let product: f64 = (0..rows.max(columns))
                        .map(|k| {
                            let at = |v: usize| if by_rows { values[v * columns + k] } else { values[k * columns + v] };
                            at(a) * at(b)
                        })
                        .sum();
                    assert!((product - f64::from(u8::from(a == b))).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn a_draw_depends_on_seed_and_path_only() {
        let shape = Shape::new(&[4]);
        let key = |seed, path| Key { seed, stream: path_hash(path) };
        let normal = Initializer::Normal(0.0, 1.0);
        assert_eq!(draw(normal, &shape, key(0, "w")), draw(normal, &shape, key(0, "w")));
        assert_ne!(draw(normal, &shape, key(0, "w")), draw(normal, &shape, key(0, "b")));
        assert_ne!(draw(normal, &shape, key(0, "w")), draw(normal, &shape, key(1, "w")));
    }

    #[test]
    fn fans_of_a_matrix_are_its_columns_and_rows() {
        assert_eq!(fans(&Shape::new(&[10, 784])), (784.0, 10.0));
        assert_eq!(fans(&Shape::new(&[8, 3, 5, 5])), (75.0, 8.0));
    }
}
