//! Building loops for tests.

use ndc::ir::{ElementType, Ends, Graph, Loop, NodeId, TensorType};
use std::sync::Arc;

/// How a loop runs.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    pub trips: usize,
    pub backward: bool,
    pub ends: Ends,
}

/// A loop whose body is written by a function of the step, the states, the rows and the invariants that returns the next
/// states and the rows of stacked outputs.
pub fn make(
    parts: Parts,
    states: &[TensorType],
    rows: &[TensorType],
    invariants: &[TensorType],
    write: impl FnOnce(&mut Graph, &[NodeId]) -> (Vec<NodeId>, Vec<NodeId>),
) -> Arc<Loop> {
    let mut body = Graph::new();
    let step = TensorType::scalar(ElementType::I64);
    let types = [&[step][..], states, rows, invariants].concat();
    let inputs: Vec<NodeId> =
        types.into_iter().enumerate().map(|(place, ty)| body.input(format!("b{place}"), ty)).collect();
    let (next, stacked) = write(&mut body, &inputs);
    for node in next.into_iter().chain(stacked) {
        body.output("o", node);
    }
    let Parts { trips, backward, ends } = parts;
    Arc::new(Loop { body: Arc::new(body), trips, states: states.len(), sequences: rows.len(), backward, ends })
}
