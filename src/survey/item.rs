//! A `data` item for a file: numbers standardized as one vector, few labels as categories, and a column to predict.

use super::{Column, Content, Survey, short};
use crate::report::counted;
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

/// What is known of the columns together.
struct Scene<'s> {
    survey: &'s Survey,
    /// Functions of the item that columns hide.
    hidden: Vec<&'static str>,
    /// Comments on the columns that are left out.
    left_out: String,
}

impl Scene<'_> {
    fn leave_out(&mut self, column: &Column, reason: &str) {
        let _ = writeln!(self.left_out, "    // {}: {reason}", short(&column.name));
    }
}

/// The item, with a comment for each column that it leaves out; `None` if no column is usable.
pub fn item(survey: &Survey) -> Option<String> {
    let is_column = |name: &&str| survey.columns.iter().any(|column| column.name == *name);
    let hidden = FUNCTIONS.into_iter().filter(is_column).collect();
    let mut scene = Scene { survey, hidden, left_out: String::new() };
    let usable = scene.usable()?;
    let mut lines = match survey.format {
        "csv" => scene.of_text(&usable),
        _ => scene.of_arrays(&usable),
    };
    if usable.iter().any(|column| !column.missing.is_empty() && is_read(column, &lines)) {
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
    out.push_str(&scene.left_out);
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

/// Why a column is not in an item, if texts of so many kinds are labels.
fn reason_against(column: &Column, survey: &Survey, hidden: &[&str], most_labels: usize) -> Option<String> {
    let has_values = |column: &&Column| !matches!(column.content, Content::Unusable(_));
    let rows = survey.columns.iter().find(has_values).map_or(survey.rows, |column| column.rows);
    match &column.content {
        Content::Unusable(why) => Some(why.clone()),
        Content::Text if column.distinct.is_some_and(|count| count > most_labels) => {
            Some(format!("{} different texts", column.distinct.unwrap_or_default()))
        }
        Content::Text if !hidden.is_empty() => Some(format!("a text, and the column `{}` hides a function", hidden[0])),
        _ if column.missing.len() == column.rows && column.entry.is_empty() => Some("no values".to_string()),
        _ if !is_name(&column.name) && hidden.contains(&"column") => Some("not a name that nd can write".to_string()),
        // `missing = drop` would be one more column.
        _ if !column.missing.is_empty() && survey.columns.iter().any(|column| column.name == "drop") => {
            Some(format!("missing in {}, and a column is called `drop`", counted(column.missing.len() as u64, "row")))
        }
        _ if column.rows != rows => Some(format!("{} rows", column.rows)),
        _ => None,
    }
}

/// Whether every row has a missing value in one of the columns.
fn none_complete(columns: &[&Column]) -> bool {
    let rows = columns.first().map_or(0, |column| column.rows);
    let mut missing = vec![false; rows];
    columns.iter().flat_map(|column| &column.missing).for_each(|row| missing[*row as usize] = true);
    rows > 0 && missing.iter().all(|missing| *missing)
}

impl<'s> Scene<'s> {
    /// The columns that an item can have together; `None` if there are none.
    fn usable(&mut self) -> Option<Vec<&'s Column>> {
        let against = |most_labels: usize| -> Vec<Option<String>> {
            let reason = |column: &Column| reason_against(column, self.survey, &self.hidden, most_labels);
            self.survey.columns.iter().map(reason).collect()
        };
        let mut reasons = against(MOST_LABELS);
        // Names are labels where there is nothing else.
        if reasons.iter().all(Option::is_some) {
            reasons = against(usize::MAX);
        }
        loop {
            let both = self.survey.columns.iter().zip(&reasons).enumerate();
            let left: Vec<(usize, &'s Column)> =
                both.filter(|(_, (_, reason))| reason.is_none()).map(|(place, (column, _))| (place, column)).collect();
            let columns: Vec<&'s Column> = left.iter().map(|(_, column)| *column).collect();
            let emptiest = left.iter().max_by_key(|(_, column)| column.missing.len());
            match emptiest {
                Some((place, column)) if none_complete(&columns) => {
                    reasons[*place] = Some(match column.missing.len() == column.rows {
                        true => "NaN in every row".to_string(),
                        false => {
                            let rows = counted(column.missing.len() as u64, "row");
                            format!("missing in {rows}, so that none is complete")
                        }
                    });
                }
                _ => {
                    for (column, reason) in self.survey.columns.iter().zip(&reasons) {
                        if let Some(reason) = reason {
                            self.leave_out(column, reason);
                        }
                    }
                    return (!columns.is_empty()).then_some(columns);
                }
            }
        }
    }

    /// The columns of a text: the numbers as `x`, labels one by one, and the column to be predicted as `y`. Where no column
    /// varies, as in a file of one row, they are taken as they are.
    fn of_text(&mut self, usable: &[&Column]) -> Vec<(String, String)> {
        let Some(target) = target(usable) else { return Vec::new() };
        let varies = varies(target);
        let free = self.hidden.is_empty();
        let mut numbers: Vec<&Column> = Vec::new();
        let mut lines: Vec<(String, String)> = Vec::new();
        for column in usable.iter().filter(|column| column.name != target.name) {
            match column.content {
                _ if varies && !self::varies(column) => self.leave_out(column, "the same in all rows"),
                Content::Text => {
                    let name = free_name(&column.name, &["x", "y"], &lines);
                    lines.push((name, format!("one_hot(category({}))", written(&column.name))));
                }
                _ => numbers.push(column),
            }
        }
        let names: Vec<String> = numbers.iter().map(|column| written(&column.name)).collect();
        let vector = match &names[..] {
            [] => None,
            [one] => Some(one.clone()),
            several => Some(format!("[{}]", several.join(", "))),
        };
        let scaled = free && varies && numbers.iter().all(|column| can_be_scaled(column));
        if let Some(vector) = vector {
            let value = if scaled { format!("standardize({vector})") } else { vector };
            lines.insert(0, ("x".to_string(), value));
        }
        let is_class = target.content == Content::Whole && target.distinct.is_some_and(|count| count <= MOST_CLASSES);
        let value = if free && (is_class || target.content == Content::Text) {
            format!("category({})", written(&target.name))
        } else {
            written(&target.name)
        };
        lines.push(("y".to_string(), value));
        lines
    }

    /// The arrays under their own names, or such as nd can write; bytes of pictures between 0 and 1.
    fn of_arrays(&self, usable: &[&Column]) -> Vec<(String, String)> {
        let mut lines: Vec<(String, String)> = Vec::new();
        for column in usable {
            let name = written(&column.name);
            let is_picture = column.kind == "uint8" && column.entry.len() >= 2;
            let value = if is_picture { format!("{name} / 255") } else { name };
            lines.push((free_name(&column.name, &[], &lines), value));
        }
        lines
    }
}

/// Whether a column has different values.
fn varies(column: &Column) -> bool {
    column.distinct.is_some_and(|count| count > 1)
}

/// Whether the differences of a column's numbers are numbers.
fn can_be_scaled(column: &Column) -> bool {
    column.range.is_none_or(|(least, greatest, _)| (greatest - least).is_finite())
}

/// The column that is probably to be predicted: one of a usual name, else the last; one that varies, if there is one.
fn target<'c>(usable: &[&'c Column]) -> Option<&'c Column> {
    let any = usable.iter().any(|column| varies(column));
    let mut choices = usable.iter().filter(|column| varies(column) || !any);
    let named = choices.clone().find(|column| TARGETS.contains(&column.name.to_lowercase().as_str()));
    named.or_else(|| choices.next_back()).copied()
}

/// A name for a column of the set, apart from those that are taken, what says `missing`, and the columns so far.
fn free_name(name: &str, taken: &[&str], lines: &[(String, String)]) -> String {
    let letters: String = name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect();
    let mut free = if is_name(&letters) { letters } else { format!("label_{}", lines.len() + 1) };
    while taken.contains(&free.as_str()) || free == "missing" || lines.iter().any(|(known, _)| *known == free) {
        free.push_str("_label");
    }
    free
}

/// A column of the file as an expression has it.
fn written(name: &str) -> String {
    if is_name(name) { name.to_string() } else { format!("column(\"{}\")", name.escape_debug()) }
}

/// A name for the set, after the file.
fn set_name(survey: &Survey) -> String {
    let file = survey.path.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem: String = file.split('.').next().unwrap_or_default().chars().map(letter).collect();
    let stem = stem.trim_matches('_');
    let is_free = is_name(stem) && Word::spelled(stem).is_none() && !FUNCTIONS.contains(&stem);
    if is_free { stem.to_string() } else { format!("data_{stem}") }
}

fn letter(letter: char) -> char {
    if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' }
}

/// Whether a text can be written as a name.
fn is_name(text: &str) -> bool {
    let tokens = tokens(text).lexemes;
    matches!(&tokens[..], [one] if matches!(one.token, Token::Identifier(name) if name == text)) && text != "_"
}
