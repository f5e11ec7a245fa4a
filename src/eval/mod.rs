//! The reference evaluator: the meaning of a graph, and the judge of native code.
//!
//! It walks the nodes in order and asks each operation's definition for its value. It is simple, not fast.

pub mod convert;

use crate::ir::print::operation;
use crate::ir::{Graph, NodeId, Table};
use crate::ops::structural::{Call, Fault, definition};
use crate::runtime::Tensor;
use crate::source::Span;

/// A node without a value, and why.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{fault} in %{} = {operation}", node.0)]
pub struct EvaluationError {
    /// The node.
    pub node: NodeId,
    /// Its operation, printed.
    pub operation: String,
    /// The place in the source that it came from.
    pub span: Option<Span>,
    /// What went wrong.
    pub fault: Fault,
}

/// The values of a graph's outputs, in order; `inputs` have the types of the graph's inputs.
///
/// # Errors
/// Integer overflow, integer division by zero and indices out of range, at the first node concerned.
pub fn evaluate(graph: &Graph, inputs: &[Tensor]) -> Result<Vec<Tensor>, EvaluationError> {
    let inputs: Vec<Table> = inputs.iter().map(convert::table).collect();
    Ok(evaluate_tables(graph, &inputs)?.iter().map(convert::tensor).collect())
}

/// Like [`evaluate`], of tables.
///
/// # Errors
/// Integer overflow, integer division by zero and indices out of range, at the first node concerned.
pub fn evaluate_tables(graph: &Graph, inputs: &[Table]) -> Result<Vec<Table>, EvaluationError> {
    let outputs: Vec<NodeId> = graph.outputs().iter().map(|output| output.node).collect();
    evaluate_nodes(graph, inputs, &outputs)
}

/// The values of some nodes.
///
/// # Errors
/// Like [`evaluate_tables`].
pub fn evaluate_nodes(graph: &Graph, inputs: &[Table], nodes: &[NodeId]) -> Result<Vec<Table>, EvaluationError> {
    let mut values = evaluate_all(graph, inputs, nodes)?;
    let mut taken: Vec<Table> = Vec::with_capacity(nodes.len());
    for (place, node) in nodes.iter().enumerate() {
        // A node that is asked for twice has been moved out already.
        let first = nodes[..place].iter().position(|each| each == node);
        let value = match first {
            Some(first) => Some(taken[first].clone()),
            None => values[node.index()].take(),
        };
        taken.extend(value);
    }
    Ok(taken)
}

/// The value of every node that the given ones depend on, by node id: for tracing where a NaN began.
///
/// # Errors
/// Like [`evaluate_tables`].
pub fn evaluate_all(graph: &Graph, inputs: &[Table], nodes: &[NodeId]) -> Result<Vec<Option<Table>>, EvaluationError> {
    let needed = graph.reachable_from(nodes.iter().copied());
    let mut values: Vec<Option<Table>> = vec![None; graph.len()];
    for id in graph.ids().filter(|id| needed[id.index()]) {
        let value = evaluate_node(graph, inputs, &values, id).map_err(|fault| EvaluationError {
            node: id,
            operation: operation(graph, id),
            span: graph.span(id),
            fault,
        })?;
        values[id.index()] = Some(value);
    }
    Ok(values)
}

fn evaluate_node(graph: &Graph, inputs: &[Table], values: &[Option<Table>], id: NodeId) -> Result<Table, Fault> {
    let node = graph.node(id);
    let arguments: Option<Vec<&Table>> = node.arguments.iter().map(|each| values[each.index()].as_ref()).collect();
    let arguments = arguments.ok_or(Fault::Unbound)?;
    (definition(&node.op).evaluate)(&Call { graph, node, inputs, arguments: &arguments })
}
