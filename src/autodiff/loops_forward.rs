//! Forward mode of loops: one loop whose states are the states and their tangents.

use super::forward::push;
use crate::ir::rewrite::inline;
use crate::ir::{ElementType, Graph, Loop, NodeId, TensorType};
use crate::ops::structural::Mask;
use std::sync::Arc;

/// The tangents of a loop's results from those of its arguments, by result.
pub(super) fn forward(graph: &mut Graph, id: NodeId, tangents: &[Option<NodeId>], mask: Mask) -> Vec<Option<NodeId>> {
    let Some(run) = graph.loop_of(id).cloned() else { return Vec::new() };
    let arguments = graph.node(id).arguments.to_vec();
    let moves = moving(&run, &tangents[run.first_state()..]);
    if !moves.contains(&true) {
        return vec![None; run.steps_result() + 1];
    }
    let (body, stacked) = body(&run, &moves, mask);
    let mut given: Vec<NodeId> = arguments[..run.first_state()].to_vec();
    for range in groups(&run) {
        let place = |input: usize| run.first_state() + input - 1;
        given.extend(range.clone().map(|input| arguments[place(input)]));
        for place in range.filter(|input| moves[*input]).map(place) {
            given.push(tangents[place].unwrap_or_else(|| graph.constant_like(arguments[place], 0.0)));
        }
    }
    let [states, sequences, _] = groups(&run).map(|range| range.filter(|input| moves[*input]).count());
    let both = Loop {
        body: Arc::new(body),
        states: run.states + states,
        sequences: run.sequences + sequences,
        ..(*run).clone()
    };
    let both = graph.run_loop(Arc::new(both), &given);
    let mut results: Vec<Option<NodeId>> = vec![None; run.steps_result() + 1];
    let mut next = run.states;
    let moving_states = (0..run.states).filter(|state| moves[1 + state]);
    for state in moving_states {
        results[state] = Some(graph.result(both, next));
        next += 1;
    }
    next += run.stacked();
    for place in stacked {
        results[place] = Some(graph.result(both, next));
        next += 1;
    }
    results
}

/// The inputs of the body that are states, sequences and invariants.
fn groups(run: &Loop) -> [std::ops::Range<usize>; 3] {
    let (first_sequence, first_invariant) = (1 + run.states, 1 + run.states + run.sequences);
    [1..first_sequence, first_sequence..first_invariant, first_invariant..run.body.inputs().len()]
}

/// Which inputs of the body have a tangent: those given one, and states that depend on such.
fn moving(run: &Loop, tangents: &[Option<NodeId>]) -> Vec<bool> {
    let (inputs, outputs) = (run.body.input_nodes(), run.body.output_nodes());
    let real = |input: usize| run.body.inputs()[input].ty.element.is_real();
    let mut moves = vec![false];
    moves.extend(tangents.iter().enumerate().map(|(at, tangent)| tangent.is_some() && real(1 + at)));
    loop {
        let sources: Vec<NodeId> =
            inputs.iter().zip(&moves).filter(|(_, moves)| **moves).map(|(node, _)| *node).collect();
        let dependent = run.body.dependent_on(&sources);
        let new = |state: &usize| real(1 + state) && !moves[1 + state] && dependent[outputs[*state].index()];
        match (0..run.states).find(new) {
            Some(state) => moves[1 + state] = true,
            None => return moves,
        }
    }
}

/// One step of states and tangents, and the results of the loop that stand for stacked outputs with a tangent.
fn body(run: &Loop, moves: &[bool], mask: Mask) -> (Graph, Vec<usize>) {
    let mut graph = Graph::new();
    let mut inner = vec![graph.input("step", TensorType::scalar(ElementType::I64))];
    let (mut wrt, mut tangents) = (Vec::new(), Vec::new());
    for range in groups(run) {
        let types = |input: usize| run.body.inputs()[input].ty.clone();
        inner.extend(range.clone().map(|input| graph.input(run.body.inputs()[input].name.clone(), types(input))));
        for input in range.filter(|input| moves[*input]) {
            wrt.push(inner[input]);
            tangents.push(graph.input("tangent", types(input)));
        }
    }
    let outputs = inline(&mut graph, &run.body, &inner);
    let pushed = push(&mut graph, &outputs, &wrt, &tangents, mask);
    for output in &outputs[..run.states] {
        graph.output("state", *output);
    }
    for state in (0..run.states).filter(|state| moves[1 + state]) {
        let tangent = pushed[state].unwrap_or_else(|| graph.constant_like(outputs[state], 0.0));
        graph.output("tangent", tangent);
    }
    for output in &outputs[run.states..] {
        graph.output("row", *output);
    }
    let stacked: Vec<usize> = (run.states..run.steps_result()).filter(|result| pushed[*result].is_some()).collect();
    for tangent in stacked.iter().filter_map(|result| pushed[*result]) {
        graph.output("tangent", tangent);
    }
    (graph, stacked)
}
