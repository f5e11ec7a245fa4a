//! Pieces of nd text that know how tightly they bind, so that parentheses stand where they are needed only.

/// How tightly the outermost operator of a text binds, loosest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Level {
    /// `if c { a } else { b }`
    Choice,
    /// `or`
    Or,
    /// `and`
    And,
    /// `not`
    Not,
    /// `==`, `<` and their like, which are not chained.
    Comparison,
    /// `+`, `-`
    Sum,
    /// `*`, `/`, `@`, `%`
    Product,
    /// `-x`
    Negation,
    /// `x^2`
    Power,
    /// Names, numbers, calls, subscripts, brackets.
    Atom,
}

/// An expression of nd.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Text {
    pub text: String,
    pub level: Level,
}

impl Text {
    pub fn new(text: impl Into<String>, level: Level) -> Self {
        Text { text: text.into(), level }
    }

    pub fn atom(text: impl Into<String>) -> Self {
        Text::new(text, Level::Atom)
    }

    /// The text as an operand that must bind at least as tightly as this.
    pub fn at(&self, level: Level) -> String {
        if self.level < level { format!("({})", self.text) } else { self.text.clone() }
    }

    /// `left operator right`, which associates to the left.
    pub fn binary(left: &Text, operator: &str, right: &Text, level: Level) -> Self {
        let left = if level == Level::Comparison { left.at(Level::Sum) } else { left.at(level) };
        let (operator, right) = match (operator, right.text.strip_prefix('-')) {
            ("+", Some(opposite)) if right.level == Level::Negation => ("-", Text::new(opposite, Level::Power)),
            _ => (operator, right.clone()),
        };
        let tighter = match level {
            Level::Or => Level::And,
            Level::And => Level::Not,
            Level::Comparison => Level::Sum,
            Level::Sum => Level::Product,
            _ => Level::Negation,
        };
        Text::new(format!("{left} {operator} {}", right.at(tighter)), level)
    }

    pub fn negated(&self) -> Self {
        Text::new(format!("-{}", self.at(Level::Power)), Level::Negation)
    }

    /// `name(a, b)`
    pub fn call(name: &str, arguments: &[Text]) -> Self {
        Text::atom(format!("{name}({})", list(arguments)))
    }

    /// `if c { a } else { b }`
    pub fn choice(condition: &Text, yes: &Text, no: &Text) -> Self {
        let no = if no.text.starts_with("if ") && no.level == Level::Choice {
            no.text.clone()
        } else {
            format!("{{ {} }}", no.text)
        };
        Text::new(format!("if {} {{ {} }} else {no}", condition.text, yes.text), Level::Choice)
    }
}

/// Texts with commas between them.
pub(super) fn list(texts: &[Text]) -> String {
    texts.iter().map(|text| text.text.as_str()).collect::<Vec<_>>().join(", ")
}

/// One text as it is, several as a tuple.
pub(super) fn tuple(texts: &[String]) -> String {
    match texts {
        [one] => one.clone(),
        several => format!("({})", several.join(", ")),
    }
}
