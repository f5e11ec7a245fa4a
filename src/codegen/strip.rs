//! Strip kernels: a loop over strips, with a call per instruction that is not in a chain.

use super::address;
use super::execute::RunErrorKind;
use super::fallback::{self, StripCall};
use super::folds::Fold;
use super::lower::Lower;
use crate::ir::{ElementType, Meaning, NodeId, Pointwise};
use crate::runtime::view::{self, View};
use crate::schedule::{BufferId, Operand, SLOT_BYTES, STRIP, StripInstruction, StripKernel, StripOp, Target, names};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{BlockArg, InstBuilder, Value, types};
use std::collections::BTreeMap;

/// The strip that is being computed.
pub struct Strip<'k> {
    /// The kernel.
    pub kernel: &'k StripKernel,
    /// Its first element, none where it is zero.
    pub first: Option<Value>,
    /// Its number of elements.
    pub length: Value,
    /// Reductions, by instruction.
    pub folds: BTreeMap<usize, Fold>,
}

impl Strip<'_> {
    /// How many elements the last strip of the kernel has.
    pub fn last(&self) -> usize {
        let count = self.kernel.count;
        count - count.saturating_sub(1) / STRIP * STRIP
    }
}

impl Lower<'_> {
    /// Writes a strip kernel.
    pub fn strip_kernel(&mut self, kernel: &StripKernel) {
        self.load_bases(kernel);
        let folds = self.start_folds(kernel);
        if kernel.count <= STRIP {
            let length = self.number(kernel.count);
            let strip = Strip { kernel, first: None, length, folds };
            self.one_strip(&strip);
            return self.finish_folds(kernel, &strip.folds);
        }
        let (body, after) = (self.builder.create_block(), self.builder.create_block());
        let first = self.builder.append_block_param(body, types::I64);
        let (start, end) = match self.range {
            Some(range) => (range.first, range.end),
            None => (self.number(0), self.number(kernel.count)),
        };
        self.builder.ins().jump(body, &[BlockArg::Value(start)]);
        self.builder.switch_to_block(body);
        let length = if kernel.count.is_multiple_of(STRIP) {
            self.number(STRIP)
        } else {
            let (rest, whole) = (self.builder.ins().isub(end, first), self.number(STRIP));
            self.builder.ins().umin(rest, whole)
        };
        let strip = Strip { kernel, first: Some(first), length, folds };
        self.one_strip(&strip);
        let next = self.builder.ins().iadd_imm_s(first, STRIP as i64);
        let more = self.builder.ins().icmp(IntCC::UnsignedLessThan, next, end);
        self.builder.ins().brif(more, body, &[BlockArg::Value(next)], after, &[]);
        self.builder.switch_to_block(after);
        if self.range.is_none() {
            self.finish_folds(kernel, &strip.folds);
        }
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

    fn one_strip(&mut self, strip: &Strip) {
        let mut chains = strip.kernel.chains.iter().peekable();
        let mut place = 0;
        while place < strip.kernel.instructions.len() {
            if let Some(chain) = chains.next_if(|chain| chain.start == place) {
                self.chain(strip, chain.clone());
                place = chain.end;
            } else {
                self.strip_instruction(strip, place);
                place += 1;
            }
        }
    }

    fn strip_instruction(&mut self, strip: &Strip, place: usize) {
        let instruction = &strip.kernel.instructions[place];
        match &instruction.op {
            StripOp::Pointwise(definition) => self.strip_pointwise(strip, instruction, definition.0),
            StripOp::Expand(seen) => {
                let strides: Vec<i64> = seen.layout.strides.iter().map(|stride| *stride as i64).collect();
                let Some(descriptor) = View::new(seen.layout.offset as i64, &seen.layout.sizes, &strides) else {
                    unreachable!("views have at most 15 axes");
                };
                let descriptor = self.keep.keep(descriptor);
                let function = view::expand_function(names::element(instruction.element));
                let (out, from) = (self.target(strip, instruction), self.start(seen.buffer));
                let arguments = [out, from, self.pointer(descriptor), self.first(strip), strip.length];
                self.call(function as *const u8, &arguments, None);
            }
            StripOp::Copy => {
                let from = self.operand(strip, instruction.arguments[0], instruction.element);
                let out = self.target(strip, instruction);
                let bytes = self.builder.ins().imul_imm_s(strip.length, instruction.element.bytes() as i64);
                self.call(copy_bytes as *const u8, &[out, from, bytes], None);
            }
            StripOp::Mix => {
                let scalar = [0, 1].map(|place| matches!(instruction.arguments[place], Operand::Splat { .. }));
                let words = [0, 1].map(|place| self.operand(strip, instruction.arguments[place], ElementType::I64));
                let out = self.target(strip, instruction);
                self.strip_mix(out, words, scalar, strip.length);
            }
            StripOp::Random(distribution) => {
                let keys = self.operand(strip, instruction.arguments[0], ElementType::I64);
                let out = self.target(strip, instruction);
                self.strip_draw(*distribution, instruction.element, out, keys, strip.length);
            }
            StripOp::Accumulate { .. } => self.accumulate(strip, place),
        }
    }

    /// Ends the program where a checked call reports a failure.
    pub fn check(&mut self, status: Option<Value>, element: ElementType, node: NodeId) {
        if let (Some(status), ElementType::I64) = (status, element) {
            self.fail_by_status(status, node);
        }
    }

    /// The first element of a strip.
    pub fn first(&mut self, strip: &Strip) -> Value {
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
        let forms = types_of.iter().enumerate().map(|(place, element)| (*element, !step(place)));
        let forms: Vec<(ElementType, bool)> = forms.collect();
        if let Some(function) = address::strip(definition, &forms, instruction.element) {
            let mut arguments = vec![self.target(strip, instruction)];
            for (operand, element) in instruction.arguments.iter().zip(&types_of) {
                arguments.push(self.operand(strip, *operand, *element));
            }
            arguments.push(strip.length);
            let status = self.call(function.address, &arguments, function.reports.then_some(types::I64));
            if let Some(marks) = status {
                self.fail_if(marks, instruction.origin, RunErrorKind::Integer);
            }
            return;
        }
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

    /// The type of an operand.
    pub fn element_of(&self, strip: &Strip, operand: Operand) -> ElementType {
        match operand {
            Operand::Value(value) => strip.kernel.instructions[value].element,
            Operand::Direct { buffer, .. } | Operand::Splat { buffer, .. } => self.schedule.buffer(buffer).element,
        }
    }

    /// The pointer to an operand's strip.
    pub fn operand(&mut self, strip: &Strip, operand: Operand, element: ElementType) -> Value {
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
        match instruction.target {
            Target::Slot(slot) => {
                let start = self.scratch(strip.kernel.scratch);
                self.offset(start.base, start.offset + (slot * SLOT_BYTES) as i64)
            }
            Target::Register => unreachable!("values in registers are read in their chain only"),
            Target::Buffer(buffer) => self.along(strip, buffer, 0, instruction.element.bytes()),
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
