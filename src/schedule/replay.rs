//! Replays: the programs that do neighbouring steps of the two loops, and the kernel that calls them.
//!
//! Each program is a schedule of one counted loop, whose sequences and stacked outputs are inputs and outputs of the program:
//! where their rows begin is for the caller to say, and how many there are has no part in the program's memory.

use super::build::{Builder, schedule_part};
use super::group::Group;
use super::{Body, BufferId, LoopState, Schedule, View};
use crate::ir::{ElementType, Ends, Graph, Loop, NodeId, TensorType};
use crate::runtime::replay::ReplayDescriptor;
use std::sync::Arc;

/// A loop over the states of another, which are computed again in the order of `runtime::revolve`.
#[derive(Clone, Debug)]
pub struct ReplayKernel {
    /// The sizes.
    pub descriptor: ReplayDescriptor,
    /// Steps of the first loop, for its states; among [`Schedule::bodies`], like the others.
    pub advance: usize,
    /// Steps of the first loop, for the states after each.
    pub record: usize,
    /// Steps of the second loop.
    pub back: usize,
    /// The element that says how many steps to do.
    pub count: Option<View>,
    /// The given states of the first loop, as rows.
    pub states: Vec<View>,
    /// The slots of each.
    pub kept: Vec<BufferId>,
    /// The sequences of the first loop.
    pub sequences: Vec<View>,
    /// Its invariants.
    pub invariants: Vec<View>,
    /// The states of the second loop.
    pub back_states: Vec<LoopState>,
    /// Its sequences but for the states of the first.
    pub back_sequences: Vec<View>,
    /// Its invariants.
    pub back_invariants: Vec<View>,
    /// Where the rows of its stacked outputs go.
    pub stacked: Vec<BufferId>,
    /// Where the number of steps goes.
    pub steps: Option<BufferId>,
    /// A word for each slot.
    pub positions: BufferId,
    /// What the driver is told.
    pub table: BufferId,
    /// What the programs are told.
    pub pointers: BufferId,
    /// The workspace of the programs.
    pub workspace: BufferId,
}

impl ReplayKernel {
    /// The programs it calls.
    pub fn bodies(&self) -> [usize; 3] {
        [self.advance, self.record, self.back]
    }

    /// All that it reads.
    pub fn views(&self) -> impl Iterator<Item = &View> {
        let first = self.count.iter().chain(&self.states).chain(&self.sequences).chain(&self.invariants);
        let states = self.back_states.iter().map(|state| &state.first);
        first.chain(states).chain(&self.back_sequences).chain(&self.back_invariants)
    }

    /// Calls back with every buffer that the kernel touches, and whether it writes it.
    pub fn each_access(&self, visit: &mut dyn FnMut(BufferId, bool)) {
        self.views().for_each(|view| visit(view.buffer, false));
        let states = self.back_states.iter().flat_map(|state| [&state.last, &state.other]);
        let rest = [&self.positions, &self.table, &self.pointers, &self.workspace];
        let written = self.kept.iter().chain(states).chain(&self.stacked).chain(&self.steps).chain(rest);
        written.for_each(|buffer| visit(*buffer, true));
    }
}

/// What a program gives.
enum Gives {
    /// The last states, then the stacked outputs.
    All,
    /// The states after each step, stacked.
    EachState,
}

/// A program for neighbouring steps of a loop: its inputs are the first of its rows, the number of steps, the states, the
/// sequences and the invariants. Sequences and stacked outputs begin with the rows at hand.
fn part(run: &Loop, gives: Gives) -> Schedule {
    let mut body = (*run.body).clone();
    if let Gives::EachState = gives {
        let next = run.body.output_nodes();
        body.clear_outputs();
        next[..run.states].iter().for_each(|node| body.output("state", *node));
        next[..run.states].iter().for_each(|node| body.output("each state", *node));
    }
    let counted = Loop { body: Arc::new(body), ends: Ends::AfterCount, ..run.clone() };
    let mut graph = Graph::new();
    let first = graph.input("first row", TensorType::scalar(ElementType::I64));
    let types = (0..).map_while(|place| counted.argument_type(place));
    let arguments: Vec<NodeId> = types.map(|ty| graph.input("argument", ty)).collect();
    let counted = Arc::new(counted);
    let node = graph.run_loop(counted.clone(), &arguments);
    let results = match gives {
        Gives::All => 0..counted.steps_result(),
        Gives::EachState => counted.states..counted.steps_result(),
    };
    for result in results {
        let result = graph.result(node, result);
        graph.output("result", result);
    }
    schedule_part(&graph, Some(first))
}

impl Builder<'_> {
    /// A replay node with its results.
    pub fn replay(&mut self, id: NodeId, group: &Group) {
        let graph = self.graph;
        let Some(replay) = graph.replay_of(id) else { return };
        let (forward, back) = (&*replay.forward, &*replay.back);
        let (results, arguments, at) = (self.results(group), &graph.node(id).arguments, replay.arguments());
        let wanted = |result: usize| results.contains_key(&result);
        let back = Loop { body: Arc::new(super::loops::pruned(back, wanted)), ..back.clone() };
        let stacked: Vec<usize> = (back.states..replay.back.steps_result()).filter(|result| wanted(*result)).collect();
        let programs = [part(forward, Gives::All), part(forward, Gives::EachState), part(&back, Gives::All)];
        let row = |result: usize| replay.back.body.ty(replay.back.body.outputs()[result].node).bytes();
        let bytes = |run: &Loop, from: usize, count: usize| -> Vec<usize> {
            run.body.inputs()[from..from + count].iter().map(|input| input.ty.bytes()).collect()
        };
        let descriptor = ReplayDescriptor {
            trips: back.trips,
            slots: replay.slots.max(1),
            given: replay.given,
            period: replay.period,
            backward: forward.backward,
            kept: bytes(forward, 1, forward.states),
            sequences: bytes(forward, 1 + forward.states, forward.sequences),
            invariants: forward.invariants(),
            back_states: bytes(&back, 1, back.states),
            back_sequences: bytes(&back, 1 + back.states + forward.states, at.back_sequences.len()),
            back_invariants: back.invariants(),
            back_stacked: stacked.iter().map(|result| row(*result)).collect(),
        };
        let (table, pointers) = (descriptor.table_words(), descriptor.pointer_words());
        let kept = forward.body.inputs()[1..=forward.states].iter();
        let kept = kept
            .map(|input| self.memory.temporary(input.ty.element, descriptor.slots * input.ty.shape.count()))
            .collect();
        let back_states = (0..back.states)
            .map(|place| self.state(id, arguments[at.back_states.start + place], results.get(&place).copied(), false))
            .collect();
        let mut ordered = |range: std::ops::Range<usize>| -> Vec<View> {
            arguments[range].iter().map(|node| self.ordered(id, *node, 0, false)).collect()
        };
        let kernel = ReplayKernel {
            states: ordered(at.states),
            sequences: ordered(at.sequences),
            invariants: ordered(at.invariants),
            back_sequences: ordered(at.back_sequences),
            back_invariants: ordered(at.back_invariants),
            count: (back.ends == Ends::AfterCount).then(|| self.view(arguments[0])),
            kept,
            back_states,
            stacked: stacked.iter().map(|result| self.memory.of(graph, results[result])).collect(),
            steps: results.get(&replay.back.steps_result()).map(|result| self.memory.of(graph, *result)),
            positions: self.memory.temporary(ElementType::I64, descriptor.slots),
            table: self.memory.temporary(ElementType::I64, table),
            pointers: self.memory.temporary(ElementType::I64, pointers),
            workspace: self.memory.scratch(programs.iter().map(|program| program.workspace_bytes).max().unwrap_or(0)),
            advance: self.bodies.len(),
            record: self.bodies.len() + 1,
            back: self.bodies.len() + 2,
            descriptor,
        };
        self.limits.push((id, back.trips));
        programs.into_iter().for_each(|program| self.enter_body(program));
        self.push(id, Body::Replay(Box::new(kernel)));
    }
}
