//! Rules on rows chosen by indices that are known, which in equal steps are slices and windows, and on sums over windows.

use super::{Rule, fold};
use crate::ir::{Axes, Graph, NodeId, Op, Outside, Shape, Steps};

/// The rules of this file.
pub static RULES: &[Rule] = &[
    Rule::exact("gather(x, known indices in equal steps) = a slice or window of x", gather_in_steps),
    Rule::exact("gather(x repeated for each row, positions of extremes) = x repeated", gather_of_equal_rows),
    Rule::rounding("unwindow(slice(unwindow(x))) = slice(unwindow(unwindow(x))) of another axis", sum_of_slice),
];

/// Sums over windows of several axes stand together, so that they can be one.
fn sum_of_slice(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Unwindow { axis, steps } = graph.node(id).op else { return None };
    let argument = graph.node(id).arguments[0];
    let (order, sliced) = match graph.node(argument).op {
        Op::Transpose(order) => (order, graph.node(argument).arguments[0]),
        _ => (Axes::new(0..graph.ty(argument).shape.rank()), argument),
    };
    let Op::Slice { axis: along, start, step } = graph.node(sliced).op else { return None };
    let whole = graph.node(sliced).arguments[0];
    let inner = match graph.node(whole).op {
        Op::Transpose(_) => graph.node(whole).arguments[0],
        _ => whole,
    };
    let (axis, place) = (usize::from(axis), order.position(along.into())?);
    let count = graph.ty(sliced).shape[along.into()];
    if !matches!(graph.node(inner).op, Op::Unwindow { .. }) || place == axis || place == axis + 1 {
        return None;
    }
    let size = graph.ty(id).shape[axis];
    let turned = graph.transpose(whole, order);
    let sum = graph.unwindow(turned, axis, size, steps);
    let place = if place < axis { place } else { place - 1 };
    Some(graph.slice(sum, place, start as usize, step as usize, count))
}

/// Where all rows are one, it does not matter which are chosen, as long as the indices are inside.
fn gather_of_equal_rows(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Gather { batch, .. } = graph.node(id).op else { return None };
    let (operand, indices) = (graph.node(id).arguments[0], graph.node(id).arguments[1]);
    let Op::Broadcast(axes) = graph.node(operand).op else { return None };
    let batch = usize::from(batch);
    let rows = graph.ty(operand).shape[batch];
    if axes.contains(batch) || among(graph, indices)? > rows {
        return None;
    }
    let (one, shape) = (graph.node(operand).arguments[0], graph.ty(id).shape.clone());
    let at = graph.ty(indices).shape.rank() - batch;
    let moved = axes.iter().map(|axis| if axis < batch { axis } else { axis + at - 1 });
    Some(graph.broadcast(one, Axes::new(moved), &shape))
}

/// Among how many elements indices are the places of extremes, seen in whatever order.
fn among(graph: &Graph, mut indices: NodeId) -> Option<usize> {
    loop {
        let argument = *graph.node(indices).arguments.first()?;
        match graph.node(indices).op {
            Op::ArgReduce(_, axis) => return Some(graph.ty(argument).shape[axis.into()]),
            Op::Broadcast(_) | Op::Reshape | Op::Transpose(_) | Op::Slice { .. } | Op::Reverse(_) => indices = argument,
            _ => return None,
        }
    }
}

/// Indices `start + a * steps[0] + b * steps[1] + …` over the axes behind the batch axes.
struct Progression {
    start: i64,
    counts: Vec<usize>,
    steps: Vec<i64>,
}

impl Progression {
    /// The least and greatest index.
    fn bounds(&self) -> (i64, i64) {
        let reach = |sign: i64| -> i64 {
            let spans = self.counts.iter().zip(&self.steps).map(|(count, step)| (*count as i64 - 1) * step);
            spans.filter(|span| span * sign > 0).sum()
        };
        (self.start + reach(-1), self.start + reach(1))
    }
}

fn gather_in_steps(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Gather { batch, outside } = graph.node(id).op else { return None };
    let (operand, indices) = (graph.node(id).arguments[0], graph.node(id).arguments[1]);
    let (batch, shape) = (batch as usize, graph.ty(id).shape.clone());
    let progression = progression(graph, indices, batch)?;
    let rows = graph.ty(operand).shape[batch];
    let (least, greatest) = progression.bounds();
    let inside = least >= 0 && (greatest as usize) < rows;
    if inside {
        return Some(seen(graph, operand, batch, &progression, 0, &shape));
    }
    // Zeros around the rows cost a copy: only a margin of them is worth it.
    let (low, high) = ((-least).max(0) as usize, (greatest + 1 - rows as i64).max(0) as usize);
    if outside == Outside::Error || low + high > rows {
        return None;
    }
    let margin = graph.pad(operand, batch, low, 1, low + rows + high);
    Some(seen(graph, margin, batch, &progression, low, &shape))
}

/// The rows of a progression all of whose indices, `shift` further on, are there.
fn seen(
    graph: &mut Graph,
    operand: NodeId,
    axis: usize,
    progression: &Progression,
    shift: usize,
    shape: &Shape,
) -> NodeId {
    let least = (progression.bounds().0 + shift as i64) as u32;
    let step = |place: usize| progression.steps.get(place).map_or(0, |step| step.unsigned_abs() as u32);
    let count = |place: usize| progression.counts.get(place).copied().unwrap_or(1);
    let steps = Steps { start: least, outer: step(0), inner: step(1) };
    let mut node = graph.window(operand, axis, [count(0), count(1)], steps);
    for (place, step) in progression.steps.iter().enumerate() {
        if *step < 0 {
            node = graph.reverse(node, axis + place);
        }
    }
    graph.reshape(node, shape)
}

/// What known indices follow, the same in every batch entry, over at most two axes; none where there are none.
fn progression(graph: &Graph, indices: NodeId, batch: usize) -> Option<Progression> {
    let shape = graph.ty(indices).shape.clone();
    let counts = shape.sizes()[batch..].to_vec();
    if shape.count() == 0 || counts.len() > 2 || !fold::is_known(graph, indices) {
        return None;
    }
    let words = fold::known(graph, indices)?.bits;
    let strides = shape.strides();
    let index = |place: usize| words[place] as i64;
    let steps: Vec<i64> = (batch..shape.rank())
        .map(|axis| if shape[axis] > 1 { index(strides[axis]).checked_sub(index(0)) } else { Some(0) })
        .collect::<Option<_>>()?;
    let found = Progression { start: index(0), counts, steps };
    let small = |step: &i64| step.unsigned_abs() < 1 << 31;
    let follows = |place: usize| {
        let along = (batch..shape.rank()).map(|axis| (place / strides[axis] % shape[axis]) as i64);
        let sum: i64 = along.zip(&found.steps).map(|(at, step)| at * step).sum();
        Some(index(place)) == found.start.checked_add(sum)
    };
    let fits = found.start.unsigned_abs() < 1 << 31 && found.steps.iter().all(small);
    (fits && (0..words.len()).all(follows)).then_some(found)
}
