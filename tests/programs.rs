//! Whole programs: every example and every file of `tests/cases/run` and `tests/cases/derivatives`,
//! their tests and their assertions.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use ndc::chart::Chart;
use ndc::check::plots::Plot;
use ndc::check::program::{Action, Program, Train};
use ndc::codegen::BoundCall;
use ndc::data::FileLoader;
use ndc::driver::{Checked, check_file, on_large_stack};
use ndc::lower::Source;
use ndc::lower::training::{Report, lower_step};
use ndc::session::{Observer, Session, native};
use std::path::{Path, PathBuf};

fn checked(path: &Path) -> Checked {
    let checked = check_file(path, &mut FileLoader::new(), Default::default());
    assert!(!checked.has_errors(), "{}: {:#?}", path.display(), checked.diagnostics);
    checked
}

/// The programs of a folder, which may be named from the root of the project.
fn files(folder: &Path) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "nd"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// Looks at every plot, and counts them.
#[derive(Default)]
struct Plots {
    wanted: usize,
    drawn: usize,
}

impl Observer for Plots {
    fn wants_plot(&mut self, _plot: &Plot) -> bool {
        self.wanted += 1;
        true
    }
    fn plotted(&mut self, _plot: &Plot, chart: &Chart) {
        self.drawn += usize::from(!chart.is_empty());
    }
}

fn run(title: &str, program: &Program) {
    let mut plots = Plots::default();
    let result = on_large_stack(|| Session::new(program).unwrap().run(&mut plots));
    assert!(result.is_ok(), "{title}: {:#?}", result.unwrap_err());
    assert_eq!(plots.drawn, plots.wanted, "{title}");
}

fn run_all(folder: &Path) {
    for file in files(folder) {
        let checked = checked(&file);
        for test in &checked.program.tests {
            run(&format!("{} \"{}\"", file.display(), test.name), &test.program);
        }
        run(&file.display().to_string(), &checked.program);
    }
}

/// Examples keep what they learned beside themselves, which tests must not do in the sources.
fn copy_of_the_examples() -> PathBuf {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples");
    let _ = std::fs::remove_dir_all(&copy);
    for folder in ["", "data", "gradbench"] {
        std::fs::create_dir_all(copy.join(folder)).unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(folder);
        for entry in std::fs::read_dir(source).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), copy.join(folder).join(entry.file_name())).unwrap();
            }
        }
    }
    copy
}

#[test]
fn every_example_holds() {
    let copy = copy_of_the_examples();
    run_all(&copy);
    run_all(&copy.join("gradbench"));
}

#[test]
fn every_case_holds() {
    run_all(Path::new("tests/cases/run"));
}

#[test]
fn every_derivative_case_holds() {
    run_all(Path::new("tests/cases/derivatives"));
}

/// The parameters' bytes after some steps of one version of a training step.
fn parameters_after(program: &Program, train: &Train, report: Report, steps: usize) -> Vec<Vec<u8>> {
    let rows = train.data.map_or(1, |data| program.data[data.0 as usize].rows);
    let size = train.batch.unwrap_or(rows).min(rows);
    let lowered = lower_step(program, train, size, size == rows, report);
    let mut call = BoundCall::new(native::executable(&lowered.graph).unwrap());
    let mut session = Session::new(program).unwrap();
    for (index, source) in lowered.sources.iter().enumerate() {
        let table = match source {
            Source::Rows => continue,
            source => session.step_inputs(train, &[*source]).unwrap().remove(0),
        };
        call.input_mut(index).copy_from_slice(&native::to_bytes(&table));
    }
    for step in 0..steps {
        for (index, source) in lowered.sources.iter().enumerate() {
            if *source == Source::Rows {
                let rows: Vec<i64> = (0..size).map(|place| ((place + step) % rows) as i64).collect();
                call.input_mut(index).copy_from_slice(bytemuck::cast_slice(&rows));
            }
        }
        call.run().unwrap();
    }
    let parameters = lowered.sources.iter().enumerate().filter(|(_, source)| matches!(source, Source::Param(_)));
    parameters.map(|(index, _)| call.input(index).to_vec()).collect()
}

#[test]
fn a_step_updates_alike_with_and_without_a_report() {
    let mut compared = 0;
    for file in files(Path::new("examples")) {
        let checked = checked(&file);
        let program = &checked.program;
        for action in &program.actions {
            if let Action::Train(train) = action
                && train.stop.is_none()
            {
                on_large_stack(|| {
                    let quiet = parameters_after(program, train, Report::Quiet, 100);
                    assert_eq!(quiet, parameters_after(program, train, Report::Full, 100), "{}", file.display());
                });
                compared += 1;
            }
        }
    }
    assert!(compared >= 3);
}

#[test]
fn equal_seeds_give_equal_parameters_and_other_seeds_others() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/xor.nd");
    let parameters = |seed| {
        let options = ndc::check::Options { seed, ..Default::default() };
        let checked = check_file(&path, &mut FileLoader::new(), options);
        let session = Session::new(&checked.program).unwrap();
        session.params.clone()
    };
    assert_eq!(parameters(1), parameters(1));
    assert_ne!(parameters(1), parameters(2));
}
