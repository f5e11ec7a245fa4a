//! E02xx: function values: what a signature demands of them, and where they must be known.

use super::names::called;
use crate::diagnostics::Diagnostic;
use crate::source::Span;

/// E0228: a function argument that does not do what the signature declares.
pub fn function_mismatch(
    function: &str,
    parameter: &str,
    declared: &str,
    problem: &str,
    argument: Span,
    declaration: Span,
) -> Diagnostic {
    let message = format!("{} takes {declared} as `{parameter}`, and this function is none", called(function));
    Diagnostic::error("E0228", message, argument)
        .saying(problem)
        .label(declaration, format!("`{parameter}` is declared here"))
        .help(format!("pass a function that takes and gives what {declared} says"))
}

/// E0229: a choice between functions by a condition that only the run tells.
pub fn function_by_condition(condition: Span, then: Span, otherwise: Span) -> Diagnostic {
    Diagnostic::error("E0229", "which of these functions it is must be known before the run", condition)
        .saying("known only when running")
        .label(then, "one function")
        .label(otherwise, "another function")
        .note("functions are resolved when the program is compiled; sizes, constants and literals are known then")
        .help("choose between their results: `if c { f(x) } else { g(x) }`")
}
