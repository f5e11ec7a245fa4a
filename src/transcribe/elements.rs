//! Nodes element by element: a text for the element at given positions.

use super::constants::scalar;
use super::plan::{Pattern, pattern};
use super::pointwise;
use super::position::{Position, reshaped};
use super::text::{Level, Text, list};
use super::writer::{Block, Bound};
use crate::ir::print::operation;
use crate::ir::{ElementType, NodeId, Op, Outside, PointwiseRef, Reduction, Steps};
use crate::ops::arithmetic::{ADD, MULTIPLY, NEGATE, SUBTRACT};

impl Block<'_, '_> {
    /// The element of a node at positions, one for each axis.
    pub fn element(&mut self, id: NodeId, at: &[Position]) -> Text {
        if let Some(bound) = self.bound.get(&id).cloned() {
            return self.bound_element(id, &bound, at);
        }
        if self.plan.is_named(id) {
            // Only what the plan cannot foresee: a statement that comes later.
            self.statement(id, "");
            return self.element(id, at);
        }
        if self.graph.ty(id).element == ElementType::I64 { self.integer(id, at).text() } else { self.written(id, at) }
    }

    /// A whole number at positions, as what it is affine in.
    pub fn integer(&mut self, id: NodeId, at: &[Position]) -> Position {
        if self.bound.contains_key(&id) || self.plan.is_named(id) {
            return Position::opaque(self.element(id, at), None);
        }
        let node = self.graph.node(id).clone();
        match node.op {
            Op::Scalar(bits) => Position::constant(bits as i64),
            Op::Iota(axis) => at[axis as usize].clone(),
            Op::Pointwise(PointwiseRef(definition)) => {
                let is = |other| std::ptr::eq(definition, other);
                if is(&NEGATE) {
                    return self.integer(node.arguments[0], at).times(-1);
                }
                if !(is(&ADD) || is(&SUBTRACT) || is(&MULTIPLY)) {
                    return Position::opaque(self.written(id, at), None);
                }
                let [left, right] = [0, 1].map(|argument| self.integer(node.arguments[argument], at));
                match (is(&MULTIPLY), left.value(), right.value()) {
                    (true, Some(factor), _) => right.times(factor),
                    (true, _, Some(factor)) => left.times(factor),
                    (true, ..) => {
                        Position::opaque(Text::binary(&left.text(), "*", &right.text(), Level::Product), None)
                    }
                    _ if is(&SUBTRACT) => left.plus(&right.times(-1)),
                    _ => left.plus(&right),
                }
            }
            _ => match self.moved(id, at) {
                Some((argument, at)) => self.integer(argument, &at),
                None => Position::opaque(self.written(id, at), None),
            },
        }
    }

    /// A subscript of a name.
    fn bound_element(&mut self, id: NodeId, bound: &Bound, at: &[Position]) -> Text {
        let sizes = self.graph.ty(id).shape.sizes().to_vec();
        match bound {
            Bound::Number(text) => text.clone(),
            Bound::Name(name) => self.subscript(name, at, &sizes),
            Bound::Reversed(name) => {
                let mut at = at.to_vec();
                at[0] = at[0].times(-1).offset(sizes[0] as i64 - 1);
                self.subscript(name, &at, &sizes)
            }
            Bound::Column(name) => self.subscript(name, &at[..1], &sizes[..1]),
            Bound::Eigen(values, vectors) => {
                let row = sizes.len() - 2;
                let mut vector = at.to_vec();
                vector[row] = at[row].offset(-1);
                let mut value = at.to_vec();
                value.remove(row);
                let (columns, square) = (sizes[row + 1], [sizes[..row].to_vec(), vec![sizes[row + 1]; 2]].concat());
                let flat = [sizes[..row].to_vec(), vec![columns]].concat();
                match at[row].range() {
                    Some((0, 0)) => self.subscript(values, &value, &flat),
                    Some((least, _)) if least > 0 => self.subscript(vectors, &vector, &square),
                    _ => {
                        let first = Text::binary(&at[row].text(), "==", &Text::atom("0"), Level::Comparison);
                        let values = self.subscript(values, &value, &flat);
                        let vectors = self.subscript(vectors, &vector, &square);
                        Text::choice(&first, &values, &vectors)
                    }
                }
            }
        }
    }

    /// `name[i, j]`
    pub fn subscript(&mut self, name: &str, at: &[Position], sizes: &[usize]) -> Text {
        if at.is_empty() {
            return Text::atom(name);
        }
        for (position, size) in at.iter().zip(sizes) {
            if let Some(index) = position.bare() {
                self.writer.names.read(index, *size);
            }
        }
        let at: Vec<Text> = at.iter().map(Position::text).collect();
        Text::atom(format!("{name}[{}]", list(&at)))
    }

    /// The argument that a node only moves, and where its element is.
    fn moved(&mut self, id: NodeId, at: &[Position]) -> Option<(NodeId, Vec<Position>)> {
        let node = self.graph.node(id);
        let argument = *node.arguments.first()?;
        let sizes = self.graph.ty(argument).shape.sizes();
        let mut moved = at.to_vec();
        match node.op {
            Op::Broadcast(axes) => moved = axes.iter().map(|axis| at[axis].clone()).collect(),
            Op::Transpose(axes) => axes.iter().enumerate().for_each(|(to, from)| moved[from] = at[to].clone()),
            Op::Slice { axis, start, step } => {
                let axis = axis as usize;
                moved[axis] = at[axis].times(i64::from(step)).offset(i64::from(start));
            }
            Op::Reverse(axis) => {
                let axis = axis as usize;
                moved[axis] = at[axis].times(-1).offset(sizes[axis] as i64 - 1);
            }
            Op::Reshape => moved = reshaped(at, node.ty.shape.sizes(), sizes),
            Op::Window { axis, steps: Steps { start, outer, inner } } => {
                let axis = axis as usize;
                let inside = at[axis + 1].times(i64::from(inner));
                moved[axis] = at[axis].times(i64::from(outer)).plus(&inside).offset(i64::from(start));
                moved.remove(axis + 1);
            }
            Op::BatchReduce(_) => {}
            _ => return None,
        }
        Some((argument, moved))
    }

    /// The element of a node that has no name.
    fn written(&mut self, id: NodeId, at: &[Position]) -> Text {
        if let Some((argument, at)) = self.moved(id, at) {
            return self.element(argument, &at);
        }
        if let Some(replaced) = self.plan.replaced.get(&id) {
            return self.with_own_slope(*replaced, at);
        }
        let node = self.graph.node(id).clone();
        match node.op {
            Op::Scalar(bits) => scalar(node.ty.element, bits),
            Op::Iota(axis) => at[axis as usize].text(),
            Op::Pointwise(PointwiseRef(definition)) => {
                let arguments: Vec<Text> = node.arguments.iter().map(|argument| self.element(*argument, at)).collect();
                pointwise::text(self, definition, id, &arguments, true)
            }
            Op::Table(index) => self.relation(index, at),
            Op::Pad { axis, low, step } => self.padded(node.arguments[0], axis as usize, low, step, at),
            Op::Concatenate(axis) => self.concatenated(&node.arguments, axis as usize, at),
            Op::Reduce(reduction, axes) => {
                let argument = node.arguments[0];
                let folded: Vec<usize> = axes.iter().collect();
                self.reduced(self.reducer(reduction, argument), argument, &folded, at)
            }
            Op::ArgReduce(extreme, axis) => {
                let name = format!("arg{}", format!("{extreme:?}").to_lowercase());
                self.reduced(&name, node.arguments[0], &[axis as usize], at)
            }
            Op::Contract { batch, contract } => self.contracted(&node.arguments, batch as usize, contract as usize, at),
            Op::Gather { batch, outside } => self.gathered(&node.arguments, batch as usize, outside, at),
            Op::ScatterAdd { batch, outside } => self.scattered(id, batch as usize, outside, at),
            Op::Unwindow { axis, steps } => self.unwindowed(node.arguments[0], axis as usize, steps, at),
            Op::Mix => {
                let [first, second] = [0, 1].map(|argument| self.element(node.arguments[argument], at));
                Text::call("random.mix", &[first, second])
            }
            Op::Random(distribution) => self.drawn(id, distribution, node.arguments[0], at),
            Op::LinearAlgebra(_)
            | Op::Loop(_)
            | Op::Replay(_)
            | Op::Custom(_)
            | Op::Result(_)
            | Op::Input(_)
            | Op::Placeholder(_)
            | Op::Broadcast(_)
            | Op::Reshape
            | Op::Transpose(_)
            | Op::Slice { .. }
            | Op::Reverse(_)
            | Op::Window { .. }
            | Op::BatchReduce(_) => self.refused(id),
        }
    }

    /// What stands in place of an operation that nd cannot say.
    pub fn refused(&mut self, id: NodeId) -> Text {
        self.writer.refuse(operation(self.graph, id), self.graph.span(id))
    }

    /// The name of a reducer of the elements of a node.
    pub fn reducer(&self, reduction: Reduction, argument: NodeId) -> &'static str {
        match (reduction, self.graph.ty(argument).element) {
            (Reduction::Sum, _) => "sum",
            (Reduction::Product, _) => "prod",
            (Reduction::Max, ElementType::Bool) => "any",
            (Reduction::Min, ElementType::Bool) => "all",
            (Reduction::Max, _) => "max",
            (Reduction::Min, _) => "min",
        }
    }

    /// `reducer(element for i, j)` over some axes.
    fn reduced(&mut self, reducer: &str, argument: NodeId, folded: &[usize], at: &[Position]) -> Text {
        let sizes = self.graph.ty(argument).shape.sizes().to_vec();
        if folded.len() == sizes.len() && self.has_whole(argument) {
            let whole = self.tensor(argument);
            return Text::call(reducer, &[whole]);
        }
        let of_folded: Vec<usize> = folded.iter().map(|axis| sizes[*axis]).collect();
        let keeps_all = reducer.starts_with("arg") || of_folded.contains(&0);
        let (indices, count) = if keeps_all {
            (of_folded.iter().map(|size| self.writer.index(*size)).collect(), folded.len())
        } else {
            self.indices(&of_folded)
        };
        let (mut rest, mut indices) = (at.iter().cloned(), indices.into_iter());
        let mut places = Vec::with_capacity(sizes.len());
        for axis in 0..sizes.len() {
            places.extend(if folded.contains(&axis) { indices.next() } else { rest.next() });
        }
        let mut body = self.element(argument, &places);
        if self.graph.ty(argument).element == ElementType::I64 && pointwise::is_literal(&body) {
            body = Text::call("int", &[body]);
        }
        if count == 0 { body } else { self.folded(reducer, &body, count, None) }
    }

    /// New indices for axes of these sizes, and how many: an axis of one row needs none.
    pub fn indices(&mut self, sizes: &[usize]) -> (Vec<Position>, usize) {
        let index = |size: &usize| if *size == 1 { Position::constant(0) } else { self.writer.index(*size) };
        (sizes.iter().map(index).collect(), sizes.iter().filter(|size| **size != 1).count())
    }

    /// `reducer(body for i, j if condition)` over the last indices.
    pub fn folded(&mut self, reducer: &str, body: &Text, indices: usize, condition: Option<&Text>) -> Text {
        let mut ranges: Vec<String> = (0..indices).map(|_| self.writer.leave()).collect();
        ranges.reverse();
        let condition = condition.map_or_else(String::new, |condition| format!(" if {}", condition.text));
        Text::atom(format!("{reducer}({} for {}{condition})", body.text, ranges.join(", ")))
    }

    fn contracted(&mut self, arguments: &[NodeId], batch: usize, contract: usize, at: &[Position]) -> Text {
        let sizes = self.graph.ty(arguments[0]).shape.sizes().to_vec();
        let kept = sizes.len() - contract;
        if kept == 0 && contract == 1 && arguments.iter().all(|argument| self.has_whole(*argument)) {
            let vectors: Vec<Text> = arguments.iter().map(|argument| self.tensor(*argument)).collect();
            return Text::call("dot", &vectors);
        }
        let (indices, count) = self.indices(&sizes[kept..]);
        let left: Vec<Position> = at[..kept].iter().chain(&indices).cloned().collect();
        let right: Vec<Position> = at[..batch].iter().chain(&at[kept..]).chain(&indices).cloned().collect();
        let left = self.element(arguments[0], &left);
        let right = self.element(arguments[1], &right);
        let product = Text::binary(&left, "*", &right, Level::Product);
        if count == 0 { product } else { self.folded("sum", &product, count, None) }
    }

    fn concatenated(&mut self, parts: &[NodeId], axis: usize, at: &[Position]) -> Text {
        let (least, greatest) = at[axis].range().unwrap_or((0, i64::MAX));
        let (mut start, mut pieces) = (0, Vec::new());
        for part in parts {
            let size = self.graph.ty(*part).shape[axis] as i64;
            if size > 0 && start <= greatest && start + size > least {
                let mut places = at.to_vec();
                places[axis] = if size == 1 { Position::constant(0) } else { at[axis].offset(-start) };
                pieces.push((start + size, self.element(*part, &places)));
            }
            start += size;
        }
        let Some((_, mut text)) = pieces.pop() else { return scalar(ElementType::I64, 0) };
        for (end, piece) in pieces.into_iter().rev() {
            let inside = Text::binary(&at[axis].text(), "<", &Text::atom(end.to_string()), Level::Comparison);
            text = Text::choice(&inside, &piece, &text);
        }
        text
    }

    /// A table whose entries follow from their positions.
    fn relation(&mut self, table: u32, at: &[Position]) -> Text {
        let table = self.graph.table(table);
        let element = table.ty.element;
        match pattern(table) {
            None => self.writer.refuse("a table".to_string(), None),
            Some(Pattern::Relation { relation, yes: 0, no: 1 }) if element == ElementType::Bool => {
                Text::binary(&at[0].text(), opposite(relation), &at[1].text(), Level::Comparison)
            }
            Some(Pattern::Relation { relation, yes, no }) => {
                let condition = Text::binary(&at[0].text(), relation, &at[1].text(), Level::Comparison);
                match (element, yes, no) {
                    (ElementType::Bool, 1, 0) => condition,
                    _ => Text::choice(&condition, &scalar(element, yes), &scalar(element, no)),
                }
            }
            Some(Pattern::Bound { relation, bound }) => {
                Text::binary(&at[0].text(), relation, &Text::atom(bound.to_string()), Level::Comparison)
            }
            Some(Pattern::Ramp { axis, start, step }) => {
                let text = at[axis].times(step).offset(start).text();
                if element == ElementType::I64 { text } else { Text::call("real", &[text]) }
            }
        }
    }

    fn gathered(&mut self, arguments: &[NodeId], batch: usize, outside: Outside, at: &[Position]) -> Text {
        let (operand, indices) = (arguments[0], arguments[1]);
        let chosen = self.graph.ty(indices).shape.rank();
        let position = self.integer(indices, &at[..chosen]);
        let places: Vec<Position> =
            at[..batch].iter().cloned().chain([position]).chain(at[chosen..].iter().cloned()).collect();
        let text = self.element(operand, &places);
        match outside {
            Outside::Error => text,
            Outside::Zero => or_zero(&text, self.graph.ty(operand).element),
        }
    }
}

/// The relation that holds where another does not, of whole numbers.
fn opposite(relation: &str) -> &'static str {
    match relation {
        ">=" => "<",
        "<=" => ">",
        ">" => "<=",
        "<" => ">=",
        _ => "!=",
    }
}

/// `(subscript else 0)`
pub(super) fn or_zero(subscript: &Text, element: ElementType) -> Text {
    let zero = scalar(element, 0);
    Text::atom(format!("({} else {})", subscript.text, zero.text))
}
