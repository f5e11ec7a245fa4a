//! Loops in stretches of neighbouring steps: some of equally many, and one of the rest.

use crate::ir::rewrite::inline;
use crate::ir::{ElementType, Graph, Loop, NodeId, Shape, TensorType};
use crate::ops::arithmetic::{ADD, MULTIPLY};
use std::sync::Arc;

/// How a loop is cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stretches {
    /// How many stretches there are but for the rest.
    pub count: usize,
    /// The steps of each of them.
    pub period: usize,
    /// The steps of the rest, which come last in the order of rows.
    pub rest: usize,
}

impl Stretches {
    /// So many steps cut at every so many; the rest has at least one.
    pub fn new(trips: usize, period: usize) -> Self {
        let count = trips.div_ceil(period) - 1;
        Stretches { count, period, rest: trips - count * period }
    }

    /// The steps before the rest.
    pub fn done(&self) -> usize {
        self.count * self.period
    }

    /// The rows of a sequence before the rest, a row for each stretch.
    pub fn rows(&self, graph: &mut Graph, sequence: NodeId) -> NodeId {
        let first = graph.slice(sequence, 0, 0, 1, self.done());
        let shape = [self.count, self.period].into_iter().chain(graph.ty(first).shape.sizes()[1..].to_vec());
        graph.reshape(first, &shape.collect())
    }

    /// The rows of a sequence in the rest.
    pub fn rest_of(&self, graph: &mut Graph, sequence: NodeId) -> NodeId {
        graph.slice(sequence, 0, self.done(), 1, self.rest)
    }

    /// The sequence whose rows come from those of the stretches and those of the rest.
    pub fn joined(&self, graph: &mut Graph, rows: NodeId, rest: NodeId) -> NodeId {
        let shape: Shape = [self.done()].into_iter().chain(graph.ty(rest).shape.sizes()[1..].to_vec()).collect();
        let rows = graph.reshape(rows, &shape);
        graph.concatenate(&[rows, rest], 0)
    }

    /// The loop over the stretches before the rest. Its results are the last states, then those that the stretches begin
    /// with, stacked.
    pub fn loop_over(&self, run: &Loop) -> Loop {
        let stretch = Arc::new(stretch(run, self.period));
        let mut body = Graph::new();
        let step = body.input("step", TensorType::scalar(ElementType::I64));
        let types = (0..run.first_invariant() + run.invariants()).filter_map(|place| stretch.argument_type(place));
        let mut given: Vec<NodeId> = types.map(|ty| body.input("argument", ty)).collect();
        given.push(self.first_step(&mut body, step));
        let node = body.run_loop(stretch, &given);
        for state in 0..run.states {
            let last = body.result(node, state);
            body.output("state", last);
        }
        given[..run.states].iter().for_each(|state| body.output("begun", *state));
        Loop { body: Arc::new(body), trips: self.count, ..run.clone() }
    }

    /// In the body of a loop over stretches: the step that the one at hand begins with.
    pub fn first_step(&self, body: &mut Graph, stretch: NodeId) -> NodeId {
        let period = body.integer(self.period as i64);
        body.pointwise(&MULTIPLY, &[stretch, period])
    }
}

/// Some neighbouring steps of a loop that does all trips. After its invariants comes the number of the first step.
pub fn stretch(run: &Loop, trips: usize) -> Loop {
    let mut body = Graph::new();
    let mut inner: Vec<NodeId> =
        run.body.inputs().iter().map(|input| body.input(input.name.clone(), input.ty.clone())).collect();
    let first = body.input("first step", TensorType::scalar(ElementType::I64));
    inner[0] = body.pointwise(&ADD, &[inner[0], first]);
    for (output, node) in run.body.outputs().iter().zip(inline(&mut body, &run.body, &inner)) {
        body.output(output.name.clone(), node);
    }
    Loop { body: Arc::new(body), trips, ..run.clone() }
}
