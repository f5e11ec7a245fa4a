//! Bayesian models: log density and gradient by parameters as they are read, and unconstrained with the Jacobian of the
//! transform, as a sampler sees it.

use crate::program::{Program, literal, numbers, run_all, stored};
use serde_json::{Value, json};

/// Stored files, and the functions with the data that they take after the parameters.
const MODELS: &[(&str, &str, &[&str])] = &[
    ("arK", "ar", &["y"]),
    ("dugongs", "dugongs", &["x", "Y"]),
    ("eight_schools_centered", "eight_schools", &["y", "sigma"]),
    ("garch11", "garch", &["y", "sigma1"]),
    ("gp_regr", "gaussian_process", &["x", "y"]),
    ("kidscore_momiq", "kidscore", &["kid_score", "mom_iq"]),
    ("logearn_height_male", "logearn", &["earn", "height", "male"]),
    ("lotka_volterra_rk4", "lotka_volterra", &["y_init", "y"]),
    ("low_dim_gauss_mix", "gaussian_mixture", &["y"]),
    ("rats", "rats", &["rat", "x", "y", "xbar"]),
    ("seeds", "seeds", &["n", "N", "x1", "x2"]),
    ("wells_dist", "wells", &["switched", "dist"]),
];

/// Data that are whole numbers to count with.
const INTEGERS: &[&str] = &["rat"];

/// What is allowed of the greatest entry.
const TOLERANCE: f64 = 1e-13;

/// A parameter of a model: name, size, and the transform from the line.
struct Parameter<'a> {
    name: &'a str,
    size: usize,
    transform: &'a Value,
}

impl Parameter<'_> {
    fn domain(&self) -> String {
        match self.transform {
            Value::Array(parts) => format!(" in ({}, {})", literal(&parts[1]), literal(&parts[2])),
            kind if kind == "log" => " in (0, inf)".to_string(),
            _ => String::new(),
        }
    }

    /// The parameter from a number on the line, and the logarithm of the derivative.
    fn transformed(&self) -> (String, String) {
        let name = self.name;
        match self.transform {
            Value::Array(parts) => {
                let (low, high) = (literal(&parts[1]), literal(&parts[2]));
                let density = format!("log({high} - {low}) + logsigmoid({name}) + logsigmoid(-{name})");
                (format!("{low} + ({high} - {low}) * sigmoid({name})"), density)
            }
            kind if kind == "log" => {
                (format!("exp({name})"), if self.size > 1 { format!("sum({name})") } else { name.to_string() })
            }
            _ => (name.to_string(), "0".to_string()),
        }
    }

    /// What is read after a step up from `y` along the gradient by it less that of the logarithm of the Jacobian.
    fn after(&self, y: f64, gradient: f64, rate: f64) -> f64 {
        let exp = ndc::runtime::math::double::exp;
        let sigmoid = |y: f64| 1.0 / (1.0 + exp(-y));
        match self.transform {
            Value::Array(parts) => {
                let (low, high) = (numbers(&parts[1])[0], numbers(&parts[2])[0]);
                low + (high - low) * sigmoid(y + rate * (gradient - (1.0 - 2.0 * sigmoid(y))))
            }
            kind if kind == "log" => exp(y + rate * (gradient - 1.0)),
            _ => y + rate * gradient,
        }
    }

    fn shape(&self) -> String {
        if self.size > 1 { format!(": [{}]", self.size) } else { String::new() }
    }

    /// The parameter's part of all numbers.
    fn part(&self, all: &[Value], start: usize) -> String {
        if self.size > 1 { literal(&json!(all[start..start + self.size])) } else { literal(&all[start]) }
    }
}

fn parameters(model: &Value) -> Vec<Parameter<'_>> {
    let all = model["parameters"].as_array().unwrap().iter();
    all.map(|each| Parameter {
        name: each["name"].as_str().unwrap(),
        size: each["size"].as_u64().unwrap() as usize,
        transform: &each["transform"],
    })
    .collect()
}

/// Each parameter's value as nd writes it.
fn values(parameters: &[Parameter], all: &Value) -> Vec<String> {
    let all = all.as_array().unwrap();
    let mut start = 0;
    let mut values = Vec::new();
    for parameter in parameters {
        values.push(parameter.part(all, start));
        start += parameter.size;
    }
    values
}

/// The data and the parameters at a point, and their density as a function of no arguments.
fn declared(model: &Value, function: &str, data: &[&str], point: &Value) -> Program {
    let mut program = Program::new(model["name"].as_str().unwrap(), "tests/cases/derivatives/bayesian_models.nd");
    for name in data {
        let value = &model["data"][*name];
        let bound = format!("data_{name}");
        if INTEGERS.contains(name) { program.bind_integers(&bound, value) } else { program.bind(&bound, value) }
    }
    let parameters = parameters(model);
    for (parameter, value) in parameters.iter().zip(values(&parameters, &point["constrained"])) {
        program.line(&format!("param {}{}{} = {value}", parameter.name, parameter.shape(), parameter.domain()));
    }
    let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name).collect();
    program.line(&format!("fn density() = m.{function}({}, {})", names.join(", "), data_names(data)));
    program
}

fn data_names(data: &[&str]) -> String {
    let names: Vec<String> = data.iter().map(|name| format!("data_{name}")).collect();
    names.join(", ")
}

fn program(model: &Value, function: &str, data: &[&str], point: &Value) -> Program {
    let mut program = declared(model, function, data, point);
    let parameters = parameters(model);
    let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name).collect();
    let names = names.join(", ");
    program.expect("density()", &numbers(&point["logp"]), TOLERANCE);
    let gradient = numbers(&point["grad_constrained"]);
    program.expect(&format!("grad(density, wrt = ({names},))()"), &gradient, TOLERANCE);

    let typed: Vec<String> = parameters
        .iter()
        .map(
            |each| {
                if each.size > 1 { format!("{}{}", each.name, each.shape()) } else { format!("{}: real", each.name) }
            },
        )
        .collect();
    let (read, jacobian): (Vec<String>, Vec<String>) = parameters.iter().map(Parameter::transformed).unzip();
    program.line(&format!(
        "fn free({}) = m.{function}({}, {}) + {}",
        typed.join(", "),
        read.join(", "),
        data_names(data),
        jacobian.join(" + ")
    ));
    let at = values(&parameters, &point["unconstrained"]).join(", ");
    program.expect(&format!("free({at})"), &numbers(&point["logp_unconstrained"]), TOLERANCE);
    program.expect(&format!("grad(free)({at})"), &numbers(&point["grad_unconstrained"]), TOLERANCE);
    program
}

/// One step of training moves the numbers on the line along the gradient by them, which has no part of the Jacobian.
fn step(model: &Value, function: &str, data: &[&str], point: &Value) -> Program {
    let mut program = declared(model, function, data, point);
    let start = numbers(&point["unconstrained"]);
    let gradient = numbers(&point["grad_unconstrained"]);
    let greatest = gradient.iter().fold(0.0, |greatest: f64, each| greatest.max(each.abs()));
    let rate = 0.1 / greatest;
    program.line(&format!("train {{ loss = -density() optimizer = sgd(lr = {rate}) steps = 1 }}"));
    let mut at = 0;
    for parameter in parameters(model) {
        let own = at..at + parameter.size;
        let moved: Vec<f64> = own.map(|each| parameter.after(start[each], gradient[each], rate)).collect();
        program.expect(parameter.name, &moved, 1e-12);
        at += parameter.size;
    }
    program
}

/// A program for every stored point of every model.
fn programs(make: impl Fn(&Value, &str, &[&str], &Value) -> Program) -> Vec<Program> {
    let mut programs = Vec::new();
    for (file, function, data) in MODELS {
        let model = stored(&format!("bayes/{file}.json"));
        programs.extend(model["points"].as_array().unwrap().iter().map(|point| make(&model, function, data, point)));
    }
    programs
}

#[test]
fn bayesian_models() {
    run_all(programs(program));
}

#[test]
fn a_step_of_training_follows_the_unconstrained_gradient() {
    run_all(programs(step));
}

/// The program of a model whose parameters are plain arguments, with a Hessian product.
fn program_of_arguments(model: &Value) -> Program {
    let name = model["name"].as_str().unwrap();
    let mut program = Program::new(name, "tests/cases/derivatives/bayesian_models.nd");
    let integers: Vec<&str> = model["integers"].as_array().unwrap().iter().map(|each| each.as_str().unwrap()).collect();
    let mut data = Vec::new();
    for each in model["data"].as_array().unwrap() {
        let (key, value) = (each["name"].as_str().unwrap(), &each["value"]);
        let bound = format!("data_{key}");
        if integers.contains(&key) {
            program.bind_integers(&bound, value)
        } else {
            program.bind(&bound, value)
        }
        data.push(bound);
    }
    let parameters = model["parameters"].as_array().unwrap();
    let names: Vec<&str> = parameters.iter().map(|each| each["name"].as_str().unwrap()).collect();
    let typed: Vec<String> = parameters
        .iter()
        .map(|each| {
            let shape = each["shape"].as_array().unwrap();
            let ty = if shape.is_empty() { "real".to_string() } else { literal(&each["shape"]) };
            format!("{}: {ty}", each["name"].as_str().unwrap())
        })
        .collect();
    let (typed, names) = (typed.join(", "), names.join(", "));
    program.line(&format!("fn density({typed}) = m.{name}({names}, {})", data.join(", ")));
    let at: Vec<String> = parameters.iter().map(|each| literal(&each["value"])).collect();
    let at = at.join(", ");
    // Each term of the survey's weights is a thousand times their logarithm.
    let tolerance = if name == "survey" { 1e-11 } else { TOLERANCE };
    program.expect(&format!("density({at})"), &numbers(&model["density"]), tolerance);
    program.expect(&format!("grad(density)({at})"), &numbers(&model["gradient"]), tolerance);
    let directions: Vec<String> = model["direction"].as_array().unwrap().iter().map(literal).collect();
    let product = if directions.len() == 1 {
        format!("hvp(density)({at}, {})", directions[0])
    } else {
        format!("hvp(density)(({at}), ({}))", directions.join(", "))
    };
    program.expect(&product, &numbers(&model["hessian_product"]), tolerance);
    program
}

#[test]
fn more_bayesian_models() {
    let models = stored("bayes_more.json");
    run_all(models.as_array().unwrap().iter().map(program_of_arguments));
}
