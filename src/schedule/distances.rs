//! Tables of squared distances: sums of squared differences of what two views show, where each result sees a row of one and a
//! row of the other. The differences, of which each element of both views makes many, are never in memory; nor is the table where
//! only extremes of it are read.

use super::layout::Layout;
use super::windowed::users;
use super::{Body, BufferId, View};
use crate::ir::{Axes, Extreme, Graph, Instruction, NodeId, Op, Reduction};
use crate::runtime::matmul::distances::{DEPTH, MOST_ROWS, Wanted};
use smallvec::SmallVec;

/// Sums of fewer differences are left to strips.
const LEAST: usize = 256;
/// Extremes of fewer rows come from the table: vectors would be empty.
const FEW_ROWS: usize = 8;

/// Distances that are computed together.
#[derive(Clone, Debug)]
pub struct Distances {
    /// The difference whose squares are summed.
    pub difference: NodeId,
    /// The place of `left` among its arguments.
    pub left_place: usize,
    /// Batch, rows and terms of one argument.
    pub left: Layout,
    /// The same of the other: an extreme is that of each of its rows.
    pub right: Layout,
    /// What is wanted of the distances.
    pub wanted: Wanted,
    /// Nodes that nothing else reads: the sum, where an extreme is wanted, the square and the difference.
    pub parts: Vec<NodeId>,
}

/// All of them, by the node that is their result. `seen` is the layout under which a node is read.
pub fn find<'a>(graph: &Graph, live: &[bool], seen: impl Fn(NodeId) -> &'a Layout) -> Vec<(NodeId, Distances)> {
    let is_sum = |id: &NodeId| live[id.index()] && matches!(graph.node(*id).op, Op::Reduce(Reduction::Sum, _));
    let sums = graph.ids().filter(is_sum);
    let found: Vec<(NodeId, Table)> = sums.filter_map(|id| Some((id, Table::new(graph, id, &seen)?))).collect();
    if found.is_empty() {
        return Vec::new();
    }
    let users = users(graph, live);
    found.into_iter().map(|(id, table)| table.distances(graph, id, &users, live)).collect()
}

impl Distances {
    /// The kernel, with the buffers that the arguments of the difference show.
    pub fn body(&self, buffers: [BufferId; 2], to: BufferId) -> Body {
        let view = |place: usize, layout: &Layout| View { buffer: buffers[place], layout: layout.clone() };
        let (left, right) = (view(self.left_place, &self.left), view(1 - self.left_place, &self.right));
        Body::Distances { left, right, to, wanted: self.wanted }
    }
}

/// The table of distances that a sum is.
struct Table {
    square: NodeId,
    difference: NodeId,
    /// The argument of the difference that changes along the first axes of the sum, and the other.
    first: Side,
    second: Side,
}

/// What one argument of a difference shows.
struct Side {
    place: usize,
    /// Batch, rows and terms.
    layout: Layout,
    /// The axes of the sum along which it has rows.
    axes: Axes,
}

/// What an axis of the differences is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Both,
    Only(usize),
}

impl Table {
    fn new<'a>(graph: &Graph, sum: NodeId, seen: &impl Fn(NodeId) -> &'a Layout) -> Option<Self> {
        let Op::Reduce(_, folded) = graph.node(sum).op else { return None };
        let square = graph.node(sum).arguments[0];
        let difference = squared(graph, square)?;
        let shape = &graph.ty(square).shape;
        if !graph.ty(sum).element.is_real() || shape.count() < LEAST {
            return None;
        }
        let sides: [&Layout; 2] = [0, 1].map(|place| seen(graph.node(difference).arguments[place]));
        let (terms, kept): (Vec<usize>, Vec<usize>) = (0..shape.rank()).partition(|axis| folded.contains(*axis));
        let mut groups: Vec<(Role, Vec<usize>)> = Vec::new();
        for axis in kept.iter().copied().filter(|axis| shape[*axis] != 1) {
            let role = match sides.map(|side| side.strides[axis] != 0) {
                [true, true] => Role::Both,
                [true, false] => Role::Only(0),
                [false, true] => Role::Only(1),
                [false, false] => return None,
            };
            match groups.last_mut() {
                Some((last, axes)) if *last == role => axes.push(axis),
                _ => groups.push((role, vec![axis])),
            }
        }
        let (batch, groups): (&[usize], _) = match groups.as_slice() {
            [(Role::Both, batch), rest @ ..] => (batch, rest),
            all => (&[], all),
        };
        let [(Role::Only(first), first_axes), (Role::Only(second), second_axes)] = groups else { return None };
        let side = |place: usize, axes: &[usize]| {
            let among_kept = axes.iter().filter_map(|axis| kept.iter().position(|each| each == axis));
            let layout = rows(sides[place], [batch, axes, &terms])?;
            Some(Side { place, layout, axes: Axes::new(among_kept) })
        };
        Some(Table { square, difference, first: side(*first, first_axes)?, second: side(*second, second_axes)? })
    }

    /// The distances, or an extreme of them where nothing else reads the table.
    fn distances(self, graph: &Graph, sum: NodeId, users: &[usize], live: &[bool]) -> (NodeId, Distances) {
        let mut parts = Vec::new();
        if users[self.square.index()] == 1 {
            parts.push(self.square);
            if users[self.difference.index()] == graph.node(self.square).arguments.len() {
                parts.push(self.difference);
            }
        }
        let extreme = (users[sum.index()] == 1).then(|| self.extreme(graph, sum, live)).flatten();
        let (id, wanted, of_first) = extreme.unwrap_or((sum, Wanted::All, false));
        if id != sum {
            parts.push(sum);
        }
        let (left, right) = if of_first { (self.second, self.first) } else { (self.first, self.second) };
        let distances = Distances {
            difference: self.difference,
            left_place: left.place,
            left: left.layout,
            right: right.layout,
            wanted,
            parts,
        };
        (id, distances)
    }

    /// The only reader of the table, where it is an extreme of each row of one side, and whether that is the first one.
    fn extreme(&self, graph: &Graph, sum: NodeId, live: &[bool]) -> Option<(NodeId, Wanted, bool)> {
        let reads = |id: &NodeId| live[id.index()] && graph.node(*id).arguments.contains(&sum);
        let id = graph.ids().skip(sum.index() + 1).find(reads)?;
        let (wanted, axes) = match graph.node(id).op {
            Op::ArgReduce(extreme, axis) => {
                (Wanted::Place { greatest: extreme == Extreme::Max }, Axes::new([usize::from(axis)]))
            }
            Op::Reduce(Reduction::Max, axes) => (Wanted::Extreme { greatest: true }, axes),
            Op::Reduce(Reduction::Min, axes) => (Wanted::Extreme { greatest: false }, axes),
            _ => return None,
        };
        let shape = &graph.ty(sum).shape;
        let folds = |side: &Side| axes.iter().filter(|axis| shape[*axis] != 1).eq(side.axes.iter());
        let of_first = folds(&self.second);
        let (candidates, kept) = if of_first { (&self.second, &self.first) } else { (&self.first, &self.second) };
        let [_, rows, terms] = candidates.layout.sizes[..] else { return None };
        let fits = rows <= MOST_ROWS && terms <= DEPTH && kept.layout.sizes[1] >= FEW_ROWS;
        (folds(candidates) && fits).then_some((id, wanted, of_first))
    }
}

/// What is multiplied with itself, where that is a difference.
fn squared(graph: &Graph, id: NodeId) -> Option<NodeId> {
    let does = |id: NodeId, instruction: Instruction| match graph.node(id).op {
        Op::Pointwise(definition) => definition.0.instruction == Some(instruction),
        _ => false,
    };
    let difference = match graph.node(id).arguments[..] {
        [left, right] if left == right && does(id, Instruction::Multiply) => left,
        [argument] if does(id, Instruction::Square) => argument,
        _ => return None,
    };
    does(difference, Instruction::Subtract).then_some(difference)
}

/// A layout as batch, rows and terms, where each of them has one step.
fn rows(layout: &Layout, axes: [&[usize]; 3]) -> Option<Layout> {
    let mut result = Layout { offset: layout.offset, sizes: SmallVec::new(), strides: SmallVec::new() };
    for axes in axes {
        let part = layout.transpose(Axes::new(axes.iter().copied()));
        let (size, stride) = part.single()?;
        result.sizes.push(size);
        result.strides.push(stride);
    }
    Some(result)
}
