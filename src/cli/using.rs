//! What `ndc predict` and `ndc eval` share: which trained model is used, and how.

use super::Settings;
use super::compiling::Compiling;
use super::set::Set;
use crate::check::Options;
use crate::overrides::Override;
use crate::session::compiler::Compiler;
use crate::trained::{Model, Question, Which};
use clap::Args;
use std::path::Path;

/// Which trained model is used, and how.
#[derive(Args)]
pub(super) struct Using {
    #[command(flatten)]
    pub(super) which: Which,
    #[command(flatten)]
    pub(super) set: Set,
    #[command(flatten)]
    compiling: Compiling,
    /// Simplify further, with results that round differently and hold where everything is finite
    #[arg(long)]
    fast_math: bool,
    #[command(flatten)]
    pub(super) settings: Settings,
}

impl Using {
    fn options(&self) -> Options {
        Options { fast_math: self.fast_math, ..self.settings.options() }
    }

    /// The program of a file, with what is kept beside its parameters.
    pub(super) fn open(&self, file: &Path, question: Question<'_>, overrides: &[Override]) -> Model {
        Model::open(&self.which, file, question, (overrides, self.options()))
    }

    /// A compiler for the programs of a model.
    pub(super) fn compiler(&self, model: &Model) -> Compiler {
        self.compiling.compiler(&model.checked, model.fingerprint(), self.options())
    }
}
