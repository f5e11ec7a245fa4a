//! Types as written.

use pretty::DocAllocator;

use super::printer::{Doc, Layout, Printer, Spacing};
use crate::syntax::ast::{TypeExpr, TypeExprKind};

impl<'a> Printer<'a> {
    /// `: type`, if there is one.
    pub(super) fn annotation(&mut self, annotation: Option<&TypeExpr>) -> Doc<'a> {
        match annotation {
            Some(annotation) => self.expect(":").append(self.arena.space()).append(self.type_expr(annotation)),
            None => self.nil(),
        }
    }

    /// A type. Parentheses around it are not in the tree; they are told by their words.
    pub(super) fn type_expr(&mut self, written: &TypeExpr) -> Doc<'a> {
        let mut open = self.nil();
        let mut count = 0;
        while self.opens_plain_parentheses(written) {
            open = open.append(self.expect("("));
            count += 1;
        }
        let mut doc = open.append(self.bare_type(written));
        for _ in 0..count {
            doc = doc.append(self.expect(")"));
        }
        doc
    }

    /// Whether the next parenthesis only groups the type: a tuple's or record's own is not right inside another.
    fn opens_plain_parentheses(&self, written: &TypeExpr) -> bool {
        if !self.at("(") {
            return false;
        }
        let words = &self.words.words;
        let is_outer = words[self.next + 1].text == "(" && words[self.next + 1].partner + 1 == words[self.next].partner;
        is_outer || !matches!(written.kind, TypeExprKind::Tuple(_) | TypeExprKind::Record(_))
    }

    fn bare_type(&mut self, written: &TypeExpr) -> Doc<'a> {
        match &written.kind {
            TypeExprKind::Named { sizes, .. } => {
                let name = self.word();
                if self.at("[") { name.append(self.sizes(sizes)) } else { name }
            }
            TypeExprKind::Tensor { sizes } => self.sizes(sizes),
            TypeExprKind::Tuple(parts) => self.list(["(", ")"], Layout::TUPLE, parts, Printer::type_expr),
            TypeExprKind::Record(fields) => self.list(["(", ")"], Layout::PLAIN, fields, |printer, (_, field)| {
                printer.word().append(printer.annotation(Some(field)))
            }),
            TypeExprKind::Function { parameters, result } => {
                let head =
                    self.expect("fn").append(self.list(["(", ")"], Layout::PLAIN, parameters, Printer::type_expr));
                let arrow = self.arena.space().append(self.expect("->")).append(self.arena.space());
                head.append(arrow).append(self.type_expr(result))
            }
            TypeExprKind::Error => {
                self.fault = true;
                self.nil()
            }
        }
    }

    fn sizes(&mut self, sizes: &[crate::syntax::ast::Expr]) -> Doc<'a> {
        self.with_spacing(Spacing::Sizes, |printer| printer.list(["[", "]"], Layout::PLAIN, sizes, Printer::expr))
    }
}
