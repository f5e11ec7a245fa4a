//! Records: expressions, fields, reordering by name, equality of whole values, and copies with a change.

use super::Checker;
use super::annotations::MOST_LEAVES;
use super::convert::part_of;
use super::program::{Binding, Kind, Place, Typed};
use super::types::{Element, Fields, Type};
use crate::diagnostics::catalog::{records, shapes};
use crate::ir::Reduction;
use crate::ops;
use crate::source::Span;
use crate::syntax::ast::{BinaryOperator, Change, Expr, Name, Subscript};

impl<'a> Checker<'a, '_> {
    /// `(v = -65.0, n = 0.3)`.
    pub(super) fn record(&mut self, fields: &'a [(Name, Expr)], expected: Option<&Type>, span: Span) -> Typed {
        if !self.distinct_fields(fields.iter().map(|(name, _)| name)) {
            return Typed::error(span);
        }
        let mut parts = Vec::with_capacity(fields.len());
        for (name, value) in fields {
            let hint = expected.and_then(|ty| field_type(ty, &name.text));
            parts.push(self.expression(value, hint));
        }
        let names = Fields::new(fields.iter().map(|(name, _)| name.text.clone()));
        let ty = Type::Record(names, parts.iter().map(|part| part.ty.clone()).collect());
        if ty.leaves() > MOST_LEAVES {
            return self.fail(shapes::tuple_overflow(span, MOST_LEAVES), span);
        }
        let record = Typed::new(Kind::Tuple(parts), ty, span);
        match expected {
            Some(expected @ Type::Record(..)) if !record.ty.is_error() => self.expected_fields(record, expected),
            _ => record,
        }
    }

    /// Reports fields that come twice.
    pub(super) fn distinct_fields(&mut self, names: impl Iterator<Item = &'a Name>) -> bool {
        let mut seen: std::collections::HashMap<&str, Span> = std::collections::HashMap::new();
        let mut distinct = true;
        for name in names {
            if let Some(first) = seen.insert(&name.text, name.span) {
                self.report(records::repeated_field(&name.text, name.span, first));
                distinct = false;
            }
        }
        distinct
    }

    /// The record in the expected order; reports fields that are missing or too many.
    fn expected_fields(&mut self, record: Typed, expected: &Type) -> Typed {
        if record.ty.order_in(expected).is_some() {
            return self.reordered(record, expected);
        }
        let (Type::Record(found, _), Type::Record(wanted, _)) = (&record.ty, expected) else { return record };
        let without = |all: &Fields, other: &Fields| -> Vec<String> {
            all.names.iter().filter(|name| other.place(name).is_none()).cloned().collect()
        };
        let (missing, surplus) = (without(wanted, found), without(found, wanted));
        let span = record.span;
        self.fail(records::fields_mismatch(&missing, &surplus, &expected.to_string(), span), span)
    }

    /// A record with its fields in the order of another type with the same fields.
    pub(super) fn reordered(&mut self, typed: Typed, target: &Type) -> Typed {
        let in_order = typed.ty.same_structure(target);
        let Some(order) = target.order_in(&typed.ty).filter(|_| !in_order) else { return typed };
        let span = typed.span;
        let types = typed.ty.parts().unwrap_or_default();
        let ty = target.with_parts(order.iter().map(|place| types[*place].clone()).collect());
        let local = self.frame.local();
        let parts = order.iter().map(|place| part_of(local, &typed.ty, *place, span)).collect();
        let body = Typed::new(Kind::Tuple(parts), ty.clone(), span);
        Typed::new(Kind::Let(vec![(Binding::Local(local), typed)], body), ty, span)
    }

    /// `s.v`.
    pub(super) fn record_field(&mut self, base: Typed, name: &Name, span: Span) -> Typed {
        let (place, ty) = match &base.ty {
            Type::Record(fields, parts) => match fields.place(&name.text) {
                Some(place) => (place, parts[place].clone()),
                None => {
                    let error = records::no_such_field(&name.text, &fields.names, name.span, base.span);
                    return self.fail(error, span);
                }
            },
            other => {
                let found = other.to_string();
                let help =
                    "fields belong to records and data sets (`s.v`, `iris.x`); parts of a tuple are written `t.0`";
                return self
                    .fail(shapes::no_such_part(&format!("field `{}`", name.text), &found, name.span, help), span);
            }
        };
        Typed::new(Kind::Part(base, place as u32), ty, span)
    }

    /// `==` and `!=` between tuples or records: whether all leaves are equal, as one truth value.
    pub(super) fn whole_equality(
        &mut self,
        operator: BinaryOperator,
        at: Span,
        left: Typed,
        right: Typed,
        span: Span,
    ) -> Typed {
        let (a, b) = (left.ty.to_string(), right.ty.to_string());
        let (spans, joined) = ((left.span, right.span), Self::join(&left.ty, &right.ty));
        let both = joined.filter(|ty| !ty.has_function()).and_then(|ty| {
            let ty = ty.settled();
            let left = self.coerce(left, &ty).ok()?;
            Some((left, self.coerce(right, &ty).ok()?))
        });
        let Some((left, right)) = both else {
            let help = "two values of one type, made of numbers and truth values, can be compared as a whole";
            let sign = crate::syntax::print::sign(operator);
            return self.fail(shapes::operator_mismatch(sign, (&a, spans.0), (&b, spans.1), at, help), span);
        };
        let equal = self.all_equal(left, right, at, span);
        match operator {
            BinaryOperator::NotEqual => {
                Typed::new(Kind::Pointwise(&ops::comparison::NOT, vec![equal]), Type::bool(), span)
            }
            _ => equal,
        }
    }

    /// Whether all leaves of two values of one type are equal.
    fn all_equal(&mut self, left: Typed, right: Typed, at: Span, span: Span) -> Typed {
        let Some(count) = left.ty.parts().map(<[Type]>::len) else {
            let equal = self.comparison(BinaryOperator::Equal, at, left, right, span);
            let is_scalar = equal.ty.is_scalar();
            return if is_scalar { equal } else { Typed::new(Kind::Reduce(Reduction::Min, equal), Type::bool(), span) };
        };
        let (first, second) = (self.frame.local(), self.frame.local());
        let mut all: Option<Typed> = None;
        for place in 0..count {
            let (a, b) = (part_of(first, &left.ty, place, span), part_of(second, &right.ty, place, span));
            let equal = self.all_equal(a, b, at, span);
            all = Some(match all {
                None => equal,
                Some(all) => Typed::new(Kind::Pointwise(&ops::comparison::AND, vec![all, equal]), Type::bool(), span),
            });
        }
        let all = all.unwrap_or_else(|| Typed::new(Kind::Bool(true), Type::bool(), span));
        let bindings = vec![(Binding::Local(first), left), (Binding::Local(second), right)];
        Typed::new(Kind::Let(bindings, all), Type::bool(), span)
    }

    /// `(s with v = 0.0)`, `(a with [i, j] = e)`: a copy with changes, from left to right.
    pub(super) fn with(&mut self, base: &'a Expr, changes: &'a [Change], expected: Option<&Type>, span: Span) -> Typed {
        let fields = changes.iter().filter_map(|change| match change {
            Change::Field { name, .. } => Some(name),
            Change::Element { .. } => None,
        });
        if !self.distinct_fields(fields) {
            return Typed::error(span);
        }
        let mut value = self.expression(base, expected);
        if value.ty == Type::Fill {
            value = self.settle(value);
        }
        for change in changes {
            value = match change {
                Change::Field { name, value: new } => self.with_field(value, name, new, span),
                Change::Element { subscripts, value: new, span: at } => {
                    self.with_elements(value, subscripts, new, *at, span)
                }
            };
        }
        value
    }

    fn with_field(&mut self, base: Typed, name: &'a Name, new: &'a Expr, span: Span) -> Typed {
        let (fields, types) = match &base.ty {
            Type::Error => {
                self.expression(new, None);
                return base;
            }
            Type::Record(fields, types) => (fields.clone(), types.clone()),
            _ => return self.record_field(base, name, span),
        };
        let Some(place) = fields.place(&name.text) else { return self.record_field(base, name, span) };
        let new = self.expression(new, Some(&types[place]));
        let Some(new) = self.changed(new, &types[place], &format!("`{}`", name.text), base.span) else {
            return Typed::error(span);
        };
        let local = self.frame.local();
        let mut parts: Vec<Typed> = (0..types.len()).map(|each| part_of(local, &base.ty, each, span)).collect();
        parts[place] = new;
        let ty = base.ty.with_parts(parts.iter().map(|part| part.ty.clone()).collect());
        let body = Typed::new(Kind::Tuple(parts), ty.clone(), span);
        Typed::new(Kind::Let(vec![(Binding::Local(local), base)], body), ty, span)
    }

    /// The new value of a field or of elements; whole-number literals in the old one may become what the new one is.
    fn changed(&mut self, new: Typed, old: &Type, what: &str, base: Span) -> Option<Typed> {
        if new.ty.is_error() || old.is_error() {
            return None;
        }
        if let (Type::Function(_), Type::Function(_)) = (&new.ty, old) {
            return Some(new);
        }
        let target = match Self::join(old, &new.ty) {
            Some(joined) if is_flexible(old) => joined,
            _ => old.clone(),
        };
        match self.coerce(new, &target) {
            Ok(new) => Some(new),
            Err(new) => {
                let (expected, found) = (old.to_string(), new.ty.to_string());
                self.report(records::change_mismatch(what, &expected, &found, new.span, base));
                None
            }
        }
    }

    fn with_elements(
        &mut self,
        base: Typed,
        subscripts: &'a [Subscript],
        new: &'a Expr,
        at: Span,
        span: Span,
    ) -> Typed {
        let Type::Tensor(element, sizes) = base.ty.clone() else {
            self.value(new, None);
            if base.ty.is_error() {
                return base;
            }
            let found = base.ty.to_string();
            let help = "fields of a record are changed by name: `(s with v = 0.0)`";
            return self.fail(shapes::no_such_part("elements", &found, base.span, help), span);
        };
        let Some((places, kept)) = self.subscripts(subscripts, &base, &sizes, false, at) else {
            return Typed::error(span);
        };
        if let Some(rows) = places.iter().find_map(|place| match place {
            Place::Computed(position) if !position.ty.is_scalar() => Some(position.span),
            Place::Split(_) => Some(at),
            _ => None,
        }) {
            return self.later("a change at several computed positions", rows, "change one position after another");
        }
        let region = Type::Tensor(element, kept.clone());
        let new = self.value(new, Some(&region));
        let new = if new.ty == Type::Fill || !new.ty.is_scalar() { new } else { self.splat(new, &kept) };
        let Some(new) = self.changed(new, &region, "what is changed", base.span) else { return Typed::error(span) };
        let element = new.ty.element().unwrap_or(element);
        let base = self.convert_element(base, element);
        Typed::new(Kind::Replace(base, places, new), Type::Tensor(element, sizes), span)
    }
}

/// The type of a field of a record.
fn field_type<'t>(ty: &'t Type, name: &str) -> Option<&'t Type> {
    match ty {
        Type::Record(fields, parts) => fields.place(name).map(|place| &parts[place]),
        _ => None,
    }
}

/// Whether a type has a whole-number literal in it.
pub(super) fn is_flexible(ty: &Type) -> bool {
    match ty {
        Type::Tensor(Element::Flexible, _) => true,
        Type::Tuple(parts) | Type::Record(_, parts) => parts.iter().any(is_flexible),
        _ => false,
    }
}
