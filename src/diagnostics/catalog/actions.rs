//! E06xx: actions and their settings.

use crate::diagnostics::{Diagnostic, nearest};
use crate::source::Span;

/// E0601: a setting that the block does not have.
pub fn unknown_setting(action: &str, name: &str, span: Span, known: &[&str]) -> Diagnostic {
    let error =
        Diagnostic::error("E0601", format!("`{action}` has no setting `{name}`"), span).saying("unknown setting");
    match nearest(name, known.iter().copied()) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None => error.help(format!("its settings are {}", known.join(", "))),
    }
}

/// E0602: a setting that is needed and not there.
pub fn missing_setting(action: &str, name: &str, span: Span, example: &str) -> Diagnostic {
    Diagnostic::error("E0602", format!("this `{action}` has no `{name}`"), span)
        .saying("here")
        .help(format!("add it: `{example}`"))
}

/// E0603: a setting with a value that it cannot take.
pub fn bad_setting(name: &str, problem: &str, span: Span, help: &str) -> Diagnostic {
    Diagnostic::error("E0603", format!("`{name}` {problem}"), span).saying("this value").help(help)
}

/// E0604: a run without an end.
pub fn endless_run(span: Span) -> Diagnostic {
    Diagnostic::error("E0604", "nothing says when this training ends", span)
        .saying("no `epochs`, `steps` or `stop`")
        .help("add `epochs = 100`")
}

/// E0605: a loss that is not one real number.
pub fn loss_not_scalar(what: &str, found: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0605", format!("the {what} of one example is one number, but this is {found}"), span)
        .saying(format!("this is {found}"))
        .help("sum or average its entries: `sum((prediction - y)^2)`")
}

/// E0606: a loss without anything to train.
pub fn nothing_to_train(span: Span) -> Diagnostic {
    Diagnostic::error("E0606", "this loss reads no parameter, so there is nothing to train", span)
        .saying("no `param` is used here")
        .help("declare what should be learnt: `param w: [2] = zeros()`")
}

/// E0607: a setting given twice.
pub fn duplicate_setting(name: &str, second: Span, first: Span) -> Diagnostic {
    Diagnostic::error("E0607", format!("`{name}` is set twice"), second)
        .saying("again here")
        .label(first, "first here")
        .help("keep one of them")
}

/// E0608: an update rule that does not exist.
pub fn unknown_optimizer(name: &str, span: Span, known: &[&str]) -> Diagnostic {
    let error = Diagnostic::error("E0608", format!("there is no optimizer called `{name}`"), span).saying("not found");
    match nearest(name, known.iter().copied()) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None => error.help(format!("known are {}", known.join(", "))),
    }
}

/// E0609: an assertion that is not a condition.
pub fn assert_not_condition(found: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0609", format!("`assert` needs a condition, but this is {found}"), span)
        .saying(format!("this is {found}"))
        .help("compare it with something: `assert a == b`")
}

/// E0610: an action that cannot stand where it does.
pub fn misplaced_item(what: &str, place: &str, span: Span, help: &str) -> Diagnostic {
    Diagnostic::error("E0610", format!("{what} cannot stand {place}"), span).saying("not here").help(help)
}

/// E0611: an initial value that a parameter cannot start from.
pub fn bad_initial(problem: &str, span: Span, help: &str) -> Diagnostic {
    Diagnostic::error("E0611", problem.to_string(), span).saying("this initial value").help(help)
}

/// E0620: a function that is no update rule.
pub fn not_a_rule(name: &str, problem: &str, span: Span, definition: Span) -> Diagnostic {
    Diagnostic::error("E0620", format!("the update rule `{name}` {problem}"), span)
        .saying("as `optimizer` here")
        .label(definition, "its definition")
        .help("write it as `fn rule(parameter, gradient, state = zeros(), lr) = (parameter - lr * gradient, state)`")
}
