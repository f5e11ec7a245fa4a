//! Strip kernels: a loop over strips, a call per instruction.

use super::fallback::{self, StripCall};
use super::lower::Lower;
use crate::ir::{ElementType, Meaning, NodeId, Pointwise, Reduction};
use crate::runtime::support_fold::{Fold, Greatest, Least, Product, Sum, fold_start, fold_strip};
use crate::runtime::support_move::{ReadDescriptor, read_strided};
use crate::runtime::support_rows::FoldDescriptor;
use crate::schedule::{BufferId, Operand, STRIP, StripInstruction, StripKernel, StripOp, Target};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{BlockArg, InstBuilder, Value, types};
use std::collections::HashMap;

/// Bytes between scratch slots.
const SLOT_BYTES: usize = STRIP * 8;

/// The strip that is being computed.
struct Strip<'k> {
    kernel: &'k StripKernel,
    /// Its first element, none where it is zero.
    first: Option<Value>,
    /// Its number of elements.
    length: Value,
    /// Descriptors of reductions, by instruction.
    folds: HashMap<usize, *const FoldDescriptor>,
}

impl Lower<'_> {
    /// Writes a strip kernel.
    pub fn strip_kernel(&mut self, kernel: &StripKernel) {
        self.load_bases(kernel);
        let folds = self.start_folds(kernel);
        if kernel.count <= STRIP {
            let length = self.number(kernel.count);
            self.one_strip(&Strip { kernel, first: None, length, folds });
            return;
        }
        let (body, after) = (self.builder.create_block(), self.builder.create_block());
        let first = self.builder.append_block_param(body, types::I64);
        let zero = self.number(0);
        self.builder.ins().jump(body, &[BlockArg::Value(zero)]);
        self.builder.switch_to_block(body);
        let length = if kernel.count.is_multiple_of(STRIP) {
            self.number(STRIP)
        } else {
            let count = self.number(kernel.count);
            let (rest, whole) = (self.builder.ins().isub(count, first), self.number(STRIP));
            self.builder.ins().umin(rest, whole)
        };
        self.one_strip(&Strip { kernel, first: Some(first), length, folds });
        let next = self.builder.ins().iadd_imm_s(first, STRIP as i64);
        let more = self.builder.ins().icmp_imm_s(IntCC::UnsignedLessThan, next, kernel.count as i64);
        self.builder.ins().brif(more, body, &[BlockArg::Value(next)], after, &[]);
        self.builder.switch_to_block(after);
    }

    /// Loads the pointers of inputs and outputs before the loop.
    fn load_bases(&mut self, kernel: &StripKernel) {
        let mut touch = |id: BufferId| {
            self.address(id);
        };
        for instruction in &kernel.instructions {
            if let StripOp::Expand(view) = &instruction.op {
                touch(view.buffer);
            }
            for operand in &instruction.arguments {
                if let Operand::Direct { buffer, .. } | Operand::Splat { buffer, .. } = operand {
                    touch(*buffer);
                }
            }
            if let Target::Buffer(buffer) = instruction.target {
                touch(buffer);
            }
        }
    }

    fn start_folds(&mut self, kernel: &StripKernel) -> HashMap<usize, *const FoldDescriptor> {
        let mut folds = HashMap::new();
        for (place, instruction) in kernel.instructions.iter().enumerate() {
            let (StripOp::Accumulate { reduction, outer, n, inner }, Target::Buffer(to)) =
                (&instruction.op, instruction.target)
            else {
                continue;
            };
            let descriptor = self.keep.keep(FoldDescriptor { outer: *outer, n: *n, inner: *inner });
            let (start, _) = fold_addresses(*reduction, instruction.element);
            let arguments = [self.pointer(descriptor), self.start(to)];
            self.call(start, &arguments, None);
            folds.insert(place, descriptor);
        }
        folds
    }

    fn one_strip(&mut self, strip: &Strip) {
        for place in 0..strip.kernel.instructions.len() {
            self.strip_instruction(strip, place);
        }
    }

    fn strip_instruction(&mut self, strip: &Strip, place: usize) {
        let instruction = &strip.kernel.instructions[place];
        match &instruction.op {
            StripOp::Pointwise(definition) => self.strip_pointwise(strip, instruction, definition.0),
            StripOp::Expand(view) => {
                let layout = &view.layout;
                let descriptor = self.keep.keep(ReadDescriptor {
                    element_bytes: instruction.element.bytes(),
                    axes: layout.sizes.iter().copied().zip(layout.strides.iter().copied()).collect(),
                    offset: layout.offset,
                });
                let from = self.start(view.buffer);
                let out = self.target(strip, instruction);
                let first = self.first(strip);
                let arguments = [self.pointer(descriptor), from, out, first, strip.length];
                self.call(read_strided as *const u8, &arguments, None);
            }
            StripOp::Copy => {
                let from = self.operand(strip, instruction.arguments[0], instruction.element);
                let out = self.target(strip, instruction);
                let bytes = self.builder.ins().imul_imm_s(strip.length, instruction.element.bytes() as i64);
                self.call(copy_bytes as *const u8, &[out, from, bytes], None);
            }
            StripOp::Accumulate { reduction, .. } => {
                let Target::Buffer(to) = instruction.target else { return };
                let (_, fold) = fold_addresses(*reduction, instruction.element);
                let value = self.operand(strip, instruction.arguments[0], instruction.element);
                let first = self.first(strip);
                let arguments = [self.pointer(strip.folds[&place]), self.start(to), value, first, strip.length];
                let status = self.call(fold, &arguments, Some(types::I8));
                self.check(status, instruction.element, instruction.origin);
            }
        }
    }

    fn check(&mut self, status: Option<Value>, element: ElementType, node: NodeId) {
        if let (Some(status), ElementType::I64) = (status, element) {
            self.fail_by_status(status, node);
        }
    }

    fn first(&mut self, strip: &Strip) -> Value {
        match strip.first {
            Some(first) => first,
            None => self.number(0),
        }
    }

    fn strip_pointwise(&mut self, strip: &Strip, instruction: &StripInstruction, definition: &'static Pointwise) {
        let types_of: Vec<ElementType> =
            instruction.arguments.iter().map(|operand| self.element_of(strip, *operand)).collect();
        let is_select = matches!(definition.meaning, Meaning::Select);
        let step = |place: usize| {
            instruction.arguments.get(place).is_some_and(|operand| !matches!(operand, Operand::Splat { .. }))
        };
        let descriptor = self.keep.keep(StripCall {
            definition,
            element: types_of[usize::from(is_select)],
            steps: [0, 1, 2].map(|place| usize::from(step(place))),
        });
        let mut operands: Vec<Value> = Vec::new();
        for (operand, element) in instruction.arguments.iter().zip(&types_of) {
            operands.push(self.operand(strip, *operand, *element));
        }
        operands.resize(3, operands[0]);
        let out = self.target(strip, instruction);
        let arguments = [self.pointer(descriptor), out, operands[0], operands[1], operands[2], strip.length];
        let status = self.call(fallback::strip as *const u8, &arguments, Some(types::I8));
        self.check(status, instruction.element, instruction.origin);
    }

    fn element_of(&self, strip: &Strip, operand: Operand) -> ElementType {
        match operand {
            Operand::Value(value) => strip.kernel.instructions[value].element,
            Operand::Direct { buffer, .. } | Operand::Splat { buffer, .. } => self.schedule.buffer(buffer).element,
        }
    }

    /// The pointer to an operand's strip.
    fn operand(&mut self, strip: &Strip, operand: Operand, element: ElementType) -> Value {
        let bytes = element.bytes();
        match operand {
            Operand::Value(value) => self.target(strip, &strip.kernel.instructions[value]),
            Operand::Direct { buffer, offset } => self.along(strip, buffer, offset * bytes, bytes),
            Operand::Splat { buffer, position } => {
                let start = self.address(buffer);
                self.offset(start.base, start.offset + (position * bytes) as i64)
            }
        }
    }

    /// The pointer to where an instruction leaves its strip.
    fn target(&mut self, strip: &Strip, instruction: &StripInstruction) -> Value {
        match (instruction.target, strip.kernel.scratch) {
            (Target::Slot(slot), Some(scratch)) => {
                let start = self.address(scratch);
                self.offset(start.base, start.offset + (slot * SLOT_BYTES) as i64)
            }
            (Target::Slot(_), None) => self.number(0),
            (Target::Buffer(buffer), _) => self.along(strip, buffer, 0, instruction.element.bytes()),
        }
    }

    fn along(&mut self, strip: &Strip, buffer: BufferId, skip: usize, bytes: usize) -> Value {
        let start = self.address(buffer);
        let base = self.offset(start.base, start.offset + skip as i64);
        match strip.first {
            None => base,
            Some(first) => {
                let distance = self.builder.ins().imul_imm_s(first, bytes as i64);
                self.builder.ins().iadd(base, distance)
            }
        }
    }
}

unsafe extern "C" fn copy_bytes(out: *mut u8, from: *const u8, bytes: usize) {
    // SAFETY: generated code passes strips with so many bytes; a strip may be copied onto itself.
    unsafe { std::ptr::copy(from, out, bytes) };
}

/// The functions that start a reduction and fold a strip into it.
fn fold_addresses(reduction: Reduction, element: ElementType) -> (*const u8, *const u8) {
    match element {
        ElementType::F32 => numbers::<f32>(reduction),
        ElementType::F64 => numbers::<f64>(reduction),
        ElementType::I64 => numbers::<i64>(reduction),
        ElementType::Bool => match reduction {
            Reduction::Sum | Reduction::Max => pair::<u8, Greatest>(),
            Reduction::Product | Reduction::Min => pair::<u8, Least>(),
        },
    }
}

fn numbers<T: Copy>(reduction: Reduction) -> (*const u8, *const u8)
where
    Sum: Fold<T>,
    Product: Fold<T>,
    Greatest: Fold<T>,
    Least: Fold<T>,
{
    match reduction {
        Reduction::Sum => pair::<T, Sum>(),
        Reduction::Product => pair::<T, Product>(),
        Reduction::Max => pair::<T, Greatest>(),
        Reduction::Min => pair::<T, Least>(),
    }
}

fn pair<T: Copy, F: Fold<T>>() -> (*const u8, *const u8) {
    (fold_start::<T, F> as *const u8, fold_strip::<T, F> as *const u8)
}
