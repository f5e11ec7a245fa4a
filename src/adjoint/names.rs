//! What the source calls the nodes of a graph, and the comments beside the lines of a gradient.

use crate::check::program::Program;
use crate::ir::{Graph, NodeId, Op};
use crate::lower::adjoint::Adjoint;
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

    /// The nodes that a `let` of the source names: of each place the last node, which is the value.
    pub fn named(&self, graph: &Graph, value: NodeId) -> Vec<NodeId> {
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

    /// The name that a `let` gives to what is computed at a place.
    fn name(&self, graph: &Graph, id: NodeId) -> Option<&'s String> {
        self.program.local_names.get(&graph.span(id)?)
    }

    /// Notes for the function itself.
    pub fn of_value(&self, adjoint: &Adjoint) -> HashMap<NodeId, Note> {
        let mut notes = HashMap::new();
        for watched in &adjoint.watched {
            let name = self.name(&adjoint.graph, watched.node).cloned();
            notes.insert(watched.node, Note { name, comment: String::new() });
        }
        notes
    }

    /// Notes for the gradient: names of what is named in the source and of the derivatives, and for each node that
    /// differentiation has made the expression that it is the derivative of.
    pub fn of_gradient(&self, adjoint: &Adjoint, inputs: &[usize]) -> HashMap<NodeId, Note> {
        let graph = &adjoint.graph;
        let forward = graph.reachable_from([adjoint.value]);
        let mut notes = HashMap::new();
        for id in graph.ids().filter(|id| !forward[id.index()]) {
            let comment = graph.span(id).and_then(|span| self.excerpt(span));
            notes.extend(comment.map(|text| (id, Note { name: None, comment: format!("through {text}") })));
        }
        let is_new = |id: &NodeId| !forward[id.index()] && graph.constant_value(*id).is_none();
        for (node, input) in adjoint.gradients.iter().zip(inputs).filter(|(node, _)| is_new(node)) {
            let name = graph.inputs()[*input].name.replace('.', "_");
            notes.entry(*node).or_default().name.get_or_insert(format!("d_{name}"));
        }
        for (watched, note) in
            self.derivatives(adjoint).filter(|(watched, _)| watched.cotangent.is_some_and(|id| is_new(&id)))
        {
            notes.extend(watched.cotangent.map(|id| (id, note)));
        }
        notes.extend(self.of_value(adjoint));
        notes
    }

    /// The derivatives by what is named in the source that are something else as well: `d_q = z`.
    pub fn aliases(&self, adjoint: &Adjoint) -> Vec<(NodeId, Note)> {
        let forward = adjoint.graph.reachable_from([adjoint.value]);
        let known = self.derivatives(adjoint).filter_map(|(watched, note)| Some((watched.cotangent?, note)));
        let mut aliases: Vec<_> = known.filter(|(id, _)| forward[id.index()]).collect();
        aliases.reverse();
        aliases
    }

    fn derivatives<'a>(
        &'a self,
        adjoint: &'a Adjoint,
    ) -> impl Iterator<Item = (crate::lower::adjoint::Watched, Note)> + 'a {
        adjoint.watched.iter().filter_map(|watched| {
            let name = self.name(&adjoint.graph, watched.node)?;
            let text = adjoint.graph.span(watched.node).and_then(|span| self.excerpt(span)).unwrap_or_default();
            Some((*watched, Note { name: Some(format!("d_{name}")), comment: format!("{name} = {text}") }))
        })
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
