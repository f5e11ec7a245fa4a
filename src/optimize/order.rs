//! The order of products of several tensors: `(A @ B) @ x` is computed as `A @ (B @ x)`.
//!
//! A contraction of contractions is taken apart into its factors, whose axes get labels: an axis that several factors
//! share has one label. The order that takes the fewest multiplications is found by trying all, since there are few
//! factors. It is chosen from the product alone, whatever else needs parts of it, so that a value has the same bits in every
//! program; a part that two products share is still not computed more often than before where each takes half the work.
//!
//! Rounding changes, as it does with the order of additions in a product of two.

use super::factor::Factor;
use super::{Task, with_arguments};
use crate::ir::{Graph, MAX_RANK, NodeId, Op};

/// By which factor the multiplications must fall.
const GAIN: u64 = 2;
/// The most factors that are looked at together.
const FACTORS: usize = 6;

/// A product of factors: the size of each label, what is wanted, and what it costs as it is.
struct Product {
    sizes: Vec<usize>,
    factors: Vec<Factor>,
    wanted: Vec<usize>,
    multiplications: u64,
}

/// Orders the products that the roots need; whether anything changed. Loops have ordered those in their bodies.
pub(super) fn reorder(graph: &mut Graph, roots: &mut [NodeId], task: &mut Task) -> bool {
    let needed = graph.reachable_from(roots.iter().copied());
    let mut map: Vec<NodeId> = graph.ids().collect();
    let mut changed = false;
    for index in (0..needed.len()).filter(|index| needed[*index]) {
        let id = NodeId(index as u32);
        let span = graph.span(id);
        let before = std::mem::replace(&mut graph.current_span, span);
        map[index] = with_arguments(graph, id, &map);
        if let Some(ordered) = ordered(graph, map[index], task) {
            map[index] = ordered;
            changed = true;
        }
        graph.current_span = before;
    }
    for root in roots {
        *root = map[root.index()];
    }
    changed
}

fn ordered(graph: &mut Graph, id: NodeId, task: &mut Task) -> Option<NodeId> {
    let product = Product::of(graph, id)?;
    let plans = product.plans();
    let multiplications = plans.last()?.multiplications;
    if multiplications.saturating_mul(GAIN) > product.multiplications {
        return None;
    }
    let text = format!(
        "a product of {} tensors in another order: {multiplications} multiplications in place of {}",
        product.factors.len(),
        product.multiplications
    );
    task.report.add(graph, text);
    let built = product.build(graph, &plans, plans.len() - 1);
    let shape = graph.ty(id).shape.clone();
    Some(built.spread(graph, &product.wanted, &shape))
}

/// How the product of a set of factors is computed.
#[derive(Clone)]
struct Plan {
    multiplications: u64,
    /// One of the two sets that are multiplied last, by the bits of its factors.
    left: usize,
}

impl Product {
    /// The product that a contraction of at least one other contraction is.
    fn of(graph: &Graph, id: NodeId) -> Option<Self> {
        let is_product = matches!(graph.node(id).op, Op::Contract { .. }) && graph.ty(id).element.is_real();
        if !is_product {
            return None;
        }
        let wanted: Vec<usize> = (0..graph.ty(id).shape.rank()).collect();
        let sizes = graph.ty(id).shape.sizes().to_vec();
        let whole = Factor { node: id, labels: wanted.clone() };
        let mut product = Product { sizes, factors: vec![whole], wanted, multiplications: 0 };
        while product.factors.len() < FACTORS && product.take_apart(graph) {}
        (product.factors.len() > 2).then_some(product)
    }

    /// Replaces one factor that is a contraction by its two.
    fn take_apart(&mut self, graph: &Graph) -> bool {
        let contraction = |factor: &Factor| contraction_within(graph, factor).is_some();
        let Some(place) = self.factors.iter().position(contraction) else { return false };
        let Some((node, labels)) = contraction_within(graph, &self.factors[place]) else { return false };
        let Op::Contract { batch, contract } = graph.node(node).op else { return false };
        let (left, right) = (graph.node(node).arguments[0], graph.node(node).arguments[1]);
        let shape = &graph.ty(left).shape;
        let (batch, free) = (usize::from(batch), shape.rank() - usize::from(contract));
        let inner: Vec<usize> = (self.sizes.len()..self.sizes.len() + usize::from(contract)).collect();
        self.sizes.extend(&shape.sizes()[free..]);
        let of_left = labels[..free].iter().chain(&inner).copied().collect();
        let of_right = labels[..batch].iter().chain(&labels[free..]).chain(&inner).copied().collect();
        self.multiplications = self.multiplications.saturating_add(self.volume(labels.iter().chain(&inner).copied()));
        self.factors
            .splice(place..=place, [(left, of_left), (right, of_right)].map(|(node, labels)| Factor { node, labels }));
        true
    }

    fn volume(&self, labels: impl Iterator<Item = usize>) -> u64 {
        labels.fold(1, |volume: u64, label| volume.saturating_mul(self.sizes[label] as u64))
    }

    /// The labels that the product of a set of factors has: those that others have, or that are wanted.
    fn labels(&self, set: usize) -> Vec<usize> {
        let within = |place: usize| set >> place & 1 == 1;
        let any = |inside: bool, label: usize| {
            let factors = self.factors.iter().enumerate().filter(|(place, _)| within(*place) == inside);
            factors.into_iter().any(|(_, factor)| factor.labels.contains(&label))
        };
        let kept = |label: &usize| any(true, *label) && (any(false, *label) || self.wanted.contains(label));
        (0..self.sizes.len()).filter(kept).collect()
    }

    /// The best way to compute the product of each set of factors, by the bits of the set.
    fn plans(&self) -> Vec<Plan> {
        let sets = 1_usize << self.factors.len();
        let labels: Vec<Vec<usize>> = (0..sets).map(|set| self.labels(set)).collect();
        let mut plans = vec![Plan { multiplications: 0, left: 0 }; sets];
        for set in (1..sets).filter(|set| !set.is_power_of_two()) {
            let fits = |left: &usize| left & set == *left && *left < set - left;
            let cost = |left: usize| {
                let right = set - left;
                let both =
                    labels[left].iter().chain(labels[right].iter().filter(|label| !labels[left].contains(label)));
                let last = if labels[set].len() > MAX_RANK { u64::MAX } else { self.volume(both.copied()) };
                last.saturating_add(plans[left].multiplications).saturating_add(plans[right].multiplications)
            };
            let best = (1..set).filter(fits).map(|left| Plan { multiplications: cost(left), left });
            if let Some(best) = best.min_by_key(|plan| plan.multiplications) {
                plans[set] = best;
            }
        }
        plans
    }

    fn build(&self, graph: &mut Graph, plans: &[Plan], set: usize) -> Factor {
        if set.is_power_of_two() {
            return self.factors[set.trailing_zeros() as usize].clone();
        }
        let left = self.build(graph, plans, plans[set].left);
        let right = self.build(graph, plans, set - plans[set].left);
        left.times(graph, &right, &self.labels(set))
    }
}

/// A contraction that a factor is, or is the transpose of, with the labels of its axes.
fn contraction_within(graph: &Graph, factor: &Factor) -> Option<(NodeId, Vec<usize>)> {
    let node = graph.node(factor.node);
    let Op::Transpose(order) = node.op else {
        return matches!(node.op, Op::Contract { .. }).then(|| (factor.node, factor.labels.clone()));
    };
    let labels = (0..order.len()).filter_map(|axis| order.position(axis)).map(|place| factor.labels[place]);
    contraction_within(graph, &Factor::new(node.arguments[0], labels))
}
