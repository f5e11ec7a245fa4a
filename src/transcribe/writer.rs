//! What all functions of a text share, and the state of writing one block of statements.

use super::names::Names;
use super::plan::Plan;
use super::position::Position;
use super::text::Text;
use crate::ir::{ElementType, Graph, NodeId, Pointwise};
use crate::source::Span;
use std::collections::HashMap;

/// How many letters a statement and the comment beside it may have.
const LINE: usize = 88;

/// An operation that nd cannot say.
#[derive(Clone, PartialEq, Debug)]
pub struct Refusal {
    /// What it is.
    pub operation: String,
    /// Where it came from.
    pub span: Option<Span>,
}

/// What all functions of a text share.
pub struct Writer {
    pub(super) names: Names,
    /// The operations without a name in nd that were used, in order of first use.
    pub(super) helpers: Vec<&'static Pointwise>,
    /// Whether the derivative of a determinant was used.
    pub(super) uses_cofactors: bool,
    /// The values and the derivatives of functions with a derivative of their own, as texts in `x`.
    pub(super) own_slopes: Vec<(String, String)>,
    /// The loop steps and indices around, as a draw of random numbers sees them.
    pub(super) surroundings: Vec<String>,
    pub(super) refusal: Option<Refusal>,
    pub(super) real: ElementType,
}

impl Writer {
    /// A writer of functions of this precision.
    pub fn new(real: ElementType) -> Self {
        Writer {
            names: Names::default(),
            helpers: Vec::new(),
            uses_cofactors: false,
            own_slopes: Vec::new(),
            surroundings: Vec::new(),
            refusal: None,
            real,
        }
    }

    /// A name like this one that nothing else in the text has.
    pub fn fresh(&mut self, like: &str) -> String {
        self.names.fresh(like)
    }

    /// Definitions of the operations without a name in nd that were used so far.
    pub fn helpers(&self) -> String {
        let mut out = String::new();
        if self.uses_cofactors {
            out.push_str(
                "/// The derivative of the determinant by each entry.\nfn cofactors(A: [n, n]) = grad(det)(A)\n\n",
            );
        }
        for helper in &self.helpers {
            out.push_str(&format!("/// {}\nfn {}{}\n\n", helper.documentation, helper.name, helper.definition));
        }
        for (number, (value, slope)) in self.own_slopes.iter().enumerate() {
            let name = format!("own_slope_{}", number + 1);
            out.push_str(&format!("/// A function with a derivative of its own.\nfn {name}(x) = {value}\nderivative {name}(x) = {slope}\n\n"));
        }
        out
    }

    /// Notes that something cannot be said; the text in its place is never shown.
    pub(super) fn refuse(&mut self, operation: String, span: Option<Span>) -> Text {
        self.refusal.get_or_insert(Refusal { operation, span });
        Text::atom("nan")
    }

    pub(super) fn index(&mut self, count: usize) -> Position {
        let number = self.names.index(count);
        let name = self.names.indices[number].name.clone();
        self.surroundings.push(name.clone());
        Position::index(number, &name, count)
    }

    pub(super) fn leave(&mut self) -> String {
        self.surroundings.pop();
        self.names.leave()
    }
}

/// What a node is called.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Bound {
    /// A name, or a part of one: what can be followed by a subscript.
    Name(String),
    /// A name of the rows from last to first.
    Reversed(String),
    /// A number, for any shape.
    Number(Text),
    /// A vector that is the only column of the matrix.
    Column(String),
    /// The names of eigenvalues and eigenvectors.
    Eigen(String, String),
}

/// The state of writing one block.
pub(super) struct Block<'w, 'g> {
    pub writer: &'w mut Writer,
    pub graph: &'g Graph,
    pub plan: Plan,
    pub bound: HashMap<NodeId, Bound>,
    pub statements: String,
    /// What the source calls some nodes.
    pub preferred: &'g HashMap<NodeId, String>,
    /// The nodes that some nodes are the derivatives by.
    pub derived: &'g HashMap<NodeId, NodeId>,
}

impl Block<'_, '_> {
    /// Writes the statements for what is named and needed, among the nodes that fit.
    pub fn write(&mut self, fits: &dyn Fn(NodeId) -> bool, note: &dyn Fn(NodeId) -> String) {
        for id in self.graph.ids() {
            if self.plan.is_named(id) && !self.bound.contains_key(&id) && fits(id) {
                self.statement(id, &note(id));
            }
        }
    }

    /// `let name = expression; // note`
    pub fn let_be(&mut self, pattern: &str, value: &str, note: &str) {
        let line = format!("let {pattern} = {value};");
        let text = if note.is_empty() {
            line
        } else if line.chars().count() + note.chars().count() > LINE {
            format!("// {note}\n{line}")
        } else {
            format!("{line} // {note}")
        };
        self.statements.push_str(&text);
        self.statements.push('\n');
    }

    /// A fresh name for a node: what the source calls it, or else this.
    pub fn name_for(&mut self, id: NodeId, otherwise: &str) -> String {
        let like = match (self.preferred.get(&id), self.derived.get(&id)) {
            (Some(name), _) => name.clone(),
            (None, Some(by)) => match self.bound.get(by) {
                Some(Bound::Name(name)) => format!("d_{}", name.replace('.', "_")),
                _ => "d".to_string(),
            },
            (None, None) => otherwise.to_string(),
        };
        self.writer.fresh(&like)
    }
}
