//! Flames: frames as wide as what they stand for, each with what it is made of above it, as SVG text.

use super::svg::number;
use crate::report::escaped;
use std::fmt::Write;

/// The size of a picture and of its frames.
const WIDTH: f64 = 1200.0;
const SIDE: f64 = 10.0;
const ROW: f64 = 22.0;
const GAP: f64 = 18.0;
const TITLE: f64 = 36.0;
const LEGEND: f64 = 30.0;
/// The width of a letter.
const LETTER: f64 = 7.25;
/// Narrower frames are left out.
const NARROW: f64 = 0.5;

/// What takes time.
#[derive(Clone, PartialEq, Debug)]
pub struct Frame {
    /// What it is called.
    pub text: String,
    /// What is shown where the pointer is on it.
    pub note: String,
    /// How wide it is, with all above it.
    pub weight: f64,
    /// Its colour.
    pub colour: Colour,
    /// What is above it, from left to right.
    pub within: Vec<Frame>,
}

/// The colour of a frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Colour {
    /// Of what is made of others.
    Plain,
    /// Products.
    Products,
    /// Operations on elements.
    Elements,
    /// A few numbers.
    Scalars,
    /// Movement.
    Movement,
    /// Loops.
    Loops,
}

/// All colours with their class and what the legend says.
const COLOURS: [(Colour, &str, &str); 6] = [
    (Colour::Plain, "plain", ""),
    (Colour::Products, "products", "products"),
    (Colour::Elements, "elements", "elements and sums"),
    (Colour::Scalars, "scalars", "scalars"),
    (Colour::Movement, "movement", "movement"),
    (Colour::Loops, "loops", "loops"),
];

const STYLE: &str = "\
svg { --back: #ffffff; --ink: #24292f; --soft: #6e7781; --plain: #eaeef2; --products: #ffc680; --elements: #aceebb; --scalars: #b6e3ff; --movement: #e2c5ff; --loops: #ffd8d3; }
@media (prefers-color-scheme: dark) {
svg { --back: #161b22; --ink: #e6edf3; --soft: #9198a1; --plain: #2d333b; --products: #7d4e00; --elements: #1a5c2e; --scalars: #0b4f8a; --movement: #553098; --loops: #7d2b26; }
}
.back { fill: #ffffff; fill: var(--back); }
text { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; font-size: 12px; fill: #24292f; fill: var(--ink); }
.title { font-size: 14px; font-weight: bold; }
.legend { fill: #6e7781; fill: var(--soft); }
rect.frame { stroke: #ffffff; stroke: var(--back); stroke-width: 1; }
.plain { fill: #eaeef2; fill: var(--plain); }
.products { fill: #ffc680; fill: var(--products); }
.elements { fill: #aceebb; fill: var(--elements); }
.scalars { fill: #b6e3ff; fill: var(--scalars); }
.movement { fill: #e2c5ff; fill: var(--movement); }
.loops { fill: #ffd8d3; fill: var(--loops); }
";

/// Flames one above another, each as wide as the picture.
pub fn svg(title: &str, flames: &[Frame]) -> String {
    let heights = flames.iter().map(|flame| depth(flame) as f64 * ROW + GAP);
    let height = TITLE + heights.sum::<f64>() + LEGEND;
    let (width, side) = (number(WIDTH), number(SIDE));
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{0}\" viewBox=\"0 0 {width} {0}\">",
        number(height)
    );
    let _ = writeln!(out, "<title>{}</title>", escaped(title));
    let _ = writeln!(out, "<style>\n{STYLE}</style>");
    let _ = writeln!(out, "<rect class=\"back\" width=\"{width}\" height=\"{}\" rx=\"6\"/>", number(height));
    let _ = writeln!(out, "<text class=\"title\" x=\"{side}\" y=\"24\">{}</text>", escaped(title));
    let mut top = TITLE;
    for flame in flames {
        let bottom = top + (depth(flame) - 1) as f64 * ROW;
        let across = WIDTH - 2.0 * SIDE;
        let scale = if flame.weight > 0.0 { across / flame.weight } else { 0.0 };
        draw(&mut out, flame, SIDE, bottom, scale, across);
        top = bottom + ROW + GAP;
    }
    legend(&mut out, top + 12.0);
    let _ = writeln!(out, "</svg>");
    out
}

/// The rows of a frame and what is above it.
fn depth(frame: &Frame) -> usize {
    1 + frame.within.iter().map(depth).max().unwrap_or(0)
}

fn draw(out: &mut String, frame: &Frame, left: f64, top: f64, scale: f64, width: f64) {
    let class = COLOURS.iter().find(|(colour, ..)| *colour == frame.colour).map_or("", |(_, class, _)| class);
    let [x, y, across, high] = [left, top, width, ROW].map(number);
    let _ = writeln!(out, "<g><title>{}</title>", lines(&frame.note));
    let _ = writeln!(
        out,
        "<rect class=\"frame {class}\" x=\"{x}\" y=\"{y}\" width=\"{across}\" height=\"{high}\" rx=\"2\"/>"
    );
    let letters = ((width - 8.0) / LETTER).max(0.0) as usize;
    let text = cut(&frame.text, letters);
    if !text.is_empty() {
        let _ =
            writeln!(out, "<text x=\"{}\" y=\"{}\">{}</text>", number(left + 4.0), number(top + 15.0), escaped(&text));
    }
    let _ = writeln!(out, "</g>");
    let mut place = left;
    for each in &frame.within {
        let across = each.weight * scale;
        if across >= NARROW {
            draw(out, each, place, top - ROW, scale, across);
        }
        place += across;
    }
}

/// A text in so many letters; none where that says nothing.
fn cut(text: &str, letters: usize) -> String {
    match text.chars().count() {
        count if count <= letters => text.to_string(),
        _ if letters < 4 => String::new(),
        _ => text.chars().take(letters - 1).chain(['…']).collect(),
    }
}

fn lines(text: &str) -> String {
    text.lines().map(escaped).collect::<Vec<_>>().join("\n")
}

fn legend(out: &mut String, y: f64) {
    let mut x = SIDE;
    for (_, class, text) in COLOURS.iter().filter(|(_, _, text)| !text.is_empty()) {
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"12\" height=\"12\" rx=\"2\"/>",
            number(x),
            number(y - 10.0)
        );
        let _ = writeln!(out, "<text class=\"legend\" x=\"{}\" y=\"{}\">{text}</text>", number(x + 18.0), number(y));
        x += 18.0 + (text.chars().count() as f64 + 3.0) * LETTER;
    }
}
