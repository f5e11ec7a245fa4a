//! Functions with a derivative of their own, as `derivative f(x) = e` makes them: a value of `x` that is a constant for
//! differentiation, and a slope of `x` beside it.

use super::plan::Plan;
use super::position::Position;
use super::text::Text;
use super::writer::{Block, Bound};
use crate::ir::{Graph, NodeId, Op, Pointwise};
use crate::ops::arithmetic::ADD;
use crate::ops::choice::{OWN_SLOPE, STOP_GRADIENT};
use std::collections::{HashMap, HashSet};

/// A node that is such a function of an argument.
#[derive(Clone, Copy)]
pub(super) struct Replaced {
    pub argument: NodeId,
    value: NodeId,
    slope: NodeId,
}

impl Replaced {
    /// A node as such a function, if its value and its slope are elementwise and depend on the argument alone.
    pub fn of(graph: &Graph, id: NodeId) -> Option<Self> {
        let [value, nothing] = arguments_of(graph, id, &ADD)?;
        let [argument, slope] = arguments_of(graph, nothing, &OWN_SLOPE)?;
        let replaced = Replaced { argument, value, slope };
        let fits = depends_alone(graph, value, &replaced.constants(graph)) && depends_alone(graph, slope, &[argument]);
        fits.then_some(replaced)
    }

    /// The argument without its derivative.
    fn constants(&self, graph: &Graph) -> Vec<NodeId> {
        graph.ids().filter(|each| arguments_of(graph, *each, &STOP_GRADIENT) == Some([self.argument])).collect()
    }
}

/// Whether a node is elementwise and depends on nothing but these.
fn depends_alone(graph: &Graph, root: NodeId, sources: &[NodeId]) -> bool {
    let mut seen = HashSet::new();
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        if sources.contains(&id) || graph.constant_value(id).is_some() || !seen.insert(id) {
            continue;
        }
        if !matches!(graph.node(id).op, Op::Pointwise(_)) {
            return false;
        }
        open.extend(&graph.node(id).arguments);
    }
    true
}

impl Block<'_, '_> {
    /// A call of such a function, which is written beside those that are asked for.
    pub fn with_own_slope(&mut self, replaced: Replaced, at: &[Position]) -> Text {
        let constants = replaced.constants(self.graph);
        let value = self.function_of(replaced.value, &constants);
        let slope = self.function_of(replaced.slope, &[replaced.argument]);
        let pair = (value, slope);
        let known = self.writer.own_slopes.iter().position(|each| *each == pair);
        let number = known.unwrap_or_else(|| {
            self.writer.own_slopes.push(pair);
            self.writer.own_slopes.len() - 1
        });
        let argument = self.element(replaced.argument, at);
        Text::call(&format!("own_slope_{}", number + 1), &[argument])
    }

    /// The text of a node as a function of `x`, which some nodes are.
    fn function_of(&mut self, root: NodeId, sources: &[NodeId]) -> String {
        let (preferred, derived) = (HashMap::new(), HashMap::new());
        let x = || Bound::Number(Text::atom("x"));
        let mut block = Block {
            writer: &mut *self.writer,
            graph: self.graph,
            plan: Plan::nothing_named(self.graph),
            bound: sources.iter().map(|id| (*id, x())).collect(),
            statements: String::new(),
            preferred: &preferred,
            derived: &derived,
        };
        block.element(root, &[]).text
    }
}

fn arguments_of<const N: usize>(graph: &Graph, id: NodeId, definition: &'static Pointwise) -> Option<[NodeId; N]> {
    let fits = graph.pointwise_of(id).is_some_and(|each| std::ptr::eq(each, definition));
    if fits { graph.node(id).arguments[..].try_into().ok() } else { None }
}
