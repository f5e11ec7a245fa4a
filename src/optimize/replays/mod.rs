//! Bounded memory for the derivatives of loops. A loop that runs back needs the states of the loop that ran forward, which
//! stores them. Where that takes more than the budget, the loop back becomes a replay: some states are kept, the others
//! computed again.
//!
//! This comes last, so no other pass needs to know of it: what is stored is found as rows of one loop that only loops in
//! the opposite order read. Rows that are read in another way too stay stored.

mod memory;
mod pair;
mod split;

use crate::ir::rewrite::{Rewriter, copy_node, without_dead_code};
use crate::ir::{Graph, Loop, NodeId, Op};
use memory::{Memory, size};
use pair::Pair;
use split::Split;
use std::collections::HashMap;
use std::sync::Arc;

/// The graph with replays where loops would store more than the budget, inside loops too.
pub(super) fn within_budget(graph: Graph) -> Graph {
    let budget = graph.loop_budget();
    if has_loops(&graph) { rebuilt_on(graph.successor(), &graph, budget) } else { graph }
}

fn has_loops(graph: &Graph) -> bool {
    graph.ids().any(|id| graph.loop_of(id).is_some())
}

/// The graph again, on one that may have a place for the loops of which none is known.
fn rebuilt_on(mut target: Graph, graph: &Graph, budget: usize) -> Graph {
    let plans = plans(graph, budget, &mut target);
    let mut splits: HashMap<NodeId, Split> = HashMap::new();
    let mut rewriter = Rewriter::new(graph);
    for (input, node) in graph.inputs().iter().zip(graph.input_nodes()) {
        rewriter.set(node, target.input(input.name.clone(), input.ty.clone()));
    }
    let needed = graph.reachable_from(graph.output_nodes());
    for id in graph.ids().filter(|id| needed[id.index()]) {
        if rewriter.get(id).is_some() {
            continue;
        }
        let span = graph.span(id).or(target.current_span);
        let before = std::mem::replace(&mut target.current_span, span);
        let arguments = rewriter.arguments(id);
        let new = match (graph.node(id).op, graph.loop_of(id)) {
            (_, Some(run)) => {
                let reader = plans.values().find(|plan| plan.source == id && plan.memory.given > 1);
                if let Some(plan) = plans.get(&id) {
                    let kept = splits.get(&plan.source).map(|split| split.kept.as_slice());
                    Pair::of(graph, id, plan).append(&mut target, &rewriter, &plan.memory, kept, budget)
                } else if let Some(plan) = reader {
                    let run = inside(&mut target, run, budget);
                    let split = Split::append(&mut target, &run, &arguments, &plan.memory);
                    let node = split.lasts[0];
                    splits.insert(id, split);
                    node
                } else {
                    let run = inside(&mut target, run, budget);
                    target.run_loop(run, &arguments)
                }
            }
            (Op::Result(result), _) => match splits.get(&graph.node(id).arguments[0]) {
                Some(split) => *split.lasts.get(result as usize).unwrap_or(&arguments[0]),
                None => target.result(arguments[0], result as usize),
            },
            _ => copy_node(&mut target, graph, id, &arguments),
        };
        target.current_span = before;
        rewriter.set(id, new);
    }
    rewriter.copy_outputs(&mut target);
    if plans.is_empty() { target } else { without_dead_code(&target) }
}

/// The loop with replays in its body.
fn inside(target: &mut Graph, run: &Arc<Loop>, budget: usize) -> Arc<Loop> {
    if !has_loops(&run.body) {
        return run.clone();
    }
    let mut body = run.body.successor();
    body.current_span = target.current_span;
    let body = rebuilt_on(body, &run.body, budget);
    target.take_remarks(&body);
    Arc::new(Loop { body: Arc::new(body), ..(**run).clone() })
}

/// What is decided for a loop back: whose rows it sees computed again, and which states are kept meanwhile.
struct Plan {
    source: NodeId,
    results: Vec<usize>,
    memory: Memory,
}

/// The loops that become replays. What is decided for each loop that stores rows is remarked.
fn plans(graph: &Graph, budget: usize, target: &mut Graph) -> HashMap<NodeId, Plan> {
    let mut plans: HashMap<NodeId, Plan> = HashMap::new();
    let users = users(graph);
    for source in graph.ids() {
        let Some(run) = graph.loop_of(source) else { continue };
        if run.trips < 2 {
            continue;
        }
        let stored = Stored::of(graph, source, &users, &plans);
        let span = graph.span(source).or(target.current_span);
        let before = std::mem::replace(&mut target.current_span, span);
        let bytes = |results: &[usize]| results.iter().map(|result| run.result_type(*result).bytes()).sum::<usize>();
        let replayable = if plans.contains_key(&source) { 0 } else { bytes(&stored.results) };
        let shared = bytes(&stored.shared);
        if replayable == 0 || replayable + shared <= budget {
            remark_stored(target, run.trips, bytes(&stored.results) + shared, budget);
        } else {
            remark_stored(target, run.trips, shared, budget);
            let splits = stored.readers.len() == 1 && split::can_split(graph, source, &users, &stored.results);
            for reader in &stored.readers {
                let mut plan = Plan { source, results: stored.results.clone(), memory: Memory::all(run.trips) };
                let bytes = Pair::of(graph, *reader, &plan).state_bytes();
                plan.memory = Memory::within(run.trips, bytes, budget, splits);
                if let Some(text) = plan.memory.text(bytes) {
                    target.remark(text);
                }
                plans.insert(*reader, plan);
            }
        }
        target.current_span = before;
    }
    plans
}

/// Who reads each node; outputs count as their own.
fn users(graph: &Graph) -> Vec<Vec<NodeId>> {
    let mut users = vec![Vec::new(); graph.len()];
    let needed = graph.reachable_from(graph.output_nodes());
    for id in graph.ids().filter(|id| needed[id.index()]) {
        for argument in &graph.node(id).arguments {
            users[argument.index()].push(id);
        }
    }
    for output in graph.output_nodes() {
        users[output.index()].push(output);
    }
    users
}

/// The rows that a loop stores and loops in the opposite order read.
#[derive(Default)]
struct Stored {
    /// Those that only loops read which read no other loop's.
    results: Vec<usize>,
    /// The loops that read them.
    readers: Vec<NodeId>,
    /// The others.
    shared: Vec<usize>,
}

impl Stored {
    fn of(graph: &Graph, source: NodeId, users: &[Vec<NodeId>], plans: &HashMap<NodeId, Plan>) -> Self {
        let mut stored = Stored::default();
        for node in &users[source.index()] {
            let Op::Result(result) = graph.node(*node).op else { continue };
            let result = result as usize;
            // A last state may have as many rows, but is no row of each step.
            if !graph.loop_of(source).is_some_and(|run| run.is_stacked(result)) {
                continue;
            }
            let undone = |user: &NodeId| undoes(graph, source, *node, *user);
            let readers = &users[node.index()];
            if readers.iter().all(|user| undone(user) && !plans.contains_key(user)) {
                stored.results.push(result);
                stored.readers.extend(readers);
            } else if readers.iter().any(undone) {
                stored.shared.push(result);
            }
        }
        stored.results.sort_unstable();
        stored.readers.sort_unstable();
        stored.readers.dedup();
        stored
    }
}

/// Whether a loop goes through the steps of another in the opposite order, and sees a result of it as rows only.
fn undoes(graph: &Graph, source: NodeId, rows: NodeId, reader: NodeId) -> bool {
    let (Some(run), Some(back)) = (graph.loop_of(source), graph.loop_of(reader)) else { return false };
    let arguments = &graph.node(reader).arguments;
    let sequences = back.first_sequence()..back.first_invariant();
    let elsewhere = (0..arguments.len()).any(|place| arguments[place] == rows && !sequences.contains(&place));
    let opposite = run.trips == back.trips && run.backward != back.backward;
    opposite && !elsewhere && graph.does_as_many_steps(source, reader)
}

fn remark_stored(target: &mut Graph, trips: usize, bytes: usize, budget: usize) {
    if bytes == 0 {
        return;
    }
    let each = size(bytes / trips);
    let mut text = format!("reverse mode stores the states of all {trips} steps, {each} each: {}", size(bytes));
    if bytes > budget {
        text += &format!(", more than the {} for a loop, since not only one loop back reads them", size(budget));
    }
    target.remark(text);
}
