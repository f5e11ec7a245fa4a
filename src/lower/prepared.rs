//! Steps that are handed the entries of their batch instead of whole columns.

use super::{Lowered, Source};
use crate::check::program::DataId;
use crate::ir::rewrite::Rewriter;
use crate::ir::{Graph, NodeId, Op};

/// The graph with the batch's entries as inputs ([`Source::Entries`]) in place of those columns that `chosen` says, where the
/// graph reads nothing else of a column than the rows of the batch.
pub fn with_prepared_entries(lowered: Lowered, chosen: &dyn Fn(DataId, u32) -> bool) -> Lowered {
    let Lowered { graph, mut sources } = lowered;
    let nodes = graph.input_nodes();
    let Some(rows) = sources.iter().position(|source| *source == Source::Rows) else {
        return Lowered { graph, sources };
    };
    let mut gathers: Vec<Option<NodeId>> = vec![None; sources.len()];
    for (index, source) in sources.iter_mut().enumerate() {
        if let Source::Column(data, column) = *source
            && chosen(data, column)
            && let Some(gather) = only_gather(&graph, nodes[index], nodes[rows])
        {
            gathers[index] = Some(gather);
            *source = Source::Entries(data, column);
        }
    }
    if gathers.iter().all(Option::is_none) {
        return Lowered { graph, sources };
    }
    let mut target = graph.successor();
    let mut rewriter = Rewriter::new(&graph);
    for ((input, node), gather) in graph.inputs().iter().zip(nodes).zip(gathers) {
        let ty = gather.map_or(&input.ty, |gather| graph.ty(gather)).clone();
        let made = target.input(input.name.clone(), ty);
        rewriter.set(node, made);
        if let Some(gather) = gather {
            rewriter.set(gather, made);
        }
    }
    rewriter.copy_all(&mut target, &graph.output_nodes());
    rewriter.copy_outputs(&mut target);
    target.take_remarks(&graph);
    Lowered { graph: target, sources }
}

/// The node that gathers the rows of a column, if nothing else uses the column.
fn only_gather(graph: &Graph, column: NodeId, rows: NodeId) -> Option<NodeId> {
    if graph.outputs().iter().any(|output| output.node == column) {
        return None;
    }
    let mut users = graph.ids().filter(|id| graph.node(*id).arguments.contains(&column));
    let user = users.next()?;
    let is_gather =
        matches!(graph.node(user).op, Op::Gather { batch: 0, .. }) && graph.node(user).arguments[..] == [column, rows];
    (is_gather && users.next().is_none()).then_some(user)
}
