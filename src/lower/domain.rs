//! Constrained parameters: stored unconstrained, read through a transform.

use super::{Lowered, Lowerer, Source};
use crate::check::domain::Domain;
use crate::check::program::{ParamId, Program};
use crate::ir::{Axes, ElementType, Graph, NodeId, Reduction, Shape, TensorType};
use crate::ops::activation::SIGMOID;
use crate::ops::arithmetic::{ADD, DIVIDE, MULTIPLY, SUBTRACT};
use crate::ops::choice::STOP_GRADIENT;
use crate::ops::exponential::{EXP, LOG, LOGIT};

impl Lowerer<'_> {
    /// What is stored for a parameter: what training changes.
    pub(super) fn stored(&mut self, id: ParamId) -> NodeId {
        let param = &self.program.params[id.0 as usize];
        let shape = param.domain.stored_shape(&param.shape);
        self.source(Source::Param(id), param.name.clone(), TensorType::new(self.real, shape))
    }

    /// A parameter as it is read.
    pub(super) fn param(&mut self, id: ParamId) -> NodeId {
        if let Some(node) = self.replaced.get(&id) {
            return *node;
        }
        if self.question {
            let param = &self.program.params[id.0 as usize];
            let ty = TensorType::new(self.real, param.shape.clone());
            return self.source(Source::Read(id), param.name.clone(), ty);
        }
        let stored = self.stored(id);
        let domain = self.program.params[id.0 as usize].domain;
        read(&mut self.graph, domain, stored)
    }
}

/// The value of a parameter from what is stored.
fn read(graph: &mut Graph, domain: Domain, stored: NodeId) -> NodeId {
    match domain {
        Domain::Reals => stored,
        Domain::Above(low) => {
            let distance = graph.pointwise(&EXP, &[stored]);
            with_number(graph, &ADD, distance, low)
        }
        Domain::Below(high) => {
            let distance = graph.pointwise(&EXP, &[stored]);
            let high = graph.constant_like(distance, high);
            graph.pointwise(&SUBTRACT, &[high, distance])
        }
        Domain::Between(low, high) => {
            let share = graph.pointwise(&SIGMOID, &[stored]);
            let distance = with_number(graph, &MULTIPLY, share, high - low);
            with_number(graph, &ADD, distance, low)
        }
        Domain::Simplex => {
            let shape = graph.ty(stored).shape.clone();
            let last = shape.rank() - 1;
            let basis = zero_sum_basis(graph, stored, shape[last] + 1);
            let scores = graph.contract(stored, basis, 0, 1);
            softmax(graph, scores)
        }
    }
}

/// What is stored for a value of a parameter: the inverse of [`read`].
fn store(graph: &mut Graph, domain: Domain, value: NodeId) -> NodeId {
    match domain {
        Domain::Reals => value,
        Domain::Above(low) => {
            let distance = with_number(graph, &SUBTRACT, value, low);
            graph.pointwise(&LOG, &[distance])
        }
        Domain::Below(high) => {
            let high = graph.constant_like(value, high);
            let distance = graph.pointwise(&SUBTRACT, &[high, value]);
            graph.pointwise(&LOG, &[distance])
        }
        Domain::Between(low, high) => {
            let distance = with_number(graph, &SUBTRACT, value, low);
            let share = with_number(graph, &DIVIDE, distance, high - low);
            graph.pointwise(&LOGIT, &[share])
        }
        Domain::Simplex => {
            let shape = graph.ty(value).shape.clone();
            let basis = zero_sum_basis(graph, value, shape[shape.rank() - 1]);
            let basis = graph.transpose(basis, Axes::new([1, 0]));
            let scores = graph.pointwise(&LOG, &[value]);
            graph.contract(scores, basis, 0, 1)
        }
    }
}

/// The graph from a value of a parameter to what is stored for it.
pub fn lower_store(program: &Program, id: ParamId) -> Lowered {
    let param = &program.params[id.0 as usize];
    let mut graph = Graph::new();
    let value = graph.input("value", TensorType::new(program.real(), param.shape.clone()));
    let stored = store(&mut graph, param.domain, value);
    graph.output("stored", stored);
    Lowered { graph, sources: vec![Source::Raw(0)] }
}

/// The graph from what is stored for a parameter to its value.
pub fn lower_read(program: &Program, id: ParamId) -> Lowered {
    let mut lowerer = Lowerer::new(program);
    let value = lowerer.param(id);
    lowerer.graph.output("value", value);
    lowerer.finish()
}

fn with_number(graph: &mut Graph, definition: &'static crate::ir::Pointwise, node: NodeId, number: f64) -> NodeId {
    let number = graph.constant_like(node, number);
    graph.pointwise(definition, &[node, number])
}

/// Along the last axis.
fn softmax(graph: &mut Graph, scores: NodeId) -> NodeId {
    let shape = graph.ty(scores).shape.clone();
    let last = shape.rank() - 1;
    let along = |graph: &mut Graph, reduction, node| {
        let reduced = graph.reduce(reduction, node, Axes::new([last]));
        graph.broadcast(reduced, Axes::new(0..last), &shape)
    };
    let most = along(graph, Reduction::Max, scores);
    let most = graph.pointwise(&STOP_GRADIENT, &[most]);
    let shifted = graph.pointwise(&SUBTRACT, &[scores, most]);
    let weights = graph.pointwise(&EXP, &[shifted]);
    let total = along(graph, Reduction::Sum, weights);
    graph.pointwise(&DIVIDE, &[weights, total])
}

/// An orthonormal basis of the vectors of `size` entries whose sum is zero, as a matrix `[size, size - 1]` (Helmert).
fn zero_sum_basis(graph: &mut Graph, like: NodeId, size: usize) -> NodeId {
    let element: ElementType = graph.ty(like).element;
    let columns = size - 1;
    let mut values = vec![0.0; size * columns];
    for column in 0..columns {
        let count = (column + 1) as f64;
        let unit = 1.0 / (count * (count + 1.0)).sqrt();
        for row in 0..=column {
            values[row * columns + column] = unit;
        }
        values[(column + 1) * columns + column] = -count * unit;
    }
    graph.real_table(element, Shape::new(&[size, columns]), &values)
}
