//! How a program is read.

use super::Error;
use super::program::Program;
use crate::check;
use crate::diagnostics::catalog::embedding as errors;
use crate::ir::ElementType;
use crate::overrides;
use std::path::Path;

/// The precision of reals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Precision {
    /// 32 bits.
    F32,
    /// 64 bits.
    F64,
}

/// How a program is read. What is not said here is as the file says, or as `ndc run` has it.
///
/// ```
/// let program = ndc::Options::new().precision(ndc::Precision::F32).set("scale", 3).parse("half.nd", "const scale = 2\nfn f(x) = scale * x")?;
/// let f = program.function("f").compile()?;
/// assert_eq!(f.signature().to_string(), "f(x: f32) -> (value: f32)");
/// let mut y = 0.0f32;
/// f.call_into(&mut f.workspace(), &[&0.5f32], &mut [&mut y])?;
/// assert_eq!(y, 1.5);
/// # Ok::<(), ndc::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Options {
    precision: Option<Precision>,
    seed: u64,
    fast_math: bool,
    loop_memory: Option<usize>,
    values: Vec<(String, String)>,
}

impl Options {
    /// Nothing said.
    pub fn new() -> Self {
        Options::default()
    }

    /// The precision of reals, over what the file says.
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = Some(precision);
        self
    }

    /// The seed of initial values, and of orders of examples that state none; 0 without it.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Whether simplifications that round differently are allowed (`--fast-math`).
    #[must_use]
    pub fn fast_math(mut self, allowed: bool) -> Self {
        self.fast_math = allowed;
        self
    }

    /// The bytes that the states of one loop, stored for its derivative, may take.
    #[must_use]
    pub fn loop_memory(mut self, bytes: usize) -> Self {
        self.loop_memory = Some(bytes);
        self
    }

    /// Another value for a constant or a setting of the file (`--set`): `lr`, `train.epochs`, `train.optimizer.lr`. The
    /// value is written as an expression of nd.
    #[must_use]
    pub fn set(mut self, name: &str, value: impl ToString) -> Self {
        self.values.push((name.to_string(), value.to_string()));
        self
    }

    /// The program in a file.
    ///
    /// # Errors
    /// What is wrong with the file, what it imports, or its data.
    pub fn open(&self, path: impl AsRef<Path>) -> Result<Program, Error> {
        let path = path.as_ref();
        Program::read(path, self)
    }

    /// The program in a text, which messages call by `name`. Relative paths in it start from the working directory.
    ///
    /// # Errors
    /// What is wrong with the text, what it imports, or its data.
    pub fn parse(&self, name: &str, text: impl Into<String>) -> Result<Program, Error> {
        Program::of_text(name, None, text.into(), self)
    }

    pub(super) fn checked(&self) -> check::Options {
        check::Options {
            precision: self.precision.map(|precision| match precision {
                Precision::F32 => ElementType::F32,
                Precision::F64 => ElementType::F64,
            }),
            seed: self.seed,
            structure_finder: None,
            loop_memory: self.loop_memory,
            fast_math: self.fast_math,
            find_learning_rate: false,
        }
    }

    pub(super) fn overrides(&self) -> Result<Vec<overrides::Override>, Error> {
        let parse = |(name, value): &(String, String)| {
            overrides::parse(&format!("{name}={value}"))
                .map_err(|sentence| Error::bare(errors::wrong_option(&sentence)))
        };
        self.values.iter().map(parse).collect()
    }
}

/// Sets how many threads work on one large tensor, in the whole process, from now on; 1 for the calling thread alone. Results
/// do not depend on it.
pub fn set_threads(count: usize) {
    crate::runtime::threads::set_count(count);
}
