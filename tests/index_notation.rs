//! What index notation becomes: the same graphs as whole-tensor operations, views rather than copies, and no more nodes
//! than the program has expressions.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/printed.rs"]
mod printed;

use ndc::ir::print::print;
use ndc::optimize::optimize;
use printed::graph as lowered;

const PARAMS: &str = "
param a: [4, 5] = ones()
param b: [5, 6] = ones()
param c: [6, 7] = ones()
param v: [5] = ones()
param x: [8] = ones()
param image: [10, 12] = ones()
param kernel: [3, 3] = ones()
param W: [2, 3, 3, 3] = ones()
param maps: [3, 10, 12] = ones()
param q: [2, 4, 3] = ones()
param k: [2, 4, 3] = ones()
param S: [4, 4] = ones()
param E: [9, 3] = ones()
data words = table { token = [0, 2, 1] }
";

fn ir(expression: &str) -> String {
    print(&optimize(&lowered(&format!("{PARAMS}\nprint {expression}"))))
}

#[test]
fn a_sum_of_products_is_the_matrix_product() {
    let product = ir("a @ b");
    assert_eq!(ir("[sum(a[i, k] * b[k, j] for k) for i, j]"), product);
    assert_eq!(ir("[[sum(a[i, k] * b[k, j] for k) for j] for i]"), product);
    assert_eq!(ir("[dot(a[i], b[:, j]) for i, j]"), product);
    assert_eq!(ir("[sum(a[i, k] * v[k] for k) for i]"), ir("a @ v"));
    let by_vector = ir("[sum(v[k] * b[k, j] for k) for j]");
    assert!(by_vector.contains("contract") && !by_vector.contains("multiply"), "{by_vector}");
    assert_eq!(ir("[sum(a[i, k] * b[k, j] * c[j, l] for k, j) for i, l]").matches("contract").count(), 2);
    assert_eq!(ir("[sum(a[i, k] * b[k, j] * v[k] for k) for i, j]").matches("contract").count(), 1);
}

#[test]
fn movements_are_movements() {
    assert_eq!(ir("[a[i, j] for j, i]"), ir("a'"));
    assert_eq!(ir("[a[i, j] for i, j]"), ir("a"));
    assert_eq!(ir("[v[i] for i]"), ir("v"));
    assert_eq!(ir("[x[i + 2] for i in 0..3]"), ir("x[2..5]"));
    assert_eq!(ir("[a[1, j] for j]"), ir("a[1]"));
    assert!(!ir("[x[7 - i] for i in 0..8]").contains("gather"));
}

#[test]
fn canonical_forms() {
    let forms = [
        ("convolution", "[sum(kernel[u, v] * image[i + u, j + v] for u, v) for i in 0..8, j in 0..10]"),
        (
            "convolution of channels",
            "[sum(W[o, m, u, v] * maps[m, i + u, j + v] for m, u, v) for o, i in 0..8, j in 0..10]",
        ),
        ("pooling", "[max(x[2*i + u] for u in 0..2) for i in 0..4]"),
        ("overlapping pooling", "[max(x[2*i + u] for u in 0..3) for i in 0..3]"),
        ("attention scores", "[dot(q[h, i], k[h, j]) for h, i, j]"),
        ("gather", "[E[words.token[t]] for t]"),
        ("diagonal", "[S[i, i] for i]"),
        ("antidiagonal", "[S[i, 3 - i] for i in 0..4]"),
        ("outer product", "[v[i] * x[j] for i, j]"),
        ("neighbours", "sum((x[t] - x[t - 1])^2 for t in 1..8)"),
        ("else zero", "[(x[i - 1] else 0) for i]"),
        ("branch", "[if i > 0 { x[i - 1] } else { 0 } for i in 0..8]"),
        ("gradient of windows", "grad(|w| sum([sum(w[u] * x[i + u] for u) for i in 0..6]))([1.0, 2.0, 3.0])"),
        ("gradient by the signal", "grad(|x| sum([sum(v[u] * x[i + u] for u) for i in 0..4]))(x)"),
    ];
    let all: Vec<String> = forms.iter().map(|(name, form)| format!("{name}: {form}\n{}", ir(form))).collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn many_comprehensions_stay_linear() {
    let nodes = |count: usize| {
        let each = |place: usize| format!("[sum(a[i, k] * b[k, j] + {place} for k) + x[i + {}] for i, j]", place % 3);
        let values: Vec<String> = (0..count).map(each).collect();
        lowered(&format!("{PARAMS}\nprint {}", values.join(", "))).len()
    };
    let (few, many) = (nodes(30), nodes(300));
    assert!(many < 11 * few, "{few} nodes for 30 comprehensions, {many} for 300");
}

#[test]
fn nested_comprehensions_stay_small() {
    let nodes = |depth: usize| {
        let mut text = "v[i] * v[i]".to_string();
        for level in 0..depth {
            text = format!("sum({text} + v[j{level}] for j{level})");
        }
        lowered(&format!("{PARAMS}\nprint [{text} for i]")).len()
    };
    // Every level is rebuilt for each index around it.
    let (shallow, deep) = (nodes(4), nodes(8));
    assert!(deep < 5 * shallow, "{shallow} nodes for 4 levels, {deep} for 8");
}
