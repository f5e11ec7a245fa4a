//! What a data file holds, column by column, and a `data` item for it; as text and as JSON. Touches no file.

mod item;
mod json;
mod text;

pub use item::item;
pub use json::json;
pub use text::text;

use crate::check::cells::{Texts, printable};
use crate::check::raw::RawValues;
use crate::check::table::{CellProblem, Format, RawColumn, RawTable};
use std::collections::HashSet;

/// How many of the first entries are shown.
const FIRST: usize = 3;
/// How many labels are listed.
const LABELS: usize = 12;

/// A data file.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Its path as it was given.
    pub path: String,
    /// Its format.
    pub format: &'static str,
    /// What stands between the cells of a text, if that was said.
    pub delimiter: Option<char>,
    /// The number of rows.
    pub rows: usize,
    /// Its columns, in order.
    pub columns: Vec<Column>,
}

/// A column of a data file. All texts can be shown on a terminal, but not the name.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name as it stands in the file.
    pub name: String,
    /// What it holds.
    pub content: Content,
    /// Its type, in a word.
    pub kind: String,
    /// The shape of an entry: nothing for a number.
    pub entry: Vec<usize>,
    /// The number of rows.
    pub rows: usize,
    /// The rows whose cells are missing.
    pub missing: Vec<u32>,
    /// How many different values there are, of numbers and texts; of what is there.
    pub distinct: Option<usize>,
    /// Least, greatest and mean number.
    pub range: Option<(f64, f64, f64)>,
    /// The first entries.
    pub first: Vec<String>,
    /// The labels in order, if it is a text with few.
    pub labels: Option<Vec<String>>,
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Whole numbers.
    Whole,
    /// Numbers.
    Real,
    /// Texts.
    Text,
    /// Something that nd cannot use; this is why.
    Unusable(String),
}

/// Looks through a table.
pub fn survey(path: &str, format: Format, table: &RawTable) -> Survey {
    let columns = table.columns.iter().map(|column| self::column(column, table.rows)).collect();
    let delimiter = match format {
        Format::Csv { delimiter } => delimiter.map(char::from),
        _ => None,
    };
    Survey { path: path.to_string(), format: format.name(), delimiter, rows: table.rows, columns }
}

fn column(column: &RawColumn, rows: usize) -> Column {
    let empty = Column {
        name: column.name.clone(),
        content: Content::Text,
        kind: "text".to_string(),
        entry: Vec::new(),
        rows,
        missing: Vec::new(),
        distinct: None,
        range: None,
        first: Vec::new(),
        labels: None,
    };
    let cells = column.cells.as_deref();
    match (&column.values, cells.and_then(|cells| cells.numbers.as_ref()), cells.and_then(|cells| cells.texts.as_ref()))
    {
        (Ok(values), ..) => of_values(values, column.whole, empty),
        (Err(_), Some(numbers), _) => of_values(numbers, column.whole, empty),
        (Err(_), None, Some(texts)) => of_texts(texts, empty),
        (Err(problem), None, None) => {
            let why = unusable(problem, cells.map(|cells| &cells.problems[..]).unwrap_or_default());
            Column { content: Content::Unusable(why), kind: "unusable".to_string(), ..empty }
        }
    }
}

fn unusable(first: &CellProblem, problems: &[CellProblem]) -> String {
    let problem = problems.iter().find(|problem| !problem.is_missing()).unwrap_or(first);
    match problem.line {
        0 => format!("holds {}", printable(&problem.cell)),
        line => format!("`{}` in line {line} is not a finite number", printable(&problem.cell)),
    }
}

/// A column of numbers; NaN is a missing one.
fn of_values(values: &RawValues, whole: bool, column: Column) -> Column {
    let scalar = values.entry_shape().is_empty();
    let (mut least, mut greatest, mut sum, mut count) = (f64::INFINITY, f64::NEG_INFINITY, 0.0, 0_u64);
    let (mut missing, mut infinite) = (Vec::new(), 0);
    let mut distinct: HashSet<u64> = HashSet::new();
    let mut first = Vec::new();
    let mut entry: Vec<f64> = Vec::with_capacity(values.entry_count());
    for row in 0..values.rows() {
        entry.clear();
        values.append_row(row, &mut entry);
        if entry.iter().any(|value| value.is_nan()) {
            missing.push(row as u32);
        }
        infinite += usize::from(entry.iter().any(|value| value.is_infinite()));
        for value in entry.iter().filter(|value| value.is_finite()) {
            (least, greatest, count) = (least.min(*value), greatest.max(*value), count + 1);
            sum += value;
        }
        if scalar {
            // Adding 0 makes one number of both zeros.
            distinct.extend(entry.iter().filter(|value| !value.is_nan()).map(|value| (value + 0.0).to_bits()));
            if row < FIRST {
                first.push(if entry[0].is_nan() { "missing".to_string() } else { crate::report::number(entry[0]) });
            }
        }
    }
    let kind = match (values.element().is_integer(), whole) {
        _ if values.rows() == 0 => "empty".to_string(),
        (true, _) => values.element().to_string(),
        (false, true) => "whole".to_string(),
        (false, false) => "real".to_string(),
    };
    let inexact = values.first_inexact();
    let content = match (infinite, whole) {
        _ if values.rows() == 0 || values.entry_count() == 0 => Content::Unusable("has no elements".to_string()),
        _ if let Some((_, value)) = inexact => Content::Unusable(format!("{value} is no real number of 64 bits")),
        (1.., _) => Content::Unusable(format!("{} not finite", crate::report::counted(infinite as u64, "row"))),
        (0, true) => Content::Whole,
        (0, false) => Content::Real,
    };
    Column {
        content,
        kind,
        entry: values.entry_shape().to_vec(),
        rows: values.rows(),
        missing,
        distinct: scalar.then_some(distinct.len()),
        range: (count > 0).then(|| (least, greatest, sum / count as f64)),
        first,
        ..column
    }
}

fn of_texts(texts: &Texts, column: Column) -> Column {
    let rows = texts.rows.iter().enumerate().filter(|(_, place)| **place == Texts::MISSING);
    let missing = rows.map(|(row, _)| row as u32).collect();
    let shown = |place: &u32| texts.distinct.get(*place as usize).map_or("missing".to_string(), |text| short(text));
    let labels = (texts.distinct.len() <= LABELS).then(|| {
        let mut labels: Vec<&String> = texts.distinct.iter().collect();
        labels.sort_unstable();
        labels.into_iter().map(|text| short(text)).collect()
    });
    Column {
        missing,
        distinct: Some(texts.distinct.len()),
        first: texts.rows.iter().take(FIRST).map(shown).collect(),
        labels,
        ..column
    }
}

/// A text that can be shown, not too long.
fn short(text: &str) -> String {
    const LONGEST: usize = 24;
    let shown: String = text.chars().take(LONGEST).collect();
    let dots = if text.chars().nth(LONGEST).is_some() { "…" } else { "" };
    format!("{}{dots}", printable(&shown))
}
