//! The malformed variants of a text: each is the text with the words of one place changed.

use ndc::syntax::token::{Token, tokens};
use std::ops::Range;

/// A change of a text.
#[derive(Clone, Debug)]
pub struct Variant {
    /// What was done, for people.
    pub title: String,
    /// What is replaced.
    pub place: Range<usize>,
    /// By what.
    pub replacement: String,
}

impl Variant {
    /// The text with the change made.
    pub fn apply(&self, text: &str) -> String {
        format!("{}{}{}", &text[..self.place.start], self.replacement, &text[self.place.end..])
    }
}

/// All variants of a text, in order of place.
pub fn variants(text: &str) -> Vec<Variant> {
    let words: Vec<(Token, Range<usize>)> =
        tokens(text).lexemes.iter().map(|lexeme| (lexeme.token, lexeme.start..lexeme.end)).collect();
    let names = names(text, &words);
    let mut all = Vec::new();
    for (at, (token, place)) in words.iter().enumerate() {
        let word = &text[place.clone()];
        let mut change = |what: &str, place: Range<usize>, replacement: String| {
            all.push(Variant { title: format!("{what} `{word}` at byte {}", place.start), place, replacement });
        };
        change("without", place.clone(), String::new());
        change("twice", place.clone(), format!("{word} {word}"));
        if let Some((_, next)) = words.get(at + 1) {
            let between = &text[place.end..next.start];
            change("swapped", place.start..next.end, format!("{}{between}{word}", &text[next.clone()]));
        }
        match token {
            Token::Integer(_) | Token::Real(_) => {
                for number in numbers(word) {
                    change(&format!("{number} for"), place.clone(), number);
                }
            }
            Token::Identifier(_) => {
                for shift in [1, names.len() / 2] {
                    let own = names.iter().position(|name| *name == word).unwrap_or(0);
                    let name = names[(own + shift) % names.len()];
                    change(&format!("{name} for"), place.clone(), name.to_string());
                }
            }
            _ => {}
        }
    }
    all
}

/// The different names of a text, in order of first appearance.
fn names<'t>(text: &'t str, words: &[(Token, Range<usize>)]) -> Vec<&'t str> {
    let mut names: Vec<&str> = Vec::new();
    for (token, place) in words {
        let word = &text[place.clone()];
        if matches!(token, Token::Identifier(_)) && !names.contains(&word) {
            names.push(word);
        }
    }
    names
}

/// Other numbers in the place of one.
fn numbers(word: &str) -> Vec<String> {
    let mut others: Vec<String> =
        ["0", "-1", "0.5", "1e300", "1_000_000_000_000", "9223372036854775808"].map(str::to_string).into();
    if let Ok(value) = word.replace('_', "").parse::<i64>() {
        others.extend([(value.saturating_add(1)).to_string(), (value - 1).to_string()]);
    }
    others.retain(|other| other != word);
    others
}
