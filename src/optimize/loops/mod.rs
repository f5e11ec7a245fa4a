//! Improvement of loops: their bodies are simplified, and what need not be done at each step is done outside or not
//! at all. Every loop is visited once in a pass, the loops inside it with its body.

mod hoist;
mod keep;
mod lanes;
mod layout;
mod products;
mod reads;
mod share;
mod site;
mod small;
mod sums;
mod tidy;

use super::{Stage, Task, with_arguments};
use crate::ir::{Graph, NodeId, Op};
use site::Site;
use std::collections::HashMap;

/// How often loops take each other's place: one may hang on another that does.
const SHARING_PASSES: usize = 4;

/// Improves the loops that the roots need; whether anything changed.
pub(super) fn improve(graph: &mut Graph, roots: &mut [NodeId], task: &mut Task) -> bool {
    let before = roots.to_vec();
    for _ in 0..SHARING_PASSES {
        let loops = needed_loops(graph, roots);
        if loops.is_empty() {
            return false;
        }
        let shared = share::shared(graph, &loops);
        if shared.is_empty() {
            break;
        }
        replace(graph, roots, |graph, id, new| match shared.get(&id) {
            Some((larger, places)) => places.iter().map(|place| graph.result(*larger, *place)).collect(),
            None => all_results(graph, new),
        });
    }
    if task.stage == Stage::Final {
        let loops = needed_loops(graph, roots);
        keep::values(graph, roots, &loops);
    }
    let wanted = wanted(graph, roots);
    replace(graph, roots, |graph, id, new| improved(graph, new, wanted.get(&id).map_or(&[], Vec::as_slice), task));
    *roots != *before
}

/// Lets blocks of lanes go through all steps, in loops that are as simple as they will be; whether there were such.
pub(super) fn interchange(graph: &mut Graph, roots: &mut [NodeId]) -> bool {
    let before = roots.to_vec();
    let wanted = wanted(graph, roots);
    replace(graph, roots, |graph, id, new| {
        let results = wanted.get(&id).map_or(&[][..], Vec::as_slice);
        let Some(mut site) = Site::of(graph, new, results) else { return Vec::new() };
        site.settle(graph);
        if lanes::interchange(graph, &mut site) { site.nodes(id) } else { all_results(graph, new) }
    });
    *roots != *before
}

fn needed_loops(graph: &Graph, roots: &[NodeId]) -> Vec<NodeId> {
    let needed = graph.reachable_from(roots.iter().copied());
    graph.ids().filter(|id| needed[id.index()] && matches!(graph.node(*id).op, Op::Loop(_))).collect()
}

/// The results that are asked of each loop.
fn wanted(graph: &Graph, roots: &[NodeId]) -> HashMap<NodeId, Vec<usize>> {
    let needed = graph.reachable_from(roots.iter().copied());
    let mut wanted: HashMap<NodeId, Vec<usize>> = HashMap::new();
    for id in graph.ids().filter(|id| needed[id.index()]) {
        if let Op::Result(result) = graph.node(id).op {
            wanted.entry(graph.node(id).arguments[0]).or_default().push(result as usize);
        }
    }
    wanted
}

fn all_results(graph: &mut Graph, id: NodeId) -> Vec<NodeId> {
    let count = graph.loop_of(id).map_or(0, |run| run.steps_result() + 1);
    (0..count).map(|result| graph.result(id, result)).collect()
}

/// Builds the roots again, with other nodes for the results of loops: `results` is given a loop node as it was and with
/// its new arguments.
fn replace(
    graph: &mut Graph,
    roots: &mut [NodeId],
    mut results: impl FnMut(&mut Graph, NodeId, NodeId) -> Vec<NodeId>,
) {
    let needed = graph.reachable_from(roots.iter().copied());
    let mut map: Vec<NodeId> = graph.ids().collect();
    let mut found: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
    for index in (0..needed.len()).filter(|index| needed[*index]) {
        let id = NodeId(index as u32);
        let span = graph.span(id);
        let outer_span = std::mem::replace(&mut graph.current_span, span);
        map[index] = match graph.node(id).op {
            Op::Result(result) => found[&graph.node(id).arguments[0]][result as usize],
            _ => with_arguments(graph, id, &map),
        };
        if matches!(graph.node(id).op, Op::Loop(_)) {
            let nodes = results(graph, id, map[index]);
            found.insert(id, nodes);
        }
        graph.current_span = outer_span;
    }
    for root in roots.iter_mut() {
        *root = map[root.index()];
    }
}

/// The nodes of all results of a loop; for results that are not wanted any node.
fn improved(graph: &mut Graph, id: NodeId, wanted: &[usize], task: &mut Task) -> Vec<NodeId> {
    let Some(mut site) = Site::of(graph, id, wanted) else { return Vec::new() };
    site.settle(graph);
    tidy::conditions(graph, &mut site);
    site.simplify(task, graph.loop_memory);
    tidy::constants(graph, &mut site);
    reads::rows(graph, &mut site);
    hoist::invariants(graph, &mut site);
    products::of_rows(graph, &mut site);
    if task.stage == Stage::Final {
        layout::of_factors(graph, &mut site);
    }
    let sums = if task.stage == Stage::Final { sums::take(graph, &mut site) } else { Vec::new() };
    tidy::repeated(&mut site);
    tidy::unneeded(&mut site);
    if !small::dissolve(graph, &mut site) {
        site.order(task);
        site.close(graph);
    }
    sums::settle(graph, &mut site, sums);
    site.nodes(id)
}
