//! The lines of kernels, and the items of a file that they stand in.

use crate::source::{SourceId, SourceMap, Span};
use crate::syntax::ast::{Item, ItemKind};
use crate::syntax::parse;
use std::collections::BTreeMap;

/// The most lines that are listed.
const LISTED: usize = 3;

/// Looks up lines and items.
pub struct Places<'s> {
    sources: &'s SourceMap,
    /// The file itself, whose name goes without saying.
    own: Option<SourceId>,
    items: BTreeMap<SourceId, Vec<(Span, String)>>,
}

impl<'s> Places<'s> {
    /// Of the texts of a program, whose own file comes right after the library.
    pub fn new(sources: &'s SourceMap) -> Self {
        let own = sources.iter().find(|(_, file)| !file.library).map(|(id, _)| id);
        Places { sources, own, items: BTreeMap::new() }
    }

    /// Line and column of a place, with the name of its text where that is not the file itself.
    pub fn place(&self, span: Span) -> String {
        let (line, column) = self.sources.get(span.source).line_column(span.start as usize);
        format!("{}{line}:{column}", self.prefix(span.source))
    }

    /// The lines of places; those of the file itself if it has any.
    pub fn lines(&self, places: &[Span]) -> String {
        let in_file = places.iter().filter(|span| Some(span.source) == self.own);
        let chosen: Vec<&Span> = match in_file.clone().next() {
            Some(_) => in_file.collect(),
            None => places.iter().filter(|span| span.source == places[0].source).collect(),
        };
        let Some(first) = chosen.first() else { return String::new() };
        let file = self.sources.get(first.source);
        let mut lines: Vec<usize> = chosen.iter().map(|span| file.line_column(span.start as usize).0).collect();
        lines.dedup();
        let more = if lines.len() > LISTED { ", …" } else { "" };
        let listed: Vec<String> = lines.iter().take(LISTED).map(usize::to_string).collect();
        format!("{}{}{more}", self.prefix(first.source), listed.join(", "))
    }

    /// The name of the function, layer, model or other item that a place is in.
    pub fn item(&mut self, span: Span) -> Option<String> {
        let sources = self.sources;
        let items = self.items.entry(span.source).or_insert_with(|| {
            let (file, _) = parse(span.source, &sources.get(span.source).text);
            file.items.iter().filter_map(|item| Some((item.span, name(item)?))).collect()
        });
        let found = items.iter().find(|(item, _)| item.start <= span.start && span.end <= item.end)?;
        Some(found.1.clone())
    }

    /// The text of a place.
    pub fn text(&self, span: Span) -> &'s str {
        self.sources.text(span)
    }

    fn prefix(&self, source: SourceId) -> String {
        match self.own {
            Some(own) if own == source => String::new(),
            _ => format!("{}:", self.sources.get(source).name),
        }
    }
}

fn name(item: &Item) -> Option<String> {
    match &item.kind {
        ItemKind::Function(function) => Some(function.name.text.clone()),
        ItemKind::Derivative(function) => Some(format!("derivative {}", function.name.text)),
        ItemKind::Layer(layer) => Some(layer.name.text.clone()),
        ItemKind::Model { name, .. } => Some(name.text.clone()),
        ItemKind::Param(param) => Some(param.name.text.clone()),
        ItemKind::Data(data) => Some(data.name.text.clone()),
        _ => None,
    }
}
