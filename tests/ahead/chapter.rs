//! The listings of the book's chapter about building, in its order: files are written, commands run, and what they print is
//! compared.

use super::python::python;
use super::{folder, run, rust};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

const CHAPTER: &str = include_str!("../../docs/book/src/building.md");

/// The listings in a language.
fn listings(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let bodies = CHAPTER.split(&*fence).skip(1).filter_map(|rest| rest.split_once("```"));
    bodies.map(|(body, _)| body).collect()
}

/// Runs the commands of a listing, which stand behind `$`; what each prints stands below it.
fn session(folder: &Path, listing: &str) {
    let ndc = Path::new(env!("CARGO_BIN_EXE_ndc")).parent().unwrap().to_path_buf();
    let usual = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(ndc).chain(env::split_paths(&usual))).unwrap();
    for command in listing.split("$ ").skip(1) {
        let (command, expected) = command.split_once('\n').unwrap();
        let printed = run(Command::new("sh").args(["-c", command]).current_dir(folder).env("PATH", &path));
        assert!(expected.is_empty() || printed == expected, "{command} prints\n{printed}");
    }
}

/// A folder with the program of the chapter.
fn with_program(name: &str) -> PathBuf {
    let folder = folder(name);
    fs::write(folder.join("model.nd"), listings("nd")[0]).unwrap();
    folder
}

#[test]
fn the_sessions_and_the_program_in_c() {
    let folder = with_program("chapter");
    let [source] = listings("c")[..] else { panic!("the chapter has one program in C") };
    fs::write(folder.join("main.c"), source).unwrap();
    let sessions = listings("console");
    assert_eq!(sessions.len(), 3);
    sessions.iter().for_each(|listing| session(&folder, listing));
    let [script] = listings("python")[..] else { panic!("the chapter has one program in Python") };
    if let Some(python) = python() {
        run(Command::new(python).args(["-c", script]).current_dir(&folder));
    }
}

#[test]
fn the_crate() {
    let [build, main] = listings("rust,ignore")[..] else { panic!("the chapter has a build script and a program") };
    let folder = rust::written("chapter", build, main, listings("nd")[0]);
    let printed = run(&mut Command::new(rust::built(&folder, "chapter")));
    assert!(printed.ends_with(" 2.5\n"), "{printed}");
    fs::remove_dir_all(&folder).unwrap();
}
