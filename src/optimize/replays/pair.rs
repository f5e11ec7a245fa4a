//! A loop that stores rows and one that reads them, made one replay.

use super::memory::Memory;
use super::{Plan, inside};
use crate::ir::rewrite::{Rewriter, inline, without_inputs};
use crate::ir::{ElementType, Ends, Graph, Input, Loop, NodeId, Op, Replay, TensorType};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The two loops.
pub(super) struct Pair<'a> {
    graph: &'a Graph,
    source: NodeId,
    reader: NodeId,
    run: &'a Loop,
    back: &'a Loop,
    /// The rows, as results of the first, by the sequences of the second that they are.
    rows: BTreeMap<usize, usize>,
    /// Which states of the first determine them.
    states: Vec<usize>,
}

impl<'a> Pair<'a> {
    pub(super) fn of(graph: &'a Graph, reader: NodeId, plan: &Plan) -> Self {
        let run_of = |id: NodeId| &**graph.loop_of(id).expect("plans are made for loops");
        let (run, back) = (run_of(plan.source), run_of(reader));
        let mut rows = BTreeMap::new();
        for place in 0..back.sequences {
            let node = graph.node(graph.node(reader).arguments[back.first_sequence() + place]);
            if let Op::Result(result) = node.op
                && node.arguments[..] == [plan.source]
                && plan.results.contains(&(result as usize))
            {
                rows.insert(place, result as usize);
            }
        }
        let wanted: Vec<NodeId> = rows.values().map(|result| run.body.outputs()[*result].node).collect();
        Pair { graph, source: plan.source, reader, run, back, rows, states: determining(run, &wanted) }
    }

    /// The bytes of the states that are kept for a step.
    pub(super) fn state_bytes(&self) -> usize {
        self.states.iter().map(|state| self.run.body.inputs()[1 + state].ty.bytes()).sum()
    }

    /// Appends the replay; where no state is needed to know the rows, a plain loop. The first loop may have kept some
    /// states, which are given as rows.
    pub(super) fn append(
        &self,
        target: &mut Graph,
        outside: &Rewriter,
        memory: &Memory,
        kept: Option<&[NodeId]>,
        budget: usize,
    ) -> NodeId {
        let (forward, given) = self.forward();
        let (back, back_given) = self.back();
        let forward = inside(target, &Arc::new(forward), budget);
        let back = inside(target, &Arc::new(back), budget);
        let arguments_of = |id: NodeId| &self.graph.node(id).arguments;
        let new = |node: &NodeId| outside.get(*node).expect("arguments come before their users");
        let mut arguments = Vec::new();
        if self.back.ends == Ends::AfterCount {
            arguments.push(new(&arguments_of(self.reader)[0]));
        }
        for state in &self.states {
            let first = new(&arguments_of(self.source)[self.run.first_state() + state]);
            let shape = target.ty(first).shape.with_leading(1);
            arguments.push(kept.map_or_else(|| target.reshape(first, &shape), |kept| kept[*state]));
        }
        if self.states.is_empty() {
            arguments.extend(back_given.iter().map(new));
            return target.run_loop(back, &arguments);
        }
        arguments.extend(given.iter().chain(&back_given).map(new));
        let Memory { slots, given, period, .. } = *memory;
        target.replay(Arc::new(Replay { forward, back, slots, given, period }), &arguments)
    }

    /// The first loop with the states that are needed, and the sequences and invariants it is given.
    fn forward(&self) -> (Loop, Vec<NodeId>) {
        let (run, body) = (self.run, &*self.run.body);
        let (old, first_sequence) = (body.input_nodes(), 1 + run.states);
        let states = self.states.iter().map(|state| 1 + state);
        let places: Vec<usize> = std::iter::once(0).chain(states).chain(first_sequence..old.len()).collect();
        let mut graph = Graph::new();
        let mut rewriter = Rewriter::new(body);
        for place in &places {
            let input = &body.inputs()[*place];
            rewriter.set(old[*place], graph.input(input.name.clone(), input.ty.clone()));
        }
        let next: Vec<NodeId> = self.states.iter().map(|state| body.outputs()[*state].node).collect();
        for node in rewriter.copy_all(&mut graph, &next) {
            graph.output("state", node);
        }
        let fixed = 1 + self.states.len();
        let needed = needed_inputs(&graph, fixed);
        let given: Vec<usize> = (fixed..places.len()).filter(|at| needed[*at]).map(|at| places[at]).collect();
        let is_sequence = |place: &&usize| **place < first_sequence + run.sequences;
        let forward = Loop {
            body: Arc::new(without_inputs(&graph, &needed)),
            trips: run.trips,
            states: self.states.len(),
            sequences: given.iter().filter(is_sequence).count(),
            backward: run.backward,
            ends: self.back.ends,
        };
        let arguments = &self.graph.node(self.source).arguments;
        (forward, given.iter().map(|place| arguments[place - 1 + run.first_state()]).collect())
    }

    /// The second loop, which finds the rows from the states, and the states, sequences and invariants it is given.
    fn back(&self) -> (Loop, Vec<NodeId>) {
        let (run, back) = (self.run, self.back);
        let (first, second) = (run.body.inputs(), back.body.inputs());
        let of_run = &self.graph.node(self.source).arguments[run.first_state()..];
        let of_back = &self.graph.node(self.reader).arguments[back.first_state()..];
        let mut body = Body { graph: Graph::new(), given: Vec::new() };
        let step = body.graph.input("step", TensorType::scalar(ElementType::I64));
        let mut inner = vec![step];
        inner.extend(second[1..=back.states].iter().map(|input| body.declare(input)));
        let mut source = Rewriter::new(&run.body);
        let source_inputs = run.body.input_nodes();
        source.set(source_inputs[0], step);
        for state in &self.states {
            source.set(source_inputs[1 + state], body.declare(&first[1 + state]));
        }
        let fixed = body.graph.inputs().len();
        let kinds = [(run.sequences, run.states, back.sequences, back.states), {
            let (run_from, back_from) = (run.states + run.sequences, back.states + back.sequences);
            (run.invariants(), run_from, back.invariants(), back_from)
        }];
        let mut counts = [0, 0];
        for (kind, (of_first, first_from, of_second, second_from)) in kinds.into_iter().enumerate() {
            let before = body.given.len();
            for place in second_from..second_from + of_second {
                // Rows that are computed again have no input; they are set below.
                let is_row = kind == 0 && self.rows.contains_key(&(place - second_from));
                inner.push(if is_row { step } else { body.given(before, &second[1 + place], of_back[place]) });
            }
            for place in first_from..first_from + of_first {
                source.set(source_inputs[1 + place], body.given(before, &first[1 + place], of_run[place]));
            }
            counts[kind] = body.given.len() - before;
        }
        for (place, result) in &self.rows {
            inner[1 + back.states + place] = source.copy_all(&mut body.graph, &[run.body.outputs()[*result].node])[0];
        }
        for (output, node) in back.body.outputs().iter().zip(inline(&mut body.graph, &back.body, &inner)) {
            body.graph.output(output.name.clone(), node);
        }
        let needed = needed_inputs(&body.graph, fixed);
        let rows = needed[fixed..fixed + counts[0]].iter().filter(|needed| **needed).count();
        let given = body.given.iter().zip(&needed[fixed..]).filter(|(_, needed)| **needed).map(|((_, node), _)| *node);
        let given = of_back[..back.states].iter().copied().chain(given).collect();
        let body = Arc::new(without_inputs(&body.graph, &needed));
        (Loop { body, sequences: self.states.len() + rows, ..back.clone() }, given)
    }
}

/// A body in the making: its last inputs, and what they stand for outside.
struct Body {
    graph: Graph,
    given: Vec<(NodeId, NodeId)>,
}

impl Body {
    fn declare(&mut self, input: &Input) -> NodeId {
        self.graph.input(input.name.clone(), input.ty.clone())
    }

    /// The input that stands for a node outside: a known one of the same kind, or a new one like another.
    fn given(&mut self, kind_from: usize, like: &Input, outside: NodeId) -> NodeId {
        if let Some((known, _)) = self.given[kind_from..].iter().find(|(_, given)| *given == outside) {
            return *known;
        }
        let node = self.declare(like);
        self.given.push((node, outside));
        node
    }
}

/// The states that determine some nodes of a body, by way of other states too.
fn determining(run: &Loop, wanted: &[NodeId]) -> Vec<usize> {
    let (inputs, outputs) = (run.body.input_nodes(), run.body.output_nodes());
    let mut states = vec![false; run.states];
    loop {
        let next = (0..run.states).filter(|state| states[*state]).map(|state| outputs[state]);
        let reached = run.body.reachable_from(wanted.iter().copied().chain(next));
        match (0..run.states).find(|state| !states[*state] && reached[inputs[1 + state].index()]) {
            Some(state) => states[state] = true,
            None => return (0..run.states).filter(|state| states[*state]).collect(),
        }
    }
}

/// Which inputs the outputs need; the first ones stay in any case.
fn needed_inputs(graph: &Graph, first: usize) -> Vec<bool> {
    let needed = graph.reachable_from(graph.output_nodes());
    graph.input_nodes().iter().enumerate().map(|(place, node)| place < first || needed[node.index()]).collect()
}
