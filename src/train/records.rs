//! Which epochs are recorded, and which points of a run a log keeps: by counts alone, so that equal runs are recorded
//! alike.

use super::milestones::Milestones;

/// About how many epochs of a long run are recorded.
const MOST: u64 = 1000;

/// The recorded epochs and the points that a log keeps.
#[derive(Clone, Debug)]
pub(super) struct Calendar {
    per_epoch: u64,
    /// The last epoch, if it is known.
    last: Option<u64>,
    every: Every,
    milestones: Milestones,
}

#[derive(Clone, Copy, Debug)]
enum Every {
    /// Every so many epochs.
    Epochs(u64),
    /// All of the first thousand, then every tenth up to ten thousand, and so on.
    Growing,
}

impl Calendar {
    /// For a run of at most `limit` steps; `all` where each epoch is wanted.
    pub(super) fn new(limit: Option<u64>, per_epoch: u64, all: bool) -> Self {
        let last = limit.map(|limit| limit.div_ceil(per_epoch));
        let stride = last.map_or(1, |last| last.div_ceil(MOST).max(1));
        let every = match last {
            _ if all => Every::Epochs(1),
            Some(_) => Every::Epochs(stride),
            None => Every::Growing,
        };
        Calendar { per_epoch, last, every, milestones: Milestones::new(limit, per_epoch, stride) }
    }

    /// Whether an epoch (from 1) is recorded.
    pub(super) fn is_recorded(&self, epoch: u64) -> bool {
        let stride = match self.every {
            Every::Epochs(stride) => stride,
            Every::Growing => growing_stride(epoch),
        };
        epoch == 1 || epoch.is_multiple_of(stride) || Some(epoch) == self.last
    }

    /// The last step before the first recorded epoch from `epoch` on.
    pub(super) fn last_unrecorded_step(&self, epoch: u64) -> u64 {
        let stride = match self.every {
            Every::Epochs(stride) => stride,
            Every::Growing => growing_stride(epoch),
        };
        let next = epoch.next_multiple_of(stride);
        let next = self.last.map_or(next, |last| next.min(last.max(epoch)));
        (next - 1).saturating_mul(self.per_epoch)
    }

    /// Whether a log keeps this step. Its epoch is recorded.
    pub(super) fn is_milestone(&self, step: u64) -> bool {
        self.milestones.is_next(step)
    }
}

/// The distance of recorded epochs in a run whose end nobody knows.
fn growing_stride(epoch: u64) -> u64 {
    let mut stride = 1;
    while epoch > stride * MOST {
        stride *= 10;
    }
    stride
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_at_most_about_a_thousand_records_and_its_last() {
        for (limit, per_epoch) in [(1_000_000, 1), (1_234_567, 13), (10, 3), (999, 1), (1001, 1), (5, 100)] {
            let calendar = Calendar::new(Some(limit), per_epoch, false);
            let epochs = limit.div_ceil(per_epoch);
            let recorded = (1..=epochs).filter(|epoch| calendar.is_recorded(*epoch)).count() as u64;
            assert!(recorded <= 1002 && recorded >= epochs.min(450), "{limit} {per_epoch}: {recorded}");
            assert!(calendar.is_recorded(epochs));
        }
    }

    #[test]
    fn milestones_are_in_recorded_epochs() {
        for (limit, per_epoch) in [(Some(1_234_567), 13), (Some(20_011), 1), (Some(7), 3), (None, 1), (None, 7)] {
            let calendar = Calendar::new(limit, per_epoch, false);
            for step in 1..=limit.unwrap_or(60_000) {
                let recorded = calendar.is_recorded(step.div_ceil(per_epoch));
                assert!(!calendar.is_milestone(step) || recorded, "{limit:?} {per_epoch} {step}");
            }
        }
    }

    #[test]
    fn quiet_steps_end_before_a_recorded_epoch() {
        for (limit, per_epoch) in [(Some(40_013), 2), (None, 3)] {
            let calendar = Calendar::new(limit, per_epoch, false);
            for epoch in 1..=limit.unwrap_or(36_000) / per_epoch {
                if calendar.is_recorded(epoch) {
                    continue;
                }
                let last = calendar.last_unrecorded_step(epoch);
                assert!(last >= epoch * per_epoch);
                assert!(calendar.is_recorded(last / per_epoch + 1), "{epoch} {last}");
            }
        }
    }

    #[test]
    fn all_epochs_on_request() {
        let calendar = Calendar::new(Some(100_000), 1, true);
        assert!((1..=100_000).all(|epoch| calendar.is_recorded(epoch)));
    }
}
