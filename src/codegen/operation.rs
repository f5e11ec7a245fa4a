//! Pointwise operations on registers. Each is written once, for a scalar and for the lanes of a vector alike.
//!
//! A truth value is an integer 0 or 1 in a scalar register. In a vector a lane of it is as wide as those of the numbers
//! beside it, and all its bits are set or none.

use super::lower::{Lower, register};
use crate::ir::{ElementType, Extreme, Instruction};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{ConstantData, InstBuilder, InstructionData, MemFlagsData, Type, Value, types};

/// A comparison of two reals.
type Comparison = (FloatCC, Value, Value);

impl Lower<'_> {
    /// Writes an operation on arguments of which the first has the type `from`, with a result of the type `to`; none where
    /// it has no instruction for these types: integers whose overflow is checked.
    pub fn operation(
        &mut self,
        operation: Instruction,
        arguments: &[Value],
        from: ElementType,
        to: ElementType,
    ) -> Option<Value> {
        use Instruction as I;
        let a = arguments[0];
        Some(match operation {
            I::Identity => a,
            I::Select => self.select(to, arguments),
            I::And => self.builder.ins().band(a, arguments[1]),
            I::Or => self.builder.ins().bor(a, arguments[1]),
            I::Not if self.is_vector(a) => self.builder.ins().bnot(a),
            I::Not => self.builder.ins().bxor_imm_u(a, 1),
            I::Maximum => self.extreme(Extreme::Max, arguments, from),
            I::Minimum => self.extreme(Extreme::Min, arguments, from),
            I::Convert => self.convert(a, from, to),
            I::Equal | I::NotEqual | I::Less | I::LessEqual | I::Greater | I::GreaterEqual => {
                self.compare(operation, a, arguments[1], from)
            }
            I::Excess
            | I::Step
            | I::PositivePart
            | I::Sign
            | I::GreaterShare
            | I::MaskedMultiply
            | I::RoutedMultiply
                if from.is_real() =>
            {
                self.choice_of_reals(operation, arguments, from)
            }
            _ if from.is_real() => self.real(operation, arguments, from),
            _ => return None,
        })
    }

    pub fn is_vector(&self, value: Value) -> bool {
        self.builder.func.dfg.value_type(value).is_vector()
    }

    /// A real constant in a register as another value is in: in every lane of a vector.
    fn constant_beside(&mut self, real: f64, element: ElementType, beside: Value) -> Value {
        let bits = element.word(real);
        let ty = self.builder.func.dfg.value_type(beside);
        if !ty.is_vector() {
            return self.constant(bits, element);
        }
        self.splat_word(bits, beside)
    }

    /// A whole number in every lane of a vector such as another value is.
    fn splat_word(&mut self, word: u64, beside: Value) -> Value {
        let ty = self.builder.func.dfg.value_type(beside);
        let lane = &word.to_le_bytes()[..ty.lane_type().bytes() as usize];
        let data = ConstantData::from(lane.repeat(ty.lane_count() as usize));
        let data = self.builder.func.dfg.constants.insert(data);
        self.builder.ins().vconst(ty, data)
    }

    fn real(&mut self, operation: Instruction, arguments: &[Value], element: ElementType) -> Value {
        let a = arguments[0];
        let b = arguments.get(1).copied().unwrap_or(a);
        if operation == Instruction::Reciprocal {
            let one = self.constant_beside(1.0, element, a);
            return self.builder.ins().fdiv(one, a);
        }
        let ins = self.builder.ins();
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
        let zero = self.constant_beside(0.0, element, a);
        match operation {
            Instruction::Excess => {
                let difference = self.builder.ins().fsub(a, b);
                self.choose_real(element, (Equal, a, b), zero, difference)
            }
            Instruction::Step => {
                let one = self.constant_beside(1.0, element, a);
                self.choose_real(element, (GreaterThan, a, zero), one, zero)
            }
            Instruction::PositivePart => self.extreme(Extreme::Max, &[a, zero], element),
            Instruction::Sign => {
                let [one, minus_one] = [1.0, -1.0].map(|value| self.constant_beside(value, element, a));
                let other = self.choose_real(element, (LessThan, a, zero), minus_one, a);
                self.choose_real(element, (GreaterThan, a, zero), one, other)
            }
            Instruction::GreaterShare => {
                let [one, half] = [1.0, 0.5].map(|value| self.constant_beside(value, element, a));
                let other = self.choose_real(element, (Equal, a, b), half, zero);
                self.choose_real(element, (GreaterThan, a, b), one, other)
            }
            _ => self.masked_product(operation, a, b, element),
        }
    }

    /// A product that is 0 where the first factor is, or either of them: its bits and those of a mask. The mask of a number is
    /// made once, however many products it is in.
    fn masked_product(&mut self, operation: Instruction, a: Value, b: Value, element: ElementType) -> Value {
        let [left, right] = [a, b].map(|value| self.in_lanes(value, element));
        let zero = self.constant_beside(0.0, element, left);
        let mut product = self.builder.ins().fmul(left, right);
        let factors = if operation == Instruction::MaskedMultiply { &[left][..] } else { &[left, right] };
        for factor in factors {
            let counts = self.builder.ins().fcmp(FloatCC::NotEqual, *factor, zero);
            let counts = self.seen_as(vector_of(element), counts);
            product = self.builder.ins().band(product, counts);
        }
        if self.is_vector(a) { product } else { self.builder.ins().extractlane(product, 0) }
    }

    /// A real in the lanes of a vector: a single one in all of them, which takes one instruction.
    fn in_lanes(&mut self, value: Value, element: ElementType) -> Value {
        if self.is_vector(value) { value } else { self.builder.ins().splat(vector_of(element), value) }
    }

    /// The first argument where it is more extreme or NaN, else the second.
    pub fn extreme(&mut self, extreme: Extreme, arguments: &[Value], element: ElementType) -> Value {
        let (a, b) = (arguments[0], arguments[1]);
        match (element, extreme) {
            (ElementType::F32 | ElementType::F64, _) => {
                // Both as `less`, which with this choice is one instruction of x86.
                let further = if extreme == Extreme::Max { (b, a) } else { (a, b) };
                let chosen = self.choose_real(element, (FloatCC::LessThan, further.0, further.1), a, b);
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
    fn choose_real(&mut self, element: ElementType, comparison: Comparison, yes: Value, no: Value) -> Value {
        if self.is_vector(yes) {
            return self.choose_lanes(comparison, yes, no);
        }
        let (condition, left, right) = comparison;
        let [left, right, yes, no] = [left, right, yes, no].map(|value| self.in_lanes(value, element));
        let chosen = self.choose_lanes((condition, left, right), yes, no);
        self.builder.ins().extractlane(chosen, 0)
    }

    fn choose_lanes(&mut self, (condition, left, right): Comparison, yes: Value, no: Value) -> Value {
        let vector = self.builder.func.dfg.value_type(yes);
        let mask = self.builder.ins().fcmp(condition, left, right);
        let mask = self.builder.ins().bitcast(vector, MemFlagsData::new(), mask);
        self.builder.ins().bitselect(mask, yes, no)
    }

    /// A choice; by a comparison that was just made on reals as wide, without a branch.
    pub fn select(&mut self, element: ElementType, arguments: &[Value]) -> Value {
        let (condition, yes, no) = (arguments[0], arguments[1], arguments[2]);
        if self.is_vector(condition) {
            return self.select_lanes(condition, yes, no);
        }
        let made = self.builder.func.dfg.value_def(condition).inst();
        let compared = made.map(|made| self.builder.func.dfg.insts[made]);
        match compared {
            Some(InstructionData::FloatCompare { cond, args: [left, right], .. })
                if element.is_real() && self.builder.func.dfg.value_type(left) == register(element) =>
            {
                self.choose_real(element, (cond, left, right), yes, no)
            }
            _ => self.builder.ins().select(condition, yes, no),
        }
    }

    /// A choice by a mask, of whose type the numbers are seen: masks of other types cost more instructions.
    fn select_lanes(&mut self, mask: Value, yes: Value, no: Value) -> Value {
        let [numbers, masks] = [yes, mask].map(|value| self.builder.func.dfg.value_type(value));
        let [yes, no] = [yes, no].map(|value| self.seen_as(masks, value));
        let chosen = self.builder.ins().bitselect(mask, yes, no);
        self.seen_as(numbers, chosen)
    }

    /// The bits of a vector as another type of vector.
    pub fn seen_as(&mut self, ty: Type, value: Value) -> Value {
        if self.builder.func.dfg.value_type(value) == ty {
            return value;
        }
        let flags = MemFlagsData::new().with_endianness(cranelift_codegen::ir::Endianness::Little);
        self.builder.ins().bitcast(ty, flags, value)
    }

    /// Whether one value and another are in an order; NaN is in none but `!=`.
    pub fn compare(&mut self, operation: Instruction, a: Value, b: Value, element: ElementType) -> Value {
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

    fn convert(&mut self, a: Value, from: ElementType, to: ElementType) -> Value {
        use ElementType as E;
        match (from, to) {
            _ if from == to => a,
            (E::Bool, E::F32 | E::F64) if self.is_vector(a) => {
                let ty = vector_of(to);
                let mask = self.seen_as(ty, a);
                let one = self.constant_beside(1.0, to, mask);
                self.builder.ins().band(mask, one)
            }
            (E::Bool, E::I64) if self.is_vector(a) => {
                let one = self.splat_word(1, a);
                self.builder.ins().band(a, one)
            }
            (E::I64, E::Bool) if self.is_vector(a) => {
                let zero = self.splat_word(0, a);
                self.builder.ins().icmp(IntCC::NotEqual, a, zero)
            }
            (E::F32 | E::F64, E::Bool) => {
                let zero = self.constant_beside(0.0, from, a);
                self.builder.ins().fcmp(FloatCC::NotEqual, a, zero)
            }
            (E::F32, E::F64) => self.builder.ins().fpromote(types::F64, a),
            (E::F64, E::F32) => self.builder.ins().fdemote(types::F32, a),
            (E::F32 | E::F64, E::I64) => self.builder.ins().fcvt_to_sint_sat(types::I64, a),
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
}

/// The vector of 16 bytes of numbers of a type.
pub fn vector_of(element: ElementType) -> Type {
    match element {
        ElementType::F32 => types::F32X4,
        ElementType::F64 => types::F64X2,
        ElementType::I64 => types::I64X2,
        ElementType::Bool => types::I8X16,
    }
}
