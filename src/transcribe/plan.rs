//! Which nodes get a name of their own; all others are written where they are used.

use super::replaced::Replaced;
use crate::ir::graph::Arguments;
use crate::ir::{ElementType, Graph, NodeId, Op, Outside, Table};
use std::collections::{HashMap, HashSet};

/// How many operations may stand in one expression.
const LONGEST: u32 = 9;

/// Decides for every node of a graph.
pub(super) struct Plan {
    /// Which nodes are needed.
    pub live: Vec<bool>,
    pub named: Vec<bool>,
    /// Nodes that are functions with a derivative of their own.
    pub replaced: HashMap<NodeId, Replaced>,
}

impl Plan {
    /// A plan for some results; `known` nodes are names already, and `wanted` ones get one if they are needed.
    pub fn new(graph: &Graph, roots: &[NodeId], known: &HashSet<NodeId>, wanted: &HashSet<NodeId>) -> Self {
        let replaced = graph.ids().filter_map(|id| Some((id, Replaced::of(graph, id)?))).collect();
        let mut plan = Plan { live: vec![false; graph.len()], named: vec![false; graph.len()], replaced };
        roots.iter().for_each(|root| plan.live[root.index()] = true);
        for id in graph.ids().rev() {
            if plan.live[id.index()] {
                plan.arguments(graph, id).iter().for_each(|argument| plan.live[argument.index()] = true);
            }
        }
        plan.require(graph);
        plan.shorten(graph, roots, known, wanted);
        plan
    }

    /// A plan where every node is written where it is used.
    pub fn nothing_named(graph: &Graph) -> Self {
        let nothing = vec![false; graph.len()];
        Plan { live: nothing.clone(), named: nothing, replaced: HashMap::new() }
    }

    /// What the text of a node is made of.
    fn arguments(&self, graph: &Graph, id: NodeId) -> Arguments {
        match self.replaced.get(&id) {
            Some(replaced) => [replaced.argument].into_iter().collect(),
            None => graph.node(id).arguments.clone(),
        }
    }

    pub fn is_named(&self, id: NodeId) -> bool {
        self.live[id.index()] && self.named[id.index()]
    }

    /// Names what cannot be written in place.
    fn require(&mut self, graph: &Graph) {
        for id in graph.ids().filter(|id| self.live[id.index()]) {
            let node = graph.node(id);
            if stands_alone(graph, id) {
                self.named[id.index()] = true;
            }
            let (first, count) = match node.op {
                Op::Gather { .. } => (0, 1),
                Op::Pad { axis, .. } => (0, usize::from(graph.ty(node.arguments[0]).shape[axis as usize] > 1)),
                Op::Unwindow { .. } => (0, 1),
                Op::LinearAlgebra(_) if graph.ty(node.arguments[0]).shape.rank() > 2 => (0, node.arguments.len()),
                Op::Window { .. } => (0, 1),
                Op::Loop(index) => {
                    let first = graph.loop_at(index).first_sequence();
                    (first, node.arguments.len() - first)
                }
                _ => (0, 0),
            };
            for argument in &node.arguments[first..first + count] {
                let is_view = matches!(node.op, Op::Window { .. }) && is_view(graph, *argument);
                if graph.constant_value(*argument).is_none() && !is_view {
                    self.named[argument.index()] = true;
                }
            }
        }
    }

    /// Names what is used several times, what the source names, and what would make an expression too long.
    fn shorten(&mut self, graph: &Graph, roots: &[NodeId], known: &HashSet<NodeId>, wanted: &HashSet<NodeId>) {
        let mut uses = vec![0u32; graph.len()];
        for root in roots {
            uses[root.index()] += 1;
        }
        for id in graph.ids().rev().filter(|id| self.live[id.index()]) {
            let at = id.index();
            let is_free = graph.constant_value(id).is_some()
                || matches!(graph.node(id).op, Op::Input(_) | Op::Iota(_) | Op::Loop(_))
                || matches!(graph.node(id).op, Op::Table(index) if pattern(graph.table(index)).is_some());
            if is_free || known.contains(&id) {
                self.named[at] = false;
            } else if wanted.contains(&id) || (uses[at] > 1 && !is_view(graph, id)) {
                self.named[at] = true;
            }
            let written = if self.named[at] { 1 } else { uses[at] };
            for argument in &self.arguments(graph, id) {
                uses[argument.index()] = uses[argument.index()].saturating_add(written.max(1));
            }
        }
        let mut cost = vec![0u32; graph.len()];
        for id in graph.ids().filter(|id| self.live[id.index()]) {
            let at = id.index();
            let own = u32::from(matches!(graph.node(id).op, Op::Pointwise(_)))
                + 3 * u32::from(matches!(graph.node(id).op, Op::Reduce(..) | Op::Contract { .. } | Op::Concatenate(_)));
            let arguments: u32 = self.arguments(graph, id).iter().map(|each| cost[each.index()]).sum();
            cost[at] = own + arguments;
            if cost[at] > LONGEST && own > 0 && !known.contains(&id) && !roots.contains(&id) {
                self.named[at] = true;
            }
            if self.named[at] || known.contains(&id) {
                cost[at] = 0;
            }
        }
    }
}

/// Whether a node is the same elements in other places.
pub(super) fn is_view(graph: &Graph, id: NodeId) -> bool {
    matches!(
        graph.node(id).op,
        Op::Broadcast(_)
            | Op::Transpose(_)
            | Op::Slice { .. }
            | Op::Reverse(_)
            | Op::Reshape
            | Op::Window { .. }
            | Op::BatchReduce(_)
    )
}

/// Whether an operation is a statement of its own, whatever uses it.
fn stands_alone(graph: &Graph, id: NodeId) -> bool {
    let node = graph.node(id);
    match node.op {
        Op::LinearAlgebra(_) | Op::Random(_) | Op::Table(_) => true,
        Op::Reduce(..)
        | Op::Contract { .. }
        | Op::ArgReduce(..)
        | Op::ScatterAdd { .. }
        | Op::Unwindow { .. }
        | Op::Concatenate(_) => node.ty.shape.rank() > 0,
        Op::Gather { outside, .. } => outside == Outside::Zero && node.ty.shape.rank() > 0,
        Op::Result(_) => true,
        _ => false,
    }
}

/// A rule that the entries of a table follow.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Pattern {
    /// Of a matrix: one word where `row RELATION column` holds, another where it does not.
    Relation { relation: &'static str, yes: u64, no: u64 },
    /// Of truth values in a row: whether `position RELATION bound`.
    Bound { relation: &'static str, bound: usize },
    /// `start + step * position` along an axis.
    Ramp { axis: usize, start: i64, step: i64 },
}

/// The rule that a table follows, if it is one that is easier to read than its entries.
pub(super) fn pattern(table: &Table) -> Option<Pattern> {
    let count = table.bits.len();
    match table.ty.shape.sizes() {
        [rows, columns] if *rows > 1 && *columns > 1 => relation(table, *rows, *columns).or_else(|| ramp(table)),
        [_] if table.ty.element == ElementType::Bool && count > 1 => bound(table),
        _ if count > 2 => ramp(table),
        _ => None,
    }
}

fn relation(table: &Table, rows: usize, columns: usize) -> Option<Pattern> {
    type Holds = fn(usize, usize) -> bool;
    let relations: [(&str, Holds); 5] = [
        ("==", |row, column| row == column),
        (">=", |row, column| row >= column),
        ("<=", |row, column| row <= column),
        (">", |row, column| row > column),
        ("<", |row, column| row < column),
    ];
    relations.into_iter().find_map(|(relation, holds)| {
        let holds = |at: usize| holds(at / columns, at % columns);
        let word = |wanted: bool| (0..rows * columns).find(|at| holds(*at) == wanted).map(|at| table.bits[at]);
        let (yes, no) = (word(true)?, word(false)?);
        let fits = (0..rows * columns).all(|at| table.bits[at] == if holds(at) { yes } else { no });
        fits.then_some(Pattern::Relation { relation, yes, no })
    })
}

fn bound(table: &Table) -> Option<Pattern> {
    let found = table.bits.iter().position(|bit| *bit != table.bits[0])?;
    let all = |holds: &dyn Fn(usize) -> bool| table.bits.iter().enumerate().all(|(at, bit)| (*bit != 0) == holds(at));
    if all(&|at| at >= found) {
        Some(Pattern::Bound { relation: ">=", bound: found })
    } else if all(&|at| at < found) {
        Some(Pattern::Bound { relation: "<", bound: found })
    } else {
        all(&|at| at == found).then_some(Pattern::Bound { relation: "==", bound: found })
    }
}

fn ramp(table: &Table) -> Option<Pattern> {
    let (element, sizes, strides) = (table.ty.element, table.ty.shape.sizes(), table.ty.shape.strides());
    if element == ElementType::Bool {
        return None;
    }
    let number = |at: usize| element.number(table.bits[at]);
    (0..sizes.len()).filter(|axis| sizes[*axis] > 1).find_map(|axis| {
        let (start, next) = (number(0), number(strides[axis]));
        let is_whole = |value: f64| value.fract() == 0.0 && value.abs() < 1e9;
        if !is_whole(start) || !is_whole(next) || start == next {
            return None;
        }
        let place = |at: usize| (at / strides[axis] % sizes[axis]) as f64;
        let fits = (0..table.bits.len()).all(|at| table.bits[at] == element.word(start + (next - start) * place(at)));
        fits.then_some(Pattern::Ramp { axis, start: start as i64, step: (next - start) as i64 })
    })
}
