//! Positions as sums: whole numbers times nodes, and a constant.

use crate::ir::ElementType;
use crate::ir::{Graph, NodeId, Op};
use crate::ops::arithmetic::{ADD, MULTIPLY, NEGATE, SUBTRACT};

/// The most nodes that are looked at for one position.
const MOST_NODES: usize = 256;

/// `constant + sum(coefficient * node)`, each node once, no coefficient zero.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Affine {
    pub constant: i64,
    pub terms: Vec<(NodeId, i64)>,
}

impl Affine {
    /// An integer scalar as a sum of indices and other nodes.
    pub fn of(graph: &Graph, position: NodeId) -> Affine {
        let mut budget = MOST_NODES;
        of_node(graph, position, &mut budget).unwrap_or_else(|| Affine::node(position))
    }

    fn node(id: NodeId) -> Affine {
        Affine { constant: 0, terms: vec![(id, 1)] }
    }

    /// The coefficient of a node.
    pub fn coefficient(&self, id: NodeId) -> i64 {
        self.terms.iter().find(|(each, _)| *each == id).map_or(0, |(_, coefficient)| *coefficient)
    }

    /// The sum without a node.
    pub fn without(&self, id: NodeId) -> Affine {
        let terms = self.terms.iter().filter(|(each, _)| *each != id).copied().collect();
        Affine { constant: self.constant, terms }
    }

    /// The sum of one and a multiple of another; `None` beyond 64 bits.
    fn plus(&self, other: &Affine, factor: i64) -> Option<Affine> {
        let mut sum = self.clone();
        sum.constant = sum.constant.checked_add(other.constant.checked_mul(factor)?)?;
        for (id, coefficient) in &other.terms {
            let added = coefficient.checked_mul(factor)?;
            match sum.terms.iter_mut().find(|(each, _)| each == id) {
                Some((_, known)) => *known = known.checked_add(added)?,
                None => sum.terms.push((*id, added)),
            }
        }
        sum.terms.retain(|(_, coefficient)| *coefficient != 0);
        Some(sum)
    }

    /// The least and the greatest value, where every node is an index that has values.
    pub fn extent(&self, graph: &Graph) -> Option<(i64, i64)> {
        self.terms.iter().try_fold((self.constant, self.constant), |(least, greatest), (id, coefficient)| {
            let range = graph.range_of(*id)?;
            let last = range.start.checked_add(i64::try_from(range.count).ok()?.checked_sub(1)?)?;
            if range.count == 0 {
                return None;
            }
            let ends = [range.start.checked_mul(*coefficient)?, last.checked_mul(*coefficient)?];
            Some((least.checked_add(ends[0].min(ends[1]))?, greatest.checked_add(ends[0].max(ends[1]))?))
        })
    }

    /// The greatest common divisor of the coefficients; 1 where there are none.
    pub fn stride(&self) -> i64 {
        let divisor = self.terms.iter().fold(0, |divisor, (_, coefficient)| common_divisor(divisor, coefficient.abs()));
        divisor.max(1)
    }

    /// `(self - offset) / divisor`, which comes out even.
    pub fn scaled(&self, offset: i64, divisor: i64) -> Affine {
        let terms = self.terms.iter().map(|(id, coefficient)| (*id, coefficient / divisor)).collect();
        Affine { constant: (self.constant - offset) / divisor, terms }
    }

    /// The sum as a node.
    pub fn build(&self, graph: &mut Graph) -> NodeId {
        let mut sum = None;
        for (id, coefficient) in &self.terms {
            let term = if *coefficient == 1 {
                *id
            } else {
                let factor = graph.integer(*coefficient);
                graph.pointwise(&MULTIPLY, &[factor, *id])
            };
            sum = Some(sum.map_or(term, |sum| graph.pointwise(&ADD, &[sum, term])));
        }
        match (sum, self.constant) {
            (Some(sum), 0) => sum,
            (Some(sum), constant) => {
                let constant = graph.integer(constant);
                graph.pointwise(&ADD, &[sum, constant])
            }
            (None, constant) => graph.integer(constant),
        }
    }
}

/// `None` beyond 64 bits or the budget.
fn of_node(graph: &Graph, id: NodeId, budget: &mut usize) -> Option<Affine> {
    *budget = budget.checked_sub(1)?;
    let node = graph.node(id);
    if node.ty.element != ElementType::I64 || node.ty.shape.rank() != 0 {
        return Some(Affine::node(id));
    }
    if let Op::Scalar(bits) = node.op {
        return Some(Affine { constant: bits as i64, terms: Vec::new() });
    }
    let Some(definition) = graph.pointwise_of(id) else { return Some(Affine::node(id)) };
    let is = |other: &'static crate::ir::Pointwise| std::ptr::eq(definition, other);
    let none = Affine::default();
    match node.arguments[..] {
        [a, b] if is(&ADD) => of_node(graph, a, budget)?.plus(&of_node(graph, b, budget)?, 1),
        [a, b] if is(&SUBTRACT) => of_node(graph, a, budget)?.plus(&of_node(graph, b, budget)?, -1),
        [a] if is(&NEGATE) => none.plus(&of_node(graph, a, budget)?, -1),
        [a, b] if is(&MULTIPLY) => {
            let (a, b) = (of_node(graph, a, budget)?, of_node(graph, b, budget)?);
            if a.terms.is_empty() {
                none.plus(&b, a.constant)
            } else if b.terms.is_empty() {
                none.plus(&a, b.constant)
            } else {
                Some(Affine::node(id))
            }
        }
        _ => Some(Affine::node(id)),
    }
}

fn common_divisor(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}
