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
    let tables = training.end.iter().flat_map(|end| &end.confusions);
    let mut charts: Vec<Chart> =
        tables.map(|table| table_of(table.name.clone(), &table.classes, &table.counts)).collect();
    let Some(examination) = &training.after else { return charts };
    match (&examination.fit, &examination.validation) {
        (Some(Fit::Numbers { truth, predicted }), validation) => {
            let other = match validation {
                Some(Fit::Numbers { truth, predicted }) => Some((&truth[..], &predicted[..])),
                _ => None,
            };
            charts.extend(numbers((truth, predicted), other));
        }
        (fit, validation) => {
            charts.extend(fit.as_ref().and_then(|fit| confusion("Confusion matrix", fit)));
            charts.extend(validation.as_ref().and_then(|fit| confusion("Confusion matrix of the validation set", fit)));
        }
    }
    if let Some(surface) = &examination.surface {
        charts.push(between(surface, examination.fit.as_ref()));
    }
    charts
}

/// How often each class was taken for which.
fn confusion(title: &str, fit: &Fit) -> Option<Chart> {
    let Fit::Classes { names, truth, predicted } = fit else { return None };
    let mut counts = vec![vec![0; names.len()]; names.len()];
    truth.iter().zip(predicted).for_each(|(truth, predicted)| counts[*truth][*predicted] += 1);
    Some(table_of(title.to_string(), names, &counts))
}

fn table_of(title: String, names: &[String], counts: &[Vec<u64>]) -> Chart {
    let right: u64 = counts.iter().enumerate().filter_map(|(class, row)| row.get(class)).sum();
    let all: u64 = counts.iter().flatten().sum();
    let classes = counts.len();
    let values = counts.iter().flatten().map(|count| *count as f64).collect();
    let axis =
        |label: &str, limits| Axis { label: label.to_string(), names: names.to_vec(), limits, logarithmic: false };
    let ends = (-0.5, classes as f64 - 0.5);
    let cells = Cells { rows: classes, columns: classes, values, x: ends, y: ends, meaning: Meaning::Counts };
    Chart {
        title: format!("{title}: {right} of {all} right"),
        x: axis("predicted", None),
        y: axis("true", Some((ends.1, ends.0))),
        marks: vec![Mark::Cells(cells)],
    }
}

/// Every so-many-th, so that few are left.
fn few<T: Copy>(all: &[T]) -> Vec<T> {
    all.iter().copied().step_by(all.len().div_ceil(MOST_DOTS).max(1)).collect()
}

/// What is true beside what is predicted.
type Pairs<'a> = (&'a [f64], &'a [f64]);

fn numbers(trained: Pairs, validation: Option<Pairs>) -> Vec<Chart> {
    let named: Vec<(&str, Pairs)> = match validation {
        Some(validation) => vec![("training", trained), ("validation", validation)],
        None => vec![("examples", trained)],
    };
    let truth = || named.iter().flat_map(|(_, (truth, _))| truth.iter().copied());
    let low = truth().fold(f64::INFINITY, f64::min);
    let high = truth().fold(f64::NEG_INFINITY, f64::max);
    let diagonal = Series { name: "equal".into(), color: 7, light: true, points: vec![(low, low), (high, high)] };
    let dots = named.iter().enumerate().map(|(color, (name, (truth, predicted)))| {
        let points: Vec<Point> = truth.iter().copied().zip(predicted.iter().copied()).collect();
        Mark::Points(Series { name: (*name).to_string(), color, light: false, points: few(&points) })
    });
    let fit = Chart {
        title: "Predicted against true".to_string(),
        x: Axis::labelled("true"),
        y: Axis::labelled("predicted"),
        marks: std::iter::once(Mark::Line(diagonal)).chain(dots).collect(),
    };
    let residuals: Vec<(&str, Vec<f64>)> = named
        .iter()
        .map(|(name, (truth, predicted))| {
            let each = truth.iter().zip(*predicted).map(|(truth, predicted)| truth - predicted);
            (if validation.is_some() { *name } else { "" }, each.collect())
        })
        .collect();
    vec![fit, histogram("Residuals", "true - predicted", &residuals)]
}

/// Bars of several kinds of numbers with the same edges.
fn histogram(title: &str, label: &str, series: &[(&str, Vec<f64>)]) -> Chart {
    let all: Vec<f64> = series.iter().flat_map(|(_, values)| values.iter().copied()).collect();
    let edges = edges(&all, None);
    let marks = series.iter().enumerate().map(|(color, (name, values))| Mark::Bars {
        name: (*name).to_string(),
        color,
        edges: edges.clone(),
        heights: bars(values, &edges),
    });
    let (x, y) = (Axis::labelled(label), Axis::labelled("count"));
    Chart { title: title.to_string(), x, y, marks: marks.collect() }
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
