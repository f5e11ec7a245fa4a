//! Replays: evaluation. They come in when a graph is finished, so there is nothing to differentiate or batch.

use super::loops::{results, together};
use super::{Batching, Call, Cotangent, Dependence, Fault, Mask, Structural};
use crate::ir::{Ends, Graph, Loop, NodeId, Op, Replay, Table};
use std::sync::Arc;

/// A loop over the states of another; its value is all its results one after another.
pub static REPLAY: Structural = Structural {
    name: "replay",
    documentation: "A loop over the states of another that runs the other way, which are computed again.",
    evaluate,
    reverse: finished_reverse,
    forward: finished_forward,
    batch: finished_batch,
    dependence: |_, _| Dependence::All,
};

fn evaluate(call: &Call) -> Result<Table, Fault> {
    let Op::Replay(index) = call.node.op else { return Err(Fault::Unbound) };
    let replay = call.graph.replay_at(index);
    let (run, back, at) = (&*replay.forward, &*replay.back, replay.arguments());
    let storing = storing(replay);
    let initial: Vec<Table> = run.body.inputs()[1..=run.states]
        .iter()
        .zip(&call.arguments[at.states.clone()])
        .map(|(input, given)| Table { ty: input.ty.clone(), bits: given.bits[..input.ty.shape.count()].to_vec() })
        .collect();
    let rest = &call.arguments[at.states.end..at.invariants.end];
    let count = (back.ends == Ends::AfterCount).then_some(call.arguments[0]);
    let given: Vec<&Table> = count.into_iter().chain(&initial).chain(rest.iter().copied()).collect();
    let stored = results(&storing, &given)?;
    let stored: Vec<Table> = (run.states..storing.steps_result())
        .map(|result| Table { ty: storing.result_type(result), bits: stored[result].clone() })
        .collect();
    let states = &call.arguments[at.back_states];
    let rest = &call.arguments[at.back_sequences.start..at.back_invariants.end];
    let given: Vec<&Table> =
        count.into_iter().chain(states.iter().copied()).chain(&stored).chain(rest.iter().copied()).collect();
    together(call, results(back, &given)?)
}

/// The first loop with the states that its steps begin with as stacked outputs.
fn storing(replay: &Replay) -> Loop {
    let mut body = (*replay.forward.body).clone();
    for state in body.input_nodes().into_iter().skip(1).take(replay.forward.states) {
        body.output("stored", state);
    }
    Loop { body: Arc::new(body), ..(*replay.forward).clone() }
}

fn finished_reverse(_: &mut Graph, _: NodeId, _: usize, _: Cotangent) -> Option<Cotangent> {
    unreachable!("replays are made when all derivatives are")
}

fn finished_forward(_: &mut Graph, _: NodeId, _: &[Option<NodeId>], _: Mask) -> Option<NodeId> {
    unreachable!("replays are made when all derivatives are")
}

fn finished_batch(_: &mut Graph, _: &Batching) -> NodeId {
    unreachable!("replays are made when all batches are")
}
