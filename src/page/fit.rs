//! Charts of what a training came to: predictions, what lies between the data, parameters and gradients.

use super::collector::{Parameters, Training};
use crate::chart::{Axis, Cells, Chart, Mark, Meaning, Point, Series, bars, edges};
use crate::session::{Fit, Surface};

/// The fewest values that a histogram shows.
const FEWEST: usize = 8;
/// The most parameters that have histograms.
const MOST_HISTOGRAMS: usize = 12;
/// The most dots of a chart.
const MOST_DOTS: usize = 2000;

/// Charts of the predictions at the end.
pub(super) fn predictions(training: &Training) -> Vec<Chart> {
    let Some(examination) = &training.after else { return Vec::new() };
    let mut charts = match &examination.fit {
        Some(Fit::Classes { names, truth, predicted }) => vec![confusion(names, truth, predicted)],
        Some(Fit::Numbers { truth, predicted }) => numbers(truth, predicted),
        None => Vec::new(),
    };
    if let Some(surface) = &examination.surface {
        charts.push(between(surface, examination.fit.as_ref()));
    }
    charts
}

fn confusion(names: &[String], truth: &[usize], predicted: &[usize]) -> Chart {
    let classes = names.len();
    let mut values = vec![0.0; classes * classes];
    truth.iter().zip(predicted).for_each(|(truth, predicted)| values[truth * classes + predicted] += 1.0);
    let right = truth.iter().zip(predicted).filter(|(truth, predicted)| truth == predicted).count();
    let axis =
        |label: &str, limits| Axis { label: label.to_string(), names: names.to_vec(), limits, logarithmic: false };
    let ends = (-0.5, classes as f64 - 0.5);
    let cells = Cells { rows: classes, columns: classes, values, x: ends, y: ends, meaning: Meaning::Counts };
    Chart {
        title: format!("Confusion matrix: {right} of {} right", truth.len()),
        x: axis("predicted", None),
        y: axis("true", Some((ends.1, ends.0))),
        marks: vec![Mark::Cells(cells)],
    }
}

/// Every so-many-th, so that few are left.
fn few<T: Copy>(all: &[T]) -> Vec<T> {
    all.iter().copied().step_by(all.len().div_ceil(MOST_DOTS).max(1)).collect()
}

fn numbers(truth: &[f64], predicted: &[f64]) -> Vec<Chart> {
    let points: Vec<Point> = truth.iter().copied().zip(predicted.iter().copied()).collect();
    let low = truth.iter().copied().fold(f64::INFINITY, f64::min);
    let high = truth.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let diagonal = Series { name: "equal".into(), color: 7, light: true, points: vec![(low, low), (high, high)] };
    let dots = Series { name: "examples".into(), color: 0, light: false, points: few(&points) };
    let fit = Chart {
        title: "Predicted against true".to_string(),
        x: Axis::labelled("true"),
        y: Axis::labelled("predicted"),
        marks: vec![Mark::Line(diagonal), Mark::Points(dots)],
    };
    let residuals: Vec<f64> = points.iter().map(|(truth, predicted)| truth - predicted).collect();
    let edges = edges(&residuals, None);
    let heights = bars(&residuals, &edges);
    let residuals = Chart {
        title: "Residuals".to_string(),
        x: Axis::labelled("true - predicted"),
        y: Axis::labelled("count"),
        marks: vec![Mark::Bars { name: String::new(), color: 0, edges, heights }],
    };
    vec![fit, residuals]
}

fn between(surface: &Surface, fit: Option<&Fit>) -> Chart {
    match surface {
        Surface::Curve { name, column, points } => {
            let truth: &[f64] = if let Some(Fit::Numbers { truth, .. }) = fit { truth } else { &[] };
            let data: Vec<Point> = column.iter().copied().zip(truth.iter().copied()).collect();
            let dots = Series { name: "data".into(), color: 1, light: false, points: few(&data) };
            let curve = Series { name: "model".into(), color: 0, light: false, points: points.clone() };
            Chart {
                title: "The fitted curve".to_string(),
                x: Axis::labelled(name.clone()),
                y: Axis::default(),
                marks: vec![Mark::Points(dots), Mark::Line(curve)],
            }
        }
        Surface::Regions { names, columns, ends, cells: (rows, across), values, classes } => {
            let meaning = match classes {
                Some(classes) => Meaning::Classes(classes.clone()),
                None => Meaning::Numbers,
            };
            let (x, y) = (ends[0], ends[1]);
            let cells = Cells { rows: *rows, columns: *across, values: values.clone(), x, y, meaning };
            let points: Vec<Point> = columns[0].iter().copied().zip(columns[1].iter().copied()).collect();
            let mut marks = vec![Mark::Cells(cells)];
            match fit {
                Some(Fit::Classes { names, truth, .. }) => {
                    marks.extend(names.iter().enumerate().map(|(class, name)| {
                        let of_class =
                            points.iter().zip(truth).filter(|(_, truth)| **truth == class).map(|(point, _)| *point);
                        let points = few(&of_class.collect::<Vec<Point>>());
                        Mark::Points(Series { name: name.clone(), color: class, light: false, points })
                    }))
                }
                _ => marks.push(Mark::Points(Series { points: few(&points), ..Series::default() })),
            }
            let axis = |name: &String, ends| Axis { limits: Some(ends), ..Axis::labelled(name.clone()) };
            let title = if classes.is_some() { "Decision regions" } else { "What is predicted between the data" };
            Chart { title: title.to_string(), x: axis(&names[0], x), y: axis(&names[1], y), marks }
        }
    }
}

/// Histograms of the larger parameters at the start and at the end, and of their gradients.
pub(super) fn histograms(training: &Training) -> Vec<Chart> {
    let end: &Parameters = match &training.end {
        Some(end) => &end.params,
        None => &training.first,
    };
    let gradient = |examination: &Option<crate::session::Examination>, name: &str| {
        let gradients = examination.as_ref().map_or(&[][..], |examination| &examination.gradients);
        gradients.iter().find(|(each, _)| each == name).map_or(Vec::new(), |(_, values)| values.clone())
    };
    let mut charts = Vec::new();
    for (name, _, values) in end.iter().filter(|(_, _, values)| values.len() >= FEWEST).take(MOST_HISTOGRAMS) {
        let first = training.first.iter().find(|(each, ..)| each == name).map_or(&[][..], |(_, _, values)| values);
        charts.push(pair(name, first, values));
        let (before, after) = (gradient(&training.before, name), gradient(&training.after, name));
        if !before.is_empty() || !after.is_empty() {
            charts.push(pair(&format!("gradient by {name}"), &before, &after));
        }
    }
    charts
}

fn pair(name: &str, first: &[f64], last: &[f64]) -> Chart {
    let edges = edges(&[first, last].concat(), None);
    let of = |values: &[f64], name: &str, color| Mark::Bars {
        name: name.to_string(),
        color,
        edges: edges.clone(),
        heights: bars(values, &edges),
    };
    let marks = vec![of(first, "at the start", 1), of(last, "at the end", 0)];
    Chart { title: name.to_string(), x: Axis::labelled(name), y: Axis::labelled("count"), marks }
}
