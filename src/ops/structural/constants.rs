//! Inputs, placeholders and constants: nodes without arguments.

use super::{Batching, Call, Cotangent, Dependence, Fault, Mask, Structural, table};
use crate::ir::{Graph, NodeId, Op, Table};

fn no_reverse(_: &mut Graph, _: NodeId, _: usize, _: Cotangent) -> Option<Cotangent> {
    None
}

fn no_forward(_: &mut Graph, _: NodeId, _: &[Option<NodeId>], _: Mask) -> Option<NodeId> {
    None
}

/// Nodes without arguments depend on no example and are never batched; the node repeated is what it would be.
fn repeat(graph: &mut Graph, batching: &Batching) -> NodeId {
    let node = graph.intern(batching.node.op, &[], batching.node.ty.clone());
    let shape = batching.shape();
    graph.broadcast(node, crate::ir::Axes::new(1..shape.rank()), &shape)
}

fn input(call: &Call) -> Result<Table, Fault> {
    let Op::Input(index) = call.node.op else { return Err(Fault::Unbound) };
    let value = call.inputs.get(index as usize).filter(|value| value.ty == call.node.ty);
    value.cloned().ok_or(Fault::Unbound)
}

fn placeholder(_: &Call) -> Result<Table, Fault> {
    Err(Fault::Unbound)
}

fn scalar(call: &Call) -> Result<Table, Fault> {
    let Op::Scalar(bits) = call.node.op else { return Err(Fault::Unbound) };
    Ok(Table { ty: call.node.ty.clone(), bits: vec![bits] })
}

fn constant_table(call: &Call) -> Result<Table, Fault> {
    let Op::Table(index) = call.node.op else { return Err(Fault::Unbound) };
    Ok(call.graph.table(index).clone())
}

fn iota(call: &Call) -> Result<Table, Fault> {
    let Op::Iota(axis) = call.node.op else { return Err(Fault::Unbound) };
    Ok(table::by_index(&call.node.ty, |index| index[axis as usize] as u64))
}

macro_rules! constants {
    ($($constant:ident $name:literal $evaluate:ident $documentation:literal;)*) => {$(
        #[doc = $documentation]
        pub static $constant: Structural = Structural {
            name: $name,
            documentation: $documentation,
            evaluate: $evaluate,
            reverse: no_reverse,
            forward: no_forward,
            batch: repeat,
            dependence: |_, _| Dependence::None,
        };
    )*};
}

constants! {
    INPUT "input" input "A value supplied at each call.";
    PLACEHOLDER "placeholder" placeholder "A variable that a transformation replaces.";
    SCALAR "scalar" scalar "A constant number.";
    TABLE "table" constant_table "A constant tensor.";
    IOTA "iota" iota "The position along an axis.";
}
