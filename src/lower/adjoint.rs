//! A function's graph together with the graph of its gradient, for those who want to see it.

use crate::autodiff::reverse::reverse;
use crate::ir::{Graph, NodeId};
use crate::optimize::{Stage, simplify};

/// A function and its gradient in one graph.
#[derive(Clone, Debug)]
pub struct Adjoint {
    /// The graph; its inputs are those of the function.
    pub graph: Graph,
    /// The function's value.
    pub value: NodeId,
    /// What was watched, in the order it was given.
    pub watched: Vec<Watched>,
    /// The derivatives by the inputs that are varied.
    pub gradients: Vec<NodeId>,
}

/// A node of the function and the derivative of the value by it.
#[derive(Clone, Copy, Debug)]
pub struct Watched {
    /// The node.
    pub node: NodeId,
    /// The derivative, where the node is real and depends on what is varied.
    pub cotangent: Option<NodeId>,
}

/// The gradient of the only output of a graph by some of its inputs. What stops derivatives stays, so that the result
/// can be differentiated again. `watch` chooses nodes from the function as it is before it is differentiated.
pub fn adjoint(function: &Graph, varied: &[usize], watch: impl Fn(&Graph, NodeId) -> Vec<NodeId>) -> Adjoint {
    let mut graph = function.clone();
    let inputs = graph.input_nodes();
    let wrt: Vec<NodeId> = varied.iter().map(|input| inputs[*input]).collect();
    let outputs = graph.output_nodes();
    let value = simplify(&mut graph, &outputs, Stage::BeforeDifferentiation)[0];
    let watched = watch(&graph, value);
    let dependent = graph.dependent_on(&wrt);
    let has_cotangent = |node: &NodeId| dependent[node.index()] && graph.ty(*node).element.is_real();
    let inner: Vec<NodeId> = watched.iter().copied().filter(has_cotangent).collect();
    let sources: Vec<NodeId> = wrt.iter().chain(&inner).copied().collect();
    let one = graph.constant_like(value, 1.0);
    let derivatives = reverse(&mut graph, value, one, &sources);
    let mut roots = vec![value];
    roots.extend(&watched);
    roots.extend(derivatives);
    let roots = simplify(&mut graph, &roots, Stage::BeforeDifferentiation);
    let (nodes, derivatives) = roots[1..].split_at(watched.len());
    let (gradients, cotangents) = derivatives.split_at(wrt.len());
    let cotangent = |node: &NodeId| inner.iter().position(|each| each == node).map(|place| cotangents[place]);
    let pairs = watched.iter().zip(nodes);
    let watched = pairs.map(|(before, node)| Watched { node: *node, cotangent: cotangent(before) }).collect();
    Adjoint { value: roots[0], watched, gradients: gradients.to_vec(), graph }
}
