//! The curves of a training: loss, metrics, learning rate and gradient by epoch.

use crate::chart::{Axis, Chart, Mark, Point, Series, thinned};
use crate::session::{EpochRecord, LearningRates};

/// The points of a curve that are drawn.
const MOST_POINTS: usize = 1000;
/// The ratio of the greatest to the least loss from which its axis is logarithmic.
const WIDE: f64 = 50.0;

/// A chart of the loss and of each metric, with what validation gave.
pub fn curves(records: &[EpochRecord]) -> Vec<Chart> {
    let mut charts = vec![measure("loss", records, |record| Some(record.loss), |(loss, _)| Some(*loss))];
    let names = records.first().map_or(&[][..], |record| &record.metrics);
    for (place, (name, _)) in names.iter().enumerate() {
        let trained = |record: &EpochRecord| record.metrics.get(place).map(|(_, value)| *value);
        let validated = |(_, metrics): &(f64, Vec<(String, f64)>)| {
            metrics.iter().find(|(each, _)| each == name).map(|(_, value)| *value)
        };
        charts.push(measure(name, records, trained, validated));
    }
    charts.retain(|chart| !chart.is_empty());
    charts
}

/// Charts of the learning rate and of the norm of the gradient, where they are known and change.
pub fn progress(records: &[EpochRecord]) -> Vec<Chart> {
    let charts = [
        alone("learning rate", points(records, |record| record.learning_rate)),
        alone("norm of the gradient", points(records, |record| record.gradient_norm)),
    ];
    charts.into_iter().filter(|chart| !chart.is_empty()).collect()
}

/// The losses of rising learning rates; a dot at the suggestion.
pub fn learning_rates(found: &LearningRates) -> Chart {
    let losses = found.tried.iter().filter_map(|tried| Some((tried.learning_rate, tried.smoothed?))).collect();
    let mut chart = alone("loss by learning rate", losses);
    chart.x = Axis { logarithmic: true, ..Axis::labelled("learning rate") };
    chart.y.label = "loss, smoothed".to_string();
    let suggested = found.tried.iter().filter(|tried| Some(tried.learning_rate) == found.suggestion);
    let points: Vec<Point> = suggested.filter_map(|tried| Some((tried.learning_rate, tried.smoothed?))).collect();
    if !points.is_empty() {
        chart.marks.push(Mark::Points(Series { name: "falls fastest".to_string(), color: 1, light: false, points }));
    }
    chart
}

fn points(records: &[EpochRecord], value: impl Fn(&EpochRecord) -> Option<f64>) -> Vec<Point> {
    let points: Vec<Point> = records.iter().filter_map(|record| Some((record.epoch as f64, value(record)?))).collect();
    thinned(&points, MOST_POINTS)
}

fn measure(
    name: &str,
    records: &[EpochRecord],
    trained: impl Fn(&EpochRecord) -> Option<f64>,
    validated: impl Fn(&(f64, Vec<(String, f64)>)) -> Option<f64>,
) -> Chart {
    let validation = points(records, |record| record.validation.as_ref().and_then(&validated));
    let mut chart = alone(name, points(records, trained));
    if !validation.is_empty() {
        if let Some(Mark::Line(series)) = chart.marks.first_mut() {
            series.name = "training".to_string();
        }
        let name = "validation".to_string();
        chart.marks.push(Mark::Line(Series { name, color: 1, light: false, points: validation }));
        chart.y.logarithmic = is_wide(&chart);
    }
    chart
}

/// A chart of one curve.
fn alone(name: &str, points: Vec<Point>) -> Chart {
    let (x, y) = (Axis::labelled("epoch"), Axis::labelled(name));
    let curve = Mark::Line(Series { name: String::new(), color: 0, light: false, points });
    let mut chart = Chart { title: name.to_string(), x, y, marks: vec![curve] };
    chart.y.logarithmic = is_wide(&chart);
    chart
}

/// Whether all values are above zero and some many times others.
fn is_wide(chart: &Chart) -> bool {
    let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
    for mark in &chart.marks {
        let Mark::Line(series) = mark else { continue };
        for (_, value) in series.points.iter().filter(|(_, value)| value.is_finite()) {
            (least, most) = (least.min(*value), most.max(*value));
        }
    }
    least > 0.0 && most / least > WIDE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(epoch: u64, loss: f64, validation: Option<f64>) -> EpochRecord {
        let metrics = |value: f64| vec![("accuracy".to_string(), value)];
        EpochRecord {
            epoch,
            loss,
            metrics: metrics(0.5),
            validation: validation.map(|loss| (loss, metrics(0.25))),
            ..EpochRecord::default()
        }
    }

    #[test]
    fn each_measure_is_a_chart_of_training_and_validation() {
        let records: Vec<EpochRecord> = (1..=5000).map(|epoch| record(epoch, 1.0 / epoch as f64, Some(0.5))).collect();
        let charts = curves(&records);
        assert_eq!(charts.iter().map(|chart| chart.title.as_str()).collect::<Vec<_>>(), ["loss", "accuracy"]);
        assert!(charts[0].y.logarithmic && !charts[1].y.logarithmic);
        assert_eq!(charts[0].marks.len(), 2);
        let Mark::Line(series) = &charts[0].marks[0] else { panic!("a line") };
        assert!(series.points.len() <= 1000 && series.name == "training");
        assert!(curves(&[]).is_empty() && progress(&records).is_empty());
        assert_eq!(curves(&[record(1, 2.0, None)])[0].marks.len(), 1);
    }
}
