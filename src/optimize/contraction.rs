//! Recognition of contractions: the sum of a product of repeated tensors over axes that both have.
//!
//! `sum(W[i, k] * x[k] for k)` arrives as a repeated product folded along k and leaves as a matrix-vector product. Sums
//! of two tensors over everything stay sums, since those are computed together with what makes their arguments. Of a
//! contraction whose sum, whose diagonal, or whose repeated argument is what is wanted, less is computed; one whose transpose is
//! wanted is computed as that.
//! Rounding changes with the order of adding.

use super::factor::Factor;
use super::{Rule, arguments_of};
use crate::ir::{Axes, Graph, NodeId, Op, Reduction, Shape};
use crate::ops::arithmetic::MULTIPLY;

/// The rules of this file.
pub static RULES: &[Rule] = &[
    Rule::rounding("sum(repeated a * repeated b * …) = contract(a, b * …)", sum_of_product),
    Rule::rounding(
        "contract(repeated a, b) = repeated contract(a, sum(b)), the sum where a is a finite constant",
        of_repeated,
    ),
    Rule::rounding("sum(contract(a, b)) = sum(sum(a) * sum(b)) over all axes of both", sum_of_contraction),
    Rule::rounding("diagonal(contract(a, b)) = sum(a * b)", diagonal_of_contraction),
    Rule::rounding("transpose(contract(a, b)) = contract(b, a) of few terms", product_turned),
];

/// The most terms of a product that is computed anew rather than transposed.
const FEW_TERMS: usize = 8;
/// How many times the elements of all factors and the result a product of two of three factors may have.
const MOST_GROWTH: usize = 4;
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
        factors.into_iter().partition(|factor| factor.labels.iter().any(|axis| folded.contains(*axis)));
    let [left, right] = match &absorbed(graph, grouped(inside), &shape)[..] {
        [left, right] if worthwhile(&left[0].labels, &right[0].labels, folded) => {
            [left, right].map(|group| multiplied(graph, group))
        }
        [a, b, c] => paired(graph, [a, b, c], folded, &shape)?,
        _ => return None,
    };
    let rest: Vec<usize> = (0..shape.rank()).filter(|axis| !folded.contains(*axis)).collect();
    let target = graph.ty(id).shape.clone();
    let product = left.times(graph, &right, &rest);
    let mut result = product.spread(graph, &rest, &target);
    for factor in outside {
        let spread = factor.spread(graph, &rest, &target);
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
        Op::Broadcast(axes) => Factor::new(graph.node(id).arguments[0], axes.iter()),
        _ => Factor::new(id, 0..graph.ty(id).shape.rank()),
    });
}

fn is_broadcast(graph: &Graph, id: NodeId) -> bool {
    matches!(graph.node(id).op, Op::Broadcast(_))
}

/// Factors with the same axes together.
fn grouped(factors: Vec<Factor>) -> Vec<Vec<Factor>> {
    let mut groups: Vec<Vec<Factor>> = Vec::new();
    for factor in factors {
        match groups.iter_mut().find(|group| group[0].labels == factor.labels) {
            Some(group) => group.push(factor),
            None => groups.push(vec![factor]),
        }
    }
    groups
}

/// Groups whose axes another group has too are multiplied into that one, until two are left.
fn absorbed(graph: &mut Graph, mut groups: Vec<Vec<Factor>>, shape: &Shape) -> Vec<Vec<Factor>> {
    while groups.len() > 2 {
        groups.sort_by_key(|group| group[0].labels.len());
        let within =
            |small: &[Factor], large: &[Factor]| small[0].labels.iter().all(|axis| large[0].labels.contains(axis));
        let pair = (0..groups.len()).find_map(|small| {
            let large = (small + 1..groups.len()).find(|large| within(&groups[small], &groups[*large]))?;
            Some((small, large))
        });
        let Some((small, large)) = pair else { break };
        let axes = groups[large][0].labels.clone();
        let factor = multiplied(graph, &groups[small]);
        let places = factor.labels.iter().filter_map(|axis| axes.iter().position(|each| each == axis));
        let spread: Shape = axes.iter().map(|axis| shape[*axis]).collect();
        let source = graph.broadcast(factor.node, Axes::new(places), &spread);
        groups[large].push(Factor::new(source, axes));
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

/// Two of three groups multiplied, so that both sides of what is left have axes of their own that stay and none of them in
/// common: a product of matrices, whose one factor has the fewest elements.
fn paired(graph: &mut Graph, groups: [&[Factor]; 3], folded: Axes, shape: &Shape) -> Option<[Factor; 2]> {
    let stays = |axis: &usize| !folded.contains(*axis);
    let own = |a: &[usize], b: &[usize]| a.iter().any(|axis| stays(axis) && shape[*axis] > 1 && !b.contains(axis));
    let volume = |axes: &[usize]| -> usize { axes.iter().map(|axis| shape[*axis]).product() };
    let result: Vec<usize> = (0..shape.rank()).filter(stays).collect();
    let most = MOST_GROWTH * (volume(&result) + groups.iter().map(|group| volume(&group[0].labels)).sum::<usize>());
    let ways = [[0, 1, 2], [0, 2, 1], [1, 2, 0]].into_iter().filter_map(|[a, b, other]| {
        let labels = united(&groups[a][0].labels, &groups[b][0].labels);
        let alone = &groups[other][0].labels;
        let apart = !labels.iter().any(|axis| stays(axis) && alone.contains(axis));
        let pays = apart && own(&labels, alone) && own(alone, &labels) && worthwhile(&labels, alone, folded);
        let elements = volume(&labels);
        (pays && elements <= most).then_some((elements, [a, b, other], labels))
    });
    let (_, [a, b, other], labels) = ways.min_by_key(|(elements, ..)| *elements)?;
    let [a, b, other] = [a, b, other].map(|place| multiplied(graph, groups[place]));
    Some([a.beside(graph, &b, labels), other])
}

/// The axes of either, in order.
fn united(a: &[usize], b: &[usize]) -> Vec<usize> {
    let mut all: Vec<usize> = a.iter().chain(b).copied().collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn multiplied(graph: &mut Graph, group: &[Factor]) -> Factor {
    let mut product = group[0].clone();
    for factor in &group[1..] {
        product.node = graph.pointwise(&MULTIPLY, &[product.node, factor.node]);
    }
    product
}

/// The two sides of a contraction of reals, with the labels of their axes: first those of the result.
fn sides(graph: &Graph, id: NodeId) -> Option<[Factor; 2]> {
    let Op::Contract { batch, contract } = graph.node(id).op else { return None };
    let [left, right] = graph.node(id).arguments[..] else { return None };
    let (batch, rank) = (usize::from(batch), graph.ty(id).shape.rank());
    let rows = graph.ty(left).shape.rank() - usize::from(contract);
    let inner = rank..rank + usize::from(contract);
    let factors = [
        Factor::new(left, (0..rows).chain(inner.clone())),
        Factor::new(right, (0..batch).chain(rows..rank).chain(inner)),
    ];
    let has_elements = factors.iter().all(|factor| graph.ty(factor.node).shape.count() > 0);
    (graph.ty(id).element.is_real() && has_elements).then_some(factors)
}

/// What a factor repeats, if it does.
fn source(graph: &Graph, factor: &Factor) -> Option<Factor> {
    let node = graph.node(factor.node);
    match node.op {
        Op::Broadcast(axes) => Some(Factor::new(node.arguments[0], axes.iter().map(|axis| factor.labels[axis]))),
        Op::Transpose(order) => {
            let labels = (0..order.len()).filter_map(|axis| order.position(axis)).map(|place| factor.labels[place]);
            source(graph, &Factor::new(node.arguments[0], labels))
        }
        _ => None,
    }
}

/// What repeats along a sum is a finite constant: an infinite number times a sum is not the sum of its products, of which
/// one with a zero is NaN.
fn of_repeated(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [left, right] = sides(graph, id)?;
    let shape = graph.ty(id).shape.clone();
    let fits = |source: &Factor, other: &Factor| {
        let mut summed = other.labels.iter().filter(|label| **label >= shape.rank());
        let is_finite = graph.constant_value(source.node).is_some_and(f64::is_finite);
        is_finite || summed.all(|label| source.labels.contains(label))
    };
    let of_left = source(graph, &left).filter(|source| fits(source, &right));
    let of_right = source(graph, &right).filter(|source| fits(source, &left));
    let (a, b) = match (of_left, of_right) {
        (Some(source), _) => (source, right),
        (None, source) => (left, source?),
    };
    let wanted: Vec<usize> = (0..shape.rank()).collect();
    let product = a.times(graph, &b, &wanted);
    Some(product.spread(graph, &wanted, &shape))
}

/// Along the free axes of one side only, nothing would be gained.
fn sum_of_contraction(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Reduce(Reduction::Sum, folded) = graph.node(id).op else { return None };
    let product = graph.node(id).arguments[0];
    let [left, right] = sides(graph, product)?;
    let free = |factor: &Factor, other: &Factor| -> Vec<usize> {
        factor.labels.iter().copied().filter(|label| !other.labels.contains(label)).collect()
    };
    let (rows, columns) = (free(&left, &right), free(&right, &left));
    if rows.is_empty() || columns.is_empty() || rows.iter().chain(&columns).any(|label| !folded.contains(*label)) {
        return None;
    }
    let kept: Vec<usize> = (0..graph.ty(product).shape.rank()).filter(|axis| !folded.contains(*axis)).collect();
    let shape = graph.ty(id).shape.clone();
    let sum = left.times(graph, &right, &kept);
    Some(sum.spread(graph, &kept, &shape))
}

/// The diagonal of a matrix is written as a slice of its elements in a row.
fn diagonal_of_contraction(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Slice { axis: 0, start: 0, step } = graph.node(id).op else { return None };
    let row = graph.node(id).arguments[0];
    let matrix = *graph.node(row).arguments.first()?;
    let n = graph.ty(id).shape[0];
    let is_diagonal = graph.node(row).op == Op::Reshape
        && graph.ty(row).shape.rank() == 1
        && graph.ty(matrix).shape.sizes() == [n, n]
        && step as usize == n + 1;
    let product = match graph.node(matrix).op {
        Op::Transpose(_) => graph.node(matrix).arguments[0],
        _ => matrix,
    };
    let [left, mut right] = sides(graph, product).filter(|_| is_diagonal)?;
    // Row and column are one index now; of matrices in a batch the diagonal goes across them.
    let column = right.labels.iter_mut().find(|label| **label == 1)?;
    *column = 0;
    if right.labels.iter().filter(|label| **label == 0).count() > 1 {
        return None;
    }
    Some(left.times(graph, &right, &[0]).node)
}

/// Whoever else needs the product as it is keeps it: a result may not depend on that. Sums of few terms are no dearer than what the
/// transpose moves.
fn product_turned(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let Op::Transpose(order) = graph.node(id).op else { return None };
    let product = graph.node(id).arguments[0];
    let Op::Contract { batch, contract } = graph.node(product).op else { return None };
    let [left, right] = graph.node(product).arguments[..] else { return None };
    let (batch, contract) = (usize::from(batch), usize::from(contract));
    let rows = graph.ty(left).shape.rank() - contract;
    let exchanged = (0..batch).chain(rows..order.len()).chain(batch..rows);
    let terms: usize = graph.ty(left).shape.sizes()[rows..].iter().product();
    (terms <= FEW_TERMS && order.iter().eq(exchanged)).then(|| graph.contract(right, left, batch, contract))
}
