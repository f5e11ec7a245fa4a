//! Random draws: `random.normal()` and its like, and where they need a key.
//!
//! A draw without a key is keyed by what a training run is at, so it stands in the loss of a `train` only. Functions with
//! draws can be used anywhere; whether a use needs a key is found when all actions are checked.

use super::Checker;
use super::calls::BuiltinCall;
use super::program::{Action, ColumnSource, Initial, InstanceId, Kind, Typed};
use super::types::{Element, Type};
use crate::diagnostics::catalog::{draws, names};
use crate::ir::Distribution;
use crate::source::Span;
use std::collections::HashMap;

impl<'a> Checker<'a, '_> {
    /// `random.uniform(key = k)`, `random.normal(key = k)`: one number.
    pub(super) fn draw(&mut self, call: BuiltinCall<'a>, distribution: Distribution) -> Typed {
        let span = call.span;
        if !call.arguments.is_empty() {
            let error = names::wrong_argument_count(call.name, "0", call.arguments.len(), span, None);
            return self.fail(error, span);
        }
        let mut key = None;
        for (name, value) in call.named {
            if name.text != "key" || key.is_some() {
                let problem = if key.is_some() { "is given twice the argument" } else { "takes no argument called" };
                let error = names::bad_named_argument(call.name, &name.text, name.span, problem, &["key"]);
                return self.fail(error, span);
            }
            let value = self.value(value, Some(&Type::int()));
            let Some(value) = self.key_argument(value) else { return Typed::error(span) };
            key = Some(value);
        }
        let key = key.unwrap_or_else(|| self.implied_key(span));
        Typed::new(Kind::Draw(distribution, key), Type::real(), span)
    }

    /// `random.key()`: the key of a draw without one.
    pub(super) fn key_value(&mut self, call: BuiltinCall<'a>) -> Typed {
        let span = call.span;
        match self.values::<0>(call) {
            Some([]) => self.implied_key(span),
            None => Typed::error(span),
        }
    }

    fn implied_key(&mut self, span: Span) -> Typed {
        Typed::new(Kind::Key(self.default_of.unwrap_or(span)), Type::int(), span)
    }

    /// `random.mix(key, i)`: another key.
    pub(super) fn mixed_key(&mut self, call: BuiltinCall<'a>) -> Typed {
        let span = call.span;
        let Some([key, part]) = self.values(call) else { return Typed::error(span) };
        match (self.key_argument(key), self.key_argument(part)) {
            (Some(key), Some(part)) => Typed::new(Kind::MixedKey(key, part), Type::int(), span),
            _ => Typed::error(span),
        }
    }

    fn key_argument(&mut self, key: Typed) -> Option<Typed> {
        if key.ty.is_error() {
            return None;
        }
        if key.ty.is_scalar() && matches!(key.ty.element(), Some(Element::Int | Element::Flexible)) {
            return Some(self.convert_element(key, Element::Int));
        }
        let found = key.ty.to_string();
        self.report(draws::bad_key(&found, key.span));
        None
    }

    /// Reports draws without a key outside the losses and metrics of `train`.
    pub(super) fn unkeyed_draws(&mut self) {
        let mut found = Vec::new();
        let mut search = Search { instances: HashMap::new(), checker: self };
        for value in search.checker.program.actions.iter().flat_map(Action::values) {
            found.extend(search.within(value));
        }
        for param in &search.checker.program.params {
            if let Initial::Value(value) = &param.initial {
                found.extend(search.within(value));
            }
        }
        for column in search.checker.program.data.iter().flat_map(|data| &data.columns) {
            let (ColumnSource::Rows { expression, .. } | ColumnSource::Whole(expression)) = &column.source;
            found.extend(search.within(expression));
        }
        for (draw, place) in found {
            self.report(draws::no_key(draw, place));
        }
    }
}

/// The search for draws without a key.
struct Search<'s, 'a, 'b> {
    instances: HashMap<InstanceId, Option<Span>>,
    checker: &'s Checker<'a, 'b>,
}

impl Search<'_, '_, '_> {
    /// A draw without a key in an expression or what it calls, with the place of the expression.
    fn within(&mut self, typed: &Typed) -> Option<(Span, Span)> {
        self.first(typed).map(|draw| (draw, typed.span))
    }

    fn first(&mut self, typed: &Typed) -> Option<Span> {
        let called = match &*typed.kind {
            Kind::Key(site) => return Some(*site),
            Kind::Call { instance, .. } => Some(*instance),
            Kind::Derivative(call) => Some(call.instance),
            // What stands in `if training { … }` is computed in a loss only.
            Kind::If(condition, _, otherwise) if matches!(*condition.kind, Kind::Training) => {
                return self.first(otherwise);
            }
            _ => None,
        };
        let mut found = called.and_then(|instance| self.of_instance(instance));
        typed.kind.for_each_part(&mut |part| found = found.or_else(|| self.first(part)));
        found
    }

    fn of_instance(&mut self, id: InstanceId) -> Option<Span> {
        if let Some(known) = self.instances.get(&id) {
            return *known;
        }
        let checker = self.checker;
        let found = self.first(&checker.program.instances[id.0 as usize].body);
        self.instances.insert(id, found);
        found
    }
}
