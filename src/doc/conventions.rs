//! Conventions: what every operation gives at its hard points, computed from its definition.

use super::{Entry, Page, Section};
use crate::autodiff::reverse;
use crate::eval::evaluate_nodes;
use crate::ir::{Accuracy, ElementType, Graph, Meaning, NodeId, Pointwise, Shape, TensorType};
use crate::ops::FAMILIES;
use crate::ops::structural::table;
use crate::report::{number, significant};

/// The name of the page.
pub const CONVENTIONS_PAGE: &str = "conventions";

/// What stands at the head of the page.
const INTRODUCTION: &str = include_str!("conventions.md");

/// Where every function of one variable is shown.
const POINTS: [f64; 5] = [f64::NEG_INFINITY, -0.0, 0.0, f64::INFINITY, f64::NAN];

/// The grid on which every function of two variables is shown.
const GRID: [f64; 6] = [f64::NEG_INFINITY, -1.0, 0.0, 1.0, f64::INFINITY, f64::NAN];

/// Whether nd programs can write an operation.
fn is_written(definition: &Pointwise) -> bool {
    definition.builtin || !definition.operator.is_empty()
}

/// Whether an operation is a function of real numbers, with a table of hard points.
fn is_real(definition: &Pointwise) -> bool {
    matches!(definition.meaning, Meaning::Unary { .. } | Meaning::Binary { .. })
}

/// How nd writes an operation.
pub(super) fn written(definition: &Pointwise) -> String {
    match (definition.operator, definition.meaning.arity()) {
        ("", 1) => format!("{}(x)", definition.name),
        ("", 2) => format!("{}(a, b)", definition.name),
        ("", _) => format!("{}(c, a, b)", definition.name),
        (operator, _) => operator.to_string(),
    }
}

/// The points at which the conventions of a real function are shown: the usual hard ones, its kinks, and the ends that it
/// names.
pub fn hard_points(definition: &Pointwise) -> Vec<Vec<f64>> {
    let own = definition.kinks.iter().map(|kink| kink.at).chain(definition.ends.iter().copied());
    let mut points: Vec<Vec<f64>> = match definition.meaning.arity() {
        1 => POINTS.iter().map(|x| vec![*x]).collect(),
        _ => GRID.iter().flat_map(|a| GRID.map(|b| vec![*a, b])).collect(),
    };
    for point in own {
        let same = |other: &Vec<f64>| other.iter().zip(point).all(|(a, b)| a.to_bits() == b.to_bits());
        if !points.iter().any(same) {
            points.push(point.to_vec());
        }
    }
    if definition.meaning.arity() == 1 {
        points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    }
    points
}

/// Values and derivatives of a real function at some points, by the reference evaluator and reverse mode: of each point the
/// value, then the derivative by each argument.
pub fn values(definition: &'static Pointwise, points: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut graph = Graph::new();
    let ty = TensorType::new(ElementType::F64, Shape::new(&[points.len()]));
    let arity = definition.meaning.arity();
    let inputs: Vec<NodeId> = (0..arity).map(|at| graph.input(format!("x{at}"), ty.clone())).collect();
    let value = graph.pointwise(definition, &inputs);
    let one = graph.constant_like(value, 1.0);
    let mut nodes = vec![value];
    nodes.extend(reverse(&mut graph, value, one, &inputs));
    let column = |argument: usize| points.iter().map(|point| point[argument]).collect::<Vec<_>>();
    let tables: Vec<_> = (0..arity).map(|at| table::reals(ElementType::F64, ty.shape.clone(), &column(at))).collect();
    let Ok(results) = evaluate_nodes(&graph, &tables, &nodes) else {
        unreachable!("real arithmetic has no faults");
    };
    let columns: Vec<Vec<f64>> = results.iter().map(table::numbers).collect();
    (0..points.len()).map(|place| columns.iter().map(|column| column[place]).collect()).collect()
}

/// What an operation gives at its hard points, in Markdown: its domain, its conventions and the table.
pub(super) fn conventions(definition: &'static Pointwise) -> String {
    let mut text = String::new();
    if is_real(definition) {
        text.push_str(&format!("Domain: {}.", definition.domain));
    }
    if !definition.conventions.is_empty() {
        let gap = if text.is_empty() { "" } else { " " };
        text.push_str(&format!("{gap}{}", definition.conventions));
    }
    if is_real(definition) {
        text.push_str(&format!(" {}", exactness(&definition.accuracy)));
        let points = hard_points(definition);
        let values = values(definition, &points);
        text.push_str("\n\n");
        text.push_str(&match definition.meaning.arity() {
            1 => line(&written(definition), &points, &values),
            _ => grid(&points, &values),
        });
    }
    text
}

/// How exact an operation is, as a sentence.
fn exactness(accuracy: &Accuracy) -> String {
    let Accuracy { value, derivative, least } = accuracy;
    let beside = if *least > 0.0 { format!(", those of numbers from {} on", number(*least)) } else { String::new() };
    format!("Exact within {value} units in the last place, the derivative within {derivative}{beside}.")
}

/// A number to six digits.
fn shown(value: f64) -> String {
    significant(value, 6)
}

/// A row of Markdown.
fn row(cells: impl IntoIterator<Item = String>) -> String {
    let cells: Vec<String> = cells.into_iter().collect();
    format!("| {} |\n", cells.join(" | "))
}

/// The line under a table's head.
fn rule(columns: usize) -> String {
    row(vec!["---".to_string(); columns])
}

/// Values and derivatives of a function of one variable, a column for each point.
fn line(written: &str, points: &[Vec<f64>], values: &[Vec<f64>]) -> String {
    let cells = |first: String, of: &dyn Fn(usize) -> f64| {
        row(std::iter::once(first).chain((0..points.len()).map(|place| shown(of(place)))))
    };
    let head = cells("`x`".to_string(), &|place| points[place][0]);
    let value = cells(format!("`{written}`"), &|place| values[place][0]);
    let slope = cells("derivative".to_string(), &|place| values[place][1]);
    format!("{head}{}{value}{slope}", rule(points.len() + 1))
}

/// Values and derivatives of a function of two variables: the grid, then a row for each further point.
fn grid(points: &[Vec<f64>], values: &[Vec<f64>]) -> String {
    let cell = |value: &[f64]| format!("{} ({}, {})", shown(value[0]), shown(value[1]), shown(value[2]));
    let size = GRID.len();
    let mut text = row(std::iter::once("`a` \\ `b`".to_string()).chain(GRID.map(shown)));
    text.push_str(&rule(size + 1));
    for (place, a) in GRID.iter().enumerate() {
        let cells = values[place * size..(place + 1) * size].iter().map(|value| cell(value));
        text.push_str(&row(std::iter::once(shown(*a)).chain(cells)));
    }
    let further = size * size..points.len();
    if !further.is_empty() {
        text.push_str(&format!("\n{}{}", row(["`(a, b)`", "value (derivatives)"].map(str::to_string)), rule(2)));
    }
    for place in further {
        let point = format!("({}, {})", shown(points[place][0]), shown(points[place][1]));
        text.push_str(&row([point, cell(&values[place])]));
    }
    text
}

/// The page of conventions: the pointwise operations by family.
pub fn conventions_page() -> Page {
    let section = |(title, family): &(&'static str, &'static [&'static Pointwise])| {
        let entries = family.iter().filter(|definition| is_written(definition));
        let entries = entries.map(|definition| Entry {
            name: written(definition),
            signature: String::new(),
            documentation: format!("{} {}", definition.documentation, conventions(definition)),
        });
        Section { title, entries: entries.collect() }
    };
    Page {
        name: CONVENTIONS_PAGE.to_string(),
        title: "Operations and their conventions".to_string(),
        introduction: INTRODUCTION.to_string(),
        sections: FAMILIES.iter().map(section).collect(),
    }
}
