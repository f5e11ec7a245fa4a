//! E0814 to E0817: the checkpoints of a training.

use super::tensors::placed;
use crate::diagnostics::Diagnostic;
use crate::source::Span;

/// E0814: a folder that another run writes to.
pub fn folder_in_use(path: &str, process: Option<u32>, span: Option<Span>) -> Diagnostic {
    let process = process.map_or(String::new(), |process| format!(" (process {process})"));
    placed("E0814", format!("another run{process} keeps its checkpoints in `{path}`"), span, "this folder")
        .help("wait for its end, or give this run a folder of its own: `--checkpoint runs/2`")
}

/// E0815: nothing to go on from.
pub fn no_checkpoint(path: &str, problem: &str) -> Diagnostic {
    Diagnostic::without_place("E0815", format!("there is no checkpoint to go on from in `{path}`"))
        .note(problem)
        .help("`--resume` takes the folder that the run was given by `checkpoint` or `--checkpoint`, or one file of it")
}

/// E0816: a checkpoint of something else.
pub fn other_training(path: &str, differences: Vec<String>, span: Span) -> Diagnostic {
    let message = format!("`{path}` is a checkpoint of another training than this one");
    let error = Diagnostic::error("E0816", message, span).saying("this training");
    differences.into_iter().fold(error, Diagnostic::note).help(
        "a resumed run gives what an uninterrupted one would: change nothing of this, or begin anew from its parameters \
         alone with `load`",
    )
}

/// E0817: data that has changed since the checkpoint.
pub fn other_data(path: &str, data: &str, difference: String, span: Span) -> Diagnostic {
    let message = format!("the data set `{data}` is not the one that `{path}` was trained on");
    Diagnostic::error("E0817", message, span)
        .saying("this training")
        .note(difference)
        .help("bring back the data as it was, or begin anew from the checkpoint's parameters alone with `load`")
}
