//! The order in which the steps of a loop are undone, last first, when only some of their states can be kept: binomial
//! checkpointing, which computes the fewest steps again.
//!
//! After A. Griewank and A. Walther, "Algorithm 799: Revolve", ACM Transactions on Mathematical Software 26 (2000): with
//! `s` states kept besides the one at hand, and each step computed again at most `r` times, as many as `(s + r)! / (s! r!)`
//! steps can be undone.

/// What to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// From the state in `slot`, which step `start` begins with, so many steps on: the state reached goes to the next slot.
    Advance {
        /// The slot of the state.
        slot: usize,
        /// The step that begins with it.
        start: usize,
        /// How many steps to do.
        steps: usize,
    },
    /// The steps from `start` on, whose first begins with the state in `slot`, are undone, the last first: the states that
    /// the others begin with go to the next slots.
    Undo {
        /// The slot of the state.
        slot: usize,
        /// The first of the steps.
        start: usize,
        /// How many steps there are.
        steps: usize,
    },
}

/// Calls back with the actions that undo so many steps with a slot for each entry of `positions`. So many of the slots hold
/// states at the start, those of the steps that the first positions say, beginning with step 0; the other entries are
/// working memory. More than one step need two slots, the last of them free.
///
/// # Errors
/// The first error of an action.
pub fn revolve<E>(
    positions: &mut [usize],
    given: usize,
    steps: usize,
    mut act: impl FnMut(Action) -> Result<(), E>,
) -> Result<(), E> {
    if steps == 0 {
        return Ok(());
    }
    let (mut slot, mut end) = (given - 1, steps);
    loop {
        let (start, free) = (positions[slot], positions.len() - slot - 1);
        let left = end - start;
        if left <= free + 1 {
            act(Action::Undo { slot, start, steps: left })?;
            if slot == 0 {
                return Ok(());
            }
            end = start;
            slot -= 1;
        } else {
            let ahead = ahead(free, left);
            act(Action::Advance { slot, start, steps: ahead })?;
            slot += 1;
            positions[slot] = start + ahead;
        }
    }
}

/// How far to go on before the next state is kept: as far as the two parts can be undone with as few repetitions as the
/// whole.
fn ahead(kept: usize, steps: usize) -> usize {
    let repetitions = repetitions(kept, steps);
    reach(kept, repetitions - 1).min(steps - reach(kept - 1, repetitions - 1))
}

/// How many steps can be undone with so many states kept besides the one at hand, each computed again at most so many
/// times; cut to the greatest number there is.
pub fn reach(kept: usize, repetitions: usize) -> usize {
    let (less, more) = (kept.min(repetitions) as u128, kept.max(repetitions) as u128);
    let mut reached: u128 = 1;
    for factor in 1..=less {
        reached = reached * (more + factor) / factor;
        if reached > usize::MAX as u128 {
            return usize::MAX;
        }
    }
    reached as usize
}

/// How often a step is computed again at most when so many steps are undone. More than one step need a state that is kept.
pub fn repetitions(kept: usize, steps: usize) -> usize {
    let (mut repetitions, mut reached) = (0, 1_u128);
    while kept > 0 && reached < steps as u128 {
        repetitions += 1;
        reached = reached * (kept + repetitions) as u128 / repetitions as u128;
    }
    repetitions
}

/// How many steps are computed again in all when so many are undone.
pub fn steps_again(kept: usize, steps: usize) -> usize {
    match repetitions(kept, steps) {
        0 => 0,
        repetitions => repetitions.saturating_mul(steps).saturating_sub(reach(kept + 1, repetitions - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does what the actions say on states that are their own numbers; how often each step was computed again. States are
    /// given at even distances.
    fn undo(slots: usize, steps: usize, given: usize, period: usize) -> Vec<usize> {
        let mut held = vec![usize::MAX; slots];
        (0..given).for_each(|slot| held[slot] = slot * period);
        let mut positions = held.clone();
        let (mut next, mut again) = (steps, vec![0; steps]);
        let act = |action| {
            match action {
                Action::Advance { slot, start, steps } => {
                    assert_eq!(held[slot], start);
                    held[slot + 1] = start + steps;
                    again[start..start + steps].iter_mut().for_each(|count| *count += 1);
                }
                Action::Undo { slot, start, steps } => {
                    assert_eq!((held[slot], start + steps), (start, next));
                    assert!(slot + steps <= slots);
                    again[start..start + steps - 1].iter_mut().for_each(|count| *count += 1);
                    (0..steps).for_each(|place| held[slot + place] = start + place);
                    next = start;
                }
            }
            Ok::<(), ()>(())
        };
        revolve(&mut positions, given, steps, act).expect("no action fails");
        assert_eq!(next, 0);
        again
    }

    /// The fewest steps computed again, by trying every place for the next state that is kept.
    fn fewest(slots: usize, steps: usize, known: &mut Vec<Vec<Option<usize>>>) -> usize {
        if steps <= 1 {
            return 0;
        }
        if slots == 1 {
            return steps * (steps - 1) / 2;
        }
        if let Some(found) = known[slots][steps] {
            return found;
        }
        let found = (1..steps)
            .map(|ahead| ahead + fewest(slots - 1, steps - ahead, known) + fewest(slots, ahead, known))
            .min()
            .expect("there is a place");
        known[slots][steps] = Some(found);
        found
    }

    #[test]
    fn every_step_is_undone_once_with_the_fewest_steps_again() {
        let mut known = vec![vec![None; 61]; 12];
        for slots in 2..=12 {
            for steps in 1..=60 {
                let again = undo(slots, steps, 1, steps);
                // One slot holds the state at hand.
                let total = fewest(slots - 1, steps, &mut known);
                assert_eq!(again.iter().sum::<usize>(), total, "{slots} slots, {steps} steps");
                assert_eq!(steps_again(slots - 1, steps), total, "{slots} slots, {steps} steps");
                assert_eq!(again.iter().max(), Some(&repetitions(slots - 1, steps)), "{slots} slots, {steps} steps");
            }
        }
    }

    #[test]
    fn given_states_are_begun_from() {
        for (slots, steps, given, period) in [(4, 20, 2, 12), (6, 40, 4, 10), (3, 3, 2, 2), (9, 50, 7, 8)] {
            let again = undo(slots, steps, given, period);
            let stretch = |place: usize| steps_again(slots - 1 - place, period.min(steps - place * period));
            assert_eq!(
                again.iter().sum::<usize>(),
                (0..given).map(stretch).sum::<usize>(),
                "{slots} slots, {steps} steps"
            );
        }
    }

    #[test]
    fn reach_is_binomial_and_is_cut() {
        assert_eq!(reach(3, 2), 10);
        assert_eq!(reach(0, 9), 1);
        assert_eq!(reach(9, 0), 1);
        assert_eq!(reach(30_000, 1), 30_001);
        assert_eq!(reach(1 << 40, 5), usize::MAX);
    }

    #[test]
    fn an_action_that_fails_ends_it() {
        let mut done = 0;
        let result = revolve(&mut [0; 3], 1, 20, |_| {
            done += 1;
            if done == 4 { Err("enough") } else { Ok(()) }
        });
        assert_eq!((result, done), (Err("enough"), 4));
    }
}
