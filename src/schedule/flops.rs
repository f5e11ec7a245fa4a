//! How many operations on reals a run does, as they are counted for hardware: a function of whatever kind is one, a
//! multiply-add two. Loops count with the most steps they may do.

use super::work::{differences, multiply_adds};
use super::{Body, Kernel, ScalarOp, Schedule, StripInstruction, StripKernel, StripOp};
use crate::runtime::linear_algebra::LinearAlgebra;

/// The operations on reals of one run.
pub fn flops(schedule: &Schedule) -> u64 {
    let of_kernel = |kernel: &Kernel| flops_of(schedule, kernel).saturating_add(of_called(schedule, kernel));
    schedule.kernels.iter().map(of_kernel).fold(0, u64::saturating_add)
}

/// The operations on reals of the bodies that a kernel calls.
fn of_called(schedule: &Schedule, kernel: &Kernel) -> u64 {
    let trips = if let Body::Loop(run) = &kernel.body { run.trips as u64 } else { 1 };
    let bodies = kernel.body.called().into_iter().map(|body| flops(&schedule.bodies[body]));
    trips.saturating_mul(bodies.fold(0, u64::saturating_add))
}

/// The operations on reals of one run of a kernel, without the bodies that it calls.
pub fn flops_of(schedule: &Schedule, kernel: &Kernel) -> u64 {
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
        Body::Contract { left, right, to, places } if is_real(*to) => 2 * multiply_adds(left, right, places),
        Body::Distances { left, right, .. } => 3 * differences(left, right),
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
        Body::Loop(run) if run.inline => (run.trips as u64).saturating_mul(flops(&schedule.bodies[run.body])),
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
