//! Complex values: with a step along the imaginary axis too small to change the real parts, the imaginary part of the
//! result is a slope without cancellation. It knows the meanings of operations only, not their derivatives.

use super::complex_functions::{Complex, Continuation, continuation};
use super::lanes::evaluate;
use super::walk::{Kind, Obstacle};
use crate::ir::{BatchReduction, Graph, Meaning, Node, Op, Reduction, Table};
use crate::ops::structural::definition;
use crate::ops::structural::table::{each_index, numbers, position, reals};
use std::rc::Rc;

/// How far along the imaginary axis.
pub(super) const STEP: f64 = 1e-30;

/// Complex values.
pub(super) struct ComplexStep;

/// A tensor with an imaginary part where it varies.
#[derive(Clone)]
pub(super) struct ComplexTable {
    pub real: Rc<Table>,
    pub imaginary: Option<Rc<Table>>,
}

impl ComplexTable {
    /// A table that is moved along the imaginary axis.
    pub(super) fn moved(table: &Table, direction: &[f64]) -> Self {
        let step: Vec<f64> = direction.iter().map(|each| each * STEP).collect();
        let imaginary = reals(table.ty.element, table.ty.shape.clone(), &step);
        ComplexTable { real: Rc::new(table.clone()), imaginary: Some(Rc::new(imaginary)) }
    }

    fn constant(table: Table) -> Self {
        ComplexTable { real: Rc::new(table), imaginary: None }
    }

    fn of(real: Table, imaginary: Table) -> Self {
        ComplexTable { real: Rc::new(real), imaginary: Some(Rc::new(imaginary)) }
    }

    /// The imaginary part; of what does not vary, zeros if it is real and itself otherwise.
    fn imaginary_or_zero(&self) -> Rc<Table> {
        match &self.imaginary {
            Some(imaginary) => imaginary.clone(),
            None if self.real.ty.element.is_real() => {
                Rc::new(Table { ty: self.real.ty.clone(), bits: vec![0; self.real.bits.len()] })
            }
            None => self.real.clone(),
        }
    }

    fn elements(&self) -> Vec<Complex> {
        let imaginary = numbers(&self.imaginary_or_zero());
        numbers(&self.real).into_iter().zip(imaginary).map(|(re, im)| Complex { re, im }).collect()
    }

    fn from_elements(node: &Node, elements: &[Complex]) -> Self {
        let part = |of: fn(&Complex) -> f64| {
            let values: Vec<f64> = elements.iter().map(of).collect();
            reals(node.ty.element, node.ty.shape.clone(), &values)
        };
        ComplexTable::of(part(|each| each.re), part(|each| each.im))
    }
}

impl Kind for ComplexStep {
    type Value = ComplexTable;

    fn constant(&self, table: Table) -> ComplexTable {
        ComplexTable::constant(table)
    }

    fn apply(&self, graph: &Graph, node: &Node, arguments: &[&ComplexTable]) -> Result<ComplexTable, Obstacle> {
        let reals: Vec<&Table> = arguments.iter().map(|each| &*each.real).collect();
        let varies = arguments.iter().any(|each| each.imaginary.is_some());
        if !varies || !node.ty.element.is_real() {
            return Ok(ComplexTable::constant(evaluate(graph, node, &reals)?));
        }
        match node.op {
            Op::Pointwise(_) => pointwise(node, arguments),
            Op::Contract { .. } => product(graph, node, arguments),
            Op::Reduce(reduction, _) if reduction != Reduction::Sum => Ok(fold(node, reduction, arguments[0])),
            op if is_linear(op) => {
                let parts: Vec<Rc<Table>> = arguments.iter().map(|each| each.imaginary_or_zero()).collect();
                let parts: Vec<&Table> = parts.iter().map(|part| &**part).collect();
                Ok(ComplexTable::of(evaluate(graph, node, &reals)?, evaluate(graph, node, &parts)?))
            }
            _ => Err(Obstacle::NoRule(name(node))),
        }
    }

    fn linear(&self, arguments: &[&ComplexTable], function: &dyn Fn(&[&Table]) -> Table) -> ComplexTable {
        let reals: Vec<&Table> = arguments.iter().map(|each| &*each.real).collect();
        let real = function(&reals);
        if arguments.iter().all(|each| each.imaginary.is_none()) || !real.ty.element.is_real() {
            return ComplexTable::constant(real);
        }
        let parts: Vec<Rc<Table>> = arguments.iter().map(|each| each.imaginary_or_zero()).collect();
        let parts: Vec<&Table> = parts.iter().map(|part| &**part).collect();
        ComplexTable::of(real, function(&parts))
    }

    fn frozen(&self, value: &ComplexTable) -> ComplexTable {
        ComplexTable { real: value.real.clone(), imaginary: None }
    }

    fn sloped(&self, argument: &ComplexTable, slope: &ComplexTable) -> ComplexTable {
        let ty = &argument.real.ty;
        let moved = numbers(&argument.imaginary_or_zero());
        let imaginary: Vec<f64> = numbers(&slope.real).iter().zip(moved).map(|(slope, step)| slope * step).collect();
        let zero = vec![-0.0; imaginary.len()];
        ComplexTable::of(reals(ty.element, ty.shape.clone(), &zero), reals(ty.element, ty.shape.clone(), &imaginary))
    }

    fn decision(&self, value: &ComplexTable) -> Result<i64, Obstacle> {
        Ok(value.real.bits[0] as i64)
    }
}

/// What an operation is called.
fn name(node: &Node) -> String {
    match node.op {
        Op::Pointwise(pointwise) => pointwise.0.name.to_string(),
        op => definition(&op).name.to_string(),
    }
}

/// Whether the value is linear in its real arguments together.
fn is_linear(op: Op) -> bool {
    match op {
        Op::Broadcast(_)
        | Op::Reshape
        | Op::Transpose(_)
        | Op::Slice { .. }
        | Op::Pad { .. }
        | Op::Window { .. }
        | Op::Unwindow { .. }
        | Op::Concatenate(_)
        | Op::Reverse(_)
        | Op::Reduce(Reduction::Sum, _)
        | Op::Gather { .. }
        | Op::ScatterAdd { .. } => true,
        Op::BatchReduce(reduction) => matches!(reduction, BatchReduction::Sum | BatchReduction::Mean),
        _ => false,
    }
}

fn pointwise(node: &Node, arguments: &[&ComplexTable]) -> Result<ComplexTable, Obstacle> {
    let Op::Pointwise(definition) = node.op else { return Err(Obstacle::NoRule(name(node))) };
    let elements: Vec<Vec<Complex>> = arguments.iter().map(|each| each.elements()).collect();
    let places = 0..node.ty.shape.count();
    let values: Vec<Complex> = match (&definition.0.meaning, continuation(definition.0)) {
        (Meaning::Select, _) => {
            places.map(|at| elements[if arguments[0].real.bits[at] != 0 { 1 } else { 2 }][at]).collect()
        }
        (Meaning::Convert(_), _) => elements[0].clone(),
        (_, Some(Continuation::One(rule))) => places.map(|at| rule(elements[0][at])).collect(),
        (_, Some(Continuation::Two(rule))) => places.map(|at| rule(elements[0][at], elements[1][at])).collect(),
        (_, None) => return Err(Obstacle::NoRule(name(node))),
    };
    Ok(ComplexTable::from_elements(node, &values))
}

/// A sum of products, from those of the parts.
fn product(graph: &Graph, node: &Node, arguments: &[&ComplexTable]) -> Result<ComplexTable, Obstacle> {
    let (left, right) = (arguments[0], arguments[1]);
    let (left_step, right_step) = (left.imaginary_or_zero(), right.imaginary_or_zero());
    let part = |a: &Table, b: &Table| evaluate(graph, node, &[a, b]).map(|table| numbers(&table));
    let (both_real, both_imaginary) = (part(&left.real, &right.real)?, part(&left_step, &right_step)?);
    let (first, second) = (part(&left.real, &right_step)?, part(&left_step, &right.real)?);
    let places = 0..node.ty.shape.count();
    let values = places.map(|at| Complex { re: both_real[at] - both_imaginary[at], im: first[at] + second[at] });
    Ok(ComplexTable::from_elements(node, &values.collect::<Vec<_>>()))
}

/// A product or an extreme along axes; the real parts say which element is the extreme.
fn fold(node: &Node, reduction: Reduction, argument: &ComplexTable) -> ComplexTable {
    let Op::Reduce(_, axes) = node.op else { return argument.clone() };
    let elements = argument.elements();
    let strides = node.ty.shape.strides();
    let mut folded: Vec<Option<Complex>> = vec![None; node.ty.shape.count()];
    let mut at = 0;
    each_index(&argument.real.ty.shape, |index| {
        let kept = index.iter().enumerate().filter(|(axis, _)| !axes.contains(*axis)).map(|(_, entry)| *entry);
        let group = &mut folded[position(&strides, kept)];
        let element = elements[at];
        *group = Some(match (*group, reduction) {
            (None, _) => element,
            (Some(so_far), Reduction::Product) => so_far * element,
            (Some(so_far), Reduction::Min) => {
                if element.re < so_far.re {
                    element
                } else {
                    so_far
                }
            }
            (Some(so_far), _) => {
                if element.re > so_far.re {
                    element
                } else {
                    so_far
                }
            }
        });
        at += 1;
    });
    let empty = match reduction {
        Reduction::Product => 1.0,
        Reduction::Min => f64::INFINITY,
        _ => f64::NEG_INFINITY,
    };
    let values: Vec<Complex> = folded.into_iter().map(|each| each.unwrap_or(Complex { re: empty, im: 0.0 })).collect();
    ComplexTable::from_elements(node, &values)
}
