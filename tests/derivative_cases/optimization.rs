//! Test functions of optimisation: value, gradient and Hessian product, by all forms that give one.

use crate::program::{Program, literal, numbers, run_all, stored};
use serde_json::Value;

/// Names of the stored cases that differ from those of the nd functions.
const RENAMED: &[(&str, &str)] = &[
    ("watson6", "watson"),
    ("ext_rosenbrock10", "extended_rosenbrock"),
    ("ext_powell12", "extended_powell_singular"),
    ("penalty2_10", "penalty_2"),
    ("trigonometric5", "trigonometric"),
    ("brown_almost_linear5", "brown_almost_linear"),
    ("discrete_bv8", "discrete_boundary_value"),
    ("discrete_ie8", "discrete_integral_equation"),
    ("broyden_banded8", "broyden_banded"),
    ("linear_full_rank_5_10", "linear_full_rank"),
    ("linear_rank1_zero_5_10", "linear_rank_1_zeros"),
    ("chebyquad5", "chebyquad"),
    ("chebyquad9", "chebyquad"),
    ("ackley2", "ackley"),
    ("bohachevsky1", "bohachevsky_1"),
    ("dixon_price4", "dixon_price"),
    ("exponential3", "exponential"),
    ("griewank4", "griewank"),
    ("schwefel2", "schwefel"),
    ("shekel5", "shekel_5"),
    ("sphere4", "sphere"),
    ("trid6", "trid"),
    ("zakharov3", "zakharov"),
];

/// What is allowed of the greatest entry.
fn tolerance(name: &str) -> f64 {
    match name {
        // Near its minimum the gradient is a difference of terms several thousand times its size.
        "shubert" => 1e-11,
        // Near zero the residuals are differences of numbers close to `n`.
        "trigonometric" => 1e-12,
        _ => 1e-13,
    }
}

fn function(name: &str) -> &str {
    RENAMED.iter().find(|(stored, _)| *stored == name).map_or(name, |(_, function)| function)
}

/// The program of a function at one point along a direction.
fn program(case: &Value, point: &Value, direction: &Value) -> Program {
    let name = case["name"].as_str().unwrap();
    let residuals = case["kind"] == "residuals";
    let file = if residuals { "more_garbow_hillstrom" } else { "classics" };
    let mut program = Program::new(name, &format!("tests/cases/derivatives/{file}.nd"));
    // The linear functions take as many ones as there are residuals.
    let ones = case["data"].get("m").map(|m| vec!["1"; numbers(m)[0] as usize].join(", "));
    let more = ones.map(|ones| format!(", [{ones}]")).unwrap_or_default();
    let call = format!("m.{}(x{more})", function(name));
    let n = numbers(&point["x"]).len();
    program.line(&format!("fn at(x: [{n}]) = {call}"));
    let body = if residuals { format!("sum({call}^2)") } else { call.clone() };
    program.line(&format!("fn objective(x: [{n}]) = {body}"));
    program.bind("direction", direction);
    let x = literal(&point["x"]);
    let tolerance = tolerance(name);
    program.expect(&format!("objective({x})"), &numbers(&point["f"]), tolerance);
    program.expect(&format!("grad(objective)({x})"), &numbers(&point["grad"]), tolerance);
    let product = numbers(&point["hv"]);
    program.expect(&format!("grad(|x| dot(grad(objective)(x), direction))({x})"), &product, tolerance);
    program.expect(&format!("hvp(objective)({x}, direction)"), &product, tolerance);
    program.expect(&format!("hessian(objective)({x}) @ direction"), &product, tolerance);
    if residuals {
        program.expect(&format!("vjp(|x| {call})({x}, 2 * at({x}))"), &numbers(&point["grad"]), tolerance);
    }
    program
}

fn programs(path: &str, direction: impl Fn(&Value, &Value) -> Value) -> Vec<Program> {
    let cases = stored(path);
    let cases = cases.as_array().unwrap();
    let points = |case: &Value| case["points"].as_array().unwrap().clone();
    cases
        .iter()
        .flat_map(|case| points(case).into_iter().map(move |point| (case, point)))
        .map(|(case, point)| program(case, &point, &direction(case, &point)))
        .collect()
}

#[test]
fn test_functions_of_optimisation() {
    run_all(programs("optimization.json", |case, _| case["hv_direction"].clone()));
}

#[test]
fn more_test_functions_of_optimisation() {
    run_all(programs("optimization_more.json", |_, point| point["direction"].clone()));
}
