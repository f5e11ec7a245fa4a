//! E0643 and E0644: new projects.

use crate::diagnostics::Diagnostic;

/// E0643: a name that is not good for a project.
pub fn bad_name(name: &str) -> Diagnostic {
    Diagnostic::without_place("E0643", format!("`{name}` is no name for a project"))
        .note("a name begins with a letter, and has letters, digits, `_` and `-` of ASCII, at most 64 of them")
        .help("for example `ndc new flowers`")
}

/// E0644: a folder for a project that holds something.
pub fn not_empty(folder: &str, is_file: bool) -> Diagnostic {
    let problem = if is_file { "is a file" } else { "is a folder with something in it" };
    Diagnostic::without_place("E0644", format!("`{folder}` {problem}")).help("choose another name; nothing was changed")
}
