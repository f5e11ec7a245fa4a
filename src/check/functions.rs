//! What a function body is checked with, and functions of which only the type is known.

use super::annotations::SizeBindings;
use super::program::{Kind, Typed};
use super::size::Size;
use super::types::{ModelId, Type};
use super::{Checker, LocalFunction};
use crate::diagnostics::catalog::{names, shapes};
use crate::source::Span;

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

impl Checker<'_, '_> {
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
}
