//! Loops: values, derivatives in both modes, batching, optimisation.

#[path = "loops/cases.rs"]
mod cases;
mod support;

use cases::{Case, Given, Plan, cases, run};
use ndc::autodiff::forward;
use ndc::eval::evaluate_tables;
use ndc::ir::{ElementType, Ends, Graph, NodeId, Reduction, Table, TensorType};
use ndc::ops::arithmetic::{ADD, MULTIPLY};
use ndc::ops::choice::SELECT;
use ndc::ops::comparison::GREATER;
use ndc::ops::exponential::LOG;
use ndc::ops::structural::batch::batch;
use ndc::ops::structural::table;
use ndc::optimize::optimize;
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

/// The same point moved a little for each example; counts moved by whole steps.
fn examples(case: &Case, size: usize) -> Vec<Vec<Table>> {
    let moved = |table: &Table, example: usize| {
        let mut moved = table.clone();
        let element = table.ty.element;
        let by = if element.is_real() { 0.3 * example as f64 } else { -(example as f64) };
        moved.bits.iter_mut().for_each(|bits| *bits = element.word(element.number(*bits) + by));
        moved
    };
    (0..size).map(|example| case.at.iter().map(|table| moved(table, example)).collect()).collect()
}

fn stacked(tables: &[&Table]) -> Table {
    let ty = TensorType::new(tables[0].ty.element, tables[0].ty.shape.with_leading(tables.len()));
    Table { ty, bits: tables.iter().flat_map(|table| table.bits.iter().copied()).collect() }
}

fn assert_close(actual: &[f64], expected: &[f64], what: &str) {
    let close = |(a, b): (&f64, &f64)| a == b || (a - b).abs() <= 1e-12 * b.abs().max(1.0);
    let same = actual.len() == expected.len() && actual.iter().zip(expected).all(close);
    assert!(same, "{what}: {actual:?}, expected {expected:?}");
}

/// The values of a batch whose examples differ in some inputs, and the gradients by those, against lone runs.
fn check_batched(case: &Case, differs: &dyn Fn(usize) -> bool) {
    let size = 3;
    let mut examples = examples(case, size);
    let originals = examples[0].clone();
    for example in &mut examples {
        for (place, table) in example.iter_mut().enumerate().filter(|(place, _)| !differs(*place)) {
            *table = originals[place].clone();
        }
    }
    let mut graph = case.graph.clone();
    let total = graph.reduce_all(Reduction::Sum, case.output);
    let all = inputs(&graph);
    let variables: Vec<NodeId> = (0..all.len()).filter(|place| differs(*place)).map(|place| all[place]).collect();
    let alone = gradients(&mut graph, total, &variables);
    let mut at = originals;
    let mut batched = Vec::new();
    for place in (0..all.len()).filter(|place| differs(*place)) {
        let table = stacked(&examples.iter().map(|example| &example[place]).collect::<Vec<_>>());
        batched.push(graph.input("examples", table.ty.clone()));
        at.push(table);
    }
    let (output, is_batched) = batch(&mut graph, &[case.output], &variables, &batched, size)[0];
    assert!(is_batched, "{}", case.name);
    let total = graph.reduce_all(Reduction::Sum, output);
    let together = gradients(&mut graph, total, &batched);
    let lone = |node: NodeId| -> Vec<f64> {
        let tables = examples.iter().map(|example| [example, &at[example.len()..]].concat());
        tables.flat_map(|at| value(&graph, &at, node)).collect()
    };
    assert_close(&value(&graph, &at, output), &lone(case.output), case.name);
    let mut nodes = vec![output];
    nodes.extend(&together);
    check_optimized(&graph, &nodes, &at, case.name);
    for (together, alone) in together.into_iter().zip(alone) {
        if graph.ty(together).element.is_real() {
            assert_close(&value(&graph, &at, together), &lone(alone), &format!("gradient of {}", case.name));
        }
    }
}

/// Optimisation keeps the outputs of a graph.
fn check_optimized(graph: &Graph, nodes: &[NodeId], at: &[Table], what: &str) -> Graph {
    let mut graph = graph.clone();
    graph.clear_outputs();
    nodes.iter().for_each(|node| graph.output("y", *node));
    let optimized = optimize(&graph);
    ndc::ir::verify::verify(&optimized, "optimize").expect("the graph is well-formed");
    let evaluate = |graph: &Graph| evaluate_tables(graph, at).expect("no faults");
    for (after, before) in evaluate(&optimized).iter().zip(evaluate(&graph)) {
        assert_close(&table::numbers(after), &table::numbers(&before), what);
    }
    optimized
}

#[test]
fn optimisation_keeps_values_and_derivatives() {
    for case in cases() {
        println!("{}", case.name);
        let mut graph = case.graph.clone();
        let total = graph.reduce_all(Reduction::Sum, case.output);
        let wrt: Vec<NodeId> = inputs(&graph).into_iter().filter(|id| graph.ty(*id).element.is_real()).collect();
        let mut nodes = vec![case.output];
        let first = gradients(&mut graph, total, &wrt);
        let sums: Vec<NodeId> = first.iter().map(|node| graph.reduce_all(Reduction::Sum, *node)).collect();
        nodes.extend(first);
        for sum in sums {
            nodes.extend(gradients(&mut graph, sum, &wrt));
        }
        let tangents: Vec<NodeId> = wrt.iter().map(|id| graph.constant_like(*id, 1.0)).collect();
        nodes.extend(forward(&mut graph, &[case.output], &wrt, &tangents));
        check_optimized(&graph, &nodes[..1], &case.at, case.name);
        check_optimized(&graph, &nodes, &case.at, case.name);
    }
}

#[test]
fn each_example_of_a_batch_equals_its_lone_run() {
    for case in cases() {
        println!("{}", case.name);
        check_batched(&case, &|_| true);
        for only in 0..case.at.len() {
            check_batched(&case, &|place| place == only);
        }
    }
}

/// `while i < n { s <- s + x[i] (7 mod n); i <- i + 1 }`: an example that has ended would read beyond the end, and divide by
/// zero, if its steps went on.
#[test]
fn examples_that_have_ended_do_not_fail() {
    let mut graph = Graph::new();
    let (x, n) = (graph.input("x", real(&[3])), graph.input("n", TensorType::scalar(ElementType::I64)));
    let zero = graph.real(ElementType::F64, 0.0);
    let none = graph.integer(0);
    let some = graph.pointwise(&GREATER, &[n, none]);
    let given = Given { states: &[some, none, zero], invariants: &[x, n], ..Given::default() };
    let last = run(&mut graph, Plan { ends: Ends::WhenFalse, ..Plan::trips(10) }, given, |graph, at| {
        let (place, size) = (at.states[1], at.invariants[1]);
        let entry = graph.gather(at.invariants[0], place, 0);
        let seven = graph.integer(7);
        let share = graph.pointwise(&ndc::ops::arithmetic::REMAINDER, &[seven, size]);
        let share = graph.pointwise(&ndc::ops::choice::TO_F64, &[share]);
        let term = graph.pointwise(&MULTIPLY, &[entry, share]);
        let one = graph.integer(1);
        let next = graph.pointwise(&ADD, &[place, one]);
        let goes_on = graph.pointwise(&ndc::ops::comparison::LESS, &[next, size]);
        (vec![goes_on, next, graph.pointwise(&ADD, &[at.states[2], term])], vec![])
    });
    let output = graph.result(last, 2);
    let steps = graph.result(last, 3);
    let counts = graph.input("counts", TensorType::new(ElementType::I64, ndc::ir::Shape::new(&[4])));
    let results = batch(&mut graph, &[output, steps], &[n], &[counts], 4);
    let (sums, steps) = (results[0].0, results[1].0);
    let total = graph.reduce_all(Reduction::Sum, sums);
    let gradient = gradients(&mut graph, total, &[x])[0];
    let mut table = reals(&[4], &[0.0; 4]);
    table.ty = graph.ty(counts).clone();
    table.bits = vec![3, 0, 1, 2];
    let at = [reals(&[3], &[1.0, 2.0, 4.0]), cases::count(3), table];
    assert_eq!(value(&graph, &at, sums), [7.0, 0.0, 0.0, 3.0]);
    assert_eq!(value(&graph, &at, steps), [3.0, 0.0, 1.0, 2.0]);
    assert_eq!(value(&graph, &at, gradient), [2.0, 2.0, 1.0]);
}

/// How many loops a graph needs, those inside loops not counted.
fn loops(graph: &Graph) -> usize {
    graph.ids().filter(|id| graph.loop_of(*id).is_some()).count()
}

/// The primal work of a recurrent network is done once, whatever is asked: value, gradient, tangent.
#[test]
fn the_loop_that_stores_states_is_the_only_forward_loop() {
    let case = cases::recurrent_network(30);
    let mut graph = case.graph.clone();
    let total = graph.reduce_all(Reduction::Sum, case.output);
    let wrt = inputs(&graph);
    let mut nodes = vec![total];
    nodes.extend(gradients(&mut graph, total, &wrt));
    let optimized = check_optimized(&graph, &nodes, &case.at, "gradient");
    assert_eq!(loops(&optimized), 2, "{}", ndc::ir::print::print(&optimized));
    let tangents: Vec<NodeId> = wrt.iter().map(|id| graph.constant_like(*id, 1.0)).collect();
    let tangent = forward(&mut graph, &[total], &wrt, &tangents)[0];
    assert_eq!(loops(&check_optimized(&graph, &[total, tangent], &case.at, "tangent")), 1);
}

/// A sum of `x[t]` over a long vector: its gradient needs no loop that carries a vector.
#[test]
fn reads_in_step_become_rows() {
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[100]));
    let zero = graph.real(ElementType::F64, 0.0);
    let given = Given { states: &[zero], invariants: &[x], ..Given::default() };
    let sum = run(&mut graph, Plan::trips(99), given, |graph, at| {
        let one = graph.integer(1);
        let next = graph.pointwise(&ADD, &[at.step, one]);
        let entry = graph.gather(at.invariants[0], next, 0);
        let product = graph.pointwise(&MULTIPLY, &[entry, entry]);
        (vec![graph.pointwise(&ADD, &[at.states[0], product])], vec![])
    });
    let sum = graph.result(sum, 0);
    let sum = ndc::optimize::simplify(&mut graph, &[sum], ndc::optimize::Stage::BeforeDifferentiation)[0];
    let gradient = gradients(&mut graph, sum, &[x])[0];
    let mut random = Random(2);
    let at = random.tables(&graph);
    let optimized = check_optimized(&graph, &[sum, gradient], &at, "sum");
    for id in optimized.ids() {
        let Some(run) = optimized.loop_of(id) else { continue };
        assert!(
            run.body.inputs().iter().all(|input| input.ty.shape.rank() == 0),
            "{}",
            ndc::ir::print::print(&optimized)
        );
    }
}
