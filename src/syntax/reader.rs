//! From raw tokens to the parser's tokens: comments are set aside, contextual words are told from names by the token
//! that follows, and habits of other languages (`&&`, `def`, `'text'`, `.5`) are reported and read as what they mean,
//! so that one slip gives one message.

use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::syntax as catalog;
use crate::source::{SourceId, Span};

use super::ast::Comment;
use super::brackets;
use super::token::{Lexeme, Lexemes, Token, Word};

/// The lines of `///` above one token.
#[derive(Debug)]
pub(super) struct Documentation {
    /// The first byte of the token that follows.
    pub(super) before: usize,
    /// The lines as written, each with its place.
    pub(super) lines: Vec<Comment>,
}

/// A text as the parser sees it.
#[derive(Debug, Default)]
pub(super) struct Reading<'a> {
    pub(super) lexemes: Vec<Lexeme<'a>>,
    pub(super) comments: Vec<Comment>,
    pub(super) documentation: Vec<Documentation>,
    pub(super) diagnostics: Vec<Diagnostic>,
}

/// Reads a text.
pub(super) fn read(source: SourceId, text: &str) -> Reading<'_> {
    let mut reader = Reader { source, text, reading: Reading::default(), pending: Vec::new() };
    reader.read_all();
    let Reader { mut reading, .. } = reader;
    let lexemes = std::mem::take(&mut reading.lexemes);
    reading.lexemes = recognise_words(source, text, lexemes, &mut reading.diagnostics);
    reading
}

struct Reader<'a> {
    source: SourceId,
    text: &'a str,
    reading: Reading<'a>,
    /// Documentation whose item has not come yet.
    pending: Vec<Comment>,
}

impl<'a> Reader<'a> {
    fn read_all(&mut self) {
        let mut lexemes = Lexemes::new(self.text);
        while let Some(lexeme) = lexemes.next() {
            match lexeme.token {
                Token::Comment => {
                    let comment = self.comment(lexeme);
                    self.reading.comments.push(comment);
                }
                Token::Documentation => {
                    let comment = self.comment(lexeme);
                    self.pending.push(comment);
                }
                _ => self.take(lexeme, &mut lexemes),
            }
        }
        self.attach_documentation(self.text.len());
    }

    fn comment(&self, lexeme: Lexeme<'_>) -> Comment {
        let text = self.text[lexeme.start..lexeme.end].trim_end().to_string();
        let span = Span::new(self.source, lexeme.start, lexeme.start + text.len());
        Comment { text, span }
    }

    fn attach_documentation(&mut self, before: usize) {
        if !self.pending.is_empty() {
            let lines = std::mem::take(&mut self.pending);
            self.reading.documentation.push(Documentation { before, lines });
        }
    }

    /// Reports what is wrong with a token and passes on what it means.
    fn take(&mut self, lexeme: Lexeme<'a>, lexemes: &mut Lexemes<'a>) {
        self.attach_documentation(lexeme.start);
        let after_value = self.is_after_value(lexeme.start);
        let span = self.span(lexeme);
        match lexeme.token {
            Token::PointWithoutDigits(digits) => {
                self.mend(lexeme, catalog::point_without_digits(span, digits), Token::Real(digits));
            }
            Token::Part(part) if !after_value => {
                self.mend(lexeme, catalog::point_without_zero(span, part), Token::Real(part));
            }
            Token::UnterminatedText(inside) => {
                let written = self.text[lexeme.start..lexeme.end].trim_end().len();
                let place = Span::new(self.source, lexeme.start, lexeme.start + written);
                self.mend(lexeme, catalog::unterminated_text(place), Token::Text(inside.trim_end()));
            }
            Token::Foreign(sign) => self.foreign(lexeme, sign, after_value),
            Token::Tick if !after_value => self.single_quotes(lexeme, lexemes),
            Token::Bad => self.bad(lexeme, lexemes),
            _ => self.reading.lexemes.push(lexeme),
        }
    }

    /// Whether what stands here can only continue an expression. `print 'a'` and `within .5` show a new one by the
    /// blank after the word.
    fn is_after_value(&self, start: usize) -> bool {
        const BEFORE_VALUES: [&str; 8] = ["print", "save", "load", "import", "test", "assert", "fails", "within"];
        let Some(last) = self.reading.lexemes.last() else { return false };
        match last.token {
            Token::Identifier(word) if last.end < start => !BEFORE_VALUES.contains(&word),
            token => token.ends_expression(),
        }
    }

    fn mend(&mut self, lexeme: Lexeme<'a>, diagnostic: Diagnostic, token: Token<'a>) {
        self.reading.diagnostics.push(diagnostic);
        self.reading.lexemes.push(Lexeme { token, ..lexeme });
    }

    fn foreign(&mut self, lexeme: Lexeme<'a>, sign: &str, after_value: bool) {
        let (meant, token) = match sign {
            "&&" => ("and", Token::And),
            "||" => ("or", Token::Or),
            "!" => ("not", Token::Not),
            "**" => ("^", Token::Caret),
            "≤" => ("<=", Token::LessEqual),
            "≥" => (">=", Token::GreaterEqual),
            "≠" => ("!=", Token::NotEqual),
            "−" => ("-", Token::Minus),
            _ => ("*", Token::Star),
        };
        // An infix sign after nothing, or `!` after a value, would only raise a second error.
        let fits = match token {
            Token::Not => !after_value,
            Token::Minus => true,
            _ => after_value,
        };
        let token = if fits { token } else { Token::Bad };
        let replacement = self.padded(lexeme, meant);
        self.mend(lexeme, catalog::foreign_operator(self.span(lexeme), sign, meant, &replacement), token);
    }

    /// A word in place of a sign, kept apart from the names beside it.
    fn padded(&self, lexeme: Lexeme<'_>, meant: &str) -> String {
        if !meant.starts_with(char::is_alphabetic) {
            return meant.to_string();
        }
        let apart = |letter: char| letter.is_whitespace() || letter == '(';
        let before = if self.text[..lexeme.start].ends_with(apart) { "" } else { " " };
        let after = if self.text[lexeme.end..].starts_with(char::is_whitespace) { "" } else { " " };
        format!("{before}{meant}{after}")
    }

    /// `'text'` where no transpose can stand.
    fn single_quotes(&mut self, lexeme: Lexeme<'a>, lexemes: &mut Lexemes<'a>) {
        let rest = lexemes.remainder();
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        let Some(length) = line.find('\'') else {
            self.reading.lexemes.push(lexeme);
            return;
        };
        lexemes.skip(length + 1);
        let lexeme = Lexeme { end: lexeme.end + length + 1, ..lexeme };
        self.mend(lexeme, catalog::single_quotes(self.span(lexeme), &rest[..length]), Token::Text(&rest[..length]));
    }

    /// Letters that are no token: neighbours join into one message; a `#` takes its line with it.
    fn bad(&mut self, lexeme: Lexeme<'a>, lexemes: &mut Lexemes<'a>) {
        let letters = &self.text[lexeme.start..lexeme.end];
        let joins =
            self.reading.lexemes.last().is_some_and(|last| last.token == Token::Bad && last.end == lexeme.start);
        if joins {
            if let Some(last) = self.reading.lexemes.last_mut() {
                last.end = lexeme.end;
            }
            return;
        }
        self.reading.diagnostics.push(catalog::unknown_letters(self.span(lexeme), letters));
        if letters == "#" {
            let rest = lexemes.remainder();
            lexemes.skip(rest.find('\n').unwrap_or(rest.len()));
        } else {
            self.reading.lexemes.push(lexeme);
        }
    }

    fn span(&self, lexeme: Lexeme<'_>) -> Span {
        Span::new(self.source, lexeme.start, lexeme.end)
    }
}

/// Tells contextual words from names by the token that follows, and mends words of other languages.
fn recognise_words<'a>(
    source: SourceId,
    text: &str,
    lexemes: Vec<Lexeme<'a>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Lexeme<'a>> {
    let mut read: Vec<Lexeme<'a>> = Vec::with_capacity(lexemes.len());
    for (index, lexeme) in lexemes.iter().enumerate() {
        let Token::Identifier(spelling) = lexeme.token else {
            read.push(*lexeme);
            continue;
        };
        let next = lexemes.get(index + 1).map(|next| next.token);
        let token = match Word::spelled(spelling) {
            Some(word) if can_start(word, next) => Token::Word(word),
            _ => {
                let previous = read.last().map(|last| last.token);
                if let Some((diagnostic, tokens)) = foreign_word(source, text, *lexeme, previous, next) {
                    diagnostics.push(diagnostic);
                    read.extend(tokens.iter().map(|token| Lexeme { token: *token, ..*lexeme }));
                    continue;
                }
                lexeme.token
            }
        };
        read.push(Lexeme { token, ..*lexeme });
    }
    read
}

/// What an open bracket holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// The settings of an action.
    Settings,
    /// Items, columns or a block.
    Braces,
    /// Anything between `( )` or `[ ]`.
    Other,
}

/// Marks the names that can start a setting: right inside braces, with `=` after them. In an action's braces no item
/// can start, so its words are names there. Brackets are balanced.
pub(super) fn mark_settings(lexemes: &mut [Lexeme<'_>]) {
    let mut open = Vec::new();
    for index in 0..lexemes.len() {
        let token = lexemes[index].token;
        if token == Token::OpenBrace {
            open.push(if opens_settings(&lexemes[..index]) { Inside::Settings } else { Inside::Braces });
        } else if brackets::closer(token).is_some() {
            open.push(Inside::Other);
        } else if brackets::is_closer(token) {
            open.pop();
        }
        let inside = open.last().copied().unwrap_or(Inside::Other);
        let named = matches!(lexemes.get(index + 1), Some(next) if next.token == Token::Equals);
        lexemes[index].token = match token {
            Token::Identifier(name) if named && inside != Inside::Other => Token::Setting(name),
            Token::Word(word) if word.starts_item() && inside == Inside::Settings => Token::Identifier(word.spelling()),
            other => other,
        };
    }
}

/// Whether a brace after these tokens opens the settings of an action.
fn opens_settings(before: &[Lexeme<'_>]) -> bool {
    let action = |back: usize| {
        let token = before.len().checked_sub(back).map(|place| before[place].token);
        matches!(token, Some(Token::Word(Word::Train | Word::Minimize | Word::Fit | Word::Sample)))
    };
    action(1) || (action(2) && before.last().is_some_and(|last| last.token.is_name()))
}

/// Whether a contextual word starts what it can start, judged by the next token alone.
fn can_start(word: Word, next: Option<Token<'_>>) -> bool {
    let Some(next) = next else { return word == Word::Ulp };
    let name = next.is_name();
    let text = matches!(next, Token::Text(_));
    match word {
        Word::Data | Word::Param | Word::Frozen | Word::Layer | Word::Model | Word::Type | Word::Const => name,
        Word::Derivative | Word::Precision | Word::Metric | Word::As | Word::Plot => name,
        Word::Import => name || text,
        Word::Train | Word::Minimize | Word::Fit | Word::Sample => name || next == Token::OpenBrace,
        Word::Print | Word::Assert | Word::Within => next.starts_expression(),
        Word::Save | Word::Load => text || name,
        Word::Test | Word::Fails => text,
        Word::Ulp => true,
        Word::With => name || next == Token::OpenBracket,
    }
}

/// A word of another language where no program of ours has a name: its message, and the tokens it stands for.
fn foreign_word(
    source: SourceId,
    text: &str,
    lexeme: Lexeme<'_>,
    previous: Option<Token<'_>>,
    next: Option<Token<'_>>,
) -> Option<(Diagnostic, &'static [Token<'static>])> {
    let next = next?;
    let span = Span::new(source, lexeme.start, lexeme.end);
    let spelling = &text[lexeme.start..lexeme.end];
    let rest = &text[lexeme.end..];
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let with_blanks = Span::new(source, lexeme.start, lexeme.end + blanks);
    let before_name = next.is_name();
    match spelling {
        "def" | "function" | "func" | "fun" | "define" if before_name => {
            Some((catalog::foreign_word(span, spelling, "fn"), &[Token::Fn]))
        }
        "var" | "val" | "auto" if before_name => Some((catalog::foreign_word(span, spelling, "let"), &[Token::Let])),
        "mut" if before_name && previous == Some(Token::Let) => Some((catalog::foreign_mut(span, with_blanks), &[])),
        "elif" | "elsif" | "elseif" if previous == Some(Token::CloseBrace) && next.starts_expression() => {
            Some((catalog::foreign_word(span, spelling, "else if"), &[Token::Else, Token::If]))
        }
        "return" if starts_returned_value(next) => Some((catalog::foreign_return(span, with_blanks), &[])),
        _ => None,
    }
}

/// Whether `return` before this token can only be the statement of other languages, never a name in an expression.
fn starts_returned_value(next: Token<'_>) -> bool {
    next.is_name()
        || matches!(next, Token::Integer(_) | Token::Real(_) | Token::Text(_) | Token::If | Token::True | Token::False)
}
