//! Products of rows are one product for all steps, before the loop: of `x[t] @ W` for each row the rows of `x @ W`.

use super::site::Site;
use crate::ir::rewrite::Rewriter;
use crate::ir::{Graph, NodeId, Op};
use crate::ops::structural::batch::batch;

/// Products of fewer multiplications stay in the loop, where their factors are in registers.
const FEW: usize = 1024;

/// Replaces products that depend on rows of sequences, and not on states, by rows of a new sequence.
pub(super) fn of_rows(graph: &mut Graph, site: &mut Site) {
    let budget = graph.loop_budget();
    if !site.certain() || !reads_stored_rows(graph, site) {
        return;
    }
    let rows = of_rows_only(site);
    // With each product stand its factors, for all rows.
    let mut taken = 0usize;
    let mut fits = |id: &NodeId| {
        if !rows[id.index()] || multiplications(&site.body, *id) < FEW {
            return false;
        }
        let nodes = std::iter::once(id).chain(&site.body.node(*id).arguments);
        let bytes: usize = nodes.filter(|node| rows[node.index()]).map(|node| site.body.ty(*node).bytes()).sum();
        let together = taken.saturating_add(site.trips.saturating_mul(bytes));
        let fits = together <= budget;
        taken = if fits { together } else { taken };
        fits
    };
    let needed = site.body.reachable_from(site.body.output_nodes());
    let products: Vec<NodeId> = site.body.ids().filter(|id| needed[id.index()]).filter(&mut fits).collect();
    if products.is_empty() {
        return;
    }
    let outside = for_all_rows(graph, site, &products);
    let pairs: Vec<(NodeId, NodeId)> = products.into_iter().zip(outside).collect();
    let stacked = vec![true; site.body.outputs().len() - site.states];
    site.rewrite(&site.roles(), &stacked, &pairs, &[]);
}

/// Whether all rows that the loop reads of other loops are stored in any case: where they take more than the budget, they
/// are to be computed again step by step, and nothing but loops may read them.
pub(super) fn reads_stored_rows(graph: &Graph, site: &Site) -> bool {
    let budget = graph.loop_budget();
    let sequences = &site.given[1 + site.states..1 + site.states + site.sequences];
    sequences.iter().filter_map(|sequence| source_of_rows(graph, *sequence)).all(|source| {
        let Some(run) = graph.loop_of(source) else { return true };
        let stored = (run.states..run.steps_result()).map(|result| run.result_type(result).bytes());
        stored.fold(0, usize::saturating_add) <= budget
    })
}

/// The loop whose rows these are, in any order.
fn source_of_rows(graph: &Graph, mut id: NodeId) -> Option<NodeId> {
    loop {
        let node = graph.node(id);
        match (&node.op, &node.arguments[..]) {
            (Op::Result(_), [source]) => return Some(*source),
            (_, [argument]) => id = *argument,
            _ => return None,
        }
    }
}

/// The multiplications of a product.
pub(super) fn multiplications(body: &Graph, id: NodeId) -> usize {
    let node = body.node(id);
    let Op::Contract { contract, .. } = node.op else { return 0 };
    let sizes = body.ty(node.arguments[0]).shape.sizes();
    node.ty.shape.count() * sizes[sizes.len() - usize::from(contract)..].iter().product::<usize>()
}

/// Which nodes of the body depend on a row of a sequence, and else on invariants only.
pub(super) fn of_rows_only(site: &Site) -> Vec<bool> {
    let (first_sequence, first_invariant) = (1 + site.states, 1 + site.states + site.sequences);
    // With each node whether it is known before the loop, and whether a row is part of it.
    let mut known = vec![(true, false); site.body.len()];
    for id in site.body.ids() {
        let node = site.body.node(id);
        known[id.index()] = match node.op {
            Op::Input(input) => {
                (input as usize >= first_sequence, (first_sequence..first_invariant).contains(&(input as usize)))
            }
            Op::Loop(_) | Op::Replay(_) | Op::Custom(_) => (false, false),
            _ => node.arguments.iter().fold((true, false), |(all, any), argument| {
                let (known, row) = known[argument.index()];
                (all && known, any || row)
            }),
        };
    }
    known.into_iter().map(|(known, row)| known && row).collect()
}

/// Nodes of the body for all rows at once, as nodes outside.
pub(super) fn for_all_rows(graph: &mut Graph, site: &Site, nodes: &[NodeId]) -> Vec<NodeId> {
    let inputs = site.body.input_nodes();
    let (first_sequence, first_invariant) = (1 + site.states, 1 + site.states + site.sequences);
    let row = |input: usize| site.body.ty(inputs[input]).clone();
    let variables: Vec<NodeId> = (first_sequence..first_invariant).map(|input| graph.placeholder(row(input))).collect();
    let mut rewriter = Rewriter::new(&site.body);
    for (input, variable) in inputs[first_sequence..].iter().zip(&variables) {
        rewriter.set(*input, *variable);
    }
    for (input, given) in inputs.iter().zip(&site.given).skip(first_invariant) {
        rewriter.set(*input, *given);
    }
    let roots = rewriter.copy_all(graph, nodes);
    let sequences = &site.given[first_sequence..first_invariant];
    batch(graph, &roots, &variables, sequences, site.trips).into_iter().map(|(node, _)| node).collect()
}
