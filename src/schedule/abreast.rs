//! Calls of one function that do not wait for one another are brought together, so that one call can compute them all.

use super::explode::can_fail;
use super::{ScalarBlock, ScalarInstruction, ScalarOp, Store, ValueId};
use crate::ir::{ElementType, Meaning, Pointwise, PointwiseRef};
use crate::runtime::kernel::LANES;
use std::collections::BTreeMap;

/// Calls are not moved further than this: values that wait for long lie in memory.
const WINDOW: usize = 512;

/// The function of an instruction of which a few calls at once cost hardly more than one.
pub fn function(instruction: &ScalarInstruction) -> Option<&'static Pointwise> {
    let ScalarOp::Pointwise(PointwiseRef(definition)) = instruction.op else { return None };
    match &definition.meaning {
        Meaning::Unary { kernel, .. } if kernel.is_abreast() && instruction.element.is_real() => Some(definition),
        _ => None,
    }
}

/// How many instructions from this one on are calls of one function that do not wait for one another.
pub fn calls_at(block: &ScalarBlock, place: usize) -> usize {
    let first = &block.instructions[place];
    let Some(called) = function(first) else { return 1 };
    let joins = |instruction: &&ScalarInstruction| {
        function(instruction).is_some_and(|each| std::ptr::eq(each, called))
            && instruction.element == first.element
            && instruction.arguments.iter().all(|argument| argument.index() < place)
    };
    block.instructions[place..].iter().take(LANES).take_while(joins).count()
}

/// The block with such calls side by side.
///
/// A window is cut in stages, one for each set of calls: what they wait for, then the calls. All else comes last. What can
/// fail stays in order, since the first failure is reported.
pub fn arrange(block: ScalarBlock) -> ScalarBlock {
    let count = block.instructions.len();
    let mut order = Vec::with_capacity(count);
    for start in (0..count).step_by(WINDOW) {
        order.extend(window(&block.instructions, start, count.min(start + WINDOW)));
    }
    in_order(block, &order)
}

/// A window's places in their new order.
fn window(instructions: &[ScalarInstruction], start: usize, end: usize) -> Vec<usize> {
    let sets = sets(instructions, start, end);
    let mut stages: Vec<(usize, bool)> = vec![(sets.len(), false); end - start];
    for (stage, set) in sets.iter().enumerate() {
        set.iter().for_each(|place| stages[place - start] = (stage, true));
    }
    let mut failing = sets.len();
    for place in (start..end).rev() {
        let instruction = &instructions[place];
        if can_fail(instruction) {
            failing = failing.min(stages[place - start].0);
            stages[place - start].0 = failing;
        }
        let stage = stages[place - start].0;
        for argument in instruction.arguments.iter().filter(|argument| argument.index() >= start) {
            let own = &mut stages[argument.index() - start];
            own.0 = own.0.min(stage);
        }
    }
    let mut order: Vec<usize> = (start..end).collect();
    order.sort_by_key(|place| stages[place - start]);
    order
}

/// The calls that can be made together. Those of one set wait for equally many others, so that none waits for another.
fn sets(instructions: &[ScalarInstruction], start: usize, end: usize) -> Vec<Vec<usize>> {
    let mut waits = vec![0u32; end - start];
    let mut after_failing = 0;
    let mut found: BTreeMap<(u32, usize, ElementType), Vec<usize>> = BTreeMap::new();
    let mut firsts: Vec<&'static Pointwise> = Vec::new();
    for place in start..end {
        let instruction = &instructions[place];
        let own = instruction.arguments.iter().filter(|argument| argument.index() >= start);
        let mut wait = own.map(|argument| waits[argument.index() - start]).max().unwrap_or(0);
        if can_fail(instruction) {
            after_failing = wait.max(after_failing);
            wait = after_failing;
        }
        waits[place - start] = wait;
        if let Some(called) = function(instruction) {
            let known = firsts.iter().position(|each| std::ptr::eq(*each, called));
            let number = known.unwrap_or_else(|| {
                firsts.push(called);
                firsts.len() - 1
            });
            found.entry((wait, number, instruction.element)).or_default().push(place);
            waits[place - start] = wait + 1;
        }
    }
    let sets = found.into_values().flat_map(|calls| calls.chunks(LANES).map(<[usize]>::to_vec).collect::<Vec<_>>());
    sets.filter(|calls| calls.len() > 1).collect()
}

/// The block with its instructions in another order, arguments still before users.
fn in_order(block: ScalarBlock, order: &[usize]) -> ScalarBlock {
    let mut new = vec![ValueId(0); order.len()];
    for (place, old) in order.iter().enumerate() {
        new[*old] = ValueId(place as u32);
    }
    let moved = order.iter().map(|old| {
        let mut instruction = block.instructions[*old].clone();
        instruction.arguments.iter_mut().for_each(|argument| *argument = new[argument.index()]);
        instruction
    });
    let instructions = moved.collect();
    let stores = block.stores.iter().map(|store| Store { value: new[store.value.index()], ..*store }).collect();
    ScalarBlock { instructions, stores }
}
