//! Loops that are better none: of no trip, of one, or of few with tiny bodies.

use super::site::{Found, Site};
use crate::ir::rewrite::inline;
use crate::ir::{Ends, Graph, NodeId, Op};

/// The most nodes that a loop is written out to.
const NODES: usize = 64;

/// Writes a small loop out, unless there is another inside; whether it did.
pub(super) fn dissolve(graph: &mut Graph, site: &mut Site) -> bool {
    let counted = site.count().and_then(|count| graph.constant_value(count));
    let computing = site.body.ids().filter(|id| !site.body.node(*id).arguments.is_empty()).count();
    let never = counted.is_some_and(|count| count <= 0.0);
    let steps = match site.ends {
        Ends::AfterTrips => site.trips,
        Ends::AfterCount if never || site.trips == 0 => 0,
        _ => return false,
    };
    let has_loops = site.body.ids().any(|id| site.body.loop_of(id).is_some());
    if steps > 1 && (has_loops || steps * computing.max(1) > NODES) {
        return false;
    }
    let mut states: Vec<NodeId> = site.given[1..=site.states].to_vec();
    let mut stacked: Vec<Vec<NodeId>> = vec![Vec::new(); site.body.outputs().len() - site.states];
    for done in 0..steps {
        let row = if site.backward { steps - 1 - done } else { done };
        let mut inputs = vec![graph.integer(row as i64)];
        inputs.extend(&states);
        for sequence in &site.given[1 + site.states..1 + site.states + site.sequences] {
            let slice = graph.slice(*sequence, 0, row, 1, 1);
            let shape = Site::row(&graph.ty(*sequence).shape);
            inputs.push(graph.reshape(slice, &shape));
        }
        inputs.extend(&site.given[1 + site.states + site.sequences..]);
        states = inline(graph, &site.body, &inputs);
        for (rows, row) in stacked.iter_mut().zip(states.split_off(site.states)) {
            rows.push(row);
        }
    }
    if site.backward {
        stacked.iter_mut().for_each(|rows| rows.reverse());
    }
    for found in &mut site.results {
        *found = match *found {
            Found::State(state) => Found::Node(states[state]),
            Found::Steps => Found::Node(graph.integer(steps as i64)),
            Found::Stacked(place) => {
                let output = site.body.outputs()[site.states + place].node;
                let ty = site.body.ty(output).clone();
                let rows = &stacked[place];
                let node = if rows.is_empty() {
                    let zero = graph.intern(Op::Scalar(0), &[], crate::ir::TensorType::scalar(ty.element));
                    graph.splat(zero, &ty.shape.with_leading(site.trips))
                } else {
                    graph.stack(rows)
                };
                Found::Node(node)
            }
            other => other,
        };
    }
    true
}
