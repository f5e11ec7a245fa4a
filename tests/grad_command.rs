//! What `ndc grad` writes: programs that check, whose gradients are those of the originals, in their usual form.
//!
//! Each text has tests of its own, `f(point) == value` with the value of the original and
//! `grad_f(point) == grad(f)(point)`; here they are run. `NDC_RANDOM_GRADS=5000` tries so many random programs.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "random_programs/compare.rs"]
#[allow(dead_code, reason = "the random programs use all of it")]
mod compare;
#[path = "random_programs/derivatives.rs"]
#[allow(dead_code, reason = "the random programs use all of it")]
mod derivatives;
#[path = "random_programs/expressions.rs"]
#[allow(dead_code, reason = "the random programs use all of it")]
mod expressions;
#[path = "random_programs/generator.rs"]
#[allow(dead_code, reason = "the random programs use all of it")]
mod generator;
#[path = "random_programs/random.rs"]
#[allow(dead_code, reason = "the random programs use all of it")]
mod harness;
#[path = "random_programs/tensors.rs"]
#[allow(dead_code, reason = "the random programs use all of it")]
mod tensors;

use derivatives::Target;
use generator::HEADER;
use ndc::adjoint;
use ndc::autodiff::reverse::reverse;
use ndc::check::Options;
use ndc::data::FileLoader;
use ndc::diagnostics::render::{MessageFormat, render};
use ndc::driver::{check_text, format_text, on_large_stack};
use ndc::eval::evaluate;
use ndc::ir::{ElementType, Graph, Meaning, NodeId, Pointwise, TensorType};
use ndc::ops::POINTWISE;
use ndc::runtime::Tensor;
use ndc::session::{Session, Silent};
use ndc::subject::{Request, open};
use std::fs;
use std::path::{Path, PathBuf};

fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("grad_{name}.nd"));
    fs::write(&path, text).unwrap();
    path
}

/// The text that is written for a function of a file, or the messages.
fn written(path: &Path, of: &str, at: Option<&str>, wrt: &[&str]) -> Result<String, String> {
    let wrt: Vec<String> = wrt.iter().map(|name| (*name).to_string()).collect();
    let request = Request { of, at, sizes: &[] };
    let opened = open(path, request, &mut FileLoader::new(), Options::default());
    let text = opened.and_then(|subject| adjoint::text(subject, &wrt, at.is_some()));
    text.map_err(|failure| render(&failure.diagnostics, &failure.sources, MessageFormat::Full, false))
}

/// Checks a text, makes sure that it is in its usual form, and runs its tests, with a tolerance of its claims where one
/// is given. Gives the number of tests.
fn holds(text: &str, within: Option<&str>) -> Result<usize, String> {
    let failed = |what: String| format!("{what}\n{text}");
    if format_text(text).ok().as_deref() != Some(text) {
        return Err(failed("not in its usual form".to_string()));
    }
    let claims = within.map_or_else(|| text.to_string(), |within| with_tolerance(text, within));
    let checked = check_text("written.nd", None, claims, &mut FileLoader::new(), Options::default());
    let messages = |found: &[_]| render(found, &checked.sources, MessageFormat::Full, false);
    if !checked.diagnostics.is_empty() {
        return Err(failed(messages(&checked.diagnostics)));
    }
    for test in &checked.program.tests {
        on_large_stack(|| Session::new(&test.program).map_err(|stopped| vec![*stopped])?.run(&mut Silent))
            .map_err(|found| failed(messages(&found)))?;
    }
    Ok(checked.program.tests.len())
}

/// The text with a tolerance after each claim.
fn with_tolerance(text: &str, within: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut in_claim = false;
    for line in text.lines() {
        let begins = line.starts_with("    assert ");
        if in_claim && (begins || line == "}") {
            if let Some(last) = lines.last_mut() {
                last.push_str(&format!(" within {within}"));
            }
            in_claim = false;
        }
        in_claim |= begins;
        lines.push(line.to_string());
    }
    lines.join("\n")
}

/// The functions of the table below.
const FUNCTIONS: &str = include_str!("grad_command/functions.nd");

/// A function of the table, its arguments where they matter, and what it is differentiated by where that is not all.
type Case<'c> = (&'c str, Option<&'c str>, &'c [&'c str]);

const CASES: &[Case] = &[
    ("a1", Some("-2, 5, -4"), &[]),
    ("a2", Some("2, 1, 0"), &[]),
    ("a3", Some("5, -2, -5"), &[]),
    ("a4", None, &[]),
    ("a5", Some("1, 2"), &[]),
    ("a5_stopped", Some("1, 2"), &[]),
    ("a6", Some("[2, -3, -3], [-1, -2]"), &[]),
    ("squares", None, &[]),
    ("added", None, &[]),
    ("multiplied", None, &[]),
    ("multiplied_by_indices", None, &[]),
    ("product", Some("[1, 2]"), &[]),
    ("product", Some("[0, 2]"), &[]),
    ("share", Some("[2, 1, 0.5]"), &[]),
    ("share", Some("[1000, -1000, 0]"), &[]),
    ("log_share", None, &[]),
    ("lengths", Some("[0, 0, 0, 0]"), &[]),
    ("convolution", None, &["w"]),
    ("convolution", None, &[]),
    ("strided", None, &[]),
    ("determinant_by_elimination", Some("[[2, 1, 0], [1, 3, 1], [0, 1, 4]]"), &[]),
    ("determinant_of_many", Some("[[1, 2, 0.5, 0.25, 1, 2], [0.5, 1, 2, 1, 0.5, 0.25]]"), &[]),
    ("recurrent", None, &[]),
    ("recurrent_short", None, &[]),
    ("products_of_rows", None, &[]),
    ("stepwise", None, &[]),
    ("until", Some("0.5, 0.3"), &[]),
    ("until", Some("20, 0.3"), &[]),
    ("embedded", None, &[]),
    ("one_of", None, &[]),
    ("factored", None, &[]),
    ("matrices", None, &[]),
    ("many_matrices", None, &[]),
    ("fields", None, &[]),
    ("fields", None, &["p"]),
    ("branches", Some("0, [1, -1, 0]"), &[]),
    ("branches", Some("4, [1, -1, 0]"), &[]),
    ("ties", Some("[1, 3, 3, 0]"), &[]),
    ("neighbours", None, &[]),
    ("attention", None, &[]),
    ("entropy", None, &[]),
    ("merged", None, &[]),
    ("split", None, &[]),
    ("replaced", None, &[]),
    ("outer", None, &[]),
    ("activations", None, &[]),
    ("of_pairs", None, &[]),
    ("chosen", None, &[]),
    ("drawn", None, &[]),
    ("second", Some("0.7"), &[]),
    ("hessian_product", None, &[]),
    ("spiking", Some("[0.2, -0.3, 1.5]"), &[]),
    ("curved", Some("[0.2, -0.3, 1.5]"), &[]),
    ("constant_part", None, &[]),
    ("net_loss", None, &["net"]),
    ("net_loss", None, &["x", "net"]),
    ("scaled", None, &["scale"]),
    ("|x: [3]| sum(a_matrix @ x)", Some("[1, 2, 3]"), &[]),
    ("loss", None, &["net"]),
];

/// Layers, distributions and other functions of the library, and what to differentiate by.
const LAYERS: &[Case] = &[
    ("of_dense", None, &["dense"]),
    ("of_conv1", None, &["conv1"]),
    ("of_conv2", None, &["conv2", "x"]),
    ("of_pooled", None, &["pooled"]),
    ("of_average", None, &[]),
    ("of_embedding", None, &["embedding"]),
    ("of_recurrent", None, &["recurrent"]),
    ("of_gated", None, &["gated"]),
    ("of_memory", None, &["memory"]),
    ("of_normed", None, &["normed"]),
    ("of_block", None, &["block"]),
    ("of_many", None, &["many"]),
    ("of_batch", None, &[]),
    ("of_distributions", None, &[]),
    ("of_beta", None, &[]),
    ("of_normal", None, &[]),
    ("of_flow", None, &[]),
    ("of_matrix", None, &[]),
    ("of_steps", None, &[]),
];

#[test]
fn written_gradients_are_those_of_the_originals() {
    cases_hold("functions", FUNCTIONS, CASES, "1e-12");
}

#[test]
fn written_gradients_of_the_library_are_those_of_the_originals() {
    cases_hold("layers", include_str!("grad_command/layers.nd"), LAYERS, "1e-10");
}

fn cases_hold(name: &str, text: &str, cases: &[Case], within: &str) {
    let path = file(name, text);
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|(of, at, wrt)| {
            let text = written(&path, of, *at, wrt);
            let result = text.and_then(|text| holds(&text, Some(within)));
            match result {
                Ok(tests) if tests > 0 => None,
                Ok(_) => Some(format!("{of} at {at:?}: no tests")),
                Err(failure) => Some(format!("{of} at {at:?} by {wrt:?}: {failure}")),
            }
        })
        .collect();
    assert!(failures.is_empty(), "{} failures:\n\n{}", failures.len(), failures.join("\n\n"));
}

/// A request, the code, and a part of the message and of the help.
type Wrong<'c> = (Case<'c>, &'c str, &'c str, &'c str);

const WRONG: &[Wrong] = &[
    (("a7", None, &[]), "E0111", "called `a7`", "`a"),
    (("tensor", None, &[]), "E0401", "`tensor` gives [3]", "--of"),
    (("one_of", None, &["c"]), "E0403", "`c` is neither", "wrt"),
    (("a1", None, &["yy"]), "E0403", "`yy` is neither", "`y`"),
    (("whole", None, &[]), "E0402", "no real argument", ""),
    (("determinant_by_elimination", None, &[]), "E0112", "the size `n` of `A`", "--size n=3"),
    (("drawn_back", None, &[]), "E0199", "random_normal", "--emit adjoint"),
];

#[test]
fn requests_that_cannot_be_met_get_messages() {
    const FURTHER: &str = "
fn tensor(x: [3]) = 2 * x
fn whole(i: int) = real(i)
fn drawn_back(x) = fold(x, 0..50, |s, k| s * s * random.normal(key = 3))
";
    let path = file("wrong", &format!("{FUNCTIONS}{FURTHER}"));
    for ((of, at, wrt), code, message, help) in WRONG {
        let Err(found) = written(&path, of, *at, wrt) else { panic!("{of} by {wrt:?} was written") };
        for part in [code, message, help] {
            assert!(found.contains(part), "{of} by {wrt:?}: no {part:?} in\n{found}");
        }
    }
}

/// A number as nd reads it.
fn literal(value: f64) -> String {
    if value.is_nan() { "nan".to_string() } else { format!("{value:?}") }
}

#[test]
fn operations_without_a_name_are_what_their_definitions_say() {
    let (mut tried, mut failures) = (0, Vec::new());
    for definition in POINTWISE.iter().filter(|definition| !definition.definition.is_empty()) {
        let name = definition.name;
        let mut claims = String::new();
        for probe in definition.probes {
            let value = match &definition.meaning {
                Meaning::Unary { f64, .. } => f64(probe[0]),
                Meaning::Binary { f64, .. } => f64(probe[0], probe[1]),
                _ => unreachable!("{name} is not a function of reals"),
            };
            let arguments: Vec<String> = probe.iter().map(|each| literal(*each)).collect();
            let arguments = arguments.join(", ");
            claims.push_str(&format!("assert {name}({arguments}) == {} within 1e-12\n", literal(value)));
            tried += 1;
            // What own slopes are for is their derivative alone, which a definition cannot have to the second order.
            let gradient = operation_gradient(definition, probe);
            if name != "own_slope" && gradient.iter().all(|each| each.is_finite()) {
                let gradient: Vec<String> = gradient.into_iter().map(literal).collect();
                let gradient =
                    if gradient.len() == 1 { gradient[0].clone() } else { format!("({})", gradient.join(", ")) };
                claims.push_str(&format!("assert grad({name})({arguments}) == {gradient} within 1e-12\n"));
            }
        }
        let text = format!("fn {name}{}\ntest \"{name}\" {{\n{claims}}}\n", definition.definition);
        let text = format_text(&text).unwrap();
        failures.extend(holds(&text, None).err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
    assert!(tried > 100, "{tried}");
}

/// The derivatives of an operation at a point, by its own definition.
fn operation_gradient(definition: &'static Pointwise, probe: &[f64]) -> Vec<f64> {
    let mut graph = Graph::new();
    let inputs: Vec<NodeId> = probe.iter().map(|_| graph.input("x", TensorType::scalar(ElementType::F64))).collect();
    let value = graph.pointwise(definition, &inputs);
    let one = graph.constant_like(value, 1.0);
    for gradient in reverse(&mut graph, value, one, &inputs) {
        graph.output("gradient", gradient);
    }
    let point: Vec<Tensor> = probe.iter().map(|each| Tensor::scalar(*each)).collect();
    evaluate(&graph, &point).unwrap().iter().map(|gradient| gradient.get(0).unwrap()).collect()
}

#[test]
fn worked_cases_look_like_a_textbook() {
    let path = file("textbook", FUNCTIONS);
    let texts = ["a1", "a2", "a3", "a4", "a5", "a6"].map(|of| written(&path, of, None, &[]).unwrap());
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn gradients_of_random_programs_are_those_of_the_originals() {
    let total: u64 = std::env::var("NDC_RANDOM_GRADS").map_or(300, |total| total.parse().unwrap());
    let (mut refused, mut failures) = (0, Vec::new());
    for seed in 0..total {
        let target = Target::of_seed(seed);
        let path = file("random", &format!("{HEADER}{}\n", target.items.join("\n")));
        match written(&path, &target.name, Some(&target.at), &[]) {
            Ok(text) => failures.extend(holds(&text, None).err().map(|failure| format!("seed {seed}: {failure}"))),
            Err(message) if message.contains("E07") => refused += 1,
            Err(message) => failures.push(format!("seed {seed}: {message}\n{}", fs::read_to_string(&path).unwrap())),
        }
        if failures.len() >= 5 {
            break;
        }
    }
    assert!(failures.is_empty(), "{} failures:\n\n{}", failures.len(), failures.join("\n\n"));
    assert!(refused < total / 4, "{refused} of {total}");
}
