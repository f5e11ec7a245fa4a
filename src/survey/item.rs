//! A `data` item for a file: numbers standardized as one vector, few labels as categories, and a column to predict.

use super::{Column, Content, Survey, short};
use crate::syntax::token::{Token, Word, tokens};
use std::fmt::Write;

/// The most labels that a suggested category has.
const MOST_LABELS: usize = 50;
/// The most different whole numbers that are taken for classes.
const MOST_CLASSES: usize = 12;
/// Names that columns to be predicted usually have.
const TARGETS: [&str; 8] = ["target", "label", "class", "species", "category", "outcome", "quality", "y"];
/// Functions of the item, which a column of their name would hide.
const FUNCTIONS: [&str; 4] = ["category", "column", "one_hot", "standardize"];

/// The item, with a comment for each column that it leaves out; `None` if no column is usable.
pub fn item(survey: &Survey) -> Option<String> {
    let mut left_out = String::new();
    let mut usable: Vec<&Column> = Vec::new();
    let hidden: Vec<&str> =
        FUNCTIONS.into_iter().filter(|name| survey.columns.iter().any(|column| column.name == *name)).collect();
    for column in &survey.columns {
        match reason_against(column, survey, &hidden) {
            Some(reason) => {
                let _ = writeln!(left_out, "    // {}: {reason}", short(&column.name));
            }
            None => usable.push(column),
        }
    }
    let mut lines: Vec<(String, String)> = match survey.format {
        "csv" => of_text(&usable, &hidden, &mut left_out),
        _ => usable.iter().map(|column| of_array(column)).collect(),
    };
    if lines.is_empty() {
        return None;
    }
    if usable.iter().any(|column| column.missing > 0 && is_read(column, &lines)) {
        lines.push(("missing".to_string(), "drop".to_string()));
    }
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let option =
        survey.delimiter.map(|letter| format!(", delimiter = \"{}\"", letter.escape_debug())).unwrap_or_default();
    let (name, format, path) = (set_name(survey), survey.format, survey.path.escape_debug());
    let mut out = format!("data {name} = {format}(\"{path}\"{option}) {{\n");
    for (name, value) in lines {
        let _ = writeln!(out, "    {name:width$} = {value}");
    }
    out.push_str(&left_out);
    out.push_str("}\n");
    Some(out)
}

/// Whether a line of the item reads a column.
fn is_read(column: &Column, lines: &[(String, String)]) -> bool {
    let name = written(&column.name);
    let is_end = |letter: Option<char>| letter.is_none_or(|letter| "()[], /".contains(letter));
    let reads = |value: &String| {
        value
            .match_indices(&name)
            .any(|(at, _)| is_end(value[..at].chars().next_back()) && is_end(value[at + name.len()..].chars().next()))
    };
    lines.iter().any(|(_, value)| reads(value))
}

/// Why a column is not in the item.
fn reason_against(column: &Column, survey: &Survey, hidden: &[&str]) -> Option<String> {
    let rows = survey.columns.first().map_or(survey.rows, |column| column.rows);
    match &column.content {
        Content::Unusable(why) => Some(why.clone()),
        Content::Text if column.distinct.is_some_and(|count| count > MOST_LABELS) => {
            Some(format!("{} different texts", column.distinct.unwrap_or_default()))
        }
        Content::Text if !hidden.is_empty() => Some(format!("a text, and the column `{}` hides a function", hidden[0])),
        _ if column.missing == column.rows => Some("no values".to_string()),
        _ if !is_name(&column.name) && (!hidden.is_empty() || survey.format != "csv") => {
            Some("not a name that nd can write".to_string())
        }
        _ if column.rows != rows => Some(format!("{} rows", column.rows)),
        _ => None,
    }
}

/// The columns of a text: the numbers as `x`, labels one by one, and the column to be predicted as `y`.
fn of_text(usable: &[&Column], hidden: &[&str], left_out: &mut String) -> Vec<(String, String)> {
    let Some(target) = target(usable) else { return Vec::new() };
    let others: Vec<&&Column> = usable.iter().filter(|column| column.name != target.name).collect();
    let mut numbers: Vec<String> = Vec::new();
    let mut lines: Vec<(String, String)> = Vec::new();
    for column in others {
        let is_constant = column.distinct == Some(1);
        match column.content {
            _ if is_constant => {
                let _ = writeln!(left_out, "    // {}: the same in all rows", short(&column.name));
            }
            Content::Text => {
                let name = free_name(&column.name, &lines);
                lines.push((name, format!("one_hot(category({}))", written(&column.name))));
            }
            _ => numbers.push(written(&column.name)),
        }
    }
    let vector = match &numbers[..] {
        [] => None,
        [one] => Some(one.clone()),
        several => Some(format!("[{}]", several.join(", "))),
    };
    if let Some(vector) = vector {
        let value = if hidden.is_empty() { format!("standardize({vector})") } else { vector };
        lines.insert(0, ("x".to_string(), value));
    }
    let is_class = target.content == Content::Whole && target.distinct.is_some_and(|count| count <= MOST_CLASSES);
    let value = if hidden.is_empty() && (is_class || target.content == Content::Text) {
        format!("category({})", written(&target.name))
    } else {
        written(&target.name)
    };
    lines.push(("y".to_string(), value));
    lines
}

/// The column that is probably to be predicted: one of a usual name, else the last.
fn target<'c>(usable: &[&'c Column]) -> Option<&'c Column> {
    let mut scalar = usable.iter().filter(|column| column.distinct.is_some_and(|count| count > 1));
    let named = scalar.clone().find(|column| TARGETS.contains(&column.name.to_lowercase().as_str()));
    named.or_else(|| scalar.next_back()).copied()
}

/// A name for a column of the set, apart from `x`, `y`, what says `missing`, and the columns so far.
fn free_name(name: &str, lines: &[(String, String)]) -> String {
    let letters: String = name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect();
    let mut free = if is_name(&letters) { letters } else { format!("label_{}", lines.len() + 1) };
    while ["x", "y", "missing"].contains(&free.as_str()) || lines.iter().any(|(taken, _)| *taken == free) {
        free.push_str("_label");
    }
    free
}

/// A column of the file as an expression has it.
fn written(name: &str) -> String {
    if is_name(name) { name.to_string() } else { format!("column(\"{}\")", name.escape_debug()) }
}

/// A column of an array, under its own name; bytes of pictures between 0 and 1.
fn of_array(column: &Column) -> (String, String) {
    let is_picture = column.kind == "uint8" && column.entry.len() >= 2;
    let value = if is_picture { format!("{} / 255", column.name) } else { column.name.clone() };
    (column.name.clone(), value)
}

/// A name for the set, after the file.
fn set_name(survey: &Survey) -> String {
    let file = survey.path.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem: String = file.split('.').next().unwrap_or_default().chars().map(letter).collect();
    let stem = stem.trim_matches('_');
    if is_name(stem) && Word::spelled(stem).is_none() { stem.to_string() } else { format!("data_{stem}") }
}

fn letter(letter: char) -> char {
    if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' }
}

/// Whether a text can be written as a name.
fn is_name(text: &str) -> bool {
    let tokens = tokens(text).lexemes;
    matches!(&tokens[..], [one] if matches!(one.token, Token::Identifier(name) if name == text)) && text != "_"
}
