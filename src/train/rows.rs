//! Which examples each step sees.

use crate::runtime::random::Key;

/// The stream of the order of examples, apart from those of parameters.
const ORDER_STREAM: u64 = 0x6f72_6465_7200_0001;

/// The order of examples: every epoch visits each once, in a new order if shuffled. The order of an epoch depends on
/// the seed and the epoch's number only.
#[derive(Clone, Debug)]
pub struct Rows {
    order: Vec<i64>,
    batch: usize,
    /// Batches per step.
    accumulate: usize,
    shuffled: bool,
    seed: u64,
    /// From 1; 0 before the first step.
    epoch: u64,
    /// Where the next batch begins in the order.
    place: usize,
    whole: bool,
}

impl Rows {
    /// An order of `examples`, taken `batch` at a time (`None`: all, in their own order).
    pub fn new(examples: usize, batch: Option<usize>, shuffled: bool, seed: u64) -> Self {
        let whole = batch.is_none_or(|batch| batch >= examples);
        Rows {
            order: (0..examples as i64).collect(),
            batch: batch.unwrap_or(examples).min(examples),
            accumulate: 1,
            shuffled: shuffled && !whole,
            seed,
            epoch: 0,
            place: examples,
            whole,
        }
    }

    /// Takes so many batches of an epoch in each step; its last one takes those that are left.
    #[must_use]
    pub fn accumulating(mut self, batches: usize) -> Self {
        self.accumulate = batches;
        self
    }

    /// Goes through the first so many batches of the first epoch's order only, in that order.
    #[must_use]
    pub fn first_batches(mut self, batches: usize) -> Self {
        if !self.whole {
            self.next_epoch();
            self.order.truncate(batches.saturating_mul(self.batch));
            (self.epoch, self.place, self.shuffled) = (0, self.order.len(), false);
        }
        self
    }

    /// Whether every batch is all examples in their own order.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Examples per batch.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// The size of the last batch of an epoch, if it is smaller.
    pub fn remainder(&self) -> Option<usize> {
        let rest = self.order.len() % self.batch;
        (rest > 0).then_some(rest)
    }

    /// Steps per epoch.
    pub fn steps_per_epoch(&self) -> u64 {
        self.order.len().div_ceil(self.batch).div_ceil(self.accumulate) as u64
    }

    /// The epoch of a step, both from 1.
    pub fn epoch_of(&self, step: u64) -> u64 {
        step.div_ceil(self.steps_per_epoch())
    }

    /// The epoch of the next step.
    pub fn epoch(&self) -> u64 {
        if self.place >= self.order.len() { self.epoch + 1 } else { self.epoch }
    }

    /// Whether the last step was the last of its epoch.
    #[inline]
    pub fn ends_epoch(&self) -> bool {
        self.place >= self.order.len()
    }

    /// The epoch of the last step, 0 before the first, and how many of its examples were seen.
    pub fn place(&self) -> (u64, usize) {
        (self.epoch, self.place)
    }

    /// The number of batches of the next step, and of their examples.
    #[inline]
    pub fn next_step(&self) -> (usize, usize) {
        let left = if self.place >= self.order.len() { self.order.len() } else { self.order.len() - self.place };
        let examples = left.min(self.batch.saturating_mul(self.accumulate));
        (examples.div_ceil(self.batch.max(1)), examples)
    }

    /// Goes to where [`Rows::place`] was.
    pub fn go_to(&mut self, (epoch, place): (u64, usize)) {
        if epoch > 0 {
            self.epoch = epoch - 1;
            self.next_epoch();
        } else {
            self.epoch = 0;
        }
        self.place = place.min(self.order.len());
    }

    /// The examples of the next batch, and of the one after it if that is of the same epoch.
    #[inline]
    pub fn next_batches(&mut self) -> (&[i64], Option<&[i64]>) {
        let size = self.next_batch().len();
        let (seen, rest) = self.order.split_at(self.place);
        let upcoming = &rest[..self.batch.min(rest.len())];
        (&seen[seen.len() - size..], (!upcoming.is_empty()).then_some(upcoming))
    }

    /// The examples of the next batch.
    #[inline]
    pub fn next_batch(&mut self) -> &[i64] {
        if self.place >= self.order.len() {
            self.next_epoch();
        }
        let start = self.place;
        self.place = (start + self.batch).min(self.order.len());
        &self.order[start..self.place]
    }

    fn next_epoch(&mut self) {
        self.epoch += 1;
        self.place = 0;
        if self.shuffled {
            for (row, entry) in self.order.iter_mut().enumerate() {
                *entry = row as i64;
            }
            let key = Key { seed: self.seed, stream: ORDER_STREAM }.child(self.epoch);
            key.sequence().shuffle(&mut self.order);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_epoch_visits_each_example_once() {
        let mut rows = Rows::new(10, Some(4), true, 3);
        for epoch in 1..4 {
            let mut seen = Vec::new();
            for step in 0..rows.steps_per_epoch() {
                assert_eq!(rows.epoch(), epoch, "step {step}");
                let batch = rows.next_batch();
                assert_eq!(batch.len(), if step == 2 { 2 } else { 4 });
                seen.extend_from_slice(batch);
            }
            seen.sort_unstable();
            assert_eq!(seen, (0..10).collect::<Vec<i64>>());
        }
    }

    #[test]
    fn the_order_depends_on_seed_and_epoch_only() {
        let order = |seed| {
            let mut rows = Rows::new(50, Some(50 - 1), true, seed);
            rows.next_batch().to_vec()
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
        assert_ne!(order(1), (0..49).collect::<Vec<i64>>());
    }

    #[test]
    fn a_place_can_be_gone_back_to() {
        let mut rows = Rows::new(10, Some(4), true, 3);
        for _ in 0..9 {
            let mut again = Rows::new(10, Some(4), true, 3);
            again.go_to(rows.place());
            assert_eq!(again.next_batch(), rows.next_batch());
            assert_eq!(again.place(), rows.place());
        }
    }

    #[test]
    fn the_first_batches_come_again_and_again() {
        let mut all = Rows::new(10, Some(3), true, 3);
        let first = [all.next_batch().to_vec(), all.next_batch().to_vec()];
        let mut rows = Rows::new(10, Some(3), true, 3).first_batches(2);
        for epoch in 1..4 {
            for batch in &first {
                assert_eq!(rows.epoch(), epoch);
                assert_eq!(rows.next_batch(), batch);
            }
        }
        assert_eq!((rows.steps_per_epoch(), rows.remainder()), (2, None));
    }

    #[test]
    fn a_step_of_several_batches_ends_with_its_epoch() {
        let mut rows = Rows::new(23, Some(4), true, 3).accumulating(4);
        assert_eq!(rows.steps_per_epoch(), 2);
        for (step, expected) in [(4, 16), (2, 7), (4, 16), (2, 7)].into_iter().enumerate() {
            assert_eq!((rows.epoch(), rows.next_step()), (step as u64 / 2 + 1, expected));
            let sizes: Vec<usize> = (0..expected.0).map(|_| rows.next_batch().len()).collect();
            assert_eq!((sizes.iter().sum::<usize>(), rows.ends_epoch()), (expected.1, step % 2 == 1));
        }
        let few = Rows::new(23, Some(4), true, 3).accumulating(4).first_batches(3);
        assert_eq!((few.steps_per_epoch(), few.next_step()), (1, (3, 12)));
    }

    #[test]
    fn a_full_batch_is_never_shuffled() {
        let mut rows = Rows::new(5, None, true, 0);
        assert_eq!(rows.next_batch(), [0, 1, 2, 3, 4]);
        assert!(rows.is_whole());
    }
}
