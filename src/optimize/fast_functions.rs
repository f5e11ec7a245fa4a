//! Rules of elementary functions for `--fast-math`: fewer of them, and those that say the same in one.
//!
//! As in `fast`, they hold in real numbers where everything is finite. Those that recognise a function (`log(1 + x)`) give
//! more digits than what they replace.

use super::fast::negated;
use super::{Rule, Uses, arguments_of};
use crate::ir::{Graph, NodeId, Pointwise};
use crate::ops::activation::{LOGSIGMOID, SIGMOID, SILU, SOFTPLUS};
use crate::ops::arithmetic::{ABSOLUTE, ADD, MULTIPLY, POWER, SUBTRACT};
use crate::ops::exponential::{EXP, EXPM1, LOG, LOG1P};
use crate::ops::roots::{RECIPROCAL, RSQRT, SQRT};

/// The greatest exponent of a power that becomes multiplications, at most two for each binary digit.
const GREATEST_POWER: u32 = 16;

/// The rules of this file.
pub static FINAL: &[Rule] = &[
    Rule::fast("log(exp(x)) = x, exp(log(x)) = x", undone),
    Rule::fast("sqrt(x) * sqrt(x) = x, sqrt(x * x) = abs(x)", root_of_square),
    Rule::fast("1 / sqrt(x) = rsqrt(x)", reciprocal_root),
    Rule::fast("x^n by multiplications for whole n up to 16, x^(n + 1/2) with sqrt(x), x^-n = 1 / x^n", power),
    Rule::fast("log(1 + exp(x)) = softplus(x), log(sigmoid(x)) = logsigmoid(x)", log_of_sum),
    Rule::fast("log(1 + x) = log1p(x), exp(x) - 1 = expm1(x)", near_one),
    Rule::fast("1 / (1 + exp(x)) = sigmoid(-x), 1 - sigmoid(x) = sigmoid(-x)", logistic),
    Rule::fast_with_uses("x * sigmoid(x) = silu(x) where nothing else needs sigmoid(x)", weighted_by_itself),
    Rule::fast_with_uses(
        "exp(a) * exp(b) = exp(a + b), 1 / exp(x) = exp(-x) where nothing else needs exp(a), exp(b), exp(x)",
        product_of_exponentials,
    ),
];

fn argument(graph: &Graph, id: NodeId, definition: &'static Pointwise) -> Option<NodeId> {
    arguments_of(graph, id, definition).map(|[x]| x)
}

/// The other term of a sum with one.
fn one_plus(graph: &Graph, id: NodeId) -> Option<NodeId> {
    let [a, b] = arguments_of(graph, id, &ADD)?;
    match (graph.constant_value(a), graph.constant_value(b)) {
        (Some(1.0), _) => Some(b),
        (_, Some(1.0)) => Some(a),
        _ => None,
    }
}

fn undone(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let of_log = argument(graph, id, &LOG).and_then(|x| argument(graph, x, &EXP));
    of_log.or_else(|| argument(graph, id, &EXP).and_then(|x| argument(graph, x, &LOG)))
}

fn root_of_square(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    if let Some(product) = argument(graph, id, &SQRT) {
        let [a, b] = arguments_of(graph, product, &MULTIPLY)?;
        return (a == b).then(|| graph.pointwise(&ABSOLUTE, &[a]));
    }
    let [a, b] = arguments_of(graph, id, &MULTIPLY)?;
    if a == b { argument(graph, a, &SQRT) } else { None }
}

fn reciprocal_root(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let root = argument(graph, id, &RECIPROCAL)?;
    let x = argument(graph, root, &SQRT)?;
    Some(graph.pointwise(&RSQRT, &[x]))
}

fn power(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [x, exponent] = arguments_of(graph, id, &POWER)?;
    let exponent = graph.constant_value(exponent)?;
    let whole = exponent.abs().trunc();
    let half = exponent.abs() - whole;
    if !graph.ty(id).element.is_real() || whole > f64::from(GREATEST_POWER) || !(half == 0.0 || half == 0.5) {
        return None;
    }
    let integer = whole_power(graph, x, whole as u32);
    let root = (half == 0.5).then(|| graph.pointwise(&SQRT, &[x]));
    let product = match (integer, root) {
        (Some(a), Some(b)) => graph.pointwise(&MULTIPLY, &[a, b]),
        (a, b) => a.or(b)?,
    };
    Some(if exponent < 0.0 { graph.pointwise(&RECIPROCAL, &[product]) } else { product })
}

/// A power by squares, from the highest binary digit down.
fn whole_power(graph: &mut Graph, x: NodeId, exponent: u32) -> Option<NodeId> {
    let digits = u32::BITS - exponent.leading_zeros();
    let mut power = (exponent > 0).then_some(x)?;
    for digit in (0..digits - 1).rev() {
        power = graph.pointwise(&MULTIPLY, &[power, power]);
        if exponent >> digit & 1 == 1 {
            power = graph.pointwise(&MULTIPLY, &[power, x]);
        }
    }
    Some(power)
}

fn log_of_sum(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    if let Some(exponential) = argument(graph, id, &LOG1P) {
        let x = argument(graph, exponential, &EXP)?;
        return Some(graph.pointwise(&SOFTPLUS, &[x]));
    }
    let inner = argument(graph, id, &LOG)?;
    if let Some(x) = argument(graph, inner, &SIGMOID) {
        return Some(graph.pointwise(&LOGSIGMOID, &[x]));
    }
    let exponential = one_plus(graph, inner)?;
    let x = argument(graph, exponential, &EXP)?;
    Some(graph.pointwise(&SOFTPLUS, &[x]))
}

fn near_one(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    if let Some(sum) = argument(graph, id, &LOG) {
        let x = one_plus(graph, sum)?;
        return Some(graph.pointwise(&LOG1P, &[x]));
    }
    let exponential = match arguments_of(graph, id, &SUBTRACT) {
        Some([exponential, one]) => (graph.constant_value(one) == Some(1.0)).then_some(exponential),
        None => {
            let [a, b] = arguments_of(graph, id, &ADD)?;
            let minus_one = |id| graph.constant_value(id) == Some(-1.0);
            if minus_one(a) { Some(b) } else { minus_one(b).then_some(a) }
        }
    };
    let x = argument(graph, exponential?, &EXP)?;
    Some(graph.pointwise(&EXPM1, &[x]))
}

fn logistic(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let x = match argument(graph, id, &RECIPROCAL) {
        Some(sum) => argument(graph, one_plus(graph, sum)?, &EXP)?,
        None => {
            let [one, share] = arguments_of(graph, id, &SUBTRACT)?;
            (graph.constant_value(one) == Some(1.0)).then(|| argument(graph, share, &SIGMOID))??
        }
    };
    let opposite = negated(graph, x);
    Some(graph.pointwise(&SIGMOID, &[opposite]))
}

fn weighted_by_itself(graph: &mut Graph, id: NodeId, uses: &Uses) -> Option<NodeId> {
    let [a, b] = arguments_of(graph, id, &MULTIPLY)?;
    let share = |share, x| uses.is_one(share) && argument(graph, share, &SIGMOID) == Some(x);
    let x = if share(a, b) { b } else { share(b, a).then_some(a)? };
    Some(graph.pointwise(&SILU, &[x]))
}

fn product_of_exponentials(graph: &mut Graph, id: NodeId, uses: &Uses) -> Option<NodeId> {
    let exponent = |id| argument(graph, id, &EXP).filter(|_| uses.is_one(id));
    if let Some(inverted) = argument(graph, id, &RECIPROCAL) {
        let x = exponent(inverted)?;
        let opposite = negated(graph, x);
        return Some(graph.pointwise(&EXP, &[opposite]));
    }
    let [a, b] = arguments_of(graph, id, &MULTIPLY)?;
    let (a, b) = (exponent(a)?, exponent(b)?);
    let sum = graph.pointwise(&ADD, &[a, b]);
    Some(graph.pointwise(&EXP, &[sum]))
}
