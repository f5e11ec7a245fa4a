//! Elements and slices of tensors: `x[i]`, `x[1..3, :]`, `x[-1]`, transposition.

use super::Checker;
use super::comprehension_bounds::Verdict;
use super::program::{Kind, Place, Typed};
use super::scope::Bound;
use super::size::Size;
use super::types::{Element, Type};
use crate::diagnostics::catalog::{indices, shapes};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Subscript, UnaryOperator};

impl<'a> Checker<'a, '_> {
    /// `base[subscripts]`; axes without a subscript stay whole.
    pub(super) fn index(&mut self, base: &'a Expr, subscripts: &'a [Subscript], span: Span) -> Typed {
        match self.chosen(base, subscripts, false, span) {
            Some((base, places, ty)) => Typed::new(Kind::Index(base, places), ty, span),
            None => Typed::error(span),
        }
    }

    /// `(x[i - 1] else fallback)`.
    pub(super) fn element_or(&mut self, value: &'a Expr, fallback: &'a Expr, span: Span) -> Typed {
        let ExprKind::Index { base, subscripts } = &*without_parentheses(value).kind else {
            self.value(fallback, None);
            return self.fail(indices::else_without_subscript(value.span), span);
        };
        let chosen = self.chosen(base, subscripts, true, value.span);
        let fallback = self.value(fallback, None);
        let Some((base, places, ty)) = chosen else { return Typed::error(span) };
        let fallback = if fallback.ty == Type::Fill { self.settle(fallback) } else { fallback };
        let fallback = if fallback.ty.is_scalar() { self.splat(fallback, ty.sizes()) } else { fallback };
        if fallback.ty.is_error() {
            return Typed::error(span);
        }
        let Some(joined) = Self::join(&ty, &fallback.ty) else {
            let (left, right) = (ty.to_string(), fallback.ty.to_string());
            return self.fail(shapes::branch_mismatch((&left, value.span), (&right, fallback.span), span), span);
        };
        let element = joined.element().unwrap_or(Element::Real);
        let base = self.convert_element(base, element);
        let fallback = self.convert_element(fallback, element);
        Typed::new(Kind::IndexOr(base, places, fallback), joined, span)
    }

    /// The base, what the subscripts choose of it, and the type of that.
    fn chosen(
        &mut self,
        base: &'a Expr,
        subscripts: &'a [Subscript],
        fallback: bool,
        span: Span,
    ) -> Option<(Typed, Vec<Place>, Type)> {
        let base = self.value(base, None);
        let Type::Tensor(element, sizes) = base.ty.clone() else {
            for subscript in subscripts {
                if let Subscript::At(at) = subscript {
                    self.value(at, None);
                }
            }
            if !base.ty.is_error() {
                let found = base.ty.to_string();
                let help = "parts of a tuple are written `t.0`";
                self.report(shapes::no_such_part("elements", &found, base.span, help));
            }
            return None;
        };
        let (places, kept) = self.subscripts(subscripts, &base, &sizes, fallback, span)?;
        Some((base, places, Type::Tensor(element, kept)))
    }

    /// What subscripts of a tensor choose, and the sizes of what is chosen.
    pub(super) fn subscripts(
        &mut self,
        subscripts: &'a [Subscript],
        base: &Typed,
        sizes: &[Size],
        fallback: bool,
        span: Span,
    ) -> Option<(Vec<Place>, Vec<Size>)> {
        if subscripts.len() > sizes.len() {
            let text = base.ty.to_string();
            let error = shapes::too_many_subscripts(&text, sizes.len(), subscripts.len(), span, base.span);
            let name = self.text(base.span);
            self.report(if self.is_index(&name) {
                error.note(format!("`{name}` is an index here, and hides what else has this name"))
            } else {
                error
            });
            return None;
        }
        let mut places = Vec::with_capacity(subscripts.len());
        let mut kept = Vec::new();
        for (subscript, size) in subscripts.iter().zip(sizes) {
            let (place, result) = self.subscript(subscript, size, base, fallback)?;
            places.push(place);
            kept.extend(result);
        }
        kept.extend(sizes[subscripts.len()..].iter().cloned());
        if kept.len() > crate::ir::MAX_RANK {
            let text = format!("a tensor has at most {} axes, and this has {}", crate::ir::MAX_RANK, kept.len());
            self.report(shapes::bad_size(&text, span, "choose by fewer axes"));
            return None;
        }
        self.check_count(&kept, span).then_some((places, kept))
    }

    /// One subscript: what it chooses and the axes it leaves.
    fn subscript(
        &mut self,
        subscript: &'a Subscript,
        size: &Size,
        base: &Typed,
        fallback: bool,
    ) -> Option<(Place, Vec<Size>)> {
        let at = match subscript {
            Subscript::Slice { start, end, span } => {
                return self.slice(start.as_ref(), end.as_ref(), *span, size, base);
            }
            Subscript::At(at) => at,
        };
        if let ExprKind::Tuple(parts) = &*at.kind {
            return self.split(parts, at.span, size, base).map(|place| (place, Vec::new()));
        }
        let outer = std::mem::replace(&mut self.frame.in_subscript, true);
        let value = self.value(at, None);
        self.frame.in_subscript = outer;
        if value.ty.is_error() {
            return None;
        }
        if let Some(position) = known_position(&value) {
            let place = match fallback {
                false => self.known(position, at, value, size, base)?,
                true => known_or_outside(position, at, value.span, size),
            };
            return Some((place, Vec::new()));
        }
        if !value.ty.is_scalar() && matches!(value.ty.element(), Some(Element::Int | Element::Flexible)) {
            let kept = value.ty.sizes().to_vec();
            let value = self.convert_element(value, Element::Int);
            return Some((Place::Computed(value), kept));
        }
        let value = self.integer_scalar(value)?;
        let place = match self.check_position(&value, size, base, fallback) {
            Verdict::Open => Place::Computed(value),
            Verdict::Inside => Place::Inside(value),
            Verdict::Refused => return None,
        };
        Some((place, Vec::new()))
    }

    /// A position that is known before the run; a literal below zero counts from the end.
    fn known(&mut self, position: i64, at: &'a Expr, value: Typed, size: &Size, base: &Typed) -> Option<Place> {
        let Some(extent) = size.value() else {
            // The size is a variable: the position is checked where the size is known.
            return Some(Place::At(usize::try_from(position).unwrap_or(0)));
        };
        let place = if position < 0 && is_literal(at) { position + extent } else { position };
        if (0..extent).contains(&place) || self.frame.types_only {
            return Some(Place::At(usize::try_from(place).unwrap_or(0)));
        }
        if !self.frame.guards.is_empty() {
            let value = Typed { kind: Box::new(Kind::Integer(place)), ty: Type::int(), span: value.span };
            return match self.check_position(&value, size, base, false) {
                Verdict::Inside => Some(Place::Inside(value)),
                Verdict::Open => Some(Place::Computed(value)),
                Verdict::Refused => None,
            };
        }
        let text = base.ty.to_string();
        self.report(shapes::subscript_outside(position, &size.to_string(), value.span, base.span, &text));
        None
    }

    /// `x[(h, c)]`: one axis read as several, the last running fastest.
    fn split(&mut self, parts: &'a [Expr], span: Span, size: &Size, base: &Typed) -> Option<Place> {
        let mut places = Vec::with_capacity(parts.len());
        let mut product = Size::constant(1);
        for part in parts {
            let value = self.value(part, None);
            if value.ty.is_error() {
                return None;
            }
            let value = self.integer_scalar(value)?;
            let known = match &*without_parentheses(part).kind {
                ExprKind::Name(name) => self.range_in_scope(name),
                _ => None,
            };
            let Some(count) = known.and_then(|(start, count)| start.add(&count).ok()) else {
                if !self.frame.types_only && !self.is_index_without_range(part) {
                    let problem = "the size of each part of an axis must be known";
                    let help = "write indices alone: `x[(h, c)]`";
                    let axis = size.to_string();
                    self.report(indices::axis_not_divided(problem, value.span, (&axis, base.span), help));
                }
                return None;
            };
            product = product.multiply(&count).ok()?;
            places.push((value, count));
        }
        let differ = size.subtract(&product).ok().and_then(|rest| rest.value()).is_none_or(|rest| rest != 0);
        if differ && size.value().is_some() {
            let problem = format!("an axis of {size} is not read as {product}");
            let sizes: Vec<String> = places.iter().map(|(_, count)| count.to_string()).collect();
            let help =
                format!("the sizes of the indices must multiply to {size}, but they are {}", sizes.join(" and "));
            self.report(indices::axis_not_divided(&problem, span, (&size.to_string(), base.span), &help));
            return None;
        }
        Some(Place::Split(places))
    }

    /// Whether a name is an index here.
    fn is_index(&self, name: &str) -> bool {
        match self.frame.find(name) {
            Some(Bound::Local(local, _)) => self.frame.indices.iter().any(|index| index.local == *local),
            _ => false,
        }
    }

    /// Whether an expression is an index for whose range there is a message already.
    fn is_index_without_range(&self, part: &Expr) -> bool {
        let ExprKind::Name(name) = &*without_parentheses(part).kind else { return false };
        let index = self.frame.indices.iter().rev().find(|index| index.name == *name);
        index.is_some_and(|index| index.range.is_none())
    }

    fn slice(
        &mut self,
        start: Option<&'a Expr>,
        end: Option<&'a Expr>,
        span: Span,
        size: &Size,
        base: &Typed,
    ) -> Option<(Place, Vec<Size>)> {
        let none = Vec::new();
        let start = match start {
            Some(start) => self.bound(start, size, &none)?,
            None => Size::constant(0),
        };
        let end = match end {
            Some(end) => self.bound(end, size, &none)?,
            None => size.clone(),
        };
        let count = end.subtract(&start).ok()?;
        let known = (start.value(), end.value(), size.value());
        if let (Some(first), Some(last), Some(extent)) = known
            && !(0 <= first && first <= last && last <= extent)
            && !self.frame.types_only
        {
            let text = base.ty.to_string();
            self.report(shapes::slice_outside(first, last, extent, span, base.span, &text));
            return None;
        }
        if self.frame.types_only {
            return Some((Place::Slice { start: 0, count: 0 }, vec![count]));
        }
        let place = Place::Slice { start: start.count().unwrap_or(0), count: count.count().unwrap_or(0) };
        Some((place, vec![count]))
    }

    /// An end of a slice; a negative literal counts from the end.
    fn bound(&mut self, bound: &'a Expr, size: &Size, none: &super::annotations::SizeBindings) -> Option<Size> {
        if let ExprKind::Unary { .. } = &*bound.kind {
            let value = self.value(bound, None);
            if let Some(position) = known_position(&value) {
                return size.add(&Size::constant(position)).ok();
            }
        }
        let mut names = Vec::new();
        super::captures::mentioned(bound, &mut names);
        if let Some(name) = names.into_iter().find(|name| !self.is_known_size(name, none)) {
            // A name that is nothing at all is reported as such.
            if !self.value(bound, None).ty.is_error() {
                if self.range_in_scope(name).is_some() {
                    let problem = format!("the ends of a slice do not depend on the index `{name}`");
                    let help = "take its elements by an index of their own: `[x[4*i + k] for k in 0..4]`";
                    self.report(shapes::bad_size(&problem, bound.span, help));
                } else {
                    self.unknown_size(name, bound.span);
                }
            }
            return None;
        }
        self.size(bound, none)
    }

    /// `A'`.
    pub(super) fn transpose(&mut self, operand: &'a Expr, span: Span) -> Typed {
        let operand = self.value(operand, None);
        match &operand.ty {
            Type::Error => operand,
            Type::Tensor(element, sizes) if sizes.len() == 2 => {
                let ty = Type::Tensor(*element, vec![sizes[1].clone(), sizes[0].clone()]);
                Typed::new(Kind::Transpose(operand), ty, span)
            }
            other => {
                let found = other.to_string();
                let help = "a vector needs no transposing: `dot(a, b)`, `A @ x` and `x @ A` take it as it is";
                self.fail(shapes::wrong_rank("`'`", "a matrix", &found, operand.span, help), span)
            }
        }
    }
}

/// A position that is known before the run, where there is a value for what is outside.
fn known_or_outside(position: i64, at: &Expr, span: Span, size: &Size) -> Place {
    let extent = size.value().unwrap_or(0);
    let place = if position < 0 && is_literal(at) { position + extent } else { position };
    match usize::try_from(place) {
        Ok(place) if (place as i64) < extent => Place::At(place),
        _ => Place::Computed(Typed::new(Kind::Integer(place), Type::int(), span)),
    }
}

/// A whole number as written, perhaps with a sign.
fn is_literal(expression: &Expr) -> bool {
    match &*expression.kind {
        ExprKind::Integer { .. } => true,
        ExprKind::Paren(inner) | ExprKind::Unary { operator: UnaryOperator::Negate, operand: inner } => {
            is_literal(inner)
        }
        _ => false,
    }
}

fn without_parentheses(expression: &Expr) -> &Expr {
    match &*expression.kind {
        ExprKind::Paren(inner) => without_parentheses(inner),
        _ => expression,
    }
}

/// The value of a position that is known before the run.
fn known_position(value: &Typed) -> Option<i64> {
    match &*value.kind {
        Kind::Integer(position) => Some(*position),
        Kind::Size(size) => size.value(),
        Kind::Pointwise(definition, operands) => {
            let folded: Option<Vec<i64>> = operands.iter().map(known_position).collect();
            match (definition.name, &folded?[..]) {
                ("add", [a, b]) => a.checked_add(*b),
                ("subtract", [a, b]) => a.checked_sub(*b),
                ("multiply", [a, b]) => a.checked_mul(*b),
                _ => None,
            }
        }
        Kind::Convert(inner) if value.ty == Type::int() => known_position(inner),
        _ => None,
    }
}
