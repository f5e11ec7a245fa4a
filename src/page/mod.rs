//! The HTML page about a run: one file that needs nothing else.
//!
//! A [`Collector`] watches the run; [`html`] writes what it saw. The page loads nothing, and its policy forbids it to; a script shows
//! the values below the pointer, and the page says the same without it. Every text of the user's is escaped.

mod collector;
pub mod curves;
mod fit;
mod source;

pub use collector::Collector;

use crate::chart::{Chart, Place, STYLE, svg};
use crate::report::{counted, duration, escaped, significant, thousands};
use crate::session::{Ending, TrainingEnd};
use crate::source::SourceMap;
use collector::{Event, Training};
use std::fmt::Write;

/// What the page says beside what was seen.
pub struct About {
    /// The name of the program's file.
    pub file: String,
    /// The program's own text.
    pub text: String,
    /// Messages, if the run failed.
    pub failure: Option<String>,
    /// The layers: headings and lines.
    pub layers: Vec<[String; 5]>,
    /// Drawings of the graphs of the losses, as SVG.
    pub graphs: Vec<String>,
    /// Rows about the run: seed, versions, options, machine, times.
    pub facts: Vec<(String, String)>,
}

const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
/// Significant digits.
const DIGITS: usize = 6;

/// The page.
pub fn html(collector: &Collector, sources: &SourceMap, about: &About) -> String {
    let mut out = String::new();
    let title = escaped(&about.file);
    let _ = writeln!(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">");
    let _ = writeln!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.push_str("<meta name=\"color-scheme\" content=\"light dark\">\n");
    let _ = writeln!(out, "<title>{title}</title>\n<style>\n{STYLE}{}</style>\n</head>", include_str!("page.css"));
    let state = match (&about.failure, is_interrupted(collector)) {
        (Some(_), _) => "<span class=\"bad\">failed</span>",
        (None, true) => "<span class=\"warn\">interrupted</span>",
        (None, false) => "<span class=\"good\">finished</span>",
    };
    let _ = writeln!(out, "<body>\n<header><h1>{title}</h1>{state}</header>\n<main>");
    if let Some(failure) = &about.failure {
        let _ = writeln!(
            out,
            "<section><h2>What went wrong</h2>\n<pre class=\"failure\">{}</pre></section>",
            escaped(failure)
        );
    }
    events(collector, sources, &mut out);
    if about.failure.is_none() && is_interrupted(collector) {
        out.push_str("<section><p class=\"warn\">Interrupted by the user. What the program says below this training was not done.</p></section>\n");
    }
    layers(&about.layers, &mut out);
    if !about.graphs.is_empty() {
        out.push_str("<section><h2>Graph of the loss</h2>\n");
        for graph in &about.graphs {
            let _ = writeln!(out, "<img class=\"graph\" alt=\"The graph of the loss\" src=\"{}\">", embedded(graph));
        }
        out.push_str("</section>\n");
    }
    let _ = writeln!(
        out,
        "<section><h2>Source</h2>\n<pre class=\"source\">{}</pre></section>",
        source::colored(&about.text)
    );
    out.push_str("<section><h2>About this run</h2>\n<table>\n");
    for (name, value) in &about.facts {
        let _ = writeln!(out, "<tr><th>{}</th><td>{}</td></tr>", escaped(name), escaped(value));
    }
    let _ =
        writeln!(out, "</table></section>\n</main>\n<script>\n{}</script>\n</body>\n</html>", include_str!("page.js"));
    out
}

/// The layers with their parameters, where there are some.
fn layers(rows: &[[String; 5]], out: &mut String) {
    let [headings, lines @ .., _] = rows else { return };
    if lines.is_empty() {
        return;
    }
    out.push_str("<section><h2>Layers</h2>\n<div class=\"wide\"><table class=\"layers\">\n");
    let cells = |row: &[String; 5], tag: &str| {
        row.iter().map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell))).collect::<String>()
    };
    let _ = writeln!(out, "<tr>{}</tr>", cells(headings, "th"));
    rows[1..].iter().for_each(|row| {
        let _ = writeln!(out, "<tr>{}</tr>", cells(row, "td"));
    });
    out.push_str("</table></div></section>\n");
}

fn is_interrupted(collector: &Collector) -> bool {
    collector.events.iter().any(|event| match event {
        Event::Trained(training) => training.end.as_ref().is_some_and(|end| end.ending == Ending::Interrupted),
        _ => false,
    })
}

/// What happened, in order; lines that were printed one after another stand together.
fn events(collector: &Collector, sources: &SourceMap, out: &mut String) {
    let mut open = "";
    let mut count = 0;
    for event in &collector.events {
        let kind = match event {
            Event::Printed(_) | Event::Asserted(..) => "<pre class=\"printed\">",
            Event::Plotted(_) => "<div class=\"charts\">",
            Event::Trained(_) => "",
        };
        if kind != open {
            close(open, out);
            out.push_str(kind);
            open = kind;
        }
        match event {
            Event::Printed(line) => {
                let _ = writeln!(out, "{}", escaped(line));
            }
            Event::Asserted(place, holds) => {
                let (line, _) = sources.get(place.source).line_column(place.start as usize);
                let text = sources.text(*place).split_whitespace().collect::<Vec<_>>().join(" ");
                let sign = if *holds { "<span class=\"good\">✓</span>" } else { "<span class=\"bad\">✗</span>" };
                let _ = writeln!(out, "{sign} {} (line {line})", escaped(&text));
            }
            Event::Plotted(chart) => figure(chart, out),
            Event::Trained(training) => {
                count += 1;
                trained(training, count, out);
            }
        }
    }
    close(open, out);
}

fn close(open: &str, out: &mut String) {
    out.push_str(match open.get(1..4) {
        Some("pre") => "</pre>\n",
        Some("div") => "</div>\n",
        _ => "",
    });
}

fn figure(chart: &Chart, out: &mut String) {
    let _ = writeln!(out, "<figure>{}</figure>", svg(chart, Place::Page).trim_end());
}

fn figures(title: &str, charts: &[Chart], out: &mut String) {
    if charts.is_empty() {
        return;
    }
    let _ = writeln!(out, "<h3>{title}</h3>\n<div class=\"charts\">");
    charts.iter().for_each(|chart| figure(chart, out));
    out.push_str("</div>\n");
}

fn trained(training: &Training, count: usize, out: &mut String) {
    let start = &training.start;
    let name = start.name.as_ref().map_or(format!("Training {count}"), |name| format!("Training {name}"));
    let _ = writeln!(out, "<section><h2>{}</h2>\n<table>", escaped(&name));
    let mut row = |name: &str, value: String| {
        let _ = writeln!(out, "<tr><th>{}</th><td>{}</td></tr>", escaped(name), escaped(&value));
    };
    if let Some((data, rows)) = &start.data {
        row("data", format!("{data}, {} examples, {} a step", thousands(*rows as u64), thousands(start.batch as u64)));
    }
    row("trainable values", thousands(start.trainable as u64));
    row("seed", start.seed.to_string());
    if let Some((path, step)) = &start.resumed {
        row("resumed", format!("from step {} of {path}", thousands(*step)));
    }
    if let Some(end) = &training.end {
        outcome(end).into_iter().for_each(|(name, value)| row(&name, value));
    }
    out.push_str("</table>\n");
    figures("Curves", &curves::curves(&training.records), out);
    figures("Predictions", &fit::predictions(training), out);
    figures("Learning rate and gradient", &curves::progress(&training.records), out);
    parameters(training, out);
    figures("Distributions", &fit::histograms(training), out);
    out.push_str("</section>\n");
}

/// What a training came to, as names and texts.
fn outcome(end: &TrainingEnd) -> Vec<(String, String)> {
    let (steps, epochs) = (counted(end.steps, "step"), counted(end.epochs, "epoch"));
    let mut rows =
        vec![("trained".to_string(), format!("{steps}, {epochs} in {}{}", duration(end.elapsed), end.ending.told()))];
    let mut measured = |prefix: &str, loss: f64, metrics: &[(String, f64)]| {
        let loss = std::iter::once(("loss".to_string(), loss));
        let all = loss.chain(metrics.iter().cloned());
        rows.extend(all.map(|(name, value)| (format!("{prefix}{name}"), significant(value, DIGITS))));
    };
    measured("", end.loss, &end.metrics);
    if let Some((loss, metrics)) = &end.validation {
        measured("validation ", *loss, metrics);
    }
    if let Some(best) = &end.best {
        let restored = if best.restored { ", whose parameters are restored" } else { "" };
        let (epoch, value) = (thousands(best.epoch), significant(best.value, DIGITS));
        rows.push(("best epoch".to_string(), format!("{epoch}, {} {value}{restored}", best.monitor)));
    }
    rows.extend(end.checkpoint.iter().map(|path| ("checkpoint".to_string(), path.clone())));
    rows
}

/// A line for each parameter: its shape, and what it was and is.
fn parameters(training: &Training, out: &mut String) {
    let Some(end) = &training.end else { return };
    out.push_str("<h3>Parameters</h3>\n<div class=\"wide\"><table>\n");
    out.push_str("<tr><th>name</th><th>shape</th><th>at the start</th><th>at the end</th></tr>\n");
    for (name, shape, values) in &end.params {
        let first = training.first.iter().find(|(each, ..)| each == name).map_or(&[][..], |(_, _, values)| values);
        let [name, shape] = [name.clone(), shape.to_string()].map(|text| escaped(&text));
        let (first, last) = (summary(first), summary(values));
        let _ = writeln!(out, "<tr><th>{name}</th><td>{shape}</td><td>{first}</td><td>{last}</td></tr>");
    }
    out.push_str("</table></div>\n");
}

/// A few values, or mean and standard deviation of many.
fn summary(values: &[f64]) -> String {
    if values.len() <= 4 {
        return values.iter().map(|value| significant(*value, DIGITS)).collect::<Vec<_>>().join("  ");
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / count;
    format!("{} ± {}", significant(mean, 3), significant(variance.sqrt(), 3))
}

/// A drawing within the page, with its own style.
fn embedded(drawing: &str) -> String {
    let mut out = "data:image/svg+xml,".to_string();
    for byte in drawing.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b' '
            | b'/'
            | b':'
            | b'='
            | b'-'
            | b'.'
            | b','
            | b';'
            | b'('
            | b')' => {
                out.push(char::from(byte));
            }
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}
