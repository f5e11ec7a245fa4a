//! From nodes to gates: what a reader sees as one operation.
//!
//! Nodes that came from the same expression of the same call are one gate: `x^2` is one, however it is computed. Copies
//! of a scalar along axes and changes of shape are not drawn, and numbers are part of the gate that uses them. The
//! nodes of a call that is folded are one box.

use super::folding::{Calls, Folding, MOST, READABLE, is_library_function};
use super::labels::{call_label, constant, expression_label, is_power, operation_label};
use super::order::merge_cycles;
use crate::ir::{Ends, Graph, NodeId, Op, Scope, ScopeId, TensorType};
use crate::source::{SourceMap, Span};
use std::collections::{HashMap, HashSet};

/// What a gate is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An input; of a model or a loss, parameters are drawn beside their uses.
    Input,
    /// A value that does not depend on any input.
    Constant,
    /// An operation as it is written.
    Operation,
    /// A call as one box.
    Call,
    /// A loop as one box.
    Loop,
    /// A result.
    Output,
}

/// A node of a picture.
#[derive(Clone, Debug)]
pub struct Gate {
    /// What it is.
    pub kind: Kind,
    /// What is written in it.
    pub label: String,
    /// The gates whose values it takes, in order.
    pub inputs: Vec<usize>,
    /// Whether the order of its inputs matters.
    pub is_ordered: bool,
    /// The node whose value is its value, if there is one.
    pub shown: Option<NodeId>,
    /// How many values it gives.
    pub results: usize,
    /// Whether it is an input that is drawn beside its first use, as parameters are.
    pub is_beside_use: bool,
}

/// The gates of a picture; inputs before their users.
#[derive(Clone, Debug, Default)]
pub struct Diagram {
    /// The gates.
    pub gates: Vec<Gate>,
    /// How many calls are drawn as boxes.
    pub boxes: usize,
}

impl Diagram {
    /// The nodes whose values are shown, each once.
    pub fn shown_nodes(&self) -> Vec<NodeId> {
        let mut nodes: Vec<NodeId> = self.gates.iter().filter_map(|gate| gate.shown).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }
}

/// What nodes are one gate.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Key {
    Input(u32),
    Call(ScopeId),
    Expression(Option<ScopeId>, Span),
    Node(NodeId),
}

/// The gates of a graph, folded as asked, or until it is readable.
///
/// `beside_use` says of each input whether it is drawn beside its first use.
pub(super) fn diagram(graph: &Graph, sources: &SourceMap, folding: &Folding, beside_use: &[bool]) -> Diagram {
    let parts = Parts::new(graph);
    let mut calls = Calls::new(graph);
    let limit = if folding.depth.is_some() { MOST } else { READABLE };
    let is_box = |scope: &Scope| folding.depth.is_none() && is_library_function(scope, sources);
    let mut depth = folding.depth.unwrap_or_else(|| calls.deepest());
    calls.fold(depth, &[], is_box);
    while depth > 0 && parts.count(&calls, beside_use) > limit {
        depth -= 1;
        calls.fold(depth, &[], is_box);
    }
    calls.fold(depth, &folding.unfold, is_box);
    if parts.count(&calls, beside_use) > MOST {
        calls.fold_all();
    }
    Builder { parts: &parts, sources, calls: &calls, beside_use }.diagram()
}

/// The nodes of a graph, as far as they are drawn.
struct Parts<'g> {
    graph: &'g Graph,
    /// Which nodes the results need.
    live: Vec<bool>,
    /// The nodes that are drawn, in order.
    drawn: Vec<NodeId>,
    /// For each node the one whose value it repeats.
    stands_for: Vec<NodeId>,
    /// Which nodes depend on an input.
    varying: Vec<bool>,
}

impl<'g> Parts<'g> {
    fn new(graph: &'g Graph) -> Self {
        let live = graph.reachable_from(graph.output_nodes());
        let varying = graph.dependent_on(&graph.input_nodes());
        let mut stands_for: Vec<NodeId> = graph.ids().collect();
        let mut drawn = Vec::new();
        for id in graph.ids().filter(|id| live[id.index()]) {
            let node = graph.node(id);
            match node.op {
                Op::Broadcast(_) | Op::Reshape => stands_for[id.index()] = stands_for[node.arguments[0].index()],
                _ if varying[id.index()] => drawn.push(id),
                _ => {}
            }
        }
        Parts { graph, live, drawn, stands_for, varying }
    }

    /// What each node is part of. A parameter that only one box uses is inside it.
    fn keys(&self, calls: &Calls, beside_use: &[bool]) -> HashMap<NodeId, Key> {
        // Unused inputs are drawn too: that nothing depends on them is worth seeing.
        let inputs = self.graph.input_nodes();
        let mut keys: HashMap<NodeId, Key> =
            inputs.iter().chain(&self.drawn).map(|id| (*id, self.key(calls, *id))).collect();
        let mut users: HashMap<NodeId, Vec<Key>> = HashMap::new();
        for id in &self.drawn {
            for argument in self.arguments(*id) {
                users.entry(argument).or_default().push(keys[id]);
            }
        }
        for (input, _) in inputs.iter().zip(beside_use).filter(|(_, beside_use)| **beside_use) {
            let Some((first, others)) = users.get(input).and_then(|users| users.split_first()) else { continue };
            let is_result = self.graph.output_nodes().iter().any(|output| self.stands_for[output.index()] == *input);
            if matches!(first, Key::Call(_)) && others.iter().all(|other| other == first) && !is_result {
                keys.insert(*input, *first);
            }
        }
        keys
    }

    fn key(&self, calls: &Calls, id: NodeId) -> Key {
        if let Op::Input(index) = self.graph.node(id).op {
            return Key::Input(index);
        }
        let scope = self.graph.scope_of(id);
        match (calls.folded_around(scope), self.graph.span(id)) {
            (Some(call), _) => Key::Call(call),
            (None, Some(span)) => Key::Expression(scope, span),
            (None, None) => Key::Node(id),
        }
    }

    fn count(&self, calls: &Calls, beside_use: &[bool]) -> usize {
        let keys = self.keys(calls, beside_use);
        keys.values().collect::<HashSet<_>>().len()
    }

    /// The arguments of a node as they are drawn.
    fn arguments(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        self.graph.node(id).arguments.iter().map(|argument| self.stands_for[argument.index()])
    }
}

/// The state of making gates.
struct Builder<'p, 'g> {
    parts: &'p Parts<'g>,
    sources: &'p SourceMap,
    calls: &'p Calls<'g>,
    beside_use: &'p [bool],
}

/// The nodes of a gate.
struct Group {
    key: Key,
    nodes: Vec<NodeId>,
}

impl Builder<'_, '_> {
    fn diagram(&self) -> Diagram {
        let (groups, group_of) = self.groups();
        let mut gates: Vec<Gate> = Vec::with_capacity(groups.len());
        let mut place_of: Vec<usize> = vec![0; groups.len()];
        for (index, group) in groups.iter().enumerate() {
            let mut inputs = Vec::new();
            for (argument, is_new) in self.outer_arguments(index, group, &group_of) {
                match group_of.get(&argument) {
                    Some(source) => inputs.push(place_of[*source]),
                    None if is_new && self.is_worth_drawing(group, argument) => {
                        gates.push(self.constant_gate(argument));
                        inputs.push(gates.len() - 1);
                    }
                    None => {}
                }
            }
            let gate = self.gate(group, inputs, &groups, &group_of);
            gates.push(gate);
            place_of[index] = gates.len() - 1;
        }
        for output in self.parts.graph.outputs() {
            let node = self.parts.stands_for[output.node.index()];
            let source = group_of.get(&node).map(|group| place_of[*group]).unwrap_or_else(|| {
                gates.push(self.constant_gate(node));
                gates.len() - 1
            });
            gates.push(Gate { inputs: vec![source], ..plain(Kind::Output, output.name.clone()) });
        }
        let boxes = gates.iter().filter(|gate| gate.kind == Kind::Call).count();
        Diagram { gates, boxes }
    }

    /// The groups in an order in which each stands after those it takes values from, and the group of each node.
    fn groups(&self) -> (Vec<Group>, HashMap<NodeId, usize>) {
        let mut places: HashMap<Key, usize> = HashMap::new();
        let mut groups: Vec<Group> = Vec::new();
        let keys = self.parts.keys(self.calls, self.beside_use);
        let mut nodes: Vec<NodeId> = keys.keys().copied().collect();
        nodes.sort_unstable();
        for id in &nodes {
            let key = keys[id];
            let place = *places.entry(key).or_insert_with(|| {
                groups.push(Group { key, nodes: Vec::new() });
                groups.len() - 1
            });
            groups[place].nodes.push(*id);
        }
        let mut group_of: HashMap<NodeId, usize> = HashMap::new();
        for (index, group) in groups.iter().enumerate() {
            group_of.extend(group.nodes.iter().map(|node| (*node, index)));
        }
        let edges: Vec<Vec<usize>> = groups
            .iter()
            .map(|group| {
                let arguments = group.nodes.iter().flat_map(|node| self.parts.arguments(*node));
                arguments.filter_map(|argument| group_of.get(&argument).copied()).collect()
            })
            .collect();
        let merged = merge_cycles(&edges);
        let mut ordered: Vec<Group> = Vec::with_capacity(merged.len());
        let mut old: Vec<Option<Group>> = groups.into_iter().map(Some).collect();
        for members in merged {
            let mut members: Vec<Group> = members.into_iter().filter_map(|member| old[member].take()).collect();
            members.sort_by_key(|group| usize::MAX - group.nodes.len());
            let mut nodes: Vec<NodeId> = members.iter().flat_map(|group| group.nodes.iter().copied()).collect();
            nodes.sort_unstable();
            if let Some(first) = members.into_iter().next() {
                ordered.push(Group { key: first.key, nodes });
            }
        }
        group_of.clear();
        for (index, group) in ordered.iter().enumerate() {
            group_of.extend(group.nodes.iter().map(|node| (*node, index)));
        }
        (ordered, group_of)
    }

    /// What the nodes of a group take from outside, in order, each with whether it was not met before. An operation of
    /// one node keeps its repetitions: `x * x` has two edges.
    fn outer_arguments(&self, index: usize, group: &Group, group_of: &HashMap<NodeId, usize>) -> Vec<(NodeId, bool)> {
        let mut found: Vec<(NodeId, bool)> = Vec::new();
        for node in &group.nodes {
            for argument in self.parts.arguments(*node).filter(|argument| group_of.get(argument) != Some(&index)) {
                let is_new = found.iter().all(|(each, _)| *each != argument);
                if is_new || group.nodes.len() == 1 {
                    found.push((argument, is_new));
                }
            }
        }
        found
    }

    /// Whether a constant is drawn as a gate: not a number, which stands in the label of its user, nor what an operation
    /// brought along by itself.
    fn is_worth_drawing(&self, group: &Group, constant: NodeId) -> bool {
        let graph = self.parts.graph;
        if matches!(group.key, Key::Call(_)) || !graph.ty(constant).element.is_real() {
            return false;
        }
        match (graph.span(constant), group.key) {
            (Some(span), Key::Expression(_, outer)) => {
                span != outer
                    && graph.constant_value(constant).is_none()
                    && !matches!(graph.node(constant).op, Op::Pad { .. })
            }
            _ => false,
        }
    }

    fn constant_gate(&self, node: NodeId) -> Gate {
        let graph = self.parts.graph;
        let label = match graph.constant_value(node) {
            Some(value) => constant(value),
            None => graph.span(node).map_or_else(|| "constant".to_string(), |span| expression_label(self.text(span))),
        };
        Gate { shown: Some(node), ..plain(Kind::Constant, label) }
    }

    fn text(&self, span: Span) -> &str {
        self.sources.text(span)
    }

    fn gate(&self, group: &Group, inputs: Vec<usize>, groups: &[Group], group_of: &HashMap<NodeId, usize>) -> Gate {
        let graph = self.parts.graph;
        let results = self.results(group, groups, group_of);
        let shown = match results[..] {
            [only] if !matches!(graph.node(only).op, Op::Loop(_)) => Some(self.as_written(only)),
            _ => None,
        };
        let mut gate = Gate { inputs, shown, results: results.len(), ..plain(Kind::Operation, String::new()) };
        match group.key {
            Key::Input(index) => {
                gate.kind = Kind::Input;
                gate.label = graph.inputs()[index as usize].name.clone();
                gate.shown = Some(group.nodes[0]);
                gate.is_beside_use = self.beside_use[index as usize];
            }
            Key::Call(scope) => {
                gate.kind = Kind::Call;
                gate.label = call_label(&graph.scope(scope).name);
            }
            Key::Expression(_, span) => {
                self.label_operation(&mut gate, group, Some(span));
            }
            Key::Node(_) => self.label_operation(&mut gate, group, None),
        }
        gate
    }

    /// The node with the shape that the text says: `x[0]` is a slice of one element, and then a number.
    fn as_written(&self, node: NodeId) -> NodeId {
        let graph = self.parts.graph;
        let mut users =
            graph.ids().filter(|id| self.parts.live[id.index()] && graph.node(*id).arguments.contains(&node));
        match (users.next(), users.next()) {
            (Some(user), None) if graph.node(user).op == Op::Reshape && graph.span(user) == graph.span(node) => user,
            _ => node,
        }
    }

    /// The label of an operation that is not folded.
    fn label_operation(&self, gate: &mut Gate, group: &Group, span: Option<Span>) {
        let graph = self.parts.graph;
        let run = group.nodes.iter().find_map(|node| graph.loop_of(*node));
        if let Some(run) = run {
            gate.kind = Kind::Loop;
            let name = span.map_or_else(|| "loop".to_string(), |span| expression_label(self.text(span)));
            let most = if run.ends == Ends::AfterTrips { "" } else { "at most " };
            gate.label = format!("{name} × {most}{}", run.trips);
            return;
        }
        let is_power = span.is_some_and(|span| is_power(self.text(span)));
        let own = match group.nodes[..] {
            [_] if is_power && gate.inputs.windows(2).any(|pair| pair[0] == pair[1]) => None,
            [only] => operation_label(graph, only, |argument| {
                let stands_for = self.parts.stands_for[argument.index()];
                (!self.parts.varying[argument.index()]).then(|| graph.constant_value(stands_for)).flatten()
            }),
            _ => None,
        };
        let (label, is_ordered) = match (own, span) {
            (Some(own), _) => own,
            (None, Some(span)) => (expression_label(self.text(span)), true),
            (None, None) => (super::labels::structural_name(graph, group.nodes[0]), true),
        };
        if is_power {
            gate.inputs.dedup();
        }
        gate.label = label;
        gate.is_ordered = is_ordered;
    }

    /// The nodes of a group whose values are used outside it.
    fn results(&self, group: &Group, groups: &[Group], group_of: &HashMap<NodeId, usize>) -> Vec<NodeId> {
        let graph = self.parts.graph;
        let own = group_of[&group.nodes[0]];
        let mut used: Vec<NodeId> = groups
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != own)
            .flat_map(|(_, other)| other.nodes.iter().flat_map(|node| self.parts.arguments(*node)))
            .chain(graph.outputs().iter().map(|output| self.parts.stands_for[output.node.index()]))
            .filter(|node| group_of.get(node) == Some(&own))
            .collect();
        used.sort_unstable();
        used.dedup();
        used
    }
}

fn plain(kind: Kind, label: String) -> Gate {
    Gate { kind, label, inputs: Vec::new(), is_ordered: false, shown: None, results: 1, is_beside_use: false }
}

/// The type of the value of a gate.
pub(super) fn type_of<'g>(graph: &'g Graph, gate: &Gate) -> Option<&'g TensorType> {
    gate.shown.map(|node| graph.ty(node))
}
