//! E07xx: numeric trouble while running.

use crate::diagnostics::Diagnostic;
use crate::source::Span;

/// E0702: a computed subscript outside its axis.
pub fn position_outside(span: Option<Span>) -> Diagnostic {
    placed("E0702", "a computed position is outside its axis", span, "computed when running")
        .help("keep positions between 0 and the size of the axis")
}

/// E0703: an integer result beyond 64 bits.
pub fn integer_overflow(span: Option<Span>) -> Diagnostic {
    placed("E0703", "an `int` result does not fit 64 bits", span, "overflows").help("compute with reals: `real(n)`")
}

/// E0704: a claim that does not hold.
pub fn assertion_failed(span: Span, facts: Vec<String>) -> Diagnostic {
    let error = Diagnostic::error("E0704", "this assertion does not hold", span).saying("false");
    facts.into_iter().fold(error, Diagnostic::note).help("the program or the claim is wrong: compare the values above")
}

/// E0705: an integer division by zero.
pub fn integer_zero_division(span: Option<Span>) -> Diagnostic {
    placed("E0705", "an `int` is divided by zero, or its quotient does not fit 64 bits", span, "divides here")
        .help("exclude zero before dividing")
}

/// E0706: a loop whose condition still holds after the most steps.
pub fn loop_goes_on(span: Option<Span>, steps: usize) -> Diagnostic {
    placed("E0706", &format!("this loop still goes on after {steps} steps"), span, "its condition is still true")
        .help("raise `max`, or change the condition so that it becomes false; `solve_root` and `solve_min` may need another start")
}

/// What is known about the first operation whose value is not finite.
pub struct FirstBadValue {
    /// The operation's place.
    pub span: Option<Span>,
    /// What happened there.
    pub text: String,
}

/// E0701: a loss that is not finite.
pub fn loss_not_finite(
    loss: Span,
    value: f64,
    epoch: u64,
    step: u64,
    first: Option<FirstBadValue>,
    kept: String,
    advice: String,
) -> Diagnostic {
    let name = if value.is_nan() { "NaN" } else { "infinite" };
    let error = match &first {
        Some(FirstBadValue { span: Some(span), text }) => {
            let error =
                Diagnostic::error("E0701", format!("the loss became {name} at epoch {epoch}, step {step}"), *span)
                    .saying(text.clone());
            if *span == loss { error } else { error.label(loss, "the loss") }
        }
        _ => Diagnostic::error("E0701", format!("the loss became {name} at epoch {epoch}, step {step}"), loss)
            .saying("the loss"),
    };
    error.note(kept).help(advice)
}

fn placed(code: &'static str, message: &str, span: Option<Span>, saying: &str) -> Diagnostic {
    match span {
        Some(span) => Diagnostic::error(code, message, span).saying(saying),
        None => Diagnostic::without_place(code, message),
    }
}
