//! Tensors whose axes have labels: axes of several tensors that go together have one label. Products of such tensors, summed
//! over some labels, are contractions, or sums of products where no side has an axis of its own.

use crate::ir::{Axes, Graph, NodeId, Reduction, Shape};
use crate::ops::arithmetic::MULTIPLY;

/// A tensor and the labels of its axes.
#[derive(Clone, Debug)]
pub(super) struct Factor {
    pub(super) node: NodeId,
    pub(super) labels: Vec<usize>,
}

impl Factor {
    pub(super) fn new(node: NodeId, labels: impl IntoIterator<Item = usize>) -> Self {
        Factor { node, labels: labels.into_iter().collect() }
    }

    /// Where an axis of a label is.
    fn place(&self, label: usize) -> Option<usize> {
        self.labels.iter().position(|each| *each == label)
    }

    /// The same tensor with its axes in the order of these labels, all of which it has.
    fn turned(&self, graph: &mut Graph, labels: &[usize]) -> NodeId {
        let places = labels.iter().filter_map(|label| self.place(*label));
        graph.transpose(self.node, Axes::new(places))
    }

    /// Summed over the labels that are in neither list.
    fn summed(&self, graph: &mut Graph, kept: &[usize], other: &[usize]) -> Factor {
        let stays = |label: &usize| kept.contains(label) || other.contains(label);
        let folded = Axes::new((0..self.labels.len()).filter(|place| !stays(&self.labels[*place])));
        let node = graph.reduce(Reduction::Sum, self.node, folded);
        Factor::new(node, self.labels.iter().copied().filter(stays))
    }

    /// The product with another one, summed over the labels that are not kept.
    pub(super) fn times(&self, graph: &mut Graph, other: &Factor, kept: &[usize]) -> Factor {
        let left = self.summed(graph, kept, &other.labels);
        let right = other.summed(graph, kept, &self.labels);
        let common = |label: &usize| right.labels.contains(label);
        let (batch, inner): (Vec<usize>, Vec<usize>) =
            left.labels.iter().copied().filter(common).partition(|label| kept.contains(label));
        let free = |of: &Factor, other: &Factor| -> Vec<usize> {
            of.labels.iter().copied().filter(|label| !other.labels.contains(label)).collect()
        };
        let (rows, columns) = (free(&left, &right), free(&right, &left));
        if inner.is_empty() {
            return left.beside(graph, &right, [batch, rows, columns].concat());
        }
        let a = left.turned(graph, &[&batch[..], &rows, &inner].concat());
        let b = right.turned(graph, &[&batch[..], &columns, &inner].concat());
        if rows.is_empty() && columns.is_empty() {
            let product = graph.pointwise(&MULTIPLY, &[a, b]);
            let folded = Axes::new(batch.len()..batch.len() + inner.len());
            return Factor::new(graph.reduce(Reduction::Sum, product, folded), batch);
        }
        let node = graph.contract(a, b, batch.len(), inner.len());
        Factor { node, labels: [batch, rows, columns].concat() }
    }

    /// The product without a sum: each element of one with those of the other that agree in the labels of both.
    pub(super) fn beside(&self, graph: &mut Graph, other: &Factor, labels: Vec<usize>) -> Factor {
        let size = |label: &usize| {
            let of = |factor: &Factor| factor.place(*label).map(|place| graph.ty(factor.node).shape[place]);
            of(self).or_else(|| of(other)).unwrap_or(1)
        };
        let shape: Shape = labels.iter().map(size).collect();
        let both = [self, other].map(|factor| factor.spread(graph, &labels, &shape));
        Factor { node: graph.pointwise(&MULTIPLY, &both), labels }
    }

    /// The tensor as one of this shape, whose axes have these labels; it repeats along those that it has not.
    pub(super) fn spread(&self, graph: &mut Graph, labels: &[usize], shape: &Shape) -> NodeId {
        let own: Vec<usize> = labels.iter().copied().filter(|label| self.labels.contains(label)).collect();
        let turned = self.turned(graph, &own);
        let places = (0..labels.len()).filter(|place| self.labels.contains(&labels[*place]));
        graph.broadcast(turned, Axes::new(places), shape)
    }
}
