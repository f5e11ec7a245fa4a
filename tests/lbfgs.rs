//! L-BFGS: minima that are known, the optimum of scikit-learn, ends, and going on from a checkpoint.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "support/records.rs"]
mod records;

use ndc::session::{Ending, RunOptions, TrainingEnd};
use std::fs;
use std::path::Path;
use std::process::Command;

fn run(name: &str, text: &str) -> TrainingEnd {
    records::run(&format!("lbfgs_{name}"), text, RunOptions::default()).ends.remove(0)
}

fn params(end: &TrainingEnd) -> Vec<f64> {
    end.params.iter().flat_map(|(.., values)| values.clone()).collect()
}

/// Functions with their starting points and least values (Moré, Garbow and Hillstrom 1981, and others).
const MINIMA: &[(&str, &str, &str, f64)] = &[
    ("sphere", "[1.0, -2.0, 3.0, -4.0]", "sum(x^2)", 0.0),
    ("rosenbrock", "[-1.2, 1.0]", "100 * (x[1] - x[0]^2)^2 + (1 - x[0])^2", 0.0),
    ("leon", "[-1.2, 1.0]", "100 * (x[1] - x[0]^3)^2 + (1 - x[0])^2", 0.0),
    (
        "wood",
        "[-3.0, -1.0, -3.0, -1.0]",
        "100 * (x[1] - x[0]^2)^2 + (1 - x[0])^2 + 90 * (x[3] - x[2]^2)^2 + (1 - x[2])^2
            + 10 * (x[1] + x[3] - 2)^2 + (x[1] - x[3])^2 / 10",
        0.0,
    ),
    (
        "powell_singular",
        "[3.0, -1.0, 0.0, 1.0]",
        "(x[0] + 10 * x[1])^2 + 5 * (x[2] - x[3])^2 + (x[1] - 2 * x[2])^4 + 10 * (x[0] - x[3])^4",
        0.0,
    ),
    ("mccormick", "[0.0, 0.0]", "sin(x[0] + x[1]) + (x[0] - x[1])^2 - 1.5 * x[0] + 2.5 * x[1] + 1", -1.913222954981037),
    ("matyas", "[7.0, -3.0]", "0.26 * (x[0]^2 + x[1]^2) - 0.48 * x[0] * x[1]", 0.0),
    // Trials below zero have no logarithm.
    ("barrier", "[0.01, 9.0]", "sum(x - log(x))", 2.0),
];

#[test]
fn known_minima_are_reached() {
    for (name, start, loss, least) in MINIMA {
        let settings = "tolerance_gradient = 1e-9, tolerance_change = 0";
        let text =
            format!("param x = {start}\ntrain {{\n loss = {loss}\n optimizer = lbfgs({settings})\n steps = 500\n}}\n");
        let end = run(name, &text);
        assert!((end.loss - least).abs() < 1e-10, "{name}: {} instead of {least}", end.loss);
        assert!(end.steps < 200, "{name}: {} steps", end.steps);
        assert_eq!(end.ending, Ending::Converged, "{name}");
    }
}

/// A logistic regression with a penalty, as scikit-learn has it with `C = 1` for 40 examples.
fn logistic(settings: &str) -> String {
    format!(
        "data d = table {{
    x = [[(i * 7 % 11) / 11, (i * 5 % 13) / 13, (i * 3 % 7) / 7] for i in 0..40]
    t = [if i * i % 5 < 2 {{ 1 }} else {{ 0 }} for i in 0..40]
}}
param w = [0.0, 0.0, 0.0]
param b = 0.0
train {{
    data = d
    loss = softplus(dot(w, x) + b) - t * (dot(w, x) + b) + sum(w^2) / 80
    batch = all
    {settings}
}}
"
    )
}

#[test]
fn the_optimum_is_that_of_scikit_learn_and_pytorch() {
    let settings = "optimizer = lbfgs(tolerance_gradient = 1e-10, tolerance_change = 0)\n steps = 50";
    let end = run("logistic", &logistic(settings));
    let expected = [0.43178283, -0.51453992, -0.13937434, 0.50238754];
    for (found, expected) in params(&end).into_iter().zip(expected) {
        assert!((found - expected).abs() < 2e-8, "{found} instead of {expected}");
    }
    assert!((end.loss - 0.6631610179820152).abs() < 1e-14, "{}", end.loss);
    assert!(end.steps <= 20, "{} steps", end.steps);
}

#[test]
fn a_run_ends_by_its_settings_too() {
    for (name, settings, ending, steps) in [
        ("steps", "steps = 3", Ending::Done, 3..=3),
        ("stop", "steps = 50\n stop = step_norm < 0.1", Ending::Stopped, 2..=8),
        ("loss", "steps = 50\n stop = loss < 0.67", Ending::Stopped, 2..=4),
        ("validate", "epochs = 50\n validate = 0.25\n patience = 1", Ending::NoImprovement, 2..=20),
        ("converged", "steps = 50", Ending::Converged, 3..=15),
    ] {
        let end = run(name, &logistic(&format!("optimizer = lbfgs()\n {settings}")));
        assert_eq!(end.ending, ending, "{name}: {} steps", end.steps);
        assert!(steps.contains(&end.steps), "{name}: {} steps", end.steps);
    }
}

#[test]
fn single_precision_and_bounded_parameters_converge() {
    let text = "precision   f32\nparam x in (0, inf) = 5.0\nparam y = 1.0
train {\n loss = (log(x) - 1)^2 + (y - x)^2\n optimizer = lbfgs()\n steps = 200\n}\n";
    let end = run("bounded", text);
    assert_eq!(end.ending, Ending::Converged);
    for value in params(&end) {
        assert!((value - std::f64::consts::E).abs() < 1e-3, "{value}");
    }
}

#[test]
fn going_on_from_a_checkpoint_changes_no_bit() {
    let ended = |name: &str, runs: &[(u64, &[&str])]| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("lbfgs").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (steps, more) in runs {
            let text = format!(
                "param x = [-1.2, 1.0, -1.2, 1.0]
train {{
    loss = 100 * (x[1] - x[0]^2)^2 + (1 - x[0])^2 + 90 * (x[3] - x[2]^2)^2 + (1 - x[2])^2
    optimizer = lbfgs(memory = 4)
    checkpoint = \"kept\"
    steps = {steps}
}}
save \"end.safetensors\"
"
            );
            fs::write(folder.join("program.nd"), text).unwrap();
            let mut command = Command::new(env!("CARGO_BIN_EXE_ndc"));
            let output = command.current_dir(&folder).args(["run", "program.nd", "--no-cache"]).args(*more).output();
            let output = output.unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        fs::read(folder.join("end.safetensors")).unwrap()
    };
    let whole = ended("whole", &[(14, &[])]);
    assert_ne!(whole, ended("less", &[(7, &[])]));
    assert_eq!(whole, ended("parts", &[(2, &[]), (7, &["--resume"]), (14, &["--resume"])]));
}
