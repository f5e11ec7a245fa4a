//! Straight-line scalar code.

use super::address;
use super::execute::RunErrorKind;
use super::fallback;
use super::lower::{Lower, register};
use crate::ir::{ElementType, Extreme, Instruction, NodeId, Outside, Pointwise, PointwiseRef};
use crate::runtime::kernel::LANES;
use crate::schedule::{BufferId, ScalarBlock, ScalarInstruction, ScalarOp, ValueId, calls_at};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{InstBuilder, InstructionData, MemFlagsData, StackSlotData, StackSlotKind, Value, types};

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
                Some(operation) => self.operation(operation, definition, instruction, arguments, from),
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

    /// Ends the program unless an index is below a limit.
    pub fn check_index(&mut self, index: Value, limit: usize, node: NodeId) {
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

    /// A pointwise operation that has an instruction.
    fn operation(
        &mut self,
        operation: Instruction,
        definition: &'static Pointwise,
        instruction: &ScalarInstruction,
        arguments: &[Value],
        from: ElementType,
    ) -> Value {
        use Instruction as I;
        let a = arguments[0];
        match operation {
            I::Identity => a,
            I::Select => self.select(instruction.element, arguments),
            I::And => self.builder.ins().band(a, arguments[1]),
            I::Or => self.builder.ins().bor(a, arguments[1]),
            I::Not => self.builder.ins().bxor_imm_u(a, 1),
            I::Maximum => self.extreme(Extreme::Max, arguments, from),
            I::Minimum => self.extreme(Extreme::Min, arguments, from),
            I::Convert => self.convert(a, from, instruction.element),
            I::Equal | I::NotEqual | I::Less | I::LessEqual | I::Greater | I::GreaterEqual => {
                self.compare(operation, a, arguments[1], from)
            }
            I::Step | I::PositivePart | I::Sign | I::GreaterShare | I::MaskedMultiply | I::RoutedMultiply
                if from.is_real() =>
            {
                self.choice_of_reals(operation, arguments, from)
            }
            I::Reciprocal => {
                let one = self.constant(from.word(1.0), from);
                self.builder.ins().fdiv(one, a)
            }
            _ if from.is_real() => self.real(operation, arguments),
            I::Add | I::Subtract | I::Multiply => self.arithmetic(operation, instruction, arguments),
            _ => self.scalar_call(definition, instruction, arguments, from),
        }
    }

    fn real(&mut self, operation: Instruction, arguments: &[Value]) -> Value {
        let ins = self.builder.ins();
        let a = arguments[0];
        let b = arguments.get(1).copied().unwrap_or(a);
        match operation {
            Instruction::Add => ins.fadd(a, b),
            Instruction::Subtract => ins.fsub(a, b),
            Instruction::Multiply | Instruction::Square => ins.fmul(a, b),
            Instruction::Divide => ins.fdiv(a, b),
            Instruction::Negate => ins.fneg(a),
            Instruction::Absolute => ins.fabs(a),
            Instruction::SquareRoot => ins.sqrt(a),
            Instruction::Floor => ins.floor(a),
            Instruction::Ceiling => ins.ceil(a),
            Instruction::Truncate => ins.trunc(a),
            _ => a,
        }
    }

    /// Operations that compare reals and choose, without a branch.
    fn choice_of_reals(&mut self, operation: Instruction, arguments: &[Value], element: ElementType) -> Value {
        use FloatCC::{Equal, GreaterThan, LessThan};
        let a = arguments[0];
        let b = arguments.get(1).copied().unwrap_or(a);
        let [zero, one] = [0.0, 1.0].map(|value| self.constant(element.word(value), element));
        match operation {
            Instruction::Step => self.choose_real(element, (GreaterThan, a, zero), one, zero),
            Instruction::PositivePart => self.extreme(Extreme::Max, &[a, zero], element),
            Instruction::Sign => {
                let minus_one = self.constant(element.word(-1.0), element);
                let other = self.choose_real(element, (LessThan, a, zero), minus_one, a);
                self.choose_real(element, (GreaterThan, a, zero), one, other)
            }
            Instruction::GreaterShare => {
                let half = self.constant(element.word(0.5), element);
                let other = self.choose_real(element, (Equal, a, b), half, zero);
                self.choose_real(element, (GreaterThan, a, b), one, other)
            }
            _ => {
                let product = self.builder.ins().fmul(a, b);
                let product = self.choose_real(element, (Equal, a, zero), zero, product);
                if operation == Instruction::MaskedMultiply {
                    return product;
                }
                self.choose_real(element, (Equal, b, zero), zero, product)
            }
        }
    }

    /// Addition, subtraction, multiplication; of integers, checked.
    fn arithmetic(&mut self, operation: Instruction, instruction: &ScalarInstruction, arguments: &[Value]) -> Value {
        if instruction.element.is_real() {
            return self.real(operation, arguments);
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

    /// The first argument where it is more extreme or NaN, else the second.
    fn extreme(&mut self, extreme: Extreme, arguments: &[Value], element: ElementType) -> Value {
        let (a, b) = (arguments[0], arguments[1]);
        match (element, extreme) {
            (ElementType::F32 | ElementType::F64, _) => {
                let condition = if extreme == Extreme::Max { FloatCC::GreaterThan } else { FloatCC::LessThan };
                let chosen = self.choose_real(element, (condition, a, b), a, b);
                self.choose_real(element, (FloatCC::Unordered, a, a), a, chosen)
            }
            (ElementType::I64, Extreme::Max) => self.builder.ins().smax(a, b),
            (ElementType::I64, Extreme::Min) => self.builder.ins().smin(a, b),
            (ElementType::Bool, Extreme::Max) => self.builder.ins().bor(a, b),
            (ElementType::Bool, Extreme::Min) => self.builder.ins().band(a, b),
        }
    }

    /// A choice between reals by a comparison of reals as wide, without a branch: in vector registers, whose
    /// comparisons make masks.
    fn choose_real(
        &mut self,
        element: ElementType,
        (condition, left, right): (FloatCC, Value, Value),
        yes: Value,
        no: Value,
    ) -> Value {
        let vector = if element == ElementType::F32 { types::F32X4 } else { types::F64X2 };
        let [left, right, yes, no] =
            [left, right, yes, no].map(|value| self.builder.ins().scalar_to_vector(vector, value));
        let mask = self.builder.ins().fcmp(condition, left, right);
        let mask = self.builder.ins().bitcast(vector, MemFlagsData::new(), mask);
        let chosen = self.builder.ins().bitselect(mask, yes, no);
        self.builder.ins().extractlane(chosen, 0)
    }

    /// A choice; by a comparison that was just made on reals as wide, without a branch.
    fn select(&mut self, element: ElementType, arguments: &[Value]) -> Value {
        let made = self.builder.func.dfg.value_def(arguments[0]).inst();
        let compared = made.map(|made| self.builder.func.dfg.insts[made]);
        match compared {
            Some(InstructionData::FloatCompare { cond, args: [left, right], .. })
                if element.is_real() && self.builder.func.dfg.value_type(left) == register(element) =>
            {
                self.choose_real(element, (cond, left, right), arguments[1], arguments[2])
            }
            _ => self.builder.ins().select(arguments[0], arguments[1], arguments[2]),
        }
    }

    fn compare(&mut self, operation: Instruction, a: Value, b: Value, element: ElementType) -> Value {
        let (float, integer) = match operation {
            Instruction::Equal => (FloatCC::Equal, IntCC::Equal),
            Instruction::NotEqual => (FloatCC::NotEqual, IntCC::NotEqual),
            Instruction::Less => (FloatCC::LessThan, IntCC::SignedLessThan),
            Instruction::LessEqual => (FloatCC::LessThanOrEqual, IntCC::SignedLessThanOrEqual),
            Instruction::Greater => (FloatCC::GreaterThan, IntCC::SignedGreaterThan),
            _ => (FloatCC::GreaterThanOrEqual, IntCC::SignedGreaterThanOrEqual),
        };
        match element {
            ElementType::F32 | ElementType::F64 => self.builder.ins().fcmp(float, a, b),
            _ => self.builder.ins().icmp(integer, a, b),
        }
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

    fn convert(&mut self, a: Value, from: ElementType, to: ElementType) -> Value {
        use ElementType as E;
        match (from, to) {
            (E::F32, E::F64) => self.builder.ins().fpromote(types::F64, a),
            (E::F64, E::F32) => self.builder.ins().fdemote(types::F32, a),
            (E::F32 | E::F64, E::I64) => self.builder.ins().fcvt_to_sint_sat(types::I64, a),
            (E::F32 | E::F64, E::Bool) => {
                let zero = self.constant(0, from);
                self.builder.ins().fcmp(FloatCC::NotEqual, a, zero)
            }
            (E::I64, E::F32 | E::F64) => self.builder.ins().fcvt_from_sint(register(to), a),
            (E::I64, E::Bool) => self.builder.ins().icmp_imm_s(IntCC::NotEqual, a, 0),
            (E::Bool, E::F32 | E::F64) => {
                let wide = self.builder.ins().uextend(types::I64, a);
                self.builder.ins().fcvt_from_sint(register(to), wide)
            }
            (E::Bool, E::I64) => self.builder.ins().uextend(types::I64, a),
            _ => a,
        }
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
