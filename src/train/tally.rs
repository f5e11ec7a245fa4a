//! Loss and metrics over several batches, weighted by their sizes.

use serde::{Deserialize, Serialize};

/// A loss, and metrics with their names.
pub(super) type Measures = (f64, Vec<(String, f64)>);

/// Loss and metrics of the batches so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tally {
    examples: u64,
    /// The mean of the loss, then of each metric.
    means: Vec<f64>,
}

impl Tally {
    /// Forgets all batches.
    pub(super) fn clear(&mut self) {
        self.examples = 0;
        self.means.clear();
    }

    /// Whether there was no batch.
    pub(super) fn is_empty(&self) -> bool {
        self.examples == 0
    }

    /// Adds a batch. One batch alone keeps its values to the bit.
    pub(super) fn add(&mut self, size: usize, values: impl Iterator<Item = f64>) {
        self.examples += size as u64;
        let share = size as f64 / self.examples as f64;
        for (index, value) in values.enumerate() {
            match self.means.get_mut(index) {
                Some(mean) => *mean += (value - *mean) * share,
                None => self.means.push(value),
            }
        }
    }

    /// The loss and the metrics, which have these names.
    pub(super) fn measures<'n>(&self, names: impl Iterator<Item = &'n String>) -> Measures {
        let loss = self.means.first().copied().unwrap_or(f64::NAN);
        (loss, names.cloned().zip(self.means.iter().skip(1).copied()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_count_by_their_sizes() {
        let mut tally = Tally::default();
        tally.add(4, [1.0, 0.5].into_iter());
        tally.add(2, [4.0, 2.0].into_iter());
        let (loss, metrics) = tally.measures([String::from("error")].iter());
        assert_eq!((loss, metrics), (2.0, vec![("error".to_string(), 1.0)]));
    }

    #[test]
    fn one_batch_keeps_its_bits() {
        let mut tally = Tally::default();
        tally.add(7, [0.1 + 0.2].into_iter());
        assert_eq!(tally.measures([].iter()).0, 0.1 + 0.2);
    }
}
