//! Gather and scatter-add: rows chosen by integer indices. Each is the transpose of the other.

use super::{Batching, Call, Cotangent, Dependence, Fault, Mask, Structural, linear_forward, table};
use crate::ir::{Axes, Graph, NodeId, Op, Outside, Table};

/// Rows of an operand.
pub static GATHER: Structural = Structural {
    name: "gather",
    documentation: "Rows of the operand, chosen by indices; an index outside is an error, or names a row of zeros.",
    evaluate: gather,
    reverse: gather_reverse,
    forward: |graph, id, tangents, _| linear_forward(graph, id, 0, tangents),
    batch: gather_batch,
    dependence: |_, _| Dependence::Moves,
};

/// Rows added up by index.
pub static SCATTER_ADD: Structural = Structural {
    name: "scatter_add",
    documentation: "From zero, each update is added to the row that its index names; an index outside is an error, or drops the update.",
    evaluate: scatter_add,
    reverse: |graph, id, argument, cotangent| {
        if argument != 1 {
            return None;
        }
        let (batch, outside) = choice(graph.node(id).op);
        let indices = graph.node(id).arguments[0];
        cotangent.with(graph.gather_or(cotangent.node, indices, batch, outside))
    },
    forward: |graph, id, tangents, _| linear_forward(graph, id, 1, tangents),
    batch: |graph, batching| {
        let (batch, outside) = choice(batching.node.op);
        let (indices, updates) = (batching.carry(graph, 0), batching.carry(graph, 1));
        graph.scatter_add_or(indices, updates, batching.node.ty.shape[batch], batch + 1, outside)
    },
    dependence: |_, node| {
        let (batch, outside) = choice(node.op);
        Dependence::Collects { argument: 1, transpose: Op::Gather { batch: batch as u8, outside } }
    },
};

/// The number of batch axes, and what an index outside means.
fn choice(op: Op) -> (usize, Outside) {
    match op {
        Op::Gather { batch, outside } | Op::ScatterAdd { batch, outside } => (batch as usize, outside),
        _ => unreachable!("only gathers and scatters come here"),
    }
}

/// For each index in order the first element of its row in the table, none where the row is of zeros; and how long
/// rows are.
fn rows(full: &Table, indices: &Table, op: Op) -> Result<(Vec<Option<usize>>, usize), Fault> {
    let (batch, outside) = choice(op);
    let sizes = full.ty.shape.sizes();
    let (count, width) = (sizes[batch], sizes[batch + 1..].iter().product::<usize>());
    let per_batch: usize = indices.ty.shape.sizes()[batch..].iter().product();
    let start = |(at, bits): (usize, &u64)| {
        let index = *bits as i64;
        match usize::try_from(index) {
            Ok(row) if row < count => Ok(Some((at / per_batch * count + row) * width)),
            _ if outside == Outside::Zero => Ok(None),
            _ => Err(Fault::OutOfRange { index, size: count }),
        }
    };
    Ok((indices.bits.iter().enumerate().map(start).collect::<Result<_, _>>()?, width))
}

fn gather(call: &Call) -> Result<Table, Fault> {
    let (operand, indices) = (call.arguments[0], call.arguments[1]);
    let (starts, width) = rows(operand, indices, call.node.op)?;
    let mut bits = Vec::with_capacity(call.node.ty.shape.count());
    for start in starts {
        match start {
            Some(start) => bits.extend_from_slice(&operand.bits[start..start + width]),
            None => bits.resize(bits.len() + width, 0),
        }
    }
    Ok(Table { ty: call.node.ty.clone(), bits })
}

fn scatter_add(call: &Call) -> Result<Table, Fault> {
    let (indices, updates) = (call.arguments[0], call.arguments[1]);
    let ty = call.node.ty.clone();
    let empty = Table { bits: Vec::new(), ty: ty.clone() };
    let (starts, width) = rows(&empty, indices, call.node.op)?;
    let placed = starts.into_iter().enumerate().filter_map(|(at, start)| start.map(|start| (at, start)));
    let words = placed
        .flat_map(|(at, start)| (0..width).map(move |column| (start + column, updates.bits[at * width + column])));
    table::added_up(ty, words)
}

fn gather_reverse(graph: &mut Graph, id: NodeId, argument: usize, cotangent: Cotangent) -> Option<Cotangent> {
    if argument != 0 {
        return None;
    }
    let (operand, indices) = (graph.node(id).arguments[0], graph.node(id).arguments[1]);
    let (batch, outside) = choice(graph.node(id).op);
    let rows = graph.ty(operand).shape[batch];
    // Rows that are not chosen have no part in the value.
    let node = graph.scatter_add_or(indices, cotangent.node, rows, batch, outside);
    Some(Cotangent { node, mask: cotangent.mask.max(Mask::Routed) })
}

fn gather_batch(graph: &mut Graph, batching: &Batching) -> NodeId {
    let (batch, outside) = choice(batching.node.op);
    let (operand, indices) = (batching.arguments[0], batching.arguments[1]);
    if batching.carried[0] {
        let indices = batching.carry(graph, 1);
        return graph.gather_or(operand, indices, batch + 1, outside);
    }
    // The shared operand is read in place: examples become one more axis of indices, behind the batch axes.
    let rank = graph.ty(indices).shape.rank();
    let order = (1..=batch).chain([0]).chain(batch + 1..rank);
    let indices = graph.transpose(indices, Axes::new(order));
    let result = graph.gather_or(operand, indices, batch, outside);
    let rank = graph.ty(result).shape.rank();
    let order = std::iter::once(batch).chain(0..batch).chain(batch + 1..rank);
    graph.transpose(result, Axes::new(order))
}
