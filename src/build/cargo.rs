//! What a build script asks for.
#![allow(clippy::print_stdout, reason = "cargo reads what build scripts print")]

use super::Module;
use super::archive::archive;
use super::identifiers::{Language, identifier};
use crate::diagnostics::catalog::{building as errors, files};
use crate::embed::{Error, Program};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// For build scripts: compiles every function of a file whose types are complete, with its value, and with its gradient where it
/// is one real number, for a module of the crate that is being built.
///
/// The module has the name of the file: `ndc::include_model!("model")` for `model.nd`; files of one crate need different names. What
/// is wrong with the program is told as errors of cargo, and the build ends; warnings are told as warnings. It is done again when
/// the file, what it imports, or its data change.
pub fn compile(path: impl AsRef<Path>) {
    compile_with(path, |_, module| module.all_functions(&[]).map(|_| ()));
}

/// For build scripts: like [`compile`], with the functions that are chosen.
///
/// ```no_run
/// ndc::build::compile_with("model.nd", |program, module| {
///     let loss = || program.function("loss").size("n", 100);
///     module.function(loss().with_respect_to(["w"]).value_and_gradient())?;
///     module.function_as("apply", program.function("predict").size("n", 1))?;
///     Ok(())
/// });
/// ```
pub fn compile_with(path: impl AsRef<Path>, choose: impl FnOnce(&Program, &mut Module<'_>) -> Result<(), Error>) {
    let path = path.as_ref();
    println!("cargo::rerun-if-changed={}", path.display());
    if let Err(error) = write(path, choose) {
        for line in error.to_string().lines() {
            println!("cargo::error={line}");
        }
        std::process::exit(1);
    }
}

fn write(path: &Path, choose: impl FnOnce(&Program, &mut Module<'_>) -> Result<(), Error>) -> Result<(), Error> {
    let variable = |name: &str| std::env::var(name).map_err(|_| Error::bare(errors::no_build_script(name)));
    let folder = PathBuf::from(variable("OUT_DIR")?);
    let (host, target) = (variable("HOST")?, variable("TARGET")?);
    if host != target {
        return Err(Error::bare(errors::other_machine(&host, &target)));
    }
    let program = Program::from_file(path)?;
    for file in program.files() {
        println!("cargo::rerun-if-changed={}", file.display());
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = identifier(&stem, Language::All);
    once(&name, path)?;
    let mut module = Module::new(&name, &program)?;
    // So that two crates of one program may have models of one name.
    let owner = identifier(&variable("CARGO_PKG_NAME")?, Language::C);
    let library = format!("nd_{owner}_{name}");
    module.prefix = format!("{library}_");
    choose(&program, &mut module)?;
    for line in program.warnings().lines() {
        println!("cargo::warning={line}");
    }
    let save = |file: &str, bytes: &[u8]| {
        let path = folder.join(file);
        fs::write(&path, bytes).map_err(|error| Error::bare(files::cannot_write(&path.display().to_string(), &error)))
    };
    let object = module.object()?;
    let archive = archive(&object, &library).map_err(|error| Error::bare(*crate::session::native::internal(error)))?;
    save(&format!("lib{library}.a"), &archive)?;
    save(&format!("{stem}.rs"), module.rust().as_bytes())?;
    println!("cargo::rustc-link-search=native={}", folder.display());
    println!("cargo::rustc-link-lib=static={library}");
    Ok(())
}

/// Refuses a second model of one name in a build script: it would take the place of the first.
fn once(name: &str, path: &Path) -> Result<(), Error> {
    static BUILT: Mutex<Vec<(String, PathBuf)>> = Mutex::new(Vec::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    match built.iter().find(|(each, _)| each == name) {
        Some((_, first)) => {
            Err(Error::bare(errors::model_built(name, &first.display().to_string(), &path.display().to_string())))
        }
        None => {
            built.push((name.to_string(), path.to_path_buf()));
            Ok(())
        }
    }
}
