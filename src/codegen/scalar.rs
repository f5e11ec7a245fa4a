//! Straight-line scalar code.

use super::address;
use super::lower::{Lower, register};
use crate::ir::{ElementType, Extreme, Instruction, NodeId, Outside, Pointwise, PointwiseRef};
use crate::native::RunErrorKind;
use crate::native::fallback;
use crate::runtime::kernel::LANES;
use crate::schedule::{BufferId, ScalarBlock, ScalarInstruction, ScalarOp, ValueId, calls_at};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, StackSlotData, StackSlotKind, Value, types};

/// Loads and constants are made again when their last use is so many instructions back, or a call lies between:
/// nothing is overwritten before the block ends, and a load costs less than keeping a register or a stack slot.
pub const NEAR: usize = 48;

/// The registers of a block's values: with each, when it was made.
type Made = Vec<Option<(Value, Moment)>>;

/// A point of a block: calls before it, and its stretch of [`NEAR`] instructions.
type Moment = (usize, usize);

/// The values of a few calls.
pub type Lanes = smallvec::SmallVec<[Value; LANES]>;

impl Lower<'_> {
    /// Writes a block.
    pub fn scalar_block(&mut self, block: &ScalarBlock) {
        self.checked.clear();
        let mut made: Made = vec![None; block.instructions.len()];
        for (place, instruction) in block.instructions.iter().enumerate() {
            if is_repeatable(instruction) || made[place].is_some() {
                continue;
            }
            let together = calls_at(block, place);
            if together > 1 {
                let asked = block.instructions[place..place + together].iter();
                let asked: Lanes = asked.map(|call| self.value(block, &mut made, call.arguments[0], place)).collect();
                if let Some(values) = self.calls_abreast(instruction, &asked) {
                    for (made, value) in made[place..].iter_mut().zip(values) {
                        *made = Some((value, (0, 0)));
                    }
                    continue;
                }
            }
            let arguments: smallvec::SmallVec<[Value; 3]> =
                instruction.arguments.iter().map(|argument| self.value(block, &mut made, *argument, place)).collect();
            let from = instruction.arguments.first().map(|argument| block.instructions[argument.index()].element);
            let value = self.scalar(instruction, &arguments, from.unwrap_or(instruction.element));
            made[place] = Some((value, (0, 0)));
        }
        // Stores may overwrite what is loaded, so all values come first.
        let end = block.instructions.len();
        let values: Vec<Value> =
            block.stores.iter().map(|store| self.value(block, &mut made, store.value, end)).collect();
        for (store, value) in block.stores.iter().zip(values) {
            let bytes = self.schedule.buffer(store.buffer).element.bytes();
            let address = self.address(store.buffer);
            let offset = address.offset + (store.position * bytes) as i64;
            let (base, offset) = self.near(address.base, offset);
            self.builder.ins().store(MemFlagsData::trusted(), value, base, offset);
        }
    }

    /// The register of a value, for use at a place of the block.
    fn value(&mut self, block: &ScalarBlock, made: &mut Made, id: ValueId, place: usize) -> Value {
        let instruction = &block.instructions[id.index()];
        let now = (self.calls, place / NEAR);
        match made[id.index()] {
            Some((value, moment)) if moment == now || !is_repeatable(instruction) => value,
            _ => {
                if self.moment != now {
                    self.moment = now;
                    self.forget_bases();
                }
                let value = self.scalar(instruction, &[], instruction.element);
                made[id.index()] = Some((value, now));
                value
            }
        }
    }

    /// A base and an offset that fits an instruction.
    pub fn near(&mut self, base: Value, offset: i64) -> (Value, i32) {
        match i32::try_from(offset) {
            Ok(offset) => (base, offset),
            Err(_) => (self.offset(base, offset), 0),
        }
    }

    /// Writes one operation; `from` is the element type of its first argument.
    pub fn scalar(&mut self, instruction: &ScalarInstruction, arguments: &[Value], from: ElementType) -> Value {
        let element = instruction.element;
        match instruction.op {
            ScalarOp::Constant(bits) => self.constant(bits, element),
            ScalarOp::Load { buffer, position } => {
                let address = self.address(buffer);
                let offset = address.offset + (position * element.bytes()) as i64;
                let (base, offset) = self.near(address.base, offset);
                self.builder.ins().load(register(element), MemFlagsData::trusted(), base, offset)
            }
            ScalarOp::LoadAt { buffer, position, stride, limit, outside } => {
                let (index, beyond) = self.index_within(arguments[0], limit, outside, instruction.origin);
                let loaded = self.load_at(buffer, position, stride, index, element);
                self.zero_if(beyond, loaded, element)
            }
            ScalarOp::Pointwise(PointwiseRef(definition)) => match definition.instruction {
                Some(operation) => {
                    let made = self.operation(operation, arguments, from, element);
                    made.unwrap_or_else(|| self.integer(operation, definition, instruction, arguments))
                }
                None => self.scalar_call(definition, instruction, arguments, from),
            },
            ScalarOp::Add => self.arithmetic(Instruction::Add, instruction, arguments),
            ScalarOp::Multiply => self.arithmetic(Instruction::Multiply, instruction, arguments),
            ScalarOp::Greater => self.extreme(Extreme::Max, arguments, element),
            ScalarOp::Lesser => self.extreme(Extreme::Min, arguments, element),
            ScalarOp::Beats(extreme) => self.beats(extreme, arguments, from),
            ScalarOp::Choose => self.select(element, arguments),
            ScalarOp::Mix => self.scalar_mix(arguments),
            ScalarOp::Random(distribution) => self.scalar_draw(distribution, arguments[0], element),
        }
    }

    /// The register of a constant.
    pub fn constant(&mut self, bits: u64, element: ElementType) -> Value {
        let ins = self.builder.ins();
        match element {
            ElementType::F32 => ins.f32const(f32::from_bits(bits as u32)),
            ElementType::F64 => ins.f64const(f64::from_bits(bits)),
            ElementType::I64 => ins.iconst(types::I64, bits as i64),
            ElementType::Bool => ins.iconst(types::I8, i64::from(bits != 0)),
        }
    }

    /// An index that can be read at, and where zeros stand outside the flag of being there.
    pub(super) fn index_within(
        &mut self,
        index: Value,
        limit: usize,
        outside: Outside,
        node: NodeId,
    ) -> (Value, Option<Value>) {
        if outside == Outside::Error {
            self.check_index(index, limit, node);
            return (index, None);
        }
        let beyond = self.builder.ins().icmp_imm_s(IntCC::UnsignedGreaterThanOrEqual, index, limit as i64);
        let first = self.number(0);
        (self.builder.ins().select(beyond, first, index), Some(beyond))
    }

    /// The value, or zero if the flag is set.
    pub(super) fn zero_if(&mut self, flag: Option<Value>, value: Value, element: ElementType) -> Value {
        let Some(flag) = flag else { return value };
        let zero = self.constant(0, element);
        self.builder.ins().select(flag, zero, value)
    }

    /// Ends the program unless an index is below a limit. A row of a few elements asks once.
    fn check_index(&mut self, index: Value, limit: usize, node: NodeId) {
        if self.checked.contains(&(index, limit)) {
            return;
        }
        self.checked.push((index, limit));
        let outside = self.builder.ins().icmp_imm_s(IntCC::UnsignedGreaterThanOrEqual, index, limit as i64);
        self.fail_if(outside, node, RunErrorKind::Index);
    }

    fn load_at(&mut self, id: BufferId, position: isize, stride: isize, index: Value, element: ElementType) -> Value {
        let bytes = element.bytes() as i64;
        let address = self.address(id);
        let scaled = self.builder.ins().imul_imm_s(index, stride as i64 * bytes);
        let base = self.builder.ins().iadd(address.base, scaled);
        let (base, offset) = self.near(base, address.offset + position as i64 * bytes);
        self.builder.ins().load(register(element), MemFlagsData::trusted(), base, offset)
    }

    /// An operation on integers, checked.
    fn integer(
        &mut self,
        operation: Instruction,
        definition: &'static Pointwise,
        instruction: &ScalarInstruction,
        arguments: &[Value],
    ) -> Value {
        match operation {
            Instruction::Add | Instruction::Subtract | Instruction::Multiply => {
                self.arithmetic(operation, instruction, arguments)
            }
            _ => self.scalar_call(definition, instruction, arguments, ElementType::I64),
        }
    }

    /// Addition, subtraction, multiplication; of integers, checked.
    fn arithmetic(&mut self, operation: Instruction, instruction: &ScalarInstruction, arguments: &[Value]) -> Value {
        let element = instruction.element;
        if let Some(real) = self.operation(operation, arguments, element, element) {
            return real;
        }
        let (a, b) = (arguments[0], arguments[1]);
        let (value, overflow) = match operation {
            Instruction::Add => self.builder.ins().sadd_overflow(a, b),
            Instruction::Subtract => self.builder.ins().ssub_overflow(a, b),
            _ => self.builder.ins().smul_overflow(a, b),
        };
        self.fail_if(overflow, instruction.origin, RunErrorKind::Integer);
        value
    }

    /// Whether the first is more extreme than the second; NaN is more extreme than any number.
    fn beats(&mut self, extreme: Extreme, arguments: &[Value], element: ElementType) -> Value {
        let (value, best) = (arguments[0], arguments[1]);
        let operation = match extreme {
            Extreme::Max => Instruction::Greater,
            Extreme::Min => Instruction::Less,
        };
        let further = self.compare(operation, value, best, element);
        if !element.is_real() {
            return further;
        }
        let is_nan = self.builder.ins().fcmp(FloatCC::Unordered, value, value);
        let was_number = self.builder.ins().fcmp(FloatCC::Ordered, best, best);
        let first_nan = self.builder.ins().band(is_nan, was_number);
        self.builder.ins().bor(further, first_nan)
    }

    /// One call that computes a function of some numbers; what it takes more is the first of them again. None where the
    /// processor has no such function.
    pub fn calls_abreast(&mut self, instruction: &ScalarInstruction, asked: &[Value]) -> Option<Lanes> {
        let ScalarOp::Pointwise(PointwiseRef(definition)) = instruction.op else { return None };
        let element = instruction.element;
        let (function, width) = address::abreast(definition, element, asked.len())?;
        let slot = self.lanes_slot();
        let mut call = Lanes::from_slice(&[self.builder.ins().stack_addr(types::I64, slot, 0)]);
        call.extend((0..width).map(|lane| asked.get(lane).copied().unwrap_or(asked[0])));
        self.call(function, &call, None);
        let ty = register(element);
        let stored = (0..asked.len()).map(|lane| (lane * element.bytes()) as i32);
        Some(stored.map(|offset| self.builder.ins().stack_load(types::I64, ty, slot, offset)).collect())
    }

    /// A pointwise operation as a call.
    fn scalar_call(
        &mut self,
        definition: &'static Pointwise,
        instruction: &ScalarInstruction,
        arguments: &[Value],
        from: ElementType,
    ) -> Value {
        let pointer = self.pointer(std::ptr::from_ref(definition));
        if from == ElementType::I64 && instruction.element == ElementType::I64 {
            let slot = StackSlotData::new(StackSlotKind::ExplicitSlot, 8, 3);
            let slot = self.builder.create_sized_stack_slot(slot);
            let out = self.builder.ins().stack_addr(types::I64, slot, 0);
            let b = arguments.get(1).copied().unwrap_or(arguments[0]);
            let call = [pointer, arguments[0], b, out];
            if let Some(status) = self.call(fallback::integer_address(), &call, Some(types::I8)) {
                self.fail_if(status, instruction.origin, RunErrorKind::Integer);
            }
            return self.builder.ins().stack_load(types::I64, types::I64, slot, 0);
        }
        if let Some(function) = address::scalar(definition, from) {
            let result = self.call(function, arguments, Some(register(instruction.element)));
            return result.unwrap_or(arguments[0]);
        }
        let mut call: smallvec::SmallVec<[Value; 4]> = smallvec::smallvec![pointer];
        call.extend_from_slice(arguments);
        let address = fallback::scalar_address(definition, from);
        let result = self.call(address, &call, Some(register(instruction.element)));
        result.unwrap_or(arguments[0])
    }
}

/// Whether making the value again costs no more than keeping it.
fn is_repeatable(instruction: &ScalarInstruction) -> bool {
    matches!(instruction.op, ScalarOp::Constant(_) | ScalarOp::Load { .. })
}
