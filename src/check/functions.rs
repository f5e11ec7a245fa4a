//! Function bodies at argument types, each checked once.

use super::annotations::SizeBindings;
use super::cost::MAX_COST;
use super::program::{Binding, Instance, InstanceId, Kind, Typed};
use super::scope::{Bound, Frame};
use super::size::Size;
use super::types::{ClosureId, ModelId, Type};
use super::{CallFrame, Checker, LocalFunction};
use crate::diagnostics::catalog::{names, shapes};
use crate::source::Span;

/// The deepest chain of calls.
const MAX_CALLS: usize = 200;
/// How often one function may be worked out inside itself, for other types each time.
const MAX_REPEATED: usize = 10;

/// A function body and what its names are bound to.
pub(super) struct Body<'a, 'b> {
    pub function: LocalFunction<'a>,
    pub captures: &'b [(String, Type)],
    pub bound: SizeBindings,
    pub lifted: bool,
    pub name: &'b str,
    /// The layer use whose `call` it is; its record comes before the arguments.
    pub model: Option<ModelId>,
    /// The layer use whose running means it keeps.
    pub owner: Option<ModelId>,
}

/// What a function value has taken from its surroundings.
#[derive(Clone, Copy, Default)]
pub(super) struct Captured<'b> {
    pub names: &'b [(String, Type)],
    pub sizes: &'b [(String, Size)],
    pub model: Option<ModelId>,
}

impl<'a> Checker<'a, '_> {
    /// The function body at these argument types, checked once for each.
    pub(super) fn instance(
        &mut self,
        id: ClosureId,
        types: Vec<Type>,
        body: Body<'a, '_>,
        span: Span,
    ) -> Option<(InstanceId, Type)> {
        let key = (id, types);
        if let Some((instance, result)) = self.instances.get(&key) {
            return (!result.is_error()).then(|| (*instance, result.clone()));
        }
        let inside = self.in_progress.iter().filter(|(each, _)| *each == id).count();
        let repeated = inside >= MAX_REPEATED || self.in_progress.contains(&key);
        if repeated || self.calls.len() >= MAX_CALLS {
            let definition = body.function.name.map_or(body.function.body.span, |name| name.span);
            self.report(names::recursion(body.name, span, definition));
            return None;
        }
        self.in_progress.push(key.clone());
        self.calls.push(CallFrame { span, function: body.name.to_string() });
        let name = body.name;
        let place = body.function.body.span;
        let (instance, mut result) = self.inside(place, |checker| checker.check_body(&key.1, body));
        self.calls.pop();
        self.in_progress.pop();
        let id = InstanceId(self.program.instances.len() as u32);
        self.program.instances.push(instance);
        if self.cost(id) > MAX_COST && !result.is_error() {
            self.report(shapes::call_overflow(name, span, MAX_COST));
            result = Type::Error;
        }
        // What a function checked for itself cannot know yet, without a message, is known at a use.
        let unknown = self.alone && result.is_error() && !self.has_failed();
        if !unknown {
            self.instances.insert(key, (id, result.clone()));
        }
        (!result.is_error()).then_some((id, result))
    }

    pub(super) fn check_body(&mut self, types: &[Type], body: Body<'a, '_>) -> (Instance, Type) {
        let mut frame = Frame::default();
        frame.lifted = body.lifted;
        frame.model = body.model.or(body.owner);
        let outer = std::mem::replace(&mut self.frame, frame);
        let position = std::mem::replace(&mut self.position, body.function.position);
        let mut parameters = Vec::new();
        for (name, ty) in body.captures {
            let local = self.frame.local();
            self.frame.bind(name.clone(), Bound::Local(local, ty.clone()));
            parameters.push(Binding::Local(local));
        }
        for (name, size) in &body.bound {
            self.frame.bind(name.clone(), Bound::Size(size.clone()));
        }
        let mut functions = Vec::new();
        if let Some(model) = body.model {
            let (record, values) = self.bind_members(model);
            parameters.push(record);
            functions = values;
        }
        let typed = match self.replacement(types) {
            Some(replacement) => self.replaced(replacement, &body, &types[0], &mut parameters),
            None => {
                for (parameter, ty) in body.function.parameters.iter().zip(types) {
                    parameters.push(self.bind_pattern(&parameter.pattern, ty, parameter.pattern.span()));
                }
                self.body_value(&body)
            }
        };
        let typed = match functions.is_empty() {
            true => typed,
            false => {
                let (ty, span) = (typed.ty.clone(), typed.span);
                Typed::new(Kind::Let(functions, typed), ty, span)
            }
        };
        self.frame = outer;
        self.position = position;
        let result = typed.ty.clone();
        (Instance { name: body.name.to_string(), parameters, body: typed }, result)
    }

    /// The body converted to the declared result.
    pub(super) fn body_value(&mut self, body: &Body<'a, '_>) -> Typed {
        let Some(annotation) = body.function.result else {
            let value = self.expression(body.function.body, None);
            return if value.ty == Type::Fill { self.settle(value) } else { value };
        };
        let mut bound = body.bound.clone();
        let hint = self.annotation(annotation, &bound);
        let value = self.expression(body.function.body, Some(&hint));
        let target = self.match_annotation(annotation, &value.ty, &mut bound);
        match self.coerce(value, &target) {
            Ok(value) if value.ty.is_error() || target.is_error() => value,
            Ok(value) => match self.undetermined(annotation, &bound) {
                Some(name) => {
                    self.unknown_size(name, annotation.span);
                    Typed::error(value.span)
                }
                None => value,
            },
            Err(value) => {
                let (declared, found) = (target.to_string(), value.ty.to_string());
                let error = shapes::result_mismatch(body.name, &declared, &found, value.span, annotation.span);
                self.fail(error, value.span)
            }
        }
    }
}
