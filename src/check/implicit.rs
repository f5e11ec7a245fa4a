//! `solve_root`, `solve_min` and `implicit_root`: values that an equation defines, with the derivative of the implicit
//! function theorem; and the vectors that their methods work on.
//!
//! The methods stand in the prelude, in nd. What they find is given the derivative afterwards.

use super::Checker;
use super::calls::BuiltinCall;
use super::program::{Form, Kind, Typed};
use super::size::Size;
use super::types::{Element, Type};
use crate::diagnostics::catalog::{derivative, names, shapes};
use crate::ir::ElementType;
use crate::source::Span;

/// The most steps of a method when none are stated.
const DEFAULT_STEPS: i64 = 100;

/// What a solution is asked for with.
struct Options {
    tolerance: Typed,
    /// The numbers of the steps, as a range.
    steps: Typed,
}

impl<'a> Checker<'a, '_> {
    /// `solve_root(f, x0, tolerance = …, max = …)`
    pub(super) fn solve_root_call(&mut self, call: BuiltinCall<'a>) -> Typed {
        let (span, name) = (call.span, call.name);
        let Some((function, start, options)) = self.solver_arguments(call) else { return Typed::error(span) };
        if !self.gives_equations(name, &function, &start) {
            return Typed::error(span);
        }
        let arguments = vec![function.clone(), start, options.tolerance, options.steps];
        let found = self.apply_prelude("newton_root", arguments, span);
        self.with_implicit_derivative(found, function, span)
    }

    /// `solve_min(f, x0, tolerance = …, max = …)`: a root of the gradient.
    pub(super) fn solve_min_call(&mut self, call: BuiltinCall<'a>) -> Typed {
        let (span, name) = (call.span, call.name);
        let Some((function, start, options)) = self.solver_arguments(call) else { return Typed::error(span) };
        let value = self.apply(function.clone(), vec![start.clone()], function.span);
        if value.ty.is_error() {
            return Typed::error(span);
        }
        let value = self.settle(value);
        let Type::Function(id) = function.ty else { return Typed::error(span) };
        if value.ty != Type::real() {
            let (of, found) = (self.closure_name(id), value.ty.to_string());
            return self.fail(derivative::gradient_of_tensor(name, &of, &found, span, function.span), span);
        }
        let arguments = vec![function.clone(), start, options.tolerance, options.steps];
        let found = self.apply_prelude("newton_minimum", arguments, span);
        let gradient = self.derivative_of(function, Form::Gradient);
        self.with_implicit_derivative(found, gradient, span)
    }

    /// `implicit_root(x, f)`
    pub(super) fn implicit_root_call(&mut self, call: BuiltinCall<'a>) -> Typed {
        let (span, name) = (call.span, call.name);
        let given = call.arguments.len();
        let Ok([found, function]) = <[Typed; 2]>::try_from(call.arguments) else {
            let help = "`implicit_root(x, f)` takes what was found and the function that is 0 there";
            return self.fail(names::wrong_argument_count(name, "2", given, span, None).help(help), span);
        };
        let Some((found, function)) = self.unknowns(name, found).zip(self.equations(name, function)) else {
            return Typed::error(span);
        };
        if !self.gives_equations(name, &function, &found) {
            return Typed::error(span);
        }
        self.with_implicit_derivative(found, function, span)
    }

    /// `flatten(x)`
    pub(super) fn flatten_call(&mut self, call: BuiltinCall<'a>) -> Typed {
        let (span, name) = (call.span, call.name);
        let Some([value]) = self.values(call) else { return Typed::error(span) };
        let Some(value) = self.unknowns(name, value) else { return Typed::error(span) };
        self.flattened(value, span)
    }

    /// `unflatten(v, like)`
    pub(super) fn unflatten_call(&mut self, call: BuiltinCall<'a>) -> Typed {
        let (span, name) = (call.span, call.name);
        let Some([vector, like]) = self.values(call) else { return Typed::error(span) };
        let Some(like) = self.unknowns(name, like) else { return Typed::error(span) };
        let Some(size) = self.count_of(&like.ty, span) else { return Typed::error(span) };
        let expected = Type::Tensor(Element::Real, vec![size]);
        match self.coerce(vector, &expected) {
            Ok(vector) if vector.ty.is_error() => Typed::error(span),
            Ok(vector) => unflattened(vector, like.ty, span),
            Err(vector) => {
                let (expected, found) = (expected.to_string(), vector.ty.to_string());
                let why = "the numbers of the second argument are this many";
                self.fail(shapes::type_mismatch(&expected, &found, vector.span, why, Some(like.span)), span)
            }
        }
    }

    /// The function, the start and the options of a method.
    fn solver_arguments(&mut self, mut call: BuiltinCall<'a>) -> Option<(Typed, Typed, Options)> {
        let (span, name) = (call.span, call.name);
        let options = self.solver_options(name, std::mem::take(&mut call.named), span)?;
        let given = call.arguments.len();
        let Ok([function, start]) = <[Typed; 2]>::try_from(call.arguments) else {
            let help = format!("`{name}(f, x0)` takes the function and where to start");
            self.report(names::wrong_argument_count(name, "2", given, span, None).help(help));
            return None;
        };
        let function = self.equations(name, function);
        if let Some(function) = function.clone()
            && is_unsized_model(&start.ty)
        {
            // The call may tell the sizes; then all is checked again.
            self.apply(function, vec![start.clone()], span);
        }
        let start = self.unknowns(name, start);
        Some((function?, start?, options))
    }

    fn solver_options(
        &mut self,
        name: &str,
        named: Vec<(&'a crate::syntax::ast::Name, &'a crate::syntax::ast::Expr)>,
        span: Span,
    ) -> Option<Options> {
        let tolerance = if self.program.precision == Some(ElementType::F32) { 1e-5 } else { 1e-10 };
        let mut tolerance = Typed::new(Kind::Number(tolerance), Type::real(), span);
        let mut most = Size::constant(DEFAULT_STEPS);
        for (option, value) in named {
            match option.text.as_str() {
                "tolerance" => {
                    let given = self.expression(value, Some(&Type::real()));
                    tolerance = match self.coerce(given, &Type::real()) {
                        Ok(given) if given.ty.is_error() => return None,
                        Ok(given) => given,
                        Err(_) => {
                            let problem = "needs a real number as";
                            self.report(names::bad_named_argument(name, "tolerance", value.span, problem, &[]));
                            return None;
                        }
                    };
                }
                "max" => most = self.most_steps(value)?,
                _ => {
                    let (problem, known) = ("takes no argument called", &["tolerance", "max"]);
                    self.report(names::bad_named_argument(name, &option.text, option.span, problem, known));
                    return None;
                }
            }
        }
        let steps = Typed::new(Kind::Range(Size::constant(0)), Type::Tensor(Element::Int, vec![most]), span);
        Some(Options { tolerance, steps })
    }

    /// A function, or a message.
    pub(super) fn equations(&mut self, name: &str, function: Typed) -> Option<Typed> {
        let function = self.as_function(function);
        match &function.ty {
            Type::Function(_) => Some(function),
            Type::Error => None,
            other => {
                self.report(derivative::no_equation(name, &other.to_string(), function.span));
                None
            }
        }
    }

    /// A value that is made of reals only, or a message.
    pub(super) fn unknowns(&mut self, name: &str, value: Typed) -> Option<Typed> {
        if value.ty.is_error() {
            return None;
        }
        let value = self.settle(value);
        if value.ty.is_error() {
            return None;
        }
        if is_unsized_model(&value.ty) {
            self.needs_sizes(&value);
            return None;
        }
        if is_real(&value.ty) && value.ty.leaves() > 0 {
            return Some(value);
        }
        self.report(derivative::unknowns_not_real(name, &value.ty.to_string(), value.span));
        None
    }

    /// Whether a function gives as many equations as there are unknowns, in their structure; else a message.
    fn gives_equations(&mut self, name: &str, function: &Typed, unknowns: &Typed) -> bool {
        let result = self.apply(function.clone(), vec![unknowns.clone()], function.span);
        if result.ty.is_error() {
            return false;
        }
        let result = self.settle(result);
        match self.coerce(result, &unknowns.ty) {
            Ok(result) => !result.ty.is_error(),
            Err(result) => {
                let (expected, found) = (unknowns.ty.to_string(), result.ty.to_string());
                let places = (function.span, unknowns.span);
                self.report(derivative::equations_and_unknowns(name, &expected, &found, places));
                false
            }
        }
    }

    /// A root of a function that was found, with the derivative that it has as one.
    fn with_implicit_derivative(&mut self, found: Typed, function: Typed, span: Span) -> Typed {
        if found.ty.is_error() {
            return found;
        }
        let ty = found.ty.clone();
        let value = self.flattened(found, span);
        if value.ty.is_error() {
            return value;
        }
        let variable = self.frame.local();
        let point = Typed::new(Kind::Local(variable), value.ty.clone(), span);
        let point = unflattened(point, ty.clone(), span);
        let place = function.span;
        let residual = self.apply(function, vec![point], place);
        let residual = self.settle(residual);
        let residual = match self.coerce(residual, &ty) {
            Ok(residual) if !residual.ty.is_error() => residual,
            _ => return Typed::error(span),
        };
        let residual = self.flattened(residual, span);
        let of_value = value.ty.clone();
        let root = Typed::new(Kind::Root { value, variable, residual }, of_value, span);
        unflattened(root, ty, span)
    }

    /// The numbers of a value as one vector.
    pub(super) fn flattened(&mut self, value: Typed, span: Span) -> Typed {
        match self.count_of(&value.ty, span) {
            Some(count) => Typed::new(Kind::Flatten(value), Type::Tensor(Element::Real, vec![count]), span),
            None => Typed::error(span),
        }
    }

    /// How many numbers a type has, or a message.
    fn count_of(&mut self, ty: &Type, span: Span) -> Option<Size> {
        let count = count(ty);
        if count.is_none() {
            self.report(shapes::size_overflow(span, "the number of all these numbers"));
        }
        count
    }
}

fn unflattened(vector: Typed, ty: Type, span: Span) -> Typed {
    Typed::new(Kind::Unflatten(vector), ty, span)
}

/// Whether it is a model whose sizes are not known yet.
fn is_unsized_model(ty: &Type) -> bool {
    ty.model().is_some() && ty.leaves() == 0
}

/// Whether a type is made of reals.
fn is_real(ty: &Type) -> bool {
    match ty.parts() {
        Some(parts) => parts.iter().all(is_real),
        None => ty.element() == Some(Element::Real),
    }
}

fn count(ty: &Type) -> Option<Size> {
    match ty.parts() {
        Some(parts) => parts.iter().try_fold(Size::constant(0), |sum, part| sum.add(&count(part)?).ok()),
        None => ty.sizes().iter().try_fold(Size::constant(1), |product, size| product.multiply(size).ok()),
    }
}
