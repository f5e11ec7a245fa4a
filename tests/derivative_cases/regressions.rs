//! Regressions: losses and gradients at stored points, and standard errors, which follow from the Jacobian of the residuals.

use crate::program::{Program, literal, numbers, project, run_all, stored, stored_files};
use serde_json::{Value, json};

const FUNCTIONS: &str = "tests/cases/derivatives/regressions.nd";

/// The loss of NIST's problem at its three points, and the certified standard errors.
fn of_nist(case: &Value) -> Program {
    let name = case["name"].as_str().unwrap();
    let mut program = Program::new(name, FUNCTIONS);
    let function = match name {
        "Lanczos1" | "Lanczos2" => "Lanczos",
        "MGH09" => "Kowalik",
        other => other,
    };
    let columns = case["columns"].as_array().unwrap().len();
    let rows = case["data"].as_array().unwrap();
    let column = |at: usize| -> Value { rows.iter().map(|row| row[at].clone()).collect() };
    program.bind("y", &column(0));
    let inputs: Value = if columns == 2 { column(1) } else { rows.iter().map(|row| json!([row[1], row[2]])).collect() };
    program.bind("x", &inputs);
    let response = if name == "Nelson" { "log(y[i])" } else { "y[i]" };
    let size = case["params"].as_array().unwrap().len();
    program.line(&format!("fn residual(b: [{size}], i: int) = {response} - m.{function}(b, x[i])"));
    program.line(&format!("fn rss(b: [{size}]) = sum(residual(b, i)^2 for i in 0..{})", rows.len()));
    // How large the terms are that the gradient is a sum of.
    program.line("fn terms(b: [p]) = [sum(2 * abs(y[i] * grad(|b| residual(b, i))(b)[k]) for i) for k in 0..p]");
    for (label, point) in case["loss_points"].as_object().unwrap() {
        let at = literal(&point["point"]);
        program.expect(&format!("rss({at})"), &numbers(&point["rss"]), 1e-12);
        if label == "certified" {
            // Next to the minimum the terms cancel.
            let distance = format!("(grad(rss)({at}) - {}) / terms({at})", literal(&point["grad"]));
            program.expect(&distance, &vec![0.0; size], 1e-13);
        } else {
            program.expect(&format!("grad(rss)({at})"), &numbers(&point["grad"]), 1e-12);
        }
    }
    // The normal equations square the condition of the Jacobian, which is that large for one problem only.
    program.bind("best", &case["refined_params_30"]);
    program.line(&format!("fn residuals(b: [{size}]) = [residual(b, i) for i in 0..{}]", rows.len()));
    let jacobian = "jacobian(residuals)(best)";
    let errors = format!("m.standard_errors({jacobian}, {})", literal(&case["refined_rss_30"]));
    program.expect(&errors, &numbers(&case["certified_sd"]), if name == "Bennett5" { 1e-6 } else { 1e-8 });
    program
}

/// A column of a table, read from its CSV file, of the rows that the case keeps.
fn column(case: &Value, name: &str) -> Value {
    let file = case["table"].as_str().unwrap().trim_start_matches("tables/");
    let mut reader = csv::Reader::from_path(project("tests/data/cases/tables").join(file)).unwrap();
    let place = |name: &str, header: &csv::StringRecord| {
        header.iter().position(|each| each == name).unwrap_or_else(|| panic!("{file} has no column {name}"))
    };
    let header = reader.headers().unwrap().clone();
    let wanted = place(name, &header);
    let filter = case["row_filter"].as_str().map(|filter| {
        let (name, value) = filter.split_once(" == ").unwrap();
        (place(name, &header), value.to_string())
    });
    let rows = reader.records().map(Result::unwrap);
    let kept = rows.filter(|row| filter.as_ref().is_none_or(|(at, value)| row[*at] == **value));
    kept.map(|row| json!(row[wanted].to_string())).collect()
}

/// The inputs of a case as a matrix with a row for each observation.
fn matrix(case: &Value, names: &[String]) -> Value {
    let columns: Vec<Value> = names.iter().map(|name| column(case, name)).collect();
    let rows = columns[0].as_array().unwrap().len();
    (0..rows).map(|row| columns.iter().map(|column| column[row].clone()).collect::<Value>()).collect()
}

/// Target and inputs, from their own entries or from a model such as `y = b0 + b1*x`.
fn variables(case: &Value) -> (String, Vec<String>) {
    if let Some(target) = case["target"].as_str() {
        let inputs = case["inputs"].as_array().unwrap().iter();
        return (target.to_string(), inputs.map(|each| each.as_str().unwrap().to_string()).collect());
    }
    let (target, terms) = case["model"].as_str().unwrap().split_once(" = ").unwrap();
    let inputs = terms.split(" + ").filter_map(|term| term.split_once('*')).map(|(_, name)| name.to_string());
    (target.to_string(), inputs.collect())
}

/// The loss of a case as a function of the coefficients `b`.
fn loss(program: &mut Program, case: &Value, kind: &str) -> &'static str {
    if kind == "nls" {
        let puromycin = case["table"] == "tables/puromycin.csv";
        let (x, y) = if puromycin { ("conc", "rate") } else { ("Time", "demand") };
        program.bind("x", &column(case, x));
        program.bind("y", &column(case, y));
        return if puromycin { "m.michaelis_menten(b, x, y)" } else { "m.oxygen_demand(b, x, y)" };
    }
    let (target, inputs) = variables(case);
    program.bind("X", &matrix(case, &inputs));
    let y = column(case, &target);
    match kind {
        "softmax" => program.bind_integers("y", &y),
        _ => program.bind("y", &y),
    }
    if target == "cultivar" && kind == "logit" {
        program.line("let first_class = real(y == 0)");
    }
    if let Some(penalty) = case["lam"].as_str() {
        program.line(&format!("let penalty = {penalty}"));
    }
    match kind {
        "ols" => "m.mean_squares(b, X, y)",
        "ridge" => "m.ridge(b, X, y, penalty)",
        "logit" if target == "cultivar" => "m.logistic_standardized(b, X, first_class, penalty)",
        "logit" if case["standardised"] == true => "m.logistic_standardized(b, X, y, penalty)",
        "logit" => "m.logistic(b, X, y, penalty)",
        "poisson" => "m.poisson(b, X, y, penalty)",
        "softmax" => "m.softmax_regression(b, X, y, penalty)",
        "huber" => "m.huber_regression(b, X, y)",
        other => panic!("{other} is not known"),
    }
}

fn of_table(case: &Value) -> Program {
    let id = case["id"].as_str().unwrap();
    let kind = id.trim_start_matches("fits/").split('_').next().unwrap();
    let mut program = Program::new(id, FUNCTIONS);
    let loss = loss(&mut program, case, kind);
    let size = case["params"].as_array().unwrap().len();
    let rows = if kind == "softmax" { 3 } else { 1 };
    let shape = if rows == 1 { format!("[{size}]") } else { format!("[{rows}, {}]", size / rows) };
    program.line(&format!("fn loss(b: {shape}) = {loss}"));
    let point = |all: &Value| -> String {
        let all = all.as_array().unwrap();
        let chunks: Vec<&[Value]> = all.chunks(size / rows).collect();
        if rows == 1 { literal(&json!(chunks[0])) } else { literal(&json!(chunks)) }
    };
    let best = point(&case["optimum"]);
    program.expect(&format!("loss({best})"), &numbers(&case["loss_at_optimum"]), 1e-12);
    // The gradient there is zero, but for what its terms leave.
    let (start, value, gradient) = if kind == "nls" {
        (point(&case["start"]), &case["loss_at_start"], &case["grad_at_start"])
    } else {
        (point(&json!(vec![0; size])), &case["loss_at_zero"], &case["grad_at_zero"])
    };
    program.expect(&format!("loss({start})"), &numbers(value), 1e-13);
    program.expect(&format!("grad(loss)({start})"), &numbers(gradient), 1e-13);
    let scale = numbers(gradient).iter().fold(1.0, |scale: f64, each| scale.max(each.abs()));
    program.expect(&format!("grad(loss)({best}) / {scale}"), &vec![0.0; size], 1e-12);
    program
}

#[test]
fn nonlinear_regressions_of_nist() {
    run_all(stored_files("nist").iter().map(|file| of_nist(&stored(file))));
}

#[test]
fn models_fitted_to_tables() {
    let cases = stored("fits.json");
    run_all(cases.as_array().unwrap().iter().map(of_table));
}
