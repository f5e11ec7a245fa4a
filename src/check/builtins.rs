//! Built-in functions that are more than pointwise: one table entry each, with its rule.
//!
//! Pointwise functions come from the operation table; what nd can say for itself is in `std/prelude.nd`.

use super::Checker;
use super::calls::{BuiltinCall, is_integer_like};
use super::program::{Kind, Typed};
use super::size::Size;
use super::types::{Element, Type};
use crate::diagnostics::catalog::{names, shapes};
use crate::ir::{Extreme, Meaning, Pointwise, Reduction};
use crate::ops;
use crate::source::Span;

/// A built-in function.
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// How it is called.
    pub signature: &'static str,
    /// What it gives.
    pub documentation: &'static str,
    rule: for<'a, 'b, 'c> fn(&'b mut Checker<'a, 'c>, BuiltinCall<'a>) -> Typed,
}

/// The built-in functions that are not pointwise.
pub static BUILTINS: &[Builtin] = &[
    Builtin {
        name: "sum",
        signature: "sum(x)",
        documentation: "The sum of all elements; truth values count as 0 or 1.",
        rule: |c, call| c.reduction(call, Reduction::Sum),
    },
    Builtin {
        name: "prod",
        signature: "prod(x)",
        documentation: "The product of all elements.",
        rule: |c, call| c.reduction(call, Reduction::Product),
    },
    Builtin {
        name: "mean",
        signature: "mean(x)",
        documentation: "The mean of all elements; of truth values, the share that is true.",
        rule: |c, call| c.mean(call),
    },
    Builtin {
        name: "max",
        signature: "max(x), max(a, b)",
        documentation: "The greatest element, or elementwise the greater of two; NaN propagates. Ties share the gradient evenly.",
        rule: |c, call| c.extreme(call, Reduction::Max, &ops::choice::MAX),
    },
    Builtin {
        name: "min",
        signature: "min(x), min(a, b)",
        documentation: "The least element, or elementwise the lesser of two; NaN propagates. Ties share the gradient evenly.",
        rule: |c, call| c.extreme(call, Reduction::Min, &ops::choice::MIN),
    },
    Builtin {
        name: "any",
        signature: "any(c)",
        documentation: "Whether any element is true.",
        rule: |c, call| c.truth(call, Reduction::Max),
    },
    Builtin {
        name: "all",
        signature: "all(c)",
        documentation: "Whether all elements are true.",
        rule: |c, call| c.truth(call, Reduction::Min),
    },
    Builtin {
        name: "count",
        signature: "count(c)",
        documentation: "How many elements are true, as an `int`.",
        rule: |c, call| c.count(call),
    },
    Builtin {
        name: "argmax",
        signature: "argmax(x: [n])",
        documentation: "The position of the first greatest element, as an `int`.",
        rule: |c, call| c.arg_extreme(call, Extreme::Max),
    },
    Builtin {
        name: "argmin",
        signature: "argmin(x: [n])",
        documentation: "The position of the first least element, as an `int`.",
        rule: |c, call| c.arg_extreme(call, Extreme::Min),
    },
    Builtin {
        name: "dot",
        signature: "dot(a: [n], b: [n])",
        documentation: "The sum of the products of two vectors.",
        rule: |c, call| c.dot(call),
    },
    Builtin {
        name: "where",
        signature: "where(c, a, b)",
        documentation: "Element by element, `a` where the condition holds, else `b`. No NaN of the choice not taken reaches a value or gradient.",
        rule: |c, call| c.where_choice(call),
    },
    Builtin {
        name: "real",
        signature: "real(x)",
        documentation: "An integer or truth value as a real.",
        rule: |c, call| c.conversion(call, Element::Real),
    },
    Builtin {
        name: "int",
        signature: "int(x)",
        documentation: "A real rounded toward zero, or a truth value, as an `int`.",
        rule: |c, call| c.conversion(call, Element::Int),
    },
    Builtin {
        name: "div",
        signature: "div(a, b)",
        documentation: "The quotient rounded down; `int` for two `int` values.",
        rule: |c, call| c.floor_division(call),
    },
    Builtin {
        name: "one_hot",
        signature: "one_hot(c: int, classes)",
        documentation: "A vector of `classes` entries, 1 at position `c` and 0 elsewhere.",
        rule: |c, call| c.one_hot(call),
    },
    Builtin {
        name: "cross_entropy",
        signature: "cross_entropy(logits: [k], target)",
        documentation: "`-log softmax(logits)` at a class (an `int`), or its mean under a distribution `[k]`.",
        rule: |c, call| c.cross_entropy(call),
    },
    Builtin {
        name: "zeros",
        signature: "zeros()",
        documentation: "Zeros of an annotated shape.",
        rule: |c, call| c.fill(call, Some(0)),
    },
    Builtin {
        name: "ones",
        signature: "ones()",
        documentation: "Ones of an annotated shape.",
        rule: |c, call| c.fill(call, Some(1)),
    },
    Builtin {
        name: "constant",
        signature: "constant(c)",
        documentation: "A number repeated to an annotated shape.",
        rule: |c, call| c.fill(call, None),
    },
    Builtin {
        name: "grad",
        signature: "grad(f, wrt = …)",
        documentation: "The function that gives the gradients of `f` for its real arguments, or with respect to what `wrt` names.",
        rule: |c, call| c.gradient_value(call, false),
    },
    Builtin {
        name: "value_and_grad",
        signature: "value_and_grad(f, wrt = …)",
        documentation: "The function that gives `(value, gradients)`.",
        rule: |c, call| c.gradient_value(call, true),
    },
    Builtin {
        name: "stop_gradient",
        signature: "stop_gradient(e)",
        documentation: "The value without its derivative.",
        rule: |c, call| c.stop_gradient_call(call),
    },
    Builtin {
        name: "jvp",
        signature: "jvp(f)((x, y), (dx, dy))",
        documentation: "The forward product.",
        rule: |c, call| c.later_form(call),
    },
    Builtin {
        name: "vjp",
        signature: "vjp(f)((x, y), cotangent)",
        documentation: "The reverse product.",
        rule: |c, call| c.later_form(call),
    },
    Builtin {
        name: "jacobian",
        signature: "jacobian(f)",
        documentation: "All partial derivatives.",
        rule: |c, call| c.later_form(call),
    },
    Builtin {
        name: "hessian",
        signature: "hessian(f)",
        documentation: "All second derivatives.",
        rule: |c, call| c.later_form(call),
    },
    Builtin {
        name: "hvp",
        signature: "hvp(f)(x, v)",
        documentation: "The product of the Hessian with a vector.",
        rule: |c, call| c.later_form(call),
    },
    Builtin {
        name: "fold",
        signature: "fold(init, xs, |s, x| …)",
        documentation: "The last state of a loop.",
        rule: |c, call| c.later_form(call),
    },
    Builtin {
        name: "scan",
        signature: "scan(init, xs, |s, x| …)",
        documentation: "The last state and all outputs of a loop.",
        rule: |c, call| c.later_form(call),
    },
    Builtin {
        name: "while",
        signature: "while(init, |s| …, |s| …, max = …)",
        documentation: "A loop that ends by a condition.",
        rule: |c, call| c.later_form(call),
    },
];

/// The canonical name of a built-in function, structural or pointwise.
pub(super) fn canonical_name(name: &str) -> Option<&'static str> {
    let builtin = BUILTINS.iter().find(|builtin| builtin.name == name).map(|builtin| builtin.name);
    builtin.or_else(|| pointwise(name).map(|definition| definition.name))
}

/// All names of built-in functions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let pointwise = ops::POINTWISE.iter().filter(|definition| definition.builtin).map(|definition| definition.name);
    BUILTINS.iter().map(|builtin| builtin.name).chain(pointwise)
}

fn pointwise(name: &str) -> Option<&'static Pointwise> {
    ops::find(name).filter(|definition| definition.builtin)
}

/// Applies a built-in function.
pub(super) fn apply<'a>(checker: &mut Checker<'a, '_>, call: BuiltinCall<'a>) -> Typed {
    let takes_names = matches!(call.name, "grad" | "value_and_grad") || LATER.contains(&call.name);
    if !takes_names && let Some((name, _)) = call.named.first() {
        let error = names::bad_named_argument(call.name, &name.text, name.span, "takes no argument called", &[]);
        return checker.fail(error, call.span);
    }
    match BUILTINS.iter().find(|builtin| builtin.name == call.name) {
        Some(builtin) => (builtin.rule)(checker, call),
        None => match pointwise(call.name) {
            Some(definition) => checker.pointwise_call(definition, call),
            None => Typed::error(call.span),
        },
    }
}

const LATER: &[&str] = &["jvp", "vjp", "jacobian", "hessian", "hvp", "fold", "scan", "while"];

impl<'a> Checker<'a, '_> {
    /// The arguments as values, if there are as many as expected.
    fn values<const N: usize>(&mut self, call: BuiltinCall<'a>) -> Option<[Typed; N]> {
        let given = call.arguments.len();
        let values: Vec<Typed> = call.arguments.into_iter().map(|argument| self.require_value(argument)).collect();
        match <[Typed; N]>::try_from(values) {
            Ok(values) => values.iter().all(|value| !value.ty.is_error()).then_some(values),
            Err(_) => {
                self.report(names::wrong_argument_count(call.name, &N.to_string(), given, call.span, None));
                None
            }
        }
    }

    /// A tensor argument, or a message.
    fn tensor_argument(&mut self, name: &str, value: Typed) -> Option<Typed> {
        match value.ty {
            Type::Tensor(..) => Some(value),
            _ => {
                let found = value.ty.to_string();
                let help = format!("`{name}` takes a number or a tensor");
                self.report(shapes::unexpected_kind(&found, value.span, &help));
                None
            }
        }
    }

    fn one_tensor(&mut self, call: BuiltinCall<'a>) -> Option<Typed> {
        let name = call.name;
        let [value] = self.values(call)?;
        self.tensor_argument(name, value)
    }

    fn pointwise_call(&mut self, definition: &'static Pointwise, call: BuiltinCall<'a>) -> Typed {
        let (span, name) = (call.span, call.name);
        let values = match definition.meaning.arity() {
            1 => self.values::<1>(call).map(Vec::from),
            2 => self.values::<2>(call).map(Vec::from),
            _ => self.values::<3>(call).map(Vec::from),
        };
        let Some(values) = values else { return Typed::error(span) };
        let values: Option<Vec<Typed>> = values.into_iter().map(|value| self.tensor_argument(name, value)).collect();
        let Some(values) = values else { return Typed::error(span) };
        let has_integer = match &definition.meaning {
            Meaning::Unary { integer, .. } => integer.is_some(),
            Meaning::Binary { integer, .. } => integer.is_some(),
            _ => false,
        };
        self.real_pointwise(definition, values, has_integer, span)
    }

    /// A pointwise operation on numbers: on integers where it has them, else on reals.
    fn real_pointwise(
        &mut self,
        definition: &'static Pointwise,
        values: Vec<Typed>,
        has_integer: bool,
        span: Span,
    ) -> Typed {
        for value in &values {
            if value.ty.element() == Some(Element::Bool) {
                let place = value.span;
                let found = value.ty.to_string();
                let help = "a truth value counts as a number through `real(b)`";
                return self.fail(shapes::unexpected_kind(&found, place, help), span);
            }
        }
        let keeps_int = has_integer
            && values.iter().any(|value| value.ty.element() == Some(Element::Int))
            && values.iter().all(|value| is_integer_like(&value.ty));
        let element = if keeps_int { Element::Int } else { Element::Real };
        let mut values: Vec<Typed> = values.into_iter().map(|value| self.convert_element(value, element)).collect();
        match (values.pop(), values.pop()) {
            (Some(operand), None) => {
                let ty = operand.ty.clone();
                Typed::new(Kind::Pointwise(definition, vec![operand]), ty, span)
            }
            (Some(right), Some(left)) => self.pointwise_pair(definition, definition.name, left, right, span, span),
            _ => Typed::error(span),
        }
    }

    fn reduction(&mut self, call: BuiltinCall<'a>, reduction: Reduction) -> Typed {
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

    fn mean(&mut self, call: BuiltinCall<'a>) -> Typed {
        let span = call.span;
        let Some(value) = self.one_tensor(call) else { return Typed::error(span) };
        let value = self.convert_element(value, Element::Real);
        Typed::new(Kind::Mean(value), Type::real(), span)
    }

    fn extreme(&mut self, call: BuiltinCall<'a>, reduction: Reduction, pair: &'static Pointwise) -> Typed {
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

    fn truth(&mut self, call: BuiltinCall<'a>, reduction: Reduction) -> Typed {
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

    fn count(&mut self, call: BuiltinCall<'a>) -> Typed {
        let span = call.span;
        let Some(value) = self.truth_argument(call) else { return Typed::error(span) };
        let value = self.convert_element(value, Element::Int);
        Typed::new(Kind::Reduce(Reduction::Sum, value), Type::int(), span)
    }

    fn arg_extreme(&mut self, call: BuiltinCall<'a>, extreme: Extreme) -> Typed {
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

    fn dot(&mut self, call: BuiltinCall<'a>) -> Typed {
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

    fn where_choice(&mut self, call: BuiltinCall<'a>) -> Typed {
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

    fn conversion(&mut self, call: BuiltinCall<'a>, element: Element) -> Typed {
        let span = call.span;
        let Some(value) = self.one_tensor(call) else { return Typed::error(span) };
        let value = self.convert_element(value, element);
        Typed { span, ..value }
    }

    fn floor_division(&mut self, call: BuiltinCall<'a>) -> Typed {
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

    fn one_hot(&mut self, call: BuiltinCall<'a>) -> Typed {
        let span = call.span;
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
        if !self.check_count(std::slice::from_ref(&size), span) {
            return Typed::error(span);
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

    fn cross_entropy(&mut self, call: BuiltinCall<'a>) -> Typed {
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
    fn apply_prelude(&mut self, name: &str, arguments: Vec<Typed>, span: Span) -> Typed {
        let index = self.functions.iter().position(|item| item.function.name.text == name);
        let Some(index) = index else { return Typed::error(span) };
        let id = self.closure(super::program::Closure::Item(index as u32));
        let callee = Typed::new(Kind::Closure(Vec::new()), Type::Function(id), span);
        self.apply(callee, arguments, span)
    }

    fn fill(&mut self, call: BuiltinCall<'a>, value: Option<i64>) -> Typed {
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

    fn stop_gradient_call(&mut self, call: BuiltinCall<'a>) -> Typed {
        let span = call.span;
        match self.values(call) {
            Some([value]) => {
                let value = self.settle(value);
                self.stop_gradient(value, span)
            }
            None => Typed::error(span),
        }
    }

    fn later_form(&mut self, call: BuiltinCall<'a>) -> Typed {
        let instead = if matches!(call.name, "fold" | "scan" | "while") {
            "write the steps out, or use whole tensors"
        } else {
            "use `grad` of a scalar made from the result"
        };
        self.later(&format!("`{}`", call.name), call.span, instead)
    }
}
