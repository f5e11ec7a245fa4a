//! The rules of the built-in functions: what each takes and gives.

use super::Checker;
use super::calls::{BuiltinCall, is_integer_like};
use super::program::{Kind, Typed};
use super::size::Size;
use super::types::{Element, Type};
use crate::diagnostics::catalog::{names, shapes};
use crate::ir::{Extreme, Pointwise, Reduction};
use crate::ops;
use crate::source::Span;

impl<'a> Checker<'a, '_> {
    pub(super) fn reduction(&mut self, call: BuiltinCall<'a>, reduction: Reduction) -> Typed {
        let span = call.span;
        let Some(value) = self.one_tensor(call) else { return Typed::error(span) };
        let value = self.counted(value);
        let element = value.ty.element().unwrap_or(Element::Real);
        Typed::new(Kind::Reduce(reduction, value), Type::scalar(element), span)
    }

    /// Truth values as integers.
    fn counted(&mut self, value: Typed) -> Typed {
        if value.ty.element() == Some(Element::Bool) { self.convert_element(value, Element::Int) } else { value }
    }

    pub(super) fn mean(&mut self, call: BuiltinCall<'a>) -> Typed {
        let span = call.span;
        let Some(value) = self.one_tensor(call) else { return Typed::error(span) };
        let value = self.convert_element(value, Element::Real);
        Typed::new(Kind::Mean(value), Type::real(), span)
    }

    pub(super) fn extreme(&mut self, call: BuiltinCall<'a>, reduction: Reduction, pair: &'static Pointwise) -> Typed {
        let (span, name) = (call.span, call.name);
        if call.arguments.len() == 1 {
            let Some(value) = self.one_tensor(call) else { return Typed::error(span) };
            if value.ty.sizes().iter().any(|size| size.value() == Some(0)) {
                let help = "give at least one element";
                return self.fail(
                    shapes::wrong_rank(&format!("`{name}`"), "at least one element", "empty", value.span, help),
                    span,
                );
            }
            if value.ty.element() == Some(Element::Bool) {
                let help = "for truth values use `any(…)` or `all(…)`";
                return self.fail(shapes::unexpected_kind(&value.ty.to_string(), value.span, help), span);
            }
            let element = value.ty.element().unwrap_or(Element::Real);
            return Typed::new(Kind::Reduce(reduction, value), Type::scalar(element), span);
        }
        if call.arguments.len() != 2 {
            let error = names::wrong_argument_count(name, "1 or 2", call.arguments.len(), span, None);
            return self.fail(error, span);
        }
        self.pointwise_call(pair, call)
    }

    pub(super) fn truth(&mut self, call: BuiltinCall<'a>, reduction: Reduction) -> Typed {
        let span = call.span;
        match self.truth_argument(call) {
            Some(value) => Typed::new(Kind::Reduce(reduction, value), Type::bool(), span),
            None => Typed::error(span),
        }
    }

    fn truth_argument(&mut self, call: BuiltinCall<'a>) -> Option<Typed> {
        let value = self.one_tensor(call)?;
        if value.ty.element() == Some(Element::Bool) {
            return Some(value);
        }
        let found = value.ty.to_string();
        self.report(shapes::condition_not_bool(&found, value.span, "compare it: `x > 0`"));
        None
    }

    pub(super) fn count(&mut self, call: BuiltinCall<'a>) -> Typed {
        let span = call.span;
        let Some(value) = self.truth_argument(call) else { return Typed::error(span) };
        let value = self.convert_element(value, Element::Int);
        Typed::new(Kind::Reduce(Reduction::Sum, value), Type::int(), span)
    }

    pub(super) fn arg_extreme(&mut self, call: BuiltinCall<'a>, extreme: Extreme) -> Typed {
        let (span, name) = (call.span, call.name);
        let Some(value) = self.one_tensor(call) else { return Typed::error(span) };
        if value.ty.sizes().len() != 1 || value.ty.sizes()[0].value() == Some(0) {
            let found = value.ty.to_string();
            let help = match value.ty.sizes().len() {
                0 | 1 => "give a vector with at least one element".to_string(),
                _ => format!("take one row: `{name}(x[0])`"),
            };
            let operation = format!("`{name}`");
            return self
                .fail(shapes::wrong_rank(&operation, "a vector with elements", &found, value.span, &help), span);
        }
        let value = self.counted(value);
        Typed::new(Kind::ArgReduce(extreme, value), Type::int(), span)
    }

    pub(super) fn dot(&mut self, call: BuiltinCall<'a>) -> Typed {
        let span = call.span;
        let Some([left, right]) = self.values(call) else { return Typed::error(span) };
        let (left, right) = (self.convert_element(left, Element::Real), self.convert_element(right, Element::Real));
        for value in [&left, &right] {
            if value.ty.element() != Some(Element::Real) || value.ty.sizes().len() != 1 {
                let found = value.ty.to_string();
                let error = shapes::wrong_rank("`dot`", "two vectors", &found, value.span, "for matrices use `@`");
                return self.fail(error, span);
            }
        }
        if left.ty.sizes() != right.ty.sizes() {
            let (a, b) = (left.ty.to_string(), right.ty.to_string());
            return self.fail(shapes::shape_mismatch("dot", (&a, left.span), (&b, right.span), span), span);
        }
        Typed::new(Kind::MatrixProduct(left, right), Type::real(), span)
    }

    pub(super) fn where_choice(&mut self, call: BuiltinCall<'a>) -> Typed {
        let span = call.span;
        let Some([condition, then, otherwise]) = self.values(call) else { return Typed::error(span) };
        if condition.ty.element() != Some(Element::Bool) {
            let found = condition.ty.to_string();
            return self.fail(shapes::condition_not_bool(&found, condition.span, "compare it: `x > 0`"), span);
        }
        let operands = [&condition, &then, &otherwise];
        let sizes = operands.iter().map(|value| value.ty.sizes()).find(|sizes| !sizes.is_empty());
        let sizes = sizes.unwrap_or_default().to_vec();
        for value in operands {
            if !value.ty.sizes().is_empty() && value.ty.sizes() != sizes {
                let (a, b) = (condition.ty.to_string(), value.ty.to_string());
                let error = shapes::shape_mismatch("where", (&a, condition.span), (&b, value.span), span);
                return self.fail(error, span);
            }
        }
        self.elementwise_choice(condition, then, otherwise, &sizes, span)
    }

    pub(super) fn conversion(&mut self, call: BuiltinCall<'a>, element: Element) -> Typed {
        let span = call.span;
        let Some(value) = self.one_tensor(call) else { return Typed::error(span) };
        let value = self.convert_element(value, element);
        Typed { span, ..value }
    }

    pub(super) fn floor_division(&mut self, call: BuiltinCall<'a>) -> Typed {
        let (span, name) = (call.span, call.name);
        let Some([left, right]) = self.values(call) else { return Typed::error(span) };
        let (Some(left), Some(right)) = (self.tensor_argument(name, left), self.tensor_argument(name, right)) else {
            return Typed::error(span);
        };
        if let (Kind::Integer(a), Kind::Integer(b)) = (&*left.kind, &*right.kind)
            && let Ok(quotient) = Size::constant(*a).floor_divide(&Size::constant(*b))
            && let Some(value) = quotient.value()
        {
            return Typed::new(Kind::Integer(value), Type::scalar(Element::Flexible), span);
        }
        self.real_pointwise(&ops::rounding::FLOOR_DIVIDE, vec![left, right], true, span)
    }

    pub(super) fn one_hot(&mut self, call: BuiltinCall<'a>) -> Typed {
        let span = call.span;
        if let [position] = &call.arguments[..]
            && let Some(categories) = self.categories_behind(position)
        {
            let size = Size::constant(categories.count() as i64);
            return Typed::new(Kind::OneHot(position.clone()), Type::Tensor(Element::Real, vec![size]), span);
        }
        let Some([position, classes]) = self.values(call) else { return Typed::error(span) };
        let Some(position) = self.integer_scalar(position) else { return Typed::error(span) };
        let size = match &*classes.kind {
            Kind::Integer(value) if *value > 0 => Size::constant(*value),
            Kind::Integer(_) => {
                let text = "the number of classes must be above zero";
                return self.fail(shapes::bad_size(text, classes.span, "`one_hot(c, 10)`"), span);
            }
            Kind::Size(size) => size.clone(),
            _ => {
                let help = "write a whole number, a constant or a size: `one_hot(c, 10)`";
                let error = shapes::bad_size("the number of classes must be known before the run", classes.span, help);
                return self.fail(error, span);
            }
        };
        if size.value().is_some_and(|size| size > super::annotations::LARGEST_SIZE) {
            return self.fail(shapes::size_overflow(classes.span, "this number of classes"), span);
        }
        Typed::new(Kind::OneHot(position), Type::Tensor(Element::Real, vec![size]), span)
    }

    /// A scalar `int`, or a message.
    pub(super) fn integer_scalar(&mut self, value: Typed) -> Option<Typed> {
        if value.ty.is_scalar() && is_integer_like(&value.ty) {
            return Some(self.convert_element(value, Element::Int));
        }
        if !value.ty.is_error() {
            let found = value.ty.to_string();
            self.report(shapes::subscript_type(&found, value.span));
        }
        None
    }

    pub(super) fn cross_entropy(&mut self, call: BuiltinCall<'a>) -> Typed {
        let (span, name) = (call.span, call.name);
        let Some([logits, target]) = self.values(call) else { return Typed::error(span) };
        let (Some(logits), Some(target)) = (self.tensor_argument(name, logits), self.tensor_argument(name, target))
        else {
            return Typed::error(span);
        };
        let function = if target.ty.is_scalar() { "cross_entropy_of_class" } else { "cross_entropy_of_distribution" };
        let target = if target.ty.is_scalar() {
            match self.integer_scalar(target) {
                Some(target) => target,
                None => return Typed::error(span),
            }
        } else {
            target
        };
        self.apply_prelude(function, vec![logits, target], span)
    }

    /// A function of the prelude applied to arguments.
    pub(super) fn apply_prelude(&mut self, name: &str, arguments: Vec<Typed>, span: Span) -> Typed {
        let index = self.functions.iter().position(|item| item.function.name.text == name);
        let Some(index) = index else { return Typed::error(span) };
        let id = self.closure(super::program::Closure::Item(index as u32));
        let callee = Typed::new(Kind::Closure(Vec::new()), Type::Function(id), span);
        self.apply(callee, arguments, span)
    }

    pub(super) fn fill(&mut self, call: BuiltinCall<'a>, value: Option<i64>) -> Typed {
        let span = call.span;
        let number = match value {
            Some(value) => match self.values::<0>(call) {
                Some([]) => Typed::new(Kind::Integer(value), Type::scalar(Element::Flexible), span),
                None => return Typed::error(span),
            },
            None => match self.values::<1>(call) {
                Some([number]) if number.ty.is_scalar() && number.ty.element().is_some_and(Element::is_number) => {
                    number
                }
                Some([number]) => {
                    let found = number.ty.to_string();
                    return self.fail(shapes::unexpected_kind(&found, number.span, "give one number"), span);
                }
                None => return Typed::error(span),
            },
        };
        Typed { ty: Type::Fill, span, ..number }
    }

    pub(super) fn stop_gradient_call(&mut self, call: BuiltinCall<'a>) -> Typed {
        let span = call.span;
        match self.values(call) {
            Some([value]) => {
                let value = self.settle(value);
                self.stop_gradient(value, span)
            }
            None => Typed::error(span),
        }
    }
}
