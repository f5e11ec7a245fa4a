//! Calls of models: sizes found from the first one, and bodies at argument types.

use super::super::annotations::{SizeBindings, size_variables};
use super::super::defaults::Completed;
use super::super::functions::Body;
use super::super::program::{Binding, Closure, Instance as Function, InstanceId, Kind, Typed};
use super::super::scope::{Bound, Frame};
use super::super::types::{ModelId, Type};
use super::super::{CallFrame, Checker, LocalFunction};
use super::{FixedSizes, Form, Member, Part};
use crate::diagnostics::catalog::{models, names};
use crate::source::Span;
use crate::syntax::ast::{Argument, Parameter};

impl<'a> Checker<'a, '_> {
    /// `net(x)`: a call of a value that holds a model's parameters, as it is written.
    pub(in super::super) fn call_model(
        &mut self,
        record: Typed,
        id: ModelId,
        arguments: &'a [Argument],
        span: Span,
    ) -> Typed {
        if self.models.early_uses.last() == Some(&(id, record.span)) {
            self.models.early_uses.pop();
        }
        let path = self.models.path(id).to_string();
        let given = match self.call_parameters(id) {
            Some(parameters) => {
                let Some(given) = self.arrange(&path, parameters, arguments, span) else { return Typed::error(span) };
                let given = given.into_iter().map(|given| given.map(|value| self.expression(value, None))).collect();
                let Completed { bindings, arguments } = self.completed(parameters, given, self.position, span);
                let call = self.apply_model(record, id, arguments, span);
                return Completed::around(bindings, call);
            }
            None => {
                if let Some(name) = arguments.iter().find_map(|argument| argument.name.as_ref()) {
                    let problem = "takes no argument called";
                    return self.fail(names::bad_named_argument(&path, &name.text, name.span, problem, &[]), span);
                }
                arguments.iter().map(|argument| self.expression(&argument.value, None)).collect()
            }
        };
        self.apply_model(record, id, given, span)
    }

    /// What `call` of a layer instance takes, as written.
    pub(in super::super) fn call_parameters(&self, id: ModelId) -> Option<&'a [Parameter]> {
        let Form::Instance(instance) = &self.models.model(id).form else { return None };
        let layer = &self.models.layers[instance.layer as usize];
        layer.facts.as_ref()?.call.map(|call| &call.parameters[..])
    }

    /// What a model takes, as the `call` of its first layer is written, and the sizes in it that are known.
    pub(in super::super) fn model_signature(&self, id: ModelId) -> (&'a [Parameter], SizeBindings) {
        match &self.models.model(id).form {
            Form::Instance(instance) => {
                let fixed = instance.fixed.iter().flat_map(|fixed| fixed.sizes.clone());
                let sizes = fixed.chain(self.configured_sizes(id)).collect();
                (self.call_parameters(id).unwrap_or_default(), sizes)
            }
            Form::Composition(parts) => match parts.first() {
                Some(Part::Model(first, _)) => self.model_signature(*first),
                _ => (&[], SizeBindings::new()),
            },
        }
    }

    /// A model applied to checked arguments.
    pub(in super::super) fn apply_model(
        &mut self,
        record: Typed,
        id: ModelId,
        arguments: Vec<Typed>,
        span: Span,
    ) -> Typed {
        // Sizes that are variables are those of a function that is checked for itself: its uses are checked again.
        let is_open = |argument: &Typed| argument.ty.is_error() || !size_variables(&argument.ty).is_empty();
        if record.ty.is_error() || arguments.iter().any(is_open) {
            return Typed::error(span);
        }
        let called = match &self.models.model(id).form {
            Form::Instance(_) => self.call_instance(id, arguments, span),
            Form::Composition(_) => self.call_composition(id, arguments, span),
        };
        let Some((instance, arguments, result)) = called else { return Typed::error(span) };
        let is_placeholder = matches!(&*record.kind, Kind::Tuple(parts) if parts.is_empty());
        let record =
            if is_placeholder && self.models.model(id).owns { self.model_value(id, record.span) } else { record };
        let callee = self.as_function(record);
        Typed::new(Kind::Call { callee, instance, arguments }, result, span)
    }

    /// The instance of a layer's `call`, with the arguments as it takes them.
    fn call_instance(
        &mut self,
        id: ModelId,
        arguments: Vec<Typed>,
        span: Span,
    ) -> Option<(InstanceId, Vec<Typed>, Type)> {
        let Form::Instance(instance) = &self.models.model(id).form else { return None };
        let layer = instance.layer;
        let fixed = instance.fixed.clone();
        let facts = self.facts(layer);
        let (call, position) = (facts.call?, self.models.layers[layer as usize].position);
        let path = self.models.path(id).to_string();
        if arguments.len() != call.parameters.len() {
            let expected = call.parameters.len().to_string();
            let declared = Some(call.name.span);
            self.report(names::wrong_argument_count(&path, &expected, arguments.len(), span, declared));
            return None;
        }
        let mut bound = match &fixed {
            Some(fixed) => fixed.sizes.clone(),
            None => Vec::new(),
        };
        bound.extend(self.configured_sizes(id));
        let mut lifted = false;
        let mut converted = Vec::with_capacity(arguments.len());
        for (parameter, argument) in call.parameters.iter().zip(arguments) {
            if let Some(fixed) = &fixed
                && self.disagrees(id, parameter, &argument, &bound, fixed, span)
            {
                return None;
            }
            let argument = self.argument(&path, parameter, argument, &mut bound)?;
            lifted |= parameter.annotation.is_none() && !argument.ty.sizes().is_empty();
            if argument.ty.is_error() {
                return None;
            }
            converted.push(argument);
        }
        if fixed.is_none() {
            self.fix_by_use(id, &facts.owned, &bound, span)?;
        }
        let types: Vec<Type> = converted.iter().map(|argument| argument.ty.clone()).collect();
        let function = LocalFunction {
            name: Some(&call.name),
            parameters: &call.parameters,
            result: call.result.as_ref(),
            body: &call.body,
            position,
        };
        let closure = self.closure(Closure::Model(id));
        let body = Body { function, captures: &[], bound, lifted, name: &path, model: Some(id), owner: None };
        let (instance, result) = self.instance(closure, types, body, span)?;
        Some((instance, converted, result))
    }

    /// Reports an argument whose sizes are not those of an earlier use.
    fn disagrees(
        &mut self,
        id: ModelId,
        parameter: &'a Parameter,
        argument: &Typed,
        bound: &SizeBindings,
        fixed: &FixedSizes,
        span: Span,
    ) -> bool {
        let by_use = fixed.use_span != self.models.model(id).span;
        let Some(annotation) = parameter.annotation.as_ref().filter(|_| by_use) else { return false };
        let expected = self.declared_type(annotation, &argument.ty, &mut bound.clone());
        let (Type::Tensor(_, sizes), Type::Tensor(_, found)) = (&expected, &argument.ty) else { return false };
        if sizes.len() != found.len() || sizes == found {
            return false;
        }
        let path = self.models.path(id).to_string();
        let here = self.calls.first().map_or(span, |call| call.span);
        let (expected, found) = (expected.to_string(), argument.ty.to_string());
        self.report(models::sizes_disagree(&path, (&expected, fixed.use_span), (&found, here), annotation.span));
        true
    }

    /// Fixes the sizes of an instance by its first call.
    fn fix_by_use(&mut self, id: ModelId, owned: &[&'a str], bound: &SizeBindings, span: Span) -> Option<()> {
        let mut sizes = SizeBindings::new();
        for name in owned {
            match bound.iter().find(|(each, _)| each == name) {
                Some((_, size)) => sizes.push(((*name).to_string(), size.clone())),
                None => {
                    let (path, made) = (self.models.path(id).to_string(), self.models.model(id).span);
                    self.report(models::size_not_in_call(&path, name, span, made));
                    return None;
                }
            }
        }
        let use_span = self.calls.first().map_or(span, |call| call.span);
        self.fix_sizes(id, FixedSizes { sizes, use_span });
        Some(())
    }

    /// What the body of `call` sees of its instance: the record's parts, its configuration, its functions. Returns
    /// what the record is bound to, and the functions as values.
    pub(in super::super) fn bind_members(&mut self, id: ModelId) -> (Binding, Vec<(Binding, Typed)>) {
        self.bind_configuration(id);
        let Form::Instance(instance) = &self.models.model(id).form else { return (Binding::Ignore, Vec::new()) };
        let layer = instance.layer;
        let members = instance.members.clone();
        let item = self.models.layers[layer as usize].item;
        // A member that has failed has had its message.
        for name in item.members.iter().filter_map(|member| super::layers::member_name(&member.kind)) {
            self.frame.bind(name.text.as_str(), Bound::Known(Typed::error(name.span)));
        }
        let mut parts = Vec::new();
        for (name, member) in members {
            let (ty, owns) = match member {
                Member::Param(param) => (self.param_type(param), true),
                Member::Model(model) => {
                    let ty = self.model_type(model);
                    let placeholder = self.placeholder(model, self.models.model(model).span);
                    (ty.unwrap_or(placeholder.ty), self.models.model(model).owns)
                }
            };
            if owns {
                let local = self.frame.local();
                self.frame.bind(name, Bound::Local(local, ty));
                parts.push(Binding::Local(local));
            } else {
                let value = Typed::new(Kind::Tuple(Vec::new()), ty, item.name.span);
                self.frame.bind(name, Bound::Known(value));
            }
        }
        let position = self.position;
        let functions = self.facts(layer).functions.into_iter().map(|function| {
            let local = LocalFunction {
                name: Some(&function.name),
                parameters: &function.parameters,
                result: function.result.as_ref(),
                body: &function.body,
                position,
            };
            let value = self.function_value(local, function.body.span);
            let local = self.frame.local();
            self.frame.bind(function.name.text.as_str(), Bound::Local(local, value.ty.clone()));
            (Binding::Local(local), value)
        });
        let functions = functions.collect();
        (Binding::Tuple(parts), functions)
    }

    /// The instance of a composition: each part applied to the result of the one before.
    fn call_composition(
        &mut self,
        id: ModelId,
        arguments: Vec<Typed>,
        span: Span,
    ) -> Option<(InstanceId, Vec<Typed>, Type)> {
        let closure = self.closure(Closure::Model(id));
        let arguments: Vec<Typed> = arguments
            .into_iter()
            .map(|argument| if argument.ty == Type::Fill { self.settle(argument) } else { argument })
            .collect();
        let types: Vec<Type> = arguments.iter().map(|argument| argument.ty.clone()).collect();
        let key = (closure, types);
        if let Some((instance, result)) = self.instances.get(&key) {
            return (!result.is_error()).then(|| (*instance, arguments, result.clone()));
        }
        let path = self.models.path(id).to_string();
        self.calls.push(CallFrame { span, function: path.clone() });
        let outer = std::mem::take(&mut self.frame);
        let function = self.composition_body(id, &key.1, path);
        self.frame = outer;
        self.calls.pop();
        let result = function.body.ty.clone();
        let instance = InstanceId(self.program.instances.len() as u32);
        self.program.instances.push(function);
        self.instances.insert(key, (instance, result.clone()));
        (!result.is_error()).then_some((instance, arguments, result))
    }

    fn composition_body(&mut self, id: ModelId, types: &[Type], name: String) -> Function {
        let span = self.models.model(id).span;
        let Form::Composition(parts) = &self.models.model(id).form else {
            return Function { name, parameters: Vec::new(), body: Typed::error(span) };
        };
        let parts = parts.clone();
        self.frame = Frame::default();
        let mut record = Vec::new();
        let mut values: Vec<Typed> = Vec::with_capacity(types.len());
        let mut parameters = Vec::with_capacity(types.len() + 1);
        for ty in types {
            let local = self.frame.local();
            parameters.push(Binding::Local(local));
            values.push(Typed::new(Kind::Local(local), ty.clone(), span));
        }
        let mut steps = Vec::with_capacity(parts.len());
        for part in parts {
            let value = match part {
                Part::Function(function) => {
                    let span = function.span;
                    self.apply(function, values, span)
                }
                Part::Model(model, span) => {
                    let mut part = self.placeholder(model, span);
                    if self.models.model(model).owns {
                        let local = self.frame.local();
                        record.push(Binding::Local(local));
                        part = Typed { kind: Box::new(Kind::Local(local)), ..part };
                    }
                    self.apply_model(part, model, values, span)
                }
            };
            let local = self.frame.local();
            values = vec![Typed::new(Kind::Local(local), value.ty.clone(), value.span)];
            steps.push((Binding::Local(local), value));
        }
        parameters.insert(0, Binding::Tuple(record));
        let result = values.pop().unwrap_or_else(|| Typed::error(span));
        let ty = result.ty.clone();
        Function { name, parameters, body: Typed::new(Kind::Let(steps, result), ty, span) }
    }
}
