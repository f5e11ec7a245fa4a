//! Forward mode: tangents are pushed along the graph.

use crate::ir::{Graph, NodeId};
use crate::ops::arithmetic::ADD;
use crate::ops::structural::definition;

/// The tangents of `outputs` when those of `wrt` are `tangents`, as nodes appended to the graph.
///
/// The tangent of an output that does not depend on `wrt` is a constant zero. Where one node of `wrt` depends on
/// another, its tangent is the sum of both.
pub fn forward(graph: &mut Graph, outputs: &[NodeId], wrt: &[NodeId], tangents: &[NodeId]) -> Vec<NodeId> {
    let dependent = graph.dependent_on(wrt);
    let needed = graph.reachable_from(outputs.iter().copied());
    let mut pushed: Vec<Option<NodeId>> = vec![None; dependent.len()];
    for (node, tangent) in wrt.iter().zip(tangents) {
        pushed[node.index()] = Some(plus(graph, pushed[node.index()], *tangent));
    }
    for id in (0..dependent.len() as u32).map(NodeId) {
        if dependent[id.index()]
            && needed[id.index()]
            && let Some(tangent) = push(graph, &pushed, id)
        {
            pushed[id.index()] = Some(plus(graph, pushed[id.index()], tangent));
        }
    }
    outputs
        .iter()
        .map(|output| match pushed[output.index()] {
            Some(tangent) => tangent,
            None => graph.constant_like(*output, 0.0),
        })
        .collect()
}

fn push(graph: &mut Graph, pushed: &[Option<NodeId>], id: NodeId) -> Option<NodeId> {
    let span = graph.span(id);
    let before = std::mem::replace(&mut graph.current_span, span);
    let node = graph.node(id);
    let tangents: Vec<Option<NodeId>> = node.arguments.iter().map(|argument| pushed[argument.index()]).collect();
    let result = (definition(&node.op).forward)(graph, id, &tangents);
    graph.current_span = before;
    result
}

fn plus(graph: &mut Graph, sum: Option<NodeId>, term: NodeId) -> NodeId {
    match sum {
        Some(sum) => graph.pointwise(&ADD, &[sum, term]),
        None => term,
    }
}
