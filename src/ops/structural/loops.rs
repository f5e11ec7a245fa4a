//! Loops and their results: evaluation step by step. Differentiation of a loop is the work of
//! `autodiff`, since all its results go together; how it is batched stands in the file beside.

use super::{Call, Cotangent, Dependence, Fault, Mask, Structural, definition, loops_batch};
use crate::ir::{ElementType, Ends, Graph, Loop, NodeId, Op, Table, TensorType};

/// A loop; its value is all its results one after another.
pub static LOOP: Structural = Structural {
    name: "loop",
    documentation: "Repeats a body; its results are the last states, the stacked outputs and the number of steps.",
    evaluate,
    reverse: no_reverse,
    forward: no_forward,
    batch: loops_batch::batch_loop,
    dependence: |_, _| Dependence::All,
};

/// One result of a loop.
pub static RESULT: Structural = Structural {
    name: "result",
    documentation: "One result of a loop.",
    evaluate: result,
    reverse: no_reverse,
    forward: no_forward,
    batch: loops_batch::batch_result,
    dependence: |_, _| Dependence::All,
};

fn no_reverse(_: &mut Graph, _: NodeId, _: usize, _: Cotangent) -> Option<Cotangent> {
    None
}

fn no_forward(_: &mut Graph, _: NodeId, _: &[Option<NodeId>], _: Mask) -> Option<NodeId> {
    None
}

fn evaluate(call: &Call) -> Result<Table, Fault> {
    let Op::Loop(index) = call.node.op else { return Err(Fault::Unbound) };
    let run = call.graph.loop_at(index);
    let mut states: Vec<Table> =
        call.arguments[run.first_state()..run.first_sequence()].iter().map(|table| (*table).clone()).collect();
    let mut stacked: Vec<Vec<u64>> =
        (run.states..run.steps_result()).map(|place| vec![0; run.result_type(place).shape.count()]).collect();
    let limit = match run.ends {
        Ends::AfterCount => (call.arguments[0].bits[0] as i64).clamp(0, run.trips as i64) as usize,
        _ => run.trips,
    };
    let goes_on = |states: &[Table]| run.ends != Ends::WhenFalse || states[0].bits[0] != 0;
    let mut done = 0;
    while done < limit && goes_on(&states) {
        let row = if run.backward { limit - 1 - done } else { done };
        let mut outputs = step(run, row, &states, call.arguments)?;
        for (all, output) in stacked.iter_mut().zip(outputs.split_off(run.states)) {
            let length = output.bits.len();
            all[row * length..(row + 1) * length].copy_from_slice(&output.bits);
        }
        states = outputs;
        done += 1;
    }
    if run.ends == Ends::WhenFalse && goes_on(&states) {
        return Err(Fault::TooManySteps { steps: run.trips });
    }
    let bits = states.into_iter().map(|state| state.bits).chain(stacked).chain([vec![done as u64]]);
    Ok(Table { ty: call.node.ty.clone(), bits: bits.collect::<Vec<_>>().concat() })
}

/// The outputs of the body at one row.
fn step(run: &Loop, row: usize, states: &[Table], arguments: &[&Table]) -> Result<Vec<Table>, Fault> {
    let mut inputs = vec![Table { ty: TensorType::scalar(ElementType::I64), bits: vec![row as u64] }];
    inputs.extend_from_slice(states);
    for (place, sequence) in arguments.iter().enumerate().take(run.first_invariant()).skip(run.first_sequence()) {
        let ty = run.body.inputs()[1 + place - run.first_state()].ty.clone();
        let length = ty.shape.count();
        inputs.push(Table { bits: sequence.bits[row * length..(row + 1) * length].to_vec(), ty });
    }
    inputs.extend(arguments[run.first_invariant()..].iter().map(|table| (*table).clone()));
    let outputs: Vec<NodeId> = run.body.outputs().iter().map(|output| output.node).collect();
    values(&run.body, &inputs, &outputs)
}

/// The values of some nodes of a graph.
fn values(graph: &Graph, inputs: &[Table], nodes: &[NodeId]) -> Result<Vec<Table>, Fault> {
    let needed = graph.reachable_from(nodes.iter().copied());
    let mut values: Vec<Option<Table>> = vec![None; graph.len()];
    for id in graph.ids().filter(|id| needed[id.index()]) {
        let node = graph.node(id);
        let arguments: Option<Vec<&Table>> = node.arguments.iter().map(|each| values[each.index()].as_ref()).collect();
        let call = Call { graph, node, inputs, arguments: &arguments.ok_or(Fault::Unbound)? };
        values[id.index()] = Some((definition(&node.op).evaluate)(&call)?);
    }
    nodes.iter().map(|node| values[node.index()].clone().ok_or(Fault::Unbound)).collect()
}

fn result(call: &Call) -> Result<Table, Fault> {
    let Op::Result(result) = call.node.op else { return Err(Fault::Unbound) };
    let run = call.graph.loop_of(call.node.arguments[0]).ok_or(Fault::Unbound)?;
    let start: usize = (0..result as usize).map(|place| run.result_type(place).shape.count()).sum();
    let bits = call.arguments[0].bits[start..start + call.node.ty.shape.count()].to_vec();
    Ok(Table { ty: call.node.ty.clone(), bits })
}
