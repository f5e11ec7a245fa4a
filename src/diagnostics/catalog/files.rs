//! E08xx: source files.

use crate::diagnostics::Diagnostic;
use crate::source::Span;

/// E0801: a source file that cannot be read.
pub fn cannot_read(path: &str, error: &std::io::Error) -> Diagnostic {
    let reason = match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_string(),
        std::io::ErrorKind::PermissionDenied => "reading it is not permitted".to_string(),
        std::io::ErrorKind::IsADirectory => "it is a folder".to_string(),
        _ => error.to_string(),
    };
    Diagnostic::without_place("E0801", format!("cannot read `{path}`: {reason}")).help("check the path")
}

/// E0805: an imported file that cannot be read.
pub fn cannot_import(path: &str, span: Span, reason: &str) -> Diagnostic {
    Diagnostic::error("E0805", format!("cannot import `{path}`"), span)
        .saying("imported here")
        .note(reason)
        .help("paths start from the folder of the importing file, then from the folder that holds `nd.toml`")
}

/// E0802: a source file that is not text.
pub fn not_text(path: &str) -> Diagnostic {
    Diagnostic::without_place("E0802", format!("`{path}` is not a text file in UTF-8"))
        .help("nd programs are plain text in files that end in .nd")
}

/// E0803: nothing to test.
pub fn nothing_found(path: &str) -> Diagnostic {
    Diagnostic::without_place("E0803", format!("`{path}` holds no .nd files"))
        .help("name a file, or a folder with .nd files in it")
}

/// E0804: a file that cannot be written.
pub fn cannot_write(path: &str, error: &std::io::Error) -> Diagnostic {
    let reason = match error.kind() {
        std::io::ErrorKind::PermissionDenied => "writing it is not permitted".to_string(),
        _ => error.to_string(),
    };
    Diagnostic::without_place("E0804", format!("cannot write `{path}`: {reason}"))
        .help("check that the file and its folder may be written")
}

/// E0804: what is to be written would take the place of a file that the program is made of or reads.
pub fn would_replace(path: &str) -> Diagnostic {
    Diagnostic::without_place("E0804", format!("`{path}` would be replaced, but the program reads it"))
        .help("choose another name for what is written")
}

/// E0999: the formatter's result is not the same program.
pub fn formatting_fault() -> Diagnostic {
    Diagnostic::without_place("E0999", "ndc made a mistake: the formatted text would not be the same program")
        .help("the file is left as it is; please report this with the file")
}
