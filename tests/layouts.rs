//! Elements are read where they lie: neighbours across a border without a choice, paddings and concatenations without a copy,
//! sums over an axis along the rows in memory. Values and gradients are those of the graph as written.

#[path = "support/printed.rs"]
mod printed;

#[path = "native/harness.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod harness;

use harness::{Random, compare, native, number, run, word};
use ndc::eval::evaluate_tables;
use ndc::ir::{ElementType, Graph, NodeId, Op, Shape, Table, TensorType};
use ndc::ops::arithmetic::{ADD, MULTIPLY};
use ndc::ops::choice::SELECT;
use ndc::ops::exponential::EXP;
use ndc::optimize::optimize;
use ndc::schedule::{Schedule, schedule};

/// The graph of `f` of the parameter `x` and of its gradient, as written.
fn graph(program: &str) -> Graph {
    printed::graph(&format!("{program}\nprint f(x), grad(f)(x)"))
}

fn at_random(ty: &TensorType) -> Table {
    let mut random = Random(11);
    Table { ty: ty.clone(), bits: (0..ty.shape.count()).map(|_| word(ty.element, random.real(0.8))).collect() }
}

fn numbers(table: &Table) -> Vec<f64> {
    table.bits.iter().map(|bits| number(table.ty.element, *bits)).collect()
}

/// The graph simplified. Native code must give the value of the graph as written, and the slopes of its differences.
fn simplified(graph: &Graph, program: &str) -> Graph {
    let x = at_random(&graph.inputs()[0].ty);
    let simpler = optimize(graph);
    let natively = run(&native(&simpler), std::slice::from_ref(&x)).expect("no fault");
    let value = |x: &Table| evaluate_tables(graph, std::slice::from_ref(x)).expect("no fault");
    let written = value(&x);
    for (one, other) in numbers(&written[0]).iter().zip(numbers(&natively[0])) {
        assert!((one - other).abs() <= 1e-12 * one.abs().max(1.0), "{one} as written, {other} natively\n{program}");
    }
    let gradient = numbers(&natively[1]);
    for (one, other) in numbers(&written[1]).iter().zip(&gradient) {
        assert!((one - other).abs() <= 1e-12 * one.abs().max(1.0), "{one} as written, {other} natively\n{program}");
    }
    let count = x.bits.len();
    for place in [0, 1, count / 2, count - 2, count - 1] {
        let moved = |by: f64| {
            let mut x = x.clone();
            x.bits[place] = word(x.ty.element, number(x.ty.element, x.bits[place]) + by);
            numbers(&value(&x)[0])[0]
        };
        let slope = (8.0 * (moved(1e-3) - moved(-1e-3)) - (moved(2e-3) - moved(-2e-3))) / 12e-3;
        let scale = slope.abs().max(1.0);
        assert!((slope - gradient[place]).abs() < 1e-7 * scale, "{place}: {slope}, {}\n{program}", gradient[place]);
    }
    simpler
}

/// How many nodes there are of a kind, those of bodies included.
fn count(graph: &Graph, counts: &dyn Fn(&Graph, NodeId) -> bool) -> usize {
    let needed = graph.reachable_from(graph.output_nodes());
    let ids = graph.ids().filter(|id| needed[id.index()]);
    ids.map(|id| {
        let inside = graph.loop_of(id).map_or(0, |run| count(&run.body, counts));
        inside + usize::from(counts(graph, id))
    })
    .sum()
}

fn is_choice(graph: &Graph, id: NodeId) -> bool {
    graph.pointwise_of(id).is_some_and(|definition| std::ptr::eq(definition, &SELECT))
}

fn is_transpose(graph: &Graph, id: NodeId) -> bool {
    matches!(graph.node(id).op, Op::Transpose(_))
}

fn with_bodies(plan: &Schedule) -> Vec<&Schedule> {
    std::iter::once(plan).chain(plan.bodies.iter().flat_map(with_bodies)).collect()
}

/// Steps `y` to what is written for `y[i]`.
fn steps(n: usize, count: usize, step: &str) -> String {
    format!(
        "param x: [{n}] = ones()\nfn f(x: [{n}]) = sum(fold(0.5 * x, 0..{count}, |y, _| [{step} for i in 0..{n}])^2)"
    )
}

/// What steps are made of, and how many choices are left in value and gradient.
const NEIGHBOURS: &[(&str, usize)] = &[
    ("0.3 * x[i] * (y[i - 1] else 1)", 0),
    ("0.3 * x[i] * (y[i + 1] else 0.5) + y[i]", 0),
    ("y[i] + 0.1 * ((y[i - 1] else 0) - 2 * y[i] + (y[i + 1] else 0))", 0),
    ("sin(y[i]) * (if i == 0 { 2 } else { y[i - 1] })", 0),
    ("exp(0.1 * (if i > 4 and i <= 20 { y[i - 5] } else { 0.25 }))", 0),
    // Other borders than constants, and more than a neighbour in a branch, are chosen.
    ("0.5 * (y[i - 3] else -1) + 0.5 * (y[i + 2] else x[0])", 3),
    ("if i >= 2 { 0.9 * y[i - 2] } else { 0 }", 2),
];

#[test]
fn neighbours_across_a_border_take_no_choice() {
    for (step, choices) in NEIGHBOURS {
        let program = steps(40, 12, step);
        let written = graph(&program);
        let simpler = simplified(&written, &program);
        assert_eq!(count(&simpler, &is_choice), *choices, "{program}\n{}", ndc::ir::print::print(&simpler));
        for memory in [3000, 0] {
            let mut tight = written.clone();
            tight.loop_memory = Some(memory);
            simplified(&tight, &program);
        }
    }
}

#[test]
fn neighbours_of_long_vectors_take_no_choice() {
    // Conditions on so many positions are no constants.
    let program = steps(1500, 9, NEIGHBOURS[0].0);
    let simpler = simplified(&graph(&program), &program);
    assert_eq!(count(&simpler, &is_choice), 0);
}

#[test]
fn neighbours_in_grids_have_the_values_as_written() {
    for step in ["u[i - 1, j] else 1", "u[i, j + 1] else 0.5", "(u[i - 1, j - 1] else 0) + 0.1 * u[i, j]^2"] {
        let program = format!(
            "param x: [7, 9] = ones()\nfn f(x: [7, 9]) = sum(fold(x, 0..8, |u, _| [0.9 * ({step}) for i in 0..7, j in 0..9])^2)"
        );
        simplified(&graph(&program), &program);
    }
}

#[test]
fn what_is_padded_is_computed_in_place() {
    let program = "
param x: [300] = ones()
fn step(x: [n], y: [n]) = [x[i] * (y[i - 1] else 1) for i]
fn f(x: [n]) = sum(fold(0.5 * x, 0..12, |y, _| 0.3 * y + 0.2 * step(x, y + 0.5 * step(x, y)))^2)";
    let plan = schedule(&simplified(&graph(program), program));
    let bodies: Vec<&Schedule> = with_bodies(&plan).into_iter().skip(1).collect();
    let parts: usize = bodies.iter().map(|body| body.parts.len()).sum();
    // One of the forward loop's step, one of the step that is done again, two of its cotangents.
    assert_eq!(parts, 4);
}

#[test]
fn parts_of_concatenations_lie_side_by_side() {
    let mut graph = Graph::new();
    let [x, y] = ["x", "y"].map(|name| graph.input(name, TensorType::new(ElementType::F64, Shape::new(&[50]))));
    let (a, b) = (graph.pointwise(&ADD, &[x, y]), graph.pointwise(&EXP, &[y]));
    let whole = graph.concatenate(&[a, x, b], 0);
    let again = graph.concatenate(&[a, a], 0);
    let padded = graph.pad(b, 0, 20, 1, 90);
    let squares = [whole, again, padded, a, b].map(|node| {
        let square = graph.pointwise(&MULTIPLY, &[node, node]);
        graph.pointwise(&EXP, &[square])
    });
    for (place, node) in squares.into_iter().enumerate() {
        graph.output(format!("{place}"), node);
    }
    let plan = schedule(&graph);
    let starts: Vec<usize> = plan.parts.iter().map(|part| part.start).collect();
    assert_eq!(starts, [0, 100], "both ends of the first; what lies in one is in no other");
    let inputs: Vec<Table> = graph.inputs().iter().map(|input| at_random(&input.ty)).collect();
    compare(&graph, &inputs, "parts");
}

#[test]
fn outputs_and_small_parts_are_copied() {
    let mut graph = Graph::new();
    let x = graph.input("x", TensorType::new(ElementType::F64, Shape::new(&[40])));
    let square = graph.pointwise(&MULTIPLY, &[x, x]);
    let wide = graph.pad(square, 0, 100, 1, 400);
    let exponential = graph.pointwise(&EXP, &[wide]);
    let given = graph.pointwise(&EXP, &[x]);
    let padded = graph.pad(given, 0, 1, 1, 41);
    for (name, node) in [("exponential", exponential), ("given", given), ("padded", padded)] {
        graph.output(name, node);
    }
    let plan = schedule(&graph);
    assert!(plan.parts.is_empty());
    compare(&graph, &[at_random(&graph.inputs()[0].ty)], "no parts");
}

const REDUCTIONS: &[&str] = &[
    "sum(sum(x[i, j]^2 for i)^2 for j)",
    "sum(logsumexp([x[i, j] for i]) for j)",
    "sum(max(x[i, j] + 0.1 * x[i, j]^2 for i) for j)",
    "sum(sum(exp(x[i, j]) * softmax([x[k, j] for k])[i] for i)^2 for j)",
    "sum(logsumexp([0.3 * x[0, i] - sum((x[i, j] - x[j, e])^2 for j) for i]) for e)",
];

#[test]
fn sums_go_along_the_rows_as_they_lie() {
    for reduction in REDUCTIONS {
        let program = format!("param x: [9, 9] = ones()\nfn f(x: [9, 9]) = {reduction}");
        let simpler = simplified(&graph(&program), &program);
        let reduced = |graph: &Graph, id: NodeId| {
            matches!(graph.node(id).op, Op::Reduce(..)) && is_transpose(graph, graph.node(id).arguments[0])
        };
        assert_eq!(count(&simpler, &reduced), 0, "{program}\n{}", ndc::ir::print::print(&simpler));
    }
}
