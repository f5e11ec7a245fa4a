//! Operators, and what follows `=` or `==`: where a long expression may end its line.
//!
//! A line ends with the operator: a `-` that starts a line would read as a new value.

use pretty::DocAllocator;

use super::printer::{Doc, INDENT, Printer, Spacing};
use crate::syntax::ast::{BinaryOperator, Expr, ExprKind};
use crate::syntax::print::sign;

/// How tightly an operator binds.
fn tier(operator: BinaryOperator) -> u8 {
    use BinaryOperator as B;
    match operator {
        B::Compose => 0,
        B::Or => 1,
        B::And => 2,
        B::Equal | B::NotEqual | B::Less | B::LessEqual | B::Greater | B::GreaterEqual => COMPARISON,
        B::Add | B::Subtract => SUM,
        B::Multiply | B::Divide | B::MatrixProduct | B::Remainder => PRODUCT,
        B::Power => POWER,
    }
}

const COMPARISON: u8 = 3;
const SUM: u8 = 4;
const PRODUCT: u8 = 5;
const POWER: u8 = 6;

/// A chain of operators of one tier: its first operand, and each further one with its operator.
struct Chain<'e> {
    tier: u8,
    first: &'e Expr,
    rest: Vec<(BinaryOperator, &'e Expr)>,
}

fn chain<'e>(operator: BinaryOperator, left: &'e Expr, right: &'e Expr) -> Chain<'e> {
    let tier_of_chain = tier(operator);
    let mut rest = vec![(operator, right)];
    let mut first = left;
    while let ExprKind::Binary { operator, left, right, .. } = &*first.kind
        && tier(*operator) == tier_of_chain
        && tier_of_chain != POWER
    {
        rest.push((*operator, right));
        first = left;
    }
    rest.reverse();
    Chain { tier: tier_of_chain, first, rest }
}

/// Whether an expression ends with a bracket that can hold its lines.
fn is_bracketed(expression: &Expr) -> bool {
    match &*expression.kind {
        ExprKind::Call { .. }
        | ExprKind::Reduce { .. }
        | ExprKind::Index { .. }
        | ExprKind::List(_)
        | ExprKind::Comprehension { .. }
        | ExprKind::Tuple(_)
        | ExprKind::Record(_)
        | ExprKind::With { .. }
        | ExprKind::Else { .. }
        | ExprKind::Paren(_) => true,
        ExprKind::Unary { operand: inner, .. }
        | ExprKind::Field { base: inner, .. }
        | ExprKind::Part { base: inner, .. }
        | ExprKind::Transpose(inner) => is_bracketed(inner),
        _ => false,
    }
}

/// Whether an expression begins with a brace or a keyword that opens one, or is a lambda: it starts on the line at hand.
fn opens_itself(expression: &Expr) -> bool {
    matches!(*expression.kind, ExprKind::Block { .. } | ExprKind::If { .. } | ExprKind::Lambda { .. })
}

impl<'a> Printer<'a> {
    /// An infix operation; its further lines are indented if `indented`.
    pub(super) fn binary(&mut self, operator: BinaryOperator, left: &Expr, right: &Expr, indented: bool) -> Doc<'a> {
        let chain = chain(operator, left, right);
        match chain.tier {
            POWER => self.expr(left).append(self.expect("^")).append(self.expr(right)),
            COMPARISON if chain.rest.len() == 1 => {
                let left = self.expr(left);
                left.append(self.arena.space()).append(self.expect(sign(operator))).append(self.after_sign(right))
            }
            _ => self.sum(&chain, indented),
        }
    }

    fn sum(&mut self, chain: &Chain<'_>, indented: bool) -> Doc<'a> {
        let tight = match self.spacing {
            Spacing::Wide => false,
            Spacing::Sizes => chain.tier == PRODUCT,
            Spacing::Range => chain.tier >= SUM,
        };
        let first = self.expr(chain.first);
        let mut rest = self.nil();
        for (operator, operand) in &chain.rest {
            // A second sign right after the first would be hard to read.
            let tight = tight && !matches!(*operand.kind, ExprKind::Unary { .. });
            let space = if tight { self.nil() } else { self.arena.space() };
            rest = rest.append(space).append(self.expect(sign(*operator))).append(self.behind());
            let line = if tight { self.nil() } else { self.arena.line() };
            rest = rest.append(line).append(self.above(false)).append(self.expr(operand));
        }
        first.append(if indented { rest.nest(INDENT) } else { rest }).group()
    }

    /// What stands after `=` or a comparison's sign. It goes on the same line if it fits there, else whole on the next,
    /// indented; if it does not fit there either, its brackets are opened on the line at hand.
    pub(super) fn after_sign(&mut self, right: &Expr) -> Doc<'a> {
        let behind = self.behind();
        if self.has_comments() {
            let above = self.above(false);
            let right = self.unindented(right);
            return behind.append(self.arena.hardline()).append(above).append(right).nest(INDENT);
        }
        if opens_itself(right) {
            return behind.append(self.arena.space()).append(self.expr(right));
        }
        let value = self.unindented(right);
        let next_line = |value: Doc<'a>| behind.clone().append(self.arena.line()).append(value).nest(INDENT).group();
        if !is_bracketed(right) {
            return next_line(value);
        }
        let opened = behind.clone().append(self.arena.space()).append(value.clone());
        next_line(self.on_one_line(value)).union(opened)
    }

    /// An expression where the lines after its first are indented by what holds it.
    pub(super) fn unindented(&mut self, expression: &Expr) -> Doc<'a> {
        match &*expression.kind {
            ExprKind::Binary { operator, left, right, .. } => self.binary(*operator, left, right, false),
            _ => self.expr(expression),
        }
    }

    /// `a..b`; either end may be missing.
    pub(super) fn range(&mut self, start: Option<&Expr>, end: Option<&Expr>) -> Doc<'a> {
        let start = self.end_of_range(start);
        start.append(self.expect("..")).append(self.end_of_range(end))
    }

    fn end_of_range(&mut self, end: Option<&Expr>) -> Doc<'a> {
        match end {
            Some(end) => self.with_spacing(Spacing::Range, |printer| printer.expr(end)),
            None => self.nil(),
        }
    }

    /// Lays out something with the operators set in another way.
    pub(super) fn with_spacing(&mut self, spacing: Spacing, work: impl FnOnce(&mut Self) -> Doc<'a>) -> Doc<'a> {
        let outer = std::mem::replace(&mut self.spacing, spacing);
        let doc = work(self);
        self.spacing = outer;
        doc
    }
}
