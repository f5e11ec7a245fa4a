//! `ndc doc`: what a page says, as Markdown and HTML.
#![allow(clippy::unwrap_used, reason = "tests")]

use ndc::check::Options;
use ndc::check::builtins::BUILTINS;
use ndc::check::program::Action;
use ndc::data::FileLoader;
use ndc::doc::{Page, html, index, library_page_names, library_pages, markdown, page};
use ndc::driver::check_text;
use ndc::library::LIBRARY;
use ndc::ops::POINTWISE;
use ndc::source::SourceId;
use ndc::syntax::ast::ItemKind;
use ndc::syntax::parse;

const SAMPLE: &str = "\
// A sample, with `code` in its introduction.
//
// Its second paragraph.

// No part of the introduction.

/// The area of a circle: `pi * r^2`, **not** <b>bold</b> & [a link](https://example.org), [no link](javascript:alert(1)).
///
/// - one
/// - two
fn area(r) = pi * r^2

fn affine(W: [m, n], b: [m], x: [n],) -> [m] = W @ x + b

/// A layer.
layer Dense(m, activation = identity) {
    /// The weights.
    param W: [m, n] = glorot_uniform()
    param b: [m] = zeros()
    /// The layer's value.
    fn call(x: [n]) -> [m] = activation(W @ x + b)
}

model net = Dense(16, relu) >> Dense(10)
/// How steep.
param slope in (0, inf) = 1.0
type Cell[n] = (h: [n], c: [n])
const N = 64
data xor = table { x = [[0, 0], [0, 1]], y = [0, 1] }
data iris = csv(\"iris.csv\") { x = [a, b] }
derivative step(x) = exp(-x^2)
print area(2)
";

fn sample() -> Page {
    page("sample", SAMPLE).unwrap()
}

#[test]
fn a_page_as_markdown() {
    insta::assert_snapshot!("doc_markdown", markdown(&sample()));
}

/// The signatures of what `train` knows beside functions are its settings with the values that they have if left out.
#[test]
fn what_train_knows_beside_functions_is_as_written() {
    let pages = library_pages();
    let find = |page: &str, name: &str| {
        let page = pages.iter().find(|each| each.name == page).unwrap();
        let mut entries = page.sections.iter().flat_map(|section| &section.entries);
        entries.find(|entry| entry.name == name).unwrap().signature.clone()
    };
    let plateau = find("schedules", "plateau");
    let lbfgs = find("optim", "lbfgs");
    for (settings, bare) in [
        (format!("optimizer = sgd(lr = 0.1), schedule = {plateau}"), "optimizer = sgd(lr = 0.1), schedule = plateau()"),
        (format!("optimizer = {lbfgs}"), "optimizer = lbfgs()"),
    ] {
        let trained = |settings: &str| {
            let text = format!("param w = 3.0\ntrain {{ loss = (w - 1)^4, steps = 40, {settings} }}\n");
            let checked = check_text("doc.nd", None, text, &mut FileLoader::new(), Options::default());
            assert!(!checked.has_errors(), "{settings}: {:#?}", checked.diagnostics);
            match &checked.program.actions[0] {
                Action::Train(train) => (format!("{:?}", train.plateau), format!("{:?}", train.optimizer.lbfgs)),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(trained(&settings), trained(bare));
    }
}

#[test]
fn a_page_as_html() {
    insta::assert_snapshot!("doc_html", html(&sample()));
}

#[test]
fn tags_and_scripts_are_text() {
    let text =
        "/// <script>alert(1)</script> ![picture](https://example.org/p.png)\nfn f(x) = if x < 1 { x } else { 2 }";
    let html = html(&page("<x>", text).unwrap());
    assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"), "{html}");
    assert!(!html.contains("<img") && !html.contains("<x>"), "{html}");
}

#[test]
fn a_syntax_error_is_told() {
    assert!(page("broken", "fn f(x = 3").is_err());
}

#[test]
fn the_library_has_every_definition() {
    let pages = library_pages();
    let named: Vec<&str> = pages.iter().map(|page| page.name.as_str()).collect();
    assert_eq!(named, library_page_names().collect::<Vec<_>>());
    assert_eq!(pages.len(), LIBRARY.len() + 3);
    let text: String = pages.iter().map(markdown).collect();
    for module in LIBRARY {
        let (file, _) = parse(SourceId(0), module.text);
        for item in file.items {
            let name = match item.kind {
                ItemKind::Function(function) => function.name,
                ItemKind::Layer(layer) => layer.name,
                _ => continue,
            };
            assert!(text.contains(&format!("### `{}`", name.text)), "{}: {}", module.name, name.text);
        }
    }
    let pointwise = POINTWISE.iter().filter(|definition| definition.builtin).map(|definition| definition.name);
    for name in BUILTINS.iter().map(|builtin| builtin.name).chain(pointwise) {
        assert!(text.contains(&format!("### `{name}`")), "{name}");
    }
}

#[test]
fn the_index_leads_to_every_page() {
    let pages = library_pages();
    let index = index("Library", &pages);
    for page in &pages {
        assert!(index.contains(&format!("<a href=\"{0}.html\">{0}</a>", page.name)), "{}", page.name);
    }
}

#[test]
fn the_page_of_the_optimiser_is_current() {
    const PAGE: &str = "docs/book/src/optimizer.md";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let stored = std::fs::read_to_string(path).expect("the page is there");
    let current = stored == markdown(&ndc::doc::rules_page());
    assert!(current, "the page is not what `cargo run -- doc --page optimizer > {PAGE}` writes");
}
