//! Loops to nodes with a body of their own.
//!
//! A body is lowered into the graph around it, on placeholders for the step, the states and the rows. Then the nodes
//! that depend on those are moved into a graph of their own; whatever else they use is the same in every step, is
//! computed once outside, and comes in as an invariant.

use super::{Lowerer, Value};
use crate::check::program::{Kind, LocalId, Typed};
use crate::check::repeat::{Repeat, Steps};
use crate::ir::rewrite::copy_node;
use crate::ir::{ElementType, Ends, Graph, Loop, NodeId, Op, TensorType};
use crate::ops::arithmetic::ADD;
use crate::ops::comparison::AND;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The variables of a body while it is lowered.
struct Variables {
    step: NodeId,
    states: Vec<NodeId>,
    rows: Vec<NodeId>,
}

impl Variables {
    fn body_graph(&self, outer: &Graph, outputs: &[NodeId]) -> (Graph, Vec<NodeId>) {
        let step = std::slice::from_ref(&self.step);
        body_graph(outer, &[("step", step), ("state", &self.states), ("row", &self.rows)], outputs)
    }
}

impl Lowerer<'_> {
    /// `fold`, `scan` or `while`.
    pub(super) fn repeat(&mut self, run: &Repeat) -> Value {
        match &run.steps {
            Steps::Rows { sequences, row, count, stacks } => {
                let trips = count.count().unwrap_or(0);
                self.fold(run, sequences, *row, trips, *stacks)
            }
            Steps::While { condition, most } => {
                let trips = most.count().unwrap_or(0);
                self.repeat_while(run, condition, trips)
            }
        }
    }

    fn fold(&mut self, run: &Repeat, sequences: &Typed, row: LocalId, trips: usize, stacks: bool) -> Value {
        let initial = self.lower(&run.initial);
        let mut variables = self.variables(&initial);
        let mut given = Vec::new();
        let entry = self.rows(sequences, &mut variables, &mut given);
        self.locals.insert(run.state, initial.with_leaves(&mut variables.states.iter().copied()));
        self.locals.insert(row, entry);
        self.surroundings.push(variables.step);
        let body = self.lower(&run.body);
        self.surroundings.pop();
        let mut outputs = Vec::new();
        body.leaves(&mut outputs);
        if trips == 0 {
            return self.no_steps(&initial, &body, stacks);
        }
        let (graph, invariants) = variables.body_graph(&self.graph, &outputs);
        let states = variables.states.len();
        let ends = Ends::AfterTrips;
        let run = Loop { body: Arc::new(graph), trips, states, sequences: given.len(), backward: false, ends };
        let mut arguments = leaves_of(&initial);
        arguments.extend(given.into_iter().chain(invariants));
        let results = self.results(run, &arguments, outputs.len());
        if stacks { body.with_leaves(&mut results.into_iter()) } else { initial.with_leaves(&mut results.into_iter()) }
    }

    /// The value of a loop over nothing: the initial state, and empty outputs.
    fn no_steps(&mut self, initial: &Value, body: &Value, stacks: bool) -> Value {
        let Value::Tuple(parts) = body else { return initial.clone() };
        if !stacks {
            return initial.clone();
        }
        let empty: Vec<NodeId> = leaves_of(&parts[1])
            .into_iter()
            .map(|leaf| {
                let ty = self.graph.ty(leaf).clone();
                let zero = self.graph.real(ty.element, 0.0);
                self.graph.splat(zero, &ty.shape.with_leading(0))
            })
            .collect();
        Value::Tuple(vec![initial.clone(), parts[1].with_leaves(&mut empty.into_iter())])
    }

    fn repeat_while(&mut self, run: &Repeat, condition: &Typed, trips: usize) -> Value {
        let initial = self.lower(&run.initial);
        self.locals.insert(run.state, initial.clone());
        let mut begins = self.tensor(condition);
        if let Some(taken) = self.guard {
            begins = self.pair(&AND, begins, taken);
        }
        let goes_on = self.graph.placeholder(TensorType::scalar(ElementType::Bool));
        let mut variables = self.variables(&initial);
        let guard = self.guard.replace(goes_on);
        self.locals.insert(run.state, initial.with_leaves(&mut variables.states.iter().copied()));
        self.surroundings.push(variables.step);
        let next = self.lower(&run.body);
        self.locals.insert(run.state, next.clone());
        let mut outputs = vec![self.tensor(condition)];
        self.surroundings.pop();
        self.guard = guard;
        next.leaves(&mut outputs);
        variables.states.insert(0, goes_on);
        let (graph, invariants) = variables.body_graph(&self.graph, &outputs);
        let states = variables.states.len();
        let ends = Ends::WhenFalse;
        let run = Loop { body: Arc::new(graph), trips, states, sequences: 0, backward: false, ends };
        let mut arguments = vec![begins];
        arguments.extend(leaves_of(&initial).into_iter().chain(invariants));
        let results = self.results(run, &arguments, outputs.len());
        initial.with_leaves(&mut results.into_iter().skip(1))
    }

    /// A loop node and the nodes of its results.
    fn results(&mut self, run: Loop, arguments: &[NodeId], count: usize) -> Vec<NodeId> {
        let node = self.graph.run_loop(Arc::new(run), arguments);
        (0..count).map(|place| self.graph.result(node, place)).collect()
    }

    fn variables(&mut self, initial: &Value) -> Variables {
        let step = self.graph.placeholder(TensorType::scalar(ElementType::I64));
        let states = leaves_of(initial)
            .into_iter()
            .map(|leaf| {
                let ty = self.graph.ty(leaf).clone();
                self.graph.placeholder(ty)
            })
            .collect();
        Variables { step, states, rows: Vec::new() }
    }

    /// What a row of sequences is in the body; the sequences themselves are added to `given`. The numbers of a range
    /// are counted from the step.
    fn rows(&mut self, sequences: &Typed, variables: &mut Variables, given: &mut Vec<NodeId>) -> Value {
        match &*sequences.kind {
            Kind::Range(start) => {
                let start = self.graph.integer(start.value().unwrap_or(0));
                Value::Node(self.pair(&ADD, variables.step, start))
            }
            Kind::Tuple(parts) => Value::Tuple(parts.iter().map(|part| self.rows(part, variables, given)).collect()),
            _ => {
                let whole = self.lower(sequences);
                let mut rows = Vec::new();
                for sequence in leaves_of(&whole) {
                    let ty = self.graph.ty(sequence).clone();
                    let row = TensorType::new(ty.element, ty.shape.sizes()[1..].iter().copied().collect());
                    rows.push(self.graph.placeholder(row));
                    given.push(sequence);
                }
                variables.rows.extend(&rows);
                whole.with_leaves(&mut rows.into_iter())
            }
        }
    }
}

fn leaves_of(value: &Value) -> Vec<NodeId> {
    let mut leaves = Vec::new();
    value.leaves(&mut leaves);
    leaves
}

/// The graph of a body whose outputs, nodes of `outer`, are functions of the variables; and the nodes of `outer` that
/// its last inputs, the invariants, stand for. Only nodes newer than the variables are looked at.
pub(super) fn body_graph(outer: &Graph, variables: &[(&str, &[NodeId])], outputs: &[NodeId]) -> (Graph, Vec<NodeId>) {
    let varying: Vec<NodeId> = variables.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
    let moved = moved_nodes(outer, &varying, outputs);
    let is_moved = |id: NodeId| moved.binary_search(&id).is_ok();
    let used = moved.iter().flat_map(|id| outer.node(*id).arguments.iter().copied()).chain(outputs.iter().copied());
    let mut kept: Vec<NodeId> = used.filter(|id| !is_moved(*id)).collect();
    kept.sort_unstable();
    kept.dedup();
    let variable: HashSet<NodeId> = varying.into_iter().collect();
    kept.retain(|id| !variable.contains(id));
    let (constants, invariants): (Vec<NodeId>, Vec<NodeId>) = kept.into_iter().partition(|id| is_constant(outer, *id));

    let mut body = Graph::new();
    let mut map: HashMap<NodeId, NodeId> = HashMap::new();
    for (kind, ids) in variables.iter().copied().chain([("invariant", &invariants[..])]) {
        for (place, id) in ids.iter().enumerate() {
            map.insert(*id, body.input(format!("{kind} {place}"), outer.ty(*id).clone()));
        }
    }
    for id in constants {
        let arguments: Vec<NodeId> =
            outer.node(id).arguments.iter().map(|scalar| copy_node(&mut body, outer, *scalar, &[])).collect();
        map.insert(id, copy_node(&mut body, outer, id, &arguments));
    }
    for id in moved {
        let arguments: Vec<NodeId> = outer.node(id).arguments.iter().map(|argument| map[argument]).collect();
        map.insert(id, copy_node(&mut body, outer, id, &arguments));
    }
    for (place, output) in outputs.iter().enumerate() {
        body.output(format!("{place}"), map[output]);
    }
    (body, invariants)
}

/// The nodes that depend on the variables and that the outputs need, in order, without the variables.
fn moved_nodes(graph: &Graph, varying: &[NodeId], outputs: &[NodeId]) -> Vec<NodeId> {
    let first = varying.iter().map(|id| id.index()).min().unwrap_or(graph.len());
    let count = graph.len() - first;
    let place = |id: NodeId| id.index().checked_sub(first);
    let node = |at: usize| NodeId((first + at) as u32);
    let (mut dependent, mut needed) = (vec![false; count], vec![false; count]);
    for id in varying {
        dependent[id.index() - first] = true;
    }
    for at in 0..count {
        let mut arguments = graph.node(node(at)).arguments.iter().filter_map(|argument| place(*argument));
        dependent[at] |= arguments.any(|argument| dependent[argument]);
    }
    for at in outputs.iter().filter_map(|id| place(*id)) {
        needed[at] = dependent[at];
    }
    for at in (0..count).rev().filter(|at| dependent[*at]) {
        if needed[at] {
            for argument in graph.node(node(at)).arguments.iter().filter_map(|argument| place(*argument)) {
                needed[argument] |= dependent[argument];
            }
        }
    }
    for id in varying {
        needed[id.index() - first] = false;
    }
    (0..count).filter(|at| needed[*at]).map(node).collect()
}

/// Whether a node is cheaper to make anew in the body than to pass in: a number, a repeated number, positions.
fn is_constant(graph: &Graph, id: NodeId) -> bool {
    let is_number = |id: &NodeId| matches!(graph.node(*id).op, Op::Scalar(_));
    match graph.node(id).op {
        Op::Scalar(_) | Op::Iota(_) => true,
        Op::Broadcast(_) => graph.node(id).arguments.iter().all(is_number),
        _ => false,
    }
}
