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
    pub fn param_value(&mut self, id: ParamId) -> Result<Table, Box<Diagnostic>> {
        let stored = self.params[id.0 as usize].clone();
        let param = &self.program.params[id.0 as usize];
        match param.domain {
            Domain::Reals => Ok(stored),
            _ => {
                let program = self.program;
                let outer = self.compiler.enter(format!("read {}", id.0), "value of a parameter", Some(param.span));
                let native = self.compiler.program("", "value of a parameter", || lower_read(program, id));
                self.compiler.leave(outer);
                Ok(native?.call(&[stored])?.remove(0))
            }
        }
    }

    /// What is stored for a value of a parameter.
    ///
    /// # Errors
    /// A value outside the parameter's domain.
    pub fn stored_value(&mut self, id: ParamId, value: Table) -> Result<Table, Box<Diagnostic>> {
        let param = &self.program.params[id.0 as usize];
        if param.domain == Domain::Reals {
            return Ok(value);
        }
        if let Some(problem) = param.domain.outside(&param.shape, &native::to_reals(&value)) {
            let domain = param.domain.to_string();
            return Err(Box::new(models::initial_outside(&param.name, &domain, &problem, param.span)));
        }
        let program = self.program;
        let outer = self.compiler.enter(format!("stored {}", id.0), "stored value", Some(param.span));
        let native = self.compiler.program("", "stored value", || lower_store(program, id));
        self.compiler.leave(outer);
        Ok(native?.call(&[value])?.remove(0))
    }
}
