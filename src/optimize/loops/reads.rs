//! Rows of an invariant that are read in step with the loop: `x[t]`, `x[2 t + 1]`, `x[n - 1 - t]`. The invariant's slice
//! becomes a sequence, so that the derivative by it is written row by row too.

use super::super::arguments_of;
use super::hoist::{fixed, outside};
use super::site::Site;
use crate::ir::{Axes, ElementType, Graph, NodeId, Op};
use crate::ops::arithmetic::{ADD, MULTIPLY, NEGATE, SUBTRACT};

/// How deep an index expression is looked into.
const DEPTH: usize = 8;

/// Turns such reads into sequences.
pub(super) fn rows(graph: &mut Graph, site: &mut Site) {
    let fixed = fixed(site);
    let mut pairs: Vec<(NodeId, NodeId)> = Vec::new();
    for id in site.body.ids() {
        let node = site.body.node(id);
        let Op::Gather { batch } = node.op else { continue };
        let (operand, index, batch) = (node.arguments[0], node.arguments[1], batch as usize);
        let size = site.body.ty(operand).shape[batch];
        if !fixed[operand.index()] || site.body.ty(index).shape.rank() != batch {
            continue;
        }
        let Some((slope, start)) = affine(&site.body, index, DEPTH) else { continue };
        let Some((first, last)) = ends(slope, start, site.trips, size) else { continue };
        let whole = outside(graph, site, &[operand])[0];
        let rank = graph.ty(whole).shape.rank();
        let order = std::iter::once(batch).chain(0..batch).chain(batch + 1..rank);
        let whole = graph.transpose(whole, Axes::new(order));
        let mut sequence = graph.slice(whole, 0, first.min(last), slope.unsigned_abs() as usize, site.trips);
        if slope < 0 {
            sequence = graph.reverse(sequence, 0);
        }
        pairs.push((id, sequence));
    }
    if !pairs.is_empty() {
        let stacked = vec![true; site.body.outputs().len() - site.states];
        site.rewrite(&site.roles(), &stacked, &pairs, &[]);
    }
}

/// The first and the last position read, if all are inside and they differ from step to step.
fn ends(slope: i64, start: i64, trips: usize, size: usize) -> Option<(usize, usize)> {
    let steps = i64::try_from(trips.checked_sub(1)?).ok()?;
    let last = slope.checked_mul(steps)?.checked_add(start)?;
    let inside = |place: i64| usize::try_from(place).ok().filter(|place| *place < size);
    if slope == 0 { None } else { Some((inside(start)?, inside(last)?)) }
}

/// The factor and the summand of an integer that is `factor * step + summand` everywhere.
fn affine(body: &Graph, id: NodeId, depth: usize) -> Option<(i64, i64)> {
    let node = body.node(id);
    if depth == 0 || node.ty.element != ElementType::I64 {
        return None;
    }
    let inner = |id: NodeId| affine(body, id, depth - 1);
    match node.op {
        Op::Input(0) => Some((1, 0)),
        Op::Scalar(bits) => Some((0, bits as i64)),
        Op::Broadcast(_) | Op::Reshape => inner(node.arguments[0]),
        _ => {
            if let Some([a, b]) = arguments_of(body, id, &ADD) {
                let (a, b) = (inner(a)?, inner(b)?);
                Some((a.0.checked_add(b.0)?, a.1.checked_add(b.1)?))
            } else if let Some([a, b]) = arguments_of(body, id, &SUBTRACT) {
                let (a, b) = (inner(a)?, inner(b)?);
                Some((a.0.checked_sub(b.0)?, a.1.checked_sub(b.1)?))
            } else if let Some([a, b]) = arguments_of(body, id, &MULTIPLY) {
                let (a, b) = (inner(a)?, inner(b)?);
                let (factor, line) = if a.0 == 0 { (a.1, b) } else { (b.1, a) };
                let fits = a.0 == 0 || b.0 == 0;
                fits.then_some((line.0.checked_mul(factor)?, line.1.checked_mul(factor)?))
            } else {
                let [a] = arguments_of(body, id, &NEGATE)?;
                let (factor, summand) = inner(a)?;
                Some((factor.checked_neg()?, summand.checked_neg()?))
            }
        }
    }
}
