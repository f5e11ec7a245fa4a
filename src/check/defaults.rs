//! Default values of arguments: expressions of the arguments and sizes before them.
//!
//! A default value is checked as a body of its own whose arguments are the earlier ones, so that its variables are
//! apart from those of the caller; a literal stands for itself.

use super::Checker;
use super::annotations::SizeBindings;
use super::captures::mentioned;
use super::program::{Binding, Instance, InstanceId, Kind, Typed};
use super::scope::Bound;
use super::types::Type;
use crate::diagnostics::catalog::names;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Parameter, Pattern};

/// Arguments in the order of the parameters, and what is bound before them.
pub(super) struct Completed {
    /// Earlier arguments that a default value reads, computed once.
    pub bindings: Vec<(Binding, Typed)>,
    /// The arguments.
    pub arguments: Vec<Typed>,
}

impl Completed {
    /// The call in which the bindings are in scope.
    pub(super) fn around(bindings: Vec<(Binding, Typed)>, call: Typed) -> Typed {
        if bindings.is_empty() {
            return call;
        }
        let (ty, span) = (call.ty.clone(), call.span);
        Typed::new(Kind::Let(bindings, call), ty, span)
    }
}

impl<'a> Checker<'a, '_> {
    /// Puts default values where no argument is given.
    pub(super) fn completed(
        &mut self,
        parameters: &'a [Parameter],
        given: Vec<Option<Typed>>,
        position: usize,
        call: Span,
    ) -> Completed {
        let default_of = self.default_of.replace(call);
        let mut completed = Completed { bindings: Vec::new(), arguments: Vec::with_capacity(given.len()) };
        let mut sizes = SizeBindings::new();
        for (place, (parameter, given)) in parameters.iter().zip(given).enumerate() {
            let value = match (given, &parameter.default) {
                (Some(value), _) => value,
                (None, Some(default)) => {
                    let earlier = &parameters[..place];
                    earlier_argument(default, earlier, &completed.arguments).unwrap_or_else(|| {
                        if reads_one_of(default, earlier) {
                            self.bind_earlier(&mut completed);
                        }
                        self.default_value(parameter, default, earlier, &completed.arguments, &sizes, position)
                    })
                }
                (None, None) => Typed::error(parameter.pattern.span()),
            };
            if let Some(annotation) = &parameter.annotation {
                self.declared_type(annotation, &value.ty, &mut sizes);
            }
            completed.arguments.push(value);
        }
        self.default_of = default_of;
        completed
    }

    /// Arguments that are more than a name or a literal, under names of their own.
    fn bind_earlier(&mut self, completed: &mut Completed) {
        for argument in &mut completed.arguments {
            if stands_for_itself(argument) || matches!(*argument.kind, Kind::Local(_)) {
                continue;
            }
            let local = self.frame.local();
            let name = Typed::new(Kind::Local(local), argument.ty.clone(), argument.span);
            let value = std::mem::replace(argument, name);
            completed.bindings.push((Binding::Local(local), value));
        }
    }

    fn default_value(
        &mut self,
        parameter: &'a Parameter,
        default: &'a Expr,
        earlier: &'a [Parameter],
        arguments: &[Typed],
        sizes: &SizeBindings,
        position: usize,
    ) -> Typed {
        if self.values_in_progress.contains(&default.span) {
            let name = name_of(&parameter.pattern).unwrap_or("this default value");
            return self.fail(names::recursive_default(name, default.span, parameter.pattern.span()), default.span);
        }
        let hint = parameter.annotation.as_ref();
        let hint = hint.map(|annotation| self.declared_type(annotation, &Type::Error, &mut sizes.clone()));
        self.values_in_progress.push(default.span);
        let frame = std::mem::take(&mut self.frame);
        let outer_position = std::mem::replace(&mut self.position, position);
        for (name, size) in sizes {
            self.frame.bind(name.clone(), Bound::Size(size.clone()));
        }
        let mut bindings = Vec::with_capacity(arguments.len());
        for (earlier, argument) in earlier.iter().zip(arguments) {
            bindings.push(self.bind_pattern(&earlier.pattern, &argument.ty, earlier.pattern.span()));
        }
        let value = self.inside(default.span, |checker| checker.expression(default, hint.as_ref()));
        self.frame = frame;
        self.position = outer_position;
        self.values_in_progress.pop();
        let name = name_of(&parameter.pattern).unwrap_or("an argument");
        self.closed(&format!("default of {name}"), bindings, value, arguments.to_vec(), default.span)
    }

    /// An expression with variables of its own, as the call of a body on arguments.
    pub(super) fn closed(
        &mut self,
        name: &str,
        parameters: Vec<Binding>,
        value: Typed,
        arguments: Vec<Typed>,
        span: Span,
    ) -> Typed {
        if stands_for_itself(&value) {
            return value;
        }
        let ty = value.ty.clone();
        let instance = InstanceId(self.program.instances.len() as u32);
        self.program.instances.push(Instance { name: name.to_string(), parameters, body: value });
        let callee = Typed::new(Kind::Closure(Vec::new()), Type::Tuple(Vec::new()), span);
        Typed::new(Kind::Call { callee, instance, arguments }, ty, span)
    }
}

/// Whether an expression has no variable in it.
fn stands_for_itself(value: &Typed) -> bool {
    match &*value.kind {
        Kind::Error
        | Kind::Number(_)
        | Kind::Integer(_)
        | Kind::Bool(_)
        | Kind::Text(_)
        | Kind::Size(_)
        | Kind::Param(_)
        | Kind::Global(_) => true,
        Kind::Closure(captures) => captures.is_empty(),
        Kind::Stack(entries) | Kind::Tuple(entries) => entries.iter().all(stands_for_itself),
        Kind::Pointwise(_, operands) => operands.iter().all(stands_for_itself),
        Kind::Convert(inner) | Kind::Splat(inner) | Kind::Power(inner, _) => stands_for_itself(inner),
        _ => false,
    }
}

/// The earlier argument that a default value is, where that is known when compiling.
fn earlier_argument(default: &Expr, earlier: &[Parameter], arguments: &[Typed]) -> Option<Typed> {
    let ExprKind::Name(name) = &*default.kind else { return None };
    let place = earlier.iter().rposition(|parameter| name_of(&parameter.pattern) == Some(name))?;
    arguments.get(place).filter(|argument| stands_for_itself(argument)).cloned()
}

/// Whether a default value mentions an earlier argument.
fn reads_one_of(default: &Expr, earlier: &[Parameter]) -> bool {
    let mut names = Vec::new();
    mentioned(default, &mut names);
    earlier.iter().any(|parameter| names.iter().any(|name| binds(&parameter.pattern, name)))
}

fn binds(pattern: &Pattern, name: &str) -> bool {
    match pattern {
        Pattern::Name(bound) => bound.text == name,
        Pattern::Ignore(_) => false,
        Pattern::Tuple(parts, _) => parts.iter().any(|part| binds(part, name)),
    }
}

/// The name that a pattern is, if it is one.
pub(super) fn name_of(pattern: &Pattern) -> Option<&str> {
    match pattern {
        Pattern::Name(name) => Some(&name.text),
        _ => None,
    }
}
