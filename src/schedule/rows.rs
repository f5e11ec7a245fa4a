//! Which strips are walked in blocks of whole rows: those where a value computed from a row's reduction is read by the row's
//! elements again, as in a softmax. A block stays in the first cache while its rows are folded and read again, so that the
//! whole is one pass over memory.

use super::Extent;
use super::group::{Class, fold};
use super::resolve::Resolved;
use crate::ir::{Graph, NodeId, Op};
use std::collections::{BTreeMap, BTreeSet};

/// Longer rows are folded in a pass of their own: a few strips of this length fill the second cache.
const LONGEST: usize = 4096;
/// A block has about so many elements where rows are shorter.
const BLOCK: usize = 512;

/// The elements of a block.
pub fn block(row: usize) -> usize {
    row * (BLOCK / row).max(1)
}

/// Gives the class of rows to strips that gain by it, and to the values of rows between.
pub fn choose(graph: &Graph, resolved: &Resolved, classes: &mut [Option<Class>]) {
    let folds = folds(graph, resolved, classes);
    if folds.is_empty() {
        return;
    }
    let mut chosen: BTreeMap<usize, Rows> = BTreeMap::new();
    for ((count, row), folds) in folds {
        let values = returning(graph, resolved, classes, (count, row), &folds);
        let better = |rows: &Rows| rows.values.len() < values.len();
        if !values.is_empty() && chosen.get(&count).is_none_or(better) {
            chosen.insert(count, Rows { row, values });
        }
    }
    for class in classes.iter_mut().flatten() {
        if let Class::Strip(count) = *class
            && let Some(rows) = chosen.get(&count)
        {
            *class = Class::Rows { count, row: rows.row };
        }
    }
    for (count, rows) in chosen {
        rows.values.iter().for_each(|id| classes[id.index()] = Some(Class::Rows { count, row: rows.row }));
    }
    join_indexed(graph, resolved, classes);
}

/// Gives the class of rows to what picks one element of each row, or places one there, where rows are walked anyway.
fn join_indexed(graph: &Graph, resolved: &Resolved, classes: &mut [Option<Class>]) {
    for id in graph.ids() {
        let class_of = |base: NodeId, classes: &[Option<Class>]| match classes[base.index()] {
            Some(Class::Rows { count, row }) if indexed_rows(graph, base, id) == Some((count, row)) => {
                Some(Class::Rows { count, row })
            }
            _ => None,
        };
        if matches!(graph.node(id).op, Op::Gather { .. }) && classes[id.index()] == Some(Class::Own(id)) {
            let sight = resolved.sight(graph.node(id).arguments[0]);
            let whole = sight.layout.is_whole(graph.ty(sight.base).shape.count());
            if let Some(class) = class_of(sight.base, classes).filter(|_| whole) {
                classes[id.index()] = Some(class);
            }
        }
        if !resolved.is_live(id) {
            continue;
        }
        for argument in &graph.node(id).arguments {
            let sight = resolved.sight(*argument);
            let is_placed = matches!(graph.node(sight.base).op, Op::ScatterAdd { .. })
                && classes[sight.base.index()] == Some(Class::Own(sight.base));
            if is_placed
                && let Some(Class::Rows { count, row }) = classes[id.index()]
                && sight.layout.is_whole(count)
                && indexed_rows(graph, sight.base, sight.base) == Some((count, row))
            {
                classes[sight.base.index()] = Some(Class::Rows { count, row });
            }
        }
    }
}

/// The number of elements, and of elements of a row, where a gather picks one element of each row of `operand`, or where
/// `operand` is a scatter of one number to each row.
fn indexed_rows(graph: &Graph, operand: NodeId, id: NodeId) -> Option<(usize, usize)> {
    let node = graph.node(id);
    let (Op::Gather { batch, .. } | Op::ScatterAdd { batch, .. }) = node.op else { return None };
    let indices = node.arguments[usize::from(matches!(node.op, Op::Gather { .. }))];
    let source = if matches!(node.op, Op::Gather { .. }) { node.arguments[0] } else { id };
    let shape = graph.ty(source).shape.sizes();
    let (outer, row) = (shape[..batch.into()].iter().product::<usize>(), shape[usize::from(batch)]);
    let fits = shape.len() == usize::from(batch) + 1
        && graph.ty(indices).shape.count() == outer
        && graph.ty(operand).shape.count() == outer * row
        && node.ty.element.is_real();
    fits.then_some((outer * row, row))
}

/// The rows chosen for strips of a number of elements.
struct Rows {
    row: usize,
    /// The values of rows that are computed in the kernels of their elements.
    values: BTreeSet<NodeId>,
}

/// Reductions of rows, by the numbers of elements of all and of a row.
fn folds(graph: &Graph, resolved: &Resolved, classes: &[Option<Class>]) -> BTreeMap<(usize, usize), Vec<NodeId>> {
    let mut folds: BTreeMap<(usize, usize), Vec<NodeId>> = BTreeMap::new();
    for id in graph.ids() {
        if let Some(Class::Strip(count)) = classes[id.index()]
            && let Some(row) = folded_row(graph, id)
            && row * 2 <= count
            && row <= LONGEST
            && resolved.is_base(id)
        {
            folds.entry((count, row)).or_default().push(id);
        }
    }
    folds
}

/// The elements of a row where a node folds rows of more than one.
pub fn folded_row(graph: &Graph, id: NodeId) -> Option<usize> {
    match fold(graph, id).flatten() {
        Some((_, n, 1)) if n > 1 => Some(n),
        _ => None,
    }
}

/// What a node of a kernel of rows has an element for; none where it is a reduction of other axes.
pub fn extent(graph: &Graph, id: NodeId, (count, row): (usize, usize)) -> Option<Extent> {
    if matches!(graph.node(id).op, Op::Reduce(..)) {
        return (folded_row(graph, id) == Some(row)).then_some(Extent::Rows);
    }
    let of_elements = graph.ty(id).shape.count() == count;
    Some(if of_elements { Extent::Elements } else { Extent::Rows })
}

/// Whether a user can read an argument inside one kernel of rows, to which both belong.
pub fn can_join(graph: &Graph, resolved: &Resolved, id: NodeId, place: usize, (count, row): (usize, usize)) -> bool {
    let sight = resolved.sight(graph.node(id).arguments[place]);
    if matches!(graph.node(id).op, Op::Reduce(..)) && fold(graph, id).flatten().is_none() {
        return false;
    }
    match (extent(graph, sight.base, (count, row)), read(graph, id, place, (count, row))) {
        (Some(Extent::Elements), Extent::Elements) => sight.layout.is_whole(count),
        (Some(Extent::Rows), Extent::Rows) => sight.layout.is_whole(count / row),
        (Some(Extent::Rows), Extent::Elements) => sight.layout.repeats_rows(count / row, row),
        _ => false,
    }
}

/// What a node of a kernel of rows reads an argument for.
pub fn read(graph: &Graph, id: NodeId, place: usize, of: (usize, usize)) -> Extent {
    match (graph.node(id).op, place) {
        (Op::Reduce(..), _) | (Op::Gather { .. }, 0) => Extent::Elements,
        (Op::Gather { .. } | Op::ScatterAdd { .. }, _) => Extent::Rows,
        _ => extent(graph, id, of).unwrap_or(Extent::Elements),
    }
}

/// The reductions, and the values of rows computed from them, that elements of rows read again.
fn returning(
    graph: &Graph,
    resolved: &Resolved,
    classes: &[Option<Class>],
    (count, row): (usize, usize),
    folds: &[NodeId],
) -> BTreeSet<NodeId> {
    let outer = count / row;
    let of_rows = |id: NodeId| is_elementwise(graph, id) && graph.ty(id).shape.count() == outer;
    let mut forward: BTreeSet<NodeId> = folds.iter().copied().collect();
    let first = folds[0];
    let later = || graph.ids().skip(first.index()).filter(|id| classes[id.index()].is_some());
    for id in later().filter(|id| of_rows(*id)) {
        let mut bases = graph.node(id).arguments.iter().map(|argument| resolved.sight(*argument));
        if bases.any(|sight| forward.contains(&sight.base) && sight.layout.is_whole(outer)) {
            forward.insert(id);
        }
    }
    let mut back = BTreeSet::new();
    let all: Vec<NodeId> = later().collect();
    for id in all.into_iter().rev() {
        let is_value = back.contains(&id) && of_rows(id);
        if !is_value && classes[id.index()] != Some(Class::Strip(count)) {
            continue;
        }
        for argument in &graph.node(id).arguments {
            let sight = resolved.sight(*argument);
            let reads = if is_value { sight.layout.is_whole(outer) } else { sight.layout.repeats_rows(outer, row) };
            if reads && forward.contains(&sight.base) {
                back.insert(sight.base);
            }
        }
    }
    back
}

/// Whether each element of the node is computed from the same elements of its arguments.
pub fn is_elementwise(graph: &Graph, id: NodeId) -> bool {
    matches!(graph.node(id).op, Op::Pointwise(_) | Op::Mix | Op::Random(_) | Op::Reshape)
}
