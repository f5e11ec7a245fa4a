//! Conversions that the language makes by itself: flexible numbers to reals or integers, integers to reals, fills and
//! scalars to shapes.

use super::Checker;
use super::program::{Binding, Kind, LocalId, Typed};
use super::size::Size;
use super::types::{Element, Type};

impl Checker<'_, '_> {
    /// The expression with another element; constants are converted on the spot.
    pub(super) fn convert_element(&mut self, typed: Typed, element: Element) -> Typed {
        let Type::Tensor(from, sizes) = &typed.ty else { return typed };
        if *from == element {
            return typed;
        }
        // Only whole numbers without a type of their own may be computed as integers from the start; through reals,
        // digits beyond 2^53 would be lost.
        if *from != Element::Flexible && element == Element::Int {
            let (ty, span) = (Type::Tensor(element, sizes.clone()), typed.span);
            return Typed::new(Kind::Convert(typed), ty, span);
        }
        let ty = Type::Tensor(element, sizes.clone());
        let span = typed.span;
        let kind = match (*typed.kind, element) {
            (Kind::Integer(value), Element::Real) => Kind::Number(value as f64),
            (Kind::Integer(value), Element::Int) => Kind::Integer(value),
            (Kind::Stack(rows), _) => {
                Kind::Stack(rows.into_iter().map(|row| self.convert_element(row, element)).collect())
            }
            (Kind::Splat(scalar), _) => Kind::Splat(self.convert_element(scalar, element)),
            (Kind::Pointwise(definition, parts), Element::Int) => {
                Kind::Pointwise(definition, parts.into_iter().map(|part| self.flexible_to_int(part)).collect())
            }
            (Kind::If(condition, then, otherwise), Element::Int) => {
                Kind::If(condition, self.flexible_to_int(then), self.flexible_to_int(otherwise))
            }
            (Kind::Reduce(reduction, part), Element::Int) => Kind::Reduce(reduction, self.flexible_to_int(part)),
            (Kind::Index(base, places), Element::Int) => Kind::Index(self.flexible_to_int(base), places),
            (Kind::IndexOr(base, places, fallback), Element::Int) => {
                Kind::IndexOr(self.flexible_to_int(base), places, self.flexible_to_int(fallback))
            }
            (Kind::Comprehension(mut comprehension), _) => {
                comprehension.body = self.convert_element(comprehension.body, element);
                Kind::Comprehension(comprehension)
            }
            (Kind::IndexedReduction(mut reduction), Element::Int) => {
                reduction.body = self.flexible_to_int(reduction.body);
                Kind::IndexedReduction(reduction)
            }
            (kind, _) => Kind::Convert(Typed::new(kind, typed.ty.clone(), span)),
        };
        Typed::new(kind, ty, span)
    }

    /// An operand of a whole number that is to be an `int`.
    fn flexible_to_int(&mut self, typed: Typed) -> Typed {
        if typed.ty.element() == Some(Element::Flexible) { self.convert_element(typed, Element::Int) } else { typed }
    }

    /// Flexible numbers as reals, in every leaf.
    pub(super) fn settle(&mut self, typed: Typed) -> Typed {
        match &typed.ty {
            Type::Tensor(Element::Flexible, _) => self.convert_element(typed, Element::Real),
            ty if ty.has_fill() => {
                let span = typed.span;
                self.fail(crate::diagnostics::catalog::shapes::fill_without_shape(span), span)
            }
            Type::Tuple(_) | Type::Record(..) if typed.ty != typed.ty.settled() => {
                let target = typed.ty.settled();
                self.coerce(typed, &target).unwrap_or_else(|typed| typed)
            }
            _ => typed,
        }
    }

    /// A scalar repeated to a shape; a tensor stays as it is.
    pub(super) fn splat(&mut self, typed: Typed, sizes: &[Size]) -> Typed {
        if sizes.is_empty() || !typed.ty.is_scalar() {
            return typed;
        }
        let (element, span) = (typed.ty.element().unwrap_or(Element::Real), typed.span);
        Typed::new(Kind::Splat(typed), Type::Tensor(element, sizes.to_vec()), span)
    }

    /// The expression as a value of a type, where the language converts by itself.
    ///
    /// # Errors
    /// The expression unchanged, when it does not.
    pub(super) fn coerce(&mut self, typed: Typed, target: &Type) -> Result<Typed, Typed> {
        if typed.ty == *target || typed.ty.is_error() || target.is_error() {
            return Ok(typed);
        }
        match (&typed.ty, target) {
            (Type::Fill, Type::Tensor(element, sizes)) if element.is_number() => {
                let scalar = Typed::new(*typed.kind, Type::scalar(Element::Flexible), typed.span);
                let scalar = self.convert_element(scalar, *element);
                Ok(self.splat(scalar, sizes))
            }
            (Type::Tensor(from, found), Type::Tensor(to, expected)) if found == expected => match (from, to) {
                (Element::Flexible, Element::Real | Element::Int) | (Element::Int, Element::Real) => {
                    Ok(self.convert_element(typed, *to))
                }
                _ => Err(typed),
            },
            (found, expected) if found.order_in(expected).is_some() => self.coerce_tuple(typed, expected),
            _ => Err(typed),
        }
    }

    fn coerce_tuple(&mut self, typed: Typed, expected: &Type) -> Result<Typed, Typed> {
        let original = typed.clone();
        let types = expected.parts().unwrap_or_default();
        let typed = self.reordered(typed, expected);
        if typed.ty == *expected {
            return Ok(typed);
        }
        let rebuilt = self.map_parts(typed, |checker, place, part| checker.coerce(part, &types[place]).ok());
        let rebuilt = rebuilt.map(|typed| {
            let parts = typed.ty.parts().unwrap_or_default().to_vec();
            Typed { ty: expected.with_parts(parts), ..typed }
        });
        rebuilt.ok_or(original)
    }

    /// A tuple made from the parts of another, which is computed once.
    pub(super) fn map_parts(
        &mut self,
        typed: Typed,
        mut change: impl FnMut(&mut Self, usize, Typed) -> Option<Typed>,
    ) -> Option<Typed> {
        let span = typed.span;
        let types = typed.ty.parts()?.to_vec();
        if let Kind::Tuple(parts) = *typed.kind {
            let parts: Option<Vec<Typed>> =
                parts.into_iter().enumerate().map(|(place, part)| change(self, place, part)).collect();
            let parts = parts?;
            let ty = typed.ty.with_parts(parts.iter().map(|part| part.ty.clone()).collect());
            return Some(Typed::new(Kind::Tuple(parts), ty, span));
        }
        let local = self.frame.local();
        let mut parts = Vec::with_capacity(types.len());
        for place in 0..types.len() {
            let part = part_of(local, &typed.ty, place, span);
            parts.push(change(self, place, part)?);
        }
        let ty = typed.ty.with_parts(parts.iter().map(|part| part.ty.clone()).collect());
        let body = Typed::new(Kind::Tuple(parts), ty.clone(), span);
        Some(Typed::new(Kind::Let(vec![(Binding::Local(local), typed)], body), ty, span))
    }

    /// The element that holds values of both, if there is one.
    pub(super) fn join_elements(left: Element, right: Element) -> Option<Element> {
        use Element::{Bool, Flexible, Int, Real};
        match (left, right) {
            (left, right) if left == right => Some(left),
            (Bool, _) | (_, Bool) => None,
            (Real, _) | (_, Real) => Some(Real),
            (Int, Flexible) | (Flexible, Int) => Some(Int),
            _ => Some(Real),
        }
    }

    /// The type that both convert to, if there is one. Shapes must be equal.
    pub(super) fn join(left: &Type, right: &Type) -> Option<Type> {
        match (left, right) {
            (Type::Error, other) | (other, Type::Error) => Some(other.clone()),
            (Type::Tensor(a, left), Type::Tensor(b, right)) if left == right => {
                Some(Type::Tensor(Self::join_elements(*a, *b)?, left.clone()))
            }
            (Type::Fill, Type::Tensor(element, _)) | (Type::Tensor(element, _), Type::Fill) if element.is_number() => {
                Some(if *left == Type::Fill { right.clone() } else { left.clone() })
            }
            (left, right) if left == right => Some(left.clone()),
            (left, right) => {
                let (order, others) = (left.order_in(right)?, right.parts()?);
                let pairs = left.parts()?.iter().zip(order);
                let parts: Option<Vec<Type>> = pairs.map(|(a, place)| Self::join(a, &others[place])).collect();
                parts.map(|parts| left.with_model(left.common_model(right)).with_parts(parts))
            }
        }
    }
}

/// One part of a tuple held in a variable.
pub(super) fn part_of(local: LocalId, tuple: &Type, place: usize, span: crate::source::Span) -> Typed {
    let whole = Typed::new(Kind::Local(local), tuple.clone(), span);
    let ty = tuple.parts().map_or(Type::Error, |parts| parts[place].clone());
    Typed::new(Kind::Part(whole, place as u32), ty, span)
}
