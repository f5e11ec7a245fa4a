//! What `--of`, `--at` and `--size` find: the graph of a function at concrete types, with named inputs and their values,
//! and a message for every request that cannot be met.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndc::check::Options;
use ndc::data::FileLoader;
use ndc::eval::evaluate_tables;
use ndc::session::native::to_reals;
use ndc::subject::{Failure, Request, Subject, open, parse_size};
use std::fs;
use std::path::{Path, PathBuf};

const PROGRAM: &str = "\
const N = 2
type State[n] = (v: real, h: [n])
param w: [N] = constant(3)
param s in (0, inf) = 2.0
let shift = 10 * s
data points = table { a = [[1, 2], [3, 4]], y = [5, 6] }
layer Dense(m) {
    param W: [m, n] = constant(1)
    fn call(x: [n]) = W @ x
}
model net = Dense(3) >> Dense(1)
fn f(x, y, z) = (x + y) * z
fn scaled(x, k = 2, twice = 2 * k) = x * k + twice
fn weighted(x: [n], A: [m, n]) = sum(A @ x)
fn step(state: State[n], pair: (real, int)) = (v = state.v * pair.0, h = state.h * pair.1)
fn shifted(x) = x * s + shift
fn twice(g: fn(real) -> real, x: real) = g(g(x))
fn no_sizes(x: [3]) = dot(w, x[0..2])
train { data = points, loss = (dot(w, a) - y)^2, optimizer = sgd(lr = 0.1), epochs = 1 }
train again { data = points, loss = y * sum(net(a)), optimizer = sgd(lr = 0.1), epochs = 1 }
";

fn program(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("subjects_{name}.nd"));
    fs::write(&path, PROGRAM).unwrap();
    path
}

fn opened(name: &str, of: &str, at: Option<&str>, sizes: &[&str]) -> Result<Subject, Failure> {
    let sizes: Vec<(String, i64)> = sizes.iter().map(|size| parse_size(size).unwrap()).collect();
    open(&program(name), Request { of, at, sizes: &sizes }, &mut FileLoader::new(), Options::default())
}

/// Inputs with their values, then outputs: `x = 1; y = 2, 3 -> f = 5`.
fn described(subject: &Subject) -> String {
    let text = |values: Vec<f64>| values.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
    let named = subject.graph.inputs().iter().zip(&subject.inputs);
    let inputs: Vec<String> =
        named.map(|(input, given)| format!("{} = {}", input.name, text(to_reals(&given.value)))).collect();
    let values: Vec<_> = subject.inputs.iter().map(|input| input.value.clone()).collect();
    let results = evaluate_tables(&subject.graph, &values).unwrap();
    let named = subject.graph.outputs().iter().zip(&results);
    let outputs: Vec<String> =
        named.map(|(output, value)| format!("{} = {}", output.name, text(to_reals(value)))).collect();
    format!("{} -> {}", inputs.join("; "), outputs.join("; "))
}

/// `--of`, `--at`, `--size`, and what they find.
type Found<'a> = (&'a str, Option<&'a str>, &'a [&'a str], &'a str);

const FOUND: &[Found] = &[
    ("f", Some("x = -2, y = 5, z = -4"), &[], "x = -2; y = 5; z = -4 -> f = -12"),
    ("f", Some("-2, z = -4, y = 5"), &[], "x = -2; y = 5; z = -4 -> f = -12"),
    ("f", None, &[], "x = 0; y = 0; z = 0 -> f = 0"),
    ("f", Some("[1, 2], [3, 4], 2"), &[], "x = 1, 2; y = 3, 4; z = 2 -> f = 8, 12"),
    ("grad(f)", Some("1, 2, 3"), &[], "x = 1; y = 2; z = 3 -> grad(f).0 = 3; grad(f).1 = 3; grad(f).2 = 3"),
    ("|x, y| x - y", Some("3, 1"), &[], "x = 3; y = 1 -> |x, y| x - y = 2"),
    ("sin", Some("0"), &[], "x1 = 0 -> sin = 0"),
    ("scaled", Some("5"), &[], "x = 5; k = 2; twice = 4 -> scaled = 14"),
    ("scaled", None, &[], "x = 0; k = 2; twice = 4 -> scaled = 4"),
    ("scaled", Some("5, k = shift"), &[], "x = 5; k = 20; twice = 40 -> scaled = 140"),
    ("weighted", None, &["n=2", "m=1"], "x = 0, 0; A = 0, 0 -> weighted = 0"),
    ("weighted", Some("A = [[1, 2]], x = w"), &[], "x = 3, 3; A = 1, 2 -> weighted = 9"),
    (
        "step",
        Some("(v = 1, h = [1, 2]), (3, 4)"),
        &[],
        "state.v = 1; state.h = 1, 2; pair.0 = 3; pair.1 = 4 -> step.v = 3; step.h = 4, 8",
    ),
    ("shifted", Some("x = 1"), &[], "x = 1; s = 2; shift.0 = 20 -> shifted = 22"),
    ("twice", Some("|x| x * x, 3"), &[], "x = 3 -> twice = 81"),
    ("net", None, &[], "x = 0, 0; net.0.W = 1, 1, 1, 1, 1, 1; net.1.W = 1, 1, 1 -> net = 0"),
    ("net", Some("[1, 2]"), &[], "x = 1, 2; net.0.W = 1, 1, 1, 1, 1, 1; net.1.W = 1, 1, 1 -> net = 9"),
    ("loss", None, &[], "a = 1, 2; y = 5; w = 3, 3 -> loss = 16"),
    ("loss", Some("y = 9"), &[], "a = 1, 2; y = 9; w = 3, 3 -> loss = 0"),
    (
        "again",
        Some("a = [0, 1], y = 2"),
        &[],
        "y = 2; a = 0, 1; net.0.W = 1, 1, 1, 1, 1, 1; net.1.W = 1, 1, 1 -> loss = 6",
    ),
];

#[test]
fn functions_models_and_losses_become_graphs_with_named_inputs() {
    for (of, at, sizes, expected) in FOUND {
        match opened("found", of, *at, sizes) {
            Ok(subject) => assert_eq!(described(&subject), *expected, "{of} at {at:?}"),
            Err(failure) => panic!("{of} at {at:?}: {:#?}", failure.diagnostics),
        }
    }
}

/// `--of`, `--at`, `--size`, the code, a part of the message, and a part of the help.
type Wrong<'a> = (&'a str, Option<&'a str>, &'a [&'a str], &'a str, &'a str, &'a str);

const WRONG: &[Wrong] = &[
    ("neet", None, &[], "E0111", "no function, model or loss called `neet`", "`net`"),
    ("agai", None, &[], "E0111", "no function, model or loss called `agai`", "`again`"),
    ("w", None, &[], "E0111", "`w` is [2], not a function", "name a function"),
    ("f", Some("1, 2"), &[], "E0107", "takes 3 arguments, but 2 are given", ""),
    ("f", Some("x = 1, y = 2, u = 3"), &[], "E0108", "takes no argument called `u`", ""),
    ("f", Some("1, 2, unknown"), &[], "E0101", "nothing here is called `unknown`", ""),
    ("f", Some("1) + f(2"), &[], "E0107", "takes 3 arguments", ""),
    ("f", Some("1, 2, 3), f(1, 2, 3"), &[], "E0112", "not one function with its arguments", "as in a call"),
    ("no_sizes", Some("[1, 2]"), &[], "E0205", "[3]", ""),
    ("no_sizes", None, &["n=3"], "E0112", "has no size called `n`", "leave `--size` out"),
    ("loss", None, &["n=3"], "E0112", "`loss` has no size called `n`", "leave `--size` out"),
    ("weighted", Some("[1], [[2]]"), &["n=1"], "E0112", "has no size called `n`", "leave `--size` out"),
    ("weighted", None, &[], "E0112", "the size `n` of `x`", "--size n=3"),
    ("weighted", None, &["n=2"], "E0112", "the size `m` of `A`", "--size m=3"),
    ("weighted", None, &["n=2", "m=1", "k=1"], "E0112", "no size called `k`", "m"),
    ("twice", None, &[], "E0112", "`g` of `twice` is a function", "--at"),
    ("sin", None, &[], "E0112", "are not known", "--at"),
    ("loss", Some("b = 1"), &[], "E0108", "reads no column called `b`", ""),
    ("loss", Some("a = 1"), &[], "E0112", "an entry of `a` is [2]", "one example"),
];

#[test]
fn requests_that_cannot_be_met_get_messages() {
    for (of, at, sizes, code, message, help) in WRONG {
        let Err(failure) = opened("wrong", of, *at, sizes) else { panic!("{of} at {at:?} was found") };
        let found = failure.diagnostics.iter().find(|diagnostic| diagnostic.is_error()).unwrap();
        assert_eq!(found.code, *code, "{of} at {at:?}: {found:#?}");
        assert!(found.message.contains(message), "{of} at {at:?}: {found:#?}");
        assert!(found.help.as_ref().is_some_and(|text| text.text.contains(help)), "{of} at {at:?}: {found:#?}");
    }
}

#[test]
fn sizes_are_written_with_an_equals_sign() {
    assert_eq!(parse_size(" n = 3"), Ok(("n".to_string(), 3)));
    for wrong in ["n", "n=", "=3", "n=-1", "n=2.5", "n=99999999999"] {
        assert!(parse_size(wrong).unwrap_err().contains(wrong));
    }
}
