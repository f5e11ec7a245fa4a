//! What a checked `train` block measures: examples, metrics, and when training ends because it gets no better.

use crate::check::program::{DataId, Program, Typed};

/// The examples that a `train` block is about.
#[derive(Clone, Debug, Default)]
pub struct Examples {
    /// The data; without it there is one example, which has no columns.
    pub data: Option<DataId>,
    /// The columns that the block reads: `Kind::Example(i)` is column `columns[i]` of the data.
    pub columns: Vec<u32>,
}

impl Examples {
    /// The number of examples.
    pub fn count(&self, program: &Program) -> usize {
        self.data.map_or(1, |data| program.data[data.0 as usize].rows)
    }
}

/// A metric of a `train` block.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// How it is made of the parts.
    pub kind: MetricKind,
    /// What it needs of each example, as reals.
    pub parts: Vec<Typed>,
    /// Whether higher values are better, if that is known.
    pub higher: Option<bool>,
    /// What the classes of a confusion matrix are called, where the truth is a category.
    pub labels: Vec<String>,
}

/// How a metric over a set is made of the parts that its examples have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MetricKind {
    /// The mean of the one part, a number.
    Mean,
    /// The root of the mean of squared errors; of several outputs the mean of their roots.
    RootMeanSquare,
    /// The share of the variance that predictions explain, of predictions and truths; of several outputs the mean.
    R2,
    /// Of predicted and true classes: of those found, the share that is right.
    Precision {
        /// Whether it is that of class 1 alone; else the mean over classes.
        binary: bool,
    },
    /// Of those that are there, the share that is found.
    Recall {
        /// See precision.
        binary: bool,
    },
    /// The harmonic mean of precision and recall.
    F1 {
        /// See precision.
        binary: bool,
    },
    /// The probability that a positive example has a higher score than a negative one, of scores and truths.
    Auc,
    /// How often each class was taken for which, of predicted and true classes.
    Confusion {
        /// The number of classes; 0 where only the examples tell.
        classes: usize,
    },
}

impl MetricKind {
    /// Whether it is one number.
    pub fn is_number(self) -> bool {
        !matches!(self, MetricKind::Confusion { .. })
    }
}

/// When training ends because it does not get better.
#[derive(Clone, PartialEq, Debug)]
pub struct Patience {
    /// How many epochs in a row may be no better than the best.
    pub epochs: u64,
    /// How much better an epoch must be.
    pub min_delta: f64,
    /// What is watched.
    pub monitor: Monitor,
    /// Whether higher is better.
    pub higher: bool,
    /// Whether training ends with the parameters of the best epoch.
    pub restore: bool,
}

/// When the learning rate is reduced because training does not get better.
#[derive(Clone, PartialEq, Debug)]
pub struct Plateau {
    /// How many epochs in a row may be no better than the best.
    pub patience: u64,
    /// What the learning rate is then multiplied by.
    pub factor: f64,
    /// How much better an epoch must be.
    pub min_delta: f64,
    /// How many epochs after a reduction are not counted.
    pub cooldown: u64,
    /// The least learning rate that it reduces one to.
    pub min_lr: f64,
    /// What is watched.
    pub monitor: Monitor,
    /// Whether higher is better.
    pub higher: bool,
}

/// What early stopping and `plateau` watch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Monitor {
    /// The mean loss of an epoch's batches.
    Loss,
    /// The loss over the validation set.
    ValidationLoss,
    /// A metric by its place: over the validation set if there is one, else over the epoch's batches.
    Metric(usize),
}
