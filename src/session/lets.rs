//! Values of `let` that a trained model reads: they are kept with its parameters, since data may go into them.

use super::Session;
use crate::check::program::{DataId, Program, Train};
use crate::checkpoint::Tensors;
use crate::ir::{Table, TensorType};
use crate::lower::prediction::lower_prediction;
use crate::lower::training::lower_evaluation;
use crate::lower::{Source, leaf_types};

/// Before the names of values of `let` in a file of parameters.
const LET: &str = "/let/";

impl Session<'_> {
    /// The values of `let` that losses, metrics and predictions of blocks read, with their names in a file.
    pub fn lets_of(&self, blocks: &[&Train]) -> Vec<(String, Table)> {
        let mut entries: Vec<(String, Table)> = Vec::new();
        if self.globals.is_empty() {
            return entries;
        }
        for source in blocks.iter().flat_map(|train| values_read(self.program, train)) {
            let named = name(self.program, source).zip(self.globals.get(&source));
            if let Some((name, table)) = named
                && !entries.iter().any(|(known, _)| *known == name)
            {
                entries.push((name, table.clone()));
            }
        }
        entries
    }

    /// Sets the values of `let` among inputs of a program from a file; those that are not there are returned.
    pub fn take_lets(&mut self, tensors: &Tensors, inputs: &[Source]) -> Vec<Source> {
        let mut others = Vec::new();
        for source in inputs.iter().filter(|source| matches!(source, Source::Global(..))) {
            let stored = name(self.program, *source).and_then(|name| tensors.get(&name));
            match (stored, leaf_type(self.program, *source)) {
                (Some(table), Some(ty)) if table.ty.shape == ty.shape => {
                    match super::native::in_precision(table, ty.element) {
                        Some(table) => drop(self.globals.insert(*source, table)),
                        None => others.push(*source),
                    }
                }
                _ => others.push(*source),
            }
        }
        others
    }
}

/// What the loss, the metrics and the prediction of a block read of the values of `let`.
fn values_read(program: &Program, train: &Train) -> Vec<Source> {
    let mut sources = lower_evaluation(program, train, 1, false, false).sources;
    if let Some((prediction, data)) = train.prediction.as_ref().zip(train.data) {
        sources.extend(lower_prediction(program, prediction, data, 1).sources);
    }
    sources.retain(|source| matches!(source, Source::Global(..)));
    sources
}

/// The data sets of which inputs of a program read whole columns.
pub fn sets_read(sources: &[Source]) -> Vec<DataId> {
    let mut sets: Vec<DataId> = Vec::new();
    for source in sources {
        if let Source::Column(data, _) = source
            && !sets.contains(data)
        {
            sets.push(*data);
        }
    }
    sets
}

fn name(program: &Program, source: Source) -> Option<String> {
    let Source::Global(id, leaf) = source else { return None };
    let (name, _) = program.globals.get(id.0 as usize)?;
    Some(format!("{LET}{name}/{leaf}"))
}

fn leaf_type(program: &Program, source: Source) -> Option<TensorType> {
    let Source::Global(id, leaf) = source else { return None };
    let mut types = Vec::new();
    leaf_types(program, &program.globals.get(id.0 as usize)?.1, &mut types);
    types.into_iter().nth(leaf as usize)
}
