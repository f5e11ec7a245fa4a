//! Words for what the parser could not read: the general "expected …, found …", and before it the slips that have a
//! message of their own.

use lalrpop_util::ParseError;

use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::syntax as catalog;
use crate::diagnostics::nearest;
use crate::source::{SourceId, Span};

use super::brackets;
use super::parser::Failure;
use super::token::{Lexeme, Token, Word};

/// The index of a token that the parser names.
pub(super) fn find(lexemes: &[Lexeme<'_>], start: usize, token: Token<'_>, end: usize) -> usize {
    let first = lexemes.partition_point(|lexeme| lexeme.start < start);
    let same = |lexeme: &Lexeme<'_>| lexeme.start == start && lexeme.end == end && lexeme.token == token;
    lexemes[first..].iter().position(same).map_or(first, |offset| first + offset)
}

/// The index of the token that an error is about; the count of tokens at the end of the file.
pub(super) fn index(lexemes: &[Lexeme<'_>], error: &Failure<'_>) -> usize {
    match error {
        ParseError::UnrecognizedToken { token: (start, token, end), .. }
        | ParseError::ExtraToken { token: (start, token, end) } => find(lexemes, *start, *token, *end),
        ParseError::UnrecognizedEof { .. } | ParseError::InvalidToken { .. } => lexemes.len(),
        ParseError::User { error } => match *error {},
    }
}

/// Whether an expression could have stood where the error is.
pub(super) fn awaits_expression(error: &Failure<'_>) -> bool {
    match error {
        ParseError::UnrecognizedToken { expected, .. } => Expected { terminals: expected }.expression(),
        _ => false,
    }
}

/// The diagnostic for an error at the token `at`; none when that token has been reported already.
pub(super) fn describe(
    source: SourceId,
    text: &str,
    lexemes: &[Lexeme<'_>],
    at: usize,
    error: &Failure<'_>,
) -> Option<Diagnostic> {
    let expected = match error {
        ParseError::UnrecognizedToken { expected, .. } | ParseError::UnrecognizedEof { expected, .. } => {
            expected.as_slice()
        }
        _ => &[],
    };
    let site = Site { source, text, lexemes, at, expected: Expected { terminals: expected } };
    match lexemes.get(at) {
        // Put in for a missing bracket, or letters that are no token: reported before.
        Some(found) if found.start == found.end || found.token == Token::Bad => None,
        Some(found) => Some(site.slip(*found).unwrap_or_else(|| site.plain(*found))),
        None => Some(site.at_end()),
    }
}

/// The terminals that the parser would have taken.
struct Expected<'e> {
    terminals: &'e [String],
}

impl Expected<'_> {
    /// Whether a terminal, spelled as in the grammar, is among them.
    fn has(&self, terminal: &str) -> bool {
        self.terminals.iter().any(|expected| expected.trim_matches('"') == terminal)
    }

    fn expression(&self) -> bool {
        self.has("integer")
    }

    fn operator(&self) -> bool {
        self.has("==") && self.has("+")
    }

    fn item(&self) -> bool {
        self.has("layer") && self.has("let") && self.has("fn") && !self.expression()
    }

    fn name(&self) -> bool {
        self.has("identifier") && !self.expression()
    }

    fn type_expression(&self) -> bool {
        self.name() && self.has("[") && self.has("(") && self.has("fn") && !self.item()
    }

    /// A few words for the whole list; `operator` when an operator would fit as well.
    fn words(&self, operator: bool) -> String {
        let mut words: Vec<String> = Vec::new();
        let mut say = |condition: bool, word: &str| {
            if condition {
                words.push(word.to_string());
            }
        };
        say(operator, "an operator");
        say(self.expression(), "an expression");
        say(self.type_expression(), "a type");
        say(self.name() && !self.type_expression() && !self.item(), "a name");
        say(self.has("setting") && !self.has("identifier"), "a setting");
        say(self.item(), "an item");
        for terminal in self.own_terminals() {
            words.push(format!("`{terminal}`"));
        }
        words.truncate(5);
        match words.split_last() {
            None => "something else".to_string(),
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        }
    }

    /// The terminals that no collective word covers, in a fixed order.
    fn own_terminals(&self) -> impl Iterator<Item = &'static str> {
        const SIGNS: [&str; 14] = [",", ")", "]", "}", ";", "=", ":", "->", "|", "else", "for", "in", "{", "("];
        let starts_value = self.expression() || self.type_expression();
        let continues = self.operator();
        SIGNS.into_iter().filter(move |sign| {
            let covered = match *sign {
                "(" | "{" | "|" | ":" => starts_value || continues,
                // Taken there only to be reported as needless.
                ";" => self.item() || self.has("metric"),
                "," => self.item(),
                _ => false,
            };
            self.has(sign) && !covered
        })
    }
}

/// An error with its surroundings.
struct Site<'t> {
    source: SourceId,
    text: &'t str,
    lexemes: &'t [Lexeme<'t>],
    at: usize,
    expected: Expected<'t>,
}

impl<'t> Site<'t> {
    fn span(&self, lexeme: Lexeme<'_>) -> Span {
        Span::new(self.source, lexeme.start, lexeme.end)
    }

    fn spelling(&self, lexeme: Lexeme<'_>) -> &'t str {
        &self.text[lexeme.start..lexeme.end]
    }

    /// The token `back` tokens before the error.
    fn before(&self, back: usize) -> Option<Lexeme<'t>> {
        self.lexemes.get(self.at.checked_sub(back)?).copied()
    }

    fn next(&self) -> Option<Token<'t>> {
        self.lexemes.get(self.at + 1).map(|next| next.token)
    }

    /// The place right after the token before the error.
    fn gap(&self) -> Span {
        let end = self.before(1).map_or(0, |previous| previous.end);
        Span::new(self.source, end, end)
    }

    fn on_new_line(&self, found: Lexeme<'_>) -> bool {
        let start = self.before(1).map_or(0, |previous| previous.end);
        self.text[start..found.start].contains('\n')
    }

    /// Whether an operator would fit. The parser may have settled that the expression before is over, and then no
    /// longer lists the operators: what could close the expression shows it.
    fn operator_fits(&self) -> bool {
        let closes = self.expected.has(";") || (self.expected.has(",") && !self.expected.has("metric"));
        let elsewhere = ["=", ":", "identifier", "integer", "layer"].iter().any(|other| self.expected.has(other));
        let after_value = self.before(1).is_some_and(|previous| previous.token.ends_expression());
        self.expected.operator() || (after_value && closes && !elsewhere) || self.after_value_of_item()
    }

    /// Whether an item could start here only because one has just ended, on the same line.
    fn after_value_of_item(&self) -> bool {
        let Some(found) = self.lexemes.get(self.at) else { return false };
        let previous = self.before(1).map(|previous| previous.token);
        let after_value = previous.is_some_and(|token| token.ends_expression() && token != Token::CloseBrace);
        self.expected.item() && after_value && !self.on_new_line(*found)
    }

    fn words(&self) -> String {
        self.expected.words(self.operator_fits())
    }

    /// How the found token is named in a message.
    fn found(&self, found: Lexeme<'_>) -> String {
        let spelling = self.spelling(found);
        match found.token {
            Token::Text(_) => "a text".to_string(),
            Token::Integer(_) | Token::Real(_) => format!("the number `{}`", shortened(spelling)),
            _ => format!("`{}`", shortened(spelling)),
        }
    }

    /// Expected one thing, found another. Where a new item comes too early, the gap before it is what is wrong.
    fn plain(&self, found: Lexeme<'t>) -> Diagnostic {
        let early_item = match found.token {
            Token::Let | Token::Fn => true,
            Token::Word(word) => word.starts_item(),
            _ => false,
        };
        let span = if early_item && self.on_new_line(found) { self.gap() } else { self.span(found) };
        catalog::unexpected(span, &self.words(), &self.found(found))
    }

    fn at_end(&self) -> Diagnostic {
        if let Some(error) = self.missing_else() {
            return error;
        }
        catalog::unexpected_end(self.gap(), &self.words())
    }

    /// The slips that have a message of their own, the surest first.
    fn slip(&self, found: Lexeme<'t>) -> Option<Diagnostic> {
        self.missing_else()
            .or_else(|| self.equals_signs(found))
            .or_else(|| self.number_beside_name(found))
            .or_else(|| self.missing_separator(found))
            .or_else(|| self.misplaced_form(found))
            .or_else(|| self.wrong_name(found))
            .or_else(|| self.setting_without_equals(found))
            .or_else(|| self.word_as_name())
            .or_else(|| self.wrong_item(found))
    }

    /// `x += 1`, seen from `x`.
    fn assigns(&self, sign: Token<'_>) -> bool {
        let joined = self
            .lexemes
            .get(self.at + 1..self.at + 3)
            .is_some_and(|signs| signs[0].end == signs[1].start && signs[1].token == Token::Equals);
        joined && matches!(sign, Token::Plus | Token::Minus | Token::Star | Token::Slash)
    }

    fn missing_else(&self) -> Option<Diagnostic> {
        let only_else = self.expected.terminals.len() == 1 && self.expected.has("else");
        if !only_else {
            return None;
        }
        let keyword = self.if_before()?;
        Some(catalog::missing_else(self.gap(), self.span(keyword)))
    }

    /// The `if` whose block ends right before the error.
    fn if_before(&self) -> Option<Lexeme<'t>> {
        let mut depth = 0usize;
        for lexeme in self.lexemes[..self.at.min(self.lexemes.len())].iter().rev() {
            match lexeme.token {
                Token::CloseBrace | Token::CloseParenthesis | Token::CloseBracket => depth += 1,
                Token::OpenBrace | Token::OpenParenthesis | Token::OpenBracket => depth = depth.checked_sub(1)?,
                Token::If if depth == 0 => return Some(*lexeme),
                _ => {}
            }
        }
        None
    }

    fn equals_signs(&self, found: Lexeme<'t>) -> Option<Diagnostic> {
        let span = self.span(found);
        match found.token {
            Token::EqualEqual if self.expected.has("=") && !self.expected.operator() => {
                Some(catalog::comparison_for_equals(span))
            }
            // The parser may have settled that the expression is over before it met the sign.
            Token::Equals if self.before(1)?.token.ends_expression() && !self.expected.has("=") => {
                let name = self.before(1).filter(|previous| previous.token.is_name());
                let before_name = self.before(2).map(|before| before.token);
                let starts_statement =
                    matches!(before_name, Some(Token::OpenBrace | Token::CloseBrace | Token::Semicolon));
                match name {
                    Some(name) if starts_statement => Some(catalog::missing_let(self.span(name), self.spelling(name))),
                    _ => Some(catalog::equals_for_comparison(span)),
                }
            }
            Token::Equals if self.expected.expression() => {
                let previous = self.before(1)?;
                let joined = previous.end == found.start
                    && matches!(previous.token, Token::Plus | Token::Minus | Token::Star | Token::Slash);
                joined.then(|| catalog::assignment(self.span(previous).to(span)))
            }
            _ => None,
        }
    }

    fn number_beside_name(&self, found: Lexeme<'t>) -> Option<Diagnostic> {
        let previous = self.before(1)?;
        let number = matches!(previous.token, Token::Integer(_) | Token::Real(_));
        let beside = number && found.token.is_name() && previous.end == found.start;
        beside.then(|| {
            let whole = self.span(previous).to(self.span(found));
            catalog::number_beside_name(whole, self.gap(), self.spelling(previous), self.spelling(found))
        })
    }

    fn missing_separator(&self, found: Lexeme<'t>) -> Option<Diagnostic> {
        let starts = found.token.starts_expression();
        let inside = self.expected.has(")") || self.expected.has("]") || self.expected.has("|");
        if inside && self.expected.has(",") && (starts || found.token == Token::Underscore) {
            return Some(catalog::missing_comma(self.gap(), self.span(found)));
        }
        let new_statement = matches!(found.token, Token::Let | Token::Fn | Token::CloseBrace);
        let in_block = self.expected.has(";") && !self.expected.item() && !self.expected.has("setting");
        if in_block && self.operator_fits() && (new_statement || (starts && self.on_new_line(found))) {
            return Some(catalog::missing_semicolon(self.gap(), self.span(found)));
        }
        None
    }

    fn misplaced_form(&self, found: Lexeme<'t>) -> Option<Diagnostic> {
        let span = self.span(found);
        match found.token {
            Token::Underscore if self.expected.expression() => Some(catalog::underscore_value(span)),
            Token::Range => Some(catalog::misplaced_range(span)),
            Token::Bar if self.expected.expression() => Some(catalog::bare_lambda(span)),
            Token::Else if self.operator_fits() => Some(catalog::bare_else(span)),
            Token::For if self.expected.expression() || self.expected.item() => Some(catalog::bare_for(span)),
            Token::If if self.operator_fits() => Some(catalog::condition_last(span)),
            Token::Colon if self.expected.has("->") => Some(catalog::colon_for_arrow(span)),
            Token::Arrow if self.before(1)?.token == Token::CloseParenthesis => Some(catalog::bare_arrow(span)),
            _ => None,
        }
    }

    fn wrong_name(&self, found: Lexeme<'t>) -> Option<Diagnostic> {
        // A reserved word followed by what follows a name was meant as one.
        let follows_name = matches!(
            self.next(),
            Some(Token::Equals | Token::Colon | Token::Comma | Token::CloseParenthesis | Token::OpenParenthesis)
        );
        let meant_as_name = self.expected.name() && !self.expected.item() && found.token.is_reserved() && follows_name;
        meant_as_name.then(|| catalog::reserved_word(self.span(found), self.spelling(found)))
    }

    /// `epochs 200` in a block of settings.
    fn setting_without_equals(&self, found: Lexeme<'t>) -> Option<Diagnostic> {
        let starts_setting = found.token.is_name() && self.expected.has("setting") && !self.expected.has("identifier");
        let value = self.next().is_some_and(|next| next.starts_expression() && !matches!(next, Token::Setting(_)));
        let end = Span::new(self.source, found.end, found.end);
        (starts_setting && value).then(|| catalog::missing_equals(self.span(found), end, self.spelling(found)))
    }

    /// An item whose first word was read as a name, because an expression was still to come.
    fn word_as_name(&self) -> Option<Diagnostic> {
        let word = self.before(1)?;
        let starts_item = matches!(word.token, Token::Word(word) if word.starts_item());
        let unfinished = self.before(2)?;
        let awaits = !unfinished.token.ends_expression() && !matches!(unfinished.token, Token::Let | Token::Fn);
        let new_line = self.text[unfinished.end..word.start].contains('\n');
        let opens = brackets::closer(unfinished.token).is_some() || unfinished.token == Token::Semicolon;
        let gap = Span::new(self.source, unfinished.end, unfinished.end);
        let unfinished_value = starts_item && awaits && new_line && !opens;
        unfinished_value.then(|| catalog::unexpected(gap, "an expression", &self.found(word)))
    }

    fn wrong_item(&self, found: Lexeme<'t>) -> Option<Diagnostic> {
        let at_item = self.expected.item() && (self.at == 0 || self.on_new_line(found));
        if !at_item || !found.token.is_name() {
            return None;
        }
        let (span, spelling) = (self.span(found), self.spelling(found));
        match self.next() {
            Some(Token::Equals) => Some(catalog::missing_let(span, spelling)),
            Some(next) if next.is_name() || matches!(next, Token::Text(_) | Token::OpenBrace) => {
                let items = Word::ALL.iter().filter(|(_, word)| word.starts_item()).map(|(item, _)| *item);
                let meant = nearest(spelling, items.chain(["let", "fn"]))?;
                Some(catalog::misspelled_item(span, spelling, meant))
            }
            Some(sign) if self.assigns(sign) => Some(catalog::assignment(span)),
            Some(Token::OpenParenthesis) | None => Some(catalog::bare_expression(span, &self.found(found))),
            _ => None,
        }
    }
}

/// At most thirty letters of a spelling.
fn shortened(spelling: &str) -> String {
    if spelling.chars().count() <= 30 {
        return spelling.to_string();
    }
    let start: String = spelling.chars().take(29).collect();
    format!("{start}…")
}
