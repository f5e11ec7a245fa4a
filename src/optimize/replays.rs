//! Bounded memory for the derivatives of loops. A loop that runs back needs the states of the loop that ran forward, which
//! stores them. Where that takes more than the budget, the loop back becomes a replay: some states are kept, the others
//! computed again.
//!
//! This comes last, so no other pass needs to know of it: what is stored is found as rows of one loop that only loops in
//! the opposite order read. Rows that are read in another way too stay stored.

use crate::ir::replay::{repetitions, steps_again};
use crate::ir::rewrite::{Rewriter, copy_node, without_dead_code, without_inputs};
use crate::ir::{Ends, Graph, Loop, NodeId, Op, Replay, TensorType};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The bytes that the stored states of one loop may take where nothing else is said.
pub const LOOP_MEMORY: usize = 48 << 20;

/// No step is computed again more often than this: rather than that, more states are kept than the budget allows.
const REPETITIONS: usize = 16;

/// The graph with replays where loops would store more than the budget, inside loops too.
pub(super) fn within_budget(graph: Graph) -> Graph {
    let budget = graph.loop_memory.unwrap_or(LOOP_MEMORY);
    if has_loops(&graph) { rebuilt(&graph, budget) } else { graph }
}

fn has_loops(graph: &Graph) -> bool {
    graph.ids().any(|id| graph.loop_of(id).is_some())
}

fn rebuilt(graph: &Graph, budget: usize) -> Graph {
    let mut target = graph.successor();
    let plans = plans(graph, budget, &mut target);
    let mut rewriter = Rewriter::new(graph);
    for (input, node) in graph.inputs().iter().zip(graph.input_nodes()) {
        rewriter.set(node, target.input(input.name.clone(), input.ty.clone()));
    }
    let needed = graph.reachable_from(graph.output_nodes());
    for id in graph.ids().filter(|id| needed[id.index()]) {
        if rewriter.get(id).is_some() {
            continue;
        }
        let before = std::mem::replace(&mut target.current_span, graph.span(id));
        let arguments = rewriter.arguments(id);
        let new = match (plans.get(&id), graph.loop_of(id), graph.node(id).op) {
            (Some(plan), _, _) => Pair::of(graph, id, plan).append(&mut target, &rewriter, plan.slots, budget),
            (_, Some(run), _) => {
                let run = inside(&mut target, run, budget);
                target.run_loop(run, &arguments)
            }
            (_, _, Op::Result(result)) => target.result(arguments[0], result as usize),
            _ => copy_node(&mut target, graph, id, &arguments),
        };
        target.current_span = before;
        rewriter.set(id, new);
    }
    rewriter.copy_outputs(&mut target);
    if plans.is_empty() { target } else { without_dead_code(&target) }
}

/// The loop with replays in its body.
fn inside(target: &mut Graph, run: &Arc<Loop>, budget: usize) -> Arc<Loop> {
    if !has_loops(&run.body) {
        return run.clone();
    }
    let body = rebuilt(&run.body, budget);
    target.take_remarks(&body);
    Arc::new(Loop { body: Arc::new(body), ..(**run).clone() })
}

/// What is decided for a loop back: whose rows it sees computed again, and how many states are kept meanwhile.
struct Plan {
    source: NodeId,
    results: Vec<usize>,
    slots: usize,
}

/// The loops that become replays. What is decided for each loop that stores rows is remarked.
fn plans(graph: &Graph, budget: usize, target: &mut Graph) -> HashMap<NodeId, Plan> {
    let mut plans: HashMap<NodeId, Plan> = HashMap::new();
    let users = users(graph);
    for source in graph.ids() {
        let Some(run) = graph.loop_of(source) else { continue };
        if run.trips < 2 {
            continue;
        }
        let stored = Stored::of(graph, source, &users, &plans);
        let before = std::mem::replace(&mut target.current_span, graph.span(source));
        if stored.bytes(run) <= budget || stored.results.is_empty() || plans.contains_key(&source) {
            remark_stored(target, run, &stored, budget);
        } else {
            for reader in &stored.readers {
                let mut plan = Plan { source, results: stored.results.clone(), slots: run.trips };
                let bytes = Pair::of(graph, *reader, &plan).state_bytes();
                plan.slots = slots(run.trips, bytes, budget);
                remark_kept(target, run.trips, plan.slots, bytes);
                plans.insert(*reader, plan);
            }
        }
        target.current_span = before;
    }
    plans
}

/// Who reads each node; outputs count as their own.
fn users(graph: &Graph) -> Vec<Vec<NodeId>> {
    let mut users = vec![Vec::new(); graph.len()];
    let needed = graph.reachable_from(graph.output_nodes());
    for id in graph.ids().filter(|id| needed[id.index()]) {
        for argument in &graph.node(id).arguments {
            users[argument.index()].push(id);
        }
    }
    for output in graph.output_nodes() {
        users[output.index()].push(output);
    }
    users
}

/// The rows that a loop stores and loops in the opposite order read.
#[derive(Default)]
struct Stored {
    /// Those that nothing else reads.
    results: Vec<usize>,
    /// The loops that read them.
    readers: Vec<NodeId>,
    /// Those that something else reads too.
    shared: Vec<usize>,
}

impl Stored {
    fn of(graph: &Graph, source: NodeId, users: &[Vec<NodeId>], plans: &HashMap<NodeId, Plan>) -> Self {
        let mut stored = Stored::default();
        for node in &users[source.index()] {
            let Op::Result(result) = graph.node(*node).op else { continue };
            let result = result as usize;
            let undone = |user: &NodeId| !plans.contains_key(user) && undoes(graph, source, *node, *user);
            let readers = &users[node.index()];
            if readers.iter().all(undone) {
                stored.results.push(result);
                stored.readers.extend(readers);
            } else if readers.iter().any(undone) {
                stored.shared.push(result);
            }
        }
        stored.results.sort_unstable();
        stored.readers.sort_unstable();
        stored.readers.dedup();
        stored
    }

    fn bytes(&self, run: &Loop) -> usize {
        self.results.iter().chain(&self.shared).map(|result| run.result_type(*result).bytes()).sum()
    }
}

/// Whether a loop goes through the steps of another in the opposite order, and sees a result of it as rows only.
fn undoes(graph: &Graph, source: NodeId, rows: NodeId, reader: NodeId) -> bool {
    let (Some(run), Some(back)) = (graph.loop_of(source), graph.loop_of(reader)) else { return false };
    let arguments = &graph.node(reader).arguments;
    let counts = |count: NodeId| {
        let steps = Op::Result(run.steps_result() as u32);
        let of_source = graph.node(count).op == steps && graph.node(count).arguments[..] == [source];
        of_source || (run.ends == Ends::AfterCount && count == graph.node(source).arguments[0])
    };
    let as_many = match back.ends {
        Ends::AfterTrips => run.ends == Ends::AfterTrips,
        Ends::AfterCount => counts(arguments[0]),
        Ends::WhenFalse => false,
    };
    let sequences = back.first_sequence()..back.first_invariant();
    let elsewhere = (0..arguments.len()).any(|place| arguments[place] == rows && !sequences.contains(&place));
    as_many && !elsewhere && run.trips == back.trips && run.backward != back.backward
}

/// How many states to keep, each with a word for the step that it belongs to.
fn slots(trips: usize, state_bytes: usize, budget: usize) -> usize {
    let mut slots = (budget / (state_bytes + 8)).max(2);
    while slots < trips && repetitions(slots - 1, trips) > REPETITIONS {
        slots += 1;
    }
    slots.min(trips)
}

fn remark_stored(target: &mut Graph, run: &Loop, stored: &Stored, budget: usize) {
    let bytes = stored.bytes(run);
    if bytes == 0 {
        return;
    }
    let trips = run.trips;
    let each = size(bytes / trips);
    let mut text = format!("reverse mode stores the states of all {trips} steps, {each} each: {}", size(bytes));
    if bytes > budget {
        text +=
            &format!(", more than the {} for a loop, because they are not read by one loop back alone", size(budget));
    }
    target.remark(text);
}

fn remark_kept(target: &mut Graph, trips: usize, slots: usize, state_bytes: usize) {
    if state_bytes == 0 {
        return;
    }
    let (times, again) = (repetitions(slots - 1, trips), steps_again(slots - 1, trips));
    let times = if times == 1 { "once".to_string() } else { format!("{times} times") };
    target.remark(format!(
        "reverse mode keeps {slots} of the states of {trips} steps, {} each: {}; each step is computed at most {times} \
         again, {} forward steps in all",
        size(state_bytes),
        size(slots * state_bytes),
        trips.saturating_add(again),
    ));
}

/// A number of bytes in words.
fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

/// A loop that stores rows and one that reads them, to become one replay.
struct Pair<'a> {
    graph: &'a Graph,
    source: NodeId,
    reader: NodeId,
    run: &'a Loop,
    back: &'a Loop,
    /// The rows by the sequences of the second that they are.
    rows: BTreeMap<usize, usize>,
    /// Which states of the first determine them.
    states: Vec<usize>,
}

/// An input of a body in the making: its node and what it stands for outside.
type Given = (NodeId, NodeId);

impl<'a> Pair<'a> {
    fn of(graph: &'a Graph, reader: NodeId, plan: &Plan) -> Self {
        let (run, back) =
            (&**graph.results_of(plan.source).expect("a loop"), &**graph.results_of(reader).expect("a loop"));
        let arguments = &graph.node(reader).arguments;
        let mut rows = BTreeMap::new();
        for place in 0..back.sequences {
            let node = graph.node(arguments[back.first_sequence() + place]);
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

    fn state_bytes(&self) -> usize {
        self.states.iter().map(|state| self.run.body.inputs()[1 + state].ty.bytes()).sum()
    }

    /// Appends the replay; where no state is needed to know the rows, a plain loop.
    fn append(&self, target: &mut Graph, outside: &Rewriter, slots: usize, budget: usize) -> NodeId {
        let (forward, given) = self.forward();
        let (back, back_given) = self.second();
        let forward = inside(target, &Arc::new(forward), budget);
        let back = inside(target, &Arc::new(back), budget);
        let counted = self.back.ends == Ends::AfterCount;
        let count = counted.then(|| self.graph.node(self.reader).arguments[0]);
        let all = count.into_iter().chain(given).chain(back_given);
        let arguments: Vec<NodeId> = all.filter_map(|node| outside.get(node)).collect();
        if self.states.is_empty() {
            return target.run_loop(back, &arguments);
        }
        target.replay(Arc::new(Replay { forward, back, slots }), &arguments)
    }

    /// The first loop with the states that are needed, and what it is given.
    fn forward(&self) -> (Loop, Vec<NodeId>) {
        let (run, body) = (self.run, &*self.run.body);
        let old = body.input_nodes();
        let mut graph = Graph::new();
        let mut rewriter = Rewriter::new(body);
        let first_sequence = 1 + run.states;
        let places =
            std::iter::once(0).chain(self.states.iter().map(|state| 1 + state)).chain(first_sequence..old.len());
        let places: Vec<usize> = places.collect();
        for place in &places {
            let input = &body.inputs()[*place];
            rewriter.set(old[*place], graph.input(input.name.clone(), input.ty.clone()));
        }
        let next: Vec<NodeId> = self.states.iter().map(|state| body.outputs()[*state].node).collect();
        for node in rewriter.copy_all(&mut graph, &next) {
            graph.output("state", node);
        }
        let needed = needed_inputs(&graph, 1 + self.states.len());
        let arguments = &self.graph.node(self.source).arguments;
        let kept: Vec<usize> =
            places.into_iter().zip(&needed).filter(|(_, needed)| **needed).map(|(place, _)| place).collect();
        let is_sequence = |place: &&usize| (first_sequence..first_sequence + run.sequences).contains(*place);
        let forward = Loop {
            body: Arc::new(without_inputs(&graph, &needed)),
            trips: run.trips,
            states: self.states.len(),
            sequences: kept.iter().filter(is_sequence).count(),
            backward: run.backward,
            ends: self.back.ends,
        };
        (forward, kept[1..].iter().map(|place| arguments[place - 1 + run.first_state()]).collect())
    }

    /// The second loop, which finds the rows from the states, and what it is given besides those.
    fn second(&self) -> (Loop, Vec<NodeId>) {
        let (run, back) = (self.run, self.back);
        let mut graph = Graph::new();
        let step = graph.input("step", TensorType::scalar(crate::ir::ElementType::I64));
        let of_back = |place: usize| self.graph.node(self.reader).arguments[place];
        let of_run = |place: usize| self.graph.node(self.source).arguments[place];
        let (old, first) = (back.body.inputs(), run.body.inputs());
        let add = |graph: &mut Graph, held: &mut Vec<Given>, input: &crate::ir::Input, outside: NodeId| {
            let known = held.iter().find(|(_, known)| *known == outside).map(|(node, _)| *node);
            known.unwrap_or_else(|| {
                let node = graph.input(input.name.clone(), input.ty.clone());
                held.push((node, outside));
                node
            })
        };
        let mut states = Vec::new();
        let mut inner = vec![step];
        for (place, input) in old[1..=back.states].iter().enumerate() {
            let node = graph.input(input.name.clone(), input.ty.clone());
            states.push(of_back(back.first_state() + place));
            inner.push(node);
        }
        let mut source = Rewriter::new(&run.body);
        let source_inputs = run.body.input_nodes();
        source.set(source_inputs[0], step);
        for state in &self.states {
            source.set(source_inputs[1 + state], graph.input("state", first[1 + state].ty.clone()));
        }
        let (mut sequences, mut invariants) = (Vec::new(), Vec::new());
        for place in 0..back.sequences {
            let outside = of_back(back.first_sequence() + place);
            // Rows that are computed again have no input; they are set below.
            let known = if self.rows.contains_key(&place) {
                step
            } else {
                add(&mut graph, &mut sequences, &old[1 + back.states + place], outside)
            };
            inner.push(known);
        }
        for place in 0..run.sequences {
            let input = 1 + run.states + place;
            let node = add(&mut graph, &mut sequences, &first[input], of_run(run.first_sequence() + place));
            source.set(source_inputs[input], node);
        }
        for place in 0..back.invariants() {
            let input = &old[1 + back.states + back.sequences + place];
            inner.push(add(&mut graph, &mut invariants, input, of_back(back.first_invariant() + place)));
        }
        for place in 0..run.invariants() {
            let input = 1 + run.states + run.sequences + place;
            let node = add(&mut graph, &mut invariants, &first[input], of_run(run.first_invariant() + place));
            source.set(source_inputs[input], node);
        }
        for (place, result) in &self.rows {
            inner[1 + back.states + place] = source.copy_all(&mut graph, &[run.body.outputs()[*result].node])[0];
        }
        for (output, node) in back.body.outputs().iter().zip(crate::ir::rewrite::inline(&mut graph, &back.body, &inner))
        {
            graph.output(output.name.clone(), node);
        }
        let fixed = 1 + back.states + self.states.len();
        let needed = needed_inputs(&graph, fixed);
        let kept = |held: &[Given], from: usize| -> Vec<NodeId> {
            let pairs = held.iter().zip(&needed[from..]);
            pairs.filter(|(_, needed)| **needed).map(|((_, outside), _)| *outside).collect()
        };
        let rows = kept(&sequences, fixed);
        let whole = kept(&invariants, fixed + sequences.len());
        let second = Loop {
            body: Arc::new(without_inputs(&graph, &needed)),
            trips: back.trips,
            states: back.states,
            sequences: self.states.len() + rows.len(),
            backward: back.backward,
            ends: back.ends,
        };
        (second, states.into_iter().chain(rows).chain(whole).collect())
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
