//! Simplification of graphs: the same values by fewer operations.
//!
//! Rules are small functions in tables, one table a file. A round walks the nodes once and applies rules to each until
//! none fits; rounds are repeated while they change something, a bounded number of times. What a rule makes of a node
//! follows from what the node computes, so a node that no rule fits is left alone in later rounds. Common subexpressions
//! need no pass: equal nodes are one node.
//!
//! How a rule keeps the value is its [`Exactness`]. Rules that are more than a rounding of always are applied under
//! `--fast-math` only, to finished graphs only: what is differentiated is the program as it is written. They are told in
//! remarks of the graph.

mod algebra;
mod borders;
mod chosen;
mod contraction;
mod dead;
mod factor;
mod factors;
mod fast;
mod fast_functions;
mod fold;
mod loops;
mod narrow;
mod order;
mod parts;
mod replays;
mod report;
mod rows;
mod rule;
mod shapes;
mod turns;

pub use rule::{Apply, Exactness, Rule, TABLES, Table, Uses, rules};

use crate::ir::verify::verify;
use crate::ir::{Graph, NodeId, Pointwise};
use report::Report;

/// What a graph will be used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// It will be differentiated: what stops derivatives stays.
    BeforeDifferentiation,
    /// It is finished.
    Final,
}

/// More rounds than any graph has needed; what is left then is correct, only not as simple.
const ROUNDS: usize = 24;
/// How often loops are improved: what the first time finds may make more of a body constant.
const LOOP_PASSES: usize = 2;
/// How often rules are applied to one node in a round.
const STEPS: usize = 8;

/// The graph with simpler outputs and without dead nodes, for execution; what loops store for their derivatives is within
/// the budget.
pub fn optimize(graph: &Graph) -> Graph {
    let mut graph = graph.clone();
    let outputs = graph.outputs().to_vec();
    let roots: Vec<NodeId> = outputs.iter().map(|output| output.node).collect();
    let simpler = simplify(&mut graph, &roots, Stage::Final);
    graph.clear_outputs();
    for (output, node) in outputs.into_iter().zip(simpler) {
        match output.updates {
            Some(input) => graph.updating_output(output.name, node, input),
            None => graph.output(output.name, node),
        }
    }
    let result = replays::within_budget(dead::without_dead_code(&graph));
    check(&result, "optimize");
    result
}

/// Simpler nodes of equal value, appended to the same graph.
pub fn simplify(graph: &mut Graph, roots: &[NodeId], stage: Stage) -> Vec<NodeId> {
    let mut task = Task { stage, fast_math: graph.fast_math, report: Report::default() };
    let mut roots = task.simplify(graph, roots);
    task.order(graph, &mut roots);
    task.report.hand_over(graph);
    roots
}

/// What is to be done to a graph and to the bodies of its loops.
struct Task {
    stage: Stage,
    fast_math: bool,
    report: Report,
}

impl Task {
    fn simplify(&mut self, graph: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
        let mut walk = Walk::new(self);
        let mut roots = roots.to_vec();
        walk.rounds(graph, &mut roots, self);
        for _ in 0..LOOP_PASSES {
            if !loops::improve(graph, &mut roots, self) {
                break;
            }
            check(graph, "loops");
            walk.rounds(graph, &mut roots, self);
        }
        if self.stage == Stage::Final && loops::interchange(graph, &mut roots) {
            check(graph, "interchange");
            walk.rounds(graph, &mut roots, self);
        }
        roots
    }

    /// Orders products of a finished graph. In the body of a loop that comes after what does not change was moved out.
    fn order(&mut self, graph: &mut Graph, roots: &mut [NodeId]) {
        if self.stage == Stage::Final && order::reorder(graph, roots, self) {
            check(graph, "order");
            Walk::new(self).rounds(graph, roots, self);
        }
    }
}

/// The rounds over one graph.
struct Walk {
    /// Rules that depend on the node alone, and rules that look at uses.
    alone: Vec<&'static Rule>,
    with_uses: Vec<&'static Rule>,
    /// The nodes that no rule of the first kind fits.
    settled: Vec<bool>,
}

impl Walk {
    fn new(task: &Task) -> Self {
        let rules = rules(task.stage, task.fast_math);
        let (alone, with_uses) = rules.partition(|rule| matches!(rule.apply, Apply::Always(_)));
        Walk { alone, with_uses, settled: Vec::new() }
    }

    fn rounds(&mut self, graph: &mut Graph, roots: &mut [NodeId], task: &mut Task) {
        for _ in 0..ROUNDS {
            let changed = self.round(graph, roots, task);
            check(graph, "simplify");
            if !changed {
                break;
            }
        }
    }

    fn round(&mut self, graph: &mut Graph, roots: &mut [NodeId], task: &mut Task) -> bool {
        let needed = graph.reachable_from(roots.iter().copied());
        let uses = Uses::among(graph, &needed, roots);
        let mut map: Vec<NodeId> = graph.ids().collect();
        self.settled.resize(graph.len(), false);
        let mut changed = false;
        for index in (0..needed.len()).filter(|index| needed[*index]) {
            let id = NodeId(index as u32);
            let span = graph.span(id);
            let before = std::mem::replace(&mut graph.current_span, span);
            let copy = with_arguments(graph, id, &map);
            let simpler = self.apply(graph, copy, &uses, task);
            graph.current_span = before;
            changed |= simpler != copy;
            map[index] = simpler;
        }
        for root in roots {
            *root = map[root.index()];
        }
        changed
    }

    fn apply(&mut self, graph: &mut Graph, mut id: NodeId, uses: &Uses, task: &mut Task) -> NodeId {
        for _ in 0..STEPS {
            match self.fitting(graph, id, uses) {
                Some((rule, simpler)) => {
                    if rule.exactness == Exactness::Fast {
                        task.report.add(graph, format!("--fast-math: {}", rule.equation));
                    }
                    id = simpler;
                }
                None => break,
            }
        }
        id
    }

    /// The first rule that fits, with what it makes.
    fn fitting(&mut self, graph: &mut Graph, id: NodeId, uses: &Uses) -> Option<(&'static Rule, NodeId)> {
        let settled = self.settled.get(id.index()).is_some_and(|settled| *settled);
        let alone: &[&'static Rule] = if settled { &[] } else { &self.alone };
        let fits = |rule: &&'static Rule| rule.simpler(graph, id, uses).map(|simpler| (*rule, simpler));
        let found = alone.iter().chain(&self.with_uses).find_map(fits);
        if found.is_none() {
            let places = self.settled.len().max(id.index() + 1);
            self.settled.resize(places, false);
            self.settled[id.index()] = true;
        }
        found
    }
}

/// A broken graph is our bug: caught here, in debug builds.
fn check(graph: &Graph, pass: &str) {
    if cfg!(debug_assertions)
        && let Err(violation) = verify(graph, pass)
    {
        panic!("{violation}");
    }
}

fn with_arguments(graph: &mut Graph, id: NodeId, map: &[NodeId]) -> NodeId {
    let node = graph.node(id);
    if node.arguments.iter().all(|argument| map[argument.index()] == *argument) {
        return id;
    }
    let node = node.clone();
    let arguments: Vec<NodeId> = node.arguments.iter().map(|argument| map[argument.index()]).collect();
    graph.intern(node.op, &arguments, node.ty)
}

/// The arguments of a node if it is this operation.
fn arguments_of<const N: usize>(graph: &Graph, id: NodeId, definition: &'static Pointwise) -> Option<[NodeId; N]> {
    let fits = graph.pointwise_of(id).is_some_and(|each| std::ptr::eq(each, definition));
    if fits { graph.node(id).arguments[..].try_into().ok() } else { None }
}
