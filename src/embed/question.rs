//! What a question is about, as a graph, with the values of what calls need not bring.

use super::Error;
use super::builder::{Of, Question};
use super::program::{Program, Text, below, lock, run_lets};
use crate::check;
use crate::check::program::{Action, ParamId, Train};
use crate::check::subject::{FunctionSubject, Subject};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::embedding;
use crate::driver::{self, check_question_in, on_large_stack};
use crate::ir::{Graph, Table};
use crate::lower::subject::{lower_function, lower_mean_loss};
use crate::lower::{Lowered, Source};
use crate::session::compiler::Compiler;
use crate::session::{Session, Silent};
use crate::source::SourceMap;
use std::collections::HashMap;

/// A function on inputs.
pub(super) struct Asked {
    /// Its name.
    pub name: String,
    /// Its outputs are named `value`, or `value.` and the parts of the result.
    pub graph: Graph,
    /// The inputs in the order of a signature.
    pub order: Vec<usize>,
    /// What each input is where nothing else is said.
    pub roles: Vec<Role>,
    /// Whether each input is an argument of the function, and not what it reads beside them.
    pub is_argument: Vec<bool>,
    /// Whether derivatives are by each input where nothing else is said, if calls bring it.
    pub varied: Vec<bool>,
    /// The value of each input that is known.
    pub values: Vec<Option<Table>>,
    /// Whether the values of inputs other than parameters follow from parameters.
    pub depends_on_parameters: bool,
    /// The texts that places are in.
    pub sources: SourceMap,
}

/// Where the value of an input comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// Calls bring it.
    Called,
    /// It is a parameter of the program.
    Parameter,
    /// It is known.
    Known,
    /// It is held at a given value.
    Held,
}

impl Asked {
    /// The inputs that a name means: that of the name, or all below it. An argument hides what is read beside arguments, as it
    /// does in the program.
    pub(super) fn meant(&self, name: &str) -> Vec<usize> {
        let inputs = self.graph.inputs();
        let all = (0..self.roles.len()).filter(|place| below(name, &inputs[*place].name));
        let (arguments, others): (Vec<usize>, Vec<usize>) = all.partition(|place| self.is_argument[*place]);
        if arguments.is_empty() { others } else { arguments }
    }
}

fn are_arguments(lowered: &Lowered) -> Vec<bool> {
    lowered.sources.iter().map(|source| matches!(source, Source::Argument(_))).collect()
}

/// The answer to a question.
pub(super) fn asked(program: &Program, question: &Question) -> Result<Asked, Error> {
    match &question.of {
        Of::Function(name) => function(program, name, question),
        Of::Loss(name) => loss(program, name.as_deref(), question.examples),
    }
}

fn function(program: &Program, name: &str, question: &Question) -> Result<Asked, Error> {
    let source = &program.source;
    let asked =
        driver::Asked { question: name, sizes: &question.sizes, choices: &[], shapes: &question.shapes, whole: true };
    let (checked, subject) = {
        let mut loader = lock(&source.loader);
        let (text, path) = (source.text.clone(), source.path.as_deref());
        check_question_in(&source.name, path, text, (asked, &source.overrides), &mut *loader, source.options)
    };
    let mut errors = checked.diagnostics;
    errors.retain(Diagnostic::is_error);
    let subject = match subject {
        Some(Subject::Function(subject)) if errors.is_empty() => subject,
        // The loss of one example, by the name of its training.
        Some(Subject::Loss { action, .. }) if errors.is_empty() => return loss_of(program, action, question.examples),
        _ => {
            let errors = errors.into_iter().map(embedding::without_arguments).collect();
            return Err(Error::new(errors, &checked.sources));
        }
    };
    let params = known_params(program, &checked.program)?;
    let made = on_large_stack(|| {
        let lowered = lower_function(&checked.program, &subject);
        let values = values_of_function(&checked.program, &subject, &lowered, params.as_ref())?;
        Ok((lowered, values))
    });
    let (lowered, values) = made.map_err(|stopped: Box<Diagnostic>| Error::new(vec![*stopped], &checked.sources))?;
    let optional = |name: &str| {
        let place = subject.names.iter().position(|each| below(each, name));
        place.is_some_and(|place| subject.optional[place])
    };
    let own = program.parameter_names();
    let roles = lowered.sources.iter().zip(lowered.graph.inputs()).map(|(source, input)| match source {
        Source::Argument(_) if optional(&input.name) => Role::Known,
        Source::Argument(_) => Role::Called,
        Source::Read(_) if own.contains(&input.name.as_str()) => Role::Parameter,
        _ => Role::Known,
    });
    let roles = roles.collect();
    let depends_on_parameters = subject.optional.contains(&true) || reads_values(&lowered.sources);
    let is_argument = are_arguments(&lowered);
    let (word, sources) = (described(&subject.name), checked.sources);
    let graph = with_value_names(lowered.graph, &subject.name);
    let varied = vec![true; values.len()];
    let order = in_order(&lowered.sources);
    Ok(Asked { name: word, graph, order, roles, is_argument, varied, values, depends_on_parameters, sources })
}

/// A name for what was asked for by an expression.
fn described(name: &str) -> String {
    let is_name = name.chars().all(|letter| letter.is_alphanumeric() || "_.".contains(letter));
    if is_name { name.to_string() } else { "function".to_string() }
}

/// Outputs that are named after the function become values.
fn with_value_names(mut graph: Graph, name: &str) -> Graph {
    let outputs = graph.outputs().to_vec();
    graph.clear_outputs();
    for output in outputs {
        let rest = output.name.strip_prefix(name).unwrap_or_default();
        graph.output(format!("value{rest}"), output.node);
    }
    graph
}

/// Arguments as they come, then parameters in the order of the program, then the rest.
fn in_order(sources: &[Source]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..sources.len()).collect();
    places.sort_by_key(|place| match sources[*place] {
        Source::Argument(leaf) => (0, leaf),
        Source::Read(id) => (1, id.0),
        _ => (2, *place as u32),
    });
    places
}

fn reads_values(sources: &[Source]) -> bool {
    sources.iter().any(|source| matches!(source, Source::Global(..)))
}

/// The stored parameters of the program by name, where another one has any.
fn known_params<'p>(
    program: &'p Program,
    other: &check::program::Program,
) -> Result<Option<HashMap<&'p str, Table>>, Error> {
    if other.params.is_empty() {
        return Ok(None);
    }
    let names = program.parameter_names();
    Ok(Some(names.into_iter().zip(program.params()?).collect()))
}

/// The values of the inputs of a function: parameters as they are, default values of arguments, values of the file.
fn values_of_function(
    program: &check::program::Program,
    subject: &FunctionSubject,
    lowered: &Lowered,
    params: Option<&HashMap<&str, Table>>,
) -> Result<Vec<Option<Table>>, Box<Diagnostic>> {
    let is_argument = |source: &Source| matches!(source, Source::Argument(_));
    let has_default = subject.optional.contains(&true);
    if !has_default && lowered.sources.iter().all(is_argument) {
        return Ok(vec![None; lowered.sources.len()]);
    }
    let mut reduced = program.clone();
    let needed = has_default || reads_values(&lowered.sources);
    reduced.actions.retain(|action| needed && matches!(action, Action::Let { .. }));
    let mut session = Session::with_compiler(&reduced, Compiler::default());
    session.initialize_from(params.unwrap_or(&HashMap::new()))?;
    session.run(&mut Silent).map_err(first)?;
    let arguments = match has_default {
        true => session.evaluate(&[&subject.arguments])?.remove(0).tables,
        false => Vec::new(),
    };
    let value = |source: &Source| match source {
        Source::Argument(leaf) => Ok(arguments.get(*leaf as usize).cloned()),
        source => Ok(Some(session.inputs(std::slice::from_ref(source))?.remove(0))),
    };
    lowered.sources.iter().map(value).collect()
}

fn first(mut all: Vec<Diagnostic>) -> Box<Diagnostic> {
    Box::new(all.swap_remove(0))
}

fn loss(program: &Program, name: Option<&str>, examples: Option<usize>) -> Result<Asked, Error> {
    let (action, _) = program.source.train(name)?;
    loss_of(program, action, examples)
}

fn loss_of(program: &Program, action: usize, examples: Option<usize>) -> Result<Asked, Error> {
    let source: &Text = &program.source;
    let checked = &source.checked;
    let Action::Train(train) = &checked.program.actions[action] else {
        return Err(source.error(*crate::session::native::internal("a loss that is none")));
    };
    let all = train.examples().count(&checked.program);
    let size = examples.unwrap_or(all);
    let params = program.params()?;
    let (made, _) = source.in_session(Some(params), |session| {
        let lowered = lower_mean_loss(session.program, train, size);
        let values = values_of_loss(session, action, train, &lowered, examples.is_none())?;
        Ok((lowered, values))
    });
    let (lowered, values) = made?;
    let trained = |id: &ParamId| train.params.contains(id);
    let role = |source: &Source| match source {
        Source::Argument(_) if examples.is_some() => Role::Called,
        Source::Read(id) if trained(id) => Role::Called,
        Source::Read(_) => Role::Parameter,
        _ => Role::Known,
    };
    let mut order = in_order(&lowered.sources);
    order.sort_by_key(|place| !matches!(lowered.sources[*place], Source::Read(_)));
    Ok(Asked {
        name: train.name.clone().unwrap_or_else(|| "loss".to_string()),
        roles: lowered.sources.iter().map(role).collect(),
        is_argument: are_arguments(&lowered),
        varied: lowered.sources.iter().map(|source| matches!(source, Source::Read(_))).collect(),
        depends_on_parameters: reads_values(&lowered.sources),
        graph: with_value_names(lowered.graph, "loss"),
        order,
        values,
        sources: checked.sources.clone(),
    })
}

/// The values of the inputs of a loss; those of columns if it is over `whole` data.
fn values_of_loss(
    session: &mut Session<'_>,
    action: usize,
    train: &Train,
    lowered: &Lowered,
    whole: bool,
) -> Result<Vec<Option<Table>>, Box<Diagnostic>> {
    if reads_values(&lowered.sources) {
        run_lets(session, action)?;
    }
    let value = |source: &Source| match (source, train.data) {
        (Source::Argument(place), Some(data)) if whole => {
            let column = Source::Column(data, train.columns[*place as usize]);
            Ok(Some(session.inputs(&[column])?.remove(0)))
        }
        (Source::Argument(_), _) => Ok(None),
        (source, _) => Ok(Some(session.inputs(std::slice::from_ref(source))?.remove(0))),
    };
    lowered.sources.iter().map(value).collect()
}
