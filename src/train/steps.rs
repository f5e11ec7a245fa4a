//! The native steps of a run and the memory they share.

use crate::check::program::{ParamId, Progress, Train};
use crate::codegen::{MemoryId, ProgramId, Programs};
use crate::diagnostics::Diagnostic;
use crate::ir::{ElementType, Table, TensorType};
use crate::lower::Source;
use crate::lower::training::{LOSS, METRIC, Report, STOP, lower_evaluation, lower_step};
use crate::session::compiler::Native;
use crate::session::{Session, native};
use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::CHECK_EVERY;
use super::rows::Rows;

/// Elements of all parameters below which a run looks round only every so many steps.
const SMALL: usize = 4096;

/// Steps of full batches and of the smaller last one, each with and without reports; each is compiled when it is first run.
pub(super) struct Steps {
    builder: Builder,
    full: Pair,
    remainder: Option<Pair>,
    /// What training changes: the trained parameters, then the running means.
    params: Vec<(ParamId, MemoryId, TensorType)>,
    real: ElementType,
    elements: usize,
    /// The time that compiling took since the first step.
    pub(super) compiling: Duration,
}

/// A step without and with reports.
struct Pair {
    size: usize,
    whole: bool,
    quiet: Option<Step>,
    full: Option<Step>,
}

impl Pair {
    fn new(size: usize, whole: bool) -> Self {
        Pair { size, whole, quiet: None, full: None }
    }

    fn version(&mut self, report: Report) -> &mut Option<Step> {
        match report {
            Report::Quiet => &mut self.quiet,
            Report::Full => &mut self.full,
        }
    }
}

struct Step {
    program: ProgramId,
    rows: Option<MemoryId>,
    step: Option<MemoryId>,
    epoch: Option<MemoryId>,
    /// Whether the block's `stop` became true.
    stop: Option<MemoryId>,
}

/// Where a run is.
#[derive(Clone, Copy)]
pub(super) struct At<'b> {
    /// The examples of the batch.
    pub(super) batch: &'b [i64],
    /// Whether these are all examples in order.
    pub(super) whole: bool,
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
        let builder = Builder { programs: Programs::new(), memories: HashMap::new(), outputs: HashMap::new() };
        let remainder = rows.remainder().filter(|_| !rows.is_whole()).map(|size| Pair::new(size, false));
        let full = Pair::new(rows.batch(), rows.is_whole());
        let real = session.program.real();
        let mut steps =
            Steps { builder, full, remainder, params: Vec::new(), real, elements: 0, compiling: Duration::ZERO };
        steps.compile(session, train, false, first)?;
        Ok(steps)
    }

    /// Compiles a version of the full batch's step or the last one's.
    fn compile(
        &mut self,
        session: &mut Session<'_>,
        train: &Train,
        last: bool,
        report: Report,
    ) -> Result<(), Box<Diagnostic>> {
        let pair = self.remainder.as_mut().filter(|_| last).unwrap_or(&mut self.full);
        let step = self.builder.step(session, train, pair.size, pair.whole, report)?;
        *pair.version(report) = Some(step);
        let program = session.program;
        let running = (0..program.params.len() as u32).map(ParamId).filter(|id| program.params[id.0 as usize].running);
        let memory = |id: ParamId| self.builder.memories.get(&Source::Param(id));
        let known = |id: ParamId| memory(id).map(|(memory, ty)| (id, *memory, ty.clone()));
        self.params = train.params.iter().copied().chain(running).filter_map(known).collect();
        self.elements = self.params.iter().map(|(_, _, ty)| ty.shape.count()).sum();
        Ok(())
    }

    /// After how many steps it costs little to look round.
    pub(super) fn check_every(&self) -> u64 {
        if self.elements < SMALL && self.full.size <= SMALL { CHECK_EVERY } else { 16 }
    }

    /// One step on a batch; whether the block's `stop` became true.
    #[inline]
    pub(super) fn run(
        &mut self,
        session: &mut Session<'_>,
        train: &Train,
        report: Report,
        at: At<'_>,
    ) -> Result<bool, Box<Diagnostic>> {
        let last = self.remainder.as_ref().is_some_and(|remainder| at.batch.len() == remainder.size);
        let pair = self.remainder.as_mut().filter(|_| last).unwrap_or(&mut self.full);
        if pair.version(report).is_none() {
            let begun = Instant::now();
            self.compile(session, train, last, report)?;
            session.compiler.save();
            self.compiling += begun.elapsed();
        }
        let pair = self.remainder.as_mut().filter(|_| last).unwrap_or(&mut self.full);
        let Some(chosen) = pair.version(report) else { unreachable!("compiled above") };
        let programs = &mut self.builder.programs;
        if let (Some(memory), false) = (chosen.rows, at.whole) {
            programs.bytes_mut(memory).copy_from_slice(bytemuck::cast_slice(at.batch));
        }
        for (memory, value) in [(chosen.step, at.step), (chosen.epoch, at.epoch)] {
            if let Some(memory) = memory {
                write_real(programs.bytes_mut(memory), self.real, value as f64);
            }
        }
        programs.run(chosen.program).map_err(|error| Box::new(native::run_error(error)))?;
        Ok(chosen.stop.is_some_and(|memory| programs.bytes(memory)[0] != 0))
    }

    fn output(&self, name: &str) -> f64 {
        let memory = self.builder.outputs.get(name);
        memory.map_or(f64::NAN, |memory| read_real(self.builder.programs.bytes(*memory), self.real))
    }

    /// The loss of the last step that reported.
    pub(super) fn loss(&self) -> f64 {
        self.output(LOSS)
    }

    /// The metrics of the last step that reported.
    pub(super) fn metrics(&self, train: &Train) -> Vec<(String, f64)> {
        let value = |name: &String| self.output(&format!("{METRIC}{name}"));
        train.metrics.iter().map(|(name, _)| (name.clone(), value(name))).collect()
    }

    /// The bytes of the trained parameters.
    pub(super) fn params(&self) -> Vec<Vec<u8>> {
        self.params.iter().map(|(_, memory, _)| self.builder.programs.bytes(*memory).to_vec()).collect()
    }

    /// Sets the trained parameters.
    pub(super) fn set_params(&mut self, params: &[Vec<u8>]) {
        for ((_, memory, _), bytes) in self.params.iter().zip(params) {
            self.builder.programs.bytes_mut(*memory).copy_from_slice(bytes);
        }
    }

    /// Whether no parameter is NaN or infinite.
    pub(super) fn params_are_finite(&self) -> bool {
        self.params.iter().all(|(_, memory, _)| {
            let bytes = self.builder.programs.bytes(*memory);
            match self.real {
                ElementType::F32 => bytemuck::cast_slice::<u8, f32>(bytes).iter().all(|value| value.is_finite()),
                _ => bytemuck::cast_slice::<u8, f64>(bytes).iter().all(|value| value.is_finite()),
            }
        })
    }

    /// Copies the trained parameters back to the session.
    pub(super) fn store(&self, session: &mut Session<'_>) {
        for (id, memory, ty) in &self.params {
            let bits = native::from_bytes(ty.element, self.builder.programs.bytes(*memory));
            session.params[id.0 as usize] = Table { ty: ty.clone(), bits };
        }
    }
}

/// Programs and the memory they share.
struct Builder {
    programs: Programs,
    memories: HashMap<Source, (MemoryId, TensorType)>,
    /// Outputs of one name share memory between the steps.
    outputs: HashMap<String, MemoryId>,
}

impl Builder {
    fn step(
        &mut self,
        session: &mut Session<'_>,
        train: &Train,
        size: usize,
        whole: bool,
        report: Report,
    ) -> Result<Step, Box<Diagnostic>> {
        let program = session.program;
        let what = match report {
            Report::Quiet => "train: step",
            Report::Full => "train: step with report",
        };
        let name = format!("{report:?} {size} {whole}");
        let native = session.compiler.program(&name, what, || lower_step(program, train, size, whole, report))?;
        let Native { executable, sources, .. } = native;
        let mut inputs = Vec::with_capacity(sources.len());
        let (mut rows, mut step, mut epoch) = (None, None, None);
        for (source, port) in sources.iter().zip(executable.inputs()) {
            let memory = match source {
                Source::Rows => {
                    let memory = self.programs.memory(port.ty.bytes());
                    rows = Some(memory);
                    memory
                }
                Source::Progress(progress) => {
                    let memory = self.programs.memory(port.ty.bytes());
                    match progress {
                        Progress::Step => step = Some(memory),
                        _ => epoch = Some(memory),
                    }
                    memory
                }
                source => self.value(session, *source, &port.ty)?,
            };
            inputs.push(memory);
        }
        let mut outputs = Vec::new();
        for port in executable.outputs().iter().filter(|port| port.updates.is_none()) {
            let memory = match self.outputs.get(&port.name) {
                Some(memory) => *memory,
                None => self.programs.memory(port.ty.bytes()),
            };
            self.outputs.insert(port.name.clone(), memory);
            outputs.push((port.name.clone(), memory));
        }
        let places: Vec<MemoryId> = outputs.iter().map(|(_, memory)| *memory).collect();
        let program = self.programs.bind(executable, &inputs, &places).map_err(native::internal)?;
        let stop = outputs.iter().find(|(name, _)| name == STOP).map(|(_, memory)| *memory);
        Ok(Step { program, rows, step, epoch, stop })
    }

    /// The memory of a parameter, column or value, filled at its first use.
    fn value(
        &mut self,
        session: &mut Session<'_>,
        source: Source,
        ty: &TensorType,
    ) -> Result<MemoryId, Box<Diagnostic>> {
        if let Some((memory, _)) = self.memories.get(&source) {
            return Ok(*memory);
        }
        let table = session.inputs(&[source])?.remove(0);
        let memory = self.programs.memory(ty.bytes());
        self.programs.bytes_mut(memory).copy_from_slice(&native::to_bytes(&table));
        self.memories.insert(source, (memory, ty.clone()));
        Ok(memory)
    }
}

/// A loss, and metrics with their names.
pub(super) type Measures = (f64, Vec<(String, f64)>);

/// Loss and metrics over all examples, with the session's parameters.
pub(super) fn evaluate(session: &mut Session<'_>, train: &Train) -> Result<Measures, Box<Diagnostic>> {
    let examples = train.data.map_or(1, |data| session.program.data[data.0 as usize].rows);
    let program = session.program;
    let lower = || lower_evaluation(program, train, examples, true, false);
    let native = session.compiler.program("evaluation", "train: loss at the end", lower)?;
    let inputs = session.inputs(&native.sources)?;
    let values: Vec<f64> = native.call(&inputs)?.iter().flat_map(native::to_reals).collect();
    let names = train.metrics.iter().map(|(name, _)| name.clone());
    Ok((values[0], names.zip(values[1..].iter().copied()).collect()))
}

fn write_real(bytes: &mut [u8], element: ElementType, value: f64) {
    match element {
        ElementType::F32 => bytes.copy_from_slice(&(value as f32).to_ne_bytes()),
        _ => bytes.copy_from_slice(&value.to_ne_bytes()),
    }
}

fn read_real(bytes: &[u8], element: ElementType) -> f64 {
    match element {
        ElementType::F32 => bytes.try_into().map_or(f64::NAN, |bytes| f64::from(f32::from_ne_bytes(bytes))),
        _ => bytes.try_into().map_or(f64::NAN, f64::from_ne_bytes),
    }
}
