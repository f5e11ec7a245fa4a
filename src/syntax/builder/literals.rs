//! Numbers and texts from their spelling.

use std::borrow::Cow;

use crate::diagnostics::catalog::syntax as catalog;
use crate::syntax::ast::{Expr, ExprKind, Name, Text};

use super::Builder;

impl Builder<'_> {
    pub(in crate::syntax) fn integer(&mut self, start: usize, digits: &str, end: usize) -> Expr {
        let digits = without_underscores(digits);
        let value = self.real_value(start, &digits, end);
        self.expr(start, ExprKind::Integer { exact: digits.parse().ok(), value }, end)
    }

    pub(in crate::syntax) fn real(&mut self, start: usize, digits: &str, end: usize) -> Expr {
        let digits = without_underscores(digits);
        let value = self.real_value(start, &digits, end);
        self.expr(start, ExprKind::Real { value, single: digits.parse().unwrap_or(f32::NAN) }, end)
    }

    /// The nearest real. One beyond the largest is reported: it would be infinity in silence.
    fn real_value(&mut self, start: usize, digits: &str, end: usize) -> f64 {
        let value = digits.parse().unwrap_or(f64::NAN);
        if value == f64::INFINITY {
            self.diagnostics.push(catalog::number_too_large(self.span(start, end)));
        }
        value
    }

    pub(in crate::syntax) fn part(&mut self, base: Expr, start: usize, digits: &str, end: usize) -> Expr {
        let index_span = self.span(start + 1, end);
        let index = digits[1..].parse().unwrap_or_else(|_| {
            self.diagnostics.push(catalog::part_too_large(index_span));
            u32::MAX
        });
        let whole = base.span.start as usize;
        self.expr(whole, ExprKind::Part { base, index, index_span }, end)
    }

    pub(in crate::syntax) fn text(&mut self, start: usize, inside: &str, end: usize) -> Text {
        Text { text: self.resolve_escapes(start + 1, inside), span: self.span(start, end) }
    }

    pub(in crate::syntax) fn text_expression(&mut self, start: usize, inside: &str, end: usize) -> Expr {
        let text = self.resolve_escapes(start + 1, inside);
        self.expr(start, ExprKind::Text(text), end)
    }

    pub(in crate::syntax) fn name_expression(&mut self, name: Name) -> Expr {
        let (start, end) = (name.span.start as usize, name.span.end as usize);
        self.expr(start, ExprKind::Name(name.text), end)
    }

    /// Replaces escapes; an unknown one is reported and kept as written.
    fn resolve_escapes(&mut self, start: usize, inside: &str) -> String {
        let mut resolved = String::with_capacity(inside.len());
        let mut rest = inside;
        while let Some(backslash) = rest.find('\\') {
            resolved.push_str(&rest[..backslash]);
            rest = &rest[backslash..];
            let (letter, length) = escape(rest);
            match letter {
                Some(letter) => resolved.push(letter),
                None => {
                    let place = start + (inside.len() - rest.len());
                    let span = self.span(place, place + length);
                    self.diagnostics.push(catalog::unknown_escape(span, &rest[..length]));
                    resolved.push_str(&rest[..length]);
                }
            }
            rest = &rest[length..];
        }
        resolved.push_str(rest);
        resolved
    }
}

/// The letter that the escape at the start of a text stands for, if it is one, and the escape's length.
fn escape(text: &str) -> (Option<char>, usize) {
    let Some(letter) = text[1..].chars().next() else { return (None, 1) };
    let simple = match letter {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        '0' => Some('\0'),
        '"' | '\\' | '\'' => Some(letter),
        _ => None,
    };
    if simple.is_none() && letter == 'u' {
        return unicode_escape(text);
    }
    (simple, 1 + letter.len_utf8())
}

/// `\u{3b8}`.
fn unicode_escape(text: &str) -> (Option<char>, usize) {
    let Some(digits) = text.strip_prefix("\\u{") else { return (None, 2) };
    let Some(close) = digits.find('}') else { return (None, 2) };
    let letter = u32::from_str_radix(&digits[..close], 16).ok().and_then(char::from_u32);
    (letter, "\\u{".len() + close + 1)
}

fn without_underscores(digits: &str) -> Cow<'_, str> {
    if digits.contains('_') { Cow::Owned(digits.replace('_', "")) } else { Cow::Borrowed(digits) }
}
