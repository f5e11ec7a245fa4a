//! What cannot be built, and how it is said.

use ndc::Program;
use ndc::build::Module;
use std::process::Command;

fn codes(result: Result<impl Sized, ndc::Error>) -> Vec<&'static str> {
    result.err().map(|error| error.codes()).unwrap_or_default()
}

#[test]
fn functions_must_be_complete_and_have_names() {
    let program = Program::from_text("open.nd", "fn f(x: [n]) = sum(x)\nfn g(x: [n]) = x\nfn h(f) = f(1)").unwrap();
    let mut module = Module::new("open", &program).unwrap();
    assert_eq!(codes(module.function(program.function("f"))), ["E0112"]);
    assert_eq!(codes(module.function(program.function("missing"))), ["E0111"]);
    assert_eq!(codes(module.function(program.function("g").size("n", 3).gradient())), ["E0922"]);
    let error = module.all_functions(&[("m".to_string(), 3)]).unwrap_err();
    assert_eq!(error.codes(), ["E0900"]);
    assert!(error.to_string().contains("f, g, h"), "{error}");
    module.function(program.function("f").size("n", 3)).unwrap();
    assert_eq!(codes(module.function(program.function("f").size("n", 4))), ["E0902"]);
    module.function_as("f4", program.function("f").size("n", 4)).unwrap();
    assert_eq!(module.signatures().collect::<Vec<_>>()[1], "f4(x: f64[4]) -> (value: f64)");
    for name in ["a b", "2nd", "while", "lambda", "fn", "é", ""] {
        assert_eq!(codes(Module::new(name, &program)), ["E0901"], "{name}");
        assert_eq!(codes(module.function_as(name, program.function("f").size("n", 5))), ["E0901"], "{name}");
    }
}

#[test]
fn the_function_for_messages_keeps_its_name() {
    let program = Program::from_text("taken.nd", "fn error_message(x) = x^2").unwrap();
    let mut module = Module::new("taken", &program).unwrap();
    module.all_functions(&[]).unwrap();
    assert!(module.header().contains("int32_t taken_error_message_(double x, double *value);"));
    assert!(module.object().is_ok());
    assert_eq!(codes(module.function_as("error_message", program.function("error_message"))), ["E0901"]);
}

#[test]
fn open_sizes_are_told_in_words_of_rust() {
    let program = Program::from_text("open.nd", "fn f(x: [n]) = sum(x)").unwrap();
    let message = program.function("f").compile().unwrap_err().to_string();
    assert!(message.contains("error[E0112]") && message.contains(".size(\"n\", 3)"), "{message}");
    assert!(!message.contains("--at"), "{message}");
}

/// A build script: run by the test below, in a process of its own.
#[test]
#[ignore = "it ends its process"]
fn build_script() {
    let Some(file) = std::env::var_os("NDC_BUILD_SCRIPT") else { return };
    ndc::build::compile(file);
    ndc::build::compile("other/f.nd");
}

#[test]
fn build_scripts_tell_cargo_what_is_wrong() {
    let folder = super::folder("script");
    std::fs::create_dir(folder.join("other")).unwrap();
    for (file, text) in [
        ("f.nd", "import \"helpers.nd\"\nfn f(x) = g(x)"),
        ("helpers.nd", "fn g(x) = x^2"),
        ("other/f.nd", "fn f(x) = x"),
        ("g-1.nd", "fn g(x) = x^2"),
        ("wrong.nd", "fn f(x: [3]) =\n    x + [1, 2]"),
    ] {
        std::fs::write(folder.join(file), text).unwrap();
    }
    let script = |file: &str, variables: &[(&str, &str)]| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["refusals::build_script", "--exact", "--ignored", "--nocapture"]).current_dir(&folder);
        command.env("NDC_BUILD_SCRIPT", file).env_remove("OUT_DIR").env("CARGO_PKG_NAME", "test-crate");
        let output = command.envs(variables.iter().copied()).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let here = ("TARGET", "x86_64-unknown-linux-gnu");
    let out = ("OUT_DIR", folder.to_str().unwrap());
    let host = ("HOST", here.1);
    for (file, variables, words) in [
        ("f.nd", &[][..], "cargo::error=error[E0906]: the variable OUT_DIR"),
        (
            "f.nd",
            &[out, host, ("TARGET", "riscv64gc-unknown-linux-gnu")],
            "cargo::error=error[E0905]: ndc compiles for this",
        ),
        ("wrong.nd", &[out, host, here], "wrong.nd:2:"),
        ("missing.nd", &[out, host, here], "cargo::error=error[E0801]"),
        (
            "f.nd",
            &[out, host, here],
            "cargo::error=error[E0902]: two models of the crate would be called `f`: f.nd and other/f.nd",
        ),
    ] {
        let (code, told) = script(file, variables);
        assert_eq!(code, Some(1), "{file}: {told}");
        assert!(told.contains(words), "{file}: {told}");
    }
    let (code, told) = script("g-1.nd", &[out, host, here]);
    assert_eq!(code, Some(0), "{told}");
    for line in
        ["rerun-if-changed=g-1.nd", "rustc-link-lib=static=nd_test_crate_g_1", "rustc-link-lib=static=nd_test_crate_f"]
    {
        assert!(told.contains(&format!("cargo::{line}\n")), "{told}");
    }
    assert!(folder.join("g-1.rs").exists() && folder.join("libnd_test_crate_g_1.a").exists());
    let (_, told) = script("f.nd", &[out, host, here]);
    assert!(told.contains("helpers.nd\n"), "{told}");
}

#[test]
fn all_functions_of_a_file_are_built_with_their_gradients() {
    let text = "fn f(x: [n], k: int) = k * sum(x)\nfn g(x: [n]) = 2 * x\nfn h(x: [m]) = sum(x)\nfn count(k: int) = k + 1\n\
                fn step(x) = x > 0";
    let program = Program::from_text("all.nd", text).unwrap();
    let mut module = Module::new("all", &program).unwrap();
    assert_eq!(module.all_functions(&[("n".to_string(), 2)]).unwrap(), ["h"]);
    let signatures: Vec<String> = module.signatures().collect();
    let expected = [
        "f(x: f64[2], k: i64) -> (value: f64)",
        "f_value_and_gradient(x: f64[2], k: i64) -> (value: f64, gradient.x: f64[2])",
        "g(x: f64[2]) -> (value: f64[2])",
        "count(k: i64) -> (value: i64)",
        "step(x: f64) -> (value: bool)",
    ];
    assert_eq!(signatures, expected);
    let header = module.header();
    assert!(header.contains(
        "int32_t all_f_value_and_gradient(const double x[2], int64_t k, double *value, double gradient_x[2]);"
    ));
    let rust = module.rust();
    assert!(rust.contains("pub fn f_value_and_gradient(x: &[f64], k: i64, gradient_x: &mut [f64])"), "{rust}");
}

#[test]
fn what_is_held_is_that_of_the_argument() {
    let text = "param w = 2.0\nfn g(x) = w * x\nfn f(w) = w * g(3)";
    let program = Program::from_text("held.nd", text).unwrap();
    let mut module = Module::new("held", &program).unwrap();
    module.function(program.function("f").with_respect_to(["w"]).gradient()).unwrap();
    module.function_as("of_seven", program.function("f").hold("w", 7.0)).unwrap();
    let signatures: Vec<String> = module.signatures().collect();
    assert_eq!(signatures, ["f_gradient(w: f64) -> (gradient.w: f64)", "of_seven() -> (value: f64)"]);
}

#[test]
fn build_scripts_elsewhere_and_missing_compilers_are_told() {
    let folder = super::folder("refused");
    std::fs::write(folder.join("one.nd"), "fn f(x) = x^2").unwrap();
    let build = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ndc"));
        command.arg("build").args(arguments).current_dir(&folder).env("CC", "no-such-compiler");
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(build(&["one.nd"]), (true, String::new()));
    for file in ["one.o", "one.h", "one.rs", "libndc_runtime.a"] {
        assert!(folder.join(file).metadata().unwrap().len() > 100, "{file}");
    }
    for (arguments, code) in [
        (&["one.nd", "--shared"][..], "E0904"),
        (&["two.nd"], "E0801"),
        (&["one.nd", "--of", "g"], "E0111"),
        (&["one.nd", "--of", "f", "--of", "f"], "E0902"),
        (&["one.nd", "--of", "f", "--wrt", "y"], "E0921"),
        (&["one.nd", "--of", "f", "--size", "n=3"], "E0112"),
        (&["one.nd", "--name", "x-y"], "E0901"),
        (&["one.nd", "--params", "none.safetensors"], "E0806"),
        (&["one.nd", "-o", "one.nd"], "E0804"),
    ] {
        let (succeeded, message) = build(arguments);
        assert!(!succeeded && message.contains(code), "{arguments:?}: {message}");
    }
}
