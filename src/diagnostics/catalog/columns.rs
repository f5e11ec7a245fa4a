//! E0532 to E0539: categories, standardized columns and missing cells.

use crate::diagnostics::Diagnostic;
use crate::source::Span;

/// E0532: `missing = …` that says none of what it can say.
pub fn bad_missing(span: Span) -> Diagnostic {
    Diagnostic::error("E0532", "`missing` says what is done about missing cells", span)
        .saying("not one of them")
        .help("write `missing = error`, `missing = drop` to leave out their rows, or `missing = mean`")
}

/// E0532: a label is missing where the mean takes the place of missing cells.
pub fn no_mean(column: &str, cell: Option<(usize, Span)>, used: Span) -> Diagnostic {
    let error = match cell {
        Some((line, place)) => {
            let problem = format!("column `{column}` has no value in line {line}, and labels have no mean");
            let error = Diagnostic::error("E0532", problem, place).saying("no value here");
            error.label(used, "the column is used as a category here")
        }
        None => {
            let problem = format!("`{column}` has missing values (NaN), and labels have no mean");
            Diagnostic::error("E0532", problem, used).saying("used as a category here")
        }
    };
    error.help("leave out such rows with `missing = drop`, or write a label there")
}

/// E0532: tensors with missing elements where the mean takes the place of missing cells.
pub fn no_mean_of_tensors(column: &str, used: Span) -> Diagnostic {
    Diagnostic::error("E0532", format!("`{column}` holds tensors with missing elements"), used)
        .saying("used here")
        .help("leave out such rows with `missing = drop`, or fill them in the file")
}

/// E0532: a column without any value where the mean takes the place of missing cells.
pub fn all_missing(column: &str, used: Span) -> Diagnostic {
    Diagnostic::error("E0532", format!("column `{column}` has no value in any row that its mean is taken of"), used)
        .saying("used here")
        .help("leave the column out, or use `missing = drop`")
}

/// E0532: no row without missing cells.
pub fn no_complete_row(file: &str, rows: usize, span: Span) -> Diagnostic {
    let rows = if rows == 1 { "the one row".to_string() } else { format!("each of the {rows} rows") };
    Diagnostic::error("E0532", format!("{rows} of `{file}` has a missing cell, so that none is left"), span)
        .saying("leaves out every row")
        .help("use fewer columns of the file, or `missing = mean`")
}

/// E0533: a function of columns outside the columns of a `data` item that reads files.
pub fn outside_columns(name: &str, span: Span) -> Diagnostic {
    let help = format!("write it in the braces of a `data` item: `data d = csv(\"d.csv\") {{ x = {name}(a) }}`");
    let problem = format!("`{name}` is for the columns of a `data` item that reads a file");
    Diagnostic::error("E0533", problem, span).saying("no column of a file here").help(help)
}

/// E0533: `category` of something else than one column.
pub fn misused_category(span: Span) -> Diagnostic {
    Diagnostic::error("E0533", "`category` takes the name of one column of the file", span)
        .saying("not a column")
        .help("name the column: `category(species)`")
}

/// E0533: `column` of something else than one text.
pub fn misused_column(span: Span) -> Diagnostic {
    Diagnostic::error("E0533", "`column` takes the name of a column of the file in quotes", span)
        .saying("no name in quotes")
        .help("write the name as the file has it: `column(\"sepal length\")`")
}

/// E0533: `category` of a column of tensors.
pub fn category_of_tensors(column: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0533", format!("`{column}` holds tensors, which are no labels"), span)
        .saying("used as a category here")
        .help("a category is a column of texts or numbers")
}

/// E0533: `standardize` of something else than one value.
pub fn misused_standardize(span: Span) -> Diagnostic {
    Diagnostic::error("E0533", "`standardize` takes one value", span)
        .saying("here")
        .help("put several columns into a list: `standardize([a, b])`")
}

/// E0533: `standardize` of something else than numbers.
pub fn standardize_type(found: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0533", format!("`standardize` takes numbers, but this is {found}"), span)
        .saying("no number or tensor of numbers")
        .help("standardize numbers, and make a vector of several: `standardize([a, b])`")
}

/// E0533: `standardize` of a value that depends on more than the row.
pub fn standardize_inside(span: Span) -> Diagnostic {
    Diagnostic::error("E0533", "this value is more than one for a row, so that it has no mean of its own", span)
        .saying("depends on a variable around it")
        .help("standardize the whole: `standardize([x[i] for i in 0..3])`")
}

/// E0534: a label that is no position among the classes of a `one_hot`.
pub fn label_outside(
    column: &str,
    label: f64,
    row: usize,
    classes: usize,
    cell: Option<(usize, Span)>,
    used: Span,
) -> Diagnostic {
    let last = classes.saturating_sub(1);
    let place = cell.map_or_else(|| format!("row {}", row + 1), |(line, _)| format!("line {line}"));
    let problem = format!("column `{column}` holds {label} in {place}, but {classes} classes are numbered 0 to {last}");
    let error = Diagnostic::error("E0534", problem, cell.map_or(used, |(_, span)| span)).saying("no such class");
    let error = if cell.is_some() { error.label(used, "used as a class here") } else { error };
    error.help(format!(
        "correct the label or the number of classes; `one_hot(category({column}))` numbers the labels itself"
    ))
}

/// E0534: a category with more labels than a `one_hot` has places.
pub fn too_few_classes(
    column: &str,
    (label, row): (&str, usize),
    labels: usize,
    classes: usize,
    cell: Option<(usize, Span)>,
    used: Span,
) -> Diagnostic {
    let place = cell.map_or_else(|| format!("row {}", row + 1), |(line, _)| format!("line {line}"));
    let problem =
        format!("column `{column}` has {labels} labels, and {classes} classes have no place for `{label}` in {place}");
    let error = Diagnostic::error("E0534", problem, cell.map_or(used, |(_, span)| span)).saying("no class for it");
    let error = if cell.is_some() { error.label(used, "used as a class here") } else { error };
    error.help(format!("leave out the number: `one_hot(category({column}))` knows how many labels there are"))
}

/// E0535: a label that the known categories do not have.
pub fn unknown_label(
    column: &str,
    label: &str,
    row: usize,
    known: &[String],
    header: Option<Span>,
    used: Span,
) -> Diagnostic {
    const MOST: usize = 12;
    let more = if known.len() > MOST { format!(" and {} more", known.len() - MOST) } else { String::new() };
    let known = known.iter().take(MOST).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let problem = format!("column `{column}` holds `{label}` in row {}, which is none of its known labels", row + 1);
    let error = Diagnostic::error("E0535", problem, header.unwrap_or(used)).saying("this column");
    error.help(format!("the labels that were trained on are {known}{more}"))
}

/// E0535: a table without a column that is needed.
pub fn not_in_other_table(file: &str, column: &str, known: &[&str], used: Span) -> Diagnostic {
    const MOST: usize = 12;
    let more = if known.len() > MOST { format!(" and {} more", known.len() - MOST) } else { String::new() };
    let known = known.iter().take(MOST).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    Diagnostic::error("E0535", format!("`{file}` has no column called `{column}`"), used)
        .saying("needed here")
        .help(format!("its columns are {known}{more}"))
}

/// E0535: a column of entries of another shape.
pub fn other_shape(column: &str, expected: &[usize], found: &[usize], used: Span) -> Diagnostic {
    let problem = format!("the entries of `{column}` have the shape {found:?}, but {expected:?} was trained on");
    Diagnostic::error("E0535", problem, used).saying("needed here").help("give entries of the same shape")
}

/// E0536: rows with missing cells that are left out (a note).
pub fn rows_left_out(file: &str, left_out: usize, rows: usize, span: Span) -> Diagnostic {
    let left = format!("{left_out} of {rows} rows of `{file}` {} left out", if left_out == 1 { "is" } else { "are" });
    Diagnostic::remark("E0536", format!("{left} for missing cells"), span).saying("asked for here")
}

/// E0537: a column of equal numbers is standardized (a warning).
pub fn constant_column(column: &str, span: Span) -> Diagnostic {
    Diagnostic::warning(
        "E0537",
        format!("column `{column}` is the same in all rows, so that it is 0 standardized"),
        span,
    )
    .saying("always 0")
    .help("leave the column out")
}

/// E0538: values that are standardized, or whose mean takes the place of missing ones, are not all finite.
pub fn no_statistics_of_infinite(value: f64, row: usize, span: Span) -> Diagnostic {
    let problem = format!("the value is {value} in row {row} of the source, counted from 0, so that there is no mean");
    Diagnostic::error("E0538", problem, span)
        .saying("not finite in some row")
        .help("mend the row, or leave it out of the file; a logarithm needs numbers above 0")
}

/// E0538: values that differ by more or less than numbers can tell are standardized.
pub fn no_scale(least: f64, greatest: f64, how: &str, span: Span) -> Diagnostic {
    let problem = format!("values from {least:e} to {greatest:e} are too {how} to be standardized");
    Diagnostic::error("E0538", problem, span)
        .saying("beyond the numbers of this precision")
        .help("measure in another unit: multiply by a constant first")
}

/// E0539: a column that does not fit the memory.
pub fn too_large(bytes: usize, rows: usize, span: Span) -> Diagnostic {
    let gigabytes = bytes as f64 / 1e9;
    let problem = format!("{rows} rows of this column take {gigabytes:.0} GB, which the memory does not have");
    Diagnostic::error("E0539", problem, span)
        .saying("the whole column")
        .help("keep the label as a whole number in place of a `one_hot`, make smaller entries, or use fewer rows")
}

/// E0535: a set that reads no file is asked for another table.
pub fn no_source(set: &str, span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0535",
        format!("`{set}` is written in the program, so that no other file has its columns"),
        span,
    )
    .saying("this column")
    .help("read the set from a file: `data d = csv(\"d.csv\") { … }`")
}
