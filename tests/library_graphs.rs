//! The library becomes the same graphs as what a user would write out, and costs nothing where it is not named.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndc::check::Options;
use ndc::check::program::Action;
use ndc::data::FileLoader;
use ndc::driver::{Checked, check_text, on_large_stack};
use ndc::ir::print::print;
use ndc::lower::value::lower_values;
use ndc::optimize::optimize;

fn check(program: &str) -> Checked {
    let checked = check_text("case.nd", None, program.to_string(), &mut FileLoader::new(), Options::default());
    assert!(!checked.has_errors(), "{program}\n{:#?}", checked.diagnostics);
    checked
}

const PARAMS: &str = "
model conv = nn.Conv2d(4, 3, stride = 2, padding = 1)
param maps: [3, 10, 12] = ones()
param sequence: [3, 9] = ones()
param kernels: [2, 3, 3, 3] = ones()
param filters: [2, 3, 4] = ones()
param q: [2, 4, 3] = ones()
param k: [2, 5, 3] = ones()
param v: [2, 5, 6] = ones()
let sized = conv(maps)
";

/// The optimised graph of all that a program prints.
fn graph(program: &str) -> String {
    let checked = check(program);
    let values = checked.program.actions.iter().filter_map(|action| match action {
        Action::Print(values) => Some(values),
        _ => None,
    });
    let values: Vec<_> = values.flatten().map(|(_, value)| value).collect();
    print(&optimize(&on_large_stack(|| lower_values(&checked.program, &values).graph)))
}

/// The optimised graph of an expression. The parameters are read before it, in one order for all.
fn ir(expression: &str) -> String {
    graph(&format!("{PARAMS}\nprint maps, sequence, kernels, filters, q, k, v, conv\nprint {expression}"))
}

#[test]
fn a_convolution_by_indices_is_that_of_the_library() {
    let written = "[sum(kernels[f, c, u, v] * maps[c, i + u, j + v] for c, u, v) for f, i in 0..8, j in 0..10]";
    assert_eq!(ir("nn.conv2d(maps, kernels)"), ir(written));
    let written = "[sum(filters[f, c, u] * sequence[c, i + u] for c, u) for f, i in 0..6]";
    assert_eq!(ir("nn.conv1d(sequence, filters)"), ir(written));
    let written = "[sum(conv.W[f, c, u, v] * (maps[c, 2 * i + u - 1, 2 * j + v - 1] else 0) for c, u, v) + conv.b[f]
        for f, i in 0..5, j in 0..6]";
    let layer = ir("conv(maps)");
    assert_eq!(layer, ir(written));
    assert_eq!(layer.matches("contract").count(), 1, "{layer}");
}

#[test]
fn the_gradient_of_a_convolution_is_the_same_too() {
    let written = "grad(|x| sum([sum(kernels[f, c, u, v] * x[c, i + u, j + v] for c, u, v)
        for f, i in 0..8, j in 0..10]^2))(maps)";
    assert_eq!(ir("grad(|x| sum(nn.conv2d(x, kernels)^2))(maps)"), ir(written));
}

#[test]
fn attention_written_out_is_that_of_the_library() {
    let written = "{
        let A = [softmax([dot(q[h, i], k[h, j]) / sqrt(3.0) for j]) for h, i];
        [sum(A[h, i, j] * v[h, j, e] for j) for h, i, e]
    }";
    let library = ir("nn.attention(q, k, v)");
    assert_eq!(library, ir(written));
    assert_eq!(library.matches("contract").count(), 2, "{library}");
}

#[test]
fn a_residual_connection_is_a_sum() {
    let models = "model dense = nn.Dense(3)\nmodel around = nn.Residual(dense)\nparam x = [1.0, 2, 3]\nprint x";
    assert_eq!(graph(&format!("{models}\nprint around(x)")), graph(&format!("{models}\nprint x + dense(x)")));
}

/// The names of the modules that a program is made of.
fn modules(text: &str) -> Vec<String> {
    let mut sources = ndc::library::sources();
    let source = sources.add("case.nd".to_string(), None, text.to_string());
    let (file, _) = ndc::syntax::parse(source, text);
    ndc::imports::follow(file.into(), source, &mut sources).modules.into_iter().map(|module| module.name).collect()
}

#[test]
fn only_modules_that_are_named_are_read() {
    assert_eq!(modules("print 1"), ["prelude", "main"]);
    assert_eq!(modules("print dist.normal(0, 0, 1)"), ["prelude", "dist", "main"]);
    assert_eq!(modules("import ode\nprint 1"), ["prelude", "ode", "main"]);
}
