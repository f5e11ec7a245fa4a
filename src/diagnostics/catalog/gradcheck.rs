//! E0420, E0421 and our own faults: what `ndc gradcheck` finds.

use crate::diagnostics::{Diagnostic, nearest};
use crate::source::Span;

/// Slopes of the same thing by two ways, as text.
pub struct Slopes {
    /// By differences.
    pub by_differences: String,
    /// By the derivative.
    pub by_derivative: String,
}

impl Slopes {
    fn text(&self) -> String {
        format!("here the slope is {} by differences and {} by the derivative", self.by_differences, self.by_derivative)
    }
}

/// E0420: a `derivative` that is not the slope of its function at some number.
pub fn not_the_slope(function: &str, at: &str, slopes: &Slopes, derivative: Span, body: Span) -> Diagnostic {
    Diagnostic::error("E0420", format!("`derivative {function}` is not the slope of `{function}`"), derivative)
        .saying(format!("at {at} {}", slopes.text()))
        .label(body, "the function itself")
        .help(format!(
            "correct the formula, or, if it differs on purpose as a surrogate does, accept it: `--allow {function}`"
        ))
}

/// E0420: the same of a function of another file.
pub fn not_the_slope_elsewhere(at: &str, slopes: &Slopes, body: Span) -> Diagnostic {
    Diagnostic::error("E0420", "the `derivative` of this function is not its slope", body)
        .saying(format!("at {at} {}", slopes.text()))
        .help("correct the formula in that file, or check the file by itself and accept it there with `--allow`")
}

/// E0421: a name in `--allow` that has no derivative of its own.
pub fn nothing_to_allow<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let error = Diagnostic::without_place("E0421", format!("the file states no `derivative {name}` to be accepted"));
    match nearest(name, known) {
        Some(near) => error.help(format!("did you mean `--allow {near}`?")),
        None => error.help("`--allow` names a function that a `derivative` of the same file is for"),
    }
}

/// E0999: an operation whose derivative is not its slope.
pub fn wrong_operation(operation: &str, at: &str, slopes: &Slopes, span: Option<Span>) -> Diagnostic {
    let message = format!("ndc made a mistake: the derivative of `{operation}`{at} is wrong");
    let error = match span {
        Some(span) => Diagnostic::error("E0999", message, span).saying(slopes.text()),
        None => Diagnostic::without_place("E0999", message).note(slopes.text()),
    };
    error.help("please report this with the file that shows it")
}

/// E0999: methods that disagree although every operation alone is right.
pub fn methods_disagree(subject: &str, methods: &str, span: Option<Span>) -> Diagnostic {
    let message = format!("ndc made a mistake: the derivatives of {subject} by two methods are apart");
    let error = match span {
        Some(span) => Diagnostic::error("E0999", message, span).saying("checked here"),
        None => Diagnostic::without_place("E0999", message),
    };
    error.note(methods).help("please report this with the file that shows it")
}
