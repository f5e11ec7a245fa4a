//! How deep a tree is: one step at a time from the depths its parts carry. Types carry none and are walked; the
//! builder bounds them by the nesting of brackets and, for results of function types, by the same limit.

use crate::syntax::ast::{
    Change, Clauses, Expr, ExprKind, Function, Let, Parameter, Statement, Subscript, TypeExpr, TypeExprKind,
};

/// The depth of the deepest part of an expression.
pub(super) fn below(kind: &ExprKind) -> u32 {
    match kind {
        ExprKind::Integer { .. }
        | ExprKind::Real { .. }
        | ExprKind::Bool(_)
        | ExprKind::Text(_)
        | ExprKind::Name(_)
        | ExprKind::Error => 0,
        ExprKind::Unary { operand: inner, .. }
        | ExprKind::Field { base: inner, .. }
        | ExprKind::Part { base: inner, .. }
        | ExprKind::Transpose(inner)
        | ExprKind::Paren(inner) => inner.depth,
        ExprKind::Binary { left, right, .. } => left.depth.max(right.depth),
        ExprKind::Else { value, fallback } => value.depth.max(fallback.depth),
        ExprKind::Call { callee, arguments } => {
            callee.depth.max(deepest(arguments.iter().map(|argument| argument.value.depth)))
        }
        ExprKind::Reduce { reducer, body, clauses } => reducer.depth.max(body.depth).max(of_clauses(clauses)),
        ExprKind::Comprehension { body, clauses } => body.depth.max(of_clauses(clauses)),
        ExprKind::Index { base, subscripts } => base.depth.max(deepest(subscripts.iter().map(of_subscript))),
        ExprKind::If { condition, then, otherwise } => condition.depth.max(then.depth).max(otherwise.depth),
        ExprKind::Block { statements, result } => result.depth.max(deepest(statements.iter().map(of_statement))),
        ExprKind::Lambda { parameters, body } => body.depth.max(of_parameters(parameters)),
        ExprKind::Tuple(elements) | ExprKind::List(elements) => deepest(elements.iter().map(|element| element.depth)),
        ExprKind::Record(fields) => deepest(fields.iter().map(|(_, value)| value.depth)),
        ExprKind::With { base, changes } => base.depth.max(deepest(changes.iter().map(of_change))),
        ExprKind::Range { start, end } => of_ends(start, end),
    }
}

/// The depth of a type, sizes among it.
pub(super) fn of_type(written: &TypeExpr) -> u32 {
    1 + match &written.kind {
        TypeExprKind::Named { sizes, .. } | TypeExprKind::Tensor { sizes } => {
            deepest(sizes.iter().map(|size| size.depth))
        }
        TypeExprKind::Tuple(parts) => deepest(parts.iter().map(of_type)),
        TypeExprKind::Record(fields) => deepest(fields.iter().map(|(_, part)| of_type(part))),
        TypeExprKind::Function { parameters, result } => deepest(parameters.iter().map(of_type)).max(of_type(result)),
        TypeExprKind::Error => 0,
    }
}

fn deepest(depths: impl Iterator<Item = u32>) -> u32 {
    depths.max().unwrap_or(0)
}

fn of_optional(expression: Option<&Expr>) -> u32 {
    expression.map_or(0, |expression| expression.depth)
}

fn of_ends(start: &Option<Expr>, end: &Option<Expr>) -> u32 {
    of_optional(start.as_ref()).max(of_optional(end.as_ref()))
}

fn of_annotation(annotation: &Option<TypeExpr>) -> u32 {
    annotation.as_ref().map_or(0, of_type)
}

fn of_clauses(clauses: &Clauses) -> u32 {
    let ranges = deepest(clauses.indices.iter().map(|index| of_optional(index.range.as_ref())));
    ranges.max(of_optional(clauses.filter.as_ref()))
}

fn of_subscript(subscript: &Subscript) -> u32 {
    match subscript {
        Subscript::At(place) => place.depth,
        Subscript::Slice { start, end, .. } => of_ends(start, end),
    }
}

fn of_change(change: &Change) -> u32 {
    match change {
        Change::Field { value, .. } => value.depth,
        Change::Element { subscripts, value, .. } => value.depth.max(deepest(subscripts.iter().map(of_subscript))),
    }
}

fn of_parameters(parameters: &[Parameter]) -> u32 {
    deepest(
        parameters
            .iter()
            .map(|parameter| of_annotation(&parameter.annotation).max(of_optional(parameter.default.as_ref()))),
    )
}

fn of_statement(statement: &Statement) -> u32 {
    match statement {
        Statement::Let(Let { annotation, value, .. }, _) => value.depth.max(of_annotation(annotation)),
        Statement::Function(Function { parameters, result, body, .. }, _) => {
            body.depth.max(of_parameters(parameters)).max(of_annotation(result))
        }
        Statement::Error(_) => 0,
    }
}
