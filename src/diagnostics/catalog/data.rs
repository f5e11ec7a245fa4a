//! E05xx: data files and columns.

use crate::diagnostics::{Diagnostic, nearest};
use crate::source::Span;

/// E0501: a data file that cannot be opened.
pub fn cannot_open(path: &str, reason: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0501", format!("cannot read `{path}`: {reason}"), span)
        .saying("this file")
        .help("paths are relative to the folder of the .nd file that names them")
}

/// E0502: a column that the source does not have.
pub fn no_such_source_column<'a>(
    file: &str,
    name: &str,
    span: Span,
    header: Option<(Span, &str)>,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let error =
        Diagnostic::error("E0502", format!("`{file}` has no column called `{name}`"), span).saying("no such column");
    let same_letters = known.clone().into_iter().find(|known| known.eq_ignore_ascii_case(name));
    let error = match (header, same_letters) {
        (Some((place, _)), Some(_)) => error.label(place, "same letters"),
        (Some((place, _)), None) => error.label(place, "nearest column"),
        (None, _) => error,
    };
    const SHOWN: usize = 20;
    let mut all: Vec<&str> = known.clone().into_iter().take(SHOWN).collect();
    if known.clone().into_iter().count() > SHOWN {
        all.push("…");
    }
    match (same_letters.map(written), nearest(name, known).map(written)) {
        (Some(same), _) => error.fix(format!("column names are matched letter by letter: write `{same}`"), span, same),
        (None, Some(near)) => error.fix(format!("did you mean `{near}`?"), span, near),
        (None, None) => error.help(format!("its columns are {}", all.join(", "))),
    }
}

/// A column's name as an expression has it.
fn written(name: &str) -> String {
    let is_plain = !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    if is_plain { name.to_string() } else { format!("column(\"{}\")", name.escape_debug()) }
}

/// E0503: a cell that is not a number.
pub fn not_a_number(column: &str, cell: &str, line: usize, place: Span, used: Span) -> Diagnostic {
    let digits_and = |separators: [char; 2]| {
        let unsigned = cell.strip_prefix(['+', '-']).unwrap_or(cell);
        unsigned.starts_with(|first: char| first.is_ascii_digit())
            && unsigned.contains(separators)
            && unsigned.chars().all(|character| character.is_ascii_digit() || ".eE+-,_ ".contains(character))
    };
    Diagnostic::error("E0503", format!("column `{column}` holds `{cell}` in line {line}, which is not a number"), place)
        .saying("not a number")
        .label(used, "the column is used as numbers here")
        .help(if digits_and([',', '_']) {
            "write numbers with a decimal point and without separators between the digits: `1234.5`"
        } else {
            "correct the cell, or leave the column out"
        })
}

/// E0504: a row with another number of cells.
pub fn ragged_row(line: usize, expected: usize, found: usize, place: Span, used: Span) -> Diagnostic {
    Diagnostic::error("E0504", format!("line {line} has {found} cells where the header has {expected}"), place)
        .saying(format!("{found} cells"))
        .label(used, "read here")
        .help("correct the line, or put a text that contains the delimiter in quotes")
}

/// E0505: a cell that is empty or says that there is no value.
pub fn missing_cell(column: &str, line: usize, place: Span, used: Span) -> Diagnostic {
    Diagnostic::error("E0505", format!("column `{column}` has no value in line {line}"), place)
        .saying("no value here")
        .label(used, "the column is used here")
        .help("fill the cell or remove the line")
}

/// E0505: an element of an array that is NaN. Rows count from 0, as subscripts do.
pub fn missing_element(column: &str, row: usize, within: &[usize], used: Span) -> Diagnostic {
    let place = if within.is_empty() { String::new() } else { format!(" at {within:?}") };
    let problem = format!("column `{column}` has no value (NaN) in row {row}, counted from 0{place}");
    Diagnostic::error("E0505", problem, used).saying("the column is used here").help(match within {
        [] => "fill it in the file, or leave such rows out with `missing = drop`, or use `missing = mean`",
        _ => "fill it in the file, or leave such rows out with `missing = drop`",
    })
}

/// E0506: a file without examples. The detail says what is in it instead, and where it ends.
pub fn no_rows(path: &str, detail: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0506", format!("`{path}` has no rows: {detail}"), span)
        .saying("this file")
        .help("a data file has a line of column names and then a line for each example")
}

/// E0507: a header with an unusable name.
pub fn bad_header(problem: &str, place: Span, used: Span) -> Diagnostic {
    Diagnostic::error("E0507", problem.to_string(), place)
        .saying("in the header")
        .label(used, "read here")
        .help("give every column a name of its own in the first line")
}

/// E0508: columns with different numbers of rows.
pub fn row_counts_differ(first: (&str, usize, Span), other: (&str, usize, Span)) -> Diagnostic {
    Diagnostic::error(
        "E0508",
        format!("column `{}` has {} rows, but column `{}` has {}", other.0, other.1, first.0, first.1),
        other.2,
    )
    .saying(format!("{} rows", other.1))
    .label(first.2, format!("{} rows", first.1))
    .help("give every column one entry for each example")
}

/// E0509: a file that is not text. The detail says what it looks like instead, or where it stops being text.
pub fn not_text(path: &str, detail: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0509", format!("`{path}` is not a text file in UTF-8: {detail}"), span)
        .saying("this file")
        .help("save the table as comma-separated text in UTF-8")
}

/// E0510: an unknown kind of source.
pub fn unknown_source(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0510", format!("`{name}` is not a kind of data source"), span)
        .saying("not a source")
        .help("sources are `csv`, `npy`, `npz`, `idx` and `safetensors` with the path of a file, and `table { … }`")
}

/// E0511: a column that is not usable as data.
pub fn bad_column(problem: &str, span: Span, help: &str) -> Diagnostic {
    Diagnostic::error("E0511", problem.to_string(), span).saying("this column").help(help)
}

/// E0512: a number in a data file that is not finite.
pub fn not_finite(column: &str, cell: &str, line: usize, place: Span, used: Span) -> Diagnostic {
    Diagnostic::error(
        "E0512",
        format!("column `{column}` holds `{cell}` in line {line}, which is not a finite number"),
        place,
    )
    .saying("not finite")
    .label(used, "the column is used here")
    .help("correct the cell or remove the line")
}

/// E0513: quotes or line ends that readers of CSV understand differently.
pub fn bad_layout(problem: &str, line: usize, place: Span, used: Span, help: &str) -> Diagnostic {
    Diagnostic::error("E0513", format!("{problem} in line {line}"), place)
        .saying("here")
        .label(used, "read here")
        .help(help)
}

/// E0530: a `split` that cannot be made as it is written.
pub fn bad_split(problem: &str, span: Span, help: &str) -> Diagnostic {
    Diagnostic::error("E0530", problem.to_string(), span).saying("here").help(help)
}

/// E0530: a `split` that is no value of a `let` of the file.
pub fn misplaced_split(span: Span) -> Diagnostic {
    let help = "bind its parts: `let (train_set, test_set) = split(digits, 0.8)`";
    bad_split("`split` makes data sets, which only a `let` of the file can name", span, help)
}

/// E0531: a set with fewer rows than it is to have parts.
pub fn too_few_rows(set: &str, rows: usize, parts: usize, span: Span) -> Diagnostic {
    let count = if rows == 1 { "1 row".to_string() } else { format!("{rows} rows") };
    Diagnostic::error("E0531", format!("`{set}` has {count}, too few for {parts} parts"), span)
        .saying("split here")
        .help("every part has at least one row: use a larger set or fewer parts")
}
