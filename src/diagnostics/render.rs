//! Diagnostics as text: in full, one line each, or as JSON.
//!
//! Rendering never fails: places beyond a text are moved to its end, texts are cut to the lines that matter, and
//! control characters of user data never reach the terminal.

mod excerpt;
mod full;
mod json;
#[cfg(test)]
mod tests;

use super::{Diagnostic, Severity};
use crate::source::{SourceFile, SourceMap, Span};

/// How messages are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MessageFormat {
    /// With the source text, the places underlined, notes and help.
    #[default]
    Full,
    /// One line: `path:line:column: error[E0204]: message`.
    Short,
    /// One JSON object on a line.
    Json,
}

/// The text of all messages, in their order; empty without messages, otherwise ending with a new line.
///
/// `color` adds terminal escapes, and only to [`MessageFormat::Full`].
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap, format: MessageFormat, color: bool) -> String {
    let mut out = String::new();
    for (place, diagnostic) in diagnostics.iter().enumerate() {
        match format {
            MessageFormat::Full => {
                if place > 0 {
                    out.push('\n');
                }
                out.push_str(&full::render(diagnostic, sources, color));
            }
            MessageFormat::Short => out.push_str(&short(diagnostic, sources)),
            MessageFormat::Json => out.push_str(&json::object(diagnostic, sources).to_string()),
        }
        out.push('\n');
    }
    out
}

/// `path:line:column: error[E0204]: message`.
fn short(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let place = diagnostic.primary.as_ref().and_then(|label| {
        let file = file(sources, label.span)?;
        let (line, column) = file.line_column(label.span.start as usize);
        Some(format!("{}:{line}:{column}: ", one_line(&file.name)))
    });
    let severity = severity(diagnostic.severity);
    format!("{}{severity}[{}]: {}", place.unwrap_or_default(), diagnostic.code, one_line(&diagnostic.message))
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

/// The text that a span lies in, if there is one.
fn file(sources: &SourceMap, span: Span) -> Option<&SourceFile> {
    sources.iter().nth(span.source.0 as usize).map(|(_, file)| file)
}

/// The most characters of one sentence; user data quoted in it may be of any length.
const LONGEST_SENTENCE: usize = 600;

/// A sentence without line breaks and without characters that a terminal obeys.
fn one_line(text: &str) -> String {
    let cut = text.chars().nth(LONGEST_SENTENCE).is_some();
    let mut line: String = text.chars().take(LONGEST_SENTENCE).map(harmless).collect();
    if cut {
        line.push('…');
    }
    line
}

fn harmless(letter: char) -> char {
    match letter {
        '\n' | '\r' | '\t' => ' ',
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' => '\u{FFFD}',
        letter if letter.is_control() => '\u{FFFD}',
        letter => letter,
    }
}
