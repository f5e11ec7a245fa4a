//! Batching of loops: one loop over states of all examples.
//!
//! Where examples end after different numbers of steps, the loop goes on while any example does. An example that has
//! ended keeps its states by selection, and what could fail in its further steps (an index, an integer) is replaced by
//! what cannot.

use super::Batching;
use super::batch::batch;
use crate::ir::rewrite::{Rewriter, without_dead_code};
use crate::ir::{
    Axes, ElementType, Ends, Graph, Loop, Meaning, Node, NodeId, Op, PointwiseRef, Reduction, Shape, TensorType,
};
use crate::ops::arithmetic::ADD;
use crate::ops::choice::{SELECT, TO_I64};
use crate::ops::comparison::{AND, LESS};
use std::sync::Arc;

/// The loop for all examples. It has up to two states more: in front whether any example goes on, behind the others
/// how many steps each example has done.
pub(super) fn batch_loop(graph: &mut Graph, batching: &Batching) -> NodeId {
    let Some(run) = loop_of(graph, &batching.node).cloned() else { return batching.arguments[0] };
    let mut carried = vec![false];
    carried.extend(&batching.carried[run.first_state()..]);
    carry_states(&run, &mut carried);
    let own_ends = match run.ends {
        Ends::AfterTrips => false,
        Ends::AfterCount => batching.carried[0],
        Ends::WhenFalse => carried[1],
    };
    let mut given: Vec<NodeId> = Vec::new();
    for argument in run.first_state()..batching.arguments.len() {
        let node = if carried[argument + 1 - run.first_state()] {
            batching.carry(graph, argument)
        } else {
            batching.arguments[argument]
        };
        let is_sequence = (run.first_sequence()..run.first_invariant()).contains(&argument);
        given.push(if is_sequence && batching.carried[argument] { exchanged(graph, node) } else { node });
    }
    let count = (run.ends == Ends::AfterCount).then(|| batching.arguments[0]);
    if !own_ends {
        let body = batched_body(&run.body, &carried, run.states, batching.size);
        let given: Vec<NodeId> = count.into_iter().chain(given).collect();
        return graph.run_loop(Arc::new(Loop { body: Arc::new(body), ..(*run).clone() }), &given);
    }
    let body = with_own_end(&run);
    carried[1..=run.states].fill(true);
    carried.insert(1 + run.states, true);
    for state in (0..run.states).filter(|state| !batching.carried[run.first_state() + state]) {
        given[state] = batching.carry(graph, run.first_state() + state);
    }
    let none = graph.integer(0);
    let none = graph.splat(none, &Shape::new(&[batching.size]));
    given.insert(run.states, none);
    let mut states = run.states + 1;
    let given: Vec<NodeId> = match count {
        Some(count) => {
            carried.push(true);
            given.push(count);
            let most = graph.reduce(Reduction::Max, count, Axes::new([0]));
            std::iter::once(most).chain(given).collect()
        }
        None => {
            let any = graph.reduce(Reduction::Max, given[0], Axes::new([0]));
            std::iter::once(any).chain(given).collect()
        }
    };
    let mut body = batched_body(&body, &carried, states, batching.size);
    if run.ends == Ends::WhenFalse {
        body = with_any(&body);
        states += 1;
    }
    graph.run_loop(Arc::new(Loop { body: Arc::new(body), states, ..(*run).clone() }), &given)
}

/// One result of a loop, from the loop for all examples.
pub(super) fn batch_result(graph: &mut Graph, batching: &Batching) -> NodeId {
    let Op::Result(result) = batching.node.op else { return batching.arguments[0] };
    let (old, new) = (batching.node.arguments[0], batching.arguments[0]);
    let (Some(old), Some(run)) = (graph.loop_of(old).cloned(), graph.loop_of(new).cloned()) else { return new };
    let (result, more) = (result as usize, run.states - old.states);
    let front = usize::from(more == 2);
    let place = if result < old.states {
        front + result
    } else if result < old.steps_result() {
        run.states + result - old.states
    } else if more > 0 {
        front + old.states
    } else {
        run.steps_result()
    };
    let node = graph.result(new, place);
    let is_stacked = (old.states..old.steps_result()).contains(&result);
    if graph.ty(node).shape.rank() == batching.node.ty.shape.rank() {
        let shape = batching.shape();
        return graph.broadcast(node, Axes::new(1..shape.rank()), &shape);
    }
    if is_stacked { exchanged(graph, node) } else { node }
}

fn loop_of<'a>(graph: &'a Graph, node: &Node) -> Option<&'a Arc<Loop>> {
    match node.op {
        Op::Loop(index) => Some(graph.loop_at(index)),
        _ => None,
    }
}

/// The first two axes exchanged.
fn exchanged(graph: &mut Graph, node: NodeId) -> NodeId {
    let rank = graph.ty(node).shape.rank();
    graph.transpose(node, Axes::new([1, 0].into_iter().chain(2..rank)))
}

/// Marks the states that depend on the example, by the body's inputs.
fn carry_states(run: &Loop, carried: &mut [bool]) {
    let (inputs, outputs) = (run.body.input_nodes(), run.body.output_nodes());
    loop {
        let sources: Vec<NodeId> =
            inputs.iter().zip(carried.iter()).filter(|(_, carried)| **carried).map(|(node, _)| *node).collect();
        let dependent = run.body.dependent_on(&sources);
        let new = (0..run.states).find(|state| !carried[1 + state] && dependent[outputs[*state].index()]);
        match new {
            Some(state) => carried[1 + state] = true,
            None => return,
        }
    }
}

/// A body for all examples: inputs that are carried, and the next values of states that are, have an axis in front.
fn batched_body(body: &Graph, carried: &[bool], states: usize, size: usize) -> Graph {
    batched_graph(body, carried, &carried[1..=states], size)
}

/// A graph for all examples: inputs that are carried, and outputs that depend on them or are to have it, have an axis in
/// front.
pub(super) fn batched_graph(body: &Graph, carried: &[bool], outputs_carried: &[bool], size: usize) -> Graph {
    let mut graph = Graph::new();
    let mut rewriter = Rewriter::new(body);
    let (mut variables, mut batched) = (Vec::new(), Vec::new());
    for ((input, node), carried) in body.inputs().iter().zip(body.input_nodes()).zip(carried) {
        if *carried {
            let ty = TensorType::new(input.ty.element, input.ty.shape.with_leading(size));
            batched.push(graph.input(input.name.clone(), ty));
            variables.push(graph.placeholder(input.ty.clone()));
            rewriter.set(node, variables[variables.len() - 1]);
        } else {
            rewriter.set(node, graph.input(input.name.clone(), input.ty.clone()));
        }
    }
    let roots = rewriter.copy_all(&mut graph, &body.output_nodes());
    let outputs = batch(&mut graph, &roots, &variables, &batched, size);
    for (place, (output, (node, is_batched))) in body.outputs().iter().zip(outputs).enumerate() {
        let node = if outputs_carried.get(place) == Some(&true) && !is_batched {
            let shape = graph.ty(node).shape.with_leading(size);
            graph.broadcast(node, Axes::new(1..shape.rank()), &shape)
        } else {
            node
        };
        graph.output(output.name.clone(), node);
    }
    without_dead_code(&graph)
}

/// The body with one more state in front: whether the first state of any example is true.
fn with_any(body: &Graph) -> Graph {
    let mut graph = Graph::new();
    let mut rewriter = Rewriter::new(body);
    for (place, (input, node)) in body.inputs().iter().zip(body.input_nodes()).enumerate() {
        if place == 1 {
            graph.input("any goes on", TensorType::scalar(ElementType::Bool));
        }
        rewriter.set(node, graph.input(input.name.clone(), input.ty.clone()));
    }
    let outputs = rewriter.copy_all(&mut graph, &body.output_nodes());
    let any = graph.reduce(Reduction::Max, outputs[0], Axes::new([0]));
    graph.output("any goes on", any);
    for (output, node) in body.outputs().iter().zip(outputs) {
        graph.output(output.name.clone(), node);
    }
    graph
}

/// The body with an end of its own: once it is reached, steps change nothing and cannot fail. One more state behind
/// the others counts the steps; the count, where there is one, becomes the last invariant.
fn with_own_end(run: &Loop) -> Graph {
    let mut graph = Graph::new();
    let integer = TensorType::scalar(ElementType::I64);
    let mut inputs = Vec::new();
    let mut steps = None;
    for (place, input) in run.body.inputs().iter().enumerate() {
        if place == 1 + run.states {
            steps = Some(graph.input("steps", integer.clone()));
        }
        inputs.push(graph.input(input.name.clone(), input.ty.clone()));
    }
    let steps = steps.unwrap_or_else(|| graph.input("steps", integer.clone()));
    let goes_on = if run.ends == Ends::WhenFalse {
        inputs[1]
    } else {
        let count = graph.input("count", integer);
        graph.pointwise(&LESS, &[inputs[0], count])
    };
    let outputs = safe(&mut graph, &run.body, &inputs, goes_on);
    for (state, node) in outputs[..run.states].iter().enumerate() {
        let next = either(&mut graph, goes_on, *node, inputs[1 + state]);
        graph.output("state", next);
    }
    let one = graph.pointwise(&TO_I64, &[goes_on]);
    let steps = graph.pointwise(&ADD, &[steps, one]);
    graph.output("steps", steps);
    for node in &outputs[run.states..] {
        let row = or_number(&mut graph, goes_on, *node, 0.0);
        graph.output("row", row);
    }
    graph
}

/// One tensor or the other, by a scalar truth value.
fn either(graph: &mut Graph, condition: NodeId, yes: NodeId, no: NodeId) -> NodeId {
    let shape = graph.ty(yes).shape.clone();
    let condition = graph.splat(condition, &shape);
    graph.pointwise(&SELECT, &[condition, yes, no])
}

fn or_number(graph: &mut Graph, condition: NodeId, node: NodeId, number: f64) -> NodeId {
    let other = graph.constant_like(node, number);
    either(graph, condition, node, other)
}

/// The outputs of a body, inlined so that nothing can fail where the condition is false.
fn safe(graph: &mut Graph, body: &Graph, inputs: &[NodeId], condition: NodeId) -> Vec<NodeId> {
    let mut rewriter = Rewriter::new(body);
    for (node, input) in body.input_nodes().into_iter().zip(inputs) {
        rewriter.set(node, *input);
    }
    let outputs = body.output_nodes();
    let needed = body.reachable_from(outputs.iter().copied());
    for id in body.ids().filter(|id| needed[id.index()]) {
        if rewriter.get(id).is_some() {
            continue;
        }
        let node = body.node(id);
        let unsafe_arguments = can_fail(body, id);
        if unsafe_arguments.is_empty() && loop_of(body, node).is_none() {
            rewriter.copy(graph, id);
            continue;
        }
        let before = std::mem::replace(&mut graph.current_span, body.span(id));
        let mut arguments = rewriter.arguments(id);
        let made = if let Some(run) = loop_of(body, node) {
            safe_loop(graph, run, arguments.to_vec(), condition)
        } else {
            for (argument, harmless) in unsafe_arguments {
                arguments[argument] = or_number(graph, condition, arguments[argument], harmless);
            }
            graph.intern(node.op, &arguments, node.ty.clone())
        };
        graph.current_span = before;
        rewriter.set(id, made);
    }
    outputs.iter().filter_map(|output| rewriter.get(*output)).collect()
}

/// A loop inside: it gets the condition as a further invariant.
fn safe_loop(graph: &mut Graph, run: &Loop, mut arguments: Vec<NodeId>, condition: NodeId) -> NodeId {
    let mut body = Graph::new();
    let inputs: Vec<NodeId> =
        run.body.inputs().iter().map(|input| body.input(input.name.clone(), input.ty.clone())).collect();
    let inner = body.input("goes on", TensorType::scalar(ElementType::Bool));
    for node in safe(&mut body, &run.body, &inputs, inner) {
        body.output("output", node);
    }
    if run.ends == Ends::WhenFalse {
        arguments[0] = graph.pointwise(&AND, &[arguments[0], condition]);
    }
    arguments.push(condition);
    graph.run_loop(Arc::new(Loop { body: Arc::new(body), ..run.clone() }), &arguments)
}

/// The arguments by which a node can fail, and a number for each with which it cannot.
fn can_fail(graph: &Graph, id: NodeId) -> Vec<(usize, f64)> {
    let node = graph.node(id);
    let integer = node.ty.element == ElementType::I64;
    match node.op {
        Op::Gather { .. } => vec![(1, 0.0)],
        Op::ScatterAdd { .. } => vec![(0, 0.0)],
        Op::Reduce(Reduction::Sum | Reduction::Product, _) if integer => vec![(0, 1.0)],
        Op::Pointwise(PointwiseRef(definition)) if integer => match definition.meaning {
            Meaning::Unary { .. } => vec![(0, 1.0)],
            Meaning::Binary { .. } => vec![(0, 1.0), (1, 1.0)],
            _ => vec![],
        },
        _ => vec![],
    }
}
