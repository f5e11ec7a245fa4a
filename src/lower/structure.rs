//! Tensor literals, products, elements and slices.

use super::Lowerer;
use crate::check::program::Place;
use crate::ir::{Axes, NodeId, Op, Shape, Table, TensorType};

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

    /// Elements and slices, one axis after another.
    pub(super) fn index(&mut self, base: NodeId, places: &[Place]) -> NodeId {
        let mut node = base;
        let mut axis = 0;
        for place in places {
            match place {
                Place::At(position) => {
                    let row = self.graph.slice(node, axis, *position, 1, 1);
                    node = self.without_axis(row, axis);
                }
                Place::Slice { start, count } => {
                    node = self.graph.slice(node, axis, *start, 1, *count);
                    axis += 1;
                }
                Place::Computed(position) => {
                    let position = self.tensor(position);
                    let rank = self.graph.ty(node).shape.rank();
                    let order = std::iter::once(axis).chain((0..rank).filter(|each| *each != axis));
                    let front = self.graph.transpose(node, Axes::new(order));
                    axis += self.graph.ty(position).shape.rank();
                    node = self.graph.gather(front, position, 0);
                }
            }
        }
        node
    }

    fn without_axis(&mut self, node: NodeId, axis: usize) -> NodeId {
        let sizes = self.graph.ty(node).shape.sizes().to_vec();
        let kept: Shape = sizes.iter().enumerate().filter(|(place, _)| *place != axis).map(|(_, size)| *size).collect();
        self.graph.reshape(node, &kept)
    }
}
