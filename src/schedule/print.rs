//! The printed form of a schedule.

use super::{
    Body, BufferId, Extent, Kernel, LoopKernel, Operand, Place, ReplayKernel, ScalarBlock, ScalarOp, Schedule,
    StripKernel, StripOp, Target, View, work,
};
use crate::ir::Ends;
use crate::ir::Outside;
use std::fmt::Write;

/// Buffers, then kernels in order.
pub fn print(schedule: &Schedule) -> String {
    let mut out = String::new();
    let (bytes, required) = (schedule.workspace_bytes, schedule.required_bytes);
    let _ = writeln!(out, "workspace {bytes} bytes, {required} in use at once, work {}", work(schedule));
    for (index, buffer) in schedule.buffers.iter().enumerate() {
        let place = match &buffer.place {
            Place::Input(input) => format!("input {input} \"{}\"", schedule.inputs[*input as usize].name),
            Place::Output(output) => format!("output {output} \"{}\"", schedule.outputs[*output as usize].name),
            Place::Workspace(offset) => format!("workspace + {offset}"),
            Place::Constant(_) => "constant".to_string(),
        };
        let _ = writeln!(out, "b{index}: {}[{}] at {place}", buffer.element.name(), buffer.count);
    }
    for (index, kernel) in schedule.kernels.iter().enumerate() {
        let _ = write!(out, "kernel {index}: ");
        body(&mut out, kernel);
    }
    for (index, body) in schedule.bodies.iter().enumerate() {
        let _ = writeln!(out, "body {index}:");
        print(body).lines().for_each(|line| out.extend(["  ", line, "\n"]));
    }
    out
}

fn body(out: &mut String, kernel: &Kernel) {
    let _ = match &kernel.body {
        Body::Scalar(block) => return scalar(out, block),
        Body::Strip(strip) => return strips(out, strip),
        Body::Copy { from, to } => writeln!(out, "copy {} to {}", view(from), view(to)),
        Body::Add { from, to } => writeln!(out, "add {} to {}", view(from), view(to)),
        Body::Zero { to } => writeln!(out, "zero {}", buffer(*to)),
        Body::Contract { left, right, to, places } => {
            let turns: Vec<String> = places.loops.iter().map(|each| each.count.to_string()).collect();
            let loops = if turns.is_empty() { String::new() } else { format!(", {} times", turns.join(" × ")) };
            let way = if places.adds { "added" } else { "to" };
            writeln!(out, "contract {} × {} {way} {}{loops}", view(left), view(right), buffer(*to))
        }
        Body::Distances { left, right, to, wanted } => {
            let what = format!("{wanted:?}").to_lowercase();
            writeln!(out, "distances {} to {}, {what} to {}", view(left), view(right), buffer(*to))
        }
        Body::Gather { operand, indices, to, .. } => {
            writeln!(out, "gather {} at {} to {}", view(operand), buffer(*indices), buffer(*to))
        }
        Body::ScatterAdd { indices, updates, to, .. } => {
            writeln!(out, "scatter_add {} at {} to {}", buffer(*updates), buffer(*indices), buffer(*to))
        }
        Body::ArgReduce { extreme, from, to, outer, n, inner } => {
            writeln!(out, "arg{extreme:?} {} as [{outer}, {n}, {inner}] to {}", buffer(*from), buffer(*to))
        }
        Body::Loop(kernel) => return run_loop(out, kernel),
        Body::Replay(kernel) => return replay(out, kernel),
        Body::LinearAlgebra(kernel) => {
            let arguments: Vec<String> = kernel.arguments.iter().map(|argument| buffer(*argument)).collect();
            let function = crate::ir::linear_algebra::name(kernel.descriptor.function);
            writeln!(out, "{function} {} to {}", arguments.join(", "), buffer(kernel.to))
        }
    };
}

fn run_loop(out: &mut String, kernel: &LoopKernel) {
    let direction = if kernel.backward { " backward" } else { "" };
    let ends = match (kernel.ends, &kernel.count) {
        (Ends::AfterCount, Some(count)) => format!(", as many as {}", view(count)),
        (Ends::WhenFalse, _) => ", while the first state is true".to_string(),
        _ => String::new(),
    };
    let place = if kernel.inline { " in line" } else { "" };
    let _ = writeln!(out, "loop over body {}{place}, {} steps{direction}{ends}", kernel.body, kernel.trips);
    for state in &kernel.states {
        let wanted = if state.wanted { "" } else { " (not needed)" };
        let _ = writeln!(out, "  state {} to {}{wanted}", view(&state.first), buffer(state.last));
    }
    for rows in &kernel.sequences {
        let _ = writeln!(out, "  rows {}", view(rows));
    }
    for whole in &kernel.invariants {
        let _ = writeln!(out, "  whole {}", view(whole));
    }
    for (rows, zeroed) in kernel.stacked.iter().zip(&kernel.zeroed) {
        let rest = if *zeroed { ", zero where no step writes" } else { "" };
        let _ = writeln!(out, "  stacked to {}{rest}", buffer(*rows));
    }
    if let Some(steps) = kernel.steps {
        let _ = writeln!(out, "  steps to {}", buffer(steps));
    }
}

fn replay(out: &mut String, kernel: &ReplayKernel) {
    let [advance, record, back] = kernel.bodies();
    let direction = if kernel.descriptor.backward { "" } else { " backward" };
    let (trips, slots) = (kernel.descriptor.trips, kernel.descriptor.slots);
    let _ = writeln!(
        out,
        "replay by bodies {advance} and {record} for body {back}, {trips} steps{direction}, {slots} states kept"
    );
    for (state, kept) in kernel.states.iter().zip(&kernel.kept) {
        let _ = writeln!(out, "  state {} kept in {}", view(state), buffer(*kept));
    }
    for state in &kernel.back_states {
        let _ = writeln!(out, "  state {} to {}", view(&state.first), buffer(state.last));
    }
    for rows in kernel.sequences.iter().chain(&kernel.back_sequences) {
        let _ = writeln!(out, "  rows {}", view(rows));
    }
    for whole in kernel.invariants.iter().chain(&kernel.back_invariants) {
        let _ = writeln!(out, "  whole {}", view(whole));
    }
    for rows in &kernel.stacked {
        let _ = writeln!(out, "  stacked to {}", buffer(*rows));
    }
}

fn scalar(out: &mut String, block: &ScalarBlock) {
    let _ = writeln!(out, "scalar");
    for (place, instruction) in block.instructions.iter().enumerate() {
        let operation = match instruction.op {
            ScalarOp::Constant(bits) => format!("constant {bits:#x}"),
            ScalarOp::Load { buffer: id, position } => format!("load {}[{position}]", buffer(id)),
            ScalarOp::LoadAt { buffer: id, position, stride, limit, outside } => {
                let otherwise = if outside == Outside::Zero { " or 0" } else { "" };
                format!("load {}[{position} + {stride} * i], i < {limit}{otherwise}", buffer(id))
            }
            ScalarOp::Pointwise(definition) => definition.0.name.to_string(),
            other => format!("{other:?}").to_lowercase(),
        };
        let arguments: Vec<String> = instruction.arguments.iter().map(|value| format!("v{}", value.0)).collect();
        let _ = writeln!(out, "  v{place} = {operation} {} : {}", arguments.join(", "), instruction.element.name());
    }
    for store in &block.stores {
        let _ = writeln!(out, "  {}[{}] = v{}", buffer(store.buffer), store.position, store.value.0);
    }
}

fn strips(out: &mut String, strip: &StripKernel) {
    let scratch = strip.scratch.map_or(String::new(), |scratch| format!(", scratch {}", buffer(scratch)));
    let rows = strip.row.map_or(String::new(), |row| format!(" in rows of {row}, {} at once", strip.strip / row));
    let _ = writeln!(out, "strips over {}{rows}{scratch}", strip.count);
    for (place, instruction) in strip.instructions.iter().enumerate() {
        if let Some(chain) = strip.chains.iter().find(|chain| chain.start == place) {
            let _ = writeln!(out, "  chain of s{} to s{}", chain.start, chain.end - 1);
        }
        let operation = match &instruction.op {
            StripOp::Pointwise(definition) => definition.0.name.to_string(),
            StripOp::Expand(from) => format!("expand {}", view(from)),
            StripOp::Copy => "copy".to_string(),
            StripOp::Mix => "mix".to_string(),
            StripOp::Random(distribution) => format!("{distribution:?}").to_lowercase(),
            StripOp::FoldRows { reduction, .. } => format!("fold {reduction:?}").to_lowercase(),
            StripOp::SpreadRows => "spread".to_string(),
            StripOp::PickInRows(_) => "pick".to_string(),
            StripOp::PlaceInRows(_) => "place".to_string(),
            StripOp::Accumulate { reduction, outer, n, inner, .. } => {
                format!("accumulate {reduction:?} [{outer}, {n}, {inner}]").to_lowercase()
            }
        };
        let arguments: Vec<String> = instruction.arguments.iter().map(operand).collect();
        let target = match instruction.target {
            Target::Slot(slot) => format!("slot {slot}"),
            Target::Register => "register".to_string(),
            Target::Buffer(id) => buffer(id),
        };
        let element = instruction.element.name();
        let each = if instruction.extent == Extent::Rows { " of rows" } else { "" };
        let _ = writeln!(out, "  s{place} = {operation} {} : {element}{each} in {target}", arguments.join(", "));
    }
}

fn operand(operand: &Operand) -> String {
    match operand {
        Operand::Value(value) => format!("s{value}"),
        Operand::Direct { buffer: id, offset } => format!("{}[{offset}..]", buffer(*id)),
        Operand::Splat { buffer: id, position } => format!("all {}[{position}]", buffer(*id)),
    }
}

fn buffer(id: BufferId) -> String {
    format!("b{}", id.0)
}

fn view(view: &View) -> String {
    let layout = &view.layout;
    format!("{}[{} + {:?} by {:?}]", buffer(view.buffer), layout.offset, layout.sizes, layout.strides)
}
