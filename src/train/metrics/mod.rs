//! Metrics over sets: what is kept of the examples so far, and what it comes to.

mod auc;
mod classes;
mod regression;

use crate::check::program::MetricKind;
use auc::Scores;
use classes::Counts;
use regression::{Explained, MeanSquares};
use serde::{Deserialize, Serialize};

/// A metric of the examples so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Fold {
    /// A mean.
    Mean(f64),
    /// Squared errors.
    MeanSquares(MeanSquares),
    /// Predictions and truths.
    Explained(Explained),
    /// Predicted and true classes.
    Counts(Counts),
    /// Scores and truths.
    Scores(Scores),
}

impl Fold {
    /// Of no example.
    pub(super) fn new(kind: MetricKind) -> Self {
        match kind {
            MetricKind::Mean => Fold::Mean(0.0),
            MetricKind::RootMeanSquare => Fold::MeanSquares(MeanSquares::default()),
            MetricKind::R2 => Fold::Explained(Explained::default()),
            MetricKind::Auc => Fold::Scores(Scores::default()),
            MetricKind::Confusion { classes } => Fold::Counts(Counts::new(classes)),
            MetricKind::Precision { .. } | MetricKind::Recall { .. } | MetricKind::F1 { .. } => {
                Fold::Counts(Counts::new(2))
            }
        }
    }

    /// Adds a batch of `size` examples, after which there are as many as that is `share` of. Each part is the mean
    /// over the batch, or has the entries of the examples one after another.
    pub(super) fn add(&mut self, size: usize, share: f64, parts: &[Vec<f64>]) {
        match self {
            // One batch alone keeps its value to the bit.
            Fold::Mean(mean) => *mean += (parts[0][0] - *mean) * share,
            Fold::MeanSquares(errors) => errors.add(size, &parts[0]),
            Fold::Explained(explained) => explained.add(size, &parts[0], &parts[1]),
            Fold::Counts(counts) => counts.add(&parts[0], &parts[1]),
            Fold::Scores(scores) => scores.add(&parts[0], &parts[1]),
        }
    }

    /// What it comes to; NaN where that is not defined.
    pub(super) fn value(&self, kind: MetricKind) -> f64 {
        match (self, kind) {
            (Fold::Mean(mean), _) => *mean,
            (Fold::MeanSquares(errors), _) => errors.root(),
            (Fold::Explained(explained), _) => explained.share(),
            (Fold::Scores(scores), _) => scores.area(),
            (Fold::Counts(counts), MetricKind::Precision { binary }) => counts.precision(binary),
            (Fold::Counts(counts), MetricKind::Recall { binary }) => counts.recall(binary),
            (Fold::Counts(counts), MetricKind::F1 { binary }) => counts.f1(binary),
            (Fold::Counts(_), _) => f64::NAN,
        }
    }

    /// How often each true class (rows) was taken for which.
    pub(super) fn counts(&self) -> Option<&[Vec<u64>]> {
        match self {
            Fold::Counts(counts) => Some(counts.rows()),
            _ => None,
        }
    }
}
