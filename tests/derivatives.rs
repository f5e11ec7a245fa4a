//! Values and derivatives of the pointwise operations: against stored values of high precision, and reverse mode
//! against forward mode against central differences at every probe of the table.

use ndc::autodiff::{forward, reverse};
use ndc::eval::evaluate_nodes;
use ndc::ir::{ElementType, Graph, Meaning, NodeId, Pointwise, Shape, Table, TensorType};
use ndc::ops::arithmetic::MULTIPLY;
use ndc::ops::choice::STOP_GRADIENT;
use ndc::ops::roots::DIRECTION;
use ndc::ops::structural::table;
use ndc::ops::{POINTWISE, find};

/// A scalar table.
fn scalar(element: ElementType, value: f64) -> Table {
    table::reals(element, Shape::scalar(), &[value])
}

/// The numbers of some nodes of a graph whose inputs are scalars of one element type.
fn numbers(graph: &Graph, element: ElementType, inputs: &[f64], nodes: &[NodeId]) -> Vec<f64> {
    let inputs: Vec<Table> = inputs.iter().map(|input| scalar(element, *input)).collect();
    let values = evaluate_nodes(graph, &inputs, nodes).expect("real arithmetic has no faults");
    values.iter().map(|value| table::numbers(value)[0]).collect()
}

/// A graph of scalar inputs and a function of them.
struct Function {
    graph: Graph,
    inputs: Vec<NodeId>,
    value: NodeId,
    element: ElementType,
}

impl Function {
    fn new(element: ElementType, arity: usize, build: impl Fn(&mut Graph, &[NodeId]) -> NodeId) -> Self {
        let mut graph = Graph::new();
        let ty = TensorType::scalar(element);
        let inputs: Vec<NodeId> = (0..arity).map(|at| graph.input(format!("x{at}"), ty.clone())).collect();
        let value = build(&mut graph, &inputs);
        Function { graph, inputs, value, element }
    }

    fn of(definition: &'static Pointwise, element: ElementType) -> Self {
        Function::new(element, definition.meaning.arity(), |graph, inputs| graph.pointwise(definition, inputs))
    }

    fn value(&self, at: &[f64]) -> f64 {
        numbers(&self.graph, self.element, at, &[self.value])[0]
    }

    fn reverse(&self, at: &[f64]) -> Vec<f64> {
        let mut graph = self.graph.clone();
        let one = graph.constant_like(self.value, 1.0);
        let gradients = reverse(&mut graph, self.value, one, &self.inputs);
        numbers(&graph, self.element, at, &gradients)
    }

    fn forward(&self, at: &[f64]) -> Vec<f64> {
        let mut graph = self.graph.clone();
        let one = graph.constant_like(self.value, 1.0);
        let mut tangents = Vec::new();
        for input in &self.inputs {
            tangents.extend(forward(&mut graph, &[self.value], &[*input], &[one]));
        }
        numbers(&graph, self.element, at, &tangents)
    }

    /// Central differences, extrapolated from two steps, and an estimate of their error.
    fn difference(&self, at: &[f64], argument: usize) -> (f64, f64) {
        let scale = if at[argument] == 0.0 { 1e-3 } else { at[argument].abs() };
        let slope = |step: f64| {
            let mut moved = at.to_vec();
            moved[argument] = at[argument] + step;
            let (above, high) = (self.value(&moved), moved[argument]);
            moved[argument] = at[argument] - step;
            (above - self.value(&moved)) / (high - moved[argument])
        };
        let step = 1e-3 * scale;
        let (coarse, fine) = (slope(step), slope(step / 2.0));
        let extrapolated = fine + (fine - coarse) / 3.0;
        let rounding = 1e-15 * self.value(at).abs() / step;
        (extrapolated, 0.2 * (fine - coarse).abs() + 10.0 * rounding)
    }
}

/// The distance in units in the last place of the expected value.
fn ulps(actual: f64, expected: f64) -> f64 {
    if actual == expected || (actual.is_nan() && expected.is_nan()) {
        return 0.0;
    }
    let unit = (f64::from_bits(expected.abs().to_bits() + 1) - expected.abs()).max(5e-324);
    let distance = (actual - expected).abs() / unit;
    if distance.is_nan() { f64::INFINITY } else { distance }
}

/// The function of a stored case; those that nd does not name are composed.
fn stored_function(name: &str) -> Function {
    let with_constant = |definition: &'static Pointwise, constant: f64| {
        Function::new(ElementType::F64, 1, move |graph, x| {
            let constant = graph.constant_like(x[0], constant);
            graph.pointwise(definition, &[x[0], constant])
        })
    };
    match name {
        "powm2p5" => with_constant(&ndc::ops::arithmetic::POWER, -2.5),
        "pow3" => Function::new(ElementType::F64, 1, |graph, x| {
            let squared = graph.pointwise(&MULTIPLY, &[x[0], x[0]]);
            graph.pointwise(&MULTIPLY, &[squared, x[0]])
        }),
        "xlogx" => {
            Function::new(ElementType::F64, 1, |graph, x| graph.pointwise(&ndc::ops::exponential::XLOGY, &[x[0], x[0]]))
        }
        "huber1" => Function::new(ElementType::F64, 1, |graph, x| {
            let magnitude = graph.pointwise(&ndc::ops::arithmetic::ABSOLUTE, &[x[0]]);
            let (one, half) = (graph.constant_like(x[0], 1.0), graph.constant_like(x[0], 0.5));
            let inside = graph.pointwise(&ndc::ops::comparison::LESS_EQUAL, &[magnitude, one]);
            let squared = graph.pointwise(&ndc::ops::roots::SQUARE, &[x[0]]);
            let near = graph.pointwise(&MULTIPLY, &[half, squared]);
            let far = graph.pointwise(&ndc::ops::arithmetic::SUBTRACT, &[magnitude, half]);
            graph.pointwise(&ndc::ops::choice::SELECT, &[inside, near, far])
        }),
        other => {
            let name = match other {
                "pow" => "power",
                "mul" => "multiply",
                "div" => "divide",
                "hypot" | "atan2" => other,
                other => other,
            };
            Function::of(find(name).unwrap_or_else(|| panic!("no operation {name}")), ElementType::F64)
        }
    }
}

/// Permitted errors of value and derivative in units in the last place.
fn tolerance(name: &str) -> (f64, f64) {
    match name {
        "erf" | "erfc" | "lgamma" | "gamma" | "digamma" | "normcdf" | "lognormcdf" | "gelu" => (8.0, 8.0),
        // Near its zero the derivative is a difference of terms a hundred times its size.
        "mish" => (4.0, 64.0),
        "gelu_tanh" | "silu" => (4.0, 16.0),
        _ => (4.0, 4.0),
    }
}

fn stored(path: &str, arity: usize) {
    let mut reader = csv::ReaderBuilder::new().comment(Some(b'#')).from_path(path).expect("the stored cases are there");
    let mut wrong = Vec::new();
    for record in reader.records() {
        let record = record.expect("the stored cases are well-formed");
        let number = |column: usize| record[column].parse::<f64>().expect("a stored number");
        let name = &record[0];
        let at: Vec<f64> = (0..arity).map(|each| number(2 + each)).collect();
        let function = stored_function(name);
        let (value_limit, derivative_limit) = tolerance(name);
        let mut expect = |what: &str, actual: f64, expected: f64, limit: f64| {
            let distance = ulps(actual, expected);
            if distance > limit {
                wrong.push(format!("{name}{at:?} {what}: {actual:e}, expected {expected:e} ({distance:.1} ulp)"));
            }
        };
        expect("value", function.value(&at), number(2 + arity), value_limit);
        for (mode, derivatives) in [("reverse", function.reverse(&at)), ("forward", function.forward(&at))] {
            for (argument, derivative) in derivatives.iter().enumerate() {
                let what = format!("{mode} by argument {argument}");
                expect(&what, *derivative, number(3 + arity + argument), derivative_limit);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn stored_values_of_one_variable() {
    stored("tests/data/derivatives/scalar.csv", 1);
}

#[test]
fn stored_values_of_two_variables() {
    stored("tests/data/derivatives/binary.csv", 2);
}

#[test]
fn stored_values_of_special_functions() {
    stored("tests/data/derivatives/special.csv", 1);
}

/// The operations with derivatives in real numbers.
fn real_operations() -> impl Iterator<Item = &'static Pointwise> {
    let real =
        |definition: &&&'static Pointwise| matches!(definition.meaning, Meaning::Unary { .. } | Meaning::Binary { .. });
    POINTWISE.iter().filter(real).copied()
}

#[test]
fn names_are_unique_and_definitions_complete() {
    for definition in POINTWISE {
        let same = POINTWISE.iter().filter(|other| other.name == definition.name).count();
        assert_eq!(same, 1, "{}", definition.name);
        assert!(std::ptr::eq(find(definition.name).unwrap(), *definition));
        assert!(!definition.documentation.is_empty(), "{}", definition.name);
        let named = definition.builtin && !matches!(definition.name, "negate");
        assert!(!named || !definition.example.0.is_empty(), "{} has no example", definition.name);
        for probe in definition.probes {
            assert_eq!(probe.len(), definition.meaning.arity(), "{}", definition.name);
        }
    }
}

#[test]
fn reverse_equals_forward_at_every_probe() {
    for definition in real_operations() {
        for element in [ElementType::F64, ElementType::F32] {
            let function = Function::of(definition, element);
            for probe in definition.probes {
                let (reverse, forward) = (function.reverse(probe), function.forward(probe));
                let same = reverse.iter().zip(&forward).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()));
                assert!(same, "{} at {probe:?}: {reverse:?} and {forward:?}", definition.name);
            }
        }
    }
}

#[test]
fn derivatives_equal_differences_where_smooth() {
    let mut wrong = Vec::new();
    for definition in real_operations() {
        let function = Function::of(definition, ElementType::F64);
        let single = Function::of(definition, ElementType::F32);
        for probe in definition.probes {
            let exact = function.reverse(probe);
            let rounded = single.reverse(probe);
            for argument in 0..probe.len() {
                let (difference, error) = function.difference(probe, argument);
                let smooth = probe
                    .iter()
                    .all(|each| each.is_finite() && each.abs() < 1e7 && (*each == 0.0 || each.abs() > 1e-100))
                    && error.is_finite()
                    && error <= 1e-4 * difference.abs().max(1e-3)
                    && !at_kink(definition, probe);
                if smooth && (exact[argument] - difference).abs() > 1e-7 * difference.abs() + 10.0 * error {
                    wrong.push(format!(
                        "{} at {probe:?} by {argument}: {} but differences give {difference} ± {error}",
                        definition.name, exact[argument]
                    ));
                }
                // A single-precision argument is another point: its rounding moves the derivative.
                let moved: Vec<f64> = probe.iter().map(|each| f64::from(*each as f32)).collect();
                let there = function.reverse(&moved)[argument];
                if smooth && (rounded[argument] - there).abs() > 1e-4 * there.abs().max(1e-3) {
                    wrong.push(format!(
                        "{} at {probe:?} by {argument} in f32: {} but {there}",
                        definition.name, rounded[argument]
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Derivatives of derivatives, mixed ones too: both modes against differences at every probe.
#[test]
fn second_derivatives_equal_differences_where_smooth() {
    let mut wrong = Vec::new();
    for definition in real_operations() {
        let arity = definition.meaning.arity();
        for first in 0..arity {
            let slope = Function::new(ElementType::F64, arity, |graph, inputs| {
                let value = graph.pointwise(definition, inputs);
                let one = graph.constant_like(value, 1.0);
                reverse(graph, value, one, &[inputs[first]])[0]
            });
            for probe in definition.probes {
                let (pulled, pushed) = (slope.reverse(probe), slope.forward(probe));
                for second in 0..arity {
                    let (difference, error) = slope.difference(probe, second);
                    let ordinary = |each: &f64| each.abs() < 1e3 && (*each == 0.0 || each.abs() > 1e-3);
                    // The derivative of `gammainc` by its order has none by the order: it is stated to be NaN.
                    let stated = definition.name.starts_with("gammainc") && first + second == 0;
                    let bends = stated
                        || at_kink(definition, probe)
                        || [first, second].iter().any(|each| ignores(definition, *each))
                        || slope_bends(definition, probe);
                    let smooth = probe.iter().all(ordinary)
                        && error.is_finite()
                        && error <= 1e-4 * difference.abs().max(1e-3)
                        && !bends;
                    let near = |exact: f64| (exact - difference).abs() <= 1e-6 * difference.abs() + 10.0 * error;
                    if smooth && !(near(pulled[second]) && near(pushed[second])) {
                        wrong.push(format!(
                            "{} at {probe:?} by {first} and {second}: reverse {}, forward {}, differences {difference} ± {error}",
                            definition.name, pulled[second], pushed[second]
                        ));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Arguments without a derivative of the second order, as the conventions of the definitions say.
fn ignores(definition: &Pointwise, argument: usize) -> bool {
    argument == 0 && matches!(definition.name, "polygamma" | "bessel_jn" | "bessel_in" | "gammainc_by_order")
}

/// Points where the first derivative has a kink or a pole.
fn slope_bends(definition: &Pointwise, probe: &[f64]) -> bool {
    match definition.name {
        "elu" => probe[0] == 0.0,
        "hypot" => probe[0] == 0.0 && probe[1] == 0.0,
        // Derivatives by the base are infinite there, and those by the exponent not found.
        "power" => probe[0] == 0.0 && probe[1] <= 1.0,
        "power_below" => probe[0] == 0.0 && probe[1] <= 2.0,
        _ => false,
    }
}

/// Points where one-sided differences disagree with what the definition states, or where it ignores an argument.
fn at_kink(definition: &'static Pointwise, probe: &[f64]) -> bool {
    let stated = definition.kinks.iter().any(|kink| kink.at == probe);
    let ignores = std::ptr::eq(definition, &STOP_GRADIENT);
    // The length is an argument of its own in the derivative.
    let outside = std::ptr::eq(definition, &DIRECTION) && probe[0].abs() >= probe[1].abs();
    stated || ignores || outside
}
