//! Parameters as they are read, where they are stored otherwise.

use super::{Session, native};
use crate::check::domain::Domain;
use crate::check::program::ParamId;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::models;
use crate::ir::Table;
use crate::lower::domain::{lower_read, lower_store};

impl Session<'_> {
    /// The value of a parameter, as a program reads it.
    ///
    /// # Errors
    /// Our own faults only.
    pub fn param_value(&self, id: ParamId) -> Result<Table, Box<Diagnostic>> {
        let stored = &self.params[id.0 as usize];
        match self.program.params[id.0 as usize].domain {
            Domain::Reals => Ok(stored.clone()),
            _ => {
                let lowered = lower_read(self.program, id);
                Ok(native::run(&lowered.graph, std::slice::from_ref(stored))?.remove(0))
            }
        }
    }

    /// What is stored for a value of a parameter.
    ///
    /// # Errors
    /// A value outside the parameter's domain.
    pub fn stored_value(&self, id: ParamId, value: Table) -> Result<Table, Box<Diagnostic>> {
        let param = &self.program.params[id.0 as usize];
        if param.domain == Domain::Reals {
            return Ok(value);
        }
        if let Some(problem) = param.domain.outside(&param.shape, &native::to_reals(&value)) {
            let domain = param.domain.to_string();
            return Err(Box::new(models::initial_outside(&param.name, &domain, &problem, param.span)));
        }
        let lowered = lower_store(self.program, id);
        Ok(native::run(&lowered.graph, &[value])?.remove(0))
    }
}
