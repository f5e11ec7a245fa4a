//! The formatter's hand: it takes the words of the text one after another, comments with them, and lays them out.
//!
//! The tree says what comes next; every word is taken from the text in its order, so none is lost, doubled or spelled
//! anew. What cannot be placed is a fault, and the file is left alone.

use pretty::{Arena, DocAllocator, DocBuilder};

use super::lines::Note;
use super::words::Words;

/// A layout.
pub(super) type Doc<'a> = DocBuilder<'a, Arena<'a, Note>, Note>;

/// Columns of one level of indentation.
pub(super) const INDENT: isize = 4;

/// How operators are set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Spacing {
    /// `a + b * c`.
    Wide,
    /// In sizes and subscripts: `a + b*c`.
    Sizes,
    /// In ranges: `0..n-1`.
    Range,
}

/// The comma after the last element of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LastComma {
    /// Written where each element has its own line.
    WhereBroken,
    /// As in the text: it tells `(x,)` from `(x)`.
    AsWritten,
}

/// How the elements of a list fill its lines.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) last_comma: LastComma,
    /// Whether a line break after the opening bracket keeps the list open, with its rows as they are.
    pub(super) stays_open: bool,
    /// Whether a line takes as many elements as it can.
    pub(super) fills: bool,
}

impl Layout {
    /// One line, or a line for each element.
    pub(super) const PLAIN: Layout = Layout { last_comma: LastComma::WhereBroken, stays_open: false, fills: false };
    /// The same for what may have one element with a comma.
    pub(super) const TUPLE: Layout = Layout { last_comma: LastComma::AsWritten, ..Layout::PLAIN };
}

#[derive(Clone)]
pub(super) struct Printer<'a> {
    pub(super) arena: &'a Arena<'a, Note>,
    pub(super) words: &'a Words<'a>,
    /// The next word.
    pub(super) next: usize,
    /// The next comment.
    comment: usize,
    pub(super) spacing: Spacing,
    /// Whether the words were not what the tree says.
    pub(super) fault: bool,
}

impl<'a> Printer<'a> {
    pub(super) fn new(arena: &'a Arena<'a, Note>, words: &'a Words<'a>) -> Self {
        Printer { arena, words, next: 0, comment: 0, spacing: Spacing::Wide, fault: false }
    }

    // ---- Layouts ----

    pub(super) fn nil(&self) -> Doc<'a> {
        self.arena.nil()
    }

    /// Breaks the groups that hold it.
    pub(super) fn force(&self) -> Doc<'a> {
        self.arena.nil().flat_alt(self.arena.fail())
    }

    /// A layout that is on one line, or fails.
    pub(super) fn on_one_line(&self, doc: Doc<'a>) -> Doc<'a> {
        self.arena.fail().flat_alt(self.arena.nil()).append(doc).group()
    }

    /// A layout on the line at hand if it fits there, else on the next one.
    pub(super) fn fill(&self, doc: Doc<'a>) -> Doc<'a> {
        let here = self.arena.space().append(self.on_one_line(doc.clone()));
        here.union(self.arena.line().append(doc))
    }

    /// The width of a layout on one line.
    pub(super) fn width(&self, doc: &Doc<'a>) -> usize {
        let mut text = String::new();
        match doc.render_fmt(usize::MAX, &mut text) {
            Ok(()) => text.chars().count(),
            Err(_) => 0,
        }
    }

    // ---- Words ----

    /// Goes on at the word that starts at a byte, with no comments before it.
    pub(super) fn move_to(&mut self, start: u32) {
        self.next = self.words.at(start);
        self.comment = self.words.words[self.next].comments.end;
    }

    /// Whether the next word is spelled like this.
    pub(super) fn at(&self, text: &str) -> bool {
        self.words.words[self.next].text == text
    }

    /// The next word. Comments left before it are in the midst of a line, and go to its end.
    pub(super) fn word(&mut self) -> Doc<'a> {
        let comments = self.passing_comments();
        let text = self.words.words[self.next].text;
        if self.next + 1 < self.words.words.len() {
            self.next += 1;
        } else {
            self.fault = true;
        }
        comments.append(self.arena.text(text))
    }

    /// The next word, which is spelled like this.
    pub(super) fn expect(&mut self, text: &str) -> Doc<'a> {
        self.fault |= !self.at(text);
        self.word()
    }

    /// Several words with a blank between each two.
    pub(super) fn spaced(&mut self, words: &[&str]) -> Doc<'a> {
        let mut doc = self.nil();
        for (index, word) in words.iter().enumerate() {
            let blank = if index > 0 { self.arena.space() } else { self.nil() };
            doc = doc.append(blank).append(self.expect(word));
        }
        doc
    }

    /// Leaves a word out if it comes next; its comments stay.
    pub(super) fn leave_out(&mut self, text: &str) -> Doc<'a> {
        if !self.at(text) {
            return self.nil();
        }
        let comments = self.behind().append(self.above(false));
        self.next += 1;
        comments
    }

    // ---- Comments ----

    fn note(&self, note: Note) -> Doc<'a> {
        self.arena.nil().annotate(note).append(self.force())
    }

    /// The comments before the next word where no line can end. Only documentation, which must stay before its word,
    /// breaks the line.
    fn passing_comments(&mut self) -> Doc<'a> {
        let end = self.words.words[self.next].comments.end;
        let mut doc = self.nil();
        for comment in self.comment.min(end)..end {
            let force = if self.words.comments[comment].documentation { self.force() } else { self.nil() };
            let note = Note::Above { comment, blank: false };
            doc = doc.append(self.arena.nil().annotate(note)).append(force);
        }
        self.comment = self.comment.max(end);
        doc
    }

    /// The comments behind the last word. Stands before every place where a line may end.
    pub(super) fn behind(&mut self) -> Doc<'a> {
        let end = self.words.words[self.next].comments.end;
        let mut doc = self.nil();
        while self.comment < end && self.words.comments[self.comment].behind {
            doc = doc.append(self.note(Note::Behind(self.comment)));
            self.comment += 1;
        }
        doc
    }

    /// The comments above the next word, and where `blank` allows it, the empty lines among them.
    pub(super) fn above(&mut self, blank: bool) -> Doc<'a> {
        let end = self.words.words[self.next].comments.end;
        let mut doc = self.nil();
        for comment in self.comment.min(end)..end {
            let blank = blank && self.words.comments[comment].blank;
            doc = doc.append(self.note(Note::Above { comment, blank }));
        }
        self.comment = self.comment.max(end);
        doc
    }

    /// What comes before an element on a line of its own: comments, and an empty line, if it is not the first.
    pub(super) fn lead(&mut self, is_first: bool) -> Doc<'a> {
        let first = self.comment;
        let end = self.words.words[self.next].comments.end;
        let mut doc = self.nil();
        for comment in first.min(end)..end {
            let blank = self.words.comments[comment].blank && !(is_first && comment == first);
            doc = doc.append(self.note(Note::Above { comment, blank }));
        }
        self.comment = self.comment.max(end);
        let blank = self.words.words[self.next].blank && !(is_first && first >= end);
        if blank { doc.append(self.arena.nil().annotate(Note::Blank)) } else { doc }
    }

    /// Whether comments lie before the next word that have not been placed.
    pub(super) fn has_comments(&self) -> bool {
        self.comment < self.words.words[self.next].comments.end
    }

    /// The comments before a closing bracket, each on a line of its own. Stands inside the bracket's indentation.
    pub(super) fn closing_comments(&mut self, blank: bool) -> Doc<'a> {
        let end = self.words.words[self.next].comments.end;
        let mut doc = self.behind();
        for comment in self.comment.min(end)..end {
            let blank = blank && self.words.comments[comment].blank;
            let text = self.words.comments[comment].text;
            let empty = if blank { self.arena.nil().annotate(Note::Blank) } else { self.nil() };
            doc = doc.append(self.arena.hardline()).append(empty).append(self.arena.text(text));
        }
        self.comment = self.comment.max(end);
        doc
    }

    /// Breaks the groups around if a line break follows the opening bracket that was just taken.
    pub(super) fn kept_open(&self) -> Doc<'a> {
        if self.words.words[self.next].breaks { self.force() } else { self.nil() }
    }

    // ---- Lists ----

    /// Elements between brackets, separated by commas.
    pub(super) fn list<T>(
        &mut self,
        brackets: [&str; 2],
        layout: Layout,
        elements: &[T],
        element: impl FnMut(&mut Self, &T) -> Doc<'a>,
    ) -> Doc<'a> {
        self.open_list(brackets, layout, elements, element).group()
    }

    /// The same, to be grouped together with what follows it.
    pub(super) fn open_list<T>(
        &mut self,
        brackets: [&str; 2],
        layout: Layout,
        elements: &[T],
        mut element: impl FnMut(&mut Self, &T) -> Doc<'a>,
    ) -> Doc<'a> {
        let open = self.expect(brackets[0]);
        let is_open = layout.stays_open && !elements.is_empty() && self.words.words[self.next].breaks;
        let forced = if is_open { self.force() } else { self.nil() };
        let mut inner = self.nil();
        for (index, each) in elements.iter().enumerate() {
            let ends_row = self.has_comments() || (is_open && self.words.words[self.next].breaks);
            inner = inner.append(self.behind());
            let above = self.above(false);
            let value = element(self, each);
            inner = inner.append(match index {
                0 => self.arena.line_().append(above).append(value),
                _ if ends_row => self.arena.hardline().append(above).append(value),
                _ if layout.fills || is_open => self.fill(value),
                _ => self.arena.line().append(above).append(value),
            });
            let comma = if index + 1 < elements.len() {
                self.behind().append(self.above(false)).append(self.expect(","))
            } else {
                self.last_comma(layout.last_comma, elements.len())
            };
            inner = inner.append(comma);
        }
        inner = inner.append(self.closing_comments(false));
        let end = if elements.is_empty() { self.empty_end() } else { self.arena.line_() };
        forced.append(open).append(inner.nest(INDENT)).append(end).append(self.expect(brackets[1]))
    }

    /// Between empty brackets: a line break after comments, which may be in `closing_comments` only.
    fn empty_end(&self) -> Doc<'a> {
        if self.words.words[self.next].comments.is_empty() { self.nil() } else { self.arena.hardline() }
    }

    fn last_comma(&mut self, last_comma: LastComma, count: usize) -> Doc<'a> {
        match last_comma {
            LastComma::AsWritten if count == 1 && self.at(",") => self.expect(","),
            LastComma::AsWritten if count == 1 => self.nil(),
            _ => self.leave_out(",").append(self.arena.text(",").flat_alt(self.arena.nil())),
        }
    }

    /// What stands in braces, already laid out with its first line break.
    pub(super) fn braces(&mut self, open: Doc<'a>, inner: Doc<'a>) -> Doc<'a> {
        let inner = inner.append(self.closing_comments(true));
        let close = self.arena.line().append(self.expect("}"));
        open.append(inner.nest(INDENT)).append(close)
    }

    /// Braces with nothing but comments in them.
    pub(super) fn empty_braces(&mut self) -> Doc<'a> {
        let open = self.expect("{");
        let inner = self.closing_comments(true);
        let end = self.empty_end();
        open.append(inner.nest(INDENT)).append(end).append(self.expect("}"))
    }
}
