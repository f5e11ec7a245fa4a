//! The native steps of a run: which version is run when, and the tensors they change.

use super::CHECK_EVERY;
use super::bind::{Bound, StateTensor, Step};
use super::lbfgs::Minimizer;
use super::rows::Rows;
use super::state::RunState;
use super::tally::Tally;
use crate::check::program::{ParamId, Progress, Train};
use crate::codegen::MemoryId;
use crate::diagnostics::Diagnostic;
use crate::ir::{ElementType, Table};
use crate::lower::Source;
use crate::lower::training::{Part, Report};
use crate::session::{Ending, Session, native};

/// Elements of all parameters below which a run looks round only every so many steps.
const SMALL: usize = 4096;

/// Steps of full batches and of the smaller last one, each with and without reports; each is compiled when it is first run.
pub(super) struct Steps {
    /// The programs and what they share.
    pub(super) bound: Bound,
    versions: Versions,
    /// The sums over the batches of a step.
    sums: Vec<MemoryId>,
    state: Vec<StateTensor>,
    real: ElementType,
    elements: usize,
    step: Option<MemoryId>,
    epoch: Option<MemoryId>,
    share: Option<MemoryId>,
    validation_loss: f64,
    /// The factor of `schedule = plateau(…)`.
    factor: f64,
    /// The learning rate, where one is to be found.
    tried_rate: f64,
    /// The loss and the metrics of the last step that reported.
    measures: Vec<MemoryId>,
    /// The learning rate and the norm of the gradient of the last step that reported.
    rates: [Option<MemoryId>; 2],
    /// The parameters whose moving averages are what training gives, and the place of the first average in the state.
    averaged: Option<(u32, Vec<ParamId>)>,
    /// What takes the steps in place of a rule.
    lbfgs: Option<Minimizer>,
    converged: bool,
}

/// What may be done with a batch.
struct Versions {
    /// The step of a full batch.
    full: Pair,
    /// That of the smaller last one of an epoch.
    remainder: Option<Pair>,
    /// Batches of a step before its last one.
    gather: Option<Pair>,
}

impl Versions {
    #[inline]
    fn pair(&mut self, (part, size): (Part, usize)) -> &mut Pair {
        let special = match part {
            Part::Gather => self.gather.as_mut(),
            Part::Update => self.remainder.as_mut().filter(|rest| rest.size == size),
        };
        special.unwrap_or(&mut self.full)
    }
}

/// A step without and with reports.
struct Pair {
    part: Part,
    size: usize,
    whole: bool,
    quiet: Option<Step>,
    full: Option<Step>,
}

impl Pair {
    fn new(part: Part, size: usize, whole: bool) -> Self {
        Pair { part, size, whole, quiet: None, full: None }
    }

    fn version(&mut self, report: Report) -> &mut Option<Step> {
        match report {
            Report::Quiet => &mut self.quiet,
            Report::Full => &mut self.full,
        }
    }
}

/// Where a run is.
#[derive(Clone, Copy)]
pub(super) struct At<'b> {
    /// The examples of the batch.
    pub(super) batch: &'b [i64],
    /// Those of the batch after it, if it is known.
    pub(super) upcoming: Option<&'b [i64]>,
    /// Whether these are all examples in order.
    pub(super) whole: bool,
    /// What is done with the batch.
    pub(super) part: Part,
    /// How many of the step's examples it has, as a share.
    pub(super) share: f64,
    /// The step, from 1.
    pub(super) step: u64,
    /// Its epoch, from 1.
    pub(super) epoch: u64,
}

impl Steps {
    /// Compiles the first step, a full batch with or without report, and loads parameters and columns.
    pub(super) fn new(
        session: &mut Session<'_>,
        train: &Train,
        rows: &Rows,
        first: Report,
    ) -> Result<Self, Box<Diagnostic>> {
        let remainder = rows.remainder().filter(|_| !rows.is_whole()).map(|size| Pair::new(Part::Update, size, false));
        let gather = train.optimizer.accumulation.map(|_| Pair::new(Part::Gather, rows.batch(), rows.is_whole()));
        let mut steps = Steps {
            bound: Bound::default(),
            versions: Versions { full: Pair::new(Part::Update, rows.batch(), rows.is_whole()), remainder, gather },
            sums: Vec::new(),
            state: Vec::new(),
            real: session.program.real(),
            elements: 0,
            step: None,
            epoch: None,
            share: None,
            validation_loss: f64::NAN,
            factor: 1.0,
            tried_rate: 0.0,
            measures: Vec::new(),
            rates: [None, None],
            averaged: train.optimizer.first_average.map(|first| (first, train.params.clone())),
            lbfgs: None,
            converged: false,
        };
        let size = rows.batch();
        steps.compile(session, train, (Part::Update, size), first)?;
        if steps.versions.gather.is_some() {
            steps.compile(session, train, (Part::Gather, size), first)?;
        }
        Ok(steps)
    }

    /// Compiles a version of what is done with a batch.
    pub(super) fn compile(
        &mut self,
        session: &mut Session<'_>,
        train: &Train,
        batch: (Part, usize),
        report: Report,
    ) -> Result<(), Box<Diagnostic>> {
        let Pair { part, size, whole, .. } = *self.versions.pair(batch);
        let make =
            |bound: &mut Bound, session: &mut Session<'_>| bound.step(session, train, (size, whole), report, part);
        let step = self.bound.making(session, make)?;
        if let (None, Some(settings)) = (&self.lbfgs, &train.optimizer.lbfgs) {
            let make = |bound: &mut Bound, session: &mut Session<'_>| Minimizer::new(session, train, settings, bound);
            self.lbfgs = Some(self.bound.making(session, make)?);
        }
        // What batches hand on within a step is no state of the run.
        if part == Part::Gather {
            let sums = step.state.iter().filter(|tensor| matches!(tensor.source, Source::State(_)));
            self.sums = sums.map(|tensor| tensor.memory).collect();
        } else {
            self.state.clone_from(&step.state);
            if let Some(lbfgs) = &self.lbfgs {
                self.state.extend_from_slice(lbfgs.state());
            }
        }
        *self.versions.pair(batch).version(report) = Some(step);
        self.elements = self.params().map(|tensor| tensor.ty.shape.count()).sum();
        self.step = self.bound.progress(Progress::Step);
        self.epoch = self.bound.progress(Progress::Epoch);
        self.share = self.bound.progress(Progress::Share);
        self.enter_watched();
        Ok(())
    }

    /// After how many steps it costs little to look round.
    pub(super) fn check_every(&self) -> u64 {
        if self.elements < SMALL && self.versions.full.size <= SMALL { CHECK_EVERY } else { 16 }
    }

    /// Has the sums over the batches of a step start from nothing.
    pub(super) fn clear_sums(&mut self) {
        for memory in &self.sums {
            self.bound.programs.bytes_mut(*memory).fill(0);
        }
    }

    /// What a step does with a batch; whether the block's `stop` became true.
    #[inline]
    pub(super) fn run(
        &mut self,
        session: &mut Session<'_>,
        train: &Train,
        report: Report,
        at: At<'_>,
    ) -> Result<bool, Box<Diagnostic>> {
        let batch = (at.part, at.batch.len());
        if !self.is_ready(batch, report) {
            self.compile(session, train, batch, report)?;
        }
        self.run_compiled(report, at)
    }

    /// Whether what is done with a batch is compiled.
    #[inline]
    pub(super) fn is_ready(&mut self, batch: (Part, usize), report: Report) -> bool {
        self.versions.pair(batch).version(report).is_some()
    }

    /// Like [`Steps::run`], where it is compiled.
    #[inline]
    pub(super) fn run_compiled(&mut self, report: Report, at: At<'_>) -> Result<bool, Box<Diagnostic>> {
        let batch = (at.part, at.batch.len());
        let Some(chosen) = self.versions.pair(batch).version(report) else { unreachable!("compiled before") };
        if !at.whole {
            self.bound.set_batch(chosen, at.batch, at.upcoming)?;
        }
        for (memory, value) in [(self.step, at.step as f64), (self.epoch, at.epoch as f64), (self.share, at.share)] {
            if let Some(memory) = memory {
                self.bound.set(memory, self.real, value);
            }
        }
        self.bound.programs.run(chosen.program).map_err(|error| Box::new(native::run_error(error)))?;
        if report == Report::Full && self.measures != chosen.measures {
            self.measures.clone_from(&chosen.measures);
            if at.part == Part::Update {
                self.rates = chosen.rates;
            }
        }
        if let Some(lbfgs) = &self.lbfgs {
            let result = lbfgs.step(&mut self.bound, chosen, at.step)?;
            self.converged = result.converged && !result.stopped;
            return Ok(result.converged || result.stopped);
        }
        Ok(chosen.stop.is_some_and(|memory| self.bound.programs.bytes(memory)[0] != 0))
    }

    /// Why the last step was to be the last.
    pub(super) fn ending(&self) -> Ending {
        if self.converged { Ending::Converged } else { Ending::Stopped }
    }

    /// The loss of the last step that reported.
    pub(super) fn loss(&self) -> f64 {
        self.measures.first().map_or(f64::NAN, |memory| self.bound.real(*memory, self.real))
    }

    /// Adds loss and metrics of the last step, which reported, to a tally.
    pub(super) fn add_to(&self, tally: &mut Tally, size: usize, train: &Train) {
        let parts = self.measures.iter().skip(1).map(|memory| self.bound.reals(*memory, self.real));
        tally.add(size, &train.metrics, self.loss(), parts);
    }

    /// Sets what steps see of the epochs before: the loss over the validation set, the factor of `plateau`.
    pub(super) fn set_watched(&mut self, state: &RunState) {
        self.validation_loss = state.validation_loss.unwrap_or(f64::NAN);
        self.factor = state.plateau.factor;
        self.enter_watched();
    }

    /// Sets the rate of the next steps, in a program that is to find one.
    pub(super) fn set_learning_rate(&mut self, rate: f64) {
        self.tried_rate = rate;
        self.enter_watched();
    }

    fn enter_watched(&mut self) {
        for (progress, value) in [
            (Progress::ValidationLoss, self.validation_loss),
            (Progress::Plateau, self.factor),
            (Progress::LearningRate, self.tried_rate),
        ] {
            if let Some(memory) = self.bound.progress(progress) {
                self.bound.set(memory, self.real, value);
            }
        }
    }

    /// All tensors that steps change, in an order that follows from the program.
    pub(super) fn state(&self) -> &[StateTensor] {
        &self.state
    }

    /// Those that are parameters of the program.
    fn params(&self) -> impl Iterator<Item = &StateTensor> {
        self.state().iter().filter(|tensor| matches!(tensor.source, Source::Param(_)))
    }

    /// Whether what the session has of a parameter is its moving average.
    pub(super) fn is_averaged(&self, id: ParamId) -> bool {
        self.kept().any(|tensor| self.average_of(tensor) == Some(id))
    }

    /// The bytes of [`Steps::state`].
    pub(super) fn state_bytes(&self) -> Vec<Vec<u8>> {
        self.state.iter().map(|tensor| self.bound.programs.bytes(tensor.memory).to_vec()).collect()
    }

    /// Sets [`Steps::state`].
    pub(super) fn set_state_bytes(&mut self, state: &[Vec<u8>]) {
        for (tensor, bytes) in self.state.iter().zip(state) {
            self.bound.programs.bytes_mut(tensor.memory).copy_from_slice(bytes);
        }
    }

    /// What the update rule remembers.
    pub(super) fn remembered(&self) -> Vec<(Source, Table)> {
        let table = |tensor: &StateTensor| {
            let bits = native::from_bytes(tensor.ty.element, self.bound.programs.bytes(tensor.memory));
            (tensor.source, Table { ty: tensor.ty.clone(), bits })
        };
        self.state.iter().filter(|tensor| matches!(tensor.source, Source::State(_))).map(table).collect()
    }

    /// The learning rate of the last step that reported, where its rule has one.
    pub(super) fn learning_rate(&self) -> Option<f64> {
        self.rates[0].map(|memory| self.bound.real(memory, self.real))
    }

    /// The Euclidean norm of the gradient of the last step that reported.
    pub(super) fn gradient_norm(&self) -> Option<f64> {
        self.rates[1].map(|memory| self.bound.real(memory, self.real))
    }

    /// The parameters and their moving averages.
    fn kept(&self) -> impl Iterator<Item = &StateTensor> {
        self.state().iter().filter(|tensor| match tensor.source {
            Source::State(_) => self.average_of(tensor).is_some(),
            source => matches!(source, Source::Param(_)),
        })
    }

    /// The parameter whose moving average a tensor is.
    fn average_of(&self, tensor: &StateTensor) -> Option<ParamId> {
        let (Source::State(index), Some((first, params))) = (tensor.source, &self.averaged) else { return None };
        params.get(index.checked_sub(*first)? as usize).copied()
    }

    /// The bytes of the parameters and their moving averages.
    pub(super) fn param_bytes(&self) -> Vec<Vec<u8>> {
        self.kept().map(|tensor| self.bound.programs.bytes(tensor.memory).to_vec()).collect()
    }

    /// Sets the parameters.
    pub(super) fn set_param_bytes(&mut self, params: &[Vec<u8>]) {
        let memories: Vec<MemoryId> = self.kept().map(|tensor| tensor.memory).collect();
        for (memory, bytes) in memories.into_iter().zip(params) {
            self.bound.programs.bytes_mut(memory).copy_from_slice(bytes);
        }
    }

    /// Whether no parameter is NaN or infinite.
    pub(super) fn params_are_finite(&self) -> bool {
        self.params().all(|tensor| {
            let bytes = self.bound.programs.bytes(tensor.memory);
            match self.real {
                ElementType::F32 => bytemuck::cast_slice::<u8, f32>(bytes).iter().all(|value| value.is_finite()),
                _ => bytemuck::cast_slice::<u8, f64>(bytes).iter().all(|value| value.is_finite()),
            }
        })
    }

    /// Copies the parameters back to those of a session: their moving averages, where there are any.
    pub(super) fn store(&self, params: &mut [Table]) {
        // A parameter comes before its average, which replaces it.
        let tensors = self.params().chain(self.kept().filter(|tensor| self.average_of(tensor).is_some()));
        for tensor in tensors {
            let id = match (tensor.source, self.average_of(tensor)) {
                (Source::Param(id), _) | (_, Some(id)) => id,
                _ => continue,
            };
            let bits = native::from_bytes(tensor.ty.element, self.bound.programs.bytes(tensor.memory));
            params[id.0 as usize] = Table { ty: tensor.ty.clone(), bits };
        }
    }
}
