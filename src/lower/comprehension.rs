//! Comprehensions and reductions by indices: the body is lowered once, on variables that stand for the indices, and
//! then computed for all their values at once.

use super::comprehension_batch::batch_index;
use super::{Lowerer, Value};
use crate::check::indexed::{Comprehension, Index, IndexedReduction, Reducer};
use crate::ir::{Axes, ElementType, Extreme, IndexRange, NodeId, Reduction, Shape};
use crate::ops::arithmetic::{ABSOLUTE, ADD, DIVIDE, REMAINDER, SUBTRACT};
use crate::ops::choice::{SELECT, STOP_GRADIENT, conversion};
use crate::ops::comparison::{AND, EQUAL, NOT_EQUAL, OR};
use crate::ops::exponential::{EXP, LOG};
use crate::ops::rounding::FLOOR_DIVIDE;

impl Lowerer<'_> {
    /// `[body for …]`.
    pub(super) fn comprehension(&mut self, comprehension: &Comprehension) -> Value {
        let indices: Vec<&Index> = comprehension.axes.iter().flatten().collect();
        let variables = self.index_variables(&indices);
        self.surroundings.extend(&variables);
        let body = self.lower(&comprehension.body);
        self.surroundings.truncate(self.surroundings.len() - variables.len());
        let mut leaves = Vec::new();
        body.leaves(&mut leaves);
        let leaves = self.for_all(leaves, &variables);
        let axes: Vec<usize> = comprehension.axes.iter().map(|axis| axis.iter().map(count_of).product()).collect();
        let merged: Vec<NodeId> = leaves
            .into_iter()
            .map(|leaf| {
                let rest = self.graph.ty(leaf).shape.sizes()[variables.len()..].to_vec();
                let shape: Shape = axes.iter().copied().chain(rest).collect();
                self.graph.reshape(leaf, &shape)
            })
            .collect();
        body.with_leaves(&mut merged.into_iter())
    }

    /// A variable for each index, bound to its name.
    fn index_variables(&mut self, indices: &[&Index]) -> Vec<NodeId> {
        let variable = |index: &&Index| {
            let start = index.start.value().unwrap_or(0);
            let variable = self.graph.index(IndexRange { start, count: count_of(index) });
            self.locals.insert(index.local, Value::Node(variable));
            variable
        };
        indices.iter().map(variable).collect()
    }

    /// Nodes for all values of some indices, one leading axis for each.
    fn for_all(&mut self, mut nodes: Vec<NodeId>, variables: &[NodeId]) -> Vec<NodeId> {
        for variable in variables.iter().rev() {
            let count = self.graph.range_of(*variable).map_or(0, |range| range.count);
            let batched = batch_index(&mut self.graph, &nodes, *variable);
            nodes = batched
                .into_iter()
                .map(|(node, carried)| {
                    if carried {
                        return node;
                    }
                    let shape = self.graph.ty(node).shape.with_leading(count);
                    self.graph.broadcast(node, Axes::new(1..shape.rank()), &shape)
                })
                .collect();
        }
        nodes
    }

    /// `reducer(body for … if filter)`.
    pub(super) fn indexed_reduction(&mut self, reduction: &IndexedReduction) -> Value {
        let indices: Vec<&Index> = reduction.indices.iter().collect();
        let variables = self.index_variables(&indices);
        self.surroundings.extend(&variables);
        let kept = reduction.filter.as_ref().map(|filter| self.tensor(filter));
        let body = match kept {
            Some(kept) => self.under(kept, |lowerer| lowerer.lower(&reduction.body)),
            None => self.lower(&reduction.body),
        };
        self.surroundings.truncate(self.surroundings.len() - variables.len());
        let mut leaves = Vec::new();
        body.leaves(&mut leaves);
        if let Some(neutral) = neutral(reduction.reducer) {
            leaves = leaves.into_iter().map(|leaf| self.where_kept(kept, leaf, neutral)).collect();
        }
        let mut all = self.for_all(leaves.into_iter().chain(kept).collect(), &variables);
        let kept = kept.and_then(|_| all.pop());
        let axes = Axes::new(0..variables.len());
        match reduction.reducer {
            Reducer::ArgMax => self.first_extreme(all[0], kept, &reduction.indices, Extreme::Max),
            Reducer::ArgMin => self.first_extreme(all[0], kept, &reduction.indices, Extreme::Min),
            Reducer::LogSumExp => Value::Node(self.logarithm_of_sum(all[0], axes)),
            reducer => {
                let folded: Vec<NodeId> = all.into_iter().map(|node| self.folded(reducer, node, kept, axes)).collect();
                body.with_leaves(&mut folded.into_iter())
            }
        }
    }

    /// The node where a filter lets it through, elsewhere a number.
    fn where_kept(&mut self, kept: Option<NodeId>, node: NodeId, otherwise: f64) -> NodeId {
        let Some(kept) = kept else { return node };
        let shape = self.graph.ty(node).shape.clone();
        let kept = self.graph.splat(kept, &shape);
        let otherwise = self.graph.constant_like(node, otherwise);
        self.graph.pointwise(&SELECT, &[kept, node, otherwise])
    }

    fn folded(&mut self, reducer: Reducer, node: NodeId, kept: Option<NodeId>, axes: Axes) -> NodeId {
        let reduction = match reducer {
            Reducer::Product => Reduction::Product,
            Reducer::Max | Reducer::Any => Reduction::Max,
            Reducer::Min | Reducer::All => Reduction::Min,
            _ => Reduction::Sum,
        };
        let node = match reducer {
            Reducer::Count => self.graph.pointwise(conversion(ElementType::I64), &[node]),
            _ => node,
        };
        let folded = self.graph.reduce(reduction, node, axes);
        if reducer != Reducer::Mean {
            return folded;
        }
        let shape = self.graph.ty(folded).shape.clone();
        let count = match kept {
            None => {
                let count: usize = axes.iter().map(|axis| self.graph.ty(node).shape[axis]).product();
                self.graph.real(self.real, count as f64)
            }
            Some(kept) => {
                let kept = self.graph.pointwise(conversion(ElementType::I64), &[kept]);
                let count = self.graph.reduce(Reduction::Sum, kept, axes);
                self.graph.pointwise(conversion(self.real), &[count])
            }
        };
        let count = self.graph.splat(count, &shape);
        self.pair(&DIVIDE, folded, count)
    }

    /// `log(sum(exp(x)))` over leading axes, without overflow; with an infinite maximum that maximum, as in the prelude.
    fn logarithm_of_sum(&mut self, node: NodeId, axes: Axes) -> NodeId {
        let shape = self.graph.ty(node).shape.clone();
        let maximum = self.graph.reduce(Reduction::Max, node, axes);
        let greatest = self.graph.pointwise(&STOP_GRADIENT, &[maximum]);
        let size = self.graph.pointwise(&ABSOLUTE, &[greatest]);
        let infinity = self.graph.constant_like(size, f64::INFINITY);
        let infinite = self.pair(&EQUAL, size, infinity);
        let zero = self.graph.constant_like(greatest, 0.0);
        let shift = self.graph.pointwise(&SELECT, &[infinite, zero, greatest]);
        let shift_all = self.graph.broadcast(shift, Axes::new(axes.len()..shape.rank()), &shape);
        let shifted = self.pair(&SUBTRACT, node, shift_all);
        let weights = self.graph.pointwise(&EXP, &[shifted]);
        let sum = self.graph.reduce(Reduction::Sum, weights, axes);
        let logarithm = self.graph.pointwise(&LOG, &[sum]);
        let finite = self.pair(&ADD, shift, logarithm);
        self.graph.pointwise(&SELECT, &[infinite, maximum, finite])
    }

    /// The indices of the first greatest or least element that a filter lets through; NaN comes before all numbers.
    fn first_extreme(&mut self, node: NodeId, kept: Option<NodeId>, indices: &[Index], extreme: Extreme) -> Value {
        let shape = self.graph.ty(node).shape.clone();
        let axes = Axes::new(0..indices.len());
        let count: usize = indices.iter().map(count_of).product();
        let rest = shape.sizes()[indices.len()..].to_vec();
        let flat: Shape = std::iter::once(count).chain(rest).collect();
        let (source, extreme) = match kept {
            None => (node, extreme),
            Some(kept) => {
                let (reduction, neutral) = match extreme {
                    Extreme::Max => (Reduction::Max, f64::NEG_INFINITY),
                    Extreme::Min => (Reduction::Min, f64::INFINITY),
                };
                let kept = self.graph.broadcast(kept, axes, &shape);
                let neutral = self.graph.constant_like(node, neutral);
                let masked = self.graph.pointwise(&SELECT, &[kept, node, neutral]);
                let best = self.graph.reduce(reduction, masked, axes);
                let best = self.graph.broadcast(best, Axes::new(indices.len()..shape.rank()), &shape);
                // An element that was left out may equal the best one, but is not it.
                let (equal, is_nan) = (self.pair(&EQUAL, node, best), self.pair(&NOT_EQUAL, node, node));
                let is_best = self.pair(&OR, equal, is_nan);
                let is_best = self.pair(&AND, kept, is_best);
                (self.graph.pointwise(conversion(ElementType::I64), &[is_best]), Extreme::Max)
            }
        };
        let source = self.graph.reshape(source, &flat);
        let place = self.graph.arg_reduce(extreme, source, 0);
        let mut inner = count;
        let mut values = Vec::with_capacity(indices.len());
        for (at, index) in indices.iter().enumerate() {
            let size = count_of(index);
            inner = inner.checked_div(size).unwrap_or(0);
            let mut value = place;
            if inner > 1 {
                let inner = self.graph.constant_like(value, inner as f64);
                value = self.pair(&FLOOR_DIVIDE, value, inner);
            }
            if at > 0 {
                let size = self.graph.constant_like(value, size as f64);
                value = self.pair(&REMAINDER, value, size);
            }
            if let Some(start) = index.start.value().filter(|start| *start != 0) {
                let start = self.graph.constant_like(value, start as f64);
                value = self.pair(&ADD, value, start);
            }
            values.push(Value::Node(value));
        }
        if values.len() == 1 { values.remove(0) } else { Value::Tuple(values) }
    }
}

fn count_of(index: &Index) -> usize {
    index.count.count().unwrap_or(0)
}

/// What an element that is left out counts as; `None` where it is treated otherwise.
fn neutral(reducer: Reducer) -> Option<f64> {
    match reducer {
        Reducer::Sum | Reducer::Mean | Reducer::Any | Reducer::Count => Some(0.0),
        Reducer::Product | Reducer::All => Some(1.0),
        Reducer::Max | Reducer::LogSumExp => Some(f64::NEG_INFINITY),
        Reducer::Min => Some(f64::INFINITY),
        Reducer::ArgMax | Reducer::ArgMin => None,
    }
}
