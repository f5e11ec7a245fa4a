//! Expressions, by their kind.

use pretty::DocAllocator;

use super::printer::{Doc, INDENT, Layout, Printer, Spacing};
use crate::syntax::ast::{
    Argument, Change, Clauses, Expr, ExprKind, IndexClause, Parameter, Pattern, Statement, Subscript, UnaryOperator,
};

/// The most letters before a lambda that ends a call, for its head to stay on one line.
const LETTERS_BEFORE_LAMBDA: usize = 60;

impl<'a> Printer<'a> {
    /// An expression.
    pub(super) fn expr(&mut self, expression: &Expr) -> Doc<'a> {
        match &*expression.kind {
            ExprKind::Integer { .. }
            | ExprKind::Real { .. }
            | ExprKind::Bool(_)
            | ExprKind::Text(_)
            | ExprKind::Name(_) => self.word(),
            ExprKind::Unary { operator: UnaryOperator::Negate, operand } => self.expect("-").append(self.expr(operand)),
            ExprKind::Unary { operator: UnaryOperator::Not, operand } => {
                self.expect("not").append(self.arena.space()).append(self.expr(operand))
            }
            ExprKind::Binary { operator, left, right, .. } => self.binary(*operator, left, right, true),
            ExprKind::Call { callee, arguments } => self.expr(callee).append(self.arguments(arguments)),
            ExprKind::Reduce { reducer, body, clauses } => {
                self.expr(reducer).append(self.comprehension(["(", ")"], body, clauses))
            }
            ExprKind::Index { base, subscripts } => self.expr(base).append(self.subscripts(subscripts)),
            ExprKind::Field { base, .. } => self.dotted(base).append(self.expect(".")).append(self.word()),
            ExprKind::Part { base, .. } => self.dotted(base).append(self.word()),
            ExprKind::Transpose(base) => self.expr(base).append(self.expect("'")),
            ExprKind::If { .. } => self.choice(expression),
            ExprKind::Block { statements, result } => self.block(statements, result).group(),
            ExprKind::Lambda { parameters, body } => self.lambda(parameters, body),
            ExprKind::Tuple(elements) => self.wide_list(["(", ")"], Layout::TUPLE, elements, Printer::expr),
            ExprKind::Record(fields) => {
                self.wide_list(["(", ")"], Layout::PLAIN, fields, |printer, (_, value)| printer.named(value))
            }
            ExprKind::With { base, changes } => self.with(base, changes),
            ExprKind::List(elements) => self.array(elements),
            ExprKind::Comprehension { body, clauses } => self.comprehension(["[", "]"], body, clauses),
            ExprKind::Else { value, fallback } => self.fallback(value, fallback),
            ExprKind::Paren(inner) => self.parenthesised(inner),
            ExprKind::Range { start, end } => self.range(start.as_ref(), end.as_ref()),
            ExprKind::Error => {
                self.fault = true;
                self.nil()
            }
        }
    }

    /// What stands before a point: a number's last digit is kept apart from it.
    fn dotted(&mut self, base: &Expr) -> Doc<'a> {
        let doc = self.expr(base);
        if matches!(*base.kind, ExprKind::Integer { .. }) { doc.append(self.arena.space()) } else { doc }
    }

    /// A list in which operators are set as usual.
    fn wide_list<T>(
        &mut self,
        brackets: [&str; 2],
        layout: Layout,
        elements: &[T],
        element: impl FnMut(&mut Self, &T) -> Doc<'a>,
    ) -> Doc<'a> {
        self.with_spacing(Spacing::Wide, |printer| printer.list(brackets, layout, elements, element))
    }

    /// `name = value`.
    fn named(&mut self, value: &Expr) -> Doc<'a> {
        let name = self.word().append(self.arena.space()).append(self.expect("="));
        name.append(self.arena.space()).append(self.expr(value))
    }

    // ---- Calls and subscripts ----

    fn arguments(&mut self, arguments: &[Argument]) -> Doc<'a> {
        self.with_spacing(Spacing::Wide, |printer| match arguments.split_last() {
            Some((last, first)) if printer.keeps_head(first, last) => printer.open_call(first, last),
            _ => printer.list(["(", ")"], Layout::PLAIN, arguments, Printer::argument),
        })
    }

    fn argument(&mut self, argument: &Argument) -> Doc<'a> {
        match argument.name {
            Some(_) => self.named(&argument.value),
            None => self.expr(&argument.value),
        }
    }

    /// Whether the last argument opens right behind the others: a lambda, or a list or block that is the only argument.
    fn keeps_head(&self, first: &[Argument], last: &Argument) -> bool {
        let open = self.next;
        let close = self.words.words[open].partner;
        let start = self.words.at(last.value.span.start);
        if start <= open || close <= start || !self.words.words[close].comments.is_empty() {
            return false;
        }
        if self.words.has_comments(open + 1..start + 1) {
            return false;
        }
        match *last.value.kind {
            ExprKind::Lambda { .. } => {
                let opens = |argument: &Argument| {
                    matches!(
                        *argument.value.kind,
                        ExprKind::Lambda { .. } | ExprKind::Block { .. } | ExprKind::If { .. }
                    )
                };
                !first.iter().any(opens) && self.words.letters(open + 1..start) <= LETTERS_BEFORE_LAMBDA
            }
            ExprKind::List(_)
            | ExprKind::Comprehension { .. }
            | ExprKind::Tuple(_)
            | ExprKind::Record(_)
            | ExprKind::Block { .. } => first.is_empty() && last.name.is_none(),
            _ => false,
        }
    }

    fn open_call(&mut self, first: &[Argument], last: &Argument) -> Doc<'a> {
        let mut doc = self.expect("(");
        for argument in first {
            doc = doc.append(self.argument(argument)).append(self.expect(",")).append(self.arena.space());
        }
        doc = doc.append(self.argument(last)).append(self.leave_out(","));
        doc.append(self.expect(")"))
    }

    fn subscripts(&mut self, subscripts: &[Subscript]) -> Doc<'a> {
        self.with_spacing(Spacing::Sizes, |printer| {
            printer.list(["[", "]"], Layout::PLAIN, subscripts, Printer::subscript)
        })
    }

    fn subscript(&mut self, subscript: &Subscript) -> Doc<'a> {
        match subscript {
            Subscript::At(place) => self.expr(place),
            Subscript::Slice { start: None, end: None, .. } if self.at(":") => self.word(),
            Subscript::Slice { start, end, .. } => self.range(start.as_ref(), end.as_ref()),
        }
    }

    // ---- Brackets ----

    fn array(&mut self, elements: &[Expr]) -> Doc<'a> {
        let fills = elements.iter().all(is_number);
        let layout = Layout { stays_open: true, fills, ..Layout::PLAIN };
        self.wide_list(["[", "]"], layout, elements, Printer::expr)
    }

    fn parenthesised(&mut self, inner: &Expr) -> Doc<'a> {
        let spacing = if self.spacing == Spacing::Range { Spacing::Sizes } else { self.spacing };
        self.with_spacing(spacing, |printer| {
            let open = printer.expect("(");
            let behind = printer.behind();
            let above = printer.above(false);
            let inner = behind.append(printer.arena.line_()).append(above).append(printer.unindented(inner));
            let inner = inner.append(printer.closing_comments(false)).nest(INDENT);
            open.append(inner).append(printer.arena.line_()).append(printer.expect(")")).group()
        })
    }

    /// `[e for i, j]`, `(e for i if c)`.
    fn comprehension(&mut self, brackets: [&str; 2], body: &Expr, clauses: &Clauses) -> Doc<'a> {
        self.with_spacing(Spacing::Wide, |printer| {
            let open = printer.expect(brackets[0]);
            let mut inner = printer.behind().append(printer.arena.line_()).append(printer.above(false));
            inner = inner.append(printer.unindented(body)).append(printer.clauses(clauses));
            inner = inner.append(printer.closing_comments(false)).nest(INDENT);
            open.append(inner).append(printer.arena.line_()).append(printer.expect(brackets[1])).group()
        })
    }

    fn clauses(&mut self, clauses: &Clauses) -> Doc<'a> {
        let start = self.next_line().append(self.expect("for")).append(self.arena.space());
        let mut indices = self.nil();
        for (index, clause) in clauses.indices.iter().enumerate() {
            if index > 0 {
                indices = indices.append(self.expect(",")).append(self.next_line());
            }
            indices = indices.append(self.index_clause(clause));
        }
        let mut doc = start.append(indices.nest(INDENT).group());
        if let Some(filter) = &clauses.filter {
            doc = doc.append(self.next_line()).append(self.expect("if")).append(self.arena.space());
            doc = doc.append(self.expr(filter));
        }
        doc
    }

    /// A line break or a blank, and the comments around it.
    pub(super) fn next_line(&mut self) -> Doc<'a> {
        self.behind().append(self.arena.line()).append(self.above(false))
    }

    fn index_clause(&mut self, clause: &IndexClause) -> Doc<'a> {
        let names = if self.at("(") {
            self.list(["(", ")"], Layout::PLAIN, &clause.names, |printer, _| printer.word())
        } else {
            self.word()
        };
        let Some(range) = &clause.range else { return names };
        names.append(self.arena.space()).append(self.expect("in")).append(self.arena.space()).append(self.expr(range))
    }

    fn with(&mut self, base: &Expr, changes: &[Change]) -> Doc<'a> {
        self.with_spacing(Spacing::Wide, |printer| {
            let open = printer.expect("(").append(printer.expr(base)).append(printer.arena.space());
            let mut inner = printer.expect("with");
            for (index, change) in changes.iter().enumerate() {
                inner = inner.append(printer.next_line()).append(printer.change(change));
                let comma = if index + 1 < changes.len() { printer.expect(",") } else { printer.leave_out(",") };
                inner = inner.append(comma);
            }
            inner = inner.append(printer.closing_comments(false)).nest(INDENT);
            open.append(inner).append(printer.arena.line_()).append(printer.expect(")")).group()
        })
    }

    fn change(&mut self, change: &Change) -> Doc<'a> {
        match change {
            Change::Field { value, .. } => self.named(value),
            Change::Element { subscripts, value, .. } => {
                let place = self.subscripts(subscripts).append(self.arena.space()).append(self.expect("="));
                place.append(self.arena.space()).append(self.expr(value))
            }
        }
    }

    fn fallback(&mut self, value: &Expr, fallback: &Expr) -> Doc<'a> {
        let open = self.expect("(");
        let mut inner = self.behind().append(self.arena.line_()).append(self.above(false)).append(self.expr(value));
        inner = inner.append(self.next_line()).append(self.expect("else")).append(self.arena.space());
        inner = inner.append(self.expr(fallback)).append(self.closing_comments(false)).nest(INDENT);
        open.append(inner).append(self.arena.line_()).append(self.expect(")")).group()
    }

    // ---- Choices, blocks and lambdas ----

    /// `if` with all its branches: on one line, or each brace open.
    fn choice(&mut self, expression: &Expr) -> Doc<'a> {
        let mut doc = self.nil();
        let mut rest = expression;
        while let ExprKind::If { condition, then, otherwise } = &*rest.kind {
            let condition = self.expect("if").append(self.arena.space()).append(self.expr(condition));
            doc = doc.append(condition).append(self.arena.space()).append(self.branch(then));
            doc = doc.append(self.arena.space()).append(self.expect("else")).append(self.arena.space());
            rest = otherwise;
        }
        doc.append(self.branch(rest)).group()
    }

    fn branch(&mut self, branch: &Expr) -> Doc<'a> {
        match &*branch.kind {
            ExprKind::Block { statements, result } => self.block(statements, result),
            _ => self.expr(branch),
        }
    }

    /// `{ let a = e; result }`, to be grouped.
    fn block(&mut self, statements: &[Statement], result: &Expr) -> Doc<'a> {
        self.with_spacing(Spacing::Wide, |printer| {
            let open = printer.expect("{");
            let open = open.append(printer.kept_open());
            let mut inner = printer.nil();
            for (index, statement) in statements.iter().enumerate() {
                inner = inner.append(printer.behind()).append(printer.arena.line()).append(printer.lead(index == 0));
                inner = inner.append(printer.statement(statement));
            }
            inner = inner.append(printer.behind()).append(printer.arena.line());
            inner = inner.append(printer.lead(statements.is_empty())).append(printer.expr(result));
            inner = inner.append(printer.behind());
            printer.braces(open, inner)
        })
    }

    fn statement(&mut self, statement: &Statement) -> Doc<'a> {
        match statement {
            Statement::Let(binding, _) => self.binding(binding).append(self.expect(";")),
            Statement::Function(function, _) => self.function("fn", function).append(self.expect(";")),
            Statement::Error(_) => {
                self.fault = true;
                self.nil()
            }
        }
    }

    fn lambda(&mut self, parameters: &[Parameter], body: &Expr) -> Doc<'a> {
        let mut head = self.expect("|");
        for (index, parameter) in parameters.iter().enumerate() {
            head = head.append(self.parameter(parameter));
            let is_last = index + 1 == parameters.len();
            let comma = if is_last { self.leave_out(",") } else { self.expect(",").append(self.arena.space()) };
            head = head.append(comma);
        }
        // Two bars without a blank between them would read as one sign.
        let blank = if parameters.is_empty() { self.arena.space() } else { self.nil() };
        let head = head.append(blank).append(self.expect("|"));
        let behind = self.behind();
        let body = match *body.kind {
            ExprKind::Block { .. } => self.arena.space().append(self.expr(body)),
            _ => {
                let above = self.above(false);
                self.arena.line().append(above).append(self.unindented(body)).nest(INDENT).group()
            }
        };
        head.append(behind).append(body)
    }

    /// A parameter with its type and default.
    pub(super) fn parameter(&mut self, parameter: &Parameter) -> Doc<'a> {
        let mut doc = self.pattern(&parameter.pattern).append(self.annotation(parameter.annotation.as_ref()));
        if let Some(default) = &parameter.default {
            doc = doc.append(self.arena.space()).append(self.expect("=")).append(self.arena.space());
            doc = doc.append(self.expr(default));
        }
        doc
    }

    pub(super) fn pattern(&mut self, pattern: &Pattern) -> Doc<'a> {
        match pattern {
            Pattern::Name(_) | Pattern::Ignore(_) => self.word(),
            Pattern::Tuple(parts, _) => self.list(["(", ")"], Layout::TUPLE, parts, Printer::pattern),
        }
    }
}

/// Whether an element is a number as written, so that many of them share a line.
fn is_number(element: &Expr) -> bool {
    match &*element.kind {
        ExprKind::Integer { .. } | ExprKind::Real { .. } => true,
        ExprKind::Unary { operator: UnaryOperator::Negate, operand } => is_number(operand),
        _ => false,
    }
}
