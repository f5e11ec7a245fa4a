//! `grad` and `value_and_grad`.

use super::arithmetic::tuple_of;
use super::calls::BuiltinCall;
use super::program::{Binding, Closure, GradientCall, Instance, InstanceId, Kind, Typed, Wrt, WrtName};
use super::types::{ClosureId, Element, Fields, Type};
use super::{Checker, Global};
use crate::diagnostics::catalog::{derivative, names};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Parameter};

impl<'a> Checker<'a, '_> {
    /// `grad(f)`, `grad(f, wrt = (w, x))`: a function value.
    pub(super) fn gradient_value(&mut self, call: BuiltinCall<'a>, with_value: bool) -> Typed {
        let span = call.span;
        if call.arguments.len() != 1 {
            let error = names::wrong_argument_count(call.name, "1", call.arguments.len(), span, None);
            return self.fail(error, span);
        }
        let Some(function) = call.arguments.into_iter().next() else { return Typed::error(span) };
        let function = self.as_function(function);
        let id = match &function.ty {
            Type::Function(id) => *id,
            Type::Error => return Typed::error(span),
            other => {
                let found = other.to_string();
                return self.fail(derivative::gradient_of_value(call.name, &found, function.span), span);
            }
        };
        let mut wrt = None;
        for (name, value) in call.named {
            if name.text == "wrt" {
                let Some(names) = self.wrt_names(value) else { return Typed::error(span) };
                for (place, WrtName { name, span }) in names.iter().enumerate() {
                    if let Some(first) = names[..place].iter().find(|first| first.name == *name) {
                        self.report(derivative::repeated_wrt(name, *span, first.span));
                        return Typed::error(call.span);
                    }
                }
                wrt = Some(names);
            } else {
                let problem = "takes no argument called";
                self.report(names::bad_named_argument(call.name, &name.text, name.span, problem, &["wrt"]));
            }
        }
        let closure = self.closure(Closure::Gradient { function: id, wrt, with_value });
        Typed::new(Kind::Closure(vec![function]), Type::Function(closure), span)
    }

    fn wrt_names(&mut self, value: &'a Expr) -> Option<Vec<WrtName>> {
        match &*value.kind {
            ExprKind::Name(name) => Some(vec![WrtName { name: name.clone(), span: value.span }]),
            ExprKind::Paren(inner) => self.wrt_names(inner),
            ExprKind::Tuple(parts) => {
                let names: Option<Vec<Vec<WrtName>>> = parts.iter().map(|part| self.wrt_names(part)).collect();
                Some(names?.concat())
            }
            _ => {
                self.report(derivative::unknown_wrt(&self.text(value.span), value.span, []));
                None
            }
        }
    }

    /// A gradient applied to arguments.
    pub(super) fn apply_gradient(
        &mut self,
        callee: Typed,
        function: ClosureId,
        wrt: Option<&[WrtName]>,
        with_value: bool,
        arguments: Vec<Typed>,
        span: Span,
    ) -> Typed {
        let arguments = self.settled_arguments(function, arguments);
        if arguments.iter().any(|argument| argument.ty.is_error()) {
            return Typed::error(span);
        }
        let types: Vec<Type> = arguments.iter().map(|argument| argument.ty.clone()).collect();
        let Some((instance, result)) = self.wrapped_instance(function, types.clone(), span) else {
            return Typed::error(span);
        };
        let name = self.closure_name(function);
        let body = self.program.instances[instance.0 as usize].body.span;
        if result != Type::real() {
            let found = result.to_string();
            return self.fail(derivative::gradient_of_tensor(&name, &found, span, body), span);
        }
        let Some(wrt) = self.resolve_wrt(function, wrt, &types) else { return Typed::error(span) };
        if wrt.is_empty() {
            return self.fail(derivative::nothing_to_differentiate(&name, span), span);
        }
        let mut gradients: Vec<Type> = wrt.iter().map(|target| self.gradient_type(target, &types)).collect();
        let gradient = if gradients.len() == 1 { gradients.remove(0) } else { Type::Tuple(gradients) };
        let ty = if with_value { Type::Tuple(vec![Type::real(), gradient]) } else { gradient };
        let call = GradientCall { callee, instance, arguments, wrt, with_value };
        Typed::new(Kind::Gradient(Box::new(call)), ty, span)
    }

    /// Arguments of a gradient as the signature declares them; whole-number literals without a declaration are reals.
    pub(super) fn settled_arguments(&mut self, function: ClosureId, arguments: Vec<Typed>) -> Vec<Typed> {
        let parameters = self.parameters_of(function);
        let mut bound = Vec::new();
        let mut settled = Vec::with_capacity(arguments.len());
        for (place, mut argument) in arguments.into_iter().enumerate() {
            if let Some(annotation) = parameters.get(place).and_then(|parameter| parameter.annotation.as_ref()) {
                let target = self.declared_type(annotation, &argument.ty, &mut bound);
                let known =
                    self.signature(annotation.span, |checker| checker.undetermined(annotation, &bound)).is_none();
                if known && !target.has_function() {
                    argument = self.coerce(argument, &target).unwrap_or_else(|argument| argument);
                }
            }
            settled.push(if argument.ty.has_function() { argument } else { self.settle(argument) });
        }
        settled
    }

    /// The parameters of a function written in nd, as far as they are known; of a gradient or a composition, those of
    /// the function that takes its arguments.
    pub(super) fn parameters_of(&self, function: ClosureId) -> &'a [Parameter] {
        match &self.program.closures[function.0 as usize] {
            Closure::Item(index) => &self.functions[*index as usize].function.parameters,
            Closure::Lambda { place, .. } => self.local_functions[place].parameters,
            Closure::Gradient { function: inner, .. } | Closure::Compose(inner, _) => self.parameters_of(*inner),
            _ => &[],
        }
    }

    /// An instance that takes the function value and its arguments, and calls it.
    pub(super) fn wrapped_instance(
        &mut self,
        function: ClosureId,
        types: Vec<Type>,
        span: Span,
    ) -> Option<(InstanceId, Type)> {
        let outer = std::mem::take(&mut self.frame);
        let mut parameters = Vec::new();
        let mut variable = |checker: &mut Self, ty: Type| {
            let local = checker.frame.local();
            parameters.push(Binding::Local(local));
            Typed::new(Kind::Local(local), ty, span)
        };
        let callee = variable(self, Type::Function(function));
        let arguments: Vec<Typed> = types.into_iter().map(|ty| variable(self, ty)).collect();
        let body = self.apply(callee, arguments, span);
        let body = if body.ty.element() == Some(Element::Flexible) { self.settle(body) } else { body };
        self.frame = outer;
        if body.ty.is_error() {
            return None;
        }
        let ty = body.ty.clone();
        let id = InstanceId(self.program.instances.len() as u32);
        self.program.instances.push(Instance {
            name: format!("grad {}", self.closure_name(function)),
            parameters,
            body,
        });
        Some((id, ty))
    }

    fn resolve_wrt(&mut self, function: ClosureId, wrt: Option<&[WrtName]>, types: &[Type]) -> Option<Vec<Wrt>> {
        let real = |place: usize| types.get(place).is_some_and(Type::has_real_leaf);
        let Some(wrt) = wrt else {
            return Some(
                (0..types.len()).filter(|place| real(*place)).map(|place| Wrt::Argument(place as u32)).collect(),
            );
        };
        let parameters = self.parameter_names(function);
        let mut targets = Vec::new();
        for WrtName { name, span } in wrt {
            let place = parameters.iter().position(|parameter| parameter.as_deref() == Some(name));
            match (place, self.params.get(name.as_str())) {
                (Some(place), _) if real(place) => targets.push(Wrt::Argument(place as u32)),
                (None, Some(id)) => targets.push(Wrt::Param(*id)),
                (None, None) if self.is_model(name) => {
                    let model = self.model_called(name, *span);
                    if model.ty.is_error() {
                        return None;
                    }
                    targets.push(Wrt::Model(model));
                }
                _ => {
                    let arguments = parameters.iter().flatten().map(String::as_str);
                    let models = self.globals.iter().filter(|(_, (global, _))| matches!(global, Global::Model(_)));
                    let named = self.params.keys().copied().chain(models.map(|(name, _)| *name));
                    let mut known: Vec<&str> = arguments.chain(named).collect();
                    known.sort_unstable();
                    let error = derivative::unknown_wrt(name, *span, known);
                    self.report(error);
                    return None;
                }
            }
        }
        Some(targets)
    }

    fn gradient_type(&self, target: &Wrt, types: &[Type]) -> Type {
        match target {
            Wrt::Argument(place) => real_leaves(&types[*place as usize]),
            Wrt::Model(model) => real_leaves(&model.ty),
            Wrt::Param(id) => self.param_type(*id),
        }
    }

    /// `stop_gradient(e)`, leaf by leaf.
    pub(super) fn stop_gradient(&mut self, value: Typed, span: Span) -> Typed {
        match &value.ty {
            Type::Tuple(_) | Type::Record(..) => {
                let parts = self.map_parts(value, |checker, _, part| Some(checker.stop_gradient(part, span)));
                parts.unwrap_or_else(|| tuple_of(Vec::new(), span))
            }
            Type::Tensor(Element::Real, _) => {
                let ty = value.ty.clone();
                Typed::new(Kind::Pointwise(&crate::ops::choice::STOP_GRADIENT, vec![value]), ty, span)
            }
            _ => value,
        }
    }
}

/// The part of a type that a gradient has entries for.
pub fn real_leaves(ty: &Type) -> Type {
    match ty {
        Type::Tuple(parts) => Type::Tuple(parts.iter().filter(|part| part.has_real_leaf()).map(real_leaves).collect()),
        Type::Record(fields, parts) => {
            let real = fields.names.iter().zip(parts).filter(|(_, part)| part.has_real_leaf());
            let (names, parts): (Vec<String>, Vec<Type>) =
                real.map(|(name, part)| (name.clone(), real_leaves(part))).unzip();
            Type::Record(Fields::new(names), parts)
        }
        other => other.settled(),
    }
}
