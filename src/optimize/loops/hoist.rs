//! What depends on invariants only is computed once, before the loop.

use super::site::{Moved, Site};
use crate::ir::rewrite::Rewriter;
use crate::ir::{ElementType, Graph, Meaning, NodeId, Op, PointwiseRef, Reduction};

/// Replaces what depends on invariants only by new invariants. Movements of elements stay, since they cost nothing.
pub(super) fn invariants(graph: &mut Graph, site: &mut Site) {
    let fixed = fixed(site);
    let mut asked = vec![false; site.body.len()];
    for output in site.body.output_nodes() {
        asked[output.index()] = true;
    }
    let mut moved = Vec::new();
    for id in site.body.ids().rev() {
        if !asked[id.index()] {
            continue;
        }
        let node = site.body.node(id);
        let stays = matches!(
            node.op,
            Op::Broadcast(_)
                | Op::Reshape
                | Op::Transpose(_)
                | Op::Slice { .. }
                | Op::Reverse(_)
                | Op::Loop(_)
                | Op::Replay(_)
        );
        if fixed[id.index()] && !stays && !node.arguments.is_empty() {
            moved.push(id);
        } else {
            node.arguments.iter().for_each(|argument| asked[argument.index()] = true);
        }
    }
    if moved.is_empty() {
        return;
    }
    moved.reverse();
    let outside = outside(graph, site, &moved);
    let pairs = moved.into_iter().zip(outside).map(|(inside, outside)| Moved { inside, outside, order: None });
    let pairs: Vec<Moved> = pairs.collect();
    let stacked = vec![true; site.body.outputs().len() - site.states];
    site.rewrite(&site.roles(), &stacked, &[], &pairs);
}

/// Nodes of the body that depend on invariants only, as nodes outside.
pub(super) fn outside(graph: &mut Graph, site: &Site, nodes: &[NodeId]) -> Vec<NodeId> {
    let mut rewriter = Rewriter::new(&site.body);
    for (input, given) in site.body.input_nodes().into_iter().zip(&site.given).skip(1) {
        rewriter.set(input, *given);
    }
    rewriter.copy_all(graph, nodes)
}

/// Which nodes of the body depend on invariants only, and do not fail where the loop would not.
pub(super) fn fixed(site: &Site) -> Vec<bool> {
    let first_invariant = 1 + site.states + site.sequences;
    let mut fixed = vec![false; site.body.len()];
    for id in site.body.ids() {
        let node = site.body.node(id);
        fixed[id.index()] = match node.op {
            Op::Input(input) => input as usize >= first_invariant,
            _ => {
                node.arguments.iter().all(|argument| fixed[argument.index()])
                    && (site.certain() || !may_fail(&site.body, id))
            }
        };
    }
    fixed
}

fn may_fail(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    let integer = node.ty.element == ElementType::I64;
    match node.op {
        Op::Gather { .. } | Op::ScatterAdd { .. } | Op::Loop(_) | Op::Replay(_) => true,
        Op::Reduce(Reduction::Sum | Reduction::Product, _) => integer,
        Op::Pointwise(PointwiseRef(each)) => {
            integer && matches!(each.meaning, Meaning::Unary { .. } | Meaning::Binary { .. })
        }
        _ => false,
    }
}
