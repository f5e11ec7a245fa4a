//! What a kernel does, for whoever measures it: the programs of a schedule, arithmetic and memory of a kernel, its nodes and
//! what to call it.

use super::{Body, BufferId, Kernel, ScalarBlock, ScalarOp, Schedule, StripOp};
use crate::ir::NodeId;
use crate::runtime::matmul::distances::Wanted;
use std::collections::BTreeSet;

/// The most operations that the name of a kernel lists.
const LISTED: usize = 4;

/// A schedule and the bodies of its loops that are functions, each before those of its own loops.
pub fn programs(schedule: &Schedule) -> Vec<&Schedule> {
    let bodies = schedule.bodies.iter().enumerate().filter(|(index, _)| !schedule.is_inline(*index));
    std::iter::once(schedule).chain(bodies.flat_map(|(_, body)| programs(body))).collect()
}

/// The kind of a kernel, for colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Products and functions of matrices.
    Products,
    /// Operations on elements, and reductions of their results.
    Elements,
    /// A few numbers.
    Scalars,
    /// Elements that only move, or are added where they go.
    Movement,
    /// A loop.
    Loop,
}

impl Body {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Body::Contract { .. } | Body::Distances { .. } | Body::LinearAlgebra(_) => Kind::Products,
            Body::Strip(_) | Body::ArgReduce { .. } => Kind::Elements,
            Body::Scalar(_) => Kind::Scalars,
            Body::Copy { .. }
            | Body::Add { .. }
            | Body::Zero { .. }
            | Body::Gather { .. }
            | Body::ScatterAdd { .. } => Kind::Movement,
            Body::Loop(_) | Body::Replay(_) => Kind::Loop,
        }
    }

    /// The bodies that it calls as functions.
    pub fn called(&self) -> Vec<usize> {
        match self {
            Body::Loop(run) if !run.inline => vec![run.body],
            Body::Replay(replay) => replay.bodies().to_vec(),
            _ => Vec::new(),
        }
    }
}

/// The nodes that a kernel computes, as far as it names them, in order.
pub fn origins(kernel: &Kernel) -> Vec<NodeId> {
    let own = std::iter::once(kernel.origin);
    match &kernel.body {
        Body::Scalar(block) => own.chain(block.instructions.iter().map(|each| each.origin)).collect(),
        Body::Strip(strip) => own.chain(strip.instructions.iter().map(|each| each.origin)).collect(),
        _ => own.collect(),
    }
}

/// The bytes that one run of a kernel reads and writes, each once, without what it calls.
pub fn bytes_of(schedule: &Schedule, kernel: &Kernel) -> u64 {
    let bytes = |id: BufferId| schedule.buffer(id).bytes() as u64;
    match &kernel.body {
        Body::Scalar(block) => accesses(block).map(|id| schedule.buffer(id).element.bytes() as u64).sum(),
        Body::Copy { from, .. } | Body::Add { from, .. } => {
            let moved = (from.layout.count() * schedule.buffer(from.buffer).element.bytes()) as u64;
            if matches!(kernel.body, Body::Add { .. }) { 3 * moved } else { 2 * moved }
        }
        Body::Gather { indices, to, .. } => bytes(*indices) + 2 * bytes(*to),
        body if !body.called().is_empty() => 0,
        body => {
            let mut touched = BTreeSet::new();
            body.each_access(&mut |id, writes| {
                touched.insert((id, writes));
            });
            touched.into_iter().map(|(id, _)| bytes(id)).sum()
        }
    }
}

/// The buffers of all loads and stores.
fn accesses(block: &ScalarBlock) -> impl Iterator<Item = BufferId> {
    let loads = block.instructions.iter().filter_map(|each| match each.op {
        ScalarOp::Load { buffer, .. } | ScalarOp::LoadAt { buffer, .. } => Some(buffer),
        _ => None,
    });
    loads.chain(block.stores.iter().map(|store| store.buffer))
}

/// What a kernel does, in a few words.
pub fn describe(schedule: &Schedule, kernel: &Kernel) -> String {
    let counted = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    let (elements, steps) = (|count| counted(count, "element"), |trips| counted(trips, "step"));
    match &kernel.body {
        Body::Scalar(block) => {
            let names = block.instructions.iter().filter_map(|each| match each.op {
                ScalarOp::Pointwise(definition) => Some(definition.0.name.to_string()),
                ScalarOp::Random(_) => Some("random".to_string()),
                _ => None,
            });
            listed("scalars", names)
        }
        Body::Strip(strip) => {
            let names = strip.instructions.iter().filter_map(|each| match &each.op {
                StripOp::Pointwise(definition) => Some(definition.0.name.to_string()),
                StripOp::Random(_) => Some("random".to_string()),
                StripOp::Accumulate { reduction, .. } | StripOp::FoldRows { reduction, .. } => {
                    Some(format!("{reduction:?}").to_lowercase())
                }
                _ => None,
            });
            listed(&elements(strip.count), names)
        }
        Body::Copy { from, .. } => format!("copy {}", elements(from.layout.count())),
        Body::Add { from, .. } => format!("add {} to places", elements(from.layout.count())),
        Body::Zero { to } => format!("zero {}", elements(schedule.buffer(*to).count)),
        Body::Contract { left, right, places, .. } => {
            let sizes = [&left.layout.sizes[..], &right.layout.sizes[..]].map(shape);
            let turns: usize = places.loops.iter().map(|each| each.count).product();
            let times = if turns == 1 { String::new() } else { format!(", {turns} times") };
            format!("product {} × {}ᵀ{times}", sizes[0], sizes[1])
        }
        Body::Distances { left, right, wanted, .. } => {
            let sizes = [&left.layout.sizes[..], &right.layout.sizes[..]].map(shape);
            let what = match wanted {
                Wanted::All => "distances",
                Wanted::Extreme { greatest: true } | Wanted::Place { greatest: true } => "greatest distances",
                Wanted::Extreme { greatest: false } | Wanted::Place { greatest: false } => "least distances",
            };
            format!("{what} {} to {}", sizes[0], sizes[1])
        }
        Body::Gather { to, .. } => format!("gather {}", elements(schedule.buffer(*to).count)),
        Body::ScatterAdd { updates, .. } => format!("add {} to rows", elements(schedule.buffer(*updates).count)),
        Body::ArgReduce { extreme, outer, n, inner, .. } => {
            format!("arg{} of {}", format!("{extreme:?}").to_lowercase(), elements(outer * n * inner))
        }
        Body::LinearAlgebra(matrix) => {
            let name = crate::ir::linear_algebra::name(matrix.descriptor.function);
            format!("{name} {}", shape(&[matrix.descriptor.batch, matrix.descriptor.n, matrix.descriptor.n]))
        }
        Body::Loop(run) => format!("loop, {}{}", steps(run.trips), if run.inline { ", in line" } else { "" }),
        Body::Replay(replay) => format!("loop computed again, {}", steps(replay.descriptor.trips)),
    }
}

/// The first names, each once.
fn listed(what: &str, names: impl Iterator<Item = String>) -> String {
    let mut found: Vec<String> = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    let more = if found.len() > LISTED { ", …" } else { "" };
    found.truncate(LISTED);
    if found.is_empty() { what.to_string() } else { format!("{what}: {}{more}", found.join(", ")) }
}

/// A shape without axes of size one at its start.
fn shape(sizes: &[usize]) -> String {
    let first = sizes.iter().position(|size| *size != 1).unwrap_or(sizes.len());
    let sizes: Vec<String> = sizes[first..].iter().map(usize::to_string).collect();
    format!("[{}]", sizes.join(", "))
}
