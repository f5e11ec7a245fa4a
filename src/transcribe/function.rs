//! A graph as a function: its signature, its statements, its result.

use super::names::Names;
use super::plan::Plan;
use super::writer::{Block, Bound, Refusal, Writer};
use crate::ir::{ElementType, Graph, NodeId, TensorType};
use std::collections::{HashMap, HashSet};

/// How leaves are put together to an argument or a result.
#[derive(Clone, PartialEq, Debug)]
pub enum Layout<T> {
    /// One tensor.
    Leaf(T),
    /// A tuple.
    Tuple(Vec<Layout<T>>),
    /// A record.
    Record(Vec<(String, Layout<T>)>),
}

impl<T> Layout<T> {
    /// All leaves in order.
    pub fn leaves<'l>(&'l self, leaves: &mut Vec<&'l T>) {
        match self {
            Layout::Leaf(leaf) => leaves.push(leaf),
            Layout::Tuple(parts) => parts.iter().for_each(|part| part.leaves(leaves)),
            Layout::Record(parts) => parts.iter().for_each(|(_, part)| part.leaves(leaves)),
        }
    }

    /// What is left where some leaves are left out, and tuples and records of nothing with them.
    pub fn kept<U>(&self, keep: &dyn Fn(&T) -> Option<U>) -> Option<Layout<U>> {
        match self {
            Layout::Leaf(leaf) => keep(leaf).map(Layout::Leaf),
            Layout::Tuple(parts) => {
                let parts: Vec<_> = parts.iter().filter_map(|part| part.kept(keep)).collect();
                (!parts.is_empty()).then_some(Layout::Tuple(parts))
            }
            Layout::Record(parts) => {
                let part = |(name, part): &(String, Layout<T>)| part.kept(keep).map(|part| (name.clone(), part));
                let parts: Vec<_> = parts.iter().filter_map(part).collect();
                (!parts.is_empty()).then_some(Layout::Record(parts))
            }
        }
    }

    /// The layout as text, with a text for each leaf; `with` stands between a field and its part.
    pub fn text(&self, with: &str, leaf: &mut dyn FnMut(&T) -> String) -> String {
        match self {
            Layout::Leaf(each) => leaf(each),
            Layout::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| part.text(with, leaf)).collect();
                if parts.len() == 1 { format!("({},)", parts[0]) } else { format!("({})", parts.join(", ")) }
            }
            Layout::Record(parts) => {
                let parts: Vec<String> =
                    parts.iter().map(|(name, part)| format!("{name}{with}{}", part.text(with, leaf))).collect();
                format!("({})", parts.join(", "))
            }
        }
    }
}

/// A parameter of a function. Its leaves are inputs of the graph, by number.
#[derive(Clone, PartialEq, Debug)]
pub struct Parameter {
    /// Its name; see [`Writer::parameters`].
    pub name: String,
    /// How its leaves make it up.
    pub layout: Layout<u32>,
}

/// What stands beside a node.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Note {
    /// What to call it.
    pub name: Option<String>,
    /// The node that this is the derivative by.
    pub by: Option<NodeId>,
    /// A comment, without slashes.
    pub comment: String,
}

/// A function to be written.
pub struct Definition<'g> {
    /// Its name.
    pub name: String,
    /// The lines above it, without slashes.
    pub documentation: Vec<String>,
    /// Its body.
    pub graph: &'g Graph,
    /// Its parameters, which have all inputs of the graph.
    pub parameters: &'g [Parameter],
    /// What it gives; each leaf has a name, which an unnamed node gets.
    pub result: Layout<(NodeId, Option<String>)>,
    /// Nodes whose statements come first, with those that they need.
    pub first: Vec<NodeId>,
    /// What is known of nodes.
    pub notes: &'g HashMap<NodeId, Note>,
    /// Further names for nodes, written after the first statements in this order.
    pub aliases: Vec<(NodeId, Note)>,
}

impl Writer {
    /// The parameters with names that nd takes.
    pub fn parameters(&mut self, parameters: &mut [Parameter]) {
        self.names = Names::default();
        for parameter in parameters {
            parameter.name = self.fresh(&parameter.name);
        }
    }

    /// The text of a function; what it needs of operations without a name in nd is kept for [`Writer::helpers`].
    ///
    /// # Errors
    /// The first operation that nd cannot say.
    pub fn function(&mut self, definition: &Definition) -> Result<String, Refusal> {
        self.names = Names::default();
        definition.parameters.iter().for_each(|parameter| self.names.take(&parameter.name));
        let mut leaves = Vec::new();
        definition.result.leaves(&mut leaves);
        let leaves: Vec<(NodeId, Option<String>)> = leaves.into_iter().cloned().collect();
        let (statements, texts) = self.body(definition, &leaves);
        if let Some(refusal) = self.refusal.take() {
            return Err(refusal);
        }
        let mut texts = texts.into_iter();
        let result = definition.result.text(" = ", &mut |_| texts.next().unwrap_or_default());
        let documentation: String = definition.documentation.iter().map(|line| format!("/// {line}\n")).collect();
        let signature = signature(definition);
        let body = if statements.is_empty() { result } else { format!("{{\n{statements}{result}\n}}") };
        Ok(format!("{documentation}fn {}({signature}) = {body}\n\n", definition.name))
    }

    /// The statements, and a text for each leaf of the result.
    fn body(&mut self, definition: &Definition, leaves: &[(NodeId, Option<String>)]) -> (String, Vec<String>) {
        let bound = inputs(definition);
        let known: HashSet<NodeId> = bound.keys().copied().collect();
        let named = definition.notes.iter().filter(|(_, note)| note.name.is_some());
        let wanted: HashSet<NodeId> = named.clone().map(|(id, _)| *id).collect();
        let preferred: HashMap<NodeId, String> =
            named.filter_map(|(id, note)| Some((*id, note.name.clone()?))).collect();
        let derived: HashMap<NodeId, NodeId> =
            definition.notes.iter().filter_map(|(id, note)| Some((*id, note.by?))).collect();
        let roots: Vec<NodeId> = leaves.iter().map(|(node, _)| *node).collect();
        let mut roots_and_aliases = roots.clone();
        roots_and_aliases.extend(definition.aliases.iter().map(|(node, _)| *node));
        let plan = Plan::new(definition.graph, &roots_and_aliases, &known, &wanted);
        let graph = definition.graph;
        let comment = |id: NodeId| definition.notes.get(&id).map_or_else(String::new, |note| note.comment.clone());
        let mut block = Block {
            writer: self,
            graph,
            plan,
            bound,
            statements: String::new(),
            preferred: &preferred,
            derived: &derived,
        };
        let first = graph.reachable_from(definition.first.iter().copied());
        block.write(&|id| first[id.index()], &|_| String::new());
        let mut renamed: HashMap<NodeId, String> = HashMap::new();
        for (node, note) in &definition.aliases {
            let name = block.writer.fresh(note.name.as_deref().unwrap_or("alias"));
            let value = block.tensor(*node);
            block.let_be(&name, &value.text, &note.comment);
            renamed.insert(*node, name);
        }
        block.write(&|_| true, &comment);
        let texts: Vec<String> =
            leaves.iter().map(|(node, name)| block.leaf(*node, name.as_deref(), &renamed)).collect();
        (block.statements, texts)
    }
}

impl Block<'_, '_> {
    /// The text of a leaf of the result.
    fn leaf(&mut self, node: NodeId, name: Option<&str>, renamed: &HashMap<NodeId, String>) -> String {
        let ty = self.graph.ty(node);
        let is_int = ty.element == ElementType::I64;
        let text = match renamed.get(&node) {
            Some(name) => name.clone(),
            None => self.tensor(node).text,
        };
        let text = if is_int && text.parse::<i64>().is_ok() { format!("int({text})") } else { text };
        match name {
            Some(name) if text != name => {
                let name = self.writer.fresh(name);
                self.let_be(&name, &text, "");
                name
            }
            _ => text,
        }
    }
}

/// What the inputs of a graph are called.
fn inputs(definition: &Definition) -> HashMap<NodeId, Bound> {
    let nodes = definition.graph.input_nodes();
    let mut bound = HashMap::new();
    for parameter in definition.parameters {
        parts(&parameter.name, &parameter.layout, &mut |name, input| {
            bound.insert(nodes[input as usize], Bound::Name(name));
        });
    }
    bound
}

/// Each leaf of a parameter, with the text that reads it.
fn parts(name: &str, layout: &Layout<u32>, each: &mut dyn FnMut(String, u32)) {
    match layout {
        Layout::Leaf(input) => each(name.to_string(), *input),
        Layout::Tuple(inner) => {
            for (place, part) in inner.iter().enumerate() {
                parts(&format!("{name}.{place}"), part, each);
            }
        }
        Layout::Record(inner) => {
            for (field, part) in inner {
                parts(&format!("{name}.{field}"), part, each);
            }
        }
    }
}

fn signature(definition: &Definition) -> String {
    let ty = |input: &u32| type_text(&definition.graph.inputs()[*input as usize].ty);
    let parameters = definition.parameters.iter();
    let texts: Vec<String> =
        parameters.map(|each| format!("{}: {}", each.name, each.layout.text(": ", &mut |leaf| ty(leaf)))).collect();
    texts.join(", ")
}

/// A type as nd writes it.
pub fn type_text(ty: &TensorType) -> String {
    let name = match ty.element {
        ElementType::I64 => "int",
        ElementType::Bool => "bool",
        _ if ty.shape.rank() > 0 => "",
        _ => "real",
    };
    if ty.shape.rank() > 0 { format!("{name}{}", ty.shape) } else { name.to_string() }
}
