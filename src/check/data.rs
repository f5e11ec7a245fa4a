//! `data` items: sources, columns, and columns as values.

use super::program::{ColumnSource, DataColumn, DataId, DataSet, Kind, Typed};
use super::scope::{Bound, DataInScope, Frame};
use super::size::Size;
use super::source_columns::{Missing, usable};
use super::table::RawTable;
use super::types::{Element, Type};
use super::{Checker, Context, Global, sources};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::{actions, data as errors, names};
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind, Setting};
use std::sync::Arc;

impl<'a> Checker<'a, '_> {
    /// Checks a `data` item and enters it.
    pub(super) fn data_set(&mut self, data: &'a ast::Data) {
        let set = match &*data.source.kind {
            ExprKind::Name(name) if name == "table" => self.table(data).map(|set| (set, None)),
            ExprKind::Call { callee, arguments } => match &*callee.kind {
                ExprKind::Name(name) if sources::format(name).is_some() => {
                    let format = sources::format(name);
                    let first = self.program.files.len();
                    let table = format.and_then(|format| self.source_table(format, arguments, data.source.span));
                    let files = first..self.program.files.len();
                    table.and_then(|table| {
                        let set = DataSet { files, ..self.columns_of(data, &table)? };
                        Some((set, data.columns.is_none().then_some(table)))
                    })
                }
                ExprKind::Name(name) if name == "split" => {
                    self.report(errors::misplaced_split(data.source.span));
                    None
                }
                _ => {
                    self.report(errors::unknown_source(&self.text(callee.span), callee.span));
                    None
                }
            },
            ExprKind::Error => None,
            _ => {
                let text = self.text(data.source.span);
                self.report(errors::unknown_source(&text, data.source.span));
                None
            }
        };
        let id = set.map(|(set, whole)| {
            self.program.data.push(set);
            let id = DataId(self.program.data.len() as u32 - 1);
            self.whole_tables.extend(whole.map(|table| (id, table)));
            id
        });
        self.data.insert(&data.name.text, id);
    }

    /// Whether a name is a column of the file that holds no numbers; its first bad cell is reported.
    pub(super) fn unusable_column(&mut self, id: DataId, name: &str, used: Span) -> bool {
        let Some(table) = self.whole_tables.get(&id).cloned() else { return false };
        let index = table.columns.iter().position(|column| column.name == name);
        match index.map(|index| usable(&table, index, Missing::Error, used)) {
            Some(Err(diagnostic)) => {
                self.report(*diagnostic);
                true
            }
            _ => false,
        }
    }

    /// A column that the file does not have.
    pub(super) fn missing_source_column(&mut self, table: &Arc<RawTable>, name: &str, span: Span) -> Typed {
        let known: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let same = table.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
        let near = crate::diagnostics::nearest(name, known.iter().copied());
        let near = same.or_else(|| table.columns.iter().find(|column| Some(column.name.as_str()) == near));
        let header = near.and_then(|column| Some((column.header?, column.name.as_str())));
        let error = errors::no_such_source_column(&table.name, name, span, header, known.iter().copied());
        self.fail(error, span)
    }

    pub(super) fn check_names(&mut self, settings: &'a [Setting]) {
        for (place, setting) in settings.iter().enumerate() {
            if let Some(first) = settings[..place].iter().find(|first| first.name.text == setting.name.text) {
                self.report(actions::duplicate_setting(&setting.name.text, setting.name.span, first.name.span));
            }
        }
    }

    /// `table { x = [[0, 0], [0, 1]], y = [0, 1] }`.
    fn table(&mut self, data: &'a ast::Data) -> Option<DataSet> {
        let settings = data.columns.as_deref().unwrap_or_default();
        self.check_names(settings);
        let mut rows: Option<(usize, &str, Span)> = None;
        let mut columns = Vec::new();
        let mut failed = false;
        for setting in settings {
            let value = self.value(&setting.value, None);
            let Type::Tensor(element, sizes) = &value.ty else {
                if !value.ty.is_error() {
                    let text = format!("a column holds numbers or tensors, but this is {}", value.ty);
                    self.report(errors::bad_column(&text, value.span, "make one column for each part"));
                }
                failed = true;
                continue;
            };
            let Some(count) = sizes.first().and_then(Size::count) else {
                let help = "write a list with one entry for each example: `y = [0, 1, 1, 0]`";
                self.report(errors::bad_column("a column of a table has an entry for each example", value.span, help));
                failed = true;
                continue;
            };
            match rows {
                Some((first, name, span)) if first != count => {
                    let other = (setting.name.text.as_str(), count, setting.value.span);
                    self.report(errors::row_counts_differ((name, first, span), other));
                    failed = true;
                }
                Some(_) => {}
                None => rows = Some((count, &setting.name.text, setting.value.span)),
            }
            let ty = Type::Tensor(*element, sizes[1..].to_vec());
            let source = ColumnSource::Whole(value);
            let (name, span) = (setting.name.text.clone(), setting.name.span);
            columns.push(DataColumn { name, span, ty, source, categories: None });
        }
        match rows {
            Some((rows, _, _)) if rows > 0 && !failed => Some(DataSet::whole(&data.name, rows, columns)),
            _ if failed => None,
            _ => {
                let help = "give at least one column with at least one entry";
                self.report(errors::bad_column("this table has no examples", data.name.span, help));
                None
            }
        }
    }

    /// The data set of this name, or a message.
    pub(super) fn data_named(&mut self, name: &str, span: Span) -> Option<DataId> {
        if let Some(diagnostic) = self.set_before_let(name, span) {
            self.report(diagnostic);
            return None;
        }
        if let Some(id) = self.data.get(name) {
            return *id;
        }
        let known: Vec<&str> = super::annotations::sorted(self.data.keys().copied().collect());
        self.report(names::unknown_data(name, span, known));
        None
    }

    /// The message that a part of a set is used above the `let` that makes it, if it is.
    fn set_before_let(&self, name: &str, span: Span) -> Option<Diagnostic> {
        let position = *self.set_positions.get(name)?;
        let (_, binding) = self.globals.get(name)?;
        // Before the run all parts are known, in definitions wherever they stand.
        let is_late = match self.context {
            Context::Run => position > self.position,
            Context::Before => !self.data.contains_key(name),
        };
        is_late.then(|| names::used_before_let(name, span, *binding))
    }

    /// `iris.x`: the whole column, rows leading.
    pub(super) fn whole_column(&mut self, data: &'a str, name: &'a ast::Name, span: Span) -> Typed {
        if let Some(diagnostic) = self.set_before_let(data, span) {
            return self.fail(diagnostic, span);
        }
        let Some(Some(id)) = self.data.get(data).copied() else { return Typed::error(span) };
        let is_there = self.program.data[id.0 as usize].columns.iter().any(|column| column.name == name.text);
        if !is_there && self.unusable_column(id, &name.text, name.span) {
            return Typed::error(span);
        }
        let set = &self.program.data[id.0 as usize];
        let Some(index) = set.columns.iter().position(|column| column.name == name.text) else {
            let known: Vec<&str> = set.columns.iter().map(|column| column.name.as_str()).collect();
            let declared = set.span;
            let error = names::unknown_column(data, &name.text, name.span, declared, known.iter().copied());
            return self.fail(error, span);
        };
        let column = &set.columns[index];
        let mut sizes = vec![Size::constant(set.rows as i64)];
        sizes.extend(column.ty.sizes().iter().cloned());
        let ty = Type::Tensor(column.ty.element().unwrap_or(Element::Real), sizes);
        Typed::new(Kind::Column(id, index as u32), ty, span)
    }

    /// The names of a data set's columns as entries of one example.
    pub(super) fn columns_in_scope(&self, id: DataId) -> Frame {
        let mut frame = Frame::default();
        for (index, column) in self.program.data[id.0 as usize].columns.iter().enumerate() {
            let bound = Bound::Example { index: index as u32, ty: column.ty.clone(), declared: column.span };
            frame.bind(column.name.clone(), bound);
        }
        frame.data = Some(DataInScope { data: Some(id), used: Vec::new() });
        frame
    }

    /// Whether a name is a data set.
    pub(super) fn is_data(&self, name: &str) -> bool {
        matches!(self.globals.get(name), Some((Global::Data, _)))
    }
}
