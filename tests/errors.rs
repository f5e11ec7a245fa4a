//! What users are told: every program in `tests/cases/errors` gives exactly the errors that its first lines state, at
//! the places they state, and every page of `ndc explain` shows what it says.
//!
//! A program begins with lines such as `//! error E0204 at 4:9`, `//! error E0503 at points.csv:3:5`, or
//! `//! error E0801` for an error without a place; `//! run` says that the errors come only when it runs. `//! of f` and
//! `//! at x = 1` ask for the graph of a function, as `--of` and `--at` do; places are then those of the question, whose
//! text is on its second line. `//! lr-find` runs as `--lr-find` does. `//! set lr=0.1` sets a value, as `--set` does. `//! gradcheck` checks the derivatives of the program, those that `//! allow f` names accepted.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndc::check::Options;
use ndc::data::FileLoader;
use ndc::diagnostics::Diagnostic;
use ndc::diagnostics::explain::{codes, page, programs};
use ndc::driver::{Checked, check_file, check_file_with, on_large_stack};
use ndc::gradcheck::file as gradcheck;
use ndc::overrides::{self, Override};
use ndc::session::{LearningRateRange, Session, Silent};
use ndc::source::SourceMap;
use ndc::subject::{Request, open};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Words of the compiler's inside, which no message uses.
const INTERNAL_WORDS: &[&str] = &[
    "node",
    "unify",
    "unification",
    "lowering",
    "lowered",
    "closure",
    "instance",
    "typed",
    "IR",
    "AST",
    "span",
    "Tensor(",
    "Some(",
    "None",
    "panicked",
];

/// A new folder for the files of a test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of a folder with an ending, by name.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root().join(folder)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == ending));
    paths.sort();
    paths
}

/// The errors of a program, of its run too where it is to be run, and of a question about it.
fn errors(path: &Path, run: bool) -> (Vec<Diagnostic>, SourceMap) {
    let text = fs::read_to_string(path).unwrap_or_default();
    let stated = |word: &str| text.lines().find_map(|line| line.strip_prefix("//! ")?.strip_prefix(word));
    if let Some(of) = stated("of ") {
        let request = Request { of, at: stated("at "), sizes: &[] };
        return match open(path, request, &mut FileLoader::new(), Options::default()) {
            Ok(subject) => (Vec::new(), subject.checked.sources),
            Err(failure) => (failure.diagnostics, failure.sources),
        };
    }
    if text.lines().any(|line| line == "//! gradcheck") {
        return wrong_derivatives(path, stated("allow "));
    }
    let overrides: Vec<Override> = stated("set ").into_iter().map(|set| overrides::parse(set).unwrap()).collect();
    let find_learning_rate = text.lines().any(|line| line == "//! lr-find");
    let options = Options { find_learning_rate, ..Options::default() };
    let Checked { sources, program, mut diagnostics, .. } =
        check_file_with(path, &overrides, &mut FileLoader::new(), options);
    diagnostics.retain(Diagnostic::is_error);
    if diagnostics.is_empty() && run {
        diagnostics = on_large_stack(|| match Session::new(&program) {
            Ok(mut session) => {
                let range = LearningRateRange { least: 1e-8, most: 1.0, steps: 100, train: None };
                session.options.find_learning_rate = find_learning_rate.then_some(range);
                session.run(&mut Silent).err().unwrap_or_default()
            }
            Err(stopped) => vec![*stopped],
        });
    }
    (diagnostics, sources)
}

/// What the check of derivatives finds, each place once.
fn wrong_derivatives(path: &Path, allow: Option<&str>) -> (Vec<Diagnostic>, SourceMap) {
    let allow: Vec<String> = allow.into_iter().map(str::to_string).collect();
    let request = gradcheck::Request { of: None, at: None, sizes: &[], points: None, seed: 0, allow: &allow };
    let mut loader = FileLoader::new();
    let mut session = match gradcheck::Session::new(path, request, &mut loader) {
        Ok(session) => session,
        Err(failure) => return (failure.diagnostics, failure.sources),
    };
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut texts = SourceMap::default();
    for target in session.targets() {
        if let Ok(gradcheck::Verdict::Failed { message, sources, .. }) = session.check(&target) {
            if found.iter().all(|each| each.primary.as_ref().unwrap().span != message.primary.as_ref().unwrap().span) {
                found.push(*message);
            }
            texts = sources;
        }
    }
    (found, texts)
}

/// `E0204 at 4:9`, with the file's name before the line where it is not the program's.
fn described(error: &Diagnostic, program: &Path, sources: &SourceMap) -> String {
    let Some(label) = &error.primary else { return error.code.to_string() };
    let file = sources.get(label.span.source);
    let (line, column) = file.line_column(label.span.start as usize);
    match &file.path {
        Some(path) if path != program => {
            format!("{} at {}:{line}:{column}", error.code, path.file_name().unwrap().to_string_lossy())
        }
        _ => format!("{} at {line}:{column}", error.code),
    }
}

struct Fixture {
    path: PathBuf,
    run: bool,
    expected: Vec<String>,
}

fn fixtures() -> Vec<Fixture> {
    let fixture = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let header: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//! ")).collect();
        let expected = header.iter().filter_map(|line| line.strip_prefix("error ")).map(str::to_string).collect();
        Fixture { path, run: header.contains(&"run"), expected }
    };
    files("tests/cases/errors", "nd").into_iter().map(fixture).collect()
}

#[test]
fn every_program_gives_its_errors_at_their_places() {
    let mut wrong = Vec::new();
    for Fixture { path, run, expected } in fixtures() {
        assert!(!expected.is_empty(), "{} states no error", path.display());
        let (errors, sources) = errors(&path, run);
        let found: Vec<String> = errors.iter().map(|error| described(error, &path, &sources)).collect();
        if found != expected {
            wrong.push(format!("{}: expected {expected:?}, found {found:?}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_message_says_what_to_do_in_the_words_of_the_language() {
    let mut wrong = Vec::new();
    for Fixture { path, run, .. } in fixtures() {
        let text = fs::read_to_string(&path).unwrap();
        for error in errors(&path, run).0 {
            let Some(help) = &error.help else {
                wrong.push(format!("{}: {} has no help", path.display(), error.code));
                continue;
            };
            let labels = error.labels.iter().chain(&error.primary).map(|label| &label.text);
            let all: Vec<&String> = labels.chain(&error.notes).chain([&error.message, &help.text]).collect();
            for part in all {
                let is_word = |word: &&&str| words_of(part).any(|found| found == **word) && !text.contains(**word);
                if let Some(word) = INTERNAL_WORDS.iter().find(is_word) {
                    wrong.push(format!("{}: {} says `{word}`: {part}", path.display(), error.code));
                }
            }
            if error.message.ends_with('.') || error.message.matches('`').count() % 2 != 0 {
                wrong.push(format!("{}: {} is badly written: {}", path.display(), error.code, error.message));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_alphanumeric() && character != '(').filter(|word| !word.is_empty())
}

/// The codes that the catalog constructs, all but those of the syntax, which has tests of its own.
fn catalog_codes() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for path in files("src/diagnostics/catalog", "rs") {
        if path.file_name().unwrap() == "syntax.rs" {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        found.extend(text.split("\"E0").skip(1).map(|rest| format!("E0{}", &rest[..3])));
    }
    found
}

#[test]
fn every_code_has_a_page_and_a_program() {
    let paged: BTreeSet<String> = codes().map(str::to_string).collect();
    let mut shown: BTreeSet<String> =
        fixtures().iter().flat_map(|fixture| &fixture.expected).map(|line| line[..5].to_string()).collect();
    // Errors about files and folders, which the tests below and `tests/projects.rs` bring about.
    shown.extend(["E0801", "E0802", "E0803", "E0804", "E0643", "E0644", "E0999"].map(str::to_string));
    // A file that a trained model is given, which `tests/columns.rs` does; a note and a warning, which their pages show.
    shown.extend(["E0535", "E0536", "E0537"].map(str::to_string));
    // Errors about checkpoints, which `tests/checkpoints.rs` brings about.
    shown.extend(["E0814", "E0815", "E0816", "E0817"].map(str::to_string));
    // Trained models on the command line, which `tests/trained.rs` uses.
    shown.extend(["E0645", "E0646", "E0647", "E0648"].map(str::to_string));
    // What is kept with parameters, which `tests/stored.rs` uses.
    shown.extend(["E0840", "E0841", "E0842", "E0843", "E0844"].map(str::to_string));
    // Building ahead of time, which `tests/ahead/refusals.rs` tries.
    shown.extend(["E0900", "E0901", "E0902", "E0904", "E0905", "E0906"].map(str::to_string));
    // An ndc that was built without the feature `c-runtime`, which no test builds.
    shown.extend(["E0903"].map(str::to_string));
    // Embedding, which `tests/embedding.rs` does.
    shown.extend(["E0920", "E0921", "E0922", "E0923", "E0924", "E0925"].map(str::to_string));
    for code in catalog_codes() {
        assert!(paged.contains(&code), "{code} has no page");
        assert!(shown.contains(&code), "{code} has no program in tests/cases/errors");
    }
}

#[test]
fn program_files_that_cannot_be_read_are_refused() {
    let folder = folder("refused");
    let place = |name: &str| folder.join(name);
    fs::write(place("binary.nd"), b"print 1\0").unwrap();
    fs::write(place("latin.nd"), b"print \"\xe9\"").unwrap();
    for (name, code) in [("missing.nd", "E0801"), ("", "E0801"), ("binary.nd", "E0802"), ("latin.nd", "E0802")] {
        let (errors, _) = errors(&place(name), false);
        assert_eq!(errors.iter().map(|error| error.code).collect::<Vec<_>>(), [code], "{name}");
    }
}

#[test]
fn the_programs_of_every_page_do_as_it_says() {
    let mut wrong = Vec::new();
    for code in codes() {
        let page = page(code).unwrap();
        let folder = folder(code);
        for data in ["points.csv", "arrays.npz"] {
            fs::copy(root().join("tests/cases/errors").join(data), folder.join(data)).unwrap();
        }
        let path = folder.join("page.nd");
        let both = programs(page);
        let found = |program: &str| {
            fs::write(&path, program).unwrap();
            let checked = check_file(&path, &mut FileLoader::new(), Options::default());
            let warnings = checked.diagnostics.iter().filter(|message| !message.is_error()).map(|message| message.code);
            warnings.chain(errors(&path, true).0.iter().map(|error| error.code)).collect::<Vec<_>>()
        };
        if let Some(mended) = both.mended {
            let codes = found(mended);
            if !codes.is_empty() {
                wrong.push(format!("{code}: the mended program gives {codes:?}"));
            }
        }
        if let Some(table) = fence(page, "csv fails") {
            fs::write(folder.join("points.csv"), table).unwrap();
        }
        if let Some(failing) = both.failing {
            let codes = found(failing);
            if codes.is_empty() || codes.iter().any(|each| *each != code) {
                wrong.push(format!("{code}: the failing program gives {codes:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The text in the first fence of a kind.
fn fence<'a>(page: &'a str, kind: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("\n```{kind}\n"))?;
    rest.split_once("```").map(|(text, _)| text)
}
