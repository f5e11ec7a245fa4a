//! Steps of training, one at a time.

use super::program::{Program, Text, run_lets};
use super::tensors::tensor_of;
use super::{Error, Record};
use crate::check::program::{Action, ParamId};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::embedding as errors;
use crate::ir::Table;
use crate::session::native;
use crate::train::Stepper;
use std::sync::Arc;

/// The steps of a `train` block, for a program that runs the loop itself: each goes on from the last, on the next examples in
/// the block's order. Parameters are its own.
///
/// What a block says of epochs (`validate`, `patience`, `schedule = plateau(…)`, `checkpoint`, `epochs`) is heeded by
/// [`Program::train`], which runs the whole block.
///
/// ```
/// let text = "param w = 0\ntrain { loss = (w - 1)^2, optimizer = sgd(lr = 0.25), steps = 1 }";
/// let mut program = ndc::Program::from_text("model.nd", text)?;
/// let mut training = program.training(None)?;
/// assert_eq!(training.step_with_loss()?, 1.0);
/// training.step()?;
/// assert_eq!(training.parameters()?.number("w")?, 0.75);
/// training.store(&mut program)?;
/// assert_eq!(program.parameter("w")?.get(0), Some(0.75));
/// # Ok::<(), ndc::Error>(())
/// ```
pub struct Training {
    source: Arc<Text>,
    action: usize,
    /// The parameters that it began with.
    params: Vec<Table>,
    stepper: Stepper,
}

impl Training {
    pub(super) fn new(source: Arc<Text>, params: Vec<Table>, name: Option<&str>) -> Result<Self, Error> {
        let (action, train) = source.train(name)?;
        let (stepper, _) = source.in_session(Some(params.clone()), |session| {
            run_lets(session, action)?;
            Stepper::new(session, train)
        });
        let stepper = stepper?;
        Ok(Training { source, action, params, stepper })
    }

    /// One step.
    ///
    /// # Errors
    /// When a computation fails. The parameters are then not to be relied on.
    pub fn step(&mut self) -> Result<(), Error> {
        self.advance(false).map(|_| ())
    }

    /// One step, with the loss before it: the mean over the examples of the step.
    ///
    /// # Errors
    /// As [`Training::step`].
    pub fn step_with_loss(&mut self) -> Result<f64, Error> {
        self.advance(true)
    }

    fn advance(&mut self, with_loss: bool) -> Result<f64, Error> {
        let Some(Action::Train(train)) = self.source.checked.program.actions.get(self.action) else {
            return Err(self.source.error(*native::internal("a training that is none")));
        };
        if !self.stepper.is_ready(with_loss) {
            let (action, stepper) = (self.action, &mut self.stepper);
            let (made, _) = self.source.in_session(Some(self.params.clone()), |session| {
                run_lets(session, action)?;
                stepper.compile(session, train, with_loss)
            });
            made?;
        }
        self.stepper.step(with_loss).map_err(|stopped| self.source.error(*stopped))
    }

    /// How many steps were done.
    pub fn steps(&self) -> u64 {
        self.stepper.steps()
    }

    /// The epoch of the last step, from 1.
    pub fn epoch(&self) -> u64 {
        self.stepper.epoch()
    }

    /// Whether the block's `stop` was true after the last step.
    pub fn stopped(&self) -> bool {
        self.stepper.stopped()
    }

    /// The parameters as they are now.
    ///
    /// # Errors
    /// Mistakes of ndc only.
    pub fn parameters(&self) -> Result<Record, Error> {
        let mut params = self.params.clone();
        self.stepper.store(&mut params);
        let (record, _) = self.source.in_session(Some(params), |session| {
            let all = 0..session.program.params.len();
            let named = all.map(|place| {
                let name = session.program.params[place].name.clone();
                Ok((name, tensor_of(&session.param_value(ParamId(place as u32))?)))
            });
            named.collect::<Result<Record, Box<Diagnostic>>>()
        });
        record
    }

    /// Puts the parameters into a program: that which this came from, or a clone of it.
    ///
    /// # Errors
    /// When it is another program.
    pub fn store(&self, program: &mut Program) -> Result<(), Error> {
        if !Arc::ptr_eq(&self.source, &program.source) {
            return Err(Error::bare(errors::other_program(&self.source.name)));
        }
        let mut params = program.params()?;
        self.stepper.store(&mut params);
        program.set_params(params);
        Ok(())
    }
}

impl std::fmt::Debug for Training {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Training of {} after {} steps", self.source.name, self.steps())
    }
}
