//! The words of a text for the formatter: its tokens without comments, and beside each what lies before it.

use std::ops::Range;

use crate::syntax::token::{Token, tokens};

/// A comment or a line of documentation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comment<'a> {
    /// The text with its slashes, without blanks at its end.
    pub(super) text: &'a str,
    /// Whether it is a line of documentation.
    pub(super) documentation: bool,
    /// Whether it belongs behind the word before it: it stands on its line, or goes on such a comment in its column.
    pub(super) behind: bool,
    /// Whether an empty line comes before it.
    pub(super) blank: bool,
}

/// A token.
#[derive(Clone, Debug)]
pub(super) struct Word<'a> {
    /// Its letters; none at the end of the text.
    pub(super) text: &'a str,
    /// Its first byte.
    pub(super) start: usize,
    /// The comments between the word before and this one.
    pub(super) comments: Range<usize>,
    /// Whether an empty line comes right before it.
    pub(super) blank: bool,
    /// Whether the word before ends its line.
    pub(super) breaks: bool,
    /// Of a bracket, the other one; else itself.
    pub(super) partner: usize,
}

/// A text as words and comments. The last word is empty: the end.
#[derive(Debug)]
pub(super) struct Words<'a> {
    pub(super) words: Vec<Word<'a>>,
    pub(super) comments: Vec<Comment<'a>>,
}

impl<'a> Words<'a> {
    /// Reads a text without syntax errors.
    pub(super) fn read(text: &'a str) -> Self {
        let mut reader = Reader { text, reached: 0, words: Vec::new(), comments: Vec::new(), first: 0, breaks: false };
        for lexeme in tokens(text).lexemes {
            match lexeme.token {
                Token::Comment => reader.comment(lexeme.start, lexeme.end, false),
                Token::Documentation => reader.comment(lexeme.start, lexeme.end, true),
                _ => reader.word(lexeme.start, lexeme.end),
            }
        }
        reader.word(text.len(), text.len());
        let Reader { mut words, comments, .. } = reader;
        find_partners(&mut words);
        Words { words, comments }
    }

    /// The index of the word that starts at a byte, or of the next one.
    pub(super) fn at(&self, start: u32) -> usize {
        let index = self.words.partition_point(|word| word.start < start as usize);
        index.min(self.words.len() - 1)
    }

    /// How many letters a stretch of words has. Commas do not count, so that the figure is the same after formatting.
    pub(super) fn letters(&self, range: Range<usize>) -> usize {
        self.words[range].iter().filter(|word| word.text != ",").map(|word| word.text.chars().count()).sum()
    }

    /// Whether comments lie between words of a range, or before its first one.
    pub(super) fn has_comments(&self, range: Range<usize>) -> bool {
        self.words[range].iter().any(|word| !word.comments.is_empty())
    }
}

struct Reader<'a> {
    text: &'a str,
    /// The end of the last token or comment.
    reached: usize,
    words: Vec<Word<'a>>,
    comments: Vec<Comment<'a>>,
    /// The first comment after the last word.
    first: usize,
    /// Whether the last word ends its line; known once a comment comes after it.
    breaks: bool,
}

impl<'a> Reader<'a> {
    fn comment(&mut self, start: usize, end: usize, documentation: bool) {
        let text = self.text[start..end].trim_end();
        let lines = self.lines_before(start);
        let is_first = self.first == self.comments.len();
        if is_first {
            self.breaks = lines > 0;
        }
        let behind =
            !documentation && !self.words.is_empty() && (is_first && lines == 0 || self.continues(start, lines));
        self.comments.push(Comment { text, documentation, behind, blank: lines > 1 });
        self.reached = start + text.len();
    }

    /// Whether a comment stands right below one that is behind a word, in the same column.
    fn continues(&self, start: usize, lines: usize) -> bool {
        let Some(last) = self.comments[self.first..].last() else { return false };
        last.behind && lines == 1 && self.column(start) == self.column(self.reached - last.text.len())
    }

    fn word(&mut self, start: usize, end: usize) {
        let lines = self.lines_before(start);
        let comments = self.first..self.comments.len();
        let breaks = if comments.is_empty() { lines > 0 } else { self.breaks };
        let partner = self.words.len();
        self.words.push(Word { text: &self.text[start..end], start, comments, blank: lines > 1, breaks, partner });
        self.first = self.comments.len();
        self.reached = end;
    }

    fn lines_before(&self, start: usize) -> usize {
        self.text[self.reached..start].matches('\n').count()
    }

    fn column(&self, place: usize) -> usize {
        let line_start = self.text[..place].rfind('\n').map_or(0, |newline| newline + 1);
        self.text[line_start..place].chars().count()
    }
}

fn find_partners(words: &mut [Word<'_>]) {
    let mut open = Vec::new();
    for index in 0..words.len() {
        match words[index].text {
            "(" | "[" | "{" => open.push(index),
            ")" | "]" | "}" => {
                let Some(opener) = open.pop() else { continue };
                words[index].partner = opener;
                words[opener].partner = index;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_know_their_place() {
        let words = Words::read("let a = 1  // behind\n           // goes on\n  // above\n\n// apart\nlet b = [\n2]");
        let behind: Vec<bool> = words.comments.iter().map(|comment| comment.behind).collect();
        assert_eq!(behind, [true, true, false, false]);
        assert!(words.comments[3].blank && !words.comments[2].blank);
        let second = &words.words[4];
        assert_eq!((second.text, second.comments.clone(), second.breaks), ("let", 0..4, false));
        let list = words.words.iter().position(|word| word.text == "[").unwrap();
        assert_eq!(words.words[words.words[list].partner].text, "]");
        assert!(words.words[list + 1].breaks);
    }

    #[test]
    fn the_end_is_a_word() {
        let words = Words::read("// all\n");
        assert_eq!(words.words.len(), 1);
        assert_eq!(words.words[0].comments, 0..1);
        assert!(!words.comments[0].behind);
    }
}
