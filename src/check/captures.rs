//! Which names a function body mentions, so that a lambda captures what it needs.

use crate::syntax::ast::{Argument, Change, Clauses, Expr, ExprKind, Statement, Subscript, TypeExpr, TypeExprKind};

/// Adds every name that the expression mentions. Names bound inside it are included; capturing one too many is harmless.
pub(super) fn mentioned<'a>(expression: &'a Expr, names: &mut Vec<&'a str>) {
    match &*expression.kind {
        ExprKind::Name(name) => names.push(name),
        ExprKind::Integer { .. } | ExprKind::Real { .. } | ExprKind::Bool(_) | ExprKind::Text(_) | ExprKind::Error => {}
        ExprKind::Unary { operand: inner, .. }
        | ExprKind::Transpose(inner)
        | ExprKind::Paren(inner)
        | ExprKind::Field { base: inner, .. }
        | ExprKind::Part { base: inner, .. } => mentioned(inner, names),
        ExprKind::Binary { left, right, .. } | ExprKind::Else { value: left, fallback: right } => {
            mentioned(left, names);
            mentioned(right, names);
        }
        ExprKind::Call { callee, arguments } => {
            mentioned(callee, names);
            for Argument { value, .. } in arguments {
                mentioned(value, names);
            }
        }
        ExprKind::Reduce { reducer, body, clauses } => {
            mentioned(reducer, names);
            mentioned(body, names);
            in_clauses(clauses, names);
        }
        ExprKind::Comprehension { body, clauses } => {
            mentioned(body, names);
            in_clauses(clauses, names);
        }
        ExprKind::Index { base, subscripts } => {
            mentioned(base, names);
            in_subscripts(subscripts, names);
        }
        ExprKind::If { condition, then, otherwise } => {
            for part in [condition, then, otherwise] {
                mentioned(part, names);
            }
        }
        ExprKind::Block { statements, result } => {
            for statement in statements {
                match statement {
                    Statement::Let(binding, _) => mentioned(&binding.value, names),
                    Statement::Function(function, _) => mentioned(&function.body, names),
                    Statement::Error(_) => {}
                }
            }
            mentioned(result, names);
        }
        ExprKind::Lambda { body, .. } => mentioned(body, names),
        ExprKind::Tuple(parts) | ExprKind::List(parts) => parts.iter().for_each(|part| mentioned(part, names)),
        ExprKind::Record(fields) => fields.iter().for_each(|(_, part)| mentioned(part, names)),
        ExprKind::With { base, changes } => {
            mentioned(base, names);
            for change in changes {
                match change {
                    Change::Field { value, .. } => mentioned(value, names),
                    Change::Element { subscripts, value, .. } => {
                        in_subscripts(subscripts, names);
                        mentioned(value, names);
                    }
                }
            }
        }
        ExprKind::Range { start, end } => {
            for bound in [start, end].into_iter().flatten() {
                mentioned(bound, names);
            }
        }
    }
}

fn in_subscripts<'a>(subscripts: &'a [Subscript], names: &mut Vec<&'a str>) {
    for subscript in subscripts {
        match subscript {
            Subscript::At(at) => mentioned(at, names),
            Subscript::Slice { start, end, .. } => {
                for bound in [start, end].into_iter().flatten() {
                    mentioned(bound, names);
                }
            }
        }
    }
}

fn in_clauses<'a>(clauses: &'a Clauses, names: &mut Vec<&'a str>) {
    for range in clauses.indices.iter().filter_map(|index| index.range.as_ref()) {
        mentioned(range, names);
    }
    if let Some(filter) = &clauses.filter {
        mentioned(filter, names);
    }
}

/// The names that the sizes of an annotation mention.
pub(super) fn size_names<'a>(annotation: &'a TypeExpr, names: &mut Vec<&'a str>) {
    match &annotation.kind {
        TypeExprKind::Named { sizes, .. } | TypeExprKind::Tensor { sizes } => {
            sizes.iter().for_each(|size| mentioned(size, names));
        }
        TypeExprKind::Tuple(parts) => parts.iter().for_each(|part| size_names(part, names)),
        TypeExprKind::Record(fields) => fields.iter().for_each(|(_, part)| size_names(part, names)),
        TypeExprKind::Function { parameters, result } => {
            parameters.iter().for_each(|parameter| size_names(parameter, names));
            size_names(result, names);
        }
        TypeExprKind::Error => {}
    }
}
