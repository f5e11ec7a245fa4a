//! Update rules and what a block says beside them: curves of `torch.optim`, and traces of other programs.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "support/records.rs"]
mod records;

use ndc::data::FileLoader;
use ndc::driver::{check_file, on_large_stack};
use ndc::session::{RunOptions, Session};
use records::Records;
use serde_json::Value;
use std::path::Path;

impl Records {
    fn losses(&self) -> Vec<f64> {
        self.epochs.iter().map(|epoch| epoch.loss).collect()
    }

    fn end_of(&self, name: &str) -> &[f64] {
        &self.ends[0].params.iter().find(|(each, ..)| each == name).unwrap().2
    }
}

fn run(name: &str, text: &str) -> Records {
    records::run(&format!("update_rules_{name}"), text, RunOptions::default())
}

fn stored(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|each| each.as_f64().unwrap()).collect()
}

/// The greatest difference, relative to the expected numbers or to `scale` where they are smaller.
fn difference(found: &[f64], expected: &[f64], scale: f64) -> f64 {
    assert_eq!(found.len(), expected.len());
    let each = found.iter().zip(expected).map(|(found, expected)| (found - expected).abs() / expected.abs().max(scale));
    each.fold(0.0, |greatest, each| if each > greatest || each.is_nan() { each } else { greatest })
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// Each rule on five kinds of models, and settings beside the rule: losses of 100 steps, learning rates, losses of averaged
/// weights, and the values at the end.
fn curves_agree(chosen: impl Fn(&Value) -> bool) {
    let curves = stored("training_curves/curves.json");
    let mut count = 0;
    for (place, curve) in curves["curves"].as_array().unwrap().iter().enumerate().filter(|(_, curve)| chosen(curve)) {
        let (example, settings) = (curve["example"].as_str().unwrap(), curve["settings"].as_str().unwrap());
        let program = &curves["programs"][example];
        let [text, loss, batch] = ["program", "loss", "batch"].map(|part| program[part].as_str().unwrap());
        let batch = curve["batch"].as_str().unwrap_or(batch);
        let block = format!("data = d, loss = {loss}, batch = {batch}, shuffle = false, steps = 100, {settings}");
        let records = run(&place.to_string(), &format!("{text}\ntrain {{ {block} }}\n"));
        let compare = |what: &str, found: &[f64], expected: &Value| {
            let difference = difference(found, &numbers(expected), 1e-3);
            assert!(difference < 1e-10, "{example}, {settings}: {what} differ by {difference:e}");
        };
        compare("losses", &records.losses(), &curve["losses"]);
        if !settings.contains("groups") {
            let rates: Vec<f64> = records.epochs.iter().map(|epoch| epoch.learning_rate.unwrap()).collect();
            compare("learning rates", &rates, &curve["rates"]);
        }
        let validation: Vec<f64> =
            records.epochs.iter().filter_map(|epoch| epoch.validation.as_ref().map(|(loss, _)| *loss)).collect();
        compare("validation losses", &validation, &curve["validation"]);
        for (name, values) in curve["end"].as_object().unwrap() {
            compare(name, records.end_of(name), values);
        }
        count += 1;
    }
    assert!(count > 5);
}

fn beside_the_rule(curve: &Value) -> bool {
    curve["settings"].as_str().unwrap().contains("),")
}

#[test]
fn rules_agree_with_pytorch_on_dense_models() {
    let dense = ["linear", "logistic", "mlp"];
    curves_agree(|curve| !beside_the_rule(curve) && dense.contains(&curve["example"].as_str().unwrap()));
}

#[test]
fn rules_agree_with_pytorch_on_convolutions() {
    curves_agree(|curve| !beside_the_rule(curve) && curve["example"] == "convolution");
}

#[test]
fn rules_agree_with_pytorch_on_recurrent_models() {
    curves_agree(|curve| !beside_the_rule(curve) && curve["example"] == "recurrent");
}

#[test]
fn settings_beside_the_rule_agree_with_pytorch() {
    curves_agree(beside_the_rule);
}

/// The data, the loss and the batch of the problems of the traces.
fn problem(name: &str) -> (String, &'static str, &'static str) {
    let tables = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let at = |path: &str| tables.join(path).display().to_string();
    match name {
        "linreg_mtcars" => (
            format!("csv(\"{}\") {{ x = standardize([wt, hp]), y = mpg }}", at("cases/tables/mtcars.csv")),
            "((x @ w)[0] + b[0] - y)^2",
            "all",
        ),
        "mlp_iris" => (
            format!(
                "csv(\"{}\") {{
                    x = standardize([sepal_length, sepal_width, petal_length, petal_width])
                    y = species
                }}",
                at("cases/tables/iris.csv")
            ),
            "cross_entropy(tanh(x @ W1 + b1) @ W2 + b2, y)",
            "all",
        ),
        "logit_bc" => (
            format!(
                "csv(\"{}\") {{ x = standardize([{}]), y = benign }}",
                at("cases/tables/breast_cancer.csv"),
                breast_cancer_columns()
            ),
            "bce_logits((x @ w)[0] + b[0], y)",
            "all",
        ),
        "mlp_digits" => (
            format!("npz(\"{}\") {{ x = image / 16, y = label }}", at("traces/digits.npz")),
            "cross_entropy(relu(x @ W1 + b1) @ W2 + b2, y)",
            "100",
        ),
        "mlp_diabetes" => (
            format!(
                "csv(\"{}\") {{
                    x = standardize([age, sex, bmi, bp, s1, s2, s3, s4, s5, s6])
                    y = standardize(progression)
                }}",
                at("cases/tables/diabetes.csv")
            ),
            "huber((sigmoid(x @ W1 + b1) @ W2 + b2)[0], y)",
            "all",
        ),
        _ => panic!("{name} is new"),
    }
}

fn breast_cancer_columns() -> String {
    let sizes = [
        "radius",
        "texture",
        "perimeter",
        "area",
        "smoothness",
        "compactness",
        "concavity",
        "concave_points",
        "symmetry",
        "fractal_dimension",
    ];
    let mean = sizes.map(|size| format!("mean_{size}"));
    let error = sizes.map(|size| format!("{size}_error"));
    let worst = sizes.map(|size| format!("worst_{size}"));
    [mean, error, worst].concat().join(", ")
}

fn rule(name: &str) -> &'static str {
    match name {
        "gd" => "sgd(lr = 0.1)",
        "momentum" => "momentum(lr = 0.05)",
        "adam" => "adam(lr = 0.02)",
        "adamw" => "adamw(lr = 0.02, weight_decay = 0.05)",
        "adamax" => "adamax(lr = 0.02)",
        "rmsprop" => "rmsprop(lr = 0.01)",
        "adagrad" => "adagrad(lr = 0.1)",
        "sgd_wd" => "sgd(lr = 0.1, weight_decay = 0.01)",
        _ => panic!("{name} is new"),
    }
}

/// `param W1: [4, 8] = …` with the values `s * sin(k + 1.7 * place)`.
fn param(name: &str, shape: &[usize], k: f64, s: f64) -> String {
    match shape {
        [size] => format!("param {name}: [{size}] = [{s} * sin({k} + 1.7 * i) for i in 0..{size}]\n"),
        [rows, columns] => format!(
            "param {name}: [{rows}, {columns}] =
                [[{s} * sin({k} + 1.7 * ({columns} * i + j)) for j in 0..{columns}] for i in 0..{rows}]\n"
        ),
        _ => panic!("{shape:?}"),
    }
}

#[test]
fn traces_of_other_programs_are_met() {
    let traces = stored("traces/traces.json");
    let mut greatest: f64 = 0.0;
    for trace in traces.as_array().unwrap() {
        let id = trace["id"].as_str().unwrap();
        let (data, loss, batch) = problem(trace["problem"].as_str().unwrap());
        let mut text = format!("data d = {data}\n");
        for (name, shape) in trace["parameters"].as_object().unwrap() {
            let shape: Vec<usize> = numbers(shape).iter().map(|size| *size as usize).collect();
            let start = numbers(&trace["init_ks"][name]);
            text += &param(name, &shape, start[0], start[1]);
        }
        let rule = rule(trace["optimiser"].as_str().unwrap());
        let (steps, per_epoch) = (&trace["steps"], if batch == "all" { 1 } else { 17 });
        text += &format!(
            "train {{ data = d, loss = {loss}, optimizer = {rule}, batch = {batch}, shuffle = false, steps = {steps} }}"
        );
        let records = run(&id.replace('/', "_"), &text);
        let mut compare = |what: &str, found: &[f64], expected: &[f64]| {
            let difference = difference(found, expected, 0.0);
            assert!(difference < 1e-12, "{id}: {what} differ by {difference:e}");
            greatest = greatest.max(difference);
        };
        // An epoch's loss is the mean over its steps.
        let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
        let before: Vec<f64> = numbers(&trace["loss_before_step"]).chunks(per_epoch).map(mean).collect();
        compare("losses", &records.losses(), &before);
        if batch == "all" {
            compare("final losses", &[records.ends[0].loss], &[trace["final_full_loss"].as_f64().unwrap()]);
        }
        for (name, expected) in trace["final_first_values"].as_object().unwrap() {
            let (values, expected) = (records.end_of(name), numbers(expected));
            compare(name, &values[..expected.len()], &expected);
            compare(name, &[norm(values)], &[trace["final_param_norms"][name].as_f64().unwrap()]);
        }
    }
    println!("greatest difference {greatest:e}");
}

#[test]
fn the_first_step_of_rules_with_running_means_has_the_length_of_the_learning_rate() {
    for (precision, within) in [("f32", 4e-7), ("f64", 1e-15)] {
        for rule in ["adam", "adamw", "adamax"] {
            for betas in ["", ", beta1 = 0.99, beta2 = 0.99999", ", beta1 = 0.0, beta2 = 0.5"] {
                let text = format!(
                    "precision {precision}
                    param w: [3] = [0.0, 0.0, 0.0]
                    train {{
                        loss = dot(w, [1000.0, -1.0, 0.015625])
                        optimizer = {rule}(lr = 0.5, epsilon = 0.0{betas})
                        steps = 1
                    }}"
                );
                let records = run(&format!("first_{precision}_{rule}_{}", betas.len()), &text);
                let difference = difference(records.end_of("w"), &[-0.5, 0.5, -0.5], 0.0);
                assert!(difference < within, "{precision} {rule}{betas}: {:?}", records.end_of("w"));
            }
        }
    }
}

/// Settings that would not do what they say, with the code and a part of the text that is marked.
const REFUSED: &[(&str, &str, &str)] = &[
    ("adam(lr = -1)", "E0603", "-1"),
    ("adam(lr = 0)", "E0603", "0"),
    ("adam(lr = nan)", "E0603", "nan"),
    ("adam(beta1 = 1)", "E0603", "1"),
    ("adam(epsilon = -1e-8)", "E0603", "-1e-8"),
    ("adm(lr = 0.1)", "E0608", "adm"),
    ("adam(gamma = 2)", "E0108", "gamma"),
    ("sgd()", "E0602", "sgd()"),
    ("adam(), clip = norm(0)", "E0603", "0"),
    ("adam(), clip = value(-1)", "E0603", "-1"),
    ("adam(), average = 1", "E0603", "1"),
    ("adam(), weight_decay = -1", "E0603", "-1"),
    ("adam(weight_decay = 0.1), weight_decay = 0.2", "E0607", "weight_decay"),
    ("adam(), schedule = cosin()", "E0621", "cosin"),
    ("adam(), schedule = step_decay()", "E0602", "step_decay()"),
    ("adam(), schedule = step_decay(every = 0)", "E0603", "0"),
    ("adam(), schedule = cosine(warmup = -5)", "E0603", "-5"),
    ("adam(), schedule = one_cycle(rise = 2)", "E0603", "2"),
    ("adam(), schedule = cosine", "E0603", "cosine"),
    ("adam(), schedule = step_decay", "E0603", "step_decay"),
    ("adam(), schedule = plateau", "E0603", "plateau"),
    ("adam(), schedule = cosin", "E0621", "cosin"),
    ("adam(), schedule = nan", "E0603", "nan"),
    ("adam(), schedule = inf", "E0603", "inf"),
    ("adam(), schedule = -1", "E0603", "-1"),
    ("adam(), schedule = cosine(5)", "E0603", "5"),
    ("adam(), schedule = linear(end = 2)", "E0603", "2"),
    ("adam(), schedule = one_cycle(start = 1.5)", "E0603", "1.5"),
    ("adam(), schedule = constant(warmup = 4)", "E0603", "4"),
    ("adam(), schedule = plateau(min_lr = -1)", "E0603", "-1"),
    ("adam(), schedule = plateau(min_lr = inf)", "E0603", "inf"),
    ("adam(), schedule = plateau(cooldown = 0.5)", "E0603", "0.5"),
    ("adam(), clip = norm", "E0603", "norm"),
    ("adam(), clip = value", "E0603", "value"),
    ("adam(), clip = value(low = 1)", "E0603", "value(low = 1)"),
    ("adam(), clip = norm(1, 2)", "E0603", "norm(1, 2)"),
    ("adam", "E0603", "adam"),
    ("sgd", "E0603", "sgd"),
    ("adm", "E0608", "adm"),
    ("lbfgs", "E0603", "lbfgs"),
    ("adam(epsilon = inf)", "E0603", "inf"),
    ("sgd(lr = w)", "E0603", "w"),
    ("sgd(lr = 0.1), clip = 2 * w", "E0603", "2 * w"),
    ("sgd(lr = 0.1), schedule = abs(w)", "E0603", "abs(w)"),
    ("sgd(lr = 0.1), weight_decay = w", "E0603", "w"),
    ("sgd(lr = 0.1), average = w", "E0603", "w"),
    ("adam(), groups = group(w, lr = w)", "E0603", "w"),
    ("adam(), groups = group(w, parameter = 1)", "E0108", "parameter"),
    ("adam(), groups = group(\"w\", lr = 1)", "E0603", "\"w\""),
    ("adam(), metric loss = w", "E0603", "loss"),
    ("adam(), groups = group(q, lr = 1)", "E0622", "q"),
    ("adam(), groups = group(w, lr = -1)", "E0603", "-1"),
    ("adam(), groups = (group(w, lr = 1), group(w, lr = 2))", "E0623", "w"),
    ("adam(), groups = group(w)", "E0603", "group(w)"),
    ("adam(), groups = group(lr = 1)", "E0603", "group(lr = 1)"),
    ("adam(), groups = (group(w, lr = 1), group())", "E0603", "group()"),
    ("adam(), groups = ()", "E0603", "()"),
    ("adam(), groups = w", "E0603", "w"),
];

#[test]
fn one_cycle_has_a_rate_at_every_step_of_short_runs() {
    for steps in 1..12 {
        for rise in ["0.1", "0.25", "1 / 3", "0.5", "0.9"] {
            let text = format!(
                "param w = 1.0
                train {{
                    loss = w^2, steps = {steps}, optimizer = sgd(lr = 0.1)
                    schedule = one_cycle(rise = {rise}, start = 0.5, end = 0.01)
                }}"
            );
            let records = run(&format!("one_cycle_{steps}_{}", rise.len()), &text);
            let rates: Vec<f64> = records.epochs.iter().map(|epoch| epoch.learning_rate.unwrap()).collect();
            assert_eq!(rates.len(), steps);
            let inside = |rate: &f64| (0.000_999_999..=0.100_000_001).contains(rate);
            assert!(rates.iter().all(inside), "{steps} steps, rise {rise}: {rates:?}");
        }
    }
}

/// What the update reads of the step before.
#[test]
fn schedules_see_the_norm_of_the_step_before() {
    let text = "param w = 1.0
train { loss = w, steps = 4, optimizer = sgd(lr = 1), schedule = if step == 1 { 1 } else { step_norm / 4 } }
";
    let records = run("step_norm", text);
    let rates: Vec<f64> = records.epochs.iter().map(|epoch| epoch.learning_rate.unwrap()).collect();
    assert_eq!(rates, [1.0, 0.25, 0.0625, 0.015625]);
    assert_eq!(records.end_of("w"), [1.0 - 1.328125]);
}

/// There is no step before the first.
#[test]
fn a_schedule_that_is_no_number_is_told_with_what_it_was_given() {
    let text = "param w = 1.0\ntrain { loss = w^2, steps = 4, optimizer = sgd(lr = 1), schedule = 2 * step_norm }\n";
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("update_rules_nan.nd");
    std::fs::write(&path, text).unwrap();
    let checked = check_file(&path, &mut FileLoader::new(), Default::default());
    let errors = on_large_stack(|| Session::new(&checked.program).unwrap().run(&mut Records::default()).unwrap_err());
    let error = &errors[0];
    assert_eq!(
        (error.code, &text[error.primary.as_ref().unwrap().span.start as usize..][..13]),
        ("E0701", "2 * step_norm")
    );
    assert!(format!("{:?}", error.help).contains("it was given NaN"), "{:?}", error.help);
}

#[test]
fn settings_that_would_not_do_what_they_say_are_refused_at_their_place() {
    for (place, (settings, code, marked)) in REFUSED.iter().enumerate() {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("update_rules_refused_{place}.nd"));
        let text = format!("param w = 1.0\ntrain {{ loss = w^2, steps = 3, optimizer = {settings} }}\n");
        std::fs::write(&path, &text).unwrap();
        let checked = check_file(&path, &mut FileLoader::new(), Default::default());
        let [error] = &checked.diagnostics[..] else { panic!("{settings}: {:#?}", checked.diagnostics) };
        assert_eq!(error.code, *code, "{settings}");
        let span = error.primary.as_ref().unwrap().span;
        assert_eq!(&text[span.start as usize..span.end as usize], *marked, "{settings}");
    }
}
