//! The rules of a well-formed graph. A violation is our bug, never the user's.
//!
//! 1. Arguments come before users.
//! 2. The number, element types and shapes of arguments fit the operation.
//! 3. The type of a node follows from its operation and arguments, as far as they determine it.
//! 4. Axes are inside the rank; ranks are at most [`MAX_RANK`].
//! 5. A finished graph has no placeholder that an output needs; an output that updates an input has its type.

use super::definition::{Meaning, Pointwise};
use super::graph::{Graph, Node, NodeId};
use super::op::{BatchReduction, Op, PointwiseRef, Steps};
use super::print::operation;
use super::types::{ElementType, MAX_RANK, Shape, TensorType};

/// A broken rule: the node and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("after {pass}: %{} = {operation}: {rule}", node.0)]
pub struct Violation {
    /// The pass whose result was checked.
    pub pass: String,
    /// The node.
    pub node: NodeId,
    /// Its operation, printed.
    pub operation: String,
    /// The rule it breaks.
    pub rule: String,
}

/// Checks every rule on every node.
///
/// # Errors
/// The first violation in topological order.
pub fn verify(graph: &Graph, pass: &str) -> Result<(), Violation> {
    let violation = |id: NodeId, rule: String| Violation {
        pass: pass.to_string(),
        node: id,
        operation: operation(graph, id),
        rule,
    };
    for id in graph.ids() {
        let node = graph.node(id);
        if node.arguments.iter().any(|argument| *argument >= id) {
            return Err(violation(id, "an argument does not come before its user".into()));
        }
        if node.ty.shape.rank() > MAX_RANK {
            return Err(violation(id, "too many axes".into()));
        }
        check_node(graph, node).map_err(|rule| violation(id, rule))?;
    }
    for output in graph.outputs() {
        let updated = output.updates.map(|input| &graph.inputs()[input as usize].ty);
        if updated.is_some_and(|ty| ty != graph.ty(output.node)) {
            return Err(violation(output.node, "an updating output differs in type from its input".into()));
        }
    }
    let needed = graph.reachable_from(graph.outputs().iter().map(|output| output.node));
    match graph.ids().find(|id| needed[id.index()] && matches!(graph.node(*id).op, Op::Placeholder(_))) {
        Some(id) => Err(violation(id, "a placeholder is left".into())),
        None => Ok(()),
    }
}

fn check_node(graph: &Graph, node: &Node) -> Result<(), String> {
    let arguments: Vec<&TensorType> = node.arguments.iter().map(|argument| graph.ty(*argument)).collect();
    let expect = |holds: bool, rule: &str| if holds { Ok(()) } else { Err(rule.to_string()) };
    let one = || arguments.first().copied().ok_or_else(|| "an argument is missing".to_string());
    let same_element = || Ok::<bool, String>(one()?.element == node.ty.element);
    match node.op {
        Op::Input(index) => expect(
            graph.inputs().get(index as usize).is_some_and(|input| input.ty == node.ty),
            "differs from its input",
        ),
        Op::Placeholder(_) => Ok(()),
        Op::Scalar(_) => expect(node.ty.shape.rank() == 0, "a scalar has no axes"),
        Op::Table(index) => {
            let table = graph.table(index);
            expect(table.ty == node.ty && table.bits.len() == node.ty.shape.count(), "differs from its table")
        }
        Op::Pointwise(PointwiseRef(definition)) => check_pointwise(definition, &arguments, &node.ty),
        Op::Broadcast(axes) => {
            let source = one()?;
            let fits = axes.len() == source.shape.rank()
                && axes.iter().zip(axes.iter().skip(1)).all(|(a, b)| a < b)
                && axes
                    .iter()
                    .enumerate()
                    .all(|(from, to)| to < node.ty.shape.rank() && node.ty.shape[to] == source.shape[from]);
            expect(fits && same_element()?, "the axes do not fit")
        }
        Op::Reshape => expect(one()?.shape.count() == node.ty.shape.count() && same_element()?, "the counts differ"),
        Op::Transpose(axes) => {
            let source = one()?;
            let fits = axes.len() == source.shape.rank()
                && node.ty.shape.rank() == source.shape.rank()
                && (0..axes.len()).all(|axis| axes.contains(axis))
                && axes.iter().enumerate().all(|(to, from)| node.ty.shape[to] == source.shape[from]);
            expect(fits && same_element()?, "not a permutation of the axes")
        }
        Op::Slice { axis, start, step } => {
            let (source, count) = (one()?, size(&node.ty.shape, axis)?);
            let last = start as usize + count.saturating_sub(1) * step as usize;
            let inside = count == 0 || last < size(&source.shape, axis)?;
            expect(inside && step > 0 && same_but(&source.shape, &node.ty.shape, axis), "outside the argument")
        }
        Op::Pad { axis, low, step } => {
            let (source, whole) = (one()?, size(&node.ty.shape, axis)?);
            let count = size(&source.shape, axis)?;
            let inside = count == 0 || low as usize + (count - 1) * (step as usize) < whole;
            expect(inside && step > 0 && same_but(&source.shape, &node.ty.shape, axis), "the argument does not fit")
        }
        Op::Window { axis, steps } => expect(windows(one()?, &node.ty, axis, steps)?, "the window does not fit"),
        Op::Unwindow { axis, steps } => expect(windows(&node.ty, one()?, axis, steps)?, "the windows do not fit"),
        Op::Concatenate(axis) => {
            let total: usize = arguments.iter().map(|ty| size(&ty.shape, axis).unwrap_or(0)).sum();
            let fits =
                arguments.iter().all(|ty| ty.element == node.ty.element && same_but(&ty.shape, &node.ty.shape, axis));
            expect(fits && total == size(&node.ty.shape, axis)?, "the parts do not fit")
        }
        Op::Reverse(axis) => {
            expect(one()? == &node.ty && (axis as usize) < node.ty.shape.rank(), "the axis is not there")
        }
        Op::Iota(axis) => {
            let fits = node.ty.element == ElementType::I64 && (axis as usize) < node.ty.shape.rank();
            expect(fits, "not an integer position along an axis")
        }
        Op::Reduce(_, axes) => {
            let source = one()?;
            let inside = axes.iter().all(|axis| axis < source.shape.rank());
            let fits = inside && super::build::without(&source.shape, axes) == node.ty.shape;
            expect(fits && same_element()? && !axes.is_empty(), "the axes do not fit")
        }
        Op::ArgReduce(_, axis) => {
            let source = one()?;
            let fits = size(&source.shape, axis)? > 0 && node.ty.element == ElementType::I64;
            expect(fits, "needs an axis with elements and gives integers")
        }
        Op::Contract { batch, contract } => check_contract(&arguments, &node.ty, batch as usize, contract as usize),
        Op::Gather { batch, .. } => match arguments[..] {
            [operand, indices] => check_rows(operand, indices, &node.ty, batch as usize),
            _ => Err("takes two arguments".into()),
        },
        Op::Mix => {
            let words = arguments.len() == 2 && arguments.iter().all(|each| **each == node.ty);
            expect(words && node.ty.element == ElementType::I64, "takes two integers of equal shapes")
        }
        Op::Random(_) => {
            let keys = one()?.element == ElementType::I64 && one()?.shape == node.ty.shape;
            expect(keys && node.ty.element.is_real(), "takes integer keys and gives reals")
        }
        Op::BatchReduce(reduction) => {
            let fits =
                node.ty.element.is_real() || (node.ty.element == ElementType::I64 && reduction != BatchReduction::Mean);
            expect(one()? == &node.ty && fits, "keeps the type of numbers")
        }
        Op::Loop(index) => {
            let run = graph.loop_at(index);
            super::loops::check_loop(run, &arguments, &node.ty)?;
            verify(&run.body, "the body of a loop").map_err(|violation| violation.to_string())
        }
        Op::Replay(index) => {
            let replay = graph.replay_at(index);
            super::replay::check_replay(replay, &arguments, &node.ty)?;
            let bodies = [&replay.forward.body, &replay.back.body];
            let verified = bodies.iter().try_for_each(|body| verify(body, "the body of a replay"));
            verified.map_err(|violation| violation.to_string())
        }
        Op::Result(result) => {
            let run = node.arguments.first().and_then(|argument| graph.results_of(*argument));
            let run = run.ok_or_else(|| "the argument is no loop".to_string())?;
            let there = result as usize <= run.steps_result() && run.result_type(result as usize) == node.ty;
            expect(there, "there is no such result")
        }
        Op::Custom(index) => {
            let custom = graph.custom_at(index);
            super::custom::check_custom(custom, &arguments, &node.ty)?;
            verify(&custom.body, "the body of a derivative").map_err(|violation| violation.to_string())
        }
        Op::ScatterAdd { batch, .. } => match arguments[..] {
            [indices, updates] => check_rows(&node.ty, indices, updates, batch as usize),
            _ => Err("takes two arguments".into()),
        },
        Op::LinearAlgebra(function) => super::linear_algebra::check(function, &arguments, &node.ty),
    }
}

fn check_pointwise(definition: &Pointwise, arguments: &[&TensorType], ty: &TensorType) -> Result<(), String> {
    if arguments.len() != definition.meaning.arity() {
        return Err(format!("takes {} arguments, has {}", definition.meaning.arity(), arguments.len()));
    }
    if arguments.iter().any(|argument| argument.shape != ty.shape) {
        return Err("the shapes differ".into());
    }
    let elements: Vec<ElementType> = arguments.iter().map(|argument| argument.element).collect();
    let number = |element: ElementType, integer: bool| element.is_real() || (integer && element == ElementType::I64);
    let fits = match &definition.meaning {
        Meaning::Unary { integer, .. } => number(elements[0], integer.is_some()) && ty.element == elements[0],
        Meaning::Binary { integer, .. } => {
            number(elements[0], integer.is_some()) && elements[0] == elements[1] && ty.element == elements[0]
        }
        Meaning::Comparison { .. } => elements[0] == elements[1] && ty.element == ElementType::Bool,
        Meaning::Not | Meaning::Logic(_) => {
            elements.iter().all(|each| *each == ElementType::Bool) && ty.element == ElementType::Bool
        }
        Meaning::Select => elements[0] == ElementType::Bool && elements[1] == elements[2] && ty.element == elements[1],
        Meaning::Convert(target) => ty.element == *target,
    };
    if fits { Ok(()) } else { Err(format!("the element types {elements:?} do not fit")) }
}

/// The rule of gather, and of scatter-add with result and updates exchanged.
fn check_rows(table: &TensorType, indices: &TensorType, rows: &TensorType, batch: usize) -> Result<(), String> {
    let (t, i) = (table.shape.sizes(), indices.shape.sizes());
    if t.len() <= batch || i.len() < batch || t[..batch] != i[..batch] {
        return Err("the batch axes do not fit".into());
    }
    let shape: Shape = i.iter().chain(&t[batch + 1..]).copied().collect();
    let elements = indices.element == ElementType::I64 && table.element == rows.element;
    if elements && shape == rows.shape { Ok(()) } else { Err("the shapes do not fit".into()) }
}

/// Whether one type is the other with one axis seen in windows that lie inside it.
fn windows(whole: &TensorType, parts: &TensorType, axis: u8, steps: Steps) -> Result<bool, String> {
    let (w, p, axis) = (whole.shape.sizes(), parts.shape.sizes(), axis as usize);
    let size = size(&whole.shape, axis as u8)?;
    if p.len() != w.len() + 1 || p[..axis] != w[..axis] || p[axis + 2..] != w[axis + 1..] {
        return Ok(false);
    }
    let last = |count: usize, step: u32| count.saturating_sub(1) * step as usize;
    let empty = p[axis] == 0 || p[axis + 1] == 0;
    let inside = steps.start as usize + last(p[axis], steps.outer) + last(p[axis + 1], steps.inner) < size;
    Ok(whole.element == parts.element && (empty || inside))
}

fn check_contract(arguments: &[&TensorType], ty: &TensorType, batch: usize, contract: usize) -> Result<(), String> {
    let [left, right] = arguments[..] else { return Err("takes two arguments".into()) };
    let (l, r) = (left.shape.sizes(), right.shape.sizes());
    if l.len() < batch + contract || r.len() < batch + contract {
        return Err("too few axes".into());
    }
    if l[..batch] != r[..batch] || l[l.len() - contract..] != r[r.len() - contract..] {
        return Err("the shared axes differ in size".into());
    }
    let shape: Shape = l[..l.len() - contract].iter().chain(&r[batch..r.len() - contract]).copied().collect();
    let element = left.element == right.element && left.element == ty.element;
    if element && shape == ty.shape { Ok(()) } else { Err("the result's type does not follow".into()) }
}

fn size(shape: &Shape, axis: u8) -> Result<usize, String> {
    shape.sizes().get(axis as usize).copied().ok_or_else(|| "the axis is not there".to_string())
}

fn same_but(left: &Shape, right: &Shape, axis: u8) -> bool {
    left.rank() == right.rank() && (0..left.rank()).all(|place| place == axis as usize || left[place] == right[place])
}
