//! The graph of one expression of an action.

use super::{Lowered, Lowerer};
use crate::check::program::{Program, Typed};

/// A graph whose outputs are the leaves of the expression, in order.
pub fn lower_value(program: &Program, typed: &Typed) -> Lowered {
    lower_values(program, &[typed])
}

/// A graph whose outputs are the leaves of several expressions, one after another.
pub fn lower_values(program: &Program, values: &[&Typed]) -> Lowered {
    let mut lowerer = Lowerer::new(program);
    let mut leaves = Vec::new();
    for typed in values {
        lowerer.lower(typed).leaves(&mut leaves);
    }
    for (place, leaf) in leaves.into_iter().enumerate() {
        lowerer.graph.output(format!("{place}"), leaf);
    }
    lowerer.finish()
}
