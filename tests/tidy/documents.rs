//! Documents speak of what exists, and what should be documented is.

use super::sources::{Source, files, none, read, root};
use std::collections::BTreeSet;

/// Documents whose names and paths must exist.
const DOCUMENTS: &[&str] =
    &["docs/ARCHITECTURE.md", "docs/adding-an-operation.md", "docs/language.md", "docs/formatting.md", "README.md"];
/// Folders and files whose names begin a path.
const PLACES: &[&str] = &["src/", "tests/", "docs/", "grammar/", "examples/", "benches/", ".ci/"];
/// Names of this size are more than an example's variable.
const SHORTEST_NAME: usize = 4;
/// What the documents name that is not ours.
const FOREIGN: &[&str] = &["NDC_CPU", "NDC_SLOW_WRITES"];

/// The texts between single backticks, outside listings.
fn quoted(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut listing = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            listing = !listing;
        } else if !listing {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_string));
        }
    }
    found
}

/// The words after `](` of links inside the project.
fn links(text: &str) -> Vec<String> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).map(str::to_string).collect()
}

#[test]
fn paths_in_documents_exist() {
    let mut found = Vec::new();
    for document in DOCUMENTS {
        let text = read(document);
        let paths = quoted(&text).into_iter().filter(|word| PLACES.iter().any(|place| word.starts_with(place)));
        let folder = root().join(document).parent().unwrap().to_path_buf();
        for path in paths.filter(|path| !path.contains(' ')) {
            if !root().join(&path).exists() {
                found.push(format!("{document}: {path}"));
            }
        }
        for link in links(&text).into_iter().filter(|link| !folder.join(link).exists()) {
            found.push(format!("{document}: {link}"));
        }
    }
    none(&found, "documents name paths that exist");
}

/// Whether some line defines a name: as an item, a variant, or a field.
fn is_defined(sources: &[Source], name: &str) -> bool {
    const KEYWORDS: [&str; 9] = ["fn", "struct", "enum", "trait", "const", "static", "type", "mod", "macro_rules!"];
    let words = |line: &str| -> Vec<String> {
        let is_word = |c: char| c.is_alphanumeric() || "_!".contains(c);
        line.split(|c: char| !is_word(c)).filter(|word| !word.is_empty()).map(str::to_string).collect()
    };
    sources.iter().filter(|source| source.text.contains(name)).any(|source| {
        source.text.lines().map(words).any(|words| {
            let item = words.windows(2).any(|pair| KEYWORDS.contains(&pair[0].as_str()) && pair[1] == name);
            // A variant or a field begins its line; `pub` may come before.
            let first = words.iter().find(|word| *word != "pub" && *word != "super");
            item || first.is_some_and(|first| first == name)
        })
    })
}

/// The identifiers to look for in a quoted text: the last part of a path, a type's name, a constant's.
fn identifier(quoted: &str) -> Option<&str> {
    let path = quoted.trim_end_matches("()");
    let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !path.split("::").all(is_name) {
        return None;
    }
    let last = path.rsplit("::").next()?;
    let is_type = last.starts_with(|c: char| c.is_ascii_uppercase()) && last.len() >= SHORTEST_NAME;
    let is_code = last.starts_with('E') && last[1..].chars().all(|c| c.is_ascii_digit());
    let is_path = path.contains("::") && !path.starts_with("std::");
    ((is_type || is_path) && !is_code).then_some(last)
}

#[test]
fn names_in_documents_exist() {
    let sources = files("src", "rs");
    let mut found = Vec::new();
    for document in &DOCUMENTS[..2] {
        let text = read(document);
        for word in quoted(&text) {
            if let Some(name) = identifier(&word)
                && !FOREIGN.contains(&name)
                && !is_defined(&sources, name)
            {
                found.push(format!("{document}: `{word}`"));
            }
        }
    }
    none(&found, "documents name items that exist");
}

#[test]
fn the_architecture_has_a_section_for_every_room() {
    let text = read("docs/ARCHITECTURE.md");
    let rooms: BTreeSet<String> = files("src", "rs").iter().map(|source| source.room().to_string()).collect();
    let missing = rooms.into_iter().filter(|room| !matches!(room.as_str(), "lib" | "main"));
    let missing: Vec<String> = missing.filter(|room| !text.contains(&format!("**`src/{room}"))).collect();
    none(&missing, "docs/ARCHITECTURE.md says of each room what it knows");
}

#[test]
fn adding_an_operation_takes_a_page() {
    assert!(read("docs/adding-an-operation.md").lines().count() <= 60);
}

#[test]
fn the_set_up_commands_of_the_readme_are_run() {
    let readme = read("README.md");
    let block = readme.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let commands: Vec<&str> = block.lines().collect();
    assert_eq!(commands.len(), 2, "the README has two set-up commands");
    let (main_job, tests) = (commands[0], commands[1]);
    let script = read(".ci/run");
    let runs = |command: &str| script.lines().any(|line| line.split(" 2>&1").next() == Some(command));
    assert!(runs(tests), ".ci/run runs `{tests}`");
    // The listing, which a test compares with a real run, is of the same command.
    let listed = readme.split("```console\n$ ndc ").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    assert_eq!(main_job.split_once(" -- ").map(|(_, arguments)| arguments), Some(listed));
}

#[test]
fn the_version_of_rust_in_the_readme_is_that_of_the_manifest() {
    let manifest = read("Cargo.toml");
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(read("README.md").contains(&format!("Rust {version} or later")));
}

#[test]
fn every_example_says_what_it_shows() {
    let silent = files("examples", "nd").into_iter().filter(|example| !example.text.starts_with("//"));
    let silent: Vec<String> = silent.map(|example| example.path).collect();
    none(&silent, "begin each example with a comment that says what it shows");
}

#[test]
fn the_book_lists_every_example() {
    let list = read("docs/book/src/examples.md");
    let name = |path: &str| path.trim_start_matches("examples/").to_string();
    let listed = |name: &String| list.contains(&format!("`{name}`")) || name.starts_with("gradbench/");
    let missing: Vec<String> =
        files("examples", "nd").iter().map(|example| name(&example.path)).filter(|name| !listed(name)).collect();
    none(&missing, "docs/book/src/examples.md says what each example shows");
}

/// All error codes that the sources make, without those of unit tests.
fn codes() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    for source in files("src", "rs") {
        for (_, line) in source.code() {
            let strings = line.split('"').skip(1).step_by(2);
            let is_code =
                |text: &&str| text.len() == 5 && text.starts_with('E') && text[1..].chars().all(|c| c.is_ascii_digit());
            codes.extend(strings.filter(is_code).map(str::to_string));
        }
    }
    codes
}

#[test]
fn every_error_code_has_a_page() {
    let pages: BTreeSet<String> = files("src/diagnostics/pages", "md")
        .iter()
        .filter_map(|page| Some(page.path.rsplit('/').next()?.trim_end_matches(".md").to_string()))
        .collect();
    let missing: Vec<String> = codes().difference(&pages).cloned().collect();
    assert!(missing.is_empty(), "codes without a page in src/diagnostics/pages: {missing:?}");
}
