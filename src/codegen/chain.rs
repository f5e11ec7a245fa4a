//! Chains of light operations on a strip: one loop over vectors of 16 bytes, with the values of the chain in registers.
//!
//! Memory is touched where a value comes from outside or is read outside. The elements of the last strip that do not fill
//! a turn of the loop follow it one vector after another, and those that do not fill a vector are loaded and stored one
//! by one, so that nothing outside of a strip is touched.
//!
//! Reductions in the lanes of a state (`folds`) are links too. A chain with such goes down the rows of lanes, one vector of
//! lanes after the other, so that what is folded stays in registers.

use super::lanes::{UNALIGNED, VECTOR};
use super::lower::{Address, Lower, register};
use super::operation::vector_of;
use super::strip::Strip;
use crate::ir::{ElementType, Instruction, Reduction};
use crate::runtime::reduce::FEW_LANES;
use crate::schedule::{BufferId, Operand, SLOT_BYTES, STRIP, StripOp, Target};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, InstBuilder, MemFlagsData, Type, Value, types};
use smallvec::SmallVec;
use std::ops::Range;

/// About so many instructions are written for a turn of the loop, in several vectors where the chain is short.
const TURN: usize = 16;

/// A run of elements in memory, from the strip's first on.
#[derive(Clone, Copy, PartialEq)]
pub enum Run {
    Slot(usize),
    Buffer { buffer: BufferId, offset: usize },
}

/// A chain that is being written.
pub struct Chain<'k> {
    strip: &'k Strip<'k>,
    links: Range<usize>,
    /// The bytes of its numbers.
    pub bytes: usize,
    /// The states of its reductions, and what they reduce.
    folds: Vec<(Address, ElementType)>,
    /// Where its runs start.
    pub runs: Vec<(Run, Address)>,
    /// Elements that stand for all, in every lane.
    splats: Vec<((BufferId, usize), Value)>,
    /// Pointers and distances with the pointers that are so many elements further.
    advanced: Vec<(Value, usize, Value)>,
}

impl Chain<'_> {
    /// How many lanes a vector has.
    pub fn lanes(&self) -> usize {
        VECTOR / self.bytes
    }

    /// The type of a vector of the chain.
    pub fn vector(&self, element: ElementType) -> Type {
        match (element, self.bytes) {
            (ElementType::Bool, 4) => types::I32X4,
            (ElementType::Bool, _) => types::I64X2,
            _ => vector_of(element),
        }
    }

    /// How many elements a turn of the loop takes.
    fn turn(&self) -> usize {
        if !self.folds.is_empty() {
            return FEW_LANES;
        }
        let vectors = [4, 2].into_iter().find(|vectors| vectors * self.links.len() <= TURN);
        vectors.unwrap_or(1) * self.lanes()
    }

    fn run_of(&self, place: usize) -> Option<Run> {
        let instruction = &self.strip.kernel.instructions[place];
        match instruction.target {
            _ if matches!(instruction.op, StripOp::Accumulate { .. }) => None,
            Target::Slot(slot) => Some(Run::Slot(slot)),
            Target::Buffer(buffer) => Some(Run::Buffer { buffer, offset: 0 }),
            Target::Register => None,
        }
    }

    fn splat(&self, buffer: BufferId, position: usize) -> Value {
        let known = self.splats.iter().find(|(known, _)| *known == (buffer, position));
        known.map_or_else(|| unreachable!("splats are loaded before the loop"), |(_, value)| *value)
    }
}

/// Some lanes of a vector, at a place of the strip.
pub struct Turn {
    /// The first element.
    pub first: Value,
    /// How many elements after that.
    pub skip: usize,
    /// How many lanes are elements.
    pub filled: usize,
    /// Pointers and the bytes of an element, with the pointer to the first element.
    pub pointers: Vec<(Value, usize, Value)>,
}

impl Turn {
    fn new(first: Value, skip: usize, filled: usize) -> Self {
        Turn { first, skip, filled, pointers: Vec::new() }
    }
}

impl Lower<'_> {
    /// Writes the instructions of a chain as one loop.
    pub fn chain(&mut self, strip: &Strip, links: Range<usize>) {
        let bytes = self.width(strip, links.clone());
        let folds = self.states(strip, links.clone());
        let (runs, splats, advanced) = (Vec::new(), Vec::new(), Vec::new());
        let mut chain = Chain { strip, links, bytes, folds, runs, splats, advanced };
        self.find_operands(&mut chain);
        let turn = chain.turn();
        let rest = strip.last() % turn;
        let end = match strip.first {
            None => self.number(strip.last() - rest),
            Some(_) if rest == 0 => strip.length,
            Some(_) => self.builder.ins().band_imm_s(strip.length, -(turn as i64)),
        };
        if strip.first.is_some() || strip.last() >= turn {
            let after = (strip.last() < turn).then(|| self.unless(end));
            if chain.folds.is_empty() {
                self.turns(&chain, end)
            } else {
                self.rows(&chain, end)
            }
            self.go_on(after);
        }
        if rest > 0 {
            let after = strip.first.map(|_| self.unless_whole(strip.length));
            self.rest(&chain, end, rest);
            self.go_on(after);
        }
        if !chain.folds.is_empty() {
            self.close_blocks(strip, chain.links);
        }
    }

    /// The bytes of a chain's numbers; of truth values alone any would do.
    fn width(&self, strip: &Strip, links: Range<usize>) -> usize {
        let instructions = &strip.kernel.instructions[links];
        let arguments = instructions.iter().flat_map(|link| &link.arguments).map(|each| self.element_of(strip, *each));
        let mut elements = arguments.chain(instructions.iter().map(|link| link.element));
        elements.find(|element| *element != ElementType::Bool).map_or(4, ElementType::bytes)
    }

    /// Finds out before the loop where everything lies, and loads what is one element for all.
    fn find_operands(&mut self, chain: &mut Chain) {
        for place in chain.links.clone() {
            let link = &chain.strip.kernel.instructions[place];
            for operand in &link.arguments {
                match *operand {
                    Operand::Value(value) if chain.links.contains(&value) => {}
                    Operand::Value(value) => self.find_run(chain, chain.run_of(value)),
                    Operand::Direct { buffer, offset } => self.find_run(chain, Some(Run::Buffer { buffer, offset })),
                    Operand::Splat { buffer, position } => self.find_splat(chain, buffer, position),
                }
            }
            if let StripOp::Expand(view) = &link.op {
                self.find_splat(chain, view.buffer, view.layout.offset as usize);
            }
            self.find_run(chain, chain.run_of(place));
        }
    }

    fn find_run(&mut self, chain: &mut Chain, run: Option<Run>) {
        let Some(run) = run.filter(|run| chain.runs.iter().all(|(known, _)| known != run)) else { return };
        let address = match run {
            Run::Slot(slot) => {
                let start = self.scratch(chain.strip.kernel.scratch);
                Address { offset: start.offset + (slot * SLOT_BYTES) as i64, ..start }
            }
            Run::Buffer { buffer, offset } => {
                let (start, bytes) = (self.address(buffer), self.schedule.buffer(buffer).element.bytes());
                let base = self.advanced(chain, start.base, bytes);
                Address { base, offset: start.offset + (offset * bytes) as i64 }
            }
        };
        chain.runs.push((run, address));
    }

    /// A pointer so many elements further as the strip begins.
    fn advanced(&mut self, chain: &mut Chain, base: Value, bytes: usize) -> Value {
        let Some(first) = chain.strip.first else { return base };
        if let Some((.., advanced)) = chain.advanced.iter().find(|(from, by, _)| (*from, *by) == (base, bytes)) {
            return *advanced;
        }
        let distance = self.builder.ins().imul_imm_s(first, bytes as i64);
        let advanced = self.builder.ins().iadd(base, distance);
        chain.advanced.push((base, bytes, advanced));
        advanced
    }

    fn find_splat(&mut self, chain: &mut Chain, buffer: BufferId, position: usize) {
        if chain.splats.iter().any(|(known, _)| *known == (buffer, position)) {
            return;
        }
        let element = self.schedule.buffer(buffer).element;
        let start = self.address(buffer);
        let (base, offset) = self.near(start.base, start.offset + (position * element.bytes()) as i64);
        let mut value = self.builder.ins().load(register(element), MemFlagsData::trusted(), base, offset);
        let vector = chain.vector(element);
        if element == ElementType::Bool {
            let wide = self.builder.ins().uextend(vector.lane_type(), value);
            value = self.builder.ins().ineg(wide);
        }
        let splat = self.builder.ins().splat(vector, value);
        chain.splats.push(((buffer, position), splat));
    }

    /// The loop: turns of some vectors each until the end.
    fn turns(&mut self, chain: &Chain, end: Value) {
        let (body, after) = (self.builder.create_block(), self.builder.create_block());
        let first = self.builder.append_block_param(body, types::I64);
        let zero = self.number(0);
        self.builder.ins().jump(body, &[BlockArg::Value(zero)]);
        self.builder.switch_to_block(body);
        for skip in (0..chain.turn()).step_by(chain.lanes()) {
            self.links(chain, Turn::new(first, skip, chain.lanes()), &mut []);
        }
        self.again(body, after, (first, chain.turn(), end), &[]);
    }

    /// The loop of a chain with reductions: for each vector of lanes, down the rows until the end.
    fn rows(&mut self, chain: &Chain, end: Value) {
        let [across, down, up, after] = [0; 4].map(|_| self.builder.create_block());
        let lane = self.builder.append_block_param(across, types::I64);
        let zero = self.number(0);
        self.builder.ins().jump(across, &[BlockArg::Value(zero)]);
        self.builder.switch_to_block(across);
        let first = self.builder.append_block_param(down, types::I64);
        let (mut states, mut starts, mut folded) = (Vec::new(), vec![BlockArg::Value(lane)], Vec::new());
        for (state, element) in &chain.folds {
            let (base, offset) = self.lane_of(*state, chain.bytes, lane);
            let value = self.builder.ins().load(vector_of(*element), UNALIGNED, base, offset);
            states.push((base, offset));
            starts.push(BlockArg::Value(value));
            folded.push(self.builder.append_block_param(down, vector_of(*element)));
        }
        self.builder.ins().jump(down, &starts);
        self.builder.switch_to_block(down);
        self.links(chain, Turn::new(first, 0, chain.lanes()), &mut folded);
        self.again(down, up, (first, FEW_LANES, end), &folded);
        for (value, (base, offset)) in folded.iter().zip(states) {
            self.builder.ins().store(UNALIGNED, *value, base, offset);
        }
        let lanes = self.number(FEW_LANES);
        self.again(across, after, (lane, chain.lanes(), lanes), &[]);
    }

    /// Ends a block that is repeated with a number that is so much greater until that is at its limit.
    fn again(&mut self, block: Block, after: Block, (number, step, limit): (Value, usize, Value), others: &[Value]) {
        let next = self.builder.ins().iadd_imm_s(number, step as i64);
        let more = self.builder.ins().icmp(IntCC::UnsignedLessThan, next, limit);
        let arguments: Vec<BlockArg> = [next].iter().chain(others).map(|value| BlockArg::Value(*value)).collect();
        self.builder.ins().brif(more, block, &arguments, after, &[]);
        self.builder.switch_to_block(after);
    }

    /// The elements behind the loop, which do not fill a turn of it: whole vectors, then what does not fill one.
    fn rest(&mut self, chain: &Chain, end: Value, rest: usize) {
        let whole = rest / chain.lanes() * chain.lanes();
        let zero = self.number(0);
        if whole > chain.lanes() {
            let (body, after) = (self.builder.create_block(), self.builder.create_block());
            let place = self.builder.append_block_param(body, types::I64);
            self.builder.ins().jump(body, &[BlockArg::Value(zero)]);
            self.builder.switch_to_block(body);
            self.rest_lanes(chain, (end, place), chain.lanes());
            let whole = self.number(whole);
            self.again(body, after, (place, chain.lanes(), whole), &[]);
        } else if whole > 0 {
            self.rest_lanes(chain, (end, zero), chain.lanes());
        }
        if rest > whole {
            let place = self.number(whole);
            self.rest_lanes(chain, (end, place), rest - whole);
        }
    }

    /// A vector of elements behind the loop, of which some lanes are filled.
    fn rest_lanes(&mut self, chain: &Chain, (end, place): (Value, Value), filled: usize) {
        let (mut folded, mut states) = (Vec::new(), Vec::new());
        for (state, element) in &chain.folds {
            let (base, offset) = self.lane_of(*state, chain.bytes, place);
            folded.push(self.builder.ins().load(vector_of(*element), UNALIGNED, base, offset));
            states.push((base, offset));
        }
        let first = self.builder.ins().iadd(end, place);
        self.links(chain, Turn::new(first, 0, filled), &mut folded);
        for (value, state) in folded.into_iter().zip(states) {
            self.store_filled(chain, filled, value, state, chain.bytes);
        }
    }

    /// Goes on in a new block if a flag is set; returns the block that is next otherwise and after it.
    pub fn unless(&mut self, flag: Value) -> Block {
        let (inside, after) = (self.builder.create_block(), self.builder.create_block());
        self.builder.ins().brif(flag, inside, &[], after, &[]);
        self.builder.switch_to_block(inside);
        after
    }

    /// Goes on in a new block where the strip is the last.
    fn unless_whole(&mut self, length: Value) -> Block {
        let part = self.builder.ins().icmp_imm_s(IntCC::NotEqual, length, STRIP as i64);
        self.unless(part)
    }

    /// Goes on in the block after a condition.
    pub fn go_on(&mut self, after: Option<Block>) {
        if let Some(after) = after {
            self.builder.ins().jump(after, &[]);
            self.builder.switch_to_block(after);
        }
    }

    /// Writes all links for one vector; reductions go on from what is folded so far.
    fn links(&mut self, chain: &Chain, mut turn: Turn, folded: &mut [Value]) {
        let (mut made, mut loaded) = (Vec::with_capacity(chain.links.len()), Vec::new());
        let mut folds = folded.iter_mut();
        for place in chain.links.clone() {
            let link = &chain.strip.kernel.instructions[place];
            let arguments: SmallVec<[Value; 3]> = link
                .arguments
                .iter()
                .map(|each| self.argument(chain, &mut turn, *each, (&made, &mut loaded)))
                .collect();
            let value = match &link.op {
                StripOp::Expand(view) => chain.splat(view.buffer, view.layout.offset as usize),
                StripOp::Pointwise(definition) => {
                    let from = self.element_of(chain.strip, link.arguments[0]);
                    let operation = definition.0.instruction;
                    let value = operation.and_then(|each| self.operation(each, &arguments, from, link.element));
                    value.unwrap_or_else(|| unreachable!("links have instructions"))
                }
                StripOp::Accumulate { reduction, .. } => {
                    if let Some(folded) = folds.next() {
                        *folded = self.fold(*reduction, [*folded, arguments[0]], link.element);
                    }
                    arguments[0]
                }
                _ => arguments[0],
            };
            if let Some(run) = chain.run_of(place) {
                self.store_lanes(chain, &mut turn, run, value, link.element);
            }
            made.push(value);
        }
    }

    /// A number taken in by a reduction, as the runtime does it.
    fn fold(&mut self, reduction: Reduction, arguments: [Value; 2], element: ElementType) -> Value {
        let operation = match reduction {
            Reduction::Product => Instruction::Multiply,
            Reduction::Max => Instruction::Maximum,
            Reduction::Min => Instruction::Minimum,
            _ => Instruction::Add,
        };
        let folded = self.operation(operation, &arguments, element, element);
        folded.unwrap_or_else(|| unreachable!("reals are folded by instructions"))
    }

    fn argument(
        &mut self,
        chain: &Chain,
        turn: &mut Turn,
        operand: Operand,
        (made, loaded): (&[Value], &mut Vec<(Run, Value)>),
    ) -> Value {
        let run = match operand {
            Operand::Value(value) if chain.links.contains(&value) => return made[value - chain.links.start],
            Operand::Splat { buffer, position } => return chain.splat(buffer, position),
            Operand::Value(value) => chain.run_of(value),
            Operand::Direct { buffer, offset } => Some(Run::Buffer { buffer, offset }),
        };
        let Some(run) = run else { unreachable!("values of other chains are in memory") };
        if let Some((_, value)) = loaded.iter().find(|(known, _)| *known == run) {
            return *value;
        }
        let value = self.load_lanes(chain, turn, run, self.element_of(chain.strip, operand));
        loaded.push((run, value));
        value
    }
}
