//! Random numbers: words mixed into keys, and numbers drawn by keys. They have no derivative.

use super::{Batching, Call, Cotangent, Dependence, Fault, Mask, Structural};
use crate::ir::{Distribution, Graph, NodeId, Op, Table};
use crate::runtime::random::{draw_normal, draw_uniform, mix_words};

/// Two words mixed.
pub static MIX: Structural = Structural {
    name: "mix",
    documentation: "Two integers mixed into one, each bit of the result depending on all bits of both.",
    evaluate: mix,
    reverse: no_reverse,
    forward: no_forward,
    batch: |graph: &mut Graph, batching: &Batching| {
        let (first, second) = (batching.carry(graph, 0), batching.carry(graph, 1));
        graph.mix(first, second)
    },
    dependence: |_, _| Dependence::None,
};

/// Numbers drawn by keys.
pub static RANDOM: Structural = Structural {
    name: "random",
    documentation: "A random number for each integer key: the same for the same key on every machine.",
    evaluate: random,
    reverse: no_reverse,
    forward: no_forward,
    batch: |graph: &mut Graph, batching: &Batching| {
        graph.random(distribution(batching.node.op), batching.arguments[0], batching.node.ty.element)
    },
    dependence: |_, _| Dependence::None,
};

fn distribution(op: Op) -> Distribution {
    match op {
        Op::Random(distribution) => distribution,
        _ => unreachable!("only random numbers come here"),
    }
}

fn no_reverse(_: &mut Graph, _: NodeId, _: usize, _: Cotangent) -> Option<Cotangent> {
    None
}

fn no_forward(_: &mut Graph, _: NodeId, _: &[Option<NodeId>], _: Mask) -> Option<NodeId> {
    None
}

fn mix(call: &Call) -> Result<Table, Fault> {
    let words = call.arguments[0].bits.iter().zip(&call.arguments[1].bits);
    Ok(Table { ty: call.node.ty.clone(), bits: words.map(|(first, second)| mix_words(*first, *second)).collect() })
}

fn random(call: &Call) -> Result<Table, Fault> {
    let draw = match distribution(call.node.op) {
        Distribution::Uniform => draw_uniform,
        Distribution::Normal => draw_normal,
    };
    let element = call.node.ty.element;
    let bits = call.arguments[0].bits.iter().map(|key| element.word(draw(*key))).collect();
    Ok(Table { ty: call.node.ty.clone(), bits })
}
