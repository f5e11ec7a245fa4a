//! A placed picture as SVG text: self-contained, with a background of its own, light or dark as the reader's system.

use super::gates::{Diagram, Gate, Kind};
use super::layout::{Edge, LETTER, LINE, Layout, Place, SMALL_LETTER};
use super::values::Caption;
use super::{Shown, Text};
use crate::report::escaped;
use std::fmt::Write;

/// The room for the title and for each line below the picture.
const TITLE: f64 = 30.0;
const NOTE: f64 = 18.0;
/// From the middle of a label to its baseline.
const BASELINE: f64 = 4.8;
/// The room to the left and right of texts.
const SIDE: f64 = 24.0;

const STYLE: &str = "\
svg { --back: #ffffff; --ink: #24292f; --soft: #6e7781; --wire: #8c959f; --fill: #f6f8fa; --box: #eef4fc; --value: #1a7f37; --slope: #cf222e; }
@media (prefers-color-scheme: dark) {
svg { --back: #161b22; --ink: #e6edf3; --soft: #9198a1; --wire: #6e7681; --fill: #21262d; --box: #1f2a3a; --value: #56d364; --slope: #ff7b72; }
}
.back { fill: #ffffff; fill: var(--back); }
text { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #24292f; fill: var(--ink); }
.label { font-size: 14px; text-anchor: middle; }
.constant { font-size: 12px; text-anchor: middle; fill: #6e7781; fill: var(--soft); }
.value, .slope, .shape { font-size: 12px; text-anchor: middle; }
.value, .above { fill: #1a7f37; fill: var(--value); }
.slope, .below { fill: #cf222e; fill: var(--slope); }
.shape, .note { fill: #6e7781; fill: var(--soft); }
.note { font-size: 12px; }
.title { font-size: 14px; font-weight: bold; }
.wire { fill: none; stroke: #8c959f; stroke: var(--wire); stroke-width: 1.3; }
.head { fill: #8c959f; fill: var(--wire); }
.gate, .call, .input, .output { stroke: #24292f; stroke: var(--ink); stroke-width: 1.3; fill: #f6f8fa; fill: var(--fill); }
.call { fill: #eef4fc; fill: var(--box); stroke-width: 2; }
.input, .output { stroke: #8c959f; stroke: var(--wire); fill: none; }
";

/// The whole text.
pub(super) fn svg(diagram: &Diagram, captions: &[Caption], layout: &Layout, text: &Text, shown: Shown) -> String {
    let notes: Vec<&String> = text.notes.iter().collect();
    let letters = |line: &str, letter: f64| line.chars().count() as f64 * letter + 2.0 * SIDE;
    let legend = legend(text, shown);
    let lines = notes.len() + usize::from(!legend.is_empty());
    let below = notes.iter().map(|note| letters(note, SMALL_LETTER)).fold(legend_width(&legend), f64::max);
    let width = layout.width.max(letters(&text.title, LETTER)).max(below).ceil();
    let height = (TITLE + layout.height + lines as f64 * NOTE + 8.0).ceil();
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">"
    );
    let _ = writeln!(out, "<title>{}</title>", escaped(&text.title));
    let _ = writeln!(out, "<style>\n{STYLE}</style>");
    let _ = writeln!(out, "<rect class=\"back\" width=\"{width}\" height=\"{height}\" rx=\"6\"/>");
    let _ = writeln!(out, "<text class=\"title\" x=\"{SIDE}\" y=\"26\">{}</text>", escaped(&text.title));
    let _ = writeln!(out, "<g transform=\"translate({} {TITLE})\">", number((width - layout.width) / 2.0));
    layout.edges.iter().for_each(|edge| wire(&mut out, edge));
    for ((gate, caption), place) in diagram.gates.iter().zip(captions).zip(&layout.places) {
        draw_gate(&mut out, gate, caption, place);
    }
    out.push_str("</g>\n");
    let mut y = TITLE + layout.height + 6.0;
    if !legend.is_empty() {
        let spans: Vec<String> =
            legend.iter().map(|(class, line)| format!("<tspan class=\"{class}\">{}</tspan>", escaped(line))).collect();
        let _ = writeln!(out, "<text class=\"note\" x=\"{SIDE}\" y=\"{}\">{}</text>", number(y), spans.join("; "));
        y += NOTE;
    }
    for note in notes {
        let _ = writeln!(out, "<text class=\"note\" x=\"{SIDE}\" y=\"{}\">{}</text>", number(y), escaped(note));
        y += NOTE;
    }
    out.push_str("</svg>\n");
    out
}

/// What the colours mean.
fn legend(text: &Text, shown: Shown) -> Vec<(&'static str, String)> {
    let value = ("above", "above: the value".to_string());
    let derivative = ("below", format!("below: the derivative of {} by it", text.result));
    match shown {
        Shown::Structure => Vec::new(),
        Shown::Values => vec![value],
        Shown::Derivatives => vec![value, derivative],
    }
}

fn legend_width(legend: &[(&str, String)]) -> f64 {
    let letters: usize = legend.iter().map(|(_, line)| line.chars().count() + 2).sum();
    letters as f64 * SMALL_LETTER + 2.0 * SIDE
}

fn draw_gate(out: &mut String, gate: &Gate, caption: &Caption, place: &Place) {
    let class = match gate.kind {
        Kind::Operation | Kind::Loop => "gate",
        Kind::Call => "call",
        Kind::Input => "input",
        Kind::Output => "output",
        Kind::Constant => "",
    };
    if !class.is_empty() {
        let radius = match gate.kind {
            Kind::Operation => place.height / 2.0,
            _ => 4.0,
        };
        let (x, y) = (place.x - place.width / 2.0, place.y - place.height / 2.0);
        let [x, y, width, height, radius] = [x, y, place.width, place.height, radius].map(number);
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\"/>"
        );
    }
    let label = if gate.kind == Kind::Constant { "constant" } else { "label" };
    text(out, label, place.x, place.y + BASELINE, &gate.label);
    let mut above = place.y - place.height / 2.0 - 5.0;
    for (class, line) in [("value", &caption.value), ("shape", &caption.shape)] {
        if let Some(line) = line {
            text(out, class, place.x, above, line);
            above -= LINE;
        }
    }
    if let Some(slope) = &caption.derivative {
        text(out, "slope", place.x, place.y + place.height / 2.0 + LINE - 2.0, slope);
    }
}

fn text(out: &mut String, class: &str, x: f64, y: f64, line: &str) {
    let _ = writeln!(out, "<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text>", number(x), number(y), escaped(line));
}

/// A line that is level in columns and curved between them, with an arrow at its end.
fn wire(out: &mut String, edge: &Edge) {
    let Some((end_x, end_y)) = edge.points.last().copied() else { return };
    let mut path = String::new();
    for (place, (x, y)) in edge.points.iter().enumerate() {
        match place {
            0 => {
                let _ = write!(path, "M{} {}", number(*x), number(*y));
            }
            // Odd points end a level part, even ones a curve; the last stops before the arrow.
            _ if place % 2 == 1 => {
                let x = if place + 1 == edge.points.len() { x - 7.0 } else { *x };
                let _ = write!(path, " H{}", number(x));
            }
            _ => {
                let (before, level) = edge.points[place - 1];
                let middle = number((before + x) / 2.0);
                let _ =
                    write!(path, " C{middle} {} {middle} {} {} {}", number(level), number(*y), number(*x), number(*y));
            }
        }
    }
    let _ = writeln!(out, "<path class=\"wire\" d=\"{path}\"/>");
    let [x, back, y, upper, lower] = [end_x, end_x - 8.0, end_y, end_y - 3.5, end_y + 3.5].map(number);
    let _ = writeln!(out, "<path class=\"head\" d=\"M{x} {y} L{back} {upper} L{back} {lower} Z\"/>");
}

/// A length to a tenth of a pixel.
pub(super) fn number(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}
