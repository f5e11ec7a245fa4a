//! Nodes as wholes: statements, and texts that take and give whole tensors.

use super::constants;
use super::pointwise;
use super::position::Position;
use super::text::{Level, Text};
use super::writer::{Block, Bound};
use crate::ir::{Axes, ElementType, NodeId, Op, PointwiseRef};

/// How many entries are listed one by one.
const LONGEST_LIST: usize = 6;

impl Block<'_, '_> {
    /// `let name = expression;` for a node that gets a name.
    pub fn statement(&mut self, id: NodeId, note: &str) {
        let node = self.graph.node(id).clone();
        match node.op {
            Op::Result(_) => self.loop_statement(node.arguments[0], note),
            Op::LinearAlgebra(function) => self.matrix_statement(id, function, note),
            Op::Table(index) => {
                let table = self.graph.table(index);
                let annotation = match table.ty.element {
                    ElementType::I64 => format!(": int{}", table.ty.shape),
                    ElementType::Bool => format!(": bool{}", table.ty.shape),
                    _ => format!(": {}", table.ty.shape),
                };
                let text = constants::literal(table);
                let name = self.name_for(id, "table");
                self.let_be(&format!("{name}{annotation}"), &text, note);
                self.bound.insert(id, Bound::Name(name));
            }
            _ => {
                let text = self.unnamed(id);
                let is_name = text.text.chars().all(|each| each.is_alphanumeric() || each == '_');
                if is_name && text.text.starts_with(char::is_alphabetic) && !self.preferred.contains_key(&id) {
                    self.bound.insert(id, Bound::Name(text.text));
                    return;
                }
                let name = self.name_for(id, "t");
                self.let_be(&name, &text.text, note);
                self.bound.insert(id, Bound::Name(name));
            }
        }
    }

    /// The text of a node that is about to be named.
    fn unnamed(&mut self, id: NodeId) -> Text {
        let was = std::mem::replace(&mut self.plan.named[id.index()], false);
        let text = self.tensor(id);
        self.plan.named[id.index()] = was;
        text
    }

    /// The text of a node: as a whole if that can be, else as a comprehension.
    pub fn tensor(&mut self, id: NodeId) -> Text {
        if self.graph.ty(id).shape.rank() == 0 {
            return self.element(id, &[]);
        }
        match self.whole(id) {
            Some(text) => text,
            None if self.is_short_and_pieced(id) => self.listed(id),
            None => self.comprehension(id, &[]),
        }
    }

    /// Whether a node is a short vector of unlike entries.
    fn is_short_and_pieced(&self, id: NodeId) -> bool {
        let sizes = self.graph.ty(id).shape.sizes();
        sizes.len() == 1 && (2..=LONGEST_LIST).contains(&sizes[0]) && self.is_pieced(id)
    }

    /// Whether what is written in place for a node puts pieces together.
    fn is_pieced(&self, id: NodeId) -> bool {
        if self.bound.contains_key(&id) || self.plan.is_named(id) {
            return false;
        }
        let node = self.graph.node(id);
        match node.op {
            Op::Pad { .. } | Op::Concatenate(_) => true,
            Op::Pointwise(_) | Op::Broadcast(_) | Op::Reshape | Op::Reverse(_) | Op::Slice { .. } => {
                node.arguments.iter().any(|argument| self.is_pieced(*argument))
            }
            _ => false,
        }
    }

    /// `[a, b, c]`
    fn listed(&mut self, id: NodeId) -> Text {
        let count = self.graph.ty(id).shape[0] as i64;
        let entries: Vec<Text> = (0..count).map(|at| self.element(id, &[Position::constant(at)])).collect();
        Text::atom(format!("[{}]", super::text::list(&entries)))
    }

    /// The rows of a node at some first positions, as a comprehension over the other axes.
    pub fn comprehension(&mut self, id: NodeId, first: &[Position]) -> Text {
        let sizes = self.graph.ty(id).shape.sizes()[first.len()..].to_vec();
        let mut at = first.to_vec();
        at.extend(sizes.iter().map(|size| self.writer.index(*size)));
        let mut body = self.element(id, &at);
        if self.graph.ty(id).element == ElementType::I64 && body.text.parse::<i64>().is_ok() {
            body = Text::call("int", &[body]);
        }
        if sizes.is_empty() {
            return body;
        }
        let mut ranges: Vec<String> = sizes.iter().map(|_| self.writer.leave()).collect();
        ranges.reverse();
        Text::atom(format!("[{} for {}]", body.text, ranges.join(", ")))
    }

    /// The text of a tensor without indices, if there is one.
    pub fn whole(&mut self, id: NodeId) -> Option<Text> {
        match self.bound.get(&id) {
            Some(Bound::Name(name)) => return Some(Text::atom(name.clone())),
            Some(_) => return None,
            None if self.plan.is_named(id) => {
                self.statement(id, "");
                return self.whole(id);
            }
            None => {}
        }
        if self.plan.replaced.contains_key(&id) {
            return None;
        }
        let node = self.graph.node(id).clone();
        match node.op {
            Op::Pointwise(PointwiseRef(definition)) => {
                let takes_scalars = definition.builtin || pointwise::is_operator(definition);
                if !self.has_whole(id) {
                    return None;
                }
                let arguments: Option<Vec<Text>> =
                    node.arguments.iter().map(|argument| self.operand(*argument, takes_scalars)).collect();
                Some(pointwise::text(self, definition, id, &arguments?, false))
            }
            Op::Transpose(axes) if axes == Axes::new([1, 0]) => {
                let argument = self.whole(node.arguments[0])?;
                Some(Text::atom(format!("{}'", argument.at(Level::Atom))))
            }
            Op::Reduce(..) | Op::Contract { .. } if node.ty.shape.rank() == 0 => Some(self.element(id, &[])),
            Op::Contract { batch: 0, contract: 1 } => self.matrix_product(&node.arguments),
            Op::Concatenate(0) => self.stacked(&node.arguments),
            Op::BatchReduce(_) => self.whole(node.arguments[0]),
            _ => None,
        }
    }

    /// Whether a node can be written without indices.
    pub fn has_whole(&self, id: NodeId) -> bool {
        match self.bound.get(&id) {
            Some(bound) => return matches!(bound, Bound::Name(_)),
            None if self.plan.is_named(id) => return true,
            None if self.plan.replaced.contains_key(&id) => return false,
            None => {}
        }
        let node = self.graph.node(id);
        match node.op {
            Op::Pointwise(PointwiseRef(definition)) if definition.definition.contains("grad(") => false,
            Op::Pointwise(_) => {
                let is_number = |id: &NodeId| self.number_of(*id).is_some();
                node.arguments.iter().all(|id| is_number(id) || self.has_whole(*id))
                    && !node.arguments.iter().all(is_number)
            }
            Op::Transpose(axes) => axes == Axes::new([1, 0]) && self.has_whole(node.arguments[0]),
            _ => false,
        }
    }

    /// The scalar that a node repeats.
    fn number_of(&self, id: NodeId) -> Option<NodeId> {
        let node = self.graph.node(id);
        let is_free = !self.bound.contains_key(&id) && !self.plan.is_named(id);
        match node.op {
            Op::Broadcast(axes) if axes.is_empty() && is_free => Some(node.arguments[0]),
            _ => None,
        }
    }

    /// An operand of a pointwise operation on whole tensors: a number goes with any shape.
    fn operand(&mut self, id: NodeId, takes_scalars: bool) -> Option<Text> {
        match self.number_of(id) {
            Some(number) if takes_scalars => Some(self.element(number, &[])),
            Some(_) => None,
            None => self.whole(id),
        }
    }

    /// `A @ B'` and its like.
    fn matrix_product(&mut self, arguments: &[NodeId]) -> Option<Text> {
        let ranks = [0, 1].map(|place| self.graph.ty(arguments[place]).shape.rank());
        let (left, right) = (arguments[0], arguments[1]);
        let operands = match ranks {
            [1, 1] => {
                let arguments = [self.known_whole(left)?, self.known_whole(right)?];
                return Some(Text::call("dot", &arguments));
            }
            [2, 1] => (self.known_whole(left)?, self.known_whole(right)?),
            [1, 2] => (self.known_whole(right)?, self.known_whole(left)?),
            [2, 2] => (self.known_whole(left)?, self.transposed(right)?),
            _ => return None,
        };
        Some(Text::binary(&operands.0, "@", &operands.1, Level::Product))
    }

    fn known_whole(&mut self, id: NodeId) -> Option<Text> {
        if self.has_whole(id) { self.whole(id) } else { None }
    }

    /// A matrix with its axes exchanged.
    fn transposed(&mut self, id: NodeId) -> Option<Text> {
        let node = self.graph.node(id);
        let is_free = !self.bound.contains_key(&id) && !self.plan.is_named(id);
        match node.op {
            Op::Transpose(axes) if is_free && axes == Axes::new([1, 0]) => self.known_whole(node.arguments[0]),
            _ => {
                let text = self.known_whole(id)?;
                Some(Text::atom(format!("{}'", text.at(Level::Atom))))
            }
        }
    }

    /// `[a, b]`, of parts that are one row each.
    fn stacked(&mut self, parts: &[NodeId]) -> Option<Text> {
        if parts.len() > 8 || parts.iter().any(|part| self.graph.ty(*part).shape[0] != 1) {
            return None;
        }
        let rank = self.graph.ty(parts[0]).shape.rank();
        let mut rows = Vec::with_capacity(parts.len());
        for part in parts {
            rows.push(self.row(*part, &Position::constant(0), rank));
        }
        Some(Text::atom(format!("[{}]", super::text::list(&rows))))
    }

    /// One row of a node of some rank.
    pub fn row(&mut self, id: NodeId, position: &Position, rank: usize) -> Text {
        let sizes = self.graph.ty(id).shape.sizes().to_vec();
        match self.bound.get(&id).cloned() {
            Some(Bound::Name(name)) => self.subscript(&name, std::slice::from_ref(position), &sizes),
            Some(Bound::Reversed(name)) => {
                let position = position.times(-1).offset(sizes[0] as i64 - 1);
                self.subscript(&name, &[position], &sizes)
            }
            _ if rank == 1 => self.element(id, std::slice::from_ref(position)),
            _ => self.comprehension(id, std::slice::from_ref(position)),
        }
    }
}
