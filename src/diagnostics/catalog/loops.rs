//! E02xx: loops, their states, sequences and steps.

use crate::diagnostics::Diagnostic;
use crate::source::Span;

/// E0225: an argument of a loop that is not what the loop needs there.
pub fn loop_argument(name: &str, needs: &str, found: &str, span: Span, help: &str) -> Diagnostic {
    Diagnostic::error("E0225", format!("`{name}` needs {needs} here, but this is {found}"), span)
        .saying(format!("this is {found}"))
        .help(help)
}

/// E0226: a state that is not of one type from step to step.
pub fn state_mismatch(name: &str, state: &str, next: &str, body: Span, initial: Span) -> Diagnostic {
    Diagnostic::error("E0226", format!("the state of this `{name}` is {state}, but a step makes {next} of it"), body)
        .saying(format!("a step gives {next}"))
        .label(initial, format!("the state starts as {state}"))
        .note("a state has one type and shape from the first step to the last")
        .help("start from a value of the type that a step gives, or change the step")
}

/// E0227: sequences of different lengths.
pub fn length_mismatch(name: &str, first: (&str, Span), other: (&str, Span)) -> Diagnostic {
    let message =
        format!("`{name}` goes through these together, but one has {} rows and the other {}", first.0, other.0);
    let error = Diagnostic::error("E0227", message, other.1).saying(format!("{} rows", other.0));
    let error = if first.1 == other.1 { error } else { error.label(first.1, format!("{} rows", first.0)) };
    error.help("give sequences with one leading size: take a slice of the longer one")
}

/// E0209: loops inside one another whose states settle on no type in good time.
pub fn too_many_rounds(span: Span, most: u32) -> Diagnostic {
    Diagnostic::error("E0209", "the types of the states in these loops take too long to work out", span)
        .saying("too many loops inside one another")
        .note(format!("the bodies of loops were checked {most} times"))
        .help("state the types: `let start: [3] = zeros()`, and write reals with a point: `0.0`")
}
