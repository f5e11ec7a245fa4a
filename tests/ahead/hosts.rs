//! Programs in C that call from odd places, run out of memory, or meet a panic of the runtime: each call ends with a status, and
//! the program goes on.

use super::{folder, run, source};
use ndc::build::{Module, runtime_library};
use ndc::ir::{ElementType, Shape, TensorType};
use ndc::native::built::{Image, Named};
use ndc::native::keep::Kept;
use ndc::native::{Frame, Port};
use ndc::runtime::Element;
use ndc::runtime::divided_strips::{DividedFold, DividedStrips};
use ndc::runtime::reduce::Reduction;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A program in C that is linked with some object files and the runtime.
fn linked(folder: &Path, text: &str, objects: &[&str]) -> PathBuf {
    fs::write(folder.join("libndc_runtime.a"), runtime_library().unwrap()).unwrap();
    let program = folder.join("program");
    let mut compiler = Command::new("cc");
    compiler.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-I"]).arg(folder).arg(source(text));
    compiler.args(objects.iter().map(|object| folder.join(object))).arg(folder.join("libndc_runtime.a"));
    compiler.args(["-Wl,--gc-sections", "-lpthread", "-ldl", "-lm", "-o"]).arg(&program);
    run(&mut compiler);
    program
}

fn odd(folder: &Path) {
    let program = ndc::Program::from_file(source("odd.nd")).unwrap();
    let mut module = Module::new("odd", &program).unwrap();
    assert_eq!(module.all_functions(&[]).unwrap(), Vec::<String>::new());
    fs::write(folder.join("odd.o"), module.object().unwrap()).unwrap();
    fs::write(folder.join("odd.h"), module.header()).unwrap();
}

#[test]
fn calls_may_come_from_anywhere() {
    let folder = folder("odd");
    odd(&folder);
    let program = linked(&folder, "odd.c", &["odd.o"]);
    for place in ["shapes", "exit", "stack", "ending", "fork", "memory"] {
        for threads in ["1", "3"] {
            run(Command::new(&program).arg(place).env("NDC_THREADS", threads));
        }
    }
}

/// A program whose code calls a function of the runtime that panics: no truth values can be summed in lanes.
fn faulty() -> Image {
    let fold = DividedFold { state: 0, units: 0, vector: 0, reduction: Reduction::Sum, element: Element::Bool };
    let sizes =
        DividedStrips { count: 1, strip: 256, least: 1 << 40, scratch_bytes: 64, folds: vec![fold], states: vec![0] };
    let mut kept = Kept::default();
    kept.add_descriptor(sizes.into());
    let value = Port { name: "value".into(), ty: TensorType::new(ElementType::F64, Shape::new(&[])), updates: None };
    Image {
        name: "faulty".into(),
        features: Vec::new(),
        frame: Frame {
            inputs: Vec::new(),
            outputs: vec![value],
            workspace_bytes: 64,
            spans: Vec::new(),
            limits: Vec::new(),
        },
        places: Vec::new(),
        kept,
        table: vec![Named::Function("divided_strips".into()), Named::Descriptor(0)],
    }
}

#[test]
fn a_panic_below_code_is_a_status() {
    let folder = folder("fault");
    let mut text = "static const unsigned char image[] = {".to_string();
    faulty().to_bytes().unwrap().iter().for_each(|byte| write!(text, "{byte},").unwrap());
    fs::write(folder.join("fault.h"), text + "};\n").unwrap();
    let program = linked(&folder, "fault.c", &[]);
    // What Rust prints of a panic goes to standard error; the process does not end.
    run(&mut Command::new(program));
}

#[test]
fn two_models_share_a_program() {
    let folder = folder("two");
    for (name, text) in [("first", "param w = 2\nfn f(x) = w * x"), ("second", "param w = 3\nfn f(x) = w * x")] {
        let program = ndc::Program::from_text(name, text).unwrap();
        let mut module = Module::new(name, &program).unwrap();
        module.all_functions(&[]).unwrap();
        fs::write(folder.join(format!("{name}.o")), module.object().unwrap()).unwrap();
        fs::write(folder.join(format!("{name}.h")), module.header()).unwrap();
    }
    run(&mut Command::new(linked(&folder, "two.c", &["first.o", "second.o"])));
}
