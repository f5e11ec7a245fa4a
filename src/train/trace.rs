//! Where a loss stopped being a number: the step is computed again by the reference evaluator, node by node.

use crate::check::program::{Progress, Train};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::numeric::{FirstBadValue, loss_not_finite};
use crate::eval::evaluate_all;
use crate::ir::print::operation;
use crate::ir::{ElementType, Graph, NodeId, Shape, Table, TensorType};
use crate::lower::training::{GRADIENT_NORM, Report, lower_evaluation, lower_step};
use crate::lower::{Lowered, Source};
use crate::session::{Session, native};

/// A step whose loss or update was not finite.
#[derive(Clone, Debug, Default)]
pub(super) struct Failure {
    /// The step, from 1.
    pub(super) step: u64,
    /// Its epoch, from 1.
    pub(super) epoch: u64,
    /// Its loss.
    pub(super) loss: f64,
    /// The loss over the validation set before it.
    pub(super) validation_loss: f64,
    /// The examples of its batches.
    pub(super) batches: Vec<Vec<i64>>,
    /// Whether these are all examples in order.
    pub(super) whole: bool,
    /// What the update rule remembered before it.
    pub(super) remembered: Vec<(Source, Table)>,
}

/// The message for a failed step. The session holds the parameters from before it.
///
/// `kept` is the file that has the state before it.
pub(super) fn first_bad_value(
    session: &mut Session<'_>,
    train: &Train,
    failure: &Failure,
    kept: Option<&str>,
) -> Box<Diagnostic> {
    let forward = failure.batches.iter().find_map(|batch| {
        let forward = lower_evaluation(session.program, train, batch.len(), failure.whole, true);
        search(session, train, &forward, failure, batch).map(|(_, found)| found)
    });
    // The loss is finite, its gradient or the update is not.
    let first = forward.or_else(|| {
        failure.batches.iter().find_map(|batch| {
            let step = lower_step(session.program, train, batch.len(), failure.whole, Report::Full);
            let (node, found) = search(session, train, &step, failure, batch)?;
            let part = if is_of_gradients(&step.graph, node) { "on the way back" } else { "in the update" };
            Some(FirstBadValue { text: format!("{}, {part}", found.text), ..found })
        })
    });
    let loss = if failure.loss.is_finite() { f64::NAN } else { failure.loss };
    let before = failure.step.saturating_sub(1);
    let kept = match kept {
        Some(path) => format!(
            "the state of step {before}, before this one, is in {path}: `--resume {path}` does the failing step again"
        ),
        None => format!("the parameters are those of step {before}, before this one"),
    };
    let advice = advice(first.as_ref());
    Box::new(loss_not_finite(train.loss.span, loss, failure.epoch, failure.step, first, kept, advice))
}

/// What usually helps against this cause.
fn advice(first: Option<&FirstBadValue>) -> String {
    let text = first.map_or("", |found| found.text.as_str());
    let arguments = text.split(" = ").next().unwrap_or_default();
    if arguments.contains("NaN") {
        "it was given NaN: by the data, or by `step_norm` or `validation_loss`, which are NaN before the first of them"
    } else if text.starts_with("log") {
        "keep the argument of `log` above zero, or use a form that is stable: `log_softmax(logits)`, `bce_logits(z, y)`"
    } else if text.starts_with("exp") {
        "use a form that does not overflow: `softplus`, `logsumexp`, `sigmoid`"
    } else if text.starts_with("divide") {
        "keep the divisor away from zero"
    } else {
        "try a smaller learning rate"
    }
    .to_string()
}

/// Whether the gradients of a step depend on a node.
fn is_of_gradients(graph: &Graph, node: NodeId) -> bool {
    let norm = graph.outputs().iter().find(|output| output.name == GRADIENT_NORM);
    norm.is_some_and(|norm| graph.reachable_from([norm.node])[node.index()])
}

/// The first node that is not finite although all its arguments are.
fn search(
    session: &mut Session<'_>,
    train: &Train,
    lowered: &Lowered,
    failure: &Failure,
    batch: &[i64],
) -> Option<(NodeId, FirstBadValue)> {
    let mut inputs = session.step_inputs(train, &lowered.sources).ok()?;
    for (source, input) in lowered.sources.iter().zip(&mut inputs) {
        match source {
            Source::Rows => {
                let ty = TensorType::new(ElementType::I64, Shape::new(&[batch.len()]));
                *input = Table { ty, bits: batch.iter().map(|row| *row as u64).collect() };
            }
            Source::State(_) => {
                if let Some((_, table)) = failure.remembered.iter().find(|(each, _)| each == source) {
                    input.clone_from(table);
                }
            }
            Source::Progress(Progress::Plateau | Progress::Share) => {}
            Source::Progress(progress) => {
                let ty = TensorType::scalar(session.program.real());
                let value = match progress {
                    Progress::Epoch => failure.epoch as f64,
                    Progress::ValidationLoss => failure.validation_loss,
                    _ => failure.step as f64,
                };
                *input = native::from_reals(ty, &[value]);
            }
            _ => {}
        }
    }
    let graph = &lowered.graph;
    let roots: Vec<NodeId> = graph.outputs().iter().map(|output| output.node).collect();
    let values = evaluate_all(graph, &inputs, &roots).ok()?;
    let bad = |id: NodeId| values[id.index()].as_ref().is_some_and(|table| first_not_finite(table).is_some());
    let is_given = |id: NodeId| graph.node(id).arguments.is_empty();
    let first = |may_be_given: bool| {
        let is_good = |argument: &NodeId| !bad(*argument) || (may_be_given && is_given(*argument));
        graph.ids().find(|id| bad(*id) && !is_given(*id) && graph.node(*id).arguments.iter().all(is_good))
    };
    // A value that is given may be none where nothing depends on it: the norm of the step before the first.
    let node = first(false).or_else(|| first(true))?;
    Some((node, FirstBadValue { span: graph.span(node), text: describe(graph, &values, node) }))
}

/// `log(0) = -inf, in 3 of 640 entries`.
fn describe(graph: &Graph, values: &[Option<Table>], node: NodeId) -> String {
    let Some(table) = &values[node.index()] else { return String::new() };
    let Some((place, value)) = first_not_finite(table) else { return String::new() };
    let count = native::to_reals(table).iter().filter(|value| !value.is_finite()).count();
    let arguments: Vec<String> = graph
        .node(node)
        .arguments
        .iter()
        .filter_map(|argument| values[argument.index()].as_ref())
        .map(|argument| match argument.bits.len() {
            len if len == table.bits.len() => format!("{:?}", native::to_reals(argument)[place]),
            _ => format!("{}", argument.ty.shape),
        })
        .collect();
    let entries =
        if table.bits.len() > 1 { format!(", in {count} of {} entries", table.bits.len()) } else { String::new() };
    format!("{}({}) = {value:?}{entries}", operation(graph, node), arguments.join(", "))
}

fn first_not_finite(table: &Table) -> Option<(usize, f64)> {
    if !table.ty.element.is_real() {
        return None;
    }
    native::to_reals(table).into_iter().enumerate().find(|(_, value)| !value.is_finite())
}
