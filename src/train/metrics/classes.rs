//! How often each class was taken for which: precision, recall, F1, confusion.

use serde::{Deserialize, Serialize};

/// More classes than this are taken for a mistake.
const MOST: usize = 4096;

/// Counts by the true class (rows) and the predicted one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(in crate::train) struct Counts {
    rows: Vec<Vec<u64>>,
    /// Whether an entry was no class.
    spoilt: bool,
}

impl Counts {
    /// Of no example; classes beyond those known are added as they are seen.
    pub(super) fn new(classes: usize) -> Self {
        Counts { rows: vec![vec![0; classes]; classes], spoilt: false }
    }

    pub(super) fn rows(&self) -> &[Vec<u64>] {
        &self.rows
    }

    pub(super) fn add(&mut self, predicted: &[f64], truths: &[f64]) {
        for (predicted, truth) in predicted.iter().zip(truths) {
            match (class(*predicted), class(*truth)) {
                (Some(predicted), Some(truth)) => {
                    self.grow(predicted.max(truth) + 1);
                    self.rows[truth][predicted] += 1;
                }
                _ => self.spoilt = true,
            }
        }
    }

    fn grow(&mut self, classes: usize) {
        if classes > self.rows.len() {
            self.rows.iter_mut().for_each(|row| row.resize(classes, 0));
            self.rows.resize(classes, vec![0; classes]);
        }
    }

    fn right(&self, class: usize) -> u64 {
        self.rows[class][class]
    }

    fn found(&self, class: usize) -> u64 {
        self.rows.iter().map(|row| row[class]).sum()
    }

    fn there(&self, class: usize) -> u64 {
        self.rows[class].iter().sum()
    }

    /// Of those found, the share that is right.
    pub(super) fn precision(&self, binary: bool) -> f64 {
        self.over_classes(binary, |class| share(self.right(class), self.found(class)))
    }

    /// Of those that are there, the share that is found.
    pub(super) fn recall(&self, binary: bool) -> f64 {
        self.over_classes(binary, |class| share(self.right(class), self.there(class)))
    }

    /// The harmonic mean of both.
    pub(super) fn f1(&self, binary: bool) -> f64 {
        self.over_classes(binary, |class| share(2 * self.right(class), self.found(class) + self.there(class)))
    }

    /// A measure of class 1, or its mean over the classes that are there or were found.
    fn over_classes(&self, binary: bool, of: impl Fn(usize) -> f64) -> f64 {
        if self.spoilt {
            return f64::NAN;
        }
        if binary {
            return of(1);
        }
        let seen = |class: &usize| self.found(*class) + self.there(*class) > 0;
        let values: Vec<f64> = (0..self.rows.len()).filter(seen).map(of).collect();
        values.iter().sum::<f64>() / values.len() as f64
    }
}

/// A share; 0 of nothing.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// The class that a number stands for.
fn class(number: f64) -> Option<usize> {
    (number >= 0.0 && number < MOST as f64).then_some(number as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_that_were_never_seen_do_not_count() {
        let mut counts = Counts::new(5);
        counts.add(&[0.0, 0.0, 2.0], &[0.0, 2.0, 2.0]);
        assert_eq!(counts.precision(false), 0.75);
        assert_eq!(counts.recall(false), 0.75);
    }

    #[test]
    fn what_is_no_class_is_not_counted_in_silence() {
        let mut counts = Counts::new(2);
        counts.add(&[0.0], &[-1.0]);
        assert!(counts.f1(false).is_nan());
    }

    #[test]
    fn classes_are_added_as_they_come() {
        let mut counts = Counts::new(0);
        counts.add(&[0.0, 2.0], &[0.0, 1.0]);
        assert_eq!(counts.rows(), [[1, 0, 0], [0, 0, 1], [0, 0, 0]]);
    }
}
