//! Simplification of graphs: the same values by fewer operations.
//!
//! Rules are small functions in tables, one table a file. A round walks the nodes once and applies rules to each until
//! none fits; rounds are repeated while they change something, a bounded number of times. Common subexpressions need
//! no pass: equal nodes are one node.
//!
//! Rules keep every value, NaN and infinities included, up to the sign of NaN; where a rule changes rounding (sums
//! that become contractions or multiples), its documentation says so.

mod algebra;
mod contraction;
mod dead;
mod factors;
mod fold;
mod loops;
mod replays;
mod rows;
mod shapes;

use crate::ir::verify::verify;
use crate::ir::{Graph, NodeId, Pointwise};

/// What a graph will be used for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stage {
    /// It will be differentiated: what stops derivatives stays.
    BeforeDifferentiation,
    /// It is finished.
    Final,
}

/// A way to write a node differently.
pub struct Rule {
    /// What it does, as an equation.
    pub equation: &'static str,
    /// The simpler node, if the rule fits.
    pub apply: fn(&mut Graph, NodeId) -> Option<NodeId>,
}

/// More rounds than any graph has needed; what is left then is correct, only not as simple.
const ROUNDS: usize = 12;
/// How often loops are improved: what the first time finds may make more of a body constant.
const LOOP_PASSES: usize = 2;
/// How often rules are applied to one node in a round.
const STEPS: usize = 8;

/// The rules of a stage, in the order they are tried.
pub fn rules(stage: Stage) -> impl Iterator<Item = &'static Rule> {
    let last: [&[Rule]; 2] = if stage == Stage::Final { [algebra::FINAL, factors::FINAL] } else { [&[], &[]] };
    last.into_iter()
        .flatten()
        .chain(fold::RULES)
        .chain(algebra::RULES)
        .chain(shapes::RULES)
        .chain(rows::RULES)
        .chain(contraction::RULES)
}

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
    let rules: Vec<&Rule> = rules(stage).collect();
    let mut roots = roots.to_vec();
    rounds(graph, &mut roots, &rules);
    for _ in 0..LOOP_PASSES {
        if !loops::improve(graph, &mut roots, stage) {
            break;
        }
        check(graph, "loops");
        rounds(graph, &mut roots, &rules);
    }
    if stage == Stage::Final && loops::interchange(graph, &mut roots) {
        check(graph, "interchange");
        rounds(graph, &mut roots, &rules);
    }
    roots
}

fn rounds(graph: &mut Graph, roots: &mut [NodeId], rules: &[&Rule]) {
    for _ in 0..ROUNDS {
        let changed = round(graph, roots, rules);
        check(graph, "simplify");
        if !changed {
            break;
        }
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

fn round(graph: &mut Graph, roots: &mut [NodeId], rules: &[&Rule]) -> bool {
    let needed = graph.reachable_from(roots.iter().copied());
    let mut map: Vec<NodeId> = graph.ids().collect();
    let mut changed = false;
    for index in (0..needed.len()).filter(|index| needed[*index]) {
        let id = NodeId(index as u32);
        let span = graph.span(id);
        let before = std::mem::replace(&mut graph.current_span, span);
        let copy = with_arguments(graph, id, &map);
        let simpler = apply(graph, copy, rules);
        graph.current_span = before;
        changed |= simpler != copy;
        map[index] = simpler;
    }
    for root in roots {
        *root = map[root.index()];
    }
    changed
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

fn apply(graph: &mut Graph, mut id: NodeId, rules: &[&Rule]) -> NodeId {
    for _ in 0..STEPS {
        match rules.iter().find_map(|rule| (rule.apply)(graph, id)) {
            Some(simpler) if simpler != id => id = simpler,
            _ => break,
        }
    }
    id
}

/// The arguments of a node if it is this operation.
fn arguments_of<const N: usize>(graph: &Graph, id: NodeId, definition: &'static Pointwise) -> Option<[NodeId; N]> {
    let fits = graph.pointwise_of(id).is_some_and(|each| std::ptr::eq(each, definition));
    if fits { graph.node(id).arguments[..].try_into().ok() } else { None }
}
