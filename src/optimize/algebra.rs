//! Rules on pointwise operations.
//!
//! There is no rule `x + 0 = x` for reals: it is wrong for `x = -0`, whose reciprocal is another infinity. Adjoint
//! graphs do not need it, since reverse mode adds no zeros. Nor is there `x * 0 = 0`, wrong for infinities and NaN.

use super::{Rule, arguments_of};
use crate::ir::{Graph, NodeId, Op, Pointwise};
use crate::ops::activation::RELU;
use crate::ops::arithmetic::{
    ABSOLUTE, ADD, DIVIDE, MASKED_MULTIPLY, MULTIPLY, NEGATE, POWER, ROUTED_MULTIPLY, SELECTED_MULTIPLY, SUBTRACT,
};
use crate::ops::choice::{MAX, MIN, OWN_SLOPE, SELECT, STOP_GRADIENT};
use crate::ops::comparison::{AND, EQUAL, NOT, NOT_EQUAL, OR};
use crate::ops::roots::{RECIPROCAL, SQUARE};
use crate::ops::rounding::{CEIL, FLOOR, ROUND, TRUNC};
use crate::ops::trigonometric::{COS, COSH};

/// Rules for graphs that will not be differentiated again.
pub static FINAL: &[Rule] = &[
    Rule::exact("stop_gradient(x) = x", |graph, id| arguments_of(graph, id, &STOP_GRADIENT).map(|[x]| x)),
    Rule::exact("own_slope(x, e) = -0", no_slope),
    Rule::exact("a reduction over a mini-batch of one example is that example", alone),
    Rule::exact("a value with a derivative of its own is that value", without_derivative),
];

/// Rules for any graph.
pub static RULES: &[Rule] = &[
    Rule::exact("x * 1 = x", times_one),
    Rule::exact("x * -1 = -x", times_minus_one),
    Rule::exact("x + -0 = x; of integers x + 0 = x", plus_zero),
    Rule::exact("x - 0 = x", minus_zero),
    Rule::exact("x / c = x * (1/c) for a power of two", by_power_of_two),
    Rule::exact("1 / x = reciprocal(x)", one_by),
    Rule::exact("-(-x) = x, not not x = x", twice),
    Rule::exact("not (a == b) = a != b, not (a != b) = (a == b)", opposite_comparison),
    Rule::exact("f(-x) = f(x) for abs, square, cos and cosh of reals", even),
    Rule::exact("f(f(x)) = f(x) for abs, relu, floor, ceil, round and trunc", idempotent),
    Rule::exact("max(x, x) = x, min(x, x) = x", extreme_of_one),
    Rule::exact("a + -b = a - b, a - -b = a + b", plus_negated),
    Rule::exact("-a * -b = a * b, c * -b = (-c) * b for a constant c, a * -b = -(a * b)", product_of_negated),
    Rule::exact("x + x = 2 x", twice_itself),
    Rule::rounding(
        "c * (d * x) = (c d) * x where c or d is a power of two (rounds numbers near the least and the greatest once)",
        scaled_twice,
    ),
    Rule::rounding("x^0 = 1, x^1 = x, x^2 = x * x, x^-1 = 1 / x", small_power),
    Rule::exact("select(true, a, b) = a, select(false, a, b) = b, select(c, a, a) = a", decided),
    Rule::exact("select(not c, a, b) = select(c, b, a)", select_by_opposite),
    Rule::exact(
        "select(c, select(c, a, b), d) = select(c, a, d), select(c, a, select(c, b, d)) = select(c, a, d)",
        decided_before,
    ),
    Rule::exact("c and true = c, c or false = c, …", decided_logic),
    Rule::up_to_sign(
        "masked_multiply(g, c) = g * c for a finite constant c, up to the sign of zero",
        masked_by_constant,
    ),
    Rule::up_to_sign(
        "routed_multiply(p, c) = p * c for a finite constant c other than 0, up to the sign of zero",
        routed_by_constant,
    ),
    Rule::exact("b * a = a * b: one order for equal products, so that they are one node", in_order),
];

fn no_slope(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    arguments_of(graph, id, &OWN_SLOPE).map(|[x, _]| graph.constant_like(x, -0.0))
}

fn alone(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let node = graph.node(id);
    matches!(node.op, Op::BatchReduce(_)).then(|| node.arguments[0])
}

fn without_derivative(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let node = graph.node(id);
    matches!(node.op, Op::Custom(_)).then(|| node.arguments[0])
}

fn is_constant(graph: &Graph, id: NodeId, value: f64) -> bool {
    graph.constant_value(id).is_some_and(|constant| constant.to_bits() == value.to_bits())
}

/// The other argument of a commutative operation, one of whose arguments is a constant.
fn other_than(graph: &Graph, pair: [NodeId; 2], value: f64) -> Option<NodeId> {
    let [a, b] = pair;
    if is_constant(graph, b, value) {
        Some(a)
    } else if is_constant(graph, a, value) {
        Some(b)
    } else {
        None
    }
}

fn times_one(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    if let Some([a, b]) = arguments_of(graph, id, &DIVIDE) {
        return is_constant(graph, b, 1.0).then_some(a);
    }
    other_than(graph, arguments_of(graph, id, &MULTIPLY)?, 1.0)
}

fn times_minus_one(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let x = other_than(graph, arguments_of(graph, id, &MULTIPLY)?, -1.0)?;
    Some(graph.pointwise(&NEGATE, &[x]))
}

fn plus_zero(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let neutral = if graph.ty(id).element.is_real() { -0.0 } else { 0.0 };
    other_than(graph, arguments_of(graph, id, &ADD)?, neutral)
}

fn minus_zero(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [a, b] = arguments_of(graph, id, &SUBTRACT)?;
    is_constant(graph, b, 0.0).then_some(a)
}

fn by_power_of_two(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [a, b] = arguments_of(graph, id, &DIVIDE)?;
    let divisor = graph.constant_value(b)?;
    let inverse = 1.0 / divisor;
    if !is_power_of_two(divisor) {
        return None;
    }
    let inverse = graph.constant_like(b, inverse);
    Some(graph.pointwise(&MULTIPLY, &[a, inverse]))
}

/// Whether it is, of either sign, and so are its product with itself and its inverse, in single precision too.
fn is_power_of_two(value: f64) -> bool {
    // A fraction of zero means a power of two.
    value.to_bits() << 12 == 0 && (1e-15..1e15).contains(&value.abs())
}

fn one_by(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [a, b] = arguments_of(graph, id, &DIVIDE)?;
    is_constant(graph, a, 1.0).then(|| graph.pointwise(&RECIPROCAL, &[b]))
}

fn twice(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    for definition in [&NEGATE, &NOT] {
        if let Some([x]) = arguments_of(graph, id, definition) {
            return arguments_of(graph, x, definition).map(|[inner]| inner);
        }
    }
    None
}

fn opposite_comparison(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [comparison] = arguments_of(graph, id, &NOT)?;
    let (definition, [a, b]) = [(&EQUAL, &NOT_EQUAL), (&NOT_EQUAL, &EQUAL)]
        .into_iter()
        .find_map(|(each, opposite)| Some((opposite, arguments_of(graph, comparison, each)?)))?;
    Some(graph.pointwise(definition, &[a, b]))
}

/// A function of one argument among some, with that argument.
fn one_of(graph: &Graph, id: NodeId, functions: &[&'static Pointwise]) -> Option<(&'static Pointwise, NodeId)> {
    functions.iter().find_map(|each| arguments_of(graph, id, each).map(|[x]| (*each, x)))
}

/// The opposite of an integer may overflow.
fn even(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (function, x) = one_of(graph, id, &[&ABSOLUTE, &SQUARE, &COS, &COSH])?;
    let [opposite] = arguments_of(graph, x, &NEGATE)?;
    graph.ty(id).element.is_real().then(|| graph.pointwise(function, &[opposite]))
}

fn idempotent(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (function, x) = one_of(graph, id, &[&ABSOLUTE, &RELU, &FLOOR, &CEIL, &ROUND, &TRUNC])?;
    arguments_of::<1>(graph, x, function).map(|_| x)
}

fn extreme_of_one(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [a, b] = arguments_of(graph, id, &MAX).or_else(|| arguments_of(graph, id, &MIN))?;
    (a == b).then_some(a)
}

fn plus_negated(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    // Integers stay: the intermediate steps overflow elsewhere.
    if !graph.ty(id).element.is_real() {
        return None;
    }
    if let Some([a, b]) = arguments_of(graph, id, &SUBTRACT) {
        let [b] = arguments_of(graph, b, &NEGATE)?;
        return Some(graph.pointwise(&ADD, &[a, b]));
    }
    let [a, b] = arguments_of(graph, id, &ADD)?;
    if let Some([b]) = arguments_of(graph, b, &NEGATE) {
        return Some(graph.pointwise(&SUBTRACT, &[a, b]));
    }
    let [a] = arguments_of(graph, a, &NEGATE)?;
    Some(graph.pointwise(&SUBTRACT, &[b, a]))
}

fn product_of_negated(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [a, b] = arguments_of(graph, id, &MULTIPLY)?;
    if !graph.ty(id).element.is_real() {
        return None;
    }
    let opposite = |id| arguments_of(graph, id, &NEGATE).map(|[x]| x);
    match (opposite(a), opposite(b)) {
        (Some(a), Some(b)) => Some(graph.pointwise(&MULTIPLY, &[a, b])),
        (None, Some(b)) => Some(negated_product(graph, a, b)),
        (Some(a), None) => Some(negated_product(graph, b, a)),
        (None, None) => None,
    }
}

/// `-(a * b)`, the sign in `a` where that is a constant.
fn negated_product(graph: &mut Graph, a: NodeId, b: NodeId) -> NodeId {
    if let Some(constant) = graph.constant_value(a) {
        let opposite = graph.constant_like(a, -constant);
        return graph.pointwise(&MULTIPLY, &[opposite, b]);
    }
    let product = graph.pointwise(&MULTIPLY, &[a, b]);
    graph.pointwise(&NEGATE, &[product])
}

fn twice_itself(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [a, b] = arguments_of(graph, id, &ADD)?;
    if a != b || !graph.ty(id).element.is_real() {
        return None;
    }
    let two = graph.constant_like(a, 2.0);
    Some(graph.pointwise(&MULTIPLY, &[a, two]))
}

/// The constant of a product with one, and the other factor.
fn scaled(graph: &Graph, id: NodeId) -> Option<(f64, NodeId)> {
    let [a, b] = arguments_of(graph, id, &MULTIPLY)?;
    let by = |constant: NodeId, other| graph.constant_value(constant).map(|value| (value, other));
    by(b, a).or_else(|| by(a, b))
}

fn scaled_twice(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let (outer, product) = scaled(graph, id)?;
    let (inner, x) = scaled(graph, product)?;
    let normal = |factor: f64| (1e-30..1e30).contains(&factor.abs());
    if !graph.ty(id).element.is_real() || !(is_power_of_two(outer) || is_power_of_two(inner)) || !normal(outer * inner)
    {
        return None;
    }
    let both = graph.constant_like(x, outer * inner);
    Some(graph.pointwise(&MULTIPLY, &[x, both]))
}

fn small_power(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [x, exponent] = arguments_of(graph, id, &POWER)?;
    match graph.constant_value(exponent)? {
        0.0 => Some(graph.constant_like(x, 1.0)),
        1.0 => Some(x),
        2.0 => Some(graph.pointwise(&MULTIPLY, &[x, x])),
        -1.0 => Some(graph.pointwise(&RECIPROCAL, &[x])),
        _ => None,
    }
}

fn decided(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [condition, yes, no] = arguments_of(graph, id, &SELECT)?;
    if yes == no {
        return Some(yes);
    }
    graph.constant_value(condition).map(|truth| if truth != 0.0 { yes } else { no })
}

fn select_by_opposite(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [condition, yes, no] = arguments_of(graph, id, &SELECT)?;
    let [opposite] = arguments_of(graph, condition, &NOT)?;
    Some(graph.pointwise(&SELECT, &[opposite, no, yes]))
}

fn decided_before(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [condition, yes, no] = arguments_of(graph, id, &SELECT)?;
    let inner = |node| arguments_of::<3>(graph, node, &SELECT).filter(|[same, ..]| *same == condition);
    let arguments = match (inner(yes), inner(no)) {
        (Some([_, yes, _]), _) => [condition, yes, no],
        (_, Some([_, _, no])) => [condition, yes, no],
        _ => return None,
    };
    Some(graph.pointwise(&SELECT, &arguments))
}

fn decided_logic(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    for (definition, neutral) in [(&AND, 1.0), (&OR, 0.0)] {
        let Some([a, b]) = arguments_of(graph, id, definition) else { continue };
        for (constant, rest) in [(a, b), (b, a)] {
            if let Some(value) = graph.constant_value(constant) {
                return Some(if value == neutral { rest } else { constant });
            }
        }
        return (a == b).then_some(a);
    }
    None
}

fn masked_by_constant(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [cotangent, partial] =
        arguments_of(graph, id, &MASKED_MULTIPLY).or_else(|| arguments_of(graph, id, &SELECTED_MULTIPLY))?;
    let finite = graph.constant_value(partial).is_some_and(f64::is_finite);
    let nonzero = graph.constant_value(cotangent).is_some_and(|value| value != 0.0);
    (finite || nonzero).then(|| graph.pointwise(&MULTIPLY, &[cotangent, partial]))
}

fn routed_by_constant(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [a, b] = arguments_of(graph, id, &ROUTED_MULTIPLY)?;
    let passes = |id: NodeId| graph.constant_value(id).is_some_and(|value| value.is_finite() && value != 0.0);
    (passes(a) || passes(b)).then(|| graph.pointwise(&MULTIPLY, &[a, b]))
}

fn in_order(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let definition = graph.pointwise_of(id)?;
    let commutes = [&ADD, &MULTIPLY, &EQUAL, &NOT_EQUAL, &AND, &OR].iter().any(|each| std::ptr::eq(*each, definition));
    let &[a, b] = &graph.node(id).arguments[..] else { return None };
    if !commutes || a <= b {
        return None;
    }
    Some(graph.pointwise(definition, &[b, a]))
}
