//! Running and compiling typical small programs.

use criterion::{Criterion, criterion_group, criterion_main};
use ndc::autodiff::reverse;
use ndc::codegen::{BoundCall, compile};
use ndc::ir::{Axes, ElementType, Graph, NodeId, Reduction, Shape, TensorType};
use ndc::ops::activation::SIGMOID;
use ndc::ops::arithmetic::{ADD, MULTIPLY, NEGATE, SUBTRACT};
use ndc::ops::choice::MAX;
use ndc::ops::exponential::EXP;
use ndc::ops::trigonometric::TANH;
use ndc::optimize::optimize;
use ndc::schedule::schedule;
use std::hint::black_box;
use std::sync::Arc;

fn input(graph: &mut Graph, name: &str, element: ElementType, sizes: &[usize]) -> NodeId {
    graph.input(name, TensorType::new(element, Shape::new(sizes)))
}

/// `parameter - rate * gradient` in place.
fn descend(graph: &mut Graph, loss: NodeId, parameters: &[(NodeId, u32)], rate: f64) {
    let one = graph.constant_like(loss, 1.0);
    let nodes: Vec<NodeId> = parameters.iter().map(|parameter| parameter.0).collect();
    let gradients = reverse(graph, loss, one, &nodes);
    for ((parameter, input), gradient) in parameters.iter().zip(gradients) {
        let rate = graph.constant_like(gradient, rate);
        let step = graph.pointwise(&MULTIPLY, &[rate, gradient]);
        let next = graph.pointwise(&SUBTRACT, &[*parameter, step]);
        graph.updating_output(format!("next{input}"), next, *input);
    }
}

/// `sigmoid(x W + b)` with `W` as [out, in]; `x` is [in] or [rows, in].
fn layer(graph: &mut Graph, x: NodeId, weights: NodeId, bias: NodeId) -> NodeId {
    let product = graph.contract(x, weights, 0, 1);
    let shape = graph.ty(product).shape.clone();
    let bias = graph.broadcast(bias, Axes::new([shape.rank() - 1]), &shape);
    let sum = graph.pointwise(&ADD, &[product, bias]);
    graph.pointwise(&SIGMOID, &[sum])
}

/// A full-batch step of logistic regression.
pub fn logistic(rows: usize, columns: usize) -> Graph {
    let mut graph = Graph::new();
    let element = ElementType::F64;
    let x = input(&mut graph, "x", element, &[rows, columns]);
    let y = input(&mut graph, "y", element, &[rows]);
    let w = input(&mut graph, "w", element, &[columns]);
    let b = input(&mut graph, "b", element, &[]);
    let product = graph.contract(x, w, 0, 1);
    let shape = graph.ty(product).shape.clone();
    let bias = graph.splat(b, &shape);
    let sum = graph.pointwise(&ADD, &[product, bias]);
    let p = graph.pointwise(&SIGMOID, &[sum]);
    let error = graph.pointwise(&SUBTRACT, &[p, y]);
    let scale = graph.constant_like(error, 0.1 / rows as f64);
    let error = graph.pointwise(&MULTIPLY, &[error, scale]);
    let columns_first = graph.transpose(x, Axes::new([1, 0]));
    let dw = graph.contract(columns_first, error, 0, 1);
    let db = graph.reduce_all(Reduction::Sum, error);
    for (index, parameter, gradient) in [(2, w, dw), (3, b, db)] {
        let next = graph.pointwise(&SUBTRACT, &[parameter, gradient]);
        graph.updating_output(format!("next{index}"), next, index);
    }
    graph
}

/// A training step of a sigmoid network under the squared error; `rows` of 0 is a single sample without an axis.
pub fn network(sizes: &[usize], rows: usize, element: ElementType) -> Graph {
    let mut graph = Graph::new();
    let row = |size: usize| if rows == 0 { vec![size] } else { vec![rows, size] };
    let mut value = input(&mut graph, "x", element, &row(sizes[0]));
    let target = input(&mut graph, "y", element, &row(sizes[sizes.len() - 1]));
    let mut parameters = Vec::new();
    for pair in sizes.windows(2) {
        let place = 2 + parameters.len() as u32;
        let weights = input(&mut graph, "w", element, &[pair[1], pair[0]]);
        let bias = input(&mut graph, "b", element, &[pair[1]]);
        parameters.extend([(weights, place), (bias, place + 1)]);
        value = layer(&mut graph, value, weights, bias);
    }
    let error = graph.pointwise(&SUBTRACT, &[value, target]);
    let squared = graph.pointwise(&MULTIPLY, &[error, error]);
    let loss = graph.reduce_all(Reduction::Sum, squared);
    descend(&mut graph, loss, &parameters, 0.01);
    optimize(&graph)
}

/// `sum of tanh(a x + b) exp(-c x²)`
pub fn wave(count: usize) -> Graph {
    let mut graph = Graph::new();
    let x = input(&mut graph, "x", ElementType::F32, &[count]);
    let [a, b, c] = [1.25, 0.5, 0.75].map(|value| graph.constant_like(x, value));
    let ax = graph.pointwise(&MULTIPLY, &[a, x]);
    let inner = graph.pointwise(&ADD, &[ax, b]);
    let tanh = graph.pointwise(&TANH, &[inner]);
    let squared = graph.pointwise(&MULTIPLY, &[x, x]);
    let scaled = graph.pointwise(&MULTIPLY, &[c, squared]);
    let negative = graph.pointwise(&NEGATE, &[scaled]);
    let exp = graph.pointwise(&EXP, &[negative]);
    let product = graph.pointwise(&MULTIPLY, &[tanh, exp]);
    let sum = graph.reduce_all(Reduction::Sum, product);
    graph.output("sum", sum);
    graph
}

/// `(x + y) * max(y, z)` and its gradient.
fn scalar_gradient() -> Graph {
    let mut graph = Graph::new();
    let [x, y, z] = ["x", "y", "z"].map(|name| input(&mut graph, name, ElementType::F64, &[]));
    let (sum, greater) = (graph.pointwise(&ADD, &[x, y]), graph.pointwise(&MAX, &[y, z]));
    let value = graph.pointwise(&MULTIPLY, &[sum, greater]);
    graph.output("value", value);
    let one = graph.constant_like(value, 1.0);
    for gradient in reverse(&mut graph, value, one, &[x, y, z]) {
        graph.output("gradient", gradient);
    }
    optimize(&graph)
}

/// A call as a program has it: inputs set, outputs read.
fn call(criterion: &mut Criterion) {
    let mut gradient = bound(&scalar_gradient());
    let point = [2.0_f64, 3.0, 1.0];
    criterion.bench_function("call of a scalar gradient", |bencher| {
        bencher.iter(|| {
            for (place, number) in black_box(point).iter().enumerate() {
                gradient.input_mut(place).copy_from_slice(&number.to_ne_bytes());
            }
            gradient.run().expect("no run-time error");
            let read = |output: usize| f64::from_ne_bytes(gradient.output(output).try_into().expect("eight bytes"));
            [0, 1, 2, 3].map(read)
        });
    });
}

/// A scalar program of about so many operations.
pub fn straight_line(operations: usize) -> Graph {
    let mut graph = Graph::new();
    let mut values: Vec<NodeId> =
        (0..4).map(|index| input(&mut graph, &format!("x{index}"), ElementType::F64, &[])).collect();
    let mut state = 1usize;
    while graph.len() < operations {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let back = values.len().min(40);
        let (a, b) = (values[values.len() - 1], values[values.len() - 1 - (state >> 33) % back]);
        let operation = [&ADD, &MULTIPLY, &SUBTRACT][(state >> 20) % 3];
        let value = graph.pointwise(operation, &[a, b]);
        values.push(value);
    }
    let last = values[values.len() - 1];
    graph.output("y", last);
    graph
}

fn bound(graph: &Graph) -> BoundCall {
    let mut call = BoundCall::new(Arc::new(compile(&schedule(graph)).expect("compiles")));
    for (index, node) in graph.inputs().iter().enumerate() {
        let reals = (0..node.ty.shape.count()).map(|place| ((place * 37 % 101) as f64 - 50.0) / 100.0);
        let bytes: Vec<u8> = match node.ty.element {
            ElementType::F32 => reals.flat_map(|real| (real as f32).to_ne_bytes()).collect(),
            _ => reals.flat_map(f64::to_ne_bytes).collect(),
        };
        call.input_mut(index).copy_from_slice(&bytes);
    }
    call
}

fn run(criterion: &mut Criterion) {
    let programs = [
        ("logistic 150x3 f64 step", logistic(150, 3)),
        ("net 2-2-3-2 f64 step", network(&[2, 2, 3, 2], 0, ElementType::F64)),
        ("mlp 784-16-16-10 x32 f32 step", network(&[784, 16, 16, 10], 32, ElementType::F32)),
        ("mlp 6-10-5-3 x300 f64 step", network(&[6, 10, 5, 3], 300, ElementType::F64)),
        ("wave sum 1000000 f32", wave(1_000_000)),
    ];
    for (name, graph) in programs {
        let mut call = bound(&graph);
        criterion.bench_function(name, |bencher| bencher.iter(|| black_box(call.run())));
    }
}

fn compilation(criterion: &mut Criterion) {
    let programs = [
        ("compile net 2-2-3-2", network(&[2, 2, 3, 2], 0, ElementType::F64)),
        ("compile mlp 784-16-16-10", network(&[784, 16, 16, 10], 32, ElementType::F32)),
        ("compile 200 scalar operations", straight_line(200)),
        ("compile 10000 scalar operations", straight_line(10_000)),
        ("compile 1000000 scalar operations", straight_line(1_000_000)),
    ];
    for (name, graph) in programs {
        criterion.bench_function(name, |bencher| bencher.iter(|| compile(&schedule(black_box(&graph)))));
    }
}

criterion_group! {
    name = native;
    config = Criterion::default().sample_size(20).warm_up_time(std::time::Duration::from_millis(300)).measurement_time(std::time::Duration::from_secs(1));
    targets = call, run, compilation
}
criterion_main!(native);
