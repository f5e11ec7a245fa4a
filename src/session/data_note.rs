//! What a file of parameters says of the data that they were trained on: means and deviations, what takes the place of
//! missing cells, labels in order, and outlines of the data files. With it the trained model is used without its data.

use super::Session;
use super::columns::{Fitted, standardized};
use super::statistics::Statistics;
use crate::check::cells::Categories;
use crate::check::data_set::SourceColumn;
use crate::check::exact;
use crate::check::outline::FileOutline;
use crate::check::program::{Action, ColumnSource, DataId, Program, Train, Typed};
use crate::check::size::Size;
use crate::check::table::Format;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::training;
use crate::ir::{ElementType, Shape, TensorType};
use crate::source::Span;
use serde::{Deserialize, Serialize};

/// What is known of the data of trainings.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DataNote {
    files: Vec<FileOutline>,
    trainings: Vec<TrainingNote>,
}

/// What is known of the data of one training.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TrainingNote {
    name: Option<String>,
    /// Which `train` of its file, from 0.
    place: usize,
    /// The name of the set that it trained on.
    pub set: String,
    columns: Vec<ColumnNote>,
}

/// With what a column is computed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ColumnNote {
    name: String,
    /// Of each `standardize`, inner ones first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    standardized: Vec<Moments>,
    /// The columns of the source that it reads.
    sources: Vec<SourceNote>,
}

/// A mean and a deviation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Moments {
    shape: Vec<usize>,
    #[serde(with = "exact")]
    mean: Vec<f64>,
    #[serde(with = "exact")]
    deviation: Vec<f64>,
}

/// What is known of a column of the source.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct SourceNote {
    name: String,
    /// What takes the place of missing cells, if anything does.
    #[serde(default, with = "exact", skip_serializing_if = "Vec::is_empty")]
    fill: Vec<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    labels: Option<Categories>,
}

/// The note of a file that has nothing but parameters and values; that of a checkpoint has the same part.
#[derive(Serialize, Deserialize)]
struct FileNote {
    ndc: String,
    #[serde(default)]
    data: Option<DataNote>,
}

impl DataNote {
    /// What the note of a file says of data.
    pub fn of(note: Option<&str>) -> Option<DataNote> {
        serde_json::from_str::<FileNote>(note?).ok()?.data
    }

    /// The note of a file without a training that goes on.
    pub fn file_note(self) -> Option<String> {
        serde_json::to_string(&FileNote { ndc: env!("CARGO_PKG_VERSION").to_string(), data: Some(self) }).ok()
    }

    /// What is known of a data file.
    pub fn file(&self, path: &str, format: Format) -> Option<&FileOutline> {
        self.files.iter().find(|file| file.path == path && file.format == format)
    }

    /// What is known of the data of a `train`: of that name, or at that place with that set, or else of the only one it
    /// can be.
    pub fn training(&self, name: Option<&str>, place: usize, set: &str) -> Option<&TrainingNote> {
        let only = |is_it: &dyn Fn(&&TrainingNote) -> bool| {
            let mut found = self.trainings.iter().filter(is_it);
            found.next().filter(|_| found.next().is_none())
        };
        only(&|each| name.is_some() && each.name.as_deref() == name)
            .or_else(|| only(&|each| each.place == place && each.set == set))
            .or_else(|| only(&|each| each.set == set))
            .or_else(|| only(&|_| true))
    }

    /// What is known of a column: of a training on the set of that name, or else of any that has one of its name.
    pub fn column(&self, set: &str, name: &str) -> Option<&ColumnNote> {
        let of_set = self.trainings.iter().filter(|training| training.set == set);
        let mut columns = of_set.chain(&self.trainings).flat_map(|training| &training.columns);
        columns.find(|column| column.name == name)
    }

    /// The names of the sets that were trained on.
    pub fn sets(&self) -> Vec<&str> {
        self.trainings.iter().map(|training| training.set.as_str()).collect()
    }
}

impl TrainingNote {
    /// What a column of this name is computed with, if it is known: for an expression that prepares as the one did that
    /// was trained on. Otherwise how it differs.
    ///
    /// # Errors
    /// The difference, as a sentence.
    pub fn fitted(&self, name: &str, source: &ColumnSource, real: ElementType) -> Result<Option<Fitted>, String> {
        let ColumnSource::Rows { expression, columns } = source else { return Ok(None) };
        match self.columns.iter().find(|column| column.name == name) {
            Some(column) => column.fitted(expression, columns, real).map(Some),
            None if source.is_prepared() => {
                let known: Vec<String> = self.columns.iter().map(|column| format!("`{}`", column.name)).collect();
                Err(format!("`{name}` is not among the columns that were trained on: {}", known.join(", ")))
            }
            None => Ok(None),
        }
    }

    /// How the preparation of columns of the same values differs from an earlier one.
    pub fn difference(&self, before: &TrainingNote) -> Option<String> {
        // Columns that one of them alone reads make no difference to the steps.
        let known = |now: &ColumnNote| before.columns.iter().find(|before| before.name == now.name);
        let pairs = || self.columns.iter().filter_map(|now| Some((now, known(now)?)));
        let mut sources = pairs().flat_map(|(now, before)| now.sources.iter().zip(&before.sources));
        if let Some((now, before)) = sources.find(|(now, before)| now.labels != before.labels) {
            let (was, is) = (listed(before.labels.as_ref()), listed(now.labels.as_ref()));
            return Some(format!("the labels of `{}` were {was} and are {is}", now.name));
        }
        let (now, _) = pairs().find(|(now, before)| now != before)?;
        Some(format!("its values are the same, but those that `{}` is made of are not", now.name))
    }
}

impl ColumnNote {
    /// Whether its entries depend on more than their own row.
    pub fn is_prepared(&self) -> bool {
        let depends = |source: &SourceNote| !source.fill.is_empty() || source.labels.is_some();
        !self.standardized.is_empty() || self.sources.iter().any(depends)
    }

    /// How the preparation of a column of the same name differs from an earlier one.
    pub fn difference(&self, before: &ColumnNote) -> Option<String> {
        let mut sources = self.sources.iter().zip(&before.sources);
        let name = &self.name;
        if let Some((now, before)) = sources.find(|(now, before)| now.labels != before.labels) {
            let (was, is) = (listed(before.labels.as_ref()), listed(now.labels.as_ref()));
            return Some(format!("the labels of `{name}` were {was} and are {is}"));
        }
        let pairs = || before.standardized.iter().zip(&self.standardized);
        let moments = |of: fn(&Moments) -> &[f64]| pairs().find_map(|(was, is)| first_apart(of(was), of(is)));
        if let Some((was, is)) = moments(|each| &each.mean[..]) {
            return Some(format!("what `{name}` standardizes had the mean {was} and has {is}"));
        }
        if let Some((was, is)) = moments(|each| &each.deviation[..]) {
            return Some(format!("what `{name}` standardizes had the deviation {was} and has {is}"));
        }
        let was_otherwise =
            (self.standardized.len(), self.sources.len()) != (before.standardized.len(), before.sources.len());
        let fill = |of: &ColumnNote| of.sources.iter().map(|source| source.fill.clone()).collect::<Vec<_>>();
        (was_otherwise || fill(self) != fill(before)).then(|| format!("`{name}` was prepared in another way"))
    }

    fn fitted(&self, expression: &Typed, columns: &[SourceColumn], real: ElementType) -> Result<Fitted, String> {
        let name = &self.name;
        let mut fitted = Fitted::default();
        let standardized = standardized(expression);
        if standardized.len() != self.standardized.len() {
            let (before, now) = (self.standardized.len(), standardized.len());
            return Err(format!("`{name}` had {before} uses of `standardize`, and has {now}"));
        }
        for ((number, value), moments) in standardized.iter().zip(&self.standardized) {
            let shape = known_shape(value);
            if shape.sizes() != moments.shape {
                let before = Shape::new(&moments.shape);
                return Err(format!("what `{name}` standardizes was {before} and is {shape}"));
            }
            let table = |numbers: &[f64]| super::native::from_reals(TensorType::new(real, shape.clone()), numbers);
            let count = shape.count();
            if moments.mean.len() != count || moments.deviation.len() != count {
                return Err(format!("the statistics of `{name}` are damaged"));
            }
            let (mean, deviation) = (table(&moments.mean), table(&moments.deviation));
            fitted.statistics.insert(*number, Statistics { mean, deviation });
        }
        let prepared = |names: Vec<&str>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        if columns.len() != self.sources.len() {
            let before = prepared(self.sources.iter().map(|source| source.name.as_str()).collect());
            let now = prepared(columns.iter().map(|column| column.name.as_str()).collect());
            return Err(format!("`{name}` was made of {before}, and is made of {now}"));
        }
        for (column, source) in columns.iter().zip(&self.sources) {
            fitted.fills.push(source.fill_of(column)?);
        }
        Ok(fitted)
    }
}

/// The first numbers that differ.
fn first_apart(before: &[f64], now: &[f64]) -> Option<(f64, f64)> {
    before.iter().copied().zip(now.iter().copied()).find(|(before, now)| before.to_bits() != now.to_bits())
}

impl SourceNote {
    /// What takes the place of missing cells in a column.
    fn fill_of(&self, column: &SourceColumn) -> Result<Option<f64>, String> {
        if column.categories.as_deref() != self.labels.as_ref() {
            let (before, now) = (listed(self.labels.as_ref()), listed(column.categories.as_deref()));
            return Err(format!("the labels of `{}` were {before} and are {now}", column.name));
        }
        match self.fill.first() {
            None if column.filled => {
                Err(format!("the mean of `{}` is not known, which takes the place of missing cells", self.name))
            }
            fill => Ok(fill.copied()),
        }
    }
}

impl<'p> Session<'p> {
    /// What is known of the data of the trainings down to an action, itself included; nothing where no file is read.
    ///
    /// # Errors
    /// Run-time errors of columns.
    pub fn data_note(&mut self, last: Span) -> Result<Option<DataNote>, Box<Diagnostic>> {
        let program = self.program;
        if program.files.is_empty() {
            return Ok(None);
        }
        let mut trainings = Vec::new();
        for (place, train) in self.trainings_until(last).into_iter().enumerate() {
            trainings.extend(self.training_note(place, train)?);
        }
        if trainings.is_empty() {
            return Ok(self.loaded_note.clone());
        }
        let files = self.outlines.get_or_insert_with(|| outlines(program)).clone();
        Ok(Some(DataNote { files, trainings }))
    }

    /// The `train` blocks down to an action, itself included.
    pub fn trainings_until(&self, last: Span) -> Vec<&'p Train> {
        let mut trains = Vec::new();
        let program: &'p Program = self.program;
        for action in &program.actions {
            let span = super::described(action).1;
            if let Action::Train(train) = action {
                trains.push(&**train);
            }
            if span == last {
                break;
            }
        }
        trains
    }

    /// Prepares the validation set of a training as its data are, if it is of another item.
    ///
    /// # Errors
    /// A set that is prepared in another way, and run-time errors of columns.
    pub fn prepare_validation(&mut self, train: &Train) -> Result<(), Box<Diagnostic>> {
        let Some((data, validation)) = train.data.zip(train.validation.as_ref()) else { return Ok(()) };
        let Some(other) = validation.data else { return Ok(()) };
        let (set, others) = (&self.program.data[data.0 as usize], &self.program.data[other.0 as usize]);
        for (trained, index) in train.columns.iter().zip(&validation.columns) {
            let (trained, column) = (&set.columns[*trained as usize], &others.columns[*index as usize]);
            if trained.span == column.span || !column.source.is_prepared() {
                continue;
            }
            let known = self.training_note(0, train)?;
            let fitted = known.map(|known| known.fitted(&trained.name, &column.source, self.program.real()));
            match fitted.transpose() {
                Ok(fitted) => fitted.flatten().map(|fitted| self.fit(other, *index, fitted)),
                Err(difference) => {
                    let problem = format!("prepares `{}` otherwise: {difference}", column.name);
                    return Err(Box::new(training::other_columns(&others.name, &problem, column.span, trained.span)));
                }
            };
        }
        Ok(())
    }

    /// What is known of the data of one training.
    ///
    /// # Errors
    /// Run-time errors of columns.
    pub fn training_note(&mut self, place: usize, train: &Train) -> Result<Option<TrainingNote>, Box<Diagnostic>> {
        let Some(data) = train.data else { return Ok(None) };
        let program = self.program;
        let mut columns = Vec::new();
        for index in train.columns_read() {
            columns.extend(self.column_note(data, index)?);
        }
        let set = program.data[data.0 as usize].name.clone();
        Ok(Some(TrainingNote { name: train.name.clone(), place, set, columns }))
    }

    /// What is known of a column of data; nothing of one of a table.
    ///
    /// # Errors
    /// Run-time errors of the column.
    pub(super) fn column_note(&mut self, data: DataId, index: u32) -> Result<Option<ColumnNote>, Box<Diagnostic>> {
        let program = self.program;
        let column = &program.data[data.0 as usize].columns[index as usize];
        let ColumnSource::Rows { expression, columns: sources } = &column.source else { return Ok(None) };
        let fitted = self.column_statistics(data, index)?;
        let moments = |statistics: &Statistics| Moments {
            shape: statistics.mean.ty.shape.sizes().to_vec(),
            mean: super::native::to_reals(&statistics.mean),
            deviation: super::native::to_reals(&statistics.deviation),
        };
        let source = |(source, fill): (&SourceColumn, &Option<f64>)| SourceNote {
            name: source.name.clone(),
            fill: fill.iter().copied().collect(),
            labels: source.categories.as_deref().cloned(),
        };
        Ok(Some(ColumnNote {
            name: column.name.clone(),
            standardized: standardized(expression)
                .iter()
                .map(|(number, _)| moments(&fitted.statistics[number]))
                .collect(),
            sources: sources.iter().zip(&fitted.fills).map(source).collect(),
        }))
    }
}

/// Outlines of the files of a program, of each once.
fn outlines(program: &Program) -> Vec<FileOutline> {
    let mut outlines: Vec<FileOutline> = Vec::new();
    for file in &program.files {
        if !outlines.iter().any(|known| known.path == file.path && known.format == file.format) {
            outlines.push(FileOutline::of(file));
        }
    }
    outlines
}

/// The shape of a value whose sizes are known, as those of columns are.
fn known_shape(value: &Typed) -> Shape {
    let size = |size: &Size| size.value().and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
    let sizes: Vec<usize> = value.ty.sizes().iter().map(size).collect();
    Shape::new(&sizes)
}

/// Labels in a sentence.
fn listed(labels: Option<&Categories>) -> String {
    const SHOWN: usize = 6;
    let Some(labels) = labels else { return "no labels".to_string() };
    let names: Vec<String> = (0..labels.count().min(SHOWN)).map(|place| labels.name(place)).collect();
    let more = labels.count().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", names.join(", "))
}
