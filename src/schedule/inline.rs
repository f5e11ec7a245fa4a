//! Which loops are written in line: their states live in registers, and the body is no function of its own.

use super::{Body, BufferId, LoopKernel, ScalarOp, Schedule};
use std::collections::HashSet;

/// The most elements that all states of such a loop have together.
const ELEMENTS: usize = 64;
/// The most operations of a body; longer ones gain nothing.
const OPERATIONS: usize = 2048;

/// Whether a body is scalar code, but for loops that are themselves in line, on few enough elements of state.
pub fn is_inline(body: &Schedule, states: usize) -> bool {
    let elements: usize = body.inputs[1..=states].iter().map(|input| input.ty.shape.count()).sum();
    // A part and the buffer it lies in are the same elements, which two names in registers are not.
    elements <= ELEMENTS && body.parts.is_empty() && operations(body).is_some_and(|operations| operations <= OPERATIONS)
}

/// The number of operations of such a body; none where it has other kernels.
pub fn operations(body: &Schedule) -> Option<usize> {
    let own = body.kernels.iter().map(|kernel| match &kernel.body {
        Body::Scalar(block) => Some(block.instructions.len() + block.stores.len()),
        Body::Copy { from, .. } => (from.layout.count() <= ELEMENTS).then(|| from.layout.count()),
        Body::Zero { to } => (body.buffer(*to).count <= ELEMENTS).then(|| body.buffer(*to).count),
        Body::Loop(inner) if inner.inline => operations(&body.bodies[inner.body]),
        _ => None,
    });
    own.sum()
}

/// The buffers of such a body whose elements must be in memory, in order: what is read by a computed place, and what
/// the loops inside see rows of or the whole of.
pub fn in_memory(body: &Schedule) -> HashSet<BufferId> {
    let mut found = HashSet::new();
    for kernel in &body.kernels {
        match &kernel.body {
            Body::Scalar(block) => {
                let indexed = block.instructions.iter().filter_map(|instruction| match instruction.op {
                    ScalarOp::LoadAt { buffer, .. } => Some(buffer),
                    _ => None,
                });
                found.extend(indexed);
            }
            Body::Loop(inner) => found.extend(read_in_memory(inner)),
            _ => {}
        }
    }
    found
}

/// What a loop reads from memory rather than once into a register.
fn read_in_memory(kernel: &LoopKernel) -> impl Iterator<Item = BufferId> {
    let whole = kernel.invariants.iter().filter(|view| view.layout.count() != 1);
    kernel.sequences.iter().chain(whole).map(|view| view.buffer)
}
