//! A program bound to values of its inputs, run for a while without and with a clock.

use super::{Profile, kernels, run_error};
use crate::check::program::Progress;
use crate::codegen::{Executable, MemoryId, ProgramId, Programs, compile, compile_timed};
use crate::diagnostics::Diagnostic;
use crate::ir::{ElementType, Graph, Table};
use crate::lower::Source;
use crate::optimize::optimize;
use crate::runtime::clock::Lapse;
use crate::schedule::{Schedule, schedule};
use crate::session::native::{internal, to_bytes};
use crate::source::Span;
use crate::train::Rows;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The least time of a round. What else the machine does falls into some rounds; the least time of all rounds counts.
const ROUND: Duration = Duration::from_millis(1);

/// What an input gets.
pub(super) enum Given {
    /// One value.
    Value(Table),
    /// The rows of the examples of each step.
    Rows,
    /// The number of each step.
    Step,
    /// The number of the epoch of each step.
    Epoch,
}

impl Given {
    /// What a source of a training step gets.
    pub(super) fn of(source: Source, table: Table) -> Self {
        match source {
            Source::Rows => Given::Rows,
            Source::Progress(Progress::Step) => Given::Step,
            Source::Progress(Progress::Plateau | Progress::Share) => Given::Value(table),
            Source::Progress(_) => Given::Epoch,
            _ => Given::Value(table),
        }
    }
}

/// What changes from step to step.
#[derive(Clone)]
pub(super) struct Feed {
    rows: Rows,
    step: u64,
}

impl Feed {
    /// Steps of full batches in their order.
    pub(super) fn new(rows: Rows) -> Self {
        Feed { rows, step: 0 }
    }
}

/// A schedule that was run.
pub(super) struct Measured {
    schedule: Schedule,
    runs: u64,
    seconds: f64,
    lapses: Vec<Lapse>,
}

impl Measured {
    /// With the kernels by name.
    pub(super) fn profile(self, title: String, span: Option<Span>, unit: &'static str) -> Profile {
        Profile {
            title,
            span,
            unit,
            seconds: self.seconds,
            runs: self.runs,
            workspace_bytes: self.schedule.workspace_bytes,
            kernels: kernels::times(&self.schedule, &self.lapses),
        }
    }
}

/// Runs a graph for so long, half of it with a clock.
pub(super) fn measure(
    graph: &Graph,
    given: Vec<Given>,
    feed: Option<Feed>,
    time: Duration,
) -> Result<Measured, Box<Diagnostic>> {
    let schedule = schedule(&optimize(graph));
    let plain = compile(&schedule).map_err(internal)?;
    let (timed, clock) = compile_timed(&schedule).map_err(internal)?;
    let mut run = Run::new(plain, &given, feed.clone())?;
    let (turns, mut seconds) = (run.warm()?, Vec::new());
    run.rounds(turns, time / 2, |each| seconds.push(each))?;
    let runs = turns * seconds.len() as u64;
    // The same memory again: where tensors lie changes times.
    drop(run);
    let mut run = Run::new(timed, &given, feed)?;
    let (turns, mut rounds) = (run.warm()?, Vec::new());
    clock.reset();
    run.rounds(turns, time / 2, |_| {
        rounds.push(clock.lapses(turns));
        clock.reset();
    })?;
    let lapses = (0..rounds[0].len()).map(|part| least(rounds.iter().map(|round| round[part]))).collect();
    Ok(Measured { schedule, runs, seconds: seconds.into_iter().fold(f64::INFINITY, f64::min), lapses })
}

/// The least time, and the mean of the counts.
fn least(lapses: impl ExactSizeIterator<Item = Lapse> + Clone) -> Lapse {
    let rounds = lapses.len() as f64;
    let count = lapses.clone().map(|lapse| lapse.count).sum::<f64>() / rounds;
    Lapse { seconds: lapses.map(|lapse| lapse.seconds).fold(f64::INFINITY, f64::min), count }
}

/// Native code on memory of its own.
struct Run {
    programs: Programs,
    program: ProgramId,
    feed: Option<Feed>,
    rows: Option<MemoryId>,
    step: Option<(MemoryId, ElementType)>,
    epoch: Option<(MemoryId, ElementType)>,
}

impl Run {
    fn new(executable: Executable, given: &[Given], feed: Option<Feed>) -> Result<Self, Box<Diagnostic>> {
        let mut programs = Programs::new();
        let (mut rows, mut step, mut epoch) = (None, None, None);
        let mut inputs = Vec::with_capacity(given.len());
        for (given, port) in given.iter().zip(executable.inputs()) {
            let memory = programs.memory(port.ty.bytes());
            inputs.push(memory);
            match given {
                Given::Value(table) => programs.bytes_mut(memory).copy_from_slice(&to_bytes(table)),
                Given::Rows => rows = Some(memory),
                Given::Step => step = Some((memory, port.ty.element)),
                Given::Epoch => epoch = Some((memory, port.ty.element)),
            }
        }
        let own = executable.outputs().iter().filter(|port| port.updates.is_none());
        let outputs: Vec<MemoryId> = own.map(|port| programs.memory(port.ty.bytes())).collect();
        let program = programs.bind(Arc::new(executable), &inputs, &outputs).map_err(internal)?;
        Ok(Run { programs, program, feed, rows, step, epoch })
    }

    fn once(&mut self) -> Result<(), Box<Diagnostic>> {
        self.feed();
        self.programs.run(self.program).map_err(run_error)
    }

    /// Runs until all is in the caches: how many runs fill a round.
    fn warm(&mut self) -> Result<u64, Box<Diagnostic>> {
        let mut turns = 1;
        loop {
            let begun = Instant::now();
            self.turns(turns)?;
            if begun.elapsed() > ROUND / 2 {
                return Ok(turns);
            }
            turns *= 2;
        }
    }

    /// Rounds of so many runs for at least so long; tells of each the seconds of one run.
    fn rounds(&mut self, turns: u64, time: Duration, mut tell: impl FnMut(f64)) -> Result<(), Box<Diagnostic>> {
        let first = Instant::now();
        loop {
            let begun = Instant::now();
            self.turns(turns)?;
            tell(begun.elapsed().as_secs_f64() / turns as f64);
            if first.elapsed() >= time {
                return Ok(());
            }
        }
    }

    fn turns(&mut self, turns: u64) -> Result<(), Box<Diagnostic>> {
        (0..turns).try_for_each(|_| self.once())
    }

    /// Sets what changes from step to step.
    fn feed(&mut self) {
        let Some(feed) = &mut self.feed else { return };
        feed.step += 1;
        let epoch = feed.rows.epoch();
        let full = feed.rows.batch();
        let mut batch = feed.rows.next_batch();
        if batch.len() < full {
            batch = feed.rows.next_batch();
        }
        if let Some(memory) = self.rows {
            self.programs.bytes_mut(memory).copy_from_slice(bytemuck::cast_slice(batch));
        }
        for (place, value) in [(self.step, feed.step), (self.epoch, epoch)] {
            if let Some((memory, element)) = place {
                let bytes = element.word(value as f64).to_ne_bytes();
                self.programs.bytes_mut(memory).copy_from_slice(&bytes[..element.bytes()]);
            }
        }
    }
}
