//! Loops with scalar states, beside the same loops in Rust.

use criterion::{Criterion, criterion_group, criterion_main};
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

const STEPS: usize = 10_000;

/// A program of one loop over real scalars; its inputs are the initial states.
fn program(states: usize, write: impl FnOnce(&mut Writer, NodeId, &[NodeId]) -> Vec<NodeId>) -> BoundCall {
    let real = TensorType::scalar(ElementType::F64);
    let mut body = Writer(Graph::new());
    let step = body.0.input("step", TensorType::scalar(ElementType::I64));
    let held: Vec<NodeId> = (0..states).map(|_| body.0.input("state", real.clone())).collect();
    for next in write(&mut body, step, &held) {
        body.0.output("next", next);
    }
    let body = Arc::new(optimize(&body.0));
    let run = Loop { body, trips: STEPS, states, sequences: 0, backward: false, ends: Ends::AfterTrips };
    let mut graph = Graph::new();
    let first: Vec<NodeId> = (0..states).map(|_| graph.input("first", real.clone())).collect();
    let node = graph.run_loop(Arc::new(run), &first);
    for state in 0..states {
        let last = graph.result(node, state);
        graph.output("last", last);
    }
    BoundCall::new(Arc::new(compile(&schedule(&graph)).expect("native code")))
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
    let [v, m, h, n] = held[..] else { unreachable!("four states") };
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
    let injected = g.real(10.0);
    let total = currents.iter().fold(injected, |total, current| g.apply(&SUBTRACT, total, *current));
    let dt = g.real(DT);
    let change = g.apply(&MULTIPLY, dt, total);
    vec![g.apply(&ADD, v, change), next_m, next_h, next_n]
}

fn loops(criterion: &mut Criterion) {
    let mut fold = program(1, |g, step, held| {
        let (decay, gain) = (g.real(0.999), g.real(1e-3));
        let t = g.0.pointwise(&TO_F64, &[step]);
        let (kept, added) = (g.apply(&MULTIPLY, decay, held[0]), g.apply(&MULTIPLY, gain, t));
        vec![g.apply(&ADD, kept, added)]
    });
    let mut group = criterion.benchmark_group("loops of 10000 steps");
    group.bench_function("linear recurrence", |bencher| bencher.iter(|| fold.run()));
    group.bench_function("linear recurrence in Rust", |bencher| {
        bencher.iter(|| (0..STEPS).fold(black_box(0.0), |s, t| 0.999 * s + 1e-3 * t as f64));
    });
    let mut cell = program(4, |g, _, held| neuron(g, held));
    let first = [-65.0, 0.05, 0.6, 0.32];
    for (place, value) in first.iter().enumerate() {
        cell.input_mut(place).copy_from_slice(&f64::to_ne_bytes(*value));
    }
    group.bench_function("neuron", |bencher| bencher.iter(|| cell.run()));
    group.bench_function("neuron in Rust", |bencher| {
        bencher.iter(|| (0..STEPS).fold(black_box(first), |state, _| neuron_in_rust(state)));
    });
    group.finish();
}

criterion_group!(benches, loops);
criterion_main!(benches);
