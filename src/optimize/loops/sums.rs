//! A state that only sums products of each step is one product after the loop, over all steps: the gradient of a matrix
//! that every step uses. The factors are stacked; the order of additions is another.

use super::products::{for_all_rows, multiplications, of_rows_only, reads_stored_rows};
use super::site::{Found, Site};
use crate::ir::{Axes, Graph, NodeId, Op};
use crate::ops::arithmetic::ADD;

/// Sums of smaller products stay in the loop: their state is in registers.
const FEW: usize = 1024;

/// What a state is after the loop: its first value and products.
pub(super) struct Sum {
    state: usize,
    first: NodeId,
    products: Vec<Product>,
}

struct Product {
    factors: [Factor; 2],
    batch: usize,
    contract: usize,
}

/// All rows of a factor: a node outside, or a stacked output (a place among the results) with its axes in another order.
enum Factor {
    Outside(NodeId),
    Stacked(usize, Option<Axes>),
}

/// Takes such sums out of the loop; what they need is stacked from now on.
pub(super) fn take(graph: &mut Graph, site: &mut Site) -> Vec<Sum> {
    if !site.certain() || !reads_stored_rows(graph, site) {
        return Vec::new();
    }
    let rows = of_rows_only(site);
    let mut stacked: usize = site.body.output_nodes()[site.states..].iter().map(|id| site.body.ty(*id).bytes()).sum();
    let budget = graph.loop_budget();
    let mut sums = Vec::new();
    for state in 0..site.states {
        if site.results[state] != Found::State(state) {
            continue;
        }
        let Some(products) = products(site, state) else { continue };
        let factors = products.iter().flat_map(|product| site.body.node(*product).arguments.to_vec());
        let new: usize =
            factors.filter(|id| !rows[id.index()]).map(|id| site.body.ty(untransposed(&site.body, id).0).bytes()).sum();
        if site.trips.saturating_mul(stacked + new) > budget || new > site.body.ty(products[0]).bytes() {
            continue;
        }
        stacked += new;
        let products = products.into_iter().map(|product| of_steps(graph, site, &rows, product)).collect();
        sums.push(Sum { state, first: site.given[1 + state], products });
        site.results[state] = Found::Unneeded;
    }
    sums
}

/// Adds the products up, after the loop was closed.
pub(super) fn settle(graph: &mut Graph, site: &mut Site, sums: Vec<Sum>) {
    for sum in sums {
        let mut total = sum.first;
        for Product { factors, batch, contract } in sum.products {
            let factors = factors.map(|factor| {
                let rows = match factor {
                    Factor::Outside(node) => node,
                    Factor::Stacked(result, order) => {
                        let Found::Node(rows) = site.results[result] else { unreachable!("the loop is closed") };
                        order.map_or(rows, |order| graph.transpose(rows, order))
                    }
                };
                steps_last(graph, rows, batch, contract)
            });
            let product = graph.contract(factors[0], factors[1], batch, contract + 1);
            total = graph.pointwise(&ADD, &[total, product]);
        }
        site.results[sum.state] = Found::Node(total);
    }
}

/// The leading axis moved to the front of those that are summed over.
fn steps_last(graph: &mut Graph, rows: NodeId, batch: usize, contract: usize) -> NodeId {
    let rank = graph.ty(rows).shape.rank();
    debug_assert!(batch + contract < rank);
    let free = rank - contract;
    graph.transpose(rows, Axes::new((1..free).chain([0]).chain(free..rank)))
}

/// The products that a step adds to a state, if it does nothing else with it.
fn products(site: &Site, state: usize) -> Option<Vec<NodeId>> {
    let body = &site.body;
    let (input, outputs) = (body.input_nodes()[1 + state], body.output_nodes());
    let needed = body.reachable_from(outputs.iter().copied());
    let uses = |id: NodeId| {
        let arguments =
            body.ids().filter(|user| needed[user.index()]).flat_map(|user| body.node(user).arguments.iter());
        arguments.filter(|argument| **argument == id).count() + outputs.iter().filter(|output| **output == id).count()
    };
    let (mut sum, mut found) = (outputs[state], Vec::new());
    while sum != input {
        if !body.pointwise_of(sum).is_some_and(|each| std::ptr::eq(each, &ADD)) || uses(sum) != 1 {
            return None;
        }
        let arguments = &body.node(sum).arguments;
        let products: Vec<NodeId> =
            arguments.iter().copied().filter(|argument| multiplications(body, *argument) >= FEW).collect();
        let [product] = products[..] else { return None };
        found.push(product);
        sum = if arguments[0] == product { arguments[1] } else { arguments[0] };
    }
    (uses(input) == 1 && !found.is_empty()).then_some(found)
}

/// The product over all steps.
fn of_steps(graph: &mut Graph, site: &mut Site, rows: &[bool], product: NodeId) -> Product {
    let node = site.body.node(product).clone();
    let Op::Contract { batch, contract } = node.op else { unreachable!("only products come here") };
    let factors = [0, 1].map(|place| {
        let id = node.arguments[place];
        if rows[id.index()] {
            return Factor::Outside(for_all_rows(graph, site, &[id])[0]);
        }
        let (source, order) = untransposed(&site.body, id);
        let place = site.body.outputs().len() - site.states;
        site.body.output("factor", source);
        site.results.push(Found::Stacked(place));
        let order = order.map(|order| Axes::new(std::iter::once(0).chain(order.iter().map(|axis| axis + 1))));
        Factor::Stacked(site.results.len() - 1, order)
    });
    Product { factors, batch: batch.into(), contract: contract.into() }
}

/// What a node only has the axes of in another order.
fn untransposed(body: &Graph, id: NodeId) -> (NodeId, Option<Axes>) {
    match body.node(id).op {
        Op::Transpose(order) => (body.node(id).arguments[0], Some(order)),
        _ => (id, None),
    }
}
