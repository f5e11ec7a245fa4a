//! `ndc test FILE…`.

use super::Common;
use super::compiling::{Compiling, Times};
use super::output::{report, say};
use crate::check::program::{Action, Program};
use crate::data::FileLoader;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::files::nothing_found;
use crate::driver::{check_file, on_large_stack};
use crate::report::duration;
use crate::session::compiler::Compiler;
use crate::session::{Session, Silent};
use crate::source::SourceMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What came of all tests.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
}

/// Runs the tests of files and folders; whether all passed.
pub(super) fn test(paths: &[PathBuf], only: Option<&str>, common: &Common, compiling: Compiling) -> bool {
    let begun = Instant::now();
    let mut tally = Tally::default();
    for path in paths {
        let files = if path.is_dir() { programs_in(path) } else { vec![path.clone()] };
        if files.is_empty() {
            report(&[nothing_found(&path.display().to_string())], &SourceMap::default(), common);
            tally.failed += 1;
        }
        for file in files {
            test_file(&file, only, common, compiling, &mut tally);
        }
    }
    let Tally { passed, failed } = tally;
    say(&format!("{passed} passed, {failed} failed, in {}\n", duration(begun.elapsed())));
    failed == 0
}

/// The .nd files of a folder and the folders in it, by name.
pub(super) fn programs_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
        .into_iter()
        .flat_map(|path| match path.is_dir() {
            true => programs_in(&path),
            false if path.extension().is_some_and(|extension| extension == "nd") => vec![path],
            false => Vec::new(),
        })
        .collect()
}

fn test_file(file: &Path, only: Option<&str>, common: &Common, compiling: Compiling, tally: &mut Tally) {
    let (begun, mut loader) = (Instant::now(), FileLoader::new());
    let checked = check_file(file, &mut loader, common.options());
    report(&checked.diagnostics, &checked.sources, common);
    let name = file.display();
    if checked.has_errors() {
        say(&format!("FAILED {name}: does not check\n"));
        tally.failed += 1;
        return;
    }
    let wanted = |test: &str| only.is_none_or(|only| test.contains(only));
    let started = Instant::now();
    let mut compiler = compiling.compiler(&checked, loader.fingerprint(), common.options());
    for (index, test) in checked.program.tests.iter().enumerate().filter(|(_, test)| wanted(&test.name)) {
        let title = format!("{name}: \"{}\"", test.name);
        compiler.begin_part(format!("test {index}"));
        compiler = run_one(&title, &test.program, compiler, &checked.sources, common, tally);
    }
    let has_claims = checked.program.actions.iter().any(|action| matches!(action, Action::Assert(_)));
    if has_claims && only.is_none() {
        compiler.begin_part(String::new());
        let title = format!("{name}: the whole file");
        compiler = run_one(&title, &checked.program, compiler, &checked.sources, common, tally);
    }
    if compiling.time {
        let mut times = Times::new(begun, &checked);
        times.ran(&checked, &compiler, started.elapsed());
        times.show();
    }
}

fn run_one(
    title: &str,
    program: &Program,
    compiler: Compiler,
    sources: &SourceMap,
    common: &Common,
    tally: &mut Tally,
) -> Compiler {
    let (result, compiler): (Result<(), Vec<Diagnostic>>, Compiler) = on_large_stack(|| {
        let mut session = Session::with_compiler(program, compiler);
        let ready = session.initialize().map_err(|diagnostic| vec![*diagnostic]);
        let result = ready.and_then(|()| session.run(&mut Silent));
        (result, session.compiler)
    });
    match result {
        Ok(()) => {
            say(&format!("ok     {title}\n"));
            tally.passed += 1;
        }
        Err(diagnostics) => {
            report(&diagnostics, sources, common);
            say(&format!("FAILED {title}\n"));
            tally.failed += 1;
        }
    }
    compiler
}
