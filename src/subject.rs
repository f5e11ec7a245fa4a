//! A function of a file at concrete types, as a graph: what `--of`, `--at` and `--size` of a command name.
//!
//! [`open`] checks the file together with the question, so that every mistake in either gets its ordinary message:
//!
//! - `of` is a function or model of the file, any expression that is a function (`grad(f)`, `|x| x^2`, `nn.gelu`), the
//!   name of a `train`, or `loss` for the loss of the first `train`.
//! - `at` has the arguments as a call has them, by place or by name: `x = -2, y = [1, 2]`. It sees every name of the
//!   file. Of a loss, it has the entries of one example by the names of columns.
//! - Without `at`, the types of arguments follow from the signature (an argument without a type is one real number),
//!   with `sizes` for its size variables; arguments are zeros. Of a loss, the example is the first row.
//!
//! The [`Subject`] has the graph as `lower` makes it, before any optimisation. Its inputs are named as the parameters
//! (`x`, `state.v`, `pair.0`) and come with values: arguments first, then what the function reads beside them. No
//! action of the file is run but `let`, so parameters have their initial values.

use crate::check::Options;
use crate::check::program::{Action, Program, Typed};
use crate::check::subject::Subject as Kind;
use crate::check::table::TableLoader;
use crate::diagnostics::Diagnostic;
use crate::driver::{Asked, Checked, check_question, on_large_stack};
use crate::ir::{Graph, Shape, Table, TensorType};
use crate::lower::subject::{lower_function, lower_loss};
use crate::lower::value::lower_value;
use crate::lower::{Lowered, Source};
use crate::session::{Session, Silent};
use crate::source::SourceMap;
use std::path::Path;

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// The function, model or loss.
    pub of: &'r str,
    /// Its arguments.
    pub at: Option<&'r str>,
    /// Values of size variables of its signature.
    pub sizes: &'r [(String, i64)],
}

/// A function of a file at concrete types.
pub struct Subject {
    /// The file with the question: texts, program, and warnings.
    pub checked: Checked,
    /// What was asked for, as the checker found it.
    pub kind: Kind,
    /// The function as a graph; its outputs are the leaves of the result.
    pub graph: Graph,
    /// What the inputs of the graph are, in order.
    pub inputs: Vec<Input>,
}

/// An input of a subject's graph; its name and type are the graph's.
#[derive(Clone, Debug)]
pub struct Input {
    /// An argument ([`Source::Argument`]), a parameter ([`Source::Read`]), or another value that the function reads.
    pub source: Source,
    /// Its value: as given, or zeros; of a parameter, the initial value.
    pub value: Table,
}

impl Input {
    /// Whether it is an argument, or the entry of a column.
    pub fn is_argument(&self) -> bool {
        matches!(self.source, Source::Argument(_))
    }

    /// Whether derivatives by it are of interest: a real argument, or a parameter.
    pub fn is_varied(&self) -> bool {
        self.value.ty.element.is_real() && matches!(self.source, Source::Argument(_) | Source::Read(_))
    }
}

/// Messages, with the texts that they are about.
pub struct Failure {
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts.
    pub sources: SourceMap,
}

/// Looks up a function of a file and makes its graph.
///
/// # Errors
/// What is wrong with the file, with the request, or with the values that it needs.
pub fn open(
    path: &Path,
    request: Request,
    loader: &mut (dyn TableLoader + Send),
    options: Options,
) -> Result<Subject, Failure> {
    open_at_any_size(path, request, &[], loader, options)
}

/// Like [`open`]; sizes that the signature leaves open and the request does not state are these, one after another.
///
/// # Errors
/// Like [`open`].
pub fn open_at_any_size(
    path: &Path,
    request: Request,
    choices: &[i64],
    loader: &mut (dyn TableLoader + Send),
    options: Options,
) -> Result<Subject, Failure> {
    let is_word = |of: &str| of.chars().all(|letter| letter.is_alphanumeric() || "_.".contains(letter));
    let question = match request.at {
        Some(arguments) if is_word(request.of) => format!("{}({arguments})", request.of),
        Some(arguments) => format!("({})({arguments})", request.of),
        None => request.of.to_string(),
    };
    let asked = Asked { question: &question, sizes: request.sizes, choices, ..Asked::default() };
    let (checked, kind) = check_question(path, asked, loader, options);
    let kind = match kind {
        Some(kind) if !checked.has_errors() => kind,
        _ => return Err(Failure { diagnostics: checked.diagnostics, sources: checked.sources }),
    };
    match on_large_stack(|| graph_with_values(&checked.program, &kind)) {
        Ok((graph, inputs)) => Ok(Subject { checked, kind, graph, inputs }),
        Err(diagnostics) => Err(Failure { diagnostics, sources: checked.sources }),
    }
}

/// A size as it is written after `--size`: `n=3`.
///
/// # Errors
/// A sentence that says what is expected.
pub fn parse_size(text: &str) -> Result<(String, i64), String> {
    let expected = || format!("expected a size variable with a whole number, such as `n=3`, not `{text}`");
    let (name, value) = text.split_once('=').ok_or_else(expected)?;
    let value = value.trim().parse().ok().filter(|value| (0..1 << 32).contains(value));
    let name = name.trim();
    match value {
        Some(value) if !name.is_empty() => Ok((name.to_string(), value)),
        _ => Err(expected()),
    }
}

fn graph_with_values(program: &Program, kind: &Kind) -> Result<(Graph, Vec<Input>), Vec<Diagnostic>> {
    let lowered = match kind {
        Kind::Function(function) => lower_function(program, function),
        Kind::Loss { action, .. } => match &program.actions[*action] {
            Action::Train(train) => lower_loss(program, train),
            _ => Lowered::default(),
        },
    };
    let values_only = program_of_values(program, kind, &lowered);
    let mut session = Session::new(&values_only).map_err(|stopped| vec![*stopped])?;
    session.run(&mut Silent)?;
    let values = input_values(&mut session, program, kind, &lowered).map_err(|stopped| vec![*stopped])?;
    let inputs = lowered.sources.into_iter().zip(values).map(|(source, value)| Input { source, value });
    Ok((lowered.graph, inputs.collect()))
}

/// The program with no action but `let`, and none where no value of the file is read.
fn program_of_values(program: &Program, kind: &Kind, lowered: &Lowered) -> Program {
    let mut reduced = program.clone();
    let given: Vec<&Typed> = match kind {
        Kind::Function(function) => vec![&function.arguments],
        Kind::Loss { given, .. } => given.iter().map(|(_, value)| value).collect(),
    };
    let reads_value = |sources: &[Source]| sources.iter().any(|source| matches!(source, Source::Global(..)));
    let needed =
        reads_value(&lowered.sources) || given.iter().any(|value| reads_value(&lower_value(program, value).sources));
    reduced.actions.retain(|action| needed && matches!(action, Action::Let { .. }));
    reduced
}

fn input_values(
    session: &mut Session,
    program: &Program,
    kind: &Kind,
    lowered: &Lowered,
) -> Result<Vec<Table>, Box<Diagnostic>> {
    let arguments = match kind {
        Kind::Function(function) => session.evaluate(&[&function.arguments])?.remove(0).tables,
        Kind::Loss { action, given } => example(session, program, *action, given)?,
    };
    let value = |source: &Source| match source {
        Source::Argument(leaf) => Ok(arguments[*leaf as usize].clone()),
        source => Ok(session.inputs(std::slice::from_ref(source))?.remove(0)),
    };
    lowered.sources.iter().map(value).collect()
}

/// The entries of an example: those given, and others from the first row.
fn example(
    session: &mut Session,
    program: &Program,
    action: usize,
    given: &[(u32, Typed)],
) -> Result<Vec<Table>, Box<Diagnostic>> {
    let Action::Train(train) = &program.actions[action] else { return Ok(Vec::new()) };
    let Some(data) = train.data else { return Ok(Vec::new()) };
    let mut entries = Vec::with_capacity(train.columns.len());
    for (place, index) in train.columns.iter().enumerate() {
        let entry = match given.iter().find(|(column, _)| *column as usize == place) {
            Some((_, value)) => session.evaluate(&[value])?.remove(0).tables.remove(0),
            None => first_row(session.inputs(&[Source::Column(data, *index)])?.remove(0)),
        };
        entries.push(entry);
    }
    Ok(entries)
}

/// The first entry of a column.
fn first_row(column: Table) -> Table {
    let ty = TensorType::new(column.ty.element, Shape::new(&column.ty.shape.sizes()[1..]));
    let bits = column.bits.into_iter().take(ty.shape.count()).collect();
    Table { ty, bits }
}
