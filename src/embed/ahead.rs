//! Functions as graphs, for code that another process runs: what they hold becomes part of them.

use super::builder::Wanted;
use super::compiled::{Prepared, prepared};
use super::derive::word;
use super::program::lock;
use super::question::Role;
use super::tensors::table_of;
use super::{Error, FunctionBuilder, Program};
use crate::diagnostics::catalog::embedding as errors;
use crate::driver::{Checked, on_large_stack};
use crate::ir::Graph;
use crate::ir::rewrite::Rewriter;
use crate::source::SourceMap;
use std::path::PathBuf;

/// A function on what calls bring, with no parameters.
pub(crate) struct Ahead {
    /// Its name.
    pub name: String,
    /// What is computed of it: `value`, `gradient`, in order.
    pub wanted: Vec<&'static str>,
    /// The function.
    pub graph: Graph,
    /// The texts that its places are in.
    pub sources: SourceMap,
}

impl FunctionBuilder<'_> {
    /// What was asked for, as a graph.
    pub(crate) fn ahead(self) -> Result<Ahead, Error> {
        let mut question = self.question;
        if question.wanted.is_empty() {
            question.wanted.push(Wanted::Value);
        }
        let Prepared { asked, graph, roles } = prepared(self.program, &question)?;
        let mut closed = graph.successor();
        let mut rewriter = Rewriter::new(&graph);
        let nodes = graph.input_nodes();
        for place in asked.order.iter().copied().chain(roles.len()..nodes.len()) {
            let input = &graph.inputs()[place];
            let value = match roles.get(place) {
                Some(Role::Held) => self.held.get(&input.name).map(table_of),
                Some(Role::Parameter | Role::Known) => asked.values[place].clone(),
                Some(Role::Called) | None => None,
            };
            let node = match value {
                Some(table) if table.ty != input.ty => {
                    let found = format!("{} is held", super::signature::type_text(&table.ty));
                    let expected = super::signature::type_text(&input.ty);
                    return Err(Error::bare(errors::wrong_value(&input.name, &expected, &found, &asked.name)));
                }
                Some(table) => closed.constant_table(table),
                None => closed.input(input.name.clone(), input.ty.clone()),
            };
            rewriter.set(nodes[place], node);
        }
        on_large_stack(|| {
            rewriter.copy_all(&mut closed, &graph.output_nodes());
            rewriter.copy_outputs(&mut closed);
        });
        let wanted = question.wanted.iter().map(|wanted| word(*wanted)).collect();
        Ok(Ahead { name: asked.name, wanted, graph: closed, sources: asked.sources })
    }
}

impl Program {
    /// The file as it was checked.
    pub(crate) fn checked(&self) -> &Checked {
        &self.source.checked
    }

    /// Its name in messages.
    pub(crate) fn name(&self) -> &str {
        &self.source.name
    }

    /// The files that were read for it: programs and data.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let texts = self.source.checked.sources.iter().filter_map(|(_, text)| text.path.clone());
        texts.chain(lock(&self.source.loader).paths()).collect()
    }
}
