//! Checked program to graph, for the sizes at hand: calls are inlined, tensors of examples get a batch axis,
//! gradients are written by `autodiff` into the same graph.
//!
//! [`value`] makes the graph of one expression, [`mod@column`] that of a data column, [`training`] that of a whole training
//! step. The graph's inputs are listed as [`Source`]s, for the runtime to bind.

pub mod adjoint;
pub mod column;
mod comprehension;
mod comprehension_affine;
mod comprehension_batch;
pub mod domain;
mod draws;
mod expressions;
pub mod gradients;
mod implicit;
mod linear_algebra;
mod loops;
pub mod loss_gradients;
pub mod prediction;
pub mod prepared;
mod replace;
mod running;
mod structure;
pub mod subject;
mod subscripts;
pub mod training;
pub mod value;

use crate::check::program::{DataId, GlobalId, LocalId, ParamId, Program, Progress};
use crate::check::types::{Element, Type};
use crate::ir::{ElementType, Graph, NodeId, Shape, TensorType};
use std::collections::HashMap;

/// Where an input of a lowered graph comes from.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum Source {
    /// What is stored for a trainable value.
    Param(ParamId),
    /// A trainable value as it is read; in the graph of a question.
    Read(ParamId),
    /// A leaf of an argument of what a question is about; leaves count in order.
    Argument(u32),
    /// A leaf of a value that a `let` of the file bound; leaves count in order.
    Global(GlobalId, u32),
    /// A whole column, rows leading.
    Column(DataId, u32),
    /// A column of the table that a data item reads, as reals.
    Raw(u32),
    /// The mean that a `standardize` subtracts.
    Mean(u32),
    /// The deviation that a `standardize` divides by.
    Deviation(u32),
    /// The rows of a batch.
    Rows,
    /// The entries of a column in the rows of a batch.
    Entries(DataId, u32),
    /// What a training run is at.
    Progress(Progress),
    /// What a training run remembers, by its place among the state of its block.
    State(u32),
}

/// A graph with the meaning of its inputs.
#[derive(Clone, Debug, Default)]
pub struct Lowered {
    /// The graph.
    pub graph: Graph,
    /// `sources[i]` is what input `i` is bound to.
    pub sources: Vec<Source>,
}

/// A value while lowering.
#[derive(Clone, Debug)]
enum Value {
    /// A tensor.
    Node(NodeId),
    /// Several values.
    Tuple(Vec<Value>),
    /// A function value: what it captured. Which function it is, its type says.
    Closure(Vec<Value>),
}

impl Value {
    /// The tensor; the checker has made sure that it is one.
    fn node(&self) -> NodeId {
        match self {
            Value::Node(node) => *node,
            Value::Tuple(_) | Value::Closure(_) => unreachable!("the checker typed this as a tensor"),
        }
    }

    /// All tensors in order.
    fn leaves(&self, leaves: &mut Vec<NodeId>) {
        match self {
            Value::Node(node) => leaves.push(*node),
            Value::Tuple(parts) | Value::Closure(parts) => parts.iter().for_each(|part| part.leaves(leaves)),
        }
    }

    /// The same structure with other tensors, taken in order.
    fn with_leaves(&self, leaves: &mut dyn Iterator<Item = NodeId>) -> Value {
        match self {
            Value::Node(node) => Value::Node(leaves.next().unwrap_or(*node)),
            Value::Tuple(parts) => Value::Tuple(parts.iter().map(|part| part.with_leaves(leaves)).collect()),
            Value::Closure(parts) => Value::Closure(parts.iter().map(|part| part.with_leaves(leaves)).collect()),
        }
    }
}

/// The state of lowering into one graph.
struct Lowerer<'p> {
    program: &'p Program,
    real: ElementType,
    graph: Graph,
    sources: Vec<Source>,
    inputs: HashMap<Source, NodeId>,
    /// Trainable values that are being differentiated with respect to.
    replaced: HashMap<ParamId, NodeId>,
    /// The entries of the example at hand.
    examples: Vec<NodeId>,
    /// What a training step has computed, for `stop`.
    progress: HashMap<Progress, NodeId>,
    /// What a training run says of random draws.
    draws: Option<draws::TrainingDraws>,
    /// The chain of calls that is being unfolded, by their places.
    site: u64,
    /// The indices and loop steps around what is being lowered.
    surroundings: Vec<NodeId>,
    /// The variables of the body being lowered.
    locals: HashMap<LocalId, Value>,
    /// A truth value: whether the branch at hand is taken.
    guard: Option<NodeId>,
    /// Whether this is the loss of a `train`.
    training: bool,
    /// Whether this is for a question about the program: trainable values are inputs as they are read, and calls are
    /// recorded.
    question: bool,
    /// How many derivatives the expression at hand is inside of.
    differentiating: u32,
    /// The running means that the loss moves on.
    moved: Vec<running::Moved>,
}

impl<'p> Lowerer<'p> {
    fn new(program: &'p Program) -> Self {
        let mut graph = Graph::new();
        graph.loop_memory = program.loop_memory;
        graph.fast_math = program.fast_math;
        Lowerer {
            program,
            real: program.real(),
            graph,
            sources: Vec::new(),
            inputs: HashMap::new(),
            replaced: HashMap::new(),
            examples: Vec::new(),
            progress: HashMap::new(),
            draws: None,
            site: 0,
            surroundings: Vec::new(),
            locals: HashMap::new(),
            guard: None,
            training: false,
            question: false,
            differentiating: 0,
            moved: Vec::new(),
        }
    }

    /// The input for a source, declared at its first use.
    fn source(&mut self, source: Source, name: impl Into<String>, ty: TensorType) -> NodeId {
        if let Some(node) = self.inputs.get(&source) {
            return *node;
        }
        let node = self.graph.input(name, ty);
        self.sources.push(source);
        self.inputs.insert(source, node);
        node
    }

    fn column(&mut self, data: DataId, index: u32) -> NodeId {
        let set = &self.program.data[data.0 as usize];
        let column = &set.columns[index as usize];
        let row = self.tensor_type(&column.ty);
        let ty = TensorType::new(row.element, row.shape.with_leading(set.rows));
        self.source(Source::Column(data, index), format!("{}.{}", set.name, column.name), ty)
    }

    fn global(&mut self, id: GlobalId) -> Value {
        let (name, ty) = &self.program.globals[id.0 as usize];
        let mut leaf = 0;
        self.global_leaves(id, name, ty, &mut leaf)
    }

    fn global_leaves(&mut self, id: GlobalId, name: &str, ty: &Type, leaf: &mut u32) -> Value {
        match ty {
            Type::Tuple(parts) | Type::Record(_, parts) => {
                Value::Tuple(parts.iter().map(|part| self.global_leaves(id, name, part, leaf)).collect())
            }
            Type::Function(function) => {
                let captured = self.program.captured_types(*function);
                Value::Closure(captured.iter().map(|ty| self.global_leaves(id, name, ty, leaf)).collect())
            }
            ty => {
                let tensor = self.tensor_type(ty);
                *leaf += 1;
                Value::Node(self.source(Source::Global(id, *leaf - 1), format!("{name}.{}", *leaf - 1), tensor))
            }
        }
    }

    /// The tensor type of a checked type whose sizes are known.
    fn tensor_type(&self, ty: &Type) -> TensorType {
        tensor_type(ty, self.real)
    }

    fn finish(self) -> Lowered {
        Lowered { graph: self.graph, sources: self.sources }
    }
}

/// The tensor type of a checked type whose sizes are known.
pub fn tensor_type(ty: &Type, real: ElementType) -> TensorType {
    let element = ty.element().unwrap_or(Element::Real).lowered(real);
    let shape = ty.known_shape().unwrap_or_else(Shape::scalar);
    TensorType::new(element, shape)
}

/// The tensor types of all leaves of a type, in order; of a function, those of what it captured.
pub fn leaf_types(program: &Program, ty: &Type, leaves: &mut Vec<TensorType>) {
    match ty {
        Type::Tuple(parts) | Type::Record(_, parts) => parts.iter().for_each(|part| leaf_types(program, part, leaves)),
        Type::Function(id) => {
            program.captured_types(*id).iter().for_each(|captured| leaf_types(program, captured, leaves));
        }
        ty => leaves.push(tensor_type(ty, program.real())),
    }
}
