//! Special functions against tables of values and derivatives, each within a bound in units in the last place.

mod support;

use ndc::ir::{Graph, NodeId, Reduction};
use ndc::ops::find;
use std::collections::BTreeMap;
use support::*;

/// The largest error allowed, in units in the last place of the expected value: of the value, and of the derivative.
/// Expected values below `least` count as if they were so large: where waves cross zero, the error is relative to
/// their height, and differences of functions to the size of their terms.
struct Bound {
    function: &'static str,
    value: f64,
    derivative: f64,
    least: f64,
}

const fn bound(function: &'static str, value: f64, derivative: f64, least: f64) -> Bound {
    Bound { function, value, derivative, least }
}

const BOUNDS: &[Bound] = &[
    bound("bessel_i0", 4.0, 4.0, 0.0),
    bound("bessel_i1", 4.0, 4.0, 0.0),
    bound("bessel_in", 6.0, 6.0, 0.0),
    bound("bessel_j0", 2.0, 2.0, 0.1),
    bound("bessel_j1", 2.0, 8.0, 0.1),
    bound("bessel_jn", 10.0, 10.0, 0.1),
    bound("cbrt", 1.0, 3.0, 0.0),
    bound("digamma", 5.0, 4.0, 1.0),
    bound("erf", 1.0, 2.0, 0.0),
    bound("erfc", 5.0, 2.0, 0.0),
    bound("expm1", 1.0, 1.0, 0.0),
    bound("gamma", 10.0, 10.0, 0.0),
    bound("lbeta", 4.0, 4.0, 1.0),
    bound("lgamma", 4.0, 4.0, 1.0),
    bound("log1p", 1.0, 1.0, 0.0),
    bound("lognormcdf", 4.0, 4.0, 0.0),
    bound("normcdf", 5.0, 2.0, 0.0),
    bound("normquantile", 4.0, 8.0, 0.0),
    bound("polygamma", 8.0, 8.0, 0.0),
    bound("trigamma", 4.0, 8.0, 0.0),
];

/// Arguments and expected numbers of one function; a derivative that is not listed is not compared.
#[derive(Default)]
struct Cases {
    arguments: [Vec<f64>; 2],
    values: Vec<f64>,
    slopes: [Vec<Option<f64>>; 2],
}

fn tables() -> BTreeMap<String, Cases> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/special.csv");
    let text = std::fs::read_to_string(path).expect("the table is there");
    let mut cases: BTreeMap<String, Cases> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')).skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let number = |place: usize| fields[place].parse::<f64>().ok();
        let cases = cases.entry(fields[0].to_string()).or_default();
        cases.values.push(number(3).expect("a value in every row"));
        for argument in 0..2 {
            cases.arguments[argument].extend(number(1 + argument));
            cases.slopes[argument].push(number(4 + argument));
        }
    }
    cases
}

/// The distance in units in the last place of the expected number, or of `least`.
fn ulps(actual: f64, expected: f64, least: f64) -> f64 {
    if actual == expected || (actual.is_nan() && expected.is_nan()) {
        return 0.0;
    }
    let magnitude = expected.abs().max(least);
    let unit = (f64::from_bits(magnitude.to_bits() + 1) - magnitude).max(5e-324);
    let distance = (actual - expected).abs() / unit;
    if distance.is_nan() { f64::INFINITY } else { distance }
}

#[test]
fn values_and_derivatives_of_the_tables() {
    let tables = tables();
    let mut wrong = Vec::new();
    for (function, cases) in &tables {
        let definition = find(function).unwrap();
        let arity = definition.meaning.arity();
        let mut graph = Graph::new();
        let count = cases.values.len();
        let nodes: Vec<NodeId> = (0..arity).map(|_| graph.input("x", real(&[count]))).collect();
        let at: Vec<_> = cases.arguments[..arity].iter().map(|numbers| reals(&[count], numbers)).collect();
        let result = graph.pointwise(definition, &nodes);
        let total = graph.reduce_all(Reduction::Sum, result);
        let slopes = gradients(&mut graph, total, &nodes);
        let bound = BOUNDS.iter().find(|bound| bound.function == function).expect("a bound for every function");
        let mut compare = |what: &str, found: &[f64], expected: &[Option<f64>], allowed: f64| {
            let error = |place: usize| expected[place].map_or(0.0, |value| ulps(found[place], value, bound.least));
            let worst = (0..count).max_by(|a, b| error(*a).total_cmp(&error(*b))).unwrap();
            let point: Vec<f64> = cases.arguments[..arity].iter().map(|numbers| numbers[worst]).collect();
            let line = format!("{function} {what}: {:.1} ulp at {point:?} ({count} points)", error(worst));
            println!("{line}");
            if error(worst) > allowed {
                wrong.push(format!("{line}: {} for {:?}", found[worst], expected[worst]));
            }
        };
        let expected: Vec<Option<f64>> = cases.values.iter().map(|value| Some(*value)).collect();
        compare("value", &value(&graph, &at, result), &expected, bound.value);
        for (argument, slope) in slopes.iter().enumerate() {
            let found = value(&graph, &at, *slope);
            compare(&format!("derivative {argument}"), &found, &cases.slopes[argument], bound.derivative);
        }
    }
    assert_eq!(tables.len(), BOUNDS.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
