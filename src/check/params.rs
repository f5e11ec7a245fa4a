//! `param` items: shape and initial value.

use super::Checker;
use super::domain::Domain;
use super::program::{Initial, Initializer, Kind, Param, ParamId, Typed};
use super::size::Size;
use super::types::{Element, Type};
use crate::diagnostics::catalog::{actions, names, shapes};
use crate::ir::Shape;
use crate::syntax::ast::{self, Expr, ExprKind};

impl<'a> Checker<'a, '_> {
    /// Checks a `param` of the file and enters it.
    pub(super) fn param(&mut self, param: &'a ast::Param) {
        let order = self.models.next_order();
        if let Some(entry) = self.checked_param(param, self.param_path(&param.name.text)) {
            let id = self.push_param(entry, order);
            self.params.insert(&param.name.text, id);
        }
    }

    /// Enters a parameter, which stands at a place in the order of declaration.
    pub(super) fn push_param(&mut self, param: Param, order: Vec<u32>) -> ParamId {
        self.program.params.push(param);
        self.models.entered(order);
        ParamId(self.program.params.len() as u32 - 1)
    }

    /// The type of a parameter.
    pub(super) fn param_type(&self, id: ParamId) -> Type {
        let shape = &self.program.params[id.0 as usize].shape;
        Type::Tensor(Element::Real, shape.sizes().iter().map(|size| Size::constant(*size as i64)).collect())
    }

    /// A `param` under its path, or a message.
    pub(super) fn checked_param(&mut self, param: &'a ast::Param, path: String) -> Option<Param> {
        let domain = match &param.domain {
            Some(domain) => self.domain(domain)?,
            None => Domain::Reals,
        };
        let declared =
            param.annotation.as_ref().map(|annotation| (self.annotation(annotation, &Vec::new()), annotation));
        if let Some((ty, annotation)) = &declared {
            match ty {
                Type::Error => return None,
                Type::Tensor(Element::Real, sizes) => {
                    if let Some(size) = sizes.iter().find(|size| size.value().is_none()) {
                        let text = format!("the size `{size}` of this parameter is not known");
                        let help = "use numbers and constants: `const N = 64`";
                        self.report(shapes::bad_size(&text, annotation.span, help));
                        return None;
                    }
                }
                other => {
                    let text = format!("a parameter is made of reals, but this is {other}");
                    self.report(actions::bad_initial(&text, annotation.span, "declare `real` or a shape: `[2, 3]`"));
                    return None;
                }
            }
        }
        let declared = declared.map(|(ty, _)| ty);
        let (initial, ty) = match param.has_initial() {
            true => self.initial(param, declared.as_ref())?,
            false => self.centre(domain, declared.as_ref(), param.name.span)?,
        };
        if !self.fits_domain(domain, &ty, param.name.span) {
            return None;
        }
        let shape = ty.known_shape()?;
        Some(Param { name: path, span: param.name.span, shape, domain, frozen: param.frozen, running: false, initial })
    }

    fn initial(&mut self, param: &'a ast::Param, declared: Option<&Type>) -> Option<(Initial, Type)> {
        if let ExprKind::Call { callee, arguments } = &*param.initial.kind
            && let ExprKind::Name(name) = &*callee.kind
            && !self.globals.contains_key(name.as_str())
            && let Some(count) = initializer_arguments(name)
        {
            let Some(ty) = declared else {
                self.report(shapes::fill_without_shape(param.initial.span));
                return None;
            };
            let values: Vec<&'a Expr> = arguments.iter().map(|argument| &argument.value).collect();
            let initializer = self.initializer(name, count, &values, param.initial.span)?;
            if initializer == Initializer::Orthogonal && ty.sizes().len() < 2 {
                let text = "`orthogonal` needs a matrix";
                self.report(actions::bad_initial(text, param.initial.span, "use `normal(0, 1)` for vectors"));
                return None;
            }
            return Some((Initial::Random(initializer), ty.clone()));
        }
        let value = self.value(&param.initial, declared);
        let target = declared.cloned().unwrap_or_else(|| value.ty.settled());
        if value.ty.is_error() {
            return None;
        }
        if value.ty == Type::Fill && declared.is_none() {
            self.settle(value);
            return None;
        }
        let span = value.span;
        match self.coerce(value, &target) {
            Ok(value) if matches!(target, Type::Tensor(Element::Real, _)) => Some((Initial::Value(value), target)),
            Ok(value) => {
                let text = format!("a parameter starts from reals, but this is {}", value.ty);
                self.report(actions::bad_initial(&text, span, "give a number or a tensor of reals"));
                None
            }
            Err(value) => {
                let (expected, found) = (target.to_string(), value.ty.to_string());
                let place = param.annotation.as_ref().map(|annotation| annotation.span);
                self.report(shapes::type_mismatch(&expected, &found, span, "the parameter is declared here", place));
                None
            }
        }
    }

    fn initializer(
        &mut self,
        name: &str,
        count: usize,
        arguments: &[&'a Expr],
        span: crate::source::Span,
    ) -> Option<Initializer> {
        if arguments.len() != count {
            self.report(names::wrong_argument_count(name, &count.to_string(), arguments.len(), span, None));
            return None;
        }
        let mut numbers = Vec::new();
        for argument in arguments {
            let value = self.value(argument, None);
            numbers.push(self.constant_number(value)?);
        }
        let initializer = match (name, &numbers[..]) {
            ("uniform", [low, high]) if low <= high => Initializer::Uniform(*low, *high),
            ("uniform", _) => {
                let text = "the lower bound is above the upper bound";
                self.report(actions::bad_initial(text, span, "write `uniform(lower, upper)`"));
                return None;
            }
            ("normal", [mean, deviation]) if *deviation >= 0.0 => Initializer::Normal(*mean, *deviation),
            ("normal", _) => {
                let text = "a standard deviation cannot be negative";
                self.report(actions::bad_initial(text, span, "write `normal(mean, deviation)`"));
                return None;
            }
            ("glorot_uniform", _) => Initializer::GlorotUniform,
            ("glorot_normal", _) => Initializer::GlorotNormal,
            ("he_uniform", _) => Initializer::HeUniform,
            ("he_normal", _) => Initializer::HeNormal,
            _ => Initializer::Orthogonal,
        };
        Some(initializer)
    }

    /// A number that is known before the run, or a message.
    pub(super) fn constant_number(&mut self, value: Typed) -> Option<f64> {
        if value.ty.is_error() {
            return None;
        }
        let number = folded(&value);
        if number.is_none() {
            let text = "this number must be known before the run";
            self.report(actions::bad_initial(text, value.span, "write a literal or a constant"));
        }
        number
    }
}

/// The value of an expression of literals.
pub(super) fn folded(value: &Typed) -> Option<f64> {
    match &*value.kind {
        Kind::Number(number) => Some(*number),
        Kind::Integer(number) => Some(*number as f64),
        Kind::Size(size) => size.value().map(|size| size as f64),
        Kind::Convert(inner) => folded(inner),
        Kind::Power(base, exponent) => {
            let base = folded(base)?;
            let power = (0..exponent.unsigned_abs()).fold(1.0, |product, _| product * base);
            Some(if *exponent < 0 { 1.0 / power } else { power })
        }
        Kind::Pointwise(definition, operands) => {
            let operands: Option<Vec<f64>> = operands.iter().map(folded).collect();
            match (&definition.meaning, &operands?[..]) {
                (crate::ir::Meaning::Unary { f64: apply, .. }, [x]) => Some(apply(*x)),
                (crate::ir::Meaning::Binary { f64: apply, .. }, [a, b]) => Some(apply(*a, *b)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether a name draws initial values.
pub(super) fn is_initializer(name: &str) -> bool {
    initializer_arguments(name).is_some()
}

/// How many arguments an initialiser takes; `None` if there is none of this name.
fn initializer_arguments(name: &str) -> Option<usize> {
    match name {
        "uniform" | "normal" => Some(2),
        "glorot_uniform" | "glorot_normal" | "he_uniform" | "he_normal" | "orthogonal" => Some(0),
        _ => None,
    }
}

/// The fans of a shape: values in and values out of one output. A matrix has rows of inputs; at rank 3 and more the
/// first axis counts against the rest.
pub fn fans(shape: &Shape) -> (f64, f64) {
    let sizes = shape.sizes();
    let out = sizes.first().copied().unwrap_or(1);
    let inside: usize = sizes.iter().skip(1).product();
    (if sizes.len() < 2 { out as f64 } else { inside as f64 }, out as f64)
}
