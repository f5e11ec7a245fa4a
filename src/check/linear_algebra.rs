//! The built-in functions of matrices: what each takes and gives.

use super::Checker;
use super::calls::BuiltinCall;
use super::program::{Kind, Typed};
use super::size::Size;
use super::types::{Element, Type};
use crate::diagnostics::catalog::{names, shapes};
use crate::source::Span;

/// A function of a square matrix, and of a right-hand side where it solves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MatrixFunction {
    /// The lower factor of a positive definite matrix.
    Cholesky,
    /// The solution of linear equations.
    Solve,
    /// The same with one triangle of a matrix.
    SolveTriangular {
        /// Which triangle, the lower or the upper.
        lower: bool,
        /// Whether the transposed matrix is meant.
        transposed: bool,
    },
    /// The determinant.
    Determinant,
    /// The logarithm of its absolute value.
    LogDeterminant,
    /// The inverse.
    Inverse,
    /// The sum of the diagonal.
    Trace,
    /// Eigenvalues and eigenvectors of a symmetric matrix, as a pair.
    SymmetricEigen,
}

impl<'a> Checker<'a, '_> {
    /// A function of one matrix alone.
    pub(super) fn matrix_call(&mut self, call: BuiltinCall<'a>, function: MatrixFunction) -> Typed {
        let (span, name) = (call.span, call.name);
        let Some([matrix]) = self.values(call) else { return Typed::error(span) };
        let Some((matrix, n)) = self.square(name, matrix) else { return Typed::error(span) };
        let square = Type::Tensor(Element::Real, vec![n.clone(), n.clone()]);
        let ty = match function {
            MatrixFunction::Determinant | MatrixFunction::LogDeterminant | MatrixFunction::Trace => Type::real(),
            MatrixFunction::SymmetricEigen => Type::Tuple(vec![Type::Tensor(Element::Real, vec![n]), square]),
            _ => square,
        };
        Typed::new(Kind::Matrix(function, vec![matrix]), ty, span)
    }

    /// `eigvalsh(A)`: the first part of `eigh(A)`.
    pub(super) fn eigenvalues(&mut self, call: BuiltinCall<'a>) -> Typed {
        let both = self.matrix_call(call, MatrixFunction::SymmetricEigen);
        let Type::Tuple(parts) = &both.ty else { return both };
        let (ty, span) = (parts[0].clone(), both.span);
        Typed::new(Kind::Part(both, 0), ty, span)
    }

    /// `solve(A, b)`
    pub(super) fn solve_call(&mut self, call: BuiltinCall<'a>) -> Typed {
        self.solution(call, MatrixFunction::Solve)
    }

    /// `solve_triangular(L, b, lower = true, transposed = false)`
    pub(super) fn solve_triangular_call(&mut self, mut call: BuiltinCall<'a>) -> Typed {
        let (mut lower, mut transposed) = (true, false);
        for (name, value) in std::mem::take(&mut call.named) {
            let option = match name.text.as_str() {
                "lower" => &mut lower,
                "transposed" => &mut transposed,
                _ => return self.bad_option(&call, &name.text, name.span, "takes no argument called"),
            };
            match *self.expression(value, None).kind {
                Kind::Bool(truth) => *option = truth,
                Kind::Error => return Typed::error(call.span),
                _ => return self.bad_option(&call, &name.text, name.span, "needs `true` or `false`, written out, as"),
            }
        }
        self.solution(call, MatrixFunction::SolveTriangular { lower, transposed })
    }

    fn bad_option(&mut self, call: &BuiltinCall<'a>, name: &str, place: Span, problem: &str) -> Typed {
        self.fail(names::bad_named_argument(call.name, name, place, problem, &["lower", "transposed"]), call.span)
    }

    fn solution(&mut self, call: BuiltinCall<'a>, function: MatrixFunction) -> Typed {
        let (span, name) = (call.span, call.name);
        let Some([matrix, right]) = self.values(call) else { return Typed::error(span) };
        let Some((matrix, n)) = self.square(name, matrix) else { return Typed::error(span) };
        let right = self.as_reals(right);
        let (is_real, sizes) = (right.ty.element() == Some(Element::Real), right.ty.sizes());
        if !is_real || !matches!(sizes.len(), 1 | 2) || sizes[0] != n {
            let needs = format!("a vector of {n} numbers, or a matrix of {n} rows, as its second argument");
            let (found, help) = (right.ty.to_string(), format!("`{name}(A, b)` finds `x` with `A @ x == b`"));
            return self.fail(shapes::wrong_rank(&format!("`{name}`"), &needs, &found, right.span, &help), span);
        }
        let ty = right.ty.clone();
        Typed::new(Kind::Matrix(function, vec![matrix, right]), ty, span)
    }

    /// Numbers as reals; truth values stay what they are, and are refused.
    fn as_reals(&mut self, value: Typed) -> Typed {
        if value.ty.element() == Some(Element::Bool) { value } else { self.convert_element(value, Element::Real) }
    }

    /// A square matrix of reals and its size, or a message.
    fn square(&mut self, name: &str, value: Typed) -> Option<(Typed, Size)> {
        let value = self.as_reals(value);
        match (value.ty.element(), value.ty.sizes()) {
            (Some(Element::Real), [rows, columns]) if rows == columns => {
                let n = rows.clone();
                Some((value, n))
            }
            _ => {
                let found = value.ty.to_string();
                let help = format!("`{name}` takes a matrix of numbers with as many rows as columns, `[n, n]`");
                self.report(shapes::wrong_rank(&format!("`{name}`"), "a square matrix", &found, value.span, &help));
                None
            }
        }
    }
}
