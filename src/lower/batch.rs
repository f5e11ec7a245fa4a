//! Batching over indices: what is written for one value is computed for many at once, along a leading axis.

use crate::ir::{Graph, NodeId};
use crate::ops::structural::{Batching, Over, definition};

/// Rewrites `roots`, functions of the placeholders `variables`, for `batched[i]` in place of `variables[i]`: a node of
/// the variable's type with an axis of `size` examples in front.
///
/// Returns each root's node and whether it has the leading axis; a root that depends on no variable is left as it is.
pub fn batch(
    graph: &mut Graph,
    roots: &[NodeId],
    variables: &[NodeId],
    batched: &[NodeId],
    size: usize,
) -> Vec<(NodeId, bool)> {
    let dependent = graph.dependent_on(variables);
    let needed = graph.reachable_from(roots.iter().copied());
    let mut map: Vec<Option<NodeId>> = vec![None; dependent.len()];
    for (variable, replacement) in variables.iter().zip(batched) {
        map[variable.index()] = Some(*replacement);
    }
    for index in 0..dependent.len() {
        if dependent[index] && needed[index] && map[index].is_none() {
            map[index] = Some(batch_node(graph, &map, NodeId(index as u32), size));
        }
    }
    roots
        .iter()
        .map(|root| match map[root.index()] {
            Some(node) => (node, true),
            None => (*root, false),
        })
        .collect()
}

fn batch_node(graph: &mut Graph, map: &[Option<NodeId>], id: NodeId, size: usize) -> NodeId {
    let node = graph.node(id).clone();
    let carried: Vec<bool> = node.arguments.iter().map(|argument| map[argument.index()].is_some()).collect();
    let arguments = node.arguments.iter().map(|argument| map[argument.index()].unwrap_or(*argument)).collect();
    let span = graph.span(id);
    let before = std::mem::replace(&mut graph.current_span, span);
    let rule = definition(&node.op).batch;
    let batched = rule(graph, &Batching { node, arguments, carried, size, over: Over::Indices });
    graph.current_span = before;
    batched
}
