//! The test that is written beside a gradient: at points where everything is finite, the written gradient is the one
//! that ndc finds for the written function, and the function has the values of the original.

use super::parameters::inputs_of;
use crate::eval::evaluate_nodes;
use crate::ir::{ElementType, NodeId, Table};
use crate::lower::adjoint::Adjoint;
use crate::runtime::random::{draw_uniform, mix_words};
use crate::subject::Subject;
use crate::transcribe::{Parameter, literal, type_text};

/// How long an argument may be that is written where it is used.
const SHORT: usize = 12;
/// How many points are written.
const POINTS: usize = 2;
/// How often each kind of points is tried.
const TRIES: u64 = 4;

/// Kinds of points: where reals lie, and what is added to the diagonal of square matrices.
const KINDS: [(f64, f64, f64); 4] = [(-2.0, 2.0, 0.0), (0.1, 2.0, 0.0), (0.05, 0.95, 0.0), (-1.0, 1.0, 4.0)];

/// The `test` of a function and its gradient.
pub(super) fn test(
    name: &str,
    subject: &Subject,
    adjoint: &Adjoint,
    parameters: &[Parameter],
    varied: &[usize],
    is_given: bool,
) -> String {
    let mut tests = String::new();
    let by = |place: &usize| parameters[*place].name.clone();
    let wrt: Vec<String> = varied.iter().map(by).collect();
    let is_default =
        (0..parameters.len()).filter(|place| has_real(subject, &parameters[*place])).eq(varied.iter().copied());
    let wrt = match &wrt[..] {
        _ if is_default => String::new(),
        [one] => format!(", wrt = {one}"),
        several => format!(", wrt = ({})", several.join(", ")),
    };
    for (number, (point, value)) in points(subject, adjoint, is_given).into_iter().enumerate() {
        let mut lets = String::new();
        let mut argument = |parameter: &Parameter| {
            let text = parameter.layout.text(" = ", &mut |input| literal(&point[*input as usize]));
            if text.len() <= SHORT {
                return text;
            }
            let ty = parameter.layout.text(": ", &mut |input| type_text(&point[*input as usize].ty));
            lets.push_str(&format!("let {}: {ty} = {text}\n", parameter.name));
            parameter.name.clone()
        };
        let arguments: Vec<String> = parameters.iter().map(&mut argument).collect();
        let arguments = arguments.join(", ");
        tests.push_str(&format!(
            "test \"grad_{name} is the gradient of {name}, point {}\" {{\n{lets}assert {name}({arguments}) == {}\n\
             assert grad_{name}({arguments}) == grad({name}{wrt})({arguments})\n}}\n\n",
            number + 1,
            literal(&value)
        ));
    }
    tests
}

fn has_real(subject: &Subject, parameter: &Parameter) -> bool {
    inputs_of(parameter).iter().any(|input| subject.graph.inputs()[*input].ty.element.is_real())
}

/// Points with the values of the function there: what was asked for, and others, best where all derivatives are finite.
fn points(subject: &Subject, adjoint: &Adjoint, is_given: bool) -> Vec<(Vec<Table>, Table)> {
    let mut nodes: Vec<NodeId> = adjoint.gradients.clone();
    nodes.push(adjoint.value);
    let mut finite: Vec<(Vec<Table>, Table)> = Vec::new();
    let mut others: Vec<(Vec<Table>, Table)> = Vec::new();
    let given: Vec<Table> = subject.inputs.iter().map(|input| input.value.clone()).collect();
    let drawn = (0..TRIES)
        .flat_map(|round| KINDS.iter().enumerate().map(move |(kind, each)| (round * 16 + kind as u64, *each)));
    let drawn = drawn.map(|(seed, kind)| drawn_point(&given, seed, kind));
    let candidates = is_given.then(|| given.clone()).into_iter().chain(drawn).chain([given.clone()]);
    for point in candidates {
        let Ok(mut values) = evaluate_nodes(&adjoint.graph, &point, &nodes) else { continue };
        let value = values.pop().unwrap_or_else(|| point[0].clone());
        let real = |table: &Table| table.bits.iter().all(|bits| table.ty.element.number(*bits).is_finite());
        let all = values.iter().chain([&value]).all(real);
        if all && !finite.iter().any(|(known, _)| *known == point) {
            finite.push((point, value));
        } else {
            others.push((point, value));
        }
        if finite.len() == POINTS {
            return finite;
        }
    }
    if finite.is_empty() { others.into_iter().take(1).collect() } else { finite }
}

/// A point of one kind: numbers of two decimals, and small whole numbers.
fn drawn_point(given: &[Table], seed: u64, (least, greatest, diagonal): (f64, f64, f64)) -> Vec<Table> {
    let mut key = mix_words(seed, 0);
    let mut draw = || {
        key = mix_words(key, 1);
        draw_uniform(key)
    };
    let table = |table: &Table| {
        let columns = match table.ty.shape.sizes() {
            [.., rows, columns] if rows == columns => *columns,
            _ => 0,
        };
        let word = |at: usize, draw: f64| match table.ty.element {
            ElementType::I64 => (draw * 2.0) as u64,
            ElementType::Bool => u64::from(draw < 0.5),
            element => {
                let on_diagonal = columns > 0 && at % (columns * columns) % (columns + 1) == 0;
                let value = least + draw * (greatest - least) + if on_diagonal { diagonal } else { 0.0 };
                element.word((value * 100.0).round() / 100.0)
            }
        };
        Table { ty: table.ty.clone(), bits: (0..table.bits.len()).map(|at| word(at, draw())).collect() }
    };
    given.iter().map(table).collect()
}
