//! Derivatives of function values: `grad` and its relatives, what each takes and gives.
//!
//! What the products take after the arguments is `gradient_directions`'; which entries sparse matrices have is found
//! by the [`StructureFinder`] that the options bring.

use super::arithmetic::tuple_of;
use super::calls::BuiltinCall;
use super::defaults::Completed;
use super::program::{
    Binding, Closure, DerivativeCall, Form, Instance, InstanceId, Kind, Program, Typed, Wrt, WrtName,
};
use super::size::Size;
use super::types::{ClosureId, Element, Fields, Type};
use super::{Checker, Global};
use crate::diagnostics::catalog::{derivative, names, shapes};
use crate::ir::Pattern;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Parameter};

/// Finds which entries of a Jacobian or Hessian may differ from zero, whatever the arguments are: for each real leaf of
/// what is differentiated, for each real leaf of `wrt`. `None` if those are too many to be listed.
pub type StructureFinder = fn(&Program, &DerivativeCall) -> Option<Vec<Vec<Pattern>>>;

/// A derivative of a function.
#[derive(Clone, Copy)]
pub(super) struct Derived<'n> {
    pub function: ClosureId,
    pub form: Form,
    pub wrt: Option<&'n [WrtName]>,
}

impl<'a> Checker<'a, '_> {
    /// `grad(f)`, `jacobian(f, wrt = (w, x), sparse = true)`: a function value.
    pub(super) fn derivative_value(&mut self, call: BuiltinCall<'a>, form: Form) -> Typed {
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
        let Some((form, wrt)) = self.derivative_options(form, call.named) else { return Typed::error(span) };
        let closure = self.closure(Closure::Derivative { function: id, form, wrt });
        Typed::new(Kind::Closure(vec![function]), Type::Function(closure), span)
    }

    /// A derivative of a function by its arguments, as a function value.
    pub(super) fn derivative_of(&mut self, function: Typed, form: Form) -> Typed {
        let (Type::Function(id), span) = (&function.ty, function.span) else { return function };
        let closure = self.closure(Closure::Derivative { function: *id, form, wrt: None });
        Typed::new(Kind::Closure(vec![function]), Type::Function(closure), span)
    }

    /// `wrt = (w, x)`, `sparse = true`.
    fn derivative_options(
        &mut self,
        mut form: Form,
        named: Vec<(&'a crate::syntax::ast::Name, &'a Expr)>,
    ) -> Option<(Form, Option<Vec<WrtName>>)> {
        let mut wrt = None;
        for (name, value) in named {
            match (name.text.as_str(), &mut form) {
                ("wrt", _) => wrt = Some(self.distinct_wrt(value)?),
                ("sparse", Form::Jacobian { sparse } | Form::Hessian { sparse }) => {
                    match *self.expression(value, None).kind {
                        Kind::Bool(truth) => *sparse = truth,
                        Kind::Error => return None,
                        _ => {
                            let problem = "needs `true` or `false`, written out, as";
                            self.report(names::bad_named_argument(form.name(), "sparse", value.span, problem, &[]));
                            return None;
                        }
                    }
                }
                (_, Form::Jacobian { .. } | Form::Hessian { .. }) => {
                    self.unknown_option(form, name, &["wrt", "sparse"]);
                    return None;
                }
                _ => {
                    self.unknown_option(form, name, &["wrt"]);
                    return None;
                }
            }
        }
        Some((form, wrt))
    }

    fn unknown_option(&mut self, form: Form, name: &crate::syntax::ast::Name, known: &[&str]) {
        let problem = "takes no argument called";
        self.report(names::bad_named_argument(form.name(), &name.text, name.span, problem, known));
    }

    /// The names after `wrt`, each once.
    fn distinct_wrt(&mut self, value: &'a Expr) -> Option<Vec<WrtName>> {
        let names = self.wrt_names(value)?;
        for (place, WrtName { name, span }) in names.iter().enumerate() {
            if let Some(first) = names[..place].iter().find(|first| first.name == *name) {
                self.report(derivative::repeated_wrt(name, *span, first.span));
                return None;
            }
        }
        Some(names)
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

    /// A derivative applied to arguments.
    pub(super) fn apply_derivative(
        &mut self,
        callee: Typed,
        derived: Derived,
        arguments: Vec<Typed>,
        span: Span,
    ) -> Typed {
        if !derived.form.is_product() {
            return self.derivative_at(callee, derived, arguments, None, span);
        }
        match self.split_direction(derived, arguments, span) {
            Some(split) => {
                let call = self.derivative_at(callee, derived, split.arguments, Some(split.direction), span);
                Completed::around(split.bindings, call)
            }
            None => Typed::error(span),
        }
    }

    /// A derivative at the arguments of the function itself.
    fn derivative_at(
        &mut self,
        callee: Typed,
        derived: Derived,
        arguments: Vec<Typed>,
        direction: Option<Typed>,
        span: Span,
    ) -> Typed {
        let Derived { function, form, wrt } = derived;
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
        if form.needs_real_result() && result != Type::real() {
            let found = result.to_string();
            return self.fail(derivative::gradient_of_tensor(form.name(), &name, &found, span, body), span);
        }
        if !result.has_real_leaf() {
            return self.fail(derivative::no_real_result(form.name(), &name, &result.to_string(), span, body), span);
        }
        let Some(wrt) = self.resolve_wrt(function, wrt, &types) else { return Typed::error(span) };
        if wrt.is_empty() {
            return self.fail(derivative::nothing_to_differentiate(form.name(), &name, span), span);
        }
        let mut gradients: Vec<Type> = wrt.iter().map(|target| self.gradient_type(target, &types)).collect();
        let gradient = if gradients.len() == 1 { gradients.remove(0) } else { Type::Tuple(gradients) };
        let result = real_leaves(&result);
        let direction = match direction {
            None => None,
            Some(direction) => {
                let expected = if form == Form::Vjp { &result } else { &gradient };
                let Some(direction) = self.fitting_direction(form, direction, expected) else {
                    return Typed::error(span);
                };
                Some(direction)
            }
        };
        let mut call = DerivativeCall { form, callee, instance, arguments, wrt, direction, patterns: Vec::new() };
        let ty = match form {
            Form::Gradient | Form::Vjp | Form::Hvp => gradient,
            Form::ValueAndGradient => Type::Tuple(vec![Type::real(), gradient]),
            Form::Jvp => result,
            Form::Jacobian { sparse: false } => product_type(&result, &gradient),
            Form::Hessian { sparse: false } => product_type(&gradient, &gradient),
            Form::Jacobian { sparse: true } | Form::Hessian { sparse: true } => {
                let of = if matches!(form, Form::Hessian { .. }) { &gradient } else { &result };
                let Some(patterns) = self.structure(&call, of, &gradient) else { return Typed::error(span) };
                call.patterns = patterns;
                sparse_type(of, &gradient, &mut call.patterns.iter().flatten())
            }
        };
        if !self.fits_derivative_rank(&call, &ty, span) || !self.has_second_derivatives(&call, span) {
            return Typed::error(span);
        }
        Typed::new(Kind::Derivative(Box::new(call)), ty, span)
    }

    /// The entries of sparse matrices; `None` while sizes are not known, or after an error.
    fn structure(&mut self, call: &DerivativeCall, of: &Type, wrt: &Type) -> Option<Vec<Vec<Pattern>>> {
        let mut types = vec![of, wrt];
        types.extend(call.arguments.iter().map(|argument| &argument.ty));
        let models = self.known_models(&call.callee.ty, call.callee.span);
        if self.has_failed() || self.alone || !models || !types.into_iter().all(has_known_sizes) {
            return None;
        }
        let found = self.structure_finder?(&self.program, call);
        if found.is_none() {
            let text = format!("this sparse `{}` has too many entries that may differ from zero", call.form.name());
            let help = "products need no matrix: `jvp`, `vjp`, `hvp`";
            self.report(shapes::bad_size(&text, call.callee.span, help));
        }
        found
    }

    /// Whether the sizes of all models in a function value are known; else the file is checked once more.
    pub(super) fn known_models(&mut self, ty: &Type, span: Span) -> bool {
        self.program.models = self.model_types();
        self.has_known_models(ty, span)
    }

    fn has_known_models(&mut self, ty: &Type, span: Span) -> bool {
        let Type::Function(id) = ty else { return true };
        if let Closure::Model(model) = self.program.closures[id.0 as usize]
            && self.model_type(model).is_none()
        {
            self.models.need_early(model, span);
            return false;
        }
        let captured = self.program.captured_types(*id);
        captured.iter().all(|ty| self.has_known_models(ty, span))
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
            Closure::Derivative { function: inner, .. } | Closure::Compose(inner, _) => self.parameters_of(*inner),
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
        let body = if body.ty.is_error() { body } else { self.settle(body) };
        self.frame = outer;
        if body.ty.is_error() {
            return None;
        }
        let ty = body.ty.clone();
        let id = InstanceId(self.program.instances.len() as u32);
        self.program.instances.push(Instance {
            name: format!("derivative of {}", self.closure_name(function)),
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
            // Asked for by `captured_vjp` alone, which finds the types itself.
            Wrt::Captured => Type::Error,
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

/// The type of a Jacobian: for each leaf of the first type, for each leaf of the second, a tensor of both shapes.
fn product_type(of: &Type, wrt: &Type) -> Type {
    match (of.parts(), wrt.parts()) {
        (Some(parts), _) => of.with_parts(parts.iter().map(|part| product_type(part, wrt)).collect()).with_model(None),
        (None, Some(parts)) => {
            wrt.with_parts(parts.iter().map(|part| product_type(of, part)).collect()).with_model(None)
        }
        (None, None) => Type::Tensor(Element::Real, of.sizes().iter().chain(wrt.sizes()).cloned().collect()),
    }
}

/// The same with each matrix as its entries in compressed sparse rows, whose patterns come in order.
fn sparse_type(of: &Type, wrt: &Type, patterns: &mut dyn Iterator<Item = &Pattern>) -> Type {
    match (of.parts(), wrt.parts()) {
        (Some(parts), _) => {
            of.with_parts(parts.iter().map(|part| sparse_type(part, wrt, patterns)).collect()).with_model(None)
        }
        (None, Some(parts)) => {
            wrt.with_parts(parts.iter().map(|part| sparse_type(of, part, patterns)).collect()).with_model(None)
        }
        (None, None) => {
            let (rows, count) = patterns.next().map_or((0, 0), |pattern| (pattern.rows(), pattern.count()));
            let vector = |element, size: usize| Type::Tensor(element, vec![Size::constant(size as i64)]);
            let names = ["row_starts", "columns", "values"].map(str::to_string);
            let parts = vec![vector(Element::Int, rows + 1), vector(Element::Int, count), vector(Element::Real, count)];
            Type::Record(Fields::new(names), parts)
        }
    }
}

/// Whether every size in a type is a number.
fn has_known_sizes(ty: &Type) -> bool {
    match ty.parts() {
        Some(parts) => parts.iter().all(has_known_sizes),
        None => ty.known_shape().is_some(),
    }
}
