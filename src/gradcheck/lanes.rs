//! Several points at once: each node's value at all of them, the unvaried point first.

use super::walk::{Kind, Obstacle};
use crate::ir::{Graph, Node, Table};
use crate::ops::structural::table::{numbers, reals};
use crate::ops::structural::{Call, definition};
use std::rc::Rc;

/// Values at several points.
pub(super) struct Lanes;

/// One table for each point, or a single one where all are equal.
pub(super) type Tables = Rc<Vec<Table>>;

/// The table of a point.
pub(super) fn lane(tables: &Tables, point: usize) -> &Table {
    if tables.len() == 1 { &tables[0] } else { &tables[point] }
}

/// A function of tables at every point.
fn each<E>(arguments: &[&Tables], function: impl Fn(&[&Table]) -> Result<Table, E>) -> Result<Tables, E> {
    let points = arguments.iter().map(|tables| tables.len()).max().unwrap_or(1);
    let at = |point: usize| {
        let tables: Vec<&Table> = arguments.iter().map(|tables| lane(tables, point)).collect();
        function(&tables)
    };
    (0..points).map(at).collect::<Result<Vec<Table>, E>>().map(Rc::new)
}

/// The value of a node from those of its arguments.
pub(super) fn evaluate(graph: &Graph, node: &Node, arguments: &[&Table]) -> Result<Table, Obstacle> {
    (definition(&node.op).evaluate)(&Call { graph, node, inputs: &[], arguments }).map_err(Obstacle::Fault)
}

impl Kind for Lanes {
    type Value = Tables;

    fn constant(&self, table: Table) -> Tables {
        Rc::new(vec![table])
    }

    fn apply(&self, graph: &Graph, node: &Node, arguments: &[&Tables]) -> Result<Tables, Obstacle> {
        each(arguments, |tables| evaluate(graph, node, tables))
    }

    fn linear(&self, arguments: &[&Tables], function: &dyn Fn(&[&Table]) -> Table) -> Tables {
        let result: Result<Tables, std::convert::Infallible> = each(arguments, |tables| Ok(function(tables)));
        match result {
            Ok(tables) => tables,
            Err(never) => match never {},
        }
    }

    fn frozen(&self, value: &Tables) -> Tables {
        Rc::new(vec![value[0].clone()])
    }

    fn sloped(&self, argument: &Tables, slope: &Tables) -> Tables {
        let (origin, slope) = (numbers(&argument[0]), numbers(&slope[0]));
        let at = |table: &Table| {
            let moved = numbers(table);
            let places = 0..moved.len();
            let values: Vec<f64> = places.map(|at| slope[at] * (moved[at] - origin[at])).collect();
            reals(table.ty.element, table.ty.shape.clone(), &values)
        };
        Rc::new(argument.iter().map(at).collect())
    }

    fn decision(&self, value: &Tables) -> Result<i64, Obstacle> {
        let first = value[0].bits[0];
        if value.iter().any(|table| table.bits[0] != first) {
            return Err(Obstacle::Ways);
        }
        Ok(first as i64)
    }
}
