//! A diagnostic for programs: editors, checkers of exercises.

use super::{file, severity};
use crate::diagnostics::{Diagnostic, Help, Label};
use crate::source::{SourceMap, Span};
use serde_json::{Map, Value, json};

/// The object of one diagnostic. Lines and columns count from 1, `start` and `end` are bytes; places are null where
/// there is no text.
pub(super) fn object(diagnostic: &Diagnostic, sources: &SourceMap) -> Value {
    let mut object = match &diagnostic.primary {
        Some(label) => place(label.span, sources),
        None => no_place(),
    };
    let labels = diagnostic.primary.iter().map(|primary| labelled(primary, true, sources));
    let labels = labels.chain(diagnostic.labels.iter().map(|other| labelled(other, false, sources)));
    object.insert("code".into(), json!(diagnostic.code));
    object.insert("severity".into(), json!(severity(diagnostic.severity)));
    object.insert("message".into(), json!(diagnostic.message));
    object.insert("labels".into(), labels.collect());
    object.insert("notes".into(), json!(diagnostic.notes));
    object.insert("help".into(), diagnostic.help.as_ref().map_or(Value::Null, |help| advice(help, sources)));
    Value::Object(object)
}

fn labelled(label: &Label, primary: bool, sources: &SourceMap) -> Value {
    let mut object = place(label.span, sources);
    object.insert("text".into(), json!(label.text));
    object.insert("primary".into(), json!(primary));
    Value::Object(object)
}

fn advice(help: &Help, sources: &SourceMap) -> Value {
    let replacement = help.patch.as_ref().map(|(span, text)| {
        let mut object = place(*span, sources);
        object.insert("text".into(), json!(text));
        object
    });
    json!({ "text": help.text, "replacement": replacement })
}

fn place(span: Span, sources: &SourceMap) -> Map<String, Value> {
    let Some(file) = file(sources, span) else { return no_place() };
    let (line, column) = file.line_column(span.start as usize);
    let (end_line, end_column) = file.line_column(span.end.max(span.start) as usize);
    fields([
        ("file", json!(file.name)),
        ("line", json!(line)),
        ("column", json!(column)),
        ("end_line", json!(end_line)),
        ("end_column", json!(end_column)),
        ("start", json!(span.start)),
        ("end", json!(span.end)),
    ])
}

fn no_place() -> Map<String, Value> {
    fields(["file", "line", "column", "end_line", "end_column", "start", "end"].map(|name| (name, Value::Null)))
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (name.to_string(), value)).collect()
}
