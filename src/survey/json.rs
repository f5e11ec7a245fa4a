//! A survey for programs.

use super::{Column, Content, Survey, item};
use serde_json::{Value, json};

/// One object: the file, its columns, and the `data` item.
pub fn json(survey: &Survey) -> Value {
    json!({
        "file": survey.path,
        "format": survey.format,
        "rows": survey.rows,
        "columns": survey.columns.iter().map(column).collect::<Vec<Value>>(),
        "item": item(survey),
    })
}

fn column(column: &Column) -> Value {
    let (least, greatest, mean) = match column.range {
        Some((least, greatest, mean)) => (json!(least), json!(greatest), json!(mean)),
        None => (Value::Null, Value::Null, Value::Null),
    };
    let problem = match &column.content {
        Content::Unusable(why) => json!(why),
        _ => Value::Null,
    };
    json!({
        "name": column.name,
        "type": column.kind,
        "shape": column.entry,
        "rows": column.rows,
        "missing": column.missing.len(),
        "distinct": column.distinct,
        "least": least,
        "greatest": greatest,
        "mean": mean,
        "first": column.first,
        "labels": column.labels,
        "problem": problem,
    })
}
