//! Reverse mode of loops: one loop forward that stores the states its steps began with, as far as they are needed, and
//! one loop back over the same rows.
//!
//! The states of the loop back are the cotangents of the states, and sums for the cotangents of the invariants. Its body
//! is the body's own adjoint, so loops inside it are differentiated by the same walk. The forward loop with its stored
//! states does all that the plain loop does; `optimize` leaves only the larger of the two.
//!
//! Where each step reads but few rows of an invariant, no sum as large as the invariant is carried along: the cotangents
//! of the rows are stacked with their positions, and added up after the loop.

use super::loops_nested;
use super::reverse::pull;
use crate::ir::rewrite::{inline_nodes, without_inputs};
use crate::ir::{ElementType, Ends, Graph, Loop, NodeId, Op, TensorType};
use crate::ops::arithmetic::ADD;
use crate::ops::structural::{Cotangent, Mask};
use std::sync::Arc;

/// The most elements of rows that are stacked for one invariant.
const MOST_ROWS: usize = 1 << 20;

/// The cotangents of a loop's arguments from those of its results.
pub(super) fn reverse(
    graph: &mut Graph,
    id: NodeId,
    seeds: &[(usize, Cotangent)],
    dependent: &[bool],
) -> Vec<(NodeId, Cotangent)> {
    let Some(run) = graph.loop_of(id).cloned() else {
        unreachable!("only results of loops are differentiated: replays are made when all derivatives are")
    };
    if let Some(flows) = loops_nested::reverse(graph, id, seeds, dependent) {
        return flows;
    }
    let arguments = graph.node(id).arguments.to_vec();
    let mut by_result: Vec<Option<Cotangent>> = vec![None; run.steps_result() + 1];
    for (result, cotangent) in seeds {
        by_result[*result] = Some(*cotangent);
    }
    let varied: Vec<bool> = arguments.iter().map(|argument| dependent[argument.index()]).collect();
    let Some(active) = Active::of(&run, &by_result, &varied) else { return Vec::new() };
    let back = Back::of(&run, &active, &by_result, graph.loop_memory);
    back.append(graph, id, &arguments, &by_result)
}

/// What takes part in the derivative: depends on what is differentiated by, and a seed depends on it.
#[derive(Clone)]
struct Active {
    states: Vec<usize>,
    /// Stacked outputs with a cotangent, by result.
    stacked: Vec<usize>,
    sequences: Vec<usize>,
    /// Those whose cotangents are summed step by step.
    invariants: Vec<usize>,
    /// Reads of rows of the other invariants: the invariant, and the gather in the body.
    gathers: Vec<(usize, NodeId)>,
}

impl Active {
    fn of(run: &Loop, seeds: &[Option<Cotangent>], varied: &[bool]) -> Option<Self> {
        let body = &run.body;
        let (inputs, outputs) = (body.input_nodes(), body.output_nodes());
        let real = |input: usize| body.inputs()[input].ty.element.is_real();
        let given = |input: usize| real(input) && varied[input - 1 + run.first_state()];
        let mut moves: Vec<bool> = (0..inputs.len()).map(|input| input > 0 && given(input)).collect();
        loop {
            let sources: Vec<NodeId> = (1..inputs.len()).filter(|each| moves[*each]).map(|each| inputs[each]).collect();
            let dependent = body.dependent_on(&sources);
            let new = |state: &usize| real(1 + state) && !moves[1 + state] && dependent[outputs[*state].index()];
            let Some(state) = (0..run.states).find(new) else { break };
            moves[1 + state] = true;
        }
        let mut matters: Vec<bool> = (0..run.states).map(|state| seeds[state].is_some()).collect();
        let stacked: Vec<usize> = (run.states..run.steps_result()).filter(|result| seeds[*result].is_some()).collect();
        let reached = loop {
            let states = (0..run.states).filter(|state| matters[*state]);
            let reached = body.reachable_from(states.chain(stacked.iter().copied()).map(|result| outputs[result]));
            match (0..run.states).find(|state| !matters[*state] && reached[inputs[1 + state].index()]) {
                Some(state) => matters[state] = true,
                None => break reached,
            }
        };
        let takes_part = |input: &usize| moves[*input] && reached[inputs[*input].index()];
        let (first_sequence, first_invariant) = (1 + run.states, 1 + run.states + run.sequences);
        let mut active = Active {
            states: (0..run.states).filter(|state| moves[1 + state] && matters[*state]).collect(),
            stacked,
            sequences: (first_sequence..first_invariant).filter(takes_part).map(|at| at - first_sequence).collect(),
            invariants: (first_invariant..inputs.len()).filter(takes_part).map(|at| at - first_invariant).collect(),
            gathers: Vec::new(),
        };
        let any = !(active.states.is_empty() && active.sequences.is_empty() && active.invariants.is_empty());
        active.invariants.retain(|each| match gathers(run, inputs[first_invariant + each], &reached) {
            Some(gathers) => {
                active.gathers.extend(gathers.into_iter().map(|gather| (*each, gather)));
                false
            }
            None => true,
        });
        any.then_some(active)
    }
}

/// The reads of an invariant, where each step reads but few of its rows and does nothing else with it.
fn gathers(run: &Loop, invariant: NodeId, reached: &[bool]) -> Option<Vec<NodeId>> {
    let body = &run.body;
    let is_row = |id: &NodeId| {
        let node = body.node(*id);
        matches!(node.op, Op::Gather { batch: 0, .. }) && node.arguments[1] != invariant
    };
    let users: Vec<NodeId> =
        body.ids().filter(|id| reached[id.index()] && body.node(*id).arguments.contains(&invariant)).collect();
    if body.output_nodes().contains(&invariant) || !users.iter().all(is_row) {
        return None;
    }
    let read: usize = users.iter().map(|id| body.ty(*id).shape.count()).sum();
    let few = read < body.ty(invariant).shape.count() && run.trips.saturating_mul(read) <= MOST_ROWS;
    few.then_some(users)
}

/// The loop back.
struct Back<'a> {
    run: &'a Arc<Loop>,
    active: Active,
    /// The body: step; cotangents of states, sums; stored states, sequences, cotangents of stacked outputs; invariants.
    body: Graph,
    /// The care that the cotangents of active states, sequences, invariants and rows of invariants need; `None` without a
    /// path.
    masks: Vec<Option<Mask>>,
}

impl<'a> Back<'a> {
    /// The care that the cotangent of a state needs after one step back may be more than before: until it is no more.
    fn of(run: &'a Arc<Loop>, active: &Active, seeds: &[Option<Cotangent>], memory: Option<usize>) -> Self {
        let seeded = |result: &usize| seeds[*result].map_or(Mask::None, |seed| seed.mask);
        let stacked: Vec<Mask> = active.stacked.iter().map(seeded).collect();
        let mut states: Vec<Mask> = active.states.iter().map(seeded).collect();
        loop {
            let (body, masks) = body_back(run, active, &states, &stacked, memory);
            let after: Vec<Mask> = states
                .iter()
                .zip(&masks)
                .map(|(before, after)| after.map_or(*before, |mask| mask.max(*before)))
                .collect();
            if after == states {
                let masks = after.into_iter().map(Some).chain(masks[states.len()..].iter().copied()).collect();
                return Back { run, active: active.clone(), body, masks };
            }
            states = after;
        }
    }

    /// Appends the loops and returns the cotangents of the arguments.
    fn append(
        &self,
        graph: &mut Graph,
        id: NodeId,
        arguments: &[NodeId],
        seeds: &[Option<Cotangent>],
    ) -> Vec<(NodeId, Cotangent)> {
        let (run, states) = (self.run, self.active.states.len() + self.active.invariants.len());
        let needed = self.body.reachable_from(self.body.output_nodes());
        let inputs = self.body.input_nodes();
        let kept: Vec<bool> = (0..inputs.len()).map(|at| at <= states || needed[inputs[at].index()]).collect();
        let stored: Vec<bool> = kept[1 + states..1 + states + run.states].to_vec();
        let (forward, steps) = with_stored(graph, id, &stored);
        let (ends, count) = match run.ends {
            Ends::AfterTrips => (Ends::AfterTrips, None),
            Ends::AfterCount => (Ends::AfterCount, Some(arguments[0])),
            Ends::WhenFalse => (Ends::AfterCount, Some(graph.result(forward, steps))),
        };
        let given = self.given(graph, arguments, seeds, &stored, forward);
        let given = given.into_iter().zip(&kept[1..]).filter(|(_, kept)| **kept).map(|(node, _)| node);
        let sequences = 1 + states..1 + states + run.states + run.sequences + self.active.stacked.len();
        let back = Loop {
            body: Arc::new(without_inputs(&self.body, &kept)),
            trips: run.trips,
            states,
            sequences: kept[sequences].iter().filter(|kept| **kept).count(),
            backward: !run.backward,
            ends,
        };
        let given: Vec<NodeId> = count.into_iter().chain(given).collect();
        let back = graph.run_loop(Arc::new(back), &given);
        self.flows(graph, back, &arguments[run.first_state()..])
    }

    /// What the inputs of the body stand for, the step left out. States that are not stored get any node.
    fn given(
        &self,
        graph: &mut Graph,
        arguments: &[NodeId],
        seeds: &[Option<Cotangent>],
        stored: &[bool],
        forward: NodeId,
    ) -> Vec<NodeId> {
        let (run, active) = (self.run, &self.active);
        let mut given: Vec<NodeId> = Vec::new();
        for state in &active.states {
            let like = arguments[run.first_state() + state];
            given.push(seeds[*state].map_or_else(|| graph.constant_like(like, 0.0), |seed| seed.node));
        }
        for invariant in &active.invariants {
            given.push(graph.constant_like(arguments[run.first_invariant() + invariant], 0.0));
        }
        let mut result = run.steps_result();
        for (state, stored) in stored.iter().enumerate() {
            given.push(if *stored { graph.result(forward, result) } else { arguments[run.first_state() + state] });
            result += usize::from(*stored);
        }
        given.extend(&arguments[run.first_sequence()..run.first_invariant()]);
        given.extend(active.stacked.iter().filter_map(|result| seeds[*result]).map(|seed| seed.node));
        given.extend(&arguments[run.first_invariant()..]);
        given
    }

    /// The cotangents of the arguments (the count left out), which are results of the loop back.
    fn flows(&self, graph: &mut Graph, back: NodeId, arguments: &[NodeId]) -> Vec<(NodeId, Cotangent)> {
        let (run, active) = (self.run, &self.active);
        // Rows that a loop did not come to, and invariants of a loop without steps, were not part of the value.
        let unread = if run.ends == Ends::AfterTrips && run.trips > 0 { Mask::None } else { Mask::Masked };
        let (states, sums) = (active.states.len(), active.invariants.len());
        let of_states = active.states.iter().enumerate().map(|(at, state)| (*state, at, Mask::None));
        let of_sequences =
            active.sequences.iter().enumerate().map(|(at, each)| (run.states + each, states + sums + at, unread));
        let of_invariants = active
            .invariants
            .iter()
            .enumerate()
            .map(|(at, each)| (run.states + run.sequences + each, states + at, unread));
        let mut flows = Vec::new();
        let (of_inputs, of_rows) = self.masks.split_at(states + sums + active.sequences.len());
        for ((argument, result, least), mask) in of_states.chain(of_sequences).chain(of_invariants).zip(of_inputs) {
            if let Some(mask) = mask {
                let cotangent = Cotangent { node: graph.result(back, result), mask: least.max(*mask) };
                flows.push((arguments[argument], cotangent));
            }
        }
        let first = states + sums + active.sequences.len();
        for (at, ((invariant, gather), mask)) in active.gathers.iter().zip(of_rows).enumerate() {
            let Op::Gather { outside, .. } = run.body.node(*gather).op else { continue };
            if let Some(mask) = mask {
                let argument = arguments[run.states + run.sequences + invariant];
                let rows = graph.ty(argument).shape[0];
                let [flow, positions] = [0, 1].map(|which| graph.result(back, first + 2 * at + which));
                let node = graph.scatter_add_or(positions, flow, rows, 0, outside);
                flows.push((argument, Cotangent { node, mask: unread.max(*mask) }));
            }
        }
        flows
    }
}

/// One step back, and the care that the cotangents of active states, sequences, invariants and rows of invariants need
/// after it.
fn body_back(
    run: &Loop,
    active: &Active,
    states: &[Mask],
    stacked: &[Mask],
    memory: Option<usize>,
) -> (Graph, Vec<Option<Mask>>) {
    let mut graph = Graph::new();
    graph.loop_memory = memory;
    let old = run.body.inputs();
    let step = graph.input("step", TensorType::scalar(ElementType::I64));
    let mut inputs = |name: &str, types: Vec<TensorType>| -> Vec<NodeId> {
        types.into_iter().map(|ty| graph.input(name, ty)).collect()
    };
    let (first_sequence, first_invariant) = (1 + run.states, 1 + run.states + run.sequences);
    let row = |result: &usize| run.body.ty(run.body.outputs()[*result].node).clone();
    let cotangents = inputs("cotangent", active.states.iter().map(|state| old[1 + state].ty.clone()).collect());
    let sums = inputs("sum", active.invariants.iter().map(|each| old[first_invariant + each].ty.clone()).collect());
    let mut inner = vec![step];
    inner.extend(inputs("state", old[1..first_sequence].iter().map(|input| input.ty.clone()).collect()));
    inner.extend(inputs("row", old[first_sequence..first_invariant].iter().map(|input| input.ty.clone()).collect()));
    let flows = inputs("flow", active.stacked.iter().map(row).collect());
    inner.extend(inputs("invariant", old[first_invariant..].iter().map(|input| input.ty.clone()).collect()));
    let mut roots = run.body.output_nodes();
    roots.extend(active.gathers.iter().map(|(_, gather)| *gather));
    let mut outputs = inline_nodes(&mut graph, &run.body, &inner, &roots);
    let gathers = outputs.split_off(run.body.outputs().len());
    let of_states = active.states.iter().zip(&cotangents).zip(states);
    let of_stacked = active.stacked.iter().zip(&flows).zip(stacked);
    let seeds: Vec<(NodeId, Cotangent)> = of_states
        .chain(of_stacked)
        .map(|((result, node), mask)| (outputs[*result], Cotangent { node: *node, mask: *mask }))
        .collect();
    let wrt: Vec<NodeId> = (active.states.iter().map(|state| inner[1 + state]))
        .chain(active.sequences.iter().map(|each| inner[first_sequence + each]))
        .chain(active.invariants.iter().map(|each| inner[first_invariant + each]))
        .chain(gathers.iter().copied())
        .collect();
    let pulled = pull(&mut graph, &seeds, &wrt);
    let (of_states, rest) = pulled.split_at(active.states.len());
    let (of_sequences, rest) = rest.split_at(active.sequences.len());
    let (of_invariants, of_rows) = rest.split_at(active.invariants.len());
    for (flow, node) in of_states.iter().zip(&wrt) {
        let zero_or = flow.map_or_else(|| graph.constant_like(*node, 0.0), |flow| flow.node);
        graph.output("cotangent", zero_or);
    }
    for (flow, sum) in of_invariants.iter().zip(&sums) {
        let next = flow.map_or(*sum, |flow| graph.pointwise(&ADD, &[*sum, flow.node]));
        graph.output("sum", next);
    }
    for (flow, node) in of_sequences.iter().zip(&wrt[active.states.len()..]) {
        let zero_or = flow.map_or_else(|| graph.constant_like(*node, 0.0), |flow| flow.node);
        graph.output("row", zero_or);
    }
    for (flow, gather) in of_rows.iter().zip(gathers) {
        let zero_or = flow.map_or_else(|| graph.constant_like(gather, 0.0), |flow| flow.node);
        graph.output("row", zero_or);
        let positions = graph.node(gather).arguments[1];
        graph.output("position", positions);
    }
    let masks = pulled.iter().map(|flow| flow.map(|flow| flow.mask)).collect();
    (graph, masks)
}

/// The loop with the states that its steps began with as further stacked outputs, and where its number of steps stands;
/// the loop itself if none is stored.
fn with_stored(graph: &mut Graph, id: NodeId, stored: &[bool]) -> (NodeId, usize) {
    let Some(run) = graph.loop_of(id).cloned() else { return (id, 0) };
    if !stored.contains(&true) {
        return (id, run.steps_result());
    }
    let mut body = (*run.body).clone();
    let inputs = body.input_nodes();
    for state in (0..run.states).filter(|state| stored[*state]) {
        body.output("stored", inputs[1 + state]);
    }
    let larger = Loop { body: Arc::new(body), ..(*run).clone() };
    let steps = larger.steps_result();
    let arguments = graph.node(id).arguments.to_vec();
    (graph.run_loop(Arc::new(larger), &arguments), steps)
}
