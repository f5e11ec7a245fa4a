//! Optimisation keeps values, on random graphs with their adjoints, and finds what it is meant to find.

mod support;

use ndc::eval::evaluate_tables;
use ndc::ir::{Axes, ElementType, Graph, NodeId, Op, Reduction, Shape, Table, TensorType};
use ndc::ops::arithmetic::{ABSOLUTE, ADD, DIVIDE, MULTIPLY, NEGATE, POWER, ROUTED_MULTIPLY, SUBTRACT};
use ndc::ops::choice::{MAX, SELECT, STOP_GRADIENT};
use ndc::ops::comparison::{GREATER, NOT};
use ndc::ops::exponential::EXP;
use ndc::ops::structural::table;
use ndc::optimize::{Stage, optimize, rules, simplify};
use support::*;

fn close(actual: &Table, expected: &Table) -> bool {
    let (actual, expected) = (table::numbers(actual), table::numbers(expected));
    let scale = expected.iter().filter(|x| x.is_finite()).fold(1e-300_f64, |scale, x| scale.max(x.abs()));
    actual.len() == expected.len()
        && actual
            .iter()
            .zip(&expected)
            .all(|(a, b)| a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-12 * scale.max(1.0))
}

fn same_values(graph: &Graph, random: &mut Random) {
    let at = random.tables(graph);
    let optimized = optimize(graph);
    let evaluate = |graph: &Graph| evaluate_tables(graph, &at).expect("real arithmetic has no faults");
    let (before, after) = (evaluate(graph), evaluate(&optimized));
    for (place, (before, after)) in before.iter().zip(&after).enumerate() {
        assert!(
            close(after, before),
            "output {place}: {:?} became {:?}\n{}\n{}",
            table::numbers(before),
            table::numbers(after),
            ndc::ir::print::print(graph),
            ndc::ir::print::print(&optimized)
        );
    }
}

/// A random real node made from earlier ones.
fn grow(graph: &mut Graph, pool: &[NodeId], random: &mut Random) -> NodeId {
    let x = pool[random.below(pool.len())];
    let shape = graph.ty(x).shape.clone();
    let rank = shape.rank();
    let axis = if rank > 0 { random.below(rank) } else { 0 };
    let size = if rank > 0 { shape[axis] } else { 0 };
    let constant = [0.0, -0.0, 1.0, -1.0, 2.0, 0.5][random.below(6)];
    let mates: Vec<NodeId> = pool.iter().copied().filter(|node| graph.ty(*node).shape == shape).collect();
    let y = if random.below(3) == 0 { graph.constant_like(x, constant) } else { mates[random.below(mates.len())] };
    match random.below(18) {
        0 => graph.pointwise(&ADD, &[x, y]),
        1 | 2 => graph.pointwise(&MULTIPLY, &[y, x]),
        3 => graph.pointwise(&SUBTRACT, &[x, y]),
        4 => graph.pointwise(&NEGATE, &[x]),
        5 => {
            let c = graph.constant_like(x, [1.0, 2.0, 4.0, 3.0][random.below(4)]);
            graph.pointwise(&DIVIDE, &[x, c])
        }
        6 => {
            let positive = graph.pointwise(&GREATER, &[x, y]);
            let condition = if random.below(2) == 0 { positive } else { graph.pointwise(&NOT, &[positive]) };
            graph.pointwise(&SELECT, &[condition, x, y])
        }
        7 => graph.pointwise(&MAX, &[x, y]),
        8 => {
            let c = graph.constant_like(x, [0.0, 1.0, 2.0, -1.0][random.below(4)]);
            graph.pointwise(&POWER, &[x, c])
        }
        9 if rank > 0 && size > 0 => {
            let step = 1 + random.below(2);
            let start = random.below(size);
            graph.slice(x, axis, start, step, (size - start).div_ceil(step))
        }
        10 if rank > 0 => {
            let step = 1 + random.below(2);
            graph.pad(x, axis, random.below(2), step, 1 + size.saturating_sub(1) * step + 1 + random.below(2))
        }
        11 if rank > 0 => graph.concatenate(&[x, y], axis),
        12 if rank > 0 => {
            let reduction = [Reduction::Sum, Reduction::Sum, Reduction::Max][random.below(3)];
            graph.reduce(reduction, x, Axes::new([axis]))
        }
        13 if rank < 4 && shape.count() <= 64 => {
            let place = random.below(rank + 1);
            let mut sizes = shape.sizes().to_vec();
            sizes.insert(place, 1 + random.below(3));
            let axes = Axes::new((0..=rank).filter(|axis| *axis != place));
            graph.broadcast(x, axes, &Shape::new(&sizes))
        }
        14 if rank > 1 => graph.transpose(x, Axes::new((0..rank).rev())),
        15 if rank > 0 => graph.reverse(x, axis),
        16 => graph.pointwise(&EXP, &[x]),
        _ => graph.reshape(x, &Shape::new(&[shape.count()])),
    }
}

#[test]
fn random_graphs_keep_their_values() {
    for seed in 0..300 {
        let mut random = Random(seed);
        let mut graph = Graph::new();
        let mut pool = vec![graph.input("a", real(&[2, 3])), graph.input("b", real(&[3]))];
        pool.push(graph.input("c", real(&[2, 3])));
        for _ in 0..14 {
            let node = grow(&mut graph, &pool, &mut random);
            // Large values would turn differences of rounding into differences of size.
            let bounded = graph.pointwise(&ndc::ops::trigonometric::SIN, &[node]);
            pool.push(if random.below(4) == 0 { bounded } else { node });
        }
        let last = *pool.last().unwrap();
        let bounded = graph.pointwise(&ndc::ops::trigonometric::TANH, &[last]);
        let output = weighted_sum(&mut graph, bounded, &mut random);
        graph.output("value", output);
        same_values(&graph, &mut random);
        let wrt = inputs(&graph);
        for gradient in gradients(&mut graph, output, &wrt) {
            graph.output("gradient", gradient);
        }
        same_values(&graph, &mut random);
    }
}

/// The optimised form of one node of a graph.
fn optimized(graph: &mut Graph, node: NodeId) -> Graph {
    graph.output("y", node);
    let result = optimize(graph);
    let mut random = Random(9);
    same_values(graph, &mut random);
    result
}

fn result_op(graph: &Graph) -> Op {
    graph.node(graph.outputs()[0].node).op
}

fn computing_nodes(graph: &Graph) -> usize {
    graph.ids().filter(|id| !graph.node(*id).arguments.is_empty()).count()
}

/// `sum(a * b)` of tensors repeated to one shape, folded along some axes.
fn sum_of_product(graph: &mut Graph, shape: &[usize], factors: &[(NodeId, &[usize])], folded: &[usize]) -> NodeId {
    let shape = Shape::new(shape);
    let spread: Vec<NodeId> = factors
        .iter()
        .map(|(source, axes)| graph.broadcast(*source, Axes::new(axes.iter().copied()), &shape))
        .collect();
    let product = spread[1..].iter().fold(spread[0], |product, each| graph.pointwise(&MULTIPLY, &[product, *each]));
    graph.reduce(Reduction::Sum, product, Axes::new(folded.iter().copied()))
}

#[test]
fn a_layer_in_index_notation_is_one_contraction() {
    let mut graph = Graph::new();
    let (weights, x) = (graph.input("W", real(&[10, 7])), graph.input("x", real(&[7])));
    let sum = sum_of_product(&mut graph, &[10, 7], &[(weights, &[0, 1]), (x, &[1])], &[1]);
    let result = optimized(&mut graph, sum);
    assert_eq!(result_op(&result), Op::Contract { batch: 0, contract: 1 });
    assert_eq!(computing_nodes(&result), 1);
}

#[test]
fn a_matrix_product_in_index_notation_is_one_contraction() {
    let mut graph = Graph::new();
    let (a, b) = (graph.input("A", real(&[4, 5])), graph.input("B", real(&[3, 5])));
    let sum = sum_of_product(&mut graph, &[4, 3, 5], &[(a, &[0, 2]), (b, &[1, 2])], &[2]);
    let result = optimized(&mut graph, sum);
    assert_eq!(result_op(&result), Op::Contract { batch: 0, contract: 1 });
    assert_eq!(computing_nodes(&result), 1);
}

#[test]
fn attention_weights_are_a_batched_contraction() {
    let mut graph = Graph::new();
    let (a, v) = (graph.input("A", real(&[2, 4, 5])), graph.input("v", real(&[2, 5, 3])));
    // [sum(A[h, i, j] * v[h, j, e] for j) for h, i, e], with a factor that does not depend on j
    let scale = graph.input("s", real(&[2]));
    let turned = graph.transpose(v, Axes::new([0, 2, 1]));
    let sum = sum_of_product(&mut graph, &[2, 4, 3, 5], &[(a, &[0, 1, 3]), (turned, &[0, 2, 3]), (scale, &[0])], &[3]);
    let result = optimized(&mut graph, sum);
    let contracts = |id: &NodeId| result.node(*id).op == Op::Contract { batch: 1, contract: 1 };
    assert_eq!(result.ids().filter(contracts).count(), 1, "{}", ndc::ir::print::print(&result));
    assert!(!result.ids().any(|id| matches!(result.node(id).op, Op::Reduce(..))));
}

#[test]
fn inner_products_stay_sums() {
    let mut graph = Graph::new();
    let (a, b) = (graph.input("a", real(&[6])), graph.input("b", real(&[6])));
    let sum = sum_of_product(&mut graph, &[6], &[(a, &[0]), (b, &[0])], &[0]);
    let result = optimized(&mut graph, sum);
    assert!(matches!(result_op(&result), Op::Reduce(Reduction::Sum, _)));
}

/// The multiplications of all contractions.
fn multiplications(graph: &Graph) -> usize {
    let of = |id: NodeId| match graph.node(id).op {
        Op::Contract { contract, .. } => {
            let left = &graph.ty(graph.node(id).arguments[0]).shape;
            let inner = &left.sizes()[left.rank() - usize::from(contract)..];
            graph.ty(id).shape.count() * inner.iter().product::<usize>()
        }
        _ => 0,
    };
    graph.ids().map(of).sum()
}

fn transposed(graph: &mut Graph, matrix: NodeId) -> NodeId {
    graph.transpose(matrix, Axes::new([1, 0]))
}

/// `a @ b` of matrices.
fn matrix_product(graph: &mut Graph, a: NodeId, b: NodeId) -> NodeId {
    let b = transposed(graph, b);
    graph.contract(a, b, 0, 1)
}

#[test]
fn products_of_several_are_computed_in_the_cheapest_order() {
    let mut graph = Graph::new();
    let [a, b] = ["A", "B"].map(|name| graph.input(name, real(&[9, 9])));
    let x = graph.input("x", real(&[9]));
    let product = matrix_product(&mut graph, a, b);
    let whole = matrix_product(&mut graph, product, product);
    let vector = graph.contract(whole, x, 0, 1);
    let result = optimized(&mut graph, vector);
    assert_eq!(multiplications(&result), 4 * 81);
    assert!(result.remarks().iter().any(|remark| remark.text.contains("324 multiplications in place of")));
}

#[test]
fn thin_matrices_between_wide_ones_are_multiplied_first_and_keep_their_axes() {
    let mut graph = Graph::new();
    let sizes = [[12, 2], [2, 12], [12, 3], [3, 5]];
    let [a, b, c, d] = std::array::from_fn(|place| graph.input(format!("M{place}"), real(&sizes[place])));
    let left = matrix_product(&mut graph, a, b);
    let (turned, right) = (transposed(&mut graph, left), matrix_product(&mut graph, c, d));
    let back = transposed(&mut graph, turned);
    let product = matrix_product(&mut graph, back, right);
    let turned = transposed(&mut graph, product);
    let result = optimized(&mut graph, turned);
    assert_eq!(multiplications(&result), 2 * 12 * 3 + 2 * 3 * 5 + 12 * 2 * 5, "{}", ndc::ir::print::print(&result));
}

#[test]
fn batches_of_products_are_ordered_too() {
    let mut graph = Graph::new();
    let [q, k, v] = ["q", "k", "v"].map(|name| graph.input(name, real(&[3, 16, 2])));
    let scores = graph.contract(q, k, 1, 1);
    let turned = graph.transpose(v, Axes::new([0, 2, 1]));
    let values = graph.contract(scores, turned, 1, 1);
    let result = optimized(&mut graph, values);
    assert_eq!(multiplications(&result), 3 * 2 * (16 * 2 * 2));
}

#[test]
fn orders_that_gain_little_stay() {
    let mut graph = Graph::new();
    let [a, b, c] = ["A", "B", "C"].map(|name| graph.input(name, real(&[4, 4])));
    let left = matrix_product(&mut graph, a, b);
    let product = matrix_product(&mut graph, left, c);
    let result = optimized(&mut graph, product);
    assert!(result.remarks().is_empty());
    assert_eq!(multiplications(&result), 128);
}

/// `x` becomes `A @ B @ x` at each of so many steps.
fn loop_of_products(graph: &mut Graph, trips: usize) -> NodeId {
    let [a, b] = ["A", "B"].map(|name| graph.input(name, real(&[6, 6])));
    let x = graph.input("x", real(&[6]));
    let mut body = Graph::new();
    body.input("step", TensorType::scalar(ElementType::I64));
    let state = body.input("x", real(&[6]));
    let [inner_a, inner_b] = ["A", "B"].map(|name| body.input(name, real(&[6, 6])));
    let product = matrix_product(&mut body, inner_a, inner_b);
    let next = body.contract(product, state, 0, 1);
    body.output("x", next);
    let run = ndc::ir::Loop {
        body: std::sync::Arc::new(body),
        trips,
        states: 1,
        sequences: 0,
        backward: false,
        ends: ndc::ir::Ends::AfterTrips,
    };
    let node = graph.run_loop(std::sync::Arc::new(run), &[x, a, b]);
    graph.result(node, 0)
}

#[test]
fn products_that_no_step_changes_are_computed_once_before_the_loop() {
    let mut graph = Graph::new();
    let last = loop_of_products(&mut graph, 100);
    let result = optimized(&mut graph, last);
    assert_eq!(multiplications(&result), 6 * 6 * 6);
    let run = result.ids().find_map(|id| result.loop_of(id)).expect("a loop");
    assert_eq!(multiplications(&run.body), 6 * 6);
}

#[test]
fn traces_sums_and_diagonals_of_products_need_no_product() {
    type Write = fn(&mut Graph, NodeId) -> NodeId;
    let cases: [(&str, Write); 3] = [
        ("sum", |graph, product| graph.reduce_all(Reduction::Sum, product)),
        ("diagonal", |graph, product| {
            let row = graph.reshape(product, &Shape::new(&[49]));
            graph.slice(row, 0, 0, 8, 7)
        }),
        ("trace", |graph, product| {
            let turned = transposed(graph, product);
            let row = graph.reshape(turned, &Shape::new(&[49]));
            let diagonal = graph.slice(row, 0, 0, 8, 7);
            graph.reduce_all(Reduction::Sum, diagonal)
        }),
    ];
    for (name, write) in cases {
        let mut graph = Graph::new();
        let [a, b] = ["A", "B"].map(|name| graph.input(name, real(&[7, 7])));
        let product = matrix_product(&mut graph, a, b);
        let node = write(&mut graph, product);
        let result = optimized(&mut graph, node);
        assert_eq!(multiplications(&result), 0, "{name}\n{}", ndc::ir::print::print(&result));
        let largest = result.ids().map(|id| result.ty(id).shape.count()).max();
        assert_eq!(largest, Some(49), "{name}");
    }
}

/// A network of two layers and its loss.
fn network(graph: &mut Graph) -> (NodeId, [NodeId; 2]) {
    let (x, first) = (graph.input("x", real(&[6, 5])), graph.input("V", real(&[4, 5])));
    let second = graph.input("W", real(&[3, 4]));
    let hidden = graph.contract(x, first, 0, 1);
    let hidden = graph.pointwise(&ndc::ops::trigonometric::TANH, &[hidden]);
    let output = graph.contract(hidden, second, 0, 1);
    let squared = graph.pointwise(&MULTIPLY, &[output, output]);
    (graph.reduce_all(Reduction::Sum, squared), [first, second])
}

#[test]
fn a_gradient_by_one_parameter_does_not_compute_the_others() {
    let products = |chosen: &[usize]| {
        let mut graph = Graph::new();
        let (loss, parameters) = network(&mut graph);
        let all = gradients(&mut graph, loss, &parameters);
        chosen.iter().for_each(|place| graph.output(format!("gradient {place}"), all[*place]));
        let result = optimize(&graph);
        result.ids().filter(|id| matches!(result.node(*id).op, Op::Contract { .. })).count()
    };
    // Two on the way there, one for each gradient, one back to the first layer.
    assert_eq!(products(&[0, 1]), 5);
    assert_eq!(products(&[1]), 3);
    assert_eq!(products(&[0]), 4);
}

#[test]
fn one_element_of_a_tensor_takes_one_element_of_work() {
    let mut graph = Graph::new();
    let (x, bias) = (graph.input("x", real(&[8, 5])), graph.input("b", real(&[5])));
    let spread = graph.broadcast(bias, Axes::new([1]), &Shape::new(&[8, 5]));
    let sum = graph.pointwise(&ADD, &[x, spread]);
    let function = graph.pointwise(&EXP, &[sum]);
    let turned = transposed(&mut graph, function);
    let row = graph.slice(turned, 1, 3, 1, 1);
    let row = graph.reshape(row, &Shape::new(&[5]));
    let element = graph.slice(row, 0, 2, 1, 1);
    let element = graph.reshape(element, &Shape::new(&[]));
    let result = optimized(&mut graph, element);
    for id in result.ids().filter(|id| result.pointwise_of(*id).is_some()) {
        assert_eq!(result.ty(id).shape.count(), 1, "{}", ndc::ir::print::print(&result));
    }
}

#[test]
fn a_part_of_a_long_chain_is_taken_at_its_beginning() {
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[50]));
    let mut y = x;
    for _ in 0..20 {
        y = graph.pointwise(&ndc::ops::trigonometric::SIN, &[y]);
    }
    let part = graph.slice(y, 0, 7, 1, 2);
    let result = optimized(&mut graph, part);
    assert!(result.ids().all(|id| result.pointwise_of(id).is_none() || result.ty(id).shape.count() == 2));
}

#[test]
fn what_is_read_as_a_whole_too_is_computed_once() {
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[8]));
    let function = graph.pointwise(&EXP, &[x]);
    let part = graph.slice(function, 0, 2, 1, 3);
    graph.output("whole", function);
    let result = optimized(&mut graph, part);
    assert_eq!(result.ids().filter(|id| result.pointwise_of(*id).is_some()).count(), 1);
}

#[test]
fn fast_math_is_told() {
    let mut graph = Graph::new();
    let (x, y) = (graph.input("x", real(&[3])), graph.input("y", real(&[3])));
    let quotient = graph.pointwise(&DIVIDE, &[x, y]);
    let quotient = graph.pointwise(&DIVIDE, &[quotient, y]);
    graph.output("y", quotient);
    assert!(optimize(&graph).remarks().is_empty());
    graph.fast_math = true;
    let result = optimize(&graph);
    let told: Vec<&str> = result.remarks().iter().map(|remark| remark.text.as_str()).collect();
    assert_eq!(told, ["--fast-math: a / b = a * (1 / b); 2 times"]);
    assert!(result.fast_math, "later passes know");
}

#[test]
fn the_adjoint_of_a_layer_is_contractions_only() {
    let mut graph = Graph::new();
    let (weights, x) = (graph.input("W", real(&[10, 7])), graph.input("x", real(&[32, 7])));
    let sum = sum_of_product(&mut graph, &[32, 10, 7], &[(x, &[0, 2]), (weights, &[1, 2])], &[2]);
    let output = graph.input("g", real(&[32, 10]));
    let gradient = ndc::autodiff::reverse(&mut graph, sum, output, &[weights])[0];
    let result = optimized(&mut graph, gradient);
    let reductions = result.ids().filter(|id| matches!(result.node(*id).op, Op::Reduce(..))).count();
    assert_eq!(reductions, 0, "{}", ndc::ir::print::print(&result));
}

#[test]
fn negative_zero_is_kept() {
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[]));
    let zero = graph.constant_like(x, 0.0);
    let sum = graph.pointwise(&ADD, &[x, zero]);
    graph.output("sum", sum);
    let result = optimize(&graph);
    let values = evaluate_tables(&result, &[reals(&[], &[-0.0])]).unwrap();
    assert_eq!(values[0].bits[0], 0.0_f64.to_bits());
}

#[test]
fn constants_are_folded_and_faults_are_kept() {
    let mut graph = Graph::new();
    let (two, three) = (graph.integer(2), graph.integer(3));
    let six = graph.pointwise(&MULTIPLY, &[two, three]);
    let result = optimized(&mut graph, six);
    assert_eq!(result_op(&result), Op::Scalar(6));
    let mut graph = Graph::new();
    let (huge, two) = (graph.integer(i64::MAX), graph.integer(2));
    let product = graph.pointwise(&MULTIPLY, &[huge, two]);
    graph.output("y", product);
    assert!(evaluate_tables(&optimize(&graph), &[]).is_err());
}

#[test]
fn a_causal_mask_becomes_a_table() {
    let mut graph = Graph::new();
    let shape = Shape::new(&[4, 4]);
    let (i, j) = (graph.iota(0, shape.clone()), graph.iota(1, shape));
    let above = graph.pointwise(&GREATER, &[j, i]);
    let result = optimized(&mut graph, above);
    assert!(matches!(result_op(&result), Op::Table(_)));
}

#[test]
fn sums_of_repetitions_are_multiples() {
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[3]));
    let spread = graph.broadcast(x, Axes::new([1]), &Shape::new(&[5, 3]));
    let sum = graph.reduce(Reduction::Sum, spread, Axes::new([0]));
    let result = optimized(&mut graph, sum);
    assert_eq!(computing_nodes(&result), 2, "{}", ndc::ir::print::print(&result));
}

/// A program of `x`, and how many operations are left of it.
type Shortened = (&'static str, fn(&mut Graph, NodeId) -> NodeId, usize);

#[test]
fn signs_and_constants_are_gathered() {
    let cases: [Shortened; 7] = [
        (
            "x * -x",
            |g, x| {
                let opposite = g.pointwise(&NEGATE, &[x]);
                g.pointwise(&MULTIPLY, &[x, opposite])
            },
            2,
        ),
        (
            "3 * -x",
            |g, x| {
                let opposite = g.pointwise(&NEGATE, &[x]);
                scaled(g, opposite, 3.0)
            },
            1,
        ),
        ("x + x", |g, x| g.pointwise(&ADD, &[x, x]), 1),
        (
            "2 * (0.3 * x)",
            |g, x| {
                let less = scaled(g, x, 0.3);
                scaled(g, less, 2.0)
            },
            1,
        ),
        (
            "0.3 x + 0.3 x",
            |g, x| {
                let less = scaled(g, x, 0.3);
                g.pointwise(&ADD, &[less, less])
            },
            1,
        ),
        (
            "3 * (0.3 * x), which rounds twice",
            |g, x| {
                let less = scaled(g, x, 0.3);
                scaled(g, less, 3.0)
            },
            2,
        ),
        (
            "routed_multiply(x, 1)",
            |g, x| {
                let one = g.constant_like(x, 1.0);
                g.pointwise(&ROUTED_MULTIPLY, &[x, one])
            },
            0,
        ),
    ];
    for (name, write, expected) in cases {
        let mut graph = Graph::new();
        let x = graph.input("x", real(&[]));
        let node = write(&mut graph, x);
        let result = optimized(&mut graph, node);
        assert_eq!(computing_nodes(&result), expected, "{name}");
        for value in [0.0, -0.0, 1.5, -1e300, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            let at = [reals(&[], &[value])];
            let [before, after] =
                [&graph, &result].map(|graph| table::numbers(&evaluate_tables(graph, &at).unwrap()[0])[0]);
            assert!(
                before == after || (before.is_nan() && after.is_nan()),
                "{name} at {value}: {before}, then {after}"
            );
        }
    }
}

fn scaled(graph: &mut Graph, x: NodeId, factor: f64) -> NodeId {
    let factor = graph.constant_like(x, factor);
    graph.pointwise(&MULTIPLY, &[x, factor])
}

#[test]
fn a_routed_zero_stays_zero() {
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[]));
    let zero = graph.constant_like(x, 0.0);
    let product = graph.pointwise(&ROUTED_MULTIPLY, &[x, zero]);
    graph.output("y", product);
    let values = evaluate_tables(&optimize(&graph), &[reals(&[], &[f64::INFINITY])]).unwrap();
    assert_eq!(table::numbers(&values[0]), [0.0]);
}

#[test]
fn gradients_stop_until_the_end() {
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[]));
    let stopped = graph.pointwise(&STOP_GRADIENT, &[x]);
    assert_eq!(simplify(&mut graph, &[stopped], Stage::BeforeDifferentiation), [stopped]);
    assert_eq!(simplify(&mut graph, &[stopped], Stage::Final), [x]);
}

#[test]
fn inputs_and_updates_stay() {
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[2]));
    graph.input("unused", TensorType::new(ElementType::I64, Shape::new(&[3])));
    let magnitude = graph.pointwise(&ABSOLUTE, &[x]);
    let twice = graph.pointwise(&NEGATE, &[magnitude]);
    let back = graph.pointwise(&NEGATE, &[twice]);
    graph.updating_output("x", back, 0);
    let result = optimize(&graph);
    assert_eq!(result.inputs(), graph.inputs());
    assert_eq!(result.outputs()[0].updates, Some(0));
    assert_eq!(computing_nodes(&result), 1);
}

#[test]
fn rules_are_told_apart_by_their_equations() {
    let equations: Vec<&str> = rules(Stage::Final, true).map(|rule| rule.equation).collect();
    for (place, equation) in equations.iter().enumerate() {
        assert!(!equations[..place].contains(equation), "{equation}");
    }
}

#[test]
fn long_chains_take_linear_time() {
    let mut graph = Graph::new();
    let x = graph.input("x", real(&[]));
    let mut y = x;
    for _ in 0..10_000 {
        let sine = graph.pointwise(&ndc::ops::trigonometric::SIN, &[y]);
        y = graph.pointwise(&MULTIPLY, &[sine, x]);
    }
    let gradient = gradients(&mut graph, y, &[x])[0];
    graph.output("gradient", gradient);
    let optimized = optimize(&graph);
    // Per link: sine, cosine, product, three products of cotangents and a sum.
    assert!(computing_nodes(&optimized) <= 70_000, "{}", computing_nodes(&optimized));
}
