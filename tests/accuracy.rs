//! Values and derivatives of the pointwise operations against numbers of many digits, within the bounds that each
//! definition states: those of `tests/data/accuracy.csv`, and those that definitions hold themselves.

mod support;

use ndc::autodiff::forward;
use ndc::ir::{Differential, ElementType, Graph, Known, NodeId, Pointwise, Shape, Table, TensorType};
use ndc::ops::structural::table;
use ndc::ops::{POINTWISE, find};
use std::collections::BTreeMap;
use support::{gradients, value};

/// Points of one function, and the numbers expected there: the value, then the derivative by each argument.
#[derive(Default)]
struct Cases {
    points: Vec<Vec<f64>>,
    expected: Vec<Vec<f64>>,
}

impl Cases {
    fn push(&mut self, point: &[f64], expected: Vec<f64>) {
        self.points.push(point.to_vec());
        self.expected.push(expected);
    }

    /// Those whose arguments single precision holds, and whose numbers are within its usual range.
    fn single(&self) -> Cases {
        let holds = |x: &f64| f64::from(*x as f32) == *x;
        let usual = |x: &f64| *x == 0.0 || (1e-30..1e30).contains(&x.abs());
        let mut kept = Cases::default();
        for (point, expected) in self.points.iter().zip(&self.expected) {
            if point.iter().all(holds) && expected.iter().all(usual) {
                kept.push(point, expected.clone());
            }
        }
        kept
    }
}

fn stored() -> BTreeMap<&'static str, Cases> {
    let mut cases: BTreeMap<&'static str, Cases> = BTreeMap::new();
    for line in include_str!("data/accuracy.csv").lines().skip(2) {
        let fields: Vec<&'static str> = line.split(',').collect();
        let numbers = |fields: &[&str]| fields.iter().filter_map(|field| field.parse().ok()).collect::<Vec<f64>>();
        cases.entry(fields[0]).or_default().push(&numbers(&fields[1..3]), numbers(&fields[3..]));
    }
    cases
}

fn known(definition: &Pointwise) -> Cases {
    let mut cases = Cases::default();
    for Known { at, value, derivatives } in definition.known {
        cases.push(at, std::iter::once(*value).chain(derivatives.iter().copied()).collect());
    }
    cases
}

/// Value and derivatives in both modes, by the evaluator: of each point the numbers as in [`Cases`].
fn found(definition: &'static Pointwise, element: ElementType, points: &[Vec<f64>]) -> [Vec<Vec<f64>>; 2] {
    let mut graph = Graph::new();
    let shape = Shape::new(&[points.len()]);
    let ty = TensorType::new(element, shape.clone());
    let arity = definition.meaning.arity();
    let inputs: Vec<NodeId> = (0..arity).map(|_| graph.input("x", ty.clone())).collect();
    let node = graph.pointwise(definition, &inputs);
    let total = graph.reduce_all(ndc::ir::Reduction::Sum, node);
    let backward = gradients(&mut graph, total, &inputs);
    let one = graph.constant_like(node, 1.0);
    let onward: Vec<NodeId> = inputs.iter().flat_map(|input| forward(&mut graph, &[node], &[*input], &[one])).collect();
    let column = |at: usize| points.iter().map(|point| point[at]).collect::<Vec<f64>>();
    let tables: Vec<Table> = (0..arity).map(|at| table::reals(element, shape.clone(), &column(at))).collect();
    [backward, onward].map(|slopes| {
        let columns: Vec<Vec<f64>> = [node].iter().chain(&slopes).map(|each| value(&graph, &tables, *each)).collect();
        (0..points.len()).map(|place| columns.iter().map(|column| column[place]).collect()).collect()
    })
}

/// The distance in units in the last place of the expected number, or of `least`.
fn ulps(element: ElementType, actual: f64, expected: f64, least: f64) -> f64 {
    if actual == expected || (actual.is_nan() && expected.is_nan()) {
        return 0.0;
    }
    let magnitude = expected.abs().max(least);
    let unit = match element {
        ElementType::F32 => {
            let single = magnitude as f32;
            f64::from(f32::from_bits(single.to_bits() + 1)) - f64::from(single)
        }
        _ => (f64::from_bits(magnitude.to_bits() + 1) - magnitude).max(5e-324),
    };
    let distance = (actual - expected).abs() / unit;
    if distance.is_nan() { f64::INFINITY } else { distance }
}

/// What lies beyond the definition's bounds; single precision may lose twice as much.
fn beyond(definition: &'static Pointwise, element: ElementType, cases: &Cases) -> Vec<String> {
    let accuracy = &definition.accuracy;
    let slack = if element == ElementType::F32 { 2.0 } else { 1.0 };
    let mut wrong = Vec::new();
    for (mode, found) in ["reverse", "forward"].into_iter().zip(found(definition, element, &cases.points)) {
        for ((point, expected), found) in cases.points.iter().zip(&cases.expected).zip(&found) {
            for (place, (expected, found)) in expected.iter().zip(found).enumerate() {
                let bound = slack * if place == 0 { accuracy.value } else { accuracy.derivative };
                let distance = ulps(element, *found, *expected, accuracy.least);
                if distance > bound {
                    let what = if place == 0 { "value".to_string() } else { format!("derivative {place}, {mode}") };
                    wrong.push(format!(
                        "{} at {point:?}, {element:?}: {what} {found:e}, expected {expected:e}: {distance:.1} ulp",
                        definition.name
                    ));
                }
            }
        }
    }
    wrong
}

#[test]
fn values_and_derivatives_are_as_exact_as_stated() {
    let mut wrong = Vec::new();
    let mut stored = stored();
    let rows: usize = stored.values().map(|cases| cases.points.len()).sum();
    assert!(rows > 4000, "{rows} rows");
    for definition in POINTWISE {
        let cases = stored.remove(definition.name).into_iter().chain([known(definition)]);
        for cases in cases.filter(|cases| !cases.points.is_empty()) {
            wrong.extend(beyond(definition, ElementType::F64, &cases));
            wrong.extend(beyond(definition, ElementType::F32, &cases.single()));
        }
    }
    assert!(stored.is_empty(), "no operations: {:?}", stored.keys());
    assert!(wrong.is_empty(), "{} beyond:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_function_has_numbers_to_compare_with() {
    let stored = stored();
    let curved =
        |each: &&&Pointwise| each.builtin && !each.routes && matches!(each.differential, Differential::Partials(_));
    let without = POINTWISE.iter().filter(curved).filter(|each| {
        let rows = stored.get(each.name).map_or(0, |cases| cases.points.len());
        rows + each.known.len() < 5
    });
    let without: Vec<&str> = without.map(|each| each.name).collect();
    assert!(without.is_empty(), "fewer than five known values in the definition or in accuracy.csv: {without:?}");
    assert!(find("exp").is_some_and(|exp| stored[exp.name].points.len() > 50));
}
