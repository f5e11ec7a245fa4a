//! Steps of a loop in line that do not wait for one another, two at a time: their reals are the lanes of vectors.
//!
//! A loop without states is such steps. What has no instruction for vectors is done for each step by itself. A step that
//! fails leaves both to the loop that goes step by step, which fails at the right place.

use super::CodegenError;
use super::inline::{Outside, Scene};
use super::lower::{Lower, Retreat};
use super::operation::vector_of;
use super::scalar::NEAR;
use crate::ir::{ElementType, Ends, Instruction, PointwiseRef};
use crate::schedule::{
    Body, BufferId, LoopKernel, Place, ScalarBlock, ScalarInstruction, ScalarOp, Schedule, abreast_function, in_memory,
};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{BlockArg, ConstantData, InstBuilder, Value, types};
use std::collections::HashMap;

/// Shorter loops are not worth two bodies.
const STEPS: usize = 8;

/// A value of two steps: as the lanes of a vector, or in a register for each, or both.
#[derive(Clone, Copy, Default)]
struct Pair {
    lanes: Option<Value>,
    each: Option<[Value; 2]>,
}

/// What two steps see.
struct Steps<'k> {
    scenes: [Scene<'k>; 2],
    elements: HashMap<(BufferId, usize), Pair>,
}

/// The values that a block has made, constants with the moment.
type Made = Vec<Option<(Pair, (usize, usize))>>;

/// Whether the steps of a loop in line can go in pairs, and gain by it: most of what they do has instructions for vectors.
pub fn fits(kernel: &LoopKernel, body: &Schedule) -> bool {
    let is_apart = kernel.states.is_empty() && kernel.ends == Ends::AfterTrips && kernel.trips >= STEPS;
    let known = |element: ElementType| element != ElementType::F32;
    let is_input = |id: &BufferId| matches!(body.buffer(*id).place, Place::Input(_) | Place::Constant(_));
    if !is_apart || !body.buffers.iter().all(|buffer| known(buffer.element)) || !in_memory(body).iter().all(is_input) {
        return false;
    }
    let (mut in_lanes, mut others) = (0, 0);
    for kernel in &body.kernels {
        match &kernel.body {
            Body::Scalar(block) => {
                for instruction in &block.instructions {
                    match instruction.op {
                        ScalarOp::Constant(_) => {}
                        _ if !known(instruction.element) => return false,
                        _ if in_vectors(block, instruction) => in_lanes += 1,
                        _ => others += 1,
                    }
                }
            }
            Body::Copy { .. } | Body::Zero { .. } => {}
            _ => return false,
        }
    }
    in_lanes > others
}

/// Whether an instruction computes both lanes at once.
fn in_vectors(block: &ScalarBlock, instruction: &ScalarInstruction) -> bool {
    use Instruction as I;
    let elements = || instruction.arguments.iter().map(|argument| block.instructions[argument.index()].element);
    if instruction.element == ElementType::I64 || elements().any(|element| element == ElementType::I64) {
        return false;
    }
    let of_reals = elements().next() == Some(ElementType::F64);
    match instruction.op {
        ScalarOp::Add | ScalarOp::Multiply | ScalarOp::Greater | ScalarOp::Lesser => of_reals,
        ScalarOp::Choose => true,
        ScalarOp::Pointwise(PointwiseRef(definition)) => match definition.instruction {
            Some(I::Identity | I::Select | I::And | I::Or | I::Not) => true,
            Some(_) => of_reals,
            None => false,
        },
        _ => false,
    }
}

impl Lower<'_> {
    /// Writes the loop of pairs of steps; returns how many steps it has done where the loop step by step goes on.
    pub(super) fn paired_steps(&mut self, outside: &Outside) -> Result<Value, CodegenError> {
        let [head, step, rest] = [(); 3].map(|()| self.builder.create_block());
        let done = self.builder.append_block_param(head, types::I64);
        let from = self.builder.append_block_param(rest, types::I64);
        let zero = self.number(0);
        self.builder.ins().jump(head, &[BlockArg::Value(zero)]);
        self.builder.switch_to_block(head);
        let next = self.builder.ins().iadd_imm_s(done, 2);
        let more = self.builder.ins().icmp(IntCC::SignedLessThanOrEqual, next, outside.limit);
        self.builder.ins().brif(more, step, &[], rest, &[BlockArg::Value(done)]);
        self.builder.switch_to_block(step);
        let before = self.retreat.replace(Retreat { block: rest, done });
        let second = self.builder.ins().iadd_imm_s(done, 1);
        let scenes = [done, second].map(|step| self.enter(outside, &[step]));
        let mut steps = Steps { scenes, elements: HashMap::new() };
        self.paired_body(&mut steps, outside.body)?;
        self.retreat = before;
        self.builder.ins().jump(head, &[BlockArg::Value(next)]);
        self.builder.switch_to_block(rest);
        Ok(from)
    }

    fn paired_body(&mut self, steps: &mut Steps, body: &Schedule) -> Result<(), CodegenError> {
        for kernel in &body.kernels {
            match &kernel.body {
                Body::Scalar(block) => self.paired_block(steps, block),
                Body::Copy { from, to } => {
                    for place in 0..from.layout.count() {
                        let value = self.paired_element(steps, body, from.buffer, from.layout.position(place));
                        self.put_pair(steps, body, (to.buffer, to.layout.position(place)), value);
                    }
                }
                Body::Zero { to } => {
                    let buffer = body.buffer(*to);
                    for position in 0..buffer.count {
                        let zero = self.constant_pair(0, buffer.element);
                        self.put_pair(steps, body, (*to, position), zero);
                    }
                }
                _ => return Err(CodegenError::new("a kernel that cannot be in a pair of steps")),
            }
        }
        Ok(())
    }

    fn paired_block(&mut self, steps: &mut Steps, block: &ScalarBlock) {
        self.checked.clear();
        let body = steps.scenes[0].schedule;
        let mut made: Made = vec![None; block.instructions.len()];
        for (place, instruction) in block.instructions.iter().enumerate() {
            if matches!(instruction.op, ScalarOp::Constant(_)) {
                continue;
            }
            let pair = match instruction.op {
                ScalarOp::Load { buffer, position } => self.paired_element(steps, body, buffer, position),
                _ if in_vectors(block, instruction) => {
                    let arguments = self.arguments_of(block, &mut made, place, Self::lanes_of);
                    Pair { lanes: Some(self.vector_instruction(block, instruction, &arguments)), each: None }
                }
                _ => {
                    let arguments = self.arguments_of(block, &mut made, place, Self::each_of);
                    self.separately(steps, block, instruction, &arguments)
                }
            };
            made[place] = Some((pair, (self.calls, place / NEAR)));
        }
        for store in &block.stores {
            let pair = self.pair_of(block, &mut made, store.value.index(), block.instructions.len());
            self.put_pair(steps, body, (store.buffer, store.position), pair);
        }
    }

    /// The arguments of an instruction in one form, which is kept for others.
    fn arguments_of<T>(
        &mut self,
        block: &ScalarBlock,
        made: &mut Made,
        place: usize,
        form: impl Fn(&mut Self, &mut Pair, ElementType) -> T,
    ) -> Vec<T> {
        let arguments = block.instructions[place].arguments.iter().map(|argument| argument.index());
        arguments
            .map(|argument| {
                let mut pair = self.pair_of(block, made, argument, place);
                let found = form(self, &mut pair, block.instructions[argument].element);
                if let Some((kept, _)) = &mut made[argument] {
                    *kept = pair;
                }
                found
            })
            .collect()
    }

    /// A value for use at a place; a constant is made again rather than kept over calls or long stretches.
    fn pair_of(&mut self, block: &ScalarBlock, made: &mut Made, value: usize, place: usize) -> Pair {
        let now = (self.calls, place / NEAR);
        let instruction = &block.instructions[value];
        match (made[value], instruction.op) {
            (Some((pair, moment)), ScalarOp::Constant(_)) if moment == now => pair,
            (_, ScalarOp::Constant(bits)) => {
                let pair = self.constant_pair(bits, instruction.element);
                made[value] = Some((pair, now));
                pair
            }
            (Some((pair, _)), _) => pair,
            (None, _) => unreachable!("arguments come before their users"),
        }
    }

    fn constant_pair(&mut self, bits: u64, element: ElementType) -> Pair {
        if element != ElementType::F64 {
            let value = self.constant(bits, element);
            return Pair { lanes: None, each: Some([value; 2]) };
        }
        let data = ConstantData::from(bits.to_le_bytes().repeat(2));
        let data = self.builder.func.dfg.constants.insert(data);
        let lanes = self.builder.ins().vconst(types::F64X2, data);
        Pair { lanes: Some(lanes), each: None }
    }

    /// A value as the lanes of a vector; a truth value as masks.
    fn lanes_of(&mut self, pair: &mut Pair, element: ElementType) -> Value {
        if let Some(lanes) = pair.lanes {
            return lanes;
        }
        let mut each = pair.each.unwrap_or_else(|| unreachable!("a pair has a form"));
        let vector = if element == ElementType::Bool { types::I64X2 } else { vector_of(element) };
        if element == ElementType::Bool {
            each = each.map(|flag| {
                let wide = self.builder.ins().uextend(types::I64, flag);
                self.builder.ins().ineg(wide)
            });
        }
        let lanes = if each[0] == each[1] {
            self.builder.ins().splat(vector, each[0])
        } else {
            let first = self.builder.ins().scalar_to_vector(vector, each[0]);
            self.builder.ins().insertlane(first, each[1], 1)
        };
        pair.lanes = Some(lanes);
        lanes
    }

    /// A value of each step in a register.
    fn each_of(&mut self, pair: &mut Pair, element: ElementType) -> [Value; 2] {
        if let Some(each) = pair.each {
            return each;
        }
        let lanes = pair.lanes.unwrap_or_else(|| unreachable!("a pair has a form"));
        let each = [0, 1].map(|lane| {
            let lane = self.builder.ins().extractlane(lanes, lane);
            if element != ElementType::Bool {
                return lane;
            }
            self.builder.ins().icmp_imm_s(IntCC::NotEqual, lane, 0)
        });
        pair.each = Some(each);
        each
    }

    fn vector_instruction(
        &mut self,
        block: &ScalarBlock,
        instruction: &ScalarInstruction,
        arguments: &[Value],
    ) -> Value {
        let to = instruction.element;
        let from = instruction.arguments.first().map_or(to, |argument| block.instructions[argument.index()].element);
        let operation = match instruction.op {
            ScalarOp::Add => Instruction::Add,
            ScalarOp::Multiply => Instruction::Multiply,
            ScalarOp::Greater => Instruction::Maximum,
            ScalarOp::Lesser => Instruction::Minimum,
            ScalarOp::Choose => Instruction::Select,
            ScalarOp::Pointwise(PointwiseRef(definition)) => definition.instruction.unwrap_or(Instruction::Identity),
            _ => unreachable!("only these are in vectors"),
        };
        let made = self.operation(operation, arguments, from, to);
        made.unwrap_or_else(|| unreachable!("reals and truth values have instructions"))
    }

    /// An instruction for one step and then the other.
    fn separately(
        &mut self,
        steps: &mut Steps,
        block: &ScalarBlock,
        instruction: &ScalarInstruction,
        arguments: &[[Value; 2]],
    ) -> Pair {
        if abreast_function(instruction).is_some()
            && let Some(both) = self.calls_abreast(instruction, &arguments[0])
            && let [first, second] = both[..]
        {
            return Pair { lanes: None, each: Some([first, second]) };
        }
        let each = [0, 1].map(|step| {
            let own: Vec<Value> = arguments.iter().map(|argument| argument[step]).collect();
            let scene = std::slice::from_mut(&mut steps.scenes[step]);
            self.inline_instruction(scene, block, instruction, &own)
        });
        Pair { lanes: None, each: Some(each) }
    }

    fn paired_element(&mut self, steps: &mut Steps, body: &Schedule, id: BufferId, position: usize) -> Pair {
        if let Some(known) = steps.elements.get(&(id, position)) {
            return *known;
        }
        let buffer = body.buffer(id);
        if let Place::Constant(bits) = &buffer.place {
            return self.constant_pair(bits[position], buffer.element);
        }
        let each = [0, 1].map(|step| {
            let scene = std::slice::from_mut(&mut steps.scenes[step]);
            self.inline_element(scene, id, position)
        });
        let mut pair = Pair { lanes: None, each: Some(each) };
        if buffer.element == ElementType::F64 {
            // A load is only worth its lanes.
            pair = Pair { lanes: Some(self.lanes_of(&mut pair, buffer.element)), each: None };
        }
        steps.elements.insert((id, position), pair);
        pair
    }

    fn put_pair(&mut self, steps: &mut Steps, body: &Schedule, (id, position): (BufferId, usize), mut pair: Pair) {
        if matches!(body.buffer(id).place, Place::Output(_)) {
            let each = self.each_of(&mut pair, body.buffer(id).element);
            for (scene, value) in steps.scenes.iter_mut().zip(each) {
                self.put(std::slice::from_mut(scene), id, position, value);
            }
        }
        steps.elements.insert((id, position), pair);
    }
}
