//! A crate outside of this workspace has functions that its build script compiled, and no compiler.
//!
//! It compiles ndc twice, with and without the compiler, in `target/ahead`: minutes on a clean machine, seconds afterwards.

use super::{expected, run, source};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const MANIFEST: &str = r#"
[package]
name = "NAME"
version = "0.0.0"
edition = "2024"

[dependencies]
ndc = { package = "nd-lang", path = "ROOT", default-features = false }

[build-dependencies]
ndc = { package = "nd-lang", path = "ROOT", default-features = false, features = ["compiler"] }

[profile.dev]
debug = false
incremental = false

[profile.dev.package."*"]
debug = false

[workspace]
"#;

const BUILD: &str = r#"
fn main() {
    ndc::build::compile_with("model.nd", |program, module| {
        let loss = || program.function("loss").size("n", 4);
        module.function(loss().with_respect_to(["w"]).value_and_gradient())?;
        module.function(program.function("energy").value_and_gradient())?;
        module.function(program.function("scaled").value_and_gradient())?;
        module.function_as("solution", program.function("roots"))?;
        for name in ["pick", "predict"] {
            module.function(program.function(name))?;
        }
        Ok(())
    });
    ndc::build::compile("odd-names.nd");
}
"#;

const MAIN: &str = r#"
#![forbid(unsafe_code)]
#![deny(warnings, missing_docs)]
//! Prints the bits of values and gradients.

/// What the build script compiled.
pub mod model {
    ndc::include_model!("model");
}

/// Another model, with names that Rust has itself.
pub mod odd {
    ndc::include_model!("odd-names");
}

fn tell(name: &str, values: &[f64]) {
    values.iter().for_each(|value| println!("{name} {:016x}", value.to_bits()));
}

fn main() -> Result<(), ndc::built::Error> {
    let x: Vec<f64> = (0..12).map(|i| f64::from(i) * 0.25 - 1.0).collect();
    let (y, w) = ([1.0, -2.0, 0.5, 3.0], [0.3, -0.7, 1.1]);
    let mut gradient = [0.0; 3];
    let value = model::loss_value_and_gradient(&x, &y, &w, &mut gradient)?;
    tell("loss", &[value]);
    tell("gradient", &gradient);
    let v: Vec<f64> = (0..5000).map(|i| f64::from(i) / 1000.0 - 2.5).collect();
    let mut slope = vec![0.0; 5000];
    let value = model::energy_value_and_gradient(&v, &mut slope)?;
    tell("energy", &[value]);
    tell("slope", &[slope[0], slope[1234], slope[4999]]);
    let (value, by_a, by_b) = model::scaled_value_and_gradient(0.7, -3.0)?;
    tell("scaled", &[value, by_a, by_b]);
    let mut solution = [0.0; 3];
    model::solution(&[4.0, 1.0, 0.5, 1.0, 3.0, -1.0, 0.5, -1.0, 5.0], &w, &mut solution)?;
    tell("roots", &solution);
    tell("predict", &[model::predict(&[1.5, 2.5])?]);

    assert_eq!((odd::words(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0)?, odd::nothing()?), (28.0, 3.0));
    let (mut doubled, mut rows) = ([0.0; 0], [0.0; 0]);
    assert_eq!(odd::empty(&[], &[], &mut doubled, &mut rows)?, (0.0, 1.0));
    let mut pair = [0.0; 2];
    assert_eq!(odd::parts(&[1.0, 2.0], 4, false, &mut pair)?, (8, true));
    assert_eq!(pair, [2.0, 4.0]);

    let error = model::predict(&[1.5]).unwrap_err();
    assert_eq!(error.status, ndc::built::Status::Argument);
    assert_eq!(error.to_string(), "predict: `x` is f64[2], 2 elements, but 1 were given");
    let error = model::pick(&[1.0; 4], 9).unwrap_err();
    assert_eq!(error.status, ndc::built::Status::Failed);
    assert!(error.to_string().starts_with("pick: an index is outside its axis at model.nd:9:"), "{error}");
    Ok(())
}
"#;

/// A crate of this name, anew: its build script, its program, and the nd file `model.nd`.
pub fn written(name: &str, build: &str, main: &str, model: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("ndc-ahead-{name}-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("src")).unwrap();
    let root = env!("CARGO_MANIFEST_DIR");
    let manifest = MANIFEST.replace("NAME", name).replace("ROOT", &root.replace('\\', "/"));
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    // The same versions of everything as here, so that nothing is fetched.
    fs::copy(Path::new(root).join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    fs::write(folder.join("build.rs"), build).unwrap();
    fs::write(folder.join("src/main.rs"), main).unwrap();
    fs::write(folder.join("model.nd"), model).unwrap();
    folder
}

/// The folder of what cargo makes for all crates of these tests.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("ahead")
}

fn cargo(folder: &Path) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--offline", "--target-dir"]).arg(target()).current_dir(folder);
    cargo.env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    cargo
}

/// The program of a crate.
pub fn built(folder: &Path, name: &str) -> PathBuf {
    run(&mut cargo(folder));
    target().join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

#[test]
fn a_crate_with_a_build_script_gets_the_same_bits_without_a_compiler() {
    let folder = written("embedded", BUILD, MAIN, &fs::read_to_string(source("model.nd")).unwrap());
    fs::copy(source("odd.nd"), folder.join("odd-names.nd")).unwrap();
    let program = built(&folder, "embedded");
    assert_eq!(run(&mut Command::new(&program)), expected());
    let bytes = fs::read(&program).unwrap();
    let has = |word: &str| bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()));
    assert!(!has("cranelift") && !has("lalrpop") && has("ndc_runtime_call"), "the program has a compiler in it");

    // A mistake in the program is an error of cargo.
    fs::write(folder.join("model.nd"), "fn loss(x: [n, 3]) = x + [1, 2]\n").unwrap();
    let output = cargo(&folder).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && message.contains("error[E0203]"), "{message}");
    assert!(message.contains("model.nd:1:"), "{message}");
    let _ = fs::remove_dir_all(&folder);
}
