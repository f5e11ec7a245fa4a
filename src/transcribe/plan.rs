//! Which nodes get a name of their own; all others are written where they are used.

use crate::ir::{Graph, NodeId, Op, Outside, Table};
use std::collections::HashSet;

/// How many operations may stand in one expression.
const LONGEST: u32 = 9;

/// Decides for every node of a graph.
pub(super) struct Plan {
    /// Which nodes are needed.
    pub live: Vec<bool>,
    pub named: Vec<bool>,
}

impl Plan {
    /// A plan for some results; `known` nodes are names already, and `wanted` ones get one if they are needed.
    pub fn new(graph: &Graph, roots: &[NodeId], known: &HashSet<NodeId>, wanted: &HashSet<NodeId>) -> Self {
        let live = graph.reachable_from(roots.iter().copied());
        let mut plan = Plan { live, named: vec![false; graph.len()] };
        plan.require(graph);
        plan.shorten(graph, roots, known, wanted);
        plan
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
                Op::Unwindow { .. } | Op::LinearAlgebra(_) => (0, node.arguments.len()),
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
            for argument in &graph.node(id).arguments {
                uses[argument.index()] = uses[argument.index()].saturating_add(written.max(1));
            }
        }
        let mut cost = vec![0u32; graph.len()];
        for id in graph.ids().filter(|id| self.live[id.index()]) {
            let at = id.index();
            let own = u32::from(matches!(graph.node(id).op, Op::Pointwise(_)))
                + 3 * u32::from(matches!(graph.node(id).op, Op::Reduce(..) | Op::Contract { .. } | Op::Concatenate(_)));
            let arguments: u32 = graph.node(id).arguments.iter().map(|each| cost[each.index()]).sum();
            cost[at] = own + arguments;
            if cost[at] > LONGEST && own > 0 && !known.contains(&id) {
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

/// A relation of row and column.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Pattern {
    /// `row RELATION column`
    pub relation: &'static str,
    /// The word where it holds.
    pub yes: u64,
    /// The word where it does not.
    pub no: u64,
}

/// The relation that the entries of a matrix of more than one follow, if they have two values by one.
pub(super) fn pattern(table: &Table) -> Option<Pattern> {
    let [rows, columns] = table.ty.shape.sizes() else { return None };
    let relations: [(&str, fn(usize, usize) -> bool); 5] = [
        ("==", |row, column| row == column),
        (">=", |row, column| row >= column),
        ("<=", |row, column| row <= column),
        (">", |row, column| row > column),
        ("<", |row, column| row < column),
    ];
    if *rows < 2 || *columns < 2 {
        return None;
    }
    relations.into_iter().find_map(|(relation, holds)| {
        let places = || (0..*rows).flat_map(|row| (0..*columns).map(move |column| (row, column)));
        let word = |wanted: bool| {
            let mut words = places().zip(&table.bits).filter(|((row, column), _)| holds(*row, *column) == wanted);
            words.next().map(|(_, word)| *word)
        };
        let (yes, no) = (word(true)?, word(false)?);
        let fits =
            places().zip(&table.bits).all(|((row, column), word)| *word == if holds(row, column) { yes } else { no });
        fits.then_some(Pattern { relation, yes, no })
    })
}
