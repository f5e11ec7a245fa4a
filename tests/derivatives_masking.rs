//! No NaN or infinity of a branch that was not taken reaches a gradient, of first or second order, alone or batched.

mod support;

use ndc::autodiff::forward;
use ndc::ir::{ElementType, Graph, NodeId, Reduction, Shape, TensorType};
use ndc::ops::arithmetic::{ABSOLUTE, ADD, DIVIDE, MULTIPLY, POWER};
use ndc::ops::choice::{MAX, SELECT};
use ndc::ops::comparison::GREATER;
use ndc::ops::exponential::{EXP, LOG};
use ndc::ops::roots::{RECIPROCAL, SQRT};
use ndc::ops::structural::batch::batch;
use ndc::ops::{activation::RELU, find};
use ndc::runtime::linear_algebra::LinearAlgebra;
use support::*;

/// `if x > 0 { branch(x) } else { 0 }` for a scalar.
fn guarded(graph: &mut Graph, x: NodeId, branch: impl Fn(&mut Graph, NodeId) -> NodeId) -> NodeId {
    let zero = graph.constant_like(x, 0.0);
    let positive = graph.pointwise(&GREATER, &[x, zero]);
    let taken = branch(graph, x);
    graph.pointwise(&SELECT, &[positive, taken, zero])
}

/// The gradient of a guarded branch, and the gradient's own derivative by both modes, at a point.
fn two_derivatives(branch: impl Fn(&mut Graph, NodeId) -> NodeId + Copy, at: f64) -> [f64; 3] {
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[]));
    let y = guarded(&mut graph, x, branch);
    let first = gradients(&mut graph, y, &[x])[0];
    let pulled = gradients(&mut graph, first, &[x])[0];
    let one = graph.constant_like(x, 1.0);
    let pushed = forward(&mut graph, &[first], &[x], &[one])[0];
    let at = [reals(&[], &[at])];
    [first, pulled, pushed].map(|node| value(&graph, &at, node)[0])
}

/// Branches with NaN or infinite derivatives at and below zero.
fn branches() -> Vec<fn(&mut Graph, NodeId) -> NodeId> {
    vec![
        |g, x| g.pointwise(&LOG, &[x]),
        |g, x| g.pointwise(&SQRT, &[x]),
        |g, x| g.pointwise(&RECIPROCAL, &[x]),
        |g, x| {
            let power = g.constant_like(x, 0.3);
            g.pointwise(&POWER, &[x, power])
        },
        |g, x| {
            let inverse = g.pointwise(&DIVIDE, &[x, x]);
            g.pointwise(&MULTIPLY, &[inverse, x])
        },
        // An inner dead end behind another function.
        |g, x| {
            let log = g.pointwise(&LOG, &[x]);
            let exp = g.pointwise(&EXP, &[log]);
            g.pointwise(&RELU, &[exp])
        },
        |g, x| {
            let log = g.pointwise(&LOG, &[x]);
            let power = g.constant_like(x, -3.0);
            g.pointwise(&POWER, &[log, power])
        },
        // Through tensors: a contraction, a product, a sum, a maximum.
        |g, x| {
            let log = g.pointwise(&LOG, &[x]);
            let row = g.splat(log, &Shape::new(&[3]));
            let square = g.contract(row, row, 0, 0);
            let inverse = g.pointwise(&RECIPROCAL, &[square]);
            let image = g.contract(inverse, row, 0, 1);
            g.reduce_all(Reduction::Sum, image)
        },
        |g, x| {
            let log = g.pointwise(&LOG, &[x]);
            let row = g.splat(log, &Shape::new(&[3]));
            g.reduce_all(Reduction::Product, row)
        },
        |g, x| {
            let log = g.pointwise(&LOG, &[x]);
            let other = g.pointwise(&SQRT, &[x]);
            let both = g.stack(&[log, other]);
            g.reduce_all(Reduction::Max, both)
        },
        |g, x| {
            let log = g.pointwise(&LOG, &[x]);
            let other = g.pointwise(&SQRT, &[x]);
            let both = g.stack(&[log, other]);
            let index = g.integer(1);
            let chosen = g.gather(both, index, 0);
            let root = g.pointwise(&SQRT, &[chosen]);
            g.pointwise(&ADD, &[root, log])
        },
    ]
}

#[test]
fn nothing_of_the_branch_not_taken() {
    for (index, branch) in branches().into_iter().enumerate() {
        for at in [0.0, -0.0, -1.0, f64::NEG_INFINITY] {
            assert_eq!(two_derivatives(branch, at), [0.0; 3], "branch {index} at {at}");
        }
    }
}

#[test]
fn the_branch_taken_is_differentiated() {
    for branch in branches() {
        let mut graph = Graph::new();
        let x = graph.input("x", real(&[]));
        let y = guarded(&mut graph, x, branch);
        check_twice(&graph, y, &[reals(&[], &[3.7])], &mut Random(5));
    }
}

#[test]
fn each_example_of_a_batch_equals_its_lone_run() {
    let examples = [2.5, 0.0, -1.0, 0.7, -3.0];
    for (index, branch) in branches().into_iter().enumerate() {
        let mut graph = Graph::new();
        let xs = graph.input("x", real(&[examples.len()]));
        let x = graph.placeholder(real(&[]));
        let y = guarded(&mut graph, x, branch);
        let (ys, _) = batch(&mut graph, &[y], &[x], &[xs], examples.len())[0];
        let total = graph.reduce_all(Reduction::Sum, ys);
        let gradient = gradients(&mut graph, total, &[xs])[0];
        let whole = value(&graph, &[reals(&[examples.len()], &examples)], gradient);
        for (at, actual) in examples.iter().zip(whole) {
            let alone = two_derivatives(branch, *at)[0];
            assert!((actual - alone).abs() <= 1e-13 * alone.abs(), "branch {index} at {at}: {actual}, alone {alone}");
        }
    }
}

/// What the branch taken makes of a point where it happens to be zero: squares, so that cotangents are zero there too.
fn squares() -> Vec<fn(&mut Graph, NodeId) -> NodeId> {
    vec![
        |g, x| x_times(g, x, |g, matrix, x| g.contract(matrix, x, 0, 1)),
        |g, x| x_times(g, x, |g, matrix, x| g.contract(x, matrix, 0, 1)),
        |g, x| {
            let column = g.reshape(x, &Shape::new(&[2, 1]));
            x_times(g, column, |g, matrix, column| g.linear_algebra(LinearAlgebra::Solve, &[matrix, column]))
        },
        |g, x| {
            let column = g.reshape(x, &Shape::new(&[2, 1]));
            let lower = LinearAlgebra::TriangularSolve { upper: false, transposed: false };
            x_times(g, column, move |g, matrix, column| g.linear_algebra(lower, &[matrix, column]))
        },
    ]
}

/// The square of a linear function of `x`.
fn x_times(graph: &mut Graph, x: NodeId, linear: impl Fn(&mut Graph, NodeId, NodeId) -> NodeId) -> NodeId {
    let matrix = graph.constant_table(reals(&[2, 2], &[1.5, 1.0, -1.0, 2.0]));
    let image = linear(graph, matrix, x);
    graph.pointwise(&MULTIPLY, &[image, image])
}

#[test]
fn a_cotangent_that_happens_to_be_zero_has_derivatives() {
    for square in squares() {
        let mut graph = Graph::new();
        let x = graph.input("x", real(&[2]));
        let taken = square(&mut graph, x);
        let (one, zero) = (graph.constant_like(taken, 1.0), graph.constant_like(taken, 0.0));
        let below = graph.pointwise(&GREATER, &[one, taken]);
        let y = graph.pointwise(&SELECT, &[below, taken, zero]);
        check_twice(&graph, y, &[reals(&[2], &[0.0, 0.0])], &mut Random(11));
    }
}

#[test]
fn parameters_of_a_branch_not_taken_get_zero() {
    // if c { log(W x) } else { 0 }, batched over (c, x): examples with c false have bad x.
    let mut graph = Graph::new();
    let weights = graph.input("W", real(&[2, 3]));
    let conditions = graph.input("c", TensorType::new(ElementType::Bool, Shape::new(&[2])));
    let rows = graph.input("x", real(&[2, 3]));
    let condition = graph.placeholder(TensorType::scalar(ElementType::Bool));
    let row = graph.placeholder(real(&[3]));
    let image = graph.contract(weights, row, 0, 1);
    let log = graph.pointwise(&LOG, &[image]);
    let sum = graph.reduce_all(Reduction::Sum, log);
    let zero = graph.constant_like(sum, 0.0);
    let loss = graph.pointwise(&SELECT, &[condition, sum, zero]);
    let (losses, _) = batch(&mut graph, &[loss], &[condition, row], &[conditions, rows], 2)[0];
    let total = graph.reduce_all(Reduction::Sum, losses);
    let gradient = gradients(&mut graph, total, &[weights])[0];
    let mut choices = reals(&[2], &[1.0, 0.0]);
    choices.ty = graph.ty(conditions).clone();
    choices.bits = vec![1, 0];
    let bad = [1.0, 2.0, 3.0, f64::INFINITY, f64::NAN, 0.0];
    let at = [reals(&[2, 3], &[1.0; 6]), choices, reals(&[2, 3], &bad)];
    let expected: Vec<f64> = [1.0, 2.0, 3.0, 1.0, 2.0, 3.0].iter().map(|x| x / 6.0).collect();
    assert_eq!(value(&graph, &at, gradient), expected);
}

#[test]
fn extremes_and_kinks_cut_off_what_they_drop() {
    let derivative = |build: fn(&mut Graph, NodeId) -> NodeId, at: f64| {
        let mut graph = Graph::new();
        let x = graph.input("x", real(&[]));
        let y = build(&mut graph, x);
        let gradient = gradients(&mut graph, y, &[x])[0];
        value(&graph, &[reals(&[], &[at])], gradient)[0]
    };
    let root_of_relu: fn(&mut Graph, NodeId) -> NodeId = |g, x| {
        let relu = g.pointwise(&RELU, &[x]);
        g.pointwise(&SQRT, &[relu])
    };
    assert_eq!(derivative(root_of_relu, -1.0), 0.0);
    assert_eq!(derivative(root_of_relu, 4.0), 0.25);
    let root_of_absolute: fn(&mut Graph, NodeId) -> NodeId = |g, x| {
        let magnitude = g.pointwise(&ABSOLUTE, &[x]);
        g.pointwise(&SQRT, &[magnitude])
    };
    assert_eq!(derivative(root_of_absolute, 0.0), 0.0);
    assert_eq!(derivative(root_of_absolute, -4.0), -0.25);
    // max(1, 1/x) takes the 1 at infinity; max(1, sqrt(x)) at 0.
    let floor_under_root: fn(&mut Graph, NodeId) -> NodeId = |g, x| {
        let root = g.pointwise(&SQRT, &[x]);
        let one = g.constant_like(x, 1.0);
        g.pointwise(&MAX, &[one, root])
    };
    assert_eq!(derivative(floor_under_root, 0.0), 0.0);
    let plain_root: fn(&mut Graph, NodeId) -> NodeId = |g, x| g.pointwise(&SQRT, &[x]);
    assert_eq!(derivative(plain_root, 0.0), f64::INFINITY);
    let shared: fn(&mut Graph, NodeId) -> NodeId = |g, x| g.pointwise(&MAX, &[x, x]);
    assert_eq!(derivative(shared, 3.0), 1.0);
}

#[test]
fn stop_gradient_and_rounding_stop() {
    for name in ["stop_gradient", "floor", "round", "sign", "step"] {
        let mut graph = Graph::new();
        let x = graph.input("x", real(&[]));
        let stopped = graph.pointwise(find(name).unwrap(), &[x]);
        let y = graph.pointwise(&MULTIPLY, &[stopped, x]);
        let gradient = gradients(&mut graph, y, &[x])[0];
        let at = [reals(&[], &[2.4])];
        assert_eq!(value(&graph, &at, gradient), value(&graph, &at, stopped), "{name}");
    }
}

#[test]
fn gradients_by_inner_nodes_and_without_a_path() {
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[]));
    let other = graph.input("other", real(&[2]));
    let inner = graph.pointwise(&EXP, &[x]);
    let y = graph.pointwise(&MULTIPLY, &[inner, inner]);
    let found = gradients(&mut graph, y, &[inner, x, other]);
    let at = [reals(&[], &[0.0]), reals(&[2], &[1.0, 1.0])];
    let values: Vec<Vec<f64>> = found.iter().map(|node| value(&graph, &at, *node)).collect();
    assert_eq!(values, [vec![2.0], vec![2.0], vec![0.0, 0.0]]);
}
