//! What the checker needs to know of a data file. The `data` room reads files and provides it.

use super::cells::{Categories, Cells};
use super::raw::RawValues;
use crate::diagnostics::Diagnostic;
use crate::source::{SourceMap, Span};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// A table as read from a file.
#[derive(Clone, Debug)]
pub struct RawTable {
    /// The file's name, for messages.
    pub name: String,
    /// Its columns in order.
    pub columns: Vec<RawColumn>,
    /// The number of rows: of all columns of a table in text, of the first array of numbers in other files, whose arrays may
    /// differ.
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
    pub values: Result<RawValues, CellProblem>,
    /// Whether all its numbers are whole.
    pub whole: bool,
    /// Its cells, if it is a column of a text and some cells are no numbers.
    pub cells: Option<Arc<Cells>>,
    /// The labels that it is numbered by once it is read as a category; before, only where they are settled.
    pub labels: Arc<OnceLock<Arc<Categories>>>,
}

impl RawColumn {
    /// Its number of rows, if it has numbers.
    pub fn rows(&self) -> Option<usize> {
        self.values.as_ref().ok().map(RawValues::rows)
    }
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

impl CellProblem {
    /// Whether there is no value, rather than a wrong one. `nan` says that, too.
    pub fn is_missing(&self) -> bool {
        let letters = self.cell.trim_start_matches(['+', '-']).to_ascii_lowercase();
        let is_nan = letters.starts_with("nan") || ["1.#qnan", "1.#snan", "1.#ind"].contains(&letters.as_str());
        self.kind == CellProblemKind::Missing || (self.kind == CellProblemKind::NotFinite && is_nan)
    }
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
    /// All of the array is something else than numbers: the cell's text says what, and it has no place.
    NoNumbers,
}

/// The format of a data file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Format {
    /// Delimited text with a line of names; the delimiter is seen in the header unless it is given.
    Csv {
        /// The delimiter, an ASCII character.
        delimiter: Option<u8>,
    },
    /// One array of NumPy.
    Npy,
    /// Named arrays of NumPy in a zip archive.
    Npz,
    /// One array as the MNIST files have it.
    Idx,
    /// Named tensors.
    Safetensors,
}

impl Format {
    /// The name of the source in a program.
    pub fn name(self) -> &'static str {
        match self {
            Format::Csv { .. } => "csv",
            Format::Npy => "npy",
            Format::Npz => "npz",
            Format::Idx => "idx",
            Format::Safetensors => "safetensors",
        }
    }
}

/// Reads tables for the checker.
pub trait TableLoader {
    /// Reads a file. Of a text, the part that messages show is added to `sources`.
    ///
    /// A file of one array has one column: `values` for NPY; for IDX `label` if its entries are numbers, else `pixels`.
    ///
    /// # Errors
    /// A diagnostic at `span` (where the program names the file) or inside the file.
    fn load(
        &mut self,
        path: &Path,
        format: Format,
        span: Span,
        sources: &mut SourceMap,
    ) -> Result<Arc<RawTable>, Box<Diagnostic>>;

    /// The place of a cell of a table that was read, with its line; `None` where the file is no text, or has changed.
    fn cell(
        &mut self,
        table: &Arc<RawTable>,
        column: usize,
        row: usize,
        sources: &mut SourceMap,
    ) -> Option<(usize, Span)>;
}
