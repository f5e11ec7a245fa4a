//! The pointwise operations as one family: each rule follows from the operation's definition.

use super::{Batching, Call, Cotangent, Dependence, Fault, Mask, Structural, guarded_product};
use crate::ir::{Differential, ElementType, Graph, Meaning, NodeId, Op, Partial, Pointwise, PointwiseRef, Table};
use crate::ops::arithmetic::{ADD, NEGATE, ROUTED_MULTIPLY, selects};
use crate::ops::choice::{SELECT, conversion};

/// The pointwise operations.
pub static POINTWISE: Structural = Structural {
    name: "pointwise",
    documentation: "The same function of numbers at every element of arguments of equal shapes.",
    evaluate,
    reverse,
    forward,
    batch,
    dependence: |_, node| match definition(node.op).differential {
        Differential::Zero => Dependence::None,
        Differential::Select => Dependence::Chosen,
        _ => Dependence::Elementwise,
    },
};

fn definition(op: Op) -> &'static Pointwise {
    match op {
        Op::Pointwise(PointwiseRef(definition)) => definition,
        _ => unreachable!("the family is reached through pointwise nodes only"),
    }
}

fn evaluate(call: &Call) -> Result<Table, Fault> {
    let meaning = &definition(call.node.op).meaning;
    let element = call.arguments[0].ty.element;
    let count = call.node.ty.shape.count();
    let bits = (0..count).map(|at| {
        let word = |argument: usize| call.arguments[argument].bits[at];
        scalar(meaning, element, word)
    });
    Ok(Table { ty: call.node.ty.clone(), bits: bits.collect::<Result<_, _>>()? })
}

/// The meaning at one element; `word` gives the arguments' words.
fn scalar(meaning: &Meaning, element: ElementType, word: impl Fn(usize) -> u64) -> Result<u64, Fault> {
    let double = |argument| f64::from_bits(word(argument));
    let single = |argument| f32::from_bits(word(argument) as u32);
    let integer = |argument| word(argument) as i64;
    let of_single = |value: f32| u64::from(value.to_bits());
    Ok(match meaning {
        Meaning::Unary { f64, f32, integer: whole, .. } => match element {
            ElementType::F64 => f64(double(0)).to_bits(),
            ElementType::F32 => of_single(f32(single(0))),
            _ => whole.and_then(|whole| whole(integer(0))).ok_or(Fault::Overflow)? as u64,
        },
        Meaning::Binary { f64, f32, integer: whole, .. } => match element {
            ElementType::F64 => f64(double(0), double(1)).to_bits(),
            ElementType::F32 => of_single(f32(single(0), single(1))),
            _ => {
                // Only divisions are undefined where the second argument is zero.
                let fault = if integer(1) == 0 { Fault::DivisionByZero } else { Fault::Overflow };
                whole.and_then(|whole| whole(integer(0), integer(1))).ok_or(fault)? as u64
            }
        },
        Meaning::Comparison { f64, f32, i64, .. } => u64::from(match element {
            ElementType::F64 => f64(double(0), double(1)),
            ElementType::F32 => f32(single(0), single(1)),
            _ => i64(integer(0), integer(1)),
        }),
        Meaning::Not => u64::from(word(0) == 0),
        Meaning::Logic(logic) => u64::from(logic(word(0) != 0, word(1) != 0)),
        Meaning::Select => word(if word(0) != 0 { 1 } else { 2 }),
        Meaning::Convert(target) => convert(element, *target, word(0)),
    })
}

/// Between integers without a detour through reals, which hold 53 bits only.
fn convert(from: ElementType, to: ElementType, bits: u64) -> u64 {
    match (from, to) {
        (ElementType::I64 | ElementType::Bool, ElementType::I64) => bits,
        (ElementType::I64 | ElementType::Bool, ElementType::Bool) => u64::from(bits != 0),
        (ElementType::I64, ElementType::F32) => u64::from((bits as i64 as f32).to_bits()),
        _ => super::table::word(to, super::table::real(from, bits)),
    }
}

/// A cotangent times a partial derivative, with the care that both need.
fn product(graph: &mut Graph, cotangent: Cotangent, partial: NodeId, routes: bool) -> NodeId {
    if routes {
        graph.pointwise(&ROUTED_MULTIPLY, &[partial, cotangent.node])
    } else {
        guarded_product(graph, cotangent.mask, cotangent.node, partial)
    }
}

/// The care that cotangents need behind an operation.
fn care_behind(definition: &'static Pointwise) -> Mask {
    if selects(definition) {
        Mask::Masked
    } else if definition.routes {
        Mask::Routed
    } else {
        Mask::None
    }
}

fn reverse(graph: &mut Graph, id: NodeId, argument: usize, cotangent: Cotangent) -> Option<Cotangent> {
    let node = graph.node(id).clone();
    let definition = definition(node.op);
    let target = graph.ty(node.arguments[argument]).element;
    if !target.is_real() {
        return None;
    }
    match definition.differential {
        Differential::Zero => None,
        Differential::Select => {
            let zero = graph.constant_like(cotangent.node, 0.0);
            let (yes, no) = if argument == 1 { (cotangent.node, zero) } else { (zero, cotangent.node) };
            let chosen = graph.pointwise(&SELECT, &[node.arguments[0], yes, no]);
            Some(Cotangent { node: chosen, mask: Mask::Masked })
        }
        Differential::Convert => cotangent.with(graph.pointwise(conversion(target), &[cotangent.node])),
        Differential::Partials(partials) => {
            let mask = cotangent.mask.max(care_behind(definition));
            let flow = match partials(graph, &node.arguments, id)[argument] {
                Partial::Zero => return None,
                Partial::One => cotangent.node,
                Partial::MinusOne => graph.pointwise(&NEGATE, &[cotangent.node]),
                Partial::Value(partial) => product(graph, cotangent, partial, definition.routes),
            };
            Some(Cotangent { node: flow, mask })
        }
    }
}

fn forward(graph: &mut Graph, id: NodeId, tangents: &[Option<NodeId>], mask: Mask) -> Option<NodeId> {
    let node = graph.node(id).clone();
    if !node.ty.element.is_real() || tangents.iter().all(Option::is_none) {
        return None;
    }
    let definition = definition(node.op);
    match definition.differential {
        Differential::Zero => None,
        Differential::Select => {
            let zero = graph.constant_like(id, 0.0);
            let (yes, no) = (tangents[1].unwrap_or(zero), tangents[2].unwrap_or(zero));
            Some(graph.pointwise(&SELECT, &[node.arguments[0], yes, no]))
        }
        Differential::Convert => tangents[0].map(|tangent| graph.pointwise(definition, &[tangent])),
        Differential::Partials(partials) => {
            let partials = partials(graph, &node.arguments, id);
            let mut sum = None;
            for (partial, tangent) in partials.into_iter().zip(tangents) {
                let Some(tangent) = *tangent else { continue };
                let term = match partial {
                    Partial::Zero => continue,
                    Partial::One => tangent,
                    Partial::MinusOne => graph.pointwise(&NEGATE, &[tangent]),
                    Partial::Value(partial) => {
                        product(graph, Cotangent { node: tangent, mask }, partial, definition.routes)
                    }
                };
                sum = Some(sum.map_or(term, |sum| graph.pointwise(&ADD, &[sum, term])));
            }
            sum
        }
    }
}

fn batch(graph: &mut Graph, batching: &Batching) -> NodeId {
    let arguments: Vec<NodeId> = (0..batching.arguments.len()).map(|at| batching.carry(graph, at)).collect();
    graph.pointwise(definition(batching.node.op), &arguments)
}
