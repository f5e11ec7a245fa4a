//! Views: which node's buffer a node really looks at, and under which layout.

use super::distances::{self, Distances};
use super::layout::Layout;
use super::windowed::{self, Windowed};
use crate::ir::{Graph, NodeId, Op, Shape};
use std::collections::BTreeMap;

/// What each live node looks at.
pub struct Resolved {
    live: Vec<bool>,
    sights: Vec<Option<Sight>>,
    /// Sums over windows whose terms are products that are not kept.
    windowed: BTreeMap<NodeId, Windowed>,
    /// Tables of distances, and extremes of them.
    distances: BTreeMap<NodeId, Distances>,
    /// Nodes that are computed as parts of those.
    parts: Vec<bool>,
}

/// The node whose elements are looked at, and how.
#[derive(Clone, Debug)]
pub struct Sight {
    /// A node that is no view.
    pub base: NodeId,
    /// How its buffer is seen.
    pub layout: Layout,
}

impl Resolved {
    /// Resolves the nodes that outputs need.
    pub fn new(graph: &Graph) -> Self {
        let live = graph.reachable_from(graph.outputs().iter().map(|output| output.node));
        let mut resolved = Resolved {
            live,
            sights: Vec::with_capacity(graph.len()),
            windowed: BTreeMap::new(),
            distances: BTreeMap::new(),
            parts: vec![false; graph.len()],
        };
        for id in graph.ids() {
            let sight = resolved.live[id.index()].then(|| resolved.look(graph, id));
            resolved.sights.push(sight);
        }
        let found = windowed::find(graph, &resolved.live, |id| &resolved.sight(id).layout);
        for (id, windowed) in found {
            windowed.parts.iter().for_each(|part| resolved.parts[part.index()] = true);
            resolved.windowed.insert(id, windowed);
        }
        for (id, distances) in distances::find(graph, &resolved.live, |id| &resolved.sight(id).layout) {
            distances.parts.iter().for_each(|part| resolved.parts[part.index()] = true);
            resolved.distances.insert(id, distances);
        }
        resolved
    }

    /// The product whose terms a sum over windows adds, where it is computed with it.
    pub fn windowed(&self, id: NodeId) -> Option<&Windowed> {
        self.windowed.get(&id)
    }

    /// The distances that a node is, or is an extreme of.
    pub fn distances(&self, id: NodeId) -> Option<&Distances> {
        self.distances.get(&id)
    }

    /// What computing a node reads: its arguments, or those of the product or difference that is computed with it.
    pub fn arguments<'a>(&self, graph: &'a Graph, id: NodeId) -> &'a [NodeId] {
        let product = self.windowed.get(&id).map(|windowed| windowed.product);
        let reader = product.or_else(|| self.distances.get(&id).map(|distances| distances.difference));
        &graph.node(reader.unwrap_or(id)).arguments
    }

    /// What a live node looks at.
    pub fn sight(&self, id: NodeId) -> &Sight {
        self.sights[id.index()].as_ref().expect("only live nodes are looked at")
    }

    /// Whether outputs need the node.
    pub fn is_live(&self, id: NodeId) -> bool {
        self.live[id.index()]
    }

    /// Whether the node is live and has elements of its own: it is computed, supplied or constant.
    pub fn is_base(&self, id: NodeId) -> bool {
        !self.parts[id.index()] && self.sights[id.index()].as_ref().is_some_and(|sight| sight.base == id)
    }

    fn look(&self, graph: &Graph, id: NodeId) -> Sight {
        let node = graph.node(id);
        let through = |change: &dyn Fn(&Layout) -> Option<Layout>| {
            let argument = self.sight(node.arguments[0]);
            change(&argument.layout).map(|layout| Sight { base: argument.base, layout })
        };
        let shape = &node.ty.shape;
        let view = match node.op {
            Op::Broadcast(axes) => through(&|layout| Some(layout.broadcast(axes, shape))),
            Op::Reshape => through(&|layout| layout.reshape(shape)),
            Op::Transpose(axes) => through(&|layout| Some(layout.transpose(axes))),
            Op::Reverse(axis) => through(&|layout| Some(layout.reverse(axis.into()))),
            Op::Slice { axis, start, step } => {
                let count = shape[axis.into()];
                through(&|layout| Some(layout.slice(axis.into(), start as usize, step as usize, count)))
            }
            Op::Window { axis, steps } => {
                let axis = usize::from(axis);
                through(&|layout| Some(layout.window(axis, [shape[axis], shape[axis + 1]], steps)))
            }
            Op::BatchReduce(_) | Op::Custom(_) => through(&|layout| Some(layout.clone())),
            Op::Iota(axis) => Some(Sight { base: id, layout: positions(shape, axis.into()) }),
            _ => None,
        };
        view.unwrap_or_else(|| Sight { base: id, layout: Layout::contiguous(shape) })
    }
}

/// Whether the node is there before the program runs: an input or a constant.
pub fn is_leaf(graph: &Graph, id: NodeId) -> bool {
    matches!(graph.node(id).op, Op::Input(_) | Op::Scalar(_) | Op::Table(_) | Op::Iota(_))
}

/// The layout of positions along an axis on a buffer `0, 1, 2, …`.
fn positions(shape: &Shape, axis: usize) -> Layout {
    let mut layout = Layout::contiguous(shape);
    for (place, stride) in layout.strides.iter_mut().enumerate() {
        *stride = isize::from(place == axis);
    }
    layout
}
