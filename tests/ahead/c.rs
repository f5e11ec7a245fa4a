//! A program in C calls the functions of an object file.

use super::{expected, folder, run, source, write};
use std::process::Command;

#[test]
fn a_program_in_c_gets_the_same_bits() {
    let folder = folder("c");
    write(&folder);
    let program = folder.join("program");
    let mut compiler = Command::new("cc");
    compiler.args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-I"]).arg(&folder);
    compiler.arg(source("main.c")).arg(folder.join("model.o")).arg(folder.join("libndc_runtime.a"));
    compiler.args(["-Wl,--gc-sections", "-lpthread", "-ldl", "-lm", "-o"]).arg(&program);
    run(&mut compiler);
    assert_eq!(run(&mut Command::new(&program)), expected());
    // Elementary functions and reductions have the same bits on all levels of the processor; products of matrices need not.
    let lines = |text: &str| {
        let kept = text.lines().filter(|line| !line.starts_with("loss") && !line.starts_with("gradient"));
        kept.map(str::to_string).collect::<Vec<_>>()
    };
    let baseline = run(Command::new(&program).env("NDC_CPU", "baseline"));
    assert_eq!(lines(&baseline), lines(&expected()));
    let bytes = std::fs::read(&program).unwrap();
    assert!(!bytes.windows(9).any(|window| window == b"cranelift"), "the program has a compiler in it");
}

#[test]
fn headers_are_those_of_cpp_too() {
    let folder = folder("cpp");
    write(&folder);
    let file = folder.join("include.cpp");
    std::fs::write(&file, "#include \"model.h\"\nint main() { return model_error_message() == nullptr; }\n").unwrap();
    // Not every machine with a C compiler has one for C++.
    if Command::new("c++").arg("--version").output().is_ok_and(|output| output.status.success()) {
        run(Command::new("c++").args(["-Wall", "-Wextra", "-Werror", "-fsyntax-only"]).arg(&file));
    }
}
