//! What becomes of a function: its code, and how it is called.

use super::identifiers::{Language, identifier};
use crate::embed::{Ahead, Error, Program, type_text};
use crate::ir::NodeId;
use crate::native::Port;
use crate::optimize::optimize;
use crate::schedule::{self, Schedule};
use crate::source::SourceMap;
use crate::syntax::ast::ItemKind;

/// A function of an object file.
pub struct Export {
    /// Its name, which all languages accept.
    pub name: String,
    /// What stands above it in the file.
    pub documentation: Vec<String>,
    /// What it takes and gives, as text.
    pub signature: String,
    pub schedule: Schedule,
    /// The places of its nodes as text, by node.
    pub places: Vec<(NodeId, String)>,
}

/// The name of a function of a module. The name of the function for messages is taken.
pub fn function_name(name: &str) -> String {
    let name = identifier(name, Language::All);
    if name == "error_message" { format!("{name}_") } else { name }
}

impl Export {
    /// Compiles a function as far as no machine is known.
    pub fn new(program: &Program, name: Option<&str>, ahead: Ahead) -> Self {
        let usual = match &ahead.wanted[..] {
            ["value"] => ahead.name.clone(),
            wanted => format!("{}_{}", ahead.name, wanted.join("_and_")),
        };
        let name = name.map_or_else(|| function_name(&usual), str::to_string);
        let schedule = schedule::schedule(&optimize(&ahead.graph));
        let places = schedule.spans.iter().filter_map(|(node, span)| {
            let span = (*span)?;
            let text = ahead.sources.get(span.source);
            let (line, column) = text.line_column(span.start as usize);
            Some((*node, format!("{}:{line}:{column}", text.name)))
        });
        let signature = signature(&name, &schedule);
        Export {
            documentation: documentation(program, &ahead.name),
            places: places.collect(),
            name,
            signature,
            schedule,
        }
    }

    /// What it takes.
    pub fn inputs(&self) -> &[Port] {
        &self.schedule.inputs
    }

    /// What it gives.
    pub fn outputs(&self) -> &[Port] {
        &self.schedule.outputs
    }

    /// Whether it is one real number of something real.
    pub fn is_differentiable(&self) -> bool {
        let [value] = self.outputs() else { return false };
        let is_real = |port: &Port| port.ty.element.is_real();
        value.ty.shape.rank() == 0 && is_real(value) && self.inputs().iter().any(is_real)
    }
}

fn signature(name: &str, schedule: &Schedule) -> String {
    let list = |ports: &[Port]| {
        let ports = ports.iter().map(|port| format!("{}: {}", port.name, type_text(&port.ty)));
        ports.collect::<Vec<_>>().join(", ")
    };
    format!("{name}({}) -> ({})", list(&schedule.inputs), list(&schedule.outputs))
}

/// The documentation of a function or model of the file.
fn documentation(program: &Program, name: &str) -> Vec<String> {
    let item = program.checked().file.items.iter().find(|item| match &item.kind {
        ItemKind::Function(function) => function.name.text == name,
        ItemKind::Model { name: model, .. } => model.text == name,
        _ => false,
    });
    item.map(|item| item.documentation.clone()).unwrap_or_default()
}

/// The functions and models of the file in their order, each with the sizes that its signature mentions.
pub fn functions(program: &Program, sizes: &[(String, usize)]) -> Vec<(String, Vec<(String, usize)>)> {
    let checked = program.checked();
    let mut found = Vec::new();
    for item in &checked.file.items {
        let (name, head) = match &item.kind {
            ItemKind::Function(function) => (&function.name, (item.span.start, function.body.span.start)),
            ItemKind::Model { name, .. } => (name, (item.span.start, item.span.start)),
            _ => continue,
        };
        let text = written(&checked.sources, item.span.source, head);
        let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let mentioned = sizes.iter().filter(|(size, _)| words.contains(&size.as_str())).cloned().collect();
        found.push((name.text.clone(), mentioned));
    }
    found
}

fn written(sources: &SourceMap, source: crate::source::SourceId, (start, end): (u32, u32)) -> &str {
    sources.get(source).text.get(start as usize..end as usize).unwrap_or_default()
}

/// Whether a function is only not complete: sizes are open, or an argument without a type is no number. The file itself has no
/// errors.
pub fn is_incomplete(error: &Error) -> bool {
    matches!(error, Error::Source(_))
}
