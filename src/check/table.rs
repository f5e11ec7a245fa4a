//! What the checker needs to know of a data file. The `data` room reads files and provides it.

use crate::diagnostics::Diagnostic;
use crate::source::{SourceMap, Span};
use std::path::Path;
use std::sync::Arc;

/// A table as read from a file.
#[derive(Clone, Debug)]
pub struct RawTable {
    /// The file's name, for messages.
    pub name: String,
    /// Its columns in order.
    pub columns: Vec<RawColumn>,
    /// The number of rows.
    pub rows: usize,
}

/// A column as read from a file.
#[derive(Clone, Debug)]
pub struct RawColumn {
    /// Its name.
    pub name: String,
    /// Its name's place in the file.
    pub header: Option<Span>,
    /// Its numbers, or the first cell that is none.
    pub values: Result<Arc<Vec<f64>>, CellProblem>,
    /// Whether all its numbers are whole.
    pub whole: bool,
}

/// A cell that cannot be used as a number.
#[derive(Clone, Debug)]
pub struct CellProblem {
    /// What is wrong.
    pub kind: CellProblemKind,
    /// The cell's text.
    pub cell: String,
    /// Its line, from 1.
    pub line: usize,
    /// Its place.
    pub place: Span,
}

/// What is wrong with a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellProblemKind {
    /// Text.
    NotANumber,
    /// Nothing.
    Missing,
    /// NaN or infinite.
    NotFinite,
}

/// Reads tables for the checker.
pub trait TableLoader {
    /// Reads a file of comma-separated values. The text (or the part that a message shows) is added to `sources`.
    ///
    /// # Errors
    /// A diagnostic at `span` (where the program names the file) or inside the file.
    fn csv(&mut self, path: &Path, span: Span, sources: &mut SourceMap) -> Result<Arc<RawTable>, Box<Diagnostic>>;
}
