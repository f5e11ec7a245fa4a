//! Replays: a loop over the states of another that runs the other way, which are computed again rather than stored.
//!
//! The value of a replay node is that of its second loop, given the states that the steps of the first begin with as its
//! first sequences. Its arguments are the count (if the loops are counted), then the given states (a row for each of them,
//! the initial ones first), the sequences and the invariants of the first loop, then the initial states, further sequences
//! and invariants of the second. Replays come in when a graph is finished: no derivative is taken of them.

use super::graph::{Graph, NodeId};
use super::loops::{Ends, Loop};
use super::op::Op;
use super::types::{ElementType, Shape, TensorType};
use std::ops::Range;
use std::sync::Arc;

pub use crate::runtime::revolve::{reach, repetitions, steps_again};

/// The bytes that the stored states of one loop may take where nothing else is said.
pub const LOOP_MEMORY: usize = 48 << 20;

/// What a replay node does.
#[derive(Clone, PartialEq, Debug)]
pub struct Replay {
    /// The loop whose states are wanted. It has no stacked outputs, and does not end by a state.
    pub forward: Arc<Loop>,
    /// The loop that sees them, of as many steps in the opposite order.
    pub back: Arc<Loop>,
    /// How many of the states are kept at a time: all, or at least two.
    pub slots: usize,
    /// How many of them are given, as rows: the initial ones, and those that every so many steps begin with.
    pub given: usize,
    /// How many steps there are from one given state to the next.
    pub period: usize,
}

/// Where the arguments of a replay node are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReplayArguments {
    /// The given states of the first loop.
    pub states: Range<usize>,
    /// Its sequences.
    pub sequences: Range<usize>,
    /// Its invariants.
    pub invariants: Range<usize>,
    /// The initial states of the second loop.
    pub back_states: Range<usize>,
    /// Its sequences, the states of the first left out.
    pub back_sequences: Range<usize>,
    /// Its invariants.
    pub back_invariants: Range<usize>,
}

impl Replay {
    /// Where the arguments are; a count stands before them.
    pub fn arguments(&self) -> ReplayArguments {
        let (forward, back) = (&*self.forward, &*self.back);
        let mut end = forward.first_state();
        let mut next = |count: usize| {
            let start = end;
            end += count;
            start..end
        };
        ReplayArguments {
            states: next(forward.states),
            sequences: next(forward.sequences),
            invariants: next(forward.invariants()),
            back_states: next(back.states),
            back_sequences: next(back.sequences.saturating_sub(forward.states)),
            back_invariants: next(back.invariants()),
        }
    }

    /// The types that the arguments must have.
    fn argument_types(&self) -> Vec<TensorType> {
        let (forward, back) = (&*self.forward, &*self.back);
        let count = (forward.ends == Ends::AfterCount).then(|| TensorType::scalar(ElementType::I64));
        let of = |run: &Loop, range: Range<usize>| -> Vec<TensorType> {
            range.filter_map(|argument| run.argument_type(argument)).collect()
        };
        let initial = of(forward, forward.first_state()..forward.first_sequence()).into_iter();
        let given = initial.map(|ty| TensorType::new(ty.element, ty.shape.with_leading(self.given)));
        let first = of(forward, forward.first_sequence()..forward.first_invariant() + forward.invariants());
        let states = of(back, back.first_state()..back.first_sequence());
        let more = back.first_sequence() + forward.states;
        let rest = of(back, more..back.first_invariant() + back.invariants());
        count.into_iter().chain(given).chain(first).chain(states).chain(rest).collect()
    }
}

impl Graph {
    /// A replay; its results, which are those of the second loop, are read by [`Graph::result`].
    pub fn replay(&mut self, replay: Arc<Replay>, arguments: &[NodeId]) -> NodeId {
        let ty = TensorType::new(ElementType::I64, Shape::new(&[replay.back.words()]));
        let index = self.add_replay(replay);
        self.intern(Op::Replay(index), arguments, ty)
    }

    /// The replay of a replay node.
    pub fn replay_of(&self, id: NodeId) -> Option<&Arc<Replay>> {
        match self.node(id).op {
            Op::Replay(index) => Some(self.replay_at(index)),
            _ => None,
        }
    }

    /// The loop whose results a loop or replay node has.
    pub fn results_of(&self, id: NodeId) -> Option<&Arc<Loop>> {
        self.loop_of(id).or_else(|| self.replay_of(id).map(|replay| &replay.back))
    }
}

/// The rule of a replay node with arguments of these types.
pub(super) fn check_replay(replay: &Replay, arguments: &[&TensorType], ty: &TensorType) -> Result<(), String> {
    let (forward, back) = (&*replay.forward, &*replay.back);
    let expect = |holds: bool, rule: &str| if holds { Ok(()) } else { Err(rule.to_string()) };
    expect(forward.ends != Ends::WhenFalse && forward.ends == back.ends, "the loops end in different ways")?;
    let opposite = forward.trips == back.trips && forward.backward != back.backward;
    expect(opposite, "the loops do not go through the same steps in opposite orders")?;
    expect(forward.stacked() == 0, "the first loop has stacked outputs")?;
    let inputs = back.body.inputs();
    let rows = inputs.get(1 + back.states..1 + back.states + forward.states);
    let states = &forward.body.inputs()[1..=forward.states];
    let sees = rows.is_some_and(|rows| rows.iter().zip(states).all(|(row, state)| row.ty == state.ty));
    expect(sees && back.sequences >= forward.states, "the second loop does not see the states of the first")?;
    expect(replay.slots >= forward.trips.min(2), "more than one step need two slots")?;
    let inside =
        replay.given == 1 || (forward.ends == Ends::AfterTrips && (replay.given - 1) * replay.period < forward.trips);
    expect((1..=replay.slots).contains(&replay.given) && inside, "more states are given than there are")?;
    for run in [forward, back] {
        let types: Vec<TensorType> = (0..).map_while(|argument| run.argument_type(argument)).collect();
        let types: Vec<&TensorType> = types.iter().collect();
        let whole = TensorType::new(ElementType::I64, Shape::new(&[run.words()]));
        super::loops::check_loop(run, &types, &whole)?;
    }
    let types = replay.argument_types();
    let fits = types.len() == arguments.len() && types.iter().zip(arguments).all(|(ty, given)| ty == *given);
    expect(fits, "the arguments do not fit the loops")?;
    expect(ty.shape.count() == back.words(), "the type is not that of all results together")
}
