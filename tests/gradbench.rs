//! The tool for GradBench: its protocol, and every function of every eval against stored outputs.
#![allow(clippy::unwrap_used, reason = "a test fails where something is missing")]

#[path = "../examples/gradbench/tool/mod.rs"]
mod tool;

use serde_json::{Value, json};
use std::path::Path;

/// What is allowed of the greatest entry of an output.
const TOLERANCE: f64 = 1e-10;

/// The answers to some lines, without the times in them, and what was noted about lines that are no messages.
fn converse(lines: &[u8]) -> (Vec<Value>, String) {
    let (mut answers, mut notes) = (Vec::new(), Vec::new());
    tool::serve(lines, &mut answers, &mut notes).unwrap();
    let answers = String::from_utf8(answers).unwrap();
    (answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), String::from_utf8(notes).unwrap())
}

fn answer(message: &Value) -> Value {
    let (mut answers, notes) = converse(message.to_string().as_bytes());
    assert_eq!((answers.len(), notes.as_str()), (1, ""));
    answers.remove(0)
}

fn evaluated(module: &str, function: &str, input: &Value) -> Value {
    let message = json!({"id": 7, "kind": "evaluate", "module": module, "function": function, "input": input});
    let mut answer = answer(&message);
    assert_eq!((&answer["id"], &answer["success"]), (&json!(7), &json!(true)), "{answer}");
    answer["output"].take()
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(list) => list.iter().flat_map(numbers).collect(),
        number => vec![number.as_f64().unwrap_or_else(|| panic!("{number} is no number"))],
    }
}

fn assert_near(found: &Value, expected: &Value, what: &str) {
    let (found, expected) = (numbers(found), numbers(expected));
    assert_eq!(found.len(), expected.len(), "{what}");
    let greatest = expected.iter().fold(0.0_f64, |greatest, each| greatest.max(each.abs()));
    for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert!((found - expected).abs() <= TOLERANCE * greatest, "{what}, {place}: {found}, not {expected}");
    }
}

/// The stored cases of an eval.
fn cases(folder: &str) -> Vec<(String, Value, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cases/adbench").join(folder);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty());
    let read = |path| {
        let mut case: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        (case["id"].as_str().unwrap().to_string(), case["input"].take(), case["golden"].take())
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn conversations() {
    let success = |id: Value| json!({"id": id, "success": true});
    let table: &[(&str, Vec<Value>)] = &[
        (r#"{"id": 0, "kind": "start", "eval": "hello"}"#, vec![json!({"id": 0, "tool": "ndc"})]),
        (r#"{"id": 1, "kind": "define", "module": "hello"}"#, vec![success(json!(1))]),
        (r#"{"id": "a", "kind": "define", "module": "ht"}"#, vec![success(json!("a"))]),
        (
            r#"{"id": 1, "kind": "define", "module": "none"}"#,
            vec![json!({"id": 1, "success": false, "error": "there is no module `none`"})],
        ),
        (
            r#"{"id": 1, "kind": "define"}"#,
            vec![json!({"id": 1, "success": false, "error": "the message has no text `module`"})],
        ),
        (
            r#"{"id": 2, "kind": "evaluate", "module": "hello", "function": "cube", "input": 1}"#,
            vec![json!({"id": 2, "success": false, "error": "the module `hello` has no function `cube`"})],
        ),
        (
            r#"{"id": 2, "kind": "evaluate", "module": "hello", "function": "square"}"#,
            vec![json!({"id": 2, "success": false, "error": "the message has no `input`"})],
        ),
        (
            r#"{"id": 3, "kind": "evaluate", "module": "lse", "function": "primal", "input": {"x": [1, [2]]}}"#,
            vec![json!({"id": 3, "success": false, "error": "`x` is no array of numbers with rows of one length"})],
        ),
        (
            r#"{"id": 3, "kind": "evaluate", "module": "llsq", "function": "primal", "input": {"x": [1], "n": 1e99}}"#,
            vec![json!({"id": 3, "success": false, "error": "`n` is no size"})],
        ),
        (
            r#"{"id": 3, "kind": "evaluate", "module": "det", "function": "primal", "input": {"A": [1, 2], "ell": 2}}"#,
            vec![json!({"id": 3, "success": false, "error": "2 numbers do not make an array of [2, 2]"})],
        ),
        (r#"{"id": 4, "kind": "analysis", "of": 2, "valid": true}"#, vec![json!({"id": 4})]),
        (r#"{"id": 5, "kind": "something new"}"#, vec![json!({"id": 5})]),
        (r#"{"id": 5}"#, vec![json!({"id": 5})]),
        // Nothing to answer to.
        ("", vec![]),
        ("   ", vec![]),
        ("nonsense", vec![]),
        ("[1, 2]", vec![]),
        (r#"{"kind": "start"}"#, vec![]),
    ];
    for (line, expected) in table {
        assert_eq!(converse(line.as_bytes()).0, *expected, "{line}");
    }
    // All of them in one session, with a line that is no text between them.
    let mut all = b"\xff\xfe\n".to_vec();
    all.extend(table.iter().flat_map(|(line, _)| format!("{line}\n").into_bytes()));
    let expected: Vec<Value> = table.iter().flat_map(|(_, answers)| answers.clone()).collect();
    let (answers, notes) = converse(&all);
    assert_eq!(answers, expected);
    assert_eq!(notes.lines().count(), 4, "{notes}");
}

#[test]
fn every_run_is_timed() {
    let message = |runs: Value| {
        let mut input = json!({"x": [0.0, 0.0]});
        input.as_object_mut().unwrap().extend(runs.as_object().unwrap().clone());
        json!({"id": 1, "kind": "evaluate", "module": "lse", "function": "gradient", "input": input})
    };
    let table = [(json!({}), 1), (json!({"min_runs": 5, "min_seconds": 0}), 5), (json!({"min_runs": 0}), 1)];
    for (runs, count) in table {
        let answer = answer(&message(runs));
        assert_eq!(answer["output"], json!([0.5, 0.5]));
        let timings = answer["timings"].as_array().unwrap();
        assert_eq!(timings.len(), count);
        assert!(timings.iter().all(|timing| timing["name"] == "evaluate" && timing["nanoseconds"].is_u64()));
    }
    let wrong = answer(&message(json!({"min_runs": "many"})));
    assert_eq!(wrong, json!({"id": 1, "success": false, "error": "`min_runs` is no number"}));
}

/// Functions whose output is stored under a key.
#[test]
fn stored_outputs() {
    let table = [
        ("det", "det", "primal", "primal"),
        ("det", "det", "gradient", "gradient"),
        ("gmm", "gmm", "objective", "objective"),
        ("hand", "ht", "objective", "residual"),
        ("hand", "ht", "jacobian", "jacobian"),
        ("kmeans", "kmeans", "cost", "cost"),
        ("kmeans", "kmeans", "dir", "dir"),
        ("llsq", "llsq", "primal", "primal"),
        ("llsq", "llsq", "gradient", "gradient"),
        ("lse", "lse", "primal", "primal"),
        ("lse", "lse", "gradient", "gradient"),
        ("lstm", "lstm", "objective", "objective"),
        ("lstm", "lstm", "jacobian", "gradient"),
        ("ode", "ode", "primal", "primal"),
        ("ode", "ode", "gradient", "program_gradient"),
    ];
    for (folder, module, function, key) in table {
        for (id, input, golden) in cases(folder) {
            assert_near(&evaluated(module, function, &input), &golden[key], &format!("{id} {function}"));
        }
    }
}

#[test]
fn gradients_of_mixtures_have_names() {
    for (id, input, golden) in cases("gmm") {
        let output = evaluated("gmm", "jacobian", &input);
        let expected = golden["gradient"].as_object().unwrap();
        assert_eq!(output.as_object().unwrap().len(), expected.len());
        expected.iter().for_each(|(name, part)| assert_near(&output[name], part, &format!("{id} {name}")));
    }
}

#[test]
fn optimisations_find_their_points_in_all_modes() {
    for modes in ["ff", "fr", "rf", "rr"] {
        for (id, input, golden) in cases("saddle") {
            assert_near(&evaluated("saddle", modes, &input), &golden, &format!("{id} {modes}"));
        }
        let place = evaluated("particle", modes, &json!({"w": 0.0, "min_runs": 1, "min_seconds": 0}));
        assert_near(&place, &json!(0.207_191_874_648_611_94), modes);
    }
}

#[test]
fn squares_and_their_derivatives() {
    for (_, _, golden) in cases("hello") {
        for step in golden.as_array().unwrap() {
            assert_eq!(evaluated("hello", "square", &step["x"]), step["square"]);
            assert_eq!(evaluated("hello", "double", &step["square"]), step["double"]);
        }
    }
}

#[test]
fn bundles() {
    for (id, mut input, golden) in cases("ba") {
        // As often as the case has them, and often enough that only a part of the Jacobian is shown.
        for (cameras, points, observations) in [(1, 1, 1), (3, 7, 40)] {
            input["n"] = json!(cameras);
            input["m"] = json!(points);
            input["p"] = json!(observations);
            let errors = evaluated("ba", "objective", &input);
            let residual = numbers(&golden["residual"]);
            assert_near(&errors["reproj_error"]["elements"], &json!(residual[..2]), &id);
            assert_near(&errors["w_err"]["element"], &json!(residual[2]), &id);
            for part in ["reproj_error", "w_err"] {
                assert_eq!(errors[part]["repeated"], json!(observations));
            }
            let matrix = evaluated("ba", "jacobian", &input);
            let mut values = numbers(&golden["jacobian"]);
            values.drain(30..44);
            assert_near(&matrix["vals"], &json!(values), &id);
            let (of_points, of_weights) = (11 * cameras, 11 * cameras + 3 * points);
            let row = (0..11).chain(of_points..of_points + 3).chain([of_weights]);
            let columns: Vec<i64> = row.clone().chain(row).chain([of_weights + observations - 1]).collect();
            assert_eq!(matrix["cols"], json!(columns));
            let starts = (0..=2 * observations).map(|row| 15 * row);
            let starts: Vec<i64> = starts.chain((1..=observations).map(|row| 30 * observations + row)).collect();
            let shown: Vec<i64> = starts.iter().take(30).chain(starts.last()).copied().collect();
            assert_eq!(matrix["rows"], json!(shown));
        }
    }
}

#[test]
fn hands_on_triangles() {
    let (id, mut input, _) = cases("hand").remove(1);
    input["data"]["model"]["triangles"] = json!([[0, 1, 0], [1, 0, 1]]);
    input["data"]["correspondences"] = json!([1, 0]);
    input["us"] = json!([[0.25, 0.5], [0.75, 0.125]]);
    let distances = numbers(&evaluated("ht", "objective", &input));
    let jacobian = evaluated("ht", "jacobian", &input);
    let rows: Vec<Vec<f64>> = jacobian.as_array().unwrap().iter().map(numbers).collect();
    assert_eq!((rows.len(), rows[0].len()), (6, 28), "{id}");
    // Distances are linear in the place, and a pose moves all points: a difference quotient for the pose.
    let step = 1e-6;
    for column in 0..28 {
        let moved = |by: f64| {
            let mut input = input.clone();
            if column < 2 {
                for point in 0..2 {
                    input["us"][point][column] = json!(input["us"][point][column].as_f64().unwrap() + by);
                }
            } else {
                input["theta"][column - 2] = json!(input["theta"][column - 2].as_f64().unwrap() + by);
            }
            numbers(&evaluated("ht", "objective", &input))
        };
        let (before, after) = (moved(-step), moved(step));
        for row in 0..distances.len() {
            let quotient = (after[row] - before[row]) / (2.0 * step);
            let found = rows[row][column];
            assert!((found - quotient).abs() < 1e-7, "{row}, {column}: {found}, not {quotient}");
        }
    }
}

#[test]
fn mirrored_hands() {
    let (_, mut input, _) = cases("hand").remove(1);
    // Without a rotation the mirror shows in the first coordinate alone.
    (0..3).for_each(|axis| input["theta"][axis] = json!(0.0));
    let straight = numbers(&evaluated("ht", "objective", &input));
    input["data"]["model"]["is_mirrored"] = json!(true);
    let mirrored = numbers(&evaluated("ht", "objective", &input));
    for (place, (straight, mirrored)) in straight.iter().zip(&mirrored).enumerate() {
        let (point, axis) = (place / 3, place % 3);
        let from = input["data"]["points"][point][axis].as_f64().unwrap() - input["theta"][3 + axis].as_f64().unwrap();
        let expected = if axis == 0 { 2.0 * from - straight } else { *straight };
        assert!((mirrored - expected).abs() < 1e-12, "{place}: {mirrored}, not {expected}");
    }
}
