//! Reverse mode: one backward walk that writes the adjoint into the same graph.

use super::loops;
use crate::ir::{Graph, NodeId, Op};
use crate::ops::arithmetic::ADD;
use crate::ops::structural::{Cotangent, Mask, definition};
use std::collections::HashMap;

/// The derivatives of `cotangent · output` by each node of `wrt`, as nodes appended to the graph.
///
/// Where there is no path from a node to the output, its derivative is a constant zero. Nodes of `wrt` may be any
/// nodes, placeholders and inner ones too; results are ordinary nodes and can be differentiated again.
pub fn reverse(graph: &mut Graph, output: NodeId, cotangent: NodeId, wrt: &[NodeId]) -> Vec<NodeId> {
    reverse_many(graph, &[(output, cotangent)], wrt)
}

/// Like [`reverse`], for several outputs at once: the derivatives of the sum of all `cotangent · output`.
pub fn reverse_many(graph: &mut Graph, outputs: &[(NodeId, NodeId)], wrt: &[NodeId]) -> Vec<NodeId> {
    reverse_with(graph, outputs, wrt, Mask::None)
}

/// Like [`reverse_many`]; the mask says how zeros among the cotangents are meant.
pub fn reverse_with(graph: &mut Graph, outputs: &[(NodeId, NodeId)], wrt: &[NodeId], mask: Mask) -> Vec<NodeId> {
    let seeds: Vec<(NodeId, Cotangent)> =
        outputs.iter().map(|(output, node)| (*output, Cotangent { node: *node, mask })).collect();
    let pulled = pull(graph, &seeds, wrt);
    let derivative = |(adjoint, node): (&Option<Cotangent>, &NodeId)| match adjoint {
        Some(adjoint) => adjoint.node,
        None => graph.constant_like(*node, 0.0),
    };
    pulled.iter().zip(wrt).map(derivative).collect()
}

/// Like [`reverse_many`], for cotangents with the care they need; `None` where there is no path.
pub(super) fn pull(graph: &mut Graph, seeds: &[(NodeId, Cotangent)], wrt: &[NodeId]) -> Vec<Option<Cotangent>> {
    let mut walk =
        Walk { dependent: graph.dependent_on(wrt), adjoints: vec![None; graph.len()], loops: HashMap::new() };
    for (output, cotangent) in seeds {
        walk.accumulate(graph, *output, *cotangent);
    }
    for id in (0..walk.dependent.len() as u32).rev().map(NodeId) {
        if !walk.dependent[id.index()] {
            continue;
        }
        let span = graph.span(id);
        let before = std::mem::replace(&mut graph.current_span, span);
        walk.propagate(graph, id);
        graph.current_span = before;
    }
    wrt.iter().map(|node| walk.adjoints[node.index()]).collect()
}

/// The state of a backward walk.
struct Walk {
    /// Which nodes depend on what is differentiated by.
    dependent: Vec<bool>,
    /// What has been found of each node's cotangent; complete once all its users are visited.
    adjoints: Vec<Option<Cotangent>>,
    /// The cotangents of the results of loops that are still to be visited.
    loops: HashMap<NodeId, Vec<(usize, Cotangent)>>,
}

impl Walk {
    fn propagate(&mut self, graph: &mut Graph, id: NodeId) {
        if let Some(seeds) = self.loops.remove(&id) {
            for (argument, flow) in loops::reverse(graph, id, &seeds, &self.dependent) {
                self.accumulate(graph, argument, flow);
            }
            return;
        }
        let Some(cotangent) = self.adjoints[id.index()] else { return };
        let node = graph.node(id).clone();
        if !node.ty.element.is_real() {
            return;
        }
        if let Op::Result(result) = node.op {
            self.loops.entry(node.arguments[0]).or_default().push((result as usize, cotangent));
            return;
        }
        let rule = definition(&node.op).reverse;
        for (place, argument) in node.arguments.into_iter().enumerate() {
            if self.dependent[argument.index()]
                && let Some(flow) = rule(graph, id, place, cotangent)
            {
                self.accumulate(graph, argument, flow);
            }
        }
    }

    fn accumulate(&mut self, graph: &mut Graph, id: NodeId, flow: Cotangent) {
        let sum = match self.adjoints[id.index()] {
            None => flow,
            Some(sum) => {
                Cotangent { node: graph.pointwise(&ADD, &[sum.node, flow.node]), mask: sum.mask.max(flow.mask) }
            }
        };
        self.adjoints[id.index()] = Some(sum);
    }
}
