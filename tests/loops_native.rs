//! Loops: native code against the evaluator.
#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

#[path = "native/harness.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod harness;
#[path = "native/loops.rs"]
mod loops;
#[path = "native/pairs.rs"]
mod pairs;

use harness::{compare, native, run, word};
use loops::{Parts, make};
use ndc::codegen::{CallError, RunErrorKind, clif_text};
use ndc::ir::{Axes, ElementType, Ends, Graph, Loop, NodeId, Pointwise, Shape, Table, TensorType};
use ndc::ops::{arithmetic, choice, comparison};
use ndc::schedule::{Body, schedule};
use ndc::source::{SourceId, Span};
use std::sync::Arc;

const F64: ElementType = ElementType::F64;
const I64: ElementType = ElementType::I64;
const BOOL: ElementType = ElementType::Bool;

/// All trips, forward.
fn forward(trips: usize) -> Parts {
    Parts { trips, backward: false, ends: Ends::AfterTrips }
}

fn ty(element: ElementType, sizes: &[usize]) -> TensorType {
    TensorType::new(element, Shape::new(sizes))
}

/// Small whole numbers, so that every order of summation is exact.
fn table(ty: &TensorType, seed: u64) -> Table {
    let value = |place: usize| ((place as u64 * 7 + seed * 3) % 9) as f64 - 4.0;
    Table { ty: ty.clone(), bits: (0..ty.shape.count()).map(|place| word(ty.element, value(place))).collect() }
}

fn scalar(element: ElementType, value: f64) -> Table {
    Table { ty: ty(element, &[]), bits: vec![word(element, value)] }
}

fn apply(graph: &mut Graph, definition: &'static Pointwise, arguments: &[NodeId]) -> NodeId {
    graph.pointwise(definition, arguments)
}

/// The step as a number like another node.
fn step_like(graph: &mut Graph, step: NodeId, like: NodeId) -> NodeId {
    let ty = graph.ty(like).clone();
    let to = match ty.element {
        ElementType::F32 => &choice::TO_F32,
        ElementType::F64 => &choice::TO_F64,
        ElementType::I64 => &choice::TO_I64,
        ElementType::Bool => &choice::TO_BOOL,
    };
    let step = apply(graph, to, &[step]);
    graph.splat(step, &ty.shape)
}

/// A graph whose inputs are the arguments of a loop and whose outputs are all its results.
fn whole(run: &Arc<Loop>) -> Graph {
    let mut graph = Graph::new();
    let types = (0..).map_while(|place| run.argument_type(place));
    let nodes: Vec<NodeId> = types.enumerate().map(|(place, ty)| graph.input(format!("a{place}"), ty)).collect();
    let node = graph.run_loop(run.clone(), &nodes);
    for result in 0..=run.steps_result() {
        let result = graph.result(node, result);
        graph.output("y", result);
    }
    graph
}

fn tables(graph: &Graph) -> Vec<Table> {
    graph.inputs().iter().enumerate().map(|(place, input)| table(&input.ty, place as u64)).collect()
}

fn check(run: &Arc<Loop>, what: &str) {
    let graph = whole(run);
    compare(&graph, &tables(&graph), what);
}

/// `s' = 1 - s + step - row`, and the product of both as stacked output.
fn recurrence(parts: Parts, ty: &TensorType) -> Arc<Loop> {
    let one = std::slice::from_ref(ty);
    make(parts, one, one, &[], |graph, inputs| {
        let [step, state, row] = inputs[..] else { panic!("three inputs") };
        let one = graph.constant_like(state, 1.0);
        let turned = apply(graph, &arithmetic::SUBTRACT, &[one, state]);
        let step = step_like(graph, step, state);
        let moved = apply(graph, &arithmetic::ADD, &[turned, step]);
        let next = apply(graph, &arithmetic::SUBTRACT, &[moved, row]);
        let both = apply(graph, &arithmetic::MULTIPLY, &[next, row]);
        (vec![next], vec![both])
    })
}

#[test]
fn recurrences_of_all_sizes_and_ends() {
    for sizes in [&[][..], &[1], &[4], &[3, 4], &[17], &[5, 20], &[300], &[0]] {
        for element in [F64, I64, ElementType::F32] {
            for trips in [0, 1, 2, 7] {
                for ends in [Ends::AfterTrips, Ends::AfterCount] {
                    for backward in [false, true] {
                        let parts = Parts { trips, backward, ends };
                        check(&recurrence(parts, &ty(element, sizes)), &format!("{sizes:?} {element:?} {parts:?}"));
                    }
                }
            }
        }
    }
}

#[test]
fn counts_are_cut_to_the_trips() {
    for backward in [false, true] {
        for sizes in [&[][..], &[20]] {
            let parts = Parts { trips: 5, backward, ends: Ends::AfterCount };
            let graph = whole(&recurrence(parts, &ty(F64, sizes)));
            for count in [-3, 0, 1, 4, 5, 6, 1000] {
                let mut inputs = tables(&graph);
                inputs[0] = scalar(I64, f64::from(count));
                compare(&graph, &inputs, &format!("{count} steps of {parts:?} {sizes:?}"));
            }
        }
    }
}

/// While `x < limit`: `x' = x + a row's element`, the row itself stacked.
fn searching(sizes: &[usize]) -> Arc<Loop> {
    let parts = Parts { trips: 6, backward: false, ends: Ends::WhenFalse };
    let state = ty(F64, sizes);
    make(parts, &[ty(BOOL, &[]), state.clone()], &[state], &[ty(F64, &[])], |graph, inputs| {
        let [_, _, x, row, limit] = inputs[..] else { panic!("five inputs") };
        let next = apply(graph, &arithmetic::ADD, &[x, row]);
        let first = (0..graph.ty(next).shape.rank()).fold(next, |node, _| {
            let one = graph.slice(node, 0, 0, 1, 1);
            let shape: Shape = graph.ty(one).shape.sizes()[1..].iter().copied().collect();
            graph.reshape(one, &shape)
        });
        let goes_on = apply(graph, &comparison::LESS, &[first, limit]);
        (vec![goes_on, next], vec![row])
    })
}

#[test]
fn loops_end_when_their_condition_is_false_or_fail() {
    for sizes in [&[][..], &[3], &[20]] {
        let searching = searching(sizes);
        let graph = whole(&searching);
        for limit in [-100.0, -2.0, 3.0, 1e3] {
            for flag in [0.0, 1.0] {
                let mut inputs = tables(&graph);
                inputs[0] = scalar(BOOL, flag);
                inputs[3] = scalar(F64, limit);
                compare(&graph, &inputs, &format!("limit {limit}, flag {flag}, {sizes:?}"));
            }
        }
        let mut inputs = tables(&graph);
        inputs[0] = scalar(BOOL, 1.0);
        inputs[3] = scalar(F64, 1e3);
        assert_eq!(run(&native(&graph), &inputs), Err(RunErrorKind::Steps(6)));
    }
}

#[test]
fn states_may_swap_stay_or_be_one() {
    for sizes in [&[][..], &[3], &[20], &[40, 2]] {
        let state = ty(F64, sizes);
        for trips in 0..4 {
            let three = vec![state.clone(); 3];
            let swapping = make(forward(trips), &three, &[], &[], |_, inputs| {
                (vec![inputs[2], inputs[1], inputs[3]], vec![inputs[1], inputs[1]])
            });
            check(&swapping, &format!("swapping {sizes:?} {trips}"));
            let joining = make(forward(trips), &three, &[], std::slice::from_ref(&state), |graph, inputs| {
                let sum = apply(graph, &arithmetic::ADD, &[inputs[1], inputs[4]]);
                (vec![sum, sum, inputs[4]], vec![sum, inputs[4], inputs[3]])
            });
            check(&joining, &format!("joining {sizes:?} {trips}"));
        }
    }
}

#[test]
fn states_of_integers_and_truth_values() {
    let states = [ty(I64, &[2]), ty(BOOL, &[]), ty(BOOL, &[30]), ty(I64, &[])];
    let run = make(forward(5), &states, &[ty(BOOL, &[]), ty(I64, &[2])], &[], |graph, inputs| {
        let [step, numbers, flag, flags, count, row, add] = inputs[..] else { panic!("seven inputs") };
        let next = apply(graph, &arithmetic::ADD, &[numbers, add]);
        let either = apply(graph, &comparison::AND, &[flag, row]);
        let turned = apply(graph, &comparison::NOT, &[flags]);
        let counted = apply(graph, &arithmetic::ADD, &[count, step]);
        let chosen = apply(graph, &choice::SELECT, &[row, counted, count]);
        (vec![next, either, turned, chosen], vec![chosen, either])
    });
    check(&run, "integers and truth values");
}

/// A loop over sequences that are views of inputs.
#[test]
fn sequences_of_any_layout() {
    for size in [3, 20] {
        let row = ty(F64, &[size]);
        let run = make(
            forward(6),
            std::slice::from_ref(&row),
            &vec![row.clone(); 5],
            &[row.clone(), row.clone()],
            |graph, inputs| {
                let sum = inputs[2..].iter().fold(inputs[1], |sum, row| apply(graph, &arithmetic::ADD, &[sum, *row]));
                (vec![sum], vec![inputs[4]])
            },
        );
        let mut graph = Graph::new();
        let start = graph.input("start", row.clone());
        let columns = graph.input("columns", ty(F64, &[size, 6]));
        let rows = graph.input("rows", ty(F64, &[6, size]));
        let long = graph.input("long", ty(F64, &[12, size]));
        let single = graph.input("single", row.clone());
        let turned = graph.transpose(columns, Axes::new([1, 0]));
        let reversed = graph.reverse(rows, 0);
        let inner = graph.reverse(rows, 1);
        let skipping = graph.slice(long, 0, 1, 2, 6);
        let repeated = graph.broadcast(single, Axes::new([1]), &Shape::new(&[6, size]));
        let column = graph.slice(columns, 1, 2, 1, 1);
        let column = graph.reshape(column, &Shape::new(&[size]));
        let back = graph.reverse(single, 0);
        let arguments = [start, turned, reversed, inner, skipping, repeated, column, back];
        let node = graph.run_loop(run, &arguments);
        for place in 0..2 {
            let result = graph.result(node, place);
            graph.output("y", result);
        }
        compare(&graph, &tables(&graph), &format!("rows of {size}"));
    }
}

/// A matrix times the state, plus what the loop inside adds up.
fn nested(sizes: &[usize], ends: Ends) -> Arc<Loop> {
    let state = ty(F64, sizes);
    let inner_parts = Parts { trips: 4, backward: true, ends };
    let counted = ends == Ends::AfterCount;
    let inner = recurrence(inner_parts, &state);
    let rows = ty(F64, &[&[4], sizes].concat());
    make(forward(5), std::slice::from_ref(&state), &[], &[rows], |graph, inputs| {
        let [step, state, rows] = inputs[..] else { panic!("three inputs") };
        let arguments: Vec<NodeId> = counted.then_some(step).into_iter().chain([state, rows]).collect();
        let node = graph.run_loop(inner, &arguments);
        let (last, all, steps) = (graph.result(node, 0), graph.result(node, 1), graph.result(node, 2));
        let steps = step_like(graph, steps, last);
        let next = apply(graph, &arithmetic::ADD, &[last, steps]);
        (vec![next], vec![all, steps])
    })
}

#[test]
fn loops_inside_loops() {
    for sizes in [&[][..], &[4], &[20], &[3, 30]] {
        for ends in [Ends::AfterTrips, Ends::AfterCount] {
            check(&nested(sizes, ends), &format!("nested {sizes:?} {ends:?}"));
        }
    }
}

#[test]
fn matrices_and_gathers_by_the_step() {
    for n in [2, 4, 24] {
        let states = [ty(F64, &[n])];
        let invariants = [ty(F64, &[n, n]), ty(F64, &[7, n])];
        let run = make(forward(7), &states, &[], &invariants, |graph, inputs| {
            let [step, state, matrix, lookup] = inputs[..] else { panic!("four inputs") };
            let row = graph.gather(lookup, step, 0);
            let product = graph.contract(matrix, state, 0, 1);
            let sign = apply(graph, &ndc::ops::rounding::SIGN, &[product]);
            let next = apply(graph, &arithmetic::ADD, &[sign, row]);
            (vec![next], vec![product])
        });
        check(&run, &format!("matrix of {n}"));
    }
}

/// A loop that reads its own state by a number that runs out of it.
fn reading_outside(n: usize, span: Span) -> Graph {
    let run = make(forward(2 * n), &[ty(F64, &[n])], &[], &[], |graph, inputs| {
        let [step, state] = inputs[..] else { panic!("two inputs") };
        graph.current_span = Some(span);
        let element = graph.gather(state, step, 0);
        graph.current_span = None;
        let all = graph.splat(element, &Shape::new(&[n]));
        (vec![apply(graph, &arithmetic::ADD, &[state, all])], vec![])
    });
    whole(&run)
}

#[test]
fn errors_in_bodies_have_their_places() {
    for n in [3, 50] {
        let span = Span::new(SourceId(0), 10, 20 + n);
        let inner = reading_outside(n, span);
        let executable = native(&inner);
        let tensors: Vec<_> = tables(&inner).iter().map(ndc::eval::convert::tensor).collect();
        let inputs: Vec<_> = tensors.iter().collect();
        let mut outputs = executable.output_tensors();
        let error = executable.call(&inputs, &mut outputs, &mut executable.workspace()).unwrap_err();
        let CallError::Run(error) = error else { panic!("{error}") };
        assert_eq!((error.kind, error.span), (RunErrorKind::Index, Some(span)));
    }
}

/// Whether the one loop of a program is written in line.
fn is_inline(graph: &Graph) -> bool {
    let plan = schedule(graph);
    let mut loops = plan.kernels.iter().filter_map(|kernel| match &kernel.body {
        Body::Loop(run) => Some(run.inline),
        _ => None,
    });
    loops.next().unwrap()
}

#[test]
fn small_states_are_kept_in_registers() {
    let real = ty(F64, &[]);
    let decaying =
        make(forward(100), std::slice::from_ref(&real), &[], std::slice::from_ref(&real), |graph, inputs| {
            (vec![apply(graph, &arithmetic::MULTIPLY, &[inputs[1], inputs[2]])], vec![])
        });
    let graph = whole(&decaying);
    assert!(is_inline(&graph));
    let code = clif_text(&schedule(&graph)).unwrap();
    assert!(!code.contains("call"), "{code}");

    let network =
        make(forward(9), &[ty(F64, &[4])], &[ty(F64, &[4])], &[ty(F64, &[4, 4]), ty(F64, &[4, 4])], |graph, inputs| {
            let [_, state, row, own, other] = inputs[..] else { panic!("five inputs") };
            let (own, other) = (graph.contract(own, state, 0, 1), graph.contract(other, row, 0, 1));
            let sum = apply(graph, &arithmetic::ADD, &[own, other]);
            let next = apply(graph, &ndc::ops::rounding::SIGN, &[sum]);
            (vec![next], vec![next])
        });
    assert!(is_inline(&whole(&network)));
    check(&network, "a small network");
    assert!(is_inline(&whole(&nested(&[4], Ends::AfterTrips))));
    assert!(!is_inline(&whole(&nested(&[20], Ends::AfterTrips))));
}

#[test]
fn the_workspace_does_not_grow_with_the_trips() {
    for sizes in [&[][..], &[4], &[100]] {
        let bytes = |trips: usize| {
            let state = ty(F64, sizes);
            let run = make(forward(trips), std::slice::from_ref(&state), &[], &[], |graph, inputs| {
                (vec![apply(graph, &arithmetic::ADD, &[inputs[1], inputs[1]])], vec![inputs[1]])
            });
            let mut graph = Graph::new();
            let start = graph.input("start", state);
            let node = graph.run_loop(run, &[start]);
            let last = graph.result(node, 0);
            graph.output("y", last);
            schedule(&graph).workspace_bytes
        };
        assert_eq!(bytes(10), bytes(10_000_000));
    }
}
