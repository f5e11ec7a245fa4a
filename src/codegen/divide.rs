//! Long strip kernels are functions of a range of their elements, so that several threads may share them.

use super::folds::{self, Fold, UNIT_STATE};
use super::lower::{Address, Lower};
use super::module::RANGE_PARAMETERS;
use crate::runtime::divided_strips::{DividedStrips, divided_strips};
use crate::runtime::reduce::UNIT;
use crate::schedule::{BufferId, StripKernel, StripOp};
use cranelift_codegen::ir::{InstBuilder, Value, types};
use cranelift_module::FuncId;

/// Elements times instructions that are worth a call of their own.
const LEAST: usize = 1 << 16;

/// The parameters of such a function beside the program's.
#[derive(Clone, Copy)]
pub struct StripRange {
    /// The first element.
    pub first: Value,
    /// The element behind the last.
    pub end: Value,
    /// Memory for strips that are not stored.
    pub scratch: Value,
}

/// Whether a kernel is long, and its strips can be computed in any order: those with reductions in units, whose states are joined.
pub fn is_divided(kernel: &StripKernel) -> bool {
    let reductions = kernel.instructions.iter().filter(|each| matches!(each.op, StripOp::Accumulate { .. })).count();
    let step = if reductions == 0 { kernel.strip } else { UNIT };
    let work = kernel.count * kernel.instructions.len();
    work >= 2 * LEAST && kernel.count >= 2 * step && reductions == folds::folded(kernel).count()
}

impl Lower<'_> {
    /// Where the strips that are not stored lie.
    pub fn scratch(&mut self, planned: Option<BufferId>) -> Address {
        match (self.range, planned) {
            (Some(range), _) => Address { base: range.scratch, offset: 0 },
            (None, Some(scratch)) => self.address(scratch),
            (None, None) => Address { base: self.number(0), offset: 0 },
        }
    }

    /// Writes the call of a kernel that is a function.
    pub fn divided_strip_kernel(&mut self, kernel: &StripKernel, function: FuncId) {
        let folds = self.divided_folds(kernel);
        let slots = kernel.scratch_bytes();
        let descriptor = self.kept(DividedStrips {
            count: kernel.count,
            strip: kernel.strip,
            least: (LEAST / kernel.instructions.len().max(1)).max(1).next_multiple_of(kernel.strip),
            scratch_bytes: slots + folds.len() * UNIT_STATE,
            states: (0..folds.len()).map(|fold| slots + fold * UNIT_STATE).collect(),
            folds,
        });
        let function = self.callee(function, RANGE_PARAMETERS);
        let function = self.builder.ins().func_addr(types::I64, function);
        let scratch = self.scratch(kernel.scratch);
        let scratch = self.offset(scratch.base, scratch.offset);
        let [inputs, outputs, workspace] = self.parameters();
        let arguments = [descriptor, function, inputs, outputs, workspace, scratch];
        if let Some(status) = self.call(divided_strips as *const u8, &arguments, Some(types::I64)) {
            self.leave_if(status, status);
        }
        let reductions = folds::folded(kernel).filter_map(|place| {
            let (functions, shape) = folds::lanes(kernel, place)?;
            Some((place, Fold::Lanes(functions, shape)))
        });
        let reductions = reductions.collect();
        self.finish_folds(kernel, &reductions);
    }
}
