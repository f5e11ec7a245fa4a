//! Rows chosen by indices: where they are fewer than there are, what the rows are made of is chosen first, so that
//! nothing is computed of rows that nobody reads.
//!
//! The rules look at the node alone, not at whether others need all rows: how a product rounds must not hang on that.

use super::Rule;
use crate::ir::{Axes, ElementType, Graph, MAX_RANK, NodeId, Op, Outside, Shape};

/// The rules of this file.
pub static RULES: &[Rule] = &[
    Rule::exact(
        "gather(f(x, …), i) = f(gather(x, i), …) where it cannot fail and i are at most half the rows",
        gather_of_pointwise,
    ),
    Rule::exact("gather(repeated x, i) = repeated gather(x, i) where i are at most half the rows", gather_of_broadcast),
    Rule::rounding(
        "gather(contract(a, b), i) = contract(gather(a, i), b) where i are at most half the rows",
        gather_of_contraction,
    ),
];

/// By which factor rows must become fewer.
const GAIN: usize = 2;

/// Rows of a tensor, along its first axis.
struct Rows {
    of: NodeId,
    indices: NodeId,
    /// The axes that stand for the first one afterwards.
    rank: usize,
}

impl Rows {
    fn of(graph: &Graph, id: NodeId) -> Option<Self> {
        let Op::Gather { batch: 0, outside: Outside::Error } = graph.node(id).op else { return None };
        let (of, indices) = (graph.node(id).arguments[0], graph.node(id).arguments[1]);
        let shape = &graph.ty(indices).shape;
        let fewer = shape.count() * GAIN <= graph.ty(of).shape[0];
        (shape.rank() > 0 && shape.count() > 0 && fewer).then(|| Rows { of, indices, rank: shape.rank() })
    }

    fn taken(&self, graph: &mut Graph, of: NodeId) -> NodeId {
        graph.gather(of, self.indices, 0)
    }

    /// The axis that an axis behind the first is afterwards.
    fn moved(&self, axis: usize) -> usize {
        axis + self.rank - 1
    }

    /// A repetition along the first axis, which is the same for all rows, of this shape.
    fn repeated(&self, graph: &mut Graph, id: NodeId, shape: &Shape) -> Option<NodeId> {
        let Op::Broadcast(axes) = graph.node(id).op else { return None };
        let source = graph.node(id).arguments[0];
        let axes = (!axes.contains(0)).then(|| Axes::new(axes.iter().map(|axis| self.moved(axis))))?;
        Some(graph.broadcast(source, axes, shape))
    }
}

/// Integer arithmetic may fail in a row that is not read, and an index outside must be met by someone.
fn gather_of_pointwise(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let rows = Rows::of(graph, id)?;
    let definition = graph.pointwise_of(rows.of)?;
    if graph.ty(id).element == ElementType::I64 {
        return None;
    }
    let shape = graph.ty(id).shape.clone();
    let mut any = false;
    let mut arguments = Vec::new();
    for argument in graph.node(rows.of).arguments.clone() {
        arguments.push(rows.repeated(graph, argument, &shape).unwrap_or_else(|| {
            any = true;
            rows.taken(graph, argument)
        }));
    }
    any.then(|| graph.pointwise(definition, &arguments))
}

fn gather_of_broadcast(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let rows = Rows::of(graph, id)?;
    let Op::Broadcast(axes) = graph.node(rows.of).op else { return None };
    let source = graph.node(rows.of).arguments[0];
    if axes.iter().next() != Some(0) {
        return None;
    }
    let shape = graph.ty(id).shape.clone();
    let taken = rows.taken(graph, source);
    let places = (0..rows.rank).chain(axes.iter().skip(1).map(|axis| rows.moved(axis)));
    Some(graph.broadcast(taken, Axes::new(places), &shape))
}

/// The rows are those of the first factor, or of both where they are a batch.
fn gather_of_contraction(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let rows = Rows::of(graph, id)?;
    let Op::Contract { batch, contract } = graph.node(rows.of).op else { return None };
    let (left, right) = (graph.node(rows.of).arguments[0], graph.node(rows.of).arguments[1]);
    let (batch, contract) = (usize::from(batch), usize::from(contract));
    let rank = graph.ty(left).shape.rank();
    let ranks = [rank, graph.ty(right).shape.rank()];
    let gathered = if batch == 0 { &ranks[..1] } else { &ranks };
    if batch == 0 && rank == contract || gathered.iter().any(|rank| rows.moved(*rank) > MAX_RANK) {
        return None;
    }
    let taken = rows.taken(graph, left);
    if batch == 0 {
        return Some(graph.contract(taken, right, 0, contract));
    }
    let both = rows.taken(graph, right);
    Some(graph.contract(taken, both, rows.moved(batch), contract))
}
