//! A chart as text: lines and dots in braille, bars and cells in blocks.

use super::braille::{Canvas, Letter};
use super::palette::{on_terminal, series, shade, shade_on_terminal};
use super::svg::shaded_range;
use super::ticks::Scale;
use super::{Cells, Chart, Entry, Mark, Meaning, Series, Sign, range};
use crate::report::significant;

/// The rows of a chart.
const ROWS: usize = 16;
/// The least and the greatest width.
const NARROWEST: usize = 30;
const WIDEST: usize = 160;
/// What stands for dots of a class, and for its region, where there are no colours.
const SIGNS: [char; 8] = ['●', '×', '+', '○', '▲', '■', '◆', '*'];
const REGIONS: [char; 8] = ['·', '░', '▒', '▓', ':', '-', '=', '#'];
/// Shades without colours.
const GREYS: [char; 5] = [' ', '░', '▒', '▓', '█'];
/// Heights of a bar within a letter.
const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// How many of how many dots a line without colours has, by its place.
const DASHES: [(usize, usize); 4] = [(1, 1), (1, 3), (4, 8), (2, 4)];

/// The chart as lines of at most `width` letters, with the colours of a terminal or without.
pub fn text(chart: &Chart, width: usize, colors: bool) -> String {
    let width = width.clamp(NARROWEST, WIDEST);
    let (x_ends, y_ends) = chart.ends();
    let (x, y) = (Scale::new(x_ends, chart.x.logarithmic), Scale::new(y_ends, chart.y.logarithmic));
    let up = named_or_round(&chart.y.names, &y, 4);
    let margin = up.iter().map(|(_, label)| label.chars().count()).max().unwrap_or(1).min(14);
    let columns = width - margin - 2;
    let rows = rows(chart);
    let mut drawing = Drawing { canvas: Canvas::new(columns, rows), columns, rows, x, y, colors };
    chart.marks.iter().for_each(|mark| drawing.mark(mark));
    if let Some(lack) = chart.lack() {
        let start = columns.saturating_sub(lack.len()) / 2;
        (start..).zip(lack.chars()).for_each(|(column, letter)| drawing.canvas.sign(column, rows / 2, letter, None));
    }

    let mut out = String::new();
    let heading = if chart.title.is_empty() { &chart.y.label } else { &chart.title };
    if !heading.is_empty() {
        out.push_str(&format!("{:margin$}  {}\n", "", clean(heading, columns)));
    }
    legend(chart, margin, colors, &mut out);
    let labels = placed(&up, &y, rows);
    for row in 0..rows {
        let label = labels.iter().find(|(place, _)| *place == rows - 1 - row).map_or("", |(_, label)| label);
        let stem = if label.is_empty() { '│' } else { '┤' };
        out.push_str(&format!("{:>margin$} {stem}", clean(label, margin)));
        written(drawing.canvas.row(row), colors, &mut out);
        out.push('\n');
    }
    lower_axis(chart, &x, margin, columns, &mut out);
    out
}

fn rows(chart: &Chart) -> usize {
    let cells = chart.marks.iter().find_map(|mark| if let Mark::Cells(cells) = mark { Some(cells) } else { None });
    match cells {
        Some(cells) if chart.x.limits.is_none() => cells.rows.clamp(2, ROWS + 8),
        _ => ROWS,
    }
}

/// Letters that a terminal shows as they are.
fn clean(line: &str, most: usize) -> String {
    line.chars().filter(|letter| !letter.is_control()).take(most).collect()
}

fn named_or_round(names: &[String], scale: &Scale, wanted: usize) -> Vec<(f64, String)> {
    match names.is_empty() {
        true => scale.ticks(wanted),
        false => names.iter().enumerate().map(|(place, name)| (place as f64, name.clone())).collect(),
    }
}

/// The letters from the start where labels stand.
fn placed(ticks: &[(f64, String)], scale: &Scale, letters: usize) -> Vec<(usize, String)> {
    let place = |value: f64| scale.place(value).filter(|part| (0.0..=1.0).contains(part));
    ticks
        .iter()
        .filter_map(|(value, label)| {
            let letter = (place(*value)? * letters as f64) as usize;
            Some((letter.min(letters - 1), label.clone()))
        })
        .collect()
}

/// Letters with their colours, without blanks at the end.
fn written(letters: &[Letter], colors: bool, out: &mut String) {
    let used = letters.iter().rposition(|letter| letter.written() != ' ' || (colors && letter.color.is_some()));
    let mut current = None;
    for letter in &letters[..used.map_or(0, |last| last + 1)] {
        let color = if colors { letter.color } else { None };
        if color != current {
            match color {
                Some(color) => out.push_str(&format!("\x1b[38;5;{color}m")),
                None => out.push_str("\x1b[0m"),
            }
            current = color;
        }
        out.push(letter.written());
    }
    if current.is_some() {
        out.push_str("\x1b[0m");
    }
}

fn lower_axis(chart: &Chart, x: &Scale, margin: usize, columns: usize, out: &mut String) {
    let across = named_or_round(&chart.x.names, x, columns / 12);
    let mut labels = placed(&across, x, columns);
    labels.sort_by_key(|(place, _)| *place);
    let mut line = vec!['─'; columns];
    labels.iter().for_each(|(place, _)| line[*place] = '┬');
    out.push_str(&format!("{:margin$} └{}\n", "", line.into_iter().collect::<String>()));
    let mut numbers = vec![' '; columns + margin + 2];
    let mut free = 0;
    for (place, label) in labels {
        let label = clean(&label, 14);
        let length = label.chars().count();
        let start = (margin + 2 + place).saturating_sub(length / 2).min(numbers.len().saturating_sub(length));
        if start >= free {
            numbers.splice(start..start + length, label.chars());
            free = start + length + 1;
        }
    }
    let numbers: String = numbers.into_iter().collect();
    out.push_str(&format!("{}\n", numbers.trim_end()));
    if !chart.x.label.is_empty() {
        let label = clean(&chart.x.label, columns);
        let start = margin + 2 + (columns - label.chars().count()) / 2;
        out.push_str(&format!("{:start$}{label}\n", ""));
    }
}

/// How each colour is drawn, and the range of shades.
fn legend(chart: &Chart, margin: usize, colors: bool, out: &mut String) {
    let sign = |entry: &Entry| match (entry.sign, colors) {
        (Sign::Line | Sign::Dashes, true) => "──".to_string(),
        (Sign::Line | Sign::Dashes, false) => ["──", "··", "╌╌", "- "][entry.color % DASHES.len()].to_string(),
        (Sign::Dot | Sign::Ring, false) => SIGNS[series(entry.color)].to_string(),
        (Sign::Dot | Sign::Ring, true) => "●".to_string(),
        (Sign::Block, true) => "█".to_string(),
        (Sign::Block, false) if chart.is_filled() => {
            format!("{} {}", REGIONS[series(entry.color)], SIGNS[series(entry.color)])
        }
        (Sign::Block, false) if entry.color > 0 => "░".to_string(),
        (Sign::Block, false) => "█".to_string(),
    };
    let entries = chart.legend();
    let mut parts: Vec<String> = Vec::new();
    for entry in &entries {
        let (sign, name) = (sign(entry), clean(&entry.name, 40));
        parts.push(match colors {
            true => format!("\x1b[38;5;{}m{sign}\x1b[0m {name}", on_terminal(entry.color)),
            false => format!("{sign} {name}"),
        });
    }
    if let Some((low, high)) = shaded_range(chart) {
        parts.push(format!("from {} to {}", significant(low, 4), significant(high, 4)));
    }
    if !parts.is_empty() {
        out.push_str(&format!("{:margin$}  {}\n", "", parts.join("   ")));
    }
}

/// A canvas with its axes.
struct Drawing {
    canvas: Canvas,
    columns: usize,
    rows: usize,
    x: Scale,
    y: Scale,
    colors: bool,
}

impl Drawing {
    fn mark(&mut self, mark: &Mark) {
        match mark {
            Mark::Line(series) => self.line(series),
            Mark::Points(each) => {
                let sign = if self.colors { '●' } else { SIGNS[series(each.color)] };
                let color = on_terminal(each.color);
                each.points.iter().for_each(|point| self.sign(*point, sign, color));
            }
            Mark::Shaded { points, values, .. } => {
                let scale = Scale::new(range(values.iter().copied()).unwrap_or((0.0, 1.0)), false);
                for (point, value) in points.iter().zip(values) {
                    if !value.is_finite() {
                        continue;
                    }
                    let part = scale.place(*value).unwrap_or(0.0);
                    let sign = if self.colors { '●' } else { GREYS[1 + (part * 3.999) as usize % 4] };
                    self.sign(*point, sign, shade_on_terminal(shade(part)));
                }
            }
            Mark::Bars { color, edges, heights, .. } => self.bars(*color, edges, heights),
            Mark::Cells(cells) => self.cells(cells),
        }
    }

    /// Where a point lies, in parts from 0 to 1 of the inside, from the left and from the top.
    fn at(&self, (x, y): (f64, f64)) -> Option<(f64, f64)> {
        let inside = |part: &f64| (-1e-9..=1.0 + 1e-9).contains(part);
        let across = self.x.place(x).filter(inside)?;
        let up = self.y.place(y).filter(inside)?;
        Some((across.clamp(0.0, 1.0), (1.0 - up).clamp(0.0, 1.0)))
    }

    fn sign(&mut self, point: (f64, f64), sign: char, color: u8) {
        if let Some((across, down)) = self.at(point) {
            let column = ((across * self.columns as f64) as usize).min(self.columns - 1);
            let row = ((down * self.rows as f64) as usize).min(self.rows - 1);
            self.canvas.sign(column, row, sign, Some(color));
        }
    }

    fn line(&mut self, each: &Series) {
        let (width, height) = self.canvas.dots();
        let color = on_terminal(each.color);
        let (on, period) = if self.colors { (1, 1) } else { DASHES[each.color % DASHES.len()] };
        let mut last: Option<(f64, f64)> = None;
        for point in &each.points {
            let (Some(across), Some(up)) = (self.x.place(point.0), self.y.place(point.1)) else {
                last = None;
                continue;
            };
            let place = (across * (width - 1) as f64, (1.0 - up) * (height - 1) as f64);
            let from = last.unwrap_or(place);
            let count = (place.0 - from.0).abs().max((place.1 - from.1).abs()).ceil().min(4000.0);
            for step in 0..=count as usize {
                let part = if count == 0.0 { 0.0 } else { step as f64 / count };
                let (x, y) = (from.0 + (place.0 - from.0) * part, from.1 + (place.1 - from.1) * part);
                let (x, y) = (x.round(), y.round());
                if x >= 0.0
                    && y >= 0.0
                    && x < width as f64
                    && y < height as f64
                    && (x as usize + y as usize) % period < on
                {
                    self.canvas.dot(x as usize, y as usize, color);
                }
            }
            last = Some(place);
        }
    }

    fn bars(&mut self, color: usize, edges: &[f64], heights: &[f64]) {
        let number = series(color);
        let color = on_terminal(color);
        for (ends, height) in edges.windows(2).zip(heights) {
            let (Some((left, base)), Some((right, top))) = (self.at((ends[0], 0.0)), self.at((ends[1], *height)))
            else {
                continue;
            };
            let column = |part: f64| (part * self.columns as f64).round() as usize;
            let eighths = ((base - top) * self.rows as f64 * 8.0).round() as usize;
            for column in column(left)..column(right).max(column(left) + 1) {
                for row in 0..eighths.div_ceil(8) {
                    let filled = (eighths - row * 8).min(8);
                    let from_top = self.rows.saturating_sub(1 + row);
                    // Without colours, later bars are grey, so that both are seen.
                    let sign = match (self.colors || number == 0, filled) {
                        (true, filled) => EIGHTHS[filled - 1],
                        (false, 4..) => '░',
                        (false, _) => continue,
                    };
                    self.canvas.sign(column, from_top, sign, Some(color));
                }
            }
        }
    }

    fn cells(&mut self, cells: &Cells) {
        let scale = Scale::new(cells.range(), false);
        // Rows run downwards on the canvas; cells whose first row is at the bottom run upwards.
        let upwards = self.y.place(cells.y.0) < self.y.place(cells.y.1);
        for row in 0..self.rows {
            for column in 0..self.columns {
                let from_top = row * cells.rows / self.rows;
                let in_cells = if upwards { cells.rows - 1 - from_top } else { from_top };
                let value = cells.value(in_cells, column * cells.columns / self.columns);
                if !value.is_finite() {
                    continue;
                }
                let (sign, color) = match (&cells.meaning, self.colors) {
                    (Meaning::Classes(_), true) => ('░', on_terminal(value as usize)),
                    (Meaning::Classes(_), false) => (REGIONS[series(value as usize)], 0),
                    (_, true) => ('█', shade_on_terminal(shade(scale.place(value).unwrap_or(0.0)))),
                    (_, false) => (GREYS[(scale.place(value).unwrap_or(0.0) * 4.999) as usize % 5], 0),
                };
                self.canvas.sign(column, row, sign, Some(color));
            }
        }
    }
}
