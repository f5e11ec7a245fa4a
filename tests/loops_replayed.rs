//! Derivatives of loops in bounded memory: with states computed again, values have the same bits as with all stored.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "loops/cases.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod cases;
#[path = "native/harness.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod harness;
#[path = "native/loops.rs"]
mod loops;
mod support;

use harness::{compare, native, run, word};
use loops::{Parts, make};
use ndc::autodiff::reverse::reverse_many;
use ndc::ir::{ElementType, Pointwise, Shape, TensorType};
use ndc::ir::{Ends, Graph, Loop, NodeId, Reduction, Table};
use ndc::ops::{arithmetic, choice, comparison, exponential, trigonometric};
use ndc::optimize::optimize;
use ndc::schedule::schedule;
use std::sync::Arc;

const F64: ElementType = ElementType::F64;
const I64: ElementType = ElementType::I64;
const BOOL: ElementType = ElementType::Bool;

fn ty(element: ElementType, sizes: &[usize]) -> TensorType {
    TensorType::new(element, Shape::new(sizes))
}

fn apply(graph: &mut Graph, definition: &'static Pointwise, arguments: &[NodeId]) -> NodeId {
    graph.pointwise(definition, arguments)
}

/// The optimised graph with so many bytes for each loop.
fn within(graph: &Graph, bytes: usize) -> Graph {
    let mut graph = graph.clone();
    graph.loop_memory = Some(bytes);
    optimize(&graph)
}

/// The numbers of states kept by all replays, those inside loops included.
fn slots(graph: &Graph) -> Vec<usize> {
    let inside = |run: &Loop| slots(&run.body);
    graph
        .ids()
        .flat_map(|id| match (graph.loop_of(id), graph.replay_of(id)) {
            (Some(run), _) => inside(run),
            (_, Some(replay)) => [vec![replay.slots], inside(&replay.forward), inside(&replay.back)].concat(),
            _ => vec![],
        })
        .collect()
}

/// The outputs with all states stored and with at most so many bytes of them have the same bits, natively and by the
/// evaluator; how many states were kept by each replay.
fn same_bits(graph: &Graph, inputs: &[Table], bytes: usize, what: &str) -> Vec<usize> {
    let (stored, replayed) = (within(graph, usize::MAX), within(graph, bytes));
    assert!(slots(&stored).is_empty(), "{what}");
    compare(&replayed, inputs, what);
    let (expected, found) = (run(&native(&stored), inputs), run(&native(&replayed), inputs));
    assert_eq!(expected.unwrap(), found.unwrap(), "{what}\n{}", ndc::ir::print::print(&replayed));
    slots(&replayed)
}

/// Weights that are no powers of two, for each element of a tensor.
fn numbers(ty: &TensorType, seed: usize) -> Table {
    let value = |place: usize| ((place * 7 + seed * 3) % 11) as f64 * 0.13 - 0.6;
    let bits = (0..ty.shape.count()).map(|place| match ty.element {
        ElementType::F32 | ElementType::F64 => word(ty.element, value(place)),
        _ => word(ty.element, 1.0),
    });
    Table { ty: ty.clone(), bits: bits.collect() }
}

/// A loop whose arguments are inputs, and the derivatives of a sum of its real results by all real inputs; the same for
/// the sum of the squares of those derivatives.
fn differentiated(of: &Arc<Loop>, twice: bool) -> (Graph, Vec<Table>) {
    differentiated_within(of, twice, None)
}

/// The same with a budget from the start.
fn differentiated_within(of: &Arc<Loop>, twice: bool, bytes: Option<usize>) -> (Graph, Vec<Table>) {
    let mut graph = Graph::new();
    graph.loop_memory = bytes;
    let types = (0..).map_while(|place| of.argument_type(place));
    let nodes: Vec<NodeId> = types.map(|ty| graph.input("argument", ty)).collect();
    let node = graph.run_loop(of.clone(), &nodes);
    let wrt: Vec<NodeId> = nodes.into_iter().filter(|node| graph.ty(*node).element.is_real()).collect();
    let mut seeds = Vec::new();
    for result in 0..of.steps_result() {
        let result = graph.result(node, result);
        if graph.ty(result).element.is_real() {
            let weights = numbers(graph.ty(result), result.index());
            seeds.push((result, graph.constant_table(weights)));
        }
    }
    let first = reverse_many(&mut graph, &seeds, &wrt);
    let mut outputs = first.clone();
    if twice {
        let doubled: Vec<(NodeId, NodeId)> = first.iter().map(|node| (*node, *node)).collect();
        outputs.extend(reverse_many(&mut graph, &doubled, &wrt));
    }
    for result in 0..=of.steps_result() {
        outputs.push(graph.result(node, result));
    }
    outputs.iter().for_each(|node| graph.output("y", *node));
    let mut inputs: Vec<Table> =
        graph.inputs().iter().enumerate().map(|(place, input)| numbers(&input.ty, place)).collect();
    if of.ends == Ends::AfterCount {
        inputs[0].bits[0] = of.trips as u64 * 2 / 3;
    }
    (graph, inputs)
}

/// The state as a number like another node.
fn as_real(graph: &mut Graph, node: NodeId, like: NodeId) -> NodeId {
    let ty = graph.ty(like).clone();
    let to = if ty.element == F64 { &choice::TO_F64 } else { &choice::TO_F32 };
    let node = apply(graph, to, &[node]);
    graph.splat(node, &ty.shape)
}

/// `x' = sin(x) w + row + k / 16`, `k' = k + 1`, and `z` that the derivative does not need; `x w` is stacked.
fn oscillating(parts: Parts, element: ElementType, sizes: &[usize]) -> Arc<Loop> {
    let real = ty(element, sizes);
    let states = [real.clone(), ty(I64, &[]), real.clone()];
    make(parts, &states, std::slice::from_ref(&real), std::slice::from_ref(&real), |graph, inputs| {
        let [step, x, k, z, row, w] = inputs[..] else { panic!("six inputs") };
        let (number, sixteenth) = (as_real(graph, k, x), graph.constant_like(x, 0.0625));
        let moved = apply(graph, &arithmetic::MULTIPLY, &[number, sixteenth]);
        let bent = apply(graph, &trigonometric::SIN, &[x]);
        let scaled = apply(graph, &arithmetic::MULTIPLY, &[bent, w]);
        let with_row = apply(graph, &arithmetic::ADD, &[scaled, row]);
        let next = apply(graph, &arithmetic::ADD, &[with_row, moved]);
        let one = graph.integer(1);
        let counted = apply(graph, &arithmetic::ADD, &[k, one]);
        let step = as_real(graph, step, x);
        let sum = apply(graph, &arithmetic::ADD, &[z, next]);
        let sum = apply(graph, &arithmetic::ADD, &[sum, step]);
        (vec![next, counted, sum], vec![apply(graph, &arithmetic::MULTIPLY, &[x, w])])
    })
}

#[test]
fn any_number_of_slots_gives_the_same_bits() {
    for sizes in [&[][..], &[3], &[20], &[300]] {
        for (trips, kept) in [(2, vec![2]), (3, vec![2, 3]), (12, vec![2, 3, 4, 5, 11, 12])] {
            for ends in [Ends::AfterTrips, Ends::AfterCount] {
                for backward in [false, true] {
                    let parts = Parts { trips, backward, ends };
                    let (graph, inputs) = differentiated(&oscillating(parts, F64, sizes), false);
                    // The real state, the integer, and the step that they belong to.
                    let bytes = 8 * sizes.iter().product::<usize>() + 8 + 8;
                    for kept in &kept {
                        let what = format!("{kept} of {trips} states {sizes:?} {parts:?}");
                        let found = same_bits(&graph, &inputs, kept * bytes, &what);
                        // Loops of few steps are written out, and what is within the budget is stored.
                        assert!(found.is_empty() || found == [*kept], "{what}: {found:?}");
                        let over = trips * (bytes - 16) > kept * bytes;
                        assert!(trips < 12 || found.is_empty() != over, "{what}: {found:?}");
                    }
                }
            }
        }
    }
}

/// The same without the stacked output.
fn without_rows(of: &Loop) -> Arc<Loop> {
    let mut body = (*of.body).clone();
    let states: Vec<NodeId> = body.output_nodes()[..of.states].to_vec();
    body.clear_outputs();
    states.into_iter().for_each(|node| body.output("o", node));
    Arc::new(Loop { body: Arc::new(body), ..of.clone() })
}

/// The loop that runs forward keeps some states, so that none of its steps need be done again for them.
#[test]
fn states_are_kept_on_the_way() {
    for sizes in [&[][..], &[3], &[40]] {
        for trips in [100, 150, 197] {
            let parts = Parts { trips, backward: false, ends: Ends::AfterTrips };
            let (graph, inputs) = differentiated(&without_rows(&oscillating(parts, F64, sizes)), false);
            for kept in [24, 30] {
                let what = format!("{kept} of {trips} states {sizes:?}");
                let bytes = kept * (8 * sizes.iter().product::<usize>() + 16);
                same_bits(&graph, &inputs, bytes, &what);
                let replayed = within(&graph, bytes);
                let given = |id: NodeId| replayed.replay_of(id).map_or(0, |replay| replay.given);
                assert!(replayed.ids().any(|id| given(id) > 1), "{what}");
            }
        }
    }
}

#[test]
fn single_precision_and_second_order() {
    for element in [ElementType::F32, F64] {
        for sizes in [&[][..], &[5], &[40]] {
            for backward in [false, true] {
                let parts = Parts { trips: 30, backward, ends: Ends::AfterTrips };
                let (graph, inputs) = differentiated(&oscillating(parts, element, sizes), true);
                let what = format!("{element:?} {sizes:?} {parts:?}");
                assert!(!same_bits(&graph, &inputs, 100, &what).is_empty(), "{what}");
            }
        }
    }
}

/// A derivative of a derivative goes through stretches of the loops, which add in another order.
#[test]
fn second_derivatives_by_stretches() {
    for sizes in [&[][..], &[3], &[40]] {
        for trips in [16, 50, 97] {
            let parts = Parts { trips, backward: false, ends: Ends::AfterTrips };
            let with_rows = oscillating(parts, F64, sizes);
            for of in [without_rows(&with_rows), with_rows] {
                let what = format!("{trips} trips {sizes:?} {} stacked", of.stacked());
                let (graph, inputs) = differentiated_within(&of, true, Some(0));
                let (plain, _) = differentiated(&of, true);
                assert!(graph.ids().all(|id| graph.loop_of(id).is_none_or(|run| run.ends == Ends::AfterTrips)));
                let nested = |graph: &Graph| {
                    let has_loops = |graph: &Graph| graph.ids().any(|id| graph.loop_of(id).is_some());
                    graph.ids().filter_map(|id| graph.loop_of(id)).any(|run| has_loops(&run.body))
                };
                assert!(nested(&graph) && !nested(&plain), "{what}");
                let optimized = optimize(&graph);
                compare(&optimized, &inputs, &what);
                let found = run(&native(&optimized), &inputs).unwrap();
                let expected = run(&native(&within(&plain, usize::MAX)), &inputs).unwrap();
                for (found, expected) in found.iter().zip(&expected).filter(|(table, _)| table.ty.element == F64) {
                    for (a, b) in found.bits.iter().zip(&expected.bits) {
                        let (a, b) = (f64::from_bits(*a), f64::from_bits(*b));
                        assert!((a - b).abs() <= 1e-11 * b.abs().max(1.0), "{what}: {a}, expected {b}");
                    }
                }
            }
        }
    }
}

/// While `x` is below a limit: a loop of unknown length, with a branch whose derivative is infinite where not taken.
fn growing(sizes: &[usize]) -> Arc<Loop> {
    let parts = Parts { trips: 60, backward: false, ends: Ends::WhenFalse };
    let states = [ty(BOOL, &[]), ty(F64, &[]), ty(F64, sizes)];
    make(parts, &states, &[], &[ty(F64, &[])], |graph, inputs| {
        let [_, _, x, y, rate] = inputs[..] else { panic!("five inputs") };
        let (limit, zero) = (graph.constant_like(x, 4.0), graph.constant_like(y, 0.0));
        let positive = apply(graph, &comparison::GREATER, &[y, zero]);
        let log = apply(graph, &exponential::LOG, &[y]);
        let square = apply(graph, &arithmetic::MULTIPLY, &[y, y]);
        let next_y = apply(graph, &choice::SELECT, &[positive, log, square]);
        let bent = apply(graph, &trigonometric::TANH, &[x]);
        let change = apply(graph, &arithmetic::MULTIPLY, &[bent, rate]);
        let next = apply(graph, &arithmetic::ADD, &[x, change]);
        let least = graph.constant_like(x, 0.3);
        let next = apply(graph, &arithmetic::ADD, &[next, least]);
        let goes_on = apply(graph, &comparison::LESS, &[next, limit]);
        (vec![goes_on, next, next_y], vec![next_y])
    })
}

#[test]
fn loops_that_end_early_and_branches_not_taken() {
    for sizes in [&[][..], &[2], &[30]] {
        for start in [true, false] {
            let (graph, mut inputs) = differentiated(&growing(sizes), false);
            inputs[0].bits[0] = u64::from(start);
            for bytes in [0, 60, 700] {
                let what = format!("{sizes:?}, {start}, {bytes} bytes");
                assert!(!same_bits(&graph, &inputs, bytes, &what).is_empty(), "{what}");
            }
            let found = run(&native(&within(&graph, 0)), &inputs).unwrap();
            let finite = |table: &Table| table.bits.iter().all(|bits| f64::from_bits(*bits).is_finite());
            assert!(found[..3].iter().all(finite), "{sizes:?}: {found:?}");
        }
    }
}

/// A loop in a loop: each step of the outer adds up a fold over a table.
fn nested(sizes: &[usize], ends: Ends) -> Arc<Loop> {
    let state = ty(F64, sizes);
    let inner = oscillating(Parts { trips: 25, backward: true, ends }, F64, sizes);
    let rows = TensorType::new(F64, state.shape.with_leading(25));
    let outer = Parts { trips: 20, backward: false, ends: Ends::AfterTrips };
    make(outer, std::slice::from_ref(&state), &[], &[rows, state.clone()], |graph, inputs| {
        let [step, x, rows, w] = inputs[..] else { panic!("four inputs") };
        let (none, zero) = (graph.integer(0), graph.constant_like(x, 0.0));
        let count = (ends == Ends::AfterCount).then_some(step);
        let arguments: Vec<NodeId> = count.into_iter().chain([x, none, zero, rows, w]).collect();
        let node = graph.run_loop(inner, &arguments);
        let last = graph.result(node, 0);
        (vec![apply(graph, &trigonometric::TANH, &[last])], vec![])
    })
}

#[test]
fn loops_inside_loops() {
    for sizes in [&[][..], &[4], &[20]] {
        for ends in [Ends::AfterTrips, Ends::AfterCount] {
            let (graph, inputs) = differentiated(&nested(sizes, ends), false);
            let what = format!("{sizes:?} {ends:?}");
            let found = same_bits(&graph, &inputs, 0, &what);
            assert!(found.len() >= 2, "{what}: {found:?}\n{}", ndc::ir::print::print(&within(&graph, 0)));
        }
    }
}

/// Every case of the table, with values and derivatives of both orders.
#[test]
fn the_table_of_loops() {
    let mut replayed = Vec::new();
    for case in cases::cases() {
        let mut graph = case.graph.clone();
        let total = graph.reduce_all(Reduction::Sum, case.output);
        let wrt: Vec<NodeId> = graph.input_nodes().into_iter().filter(|id| graph.ty(*id).element.is_real()).collect();
        let first = support::gradients(&mut graph, total, &wrt);
        let mut outputs = vec![case.output];
        outputs.extend(&first);
        for node in first {
            let sum = graph.reduce_all(Reduction::Sum, node);
            outputs.extend(support::gradients(&mut graph, sum, &wrt));
        }
        outputs.iter().for_each(|node| graph.output("y", *node));
        if !same_bits(&graph, &case.at, 0, case.name).is_empty() {
            replayed.push(case.name);
        }
    }
    assert!(replayed.len() >= 7, "{replayed:?}");
}

#[test]
fn memory_does_not_grow_with_the_steps() {
    for sizes in [&[][..], &[4], &[100]] {
        let bytes = |trips: usize, twice: bool| {
            let parts = Parts { trips, backward: false, ends: Ends::AfterTrips };
            let state = ty(F64, sizes);
            let real = std::slice::from_ref(&state);
            let of = make(parts, real, &[], real, |graph, inputs| {
                let bent = apply(graph, &trigonometric::SIN, &[inputs[1]]);
                (vec![apply(graph, &arithmetic::MULTIPLY, &[bent, inputs[2]])], vec![])
            });
            let mut graph = Graph::new();
            let (x, w) = (graph.input("x", state.clone()), graph.input("w", state.clone()));
            let node = graph.run_loop(of, &[x, w]);
            let last = graph.result(node, 0);
            graph.loop_memory = Some(1 << 16);
            let mut found = reverse_many(&mut graph, &[(last, x)], &[x, w]);
            if twice {
                found = reverse_many(&mut graph, &[(found[1], w)], &[x, w]);
            }
            found.into_iter().for_each(|node| graph.output("y", node));
            schedule(&optimize(&graph)).workspace_bytes
        };
        // Beside the states that are kept: those at hand, tables of pointers, strips.
        let room = 4096 + 100 * sizes.iter().product::<usize>();
        for trips in [10_000, 1_000_000, 100_000_000] {
            let once = bytes(trips, false);
            assert!(once <= (1 << 16) + room, "{trips} trips of {sizes:?}: {once} bytes");
            // Several loops of two kinds, over stretches and in one, have the budget each.
            let twice = bytes(trips, true);
            assert!(twice <= 24 * (1 << 16), "{trips} trips of {sizes:?}: {twice} bytes");
        }
    }
}
