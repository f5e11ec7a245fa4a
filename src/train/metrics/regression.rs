//! How far predictions are off: root mean squared error and R2, of each output by itself.

use serde::{Deserialize, Serialize};

/// The mean squared error of each output.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::train) struct MeanSquares {
    examples: u64,
    means: Vec<f64>,
}

impl MeanSquares {
    pub(super) fn add(&mut self, size: usize, squares: &[f64]) {
        let outputs = squares.len() / size;
        self.means.resize(outputs, 0.0);
        for row in squares.chunks_exact(outputs.max(1)) {
            self.examples += 1;
            for (mean, square) in self.means.iter_mut().zip(row) {
                *mean += (square - *mean) / self.examples as f64;
            }
        }
    }

    /// The mean over the outputs of the roots.
    pub(super) fn root(&self) -> f64 {
        self.means.iter().map(|mean| mean.sqrt()).sum::<f64>() / self.means.len() as f64
    }
}

/// How much of the variance of each output is explained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::train) struct Explained {
    examples: u64,
    outputs: Vec<Output>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Output {
    /// The sum of squared errors.
    errors: f64,
    /// The mean of the truths and the sum of squared distances from it (Welford).
    mean: f64,
    spread: f64,
}

impl Explained {
    pub(super) fn add(&mut self, size: usize, predictions: &[f64], truths: &[f64]) {
        let outputs = truths.len() / size;
        self.outputs.resize(outputs, Output::default());
        let rows = predictions.chunks_exact(outputs.max(1)).zip(truths.chunks_exact(outputs.max(1)));
        for (predictions, truths) in rows {
            self.examples += 1;
            for ((output, prediction), truth) in self.outputs.iter_mut().zip(predictions).zip(truths) {
                output.errors += (truth - prediction) * (truth - prediction);
                let before = truth - output.mean;
                output.mean += before / self.examples as f64;
                output.spread += before * (truth - output.mean);
            }
        }
    }

    /// The mean over the outputs of 1 less the squared errors for the spread. Where the truths are all equal it is 1 if
    /// nothing is off, else 0; of less than two examples there is none.
    pub(super) fn share(&self) -> f64 {
        if self.examples < 2 {
            return f64::NAN;
        }
        let share = |output: &Output| match output.spread == 0.0 {
            true if output.errors == 0.0 => 1.0,
            true => 0.0,
            false => 1.0 - output.errors / output.spread,
        };
        self.outputs.iter().map(share).sum::<f64>() / self.outputs.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_do_not_matter() {
        let (predictions, truths) = ([1.0, 2.0, 3.5, 4.0], [1.0, 2.5, 3.0, 5.0]);
        let mut whole = Explained::default();
        whole.add(4, &predictions, &truths);
        let mut parts = Explained::default();
        parts.add(3, &predictions[..3], &truths[..3]);
        parts.add(1, &predictions[3..], &truths[3..]);
        assert_eq!(whole, parts);
    }

    #[test]
    fn equal_truths_have_no_spread() {
        for (predictions, expected) in [([2.0, 2.0], 1.0), ([2.0, 3.0], 0.0)] {
            let mut explained = Explained::default();
            explained.add(2, &predictions, &[2.0, 2.0]);
            assert_eq!(explained.share(), expected);
        }
    }
}
