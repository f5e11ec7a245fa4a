//! What a gradient costs beside its value: time and memory of both, for the worked cases and the whole library.
//!
//! `cargo bench --bench gradients` prints one table, dearest first; a word after `--` chooses cases whose names have it.
//! With `--simplify` it compares gradients of values that were simplified before, after, both times and not at all.
//! Value and gradient run by turns, in memory that moves now and then, and the least time of many runs counts: so ratios hold
//! on a busy machine, and wherever buffers happen to lie (those a multiple of 4096 bytes apart hinder one another).

#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

mod costs;

use costs::Case;
use ndc::codegen::{BoundCall, compile};
use ndc::ir::Graph;
use ndc::optimize::optimize;
use ndc::runtime::math::double::{exp, log};
use ndc::schedule::{Schedule, schedule};
use ndc::session::native::to_bytes;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The time ratio that is aimed at.
const DEAR: f64 = 3.0;
/// The memory ratio that is aimed at where there are no loops.
const LARGE: f64 = 2.5;
/// How long one sample takes at least.
const SAMPLE: Duration = Duration::from_micros(20);
/// How long the samples of a case take in one place of memory.
const PLACE: Duration = Duration::from_millis(60);
const PLACES: usize = 7;
const LEAST_SAMPLES: usize = 3;
/// How many bytes more are taken before the memory of the next place.
const SHIFT: usize = 1216;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let variants = words.iter().any(|word| word == "--simplify");
    let chosen: Vec<&String> = words.iter().filter(|word| !word.starts_with("--")).collect();
    let wanted = |name: &str| chosen.iter().all(|word| name.contains(*word));
    let cases: Vec<Case> = costs::groups().iter().flat_map(|group| group.cases(wanted)).collect();
    if variants {
        print_variants(&cases);
    } else {
        print_costs(&cases);
    }
}

/// A program that runs again and again.
struct Program {
    call: BoundCall,
    inputs: Vec<Vec<u8>>,
    /// What keeps the memory of the call from lying where it lay before.
    shift: Vec<u8>,
    least: f64,
    bytes: usize,
    has_loop: bool,
    compilation: Duration,
    nodes: usize,
}

impl Program {
    fn new(case: &Case, graph: impl FnOnce() -> Graph) -> Self {
        let start = Instant::now();
        let graph = graph();
        let scheduled = schedule(&graph);
        let executable = compile(&scheduled).expect("native code");
        let compilation = start.elapsed();
        let call = BoundCall::new(Arc::new(executable));
        let inputs = case.inputs.iter().map(to_bytes).collect();
        let has_loop = !scheduled.bodies.is_empty();
        let nodes = graph.len();
        let (least, bytes) = (f64::INFINITY, memory(&scheduled));
        let mut program = Program { call, inputs, shift: Vec::new(), least, bytes, has_loop, compilation, nodes };
        program.place(0);
        program
    }

    /// Takes memory in another place.
    fn place(&mut self, number: usize) {
        self.shift = vec![0; number * SHIFT];
        self.call = BoundCall::new(self.call.executable().clone());
        for (index, bytes) in self.inputs.iter().enumerate() {
            self.call.input_mut(index).copy_from_slice(bytes);
        }
    }

    fn sample(&mut self, runs: usize) {
        let start = Instant::now();
        for _ in 0..runs {
            self.call.run().expect("a run");
        }
        self.least = self.least.min(start.elapsed().as_secs_f64() / runs as f64);
    }

    /// How many runs take as long as a sample should.
    fn runs(&mut self) -> usize {
        self.sample(1);
        self.sample(1);
        (SAMPLE.as_secs_f64() / self.least).ceil().max(1.0) as usize
    }
}

/// Inputs, outputs and workspace.
fn memory(schedule: &Schedule) -> usize {
    let ports = schedule.inputs.iter().chain(&schedule.outputs);
    ports.map(|port| port.ty.bytes()).sum::<usize>() + schedule.workspace_bytes
}

/// Runs programs by turns and keeps the least time of each.
fn measure(programs: &mut [Program]) {
    let runs: Vec<usize> = programs.iter_mut().map(Program::runs).collect();
    for place in 0..PLACES {
        programs.iter_mut().enumerate().for_each(|(number, program)| program.place(place + number));
        let start = Instant::now();
        let mut samples = 0;
        while samples < LEAST_SAMPLES || start.elapsed() < PLACE {
            for (program, runs) in programs.iter_mut().zip(&runs) {
                program.sample(*runs);
            }
            samples += 1;
        }
    }
}

fn print_costs(cases: &[Case]) {
    let mut rows: Vec<(f64, String)> = cases.iter().map(cost).collect();
    rows.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    println!("{:42} {:>10} {:>10} {:>8} {:>8}", "case", "value ns", "grad ns", "time", "memory");
    rows.iter().for_each(|(_, row)| println!("{row}"));
    let over = rows.iter().filter(|(ratio, _)| *ratio > DEAR).count();
    println!("{} cases, {over} over {DEAR} in time", rows.len());
}

fn cost(case: &Case) -> (f64, String) {
    let value = Program::new(case, || optimize(&case.value()));
    let gradient = Program::new(case, || optimize(&case.gradient(true)));
    let mut programs = [value, gradient];
    measure(&mut programs);
    let [value, gradient] = programs;
    let ratio = gradient.least / value.least;
    let memory = gradient.bytes as f64 / value.bytes as f64;
    let dear = if ratio > DEAR { "*" } else { " " };
    let large = match (memory > LARGE, gradient.has_loop) {
        (true, false) => "*",
        (true, true) => "l",
        _ => " ",
    };
    let (before, after) = (value.least * 1e9, gradient.least * 1e9);
    (ratio, format!("{:42} {before:10.0} {after:10.0} {ratio:7.2}{dear} {memory:7.2}{large}", case.name))
}

/// Times of the gradient, its graph's nodes and the time to make native code, by when graphs are simplified.
fn print_variants(cases: &[Case]) {
    println!(
        "{:42} {:>10} {:>7} {:>7} {:>7} | {:>22} | {:>27}",
        "case", "both ns", "after", "before", "never", "nodes", "compilation ms"
    );
    let mut products = [0.0; 3];
    for case in cases {
        let variants: [(bool, bool); 4] = [(true, true), (false, true), (true, false), (false, false)];
        let mut programs = variants.map(|(before, after)| {
            Program::new(case, || {
                let graph = case.gradient(before);
                if after { optimize(&graph) } else { graph }
            })
        });
        measure(&mut programs);
        let times = [0, 1, 2, 3].map(|at| programs[at].least / programs[0].least);
        products.iter_mut().zip(&times[1..]).for_each(|(product, time)| *product += log(*time));
        let nodes = programs.each_ref().map(|program| program.nodes.to_string()).join(" ");
        let compilation =
            programs.each_ref().map(|program| format!("{:.1}", program.compilation.as_secs_f64() * 1e3)).join(" ");
        println!(
            "{:42} {:10.0} {:7.2} {:7.2} {:7.2} | {nodes:>22} | {compilation:>27}",
            case.name,
            programs[0].least * 1e9,
            times[1],
            times[2],
            times[3],
        );
    }
    let [after, before, never] = products.map(|product| exp(product / cases.len() as f64));
    println!("geometric means: after only {after:.3}, before only {before:.3}, never {never:.3}");
}
