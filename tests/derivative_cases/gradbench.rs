//! The programs of GradBench and ADBench: values, gradients, Jacobians and Hessian diagonals.

use crate::program::{Program, literal, numbers, run_all, stored, stored_files};
use serde_json::{Value, json};

/// What is allowed of the greatest entry.
const TOLERANCE: f64 = 1e-12;

fn program(case: &Value) -> Program {
    let kind = case["kind"].as_str().unwrap();
    Program::new(case["id"].as_str().unwrap(), &format!("examples/gradbench/{kind}.nd"))
}

/// Runs all stored cases of a folder: `fill` adds data and expectations.
fn run(kind: &str, fill: impl Fn(&mut Program, &Value, &Value)) {
    let programs = stored_files(&format!("adbench/{kind}")).into_iter().map(|file| {
        let case = stored(&file);
        let mut program = program(&case);
        fill(&mut program, &case["input"], &case["golden"]);
        program
    });
    run_all(programs);
}

fn bind_all(program: &mut Program, input: &Value, names: &[&str]) {
    for name in names {
        program.bind(name, &input[*name]);
    }
}

#[test]
fn gaussian_mixtures() {
    run("gmm", |program, input, golden| {
        bind_all(program, input, &["alpha", "mu", "q", "l", "x", "gamma"]);
        program.bind("degrees", &input["m"]);
        program.line("fn posterior(alpha: [k], mu: [k, d], q: [k, d], l: [k, t]) =");
        program.line("    m.gmm(alpha, mu, q, l, x, gamma, degrees)");
        program.expect("posterior(alpha, mu, q, l)", &numbers(&golden["objective"]), TOLERANCE);
        let parts = ["alpha", "mu", "q", "l"].map(|name| numbers(&golden["gradient"][name]));
        program.expect("grad(posterior)(alpha, mu, q, l)", &parts.concat(), TOLERANCE);
    });
}

#[test]
fn bundle_adjustment() {
    run("ba", |program, input, golden| {
        bind_all(program, input, &["feat"]);
        let all: Vec<Value> = ["cam", "x"].iter().flat_map(|name| input[*name].as_array().unwrap().clone()).collect();
        let all: Vec<Value> = all.into_iter().chain([input["w"].clone()]).collect();
        program.bind("v", &json!(all));
        program.line("fn residuals(v: [15]) = {");
        program.line("    let r = m.reprojection_error(v[0..11], v[11..14], v[14], feat);");
        program.line("    [r[0], r[1], m.weight_error(v[14])]");
        program.line("}");
        program.expect("residuals(v)", &numbers(&golden["residual"]), TOLERANCE);
        program.expect("jacobian(residuals)(v)", &numbers(&golden["jacobian"]), TOLERANCE);
        program.expect("[grad(|v| residuals(v)[k])(v) for k in 0..3]", &numbers(&golden["jacobian"]), TOLERANCE);
        program.line("fn half(v: [15]) = sum(residuals(v)^2) / 2");
        program.expect("half(v)", &numbers(&golden["half_sumsq"]), TOLERANCE);
        program.expect("grad(half)(v)", &numbers(&golden["half_sumsq_grad"]), TOLERANCE);
    });
}

#[test]
fn hand_tracking() {
    run("hand", |program, input, golden| {
        let (data, model) = (&input["data"], &input["data"]["model"]);
        program.bind_integers("parents", &model["parents"]);
        program.bind("base", &model["base_relatives"]);
        program.bind("inverse_base", &model["inverse_base_absolutes"]);
        program.bind("rest", &model["base_positions"]);
        program.bind("weights", &model["weights"]);
        program.bind_integers("correspondences", &data["correspondences"]);
        program.bind("points", &data["points"]);
        program.bind("theta", &input["theta"]);
        program.line(
            "fn distances(theta: [26]) = \
             m.distances(theta, parents, base, inverse_base, rest, weights, correspondences, points)",
        );
        let points = data["points"].as_array().unwrap().len();
        program.expect("distances(theta)", &numbers(&golden["residual"]), TOLERANCE);
        program.expect("jacobian(distances)(theta)", &numbers(&golden["jacobian"]), TOLERANCE);
        program.line("fn half(theta: [26]) = sum(distances(theta)^2) / 2");
        program.expect("half(theta)", &numbers(&golden["half_sumsq"]), TOLERANCE);
        program.expect("grad(half)(theta)", &numbers(&golden["half_sumsq_grad"]), TOLERANCE);

        // With every point on the first corner of a triangle of its own, all is as before, and the derivatives by the place
        // are the edges of the triangle.
        program.line(&format!("let corners: int[{points}, 3] = [[correspondences[k], 0, 1] for k]"));
        program.line(&format!("let order: int[{points}] = [k for k in 0..{points}]"));
        program.line(&format!("let u = [if c == 0 {{ 1.0 }} else {{ 0.0 }} for k in 0..{points}, c in 0..2]"));
        program.line(&format!(
            "fn on_triangles(u: [{points}, 2], theta: [26]) = \
             m.distances_on_triangles(u, theta, parents, base, inverse_base, rest, weights, corners, order, points)"
        ));
        program.expect("on_triangles(u, theta)", &numbers(&golden["residual"]), TOLERANCE);
        program.expect("jacobian(on_triangles, wrt = theta)(u, theta)", &numbers(&golden["jacobian"]), TOLERANCE);
        program.line("let skin = m.skin(theta, parents, base, inverse_base, rest, weights)");
        program.line("let by_place = jacobian(on_triangles, wrt = u)(u, theta)");
        let edges = format!(
            "[by_place[k, i, l, c] + (if k == l {{ skin[corners[k, c], i] - skin[corners[k, 2], i] }} else {{ 0 }}) \
             for k in 0..{points}, i in 0..3, l in 0..{points}, c in 0..2]"
        );
        program.expect(&edges, &vec![0.0; points * points * 6], TOLERANCE);
    });
}

#[test]
fn language_model() {
    run("lstm", |program, input, golden| {
        bind_all(program, input, &["main_params", "extra_params", "state", "sequence"]);
        program.line("fn loss(main: [l, g], extra: [3, h]) = m.lstm(main, extra, state, sequence)");
        program.expect("loss(main_params, extra_params)", &numbers(&golden["objective"]), TOLERANCE);
        program.expect("grad(loss)(main_params, extra_params)", &numbers(&golden["gradient"]), TOLERANCE);
    });
}

#[test]
fn nearest_centroids() {
    run("kmeans", |program, input, golden| {
        bind_all(program, input, &["points", "centroids"]);
        program.expect("m.cost(centroids, points)", &numbers(&golden["cost"]), TOLERANCE);
        let both: Vec<f64> = [&golden["grad"], &golden["hess_diag"]].into_iter().flat_map(numbers).collect();
        program.expect("m.derivatives(centroids, points)", &both, TOLERANCE);
        program.expect("m.direction(centroids, points)", &numbers(&golden["dir"]), TOLERANCE);
    });
}

#[test]
fn polynomial_of_least_squares() {
    run("llsq", |program, input, golden| {
        bind_all(program, input, &["x"]);
        program.line(&format!("let like: [{}] = zeros()", input["n"]));
        program.expect("m.llsq(x, like)", &numbers(&golden["primal"]), TOLERANCE);
        program.expect("grad(|x| m.llsq(x, like))(x)", &numbers(&golden["gradient"]), TOLERANCE);
    });
}

#[test]
fn logarithm_of_a_sum_of_exponentials() {
    run("lse", |program, input, golden| {
        bind_all(program, input, &["x"]);
        program.expect("m.lse(x)", &numbers(&golden["primal"]), TOLERANCE);
        program.expect("grad(m.lse)(x)", &numbers(&golden["gradient"]), TOLERANCE);
    });
}

#[test]
fn initial_value_problem() {
    run("ode", |program, input, golden| {
        bind_all(program, input, &["x"]);
        program.line(&format!("let steps: [{}] = zeros()", input["s"]));
        program.expect("m.solution(x, steps)", &numbers(&golden["primal"]), TOLERANCE);
        program.expect("grad(|x| m.primal(x, steps))(x)", &numbers(&golden["program_gradient"]), TOLERANCE);
    });
}

#[test]
fn determinants() {
    run("det", |program, input, golden| {
        let size = input["ell"].as_u64().unwrap() as usize;
        let rows: Vec<&[Value]> = input["A"].as_array().unwrap().chunks(size).collect();
        program.bind("A", &json!(rows));
        for function in ["m.by_elimination", "m.built_in"] {
            program.expect(&format!("{function}(A)"), &numbers(&golden["primal"]), TOLERANCE);
            program.expect(&format!("grad({function})(A)"), &numbers(&golden["gradient"]), TOLERANCE);
        }
    });
}

#[test]
fn saddle_point() {
    run("saddle", |program, input, golden| {
        for modes in ["ff", "fr", "rf", "rr"] {
            program.expect(&format!("m.saddle_{modes}({})", literal(&input["start"])), &numbers(golden), 1e-16);
        }
    });
}

/// Not of GradBench: the value is that of Siskind and Pearlmutter's own programs.
#[test]
fn particle() {
    let mut program = Program::new("particle", "examples/gradbench/particle.nd");
    for modes in ["ff", "fr", "rf", "rr"] {
        program.expect(&format!("m.best_{modes}(0.0)"), &[0.207_191_874_648_611_94], TOLERANCE);
    }
    run_all([program]);
}

#[test]
fn first_program() {
    run("hello", |program, _, golden| {
        for step in golden.as_array().unwrap() {
            program.expect(&format!("m.square({})", step["x"]), &numbers(&step["square"]), 0.0);
            program.expect(&format!("m.double({})", step["square"]), &numbers(&step["double"]), 0.0);
        }
    });
}
