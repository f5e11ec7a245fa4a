//! Jacobians and Hessians: dense and sparse, in both modes, against products with unit vectors; what they cost; what
//! `--emit plan` says of them.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use ndc::check::Options;
use ndc::check::program::{Action, Program, Typed};
use ndc::data::FileLoader;
use ndc::diagnostics::render::{MessageFormat, render};
use ndc::driver::{Stage, check_text, emit, on_large_stack};
use ndc::eval::evaluate_tables;
use ndc::ir::{Graph, Table};
use ndc::lower::value::lower_values;
use ndc::ops::structural::table;
use ndc::optimize::optimize;
use ndc::session::{Session, native};

/// Functions of a vector of six numbers: a name, the definition, how many entries of its Jacobian may differ from zero,
/// and in how many passes they are found.
const FUNCTIONS: &[(&str, &str, usize, &str)] = &[
    ("diagonal", "fn f(x: [6]) = exp(x) * sin(x)", 6, "forward mode in 1 pass"),
    ("band", "fn f(x: [6]) = [x[i + 1] * x[i]^2 for i in 0..5]", 10, "forward mode in 2 passes"),
    ("five-point", "fn f(x: [6]) = [(x[i - 1] else 0) - 2 * x[i] + (x[i + 1] else 0) for i in 0..6]", 16, "3 passes"),
    ("arrow", "fn f(x: [6]) = [x[0] * x[i] for i]", 11, "forward mode in 2 passes"),
    (
        "a row that is full",
        "fn f(x: [6]) = [if i == 0 { sum(x^2) } else { x[i] } for i in 0..6]",
        11,
        "reverse mode in 2 passes",
    ),
    ("one row", "fn f(x: [6]) = [prod(x)]", 6, "reverse mode in 1 pass"),
    ("two rows", "fn f(x: [6]) = [prod(x), sum(x^3)]", 12, "reverse mode in 2 passes"),
    ("rows without a common column", "fn f(x: [6]) = [sum(x[3 * k + j]^2 for j in 0..3) for k in 0..2]", 6, "1 pass"),
    ("few values, many results", "fn f(x: [6]) = [x[0]^k + x[1] for k in 0..20]", 40, "forward mode in 2 passes"),
    ("a permutation", "fn f(x: [6]) = [x[5 - i]^2 for i in 0..6]", 6, "forward mode in 1 pass"),
    ("gathered rows", "fn f(x: [6]) = { let q: int[4] = [5, 0, 0, 3]; sin(x[q]) }", 4, "forward mode in 1 pass"),
    ("pairs", "fn f(x: [6]) = [[x[2 * i] * x[2 * i + 1], x[2 * i]^2] for i in 0..3]", 9, "forward mode in 2 passes"),
    ("a running sum", "fn f(x: [6]) = scan(0.0, x, |s, v| (s + v^2, s + v^2)).1", 21, "6 passes"),
    ("a loop over steps", "fn f(x: [6]) = fold(x, 0..2, |x, k| x * sin(x))", 6, "forward mode in 1 pass"),
    ("a matrix", "fn f(x: [6]) = [[1.0, 2, 0, 0, 1, 1], [3, 4, 5, 6, 7, 8], [0, 0, 1, 1, 2, 2]] @ x^2", 18, "3 passes"),
    (
        "blocks",
        "fn f(x: [6]) = { let A = [x[(i, j)] for i in 0..2, j in 0..3]; [softmax(A[i]) for i] }",
        18,
        "3 passes",
    ),
    (
        "branches",
        "fn f(x: [6]) = [if x[i] > 0 { sqrt(x[i]) } else { x[i]^2 } for i in 0..6]",
        6,
        "forward mode in 1 pass",
    ),
    (
        "solutions",
        "fn f(x: [6]) = solve([[2.0, 1.0], [1.0, 3.0]], [x[0] * x[1], x[2]])",
        12,
        "reverse mode in 2 passes",
    ),
    ("nothing", "fn f(x: [6]) = stop_gradient(x)", 0, "0 passes"),
    ("rounded", "fn f(x: [6]) = floor(x) + [0.0, x[1], 0.0, 0.0, 0.0, 0.0]", 1, "1 pass"),
];

const AT: &str = "[0.5, 1.25, -0.75, 2.0, 1.5, -1.0]";

struct Checked {
    program: Program,
    value: Typed,
    plan: String,
}

fn checked(text: &str) -> Checked {
    let checked = check_text("jacobians.nd", None, text.to_string(), &mut FileLoader::new(), Options::default());
    let messages = render(&checked.diagnostics, &checked.sources, MessageFormat::Full, false);
    assert!(!checked.has_errors(), "{text}\n{messages}");
    let plan = emit(&checked, Stage::Plan).unwrap();
    let mut program = checked.program;
    match program.actions.pop() {
        Some(Action::Let { value, .. }) => Checked { program, value, plan },
        _ => panic!("the last action is no `let`: {text}"),
    }
}

/// The graph of the last `let`, before it is optimised.
fn graph(of: &Checked) -> Graph {
    on_large_stack(|| lower_values(&of.program, &[&of.value]).graph)
}

fn values(of: &Checked) -> Vec<Table> {
    on_large_stack(|| {
        let mut session = Session::new(&of.program).unwrap();
        let lowered = lower_values(&of.program, &[&of.value]);
        let inputs = session.inputs(&lowered.sources).unwrap();
        let native = native::run(&lowered.graph, &inputs).unwrap();
        let reference = evaluate_tables(&lowered.graph, &inputs).unwrap();
        for (native, reference) in native.iter().zip(&reference) {
            near(&table::numbers(native), &table::numbers(reference), "evaluator");
        }
        native
    })
}

fn near(left: &[f64], right: &[f64], what: &str) {
    assert_eq!(left.len(), right.len(), "{what}");
    for (a, b) in left.iter().zip(right) {
        assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{what}: {left:?} and {right:?}");
    }
}

#[test]
fn matrices_are_products_with_unit_vectors() {
    for (name, definition, entries, passes) in FUNCTIONS {
        let unit = "[if i == j { 1.0 } else { 0.0 } for i in 0..6]";
        let columns = format!("[jvp(f)({AT}, {unit}) for j in 0..6]");
        let text =
            format!("{definition}\nlet all = (jacobian(f)({AT}), jacobian(f, sparse = true)({AT}), {columns})\n");
        let all = checked(&text);
        let [dense, starts, places, sparse, columns] = &values(&all)[..] else { panic!("{name}") };
        let (dense, columns) = (table::numbers(dense), table::numbers(columns));
        let rows = dense.len() / 6;
        let turned: Vec<f64> = (0..rows * 6).map(|at| columns[at % 6 * rows + at / 6]).collect();
        near(&dense, &turned, name);
        assert_eq!(sparse.bits.len(), *entries, "{name}");
        let mut filled = vec![0.0; dense.len()];
        for row in 0..rows {
            for at in starts.bits[row]..starts.bits[row + 1] {
                filled[row * 6 + places.bits[at as usize] as usize] = table::numbers(sparse)[at as usize];
            }
        }
        near(&filled, &dense, name);
        assert!(all.plan.contains(passes), "{name}: {}", all.plan);
    }
}

#[test]
fn hessians_are_jacobians_of_gradients() {
    for (name, definition, ..) in FUNCTIONS {
        let scalar = format!("{definition}\nfn s(x: [6]) = sum(sin(f(x)))\n");
        let unit = "[if i == j { 1.0 } else { 0.0 } for i in 0..6]";
        let text = format!(
            "{scalar}let all = (hessian(s)({AT}), jacobian(grad(s))({AT}), [hvp(s)({AT}, {unit}) for j in 0..6])\n"
        );
        let found: Vec<Vec<f64>> = values(&checked(&text)).iter().map(table::numbers).collect();
        near(&found[0], &found[1], name);
        near(&found[0], &found[2], name);
    }
}

/// The most elements of a node of the optimised graph.
fn largest(of: &Checked) -> usize {
    let graph = optimize(&graph(of));
    graph.ids().map(|id| graph.ty(id).shape.count()).max().unwrap_or(0)
}

/// Diagonal and block-diagonal Jacobians of mapped functions cost no more than their entries: nothing is larger.
#[test]
fn structure_is_never_filled() {
    let cases = [
        ("fn f(x: [n]) = tanh(x) * x", "[0.5 for i in 0..4096]", 4097),
        ("fn f(x: [n]) = [x[i] * (x[i - 1] else 0) for i]", "[0.5 for i in 0..4096]", 2 * 4100),
        (
            "fn g(p: [3]) = [p[0] * p[1], p[1] * p[2]]\nfn f(x: [n, 3]) = [g(x[i])[j] for i, j in 0..2]",
            "[0.5 for i in 0..1000, j in 0..3]",
            6000,
        ),
        (
            "fn f(x: [n, n]) = [(x[i + 1, j] else 0) + (x[i, j + 1] else 0) + x[i, j]^2 for i, j]",
            "[0.5 for i in 0..40, j in 0..40]",
            5 * 1600,
        ),
    ];
    for (definition, at, most) in cases {
        let text = format!("{definition}\nlet J = jacobian(f, sparse = true)({at})\n");
        let size = largest(&checked(&text));
        assert!(size <= most, "{definition}: {size} elements");
    }
}

#[test]
fn sizes_of_structures_are_types() {
    let text = "fn band(x: [n]) = [x[i + 1] * x[i] for i in 0..n-1]\n\
        fn entries(x: [n]) = sum(jacobian(band, sparse = true)(x).values)\n\
        let both = (entries([1.0, 2.0, 3.0]), entries([1.0, 2.0, 3.0, 4.0]))\n";
    let found: Vec<Vec<f64>> = values(&checked(text)).iter().map(table::numbers).collect();
    assert_eq!(found, [[8.0], [15.0]]);
}
