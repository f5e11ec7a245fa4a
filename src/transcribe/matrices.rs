//! Functions of matrices: calls of built-in functions, in comprehensions where there are batches.

use super::position::Position;
use super::text::{Text, list};
use super::writer::{Block, Bound};
use crate::ir::{LinearAlgebra, NodeId, Op};

impl Block<'_, '_> {
    /// `let L = cholesky(A);`
    pub fn matrix_statement(&mut self, id: NodeId, function: LinearAlgebra, note: &str) {
        let arguments = self.graph.node(id).arguments.clone();
        let sizes = self.graph.ty(arguments[0]).shape.sizes().to_vec();
        let batch = sizes.len() - 2;
        let is_vector = batch == 0 && function.solves() && self.graph.ty(arguments[1]).shape[1] == 1;
        let indices: Vec<_> = sizes[..batch].iter().map(|size| self.writer.index(*size)).collect();
        let mut matrices: Vec<Text> = vec![self.matrix(arguments[0], &indices)];
        matrices.extend(arguments[1..].iter().map(|right| match is_vector {
            true => self.column(*right),
            false => self.matrix(*right, &indices),
        }));
        let mut text = self.matrix_call(function, &matrices);
        if batch > 0 {
            let mut ranges: Vec<String> = (0..batch).map(|_| self.writer.leave()).collect();
            ranges.reverse();
            text = format!("[{text} for {}]", ranges.join(", "));
        }
        if function == LinearAlgebra::SymmetricEigen {
            let [values, vectors] = ["eigenvalues", "eigenvectors"].map(|name| self.writer.fresh(name));
            self.let_be(&format!("({values}, {vectors})"), &text, note);
            self.bound.insert(id, Bound::Eigen(values, vectors));
            return;
        }
        let name = self.name_for(id, likely_name(function));
        self.let_be(&name, &text, note);
        self.bound.insert(id, if is_vector { Bound::Column(name) } else { Bound::Name(name) });
    }

    /// The only column of a matrix, as a vector.
    fn column(&mut self, id: NodeId) -> Text {
        let node = self.graph.node(id).clone();
        if let Some(Bound::Column(name)) = self.bound.get(&id) {
            return Text::atom(name.clone());
        }
        let is_free = !self.bound.contains_key(&id) && !self.plan.is_named(id);
        if is_free && node.op == Op::Reshape && self.graph.ty(node.arguments[0]).shape.rank() == 1 {
            return self.tensor(node.arguments[0]);
        }
        let row = self.writer.index(node.ty.shape[0]);
        let body = self.element(id, &[row, Position::constant(0)]);
        Text::atom(format!("[{} for {}]", body.text, self.writer.leave()))
    }

    /// One matrix of a batch.
    fn matrix(&mut self, id: NodeId, at: &[Position]) -> Text {
        if at.is_empty() {
            return self.tensor(id);
        }
        let sizes = self.graph.ty(id).shape.sizes().to_vec();
        match self.bound.get(&id).cloned() {
            Some(Bound::Name(name)) => self.subscript(&name, at, &sizes),
            _ => self.comprehension(id, at),
        }
    }

    fn matrix_call(&mut self, function: LinearAlgebra, arguments: &[Text]) -> String {
        let name = match function {
            LinearAlgebra::Cholesky => "cholesky",
            LinearAlgebra::Solve => "solve",
            LinearAlgebra::Determinant => "det",
            LinearAlgebra::LogAbsDeterminant => "logdet",
            LinearAlgebra::SymmetricEigen => "eigh",
            LinearAlgebra::Factors | LinearAlgebra::FactoredSolve { .. } | LinearAlgebra::FactoredLogAbsDeterminant => {
                unreachable!("factors come into finished graphs only, which are not written")
            }
            LinearAlgebra::DeterminantSign => return format!("sign(det({}))", list(arguments)),
            LinearAlgebra::Cofactors => {
                self.writer.uses_cofactors = true;
                "cofactors"
            }
            LinearAlgebra::TriangularSolve { upper, transposed } => {
                let lower = if upper { ", lower = false" } else { "" };
                let transposed = if transposed { ", transposed = true" } else { "" };
                return format!("solve_triangular({}{lower}{transposed})", list(arguments));
            }
        };
        Text::call(name, arguments).text
    }
}

/// What a result is called.
fn likely_name(function: LinearAlgebra) -> &'static str {
    match function {
        LinearAlgebra::Cholesky => "L",
        LinearAlgebra::Solve | LinearAlgebra::FactoredSolve { .. } | LinearAlgebra::TriangularSolve { .. } => {
            "solution"
        }
        LinearAlgebra::Determinant => "determinant",
        LinearAlgebra::LogAbsDeterminant | LinearAlgebra::FactoredLogAbsDeterminant => "log_determinant",
        LinearAlgebra::DeterminantSign => "determinant_sign",
        LinearAlgebra::Cofactors => "cofactor",
        LinearAlgebra::SymmetricEigen => "eigenvalues",
        LinearAlgebra::Factors => "factors",
    }
}
