//! What gradients cost beside their values, in memory and in work as the schedule counts it: nothing here is timed.
//! `cargo bench --bench gradients` times the same cases.

#[path = "../benches/costs/mod.rs"]
mod costs;

use costs::Case;
use ndc::eval::evaluate_tables;
use ndc::ir::{ElementType, Op, Table};
use ndc::ops::structural::table;
use ndc::optimize::optimize;
use ndc::schedule::{Body, Schedule, schedule, work};
use ndc::session::native;

/// The most memory of a gradient without loops, in that of its value.
const MEMORY: f64 = 2.5;
/// The most work of a gradient, in that of its value.
const WORK: f64 = 3.0;

/// Cases beyond these limits: their own limits of memory and work, by the reason.
type Beyond = (&'static str, &'static [(&'static str, f64, f64)]);

const BEYOND: &[Beyond] = &[
    ("every element's product of all others takes a tree of products", &[("B2 prod, 64", MEMORY, 5.8)]),
    (
        "the derivative by one argument is a function as dear as the value; the work takes functions of two arguments for cheap",
        &[
            ("gelu_tanh", MEMORY, 3.6),
            ("C bce", MEMORY, 5.7),
            ("losses.kl_divergence", MEMORY, 6.5),
            ("losses.js_divergence", MEMORY, 5.6),
            ("dist.dirichlet", 3.3, WORK),
            ("p^y", MEMORY, 4.3),
            ("dist.gamma", MEMORY, 4.4),
            ("dist.chi_squared", MEMORY, 4.1),
            ("dist.beta", MEMORY, 4.7),
            ("dist.weibull", 2.6, 4.3),
            ("special.entropy", MEMORY, 6.7),
        ],
    ),
    (
        "the value needs no memory but for its arguments, the gradient stores a vector between two sums",
        &[("norm", 3.0, WORK), ("losses.cosine_distance", 4.0, WORK)],
    ),
    (
        "the value keeps next to nothing: it is one kernel, with few strips or none that are not stored",
        &[
            ("nn.LayerNorm 64 x32", 2.8, WORK),
            ("B4 softmax, 4", 2.9, WORK),
            ("linalg.norm_1", 2.6, WORK),
            ("nn.AveragePool1d 2", 2.6, WORK),
            ("linalg.outer", 2.7, WORK),
            ("D7 overfitting, weight decay", 2.7, WORK),
        ],
    ),
    (
        "two products of matrices for one, and more than one vector to the matrix",
        &[
            ("nn.Dense 64-64", MEMORY, 3.5),
            ("nn.BatchNorm2d 4 x 10 x 10 x16", MEMORY, 3.1),
            ("nn.TransformerBlock 4 heads, 32 x 64", 2.7, WORK),
        ],
    ),
    (
        "windows are compared with their extremes one by one, and remembered until the cotangent comes",
        &[
            ("nn.MaxPool1d 2", 4.0, 6.0),
            ("nn.MaxPool2d 2", 3.4, 5.2),
            ("nn.MaxPool2d 3, overlapping", 6.7, 6.2),
            ("nn.Conv2d, pool, dense x8", MEMORY, 3.9),
        ],
    ),
    (
        "the gradient is dense and much larger than what the value reads or makes",
        &[
            ("nn.Embedding 1000 x 32, 64 words", MEMORY, 7.3),
            ("linalg.diagonal", MEMORY, 8.9),
            ("linalg.kronecker", 61.0, WORK),
        ],
    ),
    (
        "the factors are found again, and an inverse or two solutions with matrices stand beside one factorisation",
        &[
            ("det 32", MEMORY, 7.1),
            ("cholesky 32", MEMORY, 8.1),
            ("solve_triangular 32", MEMORY, 3.2),
            ("linalg.logdet_positive 32", MEMORY, 8.4),
            ("linalg.least_squares 32 x 8", 3.0, 3.9),
            ("dist.multivariate_normal 32", MEMORY, 8.0),
            ("dist.multivariate_normal_cholesky 32", MEMORY, 3.5),
        ],
    ),
    (
        "loops store their states, and walk back by calls where the way there is in line",
        &[
            ("nn.RNN 32, 40 steps", MEMORY, 4.4),
            ("nn.GRU 32, 40 steps", MEMORY, 4.8),
            ("nn.LSTM 32, 40 steps", MEMORY, 4.7),
            ("nn.RNN 32, 20 steps x16", MEMORY, 3.7),
            ("nn.GRU 32, 20 steps x16", MEMORY, 4.0),
            ("nn.LSTM 32, 20 steps x16", MEMORY, 4.0),
            ("ode.euler, 200 steps", MEMORY, 27.0),
            ("ode.midpoint, 200 steps", MEMORY, 21.5),
            ("ode.rk4, 200 steps", MEMORY, 14.0),
            ("E4 spiking network", MEMORY, 3.9),
        ],
    ),
];

/// The limits of a case.
fn limits(name: &str) -> (f64, f64) {
    let own = BEYOND.iter().flat_map(|(_, cases)| *cases).find(|(case, ..)| *case == name);
    own.map_or((MEMORY, WORK), |(_, memory, work)| (*memory, *work))
}

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
        let (memory, work) = limits(cost.name);
        if cost.memory > memory && !cost.has_loop {
            over.push(format!("{}: memory {:.2}", cost.name, cost.memory));
        }
        if cost.work > work {
            over.push(format!("{}: work {:.2}", cost.name, cost.work));
        }
    }
    assert!(over.is_empty(), "over the limits:\n{}", over.join("\n"));
}

#[test]
fn exceptions_are_cases() {
    let groups = costs::groups();
    let names: Vec<&str> = groups.iter().flat_map(costs::Group::names).collect();
    for (name, ..) in BEYOND.iter().flat_map(|(_, cases)| *cases) {
        assert!(names.contains(name), "{name}");
    }
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
            // Sums come in another order: rounding, of thousands of terms at most.
            let rounding = if expected.ty.element == ElementType::F32 { 1e-5 } else { 1e-9 };
            assert!(difference <= rounding, "{}, output {place}: {difference}", case.name);
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
