//! `ndc fmt FILE…`.

use super::Messages;
use super::output::{report, say};
use super::test::programs_in;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::files::{cannot_read, cannot_write, not_text, nothing_found};
use crate::driver::format_text;
use crate::source::SourceMap;
use std::fs;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How standard input is called in messages.
const STANDARD_INPUT: &str = "standard input";

/// What came of a file, from best to worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// It is in its usual form.
    Formatted,
    /// With `--check`: it is not.
    WouldChange,
    /// It could not be formatted.
    Failed,
}

/// Formats files in place, or standard input to standard output.
pub(super) fn fmt(files: &[PathBuf], check: bool, messages: &Messages) -> ExitCode {
    let from_input = files.is_empty() || files.iter().any(|file| file.as_os_str() == "-");
    let outcome = match from_input {
        true if files.len() > 1 => usage("`-` stands for standard input and goes with no other file"),
        true if files.is_empty() && io::stdin().is_terminal() => usage("name the files to format, or pipe one in"),
        true => format_input(check, messages),
        false => files.iter().map(|path| format_path(path, check, messages)).max().unwrap_or(Outcome::Formatted),
    };
    match outcome {
        Outcome::Formatted => ExitCode::SUCCESS,
        Outcome::WouldChange => ExitCode::FAILURE,
        Outcome::Failed => ExitCode::from(2),
    }
}

fn usage(message: &str) -> Outcome {
    eprintln!("error: {message}");
    Outcome::Failed
}

fn format_input(check: bool, messages: &Messages) -> Outcome {
    let mut bytes = Vec::new();
    if let Err(error) = io::stdin().read_to_end(&mut bytes) {
        return fail(cannot_read(STANDARD_INPUT, &error), messages);
    }
    let Ok(text) = String::from_utf8(bytes) else { return fail(not_text(STANDARD_INPUT), messages) };
    match formatted(STANDARD_INPUT, &text, messages) {
        Some(formatted) if check => compare(STANDARD_INPUT, &text, &formatted),
        Some(formatted) => {
            say(&formatted);
            Outcome::Formatted
        }
        None => Outcome::Failed,
    }
}

fn format_path(path: &Path, check: bool, messages: &Messages) -> Outcome {
    if !path.is_dir() {
        return format_file(path, check, messages);
    }
    let files = programs_in(path);
    let outcomes = files.iter().map(|file| format_file(file, check, messages));
    outcomes.max().unwrap_or_else(|| fail(nothing_found(&path.display().to_string()), messages))
}

fn format_file(path: &Path, check: bool, messages: &Messages) -> Outcome {
    let name = path.display().to_string();
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => return fail(cannot_read(&name, &error), messages),
    };
    let Ok(text) = String::from_utf8(bytes) else { return fail(not_text(&name), messages) };
    let Some(formatted) = formatted(&name, &text, messages) else { return Outcome::Failed };
    if check || formatted == text {
        return compare(&name, &text, &formatted);
    }
    match replace(path, &formatted) {
        Ok(()) => {
            say(&format!("formatted {name}\n"));
            Outcome::Formatted
        }
        Err(error) => fail(cannot_write(&name, &error), messages),
    }
}

fn fail(diagnostic: Diagnostic, messages: &Messages) -> Outcome {
    report(&[diagnostic], &SourceMap::default(), messages);
    Outcome::Failed
}

/// The text in its usual form, or nothing after messages that say why not.
fn formatted(name: &str, text: &str, messages: &Messages) -> Option<String> {
    let result = format_text(text);
    if let Err(diagnostics) = &result {
        let mut sources = SourceMap::default();
        sources.add(name, None, text);
        report(diagnostics, &sources, messages);
    }
    result.ok()
}

/// Says where a text differs from its usual form.
fn compare(name: &str, text: &str, formatted: &str) -> Outcome {
    if text == formatted {
        return Outcome::Formatted;
    }
    let (written, wanted): (Vec<&str>, Vec<&str>) = (text.lines().collect(), formatted.lines().collect());
    let same = written.iter().zip(&wanted).take_while(|(written, wanted)| written == wanted).count();
    say(&format!("{name}:{}\n", same + 1));
    for (sign, line) in [("-", written.get(same)), ("+", wanted.get(same))] {
        if let Some(line) = line {
            say(&format!("{}\n", format!("{sign} {line}").trim_end()));
        }
    }
    Outcome::WouldChange
}

/// Puts a new text in the place of a file: a file beside it is written first, so that the old one is never half gone.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    // A link stays a link.
    let path = path.canonicalize()?;
    let permissions = fs::metadata(&path)?.permissions();
    if permissions.readonly() {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written = fs::OpenOptions::new().write(true).create_new(true).open(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.set_permissions(permissions)?;
        file.sync_all()
    });
    let replaced = written.and_then(|()| fs::rename(&beside, &path));
    if replaced.is_err() {
        // What is left of the attempt; that it was there is the error to report.
        let _ = fs::remove_file(&beside);
    }
    replaced
}
