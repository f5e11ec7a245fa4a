//! Data sets of a checked program.

use super::cells::Categories;
use super::program::{Kind, Typed};
use super::raw::RawValues;
use super::types::Type;
use crate::source::Span;
use crate::syntax::ast::Name;
use std::ops::Range;
use std::sync::Arc;

/// A data set whose columns are expressions over a source.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
    /// The number of examples.
    pub rows: usize,
    /// Its columns.
    pub columns: Vec<DataColumn>,
    /// Which rows of its source it has, in order; `None` for all.
    pub selection: Option<Arc<Vec<u32>>>,
    /// The rows of its source that its columns' statistics are taken of; `None` for its own.
    pub fitted_on: Option<Arc<Vec<u32>>>,
    /// Whether it is a part of another set.
    pub part: bool,
    /// The files that it is read from, by their places among those of the program.
    pub files: Range<usize>,
}

impl DataSet {
    /// A set of all rows of its source.
    pub fn whole(name: &Name, rows: usize, columns: Vec<DataColumn>) -> Self {
        let (name, span) = (name.text.clone(), name.span);
        DataSet { name, span, rows, columns, selection: None, fitted_on: None, part: false, files: 0..0 }
    }
}

/// A column of a data set.
#[derive(Clone, Debug)]
pub struct DataColumn {
    /// Its name.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
    /// The type of one example's entry.
    pub ty: Type,
    /// How it is made.
    pub source: ColumnSource,
    /// What its whole numbers, or the places in its vectors of zeros and a one, stand for.
    pub categories: Option<Arc<Categories>>,
}

/// How a column is made.
#[derive(Clone, Debug)]
pub enum ColumnSource {
    /// An expression of one row of the source; `Kind::Example(i)` is the source's column `columns[i]`.
    Rows { expression: Typed, columns: Vec<SourceColumn> },
    /// The whole column at once, rows leading.
    Whole(Typed),
}

impl ColumnSource {
    /// Whether it can only be computed with what is known of the rows that are trained on.
    pub fn is_prepared(&self) -> bool {
        let ColumnSource::Rows { expression, columns } = self else { return false };
        let mut standardizes = false;
        expression.visit(&mut |part| standardizes |= matches!(&*part.kind, Kind::Standardized(..)));
        standardizes || columns.iter().any(|column| column.filled || column.categories.is_some())
    }
}

/// A column of a source as the expression of a row reads it.
#[derive(Clone, Debug)]
pub struct SourceColumn {
    /// Its name in the source.
    pub name: String,
    /// Its numbers; of categories, the positions of the labels.
    pub values: RawValues,
    /// The labels, if it is read as a category.
    pub categories: Option<Arc<Categories>>,
    /// Whether NaN stands for a missing value, to be replaced by the mean of the others; here or in another table.
    pub filled: bool,
}
