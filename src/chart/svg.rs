//! A chart as SVG.

use super::marks::draw;
use super::palette::{SHADES, STYLE, series, shade_color};
use super::ticks::Scale;
use super::{Chart, Entry, Mark, Meaning, Sign, range};
use crate::report::{escaped, significant};
use std::fmt::Write;

/// The width of a chart.
const WIDTH: f64 = 640.0;
/// The height of its inside, where nothing else decides it.
const INSIDE: f64 = 270.0;
/// The heights between which cells choose one.
const LEAST_CELLS: f64 = 110.0;
const MOST_CELLS: f64 = 430.0;
/// The width of a letter, about.
const LETTER: f64 = 6.7;
/// The room for a line of the legend, and before and after an entry.
const LEGEND: f64 = 19.0;
const SIGN: f64 = 26.0;
const GAP: f64 = 16.0;
/// The most letters of a name.
const LONGEST: usize = 44;

/// Where the text will stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In a file of its own, with its style.
    File,
    /// In a page that has [`STYLE`].
    Page,
}

/// The inside of the axes.
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) x: Scale,
    pub(super) y: Scale,
}

impl Frame {
    /// Where a point lies.
    pub(super) fn at(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        let (across, up) = (self.x.place(x)?, self.y.place(y)?);
        // What lies far outside is cut off anyway, and long numbers help nobody.
        let (across, up) = (across.clamp(-2.0, 3.0), up.clamp(-2.0, 3.0));
        Some((self.left + across * self.width, self.top + (1.0 - up) * self.height))
    }
}

/// The chart as text.
pub fn svg(chart: &Chart, place: Place) -> String {
    let legend = rows_of_legend(chart.legend());
    let (x_ends, y_ends) = chart.ends();
    let (x, y) = (Scale::new(x_ends, chart.x.logarithmic), Scale::new(y_ends, chart.y.logarithmic));
    let title = if chart.title.is_empty() { 12.0 } else { 34.0 };
    let top = title + legend.len() as f64 * LEGEND + if legend.is_empty() { 0.0 } else { 4.0 };
    let up = ticks(&chart.y.names, &y, 5);
    let letters = up.iter().map(|(_, text)| text.chars().count()).max().unwrap_or(1);
    let left = letters as f64 * LETTER + if chart.y.label.is_empty() { 14.0 } else { 36.0 };
    let right = if shaded_range(chart).is_some() { 84.0 } else { 20.0 };
    let (width, height) = inside(chart, WIDTH - left - right);
    let frame = Frame { left, top, width, height, x, y };
    let total = top + height + if chart.x.label.is_empty() { 30.0 } else { 48.0 };

    let mut out = String::new();
    let size = format!("width=\"{WIDTH}\" height=\"{0}\" viewBox=\"0 0 {WIDTH} {0}\"", number(total));
    let _ = writeln!(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" {size}>");
    let _ = writeln!(out, "<title>{}</title>", escaped(&described(chart)));
    if place == Place::File {
        let _ = writeln!(out, "<style>\n{STYLE}</style>");
    }
    let _ = writeln!(out, "<rect class=\"back\" width=\"{WIDTH}\" height=\"{}\" rx=\"6\"/>", number(total));
    if !chart.title.is_empty() {
        text(&mut out, "title middle", frame.left + frame.width / 2.0, 22.0, &shortened(&chart.title, 80));
    }
    draw_legend(&legend, title, &mut out);
    axes(chart, &frame, &up, &mut out);
    draw(chart, &frame, &mut out);
    if let Some(lack) = chart.lack() {
        text(&mut out, "label middle", frame.left + frame.width / 2.0, frame.top + frame.height / 2.0, lack);
    }
    if let Some(range) = shaded_range(chart) {
        color_bar(&frame, range, &mut out);
    }
    out.push_str("</svg>\n");
    out
}

/// What the chart is called for those who cannot see it.
fn described(chart: &Chart) -> String {
    let axes = [&chart.y.label, &chart.x.label];
    match (chart.title.is_empty(), axes.iter().any(|label| label.is_empty())) {
        (false, _) => chart.title.clone(),
        (true, false) => format!("{} by {}", chart.y.label, chart.x.label),
        (true, true) => "chart".to_string(),
    }
}

/// The width and height of the inside.
fn inside(chart: &Chart, width: f64) -> (f64, f64) {
    let cells = chart.marks.iter().find_map(|mark| match mark {
        Mark::Cells(cells) if chart.x.limits.is_none() => Some(cells),
        _ => None,
    });
    match cells {
        None if chart.is_filled() => (width, INSIDE * 1.3),
        None => (width, INSIDE),
        Some(cells) => {
            let square = width * cells.rows.max(1) as f64 / cells.columns.max(1) as f64;
            let most = if cells.is_written() { (cells.rows as f64 * 44.0).max(LEAST_CELLS) } else { MOST_CELLS };
            let height = square.clamp(LEAST_CELLS, most.min(MOST_CELLS));
            let width = if square > height && !cells.is_written() { width * height / square } else { width };
            (width.max(60.0), height)
        }
    }
}

/// Ticks of an axis: its names, if it has some and there is room, else round numbers.
fn ticks(names: &[String], scale: &Scale, wanted: usize) -> Vec<(f64, String)> {
    match names.is_empty() {
        true => scale.ticks(wanted),
        false => {
            let every = names.len().div_ceil(24).max(1);
            names.iter().enumerate().step_by(every).map(|(place, name)| (place as f64, shortened(name, 16))).collect()
        }
    }
}

/// The entries in rows, each with its place.
fn rows_of_legend(entries: Vec<Entry>) -> Vec<Vec<(f64, Entry)>> {
    let mut rows: Vec<Vec<(f64, Entry)>> = Vec::new();
    let mut x = WIDTH;
    for mut entry in entries {
        entry.name = shortened(&entry.name, LONGEST);
        let width = SIGN + entry.name.chars().count() as f64 * LETTER + GAP;
        if x + width > WIDTH - 10.0 {
            rows.push(Vec::new());
            x = 20.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push((x, entry));
        }
        x += width;
    }
    rows
}

fn draw_legend(rows: &[Vec<(f64, Entry)>], top: f64, out: &mut String) {
    for (row, entries) in rows.iter().enumerate() {
        let y = top + (row as f64 + 0.5) * LEGEND;
        for (x, entry) in entries {
            let color = series(entry.color);
            let [left, right, middle, level] = [*x, x + 20.0, x + 10.0, y].map(number);
            let _ = match entry.sign {
                Sign::Line | Sign::Dashes => {
                    let light = if entry.sign == Sign::Dashes { " light" } else { "" };
                    writeln!(out, "<path class=\"line s{color}{light}\" d=\"M{left} {level}H{right}\"/>")
                }
                Sign::Dot => {
                    writeln!(out, "<circle class=\"dot f{color}\" cx=\"{middle}\" cy=\"{level}\" r=\"4\"/>")
                }
                Sign::Ring => {
                    writeln!(out, "<circle class=\"ring s{color}\" cx=\"{middle}\" cy=\"{level}\" r=\"3.5\"/>")
                }
                Sign::Block => {
                    let (x, y) = (number(x + 3.0), number(y - 6.0));
                    writeln!(
                        out,
                        "<rect class=\"bar s{color} f{color}\" x=\"{x}\" y=\"{y}\" width=\"14\" height=\"12\"/>"
                    )
                }
            };
            text(out, "label", x + SIGN, y + 4.2, &entry.name);
        }
    }
}

fn axes(chart: &Chart, frame: &Frame, up: &[(f64, String)], out: &mut String) {
    let (right, bottom) = (frame.left + frame.width, frame.top + frame.height);
    let across = ticks(&chart.x.names, &frame.x, (frame.width / 90.0) as usize);
    let mut grid = String::new();
    for (value, label) in &across {
        let Some(x) = frame.x.place(*value).map(|part| frame.left + part * frame.width) else { continue };
        let _ = write!(grid, "M{} {}V{}", number(x), number(frame.top), number(bottom + 4.0));
        text(out, "middle", x, bottom + 18.0, label);
    }
    for (value, label) in up {
        let Some(y) = frame.y.place(*value).map(|part| bottom - part * frame.height) else { continue };
        let _ = write!(grid, "M{} {}H{}", number(frame.left - 4.0), number(y), number(right));
        text(out, "end", frame.left - 8.0, y + 4.2, label);
    }
    let _ = writeln!(out, "<path class=\"grid\" d=\"{grid}\"/>");
    let corner = format!("M{} {}V{}H{}", number(frame.left), number(frame.top), number(bottom), number(right));
    let _ = writeln!(out, "<path class=\"frame\" d=\"{corner}\"/>");
    if !chart.x.label.is_empty() {
        text(out, "label middle", frame.left + frame.width / 2.0, bottom + 38.0, &shortened(&chart.x.label, 80));
    }
    if !chart.y.label.is_empty() {
        let middle = number(frame.top + frame.height / 2.0);
        let label = escaped(&shortened(&chart.y.label, 44));
        let _ = writeln!(
            out,
            "<text class=\"label middle\" x=\"16\" y=\"{middle}\" transform=\"rotate(-90 16 {middle})\">{label}</text>"
        );
    }
}

/// The range of the shaded numbers, where there are some.
pub(super) fn shaded_range(chart: &Chart) -> Option<(f64, f64)> {
    chart.marks.iter().find_map(|mark| match mark {
        Mark::Cells(cells) if cells.meaning == Meaning::Numbers => range(cells.values.iter().copied()),
        Mark::Shaded { values, .. } => range(values.iter().copied()),
        _ => None,
    })
}

fn color_bar(frame: &Frame, range: (f64, f64), out: &mut String) {
    let left = frame.left + frame.width + 14.0;
    let step = frame.height / SHADES as f64;
    for shade in 0..SHADES {
        let y = frame.top + frame.height - (shade + 1) as f64 * step;
        let [x, y, height] = [left, y, step + 0.5].map(number);
        let color = shade_color(shade);
        let _ = writeln!(
            out,
            "<rect class=\"cell\" x=\"{x}\" y=\"{y}\" width=\"12\" height=\"{height}\" fill=\"{color}\"/>"
        );
    }
    let scale = Scale::new(range, false);
    let ends = [(range.0, 0.0), (range.1, 1.0)].map(|(value, part)| (part, significant(value, 3)));
    let inner = scale.ticks(4).into_iter().filter_map(|(value, label)| Some((scale.place(value)?, label)));
    let labels: Vec<(f64, String)> =
        if range.0 == range.1 { ends.into_iter().take(1).collect() } else { inner.collect() };
    for (part, label) in labels {
        text(out, "", left + 17.0, frame.top + (1.0 - part) * frame.height + 4.2, &shortened(&label, 9));
    }
}

fn shortened(line: &str, most: usize) -> String {
    match line.chars().count() > most {
        true => line.chars().take(most - 1).chain(['…']).collect(),
        false => line.to_string(),
    }
}

/// A line of letters.
pub(super) fn text(out: &mut String, class: &str, x: f64, y: f64, line: &str) {
    let (x, y) = (number(x), number(y));
    let _ = match class.is_empty() {
        true => writeln!(out, "<text x=\"{x}\" y=\"{y}\">{}</text>", escaped(line)),
        false => writeln!(out, "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>", escaped(line)),
    };
}

/// A length to a tenth of a pixel.
pub(super) fn number(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    format!("{}", if rounded == 0.0 { 0.0 } else { rounded })
}
