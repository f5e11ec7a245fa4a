//! Loops over many independent lanes, a number of each in every step, become loops over blocks of few lanes, each of which
//! goes through all steps before the next begins: the states of a block are in registers, and its calls are made together.
//! What a step sums over the lanes is summed for each block, and the blocks' sums after them.

use super::site::{Found, Site};
use crate::ir::{Axes, ElementType, Ends, Graph, Loop, NodeId, Op, Shape, TensorType};
use std::sync::Arc;

/// Lanes of a block, those that are tried first first; of long bodies there are fewer.
const BLOCKS: [usize; 5] = [8, 7, 6, 5, 4];
/// The most operations that the body of a block has in all.
const OPERATIONS: usize = 1024;
/// Shorter loops are not worth it.
const STEPS: usize = 8;

/// What a node of the body is.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    /// A number of each lane.
    Lane,
    /// One for all lanes.
    Common,
}

struct Lanes {
    count: usize,
    block: usize,
    kinds: Vec<Kind>,
}

/// Turns such a loop inside out; whether it did.
pub(super) fn interchange(graph: &mut Graph, site: &mut Site) -> bool {
    let Some(lanes) = Lanes::of(graph, site) else { return false };
    let blocks = lanes.count / lanes.block;
    let inputs = site.body.input_nodes();
    let is_sequence = |input: usize| (1 + site.states..1 + site.states + site.sequences).contains(&input);
    let mut body = Graph::new();
    body.current_span = graph.current_span;
    body.input("block", TensorType::scalar(ElementType::I64));
    let mut inner: Vec<Option<NodeId>> = vec![None; inputs.len()];
    let mut given = Vec::new();
    let mut sequences = 0;
    for kind in [Kind::Lane, Kind::Common] {
        for input in (1..inputs.len()).filter(|input| lanes.kinds[inputs[*input].index()] == kind) {
            let ty = lanes.narrowed(site.body.ty(inputs[input]), kind);
            let ty = if is_sequence(input) { with_leading(&ty, site.trips) } else { ty };
            inner[input] = Some(body.input("lanes", ty));
            given.push(lanes.blocks_of(graph, site.given[input], kind, is_sequence(input)));
        }
        sequences = if kind == Kind::Lane { given.len() } else { sequences };
    }
    let run = lanes.inner(site);
    let arguments: Vec<NodeId> = (1..inputs.len())
        .map(|input| {
            inner[input].unwrap_or_else(|| {
                let ty = TensorType::scalar(site.body.ty(inputs[input]).element);
                body.intern(Op::Scalar(0), &[], ty)
            })
        })
        .collect();
    let node = body.run_loop(Arc::new(run), &arguments);
    let wanted = |found: &&Found| matches!(found, Found::State(_) | Found::Stacked(_));
    let wanted: Vec<Found> = site.results.iter().filter(wanted).copied().collect();
    for found in &wanted {
        let result = body.result(node, result_of(site, *found));
        body.output("lanes", result);
    }
    let ends = Ends::AfterTrips;
    let outer = Loop { body: Arc::new(body), trips: blocks, states: 0, sequences, backward: false, ends };
    let outer = graph.run_loop(Arc::new(outer), &given);
    let outputs = site.body.output_nodes();
    let mut place = 0;
    for index in 0..site.results.len() {
        let found = site.results[index];
        if !matches!(found, Found::State(_) | Found::Stacked(_)) {
            continue;
        }
        let rows = graph.result(outer, place);
        place += 1;
        let kind = match found {
            Found::State(state) => lanes.kinds[inputs[1 + state].index()],
            _ => lanes.kinds[outputs[result_of(site, found)].index()],
        };
        let whole = lanes.whole(graph, rows, kind, matches!(found, Found::Stacked(_)));
        site.results[index] = Found::Node(whole);
    }
    true
}

fn result_of(site: &Site, found: Found) -> usize {
    match found {
        Found::State(state) => state,
        Found::Stacked(place) => site.states + place,
        _ => 0,
    }
}

fn with_leading(ty: &TensorType, size: usize) -> TensorType {
    TensorType::new(ty.element, ty.shape.with_leading(size))
}

impl Lanes {
    /// The lanes of a loop whose steps do nothing but numbers of each lane. Sums over lanes would be added in another order,
    /// and whether they are must not hang on what else a program asks for.
    fn of(graph: &Graph, site: &Site) -> Option<Self> {
        if site.ends != Ends::AfterTrips || site.trips < STEPS {
            return None;
        }
        let body = &site.body;
        let (inputs, outputs) = (body.input_nodes(), body.output_nodes());
        let count = inputs[1..=site.states].iter().find_map(|id| match body.ty(*id).shape.sizes() {
            [count] => Some(*count),
            _ => None,
        })?;
        let kinds = kinds(body, count)?;
        for state in 0..site.states {
            let (input, output) = (inputs[1 + state], outputs[state]);
            if kinds[input.index()] != kinds[output.index()] {
                return None;
            }
        }
        let stacked = &outputs[site.states..];
        let rows = inputs[1 + site.states..1 + site.states + site.sequences].iter();
        let bytes = |nodes: &mut dyn Iterator<Item = &NodeId>| nodes.map(|id| body.ty(*id).bytes()).sum::<usize>();
        let most = bytes(&mut rows.into_iter()) + bytes(&mut stacked.iter());
        if site.trips.saturating_mul(most) > graph.loop_budget() {
            return None;
        }
        let computing = body.ids().filter(|id| matches!(body.node(*id).op, Op::Pointwise(_))).count();
        let fits = |block: &usize| count > 8 && count.is_multiple_of(*block) && computing * block <= OPERATIONS;
        let block = BLOCKS.into_iter().find(fits)?;
        Some(Lanes { count, block, kinds })
    }

    /// The type of a node for a block.
    fn narrowed(&self, ty: &TensorType, kind: Kind) -> TensorType {
        match kind {
            Kind::Lane => TensorType::new(ty.element, Shape::new(&[self.block])),
            _ => ty.clone(),
        }
    }

    /// What is given for all lanes, a row for each block.
    fn blocks_of(&self, graph: &mut Graph, given: NodeId, kind: Kind, is_sequence: bool) -> NodeId {
        if kind != Kind::Lane {
            return given;
        }
        let blocks = self.count / self.block;
        if !is_sequence {
            return graph.reshape(given, &Shape::new(&[blocks, self.block]));
        }
        let trips = graph.ty(given).shape[0];
        let apart = graph.reshape(given, &Shape::new(&[trips, blocks, self.block]));
        graph.transpose(apart, Axes::new([1, 0, 2]))
    }

    /// A result for all lanes from those of the blocks.
    fn whole(&self, graph: &mut Graph, rows: NodeId, kind: Kind, is_stacked: bool) -> NodeId {
        match kind {
            Kind::Lane if is_stacked => {
                let trips = graph.ty(rows).shape[1];
                let turned = graph.transpose(rows, Axes::new([1, 0, 2]));
                graph.reshape(turned, &Shape::new(&[trips, self.count]))
            }
            Kind::Lane => graph.reshape(rows, &Shape::new(&[self.count])),
            Kind::Common => {
                let first = graph.slice(rows, 0, 0, 1, 1);
                let shape = Site::row(&graph.ty(rows).shape);
                graph.reshape(first, &shape)
            }
        }
    }

    /// The loop over the steps of one block.
    fn inner(&self, site: &Site) -> Loop {
        let mut target = Graph::new();
        let mut map: Vec<NodeId> = Vec::with_capacity(site.body.len());
        let declared: Vec<NodeId> = site
            .body
            .inputs()
            .iter()
            .zip(site.body.input_nodes())
            .map(|(input, node)| target.input(input.name.clone(), self.narrowed(&input.ty, self.kinds[node.index()])))
            .collect();
        for id in site.body.ids() {
            let node = site.body.node(id);
            target.current_span = site.body.span(id);
            let arguments: Vec<NodeId> = node.arguments.iter().map(|argument| map[argument.index()]).collect();
            map.push(match node.op {
                Op::Input(input) => declared[input as usize],
                op => target.intern(op, &arguments, self.narrowed(&node.ty, self.kinds[id.index()])),
            });
        }
        for output in site.body.outputs() {
            target.output(output.name.clone(), map[output.node.index()]);
        }
        let (trips, backward, ends) = (site.trips, site.backward, site.ends);
        Loop { body: Arc::new(target), trips, states: site.states, sequences: site.sequences, backward, ends }
    }
}

/// What the nodes of a body are, if they are nothing else.
fn kinds(body: &Graph, count: usize) -> Option<Vec<Kind>> {
    let mut kinds: Vec<Kind> = Vec::with_capacity(body.len());
    for id in body.ids() {
        let node = body.node(id);
        let given = |kind: Kind| node.arguments.iter().all(|argument| kinds[argument.index()] == kind);
        let kind = match (node.ty.shape.sizes(), node.op) {
            ([], Op::Input(_) | Op::Scalar(_)) => Kind::Common,
            ([size], Op::Input(_)) if *size == count => Kind::Lane,
            ([size], Op::Broadcast(_)) if *size == count && given(Kind::Common) => Kind::Lane,
            ([size], Op::Pointwise(_)) if *size == count && given(Kind::Lane) => Kind::Lane,
            ([], Op::Pointwise(_)) if given(Kind::Common) => Kind::Common,
            _ => return None,
        };
        // Whole numbers can fail, and the first failure is that of the first step.
        if kind == Kind::Lane && node.ty.element == ElementType::I64 {
            return None;
        }
        kinds.push(kind);
    }
    Some(kinds)
}
