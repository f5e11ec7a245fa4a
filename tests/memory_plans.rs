//! The memory that programs are planned to need, beside what their buffers need at once.

use ndc::check::Options;
use ndc::check::program::Action;
use ndc::data::FileLoader;
use ndc::driver::{check_file, on_large_stack, steps};
use ndc::lower::value::lower_value;
use ndc::optimize::optimize;
use ndc::schedule::{Schedule, schedule};
use std::path::{Path, PathBuf};

/// How much more than needed at once a plan may take.
const EXCESS: f64 = 1.2;

fn programs(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            programs(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "nd") {
            found.push(path);
        }
    }
}

/// Plans of a schedule and of the bodies of its loops.
fn check(path: &Path, plan: &Schedule, checked: &mut usize) {
    let (planned, required) = (plan.workspace_bytes, plan.required_bytes);
    assert!(planned as f64 <= EXCESS * required as f64, "{}: {planned} bytes for {required}", path.display());
    *checked += usize::from(required > 0);
    plan.bodies.iter().for_each(|body| check(path, body, checked));
}

#[test]
fn workspaces_are_little_larger_than_what_is_in_use_at_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["examples", "tests/cases/run", "tests/cli/programs"] {
        programs(&root.join(folder), &mut files);
    }
    let mut checked = 0;
    for path in files {
        let found = check_file(&path, &mut FileLoader::new(), Options::default());
        if found.has_errors() {
            continue;
        }
        on_large_stack(|| {
            for value in found.program.actions.iter().flat_map(Action::values) {
                let graph = lower_value(&found.program, value).graph;
                check(&path, &schedule(&optimize(&graph)), &mut checked);
            }
        });
        steps(&found).iter().for_each(|step| check(&path, &step.schedule, &mut checked));
    }
    assert!(checked > 150, "only {checked} plans");
}
