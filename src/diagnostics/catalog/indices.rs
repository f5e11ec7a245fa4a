//! E03xx: index notation.

use crate::diagnostics::Diagnostic;
use crate::source::Span;

/// E0301: an index whose range nothing tells.
pub fn index_without_range(name: &str, index: Span) -> Diagnostic {
    Diagnostic::error("E0301", format!("the range of the index `{name}` is not known"), index)
        .saying(format!("no subscript is just `{name}`"))
        .note("a range is found from subscripts that are the index alone, such as `x[i]`; `x[i + 1]` does not tell it")
        .fix("state the range", index, format!("{name} in 0..n"))
}

/// E0302: two subscripts that give an index different ranges.
pub fn ranges_disagree(name: &str, index: Span, first: (&str, &str, Span), other: (&str, &str, Span)) -> Diagnostic {
    Diagnostic::error("E0302", format!("`{name}` runs over an axis of {} and one of {}", first.1, other.1), other.2)
        .saying(format!("this axis of `{}` has {}", other.0, other.1))
        .label(first.2, format!("this axis of `{}` has {}", first.0, first.1))
        .label(index, format!("the range of `{name}` is found from its subscripts"))
        .help(format!("make the sizes equal, or state the range: `{name} in 0..n`"))
}

/// E0303: a subscript that leaves its axis for some values of its indices.
pub fn position_outside(
    subscript: (&str, Span),
    reached: (&str, &str),
    size: &str,
    base: (&str, Span),
    help: &str,
) -> Diagnostic {
    let (first, last) = reached;
    let reached = if first == last { first.to_string() } else { format!("{first} to {last}") };
    Diagnostic::error("E0303", format!("`{}` leaves an axis of {size}", subscript.0), subscript.1)
        .saying(format!("takes the values {reached}"))
        .label(base.1, format!("this is {}", base.0))
        .help(help)
}

/// E0303: a subscript under a condition that leaves its axis where the condition holds.
pub fn guarded_position_outside(
    subscript: (&str, Span),
    case: &str,
    value: i64,
    size: i64,
    base: (&str, Span),
) -> Diagnostic {
    Diagnostic::error("E0303", format!("`{}` leaves an axis of {size} where it is read", subscript.0), subscript.1)
        .saying(format!("{value} at {case}"))
        .label(base.1, format!("this is {}", base.0))
        .help("let the condition leave out what is outside, or give a value for it: `(x[i - 1] else 0)`")
}

/// E0304: a range that is no pair of sizes.
pub fn bad_range(problem: &str, span: Span, saying: &str, help: &str) -> Diagnostic {
    Diagnostic::error("E0304", problem.to_string(), span).saying(saying).help(help)
}

/// E0305: a filter in a comprehension.
pub fn filter_in_comprehension(filter: Span) -> Diagnostic {
    Diagnostic::error("E0305", "a tensor cannot leave out some of its elements", filter)
        .saying("how many pass is known only when running")
        .help("only reducers take a filter: `sum(x[i] for i if c)`; here choose a value: `[if c { x[i] } else { 0 } for i]`")
}

/// E0306: something other than a reducer before `for`.
pub fn not_a_reducer(text: &str, span: Span, own: bool) -> Diagnostic {
    let saying = if own { "defined in this file" } else { "not a reducer" };
    Diagnostic::error("E0306", format!("`{text}` does not fold the elements of an index"), span)
        .saying(saying)
        .note("the reducers are sum, prod, max, min, mean, any, all, argmax, argmin, logsumexp and count")
        .help(format!("make the tensor first: `{text}([… for i])`"))
}

/// E0307: `else` after something other than an element.
pub fn else_without_subscript(span: Span) -> Diagnostic {
    Diagnostic::error("E0307", "`else` gives the value of an element that is not there", span)
        .saying("not an element")
        .help("write the subscript directly before it, `(x[i - 1] else 0)`, or use `if`")
}

/// E0308: an axis read by several indices whose sizes do not fit it.
pub fn axis_not_divided(problem: &str, span: Span, axis: (&str, Span), help: &str) -> Diagnostic {
    Diagnostic::error("E0308", problem.to_string(), span)
        .saying("reads one axis by several indices")
        .label(axis.1, format!("this axis has {}", axis.0))
        .help(help)
}
