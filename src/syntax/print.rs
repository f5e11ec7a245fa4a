//! The tree as text, for `--emit ast`: one node a line, its parts indented below it, each with its place.
//!
//! ```text
//! fn area 1:1-1:23
//!   parameter
//!     name r 1:9-1:10
//!   * 1:14-1:23
//!     name pi 1:14-1:16
//!     ^ 1:19-1:22
//! ```

use crate::source::Span;

use super::ast::{
    ActionKind, Argument, Assert, AssertKind, BinaryOperator, Change, Clauses, Expr, ExprKind, File, Function, Import,
    ImportSource, Item, ItemKind, Layer, Let, Name, Param, Parameter, Pattern, Setting, Statement, Subscript, Text,
    Tolerance, TypeExpr, TypeExprKind, UnaryOperator,
};

/// Prints the tree of a text. Equal trees print alike.
pub fn print(file: &File, text: &str) -> String {
    let mut printer = Printer { text, line_starts: line_starts(text), depth: 0, out: String::new() };
    printer.items(&file.items);
    for comment in &file.comments {
        printer.node("comment", &comment.text, comment.span);
    }
    printer.out
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1)).collect()
}

/// The sign of an infix operator.
pub fn sign(operator: BinaryOperator) -> &'static str {
    match operator {
        BinaryOperator::Add => "+",
        BinaryOperator::Subtract => "-",
        BinaryOperator::Multiply => "*",
        BinaryOperator::Divide => "/",
        BinaryOperator::MatrixProduct => "@",
        BinaryOperator::Remainder => "%",
        BinaryOperator::Power => "^",
        BinaryOperator::Equal => "==",
        BinaryOperator::NotEqual => "!=",
        BinaryOperator::Less => "<",
        BinaryOperator::LessEqual => "<=",
        BinaryOperator::Greater => ">",
        BinaryOperator::GreaterEqual => ">=",
        BinaryOperator::And => "and",
        BinaryOperator::Or => "or",
        BinaryOperator::Compose => ">>",
    }
}

struct Printer<'t> {
    text: &'t str,
    line_starts: Vec<usize>,
    depth: usize,
    out: String,
}

impl Printer<'_> {
    // ---- Lines ----

    fn place(&self, byte: u32) -> String {
        let byte = self.text.floor_char_boundary((byte as usize).min(self.text.len()));
        let line = self.line_starts.partition_point(|start| *start <= byte).max(1);
        let column = self.text[self.line_starts[line - 1]..byte].chars().count() + 1;
        format!("{line}:{column}")
    }

    fn node(&mut self, kind: &str, details: &str, span: Span) {
        let place = format!("{}-{}", self.place(span.start), self.place(span.end));
        let details = if details.is_empty() { String::new() } else { format!(" {details}") };
        self.line(&format!("{kind}{details} {place}"));
    }

    fn line(&mut self, line: &str) {
        self.out.extend(std::iter::repeat_n("  ", self.depth));
        self.out.push_str(line);
        self.out.push('\n');
    }

    fn inside(&mut self, parts: impl FnOnce(&mut Self)) {
        self.depth += 1;
        parts(self);
        self.depth -= 1;
    }

    /// A part with a heading of its own.
    fn part(&mut self, heading: &str, parts: impl FnOnce(&mut Self)) {
        self.line(heading);
        self.inside(parts);
    }

    // ---- Items ----

    fn items(&mut self, items: &[Item]) {
        for item in items {
            self.item(item);
        }
    }

    fn item(&mut self, item: &Item) {
        for line in &item.documentation {
            self.line(format!("documentation {line}").trim_end());
        }
        let (kind, details) = heading(&item.kind);
        self.node(kind, &details, item.span);
        self.inside(|printer| printer.item_parts(&item.kind));
    }

    fn item_parts(&mut self, kind: &ItemKind) {
        match kind {
            ItemKind::Import(import) => self.import(import),
            ItemKind::Precision(_) | ItemKind::Error => {}
            ItemKind::Const { value, .. } | ItemKind::Model { value, .. } => self.expr(value),
            ItemKind::Type { sizes, definition, .. } => {
                self.names(sizes);
                self.type_expr(definition);
            }
            ItemKind::Function(function) | ItemKind::Derivative(function) => self.function(function),
            ItemKind::Param(param) => self.param(param),
            ItemKind::Layer(Layer { parameters, members, .. }) => {
                self.parameters(parameters);
                self.items(members);
            }
            ItemKind::Data(data) => {
                self.expr(&data.source);
                if let Some(columns) = &data.columns {
                    self.part("columns", |printer| printer.settings(columns));
                }
            }
            ItemKind::Let(binding) => self.binding(binding),
            ItemKind::Action(action) => self.settings(&action.settings),
            ItemKind::Print(values) => self.exprs(values),
            ItemKind::Plot(plot) => self.expr(plot),
            ItemKind::Save { path, values } | ItemKind::Load { path, values } => {
                self.expr(path);
                self.exprs(values);
            }
            ItemKind::Assert(Assert { kind: AssertKind::Fails { body, .. }, .. }) => self.items(body),
            ItemKind::Assert(Assert { kind: AssertKind::Holds { condition, within }, .. }) => {
                self.expr(condition);
                if let Some(Tolerance { value, ulp }) = within {
                    self.part(if *ulp { "within ulp" } else { "within" }, |printer| printer.expr(value));
                }
            }
            ItemKind::Test { body, .. } => self.items(body),
        }
    }

    fn import(&mut self, import: &Import) {
        if let Some(alias) = &import.alias {
            self.node("as", &alias.text, alias.span);
        }
        for (name, alias) in import.names.iter().flatten() {
            let details = alias.as_ref().map_or(name.text.clone(), |alias| format!("{} as {}", name.text, alias.text));
            self.node("name", &details, name.span);
        }
    }

    fn function(&mut self, function: &Function) {
        self.parameters(&function.parameters);
        if let Some(result) = &function.result {
            self.part("result", |printer| printer.type_expr(result));
        }
        self.expr(&function.body);
    }

    fn parameters(&mut self, parameters: &[Parameter]) {
        for parameter in parameters {
            self.part("parameter", |printer| {
                printer.pattern(&parameter.pattern);
                printer.annotation(parameter.annotation.as_ref());
                if let Some(default) = &parameter.default {
                    printer.part("default", |printer| printer.expr(default));
                }
            });
        }
    }

    fn param(&mut self, param: &Param) {
        self.annotation(param.annotation.as_ref());
        if let Some(domain) = &param.domain {
            self.part("in", |printer| printer.expr(domain));
        }
        if param.has_initial() {
            self.expr(&param.initial);
        }
    }

    fn binding(&mut self, binding: &Let) {
        self.pattern(&binding.pattern);
        self.annotation(binding.annotation.as_ref());
        self.expr(&binding.value);
    }

    fn settings(&mut self, settings: &[Setting]) {
        for setting in settings {
            let kind = if setting.metric { "metric" } else { "setting" };
            self.node(kind, &setting.name.text, setting.name.span);
            self.inside(|printer| printer.expr(&setting.value));
        }
    }

    // ---- Names, patterns, types ----

    fn names(&mut self, names: &[Name]) {
        for name in names {
            self.node("name", &name.text, name.span);
        }
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Name(name) => self.node("name", &name.text, name.span),
            Pattern::Ignore(span) => self.node("_", "", *span),
            Pattern::Tuple(parts, span) => {
                self.node("tuple", "", *span);
                self.inside(|printer| parts.iter().for_each(|part| printer.pattern(part)));
            }
        }
    }

    fn annotation(&mut self, annotation: Option<&TypeExpr>) {
        if let Some(annotation) = annotation {
            self.type_expr(annotation);
        }
    }

    fn type_expr(&mut self, written: &TypeExpr) {
        match &written.kind {
            TypeExprKind::Named { name, sizes } => {
                self.node("type", &name.text, written.span);
                self.inside(|printer| printer.exprs(sizes));
            }
            TypeExprKind::Tensor { sizes } => {
                self.node("tensor type", "", written.span);
                self.inside(|printer| printer.exprs(sizes));
            }
            TypeExprKind::Tuple(parts) => {
                self.node("tuple type", "", written.span);
                self.inside(|printer| parts.iter().for_each(|part| printer.type_expr(part)));
            }
            TypeExprKind::Record(fields) => {
                self.node("record type", "", written.span);
                self.inside(|printer| {
                    for (name, field) in fields {
                        printer.node("field", &name.text, name.span);
                        printer.inside(|printer| printer.type_expr(field));
                    }
                });
            }
            TypeExprKind::Function { parameters, result } => {
                self.node("function type", "", written.span);
                self.inside(|printer| {
                    parameters.iter().for_each(|parameter| printer.type_expr(parameter));
                    printer.part("result", |printer| printer.type_expr(result));
                });
            }
            TypeExprKind::Error => self.node("error", "", written.span),
        }
    }

    // ---- Expressions ----

    fn exprs(&mut self, expressions: &[Expr]) {
        for expression in expressions {
            self.expr(expression);
        }
    }

    fn expr(&mut self, expression: &Expr) {
        let (kind, details) = expr_heading(&expression.kind);
        self.node(kind, &details, expression.span);
        self.inside(|printer| printer.expr_parts(&expression.kind));
    }

    fn expr_parts(&mut self, kind: &ExprKind) {
        match kind {
            ExprKind::Integer { .. }
            | ExprKind::Real { .. }
            | ExprKind::Bool(_)
            | ExprKind::Text(_)
            | ExprKind::Name(_)
            | ExprKind::Error => {}
            ExprKind::Unary { operand: inner, .. }
            | ExprKind::Field { base: inner, .. }
            | ExprKind::Part { base: inner, .. }
            | ExprKind::Transpose(inner)
            | ExprKind::Paren(inner) => self.expr(inner),
            ExprKind::Binary { left, right, .. } | ExprKind::Else { value: left, fallback: right } => {
                self.expr(left);
                self.expr(right);
            }
            ExprKind::Call { callee, arguments } => {
                self.expr(callee);
                arguments.iter().for_each(|argument| self.argument(argument));
            }
            ExprKind::Reduce { reducer, body, clauses } => {
                self.expr(reducer);
                self.expr(body);
                self.clauses(clauses);
            }
            ExprKind::Index { base, subscripts } => {
                self.expr(base);
                self.subscripts(subscripts);
            }
            ExprKind::If { condition, then, otherwise } => {
                self.expr(condition);
                self.expr(then);
                self.expr(otherwise);
            }
            ExprKind::Block { statements, result } => {
                statements.iter().for_each(|statement| self.statement(statement));
                self.expr(result);
            }
            ExprKind::Lambda { parameters, body } => {
                self.parameters(parameters);
                self.expr(body);
            }
            ExprKind::Tuple(elements) | ExprKind::List(elements) => self.exprs(elements),
            ExprKind::Record(fields) => {
                for (name, value) in fields {
                    self.node("field", &name.text, name.span);
                    self.inside(|printer| printer.expr(value));
                }
            }
            ExprKind::With { base, changes } => {
                self.expr(base);
                changes.iter().for_each(|change| self.change(change));
            }
            ExprKind::Comprehension { body, clauses } => {
                self.expr(body);
                self.clauses(clauses);
            }
            ExprKind::Range { start, end } => self.ends(start.as_ref(), end.as_ref()),
        }
    }

    fn argument(&mut self, argument: &Argument) {
        match &argument.name {
            None => self.expr(&argument.value),
            Some(name) => {
                self.node("named", &name.text, name.span);
                self.inside(|printer| printer.expr(&argument.value));
            }
        }
    }

    fn clauses(&mut self, clauses: &Clauses) {
        self.node("for", "", clauses.span);
        self.inside(|printer| {
            for index in &clauses.indices {
                let names: Vec<&str> = index.names.iter().map(|name| name.text.as_str()).collect();
                printer.node("index", &names.join(" "), index.span);
                printer.inside(|printer| printer.exprs(index.range.as_slice()));
            }
            if let Some(filter) = &clauses.filter {
                printer.part("filter", |printer| printer.expr(filter));
            }
        });
    }

    fn subscripts(&mut self, subscripts: &[Subscript]) {
        for subscript in subscripts {
            match subscript {
                Subscript::At(place) => self.expr(place),
                Subscript::Slice { start, end, span } => {
                    self.node("slice", "", *span);
                    self.inside(|printer| printer.ends(start.as_ref(), end.as_ref()));
                }
            }
        }
    }

    fn ends(&mut self, start: Option<&Expr>, end: Option<&Expr>) {
        for (heading, place) in [("start", start), ("end", end)] {
            if let Some(place) = place {
                self.part(heading, |printer| printer.expr(place));
            }
        }
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::Field { name, value } => {
                self.node("change", &name.text, name.span);
                self.inside(|printer| printer.expr(value));
            }
            Change::Element { subscripts, value, span } => {
                self.node("change", "element", *span);
                self.inside(|printer| {
                    printer.subscripts(subscripts);
                    printer.expr(value);
                });
            }
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Let(binding, span) => {
                self.node("let", "", *span);
                self.inside(|printer| printer.binding(binding));
            }
            Statement::Function(function, span) => {
                self.node("fn", &function.name.text, *span);
                self.inside(|printer| printer.function(function));
            }
            Statement::Error(span) => self.node("error", "", *span),
        }
    }
}

/// The first word of an item's line and what it is about.
fn heading(kind: &ItemKind) -> (&'static str, String) {
    let quoted = |text: &Text| format!("{:?}", text.text);
    match kind {
        ItemKind::Import(Import { source: ImportSource::Path(path), .. }) => ("import", quoted(path)),
        ItemKind::Import(Import { source: ImportSource::Library(name), .. }) => ("import", name.text.clone()),
        ItemKind::Precision(name) => ("precision", name.text.clone()),
        ItemKind::Const { name, .. } => ("const", name.text.clone()),
        ItemKind::Type { name, .. } => ("type", name.text.clone()),
        ItemKind::Function(function) => ("fn", function.name.text.clone()),
        ItemKind::Derivative(function) => ("derivative", function.name.text.clone()),
        ItemKind::Param(param) => (if param.frozen { "frozen param" } else { "param" }, param.name.text.clone()),
        ItemKind::Layer(layer) => ("layer", layer.name.text.clone()),
        ItemKind::Model { name, .. } => ("model", name.text.clone()),
        ItemKind::Data(data) => ("data", data.name.text.clone()),
        ItemKind::Let(_) => ("let", String::new()),
        ItemKind::Action(action) => {
            (action_word(action.kind), action.name.as_ref().map_or_else(String::new, |name| name.text.clone()))
        }
        ItemKind::Print(_) => ("print", String::new()),
        ItemKind::Plot(_) => ("plot", String::new()),
        ItemKind::Save { .. } => ("save", String::new()),
        ItemKind::Load { .. } => ("load", String::new()),
        ItemKind::Assert(Assert { kind: AssertKind::Fails { code, .. }, .. }) => ("assert fails", quoted(code)),
        ItemKind::Assert(_) => ("assert", String::new()),
        ItemKind::Test { name, .. } => ("test", quoted(name)),
        ItemKind::Error => ("error", String::new()),
    }
}

fn action_word(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Train => "train",
        ActionKind::Minimize => "minimize",
        ActionKind::Fit => "fit",
        ActionKind::Sample => "sample",
    }
}

/// The first word of an expression's line and its own facts.
fn expr_heading(kind: &ExprKind) -> (&'static str, String) {
    let plain = |word| (word, String::new());
    match kind {
        ExprKind::Integer { exact: Some(exact), .. } => ("integer", exact.to_string()),
        ExprKind::Integer { exact: None, value } => ("integer", format!("{value:e}")),
        ExprKind::Real { value, .. } => ("real", format!("{value:?}")),
        ExprKind::Bool(value) => ("bool", value.to_string()),
        ExprKind::Text(text) => ("text", format!("{text:?}")),
        ExprKind::Name(name) => ("name", name.clone()),
        ExprKind::Unary { operator: UnaryOperator::Negate, .. } => plain("negate"),
        ExprKind::Unary { operator: UnaryOperator::Not, .. } => plain("not"),
        ExprKind::Binary { operator, .. } => plain(sign(*operator)),
        ExprKind::Call { .. } => plain("call"),
        ExprKind::Reduce { .. } => plain("reduce"),
        ExprKind::Index { .. } => plain("index"),
        ExprKind::Field { name, .. } => ("field", name.text.clone()),
        ExprKind::Part { index, .. } => ("part", index.to_string()),
        ExprKind::Transpose(_) => plain("transpose"),
        ExprKind::If { .. } => plain("if"),
        ExprKind::Block { .. } => plain("block"),
        ExprKind::Lambda { .. } => plain("lambda"),
        ExprKind::Tuple(_) => plain("tuple"),
        ExprKind::Record(_) => plain("record"),
        ExprKind::With { .. } => plain("with"),
        ExprKind::List(_) => plain("list"),
        ExprKind::Comprehension { .. } => plain("comprehension"),
        ExprKind::Else { .. } => plain("else"),
        ExprKind::Paren(_) => plain("parentheses"),
        ExprKind::Range { .. } => plain("range"),
        ExprKind::Error => plain("error"),
    }
}
