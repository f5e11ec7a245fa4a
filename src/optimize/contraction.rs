//! Recognition of contractions: the sum of a product of repeated tensors over axes that both have.
//!
//! `sum(W[i, k] * x[k] for k)` arrives as a repeated product folded along k and leaves as a matrix-vector product. Sums
//! of two tensors over everything stay sums, since those are computed together with what makes their arguments.
//! Rounding changes with the order of adding.

use super::{Rule, arguments_of};
use crate::ir::{Axes, Graph, NodeId, Op, Reduction, Shape};
use crate::ops::arithmetic::MULTIPLY;

/// The rules of this file.
pub static RULES: &[Rule] = &[Rule::rounding("sum(repeated a * repeated b) = contract(a, b)", sum_of_product)];

/// A factor of a product: a tensor and the axes of the product that its own axes are.
#[derive(Clone)]
struct Factor {
    source: NodeId,
    axes: Vec<usize>,
}

/// The most factors that are looked at.
const FACTORS: usize = 4;

fn sum_of_product(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Reduce(Reduction::Sum, folded) = graph.node(id).op else { return None };
    let product = graph.node(id).arguments[0];
    let shape = graph.ty(product).shape.clone();
    if !graph.ty(id).element.is_real() || shape.count() == 0 {
        return None;
    }
    let [a, b] = arguments_of(graph, product, &MULTIPLY)?;
    let mut factors = Vec::new();
    collect(graph, a, &mut factors);
    collect(graph, b, &mut factors);
    if factors.len() > FACTORS {
        return None;
    }
    let (inside, outside): (Vec<Factor>, Vec<Factor>) =
        factors.into_iter().partition(|factor| factor.axes.iter().any(|axis| folded.contains(*axis)));
    let [left, right] = &absorbed(graph, grouped(inside), &shape)[..] else { return None };
    if !worthwhile(&left[0].axes, &right[0].axes, folded) {
        return None;
    }
    let left = multiplied(graph, left);
    let right = multiplied(graph, right);
    let (left, right) = (fold_alone(graph, &left, &right, folded), fold_alone(graph, &right, &left, folded));
    let rest: Vec<usize> = (0..shape.rank()).filter(|axis| !folded.contains(*axis)).collect();
    let target = graph.ty(id).shape.clone();
    let mut result = contracted(graph, &left, &right, folded, &rest, &target);
    for factor in outside {
        let spread = placed(graph, factor.source, &factor.axes, &rest, &target);
        result = graph.pointwise(&MULTIPLY, &[result, spread]);
    }
    Some(result)
}

/// The factors of a product, through products of products and repetitions.
fn collect(graph: &Graph, id: NodeId, factors: &mut Vec<Factor>) {
    if factors.len() <= FACTORS
        && let Some([a, b]) = arguments_of(graph, id, &MULTIPLY)
        && (is_broadcast(graph, a) || is_broadcast(graph, b))
    {
        collect(graph, a, factors);
        collect(graph, b, factors);
        return;
    }
    factors.push(match graph.node(id).op {
        Op::Broadcast(axes) => Factor { source: graph.node(id).arguments[0], axes: axes.iter().collect() },
        _ => Factor { source: id, axes: (0..graph.ty(id).shape.rank()).collect() },
    });
}

fn is_broadcast(graph: &Graph, id: NodeId) -> bool {
    matches!(graph.node(id).op, Op::Broadcast(_))
}

/// Factors with the same axes together.
fn grouped(factors: Vec<Factor>) -> Vec<Vec<Factor>> {
    let mut groups: Vec<Vec<Factor>> = Vec::new();
    for factor in factors {
        match groups.iter_mut().find(|group| group[0].axes == factor.axes) {
            Some(group) => group.push(factor),
            None => groups.push(vec![factor]),
        }
    }
    groups
}

/// Groups whose axes another group has too are multiplied into that one, until two are left.
fn absorbed(graph: &mut Graph, mut groups: Vec<Vec<Factor>>, shape: &Shape) -> Vec<Vec<Factor>> {
    while groups.len() > 2 {
        groups.sort_by_key(|group| group[0].axes.len());
        let within = |small: &[Factor], large: &[Factor]| small[0].axes.iter().all(|axis| large[0].axes.contains(axis));
        let pair = (0..groups.len()).find_map(|small| {
            let large = (small + 1..groups.len()).find(|large| within(&groups[small], &groups[*large]))?;
            Some((small, large))
        });
        let Some((small, large)) = pair else { break };
        let axes = groups[large][0].axes.clone();
        let factor = multiplied(graph, &groups[small]);
        let places = factor.axes.iter().filter_map(|axis| axes.iter().position(|each| each == axis));
        let spread: Shape = axes.iter().map(|axis| shape[*axis]).collect();
        let source = graph.broadcast(factor.source, Axes::new(places), &spread);
        groups[large].push(Factor { source, axes });
        groups.remove(small);
    }
    groups
}

/// Whether both share a folded axis, and one of them has an axis of its own that stays.
fn worthwhile(left: &[usize], right: &[usize], folded: Axes) -> bool {
    let shared = left.iter().any(|axis| folded.contains(*axis) && right.contains(axis));
    let own = |a: &[usize], b: &[usize]| a.iter().any(|axis| !folded.contains(*axis) && !b.contains(axis));
    shared && (own(left, right) || own(right, left))
}

fn multiplied(graph: &mut Graph, group: &[Factor]) -> Factor {
    let mut product = group[0].clone();
    for factor in &group[1..] {
        product.source = graph.pointwise(&MULTIPLY, &[product.source, factor.source]);
    }
    product
}

/// Folds the axes that the other factor does not have.
fn fold_alone(graph: &mut Graph, factor: &Factor, other: &Factor, folded: Axes) -> Factor {
    let alone = |axis: &usize| folded.contains(*axis) && !other.axes.contains(axis);
    let places = Axes::new((0..factor.axes.len()).filter(|place| alone(&factor.axes[*place])));
    let source = graph.reduce(Reduction::Sum, factor.source, places);
    Factor { source, axes: factor.axes.iter().filter(|axis| !alone(axis)).copied().collect() }
}

fn contracted(
    graph: &mut Graph,
    left: &Factor,
    right: &Factor,
    folded: Axes,
    rest: &[usize],
    target: &Shape,
) -> NodeId {
    let both = |axis: &&usize| right.axes.contains(axis);
    let batch: Vec<usize> = left.axes.iter().filter(both).filter(|axis| !folded.contains(**axis)).copied().collect();
    let inner: Vec<usize> = left.axes.iter().filter(|axis| folded.contains(**axis)).copied().collect();
    let free = |factor: &Factor| -> Vec<usize> {
        factor.axes.iter().filter(|axis| !batch.contains(axis) && !inner.contains(axis)).copied().collect()
    };
    let (rows, columns) = (free(left), free(right));
    let ordered = |graph: &mut Graph, factor: &Factor, free: &[usize]| {
        let order = batch.iter().chain(free).chain(&inner);
        let places = order.map(|axis| factor.axes.iter().position(|each| each == axis).unwrap_or(0));
        graph.transpose(factor.source, Axes::new(places))
    };
    let (a, b) = (ordered(graph, left, &rows), ordered(graph, right, &columns));
    let product = graph.contract(a, b, batch.len(), inner.len());
    let axes: Vec<usize> = batch.iter().chain(&rows).chain(&columns).copied().collect();
    placed(graph, product, &axes, rest, target)
}

/// A tensor whose axes are these axes of the product, as a tensor with all axes that are left of the product.
fn placed(graph: &mut Graph, source: NodeId, axes: &[usize], rest: &[usize], target: &Shape) -> NodeId {
    let mut sorted: Vec<usize> = (0..axes.len()).collect();
    sorted.sort_unstable_by_key(|place| axes[*place]);
    let places = Axes::new(sorted.iter().map(|place| rest.iter().position(|axis| *axis == axes[*place]).unwrap_or(0)));
    let turned = graph.transpose(source, Axes::new(sorted));
    graph.broadcast(turned, places, target)
}
