//! E02xx: types and shapes.

use super::names::called;
use crate::diagnostics::Diagnostic;
use crate::source::Span;

/// E0201: a value of one type where another is expected.
pub fn type_mismatch(expected: &str, found: &str, span: Span, why: &str, because: Option<Span>) -> Diagnostic {
    let error = Diagnostic::error("E0201", format!("expected {expected}, found {found}"), span)
        .saying(format!("this is {found}"));
    let error = match because {
        Some(because) => error.label(because, why),
        None => error.note(why),
    };
    error.help(format!("give a value of type {expected}"))
}

/// E0202: an operator that does not apply to these types.
pub fn operator_mismatch(
    operator: &str,
    left: (&str, Span),
    right: (&str, Span),
    span: Span,
    help: &str,
) -> Diagnostic {
    Diagnostic::error("E0202", format!("`{operator}` does not apply to {} and {}", left.0, right.0), span)
        .label(left.1, format!("this is {}", left.0))
        .label(right.1, format!("this is {}", right.0))
        .help(help)
}

/// E0203: an elementwise operation on two shapes.
pub fn shape_mismatch(operation: &str, left: (&str, Span), right: (&str, Span), span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0203",
        format!("`{operation}` needs equal shapes, but these are {} and {}", left.0, right.0),
        span,
    )
    .label(left.1, format!("this is {}", left.0))
    .label(right.1, format!("this is {}", right.0))
    .note("nd repeats scalars only; other shapes are never stretched in silence")
    .help("make both sides the same shape, or say with an index how one repeats: `[a[i, j] + b[j] for i, j]`")
}

/// E0204: a matrix product whose inner sizes differ.
pub fn product_mismatch(
    left: (&str, Span),
    right: (&str, Span),
    inner: (&str, &str),
    span: Span,
    help: String,
) -> Diagnostic {
    Diagnostic::error("E0204", "these two shapes cannot be multiplied", span)
        .saying(format!("{} on the left meet {} on the right", inner.0, inner.1))
        .label(left.1, format!("this is {}", left.0))
        .label(right.1, format!("this is {}", right.0))
        .help(help)
}

/// E0205: an argument that does not fit the signature.
pub fn argument_mismatch(
    function: &str,
    parameter: &str,
    expected: &str,
    found: &str,
    argument: Span,
    declaration: Span,
) -> Diagnostic {
    Diagnostic::error(
        "E0205",
        format!("{} takes {expected} as `{parameter}`, but this is {found}", called(function)),
        argument,
    )
    .saying(format!("this is {found}"))
    .label(declaration, format!("`{parameter}` is declared {expected}"))
    .help(format!("pass {expected}, or change the signature"))
}

/// E0206: rows of a list that differ.
pub fn ragged_list(first: (&str, Span), other: (&str, Span)) -> Diagnostic {
    Diagnostic::error(
        "E0206",
        format!("the entries of a list must be alike, but one is {} and another {}", first.0, other.0),
        other.1,
    )
    .saying(format!("this is {}", other.0))
    .label(first.1, format!("this is {}", first.0))
    .help("give every row the same number of entries")
}

/// E0207: a condition that is not a truth value.
pub fn condition_not_bool(found: &str, span: Span, help: &str) -> Diagnostic {
    Diagnostic::error("E0207", format!("a condition is true or false, but this is {found}"), span)
        .saying(format!("this is {found}"))
        .help(help)
}

/// E0208: branches of different types.
pub fn branch_mismatch(then: (&str, Span), otherwise: (&str, Span), span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0208",
        format!("both branches must have one type, but these are {} and {}", then.0, otherwise.0),
        span,
    )
    .label(then.1, format!("this is {}", then.0))
    .label(otherwise.1, format!("this is {}", otherwise.0))
    .help("make both branches the same type and shape")
}

/// E0209: a size beyond what can be held.
pub fn size_overflow(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error("E0209", format!("{what} is larger than ndc can hold"), span)
        .saying("too large")
        .help("use smaller sizes; a tensor may have up to 2^40 elements, and a size up to 2^32")
}

/// E0209: a tuple with too many parts.
pub fn tuple_overflow(span: Span, most: usize) -> Diagnostic {
    Diagnostic::error("E0209", format!("this tuple has more than {most} parts, counting those inside its parts"), span)
        .saying("too large")
        .help("put numbers that belong together into a tensor")
}

/// E0209: a call that unfolds into too many operations.
pub fn call_overflow(function: &str, span: Span, most: u64) -> Diagnostic {
    Diagnostic::error("E0209", format!("{} unfolds into more than {most} operations", called(function)), span)
        .saying("too large")
        .note("every call is unfolded when native code is made, with the calls inside it")
        .help("give a result that is used twice a name: `let y = f(x); y + y`")
}

/// E0210: a division of two integers.
pub fn integer_division(span: Span, left: Span, right: Span, texts: (&str, &str)) -> Diagnostic {
    Diagnostic::error("E0210", "`/` between two `int` values is not defined", span)
        .label(left, "this is int")
        .label(right, "this is int")
        .help(format!("write `real({0}) / {1}` for the quotient, or `div({0}, {1})` to round down", texts.0, texts.1))
}

/// E0211: `zeros()` and its like without a shape.
pub fn fill_without_shape(span: Span) -> Diagnostic {
    Diagnostic::error("E0211", "the shape to fill is not stated", span)
        .saying("fills an annotated shape")
        .help("state the type: `let z: [3, 4] = zeros()`")
}

/// E0212: too many subscripts.
pub fn too_many_subscripts(shape: &str, rank: usize, given: usize, span: Span, base: Span) -> Diagnostic {
    let help = match rank {
        0 => "a single number has no elements: leave out the brackets".to_string(),
        _ => format!("give at most {rank}"),
    };
    let (subscripts, axes) = (counted(given, "subscript", "subscripts"), counted(rank, "axis", "axes"));
    Diagnostic::error("E0212", format!("{subscripts} for a tensor with {axes}"), span)
        .saying(subscripts)
        .label(base, format!("this is {shape}"))
        .help(help)
}

/// E0213: a subscript outside its axis.
pub fn subscript_outside(position: i64, size: &str, span: Span, base: Span, shape: &str) -> Diagnostic {
    let valid = match size.parse::<i64>() {
        Ok(0) => "the axis is empty".to_string(),
        Ok(1) => "valid is 0".to_string(),
        Ok(size) => format!("valid are 0 to {}, or -1 for the last", size - 1),
        Err(_) => format!("valid are 0 to {size} - 1, or -1 for the last"),
    };
    Diagnostic::error("E0213", format!("position {position} is outside an axis of {size}"), span)
        .saying(valid)
        .label(base, format!("this is {shape}"))
        .help("positions count from 0")
}

/// E0213: a slice that leaves its axis, or ends before it starts.
pub fn slice_outside(start: i64, end: i64, size: i64, span: Span, base: Span, shape: &str) -> Diagnostic {
    let (message, saying) = match (0..=size).contains(&start) && (0..=size).contains(&end) {
        true => (format!("the slice from {start} to {end} ends before it starts"), format!("starts at {start}")),
        false => {
            let message = format!("the slice from {start} to {end} leaves an axis of {size}");
            (message, format!("valid ends are 0 to {size}"))
        }
    };
    Diagnostic::error("E0213", message, span)
        .saying(saying)
        .label(base, format!("this is {shape}"))
        .help("`x[a..b]` takes the positions a, a + 1, … up to b - 1; negative ends count from the end of the axis")
}

/// A count with its noun.
fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// E0214: a subscript that is not an integer.
pub fn subscript_type(found: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0214", format!("a subscript is an `int`, but this is {found}"), span)
        .saying(format!("this is {found}"))
        .help("convert it with `int(…)`, which rounds toward zero")
}

/// E0215: a size that is not a whole number known before the run.
pub fn bad_size(problem: &str, span: Span, help: &str) -> Diagnostic {
    Diagnostic::error("E0215", problem.to_string(), span).saying("this size").help(help)
}

/// E0216: a body that does not have the declared result type.
pub fn result_mismatch(function: &str, declared: &str, found: &str, body: Span, declaration: Span) -> Diagnostic {
    Diagnostic::error("E0216", format!("{} promises {declared}, but its body gives {found}", called(function)), body)
        .saying(format!("this is {found}"))
        .label(declaration, format!("{declared} is promised here"))
        .help("change the body or the promised type")
}

/// E0217: a part that a value does not have.
pub fn no_such_part(what: &str, found: &str, span: Span, help: &str) -> Diagnostic {
    Diagnostic::error("E0217", format!("{found} has no {what}"), span).saying("not there").help(help)
}

/// E0218: an operation that needs another number of axes.
pub fn wrong_rank(operation: &str, needs: &str, found: &str, span: Span, help: &str) -> Diagnostic {
    Diagnostic::error("E0218", format!("{operation} needs {needs}, but this is {found}"), span)
        .saying(format!("this is {found}"))
        .help(help)
}

/// E0219: an integer literal that does not fit.
pub fn integer_too_large(span: Span) -> Diagnostic {
    Diagnostic::error("E0219", "this whole number does not fit an `int` of 64 bits", span)
        .saying("too large")
        .help("the largest is 9223372036854775807; write it with a point for a real: `1e20`")
}

/// E0220: a pattern that does not fit the value.
pub fn pattern_mismatch(found: &str, names: usize, span: Span, value: Span) -> Diagnostic {
    Diagnostic::error("E0220", format!("the pattern has {names} parts, but the value is {found}"), span)
        .saying(format!("{names} parts"))
        .label(value, format!("this is {found}"))
        .help("bind as many names as the value has parts")
}

/// E0221: a function where a value is needed, or the reverse.
pub fn unexpected_kind(found: &str, span: Span, help: &str) -> Diagnostic {
    Diagnostic::error("E0221", format!("a number or tensor is needed here, but this is {found}"), span)
        .saying(format!("this is {found}"))
        .help(help)
}
