//! `pullback`: a value with a derivative that a function says; and what such functions are made of: the numbers that a
//! function reads beside its arguments, and the derivative by them.

use super::Checker;
use super::calls::BuiltinCall;
use super::convert::part_of;
use super::defaults::Completed;
use super::program::{Binding, DerivativeCall, Form, InstanceId, Kind, ParamId, Typed, Wrt};
use super::types::{ClosureId, Type};
use crate::diagnostics::catalog::{derivative, names};
use crate::source::Span;

impl<'a> Checker<'a, '_> {
    /// `pullback(value, inputs, |value, cotangent| …)`
    pub(super) fn pullback_call(&mut self, call: BuiltinCall<'a>) -> Typed {
        let (span, name, given) = (call.span, call.name, call.arguments.len());
        let Ok([value, inputs, back]) = <[Typed; 3]>::try_from(call.arguments) else {
            return self.fail(names::wrong_argument_count(name, "3", given, span, None), span);
        };
        let (value, inputs) = (self.unknowns(name, value), self.unknowns(name, inputs));
        let back = self.equations(name, back);
        let Some(((value, inputs), back)) = value.zip(inputs).zip(back) else { return Typed::error(span) };
        let (ty, of_inputs, inputs_place) = (value.ty.clone(), inputs.ty.clone(), inputs.span);
        let (value, inputs) = (self.flattened(value, span), self.flattened(inputs, span));
        let [variable, cotangent] = [(); 2].map(|()| self.frame.local());
        let vector = value.ty.clone();
        let local =
            |local| Typed::new(Kind::Unflatten(Typed::new(Kind::Local(local), vector.clone(), span)), ty.clone(), span);
        let place = back.span;
        let pulled = self.apply(back, vec![local(variable), local(cotangent)], place);
        if pulled.ty.is_error() || value.ty.is_error() || inputs.ty.is_error() {
            return Typed::error(span);
        }
        let pulled = self.settle(pulled);
        let pulled = match self.coerce(pulled, &of_inputs) {
            Ok(pulled) if pulled.ty.is_error() => return Typed::error(span),
            Ok(pulled) => self.flattened(pulled, span),
            Err(pulled) => {
                let (expected, found) = (of_inputs.to_string(), pulled.ty.to_string());
                let error = derivative::pullback_mismatch(&expected, &found, (place, inputs_place));
                return self.fail(error, span);
            }
        };
        let node = Typed::new(Kind::Pullback { value, inputs, variable, cotangent, pulled }, vector.clone(), span);
        Typed::new(Kind::Unflatten(node), ty.clone(), span)
    }

    /// `captured(f, x, y)`
    pub(super) fn captured_call(&mut self, call: BuiltinCall<'a>) -> Typed {
        let (span, name) = (call.span, call.name);
        let mut arguments = call.arguments.into_iter();
        let Some(function) = arguments.next() else {
            return self.fail(names::wrong_argument_count(name, "1 or more", 0, span, None), span);
        };
        let Some(function) = self.equations(name, function) else { return Typed::error(span) };
        let Some(reading) = self.reading(&function, arguments.collect(), span) else { return Typed::error(span) };
        let mut parts = Vec::new();
        if !reading.captured.is_empty() {
            let ty = Type::Tuple(reading.captured);
            parts.push(Typed::new(Kind::CapturedReals(function), ty, span));
        }
        for id in reading.params {
            let ty = self.param_type(id);
            parts.push(Typed::new(Kind::Param(id), ty, span));
        }
        self.joined(parts, span)
    }

    /// `captured_vjp(f, (x, y), cotangent)`: `((dx, dy), d)`, where `d` belongs to `captured(f, x, y)`.
    pub(super) fn captured_vjp_call(&mut self, call: BuiltinCall<'a>) -> Typed {
        let (span, name, given) = (call.span, call.name, call.arguments.len());
        let Ok([function, arguments, direction]) = <[Typed; 3]>::try_from(call.arguments) else {
            return self.fail(names::wrong_argument_count(name, "3", given, span, None), span);
        };
        let (function, arguments) = (self.equations(name, function), self.unknowns(name, arguments));
        let Some((function, arguments)) = function.zip(arguments) else { return Typed::error(span) };
        let Type::Tuple(types) = arguments.ty.clone() else {
            let found = arguments.ty.to_string();
            let error = derivative::arguments_not_a_tuple("captured_vjp", "f", &found, arguments.span);
            return self.fail(error, span);
        };
        let (bindings, arguments) = self.tuple_parts(arguments);
        let Some(reading) = self.reading(&function, arguments, span) else { return Typed::error(span) };
        let Some(direction) = self.fitting_direction(Form::Vjp, direction, &reading.result) else {
            return Typed::error(span);
        };
        let count = reading.arguments.len();
        let mut wrt: Vec<Wrt> = (0..count as u32).map(Wrt::Argument).collect();
        let mut of = types.clone();
        if !reading.captured.is_empty() {
            wrt.push(Wrt::Captured);
            of.push(Type::Tuple(reading.captured));
        }
        for id in reading.params {
            wrt.push(Wrt::Param(id));
            of.push(self.param_type(id));
        }
        let ty = if of.len() == 1 { of[0].clone() } else { Type::Tuple(of) };
        let call = DerivativeCall {
            form: Form::Vjp,
            callee: self.derivative_of(function, Form::Vjp),
            instance: reading.instance,
            arguments: reading.arguments,
            wrt,
            direction: Some(direction),
            patterns: Vec::new(),
        };
        let derived = Typed::new(Kind::Derivative(Box::new(call)), ty.clone(), span);
        let local = self.frame.local();
        let mut parts: Vec<Typed> = match &ty {
            Type::Tuple(all) if all.len() > 1 || count > 1 => {
                (0..all.len()).map(|place| part_of(local, &ty, place, span)).collect()
            }
            _ => vec![Typed::new(Kind::Local(local), ty.clone(), span)],
        };
        let rest = parts.split_off(count);
        let rest = self.joined(rest, span);
        let parts = Typed::new(Kind::Tuple(parts), Type::Tuple(types), span);
        let pair = Type::Tuple(vec![parts.ty.clone(), rest.ty.clone()]);
        let pair = Typed::new(Kind::Tuple(vec![parts, rest]), pair, span);
        let bindings = bindings.into_iter().chain([(Binding::Local(local), derived)]).collect();
        Completed::around(bindings, pair)
    }

    /// What a function reads at some arguments, or a message.
    fn reading(&mut self, function: &Typed, arguments: Vec<Typed>, span: Span) -> Option<Reading> {
        let Type::Function(id) = function.ty else { return None };
        let arguments = self.settled_arguments(id, arguments);
        if arguments.iter().any(|argument| argument.ty.is_error()) {
            return None;
        }
        let types = arguments.iter().map(|argument| argument.ty.clone()).collect();
        let (instance, result) = self.wrapped_instance(id, types, span)?;
        let body = self.program.instances[instance.0 as usize].body.clone();
        let params = self.params_read(&body);
        let mut captured = Vec::new();
        self.program.models = self.model_types();
        self.captured_reals(id, &mut captured);
        Some(Reading { instance, arguments, result, captured, params })
    }

    /// The types of the real tensors that a function value captured, in order.
    fn captured_reals(&self, id: ClosureId, reals: &mut Vec<Type>) {
        for ty in self.program.captured_types(id) {
            self.reals_of(&ty, reals);
        }
    }

    fn reals_of(&self, ty: &Type, reals: &mut Vec<Type>) {
        match ty {
            Type::Function(id) => self.captured_reals(*id, reals),
            Type::Tuple(parts) | Type::Record(_, parts) => parts.iter().for_each(|part| self.reals_of(part, reals)),
            ty if ty.has_real_leaf() => reals.push(ty.settled()),
            _ => {}
        }
    }

    /// All numbers of some values as one vector.
    fn joined(&mut self, parts: Vec<Typed>, span: Span) -> Typed {
        let ty = Type::Tuple(parts.iter().map(|part| part.ty.clone()).collect());
        self.flattened(Typed::new(Kind::Tuple(parts), ty, span), span)
    }
}

/// What a function reads at some arguments.
struct Reading {
    instance: InstanceId,
    arguments: Vec<Typed>,
    result: Type,
    /// The types of the real tensors that it captured.
    captured: Vec<Type>,
    params: Vec<ParamId>,
}
