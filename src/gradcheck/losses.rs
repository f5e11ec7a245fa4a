//! The loss of a `train` for a few examples of its data, by the parameters that it trains.

use super::{Input, Problem, Start};
use crate::check::program::{Action, Program, Train};
use crate::diagnostics::Diagnostic;
use crate::eval::evaluate_nodes;
use crate::ir::rewrite::{Rewriter, without_inputs};
use crate::ir::{ElementType, Graph, NodeId, Op, Shape, Table, TensorType};
use crate::lower::training::lower_evaluation;
use crate::lower::{Lowered, Source};
use crate::session::native::{from_reals, internal};
use crate::session::{Session, Silent};

/// How many examples.
const EXAMPLES: usize = 8;

/// The loss of a training block, with the values of a file before it trains anything.
///
/// # Errors
/// What fails while the values that the loss reads are computed.
pub(super) fn loss(program: &Program, train: &Train) -> Result<Problem, Vec<Diagnostic>> {
    let rows = train.data.map_or(1, |data| program.data[data.0 as usize].rows);
    let size = rows.min(EXAMPLES);
    let mut lowered = lower_evaluation(program, train, size, size == rows, true);
    let loss = lowered.graph.outputs()[0].node;
    lowered.graph.clear_outputs();
    lowered.graph.output("loss", loss);
    let inputs = inputs(program, train, &lowered, size, rows)?;
    chosen_rows(&lowered, inputs).map_err(|stopped| vec![*stopped])
}

/// The inputs of a loss; parameters as they are stored.
fn inputs(
    program: &Program,
    train: &Train,
    lowered: &Lowered,
    size: usize,
    rows: usize,
) -> Result<Vec<Input>, Vec<Diagnostic>> {
    let mut values = program.clone();
    let reads_value = lowered.sources.iter().any(|source| matches!(source, Source::Global(..)));
    values.actions.retain(|action| reads_value && matches!(action, Action::Let { .. }));
    let mut session = Session::new(&values).map_err(|stopped| vec![*stopped])?;
    session.run(&mut Silent)?;
    let mut inputs = Vec::with_capacity(lowered.sources.len());
    for source in &lowered.sources {
        let value = session.inputs(std::slice::from_ref(source)).map_err(|stopped| vec![*stopped])?.remove(0);
        inputs.push(match source {
            Source::Param(id) => Input { start: Start::Around(value), varied: train.params.contains(id) },
            Source::Rows => fixed(spread(size, rows)),
            Source::Progress(_) => fixed(from_reals(TensorType::scalar(program.real()), &[1.0])),
            _ => fixed(value),
        });
    }
    Ok(inputs)
}

fn fixed(value: Table) -> Input {
    Input { start: Start::Fixed(value), varied: false }
}

/// The numbers of some examples, evenly spread over all.
fn spread(size: usize, rows: usize) -> Table {
    let ty = TensorType::new(ElementType::I64, Shape::new(&[size]));
    Table { ty, bits: (0..size).map(|place| (place * rows / size) as u64).collect() }
}

/// The loss with the examples themselves as inputs, in place of whole columns and the numbers of examples.
fn chosen_rows(lowered: &Lowered, inputs: Vec<Input>) -> Result<Problem, Box<Diagnostic>> {
    let graph = &lowered.graph;
    let values: Vec<Table> = inputs
        .iter()
        .map(|input| match &input.start {
            Start::Fixed(table) | Start::Around(table) => table.clone(),
            Start::Any => Table { ty: TensorType::scalar(ElementType::F64), bits: vec![0] },
        })
        .collect();
    let needed = graph.reachable_from(graph.output_nodes());
    let is_choice = |id: &NodeId| needed[id.index()] && chooses_rows(lowered, *id);
    let choices: Vec<NodeId> = graph.ids().filter(is_choice).collect();
    let rows = evaluate_nodes(graph, &values, &choices).map_err(internal)?;
    let mut target = Graph::new();
    let mut rewriter = Rewriter::new(graph);
    for (input, node) in graph.inputs().iter().zip(graph.input_nodes()) {
        rewriter.set(node, target.input(input.name.clone(), input.ty.clone()));
    }
    for (place, (choice, table)) in choices.iter().zip(&rows).enumerate() {
        rewriter.set(*choice, target.input(format!("examples {place}"), table.ty.clone()));
    }
    rewriter.copy_all(&mut target, &graph.output_nodes());
    rewriter.copy_outputs(&mut target);
    let mut inputs = inputs;
    inputs.extend(rows.into_iter().map(fixed));
    let read = target.reachable_from(target.output_nodes());
    let kept: Vec<bool> = target.input_nodes().iter().map(|node| read[node.index()]).collect();
    let inputs = inputs.into_iter().zip(&kept).filter(|(_, kept)| **kept).map(|(input, _)| input).collect();
    Ok(Problem { graph: without_inputs(&target, &kept), inputs })
}

/// Whether a node is the examples at hand of a whole column.
fn chooses_rows(lowered: &Lowered, id: NodeId) -> bool {
    let source = |id: NodeId| match lowered.graph.node(id).op {
        Op::Input(index) => lowered.sources.get(index as usize).copied(),
        _ => None,
    };
    let node = lowered.graph.node(id);
    matches!(node.op, Op::Gather { .. })
        && matches!(source(node.arguments[0]), Some(Source::Column(..)))
        && source(node.arguments[1]) == Some(Source::Rows)
}
