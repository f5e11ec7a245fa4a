//! `save` and `load`: parameters and values in files, by their names.
//!
//! A parameter is stored as a program reads it. One with a domain is stored a second time under its name and
//! [`FREE`], as training changes it: both are read again bit by bit. Names with a [`SEPARATOR`] belong to such parts and
//! to what a checkpoint has beside the parameters; no path has one.

use super::data_note::DataNote;
use super::{Session, native};
use crate::check::domain::Domain;
use crate::check::program::{Load, ParamId, Params, Save, Saved};
use crate::checkpoint::{ReadError, Tensors, same_file};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::stored::overwrites;
use crate::diagnostics::catalog::tensors as errors;
use crate::ir::{ElementType, Table, TensorType};
use crate::source::Span;
use std::path::Path;

/// Stands in names between the path of a parameter and what belongs to it.
pub const SEPARATOR: char = '/';
/// After the path of a parameter with a domain: its value before it is brought there.
const FREE: &str = "/free";

/// A file of tensors that was read.
pub struct Loaded {
    /// Its path, as messages say it.
    pub path: String,
    /// Where the program asks for it; `None` when the command line does.
    pub span: Option<Span>,
    /// What it holds.
    pub tensors: Tensors,
}

impl Loaded {
    /// Reads a file.
    ///
    /// # Errors
    /// When there is none, or it is not one of tensors.
    pub fn read(path: &Path, span: Option<Span>) -> Result<Self, Box<Diagnostic>> {
        let shown = path.display().to_string();
        match Tensors::read(path) {
            Ok(tensors) => Ok(Loaded { path: shown, span, tensors }),
            Err(ReadError::File(error)) => Err(Box::new(errors::cannot_read(&shown, &error, span))),
            Err(ReadError::Format(problem)) => Err(Box::new(errors::not_tensors(&shown, &problem, span))),
        }
    }

    /// What it says of the data that its parameters were trained on.
    pub fn data_note(&self) -> Option<DataNote> {
        DataNote::of(self.tensors.note.as_deref())
    }

    /// The names of tensors that may be parameters.
    fn names(&self) -> Vec<&str> {
        self.tensors.names().filter(|name| !name.contains(SEPARATOR)).collect()
    }
}

impl Session<'_> {
    /// Carries out a `save`.
    pub(super) fn save(&mut self, save: &Save) -> Result<bool, Box<Diagnostic>> {
        let mut entries = Vec::new();
        match &save.values {
            None => {
                let all = self.all_params();
                self.stored_params(&all, &mut entries)?;
            }
            Some(values) => {
                for value in values {
                    match value {
                        Saved::Params(params) => {
                            let below = self.params_below(params);
                            self.stored_params(&below, &mut entries)?;
                        }
                        Saved::Value(names, typed) => {
                            let leaves = self.evaluate(&[typed])?.remove(0);
                            entries.extend(names.iter().cloned().zip(leaves.tables));
                        }
                    }
                }
            }
        }
        if self.options.is_trial() {
            return Ok(false);
        }
        self.keep_data(save)?;
        let holds_params = save.values.as_ref().is_none_or(|values| values.iter().any(Saved::holds_params));
        let note = if holds_params { self.data_note(save.span)? } else { None };
        if holds_params {
            entries.extend(self.lets_of(&self.trainings_until(save.span)));
        }
        let note = note.and_then(DataNote::file_note);
        let written = Tensors::new(entries, note).write(&save.path);
        let path = save.path.display().to_string();
        written.map(|()| true).map_err(|error| Box::new(errors::cannot_write(&path, &error, Some(save.span))))
    }

    /// Makes sure that a file to be saved is no data file of the program.
    ///
    /// # Errors
    /// When it is one.
    pub(super) fn keep_data(&self, save: &Save) -> Result<(), Box<Diagnostic>> {
        match self.program.files.iter().any(|file| same_file(&file.location, &save.path)) {
            true => {
                let path = save.path.display().to_string();
                Err(Box::new(overwrites(&path, "data of the program", Some(save.span))))
            }
            false => Ok(()),
        }
    }

    /// Carries out a `load`.
    pub(super) fn load(&mut self, load: &Load) -> Result<(), Box<Diagnostic>> {
        let loaded = Loaded::read(&load.path, Some(load.span))?;
        self.loaded_note = loaded.data_note();
        match &load.params {
            None => self.load_all(&loaded),
            Some(params) => {
                let wanted: Vec<ParamId> = params.iter().flat_map(|params| self.params_below(params)).collect();
                self.load_params(&loaded, &wanted)
            }
        }
    }

    /// Sets all parameters from a file that has them and no others.
    ///
    /// # Errors
    /// Parameters that the file does not have or has otherwise, and tensors that are no parameters.
    pub fn load_all(&mut self, loaded: &Loaded) -> Result<(), Box<Diagnostic>> {
        let all = self.all_params();
        let params: Vec<&str> = self.program.params.iter().map(|param| param.name.as_str()).collect();
        self.require(loaded, &all)?;
        let unknown: Vec<&str> = loaded.names().into_iter().filter(|name| !params.contains(name)).collect();
        if !unknown.is_empty() {
            return Err(Box::new(errors::tensors_unknown(&loaded.path, &unknown, &params, loaded.span)));
        }
        self.load_params(loaded, &all)
    }

    /// Sets some parameters from a file, which may hold more.
    ///
    /// # Errors
    /// Parameters that the file does not have, or has otherwise. No parameter is then changed.
    pub fn load_params(&mut self, loaded: &Loaded, wanted: &[ParamId]) -> Result<(), Box<Diagnostic>> {
        self.require(loaded, wanted)?;
        let stored: Vec<Table> =
            wanted.iter().map(|id| self.loaded_param(loaded, *id)).collect::<Result<_, Box<Diagnostic>>>()?;
        for (id, table) in wanted.iter().zip(stored) {
            self.params[id.0 as usize] = table;
        }
        Ok(())
    }

    /// What a file holds for parameters, as a `save` of them writes it.
    ///
    /// # Errors
    /// Our own faults only.
    pub fn stored_params(
        &mut self,
        ids: &[ParamId],
        entries: &mut Vec<(String, Table)>,
    ) -> Result<(), Box<Diagnostic>> {
        for id in ids {
            let param = &self.program.params[id.0 as usize];
            let (name, domain) = (param.name.clone(), param.domain);
            if domain != Domain::Reals {
                entries.push((format!("{name}{FREE}"), self.params[id.0 as usize].clone()));
            }
            entries.push((name, self.param_value(*id)?));
        }
        Ok(())
    }

    /// All parameters, running means too.
    pub fn all_params(&self) -> Vec<ParamId> {
        (0..self.program.params.len() as u32).map(ParamId).collect()
    }

    /// The parameters at and below a path, running means too.
    fn params_below(&self, params: &Params) -> Vec<ParamId> {
        let below = |id: &ParamId| params.has(&self.program.params[id.0 as usize].name);
        self.all_params().into_iter().filter(below).collect()
    }

    /// Makes sure that a file has tensors for parameters.
    fn require(&self, loaded: &Loaded, wanted: &[ParamId]) -> Result<(), Box<Diagnostic>> {
        let name = |id: &ParamId| self.program.params[id.0 as usize].name.as_str();
        let present = loaded.names();
        let missing: Vec<&str> = wanted.iter().map(name).filter(|name| !present.contains(name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Box::new(errors::tensors_missing(&loaded.path, &missing, &present, loaded.span)))
    }

    /// What is stored for a parameter whose value a file holds.
    fn loaded_param(&mut self, loaded: &Loaded, id: ParamId) -> Result<Table, Box<Diagnostic>> {
        let param = &self.program.params[id.0 as usize];
        let real = self.program.real();
        let value = converted(loaded, &param.name, real)?;
        if value.ty.shape != param.shape {
            let (found, declared) = (shape_text(&value), param.shape.to_string());
            let declared = if param.shape.rank() == 0 { "one number".to_string() } else { declared };
            return Err(Box::new(errors::tensor_shape(
                &loaded.path,
                &param.name,
                &found,
                &declared,
                loaded.span,
                param.span,
            )));
        }
        if param.domain == Domain::Reals {
            return Ok(value);
        }
        if let Some(problem) = param.domain.outside(&param.shape, &native::to_reals(&value)) {
            let domain = param.domain.to_string();
            let (path, name) = (&loaded.path, &param.name);
            return Err(Box::new(errors::tensor_outside(path, name, &domain, &problem, loaded.span, param.span)));
        }
        // The free value is exact, unless the other one was changed since.
        let free = loaded.tensors.get(&format!("{}{FREE}", param.name));
        let fits = |table: &&Table| table.ty == TensorType::new(real, param.domain.stored_shape(&param.shape));
        if let Some(free) = free.filter(fits).cloned() {
            let before = std::mem::replace(&mut self.params[id.0 as usize], free.clone());
            let read = self.param_value(id);
            self.params[id.0 as usize] = before;
            if read?.bits == value.bits {
                return Ok(free);
            }
        }
        self.stored_value(id, value)
    }
}

/// A tensor of a file in the precision of the program.
fn converted(loaded: &Loaded, name: &str, real: ElementType) -> Result<Table, Box<Diagnostic>> {
    let wrong =
        |found: &str, wanted: &str| Box::new(errors::tensor_element(&loaded.path, name, found, wanted, loaded.span));
    let Some(table) = loaded.tensors.get(name) else {
        return Err(wrong(&format!("{} values", loaded.tensors.unreadable(name).unwrap_or("no")), "real numbers"));
    };
    match table.ty.element {
        ElementType::I64 => return Err(wrong("whole numbers", "real numbers")),
        ElementType::Bool => return Err(wrong("truth values", "real numbers")),
        ElementType::F32 | ElementType::F64 => {}
    }
    if table.ty.element == real {
        return Ok(table.clone());
    }
    let values = native::to_reals(table);
    let converted = native::from_reals(TensorType::new(real, table.ty.shape.clone()), &values);
    let too_large = |(before, after): (&f64, f64)| before.is_finite() && !after.is_finite();
    match values.iter().zip(native::to_reals(&converted)).find(|pair| too_large(*pair)) {
        Some((value, _)) => Err(wrong(&format!("{value:e}"), "numbers of single precision")),
        None => Ok(converted),
    }
}

fn shape_text(table: &Table) -> String {
    if table.ty.shape.rank() == 0 { "one number".to_string() } else { table.ty.shape.to_string() }
}
