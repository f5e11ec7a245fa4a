//! The subject of a question: a function, model or loss of the file, with concrete arguments.
//!
//! A question such as `ndc graph --of f --at "x = 1"` is an expression beside the file: `f(x = 1)`, or `f` alone where the
//! types of the arguments are to follow from the signature. It is checked like the file's own, after all items, so
//! that it sees every name and gets the ordinary messages.

use super::annotations::{SizeBindings, size_variables};
use super::defaults::Completed;
use super::program::{Action, Closure, InstanceId, Kind, Typed};
use super::size::Size;
use super::types::{ClosureId, Element, Type};
use super::{Checker, Global};
use crate::diagnostics::catalog::{names, subjects};
use crate::source::Span;
use crate::syntax::ast::{Argument, Expr, ExprKind, Parameter};

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The name, or a call of it.
    pub expression: &'a Expr,
    /// Values of size variables of the signature.
    pub sizes: &'a [(String, i64)],
    /// What other size variables are, in the order that the signature mentions them; as many as there are.
    pub choices: &'a [i64],
    /// Shapes of arguments that the signature leaves open; without a type, such an argument is real.
    pub shapes: &'a [(String, Vec<usize>)],
    /// Whether the whole expression is the function, even if it is a call: `grad(f)`.
    pub whole: bool,
}

/// What a question is about, at concrete types.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A function or a model with its arguments.
    Function(Box<FunctionSubject>),
    /// The loss of a `train`, by the place of its action, with the columns whose entries are given.
    Loss { action: usize, given: Vec<(u32, Typed)> },
}

/// A function or a model with its arguments.
#[derive(Clone, Debug)]
pub struct FunctionSubject {
    /// Its name.
    pub name: String,
    /// The function value.
    pub callee: Typed,
    /// The body that takes the function value and its arguments.
    pub instance: InstanceId,
    /// The names of the arguments.
    pub names: Vec<String>,
    /// Whether each argument has a default value in the signature.
    pub optional: Vec<bool>,
    /// A tuple of the arguments; zeros where none are given.
    pub arguments: Typed,
    /// The type of the result.
    pub result: Type,
}

impl<'a> Checker<'a, '_> {
    /// Answers a question; what is wrong with it is reported.
    pub(super) fn subject(&mut self, question: Question<'a>) -> Option<Subject> {
        let (callee, arguments) = match &*question.expression.kind {
            ExprKind::Call { callee, arguments } if !question.whole => (callee, Some(&arguments[..])),
            _ => (question.expression, None),
        };
        if let ExprKind::Name(name) = &*callee.kind
            && !self.is_callable(name)
        {
            if let Some(action) = self.loss_called(name) {
                self.no_sizes(name, question)?;
                return self.loss_subject(action, arguments.unwrap_or_default());
            }
            if self.is_free(name) {
                self.unknown_subject(name, callee.span);
                return None;
            }
        }
        let written = match &*callee.kind {
            ExprKind::Paren(inner) => self.text(inner.span),
            _ => self.text(callee.span),
        };
        let function = self.expression(callee, None);
        let function = self.as_function(function);
        let id = match &function.ty {
            Type::Function(id) => *id,
            Type::Error => return None,
            other => {
                let found = other.to_string();
                self.report(subjects::not_a_function(&written, &found, callee.span));
                return None;
            }
        };
        let (parameters, sizes) = self.signature_of(id);
        let span = question.expression.span;
        let given = match arguments {
            Some(arguments) => {
                self.no_sizes(&written, question)?;
                self.given_arguments(id, parameters, arguments, span)?
            }
            None => self.arguments_by_signature(&written, id, parameters, sizes, question)?,
        };
        let completed = self.completed_subject(parameters, given, span);
        self.function_subject(written, function, id, completed, span)
    }

    /// Refuses sizes where the data or the arguments tell them.
    fn no_sizes(&mut self, name: &str, question: Question<'a>) -> Option<()> {
        let Some((size, _)) = question.sizes.first() else { return Some(()) };
        self.report(subjects::no_such_size(name, size, question.expression.span, []));
        None
    }

    /// Default values where no argument is given.
    fn completed_subject(&mut self, parameters: &'a [Parameter], given: Vec<Option<Typed>>, span: Span) -> Completed {
        if parameters.is_empty() {
            return Completed { bindings: Vec::new(), arguments: given.into_iter().flatten().collect() };
        }
        self.completed(parameters, given, self.position, span)
    }

    fn function_subject(
        &mut self,
        name: String,
        callee: Typed,
        id: ClosureId,
        Completed { bindings, arguments }: Completed,
        span: Span,
    ) -> Option<Subject> {
        let arguments = self.settled_arguments(id, arguments);
        if arguments.iter().any(|argument| argument.ty.is_error()) {
            return None;
        }
        let types: Vec<Type> = arguments.iter().map(|argument| argument.ty.clone()).collect();
        let parameters = self.signature_of(id).0;
        let mut names: Vec<String> = parameters.iter().map(|parameter| self.text(parameter.pattern.span())).collect();
        let mut optional: Vec<bool> = parameters.iter().map(|parameter| parameter.default.is_some()).collect();
        if names.len() != types.len() {
            names = (1..=types.len()).map(|place| format!("x{place}")).collect();
            optional = vec![false; types.len()];
        }
        if !self.known_models(&callee.ty, span) {
            self.models.forget_early_uses();
            self.report(subjects::model_sizes_unknown(&name, span));
            return None;
        }
        let (instance, result) = self.wrapped_instance(id, types.clone(), span)?;
        let arguments = Completed::around(bindings, Typed::new(Kind::Tuple(arguments), Type::Tuple(types), span));
        let subject = FunctionSubject { name, callee, instance, names, optional, arguments, result };
        Some(Subject::Function(Box::new(subject)))
    }

    /// Whether a name is that of a function or a model.
    fn is_callable(&self, name: &str) -> bool {
        matches!(self.globals.get(name), Some((Global::Function(_) | Global::Builtin(_) | Global::Model(_), _)))
    }

    /// Whether nothing that can be called or read has this name.
    fn is_free(&self, name: &str) -> bool {
        let bound = self.globals.contains_key(name) || self.lets.iter().any(|(each, ..)| each == name);
        !bound && super::builtins::canonical_name(name).is_none()
    }

    /// The parameters of a function value, and the sizes in them that are known.
    fn signature_of(&self, id: ClosureId) -> (&'a [Parameter], SizeBindings) {
        match &self.program.closures[id.0 as usize] {
            Closure::Model(model) => self.model_signature(*model),
            Closure::Derivative { function, .. } | Closure::Compose(function, _) => self.signature_of(*function),
            _ => (self.parameters_of(id), SizeBindings::new()),
        }
    }

    /// Arguments as a call gives them.
    fn given_arguments(
        &mut self,
        id: ClosureId,
        parameters: &'a [Parameter],
        arguments: &'a [Argument],
        span: Span,
    ) -> Option<Vec<Option<Typed>>> {
        if parameters.is_empty() && arguments.iter().all(|argument| argument.name.is_none()) {
            return Some(arguments.iter().map(|argument| Some(self.expression(&argument.value, None))).collect());
        }
        let function = self.closure_name(id);
        let given = self.arrange(&function, parameters, arguments, span)?;
        Some(given.into_iter().map(|given| given.map(|value| self.expression(value, None))).collect())
    }

    /// Zeros of the types that the signature states; an argument without a type is a real number.
    fn arguments_by_signature(
        &mut self,
        name: &str,
        id: ClosureId,
        parameters: &'a [Parameter],
        mut sizes: SizeBindings,
        question: Question<'a>,
    ) -> Option<Vec<Option<Typed>>> {
        let span = question.expression.span;
        if parameters.is_empty() && !matches!(self.program.closures[id.0 as usize], Closure::Item(_)) {
            self.report(subjects::arguments_unknown(name, span));
            return None;
        }
        sizes.extend(question.sizes.iter().map(|(name, size)| (name.clone(), Size::constant(*size))));
        self.bind_shapes(name, parameters, &mut sizes, question)?;
        let mut arguments = Vec::with_capacity(parameters.len());
        let mut mentioned = Vec::new();
        let mut choices = question.choices.iter();
        for parameter in parameters {
            let ty = match &parameter.annotation {
                Some(annotation) => {
                    super::captures::size_names(annotation, &mut mentioned);
                    let ty = self.signature(annotation.span, |checker| checker.annotation(annotation, &sizes));
                    let known = sizes.len();
                    for variable in size_variables(&ty) {
                        if sizes.iter().all(|(name, _)| *name != variable)
                            && let Some(size) = choices.next()
                        {
                            sizes.push((variable, Size::constant(*size)));
                        }
                    }
                    match sizes.len() == known {
                        true => ty,
                        false => self.signature(annotation.span, |checker| checker.annotation(annotation, &sizes)),
                    }
                }
                None => Type::real(),
            };
            let shape = question.shapes.iter().find(|(given, _)| *given == self.text(parameter.pattern.span()));
            let ty = match shape {
                Some((_, shape)) => self.of_shape(name, parameter, ty, shape, span)?,
                None => ty,
            };
            let argument = match parameter.default {
                Some(_) if shape.is_none() => None,
                _ => Some(self.zeros(name, parameter, &ty, span)?),
            };
            arguments.push(argument);
        }
        if let Some((unused, _)) = question.sizes.iter().find(|(name, _)| !mentioned.contains(&name.as_str())) {
            mentioned.sort_unstable();
            mentioned.dedup();
            self.report(subjects::no_such_size(name, unused, span, mentioned));
            return None;
        }
        Some(arguments)
    }

    /// Makes the size variables of the arguments whose shapes are given what those shapes say.
    fn bind_shapes(
        &mut self,
        name: &str,
        parameters: &'a [Parameter],
        sizes: &mut SizeBindings,
        question: Question<'a>,
    ) -> Option<()> {
        let names: Vec<String> = parameters.iter().map(|parameter| self.text(parameter.pattern.span())).collect();
        for (argument, shape) in question.shapes {
            let Some(place) = names.iter().position(|each| each == argument) else {
                let known = names.iter().map(String::as_str);
                self.report(subjects::no_such_argument(name, argument, question.expression.span, known));
                return None;
            };
            let Some(annotation) = &parameters[place].annotation else { continue };
            let ty = self.signature(annotation.span, |checker| checker.annotation(annotation, sizes));
            for (size, given) in ty.sizes().iter().zip(shape) {
                let given = Size::constant(i64::try_from(*given).unwrap_or(i64::MAX));
                let unknowns: Vec<String> = size.variables().into_iter().map(str::to_string).collect();
                if let Some((variable, value)) = size.solve(&unknowns, &given)
                    && sizes.iter().all(|(known, _)| *known != variable)
                {
                    sizes.push((variable, value));
                }
            }
        }
        Some(())
    }

    /// The type of an argument whose shape is given.
    fn of_shape(
        &mut self,
        function: &str,
        parameter: &'a Parameter,
        ty: Type,
        shape: &[usize],
        span: Span,
    ) -> Option<Type> {
        let sizes = shape.iter().map(|size| Size::constant(i64::try_from(*size).unwrap_or(i64::MAX))).collect();
        let given = match &ty {
            Type::Tensor(element, _) => Type::Tensor(*element, sizes),
            Type::Error => return None,
            _ => Type::Tensor(Element::Real, sizes),
        };
        if parameter.annotation.is_none() || given == ty {
            return Some(given);
        }
        let name = self.text(parameter.pattern.span());
        let (declared, given) = (ty.to_string(), given.to_string());
        self.report(subjects::shape_mismatch(function, &name, &declared, &given, span, parameter.pattern.span()));
        None
    }

    /// Zeros of a type whose sizes are known.
    fn zeros(&mut self, function: &str, parameter: &'a Parameter, ty: &Type, span: Span) -> Option<Typed> {
        let name = self.text(parameter.pattern.span());
        let place = parameter.pattern.span();
        if let Some(size) = size_variables(ty).first() {
            self.report(subjects::size_unknown(function, &name, size, span, place));
            return None;
        }
        if ty.has_function() {
            self.report(subjects::function_needed(function, &name, span, place));
            return None;
        }
        (!ty.is_error()).then(|| zeros(ty, span))
    }

    /// The names of all losses by the places of their actions.
    fn losses(&self) -> impl Iterator<Item = (usize, Option<&str>)> {
        self.program.actions.iter().enumerate().filter_map(|(place, action)| match action {
            Action::Train(train) => Some((place, train.name.as_deref())),
            _ => None,
        })
    }

    /// The action with a loss, by its name, or by `loss`: the first.
    fn loss_called(&self, name: &str) -> Option<usize> {
        let named = self.losses().find(|(_, each)| *each == Some(name));
        named.or_else(|| self.losses().next().filter(|_| name == "loss")).map(|(action, _)| action)
    }

    fn unknown_subject(&mut self, name: &str, span: Span) {
        let functions =
            self.globals.iter().filter(|(_, (global, _))| matches!(global, Global::Function(_) | Global::Model(_)));
        let mut known: Vec<String> = functions.map(|(name, _)| (*name).to_string()).collect();
        known.extend(self.losses().filter_map(|(_, name)| name).map(str::to_string));
        known.extend(self.losses().next().map(|_| "loss".to_string()));
        known.sort_unstable();
        self.report(subjects::unknown_subject(name, span, known.iter().map(String::as_str)));
    }

    fn loss_subject(&mut self, action: usize, arguments: &'a [Argument]) -> Option<Subject> {
        let given = self.given_columns(action, arguments)?;
        Some(Subject::Loss { action, given })
    }

    /// The entries of the example that are given, by the places of the columns.
    fn given_columns(&mut self, action: usize, arguments: &'a [Argument]) -> Option<Vec<(u32, Typed)>> {
        let Some(Action::Train(train)) = self.program.actions.get(action) else { return None };
        let columns: Vec<(String, Type)> = match train.data {
            Some(data) => {
                let set = &self.program.data[data.0 as usize];
                let column = |index: &u32| &set.columns[*index as usize];
                train.columns.iter().map(column).map(|column| (column.name.clone(), column.ty.clone())).collect()
            }
            None => Vec::new(),
        };
        let known: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
        let mut given = Vec::new();
        for argument in arguments {
            let name = argument.name.as_ref().map_or("", |name| &name.text);
            let place = argument.name.as_ref().map_or(argument.value.span, |name| name.span);
            let Some(column) = known.iter().position(|each| *each == name) else {
                self.report(names::bad_named_argument("loss", name, place, "reads no column called", &known));
                return None;
            };
            let ty = &columns[column].1;
            let value = self.value(&argument.value, Some(ty));
            match self.coerce(value, ty) {
                Ok(value) if value.ty.is_error() => return None,
                Ok(value) => given.push((column as u32, value)),
                Err(value) => {
                    let (expected, found) = (ty.to_string(), value.ty.to_string());
                    self.report(subjects::entry_mismatch(name, &expected, &found, value.span));
                    return None;
                }
            }
        }
        Some(given)
    }
}

/// A zero of a type, or `false`.
fn zeros(ty: &Type, span: Span) -> Typed {
    let kind = match ty {
        Type::Tensor(element, sizes) => {
            let scalar = match element {
                Element::Bool => Kind::Bool(false),
                Element::Int => Kind::Integer(0),
                Element::Real | Element::Flexible => Kind::Number(0.0),
            };
            if sizes.is_empty() { scalar } else { Kind::Splat(Typed::new(scalar, Type::scalar(*element), span)) }
        }
        other => Kind::Tuple(other.parts().unwrap_or_default().iter().map(|part| zeros(part, span)).collect()),
    };
    Typed::new(kind, ty.clone(), span)
}
