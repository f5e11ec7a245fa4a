//! From a text to its page.

use super::{Entry, Page, Section};
use crate::diagnostics::Diagnostic;
use crate::source::{SourceId, Span};
use crate::syntax::ast::{Data, Expr, File, Function, Item, ItemKind, Layer};
use crate::syntax::{format, parse};

/// A section's title, and which definitions it holds.
type Kind = (&'static str, fn(&ItemKind) -> bool);

/// The sections in their order on a page.
const SECTIONS: [Kind; 8] = [
    ("Functions", |kind| matches!(kind, ItemKind::Function(_))),
    ("Derivatives", |kind| matches!(kind, ItemKind::Derivative(_))),
    ("Layers", |kind| matches!(kind, ItemKind::Layer(_))),
    ("Models", |kind| matches!(kind, ItemKind::Model { .. })),
    ("Parameters", |kind| matches!(kind, ItemKind::Param(_))),
    ("Types", |kind| matches!(kind, ItemKind::Type { .. })),
    ("Constants", |kind| matches!(kind, ItemKind::Const { .. })),
    ("Data", |kind| matches!(kind, ItemKind::Data(_))),
];

/// The page of a text. It recurses over the tree: see [`crate::syntax::ast::MAX_DEPTH`].
///
/// # Errors
/// The syntax errors of the text.
pub fn page(name: &str, text: &str) -> Result<Page, Vec<Diagnostic>> {
    // Signatures are cut out of the text in its usual form.
    let text = format::format(SourceId(0), text)?;
    let (file, _) = parse(SourceId(0), &text);
    let section = |(title, belongs): Kind| {
        let items = file.items.iter().filter(|item| belongs(&item.kind));
        Section { title, entries: items.filter_map(|item| entry(item, &text)).collect() }
    };
    let sections = SECTIONS.into_iter().map(section).filter(|section| !section.entries.is_empty()).collect();
    Ok(Page { name: name.to_string(), title: name.to_string(), introduction: introduction(&file, &text), sections })
}

/// The comment that starts the file, up to the first line without one.
fn introduction(file: &File, text: &str) -> String {
    let commented = text.lines().take_while(|line| line.starts_with("//") && !line.starts_with("///")).count();
    let lines = file.comments.iter().take(commented).map(|comment| without_slashes(&comment.text));
    lines.collect::<Vec<_>>().join("\n")
}

fn without_slashes(comment: &str) -> &str {
    let text = comment.trim_start_matches('/');
    text.strip_prefix(' ').unwrap_or(text)
}

fn entry(item: &Item, text: &str) -> Option<Entry> {
    let written = |start: u32, end: u32| text.get(start as usize..end as usize).unwrap_or_default();
    let whole = written(item.span.start, item.span.end).to_string();
    let (name, signature) = match &item.kind {
        ItemKind::Function(function) | ItemKind::Derivative(function) => {
            (&function.name, head(function, item.span, text))
        }
        ItemKind::Layer(layer) => (&layer.name, layer_signature(layer, item.span, text)),
        ItemKind::Data(data) => (&data.name, data_signature(data, &whole)),
        ItemKind::Param(param) => (&param.name, whole),
        ItemKind::Model { name, .. } | ItemKind::Type { name, .. } | ItemKind::Const { name, .. } => (name, whole),
        _ => return None,
    };
    let mut documentation = item.documentation.join("\n");
    if let ItemKind::Layer(layer) = &item.kind {
        documentation.push_str(&member_documentation(layer));
    }
    Some(Entry { name: name.text.clone(), signature, documentation })
}

/// A function without its body.
fn head(function: &Function, span: Span, text: &str) -> String {
    before(&function.body, span, text).trim_end().trim_end_matches('=').trim_end().to_string()
}

/// The text of a definition up to an expression in it.
fn before<'t>(expression: &Expr, span: Span, text: &'t str) -> &'t str {
    text.get(span.start as usize..expression.span.start as usize).unwrap_or_default()
}

/// A layer with what it owns, its functions without their bodies.
fn layer_signature(layer: &Layer, span: Span, text: &str) -> String {
    let whole = &text[span.range()];
    let open = match layer.members.first() {
        Some(member) => text[..member.span.start as usize].rfind('{').unwrap_or(span.start as usize),
        None => span.start as usize + whole.rfind('{').unwrap_or(whole.len()),
    };
    let mut signature = format!("{} {{\n", text[span.start as usize..open].trim_end());
    for member in &layer.members {
        let line = match &member.kind {
            ItemKind::Function(function) => head(function, member.span, text),
            _ => text[member.span.range()].to_string(),
        };
        signature.push_str(&format!("    {line}\n"));
    }
    signature + "}"
}

/// The documentation of what a layer owns, as a list.
fn member_documentation(layer: &Layer) -> String {
    let mut list = String::new();
    for member in layer.members.iter().filter(|member| !member.documentation.is_empty()) {
        let name = match &member.kind {
            ItemKind::Param(param) => &param.name.text,
            ItemKind::Model { name, .. } => &name.text,
            ItemKind::Function(function) => &function.name.text,
            _ => continue,
        };
        let start = if list.is_empty() { "\n\n" } else { "" };
        list.push_str(&format!("{start}- `{name}`: {}\n", member.documentation.join("\n  ")));
    }
    list
}

/// A table's rows are no part of its signature.
fn data_signature(data: &Data, whole: &str) -> String {
    let is_table = whole.split_once('=').is_some_and(|(_, source)| source.trim_start().starts_with("table"));
    match &data.columns {
        Some(columns) if is_table => {
            let names: Vec<&str> = columns.iter().map(|column| column.name.text.as_str()).collect();
            format!("data {} = table {{ {} }}", data.name.text, names.join(", "))
        }
        _ => whole.to_string(),
    }
}
