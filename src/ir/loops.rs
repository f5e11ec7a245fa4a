//! Loops: a node with a body graph of its own.
//!
//! The body's inputs are, in order: the step as an i64 scalar, the states, one row of each sequence, the invariants.
//! Its outputs are the next states, then one row of each stacked output. The arguments of a loop node are the count (if
//! the loop is counted), the initial states, the sequences (rows leading), the invariants. Its results, each read by
//! [`Op::Result`], are the last states, the stacked outputs (a row for each of `trips` steps, zero for
//! steps that were not done), and the number of steps done as an i64 scalar.

use super::graph::{Graph, NodeId};
use super::op::Op;
use super::types::{ElementType, Shape, TensorType};
use std::sync::Arc;

/// When a loop ends before all its trips are done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ends {
    /// Never: it does all trips.
    AfterTrips,
    /// After as many steps as its first argument says, an i64 scalar that is cut to `0..=trips`.
    AfterCount,
    /// As soon as its first state, a truth value, is false; still true after all trips is a run-time error. Such a
    /// loop goes forward.
    WhenFalse,
}

/// What a loop node does.
#[derive(Clone, PartialEq, Debug)]
pub struct Loop {
    /// One step.
    pub body: Arc<Graph>,
    /// The most steps.
    pub trips: usize,
    /// The number of states.
    pub states: usize,
    /// The number of sequences.
    pub sequences: usize,
    /// Whether the steps go from the last row to the first. The step given to the body is the row's number either way.
    pub backward: bool,
    /// When it ends early.
    pub ends: Ends,
}

impl Loop {
    /// Where the initial states begin among the arguments.
    pub fn first_state(&self) -> usize {
        usize::from(self.ends == Ends::AfterCount)
    }

    /// Where the sequences begin among the arguments.
    pub fn first_sequence(&self) -> usize {
        self.first_state() + self.states
    }

    /// Where the invariants begin among the arguments.
    pub fn first_invariant(&self) -> usize {
        self.first_sequence() + self.sequences
    }

    /// The number of invariants.
    pub fn invariants(&self) -> usize {
        self.body.inputs().len() - 1 - self.states - self.sequences
    }

    /// The number of stacked outputs.
    pub fn stacked(&self) -> usize {
        self.body.outputs().len() - self.states
    }

    /// The place of the number of steps among the results.
    pub fn steps_result(&self) -> usize {
        self.body.outputs().len()
    }

    /// Whether a result is a stacked output: a row of each step.
    pub fn is_stacked(&self, result: usize) -> bool {
        (self.states..self.steps_result()).contains(&result)
    }

    /// The type of a result.
    pub fn result_type(&self, result: usize) -> TensorType {
        let Some(output) = self.body.outputs().get(result) else { return TensorType::scalar(ElementType::I64) };
        let ty = self.body.ty(output.node);
        if result < self.states { ty.clone() } else { TensorType::new(ty.element, ty.shape.with_leading(self.trips)) }
    }

    /// The type that an argument must have.
    pub fn argument_type(&self, argument: usize) -> Option<TensorType> {
        if argument < self.first_state() {
            return Some(TensorType::scalar(ElementType::I64));
        }
        let input = &self.body.inputs().get(1 + argument - self.first_state())?.ty;
        let is_sequence = (self.first_sequence()..self.first_invariant()).contains(&argument);
        Some(if is_sequence {
            TensorType::new(input.element, input.shape.with_leading(self.trips))
        } else {
            input.clone()
        })
    }

    /// The words that all results take together, one after another: what a loop node's value is in the evaluator.
    pub fn words(&self) -> usize {
        (0..=self.steps_result()).map(|result| self.result_type(result).shape.count()).sum()
    }
}

impl Graph {
    /// A loop; its results are read by [`Graph::result`].
    pub fn run_loop(&mut self, run: Arc<Loop>, arguments: &[NodeId]) -> NodeId {
        let ty = TensorType::new(ElementType::I64, Shape::new(&[run.words()]));
        let index = self.add_loop(run);
        self.intern(Op::Loop(index), arguments, ty)
    }

    /// Whether a loop does as many steps as another of as many trips, whatever ends that.
    pub fn does_as_many_steps(&self, source: NodeId, reader: NodeId) -> bool {
        let (Some(run), Some(other)) = (self.loop_of(source), self.loop_of(reader)) else { return false };
        match other.ends {
            Ends::AfterTrips => run.ends == Ends::AfterTrips,
            Ends::AfterCount => {
                let count = self.node(self.node(reader).arguments[0]);
                let own =
                    run.ends == Ends::AfterCount && self.node(reader).arguments[0] == self.node(source).arguments[0];
                own || (count.op == Op::Result(run.steps_result() as u32) && count.arguments[..] == [source])
            }
            Ends::WhenFalse => false,
        }
    }

    /// One result of a loop or replay node.
    pub fn result(&mut self, run: NodeId, result: usize) -> NodeId {
        let Some(ty) = self.results_of(run).map(|each| each.result_type(result)) else { return run };
        self.intern(Op::Result(result as u32), &[run], ty)
    }

    /// The loop of a loop node.
    pub fn loop_of(&self, id: NodeId) -> Option<&Arc<Loop>> {
        match self.node(id).op {
            Op::Loop(index) => Some(self.loop_at(index)),
            _ => None,
        }
    }
}

/// The rule of a loop node with arguments of these types.
pub(super) fn check_loop(run: &Loop, arguments: &[&TensorType], ty: &TensorType) -> Result<(), String> {
    let body = &run.body;
    let count = run.first_invariant() + run.invariants();
    if arguments.len() != count {
        return Err(format!("takes {count} arguments, has {}", arguments.len()));
    }
    if let Some(place) = (0..count).find(|place| run.argument_type(*place).as_ref() != Some(arguments[*place])) {
        return Err(format!("argument {place} does not fit the body"));
    }
    if body.outputs().len() < run.states || body.inputs()[0].ty != TensorType::scalar(ElementType::I64) {
        return Err("the body has no step or too few states".into());
    }
    if (0..run.states).any(|state| *body.ty(body.outputs()[state].node) != body.inputs()[1 + state].ty) {
        return Err("a state changes its type".into());
    }
    let is_truth = |ty: &TensorType| *ty == TensorType::scalar(ElementType::Bool);
    if run.ends == Ends::WhenFalse && !body.inputs().get(1).is_some_and(|input| is_truth(&input.ty)) {
        return Err("the first state is not a truth value".into());
    }
    if run.ends == Ends::WhenFalse && run.backward {
        return Err("only steps that go forward end by a state".into());
    }
    if ty.shape.count() == run.words() { Ok(()) } else { Err("the type is not that of all results together".into()) }
}
