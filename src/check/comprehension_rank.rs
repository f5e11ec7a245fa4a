//! How many axes the tensors inside a comprehension come to have: while it is computed, each has one more for every index
//! around it.

use super::Checker;
use super::program::{InstanceId, Kind, Typed};
use super::types::Type;
use crate::diagnostics::catalog::shapes;
use crate::ir::MAX_RANK;
use crate::source::Span;

/// Axes that are kept free: one for the examples of a batch, one for windows.
const RESERVED: usize = 2;

impl Checker<'_, '_> {
    /// Whether a body fits the largest number of axes when each tensor in it has some more in front; else a message.
    pub(super) fn fits_rank(&mut self, body: &Typed, indices: usize, span: Span) -> bool {
        let needed = self.rank_needed(body) + indices;
        let fits = needed + RESERVED <= MAX_RANK;
        if !fits {
            let most = MAX_RANK - RESERVED;
            let text =
                format!("a tensor in here has {needed} axes, counting the indices around it, and {most} are possible");
            self.report(shapes::bad_size(&text, span, "compute a part of it outside, or combine some axes into one"));
        }
        fits
    }

    /// The most axes that a tensor in an expression has, indices inside it counted.
    fn rank_needed(&mut self, typed: &Typed) -> usize {
        let mut most = rank(&typed.ty);
        match &*typed.kind {
            Kind::Call { instance, .. } => most = most.max(self.rank_of_instance(*instance)),
            Kind::Derivative(call) => {
                let passes = usize::from(call.form.is_matrix());
                most = most.max(self.rank_of_instance(call.instance) + passes);
            }
            _ => {}
        }
        let indices = match &*typed.kind {
            Kind::Comprehension(comprehension) => comprehension.axes.iter().map(Vec::len).sum(),
            Kind::IndexedReduction(reduction) => reduction.indices.len(),
            _ => 0,
        };
        let mut parts = Vec::new();
        typed.kind.for_each_part(&mut |part| parts.push(part));
        parts.into_iter().fold(most, |most, part| most.max(self.rank_needed(part) + indices))
    }

    pub(super) fn rank_of_instance(&mut self, id: InstanceId) -> usize {
        if let Some(rank) = self.ranks.get(&id) {
            return *rank;
        }
        let body = self.program.instances[id.0 as usize].body.clone();
        let rank = self.rank_needed(&body);
        self.ranks.insert(id, rank);
        rank
    }
}

/// The most axes of a tensor in a type.
pub(super) fn rank(ty: &Type) -> usize {
    match ty.parts() {
        Some(parts) => parts.iter().map(rank).max().unwrap_or(0),
        None => ty.sizes().len(),
    }
}
