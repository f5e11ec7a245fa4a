//! Sums over windows of products: the adjoint of a convolution by its input. The products are added right where they belong,
//! so that the windows, which hold every element several times, are never in memory.

use super::layout::Layout;
use super::looped;
use crate::ir::{Axes, Graph, NodeId, Op};

/// Results of fewer elements than this are left to scalar code.
const LEAST: usize = 64;

/// A contraction that is added into the places of windows.
#[derive(Clone, Debug)]
pub struct Windowed {
    /// The contraction.
    pub product: NodeId,
    /// Where its elements go in the sum; several may go to one place.
    pub layout: Layout,
    /// The contraction, and the sums and views between it and the last sum.
    pub parts: Vec<NodeId>,
}

/// The sums of this kind, none of which is part of another. Nothing else looks at their parts. `seen` is the layout under
/// which a node is read.
pub fn find<'a>(graph: &Graph, live: &[bool], seen: impl Fn(NodeId) -> &'a Layout) -> Vec<(NodeId, Windowed)> {
    let is_sum = |id: &NodeId| live[id.index()] && matches!(graph.node(*id).op, Op::Unwindow { .. });
    if !graph.ids().any(|id| is_sum(&id)) {
        return Vec::new();
    }
    let users = users(graph, live);
    let mut found: Vec<(NodeId, Windowed)> = Vec::new();
    for id in graph.ids().rev().filter(is_sum) {
        let is_part = found.iter().any(|(_, windowed)| windowed.parts.contains(&id));
        if !is_part && let Some(windowed) = follow(graph, &users, id) {
            let product = graph.node(windowed.product);
            let Op::Contract { batch, contract } = product.op else { continue };
            let [left, right] = [0, 1].map(|place| seen(product.arguments[place]));
            if looped::products(left, right, (batch.into(), contract.into()), &windowed.layout).is_some() {
                found.push((id, windowed));
            }
        }
    }
    found
}

/// How many live nodes and outputs look at each node.
pub(super) fn users(graph: &Graph, live: &[bool]) -> Vec<usize> {
    let mut users = vec![0; graph.len()];
    let of_nodes = graph.ids().filter(|id| live[id.index()]).flat_map(|id| &graph.node(id).arguments);
    of_nodes.chain(graph.outputs().iter().map(|output| &output.node)).for_each(|id| users[id.index()] += 1);
    users
}

/// From a sum back to a contraction that only it needs.
fn follow(graph: &Graph, users: &[usize], sum: NodeId) -> Option<Windowed> {
    let mut layout = Layout::contiguous(&graph.ty(sum).shape);
    let (mut id, mut parts) = (sum, Vec::new());
    loop {
        let node = graph.node(id);
        let argument = *node.arguments.first()?;
        let shape = &graph.ty(argument).shape;
        layout = match node.op {
            Op::Unwindow { axis, steps } => {
                let axis = usize::from(axis);
                layout.window(axis, [shape[axis], shape[axis + 1]], steps)
            }
            Op::Transpose(axes) => layout.transpose(Axes::new((0..axes.len()).filter_map(|axis| axes.position(axis)))),
            Op::Reshape => layout.reshape(shape)?,
            _ => return None,
        };
        if users[argument.index()] != 1 {
            return None;
        }
        parts.push(argument);
        id = argument;
        if matches!(graph.node(id).op, Op::Contract { .. }) {
            let fits = graph.ty(id).element.is_real() && shape.count() >= LEAST;
            return fits.then_some(Windowed { product: id, layout, parts });
        }
    }
}
