//! Expressions: names, literals, blocks, choices and the dispatch to the other files of this room.

use super::annotations::MOST_LEAVES;
use super::batch::over_batch;
use super::program::{Binding, Kind, Typed};
use super::scope::Bound;
use super::types::{Element, Type};
use super::{Checker, Global, LocalFunction};
use crate::diagnostics::catalog::{names, shapes};
use crate::ir::ElementType;
use crate::ops;
use crate::source::Span;
use crate::syntax::ast::{self, Expr, ExprKind, Pattern, Statement, UnaryOperator};

impl<'a> Checker<'a, '_> {
    /// Checks an expression. `expected` is a type it will be converted to, where one is known; it decides what a fill
    /// such as `zeros()` becomes and is otherwise only a hint.
    pub(super) fn expression(&mut self, expression: &'a Expr, expected: Option<&Type>) -> Typed {
        let span = expression.span;
        match &*expression.kind {
            ExprKind::Integer { exact: Some(value), .. } => {
                Typed::new(Kind::Integer(*value), Type::scalar(Element::Flexible), span)
            }
            ExprKind::Integer { exact: None, value } => {
                if matches!(expected, Some(Type::Tensor(Element::Int, _))) {
                    return self.fail(shapes::integer_too_large(span), span);
                }
                Typed::new(Kind::Number(*value), Type::real(), span)
            }
            ExprKind::Real { value, single } => {
                Typed::new(Kind::Number(self.rounded_once(*value, *single)), Type::real(), span)
            }
            ExprKind::Bool(value) => Typed::new(Kind::Bool(*value), Type::bool(), span),
            ExprKind::Text(text) => Typed::new(Kind::Text(text.clone()), Type::Text, span),
            ExprKind::Name(name) => self.name(name, span),
            ExprKind::Unary { operator, operand } => self.unary(*operator, operand, span),
            ExprKind::Binary { operator, operator_span, left, right } => {
                self.binary(*operator, *operator_span, left, right, span)
            }
            ExprKind::Call { callee, arguments } => self.call(callee, arguments, expected, span),
            ExprKind::Index { base, subscripts } => self.index(base, subscripts, span),
            ExprKind::Field { base, name } => self.field(base, name, span),
            ExprKind::Part { base, index, .. } => self.part(base, *index, span),
            ExprKind::Transpose(operand) => self.transpose(operand, span),
            ExprKind::If { condition, then, otherwise } => self.choice(condition, then, otherwise, expected, span),
            ExprKind::Block { statements, result } => self.block(statements, result, expected, span),
            ExprKind::Lambda { parameters, body } => self.function_value(
                LocalFunction { name: None, parameters, result: None, body, position: self.position },
                span,
            ),
            ExprKind::Tuple(parts) => self.tuple(parts, expected, span),
            ExprKind::List(entries) => self.list(entries, expected, span),
            ExprKind::Paren(inner) => {
                let typed = self.expression(inner, expected);
                Typed { span, ..typed }
            }
            ExprKind::Record(fields) => self.record(fields, expected, span),
            ExprKind::With { base, changes } => self.with(base, changes, expected, span),
            ExprKind::Reduce { reducer, body, clauses } => match over_batch(reducer, body, clauses) {
                Some(reducer) => self.batch_reduce(reducer, body, span),
                None => self.indexed_reduction(reducer, body, clauses, span),
            },
            ExprKind::Comprehension { body, clauses } => self.comprehension(body, clauses, expected, span),
            ExprKind::Else { value, fallback } => self.element_or(value, fallback, span),
            ExprKind::Range { start, end } => self.range(start.as_ref(), end.as_ref(), span),
            ExprKind::Error => Typed::error(span),
        }
    }

    /// A literal in the file's precision. Rounding its double precision again may miss the nearest number.
    fn rounded_once(&self, value: f64, single: f32) -> f64 {
        let twice = value as f32 != single;
        if twice && self.program.precision == Some(ElementType::F32) { f64::from(single) } else { value }
    }

    pub(super) fn later(&mut self, what: &str, span: Span, instead: &str) -> Typed {
        self.fail(names::not_yet(what, span, instead), span)
    }

    /// A value where a number, tensor or tuple of them is needed.
    pub(super) fn value(&mut self, expression: &'a Expr, expected: Option<&Type>) -> Typed {
        let typed = self.expression(expression, expected);
        self.require_value(typed)
    }

    /// Refuses functions and texts.
    pub(super) fn require_value(&mut self, typed: Typed) -> Typed {
        let span = typed.span;
        match &typed.ty {
            Type::Function(id) => {
                let text = format!("the function `{}`", self.closure_name(*id));
                self.fail(shapes::unexpected_kind(&text, span, "call it: write its arguments in parentheses"), span)
            }
            Type::Text => self.fail(shapes::unexpected_kind("a text", span, "texts name files and tests only"), span),
            _ => typed,
        }
    }

    fn unary(&mut self, operator: UnaryOperator, operand: &'a Expr, span: Span) -> Typed {
        // The one `int` whose opposite is none.
        if operator == UnaryOperator::Negate
            && matches!(&*operand.kind, ExprKind::Integer { exact: None, .. })
            && self.text(operand.span).replace('_', "") == "9223372036854775808"
        {
            return Typed::new(Kind::Integer(i64::MIN), Type::scalar(Element::Flexible), span);
        }
        let operand = self.value(operand, None);
        match operator {
            UnaryOperator::Negate => self.negate(operand, span),
            UnaryOperator::Not => {
                if operand.ty.is_error() {
                    return operand;
                }
                if operand.ty.element() != Some(Element::Bool) {
                    let found = operand.ty.to_string();
                    return self.fail(shapes::condition_not_bool(&found, operand.span, "compare it: `x == 0`"), span);
                }
                let ty = operand.ty.clone();
                Typed::new(Kind::Pointwise(&ops::comparison::NOT, vec![operand]), ty, span)
            }
        }
    }

    fn choice(
        &mut self,
        condition: &'a Expr,
        then: &'a Expr,
        otherwise: &'a Expr,
        expected: Option<&Type>,
        span: Span,
    ) -> Typed {
        let condition = self.value(condition, None);
        let then = self.branch(&condition, true, then, expected);
        let otherwise = self.branch(&condition, false, otherwise, expected);
        match &condition.ty {
            Type::Error => return Typed::error(span),
            Type::Tensor(Element::Bool, sizes) if sizes.is_empty() => {}
            Type::Tensor(Element::Bool, sizes) if self.frame.lifted => {
                let sizes = sizes.clone();
                return self.elementwise_choice(condition, then, otherwise, &sizes, span);
            }
            Type::Tensor(Element::Bool, _) => {
                let (found, at) = (condition.ty.to_string(), condition.span);
                let help = "choose element by element with `where(condition, a, b)`, or fold with `all(…)` or `any(…)`";
                return self.fail(shapes::condition_not_bool(&found, at, help), span);
            }
            other => {
                let (found, at) = (other.to_string(), condition.span);
                return self.fail(shapes::condition_not_bool(&found, at, "compare it: `x > 0`"), span);
            }
        }
        self.joined_choice(condition, then, otherwise, span)
    }

    /// A branch that is taken where a condition has this value.
    fn branch(&mut self, condition: &Typed, taken: bool, branch: &'a Expr, expected: Option<&Type>) -> Typed {
        let guards = self.frame.guards.len();
        if condition.ty == Type::bool() {
            self.frame.guards.push((condition.clone(), taken));
        }
        let branch = self.expression(branch, expected);
        self.frame.guards.truncate(guards);
        branch
    }

    fn joined_choice(&mut self, condition: Typed, then: Typed, otherwise: Typed, span: Span) -> Typed {
        if then.ty.is_error() || otherwise.ty.is_error() {
            return Typed::error(span);
        }
        if then.ty.has_function() && otherwise.ty.has_function() && then.ty != otherwise.ty {
            return self.chosen_function(condition, then, otherwise, span);
        }
        let joined = Self::join(&then.ty, &otherwise.ty);
        let both = joined.and_then(|ty| {
            let then = self.coerce(then.clone(), &ty).ok()?;
            let otherwise = self.coerce(otherwise.clone(), &ty).ok()?;
            Some((ty, then, otherwise))
        });
        match both {
            Some((ty, then, otherwise)) => Typed::new(Kind::If(condition, then, otherwise), ty, span),
            None => {
                let (left, right) = (then.ty.to_string(), otherwise.ty.to_string());
                self.fail(shapes::branch_mismatch((&left, then.span), (&right, otherwise.span), span), span)
            }
        }
    }

    /// `where(c, a, b)`, and `if` in a function that was lifted over a tensor.
    pub(super) fn elementwise_choice(
        &mut self,
        condition: Typed,
        then: Typed,
        otherwise: Typed,
        sizes: &[super::size::Size],
        span: Span,
    ) -> Typed {
        let condition = self.splat(condition, sizes);
        let (then, otherwise) = (self.settle_fill(then), self.settle_fill(otherwise));
        let (then, otherwise) = (self.splat(then, sizes), self.splat(otherwise, sizes));
        self.joined_choice(condition, then, otherwise, span)
    }

    /// A fill as the scalar that it repeats.
    fn settle_fill(&mut self, typed: Typed) -> Typed {
        match typed.ty {
            Type::Fill => Typed { ty: Type::scalar(Element::Flexible), ..typed },
            _ => typed,
        }
    }

    fn block(&mut self, statements: &'a [Statement], result: &'a Expr, expected: Option<&Type>, span: Span) -> Typed {
        let mark = self.frame.enter();
        let mut bindings: Vec<(Binding, Typed)> = Vec::new();
        for statement in statements {
            match statement {
                Statement::Let(binding, _) => {
                    self.distinct([&binding.pattern]);
                    let value = self.let_value(binding);
                    if let Pattern::Name(name) = &binding.pattern {
                        self.program.local_names.insert(value.span, name.text.clone());
                    }
                    let bound = self.bind_pattern(&binding.pattern, &value.ty, value.span);
                    bindings.push((bound, value));
                }
                Statement::Function(function, _) => {
                    let value = self.function_value(
                        LocalFunction {
                            name: Some(&function.name),
                            parameters: &function.parameters,
                            result: function.result.as_ref(),
                            body: &function.body,
                            position: self.position,
                        },
                        function.body.span,
                    );
                    let local = self.frame.local();
                    self.frame.bind(function.name.text.clone(), Bound::Local(local, value.ty.clone()));
                    bindings.push((Binding::Local(local), value));
                }
                Statement::Error(_) => {}
            }
        }
        let result = self.expression(result, expected);
        self.frame.leave(mark);
        if bindings.is_empty() {
            return Typed { span, ..result };
        }
        let ty = result.ty.clone();
        Typed::new(Kind::Let(bindings, result), ty, span)
    }

    /// The value of a `let`, converted to its annotation.
    pub(super) fn let_value(&mut self, binding: &'a ast::Let) -> Typed {
        let Some(annotation) = &binding.annotation else {
            let value = self.expression(&binding.value, None);
            return if value.ty == Type::Fill { self.settle(value) } else { value };
        };
        let before = self.annotation(annotation, &Vec::new());
        let value = self.expression(&binding.value, Some(&before));
        let mut bound = Vec::new();
        let target = self.match_annotation(annotation, &value.ty, &mut bound);
        match self.coerce(value, &target) {
            Ok(value) if value.ty.is_error() || target.is_error() => value,
            Ok(value) => match self.undetermined(annotation, &bound) {
                Some(name) => {
                    self.unknown_size(name, annotation.span);
                    Typed::error(value.span)
                }
                None => value,
            },
            Err(value) if matches!((&target, &value.ty), (Type::Function(_), Type::Function(_))) => value,
            Err(value) => {
                let (expected, found) = (target.to_string(), value.ty.to_string());
                let why = "the type is stated here";
                let error = shapes::type_mismatch(&expected, &found, value.span, why, Some(annotation.span));
                self.fail(error, value.span)
            }
        }
    }

    /// Brings the names of a pattern into scope.
    pub(super) fn bind_pattern(&mut self, pattern: &'a Pattern, ty: &Type, value: Span) -> Binding {
        match pattern {
            Pattern::Ignore(_) => Binding::Ignore,
            Pattern::Name(name) => {
                let local = self.frame.local();
                self.frame.bind(name.text.clone(), Bound::Local(local, ty.clone()));
                Binding::Local(local)
            }
            Pattern::Tuple(patterns, span) => {
                let types = match ty {
                    Type::Tuple(types) | Type::Record(_, types) if types.len() == patterns.len() => types.clone(),
                    Type::Error => vec![Type::Error; patterns.len()],
                    other => {
                        let found = other.to_string();
                        self.report(shapes::pattern_mismatch(&found, patterns.len(), *span, value));
                        vec![Type::Error; patterns.len()]
                    }
                };
                let parts = patterns.iter().zip(&types).map(|(pattern, ty)| self.bind_pattern(pattern, ty, value));
                Binding::Tuple(parts.collect())
            }
        }
    }

    fn tuple(&mut self, parts: &'a [Expr], expected: Option<&Type>, span: Span) -> Typed {
        let hints: Vec<Option<Type>> = match expected {
            Some(Type::Tuple(types)) if types.len() == parts.len() => types.iter().cloned().map(Some).collect(),
            _ => vec![None; parts.len()],
        };
        let parts: Vec<Typed> =
            parts.iter().zip(&hints).map(|(part, hint)| self.expression(part, hint.as_ref())).collect();
        let ty = Type::Tuple(parts.iter().map(|part| part.ty.clone()).collect());
        if ty.leaves() > MOST_LEAVES {
            return self.fail(shapes::tuple_overflow(span, MOST_LEAVES), span);
        }
        Typed::new(Kind::Tuple(parts), ty, span)
    }

    fn list(&mut self, entries: &'a [Expr], expected: Option<&Type>, span: Span) -> Typed {
        let hint = match expected {
            Some(Type::Tensor(element, sizes)) if !sizes.is_empty() => {
                Some(Type::Tensor(*element, sizes[1..].to_vec()))
            }
            _ => None,
        };
        if entries.is_empty() {
            let sizes = vec![super::size::Size::constant(0)];
            return Typed::new(Kind::Stack(Vec::new()), Type::Tensor(Element::Flexible, sizes), span);
        }
        let entries: Vec<Typed> = entries.iter().map(|entry| self.value(entry, hint.as_ref())).collect();
        if entries.iter().any(|entry| entry.ty.is_error()) {
            return Typed::error(span);
        }
        let mut row = entries[0].ty.clone();
        for entry in &entries[1..] {
            match Self::join(&row, &entry.ty) {
                Some(joined) => row = joined,
                None => {
                    let (first, other) = (entries[0].ty.to_string(), entry.ty.to_string());
                    return self.fail(shapes::ragged_list((&first, entries[0].span), (&other, entry.span)), span);
                }
            }
        }
        let Type::Tensor(element, sizes) = &row else {
            let found = row.to_string();
            let help = "a list makes a tensor of its entries; use a tuple for other values";
            return self.fail(shapes::unexpected_kind(&found, entries[0].span, help), span);
        };
        let mut all = vec![super::size::Size::constant(entries.len() as i64)];
        all.extend(sizes.iter().cloned());
        if all.len() > crate::ir::MAX_RANK {
            let text = format!("a tensor has at most {} axes", crate::ir::MAX_RANK);
            return self.fail(shapes::bad_size(&text, span, "use fewer nested lists"), span);
        }
        let element = *element;
        let entries = entries.into_iter().map(|entry| self.convert_element(entry, element)).collect();
        Typed::new(Kind::Stack(entries), Type::Tensor(element, all), span)
    }

    fn part(&mut self, base: &'a Expr, index: u32, span: Span) -> Typed {
        let base = self.expression(base, None);
        let base = match self.member(base, &index.to_string(), span, span) {
            Ok(part) => return part,
            Err(base) => base,
        };
        match &base.ty {
            Type::Error => Typed::error(span),
            Type::Tuple(parts) | Type::Record(_, parts) if (index as usize) < parts.len() => {
                let ty = parts[index as usize].clone();
                Typed::new(Kind::Part(base, index), ty, span)
            }
            other => {
                let found = other.to_string();
                let help = "parts are counted from 0; elements of a tensor are written `x[i]`";
                self.fail(shapes::no_such_part(&format!("part `.{index}`"), &found, span, help), span)
            }
        }
    }

    fn field(&mut self, base: &'a Expr, name: &'a ast::Name, span: Span) -> Typed {
        if let ExprKind::Name(data) = &*base.kind
            && self.frame.find(data).is_none()
            && let Some(key) = self.globals.get_key_value(data.as_str()).map(|(key, _)| *key)
            && let (Global::Data, _) = self.globals[key]
        {
            return self.whole_column(key, name, span);
        }
        if let ExprKind::Name(module) = &*base.kind
            && let Some(index) = self.named_module(module)
        {
            let Some(member) = self.member_of(index, name) else { return Typed::error(span) };
            let outer = self.module;
            self.switch(index);
            let value = self.global_name(member, span);
            self.switch(outer);
            return value;
        }
        let base = self.expression(base, None);
        // A record may have fields of unknown type beside the one that is asked for.
        if base.ty == Type::Error {
            return base;
        }
        let base = match self.member(base, &name.text, name.span, span) {
            Ok(part) => return part,
            Err(base) => base,
        };
        self.record_field(base, name, span)
    }
}
