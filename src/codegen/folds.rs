//! Reductions in strips: by calls of the runtime strip by strip, or in the lanes of a state that a chain keeps in registers.

use super::lower::{Address, Lower};
use super::strip::Strip;
use crate::ir::{ElementType, Reduction};
use crate::runtime::divided_strips::DividedFold;
use crate::runtime::reduce::{self, BLOCK_ROWS, FEW_LANES, Lanes, ReduceShape, UNIT_LEVELS};
use crate::runtime::support_fold::{integers_begin, integers_fold};
use crate::runtime::support_rows::FoldDescriptor;
use crate::schedule::{BufferId, Place, StripInstruction, StripKernel, StripOp, Target, names};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{InstBuilder, Value, types};
use std::collections::BTreeMap;

/// The bytes of a unit's state, of the widest element.
pub const UNIT_STATE: usize = (2 + UNIT_LEVELS) * FEW_LANES * 8;

/// How a reduction takes in a strip.
#[derive(Clone, Copy)]
pub enum Fold {
    /// In the lanes of a state, by its chain; by the runtime's functions where a block is whole and at the end.
    Lanes(Lanes, ReduceShape),
    /// By the runtime's function, with its description of the shape.
    Tree(*const u8, *const ReduceShape),
    /// By a checked integer function.
    Checked(*const u8, *const FoldDescriptor),
}

/// The functions and the shape of a reduction that the chain around it folds into lanes.
pub fn lanes(kernel: &StripKernel, place: usize) -> Option<(Lanes, ReduceShape)> {
    let instruction = &kernel.instructions[place];
    let StripOp::Accumulate { reduction, outer, n, inner, .. } = instruction.op else { return None };
    kernel.chains.iter().find(|chain| chain.contains(&place))?;
    let reduction = names::reduction(reduction, instruction.element)?;
    let functions = reduce::kernel(reduction, names::element(instruction.element))?.lanes?;
    Some((functions, ReduceShape { outer, length: n, inner }))
}

/// The reductions of a kernel that chains fold into lanes.
pub fn folded(kernel: &StripKernel) -> impl Iterator<Item = usize> + '_ {
    (0..kernel.instructions.len()).filter(|place| lanes(kernel, *place).is_some())
}

fn state(instruction: &StripInstruction) -> Option<BufferId> {
    if let StripOp::Accumulate { state, .. } = instruction.op { state } else { None }
}

impl Lower<'_> {
    /// Begins the reductions of a kernel.
    pub fn start_folds(&mut self, kernel: &StripKernel) -> BTreeMap<usize, Fold> {
        let mut folds = BTreeMap::new();
        for (place, instruction) in kernel.instructions.iter().enumerate() {
            let StripOp::Accumulate { reduction, outer, n, inner, .. } = instruction.op else { continue };
            if let Some((functions, shape)) = lanes(kernel, place) {
                let state = self.state_of(kernel, place);
                let state = self.offset(state.base, state.offset);
                self.call(functions.open.get() as *const u8, &[state], None);
                folds.insert(place, Fold::Lanes(functions, shape));
                continue;
            }
            let known = names::reduction(reduction, instruction.element);
            let fold = match known.and_then(|known| reduce::kernel(known, names::element(instruction.element))) {
                Some(functions) => {
                    let shape = self.keep.keep(ReduceShape { outer, length: n, inner });
                    Fold::Tree(functions.accumulate.get() as *const u8, shape)
                }
                None => self.start_checked(reduction, instruction, FoldDescriptor { outer, n, inner }),
            };
            folds.insert(place, fold);
        }
        folds
    }

    fn start_checked(&mut self, reduction: Reduction, instruction: &StripInstruction, shape: FoldDescriptor) -> Fold {
        let (begin, fold) = match reduction {
            Reduction::Product => (integers_begin::<true> as *const u8, integers_fold::<true> as *const u8),
            _ => (integers_begin::<false> as *const u8, integers_fold::<false> as *const u8),
        };
        let descriptor = self.keep.keep(shape);
        if let Target::Buffer(to) = instruction.target {
            let arguments = [self.pointer(descriptor), self.start(to)];
            self.call(begin, &arguments, None);
        }
        Fold::Checked(fold, descriptor)
    }

    /// Takes a strip in by a call.
    pub fn accumulate(&mut self, strip: &Strip, place: usize) {
        let instruction = &strip.kernel.instructions[place];
        let (Target::Buffer(to), Some(fold)) = (instruction.target, strip.folds.get(&place)) else { return };
        let value = self.operand(strip, instruction, 0, instruction.element);
        let length = strip.elements.length;
        let (first, to) = (self.first(strip.elements), self.start(to));
        match (*fold, state(instruction)) {
            (Fold::Tree(function, shape), Some(state)) => {
                let (state, shape) = (self.start(state), self.pointer(shape));
                self.call(function, &[state, to, value, first, length, shape], None);
            }
            (Fold::Tree(..), None) | (Fold::Lanes(..), _) => {}
            (Fold::Checked(function, shape), _) => {
                let arguments = [self.pointer(shape), to, value, first, length];
                let status = self.call(function, &arguments, Some(types::I8));
                self.check(status, instruction.element, instruction.origin);
            }
        }
    }

    /// Where the state of a reduction is whose lanes a chain folds: of a unit, behind the strips that are not stored.
    pub fn state_of(&mut self, kernel: &StripKernel, place: usize) -> Address {
        match (self.range, state(&kernel.instructions[place])) {
            (None, Some(state)) => self.address(state),
            (None, None) => unreachable!("what is folded into lanes has a state"),
            (Some(range), _) => {
                let before = folded(kernel).take_while(|other| *other < place).count();
                let offset = kernel.scratch_bytes() + before * UNIT_STATE;
                Address { base: range.scratch, offset: offset as i64 }
            }
        }
    }

    /// Has whole blocks of lanes taken in behind a chain's strip.
    pub fn close_blocks(&mut self, strip: &Strip, chain: std::ops::Range<usize>) {
        let (Some(first), block) = (strip.elements.first, (BLOCK_ROWS * FEW_LANES) as i64) else { return };
        let end = self.builder.ins().iadd(first, strip.elements.length);
        let within = self.builder.ins().band_imm_s(end, block - 1);
        let is_whole = self.builder.ins().icmp_imm_s(IntCC::Equal, within, 0);
        let after = self.unless(is_whole);
        let start = self.range.map(|range| range.first);
        let done = start.map_or(end, |start| self.builder.ins().isub(end, start));
        let blocks = self.builder.ins().ushr_imm_s(done, i64::from(block.trailing_zeros()));
        let index = self.builder.ins().iadd_imm_s(blocks, -1);
        for place in chain {
            if let Some(Fold::Lanes(functions, _)) = strip.folds.get(&place) {
                let state = self.state_of(strip.kernel, place);
                let state = self.offset(state.base, state.offset);
                self.call(functions.close_block.get() as *const u8, &[state, index], None);
            }
        }
        self.go_on(Some(after));
    }

    /// Writes the results of reductions in lanes.
    pub fn finish_folds(&mut self, kernel: &StripKernel, folds: &BTreeMap<usize, Fold>) {
        for (place, fold) in folds {
            let instruction = &kernel.instructions[*place];
            if let (Fold::Lanes(functions, shape), Some(state), Target::Buffer(to)) =
                (fold, state(instruction), instruction.target)
            {
                let arguments = [self.start(state), self.start(to), self.kept(*shape)];
                self.call(functions.finish.get() as *const u8, &arguments, None);
            }
        }
    }

    /// What several threads must know of the reductions of a kernel.
    pub fn divided_folds(&self, kernel: &StripKernel) -> Vec<DividedFold> {
        let fold = |place: usize| {
            let (_, shape) = lanes(kernel, place)?;
            let instruction = &kernel.instructions[place];
            let Place::Workspace(state) = self.schedule.buffer(state(instruction)?).place else { return None };
            let element = names::element(instruction.element);
            let vector = FEW_LANES * element.bytes();
            let StripOp::Accumulate { reduction, .. } = instruction.op else { return None };
            let reduction = names::reduction(reduction, instruction.element)?;
            Some(DividedFold { state, units: state + shape.units_at(element), vector, reduction, element })
        };
        folded(kernel).filter_map(fold).collect()
    }

    /// The element type and the state of each reduction of a chain.
    pub fn states(&mut self, strip: &Strip, chain: std::ops::Range<usize>) -> Vec<(Address, ElementType)> {
        let places: Vec<usize> = folded(strip.kernel).filter(|place| chain.contains(place)).collect();
        let state = |place: usize| (self.state_of(strip.kernel, place), strip.kernel.instructions[place].element);
        places.into_iter().map(state).collect()
    }

    /// The lane that a number of a state is in.
    pub fn lane_of(&mut self, state: Address, bytes: usize, lane: Value) -> (Value, i32) {
        let (base, offset) = self.near(state.base, state.offset);
        (self.element_at(base, lane, bytes), offset)
    }
}
