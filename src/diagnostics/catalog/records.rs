//! E02xx: records, their fields, and copies with a change.

use crate::diagnostics::{Diagnostic, nearest};
use crate::source::Span;

/// E0217: a field that a record does not have.
pub fn no_such_field(name: &str, known: &[String], span: Span, record: Span) -> Diagnostic {
    let fields = listed(known);
    let error = Diagnostic::error("E0217", format!("this record has no field `{name}`"), span)
        .saying("not there")
        .label(record, format!("its fields are {fields}"));
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None => error.help(format!("use one of its fields: {fields}")),
    }
}

/// E0222: a field that is given twice.
pub fn repeated_field(name: &str, second: Span, first: Span) -> Diagnostic {
    Diagnostic::error("E0222", format!("the field `{name}` is given twice"), second)
        .saying("again here")
        .label(first, "first here")
        .help("give each field once")
}

/// E0223: a record that lacks fields of the expected type, or has others.
pub fn fields_mismatch(missing: &[String], surplus: &[String], expected: &str, span: Span) -> Diagnostic {
    let (message, help) = match (missing.is_empty(), surplus.is_empty()) {
        (false, true) => {
            let missing = listed(missing);
            (format!("this record lacks {missing}"), format!("give a value for {missing}"))
        }
        (true, _) => {
            let surplus = listed(surplus);
            (format!("this record has {surplus}, which the expected one has not"), format!("leave out {surplus}"))
        }
        (false, false) => {
            let (missing, surplus) = (listed(missing), listed(surplus));
            let message = format!("this record lacks {missing}, and has {surplus}, which the expected one has not");
            (message, format!("give {missing} in place of {surplus}"))
        }
    };
    Diagnostic::error("E0223", message, span)
        .saying("other fields than expected")
        .note(format!("expected is {expected}"))
        .help(help)
}

/// E0224: a change of a field or of elements to a value of another type.
pub fn change_mismatch(what: &str, expected: &str, found: &str, value: Span, base: Span) -> Diagnostic {
    Diagnostic::error("E0224", format!("{what} is {expected}, but the new value is {found}"), value)
        .saying(format!("this is {found}"))
        .label(base, format!("{what} is {expected} here"))
        .help("`with` changes values, not types or shapes: give a value of the same type")
}

/// Names in backticks: `a`, `a` and `b`, `a`, `b` and `c`.
fn listed(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "none".to_string(),
    }
}
