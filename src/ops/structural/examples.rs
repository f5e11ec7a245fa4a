//! Batching over examples: the program of one example, for a whole mini-batch at once.

use super::{Batching, Over, definition};
use crate::ir::{Graph, NodeId, Op};

/// What a node becomes: the new node, and whether it has the axis of examples.
type Batched = (NodeId, bool);

/// Rewrites `roots`, functions of the placeholders `variables`, for `batched[i]` in place of `variables[i]`: a node of
/// the variable's type with an axis of `size` examples in front. Reductions over the mini-batch are carried out.
///
/// Returns each root's node and whether it has the leading axis, as those have that depend on the example.
pub fn batch_examples(
    graph: &mut Graph,
    roots: &[NodeId],
    variables: &[NodeId],
    batched: &[NodeId],
    size: usize,
) -> Vec<(NodeId, bool)> {
    let affected = affected(graph, roots, variables);
    let mut map: Vec<Option<Batched>> = vec![None; affected.len()];
    for (variable, replacement) in variables.iter().zip(batched) {
        map[variable.index()] = Some((*replacement, true));
    }
    for index in 0..affected.len() {
        if affected[index] && map[index].is_none() {
            map[index] = Some(batch_node(graph, &map, NodeId(index as u32), size));
        }
    }
    roots.iter().map(|root| map[root.index()].unwrap_or((*root, false))).collect()
}

/// The nodes needed for the roots that depend on a variable or on a reduction over the mini-batch.
fn affected(graph: &Graph, roots: &[NodeId], variables: &[NodeId]) -> Vec<bool> {
    let needed = graph.reachable_from(roots.iter().copied());
    let reductions = graph.ids().filter(|id| needed[id.index()] && matches!(graph.node(*id).op, Op::BatchReduce(_)));
    let sources: Vec<NodeId> = variables.iter().copied().chain(reductions).collect();
    let dependent = graph.dependent_on(&sources);
    dependent.into_iter().zip(needed).map(|(dependent, needed)| dependent && needed).collect()
}

fn batch_node(graph: &mut Graph, map: &[Option<Batched>], id: NodeId, size: usize) -> Batched {
    let node = graph.node(id).clone();
    let now = |argument: &NodeId| map[argument.index()].unwrap_or((*argument, false));
    let (arguments, carried): (Vec<NodeId>, Vec<bool>) = node.arguments.iter().map(now).unzip();
    let reduces = matches!(node.op, Op::BatchReduce(_));
    let depends = carried.contains(&true);
    let span = graph.span(id);
    let before = std::mem::replace(&mut graph.current_span, span);
    let result = if depends || reduces {
        let rule = definition(&node.op).batch;
        (rule(graph, &Batching { node, arguments, carried, size, over: Over::Examples }), !reduces)
    } else {
        (graph.intern(node.op, &arguments, node.ty), false)
    };
    graph.current_span = before;
    result
}
