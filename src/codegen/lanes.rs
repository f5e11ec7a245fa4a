//! Vectors of a chain in memory: whole ones, and the last lanes of a strip one by one.

use super::chain::{Chain, Run, Turn};
use super::lower::{Lower, register};
use crate::ir::ElementType;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{ConstantData, InstBuilder, MemFlagsData, Type, Value, types};

/// Loads and stores of whole vectors, which are aligned to their elements only.
pub const UNALIGNED: MemFlagsData = MemFlagsData::new().with_notrap();

/// The bytes of a vector.
pub const VECTOR: usize = 16;

impl Lower<'_> {
    /// The pointer to the first lane of a turn in a run, and the distance of its first byte.
    fn lanes_at(&mut self, chain: &Chain, turn: &mut Turn, run: Run, bytes: usize) -> (Value, i32) {
        let known = chain.runs.iter().find(|(known, _)| *known == run);
        let Some((_, start)) = known.copied() else { unreachable!("runs are found before the loop") };
        let (start, offset) = self.near(start.base, start.offset + (turn.skip * bytes) as i64);
        if let Some((.., pointer)) = turn.pointers.iter().find(|(base, by, _)| (*base, *by) == (start, bytes)) {
            return (*pointer, offset);
        }
        let pointer = self.element_at(start, turn.first, bytes);
        turn.pointers.push((start, bytes, pointer));
        (pointer, offset)
    }

    /// The pointer to an element behind a pointer.
    pub fn element_at(&mut self, start: Value, element: Value, bytes: usize) -> Value {
        let distance = match bytes {
            1 => element,
            _ => self.builder.ins().ishl_imm_s(element, i64::from(bytes.trailing_zeros())),
        };
        self.builder.ins().iadd(start, distance)
    }

    /// The elements of a turn in a run.
    pub fn load_lanes(&mut self, chain: &Chain, turn: &mut Turn, run: Run, element: ElementType) -> Value {
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

    /// Stores the elements of a turn in a run.
    pub fn store_lanes(&mut self, chain: &Chain, turn: &mut Turn, run: Run, value: Value, element: ElementType) {
        let bytes = element.bytes();
        let (base, offset) = self.lanes_at(chain, turn, run, bytes);
        if element == ElementType::Bool {
            return self.store_masks(chain, turn.filled, value, (base, offset));
        }
        self.store_filled(chain, turn.filled, value, (base, offset), bytes);
    }

    /// Stores the lanes that are elements.
    pub fn store_filled(
        &mut self,
        chain: &Chain,
        filled: usize,
        value: Value,
        (base, offset): (Value, i32),
        bytes: usize,
    ) {
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
