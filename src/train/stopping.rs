//! Early stopping: how long training has not become better, and the parameters of its best epoch.

use crate::check::program::Patience;
use serde::{Deserialize, Serialize};

/// Where early stopping is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Stopping {
    /// The best epoch so far.
    pub(super) best: Option<Best>,
    /// Epochs since then.
    pub(super) waited: u64,
}

/// The best epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Best {
    /// The epoch, from 1.
    pub(super) epoch: u64,
    /// The watched value.
    pub(super) value: f64,
    /// The bytes of the parameters at its end, where they will be restored.
    pub(super) params: Vec<Vec<u8>>,
}

impl Stopping {
    /// Takes note of an epoch; whether patience has run out. A value that is NaN is never better.
    pub(super) fn epoch_ended(
        &mut self,
        patience: &Patience,
        epoch: u64,
        value: f64,
        params: impl FnOnce() -> Vec<Vec<u8>>,
    ) -> bool {
        let is_better = match &self.best {
            None => !value.is_nan(),
            Some(best) if patience.higher => value > best.value + patience.min_delta,
            Some(best) => value < best.value - patience.min_delta,
        };
        if is_better {
            let params = if patience.restore { params() } else { Vec::new() };
            self.best = Some(Best { epoch, value, params });
            self.waited = 0;
        } else {
            self.waited += 1;
        }
        self.waited >= patience.epochs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::program::Monitor;

    #[test]
    fn patience_counts_epochs_without_improvement() {
        let patience =
            |min_delta, higher| Patience { epochs: 2, min_delta, monitor: Monitor::Loss, higher, restore: true };
        for (patience, values, ends, best) in [
            (patience(0.0, false), &[3.0, 2.0, 2.0, 1.0, 1.5, 1.2][..], Some(6), 4),
            (patience(0.5, false), &[3.0, 2.7, 2.6, 1.0], Some(3), 1),
            (patience(0.0, true), &[0.1, 0.2, 0.3], None, 3),
            (patience(0.0, false), &[f64::NAN, 1.0, f64::NAN, f64::NAN], Some(4), 2),
        ] {
            let mut stopping = Stopping::default();
            let mut end = None;
            for (epoch, value) in (1..).zip(values) {
                if stopping.epoch_ended(&patience, epoch, *value, Vec::new) {
                    end = Some(epoch);
                    break;
                }
            }
            assert_eq!((end, stopping.best.map(|best| best.epoch)), (ends, Some(best)), "{values:?}");
        }
    }
}
