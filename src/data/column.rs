//! A column of a text while it is read: numbers as long as cells hold them, and the texts of a column that has some.

use super::cell;
use super::layout::Place;
use crate::check::cells::{Cells, Texts};
use crate::check::raw::RawValues;
use crate::check::table::{CellProblem, CellProblemKind, RawColumn};
use crate::source::Span;
use std::collections::HashMap;
use std::sync::Arc;

/// A cell that holds no number.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    kind: CellProblemKind,
    cell: String,
    pub place: Place,
}

/// A column while it is read.
#[derive(Clone, Debug, Default)]
pub(super) struct Column {
    /// The numbers, NaN where a cell is missing; nothing any more once another cell holds no number.
    values: Vec<f64>,
    /// Rows so far.
    rows: usize,
    /// Whether a number is not whole.
    has_fractions: bool,
    /// The first cell of each kind that holds no number, in order.
    pub problems: Vec<Problem>,
    texts: Option<Dictionary>,
    /// Whether `texts` has all rows: the first of them are read again if not.
    complete: bool,
}

/// Texts, each different one once.
#[derive(Clone, Debug, Default)]
struct Dictionary {
    places: HashMap<Box<str>, u32>,
    rows: Vec<u32>,
}

impl Dictionary {
    fn push(&mut self, cell: &str) {
        let text = cell::trim(cell);
        let place = match self.places.get(text) {
            Some(place) => *place,
            None if cell::is_missing(text) => Texts::MISSING,
            None => {
                let place = self.places.len() as u32;
                self.places.insert(text.into(), place);
                place
            }
        };
        self.rows.push(place);
    }

    fn finish(self) -> Texts {
        let mut distinct = vec![String::new(); self.places.len()];
        #[allow(clippy::iter_over_hash_type, reason = "each goes to its place")]
        for (text, place) in self.places {
            distinct[place as usize] = text.into();
        }
        Texts { distinct, rows: self.rows }
    }
}

impl Column {
    /// The next cell.
    pub(super) fn push(&mut self, cell: &str, place: impl FnOnce() -> Place) {
        let number = cell::number(cell);
        if let Err(kind) = number {
            self.bad_cell(cell, kind, place);
        }
        if let Some(texts) = &mut self.texts {
            texts.push(cell);
        } else if self.holds_numbers() {
            let value = number.unwrap_or(f64::NAN);
            self.has_fractions |= number.is_ok() && !cell::is_whole(value);
            self.values.push(value);
        }
        self.rows += 1;
    }

    fn bad_cell(&mut self, cell: &str, kind: CellProblemKind, place: impl FnOnce() -> Place) {
        let missing = cell::is_missing(cell::trim(cell));
        let is_known = |known: &Problem| known.kind == kind && cell::is_missing(&known.cell) == missing;
        if !self.problems.iter().any(is_known) {
            self.problems.push(Problem { kind, cell: cell::shown(cell::trim(cell)), place: place() });
        }
        if kind == CellProblemKind::NotANumber && self.texts.is_none() {
            self.complete = self.rows == 0;
            self.texts = Some(Dictionary::default());
        }
        if !missing {
            self.values = Vec::new();
        }
    }

    fn holds_numbers(&self) -> bool {
        self.problems.iter().all(|problem| cell::is_missing(&problem.cell))
    }

    /// Whether the texts of its first rows were passed over, because they were numbers.
    pub(super) fn wants_first_rows(&self) -> bool {
        self.texts.is_some() && !self.complete
    }

    /// Begins its texts anew, for all rows to be read again.
    pub(super) fn begin_texts(&mut self) {
        self.texts = Some(Dictionary::default());
        self.complete = true;
    }

    /// A cell of a row that is read again.
    pub(super) fn push_text(&mut self, cell: &str) {
        if let Some(texts) = &mut self.texts {
            texts.push(cell);
        }
    }

    /// The column, with a place for each of its problems.
    pub(super) fn finish(self, name: String, header: Span, mut places: impl Iterator<Item = Span>) -> RawColumn {
        let holds_numbers = self.holds_numbers();
        let whole = holds_numbers && !self.has_fractions;
        let problems = self.problems.into_iter().map(|Problem { kind, cell, place }| CellProblem {
            kind,
            cell,
            line: place.line,
            place: places.next().unwrap_or(header),
        });
        let problems: Vec<CellProblem> = problems.collect();
        let header = Some(header);
        match problems.first().cloned() {
            None => RawColumn {
                name,
                header,
                values: Ok(RawValues::from_reals(self.values)),
                whole,
                cells: None,
                labels: Arc::default(),
            },
            Some(first) => {
                let numbers = holds_numbers.then(|| RawValues::from_reals(self.values));
                let texts = self.texts.map(|texts| Arc::new(texts.finish()));
                let cells = Some(Arc::new(Cells { problems, numbers, texts }));
                RawColumn { name, header, values: Err(first), whole, cells, labels: Arc::default() }
            }
        }
    }
}
