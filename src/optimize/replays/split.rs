//! A loop in stretches of equally many steps, to keep the states that those begin with: a loop over all stretches but the
//! last, whose body is a loop, and a loop for the last.

use super::memory::Memory;
use crate::ir::{Ends, Graph, Loop, NodeId, Op};
use crate::ops::structural::stretches::{Stretches, stretch};
use std::sync::Arc;

/// A loop that was split.
pub(super) struct Split {
    /// Its last states.
    pub(super) lasts: Vec<NodeId>,
    /// The states that the stretches begin with, a row each.
    pub(super) kept: Vec<NodeId>,
}

/// Whether a loop can be split: it does all trips, forward, and of its rows only those that are computed again are read.
pub(super) fn can_split(graph: &Graph, source: NodeId, users: &[Vec<NodeId>], replayed: &[usize]) -> bool {
    let Some(run) = graph.loop_of(source) else { return false };
    let known = |user: &NodeId| match graph.node(*user).op {
        Op::Result(result) => (result as usize) < run.states || replayed.contains(&(result as usize)),
        _ => false,
    };
    let few = u32::try_from(run.trips).is_ok();
    run.ends == Ends::AfterTrips && !run.backward && run.states > 0 && few && users[source.index()].iter().all(known)
}

impl Split {
    /// Appends a loop in stretches.
    pub(super) fn append(graph: &mut Graph, run: &Loop, arguments: &[NodeId], memory: &Memory) -> Self {
        let run = &without_rows(run);
        let stretches = Stretches::new(memory.trips, memory.period);
        let (states, rest) = arguments.split_at(run.states);
        let (sequences, invariants) = rest.split_at(run.sequences);
        let mut given = states.to_vec();
        for sequence in sequences {
            given.push(stretches.rows(graph, *sequence));
        }
        given.extend(invariants);
        let outer = graph.run_loop(Arc::new(stretches.loop_over(run)), &given);
        let reached: Vec<NodeId> = (0..run.states).map(|state| graph.result(outer, state)).collect();
        let kept = (0..run.states).map(|state| {
            let begun = graph.result(outer, run.states + state);
            let shape = graph.ty(reached[state]).shape.with_leading(1);
            let last = graph.reshape(reached[state], &shape);
            graph.concatenate(&[begun, last], 0)
        });
        let kept = kept.collect();
        let mut given = reached;
        for sequence in sequences {
            given.push(stretches.rest_of(graph, *sequence));
        }
        given.extend(invariants);
        given.push(graph.integer(stretches.done() as i64));
        let last = graph.run_loop(Arc::new(stretch(run, stretches.rest)), &given);
        Split { lasts: (0..run.states).map(|state| graph.result(last, state)).collect(), kept }
    }
}

fn without_rows(run: &Loop) -> Loop {
    let mut body = (*run.body).clone();
    body.clear_outputs();
    for output in &run.body.outputs()[..run.states] {
        body.output(output.name.clone(), output.node);
    }
    Loop { body: Arc::new(body), ..run.clone() }
}
