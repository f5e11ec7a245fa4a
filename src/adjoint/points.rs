//! The test that is written beside a gradient: at points where everything is finite, the written gradient is the one
//! that ndc finds for the written function, and the function has the values of the original.

use super::parameters::inputs_of;
use crate::eval::evaluate_nodes;
use crate::ir::{ElementType, NodeId, Table, TensorType};
use crate::lower::adjoint::Adjoint;
use crate::report::number;
use crate::runtime::math::{double, single};
use crate::runtime::random::{draw_uniform, mix_words};
use crate::subject::Subject;
use crate::transcribe::{Parameter, literal, type_text};

/// How long an argument may be that is written where it is used.
const SHORT: usize = 12;
/// How many points are written.
const POINTS: usize = 2;
/// How many elements of an argument are written one by one.
const MOST_LISTED: usize = 64;
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
    for (number, point) in points(subject, adjoint, is_given).into_iter().enumerate() {
        let mut lets = String::new();
        let mut argument = |parameter: &Parameter| {
            let leaf = |input: &u32| &point.arguments[*input as usize];
            let text = parameter.layout.text(" = ", &mut |input| leaf(input).text.clone());
            if text.len() <= SHORT {
                return text;
            }
            let ty = parameter.layout.text(": ", &mut |input| type_text(&leaf(input).value.ty));
            lets.push_str(&format!("let {}: {ty} = {text}\n", parameter.name));
            parameter.name.clone()
        };
        let arguments: Vec<String> = parameters.iter().map(&mut argument).collect();
        let arguments = arguments.join(", ");
        tests.push_str(&format!(
            "test \"grad_{name} is the gradient of {name}, point {}\" {{\n{lets}assert {name}({arguments}) == {}\n\
             assert grad_{name}({arguments}) == grad({name}{wrt})({arguments})\n}}\n\n",
            number + 1,
            literal(&point.value)
        ));
    }
    tests
}

fn has_real(subject: &Subject, parameter: &Parameter) -> bool {
    inputs_of(parameter).iter().any(|input| subject.graph.inputs()[*input].ty.element.is_real())
}

/// The value of one input at a point, and how nd says it.
#[derive(Clone, PartialEq)]
struct Argument {
    value: Table,
    text: String,
}

impl Argument {
    fn literal(value: Table) -> Self {
        Argument { text: literal(&value), value }
    }
}

/// A point, with the value of the function there.
struct Point {
    arguments: Vec<Argument>,
    value: Table,
}

/// What was asked for, and other points, best where all derivatives are finite.
fn points(subject: &Subject, adjoint: &Adjoint, is_given: bool) -> Vec<Point> {
    let mut nodes: Vec<NodeId> = adjoint.gradients.clone();
    nodes.push(adjoint.value);
    let given: Vec<Argument> = subject.inputs.iter().map(|input| Argument::literal(input.value.clone())).collect();
    let seeds =
        (0..TRIES).flat_map(|round| KINDS.iter().enumerate().map(move |(kind, each)| (round * 16 + kind as u64, each)));
    let drawn = seeds.map(|(seed, kind)| {
        let mut draws = Draws(mix_words(seed, 0));
        given.iter().map(|argument| draws.argument(&argument.value, kind)).collect::<Vec<Argument>>()
    });
    let (mut finite, mut others): (Vec<Point>, Vec<Point>) = (Vec::new(), Vec::new());
    for arguments in is_given.then(|| given.clone()).into_iter().chain(drawn).chain([given.clone()]) {
        if finite.len() == POINTS {
            break;
        }
        let inputs: Vec<Table> = arguments.iter().map(|argument| argument.value.clone()).collect();
        let Ok(mut values) = evaluate_nodes(&adjoint.graph, &inputs, &nodes) else { continue };
        let is_finite = |table: &Table| table.bits.iter().all(|bits| table.ty.element.number(*bits).is_finite());
        let all_finite = values.iter().all(is_finite);
        let Some(value) = values.pop() else { continue };
        let place = if all_finite { &mut finite } else { &mut others };
        if place.iter().all(|known| known.arguments != arguments) {
            place.push(Point { arguments, value });
        }
    }
    if finite.is_empty() {
        finite.extend(others.into_iter().take(1));
    }
    finite
}

/// Random numbers, one after another.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = mix_words(self.0, 1);
        draw_uniform(self.0)
    }

    /// An argument like another: numbers of two decimals, and small whole numbers; of many elements, by a formula.
    fn argument(&mut self, like: &Table, kind: &(f64, f64, f64)) -> Argument {
        let ty = like.ty.clone();
        if like.bits.len() > MOST_LISTED {
            return self.formula(&ty, kind);
        }
        let (least, greatest, diagonal) = *kind;
        let columns = match ty.shape.sizes() {
            [.., rows, columns] if rows == columns => *columns,
            _ => 0,
        };
        let mut word = |at: usize| match ty.element {
            ElementType::I64 => (self.next() * 2.0) as u64,
            ElementType::Bool => u64::from(self.next() < 0.5),
            element => {
                let on_diagonal = columns > 0 && (at % (columns * columns)).is_multiple_of(columns + 1);
                let value = least + self.next() * (greatest - least) + if on_diagonal { diagonal } else { 0.0 };
                element.word((value * 100.0).round() / 100.0)
            }
        };
        let bits = (0..like.bits.len()).map(&mut word).collect();
        Argument::literal(Table { ty, bits })
    }

    /// `[middle + half * sin(start + i + 2 * j) for i in 0..n, j in 0..m]`, or `(i + 2 * j) % 2`.
    fn formula(&mut self, ty: &TensorType, &(least, greatest, _): &(f64, f64, f64)) -> Argument {
        let start = (self.next() * 100.0).round();
        let (middle, half) = ((least + greatest) / 2.0, (greatest - least) / 2.0);
        let (sizes, strides) = (ty.shape.sizes(), ty.shape.strides());
        let sum =
            |at: usize| -> usize { (0..sizes.len()).map(|axis| (axis + 1) * (at / strides[axis] % sizes[axis])).sum() };
        let word = |at: usize| match ty.element {
            ElementType::I64 | ElementType::Bool => sum(at) as u64 % 2,
            ElementType::F64 => (middle + half * double::sin(start + sum(at) as f64)).to_bits(),
            ElementType::F32 => {
                let sine = single::sin(start as f32 + sum(at) as f32);
                u64::from((middle as f32 + half as f32 * sine).to_bits())
            }
        };
        let bits = (0..ty.shape.count()).map(word).collect();
        let names: Vec<String> = (0..sizes.len()).map(|axis| format!("i{axis}")).collect();
        let terms: Vec<String> =
            names.iter().enumerate().map(|(axis, name)| format!("{} * {name}", axis + 1)).collect();
        let terms = terms.join(" + ");
        let body = match ty.element {
            ElementType::I64 => format!("({terms}) % 2"),
            ElementType::Bool => format!("({terms}) % 2 == 1"),
            _ => format!("{} + {} * sin({start:?} + {terms})", number(middle), number(half)),
        };
        let ranges: Vec<String> = names.iter().zip(sizes).map(|(name, size)| format!("{name} in 0..{size}")).collect();
        let text = format!("[{body} for {}]", ranges.join(", "));
        Argument { value: Table { ty: ty.clone(), bits }, text }
    }
}
