//! Metrics, validation, early stopping and learning rates of `train`: E0632 to E0639.

use crate::diagnostics::{Diagnostic, nearest};
use crate::source::Span;

/// E0632: a measure of something that it does not measure.
pub fn metric_argument(name: &str, rule: &str, found: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0632", format!("`{name}` {rule}, but this is {found}"), span)
        .saying(format!("this is {found}"))
        .help("give the prediction for one example and its truth: `metric accuracy = accuracy(net(x), label)`")
}

/// E0633: a validation set with other columns than the training set.
pub fn other_columns(name: &str, problem: &str, span: Span, column: Span) -> Diagnostic {
    Diagnostic::error("E0633", format!("`{name}` cannot be validated on: it {problem}"), span)
        .saying("validated on here")
        .label(column, "the column that training reads")
        .help("give both data sets the same columns, or take a part of the data: `validate = 0.2`")
}

/// E0634: something is watched that the block does not compute.
pub fn unknown_monitor(name: &str, span: Span, known: &[&str]) -> Diagnostic {
    let error =
        Diagnostic::error("E0634", format!("there is no metric `{name}` to watch"), span).saying("not a metric");
    match nearest(name, known.iter().copied()) {
        Some(near) => error.fix(format!("did you mean `{near}`?"), span, near),
        None => error.help(format!("known are {}", known.join(", "))),
    }
}

/// E0635: the loss of a validation set that is not there.
pub fn no_validation(span: Span) -> Diagnostic {
    Diagnostic::error("E0635", "there is no validation loss without a validation set", span)
        .saying("the validation loss")
        .help("add `validate = test_set`, or `validate = 0.2`")
}

/// E0636: it is not known which values of a watched metric are better.
pub fn mode_unknown(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0636", format!("it is not known whether more or less of `{name}` is better"), span)
        .saying("this early stopping")
        .help("say it: `mode = max` or `mode = min`")
}

/// E0637: a learning rate for an update rule that has none.
pub fn no_learning_rate(rule: &str, span: Span) -> Diagnostic {
    Diagnostic::error("E0637", format!("the update rule `{rule}` has no learning rate to find"), span)
        .saying("trained by this rule")
        .help(match rule {
            "lbfgs" => "its line search finds the length of each step by itself",
            _ => "a rule has one if it takes an argument `lr`, as `sgd` and `adam` do",
        })
}

/// E0645: a learning rate for a training that the file does not have.
pub fn no_training_to_try(name: Option<&str>, known: &[&str]) -> Diagnostic {
    let Some(name) = name.filter(|_| !known.is_empty()) else {
        return Diagnostic::without_place("E0645", "this file has no `train`, so there is no learning rate to find")
            .help("name a file that trains a model");
    };
    let error = Diagnostic::without_place("E0645", format!("this file has no `train {name}`"));
    match nearest(name, known.iter().copied()) {
        Some(near) => error.help(format!("did you mean `--lr-find={near}`?")),
        None => error.help(format!("its blocks are {}", known.join(", "))),
    }
}
