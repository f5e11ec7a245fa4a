//! States that never change, sequences of equal rows, constants, conditions on the position, and what nothing needs.

use super::super::borders;
use super::site::{Found, Role, Site};
use crate::ir::{Axes, ElementType, Ends, Graph, NodeId, Op};
use std::collections::HashMap;

/// A state that never changes becomes an invariant, a sequence of equal rows too, a constant invariant a constant
/// inside; inputs that stand for the same are one.
pub(super) fn constants(graph: &mut Graph, site: &mut Site) {
    let mut roles = site.roles();
    let (inputs, outputs) = (site.body.input_nodes(), site.body.output_nodes());
    let first = usize::from(site.ends == Ends::WhenFalse);
    for state in (first..site.states).filter(|state| outputs[*state] == inputs[1 + state]) {
        roles[1 + state] = Role::Invariant;
    }
    for input in (1..inputs.len()).filter(|input| roles[*input] == Role::Sequence).collect::<Vec<_>>() {
        if let Some(row) = repeated_row(graph, site.given[input]) {
            site.given[input] = row;
            roles[input] = Role::Invariant;
        }
    }
    let mut seen: HashMap<(bool, NodeId), usize> = HashMap::new();
    for (input, role) in roles.iter_mut().enumerate().skip(1) {
        if *role == Role::State {
            continue;
        }
        if *role == Role::Invariant
            && let Some(bits) = scalar_bits(graph, site.given[input])
        {
            *role = Role::Constant(bits);
            continue;
        }
        let first = *seen.entry((*role == Role::Sequence, site.given[input])).or_insert(input);
        if first != input {
            *role = Role::Same(first);
        }
    }
    if roles != site.roles() {
        let stacked = vec![true; outputs.len() - site.states];
        site.rewrite(&roles, &stacked, &[], &[]);
    }
}

/// Conditions on the position come inside, where rules can see them; what is left of them is moved out again.
pub(super) fn conditions(graph: &Graph, site: &mut Site) {
    let mut roles = site.roles();
    for (input, role) in roles.iter_mut().enumerate().skip(1).filter(|(_, role)| **role == Role::Invariant) {
        let given = site.given[input];
        if graph.ty(given).element == ElementType::Bool
            && let Some((axis, range)) = borders::range_of_condition(graph, given)
        {
            *role = Role::Condition { axis, from: range.start, to: range.end };
        }
    }
    if roles != site.roles() {
        let stacked = vec![true; site.body.outputs().len() - site.states];
        site.rewrite(&roles, &stacked, &[], &[]);
    }
}

/// The row of which a sequence has only copies.
fn repeated_row(graph: &mut Graph, sequence: NodeId) -> Option<NodeId> {
    let Op::Broadcast(axes) = graph.node(sequence).op else { return None };
    if axes.contains(0) {
        return None;
    }
    let (source, shape) = (graph.node(sequence).arguments[0], Site::row(&graph.ty(sequence).shape));
    Some(graph.broadcast(source, Axes::new(axes.iter().map(|axis| axis - 1)), &shape))
}

/// The word of a scalar constant, alone or repeated.
fn scalar_bits(graph: &Graph, id: NodeId) -> Option<u64> {
    let node = graph.node(id);
    let scalar = if matches!(node.op, Op::Broadcast(_)) { graph.node(node.arguments[0]) } else { node };
    if let Op::Scalar(bits) = scalar.op { Some(bits) } else { None }
}

/// Stacked outputs of equal rows are one.
pub(super) fn repeated(site: &mut Site) {
    let rows: Vec<NodeId> = site.body.output_nodes()[site.states..].to_vec();
    for found in &mut site.results {
        if let Found::Stacked(place) = found {
            *place = rows.iter().position(|row| *row == rows[*place]).unwrap_or(*place);
        }
    }
}

/// Drops the states, stacked outputs and inputs that no result needs.
pub(super) fn unneeded(site: &mut Site) {
    let (inputs, outputs) = (site.body.input_nodes(), site.body.output_nodes());
    let mut states: Vec<bool> = (0..site.states).map(|state| site.results.contains(&Found::State(state))).collect();
    if site.ends == Ends::WhenFalse {
        states[0] = true;
    }
    let stacked: Vec<bool> =
        (0..outputs.len() - site.states).map(|place| site.results.contains(&Found::Stacked(place))).collect();
    let reached = loop {
        let of_states = (0..site.states).filter(|state| states[*state]);
        let rows = (0..stacked.len()).filter(|place| stacked[*place]).map(|place| site.states + place);
        let reached = site.body.reachable_from(of_states.chain(rows).map(|place| outputs[place]));
        match (0..site.states).find(|state| !states[*state] && reached[inputs[1 + state].index()]) {
            Some(state) => states[state] = true,
            None => break reached,
        }
    };
    let mut roles = site.roles();
    for input in 1..inputs.len() {
        let kept = if input <= site.states { states[input - 1] } else { reached[inputs[input].index()] };
        if !kept {
            roles[input] = Role::Dropped;
        }
    }
    site.rewrite(&roles, &stacked, &[], &[]);
}
