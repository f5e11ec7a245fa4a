//! The gradients of a loss, without an update.

use super::training::lower_evaluation;
use super::{Lowered, Source};
use crate::autodiff::reverse::reverse;
use crate::check::program::{ParamId, Program, Train};
use crate::ir::{NodeId, Op};

/// A graph whose outputs are the gradients of the mean loss over `size` examples by what is stored for each trained parameter,
/// in order. Its inputs are those of a step.
pub fn lower_loss_gradients(program: &Program, train: &Train, size: usize, whole: bool) -> Lowered {
    let mut lowered = lower_evaluation(program, train, size, whole, true);
    let graph = &mut lowered.graph;
    graph.current_span = Some(train.span);
    let loss = graph.outputs()[0].node;
    graph.clear_outputs();
    let index = |id: &ParamId| lowered.sources.iter().position(|source| *source == Source::Param(*id));
    let known: Vec<(&ParamId, usize)> = train.params.iter().filter_map(|id| Some((id, index(id)?))).collect();
    let mut params: Vec<NodeId> = Vec::with_capacity(known.len());
    for (_, index) in &known {
        let ty = graph.inputs()[*index].ty.clone();
        params.push(graph.intern(Op::Input(*index as u32), &[], ty));
    }
    let one = graph.constant_like(loss, 1.0);
    let gradients = reverse(graph, loss, one, &params);
    for ((id, _), gradient) in known.iter().zip(gradients) {
        graph.output(program.params[id.0 as usize].name.clone(), gradient);
    }
    lowered
}
