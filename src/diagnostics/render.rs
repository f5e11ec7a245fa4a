//! Diagnostics as text: for a terminal in full, one line each, or one JSON object each.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Patch, Renderer, Snippet};
use serde_json::{Value, json};

use crate::source::{SourceId, SourceMap, Span};

use super::{Diagnostic, Help, Label, Severity, explain};

/// How diagnostics are shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum MessageFormat {
    /// The source with the places underlined.
    #[default]
    Full,
    /// `path:line:column: error[E0204]: message`.
    Short,
    /// One JSON object a line.
    Json,
}

/// Writes diagnostics in their order.
pub fn render(diagnostics: &[Diagnostic], sources: &SourceMap, format: MessageFormat, color: bool) -> String {
    let mut lines = Lines { sources, starts: BTreeMap::new() };
    let mut out = String::new();
    for (index, diagnostic) in diagnostics.iter().enumerate() {
        match format {
            MessageFormat::Full => {
                if index > 0 {
                    out.push('\n');
                }
                out.push_str(&full(diagnostic, &mut lines, color));
            }
            MessageFormat::Short => out.push_str(&short(diagnostic, &mut lines)),
            MessageFormat::Json => out.push_str(&as_json(diagnostic, &mut lines).to_string()),
        }
        out.push('\n');
    }
    out
}

// ---- Places ----

/// Where the lines of each text start, found once.
struct Lines<'s> {
    sources: &'s SourceMap,
    starts: BTreeMap<SourceId, Vec<usize>>,
}

/// The whole lines that some places lie in.
struct Window<'s> {
    name: &'s str,
    text: &'s str,
    /// The byte that the window starts at.
    start: usize,
    /// The number of its first line, from 1.
    first_line: usize,
}

impl Window<'_> {
    /// A span as a range of the window's text.
    fn range(&self, span: Span) -> Range<usize> {
        let within = |place: u32| {
            let place = (place as usize).saturating_sub(self.start).min(self.text.len());
            self.text.floor_char_boundary(place)
        };
        let start = within(span.start);
        start..within(span.end).max(start)
    }
}

impl<'s> Lines<'s> {
    fn starts(&mut self, source: SourceId) -> &[usize] {
        let text = &self.sources.get(source).text;
        self.starts.entry(source).or_insert_with(|| {
            std::iter::once(0).chain(text.match_indices('\n').map(|(newline, _)| newline + 1)).collect()
        })
    }

    /// The line of a byte, from 0.
    fn line(&mut self, source: SourceId, place: usize) -> usize {
        self.starts(source).partition_point(|start| *start <= place).saturating_sub(1)
    }

    /// Line and column of a byte, from 1.
    fn line_column(&mut self, source: SourceId, place: u32) -> (usize, usize) {
        let text = &self.sources.get(source).text;
        let place = text.floor_char_boundary((place as usize).min(text.len()));
        let line = self.line(source, place);
        let start = self.starts(source)[line];
        (line + 1, text[start..place].chars().count() + 1)
    }

    /// The lines around places of one text, with a line of context on either side.
    fn window(&mut self, source: SourceId, spans: &[Span]) -> Window<'s> {
        let file = self.sources.get(source);
        let first = spans.iter().map(|span| span.start as usize).min().unwrap_or(0).min(file.text.len());
        let last = spans.iter().map(|span| span.end as usize).max().unwrap_or(0).min(file.text.len());
        let first_line = self.line(source, first);
        let last_line = self.line(source, last);
        let starts = self.starts(source);
        let start = starts[first_line];
        let end = starts.get(last_line + 1).copied().unwrap_or(file.text.len());
        Window { name: &file.name, text: &file.text[start..end], start, first_line: first_line + 1 }
    }
}

// ---- In full ----

fn full<'a>(diagnostic: &'a Diagnostic, lines: &mut Lines<'a>, color: bool) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut first =
        level.primary_title(clean(&diagnostic.message)).id(diagnostic.code).elements(snippets(diagnostic, lines));
    for note in &diagnostic.notes {
        first = first.element(Level::NOTE.message(clean(note)));
    }
    let mut groups = vec![first];
    groups.extend(diagnostic.help.as_ref().map(|help| help_group(help, lines)));
    if explain::page(diagnostic.code).is_some() {
        let more = format!("more about {}: ndc explain {}", explain::topic(diagnostic.code), diagnostic.code);
        groups.push(Group::with_title(Level::NOTE.secondary_title(more)));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.decor_style(DecorStyle::Unicode).render(&groups)
}

type Annotated<'a> = Snippet<'a, annotate_snippets::Annotation<'a>>;

/// One snippet for each text that is pointed at, the primary place's text first.
fn snippets<'a>(diagnostic: &'a Diagnostic, lines: &mut Lines<'a>) -> Vec<Annotated<'a>> {
    let labels = || diagnostic.primary.iter().chain(&diagnostic.labels);
    let mut sources: Vec<SourceId> = Vec::new();
    for label in labels() {
        if !sources.contains(&label.span.source) {
            sources.push(label.span.source);
        }
    }
    let mut snippets = Vec::new();
    for source in sources {
        let spans: Vec<Span> = labels().map(|label| label.span).filter(|span| span.source == source).collect();
        let window = lines.window(source, &spans);
        let mut snippet = Snippet::source(window.text).path(window.name).line_start(window.first_line);
        let primary = diagnostic.primary.iter().map(|label| (AnnotationKind::Primary, label));
        let others = diagnostic.labels.iter().map(|label| (AnnotationKind::Context, label));
        for (kind, label) in primary.chain(others).filter(|(_, label)| label.span.source == source) {
            let text = (!label.text.is_empty()).then(|| clean(&label.text));
            snippet = snippet.annotation(kind.span(window.range(label.span)).label(text));
        }
        snippets.push(snippet);
    }
    snippets
}

fn help_group<'a>(help: &'a Help, lines: &mut Lines<'a>) -> Group<'a> {
    let group = Group::with_title(Level::HELP.secondary_title(clean(&help.text)));
    let Some((span, replacement)) = &help.patch else { return group };
    let window = lines.window(span.source, &[*span]);
    let patch = Patch::new(window.range(*span), replacement.as_str());
    group.element(Snippet::source(window.text).path(window.name).line_start(window.first_line).patch(patch))
}

/// Text for a terminal: control characters, which may come from a data file, are spelled out.
fn clean(text: &str) -> Cow<'_, str> {
    let controls = |letter: char| letter.is_control() && letter != '\n';
    if !text.contains(controls) {
        return Cow::Borrowed(text);
    }
    let spelled =
        |letter: char| if controls(letter) { letter.escape_default().to_string() } else { letter.to_string() };
    Cow::Owned(text.chars().map(spelled).collect())
}

// ---- One line each ----

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn short(diagnostic: &Diagnostic, lines: &mut Lines<'_>) -> String {
    let what = format!("{}[{}]: {}", word(diagnostic.severity), diagnostic.code, clean(&diagnostic.message));
    let Some(Label { span, .. }) = &diagnostic.primary else { return what };
    let (line, column) = lines.line_column(span.source, span.start);
    format!("{}:{line}:{column}: {what}", lines.sources.get(span.source).name)
}

fn as_json(diagnostic: &Diagnostic, lines: &mut Lines<'_>) -> Value {
    let primary = diagnostic.primary.as_ref().map(|label| label_json(label, lines));
    let labels: Vec<Value> = diagnostic.labels.iter().map(|label| label_json(label, lines)).collect();
    let help = diagnostic.help.as_ref().map(|help| {
        let patch = help
            .patch
            .as_ref()
            .map(|(span, replacement)| json!({ "place": place_json(*span, lines), "replacement": replacement }));
        json!({ "text": help.text, "patch": patch })
    });
    json!({
        "severity": word(diagnostic.severity),
        "code": diagnostic.code,
        "message": diagnostic.message,
        "primary": primary,
        "labels": labels,
        "notes": diagnostic.notes,
        "help": help,
    })
}

fn label_json(label: &Label, lines: &mut Lines<'_>) -> Value {
    json!({ "place": place_json(label.span, lines), "text": label.text })
}

fn place_json(span: Span, lines: &mut Lines<'_>) -> Value {
    let (line, column) = lines.line_column(span.source, span.start);
    let (end_line, end_column) = lines.line_column(span.source, span.end);
    json!({
        "file": lines.sources.get(span.source).name,
        "start": span.start,
        "end": span.end,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> (SourceMap, Diagnostic) {
        let mut sources = SourceMap::default();
        let program = "param W1: [128, 784] = he_normal()\nparam W2: [10, 64] = he_normal()\nfn f(x) = {\n    let h = W1 @ x;\n    W2 @ h\n}\n";
        let table = "PassengerId,age\n1,22\n";
        let file = sources.add("mlp.nd", None, program);
        let data = sources.add("titanic.csv", None, table);
        let at = |text: &str| {
            let start = program.find(text).unwrap();
            Span::new(file, start, start + text.len())
        };
        let diagnostic = Diagnostic::error("E0204", "these two shapes cannot be multiplied", at("W2 @ h"))
            .saying("64 columns on the left meet 128 values on the right")
            .label(at("[10, 64]"), "`W2` is declared here with 64 columns")
            .label(Span::new(data, 12, 15), "from a data file")
            .note("a fact")
            .fix("make `W2` take the 128 values that `h` has", at("64"), "128");
        (sources, diagnostic)
    }

    #[test]
    fn in_full_with_places_in_two_files_and_a_patch() {
        let (sources, diagnostic) = example();
        insta::assert_snapshot!(render(&[diagnostic], &sources, MessageFormat::Full, false));
    }

    #[test]
    fn one_line() {
        let (sources, diagnostic) = example();
        let lost = Diagnostic::without_place("E0801", "no such file");
        let text = render(&[diagnostic, lost], &sources, MessageFormat::Short, false);
        assert_eq!(
            text,
            "mlp.nd:5:5: error[E0204]: these two shapes cannot be multiplied\nerror[E0801]: no such file\n"
        );
    }

    #[test]
    fn json_has_one_object_a_line() {
        let (sources, diagnostic) = example();
        let text = render(&[diagnostic.clone(), diagnostic], &sources, MessageFormat::Json, false);
        let objects: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(objects.len(), 2);
        assert_eq!(objects[0]["primary"]["place"]["line"], 5);
        assert_eq!(objects[0]["help"]["patch"]["replacement"], "128");
    }

    #[test]
    fn places_outside_the_text_do_no_harm() {
        let mut sources = SourceMap::default();
        let file = sources.add("short.nd", None, "é");
        for (start, end) in [(0, 1), (1, 1), (2, 2), (5, 9), (9, 5)] {
            let span = Span { source: file, start, end };
            let diagnostic = Diagnostic::error("E0003", "a \u{1b}[31m message", span).fix("change", span, "x");
            let text = render(&[diagnostic], &sources, MessageFormat::Full, false);
            assert!(text.contains("error[E0003]") && !text.contains('\u{1b}'));
        }
    }
}
