//! Functions compiled ahead of time: what code names is found again in another process, programs in C, Rust and Python get the
//! bits of code that is made in place, and nothing that they do wrong goes unsaid.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "ahead/c.rs"]
mod c;
#[path = "ahead/chapter.rs"]
mod chapter;
#[path = "ahead/hosts.rs"]
mod hosts;
#[path = "ahead/names.rs"]
mod names;
#[path = "ahead/python.rs"]
mod python;
#[path = "ahead/refusals.rs"]
mod refusals;
#[path = "ahead/rust.rs"]
mod rust;

use ndc::build::{Module, runtime_library};
use ndc::{Error, Program};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A new folder for the files of a test.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ahead").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ahead").join(name)
}

fn model() -> Program {
    Program::from_file(source("model.nd")).unwrap()
}

/// The functions that the programs of this test call.
fn module(program: &Program) -> Result<Module<'_>, Error> {
    let mut module = Module::new("model", program)?;
    let loss = || program.function("loss").size("n", 4);
    module.function(loss())?;
    module.function(loss().with_respect_to(["w"]).value_and_gradient())?;
    for name in ["energy", "scaled", "pick", "truth", "roots", "predict", "whole"] {
        module.function(program.function(name))?;
    }
    module.function(program.function("energy").value_and_gradient())?;
    module.function(program.function("scaled").value_and_gradient())?;
    Ok(module)
}

/// Writes object file, header and runtime of the module.
fn write(folder: &Path) {
    let program = model();
    let module = module(&program).unwrap();
    fs::write(folder.join("model.o"), module.object().unwrap()).unwrap();
    fs::write(folder.join("model.h"), module.header()).unwrap();
    fs::write(folder.join("libndc_runtime.a"), runtime_library().unwrap()).unwrap();
}

/// Runs a command that must succeed; what it printed.
fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&stdout).into_owned(), String::from_utf8_lossy(&stderr).into_owned());
    assert!(status.success(), "{command:?}: {status}\n{out}\n{err}");
    out
}

/// What the programs of this test print: a name and the bits of a number on each line. These are those of code that is made in
/// place.
fn expected() -> String {
    let program = model();
    let mut text = String::new();
    let mut tell = |name: &str, values: &[f64]| {
        values.iter().for_each(|value| text.push_str(&format!("{name} {:016x}\n", value.to_bits())));
    };
    let x: Vec<f64> = (0..12).map(|i| f64::from(i) * 0.25 - 1.0).collect();
    let (y, w) = ([1.0, -2.0, 0.5, 3.0], [0.3, -0.7, 1.1]);
    let loss = program.function("loss").size("n", 4).with_respect_to(["w"]).value_and_gradient().compile().unwrap();
    let (mut value, mut gradient) = (0.0, [0.0; 3]);
    loss.call_into(&mut loss.workspace(), &[&x, &y, &w], &mut [&mut value, &mut gradient]).unwrap();
    tell("loss", &[value]);
    tell("gradient", &gradient);
    let v: Vec<f64> = (0..5000).map(|i| f64::from(i) / 1000.0 - 2.5).collect();
    let energy = program.function("energy").value_and_gradient().compile().unwrap();
    let mut gradient = vec![0.0; 5000];
    energy.call_into(&mut energy.workspace(), &[&v], &mut [&mut value, &mut gradient]).unwrap();
    tell("energy", &[value]);
    tell("slope", &[gradient[0], gradient[1234], gradient[4999]]);
    let scaled = program.function("scaled").value_and_gradient().compile().unwrap();
    let (mut by_a, mut by_b) = (0.0, 0.0);
    let outputs: &mut [&mut dyn ndc::Output] = &mut [&mut value, &mut by_a, &mut by_b];
    scaled.call_into(&mut scaled.workspace(), &[&0.7, &-3.0], outputs).unwrap();
    tell("scaled", &[value, by_a, by_b]);
    let roots = program.function("roots").compile().unwrap();
    let mut solution = [0.0; 3];
    let matrix = [4.0, 1.0, 0.5, 1.0, 3.0, -1.0, 0.5, -1.0, 5.0];
    roots.call_into(&mut roots.workspace(), &[&matrix, &w], &mut [&mut solution]).unwrap();
    tell("roots", &solution);
    let predict = program.function("predict").compile().unwrap();
    predict.call_into(&mut predict.workspace(), &[&[1.5, 2.5]], &mut [&mut value]).unwrap();
    tell("predict", &[value]);
    text
}
