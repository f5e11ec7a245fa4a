//! What gradients cost beside their values, in memory and in work as the schedule counts it: nothing here is timed.
//! `cargo bench --bench gradients` times the same cases.

#[path = "../benches/costs/mod.rs"]
mod costs;

use costs::Case;
use ndc::eval::evaluate_tables;
use ndc::ir::{Op, Table};
use ndc::ops::structural::table;
use ndc::optimize::optimize;
use ndc::schedule::{Body, Schedule, schedule, work};
use ndc::session::native;

/// The most memory of a gradient without loops, in that of its value.
const MEMORY: f64 = 2.5;
/// The most work of a gradient, in that of its value.
const WORK: f64 = 3.0;

fn memory(schedule: &Schedule) -> usize {
    let ports = schedule.inputs.iter().chain(&schedule.outputs);
    ports.map(|port| port.ty.bytes()).sum::<usize>() + schedule.workspace_bytes
}

struct Cost {
    name: &'static str,
    memory: f64,
    work: f64,
    has_loop: bool,
}

fn cost(case: &Case) -> Cost {
    let value = schedule(&optimize(&case.value()));
    let gradient = schedule(&optimize(&case.gradient(true)));
    Cost {
        name: case.name,
        memory: memory(&gradient) as f64 / memory(&value) as f64,
        work: work(&gradient) as f64 / work(&value) as f64,
        has_loop: !gradient.bodies.is_empty(),
    }
}

#[test]
fn gradients_stay_within_a_multiple_of_their_values() {
    let costs: Vec<Cost> =
        costs::groups().iter().flat_map(|group| group.cases(|_| true)).map(|case| cost(&case)).collect();
    assert!(costs.len() > 100, "{} cases", costs.len());
    let mut over = Vec::new();
    for cost in &costs {
        println!("{:42} memory {:5.2} work {:5.2}", cost.name, cost.memory, cost.work);
        if cost.memory > MEMORY && !cost.has_loop {
            over.push(format!("{}: memory {:.2}", cost.name, cost.memory));
        }
        if cost.work > WORK {
            over.push(format!("{}: work {:.2}", cost.name, cost.work));
        }
    }
    assert!(over.is_empty(), "over the limits:\n{}", over.join("\n"));
}

fn greatest(numbers: &[f64]) -> f64 {
    numbers.iter().fold(0.0, |greatest, x| greatest.max(x.abs()))
}

/// The greatest difference of two tables, in terms of their greatest number; of one that is nothing but rounding beside the
/// others, in terms of a millionth of theirs.
fn difference(left: &Table, right: &Table, of_all: f64) -> f64 {
    let (left, right) = (table::numbers(left), table::numbers(right));
    let scale = greatest(&right).max(1e-6 * of_all);
    left.iter().zip(&right).map(|(a, b)| if a == b { 0.0 } else { (a - b).abs() / scale }).fold(0.0, f64::max)
}

#[test]
fn gradients_of_native_code_are_those_of_the_evaluator() {
    for case in costs::groups().iter().flat_map(|group| group.cases(|_| true)) {
        let graph = case.gradient(false);
        let native = native::run(&graph, &case.inputs).unwrap_or_else(|error| panic!("{}: {error:?}", case.name));
        let expected = evaluate_tables(&graph, &case.inputs).expect("no faults");
        let of_all = expected.iter().map(|table| greatest(&table::numbers(table))).fold(0.0, f64::max);
        for (place, (native, expected)) in native.iter().zip(&expected).enumerate() {
            let difference = difference(native, expected, of_all);
            assert!(difference <= 1e-9, "{}, output {place}: {difference}", case.name);
        }
    }
}

#[test]
fn the_adjoint_of_a_convolution_keeps_no_windows() {
    let wanted = |name: &str| name.starts_with("nn.Conv2d") && !name.contains("pool");
    for case in costs::groups().iter().flat_map(|group| group.cases(wanted)) {
        let graph = optimize(&case.gradient(true));
        assert!(graph.ids().any(|id| matches!(graph.node(id).op, Op::Unwindow { .. })), "{}", case.name);
        let kernels = schedule(&graph).kernels;
        let adds = |body: &Body| matches!(body, Body::Contract { places, .. } if places.adds);
        assert_eq!(kernels.iter().filter(|kernel| adds(&kernel.body)).count(), 1, "{}", case.name);
        assert!(!kernels.iter().any(|kernel| matches!(kernel.body, Body::Add { .. })), "{}", case.name);
    }
}
