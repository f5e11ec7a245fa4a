//! What `ndc grad` writes: a function of a file, its gradient as a program of its own, and a test that holds both
//! against each other.

mod names;
mod parameters;
mod points;

use crate::check::program::Action;
use crate::check::subject::{FunctionSubject, Subject as Kind};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::subjects;
use crate::driver::{format_text, on_large_stack};
use crate::ir::{ElementType, NodeId};
use crate::lower::adjoint::{Adjoint, adjoint};
use crate::session::native::internal;
use crate::source::Span;
use crate::subject::{Failure, Subject};
use crate::transcribe::{Definition, Layout, Parameter, Refusal, Writer};
use names::Names;
use parameters::{parameters, real_inputs, varied};

/// The text of a subject and its gradient by all real arguments, or by the named arguments, parameters and models. Where
/// its arguments are given, they are a point of the test.
///
/// # Errors
/// A result that is not one real number, nothing to differentiate by, an operation that nd cannot say.
pub fn text(mut subject: Subject, wrt: &[String], is_given: bool) -> Result<String, Failure> {
    match on_large_stack(|| written(&mut subject, wrt, is_given)) {
        Ok(text) => Ok(text),
        Err(diagnostic) => Err(Failure { diagnostics: vec![*diagnostic], sources: subject.checked.sources }),
    }
}

fn written(subject: &mut Subject, wrt: &[String], is_given: bool) -> Result<String, Box<Diagnostic>> {
    let (name, span) = described(subject);
    one_number(subject, &name, span)?;
    let mut parameters = parameters(subject);
    let varied = varied(subject, &parameters, wrt, &name, span)?;
    let mut writer = Writer::new(subject.checked.program.real());
    writer.parameters(&mut parameters);
    let name = writer.fresh(&name);
    let inputs: Vec<usize> = varied.iter().flat_map(|place| real_inputs(subject, &parameters[*place])).collect();
    let names = Names::new(subject);
    let adjoint = adjoint(&subject.graph, &inputs, |graph, value| names.watched(graph, value));
    let refused =
        |refusal: Refusal| Box::new(subjects::not_expressible(&refusal.operation, refusal.span.unwrap_or(span)));
    let output = subject.graph.outputs()[0].node;
    let value_notes = names.of_value(&subject.graph, output);
    let value = Definition {
        name: name.clone(),
        documentation: Vec::new(),
        graph: &subject.graph,
        parameters: &parameters,
        result: Layout::Leaf((output, None)),
        first: Vec::new(),
        notes: &value_notes,
        aliases: Vec::new(),
    };
    let value = writer.function(&value).map_err(refused)?;
    let by = list_of(varied.iter().map(|place| format!("`{}`", parameters[*place].name)).collect());
    let notes = names.of_gradient(&adjoint, &inputs);
    let gradient = Definition {
        name: format!("grad_{name}"),
        documentation: vec![
            format!("The gradient of `{name}` by {by}, as reverse mode computes it: `d_q` is the derivative of the"),
            "result by `q`, and a comment names the expression that a line is the derivative of.".to_string(),
        ],
        graph: &adjoint.graph,
        parameters: &parameters,
        result: gradient_layout(&parameters, &varied, &inputs, &adjoint),
        first: vec![adjoint.value],
        aliases: names.aliases(&adjoint, &notes),
        notes: &notes,
    };
    let gradient = writer.function(&gradient).map_err(refused)?;
    let test = points::test(&name, subject, &adjoint, &parameters, &varied, is_given);
    let precision = match subject.checked.program.real() {
        ElementType::F32 => "precision f32\n\n",
        _ => "",
    };
    let title = format!("// `{name}` and its gradient, as `ndc grad` writes them.\n\n");
    let text = format!("{title}{precision}{}{value}{gradient}{test}", writer.helpers());
    format_text(&text).map_err(|diagnostics| internal(format!("{diagnostics:#?} in the text\n{text}")))
}

/// The name of a subject, and the place where it is asked for.
fn described(subject: &Subject) -> (String, Span) {
    match &subject.kind {
        Kind::Function(function) => {
            let FunctionSubject { name, callee, .. } = &**function;
            let is_word = name.chars().all(|letter| letter.is_alphanumeric() || "_.".contains(letter));
            (if is_word { name.clone() } else { "f".to_string() }, callee.span)
        }
        Kind::Loss { action, .. } => match &subject.checked.program.actions[*action] {
            Action::Train(train) => ("loss".to_string(), train.loss.span),
            _ => ("loss".to_string(), Span::default()),
        },
    }
}

/// Makes sure that the result is one real number.
fn one_number(subject: &Subject, name: &str, span: Span) -> Result<(), Box<Diagnostic>> {
    let outputs = subject.graph.outputs();
    let is_number = |node: NodeId| {
        let ty = subject.graph.ty(node);
        ty.shape.rank() == 0 && ty.element.is_real()
    };
    if outputs.len() == 1 && is_number(outputs[0].node) {
        return Ok(());
    }
    let found = match &subject.kind {
        Kind::Function(function) => function.result.to_string(),
        Kind::Loss { .. } => "no real number".to_string(),
    };
    Err(Box::new(subjects::gradient_of_several(name, &found, span)))
}

/// `a`, `b` and `c`
fn list_of(mut names: Vec<String>) -> String {
    let last = names.pop().unwrap_or_default();
    if names.is_empty() { last } else { format!("{} and {last}", names.join(", ")) }
}

/// The gradients in the structure of the parameters; several parameters give a tuple.
fn gradient_layout(
    parameters: &[Parameter],
    varied: &[usize],
    inputs: &[usize],
    adjoint: &Adjoint,
) -> Layout<(NodeId, Option<String>)> {
    let gradient = |input: &u32| {
        let place = inputs.iter().position(|each| *each == *input as usize)?;
        let name = adjoint.graph.inputs()[*input as usize].name.replace('.', "_");
        Some((adjoint.gradients[place], Some(format!("d_{name}"))))
    };
    let mut parts: Vec<_> = varied.iter().filter_map(|place| parameters[*place].layout.kept(&gradient)).collect();
    if parts.len() == 1 { parts.remove(0) } else { Layout::Tuple(parts) }
}
