//! `docs/language.md` holds: what it says is refused is refused, and its tables name every function.

use ndc::check::Options;
use ndc::data::FileLoader;
use ndc::driver::{Checked, check_text};
use std::path::Path;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("the file is there")
}

/// The listings that open with these words.
fn listings(text: &str, opening: &str) -> Vec<String> {
    let opening = format!("```{opening}\n");
    text.split(&opening).skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_string).collect()
}

fn check(text: &str) -> Checked {
    check_text("listing.nd", None, text.to_string(), &mut FileLoader::new(), Options::default())
}

#[test]
fn what_the_language_page_says_is_refused_is_refused() {
    let programs = listings(&read("docs/language.md"), "nd refused");
    assert!(programs.len() >= 3);
    for program in programs {
        let codes: Vec<&str> = check(&program).diagnostics.iter().map(|each| each.code).collect();
        assert!(codes.contains(&"E0199"), "{program}\n{codes:?}");
    }
}

/// What begins a row of a table: the function that is called there.
fn has_row(text: &str, function: &str) -> bool {
    text.lines().any(|line| line.starts_with(&format!("| `{function}(")))
}

#[test]
fn every_function_of_the_prelude_has_a_row() {
    let text = read("docs/language.md");
    let prelude = read("src/std/prelude.nd");
    let functions = prelude.lines().filter_map(|line| line.strip_prefix("fn ")?.split('(').next());
    let missing: Vec<&str> = functions.filter(|function| !has_row(&text, function)).collect();
    assert!(missing.is_empty(), "no row in docs/language.md: {missing:?}");
}

#[test]
fn every_builtin_of_the_checker_is_mentioned() {
    let text = read("docs/language.md");
    let names: Vec<&str> = ndc::check::builtins::BUILTINS.iter().map(|builtin| builtin.name).collect();
    assert!(names.len() > 20);
    let missing: Vec<&&str> =
        names.iter().filter(|name| !has_row(&text, name) && !text.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/language.md says nothing of {missing:?}");
}
