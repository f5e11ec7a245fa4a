//! Both modes of values with a derivative of their own.
//!
//! A root `x` of `f(x, p) = 0` changes with `p` by `-J^-1 df/dp`, the implicit function theorem: one linear solution and
//! one pass through the residual, whatever found the root. The pass is made in a graph of its own, where `x` is an input,
//! and then put on the node itself, so that its derivative follows the same rule.

use super::forward::push;
use super::reverse::pull;
use crate::ir::rewrite::inline;
use crate::ir::{Axes, Custom, CustomRule, Graph, LinearAlgebra, NodeId, Reduction, Shape};
use crate::ops::arithmetic::NEGATE;
use crate::ops::choice::SELECT;
use crate::ops::comparison::NOT_EQUAL;
use crate::ops::structural::{Cotangent, Mask, definition};

/// The cotangents of the arguments from that of the node.
pub(super) fn reverse(
    graph: &mut Graph,
    id: NodeId,
    cotangent: Cotangent,
    dependent: &[bool],
) -> Vec<(NodeId, Cotangent)> {
    let Some(custom) = graph.custom_of(id).cloned() else { return Vec::new() };
    let arguments = graph.node(id).arguments.to_vec();
    let invariants = &arguments[custom.first_invariant()..];
    let given: Vec<NodeId> = [id, cotangent.node].into_iter().chain(invariants.iter().copied()).collect();
    let mut flows = match custom.rule {
        CustomRule::Root => {
            let varied = varied(&custom, invariants, |argument| dependent[argument.index()]);
            let (back, masks) = root_back(&custom, &varied, cotangent.mask);
            let nodes = inline(graph, &back, &given);
            let targets = varied.into_iter().zip(masks).filter_map(|(place, mask)| Some((invariants[place], mask?)));
            let flow = |((target, mask), node)| (target, Cotangent { node, mask });
            targets.zip(nodes).map(flow).collect()
        }
        CustomRule::Pullback { targets, batch } => {
            let nodes = inline(graph, &custom.body, &given);
            let targets = arguments[1..=targets].iter().zip(nodes);
            let mut flow = |(target, node): (&NodeId, NodeId)| {
                let node =
                    if cotangent.mask == Mask::Masked { reached(graph, cotangent.node, batch, node) } else { node };
                (*target, Cotangent { node, mask: cotangent.mask })
            };
            targets.map(&mut flow).collect::<Vec<_>>()
        }
    };
    flows.retain(|(target, _)| dependent[target.index()]);
    flows
}

/// The tangent of the node from those of its arguments.
pub(super) fn forward(graph: &mut Graph, id: NodeId, tangents: &[Option<NodeId>], mask: Mask) -> Option<NodeId> {
    let custom = graph.custom_of(id).cloned()?;
    if let CustomRule::Pullback { .. } = custom.rule {
        return tangents[0];
    }
    let arguments = graph.node(id).arguments.to_vec();
    let varied = varied(&custom, &arguments[1..], |_| true);
    let varied: Vec<usize> = varied.into_iter().filter(|place| tangents[1 + place].is_some()).collect();
    let along = root_along(&custom, &varied, mask)?;
    let given = std::iter::once(id).chain(arguments[1..].iter().copied());
    let given: Vec<NodeId> = given.chain(varied.iter().filter_map(|place| tangents[1 + place])).collect();
    inline(graph, &along, &given).first().copied()
}

/// The places of the invariants that are real and vary.
fn varied(custom: &Custom, invariants: &[NodeId], varies: impl Fn(NodeId) -> bool) -> Vec<usize> {
    let inputs = &custom.body.inputs()[custom.first_invariant_input()..];
    let is_varied = |place: &usize| inputs[*place].ty.element.is_real() && varies(invariants[*place]);
    (0..invariants.len()).filter(is_varied).collect()
}

/// The body of a root on inputs of its own, and the solution `J^-1 f`.
struct Root {
    graph: Graph,
    value: NodeId,
    invariants: Vec<NodeId>,
    residual: NodeId,
    solution: NodeId,
    /// What the solution takes: the residual as a column.
    column: NodeId,
}

impl Root {
    /// The inputs are the value, a cotangent of it if there is one, and the invariants.
    fn of(custom: &Custom, cotangent: bool) -> (Root, Option<NodeId>) {
        let mut graph = Graph::new();
        let mut inputs = custom.body.inputs().iter();
        let mut next = |graph: &mut Graph, name: &str| {
            inputs.next().map(|input| graph.input(name, input.ty.clone())).unwrap_or(NodeId(0))
        };
        let value = next(&mut graph, "value");
        let ty = graph.ty(value).clone();
        let given = cotangent.then(|| graph.input("cotangent", ty.clone()));
        let invariants: Vec<NodeId> = (1..custom.body.inputs().len()).map(|_| next(&mut graph, "invariant")).collect();
        let inner: Vec<NodeId> = std::iter::once(value).chain(invariants.iter().copied()).collect();
        let outputs = inline(&mut graph, &custom.body, &inner);
        let residual = outputs[0];
        let column = column(&mut graph, residual);
        let solution = graph.linear_algebra(LinearAlgebra::Solve, &[outputs[1], column]);
        (Root { graph, value, invariants, residual, solution, column }, given)
    }
}

/// A vector of each matrix as a matrix of one column.
fn column(graph: &mut Graph, vector: NodeId) -> NodeId {
    let shape: Shape = graph.ty(vector).shape.sizes().iter().copied().chain([1]).collect();
    graph.reshape(vector, &shape)
}

/// The cotangents of the varied invariants, `-(J'^-1 c) df/dp`, and the care that each needs; `None` without a path.
fn root_back(custom: &Custom, varied: &[usize], mask: Mask) -> (Graph, Vec<Option<Mask>>) {
    let (root, cotangent) = Root::of(custom, true);
    let Root { mut graph, value, invariants, residual, solution, .. } = root;
    let given = column(&mut graph, cotangent.unwrap_or(value));
    let op = graph.node(solution).op;
    let seed = (definition(&op).reverse)(&mut graph, solution, 1, Cotangent { node: given, mask });
    let mut masks = vec![None; varied.len()];
    if let Some(seed) = seed {
        let shape = graph.ty(residual).shape.clone();
        let flat = graph.reshape(seed.node, &shape);
        let node = graph.pointwise(&NEGATE, &[flat]);
        let wrt: Vec<NodeId> = varied.iter().map(|place| invariants[*place]).collect();
        let pulled = pull(&mut graph, &[(residual, Cotangent { node, mask: seed.mask })], &wrt);
        for (flow, mask) in pulled.into_iter().zip(&mut masks) {
            if let Some(flow) = flow {
                graph.output("cotangent", flow.node);
                *mask = Some(flow.mask);
            }
        }
    }
    (graph, masks)
}

/// The tangent of the value, `-J^-1 df`, from those of the varied invariants, which are the last inputs.
fn root_along(custom: &Custom, varied: &[usize], mask: Mask) -> Option<Graph> {
    let (root, _) = Root::of(custom, false);
    let Root { mut graph, invariants, residual, solution, column: of_column, .. } = root;
    let wrt: Vec<NodeId> = varied.iter().map(|place| invariants[*place]).collect();
    let tangents: Vec<NodeId> = wrt
        .iter()
        .map(|node| {
            let ty = graph.ty(*node).clone();
            graph.input("tangent", ty)
        })
        .collect();
    let pushed = push(&mut graph, &[residual], &wrt, &tangents, mask).into_iter().next().flatten()?;
    let shape = graph.ty(of_column).shape.clone();
    let pushed = graph.reshape(pushed, &shape);
    let op = graph.node(solution).op;
    let along = (definition(&op).forward)(&mut graph, solution, &[None, Some(pushed)], mask)?;
    let shape = graph.ty(residual).shape.clone();
    let flat = graph.reshape(along, &shape);
    let tangent = graph.pointwise(&NEGATE, &[flat]);
    graph.output("tangent", tangent);
    Some(graph)
}

/// What came back of values that a cotangent reaches; zero of those of a branch not taken.
fn reached(graph: &mut Graph, cotangent: NodeId, batch: usize, node: NodeId) -> NodeId {
    let zero = graph.constant_like(cotangent, 0.0);
    let mut reached = graph.pointwise(&NOT_EQUAL, &[cotangent, zero]);
    let rank = graph.ty(cotangent).shape.rank();
    if rank > batch {
        reached = graph.reduce(Reduction::Max, reached, Axes::new(batch..rank));
    }
    let shape = graph.ty(node).shape.clone();
    let reached = graph.broadcast(reached, Axes::new(0..batch), &shape);
    let nothing = graph.constant_like(node, 0.0);
    graph.pointwise(&SELECT, &[reached, node, nothing])
}

/// Which nodes a tangent of the outputs may come through: not those that only found a root.
pub(super) fn reached_by_tangents(graph: &Graph, outputs: &[NodeId]) -> Vec<bool> {
    let mut reached = vec![false; graph.len()];
    for output in outputs {
        reached[output.index()] = true;
    }
    for id in graph.ids().rev() {
        if !reached[id.index()] {
            continue;
        }
        let is_root = graph.custom_of(id).is_some_and(|custom| custom.rule == CustomRule::Root);
        for argument in &graph.node(id).arguments[usize::from(is_root)..] {
            reached[argument.index()] = true;
        }
    }
    reached
}
