//! Batching over indices: what is written for one value is computed for many at once, along a leading axis.

use super::{Batching, Over, definition};
use crate::ir::{Graph, Node, NodeId};

/// What nodes have become so far: those from `first` on that depend on a variable.
pub struct Scan {
    first: usize,
    map: Vec<Option<NodeId>>,
}

impl Scan {
    /// What a node has become; `None` if it depends on no variable.
    pub fn get(&self, id: NodeId) -> Option<NodeId> {
        id.index().checked_sub(self.first).and_then(|place| self.map.get(place).copied().flatten())
    }
}

/// A rule for nodes that are batched otherwise than by their own definition.
pub type Special<'a> = dyn Fn(&mut Graph, &Node, &Scan) -> Option<NodeId> + 'a;

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
    batch_scan(graph, roots, variables, batched, size, &|_, _, _| None)
}

/// The same, where a special rule is tried before a node's own. Only nodes newer than the variables are looked at.
pub fn batch_scan(
    graph: &mut Graph,
    roots: &[NodeId],
    variables: &[NodeId],
    batched: &[NodeId],
    size: usize,
    special: &Special,
) -> Vec<(NodeId, bool)> {
    let first = variables.iter().map(|variable| variable.index()).min().unwrap_or(graph.len());
    let affected = affected(graph, roots, variables, first);
    let mut scan = Scan { first, map: vec![None; affected.len()] };
    for (variable, replacement) in variables.iter().zip(batched) {
        scan.map[variable.index() - first] = Some(*replacement);
    }
    for (place, affected) in affected.into_iter().enumerate() {
        if affected && scan.map[place].is_none() {
            scan.map[place] = Some(batch_node(graph, &scan, NodeId((first + place) as u32), size, special));
        }
    }
    roots
        .iter()
        .map(|root| match scan.get(*root) {
            Some(node) => (node, true),
            None => (*root, false),
        })
        .collect()
}

/// Which nodes from `first` on depend on the variables and are needed for the roots.
fn affected(graph: &Graph, roots: &[NodeId], variables: &[NodeId], first: usize) -> Vec<bool> {
    let count = graph.len() - first;
    let (mut dependent, mut needed) = (vec![false; count], vec![false; count]);
    let place = |id: NodeId| id.index().checked_sub(first);
    for variable in variables.iter().filter_map(|id| place(*id)) {
        dependent[variable] = true;
    }
    for at in 0..count {
        let arguments = &graph.node(NodeId((first + at) as u32)).arguments;
        dependent[at] |= arguments.iter().any(|argument| place(*argument).is_some_and(|place| dependent[place]));
    }
    for root in roots.iter().filter_map(|id| place(*id)) {
        needed[root] = true;
    }
    for at in (0..count).rev().filter(|at| dependent[*at]) {
        if needed[at] {
            for argument in graph.node(NodeId((first + at) as u32)).arguments.iter().filter_map(|id| place(*id)) {
                needed[argument] = true;
            }
        }
    }
    dependent.into_iter().zip(needed).map(|(dependent, needed)| dependent && needed).collect()
}

fn batch_node(graph: &mut Graph, scan: &Scan, id: NodeId, size: usize, special: &Special) -> NodeId {
    let node = graph.node(id).clone();
    let span = graph.span(id);
    let scope = graph.scope_of(id).or(graph.current_scope);
    let before = std::mem::replace(&mut graph.current_span, span);
    let scope_before = std::mem::replace(&mut graph.current_scope, scope);
    let batched = special(graph, &node, scan).unwrap_or_else(|| {
        let carried: Vec<bool> = node.arguments.iter().map(|argument| scan.get(*argument).is_some()).collect();
        let arguments = node.arguments.iter().map(|argument| scan.get(*argument).unwrap_or(*argument)).collect();
        let rule = definition(&node.op).batch;
        rule(graph, &Batching { node, arguments, carried, size, over: Over::Indices })
    });
    graph.current_span = before;
    graph.current_scope = scope_before;
    batched
}
