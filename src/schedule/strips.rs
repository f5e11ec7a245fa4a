//! Building strip kernels.

use super::build::Memory;
use super::chains;
use super::group::{Class, Group, Groups, fold};
use super::layout::Layout;
use super::names;
use super::resolve::Resolved;
use super::rows;
use super::{BufferId, Extent, Operand, STRIP, StripInstruction, StripKernel, StripOp, Target, View};
use crate::ir::{Axes, ElementType, Graph, NodeId, Op, Reduction};
use crate::runtime::reduce::{self, ReduceShape};
use smallvec::{SmallVec, smallvec};
use std::collections::{BTreeMap, HashMap};

/// Strips in scratch memory begin at multiples of this.
const SLOT_ALIGNMENT: usize = 64;
/// Behind strips of at least so many bytes there is a gap: places a multiple of 4096 bytes apart are slow to read and write
/// by turns.
const LONG_STRIP: usize = 1024;
const GAP: usize = 192;

/// Builds the kernel of a group; `stored` says which values have a buffer.
pub fn build(
    context: (&Graph, &Resolved, &Groups),
    group: &Group,
    stored: &[bool],
    memory: &mut Memory,
) -> StripKernel {
    let (graph, resolved, groups) = context;
    let (count, row) = match group.class {
        Class::Strip(count) => (count, None),
        Class::Rows { count, row } => (count, Some(row)),
        Class::Scalar | Class::Own(_) => unreachable!("only strips are built here"),
    };
    let (instructions, made) = (Vec::new(), HashMap::new());
    let mut builder = Builder { graph, resolved, groups, memory, count, row, instructions, made };
    let mut kept = Vec::new();
    for id in &group.nodes {
        builder.node(*id);
        kept.push((*id, builder.instructions.len() - 1));
    }
    let mut instructions = builder.instructions;
    for (id, place) in kept {
        if stored[id.index()] {
            instructions[place].target = Target::Buffer(memory.of(graph, id));
        }
    }
    let chains = chains::arrange(&mut instructions, &memory.buffers, row.is_some());
    let strip = row.map_or(STRIP, rows::block);
    let mut kernel = StripKernel { count, row, strip, instructions, chains, scratch: None };
    let slots = assign_slots(&mut kernel);
    place_row_folds(&mut kernel, slots);
    let bytes = kernel.scratch_bytes();
    kernel.scratch = (bytes > 0).then(|| memory.scratch(bytes));
    kernel
}

/// What an instruction other than a node's own makes.
#[derive(PartialEq, Eq, Hash)]
enum Made {
    Node(NodeId),
    Spread(NodeId),
    Seen(NodeId, Layout),
}

struct Builder<'a> {
    graph: &'a Graph,
    resolved: &'a Resolved,
    groups: &'a Groups,
    memory: &'a mut Memory,
    count: usize,
    row: Option<usize>,
    instructions: Vec<StripInstruction>,
    made: HashMap<Made, usize>,
}

impl Builder<'_> {
    fn node(&mut self, id: NodeId) {
        let node = self.graph.node(id);
        let (op, arguments) = match node.op {
            Op::Pointwise(definition) => {
                let mut arguments: SmallVec<[Operand; 3]> =
                    (0..node.arguments.len()).map(|place| self.operand(id, place)).collect();
                self.spread_first(id, &mut arguments);
                (StripOp::Pointwise(definition), arguments)
            }
            Op::Mix => (StripOp::Mix, smallvec![self.operand(id, 0), self.operand(id, 1)]),
            Op::Gather { outside, .. } => {
                (StripOp::PickInRows(outside), smallvec![self.strip_operand(id, 0), self.strip_operand(id, 1)])
            }
            Op::ScatterAdd { outside, .. } => {
                (StripOp::PlaceInRows(outside), smallvec![self.strip_operand(id, 0), self.strip_operand(id, 1)])
            }
            Op::Random(distribution) => (StripOp::Random(distribution), smallvec![self.strip_operand(id, 0)]),
            Op::Reduce(reduction, _) if self.groups.folds_rows(self.graph, id) => {
                let operand = self.strip_operand(id, 0);
                (StripOp::FoldRows { reduction, state: 0 }, smallvec![operand])
            }
            Op::Reduce(reduction, axes) => {
                let ((outer, n, inner), operand) = match fold(self.graph, id).flatten() {
                    Some(sizes) => (sizes, self.strip_operand(id, 0)),
                    None => {
                        let outer = node.ty.shape.count();
                        let n = self.graph.ty(node.arguments[0]).shape.count() / outer.max(1);
                        ((outer, n, 1), self.folded_last(id, axes))
                    }
                };
                let bytes = fold_bytes(reduction, node.ty.element, (outer, n, inner));
                let state = bytes.map(|bytes| self.memory.scratch(bytes));
                (StripOp::Accumulate { reduction, outer, n, inner, state }, smallvec![operand])
            }
            _ => return self.moved(id),
        };
        let made = self.push(op, arguments, (node.ty.element, self.extent(id)), id);
        self.made.insert(Made::Node(id), made);
    }

    /// A copy in another order: the elements of a view, or what an operand holds.
    fn moved(&mut self, id: NodeId) {
        let sight = self.resolved.sight(self.graph.node(id).arguments[0]).clone();
        let joined = self.groups.are_joined(self.graph, self.resolved, id, 0);
        let (op, arguments) = if joined || sight.layout.is_contiguous() {
            (StripOp::Copy, smallvec![self.strip_operand(id, 0)])
        } else {
            let view = View { buffer: self.memory.of(self.graph, sight.base), layout: sight.layout.merged() };
            (StripOp::Expand(view), smallvec![])
        };
        let made = self.push(op, arguments, (self.graph.ty(id).element, self.extent(id)), id);
        self.made.insert(Made::Node(id), made);
    }

    fn push(
        &mut self,
        op: StripOp,
        arguments: SmallVec<[Operand; 3]>,
        (element, extent): (ElementType, Extent),
        origin: NodeId,
    ) -> usize {
        self.instructions.push(StripInstruction { op, arguments, element, extent, target: Target::Slot(0), origin });
        self.instructions.len() - 1
    }

    /// What a node of the kernel has an element for; of other reductions, what they fold.
    fn extent(&self, id: NodeId) -> Extent {
        let extent = self.row.and_then(|row| rows::extent(self.graph, id, (self.count, row)));
        extent.unwrap_or(Extent::Elements)
    }

    /// What a node of the kernel reads an argument for.
    fn read(&self, user: NodeId, place: usize) -> Extent {
        self.row.map_or(Extent::Elements, |row| rows::read(self.graph, user, place, (self.count, row)))
    }

    /// Where the operand at a place of a node's arguments is found; expands views other than splats.
    fn operand(&mut self, user: NodeId, place: usize) -> Operand {
        let sight = self.resolved.sight(self.graph.node(user).arguments[place]).clone();
        if self.groups.are_joined(self.graph, self.resolved, user, place) {
            let value = self.made[&Made::Node(sight.base)];
            let spreads = self.read(user, place) == Extent::Elements && self.extent(sight.base) == Extent::Rows;
            return Operand::Value(if spreads { self.spread_rows(user, sight.base, value) } else { value });
        }
        let buffer = self.memory.of(self.graph, sight.base);
        if sight.layout.is_splat() {
            return Operand::Splat { buffer, position: sight.layout.offset as usize };
        }
        if sight.layout.is_contiguous() {
            return Operand::Direct { buffer, offset: sight.layout.offset as usize };
        }
        self.expand((user, place), sight.base, sight.layout, buffer)
    }

    /// The elements of a value of rows, for all elements of each row.
    fn spread_rows(&mut self, user: NodeId, base: NodeId, value: usize) -> usize {
        if let Some(made) = self.made.get(&Made::Spread(base)) {
            return *made;
        }
        let kind = (self.graph.ty(base).element, Extent::Elements);
        let made = self.push(StripOp::SpreadRows, smallvec![Operand::Value(value)], kind, user);
        self.made.insert(Made::Spread(base), made);
        made
    }

    /// The same with splats expanded too.
    fn strip_operand(&mut self, user: NodeId, place: usize) -> Operand {
        let operand = self.operand(user, place);
        match operand {
            Operand::Splat { .. } => self.spread(user, place),
            other => other,
        }
    }

    /// Kernels of one operand, and choices, want a strip as their first operand.
    fn spread_first(&mut self, user: NodeId, arguments: &mut [Operand]) {
        if arguments.len() != 2 && matches!(arguments[0], Operand::Splat { .. }) {
            arguments[0] = self.spread(user, 0);
        }
    }

    fn spread(&mut self, user: NodeId, place: usize) -> Operand {
        let sight = self.resolved.sight(self.graph.node(user).arguments[place]).clone();
        let buffer = self.memory.of(self.graph, sight.base);
        self.expand((user, place), sight.base, sight.layout, buffer)
    }

    /// The argument of a reduction with the folded axes moved to the end.
    fn folded_last(&mut self, user: NodeId, axes: Axes) -> Operand {
        let sight = self.resolved.sight(self.graph.node(user).arguments[0]).clone();
        let rank = sight.layout.sizes.len();
        let order = (0..rank).filter(|axis| !axes.contains(*axis)).chain(axes.iter());
        let layout = sight.layout.transpose(Axes::new(order));
        let buffer = self.memory.of(self.graph, sight.base);
        if layout.is_contiguous() {
            return Operand::Direct { buffer, offset: layout.offset as usize };
        }
        self.expand((user, 0), sight.base, layout, buffer)
    }

    fn expand(&mut self, (user, place): (NodeId, usize), base: NodeId, layout: Layout, buffer: BufferId) -> Operand {
        let layout = layout.merged();
        let key = Made::Seen(base, layout.clone());
        if let Some(made) = self.made.get(&key) {
            return Operand::Value(*made);
        }
        let kind = (self.graph.ty(base).element, self.read(user, place));
        let made = self.push(StripOp::Expand(View { buffer, layout }), smallvec![], kind, user);
        self.made.insert(key, made);
        Operand::Value(made)
    }
}

/// The bytes that a reduction keeps while it goes on; none where it is a checked one.
fn fold_bytes(reduction: Reduction, element: ElementType, (outer, n, inner): (usize, usize, usize)) -> Option<usize> {
    let shape = ReduceShape { outer, length: n, inner };
    names::reduction(reduction, element).map(|known| reduce::state_bytes(known, names::element(element), shape))
}

/// Gives the folds of rows, which come one after another, a common place.
fn place_row_folds(kernel: &mut StripKernel, at: usize) {
    for instruction in &mut kernel.instructions {
        if let StripOp::FoldRows { state, .. } = &mut instruction.op {
            *state = at;
        }
    }
}

impl StripKernel {
    /// The scratch memory that one strip needs.
    pub fn scratch_bytes(&self) -> usize {
        let needed = self.instructions.iter().map(|instruction| {
            let slot = match instruction.target {
                Target::Slot(slot) => slot + self.strip_bytes(instruction),
                Target::Buffer(_) | Target::Register => 0,
            };
            match instruction.op {
                StripOp::FoldRows { state, .. } => slot.max(state + self.row_fold_bytes(instruction)),
                _ => slot,
            }
        });
        needed.max().unwrap_or(0).next_multiple_of(SLOT_ALIGNMENT)
    }

    /// The bytes that a fold of rows needs while it goes on; none for other instructions.
    pub fn row_fold_bytes(&self, instruction: &StripInstruction) -> usize {
        match instruction.op {
            StripOp::FoldRows { reduction, .. } => {
                fold_bytes(reduction, instruction.element, (1, self.row.unwrap_or(1), 1)).unwrap_or(0)
            }
            _ => 0,
        }
    }
}

/// Gives values without a buffer a place in scratch memory each, reused when the value is dead; returns the bytes of all.
fn assign_slots(kernel: &mut StripKernel) -> usize {
    let sizes: Vec<usize> = kernel.instructions.iter().map(|each| kernel.strip_bytes(each)).collect();
    let instructions = &mut kernel.instructions;
    let mut last: Vec<usize> = (0..instructions.len()).collect();
    for (place, instruction) in instructions.iter().enumerate() {
        for operand in &instruction.arguments {
            if let Operand::Value(value) = operand {
                last[*value] = place;
            }
        }
    }
    let mut end: Vec<usize> = (0..instructions.len()).collect();
    kernel.chains.iter().for_each(|chain| end[chain.clone()].fill(chain.end - 1));
    let (mut free, mut used): (BTreeMap<usize, Vec<usize>>, usize) = (BTreeMap::new(), 0);
    let mut dying: Vec<Vec<(usize, usize)>> = vec![Vec::new(); instructions.len()];
    for place in 0..instructions.len() {
        if matches!(instructions[place].target, Target::Slot(_)) {
            let bytes =
                sizes[place].next_multiple_of(SLOT_ALIGNMENT) + if sizes[place] >= LONG_STRIP { GAP } else { 0 };
            let slot = free.get_mut(&bytes).and_then(Vec::pop).unwrap_or_else(|| {
                used += bytes;
                used - bytes
            });
            instructions[place].target = Target::Slot(slot);
            dying[end[last[place]]].push((bytes, slot));
        }
        for (bytes, slot) in dying[place].drain(..) {
            free.entry(bytes).or_default().push(slot);
        }
    }
    used
}
