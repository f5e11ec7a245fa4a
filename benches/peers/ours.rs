//! The nd program of a row, ready to run.

use crate::folder::repository;
use crate::rows::{Figure, Row, Way};
use crate::values::{self, Array};
use ndc::check::Options;
use ndc::check::program::Action;
use ndc::check::subject::Subject;
use ndc::codegen::{BoundCall, Executable, MemoryId, ProgramId, Programs};
use ndc::data::FileLoader;
use ndc::diagnostics::Diagnostic;
use ndc::diagnostics::render::{MessageFormat, render};
use ndc::driver::{Asked, check_file, check_question, on_large_stack};
use ndc::ir::Graph;
use ndc::lower::subject::lower_function;
use ndc::lower::training::{Report, lower_step};
use ndc::schedule::Port;
use ndc::session::{Session, native};
use ndc::source::SourceMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

/// A program and where it stands.
pub struct Ours {
    kind: Kind,
    /// From the source to native code, in seconds.
    pub compilation: f64,
}

enum Kind {
    Steps(Steps),
    Call(Box<BoundCall>),
    Process(PathBuf),
}

/// A step on its memories, bound once for each batch.
struct Steps {
    programs: Programs,
    batches: Vec<ProgramId>,
    next: usize,
    /// The results by name.
    results: Vec<(Port, MemoryId)>,
    /// The first values of what steps replace.
    start: Vec<(MemoryId, Vec<u8>)>,
}

impl Ours {
    /// Compiles the program of a row and sets its values.
    pub fn new(row: &Row, values: Option<&Path>) -> Self {
        let begun = Instant::now();
        let (executable, mut arrays) = match row.way {
            Way::Run => {
                return Ours { kind: Kind::Process(repository().join("examples").join(row.file)), compilation: 0.0 };
            }
            Way::Train => training(row),
            Way::Step | Way::Call => (function(row), Vec::new()),
        };
        let compilation = begun.elapsed().as_secs_f64();
        if let Some(values) = values {
            arrays.splice(0..0, values::read(values));
        }
        let kind = match row.way {
            Way::Call => Kind::Call(Box::new(call(executable, &arrays))),
            _ => Kind::Steps(Steps::new(executable, &arrays)),
        };
        Ours { kind, compilation }
    }

    /// One step.
    #[inline]
    pub fn step(&mut self) {
        match &mut self.kind {
            Kind::Steps(steps) => steps.step(),
            Kind::Call(call) => run_call(call),
            Kind::Process(file) => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_ndc"));
                let status = command.arg("run").arg(&*file).stdout(Stdio::null()).stderr(Stdio::null()).status();
                assert!(status.expect("ndc").success(), "{}", file.display());
            }
        }
    }

    /// The figures that are compared with the peers', each with the size that differences are relative to.
    pub fn check(&mut self, row: &Row) -> Vec<(f64, f64)> {
        if let Kind::Steps(steps) = &mut self.kind {
            steps.restart();
            (0..row.check.steps).for_each(|_| steps.step());
        }
        if row.way == Way::Run {
            return Vec::new();
        }
        let results = self.results();
        let of = |figure: &Figure| figures(&results, *figure);
        row.check.figures.iter().flat_map(of).collect()
    }

    fn results(&self) -> Vec<(String, Vec<f64>)> {
        match &self.kind {
            Kind::Steps(steps) => {
                let result = |(port, memory): &(Port, MemoryId)| result(port, steps.programs.bytes(*memory));
                steps.results.iter().map(result).collect()
            }
            Kind::Call(call) => {
                let ports = call.executable().outputs().iter().enumerate();
                ports.map(|(place, port)| result(port, call.output(place))).collect()
            }
            Kind::Process(_) => Vec::new(),
        }
    }
}

fn result(port: &Port, bytes: &[u8]) -> (String, Vec<f64>) {
    let element = port.ty.element;
    (port.name.clone(), native::from_bytes(element, bytes).into_iter().map(|word| element.number(word)).collect())
}

fn figures(results: &[(String, Vec<f64>)], figure: Figure) -> Vec<(f64, f64)> {
    match figure {
        Figure::Elements(name) => {
            let (_, values) = results.iter().find(|(each, _)| each == name).expect("a result of this name");
            values.iter().map(|value| (*value, value.abs())).collect()
        }
        Figure::Sums(prefix) => {
            let chosen = results.iter().filter(|(name, _)| name.starts_with(prefix));
            let values: Vec<f64> = chosen.flat_map(|(_, values)| values.iter().copied()).collect();
            let magnitude = values.iter().map(|value| value.abs()).sum::<f64>();
            vec![(values.iter().sum(), magnitude), (magnitude, magnitude)]
        }
    }
}

impl Steps {
    fn new(executable: Arc<Executable>, arrays: &[Array]) -> Self {
        let mut programs = Programs::new();
        // For each input, a memory or one for each batch.
        let mut inputs: Vec<Vec<MemoryId>> = Vec::new();
        let given = !arrays.is_empty();
        for (place, port) in executable.inputs().iter().enumerate() {
            let sample;
            let array = match arrays.iter().find(|array| array.name == port.name) {
                Some(array) => array,
                None => {
                    sample = values::sample(port, given || state(&executable, place));
                    &sample
                }
            };
            let mut memories = Vec::new();
            for bytes in array.batches(&port.ty) {
                memories.push(programs.memory(bytes.len()));
                programs.bytes_mut(memories[memories.len() - 1]).copy_from_slice(bytes);
            }
            inputs.push(memories);
        }
        let mut results: Vec<(Port, MemoryId)> = Vec::new();
        for port in executable.outputs() {
            let memory = match port.updates {
                Some(input) => inputs[input as usize][0],
                None => programs.memory(port.ty.bytes()),
            };
            results.push((port.clone(), memory));
        }
        let own = results.iter().filter(|(port, _)| port.updates.is_none());
        let outputs: Vec<MemoryId> = own.map(|(_, memory)| *memory).collect();
        let count = inputs.iter().map(Vec::len).max().unwrap_or(1);
        let bind = |batch: usize| {
            let memories: Vec<MemoryId> = inputs.iter().map(|each| each[batch.min(each.len() - 1)]).collect();
            programs.bind(executable.clone(), &memories, &outputs).expect("memories that fit")
        };
        let batches = (0..count).map(bind).collect();
        let replaced = results.iter().filter(|(port, _)| port.updates.is_some());
        let start = replaced.map(|(_, memory)| (*memory, programs.bytes(*memory).to_vec())).collect();
        Steps { programs, batches, next: 0, results, start }
    }

    #[inline]
    fn step(&mut self) {
        self.programs.run(self.batches[self.next]).expect("a step");
        self.next += 1;
        if self.next == self.batches.len() {
            self.next = 0;
        }
    }

    fn restart(&mut self) {
        self.next = 0;
        for (memory, bytes) in &self.start {
            self.programs.bytes_mut(*memory).copy_from_slice(bytes);
        }
    }
}

/// Whether an input is the state of an optimiser, which begins with zeros.
fn state(executable: &Executable, input: usize) -> bool {
    executable.replaced_by(input).is_some() && !executable.inputs()[input].name.starts_with("p.")
}

fn call(executable: Arc<Executable>, arrays: &[Array]) -> BoundCall {
    let mut call = BoundCall::new(executable.clone());
    for (place, port) in executable.inputs().iter().enumerate() {
        if let Some(array) = arrays.iter().find(|array| array.name == port.name) {
            call.input_mut(place).copy_from_slice(array.batches(&port.ty)[0]);
        }
    }
    call
}

/// Sets every argument to what it is, runs, and reads every result; all are single numbers.
#[inline]
fn run_call(call: &mut BoundCall) {
    for place in 0..call.executable().inputs().len() {
        let bytes: [u8; 8] = call.input(place).try_into().expect("a number");
        call.input_mut(place).copy_from_slice(&black_box(bytes));
    }
    call.run().expect("a call");
    for place in 0..call.executable().outputs().len() {
        black_box(call.output(place));
    }
}

/// Native code of the function `step` of the row's file.
fn function(row: &Row) -> Arc<Executable> {
    let sizes: Vec<(String, i64)> = row.sizes.iter().map(|(name, size)| (name.to_string(), *size)).collect();
    let loader = &mut FileLoader::new();
    let asked = Asked { question: "step", sizes: &sizes, ..Asked::default() };
    let (checked, subject) = check_question(&path(row), asked, loader, Options::default());
    let Some(Subject::Function(function)) = subject.filter(|_| !checked.has_errors()) else {
        fail(&checked.diagnostics, &checked.sources)
    };
    let lowered = on_large_stack(|| lower_function(&checked.program, &function));
    native::executable(&replacing(&lowered.graph)).unwrap_or_else(|error| fail(&[*error], &checked.sources))
}

fn path(row: &Row) -> PathBuf {
    repository().join("benches/peers").join(row.file)
}

/// The graph of `step` with results that replace the arguments of their names.
fn replacing(graph: &Graph) -> Graph {
    let mut replaced = graph.clone();
    replaced.clear_outputs();
    for output in graph.outputs() {
        let name = output.name.strip_prefix("step.").unwrap_or(&output.name);
        match graph.inputs().iter().position(|input| input.name == name) {
            Some(input) => replaced.updating_output(name, output.node, input as u32),
            None => replaced.output(name, output.node),
        }
    }
    replaced
}

/// Native code of a step of the file's first `train` on all examples, and the values that it begins with.
fn training(row: &Row) -> (Arc<Executable>, Vec<Array>) {
    let checked = check_file(&path(row), &mut FileLoader::new(), Options::default());
    if checked.has_errors() {
        fail(&checked.diagnostics, &checked.sources);
    }
    let program = &checked.program;
    let train = program.actions.iter().find_map(|action| match action {
        Action::Train(train) => Some(train),
        _ => None,
    });
    let train = train.expect("a training");
    let examples = train.data.map_or(1, |data| program.data[data.0 as usize].rows);
    let lowered = on_large_stack(|| lower_step(program, train, examples, true, Report::Full));
    let inputs = Session::new(program).and_then(|mut session| session.step_inputs(train, &lowered.sources));
    let inputs = inputs.unwrap_or_else(|error| fail(&[*error], &checked.sources));
    let arrays = lowered.graph.inputs().iter().zip(&inputs).map(|(input, table)| values::of_table(&input.name, table));
    let executable = native::executable(&lowered.graph).unwrap_or_else(|error| fail(&[*error], &checked.sources));
    (executable, arrays.collect())
}

fn fail(diagnostics: &[Diagnostic], sources: &SourceMap) -> ! {
    panic!("{}", render(diagnostics, sources, MessageFormat::Full, false))
}
