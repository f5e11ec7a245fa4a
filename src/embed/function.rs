//! Compiled functions and their calls.

use super::compiled::{Compiled, Input as Held, Value};
use super::kernel::Kernel;
use super::program::Program;
use super::record::{element_text, tensor_text};
use super::signature::{Port, Signature, described, type_text};
use super::tensors::{bytes_of, table_of, zeros};
use super::{Error, Record, Workspace};
use crate::codegen::{CallFault, Caller, Place, Side};
use crate::diagnostics::catalog::embedding as errors;
use crate::runtime::{AlignedBytes, Input, Output, Tensor};
use crate::session::native;
use std::fmt;
use std::sync::Arc;

/// A compiled function. Clones share code; any number of threads may call at once, each with a [`Workspace`] of its own.
///
/// ```
/// let program = ndc::Program::from_text("fit.nd", "fn loss(x: [n, d], y: [n], w: [d]) = mean((x @ w - y)^2)")?;
/// let loss = program
///     .function("loss")
///     .shape("x", &[4, 2])
///     .with_respect_to(["w"])
///     .value_and_gradient()
///     .compile()?;
/// assert_eq!(
///     loss.signature().to_string(),
///     "loss(x: f64[4, 2], y: f64[4], w: f64[2]) -> (value: f64, gradient.w: f64[2])",
/// );
/// let x = [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [0.0, 0.0]];
/// let y = vec![1.0, 2.0, 3.0, 0.0];
/// let (mut value, mut gradient) = (0.0, [0.0; 2]);
/// let mut workspace = loss.workspace();
/// loss.call_into(&mut workspace, &[&x, &y, &[0.0, 0.0]], &mut [&mut value, &mut gradient])?;
/// assert_eq!((value, gradient), (3.5, [-2.0, -2.5]));
/// # Ok::<(), ndc::Error>(())
/// ```
#[derive(Clone)]
pub struct Function {
    inner: Arc<Inner>,
}

struct Inner {
    caller: Caller,
    signature: Signature,
    compiled: Arc<Compiled>,
    /// The inputs that `hold` gave a value.
    given: Vec<usize>,
}

impl Function {
    /// Code with the parameters of a program and other given values.
    pub(super) fn new(compiled: Arc<Compiled>, program: &Program, given: &Record) -> Result<Self, Error> {
        let mut held = Vec::new();
        for (place, input) in compiled.inputs.iter().enumerate() {
            let value = match &input.value {
                _ if compiled.called.contains(&place) => continue,
                Value::Open => None,
                Value::Parameter => Some(Arc::new(bytes_of(&table_of(&program.parameter(input.port.name())?)))),
                Value::Known(bytes) => Some(bytes.clone()),
            };
            // Given values come below; until then zeros stand for them.
            held.push((place, value.unwrap_or_else(|| Arc::new(AlignedBytes::zeroed(input.port.ty().bytes())))));
        }
        let called = compiled.called.clone();
        let function = Function::bound(compiled, called, held, Vec::new())?;
        given.iter().try_fold(function, |function, (name, tensor)| function.hold(name, tensor.clone()))
    }

    fn bound(
        compiled: Arc<Compiled>,
        called: Vec<usize>,
        held: Vec<(usize, Arc<AlignedBytes>)>,
        given: Vec<usize>,
    ) -> Result<Self, Error> {
        let port = |place: &usize| compiled.inputs[*place].port.clone();
        let signature = Signature {
            name: compiled.name.clone(),
            inputs: called.iter().map(port).collect(),
            outputs: compiled.outputs.clone(),
            held: held.iter().map(|(place, _)| port(place)).collect(),
        };
        let caller = Caller::new(compiled.executable.clone(), &called, held);
        let caller = caller.map_err(|fault| Error::bare(*native::internal(fault)))?;
        Ok(Function { inner: Arc::new(Inner { caller, signature, compiled, given }) })
    }

    /// What it takes and gives.
    pub fn signature(&self) -> &Signature {
        &self.inner.signature
    }

    /// Memory for the calls of one thread.
    pub fn workspace(&self) -> Workspace {
        self.inner.caller.space()
    }

    /// Calls the function: arguments and places for results, in the order of the signature. Allocates nothing.
    ///
    /// Numbers, slices, vectors and arrays need as many elements as the signature says, row by row; arrays of arrays and tensors
    /// its very shape. A slice is passed as `&slice`, a part of one as `&&x[1..4]`, a place for results as `&mut &mut x[1..4]`. When
    /// the call fails, what results hold is not defined.
    ///
    /// # Errors
    /// When an argument or result does not fit the signature, or the computation fails: an index outside, an overflow of integers.
    #[inline]
    pub fn call_into(
        &self,
        workspace: &mut Workspace,
        inputs: &[&dyn Input],
        outputs: &mut [&mut dyn Output],
    ) -> Result<(), Error> {
        self.inner.caller.call(workspace, inputs, outputs).map_err(|fault| self.error(fault))
    }

    /// Calls the function, and returns the results by their names.
    ///
    /// ```
    /// let program = ndc::Program::from_text("f.nd", "fn f(x, n: int) = (x^n, n + 1)")?;
    /// let results = program.function("f").compile()?.call(&[&3.0, &2i64])?;
    /// assert_eq!(results.number("value.0")?, 9.0);
    /// assert_eq!(results.get("value.1").and_then(|n| n.as_slice::<i64>()), Some(&[3][..]));
    /// # Ok::<(), ndc::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Function::call_into`].
    pub fn call(&self, inputs: &[&dyn Input]) -> Result<Record, Error> {
        let mut results: Vec<Tensor> = self.signature().outputs().iter().map(|port| zeros(port.ty())).collect();
        let mut places: Vec<&mut dyn Output> = results.iter_mut().map(|result| result as &mut dyn Output).collect();
        self.call_into(&mut self.workspace(), inputs, &mut places)?;
        Ok(self.signature().outputs().iter().map(Port::name).zip(results).collect())
    }

    /// Calls the function with arguments by their names, in any order.
    ///
    /// ```
    /// let program = ndc::Program::from_text("f.nd", "fn energy(state: (x: [2], v: [2]), k) = k * sum(state.x^2) + sum(state.v^2)")?;
    /// let energy = program.function("energy").gradient().compile()?;
    /// let state = ndc::Record::new().with("x", vec![1.0, 2.0]).with("v", vec![0.0, 1.0]);
    /// let results = energy.call_record(&ndc::Record::new().with("k", 0.5).with_record("state", state))?;
    /// let gradient = results.record("gradient.state");
    /// assert_eq!(gradient.get("x").map(|x| x.to_f64()), Some(vec![1.0, 2.0]));
    /// # Ok::<(), ndc::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Function::call_into`], and when a name is missing or is none of the signature.
    pub fn call_record(&self, arguments: &Record) -> Result<Record, Error> {
        let ports = self.signature().inputs();
        let text = || self.signature().to_string();
        if let Some(name) = arguments.names().find(|name| ports.iter().all(|port| port.name() != *name)) {
            let known: Vec<&str> = ports.iter().map(Port::name).collect();
            return Err(Error::bare(errors::unknown_name("argument", name, &text(), &known)));
        }
        let mut inputs: Vec<&dyn Input> = Vec::with_capacity(ports.len());
        for port in ports {
            let tensor = arguments.get(port.name());
            inputs.push(tensor.ok_or_else(|| Error::bare(errors::missing_argument(port.name(), &text())))?);
        }
        self.call(&inputs)
    }

    /// The function with an input held at a value: an argument, which calls then do not bring, or another value for what is
    /// held already. The code is shared.
    ///
    /// # Errors
    /// When there is no such input, or it is of another type.
    pub fn hold(&self, name: &str, value: impl Into<Tensor>) -> Result<Function, Error> {
        let Inner { caller, signature, compiled, given } = &*self.inner;
        // Arguments come before parameters of the same name.
        let ports: Vec<&Port> = compiled.inputs.iter().map(|input| &input.port).collect();
        let Some(place) = ports.iter().position(|port| port.name() == name) else {
            let known: Vec<&str> = ports.iter().map(|port| port.name()).collect();
            return Err(Error::bare(errors::unknown_name("input", name, &signature.to_string(), &known)));
        };
        let tensor = value.into();
        let table = table_of(&tensor);
        if table.ty != *ports[place].ty() {
            let (expected, found) = (type_text(ports[place].ty()), format!("{} was given", tensor_text(&tensor)));
            return Err(Error::bare(errors::wrong_value(name, &expected, &found, &signature.to_string())));
        }
        let held = caller.held().iter().filter(|(each, _)| *each != place).cloned();
        let held = held.chain([(place, Arc::new(bytes_of(&table)))]).collect();
        let is_held = |each: &usize| *each == place || caller.held().iter().any(|(held, _)| held == each);
        let called = compiled.called.iter().copied().filter(|each| !is_held(each)).collect();
        let given = given.iter().copied().filter(|each| *each != place).chain([place]).collect();
        Function::bound(compiled.clone(), called, held, given)
    }

    /// The function with the parameters that it holds, and what follows from parameters, as they are in a program now: the one
    /// that it was compiled of, or a clone of that. What `hold` gave stays. The code is shared.
    ///
    /// # Errors
    /// When the program has no such parameters, or a value cannot be computed.
    pub fn with_parameters(&self, program: &Program) -> Result<Function, Error> {
        let Inner { caller, compiled, given, .. } = &*self.inner;
        let known = compiled.known_with(program)?;
        let mut held = caller.held().to_vec();
        for (place, bytes) in held.iter_mut().filter(|(place, _)| !given.contains(place)) {
            let Held { port, value } = &compiled.inputs[*place];
            let table = match (value, &known) {
                (Value::Parameter, _) => Some(table_of(&program.parameter(port.name())?)),
                (Value::Known(_), Some(known)) => known[*place].clone(),
                _ => None,
            };
            let Some(table) = table else { continue };
            if table.ty != *port.ty() {
                let found = format!("{} in this program", type_text(&table.ty));
                return Err(Error::bare(errors::wrong_parameter(port.name(), &type_text(port.ty()), &found)));
            }
            *bytes = Arc::new(bytes_of(&table));
        }
        let is_called = |place: &usize| held.iter().all(|(each, _)| each != place);
        let called = compiled.called.iter().copied().filter(is_called).collect();
        Function::bound(compiled.clone(), called, held, given.clone())
    }

    /// Whether it is the same code as another function, compiled once.
    pub fn shares_code_with(&self, other: &Function) -> bool {
        Arc::ptr_eq(&self.inner.compiled.executable, &other.inner.compiled.executable)
    }

    /// The function on flat slices: see [`Kernel`].
    ///
    /// # Errors
    /// When an argument or result is not of double precision.
    pub fn kernel(&self) -> Result<Kernel, Error> {
        Kernel::new(self.clone())
    }

    pub(super) fn caller(&self) -> &Caller {
        &self.inner.caller
    }

    /// Why a call failed.
    #[cold]
    pub(super) fn error(&self, fault: CallFault) -> Error {
        let Inner { signature, compiled, .. } = &*self.inner;
        let text = signature.to_string();
        let port = |(side, place): Place| match side {
            Side::Input => &signature.inputs[place],
            Side::Output => &signature.outputs[place],
        };
        let wrong = |place: Place, found: String| {
            let port = port(place);
            Error::bare(errors::wrong_value(port.name(), &type_text(port.ty()), &found, &text))
        };
        match fault {
            CallFault::Number(Side::Input, found) => {
                Error::bare(errors::wrong_number("argument", signature.inputs.len(), found, &text))
            }
            CallFault::Number(Side::Output, found) => {
                Error::bare(errors::wrong_number("result", signature.outputs.len(), found, &text))
            }
            CallFault::Element(place, element) => {
                let (port, found) = (port(place), element_text(element));
                Error::bare(errors::wrong_element(port.name(), &type_text(port.ty()), found, &text))
            }
            CallFault::Count(place, count) => wrong(place, format!("{count} elements were given")),
            CallFault::Shape(place, shape) => {
                let element = element_text(port(place).element());
                wrong(place, format!("{} was given", described(element, &shape)))
            }
            CallFault::Scattered(place) => wrong(place, "its elements do not lie row by row in memory".to_string()),
            CallFault::Run(error) => {
                let message = native::error_with(&compiled.divisions, error);
                Error::new(vec![message], &compiled.sources)
            }
        }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.signature())
    }
}
