//! The columns of a `data` item that reads files: expressions of one row, over rows without missing cells.

use super::Checker;
use super::annotations::is_name;
use super::cells::Categories;
use super::data_set::{ColumnSource, DataColumn, DataSet, SourceColumn};
use super::program::{Kind, Typed};
use super::raw::RawValues;
use super::scope::{Bound, DataInScope, Frame};
use super::size::Size;
use super::source_columns::{Missing, has_missing, misses, missing_label, numbered, usable};
use super::table::{RawColumn, RawTable};
use super::types::{Element, Type};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::{columns as column_errors, data as errors, sources};
use crate::source::Span;
use crate::syntax::ast::{self, ExprKind, Setting};
use std::sync::Arc;

/// The most elements of a column's entry: batches of them are held whole.
const LARGEST_ENTRY: usize = 1 << 28;

/// A column before its numbers are taken from the source.
pub(super) struct Draft {
    name: String,
    span: Span,
    pub(super) expression: Typed,
    /// The columns of the source that it reads: of `n` columns, `n + i` is column `i` as a category.
    pub(super) used: Vec<u32>,
}

impl<'a> Checker<'a, '_> {
    /// The data set of an item that reads a table.
    pub(super) fn columns_of(&mut self, data: &'a ast::Data, table: &Arc<RawTable>) -> Option<DataSet> {
        let settings = data.columns.as_deref().unwrap_or_default();
        self.check_names(settings);
        let policy = settings.iter().find(|setting| states_missing_cells(setting, table));
        let missing = match policy {
            Some(setting) => self.missing_cells(setting)?,
            None => Missing::Error,
        };
        let is_policy = |setting: &Setting| policy.is_some_and(|policy| std::ptr::eq(policy, setting));
        let written: Vec<&'a Setting> = settings.iter().filter(|setting| !is_policy(setting)).collect();
        let drafts = if data.columns.is_none() || (written.is_empty() && policy.is_some()) {
            all_columns(table, missing, data.source.span)
        } else {
            let drafts: Vec<_> = written.into_iter().map(|setting| self.row_column(setting, table, missing)).collect();
            drafts.into_iter().collect::<Option<_>>()?
        };
        let place = policy.map_or(data.source.span, |setting| setting.value.span);
        self.drafted_set(data, table, drafts, (missing, place))
    }

    /// What `missing = …` says.
    fn missing_cells(&mut self, setting: &'a Setting) -> Option<Missing> {
        match &*setting.value.kind {
            ExprKind::Name(name) if name == "error" => Some(Missing::Error),
            ExprKind::Name(name) if name == "drop" => Some(Missing::Drop),
            ExprKind::Name(name) if name == "mean" => Some(Missing::Mean),
            ExprKind::Error => None,
            _ => {
                self.report(column_errors::bad_missing(setting.value.span));
                None
            }
        }
    }

    fn row_column(&mut self, setting: &'a Setting, table: &Arc<RawTable>, missing: Missing) -> Option<Draft> {
        let mut frame = Frame::default();
        for (index, column) in table.columns.iter().enumerate() {
            let declared = column.header.unwrap_or(setting.name.span);
            let bound = Bound::Example { index: index as u32, ty: entry_type(column, missing), declared };
            frame.source_bounds.push(bound.clone());
            frame.bind(column.name.clone(), bound);
        }
        frame.source = Some(table.clone());
        frame.data = Some(DataInScope { data: None, used: Vec::new() });
        let outer = std::mem::replace(&mut self.frame, frame);
        let expression = self.value(&setting.value, None);
        let frame = std::mem::replace(&mut self.frame, outer);
        let used = frame.data.map(|data| data.used).unwrap_or_default();
        // A bad cell is told even where it is the reason that the expression has no type.
        for index in &used {
            if let Err(diagnostic) = self.source_column(table, *index, missing, setting.value.span) {
                self.report(*diagnostic);
                return None;
            }
        }
        match &expression.ty {
            Type::Error => None,
            Type::Tensor(_, sizes) if !has_entries(sizes) => {
                let text = format!("an entry of this column has more than {LARGEST_ENTRY} elements");
                self.report(errors::bad_column(&text, setting.value.span, "make smaller entries"));
                None
            }
            Type::Tensor(..) => {
                Some(Draft { name: setting.name.text.clone(), span: setting.name.span, expression, used })
            }
            other => {
                let text = format!("a column holds numbers or tensors, but this is {other}");
                self.report(errors::bad_column(&text, setting.value.span, "make one column for each part"));
                None
            }
        }
    }

    /// The set of columns whose expressions are known.
    fn drafted_set(
        &mut self,
        data: &'a ast::Data,
        table: &Arc<RawTable>,
        drafts: Vec<Draft>,
        (missing, place): (Missing, Span),
    ) -> Option<DataSet> {
        let rows = self.common_rows(table, &drafts)?;
        if rows == 0 {
            self.report(errors::no_rows(&table.name, "its arrays have no elements", data.source.span));
            return None;
        }
        let mut columns = Vec::with_capacity(drafts.len());
        for draft in &drafts {
            let read = draft.used.iter().map(|index| self.source_column(table, *index, missing, draft.expression.span));
            let read: Result<Vec<SourceColumn>, _> = read.collect();
            match read {
                Ok(read) => columns.push(read),
                Err(diagnostic) => {
                    self.report(*diagnostic);
                    return None;
                }
            }
        }
        let kept = match missing {
            Missing::Drop => complete_rows(rows, columns.iter().flatten()),
            Missing::Error | Missing::Mean => None,
        };
        let count = kept.as_ref().map_or(rows, Vec::len);
        if count < rows && count == 0 {
            self.report(column_errors::no_complete_row(&table.name, rows, place));
            return None;
        }
        if count < rows {
            self.report(column_errors::rows_left_out(&table.name, rows - count, rows, place));
        }
        for (draft, read) in drafts.iter().zip(&columns) {
            self.check_entries(table, draft, read, kept.as_deref())?;
        }
        let columns = drafts.into_iter().zip(columns).map(|(draft, columns)| {
            let Draft { name, span, expression, .. } = draft;
            let categories = categories_of(&expression, &columns);
            let ty = expression.ty.clone();
            DataColumn { name, span, ty, source: ColumnSource::Rows { expression, columns }, categories }
        });
        let mut set = DataSet::whole(&data.name, count, columns.collect());
        set.selection = kept.map(Arc::new);
        Some(set)
    }

    /// The number of rows of all columns that are read, or a message that they differ.
    fn common_rows(&mut self, table: &RawTable, drafts: &[Draft]) -> Option<usize> {
        let mut first: Option<(&str, usize)> = None;
        for draft in drafts {
            for index in &draft.used {
                let column = &table.columns[*index as usize % table.columns.len()];
                let this = (column.name.as_str(), column.rows().unwrap_or(table.rows));
                let first = *first.get_or_insert(this);
                if this.1 != first.1 {
                    self.report(sources::arrays_differ(&table.name, first, this, draft.expression.span));
                    return None;
                }
            }
        }
        Some(first.map_or(table.rows, |(_, rows)| rows))
    }

    /// A column of the source as an expression reads it, or what is wrong with it.
    fn source_column(
        &mut self,
        table: &Arc<RawTable>,
        index: u32,
        missing: Missing,
        used: Span,
    ) -> Result<SourceColumn, Box<Diagnostic>> {
        let count = table.columns.len() as u32;
        if index < count {
            return usable(table, index as usize, missing, used);
        }
        let column = &table.columns[(index - count) as usize];
        if let Some(error) = missing_label(column, missing, used) {
            return Err(Box::new(error));
        }
        let (categories, values) = self.categories(table, index - count, used)?;
        Ok(SourceColumn { name: column.name.clone(), values, categories: Some(categories), filled: false })
    }

    /// The categories of a column of the source, and the position of each row's label.
    fn categories(
        &mut self,
        table: &Arc<RawTable>,
        index: u32,
        used: Span,
    ) -> Result<(Arc<Categories>, RawValues), Box<Diagnostic>> {
        let is_it = |entry: &&(Arc<RawTable>, u32, Arc<Categories>, RawValues)| {
            Arc::ptr_eq(&entry.0, table) && entry.1 == index
        };
        if let Some((_, _, categories, values)) = self.known_categories.iter().find(is_it) {
            return Ok((categories.clone(), values.clone()));
        }
        let column = &table.columns[index as usize];
        let (categories, codes) = numbered(column, used)?;
        let entry = (categories, RawValues::from_reals(codes));
        self.known_categories.push((table.clone(), index, entry.0.clone(), entry.1.clone()));
        Ok(entry)
    }

    /// `category(species)`: the position of a row's label among all labels of the column in order.
    pub(super) fn category(&mut self, arguments: &'a [ast::Argument], span: Span) -> Typed {
        let Some(table) = self.column_context("category", span) else { return Typed::error(span) };
        let [ast::Argument { name: None, value }] = arguments else {
            return self.fail(column_errors::misused_category(span), span);
        };
        let index = match &*value.kind {
            ExprKind::Name(name) => match self.frame.find(name) {
                Some(Bound::Example { index, .. }) => *index,
                _ => return self.missing_source_column(&table, name, value.span),
            },
            ExprKind::Call { callee, arguments } if is_name(callee, "column") => {
                match self.quoted_column(&table, arguments, value.span) {
                    Some(index) => index,
                    None => return Typed::error(span),
                }
            }
            ExprKind::Error => return Typed::error(span),
            _ => return self.fail(column_errors::misused_category(value.span), span),
        };
        let place = self.use_column(table.columns.len() as u32 + index);
        let code = Typed::new(Kind::Example(place), Type::scalar(Element::Flexible), span);
        if let Err(diagnostic) = self.categories(&table, index, value.span) {
            return self.fail(*diagnostic, span);
        }
        self.convert_element(code, Element::Int)
    }

    /// `column("sepal length")`: a column of the file whose name cannot be written as one.
    pub(super) fn column_by_text(&mut self, arguments: &'a [ast::Argument], span: Span) -> Typed {
        let Some(table) = self.column_context("column", span) else { return Typed::error(span) };
        let Some(index) = self.quoted_column(&table, arguments, span) else { return Typed::error(span) };
        let bound = self.frame.source_bounds.get(index as usize).cloned();
        bound.map_or_else(|| Typed::error(span), |bound| self.bound_name("", bound, span))
    }

    /// The column of the file that a text names, or a message.
    fn quoted_column(&mut self, table: &Arc<RawTable>, arguments: &'a [ast::Argument], span: Span) -> Option<u32> {
        let text = match arguments {
            [ast::Argument { name: None, value }] => match &*value.kind {
                ExprKind::Text(text) => Some((text, value.span)),
                _ => None,
            },
            _ => None,
        };
        let Some((text, place)) = text else {
            self.report(column_errors::misused_column(span));
            return None;
        };
        let index = table.columns.iter().position(|column| column.name == *text);
        if index.is_none() {
            self.missing_source_column(table, text, place);
        }
        index.map(|index| index as u32)
    }

    /// The categories that a value of a column's expression is one of.
    pub(super) fn categories_behind(&mut self, value: &Typed) -> Option<Arc<Categories>> {
        let table = self.frame.source.clone()?;
        let place = example_behind(value)?;
        let index = *self.frame.data.as_ref()?.used.get(place as usize)?;
        let category = index.checked_sub(table.columns.len() as u32)?;
        self.categories(&table, category, value.span).ok().map(|(categories, _)| categories)
    }

    /// `standardize(e)`: less the mean, divided by the standard deviation.
    pub(super) fn standardize(&mut self, arguments: &'a [ast::Argument], span: Span) -> Typed {
        if self.column_context("standardize", span).is_none() {
            return Typed::error(span);
        }
        let [ast::Argument { name: None, value }] = arguments else {
            return self.fail(column_errors::misused_standardize(span), span);
        };
        let outer = self.frame.local().0;
        let typed = self.value(value, None);
        if typed.ty.is_error() {
            return Typed::error(span);
        }
        match typed.ty.element() {
            Some(Element::Real | Element::Flexible | Element::Int) => {}
            _ => {
                let found = typed.ty.to_string();
                return self.fail(column_errors::standardize_type(&found, typed.span), span);
            }
        }
        if reads_local_before(&typed, outer) {
            return self.fail(column_errors::standardize_inside(span), span);
        }
        let typed = self.convert_element(typed, Element::Real);
        let ty = typed.ty.clone();
        self.statistics += 1;
        Typed::new(Kind::Standardized(self.statistics - 1, typed), ty, span)
    }

    /// The table whose columns are in scope, or a message that a function stands elsewhere.
    fn column_context(&mut self, name: &str, span: Span) -> Option<Arc<RawTable>> {
        let table = self.frame.source.clone();
        if table.is_none() {
            self.report(column_errors::outside_columns(name, span));
        }
        table
    }

    /// The place of a column of the source among those that the expression at hand reads.
    pub(super) fn use_column(&mut self, index: u32) -> u32 {
        let Some(data) = self.frame.data.as_mut() else { return 0 };
        let place = data.used.iter().position(|used| *used == index).unwrap_or_else(|| {
            data.used.push(index);
            data.used.len() - 1
        });
        place as u32
    }
}

/// All columns of a file that hold numbers, under their own names.
fn all_columns(table: &RawTable, missing: Missing, span: Span) -> Vec<Draft> {
    let columns = table.columns.iter().enumerate();
    let usable = columns.filter(|(index, _)| usable(table, *index, missing, span).is_ok());
    let drafts = usable.map(|(index, column)| {
        let expression = Typed::new(Kind::Example(0), entry_type(column, missing), span);
        Draft { name: column.name.clone(), span, expression, used: vec![index as u32] }
    });
    drafts.collect()
}

/// The type of one row's entry of a source column.
fn entry_type(column: &RawColumn, missing: Missing) -> Type {
    let filled = missing == Missing::Mean && column.values.is_err();
    let element = if column.whole && !filled { Element::Flexible } else { Element::Real };
    let sizes = column.values.as_ref().map_or(&[][..], RawValues::entry_shape);
    Type::Tensor(element, sizes.iter().map(|size| Size::constant(*size as i64)).collect())
}

/// Whether entries of these sizes can be held.
fn has_entries(sizes: &[Size]) -> bool {
    let count = sizes.iter().filter_map(Size::count).try_fold(1_usize, usize::checked_mul);
    count.is_some_and(|count| count <= LARGEST_ENTRY)
}

/// The column that an integer of an expression is.
pub(super) fn example_behind(value: &Typed) -> Option<u32> {
    match &*value.kind {
        Kind::Example(place) => Some(*place),
        Kind::Convert(inner) => example_behind(inner),
        _ => None,
    }
}

/// The labels of a column that is a category, or a vector of zeros and a one for it.
fn categories_of(expression: &Typed, columns: &[SourceColumn]) -> Option<Arc<Categories>> {
    let value = match &*expression.kind {
        Kind::OneHot(position) => position,
        _ => expression,
    };
    columns.get(example_behind(value)? as usize)?.categories.clone()
}

/// The rows in which no column has a missing value; `None` if these are all.
fn complete_rows<'c>(rows: usize, columns: impl Iterator<Item = &'c SourceColumn>) -> Option<Vec<u32>> {
    let mut complete = vec![true; rows];
    for column in columns.filter(|column| has_missing(&column.values)) {
        for (row, complete) in complete.iter_mut().enumerate() {
            *complete &= !misses(&column.values, row);
        }
    }
    let kept: Vec<u32> = (0..rows as u32).filter(|row| complete[*row as usize]).collect();
    (kept.len() < rows).then_some(kept)
}

/// Whether an expression reads a variable that is bound outside of it: one older than `outer`.
fn reads_local_before(typed: &Typed, outer: u32) -> bool {
    let mut found = matches!(&*typed.kind, Kind::Local(local) if local.0 < outer);
    typed.kind.for_each_part(&mut |part| found = found || reads_local_before(part, outer));
    found
}

/// Whether a setting is `missing = …` and says what to do with missing cells, rather than making a column of one of
/// the source's.
fn states_missing_cells(setting: &Setting, table: &RawTable) -> bool {
    let is_column = |name: &String| table.columns.iter().any(|column| column.name == *name);
    setting.name.text == "missing"
        && !matches!(&*setting.value.kind, ExprKind::Name(name) if is_column(name))
        && matches!(
            &*setting.value.kind,
            ExprKind::Name(_) | ExprKind::Text(_) | ExprKind::Integer { .. } | ExprKind::Real { .. }
        )
}
