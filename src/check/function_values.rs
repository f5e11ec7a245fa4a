//! Function values: checked against the signature that takes them, and chosen where the choice is known before the run.

use super::Checker;
use super::annotations::{SizeBindings, size_variables};
use super::defaults::name_of;
use super::params::folded;
use super::program::{Closure, Kind, Typed};
use super::types::{ClosureId, Type};
use crate::diagnostics::catalog::{functions, names, shapes};
use crate::ir::Meaning;
use crate::source::Span;
use crate::syntax::ast::{Parameter, TypeExpr, TypeExprKind};

/// What is known before the run about a condition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Its value.
    Value(bool),
    /// That it is known at each use, where the sizes are numbers.
    AtUse,
    /// Nothing.
    Nothing,
}

impl<'a> Checker<'a, '_> {
    /// Checks functions that are passed where the signature declares one; binds the sizes that only their results tell.
    /// Reports the first that does not fit.
    pub(super) fn check_function_arguments(
        &mut self,
        function: &str,
        parameters: &'a [Parameter],
        arguments: &[Typed],
        bound: &mut SizeBindings,
    ) -> bool {
        for (parameter, argument) in parameters.iter().zip(arguments) {
            let (Some(annotation), Type::Function(given)) = (&parameter.annotation, &argument.ty) else { continue };
            if !matches!(annotation.kind, TypeExprKind::Function { .. }) {
                continue;
            }
            if let Some(problem) = self.function_problem(annotation, *given, argument.span, bound) {
                let declared = self.text(annotation.span);
                let name = name_of(&parameter.pattern).unwrap_or("this argument").to_string();
                let place = annotation.span;
                self.report(functions::function_mismatch(function, &name, &declared, &problem, argument.span, place));
                return false;
            }
        }
        true
    }

    /// What a function does otherwise than its declared type says.
    fn function_problem(
        &mut self,
        annotation: &'a TypeExpr,
        given: ClosureId,
        span: Span,
        bound: &mut SizeBindings,
    ) -> Option<String> {
        let declared = self.signature(annotation.span, |checker| checker.annotation(annotation, bound));
        let Type::Function(declared) = declared else { return None };
        let Closure::Abstract { parameters, result } = self.program.closures[declared.0 as usize].clone() else {
            return None;
        };
        let is_known = |name: &String| bound.iter().any(|(each, _)| each == name);
        if declared == given || !parameters.iter().flat_map(size_variables).all(|name| is_known(&name)) {
            return None;
        }
        let (value, failure) = self.trial(|checker| {
            checker.signature(span, |checker| {
                let mut variable = |ty: Type| Typed::new(Kind::Local(checker.frame.local()), ty, span);
                let callee = variable(Type::Function(given));
                let arguments = parameters.into_iter().map(variable).collect();
                checker.apply(callee, arguments, span)
            })
        });
        if let Some(failure) = failure {
            return Some(failure.message);
        }
        super::annotations::bind_sizes(&result, &value.ty, bound);
        let result = match &annotation.kind {
            TypeExprKind::Function { result, .. } => {
                self.signature(result.span, |checker| checker.annotation(result, bound))
            }
            _ => *result,
        };
        let found = value.ty.to_string();
        let (fits, _) = self.trial(|checker| checker.coerce(value, &result).is_ok());
        (!fits).then(|| format!("gives {found}, not {result}"))
    }

    /// A function argument of a function that is checked for itself: only its declared type is known.
    pub(super) fn apply_abstract(
        &mut self,
        parameters: &[Type],
        result: &Type,
        arguments: Vec<Typed>,
        span: Span,
    ) -> Typed {
        if parameters.len() != arguments.len() {
            let expected = parameters.len().to_string();
            let error = names::wrong_argument_count("the function argument", &expected, arguments.len(), span, None);
            return self.fail(error, span);
        }
        for (parameter, argument) in parameters.iter().zip(arguments) {
            if let Err(argument) = self.coerce(argument, parameter) {
                let (expected, found) = (parameter.to_string(), argument.ty.to_string());
                let why = "the function argument is declared to take this";
                self.report(shapes::type_mismatch(&expected, &found, argument.span, why, None));
            }
        }
        Typed::new(Kind::Error, result.clone(), span)
    }

    /// A choice between functions, or values that hold some, by a condition that is known before the run.
    pub(super) fn chosen_function(&mut self, condition: Typed, then: Typed, otherwise: Typed, span: Span) -> Typed {
        match known(&condition) {
            Known::Value(true) => Typed { span, ..then },
            Known::Value(false) => Typed { span, ..otherwise },
            Known::AtUse => Typed::error(span),
            Known::Nothing => {
                self.fail(functions::function_by_condition(condition.span, then.span, otherwise.span), span)
            }
        }
    }
}

fn known(condition: &Typed) -> Known {
    let (definition, operands) = match &*condition.kind {
        Kind::Bool(value) => return Known::Value(*value),
        Kind::Pointwise(definition, operands) => (definition, operands),
        _ => return Known::Nothing,
    };
    let both = |apply: &dyn Fn(bool, bool) -> bool| match (known(&operands[0]), known(&operands[1])) {
        (Known::Value(a), Known::Value(b)) => Known::Value(apply(a, b)),
        (Known::Nothing, _) | (_, Known::Nothing) => Known::Nothing,
        _ => Known::AtUse,
    };
    match &definition.meaning {
        Meaning::Not => match known(&operands[0]) {
            Known::Value(value) => Known::Value(!value),
            other => other,
        },
        Meaning::Logic(apply) => both(apply),
        Meaning::Comparison { f64: apply, .. } => match (folded(&operands[0]), folded(&operands[1])) {
            (Some(a), Some(b)) => Known::Value(apply(a, b)),
            _ if operands.iter().all(is_of_sizes) => Known::AtUse,
            _ => Known::Nothing,
        },
        _ => Known::Nothing,
    }
}

/// Whether an expression is made of sizes and literals.
fn is_of_sizes(value: &Typed) -> bool {
    match &*value.kind {
        Kind::Size(_) | Kind::Integer(_) | Kind::Number(_) => true,
        Kind::Convert(inner) => is_of_sizes(inner),
        Kind::Pointwise(_, operands) => operands.iter().all(is_of_sizes),
        _ => false,
    }
}
