//! Tensor literals and products.

use super::Lowerer;
use crate::ir::{Axes, NodeId, Op, Table, TensorType};

impl Lowerer<'_> {
    /// `A @ B`, `A @ x`, `x @ A`, `dot(a, b)`: the sum over the left's last and the right's first axis.
    pub(super) fn matrix_product(&mut self, left: NodeId, right: NodeId) -> NodeId {
        let right = match self.graph.ty(right).shape.rank() {
            2 => self.graph.transpose(right, Axes::new([1, 0])),
            _ => right,
        };
        self.graph.contract(left, right, 0, 1)
    }

    /// Tensors as the rows of a new leading axis; constants become one table.
    pub(super) fn stack(&mut self, nodes: &[NodeId], ty: TensorType) -> NodeId {
        let constants: Option<Vec<Vec<u64>>> = nodes.iter().map(|node| self.constant_bits(*node)).collect();
        if let Some(rows) = constants {
            return self.graph.constant_table(Table { ty, bits: rows.concat() });
        }
        self.graph.stack(nodes)
    }

    fn constant_bits(&self, node: NodeId) -> Option<Vec<u64>> {
        match self.graph.node(node).op {
            Op::Scalar(bits) => Some(vec![bits]),
            Op::Table(index) => Some(self.graph.table(index).bits.clone()),
            _ => None,
        }
    }
}
