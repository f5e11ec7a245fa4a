//! Going on from a checkpoint: which file, whether it is of this training, and what it sets.

use super::bind::StateTensor;
use super::checkpoints::{Kept, raw_name};
use super::steps::Steps;
use crate::check::domain::Domain;
use crate::check::program::{Action, Checkpoint, ParamId, Train};
use crate::checkpoint::{LAST, Tensors};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::checkpoints as errors;
use crate::ir::TensorType;
use crate::lower::Source;
use crate::session::data_note::DataNote;
use crate::session::{Loaded, Resume, SEPARATOR, Session, native};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What a checkpoint says of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Note {
    /// The version of ndc that wrote it.
    ndc: String,
    /// The run: checkpoints of several trainings of one run have the same.
    run: String,
    /// Which `train` of the file, from 0.
    training: usize,
    /// Steps done.
    pub(super) step: u64,
    /// The epoch of the last step.
    pub(super) epoch: u64,
    /// What decides the steps that follow.
    facts: Facts,
    /// What is known of the data.
    #[serde(default)]
    data: Option<DataNote>,
}

/// What decides the steps of a run beside its state and the text of the program.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Facts {
    precision: String,
    /// The name of the update rule.
    optimizer: String,
    seed: u64,
    /// Examples per step; `None` for all.
    batch: Option<usize>,
    /// Batches per step.
    #[serde(default = "one_batch")]
    accumulate: usize,
    shuffle: bool,
    data: Option<DataFacts>,
}

/// What checkpoints say that do not say it.
fn one_batch() -> usize {
    1
}

/// The data of a training.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct DataFacts {
    name: String,
    rows: usize,
    /// Names and types of the columns that the block reads.
    columns: Vec<(String, String)>,
    /// A hash of their values.
    values: String,
}

/// A checkpoint that a training goes on from.
pub(super) struct Resumed {
    pub(super) path: PathBuf,
    pub(super) kept: Kept,
    tensors: Tensors,
}

impl Facts {
    pub(super) fn new(session: &mut Session<'_>, train: &Train) -> Result<Self, Box<Diagnostic>> {
        let data = match train.data {
            None => None,
            Some(id) => {
                let set = &session.program.data[id.0 as usize];
                let column = |index: &u32| {
                    let column = &set.columns[*index as usize];
                    (column.name.clone(), column.ty.to_string())
                };
                let columns = train.columns.iter().map(column).collect();
                let mut hasher = blake3::Hasher::new();
                for index in &train.columns {
                    let table = session.inputs(&[Source::Column(id, *index)])?.remove(0);
                    hasher.update(&native::to_bytes(&table));
                }
                let values = hasher.finalize().to_hex().to_string();
                Some(DataFacts { name: set.name.clone(), rows: set.rows, columns, values })
            }
        };
        let precision = session.program.real().name().to_string();
        let optimizer = train.optimizer.rule.clone();
        let (batch, accumulate) = (train.batch, train.batches_per_step());
        Ok(Facts { precision, optimizer, seed: train.seed, batch, accumulate, shuffle: train.shuffle, data })
    }

    /// How a training differs from the one of a checkpoint.
    fn differences(&self, before: &Facts) -> Vec<String> {
        let batch = |batch: Option<usize>| batch.map_or("all".to_string(), |batch| batch.to_string());
        let pairs = [
            ("precision", before.precision.clone(), self.precision.clone()),
            ("optimizer", before.optimizer.clone(), self.optimizer.clone()),
            ("seed", before.seed.to_string(), self.seed.to_string()),
            ("batch", batch(before.batch), batch(self.batch)),
            ("accumulate", before.accumulate.to_string(), self.accumulate.to_string()),
            ("shuffle", before.shuffle.to_string(), self.shuffle.to_string()),
        ];
        let differing = pairs.into_iter().filter(|(_, before, now)| before != now);
        differing.map(|(what, before, now)| format!("`{what}` is {before} there and {now} here")).collect()
    }
}

/// How the data of a training differ from those of a checkpoint.
fn data_difference(before: Option<&DataFacts>, now: Option<&DataFacts>) -> Option<String> {
    match (before, now) {
        (Some(before), Some(now)) if before.rows != now.rows => {
            Some(format!("it had {} rows and has {}", before.rows, now.rows))
        }
        (Some(before), Some(now)) if before.columns != now.columns => {
            let text = |columns: &[(String, String)]| {
                columns.iter().map(|(name, ty)| format!("`{name}` ({ty})")).collect::<Vec<_>>().join(", ")
            };
            Some(format!("the columns were {} and are {}", text(&before.columns), text(&now.columns)))
        }
        (Some(before), Some(now)) if before.values != now.values => {
            Some("rows and columns are the same, but some values are not".to_string())
        }
        (None, Some(_)) => Some("the checkpoint was trained without data".to_string()),
        (Some(_), None) => Some("the checkpoint was trained on data".to_string()),
        _ => None,
    }
}

/// How the data of a training were prepared otherwise than those of a checkpoint, whose values are the same.
fn preparation_difference(
    session: &mut Session<'_>,
    train: &Train,
    note: &Note,
) -> Result<Option<String>, Box<Diagnostic>> {
    let Some((before, data)) = note.data.as_ref().zip(train.data) else { return Ok(None) };
    let set = &session.program.data[data.0 as usize].name;
    let before = before.training(train.name.as_deref(), note.training, set);
    let now = session.training_note(note.training, train)?;
    Ok(now.zip(before).and_then(|(now, before)| now.difference(before)))
}

impl Note {
    pub(super) fn new(session: &mut Session<'_>, train: &Train, facts: Facts) -> Result<Self, Box<Diagnostic>> {
        let run = session.run.get_or_insert_with(new_run).clone();
        let training = position(session, train);
        let data = session.data_note(train.span)?;
        Ok(Note { ndc: env!("CARGO_PKG_VERSION").to_string(), run, training, step: 0, epoch: 0, facts, data })
    }

    fn of(tensors: &Tensors) -> Option<Note> {
        serde_json::from_str(tensors.note.as_deref()?).ok()
    }
}

/// A name that no other run has.
fn new_run() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let words = format!("{} {now:?}", std::process::id());
    blake3::hash(words.as_bytes()).to_hex()[..16].to_string()
}

fn trainings<'s>(session: &Session<'s>) -> impl Iterator<Item = &'s Train> + use<'s> {
    session.program.actions.iter().filter_map(|action| match action {
        Action::Train(train) => Some(&**train),
        _ => None,
    })
}

/// Which `train` of the file it is, from 0.
fn position(session: &Session<'_>, train: &Train) -> usize {
    trainings(session).position(|each| each.span == train.span).unwrap_or_default()
}

/// The folder of a training among several that share one: its name, or its number from 1.
fn label(session: &Session<'_>, train: &Train) -> String {
    train.name.clone().unwrap_or_else(|| (position(session, train) + 1).to_string())
}

/// The folder that the program or the command line gives to a training, and when to write there.
fn stated(session: &Session<'_>, train: &Train) -> Option<Checkpoint> {
    let options = &session.options;
    let folder = match (&train.checkpoint, &options.checkpoint, &options.resume) {
        (Some(stated), ..) => return Some(stated.clone()),
        (None, Some(folder), _) => folder.clone(),
        (None, None, Some(Resume::From(path))) => folder_of(session, path),
        _ => return None,
    };
    Some(Checkpoint::new(folder, train.span))
}

/// The folder of a run, from a path that may be one of its checkpoints.
fn folder_of(session: &Session<'_>, path: &Path) -> PathBuf {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    let several = trainings(session).count() > 1;
    let is_label = |train: &Train| folder.file_name().is_some_and(|name| *name == *label(session, train));
    match folder.parent() {
        Some(outer) if several && trainings(session).any(is_label) => outer.to_path_buf(),
        _ => folder.to_path_buf(),
    }
}

/// Where and when a training writes checkpoints, if this is no trial. Trainings that would share a folder get one each inside it.
pub(super) fn rule(session: &Session<'_>, train: &Train) -> Option<Checkpoint> {
    let mut rule = stated(session, train)?;
    let shares = |other: &Train| stated(session, other).is_some_and(|other| other.folder == rule.folder);
    if trainings(session).filter(|other| shares(other)).count() > 1 {
        rule.folder.push(label(session, train));
    }
    Some(rule)
}

/// The checkpoint that a training goes on from, if the user asked for it and there is one; it sets the parameters.
pub(super) fn resume(
    session: &mut Session<'_>,
    train: &Train,
    rule: Option<&Checkpoint>,
) -> Result<Option<Resumed>, Box<Diagnostic>> {
    let own = rule.map(|rule| rule.folder.join(LAST));
    let candidates: Vec<PathBuf> = match session.options.resume.clone() {
        None => return Ok(None),
        Some(Resume::Own) => own.into_iter().collect(),
        Some(Resume::From(path)) => {
            let asked = asked_for(session, &path)?;
            asked.into_iter().chain(own).collect()
        }
    };
    let training = position(session, train);
    for path in candidates.into_iter().filter(|path| path.is_file()) {
        let loaded = Loaded::read(&path, None)?;
        let Some(note) = Note::of(&loaded.tensors) else {
            let problem = "the file has parameters, but not the state of a training: `load` takes them";
            return Err(Box::new(errors::no_checkpoint(&loaded.path, problem)));
        };
        if session.run.get_or_insert_with(|| note.run.clone()) == &note.run && note.training == training {
            return taken(session, train, path, loaded, &note).map(Some);
        }
    }
    Ok(None)
}

/// The checkpoints at a path of the command line. The first decides which run it is.
fn asked_for(session: &mut Session<'_>, path: &Path) -> Result<Vec<PathBuf>, Box<Diagnostic>> {
    let shown = path.display().to_string();
    let missing = |problem: &str| Box::new(errors::no_checkpoint(&shown, problem));
    if !path.exists() {
        return Err(missing("there is no such file or folder"));
    }
    let mut found = vec![path.to_path_buf()];
    if path.is_dir() {
        let inside = trainings(session).map(|train| path.join(label(session, train)).join(LAST));
        found = std::iter::once(path.join(LAST)).chain(inside).filter(|path| path.is_file()).collect();
    }
    let Some(first) = found.first() else {
        return Err(missing(&format!("the folder has no `{LAST}`")));
    };
    if session.run.is_none() {
        let loaded = Loaded::read(first, None)?;
        session.run = Note::of(&loaded.tensors).map(|note| note.run);
    }
    Ok(found)
}

/// Checks that a checkpoint is of this training, and sets the parameters.
fn taken(
    session: &mut Session<'_>,
    train: &Train,
    path: PathBuf,
    loaded: Loaded,
    note: &Note,
) -> Result<Resumed, Box<Diagnostic>> {
    let facts = Facts::new(session, train)?;
    let mut differences = facts.differences(&note.facts);
    let real = session.program.real();
    let mut params = Vec::new();
    for (index, param) in session.program.params.iter().enumerate() {
        let free = param.domain != Domain::Reals;
        let name = if free { format!("{}{SEPARATOR}free", param.name) } else { param.name.clone() };
        let wanted = TensorType::new(real, param.domain.stored_shape(&param.shape));
        match loaded.tensors.get(&name) {
            Some(table) if table.ty == wanted => params.push((ParamId(index as u32), table.clone())),
            // The precision is told once.
            Some(table) if table.ty.shape == wanted.shape && note.facts.precision != facts.precision => {}
            Some(table) => {
                differences.push(format!("`{}` is {} there and {} here", param.name, table.ty.shape, param.shape));
            }
            None => differences.push(format!("the checkpoint has no `{}`", param.name)),
        }
    }
    let is_param = |name: &str| session.program.params.iter().any(|param| param.name == name);
    let unknown = loaded.tensors.names().filter(|name| !name.contains(SEPARATOR) && !is_param(name));
    differences.extend(unknown.map(|name| format!("this program has no `{name}`")));
    if !differences.is_empty() {
        return Err(Box::new(errors::other_training(&loaded.path, differences, train.span)));
    }
    let difference = match data_difference(note.facts.data.as_ref(), facts.data.as_ref()) {
        None => preparation_difference(session, train, note)?,
        difference => difference,
    };
    if let Some(difference) = difference {
        let name = facts.data.or(note.facts.data.clone()).map_or(String::new(), |data| data.name);
        return Err(Box::new(errors::other_data(&loaded.path, &name, difference, train.span)));
    }
    let Some(kept) = loaded.tensors.state.as_ref().and_then(|bytes| postcard::from_bytes::<Kept>(bytes).ok()) else {
        let problem = format!("it was written by ndc {}, whose checkpoints are of another form", note.ndc);
        return Err(Box::new(errors::no_checkpoint(&loaded.path, &problem)));
    };
    for (id, table) in params {
        session.params[id.0 as usize] = table;
    }
    Ok(Resumed { path, kept, tensors: loaded.tensors })
}

impl Resumed {
    /// Sets what the update rule remembers; the parameters are those of the session already.
    pub(super) fn restore(
        &self,
        session: &Session<'_>,
        train: &Train,
        steps: &mut Steps,
    ) -> Result<(), Box<Diagnostic>> {
        let mut bytes = Vec::new();
        let mut differences = Vec::new();
        for tensor in steps.state() {
            let table = match tensor.source {
                Source::Param(id) if steps.is_averaged(id) => {
                    self.tensors.get(&raw_name(&tensor.name)).filter(|table| table.ty == tensor.ty)
                }
                Source::Param(id) => Some(&session.params[id.0 as usize]),
                _ => self.tensors.get(&tensor.name).filter(|table| table.ty == tensor.ty),
            };
            match table {
                Some(table) => bytes.push(native::to_bytes(table)),
                None => differences
                    .push(format!("the update rule here remembers `{}`, the one there does not", tensor.name)),
            }
        }
        let is_raw = |tensor: &StateTensor, name: &str| match tensor.source {
            Source::Param(id) => steps.is_averaged(id) && raw_name(&tensor.name) == name,
            _ => false,
        };
        let is_known = |name: &str| steps.state().iter().any(|tensor| tensor.name == name || is_raw(tensor, name));
        // What begins with the separator belongs to no parameter.
        let is_memory =
            |name: &&str| name.contains(SEPARATOR) && !name.starts_with(SEPARATOR) && !name.ends_with("/free");
        for name in self.tensors.names().filter(is_memory).filter(|name| !is_known(name)) {
            differences.push(format!("the update rule there remembers `{name}`, the one here does not"));
        }
        if !differences.is_empty() {
            let path = self.path.display().to_string();
            return Err(Box::new(errors::other_training(&path, differences, train.span)));
        }
        steps.set_state_bytes(&bytes);
        Ok(())
    }
}
