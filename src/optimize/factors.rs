//! Factors of matrices, found once for all that is solved with a matrix and its transpose: a value and its gradient.
//!
//! Whether a node goes by factors follows from its own type, not from who else needs them, so that a result has the same
//! bits in every program.

use super::Rule;
use crate::ir::{ElementType, Graph, LinearAlgebra, NodeId, Op};

/// Below this size, finding the factors again costs less than a further kernel.
const LEAST: usize = 8;

/// Rules for graphs that will not be differentiated again. Solutions with the transpose round differently.
pub static FINAL: &[Rule] = &[
    Rule::rounding("solve(A, b) = solve_by_factors(factors(A), b), and of A' with the factors of A", solution),
    Rule::rounding("log|det A|, from factors(A)", log_determinant),
];

fn solution(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [matrix, right] = arguments_of(graph, id, LinearAlgebra::Solve)?;
    let turned = transposed(graph, matrix);
    let factors = graph.linear_algebra(LinearAlgebra::Factors, &[turned.unwrap_or(matrix)]);
    let function = LinearAlgebra::FactoredSolve { transposed: turned.is_some() };
    Some(graph.linear_algebra(function, &[factors, right]))
}

fn log_determinant(graph: &mut Graph, id: NodeId) -> Option<NodeId> {
    let [matrix] = arguments_of(graph, id, LinearAlgebra::LogAbsDeterminant)?;
    let factors = graph.linear_algebra(LinearAlgebra::Factors, &[matrix]);
    Some(graph.linear_algebra(LinearAlgebra::FactoredLogAbsDeterminant, &[factors]))
}

/// The arguments of a function of a matrix that goes by factors. In single precision the factors would be rounded.
fn arguments_of<const N: usize>(graph: &Graph, id: NodeId, function: LinearAlgebra) -> Option<[NodeId; N]> {
    let node = graph.node(id);
    let fits = node.op == Op::LinearAlgebra(function) && node.ty.element == ElementType::F64;
    let arguments: [NodeId; N] = if fits { node.arguments[..].try_into().ok()? } else { return None };
    let n = graph.ty(arguments[0]).shape.sizes().last().copied()?;
    (n >= LEAST).then_some(arguments)
}

/// What a matrix is the transpose of, within equal leading axes.
fn transposed(graph: &Graph, matrix: NodeId) -> Option<NodeId> {
    let node = graph.node(matrix);
    let Op::Transpose(axes) = node.op else { return None };
    let rank = axes.len();
    let exchanged = (0..rank - 2).chain([rank - 1, rank - 2]);
    axes.iter().eq(exchanged).then(|| node.arguments[0])
}
