//! Forward mode: tangents are pushed along the graph.

use super::loops_forward;
use crate::ir::{Graph, NodeId, Op};
use crate::ops::arithmetic::ADD;
use crate::ops::structural::{Mask, definition};
use std::collections::HashMap;

/// The tangents of `outputs` when those of `wrt` are `tangents`, as nodes appended to the graph.
///
/// The tangent of an output that does not depend on `wrt` is a constant zero. Where one node of `wrt` depends on
/// another, its tangent is the sum of both.
pub fn forward(graph: &mut Graph, outputs: &[NodeId], wrt: &[NodeId], tangents: &[NodeId]) -> Vec<NodeId> {
    forward_with(graph, outputs, wrt, tangents, Mask::None)
}

/// Like [`forward`]; the mask says how zeros among the tangents are meant. Behind [`Mask::Routed`] a zero stays zero even
/// where a partial derivative is infinite.
pub fn forward_with(
    graph: &mut Graph,
    outputs: &[NodeId],
    wrt: &[NodeId],
    tangents: &[NodeId],
    mask: Mask,
) -> Vec<NodeId> {
    let pushed = push(graph, outputs, wrt, tangents, mask);
    let tangent = |(pushed, output): (Option<NodeId>, &NodeId)| match pushed {
        Some(tangent) => tangent,
        None => graph.constant_like(*output, 0.0),
    };
    pushed.into_iter().zip(outputs).map(tangent).collect()
}

/// Like [`forward_with`]; `None` where an output does not depend on `wrt`.
pub(super) fn push(
    graph: &mut Graph,
    outputs: &[NodeId],
    wrt: &[NodeId],
    tangents: &[NodeId],
    mask: Mask,
) -> Vec<Option<NodeId>> {
    let dependent = graph.dependent_on(wrt);
    let needed = graph.reachable_from(outputs.iter().copied());
    let mut walk = Walk { pushed: vec![None; dependent.len()], loops: HashMap::new(), mask };
    for (node, tangent) in wrt.iter().zip(tangents) {
        walk.accumulate(graph, *node, *tangent);
    }
    for id in (0..dependent.len() as u32).map(NodeId) {
        if !dependent[id.index()] || !needed[id.index()] {
            continue;
        }
        let span = graph.span(id);
        let before = std::mem::replace(&mut graph.current_span, span);
        if let Some(tangent) = walk.tangent(graph, id) {
            walk.accumulate(graph, id, tangent);
        }
        graph.current_span = before;
    }
    outputs.iter().map(|output| walk.pushed[output.index()]).collect()
}

/// The state of a forward walk.
struct Walk {
    /// The tangents found.
    pushed: Vec<Option<NodeId>>,
    /// The tangents of the results of the loops found.
    loops: HashMap<NodeId, Vec<Option<NodeId>>>,
    /// How zeros among the tangents are meant.
    mask: Mask,
}

impl Walk {
    fn tangent(&mut self, graph: &mut Graph, id: NodeId) -> Option<NodeId> {
        let node = graph.node(id);
        let tangents: Vec<Option<NodeId>> =
            node.arguments.iter().map(|argument| self.pushed[argument.index()]).collect();
        match node.op {
            Op::Loop(_) => {
                let results = loops_forward::forward(graph, id, &tangents, self.mask);
                self.loops.insert(id, results);
                None
            }
            Op::Result(result) => self.loops.get(&node.arguments[0])?[result as usize],
            op => (definition(&op).forward)(graph, id, &tangents, self.mask),
        }
    }

    fn accumulate(&mut self, graph: &mut Graph, id: NodeId, tangent: NodeId) {
        let sum = match self.pushed[id.index()] {
            Some(sum) => graph.pointwise(&ADD, &[sum, tangent]),
            None => tangent,
        };
        self.pushed[id.index()] = Some(sum);
    }
}
