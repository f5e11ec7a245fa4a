//! Runs a checked program: initial parameters, data columns, then its actions in order.
//!
//! Values are computed by native code made for the purpose ([`native`]); training is the `train` room's. Nothing here
//! prints: what happens is told to an [`Observer`].

pub mod claims;
pub mod columns;
pub mod compiler;
pub mod data_note;
pub mod domain;
mod examination;
mod finding;
pub mod initialize;
pub mod lets;
mod loaded;
pub mod native;
mod observer;
pub mod options;
mod plots;
pub mod preparation;
mod saving;
pub mod statistics;

pub use examination::{Examination, Fit, Surface};
pub use finding::{LearningRateRange, LearningRates, TriedRate};
pub use observer::{
    BestEpoch, Confusion, Ending, EpochRecord, Observer, Several, Silent, TrainingEnd, TrainingProgress, TrainingStart,
};
pub use options::{Resume, RunOptions};
pub use saving::{Loaded, SEPARATOR};

use crate::check::outline::FileOutline;
use crate::check::program::{
    Action, DataId, GlobalBinding, Kind, Load, ParamId, Program, Progress, Save, StateTensor, Train, Typed,
};
use crate::check::types::Type;
use crate::diagnostics::{Diagnostic, Label};
use crate::ir::{ElementType, Table, TensorType};
use crate::lower::{Source, leaf_types};
use crate::report::value_text;
use crate::source::Span;
use columns::Fitted;
use compiler::Compiler;
use data_note::DataNote;
use std::collections::HashMap;

/// A program being run, and all its values.
pub struct Session<'p> {
    /// The program.
    pub program: &'p Program,
    /// What is stored for each parameter: its current value, or what a constrained one is read from.
    pub params: Vec<Table>,
    globals: HashMap<Source, Table>,
    columns: HashMap<Source, Table>,
    statistics: Vec<columns::Known>,
    /// What columns are computed with, as far as it is known.
    fitted: HashMap<(DataId, u32), Fitted>,
    /// Data sets whose rows are not there: the model is used without them.
    pub absent: Vec<DataId>,
    /// What is kept of the program's files, once it is asked for.
    outlines: Option<Vec<FileOutline>>,
    /// What the file of the last `load` says of the data that its parameters were trained on.
    loaded_note: Option<DataNote>,
    /// What compiles its programs.
    pub compiler: Compiler,
    /// What the user asks of the run beside what the file says.
    pub options: RunOptions,
    /// What the checkpoints of this run call it, once there are some.
    pub run: Option<String>,
}

/// A value of an action: its type and its leaves in order.
#[derive(Clone, Debug)]
pub struct Leaves {
    /// The type.
    pub ty: Type,
    /// The tensors.
    pub tables: Vec<Table>,
}

impl<'p> Session<'p> {
    /// A session with every parameter at its initial value.
    ///
    /// # Errors
    /// A run-time error in an initial value.
    pub fn new(program: &'p Program) -> Result<Self, Box<Diagnostic>> {
        let mut session = Session::with_compiler(program, Compiler::default());
        session.initialize()?;
        Ok(session)
    }

    /// A session without parameters yet, which [`Session::initialize`] makes.
    pub fn with_compiler(program: &'p Program, compiler: Compiler) -> Self {
        Session {
            program,
            params: Vec::new(),
            globals: HashMap::new(),
            columns: HashMap::new(),
            statistics: Vec::new(),
            fitted: HashMap::new(),
            absent: Vec::new(),
            outlines: None,
            loaded_note: None,
            compiler,
            options: RunOptions::default(),
            run: None,
        }
    }

    /// Sets every parameter to its initial value.
    ///
    /// # Errors
    /// A run-time error in an initial value.
    pub fn initialize(&mut self) -> Result<(), Box<Diagnostic>> {
        self.initialize_from(&HashMap::new())
    }

    /// The same where what is stored for some parameters is known, by their names.
    ///
    /// # Errors
    /// A run-time error in an initial value.
    pub fn initialize_from(&mut self, known: &HashMap<&str, Table>) -> Result<(), Box<Diagnostic>> {
        for (index, param) in self.program.params.iter().enumerate() {
            self.compiler.enter(format!("initial {index}"), "initial value", Some(param.span));
            if let Some(stored) = known.get(param.name.as_str()) {
                self.params.push(stored.clone());
                continue;
            }
            let value = self.initial(param)?;
            let stored = self.stored_value(ParamId(index as u32), value)?;
            self.params.push(stored);
        }
        Ok(())
    }

    /// Runs all actions. A failed assertion does not stop the run; anything else that fails does.
    ///
    /// # Errors
    /// All failed assertions, or what stopped the run after them.
    pub fn run(&mut self, observer: &mut dyn Observer) -> Result<(), Vec<Diagnostic>> {
        let mut failures = Vec::new();
        let sought = self.sought().map_err(|diagnostic| vec![*diagnostic])?;
        // Not after hours of training.
        for action in &self.program.actions {
            if let Action::Save(save) = action {
                self.keep_data(save).map_err(|refused| vec![*refused])?;
            }
        }
        for (index, action) in self.program.actions.iter().enumerate() {
            if self.options.interrupted() {
                break;
            }
            let (what, span) = described(action);
            self.compiler.enter(format!("action {index}"), what, Some(span));
            if sought == Some(index) {
                let found = self.seek(index, observer);
                failures.extend(found.err().map(|stopped| seen_by_the_user(*stopped, action)));
                break;
            }
            match self.action(action, observer) {
                Ok(None) => {}
                Ok(Some(failed)) => failures.push(failed),
                Err(stopped) => {
                    failures.push(*stopped);
                    break;
                }
            }
        }
        self.compiler.save();
        if failures.is_empty() { Ok(()) } else { Err(failures) }
    }

    /// Runs one action; a failed assertion is returned.
    ///
    /// # Errors
    /// What stops the run.
    pub fn action(
        &mut self,
        action: &Action,
        observer: &mut dyn Observer,
    ) -> Result<Option<Diagnostic>, Box<Diagnostic>> {
        self.perform(action, observer).map_err(|stopped| Box::new(seen_by_the_user(*stopped, action)))
    }

    fn perform(&mut self, action: &Action, observer: &mut dyn Observer) -> Result<Option<Diagnostic>, Box<Diagnostic>> {
        match action {
            Action::Let { binding, value } => {
                let leaves = self.evaluate(&[value])?.remove(0);
                let mut tables = leaves.tables.into_iter();
                self.bind(binding, &leaves.ty, &mut tables);
            }
            Action::Print(values) => self.print(values, observer)?,
            Action::Assert(assert) => {
                let failed = self.claim(assert)?;
                observer.asserted(assert.span, failed.is_none());
                return Ok(failed);
            }
            Action::Plot(plot) => {
                if observer.wants_plot(plot) {
                    let chart = self.chart(plot)?;
                    observer.plotted(plot, &chart);
                }
            }
            Action::Train(train) => {
                self.prepare_validation(train)?;
                self.examine(train, observer)?;
                crate::train::train(self, train, observer)?;
                self.examine(train, observer)?;
            }
            Action::Save(save) => {
                if !self.save(save)? {
                    observer.text(&format!("not saved, since this is a trial: {}", save.path.display()));
                }
            }
            Action::Load(load) => {
                self.load(load)?;
                self.compare_preparation(load, observer);
            }
        }
        Ok(None)
    }

    /// Looks at a training if anybody wants it.
    fn examine(&mut self, train: &Train, observer: &mut dyn Observer) -> Result<(), Box<Diagnostic>> {
        if observer.wants_examination() {
            observer.examined(&crate::train::examination::examine(self, train)?);
        }
        Ok(())
    }

    /// With a text among them, all on one line; else each value on a line with its source text.
    fn print(&mut self, values: &[(String, Typed)], observer: &mut dyn Observer) -> Result<(), Box<Diagnostic>> {
        let is_text = |value: &Typed| matches!(&*value.kind, Kind::Text(_));
        let sentence = values.iter().any(|(_, value)| is_text(value));
        let mut words = Vec::with_capacity(values.len());
        for (source, value) in values {
            if let Kind::Text(text) = &*value.kind {
                words.push(text.clone());
                continue;
            }
            let leaves = self.evaluate(&[value])?.remove(0);
            if sentence {
                words.push(value_text(&leaves));
            } else {
                observer.value(source, &leaves);
            }
        }
        if sentence {
            observer.text(&words.join(" "));
        }
        Ok(())
    }

    fn bind(&mut self, binding: &GlobalBinding, ty: &Type, tables: &mut dyn Iterator<Item = Table>) {
        match (binding, ty) {
            (GlobalBinding::Tuple(bindings), Type::Tuple(types) | Type::Record(_, types)) => {
                for (binding, ty) in bindings.iter().zip(types) {
                    self.bind(binding, ty, tables);
                }
            }
            (GlobalBinding::Global(id), ty) => {
                let mut types = Vec::new();
                leaf_types(self.program, ty, &mut types);
                for (leaf, table) in (0..types.len()).zip(tables) {
                    self.globals.insert(Source::Global(*id, leaf as u32), table);
                }
            }
            (_, ty) => {
                let mut types = Vec::new();
                leaf_types(self.program, ty, &mut types);
                for _ in types {
                    tables.next();
                }
            }
        }
    }

    /// The values of expressions, computed together.
    ///
    /// # Errors
    /// A run-time error: an index out of range, an integer overflow.
    pub fn evaluate(&mut self, values: &[&Typed]) -> Result<Vec<Leaves>, Box<Diagnostic>> {
        let program = self.program;
        let native = self.compiler.next(|| crate::lower::value::lower_values(program, values))?;
        let inputs = self.inputs(&native.sources)?;
        let mut tables = native.call(&inputs)?.into_iter();
        let mut all = Vec::with_capacity(values.len());
        for value in values {
            let mut types: Vec<TensorType> = Vec::new();
            leaf_types(self.program, &value.ty, &mut types);
            all.push(Leaves { ty: value.ty.clone(), tables: tables.by_ref().take(types.len()).collect() });
        }
        Ok(all)
    }

    /// The current values of what inputs stand for.
    ///
    /// # Errors
    /// A run-time error in a column's expression.
    pub fn inputs(&mut self, sources: &[Source]) -> Result<Vec<Table>, Box<Diagnostic>> {
        sources.iter().map(|source| self.input(*source)).collect()
    }

    /// The same for a step of training, which begins to remember.
    ///
    /// # Errors
    /// A run-time error in a column's expression.
    pub fn step_inputs(&mut self, train: &Train, sources: &[Source]) -> Result<Vec<Table>, Box<Diagnostic>> {
        let input = |source: &Source| match source {
            Source::State(index) => Ok(match train.averaged(*index) {
                Some(id) => self.params[id.0 as usize].clone(),
                None => self.initial_state(&train.state[*index as usize]),
            }),
            source => self.input(*source),
        };
        sources.iter().map(input).collect()
    }

    /// What a tensor that training remembers starts from.
    fn initial_state(&self, tensor: &StateTensor) -> Table {
        let values = vec![tensor.initial; tensor.shape.count()];
        native::from_reals(TensorType::new(self.program.real(), tensor.shape.clone()), &values)
    }

    fn input(&mut self, source: Source) -> Result<Table, Box<Diagnostic>> {
        match source {
            Source::Param(id) => Ok(self.params[id.0 as usize].clone()),
            Source::Global(..) => Ok(self.globals.get(&source).cloned().unwrap_or_else(|| zero(self.program.real()))),
            Source::Column(data, index) => self.column_values(data, index),
            Source::Read(id) => self.param_value(id),
            Source::Progress(Progress::Plateau | Progress::Share) => {
                Ok(native::from_reals(TensorType::scalar(self.program.real()), &[1.0]))
            }
            Source::Argument(_)
            | Source::Raw(_)
            | Source::Mean(_)
            | Source::Deviation(_)
            | Source::Rows
            | Source::Entries(..)
            | Source::Progress(_)
            | Source::State(_) => Ok(zero(self.program.real())),
        }
    }
}

/// The value of an input that the caller sets later.
fn zero(element: ElementType) -> Table {
    Table { ty: TensorType::scalar(element), bits: vec![0] }
}

/// What an action is called, and where it stands.
fn described(action: &Action) -> (&'static str, Span) {
    let place = match action {
        Action::Let { value, .. } => value.span,
        Action::Print(values) => values.first().map_or(Span::default(), |(_, value)| value.span),
        Action::Assert(assert) => assert.span,
        Action::Plot(plot) => plot.span,
        Action::Train(train) => train.span,
        Action::Save(save) => save.span,
        Action::Load(load) => load.span,
    };
    (action.word(), place)
}

/// An error inside a function of the standard library, placed where the file's own action led to it.
pub fn seen_by_the_user(mut error: Diagnostic, action: &Action) -> Diagnostic {
    let place = match action {
        Action::Let { value, .. } => value.span,
        Action::Print(values) => match (values.first(), values.last()) {
            (Some((_, first)), Some((_, last))) => first.span.to(last.span),
            _ => return error,
        },
        Action::Assert(assert) => assert.span,
        Action::Plot(plot) => plot.span,
        Action::Train(train) => train.loss.span,
        Action::Save(Save { span, .. }) | Action::Load(Load { span, .. }) => *span,
    };
    match error.primary.take() {
        // The texts of the library stand before the program's own.
        Some(inside) if inside.span.source < place.source => {
            error.primary = Some(Label { span: place, text: "while this is computed".to_string() });
            error.labels.push(inside);
        }
        primary => error.primary = primary,
    }
    error
}
