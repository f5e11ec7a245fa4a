//! Values with a derivative of their own: evaluation and batching. Differentiation is the work of `autodiff`, which goes
//! through the body.

use super::loops::{no_forward, no_reverse};
use super::loops_batch::batched_graph;
use super::{Batching, Call, Dependence, Fault, Structural};
use crate::ir::{Custom, CustomRule, Graph, NodeId, Op, Table};
use std::sync::Arc;

/// The first argument with a derivative of its own.
pub static CUSTOM: Structural = Structural {
    name: "custom",
    documentation: "Its first argument, with the derivative of a root or one that a pullback says.",
    evaluate,
    reverse: no_reverse,
    forward: no_forward,
    batch,
    dependence: |_, _| Dependence::All,
};

fn evaluate(call: &Call) -> Result<Table, Fault> {
    Ok(call.arguments[0].clone())
}

/// The value and the targets are given to every example, so that what comes back to a shared target is summed by the
/// derivative of that repetition.
fn batch(graph: &mut Graph, batching: &Batching) -> NodeId {
    let Op::Custom(index) = batching.node.op else { return batching.arguments[0] };
    let custom = graph.custom_at(index).clone();
    let first = custom.first_invariant();
    let mut arguments: Vec<NodeId> = (0..first).map(|at| batching.carry(graph, at)).collect();
    arguments.extend(&batching.arguments[first..]);
    let mut carried = vec![true; custom.first_invariant_input()];
    carried.extend(&batching.carried[first..]);
    let (rule, outputs) = match custom.rule {
        CustomRule::Root => (CustomRule::Root, 2),
        CustomRule::Pullback { targets, batch } => (CustomRule::Pullback { targets, batch: batch + 1 }, targets),
    };
    let body = batched_graph(&custom.body, &carried, &vec![true; outputs], batching.size);
    graph.custom(Arc::new(Custom { rule, body: Arc::new(body) }), &arguments)
}
