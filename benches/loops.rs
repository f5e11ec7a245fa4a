//! Loops with scalar states, beside the same loops in Rust; and the gradient through a million steps, beside the loop alone.
#![allow(clippy::print_stdout, reason = "a bench prints its table")]

use criterion::{Criterion, criterion_group, criterion_main};
use ndc::autodiff::reverse;
use ndc::codegen::{BoundCall, compile};
use ndc::ir::{ElementType, Ends, Graph, Loop, NodeId, Pointwise, TensorType};
use ndc::ops::arithmetic::{ADD, DIVIDE, MULTIPLY, SUBTRACT};
use ndc::ops::choice::TO_F64;
use ndc::ops::exponential::EXP;
use ndc::optimize::optimize;
use ndc::runtime::math::double as math;
use ndc::schedule::schedule;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

const STEPS: usize = 10_000;

/// A program of one loop over real scalars: its inputs are the initial states, then what every step sees; its outputs are
/// the last states.
fn program(
    steps: usize,
    states: usize,
    whole: usize,
    write: impl FnOnce(&mut Writer, NodeId, &[NodeId]) -> Vec<NodeId>,
) -> Graph {
    let real = TensorType::scalar(ElementType::F64);
    let mut body = Writer(Graph::new());
    let step = body.0.input("step", TensorType::scalar(ElementType::I64));
    let held: Vec<NodeId> = (0..states + whole).map(|_| body.0.input("held", real.clone())).collect();
    for next in write(&mut body, step, &held) {
        body.0.output("next", next);
    }
    let body = Arc::new(optimize(&body.0));
    let run = Loop { body, trips: steps, states, sequences: 0, backward: false, ends: Ends::AfterTrips };
    let mut graph = Graph::new();
    let first: Vec<NodeId> = (0..states + whole).map(|_| graph.input("first", real.clone())).collect();
    let node = graph.run_loop(Arc::new(run), &first);
    for state in 0..states {
        let last = graph.result(node, state);
        graph.output("last", last);
    }
    graph
}

fn bound(graph: &Graph) -> BoundCall {
    BoundCall::new(Arc::new(compile(&schedule(&optimize(graph))).expect("native code")))
}

/// Writes scalar expressions.
struct Writer(Graph);

impl Writer {
    fn apply(&mut self, definition: &'static Pointwise, a: NodeId, b: NodeId) -> NodeId {
        self.0.pointwise(definition, &[a, b])
    }

    fn real(&mut self, value: f64) -> NodeId {
        self.0.real(ElementType::F64, value)
    }

    /// `scale * (v - middle)`
    fn line(&mut self, v: NodeId, scale: f64, middle: f64) -> NodeId {
        let (scale, middle) = (self.real(scale), self.real(middle));
        let distance = self.apply(&SUBTRACT, v, middle);
        self.apply(&MULTIPLY, scale, distance)
    }

    fn exp(&mut self, x: NodeId) -> NodeId {
        self.0.pointwise(&EXP, &[x])
    }

    /// `gate + dt * (a * (1 - gate) - b * gate)`
    fn gate(&mut self, gate: NodeId, a: NodeId, b: NodeId) -> NodeId {
        let (one, dt) = (self.real(1.0), self.real(DT));
        let closed = self.apply(&SUBTRACT, one, gate);
        let opening = self.apply(&MULTIPLY, a, closed);
        let closing = self.apply(&MULTIPLY, b, gate);
        let change = self.apply(&SUBTRACT, opening, closing);
        let change = self.apply(&MULTIPLY, dt, change);
        self.apply(&ADD, gate, change)
    }
}

const DT: f64 = 0.01;

fn gate_in_rust(gate: f64, a: f64, b: f64) -> f64 {
    gate + DT * (a * (1.0 - gate) - b * gate)
}

fn rate_in_rust(v: f64, scale: f64, middle: f64, slope: f64) -> f64 {
    scale * (v - middle) / (1.0 - math::exp(slope * (v - middle)))
}

/// A neuron of Hodgkin and Huxley, one Euler step.
fn neuron_in_rust([v, m, h, n]: [f64; 4]) -> [f64; 4] {
    let next_m = gate_in_rust(m, rate_in_rust(v, 0.1, -40.0, -0.1), 4.0 * math::exp(-0.055 * (v - -65.0)));
    let a = 0.07 * math::exp(-0.05 * (v - -65.0));
    let b = 1.0 / (1.0 + math::exp(-0.1 * (v - -35.0)));
    let next_h = gate_in_rust(h, a, b);
    let next_n = gate_in_rust(n, rate_in_rust(v, 0.01, -55.0, -0.1), 0.125 * math::exp(-0.0125 * (v - -65.0)));
    let sodium = 120.0 * m * m * m * h * (v - 50.0);
    let potassium = 36.0 * n * n * n * n * (v - -77.0);
    let leak = 0.3 * (v - -54.4);
    [v + DT * (10.0 - sodium - potassium - leak), next_m, next_h, next_n]
}

fn neuron(g: &mut Writer, held: &[NodeId]) -> Vec<NodeId> {
    let [v, m, h, n, injected] = held[..] else { unreachable!("four states and a current") };
    let one = g.real(1.0);
    let rate = |g: &mut Writer, scale, middle, slope| {
        let (above, exponent) = (g.line(v, scale, middle), g.line(v, slope, middle));
        let grown = g.exp(exponent);
        let below = g.apply(&SUBTRACT, one, grown);
        g.apply(&DIVIDE, above, below)
    };
    let decay = |g: &mut Writer, scale, slope| {
        let exponent = g.line(v, slope, -65.0);
        let (scale, grown) = (g.real(scale), g.exp(exponent));
        g.apply(&MULTIPLY, scale, grown)
    };
    let (a, b) = (rate(g, 0.1, -40.0, -0.1), decay(g, 4.0, -0.055));
    let next_m = g.gate(m, a, b);
    let a = decay(g, 0.07, -0.05);
    let exponent = g.line(v, -0.1, -35.0);
    let grown = g.exp(exponent);
    let sum = g.apply(&ADD, one, grown);
    let b = g.apply(&DIVIDE, one, sum);
    let next_h = g.gate(h, a, b);
    let (a, b) = (rate(g, 0.01, -55.0, -0.1), decay(g, 0.125, -0.0125));
    let next_n = g.gate(n, a, b);
    let current = |g: &mut Writer, scale, gates: &[NodeId], reversal| {
        let scale = g.real(scale);
        let open = gates.iter().fold(scale, |open, gate| g.apply(&MULTIPLY, open, *gate));
        let drive = g.line(v, 1.0, reversal);
        g.apply(&MULTIPLY, open, drive)
    };
    let currents =
        [current(g, 120.0, &[m, m, m, h], 50.0), current(g, 36.0, &[n, n, n, n], -77.0), current(g, 0.3, &[], -54.4)];
    let total = currents.iter().fold(injected, |total, current| g.apply(&SUBTRACT, total, *current));
    let dt = g.real(DT);
    let change = g.apply(&MULTIPLY, dt, total);
    vec![g.apply(&ADD, v, change), next_m, next_h, next_n]
}

fn loops(criterion: &mut Criterion) {
    let mut fold = bound(&program(STEPS, 1, 0, |g, step, held| {
        let (decay, gain) = (g.real(0.999), g.real(1e-3));
        let t = g.0.pointwise(&TO_F64, &[step]);
        let (kept, added) = (g.apply(&MULTIPLY, decay, held[0]), g.apply(&MULTIPLY, gain, t));
        vec![g.apply(&ADD, kept, added)]
    }));
    let mut group = criterion.benchmark_group("loops of 10000 steps");
    group.bench_function("linear recurrence", |bencher| bencher.iter(|| fold.run()));
    group.bench_function("linear recurrence in Rust", |bencher| {
        bencher.iter(|| (0..STEPS).fold(black_box(0.0), |s, t| 0.999 * s + 1e-3 * t as f64));
    });
    let mut cell = bound(&program(STEPS, 4, 1, |g, _, held| neuron(g, held)));
    let first = [-65.0, 0.05, 0.6, 0.32];
    give(&mut cell, &first);
    group.bench_function("neuron", |bencher| bencher.iter(|| cell.run()));
    group.bench_function("neuron in Rust", |bencher| {
        bencher.iter(|| (0..STEPS).fold(black_box(first), |state, _| neuron_in_rust(state)));
    });
    group.finish();
}

/// The initial states of the neuron, and the injected current.
fn give(cell: &mut BoundCall, first: &[f64]) {
    for (place, value) in first.iter().chain(&[10.0]).enumerate() {
        cell.input_mut(place).copy_from_slice(&f64::to_ne_bytes(*value));
    }
}

/// Seconds of one call, the least of some.
fn seconds(call: &mut BoundCall) -> f64 {
    let once = |call: &mut BoundCall| {
        let start = Instant::now();
        call.run().expect("no run-time error");
        start.elapsed().as_secs_f64()
    };
    (0..7).map(|_| once(call)).fold(f64::INFINITY, f64::min)
}

/// The gradient of the neuron's last voltage by its initial states and the current, for several budgets: its time as a
/// multiple of that of the loop alone, and its memory. The issue asks for at most 3.5 times, and 64 MiB for 1,000,000
/// steps.
fn gradient_through_many_steps() {
    println!("gradient through a neuron's steps: budget, times the loop alone, workspace");
    for (steps, budgets) in
        [(1_000_000, &[48 << 20, 1 << 20, 1 << 14, 1 << 10][..]), (10_000_000, &[48 << 20, 1 << 20])]
    {
        let forward = program(steps, 4, 1, |g, _, held| neuron(g, held));
        let mut alone = bound(&forward);
        give(&mut alone, &[-65.0, 0.05, 0.6, 0.32]);
        for budget in budgets {
            let mut graph = forward.clone();
            graph.loop_memory = Some(*budget);
            let (voltage, wrt) = (graph.output_nodes()[0], graph.input_nodes());
            let one = graph.constant_like(voltage, 1.0);
            graph.clear_outputs();
            for node in reverse(&mut graph, voltage, one, &wrt) {
                graph.output("gradient", node);
            }
            let mut gradient = bound(&graph);
            give(&mut gradient, &[-65.0, 0.05, 0.6, 0.32]);
            let times = seconds(&mut gradient) / seconds(&mut alone);
            let bytes = schedule(&optimize(&graph)).workspace_bytes as f64;
            println!("{steps:>9} steps {:>10} KiB {times:>6.2} {:>10.1} KiB", budget >> 10, bytes / 1024.0);
        }
    }
}

fn gradients(_: &mut Criterion) {
    gradient_through_many_steps();
}

criterion_group!(benches, gradients, loops);
criterion_main!(benches);
