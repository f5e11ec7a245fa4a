//! A program checked for the use of its trained model, with what is kept beside the parameters.

use super::evaluation::{columns_of, set_of};
use super::known_files::{FileName, KnownFiles};
use super::{Which, whereabouts};
use crate::check::Options;
use crate::check::program::{DataId, Program, Train};
use crate::data::FileLoader;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::stored as errors;
use crate::driver::{Checked, check_file_with, tree_of};
use crate::lower::prediction::lower_prediction;
use crate::lower::training::{lower_evaluation, lower_evaluation_over};
use crate::overrides::Override;
use crate::session::data_note::DataNote;
use crate::session::lets::sets_read;
use crate::session::{Loaded, Session};
use crate::source::SourceMap;
use std::path::{Path, PathBuf};

/// The most times that a program is checked: as its tree suggests, with the right file, with the rows that it needs.
const MOST_CHECKS: usize = 4;

/// What is asked of a model.
#[derive(Clone, Copy)]
pub enum Question<'q> {
    /// Its predictions for examples of a file.
    Predictions,
    /// Its loss and metrics, over the data that it was trained on or over a data set or file.
    Measures(Option<&'q str>),
}

/// A program checked for the use of its trained model.
pub struct Model {
    /// The program; not usable where messages are errors.
    pub checked: Checked,
    /// What is noteworthy about the file of parameters.
    pub warnings: Vec<Diagnostic>,
    files: KnownFiles,
    pub(super) stored: Option<Stored>,
}

/// A file of parameters.
pub(super) struct Stored {
    path: PathBuf,
    pub(super) loaded: Loaded,
    note: Option<DataNote>,
}

impl Stored {
    fn read(path: &Path) -> Option<Self> {
        let loaded = Loaded::read(path, None).ok()?;
        let note = loaded.data_note();
        Some(Stored { path: path.to_path_buf(), loaded, note })
    }
}

impl Model {
    /// Uses the model where texts that messages show may come in.
    pub(super) fn with_texts<T>(&mut self, work: impl FnOnce(&Model, &mut SourceMap) -> T) -> T {
        let mut sources = std::mem::take(&mut self.checked.sources);
        let result = work(self, &mut sources);
        self.checked.sources = sources;
        result
    }

    /// Checks a program with what is kept of the data that the model was trained on, as far as it is.
    pub fn open(
        which: &Which,
        file: &Path,
        question: Question<'_>,
        (overrides, options): (&[Override], Options),
    ) -> Self {
        let mut stored = which.likely_file(file, overrides).and_then(|path| Stored::read(&path));
        let mut read: Vec<FileName> = Vec::new();
        let mut checks = 0;
        loop {
            checks += 1;
            let note = stored.as_ref().and_then(|stored| stored.note.clone());
            let mut files = KnownFiles::new(note, file, read.clone());
            let checked = check_file_with(file, overrides, &mut files, options);
            if checked.has_errors() {
                let checked = match &stored {
                    Some(stored) if files.stands_in() => unfit(checked, stored, file, overrides, options),
                    _ => checked,
                };
                return Model { checked, warnings: Vec::new(), files, stored };
            }
            let mut model = Model { checked, warnings: Vec::new(), files, stored: None };
            let again = match model.needs(which, question, stored.as_ref()) {
                Needs::Nothing => false,
                Needs::File(path) => {
                    let right = path.and_then(|path| Stored::read(&path));
                    let is_new = right.as_ref().map(|each| &each.note) != stored.as_ref().map(|each| &each.note);
                    stored = right;
                    read.clear();
                    is_new
                }
                Needs::Rows(files) => {
                    read.extend(files);
                    true
                }
            };
            if !again || checks == MOST_CHECKS {
                model.warnings.extend(stored.as_ref().and_then(|stored| model.unprepared(which, stored)));
                model.stored = stored.map(|mut stored| {
                    let program = &model.checked.program;
                    let place = which.block(program).and_then(|(block, _)| which.file(program, block));
                    stored.loaded.span = place.ok().and_then(|(_, span)| span);
                    stored
                });
                return model;
            }
        }
    }

    /// The file of parameters, if it was found.
    pub fn params(&self) -> Option<&Path> {
        self.stored.as_ref().map(|stored| stored.path.as_path())
    }

    /// A hash of all that the program sees of its files.
    pub fn fingerprint(&self) -> [u8; blake3::OUT_LEN] {
        self.files.fingerprint()
    }

    /// What is missing for the program to be used.
    fn needs(&self, which: &Which, question: Question<'_>, stored: Option<&Stored>) -> Needs {
        let program = &self.checked.program;
        let Ok((block, train)) = which.block(program) else { return Needs::Nothing };
        let right = which.file(program, block).ok().map(|(path, _)| path);
        if right.as_deref().filter(|path| path.is_file()) != stored.map(|stored| stored.path.as_path()) {
            return Needs::File(right);
        }
        let files = self.files.absent_files(program, &rows_needed(question, program, train));
        if files.is_empty() { Needs::Nothing } else { Needs::Rows(files) }
    }

    /// The message that nothing is known of the data of a training that prepares them.
    fn unprepared(&self, which: &Which, stored: &Stored) -> Option<Diagnostic> {
        let program = &self.checked.program;
        let (_, train) = which.block(program).ok()?;
        let set = &program.data[train.data?.0 as usize];
        let is_prepared = |index: &u32| set.columns[*index as usize].source.is_prepared();
        let is_unknown = stored.note.is_none() && train.columns_read().iter().any(is_prepared);
        is_unknown.then(|| errors::preparation_unknown(&stored.loaded.path, &set.name, set.span))
    }

    /// Prepares columns of a session as they were for the training: those of the block's data, or those of another set
    /// in their place.
    pub(super) fn prepare(
        &self,
        session: &mut Session<'_>,
        (block, train): (usize, &Train),
        columns: &[(u32, DataId, u32)],
    ) -> Result<(), Box<Diagnostic>> {
        let program = session.program;
        session.absent = self.files.absent_sets(program);
        let known = self.stored.as_ref().and_then(|stored| Some((&stored.loaded.path, stored.note.as_ref()?)));
        let Some(((path, note), data)) = known.zip(train.data) else { return Ok(()) };
        let set = &program.data[data.0 as usize];
        let place = super::trains(program).position(|(place, _)| place == block).unwrap_or_default();
        let Some(training) = note.training(train.name.as_deref(), place, &set.name) else {
            let sets: Vec<String> = note.sets().iter().map(|set| format!("`{set}`")).collect();
            let problem = format!("its trainings were on {}, and none is on `{}`", sets.join(", "), set.name);
            return Err(Box::new(errors::does_not_fit(path, &problem)));
        };
        for (trained, other, index) in columns {
            let column = &program.data[other.0 as usize].columns[*index as usize];
            let trained = &set.columns[*trained as usize];
            // A column of another item may hold numbers that were prepared elsewhere.
            if trained.span != column.span && !column.source.is_prepared() {
                continue;
            }
            let fitted = training.fitted(&trained.name, &column.source, program.real());
            let fitted = fitted.map_err(|difference| {
                let set = &program.data[other.0 as usize].name;
                errors::prepared_otherwise(path, set, &difference, Some(column.span))
            })?;
            if let Some(fitted) = fitted {
                session.fit(*other, *index, fitted);
            }
        }
        Ok(())
    }
}

/// What is missing for a checked program to be used.
enum Needs {
    Nothing,
    /// The parameters are in another file than it was checked for, or nowhere.
    File(Option<PathBuf>),
    /// Rows of files that something stands in for.
    Rows(Vec<FileName>),
}

/// The data sets whose rows are needed for an answer.
fn rows_needed(question: Question<'_>, program: &Program, train: &Train) -> Vec<DataId> {
    let Some(data) = train.data else { return Vec::new() };
    match question {
        Question::Predictions => {
            let lowered = train.prediction.as_ref().map(|each| lower_prediction(program, each, data, 1));
            lowered.map_or_else(Vec::new, |lowered| sets_read(&lowered.sources))
        }
        Question::Measures(name) => match set_of(program, data, name) {
            Some(set) => {
                let examples = columns_of(program, train, Some(set));
                let lowered = examples.map(|examples| lower_evaluation_over(program, train, &examples, 1, false));
                let mut sets = lowered.map_or_else(|_| Vec::new(), |lowered| sets_read(&lowered.sources));
                sets.push(set);
                sets
            }
            None => {
                let mut sets = sets_read(&lower_evaluation(program, train, 1, false, false).sources);
                sets.retain(|set| *set != data);
                sets
            }
        },
    }
}

/// A program that does not pass with what is kept of its files: what is wrong with it as it is, or that it does not fit.
fn unfit(checked: Checked, stored: &Stored, file: &Path, overrides: &[Override], options: Options) -> Checked {
    // Only places in files that were read can be shown.
    if checked.diagnostics.iter().any(|diagnostic| diagnostic.code == "E0535") {
        return checked;
    }
    let mut own = check_file_with(file, overrides, &mut FileLoader::new(), options);
    if !own.has_errors() {
        let problem = checked.diagnostics.iter().find(|each| each.is_error()).map(|each| each.message.as_str());
        own.diagnostics = vec![errors::does_not_fit(&stored.loaded.path, problem.unwrap_or_default())];
    }
    own
}

impl Which {
    /// Where the parameters probably are.
    fn likely_file(&self, file: &Path, overrides: &[Override]) -> Option<PathBuf> {
        if let Some(params) = &self.params {
            return Some(params.clone());
        }
        if let Some(checkpoint) = &self.checkpoint {
            return Some(super::in_folder(checkpoint));
        }
        let tree = tree_of(file, overrides)?;
        let folder = file.parent().unwrap_or(Path::new(""));
        let candidates = whereabouts::candidates(&tree, folder, self.train.as_deref());
        candidates.into_iter().find(|path| path.is_file())
    }
}
