//! The cases of `cases.txt` as graphs: a value, and the value with its gradient.

use ndc::autodiff::reverse;
use ndc::check::Options;
use ndc::check::program::{Action, Program, Train, Typed};
use ndc::data::FileLoader;
use ndc::diagnostics::Diagnostic;
use ndc::diagnostics::render::{MessageFormat, render};
use ndc::driver::{Checked, check_text, on_large_stack};
use ndc::ir::{Graph, NodeId, Table, TensorType};
use ndc::lower::training::lower_evaluation;
use ndc::lower::value::lower_value;
use ndc::lower::{Lowered, Source};
use ndc::optimize::{Stage, simplify};
use ndc::session::{Session, Silent};
use std::path::Path;

const CASES: &str = include_str!("cases.txt");

/// What every group can use.
const PRELUDE: &str = "
import nn
import losses
import dist
import linalg
import ode
import special
fn wave(i: int, j: int) = sin(1.3 * i + 0.7 * j + 0.4 * sin(real(i * j)))
data fixed = table {
    class = [i % 10 for i in 0..64]
    other = [cos(2.1 * i) for i in 0..64]
}
";

/// Cases that share a program.
pub struct Group {
    name: &'static str,
    text: String,
    cases: Vec<(&'static str, Measure)>,
}

/// What of a program is measured.
#[derive(Clone, Copy)]
enum Measure {
    /// The expression of this `print`.
    Print(usize),
    /// The loss of this `train`.
    Train(usize),
}

/// A case, ready to be differentiated and compiled.
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// The value, not simplified yet.
    graph: Graph,
    /// The inputs of the graph that are differentiated by.
    wrt: Vec<usize>,
    /// The values of the graph's inputs.
    pub inputs: Vec<Table>,
}

/// All groups, in the order of the file.
pub fn groups() -> Vec<Group> {
    CASES.split("\n== ").skip(1).map(group).collect()
}

fn group(section: &'static str) -> Group {
    let (name, body) = section.split_once('\n').unwrap_or((section, ""));
    let mut text = match name.strip_prefix("file ") {
        Some(file) => std::fs::read_to_string(examples().join(format!("{file}.nd"))).expect("an example"),
        None => PRELUDE.to_string(),
    };
    let before = text.matches("\nprint ").count();
    let (mut cases, mut prints) = (Vec::new(), 0);
    for line in body.lines() {
        let Some(case) = line.strip_prefix("-- ") else {
            text.extend([line, "\n"]);
            continue;
        };
        let (name, action) = case.split_once(" | ").expect("a name and an action");
        let measure = match action.strip_prefix("train ") {
            Some(number) => Measure::Train(number.parse().expect("a number")),
            None => {
                text.extend(["\nprint ", action, "\n"]);
                prints += 1;
                Measure::Print(before + prints - 1)
            }
        };
        cases.push((name, measure));
    }
    Group { name, text, cases }
}

fn examples() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

impl Group {
    /// The names of its cases.
    #[allow(dead_code, reason = "the bench has no use for it")]
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.cases.iter().map(|(name, _)| *name)
    }

    /// The group's cases whose names a filter lets through.
    pub fn cases(&self, wanted: impl Fn(&str) -> bool) -> Vec<Case> {
        let wanted: Vec<_> = self.cases.iter().filter(|(name, _)| wanted(name)).copied().collect();
        if wanted.is_empty() {
            return Vec::new();
        }
        let path = examples().join("case.nd");
        let loader = &mut FileLoader::new();
        let checked = check_text(self.name, Some(&path), self.text.clone(), loader, Options::default());
        assert!(!checked.has_errors(), "{}", messages(&checked, &checked.diagnostics));
        self.lowered(&checked, &wanted)
    }

    fn lowered(&self, checked: &Checked, wanted: &[(&'static str, Measure)]) -> Vec<Case> {
        let program = &checked.program;
        let mut session = Session::new(program).expect("initial values");
        if wanted.iter().any(|(_, measure)| matches!(measure, Measure::Print(_))) {
            session.run(&mut Silent).unwrap_or_else(|errors| panic!("{}", messages(checked, &errors)));
        }
        wanted.iter().map(|(name, measure)| measured(name, *measure, &mut session)).collect()
    }
}

fn messages(checked: &Checked, diagnostics: &[Diagnostic]) -> String {
    render(diagnostics, &checked.sources, MessageFormat::Full, false)
}

fn measured(name: &'static str, measure: Measure, session: &mut Session<'_>) -> Case {
    let program = session.program;
    let lowered = on_large_stack(|| match measure {
        Measure::Print(place) => lower_value(program, printed(program, place)),
        Measure::Train(number) => {
            let (train, size, whole) = training(program, number);
            lower_evaluation(program, train, size, whole, true)
        }
    });
    let Lowered { mut graph, sources } = lowered;
    let value = graph.outputs()[0].node;
    graph.clear_outputs();
    graph.output("value", value);
    let mut inputs = session.inputs(&sources).expect("values of inputs");
    for ((table, source), input) in inputs.iter_mut().zip(&sources).zip(graph.inputs()) {
        if *source == Source::Rows {
            *table = rows(&input.ty);
        }
    }
    let real = |index: &usize| graph.inputs()[*index].ty.element.is_real();
    let varied = |index: &usize| matches!(sources[*index], Source::Param(_) | Source::Global(..));
    let wrt = (0..sources.len()).filter(|index| real(index) && varied(index)).collect();
    Case { name, graph, wrt, inputs }
}

fn printed(program: &Program, place: usize) -> &Typed {
    let prints = program.actions.iter().filter_map(|action| match action {
        Action::Print(values) => Some(&values[0].1),
        _ => None,
    });
    prints.into_iter().nth(place).expect("an action")
}

/// A training, the size of its batches, and whether they are all examples.
fn training(program: &Program, number: usize) -> (&Train, usize, bool) {
    let trainings = program.actions.iter().filter_map(|action| match action {
        Action::Train(train) => Some(train),
        _ => None,
    });
    let train = trainings.into_iter().nth(number - 1).expect("a training");
    let examples = train.data.map_or(1, |data| program.data[data.0 as usize].rows);
    let size = train.batch.unwrap_or(examples).min(examples);
    (train, size, size == examples)
}

/// The first rows.
fn rows(ty: &TensorType) -> Table {
    Table { ty: ty.clone(), bits: (0..ty.shape.count() as u64).collect() }
}

impl Case {
    /// The graph of the value.
    pub fn value(&self) -> Graph {
        self.graph.clone()
    }

    /// The graph of the value and its gradient, the value simplified first or not.
    pub fn gradient(&self, simplify_before: bool) -> Graph {
        let mut graph = self.graph.clone();
        let mut value = graph.outputs()[0].node;
        graph.clear_outputs();
        if simplify_before {
            value = simplify(&mut graph, &[value], Stage::BeforeDifferentiation)[0];
        }
        let nodes = graph.input_nodes();
        let wrt: Vec<NodeId> = self.wrt.iter().map(|index| nodes[*index]).collect();
        let one = graph.constant_like(value, 1.0);
        let gradients = reverse(&mut graph, value, one, &wrt);
        graph.output("value", value);
        for gradient in gradients {
            graph.output("gradient", gradient);
        }
        graph
    }
}
