//! E0640 to E0642: values of the command line, `--set name=value`.

use crate::diagnostics::Diagnostic;
use crate::source::Span;

/// E0640: a name that stands for no constant and no setting of the file.
pub fn unknown(name: &str, near: Option<&str>, known: &[String], span: Span) -> Diagnostic {
    let error = Diagnostic::error("E0640", format!("this file states no value for `{name}`"), span).saying("not found");
    match (near, known) {
        (Some(near), _) => error.fix(format!("did you mean `{near}`?"), span, near),
        (None, []) => error.help("state a constant in the file: `const lr = 0.1`"),
        (None, known) => error.help(format!("what can be set is {}", known.join(", "))),
    }
}

/// E0641: a value that is not one expression.
pub fn not_one_value(span: Span) -> Diagnostic {
    Diagnostic::error("E0641", "a value is one expression, as after the `=` in a file", span)
        .saying("this is more")
        .help("give each value a `--set` of its own")
}

/// E0642: a setting of one of several `train` blocks.
pub fn which_block(count: usize, rest: &str, names: &[&str], span: Span) -> Diagnostic {
    let error = Diagnostic::error("E0642", format!("this file has {count} `train` blocks"), span)
        .saying("it is not said which of them is meant");
    match names {
        [] => error.help("give them names in the file, `train first { … }`, and write the name for `train`"),
        names => {
            let choices: Vec<String> = names.iter().map(|name| format!("`{name}{rest}`")).collect();
            error.help(format!("write the name of the block: {}", choices.join(", ")))
        }
    }
}
