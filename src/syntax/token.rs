//! Tokens: the spelling of the language, by logos. Reading never fails; what is no token becomes [`Token::Bad`].

use std::fmt;

use logos::Logos;

/// A token. Contextual words (`data`, `test`, …) are identifiers here; `reader` tells them apart by the
/// token that follows.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq)]
#[logos(skip r"[ \t\r\n\x0C]+")]
pub enum Token<'a> {
    /// `1`, `1_000`.
    #[regex(r"[0-9][0-9_]*", |lexer| lexer.slice())]
    Integer(&'a str),
    /// `1.5`, `2e-3`.
    #[regex(r"[0-9][0-9_]*\.[0-9][0-9_]*([eE][+-]?[0-9]+)?", |lexer| lexer.slice())]
    #[regex(r"[0-9][0-9_]*[eE][+-]?[0-9]+", |lexer| lexer.slice())]
    Real(&'a str),
    /// `.0`, a part of a tuple.
    #[regex(r"\.[0-9]+", |lexer| lexer.slice())]
    Part(&'a str),
    /// `"text"`; the letters between the quotes, escapes as written.
    #[regex(r#""([^"\\\n]|\\[^\n])*""#, |lexer| inside_quotes(lexer.slice()))]
    Text(&'a str),
    /// A name, or a contextual word before it is recognised.
    #[regex(r"[\p{XID_Start}_][\p{XID_Continue}₀-₉]*", |lexer| lexer.slice())]
    Identifier(&'a str),
    /// A name right inside braces with `=` after it: of a setting or a column.
    Setting(&'a str),
    /// `// …` to the end of the line.
    #[regex(r"//([^/\n][^\n]*)?", allow_greedy = true)]
    #[regex(r"////[^\n]*", allow_greedy = true)]
    Comment,
    /// `/// …` to the end of the line.
    #[regex(r"///([^/\n][^\n]*)?", allow_greedy = true)]
    Documentation,

    /// `1.`: a decimal point without a digit after it.
    PointWithoutDigits(&'a str),
    /// A text whose closing quote is missing on its line.
    #[regex(r#""([^"\\\n]|\\[^\n])*\\?"#, |lexer| &lexer.slice()[1..])]
    UnterminatedText(&'a str),
    /// An operator that other languages have.
    #[token("&&", |lexer| lexer.slice())]
    #[token("||", |lexer| lexer.slice())]
    #[token("!", |lexer| lexer.slice())]
    #[token("**", |lexer| lexer.slice())]
    #[token("≤", |lexer| lexer.slice())]
    #[token("≥", |lexer| lexer.slice())]
    #[token("≠", |lexer| lexer.slice())]
    #[token("−", |lexer| lexer.slice())]
    #[token("×", |lexer| lexer.slice())]
    #[token("·", |lexer| lexer.slice())]
    Foreign(&'a str),
    /// Letters that are no token, or a stretch that has been reported already.
    Bad,

    /// `fn`
    #[token("fn")]
    Fn,
    /// `let`
    #[token("let")]
    Let,
    /// `if`
    #[token("if")]
    If,
    /// `else`
    #[token("else")]
    Else,
    /// `for`
    #[token("for")]
    For,
    /// `in`
    #[token("in")]
    In,
    /// `and`
    #[token("and")]
    And,
    /// `or`
    #[token("or")]
    Or,
    /// `not`
    #[token("not")]
    Not,
    /// `true`
    #[token("true")]
    True,
    /// `false`
    #[token("false")]
    False,
    /// `_`
    #[token("_", priority = 3)]
    Underscore,
    /// `(`
    #[token("(")]
    OpenParenthesis,
    /// `)`
    #[token(")")]
    CloseParenthesis,
    /// `[`
    #[token("[")]
    OpenBracket,
    /// `]`
    #[token("]")]
    CloseBracket,
    /// `{`
    #[token("{")]
    OpenBrace,
    /// `}`
    #[token("}")]
    CloseBrace,
    /// `,`
    #[token(",")]
    Comma,
    /// `;`
    #[token(";")]
    Semicolon,
    /// `:`
    #[token(":")]
    Colon,
    /// `=`
    #[token("=")]
    Equals,
    /// `==`
    #[token("==")]
    EqualEqual,
    /// `!=`
    #[token("!=")]
    NotEqual,
    /// `<`
    #[token("<")]
    Less,
    /// `<=`
    #[token("<=")]
    LessEqual,
    /// `>`
    #[token(">")]
    Greater,
    /// `>=`
    #[token(">=")]
    GreaterEqual,
    /// `>>`
    #[token(">>")]
    Compose,
    /// `+`
    #[token("+")]
    Plus,
    /// `-`
    #[token("-")]
    Minus,
    /// `*`
    #[token("*")]
    Star,
    /// `/`
    #[token("/")]
    Slash,
    /// `@`
    #[token("@")]
    At,
    /// `%`
    #[token("%")]
    Percent,
    /// `^`
    #[token("^")]
    Caret,
    /// `'`
    #[token("'")]
    Tick,
    /// `.`
    #[token(".")]
    Point,
    /// `..`
    #[token("..")]
    Range,
    /// `|`
    #[token("|")]
    Bar,
    /// `->`
    #[token("->")]
    Arrow,

    /// A contextual word where it can start what it starts.
    Word(Word),
}

/// The contextual words: ordinary names wherever they cannot start what they start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the word it names")]
pub enum Word {
    Data,
    Param,
    Frozen,
    Layer,
    Model,
    Type,
    Const,
    Import,
    As,
    Train,
    Minimize,
    Fit,
    Sample,
    Print,
    Plot,
    Save,
    Load,
    Test,
    Assert,
    Fails,
    Within,
    Ulp,
    With,
    Derivative,
    Precision,
    Metric,
}

impl Word {
    /// Every contextual word with its spelling.
    pub const ALL: [(&'static str, Word); 26] = [
        ("data", Word::Data),
        ("param", Word::Param),
        ("frozen", Word::Frozen),
        ("layer", Word::Layer),
        ("model", Word::Model),
        ("type", Word::Type),
        ("const", Word::Const),
        ("import", Word::Import),
        ("as", Word::As),
        ("train", Word::Train),
        ("minimize", Word::Minimize),
        ("fit", Word::Fit),
        ("sample", Word::Sample),
        ("print", Word::Print),
        ("plot", Word::Plot),
        ("save", Word::Save),
        ("load", Word::Load),
        ("test", Word::Test),
        ("assert", Word::Assert),
        ("fails", Word::Fails),
        ("within", Word::Within),
        ("ulp", Word::Ulp),
        ("with", Word::With),
        ("derivative", Word::Derivative),
        ("precision", Word::Precision),
        ("metric", Word::Metric),
    ];

    /// The word spelled like this.
    pub fn spelled(text: &str) -> Option<Word> {
        // Most names are no contextual word; the length tells cheaply.
        if !(2..=10).contains(&text.len()) {
            return None;
        }
        Word::ALL.iter().find(|(spelling, _)| *spelling == text).map(|(_, word)| *word)
    }

    /// How it is spelled.
    pub fn spelling(self) -> &'static str {
        Word::ALL.iter().find(|(_, word)| *word == self).map_or("", |(spelling, _)| spelling)
    }

    /// Whether it starts an item.
    pub fn starts_item(self) -> bool {
        !matches!(self, Word::As | Word::Fails | Word::Within | Word::Ulp | Word::With | Word::Metric)
    }
}

/// The letters between the first and the last.
fn inside_quotes(text: &str) -> &str {
    &text[1..text.len() - 1]
}

impl Token<'_> {
    /// Whether an expression can end with it, so that what follows can only continue the expression.
    pub fn ends_expression(self) -> bool {
        matches!(
            self,
            Token::Integer(_)
                | Token::Real(_)
                | Token::Part(_)
                | Token::Text(_)
                | Token::PointWithoutDigits(_)
                | Token::UnterminatedText(_)
                | Token::Identifier(_)
                | Token::Setting(_)
                | Token::Word(_)
                | Token::True
                | Token::False
                | Token::Underscore
                | Token::CloseParenthesis
                | Token::CloseBracket
                | Token::CloseBrace
                | Token::Tick
        )
    }

    /// Whether an expression can start with it.
    pub fn starts_expression(self) -> bool {
        matches!(
            self,
            Token::Integer(_)
                | Token::Real(_)
                | Token::Text(_)
                | Token::Identifier(_)
                | Token::Setting(_)
                | Token::Word(_)
                | Token::True
                | Token::False
                | Token::OpenParenthesis
                | Token::OpenBracket
                | Token::OpenBrace
                | Token::Minus
                | Token::Not
                | Token::If
                | Token::Bar
        )
    }

    /// Whether it is a name, contextual words among them.
    pub fn is_name(self) -> bool {
        matches!(self, Token::Identifier(_) | Token::Setting(_) | Token::Word(_))
    }

    /// Whether it is one of the words that can never be a name.
    pub fn is_reserved(self) -> bool {
        matches!(
            self,
            Token::Fn
                | Token::Let
                | Token::If
                | Token::Else
                | Token::For
                | Token::In
                | Token::And
                | Token::Or
                | Token::Not
                | Token::True
                | Token::False
        )
    }

    /// Its class, one word, as `--emit tokens` prints it.
    pub fn class(self) -> &'static str {
        match self {
            Token::Integer(_) => "integer",
            Token::Real(_) => "real",
            Token::Part(_) => "part",
            Token::Text(_) => "text",
            Token::Identifier(_) | Token::Setting(_) => "name",
            Token::Comment => "comment",
            Token::Documentation => "documentation",
            Token::PointWithoutDigits(_) | Token::UnterminatedText(_) | Token::Foreign(_) | Token::Bad => "bad",
            Token::Word(_) => "word",
            _ if self.is_reserved() => "reserved",
            _ => "sign",
        }
    }
}

/// A token and where it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lexeme<'a> {
    /// The token.
    pub token: Token<'a>,
    /// Its first byte.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
}

/// The tokens of a text, comments among them, as they are written.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    text: &'a str,
    /// The tokens in order.
    pub lexemes: Vec<Lexeme<'a>>,
}

/// The tokens of a text. Never fails.
pub fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, lexemes: Lexemes::new(text).collect() }
}

impl fmt::Display for Tokens<'_> {
    /// One token a line: `line:column class spelling`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut line, mut line_start, mut reached) = (1, 0, 0);
        for lexeme in &self.lexemes {
            for (offset, _) in self.text[reached..lexeme.start].match_indices('\n') {
                line += 1;
                line_start = reached + offset + 1;
            }
            reached = lexeme.start;
            let column = self.text[line_start..lexeme.start].chars().count() + 1;
            let spelling = self.text[lexeme.start..lexeme.end].trim_end();
            writeln!(formatter, "{line}:{column} {} {spelling}", lexeme.token.class())?;
        }
        Ok(())
    }
}

/// The tokens of a text one by one. The caller may take over letters with [`Lexemes::skip`].
pub(super) struct Lexemes<'a> {
    lexer: logos::Lexer<'a, Token<'a>>,
}

impl<'a> Lexemes<'a> {
    /// Starts at the beginning, after a byte order mark.
    pub(super) fn new(text: &'a str) -> Self {
        let mut lexer = Token::lexer(text);
        if text.starts_with('\u{FEFF}') {
            lexer.bump('\u{FEFF}'.len_utf8());
        }
        Lexemes { lexer }
    }

    /// The text after the last token.
    pub(super) fn remainder(&self) -> &'a str {
        self.lexer.remainder()
    }

    /// Goes on `count` bytes further.
    pub(super) fn skip(&mut self, count: usize) {
        self.lexer.bump(count);
    }

    /// `1.` is no number, but `1..n` starts a range and `1.5` has been read as a whole.
    fn broken_number(&mut self, digits: &'a str) -> Token<'a> {
        let rest = self.lexer.remainder();
        if rest.starts_with('.') && !rest.starts_with("..") {
            self.lexer.bump(1);
            return Token::PointWithoutDigits(digits);
        }
        Token::Integer(digits)
    }
}

impl<'a> Iterator for Lexemes<'a> {
    type Item = Lexeme<'a>;

    fn next(&mut self) -> Option<Lexeme<'a>> {
        let mut token = self.lexer.next()?.unwrap_or(Token::Bad);
        let start = self.lexer.span().start;
        if let Token::Integer(digits) = token {
            token = self.broken_number(digits);
        }
        Some(Lexeme { token, start, end: self.lexer.span().end })
    }
}
