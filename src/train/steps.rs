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

use super::CHECK_EVERY;
use super::rows::Rows;

/// Elements of all parameters below which a run looks round only every so many steps.
const SMALL: usize = 4096;

/// Steps of full batches and of the smaller last one, each with and without reports.
pub(super) struct Steps {
    programs: Programs,
    full: Pair,
    remainder: Option<Pair>,
    /// What training changes: the trained parameters, then the running means.
    params: Vec<(ParamId, MemoryId, TensorType)>,
    real: ElementType,
    elements: usize,
}

/// A step without and with reports.
struct Pair {
    size: usize,
    quiet: Step,
    full: Step,
}

struct Step {
    program: ProgramId,
    rows: Option<MemoryId>,
    step: Option<MemoryId>,
    epoch: Option<MemoryId>,
    /// Whether the block's `stop` became true.
    stop: Option<MemoryId>,
    outputs: Vec<(String, MemoryId)>,
}

impl Steps {
    /// Compiles the steps and loads parameters and columns.
    pub(super) fn new(session: &mut Session<'_>, train: &Train, rows: &Rows) -> Result<Self, Box<Diagnostic>> {
        let mut builder = Builder { programs: Programs::new(), memories: HashMap::new(), outputs: HashMap::new() };
        let full = builder.pair(session, train, rows.batch(), rows.is_whole())?;
        let remainder = match rows.remainder() {
            Some(size) if !rows.is_whole() => Some(builder.pair(session, train, size, false)?),
            _ => None,
        };
        let Builder { programs, memories, .. } = builder;
        let program = session.program;
        let running = (0..program.params.len() as u32).map(ParamId).filter(|id| program.params[id.0 as usize].running);
        let params: Vec<(ParamId, MemoryId, TensorType)> = train
            .params
            .iter()
            .copied()
            .chain(running)
            .filter_map(|id| memories.get(&Source::Param(id)).map(|(memory, ty)| (id, *memory, ty.clone())))
            .collect();
        let elements = params.iter().map(|(_, _, ty)| ty.shape.count()).sum();
        Ok(Steps { programs, full, remainder, params, real: session.program.real(), elements })
    }

    /// After how many steps it costs little to look round.
    pub(super) fn check_every(&self) -> u64 {
        if self.elements < SMALL && self.full.size <= SMALL { CHECK_EVERY } else { 16 }
    }

    /// One step on a batch; whether the block's `stop` became true.
    #[inline]
    pub(super) fn run(
        &mut self,
        report: Report,
        batch: &[i64],
        whole: bool,
        step: u64,
        epoch: u64,
    ) -> Result<bool, Box<Diagnostic>> {
        let pair = match &self.remainder {
            Some(remainder) if batch.len() == remainder.size => remainder,
            _ => &self.full,
        };
        let chosen = if report == Report::Full { &pair.full } else { &pair.quiet };
        if let (Some(memory), false) = (chosen.rows, whole) {
            self.programs.bytes_mut(memory).copy_from_slice(bytemuck::cast_slice(batch));
        }
        for (memory, value) in [(chosen.step, step), (chosen.epoch, epoch)] {
            if let Some(memory) = memory {
                write_real(self.programs.bytes_mut(memory), self.real, value as f64);
            }
        }
        let program = chosen.program;
        let stop = chosen.stop;
        self.programs.run(program).map_err(|error| Box::new(native::run_error(error)))?;
        Ok(stop.is_some_and(|memory| self.programs.bytes(memory)[0] != 0))
    }

    fn output(&self, name: &str) -> f64 {
        let outputs = &self.full.full.outputs;
        let memory = outputs.iter().find(|(each, _)| each == name).map(|(_, memory)| *memory);
        memory.map_or(f64::NAN, |memory| read_real(self.programs.bytes(memory), self.real))
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
        self.params.iter().map(|(_, memory, _)| self.programs.bytes(*memory).to_vec()).collect()
    }

    /// Sets the trained parameters.
    pub(super) fn set_params(&mut self, params: &[Vec<u8>]) {
        for ((_, memory, _), bytes) in self.params.iter().zip(params) {
            self.programs.bytes_mut(*memory).copy_from_slice(bytes);
        }
    }

    /// Whether no parameter is NaN or infinite.
    pub(super) fn params_are_finite(&self) -> bool {
        self.params.iter().all(|(_, memory, _)| {
            let bytes = self.programs.bytes(*memory);
            match self.real {
                ElementType::F32 => bytemuck::cast_slice::<u8, f32>(bytes).iter().all(|value| value.is_finite()),
                _ => bytemuck::cast_slice::<u8, f64>(bytes).iter().all(|value| value.is_finite()),
            }
        })
    }

    /// Copies the trained parameters back to the session.
    pub(super) fn store(&self, session: &mut Session<'_>) {
        for (id, memory, ty) in &self.params {
            let bits = native::from_bytes(ty.element, self.programs.bytes(*memory));
            session.params[id.0 as usize] = Table { ty: ty.clone(), bits };
        }
    }
}

/// Memory and programs while the steps are made.
struct Builder {
    programs: Programs,
    memories: HashMap<Source, (MemoryId, TensorType)>,
    /// Outputs of one name share memory between the steps.
    outputs: HashMap<String, MemoryId>,
}

impl Builder {
    fn pair(
        &mut self,
        session: &mut Session<'_>,
        train: &Train,
        size: usize,
        whole: bool,
    ) -> Result<Pair, Box<Diagnostic>> {
        let quiet = self.step(session, train, size, whole, Report::Quiet)?;
        let full = self.step(session, train, size, whole, Report::Full)?;
        Ok(Pair { size, quiet, full })
    }

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
        Ok(Step { program, rows, step, epoch, stop, outputs })
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
