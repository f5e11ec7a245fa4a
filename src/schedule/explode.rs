//! Exploding small nodes into straight-line scalar code.

use super::abreast;
use super::build::Memory;
use super::group::{Group, Groups};
use super::layout::Layout;
use super::resolve::{Resolved, Sight};
use super::{BufferId, ScalarBlock, ScalarInstruction, ScalarOp, Store, ValueId};
use crate::ir::{Axes, ElementType, Extreme, Graph, Node, NodeId, Op, Outside, Reduction, Steps};
use smallvec::{SmallVec, smallvec};
use std::collections::HashMap;

/// Builds the block of a group; `stored` says which values have a buffer.
pub fn build(
    context: (&Graph, &Resolved, &Groups),
    group: &Group,
    stored: &[bool],
    memory: &mut Memory,
) -> ScalarBlock {
    let (graph, resolved, groups) = context;
    let mut builder = Builder {
        graph,
        resolved,
        groups,
        memory,
        block: ScalarBlock::default(),
        elements: HashMap::new(),
        loads: HashMap::new(),
        constants: HashMap::new(),
        origin: group.nodes[0],
    };
    for id in &group.nodes {
        builder.origin = *id;
        let values = builder.node(*id);
        if stored[id.index()] {
            let buffer = builder.memory.of(graph, *id);
            let stores = values.iter().enumerate();
            builder.block.stores.extend(stores.map(|(position, value)| Store { value: *value, buffer, position }));
        }
        builder.elements.insert(*id, values);
    }
    abreast::arrange(without_unused(builder.block))
}

struct Builder<'a> {
    graph: &'a Graph,
    resolved: &'a Resolved,
    groups: &'a Groups,
    memory: &'a mut Memory,
    block: ScalarBlock,
    elements: HashMap<NodeId, Vec<ValueId>>,
    loads: HashMap<(BufferId, usize), ValueId>,
    constants: HashMap<(u64, ElementType), ValueId>,
    origin: NodeId,
}

impl Builder<'_> {
    fn push(&mut self, op: ScalarOp, arguments: &[ValueId], element: ElementType) -> ValueId {
        let id = ValueId(self.block.instructions.len() as u32);
        let arguments = SmallVec::from_slice(arguments);
        self.block.instructions.push(ScalarInstruction { op, arguments, element, origin: self.origin });
        id
    }

    fn constant(&mut self, bits: u64, element: ElementType) -> ValueId {
        if let Some(value) = self.constants.get(&(bits, element)) {
            return *value;
        }
        let value = self.push(ScalarOp::Constant(bits), &[], element);
        self.constants.insert((bits, element), value);
        value
    }

    /// An element of an argument of the current node, by its row-major place.
    fn element(&mut self, argument: NodeId, place: usize) -> ValueId {
        let resolved = self.resolved;
        let Sight { base, layout } = resolved.sight(argument);
        let position = layout.position(place);
        if self.groups.of(*base).is_some() && self.groups.of(*base) == self.groups.of(self.origin) {
            return self.elements[base][position];
        }
        let node = self.graph.node(*base);
        match node.op {
            Op::Scalar(bits) => return self.constant(bits, node.ty.element),
            Op::Table(index) => return self.constant(self.graph.table(index).bits[position], node.ty.element),
            Op::Iota(_) => return self.constant(position as u64, node.ty.element),
            _ => {}
        }
        let buffer = self.memory.of(self.graph, *base);
        if let Some(value) = self.loads.get(&(buffer, position)) {
            return *value;
        }
        let value = self.push(ScalarOp::Load { buffer, position }, &[], node.ty.element);
        self.loads.insert((buffer, position), value);
        value
    }

    fn node(&mut self, id: NodeId) -> Vec<ValueId> {
        let graph = self.graph;
        let node = graph.node(id);
        let count = node.ty.shape.count();
        match node.op {
            Op::Pointwise(definition) => (0..count)
                .map(|place| {
                    let arguments: SmallVec<[ValueId; 3]> =
                        node.arguments.iter().map(|argument| self.element(*argument, place)).collect();
                    self.push(ScalarOp::Pointwise(definition), &arguments, node.ty.element)
                })
                .collect(),
            Op::Mix => (0..count)
                .map(|place| {
                    let words = [0, 1].map(|argument| self.element(node.arguments[argument], place));
                    self.push(ScalarOp::Mix, &words, node.ty.element)
                })
                .collect(),
            Op::Random(distribution) => (0..count)
                .map(|place| {
                    let key = self.element(node.arguments[0], place);
                    self.push(ScalarOp::Random(distribution), &[key], node.ty.element)
                })
                .collect(),
            Op::Pad { axis, low, step } => self.pad(node, axis.into(), low as usize, step as usize),
            Op::Unwindow { axis, steps } => self.unwindow(node, axis.into(), steps),
            Op::Concatenate(axis) => self.concatenate(node, axis.into()),
            Op::Reduce(reduction, axes) => self.reduce(node, reduction, axes),
            Op::ArgReduce(extreme, axis) => self.arg_reduce(node, extreme, axis.into()),
            Op::Contract { batch, contract } => self.contract(node, batch.into(), contract.into()),
            Op::Gather { batch, outside } => self.gather(node, batch.into(), outside),
            _ => (0..count).map(|place| self.element(node.arguments[0], place)).collect(),
        }
    }

    fn pad(&mut self, node: &Node, axis: usize, low: usize, step: usize) -> Vec<ValueId> {
        let zero = self.constant(0, node.ty.element);
        let mut values = vec![zero; node.ty.shape.count()];
        let source = &self.graph.ty(node.arguments[0]).shape;
        let (n, whole) = (source[axis], node.ty.shape[axis]);
        let inner: usize = source.sizes()[axis + 1..].iter().product();
        for place in 0..source.count() {
            let (outer, along, rest) = (place / (n * inner), place / inner % n, place % inner);
            values[(outer * whole + low + along * step) * inner + rest] = self.element(node.arguments[0], place);
        }
        values
    }

    fn unwindow(&mut self, node: &Node, axis: usize, steps: Steps) -> Vec<ValueId> {
        let parts = &self.graph.ty(node.arguments[0]).shape;
        let layout = Layout::contiguous(&node.ty.shape).window(axis, [parts[axis], parts[axis + 1]], steps);
        let mut sums: Vec<Option<ValueId>> = vec![None; node.ty.shape.count()];
        for place in 0..parts.count() {
            let value = self.element(node.arguments[0], place);
            let position = layout.position(place);
            sums[position] = Some(match sums[position] {
                None => value,
                Some(before) => self.push(ScalarOp::Add, &[before, value], node.ty.element),
            });
        }
        let zero = self.constant(0, node.ty.element);
        sums.into_iter().map(|sum| sum.unwrap_or(zero)).collect()
    }

    fn concatenate(&mut self, node: &Node, axis: usize) -> Vec<ValueId> {
        let outer: usize = node.ty.shape.sizes()[..axis].iter().product();
        let mut values = Vec::with_capacity(node.ty.shape.count());
        for row in 0..outer {
            for argument in &node.arguments {
                let width: usize = self.graph.ty(*argument).shape.sizes()[axis..].iter().product();
                for place in row * width..(row + 1) * width {
                    let value = self.element(*argument, place);
                    values.push(value);
                }
            }
        }
        values
    }

    fn reduce(&mut self, node: &Node, reduction: Reduction, axes: Axes) -> Vec<ValueId> {
        let shape = &self.graph.ty(node.arguments[0]).shape;
        let strides = node.ty.shape.strides();
        let kept: Vec<usize> = (0..shape.rank()).filter(|axis| !axes.contains(*axis)).collect();
        let mut folded: Vec<Option<ValueId>> = vec![None; node.ty.shape.count()];
        for place in 0..shape.count() {
            let (mut rest, mut target) = (place, 0);
            for axis in (0..shape.rank()).rev() {
                if let Some(at) = kept.iter().position(|each| *each == axis) {
                    target += rest % shape[axis] * strides[at];
                }
                rest /= shape[axis];
            }
            let value = self.element(node.arguments[0], place);
            folded[target] = Some(match folded[target] {
                None => value,
                Some(before) => self.push(combining(reduction), &[before, value], node.ty.element),
            });
        }
        let identity = self.constant(identity(reduction, node.ty.element), node.ty.element);
        folded.into_iter().map(|value| value.unwrap_or(identity)).collect()
    }

    fn arg_reduce(&mut self, node: &Node, extreme: Extreme, axis: usize) -> Vec<ValueId> {
        let shape = &self.graph.ty(node.arguments[0]).shape;
        let (n, inner) = (shape[axis], shape.sizes()[axis + 1..].iter().product::<usize>());
        let mut values = Vec::new();
        for target in 0..node.ty.shape.count() {
            let first = target / inner * n * inner + target % inner;
            let mut best = self.element(node.arguments[0], first);
            let mut at = self.constant(0, ElementType::I64);
            for along in 1..n {
                let value = self.element(node.arguments[0], first + along * inner);
                let beats = self.push(ScalarOp::Beats(extreme), &[value, best], ElementType::Bool);
                let place = self.constant(along as u64, ElementType::I64);
                at = self.push(ScalarOp::Choose, &[beats, place, at], ElementType::I64);
                let element = self.graph.ty(node.arguments[0]).element;
                best = self.push(ScalarOp::Choose, &[beats, value, best], element);
            }
            values.push(at);
        }
        values
    }

    fn contract(&mut self, node: &Node, batch: usize, contract: usize) -> Vec<ValueId> {
        let (left, right) = (node.arguments[0], node.arguments[1]);
        let (l, r) = (self.graph.ty(left).shape.sizes(), self.graph.ty(right).shape.sizes());
        let product = |sizes: &[usize]| sizes.iter().product::<usize>();
        let (batches, k) = (product(&l[..batch]), product(&l[l.len() - contract..]));
        let (m, n) = (product(&l[batch..l.len() - contract]), product(&r[batch..r.len() - contract]));
        let element = node.ty.element;
        let mut values = Vec::with_capacity(batches * m * n);
        for place in 0..batches * m * n {
            let (group, row, column) = (place / (m * n), place / n % m, place % n);
            let mut sum = None;
            for along in 0..k {
                let a = self.element(left, (group * m + row) * k + along);
                let b = self.element(right, (group * n + column) * k + along);
                let term = self.push(ScalarOp::Multiply, &[a, b], element);
                sum = Some(match sum {
                    None => term,
                    Some(before) => self.push(ScalarOp::Add, &[before, term], element),
                });
            }
            values.push(match sum {
                Some(sum) => sum,
                None => self.constant(0, element),
            });
        }
        values
    }

    fn gather(&mut self, node: &Node, batch: usize, outside: Outside) -> Vec<ValueId> {
        let (operand, indices) = (node.arguments[0], node.arguments[1]);
        let resolved = self.resolved;
        let Sight { base, layout } = resolved.sight(operand);
        let buffer = self.memory.of(self.graph, *base);
        let sizes = &layout.sizes;
        let at: usize = self.graph.ty(indices).shape.sizes()[batch..].iter().product();
        let rest: usize = sizes[batch + 1..].iter().product();
        let mut values = Vec::with_capacity(node.ty.shape.count());
        for place in 0..node.ty.shape.count() {
            let (row, column) = (place / rest, place % rest);
            let index = self.element(indices, row);
            let position = layout.position(row / at * sizes[batch] * rest + column) as isize;
            let (stride, limit) = (layout.strides[batch], sizes[batch]);
            let op = ScalarOp::LoadAt { buffer, position, stride, limit, outside };
            values.push(self.push(op, &[index], node.ty.element));
        }
        values
    }
}

/// The scalar operation that folds a reduction.
fn combining(reduction: Reduction) -> ScalarOp {
    match reduction {
        Reduction::Sum => ScalarOp::Add,
        Reduction::Product => ScalarOp::Multiply,
        Reduction::Max => ScalarOp::Greater,
        Reduction::Min => ScalarOp::Lesser,
    }
}

/// The bits of the value that a reduction starts from.
pub fn identity(reduction: Reduction, element: ElementType) -> u64 {
    let real = match reduction {
        Reduction::Sum => 0.0,
        Reduction::Product => 1.0,
        Reduction::Max => f64::NEG_INFINITY,
        Reduction::Min => f64::INFINITY,
    };
    match (element, reduction) {
        (ElementType::F64, _) => real.to_bits(),
        (ElementType::F32, _) => u64::from((real as f32).to_bits()),
        (_, Reduction::Sum) => 0,
        (_, Reduction::Product) => 1,
        (ElementType::Bool, Reduction::Max) => 0,
        (ElementType::Bool, Reduction::Min) => 1,
        (ElementType::I64, Reduction::Max) => i64::MIN as u64,
        (ElementType::I64, Reduction::Min) => i64::MAX as u64,
    }
}

/// Whether an instruction can end the program with an error.
pub fn can_fail(instruction: &ScalarInstruction) -> bool {
    match instruction.op {
        ScalarOp::LoadAt { outside, .. } => outside == Outside::Error,
        ScalarOp::Add | ScalarOp::Multiply | ScalarOp::Pointwise(_) => instruction.element == ElementType::I64,
        _ => false,
    }
}

/// The block without instructions that neither a store nor an error depends on.
fn without_unused(block: ScalarBlock) -> ScalarBlock {
    let mut used = vec![false; block.instructions.len()];
    for store in &block.stores {
        used[store.value.index()] = true;
    }
    for (place, instruction) in block.instructions.iter().enumerate().rev() {
        used[place] |= can_fail(instruction);
        if used[place] {
            for argument in &instruction.arguments {
                used[argument.index()] = true;
            }
        }
    }
    let mut new = vec![ValueId(0); used.len()];
    let mut result = ScalarBlock::default();
    for (place, mut instruction) in block.instructions.into_iter().enumerate() {
        if used[place] {
            for argument in &mut instruction.arguments {
                *argument = new[argument.index()];
            }
            new[place] = ValueId(result.instructions.len() as u32);
            result.instructions.push(instruction);
        }
    }
    result.stores = block.stores.into_iter().map(|store| Store { value: new[store.value.index()], ..store }).collect();
    result
}

/// Cuts a long block in pieces of about `size` instructions; values that a later piece needs go through buffers of
/// one element, constants and plain loads are repeated. Stores that `last` picks stay at the very end.
pub fn cut(block: ScalarBlock, size: usize, memory: &mut Memory, last: impl Fn(BufferId) -> bool) -> Vec<ScalarBlock> {
    let count = block.instructions.len();
    if count <= size + size / 2 {
        return vec![block];
    }
    let piece_of = |place: usize| (place / size).min(count.div_ceil(size) - 1);
    let mut pieces: Vec<Piece> = (0..count.div_ceil(size)).map(|_| Piece::default()).collect();
    let final_piece = pieces.len() - 1;
    let mut slots: HashMap<ValueId, BufferId> = HashMap::new();
    for place in 0..count {
        let value = ValueId(place as u32);
        let instruction = &block.instructions[place];
        let arguments: SmallVec<[ValueId; 3]> = instruction
            .arguments
            .iter()
            .map(|argument| bring(&block, *argument, piece_of, piece_of(place), &mut pieces, &mut slots, memory))
            .collect();
        let piece = &mut pieces[piece_of(place)];
        piece.push(value, ScalarInstruction { arguments, ..instruction.clone() });
    }
    for store in &block.stores {
        let home = if last(store.buffer) { final_piece } else { piece_of(store.value.index()) };
        let value = bring(&block, store.value, piece_of, home, &mut pieces, &mut slots, memory);
        pieces[home].block.stores.push(Store { value, ..*store });
    }
    pieces.into_iter().map(|piece| piece.block).collect()
}

#[derive(Default)]
struct Piece {
    block: ScalarBlock,
    known: HashMap<ValueId, ValueId>,
}

impl Piece {
    fn push(&mut self, value: ValueId, instruction: ScalarInstruction) -> ValueId {
        let new = ValueId(self.block.instructions.len() as u32);
        self.block.instructions.push(instruction);
        self.known.insert(value, new);
        new
    }
}

/// The name, in a piece, of a value of the uncut block.
fn bring(
    block: &ScalarBlock,
    value: ValueId,
    piece_of: impl Fn(usize) -> usize,
    home: usize,
    pieces: &mut [Piece],
    slots: &mut HashMap<ValueId, BufferId>,
    memory: &mut Memory,
) -> ValueId {
    if let Some(known) = pieces[home].known.get(&value) {
        return *known;
    }
    let instruction = &block.instructions[value.index()];
    if matches!(instruction.op, ScalarOp::Constant(_) | ScalarOp::Load { .. }) {
        return pieces[home].push(value, instruction.clone());
    }
    let buffer = *slots.entry(value).or_insert_with(|| {
        let buffer = memory.temporary(instruction.element, 1);
        let source = &mut pieces[piece_of(value.index())];
        let value = source.known[&value];
        source.block.stores.push(Store { value, buffer, position: 0 });
        buffer
    });
    let load = ScalarInstruction { op: ScalarOp::Load { buffer, position: 0 }, arguments: smallvec![], ..*instruction };
    pieces[home].push(value, load)
}
