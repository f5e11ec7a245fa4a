//! The contraction `[batch…, m…, k…] × [batch…, n…, k…] → [batch…, m…, n…]`.

use super::{Batching, Call, Cotangent, Dependence, Fault, Mask, Structural, guarded_product, table};
use crate::ir::{Axes, Graph, NodeId, Op, Reduction, Shape, Table};
use crate::ops::arithmetic::{ADD, SELECTED_PASS};
use crate::ops::choice::conversion;
use crate::ops::comparison::NOT_EQUAL;

/// Sums of products over shared axes.
pub static CONTRACT: Structural = Structural {
    name: "contract",
    documentation: "The sum over the last axes of both arguments of their products; the first axes of both go together.",
    evaluate,
    reverse,
    forward,
    batch,
    dependence: |graph, node| {
        let (left, right) = (&graph.ty(node.arguments[0]).shape, &graph.ty(node.arguments[1]).shape);
        let (kinds, l, r) = (kinds(node.op, left.rank(), right.rank()), left.sizes(), right.sizes());
        Dependence::Rows {
            batches: count(&l[..kinds.batch]),
            left: count(&l[kinds.batch..kinds.batch + kinds.left]),
            right: count(&r[kinds.batch..kinds.batch + kinds.right]),
            inner: count(&l[kinds.batch + kinds.left..]),
        }
    },
};

/// The numbers of axes of each kind.
#[derive(Clone, Copy)]
struct Kinds {
    batch: usize,
    left: usize,
    right: usize,
    contract: usize,
}

fn counts(op: Op) -> (usize, usize) {
    match op {
        Op::Contract { batch, contract } => (batch as usize, contract as usize),
        _ => unreachable!("only contractions come here"),
    }
}

fn kinds(op: Op, left_rank: usize, right_rank: usize) -> Kinds {
    let (batch, contract) = counts(op);
    Kinds { batch, left: left_rank - batch - contract, right: right_rank - batch - contract, contract }
}

fn count(sizes: &[usize]) -> usize {
    sizes.iter().product()
}

/// Sums are formed in double precision and rounded once.
fn evaluate(call: &Call) -> Result<Table, Fault> {
    let (left, right) = (call.arguments[0], call.arguments[1]);
    let kinds = kinds(call.node.op, left.ty.shape.rank(), right.ty.shape.rank());
    let (l, r) = (left.ty.shape.sizes(), right.ty.shape.sizes());
    let (batches, rows) = (count(&l[..kinds.batch]), count(&l[kinds.batch..kinds.batch + kinds.left]));
    let columns = count(&r[kinds.batch..kinds.batch + kinds.right]);
    let inner = count(&l[kinds.batch + kinds.left..]);
    let (a, b) = (table::numbers(left), table::numbers(right));
    let mut values = Vec::with_capacity(batches * rows * columns);
    for batch in 0..batches {
        for row in 0..rows {
            for column in 0..columns {
                let (at, other) = ((batch * rows + row) * inner, (batch * columns + column) * inner);
                let sum = (0..inner).fold(0.0, |sum, k| sum + a[at + k] * b[other + k]);
                values.push(sum);
            }
        }
    }
    Ok(table::reals(call.node.ty.element, call.node.ty.shape.clone(), &values))
}

/// Two groups of axes exchanged: `[batch…, first…, second…, rest…]` to `[batch…, second…, first…, rest…]`.
fn exchange(graph: &mut Graph, node: NodeId, batch: usize, first: usize, second: usize) -> NodeId {
    let (rank, end) = (graph.ty(node).shape.rank(), batch + first + second);
    let order = (0..batch).chain(batch + first..end).chain(batch..batch + first).chain(end..rank);
    graph.transpose(node, Axes::new(order))
}

fn reverse(graph: &mut Graph, id: NodeId, argument: usize, cotangent: Cotangent) -> Option<Cotangent> {
    let node = graph.node(id).clone();
    let rank = |at: usize| graph.ty(node.arguments[at]).shape.rank();
    let Kinds { batch, left, right, contract } = kinds(node.op, rank(0), rank(1));
    let masked = cotangent.mask == Mask::Masked;
    let summed = if argument == 0 { right } else { left };
    if masked && summed == 0 {
        return cotangent.with(masked_outer(graph, id, argument, cotangent.node));
    }
    let mut other = node.arguments[1 - argument];
    if masked {
        let own = if argument == 0 { batch..batch + left } else { batch + left..batch + left + right };
        other = reached_rows(graph, cotangent.node, Axes::new(own), other);
    }
    let flow = if argument == 0 {
        let other = exchange(graph, other, batch, right, contract);
        graph.contract(cotangent.node, other, batch, right)
    } else {
        let turned = exchange(graph, cotangent.node, batch, left, right);
        let other = exchange(graph, other, batch, left, contract);
        graph.contract(turned, other, batch, left)
    };
    cotangent.with(flow)
}

/// The factor without the NaN and infinities of the rows that no cotangent reaches (those of a branch not taken), so
/// that they add nothing to the sum. What is finite stays: a cotangent that just happens to be zero adds nothing, but its
/// own derivative meets the factor. A row that any entry of the cotangent reaches was part of the value, and stays whole.
pub(super) fn reached_rows(graph: &mut Graph, cotangent: NodeId, own: Axes, factor: NodeId) -> NodeId {
    let zero = graph.constant_like(cotangent, 0.0);
    let nonzero = graph.pointwise(&NOT_EQUAL, &[cotangent, zero]);
    let reached = graph.reduce(Reduction::Max, nonzero, own);
    let shape = graph.ty(factor).shape.clone();
    let rows = graph.ty(reached).shape.rank();
    let reached = graph.pointwise(conversion(graph.ty(factor).element), &[reached]);
    let reached = graph.broadcast(reached, Axes::new(0..rows), &shape);
    graph.pointwise(&SELECTED_PASS, &[reached, factor])
}

/// Where nothing is summed: all products of `[batch…, m…, n…, k…]`, a zero of the cotangent meeting each factor alone.
fn masked_outer(graph: &mut Graph, id: NodeId, argument: usize, cotangent: NodeId) -> NodeId {
    let node = graph.node(id).clone();
    let [first, second] = [0, 1].map(|at| graph.ty(node.arguments[at]).shape.clone());
    let Kinds { batch, left, right, contract } = kinds(node.op, first.rank(), second.rank());
    let (columns, inner) = (batch + left, batch + left + right);
    let inner_sizes = first.sizes()[batch + left..].iter();
    let shape: Shape = node.ty.shape.sizes().iter().chain(inner_sizes).copied().collect();
    let flow = graph.broadcast(cotangent, Axes::new(0..inner), &shape);
    let other_axes = if argument == 0 {
        Axes::new((0..batch).chain(columns..inner + contract))
    } else {
        Axes::new((0..columns).chain(inner..inner + contract))
    };
    let other = graph.broadcast(node.arguments[1 - argument], other_axes, &shape);
    guarded_product(graph, Mask::Masked, flow, other)
}

fn forward(graph: &mut Graph, id: NodeId, tangents: &[Option<NodeId>], _: Mask) -> Option<NodeId> {
    let node = graph.node(id).clone();
    let (batch, contract) = counts(node.op);
    let by_left = tangents[0].map(|tangent| graph.contract(tangent, node.arguments[1], batch, contract));
    let by_right = tangents[1].map(|tangent| graph.contract(node.arguments[0], tangent, batch, contract));
    match (by_left, by_right) {
        (Some(left), Some(right)) => Some(graph.pointwise(&ADD, &[left, right])),
        (left, right) => left.or(right),
    }
}

/// The axis of examples becomes a free axis of the argument that carries it, so that the whole stays one contraction.
fn batch(graph: &mut Graph, batching: &Batching) -> NodeId {
    let (batch, contract) = counts(batching.node.op);
    let (left, right) = (batching.arguments[0], batching.arguments[1]);
    match batching.carried[..] {
        [true, true] => graph.contract(left, right, batch + 1, contract),
        [true, false] => {
            let left = exchange(graph, left, 0, 1, batch);
            let result = graph.contract(left, right, batch, contract);
            exchange(graph, result, 0, batch, 1)
        }
        _ => {
            let free_left = graph.ty(left).shape.rank() - batch - contract;
            let free_right = graph.ty(right).shape.rank() - 1 - batch - contract;
            let right = exchange(graph, right, 0, 1, batch);
            let result = if free_left == 0 {
                graph.contract(left, right, batch, contract)
            } else {
                // Commuted, since `[batch…, m…, size, n…]` would have to be transposed even without n.
                let commuted = graph.contract(right, left, batch, contract);
                exchange(graph, commuted, batch + 1, free_right, free_left)
            };
            exchange(graph, result, 0, batch, 1)
        }
    }
}
