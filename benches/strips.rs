//! Elementwise programs in strips: values with gradients, and updates of parameters, at lengths that fit the first cache,
//! the second, and none.
//!
//! `sum(tanh(a x + b) exp(-c x²))` is workload `k` of the peers' `limits.cpp`: its figure there is the limit to compare with.

#![allow(clippy::print_stdout, reason = "the figures are the result")]

use ndc::autodiff::reverse;
use ndc::codegen::{BoundCall, compile};
use ndc::ir::{ElementType, Graph, NodeId, Reduction, Shape, TensorType};
use ndc::ops::arithmetic::{ADD, DIVIDE, MULTIPLY, NEGATE, SUBTRACT};
use ndc::ops::exponential::EXP;
use ndc::ops::roots::SQRT;
use ndc::ops::trigonometric::TANH;
use ndc::optimize::optimize;
use ndc::schedule::schedule;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

/// Seconds of a batch of runs.
const BATCH: f64 = 0.001;
/// Seconds of all batches.
const LONG: f64 = 1.0;

fn input(graph: &mut Graph, name: &str, element: ElementType, sizes: &[usize]) -> NodeId {
    graph.input(name, TensorType::new(element, Shape::new(sizes)))
}

/// `sum(tanh(a x + b) exp(-c x²))` with its derivatives by all four.
fn wave(count: usize) -> Graph {
    let mut graph = Graph::new();
    let x = input(&mut graph, "x", ElementType::F32, &[count]);
    let scalars = ["a", "b", "c"].map(|name| input(&mut graph, name, ElementType::F32, &[]));
    let shape = Shape::new(&[count]);
    let [a, b, c] = scalars.map(|scalar| graph.splat(scalar, &shape));
    let ax = graph.pointwise(&MULTIPLY, &[a, x]);
    let inner = graph.pointwise(&ADD, &[ax, b]);
    let tanh = graph.pointwise(&TANH, &[inner]);
    let squared = graph.pointwise(&MULTIPLY, &[x, x]);
    let negative = graph.pointwise(&NEGATE, &[c]);
    let scaled = graph.pointwise(&MULTIPLY, &[negative, squared]);
    let exp = graph.pointwise(&EXP, &[scaled]);
    let product = graph.pointwise(&MULTIPLY, &[tanh, exp]);
    let sum = graph.reduce_all(Reduction::Sum, product);
    let one = graph.constant_like(sum, 1.0);
    let gradients = reverse(&mut graph, sum, one, &[x, scalars[0], scalars[1], scalars[2]]);
    graph.output("sum", sum);
    for gradient in gradients {
        graph.output("gradient", gradient);
    }
    optimize(&graph)
}

/// Adam's update of a parameter of so many elements from its gradient, in place.
fn adam(count: usize) -> Graph {
    let mut graph = Graph::new();
    let element = ElementType::F32;
    let shape = Shape::new(&[count]);
    let [w, m, v, g] = ["w", "m", "v", "g"].map(|name| input(&mut graph, name, element, &[count]));
    let [first, second] = ["first", "second"].map(|name| input(&mut graph, name, element, &[]));
    let [first, second] = [first, second].map(|scalar| graph.splat(scalar, &shape));
    let mut scaled = |value: NodeId, by: f64| {
        let by = graph.constant_like(value, by);
        graph.pointwise(&MULTIPLY, &[value, by])
    };
    let (kept, fresh) = (scaled(m, 0.9), scaled(g, 0.1));
    let kept_square = scaled(v, 0.999);
    let square = graph.pointwise(&MULTIPLY, &[g, g]);
    let by = graph.constant_like(square, 0.001);
    let square = graph.pointwise(&MULTIPLY, &[square, by]);
    let mean = graph.pointwise(&ADD, &[kept, fresh]);
    let mean_square = graph.pointwise(&ADD, &[kept_square, square]);
    let [mean_now, square_now] =
        [(mean, first), (mean_square, second)].map(|(value, by)| graph.pointwise(&MULTIPLY, &[value, by]));
    let root = graph.pointwise(&SQRT, &[square_now]);
    let least = graph.constant_like(root, 1e-8);
    let root = graph.pointwise(&ADD, &[root, least]);
    let step = graph.pointwise(&DIVIDE, &[mean_now, root]);
    let next = graph.pointwise(&SUBTRACT, &[w, step]);
    for (index, node) in [(0, next), (1, mean), (2, mean_square)] {
        graph.updating_output("next", node, index);
    }
    optimize(&graph)
}

fn bound(graph: &Graph) -> BoundCall {
    let mut call = BoundCall::new(Arc::new(compile(&schedule(graph)).expect("compiles")));
    for (index, node) in graph.inputs().iter().enumerate() {
        let values = (0..node.ty.shape.count()).map(|place| ((place * 37 % 1001) as f32 + 1.0) / 400.0);
        let bytes: Vec<u8> = values.flat_map(f32::to_ne_bytes).collect();
        call.input_mut(index).copy_from_slice(&bytes);
    }
    call
}

/// The least time of one run in seconds, over batches that a busy machine leaves alone now and then.
fn least(mut run: impl FnMut()) -> f64 {
    let timed = |run: &mut dyn FnMut(), times: u32| {
        let start = Instant::now();
        (0..times).for_each(|_| run());
        start.elapsed().as_secs_f64() / f64::from(times)
    };
    timed(&mut run, 1);
    let times = (BATCH / timed(&mut run, 1)).clamp(1.0, 1e6) as u32;
    let (start, mut least) = (Instant::now(), f64::INFINITY);
    while start.elapsed().as_secs_f64() < LONG {
        least = least.min(timed(&mut run, times));
    }
    least
}

fn main() {
    for (name, program) in [("wave and gradient", wave as fn(usize) -> Graph), ("adam", adam)] {
        for count in [1_000, 100_000, 10_000_000] {
            let graph = program(count);
            let mut call = bound(&graph);
            let run = least(|| {
                let _ = black_box(call.run());
            });
            let compile = least(|| {
                black_box(compile(&schedule(black_box(&graph))).is_ok());
            });
            let each = run / count as f64 * 1e9;
            println!("{name:20} {count:>9}: {each:6.3} ns an element, compiled in {:.0} us", compile * 1e6);
        }
    }
}
