//! Reading the sources, and rules about single files.

use std::path::{Path, PathBuf};

/// A file of the project.
pub struct Source {
    /// Its path from the root of the project, with `/` between the parts.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// The most lines of a source file.
const MOST_LINES: usize = 520;

/// The root of the project.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the project as text.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// All files below a folder with an extension, in order of their paths.
pub fn files(folder: &str, extension: &str) -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&root().join(folder), &mut paths);
    paths.sort();
    let wanted = paths.into_iter().filter(|path| path.extension().is_some_and(|each| each == extension));
    wanted
        .map(|path| {
            let inside = path.strip_prefix(root()).expect("it was found below the root");
            let path = inside.to_str().expect("file names are UTF-8").replace('\\', "/");
            Source { text: read(&path), path }
        })
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() { collect(&path, paths) } else { paths.push(path) }
    }
}

impl Source {
    /// The room: the first folder or file below `src`.
    pub fn room(&self) -> &str {
        let inside = self.path.trim_start_matches("src/");
        inside.split(['/', '.']).next().unwrap_or_default()
    }

    /// The numbered lines that are compiled into the product: no comments, and nothing from the unit tests on, which
    /// end their file.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_test = self.path.ends_with("/tests.rs");
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line));
        lines
            .take_while(|(_, line)| line.trim_end() != "#[cfg(test)]" || line.starts_with(' '))
            .filter(move |(_, line)| !is_test && !line.trim_start().starts_with("//"))
    }
}

/// Fails with all that was found.
pub fn none(found: &[String], rule: &str) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn unit_tests_end_their_file() {
    let mut found = Vec::new();
    for source in files("src", "rs") {
        let lines: Vec<&str> = source.text.lines().collect();
        let Some(start) = lines.iter().position(|line| *line == "#[cfg(test)]") else { continue };
        let opens_module = lines.get(start + 1).is_some_and(|line| line.starts_with("mod "));
        let is_file = lines.get(start + 1).is_some_and(|line| line.ends_with(';'));
        let ends = lines[start + 2..].iter().position(|line| *line == "}").map(|at| start + 2 + at + 1);
        // `mod tests;` may stand among the other modules.
        if !opens_module || (!is_file && ends != Some(lines.len())) {
            found.push(format!("{}:{}", source.path, start + 1));
        }
    }
    none(&found, "a module of unit tests comes last in its file");
}

#[test]
fn files_are_short() {
    let long = files("src", "rs").into_iter().filter(|source| source.text.lines().count() > MOST_LINES);
    let long: Vec<String> = long.map(|source| source.path).collect();
    none(&long, "split files of more than 520 lines");
}

#[test]
fn every_file_begins_with_its_subject() {
    let bare = files("src", "rs").into_iter().filter(|source| {
        let is_tests = source.path.ends_with("/tests.rs");
        !is_tests && !source.text.starts_with("//!")
    });
    let bare: Vec<String> = bare.map(|source| source.path).collect();
    none(&bare, "begin each file with `//!` and what it is about");
}

#[test]
fn nothing_is_left_undone() {
    let mut found = Vec::new();
    for source in files("src", "rs") {
        for (number, line) in source.code() {
            if [".unwrap()", "todo!(", "unimplemented!(", "dbg!("].iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    none(&found, "outside tests there is no `unwrap()`, `todo!` or `unimplemented!`");
}
