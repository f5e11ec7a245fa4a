//! How many operations on reals a run does, as they are counted for hardware: a function of whatever kind is one, a
//! multiply-add two. Loops count with the most steps they may do.

use super::{Body, Kernel, ScalarOp, Schedule, StripInstruction, StripKernel, StripOp};
use crate::runtime::linear_algebra::LinearAlgebra;

/// The operations on reals of one run.
pub fn flops(schedule: &Schedule) -> u64 {
    schedule.kernels.iter().map(|kernel| of_kernel(schedule, kernel)).fold(0, u64::saturating_add)
}

fn of_kernel(schedule: &Schedule, kernel: &Kernel) -> u64 {
    let is_real = |buffer: super::BufferId| schedule.buffer(buffer).element.is_real();
    match &kernel.body {
        Body::Scalar(block) => {
            let computes = |op: &ScalarOp| {
                matches!(
                    op,
                    ScalarOp::Pointwise(_) | ScalarOp::Add | ScalarOp::Multiply | ScalarOp::Greater | ScalarOp::Lesser
                )
            };
            block.instructions.iter().filter(|each| each.element.is_real() && computes(&each.op)).count() as u64
        }
        Body::Strip(strip) => strip.instructions.iter().map(|each| of_instruction(strip, each)).sum(),
        Body::Contract { left, right, to, places } if is_real(*to) => {
            let turns: u64 = places.loops.iter().map(|each| each.count as u64).product();
            let columns = right.layout.sizes.get(1).copied().unwrap_or(1) as u64;
            2 * turns * left.layout.count() as u64 * columns
        }
        Body::Add { from, to } if is_real(to.buffer) => from.layout.count() as u64,
        Body::ScatterAdd { updates, to, .. } if is_real(*to) => schedule.buffer(*updates).count as u64,
        Body::LinearAlgebra(kernel) => {
            let descriptor = &kernel.descriptor;
            let (batch, n, k) = (descriptor.batch as u64, descriptor.n as u64, descriptor.k as u64);
            batch
                * match descriptor.function {
                    LinearAlgebra::Cholesky => n * n * n / 3,
                    LinearAlgebra::TriangularSolve { .. } => n * n * k,
                    LinearAlgebra::Solve => n * n * (2 * n / 3 + 2 * k),
                    _ => 2 * n * n * n / 3,
                }
        }
        Body::Loop(run) => run.trips as u64 * flops(&schedule.bodies[run.body]),
        Body::Replay(replay) => replay.bodies().map(|body| flops(&schedule.bodies[body])).iter().sum(),
        _ => 0,
    }
}

fn of_instruction(strip: &StripKernel, instruction: &StripInstruction) -> u64 {
    let elements = match instruction.op {
        StripOp::Pointwise(_) => strip.elements(instruction.extent),
        StripOp::Accumulate { .. } | StripOp::FoldRows { .. } => strip.count,
        _ => 0,
    };
    if instruction.element.is_real() { elements as u64 } else { 0 }
}
