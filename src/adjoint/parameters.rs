//! The parameters of the functions that are written, and those to differentiate by.

use crate::check::subject::Subject as Kind;
use crate::check::types::Type;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::derivative;
use crate::lower::leaf_types;
use crate::source::Span;
use crate::subject::Subject;
use crate::transcribe::{Layout, Parameter};

/// The arguments, in the structure that they have, and then what else the function reads.
pub(super) fn parameters(subject: &Subject) -> Vec<Parameter> {
    let names = subject.graph.inputs();
    let leaf = |input: usize| Parameter { name: names[input].name.clone(), layout: Layout::Leaf(input as u32) };
    let mut parameters = Vec::new();
    let mut next = 0;
    if let Kind::Function(function) = &subject.kind {
        let types = function.arguments.ty.parts().unwrap_or_default();
        for (name, ty) in function.names.iter().zip(types) {
            let mut tensors = Vec::new();
            leaf_types(&subject.checked.program, ty, &mut tensors);
            let leaves = tensors.len();
            let mut inputs = next as u32..;
            match layout(ty, &mut inputs) {
                Some(layout) => parameters.push(Parameter { name: name.clone(), layout }),
                None => parameters.extend((next..next + leaves).map(leaf)),
            }
            next += leaves;
        }
    }
    parameters.extend((next..names.len()).map(leaf));
    parameters
}

/// The structure of an argument that nd can write a type for; none of what holds functions.
fn layout(ty: &Type, inputs: &mut dyn Iterator<Item = u32>) -> Option<Layout<u32>> {
    match ty {
        Type::Tuple(parts) => parts.iter().map(|part| layout(part, inputs)).collect::<Option<_>>().map(Layout::Tuple),
        Type::Record(fields, parts) => {
            let is_name = |name: &String| name.starts_with(char::is_alphabetic);
            if !fields.names.iter().all(is_name) {
                return None;
            }
            let part = |(name, part): (&String, &Type)| Some((name.clone(), layout(part, inputs)?));
            fields.names.iter().zip(parts).map(part).collect::<Option<_>>().map(Layout::Record)
        }
        Type::Tensor(..) => inputs.next().map(Layout::Leaf),
        _ => None,
    }
}

pub(super) fn inputs_of(parameter: &Parameter) -> Vec<usize> {
    let mut leaves = Vec::new();
    parameter.layout.leaves(&mut leaves);
    leaves.into_iter().map(|input| *input as usize).collect()
}

pub(super) fn real_inputs(subject: &Subject, parameter: &Parameter) -> Vec<usize> {
    let mut inputs = inputs_of(parameter);
    inputs.retain(|input| subject.graph.inputs()[*input].ty.element.is_real());
    inputs
}

/// The places of the parameters to differentiate by.
pub(super) fn varied(
    subject: &mut Subject,
    parameters: &[Parameter],
    wrt: &[String],
    name: &str,
    span: Span,
) -> Result<Vec<usize>, Box<Diagnostic>> {
    let is_real = |place: &usize| !real_inputs(subject, &parameters[*place]).is_empty();
    let mut chosen = Vec::new();
    if wrt.is_empty() {
        let is_argument =
            |place: &usize| inputs_of(&parameters[*place]).iter().all(|input| subject.inputs[*input].is_argument());
        chosen.extend((0..parameters.len()).filter(is_argument).filter(is_real));
    }
    for each in wrt {
        let part = format!("{each}.");
        let fits = |place: &usize| parameters[*place].name == *each || parameters[*place].name.starts_with(&part);
        let found: Vec<usize> = (0..parameters.len()).filter(fits).filter(is_real).collect();
        if found.is_empty() {
            let known: Vec<String> = parameters.iter().map(|parameter| parameter.name.clone()).collect();
            let id = subject.checked.sources.add("--wrt", None, each.clone());
            let place = Span::new(id, 0, each.len());
            return Err(Box::new(derivative::unknown_wrt(each, place, known.iter().map(String::as_str))));
        }
        chosen.extend(found.into_iter().filter(|place| !chosen.contains(place)).collect::<Vec<_>>());
    }
    if chosen.is_empty() {
        return Err(Box::new(derivative::nothing_to_differentiate("grad", name, span)));
    }
    Ok(chosen)
}
