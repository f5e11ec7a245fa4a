//! What an evaluation costs, in elements computed.

use crate::ir::{Ends, Graph, NodeId, Op};

/// What an operation costs beside its elements.
const OPERATION: u64 = 16;
/// How many steps a loop is taken to do that may end early.
const ASSUMED_STEPS: usize = 100;

/// What computing some nodes of a graph costs, loops unrolled. A loop that may end early can cost more.
pub(super) fn work(graph: &Graph, roots: Vec<NodeId>) -> u64 {
    let needed = graph.reachable_from(roots);
    let nodes = graph.ids().filter(|id| needed[id.index()]);
    nodes.fold(1, |sum: u64, id| {
        let inside = graph.loop_of(id).map_or(0, |run| {
            let steps = if run.ends == Ends::AfterTrips { run.trips } else { run.trips.min(ASSUMED_STEPS) };
            (steps as u64).saturating_mul(work(&run.body, run.body.output_nodes()))
        });
        sum.saturating_add(cost(graph, id)).saturating_add(inside)
    })
}

/// What one node costs, the steps of loops left out.
pub(super) fn cost(graph: &Graph, id: NodeId) -> u64 {
    let node = graph.node(id);
    let elements = |id: &NodeId| graph.ty(*id).shape.count() as u64;
    let of_elements = match node.op {
        Op::Loop(_) => 0,
        Op::Contract { contract, .. } => {
            let shape = &graph.ty(node.arguments[0]).shape;
            let terms: usize = shape.sizes()[shape.rank() - contract as usize..].iter().product();
            elements(&id).saturating_mul(terms as u64)
        }
        _ => node.arguments.iter().map(elements).max().unwrap_or(0).max(elements(&id)),
    };
    of_elements.saturating_add(OPERATION)
}

/// How many elements the values of a graph have together.
pub(super) fn elements(graph: &Graph) -> usize {
    graph.ids().fold(0, |sum: usize, id| sum.saturating_add(graph.ty(id).shape.count()))
}
