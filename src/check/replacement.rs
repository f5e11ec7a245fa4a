//! `derivative f(x) = e`: a function with a derivative of its own.
//!
//! The body of `f` is evaluated at an `x` that is a constant for differentiation; to its value comes nothing (`-0`), whose
//! derivative by `x` is `e`. So the first derivative is `e(x)` to the bit, the second that of `e`, and other values that the
//! body reads, such as parameters, keep theirs.

use super::annotations::SizeBindings;
use super::functions::Body;
use super::program::{Binding, Closure, Kind, Typed};
use super::types::{Element, Type};
use super::{Checker, FunctionItem, Global};
use crate::diagnostics::catalog::{derivative, names};
use crate::ops::arithmetic::ADD;
use crate::ops::choice::OWN_SLOPE;
use crate::source::Span;
use crate::syntax::ast::{Function, Item, ItemKind, TypeExpr};

/// The derivative of a function, by places in the checker's list of functions.
#[derive(Clone, Copy)]
pub(super) struct Replacement {
    /// The function that gives the derivative.
    slope: u32,
    /// The function itself, without it: what its name means inside the derivative.
    plain: u32,
}

impl<'a> Checker<'a, '_> {
    /// Enters the derivatives of a file, whose functions are known.
    pub(super) fn collect_derivatives(&mut self, items: &[&'a Item]) {
        let mut first: Vec<(u32, Span)> = Vec::new();
        for (position, item) in items.iter().enumerate() {
            let ItemKind::Derivative(slope) = &item.kind else { continue };
            let name = &slope.name;
            let Some((index, function)) = self.own_function(items, &name.text) else {
                let functions = items.iter().filter_map(|item| match &item.kind {
                    ItemKind::Function(function) => Some(function.name.text.as_str()),
                    _ => None,
                });
                self.report(derivative::of_no_function(&name.text, name.span, functions));
                continue;
            };
            if let Some((_, first)) = first.iter().find(|(each, _)| *each == index) {
                self.report(names::duplicate(&name.text, name.span, *first));
                continue;
            }
            let declared = function.name.span;
            if !self.takes_a_number(function, name.span, Some(declared))
                || !self.takes_a_number(slope, name.span, Some(declared))
            {
                continue;
            }
            first.push((index, name.span));
            let plain = self.functions[index as usize];
            let end = self.functions.len() as u32;
            self.functions.push(FunctionItem { function: slope, position });
            self.functions.push(plain);
            self.replacements.insert(index, Replacement { slope: end, plain: end + 1 });
        }
    }

    fn own_function(&self, items: &[&'a Item], name: &str) -> Option<(u32, &'a Function)> {
        let (Global::Function(index), _) = *self.globals.get(name)? else { return None };
        let function = self.functions[index as usize].function;
        let own = |item: &&Item| matches!(&item.kind, ItemKind::Function(each) if std::ptr::eq(each, function));
        items.iter().any(own).then_some((index, function))
    }

    /// Whether a function, or the derivative of one, takes one argument that may be a number; reports it otherwise.
    fn takes_a_number(&mut self, function: &'a Function, place: Span, declared: Option<Span>) -> bool {
        let name = &function.name;
        let [parameter] = &function.parameters[..] else {
            let found = format!("takes {} arguments", function.parameters.len());
            self.report(derivative::not_pointwise(&name.text, &found, place, declared));
            return false;
        };
        let Some(annotation) = &parameter.annotation else { return true };
        let number = self.is_real(annotation);
        if !number {
            let found = format!("declares the argument `{}`", self.text(annotation.span));
            self.report(derivative::not_pointwise(&name.text, &found, annotation.span, declared));
        }
        number
    }

    fn is_real(&mut self, annotation: &'a TypeExpr) -> bool {
        self.annotation(annotation, &SizeBindings::new()) == Type::real()
    }

    /// What a function is at a place: inside its own derivative it is itself, without it.
    pub(super) fn function_here(&self, index: u32) -> u32 {
        let Some(replacement) = self.replacements.get(&index) else { return index };
        let within = self.in_progress.last().map(|(id, _)| &self.program.closures[id.0 as usize]);
        if within == Some(&Closure::Item(replacement.slope)) { replacement.plain } else { index }
    }

    /// The derivative that replaces that of the function being checked, if these arguments can vary.
    pub(super) fn replacement(&self, types: &[Type]) -> Option<Replacement> {
        let (id, _) = self.in_progress.last()?;
        let Closure::Item(index) = &self.program.closures[id.0 as usize] else { return None };
        let real = matches!(types, [Type::Tensor(Element::Real, _)]);
        self.replacements.get(index).copied().filter(|_| real)
    }

    /// A body whose derivative by its argument is replaced.
    pub(super) fn replaced(
        &mut self,
        replacement: Replacement,
        body: &Body<'a, '_>,
        ty: &Type,
        parameters: &mut Vec<Binding>,
    ) -> Typed {
        let span = body.function.body.span;
        let local = self.frame.local();
        parameters.push(Binding::Local(local));
        let argument = Typed::new(Kind::Local(local), ty.clone(), span);
        let binding = self.bind_pattern(&body.function.parameters[0].pattern, ty, span);
        let value = self.body_value(body);
        let constant = self.stop_gradient(argument.clone(), span);
        let of_value = value.ty.clone();
        let value = Typed::new(Kind::Let(vec![(binding, constant)], value), of_value, span);
        let id = self.closure(Closure::Item(replacement.slope));
        let function = Typed::new(Kind::Closure(Vec::new()), Type::Function(id), span);
        let slope = self.apply(function, vec![argument.clone()], span);
        let place = self.functions[replacement.slope as usize].function;
        let slope = self.splat(slope, ty.sizes());
        let Some(value) = self.of_the_argument(body.name, value, ty, body.function.body.span) else {
            return Typed::error(span);
        };
        let Some(slope) = self.of_the_argument(body.name, slope, ty, place.body.span) else {
            return Typed::error(span);
        };
        let nothing = Typed::new(Kind::Pointwise(&OWN_SLOPE, vec![argument, slope]), ty.clone(), span);
        Typed::new(Kind::Pointwise(&ADD, vec![value, nothing]), ty.clone(), span)
    }

    /// A value converted to the type of the argument, as that of a pointwise function must be.
    fn of_the_argument(&mut self, name: &str, value: Typed, ty: &Type, span: Span) -> Option<Typed> {
        if value.ty.is_error() {
            return None;
        }
        match self.coerce(value, ty) {
            Ok(value) => Some(value),
            Err(value) => {
                let found = format!("gives {} for {ty}", value.ty);
                self.report(derivative::not_pointwise(name, &found, span, None));
                None
            }
        }
    }
}
