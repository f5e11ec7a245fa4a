//! Items, in files and in the braces of tests and layers.

use pretty::DocAllocator;

use super::printer::{Doc, INDENT, Layout, Printer};
use crate::syntax::ast::{
    Action, Assert, AssertKind, Data, Expr, File, Function, Import, Item, ItemKind, Layer, Let, Param, Tolerance,
};

/// The kinds of items whose `=` stand in one column where they follow one another line by line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aligned {
    Const,
    Param,
    Data,
}

fn aligned(item: &Item) -> Option<Aligned> {
    match &item.kind {
        ItemKind::Const { .. } => Some(Aligned::Const),
        ItemKind::Param(param) if param.has_initial() => Some(Aligned::Param),
        ItemKind::Data(_) => Some(Aligned::Data),
        _ => None,
    }
}

impl<'a> Printer<'a> {
    /// A whole file.
    pub(super) fn file(&mut self, file: &File) -> Doc<'a> {
        let items = self.items(&file.items, true);
        let end = self.closing_comments(true);
        self.fault |= self.next + 1 != self.words.words.len();
        items.append(end)
    }

    /// Items line by line. At the start of a file nothing stands before the first one.
    fn items(&mut self, items: &[Item], starts_file: bool) -> Doc<'a> {
        let columns = self.columns(items);
        let mut doc = self.nil();
        for (index, (item, column)) in items.iter().zip(columns).enumerate() {
            let line = if starts_file && index == 0 { self.nil() } else { self.arena.line() };
            doc = doc.append(self.behind()).append(line).append(self.lead(index == 0));
            doc = doc.append(self.item(item, column));
        }
        doc.append(self.behind())
    }

    /// For each item the column of its `=`, counted from its start; 0 where it follows as usual.
    fn columns(&self, items: &[Item]) -> Vec<usize> {
        let mut columns = vec![0; items.len()];
        let mut start = 0;
        while start < items.len() {
            let Some(kind) = aligned(&items[start]) else {
                start += 1;
                continue;
            };
            let joins = |item: &&Item| aligned(item) == Some(kind) && self.follows_directly(item.span.start);
            let length = 1 + items[start + 1..].iter().take_while(joins).count();
            let widths = items[start..start + length].iter().map(|item| self.head_width(item));
            let widest = widths.max().unwrap_or(0);
            columns[start..start + length].fill(widest);
            start += length;
        }
        columns
    }

    /// Whether only a line break stands before the word at this place.
    pub(super) fn follows_directly(&self, start: u32) -> bool {
        let word = &self.words.words[self.words.at(start)];
        let own_line = |comment: &super::words::Comment<'_>| !comment.behind;
        !word.blank && !self.words.comments[word.comments.clone()].iter().any(own_line)
    }

    fn head_width(&self, item: &Item) -> usize {
        let mut scratch = self.clone();
        scratch.move_to(item.span.start);
        let head = scratch.head(item);
        self.width(&head)
    }

    /// What stands before `=` of an item whose `=` may be aligned.
    fn head(&mut self, item: &Item) -> Doc<'a> {
        match &item.kind {
            ItemKind::Param(param) => self.param_head(param),
            _ => self.word().append(self.arena.space()).append(self.word()),
        }
    }

    /// Blanks from the end of a head to a column, at least one.
    pub(super) fn pad(&self, width: usize, column: usize) -> Doc<'a> {
        self.arena.text(" ".repeat(1 + column.saturating_sub(width)))
    }

    fn padded_head(&mut self, item: &Item, column: usize) -> Doc<'a> {
        let head = self.head(item);
        let pad = self.pad(self.width(&head), column);
        head.append(pad)
    }

    fn item(&mut self, item: &Item, column: usize) -> Doc<'a> {
        match &item.kind {
            ItemKind::Import(import) => self.import(import),
            ItemKind::Precision(_) => self.spaced(&["precision"]).append(self.arena.space()).append(self.word()),
            ItemKind::Const { value, .. } => {
                self.padded_head(item, column).append(self.expect("=")).append(self.after_sign(value))
            }
            ItemKind::Type { sizes, definition, .. } => {
                let mut head = self.expect("type").append(self.arena.space()).append(self.word());
                if self.at("[") {
                    head = head.append(self.list(["[", "]"], Layout::PLAIN, sizes, |printer, _| printer.word()));
                }
                head.append(self.equals()).append(self.type_expr(definition))
            }
            ItemKind::Function(function) => self.function("fn", function),
            ItemKind::Derivative(function) => self.function("derivative", function),
            ItemKind::Param(param) if param.has_initial() => {
                self.padded_head(item, column).append(self.expect("=")).append(self.after_sign(&param.initial))
            }
            ItemKind::Param(param) => self.param_head(param),
            ItemKind::Layer(layer) => self.layer(layer),
            ItemKind::Model { value, .. } => {
                let head = self.expect("model").append(self.arena.space()).append(self.word());
                head.append(self.arena.space()).append(self.expect("=")).append(self.after_sign(value))
            }
            ItemKind::Data(data) => {
                let head = self.padded_head(item, column);
                self.data(head, data)
            }
            ItemKind::Let(binding) => self.binding(binding),
            ItemKind::Action(action) => self.action(action),
            ItemKind::Print(values) => self.print(values),
            ItemKind::Plot(plot) => self.expect("plot").append(self.arena.space()).append(self.expr(plot)),
            ItemKind::Save { path, values } => self.saving("save", path, values),
            ItemKind::Load { path, values } => self.saving("load", path, values),
            ItemKind::Assert(assert) => self.assert(assert),
            ItemKind::Test { body, .. } => {
                let head = self.expect("test").append(self.arena.space()).append(self.word());
                head.append(self.arena.space()).append(self.body(body))
            }
            ItemKind::Error => {
                self.fault = true;
                self.nil()
            }
        }
    }

    /// ` = `.
    fn equals(&mut self) -> Doc<'a> {
        self.arena.space().append(self.expect("=")).append(self.arena.space())
    }

    fn import(&mut self, import: &Import) -> Doc<'a> {
        let mut doc = self.expect("import").append(self.arena.space()).append(self.word());
        if import.alias.is_some() {
            doc = doc.append(self.renaming());
        }
        if let Some(names) = &import.names {
            let names = self.list(["(", ")"], Layout::PLAIN, names, |printer, (_, alias)| {
                let name = printer.word();
                if alias.is_some() { name.append(printer.renaming()) } else { name }
            });
            doc = doc.append(self.arena.space()).append(names);
        }
        doc
    }

    /// ` as name`.
    fn renaming(&mut self) -> Doc<'a> {
        self.arena.space().append(self.expect("as")).append(self.arena.space()).append(self.word())
    }

    /// `fn name(parameters) -> result = body`.
    pub(super) fn function(&mut self, keyword: &str, function: &Function) -> Doc<'a> {
        let name = self.expect(keyword).append(self.arena.space()).append(self.word());
        let mut rest = self.open_list(["(", ")"], Layout::PLAIN, &function.parameters, Printer::parameter);
        if let Some(result) = &function.result {
            rest = rest.append(self.arena.space()).append(self.expect("->")).append(self.arena.space());
            rest = rest.append(self.type_expr(result));
        }
        let head = name.append(rest.group());
        head.append(self.arena.space()).append(self.expect("=")).append(self.after_sign(&function.body))
    }

    fn param_head(&mut self, param: &Param) -> Doc<'a> {
        let keywords: &[&str] = if param.frozen { &["frozen", "param"] } else { &["param"] };
        let mut doc = self.spaced(keywords).append(self.arena.space()).append(self.word());
        doc = doc.append(self.annotation(param.annotation.as_ref()));
        if let Some(domain) = &param.domain {
            doc = doc.append(self.arena.space()).append(self.expect("in")).append(self.arena.space());
            doc = doc.append(self.expr(domain));
        }
        doc
    }

    fn layer(&mut self, layer: &Layer) -> Doc<'a> {
        let mut head = self.expect("layer").append(self.arena.space()).append(self.word());
        if self.at("(") {
            head = head.append(self.list(["(", ")"], Layout::PLAIN, &layer.parameters, Printer::parameter));
        }
        head.append(self.arena.space()).append(self.body(&layer.members))
    }

    fn data(&mut self, head: Doc<'a>, data: &Data) -> Doc<'a> {
        let head = head.append(self.expect("="));
        match &data.columns {
            None => head.append(self.after_sign(&data.source)),
            Some(columns) => {
                let source = self.arena.space().append(self.expr(&data.source)).append(self.arena.space());
                head.append(source).append(self.settings(columns))
            }
        }
    }

    /// `let pattern: type = value`.
    pub(super) fn binding(&mut self, binding: &Let) -> Doc<'a> {
        let head = self.expect("let").append(self.arena.space()).append(self.pattern(&binding.pattern));
        let head = head.append(self.annotation(binding.annotation.as_ref())).append(self.arena.space());
        head.append(self.expect("=")).append(self.after_sign(&binding.value))
    }

    fn action(&mut self, action: &Action) -> Doc<'a> {
        let mut head = self.word().append(self.arena.space());
        if action.name.is_some() {
            head = head.append(self.word()).append(self.arena.space());
        }
        head.append(self.settings(&action.settings))
    }

    /// `print a, b`; a line takes as many values as it can.
    fn print(&mut self, values: &[Expr]) -> Doc<'a> {
        let mut doc = self.expect("print");
        for (index, value) in values.iter().enumerate() {
            let comma = if index == 0 { self.nil() } else { self.expect(",") };
            let has_comments = self.has_comments();
            let behind = self.behind();
            let above = self.above(false);
            let value = self.expr(value);
            doc = doc.append(comma).append(behind).append(match index {
                0 => self.arena.space().append(above).append(value),
                _ if has_comments => self.arena.hardline().append(above).append(value),
                _ => self.fill(value),
            });
        }
        doc.nest(INDENT)
    }

    fn saving(&mut self, action: &str, path: &Expr, values: &[Expr]) -> Doc<'a> {
        let mut doc = self.expect(action).append(self.arena.space()).append(self.expr(path));
        for value in values {
            let line = self.expect(",").append(self.next_line());
            doc = doc.append(line.append(self.expr(value)).nest(INDENT));
        }
        doc.group()
    }

    fn assert(&mut self, assert: &Assert) -> Doc<'a> {
        let head = self.expect("assert").append(self.arena.space());
        match &assert.kind {
            AssertKind::Holds { condition, within } => {
                let doc = head.append(self.expr(condition));
                let Some(Tolerance { value, ulp }) = within else { return doc };
                let within = self.arena.space().append(self.expect("within")).append(self.arena.space());
                let doc = doc.append(within).append(self.expr(value));
                if *ulp { doc.append(self.arena.space()).append(self.expect("ulp")) } else { doc }
            }
            AssertKind::Fails { body, .. } => {
                let head = head.append(self.expect("fails")).append(self.arena.space()).append(self.word());
                head.append(self.arena.space()).append(self.body(body))
            }
        }
    }

    /// The braces of a test or layer. One item that was written on their line stays there.
    fn body(&mut self, items: &[Item]) -> Doc<'a> {
        if items.is_empty() {
            return self.empty_braces();
        }
        let open = self.expect("{");
        let forced = if items.len() > 1 { self.force() } else { self.kept_open() };
        let inner = self.items(items, false);
        let doc = self.braces(open.append(forced), inner);
        doc.group()
    }
}
