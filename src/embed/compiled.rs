//! From a question to code, and what was compiled before.

use super::Error;
use super::builder::Question;
use super::derive::derived;
use super::program::{Program, lock};
use super::question::{Asked, Role, asked};
use super::signature::{Port, Signature};
use super::tensors::bytes_of;
use crate::codegen::Executable;
use crate::diagnostics::catalog::embedding as errors;
use crate::driver::on_large_stack;
use crate::ir::{Graph, Table};
use crate::runtime::AlignedBytes;
use crate::session::native;
use crate::source::{SourceMap, Span};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// Code with the meaning of its inputs and outputs.
pub(super) struct Compiled {
    pub executable: Arc<Executable>,
    pub name: String,
    /// In the order of the code.
    pub inputs: Vec<Input>,
    /// The inputs that calls bring, in order.
    pub called: Vec<usize>,
    pub outputs: Vec<Port>,
    /// The texts that messages are about.
    pub sources: SourceMap,
    /// Where it divides integers.
    pub divisions: Vec<Span>,
    /// The version of the parameters that values were computed from; `None` where those do not matter.
    version: Option<u64>,
    question: Question,
}

impl Compiled {
    /// The values of the inputs that are known, as they follow from the parameters of a program; `None` where they do not.
    pub(super) fn known_with(&self, program: &Program) -> Result<Option<Vec<Option<Table>>>, Error> {
        if self.version.is_none() {
            return Ok(None);
        }
        let Asked { graph, values, .. } = asked(program, &self.question)?;
        let names = graph.inputs().iter().map(|input| input.name.as_str());
        let same = names.eq(self.inputs.iter().take(values.len()).map(|input| input.port.name()));
        if same { Ok(Some(values)) } else { Err(Error::bare(errors::other_program(&program.source.name))) }
    }
}

/// An input of code.
pub(super) struct Input {
    pub port: Port,
    pub value: Value,
}

/// What an input is without a call that brings it.
pub(super) enum Value {
    /// Nothing: calls bring it, or it is held at a given value.
    Open,
    /// The parameter of its name.
    Parameter,
    /// This.
    Known(Arc<AlignedBytes>),
}

/// What was compiled of a program.
#[derive(Default)]
pub(super) struct Cache(Mutex<HashMap<Question, Arc<Compiled>>>);

impl Cache {
    /// The answer to a question, where it is still right for the parameters of a version.
    pub(super) fn get(&self, question: &Question, version: u64) -> Option<Arc<Compiled>> {
        let found = lock(&self.0).get(question).cloned()?;
        found.version.is_none_or(|each| each == version).then_some(found)
    }

    pub(super) fn put(&self, question: Question, compiled: Arc<Compiled>) {
        lock(&self.0).insert(question, compiled);
    }

    pub(super) fn clear(&self) {
        lock(&self.0).clear();
    }
}

/// The answer to a question as a graph.
pub(super) struct Prepared {
    pub asked: Asked,
    /// With the results that are wanted; directions are further inputs.
    pub graph: Graph,
    /// What the inputs of the function are; directions are not among them.
    pub roles: Vec<Role>,
}

/// Makes the graph of the answer to a question.
pub(super) fn prepared(program: &Program, question: &Question) -> Result<Prepared, Error> {
    let asked = asked(program, question)?;
    let bare = bare_signature(&asked);
    let roles = roles(&asked, question, &bare)?;
    let by = varied(&asked, question, &roles, &bare)?;
    let mut graph = asked.graph.clone();
    on_large_stack(|| derived(&mut graph, &asked.name, &by, &question.wanted))
        .map_err(|(what, reason)| Error::bare(errors::no_derivative(what, &reason, &bare.to_string())))?;
    Ok(Prepared { asked, graph, roles })
}

/// Compiles the answer to a question.
pub(super) fn compile(program: &Program, question: &Question) -> Result<Compiled, Error> {
    let version = program.version();
    let Prepared { asked, graph, roles } = prepared(program, question)?;
    let given = roles.len();
    let executable = on_large_stack(|| native::executable(&graph)).map_err(|fault| Error::bare(*fault))?;
    let mut inputs = Vec::with_capacity(executable.inputs().len());
    for (place, port) in executable.inputs().iter().enumerate() {
        let value = match roles.get(place) {
            None | Some(Role::Called | Role::Held) => Value::Open,
            Some(Role::Parameter) => Value::Parameter,
            Some(Role::Known) => match &asked.values[place] {
                Some(table) => Value::Known(Arc::new(bytes_of(table))),
                None => return Err(Error::bare(*native::internal(format!("`{}` is not known", port.name)))),
            },
        };
        inputs.push(Input { port: Port::new(port.name.clone(), port.ty.clone()), value });
    }
    let is_called = |place: &usize| roles.get(*place).is_none_or(|role| *role == Role::Called);
    let called = asked.order.iter().copied().chain(given..inputs.len()).filter(is_called).collect();
    let outputs = executable.outputs().iter().map(|port| Port::new(port.name.clone(), port.ty.clone())).collect();
    Ok(Compiled {
        name: asked.name,
        called,
        inputs,
        outputs,
        sources: asked.sources,
        divisions: native::integer_divisions(&graph),
        version: asked.depends_on_parameters.then_some(version),
        question: question.clone(),
        executable,
    })
}

/// What the function takes and gives before anything else is asked of it.
fn bare_signature(asked: &Asked) -> Signature {
    let port =
        |place: &usize| Port::new(asked.graph.inputs()[*place].name.clone(), asked.graph.inputs()[*place].ty.clone());
    let is_called = |place: &&usize| asked.roles[**place] == Role::Called;
    Signature {
        name: asked.name.clone(),
        inputs: asked.order.iter().filter(is_called).map(port).collect(),
        outputs: values_of(&asked.graph),
        held: asked.order.iter().filter(|place| !is_called(place)).map(port).collect(),
    }
}

fn values_of(graph: &Graph) -> Vec<Port> {
    graph.outputs().iter().map(|output| Port::new(output.name.clone(), graph.ty(output.node).clone())).collect()
}

/// What each input is without a call, as the question has it.
fn roles(asked: &Asked, question: &Question, bare: &Signature) -> Result<Vec<Role>, Error> {
    let names: Vec<&str> = asked.graph.inputs().iter().map(|input| input.name.as_str()).collect();
    let unknown =
        |name: &str| Error::bare(errors::unknown_name("argument or parameter", name, &bare.to_string(), &names));
    let mut roles = asked.roles.clone();
    for name in question.free.iter().chain(question.by.iter().flatten()) {
        let places = asked.meant(name);
        if places.is_empty() {
            return Err(unknown(name));
        }
        places.into_iter().for_each(|place| roles[place] = Role::Called);
    }
    for name in &question.held {
        let place = asked.meant(name).into_iter().find(|place| names[*place] == name);
        roles[place.ok_or_else(|| unknown(name))?] = Role::Held;
    }
    Ok(roles)
}

/// The inputs that derivatives are by.
fn varied(asked: &Asked, question: &Question, roles: &[Role], bare: &Signature) -> Result<Vec<usize>, Error> {
    let inputs = asked.graph.inputs();
    let is_real = |place: &usize| inputs[*place].ty.element.is_real();
    let Some(by) = &question.by else {
        let is_usual = |place: &usize| roles[*place] == Role::Called && asked.varied[*place];
        return Ok(asked.order.iter().copied().filter(is_real).filter(is_usual).collect());
    };
    let mut places: Vec<usize> = Vec::new();
    for name in by {
        let meant = asked.meant(name);
        let is_meant = |place: &usize| meant.contains(place);
        let meant: Vec<usize> = asked.order.iter().copied().filter(is_meant).filter(is_real).collect();
        if meant.is_empty() {
            let reason = format!("`{name}` has no real number");
            return Err(Error::bare(errors::no_derivative("derivative", &reason, &bare.to_string())));
        }
        places.extend(meant);
    }
    let mut seen = std::collections::HashSet::new();
    places.retain(|place| seen.insert(*place));
    Ok(places)
}
