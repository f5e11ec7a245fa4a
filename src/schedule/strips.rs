//! Building strip kernels.

use super::build::Memory;
use super::chains;
use super::group::{Group, Groups, fold};
use super::layout::Layout;
use super::names;
use super::resolve::Resolved;
use super::{BufferId, Operand, STRIP, StripInstruction, StripKernel, StripOp, Target, View};
use crate::ir::{Axes, ElementType, Graph, NodeId, Op};
use crate::runtime::reduce::{self, ReduceShape};
use smallvec::{SmallVec, smallvec};
use std::collections::HashMap;
use std::ops::Range;

/// Bytes between scratch slots: a strip of the widest element, and some lines so that the slots of a kernel begin at different
/// sets of the first cache.
pub const SLOT_BYTES: usize = STRIP * 8 + 192;

/// Builds the kernel of a group; `stored` says which values have a buffer.
pub fn build(
    context: (&Graph, &Resolved, &Groups),
    group: &Group,
    count: usize,
    stored: &[bool],
    memory: &mut Memory,
) -> StripKernel {
    let (graph, resolved, groups) = context;
    let mut builder = Builder { graph, resolved, groups, memory, instructions: Vec::new(), made: HashMap::new() };
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
    let chains = chains::arrange(&mut instructions, &memory.buffers);
    let slots = assign_slots(&mut instructions, &chains);
    let scratch = (slots > 0).then(|| memory.scratch(slots * SLOT_BYTES));
    StripKernel { count, instructions, chains, scratch }
}

/// What an instruction other than a node's own makes.
#[derive(PartialEq, Eq, Hash)]
enum Made {
    Node(NodeId),
    Seen(NodeId, Layout),
}

struct Builder<'a> {
    graph: &'a Graph,
    resolved: &'a Resolved,
    groups: &'a Groups,
    memory: &'a mut Memory,
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
            Op::Random(distribution) => (StripOp::Random(distribution), smallvec![self.strip_operand(id)]),
            Op::Reduce(reduction, axes) => {
                let ((outer, n, inner), operand) = match fold(self.graph, id).flatten() {
                    Some(sizes) => (sizes, self.strip_operand(id)),
                    None => {
                        let outer = node.ty.shape.count();
                        let n = self.graph.ty(node.arguments[0]).shape.count() / outer.max(1);
                        ((outer, n, 1), self.folded_last(id, axes))
                    }
                };
                let state = names::reduction(reduction, node.ty.element).map(|reduction| {
                    let shape = ReduceShape { outer, length: n, inner };
                    let bytes = reduce::state_bytes(reduction, names::element(node.ty.element), shape);
                    self.memory.scratch(bytes)
                });
                (StripOp::Accumulate { reduction, outer, n, inner, state }, smallvec![operand])
            }
            _ => (StripOp::Copy, smallvec![self.strip_operand(id)]),
        };
        let made = self.push(op, arguments, node.ty.element, id);
        self.made.insert(Made::Node(id), made);
    }

    fn push(&mut self, op: StripOp, arguments: SmallVec<[Operand; 3]>, element: ElementType, origin: NodeId) -> usize {
        self.instructions.push(StripInstruction { op, arguments, element, target: Target::Slot(0), origin });
        self.instructions.len() - 1
    }

    /// Where the operand at a place of a node's arguments is found; expands views other than splats.
    fn operand(&mut self, user: NodeId, place: usize) -> Operand {
        let sight = self.resolved.sight(self.graph.node(user).arguments[place]).clone();
        if self.groups.are_joined(self.graph, self.resolved, user, place) {
            return Operand::Value(self.made[&Made::Node(sight.base)]);
        }
        let buffer = self.memory.of(self.graph, sight.base);
        if sight.layout.is_splat() {
            return Operand::Splat { buffer, position: sight.layout.offset as usize };
        }
        if sight.layout.is_contiguous() {
            return Operand::Direct { buffer, offset: sight.layout.offset as usize };
        }
        self.expand(user, sight.base, sight.layout, buffer)
    }

    /// The same with splats expanded too.
    fn strip_operand(&mut self, user: NodeId) -> Operand {
        let operand = self.operand(user, 0);
        match operand {
            Operand::Splat { .. } => self.spread(user, 0),
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
        self.expand(user, sight.base, sight.layout, buffer)
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
        self.expand(user, sight.base, layout, buffer)
    }

    fn expand(&mut self, user: NodeId, base: NodeId, layout: Layout, buffer: BufferId) -> Operand {
        let layout = layout.merged();
        let key = Made::Seen(base, layout.clone());
        if let Some(made) = self.made.get(&key) {
            return Operand::Value(*made);
        }
        let element = self.graph.ty(base).element;
        let made = self.push(StripOp::Expand(View { buffer, layout }), smallvec![], element, user);
        self.made.insert(key, made);
        Operand::Value(made)
    }
}

/// Gives values without a buffer a scratch slot each, reused when the value is dead; returns how many. A chain reads and
/// writes all its strips at the same time.
fn assign_slots(instructions: &mut [StripInstruction], chains: &[Range<usize>]) -> usize {
    let mut last: Vec<usize> = (0..instructions.len()).collect();
    for (place, instruction) in instructions.iter().enumerate() {
        for operand in &instruction.arguments {
            if let Operand::Value(value) = operand {
                last[*value] = place;
            }
        }
    }
    let mut end: Vec<usize> = (0..instructions.len()).collect();
    chains.iter().for_each(|chain| end[chain.clone()].fill(chain.end - 1));
    let (mut free, mut slots): (Vec<usize>, usize) = (Vec::new(), 0);
    let mut dying: Vec<Vec<usize>> = vec![Vec::new(); instructions.len()];
    for place in 0..instructions.len() {
        if matches!(instructions[place].target, Target::Slot(_)) {
            let slot = free.pop().unwrap_or_else(|| {
                slots += 1;
                slots - 1
            });
            instructions[place].target = Target::Slot(slot);
            dying[end[last[place]]].push(slot);
        }
        free.append(&mut dying[place]);
    }
    slots
}
