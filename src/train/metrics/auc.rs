//! The area under the receiver operating characteristic.

use serde::{Deserialize, Serialize};

/// Scores and whether the examples are positive.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(in crate::train) struct Scores {
    scores: Vec<(f64, bool)>,
}

impl Scores {
    pub(super) fn add(&mut self, scores: &[f64], truths: &[f64]) {
        self.scores.extend(scores.iter().copied().zip(truths.iter().map(|truth| *truth > 0.5)));
    }

    /// The probability that a positive example has a higher score than a negative one, equal scores counting half: by
    /// the ranks of the positive ones, the middle of their ranks for equal scores (Mann and Whitney). Without examples
    /// of both kinds there is none.
    pub(super) fn area(&self) -> f64 {
        let mut sorted = self.scores.clone();
        sorted.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let positive = sorted.iter().filter(|(_, positive)| *positive).count();
        let negative = sorted.len() - positive;
        if positive == 0 || negative == 0 || sorted.iter().any(|(score, _)| score.is_nan()) {
            return f64::NAN;
        }
        let mut ranks = 0.0;
        let mut start = 0;
        for equal in sorted.chunk_by(|(a, _), (b, _)| a == b) {
            // Ranks count from 1: the middle of `start + 1` and `start + equal.len()`.
            let middle = start as f64 + (equal.len() as f64 + 1.0) / 2.0;
            ranks += middle * equal.iter().filter(|(_, positive)| *positive).count() as f64;
            start += equal.len();
        }
        let (positive, negative) = (positive as f64, negative as f64);
        (ranks - positive * (positive + 1.0) / 2.0) / (positive * negative)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_scores_count_half() {
        for (scores, truths, expected) in [
            (&[0.1, 0.4, 0.35, 0.8][..], &[0.0, 0.0, 1.0, 1.0][..], 0.75),
            (&[0.5, 0.5], &[0.0, 1.0], 0.5),
            (&[1.0, 2.0, 2.0, 3.0], &[0.0, 0.0, 1.0, 1.0], 0.875),
            (&[0.0, -0.0], &[1.0, 0.0], 0.5),
            (&[3.0, 1.0], &[0.0, 1.0], 0.0),
        ] {
            let mut all = Scores::default();
            all.add(scores, truths);
            assert_eq!(all.area(), expected, "{scores:?}");
        }
    }

    #[test]
    fn one_kind_alone_has_no_area() {
        let mut all = Scores::default();
        all.add(&[0.1, 0.2], &[1.0, 1.0]);
        assert!(all.area().is_nan());
    }
}
