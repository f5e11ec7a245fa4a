//! Lifetimes to workspace offsets.

use super::{Body, Buffer, BufferId, Kernel, Operand, Place, StripKernel, StripOp, Target};
use std::collections::BTreeMap;

/// Alignment of buffers of a cache line or more.
const ALIGNMENT: usize = 64;

/// Placing blocks with all lifetimes in view takes time quadratic in their number: so many pairs are looked at.
const PAIRS: usize = 1 << 20;
/// The most orders in which blocks are placed.
const ORDERS: usize = 32;

/// Buffers that follow one another in the same place.
struct Block {
    members: Vec<BufferId>,
    bytes: usize,
    /// The first and last kernel that touches it.
    lifetime: (usize, usize),
}

/// The sizes of a workspace.
pub struct Sizes {
    /// As planned.
    pub planned: usize,
    /// The most that lives at once: no plan has less.
    pub required: usize,
}

/// Gives every workspace buffer its offset.
pub fn plan(buffers: &mut [Buffer], kernels: &[Kernel]) -> Sizes {
    let blocks = blocks(buffers, kernels);
    let required = most_at_once(&blocks, kernels.len());
    let (mut offsets, mut planned) = in_order(&blocks, kernels.len());
    let orders = (PAIRS / (blocks.len() * blocks.len()).max(1)).min(ORDERS);
    let mut order: Vec<usize> = (0..blocks.len()).collect();
    order.sort_by_key(|block| std::cmp::Reverse(blocks[*block].bytes));
    for _ in 0..orders {
        if planned == required {
            break;
        }
        let (others, top) = one_by_one(&blocks, &order);
        // Another order is tried with the block that stands highest placed first.
        let highest = (0..order.len()).max_by_key(|place| others[order[*place]] + blocks[order[*place]].bytes);
        order[..=highest.unwrap_or(0)].rotate_right(1);
        if top < planned {
            (offsets, planned) = (others, top);
        }
    }
    for (block, offset) in blocks.iter().zip(offsets) {
        block.members.iter().for_each(|id| buffers[id.index()].place = Place::Workspace(offset));
    }
    Sizes { planned, required }
}

/// The blocks in order of their first kernels.
fn blocks(buffers: &[Buffer], kernels: &[Kernel]) -> Vec<Block> {
    let lifetimes = lifetimes(buffers.len(), kernels);
    let mut ending: Vec<Vec<BufferId>> = vec![Vec::new(); kernels.len()];
    let mut starting: Vec<Vec<BufferId>> = vec![Vec::new(); kernels.len()];
    for (index, lifetime) in lifetimes.iter().enumerate() {
        if let (Some((first, last)), Place::Workspace(_)) = (lifetime, &buffers[index].place) {
            starting[*first].push(BufferId(index as u32));
            ending[*last].push(BufferId(index as u32));
        }
    }
    let mut blocks: Vec<Block> = Vec::new();
    let mut block_of = vec![0; buffers.len()];
    let mut handed_over = vec![false; buffers.len()];
    for (place, kernel) in kernels.iter().enumerate() {
        for id in starting[place].iter().copied() {
            let donor = ending[place].iter().copied().find(|donor| {
                !handed_over[donor.index()]
                    && *donor != id
                    && can_replace(buffers, kernel, lifetimes[donor.index()], *donor, id, place)
            });
            let last = lifetimes[id.index()].map_or(place, |(_, last)| last);
            block_of[id.index()] = match donor {
                Some(donor) => {
                    handed_over[donor.index()] = true;
                    let block = block_of[donor.index()];
                    blocks[block].members.push(id);
                    blocks[block].lifetime.1 = last;
                    block
                }
                None => {
                    let bytes = rounded(&buffers[id.index()]);
                    blocks.push(Block { members: vec![id], bytes, lifetime: (place, last) });
                    blocks.len() - 1
                }
            };
        }
    }
    blocks
}

/// The bytes of all blocks that live at the same kernel, at most.
fn most_at_once(blocks: &[Block], kernels: usize) -> usize {
    let mut change = vec![(0, 0); kernels + 1];
    for block in blocks {
        change[block.lifetime.0].0 += block.bytes;
        change[block.lifetime.1 + 1].1 += block.bytes;
    }
    let mut live = 0;
    let each = change.iter().map(|(begins, ends)| {
        live = live + begins - ends;
        live
    });
    each.max().unwrap_or(0)
}

/// Offsets given in the order of the kernels, and where they end.
fn in_order(blocks: &[Block], kernels: usize) -> (Vec<usize>, usize) {
    let (mut arena, mut offsets) = (Arena::default(), vec![0; blocks.len()]);
    let mut ending: Vec<Vec<usize>> = vec![Vec::new(); kernels];
    let mut next = 0;
    for place in 0..kernels {
        while next < blocks.len() && blocks[next].lifetime.0 == place {
            offsets[next] = arena.take(blocks[next].bytes);
            ending[blocks[next].lifetime.1].push(next);
            next += 1;
        }
        ending[place].iter().for_each(|block| arena.give(offsets[*block], blocks[*block].bytes));
    }
    (offsets, arena.top)
}

/// Offsets given in some order, each as low as those that were placed before allow, and where they end. Words stand at
/// multiples of 8, all others at multiples of 64.
fn one_by_one(blocks: &[Block], order: &[usize]) -> (Vec<usize>, usize) {
    let mut offsets = vec![0; blocks.len()];
    let mut placed: Vec<usize> = Vec::new();
    let mut top = 0;
    for index in order.iter().copied() {
        let block = &blocks[index];
        let alignment = block.bytes.min(ALIGNMENT);
        let mut offset = 0;
        for other in &placed {
            let apart = blocks[*other].lifetime.1 < block.lifetime.0 || block.lifetime.1 < blocks[*other].lifetime.0;
            if apart {
                continue;
            }
            if offsets[*other] >= offset + block.bytes {
                break;
            }
            offset = offset.max((offsets[*other] + blocks[*other].bytes).next_multiple_of(alignment));
        }
        offsets[index] = offset;
        top = top.max(offset + block.bytes);
        let place = placed.partition_point(|other| offsets[*other] <= offset);
        placed.insert(place, index);
    }
    (offsets, top)
}

/// The first and last kernel that touches each buffer.
pub fn lifetimes(buffers: usize, kernels: &[Kernel]) -> Vec<Option<(usize, usize)>> {
    let mut lifetimes: Vec<Option<(usize, usize)>> = vec![None; buffers];
    for (place, kernel) in kernels.iter().enumerate() {
        kernel.body.each_access(&mut |id, _| {
            let first = lifetimes[id.index()].map_or(place, |(first, _)| first);
            lifetimes[id.index()] = Some((first, place));
        });
    }
    lifetimes
}

/// The bytes that are taken for a buffer. Large ones of about whole pages take some more, so that the next does not start at the
/// same place of a page: a processor would take its loads for ones of what was just stored to this one.
fn rounded(buffer: &Buffer) -> usize {
    let bytes = buffer.bytes().max(1);
    let apart = if bytes >= 1 << 16 && bytes % 4096 < 1024 { 1088 } else { 0 };
    if bytes <= 8 { 8 } else { bytes.next_multiple_of(ALIGNMENT) + apart }
}

/// Whether a strip kernel's result can lie where an operand that dies in it lies: the operand is read in place only,
/// and by no instruction after the one that writes the result.
fn can_replace(
    buffers: &[Buffer],
    kernel: &Kernel,
    lifetime: Option<(usize, usize)>,
    operand: BufferId,
    result: BufferId,
    place: usize,
) -> bool {
    let Body::Strip(strip) = &kernel.body else { return false };
    let same = buffers[operand.index()].bytes() == buffers[result.index()].bytes()
        && rounded(&buffers[operand.index()]) == rounded(&buffers[result.index()])
        && buffers[operand.index()].element.bytes() == buffers[result.index()].element.bytes()
        && buffers[result.index()].count == strip.count;
    same && lifetime.is_some_and(|(first, _)| first < place) && strip.reads_before_writing(operand, result)
}

impl StripKernel {
    /// Whether each element of `operand` is read in place and no later than that of `result` is written.
    pub fn reads_before_writing(&self, operand: BufferId, result: BufferId) -> bool {
        let written = self.instructions.iter().position(|each| each.target == Target::Buffer(result));
        let Some(written) = written else { return false };
        let folds = matches!(self.instructions[written].op, StripOp::Accumulate { .. } | StripOp::FoldRows { .. });
        let reads_well = |(place, instruction): (usize, &super::StripInstruction)| {
            let expanded = matches!(&instruction.op, StripOp::Expand(view) if view.buffer == operand);
            let awry = instruction.arguments.iter().enumerate().any(|(argument_place, argument)| match argument {
                Operand::Direct { buffer, offset } => {
                    let extent = instruction.operand_extent(argument_place);
                    let apart = *offset != 0 || extent != self.instructions[written].extent;
                    *buffer == operand && (apart || place > written)
                }
                Operand::Splat { buffer, .. } => *buffer == operand,
                Operand::Value(_) => false,
            });
            !expanded && !awry
        };
        !folds && self.instructions.iter().enumerate().all(reads_well)
    }
}

impl Body {
    /// Calls back with every buffer that the kernel touches, and whether it writes it.
    pub fn each_access(&self, visit: &mut dyn FnMut(BufferId, bool)) {
        match self {
            Body::Scalar(block) => {
                for instruction in &block.instructions {
                    match instruction.op {
                        super::ScalarOp::Load { buffer, .. } | super::ScalarOp::LoadAt { buffer, .. } => {
                            visit(buffer, false);
                        }
                        _ => {}
                    }
                }
                block.stores.iter().for_each(|store| visit(store.buffer, true));
            }
            Body::Strip(strip) => strip.each_access(visit),
            Body::Copy { from, to } => {
                visit(from.buffer, false);
                visit(to.buffer, true);
            }
            Body::Add { from, to } => {
                visit(from.buffer, false);
                visit(to.buffer, false);
                visit(to.buffer, true);
            }
            Body::Zero { to } => visit(*to, true),
            Body::Contract { left, right, to, places } => {
                visit(left.buffer, false);
                visit(right.buffer, false);
                if places.adds {
                    visit(*to, false);
                }
                visit(*to, true);
            }
            Body::Distances { left, right, to, .. } => {
                visit(left.buffer, false);
                visit(right.buffer, false);
                visit(*to, true);
            }
            Body::Gather { operand, indices, to, .. } => {
                visit(operand.buffer, false);
                visit(*indices, false);
                visit(*to, true);
            }
            Body::ScatterAdd { indices, updates, to, .. } => {
                visit(*indices, false);
                visit(*updates, false);
                visit(*to, true);
            }
            Body::ArgReduce { from, to, .. } => {
                visit(*from, false);
                visit(*to, true);
            }
            Body::Loop(kernel) => kernel.each_access(visit),
            Body::Replay(kernel) => kernel.each_access(visit),
            Body::LinearAlgebra(kernel) => {
                kernel.arguments.iter().for_each(|argument| visit(*argument, false));
                visit(kernel.to, true);
                visit(kernel.memory, true);
            }
        }
    }
}

impl StripKernel {
    fn each_access(&self, visit: &mut dyn FnMut(BufferId, bool)) {
        for instruction in &self.instructions {
            match &instruction.op {
                StripOp::Expand(view) => visit(view.buffer, false),
                StripOp::Accumulate { state: Some(state), .. } => visit(*state, true),
                _ => {}
            }
            for operand in &instruction.arguments {
                match operand {
                    Operand::Direct { buffer, .. } | Operand::Splat { buffer, .. } => visit(*buffer, false),
                    Operand::Value(_) => {}
                }
            }
            if let Target::Buffer(buffer) = instruction.target {
                visit(buffer, true);
            }
        }
        if let Some(scratch) = self.scratch {
            visit(scratch, true);
        }
    }
}

/// Free stretches of the workspace, by offset.
#[derive(Default)]
struct Arena {
    free: BTreeMap<usize, usize>,
    top: usize,
    small: Vec<usize>,
}

impl Arena {
    /// The offset of a stretch of so many bytes: the tightest free one, or new. Single words share cache lines.
    fn take(&mut self, bytes: usize) -> usize {
        if bytes == 8 {
            if self.small.is_empty() {
                let line = self.take(ALIGNMENT);
                self.small.extend((0..ALIGNMENT).step_by(8).rev().map(|word| line + word));
            }
            return self.small.pop().unwrap_or_default();
        }
        let fitting = self.free.iter().filter(|(_, length)| **length >= bytes).min_by_key(|(_, length)| **length);
        if let Some((offset, length)) = fitting.map(|(offset, length)| (*offset, *length)) {
            self.free.remove(&offset);
            if length > bytes {
                self.free.insert(offset + bytes, length - bytes);
            }
            return offset;
        }
        let offset = self.top;
        self.top += bytes;
        offset
    }

    fn give(&mut self, offset: usize, bytes: usize) {
        if bytes == 8 {
            self.small.push(offset);
            return;
        }
        let (mut offset, mut bytes) = (offset, bytes);
        if let Some((before, length)) = self.free.range(..offset).next_back().map(|(at, length)| (*at, *length))
            && before + length == offset
        {
            self.free.remove(&before);
            (offset, bytes) = (before, bytes + length);
        }
        if let Some(length) = self.free.remove(&(offset + bytes)) {
            bytes += length;
        }
        self.free.insert(offset, bytes);
    }
}
