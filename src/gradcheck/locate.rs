//! Which operation is wrong: each operation alone, at the values it had, in order.

use super::compare::{Pair, Reading, compare, directions};
use super::derivatives::Derivatives;
use super::differences::{Found, slope};
use super::lanes::{Lanes, Tables, lane};
use super::walk::{Kind as _, Walk, is};
use super::{Input, Problem, Start};
use crate::eval::evaluate_all;
use crate::ir::print::operation;
use crate::ir::rewrite::{copy_node, substitute};
use crate::ir::{Graph, Loop, NodeId, Op, Shape, Table, TensorType};
use crate::ops::arithmetic::ADD;
use crate::ops::choice::{OWN_SLOPE, STOP_GRADIENT};
use crate::ops::structural::table::{numbers, reals};
use crate::runtime::random::{Key, Sequence};
use crate::source::Span;
use std::collections::HashSet;
use std::rc::Rc;

/// How many elements of a tensor are looked at.
const ELEMENTS: usize = 64;
/// How many steps of a loop are looked into.
const STEPS: usize = 50;
/// How many directions an operation that is not pointwise is looked at along.
const DIRECTIONS: usize = 8;

/// What is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The derivative of an operation.
    Operation,
    /// A derivative that the program states for a function; the place is the function's body.
    OwnDerivative,
    /// The rule of a root, a pullback or an adjoint solution: it is stated, and agrees with differences only as far as its
    /// value is what the rule takes it for.
    OwnRule,
}

/// An operation whose derivative is not the slope of its value.
#[derive(Clone, PartialEq, Debug)]
pub struct Culprit {
    /// What it is.
    pub kind: Kind,
    /// The place that it came from.
    pub span: Option<Span>,
    /// What it is called.
    pub operation: String,
    /// The numbers it was applied to, where they are few.
    pub at: Vec<f64>,
    /// What its derivative says.
    pub by_derivative: f64,
    /// What differences of it say.
    pub by_differences: f64,
}

/// The first operation that is wrong, for the values of a graph's inputs.
pub(super) fn first(graph: &Graph, inputs: &[Table], varied: &[NodeId], accepted: &HashSet<Span>) -> Option<Culprit> {
    let values = evaluate_all(graph, inputs, &graph.output_nodes()).ok()?;
    let dependent = graph.dependent_on(varied);
    let search = Search { graph, inputs, values: &values, dependent: &dependent, accepted };
    let looked_at = |id: &NodeId| values[id.index()].is_some() && dependent[id.index()];
    graph.ids().filter(looked_at).find_map(|id| search.node(id))
}

/// A graph with the values it had.
struct Search<'a> {
    graph: &'a Graph,
    inputs: &'a [Table],
    values: &'a [Option<Table>],
    dependent: &'a [bool],
    accepted: &'a HashSet<Span>,
}

impl Search<'_> {
    fn node(&self, id: NodeId) -> Option<Culprit> {
        let graph = self.graph;
        let node = graph.node(id);
        match node.op {
            Op::Loop(index) => self.whole(id).map(|wrong| self.inside(id, graph.loop_at(index)).unwrap_or(wrong)),
            Op::Result(_) | Op::Input(_) | Op::Placeholder(_) => None,
            _ if !node.ty.element.is_real() || is(graph, id, &STOP_GRADIENT) => None,
            _ if is(graph, id, &OWN_SLOPE) => self.own_derivative(id),
            Op::Pointwise(_) => self.pointwise(id),
            _ => self.whole(id),
        }
    }

    fn value(&self, id: NodeId) -> Option<&Table> {
        self.values[id.index()].as_ref()
    }

    fn arguments(&self, id: NodeId) -> Option<Vec<&Table>> {
        self.graph.node(id).arguments.iter().map(|each| self.value(*each)).collect()
    }

    fn culprit(&self, id: NodeId, kind: Kind, at: Vec<f64>, reading: &Reading, step: f64) -> Culprit {
        let by_differences = if reading.disagrees(Pair::Differences) {
            reading.differences
        } else {
            reading.complex.filter(|_| reading.disagrees(Pair::Complex)).unwrap_or(reading.forward)
        };
        let kind = if matches!(self.graph.node(id).op, Op::Custom(_)) { Kind::OwnRule } else { kind };
        Culprit {
            kind,
            span: self.graph.span(id),
            operation: operation(self.graph, id),
            at,
            by_derivative: reading.reverse / step,
            by_differences: by_differences / step,
        }
    }

    /// An operation as a problem of its own, on arguments of these shapes.
    fn alone(&self, id: NodeId, shape: impl Fn(&TensorType) -> Shape) -> Problem {
        let source = self.graph.node(id);
        let mut graph = Graph::new();
        let mut arguments = Vec::with_capacity(source.arguments.len());
        let mut inputs = Vec::with_capacity(source.arguments.len());
        for (place, argument) in source.arguments.iter().enumerate() {
            let ty = self.graph.ty(*argument);
            let ty = TensorType::new(ty.element, shape(ty));
            let varied = ty.element.is_real() && self.dependent[argument.index()];
            inputs.push(Input { start: Start::Any, varied });
            arguments.push(graph.input(format!("argument {place}"), ty));
        }
        match source.op {
            Op::Pointwise(definition) => {
                let result = graph.pointwise(definition.0, &arguments);
                graph.output("result", result);
            }
            Op::Loop(index) => {
                let run = copy_node(&mut graph, self.graph, id, &arguments);
                for place in 0..self.graph.loop_at(index).steps_result() {
                    let result = graph.result(run, place);
                    graph.output(format!("result {place}"), result);
                }
            }
            _ => {
                let result = copy_node(&mut graph, self.graph, id, &arguments);
                graph.output("result", result);
            }
        }
        Problem { graph, inputs }
    }

    /// A pointwise operation, element by element and argument by argument.
    fn pointwise(&self, id: NodeId) -> Option<Culprit> {
        let problem = self.alone(id, |_| Shape::scalar());
        let arguments = self.arguments(id)?;
        let derivatives = Derivatives::new(&problem, &mut sequence());
        let count = self.graph.ty(id).shape.count();
        (0..count.min(ELEMENTS)).find_map(|element| {
            let point: Vec<Table> = arguments
                .iter()
                .map(|table| Table { ty: TensorType::scalar(table.ty.element), bits: vec![table.bits[element]] })
                .collect();
            (0..derivatives.varied.len()).find_map(|varied| {
                let at: Vec<f64> = point.iter().map(|table| numbers(table)[0]).collect();
                let step = step_of(at[derivatives.varied[varied]]);
                let direction = (0..derivatives.varied.len()).map(|each| vec![if each == varied { step } else { 0.0 }]);
                let wrong = self.wrong(&derivatives, &point, &[direction.collect()])?;
                Some(self.culprit(id, Kind::Operation, at, &wrong, step))
            })
        })
    }

    /// An operation on whole tensors, along some directions.
    fn whole(&self, id: NodeId) -> Option<Culprit> {
        let problem = self.alone(id, |ty| ty.shape.clone());
        let derivatives = Derivatives::new(&problem, &mut sequence());
        let point: Vec<Table> = self.arguments(id)?.into_iter().cloned().collect();
        let directions = directions(&derivatives, &point, DIRECTIONS, &mut sequence());
        let wrong = self.wrong(&derivatives, &point, &directions)?;
        Some(self.culprit(id, Kind::Operation, Vec::new(), &wrong, 1.0))
    }

    /// The first direction along which methods disagree; none where the function is not smooth.
    fn wrong(&self, derivatives: &Derivatives, point: &[Table], along: &[Vec<Vec<f64>>]) -> Option<Reading> {
        if derivatives.varied.is_empty() {
            return None;
        }
        let gradient = derivatives.reverse(point).ok().filter(|gradient| gradient.is_finite())?;
        let seen = compare(derivatives, None, self.accepted, point, &gradient, along).ok()?;
        let pairs = [Pair::Differences, Pair::Forward, Pair::Complex];
        seen.readings.into_iter().find(|reading| pairs.iter().any(|pair| reading.disagrees(*pair)))
    }

    /// What is wrong in the body of a loop, at the first step where something is.
    fn inside(&self, id: NodeId, run: &Loop) -> Option<Culprit> {
        let walk = Walk::new(Lanes, self.accepted);
        let arguments: Vec<Tables> =
            self.arguments(id)?.into_iter().map(|table| walk.kind.constant(table.clone())).collect();
        let arguments: Vec<&Tables> = arguments.iter().collect();
        let mut steps: Vec<Vec<Table>> = Vec::new();
        walk.run_loop(run, &arguments, &mut |inputs| {
            if steps.len() < STEPS {
                steps.push(inputs.iter().map(|tables| lane(tables, 0).clone()).collect());
            }
        })
        .ok()?;
        let varied: Vec<NodeId> =
            run.body.input_nodes().into_iter().filter(|input| run.body.ty(*input).element.is_real()).collect();
        steps.iter().find_map(|inputs| first(&run.body, inputs, &varied, self.accepted))
    }

    /// A derivative that the program states, against differences of the function that it belongs to.
    fn own_derivative(&self, id: NodeId) -> Option<Culprit> {
        if self.graph.span(id).is_some_and(|place| self.accepted.contains(&place)) {
            return None;
        }
        let (argument, slope_node) = (self.graph.node(id).arguments[0], self.graph.node(id).arguments[1]);
        let (at, slopes) = (numbers(self.value(argument)?), numbers(self.value(slope_node)?));
        let function = Replaced::new(self.graph, id)?;
        (0..at.len().min(ELEMENTS)).find_map(|element| {
            let step = step_of(at[element]);
            let size = (slopes[element] * step).abs();
            let Found::Smooth(found) = slope(size, &mut |places| function.values(self, element, step, places)) else {
                return None;
            };
            let reading = Reading {
                reverse: slopes[element] * step,
                forward: slopes[element] * step,
                native: None,
                values: (0.0, None),
                differences: found.value,
                error: found.error,
                complex: None,
                scale: size,
                size: 0.0,
            };
            let wrong = reading.disagrees(Pair::Differences);
            wrong.then(|| self.culprit(id, Kind::OwnDerivative, vec![at[element]], &reading, step))
        })
    }
}

/// A function with a derivative of its own, as a graph in which its argument is one more input.
struct Replaced {
    graph: Graph,
    argument: NodeId,
    value: NodeId,
}

impl Replaced {
    /// The function whose value the slope at `id` is added to.
    fn new(graph: &Graph, id: NodeId) -> Option<Self> {
        let argument = graph.node(id).arguments[0];
        let sum = graph.ids().find(|each| is(graph, *each, &ADD) && graph.node(*each).arguments.contains(&id))?;
        let value = *graph.node(sum).arguments.iter().find(|each| **each != id)?;
        let stop =
            graph.ids().find(|each| is(graph, *each, &STOP_GRADIENT) && graph.node(*each).arguments[0] == argument);
        let mut graph = graph.clone();
        let free = graph.input("argument", graph.ty(argument).clone());
        let value = match stop {
            Some(stop) => substitute(&mut graph, &[value], &[stop], &[free])[0],
            None => value,
        };
        Some(Replaced { graph, argument, value })
    }

    /// An element of the value where the same element of the argument is moved.
    fn values(&self, search: &Search<'_>, element: usize, step: f64, places: &[f64]) -> Option<Vec<f64>> {
        let walk = Walk::new(Lanes, search.accepted);
        let table = search.value(self.argument)?;
        let moved = |place: &f64| {
            let mut values = numbers(table);
            values[element] += place * step;
            reals(table.ty.element, table.ty.shape.clone(), &values)
        };
        let mut inputs: Vec<Tables> = search.inputs.iter().map(|each| walk.kind.constant(each.clone())).collect();
        inputs.push(Rc::new(places.iter().map(moved).collect()));
        let value = walk.nodes(&self.graph, &inputs, &[self.value]).ok()?.remove(0);
        Some((0..places.len()).map(|place| numbers(lane(&value, place))[element]).collect())
    }
}

/// How far a number is moved by a step of 1.
fn step_of(value: f64) -> f64 {
    if value == 0.0 { 1.0 } else { value.abs() }
}

/// Directions and weights for single operations; which they are is of no consequence.
fn sequence() -> Sequence {
    Key { seed: 0, stream: 0 }.sequence()
}
