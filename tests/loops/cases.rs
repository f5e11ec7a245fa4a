//! A table of loops: what each computes, at which point, and its value where a closed form is known.

use super::support::*;
use ndc::ir::{Axes, ElementType, Ends, Graph, Loop, NodeId, Reduction, Shape, Table, TensorType};
use ndc::ops::arithmetic::{ADD, DIVIDE, MULTIPLY, SUBTRACT};
use ndc::ops::choice::{SELECT, TO_F64};
use ndc::ops::comparison::{GREATER, LESS};
use ndc::ops::trigonometric::TANH;
use std::sync::Arc;

/// How a loop runs.
#[derive(Clone, Copy)]
pub struct Plan {
    pub trips: usize,
    pub backward: bool,
    pub ends: Ends,
}

impl Plan {
    pub fn trips(trips: usize) -> Self {
        Plan { trips, backward: false, ends: Ends::AfterTrips }
    }
}

/// What a body sees.
pub struct Step {
    pub step: NodeId,
    pub states: Vec<NodeId>,
    pub rows: Vec<NodeId>,
    pub invariants: Vec<NodeId>,
}

/// The arguments of a loop.
#[derive(Clone, Copy, Default)]
pub struct Given<'a> {
    pub count: Option<NodeId>,
    pub states: &'a [NodeId],
    pub sequences: &'a [NodeId],
    pub invariants: &'a [NodeId],
}

/// A loop whose body gives the next states and one row of each stacked output.
pub fn run(
    graph: &mut Graph,
    plan: Plan,
    given: Given,
    body: impl FnOnce(&mut Graph, &Step) -> (Vec<NodeId>, Vec<NodeId>),
) -> NodeId {
    let mut inner = Graph::new();
    let step = inner.input("step", TensorType::scalar(ElementType::I64));
    let states = given.states.iter().map(|node| inner.input("state", graph.ty(*node).clone())).collect();
    let row = |node: &NodeId| {
        let ty = graph.ty(*node);
        TensorType::new(ty.element, Shape::new(&ty.shape.sizes()[1..]))
    };
    let rows = given.sequences.iter().map(|node| inner.input("row", row(node))).collect();
    let invariants = given.invariants.iter().map(|node| inner.input("invariant", graph.ty(*node).clone())).collect();
    let (next, stacked) = body(&mut inner, &Step { step, states, rows, invariants });
    for output in next.into_iter().chain(stacked) {
        inner.output("output", output);
    }
    let Plan { trips, backward, ends } = plan;
    let (states, sequences) = (given.states.len(), given.sequences.len());
    let run = Loop { body: Arc::new(inner), trips, states, sequences, backward, ends };
    let arguments: Vec<NodeId> =
        (given.count.iter()).chain(given.states).chain(given.sequences).chain(given.invariants).copied().collect();
    graph.run_loop(Arc::new(run), &arguments)
}

/// One loop of the table.
pub struct Case {
    pub name: &'static str,
    pub graph: Graph,
    pub output: NodeId,
    pub at: Vec<Table>,
    pub expected: Option<Vec<f64>>,
}

/// A graph with an input for each table.
struct Start {
    graph: Graph,
    inputs: Vec<NodeId>,
    at: Vec<Table>,
}

fn start(at: Vec<Table>) -> Start {
    let mut graph = Graph::new();
    let inputs = at.iter().map(|table| graph.input("x", table.ty.clone())).collect();
    Start { graph, inputs, at }
}

impl Start {
    fn case(self, name: &'static str, output: NodeId, expected: Option<Vec<f64>>) -> Case {
        Case { name, graph: self.graph, output, at: self.at, expected }
    }
}

/// An integer scalar.
pub fn count(value: i64) -> Table {
    Table { ty: TensorType::scalar(ElementType::I64), bits: vec![value as u64] }
}

fn vector(values: &[f64]) -> Table {
    reals(&[values.len()], values)
}

fn scalar(value: f64) -> Table {
    reals(&[], &[value])
}

const NUMBERS: [f64; 5] = [0.7, -1.2, 0.4, 1.9, -0.3];

/// All loops of the table.
pub fn cases() -> Vec<Case> {
    vec![
        sum_by_position(),
        sum_of_shifted_positions(),
        product(),
        recurrence(),
        matrix_power(),
        recurrent_network(4),
        determinant(),
        nested(),
        while_below(),
        running_sums(),
        horner_from_the_end(),
        after_count("after a count", 3, false),
        after_count("after a count, backward", 2, true),
        after_count("after a negative count", -4, false),
        after_count("after a count beyond the trips", 9, true),
        no_trips(),
        one_trip(),
        factorial(),
        mixed_states(),
    ]
}

fn sum_by_position() -> Case {
    let mut start = start(vec![vector(&NUMBERS)]);
    let (x, graph) = (start.inputs[0], &mut start.graph);
    let zero = graph.real(ElementType::F64, 0.0);
    let given = Given { states: &[zero], invariants: &[x], ..Given::default() };
    let sum = run(graph, Plan::trips(5), given, |graph, at| {
        let entry = graph.gather(at.invariants[0], at.step, 0);
        (vec![graph.pointwise(&ADD, &[at.states[0], entry])], vec![])
    });
    let output = graph.result(sum, 0);
    start.case("sum by position", output, Some(vec![1.5]))
}

/// `x[2t + 1, :] + x[5 - t, :]`, of a matrix.
fn sum_of_shifted_positions() -> Case {
    let numbers: Vec<f64> = (0..12).map(|each| 0.1 * f64::from(each)).collect();
    let mut start = start(vec![reals(&[6, 2], &numbers)]);
    let (x, graph) = (start.inputs[0], &mut start.graph);
    let zero = graph.real_table(ElementType::F64, Shape::new(&[2]), &[0.0, 0.0]);
    let given = Given { states: &[zero], invariants: &[x], ..Given::default() };
    let sum = run(graph, Plan::trips(3), given, |graph, at| {
        let (one, two, five) = (graph.integer(1), graph.integer(2), graph.integer(5));
        let twice = graph.pointwise(&MULTIPLY, &[two, at.step]);
        let first = graph.pointwise(&ADD, &[twice, one]);
        let second = graph.pointwise(&SUBTRACT, &[five, at.step]);
        let (first, second) = (graph.gather(at.invariants[0], first, 0), graph.gather(at.invariants[0], second, 0));
        let square = graph.pointwise(&MULTIPLY, &[first, first]);
        let both = graph.pointwise(&ADD, &[square, second]);
        (vec![graph.pointwise(&ADD, &[at.states[0], both])], vec![])
    });
    let output = graph.result(sum, 0);
    let of =
        |column: usize| (0..3).map(|t| numbers[2 * (2 * t + 1) + column].powi(2) + numbers[2 * (5 - t) + column]).sum();
    start.case("sum of shifted positions", output, Some(vec![of(0), of(1)]))
}

fn product() -> Case {
    let mut start = start(vec![vector(&NUMBERS)]);
    let (x, graph) = (start.inputs[0], &mut start.graph);
    let one = graph.real(ElementType::F64, 1.0);
    let given = Given { states: &[one], sequences: &[x], ..Given::default() };
    let product = run(graph, Plan::trips(5), given, |graph, at| {
        (vec![graph.pointwise(&MULTIPLY, &[at.states[0], at.rows[0]])], vec![])
    });
    let output = graph.result(product, 0);
    start.case("product", output, Some(vec![NUMBERS.iter().product()]))
}

/// `x <- a x + b`, six times.
fn recurrence() -> Case {
    let (x, a, b) = (0.3, 1.1, -0.2);
    let mut start = start(vec![scalar(x), scalar(a), scalar(b)]);
    let graph = &mut start.graph;
    let given = Given { states: &start.inputs[..1], invariants: &start.inputs[1..], ..Given::default() };
    let last = run(graph, Plan::trips(6), given, |graph, at| {
        let scaled = graph.pointwise(&MULTIPLY, &[at.invariants[0], at.states[0]]);
        (vec![graph.pointwise(&ADD, &[scaled, at.invariants[1]])], vec![])
    });
    let output = graph.result(last, 0);
    let power = a.powi(6);
    start.case("recurrence", output, Some(vec![power * x + b * (power - 1.0) / (a - 1.0)]))
}

fn matrix_power() -> Case {
    let mut start = start(vec![vector(&[0.5, -0.25]), reals(&[2, 2], &[1.0, 2.0, 0.0, -1.0])]);
    let graph = &mut start.graph;
    let given = Given { states: &start.inputs[..1], invariants: &start.inputs[1..], ..Given::default() };
    let last = run(graph, Plan::trips(3), given, |graph, at| {
        (vec![graph.contract(at.invariants[0], at.states[0], 0, 1)], vec![])
    });
    let output = graph.result(last, 0);
    start.case("matrix power", output, Some(vec![0.0, 0.25]))
}

/// `h <- tanh(W h + U x_t)`.
pub fn recurrent_network(trips: usize) -> Case {
    let mut random = Random(3);
    let types = [real(&[3]), real(&[3, 3]), real(&[3, 2]), real(&[trips, 2])];
    let mut start = start(types.iter().map(|ty| random.table(ty)).collect());
    let graph = &mut start.graph;
    let given = Given {
        states: &start.inputs[..1],
        sequences: &start.inputs[3..],
        invariants: &start.inputs[1..3],
        ..Given::default()
    };
    let network = run(graph, Plan::trips(trips), given, |graph, at| {
        let old = graph.contract(at.invariants[0], at.states[0], 0, 1);
        let new = graph.contract(at.invariants[1], at.rows[0], 0, 1);
        let sum = graph.pointwise(&ADD, &[old, new]);
        let state = graph.pointwise(&TANH, &[sum]);
        (vec![state], vec![graph.pointwise(&MULTIPLY, &[state, old])])
    });
    let (last, rows) = (graph.result(network, 0), graph.result(network, 1));
    let last = graph.reshape(last, &Shape::new(&[1, 3]));
    let output = graph.concatenate(&[rows, last], 0);
    start.case("recurrent network", output, None)
}

/// Elimination without exchange of rows: the product of the pivots.
fn determinant() -> Case {
    let mut start = start(vec![reals(&[3, 3], &[2.0, 1.0, 0.5, -1.0, 3.0, 0.25, 0.5, 1.0, 4.0])]);
    let (matrix, graph) = (start.inputs[0], &mut start.graph);
    let one = graph.real(ElementType::F64, 1.0);
    let given = Given { states: &[matrix, one], ..Given::default() };
    let elimination = run(graph, Plan::trips(3), given, |graph, at| {
        let (matrix, shape) = (at.states[0], Shape::new(&[3, 3]));
        let row = graph.gather(matrix, at.step, 0);
        let pivot = graph.gather(row, at.step, 0);
        let turned = graph.transpose(matrix, Axes::new([1, 0]));
        let column = graph.gather(turned, at.step, 0);
        let spread = graph.splat(pivot, &Shape::new(&[3]));
        let factors = graph.pointwise(&DIVIDE, &[column, spread]);
        let (places, step) = (graph.iota(0, Shape::new(&[3])), graph.splat(at.step, &Shape::new(&[3])));
        let below = graph.pointwise(&GREATER, &[places, step]);
        let zero = graph.constant_like(factors, 0.0);
        let factors = graph.pointwise(&SELECT, &[below, factors, zero]);
        let left = graph.broadcast(factors, Axes::new([0]), &shape);
        let right = graph.broadcast(row, Axes::new([1]), &shape);
        let change = graph.pointwise(&MULTIPLY, &[left, right]);
        let next = graph.pointwise(&SUBTRACT, &[matrix, change]);
        (vec![next, graph.pointwise(&MULTIPLY, &[at.states[1], pivot])], vec![])
    });
    let output = graph.result(elimination, 1);
    let expected = 2.0 * (12.0 - 0.25) - (-4.0 - 0.125) + 0.5 * (-1.0 - 1.5);
    start.case("determinant", output, Some(vec![expected]))
}

/// `x <- x² + sum over j of x y_j z`, the inner sum by a loop.
fn nested() -> Case {
    let mut start = start(vec![scalar(0.4), vector(&[0.1, -0.2, 0.3, 0.5]), scalar(0.8)]);
    let graph = &mut start.graph;
    let given = Given { states: &start.inputs[..1], invariants: &start.inputs[1..], ..Given::default() };
    let outer = run(graph, Plan::trips(3), given, |graph, at| {
        let start = graph.pointwise(&MULTIPLY, &[at.states[0], at.states[0]]);
        let invariants = [at.states[0], at.invariants[1]];
        let given =
            Given { states: &[start], sequences: &at.invariants[..1], invariants: &invariants, ..Given::default() };
        let inner = run(graph, Plan::trips(4), given, |graph, at| {
            let product = graph.pointwise(&MULTIPLY, &[at.invariants[0], at.rows[0]]);
            let product = graph.pointwise(&MULTIPLY, &[product, at.invariants[1]]);
            (vec![graph.pointwise(&ADD, &[at.states[0], product])], vec![])
        });
        let next = graph.result(inner, 0);
        (vec![next], vec![next])
    });
    let (last, rows) = (graph.result(outer, 0), graph.result(outer, 1));
    let sum = graph.reduce_all(Reduction::Sum, rows);
    let output = graph.pointwise(&MULTIPLY, &[last, sum]);
    let mut x = 0.4_f64;
    let mut sum = 0.0;
    for _ in 0..3 {
        x = x * x + x * 0.7 * 0.8;
        sum += x;
    }
    start.case("nested", output, Some(vec![x * sum]))
}

/// `while s < 10 { s <- s + x s }`, and how often.
fn while_below() -> Case {
    let mut start = start(vec![scalar(1.5), scalar(0.4)]);
    let graph = &mut start.graph;
    let below = |graph: &mut Graph, s: NodeId| {
        let ten = graph.constant_like(s, 10.0);
        graph.pointwise(&LESS, &[s, ten])
    };
    let goes_on = below(graph, start.inputs[0]);
    let states = [goes_on, start.inputs[0]];
    let given = Given { states: &states, invariants: &start.inputs[1..], ..Given::default() };
    let plan = Plan { ends: Ends::WhenFalse, ..Plan::trips(20) };
    let last = run(graph, plan, given, |graph, at| {
        let change = graph.pointwise(&MULTIPLY, &[at.states[1], at.invariants[0]]);
        let next = graph.pointwise(&ADD, &[at.states[1], change]);
        (vec![below(graph, next), next], vec![change])
    });
    let (last, changes, steps) = (graph.result(last, 1), graph.result(last, 2), graph.result(last, 3));
    let changes = graph.reduce_all(Reduction::Sum, changes);
    let steps = graph.pointwise(&TO_F64, &[steps]);
    let product = graph.pointwise(&MULTIPLY, &[last, changes]);
    let output = graph.pointwise(&MULTIPLY, &[product, steps]);
    let end = 1.5 * 1.4_f64.powi(6);
    start.case("while", output, Some(vec![end * (end - 1.5) * 6.0]))
}

fn running_sums() -> Case {
    let mut start = start(vec![vector(&NUMBERS)]);
    let (x, graph) = (start.inputs[0], &mut start.graph);
    let zero = graph.real(ElementType::F64, 0.0);
    let given = Given { states: &[zero], sequences: &[x], ..Given::default() };
    let sums = run(graph, Plan::trips(5), given, |graph, at| {
        let next = graph.pointwise(&ADD, &[at.states[0], at.rows[0]]);
        let square = graph.pointwise(&MULTIPLY, &[next, next]);
        (vec![next], vec![next, square, at.rows[0]])
    });
    let (sums, squares) = (graph.result(sums, 1), graph.result(sums, 2));
    let output = graph.concatenate(&[sums, squares], 0);
    let mut sum = 0.0;
    let sums: Vec<f64> = NUMBERS
        .iter()
        .map(|x| {
            sum += x;
            sum
        })
        .collect();
    let squares = sums.iter().map(|sum| sum * sum);
    start.case("running sums", output, Some(sums.iter().copied().chain(squares).collect()))
}

fn horner_from_the_end() -> Case {
    let mut start = start(vec![vector(&NUMBERS), scalar(0.9)]);
    let graph = &mut start.graph;
    let zero = graph.real(ElementType::F64, 0.0);
    let given =
        Given { states: &[zero], sequences: &start.inputs[..1], invariants: &start.inputs[1..], ..Given::default() };
    let last = run(graph, Plan { backward: true, ..Plan::trips(5) }, given, |graph, at| {
        let product = graph.pointwise(&MULTIPLY, &[at.states[0], at.invariants[0]]);
        (vec![graph.pointwise(&ADD, &[product, at.rows[0]])], vec![])
    });
    let output = graph.result(last, 0);
    let expected = NUMBERS.iter().rev().fold(0.0, |sum, each| sum * 0.9 + each);
    start.case("Horner from the end", output, Some(vec![expected]))
}

/// `s <- s x_t + t`, as often as an input says.
fn after_count(name: &'static str, steps: i64, backward: bool) -> Case {
    let mut start = start(vec![count(steps), scalar(0.6), vector(&NUMBERS)]);
    let graph = &mut start.graph;
    let given = Given {
        count: Some(start.inputs[0]),
        states: &start.inputs[1..2],
        sequences: &start.inputs[2..],
        ..Given::default()
    };
    let last = run(graph, Plan { ends: Ends::AfterCount, backward, trips: 5 }, given, |graph, at| {
        let product = graph.pointwise(&MULTIPLY, &[at.states[0], at.rows[0]]);
        let step = graph.pointwise(&TO_F64, &[at.step]);
        let next = graph.pointwise(&ADD, &[product, step]);
        (vec![next], vec![product])
    });
    let (last, products) = (graph.result(last, 0), graph.result(last, 1));
    let products = graph.reduce_all(Reduction::Sum, products);
    let output = graph.pointwise(&MULTIPLY, &[last, products]);
    let mut order: Vec<usize> = (0..steps.clamp(0, 5) as usize).collect();
    if backward {
        order.reverse();
    }
    let (mut s, mut sum) = (0.6, 0.0);
    for row in order {
        sum += s * NUMBERS[row];
        s = s * NUMBERS[row] + row as f64;
    }
    start.case(name, output, Some(vec![s * sum]))
}

fn no_trips() -> Case {
    let mut start = start(vec![scalar(0.5), reals(&[0], &[]), scalar(2.0)]);
    let graph = &mut start.graph;
    let given = Given {
        states: &start.inputs[..1],
        sequences: &start.inputs[1..2],
        invariants: &start.inputs[2..],
        ..Given::default()
    };
    let last = run(graph, Plan::trips(0), given, |graph, at| {
        let product = graph.pointwise(&MULTIPLY, &[at.states[0], at.rows[0]]);
        (vec![graph.pointwise(&MULTIPLY, &[product, at.invariants[0]])], vec![product])
    });
    let (last, rows) = (graph.result(last, 0), graph.result(last, 1));
    let rows = graph.reduce_all(Reduction::Sum, rows);
    let output = graph.pointwise(&ADD, &[last, rows]);
    start.case("no trips", output, Some(vec![0.5]))
}

fn one_trip() -> Case {
    let mut start = start(vec![scalar(0.5), vector(&[3.0])]);
    let graph = &mut start.graph;
    let given = Given { states: &start.inputs[..1], sequences: &start.inputs[1..], ..Given::default() };
    let last = run(graph, Plan::trips(1), given, |graph, at| {
        let product = graph.pointwise(&MULTIPLY, &[at.states[0], at.rows[0]]);
        (vec![product], vec![at.states[0]])
    });
    let (last, rows) = (graph.result(last, 0), graph.result(last, 1));
    let last = graph.reshape(last, &Shape::new(&[1]));
    let output = graph.concatenate(&[last, rows], 0);
    start.case("one trip", output, Some(vec![1.5, 0.5]))
}

/// `k <- k + 1, x <- x k`, with a state that never changes.
fn factorial() -> Case {
    let mut start = start(vec![scalar(0.5), scalar(1.25)]);
    let graph = &mut start.graph;
    let one = graph.integer(1);
    let states = [one, start.inputs[0], start.inputs[1]];
    let given = Given { states: &states, ..Given::default() };
    let last = run(graph, Plan::trips(5), given, |graph, at| {
        let one = graph.integer(1);
        let next = graph.pointwise(&ADD, &[at.states[0], one]);
        let factor = graph.pointwise(&TO_F64, &[at.states[0]]);
        let product = graph.pointwise(&MULTIPLY, &[at.states[1], factor]);
        let product = graph.pointwise(&MULTIPLY, &[product, at.states[2]]);
        (vec![next, product, at.states[2]], vec![])
    });
    let output = graph.result(last, 1);
    start.case("factorial", output, Some(vec![60.0 * 1.25_f64.powi(5)]))
}

/// A truth value, an integer and a real that depend on one another.
fn mixed_states() -> Case {
    let mut start = start(vec![scalar(0.6), vector(&NUMBERS)]);
    let graph = &mut start.graph;
    let (truth, zero) = (graph.boolean(true), graph.integer(0));
    let states = [truth, zero, start.inputs[0]];
    let given = Given { states: &states, invariants: &start.inputs[1..], ..Given::default() };
    let last = run(graph, Plan::trips(5), given, |graph, at| {
        let entry = graph.gather(at.invariants[0], at.states[1], 0);
        let product = graph.pointwise(&MULTIPLY, &[at.states[2], entry]);
        let sum = graph.pointwise(&ADD, &[at.states[2], entry]);
        let next = graph.pointwise(&SELECT, &[at.states[0], sum, product]);
        let zero = graph.constant_like(next, 0.0);
        let positive = graph.pointwise(&GREATER, &[next, zero]);
        let (one, none) = (graph.integer(1), graph.integer(0));
        let change = graph.pointwise(&SELECT, &[positive, one, none]);
        let place = graph.pointwise(&ADD, &[at.states[1], change]);
        (vec![positive, place, next], vec![place])
    });
    let output = graph.result(last, 2);
    let (mut truth, mut place, mut x) = (true, 0, 0.6);
    for _ in 0..5 {
        x = if truth { x + NUMBERS[place] } else { x * NUMBERS[place] };
        truth = x > 0.0;
        place += usize::from(truth);
    }
    start.case("mixed states", output, Some(vec![x]))
}
