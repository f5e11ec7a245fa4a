//! Elements and slices of tensors: `x[i]`, `x[1..3, :]`, `x[-1]`, transposition.

use super::Checker;
use super::program::{Kind, Place, Typed};
use super::size::Size;
use super::types::{Element, Type};
use crate::diagnostics::catalog::shapes;
use crate::source::Span;
use crate::syntax::ast::{Expr, Subscript};

impl<'a> Checker<'a, '_> {
    /// `base[subscripts]`; axes without a subscript stay whole.
    pub(super) fn index(&mut self, base: &'a Expr, subscripts: &'a [Subscript], span: Span) -> Typed {
        let base = self.value(base, None);
        let Type::Tensor(element, sizes) = base.ty.clone() else {
            for subscript in subscripts {
                if let Subscript::At(at) = subscript {
                    self.value(at, None);
                }
            }
            if base.ty.is_error() {
                return base;
            }
            let found = base.ty.to_string();
            return self
                .fail(shapes::no_such_part("elements", &found, base.span, "parts of a tuple are written `t.0`"), span);
        };
        match self.subscripts(subscripts, &base, &sizes, span) {
            Some((places, kept)) => Typed::new(Kind::Index(base, places), Type::Tensor(element, kept), span),
            None => Typed::error(span),
        }
    }

    /// What subscripts of a tensor choose, and the sizes of what is chosen.
    pub(super) fn subscripts(
        &mut self,
        subscripts: &'a [Subscript],
        base: &Typed,
        sizes: &[Size],
        span: Span,
    ) -> Option<(Vec<Place>, Vec<Size>)> {
        if subscripts.len() > sizes.len() {
            let text = base.ty.to_string();
            self.report(shapes::too_many_subscripts(&text, sizes.len(), subscripts.len(), span, base.span));
            return None;
        }
        let mut places = Vec::with_capacity(subscripts.len());
        let mut kept = Vec::new();
        for (subscript, size) in subscripts.iter().zip(sizes) {
            let (place, result) = self.subscript(subscript, size, base, subscripts.len())?;
            places.push(place);
            kept.extend(result);
        }
        kept.extend(sizes[subscripts.len()..].iter().cloned());
        Some((places, kept))
    }

    /// One subscript: what it chooses and the axes it leaves.
    fn subscript(
        &mut self,
        subscript: &'a Subscript,
        size: &Size,
        base: &Typed,
        given: usize,
    ) -> Option<(Place, Vec<Size>)> {
        match subscript {
            Subscript::Slice { start, end, span } => self.slice(start.as_ref(), end.as_ref(), *span, size, base),
            Subscript::At(at) => {
                let value = self.value(at, None);
                if value.ty.is_error() {
                    return None;
                }
                if let Some(position) = known_position(&value) {
                    return self.known(position, size, value.span, base).map(|place| (place, Vec::new()));
                }
                if !value.ty.is_scalar() && matches!(value.ty.element(), Some(Element::Int | Element::Flexible)) {
                    if given > 1 {
                        self.later(
                            "an integer tensor beside other subscripts",
                            value.span,
                            "take the rows first: `x[rows]`",
                        );
                        return None;
                    }
                    let kept = value.ty.sizes().to_vec();
                    let value = self.convert_element(value, Element::Int);
                    return Some((Place::Computed(value), kept));
                }
                let value = self.integer_scalar(value)?;
                Some((Place::Computed(value), Vec::new()))
            }
        }
    }

    fn known(&mut self, position: i64, size: &Size, span: Span, base: &Typed) -> Option<Place> {
        let Some(extent) = size.value() else {
            // The size is a variable: the position is checked where the size is known.
            return Some(Place::At(usize::try_from(position).unwrap_or(0)));
        };
        let place = if position < 0 { position + extent } else { position };
        if (0..extent).contains(&place) {
            return Some(Place::At(place as usize));
        }
        let text = base.ty.to_string();
        self.report(shapes::subscript_outside(position, &size.to_string(), span, base.span, &text));
        None
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
        {
            let text = base.ty.to_string();
            self.report(shapes::slice_outside(first, last, extent, span, base.span, &text));
            return None;
        }
        let place = Place::Slice { start: start.count().unwrap_or(0), count: count.count().unwrap_or(0) };
        Some((place, vec![count]))
    }

    /// An end of a slice; a negative literal counts from the end.
    fn bound(&mut self, bound: &'a Expr, size: &Size, none: &super::annotations::SizeBindings) -> Option<Size> {
        if let crate::syntax::ast::ExprKind::Unary { .. } = &*bound.kind {
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
                self.unknown_size(name, bound.span);
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
