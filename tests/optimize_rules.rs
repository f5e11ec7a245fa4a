//! Every rule of the optimiser keeps the value as closely as it claims: exact rules bit by bit, at infinities, NaN, zeros of
//! both signs and subnormal numbers too; the others within some units in the last place at ordinary numbers.

#[path = "optimize_rules/examples.rs"]
mod examples;
mod support;

use examples::{EXAMPLES, Subject, plant};
use ndc::eval::{evaluate_nodes, evaluate_tables};
use ndc::ir::{ElementType, Graph, NodeId, Table};
use ndc::ops::POINTWISE;
use ndc::ops::arithmetic::{ADD, DIVIDE, MULTIPLY, NEGATE, SUBTRACT};
use ndc::ops::structural::table;
use ndc::optimize::{Exactness, Rule, Stage, Uses, rules};
use std::collections::BTreeMap;
use support::Random;

const SPECIAL: [f64; 14] =
    [0.0, -0.0, 1.0, -1.0, 0.5, 3.0, -2.5, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 5e-324, -2e-310, 1.7e308, 1e-45];

/// Which numbers a rule is tried at.
#[derive(Clone, Copy, PartialEq)]
enum Numbers {
    /// The special ones, among others of any size.
    Any,
    /// Ordinary ones, positive: no rule is asked for the logarithm of a negative number.
    Ordinary,
}

fn number(random: &mut Random, numbers: Numbers) -> f64 {
    if numbers == Numbers::Ordinary {
        return 1.25 + 0.75 * random.number();
    }
    match random.below(4) {
        0 | 1 => SPECIAL[random.below(SPECIAL.len())],
        2 => 4.0 * random.number(),
        _ => f64::from_bits(random.bits()),
    }
}

fn inputs(graph: &Graph, random: &mut Random, numbers: Numbers) -> Vec<Table> {
    let word = |random: &mut Random, element: ElementType| match element {
        ElementType::Bool => random.bits() & 1,
        ElementType::I64 => random.below(7) as u64,
        _ => table::word(element, number(random, numbers)),
    };
    let filled = |random: &mut Random, input: &ndc::ir::Input| {
        let bits = (0..input.ty.shape.count()).map(|_| word(random, input.ty.element)).collect();
        Table { ty: input.ty.clone(), bits }
    };
    graph.inputs().iter().map(|input| filled(random, input)).collect()
}

/// The units in the last place, of the greatest number around, that a rule may change.
fn tolerance(exactness: Exactness, element: ElementType, scale: f64) -> f64 {
    let unit = if element == ElementType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
    match exactness {
        Exactness::Exact | Exactness::UpToSignOfZero => 0.0,
        Exactness::Rounding => 16.0 * unit * scale,
        Exactness::Fast => 64.0 * unit * scale,
    }
}

fn agree(rule: &Rule, before: &Table, after: &Table) -> bool {
    let element = before.ty.element;
    let pairs = || before.bits.iter().zip(&after.bits);
    let scale = table::numbers(before).iter().filter(|x| x.is_finite()).fold(1.0_f64, |scale, x| scale.max(x.abs()));
    let tolerance = tolerance(rule.exactness, element, scale);
    before.ty == after.ty
        && pairs().all(|(a, b)| {
            let (x, y) = (element.number(*a), element.number(*b));
            let both_nan = x.is_nan() && y.is_nan();
            match rule.exactness {
                Exactness::Exact => a == b || both_nan,
                _ => x == y || both_nan || (x - y).abs() <= tolerance,
            }
        })
}

/// Applies a rule to a node where it fits, and compares both sides at some points.
fn try_rule(rule: &'static Rule, graph: &mut Graph, id: NodeId, random: &mut Random, points: usize) -> bool {
    let uses = Uses::of(graph, &[id]);
    let Some(simpler) = rule.simpler(graph, id, &uses) else { return false };
    assert_eq!(graph.ty(id), graph.ty(simpler), "{}", rule.equation);
    let exact = matches!(rule.exactness, Exactness::Exact | Exactness::UpToSignOfZero);
    for _ in 0..points {
        let at = inputs(graph, random, if exact { Numbers::Any } else { Numbers::Ordinary });
        let values = evaluate_nodes(graph, &at, &[id, simpler]).expect("no faults");
        assert!(
            agree(rule, &values[0], &values[1]),
            "{} ({:?})\nat {:?}\n{:?} became {:?}\n{id:?}, {simpler:?} of\n{}",
            rule.equation,
            rule.exactness,
            at.iter().map(table::numbers).collect::<Vec<_>>(),
            table::numbers(&values[0]),
            table::numbers(&values[1]),
            ndc::ir::print::print(graph)
        );
    }
    true
}

fn all_rules() -> Vec<&'static Rule> {
    rules(Stage::Final, true).collect()
}

#[test]
fn every_rule_has_an_example_that_it_fits_and_keeps_its_claim_there() {
    let mut random = Random(1);
    for rule in all_rules() {
        let examples: Vec<_> = EXAMPLES.iter().filter(|(equation, _)| *equation == rule.equation).collect();
        assert!(!examples.is_empty(), "no example of {}", rule.equation);
        for (place, (equation, write)) in examples.into_iter().enumerate() {
            for element in [ElementType::F64, ElementType::F32] {
                let mut graph = Graph::new();
                let subject = Subject::new(&mut graph, element);
                let node = write(&mut graph, &subject);
                ndc::ir::verify::verify(&graph, equation).expect("the graph is well-formed");
                let fits = try_rule(rule, &mut graph, node, &mut random, 60);
                let by_factors = equation.contains("factors(A)");
                assert!(
                    fits || (by_factors && element == ElementType::F32),
                    "{equation} does not fit example {place} in {element:?}\n{}",
                    ndc::ir::print::print(&graph)
                );
            }
        }
    }
}

#[test]
fn every_example_is_of_a_rule() {
    let rules = all_rules();
    for (equation, _) in EXAMPLES {
        assert!(rules.iter().any(|rule| rule.equation == *equation), "{equation}");
    }
}

#[test]
fn exact_rules_are_exact_in_random_graphs() {
    let exact = |rule: &&Rule| matches!(rule.exactness, Exactness::Exact | Exactness::UpToSignOfZero);
    let exact: Vec<&'static Rule> = all_rules().into_iter().filter(exact).collect();
    let mut fitted: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..150 {
        let mut random = Random(seed);
        let element = if seed % 2 == 0 { ElementType::F64 } else { ElementType::F32 };
        let mut graph = Graph::new();
        let subject = Subject::new(&mut graph, element);
        let mut pool = vec![subject.x, subject.y, subject.z];
        for _ in 0..40 {
            let node = plant(&mut graph, &subject, &pool, &mut random);
            pool.push(node);
        }
        for id in graph.ids() {
            for rule in &exact {
                if try_rule(rule, &mut graph, id, &mut random, 2) {
                    *fitted.entry(rule.equation).or_default() += 1;
                }
            }
        }
    }
    assert!(fitted.len() > 15, "{fitted:?}");
}

#[test]
fn fast_rules_wait_to_be_asked_for() {
    for stage in [Stage::BeforeDifferentiation, Stage::Final] {
        assert!(rules(stage, false).all(|rule| rule.exactness != Exactness::Fast));
    }
    assert!(rules(Stage::BeforeDifferentiation, true).all(|rule| rule.exactness != Exactness::Fast));
    assert!(rules(Stage::Final, true).any(|rule| rule.exactness == Exactness::Fast));
}

/// Random arithmetic keeps its values under all rules for finite numbers, within a multiple of the largest one around.
#[test]
fn random_arithmetic_keeps_its_values_under_fast_math() {
    let functions: Vec<_> =
        POINTWISE.iter().filter(|each| ["exp", "sigmoid", "sqrt", "tanh"].contains(&each.name)).collect();
    let mut applied = 0;
    for seed in 0..400 {
        let mut random = Random(seed);
        let mut graph = Graph::new();
        let subject = Subject::new(&mut graph, ElementType::F64);
        let mut pool = vec![subject.x, subject.y, subject.z];
        for _ in 0..12 {
            let x = pool[random.below(pool.len())];
            let constant = graph.constant_like(x, [0.5, 2.0, 3.0, 1.0][random.below(4)]);
            let y = if random.below(3) == 0 { constant } else { pool[random.below(pool.len())] };
            let node = match random.below(8) {
                0 | 1 => graph.pointwise(&ADD, &[x, y]),
                2 | 3 => graph.pointwise(&MULTIPLY, &[x, y]),
                4 => graph.pointwise(&DIVIDE, &[x, y]),
                5 => graph.pointwise(&SUBTRACT, &[x, y]),
                6 => graph.pointwise(&NEGATE, &[x]),
                _ => graph.pointwise(functions[random.below(functions.len())], &[x]),
            };
            pool.push(node);
        }
        let output = *pool.last().unwrap();
        graph.output("y", output);
        let everything: Vec<NodeId> = pool.clone();
        graph.fast_math = true;
        let fast = ndc::optimize::optimize(&graph);
        applied += fast.remarks().len();
        let at = inputs(&graph, &mut random, Numbers::Ordinary);
        let all = evaluate_nodes(&graph, &at, &everything).unwrap();
        let sizes = all.iter().flat_map(table::numbers);
        // What is small beside what it was made of is not looked at: there only the absolute error is bounded.
        let (least, scale) =
            sizes.fold((1.0_f64, 1.0_f64), |(least, scale), x| (least.min(x.abs()), scale.max(x.abs())));
        if !scale.is_finite() || scale > 1e6 || least < 1e-3 || all.iter().flat_map(table::numbers).any(f64::is_nan) {
            continue;
        }
        if seed % 4 == 0 {
            let native = ndc::session::native::run(&graph, &at).expect("it runs");
            assert_eq!(native, evaluate_tables(&fast, &at).unwrap(), "native code has the bits of the evaluator");
        }
        let (before, after) =
            (table::numbers(all.last().unwrap()), table::numbers(&evaluate_tables(&fast, &at).unwrap()[0]));
        for (before, after) in before.iter().zip(&after) {
            assert!(
                (before - after).abs() <= 1e-9 * scale,
                "{before} became {after}\n{}",
                ndc::ir::print::print(&graph)
            );
        }
    }
    assert!(applied > 100, "{applied}");
}
