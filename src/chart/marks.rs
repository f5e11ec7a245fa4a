//! The marks of a chart as SVG.

use super::palette::{is_bright, series, shade, shade_color};
use super::svg::{Frame, number, text};
use super::ticks::Scale;
use super::{Cells, Chart, Mark, Meaning, Point, Series, range};
use crate::report::{escaped, significant};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Digits of the values that are shown beside the pointer.
const DIGITS: usize = 5;
/// Dots above which they get smaller.
const MANY_DOTS: usize = 400;
/// Dots above which those too many to be told apart are left out.
const MOST_DOTS: usize = 4000;

/// All marks, cut off at the frame.
pub(super) fn draw(chart: &Chart, frame: &Frame, out: &mut String) {
    let [x, y, width, height] = [frame.left, frame.top, frame.width, frame.height].map(number);
    // An inner drawing cuts off what is outside of it, without an id that would have to be unique in a page.
    let _ = writeln!(
        out,
        "<svg class=\"marks\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" viewBox=\"{x} {y} {width} {height}\">"
    );
    for mark in &chart.marks {
        match mark {
            Mark::Line(series) => line(series, frame, out),
            Mark::Points(series) => dots(series, frame, out),
            Mark::Shaded { points, values, .. } => shaded(points, values, frame, out),
            Mark::Bars { name, color, edges, heights } => bars(name, *color, edges, heights, frame, out),
            Mark::Cells(cells) => draw_cells(cells, chart, frame, out),
        }
    }
    out.push_str("</svg>\n");
}

/// A line, with the values that a script may show.
fn line(each: &Series, frame: &Frame, out: &mut String) {
    let mut path = String::new();
    let (mut places, mut xs, mut ys) = (String::new(), String::new(), String::new());
    let mut drawing = false;
    for point in &each.points {
        let Some((x, y)) = frame.at(*point) else {
            drawing = false;
            continue;
        };
        let _ = write!(path, "{}{} {}", if drawing { "L" } else { "M" }, number(x), number(y));
        drawing = true;
        let _ = write!(places, "{} ", number(x));
        let _ = write!(xs, "{} ", significant(point.0, DIGITS));
        let _ = write!(ys, "{} ", significant(point.1, DIGITS));
    }
    // A single point is a dot of the width of the line.
    if path.matches(['M', 'L']).count() == 1 {
        path.push_str("h0.1");
    }
    let (color, light) = (series(each.color), if each.light { " light" } else { "" });
    let [places, xs, ys] = [&places, &xs, &ys].map(|values| values.trim_end());
    let name = escaped(&each.name);
    let _ = writeln!(
        out,
        "<path class=\"line s{color}{light}\" d=\"{path}\" data-name=\"{name}\" data-at=\"{places}\" data-x=\"{xs}\" data-y=\"{ys}\"/>"
    );
}

/// Every so-many-th place, so that at most so many are left.
fn few(count: usize) -> impl Iterator<Item = usize> {
    (0..count).step_by(count.div_ceil(MOST_DOTS).max(1))
}

fn radius(count: usize) -> f64 {
    if count > MANY_DOTS { 2.2 } else { 3.4 }
}

fn dots(each: &Series, frame: &Frame, out: &mut String) {
    let color = series(each.color);
    let class = if each.light { format!("ring s{color}") } else { format!("dot f{color}") };
    let r = radius(each.points.len());
    let _ = writeln!(out, "<g class=\"{class}\">");
    for point in few(each.points.len()).map(|place| each.points[place]) {
        if let Some((x, y)) = frame.at(point) {
            let _ = writeln!(out, "<circle cx=\"{}\" cy=\"{}\" r=\"{r}\"/>", number(x), number(y));
        }
    }
    out.push_str("</g>\n");
}

fn shaded(points: &[Point], values: &[f64], frame: &Frame, out: &mut String) {
    let Some(range) = range(values.iter().copied()) else { return };
    let scale = Scale::new(range, false);
    let r = radius(points.len());
    out.push_str("<g class=\"dot\">\n");
    let finite = |place: &usize| values[*place].is_finite();
    for place in few(points.len().min(values.len())).filter(finite) {
        if let Some((x, y)) = frame.at(points[place]) {
            let color = shade_color(shade(scale.place(values[place]).unwrap_or(0.0)));
            let _ = writeln!(out, "<circle cx=\"{}\" cy=\"{}\" r=\"{r}\" fill=\"{color}\"/>", number(x), number(y));
        }
    }
    out.push_str("</g>\n");
}

fn bars(name: &str, color: usize, edges: &[f64], heights: &[f64], frame: &Frame, out: &mut String) {
    let color = series(color);
    let _ = writeln!(out, "<g class=\"bar s{color} f{color}\">");
    for (ends, height) in edges.windows(2).zip(heights).filter(|(_, height)| **height != 0.0) {
        let (Some((left, base)), Some((right, top))) = (frame.at((ends[0], 0.0)), frame.at((ends[1], *height))) else {
            continue;
        };
        let [x, y, width, tall] = [left, base.min(top), right - left, (base - top).abs()].map(number);
        let [low, high] = [ends[0], ends[1]].map(|edge| significant(edge, DIGITS));
        let name = if name.is_empty() { String::new() } else { format!("{}: ", escaped(name)) };
        let _ = writeln!(
            out,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{tall}\"><title>{name}{height} from {low} to {high}</title></rect>"
        );
    }
    out.push_str("</g>\n");
}

fn draw_cells(cells: &Cells, chart: &Chart, frame: &Frame, out: &mut String) {
    if cells.values.is_empty() {
        return;
    }
    if cells.is_written() {
        return written(cells, chart, frame, out);
    }
    let scale = Scale::new(cells.range(), false);
    let classes = matches!(cells.meaning, Meaning::Classes(_));
    let color_of = |row: usize, column: usize| {
        let value = cells.value(row, column);
        match (value.is_finite(), classes) {
            (false, _) => None,
            (true, true) => Some(series(value as usize)),
            (true, false) => Some(shade(scale.place(value).unwrap_or(0.0))),
        }
    };
    let whole = (frame.at((cells.x.0, cells.y.0)), frame.at((cells.x.1, cells.y.1)));
    let (Some((left, first)), Some((right, last))) = whole else { return };
    let upwards = first > last;
    // The drawing inside counts in cells. Neighbours of one colour are one stroke, and strokes of one colour are one path.
    let mut paths: BTreeMap<usize, String> = BTreeMap::new();
    for row in 0..cells.rows {
        let mut column = 0;
        while column < cells.columns {
            let color = color_of(row, column);
            let end = (column..cells.columns).find(|next| color_of(row, *next) != color).unwrap_or(cells.columns);
            if let Some(color) = color {
                let level = if upwards { cells.rows - 1 - row } else { row };
                let path = paths.entry(color).or_default();
                let _ = match classes {
                    true => write!(path, "M{column} {level}H{end}v1H{column}z"),
                    false => write!(path, "M{column} {level}H{end}"),
                };
            }
            column = end;
        }
    }
    let [x, y, width, height] =
        [left.min(right), first.min(last), (right - left).abs(), (first - last).abs()].map(number);
    let (columns, rows) = (cells.columns, cells.rows);
    // Strokes run along the middle of their row.
    let view = if classes { format!("0 0 {columns} {rows}") } else { format!("0 -0.5 {columns} {rows}") };
    let _ = writeln!(
        out,
        "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" viewBox=\"{view}\" preserveAspectRatio=\"none\">"
    );
    for (color, path) in paths {
        let _ = match classes {
            true => writeln!(out, "<path class=\"region f{color}\" d=\"{path}\"/>"),
            false => writeln!(out, "<path class=\"cells\" stroke=\"{}\" d=\"{path}\"/>", shade_color(color)),
        };
    }
    out.push_str("</svg>\n");
}

/// The corners of the cells of a row from one column to before another.
fn corners(cells: &Cells, (row, start, end): (usize, usize, usize), frame: &Frame) -> Option<[f64; 4]> {
    let edge = |(from, to): (f64, f64), place: usize, count: usize| from + (to - from) * (place as f64 / count as f64);
    let (left, first) = (edge(cells.x, start, cells.columns), edge(cells.y, row, cells.rows));
    let (right, last) = (edge(cells.x, end, cells.columns), edge(cells.y, row + 1, cells.rows));
    let ((left, first), (right, last)) = (frame.at((left, first))?, frame.at((right, last))?);
    Some([left.min(right), first.min(last), left.max(right), first.max(last)])
}

/// Few cells with their numbers.
fn written(cells: &Cells, chart: &Chart, frame: &Frame, out: &mut String) {
    let scale = Scale::new(cells.range(), false);
    let named = |names: &[String], place: usize| names.get(place).map_or(place.to_string(), |name| escaped(name));
    for row in 0..cells.rows {
        for column in 0..cells.columns {
            let Some([left, top, right, bottom]) = corners(cells, (row, column, column + 1), frame) else { continue };
            let value = cells.value(row, column);
            let shade = shade(scale.place(value).unwrap_or(0.0));
            let [x, y, width, height] = [left, top, right - left, bottom - top].map(number);
            let (color, count) = (shade_color(shade), significant(value, 4));
            let (up, across) = (named(&chart.y.names, row), named(&chart.x.names, column));
            let title = format!("{} {up}, {} {across}: {count}", escaped(&chart.y.label), escaped(&chart.x.label));
            let _ = writeln!(
                out,
                "<rect class=\"cell\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{color}\"><title>{title}</title></rect>"
            );
            let class = if is_bright(shade) { "dark middle" } else { "bright middle" };
            text(out, class, (left + right) / 2.0, (top + bottom) / 2.0 + 4.2, &count);
        }
    }
}
