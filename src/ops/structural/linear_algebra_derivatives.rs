//! Derivatives of functions of matrices, in both modes, as expressions of the same operations.
//!
//! `Cholesky` and `SymmetricEigen` see the mean of a matrix and its transpose, so their gradients are symmetric.
//! Triangular solutions read one triangle, and the gradient is zero elsewhere. The derivative of the determinant holds
//! at singular matrices too; its second derivative, and the derivative of the logarithm, are NaN there.

use super::contract::reached_rows;
use super::linear_algebra::function;
use super::{Cotangent, Mask, guarded_product};
use crate::ir::LinearAlgebra::{self, *};
use crate::ir::{Axes, ElementType, Graph, NodeId, Reduction, Shape};
use crate::ops::arithmetic::{ADD, DIVIDE, MULTIPLY, NEGATE, SUBTRACT};
use crate::ops::choice::SELECT;
use crate::ops::comparison::{AND, EQUAL, NOT_EQUAL, OR};

/// What the cotangent of a node contributes to that of an argument.
pub(super) fn reverse(graph: &mut Graph, id: NodeId, argument: usize, cotangent: Cotangent) -> Option<Cotangent> {
    let node = graph.node(id).clone();
    let (matrix, given) = (node.arguments[0], cotangent.node);
    let flow = match function(node.op) {
        DeterminantSign => return None,
        Determinant | LogAbsDeterminant => {
            let slope = determinant_slope(graph, function(node.op), matrix);
            let given = over_entries(graph, given, slope);
            return cotangent.with(guarded_product(graph, cotangent.mask, given, slope));
        }
        Cholesky => cholesky_reverse(graph, id, given),
        Cofactors => cofactors_along(graph, matrix, given),
        SymmetricEigen => eigen_reverse(graph, id, given),
        solution => {
            let by_right = adjoint_solution(graph, solution, matrix, given);
            if argument == 1 { by_right } else { solution_reverse(graph, id, cotangent, by_right) }
        }
    };
    if cotangent.mask < Mask::Masked {
        return cotangent.with(flow);
    }
    cotangent.with(of_sound_matrices(graph, id, given, flow))
}

/// Nothing of a matrix whose result was not selected, if it, the result or the flow is not finite. Of a sound matrix all
/// stays: a cotangent that just happens to be zero has derivatives of its own.
fn of_sound_matrices(graph: &mut Graph, id: NodeId, given: NodeId, flow: NodeId) -> NodeId {
    let matrix = graph.node(id).arguments[0];
    let whole = |graph: &Graph, node: NodeId| {
        let rank = graph.ty(node).shape.rank();
        Axes::new([rank - 2, rank - 1])
    };
    let zero = graph.constant_like(given, 0.0);
    let nonzero = graph.pointwise(&NOT_EQUAL, &[given, zero]);
    let axes = whole(graph, given);
    let reached = graph.reduce(Reduction::Max, nonzero, axes);
    let finite = [matrix, id, flow].map(|node| {
        let zero = graph.constant_like(node, 0.0);
        // NaN where the entry is NaN or infinite.
        let nothing = graph.pointwise(&MULTIPLY, &[node, zero]);
        let finite = graph.pointwise(&EQUAL, &[nothing, zero]);
        let axes = whole(graph, node);
        graph.reduce(Reduction::Min, finite, axes)
    });
    let sound = finite.into_iter().reduce(|all, each| graph.pointwise(&AND, &[all, each])).expect("there are three");
    let kept = graph.pointwise(&OR, &[reached, sound]);
    let shape = graph.ty(flow).shape.clone();
    let batch = graph.ty(kept).shape.rank();
    let kept = graph.broadcast(kept, Axes::new(0..batch), &shape);
    let nothing = graph.constant_like(flow, 0.0);
    graph.pointwise(&SELECT, &[kept, flow, nothing])
}

/// The tangent of a node from those of its arguments.
pub(super) fn forward(graph: &mut Graph, id: NodeId, tangents: &[Option<NodeId>], _: Mask) -> Option<NodeId> {
    let node = graph.node(id).clone();
    let matrix = node.arguments[0];
    match function(node.op) {
        DeterminantSign => None,
        Determinant | LogAbsDeterminant => {
            let slope = determinant_slope(graph, function(node.op), matrix);
            Some(inner_product(graph, slope, tangents[0]?))
        }
        Cholesky => Some(cholesky_forward(graph, id, tangents[0]?)),
        Cofactors => Some(cofactors_along(graph, matrix, tangents[0]?)),
        SymmetricEigen => Some(eigen_forward(graph, id, tangents[0]?)),
        solution => {
            let by_matrix = tangents[0].map(|tangent| {
                let tangent = triangle(graph, solution, tangent);
                let tangent = turned_as_read(graph, solution, tangent);
                let change = graph.matrix_product(tangent, id);
                graph.pointwise(&NEGATE, &[change])
            });
            let right = match (by_matrix, tangents[1]) {
                (Some(one), Some(other)) => graph.pointwise(&ADD, &[other, one]),
                (one, other) => one.or(other)?,
            };
            Some(graph.linear_algebra(solution, &[matrix, right]))
        }
    }
}

/// `C` or `A'^-1`: the derivative of the determinant, or of the logarithm of its absolute value, by each entry.
fn determinant_slope(graph: &mut Graph, function: LinearAlgebra, matrix: NodeId) -> NodeId {
    if function == Determinant { graph.linear_algebra(Cofactors, &[matrix]) } else { inverse_transposed(graph, matrix) }
}

fn inverse_transposed(graph: &mut Graph, matrix: NodeId) -> NodeId {
    let ty = graph.ty(matrix).clone();
    let turned = graph.transpose_matrix(matrix);
    let identity = graph.identity_matrix(ty.element, &ty.shape);
    graph.linear_algebra(Solve, &[turned, identity])
}

/// The derivative of the cofactors along a direction, which is its own transpose: `det(A) (<D, W> W - W D' W)` with
/// `W = A'^-1`.
fn cofactors_along(graph: &mut Graph, matrix: NodeId, direction: NodeId) -> NodeId {
    let inverse = inverse_transposed(graph, matrix);
    let along = inner_product(graph, direction, inverse);
    let along = over_entries(graph, along, inverse);
    let first = graph.pointwise(&MULTIPLY, &[along, inverse]);
    let turned = graph.transpose_matrix(direction);
    let second = graph.matrix_product(inverse, turned);
    let second = graph.matrix_product(second, inverse);
    let difference = graph.pointwise(&SUBTRACT, &[first, second]);
    let determinant = graph.linear_algebra(Determinant, &[matrix]);
    let determinant = over_entries(graph, determinant, difference);
    graph.pointwise(&MULTIPLY, &[determinant, difference])
}

/// `op(A)'^-1 G`: the cotangent of the right-hand side from that of the solution.
fn adjoint_solution(graph: &mut Graph, solution: LinearAlgebra, matrix: NodeId, given: NodeId) -> NodeId {
    match solution {
        TriangularSolve { upper, transposed } => {
            let function = TriangularSolve { upper, transposed: !transposed };
            graph.linear_algebra(function, &[matrix, given])
        }
        _ => {
            let turned = graph.transpose_matrix(matrix);
            graph.linear_algebra(Solve, &[turned, given])
        }
    }
}

/// `-B X'`: the cotangent of the matrix from that of the right-hand side.
fn solution_reverse(graph: &mut Graph, id: NodeId, cotangent: Cotangent, by_right: NodeId) -> NodeId {
    let batch = graph.ty(id).shape.rank() - 2;
    let mut solution = id;
    if cotangent.mask == Mask::Masked {
        // Columns that were not selected add nothing, whatever they hold.
        let columns = graph.transpose_matrix(solution);
        let reached = reached_rows(graph, cotangent.node, Axes::new([batch]), columns);
        solution = graph.transpose_matrix(reached);
    }
    let product = graph.contract(by_right, solution, batch, 1);
    let negated = graph.pointwise(&NEGATE, &[product]);
    let function = function(graph.node(id).op);
    let turned = turned_as_read(graph, function, negated);
    triangle(graph, function, turned)
}

/// The triangle of a matrix that a solution reads; zero elsewhere.
fn triangle(graph: &mut Graph, solution: LinearAlgebra, matrix: NodeId) -> NodeId {
    match solution {
        TriangularSolve { upper: true, .. } => where_entries(graph, |row, column| row <= column, matrix),
        TriangularSolve { upper: false, .. } => where_entries(graph, |row, column| row >= column, matrix),
        _ => matrix,
    }
}

/// A matrix as a solution reads it, or back.
fn turned_as_read(graph: &mut Graph, solution: LinearAlgebra, matrix: NodeId) -> NodeId {
    match solution {
        TriangularSolve { transposed: true, .. } => graph.transpose_matrix(matrix),
        _ => matrix,
    }
}

/// `½ (S + S')` with `S = L'^-1 Φ(L' G) L^-1`, where `Φ` keeps the lower triangle and halves the diagonal.
fn cholesky_reverse(graph: &mut Graph, factor: NodeId, given: NodeId) -> NodeId {
    let turned = graph.transpose_matrix(factor);
    let product = graph.matrix_product(turned, given);
    let lower = lower_half(graph, product);
    let solve = TriangularSolve { upper: false, transposed: true };
    let left = graph.linear_algebra(solve, &[factor, lower]);
    let left = graph.transpose_matrix(left);
    let both = graph.linear_algebra(solve, &[factor, left]);
    symmetric_part(graph, both)
}

/// `L Φ(L^-1 ½(D + D') L'^-1)`
fn cholesky_forward(graph: &mut Graph, factor: NodeId, direction: NodeId) -> NodeId {
    let direction = symmetric_part(graph, direction);
    let solve = TriangularSolve { upper: false, transposed: false };
    let left = graph.linear_algebra(solve, &[factor, direction]);
    let left = graph.transpose_matrix(left);
    let both = graph.linear_algebra(solve, &[factor, left]);
    let lower = lower_half(graph, both);
    graph.matrix_product(factor, lower)
}

fn lower_half(graph: &mut Graph, matrix: NodeId) -> NodeId {
    let lower = where_entries(graph, |row, column| row >= column, matrix);
    let ty = graph.ty(matrix).clone();
    let weight = |row, column| if row == column { 0.5 } else { 1.0 };
    let weights = graph.constant_matrix(ty.element, &ty.shape, weight);
    graph.pointwise(&MULTIPLY, &[lower, weights])
}

fn symmetric_part(graph: &mut Graph, matrix: NodeId) -> NodeId {
    let turned = graph.transpose_matrix(matrix);
    let sum = graph.pointwise(&ADD, &[matrix, turned]);
    let half = graph.constant_like(sum, 0.5);
    graph.pointwise(&MULTIPLY, &[sum, half])
}

/// The eigenvalues `[batch…, n]` and eigenvectors `[batch…, n, n]` of a result, or their cotangents.
fn eigen_parts(graph: &mut Graph, result: NodeId) -> (NodeId, NodeId) {
    let shape = graph.ty(result).shape.clone();
    let (rows, n) = (shape.rank() - 2, shape[shape.rank() - 1]);
    let values = graph.slice(result, rows, 0, 1, 1);
    let flat: Shape = shape.sizes()[..rows].iter().copied().chain([n]).collect();
    (graph.reshape(values, &flat), graph.slice(result, rows, 1, 1, n))
}

/// Entry `[i, j]` divided by the difference of the eigenvalues `j` and `i`; 0 where they are equal.
fn over_differences(graph: &mut Graph, values: NodeId, matrix: NodeId) -> NodeId {
    let shape = graph.ty(matrix).shape.clone();
    let batch = shape.rank() - 2;
    let by_column = graph.broadcast(values, Axes::new((0..batch).chain([batch + 1])), &shape);
    let by_row = graph.broadcast(values, Axes::new(0..=batch), &shape);
    let difference = graph.pointwise(&SUBTRACT, &[by_column, by_row]);
    let [zero, one] = [0.0, 1.0].map(|value| graph.constant_like(matrix, value));
    let equal = graph.pointwise(&EQUAL, &[difference, zero]);
    let divisor = graph.pointwise(&SELECT, &[equal, one, difference]);
    let quotient = graph.pointwise(&DIVIDE, &[matrix, divisor]);
    graph.pointwise(&SELECT, &[equal, zero, quotient])
}

/// The symmetric part of `V (diag(g) + (V' G) ∘ F) V'`.
fn eigen_reverse(graph: &mut Graph, id: NodeId, given: NodeId) -> NodeId {
    let (values, vectors) = eigen_parts(graph, id);
    let (by_values, by_vectors) = eigen_parts(graph, given);
    let turned = graph.transpose_matrix(vectors);
    let product = graph.matrix_product(turned, by_vectors);
    let mixed = over_differences(graph, values, product);
    let shape = graph.ty(mixed).shape.clone();
    let diagonal = graph.broadcast(by_values, Axes::new(0..shape.rank() - 1), &shape);
    let on_diagonal = entries(graph, |row, column| row == column, &shape);
    let inner = graph.pointwise(&SELECT, &[on_diagonal, diagonal, mixed]);
    let left = graph.matrix_product(vectors, inner);
    let both = graph.matrix_product(left, turned);
    symmetric_part(graph, both)
}

/// The diagonal of `M = V' ½(D + D') V`, and `V (M ∘ F)`.
fn eigen_forward(graph: &mut Graph, id: NodeId, direction: NodeId) -> NodeId {
    let (values, vectors) = eigen_parts(graph, id);
    let direction = symmetric_part(graph, direction);
    let turned = graph.transpose_matrix(vectors);
    let left = graph.matrix_product(turned, direction);
    let inner = graph.matrix_product(left, vectors);
    let mixed = over_differences(graph, values, inner);
    let by_vectors = graph.matrix_product(vectors, mixed);
    let diagonal = where_entries(graph, |row, column| row == column, inner);
    let rows = graph.ty(inner).shape.rank() - 2;
    let by_values = graph.reduce(Reduction::Sum, diagonal, Axes::new([rows]));
    let row: Shape = {
        let sizes = graph.ty(by_values).shape.sizes();
        sizes[..rows].iter().copied().chain([1, sizes[rows]]).collect()
    };
    let by_values = graph.reshape(by_values, &row);
    graph.concatenate(&[by_values, by_vectors], rows)
}

/// The sum of the products of the entries of two matrices.
fn inner_product(graph: &mut Graph, left: NodeId, right: NodeId) -> NodeId {
    let batch = graph.ty(left).shape.rank() - 2;
    graph.contract(left, right, batch, 2)
}

/// One number for each matrix, repeated to all its entries.
fn over_entries(graph: &mut Graph, numbers: NodeId, like: NodeId) -> NodeId {
    let shape = graph.ty(like).shape.clone();
    graph.broadcast(numbers, Axes::new(0..shape.rank() - 2), &shape)
}

/// The truth of a condition on row and column, for every matrix.
fn entries(graph: &mut Graph, condition: impl Fn(usize, usize) -> bool, shape: &Shape) -> NodeId {
    graph.constant_matrix(ElementType::Bool, shape, |row, column| f64::from(u8::from(condition(row, column))))
}

/// A matrix with zeros where a condition on row and column does not hold.
fn where_entries(graph: &mut Graph, condition: impl Fn(usize, usize) -> bool, matrix: NodeId) -> NodeId {
    let shape = graph.ty(matrix).shape.clone();
    let inside = entries(graph, condition, &shape);
    let zero = graph.constant_like(matrix, 0.0);
    graph.pointwise(&SELECT, &[inside, matrix, zero])
}
