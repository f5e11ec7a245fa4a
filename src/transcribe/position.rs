//! Positions along an axis: whole numbers that are affine in indices, as far as that can be seen.

use super::text::{Level, Text};

/// What a position is made of: an index, or any other whole number.
#[derive(Clone, PartialEq, Debug)]
struct Atom {
    text: Text,
    /// The least and the greatest value, where they are known.
    range: Option<(i64, i64)>,
    /// The number of the index, if it is one.
    index: Option<usize>,
}

/// `constant + sum of coefficient * atom`
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Position {
    constant: i64,
    terms: Vec<(Atom, i64)>,
}

impl Position {
    pub fn constant(value: i64) -> Self {
        Position { constant: value, terms: Vec::new() }
    }

    /// The values of an index, `0..count`.
    pub fn index(number: usize, name: &str, count: usize) -> Self {
        if count <= 1 {
            return Position::constant(0);
        }
        let range = Some((0, count as i64 - 1));
        let atom = Atom { text: Text::atom(name), range, index: Some(number) };
        Position { constant: 0, terms: vec![(atom, 1)] }
    }

    /// Any whole number.
    pub fn opaque(text: Text, range: Option<(i64, i64)>) -> Self {
        Position { constant: 0, terms: vec![(Atom { text, range, index: None }, 1)] }
    }

    pub fn value(&self) -> Option<i64> {
        self.terms.is_empty().then_some(self.constant)
    }

    /// The index that this is, and nothing else.
    pub fn bare(&self) -> Option<usize> {
        match &self.terms[..] {
            [(atom, 1)] if self.constant == 0 => atom.index,
            _ => None,
        }
    }

    /// Whether this is one atom of this text.
    pub fn is_named(&self, name: &str) -> bool {
        matches!(&self.terms[..], [(atom, 1)] if self.constant == 0 && atom.text.text == name)
    }

    pub fn plus(&self, other: &Position) -> Self {
        let mut sum = self.clone();
        sum.constant += other.constant;
        for (atom, coefficient) in &other.terms {
            match sum.terms.iter_mut().find(|(each, _)| each == atom) {
                Some((_, each)) => *each += coefficient,
                None => sum.terms.push((atom.clone(), *coefficient)),
            }
        }
        sum.terms.retain(|(_, coefficient)| *coefficient != 0);
        sum
    }

    pub fn times(&self, factor: i64) -> Self {
        let terms = self.terms.iter().map(|(atom, coefficient)| (atom.clone(), coefficient * factor));
        let terms = terms.filter(|(_, coefficient)| *coefficient != 0).collect();
        Position { constant: self.constant * factor, terms }
    }

    pub fn offset(&self, by: i64) -> Self {
        Position { constant: self.constant + by, terms: self.terms.clone() }
    }

    /// The least and the greatest value, where they are known.
    pub fn range(&self) -> Option<(i64, i64)> {
        let (mut least, mut greatest) = (self.constant, self.constant);
        for (atom, coefficient) in &self.terms {
            let (low, high) = atom.range?;
            let ends = (low.checked_mul(*coefficient)?, high.checked_mul(*coefficient)?);
            least = least.checked_add(ends.0.min(ends.1))?;
            greatest = greatest.checked_add(ends.0.max(ends.1))?;
        }
        Some((least, greatest))
    }

    /// Quotient, rounded down, and remainder of the division by a positive number.
    pub fn divided(&self, by: i64) -> (Self, Self) {
        if by == 1 {
            return (self.clone(), Position::constant(0));
        }
        let part = |of: fn(i64, i64) -> i64| {
            let terms = self.terms.iter().map(|(atom, coefficient)| (atom.clone(), of(*coefficient, by)));
            terms.filter(|(_, coefficient)| *coefficient != 0).collect()
        };
        let quotient = Position { constant: 0, terms: part(i64::div_euclid) };
        let rest = Position { constant: self.constant, terms: part(i64::rem_euclid) };
        let whole = rest.range().map(|(least, greatest)| (least.div_euclid(by), greatest.div_euclid(by)));
        match whole {
            Some((least, greatest)) if least == greatest => (quotient.offset(least), rest.offset(-least * by)),
            _ => {
                let divisor = Text::atom(by.to_string());
                let text = rest.text();
                let divided = Position::opaque(Text::call("div", &[text.clone(), divisor.clone()]), whole);
                let remainder = Text::binary(&text, "%", &divisor, Level::Product);
                (quotient.plus(&divided), Position::opaque(remainder, Some((0, by - 1))))
            }
        }
    }

    pub fn text(&self) -> Text {
        let mut sum: Option<Text> = None;
        for (atom, coefficient) in &self.terms {
            let term = match coefficient {
                1 | -1 => atom.text.clone(),
                _ => {
                    let factor = Text::atom(coefficient.unsigned_abs().to_string());
                    Text::binary(&factor, "*", &atom.text, Level::Product)
                }
            };
            sum = Some(match sum {
                None if *coefficient < 0 && (self.constant > 0 || self.terms.iter().any(|(_, each)| *each > 0)) => {
                    return self.text_from_constant();
                }
                None if *coefficient < 0 => term.negated(),
                None => term,
                Some(sum) => Text::binary(&sum, if *coefficient < 0 { "-" } else { "+" }, &term, Level::Sum),
            });
        }
        let constant = number(self.constant);
        match sum {
            None => constant,
            Some(sum) if self.constant == 0 => sum,
            Some(sum) => Text::binary(&sum, "+", &constant, Level::Sum),
        }
    }

    /// With what is positive first: `3 - i`.
    fn text_from_constant(&self) -> Text {
        let (positive, negative): (Vec<_>, Vec<_>) = self.terms.iter().cloned().partition(|(_, each)| *each > 0);
        if self.constant <= 0 {
            let terms = positive.into_iter().chain(negative).collect();
            return Position { constant: self.constant, terms }.text();
        }
        let mut sum = number(self.constant);
        for (atom, coefficient) in positive.iter().chain(&negative) {
            let term = Position { constant: 0, terms: vec![(atom.clone(), coefficient.abs())] }.text();
            sum = Text::binary(&sum, if *coefficient < 0 { "-" } else { "+" }, &term, Level::Sum);
        }
        sum
    }
}

/// A whole number.
pub(super) fn number(value: i64) -> Text {
    if value < 0 { Text::new(value.to_string(), Level::Negation) } else { Text::atom(value.to_string()) }
}

/// The positions in a tensor of one shape that hold what is at `at` in another of the same count.
pub(super) fn reshaped(at: &[Position], from: &[usize], to: &[usize]) -> Vec<Position> {
    if to.contains(&0) {
        return to.iter().map(|_| Position::constant(0)).collect();
    }
    let mut result = Vec::with_capacity(to.len());
    let (mut source, mut target) = (0, 0);
    while target < to.len() {
        // The next axes of both that have equally many elements together.
        let (first_source, first_target) = (source, target);
        let (mut given, mut wanted) = (1, 1);
        loop {
            if given <= wanted && source < from.len() && (given < wanted || source == first_source) {
                given *= from[source];
                source += 1;
            } else if wanted < given || target == first_target {
                wanted *= to[target];
                target += 1;
            }
            if given == wanted && target > first_target {
                break;
            }
        }
        let mut flat = Position::constant(0);
        for axis in first_source..source {
            flat = flat.times(from[axis] as i64).plus(&at[axis]);
        }
        let mut parts = Vec::with_capacity(target - first_target);
        for axis in (first_target + 1..target).rev() {
            let (quotient, remainder) = flat.divided(to[axis] as i64);
            parts.push(if to[axis] == 1 { Position::constant(0) } else { remainder });
            flat = quotient;
        }
        parts.push(if to[first_target] == 1 { Position::constant(0) } else { flat });
        result.extend(parts.into_iter().rev());
    }
    result
}
