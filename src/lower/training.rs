//! A whole training step as one graph: loss of the batch, adjoint, update in place, and what is reported.

use super::draws::TrainingDraws;
use super::{Lowered, Lowerer, Source, Value};
use crate::autodiff::reverse::reverse;
use crate::check::program::{Examples, MetricKind, ParamId, Program, Progress, Train, Typed};
use crate::check::types::Type;
use crate::ir::{Axes, ElementType, Graph, NodeId, Op, Reduction, Shape, TensorType};
use crate::ops::arithmetic::{ADD, MULTIPLY, SUBTRACT};
use crate::ops::roots::SQRT;
use crate::ops::structural::examples::batch_examples;
use crate::optimize::{Stage, simplify};

/// What a step gives beside the updated parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Report {
    /// Only whether to stop, if the block says when.
    Quiet,
    /// The loss and the metrics of the batch too.
    Full,
}

/// What a program does of a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// Adds the gradients of a batch to those of the batches before it.
    Gather,
    /// Changes the parameters: by the gradients of its batch, and of those before it where there are any.
    Update,
}

/// The names of the outputs that are not parameters.
pub const LOSS: &str = "loss";
/// See [`LOSS`].
pub const STOP: &str = "stop";
/// The Euclidean norm of the gradient, before clipping; see [`LOSS`].
pub const GRADIENT_NORM: &str = "gradient norm";
/// The learning rate of the step; see [`LOSS`].
pub const LEARNING_RATE: &str = "learning rate";
/// Gradients that are handed out are named by this and the paths of their parameters.
pub const GRADIENT: &str = "gradient of ";
/// Metrics are named by this and their own names.
pub const METRIC: &str = "metric ";
/// Running means are named by this and their numbers.
const RUNNING: &str = "running ";

/// The graph of a step over `size` examples; `whole` says that these are all examples in order.
///
/// Inputs are the parameters, the columns, the rows of the batch unless `whole`, and progress. The parameters that
/// train are updated in place.
pub fn lower_step(program: &Program, train: &Train, size: usize, whole: bool, report: Report) -> Lowered {
    lower_part(program, train, (size, whole), report, Part::Update)
}

/// A part of a step, over one of its batches.
pub fn lower_part(
    program: &Program,
    train: &Train,
    (size, whole): (usize, bool),
    report: Report,
    part: Part,
) -> Lowered {
    let mut forward = forward(program, train, &train.examples(), (size, whole), true);
    simplify_outputs(&mut forward.graph);
    step(program, train, forward, report, part)
}

/// The loss and its gradients over all examples, without any update: what a line search asks for.
pub fn lower_loss_and_gradients(program: &Program, train: &Train, size: usize) -> Lowered {
    let mut forward = forward(program, train, &train.examples(), (size, true), true);
    let loss = forward.graph.outputs()[0].clone();
    forward.graph.clear_outputs();
    forward.graph.output(loss.name, loss.node);
    simplify_outputs(&mut forward.graph);
    step(program, train, forward, Report::Quiet, Part::Update)
}

/// Whether to stop, by all that training is at, as inputs.
pub fn lower_stop(program: &Program, stop: &Typed) -> Lowered {
    let mut lowerer = Lowerer::new(program);
    let stop = lowerer.tensor(stop);
    lowerer.graph.output(STOP, stop);
    lowerer.finish()
}

/// Simplifies what will be differentiated: contractions found now stay contractions on the way back.
fn simplify_outputs(graph: &mut Graph) {
    let outputs = graph.outputs().to_vec();
    let roots: Vec<NodeId> = outputs.iter().map(|output| output.node).collect();
    let simpler = simplify(graph, &roots, Stage::BeforeDifferentiation);
    graph.clear_outputs();
    for (output, node) in outputs.into_iter().zip(simpler) {
        graph.output(output.name, node);
    }
}

/// The graph of loss and metrics without an update; as in a step of training, or with `training` false.
pub fn lower_evaluation(program: &Program, train: &Train, size: usize, whole: bool, training: bool) -> Lowered {
    forward(program, train, &train.examples(), (size, whole), training)
}

/// The same over other examples than those of the block, with `training` false.
pub fn lower_evaluation_over(
    program: &Program,
    train: &Train,
    examples: &Examples,
    size: usize,
    whole: bool,
) -> Lowered {
    forward(program, train, examples, (size, whole), false)
}

/// Loss and metrics of a batch as outputs, then the running means that training moves on.
fn forward(
    program: &Program,
    train: &Train,
    examples: &Examples,
    (size, whole): (usize, bool),
    training: bool,
) -> Lowered {
    let mut lowerer = Lowerer::new(program);
    lowerer.training = training;
    for id in &train.params {
        lowerer.stored(*id);
    }
    let mut columns = lowerer.batch_columns(examples, size, whole);
    let mut variables = lowerer.examples.clone();
    let example = lowerer.example_numbers(examples, size, whole);
    lowerer.draws = Some(TrainingDraws { seed: train.seed, example: example.map(|(variable, _)| variable) });
    if let Some((variable, numbers)) = example {
        variables.push(variable);
        columns.push(numbers);
    }
    let mut roots = vec![lowerer.tensor(&train.loss)];
    for part in train.metrics.iter().flat_map(|metric| &metric.parts) {
        roots.push(lowerer.tensor(part));
    }
    let reported = roots.len();
    roots.extend(lowerer.moved_values());
    let mut batched = batch_examples(&mut lowerer.graph, &roots, &variables, &columns, size);
    let moved = batched.split_off(reported);
    for ((node, depends), (name, folded)) in batched.into_iter().zip(reported_names(train)) {
        lowerer.graph.current_span = Some(train.loss.span);
        let node = match (depends, folded) {
            (true, false) => lowerer.mean(node),
            (false, true) => lowerer.for_each_example(node, size),
            _ => node,
        };
        lowerer.graph.output(name, node);
    }
    for (state, node) in lowerer.moved_states(&moved) {
        lowerer.graph.output(format!("{RUNNING}{}", state.0), node);
    }
    lowerer.finish()
}

/// The names of the loss and of the parts of metrics, and whether each example's value is an output rather than the mean.
fn reported_names(train: &Train) -> impl Iterator<Item = (String, bool)> + '_ {
    let parts = train.metrics.iter().flat_map(|metric| {
        let folded = metric.kind != MetricKind::Mean;
        (0..metric.parts.len()).map(move |part| match folded {
            true => (format!("{METRIC}{} {part}", metric.name), true),
            false => (format!("{METRIC}{}", metric.name), false),
        })
    });
    std::iter::once((LOSS.to_string(), false)).chain(parts)
}

impl Lowerer<'_> {
    /// What does not depend on the example, once for each.
    fn for_each_example(&mut self, node: NodeId, size: usize) -> NodeId {
        let shape = self.graph.ty(node).shape.with_leading(size);
        self.graph.broadcast(node, Axes::new(1..shape.rank()), &shape)
    }

    /// A variable for the number of an example, and the numbers of the batch's.
    fn example_numbers(&mut self, examples: &Examples, size: usize, whole: bool) -> Option<(NodeId, NodeId)> {
        examples.data?;
        let ty = TensorType::new(ElementType::I64, Shape::new(&[size]));
        let numbers = if whole { self.graph.iota(0, ty.shape.clone()) } else { self.source(Source::Rows, "rows", ty) };
        Some((self.graph.placeholder(TensorType::scalar(ElementType::I64)), numbers))
    }

    /// A variable for each column's entry, and the batch's entries.
    fn batch_columns(&mut self, examples: &Examples, size: usize, whole: bool) -> Vec<NodeId> {
        let Some(data) = examples.data else { return Vec::new() };
        let rows = (!whole).then(|| {
            let ty = TensorType::new(ElementType::I64, Shape::new(&[size]));
            self.source(Source::Rows, "rows", ty)
        });
        let mut columns = Vec::with_capacity(examples.columns.len());
        for index in &examples.columns {
            let column = self.column(data, *index);
            columns.push(match rows {
                Some(rows) => self.graph.gather(column, rows, 0),
                None => column,
            });
            let ty = &self.program.data[data.0 as usize].columns[*index as usize].ty;
            let ty = self.tensor_type(ty);
            let variable = self.graph.placeholder(ty);
            self.examples.push(variable);
        }
        columns
    }
}

/// Adds adjoint, update and stop condition to a forward graph.
fn step(program: &Program, train: &Train, forward: Lowered, report: Report, part: Part) -> Lowered {
    let mut lowerer = Lowerer::new(program);
    lowerer.graph = forward.graph;
    lowerer.sources = forward.sources;
    for (index, source) in lowerer.sources.clone().into_iter().enumerate() {
        let node = input_node(&mut lowerer.graph, index);
        lowerer.inputs.insert(source, node);
    }
    lowerer.graph.current_span = Some(train.span);
    let (running, reported): (Vec<_>, Vec<_>) =
        lowerer.graph.outputs().iter().cloned().partition(|output| output.name.starts_with(RUNNING));
    lowerer.graph.clear_outputs();
    let loss = reported[0].node;
    let params: Vec<NodeId> = train.params.iter().map(|id| lowerer.stored(*id)).collect();
    let one = lowerer.graph.constant_like(loss, 1.0);
    let gradients = reverse(&mut lowerer.graph, loss, one, &params);
    let sums = lowerer.sums(train, &gradients, loss);
    let mut rates = Vec::new();
    match part {
        Part::Gather => lowerer.keep_sums(train, &sums),
        Part::Update => rates = lowerer.change(train, &params, &sums),
    }
    for output in running {
        let state = output.name.strip_prefix(RUNNING).and_then(|number| number.parse().ok());
        lowerer.update(ParamId(state.unwrap_or_default()), output.node);
    }
    if report == Report::Full {
        for output in reported {
            lowerer.graph.output(output.name, output.node);
        }
        for (name, node) in rates {
            lowerer.graph.output(name, node);
        }
    } else if train.optimizer.lbfgs.is_some() {
        lowerer.graph.output(LOSS, loss);
    }
    lowerer.finish()
}

impl Lowerer<'_> {
    /// Gradients and loss of a step as far as its batches are known: of the one at hand, by its share of the examples,
    /// with those before it.
    fn sums(&mut self, train: &Train, gradients: &[NodeId], loss: NodeId) -> Vec<NodeId> {
        let own = gradients.iter().copied().chain([loss]);
        let Some(accumulation) = train.optimizer.accumulation else { return own.collect() };
        let share = self.progress(Progress::Share);
        let mut sums = Vec::with_capacity(gradients.len() + 1);
        for (own, index) in own.zip(accumulation.first..) {
            let before = self.state(train, index);
            let shape = self.graph.ty(own).shape.clone();
            let share = self.graph.splat(share, &shape);
            let part = self.pair(&MULTIPLY, share, own);
            sums.push(self.pair(&ADD, before, part));
        }
        sums
    }

    /// Hands the sums on to the next batch of the step.
    fn keep_sums(&mut self, train: &Train, sums: &[NodeId]) {
        let first = train.optimizer.accumulation.map_or(0, |accumulation| accumulation.first);
        for (sum, index) in sums.iter().zip(first..) {
            let before = self.state(train, index);
            self.replace_input(before, *sum);
        }
    }

    /// Changes the parameters by gradients, the last of `sums` being the loss, and says whether to stop. Gives what is
    /// reported of it.
    fn change(&mut self, train: &Train, params: &[NodeId], sums: &[NodeId]) -> Vec<(&'static str, NodeId)> {
        let (gradients, loss) = (&sums[..params.len()], sums[params.len()]);
        let grad_norm = self.norm(gradients);
        self.progress.insert(Progress::Loss, loss);
        self.progress.insert(Progress::GradNorm, grad_norm);
        if train.optimizer.lbfgs.is_some() {
            for (id, gradient) in train.params.iter().zip(gradients) {
                let name = &self.program.params[id.0 as usize].name;
                self.graph.output(format!("{GRADIENT}{name}"), *gradient);
            }
            return vec![(GRADIENT_NORM, grad_norm)];
        }
        let rate = self.change_by_rule(train, params, gradients);
        [(GRADIENT_NORM, grad_norm)].into_iter().chain(rate.map(|rate| (LEARNING_RATE, rate))).collect()
    }

    /// Changes the parameters by the update rule. Gives the learning rate, where there is one.
    fn change_by_rule(&mut self, train: &Train, params: &[NodeId], gradients: &[NodeId]) -> Option<NodeId> {
        let before = train.optimizer.step_norm.map(|index| self.state(train, index));
        if let Some(before) = before {
            self.progress.insert(Progress::StepNorm, before);
        }
        let mut changes = Vec::with_capacity(params.len());
        for (place, (param, gradient)) in params.iter().zip(gradients).enumerate() {
            let updated = self.updated(train, place, *param, *gradient);
            changes.push(self.pair(&SUBTRACT, updated, *param));
        }
        // As the updates have it, by the norm of the step before.
        let rate = train.optimizer.learning_rate.as_ref().map(|rate| self.tensor(rate));
        if before.is_none() && train.stop.is_none() {
            return rate;
        }
        let step_norm = self.norm(&changes);
        self.progress.insert(Progress::StepNorm, step_norm);
        if let Some(before) = before {
            self.replace_input(before, step_norm);
        }
        if let Some(stop) = &train.stop {
            let stop = self.tensor(stop);
            self.graph.output(STOP, stop);
        }
        rate
    }

    /// The new value of a trained parameter by the block's rule. It and what the rule remembers are updated.
    fn updated(&mut self, train: &Train, place: usize, param: NodeId, gradient: NodeId) -> NodeId {
        let update = &train.optimizer.updates[place];
        self.locals.clear();
        self.locals.insert(update.parameter, Value::Node(param));
        self.locals.insert(update.gradient, Value::Node(gradient));
        let mut leaves = Vec::new();
        if let Some((local, ty)) = &update.state {
            let mut next = update.first_state;
            let state = self.state_value(train, ty, &mut next);
            state.leaves(&mut leaves);
            self.locals.insert(*local, state);
        }
        let new = self.lower(&update.new);
        let mut parts = Vec::new();
        new.leaves(&mut parts);
        if let (Some((average, before, now)), Some(first)) = (&update.average, train.optimizer.first_average) {
            let old = self.state_value(train, &average.ty, &mut (first + place as u32)).node();
            self.locals.insert(*before, Value::Node(old));
            self.locals.insert(*now, Value::Node(parts[0]));
            leaves.push(old);
            let average = self.tensor(average);
            parts.push(average);
        }
        self.locals.clear();
        self.update(train.params[place], parts[0]);
        for (old, new) in leaves.into_iter().zip(&parts[1..]) {
            self.replace_input(old, *new);
        }
        parts[0]
    }

    /// What a rule remembers, as inputs.
    fn state_value(&mut self, train: &Train, ty: &Type, next: &mut u32) -> Value {
        match ty.parts() {
            Some(parts) => Value::Tuple(parts.iter().map(|part| self.state_value(train, part, next)).collect()),
            None => {
                *next += 1;
                Value::Node(self.state(train, *next - 1))
            }
        }
    }

    /// A tensor that training remembers, as an input.
    fn state(&mut self, train: &Train, index: u32) -> NodeId {
        let tensor = &train.state[index as usize];
        let ty = TensorType::new(self.real, tensor.shape.clone());
        self.source(Source::State(index), tensor.name.clone(), ty)
    }

    /// An input gets a new value.
    fn replace_input(&mut self, input: NodeId, value: NodeId) {
        if let Op::Input(index) = self.graph.node(input).op {
            let name = self.graph.inputs()[index as usize].name.clone();
            self.graph.updating_output(name, value, index);
        }
    }

    /// What is stored for a parameter gets a new value.
    fn update(&mut self, id: ParamId, value: NodeId) {
        let index = self.sources.iter().position(|source| *source == Source::Param(id)).unwrap_or_default();
        let name = self.program.params[id.0 as usize].name.clone();
        self.graph.updating_output(name, value, index as u32);
    }

    /// The Euclidean norm of all elements of some tensors.
    fn norm(&mut self, nodes: &[NodeId]) -> NodeId {
        let mut total = None;
        for node in nodes {
            let square = self.pair(&MULTIPLY, *node, *node);
            let sum = self.graph.reduce_all(Reduction::Sum, square);
            total = Some(match total {
                None => sum,
                Some(total) => self.pair(&ADD, total, sum),
            });
        }
        match total {
            Some(total) => self.graph.pointwise(&SQRT, &[total]),
            None => self.graph.real(self.real, 0.0),
        }
    }
}

/// The node of an input, declared again where an earlier pass dropped it.
fn input_node(graph: &mut Graph, index: usize) -> NodeId {
    let ty = graph.inputs()[index].ty.clone();
    graph.intern(Op::Input(index as u32), &[], ty)
}
