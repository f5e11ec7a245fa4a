//! What the rows of a source hold where an expression asks more of them than being numbers: the labels of `one_hot`, and
//! that columns to be standardized vary.

use super::Checker;
use super::columns::{Draft, example_behind};
use super::data_set::SourceColumn;
use super::program::{Kind, Typed};
use super::raw::RawValues;
use super::size::Size;
use super::table::RawTable;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::columns as errors;
use crate::source::Span;
use std::sync::Arc;

/// A label that a `one_hot` has no place for.
struct Outside {
    /// The place of its column among those that the expression reads.
    column: usize,
    row: usize,
    label: f64,
    classes: usize,
    /// Where the `one_hot` stands.
    span: Span,
}

impl Checker<'_, '_> {
    /// Checks the rows that a column of a set reads, all or those that are kept.
    pub(super) fn check_entries(
        &mut self,
        table: &Arc<RawTable>,
        draft: &Draft,
        read: &[SourceColumn],
        kept: Option<&[u32]>,
    ) -> Option<()> {
        if let Some(outside) = label_outside(&draft.expression, read, kept) {
            let column = draft.used[outside.column] as usize % table.columns.len();
            let cell = self.loader.cell(table, column, outside.row, self.sources);
            self.report(outside.diagnostic(&read[outside.column], cell, outside.span));
            return None;
        }
        let mut rest = vec![&draft.expression];
        while let Some(typed) = rest.pop() {
            typed.kind.for_each_part(&mut |part| rest.push(part));
            let Kind::Standardized(_, value) = &*typed.kind else { continue };
            let place = example_behind(value).map(|place| place as usize);
            if let Some(place) = place.filter(|place| is_constant(&read[*place].values, kept)) {
                self.report(errors::constant_column(&read[place].name, typed.span));
            }
        }
        Some(())
    }
}

/// Checks the labels of all rows that a column's expression reads from another table, which is named at `used`.
///
/// # Errors
/// A label that a `one_hot` has no place for.
pub fn check_labels(expression: &Typed, read: &[SourceColumn], used: Span) -> Result<(), Box<Diagnostic>> {
    match label_outside(expression, read, None) {
        Some(outside) => Err(Box::new(outside.diagnostic(&read[outside.column], None, used))),
        None => Ok(()),
    }
}

impl Outside {
    fn diagnostic(&self, column: &SourceColumn, cell: Option<(usize, Span)>, used: Span) -> Diagnostic {
        let Outside { row, label, classes, .. } = *self;
        match &column.categories {
            None => errors::label_outside(&column.name, label, row, classes, cell, used),
            Some(categories) => {
                let label = categories.name(label as usize);
                errors::too_few_classes(&column.name, (&label, row), categories.count(), classes, cell, used)
            }
        }
    }
}

fn label_outside(expression: &Typed, read: &[SourceColumn], kept: Option<&[u32]>) -> Option<Outside> {
    let mut rest = vec![expression];
    while let Some(typed) = rest.pop() {
        typed.kind.for_each_part(&mut |part| rest.push(part));
        let Kind::OneHot(position) = &*typed.kind else { continue };
        let Some(column) = example_behind(position).map(|place| place as usize) else { continue };
        let classes = typed.ty.sizes().first().and_then(Size::count).unwrap_or_default();
        if let Some((row, label)) = first_outside(&read[column].values, kept, classes) {
            return Some(Outside { column, row, label, classes, span: typed.span });
        }
    }
    None
}

/// The first number that is no position among `classes`, with its row.
fn first_outside(values: &RawValues, kept: Option<&[u32]>, classes: usize) -> Option<(usize, f64)> {
    let numbers = values.reals();
    let is_outside = |row: &usize| numbers.get(*row).is_some_and(|label| !(0.0..classes as f64).contains(label));
    let row = match kept {
        Some(kept) => kept.iter().map(|row| *row as usize).find(is_outside),
        None => (0..numbers.len()).find(is_outside),
    };
    row.map(|row| (row, numbers[row]))
}

/// Whether all rows hold the same number, and there are several.
fn is_constant(values: &RawValues, kept: Option<&[u32]>) -> bool {
    if !values.entry_shape().is_empty() {
        return false;
    }
    let numbers = values.reals();
    let kept: Vec<f64> = match kept {
        Some(kept) => kept.iter().map(|row| numbers[*row as usize]).collect(),
        None => numbers,
    };
    kept.len() > 1 && kept.iter().all(|number| *number == kept[0])
}
