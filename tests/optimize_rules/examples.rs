//! Graphs that rules fit, by the equations of the rules, and random ones.

use super::support::{Random, integers};
use ndc::ir::{
    Axes, BatchReduction, Custom, CustomRule, ElementType, Extreme, Graph, LinearAlgebra, NodeId, Outside, Pointwise,
    Reduction, Shape, Steps, TensorType,
};
use ndc::ops::activation::{RELU, SIGMOID};
use ndc::ops::arithmetic::*;
use ndc::ops::choice::*;
use ndc::ops::comparison::*;
use ndc::ops::exponential::{EXP, LOG, LOG1P};
use ndc::ops::roots::{RECIPROCAL, SQRT, SQUARE};
use ndc::ops::rounding::{FLOOR, ROUND};
use ndc::ops::trigonometric::{COS, COSH};
use std::sync::Arc;

/// Inputs to write examples with.
pub struct Subject {
    /// Vectors of three.
    pub x: NodeId,
    pub y: NodeId,
    pub z: NodeId,
    /// A number.
    pub s: NodeId,
    /// Matrices of 3 x 4 and 4 x 4.
    pub m: NodeId,
    pub a: NodeId,
    pub b: NodeId,
    /// A matrix of 8 x 8, and a right-hand side.
    pub large: NodeId,
    pub right: NodeId,
    /// Truth values and integers.
    pub p: NodeId,
    pub q: NodeId,
    pub i: NodeId,
}

impl Subject {
    pub fn new(graph: &mut Graph, element: ElementType) -> Self {
        let mut real = |name: &str, sizes: &[usize]| graph.input(name, TensorType::new(element, Shape::new(sizes)));
        let [x, y, z] = ["x", "y", "z"].map(|name| real(name, &[3]));
        let (s, m, a, b) = (real("s", &[]), real("m", &[3, 4]), real("a", &[4, 4]), real("b", &[4, 4]));
        let (large, right) = (real("large", &[8, 8]), real("right", &[8, 1]));
        let [p, q] = ["p", "q"].map(|name| graph.input(name, TensorType::new(ElementType::Bool, Shape::new(&[3]))));
        let i = graph.input("i", TensorType::new(ElementType::I64, Shape::new(&[3])));
        Subject { x, y, z, s, m, a, b, large, right, p, q, i }
    }
}

fn of(graph: &mut Graph, definition: &'static Pointwise, arguments: &[NodeId]) -> NodeId {
    graph.pointwise(definition, arguments)
}

fn with(graph: &mut Graph, definition: &'static Pointwise, x: NodeId, constant: f64) -> NodeId {
    let constant = graph.constant_like(x, constant);
    graph.pointwise(definition, &[x, constant])
}

fn before(graph: &mut Graph, constant: f64, definition: &'static Pointwise, x: NodeId) -> NodeId {
    let constant = graph.constant_like(x, constant);
    graph.pointwise(definition, &[constant, x])
}

fn repeated(graph: &mut Graph, x: NodeId, axes: &[usize], shape: &[usize]) -> NodeId {
    graph.broadcast(x, Axes::new(axes.iter().copied()), &Shape::new(shape))
}

fn sum(graph: &mut Graph, x: NodeId, axes: &[usize]) -> NodeId {
    graph.reduce(Reduction::Sum, x, Axes::new(axes.iter().copied()))
}

/// A matrix whose elimination is stable: its own values beside a large diagonal.
fn dominant(graph: &mut Graph, matrix: NodeId) -> NodeId {
    let shape = graph.ty(matrix).shape.clone();
    let (i, j) = (graph.iota(0, shape.clone()), graph.iota(1, shape));
    let diagonal = graph.pointwise(&EQUAL, &[i, j]);
    let (sixteen, zero) = (graph.constant_like(matrix, 32.0), graph.constant_like(matrix, 0.0));
    let added = graph.pointwise(&SELECT, &[diagonal, sixteen, zero]);
    graph.pointwise(&ADD, &[matrix, added])
}

const CONSTANT_BORDER: &str =
    "where(inside, pad(x), repeated c) = concatenate(c, x, c) for conditions on the position along one axis";

/// `if i >= shift + more { x[i - shift] } else { s }`.
fn before_border(g: &mut Graph, s: &Subject, more: usize, shift: usize) -> NodeId {
    let first = shift + more;
    let padded = g.pad(s.x, 0, shift, 1, 3 + shift);
    let position = g.iota(0, Shape::new(&[3 + shift]));
    let inside = with(g, &GREATER_EQUAL, position, first as f64);
    let other = repeated(g, s.s, &[], &[3 + shift]);
    of(g, &SELECT, &[inside, padded, other])
}

type Write = fn(&mut Graph, &Subject) -> NodeId;

/// Each example with the equation of its rule, which fits the node that it returns.
pub const EXAMPLES: &[(&str, Write)] = &[
    ("stop_gradient(x) = x", |g, s| of(g, &STOP_GRADIENT, &[s.x])),
    ("own_slope(x, e) = -0", |g, s| {
        let zero = g.constant_like(s.x, 0.0);
        let finite = of(g, &SELECT, &[s.p, zero, zero]);
        of(g, &OWN_SLOPE, &[zero, finite])
    }),
    ("a reduction over a mini-batch of one example is that example", |g, s| g.batch_reduce(BatchReduction::Mean, s.x)),
    ("a value with a derivative of its own is that value", |g, s| {
        let mut body = Graph::new();
        let ty = g.ty(s.x).clone();
        body.input("value", ty.clone());
        let cotangent = body.input("cotangent", ty);
        body.output("pulled", cotangent);
        let rule = CustomRule::Pullback { targets: 1, batch: 0 };
        g.custom(Arc::new(Custom { rule, body: Arc::new(body) }), &[s.x, s.x])
    }),
    ("solve(A, b) = solve_by_factors(factors(A), b), and of A' with the factors of A", |g, s| {
        let matrix = dominant(g, s.large);
        g.linear_algebra(LinearAlgebra::Solve, &[matrix, s.right])
    }),
    ("solve(A, b) = solve_by_factors(factors(A), b), and of A' with the factors of A", |g, s| {
        let matrix = dominant(g, s.large);
        let turned = g.transpose(matrix, Axes::new([1, 0]));
        g.linear_algebra(LinearAlgebra::Solve, &[turned, s.right])
    }),
    ("log|det A|, from factors(A)", |g, s| {
        let matrix = dominant(g, s.large);
        g.linear_algebra(LinearAlgebra::LogAbsDeterminant, &[matrix])
    }),
    ("x - x = 0, x / x = 1", |g, s| of(g, &SUBTRACT, &[s.x, s.x])),
    ("x - x = 0, x / x = 1", |g, s| of(g, &DIVIDE, &[s.x, s.x])),
    ("x * 0 = 0, 0 / x = 0", |g, s| with(g, &MULTIPLY, s.x, 0.0)),
    ("x * 0 = 0, 0 / x = 0", |g, s| before(g, 0.0, &DIVIDE, s.x)),
    ("x + 0 = x", |g, s| with(g, &ADD, s.x, 0.0)),
    ("(x + c) + d = x + (c + d) for constants c and d, of differences too", |g, s| {
        let moved = with(g, &ADD, s.x, 0.3);
        with(g, &SUBTRACT, moved, 0.7)
    }),
    ("(x + c) + d = x + (c + d) for constants c and d, of differences too", |g, s| {
        let moved = before(g, 0.3, &SUBTRACT, s.x);
        before(g, 1.7, &SUBTRACT, moved)
    }),
    ("(c * x) * d = (c * d) * x for constants c and d", |g, s| {
        let scaled = with(g, &MULTIPLY, s.x, 0.3);
        with(g, &MULTIPLY, scaled, 0.7)
    }),
    ("a / b = a * (1 / b)", |g, s| of(g, &DIVIDE, &[s.x, s.y])),
    ("a / b = a * (1 / b)", |g, s| with(g, &DIVIDE, s.x, 3.0)),
    ("1 / (1 / x) = x, (1 / a) * (1 / b) = 1 / (a * b)", |g, s| {
        let inverse = of(g, &RECIPROCAL, &[s.x]);
        of(g, &RECIPROCAL, &[inverse])
    }),
    ("1 / (1 / x) = x, (1 / a) * (1 / b) = 1 / (a * b)", |g, s| {
        let inverses = [s.x, s.y].map(|x| of(g, &RECIPROCAL, &[x]));
        of(g, &MULTIPLY, &inverses)
    }),
    ("(c * x) * (d * y) = (c * d) * (x * y) for constants c and d where nothing else needs c * x or d * y", |g, s| {
        let scaled = [(s.x, 0.3), (s.y, 0.7)].map(|(x, factor)| with(g, &MULTIPLY, x, factor));
        of(g, &MULTIPLY, &scaled)
    }),
    ("a * b + a * c = a * (b + c), and of differences, where nothing else needs a * b or a * c", |g, s| {
        let products = [s.y, s.z].map(|other| of(g, &MULTIPLY, &[s.x, other]));
        of(g, &ADD, &products)
    }),
    ("a * b + a * c = a * (b + c), and of differences, where nothing else needs a * b or a * c", |g, s| {
        let (left, right) = (of(g, &MULTIPLY, &[s.y, s.x]), of(g, &MULTIPLY, &[s.x, s.z]));
        of(g, &SUBTRACT, &[left, right])
    }),
    ("a * x + x = (a + 1) * x for a constant a, and of differences", |g, s| {
        let scaled = with(g, &MULTIPLY, s.x, 0.3);
        of(g, &ADD, &[s.x, scaled])
    }),
    ("a * x + x = (a + 1) * x for a constant a, and of differences", |g, s| {
        let scaled = with(g, &MULTIPLY, s.x, 0.3);
        of(g, &SUBTRACT, &[scaled, s.x])
    }),
    ("a * x + x = (a + 1) * x for a constant a, and of differences", |g, s| {
        let scaled = with(g, &MULTIPLY, s.x, 0.3);
        of(g, &SUBTRACT, &[s.x, scaled])
    }),
    ("sum(a * x) = a * sum(x) where a is the same along the sum and nothing else needs a * x", |g, s| {
        let factor = repeated(g, s.x, &[0], &[3, 4]);
        let product = of(g, &MULTIPLY, &[factor, s.m]);
        sum(g, product, &[1])
    }),
    ("sum(a * x) = a * sum(x) where a is the same along the sum and nothing else needs a * x", |g, s| {
        let factor = repeated(g, s.s, &[], &[3, 4]);
        let product = of(g, &MULTIPLY, &[s.m, factor]);
        sum(g, product, &[0])
    }),
    (
        "contract(c * a, b) = c * contract(a, b) for a constant c where that has fewer elements and nothing else needs c * a",
        |g, s| {
            let scaled = with(g, &MULTIPLY, s.a, 0.3);
            let row = g.slice(s.m, 0, 1, 1, 1);
            g.contract(row, scaled, 0, 1)
        },
    ),
    ("log(exp(x)) = x, exp(log(x)) = x", |g, s| {
        let exp = of(g, &EXP, &[s.x]);
        of(g, &LOG, &[exp])
    }),
    ("log(exp(x)) = x, exp(log(x)) = x", |g, s| {
        let log = of(g, &LOG, &[s.x]);
        of(g, &EXP, &[log])
    }),
    ("sqrt(x) * sqrt(x) = x, sqrt(x * x) = abs(x)", |g, s| {
        let root = of(g, &SQRT, &[s.x]);
        of(g, &MULTIPLY, &[root, root])
    }),
    ("sqrt(x) * sqrt(x) = x, sqrt(x * x) = abs(x)", |g, s| {
        let square = of(g, &MULTIPLY, &[s.x, s.x]);
        of(g, &SQRT, &[square])
    }),
    ("1 / sqrt(x) = rsqrt(x)", |g, s| {
        let root = of(g, &SQRT, &[s.x]);
        of(g, &RECIPROCAL, &[root])
    }),
    ("x^n by multiplications for whole n up to 16, x^(n + 1/2) with sqrt(x), x^-n = 1 / x^n", |g, s| {
        with(g, &POWER, s.x, 11.0)
    }),
    ("x^n by multiplications for whole n up to 16, x^(n + 1/2) with sqrt(x), x^-n = 1 / x^n", |g, s| {
        with(g, &POWER, s.x, 0.5)
    }),
    ("x^n by multiplications for whole n up to 16, x^(n + 1/2) with sqrt(x), x^-n = 1 / x^n", |g, s| {
        with(g, &POWER, s.x, -3.5)
    }),
    ("log(1 + exp(x)) = softplus(x), log(sigmoid(x)) = logsigmoid(x)", |g, s| {
        let exp = of(g, &EXP, &[s.x]);
        let more = before(g, 1.0, &ADD, exp);
        of(g, &LOG, &[more])
    }),
    ("log(1 + exp(x)) = softplus(x), log(sigmoid(x)) = logsigmoid(x)", |g, s| {
        let exp = of(g, &EXP, &[s.x]);
        of(g, &LOG1P, &[exp])
    }),
    ("log(1 + exp(x)) = softplus(x), log(sigmoid(x)) = logsigmoid(x)", |g, s| {
        let share = of(g, &SIGMOID, &[s.x]);
        of(g, &LOG, &[share])
    }),
    ("log(1 + x) = log1p(x), exp(x) - 1 = expm1(x)", |g, s| {
        let more = with(g, &ADD, s.x, 1.0);
        of(g, &LOG, &[more])
    }),
    ("log(1 + x) = log1p(x), exp(x) - 1 = expm1(x)", |g, s| {
        let exp = of(g, &EXP, &[s.x]);
        with(g, &SUBTRACT, exp, 1.0)
    }),
    ("1 / (1 + exp(x)) = sigmoid(-x), 1 - sigmoid(x) = sigmoid(-x)", |g, s| {
        let exp = of(g, &EXP, &[s.x]);
        let more = with(g, &ADD, exp, 1.0);
        of(g, &RECIPROCAL, &[more])
    }),
    ("1 / (1 + exp(x)) = sigmoid(-x), 1 - sigmoid(x) = sigmoid(-x)", |g, s| {
        let share = of(g, &SIGMOID, &[s.x]);
        before(g, 1.0, &SUBTRACT, share)
    }),
    ("x * sigmoid(x) = silu(x) where nothing else needs sigmoid(x)", |g, s| {
        let share = of(g, &SIGMOID, &[s.x]);
        of(g, &MULTIPLY, &[s.x, share])
    }),
    ("exp(a) * exp(b) = exp(a + b), 1 / exp(x) = exp(-x) where nothing else needs exp(a), exp(b), exp(x)", |g, s| {
        let both = [s.x, s.y].map(|x| of(g, &EXP, &[x]));
        of(g, &MULTIPLY, &both)
    }),
    ("exp(a) * exp(b) = exp(a + b), 1 / exp(x) = exp(-x) where nothing else needs exp(a), exp(b), exp(x)", |g, s| {
        let exp = of(g, &EXP, &[s.x]);
        of(g, &RECIPROCAL, &[exp])
    }),
    ("slice(f(x, …)) = f(slice(x), …) where nothing else needs f(x, …) and it cannot fail", |g, s| {
        let sum = of(g, &ADD, &[s.a, s.b]);
        g.slice(sum, 1, 1, 2, 2)
    }),
    (MOVEMENT, |g, s| {
        let turned = g.transpose(s.m, Axes::new([1, 0]));
        g.slice(turned, 0, 1, 2, 2)
    }),
    (MOVEMENT, |g, s| {
        let more = repeated(g, s.m, &[0, 2], &[3, 2, 4]);
        g.slice(more, 2, 1, 2, 2)
    }),
    (MOVEMENT, |g, s| {
        let reversed = g.reverse(s.m, 1);
        g.slice(reversed, 1, 0, 2, 2)
    }),
    (MOVEMENT, |g, s| {
        let reversed = g.reverse(s.m, 1);
        g.slice(reversed, 0, 1, 1, 2)
    }),
    (MOVEMENT, |g, s| {
        let more = g.reshape(s.m, &Shape::new(&[3, 1, 4]));
        g.slice(more, 2, 1, 2, 2)
    }),
    (MOVEMENT, |g, s| {
        let padded = g.pad(s.m, 1, 1, 1, 6);
        g.slice(padded, 0, 2, 1, 1)
    }),
    (MOVEMENT, |g, s| {
        let both = g.concatenate(&[s.a, s.b], 0);
        g.slice(both, 1, 2, 1, 2)
    }),
    ("slice(reduce(x)) = reduce(slice(x)) along another axis where nothing else needs reduce(x)", |g, s| {
        let sums = sum(g, s.m, &[1]);
        g.slice(sums, 0, 1, 1, 2)
    }),
    ("slice(reduce(x)) = reduce(slice(x)) along another axis where nothing else needs reduce(x)", |g, s| {
        let greatest = g.reduce(Reduction::Max, s.m, Axes::new([0]));
        g.slice(greatest, 0, 1, 2, 2)
    }),
    ("f(constants) = constant", |g, s| {
        let two = g.constant_like(s.x, 2.0);
        of(g, &EXP, &[two])
    }),
    ("x * 1 = x", |g, s| before(g, 1.0, &MULTIPLY, s.x)),
    ("x * 1 = x", |g, s| with(g, &DIVIDE, s.x, 1.0)),
    ("x * -1 = -x", |g, s| with(g, &MULTIPLY, s.x, -1.0)),
    ("x + -0 = x; of integers x + 0 = x", |g, s| with(g, &ADD, s.x, -0.0)),
    ("x + -0 = x; of integers x + 0 = x", |g, s| {
        let scalar = g.integer(0);
        let zeros = g.splat(scalar, &Shape::new(&[3]));
        of(g, &ADD, &[s.i, zeros])
    }),
    ("x - 0 = x", |g, s| with(g, &SUBTRACT, s.x, 0.0)),
    ("x / c = x * (1/c) for a power of two", |g, s| with(g, &DIVIDE, s.x, -8.0)),
    ("1 / x = reciprocal(x)", |g, s| before(g, 1.0, &DIVIDE, s.x)),
    ("-(-x) = x, not not x = x", |g, s| {
        let opposite = of(g, &NEGATE, &[s.x]);
        of(g, &NEGATE, &[opposite])
    }),
    ("-(-x) = x, not not x = x", |g, s| {
        let opposite = of(g, &NOT, &[s.p]);
        of(g, &NOT, &[opposite])
    }),
    ("not (a == b) = a != b, not (a != b) = (a == b)", |g, s| {
        let equal = of(g, &EQUAL, &[s.x, s.y]);
        of(g, &NOT, &[equal])
    }),
    ("f(-x) = f(x) for abs, square, cos and cosh of reals", |g, s| even(g, s, &ABSOLUTE)),
    ("f(-x) = f(x) for abs, square, cos and cosh of reals", |g, s| even(g, s, &SQUARE)),
    ("f(-x) = f(x) for abs, square, cos and cosh of reals", |g, s| even(g, s, &COS)),
    ("f(-x) = f(x) for abs, square, cos and cosh of reals", |g, s| even(g, s, &COSH)),
    ("f(f(x)) = f(x) for abs, relu, floor, ceil, round and trunc", |g, s| twice(g, s, &RELU)),
    ("f(f(x)) = f(x) for abs, relu, floor, ceil, round and trunc", |g, s| twice(g, s, &ROUND)),
    ("f(f(x)) = f(x) for abs, relu, floor, ceil, round and trunc", |g, s| twice(g, s, &FLOOR)),
    ("f(f(x)) = f(x) for abs, relu, floor, ceil, round and trunc", |g, s| twice(g, s, &ABSOLUTE)),
    ("max(x, x) = x, min(x, x) = x", |g, s| of(g, &MAX, &[s.x, s.x])),
    ("a + -b = a - b, a - -b = a + b", |g, s| {
        let opposite = of(g, &NEGATE, &[s.y]);
        of(g, &ADD, &[s.x, opposite])
    }),
    ("a + -b = a - b, a - -b = a + b", |g, s| {
        let opposite = of(g, &NEGATE, &[s.y]);
        of(g, &SUBTRACT, &[s.x, opposite])
    }),
    ("-a * -b = a * b, c * -b = (-c) * b for a constant c, a * -b = -(a * b)", |g, s| {
        let opposites = [s.x, s.y].map(|x| of(g, &NEGATE, &[x]));
        of(g, &MULTIPLY, &opposites)
    }),
    ("-a * -b = a * b, c * -b = (-c) * b for a constant c, a * -b = -(a * b)", |g, s| {
        let opposite = of(g, &NEGATE, &[s.y]);
        with(g, &MULTIPLY, opposite, 3.0)
    }),
    ("x + x = 2 x", |g, s| of(g, &ADD, &[s.x, s.x])),
    (
        "c * (d * x) = (c d) * x where c or d is a power of two (rounds numbers near the least and the greatest once)",
        |g, s| {
            let scaled = with(g, &MULTIPLY, s.x, 0.3);
            with(g, &MULTIPLY, scaled, 4.0)
        },
    ),
    ("x^0 = 1, x^1 = x, x^2 = x * x, x^-1 = 1 / x", |g, s| with(g, &POWER, s.x, 2.0)),
    ("x^0 = 1, x^1 = x, x^2 = x * x, x^-1 = 1 / x", |g, s| with(g, &POWER, s.x, -1.0)),
    ("select(true, a, b) = a, select(false, a, b) = b, select(c, a, a) = a", |g, s| of(g, &SELECT, &[s.p, s.x, s.x])),
    ("select(true, a, b) = a, select(false, a, b) = b, select(c, a, a) = a", |g, s| {
        let no = g.boolean(false);
        let no = g.splat(no, &Shape::new(&[3]));
        of(g, &SELECT, &[no, s.x, s.y])
    }),
    ("select(not c, a, b) = select(c, b, a)", |g, s| {
        let opposite = of(g, &NOT, &[s.p]);
        of(g, &SELECT, &[opposite, s.x, s.y])
    }),
    ("select(c, select(c, a, b), d) = select(c, a, d), select(c, a, select(c, b, d)) = select(c, a, d)", |g, s| {
        let inner = of(g, &SELECT, &[s.p, s.x, s.y]);
        of(g, &SELECT, &[s.p, inner, s.z])
    }),
    ("select(c, select(c, a, b), d) = select(c, a, d), select(c, a, select(c, b, d)) = select(c, a, d)", |g, s| {
        let inner = of(g, &SELECT, &[s.p, s.x, s.y]);
        of(g, &SELECT, &[s.p, s.z, inner])
    }),
    ("c and true = c, c or false = c, …", |g, s| {
        let yes = g.boolean(true);
        let yes = g.splat(yes, &Shape::new(&[3]));
        of(g, &AND, &[yes, s.p])
    }),
    ("c and true = c, c or false = c, …", |g, s| of(g, &OR, &[s.q, s.q])),
    ("masked_multiply(g, c) = g * c for a finite constant c, up to the sign of zero", |g, s| {
        with(g, &MASKED_MULTIPLY, s.x, -2.0)
    }),
    ("routed_multiply(p, c) = p * c for a finite constant c other than 0, up to the sign of zero", |g, s| {
        with(g, &ROUTED_MULTIPLY, s.x, -2.0)
    }),
    ("b * a = a * b: one order for equal products, so that they are one node", |g, s| of(g, &MULTIPLY, &[s.y, s.x])),
    ("broadcasts, reshapes and transposes of themselves are one, or none", |g, s| {
        let turned = g.transpose(s.m, Axes::new([1, 0]));
        let ty = g.ty(s.m).clone();
        g.intern(ndc::ir::Op::Transpose(Axes::new([1, 0])), &[turned], ty)
    }),
    ("a transpose that moves only axes of size 1 is a reshape", |g, s| g.transpose(s.right, Axes::new([1, 0]))),
    ("reverse(reverse(x)) = x", |g, s| {
        let reversed = g.reverse(s.m, 1);
        g.reverse(reversed, 1)
    }),
    ("f(repeated a, repeated b) = repeated f(a, b)", |g, s| {
        let (left, right) = (repeated(g, s.x, &[0], &[3, 4]), repeated(g, s.s, &[], &[3, 4]));
        of(g, &DIVIDE, &[left, right])
    }),
    ("slice(slice(x)) is one slice", |g, s| {
        let part = g.slice(s.a, 0, 1, 1, 3);
        g.slice(part, 0, 0, 2, 2)
    }),
    ("slice(pad(x)) is a slice of x, or zeros", |g, s| {
        let padded = g.pad(s.x, 0, 1, 2, 7);
        g.slice(padded, 0, 1, 2, 2)
    }),
    ("slice(concatenate(…, x, …)) = slice(x) inside one part", |g, s| {
        let both = g.concatenate(&[s.x, s.y], 0);
        g.slice(both, 0, 4, 1, 2)
    }),
    ("slice(repeated x) = repeated x along a new axis", |g, s| {
        let more = repeated(g, s.x, &[0], &[3, 4]);
        g.slice(more, 1, 1, 1, 2)
    }),
    ("pad(pad(x)) is one pad", |g, s| {
        let padded = g.pad(s.x, 0, 1, 2, 7);
        g.pad(padded, 0, 2, 1, 10)
    }),
    (PARTS, |g, s| {
        let [x, y] = [(s.x, 0), (s.y, 3)].map(|(part, low)| g.pad(part, 0, low, 1, 6));
        of(g, &ADD, &[y, x])
    }),
    (PARTS, |g, s| {
        let [x, y] = [(s.x, 5), (s.y, 1)].map(|(part, low)| g.pad(part, 0, low, 1, 10));
        of(g, &ADD, &[y, x])
    }),
    (PARTS, |g, s| {
        let [x, y] = [(s.x, 1), (s.y, 3)].map(|(part, low)| g.pad(part, 0, low, 1, 12));
        of(g, &ADD, &[x, y])
    }),
    (PARTS, |g, s| {
        let zeros = g.constant_like(s.x, 0.0);
        let row = g.concatenate(&[zeros, s.x, s.y, zeros, zeros, s.z, zeros], 0);
        let more = g.pad(s.z, 0, 5, 1, 21);
        of(g, &ADD, &[row, more])
    }),
    (PARTS, |g, s| {
        let square = g.transpose(s.a, Axes::new([1, 0]));
        let [a, b] = [(s.a, 0), (square, 4)].map(|(part, low)| g.pad(part, 1, low, 1, 9));
        of(g, &ADD, &[a, b])
    }),
    (CHOSEN, |g, s| {
        let (all, indices) = (with(g, &ADD, s.large, 0.25), integers(g, &[2, 2], &[7, 3, 0, 3]));
        let product = of(g, &MULTIPLY, &[all, s.large]);
        g.gather_or(product, indices, 0, Outside::Error)
    }),
    (CHOSEN, |g, s| {
        let row = g.slice(s.large, 0, 2, 1, 1);
        let row = g.reshape(row, &Shape::new(&[8]));
        let row = repeated(g, row, &[1], &[8, 8]);
        let (sum, indices) = (of(g, &SUBTRACT, &[row, s.large]), integers(g, &[3], &[7, 2, 0]));
        g.gather_or(sum, indices, 0, Outside::Error)
    }),
    ("gather(repeated x, i) = repeated gather(x, i) where i are at most half the rows", |g, s| {
        let (columns, indices) = (repeated(g, s.large, &[0, 2], &[8, 3, 8]), integers(g, &[2, 1], &[7, 2]));
        g.gather_or(columns, indices, 0, Outside::Error)
    }),
    (CHOSEN_PRODUCT, |g, s| {
        let (product, indices) = (g.contract(s.large, s.large, 0, 1), integers(g, &[2, 2], &[7, 2, 2, 0]));
        g.gather_or(product, indices, 0, Outside::Error)
    }),
    (CHOSEN_PRODUCT, |g, s| {
        let cube = repeated(g, s.large, &[0, 2], &[8, 2, 8]);
        let (product, indices) = (g.contract(cube, s.large, 1, 1), integers(g, &[3, 1], &[7, 2, 0]));
        g.gather_or(product, indices, 0, Outside::Error)
    }),
    ("reduce over axes of size 1 is a reshape", |g, s| sum(g, s.right, &[1])),
    ("sum(repeated x) = n x (rounds once), max(repeated x) = x", |g, s| {
        let more = repeated(g, s.x, &[1], &[5, 3]);
        sum(g, more, &[0])
    }),
    ("sum(repeated x) = n x (rounds once), max(repeated x) = x", |g, s| {
        let more = repeated(g, s.x, &[1], &[5, 3]);
        g.reduce(Reduction::Max, more, Axes::new([0, 1]))
    }),
    ("sum(sum(x)) = sum(x) over both axes (order of adding)", |g, s| {
        let sums = sum(g, s.m, &[1]);
        sum(g, sums, &[0])
    }),
    ("sum(transpose(x)) = sum(x) where the order of axes stays", |g, s| {
        let turned = g.transpose(s.m, Axes::new([1, 0]));
        sum(g, turned, &[0])
    }),
    ("transpose(contract(a, b)) = contract(b, a) of few terms", |g, s| {
        let product = g.contract(s.m, s.a, 0, 1);
        g.transpose(product, Axes::new([1, 0]))
    }),
    ("transpose(contract(a, b)) = contract(b, a) of few terms", |g, s| {
        let left = repeated(g, s.m, &[1, 2], &[2, 3, 4]);
        let right = repeated(g, s.a, &[1, 2], &[2, 4, 4]);
        let product = g.contract(left, right, 1, 1);
        g.transpose(product, Axes::new([0, 2, 1]))
    }),
    ("f(transpose a, transpose b) = transpose f(a, b)", |g, s| {
        let turned = [s.a, s.b].map(|x| g.transpose(x, Axes::new([1, 0])));
        of(g, &MULTIPLY, &turned)
    }),
    ("f(transpose a, transpose b) = transpose f(a, b)", |g, s| {
        let turned = g.transpose(s.m, Axes::new([1, 0]));
        let more = repeated(g, s.x, &[1], &[4, 3]);
        of(g, &SUBTRACT, &[more, turned])
    }),
    ("f(transpose a, transpose b) = transpose f(a, b)", |g, s| {
        let turned = g.transpose(s.m, Axes::new([1, 0]));
        let condition = repeated(g, s.p, &[1], &[4, 3]);
        let scalar = repeated(g, s.s, &[], &[4, 3]);
        of(g, &SELECT, &[condition, turned, scalar])
    }),
    ("reduce(transpose(x)) = transpose(reduce(x))", |g, s| {
        let cube = repeated(g, s.m, &[1, 2], &[2, 3, 4]);
        let turned = g.transpose(cube, Axes::new([2, 0, 1]));
        sum(g, turned, &[1])
    }),
    ("where(inside, pad(x), 0) = pad(x) if all of x is inside, for conditions on the position", |g, s| {
        let padded = g.pad(s.x, 0, 2, 1, 6);
        let position = g.iota(0, Shape::new(&[6]));
        let from = with(g, &GREATER_EQUAL, position, 1.0);
        let zero = g.constant_like(padded, 0.0);
        of(g, &SELECT, &[from, padded, zero])
    }),
    ("where(inside, pad(x), 0) = pad(x) if all of x is inside, for conditions on the position", |g, s| {
        let rows = g.pad(s.m, 0, 1, 1, 4);
        let both = g.pad(rows, 1, 1, 1, 5);
        let place = |g: &mut Graph, axis: usize| {
            let position = g.iota(axis, Shape::new(&[4, 5]));
            with(g, &GREATER, position, 0.0)
        };
        let (down, right) = (place(g, 0), place(g, 1));
        let inside = of(g, &AND, &[down, right]);
        let zero = g.constant_like(both, 0.0);
        of(g, &SELECT, &[inside, both, zero])
    }),
    (CONSTANT_BORDER, |g, s| before_border(g, s, 0, 1)),
    (CONSTANT_BORDER, |g, s| before_border(g, s, 1, 1)),
    (CONSTANT_BORDER, |g, s| before_border(g, s, 0, 2)),
    (CONSTANT_BORDER, |g, s| {
        // Behind the last: `x[i + 1] else s`.
        let padded = g.pad(s.x, 0, 0, 1, 4);
        let next = g.slice(padded, 0, 1, 1, 3);
        let position = g.iota(0, Shape::new(&[3]));
        let moved = with(g, &ADD, position, 1.0);
        let inside = with(g, &LESS, moved, 3.0);
        let other = repeated(g, s.s, &[], &[3]);
        of(g, &SELECT, &[inside, next, other])
    }),
    (CONSTANT_BORDER, |g, s| {
        // On both sides, along the second axis, the other way round.
        let padded = g.pad(s.m, 1, 3, 1, 9);
        let position = g.iota(1, Shape::new(&[3, 9]));
        let (low, high) = (with(g, &GREATER, position, 3.0), with(g, &LESS_EQUAL, position, 5.0));
        let inside = of(g, &AND, &[low, high]);
        let other = g.constant_like(padded, -1.0);
        of(g, &SELECT, &[inside, padded, other])
    }),
    (CONSTANT_BORDER, |g, s| {
        // The first is the other one: `if i == 0 { 2 } else { x[i - 1] }`.
        let padded = g.pad(s.x, 0, 1, 1, 4);
        let position = g.iota(0, Shape::new(&[4]));
        let first = with(g, &EQUAL, position, 0.0);
        let two = g.constant_like(padded, 2.0);
        of(g, &SELECT, &[first, two, padded])
    }),
    ("sum(-x) = -sum(x)", |g, s| {
        let opposite = of(g, &NEGATE, &[s.m]);
        sum(g, opposite, &[0])
    }),
    ("gather(x, known indices in equal steps) = a slice or window of x", |g, s| {
        let indices = integers(g, &[2], &[2, 0]);
        g.gather_or(s.m, indices, 0, Outside::Error)
    }),
    ("gather(x repeated for each row, positions of extremes) = x repeated", |g, s| {
        let rows = repeated(g, s.x, &[1], &[4, 3]);
        let places = g.arg_reduce(Extreme::Min, s.m, 1);
        g.gather_or(rows, places, 0, Outside::Error)
    }),
    ("unwindow(slice(unwindow(x))) = slice(unwindow(unwindow(x))) of another axis", |g, s| {
        let four = g.reshape(s.a, &Shape::new(&[2, 2, 2, 2]));
        let steps = Steps { start: 0, outer: 1, inner: 1 };
        let inner = g.unwindow(four, 2, 5, steps);
        let part = g.slice(inner, 2, 1, 1, 3);
        g.unwindow(part, 0, 3, steps)
    }),
    ("sum(repeated a * repeated b * …) = contract(a, b * …)", |g, s| {
        // weights[e, b] * matrices[b, i, j] * points[e, j], summed over b and j.
        let shape = [4, 2, 4, 4];
        let weights = repeated(g, s.a, &[0, 2], &shape);
        let matrices = g.reshape(s.large, &Shape::new(&[2, 8, 4]));
        let matrices = g.slice(matrices, 1, 0, 1, 4);
        let matrices = repeated(g, matrices, &[1, 2, 3], &shape);
        let points = repeated(g, s.b, &[0, 3], &shape);
        let product = of(g, &MULTIPLY, &[weights, matrices]);
        let product = of(g, &MULTIPLY, &[points, product]);
        sum(g, product, &[2, 3])
    }),
    ("sum(repeated a * repeated b * …) = contract(a, b * …)", |g, s| {
        let (left, right) = (repeated(g, s.m, &[0, 2], &[3, 4, 4]), repeated(g, s.a, &[1, 2], &[3, 4, 4]));
        let product = of(g, &MULTIPLY, &[left, right]);
        sum(g, product, &[2])
    }),
    (REPEATED, |g, s| {
        let rows = repeated(g, s.x, &[1], &[4, 3]);
        let turned = g.transpose(s.m, Axes::new([1, 0]));
        g.contract(rows, turned, 0, 1)
    }),
    (REPEATED, |g, s| {
        let columns = g.constant_like(s.m, 2.0);
        g.contract(s.m, columns, 0, 1)
    }),
    (REPEATED, |g, s| {
        let all = g.constant_like(s.a, 3.0);
        g.contract(all, s.a, 0, 1)
    }),
    (REPEATED, |g, s| {
        let (batches, more) = (repeated(g, s.a, &[1, 2], &[3, 4, 4]), g.reshape(s.m, &Shape::new(&[3, 1, 4])));
        g.contract(more, batches, 1, 1)
    }),
    (REPEATED, |g, s| {
        let more = repeated(g, s.x, &[0], &[3, 4]);
        let turned = g.transpose(more, Axes::new([1, 0]));
        let other = g.transpose(s.m, Axes::new([1, 0]));
        g.contract(other, turned, 0, 1)
    }),
    ("sum(contract(a, b)) = sum(sum(a) * sum(b)) over all axes of both", |g, s| {
        let product = g.contract(s.m, s.a, 0, 1);
        sum(g, product, &[0, 1])
    }),
    ("sum(contract(a, b)) = sum(sum(a) * sum(b)) over all axes of both", |g, s| {
        let [a, b] = [s.a, s.b].map(|x| g.reshape(x, &Shape::new(&[2, 4, 2])));
        let product = g.contract(a, b, 1, 1);
        sum(g, product, &[1, 2])
    }),
    ("sum(contract(a, b)) = sum(sum(a) * sum(b)) over all axes of both", |g, s| {
        let [a, b] = [s.a, s.b].map(|x| g.reshape(x, &Shape::new(&[2, 4, 2])));
        let product = g.contract(a, b, 1, 1);
        sum(g, product, &[0, 1, 2])
    }),
    ("diagonal(contract(a, b)) = sum(a * b)", |g, s| {
        let product = g.contract(s.a, s.b, 0, 1);
        let row = g.reshape(product, &Shape::new(&[16]));
        g.slice(row, 0, 0, 5, 4)
    }),
];

const REPEATED: &str = "contract(repeated a, b) = repeated contract(a, sum(b)), the sum where a is a finite constant";

const PARTS: &str = "pad(x) + pad(y) = concatenate(x, 0, y) along an axis most of which has no place in both";

const CHOSEN: &str = "gather(f(x, …), i) = f(gather(x, i), …) where it cannot fail and i are at most half the rows";

const CHOSEN_PRODUCT: &str = "gather(contract(a, b), i) = contract(gather(a, i), b) where i are at most half the rows";

const MOVEMENT: &str = "slice(move(x)) = move(slice(x)) for transposes, reversals, repetitions and axes of size 1, pads and concatenations along other axes, where nothing else needs move(x)";

fn even(graph: &mut Graph, subject: &Subject, function: &'static Pointwise) -> NodeId {
    let opposite = of(graph, &NEGATE, &[subject.x]);
    of(graph, function, &[opposite])
}

fn twice(graph: &mut Graph, subject: &Subject, function: &'static Pointwise) -> NodeId {
    let once = of(graph, function, &[subject.x]);
    of(graph, function, &[once])
}

/// A random node on vectors, made so that rules often fit.
pub fn plant(graph: &mut Graph, subject: &Subject, pool: &[NodeId], random: &mut Random) -> NodeId {
    let x = pool[random.below(pool.len())];
    let constant = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5, 0.3][random.below(7)];
    let y = if random.below(2) == 0 { graph.constant_like(x, constant) } else { pool[random.below(pool.len())] };
    let binary: [&'static Pointwise; 9] =
        [&ADD, &SUBTRACT, &MULTIPLY, &DIVIDE, &MAX, &MIN, &MASKED_MULTIPLY, &ROUTED_MULTIPLY, &POWER];
    let unary: [&'static Pointwise; 9] =
        [&NEGATE, &NEGATE, &ABSOLUTE, &RELU, &FLOOR, &ROUND, &SQUARE, &RECIPROCAL, &COS];
    match random.below(12) {
        0..5 => graph.pointwise(binary[random.below(binary.len())], &[x, y]),
        5..8 => graph.pointwise(unary[random.below(unary.len())], &[x]),
        8 => {
            let compared = graph.pointwise([&EQUAL, &LESS, &NOT_EQUAL][random.below(3)], &[x, y]);
            let condition = [compared, subject.p, subject.q][random.below(3)];
            let condition = if random.below(2) == 0 { condition } else { graph.pointwise(&NOT, &[condition]) };
            graph.pointwise(&SELECT, &[condition, x, y])
        }
        9 => {
            let padded = graph.pad(x, 0, random.below(3), 1, 5);
            graph.slice(padded, 0, random.below(3), 1, 3)
        }
        10 => {
            let more = graph.broadcast(x, Axes::new([1]), &Shape::new(&[2, 3]));
            graph.reduce([Reduction::Max, Reduction::Sum][random.below(2)], more, Axes::new([0]))
        }
        _ => graph.reverse(x, 0),
    }
}
