//! The factor of `schedule = plateau(…)`: how often training has not got better.

use crate::check::program::Plateau;
use serde::{Deserialize, Serialize};

/// Where the schedule is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Reduced {
    /// The best value so far.
    best: Option<f64>,
    /// Epochs since then, or since the factor was last reduced.
    waited: u64,
    /// Epochs that are not counted yet.
    #[serde(default)]
    cooling: u64,
    /// What the learning rate is multiplied by.
    pub(super) factor: f64,
}

impl Default for Reduced {
    fn default() -> Self {
        Reduced { best: None, waited: 0, cooling: 0, factor: 1.0 }
    }
}

impl Reduced {
    /// Begins to count anew; what the learning rate was reduced to stays.
    pub(super) fn forget(&mut self) {
        (self.best, self.waited) = (None, 0);
    }

    /// Takes note of an epoch's watched value. One that is NaN is never better.
    pub(super) fn epoch_ended(&mut self, plateau: &Plateau, value: f64) {
        let is_better = match self.best {
            None => !value.is_nan(),
            Some(best) if plateau.higher => value > best + plateau.min_delta,
            Some(best) => value < best - plateau.min_delta,
        };
        if is_better {
            self.best = Some(value);
            self.waited = 0;
        } else {
            self.waited += 1;
        }
        if self.cooling > 0 {
            self.cooling -= 1;
            self.waited = 0;
        }
        if self.waited > plateau.patience {
            self.factor *= plateau.factor;
            self.cooling = plateau.cooldown;
            self.waited = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::program::Monitor;

    /// What PyTorch 2's `ReduceLROnPlateau(threshold_mode="abs", eps=0)` makes of a learning rate of 1 with these losses.
    #[test]
    fn factors_are_those_of_pytorch() {
        let values = [3.0, 2.0, 2.0, 2.5, 1.9, 2.0, 2.0, 2.0, 2.0, 1.0, 1.2, f64::NAN, 1.1, 0.9, 0.85, 0.86];
        for (patience, factor, min_delta, higher, cooldown, reduced) in [
            (2, 0.1, 0.0, false, 0, &[7, 12][..]),
            (1, 0.5, 0.3, false, 0, &[3, 5, 7, 11, 13, 15]),
            (0, 0.5, 0.0, false, 0, &[2, 3, 5, 6, 7, 8, 10, 11, 12, 15]),
            (1, 0.25, 0.05, true, 0, &[2, 4, 6, 8, 10, 12, 14]),
            (0, 0.5, 0.0, false, 2, &[2, 5, 8, 11, 15]),
            (1, 0.5, 0.3, false, 3, &[3, 8, 13]),
            (2, 0.5, 0.0, true, 1, &[3, 7, 11, 15]),
        ] {
            let plateau =
                Plateau { patience, factor, min_delta, higher, cooldown, min_lr: 0.0, monitor: Monitor::Loss };
            let mut state = Reduced::default();
            let mut expected = 1.0;
            for (epoch, value) in values.into_iter().enumerate() {
                state.epoch_ended(&plateau, value);
                if reduced.contains(&epoch) {
                    expected *= factor;
                }
                assert_eq!(state.factor, expected, "patience {patience}, epoch {epoch}");
            }
        }
    }
}
