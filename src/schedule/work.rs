//! How much a schedule does, as one number that no machine changes: to compare programs, such as a value and its gradient.
//!
//! The unit is an addition of two elements of a strip. The weights are rough ratios of times. Loops count with the most steps
//! they may do.

use super::{
    Body, ContractPlaces, Kernel, LoopKernel, MatrixKernel, SMALL_COPY, ScalarBlock, ScalarOp, Schedule, StripKernel,
    StripOp, View,
};
use crate::ir::{Instruction, Pointwise};
use crate::runtime::linear_algebra::LinearAlgebra;

/// A division or a square root.
const DIVISION: u64 = 4;
/// A function of one argument without an instruction of its own: mostly an elementary function.
const FUNCTION: u64 = 16;
/// The same of two arguments: mostly a product with care for zeros.
const PRODUCT_WITH_CARE: u64 = 4;
/// A random number.
const DRAW: u64 = 32;
/// A multiply-add of a function of matrices, one after another in short loops.
const MATRIX_TERM: u64 = 5;
/// A kernel's start.
const START: u64 = 16;
/// The sweeps that Jacobi rotations take until a matrix is diagonal.
const SWEEPS: u64 = 8;

/// The work of one run.
pub fn work(schedule: &Schedule) -> u64 {
    schedule.kernels.iter().map(|kernel| of_kernel(schedule, kernel)).fold(0, u64::saturating_add)
}

pub(super) fn of_kernel(schedule: &Schedule, kernel: &Kernel) -> u64 {
    let count = |sizes: &[usize]| sizes.iter().product::<usize>() as u64;
    match &kernel.body {
        Body::Scalar(block) => of_block(block),
        Body::Strip(strip) => START + of_strip(strip),
        Body::Copy { from, .. } if from.layout.count() <= SMALL_COPY => from.layout.count() as u64,
        Body::Copy { from, .. } => START + from.layout.count() as u64,
        Body::Add { from, .. } => START + 2 * from.layout.count() as u64,
        Body::Zero { to } => START + schedule.buffer(*to).count as u64,
        Body::Contract { left, right, places, .. } => {
            let turns: u64 = places.loops.iter().map(|each| each.count as u64).product();
            turns * START + multiply_adds(left, right, places)
        }
        Body::Distances { left, right, .. } => START + 2 * differences(left, right),
        Body::Gather { to, .. } => START + schedule.buffer(*to).count as u64,
        Body::ScatterAdd { updates, to, .. } => {
            START + schedule.buffer(*to).count as u64 + 2 * schedule.buffer(*updates).count as u64
        }
        Body::ArgReduce { outer, n, inner, .. } => START + count(&[*outer, *n, *inner]),
        Body::LinearAlgebra(kernel) => START + of_matrices(kernel),
        Body::Loop(run) => of_loop(schedule, run),
        // Each step is computed again about twice: to come to a kept state, and to record those between two.
        Body::Replay(replay) => START + replay.bodies().map(|body| work(&schedule.bodies[body])).iter().sum::<u64>(),
    }
}

/// The multiply-adds of a contraction.
pub(super) fn multiply_adds(left: &View, right: &View, places: &ContractPlaces) -> u64 {
    let turns = places.loops.iter().map(|each| each.count);
    let rows = right.layout.sizes.get(1).copied().unwrap_or(1);
    turns.chain([left.layout.count(), rows]).map(|count| count as u64).product()
}

/// The differences that distances are made of.
pub(super) fn differences(left: &View, right: &View) -> u64 {
    left.layout.count() as u64 * right.layout.sizes[1] as u64
}

fn of_pointwise(definition: &Pointwise) -> u64 {
    match definition.instruction {
        Some(Instruction::Divide | Instruction::Reciprocal | Instruction::SquareRoot) => DIVISION,
        Some(_) => 1,
        None if definition.meaning.arity() == 1 => FUNCTION,
        None => PRODUCT_WITH_CARE,
    }
}

fn of_block(block: &ScalarBlock) -> u64 {
    let each = block.instructions.iter().map(|instruction| match instruction.op {
        ScalarOp::Constant(_) => 0,
        ScalarOp::Pointwise(definition) => of_pointwise(definition.0),
        ScalarOp::Random(_) | ScalarOp::Mix => DRAW,
        _ => 1,
    });
    each.sum::<u64>() + block.stores.len() as u64
}

fn of_strip(strip: &StripKernel) -> u64 {
    let each = strip.instructions.iter().map(|instruction| match instruction.op {
        StripOp::Pointwise(definition) => of_pointwise(definition.0),
        StripOp::Random(_) | StripOp::Mix => DRAW,
        StripOp::Expand(_) | StripOp::Copy | StripOp::Accumulate { .. } => 1,
        StripOp::FoldRows { .. } | StripOp::SpreadRows | StripOp::PickInRows(_) | StripOp::PlaceInRows(_) => 1,
    });
    let elements = strip.instructions.iter().map(|instruction| match instruction.op {
        StripOp::FoldRows { .. } => strip.count as u64,
        _ => strip.elements(instruction.extent) as u64,
    });
    each.zip(elements).map(|(each, elements)| each * elements).sum()
}

fn of_matrices(kernel: &MatrixKernel) -> u64 {
    let descriptor = &kernel.descriptor;
    let (batch, n, k) = (descriptor.batch as u64, descriptor.n as u64, descriptor.k as u64);
    MATRIX_TERM
        * batch
        * match descriptor.function {
            LinearAlgebra::Cholesky => n * n * n / 6,
            LinearAlgebra::TriangularSolve { .. } => n * n * k / 2,
            LinearAlgebra::Solve => n * n * (n / 3 + k),
            LinearAlgebra::Cofactors => 2 * n * n * n,
            LinearAlgebra::SymmetricEigen => 4 * SWEEPS * n * n * n,
            _ => n * n * n / 3,
        }
}

fn of_loop(schedule: &Schedule, run: &LoopKernel) -> u64 {
    let start = if run.inline { 0 } else { START };
    START + run.trips as u64 * (start + work(&schedule.bodies[run.body]))
}
