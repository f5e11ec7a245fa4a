//! What a user is told when something is wrong.
//!
//! A [`Diagnostic`] is plain data: a code, one sentence, the place, the places that decided it, and one thing to do.
//! [`catalog`] has one constructor per error, [`explain`] the page of each code, [`render`] the text that a
//! terminal shows.

use crate::source::Span;

pub mod catalog;
pub mod explain;
pub mod render;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// The program cannot run.
    Error,
    /// The program runs, but probably does not mean what it says.
    Warning,
    /// The program does what it says; this much of it is told.
    Note,
}

/// A place with a few words beside it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    /// What is underlined.
    pub span: Span,
    /// What is said beside it; may be empty.
    pub text: String,
}

/// One suggestion, as a sentence and, where it can be, as a change of the text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Help {
    /// The sentence.
    pub text: String,
    /// Replace the text under the span.
    pub patch: Option<(Span, String)>,
}

/// One message to the user.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The code, `E0204`.
    pub code: &'static str,
    /// One sentence, no final stop.
    pub message: String,
    /// The place that is wrong. Absent only where there is no source text (a missing file named on the command line).
    pub primary: Option<Label>,
    /// The places that decided it.
    pub labels: Vec<Label>,
    /// Further facts.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<Help>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(code: &'static str, message: impl Into<String>, span: Span) -> Self {
        Diagnostic {
            severity: Severity::Error,
            code,
            message: message.into(),
            primary: Some(Label { span, text: String::new() }),
            labels: Vec::new(),
            notes: Vec::new(),
            help: None,
        }
    }

    /// A warning at a place.
    pub fn warning(code: &'static str, message: impl Into<String>, span: Span) -> Self {
        Diagnostic { severity: Severity::Warning, ..Self::error(code, message, span) }
    }

    /// A note at a place: what the program asked for, with figures.
    pub fn remark(code: &'static str, message: impl Into<String>, span: Span) -> Self {
        Diagnostic { severity: Severity::Note, ..Self::error(code, message, span) }
    }

    /// An error that has no place in a source text.
    pub fn without_place(code: &'static str, message: impl Into<String>) -> Self {
        Diagnostic { primary: None, ..Self::error(code, message, Span::default()) }
    }

    /// The words beside the primary place.
    pub fn saying(mut self, text: impl Into<String>) -> Self {
        if let Some(label) = &mut self.primary {
            label.text = text.into();
        }
        self
    }

    /// A further place that decided it.
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// A further fact.
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// What to do.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(Help { text: text.into(), patch: None });
        self
    }

    /// What to do, as a replacement of source text.
    pub fn fix(mut self, text: impl Into<String>, span: Span, replacement: impl Into<String>) -> Self {
        self.help = Some(Help { text: text.into(), patch: Some((span, replacement.into())) });
        self
    }

    /// Whether it stops the program.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// The longest name that is compared letter by letter.
const LONGEST_COMPARED: usize = 64;

/// The candidate that `name` was probably meant to be.
///
/// One that differs only in upper and lower case is nearest of all; otherwise the fewest letters inserted, left out,
/// replaced or swapped decide, up to about a third of the name. Of two equally near the first is taken.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let length = name.chars().count();
    let furthest = if length > LONGEST_COMPARED { 0 } else { (length + 1) / 3 };
    let lower = name.to_lowercase();
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates {
        if candidate.to_lowercase() == lower {
            return Some(candidate);
        }
        if candidate.chars().count().abs_diff(length) > furthest {
            continue;
        }
        let distance = strsim::damerau_levenshtein(name, candidate);
        if distance <= furthest && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_fewest_changed_letters_are_nearest() {
        let known = ["epochs", "steps", "stop", "batch"];
        assert_eq!(nearest("epoch", known), Some("epochs"));
        assert_eq!(nearest("bacth", known), Some("batch"), "swapped letters are one change");
        assert_eq!(nearest("step", known), Some("steps"), "the first of two at one distance");
        assert_eq!(nearest("momentum", known), None);
    }

    #[test]
    fn upper_and_lower_case_do_not_matter() {
        assert_eq!(nearest("AGE", ["ages", "age"]), Some("age"));
        assert_eq!(nearest("w", ["W", "v"]), Some("W"));
        assert_eq!(nearest("ΘA", ["θa"]), Some("θa"));
    }

    #[test]
    fn short_and_long_names_are_not_stretched() {
        assert_eq!(nearest("x", ["y", "xy"]), None);
        assert_eq!(nearest("", ["a"]), None);
        let long = "a".repeat(1_000_000);
        assert_eq!(nearest(&long, ["a"]), None);
    }
}
