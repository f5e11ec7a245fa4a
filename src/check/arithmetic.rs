//! Operators: element and shape rules, leafwise arithmetic on tuples, constant folding of whole numbers.

use super::Checker;
use super::program::{Binding, Closure, Kind, Typed};
use super::size::Size;
use super::types::{Element, Type, shape_text};
use crate::diagnostics::catalog::shapes;
use crate::ir::Pointwise;
use crate::ops;
use crate::source::Span;
use crate::syntax::ast::{BinaryOperator, Expr};
use crate::syntax::print::sign;

/// The largest whole exponent of an integer.
const LARGEST_POWER: i64 = 64;
/// The largest whole exponent of a real that is multiplied out; beyond, rounding of the products would add up to more
/// than the power function's own error.
const LARGEST_REAL_POWER: i32 = 8;

impl<'a> Checker<'a, '_> {
    /// An infix operator.
    pub(super) fn binary(
        &mut self,
        operator: BinaryOperator,
        operator_span: Span,
        left: &'a Expr,
        right: &'a Expr,
        span: Span,
    ) -> Typed {
        if operator == BinaryOperator::Compose {
            return self.compose(operator_span, left, right, span);
        }
        // What is compared is a number, no position: there `3 / 2` is 1.5.
        let in_subscript = self.frame.in_subscript;
        self.frame.in_subscript &= !is_comparison(operator);
        let (left, right) = (self.value(left, None), self.value(right, None));
        self.frame.in_subscript = in_subscript;
        if left.ty.is_error() || right.ty.is_error() {
            return Typed::error(span);
        }
        match operator {
            BinaryOperator::Add
            | BinaryOperator::Subtract
            | BinaryOperator::Multiply
            | BinaryOperator::Divide
            | BinaryOperator::Remainder => self.arithmetic(operator, operator_span, left, right, span),
            BinaryOperator::Power => self.power(operator_span, left, right, span),
            BinaryOperator::MatrixProduct => self.matrix_product(operator_span, left, right, span),
            BinaryOperator::And | BinaryOperator::Or => self.logic(operator, operator_span, left, right, span),
            _ => self.comparison(operator, operator_span, left, right, span),
        }
    }

    fn compose(&mut self, at: Span, left: &'a Expr, right: &'a Expr, span: Span) -> Typed {
        let (left, right) = (self.expression(left, None), self.expression(right, None));
        let (left, right) = (self.as_function(left), self.as_function(right));
        match (&left.ty, &right.ty) {
            (Type::Function(first), Type::Function(second)) => {
                let id = self.closure(Closure::Compose(*first, *second));
                Typed::new(Kind::Closure(vec![left, right]), Type::Function(id), span)
            }
            (Type::Error, _) | (_, Type::Error) => Typed::error(span),
            (a, b) => {
                let (a, b) = (a.to_string(), b.to_string());
                let help = "`f >> g` makes the function that calls `f`, then `g`";
                self.fail(shapes::operator_mismatch(">>", (&a, left.span), (&b, right.span), at, help), span)
            }
        }
    }

    /// `+ - * / %` on numbers, tensors and tuples.
    pub(super) fn arithmetic(
        &mut self,
        operator: BinaryOperator,
        at: Span,
        left: Typed,
        right: Typed,
        span: Span,
    ) -> Typed {
        if let Some(folded) = fold_integers(operator, &left, &right) {
            return Typed::new(Kind::Integer(folded), Type::scalar(Element::Flexible), span);
        }
        // Whole numbers whose result fits no `int` are reals.
        let left = if both_literals(&left, &right) && folds(operator) {
            self.convert_element(left, Element::Real)
        } else {
            left
        };
        match (&left.ty, &right.ty) {
            (Type::Error, _) | (_, Type::Error) => Typed::error(span),
            (Type::Tensor(a, _), Type::Tensor(b, _)) => {
                let (a, b) = (*a, *b);
                if !a.is_number() || !b.is_number() {
                    return self.not_numbers(operator, left, right, at, span);
                }
                if operator == BinaryOperator::Divide {
                    return self.quotient(left, right, at, span);
                }
                let Some(element) = Self::join_elements(a, b) else { return Typed::error(span) };
                let (left, right) = (self.convert_element(left, element), self.convert_element(right, element));
                self.pointwise_pair(definition(operator), sign(operator), left, right, at, span)
            }
            (Type::Tuple(_) | Type::Record(..), _) | (_, Type::Tuple(_) | Type::Record(..)) => {
                self.leafwise(operator, at, left, right, span)
            }
            _ => self.not_numbers(operator, left, right, at, span),
        }
    }

    fn not_numbers(&mut self, operator: BinaryOperator, left: Typed, right: Typed, at: Span, span: Span) -> Typed {
        let fill = left.ty == Type::Fill || right.ty == Type::Fill;
        let help = if fill {
            "write the number itself: `0`, `1`"
        } else if left.ty.element() == Some(Element::Bool) || right.ty.element() == Some(Element::Bool) {
            "a truth value counts as a number through `real(b)`"
        } else {
            "arithmetic takes numbers and tensors"
        };
        let (a, b) = (left.ty.to_string(), right.ty.to_string());
        self.fail(shapes::operator_mismatch(sign(operator), (&a, left.span), (&b, right.span), at, help), span)
    }

    fn quotient(&mut self, left: Typed, right: Typed, at: Span, span: Span) -> Typed {
        if self.frame.in_subscript
            && let (Some(a), Some(b)) = (size_of(&left), size_of(&right))
        {
            return match a.divide(&b) {
                Ok(size) => Typed::new(Kind::Size(size), Type::int(), span),
                Err(_) => {
                    let text = "this division of sizes does not come out even";
                    self.fail(shapes::bad_size(text, span, "`div(n, 2)` rounds down"), span)
                }
            };
        }
        if left.ty.element() == Some(Element::Int) && right.ty.element() == Some(Element::Int) {
            let texts = (self.text(left.span), self.text(right.span));
            let error = shapes::integer_division(at, left.span, right.span, (&texts.0, &texts.1));
            return self.fail(error, span);
        }
        let (left, right) = (self.convert_element(left, Element::Real), self.convert_element(right, Element::Real));
        self.pointwise_pair(&ops::arithmetic::DIVIDE, "/", left, right, at, span)
    }

    /// A pointwise operation on two operands of one element type: a scalar goes with anything, other shapes are equal.
    pub(super) fn pointwise_pair(
        &mut self,
        definition: &'static Pointwise,
        symbol: &str,
        left: Typed,
        right: Typed,
        at: Span,
        span: Span,
    ) -> Typed {
        let Some((left, right, sizes)) = self.same_shape(symbol, left, right, at) else { return Typed::error(span) };
        let element = match definition.meaning {
            crate::ir::Meaning::Comparison { .. } => Element::Bool,
            _ => left.ty.element().unwrap_or(Element::Real),
        };
        Typed::new(Kind::Pointwise(definition, vec![left, right]), Type::Tensor(element, sizes), span)
    }

    /// Both operands with one shape, or a message.
    pub(super) fn same_shape(
        &mut self,
        symbol: &str,
        left: Typed,
        right: Typed,
        at: Span,
    ) -> Option<(Typed, Typed, Vec<Size>)> {
        let (a, b) = (left.ty.sizes().to_vec(), right.ty.sizes().to_vec());
        if a == b {
            Some((left, right, a))
        } else if a.is_empty() {
            Some((self.splat(left, &b), right, b))
        } else if b.is_empty() {
            let right = self.splat(right, &a);
            Some((left, right, a))
        } else {
            let texts = (shape_text(&a), shape_text(&b));
            self.report(shapes::shape_mismatch(symbol, (&texts.0, left.span), (&texts.1, right.span), at));
            None
        }
    }

    /// `+ -` between equal tuples or records, `* /` by a scalar, leaf by leaf.
    fn leafwise(&mut self, operator: BinaryOperator, at: Span, left: Typed, right: Typed, span: Span) -> Typed {
        use BinaryOperator::{Add, Divide, Multiply, Subtract};
        match (&left.ty, &right.ty, operator) {
            (a, b, Add | Subtract) if a.order_in(b).is_some() => {
                let order = a.order_in(b).unwrap_or_default();
                let structure = a.with_model(a.combined_model(b));
                let (left_local, right_local) = (self.frame.local(), self.frame.local());
                let parts: Vec<Typed> = order
                    .into_iter()
                    .enumerate()
                    .map(|(place, other)| {
                        let a = super::convert::part_of(left_local, &left.ty, place, left.span);
                        let b = super::convert::part_of(right_local, &right.ty, other, right.span);
                        self.arithmetic(operator, at, a, b, span)
                    })
                    .collect();
                let body = structured(&structure, parts, span);
                let ty = body.ty.clone();
                let bindings = vec![(Binding::Local(left_local), left), (Binding::Local(right_local), right)];
                Typed::new(Kind::Let(bindings, body), ty, span)
            }
            (Type::Tuple(_) | Type::Record(..), scalar, Multiply | Divide) if scalar.is_scalar() => {
                let local = self.frame.local();
                let factor = Typed::new(Kind::Local(local), right.ty.clone(), right.span);
                let parts = self.map_parts(left, |checker, _, part| {
                    Some(checker.arithmetic(operator, at, part, factor.clone(), span))
                });
                self.let_around(local, right, parts, span)
            }
            (scalar, Type::Tuple(_) | Type::Record(..), Multiply) if scalar.is_scalar() => {
                let local = self.frame.local();
                let factor = Typed::new(Kind::Local(local), left.ty.clone(), left.span);
                let parts = self.map_parts(right, |checker, _, part| {
                    Some(checker.arithmetic(operator, at, factor.clone(), part, span))
                });
                self.let_around(local, left, parts, span)
            }
            (a, b, _) => {
                let (a, b) = (a.to_string(), b.to_string());
                let help =
                    "tuples or records of one type can be added and subtracted, and multiplied or divided by a scalar";
                self.fail(shapes::operator_mismatch(sign(operator), (&a, left.span), (&b, right.span), at, help), span)
            }
        }
    }

    fn let_around(&mut self, local: super::program::LocalId, value: Typed, body: Option<Typed>, span: Span) -> Typed {
        let body = body.unwrap_or_else(|| Typed::error(span));
        let ty = body.ty.clone();
        Typed::new(Kind::Let(vec![(Binding::Local(local), value)], body), ty, span)
    }

    /// `-x`.
    pub(super) fn negate(&mut self, operand: Typed, span: Span) -> Typed {
        match (&*operand.kind, &operand.ty) {
            (_, Type::Error) => operand,
            (Kind::Integer(value), Type::Tensor(Element::Flexible, _)) => match value.checked_neg() {
                Some(0) => Typed::new(Kind::Number(-0.0), Type::real(), span),
                Some(value) => Typed::new(Kind::Integer(value), operand.ty.clone(), span),
                None => self.fail(shapes::integer_too_large(span), span),
            },
            (_, Type::Tensor(element, _)) if element.is_number() => {
                let ty = operand.ty.clone();
                Typed::new(Kind::Pointwise(&ops::arithmetic::NEGATE, vec![operand]), ty, span)
            }
            (_, Type::Tuple(_) | Type::Record(..)) => {
                let mapped = self.map_parts(operand, |checker, _, part| Some(checker.negate(part, span)));
                mapped.unwrap_or_else(|| Typed::error(span))
            }
            (_, other) => {
                let found = other.to_string();
                let help = "a truth value is turned round by `not`";
                self.fail(shapes::unexpected_kind(&found, operand.span, help), span)
            }
        }
    }

    fn power(&mut self, at: Span, left: Typed, right: Typed, span: Span) -> Typed {
        let numbers = |typed: &Typed| typed.ty.element().is_some_and(Element::is_number);
        if !numbers(&left) || !numbers(&right) {
            return self.not_numbers(BinaryOperator::Power, left, right, at, span);
        }
        if let (Kind::Integer(exponent), Type::Tensor(Element::Flexible, _)) = (&*right.kind, &right.ty)
            && exponent.abs() <= LARGEST_POWER
        {
            let exponent = *exponent as i32;
            if let (Kind::Integer(base), Type::Tensor(Element::Flexible, _), 0..) = (&*left.kind, &left.ty, exponent)
                && let Some(value) = base.checked_pow(exponent.unsigned_abs())
            {
                return Typed::new(Kind::Integer(value), left.ty.clone(), span);
            }
            let left = if exponent < 0 || left.ty.element() == Some(Element::Flexible) {
                self.convert_element(left, Element::Real)
            } else {
                left
            };
            if left.ty.element() == Some(Element::Int) || exponent.abs() <= LARGEST_REAL_POWER {
                let ty = left.ty.clone();
                return Typed::new(Kind::Power(left, exponent), ty, span);
            }
            let right = self.convert_element(right, Element::Real);
            return self.pointwise_pair(&ops::arithmetic::POWER, "^", left, right, at, span);
        }
        let (left, right) = (self.convert_element(left, Element::Real), self.convert_element(right, Element::Real));
        self.pointwise_pair(&ops::arithmetic::POWER, "^", left, right, at, span)
    }

    fn logic(&mut self, operator: BinaryOperator, at: Span, left: Typed, right: Typed, span: Span) -> Typed {
        let word = sign(operator);
        for operand in [&left, &right] {
            if operand.ty.element() != Some(Element::Bool) {
                let (found, place) = (operand.ty.to_string(), operand.span);
                return self.fail(shapes::condition_not_bool(&found, place, "compare it: `x != 0`"), span);
            }
        }
        let definition = if operator == BinaryOperator::And { &ops::comparison::AND } else { &ops::comparison::OR };
        self.pointwise_pair(definition, word, left, right, at, span)
    }

    pub(super) fn comparison(
        &mut self,
        operator: BinaryOperator,
        at: Span,
        left: Typed,
        right: Typed,
        span: Span,
    ) -> Typed {
        let equality = matches!(operator, BinaryOperator::Equal | BinaryOperator::NotEqual);
        if equality && left.ty.parts().is_some() && right.ty.parts().is_some() {
            return self.whole_equality(operator, at, left, right, span);
        }
        let (Some(a), Some(b)) = (left.ty.element(), right.ty.element()) else {
            let (a, b) = (left.ty.to_string(), right.ty.to_string());
            let help = "tuples and records are compared as a whole by `==` and `!=`, or part by part";
            return self
                .fail(shapes::operator_mismatch(sign(operator), (&a, left.span), (&b, right.span), at, help), span);
        };
        match (a, b) {
            (Element::Bool, Element::Bool) if equality => {
                let (left, right) =
                    (self.convert_element(left, Element::Int), self.convert_element(right, Element::Int));
                self.pointwise_pair(definition(operator), sign(operator), left, right, at, span)
            }
            (Element::Bool, _) | (_, Element::Bool) => self.not_numbers(operator, left, right, at, span),
            _ => {
                let element = match Self::join_elements(a, b) {
                    Some(Element::Flexible) | None => Element::Real,
                    Some(element) => element,
                };
                let (left, right) = (self.convert_element(left, element), self.convert_element(right, element));
                self.pointwise_pair(definition(operator), sign(operator), left, right, at, span)
            }
        }
    }

    /// `@`.
    pub(super) fn matrix_product(&mut self, at: Span, left: Typed, right: Typed, span: Span) -> Typed {
        let (left, right) = (self.convert_element(left, Element::Real), self.convert_element(right, Element::Real));
        let (Type::Tensor(Element::Real, a), Type::Tensor(Element::Real, b)) = (&left.ty, &right.ty) else {
            return self.not_numbers(BinaryOperator::MatrixProduct, left, right, at, span);
        };
        let (a, b) = (a.clone(), b.clone());
        for (operand, sizes) in [(&left, &a), (&right, &b)] {
            if !(1..=2).contains(&sizes.len()) {
                let found = operand.ty.to_string();
                let error =
                    shapes::wrong_rank("`@`", "matrices and vectors", &found, operand.span, "use `*` for scalars");
                return self.fail(error, span);
            }
        }
        if a.len() == 1 && b.len() == 1 {
            let texts = (self.text(left.span), self.text(right.span));
            let help = format!("for two vectors write `dot({}, {})`", texts.0, texts.1);
            return self.fail(shapes::wrong_rank("`@`", "a matrix on one side", &left.ty.to_string(), at, &help), span);
        }
        let (inner_left, inner_right) = (&a[a.len() - 1], &b[0]);
        if inner_left != inner_right {
            return self.product_mismatch(&left, &right, &a, &b, at, span);
        }
        let sizes: Vec<Size> = a[..a.len() - 1].iter().chain(&b[1..]).cloned().collect();
        Typed::new(Kind::MatrixProduct(left, right), Type::Tensor(Element::Real, sizes), span)
    }

    fn product_mismatch(&mut self, left: &Typed, right: &Typed, a: &[Size], b: &[Size], at: Span, span: Span) -> Typed {
        let texts = (shape_text(a), shape_text(b));
        let inner = (a[a.len() - 1].to_string(), b[0].to_string());
        let counted = |count: &str, one: &str, many: &str| format!("{count} {}", if count == "1" { one } else { many });
        let help = if a.len() == 2 && a[0] == b[0] {
            format!("transpose the left side: `{}' @ …`", self.text(left.span))
        } else if b.len() == 2 && b[1] == a[a.len() - 1] {
            format!("transpose the right side: `… @ {}'`", self.text(right.span))
        } else {
            format!("make the left side take the {} values that the right side has", inner.1)
        };
        let inner_right = match b.len() {
            1 => counted(&inner.1, "value", "values"),
            _ => counted(&inner.1, "row", "rows"),
        };
        let inner_left = match a.len() {
            1 => counted(&inner.0, "value", "values"),
            _ => counted(&inner.0, "column", "columns"),
        };
        let mut error = shapes::product_mismatch(
            (&texts.0, left.span),
            (&texts.1, right.span),
            (&inner_left, &inner_right),
            at,
            help,
        );
        for operand in [left, right] {
            if let Some((place, name)) = self.declaration_of(operand) {
                error = error.label(place, format!("`{name}` is declared here"));
            }
        }
        self.fail(error, span)
    }

    /// Where the parameter or column that an operand names is declared.
    fn declaration_of(&self, operand: &Typed) -> Option<(Span, String)> {
        match &*operand.kind {
            Kind::Param(id) => {
                let param = &self.program.params[id.0 as usize];
                Some((param.span, param.name.clone()))
            }
            _ => None,
        }
    }
}

/// A tuple or record like `structure` of parts.
fn structured(structure: &Type, parts: Vec<Typed>, span: Span) -> Typed {
    let ty = structure.with_parts(parts.iter().map(|part| part.ty.clone()).collect());
    Typed::new(Kind::Tuple(parts), ty, span)
}

/// A tuple of parts.
pub(super) fn tuple_of(parts: Vec<Typed>, span: Span) -> Typed {
    let ty = Type::Tuple(parts.iter().map(|part| part.ty.clone()).collect());
    Typed::new(Kind::Tuple(parts), ty, span)
}

/// `2 * 3` on literals stays a whole number.
fn fold_integers(operator: BinaryOperator, left: &Typed, right: &Typed) -> Option<i64> {
    let (Kind::Integer(a), Kind::Integer(b)) = (&*left.kind, &*right.kind) else { return None };
    if !both_literals(left, right) {
        return None;
    }
    match operator {
        BinaryOperator::Add => a.checked_add(*b),
        BinaryOperator::Subtract => a.checked_sub(*b),
        BinaryOperator::Multiply => a.checked_mul(*b),
        _ => None,
    }
}

/// The size that an expression of sizes and whole numbers is.
pub(super) fn size_of(typed: &Typed) -> Option<Size> {
    let parts = |parts: &[Typed]| parts.iter().map(size_of).collect::<Option<Vec<Size>>>();
    match &*typed.kind {
        Kind::Integer(value) => Some(Size::constant(*value)),
        Kind::Size(size) => Some(size.clone()),
        Kind::Convert(inner) if typed.ty == Type::int() => size_of(inner),
        Kind::Pointwise(definition, operands) => match (definition.name, &parts(operands)?[..]) {
            ("add", [a, b]) => a.add(b).ok(),
            ("subtract", [a, b]) => a.subtract(b).ok(),
            ("multiply", [a, b]) => a.multiply(b).ok(),
            ("negate", [a]) => Size::constant(0).subtract(a).ok(),
            _ => None,
        },
        _ => None,
    }
}

fn folds(operator: BinaryOperator) -> bool {
    matches!(operator, BinaryOperator::Add | BinaryOperator::Subtract | BinaryOperator::Multiply)
}

fn is_comparison(operator: BinaryOperator) -> bool {
    use BinaryOperator::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    matches!(operator, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual)
}

fn both_literals(left: &Typed, right: &Typed) -> bool {
    let literal =
        |typed: &Typed| matches!(&*typed.kind, Kind::Integer(_)) && typed.ty == Type::scalar(Element::Flexible);
    literal(left) && literal(right)
}

fn definition(operator: BinaryOperator) -> &'static Pointwise {
    match operator {
        BinaryOperator::Add => &ops::arithmetic::ADD,
        BinaryOperator::Subtract => &ops::arithmetic::SUBTRACT,
        BinaryOperator::Multiply => &ops::arithmetic::MULTIPLY,
        BinaryOperator::Divide => &ops::arithmetic::DIVIDE,
        BinaryOperator::Remainder => &ops::arithmetic::REMAINDER,
        BinaryOperator::Equal => &ops::comparison::EQUAL,
        BinaryOperator::NotEqual => &ops::comparison::NOT_EQUAL,
        BinaryOperator::Less => &ops::comparison::LESS,
        BinaryOperator::LessEqual => &ops::comparison::LESS_EQUAL,
        BinaryOperator::Greater => &ops::comparison::GREATER,
        _ => &ops::comparison::GREATER_EQUAL,
    }
}
