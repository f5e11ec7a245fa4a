//! Values of the command line in place of constants and settings that a file states: `--set lr=0.01`,
//! `--set train.epochs=5`.
//!
//! A value is an expression of nd in a text of its own, written as the file would have it, so that what is wrong with it gets
//! the ordinary messages. The tree of the file is changed before anything looks at it.

use crate::diagnostics::catalog::overrides as errors;
use crate::diagnostics::{Diagnostic, nearest};
use crate::source::{SourceId, SourceMap, Span};
use crate::syntax;
use crate::syntax::ast::{Action, ActionKind, Argument, Expr, ExprKind, File, Item, ItemKind, Setting};

/// The name of the texts that hold values.
const TITLE: &str = "--set";

/// `name=value` of the command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Override {
    /// A constant, or a block and its setting: `lr`, `train.epochs`, `train.optimizer.lr`.
    pub name: String,
    /// An expression of nd.
    pub value: String,
}

/// `name=value` as it stands on the command line.
///
/// # Errors
/// A sentence that says what is expected.
pub fn parse(text: &str) -> Result<Override, String> {
    let parted = text.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
    let is_word = |word: &str| !word.is_empty() && word.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    match parted {
        Some((name, value)) if name.split('.').all(is_word) && !value.is_empty() && !value.starts_with('=') => {
            Ok(Override { name: name.to_string(), value: value.to_string() })
        }
        _ => Err(format!("expected a name with a value, such as `lr=0.01` or `train.epochs=5`, not `{text}`")),
    }
}

/// Puts values in the places of those that a file states, one after another; what is wrong with them is returned.
pub fn apply(file: &mut File, overrides: &[Override], sources: &mut SourceMap) -> Vec<Diagnostic> {
    let apply_one = |each: &Override| match each.name.split('.').collect::<Vec<_>>()[..] {
        [name] => constant(file, name, &each.value, sources),
        [block, setting] => self::setting(file, (block, setting), each, sources),
        [block, setting, argument] => self::argument(file, (block, setting, argument), each, sources),
        _ => Err(vec![unknown(file, each, sources)]),
    };
    overrides.iter().map(apply_one).filter_map(Result::err).flatten().collect()
}

type Outcome = Result<(), Vec<Diagnostic>>;

fn constant(file: &mut File, name: &str, value: &str, sources: &mut SourceMap) -> Outcome {
    let stated = file.items.iter_mut().find_map(|item| match &mut item.kind {
        ItemKind::Const { name: each, value } if each.text == name => Some(value),
        _ => None,
    });
    let Some(stated) = stated else {
        let wanted = Override { name: name.to_string(), value: value.to_string() };
        return Err(vec![unknown(file, &wanted, sources)]);
    };
    match written(["const ", name, " = "], value, "", sources)? {
        (ItemKind::Const { value, .. }, _) => *stated = value,
        (_, place) => return Err(vec![errors::not_one_value(place)]),
    }
    Ok(())
}

fn setting(file: &mut File, (block, name): (&str, &str), wanted: &Override, sources: &mut SourceMap) -> Outcome {
    let place = action(file, block, wanted, sources)?;
    let setting = one_setting(["train { ", name, " = "], &wanted.value, " }", sources)?;
    let ItemKind::Action(action) = &mut file.items[place].kind else { return Ok(()) };
    match stated(action, name) {
        Some(stated) => *stated = setting,
        None => action.settings.push(setting),
    }
    Ok(())
}

/// `train.optimizer.lr=0.01`: an argument of a setting that is a call.
fn argument(
    file: &mut File,
    (block, name, argument): (&str, &str, &str),
    wanted: &Override,
    sources: &mut SourceMap,
) -> Outcome {
    let place = action(file, block, wanted, sources)?;
    let is_here = |setting: &&Setting| setting.name.text == name && !setting.metric;
    let ItemKind::Action(action) = &file.items[place].kind else { return Ok(()) };
    let callee = action.settings.iter().find(is_here).and_then(|setting| match &*setting.value.kind {
        ExprKind::Call { callee, .. } => Some(sources.text(callee.span).to_string()),
        _ => None,
    });
    let Some(callee) = callee else { return Err(vec![unknown(file, wanted, sources)]) };
    let before = format!("{name} = {callee}({argument} = ");
    let setting = one_setting(["train { ", &before, ""], &wanted.value, ") }", sources)?;
    let span = setting.value.span;
    let ExprKind::Call { arguments, .. } = *setting.value.kind else {
        return Err(vec![errors::not_one_value(span)]);
    };
    let [value] = <[Argument; 1]>::try_from(arguments).map_err(|_| vec![errors::not_one_value(span)])?;
    let ItemKind::Action(action) = &mut file.items[place].kind else { return Ok(()) };
    if let Some(Setting { value: Expr { kind, .. }, .. }) = stated(action, name)
        && let ExprKind::Call { arguments, .. } = &mut **kind
    {
        let is_same = |each: &&mut Argument| each.name.as_ref().is_some_and(|name| name.text == argument);
        match arguments.iter_mut().find(is_same) {
            Some(stated) => *stated = value,
            None => arguments.push(value),
        }
    }
    Ok(())
}

fn stated<'f>(action: &'f mut Action, name: &str) -> Option<&'f mut Setting> {
    action.settings.iter_mut().find(|setting| setting.name.text == name && !setting.metric)
}

/// A value as the file would have it, with the place of the value.
fn written(
    before: [&str; 3],
    value: &str,
    after: &str,
    sources: &mut SourceMap,
) -> Result<(ItemKind, Span), Vec<Diagnostic>> {
    let before = before.concat();
    let text = format!("{before}{value}{after}");
    let place = |id: SourceId| Span::new(id, before.len(), before.len() + value.len());
    let id = sources.add(TITLE, None, text.clone());
    let (file, found) = syntax::parse(id, &text);
    if found.iter().any(Diagnostic::is_error) {
        return Err(found);
    }
    match <[Item; 1]>::try_from(file.items) {
        Ok([item]) if file.comments.is_empty() => Ok((item.kind, place(id))),
        _ => Err(vec![errors::not_one_value(place(id))]),
    }
}

fn one_setting(
    before: [&str; 3],
    value: &str,
    after: &str,
    sources: &mut SourceMap,
) -> Result<Setting, Vec<Diagnostic>> {
    let (kind, place) = written(before, value, after, sources)?;
    let settings = match kind {
        ItemKind::Action(action) => action.settings,
        _ => Vec::new(),
    };
    match <[Setting; 1]>::try_from(settings) {
        Ok([setting]) => Ok(setting),
        Err(_) => Err(vec![errors::not_one_value(place)]),
    }
}

/// The training blocks of a file by the places of their items.
fn actions(file: &File) -> impl Iterator<Item = (usize, &Action)> {
    file.items.iter().enumerate().filter_map(|(place, item)| match &item.kind {
        ItemKind::Action(action) if action.kind == ActionKind::Train => Some((place, action)),
        _ => None,
    })
}

fn name_of(action: &Action) -> Option<&str> {
    action.name.as_ref().map(|name| name.text.as_str())
}

/// The place of a block: by its name, or as `train`, the only one or the only one without a name.
fn action(file: &File, block: &str, wanted: &Override, sources: &mut SourceMap) -> Result<usize, Vec<Diagnostic>> {
    if let Some((place, _)) = actions(file).find(|(_, action)| name_of(action) == Some(block)) {
        return Ok(place);
    }
    let all: Vec<(usize, &Action)> = actions(file).collect();
    let nameless: Vec<&(usize, &Action)> = all.iter().filter(|(_, action)| action.name.is_none()).collect();
    match (block, &all[..], &nameless[..]) {
        ("train", [(place, _)], _) | ("train", _, [(place, _)]) => Ok(*place),
        ("train", [], _) => Err(vec![unknown(file, wanted, sources)]),
        ("train", _, _) => {
            let names: Vec<&str> = all.iter().filter_map(|(_, action)| name_of(action)).collect();
            let span = shown(wanted, sources);
            let rest = wanted.name.strip_prefix(block).unwrap_or_default();
            Err(vec![errors::which_block(all.len(), rest, &names, span)])
        }
        _ => Err(vec![unknown(file, wanted, sources)]),
    }
}

/// The name in a text that shows it.
fn shown(wanted: &Override, sources: &mut SourceMap) -> Span {
    let id = sources.add(TITLE, None, format!("{}={}", wanted.name, wanted.value));
    Span::new(id, 0, wanted.name.len())
}

/// The message about a name that stands for nothing in the file.
fn unknown(file: &File, wanted: &Override, sources: &mut SourceMap) -> Diagnostic {
    let mut known: Vec<String> = Vec::new();
    for item in &file.items {
        if let ItemKind::Const { name, .. } = &item.kind {
            known.push(name.text.clone());
        }
    }
    let is_single = actions(file).count() == 1;
    for (_, action) in actions(file) {
        let block = if is_single { "train" } else { name_of(action).unwrap_or("train") };
        let settings = action.settings.iter().filter(|setting| !setting.metric);
        known.extend(settings.map(|setting| format!("{block}.{}", setting.name.text)));
    }
    let name = wanted.name.as_str();
    let last = name.rsplit('.').next().unwrap_or(name);
    let same = known.iter().find(|each| each.rsplit('.').next() == Some(last)).map(String::as_str);
    let near = nearest(name, known.iter().map(String::as_str)).or(same);
    errors::unknown(name, near, &known, shown(wanted, sources))
}
