//! Expressions.

use crate::diagnostics::catalog::syntax as catalog;
use crate::syntax::ast::{
    Argument, BinaryOperator, Clauses, Expr, ExprKind, MAX_DEPTH, Name, Parameter, Statement, Subscript, UnaryOperator,
};

use super::{Builder, Element, ListElement, depth};

impl Builder<'_> {
    /// An expression from its parts; beyond the depth limit an error takes its place.
    pub(in crate::syntax) fn expr(&mut self, start: usize, kind: ExprKind, end: usize) -> Expr {
        let span = self.span(start, end);
        let depth = depth::below(&kind) + 1;
        if depth > MAX_DEPTH {
            self.report_depth(span);
            return self.error_expression(span);
        }
        Expr { kind: Box::new(kind), span, depth }
    }

    /// An expression that starts where its first operand starts.
    fn extend(&mut self, first: u32, kind: ExprKind, end: usize) -> Expr {
        self.expr(first as usize, kind, end)
    }

    // ---- Operators ----

    pub(in crate::syntax) fn unary(&mut self, start: usize, operator: UnaryOperator, operand: Expr) -> Expr {
        let end = operand.span.end as usize;
        self.expr(start, ExprKind::Unary { operator, operand }, end)
    }

    pub(in crate::syntax) fn binary(
        &mut self,
        left: Expr,
        sign_start: usize,
        operator: BinaryOperator,
        sign_end: usize,
        right: Expr,
    ) -> Expr {
        let operator_span = self.span(sign_start, sign_end);
        if operator == BinaryOperator::Subtract && self.first_on_line(sign_start) {
            self.diagnostics.push(catalog::line_continues_sum(operator_span, left.span));
        }
        let end = right.span.end as usize;
        self.extend(left.span.start, ExprKind::Binary { operator, operator_span, left, right }, end)
    }

    /// A comparison; a chain of them is reported once, at its second sign.
    pub(in crate::syntax) fn comparison(
        &mut self,
        left: Expr,
        sign_start: usize,
        operator: BinaryOperator,
        sign_end: usize,
        right: Expr,
    ) -> Expr {
        if let ExprKind::Binary { operator: first, .. } = &*left.kind
            && is_comparison(*first)
        {
            let sign = self.span(sign_start, sign_end);
            let spelling = &self.text[sign_start..sign_end];
            self.diagnostics.push(catalog::chained_comparison(sign, left.span, spelling));
            return self.extend(left.span.start, ExprKind::Error, right.span.end as usize);
        }
        self.binary(left, sign_start, operator, sign_end, right)
    }

    // ---- Postfix ----

    pub(in crate::syntax) fn call(&mut self, callee: Expr, open: usize, arguments: Vec<Argument>, end: usize) -> Expr {
        self.warn_of_continued_call(&callee, open);
        let named = arguments.iter().position(|argument| argument.name.is_some());
        let late = named.and_then(|named| arguments[named..].iter().find(|argument| argument.name.is_none()));
        if let (Some(named), Some(late)) = (named.and_then(|named| arguments[named].name.as_ref()), late)
            && !matches!(*late.value.kind, ExprKind::Error)
        {
            self.diagnostics.push(catalog::positional_after_named(late.value.span, named.span));
        }
        self.extend(callee.span.start, ExprKind::Call { callee, arguments }, end)
    }

    pub(in crate::syntax) fn reduce(
        &mut self,
        reducer: Expr,
        open: usize,
        body: Expr,
        clauses: Clauses,
        end: usize,
    ) -> Expr {
        self.warn_of_continued_call(&reducer, open);
        self.extend(reducer.span.start, ExprKind::Reduce { reducer, body, clauses }, end)
    }

    fn warn_of_continued_call(&mut self, callee: &Expr, open: usize) {
        if self.first_on_line(open) {
            let place = self.span(open, open + 1);
            self.diagnostics.push(catalog::line_continues_call(place, callee.span));
        }
    }

    pub(in crate::syntax) fn index(&mut self, base: Expr, open: usize, subscripts: Vec<Subscript>, end: usize) -> Expr {
        if subscripts.is_empty() {
            self.diagnostics.push(catalog::no_subscript(self.span(open, end)));
        }
        self.extend(base.span.start, ExprKind::Index { base, subscripts }, end)
    }

    pub(in crate::syntax) fn field(&mut self, base: Expr, name: Name, end: usize) -> Expr {
        self.extend(base.span.start, ExprKind::Field { base, name }, end)
    }

    pub(in crate::syntax) fn transpose(&mut self, base: Expr, end: usize) -> Expr {
        self.extend(base.span.start, ExprKind::Transpose(base), end)
    }

    // ---- Atoms ----

    pub(in crate::syntax) fn lambda(
        &mut self,
        start: usize,
        parameters: Vec<Parameter>,
        body: Expr,
        end: usize,
    ) -> Expr {
        self.expr(start, ExprKind::Lambda { parameters, body }, end)
    }

    /// A block whose last expression is missing; after a broken statement that is no news.
    pub(in crate::syntax) fn block_without_value(
        &mut self,
        start: usize,
        statements: Vec<Statement>,
        close: usize,
        end: usize,
    ) -> Expr {
        // A closing brace of no width was put in for a missing one, which has been reported.
        if close < end && !matches!(statements.last(), Some(Statement::Error(_))) {
            self.diagnostics.push(catalog::block_without_value(self.span(close, end)));
        }
        let result = self.error_expression(self.span(close, close));
        self.expr(start, ExprKind::Block { statements, result }, end)
    }

    /// `( )`: a parenthesised expression, a tuple or a record.
    pub(in crate::syntax) fn parenthesised(
        &mut self,
        start: usize,
        mut elements: Vec<Element>,
        trailing: bool,
        end: usize,
    ) -> Expr {
        self.reject_ranges(elements.iter().map(|element| (&element.argument.value, element.is_range)));
        let named = elements.iter().find_map(|element| element.argument.name.as_ref()).map(|name| name.span);
        let unnamed = elements.iter().find(|element| element.argument.name.is_none());
        match (named, unnamed) {
            (Some(named), Some(unnamed)) => {
                let place = unnamed.argument.value.span;
                if !matches!(*unnamed.argument.value.kind, ExprKind::Error) {
                    self.diagnostics.push(catalog::mixed_record(place, named));
                }
                self.error_expression(self.span(start, end))
            }
            (Some(_), None) => {
                let field = |element: Element| Some((element.argument.name?, element.argument.value));
                self.expr(start, ExprKind::Record(elements.into_iter().filter_map(field).collect()), end)
            }
            _ => match elements.pop() {
                Some(only) if elements.is_empty() && !trailing => {
                    self.expr(start, ExprKind::Paren(only.argument.value), end)
                }
                last => {
                    elements.extend(last);
                    let values = elements.into_iter().map(|element| element.argument.value).collect();
                    self.expr(start, ExprKind::Tuple(values), end)
                }
            },
        }
    }

    pub(in crate::syntax) fn list(&mut self, start: usize, elements: Vec<ListElement>, end: usize) -> Expr {
        self.reject_ranges(elements.iter().map(|element| (&element.value, element.is_range)));
        let values = elements.into_iter().map(|element| element.value).collect();
        self.expr(start, ExprKind::List(values), end)
    }

    fn reject_ranges<'e>(&mut self, elements: impl Iterator<Item = (&'e Expr, bool)>) {
        for (value, _) in elements.filter(|(_, is_range)| *is_range) {
            self.diagnostics.push(catalog::misplaced_range(value.span));
        }
    }
}

fn is_comparison(operator: BinaryOperator) -> bool {
    use BinaryOperator::{Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual};
    matches!(operator, Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual)
}
