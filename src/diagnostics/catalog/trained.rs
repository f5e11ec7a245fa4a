//! E0645 to E0648: using a trained model.

use crate::diagnostics::{Diagnostic, nearest};
use crate::source::Span;

/// E0645: a training block that the file does not have.
pub fn no_block(name: Option<&str>, known: &[&str]) -> Diagnostic {
    let Some(name) = name else {
        return Diagnostic::without_place("E0645", "this file has no `train`, so there is no trained model")
            .help("name a file that trains a model");
    };
    let error = Diagnostic::without_place("E0645", format!("this file has no `train {name}`"));
    match (nearest(name, known.iter().copied()), known) {
        (Some(near), _) => error.help(format!("did you mean `{near}`?")),
        (None, []) => error.help("leave out `--train`: its blocks have no names"),
        (None, known) => error.help(format!("its blocks are {}", known.join(", "))),
    }
}

/// E0645: one of several training blocks.
pub fn several_blocks(count: usize, known: &[&str]) -> Diagnostic {
    let error = Diagnostic::without_place("E0645", format!("this file has {count} `train` blocks"));
    match known {
        [] => error.help("give them names in the file, `train first { … }`, and say which one: `--train first`"),
        known => error.help(format!("say which one: `--train {}`", known.join("`, `--train "))),
    }
}

/// E0646: a block that says nothing of an example.
pub fn no_prediction(loss: Span) -> Diagnostic {
    Diagnostic::error("E0646", "it is not known what this model predicts", loss)
        .saying("this loss calls not exactly one model on columns of the data")
        .help("say it in the block, `predict = net(x)`, or on the command line, `--of \"net(x)\"`")
}

/// E0646: a block without examples.
pub fn no_data(span: Span) -> Diagnostic {
    Diagnostic::error("E0646", "this training has no data, so there are no examples to say something of", span)
        .saying("no `data` here")
        .help("`print` values in the file")
}

/// E0647: parameters that are nowhere.
pub fn no_parameters(span: Span) -> Diagnostic {
    Diagnostic::error("E0647", "nothing says where the trained parameters are", span)
        .saying("what this block trains is gone after the run")
        .help("add `save \"model.safetensors\"` at the end of the file and run it; or name a file: `--params model.safetensors`")
}

/// E0647: parameters that were not written yet.
pub fn not_trained(path: &str, program: &str, span: Option<Span>) -> Diagnostic {
    let message = format!("there is no `{path}` yet");
    let error = match span {
        Some(span) => Diagnostic::error("E0647", message, span).saying("the parameters are written here"),
        None => Diagnostic::without_place("E0647", message),
    };
    error.help(format!("train the model first: ndc run {program}"))
}

/// E0648: examples that are neither a data set nor a file.
pub fn no_examples(name: &str, sets: &[&str]) -> Diagnostic {
    let error = Diagnostic::without_place("E0648", format!("`{name}` is no data set of this file, and no file"));
    match (nearest(name, sets.iter().copied()), sets) {
        (Some(near), _) => error.help(format!("did you mean `{near}`?")),
        (None, []) => error.help("check the path"),
        (None, sets) => error.help(format!("its data sets are {}; or check the path", sets.join(", "))),
    }
}

/// E0648: a data set without a column that the block reads.
pub fn other_columns(set: &str, column: &str, ty: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0648", format!("`{set}` has no column `{column}` of {ty}, which the `train` block reads"), span)
        .saying("the column of the data that it trains on")
        .help("evaluate on a set with the same columns")
}
