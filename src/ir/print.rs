//! The printed form of a graph, stable enough to diff.

use super::custom::CustomRule;
use super::graph::{Graph, NodeId};
use super::op::{Op, Outside, Steps};
use super::replay::Replay;
use super::types::ElementType;
use std::fmt::Write;

/// One line per input, live node and output; the bodies of loops follow the nodes they belong to, indented.
pub fn print(graph: &Graph) -> String {
    let live = graph.reachable_from(graph.outputs().iter().map(|output| output.node));
    let mut out = String::new();
    for id in graph.ids().filter(|id| live[id.index()]) {
        let node = graph.node(id);
        let arguments: Vec<String> = node.arguments.iter().map(|argument| format!("%{}", argument.0)).collect();
        let separator = if arguments.is_empty() { "" } else { " " };
        let _ = writeln!(out, "%{} = {}{separator}{} : {}", id.0, operation(graph, id), arguments.join(", "), node.ty);
        let bodies = match (graph.loop_of(id), graph.replay_of(id)) {
            (Some(run), _) => vec![&run.body],
            (_, Some(replay)) => vec![&replay.forward.body, &replay.back.body],
            _ => vec![],
        };
        for line in bodies.into_iter().flat_map(|body| print(body).lines().map(str::to_string).collect::<Vec<_>>()) {
            let _ = writeln!(out, "    {line}");
        }
        if let Some(custom) = graph.custom_of(id) {
            for line in print(&custom.body).lines() {
                let _ = writeln!(out, "    {line}");
            }
        }
    }
    for output in graph.outputs() {
        let updates = output.updates.map_or(String::new(), |input| format!(" in place of input {input}"));
        let _ = writeln!(out, "output {} = %{}{updates}", output.name, output.node.0);
    }
    out
}

/// The name and payload of a node's operation.
pub fn operation(graph: &Graph, id: NodeId) -> String {
    let node = graph.node(id);
    match node.op {
        Op::Input(index) => format!("input {index} \"{}\"", graph.inputs()[index as usize].name),
        Op::Placeholder(index) => format!("placeholder {index}"),
        Op::Scalar(bits) => scalar(node.ty.element, bits),
        Op::Table(index) => table(graph, index),
        Op::Pointwise(definition) => definition.0.name.to_string(),
        Op::Broadcast(axes) => format!("broadcast{axes}"),
        Op::Reshape => "reshape".to_string(),
        Op::Transpose(axes) => format!("transpose{axes}"),
        Op::Slice { axis, start, step } => format!("slice(axis {axis}, start {start}, step {step})"),
        Op::Pad { axis, low, step } => format!("pad(axis {axis}, low {low}, step {step})"),
        Op::Window { axis, steps } => format!("window(axis {axis}, {})", places(steps)),
        Op::Unwindow { axis, steps } => format!("unwindow(axis {axis}, {})", places(steps)),
        Op::Concatenate(axis) => format!("concatenate(axis {axis})"),
        Op::Reverse(axis) => format!("reverse(axis {axis})"),
        Op::Iota(axis) => format!("iota(axis {axis})"),
        Op::Reduce(reduction, axes) => format!("reduce_{}{axes}", format!("{reduction:?}").to_lowercase()),
        Op::ArgReduce(extreme, axis) => format!("arg{}(axis {axis})", format!("{extreme:?}").to_lowercase()),
        Op::Contract { batch, contract } => format!("contract(batch {batch}, over {contract})"),
        Op::Gather { batch, outside } => format!("gather(batch {batch}{})", zero_outside(outside)),
        Op::LinearAlgebra(function) => super::linear_algebra::name(function),
        Op::Mix => "mix".to_string(),
        Op::Random(distribution) => format!("random_{}", format!("{distribution:?}").to_lowercase()),
        Op::BatchReduce(reduction) => format!("batch_{}", format!("{reduction:?}").to_lowercase()),
        Op::Loop(index) => {
            let run = graph.loop_at(index);
            let direction = if run.backward { ", backward" } else { "" };
            format!("loop {index} ({} trips, {} states{direction})", run.trips, run.states)
        }
        Op::Replay(index) => {
            let Replay { forward, back, slots, .. } = &**graph.replay_at(index);
            let direction = if back.backward { ", backward" } else { "" };
            let states = (forward.states, back.states);
            format!(
                "replay {index} ({} trips, {} and {} states, {slots} kept{direction})",
                back.trips, states.0, states.1
            )
        }
        Op::Result(result) => format!("result({result})"),
        Op::Custom(index) => match graph.custom_at(index).rule {
            CustomRule::Root => format!("custom {index} (root)"),
            CustomRule::Pullback { targets, .. } => format!("custom {index} (pullback to {targets})"),
        },
        Op::ScatterAdd { batch, outside } => format!("scatter_add(batch {batch}{})", zero_outside(outside)),
    }
}

fn places(Steps { start, outer, inner }: Steps) -> String {
    format!("start {start}, steps {outer} and {inner}")
}

fn zero_outside(outside: Outside) -> &'static str {
    match outside {
        Outside::Error => "",
        Outside::Zero => ", zero outside",
    }
}

fn table(graph: &Graph, index: u32) -> String {
    let table = graph.table(index);
    let shown: Vec<String> = table.bits.iter().take(8).map(|bits| scalar(table.ty.element, *bits)).collect();
    let more = if table.bits.len() > 8 { ", …" } else { "" };
    format!("table [{}{more}]", shown.join(", "))
}

fn scalar(element: ElementType, bits: u64) -> String {
    match element {
        ElementType::F64 => format!("{:?}", f64::from_bits(bits)),
        ElementType::F32 => format!("{:?}", f32::from_bits(bits as u32)),
        ElementType::I64 => format!("{}", bits as i64),
        ElementType::Bool => (bits != 0).to_string(),
    }
}
