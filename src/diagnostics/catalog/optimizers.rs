//! E062x: update rules and what adjusts them.

use crate::diagnostics::{Diagnostic, nearest};
use crate::source::Span;

/// E0620: a function that is no update rule.
pub fn not_a_rule(name: &str, problem: &str, span: Span, definition: Span) -> Diagnostic {
    Diagnostic::error("E0620", format!("the update rule `{name}` {problem}"), span)
        .saying("as `optimizer` here")
        .label(definition, "its definition")
        .help("write it as `fn rule(parameter, gradient, state = zeros(), lr) = (parameter - lr * gradient, state)`")
}

/// E0621: a schedule that does not exist.
pub fn unknown_schedule(name: &str, span: Span, known: &[&str]) -> Diagnostic {
    let error = Diagnostic::error("E0621", format!("there is no schedule called `{name}`"), span).saying("not found");
    match nearest(name, known.iter().copied()) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None => error.help(format!("known are {}; an expression of `step` and `epoch` is one too", known.join(", "))),
    }
}

/// E0622: a group of parameters that are not there, or that the block does not train.
pub fn unknown_group(path: &str, span: Span, known: &[String]) -> Diagnostic {
    let error = Diagnostic::error("E0622", format!("this training changes no parameter under `{path}`"), span)
        .saying("not among those that the loss reads");
    match nearest(path, known.iter().map(String::as_str)) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None => error.help("`ndc summary` lists the paths of all parameters"),
    }
}

/// E0623: a parameter in two groups.
pub fn grouped_twice(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0623", format!("the parameter `{name}` is in two groups"), span)
        .saying("already in a group")
        .help("name narrower paths, so that each parameter is in one group at most")
}

/// E0624: a schedule over the whole run where nothing says how long that is.
pub fn endless_schedule(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0624", format!("the schedule `{name}` needs to know how many steps there will be"), span)
        .saying("depends on the length of the run")
        .help("add `epochs = 100` or `steps = 10000`")
}

/// E0625: L-BFGS on a part of the examples at a time.
pub fn needs_all_examples(batch: usize, rows: usize, is_stated: bool, span: Span) -> Diagnostic {
    let error = Diagnostic::error("E0625", "`lbfgs` needs all examples in every step", span);
    let help = "write `batch = all`";
    match is_stated {
        true => error.saying(format!("{batch} of {rows} examples")).help(help),
        false => error.saying(format!("sees {batch} of {rows} examples where no `batch` is stated")).help(help),
    }
}

/// E0626: a setting of update rules beside L-BFGS.
pub fn not_with_lbfgs(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0626", format!("`lbfgs` works without `{name}`"), span)
        .saying("only for rules that take one step along a gradient")
        .help("leave it out: a line search finds the length of each step; a penalty belongs in the loss")
}
