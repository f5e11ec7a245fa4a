//! Every code of the catalogue has a page, and the programs on the pages do what the pages say.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ndc::diagnostics::{Diagnostic, explain};
use ndc::source::SourceId;
use ndc::syntax;

/// Everything the compiler finds wrong with a program, as far as the pages' codes need it. Groups of codes that
/// another stage reports are covered by adding that stage here and their prefix to [`COVERED`].
fn diagnose(text: &str) -> Vec<Diagnostic> {
    syntax::parse(SourceId(0), text).1
}

/// The groups of codes that [`diagnose`] can report.
const COVERED: &[&str] = &["E00"];

/// Pages whose error no text can show.
const WITHOUT_FAILING_PROGRAM: &[&str] = &["E0001"];

/// The fenced blocks of a page that are marked so.
fn blocks(page: &str, mark: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(found)) => open = Some((found == mark, String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take().filter(|(wanted, _)| *wanted).map(|(_, block)| block)),
            (Some((_, block)), None) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// The codes written in the catalogue's sources.
fn codes_in_catalogue() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnostics/catalog");
    let mut codes = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for (place, _) in text.match_indices("\"E") {
            let code = text[place + 1..].chars().take_while(|letter| *letter != '"').collect::<String>();
            if code.len() == 5 && code[1..].chars().all(|letter| letter.is_ascii_digit()) {
                codes.insert(code);
            }
        }
    }
    codes
}

#[test]
fn every_code_has_a_page() {
    let codes = codes_in_catalogue();
    assert!(codes.len() >= 19);
    for code in &codes {
        assert!(explain::page(code).is_some(), "src/diagnostics/pages/{code}.md is missing");
    }
    for (code, _) in explain::PAGES {
        assert!(codes.contains(*code), "{code} has a page but no constructor");
    }
}

#[test]
fn programs_on_pages_do_what_the_pages_say() {
    for (code, page) in explain::PAGES {
        if !COVERED.iter().any(|group| code.starts_with(group)) {
            continue;
        }
        let failing = blocks(page, "nd fails");
        assert!(!failing.is_empty() || WITHOUT_FAILING_PROGRAM.contains(code), "{code} has no failing program");
        for program in failing {
            let found = diagnose(&program);
            assert!(found.iter().any(|diagnostic| diagnostic.code == *code), "{code}: {program}\n{found:#?}");
            assert!(found.iter().all(|diagnostic| diagnostic.code == *code), "{code}: {program}\n{found:#?}");
        }
        for program in blocks(page, "nd") {
            assert_eq!(diagnose(&program), [], "{code}: {program}");
        }
        assert!(page.contains("## Why"), "{code}");
    }
}
