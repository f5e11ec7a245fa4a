//! Which nodes run together.

use super::resolve::{Resolved, is_leaf};
use super::rows;
use crate::ir::{Graph, NodeId, Op};
use std::collections::{BTreeMap, BTreeSet};

/// Nodes of more elements than this are never exploded into scalar code.
const SCALAR_ELEMENTS: usize = 16;
/// The same for operations that are calls: strips compute several elements at once.
const SCALAR_CALLS: usize = 8;
/// The most elements that an exploded reduction, pad or concatenation reads or writes.
const SCALAR_MOVED: usize = 32;
/// The most multiply-adds of an exploded contraction.
const SCALAR_PRODUCTS: usize = 256;

/// How often groups are tried to be run together with later ones; more would cost long programs their compile time.
const ATTEMPTS: usize = 32;

/// How a node is computed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    /// Exploded into scalar code.
    Scalar,
    /// Over flat strips of so many elements.
    Strip(usize),
    /// The same, in strips of whole rows of so many elements, with values of rows.
    Rows { count: usize, row: usize },
    /// By a kernel of its own.
    Own(NodeId),
}

/// Nodes that one kernel computes.
#[derive(Debug)]
pub struct Group {
    /// Their class.
    pub class: Class,
    /// The nodes in topological order.
    pub nodes: Vec<NodeId>,
}

/// All groups in an order of execution.
pub struct Groups {
    /// The groups.
    pub list: Vec<Group>,
    /// The group of a node; none for leaves, views and dead nodes.
    of: Vec<Option<u32>>,
}

impl Groups {
    /// Groups the computed nodes of a graph.
    pub fn new(graph: &Graph, resolved: &Resolved) -> Self {
        let mut levels = Levels::new(graph, resolved);
        levels.settle();
        levels.hold_back();
        let mut members: BTreeMap<(u32, Class), Vec<NodeId>> = BTreeMap::new();
        for id in graph.ids() {
            if let Some(class) = levels.classes[id.index()] {
                members.entry((levels.levels[id.index()], class)).or_default().push(id);
            }
        }
        let mut groups = Groups { list: Vec::new(), of: vec![None; graph.len()] };
        for ((_, class), nodes) in members {
            for id in &nodes {
                groups.of[id.index()] = Some(groups.list.len() as u32);
            }
            groups.list.push(Group { class, nodes });
        }
        groups
    }

    /// The place of a node's group in the list.
    pub fn of(&self, id: NodeId) -> Option<usize> {
        self.of[id.index()].map(|group| group as usize)
    }

    /// Whether a node is a reduction of rows whose results its own kernel can read.
    pub fn folds_rows(&self, graph: &Graph, id: NodeId) -> bool {
        match self.of(id).map(|group| self.list[group].class) {
            Some(Class::Rows { row, .. }) => rows::folded_row(graph, id) == Some(row),
            _ => false,
        }
    }

    /// Whether the user reads the argument inside their common kernel, without memory between.
    pub fn are_joined(&self, graph: &Graph, resolved: &Resolved, user: NodeId, place: usize) -> bool {
        let sight = resolved.sight(resolved.arguments(graph, user)[place]);
        match (self.of(user), self.of(sight.base)) {
            (Some(user_group), Some(base_group)) if user_group == base_group => {
                let class = self.list[user_group].class;
                can_join(graph, resolved, (user, class), place, class)
            }
            _ => false,
        }
    }
}

struct Levels<'a> {
    graph: &'a Graph,
    resolved: &'a Resolved,
    classes: Vec<Option<Class>>,
    levels: Vec<u32>,
    /// Nodes stand at these levels or later.
    floors: Vec<u32>,
}

impl<'a> Levels<'a> {
    fn new(graph: &'a Graph, resolved: &'a Resolved) -> Self {
        let computed = |id: NodeId| resolved.is_base(id) && !is_leaf(graph, id);
        let mut classes: Vec<Option<Class>> =
            graph.ids().map(|id| computed(id).then(|| class(graph, resolved, id))).collect();
        rows::choose(graph, resolved, &mut classes);
        Levels { graph, resolved, classes, levels: vec![0; graph.len()], floors: vec![0; graph.len()] }
    }

    /// Finds the levels.
    fn settle(&mut self) {
        self.rise();
        self.sink();
    }

    /// Holds a group of strips back until the next group of its class runs, wherever that leaves fewer groups: those of a
    /// value and of its derivative, one of which waits for a sum, read the same strips.
    fn hold_back(&mut self) {
        let mut groups = self.groups();
        let mut tried = None;
        for _ in 0..ATTEMPTS {
            let Some((class, early, late)) = next_pair(&groups, tried) else { return };
            let before = (self.levels.clone(), self.floors.clone());
            let in_group = |id: &NodeId| self.classes[id.index()] == Some(class) && self.levels[id.index()] == early;
            let held: Vec<NodeId> = self.graph.ids().filter(in_group).collect();
            held.iter().for_each(|id| self.floors[id.index()] = late);
            self.settle();
            let joined = self.groups();
            if joined.len() < groups.len() {
                groups = joined;
            } else {
                (self.levels, self.floors) = before;
                tried = Some((class, early));
            }
        }
    }

    fn groups(&self) -> BTreeSet<(Class, u32)> {
        let levels = self.classes.iter().zip(&self.levels);
        levels.filter_map(|(class, level)| class.map(|class| (class, *level))).collect()
    }

    /// Calls back with the base, its class and whether it can be joined, for each computed argument.
    fn each_base(&self, id: NodeId, user: Class, mut visit: impl FnMut(NodeId, bool)) {
        for (place, argument) in self.resolved.arguments(self.graph, id).iter().enumerate() {
            let base = self.resolved.sight(*argument).base;
            if let Some(class) = self.classes[base.index()] {
                visit(base, can_join(self.graph, self.resolved, (id, user), place, class));
            }
        }
    }

    /// The earliest level of each node that its floor allows.
    fn rise(&mut self) {
        for id in self.graph.ids() {
            let Some(class) = self.classes[id.index()] else { continue };
            let mut level = self.floors[id.index()];
            self.each_base(id, class, |base, joined| {
                level = level.max(self.levels[base.index()] + u32::from(!joined));
            });
            self.levels[id.index()] = level;
        }
    }

    /// Moves nodes down to the level of a user that they can join, where no other user needs them earlier.
    fn sink(&mut self) {
        let mut latest = vec![(u32::MAX, false); self.graph.len()];
        for id in self.graph.ids().rev() {
            let Some(class) = self.classes[id.index()] else { continue };
            let (limit, joined) = latest[id.index()];
            let moves = joined && limit != u32::MAX && !matches!(class, Class::Own(_));
            if moves && limit > self.levels[id.index()] {
                self.levels[id.index()] = limit;
            }
            let level = self.levels[id.index()];
            self.each_base(id, class, |base, joined| {
                let offer = (if joined { level } else { level.saturating_sub(1) }, joined);
                let held = &mut latest[base.index()];
                *held = match offer.0.cmp(&held.0) {
                    std::cmp::Ordering::Less => offer,
                    std::cmp::Ordering::Equal => (held.0, held.1 || joined),
                    std::cmp::Ordering::Greater => *held,
                };
            });
        }
    }
}

/// The first two neighbouring levels of one class of strips, the earlier of them behind what was tried.
fn next_pair(groups: &BTreeSet<(Class, u32)>, tried: Option<(Class, u32)>) -> Option<(Class, u32, u32)> {
    let untried = || groups.iter().filter(|group| tried.is_none_or(|tried| **group > tried));
    let is_strip = |class: &Class| matches!(class, Class::Strip(_) | Class::Rows { .. });
    let pair = untried().zip(untried().skip(1)).find(|((one, _), (other, _))| is_strip(one) && one == other);
    pair.map(|((class, early), (_, late))| (*class, *early, *late))
}

/// Whether a user can read an argument whose base has a class inside one kernel.
fn can_join(graph: &Graph, resolved: &Resolved, user: (NodeId, Class), place: usize, base_class: Class) -> bool {
    let (id, class) = user;
    if class != base_class {
        return false;
    }
    let node = graph.node(id);
    match class {
        Class::Own(_) => matches!(node.op, Op::Result(_)),
        Class::Scalar => !(matches!(node.op, Op::Gather { .. }) && place == 0),
        Class::Strip(count) => {
            let sight = resolved.sight(node.arguments[place]);
            let whole = !matches!(graph.node(sight.base).op, Op::Reduce(..)) && sight.layout.is_whole(count);
            whole && fold(graph, id).is_none_or(|fold| fold.is_some())
        }
        Class::Rows { count, row } => rows::can_join(graph, resolved, id, place, (count, row)),
    }
}

fn class(graph: &Graph, resolved: &Resolved, id: NodeId) -> Class {
    let node = graph.node(id);
    let count = node.ty.shape.count();
    let argument = |place: usize| graph.ty(node.arguments[place]).shape.count();
    let scalar_if = |small: bool, other: Class| if small { Class::Scalar } else { other };
    if resolved.distances(id).is_some() {
        return Class::Own(id);
    }
    match node.op {
        Op::Pointwise(definition) => {
            let limit = if definition.0.instruction.is_some() { SCALAR_ELEMENTS } else { SCALAR_CALLS };
            scalar_if(count <= limit, Class::Strip(count))
        }
        Op::Mix | Op::Random(_) => scalar_if(count <= SCALAR_CALLS, Class::Strip(count)),
        Op::Reshape => scalar_if(count <= SCALAR_MOVED, Class::Strip(count)),
        Op::Unwindow { .. } if resolved.windowed(id).is_some() => Class::Own(id),
        Op::Unwindow { .. } => scalar_if(count.max(argument(0)) <= SCALAR_MOVED, Class::Own(id)),
        Op::Reduce(..) if argument(0) == 0 && count > SCALAR_MOVED => Class::Own(id),
        Op::Reduce(..) => scalar_if(argument(0) <= SCALAR_MOVED, Class::Strip(argument(0))),
        Op::ArgReduce(..) => scalar_if(argument(0) <= SCALAR_MOVED, Class::Own(id)),
        Op::Pad { .. } | Op::Concatenate(_) => scalar_if(count <= SCALAR_MOVED, Class::Own(id)),
        Op::Contract { contract, .. } => {
            let sizes = &resolved.sight(node.arguments[0]).layout.sizes;
            let products = count * sizes[sizes.len() - contract as usize..].iter().product::<usize>();
            scalar_if(count <= SCALAR_MOVED && products <= SCALAR_PRODUCTS, Class::Own(id))
        }
        Op::Result(_) => Class::Own(node.arguments[0]),
        Op::Gather { .. } => scalar_if(count <= SCALAR_MOVED && argument(1) <= SCALAR_CALLS, Class::Own(id)),
        _ => Class::Own(id),
    }
}

/// A reduction as `[outer, n, inner] → [outer, inner]`: none for other operations, and none inside where its axes are
/// not neighbours.
pub fn fold(graph: &Graph, id: NodeId) -> Option<Option<(usize, usize, usize)>> {
    let node = graph.node(id);
    let Op::Reduce(_, axes) = node.op else { return None };
    let sizes = graph.ty(node.arguments[0]).shape.sizes();
    let folded = |axis: &usize| axes.contains(*axis);
    let apart = |axis: &usize| sizes[*axis] != 1;
    let first = (0..sizes.len()).filter(apart).find(folded).unwrap_or(axes.get(0));
    let last = (0..sizes.len()).filter(apart).rfind(folded).unwrap_or(axes.get(0));
    let together = (first..=last).filter(apart).all(|axis| axes.contains(axis));
    let product = |range: &[usize]| range.iter().product();
    Some(together.then(|| (product(&sizes[..first]), product(&sizes[first..=last]), product(&sizes[last + 1..]))))
}
