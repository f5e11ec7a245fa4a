//! Reverse mode: one backward walk that writes the adjoint into the same graph.

use crate::ir::{Graph, NodeId};
use crate::ops::arithmetic::ADD;
use crate::ops::structural::{Cotangent, Mask, definition};

/// The derivatives of `cotangent · output` by each node of `wrt`, as nodes appended to the graph.
///
/// Where there is no path from a node to the output, its derivative is a constant zero. Nodes of `wrt` may be any
/// nodes, placeholders and inner ones too; results are ordinary nodes and can be differentiated again.
pub fn reverse(graph: &mut Graph, output: NodeId, cotangent: NodeId, wrt: &[NodeId]) -> Vec<NodeId> {
    reverse_many(graph, &[(output, cotangent)], wrt)
}

/// Like [`reverse`], for several outputs at once: the derivatives of the sum of all `cotangent · output`.
pub fn reverse_many(graph: &mut Graph, outputs: &[(NodeId, NodeId)], wrt: &[NodeId]) -> Vec<NodeId> {
    let dependent = graph.dependent_on(wrt);
    let mut adjoints: Vec<Option<Cotangent>> = vec![None; graph.len()];
    for (output, cotangent) in outputs {
        accumulate(graph, &mut adjoints, *output, Cotangent { node: *cotangent, mask: Mask::None });
    }
    for id in (0..dependent.len() as u32).rev().map(NodeId) {
        let Some(cotangent) = adjoints[id.index()] else { continue };
        if dependent[id.index()] && graph.ty(id).element.is_real() {
            propagate(graph, &mut adjoints, &dependent, id, cotangent);
        }
    }
    wrt.iter()
        .map(|node| match adjoints[node.index()] {
            Some(adjoint) => adjoint.node,
            None => graph.constant_like(*node, 0.0),
        })
        .collect()
}

fn propagate(
    graph: &mut Graph,
    adjoints: &mut [Option<Cotangent>],
    dependent: &[bool],
    id: NodeId,
    cotangent: Cotangent,
) {
    let span = graph.span(id);
    let before = std::mem::replace(&mut graph.current_span, span);
    let rule = definition(&graph.node(id).op).reverse;
    for (place, argument) in graph.node(id).arguments.clone().into_iter().enumerate() {
        if !dependent[argument.index()] {
            continue;
        }
        if let Some(flow) = rule(graph, id, place, cotangent) {
            accumulate(graph, adjoints, argument, flow);
        }
    }
    graph.current_span = before;
}

fn accumulate(graph: &mut Graph, adjoints: &mut [Option<Cotangent>], id: NodeId, flow: Cotangent) {
    let sum = match adjoints[id.index()] {
        None => flow,
        Some(sum) => Cotangent { node: graph.pointwise(&ADD, &[sum.node, flow.node]), mask: sum.mask.max(flow.mask) },
    };
    adjoints[id.index()] = Some(sum);
}
