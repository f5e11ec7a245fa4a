//! What a report tells of a training beside its curves: gradients, what is predicted of the data, and what is predicted between
//! the data.

use super::prediction::predict_columns;
use super::tally::class_names;
use crate::check::program::{DataId, Examples, Prediction, Train};
use crate::diagnostics::Diagnostic;
use crate::ir::{ElementType, Shape, Table, TensorType};
use crate::lower::Source;
use crate::lower::loss_gradients::lower_loss_gradients;
use crate::session::native::{from_reals, run, to_reals};
use crate::session::{Examination, Fit, Session, Surface};

/// The most examples whose gradient is computed.
const EXAMPLES: usize = 1024;
/// The points of a rectangle, across and up, and of an interval.
const ACROSS: usize = 120;
const UP: usize = 90;
const POINTS: usize = 201;
/// The part of the data's width that is looked at beyond them.
const MARGIN: f64 = 0.08;

/// Looks at a training with the session's parameters; nothing of the session changes.
///
/// # Errors
/// Run-time errors of the program.
pub fn examine(session: &mut Session<'_>, train: &Train) -> Result<Examination, Box<Diagnostic>> {
    let gradients = gradients(session, train)?;
    let (mut fit, mut validation, mut surface) = (None, None, None);
    if let (Some(data), Some(prediction)) = (train.data, &train.prediction) {
        fit = fit_over(session, train, prediction, &train.examples())?;
        if let Some(examples) = &train.validation {
            validation = fit_over(session, train, prediction, examples)?;
        }
        surface = surface_of(session, prediction, data, fit.as_ref())?;
    }
    Ok(Examination { gradients, fit, validation, surface })
}

/// What is predicted of examples of the block, which have its columns under the same names.
fn fit_over(
    session: &mut Session<'_>,
    train: &Train,
    prediction: &Prediction,
    examples: &Examples,
) -> Result<Option<Fit>, Box<Diagnostic>> {
    let program = session.program;
    let (Some(data), Some(set)) = (train.data, examples.data) else { return Ok(None) };
    let (trained, other) = (&program.data[data.0 as usize], &program.data[set.0 as usize]);
    let inputs = prediction.inputs();
    let others: Vec<u32> = train.columns.iter().copied().filter(|column| !inputs.contains(column)).collect();
    // What the loss reads beside the inputs is what is to be predicted, if it is one column.
    let ([target], true) = (&others[..], other.rows > 0) else { return Ok(None) };
    let place = |index: &u32| {
        let name = &trained.columns[*index as usize].name;
        other.columns.iter().position(|column| column.name == *name).map(|place| Source::Column(set, place as u32))
    };
    let Some(sources) = inputs.iter().chain([target]).map(place).collect::<Option<Vec<Source>>>() else {
        return Ok(None);
    };
    let mut columns = session.inputs(&sources)?;
    let Some(truth) = columns.pop() else { return Ok(None) };
    let predicted = predict_columns(session, prediction, data, &columns, other.rows)?;
    let labels = trained.columns[*target as usize].categories.as_ref().map(|categories| categories.names());
    Ok(fit_of(&predicted, &truth, labels.unwrap_or_default()))
}

fn gradients(session: &mut Session<'_>, train: &Train) -> Result<Vec<(String, Vec<f64>)>, Box<Diagnostic>> {
    let program = session.program;
    let examples = train.data.map_or(1, |data| program.data[data.0 as usize].rows);
    let size = examples.clamp(1, EXAMPLES);
    let lowered = lower_loss_gradients(program, train, size, size == examples);
    let mut inputs = session.inputs(&lowered.sources)?;
    for (source, input) in lowered.sources.iter().zip(&mut inputs) {
        if *source == Source::Rows {
            let rows = (0..size).map(|place| (place * examples / size) as u64).collect();
            *input = Table { ty: TensorType::new(ElementType::I64, Shape::new(&[size])), bits: rows };
        }
    }
    let names: Vec<String> = lowered.graph.outputs().iter().map(|output| output.name.clone()).collect();
    let values = run(&lowered.graph, &inputs)?;
    Ok(names.into_iter().zip(values.iter().map(to_reals)).collect())
}

/// Predictions beside the truth: classes where the truth is the number of a class or has a one at it, else numbers.
fn fit_of(predicted: &Table, target: &Table, labels: Vec<String>) -> Option<Fit> {
    let examples = *predicted.ty.shape.sizes().first()?;
    let (predicted, truth) = (to_reals(predicted), to_reals(target));
    if examples == 0 || predicted.len() % examples != 0 || truth.len() % examples != 0 {
        return None;
    }
    let (scores, each) = (predicted.len() / examples, truth.len() / examples);
    let classes = scores.max(2);
    let truth_classes: Option<Vec<usize>> = match each {
        1 => truth.iter().map(|value| class_number(*value, classes)).collect(),
        _ if each == scores => truth.chunks(each).map(one_hot).collect(),
        _ => None,
    };
    match truth_classes {
        Some(truth) => {
            let names = class_names(classes, &labels);
            Some(Fit::Classes { names, truth, predicted: chosen(&predicted, scores) })
        }
        None if predicted.len() == truth.len() => Some(Fit::Numbers { truth, predicted }),
        None => None,
    }
}

fn class_number(value: f64, classes: usize) -> Option<usize> {
    (value.fract() == 0.0 && value >= 0.0 && value < classes as f64).then_some(value as usize)
}

/// The place of the one in a row of zeros.
fn one_hot(row: &[f64]) -> Option<usize> {
    let place = row.iter().position(|value| *value == 1.0)?;
    let zeros = row.iter().filter(|value| **value == 0.0).count();
    (row.len() > 1 && zeros == row.len() - 1).then_some(place)
}

/// The classes that scores choose: the greatest; of a single one, whether it is a probability above a half or a number above 0.
fn chosen(predicted: &[f64], scores: usize) -> Vec<usize> {
    if scores == 1 {
        let probability = predicted.iter().all(|value| (0.0..=1.0).contains(value));
        let threshold = if probability { 0.5 } else { 0.0 };
        return predicted.iter().map(|value| usize::from(*value > threshold)).collect();
    }
    let greatest =
        |row: &[f64]| (1..row.len()).fold(0, |best, place| if row[place] > row[best] { place } else { best });
    predicted.chunks(scores).map(greatest).collect()
}

/// What is predicted between the data: over a rectangle of two numbers, or over an interval of one.
fn surface_of(
    session: &mut Session<'_>,
    prediction: &Prediction,
    data: DataId,
    fit: Option<&Fit>,
) -> Result<Option<Surface>, Box<Diagnostic>> {
    let program = session.program;
    let set = &program.data[data.0 as usize];
    let inputs = prediction.inputs();
    let sources: Vec<Source> = inputs.iter().map(|index| Source::Column(data, *index)).collect();
    let tables = session.inputs(&sources)?;
    if set.rows == 0 || tables.iter().any(|table| !table.ty.element.is_real()) {
        return Ok(None);
    }
    let widths: Vec<usize> = tables.iter().map(|table| table.bits.len() / set.rows).collect();
    let mut names: Vec<String> = inputs.iter().map(|index| set.columns[*index as usize].name.clone()).collect();
    let columns: Vec<Vec<f64>> = match widths[..] {
        [1] | [1, 1] => tables.iter().map(to_reals).collect(),
        [2] if tables[0].ty.shape.sizes().len() == 2 => {
            names = [0, 1].map(|place| format!("{}[{place}]", names[0])).to_vec();
            let both = to_reals(&tables[0]);
            [0, 1].map(|place| both.iter().skip(place).step_by(2).copied().collect()).to_vec()
        }
        _ => return Ok(None),
    };
    let ends: Vec<(f64, f64)> = columns.iter().map(|column| ends(column)).collect();
    if ends.iter().any(|(low, high)| !(high - low).is_finite()) {
        return Ok(None);
    }
    let points: Vec<Vec<f64>> = match ends[..] {
        [x] => (0..POINTS).map(|place| vec![between(x, place as f64 / (POINTS - 1) as f64)]).collect(),
        [x, y] => {
            let point = |place: usize| {
                let (row, column) = (place / ACROSS, place % ACROSS);
                vec![between(x, (column as f64 + 0.5) / ACROSS as f64), between(y, (row as f64 + 0.5) / UP as f64)]
            };
            (0..ACROSS * UP).map(point).collect()
        }
        _ => return Ok(None),
    };
    let predicted = predict_at(session, prediction, data, &tables, &points)?;
    let scores = predicted.len() / points.len();
    Ok(match (columns.len(), fit) {
        (1, Some(Fit::Numbers { .. })) if scores == 1 => {
            let points = points.iter().map(|point| point[0]).zip(predicted).collect();
            Some(Surface::Curve { name: names.remove(0), column: columns[0].clone(), points })
        }
        (2, Some(Fit::Classes { names: classes, .. })) => {
            let values = chosen(&predicted, scores).into_iter().map(|class| class as f64).collect();
            Some(Surface::Regions { names, columns, ends, cells: (UP, ACROSS), values, classes: Some(classes.clone()) })
        }
        (2, Some(Fit::Numbers { .. })) if scores == 1 => {
            Some(Surface::Regions { names, columns, ends, cells: (UP, ACROSS), values: predicted, classes: None })
        }
        _ => None,
    })
}

fn ends(column: &[f64]) -> (f64, f64) {
    let (low, high) = column
        .iter()
        .filter(|value| value.is_finite())
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)));
    let room = if low == high { 0.5 } else { (high - low) * MARGIN };
    (low - room, high + room)
}

fn between((low, high): (f64, f64), part: f64) -> f64 {
    low + (high - low) * part
}

/// The prediction at points, each a row of numbers that follow one another in the input columns.
fn predict_at(
    session: &mut Session<'_>,
    prediction: &Prediction,
    data: DataId,
    tables: &[Table],
    points: &[Vec<f64>],
) -> Result<Vec<f64>, Box<Diagnostic>> {
    let columns = tables.iter().enumerate().map(|(place, table)| {
        let shape = Shape::new(&table.ty.shape.sizes()[1..]).with_leading(points.len());
        let values: Vec<f64> = match tables.len() {
            1 => points.concat(),
            _ => points.iter().map(|point| point[place]).collect(),
        };
        from_reals(TensorType::new(table.ty.element, shape), &values)
    });
    let columns: Vec<Table> = columns.collect();
    Ok(to_reals(&predict_columns(session, prediction, data, &columns, points.len())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(sizes: &[usize], values: &[f64]) -> Table {
        from_reals(TensorType::new(ElementType::F64, Shape::new(sizes)), values)
    }

    #[test]
    fn what_the_truth_looks_like_says_what_was_learnt() {
        let classes = |predicted: &Table, truth: &Table| match fit_of(predicted, truth, Vec::new()) {
            Some(Fit::Classes { names, truth, predicted }) => Some((names.len(), truth, predicted)),
            _ => None,
        };
        let scores = table(&[2, 3], &[0.1, 0.7, 0.2, 3.0, -1.0, 2.0]);
        assert_eq!(classes(&scores, &table(&[2], &[1.0, 2.0])), Some((3, vec![1, 2], vec![1, 0])));
        let one_hot = table(&[2, 3], &[0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(classes(&scores, &one_hot), Some((3, vec![2, 0], vec![1, 0])));
        let truth = table(&[2], &[0.0, 1.0]);
        assert_eq!(classes(&table(&[2], &[0.4, 0.6]), &truth), Some((2, vec![0, 1], vec![0, 1])));
        assert_eq!(classes(&table(&[2], &[-0.4, 1.6]), &truth), Some((2, vec![0, 1], vec![0, 1])));
        assert!(matches!(
            fit_of(&table(&[2], &[0.4, 0.6]), &table(&[2], &[0.5, 7.0]), Vec::new()),
            Some(Fit::Numbers { .. })
        ));
        let named = fit_of(&scores, &truth, vec!["a".into(), "b".into(), "c".into()]);
        assert!(matches!(named, Some(Fit::Classes { names, .. }) if names == ["a", "b", "c"]));
        let labels = ["setosa", "virginica"].map(str::to_string).to_vec();
        let Some(Fit::Classes { names, .. }) = fit_of(&scores, &one_hot, labels) else { panic!("no classes") };
        assert_eq!(names, ["setosa", "virginica", "2"]);
        assert!(fit_of(&scores, &table(&[2], &[0.5, 7.0]), Vec::new()).is_none());
    }
}
