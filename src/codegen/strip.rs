//! Strip kernels: a loop over strips, with a call per instruction that is not in a chain.

use super::address;
use super::folds::Fold;
use super::lower::Lower;
use crate::ir::{ElementType, Meaning, NodeId, Pointwise};
use crate::native::RunErrorKind;
use crate::native::fallback::{self, StripCall};
use crate::native::support::copy_bytes;
use crate::runtime::view::{self, View};
use crate::schedule::{BufferId, Extent, Operand, StripInstruction, StripKernel, StripOp, Target, names};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{BlockArg, InstBuilder, Value, types};
use std::collections::BTreeMap;

/// The strip that is being computed.
pub struct Strip<'k> {
    /// What computes it.
    pub kernel: &'k StripKernel,
    /// Its elements.
    pub elements: Part,
    /// Its rows, where it has any.
    pub rows: Part,
    /// Reductions, by instruction.
    pub folds: BTreeMap<usize, Fold>,
}

impl Strip<'_> {
    /// How many elements the last strip of the kernel has.
    pub fn last(&self) -> usize {
        let (count, strip) = (self.kernel.count, self.kernel.strip);
        count - count.saturating_sub(1) / strip * strip
    }

    /// Its elements or rows.
    pub fn part(&self, extent: Extent) -> Part {
        match extent {
            Extent::Elements => self.elements,
            Extent::Rows => self.rows,
        }
    }
}

/// A part of an iteration space.
#[derive(Clone, Copy)]
pub struct Part {
    /// Where it begins, none where that is zero.
    pub first: Option<Value>,
    /// How many.
    pub length: Value,
}

impl Lower<'_> {
    /// Writes a strip kernel.
    pub fn strip_kernel(&mut self, kernel: &StripKernel) {
        self.load_bases(kernel);
        let folds = self.start_folds(kernel);
        if kernel.count <= kernel.strip {
            let elements = Part { first: None, length: self.number(kernel.count) };
            let rows = match kernel.row {
                Some(row) => Part { first: None, length: self.number(kernel.count / row) },
                None => elements,
            };
            let strip = Strip { kernel, elements, rows, folds };
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
        let length = if kernel.count.is_multiple_of(kernel.strip) {
            self.number(kernel.strip)
        } else {
            let (rest, whole) = (self.builder.ins().isub(end, first), self.number(kernel.strip));
            self.builder.ins().umin(rest, whole)
        };
        let elements = Part { first: Some(first), length };
        let rows = self.rows_of(kernel, elements);
        let strip = Strip { kernel, elements, rows, folds };
        self.one_strip(&strip);
        let next = self.builder.ins().iadd_imm_s(first, kernel.strip as i64);
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
        let length = strip.part(instruction.extent).length;
        match &instruction.op {
            StripOp::FoldRows { reduction, state } => self.fold_rows(strip, instruction, *reduction, *state),
            StripOp::SpreadRows => self.spread_rows(strip, instruction),
            StripOp::PickInRows(outside) => self.pick_in_rows(strip, instruction, *outside),
            StripOp::PlaceInRows(outside) => self.place_in_rows(strip, instruction, *outside),
            StripOp::Pointwise(definition) => self.strip_pointwise(strip, instruction, definition.0),
            StripOp::Expand(seen) => {
                let strides: Vec<i64> = seen.layout.strides.iter().map(|stride| *stride as i64).collect();
                let Some(descriptor) = View::new(seen.layout.offset as i64, &seen.layout.sizes, &strides) else {
                    unreachable!("views have at most 15 axes");
                };
                let descriptor = self.keep.keep(descriptor);
                let function = view::expand_function(names::element(instruction.element));
                let (out, from) = (self.target(strip, instruction), self.start(seen.buffer));
                let part = strip.part(instruction.extent);
                let arguments = [out, from, self.pointer(descriptor), self.first(part), part.length];
                self.call(function as *const u8, &arguments, None);
            }
            StripOp::Copy => {
                let from = self.operand(strip, instruction, 0, instruction.element);
                let out = self.target(strip, instruction);
                let bytes = self.builder.ins().imul_imm_s(length, instruction.element.bytes() as i64);
                self.call(copy_bytes as *const u8, &[out, from, bytes], None);
            }
            StripOp::Mix => {
                let scalar = [0, 1].map(|place| matches!(instruction.arguments[place], Operand::Splat { .. }));
                let words = [0, 1].map(|place| self.operand(strip, instruction, place, ElementType::I64));
                let out = self.target(strip, instruction);
                self.strip_mix(out, words, scalar, length);
            }
            StripOp::Random(distribution) => {
                let keys = self.operand(strip, instruction, 0, ElementType::I64);
                let out = self.target(strip, instruction);
                self.strip_draw(*distribution, instruction.element, out, keys, length);
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

    /// Where a part begins.
    pub fn first(&mut self, part: Part) -> Value {
        match part.first {
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
        let length = strip.part(instruction.extent).length;
        if let Some(function) = address::strip(definition, &forms, instruction.element) {
            let mut arguments = vec![self.target(strip, instruction)];
            for (place, element) in types_of.iter().enumerate() {
                arguments.push(self.operand(strip, instruction, place, *element));
            }
            arguments.push(length);
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
        for (place, element) in types_of.iter().enumerate() {
            operands.push(self.operand(strip, instruction, place, *element));
        }
        operands.resize(3, operands[0]);
        let out = self.target(strip, instruction);
        let arguments = [self.pointer(descriptor), out, operands[0], operands[1], operands[2], length];
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

    /// The pointer to the strip of an operand of an instruction.
    pub fn operand(
        &mut self,
        strip: &Strip,
        instruction: &StripInstruction,
        place: usize,
        element: ElementType,
    ) -> Value {
        let bytes = element.bytes();
        match instruction.arguments[place] {
            Operand::Value(value) => self.target(strip, &strip.kernel.instructions[value]),
            Operand::Direct { buffer, offset } => {
                let part = strip.part(instruction.operand_extent(place));
                self.along(part, buffer, offset * bytes, bytes)
            }
            Operand::Splat { buffer, position } => {
                let start = self.address(buffer);
                self.offset(start.base, start.offset + (position * bytes) as i64)
            }
        }
    }

    /// The pointer to where an instruction leaves its strip.
    pub fn target(&mut self, strip: &Strip, instruction: &StripInstruction) -> Value {
        match instruction.target {
            Target::Slot(slot) => self.in_scratch(strip, slot),
            Target::Buffer(buffer) => {
                let part = strip.part(instruction.extent);
                self.along(part, buffer, 0, instruction.element.bytes())
            }
            Target::Register => unreachable!("values in registers are read in their chain only"),
        }
    }

    /// The pointer to a place in scratch memory.
    pub fn in_scratch(&mut self, strip: &Strip, place: usize) -> Value {
        let start = self.scratch(strip.kernel.scratch);
        self.offset(start.base, start.offset + place as i64)
    }

    fn along(&mut self, part: Part, buffer: BufferId, skip: usize, bytes: usize) -> Value {
        let start = self.address(buffer);
        let base = self.offset(start.base, start.offset + skip as i64);
        match part.first {
            None => base,
            Some(first) => {
                let distance = self.builder.ins().imul_imm_s(first, bytes as i64);
                self.builder.ins().iadd(base, distance)
            }
        }
    }
}
