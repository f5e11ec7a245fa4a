//! Building a graph from another: copying live nodes, replacing some.

use super::graph::{Graph, NodeId};
use super::op::Op;

/// Maps the nodes of one graph to those of another that is being built from it.
pub struct Rewriter<'a> {
    source: &'a Graph,
    map: Vec<Option<NodeId>>,
}

impl<'a> Rewriter<'a> {
    /// A rewriter that has mapped nothing yet.
    pub fn new(source: &'a Graph) -> Self {
        Rewriter { source, map: vec![None; source.len()] }
    }

    /// States what a source node becomes.
    pub fn set(&mut self, source: NodeId, target: NodeId) {
        self.map[source.index()] = Some(target);
    }

    /// What a source node became, if it was visited.
    pub fn get(&self, source: NodeId) -> Option<NodeId> {
        self.map[source.index()]
    }

    /// The new arguments of a source node, all of which must be mapped.
    pub fn arguments(&self, source: NodeId) -> super::graph::Arguments {
        let arguments = &self.source.node(source).arguments;
        arguments
            .iter()
            .map(|argument| self.map[argument.index()].expect("arguments are mapped before users"))
            .collect()
    }

    /// Copies a node with its new arguments, keeping its place in the source text.
    pub fn copy(&mut self, target: &mut Graph, id: NodeId) -> NodeId {
        let arguments = self.arguments(id);
        let copied = copy_node(target, self.source, id, &arguments);
        self.set(id, copied);
        copied
    }

    /// Copies the nodes that some need and that are not mapped yet; returns what those became.
    pub fn copy_all(&mut self, target: &mut Graph, roots: &[NodeId]) -> Vec<NodeId> {
        let needed = self.source.reachable_from(roots.iter().copied());
        for id in self.source.ids().filter(|id| needed[id.index()]) {
            if self.get(id).is_none() {
                self.copy(target, id);
            }
        }
        roots.iter().map(|root| self.map[root.index()].expect("every root was copied")).collect()
    }

    /// Declares the source's outputs on the target.
    pub fn copy_outputs(&self, target: &mut Graph) {
        for output in self.source.outputs() {
            let node = self.map[output.node.index()].expect("outputs are mapped");
            match output.updates {
                Some(input) => target.updating_output(output.name.clone(), node, input),
                None => target.output(output.name.clone(), node),
            }
        }
    }
}

/// A node of another graph on arguments of this one, with its place in the source text.
pub fn copy_node(target: &mut Graph, source: &Graph, id: NodeId, arguments: &[NodeId]) -> NodeId {
    let node = source.node(id);
    let before = std::mem::replace(&mut target.current_span, source.span(id));
    let copied = match node.op {
        Op::Table(index) => target.constant_table(source.table(index).clone()),
        Op::Loop(index) => target.run_loop(source.loop_at(index).clone(), arguments),
        Op::Custom(index) => target.custom(source.custom_at(index).clone(), arguments),
        Op::Replay(index) => target.replay(source.replay_at(index).clone(), arguments),
        op => target.intern(op, arguments, node.ty.clone()),
    };
    target.current_span = before;
    copied
}

/// The graph without nodes that no output needs; inputs stay, used or not, so that calls keep their signature.
pub fn without_dead_code(graph: &Graph) -> Graph {
    without_inputs(graph, &vec![true; graph.inputs().len()])
}

/// The outputs of a graph as nodes of another one, with nodes of that one in place of the inputs.
pub fn inline(target: &mut Graph, source: &Graph, inputs: &[NodeId]) -> Vec<NodeId> {
    inline_nodes(target, source, inputs, &source.output_nodes())
}

/// Some nodes of a graph as nodes of another one, with nodes of that one in place of the inputs.
pub fn inline_nodes(target: &mut Graph, source: &Graph, inputs: &[NodeId], nodes: &[NodeId]) -> Vec<NodeId> {
    let mut rewriter = Rewriter::new(source);
    for (input, node) in source.input_nodes().into_iter().zip(inputs) {
        rewriter.set(input, *node);
    }
    rewriter.copy_all(target, nodes)
}

/// The graph without dead nodes and without the inputs that are not kept, which no output may need.
pub fn without_inputs(graph: &Graph, kept: &[bool]) -> Graph {
    let mut target = graph.successor();
    let mut rewriter = Rewriter::new(graph);
    for ((input, node), _) in graph.inputs().iter().zip(graph.input_nodes()).zip(kept).filter(|(_, kept)| **kept) {
        rewriter.set(node, target.input(input.name.clone(), input.ty.clone()));
    }
    rewriter.copy_all(&mut target, &graph.output_nodes());
    rewriter.copy_outputs(&mut target);
    target
}

/// Nodes equal to `roots` but for `from[i]` replaced by `to[i]`, appended to the same graph.
///
/// Only nodes that depend on a replaced one are built again.
pub fn substitute(graph: &mut Graph, roots: &[NodeId], from: &[NodeId], to: &[NodeId]) -> Vec<NodeId> {
    let dependent = graph.dependent_on(from);
    let needed = graph.reachable_from(roots.iter().copied());
    let mut map: Vec<Option<NodeId>> = vec![None; graph.len()];
    for (source, target) in from.iter().zip(to) {
        map[source.index()] = Some(*target);
    }
    for index in 0..dependent.len() {
        if !dependent[index] || !needed[index] || map[index].is_some() {
            continue;
        }
        let id = NodeId(index as u32);
        let node = graph.node(id).clone();
        let arguments: Vec<NodeId> =
            node.arguments.iter().map(|argument| map[argument.index()].unwrap_or(*argument)).collect();
        let span = graph.span(id);
        let before = std::mem::replace(&mut graph.current_span, span);
        map[index] = Some(graph.intern(node.op, &arguments, node.ty));
        graph.current_span = before;
    }
    roots.iter().map(|root| map[root.index()].unwrap_or(*root)).collect()
}
