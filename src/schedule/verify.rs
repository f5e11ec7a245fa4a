//! The rules of a well-formed schedule. A violation is our bug, never the user's.
//!
//! 1. Instructions use values of earlier instructions.
//! 2. What a kernel reads is an input, a constant, or was written by an earlier kernel (in strips: or instruction).
//! 3. Every access lies within its buffer.
//! 4. Workspace buffers lie within the workspace; two whose lifetimes overlap do not overlap in memory, unless one
//!    strip kernel reads the one, for the last time, no later than it writes the other.
//! 5. A loop fits its body, and a replay its three, whose schedules are well formed.
//! 6. Every output is written, unless it updates an input and keeps its value; a replaced input is not read after.

use super::memory::lifetimes;
use super::{
    Body, Buffer, BufferId, ContractLoop, Layout, LoopKernel, Operand, Place, ReplayKernel, Schedule, StripInstruction,
    StripKernel, StripOp, Target, View,
};
use crate::runtime::matmul::distances::Wanted;

/// Checks every rule.
///
/// # Errors
/// What is wrong with the first thing that is.
pub fn verify(schedule: &Schedule) -> Result<(), String> {
    for (index, kernel) in schedule.kernels.iter().enumerate() {
        check_body(schedule, &kernel.body).map_err(|rule| format!("kernel {index}: {rule}"))?;
    }
    check_order(schedule)?;
    check_memory(schedule)?;
    check_outputs(schedule)
}

fn within(schedule: &Schedule, id: BufferId, position: usize, count: usize) -> Result<(), String> {
    let buffer = schedule.buffer(id);
    if position + count <= buffer.count { Ok(()) } else { Err(format!("outside b{}", id.0)) }
}

fn check_view(schedule: &Schedule, view: &View) -> Result<(), String> {
    match view.layout.bounds() {
        Some((least, _)) if least < 0 => Err(format!("before b{}", view.buffer.0)),
        Some((_, greatest)) => within(schedule, view.buffer, greatest as usize, 1),
        None => Ok(()),
    }
}

fn check_body(schedule: &Schedule, body: &Body) -> Result<(), String> {
    match body {
        Body::Scalar(block) => {
            for (place, instruction) in block.instructions.iter().enumerate() {
                if instruction.arguments.iter().any(|argument| argument.index() >= place) {
                    return Err(format!("v{place} comes before its argument"));
                }
                match instruction.op {
                    super::ScalarOp::Load { buffer, position } => within(schedule, buffer, position, 1)?,
                    super::ScalarOp::LoadAt { buffer, position, stride, limit, .. } => {
                        let last = position + stride * (limit as isize - 1);
                        if limit > 0 && (position < 0 || last < 0) {
                            return Err(format!("before b{}", buffer.0));
                        }
                        if limit > 0 {
                            within(schedule, buffer, position.max(last) as usize, 1)?;
                        }
                    }
                    _ => {}
                }
            }
            block.stores.iter().try_for_each(|store| within(schedule, store.buffer, store.position, 1))
        }
        Body::Strip(strip) => {
            for (place, instruction) in strip.instructions.iter().enumerate() {
                for (argument, operand) in instruction.arguments.iter().enumerate() {
                    match operand {
                        Operand::Value(value) if *value >= place => return Err(format!("s{place} is early")),
                        Operand::Value(_) => {}
                        Operand::Direct { buffer, offset } => {
                            let elements = strip.elements(instruction.operand_extent(argument));
                            within(schedule, *buffer, *offset, elements)?;
                        }
                        Operand::Splat { buffer, position } => within(schedule, *buffer, *position, 1)?,
                    }
                }
                match &instruction.op {
                    StripOp::Expand(view) => check_view(schedule, view)?,
                    StripOp::FoldRows { state, .. } => {
                        if let (Some(scratch), bytes) = (strip.scratch, strip.row_fold_bytes(instruction)) {
                            within(schedule, scratch, *state, bytes)?;
                        }
                    }
                    _ => {}
                }
                match (instruction.target, &instruction.op) {
                    (Target::Buffer(buffer), StripOp::Accumulate { outer, inner, .. }) => {
                        within(schedule, buffer, 0, outer * inner)?;
                    }
                    (Target::Buffer(buffer), _) => within(schedule, buffer, 0, strip.elements(instruction.extent))?,
                    (Target::Register, _) => check_register(strip, place)?,
                    (Target::Slot(slot), _) => {
                        let scratch = strip.scratch.ok_or("no scratch memory")?;
                        within(schedule, scratch, slot, strip.strip_bytes(instruction))?;
                    }
                }
            }
            Ok(())
        }
        Body::Copy { from, to } | Body::Add { from, to } => {
            check_view(schedule, from)?;
            check_view(schedule, to)?;
            if from.layout.sizes == to.layout.sizes { Ok(()) } else { Err("a copy between sizes".into()) }
        }
        Body::Contract { left, right, to, places } => {
            check_view(schedule, &ContractLoop::around(&places.loops, left, |each| each.left))?;
            check_view(schedule, &ContractLoop::around(&places.loops, right, |each| each.right))?;
            let (l, r) = (&left.layout.sizes, &right.layout.sizes);
            let layout = Layout {
                offset: places.start as isize,
                sizes: [l[0], l[1], r[1]].into_iter().collect(),
                strides: [places.batch as isize, places.row as isize, 1].into_iter().collect(),
            };
            let results = View { buffer: *to, layout };
            check_view(schedule, &ContractLoop::around(&places.loops, &results, |each| each.to))
        }
        Body::Distances { left, right, to, wanted } => {
            check_view(schedule, left)?;
            check_view(schedule, right)?;
            let (l, r) = (&left.layout.sizes, &right.layout.sizes);
            let each = if *wanted == Wanted::All { l[1] } else { 1 };
            within(schedule, *to, 0, l[0] * each * r[1])?;
            if l[0] == r[0] && l[2] == r[2] { Ok(()) } else { Err("distances between sizes".into()) }
        }
        Body::Gather { operand, .. } => check_view(schedule, operand),
        Body::LinearAlgebra(kernel) => within(schedule, kernel.memory, 0, kernel.descriptor.working_memory()),
        Body::Zero { .. } | Body::ScatterAdd { .. } | Body::ArgReduce { .. } => Ok(()),
        Body::Loop(kernel) => check_loop(schedule, kernel),
        Body::Replay(kernel) => check_replay(schedule, kernel),
    }
}

/// Whether all that reads a value in a register is in the value's chain.
fn check_register(strip: &StripKernel, place: usize) -> Result<(), String> {
    let chain = strip.chains.iter().find(|chain| chain.contains(&place));
    let chain = chain.ok_or_else(|| format!("s{place} is in a register outside of chains"))?;
    let reads = |instruction: &StripInstruction| instruction.arguments.contains(&Operand::Value(place));
    let outside = strip.instructions.iter().enumerate().find(|(user, each)| reads(each) && !chain.contains(user));
    outside.map_or(Ok(()), |(user, _)| Err(format!("s{user} reads the register of s{place}")))
}

fn check_loop(schedule: &Schedule, kernel: &LoopKernel) -> Result<(), String> {
    let body = schedule.bodies.get(kernel.body).ok_or("a loop without a body")?;
    verify(body)?;
    let (states, sequences) = (kernel.states.len(), kernel.sequences.len());
    let fits = body.inputs.len() == 1 + states + sequences + kernel.invariants.len()
        && body.outputs.len() == states + kernel.stacked.len()
        && schedule.buffer(kernel.workspace).count >= body.workspace_bytes
        && (kernel.inline || schedule.buffer(kernel.frame).count > body.inputs.len() + body.outputs.len());
    if !fits {
        return Err("a loop does not fit its body".into());
    }
    let count_of = |input: usize| body.inputs[input].ty.shape.count();
    let tight = super::in_memory(body);
    let is_tight = |input: usize| tight.iter().any(|id| body.buffer(*id).place == Place::Input(input as u32));
    let ordered = |layout: &Layout, input: usize| layout.is_contiguous() || (kernel.inline && !is_tight(input));
    let whole = |view: &View, input: usize| {
        check_view(schedule, view)?;
        let is_state = kernel.inline && (1..=states).contains(&input);
        let fits = (is_state || ordered(&view.layout, input)) && view.layout.count() == count_of(input);
        if fits { Ok(()) } else { Err(format!("input {input} of a body is not in order")) }
    };
    for (place, state) in kernel.states.iter().enumerate() {
        whole(&state.first, 1 + place)?;
        within(schedule, state.last, 0, count_of(1 + place))?;
        within(schedule, state.other, 0, count_of(1 + place))?;
    }
    for (place, view) in kernel.sequences.iter().enumerate() {
        check_view(schedule, view)?;
        let row = view.layout.axes(1..view.layout.sizes.len(), 0);
        let fits = ordered(&row, 1 + states + place) && row.count() == count_of(1 + states + place);
        if !fits || view.layout.sizes[0] != kernel.trips {
            return Err(format!("sequence {place} has other rows"));
        }
    }
    for (place, view) in kernel.invariants.iter().enumerate() {
        whole(view, 1 + states + sequences + place)?;
    }
    for (place, buffer) in kernel.stacked.iter().enumerate() {
        within(schedule, *buffer, 0, kernel.trips * body.outputs[states + place].ty.shape.count())?;
    }
    Ok(())
}

fn check_replay(schedule: &Schedule, kernel: &ReplayKernel) -> Result<(), String> {
    for body in kernel.bodies() {
        let body = schedule.bodies.get(body).ok_or("a replay without a body")?;
        verify(body)?;
        if schedule.buffer(kernel.workspace).count < body.workspace_bytes {
            return Err("a replay does not fit its bodies".into());
        }
    }
    let tables =
        [(kernel.table, kernel.descriptor.table_words()), (kernel.pointers, kernel.descriptor.pointer_words())];
    for (buffer, words) in tables {
        within(schedule, buffer, 0, words)?;
    }
    within(schedule, kernel.positions, 0, kernel.descriptor.slots)?;
    for view in kernel.views() {
        check_view(schedule, view)?;
        if !view.layout.is_contiguous() {
            return Err("what a replay reads is not in order".into());
        }
    }
    let bytes = |buffer: BufferId| schedule.buffer(buffer).bytes();
    let kept = kernel.kept.iter().zip(&kernel.descriptor.kept);
    let stacked = kernel.stacked.iter().zip(&kernel.descriptor.back_stacked);
    let fits = kept.clone().all(|(buffer, row)| bytes(*buffer) >= kernel.descriptor.slots * row)
        && stacked.clone().all(|(buffer, row)| bytes(*buffer) >= kernel.descriptor.trips * row);
    if fits { Ok(()) } else { Err("a replay writes outside its memory".into()) }
}

fn check_order(schedule: &Schedule) -> Result<(), String> {
    let mut written: Vec<bool> = schedule
        .buffers
        .iter()
        .map(|buffer| matches!(buffer.place, Place::Input(_) | Place::Constant(_)) || buffer.count == 0)
        .collect();
    let mut replaced: Vec<bool> = vec![false; schedule.inputs.len()];
    for (index, kernel) in schedule.kernels.iter().enumerate() {
        let mut early = None;
        kernel.body.each_access(&mut |id, writes| {
            if writes {
                written[id.index()] = true;
            } else {
                let gone = matches!(schedule.buffer(id).place, Place::Input(input) if replaced[input as usize]);
                if gone || !written[id.index()] {
                    early = Some(id);
                }
            }
        });
        if let Some(id) = early {
            return Err(format!("kernel {index} reads b{} before it is written or after it is replaced", id.0));
        }
        kernel.body.each_access(&mut |id, writes| {
            if let (true, Place::Output(output)) = (writes, &schedule.buffer(id).place)
                && let Some(input) = schedule.outputs[*output as usize].updates
            {
                replaced[input as usize] = true;
            }
        });
    }
    Ok(())
}

fn check_memory(schedule: &Schedule) -> Result<(), String> {
    let lifetimes = lifetimes(schedule.buffers.len(), &schedule.kernels);
    let mut placed: Vec<(usize, usize, BufferId)> = Vec::new();
    for (index, buffer) in schedule.buffers.iter().enumerate() {
        if let (Place::Workspace(offset), Some(_)) = (&buffer.place, lifetimes[index]) {
            if offset + buffer.bytes() > schedule.workspace_bytes || offset % buffer.element.bytes() != 0 {
                return Err(format!("b{index} is outside the workspace or not aligned"));
            }
            placed.push((*offset, offset + buffer.bytes(), BufferId(index as u32)));
        }
    }
    placed.sort();
    for (place, (_, end, id)) in placed.iter().enumerate() {
        for (start, _, other) in &placed[place + 1..] {
            if start >= end {
                break;
            }
            if let (Some(a), Some(b)) = (lifetimes[id.index()], lifetimes[other.index()])
                && !may_share(schedule, (*id, a), (*other, b))
            {
                return Err(format!("b{} and b{} overlap", id.0, other.0));
            }
        }
    }
    Ok(())
}

/// Whether two buffers at overlapping places are never needed at once.
fn may_share(schedule: &Schedule, a: (BufferId, (usize, usize)), b: (BufferId, (usize, usize))) -> bool {
    let ((first, (_, first_end)), (second, (second_start, _))) = if a.1 <= b.1 { (a, b) } else { (b, a) };
    let same_start = |x: &Buffer, y: &Buffer| x.place == y.place;
    match &schedule.kernels[second_start].body {
        _ if first_end < second_start => true,
        Body::Strip(strip) if first_end == second_start => {
            same_start(schedule.buffer(first), schedule.buffer(second)) && strip.reads_before_writing(first, second)
        }
        _ => false,
    }
}

fn check_outputs(schedule: &Schedule) -> Result<(), String> {
    let mut written = vec![false; schedule.outputs.len()];
    for kernel in &schedule.kernels {
        kernel.body.each_access(&mut |id, writes| {
            if let (true, Place::Output(output)) = (writes, &schedule.buffer(id).place) {
                written[*output as usize] = true;
            }
        });
    }
    let missing = schedule
        .outputs
        .iter()
        .zip(&written)
        .position(|(port, written)| !written && port.updates.is_none() && port.ty.shape.count() > 0);
    match missing {
        Some(output) => Err(format!("output {output} is not written")),
        None => Ok(()),
    }
}
