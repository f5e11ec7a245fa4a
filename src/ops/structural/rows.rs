//! Gather and scatter-add: rows chosen by integer indices. Each is the transpose of the other.

use super::{Batching, Call, Fault, Structural, linear_forward, table};
use crate::ir::{Axes, Graph, NodeId, Op, Table};

/// Rows of an operand.
pub static GATHER: Structural = Structural {
    name: "gather",
    documentation: "Rows of the operand, chosen by indices; an index outside is an error.",
    evaluate: gather,
    reverse: |graph, id, argument, cotangent| {
        if argument != 0 {
            return None;
        }
        let (operand, indices) = (graph.node(id).arguments[0], graph.node(id).arguments[1]);
        let batch = batch_axes(graph.node(id).op);
        let rows = graph.ty(operand).shape[batch];
        cotangent.with(graph.scatter_add(indices, cotangent.node, rows, batch))
    },
    forward: |graph, id, tangents| linear_forward(graph, id, 0, tangents),
    batch: gather_batch,
};

/// Rows added up by index.
pub static SCATTER_ADD: Structural = Structural {
    name: "scatter_add",
    documentation: "From zero, each update is added to the row that its index names; an index outside is an error.",
    evaluate: scatter_add,
    reverse: |graph, id, argument, cotangent| {
        if argument != 1 {
            return None;
        }
        let indices = graph.node(id).arguments[0];
        cotangent.with(graph.gather(cotangent.node, indices, batch_axes(graph.node(id).op)))
    },
    forward: |graph, id, tangents| linear_forward(graph, id, 1, tangents),
    batch: |graph, batching| {
        let batch = batch_axes(batching.node.op);
        let (indices, updates) = (batching.carry(graph, 0), batching.carry(graph, 1));
        graph.scatter_add(indices, updates, batching.node.ty.shape[batch], batch + 1)
    },
};

fn batch_axes(op: Op) -> usize {
    match op {
        Op::Gather { batch } | Op::ScatterAdd { batch } => batch as usize,
        _ => unreachable!("only gathers and scatters come here"),
    }
}

/// For each index in order: the first element of its row in the table, and how long rows are.
fn rows(full: &Table, indices: &Table, batch: usize) -> Result<(Vec<usize>, usize), Fault> {
    let sizes = full.ty.shape.sizes();
    let (count, width) = (sizes[batch], sizes[batch + 1..].iter().product::<usize>());
    let per_batch: usize = indices.ty.shape.sizes()[batch..].iter().product();
    let start = |(at, bits): (usize, &u64)| {
        let index = *bits as i64;
        match usize::try_from(index) {
            Ok(row) if row < count => Ok((at / per_batch * count + row) * width),
            _ => Err(Fault::OutOfRange { index, size: count }),
        }
    };
    Ok((indices.bits.iter().enumerate().map(start).collect::<Result<_, _>>()?, width))
}

fn gather(call: &Call) -> Result<Table, Fault> {
    let (operand, indices) = (call.arguments[0], call.arguments[1]);
    let (starts, width) = rows(operand, indices, batch_axes(call.node.op))?;
    let bits = starts.into_iter().flat_map(|start| &operand.bits[start..start + width]).copied().collect();
    Ok(Table { ty: call.node.ty.clone(), bits })
}

/// Real sums are formed in double precision and rounded once.
fn scatter_add(call: &Call) -> Result<Table, Fault> {
    let (indices, updates) = (call.arguments[0], call.arguments[1]);
    let ty = call.node.ty.clone();
    let empty = Table { bits: vec![0; ty.shape.count()], ty };
    let (starts, width) = rows(&empty, indices, batch_axes(call.node.op))?;
    let element = empty.ty.element;
    let mut sums = vec![0.0; empty.bits.len()];
    let mut integers = vec![0_i64; empty.bits.len()];
    for (at, start) in starts.into_iter().enumerate() {
        for column in 0..width {
            let bits = updates.bits[at * width + column];
            let (sum, integer) = (&mut sums[start + column], &mut integers[start + column]);
            if element.is_real() {
                *sum += table::real(element, bits);
            } else {
                *integer = integer.checked_add(bits as i64).ok_or(Fault::Overflow)?;
            }
        }
    }
    let bits = if element.is_real() {
        sums.into_iter().map(|sum| table::word(element, sum)).collect()
    } else {
        integers.into_iter().map(|sum| sum as u64).collect()
    };
    Ok(Table { ty: empty.ty, bits })
}

fn gather_batch(graph: &mut Graph, batching: &Batching) -> NodeId {
    let batch = batch_axes(batching.node.op);
    let (operand, indices) = (batching.arguments[0], batching.arguments[1]);
    if batching.carried[0] {
        let indices = batching.carry(graph, 1);
        return graph.gather(operand, indices, batch + 1);
    }
    // The shared operand is read in place: examples become one more axis of indices, behind the batch axes.
    let rank = graph.ty(indices).shape.rank();
    let order = (1..=batch).chain([0]).chain(batch + 1..rank);
    let indices = graph.transpose(indices, Axes::new(order));
    let result = graph.gather(operand, indices, batch);
    let rank = graph.ty(result).shape.rank();
    let order = std::iter::once(batch).chain(0..batch).chain(batch + 1..rank);
    graph.transpose(result, Axes::new(order))
}
