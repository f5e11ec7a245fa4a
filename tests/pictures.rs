//! `ndc graph` as a user runs it: pictures that are well-formed, in which no text meets another or a box, with the values
//! and derivatives of the worked cases at their gates, and few enough gates to read.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use roxmltree::{Document, Node};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The most gates of a picture in which nothing was asked to be open.
const READABLE: usize = 40;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The SVG that `ndc graph` writes, or what it says in its place.
fn graph(arguments: &[&str]) -> Result<String, String> {
    let command = Command::new(env!("CARGO_BIN_EXE_ndc")).arg("graph").args(arguments).current_dir(root()).output();
    let output = command.unwrap();
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout).unwrap()),
        false => Err(String::from_utf8(output.stderr).unwrap()),
    }
}

fn drawn(arguments: &[&str]) -> Picture {
    Picture::read(&graph(arguments).unwrap_or_else(|message| panic!("{arguments:?}: {message}")))
}

/// A program of a test.
fn program(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("pictures_{name}.nd"));
    fs::write(&path, text).unwrap();
    path
}

/// A gate as it is drawn.
#[derive(Clone, Debug)]
struct Gate {
    class: String,
    label: String,
    /// Left, upper, right, lower.
    area: [f64; 4],
    value: Option<String>,
    slope: Option<String>,
    shape: Option<String>,
}

/// A picture read back from its SVG.
struct Picture {
    gates: Vec<Gate>,
    /// All texts with their areas.
    texts: Vec<(String, [f64; 4])>,
    /// For each wire its ends.
    wires: Vec<[(f64, f64); 2]>,
    notes: Vec<String>,
}

impl Picture {
    fn read(svg: &str) -> Picture {
        let document = Document::parse(svg).unwrap_or_else(|error| panic!("{error}: {svg}"));
        let is = |node: &Node, name: &str, class: &str| {
            node.has_tag_name(("http://www.w3.org/2000/svg", name)) && node.attribute("class") == Some(class)
        };
        let mut gates: Vec<Gate> = Vec::new();
        let (mut texts, mut wires, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        for node in document.descendants() {
            let number = |name: &str| node.attribute(name).unwrap().parse::<f64>().unwrap();
            let class = node.attribute("class").unwrap_or_default().to_string();
            if ["gate", "call", "input", "output"].iter().any(|class| is(&node, "rect", class)) {
                let (x, y) = (number("x"), number("y"));
                let area = [x, y, x + number("width"), y + number("height")];
                gates.push(Gate { class, label: String::new(), area, value: None, slope: None, shape: None });
            } else if is(&node, "path", "wire") {
                wires.push(ends(node.attribute("d").unwrap()));
            } else if is(&node, "text", "note") {
                notes.push(text_of(node));
            } else if node.has_tag_name(("http://www.w3.org/2000/svg", "text")) && class != "title" {
                let (x, y, text) = (number("x"), number("y"), text_of(node));
                let (letter, upper) = if class == "label" { (8.4, 11.0) } else { (7.2, 10.0) };
                let half = text.chars().count() as f64 * letter / 2.0;
                let area = [x - half, y - upper, x + half, y + 3.0];
                if class == "constant" {
                    let gate = Gate { class, label: text.clone(), area, value: None, slope: None, shape: None };
                    gates.push(gate);
                } else {
                    let gate = gates.last_mut().unwrap();
                    match class.as_str() {
                        "label" => gate.label = text.clone(),
                        "value" => gate.value = Some(text.clone()),
                        "slope" => gate.slope = Some(text.clone()),
                        _ => gate.shape = Some(text.clone()),
                    }
                }
                texts.push((text, area));
            }
        }
        Picture { gates, texts, wires, notes }
    }

    /// What is wrong with where things are.
    fn faults(&self) -> Vec<String> {
        let meet = |a: &[f64; 4], b: &[f64; 4]| a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
        let mut faults = Vec::new();
        for (place, (text, area)) in self.texts.iter().enumerate() {
            for (other, _) in self.texts[..place].iter().filter(|(_, other)| meet(area, other)) {
                faults.push(format!("`{text}` meets `{other}`"));
            }
            let inside = |gate: &&Gate| gate.area[0] <= area[0] && area[2] <= gate.area[2] && gate.area[1] <= area[1];
            for gate in self.gates.iter().filter(|gate| meet(area, &gate.area) && !inside(gate)) {
                faults.push(format!("`{text}` meets the box of `{}`", gate.label));
            }
        }
        for (place, gate) in self.gates.iter().enumerate() {
            for other in self.gates[..place].iter().filter(|other| meet(&gate.area, &other.area)) {
                faults.push(format!("the boxes of `{}` and `{}` meet", gate.label, other.label));
            }
        }
        faults
    }

    /// The gates of a label.
    fn labelled(&self, label: &str) -> Vec<&Gate> {
        self.gates.iter().filter(|gate| gate.label == label).collect()
    }

    fn gate(&self, label: &str) -> &Gate {
        match self.labelled(label)[..] {
            [only] => only,
            ref several => panic!("{} gates are labelled `{label}`: {:?}", several.len(), self.labels()),
        }
    }

    fn labels(&self) -> Vec<&str> {
        self.gates.iter().map(|gate| gate.label.as_str()).collect()
    }

    /// Gates that are operations, calls or inputs.
    fn count(&self) -> usize {
        self.gates.iter().filter(|gate| !["output", "constant"].contains(&gate.class.as_str())).count()
    }

    /// A line for each gate from left to right and top to bottom, with where its wires come from.
    fn text(&self) -> String {
        let mut order: Vec<&Gate> = self.gates.iter().collect();
        let middle = |gate: &Gate| ((gate.area[0] + gate.area[2]) / 2.0, (gate.area[1] + gate.area[3]) / 2.0);
        order.sort_by(|a, b| middle(a).partial_cmp(&middle(b)).unwrap());
        let mut out = String::new();
        for gate in &order {
            let (x, y) = middle(gate);
            let _ = write!(out, "{x:.0} {y:.0} {} `{}`", gate.class, gate.label);
            for (word, part) in [("of shape", &gate.shape), ("value", &gate.value), ("derivative", &gate.slope)] {
                if let Some(part) = part {
                    let _ = write!(out, ", {word} {part}");
                }
            }
            let mut sources: Vec<(f64, &str)> = Vec::new();
            for [from, to] in &self.wires {
                if (to.0 - gate.area[0]).abs() < 8.0 && gate.area[1] < to.1 && to.1 < gate.area[3] {
                    let source = self.gates.iter().find(|source| {
                        (source.area[2] - from.0).abs() < 0.2 && source.area[1] < from.1 && from.1 < source.area[3]
                    });
                    sources.push((to.1, &source.unwrap().label));
                }
            }
            sources.sort_by(|a, b| a.0.total_cmp(&b.0));
            let sources: Vec<&str> = sources.into_iter().map(|(_, label)| label).collect();
            let _ = writeln!(out, "{}{}", if sources.is_empty() { "" } else { ", from " }, sources.join(" and "));
        }
        out
    }
}

fn text_of(node: Node) -> String {
    node.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect()
}

/// The first point of a path, and the end of its last level part at the height of its last curve.
fn ends(path: &str) -> [(f64, f64); 2] {
    let numbers: Vec<f64> = path.split([' ', 'M', 'H', 'C']).filter_map(|word| word.parse().ok()).collect();
    let start = (numbers[0], numbers[1]);
    match path.rsplit_once(" C") {
        Some((_, last)) => {
            let last: Vec<f64> = last.split([' ', 'H']).filter_map(|word| word.parse().ok()).collect();
            [start, (last[6], last[5])]
        }
        None => [start, (numbers[numbers.len() - 1], start.1)],
    }
}

const GATES: &str = "examples/gates.nd";

#[test]
fn the_worked_cases_look_like_this() {
    let neuron = program("neuron", "fn neuron(w0, w1, w2, x0, x1) = 1 / (1 + exp(-(w0*x0 + w1*x1 + w2)))\n");
    let cases = [
        ("a1", drawn(&[GATES, "--of", "product_of_sum", "--at", "x = -2, y = 5, z = -4"])),
        ("a2", drawn(&[GATES, "--of", "three_gates", "--at", "2, 1, 0"])),
        ("a3", drawn(&[GATES, "--of", "deeper", "--at", "5, -2, -5"])),
        ("a5", drawn(&[GATES, "--of", "branches", "--at", "1, 2"])),
        ("a6", drawn(&[neuron.to_str().unwrap(), "--of", "neuron", "--at", "2, -3, -3, -1, -2"])),
    ];
    for (name, picture) in cases {
        assert_eq!(picture.faults(), Vec::<String>::new(), "{name}");
        insta::assert_snapshot!(name, picture.text());
    }
}

/// A program, `--of`, `--at`, and derivatives at gates.
type Derivatives<'a> = (&'a str, &'a str, &'a str, &'a [(&'a str, &'a str)]);

#[test]
fn a_derivative_at_a_gate_counts_every_path() {
    let cases: &[Derivatives] = &[
        // d/da of a sin(a) + a at a = 4: sin a + a cos a + 1.
        ("fn f(x) = { let a = x^2; a * sin(a) + a }", "f", "2", &[("^2", "-2.371"), ("sin", "4"), ("x", "-9.486")]),
        // A value on a path that ends in a maximum that lets the other through.
        ("fn f(x, y) = max(exp(x), 10 * y)", "f", "0, 1", &[("exp", "0"), ("10 *", "1"), ("x", "0"), ("y", "10")]),
        // Nothing flows through `stop_gradient`.
        ("fn f(x) = x * stop_gradient(exp(x))", "f", "0", &[("exp", "0"), ("stop_gradient", "0"), ("x", "1")]),
        // The branch that is not taken.
        ("fn f(x) = if x > 1 { log(x - 1) } else { 3 * x }", "f", "1", &[("log", "0"), ("- 1", "0"), ("3 *", "1")]),
        ("fn f(x: [3]) = sum(x * x)", "f", "[1, 2, 3]", &[("x", "[2, 4, 6]"), ("*", "[1, 1, 1]"), ("sum", "1")]),
        ("fn f(k) = fold(1.0, 0..3, |s, i| s * k)", "f", "2", &[("fold × 3", "1"), ("k", "12")]),
        ("param w = 3.0 fn f(x) = w * x", "f", "5", &[("w", "5"), ("x", "3")]),
        ("fn g(x) = x^3 fn f(x) = grad(g)(x) * x", "f", "2", &[("derivative of g", "2"), ("x", "36")]),
    ];
    for (place, (text, of, at, expected)) in cases.iter().enumerate() {
        let path = program(&format!("paths_{place}"), text);
        let picture = drawn(&[path.to_str().unwrap(), "--of", of, "--at", at]);
        for (label, slope) in *expected {
            assert_eq!(picture.gate(label).slope.as_deref(), Some(*slope), "`{label}` in {text}");
        }
    }
}

#[test]
fn gates_are_labelled_as_the_text_is_written() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("fn f(x) = 2 * x^3 - 1", "1", &["2 *", "^3", "- 1"]),
        ("fn f(x) = x * x", "1", &["*"]),
        ("fn f(x, y) = x^y", "1, 2", &["^"]),
        ("fn f(x) = max(x, 0) + min(1, x)", "1", &["max(·, 0)", "min(1, ·)", "+"]),
        ("fn f(x) = -x / pi", "1", &["neg", "/ 3.142"]),
        ("fn f(x: [3]) = mean(x) + norm(x) + x[1]", "[1, 2, 3]", &["mean", "norm", "[1]", "+"]),
        ("fn f(A: [2, 2], x: [2]) = sum(A' @ x)", "[[1, 2], [3, 4]], [1, 2]", &["transpose", "@", "sum"]),
        ("fn f(x: [3]) = sum((x[i] - x[i - 1])^2 for i in 1..3)", "[1, 2, 3]", &["[i]", "[i - 1]", "-", "^2", "sum"]),
        ("fn f(x) = while(x, |s| s < 5, |s| 2 * s, max = 9)", "1", &["while × at most 9"]),
        ("fn f(x) = where(x > 0, x, 0.5)", "1", &["> 0", "where"]),
    ];
    for (place, (text, at, labels)) in cases.iter().enumerate() {
        let path = program(&format!("labels_{place}"), text);
        let picture = drawn(&[path.to_str().unwrap(), "--of", "f", "--at", at]);
        for label in *labels {
            assert!(!picture.labelled(label).is_empty(), "no `{label}` in {:?} of {text}", picture.labels());
        }
    }
}

/// The functions and training losses of the examples, as far as their signatures say what they take.
fn subjects_of_examples() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let entries = fs::read_dir(root().join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "nd")).collect();
    paths.sort();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        let name = |line: &str| line.split(['(', ' ', '=']).next().unwrap().to_string();
        let functions = text.lines().filter_map(|line| line.strip_prefix("fn ")).map(name);
        let losses = text.lines().filter(|line| line.starts_with("train")).map(|line| {
            let name = line["train".len()..].trim().trim_end_matches('{').trim();
            if name.is_empty() { "loss".to_string() } else { name.to_string() }
        });
        let path = path.to_str().unwrap().to_string();
        found.extend(functions.chain(losses).map(|name| (path.clone(), name)));
    }
    found
}

#[test]
fn nothing_overlaps_in_the_pictures_of_the_examples() {
    let (mut count, mut wrong) = (0, Vec::new());
    for (path, name) in subjects_of_examples() {
        match graph(&[&path, "--of", &name, "--sum"]) {
            Ok(svg) => {
                let picture = Picture::read(&svg);
                wrong.extend(picture.faults().into_iter().map(|fault| format!("{name} of {path}: {fault}")));
                assert!(picture.count() <= READABLE, "{name} of {path} has {} gates", picture.count());
                count += 1;
            }
            // Functions of functions, of any shape, or of open sizes need `--at` or `--size`.
            Err(message) => {
                let expected =
                    ["E0112", "E0109", "E0217"].iter().any(|code| message.starts_with(&format!("error[{code}]")));
                assert!(expected, "{name} of {path}: {message}");
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 60, "only {count} pictures were drawn");
}

/// Layers of the library with an input.
const LAYERS: &[(&str, &str)] = &[
    ("Dense(3, relu) >> Dense(2)", "[4]"),
    ("nn.Conv1d(2, 3) >> nn.MaxPool1d(2)", "[1, 9]"),
    ("nn.Conv2d(3, 3, activation = relu) >> nn.MaxPool2d(2) >> nn.AveragePool2d(3)", "[1, 8, 8]"),
    ("nn.RNN(3)", "[5, 2]"),
    ("nn.GRU(3)", "[5, 2]"),
    ("nn.LSTM(3) >> nn.LSTM(2)", "[5, 2]"),
    ("nn.LayerNorm()", "[5]"),
    ("nn.BatchNorm()", "[5]"),
    ("nn.MultiHeadAttention(2, causal = true)", "[3, 4]"),
    ("nn.TransformerBlock(2, 8)", "[3, 4]"),
    (
        "nn.TransformerBlock(2, 8) >> nn.TransformerBlock(2, 8) >> nn.TransformerBlock(2, 8) >> nn.TransformerBlock(2, 8)",
        "[3, 4]",
    ),
    ("nn.Residual(Dense(4, relu) >> Dense(4))", "[4]"),
];

#[test]
fn layers_of_the_library_are_folded_until_they_are_readable() {
    for (place, (model, input)) in LAYERS.iter().enumerate() {
        let text = format!("import nn\nmodel net = {model}\nfn f(x: {input}) = sum(net(x))\n");
        let path = program(&format!("layers_{place}"), &text);
        for more in [&["--of", "f"][..], &["--of", "f", "--depth", "0"], &["--of", "f", "--depth", "9"]] {
            let picture = drawn(&[&[path.to_str().unwrap()], more].concat());
            assert_eq!(picture.faults(), Vec::<String>::new(), "{model} {more:?}");
            assert!(more.len() > 2 || picture.count() <= READABLE, "{model}: {} gates", picture.count());
            let is_box = picture.gates.iter().any(|gate| gate.class == "call");
            assert!(more.last() != Some(&"0") || is_box && picture.count() <= 4, "{model}: {:?}", picture.labels());
            assert!(more.last() != Some(&"9") || !is_box, "{model}: {:?}", picture.labels());
        }
    }
}

#[test]
fn a_graph_of_thousands_of_gates_is_one_box() {
    let terms: Vec<String> = (0..400).map(|term| format!("sin({term} * x)")).collect();
    let path = program("huge", &format!("fn f(x) = {}\n", terms.join(" + ")));
    let picture = drawn(&[path.to_str().unwrap(), "--of", "f", "--at", "0"]);
    assert_eq!(picture.labels(), ["x", "f", "f"]);
    assert_eq!(picture.gate("x").slope.as_deref(), Some("79800"));
}

#[test]
fn calls_are_opened_by_name() {
    let text = "fn inner(x) = exp(x) + 1\nfn outer(x) = 2 * inner(x)\nfn f(x) = outer(x) / outer(3 * x)\n";
    let path = program("unfold", text);
    let labels = |more: &[&str]| {
        let picture = drawn(&[&[path.to_str().unwrap(), "--of", "f"], more].concat());
        picture.labels().into_iter().map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(labels(&["--depth", "0"]), ["x", "outer", "3 *", "outer", "/", "f"]);
    assert_eq!(labels(&["--depth", "1"]), ["x", "inner", "2 *", "3 *", "inner", "2 *", "/", "f"]);
    let opened = labels(&["--depth", "0", "--unfold", "inner"]);
    assert_eq!(opened, ["x", "exp", "+ 1", "2 *", "3 *", "exp", "+ 1", "2 *", "/", "f"]);
}

#[test]
fn what_cannot_be_shown_is_said() {
    let path = program("notes", "fn f(x: [2]) = x + 1\n");
    let path = path.to_str().unwrap();
    let notes = |more: &[&str]| drawn(&[&[path, "--of", "f"], more].concat()).notes;
    assert_eq!(notes(&[]), ["--at \"…\" gives the arguments, for values and derivatives"]);
    let not_a_number = "the result is not one number: --sum draws the derivatives of the sum of its elements";
    assert_eq!(notes(&["--at", "[1, 2]"]), ["above: the value", not_a_number]);
    let of_the_sum = "above: the value; below: the derivative of the sum of f by it";
    assert_eq!(notes(&["--at", "[1, 2]", "--sum"]), [of_the_sum]);
}

/// The picture of the book is what `ndc graph` draws.
#[test]
fn the_picture_of_the_book_is_up_to_date() {
    let shown = fs::read_to_string(root().join("docs/book/src/three_gates.svg")).unwrap();
    let command = [GATES, "--of", "three_gates", "--at", "x = 2, y = 1, z = 0"];
    let drawn = graph(&command).unwrap();
    assert!(shown == drawn, "write it again: ndc graph {} -o docs/book/src/three_gates.svg", command.join(" "));
}

/// The numbers of worked case A6 at their gates.
#[test]
fn the_neuron_has_the_values_of_the_worked_case() {
    let text = "fn neuron(w0, w1, w2, x0, x1) = 1 / (1 + exp(-(w0*x0 + w1*x1 + w2)))\n";
    let path = program("worked", text);
    let picture = drawn(&[path.to_str().unwrap(), "--of", "neuron", "--at", "2, -3, -3, -1, -2"]);
    assert_eq!(picture.gate("1 /").value.as_deref(), Some("0.7311"));
    let slopes: BTreeMap<&str, &str> =
        picture.gates.iter().filter_map(|gate| Some((gate.label.as_str(), gate.slope.as_deref()?))).collect();
    for (name, slope) in [("w0", "-0.1966"), ("x0", "0.3932"), ("w1", "-0.3932"), ("x1", "-0.5898"), ("w2", "0.1966")] {
        assert_eq!(slopes[name], slope, "{name}");
    }
}
