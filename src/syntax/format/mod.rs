//! The formatter: a text of the language in its one usual form. `docs/formatting.md` states the rules.
//!
//! A text passes `words` (tokens with the comments before each), `printer` and its parts (tree and words to a layout),
//! and `lines` (layout to lines, comments set). The result is read again: if it is not the same program with the same
//! comments, that is our fault, and no text is given.

mod expressions;
mod items;
mod lines;
mod operators;
mod printer;
mod settings;
mod types;
mod words;

use pretty::Arena;

use super::ast::File;
use super::{parse, print};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::files::formatting_fault;
use crate::source::SourceId;
use lines::Lines;
use printer::Printer;
use words::Words;

/// The columns that a line may take, unless a word or a comment is longer.
pub const WIDTH: usize = 100;

/// How often a text is laid out, at most, until nothing changes any more. Twice is usual: a comment in the midst of an
/// expression moves, and what it broke closes again.
const MOST_PASSES: usize = 6;

/// A text in its usual form. It recurses over the tree: see [`super::ast::MAX_DEPTH`].
///
/// # Errors
/// The syntax errors of the text, or our own fault.
pub fn format(source: SourceId, text: &str) -> Result<String, Vec<Diagnostic>> {
    let (file, diagnostics) = parse(source, text);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    let wanted = outline(&file, text);
    let mut file = file;
    let mut formatted = text.to_string();
    for _ in 0..MOST_PASSES {
        let next = lay_out(&file, &formatted).ok_or_else(|| vec![formatting_fault()])?;
        if next == formatted {
            break;
        }
        let (again, problems) = parse(source, &next);
        let is_sound = !problems.iter().any(Diagnostic::is_error);
        if !is_sound || outline(&again, &next) != wanted {
            return Err(vec![formatting_fault()]);
        }
        (file, formatted) = (again, next);
    }
    Ok(with_line_endings_of(text, formatted))
}

/// The text of a tree; nothing if the tree does not go with its words.
fn lay_out(file: &File, text: &str) -> Option<String> {
    let words = Words::read(text);
    let arena = Arena::new();
    let mut printer = Printer::new(&arena, &words);
    let doc = printer.file(file);
    let mut lines = Lines::new(&words.comments);
    if printer.fault || doc.render_raw(WIDTH, &mut lines).is_err() {
        return None;
    }
    let mark = if text.starts_with('\u{FEFF}') { "\u{FEFF}" } else { "" };
    Some(format!("{mark}{}", lines.finish()))
}

/// The tree as text without its places, and the comments in order. Equal programs have equal outlines.
fn outline(file: &File, text: &str) -> Vec<String> {
    let printed = print::print(file, text);
    printed.lines().map(|line| without_place(line).to_string()).collect()
}

/// A line of a printed tree without the place `1:2-3:4` at its end.
fn without_place(line: &str) -> &str {
    let is_place = |word: &str| {
        word.contains('-') && word.split(['-', ':']).count() == 4 && word.chars().all(|c| "-:0123456789".contains(c))
    };
    match line.rsplit_once(' ') {
        Some((rest, place)) if is_place(place) => rest,
        _ => line,
    }
}

/// A text whose first line ends as Windows ends lines keeps all its lines so.
fn with_line_endings_of(text: &str, formatted: String) -> String {
    let first = text.find('\n').map(|end| &text[..end]);
    if first.is_some_and(|line| line.ends_with('\r')) { formatted.replace('\n', "\r\n") } else { formatted }
}
