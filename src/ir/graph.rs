//! The graph: an arena of nodes, arguments before users, hash-consed.
//!
//! Invariants, checked by `verify`: a node's arguments have smaller ids; the same operation on the same arguments
//! with the same type is the same node; types follow from the operation. Passes build new graphs or append;
//! nothing is mutated in place.

use super::custom::Custom;
use super::ids::Ids;
use super::loops::Loop;
use super::op::{Op, PointwiseRef};
use super::replay::{LOOP_MEMORY, Replay};
use super::types::{ElementType, TensorType};
use crate::source::Span;
use smallvec::SmallVec;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Identifies a node of one graph. Smaller ids come first in topological order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
pub struct NodeId(pub u32);

impl NodeId {
    /// As an index of side tables.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The arguments of a node.
pub type Arguments = SmallVec<[NodeId; 3]>;

/// One operation applied to earlier nodes.
#[derive(PartialEq, Eq, Hash, Debug)]
pub struct Node {
    /// The operation.
    pub op: Op,
    /// What it is applied to.
    pub arguments: Arguments,
    /// The type of its value.
    pub ty: TensorType,
}

/// Written out, since the derived one copies the arguments one by one.
impl Clone for Node {
    fn clone(&self) -> Self {
        Node { op: self.op, arguments: Arguments::from_slice(&self.arguments), ty: self.ty.clone() }
    }
}

/// A value supplied at each call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Input {
    /// Its name in printed IR and in bind errors.
    pub name: String,
    /// Its type.
    pub ty: TensorType,
}

/// A value that a call returns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// The node.
    pub node: NodeId,
    /// The input that it replaces in place: both have the same type, and the caller passes one buffer for both.
    pub updates: Option<u32>,
}

/// A constant tensor, as the bits of its elements in row-major order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Table {
    /// Its type.
    pub ty: TensorType,
    /// One word per element, as in [`Op::Scalar`].
    pub bits: Vec<u64>,
}

/// The values of an index: `count` whole numbers from `start` on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IndexRange {
    /// The first value.
    pub start: i64,
    /// How many.
    pub count: usize,
}

/// What a transformation decided, for those who ask (`--emit plan`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Remark {
    /// The place in the source that it is about.
    pub span: Option<Span>,
    /// What was decided and why, in the user's terms.
    pub text: String,
}

/// Identifies a [`Scope`] of one graph.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ScopeId(pub u32);

/// A call of the program that nodes came from: of a function, of a layer, of a derivative.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scope {
    /// What is called.
    pub name: String,
    /// Which kind of thing that is.
    pub kind: ScopeKind,
    /// Where its body is written.
    pub body: Span,
    /// The call around it.
    pub outer: Option<ScopeId>,
}

/// Which kind of thing a scope is a call of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScopeKind {
    /// A function.
    Function,
    /// A model or a layer of one.
    Layer,
    /// The derivative of a function.
    Derivative,
}

/// A program as a directed acyclic graph.
#[derive(Clone, Default, Debug)]
pub struct Graph {
    nodes: Vec<Node>,
    ids: Ids,
    spans: Vec<Option<Span>>,
    inputs: Vec<Input>,
    outputs: Vec<Output>,
    tables: Vec<Table>,
    table_ids: HashMap<Table, u32>,
    loops: Vec<Arc<Loop>>,
    customs: Vec<Arc<Custom>>,
    replays: Vec<Arc<Replay>>,
    placeholders: u32,
    ranges: HashMap<NodeId, IndexRange>,
    remarks: Vec<Remark>,
    scopes: Vec<Scope>,
    /// For each node the call that it came from first, where calls are recorded.
    scope_of: Vec<Option<ScopeId>>,
    /// The bytes that the states stored for the reverse mode of one loop may take; the default where none is set.
    pub loop_memory: Option<usize>,
    /// Whether rules may be applied that round differently, and hold only where everything is finite.
    pub fast_math: bool,
    /// The place that new nodes are attributed to.
    pub current_span: Option<Span>,
    /// The call that new nodes are attributed to.
    pub current_scope: Option<ScopeId>,
}

/// Graphs are equal if they are node by node; where the nodes came from, and remarks, have no part in it.
impl PartialEq for Graph {
    fn eq(&self, other: &Self) -> bool {
        self.nodes == other.nodes
            && self.inputs == other.inputs
            && self.outputs == other.outputs
            && self.tables == other.tables
            && self.loops == other.loops
            && self.customs == other.customs
            && self.replays == other.replays
    }
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Graph::default()
    }

    /// The bytes that the states stored for the reverse mode of one loop may take.
    pub fn loop_budget(&self) -> usize {
        self.loop_memory.unwrap_or(LOOP_MEMORY)
    }

    /// An empty graph to take this one's place, with its remarks and settings.
    pub fn successor(&self) -> Self {
        Graph {
            remarks: self.remarks.clone(),
            loop_memory: self.loop_memory,
            fast_math: self.fast_math,
            ..Graph::default()
        }
    }

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// All ids in topological order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = NodeId> + ExactSizeIterator + use<> {
        (0..self.nodes.len() as u32).map(NodeId)
    }

    /// A node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The type of a node.
    pub fn ty(&self, id: NodeId) -> &TensorType {
        &self.nodes[id.index()].ty
    }

    /// The source place a node came from first.
    pub fn span(&self, id: NodeId) -> Option<Span> {
        self.spans[id.index()]
    }

    /// The call that a node came from first. Lowering records calls only where a picture is wanted, and copies of a
    /// graph do not keep them.
    pub fn scope_of(&self, id: NodeId) -> Option<ScopeId> {
        self.scope_of[id.index()]
    }

    /// A call.
    pub fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.0 as usize]
    }

    /// All calls, outer ones before those inside.
    pub fn scopes(&self) -> impl Iterator<Item = (ScopeId, &Scope)> {
        self.scopes.iter().enumerate().map(|(index, scope)| (ScopeId(index as u32), scope))
    }

    /// Enters a call in the one at hand. Returns the one at hand, for the caller to set again after it.
    pub fn enter_scope(&mut self, name: impl Into<String>, kind: ScopeKind, body: Span) -> Option<ScopeId> {
        let outer = self.current_scope;
        self.scopes.push(Scope { name: name.into(), kind, body, outer });
        self.current_scope = Some(ScopeId(self.scopes.len() as u32 - 1));
        outer
    }

    /// The inputs in order.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The outputs in order.
    pub fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// A constant tensor.
    pub fn table(&self, index: u32) -> &Table {
        &self.tables[index as usize]
    }

    /// A loop.
    pub fn loop_at(&self, index: u32) -> &Arc<Loop> {
        &self.loops[index as usize]
    }

    /// A replay.
    pub fn replay_at(&self, index: u32) -> &Arc<Replay> {
        &self.replays[index as usize]
    }

    /// Enters a replay; an equal one keeps its place.
    pub(super) fn add_replay(&mut self, replay: Arc<Replay>) -> u32 {
        let known = self.replays.iter().position(|each| **each == *replay);
        known.unwrap_or_else(|| {
            self.replays.push(replay);
            self.replays.len() - 1
        }) as u32
    }

    /// Enters a loop; an equal one keeps its place.
    pub(super) fn add_loop(&mut self, run: Arc<Loop>) -> u32 {
        let known = self.loops.iter().rposition(|each| Arc::ptr_eq(each, &run) || **each == *run);
        known.unwrap_or_else(|| {
            self.loops.push(run);
            self.loops.len() - 1
        }) as u32
    }

    /// How a value with a derivative of its own changes.
    pub fn custom_at(&self, index: u32) -> &Arc<Custom> {
        &self.customs[index as usize]
    }

    /// Enters a derivative; an equal one keeps its place.
    pub(super) fn add_custom(&mut self, custom: Arc<Custom>) -> u32 {
        let known = self.customs.iter().rposition(|each| Arc::ptr_eq(each, &custom) || **each == *custom);
        known.unwrap_or_else(|| {
            self.customs.push(custom);
            self.customs.len() - 1
        }) as u32
    }

    /// Declares an input and returns its node.
    pub fn input(&mut self, name: impl Into<String>, ty: TensorType) -> NodeId {
        let index = self.inputs.len() as u32;
        self.inputs.push(Input { name: name.into(), ty: ty.clone() });
        self.intern(Op::Input(index), &[], ty)
    }

    /// The nodes of the inputs, in order.
    pub fn input_nodes(&self) -> Vec<NodeId> {
        let node = |(index, input): (usize, &Input)| {
            let found = self.ids.find(&self.nodes, Op::Input(index as u32), &[], &input.ty);
            found.expect("every input has a node")
        };
        self.inputs.iter().enumerate().map(node).collect()
    }

    /// The nodes of the outputs, in order.
    pub fn output_nodes(&self) -> Vec<NodeId> {
        self.outputs.iter().map(|output| output.node).collect()
    }

    /// Declares an output.
    pub fn output(&mut self, name: impl Into<String>, node: NodeId) {
        self.outputs.push(Output { name: name.into(), node, updates: None });
    }

    /// Declares an output that replaces an input in place.
    pub fn updating_output(&mut self, name: impl Into<String>, node: NodeId, input: u32) {
        self.outputs.push(Output { name: name.into(), node, updates: Some(input) });
    }

    /// Removes all outputs; a pass that builds on a graph declares its own.
    pub fn clear_outputs(&mut self) {
        self.outputs.clear();
    }

    /// Notes a decision about the place at hand.
    pub fn remark(&mut self, text: String) {
        let remark = Remark { span: self.current_span, text };
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// Takes over the remarks of a graph that becomes part of this one.
    pub fn take_remarks(&mut self, other: &Graph) {
        self.add_remarks(other.remarks.iter().cloned());
    }

    /// Adds remarks that are not there yet.
    pub fn add_remarks(&mut self, remarks: impl IntoIterator<Item = Remark>) {
        let mut known: HashSet<Remark> = self.remarks.iter().cloned().collect();
        self.remarks.extend(remarks.into_iter().filter(|remark| known.insert(remark.clone())));
    }

    /// What was decided, in the order of the decisions.
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    /// A fresh variable, to be replaced later.
    pub fn placeholder(&mut self, ty: TensorType) -> NodeId {
        self.placeholders += 1;
        self.intern(Op::Placeholder(self.placeholders), &[], ty)
    }

    /// A fresh variable that stands for each value of an index in turn.
    pub fn index(&mut self, range: IndexRange) -> NodeId {
        let id = self.placeholder(TensorType::scalar(ElementType::I64));
        self.ranges.insert(id, range);
        id
    }

    /// The values of a node, if it is an index.
    pub fn range_of(&self, id: NodeId) -> Option<IndexRange> {
        self.ranges.get(&id).copied()
    }

    /// A constant tensor.
    pub fn constant_table(&mut self, table: Table) -> NodeId {
        let ty = table.ty.clone();
        let index = match self.table_ids.get(&table) {
            Some(index) => *index,
            None => {
                let index = self.tables.len() as u32;
                self.tables.push(table.clone());
                self.table_ids.insert(table, index);
                index
            }
        };
        self.intern(Op::Table(index), &[], ty)
    }

    /// The node of an operation on arguments with a given type: an existing one where there is one.
    /// The typed constructors of `build` call this with types that follow from the operation.
    pub fn intern(&mut self, op: Op, arguments: &[NodeId], ty: TensorType) -> NodeId {
        if let Some(id) = self.ids.find(&self.nodes, op, arguments, &ty) {
            return id;
        }
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node { op, arguments: Arguments::from_slice(arguments), ty });
        self.spans.push(self.current_span);
        self.scope_of.push(self.current_scope);
        self.ids.add_last(&self.nodes);
        id
    }

    /// The node that does to these arguments what a node of another graph does to its own, if there is one.
    pub fn find_like(&self, other: &Graph, id: NodeId, arguments: &[NodeId]) -> Option<NodeId> {
        let node = other.node(id);
        let op = match node.op {
            Op::Table(index) => Op::Table(*self.table_ids.get(other.table(index))?),
            Op::Loop(index) => {
                let run = other.loop_at(index);
                Op::Loop(self.loops.iter().position(|each| each == run)? as u32)
            }
            Op::Custom(index) => {
                let custom = other.custom_at(index);
                Op::Custom(self.customs.iter().position(|each| each == custom)? as u32)
            }
            Op::Replay(index) => {
                let replay = other.replay_at(index);
                Op::Replay(self.replays.iter().position(|each| each == replay)? as u32)
            }
            op => op,
        };
        self.ids.find(&self.nodes, op, arguments, &node.ty)
    }

    /// Which nodes the given ones depend on, themselves included.
    pub fn reachable_from(&self, roots: impl IntoIterator<Item = NodeId>) -> Vec<bool> {
        let mut reachable = vec![false; self.nodes.len()];
        for root in roots {
            reachable[root.index()] = true;
        }
        for id in self.ids().rev() {
            if reachable[id.index()] {
                for argument in &self.nodes[id.index()].arguments {
                    reachable[argument.index()] = true;
                }
            }
        }
        reachable
    }

    /// Which nodes depend on the given ones, themselves included.
    pub fn dependent_on(&self, sources: &[NodeId]) -> Vec<bool> {
        let mut dependent = vec![false; self.nodes.len()];
        for source in sources {
            dependent[source.index()] = true;
        }
        for (index, node) in self.nodes.iter().enumerate() {
            dependent[index] |= node.arguments.iter().any(|argument| dependent[argument.index()]);
        }
        dependent
    }

    /// The value of a scalar constant as a real number; sees through broadcasts.
    pub fn constant_value(&self, id: NodeId) -> Option<f64> {
        let node = self.node(id);
        match node.op {
            Op::Scalar(bits) => Some(node.ty.element.number(bits)),
            Op::Broadcast(_) | Op::Reshape => self.constant_value(node.arguments[0]),
            _ => None,
        }
    }

    /// The definition of a pointwise node.
    pub fn pointwise_of(&self, id: NodeId) -> Option<&'static super::definition::Pointwise> {
        match self.node(id).op {
            Op::Pointwise(PointwiseRef(definition)) => Some(definition),
            _ => None,
        }
    }
}
