//! The values of plots, as charts.

use super::{Session, native};
use crate::chart::{Axis, Cells, Chart, Mark, Meaning, Point, Series, bars, edges, thinned};
use crate::check::plots::{Dots, Figure, Look, Plot};
use crate::diagnostics::Diagnostic;
use crate::ir::{ElementType, Table};

/// The points of a curve that are drawn.
const MOST_POINTS: usize = 1000;
/// The most classes that whole numbers are taken for.
const MOST_CLASSES: usize = 10;
/// The most cells on a side of a heat map; larger ones show means.
const MOST_CELLS: usize = 256;

/// Tables one after another.
struct Values(std::vec::IntoIter<Table>);

impl Values {
    fn table(&mut self) -> Option<Table> {
        self.0.next()
    }

    fn numbers(&mut self) -> Vec<f64> {
        self.table().map_or(Vec::new(), |table| native::to_reals(&table))
    }

    fn number(&mut self) -> f64 {
        self.numbers().first().copied().unwrap_or(f64::NAN)
    }
}

impl Session<'_> {
    /// Computes what a plot shows.
    ///
    /// # Errors
    /// A run-time error in its values.
    pub fn chart(&mut self, plot: &Plot) -> Result<Chart, Box<Diagnostic>> {
        let leaves = self.evaluate(&plot.values())?;
        let tables: Vec<Table> = leaves.into_iter().flat_map(|leaves| leaves.tables).collect();
        let mut values = Values(tables.into_iter());
        let Look { title, x_label, y_label, logarithmic, .. } = &plot.look;
        let axis = |label: &String, logarithmic| Axis { label: label.clone(), logarithmic, ..Axis::default() };
        let (x, y) = (axis(x_label, logarithmic.0), axis(y_label, logarithmic.1));
        let mut chart = Chart { title: title.clone(), x, y, marks: Vec::new() };
        match &plot.figure {
            Figure::Lines { curves, .. } => {
                for (color, curve) in curves.iter().enumerate() {
                    let x = curve.x.is_some().then(|| values.numbers());
                    let y = values.numbers();
                    let x = x.unwrap_or_else(|| (0..y.len()).map(|place| place as f64).collect());
                    let points: Vec<Point> = x.into_iter().zip(y).collect();
                    let points = thinned(&points, MOST_POINTS);
                    chart.marks.push(Mark::Line(Series { name: curve.name.clone(), color, light: false, points }));
                }
            }
            Figure::Scatter(_) => {}
            Figure::Histogram { series, bins } => histogram(series, *bins, &mut values, &mut chart),
            Figure::Heatmap(_) => heatmap(values.table(), &mut chart),
            Figure::Regions { .. } => regions(&plot.look.classes, &mut values, &mut chart),
        }
        if let Some(dots) = plot.figure.dots() {
            let first_color = chart.marks.iter().filter(|mark| matches!(mark, Mark::Line(_))).count();
            let marks = draw_dots(dots, &plot.look.classes, first_color, &mut values);
            chart.marks.extend(marks);
        }
        Ok(chart)
    }
}

fn histogram(
    series: &[(String, crate::check::program::Typed)],
    bins: Option<usize>,
    values: &mut Values,
    chart: &mut Chart,
) {
    let all: Vec<Vec<f64>> = series.iter().map(|_| values.numbers()).collect();
    // All series share their edges, so that bars can be compared.
    let edges = edges(&all.concat(), bins);
    for (color, ((name, _), values)) in series.iter().zip(&all).enumerate() {
        let heights = bars(values, &edges);
        chart.marks.push(Mark::Bars { name: name.clone(), color, edges: edges.clone(), heights });
    }
}

fn heatmap(table: Option<Table>, chart: &mut Chart) {
    let Some(table) = table else { return };
    let sizes = table.ty.shape.sizes();
    let (rows, columns) = (sizes[0], sizes[1]);
    let values = native::to_reals(&table);
    let (x, y) = ((-0.5, columns as f64 - 0.5), (-0.5, rows as f64 - 0.5));
    let (values, rows, columns) = coarse(values, rows, columns);
    // The first row is the uppermost, as in the text.
    chart.y.limits = Some((y.1, y.0));
    chart.marks.push(Mark::Cells(Cells { rows, columns, values, x, y, meaning: Meaning::Numbers }));
}

/// The means of blocks of a large matrix, each of what is finite in it.
fn coarse(values: Vec<f64>, rows: usize, columns: usize) -> (Vec<f64>, usize, usize) {
    let (high, wide) = (rows.min(MOST_CELLS), columns.min(MOST_CELLS));
    if (high, wide) == (rows, columns) {
        return (values, rows, columns);
    }
    let mut means = Vec::with_capacity(high * wide);
    for row in 0..high {
        for column in 0..wide {
            let (top, bottom) = (row * rows / high, (row + 1) * rows / high);
            let (left, right) = (column * columns / wide, (column + 1) * columns / wide);
            let block = (top..bottom).flat_map(|row| values[row * columns + left..row * columns + right].iter());
            means.push(mean(block.copied().filter(|value| value.is_finite())));
        }
    }
    (means, high, wide)
}

/// The mean of some numbers; NaN of none.
fn mean(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = values.clone().count() as f64;
    let sum: f64 = values.clone().sum();
    if sum.is_infinite() { values.map(|value| value / count).sum() } else { sum / count }
}

fn regions(classes: &[String], values: &mut Values, chart: &mut Chart) {
    let x = (values.number(), values.number());
    let y = (values.number(), values.number());
    let Some(table) = values.table() else { return };
    let sizes = table.ty.shape.sizes();
    let (rows, columns) = (sizes[0], sizes[1]);
    let numbers = native::to_reals(&table);
    let meaning = match table.ty.element.is_real() {
        true => Meaning::Numbers,
        false => {
            let truth = table.ty.element == ElementType::Bool;
            let most = numbers.iter().copied().fold(0.0, f64::max) as usize;
            Meaning::Classes(
                (0..=most.max(classes.len().saturating_sub(1)))
                    .map(|class| class_name(class, classes, truth))
                    .collect(),
            )
        }
    };
    (chart.x.limits, chart.y.limits) = (Some(x), Some(y));
    chart.marks.push(Mark::Cells(Cells { rows, columns, values: numbers, x, y, meaning }));
}

fn class_name(class: usize, classes: &[String], truth: bool) -> String {
    match (classes.get(class), truth) {
        (Some(name), _) => name.clone(),
        (None, true) => (class == 1).to_string(),
        (None, false) => class.to_string(),
    }
}

/// Dots of each class, or shaded by their numbers.
fn draw_dots(dots: &Dots, classes: &[String], first_color: usize, values: &mut Values) -> Vec<Mark> {
    let (x, y) = (values.numbers(), values.numbers());
    let points: Vec<Point> = x.into_iter().zip(y).collect();
    let Some(table) = dots.color.as_ref().and_then(|_| values.table()) else {
        let name = if first_color > 0 { "data".to_string() } else { String::new() };
        return vec![Mark::Points(Series { name, color: first_color, light: false, points })];
    };
    let numbers = native::to_reals(&table);
    let truth = table.ty.element == ElementType::Bool;
    match found_classes(&numbers, table.ty.element) {
        None => vec![Mark::Shaded { name: String::new(), points, values: numbers }],
        Some(found) => found
            .into_iter()
            .map(|class| {
                let of_class = |(point, number): (&Point, &f64)| (*number == class as f64).then_some(*point);
                let points = points.iter().zip(&numbers).filter_map(of_class).collect();
                let name = class_name(class, classes, truth);
                Mark::Points(Series { name, color: first_color + class, light: false, points })
            })
            .collect(),
    }
}

/// The classes that there are, where numbers are those of a few classes.
fn found_classes(numbers: &[f64], element: ElementType) -> Option<Vec<usize>> {
    let whole = |number: &f64| number.fract() == 0.0 && (0.0..1e6).contains(number);
    if !numbers.iter().all(whole) {
        return None;
    }
    let mut classes: Vec<usize> = numbers.iter().map(|number| *number as usize).collect();
    classes.sort_unstable();
    classes.dedup();
    let most = if element.is_real() { MOST_CLASSES } else { 2 * MOST_CLASSES };
    (classes.len() <= most && classes.last().is_none_or(|last| *last < 2 * MOST_CLASSES)).then_some(classes)
}
