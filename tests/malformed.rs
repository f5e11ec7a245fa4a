//! Broken programs: every example and every file of `tests/cases/run`, with one word removed, doubled, exchanged with
//! its neighbour or replaced. Each gives errors at places of the compilation, quickly, or native code; none a panic.
//!
//! A share of all variants is tested; `NDC_MALFORMED=all` tests all of them, `NDC_MALFORMED=5000` so many.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod malformed {
    pub mod variants;
    pub mod watch;
}

use malformed::variants::{Variant, variants};
use malformed::watch;
use ndc::check::Options;
use ndc::check::program::{Action, Initial, Program, Typed};
use ndc::data::FileLoader;
use ndc::diagnostics::render::{MessageFormat, render};
use ndc::driver::{Checked, check_text, on_large_stack};
use ndc::ir::Graph;
use ndc::lower::training::{Report, lower_step};
use ndc::lower::value::lower_values;
use ndc::session::native::executable;
use std::path::{Path, PathBuf};

/// How many variants are tested when nothing is said.
const USUALLY: usize = 3000;

struct Case {
    path: PathBuf,
    text: std::sync::Arc<str>,
    variant: Variant,
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<PathBuf> = ["examples", "tests/cases/run"]
        .iter()
        .flat_map(|folder| std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "nd"))
        .collect();
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let text: std::sync::Arc<str> = std::fs::read_to_string(&path).unwrap().into();
        let all = variants(&text).into_iter();
        cases.extend(all.map(|variant| Case { path: path.clone(), text: text.clone(), variant }));
    }
    cases
}

/// A share of the cases that meets every file and every kind of change.
fn sample(cases: Vec<Case>) -> Vec<Case> {
    let wanted = match std::env::var("NDC_MALFORMED").as_deref() {
        Ok("all") => cases.len(),
        Ok(number) => number.parse().unwrap(),
        Err(_) => USUALLY,
    };
    let total = cases.len();
    let taken = |index: usize| index * wanted / total != (index + 1) * wanted / total;
    cases.into_iter().enumerate().filter(|(index, _)| taken(*index)).map(|(_, case)| case).collect()
}

/// Checks a variant: `Err` says what is wrong with the compiler.
fn check(case: &Case) -> Result<(), String> {
    let text = case.variant.apply(&case.text);
    let checked = check_text("variant.nd", Some(&case.path), text, &mut FileLoader::new(), Options::default());
    places_are_inside(&checked)?;
    for format in [MessageFormat::Full, MessageFormat::Short, MessageFormat::Json] {
        let shown = render(&checked.diagnostics, &checked.sources, format, false);
        if shown.is_empty() != checked.diagnostics.is_empty() {
            return Err(format!("{format:?} shows nothing"));
        }
    }
    if checked.has_errors() {
        return Ok(());
    }
    let changed = case.variant.place.start;
    on_large_stack(|| {
        compile(&checked.program)?;
        // A change inside a test concerns that test alone.
        let place = |index: usize| checked.program.tests.get(index).map_or(usize::MAX, |test| test.span.start as usize);
        let inside = |index: usize| (place(index)..place(index + 1)).contains(&changed) || changed < place(0);
        let mut tests = checked.program.tests.iter().enumerate().filter(|(index, _)| inside(*index));
        tests.try_for_each(|(_, test)| compile(&test.program))
    })
}

fn places_are_inside(checked: &Checked) -> Result<(), String> {
    for diagnostic in &checked.diagnostics {
        let Some(label) = &diagnostic.primary else {
            return Err(format!("{} has no place: {}", diagnostic.code, diagnostic.message));
        };
        for label in diagnostic.labels.iter().chain([label]) {
            let file = checked.sources.iter().nth(label.span.source.0 as usize).map(|(_, file)| file);
            let inside = file.is_some_and(|file| file.text.get(label.span.range()).is_some());
            if !inside {
                return Err(format!("{} points at {:?}", diagnostic.code, label.span));
            }
        }
        if diagnostic.code == "E0999" {
            return Err(diagnostic.message.clone());
        }
    }
    Ok(())
}

/// Native code for all that a program does, without running it.
fn compile(program: &Program) -> Result<(), String> {
    for param in &program.params {
        if let Initial::Value(value) = &param.initial {
            values(program, &[value])?;
        }
    }
    for action in &program.actions {
        match action {
            Action::Train(train) => {
                let examples = train.data.map_or(1, |data| program.data[data.0 as usize].rows);
                let size = train.batch.unwrap_or(examples).min(examples);
                graph(&lower_step(program, train, size, size == examples, Report::Full).graph)?;
            }
            action => values(program, &action.values())?,
        }
    }
    Ok(())
}

fn values(program: &Program, values: &[&Typed]) -> Result<(), String> {
    graph(&lower_values(program, values).graph)
}

fn graph(graph: &Graph) -> Result<(), String> {
    executable(graph).map(|_| ()).map_err(|fault| fault.message)
}

#[test]
fn broken_programs_give_errors_or_code() {
    let cases = std::sync::Arc::new(sample(cases()));
    let described = cases.clone();
    let title = move |case: usize| format!("{}: {}", described[case].path.display(), described[case].variant.title);
    let served = cases.clone();
    let (failures, time, slowest) = watch::run(cases.len(), &title, move |case| check(&served[case]));
    println!("{} variants; the slowest took {time:?}: {}", cases.len(), title(slowest));
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}
