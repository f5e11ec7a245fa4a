//! The derivatives of a problem by both modes, in the reference evaluator and in native code.

use super::Problem;
use super::walk::Obstacle;
use super::work::work;
use crate::autodiff::forward::forward_with;
use crate::autodiff::reverse::reverse_many;
use crate::codegen::Executable;
use crate::diagnostics::Diagnostic;
use crate::eval::evaluate_nodes;
use crate::ir::{Graph, NodeId, Reduction, Table};
use crate::ops::arithmetic::{ABSOLUTE, ADD, MULTIPLY};
use crate::ops::structural::Mask;
use crate::ops::structural::table::numbers;
use crate::optimize::{Stage, simplify};
use crate::runtime::random::Sequence;
use crate::session::native;
use std::sync::Arc;

/// A problem with everything that is compared, as nodes of one graph. Its results are made one number: the sum of products
/// with random weights, or the only result itself.
pub(super) struct Derivatives {
    /// The inputs are those of the problem, then a tangent for each varied one.
    pub graph: Graph,
    /// The results made one number.
    pub value: NodeId,
    /// The same sum of absolute values: what rounding is measured by.
    size: NodeId,
    /// The derivatives by the varied inputs, by reverse mode.
    gradients: Vec<NodeId>,
    /// The derivative along the tangents, by forward mode.
    along: NodeId,
    /// Which inputs are varied.
    pub varied: Vec<usize>,
    weights: Vec<(NodeId, Vec<f64>)>,
}

/// Value and gradients at a point.
#[derive(Clone, Debug)]
pub(super) struct Gradient {
    pub value: f64,
    /// The sum of the absolute values that the value is made of.
    pub size: f64,
    /// By the varied inputs.
    pub by_input: Vec<Vec<f64>>,
}

impl Gradient {
    pub(super) fn is_finite(&self) -> bool {
        self.value.is_finite() && self.by_input.iter().flatten().all(|each| each.is_finite())
    }

    pub(super) fn is_zero(&self) -> bool {
        self.by_input.iter().flatten().all(|each| *each == 0.0)
    }

    /// The derivative along a direction.
    pub(super) fn along(&self, direction: &[Vec<f64>]) -> f64 {
        self.terms(direction).sum()
    }

    /// What a difference of derivatives along a direction is compared with.
    pub(super) fn scale_along(&self, direction: &[Vec<f64>]) -> f64 {
        self.terms(direction).map(f64::abs).filter(|term| term.is_finite()).sum()
    }

    fn terms<'a>(&'a self, direction: &'a [Vec<f64>]) -> impl Iterator<Item = f64> + 'a {
        let pairs = self.by_input.iter().flatten().zip(direction.iter().flatten());
        pairs.map(|(slope, step)| if *step == 0.0 { 0.0 } else { slope * step })
    }
}

impl Derivatives {
    /// The derivatives of a problem.
    pub(super) fn new(problem: &Problem, numbers: &mut Sequence) -> Self {
        let mut graph = problem.graph.clone();
        let results: Vec<NodeId> =
            graph.output_nodes().into_iter().filter(|node| graph.ty(*node).element.is_real()).collect();
        let single = results.len() == 1 && graph.ty(results[0]).shape.count() == 1;
        let weights: Vec<(NodeId, Vec<f64>)> = results
            .iter()
            .map(|result| {
                let count = graph.ty(*result).shape.count();
                (*result, (0..count).map(|_| if single { 1.0 } else { weight(numbers) }).collect())
            })
            .collect();
        let varied: Vec<usize> = (0..problem.inputs.len()).filter(|at| problem.inputs[*at].varied).collect();
        let inputs = graph.input_nodes();
        let nodes: Vec<NodeId> = varied.iter().map(|at| inputs[*at]).collect();
        let seeds = seeds(&mut graph, &weights);
        let value = summed(&mut graph, &seeds, false);
        let size = summed(&mut graph, &seeds, true);
        let gradients = reverse_many(&mut graph, &seeds, &nodes);
        let tangents: Vec<NodeId> = nodes
            .iter()
            .enumerate()
            .map(|(place, node)| graph.input(format!("tangent {place}"), graph.ty(*node).clone()))
            .collect();
        // A zero in a direction is a number that is not moved at all.
        let pushed = forward_with(&mut graph, &results, &nodes, &tangents, Mask::Routed);
        let pushed: Vec<(NodeId, NodeId)> = pushed.into_iter().zip(seeds.iter().map(|(_, seed)| *seed)).collect();
        let along = summed(&mut graph, &pushed, false);
        Derivatives { graph, value, size, gradients, along, varied, weights }
    }

    /// What evaluations by reverse mode and by forward mode cost.
    pub(super) fn work(&self) -> (u64, u64) {
        let mut gradients = self.gradients.clone();
        gradients.push(self.value);
        (work(&self.graph, gradients), work(&self.graph, vec![self.along]))
    }

    /// Value and gradients by reverse mode in the evaluator.
    pub(super) fn reverse(&self, point: &[Table]) -> Result<Gradient, Obstacle> {
        let mut nodes = vec![self.value, self.size];
        nodes.extend(&self.gradients);
        let values = evaluate_nodes(&self.graph, point, &nodes).map_err(|error| Obstacle::Fault(error.fault))?;
        let mut values = values.iter().map(numbers);
        let mut single = || values.next().map_or(f64::NAN, |value| value[0]);
        Ok(Gradient { value: single(), size: single(), by_input: values.collect() })
    }

    /// The derivative along a direction by forward mode in the evaluator.
    pub(super) fn forward(&self, point: &[Table], direction: &[Vec<f64>]) -> Result<f64, Obstacle> {
        let mut inputs = point.to_vec();
        for (input, step) in self.varied.iter().zip(direction) {
            inputs.push(native::from_reals(point[*input].ty.clone(), step));
        }
        let values =
            evaluate_nodes(&self.graph, &inputs, &[self.along]).map_err(|error| Obstacle::Fault(error.fault))?;
        Ok(numbers(&values[0])[0])
    }

    /// Reverse mode in native code, as a run has it: simplified before it is differentiated, and after.
    pub(super) fn native(&self, problem: &Problem) -> Result<Native, Box<Diagnostic>> {
        let mut graph = problem.graph.clone();
        let results: Vec<NodeId> = self.weights.iter().map(|(result, _)| *result).collect();
        let simpler = simplify(&mut graph, &results, Stage::BeforeDifferentiation);
        let weights: Vec<(NodeId, Vec<f64>)> =
            simpler.into_iter().zip(&self.weights).map(|(node, (_, weights))| (node, weights.clone())).collect();
        let inputs = graph.input_nodes();
        let nodes: Vec<NodeId> = self.varied.iter().map(|at| inputs[*at]).collect();
        let seeds = seeds(&mut graph, &weights);
        let value = summed(&mut graph, &seeds, false);
        let gradients = reverse_many(&mut graph, &seeds, &nodes);
        graph.clear_outputs();
        graph.output("value", value);
        for (place, gradient) in gradients.into_iter().enumerate() {
            graph.output(format!("gradient {place}"), gradient);
        }
        Ok(Native { executable: native::executable(&graph)?, graph })
    }
}

/// Native code of value and gradients.
pub(super) struct Native {
    executable: Arc<Executable>,
    graph: Graph,
}

impl Native {
    /// Value and gradients.
    pub(super) fn reverse(&self, point: &[Table]) -> Result<Gradient, Box<Diagnostic>> {
        let values = native::call(&self.executable, &self.graph, point)?;
        let value = numbers(&values[0])[0];
        Ok(Gradient { value, size: value.abs(), by_input: values[1..].iter().map(numbers).collect() })
    }
}

/// A number of either sign that is neither small nor large.
pub(super) fn weight(numbers: &mut Sequence) -> f64 {
    let size = 0.5 + numbers.uniform();
    if numbers.below(2) == 0 { size } else { -size }
}

/// Nodes with their weights as constants.
fn seeds(graph: &mut Graph, weights: &[(NodeId, Vec<f64>)]) -> Vec<(NodeId, NodeId)> {
    let seed = |(node, weights): &(NodeId, Vec<f64>)| {
        let ty = graph.ty(*node).clone();
        let seed = match weights[..] {
            [weight] if ty.shape.rank() == 0 => graph.real(ty.element, weight),
            _ => graph.real_table(ty.element, ty.shape, weights),
        };
        (*node, seed)
    };
    weights.iter().map(seed).collect()
}

/// The sum of products of pairs, or of their absolute values.
fn summed(graph: &mut Graph, pairs: &[(NodeId, NodeId)], absolute: bool) -> NodeId {
    let mut total = None;
    for (left, right) in pairs {
        let mut product = graph.pointwise(&MULTIPLY, &[*left, *right]);
        if absolute {
            product = graph.pointwise(&ABSOLUTE, &[product]);
        }
        let sum = graph.reduce_all(Reduction::Sum, product);
        total = Some(total.map_or(sum, |total| graph.pointwise(&ADD, &[total, sum])));
    }
    total.unwrap_or_else(|| graph.real(crate::ir::ElementType::F64, 0.0))
}
