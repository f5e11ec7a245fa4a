//! `checkpoint`: where and when the state of training is written.

use crate::check::Checker;
use crate::check::annotations::is_name;
use crate::diagnostics::catalog::{actions, names};
use crate::source::Span;
use crate::syntax::ast::{Argument, Expr, ExprKind, Setting};
use std::path::PathBuf;

const ARGUMENTS: &[&str] = &["epochs", "steps", "seconds", "keep"];
const EXAMPLE: &str = "`checkpoint = \"runs/digits\"`, `checkpoint = folder(\"runs/digits\", epochs = 5, keep = 3)`";

/// What a `train` block says of checkpoints.
#[derive(Clone, PartialEq, Debug)]
pub struct Checkpoint {
    /// The setting.
    pub span: Span,
    /// The folder.
    pub folder: PathBuf,
    /// After how many epochs one gets a file of its own.
    pub epochs: Option<u64>,
    /// After how many steps one gets a file of its own.
    pub steps: Option<u64>,
    /// After how many seconds the newest is written.
    pub seconds: f64,
    /// How many files of their own are kept.
    pub keep: usize,
}

impl Checkpoint {
    /// What holds where nothing is said but a folder.
    pub fn new(folder: PathBuf, span: Span) -> Self {
        Checkpoint { span, folder, epochs: None, steps: None, seconds: 60.0, keep: 5 }
    }
}

impl<'a> Checker<'a, '_> {
    /// `checkpoint = "runs/digits"`, or `checkpoint = folder("runs/digits", epochs = 5, steps = 1000, seconds = 30, keep = 3)`.
    pub(super) fn checkpoint_setting(&mut self, setting: &'a Setting) -> Option<Checkpoint> {
        let arguments: &'a [Argument] = match &*setting.value.kind {
            ExprKind::Call { callee, arguments } if is_name(callee, "folder") => arguments,
            ExprKind::Error => return None,
            _ => return self.run_folder(&setting.value),
        };
        let (first, rest) = match arguments.split_first() {
            Some((first, rest)) if first.name.is_none() => (first, rest),
            _ => {
                self.report(actions::missing_setting("folder", "path", setting.value.span, "folder(\"runs/digits\")"));
                return None;
            }
        };
        let mut checkpoint = self.run_folder(&first.value)?;
        for (place, argument) in rest.iter().enumerate() {
            self.checkpoint_argument(&mut checkpoint, argument, &rest[..place])?;
        }
        Some(checkpoint)
    }

    fn run_folder(&mut self, path: &'a Expr) -> Option<Checkpoint> {
        match &*path.kind {
            ExprKind::Text(text) if !text.trim().is_empty() => {
                let folder = self.sources.get(path.span.source).folder().join(text);
                Some(Checkpoint::new(folder, path.span))
            }
            _ => {
                self.report(actions::bad_setting("checkpoint", "is a folder in quotes", path.span, EXAMPLE));
                None
            }
        }
    }

    fn checkpoint_argument(
        &mut self,
        checkpoint: &mut Checkpoint,
        argument: &'a Argument,
        before: &'a [Argument],
    ) -> Option<()> {
        let given = |argument: &'a Argument| argument.name.as_ref().map(|name| name.text.as_str());
        let name = given(argument);
        let again = name.is_some() && before.iter().any(|earlier| given(earlier) == name);
        match name.filter(|_| !again) {
            Some("epochs") => checkpoint.epochs = Some(self.whole_value("epochs", &argument.value, 1)?),
            Some("steps") => checkpoint.steps = Some(self.whole_value("steps", &argument.value, 1)?),
            Some("keep") => {
                checkpoint.keep = usize::try_from(self.whole_value("keep", &argument.value, 1)?).unwrap_or(usize::MAX);
            }
            Some("seconds") => {
                let value = self.value(&argument.value, None);
                let seconds = self.constant_number(value)?;
                if !(0.0..1e9).contains(&seconds) {
                    let help = "after how many seconds the newest is written: `seconds = 60`";
                    self.report(actions::bad_setting("seconds", "is a number of 0 or more", argument.value.span, help));
                    return None;
                }
                checkpoint.seconds = seconds;
            }
            _ => {
                let problem = if again { "is given twice the argument" } else { "takes no argument called" };
                let (name, span) = match &argument.name {
                    Some(name) => (name.text.clone(), name.span),
                    None => (self.text(argument.value.span), argument.value.span),
                };
                self.report(names::bad_named_argument("folder", &name, span, problem, ARGUMENTS));
                return None;
            }
        }
        Some(())
    }
}
