//! Rules of arithmetic for `--fast-math`: constants gathered, divisions as products, common factors, scales moved to where
//! there are fewer elements.
//!
//! They hold in real numbers. In floating point they round differently, and where something is infinite or NaN, or a
//! product leaves the range of numbers, either side may be so where the other is not.

use super::{Rule, Uses, arguments_of};
use crate::ir::{Axes, Graph, NodeId, Op, Reduction};
use crate::ops::arithmetic::{ADD, DIVIDE, MULTIPLY, NEGATE, SUBTRACT};
use crate::ops::roots::RECIPROCAL;

/// The rules of this file.
pub static FINAL: &[Rule] = &[
    Rule::fast("x - x = 0, x / x = 1", of_itself),
    Rule::fast("x * 0 = 0, 0 / x = 0", times_zero),
    Rule::fast("x + 0 = x", plus_zero),
    Rule::fast("(x + c) + d = x + (c + d) for constants c and d, of differences too", moved_by_constants),
    Rule::fast("(c * x) * d = (c * d) * x for constants c and d", scaled_by_constants),
    Rule::fast("a / b = a * (1 / b)", by_reciprocal),
    Rule::fast("1 / (1 / x) = x, (1 / a) * (1 / b) = 1 / (a * b)", reciprocal_of_reciprocal),
    Rule::fast_with_uses(
        "(c * x) * (d * y) = (c * d) * (x * y) for constants c and d where nothing else needs c * x or d * y",
        product_of_scaled,
    ),
    Rule::fast_with_uses(
        "a * b + a * c = a * (b + c), and of differences, where nothing else needs a * b or a * c",
        common_factor,
    ),
    Rule::fast("a * x + x = (a + 1) * x for a constant a, and of differences", common_factor_with_itself),
    Rule::fast_with_uses(
        "sum(a * x) = a * sum(x) where a is the same along the sum and nothing else needs a * x",
        scale_of_sum,
    ),
    Rule::fast_with_uses(
        "contract(c * a, b) = c * contract(a, b) for a constant c where that has fewer elements and nothing else needs c * a",
        scale_of_contraction,
    ),
];

fn is_real(graph: &Graph, id: NodeId) -> bool {
    graph.ty(id).element.is_real()
}

fn of_itself(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let same = |definition| arguments_of(graph, id, definition).is_some_and(|[a, b]| a == b);
    if same(&SUBTRACT) && is_real(graph, id) {
        Some(graph.constant_like(id, 0.0))
    } else if same(&DIVIDE) {
        Some(graph.constant_like(id, 1.0))
    } else {
        None
    }
}

fn is_zero(graph: &Graph, id: NodeId) -> bool {
    graph.constant_value(id) == Some(0.0)
}

fn times_zero(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let zero = match (arguments_of(graph, id, &MULTIPLY), arguments_of(graph, id, &DIVIDE)) {
        (Some([a, b]), _) => is_zero(graph, a) || is_zero(graph, b),
        (_, Some([a, _])) => is_zero(graph, a),
        _ => false,
    };
    (zero && is_real(graph, id)).then(|| graph.constant_like(id, 0.0))
}

fn plus_zero(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [a, b] = arguments_of(graph, id, &ADD)?;
    match (is_zero(graph, a), is_zero(graph, b)) {
        (_, true) => Some(a),
        (true, _) => Some(b),
        _ => None,
    }
}

/// A number moved by a constant: `x + constant`, or `constant - x`.
struct Moved {
    x: NodeId,
    negated: bool,
    constant: f64,
}

fn moved(graph: &Graph, id: NodeId) -> Option<Moved> {
    let value = |id| graph.constant_value(id);
    if let Some([a, b]) = arguments_of(graph, id, &SUBTRACT) {
        return match (value(a), value(b)) {
            (None, Some(constant)) => Some(Moved { x: a, negated: false, constant: -constant }),
            (Some(constant), None) => Some(Moved { x: b, negated: true, constant }),
            _ => None,
        };
    }
    let [a, b] = arguments_of(graph, id, &ADD)?;
    match (value(a), value(b)) {
        (None, Some(constant)) => Some(Moved { x: a, negated: false, constant }),
        (Some(constant), None) => Some(Moved { x: b, negated: false, constant }),
        _ => None,
    }
}

fn moved_by_constants(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let outer = moved(graph, id)?;
    let inner = moved(graph, outer.x)?;
    if !is_real(graph, id) {
        return None;
    }
    let constant = outer.constant + if outer.negated { -inner.constant } else { inner.constant };
    let negated = outer.negated != inner.negated;
    let constant = graph.constant_like(id, constant);
    Some(match negated {
        true => graph.pointwise(&SUBTRACT, &[constant, inner.x]),
        false => graph.pointwise(&ADD, &[inner.x, constant]),
    })
}

/// The factor and the rest of a product with a constant.
pub(super) fn scaled(graph: &Graph, id: NodeId) -> Option<(f64, NodeId)> {
    let [a, b] = arguments_of(graph, id, &MULTIPLY)?;
    match (graph.constant_value(a), graph.constant_value(b)) {
        (None, Some(factor)) => Some((factor, a)),
        (Some(factor), None) => Some((factor, b)),
        _ => None,
    }
}

fn scale(graph: &mut Graph, x: NodeId, factor: f64) -> NodeId {
    let factor = graph.constant_like(x, factor);
    graph.pointwise(&MULTIPLY, &[x, factor])
}

fn scaled_by_constants(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (outer, product) = scaled(graph, id)?;
    let (inner, x) = scaled(graph, product)?;
    is_real(graph, id).then(|| scale(graph, x, outer * inner))
}

/// The inverse of a constant stays within the range of numbers in single precision.
fn by_reciprocal(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [a, b] = arguments_of(graph, id, &DIVIDE)?;
    let constant = graph.constant_value(b);
    if constant.is_some_and(|value| !(1e-30..1e30).contains(&value.abs())) {
        return None;
    }
    let inverse = graph.pointwise(&RECIPROCAL, &[b]);
    Some(graph.pointwise(&MULTIPLY, &[a, inverse]))
}

fn reciprocal_of_reciprocal(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let inverted = |graph: &Graph, id| arguments_of(graph, id, &RECIPROCAL).map(|[x]| x);
    if let Some(inner) = inverted(graph, id) {
        return inverted(graph, inner);
    }
    let [a, b] = arguments_of(graph, id, &MULTIPLY)?;
    let (a, b) = (inverted(graph, a)?, inverted(graph, b)?);
    let product = graph.pointwise(&MULTIPLY, &[a, b]);
    Some(graph.pointwise(&RECIPROCAL, &[product]))
}

fn product_of_scaled(graph: &mut Graph, id: NodeId, uses: &Uses) -> Option<NodeId> {
    let [a, b] = arguments_of(graph, id, &MULTIPLY)?;
    let ((c, x), (d, y)) = (scaled(graph, a)?, scaled(graph, b)?);
    if a == b || !uses.is_one(a) || !uses.is_one(b) || !is_real(graph, id) {
        return None;
    }
    let product = graph.pointwise(&MULTIPLY, &[x, y]);
    Some(scale(graph, product, c * d))
}

/// The factors of two products that have one in common: that one, and the others.
fn shared_factor(graph: &Graph, a: NodeId, b: NodeId) -> Option<[NodeId; 3]> {
    let (left, right) = (arguments_of::<2>(graph, a, &MULTIPLY)?, arguments_of::<2>(graph, b, &MULTIPLY)?);
    let place = left.iter().position(|factor| right.contains(factor))?;
    let shared = left[place];
    let other = if right[0] == shared { right[1] } else { right[0] };
    Some([shared, left[1 - place], other])
}

fn common_factor(graph: &mut Graph, id: NodeId, uses: &Uses) -> Option<NodeId> {
    let definition = if arguments_of::<2>(graph, id, &ADD).is_some() { &ADD } else { &SUBTRACT };
    let [a, b] = arguments_of(graph, id, definition)?;
    let [shared, left, right] = shared_factor(graph, a, b)?;
    if !uses.is_one(a) || !uses.is_one(b) || !is_real(graph, id) {
        return None;
    }
    let rest = graph.pointwise(definition, &[left, right]);
    Some(graph.pointwise(&MULTIPLY, &[shared, rest]))
}

fn common_factor_with_itself(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (sign, [a, b]) = match arguments_of(graph, id, &ADD) {
        Some(arguments) => (1.0, arguments),
        None => (-1.0, arguments_of(graph, id, &SUBTRACT)?),
    };
    let factor_of = |product, x| scaled(graph, product).filter(|(_, other)| *other == x).map(|(factor, _)| factor);
    let (x, factor) = match (factor_of(a, b), factor_of(b, a)) {
        (Some(factor), _) => (b, factor + sign),
        (_, Some(factor)) => (a, 1.0 + sign * factor),
        _ => return None,
    };
    is_real(graph, id).then(|| scale(graph, x, factor))
}

/// A repeated factor that is the same along some axes, and the other one.
fn constant_along(graph: &Graph, product: NodeId, folded: Axes) -> Option<(Axes, NodeId, NodeId)> {
    let [a, b] = arguments_of(graph, product, &MULTIPLY)?;
    [(a, b), (b, a)].into_iter().find_map(|(factor, rest)| match graph.node(factor).op {
        Op::Broadcast(axes) if !axes.iter().any(|axis| folded.contains(axis)) => {
            Some((axes, graph.node(factor).arguments[0], rest))
        }
        _ => None,
    })
}

fn scale_of_sum(graph: &mut Graph, id: NodeId, uses: &Uses) -> Option<NodeId> {
    let Op::Reduce(Reduction::Sum, folded) = graph.node(id).op else { return None };
    let product = graph.node(id).arguments[0];
    let (axes, factor, rest) = constant_along(graph, product, folded)?;
    if !uses.is_one(product) || !is_real(graph, id) {
        return None;
    }
    let sum = graph.reduce(Reduction::Sum, rest, folded);
    let place = |axis: usize| axis - folded.iter().filter(|each| *each < axis).count();
    let shape = graph.ty(id).shape.clone();
    let factor = graph.broadcast(factor, Axes::new(axes.iter().map(place)), &shape);
    Some(graph.pointwise(&MULTIPLY, &[sum, factor]))
}

fn scale_of_contraction(graph: &mut Graph, id: NodeId, uses: &Uses) -> Option<NodeId> {
    let Op::Contract { batch, contract } = graph.node(id).op else { return None };
    let sides = [graph.node(id).arguments[0], graph.node(id).arguments[1]];
    let worth = |side: NodeId| uses.is_one(side) && graph.ty(id).shape.count() < graph.ty(side).shape.count();
    let (place, (factor, x)) = (0..2)
        .find_map(|place| scaled(graph, sides[place]).filter(|_| worth(sides[place])).map(|found| (place, found)))?;
    let (left, right) = if place == 0 { (x, sides[1]) } else { (sides[0], x) };
    let product = graph.contract(left, right, batch.into(), contract.into());
    Some(scale(graph, product, factor))
}

/// `-x`, for the rules of functions.
pub(super) fn negated(graph: &mut Graph, x: NodeId) -> NodeId {
    match arguments_of(graph, x, &NEGATE) {
        Some([inner]) => inner,
        None => graph.pointwise(&NEGATE, &[x]),
    }
}
