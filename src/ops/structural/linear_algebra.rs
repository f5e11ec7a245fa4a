//! Functions of matrices: how they are evaluated and batched. Their derivatives stand in a file of their own.

use super::linear_algebra_derivatives::{forward, reverse};
use super::{Batching, Call, Dependence, Fault, Structural, table};
use crate::ir::{Axes, Graph, LinearAlgebra, NodeId, Op, Table};

/// Factorisations, solutions, determinants and eigenvalues of square matrices.
pub static LINEAR_ALGEBRA: Structural = Structural {
    name: "linear_algebra",
    documentation: "A function of square matrices; where there is no result, all of it is NaN.",
    evaluate,
    reverse,
    forward,
    batch,
    dependence: |_, _| Dependence::All,
};

/// The function of a node.
pub(super) fn function(op: Op) -> LinearAlgebra {
    match op {
        Op::LinearAlgebra(function) => function,
        _ => unreachable!("only functions of matrices come here"),
    }
}

/// Computed by the runtime's own functions in double precision and rounded once, as native code does.
fn evaluate(call: &Call) -> Result<Table, Fault> {
    let function = function(call.node.op);
    let sizes = call.arguments[0].ty.shape.sizes();
    let (batch, n) = (sizes[..sizes.len() - 2].iter().product::<usize>(), sizes[sizes.len() - 1]);
    let k = if function.solves() { call.arguments[1].ty.shape[sizes.len() - 1] } else { 0 };
    let mut matrices = table::numbers(call.arguments[0]);
    let rights = call.arguments.get(1).map_or(Vec::new(), |rights| table::numbers(rights));
    let count = function.result_count(n, k);
    let (mut results, mut work) = (vec![0.0; batch * count], vec![0.0; function.work(n)]);
    for entry in 0..batch {
        let right = if function.solves() { &rights[entry * n * k..][..n * k] } else { &[] };
        let matrix = &mut matrices[entry * n * n..][..n * n];
        function.compute(n, matrix, right, &mut results[entry * count..][..count], &mut work);
    }
    Ok(table::reals(call.node.ty.element, call.node.ty.shape.clone(), &results))
}

fn batch(graph: &mut Graph, batching: &Batching) -> NodeId {
    let function = function(batching.node.op);
    if batching.carried == [false, true] {
        return shared_matrix(graph, batching, function);
    }
    let arguments: Vec<NodeId> = (0..batching.arguments.len()).map(|at| batching.carry(graph, at)).collect();
    graph.linear_algebra(function, &arguments)
}

/// One matrix for all examples: their right-hand sides become columns of one, and the matrix is factored once.
fn shared_matrix(graph: &mut Graph, batching: &Batching, function: LinearAlgebra) -> NodeId {
    let (matrix, right) = (batching.arguments[0], batching.arguments[1]);
    let rank = graph.ty(matrix).shape.rank();
    // [size, batch…, n, k] to [batch…, n, size, k] to [batch…, n, size k], and back.
    let there = Axes::new((1..rank).chain([0, rank]));
    let back = Axes::new(std::iter::once(rank - 1).chain(0..rank - 1).chain([rank]));
    let turned = graph.transpose(right, there);
    let apart = graph.ty(turned).shape.clone();
    let columns = apart[rank - 1] * apart[rank];
    let together = apart.sizes()[..rank - 1].iter().copied().chain([columns]).collect();
    let columns = graph.reshape(turned, &together);
    let solved = graph.linear_algebra(function, &[matrix, columns]);
    let solved = graph.reshape(solved, &apart);
    graph.transpose(solved, back)
}
