//! Loss and metrics over several batches, weighted by their sizes.

use super::metrics::Fold;
use crate::check::program::{Metric, MetricKind};
use crate::session::Confusion;
use serde::{Deserialize, Serialize};

/// A loss and metrics.
#[derive(Clone, Debug, Default)]
pub struct Measures {
    /// The loss.
    pub loss: f64,
    /// Names and values of those that are numbers.
    pub metrics: Vec<(String, f64)>,
    /// Those that are tables.
    pub confusions: Vec<Confusion>,
}

/// Loss and metrics of the batches so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tally {
    examples: u64,
    loss: f64,
    folds: Vec<Fold>,
}

impl Tally {
    /// Of no batch.
    pub(super) fn new(metrics: &[Metric]) -> Self {
        Tally { examples: 0, loss: 0.0, folds: metrics.iter().map(|metric| Fold::new(metric.kind)).collect() }
    }

    /// Whether there was no batch.
    pub(super) fn is_empty(&self) -> bool {
        self.examples == 0
    }

    /// Adds a batch: its loss and the parts of the metrics. One batch alone keeps its loss to the bit.
    pub(super) fn add(
        &mut self,
        size: usize,
        metrics: &[Metric],
        loss: f64,
        mut parts: impl Iterator<Item = Vec<f64>>,
    ) {
        self.examples += size as u64;
        let share = size as f64 / self.examples as f64;
        self.loss += (loss - self.loss) * share;
        for (fold, metric) in self.folds.iter_mut().zip(metrics) {
            let parts: Vec<Vec<f64>> = parts.by_ref().take(metric.parts.len()).collect();
            fold.add(size, share, &parts);
        }
    }

    /// The loss.
    pub(super) fn loss(&self) -> f64 {
        if self.is_empty() { f64::NAN } else { self.loss }
    }

    /// What it comes to.
    pub(super) fn measures(&self, metrics: &[Metric]) -> Measures {
        let mut measures = Measures { loss: self.loss(), ..Measures::default() };
        for (fold, metric) in self.folds.iter().zip(metrics) {
            match (metric.kind, fold.counts()) {
                (MetricKind::Confusion { .. }, Some(counts)) => measures.confusions.push(Confusion {
                    name: metric.name.clone(),
                    classes: class_names(counts.len(), &metric.labels),
                    counts: counts.to_vec(),
                }),
                _ => measures.metrics.push((metric.name.clone(), fold.value(metric.kind))),
            }
        }
        measures
    }

    /// The value of one metric by its place.
    pub(super) fn metric(&self, metrics: &[Metric], place: usize) -> f64 {
        self.folds.get(place).zip(metrics.get(place)).map_or(f64::NAN, |(fold, metric)| fold.value(metric.kind))
    }
}

/// The names of classes: their labels, as far as there are some, else their numbers.
pub(super) fn class_names(classes: usize, labels: &[String]) -> Vec<String> {
    (0..classes).map(|class| labels.get(class).cloned().unwrap_or_else(|| class.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(name: &str) -> Metric {
        let part = crate::check::program::Typed::error(crate::source::Span::default());
        Metric { name: name.to_string(), kind: MetricKind::Mean, parts: vec![part], higher: None, labels: Vec::new() }
    }

    #[test]
    fn batches_count_by_their_sizes() {
        let metrics = [metric("error")];
        let mut tally = Tally::new(&metrics);
        tally.add(4, &metrics, 1.0, [vec![0.5]].into_iter());
        tally.add(2, &metrics, 4.0, [vec![2.0]].into_iter());
        let measures = tally.measures(&metrics);
        assert_eq!((measures.loss, measures.metrics), (2.0, vec![("error".to_string(), 1.0)]));
    }

    #[test]
    fn one_batch_keeps_its_bits() {
        let mut tally = Tally::new(&[]);
        tally.add(7, &[], 0.1 + 0.2, [].into_iter());
        assert_eq!(tally.loss(), 0.1 + 0.2);
    }
}
