//! A derivative of a derivative of a loop in bounded memory.
//!
//! The loop back over the states that a loop stored is to be differentiated itself. Where those states take more than the
//! budget, the two loops are written anew in stretches: a loop forward that stores the states which the stretches begin
//! with, and a loop back over stretches, whose body stores the states of one and goes back over them. What is
//! differentiated then are loops of far fewer steps.

use super::reverse::pull;
use crate::ir::rewrite::substitute;
use crate::ir::{ElementType, Ends, Graph, Loop, NodeId, Op, TensorType};
use crate::ops::structural::Cotangent;
use crate::ops::structural::stretches::{Stretches, stretch};
use std::sync::Arc;

/// Loops of fewer steps are not cut.
const STEPS: usize = 16;

/// The cotangents of the arguments of a loop back and of the loop whose states it sees, if those take more than the budget.
pub(super) fn reverse(
    graph: &mut Graph,
    id: NodeId,
    seeds: &[(usize, Cotangent)],
    dependent: &[bool],
) -> Option<Vec<(NodeId, Cotangent)>> {
    let pair = Pair::of(graph, id)?;
    let mut variables = Variables { originals: Vec::new(), variables: Vec::new() };
    let results = pair.append(graph, &mut |graph, node| variables.of(graph, node, dependent));
    let seeds: Vec<(NodeId, Cotangent)> =
        seeds.iter().filter_map(|(result, seed)| Some((*results.get(*result)?, *seed))).collect();
    let pulled = pull(graph, &seeds, &variables.variables);
    let found: Vec<(NodeId, Cotangent)> = variables
        .originals
        .iter()
        .zip(pulled)
        .filter_map(|(original, cotangent)| cotangent.map(|cotangent| (*original, cotangent)))
        .collect();
    let roots: Vec<NodeId> = found.iter().map(|(_, cotangent)| cotangent.node).collect();
    let roots = substitute(graph, &roots, &variables.variables, &variables.originals);
    let real =
        |((original, cotangent), node): ((NodeId, Cotangent), NodeId)| (original, Cotangent { node, ..cotangent });
    Some(found.into_iter().zip(roots).map(real).collect())
}

/// Variables that stand for nodes that what is differentiated by has a part in, so that each counts once.
struct Variables {
    originals: Vec<NodeId>,
    variables: Vec<NodeId>,
}

impl Variables {
    fn of(&mut self, graph: &mut Graph, node: NodeId, dependent: &[bool]) -> NodeId {
        if !dependent.get(node.index()).is_some_and(|dependent| *dependent) || !graph.ty(node).element.is_real() {
            return node;
        }
        if let Some(place) = self.originals.iter().position(|original| *original == node) {
            return self.variables[place];
        }
        let variable = graph.placeholder(graph.ty(node).clone());
        self.originals.push(node);
        self.variables.push(variable);
        variable
    }
}

/// A loop that stores rows, and one that sees them the other way.
struct Pair {
    run: Arc<Loop>,
    back: Arc<Loop>,
    given: Vec<NodeId>,
    back_given: Vec<NodeId>,
    /// The results of the first that the sequences of the second are.
    rows: Vec<Option<usize>>,
    stretches: Stretches,
}

impl Pair {
    fn of(graph: &Graph, id: NodeId) -> Option<Self> {
        let back = graph.loop_of(id)?.clone();
        let back_given = graph.node(id).arguments.to_vec();
        let all = |run: &Loop| run.ends == Ends::AfterTrips;
        if !all(&back) || !back.backward || back.trips < STEPS || u32::try_from(back.trips).is_err() {
            return None;
        }
        let row = |node: NodeId| match graph.node(node).op {
            Op::Result(result) => {
                let source = graph.node(node).arguments[0];
                let is_row = graph.loop_of(source).is_some_and(|run| run.is_stacked(result as usize));
                is_row.then_some((source, result as usize))
            }
            _ => None,
        };
        let sequences = &back_given[back.first_sequence()..back.first_invariant()];
        let stores = |source: NodeId| {
            graph.loop_of(source).is_some_and(|run| all(run) && !run.backward && run.trips == back.trips)
        };
        let source = sequences.iter().filter_map(|node| row(*node)).find(|(source, _)| stores(*source))?.0;
        let run = graph.loop_of(source)?.clone();
        let of_source = |node: &NodeId| row(*node).filter(|(from, _)| *from == source).map(|(_, result)| result);
        let rows: Vec<Option<usize>> = sequences.iter().map(of_source).collect();
        let bytes: usize = rows.iter().flatten().map(|result| run.result_type(*result).bytes()).sum();
        let period = run.trips.isqrt() + 1;
        (bytes > graph.loop_budget()).then(|| Pair {
            stretches: Stretches::new(run.trips, period),
            given: graph.node(source).arguments.to_vec(),
            run,
            back,
            back_given,
            rows,
        })
    }

    /// Appends both loops in stretches and returns the results of the second. `new` tells what stands for a node.
    fn append(&self, graph: &mut Graph, new: &mut dyn FnMut(&mut Graph, NodeId) -> NodeId) -> Vec<NodeId> {
        let (run, back, cut) = (&*self.run, &*self.back, self.stretches);
        let given: Vec<NodeId> = self.given.iter().map(|node| new(graph, *node)).collect();
        let (states, rest) = given.split_at(run.states);
        let (sequences, invariants) = rest.split_at(run.sequences);
        let places = (0..back.sequences).filter(|place| self.rows[*place].is_none());
        let others: Vec<NodeId> = places.map(|place| self.back_given[back.first_sequence() + place]).collect();
        let others: Vec<NodeId> = others.into_iter().map(|node| new(graph, node)).collect();
        let back_states: Vec<NodeId> = self.back_given[..back.states].iter().map(|node| new(graph, *node)).collect();
        let back_invariants: Vec<NodeId> =
            self.back_given[back.first_invariant()..].iter().map(|node| new(graph, *node)).collect();

        let rows: Vec<NodeId> = sequences.iter().map(|node| cut.rows(graph, *node)).collect();
        let other_rows: Vec<NodeId> = others.iter().map(|node| cut.rows(graph, *node)).collect();
        let forward = graph.run_loop(Arc::new(cut.loop_over(run)), &[states, &rows, invariants].concat());
        let reached: Vec<NodeId> = (0..run.states).map(|state| graph.result(forward, state)).collect();
        let begun: Vec<NodeId> = (0..run.states).map(|state| graph.result(forward, run.states + state)).collect();

        let rest: Vec<NodeId> = sequences.iter().map(|node| cut.rest_of(graph, *node)).collect();
        let other_rest: Vec<NodeId> = others.iter().map(|node| cut.rest_of(graph, *node)).collect();
        let first = graph.integer(cut.done() as i64);
        let whole = [invariants, &[first]].concat();
        let back_whole = [&back_invariants[..], &[first]].concat();
        let last = self.stretch(
            graph,
            cut.rest,
            &[&reached[..], &rest, &whole].concat(),
            (&back_states, &other_rest, &back_whole),
        );
        let (last_states, last_rows) = last.split_at(back.states);
        let given = [last_states, &begun, &rows, &other_rows, invariants, &back_invariants].concat();
        let over = graph.run_loop(Arc::new(self.back()), &given);
        let mut results: Vec<NodeId> = (0..back.states).map(|state| graph.result(over, state)).collect();
        for (place, rest) in last_rows.iter().enumerate() {
            let rows = graph.result(over, back.states + place);
            results.push(cut.joined(graph, rows, *rest));
        }
        results
    }

    /// The loop back over stretches.
    fn back(&self) -> Loop {
        let (run, back, cut) = (&*self.run, &*self.back, self.stretches);
        let mut body = Graph::new();
        let step = body.input("step", TensorType::scalar(ElementType::I64));
        let mut inputs = |types: Vec<TensorType>| -> Vec<NodeId> {
            types.into_iter().map(|ty| body.input("argument", ty)).collect()
        };
        let (inner, inner_back) = (stretch(run, cut.period), stretch(back, cut.period));
        let types = |of: &Loop, from: usize, count: usize| -> Vec<TensorType> {
            (from..from + count).filter_map(|place| of.argument_type(place)).collect()
        };
        let states = inputs(types(&inner_back, 0, back.states));
        let begun = inputs(types(&inner, 0, run.states));
        let rows = inputs(types(&inner, run.first_sequence(), run.sequences));
        let others = (0..back.sequences).filter(|place| self.rows[*place].is_none());
        let others: Vec<TensorType> =
            others.filter_map(|place| inner_back.argument_type(back.first_sequence() + place)).collect();
        let sequences = run.states + run.sequences + others.len();
        let others = inputs(others);
        let invariants = inputs(types(&inner, run.first_invariant(), run.invariants()));
        let back_invariants = inputs(types(&inner_back, back.first_invariant(), back.invariants()));
        let first = cut.first_step(&mut body, step);
        let whole = [&invariants[..], &[first]].concat();
        let back_whole = [&back_invariants[..], &[first]].concat();
        let given = [&begun[..], &rows, &whole].concat();
        for result in self.stretch(&mut body, cut.period, &given, (&states, &others, &back_whole)) {
            body.output("result", result);
        }
        Loop { body: Arc::new(body), trips: cut.count, states: back.states, sequences, ..back.clone() }
    }

    /// One stretch: its states are stored, and gone back over. The results are those of the loop back but for its number of
    /// steps.
    fn stretch(
        &self,
        graph: &mut Graph,
        trips: usize,
        given: &[NodeId],
        (states, others, whole): (&[NodeId], &[NodeId], &[NodeId]),
    ) -> Vec<NodeId> {
        let stored = graph.run_loop(Arc::new(stretch(&self.run, trips)), given);
        let mut others = others.iter();
        let mut sequences = Vec::new();
        for row in &self.rows {
            sequences.extend(match row {
                Some(result) => Some(graph.result(stored, *result)),
                None => others.next().copied(),
            });
        }
        let back = graph.run_loop(Arc::new(stretch(&self.back, trips)), &[states, &sequences, whole].concat());
        (0..self.back.steps_result()).map(|result| graph.result(back, result)).collect()
    }
}
