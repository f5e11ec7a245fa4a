//! E052x: files of data in formats beside text, and what a program says of its sources.

use crate::diagnostics::Diagnostic;
use crate::source::Span;

/// E0520: a binary file that is not as its format asks for. The problem is a sentence about the bytes from `at` on.
pub fn broken_file(path: &str, format: &str, at: usize, problem: &str, span: Span) -> Diagnostic {
    let format = if format == "safetensors" { format.to_string() } else { format.to_uppercase() };
    Diagnostic::error("E0520", format!("`{path}` cannot be read as {format}: {problem} (byte {at})"), span)
        .saying("this file")
        .help("write the file again with the program that made it")
}

/// E0520: a compressed file that is damaged.
pub fn damaged_compression(path: &str, problem: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0520", format!("`{path}` cannot be unpacked: {problem}"), span)
        .saying("this file")
        .help("get the file again, or compress it again with gzip")
}

/// E0521: a file or array of something else than numbers, which `what` names.
pub fn no_numbers(name: &str, what: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0521", format!("`{name}` holds {what}, which are not numbers that nd can read"), span)
        .saying("used as numbers here")
        .help("store it as integers, truth values, or real numbers of 16, 32 or 64 bits")
}

/// E0522: an integer that no real number is equal to.
pub fn inexact_integer(column: &str, row: usize, value: &str, used: Span) -> Diagnostic {
    Diagnostic::error(
        "E0522",
        format!("`{column}` holds {value} in row {row}, which no 64-bit real number equals"),
        used,
    )
    .saying("used as numbers here")
    .help("integers up to 9007199254740992 are exact; store larger ones as smaller codes, or as real numbers")
}

/// E0523: an argument of a data source that is not a constant as it should be.
pub fn bad_option(problem: &str, span: Span, help: &str) -> Diagnostic {
    Diagnostic::error("E0523", problem.to_string(), span).saying("here").help(help)
}

/// E0524: a column that has no elements.
pub fn empty_column(file: &str, column: &str, shape: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0524", format!("column `{column}` of `{file}` has no elements: its shape is {shape}"), span)
        .saying("used here")
        .help("write the file again with at least one row")
}

/// E0508: the columns of one file have different numbers of rows.
pub fn arrays_differ(file: &str, first: (&str, usize), other: (&str, usize), span: Span) -> Diagnostic {
    let problem = format!("`{}` has {} rows, but `{}` of the same file has {}", other.0, other.1, first.0, first.1);
    Diagnostic::error("E0508", problem, span)
        .saying(format!("columns of `{file}`"))
        .help(format!("make the columns of arrays that belong together: `{{ {0} = {0} }}`", first.0))
}
