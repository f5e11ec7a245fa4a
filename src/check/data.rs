//! `data` items: sources, columns, and columns as values.

use super::program::{ColumnSource, DataColumn, DataId, DataSet, Kind, Typed};
use super::raw::RawValues;
use super::scope::{Bound, DataInScope, Frame};
use super::size::Size;
use super::table::{CellProblemKind, RawColumn, RawTable};
use super::types::{Element, Type};
use super::{Checker, Context, Global, sources};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::{actions, data as errors, names, sources as sources_errors};
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
                    let table = format.and_then(|format| self.source_table(format, arguments, data.source.span));
                    table.and_then(|table| self.columns_of(data, table))
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

    /// The data set, and the table if its columns are taken as they are.
    fn columns_of(&mut self, data: &'a ast::Data, table: Arc<RawTable>) -> Option<(DataSet, Option<Arc<RawTable>>)> {
        let (rows, columns) = match &data.columns {
            Some(settings) => self.row_columns(settings, &table)?,
            None => self.all_columns(&table, data.source.span)?,
        };
        if rows == 0 {
            self.report(errors::no_rows(&table.name, "its arrays have no elements", data.source.span));
            return None;
        }
        Some((DataSet::whole(&data.name, rows, columns), data.columns.is_none().then_some(table)))
    }

    /// Columns as expressions of one row, and their number of rows.
    fn row_columns(&mut self, settings: &'a [Setting], table: &Arc<RawTable>) -> Option<(usize, Vec<DataColumn>)> {
        self.check_names(settings);
        let mut used: Vec<(u32, Span)> = Vec::new();
        let columns: Vec<Option<DataColumn>> =
            settings.iter().map(|setting| self.row_column(setting, table, &mut used)).collect();
        let columns: Vec<DataColumn> = columns.into_iter().collect::<Option<_>>()?;
        let rows = |index: u32| table.columns[index as usize].rows();
        let Some((first, _)) = used.first().copied() else { return Some((table.rows, columns)) };
        if let Some((other, span)) = used.iter().find(|(index, _)| rows(*index) != rows(first)) {
            let named = |index: u32| (table.columns[index as usize].name.as_str(), rows(index).unwrap_or_default());
            self.report(sources_errors::arrays_differ(&table.name, named(first), named(*other), *span));
            return None;
        }
        Some((rows(first).unwrap_or(table.rows), columns))
    }

    fn row_column(
        &mut self,
        setting: &'a Setting,
        table: &Arc<RawTable>,
        read: &mut Vec<(u32, Span)>,
    ) -> Option<DataColumn> {
        if states_missing_cells(setting, table) {
            self.later("`missing`", setting.name.span, "fill the empty cells in the file, or leave out their rows");
            return None;
        }
        let mut frame = Frame::default();
        for (index, column) in table.columns.iter().enumerate() {
            let declared = column.header.unwrap_or(setting.name.span);
            let bound = Bound::Example { index: index as u32, ty: entry_type(column), declared };
            frame.bind(column.name.clone(), bound);
        }
        frame.source = Some(table.clone());
        frame.data = Some(DataInScope { data: None, used: Vec::new() });
        let outer = std::mem::replace(&mut self.frame, frame);
        let expression = self.value(&setting.value, None);
        let frame = std::mem::replace(&mut self.frame, outer);
        let used = frame.data.map(|data| data.used).unwrap_or_default();
        let mut columns = Vec::new();
        for index in used {
            columns.push(self.numbers(table, index as usize, setting.value.span)?);
            read.push((index, setting.value.span));
        }
        let ty = expression.ty.clone();
        match &ty {
            Type::Error => None,
            Type::Tensor(..) => {
                let source = ColumnSource::Rows { expression, columns };
                Some(DataColumn { name: setting.name.text.clone(), span: setting.name.span, ty, source })
            }
            other => {
                let text = format!("a column holds numbers or tensors, but this is {other}");
                self.report(errors::bad_column(&text, setting.value.span, "make one column for each part"));
                None
            }
        }
    }

    /// All columns of a file that hold numbers, under their own names, and their number of rows.
    fn all_columns(&mut self, table: &Arc<RawTable>, span: Span) -> Option<(usize, Vec<DataColumn>)> {
        let mut columns = Vec::new();
        let mut first: Option<(&str, usize)> = None;
        for (index, column) in table.columns.iter().enumerate() {
            let Ok(values) = usable(table, index, span) else { continue };
            let named = (column.name.as_str(), values.rows());
            let first = *first.get_or_insert(named);
            if named.1 != first.1 {
                self.report(sources_errors::arrays_differ(&table.name, first, named, span));
                return None;
            }
            let ty = entry_type(column);
            let expression = Typed::new(Kind::Example(0), ty.clone(), span);
            let source = ColumnSource::Rows { expression, columns: vec![values] };
            columns.push(DataColumn { name: column.name.clone(), span, ty, source });
        }
        Some((first.map_or(table.rows, |(_, rows)| rows), columns))
    }

    /// The numbers of a source column, or a message about what is wrong with them.
    fn numbers(&mut self, table: &RawTable, index: usize, used: Span) -> Option<RawValues> {
        match usable(table, index, used) {
            Ok(values) => Some(values),
            Err(diagnostic) => {
                self.report(*diagnostic);
                None
            }
        }
    }

    /// Whether a name is a column of the file that holds no numbers; its first bad cell is reported.
    pub(super) fn unusable_column(&mut self, id: DataId, name: &str, used: Span) -> bool {
        let Some(table) = self.whole_tables.get(&id).cloned() else { return false };
        let index = table.columns.iter().position(|column| column.name == name);
        index.is_some_and(|index| self.numbers(&table, index, used).is_none())
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

    fn check_names(&mut self, settings: &'a [Setting]) {
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
            columns.push(DataColumn { name: setting.name.text.clone(), span: setting.name.span, ty, source });
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

/// The type of one row's entry of a source column.
fn entry_type(column: &RawColumn) -> Type {
    let element = if column.whole { Element::Flexible } else { Element::Real };
    let sizes = column.values.as_ref().map_or(&[][..], RawValues::entry_shape);
    Type::Tensor(element, sizes.iter().map(|size| Size::constant(*size as i64)).collect())
}

/// The numbers of a source column, or what is wrong with them: a cell that is none, no elements, an integer that is no
/// real number.
fn usable(table: &RawTable, index: usize, used: Span) -> Result<RawValues, Box<Diagnostic>> {
    let column = &table.columns[index];
    let name = column.name.as_str();
    let values = column.values.as_ref().map_err(|problem| {
        let (line, place) = (problem.line, problem.place);
        Box::new(match problem.kind {
            CellProblemKind::NotANumber => errors::not_a_number(name, &problem.cell, line, place, used),
            CellProblemKind::Missing => errors::missing_cell(name, line, place, used),
            CellProblemKind::NotFinite => errors::not_finite(name, &problem.cell, line, place, used),
            CellProblemKind::NoNumbers => sources_errors::no_numbers(name, &problem.cell, used),
        })
    })?;
    let count = values.entry_count();
    if values.rows() == 0 || count == 0 {
        let shape: Vec<usize> = std::iter::once(values.rows()).chain(values.entry_shape().iter().copied()).collect();
        return Err(Box::new(sources_errors::empty_column(&table.name, name, &format!("{shape:?}"), used)));
    }
    match values.first_inexact() {
        Some((place, value)) => {
            Err(Box::new(sources_errors::inexact_integer(name, place / count, &value.to_string(), used)))
        }
        None => Ok(values.clone()),
    }
}

/// Whether `missing = …` says what to do with empty cells, rather than names a column.
fn states_missing_cells(setting: &Setting, table: &RawTable) -> bool {
    let ExprKind::Name(choice) = &*setting.value.kind else { return false };
    let is_column = table.columns.iter().any(|column| column.name == *choice);
    setting.name.text == "missing" && ["error", "drop", "mean"].contains(&choice.as_str()) && !is_column
}
