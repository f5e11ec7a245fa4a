//! Reductions. Each but the integer ones is, near a point, a weighted sum: sums have weights 1, products the product
//! of the other elements, extremes equal shares among all ties. Both modes of differentiation follow from the weights.

use super::{Batching, Call, Cotangent, Dependence, Fault, Mask, Structural, guarded_product, product, table};
use crate::ir::{Axes, ElementType, Extreme, Graph, NodeId, Op, Reduction, Table};
use crate::ops::arithmetic::{DIVIDE, ROUTED_MULTIPLY};
use crate::ops::choice::conversion;
use crate::ops::comparison::EQUAL;

/// Folding axes away.
pub static REDUCE: Structural = Structural {
    name: "reduce",
    documentation: "Sum, product, greatest or least along axes, which are folded away.",
    evaluate: reduce,
    reverse: reduce_reverse,
    forward: reduce_forward,
    batch: |graph, batching| {
        let (reduction, axes) = reduction(batching.node.op);
        graph.reduce(reduction, batching.arguments[0], Axes::new(axes.iter().map(|axis| axis + 1)))
    },
    dependence: |graph, node| {
        let (_, axes) = reduction(node.op);
        let kept = (0..graph.ty(node.arguments[0]).shape.rank()).filter(|axis| !axes.contains(*axis));
        Dependence::Collects { argument: 0, transpose: Op::Broadcast(Axes::new(kept)) }
    },
};

/// The place of an extreme.
pub static ARG_REDUCE: Structural = Structural {
    name: "arg_reduce",
    documentation: "The position of the first greatest or least element along an axis, which is folded away.",
    evaluate: arg_reduce,
    reverse: |_, _, _, _| None,
    forward: |_, _, _, _| None,
    batch: |graph: &mut Graph, batching: &Batching| {
        let (extreme, axis) = extreme(batching.node.op);
        graph.arg_reduce(extreme, batching.arguments[0], axis + 1)
    },
    dependence: |_, _| Dependence::None,
};

fn reduction(op: Op) -> (Reduction, Axes) {
    match op {
        Op::Reduce(reduction, axes) => (reduction, axes),
        _ => unreachable!("only reductions come here"),
    }
}

fn extreme(op: Op) -> (Extreme, usize) {
    match op {
        Op::ArgReduce(extreme, axis) => (extreme, axis as usize),
        _ => unreachable!("only arg-reductions come here"),
    }
}

fn reduce(call: &Call) -> Result<Table, Fault> {
    let (reduction, axes) = reduction(call.node.op);
    let source = call.arguments[0];
    let strides = call.node.ty.shape.strides();
    let mut groups = vec![Vec::new(); call.node.ty.shape.count()];
    let mut at = 0;
    table::each_index(&source.ty.shape, |index| {
        let kept = index.iter().enumerate().filter(|(axis, _)| !axes.contains(*axis)).map(|(_, entry)| *entry);
        groups[table::position(&strides, kept)].push(source.bits[at]);
        at += 1;
    });
    let bits = groups.iter().map(|group| fold(reduction, source.ty.element, group)).collect::<Result<_, _>>()?;
    Ok(Table { ty: call.node.ty.clone(), bits })
}

/// Real sums and products are formed in double precision and rounded once.
fn fold(reduction: Reduction, element: ElementType, group: &[u64]) -> Result<u64, Fault> {
    if element.is_real() {
        let numbers = group.iter().map(|bits| table::real(element, *bits));
        let folded = match reduction {
            Reduction::Sum => numbers.fold(0.0, |sum, each| sum + each),
            Reduction::Product => numbers.product(),
            Reduction::Max => numbers.fold(f64::NEG_INFINITY, |a, b| if a > b || a.is_nan() { a } else { b }),
            Reduction::Min => numbers.fold(f64::INFINITY, |a, b| if a < b || a.is_nan() { a } else { b }),
        };
        return Ok(table::word(element, folded));
    }
    let mut integers = group.iter().map(|bits| *bits as i64);
    let least = if element == ElementType::Bool { 0 } else { i64::MIN };
    let greatest = if element == ElementType::Bool { 1 } else { i64::MAX };
    let folded = match reduction {
        Reduction::Sum => integers.try_fold(0_i64, i64::checked_add),
        Reduction::Product => integers.try_fold(1_i64, i64::checked_mul),
        Reduction::Max => Some(integers.fold(least, i64::max)),
        Reduction::Min => Some(integers.fold(greatest, i64::min)),
    };
    folded.map(|value| value as u64).ok_or(Fault::Overflow)
}

fn arg_reduce(call: &Call) -> Result<Table, Fault> {
    let (extreme, axis) = extreme(call.node.op);
    let source = call.arguments[0];
    let strides = source.ty.shape.strides();
    Ok(table::by_index(&call.node.ty, |index| {
        let start = table::position(&strides[..axis], index.iter().copied())
            + table::position(&strides[axis + 1..], index[axis..].iter().copied());
        let word = |place: usize| source.bits[start + place * strides[axis]];
        let first = (1..source.ty.shape[axis]).fold(0, |best, place| {
            if beyond(extreme, source.ty.element, word(place), word(best)) { place } else { best }
        });
        first as u64
    }))
}

/// Whether `a` is more extreme than `b`; NaN is more extreme than every number.
fn beyond(extreme: Extreme, element: ElementType, a: u64, b: u64) -> bool {
    if element.is_real() {
        let (a, b) = (table::real(element, a), table::real(element, b));
        return match extreme {
            Extreme::Max => a > b || (a.is_nan() && !b.is_nan()),
            Extreme::Min => a < b || (a.is_nan() && !b.is_nan()),
        };
    }
    match extreme {
        Extreme::Max => (a as i64) > (b as i64),
        Extreme::Min => (a as i64) < (b as i64),
    }
}

/// A value of the result's shape, repeated to the argument's.
fn spread(graph: &mut Graph, id: NodeId, value: NodeId) -> NodeId {
    let (_, axes) = reduction(graph.node(id).op);
    let argument = graph.node(id).arguments[0];
    let shape = graph.ty(argument).shape.clone();
    let kept = Axes::new((0..shape.rank()).filter(|axis| !axes.contains(*axis)));
    graph.broadcast(value, kept, &shape)
}

/// The partial derivatives by the argument's elements; `None` where all are 1.
fn weights(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (reduction, axes) = reduction(graph.node(id).op);
    let argument = graph.node(id).arguments[0];
    match reduction {
        Reduction::Sum => None,
        Reduction::Product => Some(product::of_others(graph, argument, axes)),
        Reduction::Max | Reduction::Min => {
            let value = spread(graph, id, id);
            let hit = graph.pointwise(&EQUAL, &[argument, value]);
            let hit = graph.pointwise(conversion(graph.ty(id).element), &[hit]);
            let count = graph.reduce(Reduction::Sum, hit, axes);
            let count = spread(graph, id, count);
            Some(graph.pointwise(&DIVIDE, &[hit, count]))
        }
    }
}

fn is_extreme(graph: &Graph, id: NodeId) -> bool {
    matches!(reduction(graph.node(id).op).0, Reduction::Max | Reduction::Min)
}

fn reduce_reverse(graph: &mut Graph, id: NodeId, _: usize, cotangent: Cotangent) -> Option<Cotangent> {
    if !graph.ty(id).element.is_real() {
        return None;
    }
    let flow = spread(graph, id, cotangent.node);
    let Some(weights) = weights(graph, id) else { return cotangent.with(flow) };
    if is_extreme(graph, id) {
        let node = graph.pointwise(&ROUTED_MULTIPLY, &[weights, flow]);
        return Some(Cotangent { node, mask: cotangent.mask.max(Mask::Routed) });
    }
    cotangent.with(guarded_product(graph, cotangent.mask, flow, weights))
}

fn reduce_forward(graph: &mut Graph, id: NodeId, tangents: &[Option<NodeId>], mask: Mask) -> Option<NodeId> {
    if !graph.ty(id).element.is_real() {
        return None;
    }
    let tangent = tangents[0]?;
    let (_, axes) = reduction(graph.node(id).op);
    let weighted = match weights(graph, id) {
        Some(weights) if is_extreme(graph, id) => graph.pointwise(&ROUTED_MULTIPLY, &[weights, tangent]),
        Some(weights) => guarded_product(graph, mask, tangent, weights),
        None => tangent,
    };
    Some(graph.reduce(Reduction::Sum, weighted, axes))
}
