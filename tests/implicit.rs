//! What the derivatives of roots, minima and adjoint solutions are made of: one linear solution instead of a loop back,
//! and no stored steps.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/printed.rs"]
mod printed;

use ndc::ir::{Graph, LinearAlgebra, Op};
use ndc::optimize::optimize;
use ndc::schedule::schedule;

/// The optimised graph of what a program prints.
fn graph(program: &str) -> Graph {
    optimize(&printed::graph(program))
}

fn count(graph: &Graph, wanted: impl Fn(&Op) -> bool) -> usize {
    graph.ids().filter(|id| wanted(&graph.node(*id).op)).count()
}

fn loops(graph: &Graph) -> usize {
    count(graph, |op| matches!(op, Op::Loop(_)))
}

fn solutions(graph: &Graph) -> usize {
    count(graph, |op| *op == Op::LinearAlgebra(LinearAlgebra::Solve))
}

fn workspace(graph: &Graph) -> usize {
    schedule(graph).workspace_bytes
}

const ROOTS: &str = "
param a: [3] = [1.0, 2.0, 3.0]
fn root(a) = sum(solve_root(|x| x^3 + sum(x) - a, a))
fn least(a) = sum(solve_min(|x| sum(exp(x) - a * x), a))
";

#[test]
fn the_derivative_of_a_root_is_one_linear_solution() {
    for name in ["root", "least"] {
        let of = |expression: String| graph(&format!("{ROOTS}print {expression}"));
        let (value, gradient) = (of(format!("{name}(a)")), of(format!("grad({name})(a)")));
        let (tangent, product) = (of(format!("jvp({name})(a, a)")), of(format!("hvp({name})(a, a)")));
        assert_eq!([loops(&value), solutions(&value)], [1, 0], "{name}");
        assert_eq!([loops(&gradient), solutions(&gradient)], [1, 1], "{name}");
        assert_eq!([loops(&tangent), solutions(&tangent)], [1, 1], "{name}");
        assert_eq!(loops(&product), 1, "{name}");
        assert_eq!(count(&gradient, |op| matches!(op, Op::Custom(_))), 0, "{name}");
    }
}

#[test]
fn the_memory_of_a_root_does_not_grow_with_its_steps() {
    let of = |most: u32| {
        let root = format!("fn root(a) = sum(solve_root(|x| x^3 + sum(x) - a, a, max = {most}))");
        workspace(&graph(&format!("param a: [3] = [1.0, 2.0, 3.0]\n{root}\nprint grad(root)(a)")))
    };
    assert_eq!(of(10), of(100_000));
}

const ODE: &str = "
import ode
param k: [3] = [0.5, 1.0, 1.5]
fn end(k) = sum(ode.adjoint(|t, y| -k * y, [1.0, 2.0, 3.0], 0.0, 1.0))
";

/// `dopri5` may take 100,000 steps. To store one number for each is 800 kB, one state of three 2.4 MB.
#[test]
fn the_continuous_adjoint_stores_no_step() {
    for expression in ["end(k)", "grad(end)(k)"] {
        let bytes = workspace(&graph(&format!("{ODE}print {expression}")));
        assert!(bytes < 16 << 10, "{expression}: {bytes} bytes");
    }
    // The gradient is a second solution backwards: two loops, each with the halving of events inside at most.
    let gradient = graph(&format!("{ODE}print grad(end)(k)"));
    assert_eq!(loops(&gradient), 2);
}
