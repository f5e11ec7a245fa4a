//! E0840 to E0844: what a file of parameters says of the data that they were trained on, and files that are not to be lost.

use super::tensors::placed;
use crate::diagnostics::Diagnostic;
use crate::source::Span;

/// E0840: data that were prepared in another way than the program does.
pub fn prepared_otherwise(path: &str, set: &str, difference: &str, at: Option<Span>) -> Diagnostic {
    let message = format!("`{path}` was trained on data that were prepared otherwise than `{set}` is here");
    placed("E0840", message, at, "the data of this program")
        .note(difference)
        .help("use the program that the parameters were trained with, or train again: ndc run")
}

/// E0840: a program that does not fit the data that a file was trained on.
pub fn does_not_fit(path: &str, problem: &str) -> Diagnostic {
    Diagnostic::without_place("E0840", format!("this program does not fit the data that `{path}` was trained on"))
        .note(problem)
        .help("use the program that the parameters were trained with, or train again: ndc run")
}

/// E0841: rows of a data set where the model is used without them.
pub fn rows_needed(set: &str, at: Span) -> Diagnostic {
    Diagnostic::error("E0841", format!("this needs the rows of `{set}`, and a stored model is used without them"), at)
        .saying("a column of the data that were trained on")
        .note("a `let` is kept with the parameters if the loss, a metric or `predict` of the block reads it")
        .help("let the block read the value, by `predict` or a metric, and train again")
}

/// E0842: parameters without the preparation of their data.
pub fn preparation_unknown(path: &str, set: &str, at: Span) -> Diagnostic {
    let message = format!("`{path}` does not say how the data were prepared that it was trained on");
    Diagnostic::warning("E0842", message, at)
        .saying(format!("statistics and labels are taken from `{set}` as it is now"))
        .note("if its rows have changed since the training, results are wrong")
        .help("train again: `save` and checkpoints of this version keep it with the parameters")
}

/// E0843: a file to be written that is read.
pub fn overwrites(path: &str, what: &str, at: Option<Span>) -> Diagnostic {
    placed("E0843", format!("`{path}` has {what}, and would be lost"), at, "written here")
        .note("nothing was written")
        .help("choose another name")
}

/// E0844: data of a run that are prepared otherwise than those that its loaded parameters were trained on.
pub fn loaded_otherwise(path: &str, set: &str, difference: &str, at: Span) -> Diagnostic {
    let message = format!("`{path}` was trained on data that were prepared otherwise than `{set}` is here");
    Diagnostic::warning("E0844", message, at)
        .saying("these parameters")
        .note(difference)
        .help("`ndc predict` and `ndc eval` prepare new data as those of the training were")
}
