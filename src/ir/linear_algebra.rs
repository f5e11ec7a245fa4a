//! Functions of matrices as nodes: their constructor, names and type rule.

use super::graph::{Graph, NodeId};
use super::op::{LinearAlgebra, Op};
use super::types::{Axes, ElementType, Shape, TensorType};

impl Graph {
    /// A function of the matrices `[batch…, n, n]`; a solving one takes right-hand sides `[batch…, n, k]` too.
    pub fn linear_algebra(&mut self, function: LinearAlgebra, arguments: &[NodeId]) -> NodeId {
        let types: Vec<&TensorType> = arguments.iter().map(|argument| self.ty(*argument)).collect();
        let ty = TensorType::new(types[0].element, result(function, &types));
        self.intern(Op::LinearAlgebra(function), arguments, ty)
    }

    /// The last two axes exchanged.
    pub fn transpose_matrix(&mut self, matrix: NodeId) -> NodeId {
        let rank = self.ty(matrix).shape.rank();
        self.transpose(matrix, Axes::new((0..rank - 2).chain([rank - 1, rank - 2])))
    }

    /// The products of the matrices `[batch…, n, m]` and `[batch…, m, k]`.
    pub fn matrix_product(&mut self, left: NodeId, right: NodeId) -> NodeId {
        let batch = self.ty(left).shape.rank() - 2;
        let right = self.transpose_matrix(right);
        self.contract(left, right, batch, 1)
    }

    /// Identity matrices in the given shape.
    pub fn identity_matrix(&mut self, element: ElementType, shape: &Shape) -> NodeId {
        self.constant_matrix(element, shape, |row, column| if row == column { 1.0 } else { 0.0 })
    }

    /// One matrix, given entry by entry, for every entry of the leading axes of the given shape.
    pub fn constant_matrix(
        &mut self,
        element: ElementType,
        shape: &Shape,
        entry: impl Fn(usize, usize) -> f64,
    ) -> NodeId {
        let sizes = &shape.sizes()[shape.rank() - 2..];
        let values: Vec<f64> = (0..sizes[0])
            .flat_map(|row| (0..sizes[1]).map(move |column| (row, column)))
            .map(|(r, c)| entry(r, c))
            .collect();
        let table = self.real_table(element, Shape::new(sizes), &values);
        self.broadcast(table, Axes::new(shape.rank() - 2..shape.rank()), shape)
    }
}

/// The result's shape, for arguments that fit.
fn result(function: LinearAlgebra, arguments: &[&TensorType]) -> Shape {
    let sizes = arguments[0].shape.sizes();
    let (batch, matrix) = sizes.split_at(sizes.len() - 2);
    let k = if function.solves() { arguments[1].shape[sizes.len() - 1] } else { 0 };
    batch.iter().copied().chain(function.result(matrix[1], k).into_iter().flatten()).collect()
}

/// The rule of a function of matrices.
pub fn check(function: LinearAlgebra, arguments: &[&TensorType], ty: &TensorType) -> Result<(), String> {
    if arguments.len() != 1 + usize::from(function.solves()) {
        return Err("the number of arguments does not fit".into());
    }
    if arguments.iter().any(|argument| argument.element != ty.element) || !ty.element.is_real() {
        return Err("takes and gives reals of one precision".into());
    }
    let sizes = arguments[0].shape.sizes();
    let Some(batch) = sizes.len().checked_sub(2) else { return Err("takes matrices".into()) };
    let n = sizes[batch + 1];
    if sizes[batch] != function.rows(n) {
        return Err("takes square matrices, or their factors".into());
    }
    let rows_fit = arguments[1..].iter().all(|right| {
        let other = right.shape.sizes();
        other.len() == sizes.len() && other[..batch] == sizes[..batch] && other[batch] == n
    });
    if !rows_fit {
        return Err("the right-hand sides do not fit".into());
    }
    if ty.shape == result(function, arguments) { Ok(()) } else { Err("the result's type does not follow".into()) }
}

/// A function's name in printed IR.
pub fn name(function: LinearAlgebra) -> String {
    match function {
        LinearAlgebra::Cholesky => "cholesky".into(),
        LinearAlgebra::TriangularSolve { upper, transposed } => {
            let triangle = if upper { "upper" } else { "lower" };
            format!("solve_triangular({triangle}{})", if transposed { ", transposed" } else { "" })
        }
        LinearAlgebra::Solve => "solve".into(),
        LinearAlgebra::Determinant => "determinant".into(),
        LinearAlgebra::Cofactors => "cofactors".into(),
        LinearAlgebra::LogAbsDeterminant => "log_abs_determinant".into(),
        LinearAlgebra::DeterminantSign => "determinant_sign".into(),
        LinearAlgebra::SymmetricEigen => "symmetric_eigen".into(),
        LinearAlgebra::Factors => "factors".into(),
        LinearAlgebra::FactoredSolve { transposed } => {
            format!("solve_by_factors{}", if transposed { "(transposed)" } else { "" })
        }
        LinearAlgebra::FactoredLogAbsDeterminant => "log_abs_determinant_by_factors".into(),
    }
}
