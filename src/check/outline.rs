//! What is kept of a data file beside its numbers, so that a program that was trained on it can be checked without it.

use super::cells::{Categories, Cells, Texts};
use super::raw::{Bytes, RawElement, RawValues};
use super::table::{CellProblem, CellProblemKind, Format, RawColumn, RawTable};
use crate::source::Span;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// A data file that a program reads.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its path from the folder of the program's file.
    pub path: String,
    /// Its path from where the program runs.
    pub location: PathBuf,
    /// How it is read.
    pub format: Format,
    /// What it holds.
    pub table: Arc<RawTable>,
}

/// What is kept of a data file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FileOutline {
    /// Its path from the folder of the program's file.
    pub path: String,
    /// How it is read.
    pub format: Format,
    name: String,
    rows: usize,
    columns: Vec<ColumnOutline>,
}

/// What is kept of a column.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct ColumnOutline {
    name: String,
    holds: Holds,
    /// Its rows, which may differ between arrays.
    rows: usize,
    /// The shape of an entry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    entry: Vec<usize>,
    whole: bool,
    /// The rows without a value, each as its distance from the one before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    missing: Vec<u32>,
    /// The labels in order, if it is read as a category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    labels: Option<Categories>,
}

/// What the cells of a column are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Holds {
    /// Numbers, of arrays perhaps NaN.
    Numbers,
    /// Numbers and missing cells.
    Gaps,
    /// Texts, perhaps missing ones.
    Texts,
    /// Something that no program can use.
    Nothing,
}

impl FileOutline {
    /// What is kept of a file.
    pub fn of(file: &SourceFile) -> Self {
        let SourceFile { path, format, table, location: _ } = file;
        let columns = table.columns.iter().map(|column| ColumnOutline::of(column, table.rows)).collect();
        FileOutline { path: path.clone(), format: *format, name: table.name.clone(), rows: table.rows, columns }
    }

    /// A table of which a program has the same types as of the file. Its numbers mean nothing.
    pub fn stand_in(&self) -> RawTable {
        let columns = self.columns.iter().map(ColumnOutline::stand_in).collect();
        RawTable { name: self.name.clone(), columns, rows: self.rows }
    }

    /// The table of the file as it is now, whose labels are numbered as they were.
    pub fn labelled(&self, table: &RawTable) -> RawTable {
        let mut table = table.clone();
        for column in &mut table.columns {
            let known = self.columns.iter().find(|known| known.name == column.name);
            if let Some(labels) = known.and_then(|known| known.labels.clone()) {
                column.labels = settled(Some(labels));
            }
        }
        table
    }
}

impl ColumnOutline {
    fn of(column: &RawColumn, rows: usize) -> Self {
        let cells = column.cells.as_deref();
        let texts = cells.and_then(|cells| cells.texts.as_deref());
        let numbers = column.values.as_ref().ok().or_else(|| cells.and_then(|cells| cells.numbers.as_ref()));
        let (holds, missing) = match (&column.values, texts, numbers) {
            (Ok(values), ..) => (Holds::Numbers, distances(super::source_columns::missing_rows(values))),
            (Err(_), Some(texts), _) => (Holds::Texts, distances(texts.missing_rows())),
            (Err(_), None, Some(values)) => (Holds::Gaps, distances(super::source_columns::missing_rows(values))),
            (Err(_), None, None) => (Holds::Nothing, Vec::new()),
        };
        ColumnOutline {
            name: column.name.clone(),
            holds,
            rows: numbers.map_or(rows, RawValues::rows),
            entry: numbers.map_or(Vec::new(), |values| values.entry_shape().to_vec()),
            whole: column.whole,
            missing,
            labels: column.labels.get().map(|labels| (**labels).clone()),
        }
    }

    fn stand_in(&self) -> RawColumn {
        let missing = self.missing_rows();
        let problem = |kind| CellProblem { kind, cell: String::new(), line: 1, place: Span::default() };
        let gap = (!missing.is_empty()).then(|| problem(CellProblemKind::Missing));
        let (values, cells) = match self.holds {
            Holds::Numbers => (Ok(self.numbers(&missing)), None),
            Holds::Gaps => {
                let problems = vec![problem(CellProblemKind::Missing)];
                let cells = Cells { problems, numbers: Some(self.numbers(&missing)), texts: None };
                (Err(problem(CellProblemKind::Missing)), Some(cells))
            }
            Holds::Texts => {
                let text = self.labels.as_ref().and_then(Categories::first_text).unwrap_or_default();
                let mut rows = vec![0; self.rows];
                missing.iter().for_each(|row| rows[*row] = Texts::MISSING);
                let texts = Some(Arc::new(Texts { distinct: vec![text], rows }));
                let problems = std::iter::once(problem(CellProblemKind::NotANumber)).chain(gap).collect();
                (Err(problem(CellProblemKind::NotANumber)), Some(Cells { problems, numbers: None, texts }))
            }
            Holds::Nothing => (Err(problem(CellProblemKind::NoNumbers)), None),
        };
        let (name, labels) = (self.name.clone(), settled(self.labels.clone()));
        RawColumn { name, header: None, values, whole: self.whole, cells: cells.map(Arc::new), labels }
    }

    /// Numbers that a program takes for those of the column: a label where they are labels, else zeros.
    fn numbers(&self, missing: &[usize]) -> RawValues {
        let label = self.labels.as_ref().and_then(Categories::first_number).unwrap_or(0.0);
        let count: usize = self.entry.iter().product();
        let bytes = |each: usize| self.rows.saturating_mul(count).saturating_mul(each);
        let made = if label == 0.0 && missing.is_empty() {
            let bytes: Bytes = Arc::new(vec![0u8; bytes(1)]);
            RawValues::new(RawElement::U8, super::raw::ByteOrder::NATIVE, (self.rows, &self.entry), bytes, 0)
        } else {
            let mut bytes = label.to_le_bytes().repeat(bytes(1));
            for row in missing {
                let first = row * count * size_of::<f64>();
                bytes[first..first + count * size_of::<f64>()].copy_from_slice(&f64::NAN.to_le_bytes().repeat(count));
            }
            let order = super::raw::ByteOrder::Little;
            RawValues::new(RawElement::F64, order, (self.rows, &self.entry), Arc::new(bytes), 0)
        };
        made.unwrap_or_else(|| RawValues::from_reals(Vec::new()))
    }

    /// The rows without a value, as far as there are such rows.
    fn missing_rows(&self) -> Vec<usize> {
        let mut next = 0;
        let rows = self.missing.iter().map(|distance| {
            next += *distance as usize;
            next += 1;
            next - 1
        });
        rows.take_while(|row| *row < self.rows).collect()
    }
}

/// The distances between rows: how many stand between one and the next.
fn distances(rows: Vec<usize>) -> Vec<u32> {
    let mut next = 0;
    let distance = |row: usize| {
        let between = row - next;
        next = row + 1;
        between as u32
    };
    rows.into_iter().map(distance).collect()
}

fn settled(labels: Option<Categories>) -> Arc<OnceLock<Arc<Categories>>> {
    let cell = OnceLock::new();
    if let Some(labels) = labels {
        let _ = cell.set(Arc::new(labels));
    }
    Arc::new(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: Result<RawValues, CellProblem>, cells: Option<Cells>, labels: Option<Categories>) -> RawColumn {
        let (name, cells) = ("c".to_string(), cells.map(Arc::new));
        RawColumn { name, header: None, values, whole: true, cells, labels: settled(labels) }
    }

    fn problem(kind: CellProblemKind) -> CellProblem {
        CellProblem { kind, cell: "?".to_string(), line: 2, place: Span::default() }
    }

    #[test]
    fn a_stand_in_has_the_outline_of_the_file() {
        let numbers = |numbers: &[f64]| RawValues::from_reals(numbers.to_vec());
        let texts = Texts { distinct: vec!["b".into(), "a".into()], rows: vec![0, Texts::MISSING, 1, 0] };
        let images = RawValues::new(
            RawElement::F32,
            super::super::raw::ByteOrder::Little,
            (4, &[2, 3]),
            Arc::new(vec![1u8; 96]),
            0,
        );
        let gaps = Cells {
            problems: vec![problem(CellProblemKind::Missing)],
            numbers: Some(numbers(&[1.0, f64::NAN, f64::NAN, 2.0])),
            texts: None,
        };
        let labels = Cells {
            problems: vec![problem(CellProblemKind::NotANumber)],
            numbers: None,
            texts: Some(Arc::new(texts.clone())),
        };
        let columns = vec![
            column(Ok(numbers(&[1.0, 2.0, 3.0, 4.0])), None, None),
            column(Ok(numbers(&[5.0, 7.0, 5.0, 7.0])), None, Some(Categories::of_numbers(&[5.0, 7.0]).0)),
            column(Ok(numbers(&[f64::NAN, 2.0, 3.0, f64::NAN])), None, None),
            column(Ok(images.unwrap()), None, None),
            column(Err(problem(CellProblemKind::Missing)), Some(gaps), None),
            column(Err(problem(CellProblemKind::NotANumber)), Some(labels), Some(Categories::of_texts(&texts).0)),
            column(Err(problem(CellProblemKind::NoNumbers)), None, None),
        ];
        let table = Arc::new(RawTable { name: "d.csv".to_string(), columns, rows: 4 });
        let file = SourceFile { path: "data/d.csv".to_string(), location: PathBuf::new(), format: Format::Npz, table };
        let outline = FileOutline::of(&file);
        let stored: FileOutline = serde_json::from_str(&serde_json::to_string(&outline).unwrap()).unwrap();
        assert_eq!(stored, outline);
        let again = SourceFile { table: Arc::new(stored.stand_in()), ..file };
        assert_eq!(FileOutline::of(&again), outline);
    }
}
