//! One kernel per group, and results placed in the caller's memory where that is safe.

use super::group::{Class, Group, Groups, fold};
use super::layout::Layout;
use super::resolve::{Resolved, Sight, is_leaf};
use super::windowed::Windowed;
use super::{
    Body, Buffer, BufferId, ContractPlaces, Kernel, MatrixKernel, Place, Port, ScatterRows, Schedule, View, explode,
    looped, memory, strips,
};
use crate::ir::{Axes, ElementType, Graph, NodeId, Op, Shape};
use crate::runtime::linear_algebra::MatrixDescriptor;
use smallvec::SmallVec;

/// Scalar blocks longer than about this are cut: compile time stays linear in their length.
const BLOCK: usize = 512;

/// Orders a verified graph's work and plans its memory.
pub fn schedule(graph: &Graph) -> Schedule {
    schedule_part(graph, None)
}

/// Like [`schedule`], of a graph whose loop is a part of one: a node says which row of that its first row is.
pub(super) fn schedule_part(graph: &Graph, part: Option<NodeId>) -> Schedule {
    let resolved = Resolved::new(graph);
    let groups = Groups::new(graph, &resolved);
    let ports = ports(graph);
    let finals = Finals::new(graph, &resolved, &groups, &ports);
    let mut builder = Builder {
        graph,
        resolved: &resolved,
        groups: &groups,
        stored: stored(graph, &resolved, &groups),
        memory: Memory::new(graph.len()),
        kernels: Vec::new(),
        bodies: Vec::new(),
        body_spans: Vec::new(),
        limits: Vec::new(),
        nodes: graph.len() as u32,
        part,
    };
    for (id, output) in &finals.direct {
        builder.memory.place(graph, *id, Place::Output(*output));
    }
    for group in &groups.list {
        builder.group(group, &finals, &ports);
    }
    builder.copy_outputs(&finals, &ports);
    let Builder { memory, kernels, bodies, body_spans, mut limits, nodes, .. } = builder;
    let mut buffers = memory.buffers;
    let memory::Sizes { planned: workspace_bytes, required: required_bytes } = memory::plan(&mut buffers, &kernels);
    let inputs = graph.inputs().iter().map(|input| port(&input.name, &input.ty)).collect();
    let mut spans = spans(graph, &groups);
    spans.extend(body_spans);
    limits.sort();
    let schedule = Schedule {
        inputs,
        outputs: ports,
        buffers,
        kernels,
        workspace_bytes,
        required_bytes,
        spans,
        limits,
        bodies,
        nodes,
    };
    debug_assert_eq!(super::verify::verify(&schedule), Ok(()));
    schedule
}

fn port(name: &str, ty: &crate::ir::TensorType) -> Port {
    Port { name: name.to_string(), ty: ty.clone(), updates: None }
}

/// The outputs; of several that update one input only the first does it in place.
fn ports(graph: &Graph) -> Vec<Port> {
    let mut taken = vec![false; graph.inputs().len()];
    let outputs = graph.outputs().iter();
    outputs
        .map(|output| {
            let free = output.updates.filter(|input| !std::mem::replace(&mut taken[*input as usize], true));
            Port { updates: free, ..port(&output.name, graph.ty(output.node)) }
        })
        .collect()
}

fn spans(graph: &Graph, groups: &Groups) -> Vec<(NodeId, Option<crate::source::Span>)> {
    graph.ids().filter(|id| groups.of(*id).is_some()).map(|id| (id, graph.span(id))).collect()
}

/// Which computed nodes need a buffer: those read outside their kernel.
fn stored(graph: &Graph, resolved: &Resolved, groups: &Groups) -> Vec<bool> {
    let mut stored = vec![false; graph.len()];
    for id in graph.ids().filter(|id| groups.of(*id).is_some()) {
        for (place, argument) in resolved.arguments(graph, id).iter().enumerate() {
            let base = resolved.sight(*argument).base;
            stored[base.index()] |= !groups.are_joined(graph, resolved, id, place);
        }
        stored[id.index()] |= matches!(graph.node(id).op, Op::Reduce(..)) && !groups.folds_rows(graph, id);
    }
    for output in graph.outputs() {
        stored[resolved.sight(output.node).base.index()] = true;
    }
    stored
}

/// The buffers of a schedule in the making.
pub struct Memory {
    /// The buffers.
    pub buffers: Vec<Buffer>,
    of: Vec<Option<BufferId>>,
}

impl Memory {
    fn new(nodes: usize) -> Self {
        Memory { buffers: Vec::new(), of: vec![None; nodes] }
    }

    fn add(&mut self, element: ElementType, count: usize, place: Place) -> BufferId {
        self.buffers.push(Buffer { element, count, place });
        BufferId(self.buffers.len() as u32 - 1)
    }

    /// A workspace buffer that belongs to no node.
    pub fn temporary(&mut self, element: ElementType, count: usize) -> BufferId {
        self.add(element, count, Place::Workspace(0))
    }

    /// Scratch memory of so many bytes.
    pub fn scratch(&mut self, bytes: usize) -> BufferId {
        self.temporary(ElementType::Bool, bytes)
    }

    /// The buffer of a node that is no view.
    pub fn of(&mut self, graph: &Graph, id: NodeId) -> BufferId {
        if let Some(buffer) = self.of[id.index()] {
            return buffer;
        }
        let node = graph.node(id);
        let place = match node.op {
            Op::Input(index) => Place::Input(index),
            Op::Scalar(bits) => Place::Constant(vec![bits]),
            Op::Table(index) => Place::Constant(graph.table(index).bits.clone()),
            Op::Iota(axis) => Place::Constant((0..node.ty.shape[axis.into()] as u64).collect()),
            _ => Place::Workspace(0),
        };
        self.place(graph, id, place)
    }

    fn place(&mut self, graph: &Graph, id: NodeId, place: Place) -> BufferId {
        let count = match &place {
            Place::Constant(bits) => bits.len(),
            _ => graph.ty(id).shape.count(),
        };
        let buffer = self.add(graph.ty(id).element, count, place);
        self.of[id.index()] = Some(buffer);
        buffer
    }
}

/// Which nodes are computed right into outputs, and which outputs are copied at the end.
struct Finals {
    direct: Vec<(NodeId, u32)>,
    copied: Vec<u32>,
}

impl Finals {
    fn new(graph: &Graph, resolved: &Resolved, groups: &Groups, ports: &[Port]) -> Self {
        let readers = Readers::new(graph, resolved, groups);
        let mut finals = Finals { direct: Vec::new(), copied: Vec::new() };
        let mut taken = vec![false; graph.len()];
        for (index, output) in graph.outputs().iter().enumerate() {
            let Sight { base, layout } = resolved.sight(output.node);
            let whole = groups.of(*base).is_some() && layout.is_whole(graph.ty(*base).shape.count());
            let safe = ports[index].updates.is_none_or(|input| readers.allow(graph, resolved, groups, input, *base));
            if whole && safe && !std::mem::replace(&mut taken[base.index()], true) {
                finals.direct.push((*base, index as u32));
            } else if !is_itself(graph, *base, layout, ports[index].updates) {
                finals.copied.push(index as u32);
            }
        }
        finals
    }
}

/// Whether an updating output is its input unchanged.
fn is_itself(graph: &Graph, base: NodeId, layout: &Layout, updates: Option<u32>) -> bool {
    let input = updates.map(Op::Input);
    input == Some(graph.node(base).op) && layout.is_whole(graph.ty(base).shape.count())
}

/// Who reads each input.
struct Readers {
    nodes: Vec<Vec<(NodeId, usize)>>,
    outputs: Vec<bool>,
}

impl Readers {
    fn new(graph: &Graph, resolved: &Resolved, groups: &Groups) -> Self {
        let count = graph.inputs().len();
        let mut readers = Readers { nodes: vec![Vec::new(); count], outputs: vec![false; count] };
        for id in graph.ids().filter(|id| groups.of(*id).is_some()) {
            for (place, argument) in resolved.arguments(graph, id).iter().enumerate() {
                if let Op::Input(input) = graph.node(resolved.sight(*argument).base).op {
                    readers.nodes[input as usize].push((id, place));
                }
            }
        }
        for output in graph.outputs() {
            if let Op::Input(input) = graph.node(resolved.sight(output.node).base).op {
                readers.outputs[input as usize] = true;
            }
        }
        readers
    }

    /// Whether a node can be computed right over an input: nobody reads the input later, and its own kernel reads
    /// each element no later than it writes it.
    fn allow(&self, graph: &Graph, resolved: &Resolved, groups: &Groups, input: u32, writer: NodeId) -> bool {
        let own = groups.of(writer);
        let allows = |(reader, place): &(NodeId, usize)| {
            let group = groups.of(*reader);
            if group != own {
                return group < own;
            }
            match own.map(|own| groups.list[own].class) {
                Some(Class::Scalar) => true,
                Some(Class::Strip(_) | Class::Rows { .. }) => {
                    let count = graph.ty(writer).shape.count();
                    let sight = resolved.sight(graph.node(*reader).arguments[*place]);
                    *reader <= writer
                        && sight.layout.is_whole(count)
                        && fold(graph, writer).is_none()
                        && fold(graph, *reader).is_none_or(|fold| fold.is_some())
                }
                _ => false,
            }
        };
        !self.outputs[input as usize] && self.nodes[input as usize].iter().all(allows)
    }
}

/// A schedule in the making.
pub struct Builder<'a> {
    /// The graph.
    pub graph: &'a Graph,
    resolved: &'a Resolved,
    groups: &'a Groups,
    stored: Vec<bool>,
    /// The buffers so far.
    pub memory: Memory,
    kernels: Vec<Kernel>,
    /// The bodies of loops so far.
    pub bodies: Vec<Schedule>,
    /// The places of their nodes.
    pub body_spans: Vec<(NodeId, Option<crate::source::Span>)>,
    /// The most steps of each loop.
    pub limits: Vec<(NodeId, usize)>,
    /// The next free number of a node.
    pub nodes: u32,
    /// Where the loop is a part of one, the row of that at which it begins.
    pub part: Option<NodeId>,
}

impl Builder<'_> {
    /// Adds a kernel.
    pub fn push(&mut self, origin: NodeId, body: Body) {
        self.kernels.push(Kernel { origin, body });
    }

    fn group(&mut self, group: &Group, finals: &Finals, ports: &[Port]) {
        let context = (self.graph, self.resolved, self.groups);
        let origin = group.nodes[0];
        match group.class {
            Class::Scalar => {
                let block = explode::build(context, group, &self.stored, &mut self.memory);
                let in_place = |output: u32| ports[output as usize].updates.is_some();
                let late: Vec<BufferId> = finals
                    .direct
                    .iter()
                    .filter(|(_, output)| in_place(*output))
                    .map(|(id, _)| self.memory.of(self.graph, *id))
                    .collect();
                for piece in explode::cut(block, BLOCK, &mut self.memory, |buffer| late.contains(&buffer)) {
                    let origin = piece.instructions.first().map_or(origin, |instruction| instruction.origin);
                    self.push(origin, Body::Scalar(piece));
                }
            }
            Class::Strip(_) | Class::Rows { .. } => {
                let kernel = strips::build(context, group, &self.stored, &mut self.memory);
                self.push(origin, Body::Strip(kernel));
            }
            Class::Own(id) if matches!(self.graph.node(id).op, Op::Loop(_)) => self.run_loop(id, group),
            Class::Own(id) if matches!(self.graph.node(id).op, Op::Replay(_)) => self.replay(id, group),
            Class::Own(id) => self.own(id),
        }
    }

    /// What a node looks at.
    pub fn view(&mut self, id: NodeId) -> View {
        let sight = self.resolved.sight(id).clone();
        View { buffer: self.memory.of(self.graph, sight.base), layout: sight.layout }
    }

    /// The view of an argument, or of a copy of it under the wanted shape where strides cannot express that.
    fn shaped(&mut self, user: NodeId, id: NodeId, shape: &[usize]) -> View {
        let view = self.view(id);
        let shape = Shape::new(shape);
        match view.layout.reshape(&shape) {
            Some(layout) => View { buffer: view.buffer, layout },
            None => View { buffer: self.copied(user, view), layout: Layout::contiguous(&shape) },
        }
    }

    /// A row-major copy of what a view shows.
    pub fn copied(&mut self, user: NodeId, from: View) -> BufferId {
        let element = self.memory.buffers[from.buffer.index()].element;
        let copy = self.memory.temporary(element, from.layout.count());
        let layout = Layout::contiguous(&from.layout.sizes.iter().copied().collect());
        self.push(user, Body::Copy { from, to: View { buffer: copy, layout } });
        copy
    }

    /// The buffer that holds exactly an argument in row-major order, copied if need be.
    fn whole(&mut self, user: NodeId, id: NodeId) -> BufferId {
        let view = self.view(id);
        if view.layout.is_whole(self.memory.buffers[view.buffer.index()].count) {
            return view.buffer;
        }
        self.copied(user, view)
    }

    fn own(&mut self, id: NodeId) {
        let graph = self.graph;
        let node = graph.node(id);
        let to = self.memory.of(graph, id);
        let sizes = |id: NodeId| graph.ty(id).shape.sizes();
        let product = |sizes: &[usize]| sizes.iter().product::<usize>();
        let whole = Layout::contiguous(&node.ty.shape);
        if let Some(distances) = self.resolved.distances(id) {
            let arguments = &graph.node(distances.difference).arguments;
            let buffers = [0, 1].map(|place| self.view(arguments[place]).buffer);
            return self.push(id, distances.body(buffers, to));
        }
        match node.op {
            Op::Pad { axis, low, step } => {
                let from = self.view(node.arguments[0]);
                let count = from.layout.sizes[axis as usize];
                let layout = whole.slice(axis.into(), low as usize, step as usize, count);
                self.push(id, Body::Zero { to });
                self.push(id, Body::Copy { from, to: View { buffer: to, layout } });
            }
            Op::Unwindow { axis, steps } => {
                self.push(id, Body::Zero { to });
                let resolved = self.resolved;
                if let Some(body) = resolved.windowed(id).and_then(|windowed| self.windowed(windowed, to)) {
                    return self.push(id, body);
                }
                let axis = usize::from(axis);
                let from = self.view(node.arguments[0]);
                let counts = [from.layout.sizes[axis], from.layout.sizes[axis + 1]];
                let layout = whole.window(axis, counts, steps);
                self.push(id, added(from, View { buffer: to, layout }, axis));
            }
            Op::Concatenate(axis) => {
                let mut start = 0;
                for argument in &node.arguments {
                    let from = self.view(*argument);
                    let count = from.layout.sizes[axis as usize];
                    let layout = whole.slice(axis.into(), start, 1, count);
                    start += count;
                    self.push(id, Body::Copy { from, to: View { buffer: to, layout } });
                }
            }
            Op::Reduce(reduction, _) => {
                let bits = explode::identity(reduction, node.ty.element);
                let buffer = self.memory.add(node.ty.element, 1, Place::Constant(vec![bits]));
                let strides = SmallVec::from_elem(0, whole.sizes.len());
                let from = View { buffer, layout: Layout { strides, ..whole.clone() } };
                self.push(id, Body::Copy { from, to: View { buffer: to, layout: whole } });
            }
            Op::ArgReduce(extreme, axis) => {
                let from = self.whole(id, node.arguments[0]);
                let shape = sizes(node.arguments[0]);
                let (outer, inner) = (product(&shape[..axis as usize]), product(&shape[axis as usize + 1..]));
                self.push(id, Body::ArgReduce { extreme, from, to, outer, n: shape[axis as usize], inner });
            }
            Op::Contract { batch, contract } => self.contract(id, batch.into(), contract.into(), to),
            Op::Gather { batch, outside } => {
                let batch = usize::from(batch);
                let indices = self.whole(id, node.arguments[1]);
                let shape = sizes(node.arguments[0]);
                let mut flat = vec![product(&shape[..batch])];
                flat.extend_from_slice(&shape[batch..]);
                let operand = self.shaped(id, node.arguments[0], &flat);
                let at = product(&sizes(node.arguments[1])[batch..]);
                self.push(id, Body::Gather { operand, indices, at, outside, to });
            }
            Op::ScatterAdd { batch, outside } => {
                let batch = usize::from(batch);
                let indices = self.whole(id, node.arguments[0]);
                let updates = self.whole(id, node.arguments[1]);
                let (shape, places) = (node.ty.shape.sizes(), sizes(node.arguments[0]));
                let rows = ScatterRows {
                    batch: product(&shape[..batch]),
                    at: product(&places[batch..]),
                    rows: shape[batch],
                    rest: product(&shape[batch + 1..]),
                    outside,
                };
                self.push(id, Body::ScatterAdd { indices, updates, to, rows });
            }
            Op::LinearAlgebra(function) => {
                let shape = sizes(node.arguments[0]);
                let rank = shape.len();
                let k = if function.solves() { sizes(node.arguments[1])[rank - 1] } else { 0 };
                let descriptor =
                    MatrixDescriptor { function, batch: product(&shape[..rank - 2]), n: shape[rank - 1], k };
                let arguments = node.arguments.iter().map(|argument| self.whole(id, *argument)).collect();
                let memory = self.memory.temporary(ElementType::F64, descriptor.working_memory());
                self.push(id, Body::LinearAlgebra(Box::new(MatrixKernel { descriptor, arguments, to, memory })));
            }
            _ => unreachable!("other operations are views, leaves, scalar or strips"),
        }
    }

    /// The product whose terms a sum over windows adds, with the sum.
    fn windowed(&mut self, windowed: &Windowed, to: BufferId) -> Option<Body> {
        let product = self.graph.node(windowed.product);
        let Op::Contract { batch, contract } = product.op else { return None };
        let [left, right] = [0, 1].map(|place| self.view(product.arguments[place]));
        looped::added(&left, &right, (batch.into(), contract.into()), &windowed.layout, to)
    }

    fn contract(&mut self, id: NodeId, batch: usize, contract: usize, to: BufferId) {
        let node = self.graph.node(id);
        let (left, right) = (node.arguments[0], node.arguments[1]);
        let flat = |sizes: &[usize]| -> [usize; 3] {
            let free = sizes.len() - contract;
            [&sizes[..batch], &sizes[batch..free], &sizes[free..]].map(|part| part.iter().product())
        };
        let (l, r) = (flat(self.graph.ty(left).shape.sizes()), flat(self.graph.ty(right).shape.sizes()));
        if node.ty.shape.count() > 0 && l[2] == 0 {
            return self.push(id, Body::Zero { to });
        }
        let (left_view, right_view) = (self.view(left), self.view(right));
        let plain = |view: &View, sizes: &[usize]| view.layout.reshape(&Shape::new(sizes)).is_some();
        let looped = node.ty.element.is_real() && !(plain(&left_view, &l) && plain(&right_view, &r));
        if looped && let Some(body) = looped::contraction(&left_view, &right_view, (batch, contract), to) {
            return self.push(id, body);
        }
        let left = self.shaped(id, left, &l);
        let right = self.shaped(id, right, &r);
        let places = ContractPlaces { start: 0, adds: false, row: r[1], batch: l[1] * r[1], loops: Vec::new() };
        self.push(id, Body::Contract { left, right, to, places });
    }

    /// Outputs that are not computed in place: copied when everything else is done. Those that show an input which
    /// some output replaces are copied aside first.
    fn copy_outputs(&mut self, finals: &Finals, ports: &[Port]) {
        let graph = self.graph;
        let node_of = |output: u32| graph.outputs()[output as usize].node;
        let mut sources = Vec::new();
        for output in &finals.copied {
            let from = self.view(node_of(*output));
            let replaced = match self.memory.buffers[from.buffer.index()].place {
                Place::Input(input) => ports.iter().any(|port| port.updates == Some(input)),
                _ => false,
            };
            sources.push(if replaced {
                let layout = Layout::contiguous(&graph.ty(node_of(*output)).shape);
                View { buffer: self.copied(node_of(*output), from), layout }
            } else {
                from
            });
        }
        for (output, from) in finals.copied.iter().zip(sources) {
            let ty = graph.ty(node_of(*output));
            let buffer = self.memory.add(ty.element, ty.shape.count(), Place::Output(*output));
            let to = View { buffer, layout: Layout::contiguous(&ty.shape) };
            self.push(node_of(*output), Body::Copy { from, to });
        }
        debug_assert!(graph.outputs().iter().all(|output| {
            let base = self.resolved.sight(output.node).base;
            is_leaf(graph, base) || self.stored[base.index()]
        }));
    }
}

/// Adds windows to their places. The shorter of the two axes from `axis` on is walked outermost, so that the inner loops
/// are long; this fixes the order of adding by the sizes alone.
fn added(from: View, to: View, axis: usize) -> Body {
    let sizes = &from.layout.sizes;
    let first = if sizes[axis] < sizes[axis + 1] { axis } else { axis + 1 };
    let order = Axes::new(std::iter::once(first).chain((0..sizes.len()).filter(|place| *place != first)));
    let turned = |view: View| View { buffer: view.buffer, layout: view.layout.transpose(order) };
    Body::Add { from: turned(from), to: turned(to) }
}
