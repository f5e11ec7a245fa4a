//! Symbolic sizes: polynomials in size variables with rational coefficients.
//!
//! A size is a constant wherever a program is made ready to run; variables stand in functions that are checked once
//! for themselves. Two sizes are equal when their normal forms are: terms sorted by their variables, no zero
//! coefficients, one positive common denominator in lowest terms.

use std::fmt;

/// A product of variables (sorted, repeated for powers) with an integer coefficient.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
struct Term {
    variables: Vec<String>,
    coefficient: i64,
}

/// A symbolic size.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Size {
    terms: Vec<Term>,
    denominator: i64,
}

/// Why a size cannot be computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SizeError {
    /// Beyond 64 bits.
    Overflow,
    /// A division that does not come out even, or is not by a constant.
    Uneven,
    /// A division by zero.
    ZeroDivision,
}

impl Size {
    /// A known size.
    pub fn constant(value: i64) -> Self {
        Size::normal(vec![Term { variables: vec![], coefficient: value }], 1).unwrap_or(Size::ZERO)
    }

    const ZERO: Size = Size { terms: Vec::new(), denominator: 1 };

    /// A size variable.
    pub fn variable(name: impl Into<String>) -> Self {
        Size { terms: vec![Term { variables: vec![name.into()], coefficient: 1 }], denominator: 1 }
    }

    /// The value, if no variable is left and it is whole.
    pub fn value(&self) -> Option<i64> {
        match &self.terms[..] {
            [] => Some(0),
            [term] if term.variables.is_empty() && self.denominator == 1 => Some(term.coefficient),
            _ => None,
        }
    }

    /// The value as a number of elements.
    pub fn count(&self) -> Option<usize> {
        self.value().and_then(|value| usize::try_from(value).ok())
    }

    /// Whether no variable is left.
    pub fn is_constant(&self) -> bool {
        self.terms.iter().all(|term| term.variables.is_empty())
    }

    /// Whether no term is negative, so that the size is 0 or more whatever its variables are.
    pub fn has_only_positive_terms(&self) -> bool {
        self.terms.iter().all(|term| term.coefficient > 0)
    }

    /// The variables, each once.
    pub fn variables(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.terms.iter().flat_map(|term| term.variables.iter().map(String::as_str)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Collects equal terms, drops zeros, brings the fraction to lowest terms.
    fn normal(mut terms: Vec<Term>, denominator: i64) -> Result<Size, SizeError> {
        terms.sort();
        let mut merged: Vec<Term> = Vec::with_capacity(terms.len());
        for term in terms {
            match merged.last_mut() {
                Some(last) if last.variables == term.variables => {
                    last.coefficient = last.coefficient.checked_add(term.coefficient).ok_or(SizeError::Overflow)?;
                }
                _ => merged.push(term),
            }
        }
        merged.retain(|term| term.coefficient != 0);
        let divisor = merged.iter().fold(denominator, |divisor, term| common_divisor(divisor, term.coefficient));
        for term in &mut merged {
            term.coefficient /= divisor;
        }
        let denominator = if merged.is_empty() { 1 } else { denominator / divisor };
        Ok(Size { terms: merged, denominator })
    }

    fn combine(&self, other: &Size, sign: i64) -> Result<Size, SizeError> {
        let scale = |size: &Size, factor: i64| -> Result<Vec<Term>, SizeError> {
            size.terms
                .iter()
                .map(|term| {
                    let coefficient = term.coefficient.checked_mul(factor).ok_or(SizeError::Overflow)?;
                    Ok(Term { variables: term.variables.clone(), coefficient })
                })
                .collect()
        };
        let denominator = self.denominator.checked_mul(other.denominator).ok_or(SizeError::Overflow)?;
        let mut terms = scale(self, other.denominator)?;
        terms.extend(scale(other, sign * self.denominator)?);
        Size::normal(terms, denominator)
    }

    /// The sum.
    pub fn add(&self, other: &Size) -> Result<Size, SizeError> {
        self.combine(other, 1)
    }

    /// The difference.
    pub fn subtract(&self, other: &Size) -> Result<Size, SizeError> {
        self.combine(other, -1)
    }

    /// The product.
    pub fn multiply(&self, other: &Size) -> Result<Size, SizeError> {
        let mut terms = Vec::with_capacity(self.terms.len() * other.terms.len());
        for left in &self.terms {
            for right in &other.terms {
                let mut variables = [&left.variables[..], &right.variables[..]].concat();
                variables.sort();
                let coefficient = left.coefficient.checked_mul(right.coefficient).ok_or(SizeError::Overflow)?;
                terms.push(Term { variables, coefficient });
            }
        }
        let denominator = self.denominator.checked_mul(other.denominator).ok_or(SizeError::Overflow)?;
        Size::normal(terms, denominator)
    }

    /// The quotient, which must come out even; with variables, by a constant only.
    pub fn divide(&self, other: &Size) -> Result<Size, SizeError> {
        if self == other && !self.terms.is_empty() {
            return Ok(Size::constant(1));
        }
        let divisor = other.value().ok_or(SizeError::Uneven)?;
        if divisor == 0 {
            return Err(SizeError::ZeroDivision);
        }
        let (sign, divisor) = (divisor.signum(), divisor.checked_abs().ok_or(SizeError::Overflow)?);
        let denominator = self.denominator.checked_mul(divisor).ok_or(SizeError::Overflow)?;
        let terms = self.terms.iter().map(|term| Term { coefficient: sign * term.coefficient, ..term.clone() });
        let quotient = Size::normal(terms.collect(), denominator)?;
        if quotient.is_constant() && quotient.value().is_none() { Err(SizeError::Uneven) } else { Ok(quotient) }
    }

    /// The quotient rounded down.
    pub fn floor_divide(&self, other: &Size) -> Result<Size, SizeError> {
        match (self.value(), other.value()) {
            (_, Some(0)) => Err(SizeError::ZeroDivision),
            (Some(left), Some(right)) => left
                .checked_div_euclid(right)
                .map(|quotient| if right < 0 && left.rem_euclid(right) != 0 { quotient - 1 } else { quotient })
                .map(Size::constant)
                .ok_or(SizeError::Overflow),
            _ => Ok(Size::variable(format!("div({self}, {other})"))),
        }
    }

    /// If the size is `a * v + b` in exactly one unknown `v` of `unknowns`: the value of `v` that makes it `target`.
    pub fn solve(&self, unknowns: &[String], target: &Size) -> Option<(String, Size)> {
        let is_unknown = |name: &&str| unknowns.iter().any(|unknown| unknown == name);
        let [unknown] = self.variables().into_iter().filter(is_unknown).collect::<Vec<_>>()[..] else { return None };
        let (with, without): (Vec<Term>, Vec<Term>) =
            self.terms.iter().cloned().partition(|term| term.variables.iter().any(|name| name == unknown));
        let [term] = &with[..] else { return None };
        if term.variables.len() != 1 {
            return None;
        }
        let rest = Size::normal(without, self.denominator).ok()?;
        let scaled = target.subtract(&rest).ok()?.multiply(&Size::constant(self.denominator)).ok()?;
        Some((unknown.to_string(), scaled.divide(&Size::constant(term.coefficient)).ok()?))
    }

    /// The size with a variable replaced.
    pub fn substitute(&self, bindings: &[(String, Size)]) -> Result<Size, SizeError> {
        let mut sum = Size::ZERO;
        for term in &self.terms {
            let mut product = Size::constant(term.coefficient);
            for name in &term.variables {
                let bound = bindings.iter().find(|(bound, _)| bound == name);
                let factor = bound.map_or_else(|| Size::variable(name.clone()), |(_, size)| size.clone());
                product = product.multiply(&factor)?;
            }
            sum = sum.add(&product)?;
        }
        sum.divide(&Size::constant(self.denominator))
    }
}

fn common_divisor(left: i64, right: i64) -> i64 {
    let (mut a, mut b) = (left.unsigned_abs(), right.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    i64::try_from(a.max(1)).unwrap_or(1)
}

impl fmt::Display for Size {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.terms.is_empty() {
            return out.write_str("0");
        }
        let parenthesised = self.denominator != 1 && self.terms.len() > 1;
        let constants_last = self.terms.iter().filter(|term| !term.variables.is_empty());
        let constants = self.terms.iter().filter(|term| term.variables.is_empty());
        if parenthesised {
            out.write_str("(")?;
        }
        for (place, term) in constants_last.chain(constants).enumerate() {
            let magnitude = term.coefficient.unsigned_abs();
            match (place, term.coefficient < 0) {
                (0, false) => {}
                (0, true) => out.write_str("-")?,
                (_, false) => out.write_str(" + ")?,
                (_, true) => out.write_str(" - ")?,
            }
            let variables = term.variables.join("*");
            match (magnitude, variables.is_empty()) {
                (_, true) => write!(out, "{magnitude}")?,
                (1, false) => out.write_str(&variables)?,
                (_, false) => write!(out, "{magnitude}*{variables}")?,
            }
        }
        if parenthesised {
            out.write_str(")")?;
        }
        if self.denominator == 1 { Ok(()) } else { write!(out, "/{}", self.denominator) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n() -> Size {
        Size::variable("n")
    }

    #[test]
    fn normal_forms_decide_equality() {
        let left = n().add(&Size::constant(1)).unwrap().multiply(&n().subtract(&Size::constant(1)).unwrap()).unwrap();
        let right = n().multiply(&n()).unwrap().subtract(&Size::constant(1)).unwrap();
        assert_eq!(left, right);
        assert_eq!(left.to_string(), "n*n - 1");
    }

    #[test]
    fn division_comes_out_even_or_fails() {
        assert_eq!(Size::constant(6).divide(&Size::constant(2)).unwrap().value(), Some(3));
        assert_eq!(Size::constant(7).divide(&Size::constant(2)), Err(SizeError::Uneven));
        let half = n().divide(&Size::constant(2)).unwrap();
        assert_eq!(half.to_string(), "n/2");
        assert_eq!(half.substitute(&[("n".into(), Size::constant(8))]).unwrap().value(), Some(4));
        assert_eq!(half.substitute(&[("n".into(), Size::constant(7))]), Err(SizeError::Uneven));
        assert_eq!(Size::constant(-7).floor_divide(&Size::constant(2)).unwrap().value(), Some(-4));
    }

    #[test]
    fn linear_sizes_are_solved_for_their_unknown() {
        let four_b = Size::constant(4).multiply(&Size::variable("b")).unwrap();
        let solved = four_b.solve(&["b".into()], &Size::constant(12));
        assert_eq!(solved, Some(("b".into(), Size::constant(3))));
        assert_eq!(four_b.solve(&["b".into()], &Size::constant(13)), None);
    }

    #[test]
    fn overflow_is_reported() {
        let big = Size::constant(i64::MAX);
        assert_eq!(big.add(&Size::constant(1)), Err(SizeError::Overflow));
        assert_eq!(big.multiply(&Size::constant(2)), Err(SizeError::Overflow));
    }
}
