//! The book and the reference hold: every listing of `docs/book` and every snippet of the reference, which
//! `tests/cases/reference` has copied, gives what it says.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use ndc::check::Options;
use ndc::check::program::Program;
use ndc::data::FileLoader;
use ndc::diagnostics::Diagnostic;
use ndc::driver::{Checked, check_text, format_text, on_large_stack};
use ndc::session::{Session, Silent};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder with this ending, in order.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|each| each == ending)).collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} has no .{ending} files");
    files
}

fn messages(diagnostics: &[Diagnostic]) -> String {
    let line = |each: &Diagnostic| format!("{}: {} {:?}", each.code, each.message, each.notes);
    diagnostics.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// A program that runs to its end or, if codes are given, ends with errors that have them.
struct Listing<'a> {
    title: String,
    path: &'a Path,
    text: &'a str,
    /// The codes of the errors; none if it runs.
    codes: Vec<&'a str>,
    /// The codes of the warnings.
    warned: Vec<&'a str>,
}

impl Listing<'_> {
    /// The codes that checking and, where there is no error, the run and the tests give, once each.
    fn found(&self) -> (BTreeSet<&'static str>, String) {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("listings");
        let writes = self.text.contains("save \"") || self.text.contains("checkpoint ");
        let path = if writes { &folder.join("listing.nd") } else { self.path };
        let checked =
            check_text("listing.nd", Some(path), self.text.to_string(), &mut FileLoader::new(), Options::default());
        let ran = if checked.has_errors() { Vec::new() } else { outcome(&checked) };
        let found: Vec<Diagnostic> = checked.diagnostics.into_iter().chain(ran).collect();
        (found.iter().map(|each| each.code).collect(), messages(&found))
    }

    fn trouble(&self) -> Option<String> {
        let (found, messages) = self.found();
        let expected: BTreeSet<&str> = self.codes.iter().chain(&self.warned).copied().collect();
        (found != expected).then(|| format!("{}: expected {expected:?}, found {found:?}\n{messages}", self.title))
    }
}

fn outcome(checked: &Checked) -> Vec<Diagnostic> {
    let tests = checked.program.tests.iter().map(|test| &test.program);
    tests.chain([&checked.program]).flat_map(run).collect()
}

fn run(program: &Program) -> Vec<Diagnostic> {
    on_large_stack(|| match Session::new(program) {
        Ok(mut session) => session.run(&mut Silent).err().unwrap_or_default(),
        Err(diagnostic) => vec![*diagnostic],
    })
}

fn none(found: &[String]) {
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

#[test]
fn the_snippets_of_the_reference_hold() {
    let mut found = Vec::new();
    for path in files("tests/cases/reference", "nd") {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.lines().next().and_then(|line| line.strip_prefix("// expects "));
        let listing = Listing {
            title: path.display().to_string(),
            path: &path,
            text: &text,
            codes: code.into_iter().collect(),
            warned: Vec::new(),
        };
        found.extend(listing.trouble());
    }
    none(&found);
}

/// The listings of a chapter that are programs: the words after the opening fence, the line, and the text.
fn listings(text: &str) -> Vec<(&str, usize, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("```") {
        let opening = &rest[start + 3..];
        let (words, body) = opening.split_once('\n').expect("a fence ends its line");
        let end = body.find("```").expect("a listing is closed");
        let line = text[..text.len() - body.len()].lines().count() + 1;
        found.push((words, line, &body[..end]));
        rest = &body[end + 3..];
    }
    found
}

/// The listings of the book in nd, with their places.
fn of_the_book(mut each: impl FnMut(Listing<'_>)) -> usize {
    let mut count = 0;
    for path in files("docs/book/src", "md") {
        let text = fs::read_to_string(&path).unwrap();
        for (words, line, body) in listings(&text) {
            let title = format!("{}:{line}", path.display());
            let (codes, warned) = match words.split_whitespace().collect::<Vec<_>>()[..] {
                ["nd"] => (Vec::new(), Vec::new()),
                ["nd", "refused", code] => (vec![code], Vec::new()),
                ["nd", "warned", code] => (Vec::new(), vec![code]),
                // Listings in Rust are documentation tests of the crate, in `src/lib.rs`.
                ["console"] | ["rust"] | ["toml"] => continue,
                // `tests/ahead/chapter.rs` runs these.
                ["c"] | ["python"] | ["rust,ignore"] if path.ends_with("building.md") => continue,
                _ => panic!(
                    "{title}: listings are `nd`, `nd refused CODE`, `nd warned CODE` `console`, `rust` or `toml`, not `{words}`"
                ),
            };
            count += 1;
            each(Listing { title, path: &path, text: body, codes, warned });
        }
    }
    count
}

#[test]
fn the_listings_of_the_book_hold() {
    let mut found = Vec::new();
    let count = of_the_book(|listing| found.extend(listing.trouble()));
    assert!(count >= 60, "the book has {count} listings");
    none(&found);
}

#[test]
fn the_listings_of_the_book_have_the_usual_form() {
    let mut found = Vec::new();
    of_the_book(|listing| match format_text(listing.text) {
        Ok(formatted) if formatted == listing.text => {}
        // A warning about the layout goes away with it.
        Ok(_) if !listing.warned.is_empty() => {}
        // What cannot be read has no usual form.
        Err(_) if listing.codes.iter().any(|code| code.starts_with("E00")) => {}
        Ok(formatted) => found.push(format!("{}: `ndc fmt` would write\n{formatted}", listing.title)),
        Err(diagnostics) => found.push(format!("{}: {}", listing.title, messages(&diagnostics))),
    });
    none(&found);
}

/// The files that a text links to with `](…)`, without what is on the web.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains("://")).collect()
}

#[test]
fn the_summary_names_every_chapter_once_and_links_lead_somewhere() {
    let folder = root().join("docs/book/src");
    let summary = fs::read_to_string(folder.join("SUMMARY.md")).unwrap();
    let mut listed = links(&summary);
    listed.sort_unstable();
    let chapters =
        files("docs/book/src", "md").into_iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_string());
    let chapters: Vec<String> = chapters.filter(|name| name != "SUMMARY.md").collect();
    assert_eq!(listed, chapters);
    let mut broken = Vec::new();
    for chapter in &chapters {
        let text = fs::read_to_string(folder.join(chapter)).unwrap();
        let missing = links(&text).into_iter().filter(|link| !folder.join(link).exists());
        broken.extend(missing.map(|link| format!("{chapter}: {link}")));
    }
    none(&broken);
}
