//! What happens in a run as lines of JSON.
//!
//! Numbers are written so that they read back exactly; JSON has no NaN and no infinities, so these are the strings `"nan"`,
//! `"inf"` and `"-inf"`.

use crate::check::types::Type;
use crate::ir::{ElementType, Shape, Table};
use crate::session::{BestEpoch, Confusion, Ending, EpochRecord, LearningRates, Leaves, TrainingEnd, TrainingStart};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

/// Something that happened. `train` counts the `train` items of the run from 1.
#[derive(serde::Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'e> {
    /// A file is about to be run.
    Run { file: &'e str, version: &'e str, seed: u64 },
    /// A printed line with a text in it.
    Text { text: &'e str },
    /// A printed value, with its source text.
    Value { source: &'e str, value: Structured<'e> },
    /// An assertion was checked.
    Assertion { file: &'e str, line: usize, source: &'e str, holds: bool },
    /// Training begins.
    Started(Started<'e>),
    /// An epoch ended.
    Epoch(Epoch<'e>),
    /// Training ended.
    Ended(Ended<'e>),
    /// Learning rates were tried, in place of a training.
    LearningRates(Rates<'e>),
    /// A message: its code, its place, and what it says.
    Message { diagnostic: &'e Value },
    /// The run is over.
    Finished { succeeded: bool, seconds: Number },
}

impl Event<'_> {
    /// The event on a line of its own.
    pub fn line(&self) -> String {
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }
}

/// What is about to be trained.
#[derive(serde::Serialize)]
pub struct Started<'e> {
    train: usize,
    name: Option<&'e str>,
    data: Option<&'e str>,
    examples: Option<usize>,
    trainable: usize,
    batch: usize,
    #[serde(skip_serializing_if = "is_one")]
    accumulate: usize,
    seed: u64,
    steps_per_epoch: u64,
    steps: Option<u64>,
}

/// A number of batches that need not be told.
fn is_one(batches: &usize) -> bool {
    *batches == 1
}

/// What an epoch came to.
#[derive(serde::Serialize)]
pub struct Epoch<'e> {
    train: usize,
    name: Option<&'e str>,
    epoch: u64,
    step: u64,
    loss: Number,
    metrics: Named<'e>,
    validation: Option<Measures<'e>>,
    learning_rate: Option<Number>,
    gradient_norm: Option<Number>,
    seconds: Number,
}

/// What training came to.
#[derive(serde::Serialize)]
pub struct Ended<'e> {
    train: usize,
    name: Option<&'e str>,
    ending: &'static str,
    steps: u64,
    epochs: u64,
    loss: Number,
    metrics: Named<'e>,
    #[serde(skip_serializing_if = "Confusions::is_empty")]
    confusion: Confusions<'e>,
    validation: Option<Measures<'e>>,
    best: Option<Best<'e>>,
    checkpoint: Option<&'e str>,
    seconds: Number,
    parameters: Vec<Parameter<'e>>,
}

/// What the losses of rising learning rates came to.
#[derive(serde::Serialize)]
pub struct Rates<'e> {
    name: Option<&'e str>,
    learning_rates: Vec<Number>,
    losses: Vec<Number>,
    smoothed: Vec<Option<Number>>,
    diverged: bool,
    suggestion: Option<Number>,
}

#[derive(serde::Serialize)]
struct Best<'e> {
    epoch: u64,
    monitor: &'e str,
    value: Number,
    restored: bool,
}

#[derive(serde::Serialize)]
struct Measures<'e> {
    loss: Number,
    metrics: Named<'e>,
}

impl<'e> Measures<'e> {
    fn new((loss, metrics): &'e (f64, Vec<(String, f64)>)) -> Self {
        Measures { loss: Number(*loss), metrics: Named(metrics) }
    }
}

#[derive(serde::Serialize)]
struct Parameter<'e> {
    name: &'e str,
    shape: &'e [usize],
}

impl<'e> Started<'e> {
    /// Of the `train` item of this place.
    pub fn new(train: usize, start: &'e TrainingStart) -> Self {
        Started {
            train,
            name: start.name.as_deref(),
            data: start.data.as_ref().map(|(name, _)| name.as_str()),
            examples: start.data.as_ref().map(|(_, examples)| *examples),
            trainable: start.trainable,
            batch: start.batch,
            accumulate: start.accumulate,
            seed: start.seed,
            steps_per_epoch: start.steps_per_epoch,
            steps: start.steps,
        }
    }
}

impl<'e> Rates<'e> {
    /// Of a test of learning rates.
    pub fn new(found: &'e LearningRates) -> Self {
        Rates {
            name: found.name.as_deref(),
            learning_rates: found.tried.iter().map(|tried| Number(tried.learning_rate)).collect(),
            losses: found.tried.iter().map(|tried| Number(tried.loss)).collect(),
            smoothed: found.tried.iter().map(|tried| tried.smoothed.map(Number)).collect(),
            diverged: found.diverged,
            suggestion: found.suggestion.map(Number),
        }
    }
}

impl<'e> Epoch<'e> {
    /// Of the `train` item of this place and name.
    pub fn new(train: usize, name: Option<&'e str>, record: &'e EpochRecord) -> Self {
        Epoch {
            train,
            name,
            epoch: record.epoch,
            step: record.step,
            loss: Number(record.loss),
            metrics: Named(&record.metrics),
            validation: record.validation.as_ref().map(Measures::new),
            learning_rate: record.learning_rate.map(Number),
            gradient_norm: record.gradient_norm.map(Number),
            seconds: Number(record.elapsed.as_secs_f64()),
        }
    }
}

impl<'e> Ended<'e> {
    /// Of the `train` item of this place.
    pub fn new(train: usize, end: &'e TrainingEnd) -> Self {
        let best = |best: &'e BestEpoch| Best {
            epoch: best.epoch,
            monitor: &best.monitor,
            value: Number(best.value),
            restored: best.restored,
        };
        let parameter = |(name, shape, _): &'e (String, Shape, Vec<f64>)| Parameter { name, shape: shape.sizes() };
        Ended {
            train,
            name: end.name.as_deref(),
            ending: match end.ending {
                Ending::Done => "done",
                Ending::Stopped => "stopped",
                Ending::Converged => "converged",
                Ending::NoImprovement => "no improvement",
                Ending::Interrupted => "interrupted",
            },
            steps: end.steps,
            epochs: end.epochs,
            loss: Number(end.loss),
            metrics: Named(&end.metrics),
            confusion: Confusions(&end.confusions),
            validation: end.validation.as_ref().map(Measures::new),
            best: end.best.as_ref().map(best),
            checkpoint: end.checkpoint.as_deref(),
            seconds: Number(end.elapsed.as_secs_f64()),
            parameters: end.params.iter().map(parameter).collect(),
        }
    }
}

/// A number that reads back exactly.
pub struct Number(pub f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            value if value.is_finite() => serializer.serialize_f64(value),
            value => serializer.serialize_str(&super::number(value)),
        }
    }
}

/// How often each class was taken for which, by the names of the metrics.
pub struct Confusions<'e>(pub &'e [Confusion]);

impl Confusions<'_> {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Confusions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Counted<'c> {
            classes: &'c [String],
            counts: &'c [Vec<u64>],
        }
        let tables = self.0.iter().map(|Confusion { name, classes, counts }| (name, Counted { classes, counts }));
        serializer.collect_map(tables)
    }
}

/// Names and values, in order.
struct Named<'e>(&'e [(String, f64)]);

impl Serialize for Named<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, Number(*value))))
    }
}

/// A value: tensors as nested arrays, tuples as arrays, records as objects.
pub struct Structured<'e>(pub &'e Leaves);

impl Serialize for Structured<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        part(&self.0.ty, &mut self.0.tables.iter()).serialize(serializer)
    }
}

enum Part<'e> {
    Tuple(Vec<Part<'e>>),
    Record(Vec<(&'e str, Part<'e>)>),
    Tensor(&'e Table),
}

fn part<'e>(ty: &'e Type, tables: &mut std::slice::Iter<'e, Table>) -> Part<'e> {
    match ty {
        Type::Tuple(parts) => Part::Tuple(parts.iter().map(|ty| part(ty, tables)).collect()),
        Type::Record(fields, parts) => {
            let fields = fields.names.iter().map(|name| &**name).zip(parts);
            Part::Record(fields.map(|(name, ty)| (name, part(ty, tables))).collect())
        }
        _ => tables.next().map_or(Part::Tuple(Vec::new()), Part::Tensor),
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Part::Tuple(parts) => serializer.collect_seq(parts),
            Part::Record(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, part) in fields {
                    map.serialize_entry(name, part)?;
                }
                map.end()
            }
            Part::Tensor(table) => {
                let (sizes, bits) = (table.ty.shape.sizes(), table.bits.as_slice());
                Cells { element: table.ty.element, sizes, bits }.serialize(serializer)
            }
        }
    }
}

/// A tensor, or a part of one along its leading axes.
struct Cells<'e> {
    element: ElementType,
    sizes: &'e [usize],
    bits: &'e [u64],
}

impl Serialize for Cells<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some((size, sizes)) = self.sizes.split_first() {
            let stride: usize = sizes.iter().product();
            let mut rows = serializer.serialize_seq(Some(*size))?;
            for row in 0..*size {
                let bits = &self.bits[row * stride..(row + 1) * stride];
                rows.serialize_element(&Cells { element: self.element, sizes, bits })?;
            }
            return rows.end();
        }
        let bits = self.bits.first().copied().unwrap_or_default();
        match self.element {
            ElementType::Bool => serializer.serialize_bool(bits != 0),
            ElementType::I64 => serializer.serialize_i64(bits as i64),
            ElementType::F32 | ElementType::F64 => Number(self.element.number(bits)).serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::TensorType;

    fn leaf(element: ElementType, sizes: &[usize], bits: Vec<u64>) -> Leaves {
        let ty = TensorType { element, shape: Shape::new(sizes) };
        Leaves { ty: Type::Tuple(vec![Type::Text]), tables: vec![Table { ty, bits }] }
    }

    #[test]
    fn numbers_read_back_exactly() {
        let all = [0.1, -0.0, 1e300, 5e-324, 1.0 / 3.0, 123_456_789.123_456_79, f64::MAX];
        let value = leaf(ElementType::F64, &[all.len()], all.iter().map(|value| value.to_bits()).collect());
        let line = Event::Value { source: "x", value: Structured(&value) }.line();
        let read: Value = serde_json::from_str(&line).unwrap();
        let read: Vec<f64> = read["value"][0].as_array().unwrap().iter().map(|cell| cell.as_f64().unwrap()).collect();
        assert_eq!(read.map_bits(), all.to_vec().map_bits());
    }

    trait Bits {
        fn map_bits(self) -> Vec<u64>;
    }

    impl Bits for Vec<f64> {
        fn map_bits(self) -> Vec<u64> {
            self.into_iter().map(f64::to_bits).collect()
        }
    }

    #[test]
    fn what_json_cannot_say_is_a_string() {
        let bits = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(f64::to_bits).to_vec();
        let value = leaf(ElementType::F64, &[3], bits);
        let line = Event::Value { source: "x", value: Structured(&value) }.line();
        assert_eq!(line, "{\"event\":\"value\",\"source\":\"x\",\"value\":[[\"nan\",\"inf\",\"-inf\"]]}\n");
    }

    #[test]
    fn shapes_are_nested_arrays() {
        let integers = leaf(ElementType::I64, &[2, 2], vec![1, -2_i64 as u64, 3, i64::MAX as u64]);
        let truths = leaf(ElementType::Bool, &[], vec![1]);
        for (value, text) in [(integers, "[[[1,-2],[3,9223372036854775807]]]"), (truths, "[true]")] {
            assert_eq!(serde_json::to_string(&Structured(&value)).unwrap(), text);
        }
    }
}
