//! Where the layout becomes lines. Comments travel through the layout as notes without width, and are set here: one
//! behind a word waits for the end of its line, so that no comment can swallow what follows it.

use std::fmt;

use pretty::{Render, RenderAnnotated};

use super::words::Comment;

/// What the layout says beside its text.
#[derive(Clone, Copy, Debug)]
pub(super) enum Note {
    /// The comment of this number stands at the end of the line.
    Behind(usize),
    /// The comment of this number stands on a line of its own, after an empty one where `blank` says so.
    Above { comment: usize, blank: bool },
    /// An empty line comes before this one.
    Blank,
}

/// Blanks between a line's words and its comment.
const BEFORE_COMMENT: usize = 2;

struct Line<'a> {
    code: String,
    comment: Option<&'a str>,
}

/// The lines written so far.
pub(super) struct Lines<'c, 'a> {
    comments: &'c [Comment<'a>],
    done: Vec<Line<'a>>,
    current: String,
    /// Comments that wait for the end of the current line.
    waiting: Vec<&'a str>,
}

impl<'c, 'a> Lines<'c, 'a> {
    pub(super) fn new(comments: &'c [Comment<'a>]) -> Self {
        Lines { comments, done: Vec::new(), current: String::new(), waiting: Vec::new() }
    }

    /// The whole text. Comments behind adjacent lines stand in one column.
    pub(super) fn finish(mut self) -> String {
        self.end_line();
        let lines = trimmed(&self.done);
        let mut out = String::new();
        let mut next = 0;
        while next < lines.len() {
            let run = run_length(&lines[next..]);
            let column = lines[next..next + run].iter().map(|line| line.code.chars().count()).max().unwrap_or(0);
            for line in &lines[next..next + run] {
                out.push_str(&line.code);
                if let Some(comment) = line.comment {
                    let blanks = column + BEFORE_COMMENT - line.code.chars().count();
                    out.extend(std::iter::repeat_n(' ', blanks));
                    out.push_str(comment);
                }
                out.push('\n');
            }
            next += run;
        }
        out
    }

    /// Further comments of a line go below the first, which reads as one comment of several lines.
    fn end_line(&mut self) {
        let code = std::mem::take(&mut self.current).trim_end().to_string();
        let mut waiting = std::mem::take(&mut self.waiting).into_iter();
        self.done.push(Line { code, comment: waiting.next() });
        self.done.extend(waiting.map(|comment| Line { code: String::new(), comment: Some(comment) }));
    }

    fn indentation(&self) -> String {
        self.current.chars().take_while(|letter| *letter == ' ').collect()
    }

    fn at_line_start(&self) -> bool {
        self.current.trim_start().is_empty() && self.waiting.is_empty()
    }

    fn empty_line(&mut self) {
        if self.done.last().is_some_and(|last| !last.code.is_empty() || last.comment.is_some()) {
            self.done.push(Line { code: String::new(), comment: None });
        }
    }

    fn note(&mut self, note: Note) {
        match note {
            Note::Behind(comment) => self.waiting.push(self.comments[comment].text),
            Note::Blank if self.at_line_start() => self.empty_line(),
            Note::Blank => {}
            Note::Above { comment, blank } => self.above(comment, blank),
        }
    }

    /// In the midst of a line a comment waits for its end; documentation stays before its word and breaks the line.
    fn above(&mut self, comment: usize, blank: bool) {
        let Comment { text, documentation, .. } = self.comments[comment];
        let indentation = self.indentation();
        if !self.at_line_start() {
            if !documentation {
                self.waiting.push(text);
                return;
            }
            self.end_line();
        } else if blank {
            self.empty_line();
        }
        self.done.push(Line { code: format!("{indentation}{text}"), comment: None });
        self.current = indentation;
    }
}

/// The lines without empty ones at the start and the end.
fn trimmed<'l, 'a>(lines: &'l [Line<'a>]) -> &'l [Line<'a>] {
    let is_written = |line: &Line<'_>| !line.code.is_empty() || line.comment.is_some();
    let Some(first) = lines.iter().position(is_written) else { return &[] };
    let last = lines.iter().rposition(is_written).unwrap_or(first);
    &lines[first..=last]
}

/// How many lines share a column for their comments: neighbours of one indentation.
fn run_length(lines: &[Line<'_>]) -> usize {
    let indentation = |line: &Line<'_>| line.code.len() - line.code.trim_start().len();
    let first = indentation(&lines[0]);
    let joins = |line: &&Line<'_>| line.comment.is_some() && (line.code.is_empty() || indentation(line) == first);
    lines.iter().take_while(joins).count().max(1)
}

impl Render for Lines<'_, '_> {
    type Error = fmt::Error;

    fn write_str(&mut self, text: &str) -> Result<usize, fmt::Error> {
        match text.strip_prefix('\n') {
            Some(rest) => {
                self.end_line();
                self.current.push_str(rest);
            }
            None => self.current.push_str(text),
        }
        Ok(text.len())
    }

    fn fail_doc(&self) -> fmt::Error {
        fmt::Error
    }
}

impl RenderAnnotated<'_, Note> for Lines<'_, '_> {
    fn push_annotation(&mut self, note: &Note) -> fmt::Result {
        self.note(*note);
        Ok(())
    }

    fn pop_annotation(&mut self) -> fmt::Result {
        Ok(())
    }
}
