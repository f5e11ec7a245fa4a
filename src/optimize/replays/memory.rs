//! How many states are kept, and what that costs in steps that are computed again.

use crate::ir::replay::{reach, repetitions, steps_again};

/// No step is computed again more often than this: rather than that, more states are kept than the budget allows.
const REPETITIONS: usize = 16;

/// The bytes of the number that is kept with each state: the step it belongs to.
const POSITION: usize = 8;

/// The most states that the loop that runs forward keeps.
const GIVEN: usize = 1 << 16;

/// How often a state that the loop that runs forward keeps is in memory besides its slot: as it was stacked, and as it is
/// given.
const COPIES: usize = 2;

/// What a replay keeps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Memory {
    pub(super) trips: usize,
    /// How many states are kept at a time.
    pub(super) slots: usize,
    /// How many of them the loop that runs forward keeps: those that every so many steps begin with.
    pub(super) given: usize,
    /// How many steps there are between two of those.
    pub(super) period: usize,
}

impl Memory {
    /// All states, none of which the loop that runs forward keeps but the first.
    pub(super) fn all(trips: usize) -> Self {
        Memory { trips, slots: trips, given: 1, period: trips }
    }

    /// As many states as fit into a budget, in the way that computes the fewest steps again; `splits` says whether the
    /// loop that runs forward can keep some of them.
    pub(super) fn within(trips: usize, state_bytes: usize, budget: usize, splits: bool) -> Self {
        let mut slots = (budget / (state_bytes + POSITION)).max(2);
        while slots < trips && repetitions(slots - 1, trips) > REPETITIONS {
            slots += 1;
        }
        let alone = Memory { trips, slots: slots.min(trips), given: 1, period: trips };
        let shared = if splits { shared(trips, slots) } else { None };
        match shared {
            Some(shared) if shared.steps_again() < alone.steps_again() => shared,
            _ => alone,
        }
    }

    /// The stretches between the given states: how many states can be kept there besides the one at hand, and how many
    /// steps there are.
    fn stretches(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let steps = |place: usize| self.period.min(self.trips - place * self.period);
        (0..self.given).map(move |place| (self.slots - 1 - place, steps(place)))
    }

    /// How many steps are computed again.
    fn steps_again(&self) -> usize {
        self.stretches().fold(0, |sum: usize, (kept, steps)| sum.saturating_add(steps_again(kept, steps)))
    }

    /// How often a step is computed again at most.
    fn repetitions(&self) -> usize {
        self.stretches().map(|(kept, steps)| repetitions(kept, steps)).max().unwrap_or(0)
    }

    /// The memory it takes.
    fn bytes(&self, state_bytes: usize) -> usize {
        let copies = if self.given > 1 { COPIES * self.given } else { 0 };
        self.slots * (state_bytes + POSITION) + copies * state_bytes
    }

    /// What is decided, for those who ask; nothing where states take no memory.
    pub(super) fn text(&self, state_bytes: usize) -> Option<String> {
        let times = match self.repetitions() {
            1 => "once".to_string(),
            times => format!("{times} times"),
        };
        let bytes = self.bytes(state_bytes);
        (state_bytes > 0).then(|| {
            format!(
                "reverse mode keeps {} of the states of {} steps, {} each: {}; each step is computed again at \
                 most {times}: {} forward steps in all",
                self.slots,
                self.trips,
                size(state_bytes),
                size(bytes),
                self.trips.saturating_add(self.steps_again()),
            )
        })
    }
}

/// With states that the loop that runs forward keeps at even distances, which have memory of their own too.
fn shared(trips: usize, room: usize) -> Option<Memory> {
    let fits = |given: usize, again: usize| {
        let (slots, period) = (room.checked_sub(COPIES * given)?, trips.div_ceil(given));
        let enough = slots >= given && (given - 1) * period < trips && period <= reach(slots - given, again);
        enough.then_some(Memory { trips, slots, given, period })
    };
    let most = GIVEN.min(room / COPIES).min(trips / 2);
    (1..=REPETITIONS).find_map(|again| (2..=most).find_map(|given| fits(given, again)))
}

/// A number of bytes in words.
pub(super) fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_within_the_budget() {
        for trips in [2, 3, 10, 1000, 1_000_000, 100_000_000] {
            for state_bytes in [8, 32, 5000] {
                for budget in [1000, 50_000, 1 << 20, 48 << 20] {
                    for splits in [false, true] {
                        let memory = Memory::within(trips, state_bytes, budget, splits);
                        let bytes = memory.bytes(state_bytes);
                        let fitting = budget / (state_bytes + POSITION);
                        let too_few = fitting < 2 || repetitions(fitting - 1, trips) > REPETITIONS;
                        assert!(bytes <= budget || too_few, "{memory:?}, {bytes} of {budget} bytes");
                        assert!(memory.repetitions() <= REPETITIONS, "{memory:?}");
                        let steps: usize = memory.stretches().map(|(_, steps)| steps).sum();
                        assert_eq!(steps, trips, "{memory:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn states_kept_on_the_way_save_a_run() {
        let (alone, shared) =
            (Memory::within(1_000_000, 32, 1 << 20, false), Memory::within(1_000_000, 32, 1 << 20, true));
        assert_eq!((alone.repetitions(), shared.repetitions()), (2, 1));
        assert!(shared.steps_again() < 1_000_000 && shared.given < 100, "{shared:?}");
    }
}
