//! Functions of matrices: calls of built-in functions, in comprehensions where there are batches.

use super::text::{Text, list};
use super::writer::{Block, Bound};
use crate::ir::{LinearAlgebra, NodeId};

impl Block<'_, '_> {
    /// `let L = cholesky(A);`
    pub fn matrix_statement(&mut self, id: NodeId, function: LinearAlgebra, note: &str) {
        let arguments = self.graph.node(id).arguments.clone();
        let sizes = self.graph.ty(arguments[0]).shape.sizes().to_vec();
        let batch = sizes.len() - 2;
        let indices: Vec<_> = sizes[..batch].iter().map(|size| self.writer.index(*size)).collect();
        let matrices: Vec<Text> = arguments.iter().map(|argument| self.matrix(*argument, &indices)).collect();
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
        let name = self.name_for(id, "matrix");
        self.let_be(&name, &text, note);
        self.bound.insert(id, Bound::Name(name));
    }

    /// One matrix of a batch.
    fn matrix(&mut self, id: NodeId, at: &[super::position::Position]) -> Text {
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
