//! Chains of light operations on a strip: one loop over vectors of 16 bytes, with the values of the chain in registers.
//!
//! Memory is touched where a value comes from outside or is read outside. The elements of the last strip that do not fill
//! a turn of the loop follow it one vector after another, and those that do not fill a vector are loaded and stored one
//! by one, so that nothing outside of a strip is touched.

use super::lower::{Address, Lower, register};
use super::operation::vector_of;
use super::strip::{Fold, Strip};
use crate::ir::{ElementType, Instruction, Reduction};
use crate::runtime::reduce::{BLOCK_ROWS, FEW_LANES};
use crate::schedule::{BufferId, Operand, SLOT_BYTES, STRIP, StripOp, Target};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{Block, BlockArg, ConstantData, InstBuilder, MemFlagsData, Type, Value, types};
use smallvec::SmallVec;
use std::ops::Range;

/// Loads and stores of whole vectors, which are aligned to their elements only.
const UNALIGNED: MemFlagsData = MemFlagsData::new().with_notrap();

/// The bytes of a vector.
const VECTOR: usize = 16;

/// About so many instructions are written for a turn of the loop, in several vectors where the chain is short.
const TURN: usize = 16;

/// A run of elements in memory, from the strip's first on.
#[derive(Clone, Copy, PartialEq)]
enum Run {
    Slot(usize),
    Buffer { buffer: BufferId, offset: usize },
}

/// A chain that is being written.
struct Chain<'k> {
    strip: &'k Strip<'k>,
    links: Range<usize>,
    /// The bytes of its numbers.
    bytes: usize,
    /// The states of its reductions, and what they reduce.
    folds: Vec<(BufferId, ElementType)>,
    /// Where its runs start.
    runs: Vec<(Run, Address)>,
    /// Elements that stand for all, in every lane.
    splats: Vec<((BufferId, usize), Value)>,
    /// Pointers and distances with the pointers that are so many elements further.
    advanced: Vec<(Value, usize, Value)>,
}

impl Chain<'_> {
    fn lanes(&self) -> usize {
        VECTOR / self.bytes
    }

    /// The type of a vector of the chain.
    fn vector(&self, element: ElementType) -> Type {
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
#[derive(Clone, Copy)]
struct Turn {
    /// The first element.
    first: Value,
    /// How many elements after that.
    skip: usize,
    /// How many lanes are elements.
    filled: usize,
}

impl Lower<'_> {
    /// Writes the instructions of a chain as one loop.
    pub fn chain(&mut self, strip: &Strip, links: Range<usize>) {
        let bytes = self.width(strip, links.clone());
        let fold = |place: usize| Some((strip.lanes_of(place)?, strip.kernel.instructions[place].element));
        let folds = links.clone().filter_map(fold).collect();
        let (runs, splats, advanced) = (Vec::new(), Vec::new(), Vec::new());
        let mut chain = Chain { strip, links, bytes, folds, runs, splats, advanced };
        self.find_operands(&mut chain);
        let (lanes, turn) = (chain.lanes(), chain.turn());
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
            for skip in (0..rest).step_by(lanes) {
                self.last_lanes(&chain, Turn { first: end, skip, filled: lanes.min(rest - skip) });
            }
            self.go_on(after);
        }
        self.close_lanes(&chain);
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
        let address = match (run, chain.strip.kernel.scratch) {
            (Run::Slot(slot), Some(scratch)) => {
                let start = self.address(scratch);
                Address { offset: start.offset + (slot * SLOT_BYTES) as i64, ..start }
            }
            (Run::Slot(_), None) => unreachable!("a strip with slots has scratch memory"),
            (Run::Buffer { buffer, offset }, _) => {
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
            self.links(chain, Turn { first, skip, filled: chain.lanes() }, &mut Vec::new());
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
            let start = self.address(*state);
            let (base, offset) = self.element_at(start, lane, 0, chain.bytes);
            let value = self.builder.ins().load(vector_of(*element), UNALIGNED, base, offset);
            states.push((base, offset));
            starts.push(BlockArg::Value(value));
            folded.push(self.builder.append_block_param(down, vector_of(*element)));
        }
        self.builder.ins().jump(down, &starts);
        self.builder.switch_to_block(down);
        self.links(chain, Turn { first, skip: 0, filled: chain.lanes() }, &mut folded);
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

    /// The lanes of one vector behind the loop.
    fn last_lanes(&mut self, chain: &Chain, turn: Turn) {
        let mut folded = Vec::new();
        let mut states = Vec::new();
        for (state, element) in &chain.folds {
            let start = self.address(*state);
            let (base, offset) = self.near(start.base, start.offset + (turn.skip * chain.bytes) as i64);
            folded.push(self.builder.ins().load(vector_of(*element), UNALIGNED, base, offset));
            states.push((base, offset));
        }
        self.links(chain, turn, &mut folded);
        for (value, state) in folded.into_iter().zip(states) {
            self.store_filled(chain, turn.filled, value, state, chain.bytes);
        }
    }

    /// Has the lanes of reductions taken in where they are full or hold the last elements.
    fn close_lanes(&mut self, chain: &Chain) {
        if chain.folds.is_empty() {
            return;
        }
        let count = self.number(chain.strip.kernel.count);
        let (end, after) = match chain.strip.first {
            None => (count, None),
            Some(first) => {
                let end = self.builder.ins().iadd(first, chain.strip.length);
                let within = self.builder.ins().band_imm_s(end, (FEW_LANES * BLOCK_ROWS) as i64 - 1);
                let is_last = self.builder.ins().icmp(IntCC::Equal, end, count);
                let zero = self.number(0);
                let is_full = self.builder.ins().icmp(IntCC::Equal, within, zero);
                let closes = self.builder.ins().bor(is_last, is_full);
                (end, Some(self.unless(closes)))
            }
        };
        for place in chain.links.clone() {
            let instruction = &chain.strip.kernel.instructions[place];
            if let (Some(Fold::Lanes(close, shape)), Some(state), Target::Buffer(to)) =
                (chain.strip.folds.get(&place), chain.strip.lanes_of(place), instruction.target)
            {
                let arguments = [self.start(state), self.start(to), end, self.pointer(*shape)];
                self.call(*close, &arguments, None);
            }
        }
        self.go_on(after);
    }

    /// Goes on in a new block if a flag is set; returns the block that is next otherwise and after it.
    fn unless(&mut self, flag: Value) -> Block {
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

    fn go_on(&mut self, after: Option<Block>) {
        if let Some(after) = after {
            self.builder.ins().jump(after, &[]);
            self.builder.switch_to_block(after);
        }
    }

    /// Writes all links for one vector; reductions go on from what is folded so far.
    fn links(&mut self, chain: &Chain, turn: Turn, folded: &mut Vec<Value>) {
        let (mut made, mut loaded) = (Vec::with_capacity(chain.links.len()), Vec::new());
        let mut folds = folded.iter_mut();
        for place in chain.links.clone() {
            let link = &chain.strip.kernel.instructions[place];
            let arguments: SmallVec<[Value; 3]> =
                link.arguments.iter().map(|each| self.argument(chain, turn, *each, (&made, &mut loaded))).collect();
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
                self.store_lanes(chain, turn, run, value, link.element);
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
        turn: Turn,
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

    /// The pointer to the first lane of a turn in a run, and the distance of its first byte.
    fn lanes_at(&mut self, chain: &Chain, turn: Turn, run: Run, bytes: usize) -> (Value, i32) {
        let known = chain.runs.iter().find(|(known, _)| *known == run);
        let Some((_, start)) = known.copied() else { unreachable!("runs are found before the loop") };
        self.element_at(start, turn.first, turn.skip, bytes)
    }

    fn element_at(&mut self, start: Address, element: Value, skip: usize, bytes: usize) -> (Value, i32) {
        let distance = match bytes {
            1 => element,
            _ => self.builder.ins().ishl_imm_s(element, i64::from(bytes.trailing_zeros())),
        };
        let (base, offset) = self.near(start.base, start.offset + (skip * bytes) as i64);
        (self.builder.ins().iadd(base, distance), offset)
    }

    fn load_lanes(&mut self, chain: &Chain, turn: Turn, run: Run, element: ElementType) -> Value {
        let bytes = element.bytes();
        let (base, offset) = self.lanes_at(chain, turn, run, bytes);
        if element == ElementType::Bool {
            return self.load_masks(chain, turn.filled, base, offset);
        }
        let vector = chain.vector(element);
        if turn.filled == chain.lanes() {
            return self.builder.ins().load(vector, UNALIGNED, base, offset);
        }
        let one = |lower: &mut Self, lane: usize| {
            lower.builder.ins().load(register(element), UNALIGNED, base, offset + (lane * bytes) as i32)
        };
        let first = one(self, 0);
        let first = self.builder.ins().scalar_to_vector(vector, first);
        (1..turn.filled).fold(first, |lanes, lane| {
            let value = one(self, lane);
            self.builder.ins().insertlane(lanes, value, lane as u8)
        })
    }

    /// Bytes 0 and 1 as masks.
    fn load_masks(&mut self, chain: &Chain, filled: usize, base: Value, offset: i32) -> Value {
        let load = |lower: &mut Self, ty: Type, lane: usize| {
            let loaded = lower.builder.ins().load(ty, UNALIGNED, base, offset + lane as i32);
            lower.builder.ins().uextend(types::I64, loaded)
        };
        let bytes = match (filled == chain.lanes(), filled) {
            (true, 4) => load(self, types::I32, 0),
            (true, _) => load(self, types::I16, 0),
            (false, _) => {
                let first = load(self, types::I8, 0);
                (1..filled).fold(first, |bytes, lane| {
                    let byte = load(self, types::I8, lane);
                    let shifted = self.builder.ins().ishl_imm_s(byte, 8 * lane as i64);
                    self.builder.ins().bor(bytes, shifted)
                })
            }
        };
        let bytes = self.builder.ins().scalar_to_vector(types::I64X2, bytes);
        let bytes = self.seen_as(types::I8X16, bytes);
        let words = self.builder.ins().uwiden_low(bytes);
        let mut wide = self.builder.ins().uwiden_low(words);
        if chain.bytes == 8 {
            wide = self.builder.ins().uwiden_low(wide);
        }
        let zero = self.zeros(chain.vector(ElementType::Bool));
        self.builder.ins().icmp(IntCC::SignedGreaterThan, wide, zero)
    }

    fn zeros(&mut self, vector: Type) -> Value {
        let zeros = self.builder.func.dfg.constants.insert(ConstantData::from(vec![0; VECTOR]));
        self.builder.ins().vconst(vector, zeros)
    }

    fn store_lanes(&mut self, chain: &Chain, turn: Turn, run: Run, value: Value, element: ElementType) {
        let bytes = element.bytes();
        let (base, offset) = self.lanes_at(chain, turn, run, bytes);
        if element == ElementType::Bool {
            return self.store_masks(chain, turn.filled, value, (base, offset));
        }
        self.store_filled(chain, turn.filled, value, (base, offset), bytes);
    }

    fn store_filled(&mut self, chain: &Chain, filled: usize, value: Value, (base, offset): (Value, i32), bytes: usize) {
        if filled == chain.lanes() {
            self.builder.ins().store(UNALIGNED, value, base, offset);
            return;
        }
        for lane in 0..filled {
            let one = self.builder.ins().extractlane(value, lane as u8);
            self.builder.ins().store(UNALIGNED, one, base, offset + (lane * bytes) as i32);
        }
    }

    /// Masks as bytes 0 and 1.
    fn store_masks(&mut self, chain: &Chain, filled: usize, masks: Value, (base, offset): (Value, i32)) {
        let bytes = self.seen_as(types::I8X16, masks);
        // The lowest byte of each lane, side by side.
        let mut places = [0; VECTOR];
        (0..chain.lanes()).for_each(|lane| places[lane] = (lane * chain.bytes) as u8);
        let places = self.builder.func.dfg.immediates.push(ConstantData::from(&places[..]));
        let bytes = self.builder.ins().shuffle(bytes, bytes, places);
        let words = self.seen_as(types::I32X4, bytes);
        let word = self.builder.ins().extractlane(words, 0);
        let word = self.builder.ins().band_imm_u(word, 0x0101_0101);
        if filled == 4 {
            self.builder.ins().store(UNALIGNED, word, base, offset);
            return;
        }
        if filled >= 2 {
            self.builder.ins().istore16(UNALIGNED, word, base, offset);
        }
        if filled % 2 == 1 {
            let last = self.builder.ins().ushr_imm_s(word, 8 * (filled as i64 - 1));
            self.builder.ins().istore8(UNALIGNED, last, base, offset + filled as i32 - 1);
        }
    }
}
