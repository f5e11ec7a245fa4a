//! Parts of tensors: what is computed of elements that nobody reads is not computed. A slice moves inwards past operations
//! whose whole result only it reads, so that `f(x)[i]` computes one element.

use super::{Rule, Uses};
use crate::ir::{Axes, ElementType, Graph, NodeId, Op, Reduction, Shape};

/// The rules of this file.
pub static FINAL: &[Rule] = &[
    Rule::exact_with_uses(
        "slice(f(x, …)) = f(slice(x), …) where nothing else needs f(x, …) and it cannot fail",
        slice_of_pointwise,
    ),
    Rule::exact_with_uses(
        "slice(move(x)) = move(slice(x)) for transposes, reversals, repetitions and axes of size 1, pads and concatenations along other axes, where nothing else needs move(x)",
        slice_of_movement,
    ),
    Rule::exact_with_uses(
        "slice(reduce(x)) = reduce(slice(x)) along another axis where nothing else needs reduce(x)",
        slice_of_reduction,
    ),
];

/// A slice of a node that nothing else needs.
struct Part {
    axis: usize,
    start: usize,
    step: usize,
    count: usize,
    of: NodeId,
}

impl Part {
    fn of(graph: &Graph, id: NodeId, uses: &Uses) -> Option<Self> {
        let node = graph.node(id);
        let Op::Slice { axis, start, step } = node.op else { return None };
        let part = Part {
            axis: axis.into(),
            start: start as usize,
            step: step as usize,
            count: node.ty.shape[axis.into()],
            of: node.arguments[0],
        };
        (part.count > 0 && uses.is_one(part.of)).then_some(part)
    }

    fn taken(&self, graph: &mut Graph, of: NodeId, axis: usize) -> NodeId {
        graph.slice(of, axis, self.start, self.step, self.count)
    }
}

/// Integer arithmetic may fail in an element that is not read; that is the program's error.
fn slice_of_pointwise(graph: &mut Graph, id: NodeId, uses: &Uses) -> Option<NodeId> {
    let part = Part::of(graph, id, uses)?;
    let definition = graph.pointwise_of(part.of)?;
    if graph.ty(id).element == ElementType::I64 {
        return None;
    }
    let arguments = graph.node(part.of).arguments.clone();
    let taken: Vec<NodeId> = arguments.iter().map(|argument| part.taken(graph, *argument, part.axis)).collect();
    Some(graph.pointwise(definition, &taken))
}

fn slice_of_movement(graph: &mut Graph, id: NodeId, uses: &Uses) -> Option<NodeId> {
    let part = Part::of(graph, id, uses)?;
    let node = graph.node(part.of).clone();
    let (axis, first) = (part.axis, *node.arguments.first()?);
    match node.op {
        Op::Transpose(order) => {
            let taken = part.taken(graph, first, order.get(axis));
            Some(graph.transpose(taken, order))
        }
        Op::Broadcast(axes) => {
            let taken = part.taken(graph, first, axes.position(axis)?);
            let shape = graph.ty(id).shape.clone();
            Some(graph.broadcast(taken, axes, &shape))
        }
        Op::Reverse(along) if usize::from(along) != axis => {
            let taken = part.taken(graph, first, axis);
            Some(graph.reverse(taken, along.into()))
        }
        Op::Reverse(_) => {
            let last = part.start + (part.count - 1) * part.step;
            let start = node.ty.shape[axis] - 1 - last;
            let taken = graph.slice(first, axis, start, part.step, part.count);
            Some(graph.reverse(taken, axis))
        }
        Op::Reshape => {
            let own = beside_units(&node.ty.shape, &graph.ty(first).shape)?[axis]?;
            let taken = part.taken(graph, first, own);
            let shape = graph.ty(id).shape.clone();
            Some(graph.reshape(taken, &shape))
        }
        Op::Pad { axis: along, low, step } if usize::from(along) != axis => {
            let taken = part.taken(graph, first, axis);
            Some(graph.pad(taken, along.into(), low as usize, step as usize, node.ty.shape[along.into()]))
        }
        Op::Concatenate(along) if usize::from(along) != axis => {
            let taken: Vec<NodeId> = node.arguments.iter().map(|each| part.taken(graph, *each, axis)).collect();
            Some(graph.concatenate(&taken, along.into()))
        }
        _ => None,
    }
}

/// For each axis of a shape that has more than one element, the axis of another shape that it is, if the two differ in
/// axes of size 1 only.
fn beside_units(shape: &Shape, other: &Shape) -> Option<Vec<Option<usize>>> {
    let mut others = (0..other.rank()).filter(|axis| other[*axis] != 1);
    let place = |size: &usize| {
        if *size == 1 { Some(None) } else { others.next().filter(|axis| other[*axis] == *size).map(Some) }
    };
    let places: Vec<Option<usize>> = shape.sizes().iter().map(place).collect::<Option<_>>()?;
    others.next().is_none().then_some(places)
}

fn slice_of_reduction(graph: &mut Graph, id: NodeId, uses: &Uses) -> Option<NodeId> {
    let part = Part::of(graph, id, uses)?;
    let Op::Reduce(reduction, folded) = graph.node(part.of).op else { return None };
    let argument = graph.node(part.of).arguments[0];
    if graph.ty(id).element == ElementType::I64 {
        return None;
    }
    let sizes = graph.ty(argument).shape.sizes();
    let kept: Axes = Axes::new((0..sizes.len()).filter(|axis| !folded.contains(*axis)));
    let sliced = kept.get(part.axis);
    // The order of additions hangs on the axes behind the first that is folded.
    let adds = matches!(reduction, Reduction::Sum | Reduction::Product);
    if adds && folded.iter().any(|axis| axis < sliced && sizes[axis] != 1) {
        return None;
    }
    let taken = part.taken(graph, argument, sliced);
    Some(graph.reduce(reduction, taken, folded))
}
