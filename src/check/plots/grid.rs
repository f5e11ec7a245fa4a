//! Plots of functions: their values over an interval or a rectangle, as one tensor.

use super::series::is_pair;
use super::{Arguments, Curve, Dots, Drawn, Figure, is_error};
use crate::check::Checker;
use crate::check::indexed::{Comprehension, Index};
use crate::check::program::{Kind, Typed};
use crate::check::size::Size;
use crate::check::types::{Element, Type};
use crate::diagnostics::catalog::{actions, plots};
use crate::ir::{Extreme, Pointwise, Reduction};
use crate::ops::arithmetic::{ADD, DIVIDE, MULTIPLY, SUBTRACT};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};

/// The points of a curve.
const CURVE: i64 = 401;
/// The points of a rectangle, across and up.
const ACROSS: i64 = 160;
const UP: i64 = 120;
/// The part of the dots' width that is shown beyond them.
const MARGIN: f64 = 0.08;

/// Two ends.
pub(super) type Ends = [Typed; 2];

impl<'a> Checker<'a, '_> {
    /// The two ends of an axis.
    pub(super) fn ends_option(&mut self, name: &str, value: &'a Expr) -> Option<Ends> {
        let ExprKind::Tuple(parts) = &*value.kind else { return None };
        let mut ends = Vec::with_capacity(2);
        for part in parts {
            let end = self.plotted_numbers(part)?;
            if !end.ty.is_scalar() || end.ty.element() == Some(Element::Bool) {
                self.report(bad_ends(name, part.span));
                return None;
            }
            ends.push(self.convert_element(end, Element::Real));
        }
        <[Typed; 2]>::try_from(ends).ok()
    }

    /// A curve of a function of one number.
    pub(super) fn curve_of_function(&mut self, name: &str, function: &'a Expr, ends: &Ends) -> Option<Curve> {
        let span = function.span;
        let function = self.function_to_plot(function)?;
        let (i, index) = self.grid_index(CURVE, span);
        let x = place(ends, i, CURVE - 1, span);
        let y = self.apply(function, vec![x.clone()], span);
        let y = self.settle(y);
        if is_error(&y) {
            return None;
        }
        if !y.ty.is_scalar() {
            self.report(plots::wrong_result("line", &y.ty.to_string(), "one number", span));
            return None;
        }
        let over = |body: Typed| comprehension(vec![index.clone()], body, span);
        Some(Curve { name: name.to_string(), x: Some(over(x)?), y: over(y)? })
    }

    /// `regions(f, x = (0, 1), y = (0, 1), points = (a, b), color = c)`.
    pub(super) fn regions(&mut self, arguments: &Arguments<'a>) -> Drawn {
        let [function] = self.positional(arguments, "a function of two numbers")?;
        let span = function.span;
        let dots = self.dots_on(arguments)?;
        let x = self.ends("x", arguments, dots.as_ref().map(|dots| &dots.x))?;
        let y = self.ends("y", arguments, dots.as_ref().map(|dots| &dots.y))?;
        let labels = self.labels_of_regions(arguments, function);
        let function = self.function_to_plot(function)?;
        let ((j, up), (i, across)) = (self.grid_index(UP, span), self.grid_index(ACROSS, span));
        // Cells are filled, so their values are those of their middles.
        let point = vec![middle(&x, i, ACROSS, span), middle(&y, j, UP, span)];
        let value = self.apply(function, point, span);
        let value = self.settle(value);
        if is_error(&value) {
            return None;
        }
        let value = match value.ty.sizes() {
            [] if value.ty.parts().is_none() => value,
            // The scores of classes: the greatest is the class.
            [_] if value.ty.element() != Some(Element::Bool) => {
                Typed::new(Kind::ArgReduce(Extreme::Max, value), Type::int(), span)
            }
            _ => {
                let needs = "a truth value, the number of a class, one number, or a vector with a score for each class";
                self.report(plots::wrong_result("regions", &value.ty.to_string(), needs, span));
                return None;
            }
        };
        let values = comprehension(vec![up, across], value, span)?;
        Some((Figure::Regions { values, x: Box::new(x), y: Box::new(y), dots }, labels))
    }

    /// The names of the two arguments.
    fn labels_of_regions(&mut self, arguments: &Arguments<'a>, function: &'a Expr) -> [String; 2] {
        let points = arguments.option("points").map(|points| &*points.kind);
        match (&*function.kind, points) {
            (_, Some(ExprKind::Tuple(parts))) if parts.len() == 2 => {
                [&parts[0], &parts[1]].map(|part| self.on_one_line(part.span))
            }
            (ExprKind::Lambda { parameters, .. }, _) if parameters.len() == 2 => {
                [&parameters[0], &parameters[1]].map(|parameter| self.on_one_line(parameter.pattern.span()))
            }
            _ => ["x", "y"].map(str::to_string),
        }
    }

    /// The stated ends of an axis, or those of the dots with some room.
    fn ends(&mut self, name: &str, arguments: &Arguments<'a>, dots: Option<&Typed>) -> Option<Ends> {
        match (arguments.option(name), dots) {
            (Some(ends), _) if is_pair(ends) => self.ends_option(name, ends),
            (Some(other), _) => {
                self.report(bad_ends(name, other.span));
                None
            }
            (None, Some(dots)) => {
                let span = dots.span;
                let dots = self.convert_element(dots.clone(), Element::Real);
                let end = |reduction| Typed::new(Kind::Reduce(reduction, dots.clone()), Type::real(), span);
                let (low, high) = (end(Reduction::Min), end(Reduction::Max));
                let room = pair(&MULTIPLY, half_width(&low, &high), real(2.0 * MARGIN, span));
                Some([pair(&SUBTRACT, low, room.clone()), pair(&ADD, high, room)])
            }
            (None, None) => {
                self.report(plots::no_ends(name, arguments.span));
                None
            }
        }
    }

    fn function_to_plot(&mut self, function: &'a Expr) -> Option<Typed> {
        let typed = self.expression(function, None);
        let typed = self.as_function(typed);
        match typed.ty {
            Type::Function(_) => Some(typed),
            Type::Error => None,
            ref other => {
                let found = other.to_string();
                self.report(plots::not_a_function(&found, typed.span));
                None
            }
        }
    }

    /// An index of a grid, as a real number too.
    fn grid_index(&mut self, count: i64, span: Span) -> (Typed, Index) {
        let local = self.frame.local();
        let index = Index { local, start: Size::constant(0), count: Size::constant(count) };
        let number = Typed::new(Kind::Local(local), Type::int(), span);
        (Typed::new(Kind::Convert(number), Type::real(), span), index)
    }
}

fn bad_ends(name: &str, span: Span) -> crate::diagnostics::Diagnostic {
    actions::bad_setting(name, "is a pair of numbers, the ends of the axis", span, &format!("`{name} = (0, 1)`"))
}

/// A tensor with an element for each value of the indices.
fn comprehension(indices: Vec<Index>, body: Typed, span: Span) -> Option<Typed> {
    let sizes = indices.iter().map(|index| index.count.clone()).collect();
    let ty = Type::Tensor(body.ty.element()?, sizes);
    let axes = indices.into_iter().map(|index| vec![index]).collect();
    Some(Typed::new(Kind::Comprehension(Box::new(Comprehension { axes, body })), ty, span))
}

/// The number from one end (at 0) to the other (at `last`).
fn place([low, high]: &Ends, index: Typed, last: i64, span: Span) -> Typed {
    let part = pair(&DIVIDE, index, real(last as f64, span));
    let half = pair(&ADD, halved(low), pair(&MULTIPLY, half_width(low, high), part));
    pair(&MULTIPLY, half, real(2.0, span))
}

/// Half of the distance of two ends, which is finite where the distance is not.
fn half_width(low: &Typed, high: &Typed) -> Typed {
    pair(&SUBTRACT, halved(high), halved(low))
}

fn halved(value: &Typed) -> Typed {
    pair(&MULTIPLY, value.clone(), real(0.5, value.span))
}

/// The middle of a cell, of `count` cells between the ends.
fn middle(ends: &Ends, index: Typed, count: i64, span: Span) -> Typed {
    place(ends, pair(&ADD, index, real(0.5, span)), count, span)
}

fn real(value: f64, span: Span) -> Typed {
    Typed::new(Kind::Number(value), Type::real(), span)
}

fn pair(definition: &'static Pointwise, left: Typed, right: Typed) -> Typed {
    let span = left.span;
    Typed::new(Kind::Pointwise(definition, vec![left, right]), Type::real(), span)
}

/// The dots of a figure.
impl Figure {
    /// The dots that are drawn on it or are it.
    pub fn dots(&self) -> Option<&Dots> {
        match self {
            Figure::Lines { dots, .. } | Figure::Regions { dots, .. } => dots.as_ref(),
            Figure::Scatter(dots) => Some(dots),
            Figure::Histogram { .. } | Figure::Heatmap(_) => None,
        }
    }
}
