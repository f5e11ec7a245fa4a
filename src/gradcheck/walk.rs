//! A walk over a graph with values of another kind than tensors: several tensors side by side (`lanes`), or complex ones
//! (`complex`).
//!
//! What stops derivatives keeps the value of the unvaried point, so that differences of the rest mean what the derivative
//! means. Inside a function with a derivative of its own nothing is stopped: there the claim itself is on trial, unless it
//! is accepted.

use super::work::cost;
use crate::ir::{Ends, Graph, Loop, Node, NodeId, Op, Table, TensorType};
use crate::ops::choice::{OWN_SLOPE, STOP_GRADIENT};
use crate::ops::structural::Fault;
use crate::source::Span;
use std::cell::Cell;
use std::collections::HashSet;

/// Why a walk has no value.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Obstacle {
    /// The program fails there.
    Fault(Fault),
    /// Near the point, a loop does different numbers of steps.
    Ways,
    /// There is no rule for an operation, which this names.
    NoRule(String),
    /// It costs too much.
    Costs,
}

/// A kind of values.
pub(super) trait Kind {
    /// A value; cheap to copy.
    type Value: Clone;
    /// A value that does not vary.
    fn constant(&self, table: Table) -> Self::Value;
    /// An operation that is neither a loop nor a stop.
    fn apply(&self, graph: &Graph, node: &Node, arguments: &[&Self::Value]) -> Result<Self::Value, Obstacle>;
    /// A linear function of tables, applied part by part.
    fn linear(&self, arguments: &[&Self::Value], function: &dyn Fn(&[&Table]) -> Table) -> Self::Value;
    /// The same value where nothing varies.
    fn frozen(&self, value: &Self::Value) -> Self::Value;
    /// Zero where nothing varies, with a slope by an argument.
    fn sloped(&self, argument: &Self::Value, slope: &Self::Value) -> Self::Value;
    /// The whole number or truth value by which a loop goes on.
    fn decision(&self, value: &Self::Value) -> Result<i64, Obstacle>;
}

/// The values of a graph's nodes of one kind; a loop has as many as results.
pub(super) struct Walk<'a, K> {
    /// The kind.
    pub kind: K,
    accepted: &'a HashSet<Span>,
    /// What may still be spent.
    left: Cell<u64>,
}

/// What is to be done in a graph, found once.
struct Plan {
    needed: Vec<NodeId>,
    /// The nodes whose values are no longer needed after each needed one.
    done_with: Vec<Vec<NodeId>>,
    /// What is varied by derivatives that are on trial.
    on_trial: HashSet<NodeId>,
}

impl<'a, K: Kind> Walk<'a, K> {
    /// A walk; `accepted` are the functions whose own derivatives are accepted, by the places of their bodies.
    pub(super) fn new(kind: K, accepted: &'a HashSet<Span>) -> Self {
        Walk::within(kind, accepted, u64::MAX)
    }

    /// A walk that costs so much at most.
    pub(super) fn within(kind: K, accepted: &'a HashSet<Span>, most: u64) -> Self {
        Walk { kind, accepted, left: Cell::new(most) }
    }

    /// The values of some nodes of a graph.
    pub(super) fn nodes(
        &self,
        graph: &Graph,
        inputs: &[K::Value],
        nodes: &[NodeId],
    ) -> Result<Vec<K::Value>, Obstacle> {
        self.planned(graph, &self.plan(graph, nodes), inputs, nodes)
    }

    fn plan(&self, graph: &Graph, roots: &[NodeId]) -> Plan {
        let needed = graph.reachable_from(roots.iter().copied());
        let needed: Vec<NodeId> = graph.ids().filter(|id| needed[id.index()]).collect();
        let trials = needed.iter().filter(|id| is(graph, **id, &OWN_SLOPE) && !self.accepts(graph, **id));
        let on_trial = trials.map(|id| graph.node(*id).arguments[0]).collect();
        let done_with = last_uses(graph, &needed, roots);
        Plan { needed, done_with, on_trial }
    }

    fn accepts(&self, graph: &Graph, id: NodeId) -> bool {
        graph.span(id).is_some_and(|place| self.accepted.contains(&place))
    }

    fn planned(
        &self,
        graph: &Graph,
        plan: &Plan,
        inputs: &[K::Value],
        roots: &[NodeId],
    ) -> Result<Vec<K::Value>, Obstacle> {
        let mut values: Vec<Vec<K::Value>> = vec![Vec::new(); graph.len()];
        for (id, done_with) in plan.needed.iter().zip(&plan.done_with) {
            let node = graph.node(*id);
            let left = self.left.get().checked_sub(cost(graph, *id)).ok_or(Obstacle::Costs)?;
            self.left.set(left);
            let result = match node.op {
                Op::Result(result) => vec![values[node.arguments[0].index()][result as usize].clone()],
                op => {
                    let arguments: Vec<&K::Value> =
                        node.arguments.iter().map(|each| &values[each.index()][0]).collect();
                    match op {
                        Op::Input(index) => vec![inputs[index as usize].clone()],
                        Op::Loop(index) => self.run_loop(graph.loop_at(index), &arguments, &mut |_| {})?,
                        _ => vec![self.node(graph, plan, *id, &arguments)?],
                    }
                }
            };
            values[id.index()] = result;
            done_with.iter().for_each(|done| values[done.index()].clear());
        }
        Ok(roots.iter().map(|root| values[root.index()][0].clone()).collect())
    }

    fn node(&self, graph: &Graph, plan: &Plan, id: NodeId, arguments: &[&K::Value]) -> Result<K::Value, Obstacle> {
        let node = graph.node(id);
        if is(graph, id, &STOP_GRADIENT) {
            let held = !plan.on_trial.contains(&node.arguments[0]);
            return Ok(if held { self.kind.frozen(arguments[0]) } else { arguments[0].clone() });
        }
        if is(graph, id, &OWN_SLOPE) {
            if self.accepts(graph, id) {
                return Ok(self.kind.sloped(arguments[0], arguments[1]));
            }
            let bits = vec![node.ty.element.word(-0.0); node.ty.shape.count()];
            return Ok(self.kind.constant(Table { ty: node.ty.clone(), bits }));
        }
        self.kind.apply(graph, node, arguments)
    }

    /// The results of a loop; `each` is told what the body's inputs are at each step.
    pub(super) fn run_loop(
        &self,
        run: &Loop,
        arguments: &[&K::Value],
        each: &mut dyn FnMut(&[K::Value]),
    ) -> Result<Vec<K::Value>, Obstacle> {
        let roots = run.body.output_nodes();
        let plan = self.plan(&run.body, &roots);
        let owned = |range: std::ops::Range<usize>| -> Vec<K::Value> {
            arguments[range].iter().map(|value| (*value).clone()).collect()
        };
        let mut states = owned(run.first_state()..run.first_sequence());
        let sequences = owned(run.first_sequence()..run.first_invariant());
        let invariants = owned(run.first_invariant()..arguments.len());
        let mut stacked: Vec<Vec<Option<K::Value>>> = vec![vec![None; run.trips]; run.stacked()];
        let limit = match run.ends {
            Ends::AfterCount => self.kind.decision(arguments[0])?.clamp(0, run.trips as i64) as usize,
            _ => run.trips,
        };
        let mut done = 0;
        while done < limit && self.goes_on(run, &states)? {
            let row = if run.backward { limit - 1 - done } else { done };
            let mut inputs = vec![self.kind.constant(step_number(row))];
            inputs.append(&mut states);
            for (place, sequence) in sequences.iter().enumerate() {
                let ty = &run.body.inputs()[1 + run.states + place].ty;
                inputs.push(self.kind.linear(&[sequence], &|tables| row_of(tables[0], row, ty)));
            }
            inputs.extend_from_slice(&invariants);
            each(&inputs);
            let mut outputs = self.planned(&run.body, &plan, &inputs, &roots)?;
            for (rows, output) in stacked.iter_mut().zip(outputs.split_off(run.states)) {
                rows[row] = Some(output);
            }
            states = outputs;
            done += 1;
        }
        if run.ends == Ends::WhenFalse && self.goes_on(run, &states)? {
            return Err(Obstacle::Fault(Fault::TooManySteps { steps: run.trips }));
        }
        let mut results = states;
        for (place, rows) in stacked.iter().enumerate() {
            results.push(self.stack(rows, &run.result_type(run.states + place)));
        }
        results.push(self.kind.constant(step_number(done)));
        Ok(results)
    }

    fn goes_on(&self, run: &Loop, states: &[K::Value]) -> Result<bool, Obstacle> {
        Ok(run.ends != Ends::WhenFalse || self.kind.decision(&states[0])? != 0)
    }

    /// Rows as one value; zeros for steps that were not done.
    fn stack(&self, rows: &[Option<K::Value>], ty: &TensorType) -> K::Value {
        let length = ty.shape.count() / rows.len().max(1);
        let done: Vec<usize> = (0..rows.len()).filter(|row| rows[*row].is_some()).collect();
        let known: Vec<&K::Value> = rows.iter().flatten().collect();
        self.kind.linear(&known, &|tables| {
            let mut bits = vec![0; ty.shape.count()];
            for (row, table) in done.iter().zip(tables) {
                bits[row * length..(row + 1) * length].copy_from_slice(&table.bits);
            }
            Table { ty: ty.clone(), bits }
        })
    }
}

/// For each of some nodes, in order, those that no later one takes as an argument; roots are kept.
fn last_uses(graph: &Graph, needed: &[NodeId], roots: &[NodeId]) -> Vec<Vec<NodeId>> {
    let mut taken = vec![false; graph.len()];
    roots.iter().for_each(|root| taken[root.index()] = true);
    let mut done_with = vec![Vec::new(); needed.len()];
    for (place, id) in needed.iter().enumerate().rev() {
        for argument in &graph.node(*id).arguments {
            if !std::mem::replace(&mut taken[argument.index()], true) {
                done_with[place].push(*argument);
            }
        }
    }
    done_with
}

/// Whether a node is a certain pointwise operation.
pub(super) fn is(graph: &Graph, id: NodeId, definition: &'static crate::ir::Pointwise) -> bool {
    graph.pointwise_of(id).is_some_and(|each| std::ptr::eq(each, definition))
}

fn step_number(step: usize) -> Table {
    Table { ty: TensorType::scalar(crate::ir::ElementType::I64), bits: vec![step as u64] }
}

fn row_of(table: &Table, row: usize, ty: &TensorType) -> Table {
    let length = ty.shape.count();
    Table { ty: ty.clone(), bits: table.bits[row * length..(row + 1) * length].to_vec() }
}
