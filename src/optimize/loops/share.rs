//! A loop that does all that another does, and more, takes its place: the loop that stores states for a derivative that
//! of the plain loop.

use crate::ir::{Ends, Graph, Loop, NodeId};
use std::collections::HashMap;

/// For loops whose place another can take: that other, and where each result stands there.
pub(super) fn shared(graph: &Graph, loops: &[NodeId]) -> HashMap<NodeId, (NodeId, Vec<usize>)> {
    let mut found = HashMap::new();
    for (place, small) in loops.iter().enumerate() {
        for (other, large) in loops.iter().enumerate() {
            if size(graph, *small, place) < size(graph, *large, other)
                && !found.contains_key(large)
                && let Some(results) = embedded(graph, *small, *large)
                && !graph.reachable_from([*large])[small.index()]
            {
                found.insert(*small, (*large, results));
                break;
            }
        }
    }
    found
}

fn size(graph: &Graph, id: NodeId, place: usize) -> (usize, usize, usize) {
    let outputs = graph.loop_of(id).map_or(0, |run| run.body.outputs().len());
    (graph.node(id).arguments.len(), outputs, place)
}

/// Where the results of one loop stand among those of another, if that computes them all.
fn embedded(graph: &Graph, small: NodeId, large: NodeId) -> Option<Vec<usize>> {
    let (a, b) = (graph.loop_of(small)?, graph.loop_of(large)?);
    let (given_a, given_b) = (&graph.node(small).arguments, &graph.node(large).arguments);
    if (a.trips, a.backward, a.ends) != (b.trips, b.backward, b.ends)
        || (a.ends == Ends::AfterCount && given_a[0] != given_b[0])
    {
        return None;
    }
    let inputs = matched_inputs(a, b, &given_a[a.first_state()..], &given_b[b.first_state()..])?;
    let nodes = matched_nodes(a, b, &inputs)?;
    let (outputs_a, outputs_b) = (a.body.output_nodes(), b.body.output_nodes());
    let mut results = Vec::with_capacity(outputs_a.len() + 1);
    for (place, output) in outputs_a.iter().enumerate() {
        let there = nodes[output.index()]?;
        results.push(if place < a.states {
            let state = inputs[1 + place] - 1;
            (outputs_b[state] == there).then_some(state)?
        } else {
            b.states + outputs_b[b.states..].iter().position(|each| *each == there)?
        });
    }
    results.push(b.steps_result());
    Some(results)
}

/// For each input of the smaller loop's body, the input of the other's that stands for the same; states in order.
fn matched_inputs(a: &Loop, b: &Loop, given_a: &[NodeId], given_b: &[NodeId]) -> Option<Vec<usize>> {
    let mut matched = vec![0];
    let mut next_state = 0;
    for (place, node) in given_a.iter().enumerate() {
        let (from, to) = if place < a.states {
            (next_state, b.states)
        } else if place < a.states + a.sequences {
            (b.states, b.states + b.sequences)
        } else {
            (b.states + b.sequences, given_b.len())
        };
        let there = (from..to).find(|there| given_b[*there] == *node)?;
        if place < a.states {
            next_state = there + 1;
        }
        matched.push(1 + there);
    }
    let goes_on = a.ends != Ends::WhenFalse || matched.get(1) == Some(&1);
    goes_on.then_some(matched)
}

/// The nodes of the other body that equal those of the first as far as its outputs need them.
fn matched_nodes(a: &Loop, b: &Loop, inputs: &[usize]) -> Option<Vec<Option<NodeId>>> {
    let inputs_b = b.body.input_nodes();
    let mut nodes: Vec<Option<NodeId>> = vec![None; a.body.len()];
    for (node, there) in a.body.input_nodes().into_iter().zip(inputs) {
        nodes[node.index()] = Some(inputs_b[*there]);
    }
    let needed = a.body.reachable_from(a.body.output_nodes());
    for id in a.body.ids().filter(|id| needed[id.index()]) {
        if nodes[id.index()].is_none() {
            let arguments = a.body.node(id).arguments.iter().map(|argument| nodes[argument.index()]);
            let arguments: Option<Vec<NodeId>> = arguments.collect();
            nodes[id.index()] = Some(b.body.find_like(&a.body, id, &arguments?)?);
        }
    }
    Some(nodes)
}
