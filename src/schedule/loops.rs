//! Loops: the schedule of the body, and the kernel that runs it once a step.

use super::build::{Builder, schedule};
use super::group::Group;
use super::inline::{in_memory, is_inline};
use super::layout::Layout;
use super::{Body, BufferId, Place, Schedule, View};
use crate::ir::{ElementType, Ends, Graph, Loop, NodeId, Op};
use std::collections::HashMap;

/// A loop over a body, which is a schedule of its own.
///
/// The body's inputs are the step, the states, one row of each sequence and the invariants; its outputs are the next
/// states and one row of each stacked output.
#[derive(Clone, Debug)]
pub struct LoopKernel {
    /// The body, among [`Schedule::bodies`].
    pub body: usize,
    /// The most steps.
    pub trips: usize,
    /// Whether the steps go from the last row to the first.
    pub backward: bool,
    /// When it ends early.
    pub ends: Ends,
    /// The element that says how many steps to do.
    pub count: Option<View>,
    /// The states.
    pub states: Vec<LoopState>,
    /// Whether it is written in line, states in registers. If not, the body is a function, and what it is given lies in
    /// row-major order without gaps.
    pub inline: bool,
    /// What each step sees one row of.
    pub sequences: Vec<View>,
    /// What every step sees the whole of.
    pub invariants: Vec<View>,
    /// Where the rows of the stacked outputs go.
    pub stacked: Vec<BufferId>,
    /// For each of them whether rows that no step writes are zero: somebody reads them.
    pub zeroed: Vec<bool>,
    /// Where the number of steps goes.
    pub steps: Option<BufferId>,
    /// Of a program that does a part of a loop: the row of the loop that its own first row is. Such a program writes no
    /// other rows than those of its steps.
    pub part: Option<View>,
    /// The step, then the tables of pointers to the body's inputs and outputs.
    pub frame: BufferId,
    /// The workspace of the body.
    pub workspace: BufferId,
}

/// A state of a loop: steps write it to `last` and `other` in turns.
#[derive(Clone, Debug)]
pub struct LoopState {
    /// Its value before the first step.
    pub first: View,
    /// Its value after the last step; scratch memory where nobody asks for it.
    pub last: BufferId,
    /// Whether somebody does.
    pub wanted: bool,
    /// Memory for every other step, or for the present state where a loop in line needs it in memory.
    pub other: BufferId,
}

impl LoopKernel {
    /// Whether there may be rows of stacked outputs that no step writes.
    pub fn leaves_rows(&self) -> bool {
        self.ends != Ends::AfterTrips && self.part.is_none()
    }

    /// Calls back with every buffer that the kernel touches, and whether it writes it.
    pub fn each_access(&self, visit: &mut dyn FnMut(BufferId, bool)) {
        let first = self.states.iter().map(|state| &state.first);
        let read = self.count.iter().chain(&self.part).chain(first).chain(&self.sequences).chain(&self.invariants);
        read.for_each(|view| visit(view.buffer, false));
        for state in &self.states {
            visit(state.last, true);
            visit(state.other, true);
        }
        let rest = self.stacked.iter().chain(&self.steps).chain([&self.frame, &self.workspace]);
        rest.for_each(|buffer| visit(*buffer, true));
    }
}

/// The body without the stacked outputs that nobody asks for.
pub(super) fn pruned(run: &Loop, wanted: impl Fn(usize) -> bool) -> Graph {
    let mut body = (*run.body).clone();
    body.clear_outputs();
    for (place, output) in run.body.outputs().iter().enumerate() {
        if place < run.states || wanted(place) {
            body.output(output.name.clone(), output.node);
        }
    }
    body
}

/// Gives the nodes that a schedule names other numbers, so that they differ from those of the program around it.
fn renumber(schedule: &mut Schedule, by: u32) {
    let renumber_node = |id: &mut NodeId| id.0 += by;
    for kernel in &mut schedule.kernels {
        renumber_node(&mut kernel.origin);
        match &mut kernel.body {
            Body::Scalar(block) => block.instructions.iter_mut().for_each(|each| renumber_node(&mut each.origin)),
            Body::Strip(strip) => strip.instructions.iter_mut().for_each(|each| renumber_node(&mut each.origin)),
            _ => {}
        }
    }
    schedule.spans.iter_mut().for_each(|(id, _)| renumber_node(id));
    schedule.limits.iter_mut().for_each(|(id, _)| renumber_node(id));
    schedule.bodies.iter_mut().for_each(|body| renumber(body, by));
}

impl Builder<'_> {
    /// The nodes of the results that somebody asks for.
    pub(super) fn results(&self, group: &Group) -> HashMap<usize, NodeId> {
        let result = |node: &NodeId| match self.graph.node(*node).op {
            Op::Result(result) => Some((result as usize, *node)),
            _ => None,
        };
        group.nodes.iter().filter_map(result).collect()
    }

    /// A loop node with its results.
    pub fn run_loop(&mut self, id: NodeId, group: &Group) {
        let graph = self.graph;
        let Some(run) = graph.loop_of(id) else { return };
        let results = self.results(group);
        let body = schedule(&pruned(run, |result| results.contains_key(&result)));
        let inline = is_inline(&body, run.states);
        let loose = loose_inputs(&body, inline);
        let arguments = &graph.node(id).arguments;
        let states = (0..run.states)
            .map(|place| self.state(id, arguments[run.first_state() + place], results.get(&place).copied(), inline))
            .collect();
        let sequences = &arguments[run.first_sequence()..run.first_invariant()];
        let inputs = 1 + run.states..;
        let sequences = inputs.zip(sequences).map(|(input, node)| self.ordered(id, *node, 1, loose[input])).collect();
        let invariants = &arguments[run.first_invariant()..];
        let inputs = 1 + run.states + run.sequences..;
        let invariants = inputs.zip(invariants).map(|(input, node)| self.ordered(id, *node, 0, loose[input])).collect();
        let wanted_stacked: Vec<NodeId> =
            (run.states..run.steps_result()).filter_map(|place| results.get(&place).copied()).collect();
        let stacked = wanted_stacked.iter().map(|result| self.memory.of(graph, *result)).collect();
        let leaves_rows = run.ends != Ends::AfterTrips && self.part.is_none();
        let read_beyond = |result: NodeId| leaves_rows && self.is_read_beyond(id, result);
        let zeroed = wanted_stacked.iter().map(|result| read_beyond(*result)).collect();
        let words = if inline { 0 } else { 1 + body.inputs.len() + body.outputs.len() };
        let kernel = LoopKernel {
            body: self.bodies.len(),
            trips: run.trips,
            backward: run.backward,
            ends: run.ends,
            count: (run.ends == Ends::AfterCount).then(|| self.view(arguments[0])),
            states,
            inline,
            sequences,
            invariants,
            stacked,
            zeroed,
            steps: results.get(&run.steps_result()).map(|result| self.memory.of(graph, *result)),
            part: self.part.map(|node| View {
                buffer: self.memory.of(graph, node),
                layout: Layout::contiguous(&graph.ty(node).shape),
            }),
            frame: self.memory.temporary(ElementType::I64, words),
            workspace: self.memory.scratch(body.workspace_bytes),
        };
        self.limits.push((id, run.trips));
        self.enter_body(body);
        self.push(id, Body::Loop(Box::new(kernel)));
    }

    /// Whether more than the rows that a loop wrote is read of a stacked output: not only loops of as many steps see it,
    /// row by row.
    fn is_read_beyond(&self, run: NodeId, result: NodeId) -> bool {
        let graph = self.graph;
        let by_rows = |reader: NodeId| {
            let Some(other) = graph.loop_of(reader) else { return false };
            let sequences = other.first_sequence()..other.first_invariant();
            let arguments = graph.node(reader).arguments.iter().enumerate();
            let mut places = arguments.filter(|(_, argument)| **argument == result).map(|(place, _)| place);
            places.all(|place| sequences.contains(&place)) && graph.does_as_many_steps(run, reader)
        };
        let mut readers = graph.ids().filter(|id| graph.node(*id).arguments.contains(&result));
        graph.output_nodes().contains(&result) || !readers.all(by_rows)
    }

    pub(super) fn state(&mut self, user: NodeId, first: NodeId, result: Option<NodeId>, inline: bool) -> LoopState {
        let ty = self.graph.ty(first);
        let first = self.ordered(user, first, 0, inline);
        let mut memory = || self.memory.temporary(ty.element, ty.shape.count());
        let other = memory();
        let last = match result {
            Some(result) => self.memory.of(self.graph, result),
            None => memory(),
        };
        LoopState { first, last, wanted: result.is_some(), other }
    }

    /// Takes up a body under numbers of nodes of its own.
    pub(super) fn enter_body(&mut self, mut body: Schedule) {
        renumber(&mut body, self.nodes);
        self.nodes += body.nodes;
        self.body_spans.extend_from_slice(&body.spans);
        self.limits.extend_from_slice(&body.limits);
        self.bodies.push(body);
    }

    /// A view of an argument, or, unless the layout may be any, of a copy of it where its elements do not lie in row-major
    /// order without gaps from an axis on.
    pub(super) fn ordered(&mut self, user: NodeId, id: NodeId, from_axis: usize, any: bool) -> View {
        let view = self.view(id);
        let inner = view.layout.axes(from_axis..view.layout.sizes.len(), 0);
        if any || inner.is_contiguous() {
            return view;
        }
        let layout = Layout::contiguous(&self.graph.ty(id).shape);
        View { buffer: self.copied(user, view), layout }
    }
}

/// Which inputs of a body may lie in any layout.
fn loose_inputs(body: &Schedule, inline: bool) -> Vec<bool> {
    let mut loose = vec![inline; body.inputs.len()];
    let ordered = in_memory(body);
    for (index, buffer) in body.buffers.iter().enumerate() {
        if let Place::Input(input) = buffer.place {
            loose[input as usize] &= !ordered.contains(&BufferId(index as u32));
        }
    }
    loose
}
