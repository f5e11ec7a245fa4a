//! From the parts of a clock to the kernels of a schedule.

use super::KernelTime;
use crate::runtime::clock::Lapse;
use crate::schedule::{Schedule, bytes_of, describe, flops_of, origins};
use crate::source::Span;

/// The kernels of a schedule, with those of its bodies, from what the parts of one run came to.
pub(super) fn times(schedule: &Schedule, lapses: &[Lapse]) -> Vec<KernelTime> {
    let mut reader = Reader { program: schedule, lapses, kernels: Vec::new() };
    // What is before the first kernel of all is the caller's time.
    reader.program(schedule, None);
    let mut kernels = reader.kernels;
    // Kernels come after the loop that they are in.
    for place in (0..kernels.len()).rev() {
        kernels[place].total += kernels[place].seconds;
        if let Some(within) = kernels[place].within {
            kernels[within].total += kernels[place].total;
        }
    }
    kernels
}

/// Reads the parts in the order of [`crate::schedule::programs`].
struct Reader<'s> {
    /// The whole, which knows the places of all nodes.
    program: &'s Schedule,
    lapses: &'s [Lapse],
    kernels: Vec<KernelTime>,
}

impl Reader<'_> {
    /// Adds the kernels of a schedule; the seconds before the first of them.
    fn program(&mut self, schedule: &Schedule, within: Option<usize>) -> f64 {
        let (own, rest) = self.lapses.split_at(1 + schedule.kernels.len());
        self.lapses = rest;
        let first = self.kernels.len();
        for (kernel, lapse) in schedule.kernels.iter().zip(&own[1..]) {
            self.kernels.push(KernelTime {
                within,
                kind: kernel.body.kind(),
                text: describe(schedule, kernel),
                places: self.places(origins(kernel)),
                seconds: lapse.seconds,
                total: 0.0,
                calls: lapse.count,
                operations: flops_of(schedule, kernel) as f64 * lapse.count,
                bytes: bytes_of(schedule, kernel) as f64 * lapse.count,
            });
        }
        for (index, body) in schedule.bodies.iter().enumerate().filter(|(index, _)| !schedule.is_inline(*index)) {
            let calls = |kernel: &crate::schedule::Kernel| kernel.body.called().contains(&index);
            let caller = schedule.kernels.iter().position(calls).map(|place| first + place);
            // What is between the steps of a loop is the loop's own time.
            let between = self.program(body, caller);
            if let Some(caller) = caller {
                self.kernels[caller].seconds += between;
            }
        }
        own[0].seconds
    }

    fn places(&self, origins: Vec<crate::ir::NodeId>) -> Vec<Span> {
        let mut places: Vec<Span> = origins.into_iter().filter_map(|origin| self.program.span(origin)).collect();
        places.sort();
        places.dedup();
        places
    }
}
