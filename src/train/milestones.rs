//! Which steps a log keeps: few, spread over the run, the same in every run.

/// The most lines that a log of a run gets.
const MOST: u64 = 10;

/// The steps that are reported.
#[derive(Clone, Debug)]
pub(super) enum Milestones {
    /// Ends of epochs (or steps, if there are fewer epochs than lines) at equal distances.
    Even { every: u64, last: u64 },
    /// 1, 2, 5, 10, 20, 50, … epochs, where nobody knows how many there will be.
    Growing { per_epoch: u64 },
}

impl Milestones {
    /// For a run of at most `limit` steps of which every `stride`-th epoch is recorded.
    pub(super) fn new(limit: Option<u64>, per_epoch: u64, stride: u64) -> Self {
        match limit {
            None => Milestones::Growing { per_epoch },
            Some(last) => {
                let epochs = last / per_epoch;
                let every = if epochs >= MOST {
                    epochs.div_ceil(MOST).next_multiple_of(stride) * per_epoch
                } else {
                    last.div_ceil(MOST).max(1)
                };
                Milestones::Even { every, last }
            }
        }
    }

    /// Whether this step is reported.
    #[inline]
    pub(super) fn is_next(&self, step: u64) -> bool {
        match self {
            Milestones::Even { every, last } => step.is_multiple_of(*every) || step == *last,
            Milestones::Growing { per_epoch } => step.is_multiple_of(*per_epoch) && is_round(step / per_epoch),
        }
    }
}

/// 1, 2, 5, 10, 20, 50, …
fn is_round(mut number: u64) -> bool {
    while number >= 10 {
        if !number.is_multiple_of(10) {
            return false;
        }
        number /= 10;
    }
    matches!(number, 1 | 2 | 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_has_about_ten_milestones_and_the_last_step() {
        for (limit, per_epoch) in [(200, 1), (1_000_000, 10), (7, 1), (1, 1), (35, 7), (123_457, 13)] {
            let milestones = Milestones::new(Some(limit), per_epoch, 1);
            let count = (1..=limit).filter(|step| milestones.is_next(*step)).count();
            assert!((1..=12).contains(&count), "{limit} {per_epoch} {count}");
            assert!(milestones.is_next(limit));
        }
    }

    #[test]
    fn an_open_run_has_round_milestones() {
        let milestones = Milestones::new(None, 1, 1);
        let steps: Vec<u64> = (1..1000).filter(|step| milestones.is_next(*step)).collect();
        assert_eq!(steps, [1, 2, 5, 10, 20, 50, 100, 200, 500]);
    }
}
