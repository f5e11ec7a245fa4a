//! How a `train` block changes its parameters, as the checker says it and `lower` reads it.

use super::program::{LocalId, ParamId, Train, Typed};
use super::types::Type;
use crate::ir;

/// An update rule with its settings, at every trained parameter.
#[derive(Clone, Debug)]
pub struct Optimizer {
    /// The rule's name.
    pub rule: String,
    /// How each trained parameter changes, in the order of `Train::params`.
    pub updates: Vec<Update>,
    /// The learning rate of parameters that are in no group, where the rule has one.
    pub learning_rate: Option<Typed>,
    /// The place in `Train::state` of the moving average of the first trained parameter, where there are any; those of
    /// the others follow.
    pub first_average: Option<u32>,
    /// Whether gradients of several batches make one update.
    pub accumulation: Option<Accumulation>,
    /// The place in `Train::state` of the norm of the last step's change, where an update sees it.
    pub step_norm: Option<u32>,
    /// What takes the place of a rule: L-BFGS, whose steps depend on all parameters together. `updates` is empty then.
    pub lbfgs: Option<Lbfgs>,
}

/// Gradients of several batches that make one update.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Accumulation {
    /// Batches per update, 2 at least; fewer where an epoch ends.
    pub batches: usize,
    /// The place in `Train::state` of the sum of gradients of the first trained parameter. Those of the others follow,
    /// then that of losses. Each step starts from zeros.
    pub first: u32,
}

/// L-BFGS with its settings. Its state is, for each trained parameter, the last changes of it and of its gradient, a row
/// each, and after these the number of changes that were kept so far.
#[derive(Clone, PartialEq, Debug)]
pub struct Lbfgs {
    /// The length of a step that is tried first, of the one that the model of the loss proposes.
    pub lr: f64,
    /// How many changes are remembered.
    pub memory: usize,
    /// The greatest entry of a gradient that counts as zero.
    pub tolerance_gradient: f64,
    /// The change of the loss, and of every parameter, that counts as none.
    pub tolerance_change: f64,
    /// How often a step may compute the loss along its direction.
    pub evaluations: u64,
}

/// How one parameter changes in a step.
#[derive(Clone, Debug)]
pub struct Update {
    /// The new value of what is stored for it; a pair of that and the new state, where the rule has one.
    pub new: Typed,
    /// The variable of `new` that stands for what is stored.
    pub parameter: LocalId,
    /// The variable that stands for its gradient.
    pub gradient: LocalId,
    /// The variable that stands for what the rule remembers, and its type.
    pub state: Option<(LocalId, Type)>,
    /// The moving average after the step, the variable that stands for the one before, and that for the new value.
    pub average: Option<(Typed, LocalId, LocalId)>,
    /// The place of the state's first tensor in `Train::state`; the others follow.
    pub first_state: u32,
}

/// A tensor that training remembers from one step to the next beside the parameters.
#[derive(Clone, PartialEq, Debug)]
pub struct StateTensor {
    /// The parameter's path and what it is of it: `net.0.W/m`. No path has a `/`.
    pub name: String,
    /// Its shape.
    pub shape: ir::Shape,
    /// What every element starts from.
    pub initial: f64,
}

impl Train {
    /// The parameter whose moving average a tensor of the state is; it starts from the parameter.
    pub fn averaged(&self, state: u32) -> Option<ParamId> {
        let place = state.checked_sub(self.optimizer.first_average?)?;
        self.params.get(place as usize).copied()
    }

    /// The batches of a step; fewer at the end of an epoch.
    pub fn batches_per_step(&self) -> usize {
        self.optimizer.accumulation.map_or(1, |accumulation| accumulation.batches)
    }
}
