//! Work that loops are spared: what is computed once, together, or not at all. The values are those of the graph as written.

#[path = "support/printed.rs"]
mod printed;

#[path = "native/harness.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod harness;

use harness::{Random, compare, native, number, run, word};
use ndc::driver::on_large_stack;
use ndc::eval::evaluate_tables;
use ndc::ir::{Graph, Loop, NodeId, Op, Table};
use ndc::optimize::optimize;
use ndc::schedule::{Body, LoopKernel, ScalarBlock, Schedule, calls_at, schedule};
use printed::graph;
use std::sync::Arc;

/// Simplifies the graph; native code must give the evaluator's bits, unless there are sums of many terms, and
/// both what the graph gives as it is written.
fn simplified(graph: &Graph) -> Graph {
    let mut random = Random(7);
    let inputs = graph.inputs().iter().map(|input| {
        let bits = (0..input.ty.shape.count()).map(|_| word(input.ty.element, random.real(0.3))).collect();
        Table { ty: input.ty.clone(), bits }
    });
    let inputs: Vec<Table> = inputs.collect();
    let simpler = optimize(graph);
    let adds = |graph: &Graph, id: NodeId| {
        is_product(graph, id) || matches!(graph.node(id).op, Op::Reduce(..) | Op::Replay(_))
    };
    if count(&simpler, adds) == 0 && loops(&simpler).iter().all(|(_, run)| count(&run.body, is_product) == 0) {
        compare(&simpler, &inputs, "simplified");
    }
    let values = |tables: Vec<Table>| -> Vec<f64> {
        tables.iter().flat_map(|table| table.bits.iter().map(|bits| number(table.ty.element, *bits))).collect()
    };
    let written = values(evaluate_tables(graph, &inputs).expect("no fault"));
    let natively = values(run(&native(&simpler), &inputs).expect("no fault"));
    for values in [values(evaluate_tables(&simpler, &inputs).expect("no fault")), natively] {
        assert_eq!(written.len(), values.len());
        for (one, other) in written.iter().zip(values) {
            assert!((one - other).abs() <= 1e-12 * one.abs().max(1.0), "{one} as written, {other} simplified");
        }
    }
    simpler
}

fn loops(graph: &Graph) -> Vec<(NodeId, Arc<Loop>)> {
    let needed = graph.reachable_from(graph.output_nodes());
    let ids = graph.ids().filter(|id| needed[id.index()]);
    ids.filter_map(|id| Some((id, graph.loop_of(id)?.clone()))).collect()
}

fn count(graph: &Graph, counts: impl Fn(&Graph, NodeId) -> bool) -> usize {
    let needed = graph.reachable_from(graph.output_nodes());
    graph.ids().filter(|id| needed[id.index()] && counts(graph, *id)).count()
}

fn is_product(graph: &Graph, id: NodeId) -> bool {
    matches!(graph.node(id).op, Op::Contract { .. })
}

fn is_call(graph: &Graph, id: NodeId) -> bool {
    graph.pointwise_of(id).is_some_and(|each| each.instruction.is_none())
}

const GATE: &str = "
param g: [3] = ones()
fn last(g: [3]) = fold((v = 0.3, m = 0.1), 0..50, |s, i| (
    v = s.v + 0.1 * (g[0] * s.m^3 * (1 - s.v) - g[1] * exp(-s.v / 8)),
    m = s.m + 0.1 * (exp(-s.v / 18) * (1 - s.m) - g[2] * s.m / (1 + exp(-s.v))),
)).v
";

#[test]
fn a_loop_back_reads_what_the_loop_forward_computed() {
    let gradient = graph(&format!("{GATE}\nprint last(g), grad(last)(g)"));
    let found = loops(&simplified(&gradient));
    let [(_, forward), (_, back)] = &found[..] else { panic!("{} loops", found.len()) };
    assert!(back.backward && !forward.backward);
    assert_eq!([count(&forward.body, is_call), count(&back.body, is_call)], [3, 0]);
}

#[test]
fn nothing_is_kept_beyond_the_memory_for_loops() {
    let mut gradient = graph(&format!("{GATE}\nprint grad(last)(g)"));
    // Two states of 8 bytes in 50 steps fit, three values more do not.
    gradient.loop_memory = Some(1000);
    let found = loops(&simplified(&gradient));
    let [_, (_, back)] = &found[..] else { panic!("{} loops", found.len()) };
    assert_eq!(count(&back.body, is_call), 3);
}

#[test]
fn states_beyond_the_memory_for_loops_are_read_by_the_loop_back_only() {
    let program = "
param W: [32, 32] = zeros()
param h: [32] = zeros()
fn long(W, h) = sum(fold(h, 0..50, |s, _| tanh(W @ s)))
print grad(long)(W, h)";
    let graph = on_large_stack(|| graph(program));
    for (memory, replays) in [(Some(2000), 1), (None, 0)] {
        let mut graph = graph.clone();
        graph.loop_memory = memory;
        let simpler = simplified(&graph);
        let found = count(&simpler, |graph: &Graph, id| matches!(graph.node(id).op, Op::Replay(_)));
        assert_eq!(found, replays, "with {memory:?} bytes");
    }
}

#[test]
fn a_loop_that_ends_early_keeps_values_too() {
    let program = "
param k: [] = ones()
fn steps(k) = {
    let start = (t = 0.0, y = 1.0);
    while(start, |s| s.t < 1, |s| (t = s.t + 0.1, y = s.y - 0.1 * exp(k * s.y)), max = 400).y
}
print steps(k), grad(steps)(k)";
    let simpler = simplified(&graph(program));
    let found = loops(&simpler);
    let back = found.iter().find(|(_, run)| run.backward).expect("a loop back");
    assert_eq!(count(&back.1.body, is_call), 0);
    let kernels = loop_kernels(&schedule(&simpler));
    let forward = kernels.iter().find(|kernel| !kernel.backward).expect("a loop forward");
    assert!(!forward.stacked.is_empty() && forward.zeroed.iter().all(|zeroed| !zeroed));
}

#[test]
fn rows_that_are_read_beyond_the_steps_are_zero() {
    let mut plain = Graph::new();
    let body = {
        let mut body = Graph::new();
        let step = body.input("step", ndc::ir::TensorType::scalar(ndc::ir::ElementType::I64));
        let number = body.pointwise(&ndc::ops::choice::TO_F64, &[step]);
        body.output("row", number);
        Arc::new(body)
    };
    let ends = ndc::ir::Ends::AfterCount;
    let run = Loop { body, trips: 9, states: 0, sequences: 0, backward: false, ends };
    let asked = plain.input("count", ndc::ir::TensorType::scalar(ndc::ir::ElementType::I64));
    let node = plain.run_loop(Arc::new(run), &[asked]);
    let rows = plain.result(node, 0);
    let sum = plain.reduce_all(ndc::ir::Reduction::Sum, rows);
    plain.output("sum", sum);
    let asked = Table { ty: plain.inputs()[0].ty.clone(), bits: vec![4] };
    compare(&plain, &[asked], "four of nine rows");
    assert!(loop_kernels(&schedule(&plain)).iter().all(|kernel| kernel.zeroed == [true]));
}

fn loop_kernels(schedule: &Schedule) -> Vec<LoopKernel> {
    let loops = schedule.kernels.iter().filter_map(|kernel| match &kernel.body {
        Body::Loop(run) => Some((**run).clone()),
        _ => None,
    });
    loops.collect()
}

const NETWORK: &str = "
param W: [16, 24] = ones()
param U: [24, 24] = ones()
param xs: [40, 8, 16] = ones()
fn misfit(W: [16, 24], U: [24, 24]) = {
    let zero: [8, 24] = zeros();
    sum(fold(zero, xs, |h, x| tanh(x @ W + h @ U))^2)
}
";

#[test]
fn products_of_rows_are_one_before_the_loop() {
    let simpler = simplified(&graph(&format!("{NETWORK}\nprint misfit(W, U)")));
    let found = loops(&simpler);
    assert_eq!(count(&found[0].1.body, is_product), 1);
    assert_eq!(count(&simpler, is_product), 1);
}

#[test]
fn gradients_of_matrices_are_one_product_after_the_loop() {
    let simpler = simplified(&graph(&format!("{NETWORK}\nprint grad(misfit)(W, U)")));
    let found = loops(&simpler);
    let [(_, forward), (_, back)] = &found[..] else { panic!("{} loops", found.len()) };
    assert_eq!([count(&forward.body, is_product), count(&back.body, is_product)], [1, 1]);
    assert_eq!(back.states, 1, "the cotangent of the state");
    assert_eq!(count(&simpler, is_product), 3, "xs @ W, and the gradients of W and of U");
}

#[test]
fn small_products_stay_in_their_loop() {
    let program = "
param A: [2, 2] = ones()
param xs: [30, 2] = ones()
fn last(A: [2, 2]) = sum(fold([0.1, 0.2], xs, |s, x| tanh(A @ s + A @ x)))
print last(A), grad(last)(A)";
    let simpler = simplified(&graph(program));
    assert_eq!(count(&simpler, is_product), 0);
    assert!(loop_kernels(&schedule(&simpler)).iter().all(|kernel| kernel.inline));
}

#[test]
fn matrices_of_products_in_loops_have_their_columns_side_by_side() {
    for right in ["h @ U", "h @ U'"] {
        let program = format!("{}\nprint grad(misfit)(W, U)", NETWORK.replace("h @ U", right));
        let plan = schedule(&simplified(&graph(&program)));
        let contractions = plan.bodies.iter().flat_map(|body| &body.kernels).filter_map(|kernel| match &kernel.body {
            Body::Contract { right, .. } => Some(right.layout.strides[1]),
            _ => None,
        });
        let strides: Vec<isize> = contractions.collect();
        assert_eq!(strides, [1, 1], "{right}: from column to column");
    }
}

/// The most calls side by side in the blocks of a schedule and its bodies.
fn most_together(plan: &Schedule) -> usize {
    let blocks = |plan: &Schedule| -> Vec<ScalarBlock> {
        let scalar = plan.kernels.iter().filter_map(|kernel| match &kernel.body {
            Body::Scalar(block) => Some(block.clone()),
            _ => None,
        });
        scalar.collect()
    };
    let all = blocks(plan).into_iter().chain(plan.bodies.iter().flat_map(blocks));
    let together = all.flat_map(|block| (0..block.instructions.len()).map(|place| calls_at(&block, place)).max());
    together.max().unwrap_or(0)
}

#[test]
fn calls_that_do_not_wait_for_one_another_are_made_together() {
    for function in ["exp", "log1p", "tanh", "sigmoid", "softplus", "log2"] {
        for precision in ["f32", "f64"] {
            let terms: Vec<String> =
                (0..11).map(|i| format!("x[{i}] / (1 + {function}(x[{i}] * {}))", i + 1)).collect();
            let sum = terms.join(" + ");
            let program = format!(
                "precision {precision}\nparam x: [11] = ones()\nlet y = {sum}\nprint {sum}, {function}({sum}) + {function}(y)"
            );
            let graph = optimize(&graph(&program));
            let values: Vec<f64> = (0..11).map(|i| [0.5, -0.25, 3.0, 0.0, f64::NAN, 700.0][i % 6]).collect();
            for special in [false, true] {
                let inputs: Vec<Table> = graph
                    .inputs()
                    .iter()
                    .map(|input| {
                        let element = input.ty.element;
                        let value = |place: usize| if special { values[place % 11] } else { place as f64 / 11.0 };
                        Table {
                            ty: input.ty.clone(),
                            bits: (0..input.ty.shape.count()).map(|i| word(element, value(i))).collect(),
                        }
                    })
                    .collect();
                compare(&graph, &inputs, function);
            }
            assert_eq!(most_together(&schedule(&graph)), 8, "{program}");
        }
    }
}

#[test]
fn calls_that_wait_for_one_another_are_made_in_turn() {
    let program = "param x: [2] = ones()\nprint exp(exp(exp(x[0]))) + exp(x[1])";
    let graph = simplified(&graph(program));
    assert_eq!(most_together(&schedule(&graph)), 2);
}

#[test]
fn cotangents_of_slices_that_fill_an_axis_are_laid_side_by_side() {
    let program = "
param x: [4, 30] = ones()
fn misfit(x: [4, 30]) = sum(x[:, 0..10] * x[:, 10..20]^2) + sum(exp(x[:, 20..30]))
print grad(misfit)(x)";
    let simpler = simplified(&graph(program));
    let pads = count(&simpler, |graph, id| matches!(graph.node(id).op, Op::Pad { .. }));
    let laid = count(&simpler, |graph, id| matches!(graph.node(id).op, Op::Concatenate(_)));
    assert_eq!((pads, laid), (0, 1));
}

/// Lanes that share `g` and a current, and have starts and noise of their own.
fn lanes(count: usize) -> String {
    format!(
        "
param g: [2] = ones()
param start: [{count}] = ones()
param current: [40] = ones()
param noise: [{count}, 40] = ones()
fn path(g: [2], v: real, noise: [40]) = scan((v = v, t = 0.0), (current, noise), |s, (i, n)| {{
    let next = s.v + 0.1 * (g[0] * (i - s.v) - g[1] * exp(-s.v) + n * s.t);
    ((v = next, t = s.t + 0.5), next)
}}).1
fn misfit(g: [2], start: [{count}]) = sum(sum(path(g, start[k], noise[k])^2) for k)
print misfit(g, start), grad(misfit)(g, start)"
    )
}

#[test]
fn blocks_of_lanes_go_through_all_steps() {
    for (count, blocks) in [(24, 3), (12, 2), (35, 5)] {
        let simpler = simplified(&graph(&lanes(count)));
        let trips: Vec<_> = loops(&simpler).into_iter().map(|(_, run)| run.trips).collect();
        // The loop back adds up over the lanes, in an order that must not change.
        assert_eq!(trips, [blocks, 40], "{count} lanes");
    }
}

#[test]
fn lanes_that_fill_no_blocks_or_too_much_memory_stay_side_by_side() {
    let outer = |graph: &Graph| loops(graph).iter().map(|(_, run)| run.trips).collect::<Vec<_>>();
    assert_eq!(outer(&simplified(&graph(&lanes(13)))), [40, 40]);
    let mut much = graph(&lanes(24));
    much.loop_memory = Some(8 * 24 * 20);
    let simpler = simplified(&much);
    assert!(outer(&simpler).iter().all(|trips| *trips != 3));
}
