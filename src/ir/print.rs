//! The printed form of a graph, stable enough to diff.

use super::graph::{Graph, NodeId};
use super::op::Op;
use super::types::ElementType;
use std::fmt::Write;

/// One line per input, live node and output.
pub fn print(graph: &Graph) -> String {
    let live = graph.reachable_from(graph.outputs().iter().map(|output| output.node));
    let mut out = String::new();
    for id in graph.ids().filter(|id| live[id.index()]) {
        let node = graph.node(id);
        let arguments: Vec<String> = node.arguments.iter().map(|argument| format!("%{}", argument.0)).collect();
        let separator = if arguments.is_empty() { "" } else { " " };
        let _ = writeln!(out, "%{} = {}{separator}{} : {}", id.0, operation(graph, id), arguments.join(", "), node.ty);
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
        Op::Concatenate(axis) => format!("concatenate(axis {axis})"),
        Op::Reverse(axis) => format!("reverse(axis {axis})"),
        Op::Iota(axis) => format!("iota(axis {axis})"),
        Op::Reduce(reduction, axes) => format!("reduce_{}{axes}", format!("{reduction:?}").to_lowercase()),
        Op::ArgReduce(extreme, axis) => format!("arg{}(axis {axis})", format!("{extreme:?}").to_lowercase()),
        Op::Contract { batch, contract } => format!("contract(batch {batch}, over {contract})"),
        Op::Gather { batch } => format!("gather(batch {batch})"),
        Op::ScatterAdd { batch } => format!("scatter_add(batch {batch})"),
        Op::LinearAlgebra(function) => super::linear_algebra::name(function),
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
