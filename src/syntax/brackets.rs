//! Matches brackets before the parser runs, so that the parser only ever sees balanced ones: an unclosed bracket is
//! reported where it stands and closed where the layout says, a stray one is left out, and then nesting beyond
//! [`MAX_NESTING`] is cut. Layout decides nothing in a file whose brackets match.

use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::syntax as catalog;
use crate::source::{SourceId, Span};

use super::token::{Lexeme, Token};

/// The most brackets that may be open at once.
pub(super) const MAX_NESTING: usize = 256;

/// Balances the brackets of a text's tokens.
pub(super) fn balance<'a>(
    source: SourceId,
    text: &str,
    lexemes: Vec<Lexeme<'a>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Lexeme<'a>> {
    let balanced = if is_balanced(&lexemes) { lexemes } else { supply_closers(source, text, lexemes, diagnostics) };
    cut_deep_nesting(source, balanced, diagnostics)
}

fn supply_closers<'a>(
    source: SourceId,
    text: &str,
    lexemes: Vec<Lexeme<'a>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Lexeme<'a>> {
    let balanced = Vec::with_capacity(lexemes.len() + 8);
    let mut balancer = Balancer { source, text, open: Vec::new(), balanced, line_start: 0, searched: 0, diagnostics };
    for (index, lexeme) in lexemes.iter().enumerate() {
        balancer.take(*lexeme, lexemes.get(index + 1).map(|next| next.token));
    }
    balancer.close_down_to(0, None);
    balancer.balanced
}

/// The closing bracket of an opening one.
pub(super) fn closer(token: Token<'_>) -> Option<Token<'static>> {
    match token {
        Token::OpenParenthesis => Some(Token::CloseParenthesis),
        Token::OpenBracket => Some(Token::CloseBracket),
        Token::OpenBrace => Some(Token::CloseBrace),
        _ => None,
    }
}

pub(super) fn is_closer(token: Token<'_>) -> bool {
    matches!(token, Token::CloseParenthesis | Token::CloseBracket | Token::CloseBrace)
}

fn spelling(token: Token<'_>) -> &'static str {
    match token {
        Token::OpenParenthesis => "(",
        Token::OpenBracket => "[",
        Token::OpenBrace => "{",
        Token::CloseParenthesis => ")",
        Token::CloseBracket => "]",
        _ => "}",
    }
}

fn is_balanced(lexemes: &[Lexeme<'_>]) -> bool {
    let mut open = Vec::new();
    for lexeme in lexemes {
        if let Some(closer) = closer(lexeme.token) {
            open.push(closer);
        } else if is_closer(lexeme.token) && open.pop() != Some(lexeme.token) {
            return false;
        }
    }
    open.is_empty()
}

/// Replaces each stretch of balanced brackets nested deeper than [`MAX_NESTING`] by one bad token.
fn cut_deep_nesting<'a>(
    source: SourceId,
    lexemes: Vec<Lexeme<'a>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Lexeme<'a>> {
    let mut depth = 0usize;
    let mut reported = false;
    let mut kept = Vec::with_capacity(lexemes.len());
    for lexeme in lexemes {
        let opens = closer(lexeme.token).is_some();
        depth += usize::from(opens);
        if depth <= MAX_NESTING {
            kept.push(lexeme);
        } else if opens && depth == MAX_NESTING + 1 {
            kept.push(Lexeme { token: Token::Bad, ..lexeme });
            if !reported {
                let span = Span::new(source, lexeme.start, lexeme.end);
                diagnostics.push(catalog::brackets_too_deep(span, MAX_NESTING));
                reported = true;
            }
        }
        depth -= usize::from(is_closer(lexeme.token));
    }
    kept
}

/// An opening bracket that waits for its closing one.
struct Open {
    token: Token<'static>,
    closer: Token<'static>,
    start: usize,
    end: usize,
    /// The indentation of the line it stands on.
    indentation: usize,
}

struct Balancer<'a, 'd> {
    source: SourceId,
    text: &'d str,
    open: Vec<Open>,
    balanced: Vec<Lexeme<'a>>,
    /// Where the line of the last token asked for starts, and how far the text was searched for it.
    line_start: usize,
    searched: usize,
    diagnostics: &'d mut Vec<Diagnostic>,
}

impl<'a> Balancer<'a, '_> {
    fn take(&mut self, lexeme: Lexeme<'a>, next: Option<Token<'a>>) {
        if let Some(closer) = closer(lexeme.token) {
            self.push_opener(lexeme, closer);
        } else if is_closer(lexeme.token) {
            self.close(lexeme);
        } else {
            self.close_before(lexeme, next);
            self.balanced.push(lexeme);
        }
    }

    fn push_opener(&mut self, lexeme: Lexeme<'a>, closer: Token<'static>) {
        let token = match lexeme.token {
            Token::OpenParenthesis => Token::OpenParenthesis,
            Token::OpenBracket => Token::OpenBracket,
            _ => Token::OpenBrace,
        };
        let (_, indentation) = self.layout(lexeme.start);
        self.open.push(Open { token, closer, start: lexeme.start, end: lexeme.end, indentation });
        self.balanced.push(lexeme);
    }

    /// Closes what must have been forgotten when this token comes.
    fn close_before(&mut self, lexeme: Lexeme<'a>, next: Option<Token<'a>>) {
        if self.open.is_empty() {
            return;
        }
        let defines = match lexeme.token {
            Token::Let => true,
            Token::Fn => next.is_some_and(Token::is_name),
            Token::Word(word) => word.starts_item(),
            _ => false,
        };
        // Directly inside braces `else` follows a whole block.
        let top_is_brace = self.open.last().is_some_and(|open| open.token == Token::OpenBrace);
        let after_block = self.balanced.last().is_some_and(|last| last.token == Token::CloseBrace);
        if lexeme.token == Token::Else && top_is_brace && !after_block {
            self.close_down_to(self.open.len() - 1, Some(lexeme));
        }
        // No statement ends and none starts inside `( )` and `[ ]`.
        if lexeme.token == Token::Semicolon || (defines && matches!(lexeme.token, Token::Let | Token::Fn)) {
            let depth = self.open.iter().rposition(|open| open.token == Token::OpenBrace).map_or(0, |brace| brace + 1);
            self.close_down_to(depth, Some(lexeme));
        }
        if !defines {
            return;
        }
        let (first_on_line, indentation) = self.layout(lexeme.start);
        if first_on_line {
            let depth = self.open.iter().rposition(|open| open.indentation < indentation).map_or(0, |open| open + 1);
            self.close_down_to(depth, Some(lexeme));
        }
    }

    fn close(&mut self, lexeme: Lexeme<'a>) {
        let (first_on_line, indentation) = self.layout(lexeme.start);
        let fits = |open: &Open| open.closer == lexeme.token;
        let aligned = |open: &Open| fits(open) && open.indentation == indentation;
        let by_layout = if first_on_line { self.innermost(aligned) } else { None };
        if let Some(depth) = by_layout.or_else(|| self.innermost(fits)) {
            self.close_down_to(depth + 1, Some(lexeme));
            self.open.pop();
            self.balanced.push(lexeme);
            return;
        }
        let span = Span::new(self.source, lexeme.start, lexeme.end);
        match self.open.last() {
            Some(open) if open.token != Token::OpenBrace => {
                let opener = Span::new(self.source, open.start, open.end);
                let error = catalog::mismatched(span, spelling(lexeme.token), opener, spelling(open.token));
                self.diagnostics.push(error);
                self.balanced.push(Lexeme { token: open.closer, ..lexeme });
                self.open.pop();
            }
            _ => self.diagnostics.push(catalog::stray_closer(span, spelling(lexeme.token))),
        }
    }

    fn ends_in_open_text(&self) -> bool {
        self.balanced.last().is_some_and(|last| {
            let spelling = &self.text[last.start..last.end];
            matches!(last.token, Token::Text(_))
                && spelling.starts_with('"')
                && (spelling.len() == 1 || !spelling.ends_with('"'))
        })
    }

    /// The innermost open bracket like this, among those that nesting allows.
    fn innermost(&self, wanted: impl Fn(&Open) -> bool) -> Option<usize> {
        let lowest = self.open.len().saturating_sub(MAX_NESTING);
        self.open[lowest..].iter().rposition(wanted).map(|place| lowest + place)
    }

    /// Closes all brackets beyond the first `depth`, with one message for all, before `lexeme` or at the end.
    fn close_down_to(&mut self, depth: usize, lexeme: Option<Lexeme<'a>>) {
        let Some(innermost) = self.open.get(depth..).and_then(<[Open]>::last) else { return };
        let span = |open: &Open| Span::new(self.source, open.start, open.end);
        let others: Vec<Span> = self.open[depth..self.open.len() - 1].iter().rev().take(3).map(span).collect();
        let before = lexeme.map(|lexeme| Span::new(self.source, lexeme.start, lexeme.end));
        // Nesting that is too deep gets its own message, which says it all; a text without its closing quote has been
        // reported, and may have swallowed the bracket.
        if self.open.len() <= MAX_NESTING && !self.ends_in_open_text() {
            self.diagnostics.push(catalog::unclosed(span(innermost), spelling(innermost.token), before, &others));
        }
        let place = self.balanced.last().map_or(0, |last| last.end);
        while self.open.len() > depth {
            if let Some(open) = self.open.pop() {
                self.balanced.push(Lexeme { token: open.closer, start: place, end: place });
            }
        }
    }

    /// Whether a token is the first of its line, and how far that line is indented. Asked for in order of places.
    fn layout(&mut self, start: usize) -> (bool, usize) {
        let new = &self.text[self.searched.min(start)..start];
        if let Some(newline) = new.rfind('\n') {
            self.line_start = self.searched + newline + 1;
        }
        self.searched = self.searched.max(start);
        let line = &self.text[self.line_start.min(start)..start];
        let indentation = line.len() - line.trim_start().len();
        (indentation == line.len(), indentation)
    }
}
