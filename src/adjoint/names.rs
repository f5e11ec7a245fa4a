//! What the source calls the nodes of a graph, and the comments beside the lines of a gradient.

use crate::check::program::Program;
use crate::ir::{Graph, NodeId, Op};
use crate::lower::adjoint::{Adjoint, Watched};
use crate::source::{SourceMap, Span};
use crate::subject::Subject;
use crate::transcribe::Note;
use std::collections::HashMap;

/// How much of a source expression a comment shows.
const COMMENT_LETTERS: usize = 48;

/// The names and texts of a file.
pub(super) struct Names<'s> {
    program: &'s Program,
    sources: &'s SourceMap,
}

impl<'s> Names<'s> {
    /// Those of the file that a subject is from.
    pub fn new(subject: &'s Subject) -> Self {
        Names { program: &subject.checked.program, sources: &subject.checked.sources }
    }

    /// The nodes whose derivatives are of interest: those with a name; without loops, which carry what is asked for, all.
    pub fn watched(&self, graph: &Graph, value: NodeId) -> Vec<NodeId> {
        let needed = graph.reachable_from([value]);
        if graph.ids().any(|id| needed[id.index()] && matches!(graph.node(id).op, Op::Loop(_))) {
            return self.named(graph, value);
        }
        graph.ids().filter(|id| needed[id.index()] && graph.constant_value(*id).is_none()).collect()
    }

    /// The nodes that a `let` of the source names: of each place the last node, which is the value.
    fn named(&self, graph: &Graph, value: NodeId) -> Vec<NodeId> {
        let needed = graph.reachable_from([value]);
        let mut last: HashMap<Span, NodeId> = HashMap::new();
        for id in graph.ids().filter(|id| needed[id.index()]) {
            let is_value = !matches!(graph.node(id).op, Op::Input(_) | Op::Scalar(_) | Op::Loop(_));
            if let Some(span) = graph.span(id).filter(|_| is_value && graph.constant_value(id).is_none()) {
                last.insert(span, id);
            }
        }
        let mut named: Vec<NodeId> = last
            .into_iter()
            .filter(|(span, _)| self.program.local_names.contains_key(span))
            .map(|(_, id)| id)
            .collect();
        named.sort_unstable();
        named
    }

    /// Notes for the function itself.
    pub fn of_value(&self, graph: &Graph, value: NodeId) -> HashMap<NodeId, Note> {
        let name = |id: &NodeId| graph.span(*id).and_then(|span| self.program.local_names.get(&span).cloned());
        self.named(graph, value).into_iter().map(|id| (id, Note { name: name(&id), ..Note::default() })).collect()
    }

    /// Notes for the gradient: names of what is named in the source and of the derivatives, and for each node that
    /// differentiation has made the expression that it is the derivative by, or that it leads through.
    pub fn of_gradient(&self, adjoint: &Adjoint, inputs: &[usize]) -> HashMap<NodeId, Note> {
        let graph = &adjoint.graph;
        let mut notes = self.of_value(graph, adjoint.value);
        let forward = graph.reachable_from([adjoint.value]);
        let is_new = |id: &NodeId| !forward[id.index()] && graph.constant_value(*id).is_none();
        for id in graph.ids().filter(is_new) {
            let comment = graph.span(id).and_then(|span| self.excerpt(span));
            notes.extend(comment.map(|text| (id, Note { comment: format!("through {text}"), ..Note::default() })));
        }
        let mut derived: Vec<(NodeId, Note)> = Vec::new();
        for (node, input) in adjoint.gradients.iter().zip(inputs) {
            let name = graph.inputs()[*input].name.replace('.', "_");
            let comment = format!("by {}", graph.inputs()[*input].name);
            derived.push((*node, Note { name: Some(format!("d_{name}")), by: None, comment }));
        }
        derived.extend(self.derivatives(adjoint, &notes));
        // Of several meanings of a node the first counts: a gradient, a name of the source, any other.
        for (node, note) in derived.into_iter().rev().filter(|(node, _)| is_new(node)) {
            notes.insert(node, note);
        }
        notes
    }

    /// The derivatives by what is named in the source that are something else as well: `d_q = z`.
    pub fn aliases(&self, adjoint: &Adjoint, notes: &HashMap<NodeId, Note>) -> Vec<(NodeId, Note)> {
        let forward = adjoint.graph.reachable_from([adjoint.value]);
        let known = self.derivatives(adjoint, notes).into_iter().filter(|(_, note)| note.name.is_some());
        known.filter(|(id, _)| forward[id.index()]).collect()
    }

    /// The derivatives by inner nodes, last node first; those by nodes with a name before all others.
    fn derivatives(&self, adjoint: &Adjoint, notes: &HashMap<NodeId, Note>) -> Vec<(NodeId, Note)> {
        let mut derivatives = Vec::new();
        for Watched { node, cotangent } in adjoint.watched.iter().rev() {
            let Some(cotangent) = cotangent else { continue };
            let name = notes.get(node).and_then(|note| note.name.as_ref());
            let comment = adjoint.graph.span(*node).and_then(|span| self.excerpt(span));
            let comment = comment.map_or_else(String::new, |text| format!("by {text}"));
            derivatives
                .push((*cotangent, Note { name: name.map(|name| format!("d_{name}")), by: Some(*node), comment }));
        }
        derivatives.sort_by_key(|(_, note)| note.name.is_none());
        derivatives
    }

    /// The text of a place on one line.
    fn excerpt(&self, span: Span) -> Option<String> {
        let text = self.sources.get(span.source).text.get(span.start as usize..span.end as usize)?;
        let words: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
        let line = words.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = line.chars().take(COMMENT_LETTERS).collect();
        Some(if short.len() < line.len() { format!("{short}…") } else { line })
    }
}
