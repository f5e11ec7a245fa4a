//! Choices by position: a tensor with zeros around it where a condition on the position holds, and something else at its
//! border. `y[i - 1] else 1` arrives as such a choice and leaves as a concatenation, which compares nothing.

use super::{Rule, arguments_of};
use crate::ir::{Axes, ElementType, Graph, NodeId, Op, Shape};
use crate::ops::arithmetic::{ADD, SUBTRACT};
use crate::ops::choice::SELECT;
use crate::ops::comparison::{AND, EQUAL, GREATER, GREATER_EQUAL, LESS, LESS_EQUAL};
use std::ops::Range;

/// The rules of this file.
pub static RULES: &[Rule] = &[
    Rule::exact("where(inside, pad(x), 0) = pad(x) if all of x is inside, for conditions on the position", zero_border),
    Rule::exact(
        "where(inside, pad(x), repeated c) = concatenate(c, x, c) for conditions on the position along one axis",
        constant_border,
    ),
];

/// How deep conditions and paddings are looked into.
const DEPTH: usize = 8;

/// Constants are less, so that no integer here is out of bounds, which would be an error of the program.
const LARGE: u64 = 1 << 40;

/// A range of positions along each axis.
type Ranges = Vec<Range<i64>>;

fn everywhere(shape: &Shape) -> Ranges {
    shape.sizes().iter().map(|size| 0..*size as i64).collect()
}

fn zero_border(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let choice = Choice::of(graph, id)?;
    let is_zero = graph.constant_value(choice.other).is_some_and(|value| value == 0.0 && value.is_sign_positive());
    let within = |(part, whole): (&Range<i64>, &Range<i64>)| whole.start <= part.start && part.end <= whole.end;
    let covered = || nonzero(graph, choice.inner, DEPTH).iter().zip(&choice.inside).all(within);
    (is_zero && covered()).then_some(choice.inner)
}

fn constant_border(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Choice { inside, inner, other } = Choice::of(graph, id)?;
    let shape = graph.ty(id).shape.clone();
    let padded = Padded::of(graph, inner)?;
    let axis = padded.axis;
    let partial = inside.iter().zip(everywhere(&shape)).enumerate().filter(|(_, (part, whole))| *part != whole);
    if partial.map(|(place, _)| place).collect::<Vec<_>>() != [axis] {
        return None;
    }
    let (from, to, size) = (inside[axis].start, inside[axis].end, shape[axis] as i64);
    let end = padded.low + graph.ty(padded.source).shape[axis] as i64;
    if from >= to || from < padded.low || to > end {
        return None;
    }
    let value = scalar_of(graph, other)?;
    // Where the border is on one side only, the whole rest of the source stays: it can then be computed in its place.
    let first = if from == 0 { padded.low } else { from };
    let last = if to == size { end } else { to };
    let kept = graph.slice(padded.source, axis, (first - padded.low) as usize, 1, (last - first) as usize);
    let border = |graph: &mut Graph, count: i64| {
        let sizes = shape.sizes().iter().enumerate();
        let sizes = sizes.map(|(place, size)| if place == axis { count as usize } else { *size });
        graph.splat(value, &sizes.collect::<Shape>())
    };
    let mut parts = Vec::new();
    if from > 0 {
        parts.push(border(graph, from));
    }
    parts.push(kept);
    if to < size {
        parts.push(border(graph, size - to));
    }
    let whole = graph.concatenate(&parts, axis);
    let skipped = if from == 0 { -first } else { 0 };
    Some(graph.slice(whole, axis, skipped as usize, 1, size as usize))
}

/// A choice that follows from the position: `inner` in some ranges, `other` outside of them.
struct Choice {
    inside: Ranges,
    inner: NodeId,
    other: NodeId,
}

impl Choice {
    fn of(graph: &Graph, id: NodeId) -> Option<Self> {
        let [condition, yes, no] = arguments_of(graph, id, &SELECT)?;
        if !is_padded(graph, yes) && !is_padded(graph, no) || graph.ty(id).shape.count() == 0 {
            return None;
        }
        let inside = holds(graph, condition, DEPTH)?;
        if is_padded(graph, yes) {
            return Some(Choice { inside, inner: yes, other: no });
        }
        let whole = everywhere(&graph.ty(id).shape);
        Some(Choice { inside: complement(inside, whole)?, inner: no, other: yes })
    }
}

/// The rest of all positions, if it is a range along one axis.
fn complement(mut ranges: Ranges, whole: Ranges) -> Option<Ranges> {
    let mut partial = (0..whole.len()).filter(|axis| ranges[*axis] != whole[*axis]);
    let (axis, None) = (partial.next()?, partial.next()) else { return None };
    let (part, all) = (ranges[axis].clone(), whole[axis].clone());
    ranges[axis] = if part.start <= all.start {
        part.end..all.end
    } else if part.end >= all.end {
        all.start..part.start
    } else {
        return None;
    };
    Some(ranges)
}

fn is_padded(graph: &Graph, id: NodeId) -> bool {
    Padded::of(graph, id).is_some()
}

/// A tensor with zeros before and behind it, of which all or a part is looked at.
struct Padded {
    source: NodeId,
    axis: usize,
    /// Where the first element of the source is; below 0 if it is not looked at.
    low: i64,
}

impl Padded {
    fn of(graph: &Graph, id: NodeId) -> Option<Self> {
        let node = graph.node(id);
        match node.op {
            Op::Pad { axis, low, step: 1 } => {
                Some(Padded { source: node.arguments[0], axis: axis.into(), low: low.into() })
            }
            Op::Slice { axis, start, step: 1 } => {
                let Op::Pad { axis: along, low, step: 1 } = graph.node(node.arguments[0]).op else { return None };
                let source = graph.node(node.arguments[0]).arguments[0];
                let low = i64::from(low) - i64::from(start);
                (axis == along).then_some(Padded { source, axis: axis.into(), low })
            }
            _ => None,
        }
    }
}

/// The scalar that a tensor repeats.
fn scalar_of(graph: &Graph, id: NodeId) -> Option<NodeId> {
    let node = graph.node(id);
    match node.op {
        Op::Broadcast(axes) if axes.is_empty() => Some(node.arguments[0]),
        _ => None,
    }
}

/// Where a tensor may differ from zero, as far as paddings say.
fn nonzero(graph: &Graph, id: NodeId, depth: usize) -> Ranges {
    let node = graph.node(id);
    let shape = &node.ty.shape;
    let whole = everywhere(shape);
    if depth == 0 || shape.count() == 0 {
        return whole;
    }
    let of = |argument: usize| nonzero(graph, node.arguments[argument], depth - 1);
    let moved = |axis: u8, by: i64| {
        let (axis, mut ranges) = (usize::from(axis), of(0));
        let size = whole[axis].end;
        ranges[axis] = (ranges[axis].start + by).clamp(0, size)..(ranges[axis].end + by).clamp(0, size);
        ranges
    };
    match node.op {
        Op::Pad { axis, low, step: 1 } => moved(axis, low.into()),
        Op::Slice { axis, start, step: 1 } => moved(axis, -i64::from(start)),
        Op::Transpose(order) => {
            let source = of(0);
            order.iter().map(|axis| source[axis].clone()).collect()
        }
        Op::Broadcast(axes) => spread(&of(0), axes, whole),
        _ => whole,
    }
}

/// Ranges of a repeated tensor.
fn spread(source: &[Range<i64>], axes: Axes, mut whole: Ranges) -> Ranges {
    for (place, axis) in axes.iter().enumerate() {
        whole[axis] = source[place].clone();
    }
    whole
}

/// Where a condition on the position holds, if that is a range along each axis.
fn holds(graph: &Graph, id: NodeId, depth: usize) -> Option<Ranges> {
    let node = graph.node(id);
    let whole = everywhere(&node.ty.shape);
    if depth == 0 {
        return None;
    }
    match node.op {
        Op::Broadcast(axes) => return Some(spread(&holds(graph, node.arguments[0], depth - 1)?, axes, whole)),
        Op::Transpose(order) => {
            let source = holds(graph, node.arguments[0], depth - 1)?;
            return Some(order.iter().map(|axis| source[axis].clone()).collect());
        }
        Op::Scalar(1) => return Some(whole),
        Op::Table(index) => return holds_in_table(&graph.table(index).bits, &node.ty.shape),
        _ => {}
    }
    if let Some([a, b]) = arguments_of(graph, id, &AND) {
        let (a, b) = (holds(graph, a, depth - 1)?, holds(graph, b, depth - 1)?);
        return Some(a.iter().zip(&b).map(|(a, b)| a.start.max(b.start)..a.end.min(b.end)).collect());
    }
    let [a, b] = node.arguments[..] else { return None };
    let definition = graph.pointwise_of(id)?;
    let is = |other: &'static crate::ir::Pointwise| std::ptr::eq(definition, other);
    // The condition says that the difference is in a range.
    let wanted = if is(&GREATER_EQUAL) {
        0..i64::MAX
    } else if is(&GREATER) {
        1..i64::MAX
    } else if is(&LESS_EQUAL) {
        i64::MIN..1
    } else if is(&LESS) {
        i64::MIN..0
    } else if is(&EQUAL) {
        0..1
    } else {
        return None;
    };
    let difference = Place::of(graph, a, depth)?.minus(&Place::of(graph, b, depth)?)?;
    difference.within(wanted, whole)
}

/// The axis and the range along it in which a condition on the position holds, if that is one axis.
pub(super) fn range_of_condition(graph: &Graph, id: NodeId) -> Option<(usize, Range<i64>)> {
    let (ranges, whole) = (holds(graph, id, DEPTH)?, everywhere(&graph.ty(id).shape));
    let mut partial = (0..whole.len()).filter(|axis| ranges[*axis] != whole[*axis]);
    let (axis, None) = (partial.next()?, partial.next()) else { return None };
    Some((axis, ranges[axis].clone()))
}

/// A condition that holds in a range along an axis.
pub(super) fn condition(graph: &mut Graph, shape: &Shape, axis: usize, range: Range<i64>) -> NodeId {
    let position = graph.iota(axis, shape.clone());
    let compared = |graph: &mut Graph, definition, limit: i64| {
        let limit = graph.integer(limit);
        let limit = graph.splat(limit, shape);
        graph.pointwise(definition, &[position, limit])
    };
    let from = (range.start > 0).then(|| compared(graph, &GREATER_EQUAL, range.start));
    let to = (range.end < shape[axis] as i64).then(|| compared(graph, &LESS, range.end));
    match (from, to) {
        (Some(from), Some(to)) => graph.pointwise(&AND, &[from, to]),
        (only, None) | (None, only) => only.unwrap_or_else(|| compared(graph, &GREATER_EQUAL, 0)),
    }
}

/// The ranges of a table of truth values, if it is true there and nowhere else.
fn holds_in_table(bits: &[u64], shape: &Shape) -> Option<Ranges> {
    let strides = shape.strides();
    let places: Vec<usize> = (0..bits.len()).filter(|place| bits[*place] != 0).collect();
    let range = |axis: usize| {
        let at = places.iter().map(|place| (place / strides[axis] % shape[axis]) as i64);
        Some(at.clone().min()?..at.max()? + 1)
    };
    let ranges: Ranges = (0..shape.rank()).map(range).collect::<Option<_>>()?;
    let volume: i64 = ranges.iter().map(|range| range.end - range.start).product();
    (!places.is_empty() && volume == places.len() as i64).then_some(ranges)
}

/// An integer that is the position along at most one axis, and a constant.
struct Place {
    axis: Option<usize>,
    constant: i64,
}

impl Place {
    fn of(graph: &Graph, id: NodeId, depth: usize) -> Option<Self> {
        let node = graph.node(id);
        if node.ty.element != ElementType::I64 || depth == 0 {
            return None;
        }
        let of = |argument: usize| Place::of(graph, node.arguments[argument], depth - 1);
        match node.op {
            Op::Scalar(bits) => {
                let constant = bits as i64;
                (constant.unsigned_abs() < LARGE).then_some(Place { axis: None, constant })
            }
            Op::Iota(axis) => Some(Place { axis: Some(axis.into()), constant: 0 }),
            Op::Broadcast(axes) => {
                let source = of(0)?;
                Some(Place { axis: source.axis.map(|axis| axes.get(axis)), ..source })
            }
            Op::Pointwise(definition) if std::ptr::eq(definition.0, &ADD) => of(0)?.plus(&of(1)?),
            Op::Pointwise(definition) if std::ptr::eq(definition.0, &SUBTRACT) => of(0)?.minus(&of(1)?),
            _ => None,
        }
    }

    fn plus(&self, other: &Place) -> Option<Place> {
        let axis = match (self.axis, other.axis) {
            (axis, None) | (None, axis) => axis,
            _ => return None,
        };
        Some(Place { axis, constant: self.constant.checked_add(other.constant)? })
    }

    /// A position is not taken from a constant: that would turn its direction.
    fn minus(&self, other: &Place) -> Option<Place> {
        let constant = self.constant.checked_sub(other.constant)?;
        match (self.axis, other.axis) {
            (axis, None) => Some(Place { axis, constant }),
            (Some(a), Some(b)) if a == b => Some(Place { axis: None, constant }),
            _ => None,
        }
    }

    /// Where the number is in a range.
    fn within(&self, wanted: Range<i64>, mut whole: Ranges) -> Option<Ranges> {
        match self.axis {
            None => wanted.contains(&self.constant).then_some(whole),
            Some(axis) => {
                let all = whole[axis].clone();
                let start = wanted.start.saturating_sub(self.constant).clamp(all.start, all.end);
                let end = wanted.end.saturating_sub(self.constant).clamp(all.start, all.end);
                whole[axis] = start..end;
                (start < end).then_some(whole)
            }
        }
    }
}
