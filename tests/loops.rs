//! Loops: values, derivatives in both modes, batching, optimisation.

#[path = "loops/cases.rs"]
mod cases;
mod support;

use cases::{Given, Plan, cases, run};
use ndc::ir::{ElementType, Graph, NodeId, Reduction};
use ndc::ops::arithmetic::{ADD, MULTIPLY};
use ndc::ops::choice::SELECT;
use ndc::ops::comparison::GREATER;
use ndc::ops::exponential::LOG;
use support::*;

#[test]
fn values_equal_closed_forms() {
    for case in cases() {
        let Some(expected) = case.expected else { continue };
        let actual = value(&case.graph, &case.at, case.output);
        let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-13 * b.abs().max(1.0);
        let same = actual.len() == expected.len() && actual.iter().zip(&expected).all(close);
        assert!(same, "{}: {actual:?}, expected {expected:?}", case.name);
    }
}

#[test]
fn both_modes_and_differences_agree_twice() {
    for case in cases() {
        println!("{}", case.name);
        check_twice(&case.graph, case.output, &case.at, &mut Random(11));
    }
}

/// `s <- s + (if x_t > 0 { log(x_t) w } else { 0 })`, with the branch not taken at some rows.
fn sum_of_guarded_logarithms(graph: &mut Graph, x: NodeId, w: NodeId) -> NodeId {
    let zero = graph.real(ElementType::F64, 0.0);
    let given = Given { states: &[zero], sequences: &[x], invariants: &[w], ..Given::default() };
    let trips = graph.ty(x).shape[0];
    let sum = run(graph, Plan::trips(trips), given, |graph, at| {
        let zero = graph.constant_like(at.rows[0], 0.0);
        let positive = graph.pointwise(&GREATER, &[at.rows[0], zero]);
        let log = graph.pointwise(&LOG, &[at.rows[0]]);
        let product = graph.pointwise(&MULTIPLY, &[log, at.invariants[0]]);
        let term = graph.pointwise(&SELECT, &[positive, product, zero]);
        (vec![graph.pointwise(&ADD, &[at.states[0], term])], vec![])
    });
    graph.result(sum, 0)
}

#[test]
fn nothing_of_a_branch_not_taken_inside() {
    let mut graph = Graph::new();
    let (x, w) = (graph.input("x", real(&[4])), graph.input("w", real(&[])));
    let sum = sum_of_guarded_logarithms(&mut graph, x, w);
    let at = [reals(&[4], &[2.0, -1.0, 0.0, 4.0]), reals(&[], &[3.0])];
    let found = gradients(&mut graph, sum, &[x, w]);
    assert_eq!(value(&graph, &at, found[0]), [1.5, 0.0, 0.0, 0.75]);
    let of_weight = value(&graph, &at, found[1])[0];
    assert!((of_weight - 3.0 * std::f64::consts::LN_2).abs() < 1e-15, "{of_weight}");
    let total = graph.reduce_all(Reduction::Sum, found[0]);
    let second = gradients(&mut graph, total, &[x])[0];
    assert_eq!(value(&graph, &at, second), [-0.75, 0.0, 0.0, -0.1875]);
}

/// `if c > 0 { loop } else { 0 }`, where the loop divides by zero and worse.
#[test]
fn nothing_of_a_loop_in_a_branch_not_taken() {
    let mut graph = Graph::new();
    let (x, c) = (graph.input("x", real(&[3])), graph.input("c", real(&[])));
    let one = graph.real(ElementType::F64, 1.0);
    let given = Given { states: &[one], sequences: &[x], ..Given::default() };
    let last = run(&mut graph, Plan::trips(3), given, |graph, at| {
        let log = graph.pointwise(&LOG, &[at.rows[0]]);
        (vec![graph.pointwise(&MULTIPLY, &[at.states[0], log])], vec![])
    });
    let last = graph.result(last, 0);
    let zero = graph.constant_like(c, 0.0);
    let positive = graph.pointwise(&GREATER, &[c, zero]);
    let y = graph.pointwise(&SELECT, &[positive, last, zero]);
    let gradient = gradients(&mut graph, y, &[x])[0];
    let at = [reals(&[3], &[-1.0, 0.0, f64::INFINITY]), reals(&[], &[-1.0])];
    assert_eq!(value(&graph, &at, gradient), [0.0, 0.0, 0.0]);
}
