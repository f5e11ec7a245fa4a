//! Where messages go, and how they look there.

use super::{Color, Messages};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::render::{MessageFormat, render};
use crate::report::counted;
use crate::source::SourceMap;
use std::io::{ErrorKind, IsTerminal, Write};

/// Writes messages to standard error, with a closing count.
pub(super) fn report(diagnostics: &[Diagnostic], sources: &SourceMap, messages: impl AsRef<Messages>) {
    if diagnostics.is_empty() {
        return;
    }
    let messages = messages.as_ref();
    let color = match messages.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
    };
    let format = messages.format();
    let mut text = render(diagnostics, sources, format, color);
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    if format == MessageFormat::Full && errors > 0 {
        text.push_str(&format!("ndc found {}\n", counted(errors as u64, "error")));
    }
    // A closed pipe is no error of ours.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Writes what is beside the results to standard error.
pub(super) fn explain(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Writes to standard output; a reader that has gone away ends the program quietly, anything else that loses output
/// does not.
pub(super) fn say(text: &str) {
    say_bytes(text.as_bytes());
}

/// The same with bytes that may be no text.
pub(super) fn say_bytes(bytes: &[u8]) {
    let mut out = std::io::stdout();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            explain(&format!("ndc cannot write its output: {error}\n"));
            std::process::exit(1);
        }
    }
}
