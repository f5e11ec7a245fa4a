//! Running means: what a step of training keeps beside the parameters.

use super::Lowerer;
use crate::check::program::{ParamId, Typed};
use crate::ir::{Axes, NodeId, Op, Reduction};
use crate::ops::arithmetic::{ADD, DIVIDE, MULTIPLY};

/// A running mean that a step moves on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved {
    /// What is kept.
    pub(super) state: ParamId,
    /// The value that it moves towards.
    pub(super) value: NodeId,
    /// How much of the old one stays.
    momentum: f64,
}

impl Lowerer<'_> {
    /// `running(e, momentum)`: the value in a loss that is trained, what is kept elsewhere.
    pub(super) fn running(&mut self, state: ParamId, value: &Typed, momentum: f64) -> NodeId {
        if !self.training {
            return self.stored(state);
        }
        let value = self.tensor(value);
        let is_known = self.moved.iter().any(|moved| moved.state == state && moved.value == value);
        // Inside a function that is differentiated values stand for others, which only that derivative sees.
        if !is_known && self.differentiating == 0 {
            self.moved.push(Moved { state, value, momentum });
        }
        value
    }

    /// The kept values after a step, in the order of their uses. `values` are those of the uses, with an axis of
    /// examples in front where the second part says so.
    pub(super) fn moved_states(&mut self, values: &[(NodeId, bool)]) -> Vec<(ParamId, NodeId)> {
        let mut states: Vec<(ParamId, NodeId)> = Vec::new();
        for (moved, (value, batched)) in self.moved.clone().into_iter().zip(values) {
            let value = if *batched { self.mean_of_examples(*value) } else { *value };
            let known = states.iter().position(|(state, _)| *state == moved.state);
            let old = match known {
                Some(place) => states[place].1,
                None => self.stored(moved.state),
            };
            let stays = self.times(old, moved.momentum);
            let comes = self.times(value, 1.0 - moved.momentum);
            let new = self.pair(&ADD, stays, comes);
            match known {
                Some(place) => states[place].1 = new,
                None => states.push((moved.state, new)),
            }
        }
        states
    }

    fn times(&mut self, node: NodeId, factor: f64) -> NodeId {
        let factor = self.graph.constant_like(node, factor);
        self.pair(&MULTIPLY, node, factor)
    }

    fn mean_of_examples(&mut self, node: NodeId) -> NodeId {
        let size = self.graph.ty(node).shape[0];
        let sum = self.graph.reduce(Reduction::Sum, node, Axes::new([0]));
        let size = self.graph.constant_like(sum, size as f64);
        self.pair(&DIVIDE, sum, size)
    }

    /// The values that running means move towards. What stands for something else, as in a loop's body, is left out.
    pub(super) fn moved_values(&mut self) -> Vec<NodeId> {
        let open: Vec<NodeId> = self
            .graph
            .ids()
            .filter(|id| matches!(self.graph.node(*id).op, Op::Placeholder(..)) && !self.examples.contains(id))
            .collect();
        let dependent = self.graph.dependent_on(&open);
        self.moved.retain(|moved| !dependent[moved.value.index()]);
        self.moved.iter().map(|moved| moved.value).collect()
    }
}
