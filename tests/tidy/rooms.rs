//! Which room may know which, and what only one room may do.

use super::sources::{files, none};

/// Each room and the rooms it may import; itself always.
///
/// Below `train`, imports go upwards in this table only, so there are no circles. `session`, `train` and `report` know
/// one another: they are one layer in three folders.
const ROOMS: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("runtime", &[]),
    ("diagnostics", &["source"]),
    ("syntax", &["source", "diagnostics"]),
    ("ir", &["source", "runtime"]),
    ("ops", &["ir", "runtime"]),
    ("eval", &["source", "ir", "ops", "runtime"]),
    ("autodiff", &["ir", "ops"]),
    ("optimize", &["ir", "ops", "eval"]),
    ("native", &["source", "ir", "ops", "runtime"]),
    ("schedule", &["source", "ir", "native", "runtime"]),
    ("codegen", &["source", "ir", "native", "schedule", "runtime"]),
    ("check", &["source", "diagnostics", "syntax", "ir", "ops", "runtime"]),
    ("library", &["source"]),
    ("imports", &["source", "diagnostics", "syntax", "check", "library"]),
    ("cache", &[]),
    ("overrides", &["source", "diagnostics", "syntax"]),
    ("data", &["source", "diagnostics", "check", "runtime"]),
    ("checkpoint", &["ir", "data"]),
    ("lower", &["source", "check", "ir", "ops", "autodiff", "optimize"]),
    ("report", &["check", "ir", "session"]),
    ("chart", &["runtime", "report"]),
    ("page", &["source", "syntax", "check", "ir", "report", "chart", "session"]),
    (
        "session",
        &[
            "source",
            "diagnostics",
            "check",
            "lower",
            "ir",
            "optimize",
            "schedule",
            "codegen",
            "runtime",
            "train",
            "report",
            "chart",
            "cache",
            "checkpoint",
        ],
    ),
    (
        "train",
        &["checkpoint", "source", "diagnostics", "check", "lower", "ir", "eval", "codegen", "runtime", "session"],
    ),
    (
        "driver",
        &[
            "source",
            "diagnostics",
            "syntax",
            "check",
            "lower",
            "ir",
            "optimize",
            "schedule",
            "codegen",
            "session",
            "library",
            "imports",
            "overrides",
        ],
    ),
    ("survey", &["check", "syntax", "report"]),
    (
        "trained",
        &[
            "source",
            "diagnostics",
            "syntax",
            "check",
            "lower",
            "ir",
            "data",
            "checkpoint",
            "overrides",
            "session",
            "train",
            "report",
            "driver",
        ],
    ),
    ("picture", &["source", "ir", "autodiff", "report"]),
    ("subject", &["source", "diagnostics", "syntax", "check", "ir", "lower", "session", "driver"]),
    ("transcribe", &["source", "ir", "ops"]),
    (
        "adjoint",
        &[
            "source",
            "diagnostics",
            "check",
            "lower",
            "ir",
            "eval",
            "runtime",
            "report",
            "session",
            "driver",
            "subject",
            "transcribe",
        ],
    ),
    (
        "gradcheck",
        &[
            "source",
            "diagnostics",
            "syntax",
            "check",
            "lower",
            "ir",
            "ops",
            "eval",
            "autodiff",
            "optimize",
            "codegen",
            "runtime",
            "session",
            "report",
            "driver",
            "subject",
        ],
    ),
    (
        "profile",
        &[
            "source",
            "diagnostics",
            "syntax",
            "check",
            "lower",
            "ir",
            "optimize",
            "schedule",
            "codegen",
            "runtime",
            "session",
            "train",
            "report",
            "picture",
            "subject",
        ],
    ),
    (
        "doc",
        &["source", "library", "diagnostics", "syntax", "check", "ir", "ops", "eval", "autodiff", "optimize", "report"],
    ),
    (
        "embed",
        &[
            "source",
            "diagnostics",
            "check",
            "checkpoint",
            "data",
            "driver",
            "imports",
            "overrides",
            "ir",
            "ops",
            "lower",
            "autodiff",
            "optimize",
            "codegen",
            "runtime",
            "session",
            "train",
        ],
    ),
    (
        "build",
        &[
            "source",
            "diagnostics",
            "syntax",
            "driver",
            "ir",
            "native",
            "optimize",
            "schedule",
            "codegen",
            "session",
            "embed",
        ],
    ),
    (
        "cli",
        &[
            "build",
            "embed",
            "source",
            "diagnostics",
            "check",
            "checkpoint",
            "ir",
            "data",
            "doc",
            "driver",
            "trained",
            "overrides",
            "session",
            "report",
            "subject",
            "survey",
            "picture",
            "profile",
            "chart",
            "page",
            "adjoint",
            "gradcheck",
            "cache",
            "codegen",
            "runtime",
        ],
    ),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// The rooms that a line names by their full path.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let after = line.split("crate::").skip(1).chain(line.split("ndc::").skip(1));
    after.map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
}

#[test]
fn rooms_import_what_the_table_allows() {
    let mut found = Vec::new();
    for source in files("src", "rs") {
        let room = source.room();
        let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            found.push(format!("{}: the room `{room}` is not in the table", source.path));
            continue;
        };
        for (number, line) in source.code() {
            // A path that begins a group cannot be read line by line.
            let foreign = |name: &&str| *name != room && !allowed.contains(name);
            for name in named(line).filter(foreign) {
                let name = if name.is_empty() { "several rooms in one `use`" } else { name };
                found.push(format!("{}:{number}: `{room}` must not know `{name}`", source.path));
            }
        }
    }
    none(&found, "a room knows only what the table allows");
}

#[test]
fn the_table_lists_rooms_that_exist() {
    let sources = files("src", "rs");
    let gone = ROOMS.iter().filter(|(room, _)| !sources.iter().any(|source| source.room() == *room));
    let gone: Vec<String> = gone.map(|(room, _)| room.to_string()).collect();
    none(&gone, "these rooms are no more");
}

/// What is allowed in some rooms only: the rooms, the words, and what they do.
const RESERVED: &[(&[&str], &[&str], &str)] = &[
    (&["codegen"], &["cranelift"], "name cranelift"),
    // Build scripts talk to cargo by what they print.
    (
        &["cli", "build"],
        &["println!", "print!", "eprintln!", "eprint!", "io::stdout", "io::stderr", "clap::Parser"],
        "print",
    ),
    (
        &["cli", "data", "driver", "imports", "cache", "checkpoint", "build"],
        &["std::fs", "fs::read", "File::open", "File::create"],
        "touch files",
    ),
    (
        &["codegen", "native", "runtime"],
        &["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "allow(unsafe_code"],
        "be unsafe",
    ),
    (&["syntax"], &["logos::", "lalrpop_util"], "read text with logos and lalrpop"),
    (&["diagnostics"], &["annotate_snippets"], "draw excerpts"),
    (&["syntax"], &["pretty::"], "lay out text with pretty"),
    (&["doc"], &["pulldown_cmark"], "read Markdown"),
    (
        &["cli", "build"],
        &["process::exit", "process::abort", "process::Command", "indicatif"],
        "end the process or draw bars",
    ),
];

#[test]
fn some_things_happen_in_one_room_only() {
    let mut found = Vec::new();
    for source in files("src", "rs").iter().filter(|source| source.room() != "main") {
        for (rooms, words, what) in RESERVED.iter().filter(|(rooms, ..)| !rooms.contains(&source.room())) {
            for (number, line) in source.code().filter(|(_, line)| words.iter().any(|word| line.contains(word))) {
                found.push(format!("{}:{number}: only {rooms:?} may {what}: {}", source.path, line.trim()));
            }
        }
    }
    none(&found, "some things happen in one room only");
}
