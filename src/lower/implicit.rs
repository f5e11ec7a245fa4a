//! Values that an equation defines, and the vectors of the numbers of a value.

use super::loops::body_graph;
use super::{Lowerer, Value};
use crate::autodiff::jacobian::jacobian;
use crate::check::program::{LocalId, Typed};
use crate::check::types::Type;
use crate::ir::{Custom, CustomRule, NodeId, Shape, Table, TensorType};
use crate::optimize::{Stage, simplify};
use std::sync::Arc;

impl Lowerer<'_> {
    /// A vector at which a residual is 0, with the derivative of the implicit function theorem. Whatever the residual reads
    /// beside its variable is what the root depends on.
    pub(super) fn root(&mut self, value: &Typed, variable: LocalId, residual: &Typed) -> NodeId {
        let found = self.tensor(value);
        let point = self.graph.placeholder(self.graph.ty(found).clone());
        self.locals.insert(variable, Value::Node(point));
        let residual = self.tensor(residual);
        let residual = simplify(&mut self.graph, &[residual], Stage::BeforeDifferentiation);
        let slope = jacobian(&mut self.graph, &residual, &[point], "solve_root").concat();
        let outputs: Vec<NodeId> = residual.into_iter().chain(slope).collect();
        let (body, invariants) = body_graph(&self.graph, &[("value", &[point])], &outputs);
        let arguments: Vec<NodeId> = std::iter::once(found).chain(invariants).collect();
        self.graph.custom(Arc::new(Custom { rule: CustomRule::Root, body: Arc::new(body) }), &arguments)
    }

    /// A vector whose cotangent is pulled back to the inputs by an expression of both.
    pub(super) fn pullback(&mut self, [value, inputs]: [&Typed; 2], variables: [LocalId; 2], pulled: &Typed) -> NodeId {
        let (value, inputs) = (self.tensor(value), self.tensor(inputs));
        let placeholders = variables.map(|variable| {
            let placeholder = self.graph.placeholder(self.graph.ty(value).clone());
            self.locals.insert(variable, Value::Node(placeholder));
            placeholder
        });
        let pulled = self.tensor(pulled);
        let [point, cotangent] = placeholders;
        let variables = [("value", &[point][..]), ("cotangent", &[cotangent][..])];
        let (body, invariants) = body_graph(&self.graph, &variables, &[pulled]);
        let arguments: Vec<NodeId> = [value, inputs].into_iter().chain(invariants).collect();
        let rule = CustomRule::Pullback { targets: 1, batch: 0 };
        self.graph.custom(Arc::new(Custom { rule, body: Arc::new(body) }), &arguments)
    }

    /// The real tensors that a function value captured.
    pub(super) fn captured_reals(&mut self, function: &Typed) -> Value {
        let mut leaves = Vec::new();
        self.lower(function).leaves(&mut leaves);
        leaves.retain(|leaf| self.graph.ty(*leaf).element.is_real());
        Value::Tuple(leaves.into_iter().map(Value::Node).collect())
    }

    /// The numbers of a value, one after another.
    pub(super) fn flatten(&mut self, value: &Typed) -> NodeId {
        let mut leaves = Vec::new();
        self.lower(value).leaves(&mut leaves);
        let flat: Vec<NodeId> = leaves
            .into_iter()
            .map(|leaf| {
                let count = self.graph.ty(leaf).shape.count();
                self.graph.reshape(leaf, &Shape::new(&[count]))
            })
            .collect();
        match flat[..] {
            [] => {
                self.graph.constant_table(Table { ty: TensorType::new(self.real, Shape::new(&[0])), bits: Vec::new() })
            }
            [single] => single,
            _ => self.graph.concatenate(&flat, 0),
        }
    }

    /// A value of a type from its numbers.
    pub(super) fn unflatten(&mut self, vector: &Typed, ty: &Type) -> Value {
        let vector = self.tensor(vector);
        self.unflatten_from(vector, ty, &mut 0)
    }

    fn unflatten_from(&mut self, vector: NodeId, ty: &Type, start: &mut usize) -> Value {
        if let Some(parts) = ty.parts() {
            return Value::Tuple(parts.iter().map(|part| self.unflatten_from(vector, part, start)).collect());
        }
        let shape = self.tensor_type(ty).shape;
        let count = shape.count();
        let numbers = if self.graph.ty(vector).shape[0] == count {
            vector
        } else {
            self.graph.slice(vector, 0, *start, 1, count)
        };
        *start += count;
        Value::Node(self.graph.reshape(numbers, &shape))
    }
}
