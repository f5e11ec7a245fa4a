//! Where a file says that its trained parameters are, as far as its tree tells.
//!
//! What is kept with the parameters is needed to check the program, so they are looked for before. The checked program
//! decides in the end ([`super::Which::file`]).

use super::in_folder;
use crate::syntax::ast::{Action, ActionKind, Expr, ExprKind, File, Item, ItemKind};
use std::path::{Path, PathBuf};

/// The files that may hold the parameters of a block, the likeliest first.
pub(super) fn candidates(file: &File, folder: &Path, train: Option<&str>) -> Vec<PathBuf> {
    let block = file.items.iter().position(|item| is_block(item, train)).unwrap_or(0);
    let (above, below) = file.items.split_at(block);
    let kept = below.first().and_then(|item| match &item.kind {
        ItemKind::Action(action) => checkpoint(action),
        _ => None,
    });
    let saved = below.iter().filter_map(|item| saved(item, file)).map(|path| folder.join(path));
    let kept = kept.into_iter().map(|path| in_folder(&folder.join(path)));
    let loaded = below.iter().chain(above.iter().rev()).filter_map(loaded).map(|path| folder.join(path));
    saved.chain(kept).chain(loaded).collect()
}

fn saved<'f>(item: &'f Item, file: &File) -> Option<&'f str> {
    match &item.kind {
        ItemKind::Save { path, values } if values.is_empty() || !values.iter().all(|each| is_let(each, file)) => {
            text(path)
        }
        _ => None,
    }
}

fn loaded(item: &Item) -> Option<&str> {
    match &item.kind {
        ItemKind::Load { path, .. } => text(path),
        _ => None,
    }
}

fn is_block(item: &Item, name: Option<&str>) -> bool {
    match &item.kind {
        ItemKind::Action(Action { kind: ActionKind::Train, name: own, .. }) => {
            name.is_none() || own.as_ref().map(|own| own.text.as_str()) == name
        }
        _ => false,
    }
}

fn checkpoint(action: &Action) -> Option<&str> {
    let setting = action.settings.iter().find(|setting| setting.name.text == "checkpoint")?;
    match &*setting.value.kind {
        ExprKind::Call { arguments, .. } => text(&arguments.first()?.value),
        _ => text(&setting.value),
    }
}

fn text(path: &Expr) -> Option<&str> {
    match &*path.kind {
        ExprKind::Text(text) => Some(text),
        _ => None,
    }
}

/// Whether a saved value is one of a `let`.
fn is_let(value: &Expr, file: &File) -> bool {
    match &*value.kind {
        ExprKind::Field { base, .. } | ExprKind::Part { base, .. } => is_let(base, file),
        ExprKind::Name(name) => file.items.iter().any(|item| match &item.kind {
            ItemKind::Let(binding) => binding.pattern.names().iter().any(|each| each.text == *name),
            _ => false,
        }),
        _ => false,
    }
}
