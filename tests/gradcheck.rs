//! The check of derivatives: right ones pass by every method, wrong ones are found, and the operation is named.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use ndc::data::FileLoader;
use ndc::gradcheck::file;
use ndc::gradcheck::{Input, Kind, Outcome, PAIRS, Pair, Problem, Reading, Settings, Start, Unchecked, check};
use ndc::ir::ElementType;
use ndc::ir::{
    Axes, Differential, Ends, Graph, Loop, Meaning, NodeId, Partial, Pointwise, Reduction, Shape, Table, TensorType,
};
use ndc::ops::arithmetic::{ADD, MULTIPLY};
use ndc::ops::choice::{OWN_SLOPE, STOP_GRADIENT};
use ndc::ops::declare::unary;
use ndc::ops::structural::table::reals;
use ndc::ops::{find, trigonometric};
use ndc::runtime::kernel::Unary;
use ndc::runtime::random::Key;
use ndc::source::{SourceId, Span};
use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

const F64: ElementType = ElementType::F64;

/// A place for an operation to come from.
fn place(number: usize) -> Span {
    Span::new(SourceId(0), 10 * number, 10 * number + 5)
}

fn settings() -> Settings {
    Settings { points: 3, key: Key { seed: 1, stream: 2 }, accepted: HashSet::new() }
}

/// A function of tensors of some shapes.
fn problem(shapes: &[&[usize]], build: impl FnOnce(&mut Graph, &[NodeId]) -> NodeId) -> Problem {
    let mut graph = Graph::new();
    let inputs: Vec<NodeId> =
        shapes.iter().enumerate().map(|(at, sizes)| graph.input(format!("x{at}"), tensor(sizes))).collect();
    let result = build(&mut graph, &inputs);
    graph.output("result", result);
    Problem { graph, inputs: shapes.iter().map(|_| Input { start: Start::Any, varied: true }).collect() }
}

fn tensor(sizes: &[usize]) -> TensorType {
    TensorType::new(F64, Shape::new(sizes))
}

fn named(name: &str) -> &'static Pointwise {
    find(name).unwrap_or_else(|| panic!("no operation {name}"))
}

/// How far a pair is apart at most; `None` where it was never compared.
fn apart(outcome: &Outcome, pair: Pair) -> Option<f64> {
    outcome.readings.iter().filter_map(|reading| reading.apart(pair)).reduce(f64::max)
}

/// A function whose derivative is stated wrongly by a tenth.
struct Wrong;

impl Unary for Wrong {
    fn f64(x: f64) -> f64 {
        ndc::runtime::math::double::sin(x)
    }
    fn f32(x: f32) -> f32 {
        ndc::runtime::math::single::sin(x)
    }
}

static WRONG: Pointwise = FAULTY;

const FAULTY: Pointwise = Pointwise {
    name: "wrong",
    builtin: false,
    differential: Differential::Partials(|graph, arguments, _| {
        let cosine = graph.pointwise(&trigonometric::COS, &[arguments[0]]);
        let factor = graph.constant_like(arguments[0], 1.1);
        vec![Partial::Value(graph.pointwise(&MULTIPLY, &[cosine, factor]))]
    }),
    ..unary::<Wrong>()
};

#[test]
fn each_method_can_disagree_and_rounding_is_no_disagreement() {
    let agreed = Reading {
        reverse: 2.0,
        forward: 2.0 + 1e-10,
        native: Some(2.0 - 1e-10),
        values: (5.0, Some(5.0 + 1e-10)),
        differences: 2.0 + 1e-5,
        error: 2e-6,
        complex: Some(2.0 + 1e-10),
        scale: 2.0,
        size: 5.0,
    };
    let disagreeing =
        |reading: &Reading| -> Vec<Pair> { PAIRS.into_iter().filter(|pair| reading.disagrees(*pair)).collect() };
    assert_eq!(disagreeing(&agreed), []);
    let wrong: [(Pair, Reading); 7] = [
        (Pair::Forward, Reading { forward: 2.0 + 1e-7, ..agreed.clone() }),
        (Pair::Forward, Reading { forward: f64::NAN, ..agreed.clone() }),
        (Pair::Native, Reading { native: Some(2.0 + 1e-7), ..agreed.clone() }),
        (Pair::Native, Reading { values: (5.0, Some(5.0 + 1e-6)), ..agreed.clone() }),
        (Pair::Native, Reading { values: (5.0, Some(f64::NAN)), ..agreed.clone() }),
        (Pair::Complex, Reading { complex: Some(2.0 + 1e-6), ..agreed.clone() }),
        (Pair::Differences, Reading { error: 1e-9, ..agreed.clone() }),
    ];
    for (pair, reading) in wrong {
        assert_eq!(disagreeing(&reading), [pair], "{reading:?}");
    }
    let not_compared = Reading { native: None, complex: None, values: (5.0, None), ..agreed };
    assert_eq!((not_compared.apart(Pair::Complex), not_compared.apart(Pair::Native)), (None, None));
}

/// Operations with continuations on all of the reals, one after another.
#[test]
fn right_derivatives_pass_by_every_method() {
    let net = problem(&[&[3, 4], &[4], &[3]], |graph, x| {
        let product = graph.contract(x[0], x[1], 0, 1);
        let sum = graph.pointwise(&ADD, &[product, x[2]]);
        let active = graph.pointwise(named("tanh"), &[sum]);
        let squares = graph.pointwise(named("square"), &[active]);
        let total = graph.reduce_all(Reduction::Sum, squares);
        graph.pointwise(named("exp"), &[total])
    });
    let outcome = check(&net, &settings()).unwrap();
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
    assert_eq!(outcome.points, 3);
    assert!(!outcome.all_zero);
    for (pair, limit) in
        [(Pair::Forward, 1e-12), (Pair::Native, 1e-12), (Pair::Complex, 1e-11), (Pair::Differences, 1e-7)]
    {
        let apart = apart(&outcome, pair).expect("every method applies");
        assert!(apart <= limit, "{pair:?}: {apart}");
    }
}

/// Rows that are chosen, of products of three tensors and of what is repeated; parts that lie beside and over each other. Each
/// graph is one that rules of the optimiser change, and its derivative is another.
#[test]
fn derivatives_pass_where_rows_are_chosen_and_parts_are_put_together() {
    let rows = |graph: &mut Graph, of: NodeId, rows: &[u64]| {
        let ty = TensorType::new(ElementType::I64, Shape::new(&[rows.len()]));
        let indices = graph.constant_table(Table { ty, bits: rows.to_vec() });
        graph.gather(of, indices, 0)
    };
    // sum(weights[e, b] * matrices[b, i, j] * points[e, j] for b, j), of which three rows are read, one twice.
    let skin = problem(&[&[9, 5], &[5, 3, 4], &[9, 4]], |graph, x| {
        let shape = Shape::new(&[9, 3, 5, 4]);
        let turned = graph.transpose(x[1], Axes::new([1, 0, 2]));
        let [weights, matrices, points] = [(x[0], &[0, 2][..]), (turned, &[1, 2, 3]), (x[2], &[0, 3])]
            .map(|(each, axes)| graph.broadcast(each, Axes::new(axes.iter().copied()), &shape));
        let product = graph.pointwise(&MULTIPLY, &[weights, matrices]);
        let product = graph.pointwise(&MULTIPLY, &[product, points]);
        let moved = graph.reduce(Reduction::Sum, product, Axes::new([2, 3]));
        let bent = graph.pointwise(named("sin"), &[moved]);
        let chosen = rows(graph, bent, &[7, 0, 7]);
        let squares = graph.pointwise(named("square"), &[chosen]);
        graph.reduce_all(Reduction::Sum, squares)
    });
    // Two rows of a batch of products with a row that is the same for all.
    let batch = problem(&[&[6, 2, 3], &[6, 3], &[2]], |graph, x| {
        let product = graph.contract(x[0], x[1], 1, 1);
        let same = graph.broadcast(x[2], Axes::new([1]), &Shape::new(&[6, 2]));
        let sum = graph.pointwise(&ADD, &[product, same]);
        let chosen = rows(graph, sum, &[5, 2, 2]);
        let active = graph.pointwise(named("tanh"), &[chosen]);
        graph.reduce_all(Reduction::Sum, active)
    });
    // The adjoint of slices is a sum of pads: two beside each other, with a gap, and two over each other.
    let parts = problem(&[&[2, 12]], |graph, x| {
        let [a, b, c] = [(0, 3), (3, 3), (7, 3)].map(|(start, count)| graph.slice(x[0], 1, start, 1, count));
        let within = graph.slice(x[0], 1, 8, 1, 1);
        let product = graph.pointwise(&MULTIPLY, &[a, b]);
        let product = graph.pointwise(&MULTIPLY, &[product, c]);
        let active = graph.pointwise(named("sin"), &[product]);
        let [one, other] = [active, within].map(|each| graph.reduce_all(Reduction::Sum, each));
        graph.pointwise(&MULTIPLY, &[one, other])
    });
    for (name, problem) in [("skin", skin), ("batch", batch), ("parts", parts)] {
        let outcome = check(&problem, &settings()).unwrap();
        assert!(outcome.failure.is_none(), "{name}: {:?}", outcome.failure);
        assert!(!outcome.all_zero, "{name}");
        for (pair, limit) in [(Pair::Forward, 1e-11), (Pair::Native, 1e-11), (Pair::Complex, 1e-10)] {
            let apart = apart(&outcome, pair).expect("every method applies");
            assert!(apart <= limit, "{name}, {pair:?}: {apart}");
        }
    }
}

#[test]
fn every_pointwise_operation_with_a_derivative_passes() {
    let mut wrong = Vec::new();
    for definition in ndc::ops::POINTWISE {
        let arity = definition.meaning.arity();
        let real = matches!(definition.meaning, Meaning::Unary { .. } | Meaning::Binary { .. });
        // One states a slope that is not its own; the others state none.
        let special = std::ptr::eq(*definition, &OWN_SLOPE) || matches!(definition.differential, Differential::Zero);
        // The orders of these are whole numbers, which differences cannot vary.
        let by_order = definition.name.contains("bessel") || definition.name == "polygamma";
        if !real || special || by_order {
            continue;
        }
        let shapes: Vec<&[usize]> = vec![&[]; arity];
        let one = problem(&shapes, |graph, x| graph.pointwise(definition, x));
        match check(&one, &settings()) {
            // Its convention: no formula is known for the second derivative by the order, so it is NaN, and that is found.
            Ok(Outcome { failure: Some(failure), .. })
                if definition.name == "gammainc_by_order" && failure.reading.reverse.is_nan() => {}
            Ok(Outcome { failure: Some(failure), .. }) => wrong.push(format!("{}: {failure:?}", definition.name)),
            Ok(_) => {}
            Err(reason) => wrong.push(format!("{}: {reason:?}", definition.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_wrong_rule_is_found_and_placed() {
    let faulty = problem(&[&[2], &[2]], |graph, x| {
        graph.current_span = Some(place(1));
        let product = graph.pointwise(&MULTIPLY, &[x[0], x[1]]);
        graph.current_span = Some(place(2));
        let wrong = graph.pointwise(&WRONG, &[product]);
        graph.current_span = Some(place(3));
        graph.pointwise(named("exp"), &[wrong])
    });
    let failure = check(&faulty, &settings()).unwrap().failure.expect("the rule is wrong");
    assert_eq!(failure.pair, Pair::Differences);
    let culprit = failure.culprit.expect("one operation is wrong");
    assert_eq!((culprit.kind, culprit.span, &*culprit.operation), (Kind::Operation, Some(place(2)), "wrong"));
    let expected = ndc::runtime::math::double::cos(culprit.at[0]);
    assert!((culprit.by_differences - expected).abs() < 1e-7, "{culprit:?}");
    assert!((culprit.by_derivative - 1.1 * expected).abs() < 1e-12, "{culprit:?}");
}

/// `state = f(state * row)` for three rows.
fn looped(step: &dyn Fn(&mut Graph, NodeId) -> NodeId) -> Problem {
    let mut body = Graph::new();
    body.input("step", TensorType::scalar(ElementType::I64));
    let (state, row) = (body.input("state", tensor(&[])), body.input("row", tensor(&[])));
    let product = body.pointwise(&MULTIPLY, &[state, row]);
    let next = step(&mut body, product);
    body.output("state", next);
    let run = Loop { body: Arc::new(body), trips: 3, states: 1, sequences: 1, backward: false, ends: Ends::AfterTrips };
    problem(&[&[], &[3]], |graph, x| {
        let run = graph.run_loop(Arc::new(run), x);
        graph.result(run, 0)
    })
}

#[test]
fn a_wrong_rule_inside_a_loop_is_found_and_placed() {
    let faulty = looped(&|body, product| {
        body.current_span = Some(place(7));
        body.pointwise(&WRONG, &[product])
    });
    let culprit = check(&faulty, &settings()).unwrap().failure.expect("the rule is wrong").culprit.unwrap();
    assert_eq!((culprit.span, &*culprit.operation), (Some(place(7)), "wrong"));
    let right = looped(&|body, product| body.pointwise(named("sin"), &[product]));
    let outcome = check(&right, &settings()).unwrap();
    assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
    assert!(apart(&outcome, Pair::Complex).unwrap() < 1e-11, "complex steps go through loops");
}

#[test]
fn what_stops_derivatives_is_held_in_differences_inside_loops_too() {
    let half_stopped = |graph: &mut Graph, x: NodeId| {
        let stopped = graph.pointwise(&STOP_GRADIENT, &[x]);
        graph.pointwise(&MULTIPLY, &[x, stopped])
    };
    for stopped in [problem(&[&[]], |graph, x| half_stopped(graph, x[0])), looped(&half_stopped)] {
        let outcome = check(&stopped, &settings()).unwrap();
        assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
        assert!(!outcome.all_zero);
        assert!(apart(&outcome, Pair::Complex).unwrap() < 1e-11);
    }
}

/// `sin(x)` with a stated derivative of `slope`, as `derivative f(x) = …` makes it.
fn stated(graph: &mut Graph, x: NodeId, slope: f64) -> NodeId {
    graph.current_span = Some(place(4));
    let stopped = graph.pointwise(&STOP_GRADIENT, &[x]);
    let value = graph.pointwise(named("sin"), &[stopped]);
    let slope = graph.constant_like(x, slope);
    let nothing = graph.pointwise(&OWN_SLOPE, &[x, slope]);
    graph.pointwise(&ADD, &[value, nothing])
}

#[test]
fn a_stated_derivative_is_on_trial_unless_it_is_accepted() {
    let alone = problem(&[&[]], |graph, x| stated(graph, x[0], 3.0));
    for function in [alone, looped(&|body, product| stated(body, product, 3.0))] {
        let culprit = check(&function, &settings()).unwrap().failure.expect("3 is no slope of sin").culprit.unwrap();
        assert_eq!((culprit.kind, culprit.span), (Kind::OwnDerivative, Some(place(4))));
        assert!((culprit.by_derivative - 3.0).abs() < 1e-14, "{culprit:?}");
        let expected = ndc::runtime::math::double::cos(culprit.at[0]);
        assert!((culprit.by_differences - expected).abs() < 1e-7, "{culprit:?}");
        let accepted = Settings { accepted: HashSet::from([place(4)]), ..settings() };
        let outcome = check(&function, &accepted).unwrap();
        assert!(outcome.failure.is_none(), "{:?}", outcome.failure);
        assert!(apart(&outcome, Pair::Complex).unwrap() < 1e-11);
    }
}

#[test]
fn a_right_stated_derivative_passes_by_every_method() {
    let right = problem(&[&[3]], |graph, x| {
        graph.current_span = Some(place(4));
        let stopped = graph.pointwise(&STOP_GRADIENT, &[x[0]]);
        let value = graph.pointwise(named("sin"), &[stopped]);
        let slope = graph.pointwise(named("cos"), &[x[0]]);
        let nothing = graph.pointwise(&OWN_SLOPE, &[x[0], slope]);
        graph.pointwise(&ADD, &[value, nothing])
    });
    let outcome = check(&right, &settings()).unwrap();
    assert!(outcome.failure.is_none() && !outcome.all_zero, "{outcome:?}");
    assert!(apart(&outcome, Pair::Complex).unwrap() < 1e-12, "{outcome:?}");
}

#[test]
fn a_point_at_a_kink_is_replaced() {
    let mut kinked = problem(&[&[2]], |graph, x| {
        let positive = graph.pointwise(named("relu"), &[x[0]]);
        graph.pointwise(named("exp"), &[positive])
    });
    let at_the_kink = reals(F64, Shape::new(&[2]), &[0.0, 1.0]);
    kinked.inputs[0].start = Start::Around(at_the_kink.clone());
    let outcome = check(&kinked, &settings()).unwrap();
    assert!(outcome.failure.is_none() && outcome.points == 3 && outcome.kinks > 0, "{outcome:?}");
    kinked.inputs[0].start = Start::Fixed(at_the_kink);
    let outcome = check(&kinked, &settings()).unwrap();
    assert!(outcome.failure.is_none() && outcome.passed_over > 0, "the other number is compared: {outcome:?}");
    kinked.inputs[0].start = Start::Fixed(reals(F64, Shape::new(&[2]), &[0.0, 0.0]));
    assert!(matches!(check(&kinked, &settings()), Err(Unchecked::NoSmoothPoint)));
}

#[test]
fn a_derivative_that_is_no_number_is_wrong_where_the_function_is_smooth() {
    static LEAKING: Pointwise = Pointwise {
        name: "leaking",
        differential: Differential::Partials(|graph, arguments, _| {
            vec![Partial::Value(graph.constant_like(arguments[0], f64::NAN))]
        }),
        ..FAULTY
    };
    let leaking = problem(&[&[]], |graph, x| graph.pointwise(&LEAKING, x));
    let failure = check(&leaking, &settings()).unwrap().failure.expect("NaN is no slope of sin");
    assert!(failure.reading.reverse.is_nan() && failure.reading.differences.is_finite(), "{failure:?}");
}

#[test]
fn a_function_gets_points_inside_its_domain() {
    let narrow = problem(&[&[]], |graph, x| {
        let angle = graph.pointwise(named("asin"), &[x[0]]);
        graph.pointwise(named("log"), &[angle])
    });
    let outcome = check(&narrow, &settings()).unwrap();
    assert!(outcome.failure.is_none() && outcome.points == 3, "{outcome:?}");
    let nowhere = problem(&[&[]], |graph, x| {
        let squared = graph.pointwise(named("square"), &[x[0]]);
        let negative = graph.pointwise(named("negate"), &[squared]);
        graph.pointwise(named("log"), &[negative])
    });
    assert!(matches!(check(&nowhere, &settings()), Err(Unchecked::NoPoint)));
}

#[test]
fn what_cannot_be_checked_says_why() {
    let compared = problem(&[&[], &[]], |graph, x| graph.pointwise(named("less"), x));
    assert!(matches!(check(&compared, &settings()), Err(Unchecked::NothingReal)));
    let mut constant = problem(&[&[]], |graph, x| graph.pointwise(named("sin"), x));
    constant.inputs[0] = Input { start: Start::Fixed(Table { ty: tensor(&[]), bits: vec![0] }), varied: false };
    assert!(matches!(check(&constant, &settings()), Err(Unchecked::NothingVaries)));
    let large = problem(&[&[4000, 4000], &[4000, 4000]], |graph, x| graph.contract(x[0], x[1], 0, 1));
    assert!(matches!(check(&large, &settings()), Err(Unchecked::TooLarge(_))));
}

/// The examples of which all is compared, with the functions whose stated derivatives differ on purpose, and how many functions,
/// models and losses are compared and how many cannot be.
const EXAMPLES: &[(&str, Option<&str>, usize, usize)] = &[
    ("activations", None, 0, 2),
    ("autoencoder", None, 9, 0),
    ("digits", None, 3, 0),
    ("discrete_mapping", None, 2, 1),
    ("gates", None, 6, 1),
    ("iris", None, 3, 0),
    ("iris_layers", None, 2, 0),
    ("losses", None, 0, 1),
    ("matrix_calculus", None, 2, 0),
    ("neuron", None, 2, 1),
    ("overfitting", None, 9, 2),
    ("penguins", None, 4, 3),
    ("recurrent", None, 4, 0),
    ("regression", None, 4, 0),
    ("softmax", None, 1, 0),
    ("spiking_network", Some("spike"), 6, 0),
    ("synapses", None, 4, 2),
    ("ten_points", None, 3, 0),
    ("tour", None, 2, 0),
    ("two_layer_by_hand", None, 4, 0),
    ("universal_approximation", None, 7, 1),
    ("xor", None, 2, 0),
];

/// Of the other examples the parts that take little time: a whole simulation, or a training loss over a network of
/// convolutions, is thousands of values at each of many points.
const PARTS: &[(&str, &[&str])] = &[
    ("attention", &["embed", "block", "decide"]),
    ("convolution", &["net"]),
    (
        "hodgkin_huxley",
        &["ratio", "gate", "gate_m", "gate_h", "gate_n", "rates", "step_of", "step_current", "of_squid"],
    ),
    ("implicit", &["powers", "ridge", "by_formula", "drive", "readout", "rest"]),
    ("integrate_and_fire", &["step_of", "formula"]),
];

/// The sizes of an image, for the network that takes one.
fn sizes(example: &str) -> Vec<(String, i64)> {
    let image = if example == "convolution" { &[("channels", 1), ("h", 14), ("w", 14)][..] } else { &[] };
    image.iter().map(|(name, size)| ((*name).to_string(), *size)).collect()
}

/// How many functions, models and losses pass and how many cannot be compared, and what is wrong.
fn outcome(example: &str, allow: Option<&str>, of: Option<&str>) -> (usize, usize, Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/{example}.nd"));
    let allow: Vec<String> = allow.iter().map(|name| (*name).to_string()).collect();
    let sizes = sizes(example);
    let request = file::Request { of, at: None, sizes: &sizes, points: Some(1), seed: 3, allow: &allow };
    let mut loader = FileLoader::new();
    let Ok(mut session) = file::Session::new(&path, request, &mut loader) else { panic!("{example} does not check") };
    let (mut passed, mut skipped, mut wrong) = (0, 0, Vec::new());
    for target in session.targets() {
        match session.check(&target) {
            Ok(file::Verdict::Passed(_)) => passed += 1,
            Ok(file::Verdict::Skipped(_)) => skipped += 1,
            Ok(file::Verdict::Failed { message, .. }) => wrong.push(format!("{example}, {}: {message:?}", target.name)),
            Err(failure) => wrong.push(format!("{example}, {}: {:?}", target.name, failure.diagnostics)),
        }
    }
    (passed, skipped, wrong)
}

#[test]
fn the_examples_pass() {
    let mut wrong = Vec::new();
    for (name, allow, passing, skipping) in EXAMPLES {
        let (passed, skipped, found) = outcome(name, *allow, None);
        wrong.extend(found);
        if (passed, skipped) != (*passing, *skipping) {
            wrong.push(format!("{name}: {passed} passed, {skipped} skipped"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_parts_of_large_examples_pass() {
    let mut wrong = Vec::new();
    for (name, part) in PARTS.iter().flat_map(|(name, parts)| parts.iter().map(move |part| (name, part))) {
        let (passed, _, found) = outcome(name, None, Some(part));
        wrong.extend(found);
        if passed != 1 {
            wrong.push(format!("{name}: {part} is not compared"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_example_is_checked() {
    let listed: BTreeSet<String> = EXAMPLES
        .iter()
        .map(|row| row.0)
        .chain(PARTS.iter().map(|row| row.0))
        .map(|name| format!("{name}.nd"))
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.ends_with(".nd")).collect::<BTreeSet<_>>(), listed);
}
