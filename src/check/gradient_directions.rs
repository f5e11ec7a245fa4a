//! What `jvp`, `vjp` and `hvp` take: the arguments of the function, as one tuple where there are several, then a tangent
//! for each argument or a cotangent of the result.

use super::Checker;
use super::comprehension_rank::rank;
use super::convert::part_of;
use super::gradients::Derived;
use super::program::{Binding, Closure, DerivativeCall, Form, Kind, Typed};
use super::types::{ClosureId, Type};
use crate::diagnostics::catalog::{derivative, names, shapes};
use crate::ir::MAX_RANK;
use crate::source::Span;

/// Axes that are kept free: one for the passes of a Jacobian, one for the examples of a batch, one for windows.
const RESERVED: usize = 3;

/// The arguments of a product, told apart.
pub(super) struct Split {
    /// The tuple of the arguments, computed once.
    pub bindings: Vec<(Binding, Typed)>,
    /// The arguments of the function.
    pub arguments: Vec<Typed>,
    /// The tangent or cotangent.
    pub direction: Typed,
}

/// How many arguments a function takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arity {
    /// None.
    None,
    /// One.
    One,
    /// Several, or one and others that have default values.
    Several { needs_one: bool },
    /// One, or several that come as a tuple.
    Open,
}

impl Checker<'_, '_> {
    /// `((x, y), direction)`, `(x, direction)` or, without arguments, `(direction)`.
    pub(super) fn split_direction(&mut self, derived: Derived, given: Vec<Typed>, span: Span) -> Option<Split> {
        let arity = self.arity(derived.function);
        let expected = if arity == Arity::None { 1 } else { 2 };
        if given.len() != expected {
            let function = format!("{}({})", derived.form.name(), self.closure_name(derived.function));
            let error = names::wrong_argument_count(&function, &expected.to_string(), given.len(), span, None);
            self.report(error.help(usage(derived.form, arity)));
            return None;
        }
        let mut given = given.into_iter();
        let (first, second) = (given.next()?, given.next());
        let Some(direction) = second else {
            return Some(Split { bindings: Vec::new(), arguments: Vec::new(), direction: first });
        };
        if first.ty.is_error() || direction.ty.is_error() {
            return None;
        }
        let is_tuple = matches!(first.ty, Type::Tuple(_));
        let single = matches!(&first.ty, Type::Tuple(parts) if parts.len() == 1);
        match arity {
            Arity::One if !single => {}
            Arity::Several { needs_one: true } | Arity::Open if !is_tuple => {}
            _ if is_tuple => {
                let (bindings, arguments) = self.tuple_parts(first);
                return Some(Split { bindings, arguments, direction });
            }
            _ => {
                let function = self.closure_name(derived.function);
                let found = first.ty.to_string();
                self.report(derivative::arguments_not_a_tuple(derived.form.name(), &function, &found, first.span));
                return None;
            }
        }
        Some(Split { bindings: Vec::new(), arguments: vec![first], direction })
    }

    /// The parts of a tuple, which is computed once.
    fn tuple_parts(&mut self, tuple: Typed) -> (Vec<(Binding, Typed)>, Vec<Typed>) {
        if let Kind::Tuple(parts) = *tuple.kind {
            return (Vec::new(), parts);
        }
        let (local, span) = (self.frame.local(), tuple.span);
        let count = tuple.ty.parts().map_or(0, <[Type]>::len);
        let parts = (0..count).map(|place| part_of(local, &tuple.ty, place, span)).collect();
        (vec![(Binding::Local(local), tuple)], parts)
    }

    fn arity(&self, function: ClosureId) -> Arity {
        let parameters = match &self.program.closures[function.0 as usize] {
            Closure::Derivative { form, function, .. } if !form.is_product() => return self.arity(*function),
            Closure::Derivative { .. } => return Arity::Several { needs_one: false },
            Closure::Compose(first, _) => return self.arity(*first),
            Closure::Model(model) => self.call_parameters(*model).unwrap_or_default(),
            Closure::Abstract { parameters, .. } => {
                return Arity::of(parameters.len(), parameters.len());
            }
            Closure::Builtin(_) => return Arity::Open,
            Closure::Item(_) | Closure::Lambda { .. } => self.parameters_of(function),
        };
        let required = parameters.iter().filter(|parameter| parameter.default.is_none()).count();
        Arity::of(required, parameters.len())
    }

    /// The tangent or cotangent with the type that it must have, or a message.
    pub(super) fn fitting_direction(&mut self, form: Form, direction: Typed, expected: &Type) -> Option<Typed> {
        let direction = match &direction.ty {
            Type::Tuple(parts) if parts.len() == 1 && !matches!(expected, Type::Tuple(_)) => {
                let (ty, span) = (parts[0].clone(), direction.span);
                Typed::new(Kind::Part(direction, 0), ty, span)
            }
            _ => direction,
        };
        match self.coerce(direction, expected) {
            Ok(direction) => (!direction.ty.is_error()).then_some(direction),
            Err(direction) => {
                let (expected, found) = (expected.to_string(), direction.ty.to_string());
                self.report(derivative::direction_mismatch(form.name(), &expected, &found, direction.span));
                None
            }
        }
    }

    /// Whether a Jacobian has few enough axes; else a message.
    pub(super) fn fits_derivative_rank(&mut self, call: &DerivativeCall, ty: &Type, span: Span) -> bool {
        let (form, most) = (call.form, MAX_RANK - RESERVED);
        if !form.is_matrix() {
            return true;
        }
        let rank = rank(ty).max(self.rank_of_instance(call.instance));
        let fits = rank <= most;
        if !fits {
            let text = format!("this `{}` has a tensor of {rank} axes, and {most} are possible", form.name());
            self.report(shapes::bad_size(&text, span, "reshape what is differentiated to fewer axes"));
        }
        fits
    }
}

impl Arity {
    fn of(required: usize, all: usize) -> Self {
        match (required, all) {
            (_, 0) => Arity::None,
            (_, 1) => Arity::One,
            (required, _) => Arity::Several { needs_one: required <= 1 },
        }
    }
}

/// How a product is called.
fn usage(form: Form, arity: Arity) -> String {
    let name = form.name();
    match (form, arity) {
        (Form::Vjp, Arity::None) => "`vjp(f, wrt = w)(cotangent)`: `f` takes no arguments".to_string(),
        (_, Arity::None) => format!("`{name}(f, wrt = w)(tangent)`: `f` takes no arguments"),
        (Form::Vjp, Arity::Several { .. }) => {
            "`vjp(f)((x, y), cotangent)`: the arguments come as one tuple".to_string()
        }
        (_, Arity::Several { .. }) => {
            format!("`{name}(f)((x, y), (dx, dy))`: the arguments come as one tuple, and so do the tangents")
        }
        (Form::Vjp, _) => "`vjp(f)(x, cotangent)`".to_string(),
        _ => format!("`{name}(f)(x, dx)`"),
    }
}
