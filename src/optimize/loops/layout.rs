//! A matrix that is the right factor of a product in every step lies as products read it fastest, columns side by side: it
//! is turned once, before the loop.

use super::hoist::{fixed, outside};
use super::products::multiplications;
use super::site::{Moved, Site};
use crate::ir::{Axes, Graph, NodeId, Op};

/// Smaller products read their factors in any order.
const FEW: usize = 1024;

/// Turns the right factors that depend on invariants only.
pub(super) fn of_factors(graph: &mut Graph, site: &mut Site) {
    let fixed = fixed(site);
    let needed = site.body.reachable_from(site.body.output_nodes());
    let mut turned: Vec<(NodeId, Axes)> = Vec::new();
    for id in site.body.ids().filter(|id| needed[id.index()] && multiplications(&site.body, *id) >= FEW) {
        let Op::Contract { batch, contract } = site.body.node(id).op else { continue };
        let [left, right] = site.body.node(id).arguments[..] else { continue };
        let order = columns_last(site.body.ty(right).shape.rank(), batch.into(), contract.into());
        let is_new = turned.iter().all(|(each, _)| *each != right);
        if is_new && fixed[right.index()] && !fixed[left.index()] && !is_turned(&site.body, right, order) {
            turned.push((right, order));
        }
    }
    if turned.is_empty() {
        return;
    }
    let nodes: Vec<NodeId> = turned.iter().map(|(node, _)| *node).collect();
    let outside = outside(graph, site, &nodes);
    let moved = turned.into_iter().zip(outside).map(|((inside, order), outside)| {
        let turned = graph.transpose(outside, inverse(order));
        Moved { inside, outside: turned, order: Some(order) }
    });
    let moved: Vec<Moved> = moved.collect();
    let stacked = vec![true; site.body.outputs().len() - site.states];
    site.rewrite(&site.roles(), &stacked, &[], &moved);
}

/// The axes of a right factor, if the terms come before the columns in memory.
fn columns_last(rank: usize, batch: usize, contract: usize) -> Axes {
    let columns = rank - batch - contract;
    let terms = batch..batch + contract;
    Axes::new((0..batch).chain(terms.end..terms.end + columns).chain(terms))
}

/// The transpose that undoes one.
fn inverse(order: Axes) -> Axes {
    Axes::new((0..order.len()).map(|axis| order.position(axis).unwrap_or(axis)))
}

/// Whether a node already is an input in this order of axes, or one that the order does not change.
fn is_turned(body: &Graph, id: NodeId, order: Axes) -> bool {
    let node = body.node(id);
    let is_input = |id: NodeId| matches!(body.node(id).op, Op::Input(_));
    order.iter().is_sorted() || matches!(node.op, Op::Transpose(axes) if axes == order && is_input(node.arguments[0]))
}
