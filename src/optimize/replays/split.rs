//! A loop in stretches of equally many steps, to keep the states that those begin with: a loop over all stretches but the
//! last, whose body is a loop, and a loop for the last.

use super::memory::Memory;
use crate::ir::rewrite::inline;
use crate::ir::{ElementType, Ends, Graph, Loop, NodeId, Op, Shape, TensorType};
use crate::ops::arithmetic::{ADD, MULTIPLY};
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
        let (stretches, period) = (memory.given - 1, memory.period);
        let done = stretches * period;
        let (states, rest) = arguments.split_at(run.states);
        let (sequences, invariants) = rest.split_at(run.sequences);
        let mut given = states.to_vec();
        for sequence in sequences {
            let shape: Shape = [stretches, period].into_iter().chain(row(graph, *sequence)).collect();
            let first = graph.slice(*sequence, 0, 0, 1, done);
            given.push(graph.reshape(first, &shape));
        }
        given.extend(invariants);
        let outer = graph.run_loop(Arc::new(outer(run, stretches, period)), &given);
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
            given.push(graph.slice(*sequence, 0, done, 1, run.trips - done));
        }
        given.extend(invariants);
        given.push(graph.integer(done as i64));
        let last = graph.run_loop(Arc::new(stretch(run, run.trips - done)), &given);
        Split { lasts: (0..run.states).map(|state| graph.result(last, state)).collect(), kept }
    }
}

/// The sizes of a row.
fn row(graph: &Graph, sequence: NodeId) -> Vec<usize> {
    graph.ty(sequence).shape.sizes()[1..].to_vec()
}

/// Some neighbouring steps of a loop: its invariants, then the number of the first.
fn stretch(run: &Loop, trips: usize) -> Loop {
    let mut body = Graph::new();
    let mut inner: Vec<NodeId> =
        run.body.inputs().iter().map(|input| body.input(input.name.clone(), input.ty.clone())).collect();
    let first = body.input("first step", TensorType::scalar(ElementType::I64));
    inner[0] = body.pointwise(&ADD, &[inner[0], first]);
    let outputs = inline(&mut body, &run.body, &inner);
    outputs[..run.states].iter().for_each(|node| body.output("state", *node));
    Loop { body: Arc::new(body), trips, ..run.clone() }
}

/// The loop over stretches; what each begins with is stacked.
fn outer(run: &Loop, stretches: usize, period: usize) -> Loop {
    let stretch = Arc::new(stretch(run, period));
    let mut body = Graph::new();
    let step = body.input("step", TensorType::scalar(ElementType::I64));
    let types = (0..run.first_invariant() + run.invariants()).filter_map(|place| stretch.argument_type(place));
    let mut given: Vec<NodeId> = types.map(|ty| body.input("argument", ty)).collect();
    let length = body.integer(period as i64);
    given.push(body.pointwise(&MULTIPLY, &[step, length]));
    let node = body.run_loop(stretch, &given);
    for state in 0..run.states {
        let last = body.result(node, state);
        body.output("state", last);
    }
    given[..run.states].iter().for_each(|state| body.output("begun", *state));
    Loop { body: Arc::new(body), trips: stretches, ..run.clone() }
}
