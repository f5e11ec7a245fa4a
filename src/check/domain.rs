//! Where the values of a parameter lie: `param s in (0, inf) = 1.0`, `param p: [k] in simplex`.

use super::Checker;
use super::program::{Initial, Kind, Typed};
use super::types::{Element, Type};
use crate::diagnostics::catalog::models;
use crate::ir::Shape;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
use std::fmt;

/// Where the values of a parameter lie. All but [`Domain::Reals`] are open: their ends are not reached.
///
/// A parameter is stored unconstrained and read through a transform: `a + exp(y)`, `b - exp(y)`,
/// `a + (b - a) * sigmoid(y)`; a point of the simplex is the softmax of a vector with one entry less, brought to the
/// plane of zero sum.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Domain {
    /// All reals.
    #[default]
    Reals,
    /// Above a number.
    Above(f64),
    /// Below a number.
    Below(f64),
    /// Between two numbers.
    Between(f64, f64),
    /// Above zero, with sum 1 along the last axis.
    Simplex,
}

impl Domain {
    /// The shape of what is stored for a parameter of a shape.
    pub fn stored_shape(self, shape: &Shape) -> Shape {
        let sizes = shape.sizes();
        match (self, sizes.split_last()) {
            (Domain::Simplex, Some((last, rest))) => rest.iter().copied().chain([last.saturating_sub(1)]).collect(),
            _ => shape.clone(),
        }
    }

    /// The first value of a parameter that lies outside, as it would be called in a message.
    pub fn outside(self, shape: &Shape, values: &[f64]) -> Option<String> {
        let stray = |inside: &dyn Fn(f64) -> bool| {
            values.iter().find(|value| !inside(**value)).map(|value| format!("{value} lies outside"))
        };
        match self {
            Domain::Reals => None,
            Domain::Above(low) => stray(&|value| value > low && value.is_finite()),
            Domain::Below(high) => stray(&|value| value < high && value.is_finite()),
            Domain::Between(low, high) => stray(&|value| value > low && value < high),
            Domain::Simplex => stray(&|value| value > 0.0 && value.is_finite()).or_else(|| {
                let row = shape.sizes().last().copied().unwrap_or(1).max(1);
                let sums = values.chunks(row).map(|row| row.iter().sum::<f64>());
                // Room for the rounding of numbers that are given in single precision.
                sums.into_iter().find(|sum| (sum - 1.0).abs() > 1e-5).map(|sum| format!("the sum is {sum}, not 1"))
            }),
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Domain::Reals => out.write_str("(-inf, inf)"),
            Domain::Above(low) => write!(out, "({low}, inf)"),
            Domain::Below(high) => write!(out, "(-inf, {high})"),
            Domain::Between(low, high) => write!(out, "({low}, {high})"),
            Domain::Simplex => out.write_str("simplex"),
        }
    }
}

impl<'a> Checker<'a, '_> {
    /// The domain that is written after `in`, or a message.
    pub(super) fn domain(&mut self, written: &'a Expr) -> Option<Domain> {
        match &*written.kind {
            ExprKind::Name(name) if name == "simplex" => Some(Domain::Simplex),
            ExprKind::Tuple(ends) if ends.len() == 2 => {
                let low = self.value(&ends[0], None);
                let high = self.value(&ends[1], None);
                let (low, high) = (self.constant_number(low)?, self.constant_number(high)?);
                match (low.is_finite(), high.is_finite()) {
                    (true, true) if low < high => Some(Domain::Between(low, high)),
                    (true, false) if high > 0.0 => Some(Domain::Above(low)),
                    (false, true) if low < 0.0 => Some(Domain::Below(high)),
                    (false, false) if low < 0.0 && high > 0.0 => Some(Domain::Reals),
                    _ => {
                        self.report(models::bad_domain("the lower end must be below the upper one", written.span));
                        None
                    }
                }
            }
            ExprKind::Error => None,
            _ => {
                self.report(models::bad_domain("this is neither an interval nor `simplex`", written.span));
                None
            }
        }
    }

    /// The initial value of a parameter that states none: the centre of the simplex.
    pub(super) fn centre(&mut self, domain: Domain, declared: Option<&Type>, place: Span) -> Option<(Initial, Type)> {
        match (domain, declared) {
            (Domain::Simplex, Some(ty)) => {
                let share = ty.known_shape()?.sizes().last().map_or(1.0, |size| 1.0 / *size as f64);
                let number = Typed::new(Kind::Number(share), Type::real(), place);
                let value = Typed::new(Kind::Splat(number), ty.clone(), place);
                Some((Initial::Value(value), ty.clone()))
            }
            _ => {
                self.report(models::no_initial(place));
                None
            }
        }
    }

    /// Whether a parameter of this type can lie in a domain, or a message.
    pub(super) fn fits_domain(&mut self, domain: Domain, ty: &Type, place: Span) -> bool {
        let long_enough = ty.sizes().last().and_then(|size| size.count()).is_some_and(|size| size >= 2);
        let fits = domain != Domain::Simplex || (long_enough && ty.element() == Some(Element::Real));
        if !fits {
            self.report(models::bad_domain("a point of the simplex is a vector of two numbers or more", place));
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_outside() {
        let shape = Shape::new(&[2]);
        assert_eq!(Domain::Above(0.0).outside(&shape, &[1.0, 2.0]), None);
        assert!(Domain::Above(0.0).outside(&shape, &[1.0, 0.0]).is_some());
        assert!(Domain::Below(0.0).outside(&shape, &[-1.0, f64::NEG_INFINITY]).is_some());
        assert!(Domain::Between(0.0, 1.0).outside(&shape, &[0.5, 1.0]).is_some());
        assert!(Domain::Between(0.0, 1.0).outside(&shape, &[0.5, f64::NAN]).is_some());
    }

    #[test]
    fn rows_of_a_simplex_sum_to_one() {
        let shape = Shape::new(&[2, 2]);
        assert_eq!(Domain::Simplex.outside(&shape, &[0.5, 0.5, 0.25, 0.75]), None);
        assert!(Domain::Simplex.outside(&shape, &[0.5, 0.5, 0.5, 0.75]).is_some());
        assert!(Domain::Simplex.outside(&shape, &[0.5, 0.5, -0.5, 1.5]).is_some());
        assert_eq!(Domain::Simplex.stored_shape(&shape), Shape::new(&[2, 1]));
    }
}
