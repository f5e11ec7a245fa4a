//! The native programs of a run, bound to the memory they share.

use super::feed::{Feed, Prepared};
use crate::check::program::{DataId, Progress, Train};
use crate::codegen::{MemoryId, ProgramId, Programs};
use crate::diagnostics::Diagnostic;
use crate::ir::{ElementType, TensorType};
use crate::lower::prepared::with_prepared_entries;
use crate::lower::training::{GRADIENT, GRADIENT_NORM, LEARNING_RATE, LOSS, METRIC, Part, Report, STOP, lower_part};
use crate::lower::{Lowered, Source};
use crate::session::compiler::Native;
use crate::session::{Session, native};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Programs and the memory they share.
#[derive(Default)]
pub(super) struct Bound {
    pub(super) programs: Programs,
    /// The time that making programs took since training began.
    pub(super) compiling: Duration,
    feed: Feed,
    memories: HashMap<Source, (MemoryId, TensorType)>,
}

/// A program of the run.
pub(super) struct Step {
    pub(super) program: ProgramId,
    /// Where the numbers of the batch's examples belong.
    rows: Option<MemoryId>,
    /// The columns that are handed to it by batches.
    prepared: Vec<Prepared>,
    /// Whether the block's `stop` became true.
    pub(super) stop: Option<MemoryId>,
    /// The loss and the metrics, in order; none in a step that does not report.
    pub(super) measures: Vec<MemoryId>,
    /// The learning rate and the norm of the gradient, in a step that reports.
    pub(super) rates: [Option<MemoryId>; 2],
    /// The gradients of the trained parameters, in order, where the program hands them out.
    pub(super) gradients: Vec<MemoryId>,
    /// What it changes.
    pub(super) state: Vec<StateTensor>,
}

/// A tensor that steps change: a parameter, a running mean, a memory of the update rule.
#[derive(Clone)]
pub(super) struct StateTensor {
    /// The name of the input: a parameter's path; `path/m` where the update rule remembers it.
    pub(super) name: String,
    /// What it stands for.
    pub(super) source: Source,
    pub(super) memory: MemoryId,
    pub(super) ty: TensorType,
}

impl Bound {
    /// Makes programs in the middle of a run, and keeps the time that it takes apart.
    pub(super) fn making<R>(
        &mut self,
        session: &mut Session<'_>,
        make: impl FnOnce(&mut Self, &mut Session<'_>) -> Result<R, Box<Diagnostic>>,
    ) -> Result<R, Box<Diagnostic>> {
        let begun = Instant::now();
        let made = make(self, session)?;
        // A long run may be ended in the middle.
        session.compiler.save();
        self.compiling += begun.elapsed();
        Ok(made)
    }

    /// A step of training.
    pub(super) fn step(
        &mut self,
        session: &mut Session<'_>,
        train: &Train,
        (size, whole): (usize, bool),
        report: Report,
        part: Part,
    ) -> Result<Step, Box<Diagnostic>> {
        let program = session.program;
        let what = match (part, report) {
            (Part::Update, Report::Quiet) => "train: step",
            (Part::Update, Report::Full) => "train: step with report",
            (Part::Gather, Report::Quiet) => "train: gradients of a batch",
            (Part::Gather, Report::Full) => "train: gradients of a batch with report",
        };
        let name = format!("{part:?} {report:?} {size} {whole}");
        self.program(session, train, &name, what, || lower_part(program, train, (size, whole), report, part))
    }

    /// A program whose inputs are shared with the others; the numbers of the batch's examples are its own.
    pub(super) fn program(
        &mut self,
        session: &mut Session<'_>,
        train: &Train,
        name: &str,
        what: &str,
        lower: impl FnOnce() -> Lowered,
    ) -> Result<Step, Box<Diagnostic>> {
        let chosen: Vec<(DataId, u32)> = session.prepared_columns();
        let lower = || with_prepared_entries(lower(), &|data, index| chosen.contains(&(data, index)));
        let Native { executable, sources, .. } = session.compiler.program(name, what, lower)?;
        let mut prepared = Vec::new();
        let mut inputs = Vec::with_capacity(sources.len());
        let (mut rows, mut state) = (None, Vec::new());
        for (index, (source, port)) in sources.iter().zip(executable.inputs()).enumerate() {
            let memory = match *source {
                Source::Rows => *rows.insert(self.programs.memory(port.ty.bytes())),
                Source::Entries(data, index) => {
                    let memory = self.programs.memory(port.ty.bytes());
                    let size = port.ty.shape.sizes()[0];
                    let preparation = Arc::new(session.preparation(data, index, size)?);
                    prepared.push(Prepared { source: *source, preparation, memory });
                    memory
                }
                source => self.input(session, train, source, &port.ty)?,
            };
            inputs.push(memory);
            if executable.replaced_by(index).is_some() {
                state.push(StateTensor { name: port.name.clone(), source: *source, memory, ty: port.ty.clone() });
            }
        }
        let (mut places, mut measures, mut gradients) = (Vec::new(), Vec::new(), Vec::new());
        let (mut stop, mut rates) = (None, [None, None]);
        for port in executable.outputs().iter().filter(|port| port.updates.is_none()) {
            let memory = self.programs.memory(port.ty.bytes());
            places.push(memory);
            if port.name == STOP {
                stop = Some(memory);
            } else if let Some(rate) = [LEARNING_RATE, GRADIENT_NORM].iter().position(|name| *name == port.name) {
                rates[rate] = Some(memory);
            } else if port.name.starts_with(GRADIENT) {
                gradients.push(memory);
            } else if port.name == LOSS || port.name.starts_with(METRIC) {
                measures.push(memory);
            }
        }
        let program = self.programs.bind(executable, &inputs, &places).map_err(native::internal)?;
        Ok(Step { program, rows, prepared, stop, measures, rates, gradients, state })
    }

    /// Hands a program the examples of a batch, and has those of the upcoming one prepared, if it is known.
    ///
    /// # Errors
    /// A run-time error in the expression of a column.
    #[inline]
    pub(super) fn set_batch(
        &mut self,
        step: &Step,
        batch: &[i64],
        upcoming: Option<&[i64]>,
    ) -> Result<(), Box<Diagnostic>> {
        if let Some(memory) = step.rows {
            self.programs.bytes_mut(memory).copy_from_slice(bytemuck::cast_slice(batch));
        }
        self.feed.fill(&mut self.programs, &step.prepared, batch, upcoming)
    }

    /// The memory of a parameter, column or value, filled at its first use; of progress, set by [`Bound::set`].
    pub(super) fn input(
        &mut self,
        session: &mut Session<'_>,
        train: &Train,
        source: Source,
        ty: &TensorType,
    ) -> Result<MemoryId, Box<Diagnostic>> {
        if let Some((memory, _)) = self.memories.get(&source) {
            return Ok(*memory);
        }
        let memory = self.programs.memory(ty.bytes());
        if !matches!(source, Source::Progress(_)) {
            let table = session.step_inputs(train, &[source])?.remove(0);
            self.programs.bytes_mut(memory).copy_from_slice(&native::to_bytes(&table));
        }
        self.memories.insert(source, (memory, ty.clone()));
        Ok(memory)
    }

    /// The memory of something that the run is at, if a program reads it.
    pub(super) fn progress(&self, progress: Progress) -> Option<MemoryId> {
        self.memories.get(&Source::Progress(progress)).map(|(memory, _)| *memory)
    }

    /// Sets one number.
    #[inline]
    pub(super) fn set(&mut self, memory: MemoryId, real: ElementType, value: f64) {
        let bytes = self.programs.bytes_mut(memory);
        match real {
            ElementType::F32 => bytes.copy_from_slice(&(value as f32).to_ne_bytes()),
            _ => bytes.copy_from_slice(&value.to_ne_bytes()),
        }
    }

    /// Sets some numbers, from a place on.
    pub(super) fn set_reals(&mut self, memory: MemoryId, real: ElementType, first: usize, values: &[f64]) {
        let bytes = self.programs.bytes_mut(memory);
        match real {
            ElementType::F32 => {
                let places = bytemuck::cast_slice_mut::<u8, f32>(bytes)[first..].iter_mut();
                places.zip(values).for_each(|(place, value)| *place = *value as f32);
            }
            _ => bytemuck::cast_slice_mut::<u8, f64>(bytes)[first..first + values.len()].copy_from_slice(values),
        }
    }

    /// One number.
    #[inline]
    pub(super) fn real(&self, memory: MemoryId, real: ElementType) -> f64 {
        let bytes = self.programs.bytes(memory);
        match real {
            ElementType::F32 => bytes.try_into().map_or(f64::NAN, |bytes| f64::from(f32::from_ne_bytes(bytes))),
            _ => bytes.try_into().map_or(f64::NAN, f64::from_ne_bytes),
        }
    }

    /// All numbers.
    pub(super) fn reals(&self, memory: MemoryId, real: ElementType) -> Vec<f64> {
        let bytes = self.programs.bytes(memory);
        match real {
            ElementType::F32 => bytemuck::cast_slice::<u8, f32>(bytes).iter().map(|value| f64::from(*value)).collect(),
            _ => bytemuck::cast_slice::<u8, f64>(bytes).to_vec(),
        }
    }
}
