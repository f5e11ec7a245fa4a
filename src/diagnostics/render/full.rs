//! A diagnostic with its source text, for people.

use super::excerpt::{Excerpt, excerpts};
use super::{file, one_line};
use crate::diagnostics::{Diagnostic, Help, Label, Severity, explain};
use crate::source::{SourceFile, SourceId, SourceMap};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Patch, Renderer, Snippet};
use std::ops::Range;

/// The message without a final new line.
pub(super) fn render(diagnostic: &Diagnostic, sources: &SourceMap, color: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(one_line(&diagnostic.message)).id(diagnostic.code));
    for (source, labels) in by_source(diagnostic) {
        let Some(file) = sources.iter().nth(source.0 as usize).map(|(_, file)| file) else { continue };
        let places = labels.into_iter().map(|(kind, label)| (range(label), (kind, label))).collect();
        for excerpt in excerpts(file, places) {
            group = place(group, file, excerpt);
        }
    }
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(one_line(note)));
    }
    let mut groups = vec![group];
    groups.extend(diagnostic.help.as_ref().map(|help| advice(help, sources)));
    if explain::page(diagnostic.code).is_some() {
        let text = format!("more about {}: ndc explain {}", topic(diagnostic.code), diagnostic.code);
        groups.push(Group::with_title(Level::NOTE.secondary_title(text)));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let text = renderer.decor_style(DecorStyle::Unicode).render(&groups);
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

type Labels<'a> = Vec<(AnnotationKind, &'a Label)>;

/// All labels, grouped by text; that of the primary label is first.
fn by_source(diagnostic: &Diagnostic) -> Vec<(SourceId, Labels<'_>)> {
    let primary = diagnostic.primary.iter().map(|label| (AnnotationKind::Primary, label));
    let others = diagnostic.labels.iter().map(|label| (AnnotationKind::Context, label));
    let mut groups: Vec<(SourceId, Labels<'_>)> = Vec::new();
    for (kind, label) in primary.chain(others) {
        match groups.iter_mut().find(|(source, _)| *source == label.span.source) {
            Some((_, labels)) => labels.push((kind, label)),
            None => groups.push((label.span.source, vec![(kind, label)])),
        }
    }
    groups
}

fn range(label: &Label) -> Range<usize> {
    label.span.start as usize..label.span.end as usize
}

/// Adds an excerpt with its labels.
fn place<'a>(group: Group<'a>, file: &SourceFile, excerpt: Excerpt<(AnnotationKind, &Label)>) -> Group<'a> {
    let annotations = excerpt.places.into_iter().map(|(place, (kind, label))| annotation(place, kind, label));
    let snippet = Snippet::source(excerpt.text).line_start(excerpt.first_line);
    let path = one_line(&file.name);
    match excerpt.cut {
        None => group.element(snippet.path(path).annotations(annotations)),
        Some((line, column)) => {
            let origin = Origin::path(path).line(line).char_column(column);
            group.element(origin).element(snippet.annotations(annotations))
        }
    }
}

fn annotation<'a>(place: Range<usize>, kind: AnnotationKind, label: &Label) -> Annotation<'a> {
    let annotation = kind.span(place);
    if label.text.is_empty() { annotation } else { annotation.label(one_line(&label.text)) }
}

/// The suggestion, as a change of the text where it is one.
fn advice<'a>(help: &Help, sources: &SourceMap) -> Group<'a> {
    let group = Group::with_title(Level::HELP.secondary_title(one_line(&help.text)));
    let Some((span, replacement)) = &help.patch else { return group };
    let Some(file) = file(sources, *span) else { return group };
    let places = vec![(span.start as usize..span.end as usize, ())];
    let Some(excerpt) = excerpts(file, places).into_iter().next() else { return group };
    let Some((place, ())) = excerpt.places.into_iter().next() else { return group };
    if excerpt.cut.is_some() || excerpt.text.get(place.clone()) == Some(replacement) {
        return group;
    }
    let patch = Patch::new(place, replacement.clone());
    group.element(Snippet::source(excerpt.text).line_start(excerpt.first_line).path(one_line(&file.name)).patch(patch))
}

/// What the errors of a group are about.
fn topic(code: &str) -> &'static str {
    match code.get(..3) {
        Some("E00") => "syntax",
        Some("E01") => "names and calls",
        Some("E02") => "types and shapes",
        Some("E03") => "index notation",
        Some("E04") => "gradients",
        Some("E05") => "data",
        Some("E06") => "actions and settings",
        Some("E07") => "numeric trouble",
        Some("E08") => "files",
        _ => "this",
    }
}
