//! The Python file calls a shared library with numpy arrays. Skipped where no Python has numpy.

use super::{folder, run, source};
use std::process::Command;

/// A Python with numpy.
pub fn python() -> Option<String> {
    let named = std::env::var("NDC_PYTHON").ok();
    let usual = ["python3", "/usr/bin/python3"].map(str::to_string);
    named.into_iter().chain(usual).find(|python| {
        let output = Command::new(python).args(["-c", "import numpy"]).output();
        output.is_ok_and(|output| output.status.success())
    })
}

/// Builds a Python file for a program and has another one check it; what `ndc build` printed, if there is a Python.
fn checked(program: &str, options: &[&str], check: &str) -> Option<String> {
    let Some(python) = python() else {
        assert!(std::env::var_os("NDC_PYTHON").is_none(), "NDC_PYTHON names no Python with numpy");
        return None;
    };
    let folder = folder(check);
    let mut build = Command::new(env!("CARGO_BIN_EXE_ndc"));
    build.arg("build").arg(source(program)).args(options).args(["--python", "-o"]).arg(&folder);
    let shown = run(&mut build);
    run(Command::new(&python).arg(source(check)).current_dir(&folder).env("PYTHONPATH", &folder));
    Some(shown)
}

#[test]
fn numpy_arrays_go_in_and_out() {
    if let Some(shown) = checked("model.nd", &["--size", "n=4"], "check.py") {
        assert!(shown.contains("loss_value_and_gradient(x: f64[4, 3]"), "{shown}");
    }
}

#[test]
fn names_of_python_are_no_trouble() {
    checked("odd.nd", &[], "check_odd.py");
}
