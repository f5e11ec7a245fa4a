//! A survey as a table of text.

use super::{Content, Survey, printable, short};
use crate::report::{counted, significant};
use std::fmt::Write;

/// How many letters of labels a line lists.
const MOST_LETTERS: usize = 60;

/// The columns, one a line.
pub fn text(survey: &Survey) -> String {
    let mut out = format!(
        "{}: {}, {}, {}\n\n",
        printable(&survey.path),
        survey.format,
        counted(survey.rows as u64, "row"),
        counted(survey.columns.len() as u64, "column")
    );
    let heading = ["column", "type", "missing", "different", "least", "greatest", "mean", "first"];
    let mut lines: Vec<[String; 8]> = vec![heading.map(str::to_string)];
    for column in &survey.columns {
        let entry = if column.entry.is_empty() { String::new() } else { format!(" {:?}", column.entry) };
        let number = |value: Option<f64>| value.map(|value| significant(value, 6)).unwrap_or_default();
        let different = column.distinct.map(|count| count.to_string()).unwrap_or_default();
        let last = match (&column.content, &column.labels) {
            (Content::Unusable(why), _) => why.clone(),
            (Content::Text, Some(labels)) if labels.iter().map(String::len).sum::<usize>() <= MOST_LETTERS => {
                labels.join(", ")
            }
            _ if column.rows > column.first.len() && !column.first.is_empty() => {
                format!("{}, …", column.first.join(", "))
            }
            _ => column.first.join(", "),
        };
        lines.push([
            short(&column.name),
            format!("{}{entry}", column.kind),
            if column.missing.is_empty() { String::new() } else { column.missing.len().to_string() },
            different,
            number(column.range.map(|range| range.0)),
            number(column.range.map(|range| range.1)),
            number(column.range.map(|range| range.2)),
            last,
        ]);
    }
    let width = |place: usize| lines.iter().map(|line| line[place].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    for line in &lines {
        let mut row = String::new();
        for (place, (cell, width)) in line.iter().zip(&widths).enumerate() {
            // Numbers stand to the right.
            let _ = match place {
                2..=6 => write!(row, "{cell:>width$}  "),
                _ => write!(row, "{cell:width$}  "),
            };
        }
        out.push_str(row.trim_end());
        out.push('\n');
    }
    out
}
