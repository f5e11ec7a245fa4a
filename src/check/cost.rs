//! How many operations a call stands for: every call is unfolded when native code is made, so functions that call one
//! another twice at each step would grow without measure.

use super::Checker;
use super::program::{InstanceId, Kind, Typed};

/// The most operations that a call may unfold into.
pub(super) const MAX_COST: u64 = 1 << 20;

impl Checker<'_, '_> {
    /// How many operations a call of an instance unfolds into.
    pub(super) fn cost(&mut self, id: InstanceId) -> u64 {
        if let Some(cost) = self.costs.get(&id) {
            return *cost;
        }
        let mut called = Vec::new();
        let own = operations(&self.program.instances[id.0 as usize].body, &mut called);
        let cost = called.into_iter().fold(own, |cost, id| cost.saturating_add(self.cost(id)));
        self.costs.insert(id, cost);
        cost
    }
}

/// The operations of an expression itself, and the instances that it calls.
fn operations(typed: &Typed, called: &mut Vec<InstanceId>) -> u64 {
    match &*typed.kind {
        Kind::Call { instance, .. } => called.push(*instance),
        Kind::Derivative(call) => called.push(call.instance),
        _ => {}
    }
    let mut count = 1;
    typed.kind.for_each_part(&mut |part| count += operations(part, called));
    count
}
