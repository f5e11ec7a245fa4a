//! The results that a question asks for, as outputs of a graph.

use super::builder::Wanted;
use crate::autodiff::forward::forward_with;
use crate::autodiff::jacobian::jacobian;
use crate::autodiff::reverse::{reverse, reverse_with};
use crate::ir::{Graph, NodeId};
use crate::ops::structural::Mask;
use crate::optimize::{Stage, simplify};

/// What cannot be derived, and why.
type Refusal = (&'static str, String);

/// The function, and what was derived of it so far.
struct Problem {
    /// The real results, and what stands behind `value` in their names.
    roots: Vec<(String, NodeId)>,
    /// What derivatives are by, with names.
    variables: Vec<(String, NodeId)>,
    tangents: Vec<NodeId>,
    gradients: Vec<NodeId>,
}

/// Replaces the outputs of a graph, whose names begin with `value`, by the results that are wanted. Directions become further
/// inputs.
pub(super) fn derived(graph: &mut Graph, name: &str, by: &[usize], wanted: &[Wanted]) -> Result<(), Refusal> {
    let outputs = graph.outputs().to_vec();
    let nodes: Vec<NodeId> = outputs.iter().map(|output| output.node).collect();
    let inputs = graph.input_nodes();
    let variables = by.iter().map(|place| (graph.inputs()[*place].name.clone(), inputs[*place])).collect();
    let values = simplify(graph, &nodes, Stage::BeforeDifferentiation);
    graph.clear_outputs();
    let named = outputs.iter().map(|output| output.name.clone()).zip(values);
    let values: Vec<(String, NodeId)> = named.collect();
    let is_real = |(_, node): &&(String, NodeId)| graph.ty(*node).element.is_real();
    let roots = values.iter().filter(is_real).map(|(name, node)| (name["value".len()..].to_string(), *node)).collect();
    let mut problem = Problem { roots, variables, tangents: Vec::new(), gradients: Vec::new() };
    let mut results = Vec::new();
    for wanted in wanted {
        match wanted {
            Wanted::Value => results.extend(values.iter().cloned()),
            wanted => results.extend(problem.derive(graph, name, *wanted)?),
        }
    }
    results.into_iter().for_each(|(name, node)| graph.output(name, node));
    Ok(())
}

impl Problem {
    fn derive(&mut self, graph: &mut Graph, name: &str, wanted: Wanted) -> Result<Vec<(String, NodeId)>, Refusal> {
        let what = word(wanted);
        if self.variables.is_empty() {
            return Err((what, "it has no real argument to differentiate by".to_string()));
        }
        if self.roots.is_empty() {
            return Err((what, format!("`{name}` gives no real number")));
        }
        if matches!(wanted, Wanted::Gradient | Wanted::Hessian | Wanted::HessianProduct) {
            self.one_number(graph, what, name)?;
        }
        let nodes: Vec<NodeId> = self.variables.iter().map(|(_, node)| *node).collect();
        let roots: Vec<NodeId> = self.roots.iter().map(|(_, node)| *node).collect();
        Ok(match wanted {
            Wanted::Value => Vec::new(),
            Wanted::Gradient => self.by_variables(what, self.gradients.clone()),
            Wanted::Jvp => {
                let tangents = self.tangents(graph, what)?;
                let pushed = forward_with(graph, &roots, &nodes, &tangents, Mask::Routed);
                self.roots.iter().map(|(rest, _)| format!("{what}{rest}")).zip(pushed).collect()
            }
            Wanted::Vjp => {
                let cotangent = |(rest, node): &(String, NodeId)| {
                    Ok((*node, direction(graph, what, format!("cotangent{rest}"), *node)?))
                };
                let seeds: Vec<(NodeId, NodeId)> = self.roots.iter().map(cotangent).collect::<Result<_, Refusal>>()?;
                self.by_variables(what, reverse_with(graph, &seeds, &nodes, Mask::Routed))
            }
            Wanted::Jacobian => {
                let rows = self.roots.iter().map(|(rest, _)| format!("{what}{rest}")).collect();
                let blocks = jacobian(graph, &roots, &nodes, what);
                self.named_blocks(rows, blocks)
            }
            Wanted::Hessian => {
                let rows = self.variables.iter().map(|(variable, _)| format!("{what}.{variable}")).collect();
                let blocks = jacobian(graph, &self.gradients, &nodes, what);
                self.named_blocks(rows, blocks)
            }
            Wanted::HessianProduct => {
                let tangents = self.tangents(graph, what)?;
                self.by_variables(what, forward_with(graph, &self.gradients, &nodes, &tangents, Mask::Routed))
            }
        })
    }

    /// One result for each variable.
    fn by_variables(&self, what: &str, derived: Vec<NodeId>) -> Vec<(String, NodeId)> {
        self.variables.iter().map(|(variable, _)| format!("{what}.{variable}")).zip(derived).collect()
    }

    /// Rows of blocks, a block for each variable.
    fn named_blocks(&self, rows: Vec<String>, blocks: Vec<Vec<NodeId>>) -> Vec<(String, NodeId)> {
        rows.iter().zip(blocks).flat_map(|(row, blocks)| self.by_variables(row, blocks)).collect()
    }

    /// Makes sure that the result is one real number, and that its gradient is there.
    fn one_number(&mut self, graph: &mut Graph, what: &'static str, name: &str) -> Result<(), Refusal> {
        let [(_, root)] = self.roots[..] else {
            return Err((what, format!("`{name}` gives {} real results, not one real number", self.roots.len())));
        };
        let ty = graph.ty(root).clone();
        if ty.shape.rank() > 0 {
            let found = super::signature::type_text(&ty);
            return Err((what, format!("`{name}` gives {found}, not one real number")));
        }
        if self.gradients.is_empty() {
            let nodes: Vec<NodeId> = self.variables.iter().map(|(_, node)| *node).collect();
            let one = graph.constant_like(root, 1.0);
            let gradients = reverse(graph, root, one, &nodes);
            self.gradients = simplify(graph, &gradients, Stage::BeforeDifferentiation);
        }
        Ok(())
    }

    /// A direction for each variable, as inputs that all results share.
    fn tangents(&mut self, graph: &mut Graph, what: &'static str) -> Result<Vec<NodeId>, Refusal> {
        if self.tangents.is_empty() {
            let tangent = |(name, node): &(String, NodeId)| direction(graph, what, format!("tangent.{name}"), *node);
            self.tangents = self.variables.iter().map(tangent).collect::<Result<_, Refusal>>()?;
        }
        Ok(self.tangents.clone())
    }
}

/// An input with the type of a node, of a name that no other input has.
fn direction(graph: &mut Graph, what: &'static str, name: String, node: NodeId) -> Result<NodeId, Refusal> {
    if graph.inputs().iter().any(|input| input.name == name) {
        return Err((what, format!("an argument is called `{name}`, as the direction would be")));
    }
    let ty = graph.ty(node).clone();
    Ok(graph.input(name, ty))
}

/// How results are called.
pub(super) fn word(wanted: Wanted) -> &'static str {
    match wanted {
        Wanted::Value => "value",
        Wanted::Gradient => "gradient",
        Wanted::Jvp => "jvp",
        Wanted::Vjp => "vjp",
        Wanted::Jacobian => "jacobian",
        Wanted::Hessian => "hessian",
        Wanted::HessianProduct => "hessian_product",
    }
}
