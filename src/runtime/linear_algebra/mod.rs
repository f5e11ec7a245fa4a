//! Functions of matrices: factorisations, solutions, determinants, eigenvalues.
//!
//! Everything is computed in double precision by plain loops in one order, and rounded once to single precision: the
//! evaluator and native code call the same functions and agree to the bit on every processor. A matrix without a
//! result (not positive definite, singular, an entry that is not finite) gives NaN everywhere in its own result.

mod eigen;
mod factor;
mod kernel;
#[cfg(test)]
mod tests;

pub use kernel::{MatrixDescriptor, kernel_double, kernel_single};

/// A function of square matrices `[n, n]`, and of right-hand sides `[n, k]` where it solves; leading axes are batches.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum LinearAlgebra {
    /// The lower triangular `L`, positive on the diagonal, with `L L' = (A + A') / 2`.
    Cholesky,
    /// `X` with `op(T) X = B`, where `T` is one triangle of the first argument and `op` may transpose it.
    TriangularSolve {
        /// Which triangle is read.
        upper: bool,
        /// Whether it is transposed.
        transposed: bool,
    },
    /// `X` with `A X = B`.
    Solve,
    /// The determinant.
    Determinant,
    /// The derivative of the determinant by each entry: `det(A) A'^-1`, continued to singular matrices.
    Cofactors,
    /// The logarithm of the absolute value of the determinant; `-inf` for singular matrices.
    LogAbsDeterminant,
    /// The sign of the determinant: -1, 0 or 1.
    DeterminantSign,
    /// Of `(A + A') / 2`, `[n + 1, n]`: the eigenvalues ascending, below them the matrix whose columns are unit
    /// eigenvectors. In each the first entry of at least half the greatest magnitude is positive.
    SymmetricEigen,
    /// `[n + 1, n]`: what elimination with row exchanges leaves, the multipliers below the diagonal and the upper factor on
    /// and above it; below them, for each step, the row that was exchanged with it.
    Factors,
    /// `X` with `op(A) X = B`, where the first argument has the factors of `A` and `op` may transpose it.
    FactoredSolve {
        /// Whether `A` is transposed.
        transposed: bool,
    },
    /// The logarithm of the absolute value of the determinant, from the factors.
    FactoredLogAbsDeterminant,
}

impl LinearAlgebra {
    /// Whether there is a right-hand side.
    pub fn solves(self) -> bool {
        use LinearAlgebra::{FactoredSolve, Solve, TriangularSolve};
        matches!(self, Solve | TriangularSolve { .. } | FactoredSolve { .. })
    }

    /// How many rows the first argument has.
    pub fn rows(self, n: usize) -> usize {
        match self {
            LinearAlgebra::FactoredSolve { .. } | LinearAlgebra::FactoredLogAbsDeterminant => n + 1,
            _ => n,
        }
    }

    /// The sizes of the result for a matrix `[n, n]` and a right-hand side `[n, k]`; none for a number.
    pub fn result(self, n: usize, k: usize) -> Option<[usize; 2]> {
        match self {
            LinearAlgebra::Cholesky | LinearAlgebra::Cofactors => Some([n, n]),
            LinearAlgebra::TriangularSolve { .. } | LinearAlgebra::Solve | LinearAlgebra::FactoredSolve { .. } => {
                Some([n, k])
            }
            LinearAlgebra::SymmetricEigen | LinearAlgebra::Factors => Some([n + 1, n]),
            LinearAlgebra::Determinant
            | LinearAlgebra::LogAbsDeterminant
            | LinearAlgebra::DeterminantSign
            | LinearAlgebra::FactoredLogAbsDeterminant => None,
        }
    }

    /// How many numbers the result has.
    pub fn result_count(self, n: usize, k: usize) -> usize {
        self.result(n, k).map_or(1, |[rows, columns]| rows * columns)
    }

    /// How many numbers of working memory one matrix needs.
    pub fn work(self, n: usize) -> usize {
        match self {
            LinearAlgebra::Cofactors => 3 * n,
            LinearAlgebra::SymmetricEigen => n * n,
            _ => 0,
        }
    }

    /// Computes one result from one matrix, which is overwritten, and a right-hand side (empty where there is none).
    /// The memory has the sizes that [`LinearAlgebra::result_count`] and [`LinearAlgebra::work`] say.
    pub fn compute(self, n: usize, matrix: &mut [f64], right: &[f64], result: &mut [f64], work: &mut [f64]) {
        let succeeded = self.attempt(n, matrix, right, result, work);
        if !succeeded {
            result.fill(f64::NAN);
        }
    }

    /// Like [`LinearAlgebra::compute`]; false where there is no result.
    fn attempt(self, n: usize, matrix: &mut [f64], right: &[f64], result: &mut [f64], work: &mut [f64]) -> bool {
        if let LinearAlgebra::TriangularSolve { upper, transposed } = self {
            result.copy_from_slice(right);
            return factor::substitute(matrix, n, factor::Triangle { upper, transposed, unit: false }, result);
        }
        if !matrix.iter().all(|entry| entry.is_finite()) {
            return false;
        }
        match self {
            LinearAlgebra::Cholesky => {
                result.copy_from_slice(matrix);
                symmetrise(result, n);
                factor::cholesky(result, n)
            }
            LinearAlgebra::Solve => {
                result.copy_from_slice(right);
                factor::solve(matrix, n, result)
            }
            LinearAlgebra::Cofactors => {
                factor::cofactors(matrix, n, result, work);
                true
            }
            LinearAlgebra::SymmetricEigen => {
                symmetrise(matrix, n);
                eigen::symmetric(matrix, n, result, work)
            }
            LinearAlgebra::Factors => {
                let (factors, exchanges) = result.split_at_mut(n * n);
                factors.copy_from_slice(matrix);
                factor::eliminate(factors, n, |step, pivot| exchanges[step] = pivot as f64);
                true
            }
            LinearAlgebra::FactoredSolve { transposed } => {
                result.copy_from_slice(right);
                let (factors, exchanges) = matrix.split_at(n * n);
                factor::solve_factored(factors, exchanges, transposed, result)
            }
            LinearAlgebra::FactoredLogAbsDeterminant => {
                result[0] = factor::log_product((0..n).map(|place| matrix[place * n + place]));
                true
            }
            _ => {
                let odd = factor::eliminate(matrix, n, |_, _| {});
                let pivots = (0..n).map(|place| matrix[place * n + place]);
                result[0] = match self {
                    LinearAlgebra::Determinant => factor::product(pivots, odd),
                    LinearAlgebra::LogAbsDeterminant => factor::log_product(pivots),
                    _ => factor::sign(pivots, odd),
                };
                true
            }
        }
    }
}

/// The mean of a matrix and its transpose.
fn symmetrise(matrix: &mut [f64], n: usize) {
    for row in 0..n {
        for column in 0..row {
            let mean = 0.5 * matrix[row * n + column] + 0.5 * matrix[column * n + row];
            matrix[row * n + column] = mean;
            matrix[column * n + row] = mean;
        }
    }
}
