//! Which entries of a Jacobian may differ from zero, found from the graph alone: for each element of each node the set of
//! elements that it depends on, from the arguments to the users.
//!
//! The sets may be too large, never too small: what is not known exactly depends on everything. A loop is followed step
//! by step as long as that is little work.

use crate::ir::{ElementType, Ends, Graph, Loop, Node, NodeId, Op, Pattern, Table, TensorType};
use crate::ops::structural::{Call, Dependence, definition};
use std::collections::HashMap;

/// The most entries that the sets of one node may have, all its elements together.
const MOST_ENTRIES: usize = 1 << 22;
/// The most sets and entries of sets that are made for one Jacobian.
const MOST_SETS: usize = 1 << 23;
/// The most elements of a position or condition that is computed here, and the most steps of a loop that leads to one.
const MOST_CONSTANTS: usize = 1 << 16;
/// The most operations that a loop is followed through, over all its steps.
const MOST_STEPS: usize = 1 << 18;

/// What the elements of a node depend on.
#[derive(Clone, PartialEq, Debug)]
enum Sources {
    /// Nothing that varies.
    None,
    /// All that varies.
    All,
    /// A row for each element.
    Rows(Pattern),
}

/// For each output the elements of `wrt`, numbered through, that each of its elements may depend on; `None` where no
/// structure was found, so that each depends on all.
pub fn patterns(graph: &Graph, outputs: &[NodeId], wrt: &[NodeId]) -> Vec<Option<Pattern>> {
    let columns = wrt.iter().map(|node| graph.ty(*node).shape.count()).sum();
    let mut walk = Walk { columns, sets: 0 };
    let (mut known, mut first) = (HashMap::new(), 0);
    for node in wrt {
        let mut own = Pattern::new(columns);
        let count = graph.ty(*node).shape.count() as u32;
        (first..first + count).for_each(|column| own.push([column]));
        known.insert(*node, Sources::Rows(own));
        first += count;
    }
    let found = walk.nodes(graph, outputs, &known, &HashMap::new());
    let pattern = |(sources, output): (Sources, &NodeId)| match sources {
        Sources::All => None,
        Sources::Rows(rows) => Some(rows),
        Sources::None => {
            let mut empty = Pattern::new(columns);
            (0..graph.ty(*output).shape.count()).for_each(|_| empty.push([]));
            Some(empty)
        }
    };
    found.into_iter().zip(outputs).map(pattern).collect()
}

struct Walk {
    columns: usize,
    /// The number of sets made so far.
    sets: usize,
}

impl Walk {
    /// What `roots` depend on, given that of some nodes and the values of others.
    fn nodes(
        &mut self,
        graph: &Graph,
        roots: &[NodeId],
        given: &HashMap<NodeId, Sources>,
        values: &HashMap<NodeId, Table>,
    ) -> Vec<Sources> {
        let varied: Vec<NodeId> = given.keys().copied().collect();
        let (dependent, needed) = (graph.dependent_on(&varied), graph.reachable_from(roots.iter().copied()));
        let values = constants(graph, &dependent, &needed, values);
        let mut found: Vec<Sources> = vec![Sources::None; graph.len()];
        let mut loops: HashMap<NodeId, Vec<Sources>> = HashMap::new();
        for id in graph.ids().filter(|id| dependent[id.index()] && needed[id.index()]) {
            let node = graph.node(id);
            found[id.index()] = match (given.get(&id), node.op) {
                (Some(sources), _) => sources.clone(),
                (None, Op::Loop(index)) => {
                    let arguments = node.arguments.iter().map(|argument| found[argument.index()].clone()).collect();
                    let results = self.of_loop(graph.loop_at(index), arguments);
                    loops.insert(id, results);
                    Sources::All
                }
                (None, Op::Result(result)) => match loops.get(&node.arguments[0]) {
                    Some(results) => results.get(result as usize).cloned().unwrap_or(Sources::None),
                    None => Sources::All,
                },
                (None, _) => self.node(graph, node, &found, &values),
            };
            if let Sources::Rows(rows) = &found[id.index()] {
                self.sets += rows.count();
            }
        }
        roots.iter().map(|root| found[root.index()].clone()).collect()
    }

    fn node(&mut self, graph: &Graph, node: &Node, found: &[Sources], values: &HashMap<NodeId, Table>) -> Sources {
        if !node.ty.element.is_real() {
            return Sources::None;
        }
        let count = node.ty.shape.count();
        self.sets += count;
        let arguments: Vec<&Sources> = node.arguments.iter().map(|argument| &found[argument.index()]).collect();
        let dependence = (definition(&node.op).dependence)(graph, node);
        if dependence == Dependence::None || arguments.iter().all(|sources| **sources == Sources::None) {
            return Sources::None;
        }
        if self.sets > MOST_SETS {
            return Sources::All;
        }
        match dependence {
            Dependence::None => Sources::None,
            Dependence::All => Sources::All,
            Dependence::Chosen if values.contains_key(&node.arguments[0]) => {
                let condition = &values[&node.arguments[0]].bits;
                self.joined(count, |at| [(arguments[if condition[at] != 0 { 1 } else { 2 }], at)].into_iter())
            }
            Dependence::Elementwise | Dependence::Chosen => {
                self.joined(count, |at| arguments.iter().map(move |each| (*each, at)))
            }
            Dependence::Moves => match places(graph, node, values) {
                Some(places) => self.joined(count, |at| {
                    places[at].map(|(argument, element)| (arguments[argument], element)).into_iter()
                }),
                None => Sources::All,
            },
            Dependence::Collects { argument, transpose } => match targets(graph, node, argument, transpose, values) {
                Some(targets) => {
                    let mut members = vec![Vec::new(); count];
                    for (element, target) in targets.into_iter().enumerate() {
                        target.into_iter().for_each(|target| members[target].push(element));
                    }
                    self.joined(count, |at| members[at].iter().map(|element| (arguments[argument], *element)))
                }
                None => Sources::All,
            },
            Dependence::Rows { batches, left, right, inner } => {
                let rows = |sources: &Sources, count: usize| {
                    self.joined(batches * count, |row| (0..inner).map(move |at| (sources, row * inner + at)))
                };
                let (of_left, of_right) = (rows(arguments[0], left), rows(arguments[1], right));
                self.joined(count, |at| {
                    let (row, column) = (at / right.max(1), at % right.max(1));
                    [(&of_left, row), (&of_right, row / left.max(1) * right + column)].into_iter()
                })
            }
        }
    }

    /// For each of `count` elements the union of what some elements of other nodes depend on.
    fn joined<'s, I: Iterator<Item = (&'s Sources, usize)>>(&self, count: usize, of: impl Fn(usize) -> I) -> Sources {
        let mut rows = Pattern::new(self.columns);
        let mut row: Vec<u32> = Vec::new();
        for at in 0..count {
            row.clear();
            let mut parts = 0;
            for (sources, element) in of(at) {
                match sources {
                    Sources::None => {}
                    Sources::All => return Sources::All,
                    Sources::Rows(rows) => {
                        parts += 1;
                        row.extend_from_slice(rows.row(element));
                    }
                }
            }
            if parts > 1 {
                row.sort_unstable();
                row.dedup();
            }
            rows.push(row.iter().copied());
            if rows.count() > MOST_ENTRIES {
                return Sources::All;
            }
        }
        // Large sets that leave nothing out are not worth their memory.
        if rows.count() == count * self.columns && rows.count() > MOST_CONSTANTS {
            return Sources::All;
        }
        if rows.count() == 0 { Sources::None } else { Sources::Rows(rows) }
    }

    /// What the results of a loop depend on, step by step.
    fn of_loop(&mut self, run: &Loop, arguments: Vec<Sources>) -> Vec<Sources> {
        let results = run.steps_result() + 1;
        let body = &run.body;
        if run.trips.saturating_mul(body.len()) > MOST_STEPS {
            return vec![Sources::All; results];
        }
        let (inputs, outputs) = (body.input_nodes(), body.output_nodes());
        let mut states = arguments[run.first_state()..run.first_sequence()].to_vec();
        // A loop that may end early leaves any of the states it went through.
        let mut ends = states.clone();
        let mut stacked: Vec<Vec<Sources>> = vec![vec![Sources::None; run.trips]; run.stacked()];
        for trip in 0..run.trips {
            self.sets += body.len();
            if self.sets > MOST_SETS {
                return vec![Sources::All; results];
            }
            let row = if run.backward { run.trips - 1 - trip } else { trip };
            let mut given = HashMap::new();
            let (first_sequence, first_invariant) = (1 + run.states, 1 + run.states + run.sequences);
            given.extend(inputs[1..first_sequence].iter().copied().zip(states.iter().cloned()));
            for (place, node) in inputs[first_sequence..first_invariant].iter().enumerate() {
                let count = body.ty(*node).shape.count();
                let whole = &arguments[run.first_sequence() + place];
                given.insert(*node, self.joined(count, |at| [(whole, row * count + at)].into_iter()));
            }
            let invariants = arguments[run.first_invariant()..].iter().cloned();
            given.extend(inputs[first_invariant..].iter().copied().zip(invariants));
            given.retain(|_, sources| *sources != Sources::None);
            let step = Table { ty: TensorType::scalar(ElementType::I64), bits: vec![row as u64] };
            // Which row a step reads is known only if no step is left out before it.
            let known = run.ends != Ends::AfterCount || !run.backward;
            let values = known.then(|| (inputs[0], step)).into_iter().collect();
            let mut after = self.nodes(body, &outputs, &given, &values);
            for (all, output) in stacked.iter_mut().zip(after.split_off(run.states)) {
                all[row] = output;
            }
            states = after;
            for (end, state) in ends.iter_mut().zip(&states) {
                *end = self.both(end, state);
            }
        }
        if run.ends == Ends::AfterTrips {
            ends = states;
        } else if run.backward {
            return vec![Sources::All; results];
        }
        let stacked = stacked.into_iter().enumerate().map(|(place, rows)| {
            let count = body.ty(outputs[run.states + place]).shape.count().max(1);
            self.joined(rows.len() * count, |at| [(&rows[at / count], at % count)].into_iter())
        });
        ends.into_iter().chain(stacked).chain([Sources::None]).collect()
    }

    /// What one or the other depends on; both have equally many elements.
    fn both(&self, left: &Sources, right: &Sources) -> Sources {
        match (left, right) {
            (Sources::None, other) | (other, Sources::None) => other.clone(),
            (Sources::Rows(rows), Sources::Rows(_)) => {
                self.joined(rows.rows(), |at| [(left, at), (right, at)].into_iter())
            }
            _ => Sources::All,
        }
    }
}

/// The values of positions and conditions that follow from constants and given values.
fn constants(
    graph: &Graph,
    dependent: &[bool],
    needed: &[bool],
    given: &HashMap<NodeId, Table>,
) -> HashMap<NodeId, Table> {
    let indexed = graph.ids().filter(|id| dependent[id.index()] && needed[id.index()]);
    let arguments = indexed.flat_map(|id| graph.node(id).arguments.iter().copied());
    let roots: Vec<NodeId> = arguments.filter(|argument| !graph.ty(*argument).element.is_real()).collect();
    let used = graph.reachable_from(roots);
    let mut values = given.clone();
    for id in graph.ids().filter(|id| used[id.index()] && !dependent[id.index()]) {
        let node = graph.node(id);
        let arguments: Option<Vec<&Table>> = node.arguments.iter().map(|argument| values.get(argument)).collect();
        let Some(arguments) = arguments.filter(|_| !given.contains_key(&id) && is_small(graph, node)) else { continue };
        let call = Call { graph, node, inputs: &[], arguments: &arguments };
        if let Ok(value) = (definition(&node.op).evaluate)(&call) {
            values.insert(id, value);
        }
    }
    values
}

/// Whether a node is computed in no time.
fn is_small(graph: &Graph, node: &Node) -> bool {
    let steps = match node.op {
        Op::Loop(index) => {
            let run = graph.loop_at(index);
            let has_loop = run.body.ids().any(|id| run.body.loop_of(id).is_some());
            if has_loop { usize::MAX } else { run.trips.saturating_mul(run.body.len()) }
        }
        _ => 0,
    };
    node.ty.shape.count().max(steps) <= MOST_CONSTANTS
}

/// The number of each element of some tables, from 1 on through all of them; as words, which moves leave alone.
fn numbered(types: &[&TensorType]) -> Vec<Table> {
    let mut next = 1;
    let table = |ty: &&TensorType| {
        let bits: Vec<u64> = (next..next + ty.shape.count() as u64).collect();
        next += bits.len() as u64;
        Table { ty: TensorType::new(ElementType::I64, ty.shape.clone()), bits }
    };
    types.iter().map(table).collect()
}

/// For each element of a node that moves elements, the argument and the element that it is.
fn places(graph: &Graph, node: &Node, values: &HashMap<NodeId, Table>) -> Option<Vec<Option<(usize, usize)>>> {
    let types: Vec<&TensorType> = node.arguments.iter().map(|argument| graph.ty(*argument)).collect();
    let mut tables = numbered(&types);
    let mut ends = Vec::new();
    for ((argument, ty), table) in node.arguments.iter().zip(&types).zip(&mut tables) {
        ends.push(ends.last().copied().unwrap_or(0) + ty.shape.count() as u64);
        if !ty.element.is_real() {
            *table = values.get(argument)?.clone();
        }
    }
    let ty = TensorType::new(ElementType::I64, node.ty.shape.clone());
    let moved = Node { op: node.op, arguments: node.arguments.clone(), ty };
    let arguments: Vec<&Table> = tables.iter().collect();
    let call = Call { graph, node: &moved, inputs: &[], arguments: &arguments };
    let result = (definition(&node.op).evaluate)(&call).ok()?;
    let place = |number: &u64| {
        let before = number.checked_sub(1)?;
        let argument = ends.iter().position(|end| before < *end)?;
        let first = if argument == 0 { 0 } else { ends[argument - 1] };
        Some((argument, (before - first) as usize))
    };
    Some(result.bits.iter().map(place).collect())
}

/// For each element of an argument the element of the node that it takes part in.
fn targets(
    graph: &Graph,
    node: &Node,
    argument: usize,
    transpose: Op,
    values: &HashMap<NodeId, Table>,
) -> Option<Vec<Option<usize>>> {
    let mut tables = numbered(&[&node.ty]);
    for each in node.arguments.iter().filter(|each| !graph.ty(**each).element.is_real()) {
        tables.push(values.get(each)?.clone());
    }
    let shape = graph.ty(node.arguments[argument]).shape.clone();
    let back = Node { op: transpose, arguments: node.arguments.clone(), ty: TensorType::new(ElementType::I64, shape) };
    let arguments: Vec<&Table> = tables.iter().collect();
    let call = Call { graph, node: &back, inputs: &[], arguments: &arguments };
    let result = (definition(&transpose).evaluate)(&call).ok()?;
    Some(result.bits.iter().map(|number| number.checked_sub(1).map(|target| target as usize)).collect())
}
