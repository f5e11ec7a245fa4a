//! E06xx: random draws.

use crate::diagnostics::Diagnostic;
use crate::source::Span;

/// E0630: a draw without a key outside training.
pub fn no_key(draw: Span, place: Span) -> Diagnostic {
    let error = Diagnostic::error("E0630", "a random draw needs a key here", draw).saying("drawn without a key");
    let error = if draw == place || draw.source == place.source && place.start <= draw.start && draw.end <= place.end {
        error
    } else {
        error.label(place, "outside a `train`, nothing says which number is meant")
    };
    error.help("give it a whole number: `key = 7`; equal keys give equal numbers")
}

/// E0631: a key that is no `int`.
pub fn bad_key(found: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0631", format!("a key is one `int`, but this is {found}"), span)
        .saying("not a key")
        .help("write a whole number, or make a key from others: `random.fold_in(key, i)`")
}
