//! Loops in line: states in registers, rows read and written where they lie.
//!
//! The code of a body sees the memory around it through a [`Scene`]. Scenes are stacked, one for each loop around; the
//! lowest stands on the schedule that the function belongs to.

use super::lower::{BodyCode, Lower, Own, register};
use super::scalar::{Lanes, NEAR};
use super::{CodegenError, pairs};
use crate::ir::{Ends, NodeId};
use crate::native::RunErrorKind;
use crate::schedule::{
    Body, BufferId, Layout, LoopKernel, Place, ScalarBlock, ScalarInstruction, ScalarOp, Schedule, calls_at, in_memory,
};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, MemFlagsData, Value};
use std::collections::{HashMap, HashSet};

/// What the code of a body sees.
pub struct Scene<'k> {
    pub(super) schedule: &'k Schedule,
    own: &'k Own,
    /// The elements that are in registers.
    elements: HashMap<(BufferId, usize), Value>,
    /// Where the inputs are that are in memory: the start of a buffer, and the layout of the input in it.
    inputs: Vec<Option<(Value, Layout)>>,
    /// Where the outputs are.
    outputs: Vec<Value>,
    workspace: Value,
    /// The buffers whose elements are also stored.
    in_memory: HashSet<BufferId>,
    /// The number of states: later outputs are stored.
    states: usize,
}

/// What is known of a loop before its first step.
pub(super) struct Outside<'k> {
    kernel: &'k LoopKernel,
    node: NodeId,
    pub(super) body: &'k Schedule,
    own: &'k Own,
    pub(super) limit: Value,
    /// Where each state goes in the end, and where it is kept in memory meanwhile.
    states: Vec<[Value; 2]>,
    /// The start of each sequence's buffer.
    sequences: Vec<Value>,
    /// The elements of invariants of one element, and the starts of the others' buffers.
    invariants: Vec<Value>,
    /// The first row of each stacked output, and the bytes of a row.
    stacked: Vec<(Value, i64)>,
    workspace: Value,
    /// Of a part of a loop: the row that its first row is.
    first_row: Option<Value>,
}

impl Lower<'_> {
    /// Writes a loop in line.
    pub fn inline_loop<'k>(
        &mut self,
        scenes: &mut Vec<Scene<'k>>,
        around: (&'k Schedule, &'k Own),
        node: NodeId,
        kernel: &'k LoopKernel,
    ) -> Result<(), CodegenError> {
        let outside = self.outside(scenes, around, node, kernel)?;
        let (head, step, after) =
            (self.builder.create_block(), self.builder.create_block(), self.builder.create_block());
        let done = if pairs::fits(kernel, outside.body) { self.paired_steps(&outside)? } else { self.number(0) };
        let mut first = vec![done];
        for state in &kernel.states {
            for place in 0..state.first.layout.count() {
                first.push(self.inline_element(scenes, state.first.buffer, state.first.layout.position(place)));
            }
        }
        let types: Vec<_> = first.iter().map(|value| self.builder.func.dfg.value_type(*value)).collect();
        let held: Vec<Value> = types.iter().map(|ty| self.builder.append_block_param(head, *ty)).collect();
        self.builder.ins().jump(head, &arguments(&first));
        self.builder.switch_to_block(head);
        self.inline_test(&outside, &held, step, after);
        self.builder.switch_to_block(step);
        let scene = self.enter(&outside, &held);
        scenes.push(scene);
        self.inline_body(scenes, &outside)?;
        let mut next = vec![self.builder.ins().iadd_imm_s(held[0], 1)];
        for (place, state) in kernel.states.iter().enumerate() {
            let Some(buffer) = buffer_at(outside.body, &Place::Output(place as u32)) else { continue };
            for position in 0..state.first.layout.count() {
                next.push(self.inline_element(scenes, buffer, position));
            }
        }
        scenes.pop();
        self.builder.ins().jump(head, &arguments(&next));
        self.builder.switch_to_block(after);
        self.leave(scenes, &outside, &held);
        Ok(())
    }

    fn outside<'k>(
        &mut self,
        scenes: &mut [Scene<'k>],
        (schedule, own): (&'k Schedule, &'k Own),
        node: NodeId,
        kernel: &'k LoopKernel,
    ) -> Result<Outside<'k>, CodegenError> {
        let BodyCode::Inline(inner) = &own.bodies[kernel.body] else {
            return Err(CodegenError::new("a loop in line without its code"));
        };
        let mut limit = self.number(kernel.trips);
        if let Some(count) = &kernel.count {
            let asked = self.inline_element(scenes, count.buffer, count.layout.offset as usize);
            limit = self.cut(asked, limit);
        }
        let first_row =
            kernel.part.as_ref().map(|view| self.inline_element(scenes, view.buffer, view.layout.offset as usize));
        let mut invariants = Vec::new();
        for view in &kernel.invariants {
            invariants.push(match view.layout.count() {
                1 => self.inline_element(scenes, view.buffer, view.layout.position(0)),
                _ => self.start_in(scenes, view.buffer),
            });
        }
        let body = &schedule.bodies[kernel.body];
        let stacked = kernel.stacked.iter().enumerate().map(|(place, buffer)| {
            let bytes = body.outputs[kernel.states.len() + place].ty.bytes();
            (self.start_in(scenes, *buffer), bytes as i64)
        });
        let stacked = stacked.collect();
        let places = kernel.states.iter().map(|state| [state.last, state.other]);
        let states = places.map(|places| places.map(|place| self.start_in(scenes, place))).collect();
        Ok(Outside {
            kernel,
            node,
            body,
            own: inner,
            limit,
            stacked,
            states,
            sequences: kernel.sequences.iter().map(|view| self.start_in(scenes, view.buffer)).collect(),
            invariants,
            workspace: self.start_in(scenes, kernel.workspace),
            first_row,
        })
    }

    fn inline_test(&mut self, outside: &Outside, held: &[Value], step: Block, after: Block) {
        let (done, limit) = (held[0], outside.limit);
        if outside.kernel.ends != Ends::WhenFalse {
            let more = self.builder.ins().icmp(IntCC::SignedLessThan, done, limit);
            self.builder.ins().brif(more, step, &[], after, &[]);
            return;
        }
        let holds = self.builder.create_block();
        self.builder.ins().brif(held[1], holds, &[], after, &[]);
        self.builder.switch_to_block(holds);
        let over = self.builder.ins().icmp(IntCC::SignedGreaterThanOrEqual, done, limit);
        self.fail_if(over, outside.node, RunErrorKind::Steps(outside.kernel.trips));
        self.builder.ins().jump(step, &[]);
    }

    /// What a step sees at its start.
    pub(super) fn enter<'k>(&mut self, outside: &Outside<'k>, held: &[Value]) -> Scene<'k> {
        let Outside { kernel, body, .. } = *outside;
        let row = self.row(kernel.backward, outside.limit, held[0]);
        let mut scene = Scene {
            schedule: body,
            own: outside.own,
            elements: HashMap::new(),
            inputs: vec![None; body.inputs.len()],
            outputs: Vec::new(),
            workspace: outside.workspace,
            in_memory: in_memory(body),
            states: kernel.states.len(),
        };
        let number = self.row_number(row, outside.first_row);
        scene.know(&Place::Input(0), &[number]);
        let mut rest = &held[1..];
        for (index, state) in kernel.states.iter().enumerate() {
            let (own, others) = rest.split_at(state.first.layout.count());
            rest = others;
            let place = Place::Input(1 + index as u32);
            scene.know(&place, own);
            let [last, other] = outside.states[index];
            scene.outputs.push(last);
            if let Some(buffer) = buffer_at(body, &place).filter(|buffer| scene.in_memory.contains(buffer)) {
                self.spill(other, own, body.buffer(buffer).element.bytes());
                let layout = Layout::contiguous(&body.inputs[input_of(&place)].ty.shape);
                scene.inputs[input_of(&place)] = Some((other, layout));
            }
        }
        let mut input = 1 + kernel.states.len();
        for (view, start) in kernel.sequences.iter().zip(&outside.sequences) {
            let bytes = body.inputs[input].ty.element.bytes() as i64;
            let start = self.along_rows(*start, row, view.layout.strides[0] as i64 * bytes);
            let layout = view.layout.axes(1..view.layout.sizes.len(), view.layout.offset);
            scene.inputs[input] = Some((start, layout));
            input += 1;
        }
        for (view, value) in kernel.invariants.iter().zip(&outside.invariants) {
            match view.layout.count() {
                1 => scene.know(&Place::Input(input as u32), &[*value]),
                _ => scene.inputs[input] = Some((*value, view.layout.clone())),
            }
            input += 1;
        }
        for (start, bytes) in &outside.stacked {
            scene.outputs.push(self.along_rows(*start, row, *bytes));
        }
        scene
    }

    fn spill(&mut self, start: Value, values: &[Value], bytes: usize) {
        for (place, value) in values.iter().enumerate() {
            self.builder.ins().store(MemFlagsData::trusted(), *value, start, (place * bytes) as i32);
        }
    }

    /// A pointer some rows further.
    fn along_rows(&mut self, start: Value, row: Value, bytes: i64) -> Value {
        let skipped = match u64::try_from(bytes) {
            Ok(bytes) if bytes.is_power_of_two() => {
                self.builder.ins().ishl_imm_u(row, i64::from(bytes.trailing_zeros()))
            }
            _ => self.builder.ins().imul_imm_s(row, bytes),
        };
        self.builder.ins().iadd(start, skipped)
    }

    fn inline_body<'k>(&mut self, scenes: &mut Vec<Scene<'k>>, outside: &Outside<'k>) -> Result<(), CodegenError> {
        for kernel in &outside.body.kernels {
            match &kernel.body {
                Body::Scalar(block) => self.inline_block(scenes, block),
                Body::Copy { from, to } => {
                    for place in 0..from.layout.count() {
                        let value = self.inline_element(scenes, from.buffer, from.layout.position(place));
                        self.put(scenes, to.buffer, to.layout.position(place), value);
                    }
                }
                Body::Zero { to } => {
                    let buffer = outside.body.buffer(*to);
                    for position in 0..buffer.count {
                        let zero = self.constant(0, buffer.element);
                        self.put(scenes, *to, position, zero);
                    }
                }
                Body::Loop(inner) => self.inline_loop(scenes, (outside.body, outside.own), kernel.origin, inner)?,
                _ => return Err(CodegenError::new("a kernel that cannot stand in a loop in line")),
            }
        }
        Ok(())
    }

    fn inline_block(&mut self, scenes: &mut [Scene], block: &ScalarBlock) {
        self.checked.clear();
        let mut made: Vec<Option<(Value, (usize, usize))>> = vec![None; block.instructions.len()];
        for (place, instruction) in block.instructions.iter().enumerate() {
            if matches!(instruction.op, ScalarOp::Constant(_)) || made[place].is_some() {
                continue;
            }
            let now = (self.calls, place / NEAR);
            let together = calls_at(block, place);
            if together > 1 {
                let asked = block.instructions[place..place + together].iter();
                let asked = asked.map(|call| self.inline_value(block, &mut made, call.arguments[0].index(), now));
                let asked: Lanes = asked.collect();
                if let Some(values) = self.calls_abreast(instruction, &asked) {
                    for (made, value) in made[place..].iter_mut().zip(values) {
                        *made = Some((value, now));
                    }
                    continue;
                }
            }
            let mut values: smallvec::SmallVec<[Value; 3]> = smallvec::smallvec![];
            for argument in &instruction.arguments {
                values.push(self.inline_value(block, &mut made, argument.index(), now));
            }
            let value = self.inline_instruction(scenes, block, instruction, &values);
            made[place] = Some((value, now));
        }
        let now = (self.calls, block.instructions.len() / NEAR);
        for store in &block.stores {
            let value = self.inline_value(block, &mut made, store.value.index(), now);
            self.put(scenes, store.buffer, store.position, value);
        }
    }

    /// A value for use now; a constant is made again rather than kept over calls or long stretches.
    fn inline_value(
        &mut self,
        block: &ScalarBlock,
        made: &mut [Option<(Value, (usize, usize))>],
        place: usize,
        now: (usize, usize),
    ) -> Value {
        let instruction = &block.instructions[place];
        match (made[place], instruction.op) {
            (Some((value, moment)), ScalarOp::Constant(_)) if moment == now => value,
            (_, ScalarOp::Constant(bits)) => {
                let value = self.constant(bits, instruction.element);
                made[place] = Some((value, now));
                value
            }
            (Some((value, _)), _) => value,
            (None, _) => unreachable!("arguments come before their users"),
        }
    }

    pub(super) fn inline_instruction(
        &mut self,
        scenes: &mut [Scene],
        block: &ScalarBlock,
        instruction: &ScalarInstruction,
        arguments: &[Value],
    ) -> Value {
        match instruction.op {
            ScalarOp::Load { buffer, position } => self.inline_element(scenes, buffer, position),
            ScalarOp::LoadAt { buffer, position, stride, limit, outside } => {
                let (index, beyond) = self.index_within(arguments[0], limit, outside, instruction.origin);
                let bytes = instruction.element.bytes() as i64;
                let start = self.start_in(scenes, buffer);
                let start = self.along_rows(start, index, stride as i64 * bytes);
                let (base, offset) = self.near(start, position as i64 * bytes);
                let loaded =
                    self.builder.ins().load(register(instruction.element), MemFlagsData::trusted(), base, offset);
                self.zero_if(beyond, loaded, instruction.element)
            }
            _ => {
                let from = instruction.arguments.first().map(|argument| block.instructions[argument.index()].element);
                self.scalar(instruction, arguments, from.unwrap_or(instruction.element))
            }
        }
    }

    /// Writes what the loop gives.
    fn leave(&mut self, scenes: &mut [Scene], outside: &Outside, held: &[Value]) {
        let kernel = outside.kernel;
        let mut rest = &held[1..];
        for state in &kernel.states {
            let (own, others) = rest.split_at(state.first.layout.count());
            rest = others;
            for (position, value) in own.iter().enumerate().filter(|_| state.wanted) {
                self.put(scenes, state.last, position, *value);
            }
        }
        if kernel.leaves_rows() {
            let zeroed = outside.stacked.iter().zip(&kernel.zeroed).filter(|(_, zeroed)| **zeroed);
            for ((start, bytes), _) in zeroed {
                self.zero_rest(kernel, *start, *bytes, held[0]);
            }
        }
        if let Some(steps) = kernel.steps {
            self.put(scenes, steps, 0, held[0]);
        }
    }

    /// An element of a buffer, as the innermost scene sees it.
    pub(super) fn inline_element(&mut self, scenes: &mut [Scene], id: BufferId, position: usize) -> Value {
        let Some(scene) = scenes.last_mut() else {
            let element = self.schedule.buffer(id).element;
            let address = self.address(id);
            let (base, offset) = self.near(address.base, address.offset + (position * element.bytes()) as i64);
            return self.builder.ins().load(register(element), MemFlagsData::trusted(), base, offset);
        };
        if let Some(known) = scene.elements.get(&(id, position)) {
            return *known;
        }
        let buffer = scene.schedule.buffer(id);
        if let Place::Constant(bits) = &buffer.place {
            return self.constant(bits[position], buffer.element);
        }
        let (start, position_there) = match &buffer.place {
            Place::Input(input) => match &scene.inputs[*input as usize] {
                Some((start, layout)) => (*start, layout.position(position)),
                None => unreachable!("an input is in registers or in memory"),
            },
            _ => (self.start_of(scene, id), position),
        };
        let (base, offset) = self.near(start, (position_there * buffer.element.bytes()) as i64);
        let value = self.builder.ins().load(register(buffer.element), MemFlagsData::trusted(), base, offset);
        scene.elements.insert((id, position), value);
        value
    }

    /// Where a buffer starts that is in memory, as the innermost scene sees it.
    fn start_in(&mut self, scenes: &[Scene], id: BufferId) -> Value {
        match scenes.last() {
            Some(scene) => self.start_of(scene, id),
            None => self.start(id),
        }
    }

    fn start_of(&mut self, scene: &Scene, id: BufferId) -> Value {
        let buffer = scene.schedule.buffer(id);
        match &buffer.place {
            Place::Workspace(offset) => self.offset(scene.workspace, *offset as i64),
            Place::Output(output) => scene.outputs[*output as usize],
            Place::Constant(_) => self.pointer(scene.own.constants[id.index()].unwrap_or(std::ptr::null())),
            Place::Input(input) => match &scene.inputs[*input as usize] {
                Some((start, layout)) => self.offset(*start, (layout.offset * buffer.element.bytes() as isize) as i64),
                None => unreachable!("what is read from memory is there"),
            },
        }
    }

    /// Gives an element of a buffer its value, as the innermost scene sees it.
    pub(super) fn put(&mut self, scenes: &mut [Scene], id: BufferId, position: usize, value: Value) {
        let bytes = match scenes.last_mut() {
            None => self.schedule.buffer(id).element.bytes(),
            Some(scene) => {
                scene.elements.insert((id, position), value);
                let buffer = scene.schedule.buffer(id);
                let stacked = matches!(buffer.place, Place::Output(output) if output as usize >= scene.states);
                if !stacked && !scene.in_memory.contains(&id) {
                    return;
                }
                buffer.element.bytes()
            }
        };
        let start = self.start_in(scenes, id);
        let (base, offset) = self.near(start, (position * bytes) as i64);
        self.builder.ins().store(MemFlagsData::trusted(), value, base, offset);
    }
}

impl Scene<'_> {
    /// Enters the elements of an input.
    fn know(&mut self, place: &Place, values: &[Value]) {
        if let Some(buffer) = buffer_at(self.schedule, place) {
            let known = values.iter().enumerate().map(|(position, value)| ((buffer, position), *value));
            self.elements.extend(known);
        }
    }
}

fn input_of(place: &Place) -> usize {
    match place {
        Place::Input(input) => *input as usize,
        _ => 0,
    }
}

fn buffer_at(schedule: &Schedule, place: &Place) -> Option<BufferId> {
    let index = schedule.buffers.iter().position(|buffer| buffer.place == *place)?;
    Some(BufferId(index as u32))
}

fn arguments(values: &[Value]) -> Vec<BlockArg> {
    values.iter().copied().map(BlockArg::Value).collect()
}
