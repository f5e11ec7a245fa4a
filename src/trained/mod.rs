//! What a trained model says of other examples than those it was trained on, for `ndc predict` and `ndc eval`: which block it
//! is, where its parameters are, what is kept beside them ([`Model`]), its predictions ([`predictions`]) and its loss and
//! metrics ([`evaluated`]).

mod evaluation;
mod known_files;
mod model;
mod prediction;
mod whereabouts;

pub use evaluation::{Evaluated, evaluated};
pub use model::{Model, Question};
pub use prediction::predictions;

use crate::check::program::{Action, Program, Saved, Train};
use crate::checkpoint::{BEST, LAST};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::trained as errors;
use crate::lower::Source;
use crate::session::{Loaded, Session, Silent};
use crate::source::Span;
use clap::Args;
use std::path::{Path, PathBuf};

/// Which trained model is used.
#[derive(Args, Clone)]
pub struct Which {
    /// The `train` block, by its name, where the file has several
    #[arg(long, value_name = "NAME")]
    pub train: Option<String>,
    /// The file with the parameters, as `save` writes it; without it, the file that the program itself names
    #[arg(long, value_name = "FILE", conflicts_with = "checkpoint")]
    params: Option<PathBuf>,
    /// A folder of checkpoints, of which the best or else the last one counts; or one checkpoint
    #[arg(long, value_name = "DIR")]
    checkpoint: Option<PathBuf>,
}

impl Which {
    /// The place of the block among the actions, with the block.
    fn block<'p>(&self, program: &'p Program) -> Result<(usize, &'p Train), Box<Diagnostic>> {
        let blocks: Vec<(usize, &Train)> = trains(program).collect();
        let names = || blocks.iter().filter_map(|(_, train)| train.name.as_deref()).collect::<Vec<_>>();
        match (&self.train, &blocks[..]) {
            (_, []) => Err(Box::new(errors::no_block(None, &[]))),
            (None, [block]) => Ok(*block),
            (None, _) => Err(Box::new(errors::several_blocks(blocks.len(), &names()))),
            (Some(name), _) => {
                let named = blocks.iter().find(|(_, train)| train.name.as_deref() == Some(name));
                named.copied().ok_or_else(|| Box::new(errors::no_block(Some(name), &names())))
            }
        }
    }

    /// Brings a session to where the block has been trained: the values of the file above it, then the parameters that
    /// a graph reads, from a file. Values that were kept with the parameters are not computed again.
    ///
    /// # Errors
    /// When nothing says where parameters are, or they are those of another model.
    fn restore(
        &self,
        session: &mut Session<'_>,
        block: usize,
        sources: &[Source],
        (model, program_file): (&Model, &Path),
    ) -> Result<(), Box<Diagnostic>> {
        let program = session.program;
        let wanted: Vec<_> = sources
            .iter()
            .filter_map(|source| match source {
                Source::Param(id) => Some(*id),
                _ => None,
            })
            .collect();
        let stored = model.stored.as_ref().map(|stored| &stored.loaded);
        let known = |session: &mut Session<'_>| match stored {
            Some(loaded) => session.take_lets(&loaded.tensors, sources),
            None => sources.iter().filter(|source| matches!(source, Source::Global(..))).copied().collect(),
        };
        if !known(session).is_empty() {
            for action in program.actions[..block].iter().filter(|action| matches!(action, Action::Let { .. })) {
                session.action(action, &mut Silent)?;
            }
            known(session);
        }
        if wanted.is_empty() {
            return Ok(());
        }
        if let Some(loaded) = stored {
            return session.load_params(loaded, &wanted);
        }
        let (path, place) = self.file(program, block)?;
        let is_own = self.params.is_none() && self.checkpoint.is_none();
        let loaded = Loaded::read(&path, place).map_err(|error| match is_own && !path.exists() {
            true => {
                Box::new(errors::not_trained(&path.display().to_string(), &program_file.display().to_string(), place))
            }
            false => error,
        })?;
        session.load_params(&loaded, &wanted)
    }

    /// The file with the parameters, and where the program names it.
    fn file(&self, program: &Program, block: usize) -> Result<(PathBuf, Option<Span>), Box<Diagnostic>> {
        if let Some(params) = &self.params {
            return Ok((params.clone(), None));
        }
        if let Some(checkpoint) = &self.checkpoint {
            return Ok((in_folder(checkpoint), None));
        }
        let (above, below) = program.actions.split_at(block);
        let saved = |action: &Action| match action {
            Action::Save(save) if save.values.as_ref().is_none_or(|values| values.iter().any(Saved::holds_params)) => {
                Some((save.path.clone(), Some(save.span)))
            }
            _ => None,
        };
        let loaded = |action: &Action| match action {
            Action::Load(load) => Some((load.path.clone(), Some(load.span))),
            _ => None,
        };
        let kept = match &program.actions[block] {
            Action::Train(train) => train.checkpoint.as_ref().map(|kept| (in_folder(&kept.folder), Some(kept.span))),
            _ => None,
        };
        let found = below.iter().find_map(saved).or(kept);
        let found = found.or_else(|| below.iter().chain(above.iter().rev()).find_map(loaded));
        found.ok_or_else(|| Box::new(errors::no_parameters(block_span(program, block))))
    }
}

fn trains(program: &Program) -> impl Iterator<Item = (usize, &Train)> {
    program.actions.iter().enumerate().filter_map(|(place, action)| match action {
        Action::Train(train) => Some((place, &**train)),
        _ => None,
    })
}

fn block_span(program: &Program, block: usize) -> Span {
    trains(program).find(|(place, _)| *place == block).map_or(Span::default(), |(_, train)| train.span)
}

/// Of a folder the best checkpoint, or else the last.
fn in_folder(path: &Path) -> PathBuf {
    let inside = [BEST, LAST].map(|name| path.join(name));
    match path.is_dir() {
        true => inside.iter().find(|file| file.is_file()).unwrap_or(&inside[1]).clone(),
        false => path.to_path_buf(),
    }
}
