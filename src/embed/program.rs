//! Programs and their parameters.

use super::builder::{FunctionBuilder, Of};
use super::compiled::Cache;
use super::record::tensor_text;
use super::signature::type_text;
use super::tensors::{table_of, tensor_of};
use super::training::Training;
use super::{Error, Options, Record};
use crate::check;
use crate::check::program::{Action, ParamId, Train};
use crate::checkpoint::Tensors;
use crate::data::FileLoader;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::embedding as errors;
use crate::diagnostics::catalog::tensors as files;
use crate::diagnostics::render::{MessageFormat, render};
use crate::driver::{Checked, check_text_with, on_large_stack};
use crate::imports;
use crate::ir::{Table, TensorType};
use crate::overrides::Override;
use crate::runtime::Tensor;
use crate::session::compiler::Compiler;
use crate::session::{Loaded, Session, Silent};
use crate::source::SourceMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A program of nd that was read and checked, with the values of its parameters.
///
/// Its actions are not run: parameters have their initial values until they are set, loaded or trained. A clone has parameters
/// of its own, and shares what was compiled.
///
/// ```
/// let program = ndc::Program::from_text("model.nd", "param w: [2] = [0.5, -1]\nfn predict(x: [2]) = dot(w, x)")?;
/// let predict = program.function("predict").value().gradient().compile()?;
/// assert_eq!(
///     predict.signature().to_string(),
///     "predict(x: f64[2]) -> (value: f64, gradient.x: f64[2]), holding w: f64[2]",
/// );
/// let (mut value, mut gradient) = (0.0, [0.0; 2]);
/// predict.call_into(&mut predict.workspace(), &[&[3.0, 1.0]], &mut [&mut value, &mut gradient])?;
/// assert_eq!((value, gradient), (0.5, [0.5, -1.0]));
/// # Ok::<(), ndc::Error>(())
/// ```
pub struct Program {
    pub(super) source: Arc<Text>,
    values: Mutex<Values>,
}

/// A text that was checked, and what was compiled of it.
pub(super) struct Text {
    pub(super) name: String,
    pub(super) path: Option<PathBuf>,
    pub(super) text: String,
    pub(super) options: check::Options,
    pub(super) overrides: Vec<Override>,
    pub(super) loader: Mutex<FileLoader>,
    pub(super) checked: Checked,
    pub(super) cache: Cache,
}

/// The parameters, as they are stored; none until they are first asked for.
#[derive(Clone, Default)]
struct Values {
    params: Option<Vec<Table>>,
    /// 0 for initial values; others have a number of their own, unlike that of any other values in this process.
    version: u64,
}

impl Values {
    /// Takes other values.
    fn change(&mut self, params: Option<Vec<Table>>) {
        static VERSIONS: AtomicU64 = AtomicU64::new(1);
        self.params = params;
        self.version = VERSIONS.fetch_add(1, Ordering::Relaxed);
    }
}

impl Clone for Program {
    fn clone(&self) -> Self {
        Program { source: self.source.clone(), values: Mutex::new(lock(&self.values).clone()) }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Text {
    /// What a message of this program is about.
    pub(super) fn sources(&self) -> &SourceMap {
        &self.checked.sources
    }

    pub(super) fn error(&self, diagnostic: Diagnostic) -> Error {
        Error::new(vec![diagnostic], self.sources())
    }

    /// The training of a name, or the first, by its place among the actions.
    pub(super) fn train(&self, name: Option<&str>) -> Result<(usize, &Train), Error> {
        let trains = || {
            self.checked.program.actions.iter().enumerate().filter_map(|(place, action)| match action {
                Action::Train(train) => Some((place, &**train)),
                _ => None,
            })
        };
        let found = trains().find(|(_, train)| name.is_none() || train.name.as_deref() == name);
        found.ok_or_else(|| match name {
            Some(name) if trains().next().is_some() => {
                let known: Vec<&str> = trains().filter_map(|(_, train)| train.name.as_deref()).collect();
                Error::bare(errors::not_in_program("`train`", name, &known))
            }
            _ => Error::bare(errors::no_train()),
        })
    }
}

impl Program {
    /// The program in a file.
    ///
    /// # Errors
    /// What is wrong with the file, what it imports, or its data.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        Options::new().open(path)
    }

    /// The program in a text, which messages call by `name`. Relative paths in it start from the working directory.
    ///
    /// # Errors
    /// What is wrong with the text, what it imports, or its data.
    pub fn from_text(name: &str, text: impl Into<String>) -> Result<Self, Error> {
        Options::new().parse(name, text)
    }

    pub(super) fn read(path: &Path, options: &Options) -> Result<Self, Error> {
        let text = imports::read(path).map_err(|diagnostic| Error::bare(*diagnostic))?;
        Program::of_text(&path.display().to_string(), Some(path), text, options)
    }

    pub(super) fn of_text(name: &str, path: Option<&Path>, text: String, options: &Options) -> Result<Self, Error> {
        let overrides = options.overrides()?;
        let options = options.checked();
        let mut loader = FileLoader::new();
        let checked = check_text_with(name, path, text.clone(), &overrides, &mut loader, options);
        if checked.has_errors() {
            return Err(Error::new(checked.diagnostics, &checked.sources));
        }
        let source = Text {
            name: name.to_string(),
            path: path.map(Path::to_path_buf),
            text,
            options,
            overrides,
            loader: Mutex::new(loader),
            checked,
            cache: Cache::default(),
        };
        Ok(Program { source: Arc::new(source), values: Mutex::default() })
    }

    /// The warnings about the program, in full; empty where there are none.
    pub fn warnings(&self) -> String {
        let Checked { diagnostics, sources, .. } = &self.source.checked;
        render(diagnostics, sources, MessageFormat::Full, false)
    }

    /// Asks for a function of the program: the name of a function or of a model, or any expression that is a function, such as
    /// `grad(f)` or `|x: [3]| sum(net(x))`.
    ///
    /// An argument without a type is one number unless [`FunctionBuilder::shape`] says otherwise; sizes that the signature leaves
    /// open are given by [`FunctionBuilder::size`] or follow from shapes. Arguments with a default value and parameters are
    /// held at their values.
    pub fn function(&self, name: impl Into<String>) -> FunctionBuilder<'_> {
        FunctionBuilder::new(self, Of::Function(name.into()))
    }

    /// Asks for the loss of a `train` block, by its name or that of the first: the mean over all examples of its data, as
    /// the block computes it (`training` is true, and random draws are those of one step). Its arguments are the parameters
    /// that it trains; the data are held, unless [`FunctionBuilder::examples`] says otherwise.
    ///
    /// ```
    /// let program = ndc::Program::from_text("model.nd", "param w = 3\ntrain { loss = (w - 1)^2, optimizer = sgd(lr = 0.1), steps = 10 }")?;
    /// let loss = program.loss(None).value_and_gradient().compile()?;
    /// assert_eq!(loss.signature().to_string(), "loss(w: f64) -> (value: f64, gradient.w: f64)");
    /// let (mut value, mut gradient) = (0.0, 0.0);
    /// loss.call_into(&mut loss.workspace(), &[&4.0], &mut [&mut value, &mut gradient])?;
    /// assert_eq!((value, gradient), (9.0, 6.0));
    /// # Ok::<(), ndc::Error>(())
    /// ```
    pub fn loss(&self, train: Option<&str>) -> FunctionBuilder<'_> {
        FunctionBuilder::new(self, Of::Loss(train.map(str::to_string)))
    }

    /// The steps of a `train` block, by its name or those of the first, on parameters of their own that begin as they are here.
    ///
    /// # Errors
    /// When there is no such block, or a value that it needs cannot be computed.
    pub fn training(&self, train: Option<&str>) -> Result<Training, Error> {
        Training::new(self.source.clone(), self.params()?, train)
    }

    /// Trains by a `train` block, by its name or by the first, from where the parameters are, to its end.
    ///
    /// # Errors
    /// When there is no such block, or a computation fails; parameters are then those of the last step before.
    pub fn train(&mut self, train: Option<&str>) -> Result<(), Error> {
        let source = self.source.clone();
        let (place, _) = source.train(train)?;
        self.with_session(|session| {
            run_lets(session, place)?;
            session.action(&session.program.actions[place], &mut Silent).map(|_| ())
        })
    }

    /// The names of all parameters, in the order of the file.
    pub fn parameter_names(&self) -> Vec<&str> {
        self.source.checked.program.params.iter().map(|param| param.name.as_str()).collect()
    }

    /// The value of a parameter, as the program reads it.
    ///
    /// # Errors
    /// When there is none of that name, or an initial value cannot be computed.
    pub fn parameter(&self, name: &str) -> Result<Tensor, Error> {
        let id = self.param(name)?;
        self.looked_up(|session| session.param_value(id)).map(|table| tensor_of(&table))
    }

    /// The values of all parameters.
    ///
    /// # Errors
    /// When an initial value cannot be computed.
    pub fn parameters(&self) -> Result<Record, Error> {
        let names = self.parameter_names();
        names.into_iter().map(|name| Ok((name, self.parameter(name)?))).collect()
    }

    /// Sets a parameter. Functions that were compiled before keep the value that they hold: see
    /// [`Function::with_parameters`](super::Function::with_parameters).
    ///
    /// # Errors
    /// When there is none of that name, or it cannot have that value.
    pub fn set_parameter(&mut self, name: &str, tensor: impl Into<Tensor>) -> Result<(), Error> {
        let id = self.param(name)?;
        let param = &self.source.checked.program.params[id.0 as usize];
        let ty = TensorType::new(self.source.checked.program.real(), param.shape.clone());
        let tensor = tensor.into();
        let table = table_of(&tensor);
        let found = match param.domain.outside(&param.shape, &tensor.to_f64()) {
            _ if table.ty != ty => Some(format!("{} was given", tensor_text(&tensor))),
            Some(outside) => Some(format!("{outside} {}", param.domain)),
            None => None,
        };
        if let Some(found) = found {
            return Err(Error::bare(errors::wrong_parameter(name, &type_text(&ty), &found)));
        }
        self.with_session(|session| {
            session.params[id.0 as usize] = session.stored_value(id, table)?;
            Ok(())
        })
    }

    /// Sets the parameters of these names.
    ///
    /// # Errors
    /// When there is none of a name, or it cannot have that value; those before it are then set.
    pub fn set_parameters(&mut self, record: &Record) -> Result<(), Error> {
        record.iter().try_for_each(|(name, tensor)| self.set_parameter(name, tensor.clone()))
    }

    /// Writes all parameters to a safetensors file, as `save` does.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let mut entries = Vec::new();
        self.looked_up(|session| session.stored_params(&session.all_params(), &mut entries))?;
        let path = path.as_ref();
        let written = Tensors::new(entries, None).write(path);
        written.map_err(|error| Error::bare(files::cannot_write(&path.display().to_string(), &error, None)))
    }

    /// Sets all parameters from a file of [`Program::save`], or of a `save` or a checkpoint of the program.
    ///
    /// # Errors
    /// When it cannot be read, or has not the parameters of the program and no others. None is then changed.
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref().to_path_buf();
        self.with_session(|session| session.load_all(&Loaded::read(&path, None)?))
    }

    /// Forgets what was compiled, so that asking again compiles again. Functions that are in use stay.
    pub fn forget_compiled(&self) {
        self.source.cache.clear();
    }

    fn param(&self, name: &str) -> Result<ParamId, Error> {
        let place = self.source.checked.program.params.iter().position(|param| param.name == name);
        let place =
            place.ok_or_else(|| Error::bare(errors::not_in_program("parameter", name, &self.parameter_names())))?;
        Ok(ParamId(place as u32))
    }

    /// The stored values of all parameters.
    pub(super) fn params(&self) -> Result<Vec<Table>, Error> {
        self.looked_up(|session| Ok(session.params.clone()))
    }

    /// Which values the parameters have: see [`Values`].
    pub(super) fn version(&self) -> u64 {
        lock(&self.values).version
    }

    /// Sets the stored values of all parameters.
    pub(super) fn set_params(&mut self, params: Vec<Table>) {
        self.values.get_mut().unwrap_or_else(PoisonError::into_inner).change(Some(params));
    }

    /// Asks a session that has the parameters.
    fn looked_up<T: Send>(
        &self,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, Box<Diagnostic>> + Send,
    ) -> Result<T, Error> {
        let mut values = lock(&self.values);
        let params = values.params.take();
        let (result, params) = self.source.in_session(params, work);
        values.params = params;
        result
    }

    /// Has a session change the parameters.
    fn with_session<T: Send>(
        &mut self,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, Box<Diagnostic>> + Send,
    ) -> Result<T, Error> {
        let values = self.values.get_mut().unwrap_or_else(PoisonError::into_inner);
        let (result, params) = self.source.in_session(values.params.take(), work);
        values.change(params);
        result
    }
}

impl Text {
    /// Does some work in a session with these parameters, or with initial ones, and returns them.
    pub(super) fn in_session<T: Send>(
        &self,
        params: Option<Vec<Table>>,
        work: impl FnOnce(&mut Session<'_>) -> Result<T, Box<Diagnostic>> + Send,
    ) -> (Result<T, Error>, Option<Vec<Table>>) {
        let (result, params) = on_large_stack(|| {
            let mut session = Session::with_compiler(&self.checked.program, Compiler::default());
            let begun = match params {
                Some(params) => {
                    session.params = params;
                    Ok(())
                }
                None => session.initialize(),
            };
            if let Err(stopped) = begun {
                return (Err(stopped), None);
            }
            let result = work(&mut session);
            (result, Some(session.params))
        });
        (result.map_err(|stopped| self.error(*stopped)), params)
    }
}

/// Computes the values of the file above an action.
pub(super) fn run_lets(session: &mut Session<'_>, action: usize) -> Result<(), Box<Diagnostic>> {
    let actions = &session.program.actions[..action];
    for action in actions.iter().filter(|action| matches!(action, Action::Let { .. })) {
        session.action(action, &mut Silent)?;
    }
    Ok(())
}

/// Whether a name means another: itself, or one that begins with it and a dot.
pub(super) fn below(name: &str, each: &str) -> bool {
    each == name || each.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))
}

impl std::fmt::Debug for Program {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Program({})", self.source.name)
    }
}
