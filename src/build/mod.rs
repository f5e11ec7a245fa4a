//! Functions compiled ahead of time: an object file with a C header, a Rust module and a Python file for it.
//!
//! In a build script, with `nd-lang` among the build dependencies:
//!
//! ```no_run
//! // build.rs
//! ndc::build::compile("model.nd");
//! ```
//!
//! The crate itself needs `nd-lang` with `default-features = false`, which is a small runtime without the compiler, and has the
//! functions in a module:
//!
//! ```ignore
//! mod model {
//!     ndc::include_model!("model");
//! }
//! let value = model::loss(&x, &w)?;
//! ```

mod archive;
mod cargo;
mod export;
mod header;
mod identifiers;
mod python;
mod runtime;
mod rust;

pub use crate::codegen::portable::Processor;
pub use cargo::{compile, compile_with};
pub use runtime::runtime_library;

use crate::codegen::portable::{Unit, object_file};
use crate::diagnostics::catalog::building as errors;
use crate::driver::on_large_stack;
use crate::embed::{Error, FunctionBuilder, Program};
use crate::session::native::internal;
use export::Export;
use identifiers::{Language, identifier};

/// Functions of a program that become one object file.
pub struct Module<'p> {
    program: &'p Program,
    name: String,
    /// What the names of functions begin with in the object file.
    prefix: String,
    processor: Processor,
    exports: Vec<Export>,
}

impl<'p> Module<'p> {
    /// No functions yet. The name is that of the files, and what the names of C functions begin with.
    ///
    /// # Errors
    /// When the name is not one that C, Rust and Python accept.
    pub fn new(name: &str, program: &'p Program) -> Result<Self, Error> {
        if identifier(name, Language::All) != name {
            return Err(Error::bare(errors::not_a_name(name)));
        }
        let (name, prefix) = (name.to_string(), format!("{name}_"));
        Ok(Module { program, name, prefix, processor: Processor::default(), exports: Vec::new() })
    }

    /// What processors the code is for; any that ndc runs on without it.
    pub fn processor(&mut self, processor: Processor) -> &mut Self {
        self.processor = processor;
        self
    }

    /// Adds a function, named after what is asked for: `loss`, `loss_gradient`, `loss_value_and_gradient`.
    ///
    /// # Errors
    /// When there is no such function, its sizes are not known, or its name is taken.
    pub fn function(&mut self, builder: FunctionBuilder<'_>) -> Result<&mut Self, Error> {
        self.add(None, builder)
    }

    /// Adds a function with a name of its own.
    ///
    /// # Errors
    /// As of [`Module::function`].
    pub fn function_as(&mut self, name: &str, builder: FunctionBuilder<'_>) -> Result<&mut Self, Error> {
        if export::function_name(name) != name {
            return Err(Error::bare(errors::not_a_name(name)));
        }
        self.add(Some(name), builder)
    }

    fn add(&mut self, name: Option<&str>, builder: FunctionBuilder<'_>) -> Result<&mut Self, Error> {
        let ahead = builder.ahead()?;
        let export = on_large_stack(|| Export::new(self.program, name, ahead));
        if self.exports.iter().any(|each| each.name == export.name) {
            return Err(Error::bare(errors::name_taken(&export.name)));
        }
        self.exports.push(export);
        Ok(self)
    }

    /// Adds every function of the file whose types are complete with these sizes, with its value, and with its gradient where
    /// that is of one real number. Returns the names of the others.
    ///
    /// # Errors
    /// When a function cannot be compiled for another reason, or there is none.
    pub fn all_functions(&mut self, sizes: &[(String, usize)]) -> Result<Vec<String>, Error> {
        let (mut others, before) = (Vec::new(), self.exports.len());
        for (name, mentioned) in export::functions(self.program, sizes) {
            let asked =
                || mentioned.iter().fold(self.program.function(&*name), |asked, (size, n)| asked.size(size, *n));
            match self.with_usual_results(asked) {
                Err(error) if export::is_incomplete(&error) => others.push(name),
                other => other?,
            }
        }
        match self.exports.len() > before {
            true => Ok(others),
            false => Err(Error::bare(errors::nothing_to_build(&others))),
        }
    }

    /// Adds the value of what is asked for, and value with gradient where that is of one real number.
    ///
    /// # Errors
    /// As of [`Module::function`].
    pub fn with_usual_results<'q>(&mut self, asked: impl Fn() -> FunctionBuilder<'q>) -> Result<(), Error> {
        self.function(asked().value())?;
        if self.exports.last().is_some_and(Export::is_differentiable) {
            match self.function(asked().value_and_gradient()) {
                Err(error) if error.codes() == ["E0922"] => {}
                other => {
                    other?;
                }
            }
        }
        Ok(())
    }

    /// The name of the module.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The functions with what they take and give, as text.
    pub fn signatures(&self) -> impl Iterator<Item = String> {
        self.exports.iter().map(|export| export.signature.clone())
    }

    /// The object file. Its functions return 0, or a number that says what went wrong.
    ///
    /// # Errors
    /// Faults of ndc only.
    pub fn object(&self) -> Result<Vec<u8>, Error> {
        let symbols: Vec<String> = self.exports.iter().map(|export| self.symbol(export)).collect();
        let units = self.exports.iter().zip(&symbols).map(|(export, symbol)| Unit {
            symbol,
            name: &export.name,
            schedule: &export.schedule,
            places: export.places.clone(),
        });
        let units: Vec<Unit> = units.collect();
        let message = format!("{}error_message", self.prefix);
        let made = on_large_stack(|| object_file(&self.name, &units, &message, self.processor));
        made.map_err(|error| Error::bare(*internal(error)))
    }

    /// The symbol of a function in the object file.
    fn symbol(&self, export: &Export) -> String {
        format!("{}{}", self.prefix, export.name)
    }

    /// The C header.
    pub fn header(&self) -> String {
        header::header(self)
    }

    /// The Rust module.
    pub fn rust(&self) -> String {
        rust::module(self)
    }

    /// The Python file, which loads the shared library beside it.
    pub fn python(&self) -> String {
        python::module(self)
    }
}
