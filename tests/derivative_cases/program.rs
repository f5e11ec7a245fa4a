//! A program made for a case: functions of an nd file, the case's data, and expressions with the values they should have.

use ndc::data::FileLoader;
use ndc::driver::{check_text, on_large_stack};
use ndc::ir::Table;
use ndc::ops::structural::table;
use ndc::session::{Leaves, Observer, Session};
use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A path inside the project.
pub fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A stored file of cases.
pub fn stored(path: &str) -> Value {
    let path = project("tests/data/cases").join(path);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// The names of the stored files of a folder, in order.
pub fn stored_files(folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(project("tests/data/cases").join(folder)).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap())).collect();
    names.sort();
    assert!(!names.is_empty(), "{folder}");
    names
}

/// A stored value as nd writes it; numbers may be stored as texts of many digits.
pub fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(entries) => {
            let entries: Vec<String> = entries.iter().map(literal).collect();
            format!("[{}]", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// All numbers of a stored value, in order.
pub fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Number(number) => vec![number.as_f64().unwrap()],
        Value::String(text) => vec![text.parse().unwrap_or_else(|_| panic!("{text} is a number"))],
        Value::Array(entries) => entries.iter().flat_map(numbers).collect(),
        other => panic!("{other} holds no numbers"),
    }
}

/// A value that an expression should have.
struct Expected {
    expression: String,
    values: Vec<f64>,
    tolerance: f64,
}

/// The program of one case.
pub struct Program {
    title: String,
    text: String,
    expected: Vec<Expected>,
}

impl Program {
    /// A program that uses the functions of an nd file as `m`.
    pub fn new(title: &str, functions: &str) -> Self {
        let path = project(functions);
        assert!(path.exists(), "{functions}");
        let text = format!("import \"{}\" as m\n", path.display());
        Program { title: title.to_string(), text, expected: Vec::new() }
    }

    /// Adds a line.
    pub fn line(&mut self, line: &str) {
        writeln!(self.text, "{line}").unwrap();
    }

    /// Adds a stored value by name.
    pub fn bind(&mut self, name: &str, value: &Value) {
        self.line(&format!("let {name} = {}", literal(value)));
    }

    /// Adds stored whole numbers by name.
    pub fn bind_integers(&mut self, name: &str, value: &Value) {
        self.line(&format!("let {name}: int[{}] = {}", value.as_array().unwrap().len(), literal(value)));
    }

    /// Expects an expression to have these numbers, in order of its leaves. The error allowed is relative to the greatest of
    /// them: the smaller ones are sums of larger terms.
    pub fn expect(&mut self, expression: &str, values: &[f64], tolerance: f64) {
        self.line(&format!("print {expression}"));
        self.expected.push(Expected { expression: expression.to_string(), values: values.to_vec(), tolerance });
    }

    /// Runs the program and says what differs.
    pub fn differences(&self) -> Vec<String> {
        let checked = check_text(&self.title, None, self.text.clone(), &mut FileLoader::new(), Default::default());
        if checked.has_errors() {
            return vec![format!("{}: {:#?}", self.title, checked.diagnostics)];
        }
        let mut printed = Printed::default();
        let run = on_large_stack(|| Session::new(&checked.program).unwrap().run(&mut printed));
        if let Err(errors) = run {
            return vec![format!("{}: {errors:#?}", self.title)];
        }
        assert_eq!(printed.values.len(), self.expected.len(), "{}", self.title);
        let pairs = self.expected.iter().zip(&printed.values);
        pairs.filter_map(|(expected, actual)| self.difference(expected, actual)).collect()
    }

    fn difference(&self, expected: &Expected, actual: &[f64]) -> Option<String> {
        let Expected { expression, values, tolerance } = expected;
        assert_eq!(actual.len(), values.len(), "{}: {expression}", self.title);
        let scale = values.iter().fold(0.0, |scale: f64, value| scale.max(value.abs()));
        // Where all numbers are tiny or zero, what they are sums of is not known: ordinary numbers.
        let allowed = tolerance * if scale < 1e-3 { 1.0 } else { scale };
        let distances = actual.iter().zip(values).map(|(a, b)| if a == b { 0.0 } else { (a - b).abs() });
        let far = distances.enumerate().find(|(_, distance)| distance.is_nan() || *distance > allowed)?;
        let (at, distance) = far;
        Some(format!(
            "{}: entry {at} of `{expression}` is {:e}, not {:e}: {:.1e} of the greatest, {tolerance:e} is allowed",
            self.title,
            actual[at],
            values[at],
            distance / (allowed / tolerance)
        ))
    }
}

/// Runs programs; all differences are reported together.
pub fn run_all(programs: impl IntoIterator<Item = Program>) {
    let differences: Vec<String> = programs.into_iter().flat_map(|program| program.differences()).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// What a run printed.
#[derive(Default)]
struct Printed {
    values: Vec<Vec<f64>>,
}

impl Observer for Printed {
    fn value(&mut self, _source: &str, value: &Leaves) {
        self.values.push(value.tables.iter().flat_map(|leaf: &Table| table::numbers(leaf)).collect());
    }
}
