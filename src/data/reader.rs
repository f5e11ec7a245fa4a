//! From the text of a file to a table.

use super::cell;
use super::column::Column;
use super::excerpt::excerpt;
use super::layout::{self, Fault, Place};
use crate::check::table::RawTable;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::data as errors;
use crate::source::{SourceId, Span};
use csv::{ByteRecord, ReaderBuilder};
use std::collections::HashMap;

/// Why a text is no table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It has no rows below the header, or not even a header.
    NoRows(&'static str),
    /// A place in it is wrong.
    At(Place, Wrong),
}

/// What is wrong at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// The layout.
    Layout(Fault),
    /// A column name.
    Header(String),
    /// The number of cells in a row.
    Ragged {
        /// As many as the header has.
        expected: usize,
        /// As many as the row has.
        found: usize,
    },
}

impl Wrong {
    /// The message: `place` is in the file, `used` where the program names the file.
    pub(super) fn diagnostic(&self, line: usize, place: Span, used: Span) -> Diagnostic {
        let (problem, help) = match self {
            Wrong::Header(problem) => return errors::bad_header(problem, place, used),
            Wrong::Ragged { expected, found } => return errors::ragged_row(line, *expected, *found, place, used),
            Wrong::Layout(Fault::Unclosed) => {
                ("a cell starts with a quote that is never closed", "close the quote at the end of the cell")
            }
            Wrong::Layout(Fault::AfterQuote) => (
                "a quoted cell goes on after its closing quote",
                "quote the whole cell, and write a quote inside it twice: \"\"",
            ),
            Wrong::Layout(Fault::BeforeQuote) => {
                ("a cell has blanks before its opening quote", "remove the blanks between the delimiter and the quote")
            }
            Wrong::Layout(Fault::CarriageReturn) => {
                ("a carriage return does not end its line", "save the file with the line ends of Unix or of Windows")
            }
            Wrong::Layout(Fault::BlankLine) => {
                ("there is nothing", "remove the blank line, or fill in what is missing")
            }
        };
        errors::bad_layout(problem, line, place, used, help)
    }
}

/// A table whose spans point into an excerpt of its file; which source that is, is decided later.
#[derive(Clone, Debug)]
pub(super) struct Parsed {
    /// The table.
    pub table: RawTable,
    /// The lines that its spans lie in.
    pub excerpt: String,
}

/// Reads a text of comma-separated values.
pub(super) fn parse(name: &str, text: &str, delimiter: Option<u8>) -> Result<Parsed, Refusal> {
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return Err(Refusal::NoRows("it is empty from byte 0 on"));
    }
    let delimiter = delimiter.unwrap_or_else(|| layout::delimiter(text));
    layout::check(text, delimiter).map_err(|(fault, place)| Refusal::At(place, Wrong::Layout(fault)))?;
    let mut rows = Rows::new(text, delimiter);
    let header = rows.next().ok_or(Refusal::NoRows("it is empty from byte 0 on"))?;
    let names = names(&header, text, delimiter)?;
    let mut columns = vec![Column::default(); names.len()];
    let mut count = 0;
    while let Some(row) = rows.next() {
        if row.cells.len() != names.len() {
            let wrong = Wrong::Ragged { expected: names.len(), found: row.cells.len() };
            let place = Place { line: row.line, start: row.start, end: layout::line_end(text, row.start) };
            return Err(Refusal::At(place, wrong));
        }
        for (index, column) in columns.iter_mut().enumerate() {
            column.push(row.cell(index), || layout::place_of_cell(text, delimiter, row.start, row.line, index));
        }
        count += 1;
    }
    if count == 0 {
        return Err(Refusal::NoRows("it ends after the line of column names"));
    }
    read_texts(text, delimiter, &mut columns);
    Ok(assemble(name, text, names, columns, count))
}

/// The rows of a text whose layout has been checked.
struct Rows<'a> {
    text: &'a str,
    reader: csv::Reader<&'a [u8]>,
    /// The buffer for the cells of the next row.
    cells: ByteRecord,
}

/// One row.
struct Row<'r> {
    cells: &'r ByteRecord,
    /// Its first byte in the text.
    start: usize,
    /// Its first line, from 1.
    line: usize,
}

impl<'a> Rows<'a> {
    fn new(text: &'a str, delimiter: u8) -> Self {
        let reader =
            ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
        Rows { text, reader, cells: ByteRecord::new() }
    }

    /// The next row; it is valid until the one after it is read.
    fn next(&mut self) -> Option<Row<'_>> {
        // Reading from memory does not fail, nor does a flexible reader.
        if !self.reader.read_byte_record(&mut self.cells).unwrap_or(false) {
            return None;
        }
        let position = self.cells.position()?;
        // The reader's place is before the line feed of a preceding CRLF.
        let place = usize::try_from(position.byte()).ok()?;
        let skipped = usize::from(self.text.as_bytes().get(place) == Some(&b'\n'));
        let line = usize::try_from(position.line()).ok()? + skipped;
        Some(Row { cells: &self.cells, start: place + skipped, line })
    }
}

impl Row<'_> {
    /// The text of a cell. The delimiter and the quotes are ASCII, so that a cell of a text is a text.
    fn cell(&self, index: usize) -> &str {
        self.cells.get(index).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

/// The column names with their places.
fn names(header: &Row<'_>, text: &str, delimiter: u8) -> Result<Vec<(String, Place)>, Refusal> {
    let mut names: Vec<(String, Place)> = Vec::with_capacity(header.cells.len());
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let place = |index| layout::place_of_cell(text, delimiter, header.start, header.line, index);
    let wrong = |index, problem| Err(Refusal::At(place(index), Wrong::Header(problem)));
    for index in 0..header.cells.len() {
        let name = cell::trim(header.cell(index));
        if name.is_empty() {
            return wrong(index, format!("column {} has no name", index + 1));
        }
        if let Some(first) = seen.insert(name, index) {
            let name = cell::shown(name);
            return wrong(index, format!("columns {} and {} are both called `{name}`", first + 1, index + 1));
        }
        names.push((name.to_string(), place(index)));
    }
    if names.iter().all(|(name, _)| cell::number(name).is_ok()) {
        return wrong(0, "the first line holds numbers where the column names are expected".to_string());
    }
    Ok(names)
}

/// Reads the texts of columns whose first cells were numbers.
fn read_texts(text: &str, delimiter: u8, columns: &mut [Column]) {
    let wanted: Vec<usize> = (0..columns.len()).filter(|index| columns[*index].wants_first_rows()).collect();
    if wanted.is_empty() {
        return;
    }
    wanted.iter().for_each(|index| columns[*index].begin_texts());
    let mut rows = Rows::new(text, delimiter);
    rows.next();
    while let Some(row) = rows.next() {
        wanted.iter().for_each(|index| columns[*index].push_text(row.cell(*index)));
    }
}

/// The place of a cell in a text that was read without a fault; rows count from 0 below the header.
pub(super) fn place_of(text: &str, delimiter: Option<u8>, row: usize, column: usize) -> Option<Place> {
    let text = text.trim_end_matches(['\n', '\r']);
    let delimiter = delimiter.unwrap_or_else(|| layout::delimiter(text));
    let mut rows = Rows::new(text, delimiter);
    for _ in 0..=row {
        rows.next()?;
    }
    let row = rows.next()?;
    Some(layout::place_of_cell(text, delimiter, row.start, row.line, column))
}

fn assemble(name: &str, text: &str, names: Vec<(String, Place)>, columns: Vec<Column>, rows: usize) -> Parsed {
    let headers = names.iter().map(|(_, place)| *place);
    let problems = columns.iter().flat_map(|column| &column.problems).map(|problem| problem.place);
    let (excerpt, ranges) = excerpt(text, &headers.chain(problems).collect::<Vec<Place>>());
    let mut spans = ranges.into_iter().map(|range| Span::new(SourceId::default(), range.start, range.end));
    let headers: Vec<Span> = spans.by_ref().take(names.len()).collect();
    let columns = names.into_iter().zip(headers).zip(columns).map(|(((name, _), header), column)| {
        let places: Vec<Span> = spans.by_ref().take(column.problems.len()).collect();
        column.finish(name, header, places.into_iter())
    });
    let table = RawTable { name: name.to_string(), columns: columns.collect(), rows };
    Parsed { table, excerpt }
}
