//! Functions on flat slices of numbers, as optimisers, samplers and solvers call them.

use super::function::Function;
use super::signature::{Signature, type_text};
use super::{Error, Workspace};
use crate::codegen::{CallFault, Side};
use crate::diagnostics::catalog::embedding as errors;
use crate::runtime::Element;
use std::sync::{Mutex, TryLockError};

/// A function on flat slices: its arguments one after another in the order of the signature, its results likewise. A first result
/// `value` that is one number is returned; the others are written. So a value with its gradient is
/// `fn(&[f64], &mut [f64]) -> f64`, and so are the product of a Hessian with a direction (point and direction go in), the
/// right-hand side of a differential equation (nothing is returned but 0) and its Jacobian products.
///
/// What a client does not vary is held: [`FunctionBuilder::hold`](super::FunctionBuilder::hold). Slices are used where they
/// lie; nothing is copied. A kernel may be called from several threads; a clone for each keeps them out of each other's way.
///
/// ```
/// let text = "fn rosenbrock(x: [2], a) = (a - x[0])^2 + 100 * (x[1] - x[0]^2)^2";
/// let program = ndc::Program::from_text("rosenbrock.nd", text)?;
/// let kernel = program.function("rosenbrock").hold("a", 1.0).value_and_gradient().compile()?.kernel()?;
/// let mut gradient = [0.0; 2];
/// assert_eq!(kernel.evaluate(&[-1.0, 1.0], &mut gradient)?, 4.0);
/// assert_eq!(gradient, [-4.0, 0.0]);
/// # Ok::<(), ndc::Error>(())
/// ```
pub struct Kernel {
    function: Function,
    /// Whether the first result is returned.
    returns: bool,
    inputs: usize,
    outputs: usize,
    workspace: Mutex<Workspace>,
}

impl Clone for Kernel {
    fn clone(&self) -> Self {
        let workspace = Mutex::new(self.function.workspace());
        Kernel { function: self.function.clone(), workspace, ..*self }
    }
}

impl Kernel {
    pub(super) fn new(function: Function) -> Result<Self, Error> {
        let signature = function.signature();
        let Some((inputs, results)) = function.caller().doubles() else {
            let mut ports = signature.inputs().iter().chain(signature.outputs());
            let other = ports.find(|port| port.element() != Element::F64);
            let (name, found) = other.map(|port| (port.name(), type_text(port.ty()))).unwrap_or_default();
            return Err(Error::bare(errors::not_flat(name, &found, &signature.to_string())));
        };
        let first = signature.outputs().first();
        let returns = first.is_some_and(|port| port.name() == "value" && port.shape().is_empty());
        let outputs = results - usize::from(returns);
        let workspace = Mutex::new(function.workspace());
        Ok(Kernel { returns, inputs, outputs, workspace, function })
    }

    /// What the function takes and gives.
    pub fn signature(&self) -> &Signature {
        self.function.signature()
    }

    /// The number of numbers that go in.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// The number of numbers that are written.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Calls the function. Returns its first result, if that is `value` and one number, else 0.
    ///
    /// # Errors
    /// When a slice has another length, or the computation fails.
    #[inline]
    pub fn evaluate(&self, inputs: &[f64], outputs: &mut [f64]) -> Result<f64, Error> {
        self.evaluate_parts(&[inputs], outputs)
    }

    /// Like [`Kernel::evaluate`], on numbers in several pieces, each of which has whole arguments: a point and a direction,
    /// say.
    ///
    /// # Errors
    /// When the pieces or the results have another length, or the computation fails.
    #[inline]
    pub fn evaluate_parts(&self, inputs: &[&[f64]], outputs: &mut [f64]) -> Result<f64, Error> {
        match self.workspace.try_lock() {
            Ok(mut workspace) => self.evaluate_in(&mut workspace, inputs, outputs),
            Err(TryLockError::Poisoned(held)) => self.evaluate_in(&mut held.into_inner(), inputs, outputs),
            Err(TryLockError::WouldBlock) => self.evaluate_in(&mut self.function.workspace(), inputs, outputs),
        }
    }

    #[inline]
    fn evaluate_in(&self, workspace: &mut Workspace, inputs: &[&[f64]], outputs: &mut [f64]) -> Result<f64, Error> {
        let mut value = 0.0;
        let first = self.returns.then_some(&mut value);
        let given = outputs.len();
        let result = self.function.caller().call_doubles(workspace, inputs, first, outputs);
        result.map_err(|fault| self.error(fault, inputs, given))?;
        Ok(value)
    }

    #[cold]
    fn error(&self, fault: CallFault, inputs: &[&[f64]], outputs: usize) -> Error {
        let text = self.signature().to_string();
        let given = inputs.iter().map(|piece| piece.len()).sum();
        match fault {
            CallFault::Run(_) => self.function.error(fault),
            CallFault::Number(Side::Output, _) | CallFault::Count((Side::Output, _), _) => {
                Error::bare(errors::wrong_length("results", self.outputs, outputs, &text))
            }
            _ => Error::bare(errors::wrong_length("arguments", self.inputs, given, &text)),
        }
    }

    /// The kernel as a closure. Where a computation fails, it returns NaN and writes NaN.
    ///
    /// # Panics
    /// The closure panics when a slice has another length than [`Kernel::inputs`] and [`Kernel::outputs`] say.
    pub fn into_fn(self) -> impl Fn(&[f64], &mut [f64]) -> f64 + Send + Sync + Clone + 'static {
        move |inputs, outputs| {
            assert_eq!((inputs.len(), outputs.len()), (self.inputs, self.outputs), "lengths of {}", self.signature());
            self.evaluate(inputs, outputs).unwrap_or_else(|_| {
                outputs.fill(f64::NAN);
                f64::NAN
            })
        }
    }
}

impl std::fmt::Debug for Kernel {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:?}", self.function)
    }
}
