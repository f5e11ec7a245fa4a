//! Calls: function values, and arguments against signatures.

use super::annotations::{SizeBindings, size_variables};
use super::captures::{mentioned, size_names};
use super::defaults::{Completed, name_of};
use super::functions::{Body, Captured};
use super::gradients::Derived;
use super::lookup::is_split;
use super::program::{Closure, Kind, Typed};
use super::scope::Bound;
use super::size::Size;
use super::types::{ClosureId, Element, Type};
use super::{Checker, FunctionItem, LocalFunction};
use crate::diagnostics::catalog::{names, shapes};
use crate::source::Span;
use crate::syntax::ast::{Argument, Expr, Name, Parameter};

/// The most compositions that may be applied in a file.
const MAX_COMPOSITIONS: u32 = 1 << 14;

/// A call of a built-in function.
pub(super) struct BuiltinCall<'a> {
    /// The name it was called by.
    pub name: &'static str,
    /// The whole call.
    pub span: Span,
    /// Arguments in order.
    pub arguments: Vec<Typed>,
    /// Named arguments, not yet checked.
    pub named: Vec<(&'a Name, &'a Expr)>,
}

/// What a call gives for one parameter.
type Given<'a> = Option<&'a Expr>;

impl<'a> Checker<'a, '_> {
    /// `callee(arguments)`.
    pub(super) fn call(
        &mut self,
        callee: &'a Expr,
        arguments: &'a [Argument],
        expected: Option<&Type>,
        span: Span,
    ) -> Typed {
        let split = is_split(callee);
        let callee = self.expression(callee, None);
        if let Some(model) = callee.ty.model() {
            return self.call_model(callee, model, arguments, span);
        }
        let id = match &callee.ty {
            Type::Function(id) => *id,
            Type::Error if split => return Typed::error(span),
            Type::Error => {
                for argument in arguments {
                    self.expression(&argument.value, None);
                }
                return Typed::error(span);
            }
            other => {
                let found = match other {
                    Type::Tensor(..) => format!("a value of type {other}"),
                    _ => other.to_string(),
                };
                return self.fail(names::not_a_function(&found, callee.span), span);
            }
        };
        match self.program.closures[id.0 as usize].clone() {
            Closure::Item(index) => {
                let FunctionItem { function, position } = self.functions[index as usize];
                self.call_function(callee, id, &function.parameters, arguments, position, span)
            }
            Closure::Lambda { place, .. } => {
                let function = self.local_functions[&place];
                self.call_function(callee, id, function.parameters, arguments, function.position, span)
            }
            // These take columns as such, not the values of a row.
            Closure::Builtin("column") => self.column_by_text(arguments, span),
            Closure::Builtin("category") => self.category(arguments, span),
            Closure::Builtin("standardize") => self.standardize(arguments, span),
            Closure::Builtin(name) => {
                let named = arguments.iter().filter_map(|argument| Some((argument.name.as_ref()?, &argument.value)));
                let named: Vec<_> = named.collect();
                let positional = arguments.iter().filter(|argument| argument.name.is_none());
                // The result of a loop has the type of its first argument, the initial state.
                let first = expected.filter(|_| matches!(name, "fold" | "while"));
                let hints = std::iter::once(first).chain(std::iter::repeat(None));
                let arguments = positional.zip(hints).map(|(argument, hint)| match hint {
                    Some(state) => self.initial_state(&argument.value, state),
                    None => self.expression(&argument.value, None),
                });
                let arguments = arguments.collect();
                super::builtins::apply(self, BuiltinCall { name, span, arguments, named })
            }
            _ => {
                if let Some(name) = arguments.iter().find_map(|argument| argument.name.as_ref()) {
                    let function = self.closure_name(id);
                    let error =
                        names::bad_named_argument(&function, &name.text, name.span, "takes no argument called", &[]);
                    return self.fail(error, span);
                }
                let arguments = arguments.iter().map(|argument| self.expression(&argument.value, None)).collect();
                self.apply(callee, arguments, span)
            }
        }
    }

    /// A call of a function written in nd, with named and default arguments.
    fn call_function(
        &mut self,
        callee: Typed,
        id: ClosureId,
        parameters: &'a [Parameter],
        arguments: &'a [Argument],
        position: usize,
        span: Span,
    ) -> Typed {
        let function = self.closure_name(id);
        let Some(given) = self.arrange(&function, parameters, arguments, span) else { return Typed::error(span) };
        let mut sizes = SizeBindings::new();
        let mut typed = Vec::with_capacity(given.len());
        for (parameter, given) in parameters.iter().zip(given) {
            let value = given.map(|expression| {
                let hint = parameter.annotation.as_ref();
                let hint = hint.map(|annotation| self.declared_type(annotation, &Type::Error, &mut sizes.clone()));
                let value = self.expression(expression, hint.as_ref());
                if let Some(annotation) = &parameter.annotation {
                    self.declared_type(annotation, &value.ty, &mut sizes);
                }
                value
            });
            typed.push(value);
        }
        let Completed { bindings, arguments } = self.completed(parameters, typed, position, span);
        let call = self.apply(callee, arguments, span);
        Completed::around(bindings, call)
    }

    /// Brings arguments into the order of the parameters.
    pub(super) fn arrange(
        &mut self,
        function: &str,
        parameters: &'a [Parameter],
        arguments: &'a [Argument],
        span: Span,
    ) -> Option<Vec<Given<'a>>> {
        let known: Vec<&str> = parameters.iter().filter_map(|parameter| name_of(&parameter.pattern)).collect();
        let mut given: Vec<Given<'a>> = vec![None; parameters.len()];
        let mut surplus = false;
        let mut failed = false;
        for (place, argument) in arguments.iter().enumerate() {
            let slot = match &argument.name {
                None => place,
                Some(name) => {
                    match parameters.iter().position(|each| name_of(&each.pattern) == Some(name.text.as_str())) {
                        Some(slot) => slot,
                        None => {
                            let problem = "takes no argument called";
                            self.report(names::bad_named_argument(function, &name.text, name.span, problem, &known));
                            failed = true;
                            continue;
                        }
                    }
                }
            };
            match given.get_mut(slot) {
                None => surplus = true,
                Some(filled @ None) => *filled = Some(&argument.value),
                Some(Some(_)) => {
                    let name = argument.name.as_ref().map_or("", |name| name.text.as_str());
                    let place = argument.value.span;
                    self.report(names::bad_named_argument(
                        function,
                        name,
                        place,
                        "is given twice the argument",
                        &known,
                    ));
                    failed = true;
                }
            }
        }
        let missing =
            given.iter().zip(parameters).any(|(given, parameter)| given.is_none() && parameter.default.is_none());
        if surplus || (missing && !failed) {
            let required = parameters.iter().filter(|parameter| parameter.default.is_none()).count();
            let expected = if required == parameters.len() {
                required.to_string()
            } else {
                format!("{required} to {}", parameters.len())
            };
            let declared = parameters.first().zip(parameters.last());
            let declared = declared.map(|(first, last)| first.pattern.span().to(last.pattern.span()));
            self.report(names::wrong_argument_count(function, &expected, arguments.len(), span, declared));
            failed = true;
        }
        (!failed).then_some(given)
    }

    /// A function value applied to checked arguments.
    pub(super) fn apply(&mut self, callee: Typed, arguments: Vec<Typed>, span: Span) -> Typed {
        let Type::Function(id) = callee.ty else { return Typed::error(span) };
        match self.program.closures[id.0 as usize].clone() {
            Closure::Item(index) => {
                let here = self.function_here(index);
                let id = if here == index { id } else { self.closure(Closure::Item(here)) };
                let item = self.functions[here as usize];
                let function = LocalFunction {
                    name: Some(&item.function.name),
                    parameters: &item.function.parameters,
                    result: item.function.result.as_ref(),
                    body: &item.function.body,
                    position: item.position,
                };
                self.apply_function(callee, id, function, Captured::default(), arguments, span)
            }
            Closure::Lambda { place, captures, sizes, model } => {
                let function = self.local_functions[&place];
                let captured = Captured { names: &captures, sizes: &sizes, model };
                self.apply_function(callee, id, function, captured, arguments, span)
            }
            Closure::Builtin(name) => {
                super::builtins::apply(self, BuiltinCall { name, span, arguments, named: Vec::new() })
            }
            Closure::Compose(first, second) => {
                self.compositions += 1;
                if self.compositions > MAX_COMPOSITIONS {
                    let name = self.closure_name(id);
                    return self.fail(shapes::call_overflow(&name, span, u64::from(MAX_COMPOSITIONS)), span);
                }
                let first = Typed::new(Kind::Captured(callee.clone(), 0), Type::Function(first), callee.span);
                let second = Typed::new(Kind::Captured(callee.clone(), 1), Type::Function(second), callee.span);
                let inner = self.apply(first, arguments, span);
                self.apply(second, vec![inner], span)
            }
            Closure::Derivative { function, form, wrt } => {
                self.apply_derivative(callee, Derived { function, form, wrt: wrt.as_deref() }, arguments, span)
            }
            Closure::Model(model) => {
                let ty = self.captured_model(model);
                let record = Typed::new(Kind::Captured(callee.clone(), 0), ty, callee.span);
                self.apply_model(record, model, arguments, span)
            }
            Closure::Abstract { parameters, result } => self.apply_abstract(&parameters, &result, arguments, span),
        }
    }

    fn apply_function(
        &mut self,
        callee: Typed,
        id: ClosureId,
        function: LocalFunction<'a>,
        captured: Captured<'_>,
        arguments: Vec<Typed>,
        span: Span,
    ) -> Typed {
        let name = self.closure_name(id);
        let left_out = function.parameters.get(arguments.len()..).unwrap_or_default();
        if !left_out.is_empty() && left_out.iter().all(|parameter| parameter.default.is_some()) {
            let given = arguments.into_iter().map(Some).chain(left_out.iter().map(|_| None)).collect();
            let Completed { bindings, arguments } = self.completed(function.parameters, given, function.position, span);
            let call = self.apply_function(callee, id, function, captured, arguments, span);
            return Completed::around(bindings, call);
        }
        if arguments.len() != function.parameters.len() {
            let expected = function.parameters.len().to_string();
            let ends = function.parameters.first().zip(function.parameters.last());
            let declared = ends.map(|(first, last)| first.pattern.span().to(last.pattern.span()));
            let error = names::wrong_argument_count(&name, &expected, arguments.len(), span, declared);
            return self.fail(error, span);
        }
        let mut bound: SizeBindings = captured.sizes.to_vec();
        let mut lifted = false;
        let mut converted = Vec::with_capacity(arguments.len());
        let mut failed = false;
        for (parameter, argument) in function.parameters.iter().zip(arguments) {
            match self.argument(&name, parameter, argument, &mut bound) {
                Some(argument) => {
                    lifted |= parameter.annotation.is_none() && !argument.ty.sizes().is_empty();
                    failed |= argument.ty.is_error();
                    converted.push(argument);
                }
                None => failed = true,
            }
        }
        if failed || !self.check_function_arguments(&name, function.parameters, &converted, &mut bound) {
            return Typed::error(span);
        }
        let types: Vec<Type> = converted.iter().map(|argument| argument.ty.clone()).collect();
        let owner = captured.model;
        let body = Body { function, captures: captured.names, bound, lifted, name: &name, model: None, owner };
        match self.instance(id, types, body, span) {
            Some((instance, result)) => Typed::new(Kind::Call { callee, instance, arguments: converted }, result, span),
            None => Typed::error(span),
        }
    }

    /// An argument converted to what its parameter declares.
    pub(super) fn argument(
        &mut self,
        function: &str,
        parameter: &'a Parameter,
        argument: Typed,
        bound: &mut SizeBindings,
    ) -> Option<Typed> {
        let Some(annotation) = &parameter.annotation else {
            return Some(if argument.ty == Type::Fill { self.settle(argument) } else { argument });
        };
        let target = self.declared_type(annotation, &argument.ty, bound);
        let argument = if matches!(target, Type::Function(_)) { self.as_function(argument) } else { argument };
        if let (Type::Function(_), Type::Function(_)) = (&target, &argument.ty) {
            return Some(argument);
        }
        match self.coerce(argument, &target) {
            Ok(argument) if argument.ty.is_error() || target.is_error() => Some(argument),
            Ok(argument) => match self.signature(annotation.span, |checker| checker.undetermined(annotation, bound)) {
                Some(name) => {
                    self.unknown_size(name, argument.span);
                    None
                }
                None => Some(argument),
            },
            Err(argument) => {
                let label = name_of(&parameter.pattern).unwrap_or("this argument").to_string();
                let (expected, found) = (target.to_string(), argument.ty.to_string());
                let declared = annotation.span;
                self.report(shapes::argument_mismatch(function, &label, &expected, &found, argument.span, declared));
                None
            }
        }
    }

    /// The type that a signature declares for a given one; the names of the caller mean nothing in it.
    pub(super) fn declared_type(
        &mut self,
        annotation: &'a crate::syntax::ast::TypeExpr,
        given: &Type,
        bound: &mut SizeBindings,
    ) -> Type {
        self.signature(annotation.span, |checker| checker.match_annotation(annotation, given, bound))
    }

    /// Works with the names that a signature sees: those of its own file, and none of the caller.
    pub(super) fn signature<T>(&mut self, place: Span, work: impl FnOnce(&mut Self) -> T) -> T {
        let frame = std::mem::take(&mut self.frame);
        let result = self.inside(place, work);
        self.frame = frame;
        result
    }

    /// A lambda, or a function in a block, as a value with what it captures.
    pub(super) fn function_value(&mut self, function: LocalFunction<'a>, span: Span) -> Typed {
        self.distinct(function.parameters.iter().map(|parameter| &parameter.pattern));
        let mut mentions = Vec::new();
        mentioned(function.body, &mut mentions);
        for annotation in function.parameters.iter().filter_map(|parameter| parameter.annotation.as_ref()) {
            size_names(annotation, &mut mentions);
        }
        mentions.sort_unstable();
        mentions.dedup();
        let model = self.frame.model.filter(|_| mentions.contains(&"running"));
        let (mut captures, mut sizes, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for name in mentions {
            match self.frame.find(name).cloned() {
                Some(Bound::Size(size)) => sizes.push((name.to_string(), size)),
                Some(bound) => {
                    let value = self.bound_name(name, bound, span);
                    captures.push((name.to_string(), value.ty.clone()));
                    values.push(value);
                }
                None => {}
            }
        }
        self.local_functions.insert(span, function);
        let id = self.closure(Closure::Lambda { place: span, captures, sizes, model });
        Typed::new(Kind::Closure(values), Type::Function(id), span)
    }

    /// Checks a function for itself: its size variables stay variables, arguments without a type fit everything.
    pub(super) fn check_alone(&mut self, index: u32) {
        let item = self.functions[index as usize];
        let bound = SizeBindings::new();
        let types: Vec<Type> = item
            .function
            .parameters
            .iter()
            .map(|parameter| match &parameter.annotation {
                Some(annotation) => self.annotation(annotation, &bound),
                None => Type::Error,
            })
            .collect();
        let mut sizes: Vec<String> = types.iter().flat_map(size_variables).collect();
        let mut of_functions = Vec::new();
        for annotation in item.function.parameters.iter().filter_map(|parameter| parameter.annotation.as_ref()) {
            size_names(annotation, &mut of_functions);
        }
        of_functions.retain(|name| !self.is_known_size(name, &bound));
        sizes.extend(of_functions.into_iter().map(str::to_string));
        sizes.sort();
        sizes.dedup();
        let bound = sizes.into_iter().map(|name| (name.clone(), Size::variable(name))).collect();
        let name = item.function.name.text.clone();
        let function = LocalFunction {
            name: Some(&item.function.name),
            parameters: &item.function.parameters,
            result: item.function.result.as_ref(),
            body: &item.function.body,
            position: item.position,
        };
        let key = (self.closure(Closure::Item(index)), types.clone());
        self.in_progress.push(key);
        self.alone = true;
        self.check_body(
            &types,
            Body { function, captures: &[], bound, lifted: false, name: &name, model: None, owner: None },
        );
        self.alone = false;
        self.in_progress.pop();
    }

    /// The names of a function value's parameters, where it has names.
    pub(super) fn parameter_names(&self, id: ClosureId) -> Vec<Option<String>> {
        let parameters = match &self.program.closures[id.0 as usize] {
            Closure::Model(model) => self.call_parameters(*model).unwrap_or_default(),
            Closure::Item(index) => &self.functions[*index as usize].function.parameters[..],
            Closure::Lambda { place, .. } => self.local_functions[place].parameters,
            _ => return Vec::new(),
        };
        parameters.iter().map(|parameter| name_of(&parameter.pattern).map(str::to_string)).collect()
    }
}

/// A scalar `int` or a whole literal as an index; used where the language counts.
pub(super) fn is_integer_like(ty: &Type) -> bool {
    matches!(ty.element(), Some(Element::Int | Element::Flexible))
}
