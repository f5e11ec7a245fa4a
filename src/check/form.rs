//! Derivatives of functions in a checked program: which, of what, by what.

use super::program::{InstanceId, ParamId, Typed};
use crate::ir;

/// A derivative of a function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// `grad`
    Gradient,
    /// `value_and_grad`
    ValueAndGradient,
    /// `jvp`: the Jacobian times a tangent.
    Jvp,
    /// `vjp`: a cotangent times the Jacobian.
    Vjp,
    /// `jacobian`
    Jacobian { sparse: bool },
    /// `hessian`
    Hessian { sparse: bool },
    /// `hvp`: the Hessian times a tangent.
    Hvp,
}

impl Form {
    /// The form of a built-in function that makes derivatives.
    pub fn named(name: &str) -> Option<Form> {
        Some(match name {
            "grad" => Form::Gradient,
            "value_and_grad" => Form::ValueAndGradient,
            "jvp" => Form::Jvp,
            "vjp" => Form::Vjp,
            "jacobian" => Form::Jacobian { sparse: false },
            "hessian" => Form::Hessian { sparse: false },
            "hvp" => Form::Hvp,
            _ => return None,
        })
    }

    /// Its name in nd.
    pub fn name(self) -> &'static str {
        match self {
            Form::Gradient => "grad",
            Form::ValueAndGradient => "value_and_grad",
            Form::Jvp => "jvp",
            Form::Vjp => "vjp",
            Form::Jacobian { .. } => "jacobian",
            Form::Hessian { .. } => "hessian",
            Form::Hvp => "hvp",
        }
    }

    /// How many derivatives it takes.
    pub fn order(self) -> u32 {
        if matches!(self, Form::Hessian { .. } | Form::Hvp) { 2 } else { 1 }
    }

    /// Whether only functions with one real result have it.
    pub fn needs_real_result(self) -> bool {
        !matches!(self, Form::Jvp | Form::Vjp | Form::Jacobian { .. })
    }

    /// Whether it is a product, and takes a tangent or a cotangent after the arguments.
    pub fn is_product(self) -> bool {
        matches!(self, Form::Jvp | Form::Vjp | Form::Hvp)
    }

    /// Whether it is a matrix of partial derivatives.
    pub fn is_matrix(self) -> bool {
        matches!(self, Form::Jacobian { .. } | Form::Hessian { .. })
    }

    /// Whether matrices come as their entries that may differ from zero.
    pub fn is_sparse(self) -> bool {
        matches!(self, Form::Jacobian { sparse: true } | Form::Hessian { sparse: true })
    }
}

/// A derivative of a function at some arguments: `grad(f)(…)` and the like.
#[derive(Clone, Debug)]
pub struct DerivativeCall {
    /// Which derivative.
    pub form: Form,
    /// The differentiated function value.
    pub callee: Typed,
    /// The function at these argument types.
    pub instance: InstanceId,
    /// The arguments.
    pub arguments: Vec<Typed>,
    /// With respect to what, in the order of the result.
    pub wrt: Vec<Wrt>,
    /// The tangent, a tuple where there are several in `wrt`; or the cotangent of the result.
    pub direction: Option<Typed>,
    /// Of sparse matrices: for each real leaf of what is differentiated, for each real leaf of `wrt`, the entries that
    /// may differ from zero. The leaf is a row for each element, flattened.
    pub patterns: Vec<Vec<ir::Pattern>>,
}

/// What a gradient is taken with respect to.
#[derive(Clone, Debug)]
pub enum Wrt {
    /// The argument at this place.
    Argument(u32),
    /// A trainable value.
    Param(ParamId),
    /// A model: the record of its parameters, which are the tuple's `Kind::Param`s.
    Model(Typed),
    /// The real tensors that the function value captured, all of them.
    Captured,
}
