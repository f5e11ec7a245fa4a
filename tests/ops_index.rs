//! Random numbers, reductions over the mini-batch, known indices, and sums over windows.

#[allow(dead_code, reason = "each test file uses a part")]
#[path = "native/harness.rs"]
mod harness;
mod support;

use harness::compare;
use ndc::ir::{
    Axes, BatchReduction, Distribution, ElementType, Graph, NodeId, Op, Outside, Reduction, Shape, Steps, Table,
    TensorType,
};
use ndc::ops::arithmetic::{ADD, MULTIPLY, SUBTRACT};
use ndc::ops::structural::batch::batch;
use ndc::ops::structural::examples::batch_examples;
use ndc::ops::trigonometric::SIN;
use ndc::optimize::{Stage, optimize, simplify};
use ndc::runtime::random::{Key, mix_words};
use ndc::schedule::{Body, schedule};
use support::*;

fn integer(sizes: &[usize]) -> TensorType {
    TensorType::new(ElementType::I64, Shape::new(sizes))
}

fn words(sizes: &[usize], bits: Vec<u64>) -> Table {
    Table { ty: integer(sizes), bits }
}

#[test]
fn words_mix_into_the_streams_of_children() {
    let key = Key { seed: 1, stream: 99 };
    assert_eq!(mix_words(99, 5), key.child(5).stream);
    assert_ne!(mix_words(1, 2), mix_words(2, 1));
}

/// The golden stream: these numbers must never change, since programs are reproducible by their seeds.
#[test]
fn draws_are_the_numbers_of_their_keys() {
    for (count, scalar_code) in [(3, true), (1000, false)] {
        let mut graph = Graph::new();
        let (first, second) = (graph.input("a", integer(&[count])), graph.input("b", integer(&[count])));
        let keys = graph.mix(first, second);
        let mut drawn = Vec::new();
        for distribution in [Distribution::Uniform, Distribution::Normal] {
            for element in [ElementType::F64, ElementType::F32] {
                let node = graph.random(distribution, keys, element);
                graph.output(format!("{distribution:?} {element:?}"), node);
                drawn.push((distribution, element));
            }
        }
        graph.output("keys", keys);
        let mut random = Random(7);
        let inputs = [0, 1].map(|_| words(&[count], (0..count).map(|_| random.bits()).collect()));
        let values = ndc::eval::evaluate_tables(&graph, &inputs).unwrap();
        for place in 0..count {
            let mixed = mix_words(inputs[0].bits[place], inputs[1].bits[place]);
            assert_eq!(values[4].bits[place], mixed);
            let key = Key { seed: mixed, stream: 0x6472_6177 };
            for ((distribution, element), table) in drawn.iter().zip(&values) {
                let number = match distribution {
                    Distribution::Uniform => key.uniform(0),
                    Distribution::Normal => key.normal(0),
                };
                assert_eq!(table.bits[place], element.word(number));
            }
        }
        let plan = schedule(&graph);
        assert_eq!(plan.kernels.iter().all(|kernel| matches!(kernel.body, Body::Scalar(_))), scalar_code);
        compare(&graph, &inputs, "random numbers");
    }
}

#[test]
fn one_word_may_be_mixed_with_many() {
    let mut graph = Graph::new();
    let (seed, keys) = (graph.input("seed", integer(&[])), graph.input("keys", integer(&[300])));
    let all = graph.splat(seed, &Shape::new(&[300]));
    let (left, right) = (graph.mix(all, keys), graph.mix(keys, all));
    graph.output("left", left);
    graph.output("right", right);
    let drawn = graph.random(Distribution::Normal, all, ElementType::F64);
    graph.output("drawn", drawn);
    compare(&graph, &[words(&[], vec![42]), words(&[300], (0..300).collect())], "mixed with one word");
}

const REDUCTIONS: [(BatchReduction, [f64; 2]); 4] = [
    (BatchReduction::Sum, [6.0, 15.0]),
    (BatchReduction::Mean, [2.0, 5.0]),
    (BatchReduction::Max, [3.0, 6.0]),
    (BatchReduction::Min, [1.0, 4.0]),
];

#[test]
fn examples_are_reduced_by_batching() {
    for (reduction, expected) in REDUCTIONS {
        let mut graph = Graph::new();
        let rows = graph.input("x", real(&[3, 2]));
        let row = graph.placeholder(real(&[2]));
        let reduced = graph.batch_reduce(reduction, row);
        let sine = graph.pointwise(&SIN, &[reduced]);
        let difference = graph.pointwise(&SUBTRACT, &[row, reduced]);
        let at = [reals(&[3, 2], &[1.0, 4.0, 3.0, 5.0, 2.0, 6.0])];
        let batched = batch_examples(&mut graph, &[reduced, sine, difference], &[row], &[rows], 3);
        assert_eq!([batched[0].1, batched[1].1, batched[2].1], [false, false, true]);
        assert_eq!(value(&graph, &at, batched[0].0), expected);
        let centred: Vec<f64> =
            [1.0, 4.0, 3.0, 5.0, 2.0, 6.0].iter().zip(expected.iter().cycle()).map(|(x, m)| x - m).collect();
        assert_eq!(value(&graph, &at, batched[2].0), centred);
        // Over an index it stays what it is, for each value of the index.
        let (node, carried) = batch(&mut graph, &[reduced], &[row], &[rows], 3)[0];
        assert!(carried && graph.node(node).op == Op::BatchReduce(reduction) && graph.node(node).arguments[0] == rows);
    }
}

#[test]
fn what_is_the_same_for_all_examples_is_reduced_too() {
    for (reduction, expected) in [(BatchReduction::Sum, 20.0), (BatchReduction::Mean, 4.0), (BatchReduction::Max, 4.0)]
    {
        let mut graph = Graph::new();
        let x = graph.input("x", real(&[]));
        let reduced = graph.batch_reduce(reduction, x);
        let twice = graph.pointwise(&ADD, &[reduced, reduced]);
        let early = simplify(&mut graph, &[twice], Stage::BeforeDifferentiation);
        let (node, carried) = batch_examples(&mut graph, &early, &[], &[], 5)[0];
        assert!(!carried);
        assert_eq!(value(&graph, &[reals(&[], &[4.0])], node), [2.0 * expected]);
    }
    let mut graph = Graph::new();
    let one = graph.real(ElementType::F64, 1.0);
    let count = graph.batch_reduce(BatchReduction::Sum, one);
    let early = simplify(&mut graph, &[count], Stage::BeforeDifferentiation);
    let (node, _) = batch_examples(&mut graph, &early, &[], &[], 5)[0];
    assert_eq!(value(&graph, &[], node), [5.0]);
}

/// The derivative of the sum over all examples, found in the program of one example, is that of the whole.
#[test]
fn derivatives_pass_reductions_before_and_after_batching() {
    let mut random = Random(3);
    for (reduction, _) in REDUCTIONS {
        let mut graph = Graph::new();
        let rows = graph.input("x", real(&[4, 3]));
        let row = graph.placeholder(real(&[3]));
        let reduced = graph.batch_reduce(reduction, row);
        let product = graph.pointwise(&MULTIPLY, &[reduced, row]);
        let bent = graph.pointwise(&SIN, &[product]);
        let loss = graph.reduce_all(Reduction::Sum, bent);
        let own = gradients(&mut graph, loss, &[row])[0];
        let batched = batch_examples(&mut graph, &[loss, own], &[row], &[rows], 4);
        let total = graph.reduce_all(Reduction::Sum, batched[0].0);
        let whole = gradients(&mut graph, total, &[rows])[0];
        let at = random.tables(&graph);
        let (own, whole) = (value(&graph, &at, batched[1].0), value(&graph, &at, whole));
        assert!(own.iter().zip(&whole).all(|(a, b)| (a - b).abs() < 1e-12), "{reduction:?}: {own:?}, {whole:?}");
        let mut alone = Graph::new();
        let x = alone.input("x", real(&[3]));
        let node = alone.batch_reduce(reduction, x);
        let bent = alone.pointwise(&SIN, &[node]);
        let at = random.tables(&alone);
        check_twice(&alone, bent, &at, &mut random);
        alone.output("y", bent);
        compare(&alone, &at, "alone");
        assert!(optimize(&alone).ids().all(|id| !matches!(optimize(&alone).node(id).op, Op::BatchReduce(_))));
    }
}

/// A gather by a known table, optimised; it must give what it gave.
fn optimized_gather(indices: &[i64], shape: &[usize], outside: Outside) -> Graph {
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[9, 2]));
    let indices = integers(&mut graph, shape, indices);
    let rows = graph.gather_or(x, indices, 0, outside);
    graph.output("rows", rows);
    let simpler = optimize(&graph);
    let at = Random(5).tables(&graph);
    let values = |graph: &Graph| ndc::eval::evaluate_tables(graph, &at).expect("no faults");
    assert_eq!(values(&graph), values(&simpler));
    simpler
}

fn gathers(graph: &Graph) -> usize {
    graph.ids().filter(|id| matches!(graph.node(*id).op, Op::Gather { .. })).count()
}

#[test]
fn known_indices_in_equal_steps_are_views() {
    let error = Outside::Error;
    for (indices, shape, outside) in [
        (&[2, 4, 6][..], &[3][..], error),
        (&[7, 5, 3], &[3], error),
        (&[4, 4, 4], &[3], error),
        (&[5], &[], error),
        (&[1, 2, 3, 2, 3, 4], &[2, 3], error),
        (&[6, 5, 4, 7, 6, 5], &[2, 3], error),
        (&[-1, 0, 1, 0, 1, 2], &[2, 3], Outside::Zero),
        (&[10, 8, 6], &[3], Outside::Zero),
    ] {
        assert_eq!(gathers(&optimized_gather(indices, shape, outside)), 0, "{indices:?}");
    }
    assert_eq!(gathers(&optimized_gather(&[1, 2, 4], &[3], error)), 1);
    assert_eq!(gathers(&optimized_gather(&[-100, 0, 100], &[3], Outside::Zero)), 1);
}

#[test]
fn known_indices_outside_stay_faults() {
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[3]));
    let indices = graph.iota(0, Shape::new(&[4]));
    let rows = graph.gather(x, indices, 0);
    graph.output("rows", rows);
    assert_eq!(gathers(&optimize(&graph)), 1);
}

fn steps(start: u32, outer: u32, inner: u32) -> Steps {
    Steps { start, outer, inner }
}

/// `[sum(w[o, u, v, c] * x[i + u, j + v, c] for u, v, c) for i, j, o]`, optimised.
fn convolution(size: usize, width: usize, channels: [usize; 2]) -> (Graph, [NodeId; 3]) {
    let ([from, to], out) = (channels, size - width + 1);
    let mut graph = Graph::new();
    let image = graph.input("x", real(&[size, size, from]));
    let weights = graph.input("w", real(&[to, width, width, from]));
    let rows = graph.window(image, 0, [out, width], steps(0, 1, 1));
    let both = graph.window(rows, 2, [out, width], steps(0, 1, 1));
    let shape = Shape::new(&[out, out, to, width, width, from]);
    let places = graph.transpose(both, Axes::new([0, 2, 1, 3, 4]));
    let places = graph.broadcast(places, Axes::new([0, 1, 3, 4, 5]), &shape);
    let spread = graph.broadcast(weights, Axes::new([2, 3, 4, 5]), &shape);
    let product = graph.pointwise(&MULTIPLY, &[spread, places]);
    let sum = graph.reduce(Reduction::Sum, product, Axes::new([3, 4, 5]));
    (graph, [image, weights, sum])
}

#[test]
fn sums_over_windows_are_contractions_of_views() {
    let (mut graph, [image, weights, sum]) = convolution(9, 3, [2, 4]);
    let sum = simplify(&mut graph, &[sum], Stage::BeforeDifferentiation)[0];
    let total = graph.reduce_all(Reduction::Sum, sum);
    let slopes = gradients(&mut graph, total, &[image, weights]);
    graph.output("y", sum);
    graph.output("by image", slopes[0]);
    graph.output("by weights", slopes[1]);
    let graph = optimize(&graph);
    let contractions = graph.ids().filter(|id| matches!(graph.node(*id).op, Op::Contract { .. })).count();
    assert!(contractions >= 1, "{}", ndc::ir::print::print(&graph));
    let whole = |ty: &TensorType, random: &mut Random| {
        let values: Vec<f64> = (0..ty.shape.count()).map(|_| random.below(9) as f64 - 4.0).collect();
        ndc::ops::structural::table::reals(ty.element, ty.shape.clone(), &values)
    };
    let mut random = Random(11);
    let inputs: Vec<Table> = graph.inputs().iter().map(|input| whole(&input.ty, &mut random)).collect();
    compare(&graph, &inputs, "convolution");
}
