//! What a loop back would compute again of the loop forward is kept from it: calls, products, loops inside. Their values
//! become rows that the loop forward stores beside its states.

use super::site::Site;
use super::{all_results, replace};
use crate::ir::{Graph, Loop, NodeId, Op, PointwiseRef};
use std::collections::HashMap;
use std::sync::Arc;

/// Rows of more bytes leave the caches, and reading them costs more than most calls.
const CACHED: usize = 16 << 20;

/// How many nodes below one are looked at.
const REACH: usize = 256;

/// What one loop back finds in a loop forward.
struct Found {
    forward: NodeId,
    /// Nodes of the body of the loop back, and the same of the other body.
    nodes: Vec<(NodeId, NodeId)>,
}

/// Lets loops keep what later ones would compute again.
pub(super) fn values(graph: &mut Graph, roots: &mut [NodeId], loops: &[NodeId]) {
    let mut found: HashMap<NodeId, Found> = HashMap::new();
    let mut kept: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
    for back in loops {
        // A loop whose own body is about to change keeps nothing this time.
        let Some(each) = self::found(graph, *back).filter(|each| !found.contains_key(&each.forward)) else { continue };
        let kept = kept.entry(each.forward).or_default();
        for (_, node) in &each.nodes {
            if !kept.contains(node) {
                kept.push(*node);
            }
        }
        found.insert(*back, each);
    }
    if found.is_empty() {
        return;
    }
    let mut rows: HashMap<(NodeId, NodeId), NodeId> = HashMap::new();
    replace(graph, roots, |graph, id, mut new| {
        if let Some(each) = found.get(&id) {
            let pairs: Vec<_> =
                each.nodes.iter().map(|(inside, node)| (*inside, rows[&(each.forward, *node)])).collect();
            new = reading(graph, new, &pairs);
        }
        let results = all_results(graph, new);
        let Some(kept) = kept.get(&id) else { return results };
        keeping(graph, (id, new), kept, &mut rows)
    });
}

/// The loop with rows in place of some nodes of its body.
fn reading(graph: &mut Graph, id: NodeId, rows: &[(NodeId, NodeId)]) -> NodeId {
    let count = graph.loop_of(id).map_or(0, |run| run.steps_result());
    let wanted: Vec<usize> = (0..count).collect();
    let Some(mut site) = Site::of(graph, id, &wanted) else { return id };
    let stacked = vec![true; site.body.outputs().len() - site.states];
    site.rewrite(&site.roles(), &stacked, rows, &[]);
    site.closed(graph)
}

/// The results of a loop that also stacks some nodes of its body; the nodes of those rows are entered.
fn keeping(
    graph: &mut Graph,
    (before, id): (NodeId, NodeId),
    kept: &[NodeId],
    rows: &mut HashMap<(NodeId, NodeId), NodeId>,
) -> Vec<NodeId> {
    let Some(run) = graph.loop_of(id).cloned() else { return Vec::new() };
    let mut body = (*run.body).clone();
    for node in kept {
        body.output("kept", *node);
    }
    let arguments = graph.node(id).arguments.to_vec();
    let larger = graph.run_loop(Arc::new(Loop { body: Arc::new(body), ..(*run).clone() }), &arguments);
    for (place, node) in kept.iter().enumerate() {
        rows.insert((before, *node), graph.result(larger, run.steps_result() + place));
    }
    let places = (0..run.steps_result()).chain([run.steps_result() + kept.len()]);
    places.map(|place| graph.result(larger, place)).collect()
}

/// What a loop computes again of one whose rows it reads.
fn found(graph: &Graph, back: NodeId) -> Option<Found> {
    let run = graph.loop_of(back)?;
    let sequences = &graph.node(back).arguments[run.first_sequence()..run.first_invariant()];
    let mut sources: Vec<NodeId> = Vec::new();
    for sequence in sequences {
        let node = graph.node(*sequence);
        if matches!(node.op, Op::Result(_)) && !sources.contains(&node.arguments[0]) {
            sources.push(node.arguments[0]);
        }
    }
    let fitting = |forward: &NodeId| {
        let trips = graph.loop_of(*forward).is_some_and(|source| source.trips == run.trips);
        trips && graph.does_as_many_steps(*forward, back)
    };
    sources.into_iter().filter(fitting).find_map(|forward| {
        let source = graph.loop_of(forward)?;
        let same = matched(graph, forward, back)?;
        let stored: usize = (source.states..source.steps_result()).map(|each| source.result_type(each).bytes()).sum();
        let budget = graph.loop_budget();
        let within = |dear: fn(&Graph, NodeId) -> bool, most: usize| {
            let nodes = dearest(run, &same, dear);
            let bytes: usize = nodes.iter().map(|(node, _)| run.body.ty(*node).bytes()).sum();
            (!nodes.is_empty() && stored + run.trips * bytes <= most.min(budget)).then_some(Found { forward, nodes })
        };
        within(is_dear, CACHED).or_else(|| within(is_very_dear, budget))
    })
}

/// For nodes of the body of a loop back, the node of the loop forward that has the same value in the step of the same row.
fn matched(graph: &Graph, forward: NodeId, back: NodeId) -> Option<Vec<Option<NodeId>>> {
    let (source, run) = (graph.loop_of(forward)?, graph.loop_of(back)?);
    let (given_source, given) = (&graph.node(forward).arguments, &graph.node(back).arguments);
    let (inputs_source, inputs) = (source.body.input_nodes(), run.body.input_nodes());
    let mut same: Vec<Option<NodeId>> = vec![None; run.body.len()];
    same[inputs[0].index()] = Some(inputs_source[0]);
    let known = |node: NodeId, places: std::ops::Range<usize>| {
        let place = places.clone().find(|place| given_source[*place] == node)?;
        Some(inputs_source[1 + place - source.first_state()])
    };
    for place in run.first_sequence()..given.len() {
        let node = given[place];
        let stacked = |result: usize| graph.node(node).arguments[..] == [forward] && source.is_stacked(result);
        let there = match graph.node(node).op {
            _ if place >= run.first_invariant() => known(node, source.first_invariant()..given_source.len()),
            Op::Result(result) if stacked(result as usize) => Some(source.body.output_nodes()[result as usize]),
            _ => known(node, source.first_sequence()..source.first_invariant()),
        };
        same[inputs[1 + place - run.first_state()].index()] = there;
    }
    for id in run.body.ids().filter(|id| !matches!(run.body.node(*id).op, Op::Input(_))) {
        let arguments = run.body.node(id).arguments.iter().map(|argument| same[argument.index()]);
        if let Some(arguments) = arguments.collect::<Option<Vec<NodeId>>>() {
            same[id.index()] = source.body.find_like(&run.body, id, &arguments);
        }
    }
    Some(same)
}

/// The values to keep: dear ones that nodes which only the loop back has are made of, and what is made of further dear
/// ones and takes no more memory than they.
fn dearest(run: &Loop, same: &[Option<NodeId>], dear: fn(&Graph, NodeId) -> bool) -> Vec<(NodeId, NodeId)> {
    let body = &run.body;
    let is_same = |id: NodeId| same[id.index()].is_some() && !matches!(body.node(id).op, Op::Input(_));
    let mut kept = vec![false; body.len()];
    let border = border(body, is_same);
    border.iter().filter(|id| dear(body, **id)).for_each(|id| kept[id.index()] = true);
    for id in border {
        let below = below(body, id, |each| !is_same(each) || kept[each.index()], dear);
        let bytes: usize = below.iter().map(|each| body.ty(*each).bytes()).sum();
        if !below.is_empty() && body.ty(id).bytes() <= bytes {
            kept[id.index()] = true;
        } else {
            below.iter().for_each(|each| kept[each.index()] = true);
        }
    }
    body.ids().filter(|id| kept[id.index()]).filter_map(|id| Some((id, same[id.index()]?))).collect()
}

/// The nodes that both bodies have and that are used where the bodies differ.
fn border(body: &Graph, is_same: impl Fn(NodeId) -> bool) -> Vec<NodeId> {
    let needed = body.reachable_from(body.output_nodes());
    let mut used = vec![false; body.len()];
    body.output_nodes().iter().for_each(|output| used[output.index()] = true);
    for id in body.ids().filter(|id| needed[id.index()] && !is_same(*id)) {
        body.node(id).arguments.iter().for_each(|argument| used[argument.index()] = true);
    }
    body.ids().filter(|id| used[id.index()] && is_same(*id)).collect()
}

/// The first dear nodes below a node, itself included, that are not reached through others that end the way.
fn below(body: &Graph, id: NodeId, ends: impl Fn(NodeId) -> bool, dear: fn(&Graph, NodeId) -> bool) -> Vec<NodeId> {
    let mut asked = std::collections::BTreeSet::from([id]);
    let mut found = Vec::new();
    for _ in 0..REACH {
        let Some(each) = asked.pop_last() else { break };
        if ends(each) {
            continue;
        }
        if dear(body, each) {
            found.push(each);
        } else {
            asked.extend(&body.node(each).arguments);
        }
    }
    found
}

/// Whether computing the value again costs more than reading it, where it is near.
fn is_dear(graph: &Graph, id: NodeId) -> bool {
    let calls = |each: PointwiseRef| each.0.instruction.is_none() && graph.ty(id).element.is_real();
    is_very_dear(graph, id) || matches!(graph.node(id).op, Op::Pointwise(each) if calls(each))
}

/// Whether it does in any case.
fn is_very_dear(graph: &Graph, id: NodeId) -> bool {
    matches!(graph.node(id).op, Op::Contract { .. } | Op::LinearAlgebra(..) | Op::Result(_) | Op::Reduce(..))
}
