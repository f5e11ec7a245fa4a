//! What the grammar's actions call: builds the tree, bounds its depth, attaches documentation, and rejects what is
//! clear in form but wrong in meaning.

mod depth;
mod expressions;
mod literals;

use lalrpop_util::ErrorRecovery;

use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::syntax as catalog;
use crate::source::{SourceId, Span};

use super::ast::{
    Argument, Comment, Data, Expr, ExprKind, Function, Item, ItemKind, Layer, MAX_DEPTH, Name, Parameter, Pattern,
    Setting, TypeExpr, TypeExprKind,
};
use super::parser::Failure;
use super::reader::Documentation;
use super::token::{Lexeme, Token};
use super::{brackets, failure};

/// An element of `( )` before it is known whether a tuple or a record is meant.
pub(super) struct Element {
    pub(super) argument: Argument,
    pub(super) is_range: bool,
}

/// An element of `[ ]`.
pub(super) struct ListElement {
    pub(super) value: Expr,
    pub(super) is_range: bool,
}

/// The values themselves.
#[allow(clippy::vec_box, reason = "the parser keeps large values in boxes")]
pub(super) fn unboxed<T>(values: Vec<Box<T>>) -> Vec<T> {
    values.into_iter().map(|value| *value).collect()
}

/// How many tokens must be read after an error before the next one counts as a new error.
const TOKENS_BETWEEN_ERRORS: usize = 2;

/// The state of one parse.
pub(super) struct Builder<'a> {
    source: SourceId,
    text: &'a str,
    lexemes: &'a [Lexeme<'a>],
    documentation: Vec<Documentation>,
    diagnostics: Vec<Diagnostic>,
    /// The first token after the last error.
    resumed_at: Option<usize>,
    /// For each token whether recovery left it out; empty before the first error.
    dropped: Vec<bool>,
    /// For each closing bracket its opening one; empty before the first error.
    openers: Vec<usize>,
    /// Whether the item at hand has been reported as too deep.
    reported_depth: bool,
    /// Whether brackets nested too deeply have been reported and cut out.
    cut_brackets: bool,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        source: SourceId,
        text: &'a str,
        lexemes: &'a [Lexeme<'a>],
        documentation: Vec<Documentation>,
        diagnostics: Vec<Diagnostic>,
    ) -> Self {
        let cut_brackets = diagnostics.iter().any(|diagnostic| diagnostic.code == "E0014");
        Builder {
            source,
            text,
            lexemes,
            documentation,
            diagnostics,
            resumed_at: None,
            dropped: Vec::new(),
            openers: Vec::new(),
            reported_depth: false,
            cut_brackets,
        }
    }

    /// Documentation that no item took, as comments, and all that was reported.
    pub(super) fn finish(mut self) -> (Vec<Comment>, Vec<Diagnostic>) {
        let mut left = Vec::new();
        for documentation in self.documentation {
            if let (Some(first), Some(last)) = (documentation.lines.first(), documentation.lines.last()) {
                self.diagnostics.push(catalog::documentation_of_nothing(first.span.to(last.span)));
            }
            left.extend(documentation.lines);
        }
        (left, self.diagnostics)
    }

    // ---- Places ----

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source, start.min(end), end.max(start))
    }

    /// Whether only blanks stand before this place on its line.
    fn first_on_line(&self, place: usize) -> bool {
        let before = self.text[..place].trim_end_matches([' ', '\t']);
        before.is_empty() || before.ends_with(['\n', '\r'])
    }

    // ---- Errors ----

    /// Notes where reading goes on, and reports the error unless it follows from the one before.
    pub(super) fn recover(&mut self, recovery: ErrorRecovery<usize, Token<'a>, std::convert::Infallible>) {
        self.report(recovery.error);
        let index = |(start, token, end): &(usize, Token<'a>, usize)| failure::find(self.lexemes, *start, *token, *end);
        let (Some(first), Some(last)) = (recovery.dropped_tokens.first(), recovery.dropped_tokens.last()) else {
            return;
        };
        let (first, last) = (index(first), index(last).min(self.lexemes.len() - 1));
        self.dropped[first..=last].fill(true);
        self.resumed_at = self.resumed_at.max(Some(last + 1));
    }

    /// The same where an expression is wanted.
    pub(super) fn recover_expression(
        &mut self,
        start: usize,
        recovery: ErrorRecovery<usize, Token<'a>, std::convert::Infallible>,
        end: usize,
    ) -> Expr {
        self.recover(recovery);
        self.error_expression(self.span(start, end))
    }

    /// Reports an error unless it follows from the one before.
    pub(super) fn report(&mut self, error: Failure<'a>) {
        if self.dropped.is_empty() {
            self.dropped = vec![false; self.lexemes.len()];
            self.openers = openers(self.lexemes);
        }
        let at = failure::index(self.lexemes, &error);
        let awaits_value = failure::awaits_expression(&error);
        if !self.follows_from_earlier(at, awaits_value) {
            self.diagnostics.extend(failure::describe(self.source, self.text, self.lexemes, at, &error));
        }
        self.resumed_at = self.resumed_at.max(Some(at));
    }

    /// Whether the token at hand is only wrong because of an earlier error: it comes right after it, or it closes a
    /// bracket that recovery left out or left behind.
    fn follows_from_earlier(&self, at: usize, awaits_value: bool) -> bool {
        let Some(resumed) = self.resumed_at else { return false };
        let fresh = self.lexemes.get(resumed).is_some_and(|lexeme| match lexeme.token {
            Token::Let | Token::Fn | Token::Comma => true,
            Token::Word(word) => word.starts_item(),
            token => brackets::is_closer(token) && lexeme.start < lexeme.end,
        });
        let distance = if fresh { 1 } else { TOKENS_BETWEEN_ERRORS };
        let closes_left = self
            .openers
            .get(at)
            .is_some_and(|opener| *opener < at && (self.dropped[*opener] || (*opener < resumed && !awaits_value)));
        at < resumed + distance || closes_left
    }

    pub(super) fn needless_semicolon(&mut self, start: usize, end: usize) {
        self.diagnostics.push(catalog::needless_semicolon(self.span(start, end)));
    }

    fn error_expression(&self, span: Span) -> Expr {
        Expr { kind: Box::new(ExprKind::Error), span, depth: 1 }
    }

    fn report_depth(&mut self, span: Span) {
        if !self.reported_depth && !self.cut_brackets {
            self.diagnostics.push(catalog::too_deep(span, MAX_DEPTH));
            self.reported_depth = true;
        }
    }

    // ---- Items ----

    pub(super) fn name(&self, start: usize, end: usize) -> Name {
        Name { text: self.text[start..end].to_string(), span: self.span(start, end) }
    }

    pub(super) fn item(&mut self, start: usize, kind: ItemKind, end: usize) -> Item {
        self.reported_depth = false;
        Item { documentation: self.documentation_before(start), kind, span: self.span(start, end) }
    }

    fn documentation_before(&mut self, start: usize) -> Vec<String> {
        let Ok(index) = self.documentation.binary_search_by_key(&start, |documentation| documentation.before) else {
            return Vec::new();
        };
        let lines = std::mem::take(&mut self.documentation[index].lines);
        let without_slashes = |line: &Comment| {
            let text = line.text.trim_start_matches('/');
            text.strip_prefix(' ').unwrap_or(text).to_string()
        };
        lines.iter().map(without_slashes).collect()
    }

    pub(super) fn no_initial(&self, place: usize) -> Expr {
        Expr { kind: Box::new(ExprKind::Tuple(Vec::new())), span: self.span(place, place), depth: 1 }
    }

    pub(super) fn layer(&mut self, name: Name, parameters: Vec<Parameter>, members: Vec<Item>) -> ItemKind {
        self.reject_patterns(&parameters);
        for member in &members {
            let fits = matches!(
                member.kind,
                ItemKind::Param(_) | ItemKind::Model { .. } | ItemKind::Function(_) | ItemKind::Error
            );
            if !fits {
                self.diagnostics.push(catalog::not_in_layer(member.span));
            }
        }
        ItemKind::Layer(Layer { name, parameters, members })
    }

    pub(super) fn data(&mut self, name: Name, source: Expr, columns: Option<Vec<Setting>>) -> ItemKind {
        for column in columns.iter().flatten().filter(|column| column.metric) {
            self.diagnostics.push(catalog::metric_in_data(column.name.span));
        }
        ItemKind::Data(Data { name, source, columns })
    }

    pub(super) fn function(
        &mut self,
        name: Name,
        parameters: Vec<Parameter>,
        result: Option<TypeExpr>,
        body: Expr,
    ) -> Function {
        self.reject_patterns(&parameters);
        Function { name, parameters, result, body }
    }

    fn reject_patterns(&mut self, parameters: &[Parameter]) {
        for parameter in parameters {
            if !matches!(parameter.pattern, Pattern::Name(_)) {
                self.diagnostics.push(catalog::pattern_in_function(parameter.pattern.span()));
            }
        }
    }

    // ---- Types ----

    /// `( )` in a type: one type in parentheses, a tuple or a record.
    pub(super) fn grouped_type(
        &mut self,
        start: usize,
        parts: Vec<(Option<Name>, Box<TypeExpr>)>,
        trailing: bool,
        end: usize,
    ) -> TypeExpr {
        let span = self.span(start, end);
        let named = parts.iter().find_map(|(name, _)| name.as_ref()).map(|name| name.span);
        let unnamed = parts.iter().find(|(name, _)| name.is_none()).map(|(_, part)| part.span);
        if let (Some(named), Some(unnamed)) = (named, unnamed) {
            self.diagnostics.push(catalog::mixed_record(unnamed, named));
            return TypeExpr { kind: TypeExprKind::Error, span };
        }
        if named.is_some() {
            let fields = parts.into_iter().filter_map(|(name, part)| Some((name?, *part))).collect();
            return TypeExpr { kind: TypeExprKind::Record(fields), span };
        }
        let mut types: Vec<TypeExpr> = parts.into_iter().map(|(_, part)| *part).collect();
        match types.pop() {
            Some(only) if types.is_empty() && !trailing => TypeExpr { span, ..only },
            last => {
                types.extend(last);
                TypeExpr { kind: TypeExprKind::Tuple(types), span }
            }
        }
    }

    pub(super) fn function_type(
        &mut self,
        start: usize,
        parameters: Vec<TypeExpr>,
        result: TypeExpr,
        end: usize,
    ) -> TypeExpr {
        let span = self.span(start, end);
        if depth::of_type(&result) >= MAX_DEPTH {
            self.report_depth(span);
            return TypeExpr { kind: TypeExprKind::Error, span };
        }
        TypeExpr { kind: TypeExprKind::Function { parameters, result: Box::new(result) }, span }
    }
}

/// For each closing bracket the index of its opening one, for every other token its own. Brackets are balanced.
fn openers(lexemes: &[Lexeme<'_>]) -> Vec<usize> {
    let mut open = Vec::new();
    let opener = |(index, lexeme): (usize, &Lexeme<'_>)| {
        if brackets::closer(lexeme.token).is_some() {
            open.push(index);
        } else if brackets::is_closer(lexeme.token) {
            return open.pop().unwrap_or(index);
        }
        index
    };
    lexemes.iter().enumerate().map(opener).collect()
}
