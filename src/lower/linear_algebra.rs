//! Functions of matrices to nodes.

use super::{Lowerer, Value};
use crate::check::linear_algebra::MatrixFunction;
use crate::check::program::Typed;
use crate::ir::{LinearAlgebra, NodeId, Reduction, Shape};

impl Lowerer<'_> {
    /// A function of a matrix, and of a right-hand side if there is one.
    pub(super) fn matrix_function(&mut self, function: MatrixFunction, arguments: &[Typed]) -> Value {
        let arguments: Vec<NodeId> = arguments.iter().map(|argument| self.tensor(argument)).collect();
        let matrix = arguments[0];
        let node = match function {
            MatrixFunction::Cholesky => self.graph.linear_algebra(LinearAlgebra::Cholesky, &[matrix]),
            MatrixFunction::Determinant => self.graph.linear_algebra(LinearAlgebra::Determinant, &[matrix]),
            MatrixFunction::LogDeterminant => self.graph.linear_algebra(LinearAlgebra::LogAbsDeterminant, &[matrix]),
            MatrixFunction::Solve => self.solution(LinearAlgebra::Solve, matrix, arguments[1]),
            MatrixFunction::SolveTriangular { lower, transposed } => {
                let function = LinearAlgebra::TriangularSolve { upper: !lower, transposed };
                self.solution(function, matrix, arguments[1])
            }
            MatrixFunction::Inverse => {
                let ty = self.graph.ty(matrix).clone();
                let identity = self.graph.identity_matrix(ty.element, &ty.shape);
                self.graph.linear_algebra(LinearAlgebra::Solve, &[matrix, identity])
            }
            MatrixFunction::Trace => self.trace(matrix),
            MatrixFunction::SymmetricEigen => return self.eigen(matrix),
        };
        Value::Node(node)
    }

    /// A solution for a vector or the columns of a matrix.
    fn solution(&mut self, function: LinearAlgebra, matrix: NodeId, right: NodeId) -> NodeId {
        let shape = self.graph.ty(right).shape.clone();
        if shape.rank() == 2 {
            return self.graph.linear_algebra(function, &[matrix, right]);
        }
        let column = self.graph.reshape(right, &Shape::new(&[shape[0], 1]));
        let solved = self.graph.linear_algebra(function, &[matrix, column]);
        self.graph.reshape(solved, &shape)
    }

    /// The sum of the diagonal: every `n + 1`-th entry.
    fn trace(&mut self, matrix: NodeId) -> NodeId {
        let n = self.graph.ty(matrix).shape[0];
        let entries = self.graph.reshape(matrix, &Shape::new(&[n * n]));
        let diagonal = self.graph.slice(entries, 0, 0, n + 1, n);
        self.graph.reduce_all(Reduction::Sum, diagonal)
    }

    fn eigen(&mut self, matrix: NodeId) -> Value {
        let n = self.graph.ty(matrix).shape[0];
        let both = self.graph.linear_algebra(LinearAlgebra::SymmetricEigen, &[matrix]);
        let values = self.graph.slice(both, 0, 0, 1, 1);
        let values = self.graph.reshape(values, &Shape::new(&[n]));
        let vectors = self.graph.slice(both, 0, 1, 1, n);
        Value::Tuple(vec![Value::Node(values), Value::Node(vectors)])
    }
}
